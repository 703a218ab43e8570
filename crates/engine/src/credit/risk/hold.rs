//! Holding: a review with its score and reasons, one case per shop, and what the merchant is told (C10, C21).

use purser_domain::{
    casework::{Kind, Outcome},
    credit::risk::{Score, State, encode},
    ids::{PartyId, RiskReviewId, StaffId, Uid, WithdrawalId},
};

use super::{CreditRiskRow, RiskReviewRow, risk_terms, row};
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What helps, in Chinese. It says nothing of what was found: those who try things out learn nothing from it.
pub const EVIDENCE_ZH: &str = "物流揽收与签收凭证、进货凭证、与买家的沟通记录";
/// In English.
pub const EVIDENCE_EN: &str = "proof of pick-up and delivery, purchase invoices, messages with the buyer";
/// What the merchant hears of a held advance, in Chinese.
pub const HELD_ZH: &str = "货款审核中，请补充材料";
/// In English.
pub const HELD_EN: &str = "The advance is under review; please add papers";

/// What is held.
pub(super) struct Held<'a> {
    /// Order or withdrawal.
    pub(super) subject: String,
    /// Its id.
    pub(super) uid: Uid,
    /// So many-th review of it.
    pub(super) n: i64,
    /// Minor units.
    pub(super) amount_minor: i64,
    /// Why.
    pub(super) score: &'a Score,
    /// `system` or `stf_…`.
    pub(super) opened_by: String,
}

impl Held<'_> {
    fn review(self, ctx: &Ctx, party: PartyId, case: String) -> RiskReviewRow {
        RiskReviewRow {
            id: review_id(self.uid, self.n),
            party,
            subject: self.subject,
            amount: self.amount_minor,
            score: i64::from(self.score.points),
            reasons: encode(&self.score.reasons),
            state: State::Open.name().to_owned(),
            opened_by: self.opened_by,
            opened_at: ctx.now,
            due_at: cases::due(ctx, Kind::RiskReview, ctx.now).0,
            case_id: case,
            approvals: String::new(),
            decided_by: String::new(),
            note: String::new(),
            decided_at: None,
            policy_version: i64::from(ctx.rules.policy.now(ctx.now).version().number),
            version: 1,
        }
    }
}

/// The id of the so many-th review of an order or withdrawal.
pub(super) fn review_id(subject: Uid, n: i64) -> RiskReviewId {
    RiskReviewId(Uid::derive_near(subject, "purser risk review v1", &[&n.to_be_bytes()]))
}

/// Opens a review of an order. Reviews of one shop share a case while one of them is open, so that a wave of orders
/// does not drown the desk.
pub(super) fn open(tx: &mut Tx, ctx: &Ctx, risk: &mut CreditRiskRow, held: Held<'_>) -> RiskReviewRow {
    let party = risk.party;
    if risk.open_case.is_empty() {
        let case = NewCase {
            kind: Kind::RiskReview,
            party: Some(party),
            subject: held.subject.clone(),
            summary: format!("{HELD_ZH} / {HELD_EN}"),
            due_at: None,
        };
        risk.open_case = cases::open(tx, ctx, case).to_string();
    }
    risk.open_reviews += 1;
    let row = held.review(ctx, party, risk.open_case.clone());
    tx.put(row.clone());
    let told = Facts::new()
        .text("case", &row.case_id)
        .int("amount_minor", row.amount)
        .text("message_zh", HELD_ZH)
        .text("message_en", HELD_EN)
        .text("evidence_zh", EVIDENCE_ZH)
        .text("evidence_en", EVIDENCE_EN)
        .opt_at("decide_by", row.due_at);
    tx.notify("credit.under_review", party, &row.subject, told);
    row
}

/// Writes a decision down: the label, the signs that are released for a while, and, with the last review, the case.
/// The shop's row and the review's case must be declared.
pub(super) fn close(
    tx: &mut Tx,
    ctx: &Ctx,
    mut review: RiskReviewRow,
    state: State,
    by: Option<StaffId>,
    note: &str,
) -> Result<RiskReviewRow, Rejection> {
    let mut risk = row(tx, review.party);
    let terms = risk_terms(ctx.rules.policy.now(ctx.now));
    if state == State::Released {
        risk.release(review.signals(), ctx.now, ctx.now.plus(terms.release_us));
    }
    if review.order().is_some() {
        risk.open_reviews = (risk.open_reviews - 1).max(0);
    }
    // The case of a withdrawal ends with the withdrawal.
    if risk.open_reviews == 0 && review.order().is_some() {
        risk.open_case = String::new();
        let case = review.case().filter(|case| tx.get::<CaseRow>(case).is_some());
        if let Some(case) = case {
            let (outcome, reason) = outcome(state);
            let by = by.map_or(Author::SYSTEM, Author::staff);
            cases::settle(tx, ctx, case, outcome, reason, by)?;
        }
    }
    risk.version += 1;
    tx.put(risk);
    state.name().clone_into(&mut review.state);
    review.decided_by = by.map_or_else(String::new, |by| by.to_string());
    note.trim().clone_into(&mut review.note);
    review.decided_at = Some(ctx.now);
    review.version += 1;
    tx.put(review.clone());
    Ok(review)
}

/// What the merchant reads; the note of the desk stays at the desk.
const fn outcome(state: State) -> (Outcome, &'static str) {
    match state {
        State::Released => (Outcome::Resolved, "审核通过 / Reviewed, and nothing stands against it"),
        State::Open | State::Confirmed | State::Withdrawn => {
            (Outcome::Refused, "审核未通过，可申诉 / Not granted; you may appeal with further papers")
        }
    }
}

/// Keeps the score that holds a withdrawal of proceeds, for its label; `case` is the withdrawal's own, or empty.
pub fn keep_withdrawal(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    withdrawal: WithdrawalId,
    amount_minor: i64,
    score: &Score,
    case: &str,
) {
    let subject = withdrawal.to_string();
    let held = Held { subject, uid: withdrawal.0, n: 1, amount_minor, score, opened_by: "system".to_owned() };
    tx.put(held.review(ctx, party, case.to_owned()));
}

/// Declares what [`label_withdrawal`] reads.
pub fn want_label(needs: &mut Needs<'_>, party: PartyId, withdrawal: WithdrawalId) {
    needs.row::<RiskReviewRow>(review_id(withdrawal.0, 1));
    super::want(needs, party);
}

/// Writes down what became of a withdrawal that its score held; nothing where none did. `by` is who decided, where
/// that is known here.
///
/// # Errors
/// None that is expected: the case of a withdrawal ends with the withdrawal.
pub fn label_withdrawal(
    tx: &mut Tx,
    ctx: &Ctx,
    withdrawal: WithdrawalId,
    state: State,
    by: Option<StaffId>,
    note: &str,
) -> Result<(), Rejection> {
    let review = tx.get::<RiskReviewRow>(&review_id(withdrawal.0, 1)).cloned();
    let Some(review) = review.filter(|review| review.state() == State::Open) else { return Ok(()) };
    close(tx, ctx, review, state, by, note).map(|_| ())
}
