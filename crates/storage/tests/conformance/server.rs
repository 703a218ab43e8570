//! What only a server can do: other sessions, lost connections, refusals.

use std::{sync::Barrier, thread};

use postgres::Client;
use purser_storage::{Fault, FaultKind, Keys, Lock, Record, Session, Statement, Value, postgres as pg};

use super::{
    engines::{Database, Engine, in_transaction, with_database},
    rows::{COUNTERS, Counter, Sample, counters, insert, load},
};

static DUPLICATE: Statement =
    Statement { name: "duplicate", sql: "INSERT INTO counters (id, value) VALUES (?1, 0)" };
static SETTING: Statement =
    Statement { name: "setting.t", sql: "SELECT current_setting('synchronous_commit')" };

fn prepared() -> Option<Engine> {
    let engine = Engine::Postgres(Database::create()?);
    engine.prepared();
    Some(engine)
}

fn database(engine: &Engine) -> &Database {
    match engine {
        Engine::Postgres(database) => database,
        Engine::Sqlite(_) => panic!("these cases are for a server"),
    }
}

/// Ends every connection to the database but its own.
fn cut(admin: &mut Client) {
    admin
        .execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
            &[],
        )
        .unwrap();
}

/// Rows with a number to count in. The two ways to find rows are single keys and composite ones.
trait Countable: Record + Ord + Sync {
    fn nth(n: i64) -> Self;
    fn number(&mut self) -> &mut i64;
}

impl Countable for Counter {
    fn nth(n: i64) -> Self {
        Self { id: n, value: 0 }
    }
    fn number(&mut self) -> &mut i64 {
        &mut self.value
    }
}

impl Countable for Sample {
    fn nth(n: i64) -> Self {
        Self { amount: 0, ..Self::new(b"owner", "name", n) }
    }
    fn number(&mut self) -> &mut i64 {
        &mut self.amount
    }
}

fn keys<T: Countable>(numbers: impl IntoIterator<Item = i64>) -> Vec<T::Key> {
    numbers.into_iter().map(|n| T::nth(n).key()).collect()
}

#[test]
fn overlapping_locks_are_taken_in_key_order() {
    let Some(engine) = prepared() else { return };
    overlap::<Counter>(database(&engine));
    overlap::<Sample>(database(&engine));
}

/// Two sessions take two thirds of the rows each, one naming them upwards and the other downwards.
fn overlap<T: Countable>(database: &Database) {
    const ROUNDS: i64 = 200;
    let all: Vec<T> = (0..64).map(T::nth).collect();
    in_transaction(&mut database.writer(), |s| insert(s, &all));
    let start = Barrier::new(2);
    let run = |left_out: i64, downwards: bool| -> Result<(), Fault> {
        let mut session = database.writer();
        let mut wanted = keys::<T>((0..64).filter(|n| n % 3 != left_out));
        if downwards {
            wanted.reverse();
        }
        start.wait();
        for _ in 0..ROUNDS {
            session.begin()?;
            let mut rows = Vec::new();
            session.load(T::TABLE, &Keys::<T>(&wanted), Lock::Update, &mut |row| rows.push(T::read(row)))?;
            for row in &mut rows {
                *row.number() += 1;
            }
            session.update_many(T::TABLE, &rows)?;
            session.commit()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let up = scope.spawn(|| run(0, false));
        let down = scope.spawn(|| run(1, true));
        up.join().unwrap().expect("no deadlock");
        down.join().unwrap().expect("no deadlock");
    });
    let found = load::<T>(&mut database.writer(), &keys::<T>(0..64), Lock::None);
    for (n, mut row) in (0..64).zip(found) {
        let takers = i64::from(n % 3 != 0) + i64::from(n % 3 != 1);
        assert_eq!(*row.number(), ROUNDS * takers, "no update was lost on row {n}");
    }
}

#[test]
fn a_locked_row_is_read_as_the_other_writer_left_it() {
    let Some(engine) = prepared() else { return };
    wait_for_row::<Counter>(database(&engine));
    wait_for_row::<Sample>(database(&engine));
}

fn wait_for_row<T: Countable>(database: &Database) {
    let mut first = database.writer();
    in_transaction(&mut first, |s| insert(s, &[T::nth(0)]));
    first.begin().unwrap();
    load::<T>(&mut first, &keys::<T>(0..1), Lock::Update);
    thread::scope(|scope| {
        let second = scope.spawn(|| {
            let mut session = database.writer();
            in_transaction(&mut session, |s| load::<T>(s, &keys::<T>(0..1), Lock::Update))
        });
        let mut watcher = database.bare();
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while watcher.query_one(waiting, &[]).unwrap().get::<_, i64>(0) == 0 {
            thread::yield_now();
        }
        let mut changed = T::nth(0);
        *changed.number() = 5;
        first.update_many(T::TABLE, &vec![changed]).unwrap();
        first.commit().unwrap();
        let mut seen = second.join().unwrap();
        assert_eq!(seen.iter_mut().map(|row| *row.number()).collect::<Vec<_>>(), [5]);
    });
}

