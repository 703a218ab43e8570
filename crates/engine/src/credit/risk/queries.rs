//! Reading signs and reviews: for staff only (C10).

use std::collections::BTreeMap;

use purser_domain::{
    credit::risk::{
        Cohort, Marks, RiskTerms, Score, Signal, Signals, State, after_increase, patterns, score,
    },
    ids::{CreditOrderId, PartyId, RiskReviewId, Uid},
    time::{Month, Timestamp},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{
    hold::review_id,
    rows::{CreditRiskRow, RiskReviewRow},
};
use crate::{credit::rows::CreditOrderRow, feed::one};

/// Most reviews on a page.
pub const REVIEW_PAGE_MAX: i64 = 500;

/// A page of reviews: the same filters over the index that fits best.
macro_rules! page {
    ($name:ident, $text:literal, $condition:literal) => {
        static $name: Statement = Statement {
            name: $text,
            sql: concat!(
                "SELECT id, party, subject, amount, score, reasons, state, opened_by, opened_at, due_at, case_id, \
                 approvals, decided_by, note, decided_at, policy_version, version FROM credit_risk_reviews WHERE ",
                $condition,
                " AND (opened_at, id) < (?1, ?2) AND (?3 = '' OR state = ?3) \
                 ORDER BY opened_at DESC, id DESC LIMIT ?4"
            ),
        };
    };
}

page!(ALL, "credit.risk_reviews", "version > 0");
page!(OF_STATE, "credit.risk_reviews_of_state", "state = ?3");
page!(OF_PARTY, "credit.risk_reviews_of_party", "party = ?5");

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ALL, &OF_STATE, &OF_PARTY];

/// Which reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReviewFilter {
    /// Of this shop.
    pub party: Option<PartyId>,
    /// In this state.
    pub state: Option<State>,
}

/// Reviews, the newest first, below the last one of the page before.
///
/// # Errors
/// Storage faults.
pub fn reviews(
    session: &mut dyn Session,
    filter: ReviewFilter,
    below: Option<(Timestamp, RiskReviewId)>,
    limit: i64,
) -> Result<Vec<RiskReviewRow>, Fault> {
    let (at, id) = below.unwrap_or((Timestamp(i64::MAX), RiskReviewId(Uid::NIL)));
    let mut params = vec![
        Value::Int(at.0),
        Value::Bytes(&id.0.0),
        Value::Text(filter.state.map_or("", State::name)),
        Value::Int(limit.clamp(1, REVIEW_PAGE_MAX + 1)),
    ];
    let statement = if let Some(party) = &filter.party {
        params.push(Value::Bytes(&party.0.0));
        &OF_PARTY
    } else if filter.state.is_some() {
        &OF_STATE
    } else {
        &ALL
    };
    let mut rows = Vec::new();
    session.query(statement, &params, &mut |row| {
        rows.push(RiskReviewRow::read(row));
        true
    })?;
    Ok(rows)
}

/// A review by id.
///
/// # Errors
/// Storage faults.
pub fn review(session: &mut dyn Session, id: RiskReviewId) -> Result<Option<RiskReviewRow>, Fault> {
    one(session, id)
}

/// What is held now of the orders that reviews are of, minor units; nothing of withdrawals.
///
/// # Errors
/// Storage faults.
pub fn held_now(
    session: &mut dyn Session,
    reviews: &[RiskReviewRow],
) -> Result<BTreeMap<CreditOrderId, i64>, Fault> {
    let mut ids: Vec<CreditOrderId> = reviews.iter().filter_map(RiskReviewRow::order).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut held = BTreeMap::new();
    if !ids.is_empty() {
        let keys = Keys::<CreditOrderRow>(&ids);
        session.load(CreditOrderRow::TABLE, &keys, Lock::None, &mut |source| {
            let order = CreditOrderRow::read(source);
            held.insert(order.id, order.held);
        })?;
    }
    Ok(held)
}

/// The last review of an order; `None` when it had none.
///
/// # Errors
/// Storage faults.
pub fn review_of_order(
    session: &mut dyn Session,
    order: &CreditOrderRow,
) -> Result<Option<RiskReviewRow>, Fault> {
    if order.reviews == 0 {
        return Ok(None);
    }
    one(session, review_id(order.id.0, order.reviews))
}

/// What is counted of a shop.
///
/// # Errors
/// Storage faults.
pub fn shop_risk(session: &mut dyn Session, party: PartyId) -> Result<CreditRiskRow, Fault> {
    Ok(one(session, party)?.unwrap_or_else(|| CreditRiskRow::new(party)))
}

/// The months that patterns look at.
pub fn shop_cohorts(row: &CreditRiskRow, month: Month, terms: &RiskTerms) -> BTreeMap<Month, Cohort> {
    let oldest = month.plus(1 - i64::from(terms.window_months.max(1)));
    row.cohorts().split_off(&oldest)
}

/// Score of a shop at an instant, as a draw of its proceeds would have it.
pub fn shop_score_of(row: &CreditRiskRow, now: Timestamp, month: Month, terms: &RiskTerms) -> Score {
    let own = Signals::NONE.with_if(Signal::AfterIncrease, after_increase(row.raised_at, now, terms));
    score(own, &patterns(&row.cohorts(), month, terms), row.released_at(now), terms)
}

/// Score of an order at an instant, as shipping it would have it.
pub fn order_score(
    order: &CreditOrderRow,
    row: &CreditRiskRow,
    now: Timestamp,
    month: Month,
    terms: &RiskTerms,
) -> Score {
    let found = patterns(&row.cohorts(), month, terms);
    score(Marks::from_bits(order.marks).signals, &found, row.released_at(now), terms)
}
