//! The ledger as a group sees it: loaded accounts, the lines that the group adds, and an undo log.

mod load;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasherDefault, Hasher},
};

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{Account, AccountRef, Books, Hold, Transfer},
    time::{Date, Timestamp, Zone},
};
use purser_storage::{Lock, Session, Statement};

use crate::{
    rows::{AccountInfo, AccountRow, DayRow, HoldRow, MarkRow, TransferRow},
    store::{AnyStore, Flush, Store},
};

/// Hashes ids by mixing their own bytes: derived ids are uniform already, and time-ordered ones differ in both
/// halves. Fixed, so iteration never depends on a random seed.
#[derive(Default, Clone)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    fn write_u64(&mut self, _: u64) {}
    fn write_usize(&mut self, _: usize) {}
}

pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Accounts kept between groups where nobody else can write; beyond this many they are dropped.
const REMEMBERED_ACCOUNTS: usize = 1_100_000;

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&load::NEWEST_TRANSFER];

struct Slot {
    row: AccountRow,
    stored: bool,
    dirty: bool,
}

enum Undo {
    Account(u32, Account, bool),
    Line,
    Day,
    Mark,
    Hold,
}

/// See the module.
pub(crate) struct LedgerView {
    slots: Vec<Slot>,
    index: IdMap<AccountId, u32>,
    refs: IdMap<AccountId, AccountRef>,
    wanted: Vec<AccountId>,
    wanted_refs: Vec<(usize, AccountRef)>,
    wanted_lines: Vec<TransferId>,
    wanted_earlier: Vec<TransferId>,
    skipped_lines: Vec<TransferId>,
    /// Accounts that do not exist yet, and the commands that said what they would be: for nobody else are they
    /// there before a transfer opens them.
    openable: BTreeSet<(usize, AccountId)>,
    fresh: Vec<u32>,
    command: usize,
    dirty: Vec<u32>,
    lines: Vec<TransferRow>,
    line_index: IdMap<TransferId, u32>,
    old_lines: IdMap<TransferId, TransferRow>,
    holds: Store<HoldRow>,
    days: Vec<DayRow>,
    marks: Vec<MarkRow>,
    undo: Vec<Undo>,
    newest: Option<TransferId>,
    check_all: bool,
    now: Timestamp,
    day_start: Timestamp,
    zone: Zone,
    group: i64,
}

impl LedgerView {
    pub(crate) fn new(zone: Zone) -> Self {
        Self {
            slots: Vec::new(),
            index: IdMap::default(),
            refs: IdMap::default(),
            wanted: Vec::new(),
            wanted_refs: Vec::new(),
            wanted_lines: Vec::new(),
            wanted_earlier: Vec::new(),
            skipped_lines: Vec::new(),
            openable: BTreeSet::new(),
            fresh: Vec::new(),
            command: 0,
            dirty: Vec::new(),
            lines: Vec::new(),
            line_index: IdMap::default(),
            old_lines: IdMap::default(),
            holds: Store::new(Lock::Update),
            days: Vec::new(),
            marks: Vec::new(),
            undo: Vec::new(),
            newest: None,
            check_all: false,
            now: Timestamp(0),
            day_start: Timestamp(0),
            zone,
            group: 0,
        }
    }

    pub(crate) fn want_account(&mut self, id: AccountId) {
        if !self.index.contains_key(&id) {
            self.wanted.push(id);
        }
    }

    pub(crate) fn want_reference(&mut self, reference: AccountRef) {
        let id = reference.id();
        if !self.index.contains_key(&id) {
            self.wanted.push(id);
            self.wanted_refs.push((self.command, reference));
        }
    }

    /// The command that declares or decides from here on.
    pub(crate) fn set_command(&mut self, command: usize) {
        self.command = command;
    }

    /// A line that may exist already. Ids above the newest one known cannot, unless another writer is at work:
    /// then the insert comes out short and the group reruns with every id looked up.
    pub(crate) fn want_line(&mut self, id: TransferId) {
        if self.check_all || self.newest.is_none_or(|newest| id <= newest) {
            self.wanted_lines.push(id);
        } else {
            self.skipped_lines.push(id);
        }
    }

    /// A line that another one names. Always looked up: what another writer added meanwhile must not seem absent,
    /// and no insert would come out short to tell.
    pub(crate) fn want_earlier_line(&mut self, id: TransferId) {
        self.wanted_earlier.push(id);
    }

    pub(crate) fn want_hold(&mut self, id: TransferId) {
        self.holds.want(id);
    }

    /// From now on look up every id.
    pub(crate) fn check_all_ids(&mut self) {
        self.check_all = true;
    }

    fn add_slot(&mut self, row: AccountRow, stored: bool) {
        if let Ok(slot) = u32::try_from(self.slots.len()) {
            self.index.insert(row.0.id, slot);
            if !stored {
                self.fresh.push(slot);
            }
            self.slots.push(Slot { row, stored, dirty: false });
        }
    }

