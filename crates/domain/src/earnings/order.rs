//! The deciders of task orders. A repeated report is answered with `Unchanged` before anything else is looked at, so
//! that a late replay is never refused for what has happened since. (Progress is the exception: it may go back and
//! forth, so an old report of it cannot be told from a new one.)

use super::{
    AcceptOrder, AccountRole, CompleteOrder, CreatorFacts, Ctx, Decision, EarningsTerms, FeeTerms, Month,
    OrderStatus, Outcome, OverviewChange, PayeeFacts, PayeeKind, Posting, PostingKind, Rejection, SettleAt,
    Settlement, Stage, TaskOrder,
};
use crate::money::{Rate, Rounding};
use crate::time::Timestamp;

/// Records that an order was accepted and fixes who is paid, how, and at what fee (X2, X13, X14).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn accept(
    existing: Option<&TaskOrder>,
    report: &AcceptOrder,
    creator: &CreatorFacts,
    ctx: &Ctx<'_>,
) -> Result<Outcome, Rejection> {
    if let Some(order) = existing {
        return match first_difference(order, report) {
            None => Ok(Outcome::Unchanged),
            Some(field) => Err(Rejection::OrderConflict { field }),
        };
    }
    if report.amount_minor <= 0 {
        return Err(Rejection::AmountNotPositive);
    }
    let fee_rate = fee_rate(&ctx.terms.fee, creator.kind);
    settlement_of(report.amount_minor, fee_rate)?;
    not_in_the_future(ctx, "accepted_at", report.accepted_at)?;
    if !creator.is_creator {
        return Err(Rejection::NotACreator);
    }
    if creator.closed {
        return Err(Rejection::PartyClosed);
    }
    let order = TaskOrder {
        id: report.id,
        creator: report.creator,
        payee: creator.payee,
        kind: creator.kind,
        fee_rate,
        task_type: report.task_type,
        status: OrderStatus::Accepted,
        stage: Stage::NotStarted,
        amount_minor: report.amount_minor,
        currency: report.currency,
        accepted_at: report.accepted_at,
        completed_at: None,
        settle_due_at: None,
        calendar_missing: false,
        settled_at: None,
        cancelled_at: None,
        settlement: None,
    };
    let month = Month::of(ctx.zone.date(order.accepted_at));
    let routed = order.kind == PayeeKind::AgencySigned;
    let change = OverviewChange::OrderAccepted { month, amount_minor: order.amount_minor, routed };
    Ok(changed(order, Vec::new(), vec![change], vec!["task_order.accepted"]))
}

/// Records how far the work has come: `InProgress` or `AwaitingAcceptance`, with the stage reached.
///
/// Delivered work may go back to `InProgress` when the client asks for a revision.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn progress(order: &TaskOrder, to: OrderStatus, stage: Stage) -> Result<Outcome, Rejection> {
    use OrderStatus::{Accepted, AwaitingAcceptance, InProgress};
    let open = matches!(order.status, Accepted | InProgress | AwaitingAcceptance);
    if !open || !matches!(to, InProgress | AwaitingAcceptance) {
        return Err(status_change(order, to));
    }
    stage_fits(order, stage)?;
    if order.status == to && order.stage == stage {
        return Ok(Outcome::Unchanged);
    }
    let event = if to == InProgress { "task_order.started" } else { "task_order.delivered" };
    let order = TaskOrder { status: to, stage, ..order.clone() };
    Ok(changed(order, Vec::new(), Vec::new(), vec![event]))
}

