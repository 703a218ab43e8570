//! The monthly list (X16): by the day of policy, everything that was booked for corporate payees in the civil months
//! before is listed, and each payee is told.

use std::collections::BTreeSet;

use purser_domain::{
    earnings::Month,
    ids::{PartyId, TypedId as _, Uid},
    policy::keys,
    time::Timestamp,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{ItemRow, ListingRow};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Items listed in one commit, and payees told in one.
const ROUND: usize = 1_000;

static UNLISTED: Statement = Statement {
    name: "settlements.unlisted",
    sql: "SELECT item, payee, booked_at FROM settlement_items WHERE month = '' AND booked_at < ?1 \
          ORDER BY booked_at, item LIMIT ?2",
};
static UNTOLD: Statement = Statement {
    name: "settlements.untold",
    sql: "SELECT party, month FROM settlement_listings WHERE listed_at IS NULL ORDER BY party, month LIMIT ?1",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&UNLISTED, &UNTOLD];

/// Lists what is due, at most 1,000 items; once all of it is listed, tells payees, at most 1,000 lists.
#[derive(Debug, Clone, Default)]
pub struct ListMonth {
    /// The longest unlisted: item, payee, when it was booked.
    items: Vec<(Uid, PartyId, Timestamp)>,
    untold: Vec<(PartyId, String)>,
}

/// The end of the last month whose list is due: on the day of policy that is the month before, earlier in a month
/// the one before that.
fn due_until(ctx: &Ctx) -> Timestamp {
    let day = ctx.rules.policy.now(ctx.now).value(keys::CORPORATE_LIST_DAY);
    let first = ctx.today.first_of_month();
    if u32::try_from(ctx.today.day()).is_ok_and(|today| today >= day) {
        return ctx.zone.start_of(first);
    }
    ctx.zone.start_of(first.yesterday().unwrap_or(first).first_of_month())
}

fn listing_of(ctx: &Ctx, payee: PartyId, booked_at: Timestamp) -> (PartyId, String) {
    (payee, Month::of(ctx.zone.date(booked_at)).to_string())
}

impl ListMonth {
    /// What there may be to do at `now`.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = Value::Int(i64::try_from(ROUND).unwrap_or(i64::MAX));
        let mut plan = Self::default();
        reads.query(&UNLISTED, &[Value::Int(now.0), limit], &mut |row| {
            plan.items.push((row.uid(0), PartyId::from_uid(row.uid(1)), row.at(2)));
            true
        })?;
        reads.query(&UNTOLD, &[limit], &mut |row| {
            plan.untold.push((PartyId::from_uid(row.uid(0)), row.text(1).to_owned()));
            true
        })?;
        Ok(plan)
    }

    fn due(&self, ctx: &Ctx) -> impl Iterator<Item = &(Uid, PartyId, Timestamp)> {
        let until = due_until(ctx);
        self.items.iter().filter(move |(_, _, booked_at)| *booked_at < until)
    }

    fn listings(&self, ctx: &Ctx) -> BTreeSet<(PartyId, String)> {
        let touched = self.due(ctx).map(|(_, payee, at)| listing_of(ctx, *payee, *at));
        self.untold.iter().cloned().chain(touched).collect()
    }
}

impl Command for ListMonth {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "settlement.list"
    }

    fn weight(&self) -> usize {
        self.items.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for (item, _, _) in self.due(ctx) {
            needs.row::<ItemRow>(*item);
        }
        for key in self.listings(ctx) {
            needs.row::<ListingRow>(key);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut due = 0;
        for (item, payee, booked_at) in self.due(ctx) {
            due += 1;
            let Some(mut row) = tx.get::<ItemRow>(item).filter(|row| row.month.is_empty()).cloned() else {
                continue;
            };
            let key = listing_of(ctx, *payee, *booked_at);
            row.month.clone_from(&key.1);
            let known = tx.get::<ListingRow>(&key).cloned();
            let empty = ListingRow { party: key.0, month: key.1, items: 0, net: 0, listed_at: None };
            let mut listing = known.unwrap_or(empty);
            listing.items += 1;
            listing.net = listing.net.saturating_add(row.net);
            listing.listed_at = None;
            tx.put(listing);
            tx.put(row);
        }
        let more = due >= ROUND;
        if !more {
            self.tell(tx, ctx);
        }
        Ok(Progress { more: more || self.untold.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

impl ListMonth {
    fn tell(&self, tx: &mut Tx, ctx: &Ctx) {
        for key in self.listings(ctx) {
            let Some(mut row) = tx.get::<ListingRow>(&key).filter(|row| row.listed_at.is_none()).cloned()
            else {
                continue;
            };
            row.listed_at = Some(ctx.now);
            let facts =
                Facts::new().text("month", &row.month).int("orders", row.items).int("net_minor", row.net);
            tx.notify("settlement.listed", row.party, &row.party.to_string(), facts);
            tx.put(row);
        }
    }
}
