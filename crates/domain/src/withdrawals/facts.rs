//! What the gate looks at, as plain data. The engine fills it; nothing here is computed from storage or clocks.

use super::Source;
use crate::ids::PayoutAccountId;
use crate::money::{Currency, Rate};
use crate::policy::value::DayWindow;
use crate::time::Timestamp;

/// Policy of withdrawals (P4), as it stands at `requested_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalTerms {
    /// Smallest amount that may leave, in minor units: 10.
    pub minimum_minor: i64,
    /// A code is needed (P8). Without it the code check does not apply.
    pub code_required: bool,
    /// Cap per civil day after the studio upgrade, gross, in minor units: 49,999,900 (X10).
    pub studio_daily_cap_minor: Option<i64>,
    /// Rolling total at which a studio is needed, in minor units: 500,000,000 (X9).
    pub studio_threshold_minor: Option<i64>,
    /// From this amount on a person reviews the request; `None`: only the two-person threshold counts.
    pub review_from_minor: Option<i64>,
    /// From this amount on two people must agree, in minor units: 50,000,000 (P16).
    pub two_person_from_minor: i64,
    /// A payout account bound less than this long ago, the first excepted, is reviewed; 0 switches it off.
    pub new_destination_review_us: i64,
    /// Cooling-off after a changed payout account, in microseconds: 24 h (P9).
    pub cooling_off_us: i64,
    /// Cooling-off after the first payout account, in microseconds: none (P9).
    pub first_cooling_off_us: i64,
    /// From request to completion, in microseconds: 72 h (X12).
    pub payout_clock_us: i64,
    /// Local hours in which proceeds cannot be requested (C14): 23:00 to 03:00.
    pub closed_window: Option<DayWindow>,
    /// Fee of withdrawals of earnings: none for creators.
    pub earnings_fee: FeeTerms,
    /// Fee of withdrawals of proceeds (C15).
    pub proceeds_fee: FeeTerms,
    /// Velocity rules of proceeds (C19).
    pub velocity: VelocityTerms,
    /// Share of the day's highest limit that may leave as not-yet-paid proceeds: 50 % (C7); `None`: no cap.
    pub unpaid_share: Option<Rate>,
    /// Above that share the request passes and the limit becomes zero, instead of a refusal (C7, policy `zero`).
    pub unpaid_share_zeroes: bool,
    /// Risk score from which a request is reviewed (C21).
    pub risk_review_from: u32,
    /// The fee of a withdrawal that bounced for the payee's own wrong data is kept (C16).
    pub fee_on_payee_fault: bool,
}

/// How a withdrawal is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeTerms {
    /// Free.
    None,
    /// A rate of the part of the amount that lies below a yearly base (C15).
    Yearly {
        /// 0.6 %.
        rate: Rate,
        /// Smallest fee when the base is above zero, in minor units: 200.
        minimum_minor: i64,
        /// Cumulative amount of a calendar year that is charged, in minor units: 50,000,000.
        yearly_base_minor: i64,
        /// The first withdrawal is free.
        first_free: bool,
    },
}

/// Velocity rules (C19); they count not-yet-paid proceeds only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VelocityTerms {
    /// The request with this number in a day is held: 6.
    pub held_request: u32,
    /// Share of the limit from which one request is large: 30 %.
    pub large_share: Rate,
    /// For this long after a large request every request is held: 72 h.
    pub after_large_us: i64,
    /// Sum that makes a day count, in minor units: 2,000,000.
    pub day_minor: i64,
    /// The so-many-th consecutive day that counts is held: 3.
    pub days: u32,
    /// For how long such a run locks the limit besides, in microseconds: 15 days; `None`: it holds only.
    pub lock_us: Option<i64>,
    /// Share of the limit a day that a new shop is advised to stay below: 20 %.
    pub advice_share: Rate,
}

/// Status of the party (P6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Everything is possible.
    Active,
    /// No money out.
    Frozen,
    /// Finished.
    Closed,
}

