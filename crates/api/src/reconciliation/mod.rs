//! Statements of rails (P13); what differs from the books is in `items`.

mod items;

pub(crate) use items::*;

use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::{FromRequest, Path, Request},
    http::{StatusCode, header},
    response::Response,
};
use purser_domain::{
    ids::Uid,
    reconcile::{Head, Line},
    time::Timestamp,
};
use purser_engine::{
    ports::{MessageRefused, StatementReader},
    reconcile::{self, LINES_MAX, LineRow, STATEMENT_PREFIX, StatementRow, TakeStatement, TakenStatement},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    bank_files::{rows, some},
    edge::{Answer, Call, Cursor, Page, PageParams, Params, json, limit, page_of, submit},
    problem::Problem,
};

/// Who reads statements: of a rail, or of every rail; by the type of their content.
#[derive(Clone, Default)]
pub struct StatementReaders(Vec<(Option<&'static str>, Format, Arc<dyn StatementReader>)>);

/// What a statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// ISO 20022.
    Xml,
    /// Comma-separated.
    Csv,
}

impl StatementReaders {
    /// With a reader; earlier ones come first.
    #[must_use]
    pub fn with(
        mut self,
        rail: Option<&'static str>,
        format: Format,
        reader: Arc<dyn StatementReader>,
    ) -> Self {
        self.0.push((rail, format, reader));
        self
    }

    fn find(&self, rail: &str, format: Format) -> Option<Arc<dyn StatementReader>> {
        let fits = |(of, is, _): &&(Option<&'static str>, Format, Arc<dyn StatementReader>)| {
            *is == format && of.is_none_or(|of| of == rail)
        };
        self.0.iter().find(fits).map(|(_, _, reader)| Arc::clone(reader))
    }
}

/// A statement of a rail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RailStatement {
    /// Id, `rst_…`.
    id: String,
    /// Of which rail.
    rail: String,
    /// The rail's own id of it.
    number: Option<String>,
    /// The platform's account, masked.
    account: Option<String>,
    /// Currency code.
    currency: String,
    /// First civil day.
    from_on: String,
    /// Last civil day.
    to_on: String,
    /// Balance before its first line, minor units.
    opening_minor: i64,
    /// Balance after its last line, minor units.
    closing_minor: i64,
    /// Lines that it has.
    lines: i64,
    /// Lines that are in; fewer while a file is on its way in.
    lines_in: i64,
    /// `importing`; `taken` until its days are compared; `matched`.
    state: String,
    /// When its last lines came in.
    taken_at: String,
    /// Who gave it.
    taken_by: String,
}

fn statement_text(id: Uid) -> String {
    id.with_prefix(STATEMENT_PREFIX)
}

impl From<&StatementRow> for RailStatement {
    fn from(row: &StatementRow) -> Self {
        Self {
            id: statement_text(row.id),
            rail: row.rail.clone(),
            number: some(&row.number),
            account: some(&row.account),
            currency: row.currency.clone(),
            from_on: row.from_on.to_string(),
            to_on: row.to_on.to_string(),
            opening_minor: row.opening,
            closing_minor: row.closing,
            lines: row.total,
            lines_in: row.lines,
            state: row.state.clone(),
            taken_at: row.taken_at.to_string(),
            taken_by: row.taken_by.clone(),
        }
    }
}

/// A statement that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenStatementView {
    /// The statement.
    #[serde(flatten)]
    statement: RailStatement,
    /// False when it was in before: it changed nothing then.
    new: bool,
}

impl From<&TakenStatement> for TakenStatementView {
    fn from(taken: &TakenStatement) -> Self {
        Self { statement: RailStatement::from(&taken.row), new: taken.new }
    }
}

/// The bytes of a statement, with the digest that its idempotency key remembers.
pub(crate) struct StatementBody {
    bytes: Vec<u8>,
    format: Format,
    digest: [u8; 32],
}

impl<S: Sync> FromRequest<S> for StatementBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Some(call) = parts.extensions.get::<Call>() else {
            return Err(purser_engine::Failure::Bug.into());
        };
        let given = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let format = match essence.as_str() {
            "application/xml" | "text/xml" => Format::Xml,
            "text/csv" => Format::Csv,
            _ => {
                let text = "send the statement as it is, with `Content-Type: application/xml` (camt.053) or `text/csv` (bill \
                            of an Alipay account)";
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "content_type_unsupported",
                    text,
                ));
            }
        };
        let limit = call.app.bulk_body_limit;
        let bytes = to_bytes(body, limit).await.map_err(|_| {
            let text = format!("a body here has at most {limit} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", text)
        })?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(parts.uri.path().as_bytes()).update(&[0]).update(&bytes);
        Ok(Self { bytes: bytes.to_vec(), format, digest: *hasher.finalize().as_bytes() })
    }
}

fn unread(refused: MessageRefused) -> Problem {
    let status = match refused.code {
        "bank_message_too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "bank_message_xml"
        | "bank_message_encoding"
        | "bank_message_doctype"
        | "statement_csv"
        | "statement_encoding" => StatusCode::BAD_REQUEST,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let problem = Problem::new(status, refused.code, refused.text.clone());
    if refused.at.is_empty() { problem } else { problem.at(refused.at, refused.text) }
}

/// Reads a statement that one commit can take in.
fn read_whole(reader: &dyn StatementReader, bytes: &[u8]) -> Result<(Head, Vec<Line>), Problem> {
    let mut lines = Vec::new();
    let head = reader.read(&mut &bytes[..], &mut |line| {
        lines.push(line);
        lines.len() <= LINES_MAX
    });
    if lines.len() > LINES_MAX {
        let text = format!(
            "here a statement has at most {LINES_MAX} lines: `purser import statement FILE` takes any number"
        );
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "statement_too_large", text));
    }
    Ok((head.map_err(unread)?, lines))
}

