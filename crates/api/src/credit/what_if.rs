//! What a limit would be (C5, C8, C18, C25): with other figures of the shop, other parts, flags set or lifted, a sale boost, a
//! temporary limit, or by another policy. Nothing is written.

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{Emergency, Promotion, RestrictionKind, Shop, evaluate},
    ids::{CaseId, PartyId},
    money::Rate,
    policy::{PolicyPack, PolicySet, PolicyVersion, PolicyView},
    time::{Date, Timestamp},
};
use purser_engine::{
    Rejection,
    credit::{ShopChange, ShopReport, limit_terms, tried, tried_change},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ShopComponent, ShopMonth, StepView, Wrong, date, problem, read_limit,
    shops::{component, month},
    wrong,
};
use crate::{
    edge::{Body, Call, json, parse_id},
    problem::Problem,
};

/// Issues of a policy text that are named at a time.
const ISSUES_NAMED: usize = 20;

/// A sale boost to try: dates and rate as staff would grant it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriedPromotion {
    /// First civil date.
    from: String,
    /// First civil date after it.
    until: String,
    /// Of the capped value, parts per million.
    rate_ppm: i64,
}

/// A temporary limit to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TriedEmergency {
    /// First civil date.
    from: String,
    /// First civil date after it.
    until: String,
    /// Minor units, more than 0.
    amount_minor: i64,
}

/// Figures to try; what is absent is as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhatIf {
    /// On this civil date; today when absent.
    on: Option<String>,
    /// Shop level.
    level: Option<u32>,
    /// Return rate of the last 30 days, parts per million.
    return_rate_ppm: Option<i64>,
    /// A training completed today.
    #[serde(default)]
    training: bool,
    /// Months that are over on the date, reported or not: orders, turnover, return rate and rating in the place of what was
    /// reported of them.
    #[serde(default)]
    months: Vec<ShopMonth>,
    /// Parts of the limit, taken over as a report would be; without evidence.
    #[serde(default)]
    components: Vec<ShopComponent>,
    /// What would hold the limit at zero: `high_risk`, `violation`, `poor_operation`, `daily_draw` or `closed`.
    #[serde(default)]
    restrict: Vec<String>,
    /// What would no longer.
    #[serde(default)]
    lift: Vec<String>,
    /// Whether the bound phone is a virtual operator's.
    virtual_operator: Option<bool>,
    /// A boost for a sale, beside those that were granted.
    promotion: Option<TriedPromotion>,
    /// A temporary limit, beside those that were granted.
    emergency: Option<TriedEmergency>,
    /// By the rules of this policy pack, as it would be proposed, instead of those in force.
    policy_text: Option<String>,
}

/// What the limit would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhatIfView {
    /// Now, minor units.
    total_minor: i64,
    /// With the figures, minor units.
    would_be_minor: i64,
    /// How it would come about.
    steps: Vec<StepView>,
}

impl WhatIf {
    fn report(&self, today: Date) -> Result<ShopReport, Wrong> {
        let evidence = self.components.iter().position(|c| c.evidence.is_some());
        if let Some(index) = evidence {
            return Err(wrong(format!("/components/{index}/evidence"), "what is only tried has no evidence"));
        }
        Ok(ShopReport {
            level: self.level,
            return_rate: self.return_rate_ppm.map(Rate::ppm),
            months: self.months.iter().enumerate().map(|(n, m)| month(n, m)).collect::<Result<_, _>>()?,
            trainings: self.training.then_some(today).into_iter().collect(),
            components: self
                .components
                .iter()
                .enumerate()
                .map(|(n, c)| component(n, c))
                .collect::<Result<_, _>>()?,
            ..ShopReport::default()
        })
    }

    fn flags(&self, shop: &mut Shop) -> Result<(), Wrong> {
        for (index, name) in self.restrict.iter().enumerate() {
            shop.restrictions = shop.restrictions.with(restriction(name, format!("/restrict/{index}"))?);
        }
        for (index, name) in self.lift.iter().enumerate() {
            let (field, kind) = (format!("/lift/{index}"), restriction(name, format!("/lift/{index}"))?);
            if self.restrict.contains(name) {
                return Err(wrong(field, "restricted and lifted at once: one of them"));
            }
            shop.restrictions = shop.restrictions.without(kind);
        }
        shop.virtual_operator = self.virtual_operator.unwrap_or(shop.virtual_operator);
        Ok(())
    }
}

