//! People decide what was held (C21).

use purser_domain::{
    credit::{
        order,
        risk::{self, Marks, State, Verdict},
    },
    ids::{RiskReviewId, StaffId},
    ledger::{AccountKind, AccountRef},
    policy::keys,
};

use super::{RiskReviewRow, hold};
use crate::{
    cases::CaseRow,
    command::{Command, Ctx, Rejection},
    credit::{
        booking::{ShopAccounts, count, post, shop_facts},
        due::of_today,
        follow::Closed,
        orders::rejected,
        rows::{CreditOrderRow, CreditShopRow, OrderEventRow, ShopFactsRow},
    },
    facts::Facts,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Decides a review of an order: released, what was held is advanced now; confirmed, it never is, and the order
/// counts as made for cash-out, which is the ground for recourse (C11). A review of a withdrawal is decided with the
/// withdrawal.
///
/// Rejections in order: `review_unknown`, `version_conflict`, `decided_with_withdrawal`, `version_conflict` (more is held
/// than the person saw), then those of [`purser_domain::credit::risk::decide`].
pub struct DecideRiskReview {
    /// Which.
    pub id: RiskReviewId,
    /// What the person says.
    pub verdict: Verdict,
    /// What the person saw held, minor units. A release of more is refused: nobody looked at the rest.
    pub seen_minor: i64,
    /// Why; stays at the desk.
    pub note: String,
    /// Who.
    pub by: StaffId,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

/// The review as it stands, and the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedReview {
    /// The review.
    pub review: RiskReviewRow,
    /// The order, when this decided it.
    pub order: Option<CreditOrderRow>,
    /// What is held of the order after it, minor units.
    pub held_minor: i64,
}

impl DecideRiskReview {
    fn found(&self, tx: &Tx) -> Result<RiskReviewRow, Rejection> {
        let unknown = || Rejection::new("review_unknown", format!("there is no review {}", self.id));
        let review = tx.get::<RiskReviewRow>(&self.id).cloned().ok_or_else(unknown)?;
        match self.if_version {
            Some(version) if version != review.version => Err(Rejection::new(
                "version_conflict",
                format!(
                    "the review was changed meanwhile: it is at version {}, read it again",
                    review.version
                ),
            )),
            _ => Ok(review),
        }
    }
}

impl Command for DecideRiskReview {
    type Output = DecidedReview;

    fn name(&self) -> &'static str {
        match self.verdict {
            Verdict::Release => "credit.review_release",
            Verdict::Confirm => "credit.review_confirm",
        }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<RiskReviewRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let Some(review) = needs.get::<RiskReviewRow>(&self.id).cloned() else { return };
        needs.row::<PartyRow>(review.party);
        needs.row::<CreditShopRow>(review.party);
        needs.row::<ShopFactsRow>(review.party);
        super::want(needs, review.party);
        if let Some(order) = review.order() {
            needs.row::<CreditOrderRow>(order);
        }
        if let Some(case) = review.case() {
            needs.row::<CaseRow>(case);
        }
        for kind in [AccountKind::CreditReceivable, AccountKind::CreditLiability, AccountKind::Proceeds] {
            needs.account(&AccountRef::party(review.party, kind, ctx.rules.currency));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<DecidedReview, Rejection> {
        let review = self.found(tx)?;
        let Some(order) = review.order() else {
            let text = "this review is of a withdrawal: decide the withdrawal itself";
            return Err(Rejection::new("decided_with_withdrawal", text));
        };
        let order = tx.get::<CreditOrderRow>(&order).cloned();
        let order = order.ok_or_else(|| Rejection::new("order_unknown", "there is no such order"))?;
        if self.verdict == Verdict::Release && review.state() == State::Open && self.seen_minor < order.held {
            let text = format!("more is held by now: {} minor units, read the review again", order.held);
            let facts = Facts::new().int("held_minor", order.held);
            return Err(Rejection::new("version_conflict", text).at("/held_minor").with(facts));
        }
        let two_from = ctx.rules.policy.now(ctx.now).value(keys::APPROVAL_PAYOUT_THRESHOLD);
        let next = risk::decide(&review.review(), self.verdict, self.by, &self.note, order.held, two_from)
            .map_err(|no| {
                let plain = Rejection::new(no.code(), no.to_string());
                if no == risk::Rejection::NoteMissing { plain.at("/note") } else { plain }
            })?;
        if next.state == State::Open {
            let review = agreed(tx, review, &next);
            return Ok(DecidedReview { review, order: None, held_minor: order.held });
        }
        let order = ended(tx, ctx, &order, next.state)?;
        let mut review = review;
        review.set_approvals(&next);
        let review = hold::close(tx, ctx, review, next.state, Some(self.by), &self.note)?;
        Ok(DecidedReview { review, held_minor: order.held, order: Some(order) })
    }

    fn audit(&self, output: &DecidedReview) -> (String, Facts) {
        let review = &output.review;
        // Score and note stand in the review, which only people read; the audit log is read by programs too.
        let facts = Facts::new().text("subject", &review.subject).text("state", &review.state);
        (review.id.to_string(), facts)
    }
}

/// One of two people agreed.
fn agreed(tx: &mut Tx, mut review: RiskReviewRow, next: &risk::Review) -> RiskReviewRow {
    review.set_approvals(next);
    review.version += 1;
    tx.put(review.clone());
    tx.event("credit.review_agreed", None, &review.id.to_string(), Facts::new());
    review
}

/// The order after its review: advanced or never.
fn ended(tx: &mut Tx, ctx: &Ctx, before: &CreditOrderRow, state: State) -> Result<CreditOrderRow, Rejection> {
    let mut marks = Marks::from_bits(before.marks);
    marks.under_review = false;
    marks.abuse |= state == State::Confirmed;
    let shop = tx.get::<CreditShopRow>(&before.merchant).cloned();
    let shop = shop.ok_or_else(|| Rejection::new("order_unknown", "there is no such order"))?;
    let shop = of_today(tx, ctx, shop);
    let status = tx.get::<PartyRow>(&before.merchant).map(|row| row.party().status);
    let open = status.is_some_and(|status| Closed::of(&status, &shop, ctx.now).is_none());
    let accounts = ShopAccounts::of(before.merchant, ctx.rules.currency);
    let known = shop_facts(tx, &accounts, &shop, open);
    let decide = if state == State::Released { order::release } else { order::deny };
    let event = if state == State::Released { "credit.review_released" } else { "credit.review_refused" };
    let mut row = CreditOrderRow { marks: marks.bits(), version: before.version + 1, ..before.clone() };
    if before.held > 0 {
        // Reported facts keep their time; what a decision does happens now.
        let decision = decide(&before.order(), ctx.now, &known).map_err(|no| rejected(&no))?;
        post(tx, &accounts, &decision)?;
        row = CreditOrderRow { marks: marks.bits(), ..before.with(&decision.order) };
        count(tx, ctx, &accounts, shop, &decision);
        tx.put(OrderEventRow::own(&row, event, before.held, ctx));
    }
    tx.put(row.clone());
    let told = Facts::new()
        .text("external_id", &row.external_id)
        .int("advanced_minor", row.receivable + row.liability - before.receivable - before.liability);
    tx.notify(event, row.merchant, &row.id.to_string(), told);
    Ok(row)
}
