//! Statements as XLSX (P20). A workbook is one compressed file with its list at the end, so it is written to a temporary
//! file first, row by row and never held in memory, and sent from there.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    sync::Arc,
};

use axum::{http::StatusCode, response::Response};
use purser_domain::money::decimal;
use purser_engine::statements::{self, StatementAccount};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::{
    csv::{self, Lines},
    statements::{Asked, Cell, Row, cells, headings, tied},
};
use crate::{edge::Call, problem::Problem};

/// Most rows: a sheet of Excel holds 1,048,576.
const ROWS: i64 = 1_000_000;
/// Made at the same time: each takes one of the threads that all reads share, for as long as it takes, whether or not anybody
/// waits for it.
pub(crate) const WORKBOOKS: usize = 2;
/// Bytes sent at a time.
const PIECE: usize = 64 * 1024;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Makes the file and sends it.
pub(super) async fn download(
    call: Call,
    name: &str,
    asked: Asked,
    accounts: Vec<StatementAccount>,
) -> Result<Response, Problem> {
    let rows: i64 = accounts.iter().map(|account| account.entries.saturating_add(2)).sum();
    if rows > ROWS {
        let text = format!("this statement has up to {rows} rows, a workbook takes {ROWS}: ask for CSV");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "statement_too_long", text));
    }
    let Ok(permit) = Arc::clone(&call.app.workbooks).try_acquire_owned() else {
        return Err(purser_engine::Failure::Busy.into());
    };
    let made = tokio::task::spawn_blocking(move || {
        let _room = permit;
        make(&call, &asked, &accounts)
    })
    .await;
    let file = Arc::new(made.unwrap_or_else(|_| Err(purser_engine::Failure::Bug.into()))?);
    csv::stream(&format!("{name}.xlsx"), XLSX, Lines::default(), move |mut lines, place: Option<u64>| {
        let file = Arc::clone(&file);
        async move {
            let at = place.unwrap_or(0);
            let read = tokio::task::spawn_blocking(move || piece(&file, at)).await;
            let bytes = read
                .map_err(|_| Problem::from(purser_engine::Failure::Bug))?
                .map_err(|error| failed(&error))?;
            lines.raw(&bytes);
            let next = (bytes.len() == PIECE).then_some(at + PIECE as u64);
            Ok((lines, next))
        }
    })
    .await
}

fn piece(mut file: &File, at: u64) -> std::io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(PIECE);
    file.take(PIECE as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a workbook could not be written");
    purser_engine::Failure::Bug.into()
}

fn make(call: &Call, asked: &Asked, accounts: &[StatementAccount]) -> Result<File, Problem> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let amounts = Format::new().set_num_format("#,##0.00");
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(|error| failed(&error))?;
    sheet.set_name(&asked.month).map_err(|error| failed(&error))?;
    let mut page = Sheet { out: sheet, row: 0, amounts };
    page.head(asked, &bold).map_err(|error| failed(&error))?;
    for account in accounts {
        page.account(call, asked, account)?;
    }
    let mut file = tempfile::tempfile().map_err(|error| failed(&error))?;
    workbook.save_to_writer(&mut file).map_err(|error| failed(&error))?;
    Ok(file)
}

/// A sheet that is written from top to bottom.
struct Sheet<'a> {
    out: &'a mut Worksheet,
    row: u32,
    amounts: Format,
}

impl Sheet<'_> {
    fn head(&mut self, asked: &Asked, bold: &Format) -> Result<(), XlsxError> {
        for (column, heading) in (0..).zip(headings(asked.look)) {
            self.out.set_column_width(column, 18)?;
            self.out.write_string_with_format(0, column, heading, bold)?;
        }
        self.row = 1;
        Ok(())
    }

    fn account(&mut self, call: &Call, asked: &Asked, account: &StatementAccount) -> Result<(), Problem> {
        let look = asked.look;
        self.put(cells(call, look, account, &Row::Closing(account.closing_minor)))?;
        let (mut place, mut sum) = (account.last, 0);
        while let Some(from) = place {
            let read = |session: &mut dyn purser_engine::Session| {
                statements::lines(session, &account.reference, &asked.span, from, csv::ROWS)
            };
            let page = call.app.reads.read(read)?;
            for line in &page.lines {
                self.put(cells(call, look, account, &Row::Line(line)))?;
            }
            sum += statements::sum(&page.lines);
            place = page.next;
        }
        tied(account, sum)?;
        self.put(cells(call, look, account, &Row::Opening(account.opening_minor)))
    }

    fn put(&mut self, cells: [Cell; 10]) -> Result<(), Problem> {
        self.write(cells).map_err(|error| failed(&error))?;
        self.row += 1;
        Ok(())
    }

    fn write(&mut self, cells: [Cell; 10]) -> Result<(), XlsxError> {
        let mut column = 0;
        for cell in cells {
            match cell {
                // Written as a text, whatever it begins with: no cell is ever a formula.
                Cell::Text(text) => {
                    self.out.write_string(self.row, column, text)?;
                    column += 1;
                }
                Cell::Amount(minor) => {
                    // A spreadsheet's numbers have 15 digits; beyond them the exact text stands.
                    let text = decimal(minor);
                    match text.parse::<f64>() {
                        Ok(yuan) if minor.unsigned_abs() < 1_000_000_000_000_000 => {
                            self.out.write_number_with_format(self.row, column, yuan, &self.amounts)?;
                        }
                        _ => {
                            self.out.write_string(self.row, column, text)?;
                        }
                    }
                    self.out.write_string(self.row, column + 1, minor.to_string())?;
                    column += 2;
                }
                Cell::Nothing => column += 2,
            }
        }
        Ok(())
    }
}
