//! Advertisers and campaigns while clicks of a call are decided: rows are read once a call, and written once.

use std::collections::BTreeMap;

use purser_domain::{
    ads::{
        budget::Segments,
        charge::{self, BudgetDay, Charged, Click, Delivery, Keyword, Times},
        schedule::Schedule,
        sources::{Funds, Part, Source, Split},
        stop::{OffLog, Resumption, Resumptions, StopLog, Stops},
    },
    ids::{AdGrantId, CampaignId, KeywordId, PartyId},
    money::Rate,
    time::{Date, Timestamp},
};

use super::{
    balance,
    campaigns::unknown_campaign,
    charge::ClickItem,
    credit::Booking,
    events::tell,
    lines::Lines,
    moment::{Moment, Moments, Policy, closes_at},
    resume::last_resumption,
    rollups::{Count, NONE, Rollups, Tally},
    rows::{AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdKeywordRow},
    stop::{StopReason, put_day, stop},
    watch::watch,
};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    tx::Tx,
};

/// An advertiser in a call.
struct Advertiser {
    row: AdAccountRow,
    funds: Funds,
    log: StopLog,
    /// Since when delivery is stopped, where that is not booked yet: by a click of this call, or by a grant's end.
    stops: Option<Timestamp>,
    charged: bool,
}

/// A campaign in a call.
struct Running {
    advertiser: usize,
    row: AdCampaignRow,
    facts: charge::Campaign,
    schedule: Schedule,
    days: Vec<Day>,
    resumed: Vec<Resumption>,
    /// The keyword that was looked up last.
    keyword: (KeywordId, Keyword),
    lines: Vec<(Source, Lines)>,
    tally: Tally,
}

/// A budget day of a campaign in a call.
struct Day {
    row: AdBudgetDayRow,
    open: bool,
    segments: Segments,
    stopped_before: OffLog,
    /// The budget was used up by a click of this call.
    stops: bool,
    changed: bool,
}

/// A click that was charged, as it is to be remembered.
pub(super) struct Taken {
    pub(super) amount_minor: i64,
    pub(super) in_budget: bool,
    pub(super) split: Vec<u8>,
}

/// See the module.
pub(super) struct Desk<'a> {
    ctx: &'a Ctx,
    moments: Moments<'a>,
    policy: Policy<'a>,
    /// Grants that were not ended yet, whether they can still be used or not, in the order in which they are used.
    grants: BTreeMap<PartyId, Vec<AdGrantId>>,
    advertisers: Vec<Advertiser>,
    places: BTreeMap<PartyId, usize>,
    campaigns: Vec<Option<Running>>,
    parts: Vec<Part>,
}

impl<'a> Desk<'a> {
    /// For the campaigns of a call, which may not exist.
    ///
    /// # Errors
    /// Of the next group: what one of them leads to was not declared, because it was created since, or a grant was given.
    pub(super) fn new(tx: &mut Tx, ctx: &'a Ctx, campaigns: &[CampaignId]) -> Result<Self, Rejection> {
        let mut desk = Self {
            ctx,
            moments: Moments::new(ctx),
            policy: Policy::new(ctx),
            grants: balance::open_grants(tx),
            advertisers: Vec::new(),
            places: BTreeMap::new(),
            campaigns: Vec::with_capacity(campaigns.len()),
            parts: Vec::new(),
        };
        for campaign in campaigns {
            let running = desk.open(tx, *campaign)?;
            desk.campaigns.push(running);
        }
        Ok(desk)
    }

