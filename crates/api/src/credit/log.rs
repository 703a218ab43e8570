//! The log of a limit and what raises it (C10).

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{Way, advise},
    ids::PartyId,
    policy::keys,
};
use purser_engine::{
    Session,
    credit::{self, AsOf, Cause, ChangeFilter, LimitChange, limit_terms, sale_terms},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::read_limit;
use crate::{
    edge::{Call, Cursor, Page, Params, json, limit, parse_id},
    problem::Problem,
    records::{
        csv::{self, Lines, Look},
        export, span,
    },
};

/// A change of a limit. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// Number of the evaluation that changed it: its steps are those of the evaluations. Null for a change that today has
    /// brought and that is not written down yet.
    evaluation: Option<i64>,
    /// When.
    at: String,
    /// `report`, `staff`, `date`, `quarter`, `draw`, `phone` (another one was bound) or `policy` (the rules changed).
    cause: String,
    /// The limit before.
    before_minor: i64,
    /// The limit after.
    after_minor: i64,
    /// Why, in Chinese: the rules that give or take something else than before.
    reason_zh: String,
    /// Why, in English.
    reason_en: String,
    /// Policy version that decided.
    policy_version: i64,
}

impl From<&LimitChange> for ChangeView {
    fn from(change: &LimitChange) -> Self {
        let row = &change.row;
        Self {
            evaluation: (row.seq > 0).then_some(row.seq),
            at: row.at.to_string(),
            cause: row.cause.clone(),
            before_minor: row.before,
            after_minor: row.total,
            reason_zh: change.reason_zh.clone(),
            reason_en: change.reason_en.clone(),
            policy_version: row.policy_version,
        }
    }
}

macro_rules! params {
    ($(#[$doc:meta])* $name:ident { $($(#[$extra_doc:meta])* $extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(crate) struct $name {
            /// First civil date, in the business zone.
            from: Option<String>,
            /// Last civil date, included.
            until: Option<String>,
            /// Only what raised the limit (`up`) or lowered it (`down`).
            direction: Option<String>,
            $($(#[$extra_doc])* $extra: $kind,)*
        }

        impl $name {
            fn filter(&self, call: &Call) -> Result<ChangeFilter, Problem> {
                let (since, until) = span(&call.app, self.from.as_deref(), self.until.as_deref())?;
                let raised = match self.direction.as_deref() {
                    None => None,
                    Some("up") => Some(true),
                    Some("down") => Some(false),
                    Some(_) => return Err(Problem::invalid("direction", "up or down")),
                };
                Ok(ChangeFilter { since, until, raised })
            }
        }
    };
}

params! {
    /// Parameters of the log.
    LogParams {
        /// Most rows to return, 1 to 200; 50 when absent. A page may be shorter and still have a `next_cursor`.
        #[param(minimum = 1, maximum = 200)]
        limit: Option<usize>,
        /// `next_cursor` of the page before; opaque.
        cursor: Option<String>,
    }
}

params! {
    /// Parameters of the export of the log.
    LogExportParams {
        /// `en` or `zh`: headings and words; `en` when absent.
        lang: Option<String>,
        /// Begin with a byte order mark, for Excel.
        bom: Option<bool>,
    }
}

/// List the changes of a limit, newest first, each with its reason
#[utoipa::path(get, path = "/v1/parties/{id}/limit/log", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), LogParams),
    responses((status = 200, body = Page<ChangeView>, description = "Changes")))]
pub(crate) async fn list_limit_log(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<LogParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let (most, filter) = (limit(params.limit)?, params.filter(&call)?);
    let below = params.cursor.as_deref().map(Cursor::decode).transpose()?;
    let below = below.and_then(|cursor| cursor.numbers.first().copied());
    let (rules, now) = (call.app.rules(), call.app.now());
    let read = move |session: &mut dyn Session| {
        credit::limit_log(session, party, AsOf { rules: &rules, now }, &filter, below, most)
    };
    let page = call.app.read(read).await?;
    let next_cursor = page.next.map(|below| Cursor { numbers: vec![below], id: party.0 }.encode());
    Ok(json(&Page { data: page.rows.iter().map(ChangeView::from).collect(), next_cursor }))
}

const HEADINGS: [(&str, &str); 10] = [
    ("evaluation", "评估编号"),
    ("at", "时间"),
    ("cause", "起因码"),
    ("cause_text", "起因"),
    ("before", "调整前额度"),
    ("before_minor", "调整前额度（分）"),
    ("after", "调整后额度"),
    ("after_minor", "调整后额度（分）"),
    ("reason", "原因"),
    ("policy_version", "规则版本"),
];

