//! Messages of the bank in, and its lines (P10).

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::Response,
};
use purser_domain::{ids::Uid, time::Timestamp};
use purser_engine::{
    bank_files::{self, BankEntryRow, BankMessageRow, TakeInBankMessage, TakenIn},
    ports::MessageRefused,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bank_files::{hex, known, no_bank, rows, some},
    edge::{Answer, Call, Cursor, Page, PageParams, Params, json, limit, page_of, submit},
    problem::Problem,
};

/// A message of the bank.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankMessageView {
    /// `pain.002`, `camt.053` or `camt.054`.
    kind: String,
    /// The bank's id.
    message_id: String,
    /// Hash of its bytes (BLAKE3, hexadecimal).
    hash: String,
    /// Bytes.
    size: i64,
    /// The bank file that a status report is about.
    about: Option<String>,
    /// When it was taken in.
    taken_at: String,
    /// Orders or entries in it.
    lines: i64,
    /// Of these, how many said something new about an order.
    matched: i64,
    /// Of these, how many were known.
    known: i64,
    /// Of these, how many fit no order.
    unmatched: i64,
    /// Of these, how many contradict what is known; a case is open for them.
    conflicts: i64,
}

impl From<&BankMessageRow> for BankMessageView {
    fn from(row: &BankMessageRow) -> Self {
        Self {
            kind: row.kind.clone(),
            message_id: row.message_id.clone(),
            hash: hex(&row.hash),
            size: row.size,
            about: some(&row.about),
            taken_at: row.taken_at.to_string(),
            lines: row.lines,
            matched: row.matched,
            known: row.known,
            unmatched: row.unmatched,
            conflicts: row.conflicts,
        }
    }
}

/// A message that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenInView {
    /// The message.
    #[serde(flatten)]
    message: BankMessageView,
    /// False when it was taken in before: it changed nothing then.
    new: bool,
}

impl From<&TakenIn> for TakenInView {
    fn from(taken: &TakenIn) -> Self {
        Self { message: BankMessageView::from(&taken.row), new: taken.new }
    }
}

fn unread(refused: MessageRefused) -> Problem {
    let status = match refused.code {
        "bank_message_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "bank_message_xml" | "bank_message_encoding" | "bank_message_doctype" => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let problem = Problem::new(status, refused.code, refused.text.clone());
    if refused.at.is_empty() { problem } else { problem.at(refused.at, refused.text) }
}

/// The bytes of a request, with the digest that its idempotency key remembers.
pub(crate) struct Message {
    bytes: Vec<u8>,
    digest: [u8; 32],
}

impl<S: Sync> FromRequest<S> for Message {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Some(call) = parts.extensions.get::<Call>() else {
            return Err(purser_engine::Failure::Bug.into());
        };
        let given = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim();
        if !["application/xml", "text/xml"].iter().any(|xml| essence.eq_ignore_ascii_case(xml)) {
            let text = "send the bank's file as it is with `Content-Type: application/xml`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unsupported", text));
        }
        let limit = call.app.bulk_body_limit;
        let bytes = to_bytes(body, limit).await.map_err(|_| {
            let text = format!("a body here has at most {limit} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
        })?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(parts.uri.path().as_bytes()).update(&[0]).update(&bytes);
        Ok(Self { bytes: bytes.to_vec(), digest: *hasher.finalize().as_bytes() })
    }
}

/// Take in a message of the bank
///
/// The file as the bank gave it: a status report (pain.002.001), a statement (camt.053.001) or a notice of entries
/// (camt.054.001). Taking in the same one again changes nothing.
#[utoipa::path(post, path = "/v1/rails/bank-file/messages", tag = "bank-file",
    request_body(content = String, content_type = "application/xml"),
    responses((status = 201, body = TakenInView, description = "Taken in")))]
pub(crate) async fn take_in(call: Call, message: Message) -> Result<Response, Problem> {
    let Some(reader) = call.app.bank.reader.clone() else { return Err(no_bank()) };
    let Message { bytes, digest } = message;
    // Reading a large file takes a while: not on the threads that serve everybody.
    let read = tokio::task::spawn_blocking(move || reader.read(&bytes)).await;
    let message = read.map_err(|_| Problem::from(purser_engine::Failure::Bug))?.map_err(unread)?;
    submit(&call, digest, TakeInBankMessage { message }, |taken| Answer::created(&TakenInView::from(taken)))
        .await
}

