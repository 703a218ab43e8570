//! What must hold between orders, shops and the ledger (P3): used, reserved and due can never be wrong.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, CreditOrderId, PartyId, TypedId as _},
    ledger::{AccountKind, AccountRef},
    money::Currency,
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement};

use super::rows::CreditOrderRow;
use crate::{
    rows::AccountRow,
    verify::{Finding, Invariant},
};

static SHOPS: Statement = Statement {
    name: "credit.invariant_shops",
    sql: "SELECT party, reserved, due, epoch, to_ship, owed FROM credit_shops ORDER BY party",
};
static ORDERS: Statement = Statement {
    name: "credit.invariant_orders",
    sql: "SELECT id, merchant, external_id, amount, currency, authorised_at, reserved, shipped, cancelled, receivable, \
          due, liability, prepaid, paid, forgiven, returned, lost, recourse, epoch, due_on, shipped_at, changed_at, \
          policy_version, version, held, marks, reviews, expired, ends_at FROM credit_orders WHERE receivable > 0 OR reserved > 0 OR liability > 0 \
          OR amount > shipped + cancelled ORDER BY merchant",
};

static UNREVIEWED: Statement = Statement {
    name: "credit.invariant_held",
    sql: "SELECT o.id, o.held FROM credit_orders o WHERE o.held > 0 AND NOT EXISTS \
          (SELECT 1 FROM credit_risk_reviews r WHERE r.party = o.merchant AND r.state = 'open' AND r.subject LIKE 'co_%') ORDER BY o.id",
};
static REVIEWS: Statement = Statement {
    name: "credit.invariant_reviews",
    sql: "SELECT r.party, r.open_reviews, (SELECT count(*) FROM credit_risk_reviews v \
          WHERE v.party = r.party AND v.state = 'open' AND v.subject LIKE 'co_%') FROM credit_risks r ORDER BY r.party",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&SHOPS, &ORDERS, &UNREVIEWED, &REVIEWS];

/// Most findings.
const MOST: usize = 100;
/// Accounts that one read brings.
const READ: usize = 1_000;

/// The limit used equals the receivable's balance: open orders add up to `credit.receivable`, what is reserved, due and
/// to be shipped to the shop's counters, and what orders keep as beyond the limit, with what the shop owes beside them, to
/// `credit.liability`.
pub(crate) struct LimitUse;

/// Balances of accounts, many in a read: shops are many, and a day's verification looks at all of them.
fn balances(session: &mut dyn Session, mut ids: Vec<AccountId>) -> Result<BTreeMap<AccountId, i128>, Fault> {
    ids.sort_unstable();
    ids.dedup();
    let mut posted = BTreeMap::new();
    for keys in ids.chunks(READ) {
        session.load(AccountRow::TABLE, &Keys::<AccountRow>(keys), Lock::None, &mut |row| {
            let account = AccountRow::read(row).0;
            posted.insert(account.id, i128::from(account.posted));
        })?;
    }
    Ok(posted)
}

/// What a shop's row says of its orders.
struct Counters {
    reserved: i64,
    due: i64,
    epoch: i64,
    to_ship: i64,
    owed: i64,
}

/// Sums of a shop's open orders.
#[derive(Default)]
struct Open {
    currency: Option<Currency>,
    receivable: i128,
    reserved: i128,
    due: i128,
    liability: i128,
    to_ship: i64,
}

impl Invariant for LimitUse {
    fn name(&self) -> &'static str {
        "limit used = receivable = open orders"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut shops: BTreeMap<PartyId, Counters> = BTreeMap::new();
        session.query(&SHOPS, &[], &mut |row| {
            let [reserved, due, epoch, to_ship, owed] = [1, 2, 3, 4, 5].map(|column| row.int(column));
            shops.insert(PartyId::from_uid(row.uid(0)), Counters { reserved, due, epoch, to_ship, owed });
            true
        })?;
        let mut open: BTreeMap<PartyId, Open> = BTreeMap::new();
        session.query(&ORDERS, &[], &mut |row| {
            let row = CreditOrderRow::read(row);
            let epoch = shops.get(&row.merchant).map_or(0, |shop| shop.epoch);
            let order = row.order().at_epoch(epoch);
            let sum = open.entry(row.merchant).or_default();
            sum.currency = Some(row.currency);
            sum.receivable += i128::from(order.receivable_minor);
            sum.reserved += i128::from(order.reserved_minor);
            sum.due += i128::from(order.due_minor);
            sum.liability += i128::from(order.liability_minor);
            sum.to_ship += i64::from(order.unshipped_minor() > 0);
            true
        })?;
        let ids = |party: &PartyId, sum: Option<&Open>| {
            let currency = sum.and_then(|sum| sum.currency).unwrap_or(Currency::CNY);
            [AccountKind::CreditReceivable, AccountKind::CreditLiability]
                .map(|kind| AccountRef::party(*party, kind, currency).id())
        };
        let accounts = shops.keys().flat_map(|party| ids(party, open.get(party))).collect();
        let posted = balances(session, accounts)?;
        let mut findings = Vec::new();
        for (party, counters) in shops {
            let Counters { reserved, due, to_ship, .. } = counters;
            let accounts = ids(&party, open.get(&party));
            let sum = open.remove(&party).unwrap_or_default();
            let [used, owed] = accounts.map(|id| posted.get(&id).copied().unwrap_or(0));
            let liability = sum.liability + i128::from(counters.owed);
            let expected = format!(
                "used {}, reserved {}, due {}, {} to ship, liability {liability}",
                sum.receivable, sum.reserved, sum.due, sum.to_ship
            );
            let found =
                format!("used {used}, reserved {reserved}, due {due}, {to_ship} to ship, liability {owed}");
            let same = used == sum.receivable
                && i128::from(reserved) == sum.reserved
                && i128::from(due) == sum.due
                && to_ship == sum.to_ship
                && owed == liability;
            if !same {
                let sentence = "the open orders of the shop do not add up to its accounts and counters";
                findings.push(Finding::of_invariant(
                    self.name(),
                    party.to_string(),
                    expected,
                    found,
                    sentence,
                ));
            }
            if findings.len() >= MOST {
                return Ok(findings);
            }
        }
        for party in open.keys().take(MOST) {
            findings.push(Finding::of_invariant(
                self.name(),
                party.to_string(),
                "a shop".to_owned(),
                "none".to_owned(),
                "open pay-later orders of a shop of which nothing is known",
            ));
        }
        Ok(findings)
    }
}

/// What is held has a review that waits for people, and a shop has as many open reviews as it says (C21): nothing is
/// held for good.
pub(crate) struct ReviewsWhole;

impl Invariant for ReviewsWhole {
    fn name(&self) -> &'static str {
        "held advances have a review"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        session.query(&UNREVIEWED, &[], &mut |row| {
            findings.push(Finding::of_invariant(
                self.name(),
                CreditOrderId::from_uid(row.uid(0)).to_string(),
                "an open review".to_owned(),
                format!("none, and {} held", row.int(1)),
                "an advance is held and nobody is asked to look at it",
            ));
            findings.len() < MOST
        })?;
        session.query(&REVIEWS, &[], &mut |row| {
            if row.int(1) != row.int(2) {
                findings.push(Finding::of_invariant(
                    self.name(),
                    PartyId::from_uid(row.uid(0)).to_string(),
                    format!("{} open reviews", row.int(1)),
                    row.int(2).to_string(),
                    "the shop has other open reviews than it says",
                ));
            }
            findings.len() < MOST
        })?;
        Ok(findings)
    }
}
