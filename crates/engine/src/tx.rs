//! What a command works on: the rows it declared, the ledger, and what it wants to happen after the commit.
//! Nothing here touches storage; a rejection takes everything back.

use std::any::TypeId;

use purser_domain::{
    ids::{AccountId, PartyId, TransferId, TypedId, Uid},
    ledger::{self, Account, AccountRef, Books, Hold, Posted, Refusal, Transfer, TransferRequest},
    time::Zone,
};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use crate::{
    Ctx,
    books::LedgerView,
    facts::Facts,
    hints::Hints,
    ids::IdSource,
    rows::{AuditRow, EventRow, JobRow, MessageRow},
    store::{AnyStore, Flush, Store},
};

type Kept = Box<dyn FnOnce(&mut Tx) + Send>;

/// Number of tables that a deployment may have.
const MAX_TABLES: usize = 192;

/// See the module.
pub struct Tx {
    pub(crate) ledger: LedgerView,
    stores: Vec<Option<Box<dyn AnyStore>>>,
    undo: Vec<usize>,
    events: Vec<EventRow>,
    audits: Vec<AuditRow>,
    ids: IdSource,
    ctx: Option<Ctx>,
    kept: Vec<Kept>,
    changes: Facts,
    next_group: bool,
    pub(crate) hints: Hints,
}

/// A point to go back to.
#[derive(Clone, Copy)]
pub struct Mark {
    ledger: usize,
    undo: usize,
    events: usize,
    audits: usize,
}

impl Tx {
    pub(crate) fn new(zone: Zone, ids: IdSource) -> Self {
        Self {
            ledger: LedgerView::new(zone),
            stores: (0..MAX_TABLES).map(|_| None).collect(),
            undo: Vec::new(),
            events: Vec::new(),
            audits: Vec::new(),
            ids,
            ctx: None,
            kept: Vec::new(),
            changes: Facts::new(),
            next_group: false,
            hints: Hints::default(),
        }
    }

    pub(crate) fn stamp(&mut self, ctx: Ctx) {
        self.ledger.stamp(ctx.now, ctx.day_start, ctx.group);
        self.ctx = Some(ctx);
    }

    fn store_mut<T: Record>(&mut self) -> &mut Store<T> {
        let slot = &mut self.stores[T::TABLE.index];
        let store = slot.get_or_insert_with(|| Box::new(Store::<T>::new(T::LOCK)));
        match store.as_any_mut().downcast_mut() {
            Some(store) => store,
            None => unreachable!("two row types ({:?}) claim table {}", TypeId::of::<T>(), T::TABLE.name),
        }
    }

    fn store<T: Record>(&self) -> Option<&Store<T>> {
        self.stores[T::TABLE.index].as_ref().and_then(|s| s.as_any().downcast_ref())
    }

    /// A row that the command declared; `None` when it does not exist.
    ///
    /// # Panics
    /// When the row was not declared: a bug in the command, of which nothing is kept.
    pub fn get<T: Record>(&self, key: &T::Key) -> Option<&T> {
        let store = self.store::<T>();
        assert!(store.is_some(), "{} was read without being declared", T::TABLE.name);
        store.and_then(|s| s.get(key))
    }

    /// True when the row was declared by this or an earlier command of the group.
    pub fn is_loaded<T: Record>(&self, key: &T::Key) -> bool {
        self.store::<T>().is_some_and(|s| s.is_loaded(key))
    }

    /// True when an earlier command of the group has changed the row. Where a row leads to the ids of what a command
    /// reads, and was changed after the command had declared those, the command goes into the next group:
    /// [`Tx::begin_next_group`].
    pub fn is_changed<T: Record>(&self, key: &T::Key) -> bool {
        self.store::<T>().is_some_and(|s| s.is_changed(key))
    }

    /// Puts the command into the next group, where it declares anew what it reads. Return what this returns at once:
    /// nobody sees it.
    pub fn begin_next_group(&mut self) -> crate::Rejection {
        self.next_group = true;
        crate::Rejection::new("next_group", "decided in the next group")
    }

