//! Rows that the journal implies: daily rows, entry points and holds, and that no transfer or audit entry stands
//! in a table without a committed group that lists it.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, TransferId, Uid},
    ledger::Hold,
    time::Date,
};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use super::{
    finding::{FindingKind as Kind, Findings, account_place, group_place, hold_place},
    scan::{Digest, Scanned, count, scan},
    sketch::{Difference, Sketch, WIDTH, pack},
};
use crate::{
    books::IdMap,
    chain,
    rows::{AuditRow, DayRow, HoldRow, MarkRow},
};

static TRANSFERS_AFTER: Statement = Statement {
    name: "verify.transfers_after",
    sql: "SELECT id FROM transfers WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static HOLDS_AFTER: Statement = Statement {
    name: "verify.holds_after",
    sql: "SELECT id, debit, credit, amount, remaining, state, expires_at FROM holds \
          WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static DAYS_AFTER: Statement = Statement {
    name: "verify.days_after",
    sql: "SELECT account, day, opening, closing, entries, last, last_at FROM account_days \
          WHERE (account, day) > (?1, ?2) ORDER BY account, day LIMIT 16384",
};
static MARKS_AFTER: Statement = Statement {
    name: "verify.marks_after",
    sql: "SELECT account, entry, transfer, at, balance FROM account_marks \
          WHERE (account, entry) > (?1, ?2) ORDER BY account, entry LIMIT 16384",
};
static AUDITS_EXTRA: Statement = Statement {
    name: "verify.audits_extra",
    sql: "SELECT a.grp, a.n, a.at, a.actor, a.action, a.subject, a.facts FROM audit a \
          LEFT JOIN groups g ON g.lane = (a.grp >> 40) AND g.seq = (a.grp & 1099511627775) \
          WHERE g.lane IS NULL ORDER BY a.grp, a.n LIMIT 100",
};
static AUDIT_COUNT: Statement = Statement { name: "verify.audit_count", sql: "SELECT COUNT(*) FROM audit" };

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&TRANSFERS_AFTER, &HOLDS_AFTER, &DAYS_AFTER, &MARKS_AFTER, &AUDITS_EXTRA, &AUDIT_COUNT];

/// Transfers above `after` that no group lists.
pub(super) fn check_lines(
    session: &mut dyn Session,
    mut lines: Sketch<16>,
    after: TransferId,
    findings: &mut Findings,
) -> Result<TransferId, Fault> {
    let mut newest = after;
    let from: &[u8] = if after.0.is_nil() { &[] } else { &after.0.0 };
    scan(session, &TRANSFERS_AFTER, from, &mut |source| {
        let id = source.uid(0);
        newest = TransferId(id);
        lines.see(&id.0);
    })?;
    let difference = lines.difference();
    for extra in &difference.extra {
        let place = || format!("transfer {}", TransferId(Uid(*extra)));
        findings.add(Kind::LineExtra, place, "in the list of a group", "in none");
    }
    report_rest(Kind::LineExtra, "transfers", &difference, findings);
    Ok(newest)
}

fn report_rest<const N: usize>(kind: Kind, table: &str, difference: &Difference<N>, findings: &mut Findings) {
    if difference.unnamed > 0 {
        let found = format!("at least {} that are missing, extra or different", difference.unnamed);
        findings.add(kind, || table.to_owned(), "the rows that the journal explains", found);
        findings.count(difference.unnamed - 1);
    }
}

/// Audit entries whose group does not exist; `counted` is what the groups have.
pub(super) fn check_audits(
    session: &mut dyn Session,
    counted: u64,
    findings: &mut Findings,
) -> Result<(), Fault> {
    if count(session, &AUDIT_COUNT)? == counted {
        return Ok(());
    }
    session.query(&AUDITS_EXTRA, &[], &mut |source| {
        let audit = AuditRow::read(source);
        let (lane, seq) = chain::group_parts(audit.grp);
        let place = || format!("{}, audit entry {}", group_place(lane, seq), audit.n);
        findings.add(Kind::AuditExtra, place, "none", audit.action);
        true
    })
}

/// Holds: all of them are digested, those that the book expects are compared.
pub(super) fn check_holds(
    session: &mut dyn Session,
    mut expected: Sketch<WIDTH>,
    only: Option<&[TransferId]>,
    before: &IdMap<TransferId, Option<Hold>>,
    findings: &mut Findings,
) -> Result<Scanned, Fault> {
    let (mut now, mut old) = (Digest::new(), Digest::new());
    let mut rows = 0;
    scan(session, &HOLDS_AFTER, &[], &mut |source| {
        let stored = HoldRow::read(source);
        let bare = HoldRow(Hold { expires_at: None, ..stored.0.clone() });
        rows += 1;
        now.add(&bare);
        match before.get(&bare.0.id) {
            None => old.add(&bare),
            Some(Some(hold)) => old.add(&HoldRow(hold.clone())),
            Some(None) => {}
        }
        if only.is_none_or(|ids| ids.binary_search(&bare.0.id).is_ok()) {
            expected.see(&pack(&bare));
        }
    })?;
    let text = |row: &[u8; WIDTH]| {
        let state = ["open", "settled", "released"].get(usize::from(row[64])).copied().unwrap_or("unknown");
        format!("{} left of {}, {state}", number(row, 56), number(row, 48))
    };
    let key = |row: &[u8; WIDTH]| hold_place(TransferId(Uid(id(row, 0))));
    report(Kind::HoldRow, "holds", 16, &expected.difference(), &key, &text, findings);
    Ok(Scanned { rows, now: now.end(), before: old.end() })
}

