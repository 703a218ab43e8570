//! Signs of cash-out on both databases (C21): increases, draws and loops as they are counted, labels of withdrawals, and
//! what of a group that is refused stays uncounted.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeMap;

use purser_domain::{
    credit::{
        Component, Source,
        risk::{Cohort, Marks, Score, Signal, Signals, State, Verdict},
    },
    ids::{PartyId, StaffId, Uid, WithdrawalId},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::{DAY, HOUR, Month, Timestamp},
};
use purser_engine::{
    Command, Ctx, Needs, Rejection, Tx, Writer,
    credit::{
        self, CreditOrderRow, OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport,
        credit_order_id,
        risk::{self, DecideRiskReview, ReviewFilter, RiskReviewRow, Told},
    },
    invariants,
    parties::{RegisterParty, party_id},
    rules::RulesSource,
    verify::verify_full,
};
use support::{Books, code, run};

const MARCH: Month = Month { year: 2026, month: 3 };

fn component(amount_minor: i64, since: &str) -> Component {
    Component { source: Source::CreditEvaluation, amount_minor, since: since.parse().unwrap(), until: None }
}

/// A shop of two years with a limit of 1,000.00.
fn shop(writer: &mut Writer) -> PartyId {
    let profile = Profile {
        external_id: "s1".to_owned(),
        display_name: "Shop".to_owned(),
        roles: Roles::NONE.with(Role::Merchant),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    let party = run(writer, RegisterParty(profile)).unwrap().id;
    let item = ShopReport {
        opened_on: Some("2024-03-01".parse().unwrap()),
        level: Some(2),
        components: vec![component(100_000, "2024-03-01")],
        ..ShopReport::default()
    };
    run(writer, ReportShops { items: vec![(party, item)], single: true }).unwrap();
    party
}

fn tell(writer: &mut Writer, order: &str, event: OrderEvent, at: Timestamp, told: Told) -> CreditOrderRow {
    let item = OrderReport {
        order_id: order.to_owned(),
        event_id: event.name().to_owned(),
        merchant: party_id("s1"),
        event,
        currency: Currency::CNY,
        at,
        told,
    };
    let outcome = run(writer, ReportCreditOrders { items: vec![item], single: true });
    outcome.unwrap().pop().unwrap().unwrap().0
}

fn signs(row: &CreditOrderRow) -> Vec<&'static str> {
    let found = Marks::from_bits(row.marks).signals;
    Signal::ALL.iter().filter(|signal| found.has(**signal)).map(|signal| signal.name()).collect()
}

fn march(books: &Books, party: PartyId) -> Cohort {
    let row = risk::shop_risk(books.reader().as_mut(), party).unwrap();
    row.cohorts().get(&MARCH).copied().unwrap_or_default()
}

fn proven(books: &Books) {
    let zone = purser_domain::time::Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

/// A draw of proceeds, as the gate reports it; tells the score that it would be held by.
struct Draw(PartyId);

impl Command for Draw {
    type Output = Score;
    fn name(&self) -> &'static str {
        "test.draw"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        risk::want(needs, self.0);
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Score, Rejection> {
        let score = risk::draw_score(tx, ctx, self.0);
        risk::note_draw(tx, ctx, self.0);
        Ok(score)
    }
    fn audited(&self) -> bool {
        false
    }
}

/// A withdrawal that its score holds, and what people decide about it.
#[derive(Clone, Copy)]
struct Review(PartyId, WithdrawalId, Option<State>);

impl Command for Review {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.review"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        risk::want_label(needs, self.0, self.1);
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        match self.2 {
            None => {
                let score = risk::draw_score(tx, ctx, self.0);
                risk::keep_withdrawal(tx, ctx, self.0, self.1, 777, &score, "");
                Ok(())
            }
            Some(state) => {
                risk::label_withdrawal(tx, ctx, self.1, state, Some(StaffId(Uid([7; 16]))), "seen")
            }
        }
    }
    fn audited(&self) -> bool {
        false
    }
}

