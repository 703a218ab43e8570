//! One key, one effect (P19); and what a panic leaves alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use purser_domain::ids::Uid;
use purser_domain::time::{DAY, HOUR};
use purser_engine::{
    AnyJob, Command, Ctx, Failure, Job, Meta, Needs, Rejection, Reply, Tx,
    rows::{Idempotency, Meta as MetaRow},
};
use purser_sim::{
    desk::{Answer, Batch, Desk, Place},
    faults::{Moment, Planned},
    rng::Rng,
    tables,
    workload::{Body, CloseAccount, Spec, account, transfer_id},
};
use purser_storage::FaultKind;

fn tally(key: Option<u8>, variant: u8, reject: bool, dry_run: bool) -> Spec {
    Spec { key, variant, dry_run, body: Body::Tally { name: 1, reject } }
}

fn run(desk: &mut Desk, specs: &[Spec]) -> Vec<Answer> {
    desk.run(|batch| specs.iter().map(|spec| spec.job(batch)).collect())
}

fn text(answer: &Answer) -> String {
    match answer {
        Ok(reply) => format!(
            "{}{}{}",
            reply.status,
            String::from_utf8_lossy(&reply.body),
            if reply.replayed { " again" } else { "" }
        ),
        Err(failure) => failure.to_string(),
    }
}

fn texts(answers: &[Answer]) -> Vec<String> {
    answers.iter().map(text).collect()
}

#[test]
fn a_key_has_one_effect_in_its_group_and_later() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let once = tally(Some(1), 0, false, false);
    let got = run(&mut desk, &[once.clone(), once.clone(), tally(Some(1), 1, false, false)]);
    let reused = Failure::KeyReused.to_string();
    assert_eq!(texts(&got), ["200tally 1", "200tally 1 again", &reused]);
    desk.clock.set_offset(29 * DAY);
    let got = run(&mut desk, &[once, tally(Some(1), 1, false, false), tally(None, 0, false, false)]);
    assert_eq!(texts(&got), ["200tally 1 again", &reused, "200tally 2"]);
}

#[test]
fn another_command_under_the_key_is_refused() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let close = Spec { body: Body::Close(0, true), ..tally(Some(1), 0, false, false) };
    let got = run(&mut desk, &[tally(Some(1), 0, false, false), close]);
    assert!(matches!(got[1], Err(Failure::KeyReused)));
}

#[test]
fn a_rejection_is_remembered_and_its_attempt_counts_once() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let wrong = tally(Some(2), 0, true, false);
    assert_eq!(
        texts(&run(&mut desk, &[wrong.clone(), wrong.clone()])),
        ["422tally_refused", "422tally_refused again"]
    );
    run(&mut desk, &[wrong, tally(Some(3), 0, true, false)]);
    let rows = tables::business(desk.writer.session()).unwrap();
    let counters: Vec<&String> = rows.iter().filter(|row| row.starts_with("meta ")).collect();
    assert_eq!(counters, ["meta name=\"attempts-1\" value=\"2\""]);
    assert!(!rows.iter().any(|row| row.starts_with("jobs ") || row.starts_with("events ")));
}

#[test]
fn dry_runs_and_faults_are_not_remembered() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let before = tables::business(desk.writer.session()).unwrap();
    let got = run(&mut desk, &[tally(Some(4), 0, false, true), tally(Some(5), 0, true, true)]);
    assert_eq!(texts(&got), ["200tally 1", "422tally_refused"]);
    assert_eq!(tables::business(desk.writer.session()).unwrap(), before);
    desk.dial.plan(Planned { call: 1, moment: Moment::Before, kind: FaultKind::Other, times: 1 });
    assert!(matches!(run(&mut desk, &[tally(Some(4), 0, false, false)])[0], Err(Failure::Fault(_))));
    assert_eq!(texts(&run(&mut desk, &[tally(Some(4), 0, false, false)])), ["200tally 1"]);
}

#[test]
fn a_commit_whose_answer_was_lost_is_not_run_again() {
    for kind in [FaultKind::Retry, FaultKind::Other] {
        let place = Place::new();
        let mut desk = Desk::open(&place);
        // A steady state, counted: the commit is the last call of a group.
        run(&mut desk, &[tally(None, 0, false, false)]);
        desk.dial.plan(Planned { call: u64::MAX, moment: Moment::After, kind, times: 0 });
        run(&mut desk, &[tally(None, 0, false, false)]);
        let call = desk.dial.calls();
        for wanted in 3..6 {
            run(&mut desk, &[]);
            desk.dial.plan(Planned { call, moment: Moment::After, kind, times: 1 });
            // No key, and yet it happens once and says so.
            let answers = run(&mut desk, &[tally(None, 0, false, false)]);
            assert_eq!(desk.dial.struck().as_deref(), Some("commit"));
            assert_eq!(texts(&answers), [format!("200tally {wanted}")]);
        }
        desk.check_chain();
    }
}

