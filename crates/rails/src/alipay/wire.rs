//! How bytes get to the gateway and back.

use std::{io::Read as _, time::Duration};

use ureq::Agent;

use crate::http::agent;

/// Largest reply that is read.
const REPLY_MAX: u64 = 1024 * 1024;

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// No connection: the gateway saw nothing.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Sent, or perhaps sent; what came of it is unknown.
    #[error("no usable reply: {0}")]
    NoReply(String),
}

/// Carries one request; the contract suite has one without sockets.
pub trait Wire: Send {
    /// Posts a form and returns the reply's bytes.
    ///
    /// # Errors
    /// [`WireError`].
    fn post(&mut self, url: &str, form: &str) -> Result<Vec<u8>, WireError>;
}

/// HTTP over TLS with time-outs on every phase.
pub struct Https(Agent);

impl std::fmt::Debug for Https {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Https")
    }
}

impl Https {
    /// With a limit for a whole exchange.
    pub fn new(time_out: Duration) -> Self {
        Self(agent(time_out))
    }
}

impl Wire for Https {
    fn post(&mut self, url: &str, form: &str) -> Result<Vec<u8>, WireError> {
        let request = self.0.post(url).content_type("application/x-www-form-urlencoded;charset=utf-8");
        let mut reply = request.send(form).map_err(|error| wire_error(&error))?;
        if reply.status().as_u16() != 200 {
            return Err(WireError::NoReply(format!("HTTP status {}", reply.status().as_u16())));
        }
        let mut bytes = Vec::new();
        let read = reply.body_mut().as_reader().take(REPLY_MAX).read_to_end(&mut bytes);
        read.map_err(|error| WireError::NoReply(error.to_string()))?;
        Ok(bytes)
    }
}

/// Only what certainly happened before the request left counts as not sent.
fn wire_error(error: &ureq::Error) -> WireError {
    use std::io::ErrorKind::ConnectionRefused;
    match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::BadUri(_)
        | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
            WireError::NotSent(error.to_string())
        }
        ureq::Error::Io(io) if io.kind() == ConnectionRefused => WireError::NotSent(error.to_string()),
        other => WireError::NoReply(other.to_string()),
    }
}
