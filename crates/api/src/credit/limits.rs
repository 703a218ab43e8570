//! The limit: how high, how used, how it came about, what it was, what it would be (C1, C9, C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{
        Emergency, LimitTerms, Override, Promotion, RestrictionKind, Shop, Step, decode, evaluate,
        first_month_daily_minor,
    },
    ids::PartyId,
    money::Rate,
    policy::{PolicyPack, PolicySet, PolicyVersion, keys},
    time::{Date, Timestamp},
};
use purser_engine::credit::{
    self, ChangeShop, CreditShopRow, EvaluationRow, LimitView, ShopChange, facts, limit_terms,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Wrong, date,
    parts::{HeldBy, PartView, held_by, parts},
    problem, unknown_shop, wrong,
};
use crate::{
    edge::{Answer, Body, Call, Cursor, Instant, Page, PageParams, Params, json, page_of, parse_id, submit},
    problem::Problem,
};

/// Issues of a policy text that are named at a time.
const ISSUES_NAMED: usize = 20;

/// One step of the formula. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// Stable name of the rule.
    rule: &'static str,
    /// Row of the specification.
    row: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// What it looked at; the rule says in which unit.
    input: i64,
    /// What it added or took.
    delta_minor: i64,
    /// The limit after it.
    result_minor: i64,
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        Self {
            rule: step.rule.name(),
            row: step.rule.row(),
            zh: step.rule.zh(),
            en: step.rule.en(),
            input: step.input,
            delta_minor: step.delta_minor,
            result_minor: step.result_minor,
        }
    }
}

/// One evaluation with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvaluationView {
    /// Its number within the shop.
    number: i64,
    /// When.
    at: String,
    /// `report`, `staff`, `date`, `quarter`, `draw`, `phone` (another one was bound) or `policy` (the rules changed).
    cause: String,
    /// The limit before, minor units.
    before_minor: i64,
    /// The limit after, minor units.
    total_minor: i64,
    /// How it came about, in order.
    steps: Vec<StepView>,
    /// Policy version that decided.
    policy_version: i64,
}

impl From<&EvaluationRow> for EvaluationView {
    fn from(row: &EvaluationRow) -> Self {
        Self {
            number: row.seq,
            at: row.at.to_string(),
            cause: row.cause.clone(),
            before_minor: row.before,
            total_minor: row.total,
            // Rows are hash-free but only inserted; what cannot be read is shown as no steps rather than not at all.
            steps: decode(&row.steps).unwrap_or_default().into_iter().map(StepView::from).collect(),
            policy_version: row.policy_version,
        }
    }
}

/// Advances that are overdue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bucket {
    /// Days: `1-30`, `31-60`, `61-90` or `90+`.
    days: &'static str,
    /// Orders.
    orders: i64,
    /// Minor units.
    amount_minor: i64,
}

/// A shop's limit. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditLimit {
    /// The shop.
    merchant_id: String,
    /// The limit.
    total_minor: i64,
    /// Advanced and open: the receivable's balance in the ledger.
    used_minor: i64,
    /// Authorised, not shipped.
    reserved_minor: i64,
    /// Frozen with the shop's funds: what you reported, and all proceeds of a party that is frozen.
    frozen_minor: i64,
    /// `max(0, total − used − reserved − frozen)`; 0 while there is no new use.
    available_minor: i64,
    /// Why there is no new use: `party_frozen`, `party_closed`, `locked` or `closing`; null while there is.
    closed: Option<&'static str>,
    /// Refunded before the buyer paid, to be given back.
    due_minor: i64,
    /// Shipped beyond the limit, owed by the shop.
    liability_minor: i64,
    /// Proceeds that are not on hold.
    proceeds_minor: i64,
    /// Of them, what can be withdrawn: without what is due and the liability, which a withdrawal repays first.
    withdrawable_minor: i64,
    /// No new use until then; null when it is not locked.
    locked_until: Option<String>,
    /// Civil date on which the limit is looked at again by itself.
    valid_until: Option<String>,
    /// Where the service stands: `open`, `closing` (no new orders until the open ones have ended) or `closed`.
    service: &'static str,
    /// The parts that it is made of, those to come included; a new shop has its level's limit instead.
    components: Vec<PartView>,
    /// What reduces the limit or holds it at zero, with the reason and the way back.
    held_by: Vec<HeldBy>,
    /// For a new shop: what it is advised to stay below in a day, minor units; null later.
    daily_advice_minor: Option<i64>,
    /// 可使用额度 in words.
    message_zh: String,
    /// In English.
    message_en: String,
    /// Overdue advances.
    overdue: Vec<Bucket>,
    /// The evaluation behind it.
    evaluation: Option<EvaluationView>,
}

/// What is shown beside the figures: what is known of the shop, and what a new one is advised (C19).
struct Beside {
    shop: Shop,
    today: Date,
    daily_advice_minor: Option<i64>,
}

