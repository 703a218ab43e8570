//! Limits and the calendar on both databases: a shop whose date has come is decided by the limit of that day also before
//! the daily job reaches it (C1, C2, C5, C18), and what its evaluations keep of it (C8, C9).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod shops;
mod support;

use purser_domain::{
    credit::{Component, Dsr, Emergency, MonthFacts, Override, Promotion, Rule, decode},
    ids::{CaseId, PartyId},
    money::{Currency, Rate},
    time::{MINUTE, Month},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    credit::{
        self, AsOf, Cause, ChangeShop, EvaluateDueShops, OrderEvent, OrderReport, ReportCreditOrders,
        ReportShops, ShopChange, ShopReport, credit_order_id, risk::Told,
    },
    jobs::{self, ArmSchedules, Registry},
};
use shops::{
    activate, credit_of, day, entry, go_to, known_shop, limit, messages, papers, proven, report, shop, step,
    tell,
};
use support::{Books, at, run};

/// Staff change a shop, after two people where they are needed.
fn change(writer: &mut Writer, party: PartyId, change: ShopChange) -> i64 {
    let change = match change {
        ShopChange::Emergency(limit, _) => ShopChange::Emergency(limit, papers(writer, party)),
        other => other,
    };
    if let Some(action) = change.approval() {
        let (action, subject) = (action.to_owned(), party.to_string());
        let action = Action::Other { action, subject, facts: change.approved_facts("as agreed") };
        let id = run(writer, Propose { action, by: "staff:li".to_owned() }).unwrap();
        run(writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
    }
    run(writer, ChangeShop { party, change, reason: "as agreed".to_owned() }).unwrap().total
}

fn sale(from: &str, until: &str, ppm: i64) -> ShopChange {
    ShopChange::Promote(Promotion { from: day(from), until: day(until), rate: Rate::ppm(ppm) })
}

fn temporary(from: &str, until: &str, amount_minor: i64) -> ShopChange {
    ShopChange::Emergency(Emergency { from: day(from), until: day(until), amount_minor }, CaseId::default())
}

/// What an order of 10,000.00 reserves: all that is available.
fn reserves(books: &Books, writer: &mut Writer, party: PartyId, order: &str) -> i64 {
    tell(books, writer, party, order, OrderEvent::Authorised(1_000_000, None)).unwrap();
    let stored = credit::order(books.reader().as_mut(), credit_order_id(order)).unwrap().unwrap();
    tell(books, writer, party, order, OrderEvent::Cancelled).unwrap();
    stored.reserved
}

/// Cause and limit of every stored evaluation, the oldest first.
fn stored(books: &Books, party: PartyId) -> Vec<(String, i64)> {
    let mut rows = credit::evaluations(books.reader().as_mut(), party, None, 200).unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.cause, row.total)).collect()
}

