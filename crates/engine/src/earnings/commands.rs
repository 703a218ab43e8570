//! Commands on task orders: reported singly or in bulk, every report a full statement of the fact, so that
//! reporting again changes nothing.

use purser_domain::{
    earnings::{
        self, AcceptOrder, CompensationLine, CompleteOrder, CreatorFacts, EarningsTerms, FeeTerms,
        OrderStatus, Outcome, PayeeFacts, PayeeKind, SettleAt, Stage, TaskOrder, TaskType,
    },
    ids::{PartyId, TaskOrderId, Uid},
    ledger::{AccountKind, AccountRef},
    metadata::Metadata,
    money::{Currency, Rate},
    parties::{CreatorKind, PartyStatus, Role, creator_kind},
    policy::keys,
    time::{MINUTE, Timestamp},
};

use super::{
    apply::{apply, want_overview},
    rows::TaskOrderRow,
};
use crate::{
    agencies::{CreatorAgencies, agency_at},
    bulk::item_by_item,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    metadata,
    parties::{PartyRow, unknown_party},
    programme::{self, ProgrammeMember},
    tax,
    tx::{Needs, Tx},
};

/// How far a reported instant may lie ahead of this server's clock: the difference between two machines'
/// clocks, not a business rule.
const CLOCK_TOLERANCE: i64 = 5 * MINUTE;

/// Longest title, characters.
const TITLE_MAX: usize = 200;

/// The id of the order that the platform calls `external_id`.
pub fn order_id(external_id: &str) -> TaskOrderId {
    TaskOrderId(Uid::derive("purser task order v1", &[external_id.as_bytes()]))
}

/// Where a reported order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// Accepted by the creator.
    Accepted,
    /// Being worked on.
    InProgress(Stage),
    /// Delivered, not yet accepted by the client.
    AwaitingAcceptance(Stage),
    /// Completed at an instant.
    Completed(Timestamp),
    /// Cancelled at a stage and an instant.
    Cancelled(Stage, Timestamp),
}

/// A report about one order (X2).
#[derive(Debug, Clone)]
pub struct OrderReport {
    /// The platform's own id; unique.
    pub external_id: String,
    /// Whose order.
    pub creator: PartyId,
    /// Task type.
    pub task_type: TaskType,
    /// Title for records.
    pub title: String,
    /// Gross amount, minor units.
    pub amount_minor: i64,
    /// Currency.
    pub currency: Currency,
    /// When the creator accepted it: fixes kind and fee.
    pub accepted_at: Timestamp,
    /// Where it stands.
    pub status: Reported,
    /// Free values of the platform (P19), which take the place of those before; `None` leaves them.
    pub metadata: Option<Metadata>,
}

/// What became of one report: the order, and whether the report changed it.
pub type ItemOutcome = Result<(TaskOrderRow, bool), Rejection>;

/// Reports orders, item by item: a refused item leaves the others alone.
pub struct ReportTaskOrders {
    /// In order.
    pub items: Vec<OrderReport>,
    /// One item: its refusal is the command's.
    pub single: bool,
}

impl Command for ReportTaskOrders {
    type Output = Vec<ItemOutcome>;

