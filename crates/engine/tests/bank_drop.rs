//! A bank file goes into the bank's folder once, whenever a server dies (P10).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use purser_domain::{
    ids::{BankFileId, JobId, Uid},
    money::Currency,
    policy::DEFAULT_PACK,
    time::Timestamp,
};
use purser_engine::{
    Command, Ctx, Needs, Rejection, Tx, Writer,
    bank_files::{
        BankFileRow, BankOrderRow, DROP, DissolveBankFile, GiveOutBankFile, MarkBankFileSent, bank_file,
        run_drop,
    },
    facts::Facts,
    feed,
    jobs::{self, Claimed, Hands, Registry, RetryJob},
    ports::{FolderError, Outbox, Seal},
    rules::RulesSource,
};
use support::{Books, run};

const FILE: BankFileId = BankFileId(Uid([7; 16]));
const ORDER: &str = "an order of nobody's payout";
const CONTENT: &str = "<Document/>";

/// Seals by saying what for.
struct Plain;

impl Seal for Plain {
    fn seal(&self, purpose: &str, clear: &str) -> Result<String, String> {
        Ok(format!("{purpose}|{clear}"))
    }
    fn open(&self, purpose: &str, sealed: &str) -> Result<String, String> {
        sealed
            .strip_prefix(&format!("{purpose}|"))
            .map(str::to_owned)
            .ok_or_else(|| "another place".to_owned())
    }
    fn index(&self, _purpose: &str, clear: &str) -> String {
        clear.to_owned()
    }
}

/// How the next file is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Well,
    /// It is there, and the server dies.
    Dies,
    /// The disk is full.
    Fails,
    /// It is there, and the folder cannot be made durable.
    FailsAfter,
}

/// A folder, how often a file was written into it, and what happens next.
struct Folder(Mutex<(BTreeMap<String, Vec<u8>>, usize, Next)>);

impl Folder {
    fn inner(&self) -> MutexGuard<'_, (BTreeMap<String, Vec<u8>>, usize, Next)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Folder {
    fn put(&self, name: &str, content: &[u8]) -> Result<(), FolderError> {
        let mut inner = self.inner();
        if inner.2 == Next::Fails {
            return Err(FolderError { text: "the disk is full".to_owned(), placed: false });
        }
        inner.0.insert(name.to_owned(), content.to_owned());
        inner.1 += 1;
        if inner.2 == Next::FailsAfter {
            return Err(FolderError { text: "the folder is not durable".to_owned(), placed: true });
        }
        assert!(inner.2 != Next::Dies, "killed");
        Ok(())
    }
    fn has(&self, name: &str, content: &[u8]) -> Result<bool, FolderError> {
        Ok(self.inner().0.get(name).is_some_and(|there| there == content))
    }
}

/// Books with a file that is ready, and the job that writes it.
struct Ready;

fn drop_job() -> JobId {
    jobs::derived_id(DROP, &FILE.to_string())
}

impl Command for Ready {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.ready"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<BankFileRow>(FILE);
        needs.row::<BankOrderRow>(ORDER.to_owned());
        needs.row::<purser_engine::rows::JobRow>(drop_job());
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        tx.put(BankFileRow {
            id: FILE,
            state: "ready".to_owned(),
            currency: Currency::CNY,
            orders: 1,
            amount: 100,
            opened_at: ctx.now,
            closes_at: ctx.now,
            closed_at: Some(ctx.now),
            closed_by: "staff".to_owned(),
            fixed_at: Some(ctx.now),
            sent_at: None,
            sent_by: String::new(),
            name: "file.xml".to_owned(),
            hash: *blake3::hash(CONTENT.as_bytes()).as_bytes(),
            size: 11,
            content: format!("bank_files/{FILE}/content|{CONTENT}"),
            version: 0,
            given_at: None,
        });
        tx.put(BankOrderRow {
            reference: ORDER.to_owned(),
            file: FILE,
            n: 1,
            amount: 100,
            currency: Currency::CNY,
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
            version: 1,
        });
        tx.job(jobs::ready(drop_job(), DROP, &FILE.to_string(), ctx.now, Facts::new()));
        Ok(())
    }
}

struct World<'b> {
    books: &'b Books,
    writer: Writer,
    folder: Arc<Folder>,
    registry: Registry,
}

