//! Signs of cash-out (C21): counted with the orders, scored where money would go out, held for people to look at.
//!
//! What it costs on the way of an order: one row per shop and group, [`CreditRiskRow`], loaded with the others and
//! written when an order is new or its signs change; per order two columns and no row. Only what is held writes more.

mod book;
mod cohorts;
mod decide;
mod hold;
mod open;
mod queries;
mod rows;

pub(in crate::credit) use book::{Look, book, look};
pub use decide::{DecideRiskReview, DecidedReview};
pub use hold::{EVIDENCE_EN, EVIDENCE_ZH, HELD_EN, HELD_ZH, keep_withdrawal, label_withdrawal, want_label};
pub use open::OpenRiskReview;
pub use queries::{
    REVIEW_PAGE_MAX, ReviewFilter, held_now, order_score, review, review_of_order, reviews, shop_cohorts,
    shop_risk, shop_score_of,
};
pub(in crate::credit) use rows::{CREDIT_RISKS, RISK_REVIEWS};
pub use rows::{CreditRiskRow, RiskReviewRow};

use purser_domain::{
    credit::risk::{Increase, RiskTerms, Score, Signal, Signals},
    ids::PartyId,
    money::Rate,
    policy::{PolicyView, keys, value::Table},
    time::{DAY, Date, Month, Timestamp},
};

use crate::{
    command::Ctx,
    tx::{Needs, Tx},
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&purser_storage::Statement] = queries::STATEMENTS;

/// What the platform says of an order beside its amounts: signs it found itself, and opaque hashes that are compared
/// with the shop's own. Never what they were made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Signs.
    pub signals: Signals,
    /// Hash of the buyer's device, address or payee, by the sign that it gives when it is the merchant's.
    pub hashes: Vec<(Signal, String)>,
}

/// Whether a text is an opaque hash: 16 to 64 hexadecimal digits, so that nothing personal can be one.
pub fn is_opaque_hash(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Terms of the signs.
pub fn risk_terms(view: PolicyView<'_>) -> RiskTerms {
    let each = |table: &Table, absent: i64| -> [i64; Signal::ALL.len()] {
        let mut values = [absent; Signal::ALL.len()];
        for (names, value) in table.rows() {
            if let Some(signal) = names.first().and_then(|name| Signal::named(name)) {
                values[signal.index()] = value;
            }
        }
        values
    };
    RiskTerms {
        weights: each(view.value(keys::RISK_WEIGHTS), 0).map(|points| u32::try_from(points).unwrap_or(0)),
        shares: each(view.value(keys::RISK_SHARES), Rate::ONE.as_ppm()).map(Rate::ppm),
        review_from: view.value(keys::RISK_REVIEW_FROM),
        window_months: view.value(keys::RISK_WINDOW_MONTHS),
        least_orders: view.value(keys::RISK_LEAST_ORDERS),
        round_unit_minor: view.value(keys::RISK_ROUND_UNIT),
        near_limit: view.value(keys::RISK_NEAR_LIMIT),
        increase_least: view.value(keys::RISK_INCREASE_LEAST),
        increase_us: view.value(keys::RISK_INCREASE),
        loop_us: view.value(keys::RISK_LOOP),
        scans_reported: view.value(keys::RISK_SCANS_REPORTED),
        scan_us: view.value(keys::RISK_SCAN),
        release_us: i64::from(view.value(keys::RISK_RELEASE)).saturating_mul(DAY),
    }
}

/// Terms as they were read last: many events of one day are decided by the same.
#[derive(Default)]
pub(in crate::credit) struct TermsRead(Option<((u32, Date), RiskTerms)>);

impl TermsRead {
    pub(in crate::credit) fn of(&mut self, view: PolicyView<'_>) -> RiskTerms {
        let key = (view.version().number, view.date());
        match &self.0 {
            Some((known, terms)) if *known == key => *terms,
            _ => self.0.insert((key, risk_terms(view))).1,
        }
    }
}

/// Declares the shop's row.
pub fn want(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<CreditRiskRow>(party);
}

/// The shop's row as it stands; it must be declared.
pub(in crate::credit) fn row(tx: &Tx, party: PartyId) -> CreditRiskRow {
    tx.get::<CreditRiskRow>(&party).cloned().unwrap_or_else(|| CreditRiskRow::new(party))
}

/// Score of a draw of the shop's proceeds: the patterns of its orders, and whether its limit has just risen. The
/// shop's row must be declared ([`want`]).
pub fn draw_score(tx: &Tx, ctx: &Ctx, party: PartyId) -> Score {
    let terms = risk_terms(ctx.rules.policy.now(ctx.now));
    shop_score_of(&row(tx, party), ctx.now, Month::of(ctx.today), &terms)
}

/// Remembers a draw of proceeds: a refund soon after it closes a loop. The shop's row must be declared.
pub fn note_draw(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    let mut row = row(tx, party);
    row.drawn_at = Some(ctx.now);
    row.version += 1;
    tx.put(row);
}

/// Remembers that a limit rose at an instant by enough to matter. The shop's row must be declared.
pub(in crate::credit) fn note_increase(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    rise: Increase,
    at: Timestamp,
) {
    if rise.counts(&risk_terms(ctx.rules.policy.now(ctx.now))) {
        let mut row = row(tx, party);
        row.raised_at = row.raised_at.max(Some(at));
        row.version += 1;
        tx.put(row);
    }
}
