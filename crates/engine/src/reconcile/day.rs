//! A day of a rail is compared: once it is over, and the statement that covers it is in.
//!
//! Reading and comparing happen outside the commits; what they come to is written in bounded commands, the day's own row
//! with the last one. A run that ended in between is made again and comes to the same, because neither side of a day
//! that is over changes any more.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    ids::{PaymentRefundId, TypedId as _, Uid},
    ledger::{AccountRef, TransferKind},
    money::Currency,
    payments::Method,
    reconcile::{ABOUT, Booked, DAY_MAX, Found, Kind, Open, OpenSide, Told, match_day},
    time::{Date, Timestamp, Zone},
    withdrawals::{SliceState, read_reference},
};
use purser_storage::{Keys, Lock, Record as _, Session};

use super::{
    DayOfRailRow, ItemRow, LineRow, STATEMENT_PREFIX, StatementRow,
    about::{References, method_of, of_line},
    queries,
    record::{CASES_MAX, RecordDay, STEP},
};
use crate::{
    feed::one,
    history,
    jobs::{Claimed, Hands, Ran, RunError},
    payments::PaymentRefundRow,
    withdrawals::withdrawal,
};

/// Compares the next day of a statement.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_match(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job names no statement".to_owned());
    let id = Uid::parse(&job.subject, STATEMENT_PREFIX).map_err(|_| bad())?;
    let statement = queries::statement(hands.reads, id)?.ok_or_else(bad)?;
    if statement.state != "taken" {
        return Ok(Ran::Finish);
    }
    if !statement.before.is_nil() {
        let before = queries::statement(hands.reads, statement.before)?;
        if before.is_none_or(|row| row.state != "matched") {
            return Err(RunError::Failed("the statement before this one is not compared yet".to_owned()));
        }
    }
    let rail = queries::progress(hands.reads, &statement.rail)?.ok_or_else(bad)?;
    let day = match rail.matched_on.parse::<Date>() {
        Ok(done) => done.tomorrow().map_err(|_| bad())?,
        Err(_) => statement.from_on,
    };
    let mut compared = Compared::of(hands.reads, &statement, day)?;
    let (items, closed) = (std::mem::take(&mut compared.items), std::mem::take(&mut compared.came));
    let row = compared.row;
    let is_last = day >= statement.to_on;
    let mut parts = Vec::new();
    let quiet = |n: usize| n * STEP >= CASES_MAX;
    for (n, chunk) in items.chunks(STEP).enumerate() {
        parts.push(RecordDay {
            items: chunk.to_vec(),
            quiet: quiet(n),
            ..RecordDay::part(job.lease, &statement, day)
        });
    }
    for chunk in closed.chunks(STEP) {
        parts.push(RecordDay { came: chunk.to_vec(), ..RecordDay::part(job.lease, &statement, day) });
    }
    for (n, chunk) in compared.waiting.chunks(STEP).enumerate() {
        parts.push(RecordDay {
            waiting: chunk.to_vec(),
            quiet: quiet(n),
            ..RecordDay::part(job.lease, &statement, day)
        });
    }
    for part in parts {
        hands.call(part)?;
    }
    hands.call(RecordDay { done: Some((row, is_last)), ..RecordDay::part(job.lease, &statement, day) })?;
    Ok(Ran::Committed)
}

/// What a day came to.
struct Compared {
    row: DayOfRailRow,
    items: Vec<ItemRow>,
    /// Items that met their other side.
    came: Vec<Uid>,
    /// Items of days before that still wait for it.
    waiting: Vec<Uid>,
}

/// The books' side of a day.
struct Books {
    closing: i64,
    opening: i64,
    booked: Vec<Booked>,
    kinds: Vec<i64>,
}

fn too_many() -> RunError {
    RunError::Failed(format!("a day of a rail has at most {DAY_MAX} lines"))
}

