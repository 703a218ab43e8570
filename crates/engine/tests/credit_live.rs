//! The limit is live on both databases (C1, C2, C6, C7, C8, C9, C10, C11, C12, C23, C24, C25): whoever reads it where a date has come that the daily job has
//! not looked at reads what a command would decide by; nothing is written for that, and any instant of the day can be
//! replayed as it was answered.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod shops;
mod support;

use purser_domain::{
    credit::{Component, Dsr, Emergency, MonthFacts, Promotion, Rule, decode},
    ids::PartyId,
    ledger::{AccountKind, AccountRef, Step},
    money::{Currency, Rate},
    time::{DAY, Month, Timestamp, Zone},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    credit::{
        self, AsOf, Cause, ChangeFilter, ChangeShop, Effect, EvaluateDueShops, EvaluationRow, LimitChange,
        OrderEvent, ShopChange, ShopReport, credit_report,
    },
    jobs::{self, ArmSchedules, Registry},
    parties::{ChangeParty, PartyChange},
};
use purser_storage::Statement;
use shops::{
    activate, credit_of, day, decide, entry, go_to, known_shop, limit, messages, papers, proven, raise,
    report, step, tell,
};
use support::{Books, at, clearing, post, run};

/// A temporary limit of 500.00 that ends on 5 March, after two people.
fn temporary(writer: &mut Writer, party: PartyId) {
    let limit = Emergency { from: day("2026-03-01"), until: day("2026-03-05"), amount_minor: 50_000 };
    let change = ShopChange::Emergency(limit, papers(writer, party));
    let (action, subject) = (change.approval().unwrap().to_owned(), party.to_string());
    let action = Action::Other { action, subject, facts: change.approved_facts("as agreed") };
    let id = run(writer, Propose { action, by: "staff:li".to_owned() }).unwrap();
    run(writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
    run(writer, ChangeShop { party, change, reason: "as agreed".to_owned() }).unwrap();
}

fn log(books: &Books, party: PartyId) -> Vec<LimitChange> {
    let rules = books.rules();
    let as_of = AsOf { rules: &rules, now: books.clock.business() };
    let filter = ChangeFilter::default();
    credit::limit_log(books.reader().as_mut(), party, as_of, &filter, None, 100).unwrap().rows
}

/// Cause and limit of the evaluation in force at an instant.
fn replayed(books: &Books, party: PartyId, at: Timestamp) -> (String, i64) {
    let rules = books.rules();
    let as_of = AsOf { rules: &rules, now: books.clock.business() };
    let row = credit::evaluation_at(books.reader().as_mut(), party, as_of, at).unwrap().unwrap();
    (row.cause, row.total)
}

#[test]
fn a_reader_sees_the_limit_of_today_before_the_job_comes_c1_c9_c10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let ends = known_shop(&mut writer, "ends");
        temporary(&mut writer, ends);
        let begins = known_shop(&mut writer, "begins");
        let sale = Promotion { from: day("2026-03-05"), until: day("2026-03-09"), rate: Rate::ppm(300_000) };
        let sale = ChangeShop { party: begins, change: ShopChange::Promote(sale), reason: "sale".to_owned() };
        run(&mut writer, sale).unwrap();
        go_to(books, "2026-03-04T23:59:59+08:00");
        assert_eq!((limit(books, ends).shop.total, limit(books, begins).shop.total), (150_000, 100_000));
        let before = [ends, begins].map(|party| log(books, party).len());

        go_to(books, "2026-03-05T00:00:00+08:00");
        let expected = [(ends, 150_000, 100_000), (begins, 100_000, 130_000)];
        for (n, (party, was, is)) in expected.into_iter().enumerate() {
            let view = limit(books, party);
            assert_eq!((view.shop.total, view.available_minor()), (is, is));
            let evaluation = view.evaluation.clone().unwrap();
            assert_eq!(
                (evaluation.before, evaluation.total, evaluation.cause.as_str()),
                (was, is, Cause::DATE)
            );
            assert_eq!(evaluation.seq, 0, "it was only looked at");
            let temporary =
                decode(&evaluation.steps).unwrap().iter().any(|step| step.rule == Rule::Emergency);
            assert!(!temporary);
            assert_eq!(view.shop.next_on.as_deref(), Some(if n == 0 { "2026-04-01" } else { "2026-03-09" }));
            let changes = log(books, party);
            assert_eq!((changes.len(), changes[0].row.seq, changes[0].row.total), (before[n] + 1, 0, is));
            assert!(changes[1].row.seq > 0 && !changes[0].reason_en.is_empty());
            // Looking at it has written nothing.
            let rows = credit::evaluations(books.reader().as_mut(), party, None, 200).unwrap();
            assert_eq!(rows[0].total, was);
        }
        // Who was boosted, and by what, is of today too.
        let rules = books.rules();
        let as_of = AsOf { rules: &rules, now: books.clock.business() };
        let shops = credit_report(books.reader().as_mut(), as_of).unwrap().shops;
        let summary = |party| shops.iter().find(|shop| shop.party == party).unwrap();
        assert_eq!((summary(ends).total_minor, summary(begins).total_minor), (100_000, 130_000));
        assert_eq!(summary(begins).because(Effect::Boosted).next().unwrap().rule, Rule::Promotion);

        // The job says the same, and the hour before it came is replayed as it was answered.
        go_to(books, "2026-03-05T00:05:00+08:00");
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        for (n, (party, was, is)) in expected.into_iter().enumerate() {
            let view = limit(books, party);
            assert!(view.evaluation.as_ref().unwrap().seq > 0);
            assert_eq!(log(books, party).len(), before[n] + 1);
            assert_eq!(replayed(books, party, at("2026-03-04T23:59:59.999999+08:00")).1, was);
            assert_eq!(replayed(books, party, at("2026-03-05T00:00:00+08:00")), (Cause::DATE.to_owned(), is));
        }
        proven(books);
    });
}

