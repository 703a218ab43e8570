//! A message of the bank is taken in: what it says about orders, and what fits none.

use std::collections::BTreeMap;

use purser_domain::{
    bank_files::{
        BankMessage, Body, Booking, Entry, Heard, MessageKind, Order, OrderState, Signal, Statement, Status,
        StatusReport, check_sums, codes, codes::Progress, hear,
    },
    casework::Kind,
    ids::{BankFileId, Uid},
};
use purser_storage::Value;

use super::{
    BankEntryRow, BankFileRow, BankMessageRow, BankOrderRow, CREDIT, ENTRY_PREFIX, OUTCOME,
    entries::{Line, Lines, Told},
    fix,
    queries::ORDERS,
};
use crate::{
    cases::{self, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::ready,
    tx::{Needs, Tx},
};

/// Takes in a message. The same message again changes nothing.
///
/// Rejections in order: `bank_statement_balances`, `bank_statement_sums`, `bank_message_changed` (another content
/// under an id that was taken in), `bank_file_unknown` (a report about a file that never went out).
pub struct TakeInBankMessage {
    /// The message.
    pub message: BankMessage,
}

/// What taking it in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// The message as it is written down.
    pub row: BankMessageRow,
    /// False when it was taken in before.
    pub new: bool,
}

fn message_key(message: &BankMessage) -> Uid {
    Uid::derive("purser bank message v1", &[message.kind.name().as_bytes(), message.id.as_bytes()])
}

/// End-to-end ids that can be ours: whoever pays us chooses the others.
fn ours(reference: &str) -> bool {
    reference.starts_with("wd_") && reference.len() <= 35
}

impl TakeInBankMessage {
    fn lines(&self) -> Lines<'_> {
        let statements: &[Statement] = match &self.message.body {
            Body::Account(statements) => statements,
            Body::Status(_) => &[],
        };
        Lines::of(message_key(&self.message), statements)
    }
}

impl Command for TakeInBankMessage {
    type Output = TakenIn;

