//! Predicts every answer, balance, status and numbered event of the advertising account from the sentences of the
//! specification (A1, A3–A5, A7–A10), with numbers and rules of its own.

use std::collections::BTreeMap;

use purser_domain::time::Timestamp;

use super::{
    acts::{Act, World},
    state::{
        Account as Believed, Budget, CLOSES_AFTER, Charged, Keyword, LEAST, LEAST_BUDGET, Running,
        SUSPENDED_AFTER, day_of, day_start, used_up,
    },
};

/// What the auditor believes the books to hold.
#[derive(Debug, Clone)]
pub struct Auditor {
    /// Business time of the group.
    pub now: Timestamp,
    pub(super) accounts: Vec<Believed>,
    pub(super) campaigns: Vec<Running>,
    pub(super) days: BTreeMap<(usize, i64), Budget>,
    pub(super) clicks: BTreeMap<String, Charged>,
    pub(super) payments: BTreeMap<u64, (usize, i64, i64)>,
    remembered: BTreeMap<String, String>,
    /// The civil day on which the campaigns were set up.
    founded: i64,
    /// Order of grants that expire together, by their numbers.
    ranks: BTreeMap<u64, [u8; 16]>,
    /// What clicks cost, less what came back: the platform's revenue of it.
    pub(super) revenue: i64,
}

/// What an account says of itself. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What may be spent now.
    pub spendable_minor: i64,
    /// Stops so far.
    pub stops: i64,
    /// Since when delivery is off for money.
    pub stopped_at: Option<Timestamp>,
    /// Since when something is owed.
    pub arrears_since: Option<Timestamp>,
    /// Events that were numbered.
    pub numbered: i64,
    /// What clicks of today cost.
    pub today_minor: i64,
    /// Normal, in arrears or suspended.
    pub state: &'static str,
}

/// Money of an advertiser, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// Prepaid.
    pub cash: i64,
    /// Owed.
    pub arrears: i64,
    /// What is left of grants, by their numbers; ended ones have nothing.
    pub grants: Vec<(u64, i64)>,
}

impl Auditor {
    /// Believes that the campaigns of a world were just set up.
    pub fn new(world: &World, now: Timestamp) -> Self {
        let campaigns = world.market.campaigns.iter().enumerate();
        let campaigns: Vec<Running> =
            campaigns.map(|(place, one)| Running::of(one, world.campaign(place).0.0, now)).collect();
        let account = |advertiser| Believed {
            stopped: Some(now),
            events: campaigns
                .iter()
                .filter(|campaign| campaign.advertiser == advertiser)
                .map(|_| "ads.campaign_created")
                .collect(),
            ..Believed::default()
        };
        Self {
            now,
            accounts: (0..world.market.advertisers.len()).map(account).collect(),
            campaigns,
            days: BTreeMap::new(),
            clicks: BTreeMap::new(),
            payments: BTreeMap::new(),
            remembered: BTreeMap::new(),
            founded: day_of(now),
            ranks: BTreeMap::new(),
            revenue: 0,
        }
    }

    /// Predicts an answer and believes it from then on.
    pub fn act(&mut self, act: &Act, key: &str, world: &World) -> String {
        if act.is_keyed()
            && let Some(said) = self.remembered.get(key)
        {
            return format!("{said} (remembered)");
        }
        let said = self.decide(act, world);
        if act.is_keyed() {
            self.remembered.insert(key.to_owned(), said.clone());
        }
        said
    }

    fn decide(&mut self, act: &Act, world: &World) -> String {
        match act {
            Act::Clicks(items) => self.charge(items).join(" "),
            Act::Click(item) => self.charge(std::slice::from_ref(item)).join(" "),
            Act::Pay { advertiser, amount_minor, number } => self.pay(*advertiser, *amount_minor, *number),
            Act::Grant { advertiser, number, amount_minor, expires_at } => {
                let party = world.party(*advertiser);
                let rank = purser_engine::ads::grant_id(party, &format!("grant-{number}")).0.0;
                self.ranks.insert(*number, rank);
                self.grant(*advertiser, *number, *amount_minor, *expires_at)
            }
            Act::Expire => self.expire(),
            Act::CloseDays => self.close_days(),
            Act::Budget(campaign, budget) => self.budget(*campaign, *budget).to_owned(),
            Act::Switch(campaign, on) => self.switch(*campaign, *on).to_owned(),
            Act::Bid { campaign, word, bid_minor, on, removed } => {
                self.keyword(*campaign, word, *bid_minor, *on, *removed)
            }
            Act::Resume(advertiser, campaign) => self.resume(*advertiser, *campaign).to_owned(),
            Act::Invalid(advertiser, clicks) => self.invalid(*advertiser, clicks).join(" "),
            Act::Settings(advertiser, auto, alert) => {
                let account = &mut self.accounts[*advertiser];
                if (account.auto, account.alert) != (Some(*auto), *alert) {
                    (account.auto, account.alert) = (Some(*auto), *alert);
                    self.watch(*advertiser);
                }
                "set".to_owned()
            }
        }
    }

