//! A bank of our own: reads files of payment orders, keeps books, writes messages, and misbehaves on command (P21).
//!
//! It pays nobody. Tests and `purser sandbox bank` use it.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    bank_files::text::ACCOUNT_MAX,
    money::decimal,
    time::{Date, Timestamp, Zone},
};
use purser_engine::ports::MessageRefused;

use super::{
    pain001::NAMESPACE,
    read::{amount, id_at, missing, required, wrong},
    xml::{Writer, child, children, decode, parse, refused, text_at},
};

/// An order as the bank read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadOrder {
    /// End-to-end id.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// Payee's account.
    pub account: String,
    /// Payee's name; empty when there is none.
    pub name: String,
}

/// A file as the bank read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFile {
    /// Message id.
    pub id: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Account that pays.
    pub debtor: String,
    /// Orders of all blocks.
    pub orders: Vec<ReadOrder>,
}

/// Reads a pain.001.001.09 and checks what every bank checks: ids, numbers of orders and control sums.
///
/// # Errors
/// The first thing that is wrong.
pub fn read_file(bytes: &[u8]) -> Result<ReadFile, MessageRefused> {
    let text = decode(bytes)?;
    let document = parse(&text)?;
    let root = document.root_element();
    if root.tag_name().namespace() != Some(NAMESPACE) {
        return Err(refused("bank_message_kind", format!("the namespace is not {NAMESPACE}"), ""));
    }
    let message = required(root, "CstmrCdtTrfInitn")?;
    let header = required(message, "GrpHdr")?;
    let id = id_at(header, &["MsgId"])?.ok_or_else(|| missing(header, "MsgId"))?;
    let made_at = text_at(header, &["CreDtTm"]).and_then(|text| text.parse().ok());
    let made_at = made_at.ok_or_else(|| missing(header, "CreDtTm"))?;
    let mut file = ReadFile { id, made_at, debtor: String::new(), orders: Vec::new() };
    let mut seen = BTreeSet::new();
    let total = |node, from: usize, orders: &[ReadOrder]| {
        let own = orders.get(from..).unwrap_or_default();
        let sum: i128 = own.iter().map(|order| i128::from(order.amount_minor)).sum();
        let number = text_at(node, &["NbOfTxs"]).and_then(|text| text.parse::<usize>().ok());
        let control = amount(required(node, "CtrlSum")?)?;
        if number != Some(own.len()) || i128::from(control) != sum {
            return Err(wrong(node, "number of orders or control sum is not right"));
        }
        Ok(())
    };
    for part in children(message, "PmtInf") {
        let from = file.orders.len();
        let debtor = text_at(part, &["DbtrAcct", "Id", "Othr", "Id"]);
        debtor.ok_or_else(|| missing(part, "DbtrAcct"))?.clone_into(&mut file.debtor);
        for order in children(part, "CdtTrfTxInf") {
            let amount_node = required(required(order, "Amt")?, "InstdAmt")?;
            let account = text_at(order, &["CdtrAcct", "Id", "Othr", "Id"]).unwrap_or_default();
            if account.is_empty() || account.len() > ACCOUNT_MAX {
                return Err(missing(order, "CdtrAcct"));
            }
            let read = ReadOrder {
                reference: id_at(order, &["PmtId", "EndToEndId"])?
                    .ok_or_else(|| missing(order, "EndToEndId"))?,
                amount_minor: amount(amount_node)?,
                currency: amount_node.attribute("Ccy").unwrap_or_default().to_owned(),
                account: account.to_owned(),
                name: text_at(order, &["Cdtr", "Nm"]).unwrap_or_default().to_owned(),
            };
            if !seen.insert(read.reference.clone()) {
                return Err(wrong(order, "the end-to-end id stands twice in the file"));
            }
            file.orders.push(read);
        }
        total(part, from, &file.orders)?;
    }
    total(header, 0, &file.orders)?;
    if child(message, "PmtInf").is_none() {
        return Err(missing(message, "PmtInf"));
    }
    Ok(file)
}

/// What the bank knows of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// Paid so often.
    pub paid: u32,
    /// Came back so often.
    pub returned: u32,
}

