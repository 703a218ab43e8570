//! Adding up pay-later orders over all shops, and which shops their limit helped, held back or stopped, by the steps
//! that their evaluations stored (C9, C11). Rows are read one after the other and added up in 128 bits.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    credit::{Rule, decode, order::Overdue},
    ids::{PartyId, TypedId as _},
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    queries::{AsOf, of_today},
    rows::{CreditOrderRow, EvaluationRow},
};

static SHOPS: Statement = Statement {
    name: "credit.report_shops",
    sql: "SELECT s.party, p.external_id, s.total, s.frozen, s.reserved, s.due, s.epoch, s.locked_until \
          FROM credit_shops s JOIN parties p ON p.id = s.party ORDER BY s.party",
};
static DUE: Statement = Statement {
    name: "credit.report_due",
    sql: "SELECT party FROM credit_shops WHERE next_on <= ?1 ORDER BY next_on, party",
};
static ORDERS: Statement = Statement {
    name: "credit.report_orders",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, recourse, epoch, due_on, shipped_at, changed_at, \
          policy_version, version, held, marks, reviews, expired, ends_at FROM credit_orders",
};
static EVALUATIONS: Statement = Statement {
    name: "credit.report_evaluations",
    sql: "SELECT party, seq, at, cause, before, total, steps, policy_version FROM credit_evaluations \
          ORDER BY party, seq",
};
static IN_REVIEW: Statement = Statement {
    name: "credit.report_in_review",
    sql: "SELECT party FROM withdrawals WHERE state = 'in_review' AND source = 'proceeds' AND finished_at IS NULL",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&SHOPS, &DUE, &ORDERS, &EVALUATIONS, &IN_REVIEW];

/// Sums over all orders. Amounts are minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderTotals {
    /// Orders.
    pub orders: i64,
    /// Shops that have any.
    pub merchants: BTreeSet<PartyId>,
    /// Authorised prices.
    pub authorised_minor: i128,
    /// Orders of which something was shipped.
    pub shipped: i64,
    /// What was shipped.
    pub shipped_minor: i128,
    /// Orders of which something was paid.
    pub paid: i64,
    /// What buyers paid.
    pub paid_minor: i128,
    /// Orders called off before anything was shipped.
    pub cancelled_before_shipping: i64,
    /// Orders of which shipped goods were refunded.
    pub cancelled_after_shipping: i64,
    /// What was refunded of shipped goods.
    pub cancelled_after_shipping_minor: i128,
    /// Authorised, nothing shipped and not called off, whether the authorisation has ended or not.
    pub authorised_never_shipped_minor: i128,
    /// Shipped, neither paid nor refunded nor given up.
    pub shipped_unpaid_minor: i128,
    /// Reserved.
    pub reserved_minor: i128,
    /// Open advances.
    pub receivable_minor: i128,
    /// Of these due from shops.
    pub due_minor: i128,
    /// Open beyond limits.
    pub liability_minor: i128,
}

impl OrderTotals {
    fn count(&mut self, row: &CreditOrderRow, epoch: i64) {
        let order = row.order().at_epoch(epoch);
        let wide = i128::from;
        let refunded = row.forgiven + row.returned;
        self.orders += 1;
        self.merchants.insert(row.merchant);
        self.authorised_minor += wide(row.amount);
        self.shipped += i64::from(row.shipped > 0);
        self.shipped_minor += wide(row.shipped);
        self.paid += i64::from(row.paid > 0);
        self.paid_minor += wide(row.paid);
        self.cancelled_before_shipping += i64::from(row.shipped == 0 && row.cancelled > row.expired);
        self.cancelled_after_shipping += i64::from(refunded > 0);
        self.cancelled_after_shipping_minor += wide(refunded);
        if row.shipped == 0 {
            self.authorised_never_shipped_minor += wide(order.unshipped_minor() + order.expired_minor);
        }
        let settled = (row.paid - row.prepaid) + row.forgiven + row.lost;
        self.shipped_unpaid_minor += wide(row.shipped - settled);
        self.reserved_minor += wide(order.reserved_minor);
        self.receivable_minor += wide(order.receivable_minor);
        self.due_minor += wide(order.due_minor);
        self.liability_minor += wide(order.liability_minor);
    }
}

/// What a rule did to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It kept the limit lower.
    Limited,
    /// It raised it.
    Boosted,
    /// It made it zero.
    Held,
}

/// What a step of an evaluation did; `None` for what makes the limit up.
pub fn effect(rule: Rule, delta_minor: i64) -> Option<Effect> {
    match rule {
        Rule::Volume | Rule::Dsr | Rule::Training | Rule::Promotion | Rule::Emergency => {
            (delta_minor > 0).then_some(Effect::Boosted)
        }
        Rule::ReturnRate | Rule::TurnoverCap | Rule::VirtualOperator => {
            (delta_minor < 0).then_some(Effect::Limited)
        }
        Rule::Fixed if delta_minor > 0 => Some(Effect::Boosted),
        Rule::Fixed if delta_minor < 0 => Some(Effect::Limited),
        Rule::ReturnsZero
        | Rule::HighRisk
        | Rule::Violation
        | Rule::PoorOperation
        | Rule::DailyDraw
        | Rule::Closed => Some(Effect::Held),
        _ => None,
    }
}

/// Why a shop was limited, boosted or held: one rule over all of its evaluations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it did.
    pub effect: Effect,
    /// The rule.
    pub rule: Rule,
    /// First evaluation with it.
    pub since: Timestamp,
    /// Last evaluation with it.
    pub last: Timestamp,
    /// Evaluations with it.
    pub evaluations: i64,
    /// What the last one added or took, minor units.
    pub delta_minor: i64,
    /// The limit after it, minor units.
    pub result_minor: i64,
}

