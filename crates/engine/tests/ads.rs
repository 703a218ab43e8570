//! The advertising account on both databases: clicks charged, replayed and refused (A7), stops for money (A4, A5),
//! budgets of days (A7), grants used first (A1), invalid clicks (A8), figures (A10), forgotten ones (P19), proved (P3).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod clicks;
mod support;

use clicks::{
    CNY, Plant, account, advertiser, arrears, cash, charge, click, credit, grant, pay, proven, revenue,
    stored, tamper, verified,
};
use purser_domain::{
    ads::price::{NextRank, Pricing},
    ids::{AdGrantId, Uid},
    ledger::{AccountKind, AccountRef, Step},
    time::{DAY, Date, HOUR, MINUTE, SECOND, Timestamp, Zone},
};
use purser_engine::{
    Writer,
    ads::{
        AdAccountRow, AdBudgetDayRow, AdClickRow, AdDayRow, AdGrantRow, AdHourRow, AdKeywordRow, ClickItem,
        CloseAdDays, Figures, ReportAdFigures, ReportedFigures, campaign_id, keyword_id, whole_account,
    },
    invariants,
    jobs::{ArmSchedules, Registry, SCHEDULES, run_due},
    verify::verify_incremental,
};
use support::{Books, at, balance, party, post, run};

const NONE: purser_domain::ids::KeywordId = purser_domain::ids::KeywordId(Uid::NIL);

fn today() -> Date {
    Date::constant(2026, 3, 2)
}

#[test]
fn clicks_are_charged_once_and_counted_everywhere_a7_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let (one, two) =
            (advertiser(books, &mut writer, 1, 10_000, 0), advertiser(books, &mut writer, 2, 500, 0));
        let now = books.clock.business();
        let early = now.plus(-2 * HOUR);
        let batch = || {
            vec![
                click("k1", one, now, 100),
                click("k2", one, early, 150),
                click("k3", two, now, 60),
                // Twice in one call; twice with another price; nobody's campaign; a price that is none.
                click("k1", one, now, 100),
                click("k1", one, now, 101),
                click("k4", campaign_id(party(9), "c"), now, 60),
                click("k5", one, now, 0),
                click("", one, now, 60),
                click(&"x".repeat(65), one, now, 60),
                ClickItem { party: Some(party(2)), ..click("k6", one, now, 60) },
                click("k7", one, now, 50),
            ]
        };
        let first = charge(&mut writer, batch());
        let no = |code: &str| code.to_owned();
        assert_eq!(
            first,
            [
                no("100"),
                no("150"),
                no("60"),
                no("100 again"),
                no("click_conflict"),
                no("campaign_unknown"),
                no("price_not_positive"),
                no("click_id_invalid"),
                no("click_id_invalid"),
                no("campaign_foreign"),
                no("50"),
            ]
        );
        // The whole call again, as after a lost answer, also from a server that was started anew.
        let groups = writer.stats().groups;
        drop(writer);
        let mut writer = books.writer();
        let again = charge(&mut writer, batch());
        assert_eq!(again[..4], ["100 again", "150 again", "60 again", "100 again"]);
        assert_eq!(again[10], "50 again");
        assert!(groups > 0);
        assert_eq!(balance(&mut writer, &cash(1)).0, 9_700);
        assert_eq!(balance(&mut writer, &cash(2)).0, 440);
        assert_eq!(balance(&mut writer, &revenue()).0, 360);
        // Other content under the same id: time, campaign, keyword.
        let later = now.plus(SECOND);
        let word = keyword_id(one, "shoes");
        let others = vec![
            click("k1", one, later, 100),
            click("k1", two, now, 100),
            ClickItem { keyword: Some(word), ..click("k1", one, now, 100) },
            ClickItem { pricing: Pricing::Auction { quality: 1, next: None }, ..click("k1", one, now, 100) },
        ];
        assert_eq!(charge(&mut writer, others), ["click_conflict"; 4]);
        // Figures: two hours of one day, and the account as a whole.
        let hour = |owner, at: Timestamp| {
            stored::<AdHourRow>(books, &(owner, at)).map_or((0, 0), |row| (row.clicks, row.spend))
        };
        let day = |owner| {
            let row = stored::<AdDayRow>(books, &(owner, NONE, today()));
            row.map_or((0, 0), |row| (row.clicks, row.spend))
        };
        assert_eq!((hour(one, now), hour(one, early), day(one)), ((2, 150), (1, 150), (3, 300)));
        assert_eq!((hour(whole_account(party(2)), now), day(whole_account(party(1)))), ((1, 60), (3, 300)));
        assert_eq!(account(books, 1).spent_today, 300);
        proven(books);
    });
}

