//! Bytes of a bank's message to plain data, with limits.

use purser_domain::{
    bank_files::{BankMessage, Body, MOST_LINES, MessageKind, text::clean},
    money::parse_decimal,
};
use purser_engine::ports::{BankMessageReader, MessageRefused};
use roxmltree::Node;

use super::{
    account, status,
    xml::{child, decode, parse, path_of, refused, text_at, too_large},
};

/// Largest message, bytes.
pub const MESSAGE_MAX: usize = 16 * 1024 * 1024;
/// Longest id in a message (`Max35Text`).
const ID_MAX: usize = 35;

/// The kinds that are read: what their namespace begins with, and the element within `Document`.
const KINDS: [(&str, MessageKind, &str); 3] = [
    ("pain.002.001.", MessageKind::StatusReport, "CstmrPmtStsRpt"),
    ("camt.053.001.", MessageKind::Statement, "BkToCstmrStmt"),
    ("camt.054.001.", MessageKind::Notification, "BkToCstmrDbtCdtNtfctn"),
];

/// Reads messages about an account.
#[derive(Debug, Clone, Default)]
pub struct Messages {
    /// The platform's account; when it is known, statements of other accounts are refused.
    pub account: Option<String>,
}

impl BankMessageReader for Messages {
    fn read(&self, bytes: &[u8]) -> Result<BankMessage, MessageRefused> {
        if bytes.len() > MESSAGE_MAX {
            return Err(too_large("a bank's message has at most 16 MiB"));
        }
        let text = decode(bytes)?;
        let document = parse(&text)?;
        let (kind, root) = kind_of(document.root_element())?;
        let header = required(root, "GrpHdr")?;
        let id = id_at(header, &["MsgId"])?.ok_or_else(|| missing(header, "MsgId"))?;
        let body = match kind {
            MessageKind::StatusReport => Body::Status(status::read(root)?),
            MessageKind::Statement => Body::Account(account::read(root, "Stmt", self.account.as_deref())?),
            MessageKind::Notification => {
                Body::Account(account::read(root, "Ntfctn", self.account.as_deref())?)
            }
        };
        let lines = match &body {
            Body::Status(report) => report.orders.len() + report.parts.len(),
            Body::Account(statements) => statements.iter().map(|s| s.entries.len()).sum(),
        };
        if lines > MOST_LINES {
            return Err(too_large("a bank's message has at most 10,000 orders or entries"));
        }
        let hash = *blake3::hash(bytes).as_bytes();
        Ok(BankMessage { kind, id, hash, size: i64::try_from(bytes.len()).unwrap_or(i64::MAX), body })
    }
}

/// Finds the message, alone or in an envelope.
fn kind_of<'a>(root: Node<'a, 'a>) -> Result<(MessageKind, Node<'a, 'a>), MessageRefused> {
    let documents = std::iter::once(root).chain(root.children().filter(Node::is_element));
    for document in documents.filter(|node| node.tag_name().name() == "Document") {
        let namespace = document.tag_name().namespace().unwrap_or_default();
        for (name, kind, element) in KINDS {
            if namespace.contains(name)
                && let Some(message) = child(document, element)
            {
                return Ok((kind, message));
            }
        }
    }
    let text =
        "this is no message that is read here: send pain.002.001, camt.053.001 or camt.054.001 (ISO 20022)";
    Err(refused("bank_message_kind", text, ""))
}

pub(super) fn missing(node: Node<'_, '_>, name: &str) -> MessageRefused {
    let at = format!("{}/{name}", path_of(node));
    refused("bank_message_content", format!("{at} is missing or empty"), at)
}

pub(super) fn wrong(node: Node<'_, '_>, what: &str) -> MessageRefused {
    let at = path_of(node);
    refused("bank_message_content", format!("{at}: {what}"), at)
}

pub(super) fn required<'a>(node: Node<'a, 'a>, name: &str) -> Result<Node<'a, 'a>, MessageRefused> {
    child(node, name).ok_or_else(|| missing(node, name))
}

/// An id of at most 35 characters.
pub(super) fn id_at<'a>(node: Node<'a, 'a>, path: &[&str]) -> Result<Option<String>, MessageRefused> {
    let Some(text) = text_at(node, path) else { return Ok(None) };
    if text.chars().count() > ID_MAX || text.chars().any(char::is_control) {
        return Err(wrong(node, &format!("{} has at most {ID_MAX} printable characters", path.join("/"))));
    }
    Ok(Some(text.to_owned()))
}

/// A code or a few words of the bank's own: at most 35 characters that can be printed.
pub(super) fn reason_at<'a>(node: Node<'a, 'a>, path: &[&str]) -> String {
    let inside = path.iter().try_fold(node, |node, name| child(node, name));
    let text = inside.and_then(|node| text_at(node, &["Cd"]).or_else(|| text_at(node, &["Prtry"])));
    clean(text.unwrap_or_default(), ID_MAX)
}

/// An amount in minor units: a decimal ≥ 0 with at most two places that are not zero.
pub(super) fn amount(node: Node<'_, '_>) -> Result<i64, MessageRefused> {
    let text = node.text().unwrap_or_default().trim();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.') && text.len() <= 24;
    let short = match text.split_once('.') {
        Some((_, places)) if places.len() > 2 => {
            let zeros = text.len() - text.trim_end_matches('0').len();
            text.get(..text.len() - zeros.min(places.len() - 2)).unwrap_or(text)
        }
        _ => text,
    };
    let minor = if plain { parse_decimal(short).ok() } else { None };
    minor.ok_or_else(|| wrong(node, "an amount is a decimal of at least 0 with at most two places"))
}
