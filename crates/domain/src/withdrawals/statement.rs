//! The payout of a settlement statement (X16). Its papers were checked by people, so it meets no gate; it meets
//! everything that comes after it: two people from a certain amount on (P16), the checks at dispatch, the rail.

use super::{Ctx, GateCode, Source, State, Withdrawal};
use crate::ids::{PartyId, PayoutAccountId, WithdrawalId};
use crate::money::Currency;
use crate::time::Timestamp;

/// What is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementPayout {
    /// The payout's id.
    pub id: WithdrawalId,
    /// To whom.
    pub party: PartyId,
    /// How much, in minor units; reserved already.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// Where to.
    pub destination: PayoutAccountId,
    /// By when it was promised; `None`: the calendar does not know (P5).
    pub promised_at: Option<Timestamp>,
}

/// The payout as it is stored first: to be sent at once, or to be approved by two people.
pub fn statement_payout(payout: &StatementPayout, ctx: &Ctx<'_>) -> Withdrawal {
    let large = payout.amount_minor >= ctx.terms.two_person_from_minor;
    let clock = ctx.now.plus(ctx.terms.payout_clock_us);
    Withdrawal {
        id: payout.id,
        party: payout.party,
        source: Source::Statement,
        amount_minor: payout.amount_minor,
        fee_minor: 0,
        net_minor: payout.amount_minor,
        currency: payout.currency,
        unpaid_minor: 0,
        destination: payout.destination,
        state: if large { State::InReview } else { State::Requested },
        reason: None,
        requested_at: ctx.now,
        requested_on: ctx.today,
        dispatch_at: ctx.now,
        expected_at: payout.promised_at,
        deadline_at: payout.promised_at.map_or(clock, |promised| promised.max(clock)),
        people_needed: if large { 2 } else { 0 },
        approvals: Vec::new(),
        review: if large { vec![GateCode::ReviewLargeAmount] } else { Vec::new() },
        slices: Vec::new(),
    }
}