#[test]
fn a_report_that_comes_before_the_job_leaves_the_day_whole_c7_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        temporary(&mut writer, party);
        go_to(books, "2026-03-05T00:02:00+08:00");
        let lower = Component { since: day("2026-03-05"), ..credit_of(80_000) };
        let item = ShopReport { components: vec![lower], ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, item), 80_000);
        // From midnight on it was 1,000.00, and 800.00 since the report.
        let kept = |text: &str| replayed(books, party, at(text));
        assert_eq!(kept("2026-03-05T00:00:00+08:00"), (Cause::DATE.to_owned(), 100_000));
        assert_eq!(kept("2026-03-05T00:02:00+08:00"), (Cause::REPORT.to_owned(), 80_000));
        // The day's highest limit is of this day: the 1,500.00 ended with the one before.
        assert_eq!(
            (limit(books, party).shop.high_on.as_str(), limit(books, party).shop.high_total),
            ("2026-03-05", 100_000)
        );
        let told = messages(books, party, "credit.limit_changed");
        let before: Vec<Option<i64>> =
            told.iter().take(2).map(|row| row.facts.get_int("before_minor")).collect();
        assert_eq!(before, [Some(100_000), Some(150_000)], "each change is told");
        proven(books);
    });
}

/// C9, C10: any instant of weeks in which nobody looked, and their log, are answered before the job has come as after it:
/// also on days between two dates, and where the rules became others meanwhile.
#[test]
fn what_nobody_has_looked_at_is_answered_as_it_will_be_written_down_c8_c9_c10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        temporary(&mut writer, party);
        let rated = MonthFacts {
            orders: 9,
            turnover_minor: 100_000_000,
            return_rate: Rate::ZERO,
            dsr: Some(Dsr { description: 490, service: 490, logistics: 490 }),
        };
        let months = vec![(Month { year: 2026, month: 2 }, rated)];
        assert_eq!(report(&mut writer, party, ShopReport { months, ..ShopReport::default() }), 170_000);
        let sale = Promotion { from: day("2026-03-10"), until: day("2026-03-20"), rate: Rate::ppm(300_000) };
        let sale = ChangeShop { party, change: ShopChange::Promote(sale), reason: "sale".to_owned() };
        run(&mut writer, sale).unwrap();
        // From the 15th on a good month gives 30 %; no shop is looked at for it, as the server is off.
        let boost = entry("credit.dsr.boost", "C4", "2026-03-15", 300_000);
        activate(&mut writer, 1, &[boost]);
        go_to(books, "2026-04-15T12:00:00+08:00");
        let start = at("2026-03-03T12:00:00+08:00");
        let instants: Vec<Timestamp> =
            (0..44).flat_map(|n| [start.plus(n * DAY), start.plus(n * DAY + DAY / 2)]).collect();
        let answers = || -> Vec<EvaluationRow> {
            let rules = books.rules();
            let as_of = AsOf { rules: &rules, now: books.clock.business() };
            let mut reads = books.reader();
            let row =
                |at: &Timestamp| credit::evaluation_at(reads.as_mut(), party, as_of, *at).unwrap().unwrap();
            instants.iter().map(row).map(|row| EvaluationRow { seq: 0, ..row }).collect()
        };
        let shown = || -> Vec<LimitChange> {
            let unnumbered =
                |change: LimitChange| LimitChange { row: EvaluationRow { seq: 0, ..change.row }, ..change };
            log(books, party).into_iter().map(unnumbered).collect()
        };
        let before = (answers(), shown(), limit(books, party).shop.total);
        assert!(before.0.iter().all(|row| row.steps.len() > 1), "each has its steps");
        let totals: Vec<i64> = before.1.iter().map(|change| change.row.total).collect();
        assert_eq!(totals, [130_000, 156_000, 120_000, 170_000, 150_000, 100_000]);
        // Page by page it is the same log.
        let rules = books.rules();
        let as_of = AsOf { rules: &rules, now: books.clock.business() };
        let (mut paged, mut below) = (Vec::new(), None);
        loop {
            let page =
                credit::limit_log(books.reader().as_mut(), party, as_of, &ChangeFilter::default(), below, 1);
            let page = page.unwrap();
            assert!(page.rows.len() <= 1);
            paged.extend(page.rows);
            below = page.next;
            if below.is_none() {
                break;
            }
        }
        assert_eq!(paged, log(books, party));
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        assert_eq!((answers(), shown(), limit(books, party).shop.total), before);
        assert!(log(books, party).iter().all(|change| change.row.seq > 0), "now it is written down");
        proven(books);
    });
}