fn show(view: &LimitView, overdue: Vec<Bucket>, beside: &Beside) -> CreditLimit {
    let steps = view.evaluation.as_ref().map(|row| decode(&row.steps).unwrap_or_default());
    let available = purser_domain::money::decimal(view.available_minor);
    CreditLimit {
        merchant_id: view.shop.party.to_string(),
        total_minor: view.shop.total,
        used_minor: view.used_minor,
        reserved_minor: view.shop.reserved,
        frozen_minor: view.frozen_minor,
        available_minor: view.available_minor,
        closed: view.closed.map(credit::Closed::name),
        due_minor: view.shop.due,
        liability_minor: view.liability_minor,
        proceeds_minor: view.proceeds_minor,
        withdrawable_minor: view.withdrawable_minor(),
        locked_until: view.shop.locked_until.map(|at| at.to_string()),
        valid_until: view.shop.next_on.clone(),
        service: view.shop.service().name(),
        components: parts(&beside.shop, beside.today),
        held_by: held_by(&steps.unwrap_or_default(), &beside.shop),
        daily_advice_minor: beside.daily_advice_minor,
        message_zh: format!("可使用额度：{available}元"),
        message_en: format!("Available limit: ¥{available}"),
        overdue,
        evaluation: view.evaluation.as_ref().map(EvaluationView::from),
    }
}

/// Read a shop's limit as it stands
#[utoipa::path(get, path = "/v1/parties/{id}/limit", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = CreditLimit, description = "The limit")))]
pub(crate) async fn get_limit(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let currency = call.app.rules().currency;
    let now = call.app.clock.business();
    let today = call.app.zone.date(now);
    let read = call.app.read(move |session| {
        let Some(view) = credit::limit(session, party, currency, now)? else { return Ok(None) };
        let overdue = credit::overdue(session, party, today)?;
        let facts = credit::shop_facts(session, party)?;
        Ok(facts.map(|facts| (view, overdue, facts)))
    });
    let (view, overdue, stored) = read.await?.ok_or_else(unknown_shop)?;
    let (rules, shop) = (call.app.rules(), facts::decode(&stored.facts));
    let policy = rules.policy.now(call.app.clock.business());
    let share = policy.value(keys::VELOCITY_ADVICE_SHARE);
    let terms = limit_terms(policy);
    let daily_advice_minor = first_month_daily_minor(&shop, view.shop.total, today, &terms, share);
    let beside = Beside { shop, today, daily_advice_minor };
    let bucket = |(bucket, orders, amount_minor): (purser_domain::credit::order::Overdue, i64, i64)| Bucket {
        days: bucket.name(),
        orders,
        amount_minor,
    };
    Ok(json(&show(&view, overdue.into_iter().map(bucket).collect(), &beside)))
}

/// Parameters of a past limit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtParams {
    /// The instant.
    #[param(value_type = String, format = DateTime)]
    at: Instant,
}

/// Read the evaluation that was in force at a past instant, with its steps
#[utoipa::path(get, path = "/v1/parties/{id}/limit/evaluation", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), AtParams),
    responses((status = 200, body = EvaluationView, description = "The evaluation")))]
pub(crate) async fn get_limit_at(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<AtParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let at: Timestamp = params.at.0;
    match call.app.read(move |session| credit::evaluation_at(session, party, at)).await? {
        Some(row) => Ok(json(&EvaluationView::from(&row))),
        None => Err(Problem::not_found("evaluation_unknown", "the shop had no limit at that instant")),
    }
}

/// List evaluations, newest first: every change with its reasons
#[utoipa::path(get, path = "/v1/parties/{id}/limit/evaluations", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), PageParams),
    responses((status = 200, body = Page<EvaluationView>, description = "Evaluations")))]
pub(crate) async fn list_evaluations(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let limit = params.limit()?;
    let below = match &params.cursor {
        Some(text) => Cursor::decode(text)?.numbers.first().copied(),
        None => None,
    };
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| credit::evaluations(session, party, below, most)).await?;
    let cursor = |row: &EvaluationRow| Cursor { numbers: vec![row.seq], id: row.party.0 };
    Ok(json(&page_of(rows, limit, cursor, |row| EvaluationView::from(&row))))
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

/// Rules to try: those of a pack that is not in force, or those that are known today for the date.
fn terms_on(call: &Call, text: Option<&str>, on: Date, now: Timestamp) -> Result<LimitTerms, Problem> {
    let zone = &call.app.zone;
    let at = if on == zone.date(now) { now } else { zone.start_of(on) };
    let Some(text) = text else { return Ok(limit_terms(call.app.rules().policy.at(at, now))) };
    let pack = PolicyPack::parse("policy_text", text).map_err(|issues| {
        let named: Vec<String> = issues.iter().take(ISSUES_NAMED).map(ToString::to_string).collect();
        Problem::invalid("/policy_text", named.join("; "))
    })?;
    let version = PolicyVersion { number: 1, activated_at: Timestamp(0), pack };
    Ok(limit_terms(PolicySet::new(zone.clone(), version).at(at, now)))
}

