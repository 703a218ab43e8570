//! Withdrawal notices to the bound phone (X4, P15): queued in the commit of the change, sent afterwards, and never in
//! the way of the money: nothing waits for them, and after [`NOTICE_TRIES`] tries they are given up.

use std::fmt;

use purser_domain::{
    ids::PartyId,
    money::Currency,
    time::DAY,
    withdrawals::{Source, State, phone_notice, tells_phone},
};
use purser_storage::{Keys, Lock, Record as _};

use super::rows::WithdrawalRow;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::{PhoneRow, rows::place},
    ids::made_at,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    ports::{Sender, Sent, TextMessage},
    tx::{Needs, Tx},
};

/// Kind of the job that sends a notice.
pub const SEND_NOTICE: &str = "notice.send";

/// Tries after which a notice is given up: with the pauses between them some forty minutes.
pub const NOTICE_TRIES: i64 = 8;

/// A notice that is older, µs of machine time, is not sent any more: it would tell of what is long known.
const STALE: i64 = DAY;

/// Declares what [`tell`] reads.
pub(super) fn want(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<PhoneRow>(party);
}

/// Queues the notice of the last of these events that a phone is told of. Books that nobody sends for, and parties
/// without a phone, have none; nor have statements, which are no withdrawals.
pub(super) fn tell(tx: &mut Tx, ctx: &Ctx, row: &WithdrawalRow, events: &[&'static str]) {
    if !ctx.rules.sends_messages() || Source::named(&row.source) == Source::Statement {
        return;
    }
    let mut states = events.iter().rev().filter_map(|event| State::of_event(event));
    let Some(state) = states.find(|state| tells_phone(*state)) else { return };
    let Some(masked) = tx.get::<PhoneRow>(&row.party).map(|phone| phone.masked.clone()) else { return };
    let payload = Facts::new()
        .text("party", row.party.to_string())
        .text("state", state.name())
        .int("amount_minor", row.amount)
        .int("net_minor", row.net)
        .text("currency", row.currency.to_string())
        .text("phone", &masked);
    let id = tx.new_id();
    tx.job(jobs::ready(id, SEND_NOTICE, &row.id.to_string(), ctx.now, payload));
}

/// What a job carries.
struct Notice {
    party: PartyId,
    state: State,
    amount_minor: i64,
    net_minor: i64,
    currency: Currency,
}

impl Notice {
    fn of(payload: &Facts) -> Option<Self> {
        Some(Self {
            party: payload.get_text("party")?.parse().ok()?,
            state: State::named(&payload.get_text("state")?)?,
            amount_minor: payload.get_int("amount_minor")?,
            net_minor: payload.get_int("net_minor")?,
            currency: payload.get_text("currency")?.parse().ok()?,
        })
    }
}

/// Sends a notice to the phone that is bound now.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_send_notice(
    sender: &mut dyn Sender,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let reference = job.lease.job.0;
    if made_at(reference).plus(STALE) < hands.clock.machine() {
        return Ok(Ran::Finish);
    }
    let notice = Notice::of(&job.payload).ok_or_else(bad)?;
    let Some(phone) = bound(notice.party, hands)? else { return Ok(Ran::Finish) };
    let number = hands.vault()?.open(&place("phones", notice.party, "number"), &phone.number);
    let to = number.map_err(|error| RunError::Failed(error.to_string()))?;
    let text = phone_notice(notice.state, notice.amount_minor, notice.net_minor, notice.currency);
    let Some((text_zh, text_en)) = text else { return Ok(Ran::Finish) };
    let message = TextMessage {
        reference,
        party: notice.party,
        purpose: notice.state.event().to_owned(),
        to,
        code: None,
        text_zh,
        text_en,
        about: vec![
            ("withdrawal_id", job.subject.clone()),
            ("amount_minor", notice.amount_minor.to_string()),
            ("net_minor", notice.net_minor.to_string()),
            ("currency", notice.currency.to_string()),
        ],
        masked: phone.masked.clone(),
    };
    let sent = sender.send(&message, hands)?;
    let (withdrawal, event) = (job.subject.clone(), message.purpose);
    hands.call(NoticeSent {
        withdrawal,
        event,
        party: notice.party,
        masked: phone.masked,
        sent,
        lease: job.lease,
    })?;
    Ok(Ran::Committed)
}

fn bound(party: PartyId, hands: &mut Hands<'_>) -> Result<Option<PhoneRow>, RunError> {
    let mut found = None;
    hands.reads.load(PhoneRow::TABLE, &Keys::<PhoneRow>(&[party]), Lock::None, &mut |row| {
        found = Some(PhoneRow::read(row));
    })?;
    Ok(found)
}

/// The notice is out, or the service will not take it.
struct NoticeSent {
    withdrawal: String,
    event: String,
    party: PartyId,
    masked: String,
    sent: Sent,
    lease: Lease,
}

impl NoticeSent {
    fn facts(&self) -> Facts {
        let facts = Facts::new().text("event", &self.event).text("phone", &self.masked);
        match &self.sent {
            Sent::Taken => facts,
            Sent::Refused(reason) => facts.text("reason", reason),
        }
    }
}

impl fmt::Debug for NoticeSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoticeSent").field("withdrawal", &self.withdrawal).finish_non_exhaustive()
    }
}

impl Command for NoticeSent {
    type Output = ();

    fn name(&self) -> &'static str {
        match self.sent {
            Sent::Taken => "notice.sent",
            Sent::Refused(_) => "notice.refused",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        if matches!(self.sent, Sent::Refused(_)) {
            tx.event("notice.not_sent", Some(self.party), &self.withdrawal, self.facts());
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.withdrawal.clone(), self.facts())
    }
}
