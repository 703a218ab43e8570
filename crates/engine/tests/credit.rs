//! The pay-later limit on both databases: evaluated (C1, C4, C8), used and restored (C11, C12), explained at any instant
//! (C9), decided by staff and by two people (C5, C7, C18, P16), proved (P3).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod shops;
mod support;

use std::collections::BTreeMap;

use purser_domain::{
    credit::{
        Component, Dsr, Emergency, MonthFacts, Override, Promotion, RestrictionKind, Rule, Source, decode,
    },
    ids::{CaseId, PartyId},
    ledger::{AccountKind, AccountRef},
    money::{Currency, Rate},
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::{DAY, Date, HOUR, Month, Timestamp},
};
use purser_engine::{
    Rejection, Writer,
    approvals::{Action, Decide, Propose},
    credit::{
        self, AsOf, Cause, ChangeShop, CreditOrderRow, EndAdvance, EvaluateDueShops, LimitView, Loss,
        OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopChange, ShopReport, credit_order_id,
        risk::Told,
    },
    invariants,
    jobs::{self, ArmSchedules, Registry},
    parties::{ChangeParty, PartyChange, RegisterParty, party_id},
    verify::verify_full,
};
use support::{Books, at, balance, run};

fn shop(writer: &mut Writer, name: &str) -> PartyId {
    let profile = Profile {
        external_id: name.to_owned(),
        display_name: "Shop".to_owned(),
        roles: Roles::NONE.with(Role::Merchant),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    run(writer, RegisterParty(profile)).unwrap().id
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn report(writer: &mut Writer, party: PartyId, item: ShopReport) -> Result<i64, Rejection> {
    run(writer, ReportShops { items: vec![(party, item)], single: true })
        .map(|mut outcomes| outcomes.pop().unwrap().unwrap().0.total)
}

/// A shop of two years with a credit evaluation of 1,000.00.
fn known_shop(writer: &mut Writer, name: &str) -> PartyId {
    let party = shop(writer, name);
    let component = Component {
        source: Source::CreditEvaluation,
        amount_minor: 100_000,
        since: day("2024-03-01"),
        until: None,
    };
    let item = ShopReport {
        opened_on: Some(day("2024-03-01")),
        level: Some(2),
        components: vec![component],
        ..ShopReport::default()
    };
    assert_eq!(report(writer, party, item), Ok(100_000));
    party
}

fn item(order: &str, event_id: &str, merchant: PartyId, event: OrderEvent, at: Timestamp) -> OrderReport {
    let (order_id, event_id) = (order.to_owned(), event_id.to_owned());
    OrderReport { order_id, event_id, merchant, event, currency: Currency::CNY, at, told: Told::default() }
}

fn tell(
    books: &Books,
    writer: &mut Writer,
    merchant: PartyId,
    order: &str,
    event: OrderEvent,
) -> Result<(CreditOrderRow, bool), Rejection> {
    let at = books.clock.business();
    let items = vec![item(order, event.name(), merchant, event, at)];
    run(writer, ReportCreditOrders { items, single: true }).map(|mut o| o.pop().unwrap().unwrap())
}

fn limit(books: &Books, party: PartyId) -> LimitView {
    let as_of = AsOf { rules: &books.rules(), now: books.clock.business() };
    credit::limit(books.reader().as_mut(), party, as_of).unwrap().unwrap()
}

fn proven(books: &Books) {
    let zone = purser_domain::time::Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

/// Two people decide a change of a shop.
fn approve(writer: &mut Writer, action: &str, subject: &str, facts: &purser_engine::facts::Facts) {
    let action =
        Action::Other { action: action.to_owned(), subject: subject.to_owned(), facts: facts.clone() };
    let id = run(writer, Propose { action, by: "staff:li".to_owned() }).unwrap();
    run(writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
}

#[test]
fn used_reserved_and_available_follow_the_orders_c1_c11_c12() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let tell = |writer: &mut Writer, order: &str, event| tell(books, writer, party, order, event);
        let (row, new) = tell(&mut writer, "a", OrderEvent::Authorised(30_000, None)).unwrap();
        assert!(new && row.reserved == 30_000);
        assert!(!tell(&mut writer, "a", OrderEvent::Authorised(30_000, None)).unwrap().1, "once");
        let other = tell(&mut writer, "a", OrderEvent::Authorised(30_001, None)).unwrap_err();
        assert_eq!(other.code, "event_conflict");
        // Another due date is another order, under the same event and under a new one.
        let dated = OrderEvent::Authorised(30_000, Some(day("2026-05-01")));
        assert_eq!(tell(&mut writer, "a", dated).unwrap_err().code, "event_conflict");
        let again = item("a", "another", party, dated, books.clock.business());
        let again = run(&mut writer, ReportCreditOrders { items: vec![again], single: true }).unwrap_err();
        assert_eq!((again.code, again.field.as_deref()), ("order_conflict", Some("/due_on")));
        // Who has a reservation, or owes, is not closed.
        let close = || ChangeParty { id: party, change: PartyChange::Close, if_version: None };
        assert_eq!(run(&mut writer, close()).unwrap_err().code, "party_not_empty");
        let view = limit(books, party);
        assert_eq!((view.used_minor, view.shop.reserved, view.available_minor()), (0, 30_000, 70_000));
        tell(&mut writer, "a", OrderEvent::Shipped(None)).unwrap();
        let view = limit(books, party);
        assert_eq!((view.used_minor, view.shop.reserved, view.available_minor()), (30_000, 0, 70_000));
        assert_eq!(view.proceeds_minor, 30_000, "the advance");
        // Beyond the limit: the shop's liability.
        tell(&mut writer, "b", OrderEvent::Authorised(90_000, None)).unwrap();
        tell(&mut writer, "b", OrderEvent::Shipped(None)).unwrap();
        let view = limit(books, party);
        assert_eq!((view.used_minor, view.liability_minor, view.available_minor()), (100_000, 20_000, 0));
        tell(&mut writer, "b", OrderEvent::Paid(90_000)).unwrap();
        let view = limit(books, party);
        assert_eq!((view.used_minor, view.liability_minor, view.proceeds_minor), (30_000, 0, 120_000));
        let clearing = AccountRef::platform(AccountKind::ClientsClearing, Currency::CNY);
        assert_eq!(balance(&mut writer, &clearing).0, -90_000);
        let events = credit::order_events(books.reader().as_mut(), credit_order_id("b"), None).unwrap().rows;
        assert_eq!(events.len(), 3);
        let foreign = shop(&mut writer, "s2");
        assert_eq!(
            super_tell(books, &mut writer, foreign, "a", OrderEvent::Cancelled),
            "credit_shop_unknown"
        );
        proven(books);
    });
}

fn super_tell(
    books: &Books,
    writer: &mut Writer,
    party: PartyId,
    order: &str,
    event: OrderEvent,
) -> &'static str {
    tell(books, writer, party, order, event).unwrap_err().code
}

