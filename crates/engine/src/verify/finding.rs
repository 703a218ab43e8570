//! What a verification can find wrong.

use std::fmt::Display;

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::Transfer,
};

use crate::chain;

macro_rules! finding_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// What is wrong. Closed; codes are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum FindingKind { $($(#[$doc])* $name,)* }

        impl FindingKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stable machine code.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// What it means, as the second half of a sentence that begins with the place.
            pub const fn meaning(self) -> &'static str { match self { $(Self::$name => $text,)* } }
        }
    };
}

finding_kinds! {
    /// The chain does not continue from what was verified before: cut or rewritten since.
    StateHead = "state_head", "what was verified before is no longer in the chain: it was cut or rewritten";
    /// A group number is missing.
    GroupGap = "group_gap", "groups are missing from the chain";
    /// A group does not name the hash of the one before.
    GroupLink = "group_link", "the group does not follow the one before it";
    /// The list of transfers of a group has another length than its count.
    GroupIds = "group_ids", "the group's list of transfers does not have the stated length";
    /// The audit entries of a group are not as many as it says.
    GroupAudits = "group_audits", "audit entries of the group are missing or were added";
    /// The lines or audit entries are not what was hashed.
    GroupHash = "group_hash", "a transfer or audit entry of the group is not what was committed";
    /// A lane's row and its chain end at different groups.
    LaneHead = "lane_head", "the lane's row does not name the last group of its chain";
    /// Groups of a lane that has no row.
    LaneUnknown = "lane_unknown", "there are groups of a lane that does not exist";
    /// A listed transfer is gone.
    LineMissing = "line_missing", "the transfer is gone";
    /// A transfer that no group lists.
    LineExtra = "line_extra", "the transfer is in no committed group: it was inserted";
    /// A transfer carries another group or time than the group that lists it.
    LinePlace = "line_place", "the transfer does not belong to the group that lists it";
    /// Amount, step, accounts or currencies that no posting makes.
    LineShape = "line_shape", "the transfer is not one that a posting makes";
    /// The previous transfer of an account is not the one that came before.
    LinePrev = "line_prev", "the transfer does not follow the account's previous one";
    /// Balance after ≠ balance before + effect.
    LineBalance = "line_balance", "the balance after the transfer is not the one before plus its effect";
    /// A floored account went below zero.
    LineFloor = "line_floor", "the transfer takes more than the account had available";
    /// A settlement or release that its hold does not allow.
    LineHold = "line_hold", "the transfer does not fit its hold";
    /// A reversal that is not the mirror of what it names.
    LineReversal = "line_reversal", "the reversal is not the mirror of the transfer it names";
    /// A transfer names an account that does not exist.
    AccountMissing = "account_missing", "the account has transfers but no row";
    /// A stored balance differs.
    AccountBalance = "account_balance", "the stored balance is not what the transfers add up to";
    /// What holds reserve differs.
    AccountHeld = "account_held", "the stored reservations are not what the holds add up to";
    /// Number of lines differs.
    AccountEntries = "account_entries", "the stored number of lines is not the number of transfers";
    /// Head of the account's chain differs.
    AccountLast = "account_last", "the account does not name its last transfer";
    /// The opening of the account's day differs.
    AccountDay = "account_day", "the stored opening of the day is not what the transfers say";
    /// Description missing, extra, or not the one that the id was derived from.
    AccountInfo = "account_info", "the account's description does not match its id";
    /// A daily row differs, is missing or extra.
    DayRow = "day_row", "the daily row is not what the transfers say";
    /// An entry point differs, is missing or extra.
    MarkRow = "mark_row", "the entry point is not what the transfers say";
    /// A hold's row differs, is missing or extra.
    HoldRow = "hold_row", "the hold is not what the transfers say";
    /// Σ debits ≠ Σ credits.
    TrialBalance = "trial_balance", "debits and credits are not equal";
    /// An audit entry that no group counts.
    AuditExtra = "audit_extra", "the audit entry is in no committed group: it was inserted";
    /// The chain of checkpoints is broken.
    CheckpointLink = "checkpoint_link", "the checkpoint does not follow the one before it, or was changed";
    /// A checkpoint names a head that is not in the chain.
    CheckpointHead = "checkpoint_head", "a group that the checkpoint names is not in the chain: its tail was cut or rewritten";
    /// Accounts that nothing moved since the last verification differ from then.
    StateAccounts = "state_accounts", "accounts changed without a transfer since the last verification: run it in full";
    /// Holds that nothing moved since the last verification differ from then.
    StateHolds = "state_holds", "holds changed without a transfer since the last verification: run it in full";
    /// A business invariant of a capability.
    Invariant = "invariant", "a business rule does not hold";
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// Where: lane, group, transfer, account.
    pub place: String,
    /// What the books say it must be.
    pub expected: String,
    /// What is stored.
    pub found: String,
    /// All of it in plain words.
    pub sentence: String,
}

impl Finding {
    /// A finding with the sentence of its kind.
    pub fn new(kind: FindingKind, place: String, expected: impl Display, found: impl Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        let sentence = format!("{place}: {} (expected {expected}, found {found})", kind.meaning());
        Self { kind, place, expected, found, sentence }
    }

    /// A finding of a business invariant, with its own sentence.
    pub fn of_invariant(
        name: &str,
        place: String,
        expected: impl Display,
        found: impl Display,
        sentence: &str,
    ) -> Self {
        let sentence = format!("{place}: {name}: {sentence}");
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { kind: FindingKind::Invariant, place, expected, found, sentence }
    }
}

/// The first findings, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    total: u64,
}

impl Findings {
    /// How many are kept.
    pub(super) const LIMIT: usize = 100;

    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        place: impl FnOnce() -> String,
        expected: impl Display,
        found: impl Display,
    ) {
        self.total += 1;
        if self.list.len() < Self::LIMIT {
            self.list.push(Finding::new(kind, place(), expected, found));
        }
    }

    /// Further ones of the same cause that are only counted.
    pub(super) fn count(&mut self, more: u64) {
        self.total += more;
    }

    pub(super) fn take(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.total += 1;
            if self.list.len() < Self::LIMIT {
                self.list.push(finding);
            }
        }
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

pub(super) fn group_place(lane: i64, seq: i64) -> String {
    format!("lane {lane}, group {seq}")
}

pub(super) fn line_place(line: &Transfer) -> String {
    let (strand, seq) = chain::group_parts(line.group);
    format!("{}, transfer {}", group_place(strand, seq), line.id)
}

pub(super) fn account_place(id: AccountId) -> String {
    format!("account {id}")
}

pub(super) fn hold_place(id: TransferId) -> String {
    format!("hold {id}")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
