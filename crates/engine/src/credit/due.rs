//! Shops whose date has come (C8): something that the limit follows from begins or ends on a civil date. A daily job
//! evaluates them; whoever asks for their limit before it came by does not wait for it.

use purser_domain::ids::PartyId;
use purser_storage::{Statement, Value};

use super::{
    evaluate::{bring_to, want, want_last},
    facts,
    rows::{CreditShopRow, EvaluationRow, ShopFactsRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Shops that one command evaluates at most.
pub const EVALUATE_MAX: i64 = 1_000;

static DUE: Statement = Statement {
    name: "credit.evaluations_due",
    sql: "SELECT party, total, frozen, reserved, due, epoch, evaluations, evaluated_at, next_on, unpaid, large_at, \
          locked_until, warned, high_on, high_total, opened_at, version, \
          closing_since, closed_at, remind_on, to_ship, owed \
          FROM credit_shops WHERE next_on <= ?1 ORDER BY next_on, party LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&DUE];

/// Declares what [`of_today`] reads of a shop, in the second round: nothing but for a shop whose date has come. The
/// first round must have declared its [`CreditShopRow`], and [`want`] all but its facts.
pub(super) fn want_if_due(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    if needs.get::<CreditShopRow>(&party).is_some_and(|row| row.is_due(ctx.today)) {
        needs.row::<ShopFactsRow>(party);
        want_last(needs, party);
    }
}

/// The shop with the limit of today: one whose date has come is evaluated first, by the command that asks for it.
pub(super) fn of_today(tx: &mut Tx, ctx: &Ctx, row: CreditShopRow) -> CreditShopRow {
    if !row.is_due(ctx.today) || !tx.is_loaded::<ShopFactsRow>(&row.party) {
        return row;
    }
    let Some(known) = tx.get::<ShopFactsRow>(&row.party) else { return row };
    let shop = facts::decode(&known.facts);
    bring_to(tx, ctx, &row, &shop)
}

/// Brings a declared shop whose date has come to the limit of today, see [`of_today`].
pub(crate) fn bring_to_today(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    if let Some(row) = tx.get::<CreditShopRow>(&party).filter(|row| row.is_due(ctx.today)).cloned() {
        of_today(tx, ctx, row);
    }
}

/// Whether everything that [`of_today`] reads was declared, and not only the shop's own rows by somebody else.
fn is_wanted(tx: &Tx, row: &CreditShopRow) -> bool {
    tx.is_loaded::<ShopFactsRow>(&row.party) && tx.is_loaded::<EvaluationRow>(&(row.party, row.evaluations))
}

/// Evaluates shops whose limit may have changed by date, the longest due first: a bounded step of a daily job that
/// comes again while there are more.
#[derive(Debug, Clone, Copy)]
pub struct EvaluateDueShops {
    /// At most so many.
    pub limit: i64,
}

impl Command for EvaluateDueShops {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.evaluate_due"
    }

    fn weight(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        let today = needs.today().to_string();
        let limit = self.limit.clamp(1, EVALUATE_MAX);
        needs.list::<CreditShopRow>(&DUE, &[Value::Text(&today), Value::Int(limit)]);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        // Others of the group load shops as well.
        let due = needs.loaded::<CreditShopRow>().filter(|row| row.is_due(ctx.today));
        let due: Vec<PartyId> = due.map(|row| row.party).collect();
        for party in due {
            want(needs, party, ctx);
            want_last(needs, party);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let due = |row: &&CreditShopRow| row.is_due(ctx.today) && is_wanted(tx, row);
        let rows: Vec<CreditShopRow> = tx.rows::<CreditShopRow>().filter(due).cloned().collect();
        let done = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        for row in rows {
            of_today(tx, ctx, row);
        }
        Ok(Progress { more: done >= self.limit.clamp(1, EVALUATE_MAX), payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
