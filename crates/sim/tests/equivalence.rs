//! Any partition of commands into groups does what they do one at a time, row for row, and both do what the
//! auditor says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here, and says where")]

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use purser_domain::time::HOUR;
use purser_engine::Failure;
use purser_sim::{
    auditor::{Auditor, Predicted},
    desk::{Answer, Desk, Place, START},
    rng::Rng,
    tables,
    workload::{self, Spec},
};

/// Commands between two moves of the clock; no group reaches over one.
const PER_HOUR: usize = 24;
/// How far the clock moves then: every second step is on another day.
const STEP: i64 = 17 * HOUR;

fn said(answer: &Answer) -> Predicted {
    match answer {
        Ok(reply) => {
            Predicted::Reply(reply.status, String::from_utf8(reply.body.clone()).unwrap(), reply.replayed)
        }
        Err(Failure::KeyReused) => Predicted::KeyReused,
        Err(failure) => panic!("{failure}"),
    }
}

/// Runs the commands in groups that end after every place where `cut` says so, each by the next of `writers`.
fn run(
    place: &Place,
    writers: usize,
    specs: &[Spec],
    cut: impl Fn(usize) -> bool,
) -> (Vec<Predicted>, Vec<String>) {
    place.wipe();
    let mut desks: Vec<Desk> = (0..writers).map(|_| Desk::open(place)).collect();
    let mut answers = Vec::new();
    let mut first = 0;
    for index in 0..specs.len() {
        let last_of_hour = (index + 1) % PER_HOUR == 0;
        if last_of_hour || index + 1 == specs.len() || cut(index) {
            let group = &specs[first..=index];
            let desk = &mut desks[index % writers];
            answers.extend(desk.run(|batch| group.iter().map(|spec| spec.job(batch)).collect()));
            first = index + 1;
        }
        if last_of_hour {
            for desk in &desks {
                desk.clock.set_offset(desk.clock.offset() + STEP);
            }
        }
    }
    desks[0].check_chain();
    let mut rows = tables::business(desks[0].writer.session()).unwrap();
    if writers > 1 {
        // What is kept in order of writing stands lane by lane.
        rows.sort_unstable();
    }
    (answers.iter().map(said).collect(), rows)
}

fn compare(place: &Place, writers: usize, specs: &[Spec], cut: impl Fn(usize) -> bool) {
    let (alone, mut alone_rows) = run(place, 1, specs, |_| true);
    check_against_auditor(specs, &alone, &alone_rows);
    let (grouped, grouped_rows) = run(place, writers, specs, cut);
    for (index, (one, other)) in alone.iter().zip(&grouped).enumerate() {
        assert_eq!(one, other, "answer {index} to {:?}: alone, then in a group", specs[index]);
    }
    if writers > 1 {
        alone_rows.sort_unstable();
    }
    for (one, other) in alone_rows.iter().zip(&grouped_rows) {
        assert_eq!(one, other, "a row: alone, then in groups");
    }
    assert_eq!(alone_rows.len(), grouped_rows.len());
}

fn check_against_auditor(specs: &[Spec], answers: &[Predicted], rows: &[String]) {
    let mut auditor = Auditor::default();
    auditor.now = START;
    for (index, (spec, answer)) in specs.iter().zip(answers).enumerate() {
        assert_eq!(&auditor.command(spec), answer, "command {index}: {spec:?}");
        if (index + 1) % PER_HOUR == 0 {
            auditor.now = auditor.now.plus(STEP);
        }
    }
    let mut infos = 0;
    for (index, posted, held_out, held_in, closed) in auditor.accounts() {
        let id = format!("{:032x}", u128::from_be_bytes(workload::account(index).id().0.0));
        let find = |table: &str| rows.iter().find(|row| row.starts_with(&format!("{table} id={id} ")));
        let row = find("accounts").unwrap_or_else(|| panic!("account {index} has no row"));
        let balances = format!(" posted={posted} held_out={held_out} held_in={held_in} ");
        assert!(row.contains(&balances), "account {index}: expected{balances}in {row}");
        let flags: i64 = row.split(" flags=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        assert_eq!(flags & 4 != 0, closed, "closed flag of account {index}");
        assert!(find("account_info").is_some(), "account {index} does not say what it is");
        infos += 1;
    }
    let count = |table: &str| rows.iter().filter(|row| row.starts_with(&format!("{table} "))).count();
    assert_eq!((count("accounts"), count("account_info")), (infos, infos), "accounts that nobody opened");
}

fn cases() -> u32 {
    if std::env::var_os("PURSER_LONG").is_some() { 2_000 } else { 60 }
}

fn check(place: &Place, writers: usize, cases: u32) {
    let config = Config { cases, max_shrink_iters: 2_000, failure_persistence: None, ..Config::default() };
    let input = (proptest::collection::vec(any::<u64>(), 1..120), any::<u64>(), 1u64..24);
    let outcome = TestRunner::new(config).run(&input, |(seeds, cuts, length)| {
        let specs: Vec<Spec> = seeds.into_iter().map(Spec::from_seed).collect();
        let mut rng = Rng::new(cuts);
        let cut: Vec<bool> = specs.iter().map(|_| rng.one_in(length)).collect();
        compare(place, writers, &specs, |index| cut[index]);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn groups_do_what_single_commands_do() {
    check(&Place::new(), 1, cases());
}

fn check_on_postgres(writers: usize) {
    match Place::postgres() {
        Some(place) => check(&place, writers, cases() / 12),
        None => purser_sim::skipped("everything on PostgreSQL: PURSER_TEST_POSTGRES is not set"),
    }
}

#[test]
fn groups_do_what_single_commands_do_on_postgres() {
    check_on_postgres(1);
}

/// Taking turns, so that what one writer believes of the books is what the other has changed since.
#[test]
fn writers_that_take_turns_do_what_one_does() {
    check_on_postgres(2);
}
