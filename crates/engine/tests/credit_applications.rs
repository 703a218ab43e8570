//! Applications, appeals, reminders and records of the pay-later limit on both databases (C5, C7, C10, C24, C25, C26, P16).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeMap;

use purser_domain::{
    credit::{
        Component, Dsr, Ground, MonthFacts, Promotion, RestrictionKind, Source, WaivedRule,
        application::{ApplicationKind, ApplicationState, Service, ShopClaim, Terms},
    },
    ids::{PartyId, StaffId, Uid},
    ledger::TransferKind,
    money::{Currency, Rate},
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::{DAY, Date, HOUR, Month, Timestamp, Zone},
};
use purser_engine::{
    Decided, Rejection, Writer,
    approvals::{Action, Decide, Propose},
    cases::{Act, ActOnCase, Author, CaseRow},
    credit::{
        self, ApplicationDecision, ApplicationFilter, ApplyForCredit, BillFilter, ChangeFilter, ChangeShop,
        CreditApplicationRow, DecideAppeal, DecideApplication, EvaluateDueShops, FileAppeal, LimitView,
        LineFilter, OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopChange, ShopReport,
        application_state, risk::Told,
    },
    feed, invariants,
    jobs::{self, ArmSchedules, Registry},
    parties::{RegisterParty, party_id},
    rows::MessageRow,
    verify::verify_full,
};
use support::{Books, at, code, run};

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

fn report(writer: &mut Writer, party: PartyId, item: ShopReport) -> i64 {
    let mut outcomes = run(writer, ReportShops { items: vec![(party, item)], single: true }).unwrap();
    outcomes.pop().unwrap().unwrap().0.total
}

fn credit_of(amount_minor: i64) -> Component {
    Component { source: Source::CreditEvaluation, amount_minor, since: day("2024-03-01"), until: None }
}

/// A shop of two years with a credit evaluation of 1,000.00.
fn known_shop(writer: &mut Writer, name: &str) -> PartyId {
    let party = shop(writer, name);
    let item = ShopReport {
        opened_on: Some(day("2024-03-01")),
        level: Some(2),
        components: vec![credit_of(100_000)],
        ..ShopReport::default()
    };
    assert_eq!(report(writer, party, item), 100_000);
    party
}

fn tell(
    books: &Books,
    writer: &mut Writer,
    merchant: PartyId,
    order: &str,
    event: OrderEvent,
) -> Result<(), Rejection> {
    let item = OrderReport {
        order_id: order.to_owned(),
        event_id: event.name().to_owned(),
        merchant,
        event,
        currency: Currency::CNY,
        at: books.clock.business(),
        told: Told::default(),
    };
    run(writer, ReportCreditOrders { items: vec![item], single: true }).map(|_| ())
}

fn limit(books: &Books, party: PartyId) -> LimitView {
    credit::limit(books.reader().as_mut(), party, Currency::CNY, books.clock.business()).unwrap().unwrap()
}

