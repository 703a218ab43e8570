//! Verifying identities over HTTP.

use purser_domain::identity::Verdict;
use purser_engine::ports::{Hands, IdentityClaim, RunError, Verifier};
use serde_json::{Value, json};

use super::endpoint::{Answer, Endpoint, stable_code};

/// Asks the platform's verification service.
#[derive(Debug)]
pub struct HttpVerifier(Endpoint);

impl HttpVerifier {
    /// Where the service is.
    pub fn new(endpoint: Endpoint) -> Self {
        Self(endpoint)
    }
}

/// Only an answer that says so verifies anybody.
fn verdict(content: &Value) -> Result<Verdict, RunError> {
    match content.get("outcome").and_then(Value::as_str) {
        Some("verified") => Ok(Verdict::Match),
        Some("later") => Ok(Verdict::Pending),
        Some("refused") => {
            Ok(Verdict::Mismatch(stable_code(content).unwrap_or_else(|| "refused".to_owned())))
        }
        _ => {
            let text = "the verifier's answer has no `outcome` of verified, refused or later";
            Err(RunError::Failed(text.to_owned()))
        }
    }
}

impl Verifier for HttpVerifier {
    fn verify(&mut self, claim: &IdentityClaim, hands: &mut Hands<'_>) -> Result<Verdict, RunError> {
        let id = claim.reference.with_prefix("idv");
        let content = json!({
            "id": id,
            "kind": claim.kind.name(),
            "name": claim.name,
            "number": claim.number,
        });
        match self.0.ask(&id, &content, hands.clock.machine())? {
            Answer::Taken(content) => verdict(&content),
            Answer::Refused(code) => Ok(Verdict::Mismatch(code)),
        }
    }
}
