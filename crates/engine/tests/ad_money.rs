//! Whose an advertiser's money is, on both databases: arrears are paid before anything is balance (A3), budgets of days
//! (A7), clicks that are undone (A8), alerts (A10), and what another server does between the
//! look and the lock (A1, A12).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod clicks;
mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use clicks::{
    CNY, Plant, account, advertiser, arrears, campaign, cash, charge, click, credit, grant, proven, stored,
};
use purser_domain::{
    ads::campaign::Change,
    ids::{AdGrantId, CampaignId, PartyId, PaymentId, Uid},
    ledger::{AccountKind, AccountRef, Step},
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    payments::Method,
    time::{DAY, Date, HOUR, Timestamp, Zone},
};
use purser_engine::{
    Command, Ctx, Job, Meta, Needs, Rejection, Reply, Tx, Writer,
    ads::{
        AdAccountRow, AdBudgetDayRow, AdGrantRow, CampaignEdit, ChangeCampaigns, ChargeClicks, ClickOutcome,
        CloseAdDays, CreateCampaign, CreditInvalidClicks, ExpireGrants, InvalidOutcome,
    },
    feed,
    ids::IdSource,
    parties::RegisterParty,
    payments::{AssignPayment, LocatedPayment, RecordPayment, RefundBalance, payment_id},
    rules::RulesSource,
};
use purser_storage::{Fault, Lock, Rows, Session, Source, Statement, Table, Value, migrate, sqlite};
use support::{Books, at, balance, party, post, run};

fn budget(writer: &mut Writer, n: u8, campaign: CampaignId, minor: i64) {
    let change = Change { budget_minor: Some(Some(minor)), ..Change::default() };
    let item = CampaignEdit { campaign, if_version: None, change };
    run(writer, ChangeCampaigns { party: party(n), items: vec![item], single: true }).unwrap();
}

fn told(books: &Books, n: u8, kind: &str) -> usize {
    let rows = feed::events(books.reader().as_mut(), feed::Places::default(), 1_000).unwrap().0;
    rows.iter().filter(|row| row.party == party(n) && row.kind == kind).count()
}

/// Moves the clock to an instant.
fn go(books: &Books, text: &str) {
    books.clock.set_offset(books.clock.offset() + at(text).0 - books.clock.business().0);
}

#[test]
fn money_that_comes_back_pays_what_is_owed_first_a3_a8() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 300, 3_000);
        let now = books.clock.business();
        assert_eq!(
            charge(&mut writer, vec![click("a", id, now, 200), click("b", id, now, 250)]),
            ["200", "250"]
        );
        let stands = |writer: &mut Writer| (balance(writer, &cash(1)).0, balance(writer, &arrears(1)).0);
        assert_eq!(stands(&mut writer), (0, 150));
        // The click was paid in cash; what comes back for it pays what the other one owes.
        assert_eq!(credit(&mut writer, 1, &["a"]), ["200 lost 0"]);
        assert_eq!(stands(&mut writer), (50, 0));
        let row = account(books, 1);
        assert_eq!((row.arrears_since, row.stopped_at), (None, None));
        proven(books);
    });
}

#[test]
fn an_alert_looks_at_money_that_comes_by_any_way_a10() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000, 0);
        let row = AdAccountRow { low_minor: 500, ..account(books, 1) };
        run(&mut writer, Plant { accounts: vec![row], ..Plant::default() }).unwrap();
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("a", id, now, 600)]), ["600"]);
        assert_eq!((told(books, 1, "ads.balance_low"), account(books, 1).low_told), (1, true));
        // Above the threshold again, by a credit.
        assert_eq!(credit(&mut writer, 1, &["a"]), ["600 lost 0"]);
        assert!(!account(books, 1).low_told);
        assert_eq!(charge(&mut writer, vec![click("b", id, now, 600)]), ["600"]);
        assert_eq!(told(books, 1, "ads.balance_low"), 2);
        proven(books);
    });
}

