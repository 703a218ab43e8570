//! Authorisations that end by themselves (C11): what nobody shipped reserves a part of the limit no longer.

use std::collections::BTreeMap;

use purser_domain::{
    credit::order,
    ids::{CreditOrderId, PartyId, TypedId as _},
    ledger::{AccountKind, AccountRef},
    time::Timestamp,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    booking::{ShopAccounts, count, shop_facts},
    rows::{CreditOrderRow, CreditShopRow, OrderEventRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Orders that end in one commit.
const ROUND: usize = 500;

static ENDED: Statement = Statement {
    name: "credit.authorisations_ended",
    sql: "SELECT id, merchant FROM credit_orders WHERE amount > shipped + cancelled + prepaid AND ends_at <= ?1 \
          ORDER BY ends_at, id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ENDED];

/// Ends authorisations whose time is over, the longest first: a bounded step of a job that comes again while there are
/// more. A merchant hears once per step how many ended and what of its limit is free again.
#[derive(Debug, Clone)]
pub(crate) struct ExpireOrders {
    orders: Vec<(CreditOrderId, PartyId)>,
}

impl ExpireOrders {
    /// What has ended at `now`, at most 500 orders.
    pub(crate) fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        let mut orders = Vec::new();
        reads.query(&ENDED, &[Value::Int(now.0), Value::Int(limit)], &mut |row| {
            orders.push((CreditOrderId::from_uid(row.uid(0)), PartyId::from_uid(row.uid(1))));
            true
        })?;
        Ok(Self { orders })
    }
}

/// What ended of a shop in one step.
#[derive(Default)]
struct Ended {
    orders: i64,
    amount_minor: i64,
    freed_minor: i64,
}

impl Command for ExpireOrders {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.expire_orders"
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for (order, merchant) in &self.orders {
            needs.row::<CreditOrderRow>(*order);
            needs.row::<CreditShopRow>(*merchant);
            for kind in [AccountKind::CreditReceivable, AccountKind::CreditLiability, AccountKind::Proceeds] {
                needs.account(&AccountRef::party(*merchant, kind, ctx.rules.currency));
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut shops: BTreeMap<PartyId, Ended> = BTreeMap::new();
        for (order, merchant) in &self.orders {
            let before = tx.get::<CreditOrderRow>(order).cloned();
            let shop = tx.get::<CreditShopRow>(merchant).cloned();
            let (Some(before), Some(shop)) = (before, shop) else { continue };
            let accounts = ShopAccounts::of(*merchant, ctx.rules.currency);
            let known = shop_facts(tx, &accounts, &shop, true);
            // It was shipped, paid or called off since it was read.
            let Some(decision) = order::expire(&before.order(), ctx.now, &known) else { continue };
            let row = before.with(&decision.order);
            let ended = row.expired - before.expired;
            tx.put(OrderEventRow::own(&row, "credit.expired", ended, ctx));
            count(tx, ctx, &accounts, shop, &decision);
            let facts = Facts::new()
                .text("external_id", &row.external_id)
                .int("amount_minor", ended)
                .int("reserved_minor", row.reserved);
            tx.event(decision.event, Some(row.merchant), &row.id.to_string(), facts);
            tx.put(row);
            let sum = shops.entry(*merchant).or_default();
            sum.orders += 1;
            sum.amount_minor = sum.amount_minor.saturating_add(ended);
            sum.freed_minor = sum.freed_minor.saturating_sub(decision.reserved_minor);
        }
        let changed = !shops.is_empty();
        for (party, ended) in shops {
            let told = Facts::new()
                .int("orders", ended.orders)
                .int("amount_minor", ended.amount_minor)
                .int("freed_minor", ended.freed_minor);
            tx.notify("credit.orders_expired", party, &party.to_string(), told);
        }
        // What could not be ended is not looked at again at once.
        Ok(Progress { more: changed && self.orders.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
