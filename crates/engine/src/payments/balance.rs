//! Giving balance back (A12): an advertiser's unspent cash, to what brought it, the newest first. Money of a payment goes
//! to its payer; money of an automatic top-up goes back to the earnings that it came from, and never to a payer.

use purser_domain::{
    ids::{PartyId, PaymentId, Uid},
    ledger::{AccountKind, AccountRef},
    parties::{PartyStatus, Role},
    payments::{Method, Rejection as No, spread},
    policy::keys,
    time::{DAY, Timestamp},
};

use super::{
    apply::rejected,
    fund::clearing,
    queries::LocatedPayment,
    refund::{Refunded, give_back, refund_facts},
    rows::PaymentRow,
};
use crate::{
    ads::{self, Origin, Unspent},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Gives balance back; all that can go back when no amount is named. Grants never go back.
///
/// Rejections in order: `party_unknown`, `not_an_advertiser`, then those of [`spread`] and
/// [`purser_domain::payments::refund`]: `amount_not_positive`, `nothing_to_refund` (nothing came within the refund
/// window, or nothing of it is unspent), `refund_too_much`, `refunds_off`, `party_frozen`, `payouts_stopped`.
pub struct RefundBalance {
    /// The advertiser.
    pub party: PartyId,
    /// Minor units.
    pub amount_minor: Option<i64>,
}

/// What went back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BalanceRefunded {
    /// To payers, the newest payment first.
    pub refunds: Vec<Refunded>,
    /// To the party's own earnings, minor units.
    pub to_earnings_minor: i64,
}

impl BalanceRefunded {
    /// All of it, minor units.
    pub fn amount_minor(&self) -> i64 {
        let refunds = self.refunds.iter().map(|done| done.refund.amount);
        refunds.fold(self.to_earnings_minor, i64::saturating_add)
    }
}

impl RefundBalance {
    /// Payments from here on are within the refund window.
    fn since(ctx: &Ctx) -> Timestamp {
        let days = i64::from(ctx.rules.policy.now(ctx.now).value(keys::AD_REFUND_WINDOW));
        ctx.now.plus(-days.saturating_mul(DAY))
    }

    /// What may go back to an origin: no rail takes refunds of what was paid before its window.
    fn most(tx: &mut Tx, ctx: &Ctx, unspent: &Unspent) -> Result<i64, Rejection> {
        let Origin::Payment(payment) = unspent.origin else { return Ok(unspent.minor) };
        if unspent.minor <= 0 {
            return Ok(0);
        }
        let since = Self::since(ctx);
        let row = tx.led_to::<PaymentRow>(&payment)?;
        Ok(if row.is_some_and(|row| row.recorded_at >= since) { unspent.minor } else { 0 })
    }

    /// What keeps earnings from being given back: as for payments, but no rail and no payout is needed.
    fn stop(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        if !ctx.rules.policy.now(ctx.now).value(keys::AD_REFUND_ENABLED) {
            return Err(rejected(&No::RefundsOff));
        }
        let party = tx.get::<PartyRow>(&self.party).map(PartyRow::party);
        let frozen = party.is_some_and(|party| matches!(party.status, PartyStatus::Frozen { .. }));
        if frozen { Err(rejected(&No::PartyFrozen)) } else { Ok(()) }
    }
}

impl Command for RefundBalance {
    type Output = BalanceRefunded;

    fn name(&self) -> &'static str {
        "ad_account.refund"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        for payment in ads::want_top_ups(needs, self.party) {
            needs.row::<PaymentRow>(payment);
        }
        // Declares the table, so that an advertiser without payments is allowed.
        needs.row::<PaymentRow>(PaymentId(Uid::NIL));
        for method in Method::ALL {
            needs.account(&AccountRef::float(method.custodian(), ctx.rules.currency));
        }
        needs.account(&AccountRef::platform(AccountKind::Suspense, ctx.rules.currency));
        needs.account(&clearing(ctx));
        ads::want(needs, self.party, ctx);
        ads::want_earnings(needs, self.party, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BalanceRefunded, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?;
        if !party.roles().has(Role::Advertiser) {
            return Err(rejected(&No::NotAnAdvertiser));
        }
        let unspent = ads::left(tx, ctx, self.party)?;
        let mut most = Vec::with_capacity(unspent.len());
        for one in &unspent {
            most.push(Self::most(tx, ctx, one)?);
        }
        let shares = spread(&most, self.amount_minor).map_err(|no| {
            let plain = rejected(&no);
            if self.amount_minor.is_some() { plain.at("/amount_minor") } else { plain }
        })?;
        let mut done = BalanceRefunded::default();
        for (at, part) in shares {
            match unspent.get(at).map(|one| one.origin) {
                Some(Origin::Payment(payment)) => {
                    let Some(row) = tx.led_to::<PaymentRow>(&payment)?.cloned() else { continue };
                    let facts = refund_facts(tx, ctx, &LocatedPayment::from(&row), part);
                    done.refunds.push(give_back(tx, ctx, row, Some(part), &facts)?);
                }
                Some(Origin::Earnings(id)) => {
                    self.stop(tx, ctx)?;
                    ads::back_to_earnings(tx, ctx, self.party, id, part)?;
                    done.to_earnings_minor = done.to_earnings_minor.saturating_add(part);
                }
                None => {}
            }
        }
        ads::money_went(tx, ctx, self.party)?;
        Ok(done)
    }

    fn audit(&self, output: &BalanceRefunded) -> (String, Facts) {
        let count = i64::try_from(output.refunds.len()).unwrap_or(i64::MAX);
        let facts = Facts::new()
            .int("amount_minor", output.amount_minor())
            .int("payments", count)
            .int("to_earnings_minor", output.to_earnings_minor);
        (self.party.to_string(), facts)
    }
}
