//! "Where is my money": for a withdrawal, and for everything that a party has (P14).

use axum::{extract::Path, response::Response};
use purser_domain::{
    corporate::Circumstances,
    ids::{PartyId, WithdrawalId},
    metadata::Metadata,
    time::{Date, Timestamp, Zone},
    withdrawals::{DryRun, PartyMoney, Place, Whereabout, Withdrawal, whereabouts},
};
use purser_engine::{
    Fault, Session,
    corporate::{self, StatementFilter, StatementRow},
    credit::{self, AsOf, LimitView},
    earnings, parties, tax,
    withdrawals::{self, Asked, RequestWithdrawal, Requested, WithdrawalRow},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    edge::{Call, ask, json, parse_id},
    problem::Problem,
    withdrawals::{PathStepView, Where, funds_days, path_steps, unknown, withdrawal_with_account},
};

/// Most withdrawals under way that one answer explains.
const OPEN: usize = 100;

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Where a withdrawal's money is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalExplained {
    /// Withdrawal.
    id: String,
    /// Whose money.
    party_id: String,
    /// State.
    state: String,
    /// State in Chinese.
    state_zh: &'static str,
    /// State in English.
    state_en: &'static str,
    /// Why it is there, who must act, and when something happens next.
    explanation: Where,
    /// What has neither arrived nor come back, minor units.
    in_transit_minor: i64,
    /// What has arrived, net, minor units.
    arrived_minor: i64,
    /// Currency.
    currency: String,
    /// What people see of the payout account.
    destination_masked: Option<String>,
    /// Expected arrival; null when the calendar does not know, or when it is finished.
    expected_at: Option<String>,
    /// End of the payout clock, which never pauses.
    deadline_at: String,
    /// Its way so far, step by step.
    steps: Vec<PathStepView>,
    /// Payment orders to the rail; empty before the first.
    slices: Vec<SliceView>,
}

/// One payment order to the rail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SliceView {
    /// 1, 2, …
    number: u16,
    /// What the rail knows it by; another one than at first only after the rail recorded a failure for want of the
    /// platform's funds.
    reference: String,
    /// Net, minor units.
    amount_minor: i64,
    /// `sending`, `unknown`, `funds_short`, `paid`, `failed` or `bounced`.
    state: &'static str,
    /// How often it was given to the rail under this reference.
    attempts: u32,
    /// The rail's own code of a failure.
    failure: Option<String>,
}

fn slices(withdrawal: &Withdrawal) -> Vec<SliceView> {
    let view = |slice: &purser_domain::withdrawals::Slice| SliceView {
        number: slice.number,
        reference: purser_domain::withdrawals::rail_reference(withdrawal.id, slice.rail_number()),
        amount_minor: slice.amount_minor,
        state: withdrawals::slice_state_name(slice.state),
        attempts: slice.attempts,
        failure: slice.failure.as_ref().map(|(_, code)| code.clone()),
    };
    withdrawal.slices.iter().map(view).collect()
}

/// Explain a withdrawal
#[utoipa::path(get, path = "/v1/withdrawals/{id}/explain", tag = "withdrawals",
    params(("id" = String, Path, description = "Withdrawal, `wd_…`")),
    responses((status = 200, body = WithdrawalExplained, description = "Where its money is, who must act, and when")))]
pub(crate) async fn explain_withdrawal(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: WithdrawalId = parse_id(&id, "id")?;
    let found = call.app.read(move |session| withdrawal_with_account(session, id)).await?;
    let (row, destination_masked) = found.ok_or_else(|| unknown(id))?;
    let withdrawal = row.withdrawal();
    let open = !withdrawal.state.is_final();
    let paid = |slice: &&purser_domain::withdrawals::Slice| {
        slice.state == purser_domain::withdrawals::SliceState::Paid
    };
    Ok(json(&WithdrawalExplained {
        id: row.id.to_string(),
        party_id: row.party.to_string(),
        state_zh: withdrawal.state.zh(),
        state_en: withdrawal.state.en(),
        explanation: Where::of(&row, call.app.now(), funds_days(&call.app)),
        in_transit_minor: withdrawal.in_transit_minor(),
        arrived_minor: withdrawal.slices.iter().filter(paid).map(|slice| slice.amount_minor).sum(),
        currency: row.currency.to_string(),
        destination_masked,
        expected_at: text(row.expected_at.filter(|_| open)),
        deadline_at: row.deadline_at.to_string(),
        steps: path_steps(&row),
        slices: slices(&withdrawal),
        state: row.state,
    }))
}