    fn open(&mut self, tx: &mut Tx, campaign: CampaignId) -> Result<Option<Running>, Rejection> {
        // A campaign that did not exist when its advertiser was looked for is not loaded.
        if !tx.is_loaded::<AdCampaignRow>(&campaign) {
            return Ok(None);
        }
        let Some(row) = tx.get::<AdCampaignRow>(&campaign).cloned() else { return Ok(None) };
        let known = self.places.get(&row.party).copied();
        let advertiser = match known {
            Some(place) => place,
            None => match self.open_account(tx, row.party)? {
                Some(place) => place,
                None => return Ok(None),
            },
        };
        let date = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Date>().ok());
        let facts = charge::Campaign {
            active: row.active,
            switched_at: row.switched_at,
            starts_at: date(&row.starts_on).map(|on| self.ctx.zone.start_of(on)),
            ends_at: date(&row.ends_on).map(|on| self.ctx.zone.start_of(on.tomorrow().unwrap_or(on))),
            budget_minor: row.budget,
        };
        let resumed = self.advertisers.get(advertiser).map(|one| one.resumptions(&row)).unwrap_or_default();
        Ok(Some(Running {
            advertiser,
            facts,
            resumed,
            schedule: Schedule::decode(&row.schedule),
            row,
            days: Vec::new(),
            keyword: (NONE, Keyword::Unnamed),
            lines: Vec::new(),
            tally: Tally::default(),
        }))
    }

    fn open_account(&mut self, tx: &mut Tx, party: PartyId) -> Result<Option<usize>, Rejection> {
        let open = self.grants.get(&party).map_or(&[][..], Vec::as_slice);
        if !balance::is_whole(tx, self.ctx, party, open) {
            return Err(tx.begin_next_group());
        }
        let Some(mut row) = tx.get::<AdAccountRow>(&party).cloned() else { return Ok(None) };
        let sources = balance::available(tx, self.ctx, party, open);
        let funds = Funds::new(sources, balance::arrears_minor(tx, self.ctx, party));
        let mut log = StopLog::decode(&row.stop_log);
        let stops = balance::ran_out_at(tx, self.ctx, party, open).filter(|_| row.stopped_at.is_none());
        if let Some(since) = stops {
            log.begin(since);
            row.stops += 1;
            row.stopped_at = Some(since);
        }
        self.advertisers.push(Advertiser { row, funds, log, stops, charged: false });
        let place = self.advertisers.len() - 1;
        self.places.insert(party, place);
        Ok(Some(place))
    }

    /// Decides a click and takes it in.
    pub(super) fn charge(&mut self, tx: &mut Tx, place: usize, item: &ClickItem) -> Result<Taken, Rejection> {
        let ctx = self.ctx;
        let unknown = || unknown_campaign(item.campaign).at("/campaign_id");
        let running = self.campaigns.get_mut(place).and_then(Option::as_mut).ok_or_else(unknown)?;
        if item.party.is_some_and(|party| party != running.row.party) {
            let text = "the campaign belongs to another advertiser";
            return Err(Rejection::new("campaign_foreign", text).at("/advertiser_id"));
        }
        let advertiser = self.advertisers.get_mut(running.advertiser).ok_or_else(unknown)?;
        let moment = self.moments.at(item.at);
        let rules = self.policy.at(item.at, moment.day);
        let terms = &rules.charge;
        let factor = factor(&running.schedule, &mut self.moments, &moment, item.at, terms.grace_us);
        let (pricing, keyword) = (item.pricing, running.keyword(tx, item.keyword)?);
        let click = Click { at: item.at, pricing, keyword, factor };
        let delivery = delivery(advertiser, running, item.at);
        let times = Times { now: ctx.now, oldest: rules.oldest };
        let (facts, day) = (running.facts, running.day(tx, ctx, moment.day)?);
        let budget_day = BudgetDay {
            open: day.open,
            past: moment.day < ctx.today,
            spent_minor: day.row.spent,
            stopped_at: day.row.stopped_at,
            off_since: day.stopped_before.off_since(item.at),
        };
        self.parts.clear();
        let money = (&mut advertiser.funds, &mut self.parts);
        let charged = charge::charge(&click, &facts, &budget_day, delivery, money, times, terms)
            .map_err(|no| refused(&no))?;
        day.book(ctx, &self.parts, charged);
        let in_budget = day.open;
        running.book(item, &self.parts, &moment, charged.amount_minor);
        advertiser.book(ctx, &moment, charged);
        let split = Split::encode(&self.parts);
        Ok(Taken { amount_minor: charged.amount_minor, in_budget, split })
    }

    /// Posts what was taken, and writes every row that changed.
    pub(super) fn put(self, tx: &mut Tx) -> Result<(), Rejection> {
        let ctx = self.ctx;
        let (mut rollups, mut advertisers) = (Rollups::default(), self.advertisers);
        for mut running in self.campaigns.into_iter().flatten() {
            if running.lines.is_empty() {
                continue;
            }
            let party = running.row.party;
            for (source, lines) in std::mem::take(&mut running.lines) {
                Booking::charge(party, running.row.id, source).post(tx, ctx, lines)?;
            }
            for day in running.days.into_iter().filter(|day| day.changed) {
                if day.stops
                    && let Some(advertiser) = advertisers.get_mut(running.advertiser)
                {
                    let facts = Facts::new()
                        .text("day", day.row.day.to_string())
                        .int("budget_minor", running.row.budget)
                        .int("spent_minor", day.row.spent)
                        .at("stopped_at", ctx.now);
                    tell(tx, &mut advertiser.row, "ads.budget_stopped", &running.row.id.to_string(), &facts);
                }
                put_day(tx, ctx, AdBudgetDayRow { sources: day.segments.encode(), ..day.row });
            }
            rollups.take(party, running.row.id, running.tally);
        }
        rollups.put(tx)?;
        advertisers.into_iter().filter(|advertiser| advertiser.charged).for_each(|one| one.put(tx, ctx));
        Ok(())
    }
}

