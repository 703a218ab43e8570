//! Proof (P3): rebuilds the books from the journal and names the first thing that is wrong.
//!
//! The journal is the hash chain of groups. Walking it in order, every group's hash is computed again from the
//! stored lines and audit entries, every line is checked against the account state that the lines before it
//! left, and every row that the journal implies (balances, daily rows, entry points, holds) is compared with the
//! tables. Memory is one small state per account and a few fixed tables, whatever the number of transfers.
//!
//! [`verify_incremental`] does the same for the groups since an earlier verification. It trusts the lines that
//! were verified then, but not the rows beside the journal: a digest shows whether any account or hold changed
//! otherwise than through a new line.
//!
//! What no hash covers is not proven: events, messages, remembered replies, jobs, the expiry of a hold.

mod accounts;
mod book;
mod checkpoints;
mod finding;
mod implied;
mod scan;
mod sketch;
mod state;
mod tail;
mod walk;
mod watch;

use std::collections::BTreeMap;

use purser_domain::{ids::TransferId, ledger::Account, money::Currency, time::Zone};
use purser_storage::{Fault, Session, Statement};

pub use book::Turnover;
pub use finding::{Finding, FindingKind};
pub use state::{Head, StateError, VERIFIED, VerifiedState};

use book::{Book, Expected, ExpectedKeys};
use finding::Findings;
use scan::Scanned;
use tail::{Start, Tail};
use walk::Strand;

use crate::{books::IdMap, rows::Lane};

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [walk::STATEMENTS, checkpoints::STATEMENTS, accounts::STATEMENTS, implied::STATEMENTS].concat()
}

/// How far a running verification is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Groups walked.
    pub groups: u64,
    /// Groups to walk.
    pub of_groups: u64,
    /// Lines checked.
    pub lines: u64,
    /// Audit entries checked.
    pub audits: u64,
}

/// A rule that a capability adds: the limit used equals the receivable's balance, a withdrawal in transit equals
/// its holds. Runs in the same snapshot as the rest.
pub trait Invariant: Sync {
    /// Stable name.
    fn name(&self) -> &'static str;
    /// What breaks it, at most a hundred findings ([`Finding::of_invariant`]).
    ///
    /// # Errors
    /// Storage faults.
    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault>;

    /// Whether it wants to see transfers of this kind, for a rule about single ones.
    fn wants(&self, _kind: i64) -> bool {
        false
    }

    /// What breaks the rule among walked transfers of the kinds that it wants, some hundreds at a time: all of them in
    /// full, the new ones incrementally.
    ///
    /// # Errors
    /// Storage faults.
    fn lines(
        &self,
        _session: &mut dyn Session,
        _transfers: &[purser_domain::ledger::Transfer],
    ) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

/// What a verification found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was walked.
    pub walked: Progress,
    /// Lanes.
    pub lanes: u64,
    /// Accounts compared.
    pub accounts: u64,
    /// Holds compared.
    pub holds: u64,
    /// Checkpoints checked.
    pub checkpoints: u64,
    /// What the walked lines moved, per currency.
    pub turnover: BTreeMap<Currency, Turnover>,
    /// Names of the invariants that ran.
    pub invariants: Vec<&'static str>,
    /// The first hundred findings, in the order in which the books show them.
    pub findings: Vec<Finding>,
    /// All findings.
    pub findings_total: u64,
    /// Where the next incremental verification can go on; only without findings.
    pub verified: Option<VerifiedState>,
}

impl Report {
    /// True when nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.findings_total == 0
    }

    /// The first thing that is wrong.
    pub fn first(&self) -> Option<&Finding> {
        self.findings.first()
    }
}

/// Verifies everything. Give it a session of its own: all reads happen in one transaction, a snapshot on which
/// writers go on beside it.
///
/// # Errors
/// Storage faults. What is wrong with the books is in the [`Report`].
pub fn verify_full(
    session: &mut dyn Session,
    zone: &Zone,
    invariants: &[&dyn Invariant],
    tell: &mut dyn FnMut(&Progress),
) -> Result<Report, Fault> {
    in_snapshot(session, |session| {
        let run = Run::begin(session, zone, None)?;
        run.verify(session, invariants, tell)
    })
}

/// Verifies what came after `since`: the work is proportional to the new lines and the number of accounts and
/// holds, not to the journal.
///
/// # Errors
/// Storage faults.
pub fn verify_incremental(
    session: &mut dyn Session,
    zone: &Zone,
    since: &VerifiedState,
    invariants: &[&dyn Invariant],
    tell: &mut dyn FnMut(&Progress),
) -> Result<Report, Fault> {
    in_snapshot(session, |session| {
        let run = Run::begin(session, zone, Some(since))?;
        run.verify(session, invariants, tell)
    })
}

fn in_snapshot<T>(
    session: &mut dyn Session,
    read: impl FnOnce(&mut dyn Session) -> Result<T, Fault>,
) -> Result<T, Fault> {
    session.begin()?;
    let outcome = read(session);
    session.rollback();
    outcome
}

