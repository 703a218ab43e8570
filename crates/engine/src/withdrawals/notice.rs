//! Notices of rails: what one says about a payout without being asked (P10).

use purser_domain::{
    casework::Kind,
    ids::Uid,
    withdrawals::{self, AtRail, RailNumber, RailOutcome, Slice, SliceState},
};

use super::{
    outcome::{decide, want},
    queries::Located,
    rows::WithdrawalRow,
};
use crate::{
    cases::{self, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    group::INTERNAL_CLIENT,
    ports::RailNotice,
    rows::Idempotency,
    tx::{Needs, Tx},
};

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeTaken {
    /// Booked, or it was before.
    Taken,
    /// Not booked, for this reason; it is in the audit log, and staff hear of it.
    Refused(&'static str),
    /// Not booked: it contradicts what is booked, and a case is open about it (P13). It need not come again.
    Disputed(&'static str),
}

/// Contradictions that cost money if they are true.
const DISPUTES: [&str; 2] = ["outcome_conflict", "notice_amount"];

/// Takes in a notice whose signature is good. It is accepted in any case, so that the audit log keeps what was
/// refused: `notice_unknown` (no such withdrawal or slice), `notice_other_rail`, `notice_amount`,
/// `outcome_conflict` (the rail says the opposite of what it said before).
pub struct RecordRailNotice {
    /// The rail that said it.
    pub rail: &'static str,
    /// What it said.
    pub notice: RailNotice,
    /// The withdrawal and the slice's number at the rail that the reference names, when there is such a withdrawal.
    pub located: Option<(Located, RailNumber)>,
}

impl RecordRailNotice {
    fn book(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), &'static str> {
        let Some((located, number)) = &self.located else { return Err("notice_unknown") };
        let row = tx.get::<WithdrawalRow>(&located.id).ok_or("notice_unknown")?;
        if row.rail != self.rail {
            return Err("notice_other_rail");
        }
        let slice = row.withdrawal().slices.into_iter().find(|slice| slice.number == number.slice);
        let slice = slice.filter(|slice| number.round <= slice.round).ok_or("notice_unknown")?;
        if slice.amount_minor != self.notice.amount_minor {
            return Err("notice_amount");
        }
        let said = &self.notice.outcome;
        let current = number.round == slice.round;
        if current && says_nothing(said, &slice) {
            return Ok(());
        }
        let outcome = &if current { believed(said, &slice, ctx) } else { said.clone() };
        let mark = tx.mark();
        decide(tx, ctx, located, |withdrawal, gate| {
            withdrawals::rail_outcome(withdrawal, *number, outcome, gate)
        })
        .map(|_| ())
        .map_err(|rejection| {
            tx.rollback(mark);
            rejection.code
        })
    }
}

impl Command for RecordRailNotice {
    type Output = NoticeTaken;

    fn name(&self) -> &'static str {
        "rail.notice"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<Idempotency>(self.dispute_key());
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if let Some((located, number)) = &self.located {
            want(needs, located, &[number.slice], ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<NoticeTaken, Rejection> {
        match self.book(tx, ctx) {
            Ok(()) => Ok(NoticeTaken::Taken),
            Err(code) if DISPUTES.contains(&code) => {
                self.dispute(tx, ctx, code);
                Ok(NoticeTaken::Disputed(code))
            }
            Err(code) => {
                let facts = Facts::new().text("code", code).text("reference", self.known_reference());
                tx.event("rail.notice_refused", None, self.rail, facts);
                Ok(NoticeTaken::Refused(code))
            }
        }
    }

    fn audit(&self, output: &NoticeTaken) -> (String, Facts) {
        let code = match output {
            NoticeTaken::Taken => "taken",
            NoticeTaken::Refused(code) | NoticeTaken::Disputed(code) => code,
        };
        (self.known_reference(), Facts::new().text("rail", self.rail).text("outcome", code))
    }
}

/// Whether a notice can be no answer to anything: the rail has nothing under this number, because it was not sent yet or
/// was refused, and what is not there cannot have failed. That money moved is believed all the same: then these books are
/// what forgot.
fn says_nothing(said: &RailOutcome, slice: &Slice) -> bool {
    let open = matches!(slice.state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort);
    open && slice.at_rail == AtRail::Nothing
        && !matches!(said, RailOutcome::Paid { .. } | RailOutcome::Bounced { .. })
}

/// What a notice may be believed. A notice does not say which attempt it is about: the "no" to an earlier one may come
/// late, or be sent once more by somebody else, while a later attempt pays. Then the rail is asked.
fn believed(said: &RailOutcome, slice: &Slice, ctx: &Ctx) -> RailOutcome {
    let refused = matches!(
        said,
        RailOutcome::DefiniteFailure { .. }
            | RailOutcome::FailedForFunds { .. }
            | RailOutcome::PayerFundsShort
    );
    let open = matches!(slice.state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort);
    // Put off since it was refused: nothing was sent meanwhile that the "no" could be hiding.
    let waits = slice.state == SliceState::Sending && slice.deferred_until.is_some_and(|at| ctx.now < at);
    let several = (slice.attempts > 1 && !waits) || slice.state == SliceState::FundsShort;
    if refused && open && several { RailOutcome::Unknown } else { said.clone() }
}

impl RecordRailNotice {
    /// Under this key it is remembered that a case was opened: told again, it stays one.
    fn dispute_key(&self) -> (Uid, String) {
        (INTERNAL_CLIENT, format!("rail.notice {} {}", self.rail, self.notice.reference))
    }

    fn dispute(&self, tx: &mut Tx, ctx: &Ctx, code: &'static str) {
        let (client, key) = self.dispute_key();
        if tx.get::<Idempotency>(&(client, key.clone())).is_some() {
            return;
        }
        let command = self.name().to_owned();
        let at = ctx.now;
        tx.put(Idempotency { client, key, command, body_hash: [0; 32], status: 0, reply: Vec::new(), at });
        let facts = Facts::new().text("code", code).text("reference", self.known_reference());
        tx.event("rail.notice_refused", None, self.rail, facts);
        let summary = format!(
            "渠道通知与账目相反，可能重复付款（{code}） / a notice of the rail contradicts the books, money may be out twice ({code})"
        );
        let subject = self.notice.reference.clone();
        cases::open(
            tx,
            ctx,
            NewCase { kind: Kind::ReconciliationBreak, party: None, subject, summary, due_at: None },
        );
    }

    /// The reference when it is one of ours; what somebody else chose is not written down.
    fn known_reference(&self) -> String {
        self.located.as_ref().map_or_else(String::new, |_| self.notice.reference.clone())
    }
}

/// Notes that messages came to a rail's notify route that nobody believes. Their content is not kept; the caller sees
/// to it that not every one of a flood is noted.
pub struct NoteBadNotices {
    /// Which rail's route.
    pub rail: &'static str,
    /// Why the last one was refused.
    pub code: &'static str,
    /// How many since the last note.
    pub count: i64,
}

impl Command for NoteBadNotices {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.notice_refused"
    }

    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        let facts = Facts::new().text("code", self.code).int("count", self.count);
        tx.event("rail.notice_refused", None, self.rail, facts);
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.rail.to_owned(), Facts::new().text("code", self.code).int("count", self.count))
    }
}