/// How the party is paid (X14, X16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayeeKind {
    /// Through this gate.
    Independent,
    /// Signed by an agency now; own money earned before stays withdrawable.
    AgencySigned,
    /// Company to company.
    Corporate,
}

/// Kill switches that stop money going out (P4). A rail's own switch is in [`RailFacts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KillSwitches {
    /// All payouts.
    pub all_payouts: bool,
    /// This kind of party.
    pub party_kind: bool,
}

/// Whose money is asked for (G4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The creator's own earnings.
    Earnings,
    /// Earnings that were settled to the agency (X14).
    AgencyEarnings,
    /// The merchant's own proceeds.
    Proceeds,
    /// Another shop's proceeds (C20).
    OtherShop {
        /// An authorisation is recorded.
        authorised: bool,
    },
    /// The pay-later limit itself (C13).
    CreditLimit(LimitUse),
}

/// What somebody wants of the pay-later limit that it is not for (C13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitUse {
    /// Withdraw it.
    Withdrawal,
    /// Transfer it, to Alipay for one.
    Transfer,
    /// Pay red packets from it.
    RedPacket,
    /// Turn it into balance.
    Balance,
}

impl Door {
    /// Which kind of money stands behind the door.
    pub const fn source(self) -> Source {
        match self {
            Self::Earnings | Self::AgencyEarnings => Source::Earnings,
            Self::Proceeds | Self::OtherShop { .. } | Self::CreditLimit(_) => Source::Proceeds,
        }
    }
}

/// A step before the first withdrawal (X4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Done.
    Done,
    /// Not done.
    Missing,
    /// Not asked for in this deployment.
    NotApplicable,
}

/// The three first steps (X4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSteps {
    /// Phone bound.
    pub phone: StepState,
    /// Real name verified.
    pub real_name: StepState,
    /// Payout account bound.
    pub payout_account: StepState,
}

/// The studio upgrade (X9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StudioFacts {
    /// Not a person's earnings.
    NotApplicable,
    /// A person without a studio.
    Person {
        /// Withdrawals of the current and 11 previous civil months, paid and in flight, without this one.
        rolling_minor: i64,
    },
    /// The upgrade is done.
    Upgraded,
}

/// Kind of a payout account (P9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DestinationKind {
    /// Alipay login id.
    Alipay,
    /// A person's debit card.
    PersonalCard,
    /// A credit card: never accepted.
    CreditCard,
    /// A company's or studio's bank account.
    CorporateAccount,
    /// The sandbox rail's account, in sandbox mode.
    Sandbox,
    /// A kind that no rail of this deployment pays to.
    NoRail,
}

/// Whether the holder is the verified person or studio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderMatch {
    /// The same.
    Same,
    /// Another.
    Different,
    /// Nobody is verified in this deployment, so there is nothing to compare with.
    NotApplicable,
}

/// The payout account the money is to go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    /// Its id.
    pub id: PayoutAccountId,
    /// Its kind.
    pub kind: DestinationKind,
    /// Whether the holder is the verified person or studio.
    pub holder: HolderMatch,
    /// When it was bound or last changed.
    pub bound_at: Timestamp,
    /// The party's first payout account: it replaces nothing.
    pub first: bool,
    /// Locked by staff or risk.
    pub locked: bool,
}

/// Balances of the account that is asked, in minor units, all ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// Posted balance, money on hold included.
    pub posted_minor: i64,
    /// Of it on hold.
    pub held_minor: i64,
    /// `owed`: an earlier reversal beyond the balance (M).
    pub owed_minor: i64,
    /// Refunded before the buyer paid, not repaid (C11).
    pub due_minor: i64,
    /// Shipped beyond the limit (C12).
    pub liability_minor: i64,
    /// Of what other shops have to repay, that for which this one is liable besides them (C20).
    pub joint_minor: i64,
}

impl Balances {
    /// What may leave: posted − held − due − liability, not below zero (C12).
    pub const fn available_minor(&self) -> i64 {
        let free = self.free_minor().saturating_sub(self.due_minor).saturating_sub(self.liability_minor);
        if free > 0 { free } else { 0 }
    }

