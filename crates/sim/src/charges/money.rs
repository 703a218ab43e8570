//! The auditor's view of everything else that moves an advertiser's money: payments, grants and their ends, the end of a day,
//! invalid clicks (A1, A3, A5, A7, A8), and what begins or ends with it.

use super::{
    auditor::Auditor,
    state::{CLOSES_AFTER, ENOUGH, GRANTS, Grant, Part, Pocket, Stop, day_of, day_start, used_up},
};
use purser_domain::time::Timestamp;

impl Auditor {
    /// Moves a part into a pocket, or out of it with a sign of -1. What is owed grows as it is taken from.
    pub(super) fn put(&mut self, advertiser: usize, (pocket, amount): Part, sign: i64) {
        let account = &mut self.accounts[advertiser];
        match pocket {
            Pocket::Arrears => account.arrears -= sign * amount,
            Pocket::Cash => account.cash += sign * amount,
            Pocket::Grant(number) => {
                if let Some(grant) = account.grants.get_mut(&number) {
                    grant.left += sign * amount;
                }
            }
        }
    }

    /// Tells of a low balance, once each time it falls below what the advertiser set.
    pub(super) fn watch(&mut self, advertiser: usize) {
        let left = self.left(advertiser);
        let account = &mut self.accounts[advertiser];
        let low = account.alert > 0 && left < account.alert;
        if low && !account.told {
            account.events.push("ads.balance_low");
        }
        account.told = low;
    }

    fn stop(&mut self, advertiser: usize, at: Timestamp) {
        let account = &mut self.accounts[advertiser];
        account.stopped = Some(at);
        account.stops.push(Stop { at, ended: None });
        account.events.push("ads.stopped");
    }

    /// Money came: it pays what is owed first; with nothing owed and something left the stop ends, and campaigns wait or come
    /// back by themselves.
    pub(super) fn money_came(&mut self, advertiser: usize) {
        let account = &mut self.accounts[advertiser];
        let paid = account.arrears.min(account.cash);
        account.arrears -= paid;
        account.cash -= paid;
        let (now, left) = (self.now, self.left(advertiser));
        let owed = self.accounts[advertiser].arrears;
        let since = self.accounts[advertiser].arrears_since;
        self.accounts[advertiser].arrears_since = if owed > 0 { since.or(Some(now)) } else { None };
        if owed > 0 && self.accounts[advertiser].stopped.is_none() {
            self.stop(advertiser, now);
        }
        let account = &mut self.accounts[advertiser];
        let waits = account.resumed.0 < account.stops.len();
        if owed == 0 && left > 0 && account.stopped.is_some() {
            account.stopped = None;
            if let Some(stop) = account.stops.last_mut() {
                stop.ended = stop.ended.or(Some(now));
            }
            account.events.push(if waits { "ads.resumable" } else { "ads.resumed" });
        }
        if account.stopped.is_none() && waits && account.auto == Some(true) && left >= ENOUGH {
            account.resumed = (account.stops.len(), Some(now));
            account.resumptions.push((account.stops.len(), now));
            account.events.push("ads.resumed");
        }
        self.watch(advertiser);
    }

    /// A payment comes in: what is owed first, the rest is balance; the same once more is what it was.
    pub(super) fn pay(&mut self, advertiser: usize, amount: i64, number: u64) -> String {
        if let Some((of, arrears, cash)) = self.payments.get(&number) {
            if *of != advertiser {
                return "payment_conflict".to_owned();
            }
            return format!("arrears {arrears} cash {cash} new false");
        }
        let owed = amount.min(self.accounts[advertiser].arrears);
        self.put(advertiser, (Pocket::Arrears, owed), 1);
        self.put(advertiser, (Pocket::Cash, amount - owed), 1);
        self.payments.insert(number, (advertiser, owed, amount - owed));
        self.money_came(advertiser);
        format!("arrears {owed} cash {} new true", amount - owed)
    }

    pub(super) fn grant(&mut self, advertiser: usize, number: u64, amount: i64, until: Timestamp) -> String {
        if until <= self.now {
            return "grant_expiry_invalid".to_owned();
        }
        let open = self.accounts[advertiser].grants.values().filter(|grant| !grant.ended).count();
        if i64::try_from(open).is_ok_and(|open| open >= GRANTS) {
            return "grants_too_many".to_owned();
        }
        let grant = Grant { left: amount, expires_at: until, ended: false, rank: self.rank(number) };
        self.accounts[advertiser].grants.insert(number, grant);
        self.tell(advertiser, "ads.grant_given");
        self.money_came(advertiser);
        format!("given {amount}")
    }

    /// Ends grants whose instant has come: what is left goes back to the platform.
    pub(super) fn expire(&mut self) -> String {
        let now = self.now;
        for advertiser in 0..self.accounts.len() {
            let account = &self.accounts[advertiser];
            let due = account.grants.iter().filter(|(_, grant)| !grant.ended && grant.expires_at <= now);
            let mut due: Vec<_> =
                due.map(|(number, grant)| (grant.expires_at, grant.rank, *number)).collect();
            due.sort_unstable();
            for (_, _, number) in due {
                let since = self.ran_out(advertiser).unwrap_or(now);
                let Some(grant) = self.accounts[advertiser].grants.get_mut(&number) else { continue };
                let lost = std::mem::take(&mut grant.left) > 0;
                grant.ended = true;
                // With nothing left nobody loses anything.
                self.tell(advertiser, if lost { "ads.grant_expired" } else { "ads.grant_ended" });
                if self.left(advertiser) <= 0 && self.accounts[advertiser].stopped.is_none() {
                    self.stop(advertiser, since);
                }
                self.watch(advertiser);
            }
        }
        "done".to_owned()
    }

