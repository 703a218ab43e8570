//! An order comes into a file, and a file closes.

use purser_domain::{
    bank_files::{AccountClass, OrderState, closes_at},
    ids::{BankFileId, TypedId as _},
    policy::keys,
    time::Timestamp,
    withdrawals::RailOutcome,
};

use super::{BankFileRow, BankOrderRow, FIX, queries::OPEN};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Progress, derived_id, ready},
    tx::{Needs, Tx},
};

/// Most files that one round closes.
pub(super) const ROUND: i64 = 100;

/// Puts an order into the open file, or says what is known of it. The same reference again is the same order; only
/// one that the bank said it did not carry out goes into another file.
///
/// Rejections: `payment_info_inconsistent` when a reference comes with another amount or payee.
pub struct CollectOrder {
    /// The rail's idempotency key, also the end-to-end id.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Which block of the file.
    pub class: AccountClass,
    /// Payee, sealed.
    pub payee: String,
    /// Keyed index of the payee.
    pub payee_index: String,
}

/// Asks what is known of an order.
pub struct AskOrder {
    /// Which.
    pub reference: String,
}

impl Command for AskOrder {
    type Output = RailOutcome;

    fn name(&self) -> &'static str {
        "bank_file.ask"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankOrderRow>(self.reference.clone());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<RailOutcome, Rejection> {
        // Files are written from these books: what is in none of them never went anywhere.
        Ok(tx.get::<BankOrderRow>(&self.reference).map_or(RailOutcome::NotTaken, BankOrderRow::outcome))
    }

    fn audited(&self) -> bool {
        false
    }
}

impl Command for CollectOrder {
    type Output = RailOutcome;

    fn name(&self) -> &'static str {
        "bank_file.collect"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankOrderRow>(self.reference.clone());
        needs.list::<BankFileRow>(&OPEN, &[]);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<RailOutcome, Rejection> {
        let known = tx.get::<BankOrderRow>(&self.reference).cloned();
        if let Some(row) = &known {
            if row.amount != self.amount_minor || row.payee_index != self.payee_index {
                let text = "the reference was used with another amount or payee";
                return Err(Rejection::new("payment_info_inconsistent", text));
            }
            if !row.state().may_go_again() {
                return Ok(row.outcome());
            }
        }
        let view = ctx.rules.policy.now(ctx.now);
        let open = |row: &&BankFileRow| row.state == "open" && row.currency == ctx.rules.currency;
        let mut file = tx.rows::<BankFileRow>().find(open).cloned().unwrap_or_else(|| BankFileRow {
            id: BankFileId::default(),
            state: "open".to_owned(),
            currency: ctx.rules.currency,
            orders: 0,
            amount: 0,
            opened_at: ctx.now,
            closes_at: closes_at(ctx.now, view.value(keys::BANK_FILE_CUT_OFF), &ctx.zone),
            closed_at: None,
            closed_by: String::new(),
            fixed_at: None,
            sent_at: None,
            sent_by: String::new(),
            name: String::new(),
            hash: [0; 32],
            size: 0,
            content: String::new(),
            version: 0,
            given_at: None,
        });
        if file.id.uid().is_nil() {
            file.id = tx.new_id();
        }
        let Some(amount) = file.amount.checked_add(self.amount_minor) else {
            return Err(Rejection::new("amount_overflow", "the file's sum is beyond what can be counted"));
        };
        file.amount = amount;
        file.orders += 1;
        file.version += 1;
        tx.put(self.row(&file, known, ctx.now));
        let full = file.orders >= i64::from(view.value(keys::BANK_FILE_ORDERS));
        if full {
            close(tx, ctx, file, "count");
        } else {
            tx.put(file);
        }
        Ok(RailOutcome::Unknown)
    }

    fn audited(&self) -> bool {
        false
    }
}

impl CollectOrder {
    fn row(&self, file: &BankFileRow, known: Option<BankOrderRow>, now: Timestamp) -> BankOrderRow {
        let attempts = known.as_ref().map_or(0, |row| row.attempts) + 1;
        let version = known.as_ref().map_or(0, |row| row.version) + 1;
        // The sealed form of the first time stays: it is the same payee.
        let payee = known.map_or_else(|| self.payee.clone(), |row| row.payee);
        BankOrderRow {
            reference: self.reference.clone(),
            file: file.id,
            n: file.orders,
            amount: self.amount_minor,
            currency: file.currency,
            class: self.class.name().to_owned(),
            payee,
            payee_index: self.payee_index.clone(),
            state: OrderState::Waiting.name().to_owned(),
            failure: String::new(),
            code: String::new(),
            paid_by: String::new(),
            attempts,
            collected_at: now,
            changed_at: now,
            version,
        }
    }
}

/// Takes no more orders into a file, and queues the job that fixes its bytes.
fn close(tx: &mut Tx, ctx: &Ctx, mut file: BankFileRow, by: &str) -> BankFileRow {
    let id = file.id.to_string();
    "closing".clone_into(&mut file.state);
    by.clone_into(&mut file.closed_by);
    file.closed_at = Some(ctx.now);
    file.version += 1;
    tx.put(file.clone());
    tx.job(ready(derived_id(FIX, &id), FIX, &id, ctx.now, Facts::new()));
    tx.event("bank_file.closed", None, &id, file.facts().text("closed_by", by));
    file
}

pub(super) fn unknown_file() -> Rejection {
    Rejection::new("bank_file_unknown", "there is no such bank file")
}

/// Closes a file before its time.
///
/// Rejections: `bank_file_unknown`. A file that is closed already stays as it is.
pub struct CloseBankFile {
    /// Which.
    pub id: BankFileId,
}

impl Command for CloseBankFile {
    type Output = BankFileRow;

    fn name(&self) -> &'static str {
        "bank_file.close"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankFileRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BankFileRow, Rejection> {
        let file = tx.get::<BankFileRow>(&self.id).cloned().ok_or_else(unknown_file)?;
        Ok(if file.state == "open" { close(tx, ctx, file, "staff") } else { file })
    }

    fn audit(&self, output: &BankFileRow) -> (String, Facts) {
        (output.id.to_string(), output.facts())
    }
}

/// Closes the files whose cut-off has come. Made by [`super::plan_close`].
pub struct CloseDueFiles {
    pub(super) due: Vec<BankFileId>,
}

impl Command for CloseDueFiles {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "bank_file.close_due"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for id in &self.due {
            needs.row::<BankFileRow>(*id);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for id in &self.due {
            let due = |row: &BankFileRow| row.state == "open" && row.closes_at <= ctx.now;
            if let Some(file) = tx.get::<BankFileRow>(id).cloned().filter(due) {
                close(tx, ctx, file, "cut_off");
            }
        }
        Ok(Progress { more: i64::try_from(self.due.len()).unwrap_or(i64::MAX) >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
