//! Transfers that invariants want to see while the journal is walked.

use purser_domain::ledger::Transfer;
use purser_storage::{Fault, Session};

use super::{Invariant, finding::Findings};
use crate::rows::TransferRow;

/// Transfers handed over at a time.
const BATCH: usize = 512;

/// Collects transfers for the invariants that asked for their kinds.
pub(super) struct Watch<'a> {
    waiting: Vec<(&'a dyn Invariant, Vec<Transfer>)>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(invariants: &[&'a dyn Invariant]) -> Self {
        Self { waiting: invariants.iter().map(|invariant| (*invariant, Vec::new())).collect() }
    }

    /// Takes note of lines, and hands over what is enough.
    pub(super) fn note(
        &mut self,
        session: &mut dyn Session,
        lines: &[TransferRow],
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        for (invariant, waiting) in &mut self.waiting {
            waiting
                .extend(lines.iter().filter(|line| invariant.wants(line.0.kind)).map(|line| line.0.clone()));
            if waiting.len() >= BATCH {
                findings.take(invariant.lines(session, &std::mem::take(waiting))?);
            }
        }
        Ok(())
    }

    /// Hands over the rest.
    pub(super) fn end(self, session: &mut dyn Session, findings: &mut Findings) -> Result<(), Fault> {
        for (invariant, waiting) in self.waiting {
            if !waiting.is_empty() {
                findings.take(invariant.lines(session, &waiting)?);
            }
        }
        Ok(())
    }
}
