//! What people found out at a rail about an order that the rail itself never settles (P10, P16): its answer is lost, or one
//! that nobody can read, and asking again brings no other.

use super::review::readable;
use super::{Ctx, FailureClass, Outcome, RailOutcome, Rejection, SliceState, Withdrawal, rail_outcome};

names! {
    /// What they found.
    Found {
        /// The money arrived.
        Arrived = "arrived",
        /// It never did, and never will.
        NotArrived = "not_arrived",
    }
}

/// An inquiry about one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inquiry<'a> {
    /// The slice's number.
    pub slice: u16,
    /// What was found.
    pub found: Found,
    /// Who said so, and under which reference of theirs.
    pub evidence: &'a str,
}

/// Settles a slice by what people found. Only while the rail is being asked, so that nothing of it can go out, and only once
/// the payout clock (X12) ran out: what the rail says by then counts.
///
/// # Errors
/// In order: [`Rejection::NoteMissing`], [`Rejection::SliceUnknown`], [`Rejection::NotInDoubt`],
/// [`Rejection::InquiryTooEarly`].
pub fn establish(
    withdrawal: &Withdrawal,
    inquiry: &Inquiry<'_>,
    ctx: &Ctx<'_>,
) -> Result<Outcome, Rejection> {
    readable(inquiry.evidence)?;
    let slice = withdrawal.slices.iter().find(|slice| slice.number == inquiry.slice);
    let slice = slice.ok_or(Rejection::SliceUnknown)?;
    if slice.state != SliceState::Unknown {
        return Err(Rejection::NotInDoubt);
    }
    if ctx.now < withdrawal.deadline_at {
        return Err(Rejection::InquiryTooEarly { until: withdrawal.deadline_at });
    }
    let outcome = match inquiry.found {
        Found::Arrived => RailOutcome::Paid { rail_fee_minor: 0 },
        Found::NotArrived => {
            RailOutcome::DefiniteFailure { class: FailureClass::NotArrived, code: "INQUIRY".to_owned() }
        }
    };
    rail_outcome(withdrawal, slice.rail_number(), &outcome, ctx)
}