impl<'b> World<'b> {
    fn on(books: &'b Books, next: Next) -> Self {
        // Files wait while their rail is switched off, as it is until there is a contract.
        let entry = "\n[[entry]]\nkey = \"rail.bank_file.enabled\"\nrow = \"P4\"\n\
                     effective_from = \"2000-01-02\"\nvalue = true\nsource = \"test\"\n";
        let first_pack = ("test.toml".to_owned(), format!("{DEFAULT_PACK}{entry}"));
        let mut writer = books.writer_by(RulesSource { first_pack, ..RulesSource::builtin() });
        run(&mut writer, Ready).unwrap();
        let folder = Arc::new(Folder(Mutex::new((BTreeMap::new(), 0, next))));
        let outbox = Arc::clone(&folder);
        let registry = Registry::new().with_tireless(DROP, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_drop(&Plain, outbox.as_ref(), job, hands)
        });
        Self { books, writer, folder, registry }
    }

    fn step(&mut self) -> usize {
        let mut reads = self.books.reader();
        jobs::run_due(&mut self.writer, reads.as_mut(), &self.books.clock, &mut self.registry).unwrap()
    }

    /// The next server comes.
    fn again(&mut self) {
        self.folder.inner().2 = Next::Well;
        run(&mut self.writer, RetryJob { job: drop_job() }).unwrap();
        assert_eq!(self.step(), 1);
    }

    fn state(&self) -> (String, String) {
        let file = bank_file(self.books.reader().as_mut(), FILE).unwrap().unwrap();
        (file.state, file.sent_by)
    }

    fn given(&self) -> Option<Timestamp> {
        bank_file(self.books.reader().as_mut(), FILE).unwrap().unwrap().given_at
    }

    fn told(&self, kind: &str) -> usize {
        let (events, _) = feed::events(self.books.reader().as_mut(), feed::Places::default(), 100).unwrap();
        events.iter().filter(|event| event.kind == kind).count()
    }
}

fn sent() -> (String, String) {
    ("sent".to_owned(), "folder".to_owned())
}

#[test]
fn a_file_that_went_out_unnoticed_is_found_in_the_folder_p10() {
    Books::each(|books| {
        let mut world = World::on(books, Next::Dies);
        assert_eq!(world.step(), 1);
        assert_eq!(world.state().0, "ready");
        world.again();
        assert_eq!((world.state(), world.folder.inner().1), (sent(), 1));
        assert_eq!(world.told("bank_file.drop_unclear"), 0);
    });
}

#[test]
fn a_file_that_the_banks_client_may_have_taken_is_not_written_again_p10() {
    Books::each(|books| {
        let mut world = World::on(books, Next::Dies);
        assert_eq!(world.step(), 1);
        world.folder.inner().0.clear();
        world.again();
        assert_eq!((world.state().0.as_str(), world.folder.inner().1), ("ready", 1), "not written again");
        assert_eq!((world.told("bank_file.drop_unclear"), world.told("case.opened")), (1, 1));
        assert_eq!(world.step(), 0, "from here on it is up to people");
    });
}

#[test]
fn a_file_that_was_placed_but_not_made_durable_is_not_written_again_p10() {
    for (taken, state, cases) in [(false, "sent", 0), (true, "ready", 1)] {
        Books::each(|books| {
            let mut world = World::on(books, Next::FailsAfter);
            assert_eq!(world.step(), 1);
            if taken {
                world.folder.inner().0.clear();
            }
            world.again();
            assert_eq!((world.state().0.as_str(), world.folder.inner().1), (state, 1));
            assert_eq!(world.told("case.opened"), cases);
        });
    }
}

#[test]
fn a_file_that_could_not_be_written_is_written_later_p10() {
    Books::each(|books| {
        let mut world = World::on(books, Next::Fails);
        assert_eq!(world.step(), 1);
        assert_eq!((world.state().0.as_str(), world.folder.inner().1), ("ready", 0));
        assert_eq!(world.given(), None, "nobody has it: it can be taken apart");
        world.again();
        assert_eq!((world.state(), world.folder.inner().1), (sent(), 1));
        assert_eq!(world.told("case.opened"), 0);
    });
}

/// Staff had it before: that nothing came into the folder does not change that, and it cannot be taken apart.
#[test]
fn a_file_that_staff_had_stays_given_out_when_it_cannot_be_written_p10() {
    Books::each(|books| {
        let mut world = World::on(books, Next::Fails);
        run(&mut world.writer, GiveOutBankFile { id: FILE, orders: Vec::new() }).unwrap();
        let had = world.given();
        assert_eq!(world.step(), 1);
        assert!(had.is_some() && world.given() == had);
        let no = run(&mut world.writer, DissolveBankFile { id: FILE, orders: Vec::new() }).err().unwrap();
        assert_eq!(no.code, "bank_file_given_out");
    });
}

#[test]
fn a_file_that_nobody_had_is_not_noted_as_sent_p4_p10() {
    Books::each(|books| {
        let mut world = World::on(books, Next::Fails);
        let note = |world: &mut World<'_>| run(&mut world.writer, MarkBankFileSent { id: FILE, lease: None });
        assert_eq!(note(&mut world).err().unwrap().code, "bank_file_not_given_out");
        run(&mut world.writer, GiveOutBankFile { id: FILE, orders: Vec::new() }).unwrap();
        assert_eq!(note(&mut world).unwrap().state, "sent");
    });
}
