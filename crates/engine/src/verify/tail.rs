//! Where an incremental verification begins: the state of every account and hold that the new groups touch, as
//! it was before them. It follows backwards from the rows as they are now, without walking any history: sums and
//! differences do not depend on the order of the lines, and the head that an account's chain had before is the
//! one previous transfer that is not itself among the new lines. Whether these states are what was verified is
//! shown by the digest that the last verification left.

use purser_domain::{
    ids::{AccountId, TransferId, Uid},
    ledger::{Account, Hold, HoldState, Side, Transfer},
    time::{Date, Timestamp, Zone},
};
use purser_storage::{Fault, Keys, Lock, Record, Session};

use super::{
    book::{Book, Days, Doubt, Expected},
    finding::{FindingKind as Kind, Findings, account_place},
    walk::{Strand, load_lines},
};
use crate::{
    books::IdMap,
    rows::{AccountRow, DayRow, HoldRow},
};

/// What the new lines did to an account, in any order.
#[derive(Default)]
struct Delta {
    /// Every line's id and previous id, folded: the ends of the chain are what does not cancel.
    folded: u128,
    reserved_debit: i64,
    reserved_credit: i64,
    lines: i64,
    first_day: Option<Timestamp>,
    first_day_lines: i64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Tail {
    accounts: IdMap<AccountId, Delta>,
    /// Settled and released per hold; `None` for holds that are new themselves.
    holds: IdMap<TransferId, Option<i64>>,
}

/// The states before the first new line.
pub(super) struct Start {
    pub(super) book: Book,
    pub(super) accounts: IdMap<AccountId, Account>,
    /// `None` for holds that did not exist.
    pub(super) holds: IdMap<TransferId, Option<Hold>>,
}

impl Tail {
    /// Reads the new lines of all lanes once.
    pub(super) fn read(
        session: &mut dyn Session,
        strands: &mut [Strand],
        zone: &Zone,
    ) -> Result<Self, Fault> {
        let mut tail = Self::default();
        let mut days = Days::new(zone);
        for strand in strands {
            while let Some(loaded) = strand.next(session)? {
                for row in &loaded.lines {
                    tail.add(&row.0, days.start(row.0.at));
                }
            }
        }
        Ok(tail)
    }

    fn add(&mut self, line: &Transfer, day: Timestamp) {
        match line.step {
            1 => {
                self.holds.insert(line.id, None);
            }
            2 | 3 => {
                if let Some(used) = self.holds.entry(TransferId(line.of)).or_insert(Some(0)) {
                    *used = used.wrapping_add(line.amount_minor);
                }
            }
            _ => {}
        }
        let reserved = match line.step {
            1 => line.amount_minor,
            2 | 3 => line.amount_minor.wrapping_neg(),
            _ => 0,
        };
        for (id, prev, debited) in
            [(line.debit, line.debit_prev, true), (line.credit, line.credit_prev, false)]
        {
            let delta = self.accounts.entry(id).or_default();
            delta.folded ^= number(line.id) ^ number(prev);
            let side = if debited { &mut delta.reserved_debit } else { &mut delta.reserved_credit };
            *side = side.wrapping_add(reserved);
            delta.lines += 1;
            match delta.first_day {
                Some(first) if first < day => {}
                Some(first) if first == day => delta.first_day_lines += 1,
                _ => (delta.first_day, delta.first_day_lines) = (Some(day), 1),
            }
        }
    }

    /// The book as it was before the first new line.
    pub(super) fn start(
        self,
        session: &mut dyn Session,
        zone: &Zone,
        newest: TransferId,
        findings: &mut Findings,
    ) -> Result<Start, Fault> {
        let mut book = Book::new(zone, Expected::tail(newest), self.accounts.len());
        let mut days = Days::new(zone);
        let mut accounts = self.accounts_now(session)?;
        let lasts = accounts.iter().map(|a| a.last).filter(|id| !id.0.is_nil()).collect();
        let lines: IdMap<TransferId, Transfer> =
            load_lines(session, lasts)?.into_iter().map(|row| (row.0.id, row.0)).collect();
        for account in &mut accounts {
            rewind(account, lines.get(&account.last), &mut book, findings);
        }
        let rows = day_rows(session, &accounts, &mut days)?;
        for account in &mut accounts {
            if let Some(delta) = self.accounts.get(&account.id) {
                rewind_day(account, delta, rows.get(&account.id), &mut days);
            }
        }
        let mut before = IdMap::default();
        for account in accounts {
            before.insert(account.id, account.clone());
            book.add_account(account);
        }
        let holds = self.holds_before(session)?;
        for hold in holds.values().flatten().filter(|hold| hold.state == HoldState::Open) {
            book.add_hold(hold.clone());
        }
        Ok(Start { book, accounts: before, holds })
    }