fn refused(no: &charge::Rejection) -> Rejection {
    let facts = match no {
        charge::Rejection::Stopped { why, since } => {
            let facts = Facts::new().text("reason", why.name());
            if since.0 > 0 { facts.at("since", *since) } else { facts }
        }
        charge::Rejection::ArrearsLimit { most_minor } => Facts::new().int("most_minor", *most_minor),
        _ => Facts::new(),
    };
    Rejection::new(no.code(), no.to_string()).at(no.field()).with(facts)
}

/// The schedule's factor at the click, or else at the end of the grace before it.
fn factor(
    schedule: &Schedule,
    moments: &mut Moments<'_>,
    moment: &Moment,
    at: Timestamp,
    grace_us: i64,
) -> Option<Rate> {
    if schedule.is_always() {
        return Some(Rate::ppm(1_000_000));
    }
    schedule.factor_at(moment.civil(at)).or_else(|| {
        let before = at.plus(-grace_us);
        schedule.factor_at(moments.at(before).civil(before))
    })
}

/// Where the campaign stood for money at an instant.
fn delivery(advertiser: &Advertiser, running: &Running, at: Timestamp) -> Delivery {
    let row = &advertiser.row;
    let stops = Stops {
        stops: row.stops,
        stopped_at: row.stopped_at,
        log: &advertiser.log,
        resumed_stop: running.row.resumed_stop.max(row.resumed_stop),
        resumed: &running.resumed,
    };
    Delivery { off_since: stops.off_since(at), waits: stops.waits(), stopped: row.stopped_at.is_some() }
}

impl Running {
    fn keyword(&mut self, tx: &mut Tx, named: Option<KeywordId>) -> Result<Keyword, Rejection> {
        let Some(id) = named else { return Ok(Keyword::Unnamed) };
        // Nobody's id, and the one under which figures of whole campaigns are kept.
        if id == NONE {
            return Ok(Keyword::Unknown);
        }
        if self.keyword.0 != id || self.keyword.1 == Keyword::Unnamed {
            let row = tx.led_to::<AdKeywordRow>(&(self.row.id, id))?;
            let known = row.map_or(Keyword::Unknown, |row| Keyword::Known {
                bid_minor: row.bid,
                active: row.active,
                switched_at: row.switched_at,
            });
            self.keyword = (id, known);
        }
        Ok(self.keyword.1)
    }

    fn day(&mut self, tx: &mut Tx, ctx: &Ctx, day: Date) -> Result<&mut Day, Rejection> {
        // Nearly always the last one.
        let known = self.days.iter().rposition(|known| known.row.day == day);
        let place = known.unwrap_or(self.days.len());
        if known.is_none() {
            self.days.push(Day::open(tx, ctx, &self.row, day)?);
        }
        Ok(&mut self.days[place])
    }

