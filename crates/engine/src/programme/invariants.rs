//! What verification proves of the programme (P3).

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PartyId, StatementId, TransferId},
    ledger::{AccountKind, TransferRequest},
    programme::{Adjustment, Answer, AnswerFacts, Component, StatementState, publish},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{
    queries::disputes,
    rows::{DisputeRow, StatementRow},
    transfers,
};
use crate::{
    rows::TransferRow,
    verify::{Finding, Invariant},
};

static UNPUBLISHED: Statement = Statement {
    name: "programme.unpublished",
    sql: "SELECT payee, currency, income FROM programme_statements WHERE state <> 'published'",
};
static FROZEN: Statement = Statement {
    name: "programme.frozen_balances",
    sql: "SELECT i.owner, i.currency, a.posted FROM account_info i JOIN accounts a ON a.id = i.id WHERE i.kind = ?1",
};
static ALL_STATEMENTS: Statement = Statement {
    name: "programme.statements_after",
    sql: "SELECT id, creator, payee, month, state, blocked, currency, orders, income, fee, incentive, result, adjusted, \
          published_at, dispute_until, disputes, dispute_open, dispute_case, posting, policy_version, version, tax \
          FROM programme_statements WHERE id > ?1 ORDER BY id LIMIT ?2",
};
static ALL_LINES: Statement = Statement {
    name: "programme.lines_between",
    sql: "SELECT l.statement, l.net, l.gross, l.service_fee, t.net, t.amount, t.service_fee, t.status, t.creator, t.payee \
          FROM programme_lines l LEFT JOIN task_orders t ON t.id = l.task_order \
          WHERE l.statement > ?1 AND l.statement <= ?2 ORDER BY l.statement, l.task_order",
};

pub(super) const STATEMENTS: &[&Statement] = &[&UNPUBLISHED, &FROZEN, &ALL_STATEMENTS, &ALL_LINES];

pub(crate) const INVARIANTS: &[&dyn Invariant] = &[&Frozen, &Orders, &Postings];

/// Most findings of one invariant.
const MOST: usize = 100;
/// Statements that are looked at together.
const PAGE: usize = 2_000;

/// What a party has frozen is the income of its statements that are not published (X15).
struct Frozen;

impl Invariant for Frozen {
    fn name(&self) -> &'static str {
        "frozen = unpublished programme income"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut sums: BTreeMap<(PartyId, String), i128> = BTreeMap::new();
        session.query(&UNPUBLISHED, &[], &mut |row| {
            let key = (PartyId(row.uid(0)), row.text(1).to_owned());
            *sums.entry(key).or_default() += i128::from(row.int(2));
            true
        })?;
        let mut findings = Vec::new();
        let mut compare = |party: PartyId, expected: i128, found: i128| {
            if expected != found && findings.len() < MOST {
                let text = "the frozen balance is not the income of the statements that are not published";
                findings.push(Finding::of_invariant(self.name(), party.to_string(), expected, found, text));
            }
        };
        session.query(&FROZEN, &[Value::Int(AccountKind::Frozen.code())], &mut |row| {
            let key = (PartyId(row.uid(0)), row.text(1).to_owned());
            compare(key.0, sums.remove(&key).unwrap_or_default(), i128::from(row.int(2)));
            true
        })?;
        for ((party, _), sum) in sums {
            compare(party, sum, 0);
        }
        Ok(findings)
    }
}

fn page(session: &mut dyn Session, after: StatementId) -> Result<Vec<StatementRow>, Fault> {
    let mut rows = Vec::with_capacity(PAGE);
    let limit = Value::Int(i64::try_from(PAGE).unwrap_or(i64::MAX));
    session.query(&ALL_STATEMENTS, &[Value::Bytes(&after.0.0), limit], &mut |row| {
        rows.push(StatementRow::read(row));
        true
    })?;
    Ok(rows)
}

/// Goes through all statements, page by page.
fn each_page(
    session: &mut dyn Session,
    mut look: impl FnMut(&mut dyn Session, StatementId, &[StatementRow]) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let mut after = StatementId::default();
    loop {
        let rows = page(session, after)?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(()) };
        if !look(session, after, &rows)? {
            return Ok(());
        }
        after = last;
    }
}

/// A statement's income is the net of its orders, each as it settled.
struct Orders;

