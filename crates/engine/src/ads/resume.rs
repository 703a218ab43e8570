//! Resuming what was stopped for money: one campaign, or all of an advertiser (A5).

use purser_domain::{
    ads::{
        account::{ResumeFacts, ResumeRejection, may_resume},
        stop::{Resumption, Resumptions},
    },
    ids::{CampaignId, PartyId},
    policy::keys,
};

use super::{
    balance::{self, arrears_minor, spendable_minor},
    campaigns::{account_of, own},
    events::tell,
    rows::{AdAccountRow, AdCampaignRow},
    stop::{resume_all, want},
    terms::account_state,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Resumes campaigns that wait to be resumed. Again changes nothing.
///
/// Rejections in order: `campaign_unknown`, `campaign_foreign`, then those of [`may_resume`].
pub struct ResumeCampaigns {
    /// The advertiser.
    pub party: PartyId,
    /// One; all when `None`.
    pub campaign: Option<CampaignId>,
}

/// What resuming came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The account as it is now.
    pub account: AdAccountRow,
    /// The campaign, where one was named.
    pub campaign: Option<AdCampaignRow>,
    /// False when it had been resumed already.
    pub changed: bool,
}

fn rejected(no: ResumeRejection) -> Rejection {
    let facts = match no {
        ResumeRejection::Suspended { arrears_minor } | ResumeRejection::Arrears { arrears_minor } => {
            Facts::new().int("arrears_minor", arrears_minor)
        }
        ResumeRejection::NoBalance { least_minor } => Facts::new().int("least_minor", least_minor),
    };
    Rejection::new(no.code(), no.to_string()).with(facts)
}

impl Command for ResumeCampaigns {
    type Output = Resumed;

    fn name(&self) -> &'static str {
        if self.campaign.is_some() { "ad_campaign.resume" } else { "ad_campaigns.resume_all" }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, self.party, ctx);
        if let Some(campaign) = self.campaign {
            needs.row::<AdCampaignRow>(campaign);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Resumed, Rejection> {
        balance::check(tx, ctx, self.party)?;
        let campaign = self.campaign.map(|id| own(tx, self.party, id, None)).transpose()?;
        let mut account = account_of(tx, self.party, ctx);
        let view = ctx.rules.policy.now(ctx.now);
        may_resume(&ResumeFacts {
            state: account_state(&account, view, ctx.now),
            arrears_minor: arrears_minor(tx, ctx, self.party),
            spendable_minor: spendable_minor(tx, ctx, self.party),
            least_minor: view.value(keys::AD_MINIMUM_BID),
        })
        .map_err(rejected)?;
        match campaign {
            Some(row) => Ok(resume_one(tx, ctx, account, row)),
            None if account.resumed_stop >= account.stops => {
                Ok(Resumed { account, campaign: None, changed: false })
            }
            None => {
                resume_all(ctx, &mut account);
                let facts = Facts::new().int("epoch", account.stops).text("how", "by_hand");
                tell(tx, &mut account, "ads.resumed", &self.party.to_string(), &facts);
                tx.put(account.clone());
                Ok(Resumed { account, campaign: None, changed: true })
            }
        }
    }

    fn audit(&self, output: &Resumed) -> (String, Facts) {
        let subject = self.campaign.map_or_else(|| self.party.to_string(), |id| id.to_string());
        (subject, Facts::new().int("epoch", output.account.stops).flag("changed", output.changed))
    }
}

/// The last stop that a campaign was resumed from by itself; one that is created while its advertiser is stopped waits for
/// the money and for nobody.
pub(super) fn last_resumption(row: &AdCampaignRow) -> Resumption {
    Resumption { stop: row.resumed_stop, at: row.resumed_at.unwrap_or(row.created_at) }
}

fn resume_one(tx: &mut Tx, ctx: &Ctx, mut account: AdAccountRow, mut row: AdCampaignRow) -> Resumed {
    if row.resumed_stop.max(account.resumed_stop) >= account.stops {
        return Resumed { account, campaign: Some(row), changed: false };
    }
    if row.resumed_stop > 0 {
        let mut before = Resumptions::decode(&row.resumed_before);
        before.add(last_resumption(&row));
        row.resumed_before = before.encode();
    }
    row.resumed_stop = account.stops;
    row.resumed_at = Some(ctx.now);
    row.version += 1;
    let facts = Facts::new().int("epoch", account.stops).text("how", "by_hand");
    tell(tx, &mut account, "ads.campaign_resumed", &row.id.to_string(), &facts);
    tx.put(account.clone());
    tx.put(row.clone());
    Resumed { account, campaign: Some(row), changed: true }
}
