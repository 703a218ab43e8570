//! Campaigns (A9) and resuming them (A5).

use axum::{extract::Path, response::Response};
use purser_domain::{
    ads::campaign::KeywordChange,
    ads::status::Reason,
    ids::{CampaignId, PartyId},
};
use purser_engine::{
    Rejection,
    ads::{
        self, AdCampaignRow, CampaignEdit, ChangeCampaigns, CreateCampaign, EditOutcome, ResumeCampaigns,
        Resumed,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Reading,
    dto::{AdCampaign, AdItemError, CampaignChange, CampaignMade, Wrong, invalid},
    of_advertiser,
};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, Params, bulk_size, json, json_versioned, limit, parse_id, submit,
    },
    feed::path_digest,
    problem::Problem,
};

/// A keyword of a new campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKeyword {
    /// The words, 1 to 40 characters; letter case and runs of blanks make no difference.
    keyword: String,
    /// What a click is worth, minor units.
    bid_minor: i64,
    /// Switched on; on when absent.
    on: Option<bool>,
}

/// A campaign to set up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCampaign {
    /// The advertiser, `pty_…`.
    party_id: String,
    /// Your own id, unique within the advertiser; it never changes.
    external_id: String,
    /// Shown name, 1 to 40 characters.
    name: String,
    /// Most that a civil day may cost, minor units; no limit when absent.
    daily_budget_minor: Option<i64>,
    /// Hours in which it is shown; always when absent.
    schedule: Option<Vec<super::dto::ScheduleWindow>>,
    /// The advertiser's own switch; on when absent.
    on: Option<bool>,
    /// First civil date; at once when absent.
    starts_on: Option<String>,
    /// Last civil date; no end when absent.
    ends_on: Option<String>,
    /// Its keywords.
    #[serde(default)]
    keywords: Vec<NewKeyword>,
}

/// Most keywords that come with a new campaign.
const KEYWORDS_MAX: usize = 200;

/// Set up a campaign
///
/// The same again is the same campaign; its id with another content is refused. It needs no resuming: it is shown as
/// soon as there is money.
#[utoipa::path(post, path = "/v1/ad-campaigns", tag = "advertising", request_body = NewCampaign,
    responses((status = 201, body = CampaignMade, description = "The campaign")))]
pub(crate) async fn create_campaign(call: Call, body: Body<NewCampaign>) -> Result<Response, Problem> {
    let given = body.value;
    if given.keywords.len() > KEYWORDS_MAX {
        let text = format!("at most {KEYWORDS_MAX} keywords at once: add the others afterwards");
        return Err(Problem::invalid("/keywords", text));
    }
    let change = CampaignChange {
        name: None,
        daily_budget_minor: given.daily_budget_minor.map(Some),
        schedule: given.schedule,
        on: given.on,
        starts_on: given.starts_on.map(Some),
        ends_on: given.ends_on.map(Some),
    };
    let keyword = |given: NewKeyword| KeywordChange {
        text: given.keyword,
        bid_minor: Some(given.bid_minor),
        on: given.on,
        removed: false,
    };
    let command = CreateCampaign {
        party: parse_id(&given.party_id, "/party_id")?,
        external_id: given.external_id,
        name: given.name,
        wish: change.read().map_err(invalid)?,
        keywords: given.keywords.into_iter().map(keyword).collect(),
    };
    submit(&call, body.digest, Placed(command, change), |row| Answer::created(&CampaignMade::from(row))).await
}

/// A command whose refusals name a window of the schedule as the caller gave it.
struct Placed<C>(C, CampaignChange);

impl<C: purser_engine::Command> purser_engine::Command for Placed<C>
where
    Placed<C>: Sync,
{
    type Output = C::Output;

    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn weight(&self) -> usize {
        self.0.weight()
    }
    fn lookups(&self, needs: &mut purser_engine::Needs<'_>) {
        self.0.lookups(needs);
    }
    fn needs(&self, needs: &mut purser_engine::Needs<'_>, ctx: &purser_engine::Ctx) {
        self.0.needs(needs, ctx);
    }
    fn decide(
        &self,
        tx: &mut purser_engine::Tx,
        ctx: &purser_engine::Ctx,
    ) -> Result<Self::Output, purser_engine::Rejection> {
        self.0.decide(tx, ctx).map_err(|no| self.1.place(no))
    }
    fn audit(&self, output: &Self::Output) -> (String, purser_engine::facts::Facts) {
        self.0.audit(output)
    }
    fn audited(&self) -> bool {
        self.0.audited()
    }
}

/// The advertiser of a campaign: it never changes, so it may be looked up before the commit.
pub(super) async fn located(call: &Call, id: CampaignId) -> Result<AdCampaignRow, Problem> {
    let found = call.app.read(move |session| ads::campaign(session, id)).await?;
    found.ok_or_else(|| Problem::not_found("campaign_unknown", format!("there is no campaign {id}")))
}