#[test]
fn limits_change_with_reports_and_dates_and_can_be_read_back_c4_c8_c9() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let month = Month { year: 2026, month: 2 };
        let dsr = Some(Dsr { description: 480, service: 490, logistics: 470 });
        let facts = MonthFacts { orders: 9, turnover_minor: 90_000_000, return_rate: Rate::ZERO, dsr };
        let february = ShopReport { months: vec![(month, facts)], ..ShopReport::default() };
        let before = books.clock.business();
        books.advance(DAY);
        assert_eq!(report(&mut writer, party, february.clone()), Ok(120_000), "C4: 20 % for a good month");
        let other = MonthFacts { orders: 10, ..facts };
        let contradicts = ShopReport { months: vec![(month, other)], ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, contradicts).unwrap_err().code, "month_conflict");
        let march = ShopReport { months: vec![(month.plus(1), facts)], ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, march).unwrap_err().code, "month_not_closed");
        assert_eq!(report(&mut writer, party, february), Ok(120_000), "once more changes nothing");
        // C9: the steps of any past instant.
        let (mut reads, rules) = (books.reader(), books.rules());
        let as_of = AsOf { rules: &rules, now: books.clock.business() };
        let then = credit::evaluation_at(reads.as_mut(), party, as_of, before).unwrap().unwrap();
        assert_eq!((then.seq, then.total), (1, 100_000));
        let now =
            credit::evaluation_at(reads.as_mut(), party, as_of, books.clock.business()).unwrap().unwrap();
        let rules: Vec<Rule> = decode(&now.steps).unwrap().iter().map(|step| step.rule).collect();
        assert_eq!((now.seq, now.before, rules), (2, 100_000, vec![Rule::CreditEvaluation, Rule::Dsr]));
        assert_eq!(credit::evaluation_at(reads.as_mut(), party, as_of, before.plus(-DAY)).unwrap(), None);
        // The boost ends by itself a year after it began.
        books.advance(at("2027-03-01T00:00:01+08:00").0 - books.clock.business().0);
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        let view = limit(books, party);
        assert_eq!(view.shop.total, 100_000);
        assert!([Cause::DATE, Cause::QUARTER].contains(&view.evaluation.unwrap().cause.as_str()));
        assert_eq!(credit::evaluations(books.reader().as_mut(), party, None, 10).unwrap()[0].total, 100_000);
        proven(books);
    });
}

