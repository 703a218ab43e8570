//! The console's pages: files of this program, served under the same port as the API. The portal is at `/portal`,
//! the back office at `/staff`, and their pages find their way below that prefix themselves.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header},
    response::Response,
    routing::get,
};

use crate::{App, edge::no_route};

/// The console's files by their paths, as its build left them; some with `.br` and `.gz` beside them.
pub trait Pages: Send + Sync {
    /// The content of a file; `None` when there is no such file.
    fn file(&self, path: &str) -> Option<Cow<'static, [u8]>>;
}

/// Scripts, fonts and pictures of this server alone, no inline script, no frame around it. Styles may stand inline: the
/// components write theirs into the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Shown where the console was not built.
const MISSING: &str = include_str!("pages/missing.html");

/// Routes of the pages. They need no token and are no part of the API's contract.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(portal))
        .route("/portal", get(portal))
        .route("/portal/", get(portal))
        .route("/portal/{*rest}", get(portal))
        .route("/staff", get(staff))
        .route("/staff/", get(staff))
        .route("/staff/{*rest}", get(staff))
        .route("/assets/{*rest}", get(asset))
}

async fn portal(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    page(&app, &headers, "portal.html")
}

async fn staff(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    page(&app, &headers, "staff.html")
}

fn page(app: &App, headers: &HeaderMap, name: &str) -> Response {
    let mut response = file(app, headers, name).unwrap_or_else(|| {
        let mut response = Response::new(Body::from(MISSING));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
        response
    });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Names of these files contain a hash of their content: they never change.
async fn asset(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    match file(&app, &headers, path) {
        Some(mut response) => {
            let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
            response.headers_mut().insert(header::CACHE_CONTROL, forever);
            response
        }
        None => axum::response::IntoResponse::into_response(no_route().await),
    }
}

const HTML: &str = "text/html; charset=utf-8";

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => HTML,
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

/// A file, compressed as its build left it where the browser takes that.
fn file(app: &App, headers: &HeaderMap, path: &str) -> Option<Response> {
    let pages = app.pages.as_ref()?;
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes = |coding: &str| {
        accepted.split(',').any(|one| {
            let mut parts = one.split(';');
            parts.next().is_some_and(|name| name.trim().eq_ignore_ascii_case(coding))
                && !parts.any(|weight| weight.trim() == "q=0")
        })
    };
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, ending)| {
        takes(coding)
            .then(|| pages.file(&format!("{path}.{ending}")))
            .flatten()
            .map(|content| (coding, content))
    });
    let (coding, content) = match packed {
        Some((coding, content)) => (Some(coding), content),
        None => (None, pages.file(path)?),
    };
    let mut response = Response::new(Body::from(content.into_owned()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Some(response)
}