/// Records that the client said yes, and settles in the same decision unless policy sets a delay that has not
/// passed (X2).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn complete(
    order: &TaskOrder,
    report: &CompleteOrder,
    payee: &PayeeFacts,
    ctx: &Ctx<'_>,
) -> Result<Outcome, Rejection> {
    let completed_at = report.completed_at;
    match (order.status, order.completed_at) {
        (OrderStatus::Completed | OrderStatus::Settled, Some(at)) if at == completed_at => {
            return Ok(Outcome::Unchanged);
        }
        (OrderStatus::Completed | OrderStatus::Settled, _) => {
            return Err(Rejection::OrderConflict { field: "completed_at" });
        }
        (OrderStatus::Cancelled, _) => return Err(status_change(order, OrderStatus::Completed)),
        _ => {}
    }
    if completed_at < order.accepted_at {
        return Err(Rejection::BeforeAccepted { field: "completed_at" });
    }
    not_in_the_future(ctx, "completed_at", completed_at)?;
    if payee.closed {
        return Err(Rejection::PartyClosed);
    }
    let completed = TaskOrder {
        status: OrderStatus::Completed,
        completed_at: Some(completed_at),
        settle_due_at: match report.settle_at {
            SettleAt::Instant(due) => Some(due),
            SettleAt::Once | SettleAt::CalendarMissing => None,
        },
        calendar_missing: report.settle_at == SettleAt::CalendarMissing,
        ..order.clone()
    };
    let events = vec!["task_order.completed"];
    if waits(&completed, ctx) {
        return Ok(changed(completed, Vec::new(), Vec::new(), events));
    }
    book(&completed, payee, ctx, events)
}

/// Books the income of a completed order whose delay has passed.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn settle(order: &TaskOrder, payee: &PayeeFacts, ctx: &Ctx<'_>) -> Result<Outcome, Rejection> {
    match order.status {
        OrderStatus::Settled => return Ok(Outcome::Unchanged),
        OrderStatus::Completed => {}
        _ => return Err(status_change(order, OrderStatus::Settled)),
    }
    if waits(order, ctx) {
        return Err(Rejection::NotDueYet);
    }
    if payee.closed {
        return Err(Rejection::PartyClosed);
    }
    book(order, payee, ctx, Vec::new())
}

/// Dates a completed order that waits for a year the calendar did not know (P5). Nothing is booked: an order whose
/// day has passed meanwhile settles like any other that is due.
pub fn date(order: &TaskOrder, settle_at: SettleAt, ctx: &Ctx<'_>) -> Outcome {
    let due = match settle_at {
        _ if !order.calendar_missing => return Outcome::Unchanged,
        SettleAt::CalendarMissing => return Outcome::Unchanged,
        SettleAt::Instant(due) => due,
        SettleAt::Once => ctx.now,
    };
    let order = TaskOrder { settle_due_at: Some(due), calendar_missing: false, ..order.clone() };
    changed(order, Vec::new(), Vec::new(), vec!["task_order.dated"])
}

/// Whether the delay of a completed order has not passed, as far as the calendar can tell.
fn waits(order: &TaskOrder, ctx: &Ctx<'_>) -> bool {
    order.calendar_missing || order.settle_due_at.is_some_and(|due| due > ctx.now)
}

/// Calls an order off. Compensation is paid by task type and stage, without any fee (X2).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn cancel(
    order: &TaskOrder,
    stage: Stage,
    cancelled_at: Timestamp,
    payee: &PayeeFacts,
    ctx: &Ctx<'_>,
) -> Result<Outcome, Rejection> {
    match order.status {
        OrderStatus::Cancelled if order.stage != stage => {
            return Err(Rejection::OrderConflict { field: "stage" });
        }
        OrderStatus::Cancelled if order.cancelled_at != Some(cancelled_at) => {
            return Err(Rejection::OrderConflict { field: "cancelled_at" });
        }
        OrderStatus::Cancelled => return Ok(Outcome::Unchanged),
        OrderStatus::Completed | OrderStatus::Settled => {
            return Err(status_change(order, OrderStatus::Cancelled));
        }
        _ => {}
    }
    let settlement = quote_cancellation(order, stage, ctx.terms)?;
    if cancelled_at < order.accepted_at {
        return Err(Rejection::BeforeAccepted { field: "cancelled_at" });
    }
    not_in_the_future(ctx, "cancelled_at", cancelled_at)?;
    if payee.closed && settlement.net_minor > 0 {
        return Err(Rejection::PartyClosed);
    }
    let order = TaskOrder {
        status: OrderStatus::Cancelled,
        stage,
        cancelled_at: Some(cancelled_at),
        settlement: Some(settlement),
        ..order.clone()
    };
    let month = Month::of(ctx.zone.date(order.accepted_at));
    let mut overview = vec![OverviewChange::OrderCancelled {
        month,
        amount_minor: order.amount_minor,
        routed: order.kind == PayeeKind::AgencySigned,
    }];
    if settlement.net_minor > 0 {
        overview.push(OverviewChange::Settled { month: Month::of(ctx.zone.date(ctx.now)), settlement });
    }
    let postings = postings_of(&settlement, payee);
    Ok(changed(order, postings, overview, vec!["task_order.cancelled"]))
}

