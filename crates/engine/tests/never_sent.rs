//! Payouts whose account is gone before the rail has them (P9, P10): what it never had is given back, what it may have is
//! asked about; and what says whether a rail can be reached (G15).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[expect(dead_code, reason = "shared with the other tests of payouts")]
mod payee;
mod support;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use payee::{Desk, Dying};
use purser_domain::{
    ledger::AccountKind,
    money::Currency,
    time::{HOUR, MINUTE},
    withdrawals::{AtRail, FailureClass, RailNumber, RailOutcome},
};
use purser_engine::{
    identity::Given,
    jobs::{self, Claimed, Hands, Registry, RetryJob, RunError},
    ports::{PayoutOrder, Rail},
    rows::JobState,
    withdrawals::{
        ChangePayoutAccount, Located, NoticeTaken, PayoutAccountChange, RecordRailOutcome, Seen,
        WithdrawalRow, floats, rail_jobs, run_query, run_send,
    },
};
use support::{Books, balance, float, run};

type Said = Result<RailOutcome, RunError>;

/// A rail that says what it was told to, and notes how it was called.
#[derive(Clone, Default)]
struct Script {
    says: Arc<Mutex<VecDeque<(&'static str, Said)>>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Script {
    fn then(&self, call: &'static str, said: Said) {
        self.says.lock().unwrap().push_back((call, said));
    }

    fn answer(&self, call: &'static str) -> Said {
        self.calls.lock().unwrap().push(call);
        let (expected, said) = self.says.lock().unwrap().pop_front().expect("an answer was prepared");
        assert_eq!(call, expected);
        said
    }

    /// What it was asked since the last look.
    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn registry(&self) -> Registry {
        let (mut send, mut query) = (self.clone(), self.clone());
        Registry::new()
            .with_tireless(rail_jobs("sandbox").send, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_send(&mut send, job, hands)
            })
            .with_tireless(rail_jobs("sandbox").query, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_query(&mut query, job, hands)
            })
    }
}

impl Rail for Script {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Said {
        self.answer("send")
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Said {
        self.answer("query")
    }
}

fn unreached() -> Said {
    Err(RunError::Unreached("nobody is there".to_owned()))
}

fn unbind(desk: &mut Desk<'_>, row: &WithdrawalRow) {
    let (party, id) = (desk.creator, row.destination);
    let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
    run(&mut desk.writer, ChangePayoutAccount { party, id, change, code }).unwrap();
}

/// What waits after a failure is due at once.
fn hurry(desk: &mut Desk<'_>) {
    for job in jobs::by_state(desk.books.reader().as_mut(), JobState::Ready, 10).unwrap() {
        run(&mut desk.writer, RetryJob { job: job.id }).unwrap();
    }
}

fn given_back(desk: &mut Desk<'_>, row: &WithdrawalRow) {
    assert_eq!(desk.read(row).state, "failed");
    let own = desk.own(AccountKind::Earnings);
    assert_eq!(balance(&mut desk.writer, &own), (10_000, 0), "nothing stays reserved");
    assert_eq!(balance(&mut desk.writer, &float()), (10_000, 0));
    let ready = jobs::by_state(desk.books.reader().as_mut(), JobState::Ready, 10).unwrap();
    assert!(ready.is_empty(), "nobody asks any more: {ready:?}");
}

#[test]
fn what_never_reached_the_rail_is_given_back_when_its_account_is_gone_p9_p10() {
    Books::each(|books| {
        let (mut desk, script) = (Desk::on(books, 10_000, 10_000), Script::default());
        let mut registry = script.registry();
        let row = desk.sent(10_000);
        for _ in 0..2 {
            script.then("send", unreached());
            assert_eq!(desk.step(&mut registry), 1);
            hurry(&mut desk);
        }
        unbind(&mut desk, &row);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(script.calls(), ["send", "send"], "nobody is asked about what never left");
        given_back(&mut desk, &row);
    });
}

/// As a file for a bank does it: taken, and put back before it went out.
#[test]
fn what_was_put_back_is_given_back_when_its_account_is_gone_p9_p10() {
    Books::each(|books| {
        let (mut desk, script) = (Desk::on(books, 10_000, 10_000), Script::default());
        let mut registry = script.registry();
        let row = desk.sent(10_000);
        script.then("send", Ok(RailOutcome::Unknown));
        assert_eq!(desk.step(&mut registry), 1);
        unbind(&mut desk, &row);
        script.then("query", Ok(RailOutcome::NotTaken));
        books.advance(MINUTE);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.read(&row).state, "sending", "it would go again");
        books.advance(MINUTE);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(script.calls(), ["send", "query"]);
        given_back(&mut desk, &row);
    });
}

