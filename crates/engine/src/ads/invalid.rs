//! Clicks that were found invalid after they were charged (A8): their money goes back to where it came from, arrears
//! first, by transfers whose lines name the clicks. Filtered clicks are never charged; they are not reported at all.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use purser_domain::{
    ads::{
        budget::{self, Segments, Undone},
        sources::{Back, Part, Source, Split, give_back},
    },
    ids::{AdGrantId, CampaignId, KeywordId, PartyId, Uid},
    ledger::TransferKind,
};

use super::{
    balance,
    campaigns::account_of,
    credit::Booking,
    day_end,
    events::{notify, tell},
    leads,
    lines::Lines,
    moment::{Moment, Moments},
    rollups::{self, Count, NONE, Rollups, Tally},
    rows::{AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdClickRow, AdGrantRow, CREDITED, IN_BUDGET},
    stop::{go_on, money_came, put_day},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Most clicks of a call.
pub const CLICKS_MAX: usize = 10_000;

/// What became of one click: what was credited for it and what was not, because its grant has ended or the end of its
/// day had credited it already; minor units.
pub type InvalidOutcome = Result<(i64, i64), Box<Rejection>>;

/// Credits clicks of an advertiser that were found invalid, item by item.
///
/// Rejections of an item in order: `click_unknown`, `click_foreign`, `click_credited_before`.
#[derive(Debug, Clone)]
pub struct CreditInvalidClicks {
    /// The advertiser.
    pub party: PartyId,
    /// The clicks, in order.
    pub clicks: Vec<Arc<str>>,
    /// Why they are invalid, for the record.
    pub reason: String,
}

/// Whose keyword a click was.
fn keyword(row: &AdClickRow) -> KeywordId {
    row.keyword.as_slice().try_into().map_or(NONE, |bytes| KeywordId(Uid(bytes)))
}

fn grants(row: &AdClickRow) -> impl Iterator<Item = AdGrantId> {
    let parts = Split::decode(&row.split, row.amount).unwrap_or_default();
    parts.into_iter().filter_map(|part| match part.source {
        Source::Grant(grant) => Some(grant),
        Source::Cash | Source::Arrears => None,
    })
}

impl Command for CreditInvalidClicks {
    type Output = Vec<InvalidOutcome>;

    fn name(&self) -> &'static str {
        "ad_clicks.credit_invalid"
    }

    fn weight(&self) -> usize {
        self.clicks.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&balance::revenue(ctx.rules.currency));
        balance::want(needs, vec![self.party], ctx);
        let known = needs.peek::<AdClickRow>(self.clicks.clone());
        let campaigns: Vec<CampaignId> = known.iter().map(|row| row.campaign).collect();
        let owners = leads::owners(needs, &campaigns);
        self.clicks.iter().for_each(|click| needs.row::<AdClickRow>(Arc::clone(click)));
        // Whose a campaign is shows whose the click was.
        for row in &known {
            needs.row::<AdCampaignRow>(row.campaign);
        }
        let mut moments = Moments::new(ctx);
        let days: Vec<_> = known.iter().map(|row| (row.campaign, moments.at(row.click_at).day)).collect();
        // What goes back may come from any source of the day: clicks undone and the day's end took from one another's.
        for day in needs.peek::<AdBudgetDayRow>(days) {
            if owners.get(&day.campaign) == Some(&self.party) {
                let sources = Segments::decode(&day.sources);
                day_end::grants(&sources)
                    .for_each(|grant| balance::want_grant(needs, self.party, grant, ctx));
            }
        }
        for row in known.iter().filter(|row| owners.get(&row.campaign) == Some(&self.party)) {
            let at = moments.at(row.click_at);
            needs.row::<AdBudgetDayRow>((row.campaign, at.day));
            rollups::want(needs, self.party, row.campaign, keyword(row), &at);
            grants(row).for_each(|grant| balance::want_grant(needs, self.party, grant, ctx));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        balance::check(tx, ctx, self.party)?;
        let mut refunds = Refunds::new(tx, ctx, self.party);
        let outcomes: Vec<InvalidOutcome> =
            self.clicks.iter().map(|click| refunds.credit(tx, click).map_err(Box::new)).collect();
        if outcomes.iter().any(Result::is_ok) {
            let facts = Facts::new()
                .int("clicks", refunds.clicks)
                .int("amount_minor", refunds.sum_minor)
                .text("reason", &self.reason);
            let mut account = account_of(tx, self.party, ctx);
            refunds.put(tx, &mut account)?;
            notify(tx, &mut account, "ads.invalid_clicks_credited", &self.party.to_string(), &facts);
            tx.put(account);
            money_came(tx, ctx, self.party)?;
        }
        Ok(outcomes)
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let sum = output.iter().flatten().fold(0i64, |sum, (credited, _)| sum.saturating_add(*credited));
        let refused = output.iter().filter(|outcome| outcome.is_err()).count();
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let facts = Facts::new()
            .int("clicks", count(output.len()))
            .int("refused", count(refused))
            .int("amount_minor", sum)
            .text("reason", &self.reason);
        (self.party.to_string(), facts)
    }
}

