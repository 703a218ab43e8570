//! Reading a policy pack (P4), collecting everything that is wrong with it.

mod value;

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::{
    keys::{self, KeySpec, REGISTRY},
    pack::{Entry, PolicyPack},
};
use crate::{
    document::{Document, Issue, Node, kind_of, nearest},
    time::Date,
};

/// The first entry of each key must be in force by then: no instant that the edge accepts is older.
const ALWAYS: Date = jiff::civil::date(2000, 1, 1);

const TABLES: &[&str] = &["pack", "entry"];
const PACK_FIELDS: &[&str] = &["name", "note"];
const ENTRY_FIELDS: &[&str] = &["key", "row", "effective_from", "value", "source", "note"];

/// What was read so far, by position of the key in the registry.
#[derive(Default)]
struct Slots {
    entries: BTreeMap<usize, Vec<Entry>>,
    /// Keys with an entry that could not be read: it is named already, so they are neither missing nor late.
    broken: BTreeSet<usize>,
}

/// Parses a pack. With `base`, keys that the text lacks are taken from there and unknown keys are left out.
pub(super) fn parse(
    file_name: &str,
    text: &str,
    base: Option<&PolicyPack>,
) -> Result<PolicyPack, Vec<Issue>> {
    let (mut document, root) = Document::open(file_name, text);
    let Some(root) = root else { return Err(document.close()) };
    document.only_fields(&root, "a policy pack", TABLES);
    let name = read_header(&mut document, &root);
    let mut slots = Slots::default();
    for node in entry_nodes(&mut document, &root) {
        read_entry(&mut document, node, base.is_some(), &mut slots);
    }
    let slots = complete(&mut document, slots, base);
    match name {
        Some(name) if document.is_clean() => Ok(PolicyPack::new(name, text, slots)),
        _ => Err(document.close()),
    }
}

fn read_header<'t>(document: &mut Document<'t>, root: &DeTable<'t>) -> Option<String> {
    let hint = "start the file with [pack] and name = \"…\"";
    let node = document.required(root, &(0..0), "the file", "pack", hint)?;
    let DeValue::Table(table) = node.get_ref() else {
        document.issue(node.span(), "`pack` must be a table", Some(hint));
        return None;
    };
    document.only_fields(table, "[pack]", PACK_FIELDS);
    let name = document.required(table, &node.span(), "[pack]", "name", hint)?;
    document.text(name, "name")
}

fn entry_nodes<'a, 't>(document: &mut Document<'t>, root: &'a DeTable<'t>) -> Vec<&'a Node<'t>> {
    let hint = "write every entry under its own [[entry]]";
    match root.get("entry").map(|node| (node, node.get_ref())) {
        Some((_, DeValue::Array(items))) => items.iter().collect(),
        Some((node, other)) => {
            document.issue(
                node.span(),
                format!("`entry` must be a list, not {}", kind_of(other)),
                Some(hint),
            );
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Reads one `[[entry]]` into its slot.
fn read_entry<'t>(document: &mut Document<'t>, item: &Node<'t>, older: bool, slots: &mut Slots) {
    let DeValue::Table(table) = item.get_ref() else {
        document.issue(item.span(), "an entry must be a table", Some("write [[entry]] and its fields below"));
        return;
    };
    document.only_fields(table, "an entry", ENTRY_FIELDS);
    let at = item.span();
    let Some((slot, spec)) = read_key(document, table, item, older) else { return };
    read_row(document, table, item, spec);
    let what = format!("the entry for `{}`", spec.name);
    let effective_from = document
        .required(table, &at, &what, "effective_from", "write effective_from = \"2000-01-01\" for \"always\"")
        .and_then(|node| document.date(node, "effective_from"));
    let source = document
        .required(table, &at, &what, "source", "say where the value comes from")
        .and_then(|node| document.text(node, "source"));
    let note = table.get("note").and_then(|node| document.text(node, "note"));
    let hint = format!("write {}", spec.shape.describe());
    let value = document
        .required(table, &at, &what, "value", &hint)
        .and_then(|node| value::read(document, node, &spec.shape));
    let line = document.place(at.start).0;
    let (Some(effective_from), Some(value), Some(source)) = (effective_from, value, source) else {
        slots.broken.insert(slot);
        return;
    };
    let entries = slots.entries.entry(slot).or_default();
    if let Some(first) = entries.iter().find(|entry| entry.effective_from == effective_from) {
        let message = format!(
            "second entry for `{}` from {effective_from}; the first is on line {}",
            spec.name, first.line
        );
        document.issue(at, message, Some("keep one, or give the later one its own date"));
        return;
    }
    entries.push(Entry { spec, effective_from, value, source, note, line });
}

/// The key of an entry. An unknown one is an issue unless an older release wrote the text.
fn read_key<'t>(
    document: &mut Document<'t>,
    table: &DeTable<'t>,
    entry: &Node<'t>,
    older: bool,
) -> Option<(usize, &'static KeySpec)> {
    let node = document.required(table, &entry.span(), "an entry", "key", "name the key it sets")?;
    let name = document.text(node, "key")?;
    let found = keys::find(&name);
    if found.is_none() && !older {
        let hint = nearest(&name, REGISTRY.iter().map(|spec| spec.name)).map_or_else(
            || "the default pack lists them all".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        document.issue(node.span(), format!("unknown key `{name}`"), Some(&hint));
    }
    found
}

fn read_row<'t>(document: &mut Document<'t>, table: &DeTable<'t>, entry: &Node<'t>, spec: &KeySpec) {
    let hint = format!("write row = \"{}\"", spec.row);
    let Some(node) =
        document.required(table, &entry.span(), &format!("the entry for `{}`", spec.name), "row", &hint)
    else {
        return;
    };
    if let Some(row) = document.text(node, "row")
        && row != spec.row
    {
        document.issue(
            node.span(),
            format!("`{}` belongs to row {}, not {row}", spec.name, spec.row),
            Some(&hint),
        );
    }
}

/// Orders the entries and checks that every key has one in force since [`ALWAYS`].
fn complete(document: &mut Document<'_>, mut slots: Slots, base: Option<&PolicyPack>) -> Vec<Vec<Entry>> {
    if slots.entries.is_empty() && slots.broken.is_empty() && base.is_none() {
        document.issue(0..0, "the pack has no entry", Some("copy the default pack and change what differs"));
        return Vec::new();
    }
    let mut all = Vec::with_capacity(REGISTRY.len());
    for (slot, spec) in REGISTRY.iter().enumerate() {
        let mut entries = match (slots.entries.remove(&slot), base) {
            _ if slots.broken.contains(&slot) => continue,
            (Some(entries), _) => entries,
            (None, Some(base)) => base.slot(slot).to_vec(),
            (None, None) => {
                let hint = format!("add an entry for it, row {}: {}", spec.row, spec.doc());
                document.issue(0..0, format!("the key `{}` is missing", spec.name), Some(&hint));
                continue;
            }
        };
        entries.sort_by_key(|entry| entry.effective_from);
        if let Some(first) = entries.first().filter(|first| first.effective_from > ALWAYS) {
            let message = format!(
                "the first entry for `{}` (line {}) starts on {}: nothing would decide before it",
                spec.name, first.line, first.effective_from
            );
            let start = document.line_start(first.line);
            document.issue(start..start, message, Some("add an entry with effective_from = \"2000-01-01\""));
        }
        all.push(entries);
    }
    all
}
