//! Webhooks over HTTP (P15), as Standard Webhooks 1.0 has them.

use std::{io::Read as _, time::Duration};

use purser_domain::time::SECOND;
use purser_engine::ports::{Courier, Posted, WebhookMessage};
use ureq::Agent;

use super::{
    Secret,
    endpoint::what_failed,
    guard::{Guarded, Private},
};
use crate::http::{agent, agent_with};

/// How much of an answer is read: it says nothing that is looked at, but reading it keeps the connection.
const ANSWER_MAX: u64 = 16 * 1024;

/// Delivers to addresses of the world.
#[derive(Debug, Clone)]
pub struct HttpCourier {
    agent: Agent,
}

impl HttpCourier {
    /// `private`: also to addresses of this server's own network, for tests and for platforms that want it so.
    pub fn new(time_out: Duration, private: bool) -> Self {
        let agent = if private { agent(time_out) } else { agent_with(time_out, Guarded::default()) };
        Self { agent }
    }
}

impl Courier for HttpCourier {
    fn post(&mut self, message: &WebhookMessage<'_>) -> Posted {
        let seconds = message.at.0.div_euclid(SECOND);
        let sign = |secret: &[u8; 32]| Secret::of(secret).sign(message.id, seconds, message.body);
        let signatures: Vec<String> = message.secrets.iter().map(sign).collect();
        let request = self
            .agent
            .post(message.url)
            .content_type("application/json")
            .header("user-agent", concat!("Purser/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", message.id)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures.join(" "));
        let mut reply = match request.send(message.body) {
            Ok(reply) => reply,
            Err(ureq::Error::Other(other)) if other.is::<Private>() => {
                return Posted { error: Private.to_string(), ..Posted::default() };
            }
            Err(error) => return Posted { error: what_failed(&error), ..Posted::default() },
        };
        let status = reply.status().as_u16();
        let asked =
            reply.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        // Whether the rest comes through changes nothing: the status has been said.
        let _ = std::io::copy(&mut reply.body_mut().as_reader().take(ANSWER_MAX), &mut std::io::sink());
        match status {
            200..=299 => Posted { status: Some(status), ..Posted::default() },
            300..=399 => Posted {
                status: Some(status),
                error: "it points somewhere else: name the final address".to_owned(),
                retry_after: None,
            },
            _ => Posted {
                status: Some(status),
                error: format!("it answers with HTTP status {status}"),
                retry_after: asked.filter(|_| matches!(status, 429 | 503)),
            },
        }
    }
}