/// Where all of a party's money is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyExplained {
    /// Whose.
    party_id: String,
    /// Currency of every amount.
    currency: String,
    /// What can be withdrawn, minor units.
    available_minor: i64,
    /// Reserved by withdrawals under way.
    in_transit_minor: i64,
    /// Programme income of months that are not published.
    frozen_minor: i64,
    /// Of orders that are not settled, gross.
    pending_minor: i64,
    /// Owed by the party; no withdrawal while above zero.
    owed_minor: i64,
    /// Income tax withheld of this calendar year's income; gone, and not the party's to withdraw.
    tax_withheld_minor: i64,
    /// Piece by piece, what concerns the party most first.
    items: Vec<WhereaboutView>,
    /// A shop's proceeds, which stand apart; null for a party that is no shop on pay-later terms.
    proceeds: Option<ProceedsExplained>,
}

/// Where a shop's proceeds are. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProceedsExplained {
    /// What can be withdrawn: without what is due and the liability, which a withdrawal repays first.
    available_minor: i64,
    /// Reserved by withdrawals under way.
    in_transit_minor: i64,
    /// Refunded before the buyer paid, to be given back.
    due_minor: i64,
    /// Shipped beyond the limit, owed by the shop.
    liability_minor: i64,
    /// Piece by piece.
    items: Vec<WhereaboutView>,
}

/// A part of a party's money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhereaboutView {
    /// `available`, `blocked`, `would_wait`, `in_transit`, `frozen`, `pending`, `agency`, `owed` or `tax`.
    place: &'static str,
    /// Minor units.
    amount_minor: i64,
    /// Stable machine code.
    code: &'static str,
    /// A sentence in Chinese.
    zh: &'static str,
    /// A sentence in English.
    en: &'static str,
    /// Who must act.
    who_must_act: &'static str,
    /// What to do.
    next_step: &'static str,
    /// Next attempt, deadline, or when it may be tried again; null where time does not decide.
    next_at: Option<String>,
    /// The withdrawal took longer than promised.
    overdue: bool,
    /// The withdrawal, for `in_transit`.
    withdrawal_id: Option<String>,
    /// The settlement statement that reserves it, for `in_transit` (X16).
    settlement_id: Option<String>,
    /// All missing first steps, for `first_steps_missing`.
    missing: Vec<&'static str>,
}

impl From<&Whereabout> for WhereaboutView {
    fn from(part: &Whereabout) -> Self {
        Self {
            place: part.place.name(),
            amount_minor: part.amount_minor,
            code: part.code,
            zh: part.zh,
            en: part.en,
            who_must_act: part.actor.name(),
            next_step: part.next_step.name(),
            next_at: text(part.next_at),
            overdue: part.overdue,
            withdrawal_id: part.withdrawal.map(|id| id.to_string()),
            settlement_id: None,
            missing: part.missing.iter().map(|step| step.name()).collect(),
        }
    }
}

impl WhereaboutView {
    /// What a settlement statement reserves that has not come to its payout.
    fn of_settlement(row: &StatementRow, also: Circumstances, today: Date, zone: &Zone) -> Self {
        let words = purser_domain::corporate::explain(row.state(), also, row.due_on(), today);
        let end_of = |day: Date| zone.start_of(day.tomorrow().unwrap_or(day));
        Self {
            place: Place::InTransit.name(),
            amount_minor: row.payable,
            code: words.code,
            zh: words.zh,
            en: words.en,
            who_must_act: words.actor,
            next_step: words.next_step,
            next_at: text(words.by.map(end_of)),
            overdue: words.overdue,
            withdrawal_id: None,
            settlement_id: Some(row.id.to_string()),
            missing: Vec::new(),
        }
    }
}

/// Settlement statements of a party that reserve money, among the newest 100, and what their states do not say.
fn reserving(session: &mut dyn Session, party: PartyId) -> Result<Vec<(StatementRow, Circumstances)>, Fault> {
    let filter = StatementFilter { party: Some(party), ..StatementFilter::default() };
    let rows = corporate::statement_page(session, &filter, 100)?;
    let live = rows.into_iter().filter(|row| row.state().reserves());
    live.map(|row| corporate::circumstances(session, &row).map(|also| (row, also))).collect()
}

/// What the gate says to a request for everything: the same that stands in the way of any amount.
async fn look(call: &Call, party: PartyId, asked: Asked) -> Result<Box<DryRun>, Problem> {
    let look = RequestWithdrawal {
        party,
        asked,
        amount_minor: None,
        currency: call.app.rules().currency,
        destination: None,
        // The code is asked for when money is; until then it stands in nobody's way.
        code: purser_engine::identity::Given::Waived,
        person: None,
        metadata: Metadata::new(),
        dry_run: true,
    };
    match ask(call, look).await? {
        Requested::Looked(gate) => Ok(gate),
        Requested::Accepted(_) => Err(purser_engine::Failure::Bug.into()),
    }
}

