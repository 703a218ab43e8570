//! Campaigns: set up, changed one by one or many at once (A9).

use purser_domain::{
    ads::{
        campaign::{self, AdvertiserFacts, Campaign, Change, KeywordChange, Rejection as No},
        schedule::Schedule,
    },
    ids::{CampaignId, PartyId},
    parties::{PartyStatus, Role},
    time::Date,
};

use super::{
    events::tell,
    keywords::{put_keyword, want_keywords},
    rows::{AdAccountRow, AdCampaignRow, campaign_id},
    stop::{budget_changed, want_budget_change},
    terms::{account_state, campaign_terms},
};
use crate::{
    bulk::item_by_item,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// There is no such campaign.
/// What is said of a campaign that is not there.
pub fn unknown_campaign(id: CampaignId) -> Rejection {
    Rejection::new("campaign_unknown", format!("there is no campaign {id}"))
}

pub(super) fn rejected(no: &No) -> Rejection {
    let (field, facts) = match no {
        No::ExternalIdInvalid => ("/external_id".to_owned(), Facts::new()),
        No::NameInvalid => ("/name".to_owned(), Facts::new()),
        No::BudgetTooSmall { minimum_minor } => {
            ("/daily_budget_minor".to_owned(), Facts::new().int("minimum_minor", *minimum_minor))
        }
        No::ScheduleTooLong => ("/schedule".to_owned(), Facts::new()),
        No::ScheduleInvalid { at } | No::ScheduleOverlaps { at } => (format!("/schedule/{at}"), Facts::new()),
        No::FactorOutOfRange { at, least_ppm, most_ppm } => {
            let facts = Facts::new().int("least_ppm", *least_ppm).int("most_ppm", *most_ppm);
            (format!("/schedule/{at}/factor_ppm"), facts)
        }
        No::DatesInvalid => ("/ends_on".to_owned(), Facts::new()),
        No::KeywordInvalid | No::KeywordUnknown => ("/keyword".to_owned(), Facts::new()),
        No::BidTooSmall { minimum_minor } => {
            ("/bid_minor".to_owned(), Facts::new().int("minimum_minor", *minimum_minor))
        }
        No::BidMissing => ("/bid_minor".to_owned(), Facts::new()),
        No::PartyClosed
        | No::NotAnAdvertiser
        | No::Suspended
        | No::AmountOutOfRange
        | No::TooManyKeywords => (String::new(), Facts::new()),
    };
    let plain = Rejection::new(no.code(), no.to_string()).with(facts);
    if field.is_empty() { plain } else { plain.at(field) }
}

impl AdCampaignRow {
    /// To the domain's form.
    pub fn campaign(&self) -> Campaign {
        let date = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Date>().ok());
        Campaign {
            name: self.name.clone(),
            budget_minor: (self.budget > 0).then_some(self.budget),
            schedule: Schedule::decode(&self.schedule),
            on: self.active,
            starts_on: date(&self.starts_on),
            ends_on: date(&self.ends_on),
        }
    }

    /// Takes over what a decision changed.
    fn update(&mut self, campaign: &Campaign, ctx: &Ctx) {
        if self.active != campaign.on {
            self.switched_at = ctx.now;
        }
        self.name.clone_from(&campaign.name);
        self.budget = campaign.budget_minor.unwrap_or(0);
        self.schedule = campaign.schedule.encode();
        self.active = campaign.on;
        self.starts_on = campaign.starts_on.map(|date| date.to_string());
        self.ends_on = campaign.ends_on.map(|date| date.to_string());
        self.version += 1;
    }

    fn facts(&self) -> Facts {
        Facts::new()
            .text("external_id", &self.external_id)
            .text("name", &self.name)
            .int("daily_budget_minor", self.budget)
            .flag("on", self.active)
            .text("schedule", &self.schedule)
    }
}

/// The account of an advertiser; a new one where it has none yet.
pub(super) fn account_of(tx: &Tx, party: PartyId, ctx: &Ctx) -> AdAccountRow {
    tx.get::<AdAccountRow>(&party).cloned().unwrap_or_else(|| AdAccountRow::new(party, ctx.now))
}

/// Sets up a campaign with its keywords. The same again is the same campaign.
///
/// Rejections in order: `party_unknown`, `campaign_exists` (the id names another one), then those of
/// [`campaign::create`] and, with the place of the keyword, of [`campaign::keyword`].
pub struct CreateCampaign {
    /// The advertiser.
    pub party: PartyId,
    /// The platform's own id, unique within the advertiser.
    pub external_id: String,
    /// Shown name.
    pub name: String,
    /// Everything else.
    pub wish: Change,
    /// Its keywords.
    pub keywords: Vec<KeywordChange>,
}

impl CreateCampaign {
    fn id(&self) -> CampaignId {
        campaign_id(self.party, &self.external_id)
    }

    fn again(known: &AdCampaignRow, wanted: &Campaign) -> Result<AdCampaignRow, Rejection> {
        if known.campaign() == *wanted {
            return Ok(known.clone());
        }
        let text = format!("this id names {}, which is another campaign by now: change that one", known.id);
        let facts = Facts::new().text("campaign_id", known.id.to_string());
        Err(Rejection::new("campaign_exists", text).at("/external_id").with(facts))
    }
}

impl Command for CreateCampaign {
    type Output = AdCampaignRow;

