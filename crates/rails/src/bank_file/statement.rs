//! camt.053 as a statement (P13): a message of any size, of which one entry at a time is held.
//!
//! A fast reader cuts the message into the children of its statements; each of them is read by the same code as a message
//! that is taken in whole.

use std::io::{BufReader, Read};

use purser_domain::{
    bank_files::{Statement, check_sums},
    ids::Uid,
    reconcile::{Head, Line, Tally},
    time::Date,
};
use purser_engine::{
    bank_files::entry_id,
    ports::{MessageRefused, StatementReader},
};
use quick_xml::{
    Reader, Writer,
    events::{BytesStart, Event},
};
use roxmltree::Node;

use super::{
    account,
    read::missing,
    xml::{at, children, parse, refused, text_at, too_large},
};

/// Largest entry, or other part of a statement, bytes.
const PART_MAX: usize = 16 * 1024 * 1024;
/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// Reads statements of an account.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    /// The platform's account; when it is known, statements of other accounts are refused.
    pub account: Option<String>,
}

impl StatementReader for Statements {
    fn read(
        &self,
        source: &mut dyn Read,
        each: &mut dyn FnMut(Line) -> bool,
    ) -> Result<Head, MessageRefused> {
        let mut cut = Cut::new(source);
        let mut pages = Pages {
            own: self.account.as_deref(),
            header: String::new(),
            current: None,
            head: None,
            tally: Tally::default(),
        };
        while let Some(part) = cut.next()? {
            match part {
                Part::Child { name, xml } if name == "Ntry" => {
                    if !pages.entry(&cut.within(&xml), &cut.spaces, each)? {
                        break;
                    }
                }
                Part::Child { xml, .. } => pages.header.push_str(&xml),
                Part::End => pages.end(&cut.spaces)?,
            }
        }
        pages.whole()
    }
}

/// A piece of the message.
enum Part {
    /// A child of a statement, whole.
    Child { name: String, xml: String },
    /// A statement is over.
    End,
}

/// Cuts a message.
struct Cut<R> {
    reader: Reader<BufReader<R>>,
    path: Vec<String>,
    spaces: String,
    is_statement: bool,
    buffer: Vec<u8>,
}

fn broken(error: &dyn std::fmt::Display) -> MessageRefused {
    refused("bank_message_xml", format!("the message is not well-formed XML: {error}"), "")
}