    /// Touched accounts as stored, with reservations, count and head of before.
    fn accounts_now(&self, session: &mut dyn Session) -> Result<Vec<Account>, Fault> {
        let mut keys: Vec<AccountId> = self.accounts.keys().copied().collect();
        keys.sort_unstable();
        let mut accounts = Vec::with_capacity(keys.len());
        if keys.is_empty() {
            return Ok(accounts);
        }
        session.load(AccountRow::TABLE, &Keys::<AccountRow>(&keys), Lock::None, &mut |source| {
            let mut account = AccountRow::read(source).0;
            if let Some(delta) = self.accounts.get(&account.id) {
                let (out, into) = match account.side {
                    Side::Credit => (delta.reserved_debit, delta.reserved_credit),
                    Side::Debit => (delta.reserved_credit, delta.reserved_debit),
                };
                account.held_out = account.held_out.wrapping_sub(out);
                account.held_in = account.held_in.wrapping_sub(into);
                account.entries -= delta.lines;
                account.last = unfold(delta.folded ^ number(account.last));
            }
            accounts.push(account);
        })?;
        Ok(accounts)
    }

    fn holds_before(&self, session: &mut dyn Session) -> Result<IdMap<TransferId, Option<Hold>>, Fault> {
        let mut before: IdMap<TransferId, Option<Hold>> = IdMap::default();
        let mut keys = Vec::new();
        for (id, used) in &self.holds {
            match used {
                Some(_) => keys.push(*id),
                None => {
                    before.insert(*id, None);
                }
            }
        }
        keys.sort_unstable();
        if keys.is_empty() {
            return Ok(before);
        }
        session.load(HoldRow::TABLE, &Keys::<HoldRow>(&keys), Lock::None, &mut |source| {
            let mut hold = HoldRow::read(source).0;
            if let Some(Some(used)) = self.holds.get(&hold.id) {
                hold.remaining_minor = hold.remaining_minor.wrapping_add(*used);
                hold.state = HoldState::Open;
                hold.expires_at = None;
            }
            before.insert(hold.id, Some(hold));
        })?;
        Ok(before)
    }
}

fn number(id: TransferId) -> u128 {
    u128::from_be_bytes(id.0.0)
}

fn unfold(number: u128) -> TransferId {
    TransferId(Uid(number.to_be_bytes()))
}

/// Balance and time of before, from the line that was the account's last one then.
fn rewind(account: &mut Account, last: Option<&Transfer>, book: &mut Book, findings: &mut Findings) {
    let side = last.and_then(|line| {
        [(line.debit, line.debit_after), (line.credit, line.credit_after)]
            .into_iter()
            .find(|(id, _)| *id == account.id)
            .map(|(_, after)| (after, line.at))
    });
    match side {
        Some((after, at)) => (account.posted, account.last_at) = (after, at),
        None if account.last.0.is_nil() => (account.posted, account.last_at) = (0, Timestamp(0)),
        None => {
            let found = format!("{}, which is not a transfer of it", account.last);
            let place = || account_place(account.id);
            findings.add(Kind::AccountLast, place, "the transfer before the new ones", found);
            book.doubts.insert(account.id, Doubt::NoStart);
        }
    }
}

fn day_rows(
    session: &mut dyn Session,
    accounts: &[Account],
    days: &mut Days,
) -> Result<IdMap<AccountId, DayRow>, Fault> {
    let mut keys: Vec<(AccountId, Date)> =
        accounts.iter().filter(|a| a.entries > 0).map(|a| (a.id, days.date(a.last_at))).collect();
    keys.sort_unstable();
    let mut rows = IdMap::default();
    if !keys.is_empty() {
        session.load(DayRow::TABLE, &Keys::<DayRow>(&keys), Lock::None, &mut |source| {
            let row = DayRow::read(source);
            rows.insert(row.account, row);
        })?;
    }
    Ok(rows)
}

/// The opening of the day that the account stood on: in its daily row once it moved on, else in the account.
fn rewind_day(account: &mut Account, delta: &Delta, row: Option<&DayRow>, days: &mut Days) {
    if account.entries <= 0 {
        (account.day_opening, account.day_entries) = (0, 0);
        return;
    }
    if let Some(row) = row {
        (account.day_opening, account.day_entries) = (row.opening_minor, row.entries);
    }
    if delta.first_day == Some(days.start(account.last_at)) {
        account.day_entries -= delta.first_day_lines;
    }
}
