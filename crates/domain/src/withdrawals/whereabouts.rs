//! "Where is my money" of a whole party (P14): what is there, what holds it back, what is under way, what is to come.

use super::checks::{CheckResult, Refused, Step};
use super::{Actor, DryRun, GateCode, NextStep, Withdrawal, explain};
use crate::ids::WithdrawalId;
use crate::time::Timestamp;

/// What is known of a party's money; amounts are minor units, ≥ 0.
#[derive(Debug, Clone, Copy)]
pub struct PartyMoney<'a> {
    /// What could leave now.
    pub available_minor: i64,
    /// Programme income of months that are not published (X15).
    pub frozen_minor: i64,
    /// Of orders that are not settled, gross, without those that an agency is paid.
    pub pending_minor: i64,
    /// Of orders that an agency is paid (X14).
    pub routed_minor: i64,
    /// Owed by the party after a reversal (M).
    pub owed_minor: i64,
    /// Income tax withheld of this calendar year's income (X18).
    pub withheld_minor: i64,
    /// What the gate says to a withdrawal of everything, without a code.
    pub gate: &'a DryRun,
    /// Withdrawals under way, oldest first.
    pub open: &'a [Withdrawal],
}

/// Where a part of the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Withdrawable.
    Available,
    /// Something must happen before it can be withdrawn.
    Blocked,
    /// A withdrawal asked for now would wait for this.
    WouldWait,
    /// On its way out.
    InTransit,
    /// Programme income that is not published.
    Frozen,
    /// Orders that are not settled.
    Pending,
    /// Somebody else's by contract.
    Agency,
    /// Owed by the party.
    Owed,
    /// Withheld as income tax.
    Tax,
}

impl Place {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Blocked => "blocked",
            Self::WouldWait => "would_wait",
            Self::InTransit => "in_transit",
            Self::Frozen => "frozen",
            Self::Pending => "pending",
            Self::Agency => "agency",
            Self::Owed => "owed",
            Self::Tax => "tax",
        }
    }
}

/// One answer: a part of the money, why it is there, who must act and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabout {
    /// Where it is.
    pub place: Place,
    /// Minor units.
    pub amount_minor: i64,
    /// Stable machine code.
    pub code: &'static str,
    /// A sentence in Chinese.
    pub zh: &'static str,
    /// A sentence in English.
    pub en: &'static str,
    /// Who must act.
    pub actor: Actor,
    /// What to do.
    pub next_step: NextStep,
    /// Next attempt, deadline, or when it may be tried again; `None` when time does not decide.
    pub next_at: Option<Timestamp>,
    /// The payout clock of the withdrawal has run out (X12).
    pub overdue: bool,
    /// The withdrawal, for [`Place::InTransit`].
    pub withdrawal: Option<WithdrawalId>,
    /// All missing first steps, for `first_steps_missing` (X4).
    pub missing: Vec<Step>,
}

impl Whereabout {
    fn new(place: Place, amount_minor: i64, words: Words) -> Self {
        let (code, zh, en, actor, next_step) = words;
        Self {
            place,
            amount_minor,
            code,
            zh,
            en,
            actor,
            next_step,
            next_at: None,
            overdue: false,
            withdrawal: None,
            missing: Vec::new(),
        }
    }
}