#[test]
fn what_has_ended_or_begun_decides_before_the_daily_job_comes_c1_c5_c18() {
    Books::each(|books| {
        let mut writer = books.writer();
        // A sale, a temporary limit and an override: each ends, or begins, on the 5th, and no job runs.
        let set = |writer: &mut Writer, name: &str, what: ShopChange| {
            let party = known_shop(writer, name);
            change(writer, party, what);
            party
        };
        let fixed = |from: &str, until: Option<&str>| {
            ShopChange::Fix(Override { from: day(from), until: until.map(day), amount_minor: 250_000 })
        };
        let shops = [
            (set(&mut writer, "sale", sale("2026-03-01", "2026-03-05", 300_000)), 130_000, 100_000),
            (set(&mut writer, "temporary", temporary("2026-03-01", "2026-03-05", 50_000)), 150_000, 100_000),
            (set(&mut writer, "override", fixed("2026-03-01", Some("2026-03-05"))), 250_000, 100_000),
            (set(&mut writer, "begins", temporary("2026-03-05", "2026-03-09", 50_000)), 100_000, 150_000),
        ];
        go_to(books, "2026-03-04T23:59:59+08:00");
        for (n, (party, before, _)) in shops.iter().enumerate() {
            assert_eq!(reserves(books, &mut writer, *party, &format!("before {n}")), *before);
        }
        go_to(books, "2026-03-05T00:00:00+08:00");
        for (n, (party, _, after)) in shops.iter().enumerate() {
            assert_eq!(reserves(books, &mut writer, *party, &format!("after {n}")), *after);
            // It is an evaluation like any other: kept, told, and not done again.
            let view = limit(books, *party);
            assert_eq!((view.shop.total, view.evaluation.unwrap().cause.as_str()), (*after, Cause::DATE));
            let rows = stored(books, *party).len();
            let told = messages(books, *party, "credit.limit_changed")[0].facts.get_int("total_minor");
            assert_eq!(told, Some(*after));
            assert_eq!(reserves(books, &mut writer, *party, &format!("again {n}")), *after);
            assert_eq!(stored(books, *party).len(), rows);
        }
        assert!(
            !run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more,
            "nothing is left for the job"
        );
        proven(books);
    });
}

#[test]
fn a_list_of_orders_is_decided_by_the_limits_of_the_day_c1_c18() {
    Books::each(|books| {
        let mut writer = books.writer();
        let due = known_shop(&mut writer, "due");
        let other = known_shop(&mut writer, "other");
        change(&mut writer, due, temporary("2026-03-01", "2026-03-05", 50_000));
        go_to(books, "2026-03-05T00:00:01+08:00");
        let at = books.clock.business();
        let order = |order: &str, merchant, amount| OrderReport {
            order_id: order.to_owned(),
            event_id: "1".to_owned(),
            merchant,
            event: OrderEvent::Authorised(amount, None),
            currency: Currency::CNY,
            at,
            told: Told::default(),
        };
        let items = vec![
            // A refused item takes its evaluation back with it: the next one evaluates again.
            order("a", due, -1),
            order("b", due, 60_000),
            order("c", other, 120_000),
            order("d", due, 60_000),
        ];
        let outcomes = run(&mut writer, ReportCreditOrders { items, single: false }).unwrap();
        let reserved: Vec<Option<i64>> =
            outcomes.iter().map(|outcome| outcome.as_ref().ok().map(|(row, _)| row.reserved)).collect();
        assert_eq!(reserved, [None, Some(60_000), Some(100_000), Some(40_000)]);
        assert_eq!(limit(books, due).shop.total, 100_000);
        assert_eq!(stored(books, other).len(), 1, "a shop whose date has not come is left alone");
        proven(books);
    });
}

#[test]
fn a_component_told_again_changes_nothing_c2() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let part = |amount_minor, since| Component { since: day(since), ..credit_of(amount_minor) };
        let (old, new) = (part(100_000, "2024-03-01"), part(80_000, "2026-02-01"));
        let tell = |writer: &mut Writer, components: Vec<Component>| {
            let items = vec![(party, ShopReport { components, ..ShopReport::default() })];
            let told = run(writer, ReportShops { items, single: true }).unwrap().pop().unwrap().unwrap();
            (told.0.total, told.1)
        };
        assert_eq!(tell(&mut writer, vec![new]), (80_000, true));
        assert_eq!(tell(&mut writer, vec![old]), (80_000, false), "an old report comes once more");
        assert_eq!(tell(&mut writer, vec![old, new]), (80_000, false), "a snapshot of both");
        assert_eq!(tell(&mut writer, vec![new, old]), (80_000, false));
        assert_eq!(stored(books, party).len(), 2);
        // The same first day with another amount is a correction.
        assert_eq!(tell(&mut writer, vec![part(90_000, "2026-02-01")]), (90_000, true));
        // Of more than are kept the oldest that have ended go; what counts stays.
        for n in 0..45 {
            let since = day("2024-04-01").checked_add(jiff::Span::new().days(n)).unwrap();
            tell(&mut writer, vec![Component { since, ..credit_of(100 * (n + 1)) }]);
        }
        assert_eq!(limit(books, party).shop.total, 90_000);
        proven(books);
    });
}

