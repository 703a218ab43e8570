//! Fails every storage call of a workload, one after another and in every way, lets the callers try again under
//! the same keys, and compares with the run in which nothing failed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here, and says where")]

use purser_domain::time::HOUR;
use purser_engine::{Failure, clock::Clock};
use purser_sim::{
    desk::{Answer, Desk, Place, START},
    faults::{FaultDial, Moment, Planned},
    rng::Rng,
    tables,
    workload::Spec,
};
use purser_storage::{FaultKind, sqlite};

/// Groups of the workload, each run at its own hour.
fn workload(place: &Place, seed: u64) -> Vec<Vec<Spec>> {
    let mut rng = Rng::new(seed);
    let mut next = || loop {
        let spec = Spec::from_seed(rng.next_u64());
        // Callers try again under the same key: what has none cannot be told from a second wish.
        if spec.key.is_some() {
            return spec;
        }
    };
    // The number of runs grows with the groups, and so does each: on a server two have to do, mostly.
    let few = place.is_server() && std::env::var_os("PURSER_LONG").is_none();
    let sizes: &[usize] = if few { &[12, 6] } else { &[6, 1, 9, 3, 12] };
    sizes.iter().map(|size| (0..*size).map(|_| next()).collect()).collect()
}

struct Outcome {
    answers: Vec<(i64, String)>,
    rows: Vec<String>,
    struck: Option<String>,
}

/// How the callers' side behaves.
#[derive(Clone, Copy)]
struct Callers {
    /// After a fault the server is started anew.
    restart: bool,
}

fn open(place: &Place, clock: &Clock, dial: &FaultDial) -> Desk {
    for _ in 0..100 {
        let session = place.session(&sqlite::Options::default()).expect("the file opens");
        if let Ok(desk) = Desk::at(session, clock.clone(), dial.clone()) {
            return desk;
        }
    }
    panic!("the desk never opened")
}

fn run(place: &Place, groups: &[Vec<Spec>], planned: Option<Planned>, callers: Callers) -> Outcome {
    place.wipe();
    let clock = Clock::frozen_at(START);
    let dial = FaultDial::new();
    if let Some(planned) = planned {
        dial.plan(planned);
    }
    let mut desk = open(place, &clock, &dial);
    let mut answers = Vec::new();
    for (hour, group) in groups.iter().enumerate() {
        clock.set_offset(i64::try_from(hour).unwrap() * 9 * HOUR);
        let mut said: Vec<Option<Answer>> = group.iter().map(|_| None).collect();
        for attempt in 0.. {
            assert!(attempt < 100, "the callers gave up");
            let open: Vec<usize> = (0..group.len()).filter(|at| said[*at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let got = desk.run(|batch| open.iter().map(|at| group[*at].job(batch)).collect());
            let mut faults = false;
            for (at, answer) in open.into_iter().zip(got) {
                match answer {
                    Err(Failure::Fault(_)) => faults = true,
                    answer => said[at] = Some(answer),
                }
            }
            if faults && callers.restart {
                drop(desk);
                desk = self::open(place, &clock, &dial);
            }
        }
        answers.extend(said.into_iter().flatten().map(|answer| match answer {
            Ok(reply) => (reply.status, String::from_utf8(reply.body).unwrap()),
            Err(Failure::KeyReused) => (409, String::new()),
            Err(failure) => panic!("{failure}"),
        }));
    }
    let struck = dial.struck();
    dial.clear();
    desk.check_chain();
    let rows = tables::business(desk.writer.session()).unwrap();
    Outcome { answers, rows, struck }
}

fn sweep(place: &Place, seed: u64, moment: Moment, kind: FaultKind, times: u64, restart: bool) {
    let groups = workload(place, seed);
    let clean = run(place, &groups, None, Callers { restart });
    let mut struck = Vec::new();
    for call in 1.. {
        let planned = Planned { call, moment, kind, times };
        let faulty = run(place, &groups, Some(planned), Callers { restart });
        let Some(hit) = faulty.struck else { break };
        assert_eq!(clean.answers, faulty.answers, "seed {seed}, {planned:?} at {hit}");
        assert_eq!(clean.rows, faulty.rows, "seed {seed}, {planned:?} at {hit}");
        struck.push(hit);
    }
    for expected in ["begin", "commit", "transfers", "accounts", "idempotency", "groups", "lanes", "audit"] {
        assert!(struck.iter().any(|hit| hit == expected), "{expected} was never hit: {struck:?}");
    }
}

fn seeds() -> std::ops::Range<u64> {
    if std::env::var_os("PURSER_LONG").is_some() { 1..20 } else { 1..2 }
}

/// One test per way to fail: they run beside each other.
macro_rules! sweeps {
    ($($name:ident: $moment:ident $kind:ident times $times:literal restart $restart:literal;)*) => {$(
        #[test]
        fn $name() {
            for (place, seed) in Place::all().iter().flat_map(|place| seeds().map(move |seed| (place, seed))) {
                sweep(place, seed, Moment::$moment, FaultKind::$kind, $times, $restart);
            }
        }
    )*};
}

sweeps! {
    a_passing_fault_before: Before Retry times 1 restart false;
    a_passing_fault_after: After Retry times 1 restart false;
    an_odd_fault_before: Before Other times 1 restart false;
    an_odd_fault_after: After Other times 1 restart false;
    a_full_disk: Before Full times 1 restart false;
    a_fault_that_lasts: Before Retry times 14 restart false;
    lost_answers_that_last: After Retry times 14 restart false;
    a_fault_and_a_restart: Before Other times 3 restart true;
    a_lost_answer_and_a_restart: After Other times 3 restart true;
}