    /// A row that another row led to. Where it was not declared, an earlier command of the group or another server has
    /// changed what leads to it after the command declared what it reads: the command goes into the next group.
    ///
    /// # Errors
    /// Of the next group; return it.
    pub fn led_to<T: Record>(&mut self, key: &T::Key) -> Result<Option<&T>, crate::Rejection> {
        if self.is_loaded::<T>(key) { Ok(self.get(key)) } else { Err(self.begin_next_group()) }
    }

    pub(crate) fn wants_next_group(&self) -> bool {
        self.next_group
    }

    /// All loaded rows of a table, in key order: for what a list need brought in.
    pub fn rows<T: Record>(&self) -> impl Iterator<Item = &T> {
        self.store::<T>().into_iter().flat_map(Store::values)
    }

    /// Inserts or overwrites a row.
    pub fn put<T: Record>(&mut self, row: T) {
        self.store_mut::<T>().set(row.key(), Some(row));
        self.undo.push(T::TABLE.index);
    }

    /// Deletes a row.
    pub fn delete<T: Record>(&mut self, key: T::Key) {
        self.store_mut::<T>().set(key, None);
        self.undo.push(T::TABLE.index);
    }

    /// A change that stays when the command is rejected: attempt counters, flags and cases only.
    pub fn keep_when_rejected(&mut self, change: impl FnOnce(&mut Self) + Send + 'static) {
        self.kept.push(Box::new(change));
    }

    /// Business time of the group.
    pub fn now(&self) -> purser_domain::time::Timestamp {
        self.ctx.as_ref().map_or(purser_domain::time::Timestamp(0), |c| c.now)
    }

    /// Posts one transfer.
    ///
    /// # Errors
    /// The ledger's [`Refusal`]; nothing has changed then.
    pub fn post(&mut self, request: &TransferRequest) -> Result<Posted, Refusal> {
        ledger::post(&mut self.ledger, request)
    }

    /// Posts several transfers, all or none.
    ///
    /// # Errors
    /// Position of the first one that was refused, and why.
    pub fn post_all(&mut self, requests: &[TransferRequest]) -> Result<(), (usize, Refusal)> {
        let mark = self.mark();
        for (index, request) in requests.iter().enumerate() {
            if let Err(refusal) = self.post(request) {
                self.rollback(mark);
                return Err((index, refusal));
            }
        }
        Ok(())
    }

