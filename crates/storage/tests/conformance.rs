//! One suite, both engines: whatever the engine above relies on, `SQLite` and `PostgreSQL` do alike.
//!
//! `PostgreSQL` takes part when `PURSER_TEST_POSTGRES` names a server; otherwise its half is skipped, and says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "conformance/engines.rs"]
mod engines;
#[path = "conformance/rows.rs"]
mod rows;
#[path = "conformance/schema.rs"]
mod schema;
#[path = "conformance/server.rs"]
mod server;
#[path = "../../domain/tests/support/skipped.rs"]
mod skip;

use engines::{Engine, in_transaction, rows};
use purser_storage::{FaultKind, Keys, Lock, Rows, Session, Sink, Statement, Value};
use rows::{COUNTERS, Counter, SAMPLES, Sample, counters, insert, load};

static COUNT: Statement = Statement { name: "count.i", sql: "SELECT COUNT(*) FROM counters" };
static NAMES: Statement = Statement { name: "names.t", sql: "SELECT name FROM samples ORDER BY name" };
static IDS: Statement = Statement { name: "ids.i", sql: "SELECT id FROM counters ORDER BY id LIMIT ?1" };

fn count(session: &mut dyn Session) -> String {
    rows(session, &COUNT, &[])[0][0].clone()
}

fn awkward_samples() -> Vec<Sample> {
    let big: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let texts = ["", "a", "Z", "ä", "账户 ¥ 支付宝", "🧾\u{200d}x", "quote ' \" \\ $1 ?1 \r\n\t"];
    let numbers = [i64::MIN, -1, 0, 1, i64::MAX];
    let mut out = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        for (j, number) in numbers.into_iter().enumerate() {
            let mut row = Sample::new(&[u8::try_from(i).unwrap(); 16], text, number);
            row.amount = number;
            row.body = Some(if i == 0 && j == 0 { big.clone() } else { vec![0; i] });
            row.note = (j % 2 == 0).then(|| (*text).to_owned());
            row.opt = (j % 3 != 0).then_some(number);
            row.raw = (i % 2 == 0).then(|| text.as_bytes().to_vec());
            out.push(row);
        }
    }
    out.push(Sample::new(&[], "", 0));
    out.sort();
    out
}

#[test]
fn rows_come_back_as_they_went_in() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let mut samples = awkward_samples();
        let keys: Vec<_> = samples.iter().map(|row| row.key.clone()).collect();
        let inserted = in_transaction(&mut *session, |s| insert(s, &samples));
        assert_eq!(inserted, samples.len());
        assert_eq!(load::<Sample>(&mut *session, &keys, Lock::None), samples);

        // Every value changes, nulls come and go; one more row does not exist.
        for row in &mut samples {
            row.amount = !row.amount;
            row.note = row.note.is_none().then(|| "now".to_owned());
            row.raw = row.raw.is_none().then(Vec::new);
            row.opt = row.opt.is_none().then_some(i64::MIN);
        }
        samples.push(Sample::new(b"absent", "", 0));
        let updated = in_transaction(&mut *session, |s| s.update_many(&SAMPLES, &samples).unwrap());
        samples.pop();
        assert_eq!(updated, samples.len());
        let found = in_transaction(&mut *session, |s| load::<Sample>(s, &keys, Lock::Update));
        assert_eq!(found, samples);

        // Keys differ in any one part: neighbours stay.
        let (gone, kept) = keys.split_at(keys.len() / 2);
        let deleted = in_transaction(&mut *session, |s| {
            let absent = [(b"absent".to_vec(), String::new(), 0)];
            let count = s.delete_many(&SAMPLES, &Keys::<Sample>(gone)).unwrap();
            count + s.delete_many(&SAMPLES, &Keys::<Sample>(&absent)).unwrap()
        });
        assert_eq!(deleted, gone.len());
        assert_eq!(load::<Sample>(&mut *session, &keys, Lock::None).len(), kept.len());
    }
}

#[test]
fn sets_may_be_empty_or_larger_than_a_round_trip() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let none: [Counter; 0] = [];
        session.begin().unwrap();
        assert_eq!(insert(&mut *session, &none), 0);
        assert_eq!(load::<Counter>(&mut *session, &[], Lock::Update), none);
        let many = counters(0..40_000);
        assert_eq!(insert(&mut *session, &many), many.len());
        assert_eq!(session.update_many(&COUNTERS, &many).unwrap(), many.len());
        let keys: Vec<i64> = (0..50_000).collect();
        assert_eq!(load::<Counter>(&mut *session, &keys, Lock::Update), many);
        assert_eq!(session.delete_many(&COUNTERS, &Keys::<Counter>(&keys)).unwrap(), many.len());
        session.commit().unwrap();
    }
}

