//! Webhooks (P15): which events an endpoint wants, and when a message is tried again.

use thiserror::Error;

use crate::{metadata::is_printable, time::SECOND};

/// Longest address, in characters.
pub const URL_MAX: usize = 500;
/// Longest name, in characters.
pub const NAME_MAX: usize = 100;
/// Most patterns of one endpoint.
pub const PATTERNS_MAX: usize = 50;
/// Longest pattern, in characters.
const PATTERN_MAX: usize = 60;
/// The longest that an endpoint can ask to be left alone, in seconds: a day.
const RETRY_AFTER_MAX: i64 = 86_400;

/// Why an endpoint cannot be as it is asked for, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Rejection {
    /// A name that is none.
    #[error("a name has 1 to 100 printable characters")]
    NameInvalid,
    /// An address that is none, or that is not safe.
    #[error("{0}")]
    UrlInvalid(&'static str),
    /// No pattern, too many, or one that is none.
    #[error(
        "events are 1 to 50 patterns: `*` for all, `withdrawal.*` for all that begin so, `withdrawal.paid` for one"
    )]
    PatternsInvalid,
}

impl Rejection {
    /// Stable code for the API (P19).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NameInvalid => "webhook_name_invalid",
            Self::UrlInvalid(_) => "webhook_url_invalid",
            Self::PatternsInvalid => "webhook_events_invalid",
        }
    }
}

/// What an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// For people.
    pub name: String,
    /// Where messages go.
    pub url: String,
    /// Patterns of the events that it wants.
    pub wanted: Vec<String>,
}

/// Whether messages go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// They do.
    Active,
    /// The platform does not want them for now: events are kept for later.
    Paused,
    /// It refused for days, or said that it is gone: events are kept for later.
    Disabled,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Active, Self::Paused, Self::Disabled];

    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// Checks what an endpoint is to be. `private`: this server may call addresses of its own network, for tests.
///
/// # Errors
/// The first [`Rejection`] that applies.
pub fn validate(profile: &Profile, private: bool) -> Result<(), Rejection> {
    if !is_printable(&profile.name, NAME_MAX) {
        return Err(Rejection::NameInvalid);
    }
    check_url(&profile.url, private).map_err(Rejection::UrlInvalid)?;
    let many = (1..=PATTERNS_MAX).contains(&profile.wanted.len());
    if !many || !profile.wanted.iter().all(|pattern| is_pattern(pattern)) {
        return Err(Rejection::PatternsInvalid);
    }
    Ok(())
}

fn check_url(url: &str, private: bool) -> Result<(), &'static str> {
    if !(1..=URL_MAX).contains(&url.len()) || !url.chars().all(|c| c.is_ascii_graphic()) {
        return Err("an address has at most 500 characters, none of them a blank or outside ASCII");
    }
    let rest = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => rest,
        (None, Some(rest)) if private => rest,
        _ => return Err("an address begins with https://"),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.starts_with(':') {
        return Err("an address names a host");
    }
    if host.contains('@') || rest.contains('#') {
        return Err(
            "an address has neither a user name nor a `#`: whoever gets a message knows it by its signature",
        );
    }
    Ok(())
}

fn is_pattern(pattern: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let exact = pattern.strip_suffix(".*").unwrap_or(pattern);
    pattern == "*" || (pattern.len() <= PATTERN_MAX && exact.split('.').all(word))
}

/// Whether an endpoint that has these patterns wants an event of this kind.
pub fn wants<'p>(mut patterns: impl Iterator<Item = &'p str>, kind: &str) -> bool {
    patterns.any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => kind.starts_with(prefix),
        None => pattern == kind,
    })
}

/// How long a message waits after so many attempts that failed, µs; `None`: it was the last. `schedule` are seconds
/// before each further attempt, by policy; `retry_after` what the endpoint asked for, in seconds. `roll` is any number: up
/// to a fifth is added by it, so that messages which failed together do not come back together.
pub fn wait(schedule: &[i64], attempts: usize, retry_after: Option<i64>, roll: u8) -> Option<i64> {
    let planned = *schedule.get(attempts.checked_sub(1)?)?;
    let asked = retry_after.unwrap_or(0).clamp(0, RETRY_AFTER_MAX);
    let seconds = planned.max(asked);
    Some(seconds * SECOND + seconds * SECOND / 5 * i64::from(roll) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(url: &str, private: bool) -> bool {
        let profile = Profile { name: "n".to_owned(), url: url.to_owned(), wanted: vec!["*".to_owned()] };
        validate(&profile, private).is_err()
    }

    #[test]
    fn addresses_are_safe_p15() {
        for good in ["https://a.example/hook?x=1", "https://[2606:4700::1]:8443/", "https://a.example"] {
            assert!(!rejected(good, false), "{good}");
        }
        for bad in [
            "",
            "http://a.example",
            "https://",
            "https://:80/",
            "https://u:p@a.example/",
            "https://a/#x",
            "https://a b/",
            "https://中文.cn/",
            "ftp://a.example/",
            "file:///etc/passwd",
        ] {
            assert!(rejected(bad, false), "{bad}");
        }
        assert!(!rejected("http://127.0.0.1:8080/hook", true));
    }

    #[test]
    fn patterns_choose_events_p15() {
        let wants = |patterns: &str, kind: &str| wants(patterns.split(' '), kind);
        assert!(wants("*", "withdrawal.paid") && wants("withdrawal.*", "withdrawal.paid"));
        assert!(wants("job.failed withdrawal.paid", "withdrawal.paid"));
        assert!(
            !wants("withdrawal.*", "withdrawals.paid") && !wants("withdrawal.paid", "withdrawal.paid_back")
        );
        for bad in ["", "withdrawal*", "Withdrawal.paid", "a..b", ".*", "a b", "**", &"a".repeat(61)] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn waits_follow_policy_and_the_endpoint_p15() {
        let wait =
            |attempts, asked, roll| wait(&[5, 300], attempts, asked, roll).map(|micros| micros / SECOND);
        assert_eq!((wait(1, None, 0), wait(2, None, 0), wait(3, None, 0)), (Some(5), Some(300), None));
        assert_eq!(
            (wait(1, None, 255), wait(1, Some(60), 0), wait(2, Some(60), 0)),
            (Some(6), Some(60), Some(300))
        );
        assert_eq!(
            (wait(1, Some(-1), 0), wait(1, Some(i64::MAX), 0), wait(0, None, 0)),
            (Some(5), Some(86_400), None)
        );
    }
}
