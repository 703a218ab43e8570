//! The set-based statements of a table.

use postgres::types::Type;

use crate::{Column, Kind, Lock, Table};

/// What a generated statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    Load(Lock),
    Insert,
    /// Many rows at once, see [`super::copy`].
    Copy,
    Update,
    Delete,
}

impl Verb {
    /// The columns whose arrays the statement takes, in order.
    pub(super) fn columns(self, table: &Table) -> &'static [Column] {
        match self {
            Self::Load(_) | Self::Delete => table.key_columns(),
            Self::Insert | Self::Copy | Self::Update => table.columns,
        }
    }

    /// Text and parameter types.
    pub(super) fn sql(self, table: &Table) -> (String, Vec<Type>) {
        let arrays = if self == Self::Copy { &[] } else { self.columns(table) };
        (self.text(table), arrays.iter().map(|column| array_type(column.kind)).collect())
    }

    fn text(self, table: &Table) -> String {
        let name = table.name;
        let columns = self.columns(table);
        // Unnested in the select list, arrays are streamed side by side; in FROM each would first be written to a
        // store of its own, which takes half as long again.
        let arrays = list(columns.iter().enumerate(), ", ", |(i, c)| {
            format!("unnest(${}::{}[]) AS {}", i + 1, sql_type(c.kind), c.name)
        });
        let names = list(columns, ", ", |c| c.name.to_owned());
        let matches = list(table.key_columns(), " AND ", |c| format!("t.{0} = v.{0}", c.name));
        match self {
            Self::Copy => super::copy::sql(table),
            Self::Load(lock) => {
                // One index scan finds an array of plain keys. Not under a lock: a row that changed while we waited is
                // compared with the whole array again (8,000 keys and two writers: 32,000 transfers/s in all, and
                // 80,000 with the join).
                let by_key = match (lock, columns) {
                    (Lock::None, [only]) => {
                        format!(" WHERE t.{} = ANY($1::{}[])", only.name, sql_type(only.kind))
                    }
                    _ => format!(" JOIN (SELECT {arrays}) AS v ON {matches}"),
                };
                let wanted = list(table.columns, ", ", |c| format!("t.{}", c.name));
                // Locks are taken by the topmost node of the plan, above the sort, hence in key order. That a
                // row was changed while we waited for it does not disturb the order: keys are never updated,
                // and the row is read again as it is after the wait.
                let order = match lock {
                    Lock::None => String::new(),
                    Lock::Update => {
                        let keys = list(table.key_columns(), ", ", |c| format!("t.{}", c.name));
                        format!(" ORDER BY {keys} FOR UPDATE OF t")
                    }
                };
                format!("SELECT {wanted} FROM {name} AS t{by_key}{order}")
            }
            Self::Insert => {
                format!("INSERT INTO {name} ({names}) SELECT {arrays} ON CONFLICT DO NOTHING")
            }
            Self::Update => {
                let sets = list(table.changing_columns().map(|(_, column)| column), ", ", |c| {
                    format!("{0} = v.{0}", c.name)
                });
                format!("UPDATE {name} AS t SET {sets} FROM (SELECT {arrays}) AS v WHERE {matches}")
            }
            Self::Delete => {
                format!("DELETE FROM {name} AS t USING (SELECT {arrays}) AS v WHERE {matches}")
            }
        }
    }
}

fn list<T>(items: impl IntoIterator<Item = T>, separator: &str, show: impl Fn(T) -> String) -> String {
    items.into_iter().map(show).collect::<Vec<_>>().join(separator)
}

fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Int => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

/// Type of a single parameter.
pub(super) fn scalar_type(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

fn array_type(kind: Kind) -> Type {
    match kind {
        Kind::Int => Type::INT8_ARRAY,
        Kind::Text => Type::TEXT_ARRAY,
        Kind::Bytes => Type::BYTEA_ARRAY,
    }
}
