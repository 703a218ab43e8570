//! The last look before a rail is called: what was queued hours ago may no longer go (P4, P6, P10).

use purser_domain::{
    ids::PayoutAccountId,
    time::MINUTE,
    withdrawals::{
        AtRail, GateCode, RailNumber, Reason, Slice, SliceState, destination_refusal, standing_code,
    },
};

use super::{
    outcome::loaded,
    queries::Located,
    rows::{PayoutAccountRow, RailRow, WithdrawalRow},
    terms::{gate_ctx, kill_switches, payee_kind, rail_is_stopped, standing, studio_facts, withdrawal_terms},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Lease,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Asks whether a slice may be given to its rail now, and notes that it is about to be.
///
/// Rejections: `lease_lost`.
pub(super) struct MaySend {
    pub(super) located: Located,
    pub(super) number: RailNumber,
    pub(super) destination: PayoutAccountId,
    pub(super) lease: Lease,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum May {
    /// Send it: from here on the rail may have it.
    Send,
    /// Not now; the job has been put off.
    Wait,
    /// Never again, for this reason, and the rail has nothing of it: it is definitely not paid.
    Drop(GateCode),
    /// Never again, but the rail may have an order of it: only the rail knows.
    Ask,
    /// It came to an end meanwhile, or is being asked about.
    Over,
}

/// What a last look found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The job looks again in a minute and the withdrawal says why: payouts or the rail are stopped, the party is frozen or
    /// closed, the rail refuses everything of the platform's, the payout account is locked.
    Later,
    /// The payout account cannot be paid to any more, for this reason.
    Never(GateCode),
}

/// Declares what [`look`] reads.
pub(crate) fn want_look(needs: &mut Needs<'_>, located: &Located, destination: PayoutAccountId) {
    needs.row::<PartyRow>(located.party);
    needs.row::<RailRow>(located.rail.clone());
    needs.row::<PayoutAccountRow>(destination);
}

/// Why a rail may be given nothing now, whoever is paid: its own kill switch (P4), or it refuses everything. Its row
/// must be declared.
pub(crate) fn rail_stop(tx: &Tx, ctx: &Ctx, rail: &str) -> Option<GateCode> {
    if rail_is_stopped(ctx, rail) {
        return Some(GateCode::RailStopped);
    }
    let answers = tx.get::<RailRow>(&rail.to_owned()).is_none_or(RailRow::answers);
    (!answers).then_some(GateCode::RailUnhealthy)
}

/// Checks 2, 7 and 15 of the gate for what is about to go out.
pub(crate) fn look(
    tx: &Tx,
    ctx: &Ctx,
    located: &Located,
    destination: PayoutAccountId,
) -> Result<(), (GateCode, Look)> {
    let Some(party) = tx.get::<PartyRow>(&located.party) else { return Ok(()) };
    let later = |code| Err((code, Look::Later));
    if let Some(code) = standing_code(standing(party), kill_switches(ctx, party, located.source)) {
        return later(code);
    }
    if let Some(code) = rail_stop(tx, ctx, &located.rail) {
        return later(code);
    }
    let terms = withdrawal_terms(ctx.rules.policy.now(ctx.now));
    let destination = tx.get::<PayoutAccountRow>(&destination).and_then(PayoutAccountRow::destination);
    let (studio, kind) = (studio_facts(party, || 0), payee_kind(party, false));
    let gate = gate_ctx(ctx, &terms);
    match destination_refusal(destination.as_ref(), studio, kind, located.source, &gate) {
        None => Ok(()),
        Some(refused) if refused.code.passes() => later(refused.code),
        Some(refused) => Err((refused.code, Look::Never(refused.code))),
    }
}

impl MaySend {
    /// Tells the rail's answer apart from what can be said without it.
    fn never(&self, row: &WithdrawalRow, code: GateCode) -> May {
        let slices = row.withdrawal().slices;
        let slice = slices.iter().find(|slice| slice.rail_number() == self.number);
        if slice.is_some_and(|slice| slice.at_rail == AtRail::Nothing) { May::Drop(code) } else { May::Ask }
    }

    fn wait(&self, tx: &mut Tx, ctx: &Ctx, mut row: WithdrawalRow, code: GateCode) -> Result<(), Rejection> {
        self.lease.wait(tx, ctx.now.plus(MINUTE))?;
        let reason = Some(Reason::Gate(code));
        let mut withdrawal = row.withdrawal();
        if withdrawal.reason != reason {
            withdrawal.reason = reason;
            row.update(&withdrawal);
            tx.notify("withdrawal.held_back", row.party, &row.id.to_string(), super::apply::facts(&row));
            tx.put(row);
        }
        Ok(())
    }
}

/// Asks why a payout account cannot be paid to any more, now or later, if it cannot: then nothing that its rail does not have
/// is sent again.
///
/// Rejections: `lease_lost`.
pub(super) struct Unpayable {
    located: Located,
    destination: PayoutAccountId,
    lease: Lease,
}

impl Unpayable {
    pub(super) fn of(row: &WithdrawalRow, lease: Lease) -> Self {
        Self { located: Located::from(row), destination: row.destination, lease }
    }
}

impl Command for Unpayable {
    type Output = Option<GateCode>;

    fn name(&self) -> &'static str {
        "rail.unpayable"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        want_look(needs, &self.located, self.destination);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Option<GateCode>, Rejection> {
        self.lease.check(tx)?;
        Ok(match look(tx, ctx, &self.located, self.destination) {
            Err((_, Look::Never(code))) => Some(code),
            _ => None,
        })
    }

    fn audited(&self) -> bool {
        false
    }

    fn audit(&self, _output: &Option<GateCode>) -> (String, Facts) {
        (self.located.id.to_string(), Facts::new())
    }
}

/// Changes what is known of the slice that a rail knows under this number, if it still is its number.
pub(super) fn change_slice(
    tx: &mut Tx,
    mut row: WithdrawalRow,
    number: RailNumber,
    change: impl FnOnce(&mut Slice),
) {
    let mut withdrawal = row.withdrawal();
    let Some(slice) = withdrawal.slices.iter_mut().find(|slice| slice.rail_number() == number) else {
        return;
    };
    let before = slice.clone();
    change(slice);
    if *slice != before {
        row.update(&withdrawal);
        tx.put(row);
    }
}

impl Command for MaySend {
    type Output = May;

    fn name(&self) -> &'static str {
        "rail.may_send"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        want_look(needs, &self.located, self.destination);
        needs.row::<WithdrawalRow>(self.located.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<May, Rejection> {
        self.lease.check(tx)?;
        let row = loaded(tx, &self.located)?;
        let to_send =
            |slice: &Slice| slice.rail_number() == self.number && slice.state == SliceState::Sending;
        if !row.withdrawal().slices.iter().any(to_send) {
            return Ok(May::Over);
        }
        Ok(match look(tx, ctx, &self.located, self.destination) {
            Ok(()) => {
                change_slice(tx, row, self.number, Slice::hand_over);
                May::Send
            }
            Err((_, Look::Never(code))) => self.never(&row, code),
            Err((code, _)) => {
                self.wait(tx, ctx, row, code)?;
                May::Wait
            }
        })
    }

    fn audited(&self) -> bool {
        false
    }

    fn audit(&self, _output: &May) -> (String, Facts) {
        (self.located.id.to_string(), Facts::new())
    }
}