impl Invariant for Orders {
    fn name(&self) -> &'static str {
        "programme statement = its orders"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        each_page(session, |session, after, rows| {
            let mut sums: BTreeMap<StatementId, (i128, i64)> = BTreeMap::new();
            let known: BTreeMap<StatementId, &StatementRow> = rows.iter().map(|row| (row.id, row)).collect();
            let last = rows.last().map_or(after, |row| row.id);
            session.query(&ALL_LINES, &[Value::Bytes(&after.0.0), Value::Bytes(&last.0.0)], &mut |row| {
                let id = StatementId(row.uid(0));
                let same = [(1, 4), (2, 5), (3, 6)]
                    .iter()
                    .all(|(line, order)| !row.is_null(*order) && row.int(*line) == row.int(*order));
                let owner = known.get(&id).is_some_and(|statement| {
                    statement.creator.0 == row.uid(8) && statement.payee.0 == row.uid(9)
                });
                let sum = sums.entry(id).or_default();
                sum.0 += i128::from(row.int(1));
                // A line that is not its order's counts as none: the statement is named.
                sum.1 += i64::from(same && owner && row.text(7) == "settled");
                true
            })?;
            for row in rows {
                let (net, orders) = sums.remove(&row.id).unwrap_or_default();
                if (i128::from(row.income), row.orders) != (net, orders) && findings.len() < MOST {
                    findings.push(Finding::of_invariant(
                        self.name(),
                        row.id.to_string(),
                        format!("{net} of {orders} orders"),
                        format!("{} of {} orders", row.income, row.orders),
                        "the statement is not the sum of its settled orders",
                    ));
                }
            }
            Ok(findings.len() < MOST)
        })?;
        Ok(findings)
    }
}

/// A published statement, and every adjustment of it, is in the ledger: income, incentive and fee, each between the
/// right accounts.
struct Postings;

/// The transfers that a statement's publication must have made; what was collected for a debt is the ledger's affair.
fn published(row: &StatementRow) -> Vec<TransferRequest> {
    let mut facts = row.facts(0);
    facts.state = StatementState::Draft;
    let postings = publish(&facts).unwrap_or_default();
    transfers(row.currency, row, row.posting, &postings)
}

fn adjusted(row: &StatementRow, dispute: &DisputeRow) -> Vec<TransferRequest> {
    let Some(component) = Component::named(&dispute.component) else { return Vec::new() };
    let adjustment = Some(Adjustment { amount_minor: dispute.amount, component });
    let answer = Answer { adjustment, reason: "as answered".to_owned() };
    // What it was measured by then is not what the statement says now.
    let measure = AnswerFacts {
        fee_minor: i64::MAX,
        result_minor: i64::MAX,
        available_minor: dispute.amount.saturating_abs().saturating_sub(dispute.shortage),
        owed_minor: 0,
    };
    let postings = answer.decide(true, &measure).map(|answered| answered.postings).unwrap_or_default();
    transfers(row.currency, row, dispute.posting, &postings)
}

impl Invariant for Postings {
    fn name(&self) -> &'static str {
        "programme statement = its transfers"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        each_page(session, |session, _, rows| {
            let mut expected: BTreeMap<TransferId, TransferRequest> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.state() == StatementState::Published) {
                expected.extend(published(row).into_iter().map(|request| (request.id, request)));
                if row.disputes > 0 {
                    for dispute in disputes(session, row.id)? {
                        expected
                            .extend(adjusted(row, &dispute).into_iter().map(|request| (request.id, request)));
                    }
                }
            }
            let keys: Vec<TransferId> = expected.keys().copied().collect();
            session.load(TransferRow::TABLE, &Keys::<TransferRow>(&keys), Lock::None, &mut |row| {
                let line = TransferRow::read(row).0;
                let same = expected.get(&line.id).is_some_and(|request| {
                    (request.debit, request.credit, request.amount_minor, request.kind, request.reference)
                        == (line.debit, line.credit, line.amount_minor, line.kind, line.reference)
                });
                if same {
                    expected.remove(&line.id);
                }
            })?;
            for (id, request) in expected {
                if findings.len() < MOST {
                    findings.push(Finding::of_invariant(
                        self.name(),
                        StatementId(request.reference).to_string(),
                        format!("transfer {id} of {}", request.amount_minor),
                        "none like it",
                        "the ledger does not have what the statement says",
                    ));
                }
            }
            Ok(findings.len() < MOST)
        })?;
        Ok(findings)
    }
}
