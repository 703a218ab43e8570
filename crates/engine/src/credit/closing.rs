//! Services that close (C25): no new use from the decision on, closed once the last open order has ended.

use purser_domain::{
    credit::RestrictionKind,
    ids::{PartyId, TypedId as _, Uid},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    changes::{has_open_orders, restrict, want_liability},
    evaluate::{Cause, evaluate_after, want},
    facts,
    rows::{CreditShopRow, ShopFactsRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Shops looked at in one commit.
const ROUND: usize = 200;

static CLOSING: Statement = Statement {
    name: "credit.closing",
    sql: "SELECT party FROM credit_shops WHERE closing_since IS NOT NULL AND closed_at IS NULL AND party > ?1 \
          ORDER BY party LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&CLOSING];

/// Closes services whose last open order has ended; the others are looked at again in the next round.
#[derive(Debug, Clone)]
pub(crate) struct CloseShops {
    shops: Vec<PartyId>,
}

impl CloseShops {
    /// The next of the shops that close, behind where the last round ended; at most 200.
    pub(crate) fn plan(reads: &mut dyn Session, payload: &Facts) -> Result<Self, Fault> {
        let after = payload.get_text("after").and_then(|text| text.parse::<PartyId>().ok());
        let after = after.map_or(Uid::NIL, |party| party.0);
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        let mut shops = Vec::new();
        reads.query(&CLOSING, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
            shops.push(PartyId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { shops })
    }
}

impl Command for CloseShops {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.close_shops"
    }

    fn weight(&self) -> usize {
        self.shops.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for party in &self.shops {
            want(needs, *party, ctx);
            want_liability(needs, *party, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for party in &self.shops {
            let row = tx.get::<CreditShopRow>(party).cloned();
            let stored = tx.get::<ShopFactsRow>(party).cloned();
            let (Some(mut row), Some(mut stored)) = (row, stored) else { continue };
            let closing = row.closing_since.is_some() && row.closed_at.is_none();
            if !closing || has_open_orders(tx, ctx, &row) {
                continue;
            }
            let before = facts::decode(&stored.facts);
            let mut shop = before.clone();
            let reason = "全部订单已完结，服务关闭 / All orders have ended: the service is closed";
            restrict(ctx, &mut row, &mut shop, RestrictionKind::Closed, reason);
            stored.facts = facts::encode(&shop);
            stored.version += 1;
            tx.put(stored);
            let told = Facts::new().text("service", row.service().name()).text("reason", reason);
            tx.notify("credit.closed", *party, &party.to_string(), told);
            evaluate_after(tx, ctx, row, (&before, &shop), (Cause::STAFF, reason));
        }
        let more = self.shops.len() >= ROUND;
        let after = self.shops.last().filter(|_| more);
        let payload = after.map_or_else(Facts::new, |party| Facts::new().text("after", party.to_string()));
        Ok(Progress { more, payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}
