//! What may stand in a column, and a macro that makes a typed row of a list of columns.

use std::sync::Arc;

use purser_domain::{
    ids::{TypedId, Uid},
    money::Currency,
    time::{Date, Timestamp},
};
use purser_storage::{Kind, Sink, Source};

use crate::facts::Facts;

/// A type that is stored in one column.
pub trait ColumnValue: Sized {
    /// Its portable column type.
    const KIND: Kind;
    /// Writes it.
    fn put(&self, sink: &mut dyn Sink);
    /// Reads it.
    fn take(source: &dyn Source, column: usize) -> Self;
}

macro_rules! column_values {
    ($($type:ty, $kind:ident, |$value:ident, $sink:ident| $put:expr, |$source:ident, $column:ident| $take:expr;)*) => {$(
        impl ColumnValue for $type {
            const KIND: Kind = Kind::$kind;
            fn put(&self, $sink: &mut dyn Sink) { let $value = self; $put }
            fn take($source: &dyn Source, $column: usize) -> Self { $take }
        }
    )*};
}

column_values! {
    i64, Int, |v, s| s.int(*v), |s, c| s.int(c);
    bool, Int, |v, s| s.int(i64::from(*v)), |s, c| s.int(c) != 0;
    String, Text, |v, s| s.text(v), |s, c| s.text(c).to_owned();
    Arc<str>, Text, |v, s| s.text(v), |s, c| s.text(c).into();
    Option<String>, Text, |v, s| s.opt_text(v.as_deref()), |s, c| s.opt_text(c).map(str::to_owned);
    Option<i64>, Int, |v, s| s.opt_int(*v), |s, c| s.opt_int(c);
    Uid, Bytes, |v, s| s.uid(*v), |s, c| s.uid(c);
    Vec<u8>, Bytes, |v, s| s.bytes(v), |s, c| s.bytes(c).to_vec();
    [u8; 32], Bytes, |v, s| s.bytes(v), |s, c| s.hash(c);
    Timestamp, Int, |v, s| s.at(*v), |s, c| s.at(c);
    Option<Timestamp>, Int, |v, s| s.opt_at(*v), |s, c| s.opt_at(c);
    Date, Text, |v, s| s.date(*v), |s, c| s.date(c);
    Facts, Text, |v, s| s.text(v.encoded()), |s, c| Facts::decode(s.text(c));
    Currency, Text, |v, s| s.text(v.code()), |s, c| s.text(c).parse().unwrap_or(Currency::CNY);
}

macro_rules! id_columns {
    ($($name:ident)*) => {$(
        impl ColumnValue for purser_domain::ids::$name {
            const KIND: Kind = Kind::Bytes;
            fn put(&self, sink: &mut dyn Sink) { sink.uid(self.uid()) }
            fn take(source: &dyn Source, column: usize) -> Self { Self::from_uid(source.uid(column)) }
        }
    )*};
}

id_columns!(PartyId AccountId TransferId TaskOrderId PayoutAccountId WithdrawalId JobId ApiKeyId StaffId ApprovalId MessageId CaseId);
id_columns!(BankFileId MembershipId PartyNoteId StatementId);
id_columns!(PaymentOrderId PaymentId PaymentRefundId);
id_columns!(CodeId PersonId);
id_columns!(CreditOrderId CreditApplicationId RiskReviewId);
id_columns!(CampaignId KeywordId AdGrantId);
id_columns!(WebhookId WebhookDeliveryId);

