//! History (P2): what pages, days, months and instants say agrees with a naive model of the same run.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod ledger_runs;

use std::collections::BTreeMap;

use ledger_runs::{Counting, PostgresDatabase, Run, START, party, platform, reader};
use proptest::prelude::*;
use purser_domain::{
    ids::AccountId,
    ledger::{AccountKind, Step},
    time::{Date, Timestamp, Zone},
};
use purser_engine::{
    history::{self, Cursor, Line},
    rows::AccountRow,
};
use purser_storage::{Keys, Lock, Record as _, Session};
use tempfile::TempDir;

/// Balances after every group, in order of time: what a history must reproduce.
#[derive(Default)]
struct Model(BTreeMap<AccountId, BTreeMap<Timestamp, i64>>);

impl Model {
    fn observe(&mut self, session: &mut dyn Session, accounts: &[AccountId], at: Timestamp) {
        session
            .load(AccountRow::TABLE, &Keys::<AccountRow>(accounts), Lock::None, &mut |row| {
                let account = AccountRow::read(row).0;
                self.0.entry(account.id).or_default().insert(at, account.posted);
            })
            .unwrap();
    }

    fn at(&self, account: AccountId, at: Timestamp) -> i64 {
        self.0.get(&account).and_then(|all| all.range(..=at).next_back()).map_or(0, |(_, balance)| *balance)
    }
}

fn every_line(session: &mut dyn Session, account: AccountId, limit: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut from: Option<Cursor> = None;
    loop {
        let page = history::page(session, account, from, limit).unwrap();
        assert!(page.lines.len() <= limit);
        lines.extend(page.lines);
        from = page.next;
        if from.is_none() {
            return lines;
        }
    }
}

