//! A signed call, and what its answer means.

use std::{io::Read as _, time::Duration};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use purser_domain::time::{SECOND, Timestamp};
use purser_engine::ports::RunError;
use serde::Serialize;
use serde_json::Value;
use ureq::Agent;

use crate::http::agent;

/// Largest answer that is read.
const ANSWER_MAX: u64 = 64 * 1024;
/// Longest stable code that is taken over from an answer.
const CODE_MAX: usize = 64;
/// Digits in a row that a stable code may have: more could be a number of somebody's.
const DIGITS_MAX: usize = 4;

/// What a secret cannot be read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret is `whsec_` and then 24 to 64 random bytes in base64")]
pub struct SecretError;

/// What calls are signed with.
#[derive(Clone)]
pub struct Secret(hmac::Key);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Reads `whsec_…`; blanks around it are nothing.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(text: &str) -> Result<Self, SecretError> {
        let encoded = text.trim().strip_prefix("whsec_").ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Of random bytes.
    pub fn of(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// How people are told such bytes: `whsec_…`.
    pub fn text(bytes: &[u8; 32]) -> String {
        format!("whsec_{}", STANDARD.encode(bytes))
    }

    /// The header `webhook-signature` of a message: `v1,` and the base64 of an HMAC-SHA256 over
    /// `<id>.<seconds since 1970>.<body>`.
    pub fn sign(&self, id: &str, seconds: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }
}

/// What a service said.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// 2xx, with the object that came with it; `Null` without one.
    Taken(Value),
    /// It will not do this, however often it is asked: its stable code.
    Refused(String),
}

/// Where a service is.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: String,
    secret: Secret,
    agent: Agent,
}

impl Endpoint {
    /// `time_out`: for a whole exchange.
    pub fn new(url: &str, secret: Secret, time_out: Duration) -> Self {
        Self { url: url.to_owned(), secret, agent: agent(time_out) }
    }

    /// Makes a call. The same `id` and content again is the same call.
    ///
    /// # Errors
    /// No answer, or one that says nothing about this call: try again later. The text names nothing of the content.
    pub(super) fn ask(&self, id: &str, content: &impl Serialize, at: Timestamp) -> Result<Answer, RunError> {
        let body = serde_json::to_string(content)
            .map_err(|_| RunError::Failed("the call cannot be written".to_owned()))?;
        let seconds = at.0.div_euclid(SECOND);
        let request = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", self.secret.sign(id, seconds, &body));
        let mut reply = request.send(body.as_str()).map_err(|error| no_answer(&error))?;
        let mut bytes = Vec::new();
        let read = reply.body_mut().as_reader().take(ANSWER_MAX).read_to_end(&mut bytes);
        let status = reply.status().as_u16();
        if about_the_call(status) {
            read.map_err(|error| RunError::Failed(format!("no usable answer: {}", error.kind())))?;
            return Ok(understood(status, &bytes));
        }
        Err(RunError::Failed(format!("the service answers with HTTP status {status}")))
    }
}

/// What the client says may hold parts of the address, never of the content; its kind is enough.
pub(super) fn what_failed(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::HostNotFound => "its host is unknown".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Io(io) => io.kind().to_string(),
        ureq::Error::Tls(_) => "no secure connection".to_owned(),
        _ => "the exchange broke off".to_owned(),
    }
}

fn no_answer(error: &ureq::Error) -> RunError {
    RunError::Failed(format!("the service does not answer: {}", what_failed(error)))
}

/// Whether a status says something about what was asked. The others say something about the service or the connection to
/// it, also when they begin with 4: a wrong secret or address must not have messages thrown away.
const fn about_the_call(status: u16) -> bool {
    match status {
        401 | 403 | 404 | 405 | 407 | 408 | 425 | 429 => false,
        200..=299 | 400..=499 => true,
        _ => false,
    }
}

fn understood(status: u16, bytes: &[u8]) -> Answer {
    let content: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    if status < 300 {
        return Answer::Taken(content);
    }
    Answer::Refused(stable_code(&content).unwrap_or_else(|| format!("http_{status}")))
}

/// The `code` of an answer, if it looks like one: it is stored and shown, so it must not be able to hold anything of a
/// person.
pub(super) fn stable_code(content: &Value) -> Option<String> {
    let code = content.get("code").and_then(Value::as_str)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    let longest = code.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    let good = code.len() <= CODE_MAX
        && code.bytes().all(fits)
        && code.starts_with(|c: char| c.is_ascii_alphabetic())
        && longest <= DIGITS_MAX;
    good.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of Standard Webhooks.
    #[test]
    fn a_signature_is_that_of_standard_webhooks_p7_p8() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        for bad in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_???"] {
            assert_eq!(Secret::read(bad).unwrap_err(), SecretError, "{bad}");
        }
    }

    #[test]
    fn a_code_is_taken_over_only_if_it_can_hold_nothing_personal() {
        let code = |text: &str| stable_code(&json!({ "code": text }));
        for good in ["name_number_mismatch", "isv.MOBILE_NUMBER_ILLEGAL", "E-1042"] {
            assert_eq!(code(good).as_deref(), Some(good));
        }
        for bad in ["", "13800138000", "n13800138000", "张三", "no such phone", "1x", &"a".repeat(65)] {
            assert_eq!(code(bad), None, "{bad}");
        }
        assert_eq!(stable_code(&json!({ "code": 7 })), None);
        assert_eq!(stable_code(&Value::Null), None);
    }
}