/// Export the changes of a limit as CSV
///
/// Holds exactly what the filters show, newest first, streamed. Times are of the business zone.
#[utoipa::path(get, path = "/v1/parties/{id}/limit/log/export", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), LogExportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn export_limit_log(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<LogExportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let filter = params.filter(&call)?;
    let (rules, now) = (call.app.rules(), call.app.now());
    let read = move |session: &mut dyn Session, place| {
        credit::limit_log(session, party, AsOf { rules: &rules, now }, &filter, place, csv::ROWS)
    };
    let head = Lines::headed(look, &HEADINGS);
    export(call, "limit-log", head, read, move |lines, call, row| line(lines, call, look, row)).await
}

fn line(lines: &mut Lines, call: &Call, look: Look, change: &LimitChange) {
    let row = &change.row;
    lines.int((row.seq > 0).then_some(row.seq));
    lines.text(&call.app.zone.rfc3339(row.at));
    let (zh, en) = Cause::words(&row.cause);
    lines.text(&row.cause);
    lines.text(look.pick(en, zh));
    lines.money(Some(row.before));
    lines.money(Some(row.total));
    lines.text(look.pick(&change.reason_en, &change.reason_zh));
    lines.int(Some(row.policy_version));
    lines.end();
}

/// A way to a higher or freer limit by honest trade.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WayView {
    /// Stable name.
    code: &'static str,
    /// What it would add to what is available, minor units, by today's figures; null where that is for staff to say.
    gain_minor: Option<i64>,
    /// What it takes: `none`, `low`, `medium` or `high`.
    effort: &'static str,
    /// First civil date on which it can have effect; null where that depends on others.
    effect_on: Option<String>,
    /// First civil date on which it no longer has; null: for as long as it holds.
    until: Option<String>,
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
}

impl From<Way> for WayView {
    fn from(way: Way) -> Self {
        Self {
            code: way.code,
            gain_minor: way.gain_minor,
            effort: way.effort,
            effect_on: way.effect_on.map(|on| on.to_string()),
            until: way.until.map(|on| on.to_string()),
            zh: way.zh,
            en: way.en,
        }
    }
}

/// What is missing, and what raises the limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdviceView {
    /// The shop.
    merchant_id: String,
    /// What is available, minor units.
    available_minor: i64,
    /// Why there is no new use: `party_frozen`, `party_closed`, `locked` or `closing`; null while there is.
    closed: Option<&'static str>,
    /// What is missing for the amount, minor units; 0 when it fits.
    short_minor: i64,
    /// In Chinese; 额度不足，请提升信用 where something is missing.
    message_zh: String,
    /// In English.
    message_en: String,
    /// For a new shop: what it is advised to stay below in a day, minor units; null later.
    daily_minor: Option<i64>,
    /// Ways: what frees the limit first, then what raises it.
    ways: Vec<WayView>,
}

/// Parameters of advice.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdviceParams {
    /// Amount that the limit shall cover, minor units; 0 when absent.
    #[param(minimum = 0)]
    amount_minor: Option<i64>,
}

/// Ask what is missing, and which trade raises the limit
#[utoipa::path(get, path = "/v1/parties/{id}/limit/advice", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), AdviceParams),
    responses((status = 200, body = AdviceView, description = "Advice")))]
pub(crate) async fn advise_on_limit(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<AdviceParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let needed = params.amount_minor.unwrap_or(0);
    if needed < 0 {
        return Err(Problem::invalid("amount_minor", "minor units, 0 or more"));
    }
    let view = read_limit(&call, party).await?;
    let (now, rules) = (call.app.now(), call.app.rules());
    let policy = rules.policy.now(now);
    let terms = (&limit_terms(policy), &sale_terms(policy), policy.value(keys::VELOCITY_ADVICE_SHARE));
    let advice = advise(&view.known, &view.standing(), needed, call.app.zone.date(now), terms);
    let (zh, en) = match (view.closed, advice.short_minor) {
        (Some(_), _) => ("额度暂停使用。", "The limit takes no new use now."),
        (None, 1..) => ("额度不足，请提升信用。", "The limit does not cover it; honest trade raises it."),
        (None, _) => ("额度充足。", "The limit covers it."),
    };
    Ok(json(&AdviceView {
        merchant_id: party.to_string(),
        available_minor: advice.available_minor,
        closed: view.closed.map(credit::Closed::name),
        short_minor: advice.short_minor,
        message_zh: zh.to_owned(),
        message_en: en.to_owned(),
        daily_minor: advice.daily_minor,
        ways: advice.ways.into_iter().map(WayView::from).collect(),
    }))
}