    /// Due and liability, in minor units: repaid by the next withdrawal (C12).
    pub const fn debts_minor(&self) -> i64 {
        self.due_minor.saturating_add(self.liability_minor)
    }

    /// Posted without holds.
    pub const fn free_minor(&self) -> i64 {
        self.posted_minor.saturating_sub(self.held_minor)
    }
}

/// Counters of the past that caps and fees look at, in minor units, without this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Gross amount requested on this civil day and not restored.
    pub today_minor: i64,
    /// Gross amount requested in this calendar year and not restored (C15).
    pub year_minor: i64,
    /// Withdrawals ever that were not failed, rejected or cancelled (C15).
    pub standing: u32,
}

/// Facts of not-yet-paid proceeds (C7, C19, C21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProceedsFacts {
    /// Earnings: none of these rules applies.
    NotApplicable,
    /// Proceeds.
    Applies(Velocity),
}

/// What velocity rules count; paid proceeds are taken to leave first, so that they are never held back (C7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Velocity {
    /// Available proceeds whose buyers have paid, in minor units.
    pub paid_available_minor: i64,
    /// Not-yet-paid proceeds requested today, in minor units.
    pub unpaid_today_minor: i64,
    /// The limit now, in minor units.
    pub limit_minor: i64,
    /// Highest total limit of today, in minor units.
    pub highest_limit_minor: i64,
    /// Requests of not-yet-paid proceeds today.
    pub requests_today: u32,
    /// The last large request (C19), if any.
    pub large_at: Option<Timestamp>,
    /// Consecutive civil days that counted, up to yesterday.
    pub days_before: u32,
    /// Risk score (C21).
    pub risk_score: u32,
    /// The shop is in its first month: it is advised to draw little a day (C19).
    pub new_shop: bool,
}

/// What the engine found out about the code (P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    /// The key may request without a code; audited (P18).
    Waived,
    /// None was given.
    Missing,
    /// Right, for this amount and destination, unused, in time.
    Correct,
    /// Wrong digits.
    Wrong,
    /// Right digits for another amount or destination.
    ForAnother,
    /// Used before.
    Used,
    /// Too late.
    Expired,
    /// Tried too often.
    TriesExhausted,
}

/// When a request may be sent (G13). The calendar is the engine's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueDate {
    /// At once.
    Immediate,
    /// Not before this instant.
    At(Timestamp),
    /// The calendar does not know the year: sent at once, without a promise (P5).
    CalendarMissing,
}

/// The rail that would carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailFacts {
    /// Float that no other payout has reserved, in minor units.
    pub float_minor: i64,
    /// The rail said that the payer's balance is short, whatever the ledger says (P12).
    pub marked_short: bool,
    /// Kill switch of the rail (P4).
    pub stopped: bool,
    /// Healthy.
    pub healthy: bool,
    /// Largest single payment in minor units; `None`: no limit.
    pub single_limit_minor: Option<i64>,
    /// Largest amount that policy gives to any rail for this kind of account, in minor units; `None`: not asked.
    pub most_minor: Option<i64>,
}

/// Everything the gate looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateState {
    /// Currency of the account.
    pub currency: Currency,
    /// Status of the party.
    pub standing: Standing,
    /// How the party is paid.
    pub kind: PayeeKind,
    /// Kill switches.
    pub kill: KillSwitches,
    /// First steps.
    pub first_steps: FirstSteps,
    /// Studio upgrade.
    pub studio: StudioFacts,
    /// The destination asked for, else the default one; `None`: none, or not one of this party.
    pub destination: Option<Destination>,
    /// Balances of the account asked.
    pub balances: Balances,
    /// Counters of the past.
    pub usage: Usage,
    /// Facts of proceeds.
    pub proceeds: ProceedsFacts,
    /// The code.
    pub code: CodeCheck,
    /// When it may be sent.
    pub value_date: ValueDate,
    /// The rail.
    pub rail: RailFacts,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Whose money.
    pub door: Door,
    /// Gross amount in minor units; the fee is taken from it.
    pub amount_minor: i64,
    /// Its currency.
    pub currency: Currency,
}
