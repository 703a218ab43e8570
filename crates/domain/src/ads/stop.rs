//! Stops for money (A4, A5): when delivery was off for a campaign.

use crate::time::Timestamp;

/// Stops that an advertiser remembers with their instants: more than happen while clicks can still arrive late.
const REMEMBERED: usize = 16;

/// A time in which the balance was used up or arrears were open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopPeriod {
    /// When delivery stopped.
    pub at: Timestamp,
    /// When there was money again; none while there is none.
    pub ended_at: Option<Timestamp>,
}

/// The last stops, the oldest first; the newest one is the number that counts them all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StopLog(Vec<StopPeriod>);

impl StopLog {
    /// From the stored form: `at` or `at-end` in µs, comma-separated.
    pub fn decode(text: &str) -> Self {
        let period = |part: &str| {
            let (at, end) = part.split_once('-').map_or((part, None), |(at, end)| (at, Some(end)));
            let ended_at = end.map(str::parse).transpose().ok()?.map(Timestamp);
            Some(StopPeriod { at: Timestamp(at.parse().ok()?), ended_at })
        };
        Self(text.split(',').filter_map(period).collect())
    }

    /// The stored form.
    pub fn encode(&self) -> String {
        let period = |period: &StopPeriod| match period.ended_at {
            Some(end) => format!("{}-{}", period.at.0, end.0),
            None => period.at.0.to_string(),
        };
        self.0.iter().map(period).collect::<Vec<_>>().join(",")
    }

    /// A stop begins.
    pub fn begin(&mut self, now: Timestamp) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(StopPeriod { at: now, ended_at: None });
    }

    /// The stop in force ends: there is money again.
    pub fn end(&mut self, now: Timestamp) {
        if let Some(last) = self.0.last_mut() {
            last.ended_at.get_or_insert(now);
        }
    }

    /// The periods, the oldest first.
    pub fn periods(&self) -> &[StopPeriod] {
        &self.0
    }
}

/// What an advertiser's row and a campaign's row say about stops for money.
#[derive(Debug, Clone, Copy)]
pub struct Stops<'a> {
    /// Stops so far.
    pub stops: i64,
    /// When the one in force began.
    pub stopped_at: Option<Timestamp>,
    /// The last ones.
    pub log: &'a StopLog,
    /// The last stop that the campaign was resumed from, alone or with all others.
    pub resumed_stop: i64,
    /// When that was.
    pub resumed_at: Option<Timestamp>,
}

impl Stops<'_> {
    /// The campaign was stopped for money and waits to be resumed, although there is money again.
    pub const fn waits(&self) -> bool {
        self.stopped_at.is_none() && self.resumed_stop < self.stops
    }

    /// Since when delivery was off at an instant; `None` when it was on. An instant before every click where no click
    /// can have been on its way.
    pub fn off_since(&self, at: Timestamp) -> Option<Timestamp> {
        const ALWAYS: Timestamp = Timestamp(i64::MIN / 2);
        if self.stops == 0 {
            // There never was any money.
            return self.stopped_at.map(|_| ALWAYS);
        }
        let known = i64::try_from(self.log.0.len()).unwrap_or(0);
        let before = self.stops - known;
        if self.resumed_stop < before {
            // It waits since a stop that is not remembered any more.
            return Some(ALWAYS);
        }
        let periods = (before + 1..).zip(&self.log.0);
        let mut off = periods.filter(|(stop, period)| at > period.at && self.off_until(*stop, period, at));
        off.next().map(|(_, period)| period.at)
    }

    /// Whether the campaign had not come back from a stop at an instant after it.
    fn off_until(&self, stop: i64, period: &StopPeriod, at: Timestamp) -> bool {
        if stop > self.resumed_stop {
            return true;
        }
        let Some(ended_at) = period.ended_at else { return true };
        let resumed_at = self.resumed_at.filter(|_| stop == self.resumed_stop);
        at <= resumed_at.map_or(ended_at, |resumed_at| resumed_at.max(ended_at))
    }
}
