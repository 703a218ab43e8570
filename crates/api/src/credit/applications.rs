//! Applications about the limit (C25), and the sales that a boost can be applied for (C5).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{
        Source,
        application::{ApplicationKind, ApplicationState, ShopClaim, Terms},
    },
    ids::{CreditApplicationId, PartyId, StaffId},
    money::Rate,
    time::Timestamp,
};
use purser_engine::credit::{
    self, Application, ApplicationDecision, ApplicationFilter, ApplyForCredit, CreditApplicationRow,
    DecideApplication, application_state, sale_terms,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{date, problem};
use crate::{
    cases::{CaseView, Viewer},
    edge::{Answer, Body, Call, Cursor, Page, Params, json, json_versioned, limit, parse_id, submit},
    problem::{Problem, named},
};

/// Figures of the shop as the merchant states them; staff look at them, the limit does not follow from them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationFigures {
    /// Civil date on which the shop opened; needed to open a shop that was never reported.
    opened_on: Option<String>,
    /// Shop level, 1 to 100; needed to open a shop that was never reported.
    level: Option<u32>,
    /// Orders a month; needed for a raise.
    orders: Option<u32>,
    /// Turnover of the last month, minor units; needed for a raise.
    turnover_minor: Option<i64>,
    /// Return rate, parts per million.
    return_rate_ppm: Option<i64>,
}

/// An application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApplication {
    /// `open`, `raise`, `promotion`, `partner` or `close`.
    kind: String,
    /// For `raise`: by how much; for `partner`: the partner's part. Minor units.
    #[schema(value_type = Option<i64>, minimum = 1)]
    amount_minor: Option<i64>,
    /// For `promotion`: name of the sale, as `GET /v1/credit-sales` lists it.
    sale: Option<String>,
    /// For `partner`: its name, at most 100 characters.
    partner: Option<String>,
    /// Figures of the shop.
    #[serde(default)]
    shop: ApplicationFigures,
    /// Why, 1 to 1,000 characters.
    reason: String,
}

/// An application. Where it stands is what its case says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApplicationView {
    /// Application, `cap_…`.
    id: String,
    /// The merchant.
    merchant_id: String,
    /// `open`, `raise`, `promotion`, `partner` or `close`.
    kind: String,
    /// What that is, in Chinese.
    kind_zh: &'static str,
    /// What that is, in English.
    kind_en: &'static str,
    /// `submitted`, `more_information`, `approved`, `refused` or `withdrawn`.
    state: &'static str,
    /// What that means, in Chinese.
    state_zh: &'static str,
    /// What that means, in English.
    state_en: &'static str,
    /// What was asked for, minor units.
    amount_minor: Option<i64>,
    /// Name of the sale.
    sale: Option<String>,
    /// Its first civil date.
    sale_from: Option<String>,
    /// First civil date after it.
    sale_until: Option<String>,
    /// Name of the partner.
    partner: Option<String>,
    /// Figures of the shop, as the merchant stated them.
    #[schema(value_type = Object)]
    shop: Map<String, Value>,
    /// Why it was applied for.
    reason: String,
    /// When.
    applied_at: String,
    /// What was granted: the input of the limit that changed. Empty before that.
    #[schema(value_type = Object)]
    granted: Map<String, Value>,
    /// When it was decided.
    decided_at: Option<String>,
    /// Why it was decided so.
    decision_reason: Option<String>,
    /// The case: add papers there, answer, or withdraw it.
    case: CaseView,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl ApplicationView {
    pub(crate) fn of((row, case): &Application, viewer: Viewer, now: Timestamp) -> Self {
        let (state, kind) = (application_state(case), row.kind());
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            id: row.id.to_string(),
            merchant_id: row.party.to_string(),
            kind: row.kind.clone(),
            kind_zh: kind.zh(),
            kind_en: kind.en(),
            state: state.name(),
            state_zh: state.zh(),
            state_en: state.en(),
            amount_minor: row.amount,
            sale: text(&row.sale),
            sale_from: row.sale_from.clone(),
            sale_until: row.sale_until.clone(),
            partner: text(&row.partner),
            shop: row.claim.iter().map(named).collect(),
            reason: row.reason.clone(),
            applied_at: row.applied_at.to_string(),
            granted: row.granted.iter().map(named).collect(),
            decided_at: row.decided_at.map(|at| at.to_string()),
            decision_reason: text(&case.outcome),
            case: CaseView::of(case, viewer, now),
            version: row.version,
        }
    }
}

fn person(call: &Call) -> Result<StaffId, Problem> {
    call.person("people decide: sign in as staff, an API key cannot do this")
}

fn one_of(pointer: &str, names: &[&str]) -> Problem {
    Problem::invalid(pointer, format!("one of {}", names.join(", ")))
}

