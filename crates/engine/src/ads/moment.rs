//! What calendar and policy say of a click's instant. Clicks of a call lie close together, so that what is true of a
//! quarter of an hour is looked up once.

use jiff::civil::DateTime;
use purser_domain::{
    ads::{charge::ChargeTerms, price::PriceTerms},
    policy::keys,
    time::{Date, MINUTE, Timestamp},
};

use crate::command::Ctx;

/// How far a click may lie ahead of this server's clock: the difference between two machines' clocks.
const CLOCK_TOLERANCE: i64 = 5 * MINUTE;

/// Offsets of time zones change at quarters of hours.
const QUARTER: i64 = 15 * MINUTE;

/// An instant in the business zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Civil date.
    pub(super) day: Date,
    /// First instant of the civil hour.
    pub(super) hour: Timestamp,
    /// Civil date and time at the beginning of the quarter.
    quarter: DateTime,
}

impl Moment {
    /// Civil date and time of an instant in the same quarter, to the minute.
    pub(super) fn civil(&self, at: Timestamp) -> DateTime {
        let minutes = at.0.rem_euclid(QUARTER) / MINUTE;
        self.quarter.checked_add(jiff::Span::new().minutes(minutes)).unwrap_or(self.quarter)
    }
}

/// Reads the calendar for clicks.
pub(super) struct Moments<'a> {
    ctx: &'a Ctx,
    quarter: i64,
    moment: Moment,
}

impl<'a> Moments<'a> {
    pub(super) fn new(ctx: &'a Ctx) -> Self {
        let quarter = ctx.now.0.div_euclid(QUARTER);
        Self { ctx, quarter, moment: moment(ctx, quarter) }
    }

    /// The instant in the business zone.
    pub(super) fn at(&mut self, at: Timestamp) -> Moment {
        let quarter = at.0.div_euclid(QUARTER);
        if quarter != self.quarter {
            self.quarter = quarter;
            self.moment = moment(self.ctx, quarter);
        }
        self.moment
    }
}

fn moment(ctx: &Ctx, quarter: i64) -> Moment {
    let start = Timestamp(quarter.saturating_mul(QUARTER));
    let civil = ctx.zone.datetime(start);
    let past = i64::from(civil.minute()).saturating_mul(MINUTE);
    Moment { day: civil.date(), hour: start.plus(-past), quarter: civil }
}

/// What policy says of a click.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) charge: ChargeTerms,
    /// First instant of the first civil date of which clicks are still taken.
    pub(super) oldest: Timestamp,
}

/// Reads policy for clicks, by their own instants.
pub(super) struct Policy<'a> {
    ctx: &'a Ctx,
    /// The rules of a civil date and version.
    known: Option<((Date, u32), Rules)>,
}

impl<'a> Policy<'a> {
    pub(super) const fn new(ctx: &'a Ctx) -> Self {
        Self { ctx, known: None }
    }

    /// The rules of a click's instant, whose civil date is known already.
    pub(super) fn at(&mut self, at: Timestamp, day: Date) -> Rules {
        let known = at.min(self.ctx.now);
        let policy = &self.ctx.rules.policy;
        let version = policy.versions().rev().find(|version| version.activated_at <= known);
        let of = (day, version.map_or(0, |version| version.number));
        match self.known {
            Some((known, rules)) if known == of => rules,
            _ => {
                let rules = rules(self.ctx, at);
                self.known = Some((of, rules));
                rules
            }
        }
    }
}

fn rules(ctx: &Ctx, at: Timestamp) -> Rules {
    let view = ctx.rules.policy.at(at, ctx.now);
    let days = i64::from(view.value(keys::AD_LATE_CLICK));
    let first = ctx.today.checked_sub(jiff::Span::new().days(days)).unwrap_or(ctx.today);
    Rules {
        charge: ChargeTerms {
            price: PriceTerms {
                minimum_minor: view.value(keys::AD_MINIMUM_BID),
                step_minor: view.value(keys::AD_PRICE_STEP),
            },
            grace_us: view.value(keys::AD_STOP_GRACE),
            arrears_limit_minor: view.value(keys::AD_ARREARS_LIMIT),
            clock_tolerance_us: CLOCK_TOLERANCE,
        },
        oldest: ctx.zone.start_of(first),
    }
}

/// From when on a civil day's budget is closed: its end, and a time for clicks on their way.
pub(super) fn closes_at(ctx: &Ctx, day: Date) -> Timestamp {
    let end = ctx.zone.start_of(day.tomorrow().unwrap_or(day));
    end.plus(ctx.rules.policy.at(end, ctx.now).value(keys::AD_DAY_CLOSE_AFTER))
}
