//! What people do with a statement, and what its payout says. `Ok(None)`: it is so already.

use super::{
    Invoice, InvoiceItem, InvoiceKind, NAME_MAX, NUMBER_MAX, REASON_MAX, Rejection, State, Statement,
    printable,
};

type Step = Result<Option<State>, Rejection>;

const fn change(from: State, to: State) -> Rejection {
    Rejection::StateChange { from: from.name(), to: to.name() }
}

fn reason(text: &str) -> Result<(), Rejection> {
    let length = text.trim().chars().count();
    if length == 0 || length > REASON_MAX { Err(Rejection::ReasonMissing) } else { Ok(()) }
}

/// The payee signs.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn sign(statement: &Statement<'_>, signatory: &str) -> Step {
    match statement.state {
        State::Generated if statement.disputed => Err(Rejection::Disputed),
        State::Generated if printable(signatory, 2, NAME_MAX) => Ok(Some(State::Signed)),
        State::Generated => Err(Rejection::SignatoryInvalid),
        from => Err(change(from, State::Signed)),
    }
}

/// The payee calls it off, before it signed.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn cancel(statement: &Statement<'_>) -> Step {
    match statement.state {
        State::Cancelled => Ok(None),
        State::Generated => Ok(Some(State::Cancelled)),
        from => Err(change(from, State::Cancelled)),
    }
}

/// Staff call it off, with a reason for the payee, while nothing of it is paid or on its way.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn void(statement: &Statement<'_>, why: &str) -> Step {
    match statement.state {
        State::Cancelled => return Ok(None),
        from @ (State::Paying | State::Paid) => return Err(change(from, State::Cancelled)),
        _ => {}
    }
    if statement.paid_minor > 0 {
        return Err(Rejection::PartlyPaid { minor: statement.paid_minor });
    }
    reason(why)?;
    Ok(Some(State::Cancelled))
}

/// The payee says that it is wrong: it cannot be signed until that is answered.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn dispute(statement: &Statement<'_>, why: &str) -> Result<(), Rejection> {
    if statement.state != State::Generated {
        return Err(Rejection::StateChange { from: statement.state.name(), to: "disputed" });
    }
    if statement.disputed {
        return Err(Rejection::Disputed);
    }
    if statement.dispute_over {
        return Err(Rejection::DisputeOver);
    }
    reason(why)
}

/// Staff answer a dispute and leave the statement as it is; to agree, they call it off ([`void`]).
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn answer(statement: &Statement<'_>, why: &str) -> Result<(), Rejection> {
    if statement.state != State::Generated || !statement.disputed {
        return Err(Rejection::NotDisputed);
    }
    reason(why)
}

/// The payee submits an invoice; `rates`: the tax rates that are accepted, in whole percent.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn submit(statement: &Statement<'_>, invoice: &Invoice<'_>, rates: &[u32]) -> Step {
    match statement.state {
        State::Signed | State::PapersRejected => {}
        from => return Err(change(from, State::Submitted)),
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let length = invoice.number.chars().count();
    if length == 0 || length > NUMBER_MAX || !invoice.number.chars().all(fine) {
        return Err(Rejection::InvoiceNumber);
    }
    if InvoiceKind::named(invoice.kind).is_none() {
        return Err(Rejection::InvoiceKind);
    }
    if InvoiceItem::named(invoice.item).is_none() {
        return Err(Rejection::InvoiceItem);
    }
    if !rates.contains(&invoice.tax_percent) {
        return Err(Rejection::InvoiceRate);
    }
    if invoice.amount_minor != statement.payable_minor {
        return Err(Rejection::InvoiceAmount { minor: statement.payable_minor });
    }
    if invoice.seller_name != statement.seller_name || invoice.seller_code != statement.seller_code {
        return Err(Rejection::InvoiceSeller);
    }
    Ok(Some(State::Submitted))
}

/// Staff accept the papers: it is paid.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn accept(statement: &Statement<'_>) -> Step {
    match statement.state {
        State::Submitted => Ok(Some(State::Paying)),
        from => Err(change(from, State::Paying)),
    }
}

/// Staff send the papers back; the clock starts again when they come anew.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn reject(statement: &Statement<'_>, why: &str) -> Step {
    match statement.state {
        State::Submitted => reason(why).map(|()| Some(State::PapersRejected)),
        from => Err(change(from, State::PapersRejected)),
    }
}

/// Staff pay the rest again, after a payout that definitely failed or came back.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn retry(statement: &Statement<'_>) -> Step {
    match statement.state {
        State::PaymentFailed => Ok(Some(State::Paying)),
        from => Err(change(from, State::Paying)),
    }
}

/// What the payouts of a statement have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    /// Paid by all of them, in minor units.
    pub paid_minor: i64,
    /// The last one has come to its end.
    pub finished: bool,
}

/// Where its payouts bring a statement.
pub fn follow(statement: &Statement<'_>, payouts: Follow) -> Option<State> {
    let whole = payouts.paid_minor >= statement.payable_minor;
    let to = match statement.state {
        State::Paying if payouts.finished && whole => State::Paid,
        State::Paying if payouts.finished => State::PaymentFailed,
        // Bounced after it was paid.
        State::Paid if !whole => State::PaymentFailed,
        _ => return None,
    };
    Some(to)
}
