//! A file that waits for its folder when a payee in it may not be paid any more (P6, P10): taken apart while nobody can have
//! it, else kept as it is.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[expect(dead_code, reason = "shared with the tests of payouts")]
mod payee;
mod support;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use payee::Desk;
use purser_domain::{
    ids::{BankFileId, Uid},
    money::Currency,
    time::{MINUTE, Timestamp},
    withdrawals::rail_reference,
};
use purser_engine::{
    AnyJob, Command, Ctx, Meta, Needs, Rejection, Tx,
    bank_files::{
        BankFileRow, BankOrderRow, DROP, DissolveBankFile, OUTCOME, bank_file, bank_order, carried_by,
        run_drop,
    },
    call,
    facts::Facts,
    feed,
    jobs::{self, Claimed, Hands, Registry, run_due},
    parties::PartyChange,
    ports::{FolderError, Outbox, Seal},
    rows::{JobRow, JobState},
};
use support::{Books, run};

const FILE: BankFileId = BankFileId(Uid([7; 16]));

/// Nothing is sealed.
struct Plain;

impl Seal for Plain {
    fn seal(&self, _purpose: &str, clear: &str) -> Result<String, String> {
        Ok(clear.to_owned())
    }
    fn open(&self, _purpose: &str, sealed: &str) -> Result<String, String> {
        Ok(sealed.to_owned())
    }
    fn index(&self, _purpose: &str, clear: &str) -> String {
        clear.to_owned()
    }
}

/// A folder that no file may come into.
struct Closed;

impl Outbox for Closed {
    fn put(&self, name: &str, _content: &[u8]) -> Result<(), FolderError> {
        panic!("{name} went out")
    }
    fn has(&self, _name: &str, _content: &[u8]) -> Result<bool, FolderError> {
        Ok(false)
    }
}

/// A file that is ready, with one order, and the job that writes it.
struct Ready {
    reference: String,
    given_at: Option<Timestamp>,
}

impl Command for Ready {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.ready"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankFileRow>(FILE);
        needs.row::<BankOrderRow>(self.reference.clone());
        needs.row::<JobRow>(jobs::derived_id(DROP, &FILE.to_string()));
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let (currency, amount) = (Currency::CNY, 10_000);
        tx.put(BankFileRow {
            id: FILE,
            state: "ready".to_owned(),
            currency,
            orders: 1,
            amount,
            opened_at: ctx.now,
            closes_at: ctx.now,
            closed_at: Some(ctx.now),
            closed_by: "staff".to_owned(),
            fixed_at: Some(ctx.now),
            sent_at: None,
            sent_by: String::new(),
            name: "file.xml".to_owned(),
            hash: *blake3::hash(b"bytes").as_bytes(),
            size: 5,
            content: "bytes".to_owned(),
            version: 0,
            given_at: self.given_at,
        });
        tx.put(BankOrderRow {
            reference: self.reference.clone(),
            file: FILE,
            n: 1,
            amount,
            currency,
            class: "personal".to_owned(),
            payee: String::new(),
            payee_index: String::new(),
            state: "waiting".to_owned(),
            failure: String::new(),
            code: String::new(),
            paid_by: String::new(),
            attempts: 1,
            collected_at: ctx.now,
            changed_at: ctx.now,
            version: 0,
        });
        let id = jobs::derived_id(DROP, &FILE.to_string());
        tx.job(jobs::ready(id, DROP, &FILE.to_string(), ctx.now, Facts::new()));
        Ok(())
    }
}

/// A folder that notes what comes into it.
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

impl Outbox for Open {
    fn put(&self, _name: &str, _content: &[u8]) -> Result<(), FolderError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
    fn has(&self, _name: &str, _content: &[u8]) -> Result<bool, FolderError> {
        Ok(false)
    }
}

/// A desk at which staff take the file apart after so many commands.
struct Meanwhile<'d> {
    inner: &'d mut dyn purser_engine::Desk,
    after: usize,
    dissolve: Option<DissolveBankFile>,
}