#[test]
fn staff_restrict_lift_promote_and_two_people_set_limits_c5_c7_c18_p16() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let change = |writer: &mut Writer, change: ShopChange| {
            run(writer, ChangeShop { party, change, reason: "see case 7".to_owned() }).map(|row| row.total)
        };
        let violation = RestrictionKind::Violation;
        assert_eq!(change(&mut writer, ShopChange::Restrict(violation)), Ok(0));
        assert_eq!(change(&mut writer, ShopChange::Lift(violation)), Ok(100_000));
        // The platform's regular report takes back what it said itself, and nothing that staff decided.
        let flag = |high_risk| ShopReport { high_risk: Some(high_risk), ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, flag(true)), Ok(0));
        assert_eq!(report(&mut writer, party, flag(false)), Ok(100_000));
        assert_eq!(change(&mut writer, ShopChange::Restrict(RestrictionKind::HighRisk)), Ok(0));
        assert_eq!(report(&mut writer, party, flag(false)), Ok(0));
        assert_eq!(change(&mut writer, ShopChange::Lift(RestrictionKind::HighRisk)), Ok(100_000));
        let sale =
            |rate| Promotion { from: day("2026-03-01"), until: day("2026-03-10"), rate: Rate::ppm(rate) };
        let refused = change(&mut writer, ShopChange::Promote(sale(500_001))).unwrap_err();
        assert_eq!(refused.code, "promotion_too_large");
        assert_eq!(change(&mut writer, ShopChange::Promote(sale(300_000))), Ok(130_000));
        let refused = change(&mut writer, ShopChange::Promote(sale(100_000))).unwrap_err();
        assert_eq!(refused.code, "promotion_overlaps");
        let limit = Emergency { from: day("2026-03-01"), until: day("2026-03-05"), amount_minor: 50_000 };
        // It rests on papers of this merchant (C18).
        let other = known_shop(&mut writer, "s2");
        for case in [CaseId::default(), shops::papers(&mut writer, other)] {
            let no = change(&mut writer, ShopChange::Emergency(limit, case)).unwrap_err();
            assert_eq!((no.code, no.field.as_deref()), ("evidence_missing", Some("/evidence")));
        }
        let emergency = ShopChange::Emergency(limit, shops::papers(&mut writer, party));
        assert_eq!(change(&mut writer, emergency).unwrap_err().code, "approval_required");
        approve(&mut writer, "credit.emergency", &party.to_string(), &emergency.approved_facts("see case 7"));
        assert_eq!(change(&mut writer, emergency), Ok(180_000));
        assert_eq!(change(&mut writer, emergency).unwrap_err().code, "approval_required", "used up");
        let fix = ShopChange::Fix(Override { from: day("2026-03-01"), until: None, amount_minor: 12_345 });
        approve(&mut writer, "credit.override", &party.to_string(), &fix.approved_facts("see case 7"));
        assert_eq!(change(&mut writer, fix), Ok(12_300), "down to the yuan");
        assert_eq!(change(&mut writer, ShopChange::Unfix), Ok(180_000));
        proven(books);
    });
}