type Words = (&'static str, &'static str, &'static str, Actor, NextStep);

const NOTHING: Words = (
    "nothing_available",
    "暂无可提现金额。",
    "There is nothing to withdraw at the moment.",
    Actor::Nobody,
    NextStep::Nothing,
);
const AVAILABLE: Words =
    ("available", "可随时申请提现。", "Can be withdrawn at any time.", Actor::Party, NextStep::RequestAgain);
const HELD_BACK: Words = (
    "available_after_steps",
    "处理完所列事项后可提现。",
    "Can be withdrawn once what is listed is dealt with.",
    Actor::Party,
    NextStep::Wait,
);
const FROZEN: Words = (
    "programme_frozen",
    "计划收入按月结算，结算单发布后可提现。",
    "Programme income is settled by month; it can be withdrawn once the statement is published.",
    Actor::Platform,
    NextStep::Wait,
);
const PENDING: Words = (
    "orders_not_settled",
    "任务订单进行中或待结算，结算后可提现。",
    "Task orders under way or not settled yet; what they bring can be withdrawn afterwards.",
    Actor::Nobody,
    NextStep::Wait,
);

const TAX: Words = (
    "tax_withheld",
    "本年度已预扣的个人所得税，由平台代缴。",
    "Income tax withheld of this year's income; the platform pays it over.",
    Actor::Nobody,
    NextStep::Nothing,
);

fn of_gate(code: GateCode) -> Words {
    (code.code(), code.zh(), code.en(), code.actor(), code.next_step())
}

/// Explains where all of a party's money is (P14), what concerns it most first. Never empty.
pub fn whereabouts(
    money: &PartyMoney<'_>,
    next_attempt: impl Fn(WithdrawalId) -> Option<Timestamp>,
    now: Timestamp,
) -> Vec<Whereabout> {
    let blocks = blocks(money);
    let mut out = Vec::new();
    let free = blocks.is_empty() && money.owed_minor == 0;
    let words = match (money.available_minor > 0, free) {
        (true, true) => AVAILABLE,
        (true, false) => HELD_BACK,
        (false, _) => NOTHING,
    };
    out.push(Whereabout::new(Place::Available, money.available_minor, words));
    out.extend(blocks);
    if free && money.available_minor > 0 {
        let waits = money.gate.hints.iter();
        out.extend(
            waits.map(|code| Whereabout::new(Place::WouldWait, money.available_minor, of_gate(*code))),
        );
    }
    for withdrawal in money.open {
        let said = explain(withdrawal, next_attempt(withdrawal.id), now);
        let words = (said.code, said.zh, said.en, said.actor, said.next_step);
        let (next_at, overdue, id) = (said.next_at, said.overdue, Some(withdrawal.id));
        let whereabout = Whereabout::new(Place::InTransit, withdrawal.in_transit_minor(), words);
        out.push(Whereabout { next_at, overdue, withdrawal: id, ..whereabout });
    }
    let rest = [
        (Place::Frozen, money.frozen_minor, FROZEN),
        (Place::Pending, money.pending_minor, PENDING),
        (Place::Agency, money.routed_minor, of_gate(GateCode::AgencyMoney)),
        (Place::Owed, money.owed_minor, of_gate(GateCode::OwedOutstanding)),
        (Place::Tax, money.withheld_minor, TAX),
    ];
    out.extend(
        rest.into_iter()
            .filter(|(_, amount_minor, _)| *amount_minor > 0)
            .map(|(place, amount_minor, words)| Whereabout::new(place, amount_minor, words)),
    );
    out
}

/// Every refusal that would meet a withdrawal whatever its amount and code. What is owed has an answer of its own, and
/// a payout account that has to be bound first is named among the first steps.
fn blocks(money: &PartyMoney<'_>) -> Vec<Whereabout> {
    let failed = money.gate.checks.iter().filter_map(|check| match check {
        CheckResult::Failed(refused) => Some(refused),
        _ => None,
    });
    let failed: Vec<&Refused> = failed.collect();
    let unbound = failed.iter().any(|refused| refused.missing.contains(&Step::BindPayoutAccount));
    let lasting = failed.into_iter().filter(|refused| match refused.code {
        GateCode::OwedOutstanding => false,
        GateCode::DestinationMissing => !unbound,
        // A cap that leaves something only asks for a smaller amount.
        code if code.check() == 10 => refused.bound_minor == Some(0),
        code => matches!(code.check(), 2..=8),
    });
    lasting
        .map(|refused| Whereabout {
            next_at: refused.until,
            missing: refused.missing.clone(),
            ..Whereabout::new(Place::Blocked, money.available_minor, of_gate(refused.code))
        })
        .collect()
}
