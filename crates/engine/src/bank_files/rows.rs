//! Rows of bank files.

use purser_domain::{
    bank_files::{AccountClass, Failure, Order, OrderState},
    ids::{BankFileId, Uid},
    money::Currency,
    time::Timestamp,
    withdrawals::{FailureClass, RailOutcome},
};

use crate::{facts::Facts, record};

record! {
    /// A file of payment orders.
    pub struct BankFileRow in BANK_FILES = 64, "bank_files", lock Update, key(id: BankFileId) {
        /// `open`, `closing`, `ready`, `sent`; `void` when nothing was left to send.
        state: String,
        /// Currency of its orders.
        currency: Currency,
        /// How many.
        orders: i64,
        /// Their sum, minor units.
        amount: i64,
        /// When its first order came.
        opened_at: Timestamp,
        /// When it closes by itself.
        closes_at: Timestamp,
        /// When it closed; also the time that stands in it.
        closed_at: Option<Timestamp>,
        /// `cut_off`, `count` or `staff`; empty while open.
        closed_by: String,
        /// When its bytes were fixed.
        fixed_at: Option<Timestamp>,
        /// When it went to the bank.
        sent_at: Option<Timestamp>,
        /// `folder`, `staff`, or `bank` when its answer was the first we heard of it.
        sent_by: String,
        /// Name of the file; empty until its bytes are fixed.
        name: String,
        /// Hash of its bytes; zero until they are fixed.
        hash: [u8; 32],
        /// Bytes.
        size: i64,
        /// Its bytes, sealed; empty until they are fixed.
        content: String,
        /// Counts changes.
        version: i64,
        /// When its bytes were first given out, or the folder may have got them.
        given_at: Option<Timestamp>,
    }
}

record! {
    /// A payment order of the rail.
    pub struct BankOrderRow in BANK_ORDERS = 65, "bank_orders", lock Update, key(reference: String) {
        /// The file that it is in now.
        file: BankFileId,
        /// Place in the file, from 1.
        n: i64,
        /// Minor units.
        amount: i64,
        /// Currency.
        currency: Currency,
        /// `personal` or `corporate`.
        class: String,
        /// Payee, sealed.
        payee: String,
        /// Keyed index of the payee, to recognise the same one again.
        payee_index: String,
        /// State.
        state: String,
        /// Class of the failure or return; empty when there is none.
        failure: String,
        /// The bank's code of it.
        code: String,
        /// Which entry paid it; empty before.
        paid_by: String,
        /// Files that it was in.
        attempts: i64,
        /// When it came into its file.
        collected_at: Timestamp,
        /// Last change.
        changed_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A message of the bank that was taken in; never changes.
    pub struct BankMessageRow in BANK_MESSAGES = 66, "bank_messages", lock None, key(id: Uid) {
        /// `pain.002`, `camt.053`, `camt.054`.
        kind: String,
        /// The bank's id.
        message_id: String,
        /// Hash of its bytes.
        hash: [u8; 32],
        /// Bytes.
        size: i64,
        /// The file that it is about; empty for accounts.
        about: String,
        /// When it was taken in.
        taken_at: Timestamp,
        /// Orders or entries in it.
        lines: i64,
        /// Of these, how many said something new about an order.
        matched: i64,
        /// Of these, how many were known.
        known: i64,
        /// Of these, how many fit no order.
        unmatched: i64,
        /// Of these, how many contradict what is known.
        conflicts: i64,
    }
}

record! {
    /// A line of the bank.
    pub struct BankEntryRow in BANK_ENTRIES = 67, "bank_entries", lock Update, key(id: Uid) {
        /// The message that brought it.
        message: Uid,
        /// `debit`, `credit`, `return`, or `status` for a line of a status report.
        kind: String,
        /// `matched`, `unmatched`, `conflict`, `handed_over` to payments, or `announced` while it is not booked.
        state: String,
        /// What contradicts; empty otherwise.
        problem: String,
        /// The platform's account.
        account: String,
        /// Minor units.
        amount: i64,
        /// Currency code, as the bank wrote it.
        currency: String,
        /// Civil date of the booking; empty when there is none.
        booked_on: String,
        /// End-to-end id.
        reference: String,
        /// The bank's own id of the entry.
        bank_reference: String,
        /// Status or reason code.
        reason: String,
        /// Who is on the other side, masked.
        counterparty: String,
        /// The payer's words, masked.
        words: String,
        /// When it was taken in.
        taken_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A booking on the platform's account that the bank gave a number, as it was first told.
    pub struct BankBookingRow in BANK_BOOKINGS = 190, "bank_bookings", lock Update, key(id: Uid) {
        /// The message that told it.
        message: Uid,
        /// Minor units, all its lines.
        amount: i64,
        /// Hash of the keys of its lines.
        lines: [u8; 32],
        /// It is booked, not only announced.
        booked: bool,
        /// Some of it was handed over as money in.
        money_in: bool,
        /// Counts changes.
        version: i64,
    }
}

impl BankFileRow {
    /// What events and audit entries say.
    pub(super) fn facts(&self) -> Facts {
        Facts::new()
            .text("state", &self.state)
            .int("orders", self.orders)
            .int("amount_minor", self.amount)
            .text("currency", self.currency.code())
    }
}

impl BankOrderRow {
    /// Where it stands.
    pub fn state(&self) -> OrderState {
        OrderState::named(&self.state).unwrap_or(OrderState::Waiting)
    }

    /// Which block of the file it belongs to.
    pub fn class(&self) -> AccountClass {
        AccountClass::named(&self.class).unwrap_or(AccountClass::Personal)
    }

    /// To the domain's form.
    pub(super) fn order(&self) -> Order<'_> {
        Order {
            state: self.state(),
            amount_minor: self.amount,
            currency: self.currency.code(),
            paid_by: &self.paid_by,
        }
    }

    /// Takes over what was heard.
    pub(super) fn enter(&mut self, state: OrderState, failure: Option<&Failure>, at: Timestamp) {
        state.name().clone_into(&mut self.state);
        self.failure = failure.map_or_else(String::new, |f| f.class.to_owned());
        self.code = failure.map_or_else(String::new, |f| f.code.clone());
        self.changed_at = at;
        self.version += 1;
    }

    /// What the rail answers about it.
    pub fn outcome(&self) -> RailOutcome {
        let failure = || {
            let class = FailureClass::named(&self.failure).unwrap_or(FailureClass::RequestDefect);
            (class, self.code.clone())
        };
        match self.state() {
            OrderState::Waiting | OrderState::Accepted => RailOutcome::Unknown,
            OrderState::Paid => RailOutcome::Paid { rail_fee_minor: 0 },
            OrderState::Failed => {
                let (class, code) = failure();
                RailOutcome::DefiniteFailure { class, code }
            }
            OrderState::Returned => {
                let (class, code) = failure();
                RailOutcome::Bounced { class, code }
            }
            OrderState::Short => RailOutcome::PayerFundsShort,
            // It did not go out, or the bank did not take it in: the identical order goes again.
            OrderState::Deferred => RailOutcome::NotTaken,
        }
    }
}
