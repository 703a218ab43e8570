//! Withdrawing a merchant's proceeds through the gate (G) on both databases: what is repaid first (C12), the window and
//! the value date (C14), the fee by calendar year (C15), draws of what buyers have not paid (C7, C19), and the proof of it
//! all (P3).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{collections::BTreeMap, fmt::Write as _};

use purser_domain::{
    credit::{Component, Promotion, Source},
    ids::{PartyId, StaffId, Uid},
    ledger::{AccountKind, AccountRef},
    metadata::Metadata,
    money::{Currency, Rate},
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::{DEFAULT_PACK, keys::REGISTRY},
    time::{Date, HOUR},
    withdrawals::{FailureClass, RailNumber, RailOutcome},
};
use purser_engine::{
    Rejection, Writer,
    credit::{
        self, AsOf, AuthoriseShop, ChangeShop, LimitView, OrderEvent, OrderReport, ReportCreditOrders,
        ReportShops, ShopChange, ShopReport, risk::Told,
    },
    identity::Given,
    invariants,
    ledger::TopUpFloat,
    parties::{RegisterParty, party_id},
    rules::{EnterSandbox, RulesSource},
    verify::verify_full,
    withdrawals::{
        Asked, BindPayoutAccount, DecideReview, DispatchRail, Located, RecordRailOutcome, RequestWithdrawal,
        Requested, Review, WithdrawalRow,
    },
};
use support::{Books, at, balance, code, run};

/// The built-in pack with other values.
fn rules(changes: &[(&str, &str)]) -> RulesSource {
    let mut text = DEFAULT_PACK.to_owned();
    let steps = ("withdrawal.first_steps_required", "false");
    for (key, value) in changes.iter().chain([&steps]) {
        let row = REGISTRY.iter().find(|spec| spec.name == *key).unwrap().row;
        let (from, source) = ("2000-01-02", "test");
        writeln!(
            text,
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\nsource = \"{source}\""
        )
        .unwrap();
    }
    RulesSource { first_pack: ("test.toml".to_owned(), text), ..RulesSource::builtin() }
}

struct Desk<'b> {
    books: &'b Books,
    writer: Writer,
}

impl<'b> Desk<'b> {
    fn on(books: &'b Books, changes: &[(&str, &str)]) -> Self {
        let mut writer = books.writer_by(rules(changes));
        run(&mut writer, EnterSandbox).unwrap();
        let (rail, reference) = ("sandbox".to_owned(), "seed".to_owned());
        let amount_minor = 100_000_000_000;
        run(&mut writer, TopUpFloat { rail, reference, amount_minor, currency: Currency::CNY }).unwrap();
        Self { books, writer }
    }

    fn to(&self, instant: &str) {
        self.books.advance(at(instant).0 - self.books.clock.business().0);
    }