/// That a rail had nothing of an order says nothing about what was given to it since (P10).
#[test]
fn that_nothing_was_taken_is_not_believed_of_a_later_attempt_p10() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let say = |desk: &mut Desk<'_>, outcome: RailOutcome, attempts: u32| {
            let (located, slice) = (Located::from(&row), desk.number(&row));
            let seen = Some(Seen::Attempts(attempts));
            run(&mut desk.writer, RecordRailOutcome { located, slice, outcome, seen, lease: None })
                .unwrap()
                .state
        };
        assert_eq!(say(&mut desk, RailOutcome::Unknown, 1), "unknown");
        assert_eq!(say(&mut desk, RailOutcome::NotTaken, 1), "sending", "it goes again");
        assert_eq!(say(&mut desk, RailOutcome::Unknown, 2), "unknown");
        assert_eq!(say(&mut desk, RailOutcome::NotTaken, 1), "unknown", "of the first attempt, told late");
        let slice = desk.read(&row).withdrawal().slices[0].clone();
        assert_eq!((slice.attempts, slice.at_rail), (2, AtRail::Perhaps));
    });
}

#[test]
fn what_the_rail_may_have_is_asked_about_with_growing_pauses_when_its_account_is_gone_p9_p10() {
    Books::each(|books| {
        let (mut desk, script) = (Desk::on(books, 10_000, 10_000), Script::default());
        let row = desk.sent(10_000);
        let mut dying = Dying;
        let mut dies = Registry::new()
            .with_tireless(rail_jobs("sandbox").send, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_send(&mut dying, job, hands)
            });
        assert_eq!(desk.step(&mut dies), 1);
        unbind(&mut desk, &row);
        let mut registry = script.registry();
        let jobs =
            |desk: &Desk<'_>| jobs::by_state(desk.books.reader().as_mut(), JobState::Ready, 10).unwrap();
        hurry(&mut desk);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!((desk.read(&row).state.as_str(), script.calls().len()), ("unknown", 0), "not sent again");
        books.advance(MINUTE);
        // That it does not know the order now does not mean that it never gets it, and that it would not be asked says
        // nothing at all.
        for says in [RailOutcome::NotFound, RailOutcome::Throttled, RailOutcome::NotFound] {
            hurry(&mut desk);
            script.then("query", Ok(says));
            assert_eq!(desk.step(&mut registry), 1);
            assert_eq!(jobs(&desk).len(), 1, "one job, which waits longer and longer");
            assert_eq!(desk.step(&mut registry), 0);
        }
        assert_eq!(balance(&mut desk.writer, &float()), (10_000, 10_000), "nothing is given back");
        hurry(&mut desk);
        script.then("query", Ok(RailOutcome::Paid { rail_fee_minor: 0 }));
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.read(&row).state, "paid");
        assert_eq!(script.calls(), ["query"; 4], "never sent to where nobody wants it");
    });
}

#[test]
fn a_call_without_an_answer_is_asked_about_p10() {
    Books::each(|books| {
        let (mut desk, script) = (Desk::on(books, 10_000, 10_000), Script::default());
        let mut registry = script.registry();
        let row = desk.sent(10_000);
        script.then("send", Err(RunError::Unanswered("time-out".to_owned())));
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.read(&row).state, "unknown");
        books.advance(HOUR);
        script.then("query", Err(RunError::Unanswered("time-out".to_owned())));
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!(desk.read(&row).state, "unknown");
        assert_eq!(script.calls(), ["send", "query"]);
    });
}