#[test]
fn a_default_is_written_off_by_two_people_and_restores_the_limit_c11() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        tell(books, &mut writer, party, "a", OrderEvent::Authorised(30_000, None)).unwrap();
        tell(books, &mut writer, party, "a", OrderEvent::Shipped(None)).unwrap();
        books.advance(92 * DAY + HOUR);
        let today = purser_domain::time::Zone::shanghai().date(books.clock.business());
        let buckets = credit::overdue(books.reader().as_mut(), party, today).unwrap();
        assert_eq!(buckets.map(|(bucket, count, sum)| (bucket.name(), count, sum))[2], ("61-90", 1, 30_000));
        let reason = "insolvent buyer".to_owned();
        let end = |writer: &mut Writer, amount_minor| {
            let (order, loss) = (credit_order_id("a"), Loss::WriteOff);
            let reason = reason.clone();
            run(writer, EndAdvance { order, merchant: party, loss, amount_minor, reason })
        };
        assert_eq!(end(&mut writer, 30_000).unwrap_err().code, "approval_required");
        let facts = Loss::facts(30_000, &reason);
        approve(&mut writer, "credit.write_off", &credit_order_id("a").to_string(), &facts);
        end(&mut writer, 30_000).unwrap();
        let view = limit(books, party);
        assert_eq!((view.used_minor, view.available_minor(), view.proceeds_minor), (0, 100_000, 30_000));
        // The buyer pays after all: that makes good the loss, and the shop gets nothing twice.
        let bad_debt = AccountRef::platform(AccountKind::ExpenseBadDebt, Currency::CNY);
        assert_eq!(balance(&mut writer, &bad_debt).0, 30_000);
        tell(books, &mut writer, party, "a", OrderEvent::Paid(30_000)).unwrap();
        assert_eq!((balance(&mut writer, &bad_debt).0, limit(books, party).proceeds_minor), (0, 30_000));
        let more = item("a", "paid again", party, OrderEvent::Paid(1), books.clock.business());
        let more = run(&mut writer, ReportCreditOrders { items: vec![more], single: true }).unwrap_err();
        assert_eq!(more.code, "more_than_payable");
        proven(books);
    });
}

#[test]
fn bad_items_leave_the_others_alone_c11() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let nobody = party_id("nobody");
        let now = books.clock.business();
        let ok = OrderEvent::Authorised(1_000, None);
        let items = vec![
            item("a", "1", party, ok, now),
            item("", "1", party, ok, now),
            item("b", "", party, ok, now),
            item("c", "1", nobody, ok, now),
            item("d", "1", party, OrderEvent::Authorised(0, None), now),
            item("e", "1", party, ok, now.plus(DAY)),
            item("f", "1", party, OrderEvent::Shipped(None), now),
            item("a", "2", party, OrderEvent::Shipped(Some(1_001)), now),
            item("a", "3", party, OrderEvent::Paid(400), now.plus(-DAY)),
            item("a", "4", party, OrderEvent::Shipped(Some(600)), now),
            item("a", "4", party, OrderEvent::Shipped(Some(600)), now),
        ];
        let outcomes = run(&mut writer, ReportCreditOrders { items, single: false }).unwrap();
        let codes: Vec<&str> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Ok((_, true)) => "new",
                Ok((_, false)) => "known",
                Err(rejection) => rejection.code,
            })
            .collect();
        let expected = [
            "new",
            "order_id_invalid",
            "event_id_invalid",
            "party_unknown",
            "amount_not_positive",
            "in_the_future",
            "order_unknown",
            "more_than_authorised",
            "before_authorised",
            "new",
            "known",
        ];
        assert_eq!(codes, expected);
        assert_eq!(limit(books, party).used_minor, 600);
        proven(books);
    });
}

