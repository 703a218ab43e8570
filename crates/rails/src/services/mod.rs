//! Services that the platform puts behind two addresses (P7, P8, P15): one sends messages to phones, one verifies
//! identities. Each call is a POST of a JSON object, signed as Standard Webhooks are, with an id that stays the same
//! however often it is made. `docs/guides/connect-sms-and-verification.md` is the contract.

mod courier;
mod endpoint;
mod guard;
mod sms;
mod verifier;

pub use courier::HttpCourier;
pub use endpoint::{Answer, Endpoint, Secret, SecretError};
pub use sms::HttpSender;
pub use verifier::HttpVerifier;