    fn book(&mut self, item: &ClickItem, parts: &[Part], at: &Moment, amount_minor: i64) {
        for part in parts {
            let place = self.lines.iter().position(|(source, _)| *source == part.source);
            let place = place.unwrap_or_else(|| {
                self.lines.push((part.source, Lines::default()));
                self.lines.len() - 1
            });
            if let Some((_, lines)) = self.lines.get_mut(place) {
                lines.add(&item.click_id, part.amount_minor, item.at);
            }
        }
        self.tally.add(at, item.keyword.unwrap_or(NONE), Count::charged(amount_minor));
    }
}

impl Day {
    fn open(tx: &mut Tx, ctx: &Ctx, campaign: &AdCampaignRow, day: Date) -> Result<Self, Rejection> {
        let known = tx.led_to::<AdBudgetDayRow>(&(campaign.id, day))?.cloned();
        // Every change of a budget writes down that of the days that are open: without a row there was none.
        let row = known.unwrap_or_else(|| AdBudgetDayRow::new(campaign.id, day, campaign.budget));
        let open = !row.closed && ctx.now < closes_at(ctx, day);
        let segments = Segments::decode(&row.sources);
        let stopped_before = OffLog::decode(&row.stopped_before);
        Ok(Self { row, open, segments, stopped_before, stops: false, changed: false })
    }

    fn book(&mut self, ctx: &Ctx, parts: &[Part], charged: Charged) {
        if !self.open {
            return;
        }
        self.changed = true;
        self.row.spent = self.row.spent.saturating_add(charged.amount_minor);
        for part in parts {
            self.segments.add(*part);
        }
        if charged.budget_stops {
            self.stops = true;
            self.row.stopped_at = Some(ctx.now);
        }
    }
}

impl Advertiser {
    /// When a campaign was resumed, by itself and with all others.
    fn resumptions(&self, campaign: &AdCampaignRow) -> Vec<Resumption> {
        let row = &self.row;
        if row.stops == 0 {
            return Vec::new();
        }
        let mut all = Resumptions::decode(&campaign.resumed_before).all().to_vec();
        all.push(last_resumption(campaign));
        all.extend(self.log.resumptions(row.stops));
        all.extend(row.resumed_at.map(|at| Resumption { stop: row.resumed_stop, at }));
        all
    }

    fn book(&mut self, ctx: &Ctx, at: &Moment, charged: Charged) {
        self.charged = true;
        if at.day == ctx.today {
            let same = self.row.day.parse::<Date>().is_ok_and(|day| day == ctx.today);
            if !same {
                self.row.day = ctx.today.to_string();
                self.row.spent_today = 0;
            }
            self.row.spent_today = self.row.spent_today.saturating_add(charged.amount_minor);
        }
        if charged.stops {
            // Written when all clicks are decided; until then the other clicks of the call see it.
            self.stops = Some(ctx.now);
            self.log.begin(ctx.now);
            self.row.stops += 1;
            self.row.stopped_at = Some(ctx.now);
        }
    }

    fn put(mut self, tx: &mut Tx, ctx: &Ctx) {
        let owed = self.funds.arrears_minor() > 0;
        let began = owed && self.row.arrears_since.is_none();
        if began {
            self.row.arrears_since = Some(ctx.now);
        }
        if let Some(since) = self.stops {
            // What the clicks of the call saw is what this writes.
            self.row.stops -= 1;
            let reason = if owed { StopReason::Arrears } else { StopReason::NoBalance };
            stop(tx, ctx, &mut self.row, reason, since);
        } else if began {
            let arrears = self.funds.arrears_minor();
            let facts = Facts::new().int("epoch", self.row.stops).int("arrears_minor", arrears);
            let party = self.row.party.to_string();
            tell(tx, &mut self.row, "ads.arrears", &party, &facts);
        }
        let left = self.funds.balance_minor();
        watch(tx, ctx, &mut self.row, left);
        tx.put(self.row);
    }
}
