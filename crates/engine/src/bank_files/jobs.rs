//! The jobs of bank files: bytes are fixed, a folder takes them, withdrawals hear what the bank said.

use purser_domain::{
    bank_files::{AccountClass, OrderState},
    ids::{BankFileId, Uid},
    payments::Method,
};
use purser_storage::{Fault, Session, Statement};

use super::{
    BankEntryRow, BankFileRow, BankOrderRow, ENTRY_PREFIX,
    fix::{AskWhetherTaken, DROPPING, DropStep, FixBankFile, MarkBankFileSent, NoteDrop},
    hold_back::{Carried, LookAtFile, Looked, held},
    part_letter,
    queries::{bank_file, bank_order, handed_over, orders_of},
};
use crate::{
    facts::Facts,
    feed::one,
    identity::Sealed,
    jobs::{Claimed, Hands, Ran, RunError},
    payments::{LocatedOrder, RecordPayment, order_of_transfer, payment, payment_id},
    ports::{BankFormat, FilePart, FolderError, Outbox, Payee, PaymentFile, PaymentLine, Seal},
    withdrawals::{RecordRailOutcome, Seen, by_reference, withdrawal},
};

/// What the sealed content of a file is bound to.
fn content_place(file: BankFileId) -> String {
    format!("bank_files/{file}/content")
}

/// What a sealed payee is bound to.
fn payee_place(reference: &str) -> String {
    format!("bank_orders/{reference}/payee")
}

static OLD_FILES: Statement = Statement {
    name: "reseal.bank_files",
    sql: "SELECT id, state, currency, orders, amount, opened_at, closes_at, closed_at, closed_by, fixed_at, sent_at, \
          sent_by, name, hash, size, content, version, given_at FROM bank_files \
          WHERE content <> '' AND content NOT LIKE ?1 LIMIT ?2",
};
static OLD_ORDERS: Statement = Statement {
    name: "reseal.bank_orders",
    sql: "SELECT reference, file, n, amount, currency, class, payee, payee_index, state, failure, code, paid_by, \
          attempts, collected_at, changed_at, version FROM bank_orders WHERE payee NOT LIKE ?1 LIMIT ?2",
};

/// Statements of this file.
pub(super) const STATEMENTS: &[&Statement] = &[&OLD_FILES, &OLD_ORDERS];

impl Sealed for BankFileRow {
    const OLD: &'static Statement = &OLD_FILES;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        if self.content.is_empty() { Vec::new() } else { vec![(content_place(self.id), &mut self.content)] }
    }
}

impl Sealed for BankOrderRow {
    const OLD: &'static Statement = &OLD_ORDERS;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(payee_place(&self.reference), &mut self.payee)]
    }
}

fn file_of(job: &Claimed, hands: &mut Hands<'_>) -> Result<BankFileRow, RunError> {
    let bad = || RunError::Failed("the job names no bank file".to_owned());
    let id: BankFileId = job.subject.parse().map_err(|_| bad())?;
    bank_file(hands.reads, id)?.ok_or_else(bad)
}

/// Seals a payee for its order; the second value recognises the same one again.
///
/// # Errors
/// The seal cannot be used.
pub fn seal_payee(seal: &dyn Seal, reference: &str, payee: &Payee) -> Result<(String, String), RunError> {
    let clear = Facts::new()
        .text("kind", &payee.kind)
        .text("number", &payee.number)
        .text("holder", &payee.holder)
        .text("bank", &payee.bank)
        .text("cnaps", &payee.cnaps);
    let sealed = seal.seal(&payee_place(reference), clear.encoded()).map_err(RunError::Failed)?;
    Ok((sealed, seal.index("bank_orders.payee", clear.encoded())))
}

fn open_payee(seal: &dyn Seal, order: &BankOrderRow) -> Result<Payee, RunError> {
    let place = payee_place(&order.reference);
    let clear = Facts::decode(&seal.open(&place, &order.payee).map_err(RunError::Failed)?);
    let field = |name| clear.get_text(name).unwrap_or_default();
    Ok(Payee {
        kind: field("kind"),
        number: field("number"),
        holder: field("holder"),
        bank: field("bank"),
        cnaps: field("cnaps"),
    })
}

