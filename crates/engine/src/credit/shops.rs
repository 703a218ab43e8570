//! What the platform reports about shops (C2–C7), and what staff decide about them (C5, C7, C8, C18, P16).

use purser_domain::{
    credit::{Component, Emergency, MonthFacts, Override, Promotion, RestrictionKind, Shop},
    ids::PartyId,
    money::Rate,
    parties::Role,
    policy::keys,
    time::{Date, Month},
};

use super::{
    evaluate::{Cause, evaluate, want},
    facts::{self, LISTED_MAX},
    rows::{CreditShopRow, ShopFactsRow},
};
use crate::{
    approvals::{need_approval, require_approval},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Largest amount of a component, minor units.
const AMOUNT_MAX: i64 = 10_000_000_000_000;

/// What the platform reports about one shop; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ShopReport {
    /// Opening; needed the first time, never changed.
    pub opened_on: Option<Date>,
    /// Shop level; needed the first time.
    pub level: Option<u32>,
    /// Return rate of the last 30 days.
    pub return_rate: Option<Rate>,
    /// Of the shop's funds, frozen by somebody; the limit is frozen by as much (C6).
    pub frozen_minor: Option<i64>,
    /// Flagged high-risk by the platform.
    pub high_risk: Option<bool>,
    /// Closed months.
    pub months: Vec<(Month, MonthFacts)>,
    /// Completed trainings.
    pub trainings: Vec<Date>,
    /// Components; a new one of a source ends the one before on its first day.
    pub components: Vec<Component>,
}

/// What became of one shop's report: its row, and whether the report changed anything.
pub type ShopOutcome = Result<(CreditShopRow, bool), Rejection>;

/// Reports shops, item by item, and evaluates those that changed.
///
/// Rejections of an item in order: `party_unknown`, `not_a_merchant`, `shop_incomplete`, `opened_on_invalid`,
/// `level_invalid`, `amount_out_of_range`, `rate_out_of_range`, `month_not_closed`, `month_conflict`,
/// `training_in_future`, `component_dates`.
pub struct ReportShops {
    /// In order.
    pub items: Vec<(PartyId, ShopReport)>,
    /// One item: its refusal is the command's.
    pub single: bool,
}

impl Command for ReportShops {
    type Output = Vec<ShopOutcome>;

