//! The books rebuilt from the journal, line by line. Shares no code with the posting algorithm on purpose: what
//! it predicts is compared with what posting stored.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{Account, Hold, HoldState, Side, Transfer},
    money::Currency,
    time::{Date, Timestamp, Zone},
};

use super::{
    finding::{FindingKind as Kind, Findings, hold_place, line_place},
    sketch::{Sketch, WIDTH, pack},
};
use crate::{
    books::IdMap,
    rows::{DayRow, HoldRow, MarkRow, TransferRow},
};

/// Civil days of instants; remembers the last one, since neighbours in the chain share it.
pub(super) struct Days {
    zone: Zone,
    date: Date,
    start: Timestamp,
    end: Timestamp,
}

impl Days {
    pub(super) fn new(zone: &Zone) -> Self {
        Self { zone: zone.clone(), date: Date::ZERO, start: Timestamp(0), end: Timestamp(0) }
    }

    fn find(&mut self, at: Timestamp) {
        if at < self.start || at >= self.end {
            self.date = self.zone.date(at);
            self.start = self.zone.start_of(self.date);
            self.end = self.date.tomorrow().map_or(Timestamp(i64::MAX), |next| self.zone.start_of(next));
        }
    }

    pub(super) fn start(&mut self, at: Timestamp) -> Timestamp {
        self.find(at);
        self.start
    }

    pub(super) fn date(&mut self, at: Timestamp) -> Date {
        self.find(at);
        self.date
    }
}

/// Keys of the rows that the journal says must exist; kept only where the tables are not scanned.
#[derive(Default)]
pub(super) struct ExpectedKeys {
    pub(super) days: Vec<(AccountId, Date)>,
    pub(super) marks: Vec<(AccountId, i64)>,
    pub(super) holds: Vec<TransferId>,
}

/// Rows that the journal says must exist, to be compared with those that do.
pub(super) struct Expected {
    after: TransferId,
    pub(super) lines: Sketch<16>,
    pub(super) days: Sketch<WIDTH>,
    pub(super) marks: Sketch<WIDTH>,
    pub(super) holds: Sketch<WIDTH>,
    pub(super) keys: Option<ExpectedKeys>,
}

impl Expected {
    /// Everything: the tables are scanned.
    pub(super) fn all() -> Self {
        Self::new(TransferId::default(), None)
    }

    /// What new lines imply: tables are read by key, transfers from `after` on.
    pub(super) fn tail(after: TransferId) -> Self {
        Self::new(after, Some(ExpectedKeys::default()))
    }

    fn new(after: TransferId, keys: Option<ExpectedKeys>) -> Self {
        Self {
            after,
            lines: Sketch::new(),
            days: Sketch::new(),
            marks: Sketch::new(),
            holds: Sketch::new(),
            keys,
        }
    }

    fn line(&mut self, id: TransferId) {
        if id > self.after || self.after.0.is_nil() {
            self.lines.expect(&id.0.0);
        }
    }

    fn day(&mut self, row: &DayRow) {
        self.days.expect(&pack(row));
        if let Some(keys) = &mut self.keys {
            keys.days.push((row.account, row.day));
        }
    }

    fn mark(&mut self, row: &MarkRow) {
        self.marks.expect(&pack(row));
        if let Some(keys) = &mut self.keys {
            keys.marks.push((row.account, row.entry));
        }
    }

    fn hold(&mut self, hold: &Hold) {
        if let Some(keys) = &mut self.keys {
            keys.holds.push(hold.id);
        }
        self.holds.expect(&pack(&HoldRow(Hold { expires_at: None, ..hold.clone() })));
    }
}

/// How sure the book is about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It has no row: its sides and floor are unknown, nothing about it is checked.
    NoRow,
    /// Its state before the first line could not be found: the first line sets it.
    NoStart,
}

/// What was debited and credited, per currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turnover {
    /// Minor units debited by posted lines.
    pub debits_minor: i128,
    /// Minor units credited by posted lines.
    pub credits_minor: i128,
}

/// See the module.
pub(super) struct Book {
    accounts: Vec<Account>,
    index: IdMap<AccountId, u32>,
    pub(super) doubts: BTreeMap<AccountId, Doubt>,
    open: IdMap<TransferId, Hold>,
    pub(super) expected: Expected,
    pub(super) turnover: BTreeMap<Currency, Turnover>,
    days: Days,
}

