//! The auditor's view of a click: its price, whether it was delivered, what it is taken from (A4, A7).

use purser_domain::{ads::price::Pricing, time::Timestamp};

use super::{
    acts::{Item, Word},
    auditor::Auditor,
    making::Edge,
    state::{
        ARREARS_LIMIT, Budget, CLOCKS_DIFFER, CLOSES_AFTER, Charged, GRACE, Grant, LATE_DAYS, LEAST, Part,
        Pocket, Running, STEP, STOPS_KEPT, Stop, day_of, day_start, hour_of, used_up,
    },
};

/// What a call did to an advertiser until now.
#[derive(Default, Clone)]
struct Touched {
    charged: bool,
    stops: bool,
    budgets: usize,
}

impl Auditor {
    /// Charges clicks of one call, in order; what the call stops is told at its end.
    pub(super) fn charge(&mut self, items: &[Item]) -> Vec<String> {
        let mut touched = vec![Touched::default(); self.accounts.len()];
        let said = items.iter().map(|item| self.click(item, &mut touched)).collect();
        for (advertiser, touched) in touched.into_iter().enumerate().filter(|(_, one)| one.charged) {
            for _ in 0..touched.budgets {
                self.tell(advertiser, "ads.budget_stopped");
            }
            let (now, account) = (self.now, &mut self.accounts[advertiser]);
            let began = account.arrears > 0 && account.arrears_since.is_none();
            if began {
                account.arrears_since = Some(now);
            }
            if touched.stops {
                self.tell(advertiser, "ads.stopped");
            } else if began {
                self.tell(advertiser, "ads.arrears");
            }
            self.watch(advertiser);
        }
        said
    }

    fn click(&mut self, item: &Item, touched: &mut [Touched]) -> String {
        let visible = item.id.bytes().all(|byte| (33..=126).contains(&byte));
        if !(1..=64).contains(&item.id.len()) || !visible {
            return "click_id_invalid".to_owned();
        }
        if let Some(known) = self.clicks.get(&item.id) {
            let same = known.campaign == item.campaign && known.word == item.word && known.at == item.at;
            let same_price = match (item.pricing, known.pricing) {
                (Pricing::Given(price), Pricing::Given(_)) => price == known.amount,
                (new, old) => new == old,
            };
            return if same && same_price {
                format!("{} again", known.amount)
            } else {
                "click_conflict".to_owned()
            };
        }
        match self.judge(item) {
            Ok((amount, parts)) => {
                self.book(item, amount, parts, touched);
                amount.to_string()
            }
            Err(code) => code.to_owned(),
        }
    }

