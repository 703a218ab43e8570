//! Sending codes (P8): the job between the commit that issued one and the sender.

use std::fmt;

use purser_domain::ids::{CodeId, PartyId};
use purser_storage::{Keys, Lock, Record as _};

use super::rows::{CodeRow, place};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Claimed, Hands, Lease, Ran, RunError},
    ports::{Sender, Sent, TextMessage},
    tx::{Needs, Tx},
};

/// Gives a code to the sender; what was sent is wiped from the books. A code that the sender will not take is told as
/// `code.not_sent`.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_send_code(sender: &mut dyn Sender, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let party: PartyId = job.subject.parse().map_err(|_| bad())?;
    let purpose = job.payload.get_text("purpose").ok_or_else(bad)?;
    let code: CodeId = job.payload.get_text("code").and_then(|text| text.parse().ok()).ok_or_else(bad)?;
    let mut found = None;
    hands.reads.load(
        CodeRow::TABLE,
        &Keys::<CodeRow>(&[(party, purpose.clone())]),
        Lock::None,
        &mut |row| {
            found = Some(CodeRow::read(row));
        },
    )?;
    // A later code has taken its place, it was sent already, or it is of no use any more.
    let live = |row: &CodeRow| {
        row.code == code && !row.message.is_empty() && row.expires_at > hands.clock.business()
    };
    let Some(row) = found.filter(live) else { return Ok(Ran::Finish) };
    let plain = hands.vault()?.open(&place("codes", code, "message"), &row.message);
    let plain = plain.map_err(|error| RunError::Failed(error.to_string()))?;
    let mut lines = plain.splitn(4, '\n');
    let mut next = || lines.next().map(str::to_owned).ok_or_else(bad);
    let message = TextMessage {
        reference: code.0,
        party,
        purpose: purpose.clone(),
        to: next()?,
        code: Some(next()?),
        text_zh: next()?,
        text_en: next()?,
        about: Vec::new(),
        masked: row.masked,
    };
    let sent = sender.send(&message, hands)?;
    hands.call(CodeSent { party, purpose, code, sent, lease: job.lease })?;
    Ok(Ran::Committed)
}

/// The code is out, or never will be: its digits are wiped.
struct CodeSent {
    party: PartyId,
    purpose: String,
    code: CodeId,
    sent: Sent,
    lease: Lease,
}

impl fmt::Debug for CodeSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeSent").field("code", &self.code).finish_non_exhaustive()
    }
}

impl Command for CodeSent {
    type Output = ();

    fn name(&self) -> &'static str {
        "code.sent"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<CodeRow>((self.party, self.purpose.clone()));
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.finish(tx)?;
        let key = (self.party, self.purpose.clone());
        if let Some(mut row) = tx.get::<CodeRow>(&key).filter(|row| row.code == self.code).cloned() {
            if let Sent::Refused(reason) = &self.sent {
                let facts = Facts::new()
                    .text("purpose", &self.purpose)
                    .text("phone", &row.masked)
                    .text("reason", reason);
                tx.event("code.not_sent", Some(self.party), &self.party.to_string(), facts);
            }
            row.message.clear();
            row.version += 1;
            tx.put(row);
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        let facts = Facts::new().text("purpose", &self.purpose).text("code", self.code.to_string());
        let facts = match &self.sent {
            Sent::Taken => facts,
            Sent::Refused(reason) => facts.text("refused", reason),
        };
        (self.party.to_string(), facts)
    }
}