/// C11: what nobody ships for reserves a part of the limit for so long and no longer; what was shipped in time is
/// advanced, also when it is told late.
#[test]
fn an_authorisation_ends_when_nobody_ships_for_it_c11() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        let party = known_shop(&mut writer, "s1");
        let begun = books.clock.business();
        let row = tell(books, &mut writer, party, "a", OrderEvent::Authorised(30_000, None)).unwrap().0;
        assert_eq!(row.ends_at, begun.plus(90 * DAY));
        tell(books, &mut writer, party, "b", OrderEvent::Authorised(20_000, None)).unwrap();
        tell(books, &mut writer, party, "b", OrderEvent::Shipped(Some(5_000))).unwrap();
        tell(books, &mut writer, party, "c", OrderEvent::Authorised(10_000, None)).unwrap();
        tell(books, &mut writer, party, "c", OrderEvent::Paid(10_000)).unwrap();
        books.advance(90 * DAY - HOUR);
        shops::step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, party).shop.reserved, 45_000, "a moment too early");
        proven(books);

        // The job has not come yet: what is shipped now is refused all the same.
        books.advance(HOUR);
        let late = tell(books, &mut writer, party, "a", OrderEvent::Shipped(None)).unwrap_err();
        assert_eq!(late.code, "authorisation_expired");
        books.advance(HOUR);
        shops::step(books, &mut writer, &mut registry);
        let view = limit(books, party);
        assert_eq!(
            (view.shop.reserved, view.used_minor, view.shop.to_ship),
            (0, 5_000, 1),
            "what is paid stays"
        );
        let order =
            |name: &str| credit::order(books.reader().as_mut(), credit_order_id(name)).unwrap().unwrap();
        assert_eq!(["a", "b", "c"].map(|name| order(name).expired), [30_000, 15_000, 0]);
        let events = credit::order_events(books.reader().as_mut(), credit_order_id("b"), None).unwrap().rows;
        let last = events.last().unwrap();
        assert_eq!((last.kind.as_str(), last.amount), ("credit.expired", 15_000));
        let told = shops::messages(books, party, "credit.orders_expired");
        let figures = |name: &str| told[0].facts.get_int(name);
        assert_eq!(told.len(), 1);
        assert_eq!(
            ["orders", "amount_minor", "freed_minor"].map(figures),
            [Some(2), Some(45_000), Some(45_000)]
        );
        proven(books);

        // Once: another round finds nothing. What was shipped in time is told now; what is paid is shipped whenever.
        books.advance(HOUR);
        shops::step(books, &mut writer, &mut registry);
        assert_eq!(shops::messages(books, party, "credit.orders_expired").len(), 1);
        let mut in_time = item("a", "sent", party, OrderEvent::Shipped(None), begun.plus(3 * DAY));
        let told = |writer: &mut Writer, item| {
            run(writer, ReportCreditOrders { items: vec![item], single: true })
                .map(|mut o| o.pop().unwrap().unwrap().0)
        };
        let row = told(&mut writer, in_time.clone()).unwrap();
        assert_eq!((row.receivable, row.expired, row.cancelled), (30_000, 0, 0));
        tell(books, &mut writer, party, "c", OrderEvent::Shipped(None)).unwrap();
        in_time = item("b", "sent", party, OrderEvent::Shipped(Some(15_001)), begun.plus(3 * DAY));
        assert_eq!(told(&mut writer, in_time).unwrap_err().code, "more_than_authorised");
        assert_eq!(limit(books, party).shop.to_ship, 0);
        proven(books);
    });
}
