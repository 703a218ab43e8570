//! Reading the value of an entry against the shape of its key.

use std::ops::Range;

use toml::de::DeValue;

use crate::document::{Document, Node, kind_of, nearest};
use crate::policy::value::{Cell, Column, DayWindow, Shape, Table, TimeOfDay, Unit, Value};

/// Most rows of a tabled value and most texts of a list: tables are read by people.
const LONGEST_LIST: usize = 200;

/// Reads a value; whatever is wrong becomes an issue.
pub(super) fn read<'t>(document: &mut Document<'t>, node: &Node<'t>, shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Number { unit, min, max } => {
            number(document, node, *unit, (*min, *max), shape).map(Value::Number)
        }
        Shape::Flag => match node.get_ref() {
            DeValue::Boolean(flag) => Some(Value::Flag(*flag)),
            other => wrong(document, node.span(), other, shape),
        },
        Shape::Choice(names) => choice(document, node, names, shape),
        Shape::Time => parsed(document, node, shape, |text| TimeOfDay::parse(text).map(Value::Time)),
        Shape::CutOff => parsed(document, node, shape, |text| match text {
            "none" => Some(Value::CutOff(None)),
            time => TimeOfDay::parse(time).map(|time| Value::CutOff(Some(time))),
        }),
        Shape::Window => parsed(document, node, shape, |text| match text {
            "none" => Some(Value::Window(None)),
            window => DayWindow::parse(window).map(|window| Value::Window(Some(window))),
        }),
        Shape::Schedule { longest, max } => {
            let waits = list(document, node, shape, *longest, |document, item| {
                number(document, item, Unit::Seconds, (0, *max), shape)
            })?;
            Some(Value::Schedule(waits))
        }
        Shape::Digits => digits(document, node, shape),
        Shape::Table(columns) => table(document, node, columns, shape),
    }
}

fn wrong<T>(document: &mut Document<'_>, at: Range<usize>, found: &DeValue<'_>, shape: &Shape) -> Option<T> {
    let hint = format!("write {}", shape.describe());
    document.issue(at, format!("the value is of the wrong type: {}", kind_of(found)), Some(&hint));
    None
}

fn number<'t>(
    document: &mut Document<'t>,
    node: &Node<'t>,
    unit: Unit,
    (min, max): (i64, i64),
    shape: &Shape,
) -> Option<i64> {
    let DeValue::Integer(_) = node.get_ref() else {
        return wrong(document, node.span(), node.get_ref(), shape);
    };
    let number = document.integer(node, "value", &format!("write {}", shape.describe()))?;
    if (min..=max).contains(&number) {
        return Some(number);
    }
    let message = format!("{number} is out of bounds");
    let hint = format!("write {} from {min} to {max}", unit.describe());
    document.issue(node.span(), message, Some(&hint));
    None
}

fn choice<'t>(
    document: &mut Document<'t>,
    node: &Node<'t>,
    names: &'static [&'static str],
    shape: &Shape,
) -> Option<Value> {
    let DeValue::String(text) = node.get_ref() else {
        return wrong(document, node.span(), node.get_ref(), shape);
    };
    if let Some(name) = names.iter().find(|name| *name == text) {
        return Some(Value::Choice(name));
    }
    let hint = nearest(text, names.iter().copied())
        .map_or_else(|| format!("write {}", shape.describe()), |near| format!("did you mean \"{near}\"?"));
    document.issue(node.span(), format!("\"{text}\" is not a choice here"), Some(&hint));
    None
}

fn parsed<'t>(
    document: &mut Document<'t>,
    node: &Node<'t>,
    shape: &Shape,
    read: impl Fn(&str) -> Option<Value>,
) -> Option<Value> {
    let DeValue::String(text) = node.get_ref() else {
        return wrong(document, node.span(), node.get_ref(), shape);
    };
    let value = read(text);
    if value.is_none() {
        let hint = format!("write {}", shape.describe());
        document.issue(node.span(), format!("\"{text}\" cannot be read"), Some(&hint));
    }
    value
}

