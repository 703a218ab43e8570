//! Rows of corporate settlement.

use purser_domain::{
    corporate::{Amounts, Item, State, Statement},
    ids::{CaseId, PartyId, PayoutAccountId, StatementId, StatementLineId, TaskOrderId, Uid, WithdrawalId},
    money::Currency,
    time::{Date, Timestamp},
};

use crate::{facts::Facts, record};

/// Kind of an item that is no order.
pub(super) const LINE: &str = "line";
/// Kind of an item that is one.
pub(super) const ORDER: &str = "order";

record! {
    /// A settlement statement.
    pub struct StatementRow in STATEMENTS = 87, "settlement_statements", lock Update, key(id: StatementId) {
        /// Who is paid.
        party: PartyId,
        /// State.
        state: String,
        /// Currency.
        currency: Currency,
        /// First civil month of its items.
        period_from: String,
        /// Last one.
        period_to: String,
        /// Number of items.
        items: i64,
        /// Gross of its orders, minor units.
        gross: i64,
        /// Service fees.
        service_fee: i64,
        /// Compensation.
        compensation: i64,
        /// Added or taken besides.
        adjustment: i64,
        /// What is to be paid.
        payable: i64,
        /// What has been paid.
        paid: i64,
        /// Payout account.
        destination: PayoutAccountId,
        /// Its number as people see it.
        account: String,
        /// Who issues the invoice.
        seller_name: String,
        /// Its unified social credit code.
        seller_code: String,
        /// Who signed, as the signature says.
        signed_by: String,
        /// When.
        signed_at: Option<Timestamp>,
        /// The last invoice: its number, kind and item, and the tax rate in percent.
        invoice: Facts,
        /// When its papers were complete the last time; `None` again while they are sent back.
        submitted_at: Option<Timestamp>,
        /// How often papers were submitted.
        submissions: i64,
        /// Civil date by which it is paid; empty while nothing is promised or the calendar cannot tell.
        due_on: String,
        /// The calendar cannot tell (P5).
        calendar_missing: bool,
        /// When the desk is told that it is overdue; `None` once it was told, or while nothing is promised.
        overdue_at: Option<Timestamp>,
        /// Why it is where it is: papers sent back, called off, payment failed.
        reason: String,
        /// The case with the papers; nil without.
        papers_case: CaseId,
        /// The last dispute; nil without.
        dispute_case: CaseId,
        /// Until when it can be disputed.
        dispute_until: Timestamp,
        /// The payout: the one that reserves its money, then the last one started.
        payout: WithdrawalId,
        /// Payouts started.
        payouts: i64,
        /// When it was made.
        generated_at: Timestamp,
        /// When it came to its end.
        finished_at: Option<Timestamp>,
        /// Policy version in force when it was made.
        policy_version: i64,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// Something that a corporate payee is to be paid for: a booked order, or a line without an order.
    pub struct ItemRow in STATEMENT_ITEMS = 88, "settlement_items", lock Update, key(item: Uid) {
        /// Who is paid.
        payee: PartyId,
        /// `order` or `line`.
        kind: String,
        /// Gross, minor units.
        gross: i64,
        /// Service fee.
        service_fee: i64,
        /// Compensation.
        compensation: i64,
        /// Added or taken besides: collected for an earlier debt, programme results, corrections.
        adjustment: i64,
        /// What it is worth.
        net: i64,
        /// When it was booked.
        booked_at: Timestamp,
        /// The civil month that it was listed with; empty before.
        month: String,
        /// The statement that it is in; nil without.
        statement: StatementId,
        /// What a line is about.
        note: String,
    }
}

record! {
    /// That a payee's month was listed: the fact, and what it came to.
    pub struct ListingRow in SETTLEMENT_LISTINGS = 89, "settlement_listings", lock Update, key(party: PartyId, month: String) {
        /// Number of items.
        items: i64,
        /// What they are worth, minor units.
        net: i64,
        /// When the payee was told; `None` while the list is being made.
        listed_at: Option<Timestamp>,
    }
}

record! {
    /// A payout of a statement.
    pub struct PayoutRow in STATEMENT_PAYOUTS = 90, "settlement_payouts", lock Update, key(payout: WithdrawalId) {
        /// The statement.
        statement: StatementId,
        /// 1, 2, …
        n: i64,
        /// What was to be paid, minor units.
        amount: i64,
        /// What arrived and stayed.
        paid: i64,
        /// State of the withdrawal that was seen last.
        state: String,
    }
}

impl StatementRow {
    /// State.
    pub fn state(&self) -> State {
        State::named(&self.state).unwrap_or(State::Cancelled)
    }

    /// As decisions look at it.
    pub(super) fn statement(&self, disputed: bool, now: Timestamp) -> Statement<'_> {
        Statement {
            state: self.state(),
            payable_minor: self.payable,
            paid_minor: self.paid,
            seller_name: &self.seller_name,
            seller_code: &self.seller_code,
            disputed,
            dispute_over: now >= self.dispute_until,
        }
    }

    /// Civil date by which it is paid.
    pub fn due_on(&self) -> Option<Date> {
        self.due_on.parse().ok()
    }

    /// The case with the papers.
    pub fn papers_case(&self) -> Option<CaseId> {
        (self.papers_case.0 != Uid::NIL).then_some(self.papers_case)
    }

    /// The last dispute.
    pub fn dispute_case(&self) -> Option<CaseId> {
        (self.dispute_case.0 != Uid::NIL).then_some(self.dispute_case)
    }

    /// What events and audit entries say.
    pub(super) fn facts(&self) -> Facts {
        let facts = Facts::new()
            .text("state", &self.state)
            .text("status", self.state().status())
            .int("payable_minor", self.payable)
            .int("orders", self.items);
        match self.due_on() {
            Some(day) => facts.text("due_on", day.to_string()),
            None if self.calendar_missing => facts.flag("calendar_missing", true),
            None => facts,
        }
    }
}

impl ItemRow {
    /// Its id as people see it: the order's, or a line's own.
    pub fn id(&self) -> String {
        if self.kind == LINE {
            StatementLineId(self.item).to_string()
        } else {
            TaskOrderId(self.item).to_string()
        }
    }

    /// The statement that it is in.
    pub fn statement(&self) -> Option<StatementId> {
        (self.statement.0 != Uid::NIL).then_some(self.statement)
    }

    /// As decisions look at it.
    pub(super) fn item(&self) -> Item {
        Item {
            payee: self.payee,
            listed: !self.month.is_empty(),
            statement: self.statement(),
            amounts: self.amounts(),
        }
    }

    /// What it is worth.
    pub fn amounts(&self) -> Amounts {
        Amounts {
            gross_minor: self.gross,
            service_fee_minor: self.service_fee,
            compensation_minor: self.compensation,
            adjustment_minor: self.adjustment,
        }
    }
}