    fn name(&self) -> &'static str {
        "bank_message.take_in"
    }

    fn weight(&self) -> usize {
        match &self.message.body {
            Body::Status(report) => report.orders.len().max(1),
            Body::Account(statements) => statements.iter().map(|s| s.entries.len()).sum::<usize>().max(1),
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankMessageRow>(message_key(&self.message));
        if let Body::Status(report) = &self.message.body {
            if let Ok(file) = report.original.parse::<BankFileId>() {
                needs.row::<BankFileRow>(file);
                needs.list::<BankOrderRow>(&ORDERS, &[Value::Bytes(&file.0.0)]);
            }
            for order in report.orders.iter().filter(|order| ours(&order.reference)) {
                needs.row::<BankOrderRow>(order.reference.clone());
            }
        }
        let lines = self.lines();
        lines.need(needs);
        for line in &lines.lines {
            needs.row::<BankEntryRow>(line.key);
            if ours(&line.entry.reference) {
                needs.row::<BankOrderRow>(line.entry.reference.clone());
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<TakenIn, Rejection> {
        let message = &self.message;
        if let Body::Account(statements) = &message.body {
            let whole = message.kind == MessageKind::Statement;
            for statement in statements {
                check_sums(statement, whole).map_err(|(code, text)| Rejection::new(code, text).at(""))?;
            }
        }
        let id = message_key(message);
        if let Some(row) = tx.get::<BankMessageRow>(&id).cloned() {
            if row.hash == message.hash {
                return Ok(TakenIn { row, new: false });
            }
            let text = format!(
                "a {} with the id {} and another content was taken in: the bank must give each message an id of its own",
                message.kind.name(),
                message.id
            );
            return Err(Rejection::new("bank_message_changed", text).at("MsgId"));
        }
        let mut taking = Taking {
            id,
            about: String::new(),
            source: message.kind.name(),
            lines: 0,
            matched: 0,
            known: 0,
            unmatched: 0,
            conflicts: Vec::new(),
        };
        match &message.body {
            Body::Status(report) => taking.report(tx, ctx, report)?,
            Body::Account(_) => {
                let lines = self.lines();
                let told = lines.told(tx, id);
                for line in &lines.lines {
                    if taking.entry(tx, ctx, line, Lines::told_of(&told, line)) {
                        lines.handed_over(tx, line);
                    }
                }
            }
        }
        let row = taking.finish(tx, ctx, message);
        Ok(TakenIn { row, new: true })
    }

    fn audit(&self, output: &TakenIn) -> (String, Facts) {
        let row = &output.row;
        let facts = Facts::new().text("kind", &row.kind).flag("new", output.new).text("about", &row.about);
        (row.message_id.clone(), count(facts, row))
    }
}

fn count(facts: Facts, row: &BankMessageRow) -> Facts {
    facts
        .int("lines", row.lines)
        .int("matched", row.matched)
        .int("known", row.known)
        .int("unmatched", row.unmatched)
        .int("conflicts", row.conflicts)
}

/// A job tells the withdrawal what the order is by now.
fn tell(tx: &mut Tx, ctx: &Ctx, order: &BankOrderRow) {
    let id = tx.new_id();
    tx.job(ready(id, OUTCOME, &order.reference, ctx.now, Facts::new()));
}

/// Whether a line cannot be the one that is known under its number: another day's, or of another amount.
fn is_another(known: &BankEntryRow, entry: &Entry) -> bool {
    let day = entry.booked_on.map(|on| on.to_string()).unwrap_or_default();
    let other_day = !day.is_empty() && !known.booked_on.is_empty() && day != known.booked_on;
    known.amount != entry.amount_minor || other_day
}

/// A message on its way in.
struct Taking {
    id: Uid,
    about: String,
    source: &'static str,
    lines: i64,
    matched: i64,
    known: i64,
    unmatched: i64,
    conflicts: Vec<(&'static str, String)>,
}

impl Taking {
    fn report(&mut self, tx: &mut Tx, ctx: &Ctx, report: &StatusReport) -> Result<(), Rejection> {
        let id = report.original.parse::<BankFileId>().ok();
        let file = id.and_then(|id| tx.get::<BankFileRow>(&id).cloned());
        // The bank cannot have what nobody has had.
        let out = |file: &BankFileRow| match file.state.as_str() {
            "sent" => true,
            "ready" => file.given_at.is_some(),
            _ => false,
        };
        let Some(file) = file.filter(out) else {
            let text = format!("no file with the message id {} ever went out from here", report.original);
            return Err(Rejection::new("bank_file_unknown", text).at("OrgnlMsgId"));
        };
        self.about = file.id.to_string();
        let file_id = file.id;
        if file.state == "ready" {
            fix::sent(tx, ctx, file, "bank");
        }
        // What is said about single orders counts for them; about their block for the rest of it; then the file.
        let single: BTreeMap<&str, &Status> =
            report.orders.iter().map(|order| (order.reference.as_str(), &order.status)).collect();
        let here = |row: &&BankOrderRow| row.file == file_id;
        let orders: Vec<BankOrderRow> = tx.rows::<BankOrderRow>().filter(here).cloned().collect();
        for row in &orders {
            let part = format!("{}-{}", self.about, super::part_letter(row.class()));
            let of_part = report.parts.iter().find(|p| p.id == part).map(|p| &p.status);
            let status = single.get(row.reference.as_str()).copied();
            let whole = [of_part, report.group.as_ref()].into_iter().flatten();
            let whole = whole.into_iter().find(|s| codes::progress(&s.code) != Progress::Nothing);
            if let Some(status) = status.or(whole) {
                self.status(tx, ctx, row, status);
            }
        }
        for order in report.orders.iter().filter(|o| !orders.iter().any(|row| row.reference == o.reference)) {
            self.lines += 1;
            // In another file by now, or in none: it says nothing about how the order stands today.
            if tx.is_loaded::<BankOrderRow>(&order.reference)
                && tx.get::<BankOrderRow>(&order.reference).is_some()
            {
                self.known += 1;
            } else {
                self.unmatched += 1;
                let key = [self.id.0.as_slice(), order.reference.as_bytes()];
                let key = Uid::derive("purser bank status line v1", &key);
                let row = self.status_line(key, ctx, &order.reference, &order.status, "unmatched", "");
                tx.put(row);
            }
        }
        Ok(())
    }

    fn status(&mut self, tx: &mut Tx, ctx: &Ctx, row: &BankOrderRow, status: &Status) {
        let signal = match codes::progress(&status.code) {
            Progress::Accepted => Signal::Accepted,
            Progress::Rejected => Signal::Rejected(&status.reason),
            Progress::Partly | Progress::Nothing => return,
        };
        self.lines += 1;
        if let Some(problem) = self.hear(tx, ctx, row, &signal) {
            let key = [self.id.0.as_slice(), row.reference.as_bytes()];
            let key = Uid::derive("purser bank status line v1", &key);
            tx.put(self.status_line(key, ctx, &row.reference, status, "conflict", problem));
        }
    }

    fn status_line(
        &self,
        key: Uid,
        ctx: &Ctx,
        reference: &str,
        status: &Status,
        state: &str,
        problem: &str,
    ) -> BankEntryRow {
        BankEntryRow {
            id: key,
            message: self.id,
            kind: "status".to_owned(),
            state: state.to_owned(),
            problem: problem.to_owned(),
            account: String::new(),
            amount: 0,
            currency: String::new(),
            booked_on: String::new(),
            reference: reference.to_owned(),
            bank_reference: String::new(),
            reason: format!("{} {}", status.code, status.reason).trim().to_owned(),
            counterparty: String::new(),
            words: String::new(),
            taken_at: ctx.now,
            version: 1,
        }
    }

    /// Says whether it was handed over as money in.
    fn entry(&mut self, tx: &mut Tx, ctx: &Ctx, line: &Line<'_>, told: Told) -> bool {
        self.lines += 1;
        let Line { key, statement, entry, .. } = *line;
        let before = tx.get::<BankEntryRow>(&key).cloned();
        if let Some(row) = before.as_ref().filter(|row| row.state != "announced" || !entry.booked) {
            if entry.credit && entry.booked && !ours(&entry.reference) && is_another(row, entry) {
                // Money came that nothing is booked for: the bank gave its number to two.
                self.conflicts.push(("number_used_again", entry.bank_reference.clone()));
            } else {
                self.known += 1;
            }
            return false;
        }
        let order =
            ours(&entry.reference).then(|| tx.get::<BankOrderRow>(&entry.reference).cloned()).flatten();
        // Told in another form before: what is new of it is only which orders it paid.
        if order.is_none() && entry.booked && matches!(told, Told::Otherwise { .. }) {
            self.known += 1;
            // Kept for whoever wonders where this line went.
            tx.put(BankEntryRow {
                kind: if entry.credit { "credit" } else { "debit" }.to_owned(),
                state: "retold".to_owned(),
                ..self.entry_row(key, ctx, statement, entry)
            });
            return false;
        }
        let (state, problem) = match &order {
            _ if !entry.booked => ("announced", ""),
            _ if told == Told::Differs => self.differs(entry, "booking_differs"),
            // It is booked as somebody's payment already.
            Some(_) if entry.credit && told == (Told::Otherwise { money_in: true }) => {
                self.differs(entry, "return_taken_as_payment")
            }
            None => ("unmatched", ""),
            Some(order) => {
                let source = format!("{} {}", self.source, entry.bank_reference);
                let booking =
                    Booking { amount_minor: entry.amount_minor, currency: &entry.currency, source: &source };
                let signal = if entry.credit {
                    Signal::Returned(booking, &entry.reason)
                } else {
                    Signal::Debited(booking)
                };
                self.hear(tx, ctx, order, &signal).map_or(("matched", ""), |problem| ("conflict", problem))
            }
        };
        if state == "unmatched" {
            self.unmatched += 1;
        }
        let returned = entry.credit && (entry.returned || order.is_some());
        let kind = match (entry.credit, returned) {
            (false, _) => "debit",
            (true, true) => "return",
            (true, false) => "credit",
        };
        // Money in goes to where payment orders are. Entries in another currency wait for staff, and so does one that
        // the bank gave no reference: a notification and a statement could tell it as two, and credit it twice.
        let hand_over = state == "unmatched"
            && kind == "credit"
            && entry.currency == ctx.rules.currency.code()
            && !entry.bank_reference.is_empty();
        if hand_over {
            let (id, subject) = (tx.new_id(), key.with_prefix(ENTRY_PREFIX));
            tx.job(ready(id, CREDIT, &subject, ctx.now, Facts::new()));
        }
        let state = if hand_over { "handed_over" } else { state };
        let row = BankEntryRow {
            kind: kind.to_owned(),
            state: state.to_owned(),
            problem: problem.to_owned(),
            version: before.map_or(1, |row| row.version + 1),
            ..self.entry_row(key, ctx, statement, entry)
        };
        tx.put(row);
        hand_over
    }

    /// The whole booking says something else than before: none of it is believed.
    fn differs(&mut self, entry: &Entry, problem: &'static str) -> (&'static str, &'static str) {
        let named = if ours(&entry.reference) { &entry.reference } else { &entry.booking };
        self.conflicts.push((problem, named.clone()));
        ("conflict", problem)
    }

    fn entry_row(&self, key: Uid, ctx: &Ctx, statement: &Statement, entry: &Entry) -> BankEntryRow {
        BankEntryRow {
            id: key,
            message: self.id,
            kind: String::new(),
            state: String::new(),
            problem: String::new(),
            account: statement.account.clone(),
            amount: entry.amount_minor,
            currency: entry.currency.clone(),
            booked_on: entry.booked_on.map_or_else(String::new, |date| date.to_string()),
            reference: entry.reference.clone(),
            bank_reference: entry.bank_reference.clone(),
            reason: entry.reason.clone(),
            counterparty: entry.counterparty.clone(),
            words: entry.text.clone(),
            taken_at: ctx.now,
            version: 1,
        }
    }

    /// Tells an order what the bank says; `Some` names what contradicts.
    fn hear(
        &mut self,
        tx: &mut Tx,
        ctx: &Ctx,
        row: &BankOrderRow,
        signal: &Signal<'_>,
    ) -> Option<&'static str> {
        // An earlier line of this message may have changed it.
        let mut row = tx.get::<BankOrderRow>(&row.reference).cloned().unwrap_or_else(|| row.clone());
        let order: Order<'_> = row.order();
        match hear(&order, signal) {
            Heard::Repeat => {
                self.known += 1;
                // What people had found out is borne out; a second debit is told by its number from here on.
                if let Signal::Debited(booking) = signal
                    && row.paid_by.is_empty()
                {
                    booking.source.clone_into(&mut row.paid_by);
                    row.version += 1;
                    // A job that was on its way to tell of it takes itself for overtaken.
                    tell(tx, ctx, &row);
                    tx.put(row);
                }
                None
            }
            Heard::Changed(state, failure) => {
                self.matched += 1;
                if let Signal::Debited(booking) = signal {
                    booking.source.clone_into(&mut row.paid_by);
                }
                row.enter(state, failure.as_ref(), ctx.now);
                if state != OrderState::Accepted {
                    tell(tx, ctx, &row);
                }
                tx.put(row);
                None
            }
            Heard::Conflict(problem) => {
                self.conflicts.push((problem, row.reference));
                Some(problem)
            }
        }
    }

    fn finish(self, tx: &mut Tx, ctx: &Ctx, message: &BankMessage) -> BankMessageRow {
        let row = BankMessageRow {
            id: self.id,
            kind: message.kind.name().to_owned(),
            message_id: message.id.clone(),
            hash: message.hash,
            size: message.size,
            about: self.about,
            taken_at: ctx.now,
            lines: self.lines,
            matched: self.matched,
            known: self.known,
            unmatched: self.unmatched,
            conflicts: i64::try_from(self.conflicts.len()).unwrap_or(i64::MAX),
        };
        tx.put(row.clone());
        tx.event("bank_message.taken_in", None, &row.message_id, count(Facts::new(), &row));
        if let Some((problem, reference)) = self.conflicts.first() {
            let others = self.conflicts.len() - 1;
            let summary = format!(
                "银行报文 {} 与账目不符 / bank message {}: {problem}, {others} more",
                row.kind, row.kind
            );
            let subject = reference.clone();
            let kind = Kind::ReconciliationBreak;
            cases::open(tx, ctx, NewCase { kind, party: None, subject, summary, due_at: None });
        }
        row
    }
}
