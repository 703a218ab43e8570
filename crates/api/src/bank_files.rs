//! Bank files out (P10).

use std::sync::Arc;

use axum::{
    body::Body as HttpBody,
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use purser_domain::{ids::BankFileId, time::Timestamp};
use purser_engine::{
    bank_files::{
        self, BankFileRow, BankOrderRow, Carried, CloseBankFile, DissolveBankFile, GiveOutBankFile,
        MarkBankFileSent,
    },
    ports::{BankMessageReader, Seal},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    edge::{
        Answer, Call, Cursor, Page, Params, json, json_versioned, limit, note, page_of, parse_id, submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// What it takes to speak with a bank.
#[derive(Default)]
pub struct BankDesk {
    /// Reads its messages; absent when this server is connected to no bank.
    pub reader: Option<Arc<dyn BankMessageReader>>,
    /// Opens files that are to be downloaded.
    pub seal: Option<Arc<dyn Seal>>,
}

/// A file of payment orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankFileView {
    /// Id; also the message id in the file.
    id: String,
    /// `open`, `closing` (its bytes are being fixed), `ready`, `sent`; `void` when nothing was left to send or it was dissolved.
    state: String,
    /// Currency.
    currency: String,
    /// Number of orders.
    orders: i64,
    /// Their sum, minor units.
    amount_minor: i64,
    /// When its first order came.
    opened_at: String,
    /// When it closes by itself.
    closes_at: String,
    /// When it closed.
    closed_at: Option<String>,
    /// `cut_off`, `count` or `staff`.
    closed_by: Option<String>,
    /// When its bytes were fixed.
    fixed_at: Option<String>,
    /// When its bytes were first given out; null while the file can still be dissolved.
    given_at: Option<String>,
    /// When it went to the bank.
    sent_at: Option<String>,
    /// `folder`, `staff`, or `bank` when the bank's answer was the first that was heard of it.
    sent_by: Option<String>,
    /// Name of the file; null until its bytes are fixed.
    name: Option<String>,
    /// Hash of its bytes (BLAKE3, hexadecimal); null until they are fixed.
    hash: Option<String>,
    /// Bytes.
    size: i64,
    /// Counts changes.
    version: i64,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(u32::from(n), 16)).collect()
}

pub(crate) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl From<&BankFileRow> for BankFileView {
    fn from(row: &BankFileRow) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        Self {
            id: row.id.to_string(),
            state: row.state.clone(),
            currency: row.currency.to_string(),
            orders: row.orders,
            amount_minor: row.amount,
            opened_at: row.opened_at.to_string(),
            closes_at: row.closes_at.to_string(),
            closed_at: text(row.closed_at),
            closed_by: some(&row.closed_by),
            fixed_at: text(row.fixed_at),
            given_at: text(row.given_at),
            sent_at: text(row.sent_at),
            sent_by: some(&row.sent_by),
            name: some(&row.name),
            hash: row.fixed_at.map(|_| hex(&row.hash)),
            size: row.size,
            version: row.version,
        }
    }
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileParams {
    /// In this state: `open`, `closing`, `ready`, `sent`, `void`.
    state: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

pub(crate) fn known(name: &str, value: Option<&str>, all: &[&str]) -> Result<String, Problem> {
    match value {
        None => Ok(String::new()),
        Some(value) if all.contains(&value) => Ok(value.to_owned()),
        Some(_) => Err(Problem::invalid(name, format!("{name} is one of {}", all.join(", ")))),
    }
}

pub(crate) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

/// List bank files
#[utoipa::path(get, path = "/v1/rails/bank-file/files", tag = "bank-file", params(FileParams),
    responses((status = 200, body = Page<BankFileView>, description = "Files, newest first")))]
pub(crate) async fn list_files(call: Call, params: Params<FileParams>) -> Result<Response, Problem> {
    let FileParams { state, limit: given, cursor } = params.0;
    let state = known("state", state.as_deref(), &["open", "closing", "ready", "sent", "void"])?;
    let limit = limit(given)?;
    let before = cursor.as_deref().map(Cursor::decode).transpose()?.map(|c| BankFileId(c.id));
    let found = call
        .app
        .read(move |session| bank_files::bank_file_page(session, before, &state, rows(limit)))
        .await?;
    Ok(json(&page_of(found, limit, |row| Cursor::id(row.id.0), |row| BankFileView::from(&row))))
}

async fn file(app: &Arc<App>, id: &str) -> Result<BankFileRow, Problem> {
    let id: BankFileId = parse_id(id, "id")?;
    let found = app.read(move |session| bank_files::bank_file(session, id)).await?;
    found.ok_or_else(|| Problem::not_found("bank_file_unknown", "there is no such bank file"))
}

/// An order of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankOrderView {
    /// End-to-end id: the withdrawal and the number of its slice.
    reference: String,
    /// Minor units.
    amount_minor: i64,
    /// `personal` or `corporate`.
    class: String,
    /// `waiting`, `accepted`, `paid`, `failed`, `returned`, `short` or `deferred`.
    state: String,
    /// The bank's code of a failure or return.
    code: Option<String>,
    /// Files that it was in.
    attempts: i64,
    /// Last change.
    changed_at: String,
}

