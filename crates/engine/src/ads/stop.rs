//! Stops for money and what ends them (A3, A4, A5). Every change of an advertiser's delivery counts its number on, so
//! that whoever listens sees a gap.

use purser_domain::{
    ads::{budget, stop::StopLog},
    ids::PartyId,
    policy::{keys, kinds::AdResume},
};

use super::{
    balance,
    rows::{AdAccountRow, AdBudgetDayRow, AdCampaignRow},
};
use crate::{
    command::Ctx,
    facts::Facts,
    tx::{Needs, Tx},
};

/// What an advertiser's delivery stops for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The balance is used up.
    NoBalance,
    /// Arrears are open.
    Arrears,
}

impl StopReason {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoBalance => "no_balance",
            Self::Arrears => "arrears",
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoBalance => (
                "余额已用完，推广已全部下线，请充值。",
                "The balance is used up: all campaigns are offline. Top up.",
            ),
            Self::Arrears => (
                "账户欠费，推广已全部下线，请充值还清。",
                "There are arrears: all campaigns are offline. Top up to pay them.",
            ),
        }
    }
}

/// Declares what [`money_came`] and [`stop`] read of an advertiser.
pub fn want(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    balance::want(needs, vec![party], ctx);
}

/// Counts an event of an advertiser; its facts begin with its number.
pub(super) fn numbered(row: &mut AdAccountRow) -> Facts {
    row.seq += 1;
    Facts::new().int("seq", row.seq)
}

/// Stops delivery of all campaigns of an advertiser, at the group's instant. The caller puts the row.
pub fn stop(tx: &mut Tx, ctx: &Ctx, row: &mut AdAccountRow, reason: StopReason) {
    let mut log = StopLog::decode(&row.stop_log);
    log.begin(ctx.now);
    row.stop_log = log.encode();
    row.stops += 1;
    row.stopped_at = Some(ctx.now);
    let (zh, en) = reason.words();
    let facts = numbered(row)
        .int("epoch", row.stops)
        .at("stopped_at", ctx.now)
        .text("reason", reason.name())
        .int("arrears_minor", balance::arrears_minor(tx, ctx, row.party))
        .text("message_zh", zh)
        .text("message_en", en);
    tx.notify("ads.stopped", row.party, &row.party.to_string(), facts);
}

/// Money came to an advertiser: a payment, a grant, a credit. With arrears paid and something to spend the stop ends;
/// campaigns wait to be resumed, or come back by themselves where the advertiser or policy says so and there is enough
/// for them not to stop again at once.
pub fn money_came(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    if !tx.is_loaded::<AdAccountRow>(&party) {
        return;
    }
    // A first top-up may come before the first campaign.
    let known = tx.get::<AdAccountRow>(&party).cloned();
    let mut row = known.unwrap_or_else(|| AdAccountRow::new(party, ctx.now));
    let before = row.clone();
    let (owed, left) = (balance::arrears_minor(tx, ctx, party), balance::spendable_minor(tx, ctx, party));
    row.arrears_since = if owed > 0 { row.arrears_since.or(Some(ctx.now)) } else { None };
    if owed > 0 && row.stopped_at.is_none() {
        // What is owed did not come from a click: nothing stopped for it yet.
        stop(tx, ctx, &mut row, StopReason::Arrears);
    }
    if owed == 0 && left > 0 && row.stopped_at.is_some() {
        row.stopped_at = None;
        let mut log = StopLog::decode(&row.stop_log);
        log.end(ctx.now);
        row.stop_log = log.encode();
        if row.resumed_stop < row.stops {
            let facts = numbered(&mut row).int("epoch", row.stops).int("balance_minor", left);
            tx.event("ads.resumable", Some(party), &party.to_string(), facts);
        } else {
            // The first money ever, or every campaign is younger than the stop: nothing waits.
            let facts = numbered(&mut row).int("epoch", row.stops).int("balance_minor", left);
            tx.event("ads.resumed", Some(party), &party.to_string(), facts);
        }
    }
    resume_by_itself(tx, ctx, &mut row, left);
    if row != before {
        tx.put(row);
    }
}

/// Resumes everything where that is wanted and there is enough: below the least a trickle would start and stop
/// campaigns again and again.
fn resume_by_itself(tx: &mut Tx, ctx: &Ctx, row: &mut AdAccountRow, left_minor: i64) {
    let policy = ctx.rules.policy.now(ctx.now);
    let auto = match row.resume.as_str() {
        "auto" => true,
        "manual" => false,
        _ => policy.value(keys::AD_RESUME) == AdResume::Auto,
    };
    let enough = left_minor >= policy.value(keys::AD_RESUME_LEAST);
    if row.stopped_at.is_none() && row.resumed_stop < row.stops && auto && enough {
        row.resumed_stop = row.stops;
        row.resumed_at = Some(ctx.now);
        let facts = numbered(row).int("epoch", row.stops).text("by", "auto").int("balance_minor", left_minor);
        tx.notify("ads.resumed", row.party, &row.party.to_string(), facts);
    }
}

/// A campaign's budget changes: the day's highest budget rises with it, and a day that was stopped goes on when there is
/// room again, or stops when there is none left. `campaign` is the row before the change. Declare the budget day of
/// today; the caller puts both rows.
pub fn budget_changed(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &mut AdAccountRow,
    campaign: &AdCampaignRow,
    budget_minor: i64,
) {
    let known = tx.get::<AdBudgetDayRow>(&(campaign.id, ctx.today)).cloned();
    let mut day = known.unwrap_or_else(|| AdBudgetDayRow::new(campaign.id, ctx.today, campaign.budget));
    day.highest = budget::highest(day.highest, budget_minor);
    let used_up = budget::used_up(day.spent, budget_minor);
    let facts = |account: &mut AdAccountRow| {
        numbered(account).int("budget_minor", budget_minor).int("spent_minor", day.spent)
    };
    if used_up && day.stopped_at.is_none() {
        day.stopped_at = Some(ctx.now);
        let facts = facts(account).at("stopped_at", ctx.now);
        tx.event("ads.budget_stopped", Some(campaign.party), &campaign.id.to_string(), facts);
    } else if !used_up && day.stopped_at.is_some() {
        day.stopped_at = None;
        let facts = facts(account);
        tx.event("ads.budget_resumed", Some(campaign.party), &campaign.id.to_string(), facts);
    }
    tx.put(day);
}
