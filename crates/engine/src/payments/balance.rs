//! Giving balance back (A12): an advertiser's unspent cash, to the payments that brought it, the newest first.

use purser_domain::{
    ids::{PartyId, PaymentId, Uid},
    ledger::{AccountKind, AccountRef},
    parties::Role,
    payments::{Method, Place, Rejection as No, spread},
    policy::keys,
    time::{DAY, Timestamp},
};
use purser_storage::{Statement, Value};

use super::{
    apply::rejected,
    fund::clearing,
    queries::LocatedPayment,
    refund::{Refunded, give_back, refund_facts},
    rows::PaymentRow,
};
use crate::{
    ads,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Payments that one request looks at: the newest.
const LOOKED_AT: i64 = 200;

static CREDITED: Statement = Statement {
    name: "payments.credited_of_party",
    sql: "SELECT id, order_id, party, method, rail_payment, note, amount, currency, expected, timing, place, arrears, \
          cash, refunding, refunded, paid_at, recorded_at, assigned_at, version FROM payments \
          WHERE party = ?1 AND recorded_at >= ?2 AND place = 'credited' ORDER BY recorded_at DESC, id DESC LIMIT ?3",
};

pub(super) const STATEMENTS: &[&Statement] = &[&CREDITED];

/// Gives balance back; all that can go back when no amount is named. Grants never go back.
///
/// Rejections in order: `party_unknown`, `not_an_advertiser`, then those of [`purser_domain::payments::refund`] and
/// [`spread`]: `amount_not_positive`, `nothing_to_refund` (nothing was paid within the refund window, or nothing of it
/// is left), `refund_too_much`, `refunds_off`, `party_frozen`, `payouts_stopped`.
pub struct RefundBalance {
    /// The advertiser.
    pub party: PartyId,
    /// Minor units.
    pub amount_minor: Option<i64>,
}

impl RefundBalance {
    /// Payments from here on are within the refund window.
    fn since(ctx: &Ctx) -> Timestamp {
        let days = i64::from(ctx.rules.policy.now(ctx.now).value(keys::AD_REFUND_WINDOW));
        ctx.now.plus(-days.saturating_mul(DAY))
    }

    /// What brought money within the window, the newest first.
    fn payments(&self, tx: &Tx, ctx: &Ctx) -> Vec<PaymentRow> {
        let since = Self::since(ctx);
        let ours = |row: &&PaymentRow| {
            let credited = row.payment().place == Place::Credited;
            row.party() == Some(self.party) && credited && row.recorded_at >= since
        };
        let mut rows: Vec<PaymentRow> = tx.rows::<PaymentRow>().filter(ours).cloned().collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse((row.recorded_at, row.id)));
        rows
    }
}

impl Command for RefundBalance {
    type Output = Vec<Refunded>;

    fn name(&self) -> &'static str {
        "ad_account.refund"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        let since = Self::since(ctx);
        let params = [Value::Bytes(&self.party.0.0), Value::Int(since.0), Value::Int(LOOKED_AT)];
        needs.list::<PaymentRow>(&CREDITED, &params);
        // Declares the table, so that an advertiser without payments is allowed.
        needs.row::<PaymentRow>(PaymentId(Uid::NIL));
        for method in Method::ALL {
            needs.account(&AccountRef::float(method.custodian(), ctx.rules.currency));
        }
        needs.account(&AccountRef::platform(AccountKind::Suspense, ctx.rules.currency));
        needs.account(&clearing(ctx));
        ads::want(needs, self.party, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Vec<Refunded>, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?;
        if !party.roles().has(Role::Advertiser) {
            return Err(rejected(&No::NotAnAdvertiser));
        }
        let rows = self.payments(tx, ctx);
        let payments: Vec<_> = rows.iter().map(PaymentRow::payment).collect();
        let cash = AccountRef::party(self.party, AccountKind::AdCash, ctx.rules.currency);
        let shares = spread(&payments, tx.available(&cash), self.amount_minor).map_err(|no| {
            let plain = rejected(&no);
            if self.amount_minor.is_some() { plain.at("/amount_minor") } else { plain }
        })?;
        let mut done = Vec::with_capacity(shares.len());
        for (at, part) in shares {
            let Some(row) = rows.get(at) else { continue };
            let facts = refund_facts(tx, ctx, &LocatedPayment::from(row));
            done.push(give_back(tx, ctx, row.clone(), Some(part), &facts)?);
        }
        ads::money_went(tx, ctx, self.party);
        Ok(done)
    }

    fn audit(&self, output: &Vec<Refunded>) -> (String, Facts) {
        let sum = output.iter().fold(0_i64, |sum, done| sum.saturating_add(done.refund.amount));
        let count = i64::try_from(output.len()).unwrap_or(i64::MAX);
        (self.party.to_string(), Facts::new().int("amount_minor", sum).int("payments", count))
    }
}