    /// Opens an account with explicit properties; one that exists stays as it is.
    pub(crate) fn open(&mut self, account: Account, reference: AccountRef) {
        let id = account.id;
        match self.index.get(&id).and_then(|slot| self.slots.get(*slot as usize)) {
            Some(slot) if slot.stored || slot.dirty => return,
            Some(_) => {}
            None => self.add_slot(AccountRow(account.clone()), false),
        }
        self.refs.insert(id, reference);
        if let Some(entry) = self.change(id) {
            entry.row.0 = account;
        }
    }

    /// An account as it is before it changes: for undo, and to be written.
    fn change(&mut self, id: AccountId) -> Option<&mut Slot> {
        let slot = *self.index.get(&id)?;
        let entry = self.slots.get_mut(slot as usize)?;
        self.undo.push(Undo::Account(slot, entry.row.0.clone(), entry.dirty));
        if !entry.dirty {
            entry.dirty = true;
            self.dirty.push(slot);
        }
        Some(entry)
    }

    /// Whether the account is there for the command that decides now.
    fn exists(&self, slot: &Slot) -> bool {
        slot.stored || slot.dirty || self.openable.contains(&(self.command, slot.row.0.id))
    }

    /// Newest instant on any account that this group loaded: a group's time is never before it.
    pub(crate) fn newest_instant(&self, since: usize) -> Timestamp {
        self.slots.iter().skip(since).map(|s| s.row.0.last_at).max().unwrap_or(Timestamp(0))
    }

    pub(crate) fn stamp(&mut self, now: Timestamp, day_start: Timestamp, group: i64) {
        self.now = now;
        self.day_start = day_start;
        self.group = group;
    }

    pub(crate) fn peek(&self, id: AccountId) -> Option<&Account> {
        let slot = *self.index.get(&id)?;
        self.slots.get(slot as usize).filter(|slot| self.exists(slot)).map(|s| &s.row.0)
    }

    /// No line, so the account's day is not turned: its next line does that.
    pub(crate) fn set_closed(&mut self, id: AccountId, closed: bool) {
        if self.peek(id).is_some()
            && let Some(entry) = self.change(id)
        {
            entry.row.0.closed = closed;
        }
    }

    pub(crate) fn lines(&self) -> &[TransferRow] {
        &self.lines
    }

    pub(crate) fn undo_mark(&self) -> usize {
        self.undo.len()
    }

