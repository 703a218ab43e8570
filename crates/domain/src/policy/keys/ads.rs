//! Keys of advertising accounts.

use super::MOST_MINOR;
use crate::policy::kinds::{AdResume, Amount, Count, Days, Flag, Minutes, Pick, Rate, Seconds};

registry! {
    area 4;

    // Advertising accounts.
    /// Smallest first top-up.
    AD_TOP_UP_FIRST_MINIMUM: Amount, (0, MOST_MINOR) = "ads.top_up.first_minimum", A2 notice;
    /// Smallest later top-up.
    AD_TOP_UP_MINIMUM: Amount, (0, MOST_MINOR) = "ads.top_up.minimum", A2 notice;
    /// Days of budget that a suggested top-up covers.
    AD_TOP_UP_SUGGESTED_DAYS: Days, (1, 90) = "ads.top_up.suggested_days", A2;
    /// Time after a stop in which clicks are still charged.
    AD_STOP_GRACE: Seconds, (0, 3600) = "ads.stop_grace", A4;
    /// Arrears up to which such clicks are charged.
    AD_ARREARS_LIMIT: Amount, (0, MOST_MINOR) = "ads.arrears_limit", A4 notice;
    /// Age of arrears from which the account is suspended, in days.
    AD_SUSPEND_AFTER: Days, (0, 365) = "ads.suspend_after", A4 notice;
    /// How campaigns stopped for money come back after a top-up.
    AD_RESUME: Pick<AdResume>, () = "ads.resume", A5;
    /// Smallest balance with which campaigns come back by themselves.
    AD_RESUME_LEAST: Amount, (0, MOST_MINOR) = "ads.resume_least", A5;
    /// Smallest bid, and smallest price of a click.
    AD_MINIMUM_BID: Amount, (1, MOST_MINOR) = "ads.minimum_bid", A7 notice;
    /// What is added to the price of the next rank.
    AD_PRICE_STEP: Amount, (0, MOST_MINOR) = "ads.price_step", A7 notice;
    /// Days after which a click is too late to be charged.
    AD_LATE_CLICK: Days, (0, 30) = "ads.late_click", A7;
    /// Time after midnight in which clicks still count in the budget of the day before.
    AD_DAY_CLOSE_AFTER: Minutes, (0, 720) = "ads.day_close_after", A7;
    /// Smallest daily budget.
    AD_MINIMUM_DAILY_BUDGET: Amount, (0, MOST_MINOR) = "ads.minimum_daily_budget", A9 notice;
    /// Smallest price factor of a schedule.
    AD_LEAST_FACTOR: Rate, (1, 10_000_000) = "ads.schedule.least_factor", A9;
    /// Largest price factor of a schedule.
    AD_MOST_FACTOR: Rate, (1, 10_000_000) = "ads.schedule.most_factor", A9;
    /// Largest grant of advertising money.
    AD_GRANT_MAXIMUM: Amount, (1, MOST_MINOR) = "ads.grant.maximum", A1;
    /// Days after which a grant ends at the latest.
    AD_GRANT_LONGEST: Days, (1, 3650) = "ads.grant.longest", A1;
    /// Automatic top-ups of a civil day.
    AUTO_TOP_UP_PER_DAY: Count, (1, 100) = "ads.auto_top_up.per_day", A11;
    /// Days within which a top-up can be refunded through its rail.
    AD_REFUND_WINDOW: Days, (1, 3650) = "ads.refund.window", A12 notice;
    /// Whether unspent cash can be refunded to its top-ups.
    AD_REFUND_ENABLED: Flag, () = "ads.refund.enabled", A12 notice;
}
