//! The cashier page: what a payer sees of a payment order (P11, A2, A6). Whoever has its link may open it; nobody can
//! guess one. It works without scripts; with them it counts down and notices when the money has arrived.

mod page;
mod sandbox;
mod words;

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use purser_domain::payments::{Method, State};
use purser_engine::{
    Command, Failure, Job, Meta, Rejection, Reply,
    payments::{
        LocatedOrder, OpenPaymentOrder, PaymentOrderRow, RepayPaymentOrder, collect_order, is_run_out,
        payment_order, read_cashier_token,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Params, json},
    problem::Problem,
};
use page::Shown;
use words::Language;

/// Styles and script of the page; both are files of this program, nothing comes from elsewhere.
const STYLE: &str = include_str!("cashier.css");
const SCRIPT: &str = include_str!("cashier.js");

/// Largest form that the page sends, bytes.
pub(crate) const FORM_MAX: usize = 4 * 1024;

/// Only what this server sends, no frames around it, and no trace of the link elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// How the page is asked for. Rails add parameters of their own when they send the payer back: they are not read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CashierParams {
    /// `zh` or `en`; what the browser prefers when absent.
    lang: Option<String>,
    /// Set after a payment was sent (`1`), failed (`fail`) or cannot be made anew (`no`), so that the page says so.
    sent: Option<String>,
}

fn missing() -> Problem {
    Problem::not_found("cashier_link_unknown", "this link is not one of ours, or not whole")
}

/// The order behind a link.
async fn order(call: &Call, token: &str) -> Result<PaymentOrderRow, Problem> {
    let id = read_cashier_token(&call.app.collect.key, token).ok_or_else(missing)?;
    call.app.read(move |session| payment_order(session, id)).await?.ok_or_else(missing)
}

/// Runs a command that the page asks for.
async fn run<C: Command>(call: &Call, command: C) -> Result<Result<C::Output, Rejection>, Problem>
where
    C::Output: Clone,
{
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let slot = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = std::sync::Arc::clone(&slot);
    let meta = Meta { actor: "cashier".to_owned(), origin: Some(call.origin()), ..Meta::system() };
    let job = Job::new(
        command,
        meta,
        move |outcome| {
            *seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(outcome.clone());
            Reply::default()
        },
        // A payer that went away leaves nobody to tell.
        move |outcome| drop(sender.send(outcome)),
    );
    call.app.executor.submit(job);
    receiver.await.unwrap_or(Err(Failure::Bug))?;
    let outcome = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    outcome.ok_or_else(|| Failure::Bug.into())
}

fn html(body: String) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn see_other(to: &str) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(value) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Show the cashier page of a payment order
#[utoipa::path(get, path = "/cashier/{token}", tag = "cashier",
    params(("token" = String, Path, description = "The unguessable part of `cashier_url`"), CashierParams),
    responses((status = 200, content_type = "text/html", body = String, description = "A page in Chinese or English"),
        (status = 404, content_type = "text/html", body = String, description = "A page that says that the link is not whole")))]
pub(crate) async fn show_cashier(
    call: Call,
    Path(token): Path<String>,
    headers: HeaderMap,
    Params(params): Params<CashierParams>,
) -> Result<Response, Problem> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = Language::chosen(params.lang.as_deref(), accepted.unwrap_or_default());
    let mut row = match order(&call, &token).await {
        Ok(row) => row,
        Err(problem) if problem.status == StatusCode::NOT_FOUND => {
            let mut response = html(page::unknown(language));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
        Err(problem) => return Err(problem),
    };
    if row.order().state == State::Created
        && let Ok(opened) = run(&call, OpenPaymentOrder(row.id)).await?
    {
        row = opened;
    }
    let now = call.app.now();
    let open = row.order().state.is_open() && !is_run_out(&row, now);
    let collect = &call.app.collect;
    let alipay_url = match (&collect.alipay, row.method()) {
        (Some(alipay), Method::Alipay) if open => {
            let order = collect_order(&row);
            let title = language.words().title_of_trade;
            // The gateway's clock is the machine's: it knows nothing of a test clock.
            let at = call.app.clock.machine();
            let ahead = purser_domain::time::Timestamp(row.expires_at.0.saturating_sub(now.0)).0;
            let order = purser_engine::ports::CollectOrder { expires_at: at.plus(ahead), ..order };
            alipay.page_url(&order, title, &collect.link(&row), at)
        }
        _ => None,
    };
    Ok(html(page::render(&Shown {
        row: &row,
        token: &token,
        language,
        now,
        zone: &call.app.zone,
        sent: params.sent.as_deref(),
        bank: collect.bank.as_ref(),
        alipay_url: alipay_url.as_deref(),
        play: row.method() == Method::Sandbox,
    })))
}

