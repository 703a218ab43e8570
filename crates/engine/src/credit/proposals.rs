//! What two people decide about limits and advances (C11, C18, P16): proposed and approved here, carried out by the
//! command of its own, which uses the approval up.

use purser_domain::{
    credit::{Emergency, Override, order::Rejection as Refused, risk::Marks},
    ids::{CreditOrderId, PartyId},
    time::Date,
};

use super::{
    changes::{ShopChange, check, check_evidence, want_evidence},
    facts,
    losses::{Loss, fraud_undecided},
    orders::rejected,
    rows::{CreditOrderRow, ShopFactsRow},
};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Names of what two people decide.
pub const APPROVED_ACTIONS: [&str; 4] =
    ["credit.emergency", "credit.override", "credit.write_off", "credit.recourse"];

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditProposal {
    /// A temporary limit, or one instead of the formula's.
    Limit {
        /// Whose.
        party: PartyId,
        /// [`ShopChange::Emergency`] or [`ShopChange::Fix`].
        change: ShopChange,
        /// Why; shown to the merchant.
        reason: String,
    },
    /// The end of an open advance.
    Loss {
        /// Which order.
        order: CreditOrderId,
        /// How.
        loss: Loss,
        /// Minor units.
        amount_minor: i64,
        /// Why.
        reason: String,
    },
}

impl CreditProposal {
    /// Name of the action.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Limit { change, .. } => change.approval().unwrap_or("credit.override"),
            Self::Loss { loss, .. } => loss.action(),
        }
    }

    /// What it is about.
    pub fn subject(&self) -> String {
        match self {
            Self::Limit { party, .. } => party.to_string(),
            Self::Loss { order, .. } => order.to_string(),
        }
    }

    /// Every detail.
    pub fn facts(&self) -> Facts {
        match self {
            Self::Limit { change, reason, .. } => change.approved_facts(reason),
            Self::Loss { amount_minor, reason, .. } => Loss::facts(*amount_minor, reason),
        }
    }

    /// From a stored approval.
    pub(crate) fn of(action: &str, subject: &str, facts: &Facts) -> Option<Self> {
        let date = |name: &str| facts.get_text(name)?.parse::<Date>().ok();
        let (amount_minor, reason) = (facts.get_int("amount_minor")?, facts.get_text("reason")?);
        let loss =
            |loss, reason| Some(Self::Loss { order: subject.parse().ok()?, loss, amount_minor, reason });
        let change = match action {
            "credit.emergency" => {
                let (from, until) = (date("from")?, date("until")?);
                let evidence = facts.get_text("evidence")?.parse().ok()?;
                ShopChange::Emergency(Emergency { from, until, amount_minor }, evidence)
            }
            "credit.override" => {
                ShopChange::Fix(Override { from: date("from")?, until: date("until"), amount_minor })
            }
            "credit.write_off" => return loss(Loss::WriteOff, reason),
            "credit.recourse" => return loss(Loss::Recourse, reason),
            _ => return None,
        };
        Some(Self::Limit { party: subject.parse().ok()?, change, reason })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        match self {
            Self::Limit { party, change, .. } => {
                needs.row::<ShopFactsRow>(*party);
                want_evidence(needs, change);
            }
            Self::Loss { order, .. } => needs.row::<CreditOrderRow>(*order),
        }
    }

    /// Rejections in order, of a limit: `reason_missing`, `credit_shop_unknown`, then those of [`super::ChangeShop`]; of a
    /// loss: `order_unknown`, `reason_missing`, `fraud_undecided`, `amount_not_positive`, `more_than_open`.
    pub(crate) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        match self {
            Self::Limit { party, change, reason } => {
                given_reason(reason)?;
                let known = tx.get::<ShopFactsRow>(party);
                let unknown = || Rejection::new("credit_shop_unknown", "nothing is known of this shop");
                check(ctx, &facts::decode(&known.ok_or_else(unknown)?.facts), change)?;
                check_evidence(tx, *party, change)
            }
            Self::Loss { order, loss, amount_minor, reason } => {
                let unknown = || Rejection::new("order_unknown", "there is no such order");
                let row = tx.get::<CreditOrderRow>(order).ok_or_else(unknown)?;
                given_reason(reason)?;
                if *loss == Loss::Recourse && !Marks::from_bits(row.marks).abuse {
                    return Err(fraud_undecided());
                }
                if *amount_minor <= 0 {
                    return Err(rejected(&Refused::AmountNotPositive));
                }
                // What a withdrawal repaid since is looked at when it is carried out.
                let left_minor = row.receivable - row.due;
                if *amount_minor > left_minor {
                    return Err(rejected(&Refused::MoreThanOpen { left_minor }));
                }
                Ok(())
            }
        }
    }
}

fn given_reason(reason: &str) -> Result<(), Rejection> {
    if (1..=500).contains(&reason.trim().chars().count()) {
        return Ok(());
    }
    Err(Rejection::new("reason_missing", "say why, in 1 to 500 characters").at("/reason"))
}
