//! What people and the platform's systems do, as commands under keys of their own: sent again until there is an answer.

use std::{collections::BTreeMap, fmt::Write as _};

use purser_domain::{
    earnings::TaskType,
    ids::{ApprovalId, JobId, PartyId, PayoutAccountId, Uid, WithdrawalId},
    metadata::Metadata,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role},
    policy::{DEFAULT_PACK, keys::REGISTRY},
    time::{HOUR, Timestamp},
    withdrawals::RailNumber,
};
use purser_engine::{
    AnyJob, Command, Job, Meta, Rejection, Reply,
    approvals::{Action, Decide, Propose},
    earnings::{OrderReport, ReportTaskOrders, Reported},
    identity::Given,
    jobs::FreeJobs,
    ledger::TopUpFloat,
    parties::{ChangeParty, PartyChange, RegisterParty, party_id},
    ports::RailNotice,
    rules::{EnterSandbox, RulesSource},
    withdrawals::{
        Asked, BindPayoutAccount, ChangePayoutAccount, DecideReview, Located, PayoutAccountChange,
        PayoutInquiry, RecordRailNotice, ReopenRail, RequestWithdrawal, Requested, Review,
    },
};

use crate::desk::Batch;

/// Creators of a run.
pub(super) const CREATORS: usize = 4;
/// Above this a payout is cut.
pub(super) const SLICE_MINOR: i64 = 20_000;

/// One thing that is done.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// The books become a sandbox's.
    Found,
    /// A creator registers.
    Register(usize),
    /// A creator names an account; the number never was one before.
    Bind(usize, u32),
    /// A creator takes an account away.
    Unbind(usize, PayoutAccountId),
    /// An order is completed: number, amount.
    Earn(usize, u32, i64, Timestamp),
    /// A creator asks for so much, or for all.
    Withdraw(usize, Option<i64>),
    /// A creator calls one off.
    Cancel(Located),
    /// Staff.
    Freeze(usize, bool),
    /// The platform pays into the rail.
    TopUp(i64, u32),
    /// The rail tells something by itself.
    Notice(RailNotice, Option<(Located, RailNumber)>),
    /// Somebody proposes what was found out.
    Propose(Box<PayoutInquiry>),
    /// Somebody else agrees.
    Approve(ApprovalId),
    /// What waits after a failure, or was claimed by a server that died, is due at once.
    Free(Vec<JobId>),
    /// Staff opens the rail.
    Reopen,
}

/// A creator's id.
pub(super) fn creator(number: usize) -> PartyId {
    party_id(&format!("sim-payday-{number}"))
}

/// Rules under which a creator may withdraw at once, in parts of [`SLICE_MINOR`].
///
/// # Panics
/// When there are no such policy keys any more.
pub(super) fn rules() -> RulesSource {
    let mut text = DEFAULT_PACK.to_owned();
    for (key, value) in [
        ("withdrawal.first_steps_required", "false".to_owned()),
        ("rail.sandbox.single_limit", SLICE_MINOR.to_string()),
        ("payout_account.cooling_off", "0".to_owned()),
    ] {
        let row = REGISTRY.iter().find(|spec| spec.name == key).map(|spec| spec.row).expect("a policy key");
        let _ = write!(
            text,
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2000-01-02\"\nvalue = {value}\nsource = \"test\"\n"
        );
    }
    RulesSource { first_pack: ("sim.toml".to_owned(), text), ..RulesSource::builtin() }
}

