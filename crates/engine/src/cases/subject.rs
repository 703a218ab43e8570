//! The record that a case is about, and whose it is.

use std::fmt;

use purser_domain::ids::{
    CreditOrderId, IdError, MembershipId, PartyId, PaymentOrderId, PayoutAccountId, StatementId, TaskOrderId,
    WithdrawalId,
};

use crate::{
    agencies::MembershipRow,
    corporate,
    credit::{CreditOrderRow, CreditShopRow},
    earnings::TaskOrderRow,
    payments::PaymentOrderRow,
    programme,
    tx::{Needs, Tx},
    withdrawals::{PayoutAccountRow, WithdrawalRow},
};

/// A record that a case may be opened from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A withdrawal.
    Withdrawal(WithdrawalId),
    /// A task order: its creator's, and its payee's.
    TaskOrder(TaskOrderId),
    /// A payout account.
    PayoutAccount(PayoutAccountId),
    /// A payment order.
    PaymentOrder(PaymentOrderId),
    /// A statement: of a programme month (its creator's, and its payee's) or of corporate settlement (its payee's).
    Statement(StatementId),
    /// A membership in an agency: the creator's.
    Membership(MembershipId),
    /// A pay-later order: its shop's.
    CreditOrder(CreditOrderId),
    /// A shop with a pay-later limit: its own.
    Shop(PartyId),
}

impl Subject {
    /// Reads the id of any record that a case may be about.
    ///
    /// # Errors
    /// [`IdError`] when it is not an id, or an id of something else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text.split_once('_').map(|(prefix, _)| prefix) {
            Some("to") => text.parse().map(Self::TaskOrder),
            Some("pa") => text.parse().map(Self::PayoutAccount),
            Some("po") => text.parse().map(Self::PaymentOrder),
            Some("st") => text.parse().map(Self::Statement),
            Some("mbr") => text.parse().map(Self::Membership),
            Some("co") => text.parse().map(Self::CreditOrder),
            Some("pty") => text.parse().map(Self::Shop),
            _ => text.parse().map(Self::Withdrawal),
        }
    }

    /// Declares the record of a party.
    pub(super) fn need(self, needs: &mut Needs<'_>, party: PartyId) {
        match self {
            Self::Withdrawal(id) => needs.row::<WithdrawalRow>(id),
            Self::TaskOrder(id) => needs.row::<TaskOrderRow>(id),
            Self::PayoutAccount(id) => needs.row::<PayoutAccountRow>(id),
            Self::PaymentOrder(id) => needs.row::<PaymentOrderRow>(id),
            Self::Statement(id) => {
                needs.row::<programme::StatementRow>(id);
                needs.row::<corporate::StatementRow>(id);
            }
            Self::Membership(id) => needs.row::<MembershipRow>((party, id)),
            Self::CreditOrder(id) => needs.row::<CreditOrderRow>(id),
            Self::Shop(id) => needs.row::<CreditShopRow>(id),
        }
    }

    /// Whether the record is this party's.
    pub(super) fn is_of(self, tx: &Tx, party: PartyId) -> bool {
        match self {
            Self::Withdrawal(id) => tx.get::<WithdrawalRow>(&id).is_some_and(|row| row.party == party),
            Self::TaskOrder(id) => {
                tx.get::<TaskOrderRow>(&id).is_some_and(|row| row.creator == party || row.payee == party)
            }
            Self::PayoutAccount(id) => tx.get::<PayoutAccountRow>(&id).is_some_and(|row| row.party == party),
            Self::PaymentOrder(id) => tx.get::<PaymentOrderRow>(&id).is_some_and(|row| row.party == party),
            Self::Statement(id) => {
                let monthly = tx.get::<programme::StatementRow>(&id);
                monthly.is_some_and(|row| row.creator == party || row.payee == party)
                    || tx.get::<corporate::StatementRow>(&id).is_some_and(|row| row.party == party)
            }
            Self::Membership(id) => tx.get::<MembershipRow>(&(party, id)).is_some(),
            Self::CreditOrder(id) => tx.get::<CreditOrderRow>(&id).is_some_and(|row| row.merchant == party),
            Self::Shop(id) => id == party && tx.get::<CreditShopRow>(&id).is_some(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawal(id) => id.fmt(f),
            Self::TaskOrder(id) => id.fmt(f),
            Self::PayoutAccount(id) => id.fmt(f),
            Self::PaymentOrder(id) => id.fmt(f),
            Self::Statement(id) => id.fmt(f),
            Self::Membership(id) => id.fmt(f),
            Self::CreditOrder(id) => id.fmt(f),
            Self::Shop(id) => id.fmt(f),
        }
    }
}
