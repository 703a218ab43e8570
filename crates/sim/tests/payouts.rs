//! Orders, withdrawals, dispatch and the rail's answers (X1, X2, P10): any partition into groups does what the commands
//! do one at a time, row for row, and so does any run in which a storage call failed and the caller tried again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here, and says where")]

use purser_domain::time::{HOUR, Zone};
use purser_engine::{Failure, clock::Clock, invariants, verify::verify_full, withdrawals::WithdrawalRow};
use purser_sim::{
    desk::{Answer, Batch, Desk, Place, START},
    faults::{FaultDial, Moment, Planned},
    payouts::{self, Act},
    rng::Rng,
    tables,
};
use purser_storage::{FaultKind, sqlite};

/// Commands between two moves of the clock.
type Hour = Vec<Act>;

fn hours(seed: u64, hours: usize, most: u64) -> Vec<Hour> {
    let mut rng = Rng::new(seed);
    let hour = |rng: &mut Rng| (0..=rng.below(most)).map(|_| Act::random(rng)).collect();
    (0..hours).map(|_| hour(&mut rng)).collect()
}

/// What a run came to: answers in order, rows without the ids that were made in it, and the call that failed.
struct Outcome {
    answers: Vec<String>,
    rows: Vec<String>,
    struck: Option<String>,
}

fn open(place: &Place, clock: &Clock, dial: &FaultDial) -> Desk {
    for _ in 0..100 {
        let session = place.session(&sqlite::Options::default()).expect("the file opens");
        if let Ok(desk) = Desk::ruled(session, clock.clone(), dial.clone(), payouts::rules()) {
            return desk;
        }
    }
    panic!("the desk never opened")
}

/// Runs a group; callers of what failed try again under the same keys.
fn group(
    desk: &mut Desk,
    count: usize,
    make: impl Fn(usize, &mut Batch) -> Box<dyn purser_engine::AnyJob>,
) -> Vec<String> {
    let mut said: Vec<Option<Answer>> = (0..count).map(|_| None).collect();
    for attempt in 0.. {
        assert!(attempt < 100, "the callers gave up");
        let open: Vec<usize> = (0..count).filter(|at| said[*at].is_none()).collect();
        if open.is_empty() {
            break;
        }
        let got = desk.run(|batch| open.iter().map(|at| make(*at, batch)).collect());
        for (at, answer) in open.into_iter().zip(got) {
            if !matches!(answer, Err(Failure::Fault(_))) {
                said[at] = Some(answer);
            }
        }
    }
    let text = |answer: Answer| {
        let reply = answer.unwrap();
        format!("{} {}", reply.status, String::from_utf8(reply.body).unwrap())
    };
    said.into_iter().flatten().map(text).collect()
}

fn known(desk: &mut Desk) -> Vec<WithdrawalRow> {
    // A planned fault may strike here too: whoever reads reads again.
    (0..100).find_map(|_| tables::all::<WithdrawalRow>(desk.writer.session()).ok()).unwrap()
}

