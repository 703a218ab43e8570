//! What differs between statements and books, and the daily proof of float (P13).

use axum::{extract::Path, response::Response};
use purser_domain::{ids::Uid, reconcile::State, time::Date};
use purser_engine::{
    approvals::Action,
    cases::{self, CaseRow},
    reconcile::{self, DayOfRailRow, ITEM_PREFIX, ItemRow, NAMED, Proof, RECON_PAGE_MAX, ResolveBreak},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::statement_text;
use crate::{
    bank_files::{known, rows, some},
    edge::{Call, Cursor, Page, PageParams, Params, json, limit, page_of},
    problem::Problem,
};

/// What is on one side only, or of different amounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciliationItem {
    /// Id, `rit_…`.
    id: String,
    /// Of which rail.
    rail: String,
    /// `not_on_statement`, `not_booked`, `unknown`, `twice`, `amount_differs`, `opening_differs`.
    kind: String,
    /// `in_transit` while the other side may still come; `break` when people have to settle it; `closed`.
    state: String,
    /// Civil day since which it is one.
    since_on: String,
    /// Whole days since then, until it was closed.
    age_days: i64,
    /// Civil day from which it is a break.
    broke_on: Option<String>,
    /// In the books, minor units; into the float above zero.
    booked_minor: i64,
    /// On the statement, minor units.
    statement_minor: i64,
    /// What settling it by booking adds to the float, minor units.
    adjustment_minor: Option<i64>,
    /// The statement, `rst_…`; null when it is in the books alone.
    statement_id: Option<String>,
    /// Its line there.
    line: Option<i64>,
    /// Its line of the ledger, `tr_…`; null when it is on the statement alone.
    transfer_id: Option<String>,
    /// The reference that we gave, or what the booking is about.
    reference: Option<String>,
    /// The rail's own.
    rail_reference: Option<String>,
    /// What the rail calls it, or the kind of the ledger's line.
    words: Option<String>,
    /// Its case in the queue, `case_…`.
    case_id: Option<String>,
    /// Who has that case, `stf_…`.
    owner: Option<String>,
    /// By when it is to be settled.
    due_at: Option<String>,
    /// Civil day from which nothing differs any more.
    closed_on: Option<String>,
    /// `matched` when the other side came; `adjusted`, `paired` by two people.
    closed_how: Option<String>,
    /// The second of the two people.
    closed_by: Option<String>,
    /// The item that it is one movement with, `rit_…`.
    paired_with: Option<String>,
    /// Why, as two people said it.
    note: Option<String>,
}

fn item_text(id: Uid) -> String {
    id.with_prefix(ITEM_PREFIX)
}

fn view((row, case): (&ItemRow, Option<&CaseRow>), today: Date) -> ReconciliationItem {
    let until = row.closed_on.parse::<Date>().unwrap_or(today);
    let age = row.since_on.until(until).map_or(0, |span| i64::from(span.get_days()));
    let adjustment = i64::try_from(-row.sides().difference_minor()).ok();
    ReconciliationItem {
        id: item_text(row.id),
        rail: row.rail.clone(),
        kind: row.kind.clone(),
        state: row.state.clone(),
        since_on: row.since_on.to_string(),
        age_days: age.max(0),
        broke_on: some(&row.broke_on),
        booked_minor: row.booked,
        statement_minor: row.told,
        adjustment_minor: adjustment.filter(|_| row.state() == State::Break),
        statement_id: (!row.statement.is_nil()).then(|| statement_text(row.statement)),
        line: (row.n > 0).then_some(row.n),
        transfer_id: row.transfer().map(|id| id.to_string()),
        reference: some(&row.reference),
        rail_reference: some(&row.rail_reference),
        words: some(&row.words),
        case_id: row.case().map(|id| id.to_string()),
        owner: case.and_then(|case| some(&case.owner)),
        due_at: case.and_then(|case| case.due_at).map(|at| at.to_string()),
        closed_on: some(&row.closed_on),
        closed_how: some(&row.closed_how),
        closed_by: some(&row.closed_by),
        paired_with: (!row.other.is_nil()).then(|| item_text(row.other)),
        note: some(&row.note),
    }
}

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ItemParams {
    /// `break` when absent, `in_transit` or `closed`.
    state: Option<String>,
    /// Of this rail.
    rail: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List what differs, the oldest first
#[utoipa::path(get, path = "/v1/reconciliation/items", tag = "reconciliation", params(ItemParams),
    responses((status = 200, body = Page<ReconciliationItem>, description = "Items")))]
