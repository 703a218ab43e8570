//! Whom to ask about what (spec X17): contacts per topic, and links to pages that explain. The platform writes them
//! into a file; what comes with a release offers only what every deployment has: a case at the desk itself.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::calendar::Calendar;
use crate::document::{Document, Issue};
use crate::policy::value::{DayWindow, TimeOfDay};
use crate::time::{Timestamp, Zone};

/// The file that comes with a release.
pub const DEFAULT_HELP: &str = include_str!("../../../policies/help.toml");

/// Most contacts and links of a file, each.
const MOST: usize = 200;

/// How a contact is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A case at the desk (P26); it has no address.
    Case,
    /// A page with a chat.
    Chat,
    /// An e-mail address.
    Mail,
    /// A telephone number.
    Phone,
    /// A page.
    Page,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 5] = [Self::Case, Self::Chat, Self::Mail, Self::Phone, Self::Page];

    /// Stable name, as the file and the API write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Chat => "chat",
            Self::Mail => "mail",
            Self::Phone => "phone",
            Self::Page => "page",
        }
    }

    fn accepts(self, address: &str) -> bool {
        match self {
            Self::Case => address.is_empty(),
            Self::Chat | Self::Page => is_link(address),
            Self::Mail => address.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && host.contains('.') && !address.contains(char::is_whitespace)
            }),
            Self::Phone => {
                let fine = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')');
                address.chars().all(fine) && address.chars().any(|c| c.is_ascii_digit())
            }
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::Case => "a case has no address: leave it out",
            Self::Chat | Self::Page => "write a link that begins with https://",
            Self::Mail => "write an e-mail address",
            Self::Phone => "write a telephone number",
        }
    }
}

/// On which days somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenDays {
    /// Every civil day.
    Every,
    /// Working days of the calendar.
    Working,
}

impl OpenDays {
    /// Stable name, as the file and the API write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Every => "every_day",
            Self::Working => "working_days",
        }
    }
}

/// Somebody to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// About what: a lower-case name.
    pub topic: String,
    /// How.
    pub channel: Channel,
    /// Where; empty for a case.
    pub address: String,
    /// In Chinese.
    pub title_zh: String,
    /// In English.
    pub title_en: String,
    /// Local hours in which somebody is there; `None`: at any time.
    pub hours: Option<DayWindow>,
    /// On which days.
    pub days: OpenDays,
    /// Minutes after which an answer usually comes; `None`: not said.
    pub usual_answer_minutes: Option<i64>,
}

impl Contact {
    /// Whether somebody is there at an instant; `None` when the calendar does not know the year.
    pub fn is_open(&self, at: Timestamp, zone: &Zone, calendar: &Calendar) -> Option<bool> {
        let local = zone.datetime(at);
        let time = TimeOfDay { hour: local.hour(), minute: local.minute() };
        if !self.hours.is_none_or(|hours| hours.contains(time)) {
            return Some(false);
        }
        match self.days {
            OpenDays::Every => Some(true),
            OpenDays::Working => calendar.is_working_day(local.date()).ok(),
        }
    }
}

/// A page that explains something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// About what: a lower-case name.
    pub topic: String,
    /// In Chinese.
    pub title_zh: String,
    /// In English.
    pub title_en: String,
    /// Where.
    pub url: String,
}

/// Contacts and links, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Help {
    /// Whom to ask.
    pub contacts: Vec<Contact>,
    /// What to read.
    pub links: Vec<Link>,
}

impl Help {
    /// Reads a file.
    ///
    /// # Errors
    /// Every issue of the text with its line: fields unknown or missing, a channel or address of the wrong kind.
    pub fn parse(file_name: &str, text: &str) -> Result<Self, Vec<Issue>> {
        let (mut document, root) = Document::open(file_name, text);
        let mut help = Self::default();
        if let Some(root) = &root {
            document.only_fields(root, "the file", &["contact", "link"]);
            for (table, at) in tables(&mut document, root, "contact") {
                help.contacts.extend(contact(&mut document, table, &at));
            }
            for (table, at) in tables(&mut document, root, "link") {
                help.links.extend(link(&mut document, table, &at));
            }
        }
        let issues = document.close();
        if issues.is_empty() { Ok(help) } else { Err(issues) }
    }

    /// Contacts and links of a topic, or all.
    #[must_use]
    pub fn about(&self, topic: Option<&str>) -> Self {
        let fits = |name: &str| topic.is_none_or(|topic| topic == name);
        Self {
            contacts: self.contacts.iter().filter(|contact| fits(&contact.topic)).cloned().collect(),
            links: self.links.iter().filter(|link| fits(&link.topic)).cloned().collect(),
        }
    }
}