fn run(place: &Place, hours: &[Hour], planned: Option<Planned>, cut: impl Fn(usize) -> bool) -> Outcome {
    place.wipe();
    let (clock, dial) = (Clock::frozen_at(START), FaultDial::new());
    let mut desk = open(place, &clock, &dial);
    let mut answers = Vec::new();
    for step in payouts::prologue() {
        answers.extend(group(&mut desk, 1, |_, batch| step.job(batch)));
    }
    if let Some(planned) = planned {
        dial.plan(planned);
    }
    for (hour, acts) in hours.iter().enumerate() {
        clock.set_offset(i64::try_from(hour).unwrap() * 9 * HOUR);
        let known = known(&mut desk);
        let mut first = 0;
        for index in 0..acts.len() {
            if index + 1 == acts.len() || cut(index) {
                answers.extend(group(&mut desk, index + 1 - first, |at, batch| {
                    acts[first + at].job(&format!("{hour}-{}", first + at), &known, batch)
                }));
                first = index + 1;
            }
        }
        answers.extend(group(&mut desk, 1, |_, batch| payouts::dispatch(&format!("dispatch-{hour}"), batch)));
    }
    let struck = dial.struck();
    dial.clear();
    desk.check_chain();
    let report =
        verify_full(desk.writer.session(), &Zone::shanghai(), &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
    let rows = tables::everything(desk.writer.session()).unwrap();
    let mut rows: Vec<String> = rows.iter().map(|row| tables::without_fresh_ids(row)).collect();
    // The id of a job that there is once for each withdrawal follows from the withdrawal's.
    for row in rows.iter_mut().filter(|row| row.starts_with("jobs id=")) {
        *row = row.split_once(" kind=").map_or_else(String::new, |(_, rest)| format!("jobs kind={rest}"));
    }
    rows.sort_unstable();
    Outcome { answers, rows, struck }
}

fn same(one: &Outcome, other: &Outcome, about: &str) {
    assert_eq!(one.answers, other.answers, "{about}");
    for (one, other) in one.rows.iter().zip(&other.rows) {
        assert_eq!(one, other, "{about}");
    }
    assert_eq!(one.rows.len(), other.rows.len(), "{about}");
}

fn long() -> bool {
    std::env::var_os("PURSER_LONG").is_some()
}

#[test]
fn groups_of_orders_and_withdrawals_do_what_single_commands_do_x1_x2_p10() {
    let seeds = if long() { 60 } else { 6 };
    let (mut paid, mut unlike) = (0, 0);
    for seed in 1..=seeds {
        // On a server, one seed in six has to do.
        let places = if seed % 6 == 1 { Place::all() } else { vec![Place::new()] };
        for place in places {
            let hours = hours(seed, 6, 14);
            let alone = run(&place, &hours, None, |_| true);
            let mut rng = Rng::new(seed);
            let cuts: Vec<bool> = (0..16).map(|_| rng.one_in(3)).collect();
            same(&alone, &run(&place, &hours, None, |_| false), &format!("seed {seed}, a group an hour"));
            same(&alone, &run(&place, &hours, None, |at| cuts[at]), &format!("seed {seed}, cut at random"));
            paid += alone.answers.iter().filter(|answer| answer.starts_with("200 paid")).count();
            unlike += alone.answers.iter().filter(|answer| answer.starts_with("422")).count();
        }
    }
    assert!(paid > 0 && unlike > 0, "the runs reach both ends: {paid} paid, {unlike} refused");
}

fn sweep(place: &Place, moment: Moment, kind: FaultKind, step: usize) {
    let hours = hours(3, 2, 7);
    let clean = run(place, &hours, None, |_| false);
    let mut struck = Vec::new();
    for call in (1..).step_by(step) {
        let planned = Planned { call, moment, kind, times: 1 };
        let faulty = run(place, &hours, Some(planned), |_| false);
        let Some(hit) = faulty.struck.clone() else { break };
        same(&clean, &faulty, &format!("{planned:?} at {hit}"));
        struck.push(hit);
    }
    for expected in ["begin", "commit", "transfers", "withdrawals", "jobs"] {
        assert!(step > 1 || struck.iter().any(|hit| hit == expected), "{expected} was never hit: {struck:?}");
    }
}

/// One test per way to fail: they run beside each other.
macro_rules! sweeps {
    ($($name:ident: $moment:ident $kind:ident;)*) => {$(
        #[test]
        fn $name() {
            for place in Place::all() {
                // Every run on a server is many journeys: there a few calls of the many have to do.
                let step = if place.is_server() && !long() { 7 } else { 1 };
                sweep(&place, Moment::$moment, FaultKind::$kind, step);
            }
        }
    )*};
}

sweeps! {
    a_passing_fault_before_a_call_changes_nothing_p10: Before Retry;
    a_lost_answer_changes_nothing_p10: After Retry;
    an_odd_fault_and_another_try_change_nothing_p10: Before Other;
}