#[test]
fn one_call_is_the_same_as_many_calls_a7() {
    Books::each(|books| {
        let mut writer = books.writer();
        let clicks = |writer: &mut Writer, n: u8| -> Vec<ClickItem> {
            let id = advertiser(books, writer, n, 2_000, 1_500);
            let now = books.clock.business();
            // More than the budget and the balance allow, over two days, each third one twice.
            (0..240u32)
                .map(|index| {
                    let at = now.plus(-i64::from(index % 16) * HOUR);
                    let name = format!("{n}-{}", index - u32::from(index % 3 == 2));
                    let price = 20 + i64::from((index - u32::from(index % 3 == 2)) % 7);
                    let at = if index % 3 == 2 { now.plus(-i64::from((index - 1) % 16) * HOUR) } else { at };
                    click(&name, id, at, price)
                })
                .collect()
        };
        let (whole, parts) = (clicks(&mut writer, 1), clicks(&mut writer, 2));
        let at_once = charge(&mut writer, whole);
        let mut in_parts = Vec::new();
        for (size, part) in [1, 7, 2, 50, 3, 90, 80, 7].iter().scan(parts.as_slice(), |rest, size| {
            let (part, after) = rest.split_at((*size).min(rest.len()));
            *rest = after;
            Some((*size, part.to_vec()))
        }) {
            assert!(size > 0);
            in_parts.extend(charge(&mut writer, part));
        }
        assert_eq!(at_once.len(), in_parts.len());
        assert_eq!(at_once, in_parts);
        assert_eq!(account(books, 1).stops, 1, "the balance was used up on the way");
        let state = |writer: &mut Writer, n: u8| {
            let id = campaign_id(party(n), "c");
            let days: Vec<_> = [today(), today().yesterday().unwrap()]
                .into_iter()
                .map(|day| {
                    // Yesterday is closed: it has figures and no budget.
                    let budget = stored::<AdBudgetDayRow>(books, &(id, day));
                    let budget = budget.map(|row| (row.spent, row.sources, row.stopped_at));
                    let figures = stored::<AdDayRow>(books, &(id, NONE, day)).unwrap();
                    (budget, figures.clicks, figures.spend)
                })
                .collect();
            let row = account(books, n);
            (balance(writer, &cash(n)), balance(writer, &arrears(n)), row.stops, row.spent_today, days)
        };
        assert_eq!(state(&mut writer, 1), state(&mut writer, 2));
        proven(books);
    });
}