fn pieces(money: &PartyMoney<'_>, open: &[WithdrawalRow], now: Timestamp) -> Vec<WhereaboutView> {
    let next = |id| open.iter().find(|row| row.id == id && row.queued).map(|row| row.next_at);
    whereabouts(money, next, now).iter().map(WhereaboutView::from).collect()
}

/// A shop's proceeds, and its withdrawals of them that are under way.
type Proceeds = (LimitView, Vec<WithdrawalRow>);

fn proceeds(session: &mut dyn Session, party: PartyId, as_of: AsOf<'_>) -> Result<Option<Proceeds>, Fault> {
    let Some(view) = credit::limit(session, party, as_of)? else { return Ok(None) };
    let open = if view.held_minor == 0 {
        Vec::new()
    } else {
        withdrawals::open_withdrawals(session, party, true, view.held_minor, OPEN)?
    };
    Ok(Some((view, open)))
}

async fn explain_proceeds(call: &Call, (view, open): Proceeds) -> Result<ProceedsExplained, Problem> {
    let gate = look(call, view.shop.party, Asked::Proceeds).await?;
    let rows: Vec<Withdrawal> = open.iter().map(WithdrawalRow::withdrawal).collect();
    let money = PartyMoney {
        available_minor: view.withdrawable_minor(),
        frozen_minor: 0,
        pending_minor: 0,
        routed_minor: 0,
        owed_minor: 0,
        withheld_minor: 0,
        gate: &gate,
        open: &rows,
    };
    Ok(ProceedsExplained {
        available_minor: money.available_minor,
        in_transit_minor: view.held_minor,
        due_minor: view.shop.due,
        liability_minor: view.liability_minor,
        items: pieces(&money, &open, call.app.now()),
    })
}

/// Explain where a party's money is
///
/// What is there, what holds it back (every missing first step is named), what is under way (the newest 100
/// withdrawals), what is to come, what is owed: each with who must act and when.
#[utoipa::path(get, path = "/v1/parties/{id}/explain", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = PartyExplained, description = "Where everything is")))]
pub(crate) async fn explain_party(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let app = &call.app;
    let (rules, now) = (app.rules(), app.now());
    let currency = rules.currency;
    let today = app.zone.date(now);
    let found = app
        .read(move |session| {
            if parties::party(session, party)?.is_none() {
                return Ok(None);
            }
            let overview = earnings::overview(session, party, currency, today)?;
            let open = withdrawals::open_withdrawals(session, party, false, overview.in_transit_minor, OPEN)?;
            let taxed = tax::tax_months(session, party, today.year())?;
            let proceeds = proceeds(session, party, AsOf { rules: &rules, now })?;
            Ok(Some((overview, open, reserving(session, party)?, taxed, proceeds)))
        })
        .await?;
    let Some((overview, open, statements, taxed, proceeds)) = found else {
        return Err(Problem::not_found("party_unknown", format!("there is no party {party}")));
    };
    let gate = look(&call, party, Asked::Earnings).await?;
    let proceeds = match proceeds {
        Some(proceeds) => Some(explain_proceeds(&call, proceeds).await?),
        None => None,
    };
    let totals = overview.totals.counters();
    let own = totals.total_task_minor.saturating_sub(totals.routed_task_minor);
    let pending_minor = own.saturating_sub(totals.settled_gross_minor).max(0);
    let rows: Vec<Withdrawal> = open.iter().map(WithdrawalRow::withdrawal).collect();
    let money = PartyMoney {
        available_minor: overview.withdrawable_minor,
        frozen_minor: overview.frozen_minor,
        pending_minor,
        routed_minor: totals.routed_task_minor,
        owed_minor: overview.owed_minor,
        withheld_minor: taxed.iter().fold(0, |sum, month| sum.saturating_add(month.withheld_minor)),
        gate: &gate,
        open: &rows,
    };
    let settlements =
        statements.iter().map(|(row, also)| WhereaboutView::of_settlement(row, *also, today, &call.app.zone));
    Ok(json(&PartyExplained {
        party_id: party.to_string(),
        currency: currency.to_string(),
        available_minor: money.available_minor,
        in_transit_minor: overview.in_transit_minor,
        frozen_minor: money.frozen_minor,
        pending_minor,
        owed_minor: money.owed_minor,
        tax_withheld_minor: money.withheld_minor,
        items: pieces(&money, &open, now).into_iter().chain(settlements).collect(),
        proceeds,
    }))
}
