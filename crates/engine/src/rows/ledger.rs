//! Ledger rows: accounts, lines, holds, daily rows, entry points.

use purser_domain::{
    ids::{AccountId, TransferId, Uid},
    ledger::{Account, AccountKind, AccountRef, Hold, HoldState, Owner, Side, Transfer},
    money::Currency,
    time::{Date, Timestamp},
};
use purser_storage::{Record, Sink, Source, Table, table};

table!(
    /// Balances: the small, hot part of an account.
    ACCOUNTS, 8, "accounts", key 1, [
        id Bytes, flags Int, currency Text, posted Int, held_out Int, held_in Int, entries Int, last Bytes,
        last_at Int, day_opening Int, day_entries Int,
    ]
);
table!(
    /// What an account is; never changes.
    ACCOUNT_INFO, 9, "account_info", key 1, [
        id Bytes, owner Bytes, kind Int, qualifier Text, currency Text, opened_at Int,
    ]
);
table!(
    /// The journal.
    TRANSFERS, 10, "transfers", key 1, [
        id Bytes, at Int, grp Int, kind Int, step Int, debit Bytes, credit Bytes, amount Int, debit_after Int,
        credit_after Int, debit_prev Bytes, credit_prev Bytes, of_id Bytes, reference Bytes,
    ]
);
table!(
    /// What holds still reserve.
    HOLDS, 11, "holds", key 1, [
        id Bytes, debit Bytes, credit Bytes, amount Int, remaining Int, state Int, expires_at Int,
    ]
);
table!(
    /// One row per account and finished active day.
    ACCOUNT_DAYS, 12, "account_days", key 2, [
        account Bytes, day Text, opening Int, closing Int, entries Int, last Bytes, last_at Int,
    ]
);
table!(
    /// An entry point into an account's history every 1,024 lines.
    ACCOUNT_MARKS, 13, "account_marks", key 2, [
        account Bytes, entry Int, transfer Bytes, at Int, balance Int,
    ]
);

const DEBIT_SIDE: i64 = 1;
const FLOORED: i64 = 2;
const CLOSED: i64 = 4;

fn currency(source: &dyn Source, column: usize) -> Currency {
    source.text(column).parse().unwrap_or(Currency::CNY)
}

/// A row of `accounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow(pub Account);

impl Record for AccountRow {
    type Key = AccountId;
    const TABLE: &'static Table = &ACCOUNTS;

    fn key(&self) -> AccountId {
        self.0.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        let a = &self.0;
        let flags = if a.side == Side::Debit { DEBIT_SIDE } else { 0 }
            | if a.floored { FLOORED } else { 0 }
            | if a.closed { CLOSED } else { 0 };
        sink.uid(a.id.0);
        sink.int(flags);
        sink.text(a.currency.code());
        for value in [a.posted, a.held_out, a.held_in, a.entries] {
            sink.int(value);
        }
        sink.uid(a.last.0);
        sink.at(a.last_at);
        sink.int(a.day_opening);
        sink.int(a.day_entries);
    }

    fn write_key(key: &AccountId, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        let flags = source.int(1);
        Self(Account {
            id: AccountId(source.uid(0)),
            side: if flags & DEBIT_SIDE == 0 { Side::Credit } else { Side::Debit },
            floored: flags & FLOORED != 0,
            closed: flags & CLOSED != 0,
            currency: currency(source, 2),
            posted: source.int(3),
            held_out: source.int(4),
            held_in: source.int(5),
            entries: source.int(6),
            last: TransferId(source.uid(7)),
            last_at: source.at(8),
            day_opening: source.int(9),
            day_entries: source.int(10),
        })
    }
}

/// A row of `account_info`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountInfo {
    /// Derived id.
    pub id: AccountId,
    /// What it was derived from.
    pub reference: AccountRef,
    /// When the first transfer touched it.
    pub opened_at: Timestamp,
}

impl Record for AccountInfo {
    type Key = AccountId;
    const TABLE: &'static Table = &ACCOUNT_INFO;

    fn key(&self) -> AccountId {
        self.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.id.0);
        sink.uid(self.reference.owner.uid());
        sink.int(self.reference.kind.code());
        sink.text(&self.reference.qualifier);
        sink.text(self.reference.currency.code());
        sink.at(self.opened_at);
    }

    fn write_key(key: &AccountId, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            id: AccountId(source.uid(0)),
            reference: AccountRef {
                owner: Owner::from_uid(source.uid(1)),
                kind: AccountKind::from_code(source.int(2)).unwrap_or(AccountKind::Suspense),
                qualifier: source.text(3).to_owned(),
                currency: currency(source, 4),
            },
            opened_at: source.at(5),
        }
    }
}

/// A row of `transfers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow(pub Transfer);

impl Record for TransferRow {
    type Key = TransferId;
    const TABLE: &'static Table = &TRANSFERS;
    const LOCK: purser_storage::Lock = purser_storage::Lock::None;

    fn key(&self) -> TransferId {
        self.0.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        let t = &self.0;
        sink.uid(t.id.0);
        sink.at(t.at);
        for value in [t.group, t.kind, t.step] {
            sink.int(value);
        }
        sink.uid(t.debit.0);
        sink.uid(t.credit.0);
        for value in [t.amount_minor, t.debit_after, t.credit_after] {
            sink.int(value);
        }
        for value in [t.debit_prev.0, t.credit_prev.0] {
            short_uid(sink, value);
        }
        short_uid(sink, t.of);
        short_uid(sink, t.reference);
    }