impl<R: Read> Cut<R> {
    fn new(source: R) -> Self {
        let reader = Reader::from_reader(BufReader::with_capacity(256 * 1024, source));
        Self { reader, path: Vec::new(), spaces: String::new(), is_statement: false, buffer: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<Part>, MessageRefused> {
        loop {
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| broken(&error))?;
            match event {
                Event::DocType(_) => {
                    let text = "a bank's message has no document type: entities are not read here, inside or outside";
                    return Err(refused("bank_message_doctype", text, ""));
                }
                Event::Decl(declaration) => {
                    let name = declaration.encoding().transpose().map_err(|error| broken(&error))?;
                    let name = name.map(|name| name.to_ascii_lowercase());
                    if name.is_some_and(|name| !matches!(name.as_str(), "utf-8" | "us-ascii")) {
                        let text = "the statement is not UTF-8: ask the bank for UTF-8, or convert it and its declaration";
                        return Err(refused("bank_message_encoding", text, ""));
                    }
                }
                Event::Eof => {
                    return if self.is_statement {
                        Ok(None)
                    } else {
                        let text = "this is no statement of an account: send camt.053.001 (ISO 20022)";
                        Err(refused("bank_message_kind", text, ""))
                    };
                }
                Event::Start(start) => {
                    let start = start.into_owned();
                    if let Some(part) = self.begin(&start, false)? {
                        return Ok(Some(part));
                    }
                }
                Event::Empty(start) => {
                    let start = start.into_owned();
                    if let Some(part) = self.begin(&start, true)? {
                        return Ok(Some(part));
                    }
                }
                Event::End(_) => {
                    let ended = self.path.pop();
                    if ended.is_some_and(|name| name == "Stmt") && self.path.last().is_some_and(is_message) {
                        return Ok(Some(Part::End));
                    }
                }
                _ => {}
            }
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>, is_empty: bool) -> Result<Option<Part>, MessageRefused> {
        let name = start.local_name().as_ref().to_owned();
        for attribute in start.attributes().flatten() {
            let (key, value): (&str, &str) = (attribute.key.as_ref(), attribute.value.as_ref());
            if key.starts_with("xmlns") {
                if name == "Document" && value.contains("camt.053.001.") {
                    self.is_statement = true;
                }
                // An inner declaration of the same prefix does not occur in these messages; the first one counts.
                if key.contains(':') && !self.spaces.contains(&format!(" {key}=")) {
                    self.spaces.extend([" ", key, "=\"", value, "\""]);
                }
            }
        }
        let inside = self.is_statement
            && self.path.last().is_some_and(|name| name == "Stmt")
            && self.path.iter().rev().nth(1).is_some_and(is_message);
        if inside {
            return self.child(name, start, is_empty).map(Some);
        }
        if !is_empty {
            self.path.push(name);
            if self.path.len() > DEPTH_MAX {
                return Err(too_large("the message is nested deeper than a bank's message can be"));
            }
        }
        Ok(None)
    }

    /// The whole of a child.
    fn child(
        &mut self,
        name: String,
        start: &BytesStart<'_>,
        is_empty: bool,
    ) -> Result<Part, MessageRefused> {
        let mut writer = Writer::new(Vec::new());
        let mut write = |event: Event<'_>| {
            writer.write_event(event).map_err(|error| broken(&error))?;
            let is_large = writer.get_ref().len() > PART_MAX;
            if is_large { Err(too_large("a part of a statement has at most 16 MiB")) } else { Ok(()) }
        };
        if is_empty {
            write(Event::Empty(start.borrow()))?;
        } else {
            write(Event::Start(start.borrow()))?;
            let mut depth = 1_usize;
            while depth > 0 {
                self.buffer.clear();
                let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| broken(&error))?;
                match &event {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    Event::Eof => return Err(broken(&"it ends within an element")),
                    Event::DocType(_) => return Err(broken(&"a document type within an element")),
                    _ => {}
                }
                write(event)?;
            }
        }
        let xml = String::from_utf8(writer.into_inner()).map_err(|_| {
            refused("bank_message_encoding", "the statement is not UTF-8: ask the bank for UTF-8", "")
        })?;
        Ok(Part::Child { name, xml })
    }

    /// In a statement with the prefixes that were declared around it.
    fn within(&self, xml: &str) -> String {
        within(&self.spaces, xml)
    }
}

fn is_message(name: &String) -> bool {
    name == "BkToCstmrStmt"
}

fn within(spaces: &str, xml: &str) -> String {
    format!("<Stmt{spaces}>{xml}</Stmt>")
}

/// Statements of one message: pages of one statement, in order.
struct Pages<'a> {
    own: Option<&'a str>,
    header: String,
    current: Option<Current>,
    head: Option<Head>,
    tally: Tally,
}

/// The statement that is being read.
struct Current {
    statement: Statement,
    currency: String,
    from_on: Option<Date>,
    to_on: Date,
    all_booked: bool,
}

fn content(text: impl Into<String>) -> MessageRefused {
    refused("bank_message_content", text, "")
}

impl Current {
    /// What stands before the entries.
    fn of(header: &str, own: Option<&str>) -> Result<Self, MessageRefused> {
        let document = parse(header)?;
        let node = document.root_element();
        let statement = account::statement(node, own)?;
        let closing = children(node, "Bal")
            .find(|balance| text_at(*balance, &["Tp", "CdOrPrtry", "Cd"]) == Some("CLBD"))
            .or_else(|| children(node, "Bal").last())
            .ok_or_else(|| missing(node, "Bal"))?;
        let currency = at(closing, &["Amt"]).and_then(|amount| amount.attribute("Ccy")).unwrap_or_default();
        let day = |node: Node<'_, '_>, path: &[&str]| text_at(node, path).and_then(civil);
        // A period that ends at midnight ends with the day before.
        let last = text_at(node, &["FrToDt", "ToDtTm"]).and_then(|text| {
            let date = civil(text)?;
            if text.contains("T00:00:00") { date.yesterday().ok() } else { Some(date) }
        });
        let of_balance = day(closing, &["Dt", "Dt"]).or_else(|| day(closing, &["Dt", "DtTm"]));
        let to_on = last.or(of_balance).ok_or_else(|| missing(closing, "Dt"))?;
        let from_on = day(node, &["FrToDt", "FrDtTm"]).map(|from| from.min(to_on));
        Ok(Self { statement, currency: currency.to_owned(), from_on, to_on, all_booked: true })
    }
}

