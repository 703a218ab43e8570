//! Notices to the bound phone (P15), of withdrawals (X4) and of balances that are low (A10): queued in the commit of the
//! change, sent afterwards, and never in the way of the money: nothing waits for them, and after [`NOTICE_TRIES`] tries
//! they are given up.

use std::fmt;

use purser_domain::{
    ads::alerts,
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

/// Queues the alert of a balance (A10). Whether a phone is bound is looked at when it is sent: charges, which tell of
/// balances, read nothing for it.
pub(crate) fn tell_low_balance(tx: &mut Tx, ctx: &Ctx, party: PartyId, balance_minor: i64, below_minor: i64) {
    if !ctx.rules.sends_messages() {
        return;
    }
    let payload = Facts::new()
        .text("party", party.to_string())
        .int("balance_minor", balance_minor)
        .int("alert_below_minor", below_minor)
        .text("currency", ctx.rules.currency.to_string());
    let id = tx.new_id();
    tx.job(jobs::ready(id, SEND_NOTICE, &party.to_string(), ctx.now, payload));
}

/// What a notice is about.
enum About {
    Withdrawal { state: State, amount_minor: i64, net_minor: i64 },
    Balance { balance_minor: i64, below_minor: i64 },
}

/// What a job carries.
struct Notice {
    party: PartyId,
    currency: Currency,
    about: About,
}

impl Notice {
    fn of(payload: &Facts) -> Option<Self> {
        let about = match payload.get_int("alert_below_minor") {
            Some(below_minor) => {
                About::Balance { balance_minor: payload.get_int("balance_minor")?, below_minor }
            }
            None => About::Withdrawal {
                state: State::named(&payload.get_text("state")?)?,
                amount_minor: payload.get_int("amount_minor")?,
                net_minor: payload.get_int("net_minor")?,
            },
        };
        Some(Self {
            party: payload.get_text("party")?.parse().ok()?,
            currency: payload.get_text("currency")?.parse().ok()?,
            about,
        })
    }

    /// The event that it tells of.
    const fn event(&self) -> &'static str {
        match self.about {
            About::Withdrawal { state, .. } => state.event(),
            About::Balance { .. } => "ads.balance_low",
        }
    }

    /// In Chinese and in English.
    fn texts(&self) -> Option<(String, String)> {
        match self.about {
            About::Withdrawal { state, amount_minor, net_minor } => {
                phone_notice(state, amount_minor, net_minor, self.currency)
            }
            About::Balance { balance_minor, below_minor } => {
                Some(alerts::phone_notice(balance_minor, below_minor, self.currency))
            }
        }
    }

    /// Named values for the service.
    fn values(&self, subject: &str) -> Vec<(&'static str, String)> {
        let (id, first, second) = match self.about {
            About::Withdrawal { amount_minor, net_minor, .. } => {
                ("withdrawal_id", ("amount_minor", amount_minor), ("net_minor", net_minor))
            }
            About::Balance { balance_minor, below_minor } => {
                ("party_id", ("balance_minor", balance_minor), ("alert_below_minor", below_minor))
            }
        };
        let amounts = [first, second].map(|(name, minor)| (name, minor.to_string()));
        let [first, second] = amounts;
        vec![(id, subject.to_owned()), first, second, ("currency", self.currency.to_string())]
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
    let Some((text_zh, text_en)) = notice.texts() else { return Ok(Ran::Finish) };
    let message = TextMessage {
        reference,
        party: notice.party,
        purpose: notice.event().to_owned(),
        to,
        code: None,
        text_zh,
        text_en,
        about: notice.values(&job.subject),
        masked: phone.masked.clone(),
    };
    let sent = sender.send(&message, hands)?;
    let (subject, event) = (job.subject.clone(), message.purpose);
    hands.call(NoticeSent {
        subject,
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
    subject: String,
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
        f.debug_struct("NoticeSent").field("subject", &self.subject).finish_non_exhaustive()
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
            tx.event("notice.not_sent", Some(self.party), &self.subject, self.facts());
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.subject.clone(), self.facts())
    }
}
