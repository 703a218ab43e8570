//! Rails that nobody reaches (P10): so many calls that cannot be sent put one out of order, the first answer puts it in
//! order; what is queued for one that no server serves moves.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use purser_domain::{
    ids::PartyId,
    ledger::{AccountKind, AccountRef, Step},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::MINUTE,
    withdrawals::{GateCode, RailOutcome, Reason},
};
use purser_engine::{
    Writer, feed,
    identity::Given,
    jobs::{self, Claimed, Hands, Registry, RunError},
    ledger::TopUpFloat,
    parties::RegisterParty,
    ports::{PayoutOrder, Rail},
    rules::{EnterSandbox, RulesSource},
    withdrawals::{
        Asked, BindPayoutAccount, ConnectRails, DispatchRail, RequestWithdrawal, Requested, SeeRails,
        WithdrawalRow, floats, rail_jobs, reroute_due, run_probe, run_send, withdrawal,
    },
};
use support::{Books, clearing, post, run};

/// A rail that pays, when it can be reached.
#[derive(Clone, Default)]
struct Line {
    there: Arc<AtomicBool>,
    refused: Arc<AtomicUsize>,
}

impl Line {
    fn answer<T>(&self, answer: T) -> Result<T, RunError> {
        if self.there.load(Ordering::Relaxed) {
            return Ok(answer);
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        Err(RunError::Unreached("nobody is there".to_owned()))
    }
}

impl Rail for Line {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.answer(RailOutcome::Paid { rail_fee_minor: 0 })
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.answer(RailOutcome::NotFound)
    }
    fn probe(&mut self, _hands: &mut Hands<'_>) -> Result<(), RunError> {
        self.answer(())
    }
}

/// Policy that routes accounts of the sandbox's kind over these rails, each up to an amount.
fn source(routes: &[&str], most: i64) -> RulesSource {
    let entry = |key: &str, row: &str, value: &str| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2000-01-02\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    let route = |rail: &&str| format!("{{ account = \"sandbox\", rail = \"{rail}\", most = {most} }}, ");
    let routes = routes.iter().map(route).collect::<Vec<_>>().concat();
    // A sandbox's own rail carries everything, unless it is switched off.
    let sandbox = routes.contains("sandbox\", most");
    let text = format!(
        "{DEFAULT_PACK}{}{}{}{}",
        entry("withdrawal.first_steps_required", "X4", "false"),
        entry("rail.bank_file.enabled", "P4", "true"),
        entry("rail.sandbox.enabled", "P4", if sandbox { "true" } else { "false" }),
        entry("payout.routing", "P10", &format!("[{routes}]"))
    );
    RulesSource { first_pack: ("test.toml".to_owned(), text), ..RulesSource::builtin() }
}

/// A creator who may withdraw to an account of the sandbox's kind.
fn creator(books: &Books, routes: &[&str]) -> (Writer, PartyId) {
    creator_up_to(books, routes, 100_000_000)
}

fn creator_up_to(books: &Books, routes: &[&str], most: i64) -> (Writer, PartyId) {
    let mut writer = books.writer_by(source(routes, most));
    run(&mut writer, EnterSandbox).unwrap();
    let profile = Profile {
        external_id: "lin".to_owned(),
        display_name: "Lin".to_owned(),
        roles: Roles::NONE.with(Role::Creator),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    let creator = run(&mut writer, RegisterParty(profile)).unwrap().id;
    run(&mut writer, BindPayoutAccount::sandbox(creator, "lin.ok")).unwrap();
    let own = AccountRef::party(creator, AccountKind::Earnings, Currency::CNY);
    post(&mut writer, Step::Post, &clearing(), &own, 100_000);
    for rail in ["sandbox", "bank-file"] {
        let (rail, reference) = (rail.to_owned(), format!("bank-{rail}"));
        run(&mut writer, TopUpFloat { rail, reference, amount_minor: 100_000, currency: Currency::CNY })
            .unwrap();
    }
    (writer, creator)
}

fn asked(writer: &mut Writer, party: PartyId) -> WithdrawalRow {
    let request = RequestWithdrawal {
        party,
        asked: Asked::Earnings,
        amount_minor: Some(10_000),
        currency: Currency::CNY,
        destination: None,
        code: Given::Waived,
        person: None,
        metadata: Metadata::new(),
        dry_run: false,
    };
    let Requested::Accepted(row) = run(writer, request).unwrap() else { panic!("accepted") };
    *row
}

fn healthy(books: &Books) -> bool {
    floats(books.reader().as_mut(), &["sandbox"], Currency::CNY).unwrap().remove(0).healthy
}

#[test]
fn calls_that_cannot_be_sent_put_a_rail_out_of_order_and_an_answer_in_order_p10() {
    Books::each(|books| {
        let (mut writer, creator) = creator(books, &["sandbox"]);
        let line = Line::default();
        let (mut rail, mut probe) = (line.clone(), line.clone());
        let jobs_of = rail_jobs("sandbox");
        let mut sends = Registry::new()
            .with_tireless(jobs_of.send, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_send(&mut rail, job, hands)
            });
        let mut probes = Registry::new()
            .with_tireless(jobs_of.probe, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_probe(&mut probe, job, hands)
            });
        let step = |writer: &mut Writer, registry: &mut Registry| {
            jobs::run_due(writer, books.reader().as_mut(), &books.clock, registry).unwrap()
        };
        let dispatch = |writer: &mut Writer| {
            let dispatch = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
            run(writer, dispatch).unwrap().sent
        };
        while line.refused.load(Ordering::Relaxed) < 3 {
            assert!(healthy(books), "once or twice is nothing");
            asked(&mut writer, creator);
            assert_eq!(dispatch(&mut writer), 1);
            step(&mut writer, &mut sends);
        }
        assert!(!healthy(books));
        // Nothing more is given to it, and it says why.
        let last = asked(&mut writer, creator);
        assert_eq!(dispatch(&mut writer), 0);
        let read = || withdrawal(books.reader().as_mut(), last.id).unwrap().unwrap();
        assert_eq!(read().withdrawal().reason, Some(Reason::Gate(GateCode::RailUnhealthy)));
        books.advance(MINUTE);
        assert_eq!(step(&mut writer, &mut probes), 1, "somebody looks");
        assert!(!healthy(books), "nobody is there");
        line.there.store(true, Ordering::Relaxed);
        books.advance(MINUTE);
        assert_eq!(step(&mut writer, &mut probes), 1);
        assert!(healthy(books), "the first answer");
        books.advance(MINUTE);
        assert_eq!(step(&mut writer, &mut probes), 0, "nobody looks any more");
        let (events, _) = feed::events(books.reader().as_mut(), feed::Places::default(), 200).unwrap();
        let told: Vec<&str> =
            events.iter().map(|event| event.kind.as_str()).filter(|kind| kind.starts_with("rail.")).collect();
        assert_eq!(told, ["rail.unreachable", "rail.reachable"]);
        assert_eq!(dispatch(&mut writer), 1);
        step(&mut writer, &mut sends);
        assert_eq!(read().state, "paid");
    });
}

