//! An advertiser's money: which ledger accounts it is in, and what may be used of it now.

use std::collections::BTreeMap;

use purser_domain::{
    ads::sources::{Available, Source},
    ids::{AdGrantId, PartyId, TypedId as _},
    ledger::{Account, AccountKind, AccountRef, Owner},
    money::Currency,
};
use purser_storage::{Statement, Value};

use super::rows::{AdAccountRow, AdGrantRow};
use crate::{
    command::Ctx,
    tx::{Needs, Tx},
};

/// Most grants of one advertiser that are used at the same time; the soonest to expire are.
const GRANTS: i64 = 100;

static OPEN_GRANTS: Statement = Statement {
    name: "ads.open_grants",
    sql: "SELECT id FROM ad_grants WHERE party = ?1 AND ended_at IS NULL \
          ORDER BY COALESCE(expires_at, 9223372036854775807), id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OPEN_GRANTS];

/// The ledger account of a grant.
pub fn grant_account(party: PartyId, grant: AdGrantId, currency: Currency) -> AccountRef {
    AccountRef {
        owner: Owner::Party(party),
        kind: AccountKind::AdGrant,
        qualifier: grant.to_string(),
        currency,
    }
}

/// The ledger account of a source.
pub(super) fn account(party: PartyId, source: Source, currency: Currency) -> AccountRef {
    match source {
        Source::Cash => AccountRef::party(party, AccountKind::AdCash, currency),
        Source::Arrears => AccountRef::party(party, AccountKind::AdArrears, currency),
        Source::Grant(grant) => grant_account(party, grant, currency),
    }
}

/// Where charged clicks go.
pub(super) fn revenue(currency: Currency) -> AccountRef {
    AccountRef::platform(AccountKind::RevenueAds, currency)
}

/// Declares a grant with its ledger account.
pub(super) fn want_grant(needs: &mut Needs<'_>, party: PartyId, grant: AdGrantId, ctx: &Ctx) {
    needs.row::<AdGrantRow>((party, grant));
    needs.account(&grant_account(party, grant, ctx.rules.currency));
}

/// Declares the rows and ledger accounts of advertisers: the account row, cash, arrears and open grants. Whether there
/// are grants at all is read before the lock: a grant that is being given at this moment counts from the next group on.
pub(super) fn want(needs: &mut Needs<'_>, parties: Vec<PartyId>, ctx: &Ctx) {
    for row in needs.peek::<AdAccountRow>(parties.clone()) {
        if row.grants > 0 {
            let mut grants = Vec::new();
            let params = [Value::Bytes(&row.party.0.0), Value::Int(GRANTS)];
            needs.read(&OPEN_GRANTS, &params, &mut |source| {
                grants.push(AdGrantId::from_uid(source.uid(0)));
                true
            });
            for grant in grants {
                want_grant(needs, row.party, grant, ctx);
            }
        }
    }
    for party in parties {
        needs.row::<AdAccountRow>(party);
        for source in [Source::Cash, Source::Arrears] {
            needs.account(&account(party, source, ctx.rules.currency));
        }
    }
}

/// The grants that this command may use, by advertiser, the soonest to expire first. A grant's end counts by its
/// instant, also before the job that books it.
pub(super) fn usable_grants(tx: &Tx, ctx: &Ctx) -> BTreeMap<PartyId, Vec<AdGrantId>> {
    let mut grants: BTreeMap<PartyId, Vec<(i64, AdGrantId)>> = BTreeMap::new();
    for row in tx.rows::<AdGrantRow>().filter(|row| row.is_usable(ctx)) {
        let expires = row.expires_at.map_or(i64::MAX, |at| at.0);
        grants.entry(row.party).or_default().push((expires, row.id));
    }
    let sorted = |mut list: Vec<(i64, AdGrantId)>| {
        list.sort_unstable();
        list.into_iter().map(|(_, id)| id).collect()
    };
    grants.into_iter().map(|(party, list)| (party, sorted(list))).collect()
}

impl AdGrantRow {
    /// Neither ended nor expired.
    pub fn is_usable(&self, ctx: &Ctx) -> bool {
        self.ended_at.is_none() && self.expires_at.is_none_or(|at| at > ctx.now)
    }
}

/// What is left of an advertiser's grants and cash, in the order in which it is used.
pub(super) fn available(tx: &Tx, ctx: &Ctx, party: PartyId, grants: &[AdGrantId]) -> Vec<Available> {
    let sources = grants.iter().map(|grant| Source::Grant(*grant)).chain([Source::Cash]);
    let left = |source| {
        let account = account(party, source, ctx.rules.currency);
        let left_minor =
            tx.account(account.id()).filter(|account| !account.closed).map_or(0, Account::available);
        Available { source, left_minor }
    };
    sources.map(left).collect()
}

/// What an advertiser owes.
pub(super) fn arrears_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let account = account(party, Source::Arrears, ctx.rules.currency);
    tx.account(account.id()).map_or(0, |account| account.posted)
}

/// What may be spent now: usable grants and cash.
pub(super) fn spendable_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let grants = usable_grants(tx, ctx);
    let own = grants.get(&party).map_or(&[][..], Vec::as_slice);
    let left = available(tx, ctx, party, own);
    left.iter().fold(0, |sum: i64, source| sum.saturating_add(source.left_minor.max(0)))
}
