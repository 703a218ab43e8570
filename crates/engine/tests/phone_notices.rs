//! Notices to phones (P15), of withdrawals (X4) and of low balances (A10), on both databases: queued in the commit of the change, never in the way of the
//! money, given up after stated tries, told as refused where the service refuses.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use purser_domain::{
    ids::PartyId,
    ledger::{AccountKind, AccountRef, Step},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    withdrawals::RailOutcome,
};
use purser_engine::{
    Writer,
    ads::{AccountChange, ChangeAdAccount},
    feed::{Places, events},
    identity::{Given, OnboardSandboxParty},
    ids::IdSource,
    jobs::{self, Claimed, FreeJobs, Hands, Registry, RunError},
    ledger::TopUpFloat,
    parties::{ChangeParty, PartyChange, RegisterParty},
    ports::{Sender, Sent, TextMessage},
    rows::{JobRow, JobState},
    rules::{ConnectServices, EnterSandbox, Services},
    vault::Vault,
    withdrawals::{
        Asked, BindPayoutAccount, DispatchRail, Located, NOTICE_TRIES, RecordRailOutcome, RequestWithdrawal,
        Requested, SEND_NOTICE, WithdrawalRow, run_send_notice,
    },
};
use support::{Books, clearing, post, run};

/// What a service says to each message, and what it got.
struct Service {
    says: fn() -> Result<Sent, RunError>,
    got: Arc<Mutex<Vec<TextMessage>>>,
}

impl Sender for Service {
    fn send(&mut self, message: &TextMessage, _hands: &mut Hands<'_>) -> Result<Sent, RunError> {
        self.got.lock().unwrap().push(message.clone());
        (self.says)()
    }
}

struct Desk<'b> {
    books: &'b Books,
    writer: Writer,
    creator: PartyId,
    vault: Arc<Vault>,
    got: Arc<Mutex<Vec<TextMessage>>>,
}

impl<'b> Desk<'b> {
    /// A creator with a phone and money, on books of a sandbox.
    fn on(books: &'b Books) -> Self {
        let mut writer = books.writer();
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
        let mut ids = IdSource::system();
        let vault = Arc::new(Vault::read(&Vault::new_file(|| ids.secret())).unwrap());
        let steps = OnboardSandboxParty {
            vault: Arc::clone(&vault),
            party: creator,
            phone: Some("13800138000".to_owned()),
            name: None,
            number: None,
        };
        run(&mut writer, steps).unwrap();
        let own = AccountRef::party(creator, AccountKind::Earnings, Currency::CNY);
        post(&mut writer, Step::Post, &clearing(), &own, 100_000);
        let top_up = TopUpFloat {
            rail: "sandbox".to_owned(),
            reference: "bank-1".to_owned(),
            amount_minor: 100_000,
            currency: Currency::CNY,
        };
        run(&mut writer, top_up).unwrap();
        Self { books, writer, creator, vault, got: Arc::default() }
    }

    fn request(&mut self, amount_minor: i64) -> WithdrawalRow {
        let request = RequestWithdrawal {
            party: self.creator,
            asked: Asked::Earnings,
            amount_minor: Some(amount_minor),
            currency: Currency::CNY,
            destination: None,
            code: Given::Waived,
            person: None,
            metadata: Metadata::new(),
            dry_run: false,
        };
        let Requested::Accepted(row) = run(&mut self.writer, request).unwrap() else { panic!("accepted") };
        *row
    }

    fn pay(&mut self, row: &WithdrawalRow) -> String {
        let dispatch = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
        assert_eq!(run(&mut self.writer, dispatch).unwrap().sent, 1);
        let outcome = RailOutcome::Paid { rail_fee_minor: 0 };
        let command = RecordRailOutcome {
            located: Located::from(row),
            slice: 1.into(),
            outcome,
            seen: None,
            lease: None,
        };
        run(&mut self.writer, command).unwrap().state
    }

    fn notices(&self, state: JobState) -> Vec<JobRow> {
        let jobs = jobs::by_state(self.books.reader().as_mut(), state, 100).unwrap();
        jobs.into_iter().filter(|job| job.kind == SEND_NOTICE).collect()
    }

    /// One round of a service that says so to everything.
    fn step(&mut self, says: fn() -> Result<Sent, RunError>) -> usize {
        let mut service = Service { says, got: Arc::clone(&self.got) };
        let send = move |job: &Claimed, hands: &mut Hands<'_>| run_send_notice(&mut service, job, hands);
        let vault = Some(Arc::clone(&self.vault));
        let mut registry = Registry::new().with_tries(SEND_NOTICE, NOTICE_TRIES, send).with_vault(vault);
        let mut reads = self.books.reader();
        jobs::run_due(&mut self.writer, reads.as_mut(), &self.books.clock, &mut registry).unwrap()
    }

