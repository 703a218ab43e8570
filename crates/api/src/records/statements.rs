//! Statements of a party by month (P20), as a page, as CSV and as a workbook.

use axum::{extract::Path, response::Response};
use purser_domain::{
    ids::{PartyId, TransferId},
    ledger::TransferKind,
};
use purser_engine::{
    Session,
    history::{self, Line},
    parties,
    statements::{self, Span, StatementAccount},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    csv::{self, Lines, Look},
    statement_words::{account_words, words},
    workbook,
};
use crate::{
    edge::{Call, Cursor, Params, json, limit, parse_id},
    problem::Problem,
};

/// Parameters of a statement.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementParams {
    /// Only the lines of this account of the statement, `acc_…`.
    account: Option<String>,
    /// Most lines to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// Parameters of a statement as a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementFileParams {
    /// `en` or `zh`: headings and words; `en` when absent.
    lang: Option<String>,
    /// CSV begins with a byte order mark, for Excel; a workbook needs none.
    bom: Option<bool>,
}

/// An account in a statement. `opening + Σ change = closing`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementAccountView {
    /// Account, `acc_…`.
    account_id: String,
    /// What it is, like `earnings`.
    kind: &'static str,
    /// Which one, for grants.
    qualifier: String,
    /// The balance is what the party owes.
    owes: bool,
    /// Balance before the month, minor units.
    opening_minor: i64,
    /// What the month changed, minor units.
    change_minor: i64,
    /// Balance after the month, or now, minor units.
    closing_minor: i64,
    /// Ledger lines, those included that only reserve.
    entries: i64,
}

impl From<&StatementAccount> for StatementAccountView {
    fn from(account: &StatementAccount) -> Self {
        Self {
            account_id: account.reference.id().to_string(),
            kind: account.reference.kind.name(),
            qualifier: account.reference.qualifier.clone(),
            owes: account.owes(),
            opening_minor: account.opening_minor,
            change_minor: account.closing_minor.saturating_sub(account.opening_minor),
            closing_minor: account.closing_minor,
            entries: account.entries,
        }
    }
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementLineView {
    /// Account, `acc_…`.
    account_id: String,
    /// Transfer, `tr_…`.
    transfer_id: String,
    /// When it was booked.
    at: String,
    /// What it is about, like `withdrawal.amount`.
    kind: &'static str,
    /// The same in words.
    text: StatementWords,
    /// What it added; below zero what it took.
    change_minor: i64,
    /// Balance afterwards.
    balance_minor: i64,
}

/// In both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementWords {
    /// Chinese.
    zh: &'static str,
    /// English.
    en: &'static str,
}

impl StatementLineView {
    fn of(account: &StatementAccount, line: &Line) -> Self {
        let kind = TransferKind::from_code(line.transfer.kind);
        let (zh, en) = kind.map_or(("", ""), words);
        Self {
            account_id: account.reference.id().to_string(),
            transfer_id: line.transfer.id.to_string(),
            at: line.transfer.at.to_string(),
            kind: kind.map_or("", TransferKind::name),
            text: StatementWords { zh, en },
            change_minor: line.change_minor,
            balance_minor: line.balance_minor,
        }
    }
}

/// A party's month: every account with its balances, and the lines between them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartyStatementView {
    /// Party, `pty_…`.
    party_id: String,
    /// `2026-03`.
    month: String,
    /// Currency of all amounts.
    currency: String,
    /// The month is over: nothing of it changes any more.
    is_final: bool,
    /// Accounts with a balance or lines, in a fixed order.
    accounts: Vec<StatementAccountView>,
    /// Lines, account by account, newest first; what only reserves is left out.
    lines: Vec<StatementLineView>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Which party's which month.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) party: PartyId,
    pub(super) span: Span,
    pub(super) month: String,
    pub(super) look: Look,
}