fn kind_named(pointer: &str, name: &str) -> Result<ApplicationKind, Problem> {
    let names: Vec<&str> = ApplicationKind::ALL.iter().map(|kind| kind.name()).collect();
    ApplicationKind::named(name).ok_or_else(|| one_of(pointer, &names))
}

/// Apply for the service, a higher limit, a boost, a partner's part, or the end of the service
///
/// Opens a case that waits for staff: papers are uploaded there, and it can be withdrawn there. One application of a kind
/// is open at a time.
#[utoipa::path(post, path = "/v1/parties/{id}/credit-applications", tag = "pay-later", request_body = NewApplication,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 201, body = ApplicationView, description = "Applied")))]
pub(crate) async fn apply_for_credit(
    call: Call,
    Path(id): Path<String>,
    body: Body<NewApplication>,
) -> Result<Response, Problem> {
    let new = body.value;
    let opened_on = new.shop.opened_on.as_deref().map(|on| date(on, "/shop/opened_on")).transpose();
    let command = ApplyForCredit {
        party: parse_id(&id, "id")?,
        kind: kind_named("/kind", &new.kind)?,
        amount_minor: new.amount_minor,
        sale: new.sale,
        partner: new.partner.unwrap_or_default(),
        claim: ShopClaim {
            opened_on: opened_on.map_err(problem)?,
            level: new.shop.level,
            orders: new.shop.orders,
            turnover_minor: new.shop.turnover_minor,
            return_rate: new.shop.return_rate_ppm.map(Rate::ppm),
        },
        reason: new.reason,
    };
    let (now, viewer) = (call.app.now(), Viewer::of(&call));
    submit(&call, body.digest, command, move |found| {
        Answer::created(&ApplicationView::of(found, viewer, now))
    })
    .await
}

/// Parameters of a list of applications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplicationParams {
    /// Only of this kind.
    kind: Option<String>,
    /// Only where they stand here: `submitted`, `more_information`, `approved`, `refused` or `withdrawn`.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

async fn list(call: &Call, party: Option<PartyId>, params: ApplicationParams) -> Result<Response, Problem> {
    let most = limit(params.limit)?;
    let state = params.state.as_deref().map(|name| {
        let names: Vec<&str> = ApplicationState::ALL.iter().map(|state| state.name()).collect();
        ApplicationState::named(name).ok_or_else(|| one_of("state", &names))
    });
    let filter = ApplicationFilter {
        party,
        kind: params.kind.as_deref().map(|name| kind_named("kind", name)).transpose()?,
        state: state.transpose()?,
    };
    let before = params.cursor.as_deref().map(Cursor::decode).transpose()?;
    let before = before.map(|cursor| CreditApplicationId(cursor.id));
    let page = call.app.read(move |session| credit::applications(session, &filter, before, most)).await?;
    let (now, viewer) = (call.app.now(), Viewer::of(call));
    let data = page.rows.iter().map(|found| ApplicationView::of(found, viewer, now)).collect();
    Ok(json(&Page { data, next_cursor: page.next.map(|id| Cursor::id(id.0).encode()) }))
}

/// List a merchant's applications, newest first
#[utoipa::path(get, path = "/v1/parties/{id}/credit-applications", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), ApplicationParams),
    responses((status = 200, body = Page<ApplicationView>, description = "Applications")))]
pub(crate) async fn list_own_applications(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ApplicationParams>,
) -> Result<Response, Problem> {
    let party = parse_id(&id, "id")?;
    list(&call, Some(party), params).await
}

/// List applications of all merchants, newest first
#[utoipa::path(get, path = "/v1/credit-applications", tag = "pay-later", params(ApplicationParams),
    responses((status = 200, body = Page<ApplicationView>, description = "Applications")))]
pub(crate) async fn list_applications(
    call: Call,
    Params(params): Params<ApplicationParams>,
) -> Result<Response, Problem> {
    list(&call, None, params).await
}

async fn found(call: &Call, id: CreditApplicationId) -> Result<Application, Problem> {
    let found = call.app.read(move |session| credit::application(session, id)).await?;
    found.ok_or_else(|| Problem::not_found("application_unknown", format!("there is no application {id}")))
}

/// Read an application
#[utoipa::path(get, path = "/v1/credit-applications/{id}", tag = "pay-later",
    params(("id" = String, Path, description = "Application, `cap_…`")),
    responses((status = 200, body = ApplicationView, description = "The application")))]
pub(crate) async fn get_application(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let application = found(&call, parse_id(&id, "id")?).await?;
    let view = ApplicationView::of(&application, Viewer::of(&call), call.app.now());
    Ok(json_versioned(&view, application.0.version))
}

