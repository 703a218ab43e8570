//! Delayed settlement (X2), and what becomes of a promise for a year that the calendar does not know (P5).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeMap;

use purser_domain::{
    earnings::TaskType,
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::{MINUTE, Timestamp},
};
use purser_engine::{
    Writer,
    earnings::{OrderReport, ReportTaskOrders, Reported, SettleDueOrders, TaskOrderRow, order, order_id},
    invariants,
    jobs::{self, ArmSchedules, Registry},
    parties::RegisterParty,
    rules::{ImportCalendarYear, RulesSource},
    verify::verify_full,
};
use support::{Books, at, balance, run};

/// The default rules, but completed orders settle after so many working days.
fn delayed(days: u32) -> RulesSource {
    let entry = "key = \"settlement.delay\"\nrow = \"X2\"\neffective_from = \"2000-01-01\"\nvalue = ";
    assert!(DEFAULT_PACK.contains(&format!("{entry}0")));
    let text = DEFAULT_PACK.replace(&format!("{entry}0"), &format!("{entry}{days}"));
    RulesSource { first_pack: ("delayed.toml".to_owned(), text), ..RulesSource::builtin() }
}

fn creator(writer: &mut Writer) -> PartyId {
    named(writer, "c-1")
}

fn named(writer: &mut Writer, name: &str) -> PartyId {
    let profile = Profile {
        external_id: name.to_owned(),
        display_name: "Creator".to_owned(),
        roles: Roles::NONE.with(Role::Creator),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    run(writer, RegisterParty(profile)).unwrap().id
}

fn completed(name: &str, creator: PartyId, completed_at: Timestamp) -> OrderReport {
    OrderReport {
        external_id: name.to_owned(),
        creator,
        task_type: TaskType::Video,
        title: String::new(),
        metadata: None,
        amount_minor: 10_000,
        currency: Currency::CNY,
        accepted_at: completed_at.plus(-60 * MINUTE),
        status: Reported::Completed(completed_at),
    }
}

fn report(writer: &mut Writer, items: Vec<OrderReport>) {
    let outcomes = run(writer, ReportTaskOrders { items, single: false }).unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

fn stored(books: &Books, name: &str) -> TaskOrderRow {
    order(books.reader().as_mut(), order_id(name)).unwrap().unwrap()
}

fn move_to(books: &Books, to: &str) {
    books.advance(at(to).0 - books.clock.business().0);
}

fn earned(writer: &mut Writer, creator: PartyId) -> i64 {
    balance(writer, &AccountRef::party(creator, AccountKind::Earnings, Currency::CNY)).0
}

fn settle(writer: &mut Writer) -> usize {
    run(writer, SettleDueOrders { limit: 100 }).unwrap()
}

/// Runs jobs until nothing is due.
fn work(books: &Books, writer: &mut Writer) {
    run(writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
    let mut registry = Registry::new().with_builtin();
    let mut reads = books.reader();
    while jobs::run_due(writer, reads.as_mut(), &books.clock, &mut registry).unwrap() > 0 {}
}

fn proven(books: &Books) {
    let zone = purser_domain::time::Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

/// X2: an order that cannot be booked waits, and holds up nobody else's.
#[test]
fn one_order_that_cannot_settle_stops_no_other_x2() {
    Books::each(|books| {
        let mut writer = books.writer_by(delayed(2));
        let [one, other, third] = ["c-1", "c-2", "c-3"].map(|name| named(&mut writer, name));
        move_to(books, "2026-03-06T15:00:00+08:00");
        let friday = at("2026-03-06T14:00:00+08:00");
        let huge = |name: &str, creator| {
            let order = completed(name, creator, friday);
            OrderReport { amount_minor: i64::MAX / 3 * 2, ..order }
        };
        // The clients' account cannot hold both.
        report(
            &mut writer,
            vec![huge("huge", one), huge("too much", other), completed("small", third, friday)],
        );
        move_to(books, "2026-03-10T00:00:00+08:00");
        assert_eq!(settle(&mut writer), 2);
        let mut states = ["huge", "too much", "small"].map(|name| stored(books, name));
        states.sort_by_key(|row| row.settled_at.is_none());
        assert_eq!(states.each_ref().map(|row| row.status.as_str()), ["settled", "settled", "completed"]);
        assert_eq!(states[2].settle_due_at, Some(at("2026-03-11T00:00:00+08:00")), "tomorrow again");
        assert_eq!(stored(books, "small").status, "settled");
        proven(books);
    });
}

#[test]
fn an_order_settles_on_the_working_day_that_policy_says_x2() {
    Books::each(|books| {
        let mut writer = books.writer_by(delayed(2));
        let creator = creator(&mut writer);
        // Friday: the second working day after it is Tuesday.
        move_to(books, "2026-03-06T15:00:00+08:00");
        let friday = at("2026-03-06T14:00:00+08:00");
        report(&mut writer, vec![completed("a", creator, friday)]);
        let row = stored(books, "a");
        assert_eq!((row.status.as_str(), row.calendar_missing), ("completed", false));
        assert_eq!(row.settle_due_at, Some(at("2026-03-10T00:00:00+08:00")));
        // The same report again changes nothing, also later.
        report(&mut writer, vec![completed("a", creator, friday)]);
        assert_eq!(stored(books, "a").version, row.version);
        move_to(books, "2026-03-09T23:59:59+08:00");
        assert_eq!((settle(&mut writer), earned(&mut writer, creator)), (0, 0), "not a second too early");
        move_to(books, "2026-03-10T00:00:00+08:00");
        assert_eq!((settle(&mut writer), earned(&mut writer, creator)), (1, 9_500));
        assert_eq!((settle(&mut writer), earned(&mut writer, creator)), (0, 9_500), "once");
        let row = stored(books, "a");
        assert_eq!((row.status.as_str(), row.settle_due_at), ("settled", None));
        assert_eq!(row.settled_at, Some(at("2026-03-10T00:00:00+08:00")));
        // Reported so late that its day has passed: with the report.
        report(&mut writer, vec![completed("b", creator, at("2026-03-02T14:00:00+08:00"))]);
        assert_eq!(stored(books, "b").status, "settled");
        proven(books);
    });
}

#[test]
fn due_orders_settle_in_bounded_rounds() {
    Books::each(|books| {
        let mut writer = books.writer_by(delayed(1));
        let creator = creator(&mut writer);
        let items = (0..7).map(|n| completed(&n.to_string(), creator, support::start().plus(-MINUTE)));
        report(&mut writer, items.collect());
        move_to(books, "2026-03-03T00:00:00+08:00");
        let mut round = || run(&mut writer, SettleDueOrders { limit: 3 }).unwrap();
        assert_eq!([round(), round(), round(), round()], [3, 3, 1, 0]);
        assert_eq!(earned(&mut writer, creator), 7 * 9_500);
    });
}

#[test]
fn a_day_of_an_unknown_year_is_set_once_the_year_is_imported_p5() {
    Books::each(|books| {
        let mut writer = books.writer_by(delayed(3));
        let creator = creator(&mut writer);
        move_to(books, "2026-12-30T15:00:00+08:00");
        let completed_at = at("2026-12-30T14:00:00+08:00");
        let known = at("2026-12-25T14:00:00+08:00");
        report(
            &mut writer,
            vec![completed("late", creator, completed_at), completed("known", creator, known)],
        );
        let row = stored(books, "late");
        assert_eq!((row.status.as_str(), row.settle_due_at, row.calendar_missing), ("completed", None, true));
        assert_eq!(stored(books, "known").settle_due_at, None, "its day is today: settled");
        // Nothing is guessed, however late it gets.
        work(books, &mut writer);
        move_to(books, "2027-01-04T09:00:00+08:00");
        work(books, &mut writer);
        assert_eq!((settle(&mut writer), stored(books, "late").version), (0, row.version));
        // 31 December, then 4 and 5 January: the first three days of the year are off.
        let text = "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01..2027-01-03\"]\n";
        run(&mut writer, ImportCalendarYear::parse("2027.toml", text, "staff:li").unwrap()).unwrap();
        books.advance(MINUTE);
        work(books, &mut writer);
        let row = stored(books, "late");
        assert_eq!(row.settle_due_at, Some(at("2027-01-05T00:00:00+08:00")));
        assert_eq!((row.status.as_str(), row.calendar_missing), ("completed", false));
        assert_eq!(settle(&mut writer), 0, "dated, not due");
        move_to(books, "2027-01-05T00:00:00+08:00");
        assert_eq!(settle(&mut writer), 1);
        assert_eq!(stored(books, "late").status, "settled");
        assert_eq!(earned(&mut writer, creator), 2 * 9_500);
        proven(books);
    });
}

#[test]
fn an_import_after_the_day_settles_at_once_p5() {
    Books::each(|books| {
        let mut writer = books.writer_by(delayed(3));
        let creator = creator(&mut writer);
        move_to(books, "2026-12-31T15:00:00+08:00");
        report(&mut writer, vec![completed("a", creator, at("2026-12-31T14:00:00+08:00"))]);
        move_to(books, "2027-02-01T09:00:00+08:00");
        let text = "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01\"]\n";
        run(&mut writer, ImportCalendarYear::parse("2027.toml", text, "staff:li").unwrap()).unwrap();
        work(books, &mut writer);
        assert_eq!(stored(books, "a").settle_due_at, Some(at("2027-01-06T00:00:00+08:00")));
        assert_eq!((settle(&mut writer), earned(&mut writer, creator)), (1, 9_500));
    });
}
