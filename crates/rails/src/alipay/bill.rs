//! Alipay's bill of an account (账务明细) as a statement (P13): a CSV file of any size, read line by line.
//!
//! Lines that begin with `#` say whose account and which days; the balance after every line makes the file prove itself.

use std::io::Read;

use csv::{ReaderBuilder, StringRecord, Trim};
use encoding_rs::{Encoding, GB18030, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use purser_domain::{
    bank_files::text::mask_account,
    ids::Uid,
    money::{decimal, parse_decimal},
    reconcile::{Head, Line, Tally},
    time::Date,
};
use purser_engine::ports::{MessageRefused, StatementReader};

/// Bytes that are looked at to tell the encoding.
const SNIFF: u64 = 64 * 1024;

/// Columns by their titles; a file has more, in an order of its own.
const COLUMNS: [&str; 8] =
    ["账务流水号", "业务流水号", "商户订单号", "发生时间", "收入金额", "支出金额", "账户余额", "业务类型"];

/// Reads bills.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bills;

fn refused(code: &'static str, text: impl Into<String>, at: impl Into<String>) -> MessageRefused {
    MessageRefused { code, text: text.into(), at: at.into() }
}

impl StatementReader for Bills {
    fn read(
        &self,
        source: &mut dyn Read,
        each: &mut dyn FnMut(Line) -> bool,
    ) -> Result<Head, MessageRefused> {
        let mut begin = Vec::new();
        source.take(SNIFF).read_to_end(&mut begin).map_err(|error| unreadable(&error))?;
        let encoding = encoding_of(&begin);
        let bytes = std::io::Cursor::new(begin).chain(source);
        let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(bytes);
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(text);
        let (mut bill, mut record) = (Bill::default(), StringRecord::new());
        loop {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => return Err(unreadable(&error)),
            }
            let row = record.position().map_or(0, csv::Position::line);
            if let Some(line) = bill.take(row, &record)? {
                bill.tally.add(&line);
                if !each(line) {
                    break;
                }
            }
        }
        bill.head()
    }
}

fn unreadable(error: &dyn std::fmt::Display) -> MessageRefused {
    refused("statement_csv", format!("the file cannot be read as CSV: {error}"), "")
}

/// UTF-8 where it is that as far as it was looked at, else what Alipay's files come in (GBK and its larger forms).
fn encoding_of(begin: &[u8]) -> &'static Encoding {
    match std::str::from_utf8(begin) {
        Ok(_) => UTF_8,
        // A character that the end of what was looked at cut through.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => GB18030,
    }
}

/// A file on its way through.
#[derive(Default)]
struct Bill {
    columns: Option<[usize; COLUMNS.len()]>,
    account: String,
    days: Vec<Date>,
    ends_at_midnight: bool,
    opening: Option<i64>,
    balance: i64,
    tally: Tally,
}

/// Where a value stands.
fn place(row: u64, column: usize) -> String {
    format!("line {row}, {}", COLUMNS.get(column).copied().unwrap_or_default())
}

impl Bill {
    fn take(&mut self, row: u64, record: &StringRecord) -> Result<Option<Line>, MessageRefused> {
        let first = record.get(0).unwrap_or_default().trim_start_matches('\u{feff}');
        if let Some(about) = first.strip_prefix('#') {
            // A comma in what is said splits nothing that is looked for.
            self.said(about);
            return Ok(None);
        }
        let Some(columns) = self.columns else {
            self.columns = titles(record);
            if self.columns.is_none() && record.iter().any(|field| !field.is_empty()) {
                let text = "this is no bill of an account: a line of titles with 账务流水号, 发生时间, 收入金额, 支出金额 and \
                            账户余额 comes before its lines";
                return Err(refused("statement_columns", text, format!("line {row}")));
            }
            return Ok(None);
        };
        let field = |n: usize| columns.get(n).and_then(|at| record.get(*at)).unwrap_or_default();
        if record.iter().any(|field| field.contains('\u{fffd}')) {
            let text = "the file is neither UTF-8 nor GBK: give it as Alipay gave it";
            return Err(refused("statement_encoding", text, format!("line {row}")));
        }
        if field(0).is_empty() {
            return Ok(None);
        }
        let on = field(3).get(..10).and_then(|text| text.replace('/', "-").parse::<Date>().ok());
        let on = on.ok_or_else(|| {
            refused("statement_line", "the time of a line is like 2026-03-02 10:30:00", place(row, 3))
        })?;
        let (came, went) = (amount(field(4), row, 4)?, amount(field(5), row, 5)?);
        let balance = parse_decimal(field(6)).map_err(|_| {
            refused("statement_line", "the balance after a line is a decimal with two places", place(row, 6))
        })?;
        if came < 0 || (came != 0) == (went != 0) {
            let text = "a line has an income above zero or an expense, and not both";
            return Err(refused("statement_line", text, place(row, 4)));
        }
        let amount_minor = if came == 0 { -went.saturating_abs() } else { came };
        self.add_up(amount_minor, balance, row)?;
        Ok(Some(Line {
            on,
            amount_minor,
            reference: field(2).to_owned(),
            rail_reference: if field(1).is_empty() { field(0) } else { field(1) }.to_owned(),
            entry: Uid::NIL,
            kind: field(7).to_owned(),
        }))
    }

