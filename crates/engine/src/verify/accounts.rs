//! Accounts and their descriptions, compared with the book that was rebuilt.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, Uid},
    ledger::{Account, Side},
    money::Currency,
};
use purser_storage::{Fault, Record, Session, Statement, Value};

use super::{
    book::{Book, Doubt},
    finding::{FindingKind as Kind, Findings, account_place},
    scan::{Digest, PAGE, Scanned, count, scan},
    sketch::Sketch,
    walk::load_lines,
};
use crate::{
    books::IdMap,
    rows::{AccountInfo, AccountRow},
};

static ACCOUNTS_AFTER: Statement = Statement {
    name: "verify.accounts_after",
    sql: "SELECT id, flags, currency, posted, held_out, held_in, entries, last, last_at, day_opening, day_entries \
          FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static ACCOUNT_COUNT: Statement =
    Statement { name: "verify.account_count", sql: "SELECT COUNT(*) FROM accounts" };
static INFOS_AFTER: Statement = Statement {
    name: "verify.account_infos_after",
    sql: "SELECT id, owner, kind, qualifier, currency, opened_at FROM account_info \
          WHERE id > ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ACCOUNTS_AFTER, &ACCOUNT_COUNT, &INFOS_AFTER];

pub(super) fn total(session: &mut dyn Session) -> Result<u64, Fault> {
    count(session, &ACCOUNT_COUNT)
}

pub(super) fn each(session: &mut dyn Session, each: &mut dyn FnMut(Account)) -> Result<(), Fault> {
    scan(session, &ACCOUNTS_AFTER, &[], &mut |source| each(AccountRow::read(source).0))
}

/// Compares every account that the book knows; `before` are the states before the first line that was walked.
pub(super) fn check(
    session: &mut dyn Session,
    book: &Book,
    before: &IdMap<AccountId, Account>,
    findings: &mut Findings,
) -> Result<Scanned, Fault> {
    let (mut now, mut old) = (Digest::new(), Digest::new());
    let mut sums: BTreeMap<Currency, (i128, i128)> = BTreeMap::new();
    let mut rows = 0;
    each(session, &mut |stored| {
        rows += 1;
        now.account(&stored);
        if !before.is_empty() || book.expected.keys.is_some() {
            old.account(before.get(&stored.id).unwrap_or(&stored));
        }
        let sum = sums.entry(stored.currency).or_default();
        match stored.side {
            Side::Debit => sum.0 += i128::from(stored.posted),
            Side::Credit => sum.1 += i128::from(stored.posted),
        }
        if let Some(rebuilt) = book.account(stored.id)
            && !book.doubts.contains_key(&stored.id)
        {
            compare(rebuilt, &stored, findings);
        }
    })?;
    for (currency, (debit, credit)) in sums {
        if debit != credit {
            findings.add(Kind::TrialBalance, || format!("all accounts in {currency}"), debit, credit);
        }
    }
    for (currency, sum) in &book.turnover {
        if sum.debits_minor != sum.credits_minor {
            let place = || format!("all transfers in {currency}");
            findings.add(Kind::TrialBalance, place, sum.debits_minor, sum.credits_minor);
        }
    }
    Ok(Scanned { rows, now: now.end(), before: old.end() })
}

fn compare(rebuilt: &Account, stored: &Account, findings: &mut Findings) {
    let place = || account_place(stored.id);
    if rebuilt.posted != stored.posted {
        findings.add(Kind::AccountBalance, place, rebuilt.posted, stored.posted);
    }
    if (rebuilt.held_out, rebuilt.held_in) != (stored.held_out, stored.held_in) {
        let text = |a: &Account| format!("{} out, {} in", a.held_out, a.held_in);
        findings.add(Kind::AccountHeld, place, text(rebuilt), text(stored));
    }
    if rebuilt.entries != stored.entries {
        findings.add(Kind::AccountEntries, place, rebuilt.entries, stored.entries);
    }
    if (rebuilt.last, rebuilt.last_at) != (stored.last, stored.last_at) {
        let text = |a: &Account| format!("{} at {}", a.last, a.last_at);
        findings.add(Kind::AccountLast, place, text(rebuilt), text(stored));
    }
    if (rebuilt.day_opening, rebuilt.day_entries) != (stored.day_opening, stored.day_entries) {
        let text = |a: &Account| format!("opening {}, {} lines", a.day_opening, a.day_entries);
        findings.add(Kind::AccountDay, place, text(rebuilt), text(stored));
    }
}

/// Descriptions: one per account, its id derived from it, with the properties of its kind.
pub(super) fn check_infos(
    session: &mut dyn Session,
    book: &Book,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let mut described: Sketch<16> = Sketch::new();
    for account in book.accounts() {
        if book.doubts.get(&account.id) != Some(&Doubt::NoRow) {
            described.expect(&account.id.0.0);
        }
    }
    scan(session, &INFOS_AFTER, &[], &mut |source| {
        let info = AccountInfo::read(source);
        described.see(&info.id.0.0);
        let place = || account_place(info.id);
        if info.reference.id() != info.id {
            findings.add(Kind::AccountInfo, place, info.id, info.reference.id());
        }
        if let Some(account) = book.account(info.id) {
            let kind = info.reference.kind;
            let expected = (kind.side(), info.reference.currency);
            let weaker = kind.floored() && !account.floored;
            if expected != (account.side, account.currency) || weaker {
                let expected = format!("{expected:?}, floored: {}", kind.floored());
                let found = format!("{:?}, floored: {}", (account.side, account.currency), account.floored);
                findings.add(Kind::AccountInfo, place, expected, found);
            }
        }
    })?;
    let difference = described.difference();
    let id = |bytes: &[u8; 16]| account_place(AccountId(Uid(*bytes)));
    for missing in &difference.missing {
        findings.add(Kind::AccountInfo, || id(missing), "a description", "none");
    }
    for extra in &difference.extra {
        findings.add(Kind::AccountInfo, || id(extra), "no description without an account", "one");
    }
    findings.count(difference.unnamed);
    Ok(())
}

/// After the digest showed that some account changed without a line: those whose balance is not the one after
/// their last transfer, or which do not name a transfer of theirs.
pub(super) fn name_changed(
    session: &mut dyn Session,
    touched: &IdMap<AccountId, Account>,
    findings: &mut Findings,
) -> Result<(), Fault> {
    let mut after: Vec<u8> = Vec::new();
    loop {
        let mut page: Vec<Account> = Vec::new();
        session.query(&ACCOUNTS_AFTER, &[Value::Bytes(&after), Value::Int(PAGE)], &mut |source| {
            page.push(AccountRow::read(source).0);
            true
        })?;
        let Some(last) = page.last() else { break };
        after = last.id.0.0.to_vec();
        page.retain(|account| account.entries != 0 && !touched.contains_key(&account.id));
        let lines = load_lines(session, page.iter().map(|a| a.last).collect())?;
        let lines: IdMap<_, _> = lines.into_iter().map(|row| (row.0.id, row.0)).collect();
        for account in &page {
            let line = lines.get(&account.last);
            let side = line.and_then(|line| match account.id {
                id if id == line.debit => Some(line.debit_after),
                id if id == line.credit => Some(line.credit_after),
                _ => None,
            });
            match side {
                Some(posted) if posted == account.posted => {}
                Some(posted) => {
                    findings.add(Kind::AccountBalance, || account_place(account.id), posted, account.posted);
                }
                None => {
                    let place = || account_place(account.id);
                    findings.add(Kind::AccountLast, place, "a transfer of this account", account.last);
                }
            }
        }
    }
    if findings.total() == 0 {
        findings.add(Kind::StateAccounts, || "accounts".to_owned(), "the accounts of then", "others");
    }
    Ok(())
}
