//! Request id, access, and the answer's last touches.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use purser_domain::ids::{StaffId, Uid};
use purser_engine::{
    Origin,
    access::{Identity, Scopes},
    clock::Stopwatch,
};

use tracing::{Instrument as _, Span, field::Empty};

use crate::{
    App,
    access::{Access, Need, ROUTES, index_of},
    devices::wants_device,
    problem::Problem,
};

use super::{
    browser::{Console, check_csrf},
    own,
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that may go on: who calls, under which key.
#[derive(Clone)]
pub(crate) struct Call(Arc<Inner>);

#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the request, from another place")]
pub(crate) struct Inner {
    pub(crate) app: Arc<App>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) request_id: String,
    /// The address that the request came from, as the socket says; empty when there is none.
    pub(crate) address: String,
    pub(crate) key: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) if_match: Option<i64>,
    /// The answer carries the new version as entity tag.
    pub(crate) versioned: bool,
    pub(crate) bulk: bool,
    /// The session came as a cookie: this is its token. Absent for programs.
    pub(crate) cookie: Option<String>,
    /// Whose the body is has still to be looked at.
    look_into_body: bool,
}

impl Call {
    /// For answers that carry a secret: they must not be remembered.
    pub(crate) fn unkeyed(&self) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            app: Arc::clone(&inner.app),
            identity: Arc::clone(&inner.identity),
            request_id: inner.request_id.clone(),
            address: inner.address.clone(),
            key: None,
            cookie: inner.cookie.clone(),
            ..**inner
        }))
    }

    /// From where, for the audit log (P17).
    pub(crate) fn origin(&self) -> Origin {
        Origin { request_id: self.request_id.clone(), address: self.address.clone() }
    }

    /// The member of staff who calls; keys are not people. `text` says what people do here.
    pub(crate) fn person(&self, text: &'static str) -> Result<StaffId, Problem> {
        if self.identity.session.is_some() {
            return Ok(StaffId(self.identity.client));
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "staff_needed", text))
    }
}

impl std::ops::Deref for Call {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Call {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // Absent only when a route was added beside the edge.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| purser_engine::Failure::Bug.into())
    }
}

/// The one middleware.
pub(crate) async fn enter(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    app.metrics.started();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().and_then(|path| index_of(request.method(), path.as_str()));
    let span = span(&app, route, request.headers());
    let response = answer(&app, route, request, next).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    app.metrics.finished(route, status, watch.micros());
    response
}

/// What a trace shows of a request: the route as it is documented, never a path, a parameter or a header. Nothing is made
/// where nothing is traced.
fn span(app: &App, route: Option<usize>, headers: &HeaderMap) -> Span {
    let (method, path) =
        route.and_then(|index| ROUTES.get(index)).map_or(("", "unknown"), |row| (row.method, row.path));
    let span = tracing::info_span!(
        target: "trace.purser", "http.request", otel.name = %format_args!("{method} {path}"), otel.kind = "server",
        http.request.method = method, http.route = path, http.response.status_code = Empty,
        otel.status_code = Empty
    );
    if let Some(continue_trace) = app.continue_trace.filter(|_| !span.is_disabled()) {
        continue_trace(&span, headers);
    }
    span
}

async fn answer(app: &Arc<App>, route: Option<usize>, mut request: Request, next: Next) -> Response {
    let request_id = request_id(app, request.headers());
    let outcome = match route.and_then(|index| ROUTES.get(index)) {
        Some(access) => {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let address = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
            admit(app, access, (request.uri(), request.headers()), (&request_id, address)).await.map(Some)
        }
        // No such route or method: the fallbacks say so.
        None => Ok(None),
    };
    let mut response = match outcome {
        Ok(Some(call)) => {
            request.extensions_mut().insert(call.clone());
            match whole(app, &call, request).await {
                Ok(request) => next.run(request).await,
                Err(problem) => problem.into_response(),
            }
        }
        Ok(None) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.respond(&request_id);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    // Pages say themselves how long they keep.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The request, once its body is known to be the caller's own.
async fn whole(app: &App, call: &Call, request: Request) -> Result<Request, Problem> {
    match call.identity.portal {
        Some(portal) if call.look_into_body => {
            let most = if call.bulk { app.bulk_body_limit } else { app.body_limit };
            own::look_into(most, portal, request).await
        }
        _ => Ok(request),
    }
}

fn request_id(app: &App, headers: &HeaderMap) -> String {
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    match given.filter(|text| visible(text, 128)) {
        Some(text) => text.to_owned(),
        None => app.new_uid().with_prefix("req"),
    }
}

fn visible(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A statement may name 10,000 orders, and so many clicks may be invalid.
const NAME_MANY: [&str; 2] = ["/v1/settlements", "/v1/ad-clicks/invalid"];
/// How the paths end that are written to with parameters of their own.
const TAKES_PARAMETERS: &str = "/attachments";

async fn admit(
    app: &Arc<App>,
    access: &Access,
    (uri, headers): (&Uri, &HeaderMap),
    (request_id, address): (&str, Option<IpAddr>),
) -> Result<Call, Problem> {
    let (identity, cookie) = match access.need {
        Need::Public => {
            app.limits.of_address(address)?;
            (nobody(), None)
        }
        Need::Anyone | Need::Scope(_) => match identify(app, access, headers).await {
            Ok(known) => {
                app.limits.of_caller(&known.0)?;
                known
            }
            Err(problem) => {
                // Whoever tries tokens is told so more slowly.
                app.limits.of_address(address)?;
                return Err(problem);
            }
        },
    };
    let look_into_body = match (identity.portal, access.need) {
        (Some(portal), _) => own::admit(app, access, portal, uri).await?,
        (None, Need::Scope(scope)) => {
            if identity.must_change_password {
                let text = "somebody else has set your password: change it first, at POST /v1/me/password";
                return Err(Problem::new(StatusCode::FORBIDDEN, "password_change_needed", text));
            }
            if let Some(role) = identity.role.filter(|_| !identity.has_totp)
                && wants_device(app, role)
            {
                let text =
                    "your role needs a device for one-time codes: enrol one first, at POST /v1/me/totp";
                return Err(Problem::new(StatusCode::FORBIDDEN, "totp_enrolment_needed", text));
            }
            if !identity.scopes.has(scope) {
                let text = format!("this needs the scope `{}`, which your token does not have", scope.name());
                return Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text));
            }
            false
        }
        (None, _) => false,
    };
    let dry_run = dry_run(access, uri.query())?;
    let key = idempotency_key(headers)?;
    if access.money && !access.own_ids && !dry_run && key.is_none() {
        let text = "every money write needs a header Idempotency-Key of 1 to 255 visible ASCII characters, \
                    unique per request; send the same key again when you did not get an answer";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_required", text)
            .at("Idempotency-Key", "missing"));
    }
    Ok(Call(Arc::new(Inner {
        app: Arc::clone(app),
        identity,
        request_id: request_id.to_owned(),
        address: address.map_or_else(String::new, |address| address.to_string()),
        // Without a client of its own a key would be everybody's.
        key: key.filter(|_| !dry_run && !access.own_ids && access.need != Need::Public),
        dry_run,
        if_match: if_match(access, headers)?,
        versioned: access.versioned,
        bulk: access.path.ends_with("/bulk") || NAME_MANY.contains(&access.path),
        cookie,
        look_into_body,
    })))
}

