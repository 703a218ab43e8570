//! Creators' orders, withdrawals and what a rail says of them: commands for runs that are compared with each other, in
//! groups and one at a time, with faults and without (X1, X2, P10).

use std::{collections::BTreeMap, fmt::Write as _};

use purser_domain::{
    earnings::{Stage, TaskType},
    ids::{PartyId, Uid, WithdrawalId},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    policy::{DEFAULT_PACK, keys::REGISTRY},
    time::HOUR,
    withdrawals::{FailureClass, RailNumber, RailOutcome, Source},
};
use purser_engine::{
    AnyJob, Command, Job, Meta, Rejection, Reply,
    earnings::{ItemOutcome, OrderReport, ReportTaskOrders, Reported},
    identity::Given,
    ledger::TopUpFloat,
    parties::{ChangeParty, PartyChange, RegisterParty, party_id},
    rules::{EnterSandbox, RulesSource},
    withdrawals::{
        Asked, BindPayoutAccount, DispatchRail, Located, RecordRailOutcome, RequestWithdrawal, Requested,
        WithdrawalRow,
    },
};

use crate::{
    desk::{Batch, START},
    rng::Rng,
};

/// Creators of the world.
pub const CREATORS: u8 = 3;
/// Orders of the world; each belongs to the creator of its number.
const ORDERS: u64 = 18;
/// Withdrawals that an answer of the rail may be about, by their place in order of time.
const PLACES: u64 = 6;

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Orders, item by item: number, amount, and whether it is completed.
    Report(Vec<(u8, i64, bool)>),
    /// A creator asks for so much, or for all.
    Withdraw(u8, Option<i64>),
    /// The rail says something about the first slice of a withdrawal that was there when the hour began.
    Answer(usize, RailOutcome),
    /// No money out; or again.
    Freeze(u8, bool),
}

/// Rules under which a creator may withdraw at once.
///
/// # Panics
/// When there is no such policy key any more.
pub fn rules() -> RulesSource {
    let key = "withdrawal.first_steps_required";
    let row = REGISTRY.iter().find(|spec| spec.name == key).map(|spec| spec.row).expect("a policy key");
    let mut text = DEFAULT_PACK.to_owned();
    let _ = write!(
        text,
        "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2000-01-02\"\nvalue = false\nsource = \"test\"\n"
    );
    RulesSource { first_pack: ("sim.toml".to_owned(), text), ..RulesSource::builtin() }
}

fn creator(number: u8) -> PartyId {
    party_id(&format!("sim-creator-{number}"))
}

/// What every run begins with, one after another.
pub fn prologue() -> Vec<Prologue> {
    let creators = (0..CREATORS).flat_map(|number| [Prologue::Creator(number), Prologue::Account(number)]);
    std::iter::once(Prologue::Sandbox).chain(creators).chain([Prologue::Float]).collect()
}

/// A step of [`prologue`].
#[derive(Debug, Clone, Copy)]
pub enum Prologue {
    /// Books without real money: only they have the sandbox's rail.
    Sandbox,
    /// A creator registers.
    Creator(u8),
    /// A creator's payout account.
    Account(u8),
    /// Float at the rail, less than everybody will want.
    Float,
}

impl Prologue {
    /// The job that runs it.
    pub fn job(self, batch: &mut Batch) -> Box<dyn AnyJob> {
        let meta = keyed(&format!("prologue {self:?}"));
        match self {
            Self::Sandbox => job(EnterSandbox, meta, batch, |()| "a sandbox".to_owned()),
            Self::Creator(number) => {
                let profile = Profile {
                    external_id: format!("sim-creator-{number}"),
                    display_name: format!("creator {number}"),
                    roles: [Role::Creator].into_iter().collect(),
                    legal_form: LegalForm::Individual,
                    class: AccountClass::Ordinary,
                    metadata: BTreeMap::new(),
                };
                job(RegisterParty(profile), meta, batch, |_| "registered".to_owned())
            }
            Self::Account(number) => {
                let account = BindPayoutAccount::sandbox(creator(number), &format!("{number}.ok"));
                job(account, meta, batch, |_| "bound".to_owned())
            }
            Self::Float => {
                let (rail, reference) = ("sandbox".to_owned(), "sim".to_owned());
                let top_up = TopUpFloat { rail, reference, amount_minor: 150_000, currency: Currency::CNY };
                job(top_up, meta, batch, |_| "topped up".to_owned())
            }
        }
    }
}

impl Act {
    /// The next command.
    pub fn random(rng: &mut Rng) -> Self {
        let number = u8::try_from(rng.below(CREATORS.into())).unwrap_or(0);
        match rng.below(12) {
            0..=3 => {
                let count = 1 + rng.below(4);
                let order = |rng: &mut Rng| u8::try_from(rng.below(ORDERS)).unwrap_or(0);
                let amount = |rng: &mut Rng| 10_000 + 10_000 * rng.below(5).cast_signed();
                Self::Report((0..count).map(|_| (order(rng), amount(rng), !rng.one_in(4))).collect())
            }
            4..=6 => {
                Self::Withdraw(number, (!rng.one_in(3)).then(|| 1_000 + rng.below(40_000).cast_signed()))
            }
            7..=10 => Self::Answer(usize::try_from(rng.below(PLACES)).unwrap_or(0), outcome(rng)),
            _ => Self::Freeze(number, rng.one_in(2)),
        }
    }