/// Credits of a call on their way.
struct Refunds<'a> {
    ctx: &'a Ctx,
    party: PartyId,
    moments: Moments<'a>,
    owed_minor: i64,
    lines: BTreeMap<(CampaignId, Source), Lines>,
    days: BTreeMap<(CampaignId, purser_domain::time::Date), (AdBudgetDayRow, Segments)>,
    tallies: BTreeMap<CampaignId, Tally>,
    clicks: i64,
    sum_minor: i64,
    /// Of the sum, what clicks of today cost.
    today_minor: i64,
}

impl<'a> Refunds<'a> {
    fn new(tx: &Tx, ctx: &'a Ctx, party: PartyId) -> Self {
        Self {
            ctx,
            party,
            moments: Moments::new(ctx),
            owed_minor: balance::arrears_minor(tx, ctx, party),
            lines: BTreeMap::new(),
            days: BTreeMap::new(),
            tallies: BTreeMap::new(),
            clicks: 0,
            sum_minor: 0,
            today_minor: 0,
        }
    }

    fn credit(&mut self, tx: &mut Tx, click: &Arc<str>) -> Result<(i64, i64), Rejection> {
        let row = tx.get::<AdClickRow>(click).cloned().ok_or_else(|| {
            let text = "this click was never charged, or so long ago that it is not known any more";
            Rejection::new("click_unknown", text).at("/click_id")
        })?;
        let campaign = tx.led_to::<AdCampaignRow>(&row.campaign)?;
        if campaign.is_none_or(|campaign| campaign.party != self.party) {
            let text = "this click was charged to another advertiser";
            return Err(Rejection::new("click_foreign", text).at("/click_id"));
        }
        if row.flags & CREDITED != 0 {
            let text = "this click was credited before";
            return Err(Rejection::new("click_credited_before", text).at("/click_id"));
        }
        let at = self.moments.at(row.click_at);
        let mut parts = Split::decode(&row.split, row.amount).unwrap_or_default();
        if row.flags & IN_BUDGET != 0 {
            parts = self.uncount(tx, &row, &at, &parts)?;
        }
        let usable = self.usable(tx, &parts)?;
        let usable = |grant| usable.contains(&grant);
        let (credits, _) = give_back(&parts, &mut self.owed_minor, usable);
        let credited = credits.iter().map(|(part, _)| part.amount_minor).sum();
        if row.flags & IN_BUDGET != 0 {
            self.count_out(&row, &at, &parts, credited, usable);
        }
        for (part, back) in credits {
            let target = match back {
                Back::Arrears => Source::Arrears,
                Back::Cash => Source::Cash,
                Back::Grant(grant) => Source::Grant(grant),
            };
            let lines = self.lines.entry((row.campaign, target)).or_default();
            lines.add(click, part.amount_minor, row.click_at);
        }
        let count = Count { clicks: 0, spend: 0, invalid: 1, refunded: credited };
        self.tallies.entry(row.campaign).or_default().add(&at, keyword(&row), count);
        self.clicks += 1;
        self.sum_minor = self.sum_minor.saturating_add(credited);
        if at.day == self.ctx.today {
            self.today_minor = self.today_minor.saturating_add(credited);
        }
        let lost = row.amount - credited;
        tx.put(AdClickRow { flags: row.flags | CREDITED, ..row });
        Ok((credited, lost))
    }

