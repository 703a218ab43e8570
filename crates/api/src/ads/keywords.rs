//! Keywords and bids of campaigns (A9).

use axum::{extract::Path, response::Response};
use purser_domain::{
    ads::campaign::KeywordChange,
    ids::{CampaignId, KeywordId},
};
use purser_engine::ads::{self, AdKeywordRow, ChangeKeywords, KeywordOutcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{campaigns::located, dto::AdItemError};
use crate::{
    edge::{
        Answer, Body, Call, Cursor, Page, PageParams, Params, bulk_size, json, page_of, parse_id, submit,
    },
    problem::Problem,
};

/// A keyword. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdKeyword {
    /// Id, `kw_…`: what a click names.
    id: String,
    /// The words, in small letters.
    keyword: String,
    /// What a click is worth.
    bid_minor: i64,
    /// Switched on.
    on: bool,
    /// Counts changes.
    version: i64,
}

impl From<&AdKeywordRow> for AdKeyword {
    fn from(row: &AdKeywordRow) -> Self {
        Self {
            id: row.id.to_string(),
            keyword: row.word.clone(),
            bid_minor: row.bid,
            on: row.active,
            version: row.version,
        }
    }
}

/// List a campaign's keywords with their bids
#[utoipa::path(get, path = "/v1/ad-campaigns/{id}/keywords", tag = "advertising",
    params(("id" = String, Path, description = "Campaign, `cmp_…`"), PageParams),
    responses((status = 200, body = Page<AdKeyword>, description = "Keywords")))]
pub(crate) async fn list_keywords(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Response, Problem> {
    let id: CampaignId = parse_id(&id, "id")?;
    located(&call, id).await?;
    let limit = params.limit()?;
    let after = params.cursor.as_deref().map(Cursor::decode).transpose()?.map(|at| KeywordId(at.id));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = call.app.read(move |session| ads::keywords(session, id, after, most)).await?;
    Ok(json(&page_of(rows, limit, |row| Cursor::id(row.id.0), |row| AdKeyword::from(&row))))
}

/// A keyword to add, change or take away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeywordItem {
    /// The words, 1 to 40 characters; letter case and runs of blanks make no difference.
    keyword: String,
    /// What a click is worth, minor units; needed for a new keyword.
    bid_minor: Option<i64>,
    /// Its switch; a new keyword is on when absent.
    on: Option<bool>,
    /// Takes it away.
    #[serde(default)]
    removed: bool,
}

/// Keywords of one campaign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeywordItems {
    /// In order; at most what policy `bulk.items` says.
    items: Vec<KeywordItem>,
}

/// What became of one keyword.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeywordItemOutcome {
    /// Position in the request.
    index: usize,
    /// The keyword as it is now; null when it was taken away, or refused.
    keyword: Option<AdKeyword>,
    /// Why not; null when it was taken.
    error: Option<AdItemError>,
}

/// What became of the keywords.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeywordOutcomes {
    /// Item by item, in order.
    items: Vec<KeywordItemOutcome>,
    /// Taken.
    taken: usize,
    /// Refused.
    refused: usize,
    /// Keywords of the campaign that are on.
    keywords_on: i64,
    /// Version of the campaign.
    version: i64,
}

fn outcome((index, outcome): (usize, &KeywordOutcome)) -> KeywordItemOutcome {
    match outcome {
        Ok(row) => KeywordItemOutcome { index, keyword: row.as_ref().map(AdKeyword::from), error: None },
        Err(no) => KeywordItemOutcome { index, keyword: None, error: Some(AdItemError::from(no.clone())) },
    }
}

/// Add, change and take away keywords of a campaign
///
/// Item by item: a refused item leaves the others alone.
#[utoipa::path(post, path = "/v1/ad-campaigns/{id}/keywords", tag = "advertising", request_body = KeywordItems,
    params(("id" = String, Path, description = "Campaign, `cmp_…`")),
    responses((status = 200, body = KeywordOutcomes, description = "Outcomes, in order")))]
pub(crate) async fn change_keywords(
    call: Call,
    Path(id): Path<String>,
    body: Body<KeywordItems>,
) -> Result<Response, Problem> {
    let Body { value, digest } = body;
    let campaign: CampaignId = parse_id(&id, "id")?;
    bulk_size("/items", value.items.len(), call.app.bulk_items())?;
    let party = located(&call, campaign).await?.party;
    let change = |item: KeywordItem| KeywordChange {
        text: item.keyword,
        bid_minor: item.bid_minor,
        on: item.on,
        removed: item.removed,
    };
    let items = value.items.into_iter().map(change).collect();
    let command = ChangeKeywords { party, campaign, if_version: call.if_match, items };
    submit(&call, digest, command, |(row, outcomes)| {
        let items: Vec<_> = outcomes.iter().enumerate().map(outcome).collect();
        let refused = items.iter().filter(|item| item.error.is_some()).count();
        let taken = items.len() - refused;
        Answer::ok(&KeywordOutcomes {
            items,
            taken,
            refused,
            keywords_on: row.keywords,
            version: row.version,
        })
    })
    .await
}