/// Months with the same turnover, the first with a rating that earns a boost for a year.
fn year_of_trade(first: Month, count: i64) -> ShopReport {
    let facts = MonthFacts { orders: 9, turnover_minor: 1_000_000, return_rate: Rate::ZERO, dsr: None };
    let rated = MonthFacts { dsr: Some(Dsr { description: 490, service: 490, logistics: 490 }), ..facts };
    let months = (0..count).map(|n| (first.plus(n), if n == 0 { rated } else { facts })).collect();
    ShopReport { months, components: vec![credit_of(5_000_000)], ..ShopReport::default() }
}

fn rules(steps: &[u8]) -> Vec<Rule> {
    decode(steps).unwrap().iter().map(|step| step.rule).collect()
}

#[test]
fn what_is_stored_explains_the_limit_also_when_only_its_steps_change_c8_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        let capped = known_shop(&mut writer, "capped");
        let plain = known_shop(&mut writer, "plain");
        let item = year_of_trade(Month { year: 2025, month: 4 }, 11);
        assert_eq!(report(&mut writer, capped, item), 3_600_000, "the ceiling");
        let evaluate = |writer: &mut Writer, on: &str| {
            go_to(books, on);
            while run(writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        };
        // The job comes on the second day of the quarter.
        evaluate(&mut writer, "2026-04-02T00:06:00+08:00");
        for party in [capped, plain] {
            assert_eq!(stored(books, party).last().unwrap().0, Cause::QUARTER);
        }
        let before = limit(books, capped).evaluation.unwrap();
        assert_eq!(rules(&before.steps), [Rule::CreditEvaluation, Rule::Dsr, Rule::TurnoverCap]);
        // The boost ends under the ceiling: the limit stays, what explains it does not.
        evaluate(&mut writer, "2026-05-01T00:06:00+08:00");
        let after = limit(books, capped).evaluation.unwrap();
        assert_eq!(
            (after.seq, after.total, after.cause.as_str()),
            (before.seq + 1, before.total, Cause::DATE)
        );
        assert_eq!(rules(&after.steps), [Rule::CreditEvaluation, Rule::TurnoverCap]);
        let (past, rules) = (at("2026-04-30T23:59:59+08:00"), books.rules());
        let as_of = AsOf { rules: &rules, now: books.clock.business() };
        let past = credit::evaluation_at(books.reader().as_mut(), capped, as_of, past).unwrap().unwrap();
        assert_eq!(past.seq, before.seq);
        assert_eq!(messages(books, capped, "credit.limit_changed").len(), 2, "its limit did not change");
        // Where nothing differs nothing is stored, but once a quarter.
        assert_eq!(stored(books, plain).len(), 2);
        evaluate(&mut writer, "2026-07-01T00:06:00+08:00");
        assert_eq!(stored(books, plain)[2], (Cause::QUARTER.to_owned(), 100_000));
        proven(books);
    });
}

#[test]
fn months_before_the_first_full_one_earn_nothing_c4() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let new = shop(&mut writer, "s2");
        let first = |opened: &str, month| ShopReport {
            opened_on: Some(day(opened)),
            level: Some(2),
            ..year_of_trade(month, 1)
        };
        let month = |n| Month { year: 2026, month: n };
        // Eleven days with a good rating are no month.
        assert_eq!(report(&mut writer, new, first("2026-01-20", month(1))), 5_000_000);
        let rated = ShopReport { components: Vec::new(), ..year_of_trade(month(2), 1) };
        assert_eq!(report(&mut writer, new, rated), 6_000_000, "February was full");
        // Before the opening there is nothing to report.
        let early = year_of_trade(Month { year: 2024, month: 2 }, 1);
        let items = vec![(party, early)];
        let refused = run(&mut writer, ReportShops { items, single: true }).unwrap_err();
        assert_eq!(refused.code, "month_before_opening");
        assert_eq!(refused.field.as_deref(), Some("/months/0/month"));
        assert_eq!(limit(books, party).shop.total, 100_000, "nothing of it was taken");
        proven(books);
    });
}