#[test]
fn money_stops_delivery_in_the_same_commit_and_brings_it_back_a4_a5() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 300, 0);
        assert_eq!(account(books, 1).stopped_at, None, "the first money starts it");
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 350)]), ["350"]);
        let row = account(books, 1);
        assert_eq!((row.stops, row.stopped_at.is_some(), row.arrears_since.is_some()), (1, true, true));
        assert_eq!((balance(&mut writer, &cash(1)).0, balance(&mut writer, &arrears(1)).0), (0, 50));
        // On its way, up to the limit; then not any more.
        assert_eq!(
            charge(&mut writer, vec![click("b", id, now, 9_950), click("c", id, now, 5)]),
            ["9950", "arrears_limit"]
        );
        books.advance(10 * MINUTE);
        let later = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("c", id, later, 5)]), ["campaign_stopped"]);
        // A part of the arrears is not enough; all of them and more let it be resumed.
        pay(&mut writer, 1, 9_000);
        assert!(account(books, 1).stopped_at.is_some());
        pay(&mut writer, 1, 1_500);
        let row = account(books, 1);
        assert_eq!((row.stopped_at, row.arrears_since, row.resumed_stop), (None, None, 0));
        let later = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("c", id, later, 5)]), ["campaign_stopped"], "it waits");
        // By itself where the advertiser says so, with enough for it not to stop again at once.
        let auto = AdAccountRow { resume: "auto".to_owned(), ..account(books, 1) };
        run(&mut writer, Plant { accounts: vec![auto], ..Plant::default() }).unwrap();
        pay(&mut writer, 1, 400);
        assert_eq!(account(books, 1).resumed_stop, 0, "9.00 are a trickle");
        pay(&mut writer, 1, 100);
        assert_eq!(account(books, 1).resumed_stop, 1);
        books.advance(MINUTE);
        let later = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("c", id, later, 5)]), ["5"]);
        // Numbers of events have no gap.
        let seq = account(books, 1).seq;
        let events = purser_engine::feed::events(
            books.reader().as_mut(),
            purser_engine::feed::Places::default(),
            1_000,
        );
        let numbers: Vec<i64> = events
            .unwrap()
            .0
            .iter()
            .filter(|event| event.party == party(1) && event.kind.starts_with("ads."))
            .map(|event| event.facts.get_int("seq").unwrap())
            .collect();
        assert_eq!(numbers, (1..=seq).collect::<Vec<_>>());
        proven(books);
    });
}

#[test]
fn grants_are_used_first_and_end_by_their_instant_a1_a7() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000, 0);
        let now = books.clock.business();
        let (soon, late) = (AdGrantId(Uid([1; 16])), AdGrantId(Uid([2; 16])));
        let given = |id, expires_at| AdGrantRow {
            party: party(1),
            id,
            amount: 200,
            given_at: now,
            expires_at,
            reason: "welcome".to_owned(),
            asked_by: String::new(),
            approved_by: String::new(),
            ended_at: None,
            lost: 0,
        };
        let grants = vec![given(late, None), given(soon, Some(now.plus(HOUR)))];
        let accounts = vec![AdAccountRow { grants: 2, ..account(books, 1) }];
        run(&mut writer, Plant { accounts, grants, ..Plant::default() }).unwrap();
        let expense = AccountRef::platform(AccountKind::ExpenseGrants, CNY);
        for id in [soon, late] {
            post(&mut writer, Step::Post, &expense, &grant(1, id), 200);
        }
        assert_eq!(
            charge(&mut writer, vec![click("a", id, now, 150), click("b", id, now, 100)]),
            ["150", "100"]
        );
        let left = |writer: &mut Writer| [soon, late].map(|id| balance(writer, &grant(1, id)).0);
        assert_eq!((left(&mut writer), balance(&mut writer, &cash(1)).0), ([0, 150], 1_000));
        // Found invalid later: back to both grants. Once the sooner one has ended its part stays with the platform.
        assert_eq!(credit(&mut writer, 1, &["a"]), ["150 lost 0"]);
        assert_eq!(left(&mut writer), [150, 150]);
        assert_eq!(charge(&mut writer, vec![click("c", id, now, 160)]), ["160"]);
        assert_eq!(left(&mut writer), [0, 140]);
        books.advance(HOUR);
        let later = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("d", id, later, 200)]), ["200"]);
        assert_eq!((left(&mut writer), balance(&mut writer, &cash(1)).0), ([0, 0], 940));
        assert_eq!(credit(&mut writer, 1, &["b", "c", "d"]), ["50 lost 50", "10 lost 150", "200 lost 0"]);
        assert_eq!((left(&mut writer), balance(&mut writer, &cash(1)).0), ([0, 200], 1_000));
        proven(books);
    });
}