    /// An account as it stands; declared accounts that were never used read as zero.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.ledger.peek(id)
    }

    /// What may be taken from an account now; zero when it is unknown.
    pub fn available(&self, reference: &AccountRef) -> i64 {
        self.account(reference.id()).map_or(0, Account::available)
    }

    /// A hold that was declared.
    pub fn hold(&self, id: TransferId) -> Option<Hold> {
        self.ledger.hold(id)
    }

    /// A transfer that was declared or posted by this group.
    pub fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.ledger.transfer(id)
    }

    /// Opens an account that no default describes.
    pub fn open_account(&mut self, account: Account, reference: AccountRef) {
        self.ledger.open(account, reference);
    }

    /// Closes an account for new transfers, or opens it again.
    pub fn set_account_closed(&mut self, id: AccountId, closed: bool) {
        self.ledger.set_closed(id, closed);
    }

    /// Emits an event (P15).
    pub fn event(&mut self, kind: &str, party: Option<PartyId>, subject: &str, facts: Facts) {
        let (group, at) =
            self.ctx.as_ref().map_or((0, purser_domain::time::Timestamp(0)), |c| (c.group, c.now));
        let n = i64::try_from(self.events.len()).unwrap_or(i64::MAX);
        let party = party.unwrap_or(PartyId(Uid::NIL));
        self.events.push(EventRow {
            grp: group,
            n,
            at,
            kind: kind.to_owned(),
            party,
            subject: subject.to_string(),
            facts,
        });
    }

    /// Tells a party something: an in-app message and the event of the same kind.
    pub fn notify(&mut self, kind: &str, party: PartyId, subject: &str, facts: Facts) {
        let id = self.new_id();
        let at = self.ctx.as_ref().map_or(purser_domain::time::Timestamp(0), |c| c.now);
        self.put(MessageRow {
            party,
            id,
            at,
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            facts: facts.clone(),
            read_at: None,
        });
        self.event(kind, Some(party), subject, facts);
    }

    /// Queues work for after the commit.
    pub fn job(&mut self, job: JobRow) {
        self.put(job);
    }

    pub(crate) fn audit(&mut self, actor: &str, action: &str, subject: String, facts: Facts) {
        let (group, at) =
            self.ctx.as_ref().map_or((0, purser_domain::time::Timestamp(0)), |c| (c.group, c.now));
        let n = i64::try_from(self.audits.len()).unwrap_or(i64::MAX);
        self.audits.push(AuditRow {
            grp: group,
            n,
            at,
            actor: actor.to_owned(),
            action: action.to_owned(),
            subject,
            facts,
        });
    }

    /// Says in the command's audit entry what a field was before and is now; nothing when it stayed (P17).
    pub fn changed(&mut self, field: &str, before: &str, after: &str) {
        if before != after {
            let changes = std::mem::take(&mut self.changes);
            self.changes =
                changes.text(&format!("{field}_before"), before).text(&format!("{field}_after"), after);
        }
    }

    /// Says in the command's audit entry that a field changed whose values do not belong there.
    pub fn changed_unseen(&mut self, field: &str, changed: bool) {
        if changed {
            let so_far = std::mem::take(&mut self.changes);
            self.changes = so_far.flag(&format!("{field}_changed"), true);
        }
    }

    /// What the command that was decided last said of its changes.
    pub(crate) fn take_changes(&mut self) -> Facts {
        std::mem::take(&mut self.changes)
    }

    /// A fresh time-ordered id.
    pub fn new_id<T: TypedId>(&mut self) -> T {
        let at = self.ctx.as_ref().map_or(purser_domain::time::Timestamp(0), |c| c.machine);
        self.ids.next(at)
    }

    /// Thirty-two unguessable bytes.
    pub fn new_secret(&mut self) -> [u8; 32] {
        self.ids.secret()
    }

    /// A point to come back to with [`Tx::rollback`].
    pub fn mark(&self) -> Mark {
        Mark {
            ledger: self.ledger.undo_mark(),
            undo: self.undo.len(),
            events: self.events.len(),
            audits: self.audits.len(),
        }
    }

    /// Takes back everything since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        self.ledger.rollback(mark.ledger);
        while self.undo.len() > mark.undo {
            if let Some(store) = self.undo.pop().and_then(|table| self.stores[table].as_mut()) {
                store.undo_one();
            }
        }
        self.events.truncate(mark.events);
        self.audits.truncate(mark.audits);
    }

    pub(crate) fn apply_kept(&mut self) {
        for change in std::mem::take(&mut self.kept) {
            change(self);
        }
    }

    pub(crate) fn command_done(&mut self) {
        self.kept.clear();
        self.undo.clear();
        self.ledger.forget_undo();
        for store in self.stores.iter_mut().flatten() {
            store.forget_undo();
        }
    }

    pub(crate) fn has_wanted_rows(&self) -> bool {
        self.stores.iter().flatten().any(|store| store.is_wanted())
    }

    /// Loads what was declared: rows table by table in lock order, then, in the last round, the ledger.
    pub(crate) fn load(&mut self, session: &mut dyn Session, with_ledger: bool) -> Result<(), Fault> {
        for store in self.stores.iter_mut().flatten() {
            store.load(session)?;
        }
        if with_ledger { self.ledger.load(session) } else { Ok(()) }
    }

    pub(crate) fn is_dirty(&self) -> bool {
        self.ledger.is_dirty()
            || !self.events.is_empty()
            || !self.audits.is_empty()
            || self.stores.iter().flatten().any(|s| s.is_dirty())
    }

    pub(crate) fn flush(&mut self, session: &mut dyn Session) -> Result<(), Flush> {
        for store in self.stores.iter_mut().flatten() {
            store.flush(session)?;
        }
        self.ledger.flush(session)?;
        if !self.audits.is_empty() {
            session.insert_many(AuditRow::TABLE, &self.audits)?;
        }
        if !self.events.is_empty() {
            session.insert_many(EventRow::TABLE, &self.events)?;
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, committed: bool, exclusive: bool) {
        self.ledger.end(committed, exclusive);
        for slot in &mut self.stores {
            drop(slot.take_if(|store| !(committed && exclusive && store.end_group())));
        }
        self.undo.clear();
        self.events.clear();
        self.audits.clear();
        self.kept.clear();
        self.next_group = false;
        self.hints.end_group();
    }

    pub(crate) fn audits(&self) -> &[AuditRow] {
        &self.audits
    }
}