    fn name(&self) -> &'static str {
        "task_orders.report"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for item in &self.items {
            needs.row::<TaskOrderRow>(order_id(&item.external_id));
            needs.row::<CreatorAgencies>(item.creator);
            programme::want_members(needs, item.creator);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&AccountRef::platform(AccountKind::ClientsClearing, ctx.rules.currency));
        needs.account(&AccountRef::platform(AccountKind::RevenueServiceFee, ctx.rules.currency));
        for item in &self.items {
            let known = needs.get::<TaskOrderRow>(&order_id(&item.external_id)).map(|row| row.payee);
            let agency = agency_at(needs.get::<CreatorAgencies>(&item.creator), item.accepted_at);
            let payee = known.or(agency.map(|(agency, _)| agency)).unwrap_or(item.creator);
            let member = programme::is_member(needs.get::<ProgrammeMember>(&item.creator), ctx.today);
            needs.row::<PartyRow>(item.creator);
            needs.row::<PartyRow>(payee);
            want_money(needs, payee, ctx);
            want_overview(needs, item.creator, item.accepted_at, ctx);
            want_overview(needs, payee, ctx.now, ctx);
            if matches!(item.status, Reported::Completed(_) | Reported::Cancelled(..)) {
                tax::want(needs, payee, ctx);
            }
            if member && matches!(item.status, Reported::Completed(_)) {
                programme::want_income(needs, item.creator, payee, ctx);
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        // Who is paid, and into which account, was read before the group began: as known when the order is reported.
        let moved = |item: &OrderReport| {
            tx.is_changed::<CreatorAgencies>(&item.creator) || tx.is_changed::<ProgrammeMember>(&item.creator)
        };
        if self.items.iter().any(moved) {
            return Err(tx.begin_next_group());
        }
        item_by_item(tx, &self.items, self.single, |tx, item| report(tx, ctx, item))
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let refused = output.iter().filter(|o| o.is_err()).count();
        let changed = output.iter().filter(|o| matches!(o, Ok((_, true)))).count();
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let subject = match self.items.as_slice() {
            [one] => order_id(&one.external_id).to_string(),
            _ => String::new(),
        };
        let facts = Facts::new().int("items", count(output.len())).int("changed", count(changed));
        (subject, facts.int("refused", count(refused)))
    }
}

pub(super) fn want_money(needs: &mut Needs<'_>, payee: PartyId, ctx: &Ctx) {
    needs.account(&AccountRef::party(payee, AccountKind::Earnings, ctx.rules.currency));
    needs.account(&AccountRef::party(payee, AccountKind::Owed, ctx.rules.currency));
}

/// What policy says for an order accepted at `accepted_at`, and the version that says it (X2, X13).
pub(super) fn terms(ctx: &Ctx, accepted_at: Timestamp) -> (EarningsTerms, i64) {
    let view = ctx.rules.policy.at(accepted_at, ctx.now);
    let table = view.value(keys::COMPENSATION);
    let mut compensation = Vec::new();
    for task_type in [TaskType::Video, TaskType::Live] {
        for stage in Stage::ALL {
            if let Some(ppm) = table.value(&[task_type.name(), stage.name()]) {
                compensation.push(CompensationLine { task_type, stage, rate: Rate::ppm(ppm) });
            }
        }
    }
    let fee = FeeTerms {
        independent: view.value(keys::SERVICE_FEE_INDEPENDENT),
        agency_signed: view.value(keys::SERVICE_FEE_AGENCY),
        corporate: view.value(keys::SERVICE_FEE_CORPORATE),
    };
    (
        EarningsTerms { fee, compensation, clock_tolerance_us: CLOCK_TOLERANCE },
        i64::from(view.version().number),
    )
}

fn rejected(rejection: &earnings::Rejection) -> Rejection {
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        earnings::Rejection::OrderConflict { field }
        | earnings::Rejection::BeforeAccepted { field }
        | earnings::Rejection::InTheFuture { field } => plain.at(format!("/{field}")),
        earnings::Rejection::AmountNotPositive | earnings::Rejection::AmountOutOfRange => {
            plain.at("/amount_minor")
        }
        earnings::Rejection::StageOfOtherTask { .. } => plain.at("/stage"),
        earnings::Rejection::NotACreator => plain.at("/creator_id"),
        _ => plain,
    }
}

/// Who the creator is for an order that was accepted at an instant, and who is paid for it (X14).
fn creator_facts(tx: &Tx, party: &PartyRow, accepted_at: Timestamp) -> CreatorFacts {
    let known = party.party();
    let profile = &known.profile;
    let agency = agency_at(tx.get::<CreatorAgencies>(&party.id), accepted_at).map(|(agency, _)| agency);
    let kind = match creator_kind(profile.roles, profile.legal_form, profile.class, agency.is_some()) {
        CreatorKind::Independent => PayeeKind::Independent,
        CreatorKind::AgencySigned => PayeeKind::AgencySigned,
        CreatorKind::Corporate => PayeeKind::Corporate,
    };
    CreatorFacts {
        is_creator: profile.roles.has(Role::Creator) || profile.roles.has(Role::Agency),
        closed: known.status == PartyStatus::Closed,
        kind,
        payee: agency.unwrap_or(party.id),
    }
}

/// What is known of a payee when the income of an order of `creator` is booked.
pub(super) fn payee_facts(tx: &Tx, payee: &PartyRow, creator: PartyId, ctx: &Ctx) -> PayeeFacts {
    let owed = AccountRef::party(payee.id, AccountKind::Owed, ctx.rules.currency).id();
    PayeeFacts {
        closed: payee.party().status == PartyStatus::Closed,
        owed_minor: tx.account(owed).map_or(0, |a| a.posted),
        programme: programme::is_member(tx.get::<ProgrammeMember>(&creator), ctx.today),
    }
}