fn nobody() -> Arc<Identity> {
    Arc::new(nobody_at_all())
}

pub(super) fn nobody_at_all() -> Identity {
    Identity {
        client: Uid::NIL,
        actor: "anonymous".to_owned(),
        scopes: Scopes::NONE,
        until: None,
        session: None,
        role: None,
        has_totp: false,
        seen_at: None,
        must_change_password: false,
        portal: None,
    }
}

/// Sessions of the portal are cookies, and nothing else.
const COOKIES_ONLY: &str = "ps_";

/// Who calls; with the token, when it came as a cookie.
async fn identify(
    app: &Arc<App>,
    access: &Access,
    headers: &HeaderMap,
) -> Result<(Arc<Identity>, Option<String>), Problem> {
    let invalid = || {
        let text = "this token is unknown, expired or revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "token_invalid", text)
    };
    let missing = || {
        let text = "send `Authorization: Bearer <token>`; make a token with `purser keys create`";
        Problem::new(StatusCode::UNAUTHORIZED, "token_missing", text)
    };
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let token = given.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).map(str::trim);
        let token = token.ok_or_else(missing)?;
        if token.starts_with(COOKIES_ONLY) {
            return Err(invalid());
        }
        return Ok((app.identify(token).await?.ok_or_else(invalid)?, None));
    }
    let token = Console::of(headers).token(app, headers).ok_or_else(missing)?;
    let identity = app.identify(&token).await?.ok_or_else(invalid)?;
    let method = Method::from_bytes(access.method.as_bytes()).unwrap_or(Method::POST);
    check_csrf(&method, headers, &token)?;
    Ok((identity, Some(token)))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(text) if visible(text, 255) => Ok(Some(text.to_owned())),
        _ => {
            let text = "an idempotency key has 1 to 255 visible ASCII characters";
            Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_invalid", text)
                .at("Idempotency-Key", text))
        }
    }
}

/// Entity tags are versions: `"3"`. A condition that would not be looked at is refused: whoever sends it relies on it.
fn if_match(access: &Access, headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    if !access.versioned {
        let text = "this request does not compare versions: leave If-Match out";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "if_match_unsupported", text).at("If-Match", text));
    }
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).and_then(|t| t.parse().ok());
    match version {
        Some(version) => Ok(Some(version)),
        None => Err(Problem::invalid("If-Match", "send the ETag of the object as you read it, like \"3\"")),
    }
}

/// Whether the request is only to be tried. What changes something takes this one parameter, written out: a name that
/// was mistyped, or has no value, must not turn a trial into the real thing.
fn dry_run(access: &Access, query: Option<&str>) -> Result<bool, Problem> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let strict =
        access.method != "GET" && access.need != Need::Public && !access.path.ends_with(TAKES_PARAMETERS);
    let mut found = None;
    for pair in pairs {
        let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
        let is_dry_run = name == "dry_run";
        if strict && !is_dry_run {
            let text = format!("this request takes no parameter `{name}`, only dry_run=true");
            return Err(Problem::invalid("query", text));
        }
        if is_dry_run && found.replace(value).is_some() {
            return Err(Problem::invalid("dry_run", "write it once"));
        }
    }
    match found {
        None | Some(Some("false")) => Ok(false),
        Some(Some("true")) if access.money => Ok(true),
        Some(Some("true")) => Err(Problem::invalid("dry_run", "this request cannot be tried dry")),
        Some(_) => Err(Problem::invalid("dry_run", "write dry_run=true or leave it out")),
    }
}

/// 404 for everything that is not there.
pub(crate) async fn no_route() -> Problem {
    Problem::not_found("route_unknown", "there is no such route; GET /openapi.json lists all")
}

/// 405; the router adds `Allow`.
pub(crate) async fn no_method(method: Method) -> Problem {
    let text = format!("this route does not take {method}; the header Allow lists what it takes");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
}
