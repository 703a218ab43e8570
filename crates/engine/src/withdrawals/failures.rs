//! Withdrawals that came to nothing (C16): one row each, written with the refusal or with the end of the withdrawal, and
//! counted by what they came to nothing for.

use purser_domain::{
    ids::{PartyId, Uid, WithdrawalId},
    time::{Date, Timestamp},
    withdrawals::{FailureKind, Reason, Refused, Source, State},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::rows::WithdrawalRow;
use crate::{command::Ctx, record, tx::Tx};

record! {
    /// A withdrawal that came to nothing. Rows are only inserted.
    pub struct FailureRow in WITHDRAWAL_FAILURES = 102, "withdrawal_failures", lock None, key(id: Uid) {
        /// Civil date.
        day: Date,
        /// Which money.
        source: String,
        /// See [`FailureKind`].
        kind: String,
        /// Code of the gate or of what the rail said; `rejected` for a refusal in review.
        code: String,
        /// Whose money.
        party: PartyId,
        /// The withdrawal; nil where the gate refused it.
        withdrawal: WithdrawalId,
        /// Asked for, minor units.
        amount: i64,
        /// When.
        at: Timestamp,
    }
}

static COUNT: Statement = Statement {
    name: "withdrawals.failures_count",
    sql: "SELECT day, kind, code, COUNT(*) FROM withdrawal_failures WHERE source = ?1 AND day >= ?2 AND day <= ?3 \
          GROUP BY day, kind, code ORDER BY day, kind, code",
};
static OF_PARTY: Statement = Statement {
    name: "withdrawals.failures_of_party",
    sql: "SELECT id, day, source, kind, code, party, withdrawal, amount, at FROM withdrawal_failures \
          WHERE party = ?1 AND (at, id) < (?2, ?3) ORDER BY at DESC, id DESC LIMIT ?4",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&COUNT, &OF_PARTY];

/// Most failures on a page.
pub const FAILURE_PAGE_MAX: i64 = 200;

fn row(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    source: Source,
    amount: i64,
    what: (FailureKind, &str),
) -> FailureRow {
    let id: WithdrawalId = tx.new_id();
    FailureRow {
        id: id.0,
        day: ctx.today,
        source: source.name().to_owned(),
        kind: what.0.name().to_owned(),
        code: what.1.to_owned(),
        party,
        withdrawal: WithdrawalId(Uid::NIL),
        amount,
        at: ctx.now,
    }
}

/// The gate refused: written down although the request is rejected.
pub(super) fn refused(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    source: Source,
    amount_minor: i64,
    no: &Refused,
) {
    let kind = FailureKind::of_gate(no.code);
    let row = row(tx, ctx, party, source, amount_minor, (kind, no.code.code()));
    tx.keep_when_rejected(move |tx| tx.put(row));
}

/// A withdrawal ended without the money having stayed where it was to go.
pub(super) fn ended(tx: &mut Tx, ctx: &Ctx, row_of: &WithdrawalRow) {
    let withdrawal = row_of.withdrawal();
    let what = match (withdrawal.state, &withdrawal.reason) {
        (State::Failed | State::Bounced, Some(Reason::Rail { class, code })) => {
            (FailureKind::of_rail(*class), code.clone())
        }
        (State::Failed, Some(Reason::Gate(code))) => (FailureKind::of_gate(*code), code.code().to_owned()),
        (State::Rejected, _) => (FailureKind::Review, "rejected".to_owned()),
        _ => return,
    };
    let failure = row(tx, ctx, row_of.party, withdrawal.source, row_of.amount, (what.0, &what.1));
    tx.put(FailureRow { withdrawal: row_of.id, ..failure });
}

/// A party disputes a fee (C16).
pub(crate) fn disputed(tx: &mut Tx, ctx: &Ctx, party: PartyId, withdrawal: Option<&WithdrawalRow>) {
    let (source, amount) =
        withdrawal.map_or((Source::Proceeds, 0), |row| (Source::named(&row.source), row.amount));
    let failure = row(tx, ctx, party, source, amount, (FailureKind::FeeDispute, "fee_dispute"));
    let withdrawal = withdrawal.map_or(WithdrawalId(Uid::NIL), |row| row.id);
    tx.put(FailureRow { withdrawal, ..failure });
}

/// How many of a kind and code on a civil date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCount {
    /// Civil date.
    pub day: Date,
    /// What for.
    pub kind: FailureKind,
    /// Code.
    pub code: String,
    /// How many.
    pub count: i64,
}

/// Failures of a kind of money between two civil dates, both included, by day, kind and code.
///
/// # Errors
/// Storage faults.
pub fn failure_counts(
    session: &mut dyn Session,
    source: Source,
    from: Date,
    until: Date,
) -> Result<Vec<FailureCount>, Fault> {
    let (from, until) = (from.to_string(), until.to_string());
    let params = [Value::Text(source.name()), Value::Text(&from), Value::Text(&until)];
    let mut counts = Vec::new();
    session.query(&COUNT, &params, &mut |row| {
        // Rows of a newer program are counted as what is nearest to them.
        let kind = FailureKind::named(row.text(1)).unwrap_or(FailureKind::Channel);
        counts.push(FailureCount { day: row.date(0), kind, code: row.text(2).to_owned(), count: row.int(3) });
        true
    })?;
    Ok(counts)
}

/// Failures of a party, newest first, from a place on.
///
/// # Errors
/// Storage faults.
pub fn failures_of_party(
    session: &mut dyn Session,
    party: PartyId,
    before: Option<(Timestamp, Uid)>,
    most: i64,
) -> Result<Vec<FailureRow>, Fault> {
    let (at, id) = before.unwrap_or((Timestamp(i64::MAX), Uid([0xff; 16])));
    let params = [
        Value::Bytes(&party.0.0),
        Value::Int(at.0),
        Value::Bytes(&id.0),
        Value::Int(most.clamp(1, FAILURE_PAGE_MAX + 1)),
    ];
    let mut rows = Vec::new();
    session.query(&OF_PARTY, &params, &mut |row| {
        rows.push(FailureRow::read(row));
        true
    })?;
    Ok(rows)
}
