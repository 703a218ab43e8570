//! Forgetting clicks (P19): after some weeks no report of theirs comes any more, and their lines stay as trade data.

use std::sync::Arc;

use purser_domain::{
    policy::keys,
    time::{DAY, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::rows::AdClickRow;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    rules::{Rules, RulesSource},
    tx::{Needs, Tx},
};

/// Clicks forgotten in one round.
const CLICKS: usize = 2_000;
/// Clicks looked at in one round: most are young, and looking at them writes nothing.
const LOOKED_AT: usize = 100_000;

static CLICKS_AFTER: Statement = Statement {
    name: "ads.clicks_after",
    sql: "SELECT id, click_at FROM ad_clicks WHERE id > ?1 ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&CLICKS_AFTER];

/// Forgets clicks that are older than policy keeps them, page by page in the order of their ids: an index by time would
/// slow down every charge for the sake of this.
#[derive(Debug, Clone)]
pub(crate) struct PruneClicks {
    clicks: Vec<(Arc<str>, Timestamp)>,
    /// Where the next round begins; none when all was looked at.
    after: Option<Arc<str>>,
}

impl PruneClicks {
    /// What is old, behind where the last round ended.
    pub(crate) fn plan(reads: &mut dyn Session, payload: &Facts, now: Timestamp) -> Result<Self, Fault> {
        let after = payload.get_text("after").unwrap_or_default();
        let rules = RulesSource::builtin().load(reads)?;
        let until = Self::until(&rules, now);
        let limit = i64::try_from(LOOKED_AT).unwrap_or(i64::MAX);
        let (mut clicks, mut last, mut looked) = (Vec::new(), String::new(), 0);
        reads.query(&CLICKS_AFTER, &[Value::Text(&after), Value::Int(limit)], &mut |row| {
            looked += 1;
            if row.at(1) <= until {
                clicks.push((Arc::from(row.text(0)), row.at(1)));
            }
            last.clear();
            last.push_str(row.text(0));
            clicks.len() < CLICKS
        })?;
        let more = looked >= LOOKED_AT || clicks.len() >= CLICKS;
        Ok(Self { clicks, after: more.then(|| last.into()) })
    }

    /// Clicks of this instant and before are forgotten; never before a click is too late to be charged.
    fn until(rules: &Rules, now: Timestamp) -> Timestamp {
        let policy = rules.policy.now(now);
        let kept = policy.value(keys::IDEMPOTENCY_CLICK_RETENTION).max(policy.value(keys::AD_LATE_CLICK) + 2);
        now.plus(-i64::from(kept).saturating_mul(DAY))
    }

    fn old(&self, ctx: &Ctx) -> impl Iterator<Item = Arc<str>> {
        // Once more, by the rules that decide.
        let until = Self::until(&ctx.rules, ctx.now);
        self.clicks.iter().filter(move |(_, at)| *at <= until).map(|(id, _)| Arc::clone(id))
    }
}

impl Command for PruneClicks {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "ads.prune_clicks"
    }

    fn weight(&self) -> usize {
        self.clicks.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.old(ctx).for_each(|click| needs.row::<AdClickRow>(click));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for click in self.old(ctx) {
            if tx.is_loaded::<AdClickRow>(&click) && tx.get::<AdClickRow>(&click).is_some() {
                tx.delete::<AdClickRow>(click);
            }
        }
        let payload = match &self.after {
            Some(after) => Facts::new().text("after", after),
            None => Facts::new(),
        };
        Ok(Progress { more: self.after.is_some(), payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}