impl Compared {
    fn of(reads: &mut dyn Session, statement: &StatementRow, day: Date) -> Result<Self, RunError> {
        let books = Books::of(reads, &statement.rail, &statement.currency, day)?;
        let before = queries::before(reads, &statement.rail, day)?;
        let mut lines = Vec::new();
        let mut sum = 0_i128;
        queries::lines_of_day(reads, statement.id, day, &mut |line| {
            sum += i128::from(line.amount);
            lines.push(line);
            lines.len() <= DAY_MAX
        })?;
        if lines.len() > DAY_MAX {
            return Err(too_many());
        }
        let (told, open) = (told(&statement.rail, &lines), open(&statement.rail, &before));
        let matching = match_day(&books.booked, &told, &open);
        let opening = match day.yesterday().ok() {
            Some(yesterday) => queries::day(reads, &statement.rail, yesterday)?.map(|row| row.closing),
            None => None,
        };
        let is_first = opening.is_none();
        let opening = opening.unwrap_or(statement.opening);
        let closing = i64::try_from(i128::from(opening) + sum)
            .map_err(|_| RunError::Failed("the balance of the day does not fit in 64 bits".to_owned()))?;
        let mut new = New { reads, statement, day, items: Vec::new() };
        if is_first && books.opening != opening {
            new.opening(books.opening, opening);
        }
        let (mut came, mut by_amount) = (Vec::new(), 0);
        for found in &matching.found {
            match *found {
                Found::Came(at) => came.extend(before.get(at).map(|item| item.id)),
                Found::ByAmount(..) => by_amount += 1,
                Found::BookedOnly(at) => new.booked_only(&books, at),
                Found::ToldOnly(at, twice) => new.told_only(&lines, at, &told, twice)?,
                Found::Differs(line, booking) => new.differs(&lines, line, &books, booking),
            }
        }
        let items = new.items;
        let met: BTreeSet<Uid> = came.iter().copied().collect();
        let waiting = before.iter().filter(|item| item.broke_on.is_empty() && !met.contains(&item.id));
        let waiting = waiting.map(|item| item.id).collect();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let row = DayOfRailRow {
            rail: statement.rail.clone(),
            day,
            statement: statement.id,
            opening,
            closing,
            booked_closing: books.closing,
            lines: count(lines.len()),
            bookings: count(books.booked.len()),
            matched: matching.matched,
            by_amount,
            came: count(came.len()),
            items: count(items.len()),
            done_at: Timestamp(0),
        };
        Ok(Self { row, items, came, waiting })
    }
}

fn told(rail: &str, lines: &[LineRow]) -> Vec<Told> {
    let told = |line: &LineRow| {
        let refs = References {
            reference: &line.reference,
            rail_reference: &line.rail_reference,
            entry: line.entry,
        };
        let (about, ours) = of_line(rail, refs);
        Told { n: line.n, about, ours, amount_minor: line.amount }
    };
    lines.iter().map(told).collect()
}

fn open(rail: &str, items: &[ItemRow]) -> Vec<Open> {
    let side = |item: &ItemRow| {
        if item.told == 0 && item.statement.is_nil() {
            return (OpenSide::Books(item.about), item.booked);
        }
        if item.kind().may_come() || item.kind() == Kind::Unknown || item.kind() == Kind::Twice {
            let refs = References {
                reference: &item.reference,
                rail_reference: &item.rail_reference,
                entry: item.entry,
            };
            return (OpenSide::Statement(of_line(rail, refs).0), item.told);
        }
        // What differs is settled by people alone.
        (OpenSide::Statement([Uid::NIL; ABOUT]), item.told)
    };
    let open = |item: &ItemRow| {
        let (side, amount_minor) = side(item);
        Open { id: item.id, side, amount_minor }
    };
    items.iter().map(open).collect()
}

