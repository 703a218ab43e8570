//! Payouts on both databases: the last look before a rail is called (P6, P9, P10), its charge, notices about an earlier
//! attempt, and what comes back to a payee who owes something.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use purser_domain::{
    ids::{PartyId, PayoutAccountId},
    ledger::{AccountKind, AccountRef, Step},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::{DAY, MINUTE, SECOND},
    withdrawals::{FailureClass, GateCode, RailNumber, RailOutcome, Reason, State, rail_reference},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    feed,
    identity::Given,
    jobs::{self, Claimed, Hands, Registry, RetryJob, RunError},
    ledger::TopUpFloat,
    parties::{ChangeParty, PartyChange, RegisterParty},
    ports::{PayoutOrder, Rail, RailNotice},
    rules::{EnterSandbox, PolicyActivation, RulesSource},
    withdrawals::{
        Asked, BOOK_CHARGE, BindPayoutAccount, ChangePayoutAccount, DispatchRail, Located, LockPayoutAccount,
        NoticeTaken, PayoutAccountChange, RecordRailNotice, RecordRailOutcome, RequestWithdrawal, Requested,
        WithdrawalRow, by_reference, payout_accounts, rail_jobs, run_book_charge, run_send, withdrawal,
    },
};
use support::{Books, balance, clearing, float, post, run};

/// A rail that pays and counts how often it is asked to.
struct Counting(Arc<AtomicUsize>);

impl Rail for Counting {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(RailOutcome::Paid { rail_fee_minor: 0 })
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        Ok(RailOutcome::Unknown)
    }
}

/// A rail that pays and notes what it is asked: the reference, and whether an earlier attempt may have reached it.
struct Noting(Arc<Mutex<Vec<(String, bool)>>>);

impl Rail for Noting {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.0.lock().unwrap().push((order.reference.clone(), order.again));
        Ok(RailOutcome::Paid { rail_fee_minor: 0 })
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        Ok(RailOutcome::Unknown)
    }
}

/// A creator with earnings and a payout account.
struct Desk<'b> {
    books: &'b Books,
    writer: Writer,
    creator: PartyId,
    top_ups: usize,
    packs: u32,
}

/// The default pack without first steps, and with entries more; key, row and value each.
fn pack(entries: &[[&str; 3]]) -> String {
    let steps = ["withdrawal.first_steps_required", "X4", "false"];
    let entry = |[key, row, value]: &[&str; 3]| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2000-01-02\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    let more: String = [steps].iter().chain(entries).map(entry).collect();
    format!("{DEFAULT_PACK}{more}")
}

impl<'b> Desk<'b> {
    fn on(books: &'b Books, earned: i64, float: i64) -> Self {
        Self::by(books, earned, float, &[])
    }