#[test]
fn a_days_end_credits_what_was_above_the_budget_a7_a8() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 10_000, 3_000);
        let now = books.clock.business();
        let clicks = vec![click("a", id, now, 2_900), click("b", id, now, 400), click("c", id, now, 100)];
        assert_eq!(charge(&mut writer, clicks), ["2900", "400", "100"]);
        books.advance(10 * MINUTE);
        let later = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("d", id, later, 100)]), ["campaign_stopped"]);
        // Clicks on their way after midnight count in the old day; from 00:10 on in none.
        let day = |day: Date| stored::<AdBudgetDayRow>(books, &(id, day));
        books.clock.set_offset(books.clock.offset() + at("2026-03-03T00:09:00+08:00").0 - later.0);
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        assert!(!day(today()).unwrap().closed);
        books.advance(MINUTE);
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        let closed = day(today()).unwrap();
        assert_eq!((closed.closed, closed.spent, closed.credited), (true, 3_000, 400));
        assert_eq!((balance(&mut writer, &cash(1)).0, balance(&mut writer, &revenue()).0), (7_000, 3_000));
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        assert_eq!(balance(&mut writer, &cash(1)).0, 7_000, "once");
        assert_eq!(
            charge(&mut writer, vec![click("e", id, now, 100)]),
            ["100"],
            "a closed day has no budget"
        );
        assert_eq!(day(today()).unwrap().spent, 3_000);
        // All of them were robots: what the day's end credited is not credited again. The credit was for what the
        // newest of them cost above the budget.
        assert_eq!(credit(&mut writer, 1, &["c"]), ["0 lost 100"]);
        assert_eq!(balance(&mut writer, &cash(1)).0, 6_900, "the valid ones still cost the whole budget");
        let back = credit(&mut writer, 1, &["a", "b", "e"]);
        assert_eq!(back, ["2600 lost 300", "400 lost 0", "100 lost 0"]);
        assert_eq!((balance(&mut writer, &cash(1)).0, balance(&mut writer, &revenue()).0), (10_000, 0));
        proven(books);
    });
}

#[test]
fn invalid_clicks_are_credited_once_and_to_their_own_advertiser_a8() {
    Books::each(|books| {
        let mut writer = books.writer();
        let one = advertiser(books, &mut writer, 1, 300, 3_000);
        let two = advertiser(books, &mut writer, 2, 1_000, 0);
        let now = books.clock.business();
        let clicks = vec![click("a", one, now, 200), click("b", one, now, 250), click("z", two, now, 100)];
        assert_eq!(charge(&mut writer, clicks), ["200", "250", "100"]);
        assert_eq!((balance(&mut writer, &cash(1)).0, balance(&mut writer, &arrears(1)).0), (0, 150));
        // Never charged, of another advertiser, twice in one call.
        assert_eq!(
            credit(&mut writer, 1, &["nobody", "z", "b", "b"]),
            ["click_unknown", "click_foreign", "250 lost 0", "click_credited_before"]
        );
        // Arrears first, the rest is cash; the stop ends with that.
        assert_eq!((balance(&mut writer, &cash(1)).0, balance(&mut writer, &arrears(1)).0), (100, 0));
        assert_eq!(account(books, 1).stopped_at, None);
        assert_eq!(credit(&mut writer, 1, &["b"]), ["click_credited_before"]);
        // Charged again it is still the click that was charged.
        assert_eq!(charge(&mut writer, vec![click("b", one, now, 250)]), ["250 again"]);
        assert_eq!(account(books, 1).spent_today, 200, "what went back was not spent");
        let figures = stored::<AdDayRow>(books, &(one, NONE, today())).unwrap();
        assert_eq!((figures.clicks, figures.spend, figures.invalid, figures.refunded), (2, 450, 1, 250));
        assert_eq!(stored::<AdBudgetDayRow>(books, &(one, today())).unwrap().spent, 200);
        proven(books);
    });
}

