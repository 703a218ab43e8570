//! What waits for people, in one read: the first page of the back office.

use std::collections::BTreeMap;

use axum::response::Response;
use purser_domain::{
    casework::State as CaseState,
    time::{Date, Timestamp},
    withdrawals::State,
};
use purser_engine::{
    Fault, Session,
    access::Scopes,
    approvals::{self, Action, ApprovalState},
    cases::{self, CASE_PAGE_MAX, CaseFilter},
    feed::{self, NEWEST},
    rows::JobState,
    withdrawals::{Waiting, WithdrawalFilter, overdue_count, waiting_for_funds, withdrawal_records},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::flow::{Flow, flow};
use crate::{
    edge::{Call, json},
    problem::Problem,
};

/// Most rows of a kind that are counted; more are told as this many and more.
const MOST: usize = 1_000;
/// How long ahead the calendar must be known (P5), days.
const CALENDAR_DAYS: u32 = 60;

/// Payouts that wait for float at a rail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitingPayouts {
    /// The rail.
    rail: String,
    /// How many.
    count: i64,
    /// Since when the oldest of them waits.
    since: String,
}

/// Withdrawals in a state in which somebody has to look.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateCount {
    /// The state.
    state: &'static str,
    /// How many, counted to 1,000.
    count: usize,
    /// What they add up to, minor units.
    amount_minor: i64,
    /// There are more than were counted.
    more: bool,
}

/// Open cases of a kind.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct CaseCount {
    /// The kind.
    kind: String,
    /// Not closed.
    open: usize,
    /// Of them, whose answer is late.
    overdue: usize,
    /// Of them, that nobody has taken.
    unowned: usize,
    /// Of them, the caller's own.
    mine: usize,
}

/// What waits for people, as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Desk {
    /// Business time of the answer.
    at: String,
    /// Civil date.
    today: String,
    /// Payouts that wait for float, by rail.
    waiting: Vec<WaitingPayouts>,
    /// Withdrawals that took longer than promised, counted to 1,000.
    overdue_payouts: i64,
    /// Withdrawals in review, waiting for funds, and of unknown outcome.
    withdrawals: Vec<StateCount>,
    /// Cases that are not closed, by kind; of each state the newest 1,000 are counted.
    cases: Vec<CaseCount>,
    /// There are more cases than were counted.
    more_cases: bool,
    /// Jobs that were given up, counted to 200.
    failed_jobs: usize,
    /// Approvals that wait for a second person, counted to 200.
    open_approvals: usize,
    /// Of them, those that the caller may decide: proposed by somebody else, and within what the caller may do.
    approvals_for_me: usize,
    /// Years that the calendar must learn within 60 days.
    calendar_missing: Vec<i16>,
    /// Money that came to and left the platform's float today, by hour.
    flow: Flow,
}

/// Who asks.
struct Asker {
    actor: String,
    id: String,
    scopes: Scopes,
}

fn counted(session: &mut dyn Session, state: State) -> Result<StateCount, Fault> {
    let filter = WithdrawalFilter { state: Some(state), ..WithdrawalFilter::default() };
    let page = withdrawal_records(session, &filter, None, MOST)?;
    let amount_minor = page.rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.amount));
    Ok(StateCount { state: state.name(), count: page.rows.len(), amount_minor, more: page.next.is_some() })
}

fn count_cases(session: &mut dyn Session, me: &str, now: Timestamp) -> Result<(Vec<CaseCount>, bool), Fault> {
    let mut kinds: BTreeMap<String, CaseCount> = BTreeMap::new();
    let mut more = false;
    for state in CaseState::ALL.iter().filter(|state| !state.is_closed()) {
        let filter = CaseFilter { state: state.name().to_owned(), hidden: true, ..CaseFilter::default() };
        let (mut before, mut read) = (None, 0);
        loop {
            let rows = cases::case_page(session, &filter, before, CASE_PAGE_MAX)?;
            before = rows.last().map(|row| row.id);
            read += rows.len();
            let full = i64::try_from(rows.len()).is_ok_and(|rows| rows == CASE_PAGE_MAX);
            for row in rows {
                let count = kinds.entry(row.kind.clone()).or_default();
                count.open += 1;
                count.overdue += usize::from(row.due_at.is_some_and(|at| at <= now));
                count.unowned += usize::from(row.owner.is_empty());
                count.mine += usize::from(row.owner == me);
            }
            if !full {
                break;
            }
            if read >= MOST {
                more = true;
                break;
            }
        }
    }
    let named = kinds.into_iter().map(|(kind, count)| CaseCount { kind, ..count });
    Ok((named.collect(), more))
}

/// Open approvals, and of them those that this one may decide.
fn count_approvals(session: &mut dyn Session, asker: &Asker) -> Result<(usize, usize), Fault> {
    let open = approvals::by_state(session, ApprovalState::Open, None, 200)?;
    let mine = |action: &str| Action::scope(action).is_none_or(|scope| asker.scopes.has(scope));
    let for_me = open.iter().filter(|row| row.proposed_by != asker.actor && mine(&row.action)).count();
    Ok((open.len(), for_me))
}

/// Read what waits for people
///
/// Counts are bounded and say so; lists behind them are those of the records themselves.
#[utoipa::path(get, path = "/v1/operations/desk", tag = "operations",
    responses((status = 200, body = Desk, description = "As it stands now")))]
pub(crate) async fn get_desk(call: Call) -> Result<Response, Problem> {
    let app = &call.app;
    let (now, rules, zone) = (app.now(), app.rules(), app.zone.clone());
    let today: Date = zone.date(now);
    let asker = Asker {
        actor: call.identity.actor.clone(),
        id: call.person("").map(|id| id.to_string()).unwrap_or_default(),
        scopes: call.identity.scopes,
    };
    let calendar_missing = rules.calendar.missing_within(today, CALENDAR_DAYS);
    let desk = app.read(move |session| {
        let waiting = waiting_for_funds(session)?;
        let overdue_payouts = overdue_count(session, now, 1_000)?;
        let states = [State::InReview, State::WaitingForFunds, State::Unknown];
        let withdrawals = states.map(|state| counted(session, state));
        let (cases, more_cases) = count_cases(session, &asker.id, now)?;
        let failed = feed::jobs(session, NEWEST, Some(JobState::Failed), 200)?;
        let (open_approvals, approvals_for_me) = count_approvals(session, &asker)?;
        Ok(Desk {
            at: now.to_string(),
            today: today.to_string(),
            waiting: waiting.into_iter().map(waits).collect(),
            overdue_payouts,
            withdrawals: withdrawals.into_iter().collect::<Result<_, _>>()?,
            cases,
            more_cases,
            failed_jobs: failed.len(),
            open_approvals,
            approvals_for_me,
            calendar_missing,
            flow: flow(session, &zone, rules.currency, today)?,
        })
    });
    Ok(json(&desk.await?))
}

fn waits(waiting: Waiting) -> WaitingPayouts {
    WaitingPayouts { rail: waiting.rail, count: waiting.count, since: waiting.since.to_string() }
}