/// What a command wants loaded before it decides.
pub struct Needs<'a> {
    pub(crate) tx: &'a mut Tx,
    pub(crate) session: &'a mut dyn Session,
    pub(crate) fault: Option<Fault>,
}

impl Needs<'_> {
    /// Business time of the group so far; it may still move forward to the newest row it loads.
    pub fn now(&self) -> purser_domain::time::Timestamp {
        self.tx.ctx.as_ref().map_or(purser_domain::time::Timestamp(0), |c| c.now)
    }

    /// Civil date of [`Needs::now`]; 1970-01-01 before the group is stamped.
    pub fn today(&self) -> purser_domain::time::Date {
        let start = purser_domain::time::Date::constant(1970, 1, 1);
        self.tx.ctx.as_ref().map_or(start, |c| c.today)
    }

    /// A row by primary key.
    pub fn row<T: Record>(&mut self, key: T::Key) {
        self.tx.store_mut::<T>().want(key);
    }

    /// An account; opened by its first transfer if it does not exist.
    pub fn account(&mut self, reference: &AccountRef) {
        self.tx.ledger.want_reference(reference.clone());
    }

    /// An account by id; refused by the ledger if it does not exist.
    pub fn account_id(&mut self, id: AccountId) {
        self.tx.ledger.want_account(id);
    }

    /// A transfer that another one names, to be taken back; its accounts come with it.
    pub fn earlier_transfer(&mut self, id: TransferId) {
        self.tx.ledger.want_earlier_line(id);
    }

    /// A transfer that may exist already, because the caller chose its id.
    pub fn transfer(&mut self, id: TransferId) {
        self.tx.ledger.want_line(id);
    }

    /// A hold; its accounts come with it.
    pub fn hold(&mut self, id: TransferId) {
        self.tx.ledger.want_hold(id);
    }

    /// Rows that a statement of the list selects (all columns in table order, with a stated limit), locked like
    /// rows by key.
    pub fn list<T: Record>(&mut self, statement: &'static Statement, params: &[Value<'_>]) {
        let mut keys = Vec::new();
        let outcome = self.session.query(statement, params, &mut |source| {
            keys.push(T::read(source).key());
            true
        });
        match outcome {
            Ok(()) => keys.into_iter().for_each(|key| self.row::<T>(key)),
            Err(fault) => {
                self.fault.get_or_insert(fault);
            }
        }
    }

    /// Rows by key as they stand now, neither locked nor kept, absent ones left out: for columns that never change and
    /// lead to what is to be locked first.
    pub fn peek<T: Record>(&mut self, mut keys: Vec<T::Key>) -> Vec<T> {
        keys.sort_unstable();
        keys.dedup();
        let mut rows = Vec::with_capacity(keys.len());
        if keys.is_empty() {
            return rows;
        }
        let outcome = self.session.load(T::TABLE, &Keys::<T>(&keys), Lock::None, &mut |source| {
            rows.push(T::read(source));
        });
        if let Err(fault) = outcome {
            self.fault.get_or_insert(fault);
        }
        rows
    }

    /// What a statement of the list reads, neither locked nor kept.
    pub fn read(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn purser_storage::Source) -> bool,
    ) {
        if let Err(fault) = self.session.query(statement, params, each) {
            self.fault.get_or_insert(fault);
        }
    }

    /// True when nobody else can write: what is read now is still so when the command decides.
    pub fn is_exclusive(&self) -> bool {
        self.session.exclusive()
    }

    /// A row that is known not to exist: it is not looked up. Should another writer have inserted it meanwhile, the
    /// insert comes out short and the group runs again, which must then declare it by [`Needs::row`].
    pub fn absent<T: Record>(&mut self, key: T::Key) {
        self.tx.store_mut::<T>().assume_absent(key);
    }

    /// A row that the first round loaded.
    pub fn get<T: Record>(&self, key: &T::Key) -> Option<&T> {
        self.tx.get(key)
    }

    /// Rows that the first round loaded.
    pub fn loaded<T: Record>(&self) -> impl Iterator<Item = &T> {
        self.tx.rows::<T>()
    }
}