/// What calling an order off at a stage would pay: shown before anybody confirms it.
///
/// # Errors
/// `stage_of_other_task`, or `amount_out_of_range` when the terms give more than the whole.
pub fn quote_cancellation(
    order: &TaskOrder,
    stage: Stage,
    terms: &EarningsTerms,
) -> Result<Settlement, Rejection> {
    let rate = terms
        .compensation
        .iter()
        .find(|line| line.task_type == order.task_type && line.stage == stage)
        .map_or(Rate::ZERO, |line| line.rate);
    let compensation_minor = part_of(order.amount_minor, rate)?;
    stage_fits(order, stage)?;
    Ok(Settlement { compensation_minor, net_minor: compensation_minor, ..Settlement::default() })
}

fn book(
    order: &TaskOrder,
    payee: &PayeeFacts,
    ctx: &Ctx<'_>,
    mut events: Vec<&'static str>,
) -> Result<Outcome, Rejection> {
    let settlement = settlement_of(order.amount_minor, order.fee_rate)?;
    let order = TaskOrder {
        status: OrderStatus::Settled,
        settle_due_at: None,
        calendar_missing: false,
        settled_at: Some(ctx.now),
        settlement: Some(settlement),
        ..order.clone()
    };
    events.push("task_order.settled");
    let month = Month::of(ctx.zone.date(ctx.now));
    let overview = vec![OverviewChange::Settled { month, settlement }];
    Ok(changed(order, postings_of(&settlement, payee), overview, events))
}

fn settlement_of(gross_minor: i64, fee_rate: Rate) -> Result<Settlement, Rejection> {
    let service_fee_minor = part_of(gross_minor, fee_rate)?;
    let net_minor = gross_minor - service_fee_minor;
    Ok(Settlement { gross_minor, service_fee_minor, net_minor, ..Settlement::default() })
}

/// The income of a decision that goes to the payee's earnings, before fees, in minor units: what tax is withheld of
/// (X18). What stays frozen is income of its programme month.
pub fn taxable_income(decision: &Decision) -> i64 {
    let income = |posting: &&Posting| {
        posting.to == AccountRole::PayeeEarnings && posting.from == AccountRole::ClientsClearing
    };
    decision.postings.iter().filter(income).fold(0, |sum, posting| sum.saturating_add(posting.amount_minor))
}