/// The orders that wait in a file, and those of them that carry a payout: about the others there is nobody to ask.
fn waiting(reads: &mut dyn Session, file: BankFileId) -> Result<(Vec<BankOrderRow>, Vec<Carried>), Fault> {
    let mut orders = orders_of(reads, file)?;
    orders.retain(|order| order.state() == OrderState::Waiting);
    let mut out = Vec::new();
    for order in &orders {
        let reference = order.reference.clone();
        let Some((located, _)) = by_reference(reads, &reference)? else { continue };
        let Some(row) = withdrawal(reads, located.id)? else { continue };
        out.push(Carried { reference, located, destination: row.destination });
    }
    Ok((orders, out))
}

/// The payouts of the orders that wait in a file; `None` while orders can still come into it: a list of them would not
/// be whole by the time it is used.
///
/// # Errors
/// Storage faults.
pub fn carried_by(reads: &mut dyn Session, file: BankFileId) -> Result<Option<Vec<Carried>>, Fault> {
    let is_fixed = bank_file(reads, file)?.is_none_or(|row| !matches!(row.state.as_str(), "open" | "closed"));
    Ok(if is_fixed { Some(waiting(reads, file)?.1) } else { None })
}

fn look_at(job: &Claimed, file: &BankFileRow, orders: Vec<Carried>) -> LookAtFile {
    LookAtFile { lease: job.lease, id: file.id, orders, held: held(&job.payload) }
}

/// Fixes the bytes of a closed file, without what may not go out by now ([`LookAtFile`]); waits while nothing may.
///
/// They follow from what the books say, so that a run that ended half-way gives the same.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_fix(
    seal: &dyn Seal,
    format: &dyn BankFormat,
    to_folder: bool,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let file = file_of(job, hands)?;
    let Some(closed_at) = file.closed_at.filter(|_| file.state == "closing") else {
        return Ok(Ran::Finish);
    };
    let (mut orders, carried) = waiting(hands.reads, file.id)?;
    let Looked::Go(out) = hands.call(look_at(job, &file, carried))? else { return Ok(Ran::Committed) };
    orders.retain(|order| !out.contains(&order.reference));
    let mut parts = Vec::new();
    for class in AccountClass::ALL {
        let mut lines = Vec::new();
        for order in orders.iter().filter(|order| order.class() == class) {
            lines.push(PaymentLine {
                reference: order.reference.clone(),
                amount_minor: order.amount,
                payee: open_payee(seal, order)?,
            });
        }
        if !lines.is_empty() {
            parts.push(FilePart { id: format!("{}-{}", file.id, part_letter(class)), class, lines });
        }
    }
    let content = format.render(&PaymentFile {
        id: file.id.to_string(),
        made_at: closed_at,
        currency: file.currency,
        parts,
    });
    let command = FixBankFile {
        lease: job.lease,
        id: file.id,
        name: format!("{}.{}", file.id, format.extension()),
        orders: i64::try_from(orders.len()).unwrap_or(i64::MAX),
        amount_minor: orders.iter().fold(0, |sum: i64, order| sum.saturating_add(order.amount)),
        hash: *blake3::hash(content.as_bytes()).as_bytes(),
        size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        content: seal.seal(&content_place(file.id), &content).map_err(RunError::Failed)?,
        to_folder,
    };
    hands.call(command)?;
    Ok(Ran::Committed)
}

/// The bytes of a file, as they were fixed.
///
/// # Errors
/// In words for the log, when they cannot be opened or are not those that were fixed.
pub fn content_of(seal: &dyn Seal, file: &BankFileRow) -> Result<String, String> {
    let content = seal.open(&content_place(file.id), &file.content)?;
    if *blake3::hash(content.as_bytes()).as_bytes() == file.hash {
        Ok(content)
    } else {
        Err("the stored bytes of a bank file are not those that were fixed".to_owned())
    }
}