impl Books {
    fn of(reads: &mut dyn Session, rail: &str, currency: &str, date: Date) -> Result<Self, RunError> {
        let currency: Currency = currency.parse().unwrap_or(Currency::CNY);
        let (account, zone) = (AccountRef::float(rail, currency).id(), Zone::shanghai());
        let day = history::day(reads, &zone, account, date)?;
        let mut books = Self {
            closing: day.closing_minor,
            opening: day.opening_minor,
            booked: Vec::new(),
            kinds: Vec::new(),
        };
        let mut whole: BTreeMap<(Uid, i64), (i64, Uid, i64)> = BTreeMap::new();
        let (mut from, mut begun) = (None, false);
        while !begun || from.is_some() {
            begun = true;
            let page = history::day_page(reads, &zone, account, &day, from, history::MAX_PAGE)?;
            from = page.next;
            for line in page.lines.into_iter().filter(|line| line.change_minor != 0) {
                let transfer = &line.transfer;
                let (id, reference) = (transfer.id.0, transfer.reference);
                if is_payment(transfer.kind) {
                    // One payment may be two bookings: what it owes, and the rest.
                    let sum = whole.entry((reference, transfer.group)).or_insert((0, id, transfer.kind));
                    sum.0 = sum.0.saturating_add(line.change_minor);
                } else {
                    let about = if reference.is_nil() { id } else { reference };
                    books.booked.push(Booked { transfer: id, about, amount_minor: line.change_minor });
                    books.kinds.push(transfer.kind);
                }
            }
            if books.booked.len() + whole.len() > DAY_MAX {
                return Err(too_many());
            }
        }
        for ((about, _), (amount_minor, transfer, kind)) in whole {
            books.booked.push(Booked { transfer, about, amount_minor });
            books.kinds.push(kind);
        }
        books.settle(reads)?;
        if matches!(method_of(rail), Method::Alipay | Method::Sandbox) {
            books.refunds(reads)?;
        }
        Ok(books)
    }

    /// Leaves out what settled an item: that one is closed since this day.
    fn settle(&mut self, reads: &mut dyn Session) -> Result<(), RunError> {
        let is_adjustment = |kind: i64| kind == TransferKind::FloatAdjustment.code();
        let about: Vec<Uid> = self
            .booked
            .iter()
            .zip(&self.kinds)
            .filter(|(_, kind)| is_adjustment(**kind))
            .map(|(one, _)| one.about)
            .collect();
        let mut settled = Vec::new();
        for id in about {
            if one::<ItemRow>(reads, id)?.is_some_and(|item| item.closed_how == "adjusted") {
                settled.push(id);
            }
        }
        let (mut booked, mut kinds) = (Vec::new(), Vec::new());
        for (one, kind) in self.booked.drain(..).zip(self.kinds.drain(..)) {
            if !(is_adjustment(kind) && settled.contains(&one.about)) {
                booked.push(one);
                kinds.push(kind);
            }
        }
        (self.booked, self.kinds) = (booked, kinds);
        Ok(())
    }

    /// A cashier's line about a refund carries the references of the payment.
    fn refunds(&mut self, reads: &mut dyn Session) -> Result<(), RunError> {
        let is_refund = |kind: i64| kind == TransferKind::PaymentRefund.code();
        let ids = self.booked.iter().zip(&self.kinds).filter(|(_, kind)| is_refund(**kind));
        let mut ids: Vec<PaymentRefundId> =
            ids.map(|(one, _)| PaymentRefundId::from_uid(one.about)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut payments = BTreeMap::new();
        for chunk in ids.chunks(history::MAX_PAGE) {
            reads.load(
                PaymentRefundRow::TABLE,
                &Keys::<PaymentRefundRow>(chunk),
                Lock::None,
                &mut |row| {
                    let row = PaymentRefundRow::read(row);
                    payments.insert(row.id.uid(), row.payment.uid());
                },
            )?;
        }
        for (one, kind) in self.booked.iter_mut().zip(&self.kinds) {
            if is_refund(*kind)
                && let Some(payment) = payments.get(&one.about)
            {
                one.about = *payment;
            }
        }
        Ok(())
    }
}

fn is_payment(kind: i64) -> bool {
    [TransferKind::PaymentCredited, TransferKind::PaymentArrears, TransferKind::PaymentHeld]
        .iter()
        .any(|known| known.code() == kind)
}

/// New items of a day.
struct New<'a> {
    reads: &'a mut dyn Session,
    statement: &'a StatementRow,
    day: Date,
    items: Vec<ItemRow>,
}

