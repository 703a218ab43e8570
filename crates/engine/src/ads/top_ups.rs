//! What brought an advertiser's money, and what of it is unspent (A12): money goes back to where it came from, and to
//! nobody else.

use std::cmp::Reverse;

use purser_domain::{
    ads::unspent::{TopUp, unspent},
    ids::{PartyId, PaymentId, TypedId as _, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
};
use purser_storage::{Statement, Value};

use super::{
    balance,
    campaigns::account_of,
    events::notify,
    rows::{AdAccountRow, AdTopUpRow},
    stop::money_came,
};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
    withdrawals::offer_to_owed,
};

/// Top-ups that are looked at: the newest. Older money counts as spent.
const LOOKED_AT: i64 = 500;

static OF_PARTY: Statement = Statement {
    name: "ads.top_ups",
    sql: "SELECT id, source, rest FROM ad_top_ups WHERE party = ?1 ORDER BY n DESC LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OF_PARTY];

const PAYMENT: &str = "payment";
pub(super) const EARNINGS: &str = "earnings";
/// A payment of which more went back than became balance of it: nothing keeps that from being so in books that were written
/// before top-ups were. Nothing of it goes back any more.
pub(super) const EXCEEDED: &str = "exceeded";

/// Where money came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A payment.
    Payment(PaymentId),
    /// The party's own earnings, by an automatic top-up; under an id of its own.
    Earnings(Uid),
}

impl Origin {
    fn id(self) -> Uid {
        match self {
            Self::Payment(payment) => payment.uid(),
            Self::Earnings(id) => id,
        }
    }
}

/// Money that can go back to where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unspent {
    /// Where that is.
    pub(crate) origin: Origin,
    /// How much of it is unspent, minor units.
    pub(crate) minor: i64,
}

/// Declares what [`left`] reads beside [`super::want`]; the payments among it of which something is left. Those of which
/// nothing is are looked at too: another server may learn meanwhile that one did not go back after all.
pub(crate) fn want_top_ups(needs: &mut Needs<'_>, party: PartyId) -> Vec<PaymentId> {
    let mut found: Vec<(Uid, bool)> = Vec::new();
    needs.read(&OF_PARTY, &[Value::Bytes(&party.0.0), Value::Int(LOOKED_AT)], &mut |row| {
        found.push((row.uid(0), row.text(1) == PAYMENT && row.int(2) > 0));
        true
    });
    // Nobody's declares the table, so that an advertiser without any is allowed.
    needs.row::<AdTopUpRow>((party, Uid::NIL));
    for (id, _) in &found {
        needs.row::<AdTopUpRow>((party, *id));
    }
    found.into_iter().filter(|(_, paid)| *paid).map(|(id, _)| PaymentId::from_uid(id)).collect()
}

/// Declares the top-up of a payment, for [`came_back`].
pub(crate) fn want_top_up(needs: &mut Needs<'_>, party: PartyId, payment: PaymentId) {
    needs.row::<AdTopUpRow>((party, payment.uid()));
}

/// What is unspent of each top-up, the newest first. Arrears are paid from the balance before.
pub(crate) fn left(tx: &mut Tx, ctx: &Ctx, party: PartyId) -> Result<Vec<Unspent>, Rejection> {
    balance::check(tx, ctx, party)?;
    if balance::arrears_minor(tx, ctx, party) > 0 {
        money_came(tx, ctx, party)?;
    }
    let mut rows: Vec<AdTopUpRow> =
        tx.rows::<AdTopUpRow>().filter(|row| row.party == party).cloned().collect();
    rows.sort_unstable_by_key(|row| Reverse(row.n));
    // The newest one shows whether another server took money in meanwhile.
    let newest = tx.get::<AdAccountRow>(&party).map_or(0, |account| account.topped_up);
    if rows.first().map_or(0, |row| row.n) != newest {
        return Err(tx.begin_next_group());
    }
    let top_ups: Vec<TopUp> = rows
        .iter()
        .map(|row| TopUp { amount_minor: row.amount, cash_minor: row.cash, rest_minor: row.rest })
        .collect();
    let cash = AccountRef::party(party, AccountKind::AdCash, ctx.rules.currency);
    let minors = unspent(&top_ups, tx.available(&cash));
    let origin = |row: &AdTopUpRow| match row.source.as_str() {
        EARNINGS => Origin::Earnings(row.id),
        _ => Origin::Payment(PaymentId::from_uid(row.id)),
    };
    Ok(rows.iter().zip(minors).map(|(row, minor)| Unspent { origin: origin(row), minor }).collect())
}

/// Money came: what it brought, minor units, and of that what became balance (A3). With arrears paid and something to
/// spend, what was stopped for money can be resumed. The rows of [`super::want`] must have been declared.
pub(crate) fn topped_up(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    origin: Origin,
    (amount, cash): (i64, i64),
) -> Result<(), Rejection> {
    let mut account = account_of(tx, party, ctx);
    account.topped_up += 1;
    if matches!(origin, Origin::Payment(_)) {
        // Whoever pays ends the pause after an order that was offered and not paid yet (A11).
        account.auto_failures = 0;
        account.auto_retry_at = None;
    }
    let source = match origin {
        Origin::Payment(_) => PAYMENT,
        Origin::Earnings(_) => EARNINGS,
    };
    tx.put(AdTopUpRow {
        party,
        id: origin.id(),
        n: account.topped_up,
        source: source.to_owned(),
        at: ctx.now,
        amount,
        cash,
        rest: amount,
    });
    tx.put(account);
    money_came(tx, ctx, party)
}

fn change(tx: &mut Tx, party: PartyId, id: Uid, by_minor: i64) {
    if let Some(row) = tx.get::<AdTopUpRow>(&(party, id)).cloned() {
        tx.put(AdTopUpRow { rest: row.rest + by_minor, ..row });
    }
}

/// Money of a payment is on its way back.
pub(crate) fn went_back(tx: &mut Tx, party: PartyId, payment: PaymentId, minor: i64) {
    change(tx, party, payment.uid(), -minor);
}

/// It did not get there: it is balance again.
pub(crate) fn came_back(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    payment: PaymentId,
    minor: i64,
) -> Result<(), Rejection> {
    change(tx, party, payment.uid(), minor);
    money_came(tx, ctx, party)
}

/// Declares what [`back_to_earnings`] posts to.
pub(crate) fn want_earnings(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    for kind in [AccountKind::Earnings, AccountKind::Owed] {
        needs.account(&AccountRef::party(party, kind, ctx.rules.currency));
    }
}

/// Unspent money of an automatic top-up goes back to the earnings that it came from, at once; what the party owes there is
/// collected from it first, as from any income.
pub(crate) fn back_to_earnings(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    id: Uid,
    minor: i64,
) -> Result<(), Rejection> {
    let of = |kind| AccountRef::party(party, kind, ctx.rules.currency).id();
    let request = TransferRequest {
        id: tx.new_id(),
        step: Step::Post,
        debit: of(AccountKind::AdCash),
        credit: of(AccountKind::Earnings),
        amount_minor: minor,
        currency: ctx.rules.currency,
        kind: TransferKind::AdAutoTopUpBack.code(),
        reference: id,
    };
    tx.post(&request)?;
    change(tx, party, id, -minor);
    let collected = offer_to_owed(tx, ctx, party, id)?;
    let mut account = account_of(tx, party, ctx);
    let told = Facts::new().int("amount_minor", minor);
    let told = if collected > 0 { told.int("owed_collected_minor", collected) } else { told };
    notify(tx, &mut account, "ads.auto_top_up_back", &party.to_string(), &told);
    tx.put(account);
    Ok(())
}