    /// What a click costs, and what it is taken from; or the first reason against it.
    fn judge(&self, item: &Item) -> Result<(i64, Vec<Part>), &'static str> {
        let campaign = self.campaigns.get(item.campaign).ok_or("campaign_unknown")?;
        if item.party.is_some_and(|party| party != campaign.advertiser) {
            return Err("campaign_foreign");
        }
        if item.at.0 > self.now.0 + CLOCKS_DIFFER {
            return Err("click_in_the_future");
        }
        if item.at < day_start(day_of(self.now) - LATE_DAYS) {
            return Err("click_too_late");
        }
        let word = match item.word {
            Word::Unnamed => None,
            Word::Named(word) => Some(campaign.words.get(word).ok_or("keyword_unknown")?),
            Word::Unknown => return Err("keyword_unknown"),
        };
        // Who was shown a moment before the hours ended may click a moment after.
        let grace = Timestamp(item.at.0 - GRACE);
        let factor = campaign.factor_at(item.at).or_else(|| campaign.factor_at(grace));
        let bid = word.map(|word| LEAST.max(word.bid * factor.unwrap_or(1_000_000) / 1_000_000));
        let amount = price(item.pricing, bid)?;
        let late = |since: Timestamp| item.at.0 > since.0.saturating_add(GRACE);
        if !campaign.on && late(campaign.switched) {
            return Err("campaign_paused");
        }
        if word.is_some_and(|word| !word.on && late(word.switched)) {
            return Err("keyword_paused");
        }
        factor.ok_or("off_schedule")?;
        if self.off_since(item.campaign, item.at).is_some_and(late) {
            return Err("campaign_stopped");
        }
        let day = self.days.get(&(item.campaign, day_of(item.at)));
        if let Some(day) = day.filter(|_| self.is_open(item.campaign, item.at)) {
            let before = day.stopped_before.iter().rev().take(STOPS_KEPT).filter(|one| item.at <= one.1);
            if before.map(|one| one.0).chain(day.stopped).any(late) {
                return Err("campaign_stopped");
            }
        }
        Ok((amount, self.taken(campaign.advertiser, amount).ok_or("arrears_limit")?))
    }

    /// Whether the day of an instant still has a budget.
    fn is_open(&self, campaign: usize, at: Timestamp) -> bool {
        let day = day_of(at);
        let closed = self.days.get(&(campaign, day)).is_some_and(|day| day.closed);
        !closed && self.now.0 < day_start(day + 1).0 + CLOSES_AFTER
    }

    /// Since when an advertiser is out of money because grants have expired, which nobody has booked yet.
    pub(super) fn ran_out(&self, advertiser: usize) -> Option<Timestamp> {
        let account = &self.accounts[advertiser];
        if account.stopped.is_some() || self.left(advertiser) > 0 {
            return None;
        }
        let over = |grant: &&Grant| !grant.ended && grant.left > 0 && grant.expires_at <= self.now;
        account.grants.values().filter(over).map(|grant| grant.expires_at).max()
    }

    /// Since when an advertiser's delivery is off for money.
    pub(super) fn stopped(&self, advertiser: usize) -> Option<Timestamp> {
        self.accounts[advertiser].stopped.or_else(|| self.ran_out(advertiser))
    }

    /// Since when a campaign was off for money at an instant: from a stop on until it was resumed first, from this stop or a
    /// later one.
    fn off_since(&self, campaign: usize, at: Timestamp) -> Option<Timestamp> {
        const ALWAYS: Timestamp = Timestamp(i64::MIN / 4);
        let own = self.campaigns[campaign].resumed;
        let advertiser = self.campaigns[campaign].advertiser;
        let account = &self.accounts[advertiser];
        let mut stops = account.stops.clone();
        stops.extend(self.ran_out(advertiser).map(|at| Stop { at, ended: None }));
        if stops.is_empty() {
            return account.stopped.map(|_| ALWAYS);
        }
        let resumed = own.0.max(account.resumed.0);
        let forgotten = stops.len().saturating_sub(STOPS_KEPT);
        if resumed < forgotten {
            return Some(ALWAYS);
        }
        let all = || self.campaigns[campaign].resumptions.iter().chain(&account.resumptions);
        let mut off = stops.iter().enumerate().skip(forgotten).filter(|(place, stop)| {
            let first = all().filter(|one| one.0 > *place).map(|one| one.1).min();
            let ended = stop.ended.filter(|_| resumed > *place);
            at > stop.at && ended.is_none_or(|ended| at <= first.unwrap_or(ended).max(ended))
        });
        off.next().map(|(_, stop)| stop.at)
    }

    /// Grants, the soonest to expire first, then cash, then arrears up to their limit.
    fn taken(&self, advertiser: usize, amount: i64) -> Option<Vec<Part>> {
        let account = &self.accounts[advertiser];
        let pockets = self.usable(advertiser).into_iter().chain([(Pocket::Cash, account.cash)]);
        let room = (ARREARS_LIMIT - account.arrears).max(0);
        let (mut left, mut parts) = (amount, Vec::new());
        for (pocket, there) in pockets.chain([(Pocket::Arrears, room)]) {
            let part = left.min(there);
            if part > 0 {
                parts.push((pocket, part));
                left -= part;
            }
        }
        (left == 0).then_some(parts)
    }

    /// Grants that can be used now with what is left of them, in order.
    fn usable(&self, advertiser: usize) -> Vec<Part> {
        let account = &self.accounts[advertiser];
        let usable = account.grants.iter().filter(|(_, grant)| !grant.ended && grant.expires_at > self.now);
        let mut usable: Vec<_> = usable.collect();
        usable.sort_by_key(|(_, grant)| (grant.expires_at, grant.rank));
        usable.into_iter().map(|(number, grant)| (Pocket::Grant(*number), grant.left)).collect()
    }

    /// What an advertiser may spend.
    pub(super) fn left(&self, advertiser: usize) -> i64 {
        let grants: i64 = self.usable(advertiser).iter().map(|part| part.1).sum();
        self.accounts[advertiser].cash + grants
    }

    fn book(&mut self, item: &Item, amount: i64, parts: Vec<Part>, touched: &mut [Touched]) {
        let (now, today) = (self.now, day_of(self.now));
        let advertiser = self.campaigns[item.campaign].advertiser;
        let budget = self.campaigns[item.campaign].budget;
        let day = day_of(item.at);
        touched[advertiser].charged = true;
        if let Some(at) = self.ran_out(advertiser) {
            let account = &mut self.accounts[advertiser];
            account.stopped = Some(at);
            account.stops.push(Stop { at, ended: None });
            touched[advertiser].stops = true;
        }
        for part in &parts {
            self.put(advertiser, *part, -1);
        }
        self.revenue += amount;
        let in_budget = self.is_open(item.campaign, item.at);
        if in_budget {
            let known = self.day(item.campaign, day);
            known.parts.extend(&parts);
            // The budget of a day that is over stops nothing.
            if day >= today && known.stopped.is_none() && used_up(known.spent(), budget) {
                known.stopped = Some(now);
                touched[advertiser].budgets += 1;
            }
        }
        let nothing = self.left(advertiser) == 0;
        let account = &mut self.accounts[advertiser];
        if day == today {
            let before = if account.today.0 == today { account.today.1 } else { 0 };
            account.today = (today, before + amount);
        }
        if (account.arrears > 0 || nothing) && account.stopped.is_none() {
            account.stopped = Some(now);
            account.stops.push(Stop { at: now, ended: None });
            touched[advertiser].stops = true;
        }
        let charged = Charged {
            campaign: item.campaign,
            word: item.word,
            at: item.at,
            pricing: item.pricing,
            amount,
            parts,
            in_budget,
            credited: None,
        };
        self.clicks.insert(item.id.clone(), charged);
    }
}

