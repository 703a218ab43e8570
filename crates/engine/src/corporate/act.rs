//! What people do with a statement: sign, call off, dispute, submit papers, check them, pay again.

use purser_domain::{
    casework::{Kind, Outcome},
    corporate::{self, ITEMS_MAX, Invoice, InvoiceItem, State},
    ids::{CaseId, PayoutAccountId, PersonId, StaffId, StatementId, Uid, WithdrawalId},
    policy::keys,
    withdrawals::StatementPayout,
};
use purser_storage::Value;

use super::{
    ItemRow, PayoutRow, StatementRow, due_on, end_of,
    generate::{account, takes_statements},
    queries::{ITEMS_OF, PAGE_OF_PARTY},
    rejected, unknown_statement,
};
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::{PersonRow, people},
    tx::{Needs, Tx},
    withdrawals::{ACCOUNTS_OF_PARTY, PayoutAccountRow, statement as money},
};

/// Statements of a payee whose invoices a new one is compared with, the newest: more than it has in its life.
const INVOICES: i64 = 1_000;

/// An invoice, as it is submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceInput {
    /// Its number.
    pub number: String,
    /// `special` or `ordinary`.
    pub kind: String,
    /// What it is for.
    pub item: String,
    /// Tax rate in whole percent.
    pub tax_percent: u32,
    /// Amount, tax included, minor units.
    pub amount_minor: i64,
    /// Who issued it.
    pub seller_name: String,
    /// Its unified social credit code.
    pub seller_code: String,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The payee signs, by this name; the person that it belongs to, where the caller says which (P6).
    Sign(String, Option<PersonId>),
    /// The payee calls it off, before it signed.
    Cancel,
    /// The payee says that it is wrong.
    Dispute(String),
    /// Staff answer the dispute and leave the statement as it is.
    Answer(StaffId, String),
    /// The payee submits an invoice.
    Submit(InvoiceInput),
    /// Staff accept the papers: it is paid.
    Accept(StaffId),
    /// Staff send the papers back.
    Reject(StaffId, String),
    /// Staff pay the rest again, to another account where one is named.
    Retry(StaffId, Option<PayoutAccountId>),
    /// Staff call it off.
    Void(StaffId, String),
}

/// Does something with a statement.
///
/// Rejections in order: `statement_unknown`, `version_conflict`, those of the step ([`corporate`]), for a signature
/// `person_unknown` and `person_may_not_approve`, for a payout
/// `destination_missing`, `destination_kind`, `no_rail`, and the ledger's.
pub struct ActOnStatement {
    /// Which.
    pub id: StatementId,
    /// What.
    pub act: Act,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

impl Command for ActOnStatement {
    type Output = StatementRow;