    fn name(&self) -> &'static str {
        "credit_shops.report"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for (party, _) in &self.items {
            needs.row::<PartyRow>(*party);
            want(needs, *party, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut outcomes = Vec::with_capacity(self.items.len());
        for (party, item) in &self.items {
            let mark = tx.mark();
            let outcome = report(tx, ctx, *party, item);
            if outcome.is_err() {
                tx.rollback(mark);
            }
            outcomes.push(outcome);
        }
        match outcomes.pop() {
            Some(Err(rejection)) if self.single => Err(rejection),
            Some(last) => {
                outcomes.push(last);
                Ok(outcomes)
            }
            None => Ok(outcomes),
        }
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let refused = output.iter().filter(|o| o.is_err()).count();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let subject = match self.items.as_slice() {
            [(party, _)] => party.to_string(),
            _ => String::new(),
        };
        (subject, Facts::new().int("items", count(output.len())).int("refused", count(refused)))
    }
}

fn merchant(tx: &Tx, party: PartyId) -> Result<(), Rejection> {
    let row = tx.get::<PartyRow>(&party).ok_or_else(|| unknown_party(party).at("/merchant_id"))?;
    if row.party().profile.roles.has(Role::Merchant) {
        return Ok(());
    }
    Err(Rejection::new("not_a_merchant", "the party is not a merchant").at("/merchant_id"))
}

fn report(tx: &mut Tx, ctx: &Ctx, party: PartyId, item: &ShopReport) -> ShopOutcome {
    merchant(tx, party)?;
    let stored = tx.get::<ShopFactsRow>(&party).cloned();
    let known = stored.as_ref().map(|row| facts::decode(&row.facts));
    let row = tx.get::<CreditShopRow>(&party).cloned().unwrap_or_else(|| CreditShopRow::new(party, ctx.now));
    let mut shop = match (&known, item.opened_on, item.level) {
        (Some(shop), _, _) => shop.clone(),
        (None, Some(opened_on), Some(level)) => Shop::opened(opened_on, level),
        (None, _, _) => {
            let text = "the first report of a shop says when it opened and its level";
            return Err(Rejection::new("shop_incomplete", text).at("/opened_on"));
        }
    };
    basics(&mut shop, item)?;
    months(ctx, &mut shop, item)?;
    lists(ctx, &mut shop, item)?;
    let frozen = item.frozen_minor.unwrap_or(row.frozen);
    let encoded = facts::encode(&shop);
    let same = stored.as_ref().is_some_and(|stored| stored.facts == encoded);
    if same && frozen == row.frozen {
        return Ok((row, false));
    }
    let version = stored.map_or(1, |stored| stored.version + 1);
    tx.put(ShopFactsRow { party, facts: encoded, version });
    let row = CreditShopRow { frozen, ..row };
    Ok((evaluate(tx, ctx, row, &shop, Cause::REPORT), true))
}

fn basics(shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    if item.opened_on.is_some_and(|opened_on| opened_on != shop.opened_on) {
        let text = format!("the shop opened on {}, and that day does not change", shop.opened_on);
        return Err(Rejection::new("opened_on_invalid", text).at("/opened_on"));
    }
    if let Some(level) = item.level {
        if !(1..=100).contains(&level) {
            return Err(Rejection::new("level_invalid", "a level is 1 to 100").at("/level"));
        }
        shop.level = level;
    }
    if item.frozen_minor.is_some_and(|amount| !(0..=AMOUNT_MAX).contains(&amount)) {
        let text = "frozen funds are 0 or more";
        return Err(Rejection::new("amount_out_of_range", text).at("/frozen_minor"));
    }
    if let Some(rate) = item.return_rate {
        shop.return_rate = Some(in_range(rate, "/return_rate_ppm")?);
    }
    match item.high_risk {
        Some(true) => shop.restrictions = shop.restrictions.with(RestrictionKind::HighRisk),
        Some(false) => shop.restrictions = shop.restrictions.without(RestrictionKind::HighRisk),
        None => {}
    }
    Ok(())
}

fn in_range(rate: Rate, field: &str) -> Result<Rate, Rejection> {
    if (Rate::ZERO..=Rate::ONE).contains(&rate) {
        return Ok(rate);
    }
    Err(Rejection::new("rate_out_of_range", "a rate is 0 to 1,000,000 parts per million").at(field))
}

/// A month is reported once it is over, and then it is closed: another report of it must say the same (C9).
fn months(ctx: &Ctx, shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    for (index, (month, facts)) in item.months.iter().enumerate() {
        let field = |name: &str| format!("/months/{index}/{name}");
        if *month >= Month::of(ctx.today) {
            let text = "a month is reported once it is over";
            return Err(Rejection::new("month_not_closed", text).at(field("month")));
        }
        if !(0..=AMOUNT_MAX).contains(&facts.turnover_minor) {
            let text = "a turnover is 0 or more";
            return Err(Rejection::new("amount_out_of_range", text).at(field("turnover_minor")));
        }
        in_range(facts.return_rate, &field("return_rate_ppm"))?;
        if let Some(dsr) = facts.dsr
            && [dsr.description, dsr.service, dsr.logistics].iter().any(|part| !(100..=500).contains(part))
        {
            let text = "a rating is 100 to 500 hundredths of a point";
            return Err(Rejection::new("rate_out_of_range", text).at(field("dsr")));
        }
        match shop.months.get(month) {
            Some(known) if known != facts => {
                let text = format!("{month} was reported before with other figures");
                return Err(Rejection::new("month_conflict", text).at(field("month")));
            }
            Some(_) => {}
            None => {
                shop.months.insert(*month, *facts);
            }
        }
    }
    Ok(())
}

fn lists(ctx: &Ctx, shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    for day in &item.trainings {
        if *day > ctx.today {
            let text = "a training counts once it is completed";
            return Err(Rejection::new("training_in_future", text).at("/trainings"));
        }
        if !shop.trainings.contains(day) {
            shop.trainings.push(*day);
            shop.trainings.sort_unstable();
        }
    }
    for (index, component) in item.components.iter().enumerate() {
        if component.until.is_some_and(|until| until <= component.since) {
            let text = "a component ends after it begins";
            return Err(Rejection::new("component_dates", text).at(format!("/components/{index}/until")));
        }
        if !(0..=AMOUNT_MAX).contains(&component.amount_minor) {
            let text = "a component is 0 or more";
            let field = format!("/components/{index}/amount_minor");
            return Err(Rejection::new("amount_out_of_range", text).at(field));
        }
        if !shop.components.contains(component) {
            let before = shop.components.iter_mut().filter(|c| c.source == component.source);
            for open in before.filter(|c| c.until.is_none_or(|until| until > component.since)) {
                open.until = Some(component.since.max(open.since));
            }
            shop.components.push(*component);
        }
    }
    // The oldest go first; what ended before anything can look back to is of no use.
    for excess in [shop.components.len(), shop.trainings.len()].map(|n| n.saturating_sub(LISTED_MAX)) {
        if excess > 0 {
            shop.components.retain(|c| c.until.is_none_or(|until| until > ctx.today));
            shop.trainings.drain(..excess.min(shop.trainings.len().saturating_sub(LISTED_MAX)));
        }
    }
    Ok(())
}

/// What staff decide about a shop's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShopChange {
    /// Sets the limit to zero for a reason (C7).
    Restrict(RestrictionKind),
    /// Takes such a reason away.
    Lift(RestrictionKind),
    /// A boost for a sale (C5); the rate is at most what policy lets staff grant.
    Promote(Promotion),
    /// A temporary limit (C18); two people.
    Emergency(Emergency),
    /// A limit instead of the formula's (C8); two people.
    Fix(Override),
    /// Back to the formula.
    Unfix,
}