    fn events(&self, kind: &str) -> Vec<String> {
        let (rows, _) = events(self.books.reader().as_mut(), Places::default(), 10_000).unwrap();
        rows.into_iter().filter(|row| row.kind == kind).map(|row| row.facts.encoded().to_owned()).collect()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of the things that a service says")]
fn taken() -> Result<Sent, RunError> {
    Ok(Sent::Taken)
}

#[test]
fn notices_say_amount_and_state_to_the_bound_phone_x4_p15() {
    Books::each(|books| {
        let mut desk = Desk::on(books);
        let row = desk.request(10_000);
        assert_eq!(desk.pay(&row), "paid");
        let queued = desk.notices(JobState::Ready);
        assert_eq!(queued.len(), 2, "one for each state that a phone is told of");
        for job in &queued {
            let payload = job.payload.encoded();
            assert!(payload.contains("138****8000") && !payload.contains("13800138000"), "{payload}");
            assert!(!payload.contains("lin.ok"), "{payload}");
        }
        assert_eq!(desk.step(taken), 2);
        assert_eq!(desk.step(taken), 0);
        let got = desk.got.lock().unwrap().clone();
        let said: Vec<(&str, &str, Option<&str>)> =
            got.iter().map(|m| (m.purpose.as_str(), m.to.as_str(), m.code.as_deref())).collect();
        assert_eq!(
            said,
            [("withdrawal.requested", "13800138000", None), ("withdrawal.paid", "13800138000", None)]
        );
        assert!(got[1].text_zh.contains("100.00元") && got[1].text_en.contains("CNY 100.00"));
        assert!(got[0].id().starts_with("ntc_") && got[0].reference != got[1].reference);
    });
}

#[test]
fn a_low_balance_is_told_to_the_bound_phone_and_to_none_where_none_is_a10_p15() {
    Books::each(|books| {
        let mut desk = Desk::on(books);
        let profile = |name: &str| Profile {
            external_id: name.to_owned(),
            display_name: name.to_owned(),
            roles: Roles::NONE.with(Role::Advertiser).with(Role::Creator),
            legal_form: LegalForm::Individual,
            class: AccountClass::Ordinary,
            metadata: BTreeMap::new(),
        };
        let change = PartyChange::Update(profile("lin"));
        run(&mut desk.writer, ChangeParty { id: desk.creator, change, if_version: None }).unwrap();
        let silent = run(&mut desk.writer, RegisterParty(profile("silent"))).unwrap().id;
        for party in [desk.creator, silent] {
            let change = AccountChange { low_minor: Some(30_000), ..AccountChange::default() };
            run(&mut desk.writer, ChangeAdAccount { party, if_version: None, change }).unwrap();
        }
        assert_eq!(desk.step(taken), 2);
        let got = desk.got.lock().unwrap().clone();
        assert_eq!(got.len(), 1, "nobody is bound to the other one");
        assert_eq!((got[0].purpose.as_str(), got[0].to.as_str()), ("ads.balance_low", "13800138000"));
        assert!(
            got[0].text_zh.contains("0.00元") && got[0].text_zh.contains("300.00元"),
            "{}",
            got[0].text_zh
        );
        assert!(got[0].text_en.contains("CNY 300.00"), "{}", got[0].text_en);
        assert_eq!(desk.notices(JobState::Done).len(), 2);
    });
}

#[test]
fn a_service_that_is_down_holds_up_no_money_and_is_given_up_p15() {
    fn down() -> Result<Sent, RunError> {
        Err(RunError::Failed("no connection".to_owned()))
    }
    Books::each(|books| {
        let mut desk = Desk::on(books);
        let row = desk.request(10_000);
        assert_eq!(desk.step(down), 1);
        assert_eq!(desk.pay(&row), "paid", "whatever becomes of the notice");
        assert_eq!(desk.step(down), 1, "the second notice; the first one pauses");
        let all: Vec<_> = desk.notices(JobState::Ready).iter().map(|job| job.id).collect();
        for _ in 2..=NOTICE_TRIES {
            run(&mut desk.writer, FreeJobs { jobs: all.clone() }).unwrap();
            assert_eq!(desk.step(down), 2);
        }
        assert_eq!((desk.notices(JobState::Ready).len(), desk.notices(JobState::Failed).len()), (0, 2));
        assert_eq!(desk.events("job.failed").len(), 2);
        let got = desk.got.lock().unwrap();
        let first: Vec<_> = got.iter().filter(|m| m.purpose == "withdrawal.requested").collect();
        assert!(first.iter().all(|message| **message == *first[0]), "the same message each time");
        assert_eq!(i64::try_from(first.len()).unwrap(), NOTICE_TRIES);
    });
}

#[test]
fn what_the_service_refuses_is_told_and_not_tried_again_p15() {
    Books::each(|books| {
        let mut desk = Desk::on(books);
        desk.request(10_000);
        assert_eq!(desk.step(|| Ok(Sent::Refused("number_unreachable".to_owned()))), 1);
        assert_eq!(desk.step(taken), 0);
        assert_eq!(desk.notices(JobState::Done).len(), 1);
        let told = desk.events("notice.not_sent");
        assert!(told.len() == 1 && told[0].contains("number_unreachable"), "{told:?}");
        assert!(told[0].contains("138****8000"), "{told:?}");
    });
}

/// Live books tell phones once a service is connected; until then nothing is queued, so nothing waits for ever.
#[test]
fn books_without_a_service_queue_nothing_p15() {
    Books::each(|books| {
        let mut writer = books.writer();
        let reached = |writer: &Writer| writer.rules().read().unwrap().sends_messages();
        assert!(!reached(&writer));
        let services = Services { sender: true, verifier: false };
        run(&mut writer, ConnectServices { services, only: false }).unwrap();
        run(&mut writer, ConnectServices { services: Services::default(), only: false }).unwrap();
        assert!(reached(&writer), "another server may reach it");
        run(&mut writer, ConnectServices { services: Services::default(), only: true }).unwrap();
        run(&mut writer, ConnectServices { services: Services::default(), only: true }).unwrap();
        assert!(!reached(&writer));
    });
}