/// One verification on its way.
struct Run<'a> {
    since: Option<&'a VerifiedState>,
    findings: Findings,
    lanes: Vec<Lane>,
    start: Start,
    progress: Progress,
}

impl<'a> Run<'a> {
    fn begin(
        session: &mut dyn Session,
        zone: &Zone,
        since: Option<&'a VerifiedState>,
    ) -> Result<Self, Fault> {
        let mut findings = Findings::default();
        let lanes = checkpoints::lanes(session)?;
        let start = match since {
            None => fresh(session, zone)?,
            Some(since) => {
                checkpoints::check_state(session, since, &mut findings)?;
                let tail = Tail::read(session, &mut strands(&lanes, Some(since)), zone)?;
                tail.start(session, zone, since.newest, &mut findings)?
            }
        };
        let groups =
            lanes.iter().map(|lane| lane.seq - since.map_or(0, |s| s.head(lane.lane).seq)).sum::<i64>();
        let progress = Progress { of_groups: groups.max(0).unsigned_abs(), ..Progress::default() };
        Ok(Self { since, findings, lanes, start, progress })
    }

    fn verify(
        mut self,
        session: &mut dyn Session,
        invariants: &[&dyn Invariant],
        tell: &mut dyn FnMut(&Progress),
    ) -> Result<Report, Fault> {
        let mut strands = strands(&self.lanes, self.since);
        let findings = &mut self.findings;
        let mut watch = watch::Watch::new(invariants);
        let book = &mut self.start.book;
        walk::walk(session, &mut strands, (book, &mut watch), &mut self.progress, tell, findings)?;
        watch.end(session, findings)?;
        checkpoints::check_unknown_lanes(session, &self.lanes, findings)?;
        let from = self.since.map_or_else(Head::default, |since| since.checkpoint);
        let (checkpoints, checkpoint) = checkpoints::check(session, from, findings)?;
        let rest = self.tables(session)?;
        for invariant in invariants {
            self.findings.take(invariant.check(session)?);
        }
        let state = VerifiedState {
            lanes: strands.iter().map(|s| (s.lane.lane, s.head)).collect(),
            checkpoint,
            accounts: rest.accounts.now,
            holds: rest.holds.now,
            newest: rest.newest,
        };
        let findings_total = self.findings.total();
        Ok(Report {
            walked: self.progress,
            lanes: self.lanes.len() as u64,
            accounts: rest.accounts.rows,
            holds: rest.holds.rows,
            checkpoints,
            turnover: self.start.book.turnover,
            invariants: invariants.iter().map(|i| i.name()).collect(),
            findings: self.findings.into_list(),
            findings_total,
            verified: (findings_total == 0).then_some(state),
        })
    }

    /// Everything beside the journal.
    fn tables(&mut self, session: &mut dyn Session) -> Result<Rest, Fault> {
        let (start, findings) = (&mut self.start, &mut self.findings);
        start.book.close();
        let accounts = accounts::check(session, &start.book, &start.accounts, findings)?;
        if let Some(since) = self.since
            && accounts.before != since.accounts
        {
            accounts::name_changed(session, &start.accounts, findings)?;
        }
        let ExpectedKeys { days, marks, mut holds } = start.book.expected.keys.take().unwrap_or_default();
        holds.sort_unstable();
        let full = self.since.is_none();
        let expected = std::mem::replace(&mut start.book.expected, Expected::all());
        implied::check_days(session, expected.days, (!full).then_some(&days), findings)?;
        implied::check_marks(session, expected.marks, (!full).then_some(&marks), findings)?;
        let only = (!full).then_some(holds.as_slice());
        let holds = implied::check_holds(session, expected.holds, only, &start.holds, findings)?;
        if let Some(since) = self.since
            && holds.before != since.holds
            && findings.total() == 0
        {
            findings.add(FindingKind::StateHolds, || "holds".to_owned(), "the holds of then", "others");
        }
        let since = self.since.map_or_else(TransferId::default, |since| since.newest);
        let newest = implied::check_lines(session, expected.lines, since, findings)?;
        if full {
            implied::check_audits(session, self.progress.audits, findings)?;
            accounts::check_infos(session, &start.book, findings)?;
        }
        Ok(Rest { accounts, holds, newest })
    }
}

struct Rest {
    accounts: Scanned,
    holds: Scanned,
    newest: TransferId,
}

fn strands(lanes: &[Lane], since: Option<&VerifiedState>) -> Vec<Strand> {
    let head = |lane: &Lane| since.map_or_else(Head::default, |since| since.head(lane.lane));
    lanes.iter().map(|lane| Strand::new(lane.clone(), head(lane))).collect()
}

/// Every account before its first line.
fn fresh(session: &mut dyn Session, zone: &Zone) -> Result<Start, Fault> {
    let count = usize::try_from(accounts::total(session)?).unwrap_or(0);
    let mut book = Book::new(zone, Expected::all(), count);
    accounts::each(session, &mut |stored| {
        book.add_account(Account {
            closed: stored.closed,
            ..Account::with_id(stored.id, stored.side, stored.floored, stored.currency)
        });
    })?;
    Ok(Start { book, accounts: IdMap::default(), holds: IdMap::default() })
}
