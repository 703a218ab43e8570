//! Reminders and records of the pay-later limit on both databases (C5, C10, C24, C26).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod shops;
mod support;

use std::collections::BTreeSet;

use purser_domain::{
    ledger::TransferKind,
    money::Currency,
    policy::DEFAULT_PACK,
    time::{DAY, Timestamp},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    credit::{
        self, BillFilter, LineFilter, OrderEvent, OrderReport, ReportCreditOrders, ShopReport,
        credit_order_id, risk::Told,
    },
    jobs::{self, ArmSchedules, Registry},
    rules::PolicyActivation,
};
use shops::{day, go_to, known_shop, messages, proven, report, shop, step, tell};
use support::{Books, run};

#[test]
fn merchants_are_reminded_once_of_what_ends_and_what_comes_c24_c5() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        step(books, &mut writer, &mut registry);
        let party = known_shop(&mut writer, "s1");
        let trained = ShopReport { trainings: vec![day("2026-03-02")], ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, trained), 1_100_000);
        let count = |kind: &str| messages(books, party, kind).len();
        let mut at = |writer: &mut Writer, text: &str| {
            go_to(books, text);
            // Twice: what was told is not told again.
            step(books, writer, &mut registry);
            step(books, writer, &mut registry);
        };
        // On the 5th of each month, once.
        at(&mut writer, "2026-03-04T12:00:00+08:00");
        assert_eq!(count("credit.check_reminder"), 0);
        at(&mut writer, "2026-03-05T12:00:00+08:00");
        assert_eq!(count("credit.check_reminder"), 1);
        at(&mut writer, "2026-03-06T12:00:00+08:00");
        assert_eq!(count("credit.check_reminder"), 1);
        at(&mut writer, "2026-04-05T12:00:00+08:00");
        assert_eq!(count("credit.check_reminder"), 2);
        // 30 days before the sale.
        at(&mut writer, "2026-05-01T12:00:00+08:00");
        assert_eq!(count("credit.sale_announced"), 0);
        at(&mut writer, "2026-05-02T12:00:00+08:00");
        assert_eq!(count("credit.sale_announced"), 1);
        // 14 days before the training's boost ends on 2 June.
        at(&mut writer, "2026-05-18T12:00:00+08:00");
        assert_eq!(count("credit.boost_ending"), 0);
        at(&mut writer, "2026-05-19T12:00:00+08:00");
        let told = messages(books, party, "credit.boost_ending");
        assert_eq!((told.len(), told[0].facts.get_text("until").as_deref()), (1, Some("2026-06-02")));
        at(&mut writer, "2026-05-25T12:00:00+08:00");
        assert_eq!((count("credit.boost_ending"), count("credit.sale_announced")), (1, 1));
        // Another training prolongs it: its new end is told of anew.
        let again = ShopReport { trainings: vec![day("2026-05-25")], ..ShopReport::default() };
        report(&mut writer, party, again);
        at(&mut writer, "2026-08-12T12:00:00+08:00");
        assert_eq!(count("credit.boost_ending"), 2);
        proven(books);
    });
}

#[test]
fn most_of_the_limit_in_use_is_warned_of_once_until_it_falls_c10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let order =
            |writer: &mut Writer, order: &str, event| tell(books, writer, party, order, event).unwrap();
        let count = || messages(books, party, "credit.mostly_used").len();
        order(&mut writer, "a", OrderEvent::Authorised(79_999, None));
        assert_eq!(count(), 0);
        order(&mut writer, "b", OrderEvent::Authorised(1, None));
        assert_eq!(count(), 1, "80 %");
        order(&mut writer, "c", OrderEvent::Authorised(1_000, None));
        order(&mut writer, "a", OrderEvent::Shipped(None));
        assert_eq!(count(), 1, "once");
        order(&mut writer, "a", OrderEvent::Paid(79_999));
        order(&mut writer, "d", OrderEvent::Authorised(90_000, None));
        assert_eq!(count(), 2, "it had fallen");
        proven(books);
    });
}

