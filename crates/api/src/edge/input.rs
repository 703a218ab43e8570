//! Reading input strictly: unknown fields, wrong types and impossible amounts are named, never guessed around.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{StatusCode, header, request::Parts},
};
use purser_domain::{policy::keys::LARGEST_FILE, time::Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, Visitor},
};
use tokio::sync::OwnedSemaphorePermit;

use super::Call;
use crate::problem::Problem;

/// A body that was read strictly, with the digest that its idempotency key covers.
pub(crate) struct Body<T> {
    pub(crate) value: T,
    pub(crate) digest: [u8; 32],
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Some(call) = parts.extensions.get::<Call>() else {
            return Err(purser_engine::Failure::Bug.into());
        };
        let limit = if call.bulk { call.app.bulk_body_limit } else { call.app.body_limit };
        check_type(&parts)?;
        let bytes = bounded(&parts, body, limit).await?;
        let digest = digest(&[parts.method.as_str().as_bytes(), parts.uri.path().as_bytes()], &bytes);
        Ok(Self { value: parse(&bytes)?, digest })
    }
}

/// A file as it is, with the digest that its idempotency key covers: method, path, query and bytes.
pub(crate) struct RawBody {
    pub(crate) content: Vec<u8>,
    pub(crate) digest: [u8; 32],
    /// Only so many files are in memory at a time: to be dropped when the bytes are stored or refused.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// A sender that is slower keeps others waiting.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(120);

impl<S: Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Some(call) = parts.extensions.get::<Call>() else {
            return Err(purser_engine::Failure::Bug.into());
        };
        let Ok(permit) = Arc::clone(&call.app.uploads).acquire_owned().await else {
            return Err(purser_engine::Failure::Stopping.into());
        };
        let limit = usize::try_from(LARGEST_FILE).unwrap_or(usize::MAX);
        let reading = tokio::time::timeout(UPLOAD_PATIENCE, bounded(&parts, body, limit));
        let Ok(bytes) = reading.await else {
            let text = "the file did not arrive within two minutes";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", text));
        };
        let bytes = bytes?;
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let digest = digest(&[parts.method.as_str().as_bytes(), parts.uri.path().as_bytes(), query], &bytes);
        Ok(Self { content: bytes.into(), digest, permit })
    }
}

/// A body of at most `limit` bytes.
async fn bounded(parts: &Parts, body: axum::body::Body, limit: usize) -> Result<axum::body::Bytes, Problem> {
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: usize| length > limit) {
        return Err(too_large(limit));
    }
    to_bytes(body, limit).await.map_err(|error| {
        // The limit is the only cause that carries a source of its own; anything else is a broken connection.
        match std::error::Error::source(&error) {
            Some(_) => too_large(limit),
            None => Problem::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended early"),
        }
    })
}

fn digest(names: &[&[u8]], bytes: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in names {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.update(bytes).finalize().as_bytes()
}

fn too_large(limit: usize) -> Problem {
    let text = format!("a body here has at most {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
}

fn check_type(parts: &Parts) -> Result<(), Problem> {
    let given = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let text = "send JSON with `Content-Type: application/json`";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unsupported", text))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // The path is tracked only when something is wrong: the second reading is the slow one.
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(value);
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut reader) else {
        // A whole value, then something more.
        let text =
            reader.end().map_or_else(|error| error.to_string(), |()| "the body could not be read".to_owned());
        return Err(Problem::new(StatusCode::BAD_REQUEST, "json_invalid", text));
    };
    let pointer = pointer(error.path());
    let inner = error.into_inner();
    if inner.classify() == serde_json::error::Category::Data {
        let text = inner.to_string();
        let text = text.split(" at line ").next().unwrap_or(&text).to_owned();
        return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_input", format!("{pointer}: {text}"))
            .at(pointer, text));
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "json_invalid", format!("the body is not JSON: {inner}")))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                // Writing to a string cannot fail.
                let _ = write!(out, "/{index}");
            }
            Segment::Map { key } => {
                out.push('/');
                out.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    out
}

/// Query parameters, read strictly.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(error) => Err(Problem::invalid("query", error.body_text())),
        }
    }
}

/// An amount in minor units: a JSON integer above zero that fits in 64 bits. Floats and texts are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) i64);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an amount in minor units: an integer from 1 to {}", i64::MAX)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Amount, E> {
        if value > 0 {
            Ok(Amount(value))
        } else {
            Err(E::custom(format_args!("the amount must be above zero, got {value}")))
        }
    }

    fn visit_f64<E: Error>(self, _value: f64) -> Result<Amount, E> {
        // Integers beyond 64 bits arrive here too.
        let text = "an amount is an integer of minor units from 1 to 9223372036854775807, without fraction or exponent";
        Err(E::custom(text))
    }

    fn visit_str<E: Error>(self, _value: &str) -> Result<Amount, E> {
        Err(E::custom("an amount is a JSON integer of minor units, not a text: leave the quotes out"))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Amount, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::custom(format_args!("the amount must be at most {}, got {value}", i64::MAX))),
        }
    }
}

/// An instant: RFC 3339 with an offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Reads an id of the path or of a field.
pub(crate) fn parse_id<T: FromStr>(text: &str, pointer: &str) -> Result<T, Problem>
where
    T::Err: fmt::Display,
{
    text.parse().map_err(|error: T::Err| Problem::invalid(pointer, error.to_string()))
}

/// The size of a bulk request: 1 to `most` items at `pointer`.
pub(crate) fn bulk_size(pointer: &str, count: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    let text = format!("a bulk request has 1 to {most} items, this one has {count}");
    Err(Problem::new(StatusCode::BAD_REQUEST, "bulk_size", text.clone()).at(pointer, text))
}