    fn name(&self) -> &'static str {
        match self.act {
            Act::Sign(..) => "settlement.sign",
            Act::Cancel => "settlement.cancel",
            Act::Dispute(_) => "settlement.dispute",
            Act::Answer(..) => "settlement.answer",
            Act::Submit(_) => "settlement.submit",
            Act::Accept(_) => "settlement.accept",
            Act::Reject(..) => "settlement.reject",
            Act::Retry(..) => "settlement.retry",
            Act::Void(..) => "settlement.void",
        }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StatementRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let Some(row) = needs.get::<StatementRow>(&self.id).cloned() else { return };
        for case in [row.papers_case(), row.dispute_case()].into_iter().flatten() {
            needs.row::<CaseRow>(case);
        }
        match self.act {
            Act::Cancel | Act::Void(..) => {
                let limit = Value::Int(i64::try_from(ITEMS_MAX).unwrap_or(i64::MAX));
                needs.list::<ItemRow>(
                    &ITEMS_OF,
                    &[Value::Bytes(&row.party.0.0), Value::Bytes(&self.id.0.0), limit],
                );
                money::want(needs, row.party, Some(row.payout), ctx);
            }
            Act::Accept(_) | Act::Retry(..) => {
                needs.row::<PayoutRow>(row.payout);
                needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&row.party.0.0)]);
                money::want(needs, row.party, Some(row.payout), ctx);
                money::want_rails(needs, ctx);
            }
            Act::Submit(_) => {
                let (latest, any) = (Value::Int(i64::MAX), Value::Text(""));
                let all = [
                    latest,
                    Value::Bytes(&Uid::NIL.0),
                    any,
                    Value::Int(INVOICES),
                    Value::Bytes(&row.party.0.0),
                ];
                needs.list::<StatementRow>(&PAGE_OF_PARTY, &all);
            }
            Act::Sign(_, Some(person)) => needs.row::<PersonRow>((row.party, person)),
            _ => {}
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<StatementRow, Rejection> {
        let known = tx.get::<StatementRow>(&self.id).cloned();
        let mut row = known.ok_or_else(|| unknown_statement(self.id))?;
        if self.if_version.is_some_and(|version| version != row.version) {
            let text = format!(
                "the statement was changed meanwhile: it is at version {}, read it again",
                row.version
            );
            return Err(Rejection::new("version_conflict", text));
        }
        let disputed = row
            .dispute_case()
            .and_then(|case| tx.get::<CaseRow>(&case))
            .is_some_and(|case| !case.state().is_closed());
        let no = |rejection| rejected(rejection, &[]);
        if let Act::Dispute(text) = &self.act {
            corporate::dispute(&row.statement(disputed, ctx.now), text).map_err(no)?;
            return Ok(dispute(tx, ctx, row, text));
        }
        if let Act::Answer(staff, why) = &self.act {
            corporate::answer(&row.statement(disputed, ctx.now), why).map_err(no)?;
            close(tx, ctx, row.dispute_case(), Outcome::Refused, why, Author::staff(*staff))?;
            row.version += 1;
            tx.put(row.clone());
            tx.notify("settlement.dispute_answered", row.party, &row.id.to_string(), row.facts());
            return Ok(row);
        }
        let Some(to) = self.step(ctx, &row, disputed).map_err(no)? else { return Ok(row) };
        row.reason.clear();
        match &self.act {
            Act::Sign(name, person) => {
                if let Some(person) = person {
                    people::may_approve(tx, row.party, *person)?;
                }
                row.signed_by.clone_from(name);
                row.signed_at = Some(ctx.now);
            }
            Act::Submit(invoice) => {
                if is_used(tx, &row, &invoice.number) {
                    return Err(no(corporate::Rejection::InvoiceUsed));
                }
                submit(tx, ctx, &mut row, invoice);
            }
            Act::Accept(staff) => {
                let destination = row.destination;
                pay(tx, ctx, &mut row, destination, false)?;
                close(
                    tx,
                    ctx,
                    row.papers_case(),
                    Outcome::Resolved,
                    "资料审核通过 / The papers are accepted",
                    Author::staff(*staff),
                )?;
            }
            Act::Reject(staff, why) => {
                close(tx, ctx, row.papers_case(), Outcome::Refused, why, Author::staff(*staff))?;
                row.reason.clone_from(why);
                row.submitted_at = None;
                row.due_on.clear();
                row.calendar_missing = false;
                row.overdue_at = None;
            }
            Act::Retry(_, destination) => {
                let destination = destination.unwrap_or(row.destination);
                pay(tx, ctx, &mut row, destination, true)?;
            }
            Act::Cancel => {
                call_off(tx, ctx, &mut row)?;
                let why = "结算单已撤销 / The statement is called off";
                close(tx, ctx, row.dispute_case(), Outcome::Resolved, why, Author::SYSTEM)?;
            }
            Act::Void(staff, why) => {
                call_off(tx, ctx, &mut row)?;
                close(tx, ctx, row.dispute_case(), Outcome::Resolved, why, Author::staff(*staff))?;
                close(tx, ctx, row.papers_case(), Outcome::Refused, why, Author::staff(*staff))?;
                row.reason.clone_from(why);
            }
            Act::Dispute(_) | Act::Answer(..) => {}
        }
        Ok(enter(tx, row, to))
    }

    fn audit(&self, output: &StatementRow) -> (String, Facts) {
        (output.id.to_string(), output.facts())
    }
}

impl ActOnStatement {
    fn step(
        &self,
        ctx: &Ctx,
        row: &StatementRow,
        disputed: bool,
    ) -> Result<Option<State>, corporate::Rejection> {
        let statement = row.statement(disputed, ctx.now);
        match &self.act {
            Act::Sign(name, _) => corporate::sign(&statement, name),
            Act::Cancel => corporate::cancel(&statement),
            Act::Dispute(_) | Act::Answer(..) => Ok(None),
            Act::Submit(invoice) => {
                let rates = ctx.rules.policy.at(row.generated_at, ctx.now).value(keys::CORPORATE_TAX_RATES);
                let rates: Vec<u32> = rates.iter().filter_map(|rate| rate.parse().ok()).collect();
                let invoice = Invoice {
                    number: &invoice.number,
                    kind: &invoice.kind,
                    item: &invoice.item,
                    tax_percent: invoice.tax_percent,
                    amount_minor: invoice.amount_minor,
                    seller_name: &invoice.seller_name,
                    seller_code: &invoice.seller_code,
                };
                corporate::submit(&statement, &invoice, &rates)
            }
            Act::Accept(_) => corporate::accept(&statement),
            Act::Reject(_, why) => corporate::reject(&statement, why),
            Act::Retry(..) => corporate::retry(&statement),
            Act::Void(_, why) => corporate::void(&statement, why),
        }
    }
}

/// Stores a statement in its new state and tells its payee.
pub(super) fn enter(tx: &mut Tx, mut row: StatementRow, to: State) -> StatementRow {
    to.name().clone_into(&mut row.state);
    row.version += 1;
    tx.put(row.clone());
    tx.notify(to.event(), row.party, &row.id.to_string(), row.facts());
    row
}

