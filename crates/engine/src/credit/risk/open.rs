//! A review that people open by themselves: of a default, or of what they were told (C11, C21).

use purser_domain::{
    credit::risk::{Marks, patterns, score},
    ids::{CreditOrderId, PartyId, StaffId},
    time::Month,
};

use super::{
    RiskReviewRow,
    hold::{self, Held},
    risk_terms, row,
};
use crate::{
    command::{Command, Ctx, Rejection},
    credit::rows::CreditOrderRow,
    facts::Facts,
    tx::{Needs, Tx},
};

/// Opens a review of an order; what is shipped of it from now on is held.
///
/// Rejections in order: `order_unknown`, `reason_missing`, `review_open`.
pub struct OpenRiskReview {
    /// Which order.
    pub order: CreditOrderId,
    /// Its shop, as it was read.
    pub merchant: PartyId,
    /// Why; stays at the desk.
    pub reason: String,
    /// Who.
    pub by: StaffId,
}

impl Command for OpenRiskReview {
    type Output = RiskReviewRow;

    fn name(&self) -> &'static str {
        "credit.review_open"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<CreditOrderRow>(self.order);
        super::want(needs, self.merchant);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<RiskReviewRow, Rejection> {
        let unknown = || Rejection::new("order_unknown", "there is no such order");
        let order = tx.get::<CreditOrderRow>(&self.order).filter(|row| row.merchant == self.merchant);
        let mut order = order.cloned().ok_or_else(unknown)?;
        if !(1..=500).contains(&self.reason.trim().chars().count()) {
            return Err(Rejection::new("reason_missing", "say why, in 1 to 500 characters").at("/reason"));
        }
        let mut marks = Marks::from_bits(order.marks);
        if marks.under_review {
            return Err(Rejection::new("review_open", "this order is under review already"));
        }
        let mut risk = row(tx, order.merchant);
        let terms = risk_terms(ctx.rules.policy.now(ctx.now));
        let found = patterns(&risk.cohorts(), Month::of(ctx.today), &terms);
        let score = score(marks.signals, &found, risk.released_at(ctx.now), &terms);
        marks.under_review = true;
        order.marks = marks.bits();
        order.reviews += 1;
        order.version += 1;
        let held = Held {
            subject: order.id.to_string(),
            uid: order.id.0,
            n: order.reviews,
            amount_minor: order.held,
            score: &score,
            opened_by: self.by.to_string(),
        };
        let review = hold::open(tx, ctx, &mut risk, held);
        risk.version += 1;
        tx.put(risk);
        tx.put(order);
        Ok(review)
    }

    fn audit(&self, output: &RiskReviewRow) -> (String, Facts) {
        // The reason stands in the review, which only people read.
        let facts = Facts::new().text("subject", &output.subject);
        (output.id.to_string(), facts)
    }
}
