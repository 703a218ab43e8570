//! Reading memberships, and what an agency sees.

use purser_domain::{
    ids::{MembershipId, PartyId, TaskOrderId, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::rows::{CreatorAgencies, MembershipRow};
use crate::{earnings::TaskOrderRow, feed::one, parties};

/// Most rows on a page.
pub const AGENCY_PAGE_MAX: i64 = 500;

static OF_CREATOR: Statement = Statement {
    name: "agencies.of_creator",
    sql: "SELECT creator, id, agency, from_at, to_at, contact, created_at, version FROM memberships \
          WHERE creator = ?1 ORDER BY from_at, id LIMIT 100",
};
static OF_AGENCY: Statement = Statement {
    name: "agencies.of_agency",
    sql: "SELECT creator, id, agency, from_at, to_at, contact, created_at, version FROM memberships \
          WHERE agency = ?1 AND (from_at, id) > (?2, ?3) AND (?4 = 0 OR to_at IS NULL OR to_at > ?4) \
          AND (?4 = 0 OR from_at <= ?4) ORDER BY from_at, id LIMIT ?5",
};
static ORDERS: Statement = Statement {
    name: "agencies.orders",
    sql: "SELECT id, creator, payee, external_id, title, kind, fee_ppm, task_type, status, stage, amount, currency, \
          accepted_at, completed_at, settle_due_at, calendar_missing, settled_at, cancelled_at, service_fee, \
          compensation, net, policy_version, version, metadata FROM task_orders \
          WHERE payee = ?1 AND kind = 'agency_signed' AND accepted_at >= ?2 AND (accepted_at, id) < (?3, ?4) \
          ORDER BY accepted_at DESC, id DESC LIMIT ?5",
};

pub(super) const STATEMENTS: &[&Statement] = &[&OF_CREATOR, &OF_AGENCY, &ORDERS];

/// An agency, and whom a creator may ask there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The agency.
    pub agency: PartyId,
    /// Its shown name.
    pub name: String,
    /// The contact of the membership; empty when none was given.
    pub contact: String,
}

/// All memberships of a creator, oldest first.
///
/// # Errors
/// Storage faults.
pub fn memberships(session: &mut dyn Session, creator: PartyId) -> Result<Vec<MembershipRow>, Fault> {
    rows(session, &OF_CREATOR, &[Value::Bytes(&creator.0.0)])
}

/// One membership.
///
/// # Errors
/// Storage faults.
pub fn membership(
    session: &mut dyn Session,
    creator: PartyId,
    id: MembershipId,
) -> Result<Option<MembershipRow>, Fault> {
    one(session, (creator, id))
}

/// Memberships of an agency in order of their beginning, after the last one of the page before; with `at` only those
/// that cover that instant.
///
/// # Errors
/// Storage faults.
pub fn members(
    session: &mut dyn Session,
    agency: PartyId,
    at: Option<Timestamp>,
    after: Option<(Timestamp, MembershipId)>,
    limit: i64,
) -> Result<Vec<MembershipRow>, Fault> {
    let (from, id) = after.unwrap_or((Timestamp(i64::MIN), MembershipId(Uid::NIL)));
    let params = [
        Value::Bytes(&agency.0.0),
        Value::Int(from.0),
        Value::Bytes(&id.0.0),
        Value::Int(at.map_or(0, |at| at.0)),
        Value::Int(limit.clamp(1, AGENCY_PAGE_MAX)),
    ];
    rows(session, &OF_AGENCY, &params)
}

fn rows(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<MembershipRow>, Fault> {
    let mut rows = Vec::new();
    session.query(statement, params, &mut |row| {
        rows.push(MembershipRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Orders that settle to an agency and were accepted in `[from, to)`, the newest acceptance first, before the last one
/// of the page before.
///
/// # Errors
/// Storage faults.
pub fn agency_orders(
    session: &mut dyn Session,
    agency: PartyId,
    (from, to): (Timestamp, Timestamp),
    before: Option<(Timestamp, TaskOrderId)>,
    limit: i64,
) -> Result<Vec<TaskOrderRow>, Fault> {
    let (at, id) = before.unwrap_or((to, TaskOrderId(Uid::NIL)));
    let params = [
        Value::Bytes(&agency.0.0),
        Value::Int(from.0),
        Value::Int(at.0),
        Value::Bytes(&id.0.0),
        Value::Int(limit.clamp(1, AGENCY_PAGE_MAX)),
    ];
    let mut rows = Vec::new();
    session.query(&ORDERS, &params, &mut |row| {
        rows.push(TaskOrderRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Whom a creator may ask now; `None` when no agency has signed it.
///
/// # Errors
/// Storage faults.
pub fn contact_of(
    session: &mut dyn Session,
    creator: PartyId,
    now: Timestamp,
) -> Result<Option<Contact>, Fault> {
    let spans: Option<CreatorAgencies> = one(session, creator)?;
    let Some((agency, id)) = super::agency_at(spans.as_ref(), now) else { return Ok(None) };
    let contact = membership(session, creator, id)?.map(|row| row.contact).unwrap_or_default();
    let name = parties::party(session, agency)?.map(|row| row.display_name).unwrap_or_default();
    Ok(Some(Contact { agency, name, contact }))
}
