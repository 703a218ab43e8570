//! Stops for money (A4, A5): when delivery was off for a campaign. Clicks come late, so that it is asked of instants that
//! are over: every stop is kept with its end, every resumption with its instant.

use crate::time::Timestamp;

/// Stops that an advertiser remembers with their instants: more than happen while clicks can still arrive late. As many
/// resumptions a campaign remembers: from one stop it is resumed once.
const REMEMBERED: usize = 16;

/// A time in which the balance was used up or arrears were open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopPeriod {
    /// When delivery stopped.
    pub at: Timestamp,
    /// When there was money again; none while there is none.
    pub ended_at: Option<Timestamp>,
    /// When all campaigns were resumed from it together; none when they were not, or one by one.
    pub resumed_at: Option<Timestamp>,
}

/// The last stops, the oldest first; the newest one is the number that counts them all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StopLog(Vec<StopPeriod>);

impl StopLog {
    /// From the stored form: `at`, `at-end` or `at-end-resumed` in µs, comma-separated.
    pub fn decode(text: &str) -> Self {
        let period = |part: &str| {
            let mut parts = part.split('-');
            let at = Timestamp(parts.next()?.parse().ok()?);
            let mut next = || parts.next().map(str::parse).transpose().map(|at| at.map(Timestamp));
            Some(StopPeriod { at, ended_at: next().ok()?, resumed_at: next().ok()? })
        };
        Self(text.split(',').filter_map(period).collect())
    }

    /// The stored form.
    pub fn encode(&self) -> String {
        let period = |period: &StopPeriod| match (period.ended_at, period.resumed_at) {
            (Some(end), Some(resumed)) => format!("{}-{}-{}", period.at.0, end.0, resumed.0),
            (Some(end), None) => format!("{}-{}", period.at.0, end.0),
            (None, _) => period.at.0.to_string(),
        };
        self.0.iter().map(period).collect::<Vec<_>>().join(",")
    }

    /// A stop begins.
    pub fn begin(&mut self, at: Timestamp) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(StopPeriod { at, ended_at: None, resumed_at: None });
    }

    /// The stop in force ends: there is money again.
    pub fn end(&mut self, now: Timestamp) {
        if let Some(last) = self.0.last_mut() {
            last.ended_at.get_or_insert(now);
        }
    }

    /// All campaigns are resumed from the last stop together.
    pub fn resume(&mut self, now: Timestamp) {
        if let Some(last) = self.0.last_mut().filter(|last| last.ended_at.is_some()) {
            last.resumed_at.get_or_insert(now);
        }
    }

    /// The periods, the oldest first.
    pub fn periods(&self) -> &[StopPeriod] {
        &self.0
    }

    /// When all campaigns were resumed together, of `stops` stops so far.
    pub fn resumptions(&self, stops: i64) -> impl Iterator<Item = Resumption> {
        let first = stops - i64::try_from(self.0.len()).unwrap_or(0) + 1;
        let of = |(stop, period): (i64, &StopPeriod)| period.resumed_at.map(|at| Resumption { stop, at });
        (first..).zip(&self.0).filter_map(of)
    }
}

/// A campaign comes back from a stop and from all before it. One that is created while its advertiser is stopped comes
/// back with the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumption {
    /// Number of the stop.
    pub stop: i64,
    /// When.
    pub at: Timestamp,
}

/// Resumptions of one campaign by itself, the oldest first, but for the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resumptions(Vec<Resumption>);

impl Resumptions {
    /// From the stored form: `stop@at` in µs, comma-separated.
    pub fn decode(text: &str) -> Self {
        let one = |part: &str| {
            let (stop, at) = part.split_once('@')?;
            Some(Resumption { stop: stop.parse().ok()?, at: Timestamp(at.parse().ok()?) })
        };
        Self(text.split(',').filter_map(one).collect())
    }

    /// The stored form.
    pub fn encode(&self) -> String {
        let one = |one: &Resumption| format!("{}@{}", one.stop, one.at.0);
        self.0.iter().map(one).collect::<Vec<_>>().join(",")
    }

    /// Another one takes the place of the last.
    pub fn add(&mut self, last: Resumption) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(last);
    }

    /// Them, the oldest first.
    pub fn all(&self) -> &[Resumption] {
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
    /// Its resumptions, alone and with all others, in any order.
    pub resumed: &'a [Resumption],
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

    /// Whether the campaign had not come back from a stop at an instant after it: from then on until it was resumed first,
    /// from this stop or a later one, and not before there was money again.
    fn off_until(&self, stop: i64, period: &StopPeriod, at: Timestamp) -> bool {
        if stop > self.resumed_stop {
            return true;
        }
        let Some(ended_at) = period.ended_at else { return true };
        let back = self.resumed.iter().filter(|resumed| resumed.stop >= stop).map(|resumed| resumed.at).min();
        at <= back.map_or(ended_at, |back| back.max(ended_at))
    }
}

/// Times that are over in which something was off for a while, the oldest first: the budget of a day was used up until it
/// was raised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffLog(Vec<(Timestamp, Timestamp)>);

impl OffLog {
    /// From the stored form: `from-until` in µs, comma-separated.
    pub fn decode(text: &str) -> Self {
        let one = |part: &str| {
            let (from, until) = part.split_once('-')?;
            Some((Timestamp(from.parse().ok()?), Timestamp(until.parse().ok()?)))
        };
        Self(text.split(',').filter_map(one).collect())
    }

    /// The stored form.
    pub fn encode(&self) -> String {
        let one = |(from, until): &(Timestamp, Timestamp)| format!("{}-{}", from.0, until.0);
        self.0.iter().map(one).collect::<Vec<_>>().join(",")
    }

    /// It is on again.
    pub fn add(&mut self, from: Timestamp, until: Timestamp) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((from, until));
    }

    /// Since when it was off at an instant; `None` when it was on.
    pub fn off_since(&self, at: Timestamp) -> Option<Timestamp> {
        self.0.iter().find(|(from, until)| *from < at && at <= *until).map(|(from, _)| *from)
    }
}