    /// With further entries of policy: key, row, value.
    fn by(books: &'b Books, earned: i64, float: i64, policy: &[[&str; 3]]) -> Self {
        let first_pack = ("test.toml".to_owned(), pack(policy));
        let mut writer = books.writer_by(RulesSource { first_pack, ..RulesSource::builtin() });
        run(&mut writer, EnterSandbox).unwrap();
        let profile = Profile {
            external_id: "lin".to_owned(),
            display_name: "Lin".to_owned(),
            roles: Roles::NONE.with(Role::Creator),
            legal_form: LegalForm::Individual,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        let creator = run(&mut writer, RegisterParty(profile)).unwrap().id;
        run(&mut writer, BindPayoutAccount::sandbox(creator, "lin.ok")).unwrap();
        let mut desk = Self { books, writer, creator, top_ups: 0, packs: 0 };
        let own = desk.own(AccountKind::Earnings);
        post(&mut desk.writer, Step::Post, &clearing(), &own, earned);
        desk.top_up(float);
        desk
    }

    fn own(&self, kind: AccountKind) -> AccountRef {
        AccountRef::party(self.creator, kind, Currency::CNY)
    }

    fn balance(&mut self, account: &AccountRef) -> i64 {
        balance(&mut self.writer, account).0
    }

    fn top_up(&mut self, amount_minor: i64) {
        self.top_ups += 1;
        let (rail, reference) = ("sandbox".to_owned(), format!("bank-{}", self.top_ups));
        let top_up = TopUpFloat { rail, reference, amount_minor, currency: Currency::CNY };
        run(&mut self.writer, top_up).unwrap();
    }

    /// Asks for an amount and hands it to the rail.
    fn sent(&mut self, amount_minor: i64) -> WithdrawalRow {
        let row = self.asked(amount_minor);
        assert_eq!(self.dispatch(), 1);
        row
    }

    fn asked(&mut self, amount_minor: i64) -> WithdrawalRow {
        self.asked_to(amount_minor, None)
    }

    fn asked_to(&mut self, amount_minor: i64, destination: Option<PayoutAccountId>) -> WithdrawalRow {
        let request = RequestWithdrawal {
            party: self.creator,
            asked: Asked::Earnings,
            amount_minor: Some(amount_minor),
            currency: Currency::CNY,
            destination,
            code: Given::Waived,
            person: None,
            dry_run: false,
        };
        let Requested::Accepted(row) = run(&mut self.writer, request).unwrap() else { panic!("accepted") };
        *row
    }

    fn dispatch(&mut self) -> usize {
        let dispatch = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
        run(&mut self.writer, dispatch).unwrap().sent
    }

    fn hear(&mut self, row: &WithdrawalRow, outcome: RailOutcome) -> String {
        let slice = self.number(row);
        let command = RecordRailOutcome { located: Located::from(row), slice, outcome, lease: None };
        run(&mut self.writer, command).unwrap().state
    }

    /// Under which number the rail knows it now.
    fn number(&self, row: &WithdrawalRow) -> RailNumber {
        self.read(row).withdrawal().slices[0].rail_number()
    }

    fn notice(&mut self, row: &WithdrawalRow, outcome: RailOutcome) -> NoticeTaken {
        self.notice_of(row, RailNumber::first(1), outcome)
    }

    fn notice_of(&mut self, row: &WithdrawalRow, number: RailNumber, outcome: RailOutcome) -> NoticeTaken {
        let reference = rail_reference(row.id, number);
        let located = by_reference(self.books.reader().as_mut(), &reference).unwrap();
        let notice = RailNotice { reference, amount_minor: row.net, outcome };
        run(&mut self.writer, RecordRailNotice { rail: "sandbox", notice, located }).unwrap()
    }

    fn read(&self, row: &WithdrawalRow) -> WithdrawalRow {
        withdrawal(self.books.reader().as_mut(), row.id).unwrap().unwrap()
    }

    fn step(&mut self, registry: &mut Registry) -> usize {
        let mut reads = self.books.reader();
        jobs::run_due(&mut self.writer, reads.as_mut(), &self.books.clock, registry).unwrap()
    }

    /// Two people put a pack in force that has these entries more.
    fn policy(&mut self, entries: &[[&str; 3]]) {
        self.packs += 1;
        let activation = PolicyActivation::parse("test.toml", &pack(entries), self.packs).unwrap();
        let propose = Propose { action: Action::ActivatePolicy(activation), by: "staff:li".to_owned() };
        let id = run(&mut self.writer, propose).unwrap();
        run(&mut self.writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
    }

    fn change(&mut self, change: PartyChange) {
        run(&mut self.writer, ChangeParty { id: self.creator, change, if_version: None }).unwrap();
    }
}

#[test]
fn what_is_queued_is_looked_at_once_more_before_it_is_sent_p6_p10() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let calls = Arc::new(AtomicUsize::new(0));
        let mut rail = Counting(Arc::clone(&calls));
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut rail, job, hands);
        let mut registry = Registry::new().with(rail_jobs("sandbox").send, send);
        desk.change(PartyChange::Freeze("checking".to_owned()));
        assert_eq!((desk.step(&mut registry), calls.load(Ordering::Relaxed)), (1, 0), "looked at, not sent");
        let held = desk.read(&row);
        let why = Some(Reason::Gate(GateCode::PartyFrozen));
        assert_eq!((held.state.as_str(), held.withdrawal().reason), ("sending", why));
        assert_eq!(desk.step(&mut registry), 0, "for a minute");
        desk.books.advance(MINUTE);
        assert_eq!((desk.step(&mut registry), calls.load(Ordering::Relaxed)), (1, 0));
        desk.change(PartyChange::Unfreeze);
        // P4: the switches of all payouts and of the rail stop what is queued, too.
        for (key, code) in
            [("payouts.enabled", GateCode::PayoutsStopped), ("rail.sandbox.enabled", GateCode::RailStopped)]
        {
            desk.policy(&[[key, "P4", "false"]]);
            desk.books.advance(MINUTE);
            assert_eq!((desk.step(&mut registry), calls.load(Ordering::Relaxed)), (1, 0), "{key}");
            assert_eq!(desk.read(&row).withdrawal().reason, Some(Reason::Gate(code)));
        }
        desk.policy(&[]);
        desk.books.advance(MINUTE);
        assert_eq!((desk.step(&mut registry), calls.load(Ordering::Relaxed)), (1, 1));
        assert_eq!(desk.read(&row).state, State::Paid.name());
    });
}