/// A line of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// End-to-end id; empty for money in from somebody else.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// Money in.
    pub credit: bool,
    /// Reason of a return.
    pub reason: Option<String>,
    /// The payer's words.
    pub words: String,
    /// The bank's own id.
    pub bank_reference: String,
}

/// The bank: its books, and whose account it keeps.
#[derive(Debug, Clone)]
pub struct Bank {
    /// Number of the account.
    pub account: String,
    /// Balance at the beginning, minor units.
    pub opening_minor: i64,
    /// Business time.
    pub now: Timestamp,
    /// Business zone.
    pub zone: Zone,
    /// Orders by end-to-end id.
    pub orders: BTreeMap<String, Kept>,
    /// Message ids of files that were taken in.
    pub files: BTreeSet<String>,
    /// Lines since the beginning.
    pub lines: Vec<Line>,
}

impl Bank {
    /// A bank without entries.
    pub fn new(account: &str, now: Timestamp, zone: Zone) -> Self {
        Self {
            account: account.to_owned(),
            opening_minor: 100_000_000_000,
            now,
            zone,
            orders: BTreeMap::new(),
            files: BTreeSet::new(),
            lines: Vec::new(),
        }
    }

    /// Notes a file; false when it was there before.
    pub fn take_file(&mut self, file: &ReadFile) -> bool {
        self.files.insert(file.id.clone())
    }

    /// Pays an order, once however often it is told.
    pub fn pay(&mut self, order: &ReadOrder) {
        let kept = self.orders.entry(order.reference.clone()).or_default();
        if kept.paid > 0 {
            return;
        }
        kept.paid = 1;
        kept.amount_minor = order.amount_minor;
        kept.currency.clone_from(&order.currency);
        let (reference, amount, currency) =
            (order.reference.clone(), order.amount_minor, order.currency.clone());
        self.book(reference, amount, currency, false, None, "");
    }

    /// An order comes back (退票), once.
    pub fn give_back(&mut self, reference: &str, reason: &str) -> bool {
        let Some(kept) = self.orders.get_mut(reference).filter(|kept| kept.paid > kept.returned) else {
            return false;
        };
        kept.returned += 1;
        let (amount, currency) = (kept.amount_minor, kept.currency.clone());
        self.book(reference.to_owned(), amount, currency, true, Some(reason.to_owned()), "");
        true
    }

    /// Money comes in from somebody.
    pub fn receive(&mut self, amount_minor: i64, currency: &str, words: &str) {
        self.book(String::new(), amount_minor, currency.to_owned(), true, None, words);
    }

    fn book(
        &mut self,
        reference: String,
        amount_minor: i64,
        currency: String,
        credit: bool,
        reason: Option<String>,
        words: &str,
    ) {
        // Follows from the order alone, so that it is the same however often the bank is asked.
        let whose: String = reference.chars().rev().take(24).collect();
        let bank_reference = match (whose.is_empty(), credit) {
            (true, _) => format!("C{}", self.lines.len() + 1),
            (false, true) => format!("R{whose}"),
            (false, false) => format!("D{whose}"),
        };
        let words = words.to_owned();
        self.lines.push(Line { reference, amount_minor, currency, credit, reason, words, bank_reference });
    }

    fn header(&self, w: &mut Writer, id: &str) {
        w.within(&["GrpHdr"], |w| {
            w.leaf("MsgId", id);
            w.leaf("CreDtTm", &self.zone.rfc3339(self.now));
        });
    }

    /// A status report: `group` for the whole file, `orders` one by one with status and reason.
    pub fn report(
        &self,
        id: &str,
        file: &ReadFile,
        group: Option<(&str, &str)>,
        orders: &[(&str, &str, &str)],
    ) -> String {
        let mut w = Writer::document("urn:iso:std:iso:20022:tech:xsd:pain.002.001.10");
        w.open("CstmrPmtStsRpt");
        self.header(&mut w, id);
        w.within(&["OrgnlGrpInfAndSts"], |w| {
            w.leaf("OrgnlMsgId", &file.id);
            w.leaf("OrgnlMsgNmId", "pain.001.001.09");
            if let Some((status, reason)) = group {
                w.leaf("GrpSts", status);
                reason_info(w, reason);
            }
        });
        if !orders.is_empty() {
            w.within(&["OrgnlPmtInfAndSts"], |w| {
                w.leaf("OrgnlPmtInfId", &format!("{}-P", file.id));
                for (reference, status, reason) in orders {
                    w.within(&["TxInfAndSts"], |w| {
                        w.leaf("OrgnlEndToEndId", reference);
                        w.leaf("TxSts", status);
                        reason_info(w, reason);
                    });
                }
            });
        }
        w.finish()
    }

