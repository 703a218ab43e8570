//! What leads from a campaign to its advertiser and from there to its grants, remembered from group to group: a single
//! click reads nothing for it.

use std::collections::BTreeMap;

use purser_domain::ids::{AdGrantId, CampaignId, PartyId, TypedId as _};
use purser_storage::Value;

use super::{
    balance::{OPEN_GRANTS, OPEN_GRANTS_MAX},
    rows::{AdAccountRow, AdCampaignRow},
};
use crate::tx::{Needs, Tx};

/// Most campaigns, and most advertisers, that are remembered; beyond that it begins anew.
const REMEMBERED: usize = 100_000;

/// Advertisers of campaigns: they never change, and no campaign is ever deleted.
#[derive(Default)]
struct Owners(BTreeMap<CampaignId, PartyId>);

/// Grants of advertisers that had not ended when they were looked for.
#[derive(Default)]
struct OpenGrants(BTreeMap<PartyId, Vec<AdGrantId>>);

/// The advertisers of those campaigns that exist.
pub(super) fn owners(needs: &mut Needs<'_>, campaigns: &[CampaignId]) -> BTreeMap<CampaignId, PartyId> {
    let known = &needs.tx.hints.kept::<Owners>().0;
    let mut owners = BTreeMap::new();
    let mut unknown = Vec::new();
    for campaign in campaigns {
        match known.get(campaign) {
            Some(party) => {
                owners.insert(*campaign, *party);
            }
            None => unknown.push(*campaign),
        }
    }
    let found = needs.peek::<AdCampaignRow>(unknown);
    let known = &mut needs.tx.hints.kept::<Owners>().0;
    if known.len() + found.len() > REMEMBERED {
        known.clear();
    }
    for row in found {
        known.insert(row.id, row.party);
        owners.insert(row.id, row.party);
    }
    owners
}

/// Grants of advertisers that have not ended, as far as is known: whether they are all is for
/// [`super::balance::is_whole`] to say.
pub(super) fn open_grants(needs: &mut Needs<'_>, parties: &[PartyId]) -> Vec<(PartyId, AdGrantId)> {
    let known = &needs.tx.hints.kept::<OpenGrants>().0;
    let mut grants = Vec::new();
    let mut unknown = Vec::new();
    for party in parties {
        match known.get(party) {
            Some(open) => grants.extend(open.iter().map(|grant| (*party, *grant))),
            None => unknown.push(*party),
        }
    }
    if unknown.len() < parties.len() {
        needs.tx.hints.note_use();
    }
    let mut found: BTreeMap<PartyId, Vec<AdGrantId>> =
        unknown.iter().map(|party| (*party, Vec::new())).collect();
    for row in needs.peek::<AdAccountRow>(unknown) {
        if row.grants > 0 {
            let open = found.entry(row.party).or_default();
            let params = [Value::Bytes(&row.party.0.0), Value::Int(OPEN_GRANTS_MAX)];
            needs.read(&OPEN_GRANTS, &params, &mut |source| {
                open.push(AdGrantId::from_uid(source.uid(1)));
                true
            });
        }
    }
    grants.extend(found.iter().flat_map(|(party, open)| open.iter().map(|grant| (*party, *grant))));
    let known = &mut needs.tx.hints.kept::<OpenGrants>().0;
    if known.len() + found.len() > REMEMBERED {
        known.clear();
    }
    known.extend(found);
    grants
}

/// The grants of an advertiser change: they are looked for again.
pub(super) fn forget_grants(tx: &mut Tx, party: PartyId) {
    tx.hints.kept::<OpenGrants>().0.remove(&party);
}
