//! From a withdrawal decision to holds, counters, jobs and notices.

use purser_domain::{
    casework::Kind,
    earnings::{Month, OverviewChange},
    ids::{AccountId, PartyId, TransferId, Uid, WithdrawalId},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    time::{Date, SECOND, Timestamp},
    withdrawals::{AccountRole, CounterChange, Decision, Effect, Hold, MoneyOp, Source, TotalsChange},
};

use super::{
    charge, failures, phone,
    queries::Located,
    rows::{RailRow, UsageRow, WithdrawalRow},
};
use crate::{
    cases::{self, NewCase},
    command::{Ctx, Rejection},
    credit::{draws, linked},
    earnings::{add_overview, want_overview},
    facts::Facts,
    jobs,
    tx::{Needs, Tx},
};

/// The kinds of jobs of a rail: a server runs those of the rails that it is connected to, and leaves the others to
/// servers that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RailJobs {
    /// Name of the rail.
    pub rail: &'static str,
    /// Gives a slice to it.
    pub send: &'static str,
    /// Asks it what became of a slice.
    pub query: &'static str,
    /// Looks whether it can be reached again.
    pub probe: &'static str,
}

/// Every rail's.
pub const RAIL_JOBS: &[RailJobs] = &[
    RailJobs { rail: "sandbox", send: "rail.send", query: "rail.query", probe: "rail.probe" },
    RailJobs {
        rail: "alipay",
        send: "rail.alipay.send",
        query: "rail.alipay.query",
        probe: "rail.alipay.probe",
    },
    RailJobs {
        rail: "bank-file",
        send: "rail.bank_file.send",
        query: "rail.bank_file.query",
        probe: "rail.bank_file.probe",
    },
];

/// The kinds of jobs of a rail; the sandbox's for a rail that nobody knows, so that none is ever lost.
pub fn rail_jobs(rail: &str) -> RailJobs {
    RAIL_JOBS.iter().find(|jobs| jobs.rail == rail).copied().unwrap_or(RAIL_JOBS[0])
}

/// Pause before the first query; business time.
const PAUSE: i64 = 2 * SECOND;

/// For steps that take their accounts from the hold they name.
const UNNAMED: AccountId = AccountId(Uid::NIL);

pub(super) fn hold_id(withdrawal: WithdrawalId, hold: Hold) -> TransferId {
    let (name, number) = match hold {
        Hold::Payout => (0u8, 0),
        Hold::PayoutSlice(n) => (1, n),
        Hold::Fee => (2, 0),
        Hold::FloatSlice(n) => (3, n),
    };
    TransferId(Uid::derive_near(withdrawal.0, "purser withdrawal hold v1", &[&[name], &number.to_le_bytes()]))
}

fn account(role: AccountRole, party: PartyId, source: Source, rail: &str, ctx: &Ctx) -> AccountRef {
    let currency = ctx.rules.currency;
    let own = |kind| AccountRef::party(party, kind, currency);
    match role {
        AccountRole::Payee if source == Source::Proceeds => own(AccountKind::Proceeds),
        AccountRole::Payee => own(AccountKind::Earnings),
        AccountRole::CreditReceivable => own(AccountKind::CreditReceivable),
        AccountRole::CreditLiability => own(AccountKind::CreditLiability),
        AccountRole::PayoutsClearing => AccountRef::platform(AccountKind::PayoutsClearing, currency),
        AccountRole::RailFloat => AccountRef::float(rail, currency),
        AccountRole::RevenueWithdrawalFee => {
            AccountRef::platform(AccountKind::RevenueWithdrawalFee, currency)
        }
    }
}

/// Declares everything that deciding on a withdrawal reads and may change. `slices`: the numbers that may be settled or
/// released.
pub(super) fn want(needs: &mut Needs<'_>, located: &Located, slices: &[u16], ctx: &Ctx) {
    use AccountRole as R;
    let Located { id, party, rail, source, .. } = located;
    let (id, party) = (*id, *party);
    for role in [R::Payee, R::PayoutsClearing, R::RailFloat, R::RevenueWithdrawalFee] {
        needs.account(&account(role, party, *source, rail, ctx));
    }
    needs.account(&AccountRef::party(party, AccountKind::Owed, ctx.rules.currency));
    needs.hold(hold_id(id, Hold::Payout));
    needs.hold(hold_id(id, Hold::Fee));
    for number in slices {
        needs.hold(hold_id(id, Hold::PayoutSlice(*number)));
        needs.hold(hold_id(id, Hold::FloatSlice(*number)));
    }
    needs.row::<RailRow>(rail.clone());
    phone::want(needs, party);
    want_usage(needs, party, *source, located.requested_on);
    match source {
        Source::Proceeds => {
            draws::want(needs, party, ctx);
            if let Some(by) = located.asked_by {
                linked::want_drawn(needs, party, by);
            }
        }
        Source::Earnings | Source::Statement => want_overview(needs, party, ctx.now, ctx),
    }
}