/// Writes a file into the folder that the bank's client reads, and notes that it went out; waits while nothing may. One
/// with a payee who may not be paid any more is dissolved instead.
///
/// It is noted before that it is being written. A run that finds this note was preceded by one that ended in between: is
/// the file there, it went out; is it gone, the bank's client may have taken it, and a person has to find out. Written
/// once more, every order in it could be paid twice by a bank that does not look at message ids.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_drop(
    seal: &dyn Seal,
    outbox: &dyn Outbox,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let file = file_of(job, hands)?;
    if file.state != "ready" {
        return Ok(Ran::Finish);
    }
    // What may be out already is no matter of switches any more, and its note must stay.
    let dropping = job.payload.get(DROPPING).is_some();
    if !dropping {
        let (_, carried) = waiting(hands.reads, file.id)?;
        if hands.call(look_at(job, &file, carried))? == Looked::Stopped {
            return Ok(Ran::Committed);
        }
    }
    let content = content_of(seal, &file).map_err(RunError::Failed)?;
    let failed = |error: FolderError| RunError::Failed(error.text);
    if dropping {
        if !outbox.has(&file.name, content.as_bytes()).map_err(failed)? {
            hands.call(AskWhetherTaken { lease: job.lease, id: file.id })?;
            return Ok(Ran::Committed);
        }
    } else {
        let version = hands.call(NoteDrop { lease: job.lease, id: file.id, step: DropStep::Begins })?;
        if let Err(error) = outbox.put(&file.name, content.as_bytes()) {
            // Nothing is there: the next run begins anew. Else it looks whether the file is there or was taken.
            if !error.placed {
                hands.call(NoteDrop { lease: job.lease, id: file.id, step: DropStep::Undone { version } })?;
            }
            return Err(failed(error));
        }
    }
    hands.call(MarkBankFileSent { id: file.id, lease: Some(job.lease) })?;
    Ok(Ran::Committed)
}

/// Tells a withdrawal what the bank said about its order.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_outcome(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let Some(order) = bank_order(hands.reads, &job.subject)? else { return Ok(Ran::Finish) };
    let Some((located, slice)) = by_reference(hands.reads, &job.subject)? else {
        return Ok(Ran::Finish);
    };
    let seen = Some(Seen::BankOrder(order.version));
    let (outcome, lease) = (order.outcome(), Some(job.lease));
    hands.call(RecordRailOutcome { located, slice, outcome, seen, lease })?;
    Ok(Ran::Committed)
}

/// The payment that staff entered by hand for this line. A batch has several lines under one reference: such a payment
/// stands for the first of its amount, and the others are payments of their own. Where no line has its amount, the
/// first contradicts it, and staff hear of that.
fn stands_for(reads: &mut dyn Session, entry: &BankEntryRow) -> Result<Option<String>, RunError> {
    let reference = entry.bank_reference.trim();
    let Some(known) = payment(reads, payment_id(Method::BankTransfer, reference))? else { return Ok(None) };
    let lines = handed_over(reads, &entry.bank_reference)?;
    let meant = lines.iter().find(|line| line.amount == known.amount).or_else(|| lines.first());
    Ok(meant.is_none_or(|line| line.id == entry.id).then(|| reference.to_owned()))
}

/// Hands money in over to payments: for the order that the payer's words name, or for staff to assign (P11).
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_credit(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job names no line of the bank".to_owned());
    let id = Uid::parse(&job.subject, ENTRY_PREFIX).map_err(|_| bad())?;
    let entry: BankEntryRow = one(hands.reads, id)?.ok_or_else(bad)?;
    // By the code in the payer's words, then by the amount; where several could be meant, staff looks.
    let order = order_of_transfer(hands.reads, &entry.words, entry.amount)?;
    let order = order.as_ref().map(LocatedOrder::from);
    // Entered by hand before the message came: the same money under the bank's reference, not a second payment.
    let by_hand = stands_for(hands.reads, &entry)?;
    hands.call(RecordPayment {
        method: Method::BankTransfer,
        rail_payment: by_hand.unwrap_or_else(|| job.subject.clone()),
        order,
        amount_minor: entry.amount,
        paid_at: None,
        note: entry.words,
        from_rail: true,
        lease: Some(job.lease),
    })?;
    Ok(Ran::Committed)
}