/// A shop and what became of its limit. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopSummary {
    /// The shop.
    pub party: PartyId,
    /// The platform's own id.
    pub external_id: String,
    /// The limit.
    pub total_minor: i64,
    /// Frozen of it.
    pub frozen_minor: i64,
    /// Reserved of it.
    pub reserved_minor: i64,
    /// Open advances.
    pub used_minor: i64,
    /// Of these due from the shop.
    pub due_minor: i64,
    /// Open beyond the limit.
    pub liability_minor: i64,
    /// No new use until then.
    pub locked_until: Option<Timestamp>,
    /// Withdrawals of proceeds that wait for a review.
    pub in_review: i64,
    /// Why, in the order of the formula.
    pub reasons: Vec<Reason>,
    /// Overdue orders and their open advances, by bucket.
    pub overdue: [(Overdue, i64, i64); 4],
    epoch: i64,
}

impl ShopSummary {
    /// Reasons with an effect.
    pub fn because(&self, effect: Effect) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |reason| reason.effect == effect)
    }

    /// Overdue, minor units.
    pub fn overdue_minor(&self) -> i64 {
        self.overdue.iter().map(|(_, _, amount)| amount).sum()
    }

    /// Stopped by a rule, a lock, frozen funds or a review.
    pub fn is_held(&self, now: Timestamp) -> bool {
        let locked = self.locked_until.is_some_and(|until| until > now);
        locked || self.frozen_minor > 0 || self.in_review > 0 || self.because(Effect::Held).next().is_some()
    }

    fn take(&mut self, row: &EvaluationRow) {
        for step in decode(&row.steps).unwrap_or_default() {
            let Some(effect) = effect(step.rule, step.delta_minor) else { continue };
            let known = self.reasons.iter_mut().find(|r| r.rule == step.rule && r.effect == effect);
            if let Some(reason) = known {
                reason.evaluations += 1;
                reason.last = row.at;
                (reason.delta_minor, reason.result_minor) = (step.delta_minor, step.result_minor);
                continue;
            }
            self.reasons.push(Reason {
                effect,
                rule: step.rule,
                since: row.at,
                last: row.at,
                evaluations: 1,
                delta_minor: step.delta_minor,
                result_minor: step.result_minor,
            });
        }
    }

    fn open(&mut self, row: &CreditOrderRow, today: Date) {
        let order = row.order().at_epoch(self.epoch);
        self.used_minor = self.used_minor.saturating_add(order.receivable_minor);
        self.liability_minor = self.liability_minor.saturating_add(order.liability_minor);
        if let Some(bucket) = order.overdue(today)
            && let Some(found) = self.overdue.iter_mut().find(|(known, ..)| *known == bucket)
        {
            found.1 += 1;
            found.2 = found.2.saturating_add(order.receivable_minor - order.due_minor);
        }
    }
}

/// Everything over everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreditReport {
    /// Sums over all orders.
    pub totals: OrderTotals,
    /// All shops, by id.
    pub shops: Vec<ShopSummary>,
}

/// The report of pay-later credit, with the limits of today also where the daily job has not come by yet.
///
/// # Errors
/// Storage faults.
pub fn credit_report(session: &mut dyn Session, as_of: AsOf<'_>) -> Result<CreditReport, Fault> {
    let today = as_of.today();
    let mut shops = shops(session)?;
    let mut totals = OrderTotals::default();
    session.query(&ORDERS, &[], &mut |row| {
        let row = CreditOrderRow::read(row);
        match shops.get_mut(&row.merchant) {
            Some(shop) => {
                totals.count(&row, shop.epoch);
                shop.open(&row, today);
            }
            None => totals.count(&row, 0),
        }
        true
    })?;
    session.query(&EVALUATIONS, &[], &mut |row| {
        let row = EvaluationRow::read(row);
        if let Some(shop) = shops.get_mut(&row.party) {
            shop.take(&row);
        }
        true
    })?;
    let mut due = Vec::new();
    session.query(&DUE, &[Value::Text(&today.to_string())], &mut |row| {
        due.push(PartyId::from_uid(row.uid(0)));
        true
    })?;
    for party in due {
        let found = of_today(session, party, as_of)?;
        if let (Some(shop), Some(found)) = (shops.get_mut(&party), found) {
            shop.total_minor = found.shop.total;
            found.new.iter().for_each(|new| shop.take(new));
        }
    }
    session.query(&IN_REVIEW, &[], &mut |row| {
        if let Some(shop) = shops.get_mut(&PartyId::from_uid(row.uid(0))) {
            shop.in_review += 1;
        }
        true
    })?;
    let mut shops: Vec<ShopSummary> = shops.into_values().collect();
    for shop in &mut shops {
        shop.reasons.sort_by_key(|reason| reason.rule);
    }
    Ok(CreditReport { totals, shops })
}

fn shops(session: &mut dyn Session) -> Result<BTreeMap<PartyId, ShopSummary>, Fault> {
    let mut shops = BTreeMap::new();
    session.query(&SHOPS, &[], &mut |row| {
        let party = PartyId::from_uid(row.uid(0));
        let summary = ShopSummary {
            party,
            external_id: row.text(1).to_owned(),
            total_minor: row.int(2),
            frozen_minor: row.int(3),
            reserved_minor: row.int(4),
            used_minor: 0,
            due_minor: row.int(5),
            liability_minor: 0,
            locked_until: row.opt_at(7),
            in_review: 0,
            reasons: Vec::new(),
            overdue: Overdue::ALL.map(|bucket| (bucket, 0, 0)),
            epoch: row.int(6),
        };
        shops.insert(party, summary);
        true
    })?;
    Ok(shops)
}