/// Panics where it is told to, the first so many times.
struct Panics {
    at: &'static str,
    left: Arc<AtomicU32>,
}

impl Panics {
    fn maybe(&self, here: &str) {
        let again = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        assert!(self.at != here || again.is_err(), "planted");
    }
}

impl Command for Panics {
    type Output = ();
    fn name(&self) -> &'static str {
        "sim.panics"
    }
    fn lookups(&self, _needs: &mut Needs<'_>) {
        self.maybe("lookups");
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<MetaRow>("half".to_owned());
        self.maybe("needs");
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        tx.put(MetaRow { name: "half".to_owned(), value: "done".to_owned() });
        self.maybe("decide");
        Ok(())
    }
}

fn panics(batch: &mut Batch, at: &'static str) -> Box<dyn AnyJob> {
    let command = Panics { at, left: Arc::new(AtomicU32::new(u32::MAX)) };
    let meta = Meta { key: Some(format!("panics-{at}")), client: Uid([9; 16]), ..Meta::system() };
    let render = move |_: &Result<(), Rejection>| {
        assert!(at != "render", "planted");
        Reply::default()
    };
    let slot = batch.slot();
    Job::new(command, meta, render, move |answer| {
        slot(answer);
        assert!(at != "done", "planted");
    })
}

#[test]
fn a_panic_stays_with_its_command() {
    for at in ["lookups", "needs", "decide", "render"] {
        let place = Place::new();
        let mut desk = Desk::open(&place);
        let got = desk.run(|batch| {
            vec![
                tally(Some(1), 0, false, false).job(batch),
                panics(batch, at),
                tally(Some(2), 0, false, false).job(batch),
                panics(batch, at),
            ]
        });
        assert_eq!(text(&got[0]), "200tally 1", "{at}");
        assert!(matches!(got[1], Err(Failure::Bug)) && matches!(got[3], Err(Failure::Bug)), "{at}");
        assert_eq!(text(&got[2]), "200tally 2", "{at}");
        let rows = tables::business(desk.writer.session()).unwrap();
        assert!(!rows.iter().any(|row| row.contains("half") || row.contains("panics")), "{at}");
        desk.check_chain();
    }
}

#[test]
fn a_panic_while_taking_an_answer_leaves_the_others_their_answers() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let got = desk.run(|batch| vec![panics(batch, "done"), tally(Some(1), 0, false, false).job(batch)]);
    assert_eq!(text(&got[1]), "200tally 1");
}

#[test]
fn closing_an_account_does_not_turn_its_day() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    let mut rng = Rng::new(1);
    let mut post = |desk: &mut Desk, number: u64| {
        let mut items = Vec::new();
        while items.len() != 1 {
            if let Body::Post { items: some, .. } = Spec::from_seed(rng.next_u64()).body {
                items = some.into_iter().take(1).collect();
            }
        }
        items[0].id = transfer_id(number);
        items[0].step = purser_domain::ledger::Step::Post;
        (items[0].debit, items[0].credit, items[0].amount_minor) = (account(0).id(), account(7).id(), 5);
        let body = Body::Post { items, atomic: true, declared: true };
        text(&run(desk, &[Spec { key: None, variant: 0, dry_run: false, body }])[0])
    };
    assert_eq!(post(&mut desk, 1), "200new");
    desk.clock.set_offset(30 * HOUR);
    for closed in [true, false] {
        let set = desk.run(|batch| {
            let command = CloseAccount { id: account(7).id(), closed };
            vec![Job::new(command, Meta::system(), |_| Reply::default(), batch.slot())]
        });
        assert!(set[0].is_ok());
    }
    assert_eq!(post(&mut desk, 2), "200new");
    let rows = tables::business(desk.writer.session()).unwrap();
    let days: Vec<&String> = rows.iter().filter(|row| row.starts_with("account_days ")).collect();
    assert_eq!(days.len(), 2, "{days:?}");
    assert!(
        days.iter().all(|day| day.contains("day=\"2026-03-01\" opening=0") && day.contains("entries=1 "))
    );
}

#[test]
fn time_does_not_go_back() {
    let place = Place::new();
    let mut desk = Desk::open(&place);
    run(&mut desk, &[tally(Some(1), 0, false, false)]);
    desk.clock.set_offset(-5 * HOUR);
    run(&mut desk, &[tally(Some(2), 0, false, false)]);
    drop(desk);
    let mut desk = Desk::open(&place);
    desk.clock.set_offset(-50 * HOUR);
    run(&mut desk, &[tally(Some(3), 0, false, false)]);
    desk.check_chain();
    let mut keys = Vec::new();
    let rows =
        tables::rows(desk.writer.session(), <Idempotency as purser_storage::Record>::TABLE, &[]).unwrap();
    keys.extend(rows.iter().map(|row| row.split(" at=").nth(1).unwrap().to_owned()));
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
}