#[test]
fn a_charge_waits_for_float_and_the_payout_does_not_p10() {
    Books::each(|books| {
        // All float is reserved for payouts.
        let mut desk = Desk::on(books, 20_000, 20_000);
        let (first, _second) = (desk.sent(10_000), desk.sent(10_000));
        let expense = AccountRef::platform(AccountKind::ExpenseRailFee, Currency::CNY);
        assert_eq!(desk.hear(&first, RailOutcome::Paid { rail_fee_minor: 10 }), "paid");
        let mut registry = Registry::new().with_tireless(BOOK_CHARGE, run_book_charge);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.balance(&expense), 0, "nothing is free to book it from");
        desk.top_up(10);
        let job = jobs::derived_id(BOOK_CHARGE, &format!("{} 1 10", first.id));
        run(&mut desk.writer, RetryJob { job }).unwrap();
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!((desk.balance(&expense), desk.balance(&float())), (10, 10_000));
        // Told again, and told of more: only what is new is booked.
        desk.top_up(100);
        assert_eq!(desk.notice(&first, RailOutcome::Paid { rail_fee_minor: 10 }), NoticeTaken::Taken);
        assert_eq!(desk.notice(&first, RailOutcome::Paid { rail_fee_minor: 25 }), NoticeTaken::Taken);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.balance(&expense), 25);
    });
}

#[test]
fn a_no_to_an_earlier_attempt_is_not_believed_unasked_p10() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        assert_eq!(desk.hear(&row, RailOutcome::PayerFundsShort), "waiting_for_funds");
        desk.top_up(1);
        assert_eq!(desk.dispatch(), 1);
        assert_eq!(desk.hear(&row, RailOutcome::Unknown), "unknown");
        let class = FailureClass::PayeeFixable;
        let no = RailOutcome::DefiniteFailure { class, code: "FAIL".to_owned() };
        assert_eq!(desk.notice(&row, no.clone()), NoticeTaken::Taken);
        assert_eq!(desk.notice(&row, RailOutcome::PayerFundsShort), NoticeTaken::Taken);
        assert_eq!(desk.read(&row).state, "unknown", "the rail is asked instead");
        assert_eq!(desk.hear(&row, RailOutcome::Paid { rail_fee_minor: 0 }), "paid");
        let disputed = NoticeTaken::Disputed("outcome_conflict");
        assert_eq!((desk.notice(&row, no.clone()), desk.notice(&row, no)), (disputed, disputed));
    });
}

#[test]
fn payout_accounts_that_were_taken_away_do_not_count_p9() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 1, 1);
        let party = desk.creator;
        let bind = |desk: &mut Desk<'_>, n: usize| {
            run(&mut desk.writer, BindPayoutAccount::sandbox(party, &format!("lin-{n}.ok")))
        };
        // One is bound already.
        for n in 0..60 {
            let bound = bind(&mut desk, n).unwrap();
            let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
            run(&mut desk.writer, ChangePayoutAccount { party, id: bound.row.id, change, code }).unwrap();
        }
        for n in 0..49 {
            bind(&mut desk, n).unwrap();
        }
        assert_eq!(support::code(bind(&mut desk, 49)), "payout_accounts_too_many");
        let first = payout_accounts(books.reader().as_mut(), party).unwrap().remove(0);
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        run(&mut desk.writer, ChangePayoutAccount { party, id: first.id, change, code }).unwrap();
        bind(&mut desk, 49).unwrap();
    });
}