fn proven(books: &Books) {
    let zone = Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

fn staff() -> StaffId {
    StaffId(Uid([7; 16]))
}

fn apply(party: PartyId, kind: ApplicationKind) -> ApplyForCredit {
    let claim = ShopClaim { orders: Some(40), turnover_minor: Some(900_000), ..ShopClaim::default() };
    ApplyForCredit {
        party,
        kind,
        amount_minor: None,
        sale: None,
        partner: String::new(),
        claim,
        reason: "生意增长".to_owned(),
    }
}

fn raise(party: PartyId, amount_minor: i64) -> ApplyForCredit {
    ApplyForCredit { amount_minor: Some(amount_minor), ..apply(party, ApplicationKind::Raise) }
}

fn decision(row: &CreditApplicationRow, grant: Option<Terms>) -> ApplicationDecision {
    let reason = "看过流水".to_owned();
    ApplicationDecision {
        application: row.id,
        party: row.party,
        case: row.case_id,
        grant,
        reason,
        by: staff(),
    }
}

fn decide(
    writer: &mut Writer,
    row: &CreditApplicationRow,
    grant: Option<Terms>,
) -> Decided<(CreditApplicationRow, CaseRow)> {
    run(writer, DecideApplication(decision(row, grant)))
}

fn messages(books: &Books, party: PartyId, kind: &str) -> Vec<MessageRow> {
    let all = feed::messages(books.reader().as_mut(), party, feed::NEWEST, 500).unwrap();
    all.into_iter().filter(|row| row.kind == kind).collect()
}

fn step(books: &Books, writer: &mut Writer, registry: &mut Registry) {
    let mut reads = books.reader();
    while jobs::run_due(writer, reads.as_mut(), &books.clock, registry).unwrap() > 0 {}
}

/// Business time goes on to an instant.
fn go_to(books: &Books, text: &str) {
    books.advance(at(text).0 - books.clock.business().0);
}

#[test]
fn an_approval_changes_an_input_of_the_limit_and_nothing_else_c25() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let (row, case) = run(&mut writer, raise(party, 50_000)).unwrap();
        assert_eq!(application_state(&case), ApplicationState::Submitted);
        assert_eq!(limit(books, party).shop.total, 100_000, "an application changes nothing");
        assert_eq!(code(run(&mut writer, raise(party, 50_000))), "application_pending");
        // The desk asks, the merchant answers.
        let ask = |text: &str, asks, by| ActOnCase {
            case: case.id,
            party: None,
            by,
            act: Act::Say { text: text.to_owned(), internal: false, asks },
            if_version: None,
        };
        let asked = run(&mut writer, ask("三个月流水？", true, Author::staff(staff()))).unwrap();
        assert_eq!(application_state(&asked.case), ApplicationState::MoreInformation);
        let answered = run(&mut writer, ask("已上传", false, Author::PARTY)).unwrap();
        assert_eq!(application_state(&answered.case), ApplicationState::Submitted);
        // It is decided with its record, never by its case alone, and no more is granted than was asked for.
        let alone = ActOnCase {
            act: Act::Conclude(purser_domain::casework::Outcome::Resolved, "x".to_owned()),
            ..ask("", false, Author::staff(staff()))
        };
        assert_eq!(code(run(&mut writer, alone)), "case_decided_with_record");
        let more = Terms { amount_minor: Some(50_001), ..Terms::default() };
        assert_eq!(code(decide(&mut writer, &row, Some(more))), "grant_too_large");
        let some = Terms { amount_minor: Some(30_000), ..Terms::default() };
        let (decided, case) = decide(&mut writer, &row, Some(some)).unwrap();
        assert_eq!(application_state(&case), ApplicationState::Approved);
        assert_eq!(decided.granted.get_int("amount_minor"), Some(130_000), "the part as it is now");
        assert_eq!(limit(books, party).shop.total, 130_000);
        assert_eq!(code(decide(&mut writer, &row, Some(some))), "application_not_pending");
        // C10: told with before, after and reason.
        let told = messages(books, party, "credit.limit_changed");
        let facts = &told[0].facts;
        assert_eq!(
            (facts.get_int("before_minor"), facts.get_int("total_minor")),
            (Some(100_000), Some(130_000))
        );
        assert_eq!(facts.get_text("reason").as_deref(), Some("看过流水"));
        assert_eq!(
            facts.get_text("reason_en").as_deref(),
            Some("Credit evaluation: +1000.00 yuan became +1300.00 yuan")
        );
        // Refused with a reason; then another may be filed.
        let (second, _) = run(&mut writer, raise(party, 1)).unwrap();
        let (_, case) = decide(&mut writer, &second, None).unwrap();
        assert_eq!(
            (application_state(&case), case.outcome.as_str()),
            (ApplicationState::Refused, "看过流水")
        );
        let (third, case) = run(&mut writer, raise(party, 1)).unwrap();
        let withdraw = ActOnCase { party: Some(party), act: Act::Withdraw, ..ask("", false, Author::PARTY) };
        let withdrawn = run(&mut writer, ActOnCase { case: case.id, ..withdraw }).unwrap();
        assert_eq!(application_state(&withdrawn.case), ApplicationState::Withdrawn);
        assert_eq!(code(decide(&mut writer, &third, Some(Terms::default()))), "application_not_pending");
        let filter = ApplicationFilter { party: Some(party), ..ApplicationFilter::default() };
        let list = credit::applications(books.reader().as_mut(), &filter, None, 10).unwrap();
        let ids: Vec<_> = list.rows.iter().map(|(row, _)| row.id).collect();
        assert_eq!(ids, [third.id, second.id, row.id]);
        let refused = ApplicationFilter { state: Some(ApplicationState::Refused), ..filter };
        let list = credit::applications(books.reader().as_mut(), &refused, None, 10).unwrap();
        assert_eq!((list.rows.len(), list.rows[0].0.id), (1, second.id));
        proven(books);
    });
}