#[test]
fn a_connection_lost_in_a_transaction_is_worth_a_retry() {
    let Some(engine) = prepared() else { return };
    let database = database(&engine);
    let mut admin = database.bare();
    let mut session = database.writer();

    session.begin().unwrap();
    insert(&mut session, &counters(0..1));
    cut(&mut admin);
    let lost = session.insert_many(&COUNTERS, &counters(1..2)).unwrap_err();
    assert_eq!(lost.kind, FaultKind::Retry, "{lost}");
    let still = session.insert_many(&COUNTERS, &counters(1..2)).unwrap_err();
    assert_eq!(still.kind, FaultKind::Retry, "no statement slips into a new connection: {still}");
    assert_eq!(session.commit().unwrap_err().kind, FaultKind::Retry);

    session.begin().unwrap();
    assert_eq!(insert(&mut session, &counters(0..1)), 1, "the first attempt left nothing");
    cut(&mut admin);
    let unknown = session.commit().unwrap_err();
    assert_eq!(unknown.kind, FaultKind::Retry, "{unknown}");

    session.begin().unwrap();
    assert!(load::<Counter>(&mut session, &[0], Lock::Update).is_empty());
    session.rollback();
}

#[test]
fn a_connection_lost_between_transactions_is_not_noticed() {
    let Some(engine) = prepared() else { return };
    let database = database(&engine);
    let mut session = database.writer();
    in_transaction(&mut session, |s| insert(s, &counters(0..1)));
    cut(&mut database.bare());
    in_transaction(&mut session, |s| assert_eq!(load::<Counter>(s, &[0], Lock::Update).len(), 1));
}

#[test]
fn a_commit_after_a_failed_statement_is_refused() {
    let Some(engine) = prepared() else { return };
    let mut session = engine.writer();
    session.begin().unwrap();
    insert(&mut *session, &counters(0..1));
    assert!(session.prepare("SELECT nothing FROM nowhere").is_err());
    assert!(session.commit().is_err(), "the server would have called its rollback a success");
    assert!(load::<Counter>(&mut *session, &[0], Lock::None).is_empty());
}

#[test]
fn faults_keep_values_to_themselves() {
    let Some(engine) = prepared() else { return };
    let mut session = engine.writer();
    in_transaction(&mut *session, |s| insert(s, &counters(424_242..424_243)));
    let duplicate = session.execute(&DUPLICATE, &[Value::Int(424_242)]).unwrap_err();
    let missing = Sample { body: None, ..Sample::new(b"o", "secret", 1) };
    let missing = session.insert_many(Sample::TABLE, &vec![missing]).unwrap_err();
    let zero_byte = session.insert_many(Sample::TABLE, &vec![Sample::new(b"o", "secret\0", 1)]).unwrap_err();
    for (fault, state) in [(duplicate, "23505"), (missing, "23502"), (zero_byte, "22021")] {
        let shown = format!("{fault} {fault:?}");
        assert!(shown.contains(state), "{shown}");
        assert!(!shown.contains("424242") && !shown.contains("secret"), "{shown}");
    }
}

#[test]
fn what_waiting_will_not_cure_is_unusable() {
    let Some(engine) = prepared() else { return };
    let url = &database(&engine).url;
    let refused = |url: &str| pg::open_writer(url).err().unwrap();
    let absent = refused(&with_database(url, "purser_no_such_database"));
    assert_eq!(absent.kind, FaultKind::Unusable, "{absent}");
    for nonsense in ["postgres://u:hunter2@host:port/", "mysql://u:hunter2@host/db", "hunter2"] {
        let fault = refused(nonsense);
        assert_eq!(fault.kind, FaultKind::Unusable, "{fault}");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
    let closed_port = refused("postgres://u:hunter2@127.0.0.1:1/db");
    assert_eq!(closed_port.kind, FaultKind::Retry, "{closed_port}");
}

#[test]
fn the_clock_is_the_server_s_and_goes_on_in_a_transaction() {
    let mut alone = Engine::sqlite().writer();
    assert_eq!(alone.clock_micros().unwrap(), None);
    let Some(engine) = prepared() else { return };
    let mut session = engine.writer();
    session.begin().unwrap();
    let first = session.clock_micros().unwrap().unwrap();
    let second = session.clock_micros().unwrap().unwrap();
    assert!(first < second, "{first} {second}");
    assert!(first > 1_700_000_000_000_000, "µs since 1970");
    session.commit().unwrap();
}

#[test]
fn a_commit_waits_for_the_disk_whatever_the_server_says() {
    let Some(engine) = prepared() else { return };
    let database = database(&engine);
    let name = database.url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    database.bare().batch_execute(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).unwrap();
    let found = super::rows(&mut database.writer(), &SETTING, &[]);
    assert_eq!(found, [["on"]]);
}
