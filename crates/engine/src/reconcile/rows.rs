//! Rows of reconciliation.

use purser_domain::{
    ids::{CaseId, TransferId, TypedId as _, Uid},
    reconcile::{Closing, Kind, Sides, State},
    time::{Date, Timestamp},
};

use crate::{facts::Facts, record};

record! {
    /// How far the statements of a rail were taken in and compared.
    pub struct ReconRailRow in RECON_RAILS = 160, "recon_rails", lock Update, key(rail: String) {
        /// The last statement that is in whole; nil for none.
        last: Uid,
        /// Last day that statements cover; empty for none.
        through_on: String,
        /// The balance with which they end, minor units.
        closing: i64,
        /// Last day that was compared; empty for none.
        matched_on: String,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A statement.
    pub struct StatementRow in RECON_STATEMENTS = 161, "recon_statements", lock Update, key(id: Uid) {
        /// Of which rail.
        rail: String,
        /// The rail's own id of it; empty where it gives none.
        number: String,
        /// The platform's account, masked.
        account: String,
        /// Currency code.
        currency: String,
        /// First day.
        from_on: Date,
        /// Last day.
        to_on: Date,
        /// Balance before, minor units.
        opening: i64,
        /// Balance after, minor units.
        closing: i64,
        /// Lines that it has.
        total: i64,
        /// Lines that are in.
        lines: i64,
        /// Sum of the lines that are in, minor units.
        moved: i64,
        /// `importing`, `taken`, `matched`.
        state: String,
        /// The statement before it; nil for the first.
        before: Uid,
        /// When its last line came in.
        taken_at: Timestamp,
        /// Who gave it.
        taken_by: String,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A line of a statement; never changes.
    pub struct LineRow in RECON_LINES = 162, "recon_lines", lock None, key(statement: Uid, n: i64) {
        /// Civil date of the booking.
        on_day: Date,
        /// Minor units, into the float above zero.
        amount: i64,
        /// The reference that we gave.
        reference: String,
        /// The rail's own.
        rail_reference: String,
        /// Its id as an entry of the bank; nil elsewhere.
        entry: Uid,
        /// What the rail calls it.
        kind: String,
    }
}

record! {
    /// What a day of a rail came to; never changes.
    pub struct DayOfRailRow in RECON_DAYS = 163, "recon_days", lock None, key(rail: String, day: Date) {
        /// The statement that covers it.
        statement: Uid,
        /// Balance of the statement before, minor units.
        opening: i64,
        /// Balance of the statement after, minor units.
        closing: i64,
        /// Float in the books after, minor units.
        booked_closing: i64,
        /// Lines of the statement.
        lines: i64,
        /// Movements in the books.
        bookings: i64,
        /// Lines that met a booking of the day by reference.
        matched: i64,
        /// By amount and day.
        by_amount: i64,
        /// Items of days before that met their other side.
        came: i64,
        /// New items.
        items: i64,
        /// When.
        done_at: Timestamp,
    }
}

record! {
    /// What is on one side only, or of different amounts.
    pub struct ItemRow in RECON_ITEMS = 164, "recon_items", lock Update, key(id: Uid) {
        /// Of which rail.
        rail: String,
        /// What it is.
        kind: String,
        /// Where it stands.
        state: String,
        /// Since which day.
        since_on: Date,
        /// The day from which it is a break; empty before.
        broke_on: String,
        /// The day from which nothing differs any more; empty before.
        closed_on: String,
        /// How it was closed; empty before.
        closed_how: String,
        /// Who closed it; empty before, or when it came by itself.
        closed_by: String,
        /// In the books, minor units.
        booked: i64,
        /// On the statement, minor units.
        told: i64,
        /// The statement; nil when it is in the books alone.
        statement: Uid,
        /// Its line there; 0 for none.
        n: i64,
        /// Its line of the ledger; nil when it is on the statement alone.
        transfer: Uid,
        /// What the booking is about; nil when it is on the statement alone.
        about: Uid,
        /// The reference that we gave, or what the booking is about.
        reference: String,
        /// The rail's own.
        rail_reference: String,
        /// Its id as an entry of the bank; nil elsewhere.
        entry: Uid,
        /// What the rail calls it, or the kind of the ledger line.
        words: String,
        /// The item that it is one movement with; nil for none.
        other: Uid,
        /// Its case; nil while it is in transit.
        case_id: Uid,
        /// What people wrote when they settled it.
        note: String,
        /// When it was found.
        opened_at: Timestamp,
        /// Counts changes.
        version: i64,
    }
}

impl ItemRow {
    /// What it is.
    pub fn kind(&self) -> Kind {
        Kind::named(&self.kind).unwrap_or(Kind::Unknown)
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        State::named(&self.state).unwrap_or(State::Break)
    }

    /// Where it stood at the end of a day; `None` when it was none then.
    pub fn state_on(&self, day: Date) -> Option<State> {
        let day_text = day.to_string();
        let reached = |on: &str| !on.is_empty() && on <= day_text.as_str();
        if self.since_on > day || reached(&self.closed_on) {
            return None;
        }
        Some(if reached(&self.broke_on) { State::Break } else { State::InTransit })
    }

    /// What both sides say.
    pub const fn sides(&self) -> Sides {
        Sides { booked_minor: self.booked, told_minor: self.told }
    }

    /// Its case.
    pub fn case(&self) -> Option<CaseId> {
        (!self.case_id.is_nil()).then_some(CaseId(self.case_id))
    }

    /// The ledger's line.
    pub fn transfer(&self) -> Option<TransferId> {
        (!self.transfer.is_nil()).then(|| TransferId::from_uid(self.transfer))
    }

    /// Closes it.
    pub(super) fn close(&mut self, how: Closing, day: Date, by: &str, other: Uid) {
        State::Closed.name().clone_into(&mut self.state);
        how.name().clone_into(&mut self.closed_how);
        self.closed_on = day.to_string();
        by.clone_into(&mut self.closed_by);
        self.other = other;
        self.version += 1;
    }

    /// What events and cases say of it.
    pub(super) fn facts(&self) -> Facts {
        Facts::new()
            .text("rail", &self.rail)
            .text("kind", &self.kind)
            .text("state", &self.state)
            .text("since_on", self.since_on.to_string())
            .int("booked_minor", self.booked)
            .int("told_minor", self.told)
            .text("reference", &self.reference)
    }
}
