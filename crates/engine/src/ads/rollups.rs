//! Figures by hour and day, kept as clicks come (A10): reports never scan clicks. Every figure is written for the
//! campaign, for its keyword on days, and for the advertiser as a whole.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{CampaignId, KeywordId, PartyId},
    time::{Date, Timestamp},
};

use super::{
    moment::Moment,
    rows::{AdDayRow, AdHourRow, whole_account},
};
use crate::{
    command::Rejection,
    tx::{Needs, Tx},
};

/// The keyword of a campaign as a whole.
pub(super) const NONE: KeywordId = KeywordId(purser_domain::ids::Uid::NIL);

/// What is counted of clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count {
    pub(super) clicks: i64,
    pub(super) spend: i64,
    pub(super) invalid: i64,
    pub(super) refunded: i64,
}

impl Count {
    /// A charged click.
    pub(super) const fn charged(amount_minor: i64) -> Self {
        Self { clicks: 1, spend: amount_minor, invalid: 0, refunded: 0 }
    }

    fn add(&mut self, other: Self) {
        self.clicks += other.clicks;
        self.spend = self.spend.saturating_add(other.spend);
        self.invalid += other.invalid;
        self.refunded = self.refunded.saturating_add(other.refunded);
    }
}

/// Declares the rows that a click of a campaign counts in.
pub(super) fn want(
    needs: &mut Needs<'_>,
    party: PartyId,
    campaign: CampaignId,
    keyword: KeywordId,
    at: &Moment,
) {
    for owner in [campaign, whole_account(party)] {
        needs.row::<AdHourRow>((owner, at.hour));
        needs.row::<AdDayRow>((owner, NONE, at.day));
    }
    if keyword != NONE {
        needs.row::<AdDayRow>((campaign, keyword, at.day));
    }
}

/// Counts of one campaign in a call, put to its rows once.
#[derive(Debug, Default)]
pub(super) struct Tally {
    places: BTreeMap<(Timestamp, Date, KeywordId), Count>,
    /// The place counted last: clicks of a call lie close together.
    last: Option<((Timestamp, Date, KeywordId), Count)>,
}

impl Tally {
    pub(super) fn add(&mut self, at: &Moment, keyword: KeywordId, count: Count) {
        let place = (at.hour, at.day, keyword);
        match &mut self.last {
            Some((last, sum)) if *last == place => sum.add(count),
            _ => {
                self.settle();
                self.last = Some((place, count));
            }
        }
    }

    fn settle(&mut self) {
        if let Some((place, count)) = self.last.take() {
            self.places.entry(place).or_default().add(count);
        }
    }
}

/// Counts of a call by the row they belong to: a row that several campaigns count in is written once.
#[derive(Debug, Default)]
pub(super) struct Rollups {
    hours: BTreeMap<(CampaignId, Timestamp), Count>,
    days: BTreeMap<(CampaignId, KeywordId, Date), Count>,
}

impl Rollups {
    /// Takes over what a campaign counted.
    pub(super) fn take(&mut self, party: PartyId, campaign: CampaignId, mut tally: Tally) {
        tally.settle();
        for ((hour, day, keyword), count) in tally.places {
            for owner in [campaign, whole_account(party)] {
                self.hours.entry((owner, hour)).or_default().add(count);
                self.days.entry((owner, NONE, day)).or_default().add(count);
            }
            if keyword != NONE {
                self.days.entry((campaign, keyword, day)).or_default().add(count);
            }
        }
    }

    /// Adds the counts to the rows.
    ///
    /// # Errors
    /// Of the next group: what leads to them was changed since they were declared.
    pub(super) fn put(self, tx: &mut Tx) -> Result<(), Rejection> {
        for (key, count) in self.hours {
            let known = tx.led_to::<AdHourRow>(&key)?.cloned();
            let mut row = known.unwrap_or_else(|| AdHourRow::new(key.0, key.1));
            row.clicks += count.clicks;
            row.spend = row.spend.saturating_add(count.spend);
            row.invalid += count.invalid;
            row.refunded = row.refunded.saturating_add(count.refunded);
            tx.put(row);
        }
        for (key, count) in self.days {
            let known = tx.led_to::<AdDayRow>(&key)?.cloned();
            let mut row = known.unwrap_or_else(|| AdDayRow::new(key.0, key.1, key.2));
            row.clicks += count.clicks;
            row.spend = row.spend.saturating_add(count.spend);
            row.invalid += count.invalid;
            row.refunded = row.refunded.saturating_add(count.refunded);
            tx.put(row);
        }
        Ok(())
    }
}