impl purser_engine::Desk for Meanwhile<'_> {
    fn submit(&mut self, job: Box<dyn AnyJob>) {
        self.inner.submit(job);
        self.after = self.after.saturating_sub(1);
        if let Some(dissolve) = self.dissolve.take_if(|_| self.after == 0) {
            call(self.inner, dissolve, Meta::system()).unwrap().unwrap();
        }
    }
}

/// What became of the file, its order and the job that tells the withdrawal.
fn after_the_freeze(books: &Books, given_at: Option<Timestamp>) -> (String, String, bool, Vec<String>) {
    let mut desk = Desk::by(books, 10_000, 10_000, &[["rail.bank_file.enabled", "P4", "true"]]);
    let row = desk.sent(10_000);
    let reference = rail_reference(row.id, desk.number(&row));
    run(&mut desk.writer, Ready { reference: reference.clone(), given_at }).unwrap();
    desk.change(PartyChange::Freeze("checking".to_owned()));
    let mut registry = Registry::new()
        .with_tireless(DROP, |job: &Claimed, hands: &mut Hands<'_>| run_drop(&Plain, &Closed, job, hands));
    assert_eq!(desk.step(&mut registry), 1);
    books.advance(MINUTE);
    desk.step(&mut registry);
    let mut reads = books.reader();
    let file = bank_file(reads.as_mut(), FILE).unwrap().unwrap();
    let order = bank_order(reads.as_mut(), &reference).unwrap().unwrap();
    let waiting = jobs::by_state(reads.as_mut(), JobState::Ready, 20).unwrap();
    let told = waiting.iter().any(|job| job.kind == OUTCOME && job.subject == reference);
    let (events, _) = feed::events(reads.as_mut(), feed::Places::default(), 100).unwrap();
    let kinds = events.into_iter().map(|event| event.kind).filter(|kind| kind.starts_with("bank_file."));
    (file.state, order.state, told, kinds.collect())
}

#[test]
fn a_folders_file_with_a_frozen_payee_is_taken_apart_p6_p10() {
    Books::each(|books| {
        let (file, order, told, events) = after_the_freeze(books, None);
        assert_eq!((file.as_str(), order.as_str(), told), ("void", "deferred", true));
        assert_eq!(events, ["bank_file.dissolved"]);
    });
}

#[test]
fn a_file_that_somebody_had_waits_with_its_frozen_payee_p6_p10() {
    Books::each(|books| {
        let (file, order, told, events) = after_the_freeze(books, Some(Timestamp(1)));
        assert_eq!((file.as_str(), order.as_str(), told), ("ready", "waiting", false));
        assert_eq!(events, ["bank_file.held_back"], "said once");
    });
}

/// Between the look and the note that it is being written: its orders are in another file by now, and both would be paid.
#[test]
fn a_file_that_staff_take_apart_meanwhile_does_not_go_out_p10() {
    // The claim; the look.
    for after in [1, 2] {
        Books::each(|books| {
            let mut desk = Desk::by(books, 10_000, 10_000, &[["rail.bank_file.enabled", "P4", "true"]]);
            let row = desk.sent(10_000);
            let reference = rail_reference(row.id, desk.number(&row));
            run(&mut desk.writer, Ready { reference: reference.clone(), given_at: None }).unwrap();
            let orders = carried_by(books.reader().as_mut(), FILE).unwrap().unwrap();
            let folder = Open::default();
            let outbox = folder.clone();
            let mut registry = Registry::new()
                .with_tireless(DROP, move |job: &Claimed, hands: &mut Hands<'_>| {
                    run_drop(&Plain, &outbox, job, hands)
                });
            let dissolve = Some(DissolveBankFile { id: FILE, orders });
            let mut meanwhile = Meanwhile { inner: &mut desk.writer, after, dissolve };
            run_due(&mut meanwhile, books.reader().as_mut(), &books.clock, &mut registry).unwrap();
            books.advance(MINUTE);
            run_due(&mut meanwhile, books.reader().as_mut(), &books.clock, &mut registry).unwrap();
            assert!(meanwhile.dissolve.is_none(), "it was taken apart");
            let file = bank_file(books.reader().as_mut(), FILE).unwrap().unwrap();
            assert_eq!((file.state.as_str(), file.given_at), ("void", None));
            assert_eq!(folder.0.load(Ordering::Relaxed), 0, "nothing went out");
        });
    }
}
