//! Problems (RFC 9457): the one shape of every answer that is not a success.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use purser_engine::{Failure, FaultKind, Rejection, facts::Fact};
use serde::Serialize;
use utoipa::ToSchema;

use crate::words::words;

/// What is wrong with one part of the input.
#[derive(Debug, Clone, Serialize, ToSchema, PartialEq, Eq)]
pub(crate) struct FieldError {
    /// JSON pointer into the body, or the name of a parameter or header.
    pub(crate) pointer: String,
    /// What is wrong, and what would be right.
    pub(crate) detail: String,
}

/// A problem as it is written (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// Names the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// The same for every problem of the kind.
    title: String,
    /// HTTP status.
    status: u16,
    /// What happened here.
    detail: &'a str,
    /// Stable machine code.
    code: &'a str,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// Request id, also in `X-Request-Id`.
    instance: &'a str,
    /// Parts of the input that are wrong.
    errors: &'a [FieldError],
    /// Further values; where people meet the refusal, `message_zh` and `message_en` are what they
    /// read, and `who_must_act` is whose turn it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    facts: Option<serde_json::Value>,
}

/// A problem on its way out; the edge adds the request id.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    detail: String,
    retryable: bool,
    errors: Vec<FieldError>,
    facts: Option<serde_json::Value>,
    retry_after: Option<u32>,
}

/// Media type of problems.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: Cow::Borrowed(code),
            detail: detail.into(),
            retryable: false,
            errors: Vec::new(),
            facts: None,
            retry_after: None,
        }
    }

    /// 400 about one field or parameter.
    pub(crate) fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(StatusCode::BAD_REQUEST, "invalid_input", detail.clone()).at(pointer, detail)
    }

    /// 404 of a resource.
    pub(crate) fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    pub(crate) fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// A further value, beside what people read of the code.
    pub(crate) fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        let facts = self.facts.get_or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
        if let serde_json::Value::Object(facts) = facts {
            facts.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(crate) fn retry(mut self, after_seconds: u32) -> Self {
        self.retryable = true;
        self.retry_after = Some(after_seconds);
        self
    }

    /// The bytes.
    pub(crate) fn json(&self, instance: &str) -> Vec<u8> {
        let body = ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: title(&self.code),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            retryable: self.retryable,
            instance,
            errors: &self.errors,
            facts: self.facts(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    /// The facts, with what people read of the code unless the refusal brought its own sentences.
    fn facts(&self) -> Option<serde_json::Value> {
        let Some(words) = words(&self.code) else { return self.facts.clone() };
        let mut facts = match &self.facts {
            Some(serde_json::Value::Object(facts)) => facts.clone(),
            _ => serde_json::Map::new(),
        };
        let known =
            [("message_zh", words.zh), ("message_en", words.en), ("who_must_act", words.actor.name())];
        for (name, text) in known {
            facts.entry(name).or_insert_with(|| text.into());
        }
        Some(serde_json::Value::Object(facts))
    }

    /// The whole answer.
    pub(crate) fn respond(&self, instance: &str) -> Response {
        let mut response = Response::new(Body::from(self.json(instance)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn title(code: &str) -> String {
    let mut text = code.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

impl IntoResponse for Problem {
    /// Leaves the problem for the edge, which knows the request id.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let status = match rejection.code {
            "version_conflict" => StatusCode::PRECONDITION_FAILED,
            "sign_in_refused" | "totp_required" => StatusCode::UNAUTHORIZED,
            "account_locked" | "staff_needed" => StatusCode::FORBIDDEN,
            "login_taken" => StatusCode::CONFLICT,
            code if code.ends_with("_unknown") && rejection.field.is_none() => StatusCode::NOT_FOUND,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let mut problem = Self::new(status, rejection.code, rejection.message.clone());
        if let Some(field) = &rejection.field {
            problem = problem.at(field.clone(), rejection.message.clone());
        }
        let facts: serde_json::Map<_, _> = rejection.facts.iter().map(named).collect();
        problem.facts = (!facts.is_empty()).then_some(serde_json::Value::Object(facts));
        problem
    }
}

/// A fact as JSON.
pub(crate) fn named((name, fact): (&str, Fact)) -> (String, serde_json::Value) {
    let value = match fact {
        Fact::Int(value) => value.into(),
        Fact::Text(value) => value.into(),
        Fact::Flag(value) => value.into(),
    };
    (name.to_owned(), value)
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        let text = failure.to_string();
        match failure {
            Failure::KeyReused => Self::new(StatusCode::CONFLICT, "idempotency_key_reused", text),
            Failure::Busy => Self::new(unavailable, "busy", text).retry(1),
            Failure::Stopping => Self::new(unavailable, "stopping", text).retry(5),
            Failure::Fault(fault) => fault.into(),
            Failure::Bug => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", text),
        }
    }
}

impl From<purser_engine::Fault> for Problem {
    fn from(fault: purser_engine::Fault) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        if fault.kind == FaultKind::Full {
            let text =
                "there is no room to write: nothing was acknowledged; it works again when there is room";
            return Self::new(status, "storage_full", text).retry(30);
        }
        // The driver's words stay in the log: they mean nothing to a client.
        Self::new(status, "storage_unavailable", "the storage failed: try again under the same key").retry(2)
    }
}