#[test]
fn the_proof_of_reserved_float_goes_through_every_withdrawal_p3() {
    const COLUMNS: &str = "party, destination, rail, source, amount, fee, net, currency, state, reason, requested_at, \
        requested_on, dispatch_at, expected_at, deadline_at, people_needed, approvals, review, SLICES, queued, next_at, \
        finished_at, policy_version, version, unpaid, asked_by, case_id, basis";
    Books::each(|books| {
        let invariants = purser_engine::invariants::all();
        let invariant =
            invariants.iter().find(|one| one.name() == "slices under way = float reserved").unwrap();
        let mut desk = Desk::on(books, 10_000, 10_000);
        desk.sent(10_000);
        let id = if books.is_shared() {
            "decode('ff' || lpad(to_hex(n), 30, '0'), 'hex')"
        } else {
            "CAST(printf('zzzzzzzz%08d', n) AS BLOB)"
        };
        // Hundreds that reserve nothing any more, and behind them one that should.
        let (into, from) = (
            COLUMNS.replace("SLICES", "slices"),
            COLUMNS.replace(
                "SLICES",
                "CASE WHEN n = 450 THEN slices ELSE replace(slices, 'sending', 'failed') END",
            ),
        );
        books.tamper(&format!(
            "INSERT INTO withdrawals (id, {into}) WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 450) \
             SELECT {id}, {from} FROM n, withdrawals"
        ));
        let found = invariant.check(books.reader().as_mut()).unwrap();
        let wrong = found.len();
        assert_eq!(wrong, 1);
    });
}

#[test]
fn what_the_rail_recorded_as_failed_for_funds_goes_under_a_new_number_p10_p12() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let failed = || RailOutcome::FailedForFunds { code: "PAYER_BALANCE_NOT_ENOUGH".to_owned() };
        let row = desk.sent(10_000);
        let first = desk.number(&row);
        assert_eq!(desk.hear(&row, failed()), "waiting_for_funds");
        let second = desk.number(&row);
        assert_eq!(second, RailNumber { slice: 1, round: 2 });
        assert_eq!(desk.dispatch(), 0, "not before there is money");
        // Told again, at any time: it is known, and marks nothing short once more.
        assert_eq!(desk.notice_of(&row, first, failed()), NoticeTaken::Taken);
        assert_eq!(desk.number(&row), second);
        let unknown = RailNumber { slice: 1, round: 3 };
        assert_eq!(desk.notice_of(&row, unknown, failed()), NoticeTaken::Refused("notice_unknown"));
        desk.top_up(1);
        assert_eq!(desk.dispatch(), 1);
        // The job of the first number has nothing to do any more; that of the second sends.
        let heard = Arc::new(Mutex::new(Vec::new()));
        let mut rail = Noting(Arc::clone(&heard));
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut rail, job, hands);
        let mut registry = Registry::new().with_tireless(rail_jobs("sandbox").send, send);
        while desk.step(&mut registry) > 0 {}
        let order = (rail_reference(row.id, second), false);
        assert_eq!(*heard.lock().unwrap(), [order], "a first attempt under the new number");
        assert_eq!(desk.read(&row).state, "paid");
        assert_eq!(desk.notice_of(&row, first, failed()), NoticeTaken::Taken);
        // That the first was paid after all contradicts what the rail recorded: staff must look.
        let paid = RailOutcome::Paid { rail_fee_minor: 0 };
        assert_eq!(desk.notice_of(&row, first, paid), NoticeTaken::Disputed("outcome_conflict"));
        assert_eq!(balance(&mut desk.writer, &float()), (1, 0));
    });
}

