//! What bank files add to verification (P3).

use std::collections::BTreeMap;

use purser_domain::{
    bank_files::OrderState,
    ids::{BankFileId, Uid},
    withdrawals::{Slice, SliceState, rail_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::BankOrderRow;
use crate::{
    verify::{Finding, Invariant},
    withdrawals::WithdrawalRow,
};

/// Most findings of one verification.
const MOST: usize = 100;

static FILES: Statement = Statement {
    name: "bank_files.proof_files",
    sql: "SELECT id, state, orders, amount FROM bank_files WHERE state IN ('open', 'closing') ORDER BY id",
};
/// Orders of files that are not out; those that are out are not added up. What was put off or called off before its file
/// went out is in it no more.
static ORDERS: Statement = Statement {
    name: "bank_files.proof_orders",
    sql: "SELECT file, amount FROM bank_orders WHERE state NOT IN ('deferred', 'failed') AND file IN \
          (SELECT id FROM bank_files WHERE state IN ('open', 'closing'))",
};
static WITHDRAWALS: Statement = Statement {
    name: "bank_files.proof_withdrawals",
    sql: "SELECT id, party, destination, rail, source, amount, fee, net, currency, state, reason, requested_at, \
          requested_on, dispatch_at, expected_at, deadline_at, people_needed, approvals, review, slices, queued, \
          next_at, finished_at, policy_version, version, unpaid, asked_by, case_id, basis, metadata FROM withdrawals \
          WHERE rail = 'bank-file' AND id > ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this file.
pub(super) const STATEMENTS: &[&Statement] = &[&FILES, &ORDERS, &WITHDRAWALS];

/// Files that are not out add up to their orders, and what withdrawals believe is what the bank said.
pub struct BankFilesAgree;

impl Invariant for BankFilesAgree {
    fn name(&self) -> &'static str {
        "bank orders = slices"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut sums: BTreeMap<BankFileId, (i64, i128)> = BTreeMap::new();
        session.query(&ORDERS, &[], &mut |row| {
            let sum = sums.entry(BankFileId(row.uid(0))).or_default();
            sum.0 += 1;
            sum.1 += i128::from(row.int(1));
            true
        })?;
        let mut findings = Vec::new();
        session.query(&FILES, &[], &mut |row| {
            let id = BankFileId(row.uid(0));
            let (expected, found) = (sums.get(&id).copied().unwrap_or_default(), (row.int(2), row.int(3)));
            if (expected.0, expected.1) != (found.0, i128::from(found.1)) {
                let text = "the file does not add up to its orders";
                findings.push(self.finding(
                    id.to_string(),
                    format!("{expected:?}"),
                    format!("{found:?}"),
                    text,
                ));
            }
            findings.len() < MOST
        })?;
        let mut last = Some(Uid::NIL);
        while let Some(after) = last.filter(|_| findings.len() < MOST) {
            last = self.compare(session, after, &mut findings)?;
        }
        Ok(findings)
    }
}

/// Withdrawals looked at at a time, with their orders; no more of either is held in memory.
const PAGE: usize = 200;

impl BankFilesAgree {
    /// Compares the next withdrawals behind `after` with what the bank said; behind which to go on, `None` at the end.
    fn compare(
        &self,
        session: &mut dyn Session,
        after: Uid,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Uid>, Fault> {
        let mut slices: Vec<(String, Slice)> = Vec::new();
        let (mut last, mut count) = (after, 0);
        let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
        session.query(&WITHDRAWALS, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
            let withdrawal = WithdrawalRow::read(row).withdrawal();
            (last, count) = (withdrawal.id.0, count + 1);
            let named = |slice: Slice| (rail_reference(withdrawal.id, slice.rail_number()), slice);
            slices.extend(withdrawal.slices.into_iter().map(named));
            true
        })?;
        let mut orders: BTreeMap<String, BankOrderRow> = BTreeMap::new();
        let mut references: Vec<String> = slices.iter().map(|(reference, _)| reference.clone()).collect();
        references.sort_unstable();
        for page in references.chunks(PAGE) {
            session.load(BankOrderRow::TABLE, &Keys::<BankOrderRow>(page), Lock::None, &mut |row| {
                let order = BankOrderRow::read(row);
                orders.insert(order.reference.clone(), order);
            })?;
        }
        for (reference, slice) in slices {
            let order = orders.get(&reference);
            if let Some(problem) = differs(slice.state, slice.amount_minor, order) {
                let found = order.map_or("none", |order| order.state.as_str()).to_owned();
                findings.push(self.finding(reference, format!("{:?}", slice.state), found, problem));
            }
        }
        Ok((count == PAGE).then_some(last))
    }

    fn finding(&self, key: String, expected: String, found: String, text: &str) -> Finding {
        Finding::of_invariant(self.name(), key, expected, found, text)
    }
}

/// What a slice's definite end must have behind it. A slice may still be on its way to hear of an order's.
fn differs(slice: SliceState, amount_minor: i64, order: Option<&BankOrderRow>) -> Option<&'static str> {
    if order.is_some_and(|order| order.amount != amount_minor) {
        return Some("the order in the file has another amount than the slice");
    }
    let state = order.map(BankOrderRow::state);
    match slice {
        SliceState::Paid if !matches!(state, Some(OrderState::Paid | OrderState::Returned)) => {
            Some("the slice is paid, but no entry of the bank says so")
        }
        SliceState::Bounced if state != Some(OrderState::Returned) => {
            Some("the slice is back, but no entry of the bank says so")
        }
        SliceState::Failed
            if matches!(state, Some(OrderState::Waiting | OrderState::Accepted | OrderState::Paid)) =>
        {
            Some("the slice has failed, but the bank has not refused the order")
        }
        _ => None,
    }
}
