//! What two people decide about limits and advances (C11, C18, P16), as it is proposed.

use purser_domain::{
    credit::{Emergency, Override},
    ids::{CreditOrderId, PartyId},
};
use purser_engine::{
    approvals::Action,
    credit::{CreditProposal, Loss, ShopChange},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{date, limits::evidence, orders, problem};
use crate::{
    edge::{Amount, parse_id},
    problem::Problem,
};

/// A temporary limit, or one instead of the formula's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitProposal {
    /// Party, `pty_…`.
    party_id: String,
    /// First civil date.
    from: String,
    /// First civil date after it; an override may be without.
    until: Option<String>,
    /// Minor units.
    amount_minor: i64,
    /// Of a temporary limit: the merchant's case with the papers that it rests on, `case_…`.
    evidence: Option<String>,
    /// Why, 1 to 500 characters; the decision carries the same, and the merchant reads it.
    reason: String,
}

/// The end of an open advance without the buyer's money.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LossProposal {
    /// Order, `co_…`; or `external:` and your own id.
    order_id: String,
    /// Minor units, above zero.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Why; shown to whoever decides, and kept.
    reason: String,
}

/// A temporary limit (`emergency`) or a set one.
pub(crate) fn limit_action(given: &LimitProposal, field: &str, emergency: bool) -> Result<Action, Problem> {
    let party: PartyId = parse_id(&given.party_id, &format!("/{field}/party_id"))?;
    let from = date(&given.from, format!("/{field}/from")).map_err(problem)?;
    let until = given.until.as_deref().map(|until| date(until, format!("/{field}/until")));
    let until = until.transpose().map_err(problem)?;
    let amount_minor = given.amount_minor;
    let change = if emergency {
        let missing = || Problem::invalid(format!("/{field}/until"), "a temporary limit has an end");
        let limit = Emergency { from, until: until.ok_or_else(missing)?, amount_minor };
        let papers = evidence(given.evidence.as_deref(), &format!("/{field}/evidence")).map_err(problem)?;
        ShopChange::Emergency(limit, papers)
    } else {
        ShopChange::Fix(Override { from, until, amount_minor })
    };
    Ok(Action::Credit(CreditProposal::Limit { party, change, reason: given.reason.clone() }))
}

/// A write-off or recourse.
pub(crate) fn loss_action(given: LossProposal, loss: Loss) -> Result<Action, Problem> {
    let order: CreditOrderId = orders::key(&given.order_id)?;
    let (amount_minor, reason) = (given.amount_minor.0, given.reason);
    Ok(Action::Credit(CreditProposal::Loss { order, loss, amount_minor, reason }))
}