#[test]
fn a_payout_that_the_books_refuse_holds_up_nobody_p10() {
    Books::each(|books| {
        let policy = [["rail.sandbox.single_limit", "P10", "5000"]];
        let mut desk = Desk::by(books, 30_000, 30_000, &policy);
        let (first, second) = (desk.asked(10_001), desk.asked(10_002));
        // What the first reserved is given back behind everybody's back: it cannot be cut into slices any more.
        books.tamper("UPDATE holds SET state = 2 WHERE amount = 10001");
        assert_eq!(desk.dispatch(), 1);
        assert_eq!(desk.read(&second).state, "sending");
        let waits = desk.read(&first);
        assert_eq!((waits.state.as_str(), waits.next_at), ("requested", books.clock.business().plus(MINUTE)));
        let (events, _) = feed::events(books.reader().as_mut(), feed::Places::default(), 100).unwrap();
        let refused = events.iter().find(|event| event.kind == "withdrawal.dispatch_refused").unwrap();
        assert_eq!(refused.subject, first.id.to_string());
        assert_eq!(desk.balance(&float()), 30_000, "nothing of it was written");
        books.tamper("UPDATE holds SET state = 0 WHERE amount = 10001");
        assert_eq!(desk.dispatch(), 0, "not before a minute is over");
        books.advance(MINUTE);
        assert_eq!(desk.dispatch(), 1);
    });
}

#[test]
fn a_payout_whose_account_is_gone_ends_after_a_shortage_and_holds_up_nobody_x11_p9() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 30_000, 30_000);
        let own = desk.own(AccountKind::Earnings);
        let (row, behind) = (desk.sent(10_000), desk.sent(10_000));
        for row in [&row, &behind] {
            assert_eq!(desk.hear(row, RailOutcome::PayerFundsShort), "waiting_for_funds");
        }
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        let unbind = ChangePayoutAccount { party: desk.creator, id: row.destination, change, code };
        run(&mut desk.writer, unbind).unwrap();
        desk.top_up(1);
        assert_eq!(desk.dispatch(), 0);
        assert_eq!((desk.read(&row).state.as_str(), desk.read(&behind).state.as_str()), ("failed", "failed"));
        assert_eq!(balance(&mut desk.writer, &own), (30_000, 0), "nothing of it stays reserved");
        assert_eq!(balance(&mut desk.writer, &float()), (30_001, 0));
    });
}

#[test]
fn a_number_that_staff_locked_stays_locked_when_it_is_bound_again_p9() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let (party, id) = (desk.creator, row.destination);
        let lock = |locked, reason: &str| LockPayoutAccount { party, id, locked, reason: reason.to_owned() };
        run(&mut desk.writer, lock(true, "asked by the police")).unwrap();
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        run(&mut desk.writer, ChangePayoutAccount { party, id, change, code }).unwrap();
        let again = run(&mut desk.writer, BindPayoutAccount::sandbox(party, "lin.ok")).unwrap();
        assert!(again.row.locked);
        let other = run(&mut desk.writer, BindPayoutAccount::sandbox(party, "lin-2.ok")).unwrap();
        assert!(!other.row.locked);
    });
}

#[test]
fn an_account_that_was_taken_away_meanwhile_is_not_paid_g() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let own = desk.own(AccountKind::Earnings);
        let row = desk.sent(10_000);
        let calls = Arc::new(AtomicUsize::new(0));
        let mut rail = Counting(Arc::clone(&calls));
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut rail, job, hands);
        let mut registry = Registry::new().with(rail_jobs("sandbox").send, send);
        // It waits for its party first: that look sent nothing.
        desk.change(PartyChange::Freeze("checking".to_owned()));
        assert_eq!(desk.step(&mut registry), 1);
        desk.change(PartyChange::Unfreeze);
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        let unbind = ChangePayoutAccount { party: desk.creator, id: row.destination, change, code };
        run(&mut desk.writer, unbind).unwrap();
        desk.books.advance(MINUTE);
        assert_eq!((desk.step(&mut registry), calls.load(Ordering::Relaxed)), (1, 0));
        assert_eq!(desk.read(&row).state, "failed");
        assert_eq!(balance(&mut desk.writer, &own), (10_000, 0));
    });
}