/// The tables of a list, each with its place.
fn tables<'a, 't>(
    document: &mut Document<'t>,
    root: &'a DeTable<'t>,
    name: &str,
) -> Vec<(&'a DeTable<'t>, Range<usize>)> {
    let Some(node) = root.get(name) else { return Vec::new() };
    let DeValue::Array(items) = node.get_ref() else {
        document.issue(node.span(), format!("`{name}` is not a list"), Some("write [[…]] above each entry"));
        return Vec::new();
    };
    if items.len() > MOST {
        document.issue(node.span(), format!("more than {MOST} entries"), None);
    }
    let mut found = Vec::new();
    for item in items.iter().take(MOST) {
        match item.get_ref() {
            DeValue::Table(table) => found.push((table, item.span())),
            _ => document.issue(item.span(), format!("`{name}` is not a list of tables"), None),
        }
    }
    found
}

fn text<'t>(
    document: &mut Document<'t>,
    table: &DeTable<'t>,
    at: &Range<usize>,
    name: &str,
) -> Option<String> {
    let node = document.required(table, at, "this entry", name, "write it in double quotes")?;
    document.text(node, name)
}

fn topic<'t>(document: &mut Document<'t>, table: &DeTable<'t>, at: &Range<usize>) -> Option<String> {
    let name = text(document, table, at, "topic")?;
    if name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Some(name);
    }
    let span = table.get("topic").map_or(at.clone(), toml::Spanned::span);
    document.issue(span, format!("\"{name}\" is not a topic"), Some("use lower-case letters, digits and _"));
    None
}

fn contact<'t>(document: &mut Document<'t>, table: &DeTable<'t>, at: &Range<usize>) -> Option<Contact> {
    let known = ["topic", "kind", "address", "title_zh", "title_en", "hours", "days", "usual_answer_minutes"];
    document.only_fields(table, "a contact", &known);
    let topic = topic(document, table, at);
    let kind = text(document, table, at, "kind");
    let (title_zh, title_en) = (text(document, table, at, "title_zh"), text(document, table, at, "title_en"));
    let channel = kind.and_then(|kind| {
        let found = Channel::ALL.into_iter().find(|channel| channel.name() == kind);
        if found.is_none() {
            let span = table.get("kind").map_or(at.clone(), toml::Spanned::span);
            let hint = "a kind is case, chat, mail, phone or page";
            document.issue(span, format!("unknown kind \"{kind}\""), Some(hint));
        }
        found
    });
    let address = match table.get("address") {
        Some(node) => document.text(node, "address"),
        None => Some(String::new()),
    };
    if let (Some(channel), Some(address)) = (channel, &address)
        && !channel.accepts(address)
    {
        let span = table.get("address").map_or(at.clone(), toml::Spanned::span);
        document.issue(
            span,
            format!("\"{address}\" is no address of a {}", channel.name()),
            Some(channel.hint()),
        );
    }
    let hours = hours(document, table);
    let days = days(document, table);
    let usual_answer_minutes = table
        .get("usual_answer_minutes")
        .and_then(|node| document.integer(node, "usual_answer_minutes", "write whole minutes"));
    Some(Contact {
        topic: topic?,
        channel: channel?,
        address: address?,
        title_zh: title_zh?,
        title_en: title_en?,
        hours,
        days: days?,
        usual_answer_minutes,
    })
}

/// `None` also for what cannot be read: that is an issue, and the file is refused.
fn hours<'t>(document: &mut Document<'t>, table: &DeTable<'t>) -> Option<DayWindow> {
    let node = table.get("hours")?;
    let given = document.text(node, "hours")?;
    let window = DayWindow::parse(&given);
    if window.is_none() {
        document.issue(node.span(), format!("\"{given}\" are no hours"), Some("write \"09:00..21:00\""));
    }
    window
}

fn days<'t>(document: &mut Document<'t>, table: &DeTable<'t>) -> Option<OpenDays> {
    let Some(node) = table.get("days") else { return Some(OpenDays::Every) };
    let given = document.text(node, "days")?;
    let found = [OpenDays::Every, OpenDays::Working].into_iter().find(|days| days.name() == given);
    if found.is_none() {
        let hint = "write \"every_day\" or \"working_days\"";
        document.issue(node.span(), format!("\"{given}\" is not a kind of days"), Some(hint));
    }
    found
}

fn link<'t>(document: &mut Document<'t>, table: &DeTable<'t>, at: &Range<usize>) -> Option<Link> {
    document.only_fields(table, "a link", &["topic", "title_zh", "title_en", "url"]);
    let topic = topic(document, table, at);
    let (title_zh, title_en) = (text(document, table, at, "title_zh"), text(document, table, at, "title_en"));
    let url = text(document, table, at, "url");
    if let Some(url) = &url
        && !is_link(url)
    {
        let span = table.get("url").map_or(at.clone(), toml::Spanned::span);
        document.issue(span, format!("\"{url}\" is not a link"), Some(Channel::Page.hint()));
    }
    Some(Link { topic: topic?, title_zh: title_zh?, title_en: title_en?, url: url? })
}

/// A link that is safe to show: encrypted, with a host, nothing hidden in it.
fn is_link(text: &str) -> bool {
    let rest = text.strip_prefix("https://");
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\'))
    })
}