/// The same decision with tax withheld of it, at most its net: a settlement line of its own, before anything that is owed
/// is collected (X18).
pub fn withhold(decision: &Decision, tax_minor: i64) -> Decision {
    let mut decision = decision.clone();
    let Some(mut settlement) = decision.order.settlement.filter(|_| tax_minor > 0) else { return decision };
    let tax_minor = tax_minor.min(settlement.net_minor);
    settlement.tax_minor = tax_minor;
    settlement.net_minor -= tax_minor;
    decision.order.settlement = Some(settlement);
    for change in &mut decision.overview {
        if let OverviewChange::Settled { settlement: counted, .. } = change {
            *counted = settlement;
        }
    }
    let collected = |posting: &Posting| posting.kind == PostingKind::OwedCollected;
    let place = decision.postings.iter().position(collected).unwrap_or(decision.postings.len());
    let (from, to) = (AccountRole::PayeeEarnings, AccountRole::TaxWithheld);
    let line = Posting { from, to, amount_minor: tax_minor, kind: PostingKind::TaxWithheld };
    decision.postings.insert(place, line);
    for posting in decision.postings.iter_mut().filter(|posting| collected(posting)) {
        posting.amount_minor = posting.amount_minor.min(settlement.net_minor);
    }
    decision.postings.retain(|posting| posting.amount_minor > 0);
    decision
}

/// A part of an amount, half-up to the fen; never less than nothing nor more than the whole.
fn part_of(amount_minor: i64, rate: Rate) -> Result<i64, Rejection> {
    rate.of(amount_minor, Rounding::HalfUp)
        .ok()
        .filter(|part| (0..=amount_minor).contains(part))
        .ok_or(Rejection::AmountOutOfRange)
}

fn postings_of(settlement: &Settlement, payee: &PayeeFacts) -> Vec<Posting> {
    use AccountRole::{ClientsClearing, PayeeEarnings, PayeeFrozen, PayeeOwed, RevenueServiceFee};
    let income = if payee.programme { PayeeFrozen } else { PayeeEarnings };
    // Frozen income is not the payee's to use yet: what is owed waits for its publication.
    let earned = if payee.programme { settlement.compensation_minor } else { settlement.net_minor };
    let collected = payee.owed_minor.clamp(0, earned);
    [
        (ClientsClearing, income, settlement.gross_minor, PostingKind::TaskGross),
        (income, RevenueServiceFee, settlement.service_fee_minor, PostingKind::TaskServiceFee),
        (ClientsClearing, PayeeEarnings, settlement.compensation_minor, PostingKind::TaskCompensation),
        (PayeeEarnings, PayeeOwed, collected, PostingKind::OwedCollected),
    ]
    .into_iter()
    .filter(|(_, _, amount_minor, _)| *amount_minor > 0)
    .map(|(from, to, amount_minor, kind)| Posting { from, to, amount_minor, kind })
    .collect()
}

const fn fee_rate(fee: &FeeTerms, kind: PayeeKind) -> Rate {
    match kind {
        PayeeKind::Independent => fee.independent,
        PayeeKind::AgencySigned => fee.agency_signed,
        PayeeKind::Corporate => fee.corporate,
    }
}

fn first_difference(order: &TaskOrder, report: &AcceptOrder) -> Option<&'static str> {
    [
        ("creator", order.creator == report.creator),
        ("task_type", order.task_type == report.task_type),
        ("amount_minor", order.amount_minor == report.amount_minor),
        ("currency", order.currency == report.currency),
        ("accepted_at", order.accepted_at == report.accepted_at),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

fn stage_fits(order: &TaskOrder, stage: Stage) -> Result<(), Rejection> {
    if stage.belongs_to(order.task_type) {
        return Ok(());
    }
    Err(Rejection::StageOfOtherTask { task: order.task_type.name(), stage: stage.name() })
}

fn not_in_the_future(ctx: &Ctx<'_>, field: &'static str, at: Timestamp) -> Result<(), Rejection> {
    if at > ctx.now.plus(ctx.terms.clock_tolerance_us) {
        return Err(Rejection::InTheFuture { field });
    }
    Ok(())
}

fn status_change(order: &TaskOrder, to: OrderStatus) -> Rejection {
    Rejection::StatusChange { from: order.status.name(), to: to.name() }
}

fn changed(
    order: TaskOrder,
    postings: Vec<Posting>,
    overview: Vec<OverviewChange>,
    events: Vec<&'static str>,
) -> Outcome {
    Outcome::Changed(Box::new(Decision { order, postings, overview, events }))
}
