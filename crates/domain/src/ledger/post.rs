//! The one posting algorithm: a group of transfers over loaded accounts, all or nothing.

use super::{Account, Refusal, Side};
use crate::{
    ids::{AccountId, TransferId, Uid},
    money::Currency,
    time::Timestamp,
};

/// What a transfer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Moves money now.
    Post,
    /// Reserves money until it is settled or released; with an optional expiry.
    Hold {
        /// From this instant on the hold can no longer be settled.
        expires_at: Option<Timestamp>,
    },
    /// Moves what a hold reserved, wholly or in part; the rest stays reserved.
    Settle {
        /// The hold.
        hold: TransferId,
    },
    /// Gives back what a hold still reserves, or part of it.
    Release {
        /// The hold.
        hold: TransferId,
    },
    /// Moves the money of an earlier transfer back, whole. Its id is derived from the old one, so that it can
    /// happen once only.
    Reverse {
        /// The transfer that is undone.
        transfer: TransferId,
    },
}

impl Step {
    /// Stored code.
    pub const fn code(self) -> i64 {
        match self {
            Self::Post => 0,
            Self::Hold { .. } => 1,
            Self::Settle { .. } => 2,
            Self::Release { .. } => 3,
            Self::Reverse { .. } => 4,
        }
    }

    fn of(self) -> Uid {
        match self {
            Self::Settle { hold } | Self::Release { hold } => hold.0,
            Self::Reverse { transfer } => transfer.0,
            Self::Post | Self::Hold { .. } => Uid::NIL,
        }
    }
}

/// A movement that somebody asks for (P1). For `Settle`, `Release` and `Reverse` the accounts are those of the
/// transfer that is named, and the ones given here are not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRequest {
    /// Chosen by the caller; the same id with the same content is the same transfer.
    pub id: TransferId,
    /// What to do.
    pub step: Step,
    /// Account to debit.
    pub debit: AccountId,
    /// Account to credit.
    pub credit: AccountId,
    /// Above zero; ignored by `Reverse`, which takes the old amount.
    pub amount_minor: i64,
    /// Must be the currency of both accounts.
    pub currency: Currency,
    /// What kind of business this is; a stored code.
    pub kind: i64,
    /// The business object behind it.
    pub reference: Uid,
}

impl TransferRequest {
    /// The id that the reversal of `transfer` has.
    pub fn reversal_id(transfer: TransferId) -> TransferId {
        TransferId(Uid::derive_near(transfer.0, "purser reversal v1", &[]))
    }
}

/// A line of the ledger: written once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Id.
    pub id: TransferId,
    /// Instant of its group.
    pub at: Timestamp,
    /// Group (lane and sequence) that it belongs to; storage sets it.
    pub group: i64,
    /// Business kind.
    pub kind: i64,
    /// [`Step::code`].
    pub step: i64,
    /// Debited account.
    pub debit: AccountId,
    /// Credited account.
    pub credit: AccountId,
    /// Minor units, above zero.
    pub amount_minor: i64,
    /// Posted balance of the debit account afterwards.
    pub debit_after: i64,
    /// Posted balance of the credit account afterwards.
    pub credit_after: i64,
    /// Previous transfer of the debit account.
    pub debit_prev: TransferId,
    /// Previous transfer of the credit account.
    pub credit_prev: TransferId,
    /// The hold or transfer that this one names; nil if none.
    pub of: Uid,
    /// Business object.
    pub reference: Uid,
}

/// State of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Still reserves something.
    Open,
    /// Nothing left, the last part was settled.
    Settled,
    /// Nothing left, the last part was released.
    Released,
}

/// What a hold still reserves. The one mutable thing beside the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// The transfer that made it.
    pub id: TransferId,
    /// Account to debit on settlement.
    pub debit: AccountId,
    /// Account to credit on settlement.
    pub credit: AccountId,
    /// Reserved at first.
    pub amount_minor: i64,
    /// Reserved still.
    pub remaining_minor: i64,
    /// State.
    pub state: HoldState,
    /// Cannot be settled from here on. What it reserves stays reserved until a release is posted, by a job that
    /// runs each minute: for so long less is available than could be, and never more.
    pub expires_at: Option<Timestamp>,
}

/// Where the algorithm finds and leaves rows. Implementations keep an undo log: a refusal in the middle of a
/// group takes back what the group did before.
pub trait Books {
    /// A loaded account.
    fn account(&mut self, id: AccountId) -> Option<&mut Account>;
    /// An existing transfer with this id, if there is one.
    fn transfer(&self, id: TransferId) -> Option<&Transfer>;
    /// A hold.
    fn hold(&self, id: TransferId) -> Option<Hold>;
    /// Saves a new or changed hold.
    fn put_hold(&mut self, hold: Hold);
    /// Called before an account changes, with its state before: for undo, daily rows and entry points.
    fn touch(&mut self, id: AccountId);
    /// Appends a ledger line.
    fn append(&mut self, transfer: Transfer);
    /// Instant of the group.
    fn now(&self) -> Timestamp;
}