#[test]
fn existing_keys_are_left_out_and_counted() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        in_transaction(&mut *session, |s| insert(s, &[Counter { id: 2, value: 7 }]));
        let inserted = in_transaction(&mut *session, |s| insert(s, &counters(1..=3)));
        assert_eq!(inserted, 2);
        let kept = load::<Counter>(&mut *session, &[2], Lock::None);
        assert_eq!(kept, [Counter { id: 2, value: 7 }], "the row that was there stays as it is");
    }
}

#[test]
fn existing_keys_among_many_are_left_out_too() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        session.begin().unwrap();
        insert(&mut *session, &[Counter { id: 30_000, value: 7 }]);
        assert_eq!(insert(&mut *session, &counters(0..40_000)), 39_999);
        assert_eq!(insert(&mut *session, &counters(39_000..40_001)), 1);
        session.commit().unwrap();
        assert_eq!(count(&mut *session), "40001");
        assert_eq!(load::<Counter>(&mut *session, &[30_000], Lock::None)[0].value, 7);
    }
}

#[test]
fn many_rows_come_back_as_they_went_in() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let mut samples = awkward_samples();
        for n in 0..2_000 {
            samples.push(Sample { amount: n, note: Some("账".to_owned()), ..Sample::new(b"many", "", n) });
        }
        samples.sort();
        let keys: Vec<_> = samples.iter().map(|row| row.key.clone()).collect();
        in_transaction(&mut *session, |s| {
            assert_eq!(insert(s, &samples), samples.len());
            assert_eq!(load::<Sample>(s, &keys, Lock::Update), samples);
        });
        session.begin().unwrap();
        for row in &mut samples {
            row.key.2 ^= 1 << 40;
        }
        samples[1_000].body = None;
        assert_eq!(session.insert_many(&SAMPLES, &samples).unwrap_err().kind, FaultKind::Other);
        session.rollback();
        assert_eq!(load::<Sample>(&mut *session, &keys, Lock::None).len(), keys.len());
    }
}

#[test]
fn a_missing_value_is_a_fault_and_not_a_skip() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let broken = Sample { body: None, ..Sample::new(b"o", "n", 1) };
        session.begin().unwrap();
        let fault = session.insert_many(&SAMPLES, &vec![Sample::new(b"o", "n", 0), broken]).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Other, "{fault}");
        session.rollback();
        assert!(rows(&mut *session, &NAMES, &[]).is_empty());
    }
}

#[test]
fn rollback_takes_back_and_the_session_goes_on() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let syncs = session.syncs();
        session.rollback(); // without a transaction: nothing
        session.begin().unwrap();
        insert(&mut *session, &counters(0..5));
        assert_eq!(count(&mut *session), "5");
        session.rollback();
        assert_eq!(count(&mut *session), "0");
        assert_eq!(session.syncs(), syncs, "only commits wait for the disk");
        in_transaction(&mut *session, |s| insert(s, &counters(0..5)));
        assert_eq!(count(&mut *session), "5");
        assert_eq!(session.syncs(), syncs + 1);
    }
}

#[test]
fn transactions_do_not_nest() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        session.begin().unwrap();
        assert_eq!(session.begin().unwrap_err().kind, FaultKind::Other);
        session.commit().unwrap();
        assert_eq!(session.commit().unwrap_err().kind, FaultKind::Other);
    }
}

#[test]
fn readers_see_what_is_committed_as_one_snapshot() {
    for engine in Engine::all() {
        let mut writer = engine.prepared();
        let mut reader = engine.reader();
        writer.begin().unwrap();
        insert(&mut *writer, &counters(0..3));
        assert_eq!(count(&mut *reader), "0", "not committed yet");
        reader.begin().unwrap();
        assert_eq!(count(&mut *reader), "0");
        writer.commit().unwrap();
        assert_eq!(count(&mut *reader), "0", "the snapshot of the transaction");
        reader.commit().unwrap();
        assert_eq!(count(&mut *reader), "3");

        reader.begin().unwrap();
        let refused = reader.insert_many(&COUNTERS, &counters(7..8)).unwrap_err();
        assert_eq!(refused.kind, FaultKind::Unusable, "{refused}");
        reader.rollback();
    }
}

