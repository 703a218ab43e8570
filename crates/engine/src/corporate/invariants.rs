//! What statements add to verification (P3): a statement is worth its items, and its money is reserved.

use std::collections::BTreeMap;

use purser_domain::{
    corporate::State,
    ids::{TypedId as _, WithdrawalId},
    ledger::HoldState,
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement};

use super::StatementRow;
use crate::{
    rows::HoldRow,
    verify::{Finding, Invariant},
    withdrawals::{WithdrawalRow, statement::reservation},
};

static IN_STATEMENTS: Statement = Statement {
    name: "settlements.in_statements",
    sql: "SELECT i.statement, i.payee, i.net, i.gross, i.service_fee, i.compensation, i.adjustment \
          FROM settlement_items i JOIN settlement_statements s ON s.id = i.statement ORDER BY i.statement",
};
static ASTRAY: Statement = Statement {
    name: "settlements.astray",
    sql: "SELECT i.item FROM settlement_items i LEFT JOIN settlement_statements s ON s.id = i.statement \
          WHERE i.statement <> ?1 AND s.id IS NULL LIMIT 100",
};
static ALL: Statement = Statement {
    name: "settlements.all",
    sql: "SELECT id, party, state, currency, period_from, period_to, items, gross, service_fee, compensation, \
          adjustment, payable, paid, destination, account, seller_name, seller_code, signed_by, signed_at, invoice, \
          submitted_at, submissions, due_on, calendar_missing, overdue_at, reason, papers_case, dispute_case, \
          dispute_until, payout, payouts, generated_at, finished_at, policy_version, version \
          FROM settlement_statements ORDER BY id",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&IN_STATEMENTS, &ASTRAY, &ALL];

/// Most findings.
const MOST: usize = 100;

/// A statement that is not called off is worth the sum of its items, all of its own payee; what has not come to its
/// payout yet is reserved in the ledger.
pub struct StatementsWhole;

/// What the items of a statement add up to.
#[derive(Default)]
struct Sum {
    items: i64,
    net: i128,
    parts: i128,
    foreign: bool,
}

impl Invariant for StatementsWhole {
    fn name(&self) -> &'static str {
        "statement = its orders = its hold"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut statements = BTreeMap::new();
        session.query(&ALL, &[], &mut |row| {
            let row = StatementRow::read(row);
            statements.insert(row.id, row);
            true
        })?;
        let mut sums: BTreeMap<_, Sum> = BTreeMap::new();
        session.query(&IN_STATEMENTS, &[], &mut |row| {
            let id = purser_domain::ids::StatementId::from_uid(row.uid(0));
            let sum = sums.entry(id).or_default();
            sum.items += 1;
            sum.net += i128::from(row.int(2));
            sum.parts += i128::from(row.int(3)) - i128::from(row.int(4)) + i128::from(row.int(5));
            sum.parts += i128::from(row.int(6));
            sum.foreign |= statements.get(&id).is_some_and(|s| s.party.uid() != row.uid(1));
            true
        })?;
        let mut findings = Vec::new();
        session.query(
            &ASTRAY,
            &[purser_storage::Value::Bytes(&purser_domain::ids::Uid::NIL.0)],
            &mut |row| {
                let item = row.uid(0).with_prefix("to");
                let sentence = "an order is in a statement that does not exist";
                findings.push(Finding::of_invariant(self.name(), item, "a statement", "none", sentence));
                true
            },
        )?;
        for (id, row) in &statements {
            let sum = sums.remove(id).unwrap_or_default();
            if let Some((expected, found, sentence)) = wrong(session, row, &sum)? {
                findings.push(Finding::of_invariant(self.name(), id.to_string(), expected, found, sentence));
            }
            if findings.len() >= MOST {
                break;
            }
        }
        Ok(findings)
    }
}

/// What is wrong with one statement: expected, found, in a sentence.
fn wrong(
    session: &mut dyn Session,
    row: &StatementRow,
    sum: &Sum,
) -> Result<Option<(String, String, &'static str)>, Fault> {
    let state = row.state();
    let (items, worth) = if state == State::Cancelled { (0, 0) } else { (row.items, row.payable) };
    if sum.foreign {
        return Ok(Some((
            "orders of its payee".into(),
            "another's".into(),
            "a statement pays somebody else's order",
        )));
    }
    if sum.items != items || sum.net != i128::from(worth) || sum.parts != sum.net {
        let found = format!("{} orders, {} as sums, {} as parts", sum.items, sum.net, sum.parts);
        return Ok(Some((
            format!("{items} orders, {worth}"),
            found,
            "a statement is not worth what its orders are",
        )));
    }
    let expected = if state.reserves() { row.payable } else { 0 };
    let held = if state.reserves() || state == State::Cancelled { held(session, row.payout)? } else { 0 };
    if held != expected {
        let sentence = "a statement's money is not what is reserved for it";
        return Ok(Some((expected.to_string(), held.to_string(), sentence)));
    }
    if state == State::Paying {
        let known = crate::feed::one::<WithdrawalRow>(session, row.payout)?;
        if known.is_none() {
            return Ok(Some((
                "a payout of the rest".into(),
                "none".into(),
                "a statement is paid by nothing",
            )));
        }
    }
    if row.paid > row.payable || (state == State::Paid && row.paid != row.payable) {
        return Ok(Some((
            row.payable.to_string(),
            row.paid.to_string(),
            "a statement is not paid as it should be",
        )));
    }
    Ok(None)
}

/// What the reservation under a payout's id still holds, when the payout was not started.
fn held(session: &mut dyn Session, payout: WithdrawalId) -> Result<i64, Fault> {
    if crate::feed::one::<WithdrawalRow>(session, payout)?.is_some() {
        return Ok(0);
    }
    let mut held = 0;
    session.load(HoldRow::TABLE, &Keys::<HoldRow>(&[reservation(payout)]), Lock::None, &mut |row| {
        let found = HoldRow::read(row).0;
        held = if found.state == HoldState::Open { found.remaining_minor } else { 0 };
    })?;
    Ok(held)
}
