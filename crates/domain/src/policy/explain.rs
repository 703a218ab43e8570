//! Why a value applies and others do not (P4).

use super::{
    keys::{self, KeySpec, REGISTRY},
    pack::Entry,
    select::{PolicySet, PolicyVersion},
};
use crate::{
    document::nearest,
    time::{Date, Timestamp},
};

/// Whether an entry applies to a fact, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It decides.
    Applies,
    /// It is in force only from its own date on, later than the fact.
    NotYetInForce,
    /// A later entry of the same version took over before the fact.
    Replaced {
        /// Date of the entry that took over.
        on: Date,
    },
    /// Its version was activated only after the fact was processed.
    NotActivated,
    /// Its version was activated after the fact, and is never effective before its activation.
    ActivatedAfterFact,
    /// A newer version was active at the fact.
    Superseded {
        /// Number of the version that decides.
        by: u32,
    },
}

/// One entry of one version with its verdict.
#[derive(Debug, Clone)]
pub struct ExplainedEntry<'s> {
    /// The version it stands in.
    pub version: &'s PolicyVersion,
    /// The entry.
    pub entry: &'s Entry,
    /// Applies, or why not.
    pub verdict: Verdict,
}

impl ExplainedEntry<'_> {
    /// One plain sentence.
    pub fn sentence(&self) -> String {
        let entry = self.entry;
        let what = format!("version {}: {} from {}", self.version.number, entry.show(), entry.effective_from);
        let activated = self.version.activated_at;
        match self.verdict {
            Verdict::Applies => format!("{what} applies."),
            Verdict::NotYetInForce => format!("{what} does not apply: it starts after the fact."),
            Verdict::Replaced { on } => format!("{what} does not apply: the entry from {on} took over."),
            Verdict::NotActivated => {
                format!("{what} does not apply: the version was activated at {activated}, after processing.")
            }
            Verdict::ActivatedAfterFact => {
                format!("{what} does not apply: the version was activated at {activated}, after the fact.")
            }
            Verdict::Superseded { by } => {
                format!("{what} does not apply: version {by} was active at the fact.")
            }
        }
    }
}

/// Everything that was considered for one key and one fact.
#[derive(Debug, Clone)]
pub struct Explanation<'s> {
    /// The key.
    pub spec: &'static KeySpec,
    /// Business instant of the fact.
    pub business_at: Timestamp,
    /// When it is processed.
    pub processed_at: Timestamp,
    /// Every entry of every version, oldest version and date first; exactly one applies.
    pub entries: Vec<ExplainedEntry<'s>>,
}

impl<'s> Explanation<'s> {
    /// The entry that applies.
    pub fn applies(&self) -> Option<&ExplainedEntry<'s>> {
        self.entries.iter().find(|line| line.verdict == Verdict::Applies)
    }

    /// One plain sentence with value, version, date and source.
    pub fn sentence(&self) -> String {
        let Some(line) = self.applies() else { return format!("nothing decides {}", self.spec.name) };
        format!(
            "{} (row {}) is {} for {}: version {} ({} {}), in force from {}; source: {}",
            self.spec.name,
            self.spec.row,
            line.entry.show(),
            self.business_at,
            line.version.number,
            line.version.pack.name(),
            line.version.pack.digest(),
            line.entry.effective_from,
            line.entry.source,
        )
    }
}

/// A name that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown policy key `{name}`{}", .nearest.map_or_else(String::new, |near| format!(": did you mean `{near}`?")))]
pub struct UnknownKey {
    /// The name.
    pub name: String,
    /// The key that was probably meant.
    pub nearest: Option<&'static str>,
}

impl PolicySet {
    /// Every entry of a key with the reason why it applies to a fact or not; see [`PolicySet::at`] for the rule.
    ///
    /// # Errors
    /// [`UnknownKey`] with the key that was probably meant.
    pub fn explain(
        &self,
        name: &str,
        business_at: Timestamp,
        processed_at: Timestamp,
    ) -> Result<Explanation<'_>, UnknownKey> {
        let Some((slot, spec)) = keys::find(name) else {
            let nearest = nearest(name, REGISTRY.iter().map(|spec| spec.name));
            return Err(UnknownKey { name: name.to_owned(), nearest });
        };
        let view = self.at(business_at, processed_at);
        let (decides, chosen) = (view.version(), view.entry(slot));
        let judge = |version: &PolicyVersion, entry: &Entry| {
            if version.number < decides.number {
                Verdict::Superseded { by: decides.number }
            } else if version.number > decides.number && version.activated_at > processed_at {
                Verdict::NotActivated
            } else if version.number > decides.number {
                Verdict::ActivatedAfterFact
            } else if entry.effective_from == chosen.effective_from {
                Verdict::Applies
            } else if entry.effective_from > chosen.effective_from {
                Verdict::NotYetInForce
            } else {
                let entries = version.pack.slot(slot).iter();
                let next = entries.map(|e| e.effective_from).find(|from| *from > entry.effective_from);
                Verdict::Replaced { on: next.unwrap_or(chosen.effective_from) }
            }
        };
        let entries = self
            .versions()
            .flat_map(|version| version.pack.slot(slot).iter().map(move |entry| (version, entry)))
            .map(|(version, entry)| ExplainedEntry { version, entry, verdict: judge(version, entry) })
            .collect();
        Ok(Explanation { spec, business_at, processed_at, entries })
    }
}