    /// A shop of three years with a limit and a payout account.
    fn shop(&mut self, name: &str, limit_minor: i64) -> PartyId {
        let profile = Profile {
            external_id: name.to_owned(),
            display_name: "Shop".to_owned(),
            roles: Roles::NONE.with(Role::Merchant),
            legal_form: LegalForm::Enterprise,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        let party = run(&mut self.writer, RegisterParty(profile)).unwrap().id;
        run(&mut self.writer, BindPayoutAccount::sandbox(party, &format!("{name}.ok"))).unwrap();
        let day: Date = "2023-01-01".parse().unwrap();
        let component = Component {
            source: Source::CreditEvaluation,
            amount_minor: limit_minor,
            since: day,
            until: None,
        };
        let report = ShopReport {
            opened_on: Some(day),
            level: Some(2),
            components: vec![component],
            ..ShopReport::default()
        };
        let items = vec![(party, report)];
        run(&mut self.writer, ReportShops { items, single: true }).unwrap();
        party
    }

    fn tell(&mut self, merchant: PartyId, order: &str, event: OrderEvent) -> Result<(), Rejection> {
        let (at, currency) = (self.books.clock.business(), Currency::CNY);
        let (order_id, event_id) =
            (order.to_owned(), format!("{} {}", event.name(), self.books.clock.business().0));
        let told = Told::default();
        let items = vec![OrderReport { order_id, event_id, merchant, event, currency, at, told }];
        run(&mut self.writer, ReportCreditOrders { items, single: true }).map(|_| ())
    }

    fn sell(&mut self, shop: PartyId, order: &str, amount: i64, paid: bool) {
        self.tell(shop, order, OrderEvent::Authorised(amount, None)).unwrap();
        self.tell(shop, order, OrderEvent::Shipped(None)).unwrap();
        if paid {
            self.tell(shop, order, OrderEvent::Paid(amount)).unwrap();
        }
    }

    fn draw(&mut self, party: PartyId, amount_minor: i64) -> Result<WithdrawalRow, Rejection> {
        self.ask(party, Asked::Proceeds, amount_minor)
    }

    fn ask(&mut self, party: PartyId, asked: Asked, amount_minor: i64) -> Result<WithdrawalRow, Rejection> {
        let request = RequestWithdrawal {
            party,
            asked,
            amount_minor: Some(amount_minor),
            currency: Currency::CNY,
            destination: None,
            code: Given::Waived,
            person: None,
            metadata: Metadata::new(),
            dry_run: false,
        };
        run(&mut self.writer, request).map(|asked| match asked {
            Requested::Accepted(row) => *row,
            Requested::Looked(_) => panic!("not a dry run"),
        })
    }

    fn limit(&self, party: PartyId) -> LimitView {
        let as_of = AsOf { rules: &self.books.rules(), now: self.books.clock.business() };
        credit::limit(self.books.reader().as_mut(), party, as_of).unwrap().unwrap()
    }

    fn dispatch(&mut self) -> usize {
        let dispatch = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
        run(&mut self.writer, dispatch).unwrap().sent
    }

    fn answer(&mut self, row: &WithdrawalRow, outcome: RailOutcome) -> WithdrawalRow {
        let located = Located::from(row);
        run(
            &mut self.writer,
            RecordRailOutcome { located, slice: RailNumber::first(1), outcome, seen: None, lease: None },
        )
        .unwrap()
    }

    fn review(&mut self, row: &WithdrawalRow, review: Review) -> Result<WithdrawalRow, Rejection> {
        run(&mut self.writer, DecideReview { located: Located::from(row), review })
    }

    fn proven(&self) {
        let zone = purser_domain::time::Zone::shanghai();
        let report =
            verify_full(self.books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
        assert!(report.first().is_none(), "{:?}", report.first());
    }
}

fn staff() -> StaffId {
    StaffId(Uid([7; 16]))
}

const PAID: RailOutcome = RailOutcome::Paid { rail_fee_minor: 0 };

#[test]
fn the_window_closes_and_opens_to_the_second_c14() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let shop = desk.shop("s1", 10_000_000);
        desk.sell(shop, "a", 1_000_000, true);
        let until = |no: Rejection| no.facts.get_text("until").unwrap();
        desk.to("2026-03-02T22:59:59+08:00");
        let row = desk.draw(shop, 1_000).unwrap();
        assert_eq!(row.dispatch_at, at("2026-03-03T09:00:00+08:00"), "T+1");
        for closed in ["2026-03-02T23:00:00+08:00", "2026-03-03T02:59:59+08:00"] {
            desk.to(closed);
            let no = desk.draw(shop, 1_000).unwrap_err();
            assert_eq!(
                (no.code, until(no)),
                ("closed_window", "2026-03-02T19:00:00Z".to_owned()),
                "{closed}"
            );
        }
        desk.to("2026-03-03T03:00:00+08:00");
        let row = desk.draw(shop, 1_000).unwrap();
        assert_eq!(row.dispatch_at, at("2026-03-04T09:00:00+08:00"), "its civil date is the 3rd");
        desk.proven();
    });
}

