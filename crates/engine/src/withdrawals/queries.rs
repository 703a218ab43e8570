//! Reading withdrawals, payout accounts and float.

use purser_domain::{
    ids::{CaseId, PartyId, WithdrawalId},
    ledger::AccountRef,
    money::Currency,
    time::{Date, Timestamp},
    withdrawals::{RailNumber, Source, read_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::rows::{PayoutAccountRow, RailRow, WithdrawalRow};
use crate::earnings::account;

pub(crate) static ACCOUNTS_OF_PARTY: Statement = Statement {
    name: "withdrawals.accounts_of_party",
    sql: "SELECT id, party, kind, number, masked, first, is_default, locked, bound_at, unbound_at, version, \
          number_index, holder, bank FROM payout_accounts WHERE party = ?1 AND (unbound_at IS NULL OR locked <> 0) \
          ORDER BY bound_at, id LIMIT 100",
};
pub(super) static QUEUE: Statement = Statement {
    name: "withdrawals.queue",
    sql: "SELECT id, party, destination, rail, source, amount, fee, net, currency, state, reason, requested_at, \
          requested_on, dispatch_at, expected_at, deadline_at, people_needed, approvals, review, slices, queued, \
          next_at, finished_at, policy_version, version, unpaid, asked_by, case_id, basis, metadata FROM withdrawals \
          WHERE queued = 1 AND rail = ?1 AND next_at <= ?2 ORDER BY next_at, id LIMIT ?3",
};
pub(super) static QUEUE_NEWEST: Statement = Statement {
    name: "withdrawals.queue_newest",
    sql: "SELECT id, party, destination, rail, source, amount, fee, net, currency, state, reason, requested_at, \
          requested_on, dispatch_at, expected_at, deadline_at, people_needed, approvals, review, slices, queued, \
          next_at, finished_at, policy_version, version, unpaid, asked_by, case_id, basis, metadata FROM withdrawals \
          WHERE queued = 1 AND rail = ?1 AND (next_at, id) < (?2, ?3) ORDER BY next_at DESC, id DESC LIMIT ?4",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ACCOUNTS_OF_PARTY, &QUEUE, &QUEUE_NEWEST];

/// What never changes about a withdrawal, and what a command needs to know before it can load the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Id.
    pub id: WithdrawalId,
    /// Whose money.
    pub party: PartyId,
    /// The rail that carries it.
    pub rail: String,
    /// The civil date under which it counts.
    pub requested_on: Date,
    /// Which balance is drawn.
    pub source: Source,
    /// The case that asks for evidence (C17).
    pub case: Option<CaseId>,
    /// The other shop that asked for it (C20).
    pub asked_by: Option<PartyId>,
}

impl From<&WithdrawalRow> for Located {
    fn from(row: &WithdrawalRow) -> Self {
        Self {
            id: row.id,
            party: row.party,
            rail: row.rail.clone(),
            requested_on: row.requested_on,
            source: Source::named(&row.source),
            case: row.case_id.parse().ok(),
            asked_by: row.asked_by.parse().ok(),
        }
    }
}

/// A withdrawal by id.
///
/// # Errors
/// Storage faults.
pub fn withdrawal(session: &mut dyn Session, id: WithdrawalId) -> Result<Option<WithdrawalRow>, Fault> {
    let mut found = None;
    session.load(WithdrawalRow::TABLE, &Keys::<WithdrawalRow>(&[id]), Lock::None, &mut |row| {
        found = Some(WithdrawalRow::read(row));
    })?;
    Ok(found)
}

/// The withdrawal and the slice's number at the rail that a rail's reference names (`wd_…-01`). Only exactly what Purser
/// would have written is one.
///
/// # Errors
/// Storage faults.
pub fn by_reference(
    session: &mut dyn Session,
    reference: &str,
) -> Result<Option<(Located, RailNumber)>, Fault> {
    let Some((id, number)) = read_reference(reference) else { return Ok(None) };
    Ok(locate(session, id)?.map(|located| (located, number)))
}

/// What a command needs to know about a withdrawal.
///
/// # Errors
/// Storage faults.
pub fn locate(session: &mut dyn Session, id: WithdrawalId) -> Result<Option<Located>, Fault> {
    Ok(withdrawal(session, id)?.as_ref().map(Located::from))
}

/// Payout accounts of a party that are bound now.
///
/// # Errors
/// Storage faults.
pub fn payout_accounts(session: &mut dyn Session, party: PartyId) -> Result<Vec<PayoutAccountRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&party.0.0)], &mut |row| {
        rows.push(PayoutAccountRow::read(row));
        true
    })?;
    rows.retain(|row: &PayoutAccountRow| row.unbound_at.is_none());
    Ok(rows)
}

/// The oldest or the newest withdrawal that the dispatcher of a rail has to look at now.
///
/// # Errors
/// Storage faults.
pub fn queued(
    session: &mut dyn Session,
    rail: &str,
    now: Timestamp,
    newest: bool,
) -> Result<Option<WithdrawalRow>, Fault> {
    let mut found = None;
    let mut take = |row: &dyn purser_storage::Source| {
        found = Some(WithdrawalRow::read(row));
        false
    };
    if newest {
        let (last, one) = ([0xff; 16], Value::Int(1));
        let params = [Value::Text(rail), Value::Int(now.0), Value::Bytes(&last), one];
        session.query(&QUEUE_NEWEST, &params, &mut take)?;
    } else {
        session.query(&QUEUE, &[Value::Text(rail), Value::Int(now.0), Value::Int(1)], &mut take)?;
    }
    Ok(found)
}

/// The platform's money at a rail (P12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailFloat {
    /// Rail.
    pub rail: String,
    /// In the books.
    pub posted_minor: i64,
    /// Reserved for payouts on their way.
    pub held_minor: i64,
    /// The rail itself said that it is short.
    pub marked_short: bool,
    /// It answers.
    pub healthy: bool,
    /// What is known of it besides; `None` before anything is.
    pub row: Option<RailRow>,
}

/// Float of the rails that are named.
///
/// # Errors
/// Storage faults.
pub fn floats(
    session: &mut dyn Session,
    rails: &[&str],
    currency: Currency,
) -> Result<Vec<RailFloat>, Fault> {
    let mut out = Vec::new();
    for rail in rails {
        let row = account(session, &AccountRef::float(rail, currency))?.map(|r| r.0);
        let mut state = None;
        session.load(RailRow::TABLE, &Keys::<RailRow>(&[(*rail).to_owned()]), Lock::None, &mut |row| {
            state = Some(RailRow::read(row));
        })?;
        out.push(RailFloat {
            rail: (*rail).to_owned(),
            posted_minor: row.as_ref().map_or(0, |a| a.posted),
            held_minor: row.as_ref().map_or(0, |a| a.held_out),
            marked_short: state.as_ref().is_some_and(|s| s.marked_short),
            healthy: state.as_ref().is_none_or(RailRow::answers),
            row: state,
        });
    }
    Ok(out)
}
