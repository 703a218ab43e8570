//! Money of a settlement statement on its way out (X16): reserved by the statement, then paid like every payout.

use purser_domain::{
    ids::{PartyId, WithdrawalId},
    ledger::{AccountKind, AccountRef},
    policy::keys,
    withdrawals::{
        AccountRole, GateCode, Hold, MoneyOp, StatementPayout, TotalsChange, Withdrawal, statement_payout,
    },
};

use super::{
    apply::{hold_id, money, overview},
    rails::{largest_for, rail_for},
    rows::{RailRow, WithdrawalRow},
    terms::{gate_ctx, withdrawal_terms},
};
use crate::{
    command::{Ctx, Rejection},
    earnings::want_overview,
    facts::Facts,
    jobs,
    tx::{Needs, Tx},
};

/// Kind of the job that tells a statement what became of its payout.
pub(crate) const FOLLOW: &str = "settlement.follow";

/// The hold that reserves a statement's money under the id of its payout.
pub(crate) fn reservation(payout: WithdrawalId) -> purser_domain::ids::TransferId {
    hold_id(payout, Hold::Payout)
}

/// Declares what reserving and releasing reads; `payout`: the one that is reserved for now.
pub(crate) fn want(needs: &mut Needs<'_>, party: PartyId, payout: Option<WithdrawalId>, ctx: &Ctx) {
    let currency = ctx.rules.currency;
    for kind in [AccountKind::Earnings, AccountKind::Owed] {
        needs.account(&AccountRef::party(party, kind, currency));
    }
    needs.account(&AccountRef::platform(AccountKind::PayoutsClearing, currency));
    if let Some(payout) = payout {
        needs.hold(reservation(payout));
    }
    want_overview(needs, party, ctx.now, ctx);
}

/// Declares besides what starting a payout reads.
pub(crate) fn want_rails(needs: &mut Needs<'_>, ctx: &Ctx) {
    for rail in keys::RAILS {
        needs.row::<RailRow>((*rail).to_owned());
        needs.account(&AccountRef::float(rail, ctx.rules.currency));
    }
}

fn made(payout: &StatementPayout, ctx: &Ctx) -> (Withdrawal, i64) {
    let view = ctx.rules.policy.now(ctx.now);
    let terms = withdrawal_terms(view);
    (statement_payout(payout, &gate_ctx(ctx, &terms)), i64::from(view.version().number))
}

fn book(
    tx: &mut Tx,
    ctx: &Ctx,
    payout: &StatementPayout,
    op: &MoneyOp,
    in_transit_minor: i64,
) -> Result<(), Rejection> {
    let (withdrawal, version) = made(payout, ctx);
    money(tx, ctx, &WithdrawalRow::of(&withdrawal, "", version), op)?;
    overview(tx, ctx, payout.party, &TotalsChange { in_transit_minor, withdrawn_minor: 0 })
}

/// Reserves the money of a payout that is not started yet.
pub(crate) fn reserve(tx: &mut Tx, ctx: &Ctx, payout: &StatementPayout) -> Result<(), Rejection> {
    let op = MoneyOp::Hold {
        hold: Hold::Payout,
        from: AccountRole::Payee,
        to: AccountRole::PayoutsClearing,
        amount_minor: payout.amount_minor,
    };
    book(tx, ctx, payout, &op, payout.amount_minor)
}

/// Gives back what [`reserve`] reserved.
pub(crate) fn release(tx: &mut Tx, ctx: &Ctx, payout: &StatementPayout) -> Result<(), Rejection> {
    book(tx, ctx, payout, &MoneyOp::Release { hold: Hold::Payout }, -payout.amount_minor)
}

/// Starts a payout whose money is reserved: from here on it goes the way of every withdrawal.
///
/// # Errors
/// `no_rail`: nothing of this deployment pays to accounts of that kind now; `rail_amount_cap`: something does, but not so
/// much at a time.
pub(crate) fn start(
    tx: &mut Tx,
    ctx: &Ctx,
    payout: &StatementPayout,
    account_kind: &str,
) -> Result<WithdrawalRow, Rejection> {
    let rail = rail_for(tx, ctx, account_kind, payout.amount_minor)
        .ok_or_else(|| not_carried(account_kind, largest_for(tx, ctx, account_kind)))?;
    let (withdrawal, version) = made(payout, ctx);
    let row = WithdrawalRow::of(&withdrawal, rail, version);
    tx.put(row.clone());
    let facts = Facts::new().text("state", &row.state).int("amount_minor", row.amount);
    tx.notify(withdrawal.state.event(), row.party, &row.id.to_string(), facts);
    Ok(row)
}

fn not_carried(account_kind: &str, most_minor: Option<i64>) -> Rejection {
    let facts = Facts::new().text("kind", account_kind);
    let Some(most_minor) = most_minor else {
        let text = "no rail of this deployment pays to this kind of payout account now";
        return Rejection::new("no_rail", text).with(facts);
    };
    let code = GateCode::RailAmountCap;
    Rejection::new(code.code(), code.en()).with(facts.int("bound_minor", most_minor))
}

/// Queues the job that tells the statement: a payout of one has come to an end.
pub(super) fn follow_up(tx: &mut Tx, ctx: &Ctx, payout: WithdrawalId) {
    let id = tx.new_id();
    tx.job(jobs::ready(id, FOLLOW, &payout.to_string(), ctx.now, Facts::new()));
}