    /// The job that runs it under a key of its own. `known`: the withdrawals that were there when the hour began, in
    /// order of time.
    pub fn job(&self, key: &str, known: &[WithdrawalRow], batch: &mut Batch) -> Box<dyn AnyJob> {
        let meta = keyed(key);
        match self {
            Self::Report(orders) => {
                let items = orders.iter().map(report).collect();
                job(ReportTaskOrders { items, single: false }, meta, batch, |items| {
                    let word = |item: &ItemOutcome| match item {
                        Ok((row, changed)) => format!("{} {changed}", row.status),
                        Err(no) => no.code.to_owned(),
                    };
                    items.iter().map(word).collect::<Vec<_>>().join(", ")
                })
            }
            Self::Withdraw(number, amount_minor) => {
                let request = RequestWithdrawal {
                    party: creator(*number),
                    asked: Asked::Earnings,
                    amount_minor: *amount_minor,
                    currency: Currency::CNY,
                    destination: None,
                    code: Given::Waived,
                    person: None,
                    metadata: Metadata::new(),
                    dry_run: false,
                };
                job(request, meta, batch, |asked| match asked {
                    Requested::Accepted(row) => said(row),
                    Requested::Looked(_) => "looked".to_owned(),
                })
            }
            Self::Answer(place, outcome) => {
                let located = known.get(*place).map_or_else(nobody, Located::from);
                let slice = RailNumber::first(1);
                let answer =
                    RecordRailOutcome { located, slice, outcome: outcome.clone(), seen: None, lease: None };
                job(answer, meta, batch, said)
            }
            Self::Freeze(number, frozen) => {
                let change =
                    if *frozen { PartyChange::Freeze("looked at".to_owned()) } else { PartyChange::Unfreeze };
                let command = ChangeParty { id: creator(*number), change, if_version: None };
                job(command, meta, batch, |row| row.status.clone())
            }
        }
    }
}

/// Gives what is due to the rail.
pub fn dispatch(key: &str, batch: &mut Batch) -> Box<dyn AnyJob> {
    let command = DispatchRail { rail: "sandbox".to_owned(), limit: 100, short_before: None };
    job(command, keyed(key), batch, |done| format!("{} sent, {} told", done.sent, done.told))
}

/// A withdrawal that does not exist.
fn nobody() -> Located {
    Located {
        id: WithdrawalId(Uid([3; 16])),
        party: creator(0),
        rail: "sandbox".to_owned(),
        requested_on: purser_domain::time::Zone::shanghai().date(START),
        source: Source::Earnings,
        case: None,
        asked_by: None,
    }
}

fn keyed(key: &str) -> Meta {
    Meta { client: Uid([9; 16]), key: Some(key.to_owned()), ..Meta::system() }
}

/// A withdrawal in an answer: nothing of it differs from run to run.
fn said(row: &WithdrawalRow) -> String {
    format!("{} {} {} {}", row.state, row.amount, row.fee, row.net)
}

fn job<C: Command>(
    command: C,
    meta: Meta,
    batch: &mut Batch,
    say: impl Fn(&C::Output) -> String + Send + 'static,
) -> Box<dyn AnyJob> {
    let render = move |outcome: &Result<C::Output, Rejection>| {
        let (status, body) = match outcome {
            Ok(output) => (200, say(output)),
            Err(no) => (422, no.code.to_owned()),
        };
        Reply { status, body: body.into_bytes(), replayed: false }
    };
    Job::new(command, meta, render, batch.slot())
}

fn report((number, amount_minor, done): &(u8, i64, bool)) -> OrderReport {
    let accepted_at = START.plus(-48 * HOUR);
    let status =
        if *done { Reported::Completed(START.plus(-HOUR)) } else { Reported::InProgress(Stage::NotStarted) };
    OrderReport {
        external_id: format!("sim-order-{number}"),
        creator: creator(number % CREATORS),
        task_type: TaskType::Video,
        title: String::new(),
        metadata: None,
        amount_minor: *amount_minor,
        currency: Currency::CNY,
        accepted_at,
        status,
    }
}

fn outcome(rng: &mut Rng) -> RailOutcome {
    let class = if rng.one_in(2) { FailureClass::PayeeFixable } else { FailureClass::PayeeBlocked };
    let code = "SIM".to_owned();
    match rng.below(10) {
        0..=3 => RailOutcome::Paid { rail_fee_minor: if rng.one_in(3) { 10 } else { 0 } },
        4 => RailOutcome::DefiniteFailure { class, code },
        5 => RailOutcome::Bounced { class, code },
        6 => RailOutcome::Unknown,
        7 => RailOutcome::Throttled,
        8 => RailOutcome::NotFound,
        _ => RailOutcome::PayerFundsShort,
    }
}
