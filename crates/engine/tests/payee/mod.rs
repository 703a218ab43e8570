//! A creator with earnings, float at the rail, and rails that do as a test wants.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{Books, balance, clearing, post, run};
use purser_domain::{
    ids::{PartyId, PayoutAccountId},
    ledger::{AccountKind, AccountRef, Step},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    withdrawals::{RailNumber, RailOutcome, rail_reference},
};
use purser_engine::{
    Writer,
    approvals::{Action, Decide, Propose},
    identity::Given,
    jobs::{self, Hands, Registry, RunError},
    ledger::TopUpFloat,
    parties::{ChangeParty, PartyChange, RegisterParty},
    ports::{PayoutOrder, Rail, RailNotice},
    rules::{EnterSandbox, PolicyActivation, RulesSource},
    withdrawals::{
        Asked, BindPayoutAccount, DispatchRail, Located, NoticeTaken, RecordRailNotice, RecordRailOutcome,
        RequestWithdrawal, Requested, WithdrawalRow, by_reference, withdrawal,
    },
};

/// A rail that pays and counts how often it is asked to.
pub(crate) struct Counting(pub(crate) Arc<AtomicUsize>);

impl Rail for Counting {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(RailOutcome::Paid { rail_fee_minor: 0 })
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        Ok(RailOutcome::Unknown)
    }
}

/// A rail that pays, and whose server dies before it can write that down.
pub(crate) struct Dying;

impl Rail for Dying {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        panic!("killed")
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        Ok(RailOutcome::Unknown)
    }
}

/// A rail that pays and notes what it is asked: the reference, and whether an earlier attempt may have reached it.
pub(crate) struct Noting(pub(crate) Arc<Mutex<Vec<(String, bool)>>>);

impl Rail for Noting {
    fn name(&self) -> &'static str {
        "sandbox"
    }
    fn send(&mut self, order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        self.0.lock().unwrap().push((order.reference.clone(), order.again));
        Ok(RailOutcome::Paid { rail_fee_minor: 0 })
    }
    fn query(&mut self, _order: &PayoutOrder, _hands: &mut Hands<'_>) -> Result<RailOutcome, RunError> {
        Ok(RailOutcome::Unknown)
    }
}

/// A creator with earnings and a payout account.
pub(crate) struct Desk<'b> {
    pub(crate) books: &'b Books,
    pub(crate) writer: Writer,
    pub(crate) creator: PartyId,
    pub(crate) top_ups: usize,
    pub(crate) packs: u32,
}

/// The default pack without first steps, and with entries more; key, row and value each.
pub(crate) fn pack(entries: &[[&str; 3]]) -> String {
    let steps = ["withdrawal.first_steps_required", "X4", "false"];
    let entry = |[key, row, value]: &[&str; 3]| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2000-01-02\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    let more: String = [steps].iter().chain(entries).map(entry).collect();
    format!("{DEFAULT_PACK}{more}")
}

impl<'b> Desk<'b> {
    pub(crate) fn on(books: &'b Books, earned: i64, float: i64) -> Self {
        Self::by(books, earned, float, &[])
    }

    /// With further entries of policy: key, row, value.
    pub(crate) fn by(books: &'b Books, earned: i64, float: i64, policy: &[[&str; 3]]) -> Self {
        let first_pack = ("test.toml".to_owned(), pack(policy));
        let mut writer = books.writer_by(RulesSource { first_pack, ..RulesSource::builtin() });
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
        let mut desk = Self { books, writer, creator, top_ups: 0, packs: 0 };
        let own = desk.own(AccountKind::Earnings);
        post(&mut desk.writer, Step::Post, &clearing(), &own, earned);
        desk.top_up(float);
        desk
    }

    pub(crate) fn own(&self, kind: AccountKind) -> AccountRef {
        AccountRef::party(self.creator, kind, Currency::CNY)
    }

