//! Every statement of the engine is understood by the database, and reaches it under its own name.

mod support;

use std::collections::BTreeSet;

use purser_storage::{Session, Statement};
use support::Books;

#[test]
fn all_statements_prepare() {
    Books::each(|books| {
        drop(books.writer());
        let mut session = books.reader();
        let mut names = BTreeSet::new();
        for statement in purser_engine::statements() {
            assert!(names.insert(statement.name), "{} twice", statement.name);
            let outcome = session.prepare(statement.sql);
            assert!(outcome.is_ok(), "{}: {outcome:?}", statement.name);
        }
    });
}

/// X1–X3, X11, X12, C11: lists, queues and watches read an index in order and sort nothing, so that what they cost follows
/// from what they show and not from how long the history is. `i`, `b` and `t` are the types of the parameters.
const PLANS: [(&str, &str, &str); 17] = [
    // C11: how late buyers are is read in an index alone.
    ("credit.overdue", "credit_orders_late", "bt"),
    ("earnings.orders", "task_orders_creator", "bibii"),
    ("withdrawals.of_party", "withdrawals_party", "ibiib"),
    ("withdrawals.of_state", "withdrawals_open", "ibiit"),
    ("withdrawals.list_overdue", "withdrawals_clock", "ibii"),
    ("withdrawals.list", "withdrawals_time", "ibii"),
    // Either index of open withdrawals will do.
    ("withdrawals.waiting_for_funds", "withdrawals_", ""),
    ("withdrawals.overdue_count", "withdrawals_clock", "ii"),
    ("withdrawals.overdue", "withdrawals_clock", "ibii"),
    ("withdrawals.undated", "withdrawals_undated", "i"),
    ("withdrawals.queue", "withdrawals_queue", "tii"),
    ("withdrawals.queue_newest", "withdrawals_queue", "tibi"),
    // P23: what monitoring asks for again and again.
    ("observe.unknown", "withdrawals_open", "i"),
    ("observe.jobs_due", "jobs_state", "iii"),
    ("observe.jobs_given_up", "jobs_state", "i"),
    ("observe.deliveries_failed", "webhook_deliveries_failed", "i"),
    ("observe.cases_open", "cases_live", "i"),
];

#[test]
fn lists_of_long_histories_read_an_index_in_order() {
    Books::each(|books| {
        drop(books.writer());
        let mut session = books.reader();
        if books.is_shared() {
            // Empty tables are cheaper to scan: what counts is that the index can serve.
            for name in ["seqscan", "bitmapscan", "sort"] {
                ask(session.as_mut(), format!("SET enable_{name} = off"), 0);
            }
        }
        for (name, index, kinds) in PLANS {
            let known = purser_engine::statements().into_iter().find(|statement| statement.name == name);
            let mut sql = known.unwrap_or_else(|| panic!("no statement {name}")).sql.to_owned();
            for (number, kind) in (1..).zip(kinds.chars()) {
                let literal = match (kind, books.is_shared()) {
                    ('i', _) => "1",
                    ('t', _) => "'in_review'",
                    (_, true) => "'\\x01'::bytea",
                    (_, false) => "x'01'",
                };
                sql = sql.replace(&format!("?{number}"), literal);
            }
            let plan = if books.is_shared() {
                ask(session.as_mut(), format!("EXPLAIN {sql}"), 0)
            } else {
                ask(session.as_mut(), format!("EXPLAIN QUERY PLAN {sql}"), 3)
            };
            assert!(plan.contains(index), "{name} does not use {index}:\n{plan}");
            let sorts = plan.contains("TEMP B-TREE") || plan.contains("Sort");
            // A few groups of what was bounded before are sorted.
            let grouped = name == "withdrawals.waiting_for_funds" || name.starts_with("observe.");
            assert!(!sorts || grouped, "{name} sorts:\n{plan}");
        }
    });
}

/// One column of what a statement answers. Statements are constants everywhere else; a test that makes one keeps it.
fn ask(session: &mut dyn Session, sql: String, column: usize) -> String {
    let sql: &'static str = Box::leak(sql.into_boxed_str());
    let statement: &'static Statement = Box::leak(Box::new(Statement { name: "test", sql }));
    let mut text = String::new();
    let mut note = |row: &dyn purser_storage::Source| {
        text += row.text(column);
        text.push('\n');
        true
    };
    session.query(statement, &[], &mut note).expect("an answer");
    text
}
