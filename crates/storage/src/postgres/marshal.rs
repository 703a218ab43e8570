//! Rows to arrays, result rows to [`Source`].

use std::{cell::Cell, error::Error};

use bytes::{BufMut, BytesMut};
use postgres::{
    Row,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};

use crate::{Column, Fault, FaultKind, Kind, Sink, Source, Table, Value};

/// Arrays for a statement: one per column, filled a row at a time. The buffers are kept between statements, so
/// that a steady load allocates nothing here.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    columns: Vec<Array>,
    used: usize,
    next: usize,
    wrong: bool,
}

/// One array in the wire format, without its header.
#[derive(Debug)]
pub(super) struct Array {
    kind: Kind,
    elements: Vec<u8>,
    count: usize,
    has_null: bool,
}

impl Arrays {
    /// Empties the arrays and sets their types.
    pub(super) fn start(&mut self, columns: &[Column]) {
        self.used = columns.len();
        self.next = 0;
        self.wrong = false;
        let fresh = || Array { kind: Kind::Int, elements: Vec::new(), count: 0, has_null: false };
        self.columns.resize_with(self.columns.len().max(columns.len()), fresh);
        for (array, column) in self.columns.iter_mut().zip(columns) {
            array.kind = column.kind;
            array.elements.clear();
            array.count = 0;
            array.has_null = false;
        }
    }

    /// Ends a row.
    ///
    /// # Errors
    /// When the row did not write exactly the columns of the statement, each with its own type.
    pub(super) fn end_row(&mut self, table: &Table) -> Result<(), Fault> {
        if self.wrong || self.next != self.used {
            return Err(Fault::new(
                FaultKind::Other,
                table.name,
                "a row does not fit the columns of its table",
            ));
        }
        self.next = 0;
        Ok(())
    }

    /// The arrays, as parameters.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.columns.iter().take(self.used).map(|array| array as &(dyn ToSql + Sync)).collect()
    }

    /// Size of all arrays so far.
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().take(self.used).map(|array| array.elements.len()).sum()
    }

    fn put(&mut self, kind: Kind, value: &[u8]) {
        let Some(array) = self.columns.get_mut(self.next).filter(|array| array.kind == kind) else {
            self.wrong = true;
            return;
        };
        let Ok(length) = i32::try_from(value.len()) else {
            self.wrong = true;
            return;
        };
        array.elements.extend_from_slice(&length.to_be_bytes());
        array.elements.extend_from_slice(value);
        array.count += 1;
        self.next += 1;
    }
}

impl Sink for Arrays {
    fn int(&mut self, value: i64) {
        self.put(Kind::Int, &value.to_be_bytes());
    }
    fn text(&mut self, value: &str) {
        self.put(Kind::Text, value.as_bytes());
    }
    fn bytes(&mut self, value: &[u8]) {
        self.put(Kind::Bytes, value);
    }
    fn null(&mut self) {
        let Some(array) = self.columns.get_mut(self.next) else {
            self.wrong = true;
            return;
        };
        array.elements.extend_from_slice(&(-1_i32).to_be_bytes());
        array.count += 1;
        array.has_null = true;
        self.next += 1;
    }
}

impl ToSql for Array {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let element = super::statements::scalar_type(self.kind);
        out.reserve(20 + self.elements.len());
        out.put_i32(1); // dimensions
        out.put_i32(i32::from(self.has_null));
        out.put_u32(element.oid());
        out.put_i32(i32::try_from(self.count)?);
        out.put_i32(1); // lower bound
        out.put_slice(&self.elements);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::BYTEA_ARRAY].contains(ty)
    }

    to_sql_checked!();
}

/// A parameter of a hand-written statement.
#[derive(Debug)]
pub(super) struct Param<'a>(pub(super) &'a Value<'a>);

impl Param<'_> {
    /// The type it is sent as; an absent value has one too.
    pub(super) fn kind(&self) -> Kind {
        match self.0 {
            Value::Int(_) | Value::NullInt => Kind::Int,
            Value::Text(_) | Value::NullText => Kind::Text,
            Value::Bytes(_) | Value::NullBytes => Kind::Bytes,
        }
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Int(value) => out.put_i64(*value),
            Value::Text(value) => out.put_slice(value.as_bytes()),
            Value::Bytes(value) => out.put_slice(value),
            Value::NullInt | Value::NullText | Value::NullBytes => return Ok(IsNull::Yes),
        }
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        [Type::INT8, Type::TEXT, Type::BYTEA].contains(ty)
    }

    to_sql_checked!();
}

/// A value of a result, in one of the portable types.
#[derive(Clone, Copy)]
enum Field<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
    /// A type that portable SQL has no business returning, `NUMERIC` from a sum for one.
    Foreign,
}

impl<'a> FromSql<'a> for Field<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Self::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::BYTEA => Self::Bytes(raw),
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(std::str::from_utf8(raw)?),
            // Literals and comparisons, which are integers in SQLite.
            Type::INT4 => Self::Int(i64::from(i32::from_be_bytes(raw.try_into()?))),
            Type::BOOL => Self::Int(i64::from(raw != [0])),
            _ => Self::Foreign,
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A result row. Remembers whether a column was asked for as a type that it does not have.
pub(super) struct RowSource<'a> {
    row: &'a Row,
    wrong: Cell<Option<usize>>,
}

impl<'a> RowSource<'a> {
    pub(super) fn new(row: &'a Row) -> Self {
        Self { row, wrong: Cell::new(None) }
    }

    /// The fault of the row, if any, after the caller has read it.
    pub(super) fn check(&self, doing: &str) -> Result<(), Fault> {
        match self.wrong.get() {
            None => Ok(()),
            Some(column) => {
                let message = format!("column {column} does not have the type that this program expects");
                Err(Fault::new(FaultKind::Unusable, doing, message))
            }
        }
    }

    fn field(&self, column: usize) -> Field<'a> {
        self.row.try_get(column).unwrap_or(Field::Foreign)
    }

    fn mismatch<T: Default>(&self, column: usize) -> T {
        self.wrong.set(Some(column));
        T::default()
    }
}

impl Source for RowSource<'_> {
    fn is_null(&self, column: usize) -> bool {
        matches!(self.field(column), Field::Null)
    }
    fn int(&self, column: usize) -> i64 {
        match self.field(column) {
            Field::Int(value) => value,
            Field::Null => 0,
            _ => self.mismatch(column),
        }
    }
    fn text(&self, column: usize) -> &str {
        match self.field(column) {
            Field::Text(value) => value,
            Field::Null => "",
            _ => self.mismatch(column),
        }
    }
    fn bytes(&self, column: usize) -> &[u8] {
        match self.field(column) {
            Field::Bytes(value) => value,
            Field::Null => &[],
            _ => self.mismatch(column),
        }
    }
}