#[test]
fn keywords_price_clicks_and_figures_are_reported_over_each_other_a7_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000, 0);
        let now = books.clock.business();
        let word = keyword_id(id, "shoes");
        let keyword = AdKeywordRow {
            campaign: id,
            id: word,
            word: "shoes".to_owned(),
            bid: 100,
            active: true,
            switched_at: now,
            version: 1,
        };
        run(&mut writer, Plant { keywords: vec![keyword], ..Plant::default() }).unwrap();
        let auction = |name: &str, bid_minor, quality| ClickItem {
            keyword: Some(word),
            pricing: Pricing::Auction { quality, next: Some(NextRank { bid_minor, quality: 300 }) },
            ..click(name, id, now, 0)
        };
        let unknown = ClickItem { keyword: Some(keyword_id(id, "hats")), ..click("x", id, now, 10) };
        // The id of nobody is also that of whole campaigns' figures.
        let nobody = ClickItem { keyword: Some(NONE), ..click("y", id, now, 10) };
        let clicks =
            vec![auction("a", 200, 1_000), auction("b", 900, 1_000), auction("c", 200, 0), unknown, nobody];
        assert_eq!(
            charge(&mut writer, clicks),
            ["61", "100", "quality_not_positive", "keyword_unknown", "keyword_unknown"]
        );
        // The same auction again is the same click, whatever the bid is now; another one is not.
        let again = vec![auction("a", 200, 1_000), auction("a", 201, 1_000)];
        assert_eq!(charge(&mut writer, again), ["61 again", "click_conflict"]);
        let of_word = |day| {
            stored::<AdDayRow>(books, &(id, word, day)).map(|row| (row.clicks, row.spend, row.impressions))
        };
        assert_eq!(of_word(today()), Some((2, 161, 0)));
        let report = |of, impressions| ReportedFigures { campaign: id, of, impressions, conversions: 3 };
        let items = vec![
            report(Figures::Hour(now), 500),
            report(Figures::Hour(now.plus(MINUTE)), 700),
            report(Figures::KeywordDay(word, today()), 650),
            report(Figures::Hour(now.plus(DAY)), 1),
            report(Figures::Hour(now), -1),
            report(Figures::KeywordDay(keyword_id(id, "hats"), today()), 1),
            ReportedFigures { campaign: campaign_id(party(9), "c"), ..report(Figures::Hour(now), 1) },
        ];
        let outcomes = run(&mut writer, ReportAdFigures { items }).unwrap();
        let codes: Vec<&str> =
            outcomes.iter().map(|outcome| outcome.as_ref().map_or_else(|no| no.code, |()| "taken")).collect();
        assert_eq!(
            codes,
            [
                "taken",
                "taken",
                "taken",
                "figures_in_the_future",
                "figures_out_of_range",
                "keyword_unknown",
                "campaign_unknown"
            ]
        );
        let figures = stored::<AdDayRow>(books, &(whole_account(party(1)), NONE, today())).unwrap();
        assert_eq!((figures.impressions, figures.conversions, figures.clicks), (700, 3, 2));
        assert_eq!(of_word(today()), Some((2, 161, 650)));
        proven(books);
    });
}

