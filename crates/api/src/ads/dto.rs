//! What campaigns look like outside.
#![expect(clippy::option_option, reason = "absent, null and a value are three things in an edit")]

use purser_domain::{
    ads::{
        campaign::Change,
        schedule::{Window, minutes, time_of_day},
    },
    money::Rate,
    time::Date,
};
use purser_engine::{
    Rejection,
    ads::{AdCampaignRow, CampaignView},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

pub(super) use crate::ad_clicks::AdItemError;
use crate::problem::Problem;

/// A field that may be absent (leave it), null (take it away) or given.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Hours of the week in which a campaign is shown.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScheduleWindow {
    /// Days of the week: 1 is Monday, 7 is Sunday.
    pub(super) days: Vec<i8>,
    /// From this time on, `08:00`.
    pub(super) from: String,
    /// Until this time, `22:30`; `24:00` is the end of the day. Over midnight it is two windows.
    pub(super) until: String,
    /// Bids count at this part, parts per million; 1,000,000 when absent.
    #[serde(default = "whole")]
    pub(super) factor_ppm: i64,
}

const fn whole() -> i64 {
    1_000_000
}

/// What may be set of a campaign. What is absent stays as it is; null takes it away.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CampaignChange {
    /// Shown name, 1 to 40 characters.
    pub(super) name: Option<String>,
    /// Most that a civil day may cost, minor units; null: no limit.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    pub(super) daily_budget_minor: Option<Option<i64>>,
    /// Hours in which it is shown; empty: always.
    pub(super) schedule: Option<Vec<ScheduleWindow>>,
    /// The advertiser's own switch.
    pub(super) on: Option<bool>,
    /// First civil date; null: at once.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(super) starts_on: Option<Option<String>>,
    /// Last civil date; null: no end.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub(super) ends_on: Option<Option<String>>,
}

/// Where an input is wrong, and what would be right.
pub(super) type Wrong = (String, String);

pub(super) fn invalid((field, text): Wrong) -> Problem {
    Problem::invalid(field, text)
}

fn wrong(field: impl Into<String>, text: &str) -> Wrong {
    (field.into(), text.to_owned())
}

pub(super) fn date(text: &str, field: &str) -> Result<Date, Wrong> {
    let parsed = text.parse::<Date>().ok().filter(|date| (2000..=2199).contains(&date.year()));
    parsed.ok_or_else(|| wrong(field, "a civil date between 2000 and 2199, like 2026-03-01"))
}

fn windows(given: &[ScheduleWindow]) -> Result<Vec<Window>, Wrong> {
    let mut all = Vec::new();
    for (at, window) in given.iter().enumerate() {
        let time = |text: &str, name: &str| {
            minutes(text).ok_or_else(|| {
                wrong(format!("/schedule/{at}/{name}"), "a time of day, like 08:00; 24:00 ends a day")
            })
        };
        let (from, until) = (time(&window.from, "from")?, time(&window.until, "until")?);
        if window.days.is_empty() {
            return Err(wrong(format!("/schedule/{at}/days"), "name one day or more, 1 to 7"));
        }
        let factor = Rate::ppm(window.factor_ppm);
        all.extend(window.days.iter().map(|day| Window { day: *day, from, until, factor }));
    }
    Ok(all)
}

impl CampaignChange {
    /// Reads it.
    pub(super) fn read(&self) -> Result<Change, Wrong> {
        let day = |given: &Option<Option<String>>, field: &str| match given {
            None => Ok(None),
            Some(None) => Ok(Some(None)),
            Some(Some(text)) => date(text, field).map(|date| Some(Some(date))),
        };
        Ok(Change {
            name: self.name.clone(),
            budget_minor: self.daily_budget_minor,
            schedule: self.schedule.as_deref().map(windows).transpose()?,
            on: self.on,
            starts_on: day(&self.starts_on, "/starts_on")?,
            ends_on: day(&self.ends_on, "/ends_on")?,
        })
    }

    /// Turns the place of a window of the rules, which know one day each, into that of the input.
    pub(super) fn place(&self, mut rejection: Rejection) -> Rejection {
        let Some(rest) = rejection.field.as_deref().and_then(|field| field.strip_prefix("/schedule/")) else {
            return rejection;
        };
        let (number, tail) = rest.split_once('/').map_or((rest, ""), |(number, tail)| (number, tail));
        let given = self.schedule.as_deref().unwrap_or_default();
        let mut left = number.parse::<usize>().unwrap_or(0);
        let found = given.iter().position(|window| {
            let here = left < window.days.len();
            left = left.saturating_sub(window.days.len());
            here
        });
        let slash = if tail.is_empty() { "" } else { "/" };
        rejection.field = Some(format!("/schedule/{}{slash}{tail}", found.unwrap_or(0)));
        rejection
    }
}