/// Place in a list by time.
fn place(cursor: Option<&str>) -> Result<bank_files::BankCursor, Problem> {
    let Some(text) = cursor else { return Ok(None) };
    let Cursor { numbers, id } = Cursor::decode(text)?;
    match numbers.as_slice() {
        [at] => Ok(Some((Timestamp(*at), id))),
        _ => Err(Problem::invalid("cursor", "not a cursor of this list: use next_cursor as it was given")),
    }
}

fn at(time: Timestamp, id: Uid) -> Cursor {
    Cursor { numbers: vec![time.0], id }
}

/// List messages of the bank
#[utoipa::path(get, path = "/v1/rails/bank-file/messages", operation_id = "list_bank_messages", tag = "bank-file",
    params(PageParams),
    responses((status = 200, body = Page<BankMessageView>, description = "Messages, newest first")))]
pub(crate) async fn list_messages(call: Call, params: Params<PageParams>) -> Result<Response, Problem> {
    let limit = params.0.limit()?;
    let before = place(params.0.cursor.as_deref())?;
    let found = call.app.read(move |session| bank_files::bank_messages(session, before, rows(limit))).await?;
    let page = page_of(found, limit, |row| at(row.taken_at, row.id), |row| BankMessageView::from(&row));
    Ok(json(&page))
}

/// A line of the bank. Whoever is on the other side, and their words, are masked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BankEntryView {
    /// Id.
    id: String,
    /// `debit`, `credit`, `return`, or `status` for a line of a status report.
    kind: String,
    /// `matched`, `unmatched`, `conflict`, `handed_over` to payments, `announced` while it is not booked, or `retold` when its
    /// booking was told in another form before.
    state: String,
    /// What contradicts: `amount_differs`, `debited_twice`, `debited_after_rejection`, `accepted_after_rejection`, `returned_after_rejection`,
    /// `rejected_after_debit`, `rejected_otherwise`.
    problem: Option<String>,
    /// The platform's account, masked.
    account: Option<String>,
    /// Minor units.
    amount_minor: i64,
    /// Currency code, as the bank wrote it.
    currency: Option<String>,
    /// Civil date of the booking.
    booked_on: Option<String>,
    /// End-to-end id.
    reference: Option<String>,
    /// The bank's own id of the entry.
    bank_reference: Option<String>,
    /// Status or reason code.
    reason: Option<String>,
    /// Who is on the other side.
    counterparty: Option<String>,
    /// The payer's words.
    text: Option<String>,
    /// When it was taken in.
    taken_at: String,
}

impl From<&BankEntryRow> for BankEntryView {
    fn from(row: &BankEntryRow) -> Self {
        Self {
            id: row.id.with_prefix(bank_files::ENTRY_PREFIX),
            kind: row.kind.clone(),
            state: row.state.clone(),
            problem: some(&row.problem),
            account: some(&row.account),
            amount_minor: row.amount,
            currency: some(&row.currency),
            booked_on: some(&row.booked_on),
            reference: some(&row.reference),
            bank_reference: some(&row.bank_reference),
            reason: some(&row.reason),
            counterparty: some(&row.counterparty),
            text: some(&row.words),
            taken_at: row.taken_at.to_string(),
        }
    }
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntryParams {
    /// In this state: `matched`, `unmatched`, `conflict`, `handed_over`, `announced`, `retold`.
    state: Option<String>,
    /// Of this kind: `debit`, `credit`, `return`, `status`.
    kind: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List lines of the bank
#[utoipa::path(get, path = "/v1/rails/bank-file/entries", tag = "bank-file", params(EntryParams),
    responses((status = 200, body = Page<BankEntryView>, description = "Entries, newest first")))]
pub(crate) async fn list_entries(call: Call, params: Params<EntryParams>) -> Result<Response, Problem> {
    let EntryParams { state, kind, limit: given, cursor } = params.0;
    let state = known(
        "state",
        state.as_deref(),
        &["matched", "unmatched", "conflict", "handed_over", "announced", "retold"],
    )?;
    let kind = known("kind", kind.as_deref(), &["debit", "credit", "return", "status"])?;
    let limit = limit(given)?;
    let before = place(cursor.as_deref())?;
    let found = call
        .app
        .read(move |session| bank_files::bank_entries(session, before, &state, &kind, rows(limit)))
        .await?;
    let page = page_of(found, limit, |row| at(row.taken_at, row.id), |row| BankEntryView::from(&row));
    Ok(json(&page))
}
