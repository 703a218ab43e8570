//! A bank's message as plain data, and the sums that it must keep.

use crate::{money::decimal, time::Date};

/// Most orders and entries of one message: what one commit takes in.
pub const MOST_LINES: usize = 10_000;

/// What kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// Status of orders.
    StatusReport,
    /// Statement of the account.
    Statement,
    /// Notice of entries.
    Notification,
}

impl MessageKind {
    /// Name of the message, without its version.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StatusReport => "pain.002",
            Self::Statement => "camt.053",
            Self::Notification => "camt.054",
        }
    }
}

/// A message of the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankMessage {
    /// What kind.
    pub kind: MessageKind,
    /// The bank's id of the message.
    pub id: String,
    /// Hash of its bytes.
    pub hash: [u8; 32],
    /// Bytes.
    pub size: i64,
    /// What it says.
    pub body: Body,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Status of orders.
    Status(StatusReport),
    /// Entries on accounts.
    Account(Vec<Statement>),
}

/// A status with its reason; the reason is empty when there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `RJCT`, `ACCP` and so on.
    pub code: String,
    /// `AC04` and so on.
    pub reason: String,
}

/// Status of a block of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartStatus {
    /// Id of the block.
    pub id: String,
    /// Its status.
    pub status: Status,
}

/// Status of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStatus {
    /// End-to-end id.
    pub reference: String,
    /// Its status.
    pub status: Status,
}

/// A pain.002.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReport {
    /// Id of the file that it is about.
    pub original: String,
    /// Status of the whole file.
    pub group: Option<Status>,
    /// Status of blocks.
    pub parts: Vec<PartStatus>,
    /// Status of orders.
    pub orders: Vec<OrderStatus>,
}

/// Balances and totals that a statement gives, minor units; debit balances are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Opening balance.
    pub opening_minor: Option<i64>,
    /// Closing balance.
    pub closing_minor: Option<i64>,
    /// Number of entries.
    pub entries: Option<i64>,
    /// Sum of credits.
    pub credits_minor: Option<i64>,
    /// Sum of debits.
    pub debits_minor: Option<i64>,
}

/// A statement, or the entries of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// Number of the account.
    pub account: String,
    /// What it gives to check against.
    pub sums: Sums,
    /// Booked and other entries, one line per order in them.
    pub entries: Vec<Entry>,
    /// Amount and direction of every booked entry, minor units, credits positive.
    pub booked_minor: Vec<i64>,
}

/// A line of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Money came in.
    pub credit: bool,
    /// Minor units, ≥ 0.
    pub amount_minor: i64,
    /// Currency code.
    pub currency: String,
    /// False for what is only announced.
    pub booked: bool,
    /// Civil date of the booking.
    pub booked_on: Option<Date>,
    /// End-to-end id; empty when there is none.
    pub reference: String,
    /// The bank's own id of the entry, or of this part of it where the parts have some; empty when there is none.
    pub bank_reference: String,
    /// The bank's own id of the whole entry; empty when there is none.
    pub booking: String,
    /// Which of the entry's orders this is, from 0.
    pub part: i64,
    /// The bank says that it is a return, or takes an entry back.
    pub returned: bool,
    /// Reason of a return; empty when there is none.
    pub reason: String,
    /// Who is on the other side, masked.
    pub counterparty: String,
    /// The payer's words, masked.
    pub text: String,
}

/// Why a statement is refused: code and sentence.
pub type Mismatch = (&'static str, String);

/// Checks that a statement adds up: opening + credits − debits = closing, and the totals that it gives.
/// `whole` for statements (camt.053), which must give both balances.
///
/// # Errors
/// In order: `bank_statement_balances` (one is missing), `bank_statement_sums` (they do not add up).
pub fn check_sums(statement: &Statement, whole: bool) -> Result<(), Mismatch> {
    let sums = &statement.sums;
    let (mut credits, mut debits) = (0_i128, 0_i128);
    for amount in &statement.booked_minor {
        if *amount >= 0 { credits += i128::from(*amount) } else { debits -= i128::from(*amount) }
    }
    match (sums.opening_minor, sums.closing_minor) {
        (Some(opening), Some(closing)) => {
            let expected = i128::from(opening) + credits - debits;
            let what = "opening balance and entries";
            equal(&statement.id, what, expected, i128::from(closing), "the closing balance")?;
        }
        _ if whole => {
            let text = format!(
                "statement {} gives no opening and closing balance (OPBD or PRCD, CLBD): it cannot be checked",
                statement.id
            );
            return Err(("bank_statement_balances", text));
        }
        _ => {}
    }
    let counted = i128::try_from(statement.booked_minor.len()).unwrap_or(i128::MAX);
    if let Some(entries) = sums.entries
        && i128::from(entries) != counted
    {
        let text =
            format!("statement {} has {counted} booked entries, its summary says {entries}", statement.id);
        return Err(("bank_statement_sums", text));
    }
    if let Some(given) = sums.credits_minor {
        equal(&statement.id, "the credits", credits, i128::from(given), "its summary")?;
    }
    if let Some(given) = sums.debits_minor {
        equal(&statement.id, "the debits", debits, i128::from(given), "its summary")?;
    }
    Ok(())
}

fn equal(id: &str, what: &str, sum: i128, given: i128, whose: &str) -> Result<(), Mismatch> {
    if sum == given {
        return Ok(());
    }
    let show = |minor: i128| i64::try_from(minor).map_or_else(|_| minor.to_string(), decimal);
    let text = format!("statement {id}: {what} add up to {}, but {whose} says {}", show(sum), show(given));
    Err(("bank_statement_sums", text))
}