#[test]
fn value_dates_follow_working_days_promotions_and_policy_c14_p5() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let shop = desk.shop("s1", 10_000_000);
        desk.sell(shop, "a", 1_000_000, true);
        // 2026-04-03 is a Friday before the holidays of 04-04 to 04-06.
        desk.to("2026-04-03T10:00:00+08:00");
        assert_eq!(desk.draw(shop, 1_000).unwrap().dispatch_at, at("2026-04-07T09:00:00+08:00"));
        let day = |text: &str| text.parse::<Date>().unwrap();
        let sale = Promotion { from: day("2026-06-01"), until: day("2026-06-20"), rate: Rate::ppm(300_000) };
        let reason = "the sale".to_owned();
        run(&mut desk.writer, ChangeShop { party: shop, change: ShopChange::Promote(sale), reason }).unwrap();
        desk.to("2026-06-04T10:00:00+08:00");
        let row = desk.draw(shop, 1_000).unwrap();
        assert_eq!(row.dispatch_at, at("2026-06-09T09:00:00+08:00"), "T+3 over a weekend");
        assert_eq!(
            row.deadline_at,
            at("2026-06-12T09:00:00+08:00"),
            "the payout clock runs from the value date"
        );
        // Nobody knows the working days of 2027: no money waits for them, and nothing is promised.
        desk.to("2026-12-31T10:00:00+08:00");
        let row = desk.draw(shop, 1_000).unwrap();
        assert_eq!((row.dispatch_at, row.expected_at), (books.clock.business(), None));
        desk.proven();
    });
    let books = Books::file();
    let mut desk = Desk::on(&books, &[("proceeds.value_date", "\"immediate\"")]);
    let shop = desk.shop("s1", 10_000_000);
    desk.sell(shop, "a", 1_000_000, true);
    let row = desk.draw(shop, 1_000).unwrap();
    assert_eq!((row.state.as_str(), row.dispatch_at), ("requested", books.clock.business()));
}

#[test]
fn the_fee_counts_by_calendar_year_and_the_first_is_free_unless_it_failed_c15_c16() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[("proceeds.value_date", "\"immediate\"")]);
        let shop = desk.shop("s1", 10_000_000);
        for n in 0..8 {
            desk.sell(shop, &format!("o{n}"), 10_000_000, true);
        }
        desk.to("2026-03-02T10:00:00+08:00");
        let first = desk.draw(shop, 1_000_000).unwrap();
        assert_eq!(first.fee, 0, "first free");
        let second = desk.draw(shop, 1_000_000).unwrap();
        assert_eq!(second.fee, 6_000, "0.6 %");
        // Both come back: the next is the first again, and the year has counted nothing.
        assert_eq!(desk.dispatch(), 2);
        let failed =
            RailOutcome::DefiniteFailure { class: FailureClass::PayeeFixable, code: "NO_ACCOUNT".into() };
        assert_eq!(desk.answer(&first, failed).state, "failed");
        assert_eq!(desk.answer(&second, PAID).state, "paid");
        let bounced = RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: "RETURNED".into() };
        let revenue = AccountRef::platform(AccountKind::RevenueWithdrawalFee, Currency::CNY);
        assert_eq!(balance(&mut desk.writer, &revenue).0, 6_000);
        assert_eq!(desk.answer(&second, bounced).state, "bounced");
        assert_eq!(
            balance(&mut desk.writer, &revenue).0,
            6_000,
            "C16: the payee's own wrong data costs the attempt's fee"
        );
        let again = desk.draw(shop, 40_000_000).unwrap();
        assert_eq!((again.fee, again.basis.get_text("fee_rule").unwrap().as_str()), (0, "first_free"));
        // 400,000.00 of 500,000.00 are used: of the next 200,000.00 half is charged, the free one counted too.
        let next = desk.draw(shop, 20_000_000).unwrap();
        assert_eq!((next.fee, next.basis.get_int("base_minor")), (60_000, Some(10_000_000)));
        let above = desk.draw(shop, 1_000_000).unwrap();
        assert_eq!((above.fee, above.basis.get_text("fee_rule").unwrap().as_str()), (0, "above_yearly_base"));
        // The first day of a year, local: the counter begins anew.
        desk.to("2026-12-31T22:59:59+08:00");
        assert_eq!(desk.draw(shop, 1_000_000).unwrap().fee, 0);
        desk.to("2027-01-01T03:00:00+08:00");
        let new_year = desk.draw(shop, 1_000_000).unwrap();
        assert_eq!((new_year.fee, new_year.basis.get_int("year_before_minor")), (6_000, Some(0)));
        assert_eq!(new_year.requested_on.to_string(), "2027-01-01");
        desk.proven();
    });
}

