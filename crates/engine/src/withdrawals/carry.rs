//! The jobs between a withdrawal and its rail, and the step function that looks at the queues.

use purser_domain::{
    ids::{PayoutAccountId, Uid, WithdrawalId},
    time::Timestamp,
    withdrawals::{FailureClass, RailNumber, RailOutcome, SliceState, State, read_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use super::{
    accounts::{self, SANDBOX_KIND},
    dispatch::{DispatchRail, Dispatched, QueuePlace, RerouteRail, waits_for_float},
    may_send::{May, MaySend, Unpayable},
    outcome::{RecordRailOutcome, Seen},
    queries::{Located, RailFloat, floats, queued, withdrawal},
    reach::{Unsent, noted},
    rows::{PayoutAccountRow, WithdrawalRow},
};
use crate::{
    call::{Desk, call},
    clock::Clock,
    command::{Meta, Rejection},
    facts::Fact,
    jobs::{Claimed, Hands, Ran, RunError},
    ports::{Payee, PayoutOrder, Rail},
    sandbox::ReturnPayout,
};

/// Withdrawals that one look at a queue takes.
const LOOK: i64 = 200;

/// Dispatches whatever is queued for a rail, oldest first; returns how many were handed to it. A step function:
/// the binary calls it again and again.
///
/// # Errors
/// Storage faults.
pub fn dispatch_due(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    rail: &str,
) -> Result<usize, Fault> {
    let Some(oldest) = queued(reads, rail, clock.business(), false)? else { return Ok(0) };
    let mut sent = 0;
    let mut short = is_uncovered(reads, &oldest)?;
    if !short {
        let done = look(desk, rail, None)?;
        (sent, short) = (done.sent, done.short);
    }
    if short {
        tell_of_shortage(desk, reads, clock, rail)?;
    }
    Ok(sent)
}

/// Moves what is queued for a rail that is switched off, out of order or out of everybody's reach to another one that may
/// carry it, and says of the rest why it waits. For rails that have no dispatcher of their own here; nothing is sent.
/// Returns how many were looked at.
///
/// # Errors
/// Storage faults.
pub fn reroute_due(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    rail: &str,
) -> Result<usize, Fault> {
    if queued(reads, rail, clock.business(), false)?.is_none() {
        return Ok(0);
    }
    let dispatch = DispatchRail { rail: rail.to_owned(), limit: LOOK, short_before: None };
    Ok(dispatched(rail, call(desk, RerouteRail(dispatch), Meta::system()))?.looked)
}

/// True for what waits for float that is not there yet: looking again would say the same, unless its rail broke and
/// another one may carry it.
fn is_uncovered(reads: &mut dyn Session, oldest: &WithdrawalRow) -> Result<bool, Fault> {
    if !waits_for_float(&oldest.withdrawal()) {
        return Ok(false);
    }
    let float = floats(reads, &[oldest.rail.as_str()], oldest.currency)?.pop();
    // What was sent before has its float reserved and waits for the rail only.
    let covers = |float: RailFloat| {
        let free = float.posted_minor.saturating_sub(float.held_minor);
        let enough = !oldest.slices.is_empty() || free >= oldest.net;
        !float.healthy || (!float.marked_short && enough)
    };
    Ok(!float.is_some_and(covers))
}

/// What came since float ran short learns that it waits (X11): from the newest back to the first that knows.
fn tell_of_shortage(
    desk: &mut dyn Desk,
    reads: &mut dyn Session,
    clock: &Clock,
    rail: &str,
) -> Result<(), Fault> {
    let newest = queued(reads, rail, clock.business(), true)?;
    let mut place = newest.filter(|row| !waits_for_float(&row.withdrawal())).map(|_| END);
    while let Some(before) = place {
        let done = look(desk, rail, Some(before))?;
        place = done.first.filter(|_| done.told > 0 && done.told == done.looked);
    }
    Ok(())
}

/// Behind everything that is queued.
const END: QueuePlace = (Timestamp(i64::MAX), WithdrawalId(Uid([0xff; 16])));

fn look(desk: &mut dyn Desk, rail: &str, short_before: Option<QueuePlace>) -> Result<Dispatched, Fault> {
    let dispatch = DispatchRail { rail: rail.to_owned(), limit: LOOK, short_before };
    dispatched(rail, call(desk, dispatch, Meta::system()))
}

fn dispatched(
    rail: &str,
    done: Result<Result<Dispatched, Rejection>, crate::Failure>,
) -> Result<Dispatched, Fault> {
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(rejection)) => {
            tracing::warn!(rail, code = rejection.code, "the dispatcher was refused");
            Ok(Dispatched::default())
        }
        Err(crate::Failure::Fault(fault)) => Err(fault),
        Err(_) => Ok(Dispatched::default()),
    }
}

/// What a job about a slice is about.
struct Slice {
    row: WithdrawalRow,
    number: RailNumber,
    reference: String,
    amount_minor: i64,
    state: Option<SliceState>,
    attempts: u32,
}

fn slice(job: &Claimed, hands: &mut Hands<'_>) -> Result<Slice, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let id: WithdrawalId = job.subject.parse().map_err(|_| bad())?;
    let reference = job.payload.get_text("reference").ok_or_else(bad)?;
    let (_, number) = read_reference(&reference).filter(|(named, _)| *named == id).ok_or_else(bad)?;
    let row = withdrawal(hands.reads, id)?.ok_or_else(bad)?;
    // Nothing is to be learned any more about a number that the rail recorded as failed.
    let known = row.withdrawal().slices.into_iter().find(|slice| slice.rail_number() == number);
    let (amount_minor, attempts) = known.as_ref().map_or((0, 0), |s| (s.amount_minor, s.attempts));
    let state = known.map(|s| s.state);
    Ok(Slice { row, number, reference, amount_minor, state, attempts })
}