/// Read a campaign with its true status
#[utoipa::path(get, path = "/v1/ad-campaigns/{id}", tag = "advertising",
    params(("id" = String, Path, description = "Campaign, `cmp_…`")),
    responses((status = 200, body = AdCampaign, description = "The campaign")))]
pub(crate) async fn get_campaign(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let id: CampaignId = parse_id(&id, "id")?;
    let reading = Reading::of(&call.app);
    let read = move |session: &mut dyn purser_engine::Session| {
        let Some(row) = ads::campaign(session, id)? else { return Ok(None) };
        let party = row.party;
        Ok(ads::campaign_views(session, party, vec![row], &reading.moment())?.pop())
    };
    let view = call.app.read(read).await?;
    let view =
        view.ok_or_else(|| Problem::not_found("campaign_unknown", format!("there is no campaign {id}")))?;
    Ok(json_versioned(&AdCampaign::from(&view), view.row.version))
}

/// Which campaigns a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CampaignParams {
    /// Only those whose status is this: `running`, `to_be_resumed`, …
    status: Option<String>,
    /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    cursor: Option<String>,
}

/// List an advertiser's campaigns with their true status
#[utoipa::path(get, path = "/v1/parties/{id}/ad-campaigns", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`"), CampaignParams),
    responses((status = 200, body = Page<AdCampaign>, description = "Campaigns")))]
pub(crate) async fn list_campaigns(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<CampaignParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let known = |name: &str| name == "running" || Reason::ALL.iter().any(|reason| reason.name() == name);
    if params.status.as_deref().is_some_and(|name| !known(name)) {
        let names = Reason::ALL.iter().map(|reason| reason.name()).collect::<Vec<_>>().join(", ");
        return Err(Problem::invalid("status", format!("a status is running, {names}")));
    }
    let most = limit(params.limit)?;
    let after = params.cursor.as_deref().map(Cursor::decode).transpose()?.map(|at| CampaignId(at.id));
    let reading = Reading::of(&call.app);
    let read = move |session: &mut dyn purser_engine::Session| {
        of_advertiser(session, party, |session, _| {
            ads::campaigns(session, party, params.status.as_deref(), after, most, &reading.moment())
        })
    };
    let page = call.app.read(read).await?.or_problem(party)?;
    let next_cursor = page.next.map(|id| Cursor::id(id.0).encode());
    Ok(json(&Page { data: page.rows.iter().map(AdCampaign::from).collect(), next_cursor }))
}

/// Change a campaign
///
/// What is absent stays as it is. Raising a budget that is used up brings the campaign back at once.
#[utoipa::path(patch, path = "/v1/ad-campaigns/{id}", tag = "advertising", request_body = CampaignChange,
    params(("id" = String, Path, description = "Campaign, `cmp_…`")),
    responses((status = 200, body = CampaignMade, description = "The campaign as it is now")))]
pub(crate) async fn change_campaign(
    call: Call,
    Path(id): Path<String>,
    body: Body<CampaignChange>,
) -> Result<Response, Problem> {
    let campaign: CampaignId = parse_id(&id, "id")?;
    let change = body.value.read().map_err(invalid)?;
    let party = located(&call, campaign).await?.party;
    let item = CampaignEdit { campaign, if_version: call.if_match, change };
    let command = Placed(ChangeCampaigns { party, items: vec![item], single: true }, body.value);
    submit(&call, body.digest, command, |outcomes| match outcomes.first() {
        Some(Ok((row, _))) => Answer::ok(&CampaignMade::from(row)),
        _ => Answer::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, &serde_json::Value::Null),
    })
    .await
}

/// A change of one of several campaigns.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignItem {
    /// Campaign, `cmp_…`.
    campaign_id: String,
    /// The version that you saw; another one is refused.
    if_version: Option<i64>,
    /// What changes.
    change: CampaignChange,
}

/// Changes of several campaigns of one advertiser.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignItems {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<CampaignItem>,
}

/// What became of one change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignItemOutcome {
    /// Position in the request.
    index: usize,
    /// The campaign as it is now; null when the change was refused.
    campaign: Option<CampaignMade>,
    /// Whether anything changed.
    changed: bool,
    /// Why not; null when it was taken.
    error: Option<AdItemError>,
}

/// What became of the changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignOutcomes {
    /// Item by item, in order.
    items: Vec<CampaignItemOutcome>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
}

type Read = Result<(usize, CampaignId, CampaignChange), Wrong>;

/// To somebody in the portal what is another advertiser's is like what is not there (P18).
fn as_told(rejection: &Rejection, campaign: CampaignId, portal: bool) -> Rejection {
    if portal && rejection.code == "campaign_foreign" {
        return ads::unknown_campaign(campaign);
    }
    rejection.clone()
}