#[test]
fn a_day_is_credited_by_its_own_highest_budget_a7() {
    Books::each(|books| {
        let mut writer = books.writer();
        let ids = [1, 2, 3].map(|n| advertiser(books, &mut writer, n, 100_000, 4_000));
        let day: Date = Date::constant(2026, 3, 2);
        let noon = books.clock.business();
        // One has charged something on the day, one raises its budget and one lowers it after midnight.
        assert_eq!(charge(&mut writer, vec![click("first", ids[0], noon, 100)]), ["100"]);
        go(books, "2026-03-03T00:02:00+08:00");
        budget(&mut writer, 1, ids[0], 9_000);
        budget(&mut writer, 2, ids[1], 9_000);
        budget(&mut writer, 3, ids[2], 3_000);
        budget(&mut writer, 3, ids[2], 8_000);
        let late = at("2026-03-02T23:59:50+08:00");
        for (n, id) in ids.into_iter().enumerate() {
            assert_eq!(charge(&mut writer, vec![click(&format!("late-{n}"), id, late, 5_000)]), ["5000"]);
        }
        for n in 1..=3 {
            assert_eq!(told(books, n, "ads.budget_stopped"), 0, "a day that is over stops nothing");
        }
        go(books, "2026-03-03T00:10:00+08:00");
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        let credited = |n: usize| {
            let row = stored::<AdBudgetDayRow>(books, &(ids[n], day)).unwrap();
            (row.highest, row.credited, row.closed)
        };
        assert_eq!(
            [credited(0), credited(1), credited(2)],
            [(4_000, 1_100, true), (4_000, 1_000, true), (4_000, 1_000, true)]
        );
        proven(books);
    });
}

#[test]
fn a_click_ahead_of_the_clock_has_the_budget_of_its_own_day_a7() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 100_000, 9_000);
        go(books, "2026-03-02T23:58:00+08:00");
        let ahead = at("2026-03-03T00:01:00+08:00");
        assert_eq!(charge(&mut writer, vec![click("ahead", id, ahead, 100)]), ["100"]);
        budget(&mut writer, 1, id, 4_000);
        let tomorrow = stored::<AdBudgetDayRow>(books, &(id, Date::constant(2026, 3, 3))).unwrap();
        let today = stored::<AdBudgetDayRow>(books, &(id, Date::constant(2026, 3, 2))).unwrap();
        assert_eq!((tomorrow.highest, today.highest), (4_000, 9_000));
        proven(books);
    });
}

#[test]
fn a_click_undone_after_its_day_takes_nothing_out_of_grants_a8() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 3_500, 3_000);
        let now = books.clock.business();
        give(&mut writer, account(books, 1), now, 500);
        // 500 of the grant, 2,400 of cash; then 1,000 of cash.
        let clicks = vec![click("a", id, now, 2_900), click("b", id, now, 1_000)];
        assert_eq!(charge(&mut writer, clicks), ["2900", "1000"]);
        go(books, "2026-03-03T00:10:00+08:00");
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        let left = |writer: &mut Writer| {
            (balance(writer, &cash(1)).0, balance(writer, &grant(1, AdGrantId(Uid([1; 16])))).0)
        };
        assert_eq!(left(&mut writer), (1_000, 0), "900 of cash were above the budget");
        // Both undone: the cash is as it was, and the grant too.
        assert_eq!(credit(&mut writer, 1, &["b"]), ["100 lost 900"]);
        assert_eq!(left(&mut writer), (1_100, 0));
        assert_eq!(credit(&mut writer, 1, &["a"]), ["2900 lost 0"]);
        assert_eq!(left(&mut writer), (3_500, 500));
        proven(books);
    });
}

#[test]
fn a_click_undone_takes_from_a_grant_that_did_not_pay_for_it_and_has_ended_a8() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 3_600, 3_000);
        let now = books.clock.business();
        give(&mut writer, account(books, 1), now, 2_950);
        // All of the grant; then cash, of which the day's end gives back what is above the budget.
        let clicks = vec![click("a", id, now, 2_950), click("b", id, now, 3_600)];
        assert_eq!(charge(&mut writer, clicks), ["2950", "3600"]);
        go(books, "2026-03-03T00:10:00+08:00");
        run(&mut writer, CloseAdDays { limit: 10 }).unwrap();
        let left = |writer: &mut Writer| balance(writer, &cash(1)).0;
        assert_eq!(left(&mut writer), 3_550);
        // Used up, and ended.
        go(books, "2026-04-02T12:00:00+08:00");
        let ended = ExpireGrants::plan(books.reader().as_mut(), books.clock.business()).unwrap();
        run(&mut writer, ended).unwrap();
        assert_eq!(credit(&mut writer, 1, &["a"]).len(), 1);
        // What is left of the day is the grant's, which paid for the other click.
        assert_eq!(credit(&mut writer, 1, &["b"]).len(), 1);
        proven(books);
    });
}