#[test]
fn a_withdrawal_repays_due_and_liability_first_and_orders_know_c12() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[("proceeds.value_date", "\"immediate\"")]);
        let shop = desk.shop("s1", 1_000_000);
        desk.sell(shop, "a", 400_000, false);
        let first = desk.draw(shop, 400_000).unwrap();
        desk.dispatch();
        desk.answer(&first, PAID);
        desk.tell(shop, "a", OrderEvent::Refunded(400_000)).unwrap();
        desk.sell(shop, "b", 900_000, false);
        let view = desk.limit(shop);
        assert_eq!(
            (view.shop.due, view.liability_minor, view.withdrawable_minor()),
            (400_000, 300_000, 200_000)
        );
        desk.proven();
        desk.to("2026-03-06T10:00:00+08:00");
        assert_eq!(code(desk.draw(shop, 200_001)), "insufficient_available");
        let second = desk.draw(shop, 50_000).unwrap();
        let view = desk.limit(shop);
        assert_eq!((view.shop.due, view.liability_minor, view.used_minor), (0, 0, 600_000));
        assert_eq!((view.shop.epoch, view.shop.unpaid), (1, 150_000));
        desk.proven();
        // The buyer pays for what was beyond the limit: that is the shop's own money by now.
        desk.tell(shop, "b", OrderEvent::Paid(900_000)).unwrap();
        let view = desk.limit(shop);
        assert_eq!((view.used_minor, view.proceeds_minor, view.shop.unpaid), (0, 450_000, 0));
        desk.review(&second, Review::Cancel(None)).unwrap();
        let view = desk.limit(shop);
        assert_eq!((view.proceeds_minor, view.shop.unpaid), (500_000, 0), "what came back is paid by now");
        desk.tell(shop, "b", OrderEvent::Refunded(900_000)).unwrap();
        let view = desk.limit(shop);
        assert_eq!((view.proceeds_minor, view.liability_minor), (0, 400_000));
        assert_eq!(code(desk.draw(shop, 1_000)), "liability_outstanding");
        desk.proven();
    });
}

#[test]
fn not_yet_paid_proceeds_are_capped_by_the_day_and_paid_ones_never_c7() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let shop = desk.shop("s1", 1_000_000);
        desk.sell(shop, "a", 800_000, false);
        desk.sell(shop, "b", 100_000, true);
        // 5,000.00 of the limit of 10,000.00, and what was paid besides.
        let no = desk.draw(shop, 600_001).unwrap_err();
        assert_eq!((no.code, no.facts.get_int("bound_minor")), ("proceeds_share_cap", Some(600_000)));
        let row = desk.draw(shop, 400_000).unwrap();
        assert_eq!(row.unpaid, 300_000, "paid proceeds leave first");
        assert_eq!(code(desk.draw(shop, 200_001)), "proceeds_share_cap");
        desk.review(&row, Review::Cancel(None)).unwrap();
        assert_eq!(desk.draw(shop, 600_000).unwrap().unpaid, 500_000, "restored to its date");
        // The next day, with a limit of zero: nothing that is not paid, everything that is.
        desk.to("2026-03-03T10:00:00+08:00");
        let (party, reason) = (shop, "a test".to_owned());
        let violation = purser_domain::credit::RestrictionKind::Violation;
        run(&mut desk.writer, ChangeShop { party, change: ShopChange::Restrict(violation), reason }).unwrap();
        desk.to("2026-03-04T10:00:00+08:00");
        assert_eq!(desk.limit(shop).shop.total, 0);
        let no = desk.draw(shop, 1_000).unwrap_err();
        assert_eq!((no.code, no.facts.get_int("bound_minor")), ("proceeds_share_cap", Some(0)));
        desk.tell(shop, "a", OrderEvent::Paid(800_000)).unwrap();
        let row = desk.draw(shop, 300_000).unwrap();
        assert_eq!((row.unpaid, row.state.as_str()), (0, "scheduled"));
        desk.proven();
    });
}

