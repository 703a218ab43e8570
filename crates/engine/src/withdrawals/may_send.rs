//! The last look before a rail is called: what was queued hours ago may no longer go (P4, P6, P10).

use purser_domain::{
    ids::PayoutAccountId,
    time::MINUTE,
    withdrawals::{GateCode, Reason, destination_refusal, standing_code},
};

use super::{
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

/// Asks whether a slice may be given to its rail now.
///
/// Rejections: `lease_lost`.
pub(super) struct MaySend {
    pub(super) located: Located,
    pub(super) destination: PayoutAccountId,
    pub(super) lease: Lease,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Send it.
    Go,
    /// The job looks again in a minute and the withdrawal says why: payouts or the rail are stopped, the party is frozen or
    /// closed, the rail refuses everything of the platform's, the payout account is locked.
    Later,
    /// The payout account cannot be paid to any more, for this reason; the job still has its lease.
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

impl Command for MaySend {
    type Output = Look;

    fn name(&self) -> &'static str {
        "rail.may_send"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        want_look(needs, &self.located, self.destination);
        needs.row::<WithdrawalRow>(self.located.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Look, Rejection> {
        self.lease.check(tx)?;
        let code = match look(tx, ctx, &self.located, self.destination) {
            Ok(()) => return Ok(Look::Go),
            Err((code, Look::Later)) => code,
            Err((_, never)) => return Ok(never),
        };
        self.lease.wait(tx, ctx.now.plus(MINUTE))?;
        let reason = Some(Reason::Gate(code));
        if let Some(row) = tx.get::<WithdrawalRow>(&self.located.id).cloned()
            && row.withdrawal().reason != reason
        {
            let mut row = row;
            let mut withdrawal = row.withdrawal();
            withdrawal.reason = reason;
            row.update(&withdrawal);
            tx.notify("withdrawal.held_back", row.party, &row.id.to_string(), super::apply::facts(&row));
            tx.put(row);
        }
        Ok(Look::Later)
    }

    fn audited(&self) -> bool {
        false
    }

    fn audit(&self, _output: &Look) -> (String, Facts) {
        (self.located.id.to_string(), Facts::new())
    }
}
