//! The sandbox: the ports in front of the engine's sandbox world: its rail, its phones, and a verifier that decides by
//! rule (P7, P8, P10, P21).

use purser_domain::{identity::Verdict, withdrawals::RailOutcome};
use purser_engine::{
    ports::{Hands, IdentityClaim, PayoutOrder, Rail, RunError, Sender, Sent, TextMessage, Verifier},
    sandbox::{SandboxCall, messages},
};

/// Pays into the sandbox world.
#[derive(Debug, Default)]
pub struct SandboxRail;

impl Rail for SandboxRail {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    fn send(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        hands.call(SandboxCall { order: order.clone(), send: true })
    }

    fn query(&mut self, order: &PayoutOrder, hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        hands.call(SandboxCall { order: order.clone(), send: false })
    }
}

/// Puts messages into the sandbox's phones; `GET /v1/sandbox/outbox` shows them.
#[derive(Debug, Default)]
pub struct SandboxSender;

impl Sender for SandboxSender {
    fn send(&mut self, message: &TextMessage, hands: &mut Hands<'_>) -> Result<Sent, RunError> {
        messages::deliver(message, hands).map(|()| Sent::Taken)
    }
}

/// Decides by the name: one that contains `不符` does not belong to its number, `待查` takes for ever, `故障` makes the
/// verifier fail; every other one is right.
#[derive(Debug, Default)]
pub struct SandboxVerifier;

impl Verifier for SandboxVerifier {
    fn verify(&mut self, claim: &IdentityClaim, _hands: &mut Hands<'_>) -> Result<Verdict, RunError> {
        if claim.name.contains("故障") {
            return Err(RunError::Failed("the verifier does not answer".to_owned()));
        }
        if claim.name.contains("待查") {
            return Ok(Verdict::Pending);
        }
        if claim.name.contains("不符") {
            return Ok(Verdict::Mismatch("name_number_mismatch".to_owned()));
        }
        Ok(Verdict::Match)
    }
}