/// What became of a request that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// It is in the books now.
    New,
    /// It was there before, with the same content: nothing moved.
    Replayed,
}

/// Posts one transfer. Checks run in the order of [`Refusal`]; nothing is changed on refusal.
///
/// # Errors
/// The first [`Refusal`] that applies.
pub fn post(books: &mut impl Books, request: &TransferRequest) -> Result<Posted, Refusal> {
    if request.amount_minor <= 0 && !matches!(request.step, Step::Reverse { .. }) {
        return Err(Refusal::AmountNotPositive);
    }
    if let Some(existing) = books.transfer(request.id).cloned() {
        let same = same_content(books, &existing, request);
        return if same { Ok(Posted::Replayed) } else { Err(Refusal::IdReused) };
    }
    match request.step {
        Step::Post => move_money(books, request, request.debit, request.credit, request.amount_minor, 0),
        Step::Hold { expires_at } => place_hold(books, request, expires_at),
        Step::Settle { hold } => {
            let now = books.now();
            let mut rest = open_hold(books, hold, request.amount_minor, |at| at <= now)?;
            let (debit, credit) = (rest.debit, rest.credit);
            move_money(books, request, debit, credit, request.amount_minor, request.amount_minor)?;
            rest.remaining_minor -= request.amount_minor;
            if rest.remaining_minor == 0 {
                rest.state = HoldState::Settled;
            }
            books.put_hold(rest);
            Ok(Posted::New)
        }
        Step::Release { hold } => release(books, request, hold),
        Step::Reverse { transfer } => {
            let old = books.transfer(transfer).ok_or(Refusal::TransferUnknown)?;
            if ![Step::Post.code(), 2].contains(&old.step) {
                return Err(Refusal::NotReversible);
            }
            if request.id != TransferRequest::reversal_id(transfer) {
                return Err(Refusal::ReversalId);
            }
            let (debit, credit, amount) = (old.credit, old.debit, old.amount_minor);
            move_money(books, request, debit, credit, amount, 0)
        }
    }
}

/// Whether a request says what the line under its id says. The currency is that of the line's accounts, and the
/// expiry stands in the hold: both have to be loaded for a replay to be told from another request.
fn same_content(books: &mut impl Books, old: &Transfer, new: &TransferRequest) -> bool {
    let named = matches!(new.step, Step::Settle { .. } | Step::Release { .. } | Step::Reverse { .. });
    let same_expiry = match new.step {
        Step::Hold { expires_at } => books.hold(old.id).is_none_or(|hold| hold.expires_at == expires_at),
        _ => true,
    };
    old.step == new.step.code()
        && old.of == new.step.of()
        && (old.amount_minor == new.amount_minor || matches!(new.step, Step::Reverse { .. }))
        && old.kind == new.kind
        && old.reference == new.reference
        && (named || (old.debit == new.debit && old.credit == new.credit))
        && books.account(old.debit).is_none_or(|account| account.currency == new.currency)
        && same_expiry
}

/// The hold, when `amount` can be taken from it.
fn open_hold(
    books: &impl Books,
    id: TransferId,
    amount: i64,
    expired: impl Fn(Timestamp) -> bool,
) -> Result<Hold, Refusal> {
    let hold = books.hold(id).ok_or(Refusal::HoldUnknown)?;
    match hold.state {
        HoldState::Settled => Err(Refusal::HoldSettled),
        HoldState::Released => Err(Refusal::HoldReleased),
        HoldState::Open if hold.expires_at.is_some_and(expired) => Err(Refusal::HoldExpired),
        HoldState::Open if amount > hold.remaining_minor => Err(Refusal::HoldExceeded),
        HoldState::Open => Ok(hold),
    }
}

/// Change of a balance in the normal direction of its account.
fn effect(account: &Account, debited: bool, amount: i64) -> i64 {
    if pays(account, debited) { -amount } else { amount }
}

/// Whether the account's own balance falls.
fn pays(account: &Account, debited: bool) -> bool {
    (account.side == Side::Debit) != debited
}

/// Both accounts as they would be; checks everything but changes nothing.
fn pair(
    books: &mut impl Books,
    debit: AccountId,
    credit: AccountId,
    currency: Currency,
) -> Result<(Account, Account), Refusal> {
    if debit == credit {
        return Err(Refusal::SameAccount);
    }
    let debit = books.account(debit).map(|a| a.clone()).ok_or(Refusal::DebitUnknown)?;
    let credit = books.account(credit).map(|a| a.clone()).ok_or(Refusal::CreditUnknown)?;
    if debit.closed {
        return Err(Refusal::DebitClosed);
    }
    if credit.closed {
        return Err(Refusal::CreditClosed);
    }
    if debit.currency != credit.currency || debit.currency != currency {
        return Err(Refusal::CurrencyMismatch);
    }
    Ok((debit, credit))
}

