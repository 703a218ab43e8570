//! Rows of the signs.

use std::collections::BTreeMap;

use purser_domain::{
    credit::risk::{Approval, Cohort, Reason, Review, Signal, Signals, State, decode},
    ids::{CaseId, CreditOrderId, PartyId, RiskReviewId},
    time::{Month, Timestamp},
};

use super::{Told, cohorts};
use crate::record;

record! {
    /// What is counted of a shop's orders (C21): its one row more on the way of an order.
    pub struct CreditRiskRow in CREDIT_RISKS = 105, "credit_risks", lock Update, key(party: PartyId) {
        /// Orders by the month of their authorisation, encoded by [`super::cohorts`].
        cohorts: String,
        /// Opaque hashes of the merchant's own devices, addresses and payees: sign and hash, one a line.
        own: String,
        /// When the limit rose last by enough to matter.
        raised_at: Option<Timestamp>,
        /// When proceeds were drawn last.
        drawn_at: Option<Timestamp>,
        /// Reviews of orders that wait for a decision.
        open_reviews: i64,
        /// Their case, `case_…`; empty when none is open.
        open_case: String,
        /// Counts changes.
        version: i64,
        /// Signs that people found harmless, each with its own end: `sign:µs`, with blanks between them.
        releases: String,
    }
}

record! {
    /// What was held, why, and what people decided: the label by which rules are judged later (C21).
    pub struct RiskReviewRow in RISK_REVIEWS = 106, "credit_risk_reviews", lock Update, key(id: RiskReviewId) {
        /// The shop.
        party: PartyId,
        /// What is held: an order (`co_…`) or a withdrawal (`wd_…`).
        subject: String,
        /// Minor units that were held when it was opened.
        amount: i64,
        /// Points at that time.
        score: i64,
        /// Reasons at that time, encoded by [`purser_domain::credit::risk::encode`].
        reasons: String,
        /// See [`State`].
        state: String,
        /// `system`, or who at the desk: `stf_…`.
        opened_by: String,
        /// When.
        opened_at: Timestamp,
        /// By when the desk owes a decision; absent while the calendar does not know.
        due_at: Option<Timestamp>,
        /// Its case.
        case_id: String,
        /// Who agreed to a release and how much was held then: `stf_…:minor`, with blanks between them.
        approvals: String,
        /// Who decided: `stf_…`.
        decided_by: String,
        /// Why; for the desk.
        note: String,
        /// When.
        decided_at: Option<Timestamp>,
        /// Policy version behind the score.
        policy_version: i64,
        /// Counts changes.
        version: i64,
    }
}

impl CreditRiskRow {
    /// A shop of which nothing was counted.
    pub const fn new(party: PartyId) -> Self {
        Self {
            party,
            cohorts: String::new(),
            own: String::new(),
            raised_at: None,
            drawn_at: None,
            open_reviews: 0,
            open_case: String::new(),
            version: 0,
            releases: String::new(),
        }
    }

    /// Orders by the month of their authorisation.
    pub fn cohorts(&self) -> BTreeMap<Month, Cohort> {
        cohorts::decode(&self.cohorts)
    }

    pub(super) fn set_cohorts(&mut self, cohorts: &BTreeMap<Month, Cohort>) {
        self.cohorts = cohorts::encode(cohorts);
    }

    /// Signs that count nothing at an instant because people found them harmless, each with its end.
    pub fn releases(&self, now: Timestamp) -> impl Iterator<Item = (Signal, Timestamp)> {
        let release = |word: &str| {
            let (name, until) = word.split_once(':')?;
            Some((Signal::named(name)?, Timestamp(until.parse().ok()?)))
        };
        self.releases.split_whitespace().filter_map(release).filter(move |(_, until)| now < *until)
    }

    /// The same signs.
    pub fn released_at(&self, now: Timestamp) -> Signals {
        self.releases(now).fold(Signals::NONE, |all, (signal, _)| all.with(signal))
    }

    /// Lets signs count nothing until then. Signs that were released before keep their own end: a release says nothing
    /// of what it did not look at.
    pub(super) fn release(&mut self, signals: Signals, now: Timestamp, until: Timestamp) {
        let kept = self.releases(now).filter(|(signal, _)| !signals.has(*signal));
        let new = Signal::ALL.iter().filter(|signal| signals.has(**signal)).map(|signal| (*signal, until));
        let words = kept.chain(new).map(|(signal, until)| format!("{}:{}", signal.name(), until.0));
        self.releases = words.collect::<Vec<_>>().join(" ");
    }

    /// Signs that the platform told of an order.
    pub(super) fn told(&self, told: &Told) -> Signals {
        let own = |signal: Signal, hash: &str| {
            self.own.lines().any(|line| line.split_once(' ') == Some((signal.name(), hash)))
        };
        told.hashes.iter().fold(told.signals, |all, (signal, hash)| all.with_if(*signal, own(*signal, hash)))
    }

    /// Takes over the shop's own hashes; true when they are others than before.
    pub(in crate::credit) fn set_own(&mut self, hashes: &[(Signal, String)]) -> bool {
        let mut lines: Vec<String> =
            hashes.iter().map(|(signal, hash)| format!("{} {hash}", signal.name())).collect();
        lines.sort_unstable();
        lines.dedup();
        let text = lines.join("\n");
        let changed = text != self.own;
        self.own = text;
        changed
    }

    /// Takes over how many orders the shop had in a month that is over; true when that was not known.
    pub(in crate::credit) fn set_shop_orders(&mut self, month: Month, orders: u32, oldest: Month) -> bool {
        if month < oldest {
            return false;
        }
        let mut cohorts = self.cohorts();
        let known = cohorts.entry(month).or_default();
        if known.shop_orders == Some(orders) {
            return false;
        }
        known.shop_orders = Some(orders);
        cohorts.retain(|month, _| *month >= oldest);
        self.set_cohorts(&cohorts);
        true
    }
}

impl RiskReviewRow {
    /// Where it stands.
    pub fn state(&self) -> State {
        State::named(&self.state).unwrap_or(State::Open)
    }

    /// To the domain's form.
    pub fn review(&self) -> Review {
        Review { state: self.state(), approvals: self.approvals() }
    }

    /// Who agreed to a release, and to how much.
    pub fn approvals(&self) -> Vec<Approval> {
        let approval = |word: &str| {
            let (by, held) = word.split_once(':')?;
            Some(Approval { by: by.parse().ok()?, held_minor: held.parse().ok()? })
        };
        self.approvals.split_whitespace().filter_map(approval).collect()
    }

    /// Keeps who agreed.
    pub(super) fn set_approvals(&mut self, review: &Review) {
        let word = |approval: &Approval| format!("{}:{}", approval.by, approval.held_minor);
        self.approvals = review.approvals.iter().map(word).collect::<Vec<_>>().join(" ");
    }

    /// Reasons at the time; none when they cannot be read.
    pub fn reasons(&self) -> Vec<Reason> {
        decode(&self.reasons).unwrap_or_default()
    }

    /// The signs that held it: those that counted. What an earlier release kept from counting nobody was asked about.
    pub fn signals(&self) -> Signals {
        let counted = self.reasons().into_iter().filter(|reason| reason.points > 0);
        counted.fold(Signals::NONE, |all, reason| all.with(reason.signal))
    }

    /// The order that it is of; `None` of a withdrawal, which is decided with the withdrawal.
    pub fn order(&self) -> Option<CreditOrderId> {
        self.subject.parse().ok()
    }

    /// Its case.
    pub fn case(&self) -> Option<CaseId> {
        self.case_id.parse().ok()
    }
}
