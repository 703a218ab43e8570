//! Keys of the pay-later limit: its components, reductions and cap, its orders, the signs of cash-out.

use super::MOST_MINOR;
use crate::policy::{
    kinds::{
        Amount, Count, DailyDrawAction, Days, Flag, Hours, OverLimit, Pick, Rate, Table, VirtualOperatorLimit,
    },
    value::{Cell, Column, Unit},
};

const SALE_COLUMNS: &[Column] = &[
    Column { name: "sale", cell: Cell::Slug },
    // Month × 100 + day: a sale comes again every year.
    Column { name: "from_mmdd", cell: Cell::Number { unit: Unit::Count, min: 101, max: 1231 } },
    Column { name: "days", cell: Cell::Number { unit: Unit::Days, min: 1, max: 92 } },
];

const LEVEL_COLUMNS: &[Column] = &[
    Column { name: "level", cell: Cell::Number { unit: Unit::Count, min: 1, max: 100 } },
    Column { name: "amount", cell: Cell::Number { unit: Unit::Minor, min: 0, max: MOST_MINOR } },
];

/// Signs of cash-out that policy knows (C21), in the order of `credit::risk::Signal`.
pub const RISK_SIGNALS: &[&str] = &[
    "pay_later_share",
    "round_amount",
    "near_limit",
    "same_device",
    "same_address",
    "same_payee",
    "no_scan",
    "drawn_and_refunded",
    "after_increase",
];

const RISK_WEIGHT_COLUMNS: &[Column] = &[
    Column { name: "signal", cell: Cell::OneOf(RISK_SIGNALS) },
    Column { name: "points", cell: Cell::Number { unit: Unit::Count, min: 0, max: 100 } },
];

const RISK_SHARE_COLUMNS: &[Column] = &[
    Column { name: "signal", cell: Cell::OneOf(RISK_SIGNALS) },
    Column { name: "share", cell: Cell::Number { unit: Unit::Ppm, min: 0, max: 1_000_000 } },
];

