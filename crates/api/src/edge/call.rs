//! Request id, access, and the answer's last touches.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use purser_domain::ids::Uid;
use purser_engine::{
    access::{Identity, Scopes},
    clock::Stopwatch,
};

use crate::{
    App,
    access::{Access, Need, ROUTES, index_of},
    problem::Problem,
};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that may go on: who calls, under which key.
#[derive(Clone)]
pub(crate) struct Call(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: Arc<App>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) request_id: String,
    pub(crate) key: Option<String>,
    pub(crate) dry_run: bool,
    pub(crate) if_match: Option<i64>,
    pub(crate) bulk: bool,
}

impl Call {
    /// For answers that carry a secret: they must not be remembered.
    pub(crate) fn unkeyed(&self) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            app: Arc::clone(&inner.app),
            identity: Arc::clone(&inner.identity),
            request_id: inner.request_id.clone(),
            key: None,
            ..**inner
        }))
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
pub(crate) async fn enter(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let watch = Stopwatch::start();
    app.metrics.started();
    let request_id = request_id(&app, request.headers());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().and_then(|path| index_of(request.method(), path.as_str()));
    let outcome = match route.and_then(|index| ROUTES.get(index)) {
        Some(access) => {
            let query = request.uri().query();
            admit(&app, access, request.headers(), query, &request_id).await.map(Some)
        }
        // No such route or method: the fallbacks say so.
        None => Ok(None),
    };
    let mut response = match outcome {
        Ok(call) => {
            if let Some(call) = call {
                request.extensions_mut().insert(call);
            }
            next.run(request).await
        }
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
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    app.metrics.finished(route, response.status().as_u16(), watch.micros());
    response
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

/// A statement may name 10,000 orders.
const NAMES_MANY: &str = "/v1/settlements";

async fn admit(
    app: &Arc<App>,
    access: &Access,
    headers: &HeaderMap,
    query: Option<&str>,
    request_id: &str,
) -> Result<Call, Problem> {
    let identity = match access.need {
        Need::Public => nobody(),
        Need::Anyone => identify(app, headers).await?,
        Need::Scope(scope) => {
            let identity = identify(app, headers).await?;
            if !identity.scopes.has(scope) {
                let text = format!("this needs the scope `{}`, which your token does not have", scope.name());
                return Err(Problem::new(StatusCode::FORBIDDEN, "scope_missing", text));
            }
            identity
        }
    };
    let dry_run = match query_value(query, "dry_run") {
        None | Some("false") => false,
        Some("true") if access.money => true,
        Some("true") => return Err(Problem::invalid("dry_run", "this request cannot be tried dry")),
        Some(_) => return Err(Problem::invalid("dry_run", "write dry_run=true or leave it out")),
    };
    let key = idempotency_key(headers)?;
    if access.money && !dry_run && key.is_none() {
        let text = "every money write needs a header Idempotency-Key of 1 to 255 visible ASCII characters, \
                    unique per request; send the same key again when you did not get an answer";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_required", text)
            .at("Idempotency-Key", "missing"));
    }
    Ok(Call(Arc::new(Inner {
        app: Arc::clone(app),
        identity,
        request_id: request_id.to_owned(),
        // Without a client of its own a key would be everybody's.
        key: key.filter(|_| !dry_run && access.need != Need::Public),
        dry_run,
        if_match: if_match(headers)?,
        bulk: access.path.ends_with("/bulk") || access.path == NAMES_MANY,
    })))
}

fn nobody() -> Arc<Identity> {
    let (client, actor) = (Uid::NIL, "anonymous".to_owned());
    Arc::new(Identity { client, actor, scopes: Scopes::NONE, until: None, session: None })
}

async fn identify(app: &Arc<App>, headers: &HeaderMap) -> Result<Arc<Identity>, Problem> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|text| text.strip_prefix("Bearer ")).map(str::trim) else {
        let text = "send `Authorization: Bearer <token>`; make a token with `purser keys create`";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "token_missing", text));
    };
    app.identify(token).await?.ok_or_else(|| {
        let text = "this token is unknown, expired or revoked";
        Problem::new(StatusCode::UNAUTHORIZED, "token_invalid", text)
    })
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

/// Entity tags are versions: `"3"`.
fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
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

fn query_value<'a>(query: Option<&'a str>, name: &str) -> Option<&'a str> {
    query?.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v)
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
