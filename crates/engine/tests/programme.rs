//! Agencies and months in groups and steps (X14, X15): what an earlier command of a group changes counts for a later
//! one, and a close that is cut off anywhere goes on without doing anything twice.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use purser_domain::{
    earnings::TaskType,
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::{MINUTE, Month},
};
use purser_engine::{
    Command, Job, Meta, Reply, Writer,
    agencies::SignCreator,
    earnings::{OrderReport, ReportTaskOrders, Reported, order, order_id},
    invariants,
    jobs::{self, ArmSchedules, ClaimJob, Claimed, Hands, Registry, RunError, Runner, derived_id},
    parties::RegisterParty,
    programme::{
        self, BeginMonthClose, BeginPublication, CLOSE, CloseMonth, EnrolCreators, Enrolment, ImportTerms,
        LeaveProgramme, PUBLISH, TermsItem,
    },
    rules::RulesSource,
    verify::verify_full,
};
use purser_storage::sqlite;
use support::{Books, at, balance, code, run};

const MARCH: Month = Month { year: 2026, month: 3 };

fn register(writer: &mut Writer, name: &str, role: Role) -> PartyId {
    let profile = Profile {
        external_id: name.to_owned(),
        display_name: name.to_owned(),
        roles: Roles::NONE.with(role),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    run(writer, RegisterParty(profile)).unwrap().id
}

fn report(name: &str, creator: PartyId) -> ReportTaskOrders {
    let item = OrderReport {
        external_id: name.to_owned(),
        creator,
        task_type: TaskType::Video,
        title: String::new(),
        metadata: None,
        amount_minor: 10_000,
        currency: Currency::CNY,
        accepted_at: support::start().plus(-60 * MINUTE),
        status: Reported::Completed(support::start().plus(-MINUTE)),
    };
    ReportTaskOrders { items: vec![item], single: true }
}

fn enrol(creator: PartyId) -> EnrolCreators {
    let item = Enrolment { creator, from_on: MARCH.first_day(), to_on: None };
    EnrolCreators { items: vec![item], single: true }
}

fn terms(creator: PartyId, fee_minor: i64) -> ImportTerms {
    let fee_minor = Some(fee_minor);
    ImportTerms {
        items: vec![TermsItem { creator, month: MARCH, fee_ppm: None, fee_minor, incentive_minor: 0 }],
    }
}

fn held(writer: &mut Writer, party: PartyId, kind: AccountKind) -> i64 {
    balance(writer, &AccountRef::party(party, kind, Currency::CNY)).0
}

/// Commands that reach a writer together: one group. Answers the codes of refusals, `ok` for the rest.
#[derive(Default)]
struct Together {
    jobs: Vec<Box<dyn purser_engine::AnyJob>>,
    codes: Vec<Arc<Mutex<String>>>,
}

impl Together {
    fn with<C: Command>(mut self, command: C) -> Self {
        let slot = Arc::new(Mutex::new("no answer".to_owned()));
        let (seen, failed) = (Arc::clone(&slot), Arc::clone(&slot));
        let render = move |outcome: &Result<C::Output, purser_engine::Rejection>| {
            let code = outcome.as_ref().map_or_else(|no| no.code, |_| "ok");
            code.clone_into(&mut seen.lock().unwrap());
            Reply::default()
        };
        let done = move |outcome: Result<Reply, purser_engine::Failure>| {
            if let Err(failure) = outcome {
                *failed.lock().unwrap() = failure.to_string();
            }
        };
        self.jobs.push(Job::new(command, Meta::system(), render, done));
        self.codes.push(slot);
        self
    }

    fn run(self, writer: &mut Writer) -> Vec<String> {
        writer.execute(self.jobs);
        self.codes.iter().map(|slot| slot.lock().unwrap().clone()).collect()
    }
}

fn proven(books: &Books) {
    let zone = purser_domain::time::Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

fn work(books: &Books, writer: &mut Writer, registry: &mut Registry) {
    let mut reads = books.reader();
    while jobs::run_due(writer, reads.as_mut(), &books.clock, registry).unwrap() > 0 {}
}

fn move_to(books: &Books, to: &str) {
    books.advance(at(to).0 - books.clock.business().0);
}

#[test]
fn a_membership_counts_for_the_next_command_of_its_group_x14() {
    Books::each(|books| {
        let mut writer = books.writer();
        let creator = register(&mut writer, "creator", Role::Creator);
        let agency = register(&mut writer, "agency", Role::Agency);
        let from = support::start().plus(-120 * MINUTE);
        let sign = SignCreator { creator, agency, from, to: None, contact: String::new() };
        let groups = writer.stats().groups;
        let codes = Together::default()
            .with(report("before", creator))
            .with(sign)
            .with(report("after", creator))
            .with(enrol(creator))
            .with(report("frozen", creator))
            .with(LeaveProgramme { creator, on: MARCH.first_day() })
            .with(report("free", creator))
            .run(&mut writer);
        assert_eq!(codes, ["ok"; 7]);
        assert_eq!(writer.stats().groups - groups, 4, "three of them begin a group");
        let mut reads = books.reader();
        let mut payee = |name: &str| order(reads.as_mut(), order_id(name)).unwrap().unwrap().payee;
        assert_eq!([payee("before"), payee("after"), payee("frozen")], [creator, agency, agency]);
        assert_eq!(held(&mut writer, creator, AccountKind::Earnings), 9_500);
        assert_eq!(held(&mut writer, agency, AccountKind::Earnings), 20_000);
        assert_eq!(held(&mut writer, agency, AccountKind::Frozen), 10_000);
        proven(books);
    });
}

/// Terms that come in the same group as the income of a further payee, and drafts made in the same group as terms.
#[test]
fn terms_and_income_of_one_group_meet_x15() {
    Books::each(|books| {
        let mut writer = books.writer();
        let creator = register(&mut writer, "creator", Role::Creator);
        run(&mut writer, enrol(creator)).unwrap();
        let codes = Together::default()
            .with(terms(creator, 100))
            .with(report("a", creator))
            .with(terms(creator, 200))
            .with(terms(creator, 300))
            .run(&mut writer);
        assert_eq!(codes, ["ok"; 4]);
        move_to(books, "2026-04-01T00:00:00+08:00");
        run(&mut writer, BeginMonthClose { month: MARCH }).unwrap();
        let mut registry = Registry::new().with(CLOSE, CloseMonth { step: 2 });
        work(books, &mut writer, &mut registry);
        let rows = programme::statements_of_payee(books.reader().as_mut(), creator, None, 10).unwrap();
        assert_eq!((rows[0].state.as_str(), rows[0].fee, rows[0].result), ("draft", 300, 9_200));
        proven(books);
    });
}

/// A step of a close as a runner would commit it, under the claim that it was given.
fn step(books: &Books, writer: &mut Writer, job: &Claimed) -> Result<(), RunError> {
    let mut reads = books.reader();
    let mut hands = Hands { desk: writer, reads: reads.as_mut(), clock: &books.clock, vault: None };
    CloseMonth { step: 2 }.run(job, &mut hands).map(|_| ())
}

fn claim(writer: &mut Writer, kind: &str) -> Claimed {
    // A lease that has ended already, as that of a server that was killed.
    run(writer, ClaimJob { job: derived_id(kind, "2026-03"), lease: 0 }).unwrap()
}

#[test]
fn a_close_that_is_cut_off_goes_on_and_a_lost_lease_changes_nothing_x15() {
    Books::each(|books| {
        let mut writer = books.writer();
        let creators: Vec<PartyId> =
            (0..5).map(|n| register(&mut writer, &format!("c{n}"), Role::Creator)).collect();
        for (n, creator) in creators.iter().enumerate() {
            run(&mut writer, enrol(*creator)).unwrap();
            run(&mut writer, report(&format!("o{n}"), *creator)).unwrap();
            run(&mut writer, terms(*creator, 500)).unwrap();
        }
        assert_eq!(code(run(&mut writer, BeginMonthClose { month: MARCH })), "month_not_over");
        move_to(books, "2026-04-01T00:00:00+08:00");
        run(&mut writer, BeginMonthClose { month: MARCH }).unwrap();
        assert_eq!(code(run(&mut writer, BeginMonthClose { month: MARCH })), "month_closed");
        assert_eq!(code(run(&mut writer, BeginPublication { month: MARCH })), "month_open");
        for (kind, done) in [(CLOSE, "drafted"), (PUBLISH, "published")] {
            if kind == PUBLISH {
                run(&mut writer, BeginPublication { month: MARCH }).unwrap();
            }
            let first = claim(&mut writer, kind);
            step(books, &mut writer, &first).unwrap();
            // The same claim again, as of a server that did not hear of its commit.
            assert_eq!(step(books, &mut writer, &first), Err(RunError::LeaseLost));
            let slow = claim(&mut writer, kind);
            let fast = claim(&mut writer, kind);
            assert_eq!(step(books, &mut writer, &slow), Err(RunError::LeaseLost));
            step(books, &mut writer, &fast).unwrap();
            let row = programme::month(books.reader().as_mut(), MARCH).unwrap().unwrap();
            assert_eq!((row.done, row.total), (4, 5));
            // The server ends here; another one goes on.
            drop(writer);
            writer = books.writer();
            let last = claim(&mut writer, kind);
            step(books, &mut writer, &last).unwrap();
            let row = programme::month(books.reader().as_mut(), MARCH).unwrap().unwrap();
            assert_eq!((row.done, row.total, row.state.as_str()), (5, 5, done));
        }
        for creator in creators {
            assert_eq!(held(&mut writer, creator, AccountKind::Earnings), 9_000);
            assert_eq!(held(&mut writer, creator, AccountKind::Frozen), 0);
        }
        proven(books);
    });
}

/// P3: what verification proves of both is proven: whatever is changed behind the books' back is named.
#[test]
fn what_was_tampered_with_is_named_p3() {
    let books = Books::file();
    let mut writer = books.writer();
    let creator = register(&mut writer, "creator", Role::Creator);
    let agency = register(&mut writer, "agency", Role::Agency);
    let from = support::start().plus(-120 * MINUTE);
    run(&mut writer, enrol(creator)).unwrap();
    run(&mut writer, report("own", creator)).unwrap();
    run(&mut writer, SignCreator { creator, agency, from, to: None, contact: String::new() }).unwrap();
    run(&mut writer, report("routed", creator)).unwrap();
    run(&mut writer, terms(creator, 100)).unwrap();
    move_to(&books, "2026-04-01T00:00:00+08:00");
    run(&mut writer, BeginMonthClose { month: MARCH }).unwrap();
    let mut registry = Registry::new().with(CLOSE, CloseMonth { step: 2 });
    work(&books, &mut writer, &mut registry);
    let own = programme::statements_of_payee(books.reader().as_mut(), creator, None, 10).unwrap();
    run(&mut writer, programme::PublishStatement { id: own[0].id, if_version: None }).unwrap();
    drop(writer);
    proven(&books);
    let frozen = "frozen = unpublished programme income";
    let orders = "programme statement = its orders";
    let transfers = "programme statement = its transfers";
    for (change, back, names) in [
        (
            "programme_statements SET income = income + 1 WHERE state = 'draft'",
            "income = income - 1",
            vec![frozen, orders],
        ),
        (
            "programme_statements SET orders = orders + 1 WHERE state = 'draft'",
            "orders = orders - 1",
            vec![orders],
        ),
        (
            "programme_statements SET fee = fee + 1 WHERE state = 'published'",
            "fee = fee - 1",
            vec![transfers],
        ),
        ("programme_lines SET net = net + 1 WHERE gross = 10000", "net = net - 1", vec![orders]),
        (
            "memberships SET from_at = from_at + 1 WHERE version = 1",
            "from_at = from_at - 1",
            vec!["memberships do not overlap"],
        ),
        (
            "task_orders SET kind = 'independent' WHERE external_id = 'routed'",
            "kind = 'agency_signed'",
            vec!["orders settle to whom their kind says"],
        ),
    ] {
        let (table, rest) = change.split_once(" SET ").unwrap();
        let condition = rest.split_once(" WHERE ").unwrap().1;
        tamper(&books, &format!("UPDATE {change}"));
        let zone = purser_domain::time::Zone::shanghai();
        let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
        for name in names {
            let found = report.findings.iter().any(|finding| finding.sentence.contains(name));
            assert!(found, "{change}: {name} not in {:?}", report.findings);
        }
        tamper(&books, &format!("UPDATE {table} SET {back} WHERE {condition}"));
        proven(&books);
    }
}

fn tamper(books: &Books, sql: &str) {
    let options = sqlite::Options { shared: true, ..sqlite::Options::default() };
    let session = sqlite::open_writer(&books.dir.path().join("purser.db"), &options).unwrap();
    session.connection().execute_batch(sql).unwrap();
}

/// Policy `programme.publish = auto`: drafts on the 1st, published on the 5th, by itself, also when the clock jumped
/// over several months.
#[test]
fn months_tend_themselves_x15() {
    let auto = "key = \"programme.publish\"\nrow = \"X15\"\neffective_from = \"2000-01-01\"\nvalue = ";
    assert!(DEFAULT_PACK.contains(&format!("{auto}\"staff\"")));
    let text = DEFAULT_PACK.replace(&format!("{auto}\"staff\""), &format!("{auto}\"auto\""));
    Books::each(|books| {
        let source =
            RulesSource { first_pack: ("auto.toml".to_owned(), text.clone()), ..RulesSource::builtin() };
        let mut writer = books.writer_by(source);
        let creator = register(&mut writer, "creator", Role::Creator);
        run(&mut writer, enrol(creator)).unwrap();
        run(&mut writer, report("march", creator)).unwrap();
        let mut registry = Registry::new().with_builtin();
        run(&mut writer, ArmSchedules(jobs::SCHEDULES.to_vec())).unwrap();
        work(books, &mut writer, &mut registry);
        let state =
            |month: Month| programme::month(books.reader().as_mut(), month).unwrap().map(|row| row.state);
        move_to(books, "2026-03-31T23:59:59+08:00");
        work(books, &mut writer, &mut registry);
        assert_eq!(state(MARCH), None);
        move_to(books, "2026-04-01T00:30:00+08:00");
        work(books, &mut writer, &mut registry);
        assert_eq!(state(MARCH).as_deref(), Some("drafted"));
        move_to(books, "2026-04-04T23:59:59+08:00");
        work(books, &mut writer, &mut registry);
        assert_eq!(held(&mut writer, creator, AccountKind::Earnings), 0);
        move_to(books, "2026-04-05T00:30:00+08:00");
        work(books, &mut writer, &mut registry);
        assert_eq!(state(MARCH).as_deref(), Some("published"));
        assert_eq!(held(&mut writer, creator, AccountKind::Earnings), 9_500);
        run(&mut writer, report("april", creator)).unwrap();
        move_to(books, "2026-05-02T12:00:00+08:00");
        run(&mut writer, report("may", creator)).unwrap();
        move_to(books, "2026-06-20T12:00:00+08:00");
        work(books, &mut writer, &mut registry);
        for month in [MARCH.after(), MARCH.after().after()] {
            assert_eq!(state(month).as_deref(), Some("published"), "{month}");
        }
        assert_eq!(held(&mut writer, creator, AccountKind::Earnings), 3 * 9_500);
        assert_eq!(held(&mut writer, creator, AccountKind::Frozen), 0);
        proven(books);
    });
}