    fn name(&self) -> &'static str {
        "ad_campaign.create"
    }

    fn weight(&self) -> usize {
        1 + self.keywords.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        needs.row::<AdAccountRow>(self.party);
        needs.row::<AdCampaignRow>(self.id());
        want_keywords(needs, self.id(), &self.keywords);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<AdCampaignRow, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?.party();
        let mut account = account_of(tx, self.party, ctx);
        let view = ctx.rules.policy.now(ctx.now);
        let terms = campaign_terms(view);
        let facts = AdvertiserFacts {
            closed: party.status == PartyStatus::Closed,
            advertiser: party.profile.roles.has(Role::Advertiser),
            state: account_state(&account, view, ctx.now),
        };
        let made = campaign::create(&self.external_id, &self.name, &self.wish, facts, &terms, ctx.today);
        let known = tx.get::<AdCampaignRow>(&self.id()).cloned();
        let wanted = match (made, &known) {
            (Ok(wanted), Some(known)) => return Self::again(known, &wanted),
            (made, _) => made.map_err(|no| rejected(&no))?,
        };
        let mut row = AdCampaignRow {
            id: self.id(),
            party: self.party,
            external_id: self.external_id.clone(),
            name: String::new(),
            budget: 0,
            schedule: String::new(),
            active: wanted.on,
            switched_at: ctx.now,
            starts_on: None,
            ends_on: None,
            keywords: 0,
            resumed_stop: account.stops,
            resumed_at: None,
            created_at: ctx.now,
            version: 0,
            resumed_before: String::new(),
        };
        row.update(&wanted, ctx);
        for (at, wish) in self.keywords.iter().enumerate() {
            put_keyword(tx, ctx, &mut row, wish, &terms).map_err(|no| {
                let field = no.field.clone().unwrap_or_default();
                no.at(format!("/keywords/{at}{field}"))
            })?;
        }
        tx.put(row.clone());
        tell(tx, &mut account, "ads.campaign_created", &row.id.to_string(), &row.facts());
        tx.put(account);
        Ok(row)
    }

    fn audit(&self, output: &AdCampaignRow) -> (String, Facts) {
        (output.id.to_string(), output.facts())
    }
}

/// What shall change of one campaign.
#[derive(Debug, Clone)]
pub struct CampaignEdit {
    /// Which.
    pub campaign: CampaignId,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
    /// How.
    pub change: Change,
}

/// What became of one edit: the campaign, and whether it changed.
pub type EditOutcome = Result<(AdCampaignRow, bool), Rejection>;

/// Changes campaigns of one advertiser, item by item.
///
/// Rejections of an item in order: `campaign_unknown`, `campaign_foreign` (of another advertiser), `version_conflict`,
/// then those of [`campaign::change`].
pub struct ChangeCampaigns {
    /// The advertiser.
    pub party: PartyId,
    /// In order.
    pub items: Vec<CampaignEdit>,
    /// One item: its refusal is the command's.
    pub single: bool,
}

impl Command for ChangeCampaigns {
    type Output = Vec<EditOutcome>;

    fn name(&self) -> &'static str {
        "ad_campaigns.change"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<AdAccountRow>(self.party);
        for item in &self.items {
            needs.row::<AdCampaignRow>(item.campaign);
            want_budget_change(needs, item.campaign, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Vec<EditOutcome>, Rejection> {
        item_by_item(tx, &self.items, self.single, |tx, item| edit(tx, ctx, self.party, item))
    }

    fn audit(&self, output: &Vec<EditOutcome>) -> (String, Facts) {
        let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        match output.as_slice() {
            [Ok((row, _))] => (row.id.to_string(), row.facts().int("version", row.version)),
            many => {
                let refused = many.iter().filter(|outcome| outcome.is_err()).count();
                let facts = Facts::new().int("items", count(many.len())).int("refused", count(refused));
                (self.party.to_string(), facts)
            }
        }
    }
}

/// A campaign of this advertiser, as the caller saw it.
pub(super) fn own(
    tx: &Tx,
    party: PartyId,
    id: CampaignId,
    if_version: Option<i64>,
) -> Result<AdCampaignRow, Rejection> {
    let row = tx.get::<AdCampaignRow>(&id).cloned().ok_or_else(|| unknown_campaign(id))?;
    if row.party != party {
        let text = format!("{id} is a campaign of another advertiser");
        return Err(Rejection::new("campaign_foreign", text).at("/campaign_id"));
    }
    if if_version.is_some_and(|version| version != row.version) {
        let text =
            format!("the campaign was changed meanwhile: it is at version {}, read it again", row.version);
        return Err(Rejection::new("version_conflict", text));
    }
    Ok(row)
}

fn edit(tx: &mut Tx, ctx: &Ctx, party: PartyId, item: &CampaignEdit) -> EditOutcome {
    let old = own(tx, party, item.campaign, item.if_version)?;
    let terms = campaign_terms(ctx.rules.policy.now(ctx.now));
    let before = old.campaign();
    let wanted = campaign::change(&before, &item.change, &terms, ctx.today).map_err(|no| rejected(&no))?;
    if wanted == before {
        return Ok((old, false));
    }
    let mut row = old.clone();
    row.update(&wanted, ctx);
    let mut account = account_of(tx, party, ctx);
    if row.budget != old.budget {
        budget_changed(tx, ctx, &mut account, &old, row.budget);
    }
    tell(tx, &mut account, "ads.campaign_changed", &row.id.to_string(), &row.facts());
    tx.put(account);
    tx.put(row.clone());
    Ok((row, true))
}