impl ShopChange {
    /// Name of the action that two people decide; `None` where one is enough.
    pub const fn approval(&self) -> Option<&'static str> {
        match self {
            Self::Emergency(_) => Some("credit.emergency"),
            Self::Fix(_) => Some("credit.override"),
            _ => None,
        }
    }

    /// Every detail, as two people approve it and the audit log keeps it.
    pub fn facts(&self) -> Facts {
        let until = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        match self {
            Self::Restrict(kind) => Facts::new().text("restrict", kind.name()),
            Self::Lift(kind) => Facts::new().text("lift", kind.name()),
            Self::Promote(p) => Facts::new()
                .text("from", p.from.to_string())
                .text("until", p.until.to_string())
                .int("rate_ppm", p.rate.as_ppm()),
            Self::Emergency(e) => Facts::new()
                .text("from", e.from.to_string())
                .text("until", e.until.to_string())
                .int("amount_minor", e.amount_minor),
            Self::Fix(o) => Facts::new()
                .text("from", o.from.to_string())
                .text("until", until(o.until))
                .int("amount_minor", o.amount_minor),
            Self::Unfix => Facts::new().flag("unfix", true),
        }
    }
}

/// Changes a shop's limit by staff.
///
/// Rejections in order: `reason_missing`, `credit_shop_unknown`, `dates_invalid`, `amount_out_of_range`,
/// `promotion_too_large`, `promotion_overlaps`, `approval_required`.
pub struct ChangeShop {
    /// Whose.
    pub party: PartyId,
    /// What.
    pub change: ShopChange,
    /// Why; shown to the merchant.
    pub reason: String,
}

impl Command for ChangeShop {
    type Output = CreditShopRow;