#[test]
fn terms_that_change_evaluate_every_shop_at_once_c4_c8_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        // More shops than a round takes; one of them rated well.
        let shops: Vec<PartyId> = (0..501).map(|n| shop(&mut writer, &format!("s{n}"))).collect();
        let first = || ShopReport {
            opened_on: Some(day("2024-03-01")),
            level: Some(2),
            components: vec![credit_of(100_000)],
            ..ShopReport::default()
        };
        let items = shops.iter().map(|party| (*party, first())).collect();
        run(&mut writer, ReportShops { items, single: false }).unwrap();
        let rated = *shops.iter().max().unwrap();
        let item = ShopReport { components: Vec::new(), ..year_of_trade(Month { year: 2026, month: 1 }, 1) };
        assert_eq!(report(&mut writer, rated, item), 120_000);
        step(books, &mut writer, &mut registry);
        let rows = stored(books, rated).len();
        // Announced today, in force in eight days: the limit is another one on that day and not before.
        let boost = entry("credit.dsr.boost", "C4", "2026-03-10", 300_000);
        activate(&mut writer, 1, std::slice::from_ref(&boost));
        go_to(books, "2026-03-09T23:59:00+08:00");
        step(books, &mut writer, &mut registry);
        assert_eq!((limit(books, rated).shop.total, stored(books, rated).len()), (120_000, rows));
        go_to(books, "2026-03-10T00:01:00+08:00");
        step(books, &mut writer, &mut registry);
        let view = limit(books, rated);
        assert_eq!((view.shop.total, view.evaluation.unwrap().cause.as_str()), (130_000, Cause::POLICY));
        let told = &messages(books, rated, "credit.limit_changed")[0].facts;
        assert_eq!(
            (told.get_int("before_minor"), told.get_int("total_minor")),
            (Some(120_000), Some(130_000))
        );
        assert_eq!(told.get_text("cause").as_deref(), Some(Cause::POLICY));
        // Of the others nothing changed, and nothing is written of that.
        let others = shops.iter().filter(|party| **party != rated);
        assert!(others.into_iter().all(|party| stored(books, *party).len() == 1));
        // What needs no notice decides within the day.
        activate(&mut writer, 2, &[boost, entry("credit.dsr.threshold_hundredths", "C4", "2026-03-10", 495)]);
        books.advance(MINUTE);
        step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, rated).shop.total, 100_000);
        assert_eq!(stored(books, rated).last().unwrap(), &(Cause::POLICY.to_owned(), 100_000));
        proven(books);
    });
}

/// Limits at instants.
fn at_instants(books: &Books, party: PartyId, instants: &[&str]) -> Vec<i64> {
    let rules = books.rules();
    let as_of = AsOf { rules: &rules, now: books.clock.business() };
    let mut reads = books.reader();
    let total =
        |text: &&str| credit::evaluation_at(reads.as_mut(), party, as_of, at(text)).unwrap().unwrap().total;
    instants.iter().map(total).collect()
}