/// C9, C10: nobody looked for weeks. What the dates brought is written down from each of them on, and told.
#[test]
fn dates_that_nobody_looked_at_are_made_up_for_c4_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        temporary(&mut writer, party);
        let sale = Promotion { from: day("2026-03-10"), until: day("2026-03-20"), rate: Rate::ppm(300_000) };
        let sale = ChangeShop { party, change: ShopChange::Promote(sale), reason: "sale".to_owned() };
        run(&mut writer, sale).unwrap();
        go_to(books, "2026-04-15T12:00:00+08:00");
        let expected = [
            ("2026-03-04T23:59:59+08:00", 150_000),
            ("2026-03-05T00:00:00+08:00", 100_000),
            ("2026-03-10T00:00:00+08:00", 130_000),
            ("2026-03-19T23:59:59+08:00", 130_000),
            ("2026-03-20T00:00:00+08:00", 100_000),
            ("2026-04-15T12:00:00+08:00", 100_000),
        ];
        let all = || expected.map(|(text, _)| replayed(books, party, at(text)).1);
        let wanted = expected.map(|(_, total)| total);
        assert_eq!(all(), wanted, "before anybody wrote it down");
        let told = messages(books, party, "credit.limit_changed").len();
        tell(books, &mut writer, party, "a", OrderEvent::Authorised(1, None)).unwrap();
        assert_eq!(all(), wanted, "and afterwards");
        let mut rows = credit::evaluations(books.reader().as_mut(), party, None, 200).unwrap();
        rows.reverse();
        let since: Vec<String> =
            rows.iter().skip(3).map(|row| Zone::shanghai().date(row.at).to_string()).collect();
        assert_eq!(since, ["2026-03-05", "2026-03-10", "2026-03-20", "2026-04-01"]);
        for pair in rows.windows(2) {
            assert_eq!((pair[1].before, pair[0].at <= pair[1].at), (pair[0].total, true));
        }
        assert_eq!(rows.last().unwrap().cause, Cause::QUARTER);
        assert_eq!(messages(books, party, "credit.limit_changed").len(), told + 3, "each change");
        proven(books);
    });
}

