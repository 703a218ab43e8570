//! Books over plain maps: the smallest thing that the posting algorithm can run on.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, TransferId, Uid},
    ledger::{Account, Books, Hold, Side, Transfer, TransferRequest},
    money::Currency,
    time::Timestamp,
};

/// Everything that a refusal must leave as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MapBooks {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    pub(crate) lines: Vec<Transfer>,
    pub(crate) holds: BTreeMap<TransferId, Hold>,
    pub(crate) now: Timestamp,
}

impl MapBooks {
    pub(crate) fn open(&mut self, name: &str, side: Side, floored: bool, currency: Currency) {
        let id = account(name);
        self.accounts.insert(id, Account::with_id(id, side, floored, currency));
    }

    /// Posts and, when the ledger accepts, returns true.
    pub(crate) fn accepts(&mut self, request: &TransferRequest) -> bool {
        purser_domain::ledger::post(self, request).is_ok()
    }
}

/// Id of the account that a case calls by this name.
pub(crate) fn account(name: &str) -> AccountId {
    AccountId(Uid::derive("purser test account", &[name.as_bytes()]))
}

/// Id of the transfer that a case calls by this name.
pub(crate) fn transfer(name: &str) -> TransferId {
    TransferId(Uid::derive("purser test transfer", &[name.as_bytes()]))
}

impl Books for MapBooks {
    fn account(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }
    fn transfer(&self, id: TransferId) -> Option<&Transfer> {
        self.lines.iter().find(|line| line.id == id)
    }
    fn hold(&self, id: TransferId) -> Option<Hold> {
        self.holds.get(&id).cloned()
    }
    fn put_hold(&mut self, hold: Hold) {
        self.holds.insert(hold.id, hold);
    }
    fn touch(&mut self, _id: AccountId) {}
    fn append(&mut self, transfer: Transfer) {
        self.lines.push(transfer);
    }
    fn now(&self) -> Timestamp {
        self.now
    }
}
