//! On the way of an order: its signs before it changes, what is counted and held after.

use purser_domain::{
    credit::risk::{Marks, OrderFacts, RiskTerms, Score, Signal, Signals, of_authorisation, patterns, score},
    time::{Month, Timestamp},
};

use super::{
    hold::{self, Held},
    row,
    rows::CreditRiskRow,
};
use crate::{
    command::Ctx,
    credit::{
        orders::{OrderEvent, OrderReport},
        rows::{CreditOrderRow, CreditShopRow},
    },
    tx::Tx,
};

/// An order and its shop as the signs see them.
pub(in crate::credit) struct Look {
    before: Marks,
    after: Marks,
    score: Score,
    terms: RiskTerms,
}

impl Look {
    /// The advance of what is shipped now waits for a review.
    pub(in crate::credit) const fn holds(&self) -> bool {
        // Of an order that was confirmed as cash-out nothing more is advanced by itself.
        self.after.under_review || self.after.abuse || self.score.holds(&self.terms)
    }
}

/// Looks at a report: which signs the order has with it, and, where goods are shipped, what they add up to.
pub(in crate::credit) fn look(
    tx: &Tx,
    ctx: &Ctx,
    item: &OrderReport,
    known: Option<&CreditOrderRow>,
    (shop, terms): (&CreditShopRow, RiskTerms),
) -> Look {
    let nothing = CreditRiskRow::new(shop.party);
    let risk = tx.get::<CreditRiskRow>(&shop.party).unwrap_or(&nothing);
    let before = known.map_or_else(Marks::default, |row| Marks::from_bits(row.marks));
    let mut after = before;
    after.signals = after.signals.and(risk.told(&item.told));
    match (item.event, known) {
        (OrderEvent::Authorised(amount_minor, _), _) => {
            let (reported, raised_at) = (after.signals, risk.raised_at);
            let facts =
                OrderFacts { amount_minor, total_minor: shop.total, reported, at: item.at, raised_at };
            after.signals = of_authorisation(&facts, &terms);
        }
        (OrderEvent::Paid(_) | OrderEvent::Refunded(_), Some(order)) => {
            let late = |at: Timestamp| item.at >= at.plus(terms.scan_us);
            let unseen = terms.scans_reported && order.shipped_at.is_some_and(late);
            after.signals = after.signals.with_if(Signal::NoScan, unseen);
            if matches!(item.event, OrderEvent::Refunded(_)) {
                let closed = closes_loop(order, risk.drawn_at, item.at, &terms);
                after.signals = after.signals.with_if(Signal::DrawnAndRefunded, closed);
            }
        }
        (OrderEvent::Scanned, _) => after.scanned = true,
        _ => {}
    }
    if after.scanned {
        after.signals = after.signals.without(Signal::NoScan);
    }
    let score = if matches!(item.event, OrderEvent::Shipped(_)) {
        let found = patterns(&risk.cohorts(), Month::of(ctx.today), &terms);
        score(after.signals, &found, risk.released_at(ctx.now), &terms)
    } else {
        Score::default()
    };
    Look { before, after, score, terms }
}

/// Money of the order was there, the shop drew, and soon after that the order is refunded.
fn closes_loop(
    order: &CreditOrderRow,
    drawn_at: Option<Timestamp>,
    at: Timestamp,
    terms: &RiskTerms,
) -> bool {
    drawn_at
        .is_some_and(|drawn| order.shipped > 0 && drawn >= order.changed_at && at < drawn.plus(terms.loop_us))
}

/// Counts what changed and opens a review of what is held. The order's row is written by the caller.
pub(in crate::credit) fn book(
    tx: &mut Tx,
    ctx: &Ctx,
    look: Look,
    order: &mut CreditOrderRow,
    fresh: bool,
    held: bool,
) {
    let Look { before, mut after, score, terms } = look;
    order.marks = after.bits();
    let before = if fresh { Signals::NONE } else { before.signals };
    // Most events of an order change nothing here: the shop's row is not even copied for them.
    if !fresh && before == after.signals && (!held || after.under_review) {
        return;
    }
    let mut risk = row(tx, order.merchant);
    let mut changed = count(&mut risk, ctx, order.authorised_at, fresh, (before, after.signals), &terms);
    if held && !after.under_review {
        after.under_review = true;
        order.reviews += 1;
        let held = Held {
            subject: order.id.to_string(),
            uid: order.id.0,
            n: order.reviews,
            amount_minor: order.held,
            score: &score,
            opened_by: "system".to_owned(),
        };
        hold::open(tx, ctx, &mut risk, held);
        order.marks = after.bits();
        changed = true;
    }
    if changed {
        risk.version += 1;
        tx.put(risk);
    }
}

fn count(
    risk: &mut CreditRiskRow,
    ctx: &Ctx,
    authorised_at: Timestamp,
    fresh: bool,
    (before, after): (Signals, Signals),
    terms: &RiskTerms,
) -> bool {
    let month = Month::of(ctx.zone.date(authorised_at));
    let oldest = oldest(ctx, terms);
    if (!fresh && before == after) || month < oldest {
        return false;
    }
    let mut cohorts = risk.cohorts();
    let cohort = cohorts.entry(month).or_default();
    if fresh {
        cohort.orders = cohort.orders.saturating_add(1);
    }
    cohort.change(before, after);
    cohorts.retain(|month, _| *month >= oldest);
    risk.set_cohorts(&cohorts);
    true
}

/// The oldest month that patterns look at.
pub(super) fn oldest(ctx: &Ctx, terms: &RiskTerms) -> Month {
    Month::of(ctx.today).plus(1 - i64::from(terms.window_months.max(1)))
}