#[test]
fn telling_an_old_part_again_leaves_a_granted_raise_c2_c25() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        // Reported today, and raised today: both begin on the same day.
        let part = Component { since: day("2026-03-02"), ..credit_of(200_000) };
        let told = |amount_minor| ShopReport {
            components: vec![Component { amount_minor, ..part }],
            evidence: vec![(0, "score of March".to_owned())],
            ..ShopReport::default()
        };
        assert_eq!(report(&mut writer, party, told(200_000)), 200_000);
        let (row, _) = run(&mut writer, raise(party, 50_000)).unwrap();
        decide(&mut writer, &row, Some(purser_domain::credit::application::Terms::default())).unwrap();
        assert_eq!(limit(books, party).shop.total, 250_000);
        let evaluations = limit(books, party).shop.evaluations;
        assert_eq!(report(&mut writer, party, told(200_000)), 250_000, "the same again changes nothing");
        let view = limit(books, party);
        assert_eq!(view.shop.evaluations, evaluations);
        let evidence = view.known.evidence.get(&(part.source, part.since)).cloned();
        assert_eq!(evidence, Some(row.id.to_string()), "it rests on the application");
        // That it ends is news, and ends what was granted; its amount is not.
        let mut ends = told(200_000);
        ends.components[0].until = Some(day("2026-03-09"));
        assert_eq!(report(&mut writer, party, ends.clone()), 250_000);
        let view = limit(books, party);
        assert_eq!(view.shop.next_on.as_deref(), Some("2026-03-09"));
        assert_eq!(view.known.components.last().unwrap().until, Some(day("2026-03-09")));
        assert_eq!(view.shop.evaluations, evaluations + 1);
        assert_eq!(report(&mut writer, party, ends), 250_000);
        assert_eq!(limit(books, party).shop.evaluations, evaluations + 1, "and is none the second time");
        assert_eq!(report(&mut writer, party, told(200_000)), 250_000, "it was told by mistake");
        assert_eq!(limit(books, party).known.components.last().unwrap().until, None);
        // Another amount is news, and takes its place.
        assert_eq!(report(&mut writer, party, told(210_000)), 210_000);
        assert_eq!(report(&mut writer, party, told(200_000)), 200_000);
        proven(books);
    });
}

#[test]
fn the_monthly_reminder_tells_what_can_be_used_today_c1_c24() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        step(books, &mut writer, &mut registry);
        let open = known_shop(&mut writer, "open");
        let frozen = known_shop(&mut writer, "frozen");
        for party in [open, frozen] {
            temporary(&mut writer, party);
            tell(books, &mut writer, party, &format!("o-{party}"), OrderEvent::Authorised(30_000, None))
                .unwrap();
        }
        let change = PartyChange::Freeze("papers are checked".to_owned());
        run(&mut writer, ChangeParty { id: frozen, change, if_version: None }).unwrap();
        go_to(books, "2026-03-05T12:00:00+08:00");
        step(books, &mut writer, &mut registry);
        for (party, available) in [(open, 70_000), (frozen, 0)] {
            let facts = &messages(books, party, "credit.check_reminder")[0].facts;
            assert_eq!(facts.get_int("total_minor"), Some(100_000));
            assert_eq!(facts.get_int("available_minor"), Some(available));
            assert_eq!(limit(books, party).available_minor(), available);
        }
        proven(books);
    });
}