    fn write_key(key: &TransferId, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        Self(Transfer {
            id: TransferId(source.uid(0)),
            at: source.at(1),
            group: source.int(2),
            kind: source.int(3),
            step: source.int(4),
            debit: AccountId(source.uid(5)),
            credit: AccountId(source.uid(6)),
            amount_minor: source.int(7),
            debit_after: source.int(8),
            credit_after: source.int(9),
            debit_prev: TransferId(source.uid(10)),
            credit_prev: TransferId(source.uid(11)),
            of: source.uid(12),
            reference: source.uid(13),
        })
    }
}

/// Ids that are usually absent take no room when they are.
fn short_uid(sink: &mut dyn Sink, value: Uid) {
    if value.is_nil() { sink.bytes(&[]) } else { sink.uid(value) }
}

/// A row of `holds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow(pub Hold);

/// Stored codes of hold states.
const HOLD_OPEN: i64 = 0;
const HOLD_SETTLED: i64 = 1;
const HOLD_RELEASED: i64 = 2;

impl Record for HoldRow {
    type Key = TransferId;
    const TABLE: &'static Table = &HOLDS;

    fn key(&self) -> TransferId {
        self.0.id
    }

    fn write(&self, sink: &mut dyn Sink) {
        let h = &self.0;
        sink.uid(h.id.0);
        sink.uid(h.debit.0);
        sink.uid(h.credit.0);
        sink.int(h.amount_minor);
        sink.int(h.remaining_minor);
        sink.int(match h.state {
            HoldState::Open => HOLD_OPEN,
            HoldState::Settled => HOLD_SETTLED,
            HoldState::Released => HOLD_RELEASED,
        });
        sink.opt_at(h.expires_at);
    }

    fn write_key(key: &TransferId, sink: &mut dyn Sink) {
        sink.uid(key.0);
    }

    fn read(source: &dyn Source) -> Self {
        Self(Hold {
            id: TransferId(source.uid(0)),
            debit: AccountId(source.uid(1)),
            credit: AccountId(source.uid(2)),
            amount_minor: source.int(3),
            remaining_minor: source.int(4),
            state: match source.int(5) {
                HOLD_OPEN => HoldState::Open,
                HOLD_SETTLED => HoldState::Settled,
                _ => HoldState::Released,
            },
            expires_at: source.opt_at(6),
        })
    }
}

/// A row of `account_days`: written when the account first moves on a later day. The day that `accounts.last_at`
/// falls on has no row yet: its opening stands in the account itself. That way a busy account costs one daily
/// row a day, not one update per group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayRow {
    /// Account.
    pub account: AccountId,
    /// Civil day.
    pub day: Date,
    /// Posted balance before its first line.
    pub opening_minor: i64,
    /// Posted balance after its last line.
    pub closing_minor: i64,
    /// Lines.
    pub entries: i64,
    /// Last line: the entry into the chain.
    pub last: TransferId,
    /// Instant of the last line.
    pub last_at: Timestamp,
}

impl Record for DayRow {
    type Key = (AccountId, Date);
    const TABLE: &'static Table = &ACCOUNT_DAYS;

    fn key(&self) -> Self::Key {
        (self.account, self.day)
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.account.0);
        sink.date(self.day);
        sink.int(self.opening_minor);
        sink.int(self.closing_minor);
        sink.int(self.entries);
        sink.uid(self.last.0);
        sink.at(self.last_at);
    }

    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.uid(key.0.0);
        sink.date(key.1);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            account: AccountId(source.uid(0)),
            day: source.date(1),
            opening_minor: source.int(2),
            closing_minor: source.int(3),
            entries: source.int(4),
            last: TransferId(source.uid(5)),
            last_at: source.at(6),
        }
    }
}

/// A row of `account_marks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkRow {
    /// Account.
    pub account: AccountId,
    /// Number of the line, a multiple of 1,024.
    pub entry: i64,
    /// The line.
    pub transfer: TransferId,
    /// Its instant.
    pub at: Timestamp,
    /// Posted balance after it.
    pub balance_minor: i64,
}

impl MarkRow {
    /// Lines between two entry points.
    pub const EVERY: i64 = 1024;
}

impl Record for MarkRow {
    type Key = (AccountId, i64);
    const TABLE: &'static Table = &ACCOUNT_MARKS;

    fn key(&self) -> Self::Key {
        (self.account, self.entry)
    }

    fn write(&self, sink: &mut dyn Sink) {
        sink.uid(self.account.0);
        sink.int(self.entry);
        sink.uid(self.transfer.0);
        sink.at(self.at);
        sink.int(self.balance_minor);
    }

    fn write_key(key: &Self::Key, sink: &mut dyn Sink) {
        sink.uid(key.0.0);
        sink.int(key.1);
    }

    fn read(source: &dyn Source) -> Self {
        Self {
            account: AccountId(source.uid(0)),
            entry: source.int(1),
            transfer: TransferId(source.uid(2)),
            at: source.at(3),
            balance_minor: source.int(4),
        }
    }
}
