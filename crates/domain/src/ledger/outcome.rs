//! Why the ledger refuses a transfer.

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why a transfer was refused. Closed; listed in order of precedence: when several apply, the first is
        /// reported, on every path and both databases.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        pub enum Refusal { $($(#[$doc])* #[error($text)] $name,)* }

        impl Refusal {
            /// Every code in order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stable machine code.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
        }
    };
}

refusals! {
    /// The amount is zero or negative.
    AmountNotPositive = "amount_not_positive", "the amount must be above zero";
    /// The id names an earlier transfer with another content.
    IdReused = "id_reused", "this transfer id was used before with another content: use a new id, or send the same content";
    /// A settlement or release names a hold that does not exist.
    HoldUnknown = "hold_unknown", "there is no such hold";
    /// The hold was settled in full.
    HoldSettled = "hold_settled", "the hold is already settled in full";
    /// The hold was released.
    HoldReleased = "hold_released", "the hold was released";
    /// The hold's expiry has passed.
    HoldExpired = "hold_expired", "the hold has expired";
    /// More than what the hold still reserves.
    HoldExceeded = "hold_exceeded", "the amount is more than the hold still reserves";
    /// A reversal names a transfer that does not exist.
    TransferUnknown = "transfer_unknown", "the transfer to reverse does not exist";
    /// Holds and releases cannot be reversed: release or settle them.
    NotReversible = "not_reversible", "only posted and settled transfers can be reversed";
    /// A reversal under an id of its own choice: it could happen twice.
    ReversalId = "reversal_id_wrong", "the id of a reversal is derived from the transfer that it takes back";
    /// Debit and credit are the same account.
    SameAccount = "same_account", "debit and credit must be different accounts";
    /// No such account on the debit side.
    DebitUnknown = "debit_account_unknown", "the debit account does not exist";
    /// No such account on the credit side.
    CreditUnknown = "credit_account_unknown", "the credit account does not exist";
    /// The debit account is closed.
    DebitClosed = "debit_account_closed", "the debit account is closed";
    /// The credit account is closed.
    CreditClosed = "credit_account_closed", "the credit account is closed";
    /// The accounts differ in currency, or the transfer names another one.
    CurrencyMismatch = "currency_mismatch", "both accounts and the transfer must be of one currency";
    /// A hold whose expiry is not in the future.
    ExpiryInPast = "expiry_in_past", "the hold would expire before it begins";
    /// The debit account's floor.
    DebitFloor = "debit_insufficient_funds", "the debit account has too little available";
    /// The credit account's floor (a debit-normal account pays out on its credit side).
    CreditFloor = "credit_insufficient_funds", "the credit account has too little available";
    /// A balance would leave 64 bits.
    Overflow = "balance_overflow", "a balance would not fit in 64 bits";
}
