//! XML in and out: small on purpose. What comes in has no document type, no entities, and limits.

use std::fmt::Write as _;

use purser_engine::ports::MessageRefused;
use roxmltree::{Document, Error, Node, ParsingOptions};

/// Deepest nesting of elements; the messages that are read need twelve.
const DEPTH_MAX: usize = 48;
/// Most nodes of a document.
const NODES_MAX: u32 = 2_000_000;

pub(super) fn refused(code: &'static str, text: impl Into<String>, at: impl Into<String>) -> MessageRefused {
    MessageRefused { code, text: text.into(), at: at.into() }
}

pub(super) fn too_large(text: &str) -> MessageRefused {
    refused("bank_message_too_large", text, "")
}

/// The text of a document: UTF-8, or UTF-16 with a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<String, MessageRefused> {
    let wrong = || {
        let text = "the message is not UTF-8 (or UTF-16 with a byte order mark): ask the bank for UTF-8, or convert it \
                    and its XML declaration";
        refused("bank_message_encoding", text, "")
    };
    let utf16 = |unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().skip(1).map(|pair| unit(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        text.ok().filter(|_| rest.is_empty()).ok_or_else(wrong)
    };
    let (text, wide) = match bytes {
        [0xff, 0xfe, ..] => (utf16(u16::from_le_bytes)?, true),
        [0xfe, 0xff, ..] => (utf16(u16::from_be_bytes)?, true),
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8(rest.to_vec()).map_err(|_| wrong())?, false),
        bytes => (String::from_utf8(bytes.to_vec()).map_err(|_| wrong())?, false),
    };
    match declared(&text) {
        None => Ok(text),
        Some(name) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(text),
        Some(name) if wide && name.to_ascii_lowercase().starts_with("utf-16") => Ok(text),
        Some(_) => Err(wrong()),
    }
}

/// The encoding that the XML declaration names.
fn declared(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(name, _)| name)
}

/// Reads a document. Document types are refused unread, so there are neither entities nor anything to fetch.
pub(super) fn parse(text: &str) -> Result<Document<'_>, MessageRefused> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        Error::DtdDetected => {
            let text = "a bank's message has no document type: entities are not read here, inside or outside";
            refused("bank_message_doctype", text, "")
        }
        Error::NodesLimitReached => too_large("the message has more elements than a bank's message can have"),
        other => {
            let at = other.pos();
            let text = format!("the message is not well-formed XML: line {}, column {}", at.row, at.col);
            refused("bank_message_xml", text, "")
        }
    })?;
    let mut depth = 0_usize;
    let mut node = document.root();
    // Walks without recursion, so that depth costs nothing.
    loop {
        if let Some(child) = node.first_child() {
            (node, depth) = (child, depth + 1);
            if depth > DEPTH_MAX {
                return Err(too_large("the message is nested deeper than a bank's message can be"));
            }
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => (node, depth) = (parent, depth - 1),
                None => return Ok(document),
            }
        }
    }
}

/// The first child element of a name, whatever its namespace's version.
pub(super) fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

/// All child elements of a name.
pub(super) fn children<'a, 'n>(
    node: Node<'a, 'a>,
    name: &'n str,
) -> impl Iterator<Item = Node<'a, 'a>> + use<'a, 'n> {
    node.children().filter(move |n| n.is_element() && n.tag_name().name() == name)
}

/// The element at the end of a path.
pub(super) fn at<'a>(node: Node<'a, 'a>, path: &[&str]) -> Option<Node<'a, 'a>> {
    path.iter().try_fold(node, |node, name| child(node, name))
}

/// The text at the end of a path, trimmed; `None` when it is absent or empty.
pub(super) fn text_at<'a>(node: Node<'a, 'a>, path: &[&str]) -> Option<&'a str> {
    at(node, path)?.text().map(str::trim).filter(|text| !text.is_empty())
}

/// Where a node is: its path of elements, with the place among equals.
pub(super) fn path_of(node: Node<'_, '_>) -> String {
    let mut parts = Vec::new();
    for node in node.ancestors().filter(Node::is_element) {
        let name = node.tag_name().name();
        let same = |n: &Node<'_, '_>| n.is_element() && n.tag_name().name() == name && n.id() != node.id();
        let before = node.prev_siblings().filter(same).count();
        let alone = before == 0 && !node.next_siblings().any(|n| same(&n));
        parts.push(if alone { name.to_owned() } else { format!("{name}[{}]", before + 1) });
    }
    parts.reverse();
    format!("/{}", parts.join("/"))
}

/// Writes elements one under the other. Writing to a string cannot fail.
pub(super) struct Writer {
    out: String,
    open: Vec<&'static str>,
}

impl Writer {
    /// A document with its root element and namespace.
    pub(super) fn document(namespace: &str) -> Self {
        let out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"{}\">\n",
            escape(namespace)
        );
        Self { out, open: vec!["Document"] }
    }

    fn indent(&mut self) {
        for _ in 0..self.open.len() {
            self.out.push(' ');
        }
    }

    pub(super) fn open(&mut self, name: &'static str) {
        self.indent();
        let _ = writeln!(self.out, "<{name}>");
        self.open.push(name);
    }

    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            let _ = writeln!(self.out, "</{name}>");
        }
    }

    /// An element within an element, and so on, with what `inside` writes.
    pub(super) fn within(&mut self, path: &[&'static str], inside: impl FnOnce(&mut Self)) {
        for name in path {
            self.open(name);
        }
        inside(self);
        for _ in path {
            self.close();
        }
    }

    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.indent();
        let _ = writeln!(self.out, "<{name}>{}</{name}>", escape(text));
    }

    pub(super) fn amount(&mut self, name: &str, currency: &str, amount: &str) {
        self.indent();
        let _ = writeln!(self.out, "<{name} Ccy=\"{}\">{}</{name}>", escape(currency), escape(amount));
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}

/// Text as it may stand between tags and quotes. What XML cannot hold at all is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        parse(text).map_or_else(|no| no.code, |_| "read")
    }

    #[test]
    fn bombs_and_entities_are_refused_unread() {
        let bomb = "<!DOCTYPE a [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><a>&b;</a>";
        let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        assert_eq!([code(bomb), code(outside)], ["bank_message_doctype"; 2]);
        assert_eq!(code("<a>&x;</a>"), "bank_message_xml");
        assert_eq!(code(&"<a>".repeat(100_000)), "bank_message_xml");
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(code(&deep), "bank_message_too_large");
        assert_eq!(
            [code(""), code("no"), code("<a>&amp;&#x4e00;</a>")],
            ["bank_message_xml", "bank_message_xml", "read"]
        );
    }

    #[test]
    fn encodings_that_cannot_be_read_are_named() {
        let utf16: Vec<u8> = "\u{feff}<a>张</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&utf16).unwrap(), "<a>张</a>");
        assert_eq!(decode("\u{feff}<a/>".as_bytes()).unwrap(), "<a/>");
        let refuses = |bytes: &[u8]| decode(bytes).unwrap_err().code;
        assert_eq!(refuses(b"<?xml version='1.0' encoding='GBK'?><a/>"), "bank_message_encoding");
        assert_eq!(refuses(b"<a>\xd5\xc5</a>"), "bank_message_encoding");
        assert_eq!(refuses(b"\xff\xfe<"), "bank_message_encoding");
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut writer = Writer::document("urn:x");
        writer.within(&["A", "B"], |w| w.leaf("C", "a<&>\"\u{1}中"));
        let text = writer.finish();
        let read = parse(&text).unwrap();
        assert_eq!(text_at(read.root_element(), &["A", "B", "C"]), Some("a<&>\"中"));
    }
}
