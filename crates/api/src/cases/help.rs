//! Whom to ask about what (X17).

use axum::response::Response;
use purser_domain::help::{Contact, Link};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Params, json},
    problem::Problem,
};

/// Somebody to ask.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactView {
    /// About what.
    topic: String,
    /// `case` (open one here), `chat`, `mail`, `phone` or `page`.
    kind: &'static str,
    /// Where; null for a case.
    address: Option<String>,
    /// In Chinese.
    title_zh: String,
    /// In English.
    title_en: String,
    /// Local hours in which somebody is there, like `09:00..21:00`; null: at any time.
    hours: Option<String>,
    /// `every_day` or `working_days`.
    days: &'static str,
    /// Whether somebody is there now; null when the calendar does not know.
    open_now: Option<bool>,
    /// Minutes after which an answer usually comes.
    usual_answer_minutes: Option<i64>,
}

/// A page that explains something.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    /// About what.
    topic: String,
    /// In Chinese.
    title_zh: String,
    /// In English.
    title_en: String,
    /// Where.
    url: String,
}

impl From<&Link> for LinkView {
    fn from(link: &Link) -> Self {
        Self {
            topic: link.topic.clone(),
            title_zh: link.title_zh.clone(),
            title_en: link.title_en.clone(),
            url: link.url.clone(),
        }
    }
}

/// Contacts and links.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HelpView {
    /// Whom to ask.
    contacts: Vec<ContactView>,
    /// What to read.
    links: Vec<LinkView>,
}

/// About what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HelpParams {
    /// Only this topic: `withdrawals`, `earnings`, `identity`, `studio`, `other`, or one of the platform's own.
    topic: Option<String>,
}

/// List contacts and links, by topic
#[utoipa::path(get, path = "/v1/help/contacts", tag = "cases", params(HelpParams),
    responses((status = 200, body = HelpView, description = "Whom to ask, and what to read")))]
pub(crate) async fn list_contacts(
    call: Call,
    Params(params): Params<HelpParams>,
) -> Result<Response, Problem> {
    let (app, rules) = (&call.app, call.app.rules());
    let help = app.help.about(params.topic.as_deref());
    let contact = |contact: &Contact| ContactView {
        topic: contact.topic.clone(),
        kind: contact.channel.name(),
        address: Some(contact.address.clone()).filter(|text| !text.is_empty()),
        title_zh: contact.title_zh.clone(),
        title_en: contact.title_en.clone(),
        hours: contact.hours.map(|hours| hours.to_string()),
        days: contact.days.name(),
        open_now: contact.is_open(app.now(), &app.zone, &rules.calendar),
        usual_answer_minutes: contact.usual_answer_minutes,
    };
    Ok(json(&HelpView {
        contacts: help.contacts.iter().map(contact).collect(),
        links: help.links.iter().map(LinkView::from).collect(),
    }))
}
