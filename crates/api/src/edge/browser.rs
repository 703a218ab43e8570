//! Callers that are browsers: their session is a cookie, so what they change carries a token that only a page of this
//! server can know (P18).

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use purser_domain::time::Timestamp;

use crate::{App, problem::Problem};

/// Header of the token against requests that another site makes a browser send.
pub(crate) static CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
/// Which of the two sessions a browser means; the portal's when absent.
static CONSOLE: HeaderName = HeaderName::from_static("x-purser-console");

/// Where a browser is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Console {
    /// A party's portal.
    Portal,
    /// The back office.
    Staff,
}

impl Console {
    /// The one that a request means.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match headers.get(&CONSOLE) {
            Some(value) if value == "staff" => Self::Staff,
            _ => Self::Portal,
        }
    }

    const fn token_prefix(self) -> &'static str {
        match self {
            Self::Portal => "ps_",
            Self::Staff => "ss_",
        }
    }

    /// With https a browser takes a cookie of such a name from this host alone.
    const fn cookie(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Portal, false) => "purser_portal",
            (Self::Portal, true) => "__Host-purser_portal",
            (Self::Staff, false) => "purser_staff",
            (Self::Staff, true) => "__Host-purser_staff",
        }
    }

    /// The token in the cookie of a request.
    pub(crate) fn token(self, app: &App, headers: &HeaderMap) -> Option<String> {
        let name = self.cookie(app.secure_cookies);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, token) = pairs.find(|(key, _)| *key == name)?;
        token.starts_with(self.token_prefix()).then(|| token.to_owned())
    }

    /// `Set-Cookie` for a session that ends then; an empty token takes it away.
    pub(crate) fn set(self, app: &App, token: &str, until: Timestamp) -> Option<(HeaderName, HeaderValue)> {
        let seconds = if token.is_empty() { 0 } else { (until.0 - app.clock.machine().0).max(0) / 1_000_000 };
        let secure = if app.secure_cookies { "; Secure" } else { "" };
        let name = self.cookie(app.secure_cookies);
        let text = format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).ok().map(|value| (header::SET_COOKIE, value))
    }
}

/// The token that belongs to a session: only who holds the session can make it, and only a page of this server may
/// read it.
pub(crate) fn csrf_token(token: &str) -> String {
    blake3::Hash::from(blake3::derive_key("purser csrf token v1", token.as_bytes())).to_hex().to_string()
}

/// Whether a request of a browser may change something.
pub(crate) fn check_csrf(method: &Method, headers: &HeaderMap, token: &str) -> Result<(), Problem> {
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let given = headers.get(&CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // blake3's hash type compares in constant time.
    let right = blake3::Hash::from_hex(given).is_ok_and(|given| {
        given == blake3::Hash::from(blake3::derive_key("purser csrf token v1", token.as_bytes()))
    });
    if right {
        return Ok(());
    }
    let text = "a browser that changes something sends the session's `csrf_token` as X-CSRF-Token";
    Err(Problem::new(StatusCode::FORBIDDEN, "csrf_token_wrong", text))
}