#[test]
fn clicks_are_forgotten_after_weeks_and_too_late_by_then_p19() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000_000, 0);
        let now = books.clock.business();
        let clicks: Vec<_> = (0..2_100).map(|n| click(&format!("old-{n:04}"), id, now, 10)).collect();
        assert!(charge(&mut writer, clicks).iter().all(|text| text == "10"));
        books.advance(34 * DAY);
        let young = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("young", id, young, 10)]), ["10"]);
        run(&mut writer, ArmSchedules(SCHEDULES.to_vec())).unwrap();
        let mut jobs = Registry::new().with_builtin();
        let mut tend = |books: &Books, writer: &mut Writer| {
            for _ in 0..50 {
                let done = run_due(writer, books.reader().as_mut(), &books.clock, &mut jobs).unwrap();
                if done == 0 {
                    return;
                }
            }
        };
        tend(books, &mut writer);
        let known = |name: &str| stored::<AdClickRow>(books, &name.into()).is_some();
        assert!(known("old-0000") && known("young"), "34 days are not 35");
        books.advance(2 * DAY);
        tend(books, &mut writer);
        assert!(!known("old-0000") && !known("old-2099") && known("young"));
        assert_eq!(charge(&mut writer, vec![click("old-0000", id, now, 10)]), ["click_too_late"]);
        assert_eq!(credit(&mut writer, 1, &["old-0000"]), ["click_unknown"]);
        proven(books);
    });
}

#[test]
fn verification_names_a_changed_line_and_a_changed_click_p3() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000, 0);
        let now = books.clock.business();
        let before = proven(books);
        assert_eq!(
            charge(&mut writer, vec![click("k1", id, now, 100), click("k2", id, now, 40)]),
            ["100", "40"]
        );
        let found = |expected: &str| {
            let zone = Zone::shanghai();
            let incremental =
                verify_incremental(books.reader().as_mut(), &zone, &before, &invariants::all(), &mut |_| {})
                    .unwrap();
            for report in [verified(books), incremental] {
                assert!(
                    report.findings.iter().any(|finding| finding.sentence.contains(expected)),
                    "{expected}: {:?}",
                    report.findings
                );
            }
        };
        proven(books);
        tamper(&mut writer, "UPDATE ad_clicks SET amount = 99 WHERE id = 'k1'");
        found("click k1: clicks = lines = transfer");
        tamper(&mut writer, "UPDATE ad_clicks SET amount = 100, split = x'0264' WHERE id = 'k1'");
        found("click k1: clicks = lines = transfer");
        tamper(&mut writer, "UPDATE ad_clicks SET split = x'' WHERE id = 'k1'");
        proven(books);
        tamper(&mut writer, "UPDATE ad_lines SET sum = 141");
        found("the clicks do not add up to their transfer");
        tamper(&mut writer, "UPDATE ad_lines SET sum = 140, lines = x'00026b316400'");
        found("the clicks");
        tamper(&mut writer, "DELETE FROM ad_lines");
        found("clicks = lines = transfer");
        tamper(&mut writer, "UPDATE ad_budget_days SET spent = 139");
        found("spend of a day = its sources");
        tamper(&mut writer, "UPDATE ad_accounts SET arrears_since = 5");
        found("advertisers with arrears are stopped");
        tamper(&mut writer, "UPDATE ad_accounts SET arrears_since = NULL, grants = 1");
        found("open grants");
        tamper(&mut writer, "UPDATE ad_accounts SET grants = 0");
        // Nobody's row: what is owed is found all the same.
        assert_eq!(charge(&mut writer, vec![click("k3", id, now, 900)]), ["900"]);
        post(&mut writer, Step::Post, &revenue(), &cash(1), 10);
        found("nothing is owed beside it");
        tamper(&mut writer, "DELETE FROM ad_accounts");
        found("no row that stops its delivery");
        tamper(
            &mut writer,
            "INSERT INTO ad_top_ups VALUES (x'0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', x'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 1, \
             'payment', 1, 5, 5, 5)",
        );
        found("top-ups = payments, less what went back");
        tamper(
            &mut writer,
            "INSERT INTO ad_hours VALUES (x'0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 1, 1, 1, 0, 0, 0, 0)",
        );
        found("figures by hour = figures by day");
        tamper(&mut writer, "DELETE FROM ad_open_days");
        found("days that are open");
    });
}