/// A row type, its table and its [`purser_storage::Record`] from one list of columns. The key is the first one,
/// two or three columns; `fixed` columns never change once a row is there, and the last column is none of them.
#[macro_export]
macro_rules! record {
    (@table $doc:literal, $table:ident, $index:literal, $name:literal, $key:literal, [$($fixed:ident)*], $($column:ident: $type:ty,)*) => {
        #[doc = $doc]
        pub(crate) static $table: purser_storage::Table = purser_storage::Table {
            index: $index,
            name: $name,
            key: $key,
            fixed: &[$(stringify!($fixed),)*],
            columns: &[$(purser_storage::Column {
                name: stringify!($column),
                kind: <$type as $crate::rows::ColumnValue>::KIND,
            },)*],
        };
    };
    (@fields $row:ident, $table:ident, $lock:ident, [$($kept:literal)?], $key:ty, |$self:ident| $make:expr, |$k:ident, $sink:ident| $write:block, $($column:ident: $type:ty,)*) => {
        impl purser_storage::Record for $row {
            type Key = $key;
            const TABLE: &'static purser_storage::Table = &$table;
            const LOCK: purser_storage::Lock = purser_storage::Lock::$lock;
            $(const KEPT: usize = $kept;)?
            fn key(&$self) -> Self::Key { $make }
            fn write(&self, sink: &mut dyn purser_storage::Sink) {
                $($crate::rows::ColumnValue::put(&self.$column, sink);)*
            }
            fn write_key($k: &Self::Key, $sink: &mut dyn purser_storage::Sink) $write
            fn read(source: &dyn purser_storage::Source) -> Self {
                let mut column = 0..;
                let mut next = || column.next().unwrap_or(0);
                Self { $($column: $crate::rows::ColumnValue::take(source, next()),)* }
            }
        }
    };
    (
        $(#[$doc:meta])* pub struct $row:ident in $table:ident = $index:literal, $name:literal, lock $lock:ident,
        $(fixed($($fixed:ident),*),)? $(kept $kept:literal,)? key($key:ident: $key_type:ty) { $($(#[$field_doc:meta])* $column:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $row {
            /// Primary key.
            pub $key: $key_type,
            $($(#[$field_doc])* pub $column: $type,)*
        }
        $crate::record!(@table "See the row type.", $table, $index, $name, 1, [$($($fixed)*)?], $key: $key_type, $($column: $type,)*);
        $crate::record!(@fields $row, $table, $lock, [$($kept)?], $key_type, |self| self.$key.clone(),
            |key, sink| { $crate::rows::ColumnValue::put(key, sink); }, $key: $key_type, $($column: $type,)*);
    };
    (
        $(#[$doc:meta])* pub struct $row:ident in $table:ident = $index:literal, $name:literal, lock $lock:ident,
        $(fixed($($fixed:ident),*),)? $(kept $kept:literal,)? key($key:ident: $key_type:ty, $second:ident: $second_type:ty) { $($(#[$field_doc:meta])* $column:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $row {
            /// First part of the primary key: the owner.
            pub $key: $key_type,
            /// Second part of the primary key.
            pub $second: $second_type,
            $($(#[$field_doc])* pub $column: $type,)*
        }
        $crate::record!(@table "See the row type.", $table, $index, $name, 2, [$($($fixed)*)?], $key: $key_type, $second: $second_type, $($column: $type,)*);
        $crate::record!(@fields $row, $table, $lock, [$($kept)?], ($key_type, $second_type),
            |self| (self.$key.clone(), self.$second.clone()),
            |key, sink| { $crate::rows::ColumnValue::put(&key.0, sink); $crate::rows::ColumnValue::put(&key.1, sink); },
            $key: $key_type, $second: $second_type, $($column: $type,)*);
    };
    (
        $(#[$doc:meta])* pub struct $row:ident in $table:ident = $index:literal, $name:literal, lock $lock:ident,
        $(fixed($($fixed:ident),*),)? $(kept $kept:literal,)? key($key:ident: $key_type:ty, $second:ident: $second_type:ty, $third:ident: $third_type:ty)
        { $($(#[$field_doc:meta])* $column:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $row {
            /// First part of the primary key: the owner.
            pub $key: $key_type,
            /// Second part of the primary key.
            pub $second: $second_type,
            /// Third part of the primary key.
            pub $third: $third_type,
            $($(#[$field_doc])* pub $column: $type,)*
        }
        $crate::record!(@table "See the row type.", $table, $index, $name, 3, [$($($fixed)*)?],
            $key: $key_type, $second: $second_type, $third: $third_type, $($column: $type,)*);
        $crate::record!(@fields $row, $table, $lock, [$($kept)?], ($key_type, $second_type, $third_type),
            |self| (self.$key.clone(), self.$second.clone(), self.$third.clone()),
            |key, sink| {
                $crate::rows::ColumnValue::put(&key.0, sink);
                $crate::rows::ColumnValue::put(&key.1, sink);
                $crate::rows::ColumnValue::put(&key.2, sink);
            },
            $key: $key_type, $second: $second_type, $third: $third_type, $($column: $type,)*);
    };
}
