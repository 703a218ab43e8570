//! What happens to orders while they wait for their settlement: they are dated once the calendar can tell, and
//! settle when they are due.

use purser_domain::{
    earnings::{self, Outcome},
    ids::{PartyId, TaskOrderId},
    ledger::{AccountKind, AccountRef},
    time::DAY,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    apply::{apply, want_overview},
    commands::{payee_facts, settle_at, terms, want_money},
    rows::TaskOrderRow,
};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    parties::PartyRow,
    programme, tax,
    tx::{Needs, Tx},
};

/// Orders looked at in one commit.
const UNDATED_ORDERS: usize = 500;

pub(super) static DUE: Statement = Statement {
    name: "earnings.due",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, \
          compensation, net, policy_version, version, metadata FROM task_orders \
          WHERE settle_due_at IS NOT NULL AND settle_due_at <= ?1 ORDER BY settle_due_at LIMIT ?2",
};
pub(super) static UNDATED: Statement = Statement {
    name: "earnings.undated",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, \
          compensation, net, policy_version, version, metadata FROM task_orders \
          WHERE calendar_missing = 1 ORDER BY completed_at, id LIMIT ?1",
};

/// Dates orders that wait for a year of the calendar, as far as it is known by now (P5). Orders come in the order
/// of their completion, and a later one never settles earlier: what the first of them waits for, all wait for.
#[derive(Debug, Clone)]
pub struct DateOrders {
    orders: Vec<TaskOrderId>,
}

impl DateOrders {
    /// The orders that wait, the longest waiting first, at most 500.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session) -> Result<Self, Fault> {
        let limit = i64::try_from(UNDATED_ORDERS).unwrap_or(i64::MAX);
        let mut orders = Vec::new();
        reads.query(&UNDATED, &[Value::Int(limit)], &mut |row| {
            orders.push(TaskOrderRow::read(row).id);
            true
        })?;
        Ok(Self { orders })
    }
}

impl Command for DateOrders {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "task_orders.date"
    }

    fn weight(&self) -> usize {
        self.orders.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for order in &self.orders {
            needs.row::<TaskOrderRow>(*order);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut dated = 0;
        for id in &self.orders {
            let Some(row) = tx.get::<TaskOrderRow>(id).cloned() else { continue };
            let Some(completed_at) = row.completed_at else { continue };
            let (terms, _) = terms(ctx, row.accepted_at);
            let ectx = earnings::Ctx { now: ctx.now, zone: &ctx.zone, terms: &terms };
            let outcome = earnings::date(&row.order(), settle_at(ctx, completed_at), &ectx);
            if let Outcome::Changed(decision) = outcome {
                let names = (row.external_id.as_str(), row.title.as_str());
                let mark = tx.mark();
                match apply(tx, ctx, &decision, Some(&row), names, row.policy_version) {
                    Ok(_) => dated += 1,
                    // It waits on, and stops nobody else.
                    Err(_) => tx.rollback(mark),
                }
            }
        }
        // A round that dated nothing waits for the calendar: another at once would find the same.
        Ok(Progress { more: dated > 0 && self.orders.len() >= UNDATED_ORDERS, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

/// An order that cannot settle now, because its payee is closed or an amount would not fit, is looked at again tomorrow:
/// it must not stand before the others.
fn tomorrow(tx: &mut Tx, ctx: &Ctx, row: TaskOrderRow) {
    tx.put(TaskOrderRow { settle_due_at: Some(ctx.now.plus(DAY)), version: row.version + 1, ..row });
}

/// Settles orders whose delay has passed, at most `limit`; run as a job.
pub struct SettleDueOrders {
    /// At most this many.
    pub limit: i64,
}

impl Command for SettleDueOrders {
    type Output = usize;

    fn name(&self) -> &'static str {
        "task_orders.settle_due"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        let until = needs.now();
        needs.list::<TaskOrderRow>(&DUE, &[Value::Int(until.0), Value::Int(self.limit)]);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&AccountRef::platform(AccountKind::ClientsClearing, ctx.rules.currency));
        needs.account(&AccountRef::platform(AccountKind::RevenueServiceFee, ctx.rules.currency));
        let due: Vec<(PartyId, PartyId)> =
            needs.loaded::<TaskOrderRow>().map(|row| (row.creator, row.payee)).collect();
        for (creator, payee) in due {
            programme::want_members(needs, creator);
            programme::want_income(needs, creator, payee, ctx);
            needs.row::<PartyRow>(payee);
            want_money(needs, payee, ctx);
            want_overview(needs, payee, ctx.now, ctx);
            tax::want(needs, payee, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<usize, Rejection> {
        let due = |row: &&TaskOrderRow| row.settle_due_at.is_some_and(|at| at <= ctx.now);
        let rows: Vec<TaskOrderRow> = tx.rows::<TaskOrderRow>().filter(due).cloned().collect();
        let mut settled = 0;
        for row in rows {
            // Other commands of the group may have brought in orders whose payee nobody declared.
            if !tx.is_loaded::<PartyRow>(&row.payee)
                || !programme::is_declared(tx, row.creator, row.payee, ctx)
                || !tax::is_declared(tx, row.payee, ctx)
            {
                continue;
            }
            let Some(payee) = tx.get::<PartyRow>(&row.payee).cloned() else { continue };
            let (terms, _) = terms(ctx, row.accepted_at);
            let ectx = earnings::Ctx { now: ctx.now, zone: &ctx.zone, terms: &terms };
            let facts = payee_facts(tx, &payee, row.creator, ctx);
            match earnings::settle(&row.order(), &facts, &ectx) {
                Ok(Outcome::Changed(decision)) => {
                    let names = (row.external_id.as_str(), row.title.as_str());
                    let mark = tx.mark();
                    if apply(tx, ctx, &decision, Some(&row), names, row.policy_version).is_ok() {
                        settled += 1;
                    } else {
                        tx.rollback(mark);
                        tomorrow(tx, ctx, row);
                    }
                }
                Ok(Outcome::Unchanged) => {}
                Err(_) => tomorrow(tx, ctx, row),
            }
        }
        Ok(settled)
    }

    fn audited(&self) -> bool {
        false
    }
}