impl Asked {
    fn read(call: &Call, id: &str, month: String, look: Look) -> Result<Self, Problem> {
        let party = parse_id(id, "id")?;
        let bad = || Problem::invalid("month", "a month, like 2026-03");
        let is_shaped = month.len() == 7 && month.as_bytes().get(4) == Some(&b'-');
        let day = format!("{month}-01").parse().ok().filter(|_| is_shaped).ok_or_else(bad)?;
        let span = Span::of(&call.app.zone, day);
        if span.from > call.app.now() {
            return Err(Problem::invalid("month", "a month that has begun"));
        }
        Ok(Self { party, span, month, look })
    }

    async fn accounts(&self, call: &Call) -> Result<Vec<StatementAccount>, Problem> {
        let (party, span) = (self.party, self.span);
        let (zone, currency) = (call.app.zone.clone(), call.app.rules().currency);
        let read = move |session: &mut dyn Session| {
            let known = parties::party(session, party)?.is_some();
            Ok(if known { Some(statements::accounts(session, &zone, party, currency, &span)?) } else { None })
        };
        let found = call.app.read(read).await?;
        found.ok_or_else(|| Problem::not_found("party_unknown", format!("there is no party {party}")))
    }

    /// Name of a file.
    fn file(&self) -> String {
        format!("statement-{}-{}", self.party, self.month)
    }
}

/// Read a party's statement of a month
///
/// Every account of the party with opening and closing balance, tied to the ledger, and the lines between, page by page.
#[utoipa::path(get, path = "/v1/parties/{id}/statements/{month}", tag = "ledger",
    params(("id" = String, Path, description = "Party, `pty_…`"),
        ("month" = String, Path, description = "Month of the business zone, `2026-03`"), StatementParams),
    responses((status = 200, body = PartyStatementView, description = "The statement")))]
pub(crate) async fn get_party_statement(
    call: Call,
    Path((id, month)): Path<(String, String)>,
    Params(params): Params<StatementParams>,
) -> Result<Response, Problem> {
    let asked = Asked::read(&call, &id, month, Look::of(None, None)?)?;
    let most = limit(params.limit)?;
    let accounts = asked.accounts(&call).await?;
    let mut shown = accounts.clone();
    if let Some(id) = &params.account {
        shown.retain(|account| account.reference.id().to_string() == *id);
        if shown.is_empty() {
            return Err(Problem::invalid("account", "an account of this statement, `acc_…`"));
        }
    }
    let place = match params.cursor.as_deref() {
        None => Place::first(&shown),
        Some(text) => Some(Place::decode(&shown, text)?),
    };
    let (mut lines, mut next_cursor) = (Vec::new(), None);
    if let Some(place) = place {
        let (index, page) = place.read(&call, &shown, asked.span, most).await?;
        lines = page.lines.iter().map(|line| StatementLineView::of(&shown[index], line)).collect();
        next_cursor = Place::after(&shown, index, &page).map(Place::encode);
    }
    Ok(json(&PartyStatementView {
        party_id: asked.party.to_string(),
        currency: call.app.rules().currency.to_string(),
        is_final: asked.span.until <= call.app.now(),
        accounts: accounts.iter().map(StatementAccountView::from).collect(),
        lines,
        next_cursor,
        month: asked.month,
    }))
}

/// Where reading goes on: an account of the statement, and a line of it.
#[derive(Debug, Clone, Copy)]
struct Place {
    index: usize,
    from: history::Cursor,
}

impl Place {
    fn from(accounts: &[StatementAccount], index: usize) -> Option<Self> {
        let mut rest = accounts.iter().enumerate().skip(index);
        rest.find_map(|(index, account)| Some(Self { index, from: account.last? }))
    }

    fn first(accounts: &[StatementAccount]) -> Option<Self> {
        Self::from(accounts, 0)
    }

    fn after(accounts: &[StatementAccount], index: usize, page: &history::Page) -> Option<Self> {
        match page.next {
            Some(from) => Some(Self { index, from }),
            None => Self::from(accounts, index + 1),
        }
    }