fn dispute(tx: &mut Tx, ctx: &Ctx, mut row: StatementRow, text: &str) -> StatementRow {
    let new = NewCase {
        kind: Kind::StatementDispute,
        party: Some(row.party),
        subject: row.id.to_string(),
        summary: text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect(),
        due_at: None,
    };
    row.dispute_case = cases::open(tx, ctx, new);
    row.version += 1;
    tx.put(row.clone());
    tx.notify("settlement.disputed", row.party, &row.id.to_string(), row.facts());
    row
}

/// Whether an invoice stands for another statement of the payee already. Papers that were sent back, and statements
/// that were called off, leave theirs free.
fn is_used(tx: &Tx, row: &StatementRow, number: &str) -> bool {
    let stands =
        |state| matches!(state, State::Submitted | State::Paying | State::Paid | State::PaymentFailed);
    tx.rows::<StatementRow>().any(|other| {
        other.id != row.id
            && other.party == row.party
            && stands(other.state())
            && other.invoice.get_text("number").is_some_and(|used| used == number)
    })
}

/// Complete papers start the clock (X16).
fn submit(tx: &mut Tx, ctx: &Ctx, row: &mut StatementRow, invoice: &InvoiceInput) {
    let item = InvoiceItem::named(&invoice.item).map_or("", InvoiceItem::name);
    row.invoice = Facts::new()
        .text("number", &invoice.number)
        .text("kind", &invoice.kind)
        .text("item", item)
        .int("tax_percent", i64::from(invoice.tax_percent));
    row.submissions += 1;
    row.submitted_at = Some(ctx.now);
    let due = due_on(ctx, ctx.now);
    row.due_on = due.map_or_else(String::new, |day| day.to_string());
    row.calendar_missing = due.is_none();
    row.overdue_at = due.map(|day| end_of(ctx, day));
    let new = NewCase {
        kind: Kind::Paperwork,
        party: Some(row.party),
        subject: row.id.to_string(),
        summary: format!("发票 {} / Invoice {}", invoice.number, invoice.number),
        due_at: due.map(|day| end_of(ctx, day)),
    };
    row.papers_case = cases::open(tx, ctx, new);
}

/// A case ends with what it is about; one that somebody closed before is left as it is.
fn close(
    tx: &mut Tx,
    ctx: &Ctx,
    case: Option<CaseId>,
    outcome: Outcome,
    reason: &str,
    by: Author,
) -> Result<(), Rejection> {
    let open = |case: &CaseId| tx.get::<CaseRow>(case).is_some_and(|case| !case.state().is_closed());
    match case.filter(open) {
        Some(case) => cases::settle(tx, ctx, case, outcome, reason, by).map(|_| ()),
        None => Ok(()),
    }
}

fn payout(ctx: &Ctx, row: &StatementRow, id: WithdrawalId, amount_minor: i64) -> StatementPayout {
    StatementPayout {
        id,
        party: row.party,
        amount_minor,
        currency: row.currency,
        destination: row.destination,
        promised_at: row.due_on().map(|day| end_of(ctx, day)),
    }
}

/// Starts the payout: the first under the id that reserved the money, a later one under a new id, because the one
/// before has definitely come to its end.
fn pay(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &mut StatementRow,
    destination: PayoutAccountId,
    again: bool,
) -> Result<(), Rejection> {
    let found = account(tx, row.party, Some(destination)).cloned();
    let found = found.ok_or_else(|| rejected(corporate::Rejection::DestinationMissing, &[]))?;
    if !takes_statements(&found) {
        return Err(rejected(corporate::Rejection::DestinationKind, &[]));
    }
    row.destination = found.id;
    row.account.clone_from(&found.masked);
    let amount_minor = row.payable - row.paid;
    if again {
        row.payout = tx.new_id();
    }
    let payout = payout(ctx, row, row.payout, amount_minor);
    if again {
        money::reserve(tx, ctx, &payout)?;
    }
    let started = money::start(tx, ctx, &payout, &found.kind)?;
    row.payouts += 1;
    row.finished_at = None;
    tx.put(PayoutRow {
        payout: row.payout,
        statement: row.id,
        n: row.payouts,
        amount: amount_minor,
        paid: 0,
        state: started.state,
    });
    Ok(())
}

/// Frees the items and, where the statement itself reserves it, the money.
fn call_off(tx: &mut Tx, ctx: &Ctx, row: &mut StatementRow) -> Result<(), Rejection> {
    if row.state().reserves() {
        let payout = payout(ctx, row, row.payout, row.payable);
        money::release(tx, ctx, &payout)?;
    }
    let own: Vec<ItemRow> = tx.rows::<ItemRow>().filter(|item| item.statement == row.id).cloned().collect();
    for mut item in own {
        item.statement = StatementId(Uid::NIL);
        tx.put(item);
    }
    row.finished_at = Some(ctx.now);
    row.due_on.clear();
    row.calendar_missing = false;
    row.overdue_at = None;
    Ok(())
}
