//! Agencies and their creators (P6, X14): memberships, and which agency is paid for an order.

mod commands;
mod invariants;
mod queries;
mod rows;

pub use commands::{ChangeMembership, SignCreator, membership_id};
pub(crate) use invariants::INVARIANTS;
pub use queries::{AGENCY_PAGE_MAX, Contact, agency_orders, contact_of, members, membership, memberships};
pub use rows::{CreatorAgencies, MembershipRow};

use purser_domain::{
    agencies::covering,
    ids::{MembershipId, PartyId},
    time::Timestamp,
};
use purser_storage::Table;

use crate::{
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static purser_storage::Statement> {
    [queries::STATEMENTS, invariants::STATEMENTS].concat()
}

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::MEMBERSHIPS, &rows::CREATOR_AGENCIES];

/// The agency that had signed a creator at an instant, and the membership; the creator's [`CreatorAgencies`] must be
/// loaded.
pub(crate) fn agency_at(row: Option<&CreatorAgencies>, at: Timestamp) -> Option<(PartyId, MembershipId)> {
    let spans = row?.spans();
    covering(&spans, at).map(|span| (span.agency, span.id))
}

/// Declares what [`signed_now`] tells of the agency; the creator's [`CreatorAgencies`] was loaded in the first round.
pub(crate) fn want_signed_now(needs: &mut Needs<'_>, creator: PartyId, now: Timestamp) {
    let spans = needs.get::<CreatorAgencies>(&creator).cloned();
    if let Some((agency, membership)) = agency_at(spans.as_ref(), now) {
        needs.row::<PartyRow>(agency);
        needs.row::<MembershipRow>((creator, membership));
    }
}

/// The agency that a creator is signed with now, and whom to ask there (X14). Name and
/// contact stay empty where an earlier command of the group has signed the creator.
pub(crate) fn signed_now(tx: &Tx, creator: PartyId, now: Timestamp) -> Option<Contact> {
    let (agency, membership) = agency_at(tx.get::<CreatorAgencies>(&creator), now)?;
    let known = tx.is_loaded::<PartyRow>(&agency).then(|| tx.get::<PartyRow>(&agency)).flatten();
    let name = known.map(|row| row.display_name.clone()).unwrap_or_default();
    let key = (creator, membership);
    let known = tx.is_loaded::<MembershipRow>(&key).then(|| tx.get::<MembershipRow>(&key)).flatten();
    let contact = known.map(|row| row.contact.clone()).unwrap_or_default();
    Some(Contact { agency, name, contact })
}