    async fn read(
        self,
        call: &Call,
        accounts: &[StatementAccount],
        span: Span,
        most: usize,
    ) -> Result<(usize, history::Page), Problem> {
        let account = accounts[self.index].reference.clone();
        let read =
            move |session: &mut dyn Session| statements::lines(session, &account, &span, self.from, most);
        Ok((self.index, call.app.read(read).await?))
    }

    fn encode(self) -> String {
        let index = i64::try_from(self.index).unwrap_or(i64::MAX);
        Cursor { numbers: vec![index], ..Cursor::id(self.from.0.0) }.encode()
    }

    fn decode(accounts: &[StatementAccount], text: &str) -> Result<Self, Problem> {
        let cursor = Cursor::decode(text)?;
        let index = cursor.numbers.first().and_then(|index| usize::try_from(*index).ok());
        let index = index.filter(|index| *index < accounts.len());
        let index =
            index.ok_or_else(|| Problem::invalid("cursor", "the next_cursor of a page of this statement"))?;
        Ok(Self { index, from: history::Cursor(TransferId(cursor.id)) })
    }
}

const HEADINGS: [(&str, &str); 12] = [
    ("account", "账户"),
    ("account_text", "账户名称"),
    ("line", "行"),
    ("at", "记账时间"),
    ("kind", "类型码"),
    ("kind_text", "类型"),
    ("change", "变动金额"),
    ("change_minor", "变动金额（分）"),
    ("balance", "余额"),
    ("balance_minor", "余额（分）"),
    ("transfer_id", "流水号"),
    ("account_id", "账户编号"),
];

/// What a row of a file is.
pub(super) enum Row<'a> {
    /// The balance before the month.
    Opening(i64),
    /// A line.
    Line(&'a Line),
    /// The balance after it, or now.
    Closing(i64),
}

/// A cell of a file.
pub(super) enum Cell {
    Text(String),
    Amount(i64),
    Nothing,
}

/// Headings of a file.
pub(super) fn headings(look: Look) -> impl Iterator<Item = &'static str> {
    HEADINGS.iter().map(move |(en, zh)| look.pick(en, zh)).copied()
}

/// The cells of a row. An amount fills two: in yuan and in minor units.
pub(super) fn cells(call: &Call, look: Look, account: &StatementAccount, row: &Row<'_>) -> [Cell; 10] {
    let text = |text: &str| Cell::Text(text.to_owned());
    let (zh, en) = account_words(account.reference.kind);
    let (name, balance) = match row {
        Row::Opening(balance) => (look.pick("opening", "期初"), *balance),
        Row::Closing(balance) => (look.pick("closing", "期末"), *balance),
        Row::Line(line) => (look.pick("line", "明细"), line.balance_minor),
    };
    let line = if let Row::Line(line) = row { Some(line) } else { None };
    let kind = line.and_then(|line| TransferKind::from_code(line.transfer.kind));
    let (kind_zh, kind_en) = kind.map_or(("", ""), words);
    let at = line.map(|line| call.app.zone.rfc3339(line.transfer.at)).unwrap_or_default();
    [
        text(account.reference.kind.name()),
        text(look.pick(en, zh)),
        text(name),
        Cell::Text(at),
        text(kind.map_or("", TransferKind::name)),
        text(look.pick(kind_en, kind_zh)),
        line.map_or(Cell::Nothing, |line| Cell::Amount(line.change_minor)),
        Cell::Amount(balance),
        Cell::Text(line.map(|line| line.transfer.id.to_string()).unwrap_or_default()),
        Cell::Text(account.reference.id().to_string()),
    ]
}

fn write(lines: &mut Lines, cells: [Cell; 10]) {
    for cell in cells {
        match cell {
            Cell::Text(text) => lines.text(&text),
            Cell::Amount(amount) => lines.money(Some(amount)),
            Cell::Nothing => lines.money(None),
        }
    }
    lines.end();
}

/// Where a file goes on: its place, and what lines of the account have added up to.
struct Under {
    place: Place,
    sum: i128,
}

