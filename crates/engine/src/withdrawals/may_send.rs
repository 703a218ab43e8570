//! The last look before a rail is called: what was queued hours ago may no longer go (P4, P6, P10).

use purser_domain::{
    time::MINUTE,
    withdrawals::{GateCode, Reason, standing_code},
};

use super::{
    queries::Located,
    rows::{RailRow, WithdrawalRow},
    terms::{kill_switches, standing},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Lease,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Asks whether a slice may be given to its rail now. If not, the job looks again in a minute and the withdrawal says
/// why: payouts are stopped, the party is frozen or closed, the rail refuses everything of the platform's.
///
/// Rejections: `lease_lost`.
pub(super) struct MaySend {
    pub(super) located: Located,
    pub(super) lease: Lease,
}

impl MaySend {
    fn refusal(&self, tx: &Tx, ctx: &Ctx) -> Option<GateCode> {
        let party = tx.get::<PartyRow>(&self.located.party)?;
        let stopped = standing_code(standing(party), kill_switches(ctx, party));
        let sick = || tx.get::<RailRow>(&self.located.rail).is_some_and(|rail| !rail.healthy);
        stopped.or_else(|| sick().then_some(GateCode::RailUnhealthy))
    }
}

impl Command for MaySend {
    type Output = bool;

    fn name(&self) -> &'static str {
        "rail.may_send"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PartyRow>(self.located.party);
        needs.row::<RailRow>(self.located.rail.clone());
        needs.row::<WithdrawalRow>(self.located.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<bool, Rejection> {
        self.lease.check(tx)?;
        let Some(code) = self.refusal(tx, ctx) else { return Ok(true) };
        self.lease.again(tx, ctx.now.plus(MINUTE), None)?;
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
        Ok(false)
    }

    fn audited(&self) -> bool {
        false
    }

    fn audit(&self, _output: &bool) -> (String, Facts) {
        (self.located.id.to_string(), Facts::new())
    }
}