/// Usage of all time.
const ALL: &str = "all";

/// Declares the counters of the civil date of a request.
pub(super) fn want_usage(needs: &mut Needs<'_>, party: PartyId, source: Source, on: Date) {
    for period in periods(source, on) {
        needs.row::<UsageRow>((party, period));
    }
    if source == Source::Proceeds {
        needs.row::<UsageRow>((party, unpaid_period(on)));
    }
}

/// What a request counts in: its civil date, month and year, and all time.
pub(super) fn periods(source: Source, on: Date) -> [String; 4] {
    let (year, month) = (on.year(), on.month());
    let own = if source == Source::Proceeds { "p:" } else { "" };
    [on.to_string(), format!("{year:04}-{month:02}"), format!("{year:04}"), ALL.to_owned()]
        .map(|period| format!("{own}{period}"))
}

/// What the unpaid part of a request of proceeds counts in besides (C7, C19).
pub(super) fn unpaid_period(on: Date) -> String {
    format!("u:{on}")
}

/// Writes a decision down. The row is the withdrawal's, new or as it was loaded.
pub(super) fn apply(
    tx: &mut Tx,
    ctx: &Ctx,
    decision: &Decision,
    mut row: WithdrawalRow,
) -> Result<WithdrawalRow, Rejection> {
    let withdrawal = &decision.withdrawal;
    for op in &decision.ops {
        money(tx, ctx, &row, op)?;
    }
    collect_owed(tx, ctx, &row, decision)?;
    let source = Source::named(&row.source);
    let statement = source == Source::Statement;
    // Statements never counted at the gate, so there is nothing to restore.
    for change in decision.counters.iter().filter(|_| !statement) {
        count(tx, row.party, source, change);
        draws::give_back(tx, ctx, row.party, -change.unpaid_minor);
        if let Ok(by) = row.asked_by.parse() {
            linked::draw(tx, row.party, by, change.amount_minor);
        }
    }
    // The overview is that of earnings (X1).
    if source != Source::Proceeds {
        overview(tx, ctx, row.party, &decision.totals)?;
    }
    let before = std::mem::take(&mut row.state);
    row.update(withdrawal);
    if withdrawal.state.is_final() && row.finished_at.is_none() {
        row.finished_at = Some(ctx.now);
    }
    if before != row.state {
        failures::ended(tx, ctx, &row);
    }
    tx.put(row.clone());
    for effect in &decision.effects {
        carry_out(tx, ctx, &row, effect);
    }
    for event in &decision.events {
        tx.notify(event, row.party, &row.id.to_string(), facts(&row));
    }
    phone::tell(tx, ctx, &row, &decision.events);
    if statement && withdrawal.state.is_final() {
        super::statement::follow_up(tx, ctx, row.id);
    }
    Ok(row)
}

/// What comes back to a payee who owes something is offered to that first, like new income: else the debt would lock
/// the gate, and the money behind the gate the debt.
fn collect_owed(tx: &mut Tx, ctx: &Ctx, row: &WithdrawalRow, decision: &Decision) -> Result<(), Rejection> {
    let source = Source::named(&row.source);
    let TotalsChange { in_transit_minor, withdrawn_minor } = decision.totals;
    let comes_back = in_transit_minor + withdrawn_minor < 0;
    if source == Source::Earnings && comes_back {
        offer_to_owed(tx, ctx, row.party, row.id.0)?;
    }
    Ok(())
}