/// Try what other figures or another policy would do to the limit; nothing is written
#[utoipa::path(post, path = "/v1/parties/{id}/limit/what-if", tag = "pay-later", request_body = WhatIf,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = WhatIfView, description = "What it would be")))]
pub(crate) async fn try_limit(
    call: Call,
    Path(id): Path<String>,
    body: Body<WhatIf>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let given = body.value;
    let now = call.app.clock.business();
    let today = call.app.zone.date(now);
    let on = given.on.as_deref().map(|on| date(on, "/on")).transpose().map_err(problem)?.unwrap_or(today);
    if given.level.is_some_and(|level| !(1..=100).contains(&level)) {
        return Err(Problem::invalid("/level", "a level is 1 to 100"));
    }
    if given.return_rate_ppm.is_some_and(|ppm| !(0..=1_000_000).contains(&ppm)) {
        return Err(Problem::invalid("/return_rate_ppm", "0 to 1,000,000 parts per million"));
    }
    let stored = call.app.read(move |session| credit::shop_facts(session, party)).await?;
    let mut shop = facts::decode(&stored.ok_or_else(unknown_shop)?.facts);
    let rules = call.app.rules();
    let terms = limit_terms(rules.policy.now(now));
    let total_minor = evaluate(&shop, today, &terms).total_minor;
    shop.level = given.level.unwrap_or(shop.level);
    shop.return_rate = given.return_rate_ppm.map(Rate::ppm).or(shop.return_rate);
    if given.training {
        shop.trainings.push(today);
    }
    let terms = terms_on(&call, given.policy_text.as_deref(), on, now)?;
    let would_be = evaluate(&shop, on, &terms);
    let steps = would_be.steps.into_iter().map(StepView::from).collect();
    Ok(json(&WhatIfView { total_minor, would_be_minor: would_be.total_minor, steps }))
}

/// What staff decide about a limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitDecision {
    /// `restrict`, `lift`, `promote`, `emergency`, `override` or `override_end`.
    decision: String,
    /// For `restrict` and `lift`: `violation`, `poor_operation`, `high_risk`, or `daily_draw`, which the policy of a day's
    /// draws sets.
    restriction: Option<String>,
    /// First civil date.
    from: Option<String>,
    /// First civil date after it; an override may be without.
    until: Option<String>,
    /// For `promote`, parts per million.
    rate_ppm: Option<i64>,
    /// For `emergency` and `override`, minor units.
    amount_minor: Option<i64>,
    /// Why; shown to the merchant.
    reason: String,
}

/// The limit after a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecidedLimit {
    /// The shop.
    merchant_id: String,
    /// The limit, minor units.
    total_minor: i64,
    /// Number of the evaluation.
    evaluation: i64,
}

impl From<&CreditShopRow> for DecidedLimit {
    fn from(row: &CreditShopRow) -> Self {
        Self { merchant_id: row.party.to_string(), total_minor: row.total, evaluation: row.evaluations }
    }
}

fn change(given: &LimitDecision) -> Result<ShopChange, Wrong> {
    let restriction = || {
        // A service is closed and opened again by an application (C25).
        let name = given.restriction.as_deref().and_then(RestrictionKind::named);
        name.filter(|kind| *kind != RestrictionKind::Closed).ok_or_else(|| {
            wrong(
                "/restriction",
                "violation, poor_operation, high_risk or daily_draw; closing takes an application",
            )
        })
    };
    let day = |text: Option<&str>, field: &str| {
        date(text.ok_or_else(|| wrong(field, "missing: which date?"))?, field)
    };
    let from = || day(given.from.as_deref(), "/from");
    let until = || day(given.until.as_deref(), "/until");
    let amount = || given.amount_minor.ok_or_else(|| wrong("/amount_minor", "missing: how much?"));
    Ok(match given.decision.as_str() {
        "restrict" => ShopChange::Restrict(restriction()?),
        "lift" => ShopChange::Lift(restriction()?),
        "promote" => {
            let ppm = given.rate_ppm.ok_or_else(|| wrong("/rate_ppm", "missing: which rate?"))?;
            ShopChange::Promote(Promotion { from: from()?, until: until()?, rate: Rate::ppm(ppm) })
        }
        "emergency" => {
            ShopChange::Emergency(Emergency { from: from()?, until: until()?, amount_minor: amount()? })
        }
        "override" => {
            let until = given.until.as_deref().map(|text| date(text, "/until")).transpose()?;
            ShopChange::Fix(Override { from: from()?, until, amount_minor: amount()? })
        }
        "override_end" => ShopChange::Unfix,
        _ => {
            let text = "restrict, lift, promote, emergency, override or override_end";
            return Err(wrong("/decision", text));
        }
    })
}

/// Decide about a shop's limit
///
/// `emergency` and `override` need two people: propose `credit_emergency` or `credit_override` on the party's
/// id first, with the same reason.
#[utoipa::path(post, path = "/v1/parties/{id}/limit/decisions", tag = "pay-later", request_body = LimitDecision,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = DecidedLimit, description = "The limit as it stands")))]
pub(crate) async fn decide_limit(
    call: Call,
    Path(id): Path<String>,
    body: Body<LimitDecision>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let change = change(&body.value).map_err(problem)?;
    let command = ChangeShop { party, change, reason: body.value.reason };
    submit(&call, body.digest, command, |row| Answer::ok(&DecidedLimit::from(row))).await
}