/// Gives a grant as another command would: its row, its count and its money.
fn give(writer: &mut Writer, known: AdAccountRow, now: Timestamp, minor: i64) {
    let (id, target) = (AdGrantId(Uid([1; 16])), known.party);
    let row = AdGrantRow {
        party: target,
        id,
        amount: minor,
        given_at: now,
        expires_at: Some(now.plus(30 * DAY)),
        reason: "welcome".to_owned(),
        asked_by: String::new(),
        approved_by: String::new(),
        ended_at: None,
        lost: 0,
    };
    let accounts = vec![AdAccountRow { grants: known.grants + 1, ..known }];
    run(writer, Plant { accounts, grants: vec![row], ..Plant::default() }).unwrap();
    let expense = AccountRef::platform(AccountKind::ExpenseGrants, CNY);
    post(writer, Step::Post, &expense, &grant(target.0.0[0], id), minor);
}

type Meanwhile = Box<dyn FnOnce() + Send>;

/// A command, and what another server does once it has declared what it reads.
struct Between<C>(C, Mutex<Option<Meanwhile>>);

impl<C> Between<C> {
    fn new(command: C, meanwhile: impl FnOnce() + Send + 'static) -> Self {
        Self(command, Mutex::new(Some(Box::new(meanwhile))))
    }
}

impl<C: Command> Command for Between<C> {
    type Output = C::Output;
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.0.needs(needs, ctx);
        if let Some(meanwhile) = self.1.lock().unwrap().take() {
            meanwhile();
        }
    }
    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<C::Output, Rejection> {
        self.0.decide(tx, ctx)
    }
}

#[test]
fn what_another_server_does_between_look_and_lock_is_seen_a1_a8() {
    Books::each(|books| {
        if !books.is_shared() {
            // Nobody else can write to a file.
            return;
        }
        let mut writer = books.writer();
        let id = advertiser(books, &mut writer, 1, 1_000, 0);
        let now = books.clock.business();
        let text = |outcome: ClickOutcome| {
            outcome.map_or_else(|no| no.code.to_owned(), |c| c.amount_minor.to_string())
        };
        // It has looked for grants, and remembers that there are none.
        assert_eq!(charge(&mut writer, vec![click("before", id, now, 100)]), ["100"]);
        // A grant is given: it pays before the cash does.
        let (mut other, known) = (books.writer(), account(books, 1));
        let command = Between::new(ChargeClicks::bulk(vec![click("a", id, now, 200)]), move || {
            give(&mut other, known, now, 500);
        });
        let outcomes: Vec<String> = run(&mut writer, command).unwrap().into_iter().map(text).collect();
        assert_eq!(outcomes, ["200"]);
        assert_eq!(balance(&mut writer, &cash(1)).0, 900);
        assert_eq!(balance(&mut writer, &grant(1, AdGrantId(Uid([1; 16])))).0, 300);
        // A click is charged: it is known, and whose it is.
        let mut other = books.writer();
        let undo =
            CreditInvalidClicks { party: party(1), clicks: vec!["b".into()], reason: "robots".to_owned() };
        let command = Between::new(undo, move || {
            assert_eq!(charge(&mut other, vec![click("b", id, now, 100)]), ["100"]);
        });
        let outcomes: Vec<InvalidOutcome> = run(&mut writer, command).unwrap();
        assert_eq!(outcomes[0].as_ref().map_err(|no| no.code), Ok(&(100, 0)));
        // A campaign is made: its clicks are refused as before, or charged, and nothing breaks.
        let (mut other, row) = (books.writer(), campaign(1, "young", 0, now.plus(HOUR)));
        let young = row.id;
        let command = Between::new(ChargeClicks::bulk(vec![click("c", young, now, 10)]), move || {
            run(&mut other, Plant { campaigns: vec![row], ..Plant::default() }).unwrap();
        });
        let outcomes: Vec<String> = run(&mut writer, command).unwrap().into_iter().map(text).collect();
        assert_eq!(outcomes, ["campaign_unknown"]);
        assert_eq!(charge(&mut writer, vec![click("c", young, now, 10)]), ["10"]);
        proven(books);
    });
}

/// Money comes by a transfer that staff say whose it is.
fn paid(writer: &mut Writer, party: PartyId, name: &str, amount_minor: i64) -> PaymentId {
    let record = RecordPayment {
        method: Method::Sandbox,
        rail_payment: name.to_owned(),
        order: None,
        amount_minor,
        paid_at: None,
        note: String::new(),
        from_rail: true,
        lease: None,
    };
    let payment = LocatedPayment::from(&run(writer, record).unwrap().payment);
    let id = payment.id;
    run(writer, AssignPayment { payment, party, order: None }).unwrap();
    id
}