/// Take in a statement of a rail
///
/// The file as the rail gave it: camt.053.001 as `application/xml`, a bill of an Alipay account (账务明细) as `text/csv`. Its
/// days must be over, and follow those of the statement before without a gap in the balance. The same statement again
/// changes nothing. Its days are compared afterwards, one by one.
#[utoipa::path(post, path = "/v1/reconciliation/rails/{rail}/statements", tag = "reconciliation",
    params(("rail" = String, Path, description = "`sandbox`, `alipay` or `bank-file`")),
    request_body(content((String = "application/xml"), (String = "text/csv"))),
    responses((status = 201, body = TakenStatementView, description = "Taken in")))]
pub(crate) async fn take_statement(
    call: Call,
    Path(rail): Path<String>,
    body: StatementBody,
) -> Result<Response, Problem> {
    let Some(reader) = call.app.statements.find(&rail, body.format) else {
        let text = "this server reads no statements in this form";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type_unsupported", text));
    };
    let StatementBody { bytes, digest, .. } = body;
    // Reading a large file takes a while: not on the threads that serve everybody.
    let read = tokio::task::spawn_blocking(move || read_whole(reader.as_ref(), &bytes)).await;
    let (head, lines) = read.map_err(|_| Problem::from(purser_engine::Failure::Bug))??;
    let command = TakeStatement { rail, head, first: 0, lines, by: call.identity.actor.clone() };
    submit(&call, digest, command, |taken| Answer::created(&TakenStatementView::from(taken))).await
}

/// Which statements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementParams {
    /// Of this rail.
    rail: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List statements of rails
#[utoipa::path(get, path = "/v1/reconciliation/statements", tag = "reconciliation", params(StatementParams),
    responses((status = 200, body = Page<RailStatement>, description = "Statements, newest first")))]
pub(crate) async fn list_statements(
    call: Call,
    params: Params<StatementParams>,
) -> Result<Response, Problem> {
    let StatementParams { rail, limit: given, cursor } = params.0;
    let limit = limit(given)?;
    let before = cursor.as_deref().map(|text| Cursor::decode(text)?.place()).transpose()?;
    let before = before.map(|(at, id)| (Timestamp(at), id));
    let rail = rail.unwrap_or_default();
    let found =
        call.app.read(move |session| reconcile::statements(session, &rail, before, rows(limit))).await?;
    let cursor = |row: &StatementRow| Cursor { numbers: vec![row.taken_at.0], id: row.id };
    Ok(json(&page_of(found, limit, cursor, |row| RailStatement::from(&row))))
}

fn unknown_statement() -> Problem {
    Problem::not_found("rail_statement_unknown", "there is no such statement")
}

fn statement_id(text: &str) -> Result<Uid, Problem> {
    Uid::parse(text, STATEMENT_PREFIX).map_err(|error| Problem::invalid("id", error.to_string()))
}

/// Get a statement
#[utoipa::path(get, path = "/v1/reconciliation/statements/{id}", tag = "reconciliation",
    params(("id" = String, Path, description = "Statement, `rst_…`")),
    responses((status = 200, body = RailStatement, description = "The statement")))]
pub(crate) async fn get_rail_statement(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = statement_id(&id)?;
    let row = call.app.read(move |session| reconcile::statement(session, id)).await?;
    Ok(json(&RailStatement::from(&row.ok_or_else(unknown_statement)?)))
}

/// A line of a statement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RailStatementLine {
    /// Its number, from 1.
    n: i64,
    /// Civil day of the booking.
    on: String,
    /// Minor units: what came in above zero, what went out below.
    amount_minor: i64,
    /// The reference that we gave.
    reference: Option<String>,
    /// The rail's own.
    rail_reference: Option<String>,
    /// What the rail calls it.
    kind: Option<String>,
}

impl From<&LineRow> for RailStatementLine {
    fn from(row: &LineRow) -> Self {
        Self {
            n: row.n,
            on: row.on_day.to_string(),
            amount_minor: row.amount,
            reference: some(&row.reference),
            rail_reference: some(&row.rail_reference),
            kind: some(&row.kind),
        }
    }
}

/// List the lines of a statement
#[utoipa::path(get, path = "/v1/reconciliation/statements/{id}/lines", tag = "reconciliation",
    params(("id" = String, Path, description = "Statement, `rst_…`"), PageParams),
    responses((status = 200, body = Page<RailStatementLine>, description = "Lines, in order")))]
pub(crate) async fn list_statement_lines(
    call: Call,
    Path(id): Path<String>,
    params: Params<PageParams>,
) -> Result<Response, Problem> {
    let id = statement_id(&id)?;
    let limit = params.0.limit()?;
    let after = params.0.cursor.as_deref().map(|text| Cursor::decode(text)?.place()).transpose()?;
    let after = after.map_or(0, |(n, _)| n);
    let found = call.app.read(move |session| {
        let known = reconcile::statement(session, id)?.is_some();
        Ok((known, reconcile::lines(session, id, after, rows(limit))?))
    });
    let (known, found) = found.await?;
    if !known {
        return Err(unknown_statement());
    }
    let cursor = |row: &LineRow| Cursor { numbers: vec![row.n], id: row.statement };
    Ok(json(&page_of(found, limit, cursor, |row| RailStatementLine::from(&row))))
}
