//! The platform's own money at a rail (P12): topped up by one person, corrected by two.

use purser_domain::{
    ids::{TransferId, TypedId as _, Uid},
    ledger::{AccountKind, AccountRef, Posted, Step, TransferKind, TransferRequest},
    money::Currency,
    policy::keys,
};

use super::manual::reason_given;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    ids::derived_transfer,
    rows::ApprovalRow,
    tx::{Needs, Tx},
    withdrawals::{RailRow, SANDBOX_RAIL, custodian, want_custodian},
};

/// Longest reference of a top-up, characters.
const REFERENCE_CHARS: usize = 140;

/// Books money that the platform has put into a rail. The same rail and reference again is the same top-up.
///
/// Rejections in order: `rail_unknown`, `not_sandbox` (the sandbox's rail in live books), `reference_missing` (empty, or above 140 characters), `amount_not_positive`,
/// `currency_mismatch`; then those of the ledger, `id_reused` when the reference came with another amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUpFloat {
    /// Name of the rail.
    pub rail: String,
    /// Above zero.
    pub amount_minor: i64,
    /// Currency of the books.
    pub currency: Currency,
    /// The bank's or rail's own reference of the payment.
    pub reference: String,
}

/// The transfer of a top-up of a rail's float under a reference.
pub(crate) fn float_top_up_id(rail: &str, reference: &str) -> TransferId {
    let parts: [&[u8]; 2] = [rail.as_bytes(), reference.trim().as_bytes()];
    derived_transfer("purser float top-up v1", &parts)
}

impl TopUpFloat {
    fn id(&self) -> TransferId {
        float_top_up_id(&self.rail, &self.reference)
    }
}

/// What a top-up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToppedUp {
    /// The transfer.
    pub transfer: TransferId,
    /// False when it was booked before.
    pub new: bool,
    /// Float at the rail now, minor units.
    pub float_minor: i64,
}

impl Command for TopUpFloat {
    type Output = ToppedUp;

    fn name(&self) -> &'static str {
        "float.top_up"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.account(&AccountRef::float(&self.rail, self.currency));
        needs.account(&AccountRef::platform(AccountKind::PlatformFunds, self.currency));
        needs.transfer(self.id());
        needs.row::<RailRow>(self.rail.clone());
        want_custodian(needs, &self.rail);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ToppedUp, Rejection> {
        known_rail(&self.rail)?;
        can_hold(&self.rail, ctx)?;
        let reference = self.reference.trim();
        if reference.is_empty() || reference.chars().count() > REFERENCE_CHARS {
            let message = format!("give the reference of the payment, at most {REFERENCE_CHARS} characters");
            return Err(Rejection::new("reference_missing", message).at("/reference"));
        }
        if self.amount_minor <= 0 {
            return Err(
                Rejection::new("amount_not_positive", "the amount must be above zero").at("/amount_minor")
            );
        }
        of_these_books(self.currency, ctx)?;
        let float = AccountRef::float(&self.rail, self.currency);
        let request = TransferRequest {
            id: self.id(),
            step: Step::Post,
            debit: float.id(),
            credit: AccountRef::platform(AccountKind::PlatformFunds, self.currency).id(),
            amount_minor: self.amount_minor,
            currency: self.currency,
            kind: TransferKind::FloatTopUp.code(),
            reference: Uid::NIL,
        };
        let new = tx.post(&request)? == Posted::New;
        if new {
            // What waited for funds goes out by itself now, oldest first (X11).
            if let Some(mut rail) = tx.get::<RailRow>(&self.rail).cloned().filter(|rail| rail.marked_short) {
                rail.marked_short = false;
                rail.version += 1;
                tx.put(rail);
            }
            let facts = Facts::new()
                .int("amount_minor", self.amount_minor)
                .text("currency", self.currency.code())
                .text("reference", reference);
            let facts = match custodian(tx, &self.rail) {
                Some(name) => facts.text("custodian", name),
                None => facts,
            };
            tx.event("float.topped_up", None, &self.rail, facts);
        }
        Ok(ToppedUp {
            transfer: request.id,
            new,
            float_minor: tx.account(float.id()).map_or(0, |a| a.posted),
        })
    }

