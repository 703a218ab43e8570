//! Payouts on both databases: the last look before a rail is called (P6, P9, P10), its charge, notices about an earlier
//! attempt, and what comes back to a payee who owes something.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod payee;
mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use payee::{Counting, Desk, Dying, Noting};
use purser_domain::{
    ledger::{AccountKind, AccountRef, Step},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    time::{DAY, MINUTE, SECOND},
    withdrawals::{FailureClass, GateCode, RailNumber, RailOutcome, Reason, State, rail_reference},
};
use purser_engine::{
    feed,
    identity::Given,
    jobs::{self, Claimed, Hands, Registry, RetryJob},
    parties::{PartyChange, RegisterParty},
    rows::JobState,
    withdrawals::{
        Asked, BOOK_CHARGE, BindPayoutAccount, ChangePayoutAccount, LockPayoutAccount, NoticeTaken,
        PayoutAccountChange, RequestWithdrawal, payout_accounts, rail_jobs, run_book_charge, run_send,
    },
};
use support::{Books, balance, clearing, float, post, run};

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
fn what_a_dying_server_may_have_sent_is_asked_about_however_long_it_waited_since_p10() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let mut rail = Dying;
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut rail, job, hands);
        let mut registry = Registry::new().with(rail_jobs("sandbox").send, send);
        assert_eq!(desk.step(&mut registry), 1);
        let job = jobs::by_state(books.reader().as_mut(), JobState::Ready, 10).unwrap()[0].id;
        run(&mut desk.writer, RetryJob { job }).unwrap();
        // The next server finds the party frozen, and later the payout account gone.
        desk.change(PartyChange::Freeze("checking".to_owned()));
        assert_eq!(desk.step(&mut registry), 1);
        desk.change(PartyChange::Unfreeze);
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        let unbind = ChangePayoutAccount { party: desk.creator, id: row.destination, change, code };
        run(&mut desk.writer, unbind).unwrap();
        books.advance(MINUTE);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(
            desk.read(&row).state,
            State::Unknown.name(),
            "it may have been paid: nothing is given back"
        );
        assert_eq!(balance(&mut desk.writer, &float()), (10_000, 10_000));
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
        // Lifted once, it stays lifted.
        let (id, reason) = (again.row.id, "cleared".to_owned());
        run(&mut desk.writer, LockPayoutAccount { party, id, locked: false, reason }).unwrap();
        let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
        run(&mut desk.writer, ChangePayoutAccount { party, id, change, code }).unwrap();
        let third = run(&mut desk.writer, BindPayoutAccount::sandbox(party, "lin.ok")).unwrap();
        assert!(!third.row.locked);
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
                    metadata: Metadata::new(),
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