/// C26: an order with ever so many events is read page by page, none is left out, and its scans are no lines.
#[test]
fn an_order_with_many_events_makes_no_endless_page_c26() {
    Books::each(|books| {
        let mut writer = books.writer();
        let merchant = known_shop(&mut writer, "s1");
        let at = books.clock.business();
        let item = |event_id: String, event| OrderReport {
            order_id: "a".to_owned(),
            event_id,
            merchant,
            event,
            currency: Currency::CNY,
            at,
            told: Told::default(),
        };
        let mut items = vec![
            item("new".to_owned(), OrderEvent::Authorised(2_000, None)),
            item("sent".to_owned(), OrderEvent::Shipped(None)),
        ];
        for n in 0..1_100 {
            items.push(item(format!("paid {n:04}"), OrderEvent::Paid(1)));
            items.push(item(format!("seen {n:04}"), OrderEvent::Scanned));
        }
        let outcomes = run(&mut writer, ReportCreditOrders { items, single: false }).unwrap();
        assert!(outcomes.iter().all(Result::is_ok));
        let older = tell(books, &mut writer, merchant, "0", OrderEvent::Authorised(7, None));
        assert!(older.is_ok());
        let whole = |filter: &BillFilter, most: usize| {
            let (mut found, mut place) = (Vec::new(), None);
            loop {
                let page =
                    credit::bill_lines(books.reader().as_mut(), merchant, filter, place, most).unwrap();
                assert!(page.rows.len() <= most);
                found.extend(page.rows.into_iter().map(|line| (line.order.external_id, line.event.event_id)));
                place = page.next;
                if place.is_none() {
                    return found;
                }
            }
        };
        let lines = whole(&BillFilter::default(), 1_000);
        assert_eq!(lines.len(), 1_103);
        assert!(lines.iter().all(|(_, event)| !event.starts_with("seen")));
        let distinct: BTreeSet<_> = lines.iter().collect();
        assert_eq!(distinct.len(), lines.len(), "each once");
        for most in [1, 97, 100] {
            assert_eq!(whole(&BillFilter::default(), most), lines);
        }
        let shipped = BillFilter { kind: Some("shipped".to_owned()), ..BillFilter::default() };
        assert_eq!(whole(&shipped, 2), [("a".to_owned(), "sent".to_owned())]);
        // The order's own page goes on as well.
        let id = credit_order_id("a");
        let first = credit::order_events(books.reader().as_mut(), id, None).unwrap();
        let second = credit::order_events(books.reader().as_mut(), id, first.next.clone()).unwrap();
        let third = credit::order_events(books.reader().as_mut(), id, second.next.clone()).unwrap();
        let counts = [first, second, third].map(|page| (page.rows.len(), page.next.is_some()));
        assert_eq!(counts, [(1_000, true), (1_000, true), (202, false)]);
        proven(books);
    });
}

#[test]
fn records_of_a_merchant_page_and_filter_from_the_first_day_c26() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let first: Timestamp = books.clock.business();
        for n in 0..7_i64 {
            let name = format!("order-{n}");
            let order = |writer: &mut Writer, event| tell(books, writer, party, &name, event).unwrap();
            order(&mut writer, OrderEvent::Authorised(1_000 + n, None));
            order(&mut writer, OrderEvent::Shipped(None));
            if n % 2 == 0 {
                order(&mut writer, OrderEvent::Paid(1_000 + n));
            }
            books.advance(DAY);
        }
        let bills = |filter: &BillFilter, before, most| {
            credit::bill_lines(books.reader().as_mut(), party, filter, before, most).unwrap()
        };
        let whole = bills(&BillFilter::default(), None, 1_000);
        assert_eq!((whole.rows.len(), whole.next), (7 + 7 + 4, None));
        assert_eq!(whole.rows[0].order.external_id, "order-6");
        let (mut before, mut paged) = (None, Vec::new());
        loop {
            let page = bills(&BillFilter::default(), before, 3);
            paged.extend(page.rows);
            match page.next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        assert_eq!(paged, whole.rows);
        let paid = BillFilter { kind: Some("paid".to_owned()), ..BillFilter::default() };
        assert_eq!(bills(&paid, None, 100).rows.len(), 4);
        let early = BillFilter { until: Some(first.plus(DAY)), ..BillFilter::default() };
        assert_eq!(bills(&early, None, 100).rows.len(), 3, "the first day's");
        let word = BillFilter { keyword: Some("ORDER-3".to_owned()), ..BillFilter::default() };
        assert_eq!(bills(&word, None, 100).rows.len(), 2);
        let foreign = shop(&mut writer, "s2");
        let none =
            credit::bill_lines(books.reader().as_mut(), foreign, &BillFilter::default(), None, 9).unwrap();
        assert!(none.rows.is_empty());
        // Proceeds: every line of the account that changed it; advances come in, what buyers pay goes to the receivable.
        let lines = |filter: &LineFilter, from, most| {
            let mut reads = books.reader();
            credit::proceeds_lines(reads.as_mut(), party, Currency::CNY, filter, from, most).unwrap()
        };
        let whole = lines(&LineFilter::default(), None, 1_000);
        assert_eq!((whole.rows.len(), whole.next), (7, None));
        assert_eq!(whole.rows[0].line.balance_minor, (0..7).map(|n| 1_000 + n).sum::<i64>());
        assert_eq!(whole.rows[6].order.as_ref().unwrap().external_id, "order-0");
        let (mut from, mut paged) = (None, Vec::new());
        loop {
            let page = lines(&LineFilter::default(), from, 2);
            paged.extend(page.rows);
            match page.next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
        assert_eq!(paged, whole.rows);
        let late = LineFilter { since: Some(first.plus(5 * DAY)), ..LineFilter::default() };
        assert_eq!(lines(&late, None, 100).rows.len(), 2);
        let kind = LineFilter { kind: Some(TransferKind::CreditRefund), ..LineFilter::default() };
        assert!(lines(&kind, None, 100).rows.is_empty());
        let out = LineFilter { incoming: Some(false), ..LineFilter::default() };
        assert!(lines(&out, None, 100).rows.is_empty());
        proven(books);
    });
}

