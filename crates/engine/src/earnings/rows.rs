//! Rows of earnings.

use purser_domain::{
    earnings::{OrderStatus, OverviewCounters, PayeeKind, Settlement, Stage, TaskOrder, TaskType},
    ids::{PartyId, TaskOrderId},
    money::{Currency, Rate},
    time::Timestamp,
};

use crate::{facts::Facts, record};

record! {
    /// A stored task order.
    pub struct TaskOrderRow in TASK_ORDERS = 42, "task_orders", lock Update, key(id: TaskOrderId) {
        /// Who does the task.
        creator: PartyId,
        /// Who is paid.
        payee: PartyId,
        /// The platform's own id.
        external_id: String,
        /// Shown title.
        title: String,
        /// How the creator was paid at acceptance.
        kind: String,
        /// Service fee fixed at acceptance, parts per million.
        fee_ppm: i64,
        /// Task type.
        task_type: String,
        /// Status.
        status: String,
        /// Stage, for compensation.
        stage: String,
        /// Gross amount, minor units.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// Accepted.
        accepted_at: Timestamp,
        /// Completed.
        completed_at: Option<Timestamp>,
        /// Settles then, where policy sets a delay.
        settle_due_at: Option<Timestamp>,
        /// Waits for a day of a year that the calendar does not know (P5).
        calendar_missing: bool,
        /// Settled.
        settled_at: Option<Timestamp>,
        /// Cancelled.
        cancelled_at: Option<Timestamp>,
        /// Fee of the settlement, minor units.
        service_fee: Option<i64>,
        /// Compensation, minor units.
        compensation: Option<i64>,
        /// What the payee got, minor units.
        net: Option<i64>,
        /// Policy version that fixed the fee.
        policy_version: i64,
        /// Counts changes.
        version: i64,
        /// Free values of the platform (P19).
        metadata: Facts,
    }
}

fn payee_kind(name: &str) -> PayeeKind {
    match name {
        "agency_signed" => PayeeKind::AgencySigned,
        "corporate" => PayeeKind::Corporate,
        _ => PayeeKind::Independent,
    }
}

fn payee_kind_name(kind: PayeeKind) -> &'static str {
    match kind {
        PayeeKind::Independent => "independent",
        PayeeKind::AgencySigned => "agency_signed",
        PayeeKind::Corporate => "corporate",
    }
}

impl TaskOrderRow {
    fn settled_gross(&self) -> i64 {
        if self.status == OrderStatus::Settled.name() { self.amount } else { 0 }
    }

    /// Income tax withheld of it (X18), minor units: what the other lines leave of the net. `None` before it is booked.
    pub fn tax(&self) -> Option<i64> {
        let lines = self.settled_gross() - self.service_fee.unwrap_or(0) + self.compensation.unwrap_or(0);
        self.net.map(|net| lines - net)
    }

    /// To the domain's form.
    pub fn order(&self) -> TaskOrder {
        let settlement = self.net.map(|net_minor| Settlement {
            gross_minor: self.settled_gross(),
            service_fee_minor: self.service_fee.unwrap_or(0),
            compensation_minor: self.compensation.unwrap_or(0),
            tax_minor: self.tax().unwrap_or(0),
            net_minor,
        });
        TaskOrder {
            id: self.id,
            creator: self.creator,
            payee: self.payee,
            kind: payee_kind(&self.kind),
            fee_rate: Rate::ppm(self.fee_ppm),
            task_type: TaskType::named(&self.task_type).unwrap_or(TaskType::Video),
            status: OrderStatus::named(&self.status).unwrap_or(OrderStatus::Accepted),
            stage: Stage::named(&self.stage).unwrap_or_default(),
            amount_minor: self.amount,
            currency: self.currency,
            accepted_at: self.accepted_at,
            completed_at: self.completed_at,
            settle_due_at: self.settle_due_at,
            calendar_missing: self.calendar_missing,
            settled_at: self.settled_at,
            cancelled_at: self.cancelled_at,
            settlement,
        }
    }

    /// From the domain's form, without metadata.
    pub fn of(order: &TaskOrder, external_id: &str, title: &str, policy_version: i64, version: i64) -> Self {
        Self {
            id: order.id,
            creator: order.creator,
            payee: order.payee,
            external_id: external_id.to_owned(),
            title: title.to_owned(),
            kind: payee_kind_name(order.kind).to_owned(),
            fee_ppm: order.fee_rate.as_ppm(),
            task_type: order.task_type.name().to_owned(),
            status: order.status.name().to_owned(),
            stage: order.stage.name().to_owned(),
            amount: order.amount_minor,
            currency: order.currency,
            accepted_at: order.accepted_at,
            completed_at: order.completed_at,
            settle_due_at: order.settle_due_at,
            calendar_missing: order.calendar_missing,
            settled_at: order.settled_at,
            cancelled_at: order.cancelled_at,
            service_fee: order.settlement.map(|s| s.service_fee_minor),
            compensation: order.settlement.map(|s| s.compensation_minor),
            net: order.settlement.map(|s| s.net_minor),
            policy_version,
            version,
            metadata: Facts::new(),
        }
    }
}

record! {
    /// Counters of the overview (X1): one row per party for all time (`month` empty) and one per civil month.
    pub struct EarningsTotals in EARNINGS_TOTALS = 52, "earnings_totals", lock Update, key(party: PartyId, month: String) {
        /// Accepted orders that were not cancelled, minor units.
        total_task: i64,
        /// The part of them that an agency is paid.
        routed_task: i64,
        /// Gross of settled orders.
        settled_gross: i64,
        /// Service fees.
        service_fee: i64,
        /// Compensation for cancelled orders.
        compensation: i64,
        /// Net of settled orders.
        settled_net: i64,
        /// Paid withdrawals, gross.
        withdrawn: i64,
        /// Requested and not finished, gross.
        in_transit: i64,
    }
}

impl EarningsTotals {
    /// Nothing yet.
    pub fn zero(party: PartyId, month: String) -> Self {
        Self::of(party, month, &OverviewCounters::default())
    }

    /// To the domain's form.
    pub fn counters(&self) -> OverviewCounters {
        OverviewCounters {
            total_task_minor: self.total_task,
            routed_task_minor: self.routed_task,
            settled_gross_minor: self.settled_gross,
            service_fee_minor: self.service_fee,
            compensation_minor: self.compensation,
            settled_net_minor: self.settled_net,
            withdrawn_minor: self.withdrawn,
            in_transit_minor: self.in_transit,
        }
    }

    /// From the domain's form.
    pub fn of(party: PartyId, month: String, c: &OverviewCounters) -> Self {
        Self {
            party,
            month,
            total_task: c.total_task_minor,
            routed_task: c.routed_task_minor,
            settled_gross: c.settled_gross_minor,
            service_fee: c.service_fee_minor,
            compensation: c.compensation_minor,
            settled_net: c.settled_net_minor,
            withdrawn: c.withdrawn_minor,
            in_transit: c.in_transit_minor,
        }
    }
}