#[test]
fn a_payment_of_meanwhile_lends_nothing_to_an_older_one_a12() {
    Books::each(|books| {
        let mut writer = books.writer();
        let profile = Profile {
            external_id: "adv".to_owned(),
            display_name: "Advertiser".to_owned(),
            roles: Roles::NONE.with(Role::Advertiser),
            legal_form: LegalForm::Enterprise,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        let party = run(&mut writer, RegisterParty(profile)).unwrap().id;
        let old = paid(&mut writer, party, "old", 10_000);
        let wish = Change { budget_minor: Some(None), ..Change::default() };
        let (external_id, name, keywords) = ("c".to_owned(), "c".to_owned(), Vec::new());
        let campaign =
            run(&mut writer, CreateCampaign { party, external_id, name, wish, keywords }).unwrap().id;
        books.advance(HOUR);
        let now = books.clock.business();
        assert_eq!(charge(&mut writer, vec![click("all", campaign, now, 10_000)]), ["10000"]);
        let refund = RefundBalance { party, amount_minor: None };
        let done = if books.is_shared() {
            let mut other = books.writer();
            let command = Between::new(refund, move || {
                paid(&mut other, party, "young", 5_000);
            });
            run(&mut writer, command).unwrap()
        } else {
            paid(&mut writer, party, "young", 5_000);
            run(&mut writer, refund).unwrap()
        };
        let shares: Vec<(PaymentId, i64)> =
            done.refunds.iter().map(|one| (one.payment.id, one.refund.amount)).collect();
        assert_eq!(shares, [(payment_id(Method::Sandbox, "young"), 5_000)]);
        assert_ne!(shares[0].0, old);
        proven(books);
    });
}

/// Counts how often something is read.
struct Counted(sqlite::SqliteSession, Arc<AtomicUsize>);

impl Session for Counted {
    fn engine(&self) -> &'static str {
        self.0.engine()
    }
    fn exclusive(&self) -> bool {
        self.0.exclusive()
    }
    fn begin(&mut self) -> Result<(), Fault> {
        self.0.begin()
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
        self.1.fetch_add(1, Ordering::Relaxed);
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
    fn query(
        &mut self,
        statement: &'static Statement,
        params: &[Value<'_>],
        each: &mut dyn FnMut(&dyn Source) -> bool,
    ) -> Result<(), Fault> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.query(statement, params, each)
    }
    fn execute(&mut self, statement: &'static Statement, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.0.execute(statement, params)
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

#[test]
fn single_clicks_of_a_group_read_together_a7() {
    let books = Books::file();
    let count = Arc::new(AtomicUsize::new(0));
    let path = books.dir.path().join("purser.db");
    let mut session = sqlite::open_writer(&path, &sqlite::Options::default()).unwrap();
    migrate::migrate(&mut session).unwrap();
    let session = Box::new(Counted(session, Arc::clone(&count)));
    let (ids, rules) = (IdSource::system(), RulesSource::builtin());
    let mut writer =
        Writer::open(session, books.clock.clone(), Zone::shanghai(), ids, rules, "test").unwrap();
    let campaigns: Vec<CampaignId> = (1..=30).map(|n| advertiser(&books, &mut writer, n, 1_000, 0)).collect();
    let now = books.clock.business();
    let reads = |writer: &mut Writer, name: &str, campaigns: &[CampaignId]| {
        let before = count.load(Ordering::Relaxed);
        let job = |(n, campaign): (usize, &CampaignId)| {
            let command = ChargeClicks::single(click(&format!("{name}-{n:02}"), *campaign, now, 10));
            let done = |outcome: Result<Reply, _>| drop(outcome.unwrap());
            Job::new(
                command,
                Meta::system(),
                |outcome| {
                    assert!(outcome.is_ok(), "{outcome:?}");
                    Reply::default()
                },
                done,
            )
        };
        writer.execute(campaigns.iter().enumerate().map(job).collect());
        count.load(Ordering::Relaxed) - before
    };
    // The first ones look for what is remembered from then on.
    assert!(reads(&mut writer, "a", &campaigns) > 30);
    let one = reads(&mut writer, "b", &campaigns[..1]);
    assert_eq!(reads(&mut writer, "c", &campaigns), one, "thirty clicks are read for as one is");
    assert_eq!((account(&books, 1).spent_today, account(&books, 30).spent_today), (30, 20));
    proven(&books);
}
