//! What the platform reports about shops (C2–C7).

use std::collections::BTreeSet;

use purser_domain::{
    credit::{Component, MonthFacts, RestrictionKind, Shop, Source, risk::Signal},
    ids::PartyId,
    money::Rate,
    parties::Role,
    policy::keys,
    time::{Date, Month},
};

use super::{
    due::of_today,
    evaluate::{Cause, evaluate_after, want},
    facts::{self, LISTED_MAX},
    follow::{funds_changed, want_funds},
    risk,
    rows::{CreditShopRow, ShopFactsRow},
};
use crate::{
    bulk::item_by_item,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::PhoneRow,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Largest amount of a component, minor units.
pub const AMOUNT_MAX: i64 = 10_000_000_000_000;

/// Longest evidence of a component, in characters.
const EVIDENCE_MAX: usize = 200;

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
    /// What components rest on, by their position among them.
    pub evidence: Vec<(usize, String)>,
    /// Opaque hashes of the merchant's own devices, addresses and payees (C21), by the sign that they give; all of
    /// them, in the place of those before.
    pub own_hashes: Option<Vec<(Signal, String)>>,
}

/// What became of one shop's report: its row, and whether the report changed anything.
pub type ShopOutcome = Result<(CreditShopRow, bool), Rejection>;

/// Reports shops, item by item, and evaluates those that changed.
///
/// Rejections of an item in order: `party_unknown`, `not_a_merchant`, `shop_incomplete`, `opened_on_invalid`,
/// `level_invalid`, `amount_out_of_range`, `rate_out_of_range`, `month_not_closed`, `month_before_opening`,
/// `month_conflict`, `training_in_future`, `component_dates`, `evidence_invalid`.
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
        for (party, item) in &self.items {
            needs.row::<PartyRow>(*party);
            needs.row::<PhoneRow>(*party);
            want(needs, *party, ctx);
            if item.frozen_minor.is_some() {
                want_funds(needs, *party, ctx);
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        item_by_item(tx, &self.items, self.single, |tx, (party, item)| report(tx, ctx, *party, item))
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

pub(super) fn merchant(tx: &Tx, party: PartyId) -> Result<(), Rejection> {
    let row = tx.get::<PartyRow>(&party).ok_or_else(|| unknown_party(party).at("/merchant_id"))?;
    if row.roles().has(Role::Merchant) {
        return Ok(());
    }
    Err(Rejection::new("not_a_merchant", "the party is not a merchant").at("/merchant_id"))
}

pub(super) fn report(tx: &mut Tx, ctx: &Ctx, party: PartyId, item: &ShopReport) -> ShopOutcome {
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
    months(ctx.today, &mut shop, item)?;
    lists(ctx.today, &mut shop, item)?;
    if let Some(phone) = tx.get::<PhoneRow>(&party) {
        shop.virtual_operator = phone.virtual_operator;
    }
    let signs = signs(tx, ctx, party, item);
    let frozen = item.frozen_minor.unwrap_or(row.frozen);
    let encoded = facts::encode(&shop);
    let same = stored.as_ref().is_some_and(|stored| stored.facts == encoded);
    if same && frozen == row.frozen {
        // Whatever the report says, its answer is the limit of today.
        return Ok((of_today(tx, ctx, row), signs));
    }
    let version = stored.map_or(1, |stored| stored.version + 1);
    tx.put(ShopFactsRow { party, facts: encoded, version });
    let frozen_before = row.frozen;
    let row = CreditShopRow { frozen, ..row };
    let before = known.as_ref().unwrap_or(&shop);
    let row = evaluate_after(tx, ctx, row, (before, &shop), (Cause::REPORT, ""));
    if frozen != frozen_before {
        funds_changed(tx, ctx, frozen_before, &row);
    }
    Ok((row, true))
}

/// What a shop would be with a report, told on a civil date, nothing of which is written (C25). A month that was reported is
/// tried with other figures; all else is refused as the report would be.
///
/// # Errors
/// Those of [`ShopReport`]s from `opened_on_invalid` on, `month_conflict` left out.
pub fn tried(known: &Shop, item: &ShopReport, on: Date) -> Result<Shop, Rejection> {
    let mut shop = known.clone();
    for (month, _) in &item.months {
        shop.months.remove(month);
    }
    basics(&mut shop, item)?;
    months(on, &mut shop, item)?;
    lists(on, &mut shop, item)?;
    Ok(shop)
}

/// What the signs of cash-out take from a report (C21); true when it was not known.
fn signs(tx: &mut Tx, ctx: &Ctx, party: PartyId, item: &ShopReport) -> bool {
    let mut risk = risk::row(tx, party);
    let window = ctx.rules.policy.now(ctx.now).value(keys::RISK_WINDOW_MONTHS);
    let oldest = Month::of(ctx.today).plus(1 - i64::from(window.max(1)));
    let mut changed = item.own_hashes.as_ref().is_some_and(|hashes| risk.set_own(hashes));
    for (month, facts) in &item.months {
        changed |= risk.set_shop_orders(*month, facts.orders, oldest);
    }
    if changed {
        risk.version += 1;
        tx.put(risk);
    }
    changed
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
        // What staff decided, with a reason, only staff take back: a regular report knows nothing of it.
        Some(false) if !shop.reasons.contains_key(&RestrictionKind::HighRisk) => {
            shop.restrictions = shop.restrictions.without(RestrictionKind::HighRisk);
        }
        Some(false) | None => {}
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
fn months(today: Date, shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    for (index, (month, facts)) in item.months.iter().enumerate() {
        let field = |name: &str| format!("/months/{index}/{name}");
        if *month >= Month::of(today) {
            let text = "a month is reported once it is over";
            return Err(Rejection::new("month_not_closed", text).at(field("month")));
        }
        if *month < Month::of(shop.opened_on) {
            let text = format!("the shop opened on {}: there was no trade in {month}", shop.opened_on);
            return Err(Rejection::new("month_before_opening", text).at(field("month")));
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

fn lists(today: Date, shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    for day in &item.trainings {
        if *day > today {
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
        shop.put_component(*component);
    }
    evidence(shop, item)?;
    // The oldest go first, and of components only those that have ended.
    let mut excess = shop.components.len().saturating_sub(LISTED_MAX);
    shop.components.retain(|c| {
        let gone = excess > 0 && c.until.is_some_and(|until| until <= today);
        excess -= usize::from(gone);
        !gone
    });
    shop.trainings.drain(..shop.trainings.len().saturating_sub(LISTED_MAX));
    let kept: BTreeSet<(Source, Date)> = shop.components.iter().map(|c| (c.source, c.since)).collect();
    shop.evidence.retain(|key, _| kept.contains(key));
    shop.replaced.retain(|key, _| kept.contains(key));
    Ok(())
}

/// What is said of where components come from: a reference or a sentence, which the merchant reads as well.
fn evidence(shop: &mut Shop, item: &ShopReport) -> Result<(), Rejection> {
    for (index, text) in &item.evidence {
        let Some(component) = item.components.get(*index) else { continue };
        let text = text.trim();
        if !(1..=EVIDENCE_MAX).contains(&text.chars().count()) || text.contains(char::is_control) {
            let message = format!("evidence is 1 to {EVIDENCE_MAX} printable characters");
            let field = format!("/components/{index}/evidence");
            return Err(Rejection::new("evidence_invalid", message).at(field));
        }
        let key = (component.source, component.since);
        // What was granted in its place rests on the application.
        if !shop.replaced.contains_key(&key) {
            shop.evidence.insert(key, text.to_owned());
        }
    }
    Ok(())
}
