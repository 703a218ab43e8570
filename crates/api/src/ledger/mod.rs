//! Transfers and accounts on the bare ledger (P1, P2).

mod accounts;
mod bound;
mod dto;
mod history;
mod subject;
mod transfers;

pub(crate) use accounts::{
    __path_get_account, __path_get_transfer, __path_list_accounts, get_account, get_transfer, list_accounts,
};
pub(crate) use bound::Kinds;
pub(crate) use dto::{AccountName, TransferLine, reference};
pub(crate) use history::{
    __path_get_account_day, __path_get_account_month, __path_get_balance_at, __path_list_lines,
    get_account_day, get_account_month, get_balance_at, list_lines,
};
pub(crate) use transfers::{__path_post_transfer, __path_post_transfers, post_transfer, post_transfers};