fn outcome(index: usize, place: &Read, outcomes: &[EditOutcome], portal: bool) -> CampaignItemOutcome {
    let refused = |error| CampaignItemOutcome { index, campaign: None, changed: false, error: Some(error) };
    let (at, campaign, change) = match place {
        Ok(place) => place,
        Err(wrong) => return refused(AdItemError::from(wrong)),
    };
    match outcomes.get(*at) {
        Some(Ok((row, changed))) => CampaignItemOutcome {
            index,
            campaign: Some(CampaignMade::from(row)),
            changed: *changed,
            error: None,
        },
        Some(Err(rejection)) => {
            let mut placed = change.place(as_told(rejection, *campaign, portal));
            let inside =
                |field: String| if field == "/campaign_id" { field } else { format!("/change{field}") };
            placed.field = placed.field.map(inside);
            refused(AdItemError::from(placed))
        }
        None => refused(AdItemError::from(&(String::new(), "no outcome".to_owned()))),
    }
}

/// Change many campaigns of one advertiser
///
/// Item by item: a refused item leaves the others alone. A campaign of another advertiser is refused.
#[utoipa::path(post, path = "/v1/parties/{id}/ad-campaigns/bulk", tag = "advertising", request_body = CampaignItems,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = CampaignOutcomes, description = "Outcomes, in order")))]
pub(crate) async fn change_campaigns(
    call: Call,
    Path(id): Path<String>,
    body: Body<CampaignItems>,
) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    let party: PartyId = parse_id(&id, "id")?;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let (mut items, mut places) = (Vec::new(), Vec::<Read>::with_capacity(value.items.len()));
    for item in value.items {
        let campaign = item.campaign_id.parse::<CampaignId>();
        let campaign = campaign.map_err(|error| ("/campaign_id".to_owned(), error.to_string()));
        let change = item.change.read().map_err(|(field, text)| (format!("/change{field}"), text));
        let place = campaign.and_then(|campaign| change.map(|change| (campaign, change)));
        places.push(place.map(|(campaign, change)| {
            items.push(CampaignEdit { campaign, if_version: item.if_version, change });
            (items.len() - 1, campaign, item.change)
        }));
    }
    let portal = call.identity.portal.is_some();
    submit(&call, digest, ChangeCampaigns { party, items, single: false }, move |outcomes| {
        let items = places.iter().enumerate().map(|(n, place)| outcome(n, place, outcomes, portal));
        let items: Vec<_> = items.collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        Answer::ok(&CampaignOutcomes { taken: items.len() - refused, refused, items })
    })
    .await
}

/// Where to go after resuming.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResumeLink {
    /// `bids` or `alerts`.
    rel: &'static str,
    /// Path of the API.
    href: String,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// What resuming came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResumeOutcome {
    /// The advertiser.
    party_id: String,
    /// The campaign; null when all were resumed.
    campaign_id: Option<String>,
    /// False when nothing waited to be resumed.
    resumed: bool,
    /// Stops for money so far: everything before is over.
    epoch: i64,
    /// Worth a look now.
    next: Vec<ResumeLink>,
}

fn resumed(done: &Resumed) -> Answer {
    let party = done.account.party;
    let alerts = ResumeLink {
        rel: "alerts",
        href: format!("/v1/parties/{party}/ad-account"),
        zh: "设置余额提醒",
        en: "Set an alert for the balance",
    };
    let bids = done.campaign.as_ref().map_or_else(
        || format!("/v1/parties/{party}/ad-campaigns"),
        |row| format!("/v1/ad-campaigns/{}/keywords", row.id),
    );
    let bids = ResumeLink { rel: "bids", href: bids, zh: "检查关键词出价", en: "Look at the bids" };
    Answer::ok(&ResumeOutcome {
        party_id: party.to_string(),
        campaign_id: done.campaign.as_ref().map(|row| row.id.to_string()),
        resumed: done.changed,
        epoch: done.account.stops,
        next: vec![bids, alerts],
    })
}

/// Resume a campaign that was stopped for money
///
/// After a top-up, campaigns wait to be resumed. One that the advertiser switched off itself stays off.
#[utoipa::path(post, path = "/v1/ad-campaigns/{id}/resume", tag = "advertising",
    params(("id" = String, Path, description = "Campaign, `cmp_…`")),
    responses((status = 200, body = ResumeOutcome, description = "Resumed, now or before")))]
pub(crate) async fn resume_campaign(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let campaign: CampaignId = parse_id(&id, "id")?;
    let party = located(&call, campaign).await?.party;
    let command = ResumeCampaigns { party, campaign: Some(campaign) };
    submit(&call, path_digest(&["resume", &id]), command, resumed).await
}

/// Resume all campaigns of an advertiser that were stopped for money
#[utoipa::path(post, path = "/v1/parties/{id}/ad-account/resume", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = ResumeOutcome, description = "Resumed, now or before")))]
pub(crate) async fn resume_campaigns(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let command = ResumeCampaigns { party, campaign: None };
    submit(&call, path_digest(&["resume-all", &id]), command, resumed).await
}