/// Export a party's statement of a month as CSV
///
/// Account by account: the closing balance, the lines from the newest to the oldest, the opening balance. Streamed,
/// however many lines there are; a file whose lines do not add up is cut off.
#[utoipa::path(get, path = "/v1/parties/{id}/statements/{month}/export", tag = "ledger",
    params(("id" = String, Path, description = "Party, `pty_…`"),
        ("month" = String, Path, description = "Month of the business zone, `2026-03`"), StatementFileParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_statement(
    call: Call,
    Path((id, month)): Path<(String, String)>,
    Params(params): Params<StatementFileParams>,
) -> Result<Response, Problem> {
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let asked = Asked::read(&call, &id, month, look)?;
    let accounts = asked.accounts(&call).await?;
    let name = asked.file();
    let head = Lines::headed(look, &HEADINGS);
    csv::download(&name, head, move |mut lines, under: Option<Under>| {
        let (call, accounts, span) = (call.clone(), accounts.clone(), asked.span);
        async move {
            let row = |lines: &mut Lines, account: &StatementAccount, row: &Row<'_>| {
                write(lines, cells(&call, look, account, row));
            };
            // Accounts without lines have balances still.
            let still = |lines: &mut Lines, indices: std::ops::Range<usize>| {
                for account in &accounts[indices] {
                    row(lines, account, &Row::Closing(account.closing_minor));
                    row(lines, account, &Row::Opening(account.opening_minor));
                }
            };
            let under = if let Some(under) = under {
                under
            } else if let Some(place) = Place::first(&accounts) {
                let account = &accounts[place.index];
                still(&mut lines, 0..place.index);
                row(&mut lines, account, &Row::Closing(account.closing_minor));
                Under { place, sum: 0 }
            } else {
                still(&mut lines, 0..accounts.len());
                return Ok((lines, None));
            };
            let (index, page) = under.place.read(&call, &accounts, span, csv::ROWS).await?;
            let account = &accounts[index];
            for line in &page.lines {
                row(&mut lines, account, &Row::Line(line));
            }
            let sum = under.sum + statements::sum(&page.lines);
            let next = Place::after(&accounts, index, &page);
            if page.next.is_none() {
                tied(account, sum)?;
                row(&mut lines, account, &Row::Opening(account.opening_minor));
                let until = next.map_or(accounts.len(), |next| next.index);
                still(&mut lines, index + 1..until);
                if let Some(next) = next {
                    let account = &accounts[next.index];
                    row(&mut lines, account, &Row::Closing(account.closing_minor));
                }
            }
            let sum = if page.next.is_some() { sum } else { 0 };
            Ok((lines, next.map(|place| Under { place, sum })))
        }
    })
    .await
}

/// Refuses lines that do not lead from the opening to the closing balance.
pub(super) fn tied(account: &StatementAccount, sum: i128) -> Result<(), Problem> {
    let expected = i128::from(account.closing_minor) - i128::from(account.opening_minor);
    if sum == expected {
        return Ok(());
    }
    tracing::error!(account = %account.reference.id(), "the lines of a statement do not add up");
    Err(purser_engine::Failure::Bug.into())
}

/// Export a party's statement of a month as a workbook
///
/// The same rows as the CSV file, as XLSX; amounts are numbers. A statement of more than 1,000,000 rows is refused
/// (`statement_too_long`): CSV has no limit.
#[utoipa::path(get, path = "/v1/parties/{id}/statements/{month}/workbook", tag = "ledger",
    params(("id" = String, Path, description = "Party, `pty_…`"),
        ("month" = String, Path, description = "Month of the business zone, `2026-03`"), StatementFileParams),
    responses((status = 200, body = String, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        description = "XLSX")))]
pub(crate) async fn statement_workbook(
    call: Call,
    Path((id, month)): Path<(String, String)>,
    Params(params): Params<StatementFileParams>,
) -> Result<Response, Problem> {
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let asked = Asked::read(&call, &id, month, look)?;
    let accounts = asked.accounts(&call).await?;
    let name = asked.file();
    workbook::download(call, &name, asked, accounts).await
}