/// C8, C9: the follower of terms is the first to come on a date on which something else ends as well. The minute before it
/// came is replayed as it was answered.
#[test]
fn a_date_begins_at_midnight_also_where_new_terms_are_followed_first_c8_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        let party = known_shop(&mut writer, "s1");
        let item = ShopReport { components: Vec::new(), ..year_of_trade(Month { year: 2026, month: 2 }, 1) };
        assert_eq!(report(&mut writer, party, item), 120_000);
        step(books, &mut writer, &mut registry);
        change(&mut writer, party, temporary("2026-03-02", "2026-03-10", 50_000));
        activate(&mut writer, 1, &[entry("credit.dsr.boost", "C4", "2026-03-10", 300_000)]);
        go_to(books, "2026-03-09T23:59:59+08:00");
        step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, party).shop.total, 170_000);
        go_to(books, "2026-03-10T00:00:30+08:00");
        assert_eq!(limit(books, party).shop.total, 130_000, "so it is answered before anybody comes");
        go_to(books, "2026-03-10T00:01:00+08:00");
        step(books, &mut writer, &mut registry);
        assert!(stored(books, party).len() > 2, "it was written down");
        let instants = [
            "2026-03-09T23:59:59+08:00",
            "2026-03-10T00:00:00+08:00",
            "2026-03-10T00:00:30+08:00",
            "2026-03-10T00:01:00+08:00",
        ];
        assert_eq!(at_instants(books, party, &instants), [170_000, 130_000, 130_000, 130_000]);
        assert_eq!(stored(books, party).last().unwrap(), &(Cause::DATE.to_owned(), 130_000));
        assert_eq!(limit(books, party).shop.high_total, 130_000, "the day's highest limit is of this day");
        proven(books);
    });
}

/// C8, C9: rules that two people activate after midnight decide nothing before that, whoever is the first to look.
#[test]
fn rules_of_now_do_not_reach_back_to_midnight_c8_c9() {
    Books::each(|books| {
        // Who looks first after the rules became others: the follower of terms, the daily job, or a report.
        for first in ["terms", "job", "report"] {
            let mut writer = books.writer();
            let party = known_shop(&mut writer, first);
            let item =
                ShopReport { components: Vec::new(), ..year_of_trade(Month { year: 2026, month: 2 }, 1) };
            report(&mut writer, party, item);
        }
        let parties = ["terms", "job", "report"].map(purser_engine::parties::party_id);
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        step(books, &mut writer, &mut registry);
        go_to(books, "2026-04-01T00:00:10+08:00");
        // A quarter begins, so that each of them is due, and was answered so.
        let answered = parties.map(|party| limit(books, party).shop.total);
        assert_eq!(answered, [120_000; 3]);
        go_to(books, "2026-04-01T00:00:30+08:00");
        activate(&mut writer, 1, &[entry("credit.dsr.threshold_hundredths", "C4", "2026-04-01", 495)]);
        go_to(books, "2026-04-01T00:00:40+08:00");
        let later = parties.map(|party| limit(books, party).shop.total);
        let items = vec![(parties[2], ShopReport { level: Some(3), ..ShopReport::default() })];
        run(&mut writer, ReportShops { items, single: true }).unwrap();
        let due = OrderEvent::Authorised(1, None);
        tell(books, &mut writer, parties[1], "o", due).unwrap();
        go_to(books, "2026-04-01T00:01:00+08:00");
        step(books, &mut writer, &mut registry);
        let instants =
            ["2026-03-31T23:59:59+08:00", "2026-04-01T00:00:10+08:00", "2026-04-01T00:00:39+08:00"];
        for (n, party) in parties.into_iter().enumerate() {
            let then = at_instants(books, party, &instants);
            assert_eq!(then, [120_000, answered[n], later[n]], "shop {n}");
            let rows = stored(books, party);
            assert_eq!(rows[rows.len() - 2], (Cause::QUARTER.to_owned(), 120_000), "shop {n}");
            let cause = if n == 2 { Cause::REPORT } else { Cause::POLICY };
            assert_eq!(rows.last().unwrap(), &(cause.to_owned(), 100_000), "shop {n}");
        }
        assert_eq!(at_instants(books, parties[2], &["2026-04-01T00:00:40+08:00"]), [100_000]);
        proven(books);
    });
}
