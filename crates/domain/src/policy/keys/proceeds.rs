//! Keys of withdrawing a shop's proceeds: value dates, fees, reviews, velocity.

use super::MOST_MINOR;
use crate::policy::kinds::{
    Amount, Count, Days, Flag, Hours, Pick, Rate, ReviewRestore, StreakAction, Time, ValueDate, Window,
};

registry! {
    area 3;

    // Withdrawing proceeds.
    /// Local time in which no withdrawal of proceeds is taken.
    CLOSED_WINDOW: Window, () = "proceeds.closed_window", C14 notice;
    /// Whether withdrawals of proceeds wait for their value date.
    VALUE_DATE: Pick<ValueDate>, () = "proceeds.value_date", C14 notice;
    /// Local time of dispatch on the value date.
    DISPATCH_TIME: Time, () = "proceeds.dispatch_time", C14;
    /// Working days to the value date.
    VALUE_DAYS: Days, (0, 30) = "proceeds.value_days", C14 notice;
    /// Working days to the value date in a promotion window.
    VALUE_DAYS_PROMOTION: Days, (0, 30) = "proceeds.value_days_promotion", C14 notice;
    /// Whether a merchant's first withdrawal is free.
    PROCEEDS_FEE_FIRST_FREE: Flag, () = "proceeds.fee.first_free", C15 notice;
    /// Fee of a withdrawal of proceeds, of its base.
    PROCEEDS_FEE_RATE: Rate, (0, 1_000_000) = "proceeds.fee.rate", C15 notice;
    /// Smallest fee when the base is above zero.
    PROCEEDS_FEE_MINIMUM: Amount, (0, MOST_MINOR) = "proceeds.fee.minimum", C15 notice;
    /// Sum of a calendar year above which withdrawals are free.
    PROCEEDS_FEE_ANNUAL_BASE: Amount, (0, MOST_MINOR) = "proceeds.fee.annual_base", C15 notice;
    /// Whether a payout that bounced for the payee's own wrong data costs its fee.
    PROCEEDS_FEE_ON_PAYEE_FAULT: Flag, () = "proceeds.fee.on_payee_fault", C16 notice;

    // Reviews and velocity.
    /// Working days for deciding a held withdrawal.
    REVIEW_DECISION: Days, (1, 60) = "review.decision", C17;
    /// When the limit comes back after an approved review.
    REVIEW_RESTORE: Pick<ReviewRestore>, () = "review.restore", C17;
    /// Requests of a civil day that pass; the next is held.
    VELOCITY_REQUESTS: Count, (1, 1000) = "velocity.requests", C19;
    /// Share of the limit from which one request is large.
    VELOCITY_LARGE_SHARE: Rate, (0, 1_000_000) = "velocity.large_share", C19;
    /// Time after a large request in which further ones are held.
    VELOCITY_LARGE_HOLD: Hours, (0, 720) = "velocity.large_hold", C19;
    /// Consecutive civil days with high draws that lead to a hold.
    VELOCITY_STREAK: Days, (2, 30) = "velocity.streak", C19;
    /// Draws of one day that count for such a run.
    VELOCITY_STREAK_AMOUNT: Amount, (0, MOST_MINOR) = "velocity.streak_amount", C19;
    /// What such a run of days does.
    VELOCITY_STREAK_ACTION: Pick<StreakAction>, () = "velocity.streak_action", C19;
    /// Days for which the limit is locked after such a run.
    VELOCITY_LOCK: Days, (0, 365) = "velocity.lock", C19;
    /// Share of the limit a day that new shops are advised to stay below.
    VELOCITY_ADVICE_SHARE: Rate, (0, 1_000_000) = "velocity.advice_share", C19;
}