/// The order of a slice, the same however often it is made.
fn order(slice: &Slice, job: &Claimed, hands: &mut Hands<'_>) -> Result<PayoutOrder, RunError> {
    let payee = payee(&slice.row, hands)?;
    Ok(PayoutOrder {
        reference: slice.reference.clone(),
        amount_minor: slice.amount_minor,
        payee,
        // A run that ended before it could write down what the rail said is an earlier attempt too.
        // The token only grows: also staff's trying again does not make it look like the first.
        again: slice.attempts > 1 || job.attempts > 1 || job.lease.token > 1,
    })
}

/// Gives a slice to its rail and writes down what it says.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_send(rail: &mut dyn Rail, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let slice = slice(job, hands)?;
    // Somebody else learned the end already; sending again would be harmless but says nothing new.
    if !matches!(slice.state, Some(SliceState::Sending))
        || State::named(&slice.row.state).is_none_or(State::is_final)
    {
        return Ok(Ran::Finish);
    }
    let order = order(&slice, job, hands)?;
    let (located, destination) = (Located::from(&slice.row), slice.row.destination);
    let may = MaySend { located, number: slice.number, destination, lease: job.lease };
    let outcome = match hands.call(may)? {
        May::Wait => return Ok(Ran::Committed),
        May::Over => return Ok(Ran::Finish),
        May::Send => {
            let said = rail.send(&order, hands);
            let unsent = Unsent { id: slice.row.id, number: slice.number, lease: job.lease };
            match noted(rail.name(), said, Some(unsent), hands) {
                // It may have arrived all the same: it is asked about, never sent as if it had not.
                Err(RunError::Unanswered(text)) => {
                    tracing::warn!(reference = order.reference, text, "no answer of the rail: asked about");
                    RailOutcome::Unknown
                }
                said => said?,
            }
        }
        May::Drop(code) => {
            let class = FailureClass::PayeeFixable;
            RailOutcome::DefiniteFailure { class, code: code.code().to_owned() }
        }
        // From here on the rail is asked.
        May::Ask => RailOutcome::Unknown,
    };
    record(&slice, outcome, job, hands)
}

/// Asks a rail about a slice and writes down what it says. While that stays unknown the job is tried again, with
/// growing pauses, for ever.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_query(rail: &mut dyn Rail, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let slice = slice(job, hands)?;
    if !matches!(slice.state, Some(SliceState::Unknown)) {
        return Ok(Ran::Finish);
    }
    let order = order(&slice, job, hands)?;
    let said = rail.query(&order, hands);
    let outcome = noted(rail.name(), said, None, hands)?;
    let goes_again = matches!(outcome, RailOutcome::NotFound | RailOutcome::PayerFundsShort);
    let unpayable = if goes_again { hands.call(Unpayable::of(&slice.row, job.lease))? } else { None };
    match (outcome, unpayable) {
        (RailOutcome::Unknown | RailOutcome::Throttled, _) => {
            Err(RunError::Failed("the rail does not know the outcome yet".to_owned()))
        }
        // To be sent again it would come back to here: what may still be on its way is waited for.
        (RailOutcome::NotFound, Some(_)) => {
            let text = "the payout account cannot be paid any more, and the rail does not say what became of the order";
            Err(RunError::Failed(text.to_owned()))
        }
        // The rail did not carry it out, and nobody will ask it to again.
        (RailOutcome::PayerFundsShort, Some(code)) => {
            let class = FailureClass::PayeeFixable;
            let outcome = RailOutcome::DefiniteFailure { class, code: code.code().to_owned() };
            record(&slice, outcome, job, hands)
        }
        (outcome, _) => record(&slice, outcome, job, hands),
    }
}

fn payee(row: &WithdrawalRow, hands: &mut Hands<'_>) -> Result<Payee, RunError> {
    let id: PayoutAccountId = row.destination;
    let mut payee = None;
    hands.reads.load(
        PayoutAccountRow::TABLE,
        &Keys::<PayoutAccountRow>(&[id]),
        Lock::None,
        &mut |source| {
            let account = PayoutAccountRow::read(source);
            payee = Some(account);
        },
    )?;
    let account = payee.ok_or_else(|| RunError::Failed("the payout account is gone".to_owned()))?;
    if account.kind == SANDBOX_KIND {
        return Ok(Payee { kind: account.kind, number: account.number, ..Payee::default() });
    }
    accounts::payee(&*hands.vault()?, &account).map_err(|error| RunError::Failed(error.to_string()))
}

fn record(
    slice: &Slice,
    outcome: RailOutcome,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let located = Located::from(&slice.row);
    let command = RecordRailOutcome {
        located,
        slice: slice.number,
        outcome,
        seen: Some(Seen::Attempts(slice.attempts)),
        lease: Some(job.lease),
    };
    hands.call(command)?;
    Ok(Ran::Committed)
}

/// Takes in a callback of the sandbox: money that it returned, or a success it tells again.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_sandbox_callback(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let reference = job.payload.get_text("reference").ok_or_else(bad)?;
    let (id, number) = read_reference(&reference).ok_or_else(bad)?;
    let row = withdrawal(hands.reads, id)?.ok_or_else(bad)?;
    let outcome = if job.payload.get("return") == Some(Fact::Flag(true)) {
        hands.call(ReturnPayout(reference.clone()))?;
        RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: "RETURNED".to_owned() }
    } else {
        RailOutcome::Paid { rail_fee_minor: 0 }
    };
    let slice =
        Slice { row, number, reference: reference.clone(), amount_minor: 0, state: None, attempts: 0 };
    record(&slice, outcome, job, hands)
}
