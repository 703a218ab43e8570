//! Withdrawals of a party, and of all parties for staff: lists and exports (X3).

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, PayoutAccountId, WithdrawalId},
    policy::keys,
    time::Timestamp,
    withdrawals::{Source, State, explain},
};
use purser_engine::withdrawals::{
    PayoutAccountRow, RecordPlace, WithdrawalFilter, WithdrawalRow, payout_accounts_by_id, withdrawal_records,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    amounts,
    csv::{self, Lines, Look},
    keyword, span,
};
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    problem::Problem,
    withdrawals::{WithdrawalView, funds_days},
};

macro_rules! params {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// Only of this money: `earnings`, `proceeds` or `statement`.
            source: Option<String>,
            /// Only withdrawals in this state.
            state: Option<String>,
            /// First civil date of the request, in the business zone.
            from: Option<String>,
            /// Last civil date of the request, included.
            until: Option<String>,
            /// Requested amount at least this, minor units.
            #[param(minimum = 0)]
            amount_min_minor: Option<i64>,
            /// Requested amount at most this, minor units.
            #[param(minimum = 0)]
            amount_max_minor: Option<i64>,
            /// Only what this rail carries.
            rail: Option<String>,
            /// Only what goes to this payout account, `pa_…`.
            destination: Option<String>,
            /// The id contains this, at most 100 characters.
            keyword: Option<String>,
            /// Only what is not finished and took longer than promised.
            overdue: Option<bool>,
            /// Only where this code says why it stands where it does, or what it was held for; in the lists of all
            /// parties.
            reason: Option<String>,
            $($(#[$extra_doc])* $extra: $kind,)*
        }

        impl $name {
            fn filter(self, call: &Call, party: Option<PartyId>) -> Result<WithdrawalFilter, Problem> {
                let names = || State::ALL.map(State::name).join(", ");
                let state = self.state.as_deref().map(|name| {
                    State::named(name).ok_or_else(|| Problem::invalid("state", format!("one of {}", names())))
                });
                let source = self.source.as_deref().map(|name| {
                    let known = [Source::Earnings, Source::Proceeds, Source::Statement];
                    let found = known.into_iter().find(|source| source.name() == name);
                    found.ok_or_else(|| Problem::invalid("source", "one of earnings, proceeds, statement"))
                });
                let (since, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
                amounts(self.amount_min_minor, self.amount_max_minor)?;
                if self.rail.as_deref().is_some_and(|rail| keys::of_rail(rail).is_none()) {
                    return Err(Problem::invalid("rail", format!("one of {}", keys::RAILS.join(", "))));
                }
                if party.is_some() && self.reason.is_some() {
                    return Err(Problem::invalid("reason", "only the lists of all parties take it"));
                }
                let destination = self.destination.as_deref().map(|id| parse_id(id, "destination"));
                Ok(WithdrawalFilter {
                    party,
                    source: source.transpose()?,
                    state: state.transpose()?,
                    since,
                    until,
                    least_minor: self.amount_min_minor,
                    most_minor: self.amount_max_minor,
                    rail: self.rail,
                    destination: destination.transpose()?,
                    keyword: keyword(self.keyword)?,
                    reason: self.reason.filter(|code| !code.is_empty()),
                    overdue_at: self.overdue.unwrap_or(false).then(|| call.app.now()),
                })
            }
        }
    };
}

params! {
    /// Parameters of lists of withdrawals.
    WithdrawalParams {
        /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<usize>,
        /// `next_cursor` of the page before; opaque.
        cursor: Option<String>,
    }
}

params! {
    /// Parameters of exports of withdrawals.
    WithdrawalExportParams {
        /// `en` or `zh`: headings and sentences; `en` when absent.
        lang: Option<String>,
        /// Begin with a byte order mark, for Excel.
        bom: Option<bool>,
    }
}

/// List a party's withdrawals, newest first
#[utoipa::path(get, path = "/v1/parties/{id}/withdrawals", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), WithdrawalParams),
    responses((status = 200, body = Page<WithdrawalView>, description = "Withdrawals")))]
pub(crate) async fn list_withdrawals(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<WithdrawalParams>,
) -> Result<Response, Problem> {
    let party = parse_id(&id, "id")?;
    list(call, Some(party), params).await
}

/// List withdrawals of all parties, newest first
///
/// For reviewers (`state=in_review`), finance (`state=waiting_for_funds`) and whoever follows up what is late
/// (`overdue=true`, latest deadline first).
#[utoipa::path(get, path = "/v1/withdrawals", tag = "withdrawals", params(WithdrawalParams),
    responses((status = 200, body = Page<WithdrawalView>, description = "Withdrawals")))]
pub(crate) async fn list_all_withdrawals(
    call: Call,
    Params(params): Params<WithdrawalParams>,
) -> Result<Response, Problem> {
    list(call, None, params).await
}