/// A reason why a campaign is not shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusReason {
    /// Stable code: `ended`, `suspended`, `arrears`, `no_balance`, `to_be_resumed`, `paused`, `not_started`,
    /// `no_keywords`, `daily_budget` or `off_schedule`.
    code: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// Whether a campaign is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignStatus {
    /// `running`, or the code of the first reason.
    state: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// Every reason against it, the most important first.
    reasons: Vec<StatusReason>,
    /// When its schedule opens next, as a civil date and a time of day; null while it is open.
    opens_at: Option<String>,
}

/// A campaign with its true status. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdCampaign {
    /// Id, `cmp_…`.
    id: String,
    /// The advertiser.
    party_id: String,
    /// Your own id.
    external_id: String,
    /// Shown name.
    name: String,
    /// Most that a civil day may cost; null: no limit.
    daily_budget_minor: Option<i64>,
    /// What today cost so far.
    spent_today_minor: i64,
    /// Hours in which it is shown; empty: always.
    schedule: Vec<ScheduleWindow>,
    /// The advertiser's own switch.
    on: bool,
    /// First civil date; null: at once.
    starts_on: Option<String>,
    /// Last civil date; null: no end.
    ends_on: Option<String>,
    /// Keywords that are on.
    keywords_on: i64,
    /// Whether it is shown now.
    status: CampaignStatus,
    /// When it was set up.
    created_at: String,
    /// Counts changes: the `ETag`.
    version: i64,
}

fn schedule(row: &AdCampaignRow) -> Vec<ScheduleWindow> {
    let mut shown: Vec<(u16, u16, i64, Vec<i8>)> = Vec::new();
    for window in row.campaign().schedule.windows() {
        let (from, until, factor) = (window.from, window.until, window.factor.as_ppm());
        match shown.iter_mut().find(|w| (w.0, w.1, w.2) == (from, until, factor)) {
            Some(known) => known.3.push(window.day),
            None => shown.push((from, until, factor, vec![window.day])),
        }
    }
    let window = |(from, until, factor_ppm, days)| ScheduleWindow {
        days,
        from: time_of_day(from),
        until: time_of_day(until),
        factor_ppm,
    };
    shown.into_iter().map(window).collect()
}

impl From<&CampaignView> for AdCampaign {
    fn from(view: &CampaignView) -> Self {
        let row = &view.row;
        let reason = |reason: &purser_domain::ads::status::Reason| StatusReason {
            code: reason.name(),
            zh: reason.zh(),
            en: reason.en(),
        };
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            external_id: row.external_id.clone(),
            name: row.name.clone(),
            daily_budget_minor: (row.budget > 0).then_some(row.budget),
            spent_today_minor: view.spent_today_minor,
            schedule: schedule(row),
            on: row.active,
            starts_on: row.starts_on.clone(),
            ends_on: row.ends_on.clone(),
            keywords_on: row.keywords,
            status: CampaignStatus {
                state: view.status.name(),
                zh: view.status.zh(),
                en: view.status.en(),
                reasons: view.status.reasons.iter().map(reason).collect(),
                opens_at: view.opens.map(|(date, at)| format!("{date}T{}", time_of_day(at))),
            },
            created_at: row.created_at.to_string(),
            version: row.version,
        }
    }
}

/// A campaign as it was written: its status is read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CampaignMade {
    /// Id, `cmp_…`.
    id: String,
    /// The advertiser.
    party_id: String,
    /// Your own id.
    external_id: String,
    /// Shown name.
    name: String,
    /// Most that a civil day may cost, minor units; null: no limit.
    daily_budget_minor: Option<i64>,
    /// Hours in which it is shown; empty: always.
    schedule: Vec<ScheduleWindow>,
    /// The advertiser's own switch.
    on: bool,
    /// First civil date; null: at once.
    starts_on: Option<String>,
    /// Last civil date; null: no end.
    ends_on: Option<String>,
    /// Keywords that are on.
    keywords_on: i64,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&AdCampaignRow> for CampaignMade {
    fn from(row: &AdCampaignRow) -> Self {
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            external_id: row.external_id.clone(),
            name: row.name.clone(),
            daily_budget_minor: (row.budget > 0).then_some(row.budget),
            schedule: schedule(row),
            on: row.active,
            starts_on: row.starts_on.clone(),
            ends_on: row.ends_on.clone(),
            keywords_on: row.keywords,
            version: row.version,
        }
    }
}
