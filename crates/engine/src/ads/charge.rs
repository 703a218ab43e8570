//! Charging clicks (A4, A7), singly and in bulk, item by item: a refused click leaves the others alone. A click is known
//! by its own id, for weeks and across restarts, so that no other key is needed: the same click again costs nothing and
//! is answered as before.

use std::{collections::BTreeMap, sync::Arc};

use purser_domain::{
    ads::price::Pricing,
    ids::{CampaignId, KeywordId, PartyId},
    time::Timestamp,
};
use purser_storage::Statement;

use super::{
    balance,
    desk::Desk,
    leads,
    moment::Moments,
    rollups::{self, NONE},
    rows::{AdBudgetDayRow, AdCampaignRow, AdClickRow, AdKeywordRow, IN_BUDGET},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

static NEWEST_CLICK: Statement =
    Statement { name: "ads.newest_click", sql: "SELECT id FROM ad_clicks ORDER BY id DESC LIMIT 1" };

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&NEWEST_CLICK];

/// Longest id of a click, in bytes.
const ID_MAX: usize = 64;

/// A click to be charged.
#[derive(Debug, Clone)]
pub struct ClickItem {
    /// The ad server's id of the click: unique for good.
    pub click_id: Arc<str>,
    /// The campaign.
    pub campaign: CampaignId,
    /// Whose campaign the caller takes it for.
    pub party: Option<PartyId>,
    /// The keyword.
    pub keyword: Option<KeywordId>,
    /// When it was clicked.
    pub at: Timestamp,
    /// How its price is found.
    pub pricing: Pricing,
}

/// A click that was charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickCharged {
    /// What it cost, minor units.
    pub amount_minor: i64,
    /// It had been charged before; nothing moved.
    pub replayed: bool,
}

/// What became of a click.
pub type ClickOutcome = Result<ClickCharged, Box<Rejection>>;

/// Charges clicks.
///
/// Rejections of an item in order: `click_id_invalid`, `click_conflict`, `campaign_unknown`, `campaign_foreign`; then
/// those of [`purser_domain::ads::charge::Rejection`].
pub struct ChargeClicks {
    items: Vec<ClickItem>,
    single: bool,
    /// The campaigns of all items, each once.
    campaigns: Vec<CampaignId>,
    /// For each item the place of its campaign.
    places: Vec<usize>,
}

impl ChargeClicks {
    /// Item by item, in order.
    pub fn bulk(items: Vec<ClickItem>) -> Self {
        Self::new(items, false)
    }

    /// One click: its refusal is the command's.
    pub fn single(item: ClickItem) -> Self {
        Self::new(vec![item], true)
    }

    fn new(items: Vec<ClickItem>, single: bool) -> Self {
        let mut known: BTreeMap<CampaignId, usize> = BTreeMap::new();
        let mut campaigns = Vec::new();
        let place = |item: &ClickItem| {
            *known.entry(item.campaign).or_insert_with(|| {
                campaigns.push(item.campaign);
                campaigns.len() - 1
            })
        };
        let places = items.iter().map(place).collect();
        Self { items, single, campaigns, places }
    }

    /// Ids above the newest one known belong to no charged click. Only where nobody else can write, and where the order
    /// of texts is that of their bytes.
    fn want_clicks(&self, needs: &mut Needs<'_>) {
        let newest = newest_click(needs);
        for item in &self.items {
            match &newest {
                Some(newest) if *item.click_id > **newest => {
                    needs.absent::<AdClickRow>(Arc::clone(&item.click_id));
                }
                _ => needs.row::<AdClickRow>(Arc::clone(&item.click_id)),
            }
        }
    }

    fn decide_item(
        tx: &mut Tx,
        desk: &mut Desk<'_>,
        item: &ClickItem,
        place: usize,
    ) -> Result<ClickCharged, Rejection> {
        check_id(&item.click_id)?;
        if let Some(known) = tx.get::<AdClickRow>(&item.click_id) {
            return replayed(known, item);
        }
        let taken = desk.charge(tx, place, item)?;
        tx.put(AdClickRow {
            id: Arc::clone(&item.click_id),
            campaign: item.campaign,
            keyword: item.keyword.map_or_else(Vec::new, |keyword| keyword.0.0.to_vec()),
            click_at: item.at,
            amount: taken.amount_minor,
            inputs: item.pricing.inputs(),
            split: taken.split,
            flags: if taken.in_budget { IN_BUDGET } else { 0 },
        });
        Ok(ClickCharged { amount_minor: taken.amount_minor, replayed: false })
    }
}