/// P12: a "no" about a number that was not sent yet answers nothing: it neither ends the payout nor asks anybody.
#[test]
fn a_no_to_a_number_that_was_never_sent_is_not_believed_p10_p12() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let short = || RailOutcome::FailedForFunds { code: "PAYER_BALANCE_NOT_ENOUGH".to_owned() };
        assert_eq!(desk.hear(&row, short()), "waiting_for_funds");
        let next = RailNumber { slice: 1, round: 2 };
        let class = FailureClass::PayeeFixable;
        let no = || RailOutcome::DefiniteFailure { class, code: "PAYEE_NOT_EXIST".to_owned() };
        let late = [no(), short(), RailOutcome::PayerFundsShort, RailOutcome::Unknown, RailOutcome::NotFound];
        let waits = |desk: &mut Desk<'_>, state: &str| {
            for said in late.clone() {
                assert_eq!(desk.notice_of(&row, next, said), NoticeTaken::Taken);
                assert_eq!((desk.read(&row).state.as_str(), desk.number(&row)), (state, next));
            }
        };
        waits(&mut desk, "waiting_for_funds");
        desk.top_up(1);
        assert_eq!(desk.dispatch(), 1);
        waits(&mut desk, "sending");
        let script = Script::default();
        script.then("send", Ok(RailOutcome::Paid { rail_fee_minor: 0 }));
        let mut registry = script.registry();
        while desk.step(&mut registry) > 0 {}
        assert_eq!((script.calls(), desk.read(&row).state.as_str()), (vec!["send"], "paid"));
    });
}

/// That money moved under a number that these books did not send is believed: they were restored, the rail was not.
#[test]
fn a_payment_under_a_number_that_was_never_sent_is_booked_p10() {
    Books::each(|books| {
        let mut desk = Desk::on(books, 10_000, 10_000);
        let row = desk.sent(10_000);
        let paid = RailOutcome::Paid { rail_fee_minor: 0 };
        assert_eq!(desk.notice(&row, paid), NoticeTaken::Taken);
        assert_eq!(desk.read(&row).state, "paid");
    });
}

/// G15: a rail is as reachable as its last calls were; what is decided without a call says nothing about it.
#[test]
fn only_answers_to_calls_say_that_a_rail_is_there_p10_g15() {
    Books::each(|books| {
        let (mut desk, script) = (Desk::on(books, 60_000, 60_000), Script::default());
        let mut registry = script.registry();
        let unreached_now = |desk: &Desk<'_>| {
            let rail = floats(desk.books.reader().as_mut(), &["sandbox"], Currency::CNY).unwrap().remove(0);
            rail.row.map_or(0, |row| row.unreached)
        };
        let row = desk.sent(10_000);
        for _ in 0..2 {
            script.then("send", unreached());
            assert_eq!(desk.step(&mut registry), 1);
            hurry(&mut desk);
        }
        assert_eq!(unreached_now(&desk), 2);
        // Given back without a call: still nobody was heard.
        unbind(&mut desk, &row);
        assert_eq!(desk.step(&mut registry), 1);
        assert_eq!((desk.read(&row).state.as_str(), unreached_now(&desk)), ("failed", 2));
        let bound = purser_engine::withdrawals::BindPayoutAccount::sandbox(desk.creator, "lin-2.ok");
        let other = run(&mut desk.writer, bound).unwrap().row.id;
        books.advance(48 * HOUR);
        let sent = |desk: &mut Desk<'_>| {
            let row = desk.asked_to(10_000, Some(other));
            assert_eq!(desk.dispatch(), 1);
            row
        };
        // No answer is no answer, whatever it comes to for the payout.
        sent(&mut desk);
        script.then("send", Err(RunError::Unanswered("time-out".to_owned())));
        assert_eq!((desk.step(&mut registry), unreached_now(&desk)), (1, 2));
        // An answer that leaves the outcome open is one.
        sent(&mut desk);
        script.then("send", Ok(RailOutcome::Unknown));
        assert_eq!((desk.step(&mut registry), unreached_now(&desk)), (1, 0));
        books.tamper("UPDATE rails SET unreached = 2");
        books.advance(MINUTE);
        script.then("query", Ok(RailOutcome::Unknown));
        script.then("query", Ok(RailOutcome::Unknown));
        assert_eq!((desk.step(&mut registry), unreached_now(&desk)), (2, 0));
    });
}