#[test]
fn increases_draws_and_loops_are_signs_c21() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = shop(&mut writer);
        let now = || books.clock.business();
        let plain = Told::default;
        let first = tell(&mut writer, "a", OrderEvent::Authorised(12_345, None), now(), plain());
        assert_eq!(signs(&first), [""; 0], "the first evaluation is no increase");
        assert_eq!(run(&mut writer, Draw(party)).unwrap().points, 0);

        // The limit rises by half: for 72 hours use of it is a sign, of orders and of draws.
        let raise =
            ShopReport { components: vec![component(150_000, "2026-03-02")], ..ShopReport::default() };
        run(&mut writer, ReportShops { items: vec![(party, raise)], single: true }).unwrap();
        let second = tell(&mut writer, "b", OrderEvent::Authorised(12_345, None), now(), plain());
        assert_eq!(signs(&second), ["after_increase"]);
        assert_eq!(run(&mut writer, Draw(party)).unwrap().points, 15);
        books.advance(72 * HOUR);
        let third = tell(&mut writer, "c", OrderEvent::Authorised(12_345, None), now(), plain());
        assert_eq!(signs(&third), [""; 0]);

        // Advanced, drawn, refunded soon after: a loop. Refunded before it was drawn, or long after: none.
        for order in ["a", "b", "c"] {
            tell(&mut writer, order, OrderEvent::Shipped(None), now(), plain());
        }
        let before = tell(&mut writer, "a", OrderEvent::Refunded(12_345), now(), plain());
        assert_eq!(signs(&before), [""; 0]);
        books.advance(HOUR);
        run(&mut writer, Draw(party)).unwrap();
        let soon = tell(&mut writer, "b", OrderEvent::Refunded(12_345), now(), plain());
        assert_eq!(signs(&soon), ["drawn_and_refunded", "after_increase"]);
        books.advance(4 * DAY);
        let late = tell(&mut writer, "c", OrderEvent::Refunded(12_345), now(), plain());
        assert_eq!(signs(&late), [""; 0]);
        let counted = march(books, party);
        let with = |signal: Signal| counted.with[signal.index()];
        assert_eq!((counted.orders, with(Signal::AfterIncrease), with(Signal::DrawnAndRefunded)), (3, 1, 1));
        proven(books);
    });
}

#[test]
fn what_is_refused_or_told_twice_is_counted_once_c21() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = shop(&mut writer);
        let at = books.clock.business();
        let told = Told { signals: Signals::NONE.with(Signal::SameDevice), hashes: Vec::new() };
        let item = |order: &str, event, told: &Told| OrderReport {
            order_id: order.to_owned(),
            event_id: "1".to_owned(),
            merchant: party,
            event,
            currency: Currency::CNY,
            at,
            told: told.clone(),
        };
        let authorised = |amount| OrderEvent::Authorised(amount, None);
        let items = vec![
            item("a", authorised(10_000), &told),
            item("a", authorised(10_000), &told),
            item("b", authorised(0), &told),
            item("c", authorised(10_001), &Told::default()),
        ];
        run(&mut writer, ReportCreditOrders { items, single: false }).unwrap();
        let counted = march(books, party);
        let with = |signal: Signal| counted.with[signal.index()];
        assert_eq!((counted.orders, with(Signal::RoundAmount), with(Signal::SameDevice)), (2, 1, 1));
        let order = credit::order(books.reader().as_mut(), credit_order_id("a")).unwrap().unwrap();
        assert_eq!(signs(&order), ["round_amount", "same_device"]);
        proven(books);
    });
}

#[test]
fn a_withdrawal_is_labelled_with_its_decision_c21() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = shop(&mut writer);
        let raise =
            ShopReport { components: vec![component(150_000, "2026-03-02")], ..ShopReport::default() };
        run(&mut writer, ReportShops { items: vec![(party, raise)], single: true }).unwrap();
        let withdrawal = WithdrawalId(Uid([9; 16]));
        let open = |state| {
            let filter = ReviewFilter { party: Some(party), state: Some(state) };
            risk::reviews(books.reader().as_mut(), filter, None, 10).unwrap()
        };
        run(&mut writer, Review(party, withdrawal, Some(State::Released))).unwrap();
        assert!(open(State::Open).is_empty(), "nothing to label");
        run(&mut writer, Review(party, withdrawal, None)).unwrap();
        let review = open(State::Open).pop().unwrap();
        assert_eq!(
            (review.score, review.amount, review.subject.as_str()),
            (15, 777, &*withdrawal.to_string())
        );
        let decide = DecideRiskReview {
            id: review.id,
            verdict: Verdict::Release,
            seen_minor: 777,
            note: "fine".to_owned(),
            by: StaffId(Uid([7; 16])),
            if_version: None,
        };
        assert_eq!(code(run(&mut writer, decide)), "decided_with_withdrawal");
        proven(books);
        run(&mut writer, Review(party, withdrawal, Some(State::Released))).unwrap();
        let label = open(State::Released).pop().unwrap();
        assert_eq!((label.note.as_str(), label.score), ("seen", 15));
        assert_eq!(run(&mut writer, Draw(party)).unwrap().points, 0, "honoured for a while");
        books.advance(31 * DAY);
        let raise =
            ShopReport { components: vec![component(300_000, "2026-04-02")], ..ShopReport::default() };
        run(&mut writer, ReportShops { items: vec![(party, raise)], single: true }).unwrap();
        assert_eq!(run(&mut writer, Draw(party)).unwrap().points, 15, "and no longer");
        proven(books);
    });
}