    fn audit(&self, output: &ToppedUp) -> (String, Facts) {
        let facts = Facts::new()
            .int("amount_minor", self.amount_minor)
            .text("reference", self.reference.trim())
            .text("transfer", output.transfer.to_string())
            .flag("new", output.new);
        (self.rail.clone(), facts)
    }
}

/// Corrects the float at a rail to what the rail says, against `suspense`, where it stays until its meaning is
/// known; proposed through [`crate::approvals::Propose`].
///
/// Rejections in order: `rail_unknown`, `not_sandbox` (more at the sandbox's rail in live books), `reason_missing`,
/// `amount_zero`, `currency_mismatch`; when it runs, those of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustFloat {
    /// Name of the rail.
    pub rail: String,
    /// What is added to the float; below zero what is taken from it.
    pub amount_minor: i64,
    /// Currency of the books.
    pub currency: Currency,
    /// Why; shown to whoever approves, and kept.
    pub reason: String,
}

impl AdjustFloat {
    fn accounts(&self) -> [AccountRef; 2] {
        let suspense = AccountRef::platform(AccountKind::Suspense, self.currency);
        [AccountRef::float(&self.rail, self.currency), suspense]
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts::new()
            .text("rail", &self.rail)
            .int("amount_minor", self.amount_minor)
            .text("currency", self.currency.code())
            .text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self {
            rail: facts.get_text("rail")?,
            amount_minor: facts.get_int("amount_minor")?,
            currency: facts.get_text("currency")?.parse().ok()?,
            reason: facts.get_text("reason")?,
        })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        for account in self.accounts() {
            needs.account(&account);
        }
    }

    pub(crate) fn check(&self, ctx: &Ctx) -> Result<(), Rejection> {
        known_rail(&self.rail)?;
        if self.amount_minor > 0 {
            can_hold(&self.rail, ctx)?;
        }
        reason_given(&self.reason)?;
        // The smallest number has no opposite.
        if self.amount_minor == 0 || self.amount_minor == i64::MIN {
            return Err(Rejection::new("amount_zero", "the amount must not be zero").at("/amount_minor"));
        }
        of_these_books(self.currency, ctx)
    }

    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx, approval: &ApprovalRow) -> Result<Facts, Rejection> {
        self.check(ctx)?;
        let [float, suspense] = self.accounts().map(|account| account.id());
        let (debit, credit) = if self.amount_minor > 0 { (float, suspense) } else { (suspense, float) };
        let request = TransferRequest {
            id: tx.new_id(),
            step: Step::Post,
            debit,
            credit,
            amount_minor: self.amount_minor.saturating_abs(),
            currency: self.currency,
            kind: TransferKind::FloatAdjustment.code(),
            reference: approval.id.uid(),
        };
        tx.post(&request)?;
        tx.event("float.adjusted", None, &self.rail, self.facts());
        Ok(Facts::new().text("transfer", request.id.to_string()))
    }
}

fn known_rail(rail: &str) -> Result<(), Rejection> {
    if keys::of_rail(rail).is_none() {
        let message = format!("there is no rail `{rail}`: sandbox, alipay or bank-file");
        return Err(Rejection::new("rail_unknown", message).at("/rail"));
    }
    Ok(())
}

/// Nothing real can lie at the sandbox's rail: live books have no float there.
fn can_hold(rail: &str, ctx: &Ctx) -> Result<(), Rejection> {
    if rail == SANDBOX_RAIL && !ctx.rules.sandbox {
        let message = "these books are live: the sandbox's rail holds no money of the platform; book it at alipay or bank-file";
        return Err(Rejection::new("not_sandbox", message).at("/rail"));
    }
    Ok(())
}

fn of_these_books(currency: Currency, ctx: &Ctx) -> Result<(), Rejection> {
    if currency != ctx.rules.currency {
        let message = format!("these books are kept in {}", ctx.rules.currency.code());
        return Err(Rejection::new("currency_mismatch", message).at("/currency"));
    }
    Ok(())
}
