//! The creator's overview (X1): counters that grow by events, so that nobody has to sum a history.
//!
//! The same counters are kept twice: once for all time and once for each civil month that saw a change. Every
//! change names its month; the caller applies it to both rows.

use std::collections::BTreeMap;

use super::Settlement;
use crate::money::MoneyError;
use crate::time::{Date, Month};

/// Something that changes the overview. Amounts are minor units, > 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverviewChange {
    /// An order was accepted.
    OrderAccepted {
        /// Civil month of `accepted_at`.
        month: Month,
        /// The order's amount.
        amount_minor: i64,
        /// Somebody else is paid for it (X14).
        routed: bool,
    },
    /// An order was called off; takes back what its acceptance added.
    OrderCancelled {
        /// Civil month of `accepted_at`.
        month: Month,
        /// The order's amount.
        amount_minor: i64,
        /// Somebody else would have been paid for it (X14).
        routed: bool,
    },
    /// Income or compensation was booked.
    Settled {
        /// Civil month of the booking.
        month: Month,
        /// The booked lines.
        settlement: Settlement,
    },
    /// A withdrawal was requested: out of the withdrawable amount, in transit.
    WithdrawalRequested {
        /// Civil month of the request.
        month: Month,
        /// Gross amount.
        amount_minor: i64,
    },
    /// In transit money arrived.
    WithdrawalPaid {
        /// Civil month of the payment.
        month: Month,
        /// Gross amount.
        amount_minor: i64,
    },
    /// In transit money came back: failed, rejected, cancelled.
    WithdrawalReleased {
        /// Civil month of the release.
        month: Month,
        /// Gross amount.
        amount_minor: i64,
    },
    /// Money that had arrived came back.
    WithdrawalBounced {
        /// Civil month of the bounce.
        month: Month,
        /// Gross amount.
        amount_minor: i64,
    },
}

impl OverviewChange {
    /// The month whose row changes besides the one for all time.
    pub const fn month(&self) -> Month {
        match self {
            Self::OrderAccepted { month, .. }
            | Self::OrderCancelled { month, .. }
            | Self::Settled { month, .. }
            | Self::WithdrawalRequested { month, .. }
            | Self::WithdrawalPaid { month, .. }
            | Self::WithdrawalReleased { month, .. }
            | Self::WithdrawalBounced { month, .. } => *month,
        }
    }
}

/// The counters, in minor units. Those of a month may be negative where something came back later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OverviewCounters {
    /// Accepted orders, running ones included, cancelled ones not.
    pub total_task_minor: i64,
    /// The part of it that somebody else is paid for (X14).
    pub routed_task_minor: i64,
    /// Gross income booked.
    pub settled_gross_minor: i64,
    /// Service fee on it.
    pub service_fee_minor: i64,
    /// Compensation of cancelled orders.
    pub compensation_minor: i64,
    /// What was earned in the end: gross − fee + compensation.
    pub settled_net_minor: i64,
    /// Cumulative withdrawn: paid only.
    pub withdrawn_minor: i64,
    /// Requested and not finished.
    pub in_transit_minor: i64,
}

impl OverviewCounters {
    /// The counters after a change.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when a counter does not fit.
    pub fn apply(mut self, change: &OverviewChange) -> Result<Self, MoneyError> {
        match *change {
            OverviewChange::OrderAccepted { amount_minor, routed, .. } => {
                add(&mut self.total_task_minor, amount_minor)?;
                add(&mut self.routed_task_minor, if routed { amount_minor } else { 0 })?;
            }
            OverviewChange::OrderCancelled { amount_minor, routed, .. } => {
                add(&mut self.total_task_minor, -amount_minor)?;
                add(&mut self.routed_task_minor, if routed { -amount_minor } else { 0 })?;
            }
            OverviewChange::Settled { settlement, .. } => {
                add(&mut self.settled_gross_minor, settlement.gross_minor)?;
                add(&mut self.service_fee_minor, settlement.service_fee_minor)?;
                add(&mut self.compensation_minor, settlement.compensation_minor)?;
                add(&mut self.settled_net_minor, settlement.net_minor)?;
            }
            OverviewChange::WithdrawalRequested { amount_minor, .. } => {
                add(&mut self.in_transit_minor, amount_minor)?;
            }
            OverviewChange::WithdrawalPaid { amount_minor, .. } => {
                add(&mut self.in_transit_minor, -amount_minor)?;
                add(&mut self.withdrawn_minor, amount_minor)?;
            }
            OverviewChange::WithdrawalReleased { amount_minor, .. } => {
                add(&mut self.in_transit_minor, -amount_minor)?;
            }
            OverviewChange::WithdrawalBounced { amount_minor, .. } => {
                add(&mut self.withdrawn_minor, -amount_minor)?;
            }
        }
        Ok(self)
    }
}

fn add(counter: &mut i64, amount_minor: i64) -> Result<(), MoneyError> {
    *counter = counter.checked_add(amount_minor).ok_or(MoneyError::Overflow)?;
    Ok(())
}

/// The last 12 months, oldest first, the month of `today` last; months without a row are zero (X1).
pub fn trend(rows: &BTreeMap<Month, OverviewCounters>, today: Date) -> Vec<(Month, OverviewCounters)> {
    let mut month = Month::of(today);
    let mut lines = Vec::with_capacity(12);
    for _ in 0..12 {
        lines.push((month, rows.get(&month).copied().unwrap_or_default()));
        month = month.before();
    }
    lines.reverse();
    lines
}
