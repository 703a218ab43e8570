//! An advertiser's money: which ledger accounts it is in, and what may be used of it now.

use std::collections::BTreeMap;

use purser_domain::{
    ads::sources::{Available, Source},
    ids::{AdGrantId, PartyId},
    ledger::{Account, AccountKind, AccountRef, Owner, Step, TransferKind, TransferRequest},
    money::Currency,
    time::Timestamp,
};
use purser_storage::Statement;

use super::{
    leads::open_grants as open_grants_of,
    rows::{AdAccountRow, AdGrantRow},
};
use crate::{
    command::{Ctx, Rejection},
    tx::{Needs, Tx},
};

/// Most grants of one advertiser that are used at the same time: more are not given.
pub(super) const OPEN_GRANTS_MAX: i64 = 20;

/// Grants that were not ended yet, the soonest to expire first.
pub(super) static OPEN_GRANTS: Statement = Statement {
    name: "ads.open_grants",
    sql: "SELECT party, id, amount, given_at, expires_at, reason, asked_by, approved_by, ended_at, lost FROM ad_grants \
          WHERE party = ?1 AND ended_at IS NULL \
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

/// Declares the rows and ledger accounts of advertisers: the account row, cash, arrears and open grants. Which grants
/// there are is read before the lock: [`check`] finds what was given in between.
pub(super) fn want(needs: &mut Needs<'_>, parties: Vec<PartyId>, ctx: &Ctx) {
    for (party, grant) in open_grants_of(needs, &parties) {
        want_grant(needs, party, grant, ctx);
    }
    for party in parties {
        needs.row::<AdAccountRow>(party);
        for source in [Source::Cash, Source::Arrears] {
            needs.account(&account(party, source, ctx.rules.currency));
        }
    }
}

/// Grants that were not ended yet, by advertiser, in the order in which they are used: the soonest to expire first.
pub(super) fn open_grants(tx: &Tx) -> BTreeMap<PartyId, Vec<AdGrantId>> {
    let mut grants: BTreeMap<PartyId, Vec<(i64, AdGrantId)>> = BTreeMap::new();
    for row in tx.rows::<AdGrantRow>().filter(|row| row.ended_at.is_none()) {
        let expires = row.expires_at.map_or(i64::MAX, |at| at.0);
        grants.entry(row.party).or_default().push((expires, row.id));
    }
    let sorted = |mut list: Vec<(i64, AdGrantId)>| {
        list.sort_unstable();
        list.into_iter().map(|(_, id)| id).collect()
    };
    grants.into_iter().map(|(party, list)| (party, sorted(list))).collect()
}

/// Whether all of an advertiser's money is declared, `open` grants among it.
pub(super) fn is_whole(tx: &Tx, ctx: &Ctx, party: PartyId, open: &[AdGrantId]) -> bool {
    let known = |source| tx.account(account(party, source, ctx.rules.currency).id()).is_some();
    tx.is_loaded::<AdAccountRow>(&party)
        && known(Source::Cash)
        && known(Source::Arrears)
        && open.iter().all(|grant| known(Source::Grant(*grant)))
        && tx.get::<AdAccountRow>(&party).map_or(0, |row| row.grants)
            == i64::try_from(open.len()).unwrap_or(-1)
}

/// Makes sure that what [`want`] declared is all of an advertiser's money: another server may have given a grant
/// meanwhile, or an earlier command of the group made what leads here.
///
/// # Errors
/// Of the next group; return it.
pub(crate) fn check(tx: &mut Tx, ctx: &Ctx, party: PartyId) -> Result<(), Rejection> {
    let open = open_grants(tx).remove(&party).unwrap_or_default();
    if is_whole(tx, ctx, party, &open) { Ok(()) } else { Err(tx.begin_next_group()) }
}

/// Cash pays what is owed (A3): after money came back, nothing is owed beside a balance. [`check`] comes first.
pub(crate) fn pay_arrears(tx: &mut Tx, ctx: &Ctx, party: PartyId) -> Result<(), Rejection> {
    let [cash, arrears] =
        [Source::Cash, Source::Arrears].map(|source| account(party, source, ctx.rules.currency));
    let amount_minor = arrears_minor(tx, ctx, party).min(tx.available(&cash));
    if amount_minor > 0 {
        let id = tx.new_id();
        tx.post(&TransferRequest {
            id,
            step: Step::Post,
            debit: cash.id(),
            credit: arrears.id(),
            amount_minor,
            currency: ctx.rules.currency,
            kind: TransferKind::AdArrearsPaid.code(),
            reference: party.0,
        })?;
    }
    Ok(())
}

impl AdGrantRow {
    /// Neither ended nor expired.
    pub fn is_usable(&self, ctx: &Ctx) -> bool {
        self.ended_at.is_none() && self.expires_at.is_none_or(|at| at > ctx.now)
    }
}

/// What is left of an advertiser's grants and cash, in the order in which it is used; `open` as [`open_grants`] gives
/// them. A grant's end counts by its instant, also before the job that books it.
pub(super) fn available(tx: &Tx, ctx: &Ctx, party: PartyId, open: &[AdGrantId]) -> Vec<Available> {
    let usable =
        |grant: &&AdGrantId| tx.get::<AdGrantRow>(&(party, **grant)).is_some_and(|row| row.is_usable(ctx));
    let grants = open.iter().filter(usable).map(|grant| Source::Grant(*grant));
    let left = |source| {
        let account = account(party, source, ctx.rules.currency);
        let left_minor =
            tx.account(account.id()).filter(|account| !account.closed).map_or(0, Account::available);
        Available { source, left_minor }
    };
    grants.chain([Source::Cash]).map(left).collect()
}

/// Since when nothing can be spent because grants have expired, while nothing has booked that yet (A4); `open` as
/// [`open_grants`] gives them: the end of the last one that something was left of. Whatever else uses a balance up stops
/// delivery in its own commit.
pub(super) fn ran_out_at(tx: &Tx, ctx: &Ctx, party: PartyId, open: &[AdGrantId]) -> Option<Timestamp> {
    if available(tx, ctx, party, open).iter().any(|source| source.left_minor > 0) {
        return None;
    }
    let over = |grant: &AdGrantId| {
        let ends_at = tx.get::<AdGrantRow>(&(party, *grant))?.expires_at.filter(|at| *at <= ctx.now);
        let account = account(party, Source::Grant(*grant), ctx.rules.currency);
        ends_at.filter(|_| tx.account(account.id()).is_some_and(|account| account.available() > 0))
    };
    open.iter().filter_map(over).max()
}

/// What an advertiser owes.
pub(super) fn arrears_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let account = account(party, Source::Arrears, ctx.rules.currency);
    tx.account(account.id()).map_or(0, |account| account.posted)
}

/// What may be spent now: usable grants and cash.
pub(super) fn spendable_minor(tx: &Tx, ctx: &Ctx, party: PartyId) -> i64 {
    let open = open_grants(tx).remove(&party).unwrap_or_default();
    let left = available(tx, ctx, party, &open);
    left.iter().fold(0, |sum: i64, source| sum.saturating_add(source.left_minor.max(0)))
}