/// What came back to a party's earnings pays what the party owes there; says how much of it did. The accounts of both must
/// have been declared.
pub(crate) fn offer_to_owed(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    reference: Uid,
) -> Result<i64, Rejection> {
    let of = |kind| AccountRef::party(party, kind, ctx.rules.currency);
    let (earnings, owed) = (of(AccountKind::Earnings), of(AccountKind::Owed));
    let amount_minor = tx.available(&owed).min(tx.available(&earnings)).max(0);
    if amount_minor > 0 {
        let id = tx.new_id();
        tx.post(&TransferRequest {
            id,
            step: Step::Post,
            debit: earnings.id(),
            credit: owed.id(),
            amount_minor,
            currency: ctx.rules.currency,
            kind: TransferKind::OwedCollected.code(),
            reference,
        })?;
    }
    Ok(amount_minor)
}

pub(super) fn facts(row: &WithdrawalRow) -> Facts {
    Facts::new()
        .text("state", &row.state)
        .int("amount_minor", row.amount)
        .int("fee_minor", row.fee)
        .int("net_minor", row.net)
        .text("payout_account", row.destination.to_string())
        .opt_at("expected_at", row.expected_at)
}

fn kind_of(role: (AccountRole, AccountRole), hold: Option<Hold>) -> TransferKind {
    match (hold, role) {
        (Some(Hold::Fee), _) => TransferKind::WithdrawalFee,
        (Some(Hold::Payout | Hold::PayoutSlice(_)), _) => TransferKind::WithdrawalAmount,
        (Some(Hold::FloatSlice(_)), _) => TransferKind::PayoutSend,
        (
            None,
            (AccountRole::RailFloat | AccountRole::RevenueWithdrawalFee | AccountRole::PayoutsClearing, _),
        ) => TransferKind::PayoutBounce,
        (None, _) => TransferKind::WithdrawalRepayment,
    }
}

pub(super) fn money(tx: &mut Tx, ctx: &Ctx, row: &WithdrawalRow, op: &MoneyOp) -> Result<(), Rejection> {
    let source = Source::named(&row.source);
    let named = |role| account(role, row.party, source, &row.rail, ctx).id();
    let base = |id, step, amount_minor, kind: TransferKind| TransferRequest {
        id,
        step,
        debit: UNNAMED,
        credit: UNNAMED,
        amount_minor,
        currency: row.currency,
        kind: kind.code(),
        reference: row.id.0,
    };
    let mut requests = Vec::new();
    match *op {
        MoneyOp::Hold { hold, from, to, amount_minor } => {
            let id = hold_id(row.id, hold);
            let step = Step::Hold { expires_at: None };
            requests.push(TransferRequest {
                debit: named(from),
                credit: named(to),
                ..base(id, step, amount_minor, kind_of((from, to), Some(hold)))
            });
        }
        MoneyOp::Settle { hold, amount_minor } => {
            let id = hold_id(row.id, hold);
            let rest = tx.hold(id).map_or(0, |h| h.remaining_minor) - amount_minor;
            let kind = kind_of((AccountRole::Payee, AccountRole::Payee), Some(hold));
            requests.push(base(tx.new_id(), Step::Settle { hold: id }, amount_minor, kind));
            if rest > 0 {
                requests.push(base(tx.new_id(), Step::Release { hold: id }, rest, kind));
            }
        }
        MoneyOp::Release { hold } => {
            let id = hold_id(row.id, hold);
            let rest = tx.hold(id).map_or(0, |h| h.remaining_minor);
            let kind = kind_of((AccountRole::Payee, AccountRole::Payee), Some(hold));
            requests.push(base(tx.new_id(), Step::Release { hold: id }, rest, kind));
        }
        MoneyOp::Transfer { from, to, amount_minor } => {
            requests.push(TransferRequest {
                debit: named(from),
                credit: named(to),
                ..base(tx.new_id(), Step::Post, amount_minor, kind_of((from, to), None))
            });
        }
    }
    for request in &requests {
        tx.post(request)?;
    }
    Ok(())
}

fn count(tx: &mut Tx, party: PartyId, source: Source, change: &CounterChange) {
    let mut add = |period: String, amount_minor: i64, requests: i32, standing: i32| {
        let row = tx.get::<UsageRow>(&(party, period.clone())).cloned();
        let mut row = row.unwrap_or_else(|| UsageRow::zero(party, &period));
        row.amount = row.amount.saturating_add(amount_minor);
        row.requests += i64::from(requests);
        row.standing += i64::from(standing);
        tx.put(row);
    };
    for period in periods(source, change.on) {
        add(period, change.amount_minor, change.requests, change.standing);
    }
    if (change.unpaid_minor, change.unpaid_requests) != (0, 0) {
        add(unpaid_period(change.on), change.unpaid_minor, change.unpaid_requests, 0);
    }
}

