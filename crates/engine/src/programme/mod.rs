//! The programme (X15): members, what they earn in a month, its close and publication, disputes.

mod close;
mod disputes;
mod income;
mod invariants;
mod members;
mod publish;
mod queries;
mod rows;
mod terms;

pub use close::{BeginMonthClose, BeginPublication, CLOSE, CLOSE_STEP, CloseMonth, PUBLISH, TendMonths};
pub(crate) use disputes::ADJUSTMENT;
pub use disputes::{AnswerDispute, DisputeStatement, adjustment_approval};
pub(crate) use invariants::INVARIANTS;
pub use members::{EnrolCreators, Enrolment, LeaveProgramme};
pub use publish::PublishStatement;
pub use queries::{
    MonthTotals, PROGRAMME_PAGE_MAX, disputed, disputes, lines, member, member_page, month, month_totals,
    months, statement, statements_of_month, statements_of_payee,
};
pub use rows::{CreatorMonth, DisputeRow, ProgrammeMember, ProgrammeMonth, StatementLine, StatementRow};
pub use terms::{ImportTerms, TermsItem, TermsOutcome};

pub(crate) use income::{add_income, is_declared, is_member, want_income, want_members};

use purser_domain::{
    ids::{PartyId, StatementId, TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    programme::{self, AccountRole, Posting, PostingKind},
    time::Month,
};
use purser_storage::{Statement, Table};

use crate::{
    command::{Ctx, Rejection},
    corporate::{self, NewLine},
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::PROGRAMME_MEMBERS,
    &rows::PROGRAMME_MONTHS,
    &rows::PROGRAMME_CREATORS,
    &rows::PROGRAMME_STATEMENTS,
    &rows::PROGRAMME_LINES,
    &rows::PROGRAMME_DISPUTES,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, close::STATEMENTS, invariants::STATEMENTS].concat()
}

/// The id of the statement of a creator's month for a payee.
pub fn statement_id(creator: PartyId, payee: PartyId, month: Month) -> StatementId {
    let month = month.to_string();
    let parts: [&[u8]; 3] = [&creator.0.0, &payee.0.0, month.as_bytes()];
    StatementId(Uid::derive("purser programme statement v1", &parts))
}

fn rejected(rejection: programme::Rejection) -> Rejection {
    use programme::Rejection as R;
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        R::NotACreator => plain.at("/creator_id"),
        R::IntervalEmpty => plain.at("/to_on"),
        R::MemberOverlap | R::TooManyIntervals => plain.at("/from_on"),
        R::FeeInvalid => plain.at("/fee_ppm"),
        R::IncentiveInvalid => plain.at("/incentive_minor"),
        R::AdjustmentZero => plain.at("/adjustment_minor"),
        _ => plain,
    }
}

fn statement_unknown(id: StatementId) -> Rejection {
    Rejection::new("statement_unknown", format!("there is no programme statement {id}"))
}

fn account(role: AccountRole, payee: PartyId, currency: Currency) -> AccountRef {
    match role {
        AccountRole::Frozen => AccountRef::party(payee, AccountKind::Frozen, currency),
        AccountRole::Earnings => AccountRef::party(payee, AccountKind::Earnings, currency),
        AccountRole::Owed => AccountRef::party(payee, AccountKind::Owed, currency),
        AccountRole::RevenueOperating => AccountRef::platform(AccountKind::RevenueOperating, currency),
        AccountRole::ExpenseIncentive => AccountRef::platform(AccountKind::ExpenseIncentive, currency),
        AccountRole::TaxWithheld => AccountRef::platform(AccountKind::TaxWithheld, currency),
    }
}

/// Declares what [`post`] reads and moves for a payee.
fn want_accounts(needs: &mut Needs<'_>, payee: PartyId, ctx: &Ctx) {
    use AccountRole as R;
    for role in [R::Frozen, R::Earnings, R::Owed, R::RevenueOperating, R::ExpenseIncentive] {
        needs.account(&account(role, payee, ctx.rules.currency));
    }
    needs.row::<PartyRow>(payee);
}

fn owed(tx: &Tx, payee: PartyId, ctx: &Ctx) -> i64 {
    tx.account(account(AccountRole::Owed, payee, ctx.rules.currency).id()).map_or(0, |account| account.posted)
}

fn kind_of(kind: PostingKind) -> TransferKind {
    match kind {
        PostingKind::Income => TransferKind::ProgrammeIncome,
        PostingKind::Fee => TransferKind::ProgrammeFee,
        PostingKind::Incentive => TransferKind::ProgrammeIncentive,
        PostingKind::Tax => TransferKind::TaxWithheld,
        PostingKind::Adjustment => TransferKind::ProgrammeAdjustment,
        PostingKind::OwedCollected => TransferKind::OwedCollected,
    }
}

/// The transfers of a group of postings. Their ids follow from `posting` and their place, so that whoever checks a
/// statement finds them.
fn transfers(
    currency: Currency,
    statement: &StatementRow,
    posting: Uid,
    postings: &[Posting],
) -> Vec<TransferRequest> {
    let account = |role| account(role, statement.payee, currency).id();
    let place = |index: usize| u64::try_from(index).unwrap_or(u64::MAX).to_le_bytes();
    let id = |index| TransferId(Uid::derive_near(posting, "purser programme posting v1", &[&place(index)]));
    postings
        .iter()
        .enumerate()
        .map(|(index, posting)| TransferRequest {
            id: id(index),
            step: Step::Post,
            debit: account(posting.from),
            credit: account(posting.to),
            amount_minor: posting.amount_minor,
            currency,
            kind: kind_of(posting.kind).code(),
            reference: statement.id.0,
        })
        .collect()
}

/// Posts the transfers of a statement, all or none, and returns what their ids follow from; nil without any. The
/// statement's row guards against posting twice.
fn post(tx: &mut Tx, ctx: &Ctx, statement: &StatementRow, postings: &[Posting]) -> Result<Uid, Rejection> {
    if postings.is_empty() {
        return Ok(Uid::NIL);
    }
    let TransferId(posting) = tx.new_id();
    let requests = transfers(ctx.rules.currency, statement, posting, postings);
    tx.post_all(&requests).map_err(|(_, refusal)| Rejection::from(refusal))?;
    let corporate = tx.get::<PartyRow>(&statement.payee).is_some_and(corporate::is_corporate);
    if corporate || statement.creator != statement.payee {
        settle_by_statement(tx, ctx, statement, postings);
    }
    Ok(posting)
}

/// An agency, and a creator who is a company, does not withdraw: what a statement moves in its balance goes into its
/// next corporate settlement (X16).
fn settle_by_statement(tx: &mut Tx, ctx: &Ctx, statement: &StatementRow, postings: &[Posting]) {
    let amount_minor = postings.iter().fold(0i64, |sum, posting| match (posting.from, posting.to) {
        (_, AccountRole::Earnings) => sum.saturating_add(posting.amount_minor),
        (AccountRole::Earnings, _) => sum.saturating_sub(posting.amount_minor),
        _ => sum,
    });
    if amount_minor != 0 {
        let note = format!("繁星计划 {month} / Programme {month}", month = statement.month);
        corporate::add_line(tx, ctx, NewLine { payee: statement.payee, amount_minor, note });
    }
}

/// What the audit log says of a list.
fn counted(items: usize, refused: usize) -> crate::facts::Facts {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    crate::facts::Facts::new().int("items", count(items)).int("refused", count(refused))
}
