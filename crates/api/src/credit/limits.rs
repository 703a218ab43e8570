//! The limit: how high, how used, how it came about, what it was, what it would be (C1, C9, C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{Emergency, Override, Promotion, RestrictionKind, Step, decode, first_month_daily_minor},
    ids::{CaseId, PartyId},
    money::Rate,
    policy::keys,
    time::{Date, Timestamp},
};
use purser_engine::{
    Session,
    credit::{self, AsOf, ChangeShop, CreditShopRow, EvaluationRow, LimitView, ShopChange, limit_terms},
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
    /// Its number within the shop; null for one that a date brought and that is not written down yet.
    number: Option<i64>,
    /// Since when it is in force: one that a date brought from the first instant of the date.
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
            number: (row.seq > 0).then_some(row.seq),
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

/// What is shown beside the figures: what is overdue, and what a new shop is advised (C19).
struct Beside {
    overdue: Vec<Bucket>,
    today: Date,
    daily_advice_minor: Option<i64>,
}

fn show(view: &LimitView, beside: Beside) -> CreditLimit {
    let steps = view.evaluation.as_ref().map(|row| decode(&row.steps).unwrap_or_default());
    let available_minor = view.available_minor();
    let available = purser_domain::money::decimal(available_minor);
    CreditLimit {
        merchant_id: view.shop.party.to_string(),
        total_minor: view.shop.total,
        used_minor: view.used_minor,
        reserved_minor: view.shop.reserved,
        frozen_minor: view.frozen_minor,
        available_minor,
        closed: view.closed.map(credit::Closed::name),
        due_minor: view.shop.due,
        liability_minor: view.liability_minor,
        proceeds_minor: view.proceeds_minor,
        withdrawable_minor: view.withdrawable_minor(),
        locked_until: view.shop.locked_until.map(|at| at.to_string()),
        valid_until: view.shop.next_on.clone(),
        service: view.shop.service().name(),
        components: parts(&view.known, beside.today),
        held_by: held_by(&steps.unwrap_or_default(), &view.known),
        daily_advice_minor: beside.daily_advice_minor,
        message_zh: format!("可使用额度：{available}元"),
        message_en: format!("Available limit: ¥{available}"),
        overdue: beside.overdue,
        evaluation: view.evaluation.as_ref().map(EvaluationView::from),
    }
}

/// A shop's limit as it was at a past instant. Amounts are minor units. What is kept of the past is here; what was reserved,
/// due, frozen, locked, overdue or on hold then is not kept, and is answered for now only.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PastCreditLimit {
    /// The shop.
    merchant_id: String,
    /// The instant that was asked about.
    at: String,
    /// The limit.
    total_minor: i64,
    /// Advanced and open: the receivable's balance in the ledger, everything of that instant included.
    used_minor: i64,
    /// Shipped beyond the limit, owed by the shop.
    liability_minor: i64,
    /// The balance of the proceeds, with what withdrawals under way had on hold.
    proceeds_minor: i64,
    /// The evaluation that was in force.
    evaluation: EvaluationView,
}

/// A limit as it stands, or as it was.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LimitAnswer {
    /// As it stands.
    Now(Box<CreditLimit>),
    /// As it was at the instant that was asked about.
    Then(PastCreditLimit),
}

/// Parameters of a limit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LimitParams {
    /// A past instant: the limit as it was then. Absent: as it stands.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Instant>,
}

/// Read a shop's limit as it stands, or as it was at a past instant
///
/// With `at`: the limit, its steps, what was used and owed at that instant. What was reserved, due, frozen, locked,
/// overdue and on hold is answered for now only.
#[utoipa::path(get, path = "/v1/parties/{id}/limit", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), LimitParams),
    responses((status = 200, body = LimitAnswer, description = "The limit")))]
pub(crate) async fn get_limit(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<LimitParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let (rules, now) = (call.app.rules(), call.app.now());
    if let Some(at) = params.at {
        return past_limit(&call, party, past(at, now)?).await;
    }
    let today = call.app.zone.date(now);
    let read_by = std::sync::Arc::clone(&rules);
    let read = move |session: &mut dyn Session| {
        let Some(view) = credit::limit(session, party, AsOf { rules: &read_by, now })? else {
            return Ok(None);
        };
        Ok(Some((view, credit::overdue(session, party, today)?)))
    };
    let (view, overdue) = call.app.read(read).await?.ok_or_else(unknown_shop)?;
    let policy = rules.policy.now(now);
    let share = policy.value(keys::VELOCITY_ADVICE_SHARE);
    let (total, terms) = (view.shop.total, limit_terms(policy));
    let daily_advice_minor = first_month_daily_minor(&view.known, total, today, &terms, share);
    let bucket = |(bucket, orders, amount_minor): (purser_domain::credit::order::Overdue, i64, i64)| Bucket {
        days: bucket.name(),
        orders,
        amount_minor,
    };
    let overdue = overdue.into_iter().map(bucket).collect();
    let shown = show(&view, Beside { overdue, today, daily_advice_minor });
    Ok(json(&LimitAnswer::Now(Box::new(shown))))
}

/// An instant that has come.
fn past(at: Instant, now: Timestamp) -> Result<Timestamp, Problem> {
    if at.0 > now {
        let text = "an instant that has come; what the limit would be is asked with what-if";
        return Err(Problem::invalid("at", text));
    }
    Ok(at.0)
}

async fn past_limit(call: &Call, party: PartyId, at: Timestamp) -> Result<Response, Problem> {
    let (rules, now) = (call.app.rules(), call.app.now());
    let read =
        move |session: &mut dyn Session| credit::limit_at(session, party, AsOf { rules: &rules, now }, at);
    let then = call.app.read(read).await?.ok_or_else(no_limit_then)?;
    Ok(json(&LimitAnswer::Then(PastCreditLimit {
        merchant_id: party.to_string(),
        at: at.to_string(),
        total_minor: then.evaluation.total,
        used_minor: then.used_minor,
        liability_minor: then.liability_minor,
        proceeds_minor: then.proceeds_minor,
        evaluation: EvaluationView::from(&then.evaluation),
    })))
}

fn no_limit_then() -> Problem {
    Problem::not_found("evaluation_unknown", "the shop had no limit at that instant")
}

/// Parameters of a past evaluation.
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
    let (rules, now) = (call.app.rules(), call.app.now());
    let at = past(params.at, now)?;
    let read = move |session: &mut dyn Session| {
        credit::evaluation_at(session, party, AsOf { rules: &rules, now }, at)
    };
    let row = call.app.read(read).await?.ok_or_else(no_limit_then)?;
    Ok(json(&EvaluationView::from(&row)))
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
    /// For `emergency`: the merchant's case with the papers that it rests on, `case_…`.
    evidence: Option<String>,
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

/// The case whose papers a temporary limit rests on (C18).
pub(super) fn evidence(case: Option<&str>, field: &str) -> Result<CaseId, Wrong> {
    let case = case.ok_or_else(|| wrong(field, "missing: the merchant's case with the papers, `case_…`"))?;
    case.parse().map_err(|e: purser_domain::ids::IdError| wrong(field, &e.to_string()))
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
            let limit = Emergency { from: from()?, until: until()?, amount_minor: amount()? };
            ShopChange::Emergency(limit, evidence(given.evidence.as_deref(), "/evidence")?)
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
/// id first, with the same reason. A temporary limit rests on papers: `evidence` names the merchant's case with them.
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
