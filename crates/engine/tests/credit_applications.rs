//! Applications and appeals about the pay-later limit on both databases (C1, C5, C7, C10, C25, P16), and their proof (P3).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod shops;
mod support;

use purser_domain::{
    credit::{
        Dsr, Ground, MonthFacts, Promotion, RestrictionKind, WaivedRule,
        application::{ApplicationKind, ApplicationState, Service, ShopClaim, Terms},
    },
    money::Rate,
    time::{HOUR, Month, Zone},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    cases::{Act, ActOnCase, Author},
    credit::{
        self, ApplicationFilter, ApplyForCredit, AsOf, ChangeFilter, ChangeShop, DecideAppeal,
        EvaluateDueShops, FileAppeal, OrderEvent, ShopChange, ShopReport, application_state,
    },
    invariants,
    jobs::{self, ArmSchedules, Registry},
    verify::verify_full,
};
use purser_storage::sqlite;
use shops::{
    apply, day, decide, decision, go_to, known_shop, limit, messages, proven, raise, report, shop, staff,
    step, tell,
};
use support::{Books, code, run};

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

/// C25, C12: an order for which nothing could be reserved is open until its goods are shipped or called off.
#[test]
fn an_order_beyond_the_limit_keeps_a_service_open_until_it_has_ended_c25_c12() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        let mut registry = Registry::new().with_builtin();
        let party = known_shop(&mut writer, "s1");
        let order =
            |writer: &mut Writer, order: &str, event| tell(books, writer, party, order, event).unwrap();
        order(&mut writer, "a", OrderEvent::Authorised(100_000, None));
        order(&mut writer, "a", OrderEvent::Shipped(None));
        // Nothing of the limit is left: nothing is reserved for it, and it is to be shipped all the same.
        order(&mut writer, "b", OrderEvent::Authorised(500, None));
        order(&mut writer, "a", OrderEvent::Paid(100_000));
        let shop = limit(books, party).shop;
        assert_eq!((shop.reserved, shop.to_ship), (0, 1));
        let (row, _) = run(&mut writer, apply(party, ApplicationKind::Close)).unwrap();
        decide(&mut writer, &row, Some(Terms::default())).unwrap();
        assert_eq!(limit(books, party).shop.service(), Service::Closing);
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, party).shop.service(), Service::Closing, "an order is open");
        proven(books);
        order(&mut writer, "b", OrderEvent::Cancelled);
        books.advance(HOUR);
        step(books, &mut writer, &mut registry);
        assert_eq!(limit(books, party).shop.service(), Service::Closed);
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
        let as_of = AsOf { rules: &books.rules(), now: books.clock.business() };
        assert_eq!(credit::limit(books.reader().as_mut(), new, as_of).unwrap(), None);
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
        let rules = books.rules();
        let log = |filter: ChangeFilter, below, most| {
            let as_of = AsOf { rules: &rules, now: books.clock.business() };
            credit::limit_log(books.reader().as_mut(), party, as_of, &filter, below, most).unwrap()
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
    });
}

/// P3: a limit that is not what its evaluation says, a service that is closed in one place only, an application that
/// its case does not know of: each is named.
#[test]
fn what_was_tampered_with_is_named_p3() {
    let books = Books::file();
    let mut writer = books.writer();
    let party = known_shop(&mut writer, "s1");
    let (row, _) = run(&mut writer, raise(party, 50_000)).unwrap();
    decide(&mut writer, &row, Some(Terms::default())).unwrap();
    run(&mut writer, raise(party, 50_000)).unwrap();
    drop(writer);
    proven(&books);
    let limit = "limit = last evaluation = its steps";
    let applications = "applications agree with their cases";
    for (change, back, name) in [
        ("credit_shops SET total = total + 100", "credit_shops SET total = total - 100", limit),
        (
            "credit_evaluations SET total = total + 100 WHERE seq = 2",
            "credit_evaluations SET total = total - 100 WHERE seq = 2",
            limit,
        ),
        (
            "credit_shops SET closing_since = 1, closed_at = 1",
            "credit_shops SET closing_since = NULL, closed_at = NULL",
            limit,
        ),
        (
            "credit_applications SET decided_at = 1 WHERE decided_at IS NULL",
            "credit_applications SET decided_at = NULL WHERE decided_at = 1",
            applications,
        ),
        (
            "credit_applications SET case_id = zeroblob(16) WHERE decided_at IS NULL",
            "credit_applications SET case_id = (SELECT id FROM cases WHERE closed_at IS NULL) WHERE decided_at IS NULL",
            applications,
        ),
    ] {
        tamper(&books, &format!("UPDATE {change}"));
        let zone = Zone::shanghai();
        let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
        let found = report.findings.iter().any(|finding| finding.sentence.contains(name));
        assert!(found, "{change}: {name} not in {:?}", report.findings);
        tamper(&books, &format!("UPDATE {back}"));
        proven(&books);
    }
}

fn tamper(books: &Books, sql: &str) {
    let options = sqlite::Options { shared: true, ..sqlite::Options::default() };
    let session = sqlite::open_writer(&books.dir.path().join("purser.db"), &options).unwrap();
    session.connection().execute_batch(sql).unwrap();
}