/// What the page's script asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CashierState {
    /// State of the order.
    state: String,
    /// Payments taken in.
    payments: i64,
}

/// Where a payment order stands, for the cashier page
#[utoipa::path(get, path = "/cashier/{token}/state", tag = "cashier",
    params(("token" = String, Path, description = "The unguessable part of `cashier_url`")),
    responses((status = 200, body = CashierState, description = "Where it stands")))]
pub(crate) async fn cashier_state(call: Call, Path(token): Path<String>) -> Result<Response, Problem> {
    let row = order(&call, &token).await?;
    Ok(json(&CashierState { state: row.state, payments: row.payments }))
}

/// What a payer asks for on the page.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CashierForm {
    /// `repay`; in a sandbox also `pay`, `fail`, `late`, `twice` and `other`.
    action: String,
    /// Language of the page to come back to.
    #[serde(default)]
    lang: String,
    /// For `other`: the amount in yuan, like 499.99.
    #[serde(default)]
    amount: String,
    /// Sandbox: what becomes of the notice: `told`, `twice` or `lost`.
    #[serde(default)]
    notice: String,
    /// Sandbox: what becomes of giving it back: `paid`, `lost_reply`, `lost_request` or `refused`.
    #[serde(default)]
    refund: String,
}

/// Act on the cashier page
///
/// `repay` makes an order that was not paid in time anew. The other actions are play money of a sandbox.
#[utoipa::path(post, path = "/cashier/{token}", tag = "cashier",
    request_body(content = CashierForm, content_type = "application/x-www-form-urlencoded"),
    params(("token" = String, Path, description = "The unguessable part of `cashier_url`")),
    responses((status = 303, description = "Back to the page")))]
pub(crate) async fn act_at_cashier(
    call: Call,
    Path(token): Path<String>,
    form: Result<axum::Form<CashierForm>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Problem> {
    let axum::Form(form) = form.map_err(|error| Problem::invalid("body", error.body_text()))?;
    let row = order(&call, &token).await?;
    let lang = Language::chosen(Some(&form.lang), "").code();
    if form.action == "repay" {
        let configured = call.app.collect.has(row.method());
        let command = RepayPaymentOrder { order: LocatedOrder::from(&row), configured };
        let next = match run(&call, command).await? {
            Ok(new) => new,
            // A second click: the first one has made it already.
            Err(rejection) if rejection.code == "payment_order_replaced" => {
                let id = rejection.facts.get_text("next_id").and_then(|id| id.parse().ok());
                let id = id.ok_or_else(|| Problem::from(&rejection))?;
                call.app.read(move |session| payment_order(session, id)).await?.ok_or_else(missing)?
            }
            Err(_) => return Ok(see_other(&format!("{}?lang={lang}&sent=no", path_of(&call, &row)))),
        };
        return Ok(see_other(&format!("{}?lang={lang}", path_of(&call, &next))));
    }
    let said = sandbox::act(&call, &row, &form).await?;
    Ok(see_other(&format!("{}?lang={lang}{said}", path_of(&call, &row))))
}

/// The page's path: redirects stay on the host that the browser already talks to.
fn path_of(call: &Call, row: &PaymentOrderRow) -> String {
    format!("/cashier/{}", purser_engine::payments::cashier_token(&call.app.collect.key, row.id))
}

/// Styles and script of the cashier page
#[utoipa::path(get, path = "/cashier/assets/{file}", tag = "cashier",
    params(("file" = String, Path, description = "`cashier.css` or `cashier.js`")),
    responses((status = 200, content_type = "text/css", body = String, description = "The file")))]
pub(crate) async fn cashier_asset(Path(file): Path<String>) -> Result<Response, Problem> {
    let (kind, text) = match file.as_str() {
        "cashier.css" => ("text/css; charset=utf-8", STYLE),
        "cashier.js" => ("text/javascript; charset=utf-8", SCRIPT),
        _ => return Err(Problem::not_found("route_unknown", "there is no such file")),
    };
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}