impl WhatIf {
    /// What staff would grant, each with the field that it stands in.
    fn grants(&self) -> Result<Vec<(&'static str, ShopChange)>, Wrong> {
        let mut grants = Vec::new();
        if let Some(p) = &self.promotion {
            let from = date(&p.from, "/promotion/from")?;
            let until = date(&p.until, "/promotion/until")?;
            let rate = Rate::ppm(p.rate_ppm);
            grants.push(("/promotion", ShopChange::Promote(Promotion { from, until, rate })));
        }
        if let Some(e) = &self.emergency {
            let from = date(&e.from, "/emergency/from")?;
            let until = date(&e.until, "/emergency/until")?;
            let emergency = Emergency { from, until, amount_minor: e.amount_minor };
            // What is only tried rests on no papers.
            grants.push(("/emergency", ShopChange::Emergency(emergency, CaseId::default())));
        }
        Ok(grants)
    }

    /// A merchant tries figures of its shop: rules, flags and parts that the platform sets are the platform's to try.
    fn of_merchant(&self) -> Result<(), Problem> {
        let others = [
            ("/policy_text", self.policy_text.is_some()),
            ("/components", !self.components.is_empty()),
            ("/restrict", !self.restrict.is_empty()),
            ("/lift", !self.lift.is_empty()),
            ("/virtual_operator", self.virtual_operator.is_some()),
            ("/promotion", self.promotion.is_some()),
            ("/emergency", self.emergency.is_some()),
        ];
        match others.into_iter().find(|(_, given)| *given) {
            Some((field, _)) => {
                Err(Problem::invalid(field, "in the portal only figures of the shop are tried"))
            }
            None => Ok(()),
        }
    }
}

fn restriction(name: &str, field: String) -> Result<RestrictionKind, Wrong> {
    let text = "high_risk, violation, poor_operation, daily_draw or closed";
    RestrictionKind::named(name).ok_or_else(|| wrong(field, text))
}

/// A policy pack that is not in force, as rules.
fn proposed(call: &Call, text: &str) -> Result<PolicySet, Problem> {
    let pack = PolicyPack::parse("policy_text", text).map_err(|issues| {
        let named: Vec<String> = issues.iter().take(ISSUES_NAMED).map(ToString::to_string).collect();
        Problem::invalid("/policy_text", named.join("; "))
    })?;
    let version = PolicyVersion { number: 1, activated_at: Timestamp(0), pack };
    Ok(PolicySet::new(call.app.zone.clone(), version))
}

/// A shop with what staff would grant it on a civil date.
fn granted(
    shop: Shop,
    grants: Vec<(&'static str, ShopChange)>,
    today: Date,
    view: PolicyView<'_>,
) -> Result<Shop, Problem> {
    grants.into_iter().try_fold(shop, |shop, (place, change)| {
        tried_change(&shop, &change, today, view).map_err(|no| {
            let field = no.field.clone().map(|field| format!("{place}{field}"));
            Problem::from(&Rejection { field, ..no })
        })
    })
}

/// Try what other figures, parts and flags, a sale boost, a temporary limit or another policy would do to the limit; nothing is written
///
/// Figures are refused where a report of them would be, and grants where staff would be refused, with the same codes; a
/// month may contradict the one that was reported. In the portal only figures are tried: level, return rate, months and
/// training.
#[utoipa::path(post, path = "/v1/parties/{id}/limit/what-if", tag = "pay-later", request_body = WhatIf,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = WhatIfView, description = "What it would be")))]
pub(crate) async fn try_limit(
    call: Call,
    Path(id): Path<String>,
    body: Body<WhatIf>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let (given, now) = (body.value, call.app.now());
    if call.identity.portal.is_some() {
        given.of_merchant()?;
    }
    let today = call.app.zone.date(now);
    let on = given.on.as_deref().map(|on| date(on, "/on")).transpose().map_err(problem)?.unwrap_or(today);
    let report = given.report(today).map_err(problem)?;
    let grants = given.grants().map_err(problem)?;
    let view = read_limit(&call, party).await?;
    let mut shop = tried(&view.known, &report, on.max(today)).map_err(|no| Problem::from(&no))?;
    given.flags(&mut shop).map_err(problem)?;
    let in_force = call.app.rules();
    let proposed = given.policy_text.as_deref().map(|text| proposed(&call, text)).transpose()?;
    let policy = proposed.as_ref().unwrap_or(&in_force.policy);
    let shop = granted(shop, grants, today, policy.now(now))?;
    let at = if on == today { now } else { call.app.zone.start_of(on) };
    let would_be = evaluate(&shop, on, &limit_terms(policy.at(at, now)));
    let steps = would_be.steps.into_iter().map(StepView::from).collect();
    Ok(json(&WhatIfView { total_minor: view.shop.total, would_be_minor: would_be.total_minor, steps }))
}