pub(crate) async fn list_items(call: Call, params: Params<ItemParams>) -> Result<Response, Problem> {
    let ItemParams { state, rail, limit: given, cursor } = params.0;
    let names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
    let state = known("state", state.as_deref(), &names)?;
    let state = State::named(&state).unwrap_or(State::Break);
    let (limit, rail) = (limit(given)?, rail.unwrap_or_default());
    let after = match cursor.as_deref().map(Cursor::decode).transpose()? {
        None => None,
        Some(cursor) => {
            let day = cursor.text(0).and_then(|(_, text)| text.parse::<Date>().ok());
            let day = day.ok_or_else(|| Problem::invalid("cursor", "not a cursor of this list"))?;
            Some((day, cursor.id))
        }
    };
    let most = rows(limit).min(RECON_PAGE_MAX);
    let found = call.app.read(move |session| {
        let items = reconcile::items(session, state, &rail, after, most)?;
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let case = match item.case() {
                Some(id) => cases::case(session, id)?,
                None => None,
            };
            out.push((item, case));
        }
        Ok(out)
    });
    let today = call.app.zone.date(call.app.now());
    let cursor =
        |(row, _): &(ItemRow, Option<CaseRow>)| Cursor::id(row.id).with_text(&row.since_on.to_string());
    Ok(json(&page_of(found.await?, limit, cursor, |(row, case)| view((&row, case.as_ref()), today))))
}

fn item_id(text: &str, pointer: &str) -> Result<Uid, Problem> {
    Uid::parse(text, ITEM_PREFIX).map_err(|error| Problem::invalid(pointer, error.to_string()))
}

async fn item(call: &Call, id: Uid) -> Result<(ItemRow, Option<CaseRow>), Problem> {
    let found = call.app.read(move |session| {
        let Some(row) = reconcile::item(session, id)? else { return Ok(None) };
        let case = match row.case() {
            Some(id) => cases::case(session, id)?,
            None => None,
        };
        Ok(Some((row, case)))
    });
    found.await?.ok_or_else(|| Problem::not_found("reconciliation_item_unknown", "there is no such item"))
}

/// Get an item
#[utoipa::path(get, path = "/v1/reconciliation/items/{id}", tag = "reconciliation",
    params(("id" = String, Path, description = "Item, `rit_…`")),
    responses((status = 200, body = ReconciliationItem, description = "The item")))]
pub(crate) async fn get_item(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let (row, case) = item(&call, item_id(&id, "id")?).await?;
    Ok(json(&view((&row, case.as_ref()), call.app.zone.date(call.app.now()))))
}

/// A day of a rail that was compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciledDay {
    /// Civil day.
    day: String,
    /// The statement that covers it, `rst_…`.
    statement_id: String,
    /// Balance of the statement before, minor units.
    opening_minor: i64,
    /// Balance of the statement after, minor units.
    closing_minor: i64,
    /// Float in the books after, minor units.
    booked_minor: i64,
    /// Lines of the statement.
    lines: i64,
    /// Movements in the books.
    bookings: i64,
    /// Lines that met a booking of the day by reference.
    matched: i64,
    /// By amount and day.
    matched_by_amount: i64,
    /// Items of days before whose other side came.
    came: i64,
    /// New items.
    items: i64,
    /// When it was compared.
    compared_at: String,
}

impl From<&DayOfRailRow> for ReconciledDay {
    fn from(row: &DayOfRailRow) -> Self {
        Self {
            day: row.day.to_string(),
            statement_id: statement_text(row.statement),
            opening_minor: row.opening,
            closing_minor: row.closing,
            booked_minor: row.booked_closing,
            lines: row.lines,
            bookings: row.bookings,
            matched: row.matched,
            matched_by_amount: row.by_amount,
            came: row.came,
            items: row.items,
            compared_at: row.done_at.to_string(),
        }
    }
}

/// List the days of a rail that were compared
#[utoipa::path(get, path = "/v1/reconciliation/rails/{rail}/days", tag = "reconciliation",
    params(("rail" = String, Path, description = "`sandbox`, `alipay` or `bank-file`"), PageParams),
    responses((status = 200, body = Page<ReconciledDay>, description = "Days, newest first")))]