#[test]
fn hand_written_statements() {
    static PUT: Statement = Statement {
        name: "put",
        sql: "INSERT INTO samples (owner, name, n, amount, body, note, opt, raw)
              VALUES (?4, ?1, ?2, ?2, ?4, ?5, ?6, ?7) -- not ?9",
    };
    static FIND: Statement = Statement {
        name: "find.tiii",
        sql: "SELECT name, amount, note IS NULL, raw IS NULL FROM samples
              WHERE (n = ?2 OR ?2 < ?3) AND name = ?1 AND name <> '?1' ORDER BY n LIMIT ?4",
    };
    static DROP: Statement = Statement { name: "drop", sql: "DELETE FROM samples WHERE n >= ?1" };
    for engine in Engine::all() {
        let mut session = engine.prepared();
        session.begin().unwrap();
        for n in 0..3 {
            // The same statement with values and with nulls.
            let (note, opt, raw) = match n {
                1 => (Value::NullText, Value::NullInt, Value::NullBytes),
                _ => (Value::Text("x"), Value::Int(1), Value::Bytes(b"x")),
            };
            let params =
                [Value::Text("名"), Value::Int(n), Value::Int(0), Value::Bytes(&[0, 255]), note, opt, raw];
            assert_eq!(session.execute(&PUT, &params).unwrap(), 1);
        }
        let found = |s: &mut dyn Session, n, limit| {
            rows(s, &FIND, &[Value::Text("名"), Value::Int(n), Value::Int(0), Value::Int(limit)])
        };
        assert_eq!(found(&mut *session, 1, 9), [["名", "1", "1", "1"]]);
        assert_eq!(found(&mut *session, -1, 2), [["名", "0", "0", "0"], ["名", "1", "1", "1"]]);
        assert_eq!(session.execute(&DROP, &[Value::Int(1)]).unwrap(), 2);
        session.commit().unwrap();
    }
}

#[test]
fn a_query_stops_when_it_is_told_to() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        in_transaction(&mut *session, |s| insert(s, &counters(0..5_000)));
        let mut seen = Vec::new();
        let mut take = |row: &dyn purser_storage::Source| {
            seen.push(row.int(0));
            seen.len() < 2
        };
        session.query(&IDS, &[Value::Int(i64::MAX)], &mut take).unwrap();
        assert_eq!(seen, [0, 1]);
        assert_eq!(rows(&mut *session, &IDS, &[Value::Int(1)]), [["0"]], "and the session goes on");
    }
}

#[test]
fn text_sorts_by_bytes() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        let names = ["a", "B", "ä", "_", "账", "A b", "Ab", "~"];
        let samples: Vec<_> = names.iter().map(|name| Sample::new(b"o", name, 0)).collect();
        in_transaction(&mut *session, |s| insert(s, &samples));
        let mut sorted = names.map(|name| vec![name.to_owned()]);
        sorted.sort();
        assert_eq!(rows(&mut *session, &NAMES, &[]), sorted);
    }
}

#[test]
fn a_column_of_another_type_is_a_fault() {
    for engine in Engine::all() {
        let mut session = engine.prepared();
        in_transaction(&mut *session, |s| insert(s, &counters(0..2)));
        let mut seen = 0;
        let mut read = |row: &dyn purser_storage::Source| {
            seen += 1;
            assert_eq!(row.text(0), "", "the zero of the type that was asked for");
            true
        };
        let fault = session.query(&IDS, &[Value::Int(9)], &mut read).unwrap_err();
        assert_eq!((fault.kind, seen), (FaultKind::Unusable, 1), "{fault}");
    }
}

/// A row that does not write what its table says.
struct Misfit(fn(&mut dyn Sink));

impl Rows for Misfit {
    fn len(&self) -> usize {
        1
    }
    fn write(&self, _: usize, sink: &mut dyn Sink) {
        (self.0)(sink);
    }
}

#[test]
fn a_row_that_does_not_fit_its_table_is_a_fault() {
    let misfits: [fn(&mut dyn Sink); 2] = [
        |sink| [1, 2, 3].into_iter().for_each(|value| sink.int(value)),
        |sink| {
            sink.int(1);
            sink.text("one");
        },
    ];
    for engine in Engine::all() {
        let mut session = engine.prepared();
        for misfit in misfits {
            session.begin().unwrap();
            assert!(session.insert_many(&COUNTERS, &Misfit(misfit)).is_err());
            session.rollback();
        }
        assert_eq!(count(&mut *session), "0");
    }
}
