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
    tx::{Needs, Tx},
};

/// Clicks looked at in one round.
const CLICKS: usize = 2_000;

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
    more: bool,
}

impl PruneClicks {
    /// The page that follows where the last round ended.
    pub(crate) fn plan(reads: &mut dyn Session, payload: &Facts) -> Result<Self, Fault> {
        let after = payload.get_text("after").unwrap_or_default();
        let limit = i64::try_from(CLICKS).unwrap_or(i64::MAX);
        let mut clicks = Vec::new();
        reads.query(&CLICKS_AFTER, &[Value::Text(&after), Value::Int(limit)], &mut |row| {
            clicks.push((row.text(0).into(), row.at(1)));
            true
        })?;
        Ok(Self { more: clicks.len() >= CLICKS, clicks })
    }

    fn old(&self, ctx: &Ctx) -> impl Iterator<Item = Arc<str>> {
        let policy = ctx.rules.policy.now(ctx.now);
        // Never before a click is too late to be charged.
        let kept = policy.value(keys::IDEMPOTENCY_CLICK_RETENTION).max(policy.value(keys::AD_LATE_CLICK) + 2);
        let until = ctx.now.plus(-i64::from(kept).saturating_mul(DAY));
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
        let payload = match self.clicks.last().filter(|_| self.more) {
            Some((last, _)) => Facts::new().text("after", last),
            None => Facts::new(),
        };
        Ok(Progress { more: self.more, payload: Some(payload) })
    }

    fn audited(&self) -> bool {
        false
    }
}