pub(crate) async fn list_days(
    call: Call,
    Path(rail): Path<String>,
    params: Params<PageParams>,
) -> Result<Response, Problem> {
    let limit = params.0.limit()?;
    let before = match params.0.cursor.as_deref().map(Cursor::decode).transpose()? {
        None => None,
        Some(cursor) => {
            let day = cursor.text(0).and_then(|(_, text)| text.parse::<Date>().ok());
            Some(day.ok_or_else(|| Problem::invalid("cursor", "not a cursor of this list"))?)
        }
    };
    let found = call.app.read(move |session| reconcile::days(session, &rail, before, rows(limit))).await?;
    let cursor = |row: &DayOfRailRow| Cursor::default().with_text(&row.day.to_string());
    Ok(json(&page_of(found, limit, cursor, |row| ReconciledDay::from(&row))))
}

/// Items that stand alike.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingView {
    /// How many.
    count: i64,
    /// What the books are ahead of the statement through them, minor units.
    difference_minor: i64,
}

/// Float in the books = balance of the statement + items in transit + breaks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FloatProof {
    /// Of which rail.
    rail: String,
    /// The day.
    #[serde(flatten)]
    day: ReconciledDay,
    /// Currency code.
    currency: String,
    /// Float in the books at the end of the day, as the ledger says it now, minor units.
    float_minor: i64,
    /// In transit on that day.
    in_transit: StandingView,
    /// Breaks on that day.
    breaks: StandingView,
    /// What nothing explains, minor units: zero, or the books were changed afterwards.
    unexplained_minor: i64,
    /// Whether all of it is explained.
    proved: bool,
    /// The items, the oldest first, at most 200.
    items: Vec<ReconciliationItem>,
    /// There are more of them.
    more_items: bool,
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// Prove the float of a day
///
/// What the ledger says of the float at the end of the day is the closing balance of the statement, and the items that stood
/// then: those in transit by name, and the breaks.
#[utoipa::path(get, path = "/v1/reconciliation/rails/{rail}/proofs/{date}", tag = "reconciliation",
    params(("rail" = String, Path, description = "`sandbox`, `alipay` or `bank-file`"),
        ("date" = String, Path, description = "Civil day, `2026-03-02`")),
    responses((status = 200, body = FloatProof, description = "The proof")))]
pub(crate) async fn prove_day(
    call: Call,
    Path((rail, date)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let date: Date = date.parse().map_err(|_| Problem::invalid("date", "a civil day is like 2026-03-02"))?;
    let name = rail.clone();
    let proof = call.app.read(move |session| reconcile::prove(session, &name, date)).await?;
    let Some(proof) = proof else {
        let text = "this day of this rail was not compared: take in the statement that covers it";
        return Err(Problem::not_found("reconciled_day_unknown", text));
    };
    let unexplained = proof.unexplained_minor();
    let Proof { day, currency, booked_minor, in_transit, breaks, items } = proof;
    let standing = |s: reconcile::Standing| StandingView {
        count: s.count,
        difference_minor: narrow(s.difference_minor),
    };
    let all = in_transit.count + breaks.count;
    Ok(json(&FloatProof {
        rail,
        day: ReconciledDay::from(&day),
        currency,
        float_minor: booked_minor,
        in_transit: standing(in_transit),
        breaks: standing(breaks),
        unexplained_minor: narrow(unexplained),
        proved: unexplained == 0,
        items: items
            .iter()
            .map(|(state, row)| {
                let mut item = view((row, None), date);
                state.name().clone_into(&mut item.state);
                item
            })
            .collect(),
        more_items: usize::try_from(all).is_ok_and(|all| all > NAMED),
    }))
}

/// Settling a break of reconciliation: booking the difference, or pairing it with its opposite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BreakProposal {
    /// The item, `rit_…`.
    item_id: String,
    /// The item that it is one movement with; absent to book the difference at the float, against `suspense`.
    pair_with: Option<String>,
    /// Why; shown to whoever decides, and kept.
    reason: String,
}

impl BreakProposal {
    pub(crate) async fn action(self, call: &Call) -> Result<Action, Problem> {
        let id = item_id(&self.item_id, "/reconciliation_break/item_id")?;
        let pair = self.pair_with.as_deref().map(|text| item_id(text, "/reconciliation_break/pair_with"));
        let pair = pair.transpose()?;
        let (row, _) = item(call, id).await?;
        let amount = if pair.is_some() { 0 } else { narrow(-row.sides().difference_minor()) };
        Ok(Action::ResolveBreak(ResolveBreak {
            item: id,
            rail: row.rail,
            pair,
            amount_minor: amount,
            currency: call.app.rules().currency,
            reason: self.reason,
        }))
    }
}
