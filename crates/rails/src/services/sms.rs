//! Messages to phones over HTTP.

use purser_engine::ports::{Hands, RunError, Sender, Sent, TextMessage};
use serde_json::{Map, Value, json};

use super::endpoint::{Answer, Endpoint};

/// Hands messages to the platform's SMS service.
#[derive(Debug)]
pub struct HttpSender(Endpoint);

impl HttpSender {
    /// Where the service is.
    pub fn new(endpoint: Endpoint) -> Self {
        Self(endpoint)
    }
}

/// What the service gets; keys as in the guide.
fn content(message: &TextMessage) -> Value {
    let kind = if message.code.is_some() { "code" } else { "notice" };
    let mut values: Map<String, Value> =
        message.about.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    if let Some(code) = &message.code {
        values.insert("code".to_owned(), code.clone().into());
    }
    json!({
        "id": message.id(),
        "kind": kind,
        "purpose": message.purpose,
        "phone": message.to,
        "text_zh": message.text_zh,
        "text_en": message.text_en,
        "values": values,
    })
}

impl Sender for HttpSender {
    fn send(&mut self, message: &TextMessage, hands: &mut Hands<'_>) -> Result<Sent, RunError> {
        match self.0.ask(&message.id(), &content(message), hands.clock.machine())? {
            Answer::Taken(_) => Ok(Sent::Taken),
            Answer::Refused(code) => Ok(Sent::Refused(code)),
        }
    }
}
