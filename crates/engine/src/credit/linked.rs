//! Linked shops (C20): one shop asks for the proceeds of another. That takes an authorisation that is on record; what was
//! drawn under it makes both liable, and asking without one is refused and flagged on both.

use purser_domain::{
    ids::{PartyId, Uid},
    ledger::{AccountKind, AccountRef},
    parties::{PartyStatus, Role},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::rows::CreditShopRow;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    record,
    tx::{Needs, Tx},
};

record! {
    /// An authorisation: `by_shop` may ask for the proceeds of `shop`.
    pub struct LinkedShopRow in LINKED_SHOPS = 100, "credit_linked_shops", lock Update, key(shop: PartyId, by_shop: PartyId) {
        /// From when.
        since: Timestamp,
        /// Until when, if it ends by itself.
        until: Option<Timestamp>,
        /// Where the signed authorisation is kept.
        evidence: String,
        /// Who recorded it.
        recorded_by: String,
        /// Drawn under it and not come back, minor units: for so much both are liable.
        drawn: i64,
        /// When it was taken back.
        ended_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// Something that risk staff should know of a party (P6, C20); asking again on the same day counts up.
    pub struct RiskFlagRow in RISK_FLAGS = 101, "risk_flags", lock Update, key(party: PartyId, id: Uid) {
        /// What: `withdrew_for_other_shop`, `withdrawn_by_other_shop`.
        kind: String,
        /// The other party.
        other: PartyId,
        /// How often.
        count: i64,
        /// When first.
        first_at: Timestamp,
        /// When last.
        last_at: Timestamp,
    }
}

/// Shops that one shop may act for.
const ACTS_FOR_MAX: i64 = 20;
/// Longest reference of an authorisation, in characters.
const EVIDENCE_MAX: usize = 200;

static ACTS_FOR: Statement = Statement {
    name: "credit.acts_for",
    sql: "SELECT shop, by_shop, since, until, evidence, recorded_by, drawn, ended_at, version FROM credit_linked_shops \
          WHERE by_shop = ?1 AND (drawn > 0 OR ended_at IS NULL) ORDER BY shop LIMIT ?2",
};
static OF_SHOP: Statement = Statement {
    name: "credit.linked_shops",
    sql: "SELECT shop, by_shop, since, until, evidence, recorded_by, drawn, ended_at, version FROM credit_linked_shops \
          WHERE shop = ?1 ORDER BY by_shop LIMIT ?2",
};
static FLAGS: Statement = Statement {
    name: "credit.risk_flags",
    sql: "SELECT party, id, kind, other, count, first_at, last_at FROM risk_flags WHERE party = ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ACTS_FOR, &OF_SHOP, &FLAGS];

/// Most authorisations or flags of a party that are shown.
const SHOWN_MAX: i64 = 500;

impl LinkedShopRow {
    /// True when it counts at an instant.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// Declares what [`joint_minor`] reads, in the first round: the authorisations lead to the shops.
pub(crate) fn lookup(needs: &mut Needs<'_>, by: PartyId) {
    needs.list::<LinkedShopRow>(&ACTS_FOR, &[Value::Bytes(&by.0.0), Value::Int(ACTS_FOR_MAX)]);
}

/// Declares what [`joint_minor`] reads, in the second round.
pub(crate) fn want_joint(needs: &mut Needs<'_>, by: PartyId, ctx: &Ctx) {
    let shops: Vec<PartyId> =
        needs.loaded::<LinkedShopRow>().filter(|row| row.by_shop == by).map(|row| row.shop).collect();
    for shop in shops {
        needs.row::<CreditShopRow>(shop);
        needs.account(&AccountRef::party(shop, AccountKind::CreditLiability, ctx.rules.currency));
    }
}

/// For how much of what other shops owe a shop is liable, because it drew their proceeds, minor units.
pub(crate) fn joint_minor(tx: &Tx, ctx: &Ctx, by: PartyId) -> i64 {
    let drawn = tx.rows::<LinkedShopRow>().filter(|row| row.by_shop == by && row.drawn > 0);
    let share = |row: &LinkedShopRow| {
        let known = tx.is_loaded::<CreditShopRow>(&row.shop);
        let due = known.then(|| tx.get::<CreditShopRow>(&row.shop)).flatten().map_or(0, |shop| shop.due);
        let liability = AccountRef::party(row.shop, AccountKind::CreditLiability, ctx.rules.currency);
        let owed = tx.account(liability.id()).map_or(0, |account| account.posted);
        due.saturating_add(owed).min(row.drawn)
    };
    drawn.map(share).fold(0, i64::saturating_add)
}

/// Declares what asking for another shop's proceeds reads.
pub(crate) fn want_other(needs: &mut Needs<'_>, shop: PartyId, by: PartyId, ctx: &Ctx) {
    needs.row::<LinkedShopRow>((shop, by));
    needs.row::<PartyRow>(by);
    for (party, other) in [(shop, by), (by, shop)] {
        needs.row::<RiskFlagRow>((party, flag_id(other, ctx)));
    }
}

/// Whether `by` may ask for the proceeds of `shop`.
pub(crate) fn is_authorised(tx: &Tx, ctx: &Ctx, shop: PartyId, by: PartyId) -> bool {
    let active = tx.get::<PartyRow>(&by).is_some_and(|row| row.party().status == PartyStatus::Active);
    active && tx.get::<LinkedShopRow>(&(shop, by)).is_some_and(|row| row.counts(ctx.now))
}

/// Declares the authorisation under which something was drawn.
pub(crate) fn want_drawn(needs: &mut Needs<'_>, shop: PartyId, by: PartyId) {
    needs.row::<LinkedShopRow>((shop, by));
}

/// What is drawn under an authorisation grows, or falls when it comes back.
pub(crate) fn draw(tx: &mut Tx, shop: PartyId, by: PartyId, amount_minor: i64) {
    let Some(mut row) = tx.get::<LinkedShopRow>(&(shop, by)).cloned() else { return };
    row.drawn = row.drawn.saturating_add(amount_minor).max(0);
    row.version += 1;
    tx.put(row);
}

/// One flag per other party and civil date.
fn flag_id(other: PartyId, ctx: &Ctx) -> Uid {
    Uid::derive("purser risk flag v1", &[&other.0.0, ctx.today.to_string().as_bytes()])
}

/// Flags both shops, although the request is refused.
pub(crate) fn flag_both(tx: &mut Tx, ctx: &Ctx, shop: PartyId, by: PartyId) {
    let now = ctx.now;
    let sides = [(by, shop, "withdrew_for_other_shop"), (shop, by, "withdrawn_by_other_shop")];
    for (party, other, kind) in sides {
        let id = flag_id(other, ctx);
        tx.keep_when_rejected(move |tx| {
            let known = tx.get::<RiskFlagRow>(&(party, id)).cloned();
            let kind = kind.to_owned();
            let row = known.unwrap_or(RiskFlagRow {
                party,
                id,
                kind,
                other,
                count: 0,
                first_at: now,
                last_at: now,
            });
            let facts = Facts::new().text("kind", &row.kind).text("other", other.to_string());
            tx.event("party.flagged", Some(party), &party.to_string(), facts);
            tx.put(RiskFlagRow { count: row.count + 1, last_at: now, ..row });
        });
    }
}

/// Records that a shop may ask for another's proceeds; both are liable for what it draws.
///
/// Rejections in order: `party_unknown`, `not_a_merchant`, `linked_shop_same`, `linked_shop_evidence`,
/// `linked_shop_dates`, `linked_shops_too_many`.
pub struct AuthoriseShop {
    /// Whose proceeds.
    pub shop: PartyId,
    /// Who may ask for them.
    pub by_shop: PartyId,
    /// Until when, if it ends by itself.
    pub until: Option<Timestamp>,
    /// Where the signed authorisation is kept.
    pub evidence: String,
    /// Who records it.
    pub recorded_by: String,
}

impl Command for AuthoriseShop {
    type Output = LinkedShopRow;

    fn name(&self) -> &'static str {
        "credit.linked_shop"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.shop);
        needs.row::<PartyRow>(self.by_shop);
        needs.row::<LinkedShopRow>((self.shop, self.by_shop));
        lookup(needs, self.by_shop);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<LinkedShopRow, Rejection> {
        for (party, field) in [(self.shop, "/id"), (self.by_shop, "/by_party_id")] {
            let row = tx.get::<PartyRow>(&party).ok_or_else(|| unknown_party(party).at(field))?;
            if !row.party().profile.roles.has(Role::Merchant) {
                return Err(Rejection::new("not_a_merchant", "the party is not a merchant").at(field));
            }
        }
        if self.shop == self.by_shop {
            let text = "a shop needs no authorisation for its own proceeds";
            return Err(Rejection::new("linked_shop_same", text).at("/by_party_id"));
        }
        let length = self.evidence.trim().chars().count();
        if !(1..=EVIDENCE_MAX).contains(&length) || self.evidence.contains(char::is_control) {
            let text = "say where the signed authorisation is kept, in 1 to 200 characters";
            return Err(Rejection::new("linked_shop_evidence", text).at("/evidence"));
        }
        if self.until.is_some_and(|until| until <= ctx.now) {
            return Err(Rejection::new("linked_shop_dates", "it ends later than now").at("/until"));
        }
        let known = tx.get::<LinkedShopRow>(&(self.shop, self.by_shop)).cloned();
        let others = tx.rows::<LinkedShopRow>().filter(|row| {
            row.by_shop == self.by_shop && row.shop != self.shop && (row.drawn > 0 || row.ended_at.is_none())
        });
        if i64::try_from(others.count()).unwrap_or(i64::MAX) >= ACTS_FOR_MAX {
            let text = format!("a shop acts for at most {ACTS_FOR_MAX} others");
            return Err(Rejection::new("linked_shops_too_many", text).at("/by_party_id"));
        }
        let row = LinkedShopRow {
            shop: self.shop,
            by_shop: self.by_shop,
            since: ctx.now,
            until: self.until,
            evidence: self.evidence.trim().to_owned(),
            recorded_by: self.recorded_by.clone(),
            drawn: known.as_ref().map_or(0, |row| row.drawn),
            ended_at: None,
            version: known.map_or(1, |row| row.version + 1),
        };
        tx.put(row.clone());
        for party in [self.shop, self.by_shop] {
            tx.notify("credit.linked_shop_authorised", party, &self.shop.to_string(), facts(&row));
        }
        Ok(row)
    }

    fn audit(&self, output: &LinkedShopRow) -> (String, Facts) {
        (output.shop.to_string(), facts(output))
    }
}

fn facts(row: &LinkedShopRow) -> Facts {
    Facts::new()
        .text("by_shop", row.by_shop.to_string())
        .text("evidence", &row.evidence)
        .opt_at("until", row.until)
        .opt_at("ended_at", row.ended_at)
}

/// Takes an authorisation back. What was drawn under it stays both shops' liability.
///
/// Rejections: `linked_shop_unknown`.
pub struct EndAuthorisation {
    /// Whose proceeds.
    pub shop: PartyId,
    /// Who could ask for them.
    pub by_shop: PartyId,
}

impl Command for EndAuthorisation {
    type Output = LinkedShopRow;

    fn name(&self) -> &'static str {
        "credit.linked_shop_end"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<LinkedShopRow>((self.shop, self.by_shop));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<LinkedShopRow, Rejection> {
        let found = tx.get::<LinkedShopRow>(&(self.shop, self.by_shop)).cloned();
        let unknown = || Rejection::new("linked_shop_unknown", "there is no such authorisation");
        let mut row = found.ok_or_else(unknown)?;
        if row.ended_at.is_some() {
            return Ok(row);
        }
        row.ended_at = Some(ctx.now);
        row.version += 1;
        tx.put(row.clone());
        for party in [self.shop, self.by_shop] {
            tx.notify("credit.linked_shop_ended", party, &self.shop.to_string(), facts(&row));
        }
        Ok(row)
    }

    fn audit(&self, output: &LinkedShopRow) -> (String, Facts) {
        (output.shop.to_string(), facts(output))
    }
}

/// The authorisations of a party: who may ask for its proceeds, and whose it may ask for (open, or still liable).
///
/// # Errors
/// Storage faults.
pub fn linked_shops(session: &mut dyn Session, party: PartyId) -> Result<Vec<LinkedShopRow>, Fault> {
    let mut rows = Vec::new();
    for statement in [&OF_SHOP, &ACTS_FOR] {
        session.query(statement, &[Value::Bytes(&party.0.0), Value::Int(SHOWN_MAX)], &mut |row| {
            rows.push(LinkedShopRow::read(row));
            true
        })?;
    }
    Ok(rows)
}

/// The risk flags of a party.
///
/// # Errors
/// Storage faults.
pub fn risk_flags(session: &mut dyn Session, party: PartyId) -> Result<Vec<RiskFlagRow>, Fault> {
    let mut rows = Vec::new();
    session.query(&FLAGS, &[Value::Bytes(&party.0.0), Value::Int(SHOWN_MAX)], &mut |row| {
        rows.push(RiskFlagRow::read(row));
        true
    })?;
    rows.sort_by_key(|row: &RiskFlagRow| std::cmp::Reverse(row.last_at));
    Ok(rows)
}