    pub(crate) fn balance(&mut self, account: &AccountRef) -> i64 {
        balance(&mut self.writer, account).0
    }

    pub(crate) fn top_up(&mut self, amount_minor: i64) {
        self.top_ups += 1;
        let (rail, reference) = ("sandbox".to_owned(), format!("bank-{}", self.top_ups));
        let top_up = TopUpFloat { rail, reference, amount_minor, currency: Currency::CNY };
        run(&mut self.writer, top_up).unwrap();
    }

    /// Asks for an amount and hands it to the rail.
    pub(crate) fn sent(&mut self, amount_minor: i64) -> WithdrawalRow {
        let row = self.asked(amount_minor);
        assert_eq!(self.dispatch(), 1);
        row
    }

    pub(crate) fn asked(&mut self, amount_minor: i64) -> WithdrawalRow {
        self.asked_to(amount_minor, None)
    }

    pub(crate) fn asked_to(
        &mut self,
        amount_minor: i64,
        destination: Option<PayoutAccountId>,
    ) -> WithdrawalRow {
        let request = RequestWithdrawal {
            party: self.creator,
            asked: Asked::Earnings,
            amount_minor: Some(amount_minor),
            currency: Currency::CNY,
            destination,
            code: Given::Waived,
            person: None,
            metadata: Metadata::new(),
            dry_run: false,
        };
        let Requested::Accepted(row) = run(&mut self.writer, request).unwrap() else { panic!("accepted") };
        *row
    }

    pub(crate) fn dispatch(&mut self) -> usize {
        let dispatch = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
        run(&mut self.writer, dispatch).unwrap().sent
    }

    pub(crate) fn hear(&mut self, row: &WithdrawalRow, outcome: RailOutcome) -> String {
        let slice = self.number(row);
        let command =
            RecordRailOutcome { located: Located::from(row), slice, outcome, seen: None, lease: None };
        run(&mut self.writer, command).unwrap().state
    }

    /// Under which number the rail knows it now.
    pub(crate) fn number(&self, row: &WithdrawalRow) -> RailNumber {
        self.read(row).withdrawal().slices[0].rail_number()
    }

    pub(crate) fn notice(&mut self, row: &WithdrawalRow, outcome: RailOutcome) -> NoticeTaken {
        self.notice_of(row, RailNumber::first(1), outcome)
    }

    pub(crate) fn notice_of(
        &mut self,
        row: &WithdrawalRow,
        number: RailNumber,
        outcome: RailOutcome,
    ) -> NoticeTaken {
        let reference = rail_reference(row.id, number);
        let located = by_reference(self.books.reader().as_mut(), &reference).unwrap();
        let notice = RailNotice { reference, amount_minor: row.net, outcome };
        run(&mut self.writer, RecordRailNotice { rail: "sandbox", notice, located }).unwrap()
    }

    pub(crate) fn read(&self, row: &WithdrawalRow) -> WithdrawalRow {
        withdrawal(self.books.reader().as_mut(), row.id).unwrap().unwrap()
    }

    pub(crate) fn step(&mut self, registry: &mut Registry) -> usize {
        let mut reads = self.books.reader();
        jobs::run_due(&mut self.writer, reads.as_mut(), &self.books.clock, registry).unwrap()
    }

    /// Two people put a pack in force that has these entries more.
    pub(crate) fn policy(&mut self, entries: &[[&str; 3]]) {
        self.packs += 1;
        let activation = PolicyActivation::parse("test.toml", &pack(entries), self.packs).unwrap();
        let propose = Propose { action: Action::ActivatePolicy(activation), by: "staff:li".to_owned() };
        let id = run(&mut self.writer, propose).unwrap();
        run(&mut self.writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
    }

    pub(crate) fn change(&mut self, change: PartyChange) {
        run(&mut self.writer, ChangeParty { id: self.creator, change, if_version: None }).unwrap();
    }
}