/// When a completed order settles: at once, or some working days later. Where the calendar does not know the
/// year, the order waits for the calendar and is never dated by a guess (P5).
pub(super) fn settle_at(ctx: &Ctx, completed_at: Timestamp) -> SettleAt {
    let days = ctx.rules.policy.at(completed_at, ctx.now).value(keys::SETTLEMENT_DELAY);
    if days == 0 {
        return SettleAt::Once;
    }
    match ctx.rules.calendar.due(completed_at, &ctx.zone, days, None) {
        Ok(date) => SettleAt::Instant(ctx.zone.start_of(date)),
        Err(_) => SettleAt::CalendarMissing,
    }
}

fn report(tx: &mut Tx, ctx: &Ctx, item: &OrderReport) -> ItemOutcome {
    if item.currency != ctx.rules.currency {
        let text = format!("this deployment keeps its books in {}", ctx.rules.currency);
        return Err(Rejection::new("currency_mismatch", text).at("/currency"));
    }
    let id = order_id(&item.external_id);
    let bad = |c: char| c.is_control();
    if item.external_id.is_empty() || item.external_id.chars().count() > 64 || item.external_id.contains(bad)
    {
        let text = "order_id must be 1 to 64 printable characters";
        return Err(Rejection::new("order_id_invalid", text).at("/order_id"));
    }
    if item.title.chars().count() > TITLE_MAX || item.title.contains(bad) {
        return Err(
            Rejection::new("title_invalid", "a title has at most 200 printable characters").at("/title")
        );
    }
    let party = tx.get::<PartyRow>(&item.creator).cloned();
    let party = party.ok_or_else(|| unknown_party(item.creator).at("/creator_id"))?;
    let before = tx.get::<TaskOrderRow>(&id).cloned();
    let (terms, version) = terms(ctx, item.accepted_at);
    let ectx = earnings::Ctx { now: ctx.now, zone: &ctx.zone, terms: &terms };
    let accept = AcceptOrder {
        id,
        creator: item.creator,
        task_type: item.task_type,
        amount_minor: item.amount_minor,
        currency: item.currency,
        accepted_at: item.accepted_at,
    };
    let known = before.as_ref().map(TaskOrderRow::order);
    let outcome =
        earnings::accept(known.as_ref(), &accept, &creator_facts(tx, &party, item.accepted_at), &ectx);
    let metadata = item.metadata.as_ref().map(metadata::checked).transpose()?;
    let names = (item.external_id.as_str(), item.title.as_str());
    let (mut row, mut changed) = match (outcome.map_err(|r| rejected(&r))?, before) {
        (Outcome::Changed(decision), before) => {
            (apply(tx, ctx, &decision, before.as_ref(), names, version)?, true)
        }
        (Outcome::Unchanged, Some(row)) => (row, false),
        (Outcome::Unchanged, None) => return Err(Rejection::new("order_unknown", "there is no such order")),
    };
    let payee = tx.get::<PartyRow>(&row.payee).cloned().ok_or_else(|| unknown_party(row.payee))?;
    if let Some(outcome) = advance(tx, ctx, &row.order(), item.status, &payee, &ectx)?
        && let Outcome::Changed(decision) = outcome
    {
        let version = row.policy_version;
        row = apply(tx, ctx, &decision, Some(&row), (&row.external_id, &row.title), version)?;
        changed = true;
    }
    if let Some(metadata) = metadata.filter(|metadata| *metadata != row.metadata) {
        row = TaskOrderRow { metadata, version: row.version + i64::from(!changed), ..row };
        tx.put(row.clone());
        changed = true;
    }
    Ok((row, changed))
}

/// Brings an accepted order to where the report says it is.
fn advance(
    tx: &Tx,
    ctx: &Ctx,
    order: &TaskOrder,
    status: Reported,
    payee: &PartyRow,
    ectx: &earnings::Ctx<'_>,
) -> Result<Option<Outcome>, Rejection> {
    let payee = payee_facts(tx, payee, order.creator, ctx);
    let outcome = match status {
        Reported::Accepted => return Ok(None),
        Reported::InProgress(stage) => earnings::progress(order, OrderStatus::InProgress, stage),
        Reported::AwaitingAcceptance(stage) => {
            earnings::progress(order, OrderStatus::AwaitingAcceptance, stage)
        }
        Reported::Completed(at) => {
            let report = CompleteOrder { completed_at: at, settle_at: settle_at(ctx, at) };
            earnings::complete(order, &report, &payee, ectx)
        }
        Reported::Cancelled(stage, at) => earnings::cancel(order, stage, at, &payee, ectx),
    };
    outcome.map(Some).map_err(|r| rejected(&r))
}