fn order_review(books: &Books, order: &CreditOrderRow) -> RiskReviewRow {
    risk::review_of_order(books.reader().as_mut(), order).unwrap().unwrap()
}

fn release(writer: &mut Writer, books: &Books, order: &CreditOrderRow) {
    let decide = DecideRiskReview {
        id: order_review(books, order).id,
        verdict: Verdict::Release,
        seen_minor: order.held,
        note: "honest".to_owned(),
        by: StaffId(Uid([7; 16])),
        if_version: None,
    };
    assert_eq!(run(writer, decide).unwrap().review.state(), State::Released);
}

/// A release is honoured for its own 30 days: one of other signs, a day before its end, does not prolong it.
#[test]
fn each_released_sign_has_its_own_end_c21() {
    Books::each(|books| {
        let mut writer = books.writer();
        let party = shop(&mut writer);
        let now = || books.clock.business();
        let told = |signals: &[Signal]| Told {
            signals: signals.iter().fold(Signals::NONE, |all, signal| all.with(*signal)),
            hashes: Vec::new(),
        };
        let held = |writer: &mut Writer, order: &str, amount: i64, signals: &[Signal]| {
            tell(writer, order, OrderEvent::Authorised(amount, None), now(), told(signals));
            tell(writer, order, OrderEvent::Shipped(None), now(), Told::default())
        };
        let payee_and_device = [Signal::SamePayee, Signal::SameDevice];
        let others = [Signal::SameAddress, Signal::NoScan, Signal::SameDevice];
        let first = held(&mut writer, "a", 1_234, &payee_and_device);
        assert_eq!(first.held, 1_234);
        release(&mut writer, books, &first);
        assert_eq!(held(&mut writer, "b", 1_234, &payee_and_device).held, 0, "honoured");
        books.advance(28 * DAY);
        // Near the limit too. The device is among its signs and counts nothing: a release of the others says nothing
        // of it.
        let second = held(&mut writer, "c", 95_050, &others);
        let reasons = order_review(books, &second).reasons();
        let points = reasons.iter().map(|reason| (reason.signal, reason.points)).collect::<Vec<_>>();
        assert!(points.contains(&(Signal::SameDevice, 0)), "{points:?}");
        release(&mut writer, books, &second);
        books.advance(4 * DAY);
        assert_eq!(held(&mut writer, "d", 1_234, &payee_and_device).held, 1_234, "30 days are over");
        let row = risk::shop_risk(books.reader().as_mut(), party).unwrap();
        let signs: Vec<Signal> = row.releases(now()).map(|(signal, _)| signal).collect();
        assert_eq!(signs, [Signal::NearLimit, Signal::SameAddress, Signal::NoScan]);
        proven(books);
    });
}

/// The built-in pack of a platform that reports every scan.
fn scanning() -> RulesSource {
    let text = format!(
        "{DEFAULT_PACK}\n[[entry]]\nkey = \"credit.risk.scans_reported\"\nrow = \"C21\"\n\
         effective_from = \"2000-01-02\"\nvalue = true\nsource = \"test\"\n"
    );
    RulesSource { first_pack: ("test.toml".to_owned(), text), ..RulesSource::builtin() }
}

#[test]
fn goods_that_nobody_scanned_in_time_were_not_seen_c21() {
    Books::each(|books| {
        let mut writer = books.writer_by(scanning());
        let party = shop(&mut writer);
        let now = || books.clock.business();
        for order in ["a", "b", "c", "d"] {
            tell(&mut writer, order, OrderEvent::Authorised(12_345, None), now(), Told::default());
            tell(&mut writer, order, OrderEvent::Shipped(None), now(), Told::default());
        }
        let scanned = tell(&mut writer, "a", OrderEvent::Scanned, now(), Told::default());
        let soon = tell(&mut writer, "b", OrderEvent::Paid(12_345), now(), Told::default());
        books.advance(72 * HOUR);
        let seen = tell(&mut writer, "a", OrderEvent::Paid(12_345), now(), Told::default());
        let unseen = tell(&mut writer, "c", OrderEvent::Paid(12_345), now(), Told::default());
        let found = [&scanned, &soon, &seen, &unseen].map(signs);
        assert_eq!(found, [vec![], vec![], vec![], vec!["no_scan"]]);
        assert_eq!(scanned.changed_at, scanned.shipped_at.unwrap(), "a scan changes nothing that is owed");
        assert_eq!(march(books, party).with[Signal::NoScan.index()], 1);
        // A scan that is told late takes the sign away again.
        let late = tell(&mut writer, "c", OrderEvent::Scanned, now(), Told::default());
        assert_eq!((signs(&late), late.paid), (vec![], 12_345));
        assert_eq!(march(books, party).with[Signal::NoScan.index()], 0);
        proven(books);
    });
}