/// A file with its orders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankFileDetail {
    /// The file.
    #[serde(flatten)]
    file: BankFileView,
    /// Orders that are in it now: one that goes again is in the file that it goes with.
    lines: Vec<BankOrderView>,
}

impl From<&BankOrderRow> for BankOrderView {
    fn from(row: &BankOrderRow) -> Self {
        Self {
            reference: row.reference.clone(),
            amount_minor: row.amount,
            class: row.class.clone(),
            state: row.state.clone(),
            code: some(&row.code),
            attempts: row.attempts,
            changed_at: row.changed_at.to_string(),
        }
    }
}

/// Get a bank file
#[utoipa::path(get, path = "/v1/rails/bank-file/files/{id}", tag = "bank-file",
    params(("id" = String, Path, description = "Bank file, `bf_…`")),
    responses((status = 200, body = BankFileDetail, description = "The file and its orders")))]
pub(crate) async fn get_file(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let row = file(&call.app, &id).await?;
    let orders = call.app.read(move |session| bank_files::orders_of(session, row.id)).await?;
    let detail = BankFileDetail {
        file: BankFileView::from(&row),
        lines: orders.iter().map(BankOrderView::from).collect(),
    };
    Ok(json_versioned(&detail, row.version))
}

/// What a file carries, once nothing comes into it any more.
async fn carried_by(call: &Call, id: BankFileId) -> Result<Vec<Carried>, Problem> {
    let orders = call.app.read(move |session| bank_files::carried_by(session, id)).await?;
    orders.ok_or_else(|| {
        let rejection = bank_files::not_ready();
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, rejection.code, rejection.message)
    })
}

/// Download a bank file
///
/// The same bytes every time; that they were given out is in the audit log. They name payees and their accounts in the
/// clear: bring them to the bank and nowhere else. A file that is not with the bank yet is not given out while payouts or
/// the rail are stopped (`payouts_stopped`, `rail_stopped`, `rail_unhealthy`), nor while a payee in it may not be paid
/// (`bank_file_held_back`, which names the withdrawals).
#[utoipa::path(get, path = "/v1/rails/bank-file/files/{id}/content", tag = "bank-file",
    params(("id" = String, Path, description = "Bank file, `bf_…`")),
    responses((status = 200, body = String, content_type = "application/xml", description = "pain.001.001.09")))]
pub(crate) async fn get_content(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: BankFileId = parse_id(&id, "id")?;
    let orders = carried_by(&call, id).await?;
    let row = note(&call, GiveOutBankFile { id, orders }).await?;
    let Some(seal) = &call.app.bank.seal else { return Err(no_bank()) };
    let content = bank_files::content_of(seal.as_ref(), &row).map_err(|why| {
        tracing::error!(file = %row.id, why, "a bank file cannot be opened");
        let text = "the stored file cannot be opened with the keys that this server has";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", text)
    })?;
    let mut response = Response::new(HttpBody::from(content));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", row.name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Close a bank file before its cut-off
#[utoipa::path(post, path = "/v1/rails/bank-file/files/{id}/close", tag = "bank-file",
    params(("id" = String, Path, description = "Bank file, `bf_…`")),
    responses((status = 200, body = BankFileView, description = "Closed; its bytes are fixed in a moment")))]
pub(crate) async fn close_file(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let digest = path_digest(&["close bank file", &id]);
    let command = CloseBankFile { id: parse_id(&id, "id")? };
    submit(&call, digest, command, |row| Answer::ok(&BankFileView::from(row))).await
}

/// Dissolve a bank file
///
/// One that is ready and was never given out (`bank_file_given_out` otherwise): its orders go into the next file, under
/// another message id, as far as their payees may be paid.
#[utoipa::path(post, path = "/v1/rails/bank-file/files/{id}/dissolve", tag = "bank-file",
    params(("id" = String, Path, description = "Bank file, `bf_…`")),
    responses((status = 200, body = BankFileView, description = "Dissolved: its state is `void`")))]
pub(crate) async fn dissolve_file(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let digest = path_digest(&["dissolve bank file", &id]);
    let id: BankFileId = parse_id(&id, "id")?;
    let orders = carried_by(&call, id).await?;
    submit(&call, digest, DissolveBankFile { id, orders }, |row| Answer::ok(&BankFileView::from(row))).await
}

/// Note that a bank file went to the bank
#[utoipa::path(post, path = "/v1/rails/bank-file/files/{id}/sent", tag = "bank-file",
    params(("id" = String, Path, description = "Bank file, `bf_…`")),
    responses((status = 200, body = BankFileView, description = "Noted")))]
pub(crate) async fn mark_sent(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let digest = path_digest(&["bank file sent", &id]);
    let command = MarkBankFileSent { id: parse_id(&id, "id")?, lease: None };
    submit(&call, digest, command, |row| Answer::ok(&BankFileView::from(row))).await
}

pub(crate) fn no_bank() -> Problem {
    let text = "this server is not connected to a bank: start it with --bank-file-account";
    Problem::not_found("rail_not_connected", text)
}