impl Book {
    pub(super) fn new(zone: &Zone, expected: Expected, accounts: usize) -> Self {
        Self {
            accounts: Vec::with_capacity(accounts),
            index: IdMap::with_capacity_and_hasher(accounts, std::hash::BuildHasherDefault::default()),
            doubts: BTreeMap::new(),
            open: IdMap::default(),
            expected,
            turnover: BTreeMap::new(),
            days: Days::new(zone),
        }
    }

    /// Adds an account in the state that it has before the first line.
    pub(super) fn add_account(&mut self, account: Account) {
        if let Ok(slot) = u32::try_from(self.accounts.len()) {
            self.index.insert(account.id, slot);
            self.accounts.push(account);
        }
    }

    /// Adds a hold that was open before the first line.
    pub(super) fn add_hold(&mut self, hold: Hold) {
        self.open.insert(hold.id, hold);
    }

    pub(super) fn account(&self, id: AccountId) -> Option<&Account> {
        self.index.get(&id).and_then(|slot| self.accounts.get(*slot as usize))
    }

    pub(super) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Whether all lines follow what is known of their accounts: with several lanes, whether the group is next.
    pub(super) fn is_next(&self, lines: &[TransferRow]) -> bool {
        let mut moved: IdMap<AccountId, TransferId> = IdMap::default();
        lines.iter().all(|row| {
            let line = &row.0;
            [(line.debit, line.debit_prev), (line.credit, line.credit_prev)].iter().all(|(id, prev)| {
                let last = moved.insert(*id, line.id).or_else(|| self.account(*id).map(|a| a.last));
                last.is_none_or(|last| last == *prev || self.doubts.contains_key(id))
            })
        })
    }

    /// Checks a line and applies it.
    pub(super) fn line(&mut self, line: &Transfer, findings: &mut Findings) {
        self.expected.line(line.id);
        let shaped = (0..=4).contains(&line.step) && line.amount_minor > 0 && line.debit != line.credit;
        if !shaped {
            let found = format!("step {} of {} minor units", line.step, line.amount_minor);
            findings.add(
                Kind::LineShape,
                || line_place(line),
                "steps 0 to 4, two accounts, above zero",
                found,
            );
        }
        self.hold_step(line, findings);
        let day_start = self.days.start(line.at);
        let debit = self.side(line, true, day_start, findings);
        let credit = self.side(line, false, day_start, findings);
        if debit != credit {
            let found = format!("{debit} and {credit}");
            findings.add(Kind::LineShape, || line_place(line), "one currency", found);
        }
        if matches!(line.step, 0 | 2 | 4) {
            let amount = i128::from(line.amount_minor);
            self.turnover.entry(debit).or_default().debits_minor += amount;
            self.turnover.entry(credit).or_default().credits_minor += amount;
        }
    }

    fn slot(&mut self, id: AccountId, line: &Transfer, findings: &mut Findings) -> usize {
        if let Some(slot) = self.index.get(&id) {
            return *slot as usize;
        }
        findings.add(
            Kind::AccountMissing,
            || format!("{}, account {id}", line_place(line)),
            "a row in accounts",
            "none",
        );
        self.doubts.insert(id, Doubt::NoRow);
        self.add_account(Account::with_id(id, Side::Credit, false, Currency::CNY));
        self.accounts.len() - 1
    }