fn civil(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

impl Pages<'_> {
    fn current(&mut self, spaces: &str) -> Result<&mut Current, MessageRefused> {
        let current = match self.current.take() {
            Some(current) => current,
            None => Current::of(&within(spaces, &std::mem::take(&mut self.header)), self.own)?,
        };
        Ok(self.current.insert(current))
    }

    /// Reads an entry; says whether reading goes on.
    fn entry(
        &mut self,
        xml: &str,
        spaces: &str,
        each: &mut dyn FnMut(Line) -> bool,
    ) -> Result<bool, MessageRefused> {
        let current = self.current(spaces)?;
        let document = parse(xml)?;
        let node =
            children(document.root_element(), "Ntry").next().ok_or_else(|| content("an entry is empty"))?;
        let booked = account::entry(node, &mut current.statement)?;
        current.all_booked &= booked;
        let mut lines = Vec::new();
        for entry in current.statement.entries.drain(..).filter(|entry| entry.booked) {
            if entry.currency != current.currency {
                let text = format!(
                    "an entry is in {} and the balance in {}: a statement is in one currency",
                    entry.currency, current.currency
                );
                return Err(refused("statement_currency", text, ""));
            }
            let on =
                entry.booked_on.ok_or_else(|| content("a booked entry has no booking date (BookgDt)"))?;
            lines.push(Line {
                on,
                amount_minor: if entry.credit { entry.amount_minor } else { -entry.amount_minor },
                entry: entry_id(&current.statement.account, &entry).unwrap_or(Uid::NIL),
                kind: if entry.returned { "return".to_owned() } else { String::new() },
                reference: entry.reference,
                rail_reference: entry.bank_reference,
            });
        }
        for line in lines {
            self.tally.add(&line);
            if !each(line) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A statement is over: it adds up, and follows the page before.
    fn end(&mut self, spaces: &str) -> Result<(), MessageRefused> {
        self.current(spaces)?;
        let Some(Current { mut statement, currency, from_on, to_on, all_booked }) = self.current.take()
        else {
            return Ok(());
        };
        if !all_booked {
            // Totals count what is only announced too.
            let sums = &mut statement.sums;
            (sums.entries, sums.credits_minor, sums.debits_minor) = (None, None, None);
        }
        check_sums(&statement, true).map_err(|(code, text)| refused(code, text, ""))?;
        let (Some(opening_minor), Some(closing_minor)) =
            (statement.sums.opening_minor, statement.sums.closing_minor)
        else {
            return Err(content("a statement gives its opening and closing balance"));
        };
        let first = self.tally.days().map_or(to_on, |(first, _)| first).min(to_on);
        let page = Head {
            number: statement.id,
            account: statement.account,
            currency,
            from_on: from_on.unwrap_or(first),
            to_on,
            opening_minor,
            closing_minor,
            lines: 0,
            digest: [0; 32],
        };
        self.head = Some(match self.head.take() {
            None => page,
            Some(before) if follows(&before, &page) => {
                Head { to_on: page.to_on, closing_minor: page.closing_minor, ..before }
            }
            Some(_) => {
                let text = "the message has statements that do not follow each other: each goes on for the same account with \
                            the balance that the one before closed with";
                return Err(refused("statement_pages", text, ""));
            }
        });
        Ok(())
    }

    fn whole(self) -> Result<Head, MessageRefused> {
        let head = self.head.ok_or_else(|| content("the message has no statement (Stmt)"))?;
        self.tally.close(head).map_err(|no| refused(no.code(), no.to_string(), ""))
    }
}

fn follows(before: &Head, page: &Head) -> bool {
    let same = before.account == page.account && before.currency == page.currency;
    same && page.opening_minor == before.closing_minor && page.to_on >= before.to_on
}