impl New<'_> {
    fn item(&self, id: Uid, kind: Kind) -> ItemRow {
        ItemRow {
            id,
            rail: self.statement.rail.clone(),
            kind: kind.name().to_owned(),
            state: String::new(),
            since_on: self.day,
            broke_on: String::new(),
            closed_on: String::new(),
            closed_how: String::new(),
            closed_by: String::new(),
            booked: 0,
            told: 0,
            statement: Uid::NIL,
            n: 0,
            transfer: Uid::NIL,
            about: Uid::NIL,
            reference: String::new(),
            rail_reference: String::new(),
            entry: Uid::NIL,
            words: String::new(),
            other: Uid::NIL,
            case_id: Uid::NIL,
            note: String::new(),
            opened_at: Timestamp(0),
            version: 0,
        }
    }

    fn opening(&mut self, booked: i64, told: i64) {
        let id = Uid::derive("purser reconciliation item v1", &[&self.statement.id.0, b"opening"]);
        let item =
            ItemRow { booked, told, statement: self.statement.id, ..self.item(id, Kind::OpeningDiffers) };
        self.items.push(item);
    }

    fn in_books(item: ItemRow, books: &Books, at: usize) -> ItemRow {
        let (Some(one), Some(kind)) = (books.booked.get(at), books.kinds.get(at)) else { return item };
        let words = TransferKind::from_code(*kind).map_or("", TransferKind::name).to_owned();
        let reference = if item.reference.is_empty() { named(*kind, one) } else { item.reference.clone() };
        ItemRow {
            booked: one.amount_minor,
            transfer: one.transfer,
            about: one.about,
            reference,
            words,
            ..item
        }
    }

    fn on_statement(item: ItemRow, line: &LineRow) -> ItemRow {
        ItemRow {
            told: line.amount,
            statement: line.statement,
            n: line.n,
            reference: line.reference.clone(),
            rail_reference: line.rail_reference.clone(),
            entry: line.entry,
            words: line.kind.clone(),
            ..item
        }
    }

    fn line_id(line: &LineRow) -> Uid {
        Uid::derive("purser reconciliation item v1", &[&line.statement.0, &line.n.to_le_bytes()])
    }

    fn booked_only(&mut self, books: &Books, at: usize) {
        let Some(one) = books.booked.get(at) else { return };
        let id = Uid::derive("purser reconciliation item v1", &[&one.transfer.0]);
        let item = Self::in_books(self.item(id, Kind::NotOnStatement), books, at);
        self.items.push(item);
    }

    fn told_only(
        &mut self,
        lines: &[LineRow],
        at: usize,
        told: &[Told],
        twice: bool,
    ) -> Result<(), RunError> {
        let (Some(line), Some(told)) = (lines.get(at), told.get(at)) else { return Ok(()) };
        let kind = match (twice, told.ours) {
            (true, _) => Kind::Twice,
            (false, false) => Kind::Unknown,
            (false, true) => self.of_ours(line)?,
        };
        let item = Self::on_statement(self.item(Self::line_id(line), kind), line);
        self.items.push(item);
        Ok(())
    }

    /// What a line about something of ours is that has no booking: the outcome may not be known yet, or it is booked
    /// already and came once more.
    fn of_ours(&mut self, line: &LineRow) -> Result<Kind, RunError> {
        let Some((id, number)) = read_reference(&line.reference) else { return Ok(Kind::NotBooked) };
        let Some(row) = withdrawal(self.reads, id)? else { return Ok(Kind::Unknown) };
        let slices = row.withdrawal().slices;
        let slice = slices.iter().find(|slice| slice.number == number.slice);
        let settled = slice.is_some_and(|slice| slice.state == SliceState::Paid);
        // What pays a slice that is paid pays it twice; a fee or money that comes back is another matter.
        let again = settled && slice.is_some_and(|slice| -slice.amount_minor == line.amount);
        Ok(if again { Kind::Twice } else { Kind::NotBooked })
    }

    fn differs(&mut self, lines: &[LineRow], line: usize, books: &Books, booking: usize) {
        let Some(line) = lines.get(line) else { return };
        let item = Self::on_statement(self.item(Self::line_id(line), Kind::AmountDiffers), line);
        let item = Self::in_books(item, books, booking);
        self.items.push(item);
    }
}

/// What a booking is about, in text.
fn named(kind: i64, one: &Booked) -> String {
    use purser_domain::ids::{PaymentId, TransferId, WithdrawalId};
    match TransferKind::from_code(kind) {
        Some(TransferKind::PayoutSend | TransferKind::PayoutRailFee | TransferKind::PayoutBounce) => {
            WithdrawalId(one.about).to_string()
        }
        Some(kind) if is_payment(kind.code()) => PaymentId(one.about).to_string(),
        _ => TransferId(one.transfer).to_string(),
    }
}