fn check_account(session: &mut dyn Session, model: &Model, account: AccountId, end: Timestamp) {
    let zone = Zone::shanghai();
    let lines = every_line(session, account, 7);
    for pair in lines.windows(2) {
        assert_eq!(pair[0].balance_minor - pair[0].change_minor, pair[1].balance_minor, "{pair:?}");
    }
    let sum = |from: Timestamp, to: Timestamp| -> (i64, i64) {
        let of_day = lines.iter().filter(|l| l.transfer.at >= from && l.transfer.at < to);
        of_day.fold((0, 0), |(sum, count), line| (sum + line.change_minor, count + 1))
    };
    let mut date = zone.date(START).yesterday().unwrap();
    let mut months: Vec<Date> = Vec::new();
    while date <= zone.date(end).tomorrow().unwrap() {
        let (from, to) = (zone.start_of(date), zone.start_of(date.tomorrow().unwrap()));
        let day = history::day(session, &zone, account, date).unwrap();
        assert_eq!(day.opening_minor, model.at(account, from.plus(-1)), "{date}");
        assert_eq!(day.closing_minor, model.at(account, to.plus(-1)), "{date}");
        let (change, count) = sum(from, to);
        assert_eq!((day.opening_minor + change, day.entries), (day.closing_minor, count), "{date}");
        let mut shown = 0;
        let mut from = None;
        loop {
            let page = history::day_page(session, &zone, account, &day, from, 5).unwrap();
            shown += i64::try_from(page.lines.len()).unwrap();
            assert!(page.lines.iter().all(|l| zone.date(l.transfer.at) == date));
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(shown, count, "{date}");
        if months.last().is_none_or(|m| m.first_of_month() != date.first_of_month()) {
            months.push(date);
        }
        date = date.tomorrow().unwrap();
    }
    for date in months {
        let (first, next) = (date.first_of_month(), date.last_of_month().tomorrow().unwrap());
        let (from, to) = (zone.start_of(first), zone.start_of(next));
        let month = history::month(session, &zone, account, date.year(), date.month()).unwrap();
        assert_eq!(month.opening_minor, model.at(account, from.plus(-1)), "{first}");
        assert_eq!(month.closing_minor, model.at(account, to.plus(-1)), "{first}");
        let (change, count) = sum(from, to);
        assert_eq!((month.opening_minor + change, month.entries), (month.closing_minor, count), "{first}");
        assert!(
            month.days.windows(2).all(|d| d[0].closing_minor == d[1].opening_minor && d[0].day < d[1].day)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn days_months_and_instants_agree_with_a_model(seed in 1u64..1_000_000, lanes in 1u64..3) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("books.db");
        check_run(&mut Run::new(&path, seed, lanes), &mut reader(&path));
    }
}

#[test]
fn postgres_gives_the_same_history() {
    let Some(database) = PostgresDatabase::create() else { return };
    check_run(&mut database.run(5, 2), &mut database.reader());
}

/// Runs some groups and compares everything that a history says with the model.
fn check_run(run: &mut Run, session: &mut dyn Session) {
    let kinds = [AccountKind::ClientsClearing, AccountKind::PayoutsClearing, AccountKind::RevenueServiceFee];
    let mut accounts: Vec<AccountId> =
        (0..12).map(party).chain(kinds.map(platform)).map(|reference| reference.id()).collect();
    accounts.sort_unstable();
    let mut model = Model::default();
    let mut instants = vec![START];
    for _ in 0..60 {
        run.random_groups(1);
        let now = run.clock.business();
        model.observe(session, &accounts, now);
        instants.push(now);
    }
    for account in accounts {
        check_account(session, &model, account, run.clock.business());
        for at in instants.iter().flat_map(|at| [at.plus(-1), *at, at.plus(1), at.plus(3_600_000_000)]) {
            let balance = history::balance_at(session, &Zone::shanghai(), account, at).unwrap();
            assert_eq!(balance.posted_minor, model.at(account, at), "{account} at {at}");
        }
    }
}

#[test]
fn a_balance_among_200_000_lines_of_a_day_reads_about_a_thousand() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("books.db");
    let mut run = Run::new(&path, 7, 1);
    let (clearing, someone) = (platform(AccountKind::ClientsClearing), party(0));
    let accounts = [clearing.clone(), someone.clone()];
    let mut model = Model::default();
    let mut session = Counting::new(reader(&path));
    let mut total = 0;
    // A line on the day before, so that the busy day is not the first one.
    let first = run.request(Step::Post, &clearing, &someone, 5);
    run.post(0, vec![vec![first]], &accounts);
    model.observe(&mut session, &[someone.id()], run.clock.business());
    run.advance(86_400_000_000);
    for group in 0..400 {
        let requests = (0..500).map(|n| run.request(Step::Post, &clearing, &someone, n + 1)).collect();
        run.post(0, vec![requests], &accounts);
        total += 500;
        model.observe(&mut session, &[someone.id()], run.clock.business());
        run.advance(if group % 2 == 0 { 1 } else { 70_000_000 });
    }
    let zone = Zone::shanghai();
    let check = |session: &mut Counting| {
        let mut at = zone.start_of(zone.date(START));
        while at < zone.start_of(zone.date(START)).plus(3 * 86_400_000_000) {
            session.rows = 0;
            let balance = history::balance_at(session, &zone, someone.id(), at).unwrap();
            assert_eq!(balance.posted_minor, model.at(someone.id(), at), "{at}");
            let read = session.rows + balance.lines_read;
            assert!(read <= 1_060, "{read} rows were read for {at}");
            at = at.plus(1_234_567_890);
        }
    };
    check(&mut session);
    // The same once the day has its row.
    run.advance(5 * 86_400_000_000);
    let last = run.request(Step::Post, &clearing, &someone, 5);
    run.post(0, vec![vec![last]], &accounts);
    check(&mut session);
    let day = history::day(&mut session, &zone, someone.id(), zone.date(START).tomorrow().unwrap()).unwrap();
    assert_eq!(day.entries, total);
    session.rows = 0;
    let page = history::page(&mut session, someone.id(), None, 50).unwrap();
    assert_eq!((page.lines.len(), session.rows), (50, 51));
}

#[test]
fn what_does_not_exist_is_empty() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("books.db");
    let mut run = Run::new(&path, 9, 1);
    run.random_groups(5);
    let mut session = reader(&path);
    let (nobody, zone) = (party(999).id(), Zone::shanghai());
    assert_eq!(history::page(&mut session, nobody, None, 10).unwrap(), history::Page::default());
    assert_eq!(history::balance_at(&mut session, &zone, nobody, START).unwrap().posted_minor, 0);
    assert_eq!(history::month(&mut session, &zone, nobody, 2026, 1).unwrap().days, []);
    let clearing = platform(AccountKind::ClientsClearing).id();
    let foreign = Cursor(run.ids.next(START));
    assert_eq!(history::page(&mut session, clearing, Some(foreign), 10).unwrap().lines, []);
}
