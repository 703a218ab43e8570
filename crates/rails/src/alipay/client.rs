//! Signed calls of the open gateway: what goes out, and what is believed of what comes back.

use std::{collections::BTreeMap, sync::Arc};

use form_urlencoded::Serializer;
use purser_domain::time::{Timestamp, Zone};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    certs::Certificates,
    keys::{SigningKey, VerifyingKey, canonical},
    wire::{Wire, WireError},
};

/// Who calls whom, and what is needed to believe it.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Id of the application at the open platform.
    pub app_id: String,
    /// The application's private key.
    pub key: Arc<SigningKey>,
    /// The gateway's public key for this application (not the application's own public key).
    pub gateway_key: VerifyingKey,
    /// The certificates that both keys belong to, where the application uses certificates.
    pub certificates: Option<Certificates>,
}

/// Why a call taught nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// Perhaps sent, and no reply that can be believed: the outcome is unknown.
    #[error("{0}")]
    Unclear(String),
}

/// A reply whose signature is good.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply(Value);

impl Reply {
    /// A text of the reply; empty when it is absent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The gateway's code: `10000` is success.
    pub fn code(&self) -> &str {
        self.text("code")
    }

    /// The business code behind a refusal.
    pub fn sub_code(&self) -> &str {
        self.text("sub_code")
    }
}

#[cfg(test)]
impl Reply {
    /// As if the gateway had said this.
    pub(super) fn of(content: Value) -> Self {
        Self(content)
    }
}

/// The parameters of a request, signed, in an order that does not matter.
pub type Params = Vec<(String, String)>;

/// Calls one gateway as one application.
pub struct Client {
    credentials: Credentials,
    gateway: String,
    wire: Box<dyn Wire>,
    zone: Zone,
}

impl Client {
    /// A client of the gateway at `gateway` (an absolute URL).
    pub fn new(credentials: Credentials, gateway: &str, wire: Box<dyn Wire>) -> Self {
        // The gateway's timestamps are in UTC+8 wherever the business is.
        Self { credentials, gateway: gateway.to_owned(), wire, zone: Zone::shanghai() }
    }

    /// The gateway's address.
    pub fn gateway(&self) -> &str {
        &self.gateway
    }

    /// Makes and signs a request. `extra`: parameters beside the common ones, such as `notify_url`.
    ///
    /// # Errors
    /// [`CallError::NotSent`] when it cannot be made.
    pub fn signed(
        &self,
        method: &str,
        content: &impl Serialize,
        extra: &[(&str, &str)],
        at: Timestamp,
    ) -> Result<Params, CallError> {
        let not_sent = |error: &dyn std::fmt::Display| CallError::NotSent(error.to_string());
        let content = serde_json::to_string(content).map_err(|error| not_sent(&error))?;
        let timestamp = self.zone.datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let named = self.credentials.certificates.as_ref();
        let common = [
            ("app_id", self.credentials.app_id.as_str()),
            ("method", method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", &timestamp),
            ("version", "1.0"),
            ("biz_content", &content),
            ("app_cert_sn", named.map_or("", |named| &named.app_sn)),
            ("alipay_root_cert_sn", named.map_or("", |named| &named.root_sn)),
        ];
        let present = common.iter().chain(extra).filter(|(_, value)| !value.is_empty());
        let mut params: Params =
            present.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let text = canonical(params.iter().map(|(name, value)| (name.as_str(), value.as_str())), &["sign"]);
        let sign = self.credentials.key.sign(text.as_bytes()).map_err(|error| not_sent(&error))?;
        params.push(("sign".to_owned(), sign));
        Ok(params)
    }

    /// Calls a method and returns its reply once its signature was found good.
    ///
    /// # Errors
    /// [`CallError`].
    pub fn call(
        &mut self,
        method: &str,
        content: &impl Serialize,
        at: Timestamp,
    ) -> Result<Reply, CallError> {
        let params = self.signed(method, content, &[], at)?;
        let form = Serializer::new(String::new()).extend_pairs(&params).finish();
        let bytes = self.wire.post(&self.gateway, &form).map_err(|error| match error {
            WireError::NotSent(_) => CallError::NotSent(error.to_string()),
            WireError::NoReply(_) => CallError::Unclear(error.to_string()),
        })?;
        let certificate = self.credentials.certificates.as_ref().map(|known| known.gateway_sn.as_str());
        read_reply(&bytes, method, &self.credentials.gateway_key, certificate)
            .map_err(|text| CallError::Unclear(text.to_owned()))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}

/// The name under which a reply carries its content: `alipay.a.b` answers in `alipay_a_b_response`.
pub(super) fn response_name(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// Reads a reply. What was signed is the raw text of the content, byte by byte: it is never written anew. `certificate`:
/// which of the gateway's certificates the key is from.
fn read_reply(
    bytes: &[u8],
    method: &str,
    key: &VerifyingKey,
    certificate: Option<&str>,
) -> Result<Reply, &'static str> {
    let parts: BTreeMap<&str, &RawValue> =
        serde_json::from_slice(bytes).map_err(|_| "the reply is not a JSON object")?;
    let content = parts.get(response_name(method).as_str()).or_else(|| parts.get("error_response"));
    let content = content.ok_or("the reply has no content of the method that was called")?.get();
    let signature: String = parts
        .get("sign")
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .ok_or("the reply is not signed")?;
    let named = parts.get("alipay_cert_sn").and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    if let (Some(named), Some(known)) = (named, certificate)
        && named != known
    {
        return Err(
            "the reply is signed by another certificate of Alipay's: fetch the new one from the console",
        );
    }
    if !key.verifies(content.as_bytes(), &signature) {
        return Err("the reply's signature is not the gateway's: is its public key the right one?");
    }
    serde_json::from_str(content).map(Reply).map_err(|_| "the reply's content is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_believed_by_its_raw_text_only() {
        let key = SigningKey::generate().unwrap();
        let public = key.public().unwrap();
        let content = r#"{ "code" : "10000","msg":"Success\u6210\/", "status":"SUCCESS"}"#;
        let sign = key.sign(content.as_bytes()).unwrap();
        let reply =
            |content: &str, sign: &str| format!(r#"{{"alipay_x_y_response":{content},"sign":"{sign}"}}"#);
        let read = |text: &str| read_reply(text.as_bytes(), "alipay.x.y", &public, None);
        assert_eq!(read(&reply(content, &sign)).unwrap().text("status"), "SUCCESS");
        let other = content.replace("SUCCESS", "FAIL");
        assert!(read(&reply(&other, &sign)).unwrap_err().contains("signature"));
        assert!(read(&reply(&content.replace(" :", ":"), &sign)).is_err(), "written anew it is another text");
        let error = reply(content, &sign).replace("alipay_x_y_response", "error_response");
        assert_eq!(read(&error).unwrap().code(), "10000");
        let foreign = reply(content, &sign).replace("alipay_x_y_response", "alipay_other_response");
        for (text, why) in [
            (foreign.as_str(), "no content"),
            ("<html>502</html>", "not a JSON object"),
            ("[1]", "not a JSON object"),
            ("", "not a JSON object"),
            (r#"{"alipay_x_y_response":{"code":"10000"}}"#, "not signed"),
            (r#"{"alipay_x_y_response":{"code":"10000"},"sign":7}"#, "not signed"),
        ] {
            assert!(read(text).unwrap_err().contains(why), "{text}");
        }
    }
}
