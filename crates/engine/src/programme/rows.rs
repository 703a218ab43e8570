//! Rows of the programme.

use purser_domain::{
    ids::{CaseId, PartyId, StatementId, TaskOrderId, Uid},
    money::Currency,
    programme::{
        CreatorState, Draft, MemberSpan, StatementFacts, StatementState, Terms, read_spans, write_spans,
    },
    time::{Month, Timestamp},
};

use super::statement_id;
use crate::record;

record! {
    /// When a creator takes part in the programme.
    pub struct ProgrammeMember in PROGRAMME_MEMBERS = 74, "programme_members", lock Update, key(creator: PartyId) {
        /// Intervals of civil dates.
        spans: String,
        /// Counts changes.
        version: i64,
    }
}

impl ProgrammeMember {
    /// To the domain's form.
    pub fn spans(&self) -> Vec<MemberSpan> {
        read_spans(&self.spans)
    }

    /// From the domain's form.
    pub fn of(creator: PartyId, spans: &[MemberSpan], version: i64) -> Self {
        Self { creator, spans: write_spans(spans), version }
    }
}

record! {
    /// A civil month that is closed, or being closed. A month that runs has no row.
    pub struct ProgrammeMonth in PROGRAMME_MONTHS = 75, "programme_months", lock Update, key(month: String) {
        /// `drafting`, `drafted`, `publishing`, `published`.
        state: String,
        /// Creators, or statements, that the running job found when it began.
        total: i64,
        /// How many of them are done.
        done: i64,
        /// When the close began.
        begun_at: Timestamp,
        /// When the drafts were complete.
        drafted_at: Option<Timestamp>,
        /// When everything that could be published was.
        published_at: Option<Timestamp>,
        /// Counts changes: the `ETag`.
        version: i64,
    }
}

record! {
    /// A creator's month: the root of its statements, and what was imported for it.
    pub struct CreatorMonth in PROGRAMME_CREATORS = 76, "programme_creators", lock Update, key(creator: PartyId, month: String) {
        /// [`CreatorState`].
        state: String,
        /// Who is paid for the month's orders, in order of their first one.
        payees: String,
        /// Operating fee as a rate, parts per million.
        fee_ppm: Option<i64>,
        /// Operating fee as an amount, minor units.
        fee_minor: Option<i64>,
        /// Incentive, minor units.
        incentive: i64,
        /// Counts changes.
        version: i64,
    }
}

impl CreatorMonth {
    /// Nothing known yet.
    pub fn new(creator: PartyId, month: String) -> Self {
        Self {
            creator,
            month,
            state: CreatorState::Open.name().to_owned(),
            payees: String::new(),
            fee_ppm: None,
            fee_minor: None,
            incentive: 0,
            version: 0,
        }
    }

    /// Whether it still collects income.
    pub fn is_open(&self) -> bool {
        CreatorState::named(&self.state) == Some(CreatorState::Open)
    }

    /// Who is paid for the month's orders.
    pub fn payees(&self) -> Vec<PartyId> {
        self.payees.split_whitespace().filter_map(|text| text.parse().ok()).collect()
    }

    /// Adds somebody who is paid for the month, which is open again then; false when they are there already.
    pub fn add_payee(&mut self, payee: PartyId) -> bool {
        let mut payees = self.payees();
        if payees.contains(&payee) {
            return false;
        }
        payees.push(payee);
        self.payees = payees.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        CreatorState::Open.name().clone_into(&mut self.state);
        true
    }

    /// What was imported; stored terms were checked when they came.
    pub fn terms(&self) -> Terms {
        Terms::of(self.fee_ppm, self.fee_minor, self.incentive).unwrap_or_default()
    }
}

