//! Looking for jobs that may run reads those and no others (P22).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use purser_engine::{
    Command, Ctx, Needs, Rejection, Tx,
    facts::Facts,
    jobs::{self, Claimed, Hands, Ran, Registry, RunError},
};
use purser_storage::{Fault, Lock, Rows, Session, Source, Statement, Table, Value};
use support::{Books, run};

/// A command that wants work done at once.
struct WantWork;

impl Command for WantWork {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.want"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<purser_engine::rows::JobRow>(jobs::derived_id("test.work", "it"));
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let id = jobs::derived_id("test.work", "it");
        tx.job(jobs::ready(id, "test.work", "it", ctx.now, Facts::new()));
        Ok(())
    }
}

/// Counts the rows that are read.
struct Counted<'a>(Box<dyn Session>, &'a AtomicUsize);

impl Session for Counted<'_> {
    fn engine(&self) -> &'static str {
        self.0.engine()
    }
    fn begin(&mut self) -> Result<(), Fault> {
        self.0.begin()
    }
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        let count = self.1;
        self.0.query(statement, params, &mut |row| {
            count.fetch_add(1, Ordering::Relaxed);
            each(row)
        })
    }
    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.0.execute(statement, params)
    }
    fn exclusive(&self) -> bool {
        self.0.exclusive()
    }
    fn commit(&mut self) -> Result<(), Fault> {
        self.0.commit()
    }
    fn rollback(&mut self) {
        self.0.rollback();
    }
    fn load(
        &mut self,
        table: &'static Table,
        keys: &dyn Rows,
        lock: Lock,
        each: &mut dyn FnMut(&dyn Source),
    ) -> Result<(), Fault> {
        self.0.load(table, keys, lock, each)
    }
    fn insert_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.0.insert_many(table, rows)
    }
    fn update_many(&mut self, table: &'static Table, rows: &dyn Rows) -> Result<usize, Fault> {
        self.0.update_many(table, rows)
    }
    fn delete_many(&mut self, table: &'static Table, keys: &dyn Rows) -> Result<usize, Fault> {
        self.0.delete_many(table, keys)
    }
    fn run_script(&mut self, sql: &str) -> Result<(), Fault> {
        self.0.run_script(sql)
    }
    fn prepare(&mut self, sql: &str) -> Result<(), Fault> {
        self.0.prepare(sql)
    }
    fn clock_micros(&mut self) -> Result<Option<i64>, Fault> {
        self.0.clock_micros()
    }
    fn syncs(&self) -> u64 {
        self.0.syncs()
    }
}

/// So many jobs of a kind, with when their pause ends.
fn jobs_of(kind: &str, count: usize, lease_until: i64) -> String {
    format!(
        "INSERT INTO jobs (id, kind, subject, due_at, state, attempts, token, lease_until, payload) \
         WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
         SELECT ID, '{kind}', 'it', 1, 0, 1, 1, {lease_until}, '' FROM n"
    )
}

#[test]
fn jobs_that_wait_and_jobs_of_others_are_not_read_p22() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = if books.is_shared() {
            "decode(lpad(to_hex(n + LEASE), 32, '0'), 'hex')"
        } else {
            "CAST(printf('%016d', n + LEASE) AS BLOB)"
        };
        // All due long before the one job that can be run.
        for (kind, lease_until, offset) in [("test.work", i64::MAX, 0), ("test.foreign", 0, 100_000)] {
            let id = id.replace("LEASE", &offset.to_string());
            books.tamper(&jobs_of(kind, 50_000, lease_until).replace("ID", &id));
        }
        run(&mut writer, WantWork).unwrap();
        let (runs, rows) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let counted = Arc::clone(&runs);
        let mut registry = Registry::new().with("test.work", move |_: &Claimed, _: &mut Hands<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<_, RunError>(Ran::Finish)
        });
        let mut reads = Counted(books.reader(), &rows);
        let done = jobs::run_due(&mut writer, &mut reads, &books.clock, &mut registry).unwrap();
        assert_eq!((done, runs.load(Ordering::Relaxed)), (1, 1));
        let read = rows.load(Ordering::Relaxed);
        assert!(read <= 4, "{read} rows were read for one job");
    });
}

/// On a server the plan is what it did: it goes to the place in the index where the first job would be, and finds none.
#[test]
fn a_server_reads_no_job_that_waits_p22() {
    Books::each(|books| {
        if !books.is_shared() {
            return;
        }
        drop(books.writer());
        let id = "decode(lpad(to_hex(n + LEASE), 32, '0'), 'hex')";
        for (kind, lease_until, offset) in [("test.work", i64::MAX, 0), ("test.foreign", 0, 100_000)] {
            let id = id.replace("LEASE", &offset.to_string());
            books.tamper(&jobs_of(kind, 50_000, lease_until).replace("ID", &id));
        }
        books.tamper("ANALYZE jobs");
        let now = books.clock.machine().0;
        for (name, index, place) in
            [("jobs.free", "jobs_free", i64::MIN), ("jobs.over", "jobs_held", i64::MIN)]
        {
            let statements = purser_engine::statements();
            let sql = statements.iter().find(|statement| statement.name == name).unwrap().sql;
            let sql = format!("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {sql}");
            let statement: &'static Statement =
                Box::leak(Box::new(Statement { name: "test.explain", sql: Box::leak(sql.into_boxed_str()) }));
            let mut params = vec![Value::Text(""); 16];
            params[0] = Value::Text("test.work");
            params.extend([Value::Int(place), Value::Bytes(&[0; 16]), Value::Int(now), Value::Int(128)]);
            if name == "jobs.over" {
                params.push(Value::Int(now));
            }
            let mut plan = Vec::new();
            let mut reads = books.reader();
            reads
                .query(statement, &params, &mut |row| {
                    plan.push(row.text(0).to_owned());
                    true
                })
                .unwrap();
            let text = plan.join("\n");
            assert_eq!(text.matches(&format!("Index Scan using {index} on jobs")).count(), 16, "{text}");
            assert!(!text.contains("Seq Scan") && !text.contains("Rows Removed"), "{text}");
            assert!(plan.iter().all(|step| !step.contains("rows=50000")), "{text}");
        }
    });
}

#[test]
fn looking_for_jobs_reads_ranges_of_two_indexes_p22() {
    let books = Books::file();
    drop(books.writer());
    for (name, index) in [("jobs.free", "jobs_free"), ("jobs.over", "jobs_held")] {
        let statements = purser_engine::statements();
        let sql = statements.iter().find(|statement| statement.name == name).unwrap().sql;
        let plan = books.plan(sql);
        let steps: Vec<&String> = plan.iter().filter(|step| step.contains(" jobs ")).collect();
        assert_eq!(steps.len(), 16, "{plan:?}");
        assert!(
            steps.iter().all(|step| step.contains(&format!("SEARCH jobs USING INDEX {index} (kind=?"))),
            "{plan:?}"
        );
        assert!(plan.iter().all(|step| !step.contains("TEMP B-TREE")), "nothing is sorted: {plan:?}");
    }
}