#[test]
fn two_people_decide_where_more_than_the_bound_is_at_stake_c25_p16() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let (row, _) = run(&mut writer, raise(party, 20_000_000)).unwrap();
        let all = Some(Terms::default());
        assert_eq!(code(decide(&mut writer, &row, all)), "approval_required");
        // One person grants what is not above the bound, and two the rest.
        let propose = |grant, by: &str| Propose {
            action: Action::CreditApplication(decision(&row, grant)),
            by: by.to_owned(),
        };
        let id = run(&mut writer, propose(all, "staff:li")).unwrap();
        let yes = |by: &str| Decide { id, approve: true, by: by.to_owned() };
        assert_eq!(code(run(&mut writer, yes("staff:li"))), "approval_same_person");
        assert_eq!(limit(books, party).shop.total, 100_000);
        let verdict = run(&mut writer, yes("staff:wang")).unwrap();
        assert_eq!(verdict.outcome.get_int("at_stake_minor"), Some(20_000_000));
        assert_eq!(limit(books, party).shop.total, 20_100_000);
        assert_eq!(code(run(&mut writer, propose(all, "staff:li"))), "application_not_pending");
        let (small, _) = run(&mut writer, raise(party, 20_000_000)).unwrap();
        let some = Terms { amount_minor: Some(10_000_000), ..Terms::default() };
        decide(&mut writer, &small, Some(some)).unwrap();
        assert_eq!(limit(books, party).shop.total, 30_100_000);
        proven(books);
    });
}

#[test]
fn a_boost_for_a_sale_is_applied_for_and_never_overlaps_c5() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let sale = |name: &str| ApplyForCredit {
            sale: Some(name.to_owned()),
            ..apply(party, ApplicationKind::Promotion)
        };
        assert_eq!(code(run(&mut writer, sale("christmas"))), "promotion_unknown");
        let (row, _) = run(&mut writer, sale("june_18")).unwrap();
        assert_eq!(
            (row.sale_from.as_deref(), row.sale_until.as_deref()),
            (Some("2026-06-01"), Some("2026-06-21"))
        );
        let rate = |ppm| Some(Terms { rate: Some(Rate::ppm(ppm)), ..Terms::default() });
        assert_eq!(code(decide(&mut writer, &row, rate(500_001))), "promotion_too_large");
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        assert_eq!(limit(books, party).shop.total, 100_000, "not before the sale");
        assert_eq!(code(run(&mut writer, sale("june_18"))), "promotion_overlaps");
        // Another one that staff granted in the meantime is found at the decision.
        let (second, _) = run(&mut writer, sale("double_11")).unwrap();
        let other = Promotion { from: day("2026-11-05"), until: day("2026-11-06"), rate: Rate::ppm(100_000) };
        let change = ShopChange::Promote(other);
        run(&mut writer, ChangeShop { party, change, reason: "x".to_owned() }).unwrap();
        assert_eq!(code(decide(&mut writer, &second, Some(Terms::default()))), "promotion_overlaps");
        go_to(books, "2026-06-01T00:06:00+08:00");
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        assert_eq!(limit(books, party).shop.total, 130_000, "30 % of the capped value");
        // C1: at the end of its validity the limit is evaluated again and not dropped.
        go_to(books, "2026-06-21T00:06:00+08:00");
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        let shop = limit(books, party).shop;
        assert_eq!((shop.total, shop.next_on.as_deref()), (100_000, Some("2026-07-01")));
        proven(books);
    });
}