    /// Order of a grant among those that expire at the same instant.
    pub(super) fn rank(&self, number: u64) -> [u8; 16] {
        self.ranks.get(&number).copied().unwrap_or_default()
    }

    pub(super) fn tell(&mut self, advertiser: usize, kind: &'static str) {
        self.accounts[advertiser].events.push(kind);
    }

    /// A campaign's day, made when nothing is known of it.
    pub(super) fn day(&mut self, campaign: usize, day: i64) -> &mut Budget {
        let budget = self.campaigns[campaign].budget;
        self.days.entry((campaign, day)).or_insert_with(|| Budget::new(budget))
    }

    /// Another budget: the day's highest rises with it, and delivery stops or goes on at once (A5).
    fn budget(&mut self, campaign: usize, wanted: Option<i64>) -> &'static str {
        let (old, advertiser) = (self.campaigns[campaign].budget, self.campaigns[campaign].advertiser);
        let new = wanted.unwrap_or(0);
        if wanted.is_some_and(|budget| budget < LEAST_BUDGET) {
            return "budget_too_small";
        }
        if new == old {
            return "same";
        }
        let (now, today) = (self.now, day_of(self.now));
        // Days that are open keep the budget that they had: yesterday for its last clicks, tomorrow where clicks came early.
        if today > self.founded && now.0 < day_start(today).0 + CLOSES_AFTER {
            self.day(campaign, today - 1);
        }
        if let Some(ahead) = self.days.get_mut(&(campaign, today + 1)) {
            ahead.highest = new;
        }
        let day = self.day(campaign, today);
        day.raise(new);
        let full = used_up(day.spent(), new);
        let kind = match (full, day.stopped) {
            (true, None) => Some(("ads.budget_stopped", Some(now))),
            (false, Some(_)) => Some(("ads.budget_resumed", None)),
            _ => None,
        };
        if let Some((kind, stopped)) = kind {
            day.go_on(now);
            day.stopped = stopped;
            self.tell(advertiser, kind);
        }
        self.campaigns[campaign].budget = new;
        self.tell(advertiser, "ads.campaign_changed");
        "changed"
    }

    fn switch(&mut self, campaign: usize, on: bool) -> &'static str {
        let now = self.now;
        let known = &mut self.campaigns[campaign];
        if known.on == on {
            return "same";
        }
        (known.on, known.switched) = (on, now);
        let advertiser = known.advertiser;
        self.tell(advertiser, "ads.campaign_changed");
        "changed"
    }

    fn keyword(
        &mut self,
        campaign: usize,
        word: &'static str,
        bid: Option<i64>,
        on: Option<bool>,
        removed: bool,
    ) -> String {
        let now = self.now;
        let known = self.campaigns[campaign].words.get(word).copied();
        let advertiser = self.campaigns[campaign].advertiser;
        if removed {
            if self.campaigns[campaign].words.remove(word).is_none() {
                return "keyword_unknown".to_owned();
            }
            self.tell(advertiser, "ads.keywords_changed");
            return "gone".to_owned();
        }
        if bid.is_some_and(|bid| bid < LEAST) {
            return "bid_too_small".to_owned();
        }
        let Some(bid) = bid.or(known.map(|known| known.bid)) else { return "bid_missing".to_owned() };
        let on = on.or(known.map(|known| known.on)).unwrap_or(true);
        let switched = known.filter(|known| known.on == on).map_or(now, |known| known.switched);
        self.campaigns[campaign].words.insert(word, Keyword { bid, on, switched });
        self.tell(advertiser, "ads.keywords_changed");
        format!("{bid} {}", if on { "on" } else { "off" })
    }

    /// Why nothing may resume now (A3, A4, A5).
    fn may_resume(&self, advertiser: usize) -> Result<(), &'static str> {
        let account = &self.accounts[advertiser];
        if self.suspended(advertiser) {
            return Err("ad_account_suspended");
        }
        if account.arrears > 0 {
            return Err("arrears_outstanding");
        }
        if self.left(advertiser) < LEAST {
            return Err("ad_balance_too_low");
        }
        Ok(())
    }

    pub(super) fn suspended(&self, advertiser: usize) -> bool {
        let since = self.accounts[advertiser].arrears_since;
        since.is_some_and(|since| since.0 + SUSPENDED_AFTER <= self.now.0)
    }

    fn resume(&mut self, advertiser: usize, campaign: Option<usize>) -> &'static str {
        if campaign.is_some_and(|campaign| self.campaigns[campaign].advertiser != advertiser) {
            return "campaign_foreign";
        }
        if let Err(code) = self.may_resume(advertiser) {
            return code;
        }
        let (stops, now) = (self.accounts[advertiser].stops.len(), self.now);
        let all = self.accounts[advertiser].resumed.0;
        match campaign {
            None if all >= stops => "same",
            None => {
                self.accounts[advertiser].resumed = (stops, Some(now));
                self.accounts[advertiser].resumptions.push((stops, now));
                self.tell(advertiser, "ads.resumed");
                "resumed"
            }
            Some(campaign) if all.max(self.campaigns[campaign].resumed.0) >= stops => "same",
            Some(campaign) => {
                self.campaigns[campaign].resumed = (stops, Some(now));
                self.campaigns[campaign].resumptions.push((stops, now));
                self.tell(advertiser, "ads.campaign_resumed");
                "resumed"
            }
        }
    }

    /// Why a campaign is not shown now; nothing when it is (A5, A9). In order of precedence.
    pub fn status(&self, campaign: usize) -> Vec<&'static str> {
        let known = &self.campaigns[campaign];
        let account = &self.accounts[known.advertiser];
        let stopped = self.stopped(known.advertiser).is_some();
        let owes = account.arrears > 0;
        let waits = known.resumed.0.max(account.resumed.0) < account.stops.len();
        let day = self.days.get(&(campaign, day_of(self.now)));
        let reasons = [
            (self.suspended(known.advertiser), "suspended"),
            (stopped && owes, "arrears"),
            (stopped && !owes, "no_balance"),
            (!stopped && waits, "to_be_resumed"),
            (!known.on, "paused"),
            (known.words.values().all(|word| !word.on), "no_keywords"),
            (day.is_some_and(|day| day.stopped.is_some()), "daily_budget"),
            (known.factor_at(self.now).is_none(), "off_schedule"),
        ];
        reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, name)| name).collect()
    }

    /// What an advertiser's accounts must hold.
    pub fn money(&self, advertiser: usize) -> Money {
        let account = &self.accounts[advertiser];
        Money {
            cash: account.cash,
            arrears: account.arrears,
            grants: account.grants.iter().map(|(number, grant)| (*number, grant.left)).collect(),
        }
    }

    /// What an advertiser's account must say of itself.
    pub fn account(&self, advertiser: usize) -> Account {
        let known = &self.accounts[advertiser];
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let today = day_of(self.now);
        let state = match (self.suspended(advertiser), known.arrears_since) {
            (true, _) => "suspended",
            (false, Some(_)) => "in_arrears",
            (false, None) => "normal",
        };
        Account {
            spendable_minor: self.left(advertiser),
            stops: count(known.stops.len()),
            stopped_at: self.stopped(advertiser),
            arrears_since: known.arrears_since,
            numbered: count(known.events.len()),
            today_minor: if known.today.0 == today { known.today.1 } else { 0 },
            state,
        }
    }

    /// Budget days, by campaign and civil day.
    pub(super) fn budgets(&self) -> impl Iterator<Item = (&(usize, i64), &Budget)> {
        self.days.iter()
    }

    /// Clicks that were charged.
    pub fn charged(&self) -> u64 {
        self.clicks.len() as u64
    }

    /// Stops for money of all advertisers.
    pub fn stops(&self) -> u64 {
        self.accounts.iter().map(|account| account.stops.len() as u64).sum()
    }

    /// Kinds of an advertiser's numbered events so far, in order.
    pub fn events(&self, advertiser: usize) -> &[&'static str] {
        &self.accounts[advertiser].events
    }
}