registry! {
    area 2;

    // Pay-later limit: its components.
    /// Limit of a new shop for each shop level.
    NEW_SHOP_LEVEL_AMOUNT: Amount, (0, MOST_MINOR) = "credit.new_shop.level_amount", C3 notice;
    /// Limit of a new shop for a level, instead of the product.
    NEW_SHOP_OVERRIDES: Table, (LEVEL_COLUMNS) = "credit.new_shop.overrides", C3 notice;
    /// Months for which a shop is new.
    NEW_SHOP_MONTHS: Count, (1, 24) = "credit.new_shop.months", C3;
    /// Mean rating from which the boost is earned, in hundredths.
    DSR_THRESHOLD_HUNDREDTHS: Count, (0, 500) = "credit.dsr.threshold_hundredths", C4;
    /// Boost for the rating, of the components.
    DSR_BOOST: Rate, (0, 1_000_000) = "credit.dsr.boost", C4 notice;
    /// Months that the rating boost lasts.
    DSR_BOOST_MONTHS: Count, (1, 60) = "credit.dsr.months", C4;
    /// Orders a month, on average, above which a shop counts one level up.
    VOLUME_ORDERS: Count, (0, 1_000_000) = "credit.volume.orders", C4;
    /// Full months over which orders are averaged.
    VOLUME_WINDOW_MONTHS: Count, (1, 24) = "credit.volume.window_months", C4;
    /// Months that the higher level lasts.
    VOLUME_BOOST_MONTHS: Count, (1, 60) = "credit.volume.months", C4;
    /// Boost for completed training.
    TRAINING_AMOUNT: Amount, (0, MOST_MINOR) = "credit.training.amount", C4 notice;
    /// Months that the training boost lasts.
    TRAINING_MONTHS: Count, (1, 60) = "credit.training.months", C4;
    /// Sales of the platform: first day of the year and days.
    PROMOTION_WINDOWS: Table, (SALE_COLUMNS) = "credit.promotion.windows", C5 notice;
    /// Boost in a promotion window.
    PROMOTION_BOOST: Rate, (0, 1_000_000) = "credit.promotion.boost", C5 notice;
    /// Largest promotion boost that staff may grant.
    PROMOTION_BOOST_MOST: Rate, (0, 1_000_000) = "credit.promotion.most", C5 notice;
    /// Days ahead of a promotion on which merchants are reminded.
    PROMOTION_REMINDER: Days, (0, 180) = "credit.promotion.reminder", C5;

    // Pay-later limit: reductions, cap, warnings.
    /// Days over which the return rate is measured.
    RETURN_RATE_WINDOW: Days, (1, 365) = "credit.return_rate.window", C6;
    /// Return rate above which the limit is reduced.
    RETURN_RATE_REDUCE_ABOVE: Rate, (0, 1_000_000) = "credit.return_rate.reduce_above", C6 notice;
    /// Reduction for a high return rate.
    RETURN_RATE_REDUCTION: Rate, (0, 1_000_000) = "credit.return_rate.reduction", C6 notice;
    /// Return rate above which, month after month, the limit is zero.
    RETURN_RATE_ZERO_ABOVE: Rate, (0, 1_000_000) = "credit.return_rate.zero_above", C7 notice;
    /// Months running above that rate that make the limit zero.
    RETURN_RATE_ZERO_MONTHS: Count, (1, 24) = "credit.return_rate.zero_months", C7 notice;
    /// Share of the day's highest total that a day's draws of unpaid proceeds may reach.
    DAILY_DRAW_SHARE: Rate, (0, 1_000_000) = "credit.daily_draw.share", C7 notice;
    /// What happens to draws above that share.
    DAILY_DRAW_ACTION: Pick<DailyDrawAction>, () = "credit.daily_draw.action", C7 notice;
    /// Cap of the limit, of the turnover of the last months.
    TURNOVER_CAP: Rate, (0, 1_000_000) = "credit.cap.turnover", C8 notice;
    /// Full months of turnover that the cap looks at.
    TURNOVER_CAP_MONTHS: Count, (1, 36) = "credit.cap.months", C8;
    /// Full months needed before the cap applies.
    TURNOVER_CAP_LEAST_MONTHS: Count, (1, 36) = "credit.cap.least_months", C8;
    /// Share of the limit in use from which the merchant is warned.
    LIMIT_USED_WARNING: Rate, (0, 1_000_000) = "credit.used_warning", C10;
    /// Days for which an authorisation stands when its goods are not shipped.
    AUTHORISATION_LIFETIME: Days, (1, 365) = "credit.authorisation.lifetime", C11 notice;
    /// Days after shipping on which an order is due.
    RECEIVABLE_DUE: Days, (1, 365) = "credit.receivable.due", C11;
    /// What shipping beyond the limit does.
    OVER_LIMIT: Pick<OverLimit>, () = "credit.over_limit", C12 notice;
    /// Day of the month on which merchants are reminded to check their limit.
    LIMIT_CHECK_DAY: Count, (1, 28) = "credit.check_day", C24;
    /// Days ahead on which the end of a boost is announced.
    BOOST_REMINDER: Days, (0, 180) = "credit.boost_reminder", C24;
    /// Applications above this amount are decided by two people.
    APPLICATION_TWO_PEOPLE_ABOVE: Amount, (0, MOST_MINOR) = "credit.application.two_people_above", C25;
    /// What a phone number of a virtual operator does to the limit.
    VIRTUAL_OPERATOR_LIMIT: Pick<VirtualOperatorLimit>, () = "credit.virtual_operator", C22 notice;

    // Signs of cash-out.
    /// Points from which a person looks at an advance or a withdrawal of proceeds.
    RISK_REVIEW_FROM: Count, (1, 1_000) = "credit.risk.review_from", C21;
    /// Points of each sign; a sign that is not listed has none.
    RISK_WEIGHTS: Table, (RISK_WEIGHT_COLUMNS) = "credit.risk.weights", C21;
    /// Share of a shop's orders above which a sign is a pattern of the shop; not listed: never.
    RISK_SHARES: Table, (RISK_SHARE_COLUMNS) = "credit.risk.shares", C21;
    /// Months of orders that patterns look at, the current one included.
    RISK_WINDOW_MONTHS: Count, (1, 12) = "credit.risk.window_months", C21;
    /// Orders that must be there before a pattern counts.
    RISK_LEAST_ORDERS: Count, (1, 100_000) = "credit.risk.least_orders", C21;
    /// An amount is round when it is a multiple of this.
    RISK_ROUND_UNIT: Amount, (1, MOST_MINOR) = "credit.risk.round_unit", C21;
    /// Share of the limit from which one order is near it.
    RISK_NEAR_LIMIT: Rate, (0, 1_000_000) = "credit.risk.near_limit", C21;
    /// Rise of a limit, of what it was, that counts as an increase.
    RISK_INCREASE_LEAST: Rate, (0, 1_000_000) = "credit.risk.increase_least", C21;
    /// Time after an increase in which use of it is a sign.
    RISK_INCREASE: Hours, (0, 720) = "credit.risk.increase", C21;
    /// A refund within this time of a draw is a sign.
    RISK_LOOP: Hours, (0, 720) = "credit.risk.loop", C21;
    /// Whether the platform reports every logistics scan, so that goods without one were not seen on their way.
    RISK_SCANS_REPORTED: Flag, () = "credit.risk.scans_reported", C21;
    /// Time after shipping by which a scan is expected.
    RISK_SCAN: Hours, (1, 720) = "credit.risk.scan", C21;
    /// Days for which a release is honoured: the same signs do not hold again.
    RISK_RELEASE: Days, (0, 365) = "credit.risk.release", C21;
}