#[test]
fn a_party_without_a_shop_has_nothing_to_withdraw_c13_g() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let profile = Profile {
            external_id: "nobody".to_owned(),
            display_name: "Nobody".to_owned(),
            roles: Roles::NONE.with(Role::Merchant),
            legal_form: LegalForm::Individual,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        run(&mut desk.writer, RegisterParty(profile)).unwrap();
        let party = party_id("nobody");
        assert_eq!(code(desk.draw(party, 1_000)), "first_steps_missing");
        run(&mut desk.writer, BindPayoutAccount::sandbox(party, "nobody.ok")).unwrap();
        assert_eq!(code(desk.draw(party, 1_000)), "insufficient_available");
        desk.proven();
    });
}

/// C19: a request is judged by the limit of the day, also before the daily job has come.
#[test]
fn a_draw_is_large_by_the_limit_of_the_day_c19() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let shop = desk.shop("s1", 100_000);
        let (from, until) = ("2026-03-01".parse().unwrap(), "2026-03-05".parse().unwrap());
        let change = ShopChange::Promote(Promotion { from, until, rate: Rate::ppm(300_000) });
        run(&mut desk.writer, ChangeShop { party: shop, change, reason: "sale".to_owned() }).unwrap();
        desk.sell(shop, "o1", 90_000, false);
        // Three tenths of 1,300.00, then of 1,000.00.
        desk.to("2026-03-04T10:00:00+08:00");
        desk.draw(shop, 35_000).unwrap();
        assert_eq!((desk.limit(shop).shop.large_at, desk.limit(shop).shop.total), (None, 130_000));
        desk.to("2026-03-05T10:00:00+08:00");
        desk.draw(shop, 35_000).unwrap();
        let row = desk.limit(shop).shop;
        assert_eq!((row.large_at, row.total), (Some(at("2026-03-05T10:00:00+08:00")), 100_000));
        desk.proven();
    });
}

