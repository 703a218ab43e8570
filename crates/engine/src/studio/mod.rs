//! The studio upgrade (X9): applying with a licence, the decision of staff, and where it stands.

mod commands;
mod queries;

pub use commands::{ApplyForStudio, DecideStudio};
pub use queries::{StudioStanding, standing};

use purser_domain::{
    ids::{CaseId, PartyId},
    time::{Date, Timestamp},
};
use purser_storage::Table;

use crate::record;

record! {
    /// A party's last application, and its studio once that was granted. Where it stands is what its case says.
    pub struct StudioRow in STUDIOS = 85, "studios", lock Update, key(party: PartyId) {
        /// The case with the papers.
        case_id: CaseId,
        /// Name on the licence.
        name: String,
        /// Unified social credit code on the licence.
        code: String,
        /// Who at the desk vouches for a code whose check fails (early ones exist): `stf_…`, or empty.
        code_vouched_by: String,
        /// Last civil date on which the licence is valid; empty for one without an end.
        valid_until: String,
        /// When.
        applied_at: Timestamp,
        /// Since when the party is a studio.
        granted_at: Option<Timestamp>,
        /// Who decided that: `stf_…`, or empty.
        granted_by: String,
        /// Counts changes.
        version: i64,
    }
}

/// Tables of this module.
pub const TABLES: &[&Table] = &[&STUDIOS];

impl StudioRow {
    /// Last civil date on which the licence is valid.
    pub fn valid_until(&self) -> Option<Date> {
        self.valid_until.parse().ok()
    }
}