#[test]
fn a_notice_about_an_order_that_was_put_off_does_not_lose_it_p10_x12() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let no = RailOutcome::DefiniteFailure { class: FailureClass::RailLimitDay, code: "DAY".to_owned() };
        assert_eq!(desk.hear(&row, no.clone()), "sending");
        assert_eq!(desk.notice(&row, no), NoticeTaken::Taken);
        assert_eq!(desk.read(&row).state, "sending", "it waits for the next day as before");
        let calls = Arc::new(AtomicUsize::new(0));
        let mut rail = Counting(Arc::clone(&calls));
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut rail, job, hands);
        let mut registry = Registry::new().with(rail_jobs("sandbox").send, send);
        desk.books.advance(DAY);
        while desk.step(&mut registry) > 0 {}
        assert_eq!((calls.load(Ordering::Relaxed), desk.read(&row).state.as_str()), (1, "paid"));
    });
}

#[test]
fn what_comes_back_pays_what_is_owed_first_m() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let (own, owed) = (desk.own(AccountKind::Earnings), desk.own(AccountKind::Owed));
        let row = desk.sent(10_000);
        post(&mut desk.writer, Step::Post, &owed, &clearing(), 3_000);
        let class = FailureClass::PayeeFixable;
        let no = RailOutcome::DefiniteFailure { class, code: "FAIL".to_owned() };
        assert_eq!(desk.hear(&row, no), "failed");
        assert_eq!((desk.balance(&own), desk.balance(&owed)), (7_000, 0));
    });
}

/// P4: whose money is drawn says which switch counts, and a second role is no way round the first one's.
#[test]
fn the_switch_of_a_kind_of_party_follows_the_money_that_is_drawn_p4_g2() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 1);
        let mut party = |name: &str, roles: &[Role]| {
            let profile = Profile {
                external_id: name.to_owned(),
                display_name: name.to_owned(),
                roles: roles.iter().copied().collect(),
                legal_form: LegalForm::Individual,
                class: AccountClass::Ordinary,
                metadata: BTreeMap::new(),
            };
            run(&mut desk.writer, RegisterParty(profile)).unwrap().id
        };
        let (creator, agency) = (desk.creator, party("agency", &[Role::Agency]));
        let both = party("both", &[Role::Creator, Role::Agency]);
        let shop = party("shop", &[Role::Creator, Role::Merchant, Role::Advertiser]);
        let all = [creator, agency, both, shop];
        let stopped = |desk: &mut Desk<'_>, asked: Asked| {
            all.map(|party| {
                let request = RequestWithdrawal {
                    party,
                    asked,
                    amount_minor: Some(10),
                    currency: Currency::CNY,
                    destination: None,
                    code: Given::Waived,
                    person: None,
                    dry_run: false,
                };
                run(&mut desk.writer, request).is_err_and(|no| no.code == "party_kind_stopped")
            })
        };
        let expected = [
            ("payouts.creator.enabled", [true, false, true, true], [false; 4]),
            ("payouts.agency.enabled", [false, true, true, false], [false; 4]),
            ("payouts.merchant.enabled", [false; 4], [true; 4]),
            ("payouts.advertiser.enabled", [false; 4], [false; 4]),
        ];
        for (key, earnings, proceeds) in expected {
            desk.policy(&[[key, "P4", "false"]]);
            books.advance(SECOND);
            let found = (stopped(&mut desk, Asked::Earnings), stopped(&mut desk, Asked::Proceeds));
            assert_eq!(found, (earnings, proceeds), "{key}");
        }
    });
}

/// X11: what was held back for a while is still the older request when money is there for one only.
#[test]
fn the_oldest_request_goes_first_after_it_was_held_back_x11() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 20_000, 10_000);
        let other =
            run(&mut desk.writer, BindPayoutAccount::sandbox(desk.creator, "lin-2.ok")).unwrap().row.id;
        books.advance(2 * DAY);
        let older = desk.asked_to(10_000, Some(other));
        let (party, id) = (desk.creator, other);
        let lock = |locked| LockPayoutAccount { party, id, locked, reason: "looks odd".to_owned() };
        run(&mut desk.writer, lock(true)).unwrap();
        assert_eq!(desk.dispatch(), 0);
        books.advance(30 * SECOND);
        let younger = desk.asked(10_000);
        run(&mut desk.writer, lock(false)).unwrap();
        books.advance(31 * SECOND);
        assert_eq!(desk.dispatch(), 1);
        assert_eq!([&older, &younger].map(|row| desk.read(row).state), ["sending", "waiting_for_funds"]);
    });
}