async fn list(call: Call, party: Option<PartyId>, params: WithdrawalParams) -> Result<Response, Problem> {
    let most = limit(params.limit)?;
    let before = match &params.cursor {
        Some(text) => Some(Cursor::decode(text)?.place()?),
        None => None,
    };
    let before = before.map(|(at, id)| (Timestamp(at), WithdrawalId(id)));
    let filter = params.filter(&call, party)?;
    let (records, accounts) = read(&call, filter, before, most).await?;
    let days = funds_days(&call.app);
    let show = |row: &WithdrawalRow| {
        let masked = accounts.get(&row.destination).map(|account| account.masked.clone());
        WithdrawalView::of(row, call.app.now(), days).with_destination(masked)
    };
    let next_cursor = records.next.map(|(at, id)| Cursor { numbers: vec![at.0], id: id.0 }.encode());
    Ok(json(&Page { data: records.rows.iter().map(show).collect(), next_cursor }))
}

type Records = purser_engine::paging::Page<WithdrawalRow, RecordPlace>;
type Accounts = BTreeMap<PayoutAccountId, PayoutAccountRow>;

async fn read(
    call: &Call,
    filter: WithdrawalFilter,
    before: Option<RecordPlace>,
    most: usize,
) -> Result<(Records, Accounts), Problem> {
    call.app
        .read(move |session| {
            let records = withdrawal_records(session, &filter, before, most)?;
            let accounts =
                payout_accounts_by_id(session, records.rows.iter().map(|row| row.destination).collect())?;
            Ok((records, accounts))
        })
        .await
}

const HEADINGS: [(&str, &str); 24] = [
    ("id", "编号"),
    ("party_id", "账户主体"),
    ("source", "资金来源"),
    ("requested_at", "申请时间"),
    ("requested_on", "申请日期"),
    ("state", "状态码"),
    ("state_text", "状态"),
    ("currency", "币种"),
    ("amount", "提现金额"),
    ("amount_minor", "提现金额（分）"),
    ("fee", "手续费"),
    ("fee_minor", "手续费（分）"),
    ("net", "到账金额"),
    ("net_minor", "到账金额（分）"),
    ("rail", "付款通道"),
    ("destination_kind", "收款账户类型"),
    ("destination", "收款账户"),
    ("reason", "原因码"),
    ("reason_text", "原因"),
    ("detail", "说明"),
    ("expected_at", "预计到账时间"),
    ("dispatch_at", "起息时间"),
    ("deadline_at", "最晚完成时间"),
    ("finished_at", "完成时间"),
];

/// Export a party's withdrawals as CSV
///
/// Holds exactly what the filters show, newest first, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/parties/{id}/withdrawals/export", tag = "withdrawals",
    params(("id" = String, Path, description = "Party, `pty_…`"), WithdrawalExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_withdrawals(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<WithdrawalExportParams>,
) -> Result<Response, Problem> {
    let party = parse_id(&id, "id")?;
    export(call, Some(party), params).await
}

/// Export withdrawals of all parties as CSV
///
/// Holds exactly what the filters show, newest first, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/withdrawals/export", tag = "withdrawals", params(WithdrawalExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_all_withdrawals(
    call: Call,
    Params(params): Params<WithdrawalExportParams>,
) -> Result<Response, Problem> {
    export(call, None, params).await
}

async fn export(
    call: Call,
    party: Option<PartyId>,
    params: WithdrawalExportParams,
) -> Result<Response, Problem> {
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let filter = params.filter(&call, party)?;
    csv::download("withdrawals", Lines::headed(look, &HEADINGS), move |mut lines, place| {
        let (call, filter) = (call.clone(), filter.clone());
        async move {
            let (records, accounts) = read(&call, filter, place, csv::ROWS).await?;
            for row in &records.rows {
                line(&mut lines, &call, look, row, accounts.get(&row.destination));
            }
            Ok((lines, records.next))
        }
    })
    .await
}

fn line(lines: &mut Lines, call: &Call, look: Look, row: &WithdrawalRow, account: Option<&PayoutAccountRow>) {
    let zone = &call.app.zone;
    let at = |at: Option<Timestamp>| at.map(|at| zone.rfc3339(at)).unwrap_or_default();
    let withdrawal = row.withdrawal();
    let words = explain(&withdrawal, row.queued.then_some(row.next_at), call.app.now());
    lines.text(&row.id.to_string());
    lines.text(&row.party.to_string());
    lines.text(&row.source);
    lines.text(&at(Some(row.requested_at)));
    lines.text(&row.requested_on.to_string());
    lines.text(&row.state);
    lines.text(look.pick(withdrawal.state.en(), withdrawal.state.zh()));
    lines.text(row.currency.code());
    for amount in [row.amount, row.fee, row.net] {
        lines.money(Some(amount));
    }
    lines.text(&row.rail);
    lines.text(account.map_or("", |account| &account.kind));
    lines.text(account.map_or("", |account| &account.masked));
    lines.text(words.code);
    lines.text(look.pick(words.en, words.zh));
    lines.text(words.detail.as_deref().unwrap_or_default());
    for time in [row.expected_at, Some(row.dispatch_at), Some(row.deadline_at), row.finished_at] {
        lines.text(&at(time));
    }
    lines.end();
}
