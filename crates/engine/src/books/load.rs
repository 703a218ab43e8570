//! What the ledger reads before a group decides: lines, holds, accounts, in this order.

use purser_domain::{
    ids::{TransferId, Uid},
    ledger::{Account, Step},
};
use purser_storage::{Fault, Keys, Lock, Session, Statement};

use super::LedgerView;
use crate::{
    rows::{AccountRow, TransferRow},
    store::AnyStore,
};

pub(super) static NEWEST_TRANSFER: Statement =
    Statement { name: "ledger.newest_transfer", sql: "SELECT id FROM transfers ORDER BY id DESC LIMIT 1" };

/// Stored code of a hold's own line.
const HOLD: i64 = Step::Hold { expires_at: None }.code();

impl LedgerView {
    pub(crate) fn load(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        if self.newest.is_none() {
            let newest = self.read_newest(session)?;
            if !self.check_all {
                self.wanted_lines.retain(|id| *id <= newest);
            }
        }
        self.load_lines(session)?;
        self.holds.load(session)?;
        for hold in self.holds.values() {
            self.wanted.extend([hold.0.debit, hold.0.credit]);
        }
        self.load_accounts(session)?;
        self.load_skipped(session)
    }

    fn read_newest(&mut self, session: &mut dyn Session) -> Result<TransferId, Fault> {
        let mut newest = TransferId(Uid::NIL);
        session.query(&NEWEST_TRANSFER, &[], &mut |row| {
            newest = TransferId(row.uid(0));
            false
        })?;
        self.newest = Some(newest);
        Ok(newest)
    }

    /// Where others write too, lines that they added meanwhile: now that the accounts are locked, a replay of one
    /// of them can be seen. It has to be, because a refusal inserts nothing that could come out short.
    fn load_skipped(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        if session.exclusive() || self.skipped_lines.is_empty() {
            return Ok(());
        }
        let newest = self.read_newest(session)?;
        self.wanted_lines.extend(self.skipped_lines.drain(..).filter(|id| *id <= newest));
        self.load_lines(session)?;
        self.holds.load(session)?;
        self.load_accounts(session)
    }

    fn load_lines(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        let mut keys = std::mem::take(&mut self.wanted_lines);
        keys.append(&mut self.wanted_earlier);
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(());
        }
        let found = &mut self.old_lines;
        session.load(&crate::rows::TRANSFERS, &Keys::<TransferRow>(&keys), Lock::None, &mut |source| {
            let row = <TransferRow as purser_storage::Record>::read(source);
            found.insert(row.0.id, row);
        })?;
        // Whether it is a replay, and what a reversal moves, is told with the accounts and the hold of the line.
        for line in keys.iter().filter_map(|id| self.old_lines.get(id)) {
            self.wanted.extend([line.0.debit, line.0.credit]);
            if line.0.step == HOLD {
                self.holds.want(line.0.id);
            }
        }
        Ok(())
    }

    fn load_accounts(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        let mut keys = std::mem::take(&mut self.wanted);
        keys.retain(|id| !self.index.contains_key(id));
        keys.sort_unstable();
        keys.dedup();
        let references = std::mem::take(&mut self.wanted_refs);
        if keys.is_empty() {
            return Ok(());
        }
        let mut loaded = Vec::with_capacity(keys.len());
        session.load(&crate::rows::ACCOUNTS, &Keys::<AccountRow>(&keys), Lock::Update, &mut |source| {
            loaded.push(<AccountRow as purser_storage::Record>::read(source));
        })?;
        for row in loaded {
            self.add_slot(row, true);
        }
        for (command, reference) in references {
            let id = reference.id();
            let slot = self.index.get(&id).and_then(|slot| self.slots.get(*slot as usize));
            if slot.is_some_and(|slot| slot.stored) {
                continue;
            }
            if slot.is_none() {
                self.add_slot(AccountRow(Account::open(&reference)), false);
                self.refs.insert(id, reference);
            }
            self.openable.insert((command, id));
        }
        Ok(())
    }
}