/// Moves `amount`, of which `from_hold` was reserved before.
fn move_money(
    books: &mut impl Books,
    request: &TransferRequest,
    debit: AccountId,
    credit: AccountId,
    amount: i64,
    from_hold: i64,
) -> Result<Posted, Refusal> {
    let (mut debit, mut credit) = pair(books, debit, credit, request.currency)?;
    unreserve(&mut debit, true, from_hold);
    unreserve(&mut credit, false, from_hold);
    check_floor(&debit, true, amount, Refusal::DebitFloor)?;
    check_floor(&credit, false, amount, Refusal::CreditFloor)?;
    for (account, debited) in [(&mut debit, true), (&mut credit, false)] {
        let change = effect(account, debited, amount);
        account.posted = account.posted.checked_add(change).ok_or(Refusal::Overflow)?;
    }
    write(books, request, debit, credit, amount);
    Ok(Posted::New)
}

/// Gives back what a hold kept on this account: on the one that pays `held_out`, on the other `held_in`.
fn unreserve(account: &mut Account, debited: bool, amount: i64) {
    let counter = if pays(account, debited) { &mut account.held_out } else { &mut account.held_in };
    *counter -= amount;
}

fn check_floor(account: &Account, debited: bool, amount: i64, floor: Refusal) -> Result<(), Refusal> {
    let short = pays(account, debited) && account.floored && account.available() < amount;
    if short { Err(floor) } else { Ok(()) }
}

fn place_hold(
    books: &mut impl Books,
    request: &TransferRequest,
    expires_at: Option<Timestamp>,
) -> Result<Posted, Refusal> {
    let (mut debit, mut credit) = pair(books, request.debit, request.credit, request.currency)?;
    if expires_at.is_some_and(|at| at <= books.now()) {
        return Err(Refusal::ExpiryInPast);
    }
    check_floor(&debit, true, request.amount_minor, Refusal::DebitFloor)?;
    check_floor(&credit, false, request.amount_minor, Refusal::CreditFloor)?;
    for (account, debited) in [(&mut debit, true), (&mut credit, false)] {
        let counter = if pays(account, debited) { &mut account.held_out } else { &mut account.held_in };
        *counter = counter.checked_add(request.amount_minor).ok_or(Refusal::Overflow)?;
    }
    books.put_hold(Hold {
        id: request.id,
        debit: debit.id,
        credit: credit.id,
        amount_minor: request.amount_minor,
        remaining_minor: request.amount_minor,
        state: HoldState::Open,
        expires_at,
    });
    write(books, request, debit, credit, request.amount_minor);
    Ok(Posted::New)
}

fn release(books: &mut impl Books, request: &TransferRequest, hold: TransferId) -> Result<Posted, Refusal> {
    // An expired hold is given back like any other, and a closed account still gets back what it had reserved:
    // money must never be stuck in a hold.
    let mut rest = open_hold(books, hold, request.amount_minor, |_| false)?;
    let mut debit = books.account(rest.debit).map(|a| a.clone()).ok_or(Refusal::DebitUnknown)?;
    let mut credit = books.account(rest.credit).map(|a| a.clone()).ok_or(Refusal::CreditUnknown)?;
    if debit.currency != request.currency {
        return Err(Refusal::CurrencyMismatch);
    }
    unreserve(&mut debit, true, request.amount_minor);
    unreserve(&mut credit, false, request.amount_minor);
    rest.remaining_minor -= request.amount_minor;
    if rest.remaining_minor == 0 {
        rest.state = HoldState::Released;
    }
    books.put_hold(rest);
    write(books, request, debit, credit, request.amount_minor);
    Ok(Posted::New)
}

/// Appends the line and moves both accounts' chains on to it.
fn write(books: &mut impl Books, request: &TransferRequest, debit: Account, credit: Account, amount: i64) {
    let at = books.now();
    let transfer = Transfer {
        id: request.id,
        at,
        group: 0,
        kind: request.kind,
        step: request.step.code(),
        debit: debit.id,
        credit: credit.id,
        amount_minor: amount,
        debit_after: debit.posted,
        credit_after: credit.posted,
        debit_prev: debit.last,
        credit_prev: credit.last,
        of: request.step.of(),
        reference: request.reference,
    };
    for side in [debit, credit] {
        books.touch(side.id);
        if let Some(account) = books.account(side.id) {
            account.posted = side.posted;
            account.held_out = side.held_out;
            account.held_in = side.held_in;
            account.entries += 1;
            account.day_entries += 1;
            account.last = request.id;
            account.last_at = at;
        }
    }
    books.append(transfer);
}