    /// A notice of these lines (camt.054).
    pub fn notice(&self, id: &str, lines: &[Line]) -> String {
        let mut w = Writer::document("urn:iso:std:iso:20022:tech:xsd:camt.054.001.08");
        w.open("BkToCstmrDbtCdtNtfctn");
        self.header(&mut w, id);
        w.within(&["Ntfctn"], |w| {
            w.leaf("Id", id);
            self.own_account(w);
            for line in lines {
                self.line(w, line);
            }
        });
        w.finish()
    }

    /// The statement of everything so far (camt.053).
    pub fn statement(&self, id: &str) -> String {
        let mut w = Writer::document("urn:iso:std:iso:20022:tech:xsd:camt.053.001.08");
        w.open("BkToCstmrStmt");
        self.header(&mut w, id);
        let closing = self.lines.iter().fold(self.opening_minor, |sum, line| {
            if line.credit { sum + line.amount_minor } else { sum - line.amount_minor }
        });
        w.within(&["Stmt"], |w| {
            w.leaf("Id", id);
            self.own_account(w);
            for (code, minor) in [("OPBD", self.opening_minor), ("CLBD", closing)] {
                w.within(&["Bal"], |w| {
                    w.within(&["Tp", "CdOrPrtry"], |w| w.leaf("Cd", code));
                    w.amount("Amt", "CNY", &decimal(minor.abs()));
                    w.leaf("CdtDbtInd", if minor >= 0 { "CRDT" } else { "DBIT" });
                    w.within(&["Dt"], |w| w.leaf("Dt", &self.today().to_string()));
                });
            }
            for line in &self.lines {
                self.line(w, line);
            }
        });
        w.finish()
    }

    fn today(&self) -> Date {
        self.zone.date(self.now)
    }

    fn own_account(&self, w: &mut Writer) {
        w.within(&["Acct", "Id", "Othr"], |w| w.leaf("Id", &self.account));
    }

    fn line(&self, w: &mut Writer, line: &Line) {
        w.within(&["Ntry"], |w| {
            w.amount("Amt", &line.currency, &decimal(line.amount_minor));
            w.leaf("CdtDbtInd", if line.credit { "CRDT" } else { "DBIT" });
            w.within(&["Sts"], |w| w.leaf("Cd", "BOOK"));
            w.within(&["BookgDt"], |w| w.leaf("Dt", &self.today().to_string()));
            w.leaf("AcctSvcrRef", &line.bank_reference);
            let family = match (&line.reason, line.credit) {
                (Some(_), _) => ("ICDT", "RRTN"),
                (None, true) => ("RCDT", "DMCT"),
                (None, false) => ("ICDT", "DMCT"),
            };
            w.within(&["BkTxCd", "Domn"], |w| {
                w.leaf("Cd", "PMNT");
                w.within(&["Fmly"], |w| {
                    w.leaf("Cd", family.0);
                    w.leaf("SubFmlyCd", family.1);
                });
            });
            w.within(&["NtryDtls", "TxDtls"], |w| {
                if !line.reference.is_empty() {
                    w.within(&["Refs"], |w| w.leaf("EndToEndId", &line.reference));
                }
                if !line.words.is_empty() {
                    w.within(&["RmtInf"], |w| w.leaf("Ustrd", &line.words));
                }
                if let Some(reason) = &line.reason {
                    w.within(&["RtrInf", "Rsn"], |w| w.leaf("Cd", reason));
                }
            });
        });
    }
}

fn reason_info(w: &mut Writer, reason: &str) {
    if !reason.is_empty() {
        w.within(&["StsRsnInf", "Rsn"], |w| w.leaf("Cd", reason));
    }
}
