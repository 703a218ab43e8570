//! A break is settled by two people (P13, P16).

use purser_domain::{
    ids::Uid,
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    reconcile::{Closing, REASON_MAX, Resolution, resolve},
};

use super::{ITEM_PREFIX, ItemRow, record::end_case};
use crate::{
    cases::{Author, CaseRow},
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Settles a break: the books follow the statement, with the difference against `suspense`; or it is one movement with
/// another break. Proposed through [`crate::approvals::Propose`].
///
/// Rejections in order: `reason_missing` (or above 500 characters); `reconciliation_item_unknown`; those of
/// [`resolve`]; `reconciliation_item_changed` (another amount than was proposed); when it runs, those of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveBreak {
    /// Which item.
    pub item: Uid,
    /// Its rail.
    pub rail: String,
    /// The item that it is one movement with; `None` to book the difference.
    pub pair: Option<Uid>,
    /// What is added to the float, minor units; zero for a pair.
    pub amount_minor: i64,
    /// Currency of the books.
    pub currency: Currency,
    /// Why; shown to whoever approves, and kept.
    pub reason: String,
}

fn unknown(id: Uid) -> Rejection {
    Rejection::new("reconciliation_item_unknown", format!("there is no item {}", id.with_prefix(ITEM_PREFIX)))
}

impl ResolveBreak {
    /// Name of the action.
    pub const ACTION: &'static str = "reconciliation.resolve";

    fn accounts(&self) -> [AccountRef; 2] {
        let suspense = AccountRef::platform(AccountKind::Suspense, self.currency);
        [AccountRef::float(&self.rail, self.currency), suspense]
    }

    fn ids(&self) -> Vec<Uid> {
        [Some(self.item), self.pair].into_iter().flatten().collect()
    }

    pub(crate) fn subject(&self) -> String {
        self.item.with_prefix(ITEM_PREFIX)
    }

    pub(crate) fn facts(&self) -> Facts {
        let facts = Facts::new().text("item", self.subject()).text("rail", &self.rail);
        let facts = match self.pair {
            Some(pair) => facts.text("pair", pair.with_prefix(ITEM_PREFIX)),
            None => facts,
        };
        facts
            .int("amount_minor", self.amount_minor)
            .text("currency", self.currency.code())
            .text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        let id = |name| facts.get_text(name).and_then(|text| Uid::parse(&text, ITEM_PREFIX).ok());
        Some(Self {
            item: id("item")?,
            rail: facts.get_text("rail")?,
            pair: id("pair"),
            amount_minor: facts.get_int("amount_minor")?,
            currency: facts.get_text("currency")?.parse().ok()?,
            reason: facts.get_text("reason")?,
        })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        // The case of a break never changes.
        let cases: Vec<_> = needs.peek::<ItemRow>(self.ids()).iter().filter_map(ItemRow::case).collect();
        for case in cases {
            needs.row::<CaseRow>(case);
        }
        for id in self.ids() {
            needs.row::<ItemRow>(id);
        }
        for account in self.accounts() {
            needs.account(&account);
        }
    }

    fn found(&self, tx: &Tx) -> Result<(ItemRow, Option<ItemRow>), Rejection> {
        let row = |id: Uid| {
            tx.get::<ItemRow>(&id).cloned().filter(|row| row.rail == self.rail).ok_or_else(|| unknown(id))
        };
        Ok((row(self.item)?, self.pair.map(row).transpose()?))
    }

    pub(crate) fn check(&self, tx: &Tx) -> Result<(), Rejection> {
        let reason = self.reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            let text = format!("say why, in at most {REASON_MAX} characters");
            return Err(Rejection::new("reason_missing", text).at("/reason"));
        }
        let (item, other) = self.found(tx)?;
        let no = |no: purser_domain::reconcile::Rejection| Rejection::new(no.code(), no.to_string());
        let resolution = match &other {
            Some(other) => {
                resolve(other.state(), other.sides(), Resolution::Pair(item.sides())).map_err(no)?;
                Resolution::Pair(other.sides())
            }
            None => Resolution::Adjust,
        };
        let amount = resolve(item.state(), item.sides(), resolution).map_err(no)?;
        if amount != self.amount_minor {
            let text = "the item says another amount than was proposed: propose it anew";
            return Err(Rejection::new("reconciliation_item_changed", text));
        }
        Ok(())
    }

    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx, second: &str) -> Result<Facts, Rejection> {
        self.check(tx)?;
        let (item, other) = self.found(tx)?;
        let mut outcome = Facts::new().text("item", self.subject());
        if self.amount_minor != 0 {
            let [float, suspense] = self.accounts().map(|account| account.id());
            let (debit, credit) = if self.amount_minor > 0 { (float, suspense) } else { (suspense, float) };
            let id = tx.new_id();
            tx.post(&TransferRequest {
                id,
                step: Step::Post,
                debit,
                credit,
                amount_minor: self.amount_minor.saturating_abs(),
                currency: self.currency,
                kind: TransferKind::FloatAdjustment.code(),
                // So that comparing the day of this line finds what it settled.
                reference: self.item,
            })?;
            outcome = outcome.text("transfer", id.to_string());
        }
        let how = if other.is_some() { Closing::Paired } else { Closing::Adjusted };
        let rows = [Some((item, self.pair)), other.map(|other| (other, Some(self.item)))];
        for (mut row, partner) in rows.into_iter().flatten() {
            row.close(how, ctx.today, second, partner.unwrap_or(Uid::NIL));
            self.reason.trim().clone_into(&mut row.note);
            end_case(tx, ctx, &row, self.reason.trim(), Author::SYSTEM)?;
            tx.event(
                "reconciliation.resolved",
                None,
                &row.id.with_prefix(ITEM_PREFIX),
                row.facts().text("how", how.name()),
            );
            tx.put(row);
        }
        Ok(outcome)
    }
}
