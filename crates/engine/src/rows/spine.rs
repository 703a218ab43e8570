//! Rows around the ledger: lanes, groups, checkpoints, idempotency, approvals, policy and calendar.

use purser_domain::{
    ids::{ApprovalId, Uid},
    time::Timestamp,
};

use crate::{facts::Facts, record};

record! {
    /// Small facts about this database: clock offset, epochs. Locked: a command that counts an epoch on must not
    /// lose another's count.
    pub struct Meta in META = 0, "meta", lock Update, key(name: String) {
        /// Value.
        value: String,
    }
}

record! {
    /// A writer lane: one hash chain, one leased writer.
    pub struct Lane in LANES = 1, "lanes", lock None, key(lane: i64) {
        /// Last group.
        seq: i64,
        /// Hash of the last group.
        hash: [u8; 32],
        /// Who writes it.
        holder: String,
        /// Fencing token: grows with every holder.
        token: i64,
        /// End of the lease, µs of machine time.
        lease_until: i64,
    }
}

record! {
    /// A remembered outcome (P19).
    pub struct Idempotency in IDEMPOTENCY = 2, "idempotency", lock None, key(client: Uid, key: String) {
        /// Command name.
        command: String,
        /// Digest of method, path and body.
        body_hash: [u8; 32],
        /// Outcome code of the edge; opaque here.
        status: i64,
        /// Answer; opaque here.
        reply: Vec<u8>,
        /// When.
        at: Timestamp,
    }
}

record! {
    /// Something that needs a second person (P16).
    pub struct ApprovalRow in APPROVALS = 3, "approvals", lock Update, key(id: ApprovalId) {
        /// What is to be done.
        action: String,
        /// To what.
        subject: String,
        /// Details.
        facts: Facts,
        /// 0 open, 1 approved, 2 refused.
        state: i64,
        /// First person.
        proposed_by: String,
        /// When.
        proposed_at: Timestamp,
        /// Second person.
        decided_by: Option<String>,
        /// When.
        decided_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// An activated policy pack (P4).
    pub struct PolicyVersionRow in POLICY_VERSIONS = 4, "policy_versions", lock None, key(number: i64) {
        /// Name of the pack.
        name: String,
        /// Digest of the text.
        digest: String,
        /// The pack.
        text: String,
        /// Since when it decides.
        activated_at: Timestamp,
        /// Who.
        activated_by: String,
    }
}

record! {
    /// An imported calendar year (P5).
    pub struct CalendarYear in CALENDAR_YEARS = 5, "calendar_years", lock None, key(year: i64) {
        /// As imported.
        text: String,
        /// When.
        imported_at: Timestamp,
        /// Who.
        imported_by: String,
    }
}

record! {
    /// A committed group: a link of its lane's hash chain (P3).
    pub struct Group in GROUPS = 14, "groups", lock None, key(lane: i64, seq: i64) {
        /// Hash of the group before.
        prev: [u8; 32],
        /// Hash over the one before, the header, the lines and the audit entries.
        hash: [u8; 32],
        /// Instant of everything in it.
        at: Timestamp,
        /// Number of lines.
        transfers: i64,
        /// Number of audit entries.
        audits: i64,
        /// Ids of the lines in order, 16 bytes each.
        ids: Vec<u8>,
    }
}

record! {
    /// All lane heads at an instant, chained (P3): a cut tail shows.
    pub struct Checkpoint in CHECKPOINTS = 15, "checkpoints", lock None, key(seq: i64) {
        /// Hash of the checkpoint before.
        prev: [u8; 32],
        /// Hash over the one before and the heads.
        hash: [u8; 32],
        /// When.
        at: Timestamp,
        /// Lane, sequence (8 bytes each, little-endian) and hash per lane.
        heads: Vec<u8>,
    }
}