/// The newest id of a click that was charged before this group.
#[derive(Default)]
struct Newest(Option<Arc<str>>);

/// The newest id that is known; `None` where others write too. Read once a group.
fn newest_click(needs: &mut Needs<'_>) -> Option<Arc<str>> {
    if !needs.is_exclusive() {
        return None;
    }
    if let Some(newest) = &needs.tx.hints.of_group::<Newest>().0 {
        return Some(Arc::clone(newest));
    }
    let mut newest: Arc<str> = Arc::from("");
    needs.read(&NEWEST_CLICK, &[], &mut |row| {
        newest = Arc::from(row.text(0));
        true
    });
    needs.tx.hints.of_group::<Newest>().0 = Some(Arc::clone(&newest));
    Some(newest)
}

fn check_id(id: &str) -> Result<(), Rejection> {
    if id.is_empty() || id.len() > ID_MAX || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        let text = format!("a click id has 1 to {ID_MAX} visible ASCII characters");
        return Err(Rejection::new("click_id_invalid", text).at("/click_id"));
    }
    Ok(())
}

/// The same click again is the same answer; another click under its id is a mistake of the caller.
fn replayed(known: &AdClickRow, item: &ClickItem) -> Result<ClickCharged, Rejection> {
    let same_price = match item.pricing {
        Pricing::Given(price_minor) => known.inputs == 0 && known.amount == price_minor,
        auction @ Pricing::Auction { .. } => known.inputs == auction.inputs(),
    };
    let same_keyword = match &item.keyword {
        Some(keyword) => known.keyword == keyword.0.0,
        None => known.keyword.is_empty(),
    };
    let same = known.campaign == item.campaign && same_keyword && known.click_at == item.at;
    if same && same_price {
        return Ok(ClickCharged { amount_minor: known.amount, replayed: true });
    }
    let text = "this click was charged before with another campaign, keyword, time or price";
    Err(Rejection::new("click_conflict", text).at("/click_id"))
}

impl Command for ChargeClicks {
    type Output = Vec<ClickOutcome>;

    fn name(&self) -> &'static str {
        "ad_clicks.charge"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&balance::revenue(ctx.rules.currency));
        let owners = leads::owners(needs, &self.campaigns);
        let mut parties: Vec<PartyId> = owners.values().copied().collect();
        parties.sort_unstable();
        parties.dedup();
        balance::want(needs, parties, ctx);
        for campaign in owners.keys() {
            needs.row::<AdCampaignRow>(*campaign);
        }
        self.want_clicks(needs);
        let owners: Vec<Option<PartyId>> =
            self.campaigns.iter().map(|campaign| owners.get(campaign).copied()).collect();
        // What a campaign's click before this one needed, this one mostly needs too.
        let mut last = vec![None; self.campaigns.len()];
        let mut moments = Moments::new(ctx);
        for (item, place) in self.items.iter().zip(&self.places) {
            let (Some(Some(party)), Some(last)) = (owners.get(*place), last.get_mut(*place)) else {
                continue;
            };
            let at = moments.at(item.at);
            let keyword = item.keyword.unwrap_or(NONE);
            let wanted = Some((at.hour, at.day, keyword));
            if *last == wanted {
                continue;
            }
            *last = wanted;
            needs.row::<AdBudgetDayRow>((item.campaign, at.day));
            rollups::want(needs, *party, item.campaign, keyword, &at);
            if keyword != NONE {
                needs.row::<AdKeywordRow>((item.campaign, keyword));
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut desk = Desk::new(tx, ctx, &self.campaigns)?;
        let mut outcomes = Vec::with_capacity(self.items.len());
        for (item, place) in self.items.iter().zip(&self.places) {
            match Self::decide_item(tx, &mut desk, item, *place) {
                Err(rejection) if self.single => return Err(rejection),
                outcome => outcomes.push(outcome.map_err(Box::new)),
            }
        }
        desk.put(tx)?;
        Ok(outcomes)
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let (mut charged, mut replayed, mut refused, mut sum) = (0, 0, 0, 0i64);
        for outcome in output {
            match outcome {
                Ok(click) if click.replayed => replayed += 1,
                Ok(click) => {
                    charged += 1;
                    sum = sum.saturating_add(click.amount_minor);
                }
                Err(_) => refused += 1,
            }
        }
        let subject = match self.campaigns.as_slice() {
            [one] => one.to_string(),
            _ => String::new(),
        };
        let facts = Facts::new()
            .int("charged", charged)
            .int("replayed", replayed)
            .int("refused", refused)
            .int("amount_minor", sum);
        (subject, facts)
    }
}