/// The price of a click (A7), given the effective bid.
fn price(pricing: Pricing, bid: Option<i64>) -> Result<i64, &'static str> {
    match pricing {
        Pricing::Given(price) if price <= 0 => Err("price_not_positive"),
        Pricing::Given(price) if price < LEAST => Err("price_below_minimum"),
        Pricing::Given(price) if bid.is_some_and(|bid| price > bid) => Err("price_above_bid"),
        Pricing::Given(price) => Ok(price),
        Pricing::Auction { quality, next } => {
            let bid = bid.ok_or("keyword_missing")?;
            if quality <= 0 || next.is_some_and(|next| next.quality <= 0) {
                return Err("quality_not_positive");
            }
            let Some(next) = next else { return Ok(LEAST) };
            if next.bid_minor <= 0 {
                return Err("next_bid_not_positive");
            }
            // Rounded up to the minor unit.
            let beats = (next.bid_minor * next.quality + quality - 1) / quality;
            Ok((beats + STEP).min(bid).max(LEAST))
        }
    }
}

impl Auditor {
    /// Where every campaign's limits lie.
    pub(super) fn edges(&self) -> Vec<Edge> {
        let edge = |(place, campaign): (usize, &Running)| {
            let (account, left) = (&self.accounts[campaign.advertiser], self.left(campaign.advertiser));
            let day = self.days.get(&(place, day_of(self.now)));
            let spent = day.map_or(0, Budget::spent);
            Edge {
                left_minor: left,
                most_minor: left + (ARREARS_LIMIT - account.arrears).max(0),
                budget_minor: campaign.budget - spent,
                stopped: day.and_then(|day| day.stopped).or(account.stops.last().map(|stop| stop.at)),
            }
        };
        self.campaigns.iter().enumerate().map(edge).collect()
    }
}

/// Clicks, spend, invalid clicks and what was credited for them; minor units.
pub(super) type Figures = [i64; 4];

impl Auditor {
    fn sum(&self, counts: impl Fn(&Charged) -> bool) -> Figures {
        let mut sum = [0; 4];
        for click in self.clicks.values().filter(|click| counts(click)) {
            let credited = click.credited.unwrap_or(0);
            let one = [1, click.amount, i64::from(click.credited.is_some()), credited];
            sum.iter_mut().zip(one).for_each(|(sum, one)| *sum += one);
        }
        sum
    }

    /// Figures of an advertiser as a whole, or of one of its campaigns, in the civil hour that begins at an instant.
    pub(super) fn hour(&self, advertiser: usize, campaign: Option<usize>, hour: Timestamp) -> Figures {
        self.sum(|click| self.counts(click, advertiser, campaign) && hour_of(click.at) == hour)
    }

    /// Figures in all.
    pub(super) fn whole(&self, advertiser: usize, campaign: Option<usize>) -> Figures {
        self.sum(|click| self.counts(click, advertiser, campaign))
    }

    /// Figures of a keyword in all.
    pub(super) fn word(&self, campaign: usize, word: &'static str) -> Figures {
        self.sum(|click| click.campaign == campaign && click.word == Word::Named(word))
    }

    fn counts(&self, click: &Charged, advertiser: usize, campaign: Option<usize>) -> bool {
        match campaign {
            Some(campaign) => click.campaign == campaign,
            None => self.campaigns[click.campaign].advertiser == advertiser,
        }
    }
}