/// Which overview change a change of totals is (X1).
pub(super) fn overview(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    totals: &TotalsChange,
) -> Result<(), Rejection> {
    let month = Month::of(ctx.today);
    let (transit, withdrawn) = (totals.in_transit_minor, totals.withdrawn_minor);
    let mut changes = Vec::new();
    if transit > 0 {
        changes.push(OverviewChange::WithdrawalRequested { month, amount_minor: transit });
    }
    if withdrawn > 0 {
        changes.push(OverviewChange::WithdrawalPaid { month, amount_minor: withdrawn });
    }
    let released = -(transit.min(0)) - withdrawn.max(0);
    if released > 0 {
        changes.push(OverviewChange::WithdrawalReleased { month, amount_minor: released });
    }
    if withdrawn < 0 {
        changes.push(OverviewChange::WithdrawalBounced { month, amount_minor: -withdrawn });
    }
    changes.iter().try_for_each(|change| add_overview(tx, party, change))
}

fn carry_out(tx: &mut Tx, ctx: &Ctx, row: &WithdrawalRow, effect: &Effect) {
    let subject = row.id.to_string();
    let jobs_of = rail_jobs(&row.rail);
    let mut job = |kind: &str, slice: u16, reference: &str, amount: i64, due_at: Timestamp| {
        let payload = Facts::new()
            .int("slice", i64::from(slice))
            .text("reference", reference)
            .text("rail", &row.rail)
            .text("payout_account", row.destination.to_string())
            .int("amount_minor", amount);
        let id = tx.new_id();
        tx.job(jobs::ready(id, kind, &subject, due_at, payload));
    };
    match effect {
        Effect::Send { slice, reference, amount_minor } => {
            job(jobs_of.send, *slice, reference, *amount_minor, ctx.now);
        }
        Effect::Resend { slice, reference, amount_minor, not_before } => {
            // A rail that keeps saying "later" is asked less and less often.
            let attempts =
                row.withdrawal().slices.iter().find(|s| s.number == *slice).map_or(1, |s| s.attempts);
            let pause = jobs::back_off(i64::from(attempts) - 1);
            let at = not_before.map_or(ctx.now.plus(pause), |at| at.max(ctx.now.plus(pause)));
            job(jobs_of.send, *slice, reference, *amount_minor, at);
        }
        Effect::Query { slice, reference } => job(jobs_of.query, *slice, reference, 0, ctx.now.plus(PAUSE)),
        Effect::BookCharge { slice, amount_minor, total_minor } => {
            charge::later(tx, ctx, row, *slice, (*amount_minor, *total_minor));
        }
        Effect::MarkRailShort => mark_short(tx, row),
        Effect::AlertFloat => {
            tx.event("float.short", None, &row.rail, Facts::new().text("withdrawal", &subject));
        }
        Effect::OpenRiskCase => {
            let new = NewCase {
                kind: Kind::PayeeBlocked,
                party: Some(row.party),
                subject,
                summary: "收款账户被渠道限制 / The rail has blocked the payee's account".to_owned(),
                due_at: None,
            };
            cases::open(tx, ctx, new);
        }
        Effect::AlertConfiguration => tx.event("rail.configuration", None, &row.rail, facts(row)),
        Effect::StopRail => stop(tx, row),
    }
}

fn stop(tx: &mut Tx, row: &WithdrawalRow) {
    let known = tx.get::<RailRow>(&row.rail).cloned();
    let rail = known.unwrap_or_else(|| RailRow::whole(&row.rail));
    if rail.healthy {
        tx.put(RailRow { healthy: false, version: rail.version + 1, ..rail });
        tx.event("rail.broken", None, &row.rail, facts(row));
    }
}

fn mark_short(tx: &mut Tx, row: &WithdrawalRow) {
    let known = tx.get::<RailRow>(&row.rail).cloned();
    let mut rail = known.unwrap_or_else(|| RailRow::whole(&row.rail));
    rail.marked_short = true;
    rail.version += 1;
    tx.put(rail);
    tx.event("float.marked_short", None, &row.rail, Facts::new());
}