    /// Whether a pocket takes money back: all but grants that have ended.
    fn is_usable(&self, advertiser: usize, pocket: Pocket) -> bool {
        let Pocket::Grant(number) = pocket else { return true };
        let usable = |grant: &Grant| !grant.ended && grant.expires_at > self.now;
        self.accounts[advertiser].grants.get(&number).is_some_and(usable)
    }

    /// Gives a part back: what was owed reduces what is still owed and is balance beyond that, a grant that has ended keeps
    /// nothing. Returns what was given back.
    fn give_back(&mut self, advertiser: usize, (pocket, amount): Part) -> i64 {
        match pocket {
            Pocket::Arrears => {
                let owed = amount.min(self.accounts[advertiser].arrears);
                self.put(advertiser, (Pocket::Arrears, owed), 1);
                self.put(advertiser, (Pocket::Cash, amount - owed), 1);
            }
            Pocket::Grant(_) if !self.is_usable(advertiser, pocket) => return 0,
            Pocket::Grant(_) | Pocket::Cash => self.put(advertiser, (pocket, amount), 1),
        }
        self.revenue -= amount;
        amount
    }

    /// Closes days that are over: what was spent above the day's highest budget goes back, the newest first (A7).
    pub(super) fn close_days(&mut self) -> String {
        let over = |day: i64| day_start(day + 1).0 + CLOSES_AFTER <= self.now.0;
        let due = self.days.iter().filter(|((_, day), budget)| !budget.closed && over(*day));
        let mut due: Vec<(usize, i64)> = due.map(|(key, _)| *key).collect();
        due.sort_by_key(|(campaign, day)| (self.campaigns[*campaign].rank, *day));
        for (campaign, day) in due {
            let advertiser = self.campaigns[campaign].advertiser;
            let known = self.day(campaign, day);
            known.closed = true;
            let (spent, highest) = (known.spent(), known.highest);
            let excess = if highest == 0 { 0 } else { (spent - highest).max(0) };
            let mut credited = 0;
            for part in self.day(campaign, day).take_newest(excess) {
                let back = self.give_back(advertiser, part);
                credited += back;
                if back < part.1 {
                    // It stays spent.
                    self.day(campaign, day).parts.push((part.0, part.1 - back));
                }
            }
            self.day(campaign, day).credited = credited;
            if credited > 0 {
                self.tell(advertiser, "ads.day_credited");
                self.money_came(advertiser);
            }
        }
        "done".to_owned()
    }

    /// Clicks of an advertiser were invalid (A8).
    pub(super) fn invalid(&mut self, advertiser: usize, clicks: &[String]) -> Vec<String> {
        let mut days: Vec<(usize, i64)> = Vec::new();
        let mut any = false;
        let mut said = Vec::new();
        for id in clicks {
            let outcome = self.invalid_click(advertiser, id, &mut days);
            any |= outcome.is_ok();
            said.push(outcome.unwrap_or_else(str::to_owned));
        }
        days.sort_unstable();
        days.dedup();
        let now = self.now;
        for (campaign, day) in days {
            let budget = self.campaigns[campaign].budget;
            let known = self.day(campaign, day);
            if !known.closed && known.stopped.is_some() && !used_up(known.spent(), budget) {
                known.go_on(now);
                self.tell(advertiser, "ads.budget_resumed");
            }
        }
        if any {
            self.tell(advertiser, "ads.invalid_clicks_credited");
            self.money_came(advertiser);
        }
        said
    }

    fn invalid_click(
        &mut self,
        advertiser: usize,
        id: &str,
        days: &mut Vec<(usize, i64)>,
    ) -> Result<String, &'static str> {
        let click = self.clicks.get(id).cloned().ok_or("click_unknown")?;
        if self.campaigns[click.campaign].advertiser != advertiser {
            return Err("click_foreign");
        }
        if click.credited.is_some() {
            return Err("click_credited_before");
        }
        let day = day_of(click.at);
        let mut parts = click.parts.clone();
        if click.in_budget {
            let known = self.day(click.campaign, day);
            let credit = known.undo(click.amount);
            parts = known.take_out(&parts, credit);
            days.push((click.campaign, day));
        }
        let mut credited = 0;
        let mut ordered = parts.clone();
        ordered.sort_by_key(|part| part.0.rank());
        for part in ordered {
            credited += self.give_back(advertiser, part);
        }
        if click.in_budget && credited < parts.iter().map(|part| part.1).sum() {
            // What came from a grant that has ended stays spent.
            let lost = parts.into_iter().filter(|part| !self.is_usable(advertiser, part.0));
            let lost: Vec<Part> = lost.collect();
            self.day(click.campaign, day).parts.extend(lost);
        }
        let (today, account) = (day_of(self.now), &mut self.accounts[advertiser]);
        if day == today && account.today.0 == today {
            account.today.1 -= credited;
        }
        if let Some(known) = self.clicks.get_mut(id) {
            known.credited = Some(credited);
        }
        Ok(format!("{credited} lost {}", click.amount - credited))
    }
}