/// A policy with further entries, put in force by two people.
fn activate(writer: &mut Writer, entries: &str, base: u32) {
    let text = format!("{DEFAULT_PACK}{entries}");
    let activation = PolicyActivation::parse("new.toml", &text, base).unwrap();
    let propose = Propose { action: Action::ActivatePolicy(activation), by: "staff:li".to_owned() };
    let id = run(writer, propose).unwrap();
    run(writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
}

#[test]
fn a_change_of_the_rules_is_told_once_and_never_where_controls_begin_c24() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        step(books, &mut writer, &mut registry);
        let party = known_shop(&mut writer, "s1");
        let entry = |key: &str, row: &str, value: &str| {
            format!(
                "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2026-04-01\"\nvalue = {value}\n\
                 source = \"test\"\n"
            )
        };
        // Where a draw is held is nobody's business outside the desk.
        let secret =
            entry("velocity.requests", "C19", "3") + &entry("credit.risk.near_limit", "C21", "800_000");
        activate(&mut writer, &secret, 1);
        go_to(books, "2026-03-03T12:00:00+08:00");
        step(books, &mut writer, &mut registry);
        assert!(messages(books, party, "credit.policy_changed").is_empty());
        let shown = entry("credit.dsr.boost", "C4", "250_000");
        activate(&mut writer, &format!("{secret}{shown}"), 2);
        go_to(books, "2026-03-04T12:00:00+08:00");
        step(books, &mut writer, &mut registry);
        step(books, &mut writer, &mut registry);
        go_to(books, "2026-03-06T12:00:00+08:00");
        step(books, &mut writer, &mut registry);
        let told = messages(books, party, "credit.policy_changed");
        assert_eq!(told.len(), 1);
        let facts = &told[0].facts;
        assert_eq!(facts.get_text("keys").as_deref(), Some("credit.dsr.boost"));
        assert_eq!(facts.get_text("effective_from").as_deref(), Some("2026-04-01"));
        proven(books);
    });
}

/// C24: more merchants than one commit tells are all told, once each.
#[test]
fn every_merchant_is_told_page_by_page_c24() {
    let books = Books::file();
    let mut writer = books.writer();
    run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
    let mut registry = Registry::new().with_builtin();
    step(&books, &mut writer, &mut registry);
    let shops: Vec<_> = (0..1_003).map(|n| known_shop(&mut writer, &format!("s{n}"))).collect();
    go_to(&books, "2026-03-05T12:00:00+08:00");
    step(&books, &mut writer, &mut registry);
    let told: Vec<usize> =
        shops.iter().map(|party| messages(&books, *party, "credit.check_reminder").len()).collect();
    assert!(told.iter().all(|count| *count == 1), "{told:?}");
}