/// All items of a list; `None` when one of them is wrong.
fn list<'t, T>(
    document: &mut Document<'t>,
    node: &Node<'t>,
    shape: &Shape,
    longest: usize,
    read: impl Fn(&mut Document<'t>, &Node<'t>) -> Option<T>,
) -> Option<Vec<T>> {
    let DeValue::Array(items) = node.get_ref() else {
        return wrong(document, node.span(), node.get_ref(), shape);
    };
    if items.len() > longest {
        document.issue(node.span(), format!("the list is longer than {longest}"), None);
        return None;
    }
    let values: Vec<Option<T>> = items.iter().map(|item| read(document, item)).collect();
    values.into_iter().collect()
}

fn digits<'t>(document: &mut Document<'t>, node: &Node<'t>, shape: &Shape) -> Option<Value> {
    let texts = list(document, node, shape, LONGEST_LIST, |document, item| match item.get_ref() {
        DeValue::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Some((text.clone().into_owned(), item.span()))
        }
        DeValue::String(text) => {
            document.issue(item.span(), format!("\"{text}\" is not made of digits"), None);
            None
        }
        other => wrong(document, item.span(), other, shape),
    })?;
    let mut kept: Vec<String> = Vec::new();
    for (text, span) in texts {
        if kept.contains(&text) {
            document.issue(span, format!("\"{text}\" is listed twice"), None);
            return None;
        }
        kept.push(text);
    }
    Some(Value::Digits(kept))
}

fn table<'t>(
    document: &mut Document<'t>,
    node: &Node<'t>,
    columns: &'static [Column],
    shape: &Shape,
) -> Option<Value> {
    let rows =
        list(document, node, shape, LONGEST_LIST, |document, item| row(document, item, columns, shape))?;
    let mut kept: Vec<(Vec<String>, i64)> = Vec::new();
    for (names, value, span) in rows {
        if kept.iter().any(|(known, _)| *known == names) {
            document.issue(span, format!("two rows for {}", names.join(", ")), None);
            return None;
        }
        kept.push((names, value));
    }
    Some(Value::Table(Table::new(kept)))
}

type Row = (Vec<String>, i64, Range<usize>);

fn row<'t>(
    document: &mut Document<'t>,
    item: &Node<'t>,
    columns: &'static [Column],
    shape: &Shape,
) -> Option<Row> {
    let DeValue::Table(fields) = item.get_ref() else {
        return wrong(document, item.span(), item.get_ref(), shape);
    };
    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
    document.only_fields(fields, "a row", &known);
    let hint = format!("write {}", shape.describe());
    let (value_column, name_columns) = columns.split_last()?;
    let mut names = Vec::new();
    for column in name_columns {
        let found = document.required(fields, &item.span(), "a row", column.name, &hint);
        names.push(found.and_then(|node| cell(document, node, column)).map(|(text, _)| text));
    }
    let value = document
        .required(fields, &item.span(), "a row", value_column.name, &hint)
        .and_then(|node| cell(document, node, value_column));
    let names: Option<Vec<String>> = names.into_iter().collect();
    Some((names?, value?.1, item.span()))
}

/// A cell as the text that names a row and as the number that is its value.
fn cell<'t>(document: &mut Document<'t>, node: &Node<'t>, column: &Column) -> Option<(String, i64)> {
    match column.cell {
        Cell::Number { unit, min, max } => {
            let shape = Shape::Number { unit, min, max };
            number(document, node, unit, (min, max), &shape).map(|number| (number.to_string(), number))
        }
        Cell::Slug => {
            let text = document.text(node, column.name)?;
            if text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
                return Some((text, 0));
            }
            let message = format!("\"{text}\" is not a name");
            document.issue(node.span(), message, Some("use lower-case letters, digits and _"));
            None
        }
        Cell::OneOf(names) => match choice(document, node, names, &Shape::Choice(names))? {
            Value::Choice(name) => Some((name.to_owned(), 0)),
            _ => None,
        },
    }
}