    /// The grants among parts that have not ended.
    fn usable(&self, tx: &mut Tx, parts: &[Part]) -> Result<Vec<AdGrantId>, Rejection> {
        let mut usable = Vec::new();
        for part in parts {
            if let Source::Grant(grant) = part.source
                && tx.led_to::<AdGrantRow>(&(self.party, grant))?.is_some_and(|row| row.is_usable(self.ctx))
            {
                usable.push(grant);
            }
        }
        Ok(usable)
    }

    fn day(
        &mut self,
        tx: &mut Tx,
        row: &AdClickRow,
        at: &Moment,
    ) -> Result<&mut (AdBudgetDayRow, Segments), Rejection> {
        let key = (row.campaign, at.day);
        Ok(match self.days.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let known = tx.led_to::<AdBudgetDayRow>(&key)?.cloned();
                let day = known.unwrap_or_else(|| AdBudgetDayRow::new(row.campaign, at.day, 0));
                let segments = Segments::decode(&day.sources);
                place.insert((day, segments))
            }
        })
    }

    /// Takes a click out of its day: what of it goes back, from what.
    fn uncount(
        &mut self,
        tx: &mut Tx,
        row: &AdClickRow,
        at: &Moment,
        parts: &[Part],
    ) -> Result<Vec<Part>, Rejection> {
        let (day, segments) = self.day(tx, row, at)?;
        let Undone { credit_minor, credited_minor } =
            budget::undo(row.amount, day.spent, day.credited, day.highest);
        day.credited = credited_minor;
        Ok(segments.take_out(parts, credit_minor))
    }

    /// What really went back is spent no more; what came from a grant that has ended stays spent.
    fn count_out(
        &mut self,
        row: &AdClickRow,
        at: &Moment,
        parts: &[Part],
        credited_minor: i64,
        usable: impl Fn(AdGrantId) -> bool,
    ) {
        let Some((day, segments)) = self.days.get_mut(&(row.campaign, at.day)) else { return };
        day.spent -= credited_minor;
        let lost = |part: &&Part| matches!(part.source, Source::Grant(grant) if !usable(grant));
        parts.iter().filter(lost).for_each(|part| segments.add(*part));
    }

    fn put(self, tx: &mut Tx, account: &mut AdAccountRow) -> Result<(), Rejection> {
        for ((campaign, source), lines) in self.lines {
            let back = match source {
                Source::Arrears => Back::Arrears,
                Source::Cash => Back::Cash,
                Source::Grant(grant) => Back::Grant(grant),
            };
            Booking::credit(self.party, campaign, TransferKind::AdInvalid, back).post(tx, self.ctx, lines)?;
        }
        for ((campaign, _), (mut day, segments)) in self.days {
            let budget_minor = tx.get::<AdCampaignRow>(&campaign).map_or(0, |row| row.budget);
            // There is room again.
            if !day.closed && day.stopped_at.is_some() && !budget::used_up(day.spent, budget_minor) {
                go_on(self.ctx, &mut day);
                let facts = Facts::new().int("budget_minor", budget_minor).int("spent_minor", day.spent);
                tell(tx, account, "ads.budget_resumed", &campaign.to_string(), &facts);
            }
            put_day(tx, self.ctx, AdBudgetDayRow { sources: segments.encode(), ..day });
        }
        let mut rollups = Rollups::default();
        for (campaign, tally) in self.tallies {
            rollups.take(self.party, campaign, tally);
        }
        rollups.put(tx)?;
        if account.day == self.ctx.today.to_string() {
            account.spent_today = account.spent_today.saturating_sub(self.today_minor);
        }
        Ok(())
    }
}