#[test]
fn what_is_told_of_frozen_funds_says_the_limit_of_today_c6_c10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        temporary(&mut writer, party);
        go_to(books, "2026-03-05T00:00:01+08:00");
        let total = |kind: &str| messages(books, party, kind)[0].facts.get_int("total_minor");
        let change = |change| ChangeParty { id: party, change, if_version: None };
        run(&mut writer, change(PartyChange::Freeze("papers are checked".to_owned()))).unwrap();
        assert_eq!(total("credit.limit_frozen"), Some(100_000));
        run(&mut writer, change(PartyChange::Unfreeze)).unwrap();
        assert_eq!(total("credit.limit_unfrozen"), Some(100_000));
        // One report freezes funds and changes the limit: what is told is what it came to.
        let item = ShopReport {
            frozen_minor: Some(10_000),
            components: vec![Component { since: day("2026-03-05"), ..credit_of(80_000) }],
            ..ShopReport::default()
        };
        assert_eq!(report(&mut writer, party, item), 80_000);
        let told = &messages(books, party, "credit.limit_frozen")[0].facts;
        assert_eq!((told.get_int("frozen_minor"), told.get_int("total_minor")), (Some(10_000), Some(80_000)));
        proven(books);
    });
}

/// C11, C12: what a shop owes beside its orders is counted, and what the migration counts for shops of before is the same.
#[test]
fn a_liability_is_known_to_the_fen_also_of_shops_of_before_c11_c12() {
    let text = include_str!("../../storage/migrations/0025_credit_owed.sql");
    let expression = text.split_once("SET owed =").unwrap().1.trim_end().trim_end_matches(';');
    let sql = format!("SELECT owed, CAST({expression} AS BIGINT) FROM credit_shops ORDER BY party");
    let counted: &'static Statement =
        Box::leak(Box::new(Statement { name: "test.owed", sql: Box::leak(sql.into_boxed_str()) }));
    Books::each(|books| {
        let mut writer = books.writer();
        let owes = known_shop(&mut writer, "s1");
        known_shop(&mut writer, "s2");
        let order =
            |writer: &mut Writer, order: &str, event| tell(books, writer, owes, order, event).unwrap();
        // 200.00 are shipped beyond the limit; of 1,300.00 that the buyer paid for and that are called off the proceeds, which
        // went elsewhere, lack 800.00.
        order(&mut writer, "a", OrderEvent::Authorised(120_000, None));
        order(&mut writer, "a", OrderEvent::Shipped(None));
        order(&mut writer, "b", OrderEvent::Authorised(130_000, None));
        order(&mut writer, "b", OrderEvent::Paid(130_000));
        let proceeds = AccountRef::party(owes, AccountKind::Proceeds, Currency::CNY);
        post(&mut writer, Step::Post, &proceeds, &clearing(), 200_000);
        order(&mut writer, "b", OrderEvent::Cancelled);
        let view = limit(books, owes);
        assert_eq!((view.shop.owed, view.liability_minor), (80_000, 100_000));
        let mut rows = Vec::new();
        books
            .reader()
            .query(counted, &[], &mut |row| {
                rows.push((row.int(0), row.int(1)));
                true
            })
            .unwrap();
        rows.sort_unstable();
        assert_eq!(rows, [(0, 0), (80_000, 80_000)]);
        proven(books);
    });
}