    /// The balance after a line is the one before and the line.
    fn add_up(&mut self, amount_minor: i64, balance: i64, row: u64) -> Result<(), MessageRefused> {
        let before = i128::from(balance) - i128::from(amount_minor);
        if self.opening.is_none() {
            let opening = i64::try_from(before).map_err(|_| {
                refused("statement_line", "the balance is beyond what can be counted", place(row, 6))
            })?;
            self.opening = Some(opening);
        } else if before != i128::from(self.balance) {
            let text = format!(
                "the balance after the line before is {}, this line makes it {}: lines come in order of time, the oldest \
                 first, and none is left out",
                decimal(self.balance),
                decimal(balance)
            );
            return Err(refused("statement_balance", text, place(row, 6)));
        }
        self.balance = balance;
        Ok(())
    }

    /// `账号：[2088…]`, `起始日期：[…]   终止日期：[…]`.
    fn said(&mut self, about: &str) {
        let value = |name: &str| {
            let rest = about.split_once(name)?.1;
            rest.split_once('[')?.1.split_once(']').map(|(value, _)| value.trim().to_owned())
        };
        if let Some(account) = value("账号") {
            self.account = mask_account(&account);
        }
        for (name, is_end) in [("起始日期", false), ("终止日期", true)] {
            if let Some(text) = value(name)
                && let Some(day) = civil(&text)
            {
                self.days.push(day);
                self.ends_at_midnight |= is_end && text.ends_with("00:00:00");
            }
        }
    }

    fn head(self) -> Result<Head, MessageRefused> {
        if self.columns.is_none() {
            return Err(refused(
                "statement_columns",
                "the file has no line of titles: it is no bill of an account",
                "",
            ));
        }
        let booked = self.tally.days();
        let (from_on, to_on) = match (self.days.as_slice(), booked) {
            (&[from, to], _) => {
                let last = if self.ends_at_midnight && to > from { to.yesterday().unwrap_or(to) } else { to };
                (from, last)
            }
            (_, Some(days)) => days,
            (_, None) => (Date::default(), Date::default()),
        };
        let head = Head {
            number: String::new(),
            account: self.account,
            currency: "CNY".to_owned(),
            from_on,
            to_on,
            opening_minor: self.opening.unwrap_or(0),
            closing_minor: self.balance,
            lines: 0,
            digest: [0; 32],
        };
        self.tally.close(head).map_err(|no| refused(no.code(), no.to_string(), ""))
    }
}

/// `2026年03月02日 00:00:00`, or with dashes.
fn civil(text: &str) -> Option<Date> {
    let digits: Vec<&str> =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [year, month, day, ..] = digits.as_slice() else { return None };
    format!("{year}-{month:0>2}-{day:0>2}").parse().ok()
}

/// The places of the columns, when a record is the line of titles.
fn titles(record: &StringRecord) -> Option<[usize; COLUMNS.len()]> {
    let mut places = [usize::MAX; COLUMNS.len()];
    for (to, name) in places.iter_mut().zip(COLUMNS) {
        // Titles say the unit behind the name: 收入金额（+元）.
        *to = record.iter().position(|title| title.starts_with(name)).unwrap_or(usize::MAX);
    }
    let needed = [0, 3, 4, 5, 6].iter().all(|n| places.get(*n).is_some_and(|at| *at != usize::MAX));
    needed.then_some(places)
}

fn amount(text: &str, row: u64, column: usize) -> Result<i64, MessageRefused> {
    if text.is_empty() {
        return Ok(0);
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    parse_decimal(text)
        .map_err(|_| refused("statement_line", "an amount is a decimal with two places", place(row, column)))
}