impl Act {
    /// The job that does it; what it came to goes to the next slot of `batch`.
    pub(super) fn job(&self, key: &str, batch: &mut Batch) -> Box<dyn AnyJob> {
        match self.clone() {
            Self::Found => job(EnterSandbox, key, batch, |()| "a sandbox".to_owned()),
            Self::Register(number) => {
                job(RegisterParty(profile(number)), key, batch, |row| row.id.to_string())
            }
            Self::Bind(number, serial) => {
                let account = BindPayoutAccount::sandbox(creator(number), &format!("{number}-{serial}.ok"));
                job(account, key, batch, |bound| bound.row.id.to_string())
            }
            Self::Unbind(number, id) => {
                let (change, code) = (PayoutAccountChange::Unbind, Given::Waived);
                let command = ChangePayoutAccount { party: creator(number), id, change, code };
                job(command, key, batch, |_| "gone".to_owned())
            }
            Self::Earn(number, order, amount_minor, at) => {
                let items = vec![earned(number, order, amount_minor, at)];
                job(ReportTaskOrders { items, single: true }, key, batch, |_| "earned".to_owned())
            }
            Self::Withdraw(number, amount_minor) => {
                job(request(number, amount_minor), key, batch, |asked| match asked {
                    Requested::Accepted(row) => format!("{} {}", row.id, row.amount),
                    Requested::Looked(_) => "looked".to_owned(),
                })
            }
            Self::Cancel(located) => {
                let command = DecideReview { located, review: Review::Cancel(None) };
                job(command, key, batch, |row| row.state.clone())
            }
            Self::Freeze(number, frozen) => {
                let change =
                    if frozen { PartyChange::Freeze("looked at".to_owned()) } else { PartyChange::Unfreeze };
                let command = ChangeParty { id: creator(number), change, if_version: None };
                job(command, key, batch, |row| row.status.clone())
            }
            Self::TopUp(amount_minor, serial) => {
                let (rail, reference) = ("sandbox".to_owned(), format!("sim {serial}"));
                let top_up = TopUpFloat { rail, reference, amount_minor, currency: Currency::CNY };
                job(top_up, key, batch, |_| "topped up".to_owned())
            }
            Self::Notice(notice, located) => {
                job(RecordRailNotice { rail: "sandbox", notice, located }, key, batch, |taken| {
                    format!("{taken:?}")
                })
            }
            Self::Propose(inquiry) => {
                let propose = Propose { action: Action::PayoutInquiry(*inquiry), by: "staff:li".to_owned() };
                job(propose, key, batch, ToString::to_string)
            }
            Self::Approve(id) => {
                let decide = Decide { id, approve: true, by: "staff:wang".to_owned() };
                job(decide, key, batch, |_| "decided".to_owned())
            }
            Self::Free(jobs) => job(FreeJobs { jobs }, key, batch, |_| "due".to_owned()),
            Self::Reopen => job(ReopenRail { rail: "sandbox".to_owned() }, key, batch, |_| "open".to_owned()),
        }
    }
}

fn profile(number: usize) -> Profile {
    Profile {
        external_id: format!("sim-payday-{number}"),
        display_name: format!("creator {number}"),
        roles: [Role::Creator].into_iter().collect(),
        legal_form: LegalForm::Individual,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    }
}

fn earned(number: usize, order: u32, amount_minor: i64, at: Timestamp) -> OrderReport {
    OrderReport {
        external_id: format!("sim-payday-order-{order}"),
        creator: creator(number),
        task_type: TaskType::Video,
        title: String::new(),
        metadata: None,
        amount_minor,
        currency: Currency::CNY,
        accepted_at: at.plus(-48 * HOUR),
        status: Reported::Completed(at.plus(-HOUR)),
    }
}

fn request(number: usize, amount_minor: Option<i64>) -> RequestWithdrawal {
    RequestWithdrawal {
        party: creator(number),
        asked: Asked::Earnings,
        amount_minor,
        currency: Currency::CNY,
        destination: None,
        code: Given::Waived,
        person: None,
        metadata: Metadata::new(),
        dry_run: false,
    }
}

/// A withdrawal and its amount, as an accepted request says them.
pub(super) fn accepted(said: &str) -> Option<(WithdrawalId, i64)> {
    let (id, amount) = said.split_once(' ')?;
    Some((id.parse().ok()?, amount.parse().ok()?))
}

fn job<C: Command>(
    command: C,
    key: &str,
    batch: &mut Batch,
    say: impl Fn(&C::Output) -> String + Send + 'static,
) -> Box<dyn AnyJob> {
    let meta = Meta { client: Uid([8; 16]), key: Some(key.to_owned()), ..Meta::system() };
    let render = move |outcome: &Result<C::Output, Rejection>| {
        let (status, body) = match outcome {
            Ok(output) => (200, say(output)),
            Err(no) => (422, no.code.to_owned()),
        };
        Reply { status, body: body.into_bytes(), replayed: false }
    };
    Job::new(command, meta, render, batch.slot())
}