/// What is granted; what is absent is as it was applied for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantedTerms {
    /// Minor units, at most what was applied for.
    amount_minor: Option<i64>,
    /// For a promotion, parts per million; by policy when absent, at most what policy lets staff grant.
    rate_ppm: Option<i64>,
    /// For a raise, the part that grows: `credit_evaluation` (when absent), `level_and_volume` or `service_quality`.
    source: Option<String>,
    /// For a partner's part: first civil date on which it no longer counts.
    until: Option<String>,
}

fn terms(given: &GrantedTerms, at: &str) -> Result<Terms, Problem> {
    let field = |name: &str| format!("{at}/{name}");
    let source = given.source.as_deref().map(|name| {
        let names: Vec<&str> = Source::ALL.iter().map(|source| source.name()).collect();
        Source::named(name).ok_or_else(|| one_of(&field("source"), &names))
    });
    let until = given.until.as_deref().map(|until| date(until, field("until"))).transpose();
    Ok(Terms {
        amount_minor: given.amount_minor,
        rate: given.rate_ppm.map(Rate::ppm),
        source: source.transpose()?,
        until: until.map_err(problem)?,
    })
}

/// What staff decide about an application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationVerdict {
    /// Yes or no. To ask for more, write in the application's case with `asks`.
    grant: bool,
    /// What is granted.
    #[serde(default)]
    terms: GrantedTerms,
    /// For the merchant, 1 to 1,000 characters.
    reason: String,
}

/// Approve or refuse an application
///
/// An approval changes an input of the limit, which is evaluated in the same commit. Where more than policy
/// `credit.application.two_people_above` is at stake two people decide: propose `credit_application` to
/// `POST /v1/approvals`.
#[utoipa::path(post, path = "/v1/credit-applications/{id}/decision", tag = "pay-later",
    request_body = ApplicationVerdict, params(("id" = String, Path, description = "Application, `cap_…`")),
    responses((status = 200, body = ApplicationView, description = "Decided")))]
pub(crate) async fn decide_application(
    call: Call,
    Path(id): Path<String>,
    body: Body<ApplicationVerdict>,
) -> Result<Response, Problem> {
    let by = person(&call)?;
    let grant = if body.value.grant { Some(terms(&body.value.terms, "/terms")?) } else { None };
    let (row, _) = found(&call, parse_id(&id, "id")?).await?;
    let command = DecideApplication(decision(&row, grant, body.value.reason, by));
    let (now, viewer) = (call.app.now(), Viewer::of(&call));
    submit(&call, body.digest, command, move |found| Answer::ok(&ApplicationView::of(found, viewer, now)))
        .await
}

fn decision(
    row: &CreditApplicationRow,
    grant: Option<Terms>,
    reason: String,
    by: StaffId,
) -> ApplicationDecision {
    ApplicationDecision { application: row.id, party: row.party, case: row.case_id, grant, reason, by }
}

/// Granting an application, for a second person to decide.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplicationProposal {
    /// Application, `cap_…`.
    application_id: String,
    /// What is granted.
    #[serde(default)]
    terms: GrantedTerms,
    /// For the merchant, 1 to 1,000 characters.
    reason: String,
}

impl ApplicationProposal {
    /// What is proposed, by whoever is signed in.
    pub(crate) async fn action(self, call: &Call) -> Result<ApplicationDecision, Problem> {
        let by = person(call)?;
        let grant = terms(&self.terms, "/credit_application/terms")?;
        let id = parse_id(&self.application_id, "/credit_application/application_id")?;
        let (row, _) = found(call, id).await?;
        Ok(decision(&row, Some(grant), self.reason, by))
    }
}

/// A sale of the platform.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaleView {
    /// Name, for applications.
    sale: String,
    /// First civil date.
    from: String,
    /// First civil date after it.
    until: String,
    /// Boost that is applied for, of the capped limit, parts per million.
    rate_ppm: i64,
    /// Civil date from which merchants are reminded.
    announced_on: String,
}

/// Sales.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SaleViews {
    /// Running or to come, the next first.
    data: Vec<SaleView>,
}

/// List the sales for which a boost can be applied for
#[utoipa::path(get, path = "/v1/credit-sales", tag = "pay-later",
    responses((status = 200, body = SaleViews, description = "Sales of this year and the next")))]
pub(crate) async fn list_sales(call: Call) -> Result<Response, Problem> {
    let (now, rules) = (call.app.now(), call.app.rules());
    let (today, terms) = (call.app.zone.date(now), sale_terms(rules.policy.now(now)));
    let announced = |from: purser_domain::time::Date| terms.announced_on(from);
    let sales = terms.ahead(today).into_iter().map(|sale| SaleView {
        announced_on: announced(sale.from).to_string(),
        from: sale.from.to_string(),
        until: sale.until.to_string(),
        rate_ppm: terms.boost.as_ppm(),
        sale: sale.name,
    });
    Ok(json(&SaleViews { data: sales.collect() }))
}