    fn name(&self) -> &'static str {
        match self.change {
            ShopChange::Restrict(_) => "credit.restrict",
            ShopChange::Lift(_) => "credit.lift",
            ShopChange::Promote(_) => "credit.promote",
            ShopChange::Emergency(_) => "credit.emergency",
            ShopChange::Fix(_) => "credit.override",
            ShopChange::Unfix => "credit.override_end",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, self.party, ctx);
        if let Some(action) = self.change.approval() {
            need_approval(needs, action, &self.party.to_string(), &self.change.facts());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<CreditShopRow, Rejection> {
        let length = self.reason.trim().chars().count();
        if !(1..=500).contains(&length) {
            return Err(Rejection::new("reason_missing", "say why, in 1 to 500 characters").at("/reason"));
        }
        let found = tx.get::<CreditShopRow>(&self.party).cloned();
        let stored = tx.get::<ShopFactsRow>(&self.party).cloned();
        let (Some(row), Some(mut stored)) = (found, stored) else {
            return Err(Rejection::new("credit_shop_unknown", "nothing is known of this shop"));
        };
        let mut shop = facts::decode(&stored.facts);
        check(ctx, &shop, &self.change)?;
        if let Some(action) = self.change.approval() {
            require_approval(tx, action, &self.party.to_string(), &self.change.facts())?;
        }
        match self.change {
            ShopChange::Restrict(kind) => shop.restrictions = shop.restrictions.with(kind),
            ShopChange::Lift(kind) => shop.restrictions = shop.restrictions.without(kind),
            ShopChange::Promote(promotion) => shop.promotions.push(promotion),
            ShopChange::Emergency(emergency) => shop.emergencies.push(emergency),
            ShopChange::Fix(fixed) => shop.fixed = Some(fixed),
            ShopChange::Unfix => shop.fixed = None,
        }
        stored.facts = facts::encode(&shop);
        stored.version += 1;
        tx.put(stored);
        let told = self.change.facts().text("reason", self.reason.trim());
        tx.notify(self.name(), self.party, &self.party.to_string(), told);
        Ok(evaluate(tx, ctx, row, &shop, Cause::STAFF))
    }

    fn audit(&self, output: &CreditShopRow) -> (String, Facts) {
        let facts = self.change.facts().text("reason", self.reason.trim()).int("total_minor", output.total);
        (output.party.to_string(), facts)
    }
}

fn check(ctx: &Ctx, shop: &Shop, change: &ShopChange) -> Result<(), Rejection> {
    let (span, amount) = match change {
        ShopChange::Promote(p) => (Some((p.from, Some(p.until))), None),
        ShopChange::Emergency(e) => (Some((e.from, Some(e.until))), Some((e.amount_minor, 1))),
        ShopChange::Fix(o) => (Some((o.from, o.until)), Some((o.amount_minor, 0))),
        ShopChange::Restrict(_) | ShopChange::Lift(_) | ShopChange::Unfix => (None, None),
    };
    if let Some((from, until)) = span
        && until.is_some_and(|until| until <= from || until <= ctx.today)
    {
        let text = "it ends after it begins, and not in the past";
        return Err(Rejection::new("dates_invalid", text).at("/until"));
    }
    if let Some((amount, least)) = amount
        && !(least..=AMOUNT_MAX).contains(&amount)
    {
        let text = format!("the amount is {least} to {AMOUNT_MAX} minor units");
        return Err(Rejection::new("amount_out_of_range", text).at("/amount_minor"));
    }
    if let ShopChange::Promote(p) = change {
        let most = ctx.rules.policy.now(ctx.now).value(keys::PROMOTION_BOOST_MOST);
        if p.rate > most || p.rate <= Rate::ZERO {
            let text = format!("staff may grant up to {} parts per million", most.as_ppm());
            return Err(Rejection::new("promotion_too_large", text).at("/rate_ppm"));
        }
        if shop.promotions.iter().any(|known| known.from < p.until && p.from < known.until) {
            let text = "another sale boost of this shop lies in these dates";
            return Err(Rejection::new("promotion_overlaps", text).at("/from"));
        }
    }
    Ok(())
}
