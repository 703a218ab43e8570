//! Rows of the advertising account.
//!
//! **One lock.** An advertiser's [`AdAccountRow`] is the root of everything of that advertiser. Nothing else here is
//! locked: the other rows are right because they are loaded after it, in the second round. So no command declares
//! them in its look-ups; what leads from a campaign to its advertiser is peeked at ([`crate::Needs::peek`]), because
//! that never changes.

use std::sync::Arc;

use purser_domain::{
    ids::{AdGrantId, CampaignId, KeywordId, PartyId, TransferId, Uid},
    time::{Date, Timestamp},
};

use crate::record;

record! {
    /// An advertiser as charges see it: the hot row, and the lock of everything of the advertiser. Amounts are minor
    /// units. The balances themselves are ledger accounts.
    pub struct AdAccountRow in AD_ACCOUNTS = 116, "ad_accounts", lock Update, kept 20_000, key(party: PartyId) {
        /// Stops for money so far (A4): the epoch.
        stops: i64,
        /// When the last one began, while it is in force: the balance is used up, or arrears are open.
        stopped_at: Option<Timestamp>,
        /// The last stop that every campaign was resumed from, together.
        resumed_stop: i64,
        /// When that was.
        resumed_at: Option<Timestamp>,
        /// The last stops with their ends and resumptions, see `purser_domain::ads::stop`.
        stop_log: String,
        /// `manual` or `auto`; empty: as policy says (A5).
        resume: String,
        /// Since when there are arrears.
        arrears_since: Option<Timestamp>,
        /// Number of the last event about this advertiser: a gap shows.
        seq: i64,
        /// Top-ups that were paid.
        topped_up: i64,
        /// Grants that may still be used.
        grants: i64,
        /// The party is told when the balance falls below this; 0: never.
        low_minor: i64,
        /// It was told.
        low_told: bool,
        /// Where automatic top-ups come from (A11); empty: none.
        auto_source: String,
        /// They are made below this balance.
        auto_threshold: i64,
        /// What one of them brings.
        auto_amount: i64,
        /// Most of a civil day.
        auto_daily_cap: i64,
        /// Civil date of the two counters that follow; empty before the first.
        auto_day: String,
        /// Automatic top-ups of that day.
        auto_count: i64,
        /// Their sum.
        auto_sum: i64,
        /// Not before this instant again.
        auto_retry_at: Option<Timestamp>,
        /// Refusals in a row.
        auto_failures: i64,
        /// Civil date of `spent_today`; empty before the first click.
        day: String,
        /// What clicks of that date cost, all campaigns.
        spent_today: i64,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A campaign (A9).
    pub struct AdCampaignRow in AD_CAMPAIGNS = 117, "ad_campaigns", lock None, kept 20_000, key(id: CampaignId) {
        /// The advertiser; never changes.
        party: PartyId,
        /// The platform's own id within the advertiser; never changes.
        external_id: String,
        /// Shown name.
        name: String,
        /// Daily budget, minor units; 0: none.
        budget: i64,
        /// When it is shown and with which price factors, encoded; empty: always.
        schedule: String,
        /// The advertiser's own switch.
        active: bool,
        /// When that was moved last.
        switched_at: Timestamp,
        /// First civil date; none: at once.
        starts_on: Option<String>,
        /// Last civil date; none: without end.
        ends_on: Option<String>,
        /// Keywords that are on.
        keywords: i64,
        /// The last stop for money that it was resumed from.
        resumed_stop: i64,
        /// When that was.
        resumed_at: Option<Timestamp>,
        /// When it was created.
        created_at: Timestamp,
        /// Counts changes: the `ETag`.
        version: i64,
        /// Earlier resumptions of it by itself, see `purser_domain::ads::stop`.
        resumed_before: String,
    }
}

record! {
    /// A keyword of a campaign (A9).
    pub struct AdKeywordRow in AD_KEYWORDS = 118, "ad_keywords", lock None, kept 20_000, key(campaign: CampaignId, id: KeywordId) {
        /// The word.
        word: String,
        /// Bid, minor units.
        bid: i64,
        /// The advertiser's own switch.
        active: bool,
        /// When that was moved last.
        switched_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A grant (A1). What is left of it is the balance of its ledger account.
    pub struct AdGrantRow in AD_GRANTS = 119, "ad_grants", lock None, kept 20_000, key(party: PartyId, id: AdGrantId) {
        /// What was given, minor units.
        amount: i64,
        /// When.
        given_at: Timestamp,
        /// It cannot be used from this instant on; none: no end.
        expires_at: Option<Timestamp>,
        /// Why it was given.
        reason: String,
        /// Who asked for it.
        asked_by: String,
        /// Who approved it.
        approved_by: String,
        /// When it was ended: expired or taken back.
        ended_at: Option<Timestamp>,
        /// What was left then, minor units.
        lost: i64,
    }
}

record! {
    /// Something that brought money: a payment, or an automatic top-up from the party's own earnings (A11, A12). Amounts
    /// are minor units.
    pub struct AdTopUpRow in AD_TOP_UPS = 125, "ad_top_ups", lock None, key(party: PartyId, id: Uid) {
        /// Its place among those of the advertiser, from 1.
        n: i64,
        /// `payment`, whose id this one has, `exceeded` for one of which too much went back once, or `earnings`.
        source: String,
        /// When it became the advertiser's.
        at: Timestamp,
        /// What came: arrears that it paid, and balance.
        amount: i64,
        /// Of it, what became balance.
        cash: i64,
        /// Of what came, what is neither back nor on its way back.
        rest: i64,
    }
}

record! {
    /// What a campaign spent on a civil day, as its budget sees it (A7). Amounts are minor units.
    pub struct AdBudgetDayRow in AD_BUDGET_DAYS = 120, "ad_budget_days", lock None, kept 20_000, key(campaign: CampaignId, day: Date) {
        /// Charged, less what was credited.
        spent: i64,
        /// The highest budget of the day; 0: at some time there was none.
        highest: i64,
        /// When the budget was used up, while that is so.
        stopped_at: Option<Timestamp>,
        /// What `spent` came from, in order, see `purser_domain::ads::budget`.
        sources: Vec<u8>,
        /// Credited at the end of the day.
        credited: i64,
        /// The day was closed.
        closed: bool,
        /// When the budget was used up and raised again later, see `purser_domain::ads::stop`.
        stopped_before: String,
    }
}

record! {
    /// A budget day that has not been closed: there is one beside every such [`AdBudgetDayRow`]. An index of those would have
    /// to be written with every click, this once a day.
    pub struct AdOpenDayRow in AD_OPEN_DAYS = 145, "ad_open_days", lock None, key(day: Date, campaign: CampaignId) {
        /// Since when.
        at: Timestamp,
    }
}

record! {
    /// A click that was charged: the memory against charging it again, and what a refund needs. Forgotten after some
    /// weeks (P19).
    pub struct AdClickRow in AD_CLICKS = 121, "ad_clicks", lock None, key(id: Arc<str>) {
        /// The campaign.
        campaign: CampaignId,
        /// The keyword; empty: none was named.
        keyword: Vec<u8>,
        /// When it was clicked.
        click_at: Timestamp,
        /// What it cost, minor units.
        amount: i64,
        /// What the price was computed from, as one number; 0: it was given.
        inputs: i64,
        /// Where the money came from, see `purser_domain::ads::sources`; empty: all of it cash.
        split: Vec<u8>,
        /// Bits: 1 counts in a budget, 2 credited as invalid.
        flags: i64,
    }
}

record! {
    /// The clicks of a transfer (A7, A8). Rows are only inserted.
    pub struct AdLinesRow in AD_LINES = 122, "ad_lines", lock None, key(transfer: TransferId) {
        /// The advertiser.
        party: PartyId,
        /// The campaign.
        campaign: CampaignId,
        /// First instant of a click.
        first_at: Timestamp,
        /// Last instant of a click.
        last_at: Timestamp,
        /// Number of clicks.
        clicks: i64,
        /// Their sum, minor units.
        sum: i64,
        /// The clicks, in one value.
        lines: Vec<u8>,
    }
}

record! {
    /// What happened to a campaign in an hour (A10). The campaign's id with the bytes of a party is all of that
    /// advertiser's campaigns.
    pub struct AdHourRow in AD_HOURS = 123, "ad_hours", lock None, kept 20_000, key(campaign: CampaignId, hour: Timestamp) {
        /// Clicks that were charged.
        clicks: i64,
        /// What they cost, minor units.
        spend: i64,
        /// Of the clicks, those found invalid later.
        invalid: i64,
        /// What was credited for them, minor units.
        refunded: i64,
        /// Impressions, as the platform reported them.
        impressions: i64,
        /// Conversions, as the platform reported them.
        conversions: i64,
    }
}

record! {
    /// What happened to a campaign, or to one of its keywords, on a civil day (A10). The nil keyword is the campaign as
    /// a whole.
    pub struct AdDayRow in AD_DAYS = 124, "ad_days", lock None, kept 20_000, key(campaign: CampaignId, keyword: KeywordId, day: Date) {
        /// Clicks that were charged.
        clicks: i64,
        /// What they cost, minor units.
        spend: i64,
        /// Of the clicks, those found invalid later.
        invalid: i64,
        /// What was credited for them, minor units.
        refunded: i64,
        /// Impressions, as the platform reported them.
        impressions: i64,
        /// Conversions, as the platform reported them.
        conversions: i64,
    }
}

/// The id of the campaign that the platform calls `external_id` among those of an advertiser.
pub fn campaign_id(party: PartyId, external_id: &str) -> CampaignId {
    CampaignId(Uid::derive("purser campaign v1", &[&party.0.0, external_id.as_bytes()]))
}

/// The id of a word among the keywords of a campaign.
pub fn keyword_id(campaign: CampaignId, word: &str) -> KeywordId {
    KeywordId(Uid::derive("purser keyword v1", &[&campaign.0.0, word.as_bytes()]))
}

/// All campaigns of an advertiser together, as rollups name them.
pub fn whole_account(party: PartyId) -> CampaignId {
    CampaignId(party.0)
}

/// A click counts in the budget of its day.
pub(super) const IN_BUDGET: i64 = 1;
/// A click was credited as invalid.
pub(super) const CREDITED: i64 = 2;

impl AdAccountRow {
    /// An advertiser without money: campaigns run as soon as there is some.
    pub fn new(party: PartyId, now: Timestamp) -> Self {
        Self {
            party,
            stops: 0,
            stopped_at: Some(now),
            resumed_stop: 0,
            resumed_at: None,
            stop_log: String::new(),
            resume: String::new(),
            arrears_since: None,
            seq: 0,
            topped_up: 0,
            grants: 0,
            low_minor: 0,
            low_told: false,
            auto_source: String::new(),
            auto_threshold: 0,
            auto_amount: 0,
            auto_daily_cap: 0,
            auto_day: String::new(),
            auto_count: 0,
            auto_sum: 0,
            auto_retry_at: None,
            auto_failures: 0,
            day: String::new(),
            spent_today: 0,
            version: 0,
        }
    }
}

impl AdBudgetDayRow {
    /// A day on which nothing was spent yet.
    pub const fn new(campaign: CampaignId, day: Date, budget: i64) -> Self {
        Self {
            campaign,
            day,
            spent: 0,
            highest: budget,
            stopped_at: None,
            sources: Vec::new(),
            credited: 0,
            closed: false,
            stopped_before: String::new(),
        }
    }
}

impl AdHourRow {
    /// An hour of which nothing is known yet.
    pub const fn new(campaign: CampaignId, hour: Timestamp) -> Self {
        Self { campaign, hour, clicks: 0, spend: 0, invalid: 0, refunded: 0, impressions: 0, conversions: 0 }
    }
}

impl AdDayRow {
    /// A day of which nothing is known yet.
    pub const fn new(campaign: CampaignId, keyword: KeywordId, day: Date) -> Self {
        Self {
            campaign,
            keyword,
            day,
            clicks: 0,
            spend: 0,
            invalid: 0,
            refunded: 0,
            impressions: 0,
            conversions: 0,
        }
    }
}