#[test]
fn closing_freezes_new_use_until_open_orders_have_ended_c25() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        let party = known_shop(&mut writer, "s1");
        let order = |writer: &mut Writer, order: &str, event| tell(books, writer, party, order, event);
        order(&mut writer, "a", OrderEvent::Authorised(30_000, None)).unwrap();
        order(&mut writer, "b", OrderEvent::Authorised(10_000, None)).unwrap();
        order(&mut writer, "b", OrderEvent::Shipped(None)).unwrap();
        let (row, _) = run(&mut writer, apply(party, ApplicationKind::Close)).unwrap();
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        let view = limit(books, party);
        assert_eq!((view.shop.service(), view.shop.total), (Service::Closing, 100_000));
        let refused = order(&mut writer, "c", OrderEvent::Authorised(1, None)).unwrap_err();
        assert_eq!(refused.code, "credit_closed");
        assert_eq!(code(run(&mut writer, raise(party, 1))), "credit_closed");
        // What was authorised before is still shipped, advanced and paid.
        order(&mut writer, "a", OrderEvent::Shipped(None)).unwrap();
        assert_eq!(limit(books, party).used_minor, 40_000);
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, party).shop.service(), Service::Closing, "orders are open");
        order(&mut writer, "a", OrderEvent::Paid(30_000)).unwrap();
        order(&mut writer, "b", OrderEvent::Paid(10_000)).unwrap();
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        let view = limit(books, party);
        assert_eq!((view.shop.service(), view.shop.total, view.proceeds_minor), (Service::Closed, 0, 40_000));
        assert_eq!(messages(books, party, "credit.closed").len(), 1);
        assert_eq!(code(run(&mut writer, apply(party, ApplicationKind::Close))), "credit_closed");
        // Opened again by an application.
        let (row, _) = run(&mut writer, apply(party, ApplicationKind::Open)).unwrap();
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        let view = limit(books, party);
        assert_eq!((view.shop.service(), view.shop.total), (Service::Open, 100_000));
        order(&mut writer, "c", OrderEvent::Authorised(1, None)).unwrap();
        // A shop of which nothing was known opens with its level; without open orders it closes at once.
        let new = shop(&mut writer, "s2");
        assert_eq!(code(run(&mut writer, raise(new, 1))), "credit_shop_unknown");
        let claim = ShopClaim { opened_on: Some(day("2026-03-01")), level: Some(3), ..ShopClaim::default() };
        let open = ApplyForCredit { claim, ..apply(new, ApplicationKind::Open) };
        let (row, _) = run(&mut writer, open).unwrap();
        assert_eq!(
            credit::limit(books.reader().as_mut(), new, Currency::CNY, books.clock.business()).unwrap(),
            None
        );
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        assert_eq!(limit(books, new).shop.total, 300_000);
        let (row, _) = run(&mut writer, apply(new, ApplicationKind::Close)).unwrap();
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        assert_eq!(limit(books, new).shop.service(), Service::Closed);
        proven(books);
    });
}