record! {
    /// A statement: what a creator earned for a payee in a civil month of the programme, all in minor units.
    pub struct StatementRow in PROGRAMME_STATEMENTS = 77, "programme_statements", lock Update, key(id: StatementId) {
        /// Whose orders.
        creator: PartyId,
        /// Who is paid.
        payee: PartyId,
        /// Civil month of the bookings.
        month: String,
        /// [`StatementState`].
        state: String,
        /// Why it cannot be published: a code; empty when it can.
        blocked: String,
        /// Currency.
        currency: Currency,
        /// Number of orders.
        orders: i64,
        /// Net income after the service fee.
        income: i64,
        /// Operating fee.
        fee: i64,
        /// Incentive.
        incentive: i64,
        /// income − fee + incentive, once it is a draft.
        result: i64,
        /// Σ of adjustments since.
        adjusted: i64,
        /// When it was published.
        published_at: Option<Timestamp>,
        /// Until when it can be disputed.
        dispute_until: Option<Timestamp>,
        /// Disputes so far.
        disputes: i64,
        /// The last dispute waits for its answer.
        dispute_open: bool,
        /// The case of the last dispute; nil before the first.
        dispute_case: CaseId,
        /// The transfers of its publication are derived from this id; nil before.
        posting: Uid,
        /// Policy version that set the time for disputes; 0 before.
        policy_version: i64,
        /// Counts changes: the `ETag`.
        version: i64,
        /// Income tax withheld at its publication (X18).
        tax: i64,
    }
}

impl StatementRow {
    /// Nothing in it yet.
    pub fn new(creator: PartyId, payee: PartyId, month: Month, currency: Currency) -> Self {
        Self {
            id: statement_id(creator, payee, month),
            creator,
            payee,
            month: month.to_string(),
            state: StatementState::Open.name().to_owned(),
            blocked: String::new(),
            currency,
            orders: 0,
            income: 0,
            fee: 0,
            incentive: 0,
            result: 0,
            adjusted: 0,
            published_at: None,
            dispute_until: None,
            disputes: 0,
            dispute_open: false,
            dispute_case: CaseId(Uid::NIL),
            posting: Uid::NIL,
            policy_version: 0,
            version: 0,
            tax: 0,
        }
    }

    /// Where it stands.
    pub fn state(&self) -> StatementState {
        StatementState::named(&self.state).unwrap_or(StatementState::Open)
    }

    /// What was computed.
    pub fn draft(&self) -> Draft {
        Draft { fee_minor: self.fee, incentive_minor: self.incentive, result_minor: self.result }
    }

    /// As publishing looks at it.
    pub fn facts(&self, owed_minor: i64) -> StatementFacts {
        StatementFacts {
            state: self.state(),
            income_minor: self.income,
            draft: self.draft(),
            tax_minor: self.tax,
            owed_minor,
        }
    }

    /// Takes over what was computed.
    pub fn set_draft(&mut self, draft: Draft) {
        self.fee = draft.fee_minor;
        self.incentive = draft.incentive_minor;
        self.result = draft.result_minor;
        draft.state().name().clone_into(&mut self.state);
        let blocked = match draft.state() {
            StatementState::Blocked => purser_domain::programme::Rejection::ResultBelowZero.code(),
            _ => "",
        };
        blocked.clone_into(&mut self.blocked);
        self.version += 1;
    }
}

record! {
    /// An order of a statement. Only inserted.
    pub struct StatementLine in PROGRAMME_LINES = 78, "programme_lines", lock None, key(statement: StatementId, task_order: TaskOrderId) {
        /// Gross of the order, minor units.
        gross: i64,
        /// Service fee of the order.
        service_fee: i64,
        /// What it added to the statement's income.
        net: i64,
        /// When it settled.
        settled_at: Timestamp,
    }
}

record! {
    /// A dispute of a statement and its answer.
    pub struct DisputeRow in PROGRAMME_DISPUTES = 79, "programme_disputes", lock Update, key(statement: StatementId, number: i64) {
        /// When.
        opened_at: Timestamp,
        /// The case that it opened: what is said stands there.
        case_id: CaseId,
        /// `open`, `adjusted`, `declined`; `withdrawn` when the payee took its case back and disputed again.
        state: String,
        /// When staff answered.
        answered_at: Option<Timestamp>,
        /// Why, in staff's words.
        reason: String,
        /// What an adjustment corrected.
        component: String,
        /// The adjustment, minor units; below zero: the payee gave back.
        amount: i64,
        /// What of it the payee could not give back and owes.
        shortage: i64,
        /// The transfers of its adjustment are derived from this id; nil without one.
        posting: Uid,
        /// Counts changes.
        version: i64,
    }
}