#[test]
fn fast_draws_are_held_lock_the_limit_and_a_review_gives_it_back_c17_c19() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let shop = desk.shop("s1", 20_000_000);
        desk.sell(shop, "a", 15_000_000, false);
        for day in ["2026-03-02", "2026-03-03"] {
            desk.to(&format!("{day}T11:00:00+08:00"));
            assert_eq!(desk.draw(shop, 2_000_000).unwrap().state, "scheduled");
        }
        desk.to("2026-03-04T11:00:00+08:00");
        let held = desk.draw(shop, 2_000_000).unwrap();
        assert_eq!((held.state.as_str(), held.review.as_str()), ("in_review", "review_consecutive_days"));
        assert!(!held.case_id.is_empty(), "it asks for evidence");
        let view = desk.limit(shop);
        assert_eq!(view.shop.locked_until, Some(at("2026-03-19T11:00:00+08:00")), "15 days");
        assert_eq!(code(desk.tell(shop, "new", OrderEvent::Authorised(100, None))), "credit_closed");
        let approved = desk.review(&held, Review::Approve(staff())).unwrap();
        assert_eq!(approved.state, "scheduled");
        assert_eq!(desk.limit(shop).shop.locked_until, None, "C17: restored on approval");
        desk.tell(shop, "new", OrderEvent::Authorised(100, None)).unwrap();
        // A day without a heavy draw ends the run.
        desk.to("2026-03-06T11:00:00+08:00");
        assert_eq!(desk.draw(shop, 2_000_000).unwrap().state, "scheduled");
        desk.proven();
    });
    let months = [("review.restore", "\"next_month\"")];
    let books = Books::file();
    let mut desk = Desk::on(&books, &months);
    let shop = desk.shop("s1", 20_000_000);
    desk.sell(shop, "a", 15_000_000, false);
    let mut last = None;
    for day in ["2026-03-23", "2026-03-24", "2026-03-25"] {
        desk.to(&format!("{day}T11:00:00+08:00"));
        last = Some(desk.draw(shop, 2_000_000).unwrap());
    }
    desk.review(&last.unwrap(), Review::Approve(staff())).unwrap();
    assert_eq!(desk.limit(shop).shop.locked_until, Some(at("2026-04-01T00:00:00+08:00")));
    let books = Books::file();
    let mut desk = Desk::on(&books, &[("velocity.streak_action", "\"hold_only\"")]);
    let shop = desk.shop("s1", 20_000_000);
    desk.sell(shop, "a", 15_000_000, false);
    for (day, state) in
        [("2026-03-23", "scheduled"), ("2026-03-24", "scheduled"), ("2026-03-25", "in_review")]
    {
        desk.to(&format!("{day}T11:00:00+08:00"));
        assert_eq!(desk.draw(shop, 2_000_000).unwrap().state, state);
    }
    assert_eq!(desk.limit(shop).shop.locked_until, None);
}

/// C20: what another shop draws under an authorisation, and for how much it is liable by it.
#[test]
fn what_another_shop_draws_is_counted_until_it_comes_back_c20() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[("proceeds.value_date", "\"immediate\"")]);
        let (shop, by_shop) = (desk.shop("s1", 1_000_000), desk.shop("s2", 1_000_000));
        desk.sell(shop, "a", 500_000, true);
        let asked = Asked::ByOtherShop(by_shop);
        assert_eq!(code(desk.ask(shop, asked, 1_000)), "other_shop");
        let flags = |party| credit::risk_flags(books.reader().as_mut(), party).unwrap();
        assert_eq!(
            (flags(shop).len(), flags(by_shop).len()),
            (1, 1),
            "flagged on both, although it is refused"
        );
        let (evidence, recorded_by) = ("archive 1".to_owned(), "staff:li".to_owned());
        let record = AuthoriseShop { shop, by_shop, until: None, evidence, recorded_by };
        run(&mut desk.writer, record).unwrap();
        let drawn = || credit::linked_shops(books.reader().as_mut(), shop).unwrap()[0].drawn;
        let rows: Vec<WithdrawalRow> = (0..4).map(|_| desk.ask(shop, asked, 100_000).unwrap()).collect();
        assert_eq!(drawn(), 400_000);
        desk.proven();
        desk.review(&rows[3], Review::Cancel(None)).unwrap();
        assert_eq!(desk.dispatch(), 3);
        let class = FailureClass::PayeeFixable;
        desk.answer(&rows[0], PAID);
        desk.answer(&rows[1], RailOutcome::DefiniteFailure { class, code: "NO".into() });
        desk.answer(&rows[2], PAID);
        assert_eq!(drawn(), 200_000);
        desk.answer(&rows[2], RailOutcome::Bounced { class, code: "BACK".into() });
        assert_eq!(drawn(), 100_000, "what came back is not drawn");
        // The buyer sends the goods back: both are liable, the other one for what it drew.
        desk.tell(shop, "a", OrderEvent::Refunded(500_000)).unwrap();
        desk.sell(by_shop, "b", 300_000, true);
        let no = desk.draw(by_shop, 1_000).unwrap_err();
        assert_eq!((no.code, no.facts.get_int("bound_minor")), ("linked_shop_liability", Some(100_000)));
        desk.proven();
    });
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn amount(&mut self, most: u64) -> i64 {
        i64::try_from(self.below(most) + 1).unwrap()
    }
}