    pub(crate) fn rollback(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Undo::Account(slot, before, was_dirty)) => {
                    if let Some(entry) = self.slots.get_mut(slot as usize) {
                        entry.row.0 = before;
                        if !was_dirty && entry.dirty {
                            entry.dirty = false;
                            self.dirty.pop();
                        }
                    }
                }
                Some(Undo::Line) => {
                    if let Some(line) = self.lines.pop() {
                        self.line_index.remove(&line.0.id);
                    }
                }
                Some(Undo::Day) => {
                    self.days.pop();
                }
                Some(Undo::Mark) => {
                    self.marks.pop();
                }
                Some(Undo::Hold) => self.holds.undo_one(),
                None => break,
            }
        }
    }

    pub(crate) fn forget_undo(&mut self) {
        self.undo.clear();
        self.holds.forget_undo();
    }

    /// Writes what changed.
    pub(crate) fn flush(&mut self, session: &mut dyn Session) -> Result<(), Flush> {
        use crate::rows::{ACCOUNT_DAYS, ACCOUNT_INFO, ACCOUNT_MARKS, ACCOUNTS, TRANSFERS};
        use purser_storage::Records;
        self.dirty.sort_unstable_by_key(|slot| self.slots.get(*slot as usize).map(|s| s.row.0.id));
        let rows = |stored: bool| -> Vec<&AccountRow> {
            let slots = self.dirty.iter().filter_map(|slot| self.slots.get(*slot as usize));
            slots.filter(|s| s.stored == stored).map(|s| &s.row).collect()
        };
        let (changed, new) = (rows(true), rows(false));
        if session.update_many(&ACCOUNTS, &Records(&changed))? != changed.len() {
            return Err(Flush::Raced("accounts"));
        }
        if !new.is_empty() {
            let infos: Vec<AccountInfo> = new
                .iter()
                .filter_map(|row| {
                    let reference = self.refs.get(&row.0.id)?.clone();
                    Some(AccountInfo { id: row.0.id, reference, opened_at: self.now })
                })
                .collect();
            if session.insert_many(&ACCOUNTS, &Records(&new))? != new.len()
                || session.insert_many(&ACCOUNT_INFO, &infos)? != infos.len()
            {
                return Err(Flush::Raced("accounts"));
            }
        }
        if session.insert_many(&TRANSFERS, &self.lines)? != self.lines.len() {
            return Err(Flush::Raced("transfers"));
        }
        for (table, rows) in
            [(&ACCOUNT_DAYS, &self.days as &dyn purser_storage::Rows), (&ACCOUNT_MARKS, &self.marks)]
        {
            if !rows.is_empty() && session.insert_many(table, rows)? != rows.len() {
                return Err(Flush::Raced(table.name));
            }
        }
        self.holds.flush(session)
    }

    pub(crate) fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.lines.is_empty()
    }

    /// Ends a group. What was written stays known where nobody else can write.
    pub(crate) fn end(&mut self, committed: bool, exclusive: bool) {
        if committed && exclusive && self.slots.len() < REMEMBERED_ACCOUNTS {
            for slot in self.dirty.drain(..) {
                if let Some(entry) = self.slots.get_mut(slot as usize) {
                    entry.dirty = false;
                    entry.stored = true;
                }
            }
            self.forget_unopened();
        } else {
            self.slots.clear();
            self.index.clear();
            self.dirty.clear();
        }
        if !committed {
            // The commit may have happened all the same.
            self.newest = None;
        } else if let Some(newest) = self.lines.iter().map(|l| l.0.id).max() {
            self.newest = self.newest.max(Some(newest));
        }
        self.refs.clear();
        self.openable.clear();
        self.fresh.clear();
        self.wanted_earlier.clear();
        self.skipped_lines.clear();
        self.wanted.clear();
        self.wanted_refs.clear();
        self.wanted_lines.clear();
        self.lines.clear();
        self.line_index.clear();
        self.old_lines.clear();
        self.holds = Store::new(Lock::Update);
        self.days.clear();
        self.marks.clear();
        self.undo.clear();
        self.check_all = false;
    }

    /// Accounts that commands declared and nothing opened are as unknown as before.
    fn forget_unopened(&mut self) {
        while let Some(slot) = self.fresh.pop() {
            let at = slot as usize;
            if self.slots.get(at).is_none_or(|entry| entry.stored) {
                continue;
            }
            // From the end on, so what takes the place is not itself to be forgotten.
            let gone = self.slots.swap_remove(at);
            self.index.remove(&gone.row.0.id);
            if let Some(moved) = self.slots.get(at) {
                self.index.insert(moved.row.0.id, slot);
            }
        }
    }

    /// Accounts that are known now; with a later call of [`Self::newest_instant`], those loaded since.
    pub(crate) fn known(&self) -> usize {
        self.slots.len()
    }
}

impl Books for LedgerView {
    fn account(&mut self, id: AccountId) -> Option<&mut Account> {
        let slot = *self.index.get(&id)? as usize;
        if !self.slots.get(slot).is_some_and(|entry| self.exists(entry)) {
            return None;
        }
        self.slots.get_mut(slot).map(|s| &mut s.row.0)
    }

    fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        if let Some(line) = self.line_index.get(&id) {
            return self.lines.get(*line as usize).map(|l| &l.0);
        }
        self.old_lines.get(&id).map(|l| &l.0)
    }

    fn hold(&self, id: TransferId) -> Option<Hold> {
        if !self.holds.is_loaded(&id) {
            return None;
        }
        self.holds.get(&id).map(|row| row.0.clone())
    }

    fn put_hold(&mut self, hold: Hold) {
        self.holds.set(hold.id, Some(HoldRow(hold)));
        self.undo.push(Undo::Hold);
    }

    fn touch(&mut self, id: AccountId) {
        let day_start = self.day_start;
        let Some(entry) = self.change(id) else { return };
        let account = &mut entry.row.0;
        if account.last_at >= day_start || account.entries == 0 {
            return;
        }
        let (last_at, opening_minor) = (account.last_at, account.day_opening);
        let (closing_minor, entries, last) = (account.posted, account.day_entries, account.last);
        account.day_opening = account.posted;
        account.day_entries = 0;
        let day: Date = self.zone.date(last_at);
        self.days.push(DayRow { account: id, day, opening_minor, closing_minor, entries, last, last_at });
        self.undo.push(Undo::Day);
    }

    fn append(&mut self, mut transfer: Transfer) {
        transfer.group = self.group;
        for (id, after) in [(transfer.debit, transfer.debit_after), (transfer.credit, transfer.credit_after)]
        {
            let entries = self.peek(id).map_or(0, |a| a.entries);
            if entries % MarkRow::EVERY == 0 && entries > 0 {
                self.marks.push(MarkRow {
                    account: id,
                    entry: entries,
                    transfer: transfer.id,
                    at: transfer.at,
                    balance_minor: after,
                });
                self.undo.push(Undo::Mark);
            }
        }
        if let Ok(at) = u32::try_from(self.lines.len()) {
            self.line_index.insert(transfer.id, at);
        }
        self.lines.push(TransferRow(transfer));
        self.undo.push(Undo::Line);
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}
