//! A payout that its rail leaves open for good: two people settle it by what they found out at the rail (P10, P16).

use std::str::FromStr;

use purser_domain::{
    ids::{BankFileId, PayoutAccountId, WithdrawalId},
    withdrawals::{self, Found, RailNumber, Source, rail_reference, read_reference},
};
use purser_storage::{Fault, Session};

use super::{
    outcome::{decide, judged, loaded, want},
    queries::{Located, withdrawal},
    rows::WithdrawalRow,
};
use crate::{
    bank_files::{RAIL, bank_order, check_inquiry, note_inquiry, want_inquiry},
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What was found out about one slice, as it is proposed and approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutInquiry {
    located: Located,
    destination: PayoutAccountId,
    amount_minor: i64,
    /// How often it had been given to the rail when the rail's people were asked.
    attempts: i64,
    /// Under which the rail knows it.
    reference: String,
    /// The bank's file that it is in, on the rail of files.
    file: Option<BankFileId>,
    found: Found,
    evidence: String,
}

fn outdated() -> Rejection {
    let text = "it was given to the rail once more since: ask again, and propose what its people say then";
    Rejection::new("inquiry_outdated", text)
}

fn read<T: FromStr>(facts: &Facts, name: &str) -> Option<T> {
    facts.get_text(name)?.parse().ok()
}

impl PayoutInquiry {
    pub(crate) const ACTION: &'static str = "withdrawal.inquiry";

    /// About a slice as it stands; `None` when the withdrawal has no such slice.
    ///
    /// # Errors
    /// Storage faults.
    pub fn about(
        reads: &mut dyn Session,
        id: WithdrawalId,
        slice: u16,
        found: Found,
        evidence: &str,
    ) -> Result<Option<Self>, Fault> {
        let Some(row) = withdrawal(reads, id)? else { return Ok(None) };
        let slices = row.withdrawal().slices;
        let Some(slice) = slices.iter().find(|known| known.number == slice) else { return Ok(None) };
        let reference = rail_reference(id, slice.rail_number());
        let file = bank_order(reads, &reference)?.map(|order| order.file);
        Ok(Some(Self {
            located: Located::from(&row),
            destination: row.destination,
            amount_minor: slice.amount_minor,
            attempts: slice.attempts.into(),
            reference,
            file,
            found,
            evidence: evidence.to_owned(),
        }))
    }

    /// What it is about: the withdrawal.
    pub(crate) fn subject(&self) -> String {
        self.located.id.to_string()
    }

    /// Every detail.
    pub(crate) fn facts(&self) -> Facts {
        let Located { id, party, rail, requested_on, source, case, asked_by } = &self.located;
        let mut facts = Facts::new()
            .text("withdrawal", id.to_string())
            .text("party", party.to_string())
            .text("rail", rail)
            .text("reference", &self.reference)
            .int("amount_minor", self.amount_minor)
            .int("attempts", self.attempts)
            .text("payout_account", self.destination.to_string())
            .text("requested_on", requested_on.to_string())
            .text("source", source.name())
            .text("found", self.found.name())
            .text("evidence", &self.evidence);
        for (name, id) in [
            ("case", case.map(|id| id.to_string())),
            ("asked_by", asked_by.map(|id| id.to_string())),
            ("bank_file", self.file.map(|id| id.to_string())),
        ] {
            if let Some(id) = id {
                facts = facts.text(name, id);
            }
        }
        facts
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self {
            located: Located {
                id: read(facts, "withdrawal")?,
                party: read(facts, "party")?,
                rail: facts.get_text("rail")?,
                requested_on: read(facts, "requested_on")?,
                source: Source::named(&facts.get_text("source")?),
                case: read(facts, "case"),
                asked_by: read(facts, "asked_by"),
            },
            destination: read(facts, "payout_account")?,
            amount_minor: facts.get_int("amount_minor")?,
            attempts: facts.get_int("attempts")?,
            reference: facts.get_text("reference")?,
            file: read(facts, "bank_file"),
            found: Found::named(&facts.get_text("found")?)?,
            evidence: facts.get_text("evidence")?,
        })
    }

    fn number(&self) -> Option<RailNumber> {
        read_reference(&self.reference).map(|(_, number)| number)
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let slices: Vec<u16> = self.number().map(|number| number.slice).into_iter().collect();
        want(needs, &self.located, &slices, ctx);
        if let Some(file) = self.file {
            want_inquiry(needs, &self.reference, file);
        }
    }

    /// Rejections in order: `withdrawal_unknown`; `inquiry_outdated` (it was given to the rail once more since, or goes under
    /// another number by now); those of the state machine (`note_missing`, `slice_unknown`, `not_in_doubt`,
    /// `inquiry_too_early`); on the rail of files `inquiry_outdated` and `bank_file_not_given_out`.
    pub(crate) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let row = loaded(tx, &self.located)?;
        self.current(&row)?;
        judged(&row, ctx, |withdrawal, gate| self.establish(withdrawal, gate))?;
        match self.file {
            Some(file) => check_inquiry(tx, &self.reference, file),
            // It came into a file since.
            None if row.rail == RAIL => Err(outdated()),
            None => Ok(()),
        }
    }

    /// Does it.
    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Facts, Rejection> {
        self.check(tx, ctx)?;
        let row = decide(tx, ctx, &self.located, |withdrawal, gate| self.establish(withdrawal, gate))?;
        if self.file.is_some() {
            note_inquiry(tx, ctx, &self.reference, self.found);
        }
        Ok(Facts::new().text("state", &row.state))
    }

    fn current(&self, row: &WithdrawalRow) -> Result<(), Rejection> {
        let is_this = |slice: &withdrawals::Slice| {
            Some(slice.rail_number()) == self.number() && i64::from(slice.attempts) == self.attempts
        };
        if row.withdrawal().slices.iter().any(is_this) { Ok(()) } else { Err(outdated()) }
    }

    fn establish(
        &self,
        withdrawal: &withdrawals::Withdrawal,
        gate: &withdrawals::Ctx<'_>,
    ) -> Result<withdrawals::Outcome, withdrawals::Rejection> {
        let slice = self.number().map_or(0, |number| number.slice);
        let (found, evidence) = (self.found, self.evidence.as_str());
        withdrawals::establish(withdrawal, &withdrawals::Inquiry { slice, found, evidence }, gate)
    }
}