/// One step of a merchant's life. What the rules refuse changes nothing, which the proof shows too.
fn step(desk: &mut Desk<'_>, dice: &mut Dice, shop: PartyId, drawn: &mut Vec<WithdrawalRow>) {
    let order = format!("o{}", dice.below(30));
    let pick = |dice: &mut Dice, drawn: &[WithdrawalRow]| {
        let count = u64::try_from(drawn.len()).unwrap();
        (count > 0).then(|| drawn[usize::try_from(dice.below(count)).unwrap()].clone())
    };
    match dice.below(14) {
        0 | 1 => {
            drop(desk.tell(shop, &order, OrderEvent::Authorised(dice.amount(400_000), None)));
            drop(desk.tell(shop, &order, OrderEvent::Shipped(None)));
        }
        2 => drop(desk.tell(shop, &order, OrderEvent::Authorised(dice.amount(400_000), None))),
        3 => drop(desk.tell(shop, &order, OrderEvent::Shipped(Some(dice.amount(200_000))))),
        4 => drop(desk.tell(shop, &order, OrderEvent::Paid(dice.amount(300_000)))),
        5 => drop(desk.tell(shop, &order, OrderEvent::Refunded(dice.amount(200_000)))),
        6 => drop(desk.tell(shop, &order, OrderEvent::Cancelled)),
        7 | 8 => drawn.extend(desk.draw(shop, dice.amount(200_000))),
        9 => drop(desk.dispatch()),
        10 | 11 => {
            let Some(row) = pick(dice, drawn) else { return };
            let class = FailureClass::ALL[usize::try_from(dice.below(5)).unwrap()];
            let outcome = match dice.below(5) {
                0 | 1 => PAID,
                2 => RailOutcome::DefiniteFailure { class, code: "NO".into() },
                3 => RailOutcome::Bounced { class, code: "BACK".into() },
                _ => RailOutcome::Unknown,
            };
            let command = RecordRailOutcome {
                located: Located::from(&row),
                slice: RailNumber::first(1),
                outcome,
                seen: None,
                lease: None,
            };
            drop(run(&mut desk.writer, command));
        }
        12 => {
            let Some(row) = pick(dice, drawn) else { return };
            let review = match dice.below(3) {
                0 => Review::Approve(staff()),
                1 => Review::Reject("no".to_owned(), None),
                _ => Review::Cancel(None),
            };
            drop(desk.review(&row, review));
        }
        _ => desk.books.advance(i64::try_from(dice.below(30) + 1).unwrap() * HOUR),
    }
}

/// C11, C12, C14, P3: whatever happens to orders and withdrawals, and in whatever order, the books balance, what is used
/// is the receivable, what is under way is held, and what buyers have not paid is never more than they owe.
#[test]
fn no_sequence_of_events_breaks_the_books_c12() {
    Books::each(|books| {
        let mut desk = Desk::on(books, &[]);
        let (mut drawn_at_all, mut repaid) = (0, 0);
        for seed in 0..3u64 {
            let shop = desk.shop(&format!("s{seed}"), 1_000_000);
            let (mut dice, mut drawn) = (Dice(seed + 1), Vec::new());
            for _ in 0..200 {
                step(&mut desk, &mut dice, shop, &mut drawn);
                let view = desk.limit(shop);
                let owed = view.used_minor - view.shop.due + view.liability_minor;
                assert!((0..=owed).contains(&view.shop.unpaid), "unpaid {} owed {owed}", view.shop.unpaid);
                assert!(view.proceeds_minor >= 0 && view.shop.due <= view.used_minor);
            }
            desk.proven();
            drawn_at_all += drawn.len();
            repaid += desk.limit(shop).shop.epoch;
        }
        assert!(drawn_at_all > 20 && repaid > 2, "{drawn_at_all} draws, {repaid} repayments");
    });
}