#[test]
fn what_waits_for_a_rail_that_no_server_serves_moves_to_another_p10() {
    Books::each(|books| {
        let (mut writer, creator) = creator(books, &["bank-file", "sandbox"]);
        run(&mut writer, ConnectRails { rails: vec!["bank-file"], alone: false }).unwrap();
        let row = asked(&mut writer, creator);
        let read = || withdrawal(books.reader().as_mut(), row.id).unwrap().unwrap();
        let look = |writer: &mut Writer| {
            reroute_due(writer, books.reader().as_mut(), &books.clock, "bank-file").unwrap()
        };
        assert_eq!(
            (row.rail.as_str(), look(&mut writer)),
            ("bank-file", 0),
            "it is served: nobody else looks"
        );
        // No server has said for a while that it reaches it; one that comes back in time keeps it.
        books.tamper("UPDATE rails SET seen_at = 0");
        run(&mut writer, SeeRails(vec!["bank-file"])).unwrap();
        assert_eq!((look(&mut writer), read().rail.as_str()), (0, "bank-file"));
        books.tamper("UPDATE rails SET seen_at = 0");
        assert_eq!((look(&mut writer), read().rail.as_str()), (1, "sandbox"));
    });
}

#[test]
fn the_only_server_knows_that_nobody_else_reaches_a_rail_p10() {
    Books::each(|books| {
        let (mut writer, creator) = creator(books, &["bank-file"]);
        run(&mut writer, ConnectRails { rails: vec!["bank-file"], alone: true }).unwrap();
        let row = asked(&mut writer, creator);
        run(&mut writer, ConnectRails { rails: Vec::new(), alone: true }).unwrap();
        // There is no other way: it waits, and says why.
        let looked = reroute_due(&mut writer, books.reader().as_mut(), &books.clock, "bank-file").unwrap();
        let row = withdrawal(books.reader().as_mut(), row.id).unwrap().unwrap();
        assert_eq!((looked, row.rail.as_str(), row.state.as_str()), (1, "bank-file", "requested"));
        assert_eq!(row.withdrawal().reason, Some(Reason::Gate(GateCode::RailUnhealthy)));
    });
}

/// G, check 10: what every rail that could pay refuses only for its size is told the largest amount, not another account.
#[test]
fn an_amount_above_every_rail_is_told_the_largest_one_p10_g10() {
    Books::each(|books| {
        let (writer, creator) = creator_up_to(books, &["bank-file"], 50_000);
        drop(writer);
        // Outside a sandbox nobody carries what policy gives to no rail.
        books.tamper("DELETE FROM meta WHERE name = 'mode'");
        let mut writer = books.writer_by(source(&["bank-file"], 50_000));
        let request = |amount_minor: i64| RequestWithdrawal {
            party: creator,
            asked: Asked::Earnings,
            amount_minor: Some(amount_minor),
            currency: Currency::CNY,
            destination: None,
            code: Given::Waived,
            person: None,
            metadata: Metadata::new(),
            dry_run: false,
        };
        assert_eq!(support::code(run(&mut writer, request(100))), "destination_kind", "no server reaches it");
        run(&mut writer, ConnectRails { rails: vec!["bank-file"], alone: true }).unwrap();
        let no = run(&mut writer, request(50_001)).err().unwrap();
        assert_eq!((no.code, no.facts.get_int("bound_minor")), ("rail_amount_cap", Some(50_000)));
        assert!(no.facts.get_text("message_zh").unwrap().contains("最大金额"));
        run(&mut writer, request(50_000)).unwrap();
    });
}
