//! Keywords and bids of a campaign (A9): added, changed, switched and taken away, item by item.

use purser_domain::{
    ads::campaign::{self, CampaignTerms, Keyword, KeywordChange, keyword_text},
    ids::{CampaignId, PartyId},
};

use super::{
    campaigns::{account_of, own, rejected},
    events::tell,
    rows::{AdAccountRow, AdCampaignRow, AdKeywordRow, keyword_id},
    terms::campaign_terms,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// Declares the keywords that changes name.
pub(super) fn want_keywords(needs: &mut Needs<'_>, campaign: CampaignId, changes: &[KeywordChange]) {
    for change in changes {
        needs.row::<AdKeywordRow>((campaign, keyword_id(campaign, &keyword_text(&change.text))));
    }
    if changes.is_empty() {
        // Declares the table, so that a campaign without keywords is allowed.
        needs.row::<AdKeywordRow>((campaign, keyword_id(campaign, "")));
    }
}

/// Changes one keyword, and counts those that are on; `None` when it is gone.
pub(super) fn put_keyword(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &mut AdCampaignRow,
    wish: &KeywordChange,
    terms: &CampaignTerms,
) -> Result<Option<AdKeywordRow>, Rejection> {
    let key = (row.id, keyword_id(row.id, &keyword_text(&wish.text)));
    let stored = tx.get::<AdKeywordRow>(&key).cloned();
    let known = stored.as_ref().map(|stored| Keyword {
        text: stored.word.clone(),
        bid_minor: stored.bid,
        on: stored.active,
    });
    let now = campaign::keyword(known.as_ref(), wish, row.keywords, terms).map_err(|no| rejected(&no))?;
    let counts = |keyword: &Option<Keyword>| i64::from(keyword.as_ref().is_some_and(|k| k.on));
    row.keywords += counts(&now) - counts(&known);
    let Some(now) = now else {
        tx.delete::<AdKeywordRow>(key);
        return Ok(None);
    };
    let switched = known.as_ref().is_none_or(|known| known.on != now.on);
    let switched_at = stored.as_ref().filter(|_| !switched).map_or(ctx.now, |stored| stored.switched_at);
    let changed = AdKeywordRow {
        campaign: key.0,
        id: key.1,
        word: now.text,
        bid: now.bid_minor,
        active: now.on,
        switched_at,
        version: stored.map_or(1, |stored| stored.version + 1),
    };
    tx.put(changed.clone());
    Ok(Some(changed))
}

/// What became of one change: the keyword, or that it is gone.
pub type KeywordOutcome = Result<Option<AdKeywordRow>, Rejection>;

/// Changes keywords of a campaign, item by item.
///
/// Rejections in order: `campaign_unknown`, `campaign_foreign`, `version_conflict`; of an item those of
/// [`campaign::keyword`].
pub struct ChangeKeywords {
    /// The advertiser.
    pub party: PartyId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The version of the campaign that the caller saw; another one is refused.
    pub if_version: Option<i64>,
    /// In order.
    pub items: Vec<KeywordChange>,
}

impl Command for ChangeKeywords {
    type Output = (AdCampaignRow, Vec<KeywordOutcome>);

    fn name(&self) -> &'static str {
        "ad_keywords.change"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<AdAccountRow>(self.party);
        needs.row::<AdCampaignRow>(self.campaign);
        want_keywords(needs, self.campaign, &self.items);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut row = own(tx, self.party, self.campaign, self.if_version)?;
        let terms = campaign_terms(ctx.rules.policy.now(ctx.now));
        let items = self.items.iter();
        let outcomes: Vec<_> = items.map(|wish| put_keyword(tx, ctx, &mut row, wish, &terms)).collect();
        let changed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        if changed > 0 {
            row.version += 1;
            let mut account = account_of(tx, self.party, ctx);
            let facts = Facts::new()
                .int("changed", i64::try_from(changed).unwrap_or(i64::MAX))
                .int("keywords_on", row.keywords);
            tell(tx, &mut account, "ads.keywords_changed", &row.id.to_string(), &facts);
            tx.put(account);
            tx.put(row.clone());
        }
        Ok((row, outcomes))
    }

    fn audit(&self, (row, outcomes): &Self::Output) -> (String, Facts) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        let facts = Facts::new().int("items", count(outcomes.len())).int("refused", count(refused));
        (row.id.to_string(), facts)
    }
}