fn id(row: &[u8; WIDTH], at: usize) -> [u8; 16] {
    row.get(at..at + 16).and_then(|b| b.try_into().ok()).unwrap_or_default()
}

fn number(row: &[u8; WIDTH], at: usize) -> i64 {
    row.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, i64::from_le_bytes)
}

/// Pairs rows of the same key (their first `key_width` bytes), so that a changed row is one finding.
fn report(
    kind: Kind,
    table: &str,
    key_width: usize,
    difference: &Difference<WIDTH>,
    place: &dyn Fn(&[u8; WIDTH]) -> String,
    text: &dyn Fn(&[u8; WIDTH]) -> String,
    findings: &mut Findings,
) {
    let key = |row: &[u8; WIDTH]| row.get(..key_width).map(<[u8]>::to_vec);
    let stored: BTreeMap<_, _> = difference.extra.iter().map(|row| (key(row), row)).collect();
    let expected: BTreeMap<_, _> = difference.missing.iter().map(|row| (key(row), row)).collect();
    for (row_key, row) in &expected {
        let found = stored.get(row_key).map_or_else(|| "no row".to_owned(), |row| text(row));
        findings.add(kind, || place(row), text(row), found);
    }
    for (row_key, row) in &stored {
        if !expected.contains_key(row_key) {
            findings.add(kind, || place(row), "no row", text(row));
        }
    }
    report_rest(kind, table, difference, findings);
}

/// Daily rows: all of them, or those with the given keys.
pub(super) fn check_days(
    session: &mut dyn Session,
    mut expected: Sketch<WIDTH>,
    only: Option<&[(AccountId, Date)]>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    if let Some(keys) = only {
        load_rows::<DayRow>(session, keys, &mut expected)?;
    } else {
        let mut after: (Vec<u8>, String) = (Vec::new(), String::new());
        loop {
            let mut more = false;
            let params = [Value::Bytes(&after.0), Value::Text(&after.1)];
            let mut last = (Vec::new(), String::new());
            session.query(&DAYS_AFTER, &params, &mut |source| {
                more = true;
                last = (source.bytes(0).to_vec(), source.text(1).to_owned());
                expected.see(&pack(&DayRow::read(source)));
                true
            })?;
            if !more {
                break;
            }
            after = last;
        }
    }
    let text = |row: &[u8; WIDTH]| {
        let (opening, closing, entries) = (number(row, 26), number(row, 34), number(row, 42));
        let last = TransferId(Uid(id(row, 50)));
        format!("opening {opening}, closing {closing}, {entries} lines, last {last}")
    };
    let place = |row: &[u8; WIDTH]| {
        let day = String::from_utf8_lossy(row.get(16..26).unwrap_or_default()).into_owned();
        format!("{}, day {day}", account_place(AccountId(Uid(id(row, 0)))))
    };
    report(Kind::DayRow, "account_days", 26, &expected.difference(), &place, &text, findings);
    Ok(())
}

/// Entry points: all of them, or those with the given keys.
pub(super) fn check_marks(
    session: &mut dyn Session,
    mut expected: Sketch<WIDTH>,
    only: Option<&[(AccountId, i64)]>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    if let Some(keys) = only {
        load_rows::<MarkRow>(session, keys, &mut expected)?;
    } else {
        let mut after: (Vec<u8>, i64) = (Vec::new(), i64::MIN);
        loop {
            let mut more = false;
            let params = [Value::Bytes(&after.0), Value::Int(after.1)];
            let mut last = (Vec::new(), 0);
            session.query(&MARKS_AFTER, &params, &mut |source| {
                more = true;
                last = (source.bytes(0).to_vec(), source.int(1));
                expected.see(&pack(&MarkRow::read(source)));
                true
            })?;
            if !more {
                break;
            }
            after = last;
        }
    }
    let text = |row: &[u8; WIDTH]| {
        let transfer = TransferId(Uid(id(row, 24)));
        format!("{transfer} with balance {}", number(row, 48))
    };
    let place = |row: &[u8; WIDTH]| {
        let account = AccountId(Uid(id(row, 0)));
        format!("{}, line {}", account_place(account), number(row, 16))
    };
    report(Kind::MarkRow, "account_marks", 24, &expected.difference(), &place, &text, findings);
    Ok(())
}

fn load_rows<T: Record>(
    session: &mut dyn Session,
    keys: &[T::Key],
    expected: &mut Sketch<WIDTH>,
) -> Result<(), Fault> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    let lock = Lock::None;
    if keys.is_empty() {
        return Ok(());
    }
    session.load(T::TABLE, &Keys::<T>(&keys), lock, &mut |source| {
        expected.see(&pack(&T::read(source)));
    })
}
