//! Rows of webhooks: endpoints, and what was sent to them.

use purser_domain::{
    ids::{WebhookDeliveryId, WebhookId},
    time::Timestamp,
    webhooks::{Profile, State},
};

use crate::{feed::Places, record};

record! {
    /// An address of the platform that is told of events (P15).
    pub struct WebhookRow in WEBHOOKS = 140, "webhooks", lock Update, key(id: WebhookId) {
        /// For people.
        name: String,
        /// Where messages go.
        url: String,
        /// Patterns of events, with blanks between them.
        wanted: String,
        /// State.
        state: String,
        /// Why it is disabled.
        reason: String,
        /// Which of its secrets signs: the books keep none, they follow from the key and this number.
        generation: i64,
        /// Until when the secret before signs too; machine time.
        old_until: Option<Timestamp>,
        /// Up to where events were looked at.
        places: String,
        /// Since when nothing arrived any more.
        failing_since: Option<Timestamp>,
        /// When it was made.
        created_at: Timestamp,
        /// By whom.
        created_by: String,
        /// Counts changes by people: the `ETag`.
        version: i64,
    }
}

record! {
    /// An event on its way to an endpoint, or what became of it.
    pub struct WebhookDeliveryRow in WEBHOOK_DELIVERIES = 141, "webhook_deliveries", lock Update,
    key(webhook: WebhookId, id: WebhookDeliveryId) {
        /// Group of the event.
        grp: i64,
        /// Its position there.
        n: i64,
        /// Its kind.
        kind: String,
        /// When it happened.
        at: Timestamp,
        /// `pending`, `delivered` or `failed`.
        state: String,
        /// How often it was tried, since it was last wanted.
        attempts: i64,
        /// How often it was wanted: 1, and once more for each replay.
        rounds: i64,
        /// Not tried before.
        next_at: Option<Timestamp>,
        /// When it was tried last.
        tried_at: Option<Timestamp>,
        /// The HTTP status that came back last.
        status: Option<i64>,
        /// Why it did not arrive, without anything of its content.
        error: String,
    }
}

/// On its way.
pub(super) const PENDING: &str = "pending";
/// It arrived.
pub(super) const DELIVERED: &str = "delivered";
/// It will not be tried again by itself.
pub(super) const FAILED: &str = "failed";

/// States of a delivery.
pub const DELIVERY_STATES: [&str; 3] = [PENDING, DELIVERED, FAILED];

impl WebhookRow {
    /// Its state.
    pub fn state(&self) -> State {
        State::named(&self.state).unwrap_or(State::Disabled)
    }

    /// Whether messages go out.
    pub fn is_active(&self) -> bool {
        self.state() == State::Active
    }

    /// Its patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.wanted.split_whitespace()
    }

    /// What people said of it.
    pub fn profile(&self) -> Profile {
        Profile {
            name: self.name.clone(),
            url: self.url.clone(),
            wanted: self.patterns().map(str::to_owned).collect(),
        }
    }

    pub(super) fn places(&self) -> Places {
        let place = |text: &str| {
            let mut numbers = text.split(':').map(str::parse::<i64>);
            let mut next = || numbers.next()?.ok();
            Some(crate::feed::Place { lane: next()?, seq: next()?, n: next()? })
        };
        Places(self.places.split_whitespace().filter_map(place).collect())
    }
}

/// Places in the form of a column.
pub(super) fn encoded(places: &Places) -> String {
    let one = |place: &crate::feed::Place| format!("{}:{}:{}", place.lane, place.seq, place.n);
    places.0.iter().map(one).collect::<Vec<_>>().join(" ")
}