#[test]
fn an_appeal_lifts_what_it_is_against_or_does_not_c7() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let restrict = ShopChange::Restrict(RestrictionKind::Violation);
        let reason = "sold fakes, see notice 4711".to_owned();
        run(&mut writer, ChangeShop { party, change: restrict, reason }).unwrap();
        let item = ShopReport { return_rate: Some(Rate::ppm(120_000)), ..ShopReport::default() };
        assert_eq!(report(&mut writer, party, item), 0);
        assert_eq!(code(run(&mut writer, raise(party, 1))), "limit_zeroed");
        let flag = Ground::Flag(RestrictionKind::Violation);
        let figures = Ground::Figures(WaivedRule::ReturnRate);
        let file = |ground| FileAppeal { party, ground, plan: "下架并培训员工".to_owned() };
        let other = Ground::Flag(RestrictionKind::HighRisk);
        assert_eq!(code(run(&mut writer, file(other))), "appeal_unfounded");
        let (row, case) = run(&mut writer, file(flag)).unwrap();
        assert_eq!((row.total, case.kind.as_str(), case.messages), (0, "limit_appeal", 1));
        assert_eq!(code(run(&mut writer, file(flag))), "appeal_pending");
        let decide = |ground, grant, until: Option<&str>| DecideAppeal {
            party,
            ground,
            grant,
            until: until.map(day),
            reason: "整改属实".to_owned(),
            by: staff(),
        };
        assert_eq!(code(run(&mut writer, decide(figures, true, None))), "appeal_not_pending");
        run(&mut writer, decide(flag, false, None)).unwrap();
        assert_eq!(limit(books, party).shop.total, 0, "refused: nothing is lifted");
        run(&mut writer, file(flag)).unwrap();
        let (row, case) = run(&mut writer, decide(flag, true, None)).unwrap();
        assert_eq!((row.granted, case.state.as_str()), (true, "resolved"));
        assert_eq!(limit(books, party).shop.total, 70_000, "the reduction for returns stays");
        run(&mut writer, file(figures)).unwrap();
        assert_eq!(code(run(&mut writer, decide(figures, true, None))), "appeal_until_invalid");
        run(&mut writer, decide(figures, true, Some("2026-03-20"))).unwrap();
        assert_eq!(limit(books, party).shop.total, 100_000);
        go_to(books, "2026-03-20T00:06:00+08:00");
        while run(&mut writer, EvaluateDueShops { limit: 10 }).unwrap().more {}
        assert_eq!(limit(books, party).shop.total, 70_000, "the rule counts again");
        assert_eq!(credit::appeals(books.reader().as_mut(), party).unwrap().len(), 2);
        // C10: the log says before, after and why, newest first; filters and pages add up.
        let log = |filter: ChangeFilter, below, most| {
            credit::limit_log(books.reader().as_mut(), party, &filter, below, most).unwrap()
        };
        let whole = log(ChangeFilter::default(), None, 100).rows;
        let totals: Vec<(i64, i64)> = whole.iter().map(|one| (one.row.before, one.row.total)).collect();
        let expected = [(100_000, 70_000), (70_000, 100_000), (0, 70_000), (100_000, 0), (0, 100_000)];
        assert_eq!(totals, expected);
        assert_eq!(whole[0].reason_zh, "近 30 日退货率偏高，降低额度：开始生效（-300.00 元）");
        assert_eq!(whole[2].reason_en, "A violation: no longer applies (was -700.00 yuan)");
        let raised = ChangeFilter { raised: Some(true), ..ChangeFilter::default() };
        assert_eq!(log(raised, None, 100).rows.len(), 3);
        let (mut below, mut paged) = (None, Vec::new());
        loop {
            let page = log(ChangeFilter::default(), below, 2);
            paged.extend(page.rows);
            match page.next {
                Some(next) => below = Some(next),
                None => break,
            }
        }
        assert_eq!(paged, whole);
        proven(books);
    });
}

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

/// C4, C10: what a late month earns is told with its reason.
#[test]
fn a_boost_that_a_report_earns_is_told_with_its_reason_c10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = known_shop(&mut writer, "s1");
        let dsr = Some(Dsr { description: 480, service: 480, logistics: 480 });
        let facts = MonthFacts { orders: 9, turnover_minor: 90_000_000, return_rate: Rate::ZERO, dsr };
        let month = Month { year: 2026, month: 2 };
        report(&mut writer, party, ShopReport { months: vec![(month, facts)], ..ShopReport::default() });
        let told = messages(books, party, "credit.limit_changed");
        assert_eq!(
            told[0].facts.get_text("reason_en").as_deref(),
            Some("Good ratings: applies now (+200.00 yuan)")
        );
        assert_eq!(told.len(), 2, "the first limit, and this");
        assert_eq!(party, party_id("s1"));
    });
}
