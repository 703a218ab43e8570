//! Reading phones, identities and people.

use purser_domain::ids::{PartyId, PersonId, WithdrawalId};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use super::rows::{ActorRow, IdentityRow, PersonRow, PhoneRow};

/// Most parties that are listed behind one identity.
pub const SHARED_MAX: i64 = 200;

pub(super) static PEOPLE_OF_PARTY: Statement = Statement {
    name: "identity.people_of_party",
    sql: "SELECT party, person, name, name_masked, role, phone, phone_masked, created_at, version FROM people \
          WHERE party = ?1 ORDER BY person LIMIT 100",
};
static SHARED: Statement = Statement {
    name: "identity.shared",
    sql: "SELECT party, kind, state, name, number, name_masked, number_masked, identity_index, vouched_by, reason, \
          submitted_at, decided_at, version FROM identities WHERE identity_index = ?1 ORDER BY party LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&PEOPLE_OF_PARTY, &SHARED];

fn one<T: Record>(session: &mut dyn Session, key: T::Key) -> Result<Option<T>, Fault> {
    let mut found = None;
    session.load(T::TABLE, &Keys::<T>(&[key]), Lock::None, &mut |row| found = Some(T::read(row)))?;
    Ok(found)
}

/// The phone of a party.
///
/// # Errors
/// Storage faults.
pub fn phone(session: &mut dyn Session, party: PartyId) -> Result<Option<PhoneRow>, Fault> {
    one(session, party)
}

/// The identity of a party.
///
/// # Errors
/// Storage faults.
pub fn identity(session: &mut dyn Session, party: PartyId) -> Result<Option<IdentityRow>, Fault> {
    one(session, party)
}

/// A person of a party.
///
/// # Errors
/// Storage faults.
pub fn person(session: &mut dyn Session, party: PartyId, id: PersonId) -> Result<Option<PersonRow>, Fault> {
    one(session, (party, id))
}

/// The people of a party, the longest there first.
///
/// # Errors
/// Storage faults.
pub fn people(session: &mut dyn Session, party: PartyId) -> Result<Vec<PersonRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&PEOPLE_OF_PARTY, &[Value::Bytes(&party.0.0)], &mut |row| {
        rows.push(PersonRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Which person asked for a withdrawal, when the caller said so.
///
/// # Errors
/// Storage faults.
pub fn actor(session: &mut dyn Session, withdrawal: WithdrawalId) -> Result<Option<ActorRow>, Fault> {
    one(session, withdrawal)
}

/// The claims of all parties behind whom the same person or enterprise stands (X7), at most [`SHARED_MAX`].
///
/// # Errors
/// Storage faults.
pub fn shared(session: &mut dyn Session, index: &str) -> Result<Vec<IdentityRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&SHARED, &[Value::Text(index), Value::Int(SHARED_MAX)], &mut |row| {
        rows.push(IdentityRow::read(row));
        true
    })?;
    Ok(rows)
}