    /// One side of a line; returns the currency of its account.
    fn side(
        &mut self,
        line: &Transfer,
        debited: bool,
        day_start: Timestamp,
        findings: &mut Findings,
    ) -> Currency {
        let (id, prev, after) = if debited {
            (line.debit, line.debit_prev, line.debit_after)
        } else {
            (line.credit, line.credit_prev, line.credit_after)
        };
        let slot = self.slot(id, line, findings);
        let doubt = if self.doubts.is_empty() { None } else { self.doubts.get(&id).copied() };
        let Some(account) = self.accounts.get_mut(slot) else { return Currency::CNY };
        if doubt == Some(Doubt::NoStart) {
            let effect = if moves(line) { signed(account, debited, line.amount_minor) } else { 0 };
            account.posted = after.wrapping_sub(effect);
            account.last = prev;
            self.doubts.remove(&id);
        }
        if account.last_at < day_start && account.entries > 0 {
            let row = DayRow {
                account: id,
                day: self.days.date(account.last_at),
                opening_minor: account.day_opening,
                closing_minor: account.posted,
                entries: account.day_entries,
                last: account.last,
                last_at: account.last_at,
            };
            self.expected.day(&row);
            account.day_opening = account.posted;
            account.day_entries = 0;
        }
        let name = if debited { "debit" } else { "credit" };
        let place = || format!("{}, {name} account {id}", line_place(line));
        let certain = doubt != Some(Doubt::NoRow);
        if account.last != prev {
            findings.add(Kind::LinePrev, place, account.last, prev);
        }
        apply(account, line, debited);
        if certain && account.posted != after {
            findings.add(Kind::LineBalance, place, account.posted, after);
        }
        account.posted = after;
        if account.floored && account.posted < account.held_out {
            let found = format!("{after}, of which {} are reserved", account.held_out);
            findings.add(Kind::LineFloor, place, "a balance that covers all reservations", found);
        }
        account.entries += 1;
        account.day_entries += 1;
        account.last = line.id;
        account.last_at = line.at;
        if account.entries % MarkRow::EVERY == 0 {
            let entry = account.entries;
            let mark =
                MarkRow { account: id, entry, transfer: line.id, at: line.at, balance_minor: account.posted };
            self.expected.mark(&mark);
        }
        account.currency
    }

    fn hold_step(&mut self, line: &Transfer, findings: &mut Findings) {
        match line.step {
            1 => {
                let hold = Hold {
                    id: line.id,
                    debit: line.debit,
                    credit: line.credit,
                    amount_minor: line.amount_minor,
                    remaining_minor: line.amount_minor,
                    state: HoldState::Open,
                    expires_at: None,
                };
                self.open.insert(line.id, hold);
            }
            2 | 3 => {
                let id = TransferId(line.of);
                let place = || format!("{}, {}", line_place(line), hold_place(id));
                let Some(hold) = self.open.get_mut(&id) else {
                    findings.add(Kind::LineHold, place, "an open hold", "none");
                    return;
                };
                if (hold.debit, hold.credit) != (line.debit, line.credit) {
                    findings.add(Kind::LineHold, place, "the accounts of the hold", "others");
                }
                if line.amount_minor > hold.remaining_minor {
                    let expected = format!("at most {}", hold.remaining_minor);
                    findings.add(Kind::LineHold, place, expected, line.amount_minor);
                }
                hold.remaining_minor = hold.remaining_minor.saturating_sub(line.amount_minor).max(0);
                if hold.remaining_minor == 0 {
                    hold.state = if line.step == 2 { HoldState::Settled } else { HoldState::Released };
                    if let Some(done) = self.open.remove(&id) {
                        self.expected.hold(&done);
                    }
                }
            }
            _ => {}
        }
    }

    /// After the last line: what is still open must stand in the table too.
    pub(super) fn close(&mut self) -> usize {
        let open = std::mem::take(&mut self.open);
        let count = open.len();
        for hold in open.into_values() {
            self.expected.hold(&hold);
        }
        count
    }
}

fn moves(line: &Transfer) -> bool {
    !matches!(line.step, 1 | 3)
}

/// What a debit or credit of `amount` adds to a balance in the account's own direction.
fn signed(account: &Account, debited: bool, amount: i64) -> i64 {
    match (account.side, debited) {
        (Side::Debit, true) | (Side::Credit, false) => amount,
        (Side::Debit, false) | (Side::Credit, true) => amount.wrapping_neg(),
    }
}

fn apply(account: &mut Account, line: &Transfer, debited: bool) {
    let amount = line.amount_minor;
    let effect = signed(account, debited, amount);
    if moves(line) {
        account.posted = account.posted.wrapping_add(effect);
    }
    let reserved = match line.step {
        1 => amount,
        2 | 3 => amount.wrapping_neg(),
        _ => 0,
    };
    let counter = if effect < 0 { &mut account.held_out } else { &mut account.held_in };
    *counter = counter.wrapping_add(reserved);
}
