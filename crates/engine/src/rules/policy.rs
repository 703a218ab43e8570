//! Activating a policy pack (P4): proposed by one person, activated by another.

use purser_domain::{
    policy::{PolicyIssue, PolicyPack, diff, keys, short_notice},
    time::Timestamp,
};
use purser_storage::{Fault, Records, Session, Statement};

use super::{RulesSource, epoch, unreadable};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    rows::{ApprovalRow, PolicyVersionRow},
    tx::{Needs, Tx},
};

static ANY_VERSION: Statement = Statement {
    name: "rules.any_version",
    sql: "SELECT number, name, digest, text, activated_at, activated_by FROM policy_versions ORDER BY number LIMIT 1",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ANY_VERSION];

/// Changes named in a rejection or an event; the rest is counted.
const NAMED: usize = 20;

/// Writes the first pack down as version 1, so that a later release with other defaults does not change what was
/// decided, nor what will be. Called once after migrating; does nothing when there is a version.
///
/// # Errors
/// Storage faults; [`purser_storage::FaultKind::Unusable`] when the first pack cannot be read.
pub fn keep_first_pack(session: &mut dyn Session, source: &RulesSource) -> Result<(), Fault> {
    let (name, text) = &source.first_pack;
    let pack = PolicyPack::parse(name, text).map_err(|issues| unreadable(&issues))?;
    let row = PolicyVersionRow {
        number: 1,
        name: pack.name().to_owned(),
        digest: pack.digest().to_owned(),
        text: text.clone(),
        activated_at: Timestamp(0),
        activated_by: "system".to_owned(),
    };
    session.begin()?;
    let mut known = false;
    let outcome = session
        .query(&ANY_VERSION, &[], &mut |_| {
            known = true;
            false
        })
        .and_then(|()| {
            if known { Ok(0) } else { session.insert_many(&crate::rows::POLICY_VERSIONS, &Records(&[&row])) }
        });
    match outcome {
        Ok(0) => {
            session.rollback();
            Ok(())
        }
        Ok(_) => session.commit(),
        Err(fault) => {
            session.rollback();
            Err(fault)
        }
    }
}

/// A pack that is to become the next version.
///
/// Rejections in order: `policy_unreadable`, `policy_base_changed` (another version was activated since it was
/// proposed), `policy_unchanged`, `policy_short_notice`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyActivation {
    /// Name of the file, for messages.
    pub file: String,
    /// The text.
    pub text: String,
    /// Digest of the text.
    pub digest: String,
    /// Number of the version that it follows.
    pub base: i64,
}

impl PolicyActivation {
    /// Reads and checks the text of a pack that shall follow version `base`.
    ///
    /// # Errors
    /// Every issue of the text with its line.
    pub fn parse(file: &str, text: &str, base: u32) -> Result<Self, Vec<PolicyIssue>> {
        let pack = PolicyPack::parse(file, text)?;
        Ok(Self {
            file: file.to_owned(),
            text: text.to_owned(),
            digest: pack.digest().to_owned(),
            base: i64::from(base),
        })
    }

    /// What an approval shows and keeps.
    pub(crate) fn facts(&self) -> Facts {
        Facts::new()
            .text("digest", &self.digest)
            .int("base", self.base)
            .text("file", &self.file)
            .text("text", &self.text)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self {
            digest: facts.get_text("digest")?,
            base: facts.get_int("base")?,
            file: facts.get_text("file")?,
            text: facts.get_text("text")?,
        })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        needs.row::<PolicyVersionRow>(self.base + 1);
        epoch::need(needs);
    }

    /// The pack, when it may follow the version in force now.
    pub(crate) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<PolicyPack, Rejection> {
        let pack = PolicyPack::parse(&self.file, &self.text).map_err(|issues| {
            let text: Vec<String> = issues.iter().take(NAMED).map(ToString::to_string).collect();
            Rejection::new("policy_unreadable", text.join("; ")).at("/text")
        })?;
        let latest = ctx.rules.policy.latest();
        let taken = tx.get::<PolicyVersionRow>(&(self.base + 1)).is_some();
        if i64::from(latest.number) != self.base || taken {
            let message = "another version was activated since: compare with it and propose again";
            return Err(Rejection::new("policy_base_changed", message));
        }
        if diff(&latest.pack, &pack).is_empty() {
            return Err(Rejection::new("policy_unchanged", "this pack decides nothing otherwise"));
        }
        let days = ctx.rules.policy.now(ctx.now).value(keys::POLICY_NOTICE);
        let short = short_notice(&latest.pack, &pack, ctx.today, days);
        if !short.is_empty() {
            let named: Vec<String> = short.iter().take(NAMED).map(ToString::to_string).collect();
            let count = i64::try_from(short.len()).unwrap_or(i64::MAX);
            return Err(Rejection::new("policy_short_notice", named.join("; "))
                .with(Facts::new().int("entries", count).int("notice_days", i64::from(days))));
        }
        Ok(pack)
    }

    /// Activates it. It decides about facts after this instant: what the same commit decides is still by the
    /// version before.
    pub(crate) fn run(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        approval: &ApprovalRow,
        second: &str,
    ) -> Result<Facts, Rejection> {
        let pack = self.check(tx, ctx)?;
        let number = self.base + 1;
        let activated_at = ctx.now.plus(1);
        tx.put(PolicyVersionRow {
            number,
            name: pack.name().to_owned(),
            digest: self.digest.clone(),
            text: self.text.clone(),
            activated_at,
            activated_by: format!("{}, {second}", approval.proposed_by),
        });
        epoch::bump(tx);
        let changes = diff(&ctx.rules.policy.latest().pack, &pack);
        let named: Vec<String> = changes.iter().take(NAMED).map(ToString::to_string).collect();
        let facts = Facts::new()
            .int("version", number)
            .text("digest", &self.digest)
            .at("activated_at", activated_at)
            .int("changes", i64::try_from(changes.len()).unwrap_or(i64::MAX))
            .text("first_changes", named.join("; "));
        tx.event("policy.activated", None, &number.to_string(), facts.clone());
        Ok(facts)
    }
}

/// The text of a version that was activated; empty for one that is not kept.
///
/// # Errors
/// Storage faults.
pub fn policy_text(session: &mut dyn Session, number: u32) -> Result<String, Fault> {
    let row = crate::feed::one::<PolicyVersionRow>(session, i64::from(number))?;
    Ok(row.map_or_else(String::new, |row| row.text))
}
