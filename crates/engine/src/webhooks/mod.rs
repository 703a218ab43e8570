//! Webhooks (P15): addresses of the platform that are told of events, signed as Standard Webhooks are.
//!
//! Nothing is written with the event itself: whoever serves webhooks reads the feed from where each endpoint stands,
//! writes down what is to be delivered and where it stands now in one commit ([`fan_out`]), and a job of its own carries
//! each delivery ([`run_delivery`]). So every event that an endpoint wants is delivered at least once, whichever server
//! dies in between, and no write of the books waits for any of it.

mod change;
mod clean;
mod deliver;
mod fan_out;
mod queries;
mod rows;

pub use change::{ChangeWebhook, CreateWebhook, DeleteWebhook, ReplayDeliveries, TestWebhook, WebhookChange};
pub(crate) use clean::CleanDeliveries;
pub use deliver::{DELIVER, run_delivery};
pub use fan_out::fan_out;
pub use queries::{DeliveryFilter, deliveries, replayable, webhook, webhooks};
pub use rows::{DELIVERY_STATES, WebhookDeliveryRow, WebhookRow};

use purser_storage::{Statement, Table};

/// Tables of this module.
pub(crate) const TABLES: &[&Table] = &[&rows::WEBHOOKS, &rows::WEBHOOK_DELIVERIES];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, clean::STATEMENTS].concat()
}
