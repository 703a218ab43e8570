//! Stops for money and what ends them (A3, A4, A5). Every change of an advertiser's delivery counts its number on, so
//! that whoever listens sees a gap.

use purser_domain::{
    ads::{
        budget,
        stop::{OffLog, StopLog},
    },
    ids::{CampaignId, PartyId},
    policy::{keys, kinds::AdResume},
    time::{Date, Timestamp},
};

use super::{
    balance,
    campaigns::account_of,
    events::{notify, tell},
    moment::closes_at,
    rows::{AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdOpenDayRow},
    watch::watch,
};
use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// What an advertiser's delivery stops for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopReason {
    /// The balance is used up.
    NoBalance,
    /// Arrears are open.
    Arrears,
}

impl StopReason {
    /// Stable name.
    pub(super) const fn name(self) -> &'static str {
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

/// Stops delivery of all campaigns of an advertiser, from an instant on that is not after the group's. The caller puts the
/// row.
pub(super) fn stop(tx: &mut Tx, ctx: &Ctx, row: &mut AdAccountRow, reason: StopReason, since: Timestamp) {
    let mut log = StopLog::decode(&row.stop_log);
    log.begin(since);
    row.stop_log = log.encode();
    row.stops += 1;
    row.stopped_at = Some(since);
    let (zh, en) = reason.words();
    let facts = Facts::new()
        .int("epoch", row.stops)
        .at("stopped_at", since)
        .text("reason", reason.name())
        .int("arrears_minor", balance::arrears_minor(tx, ctx, row.party))
        .text("message_zh", zh)
        .text("message_en", en);
    let party = row.party.to_string();
    notify(tx, row, "ads.stopped", &party, &facts);
}

/// Money came to an advertiser: a payment, a grant, a credit. It pays what is owed first (A3). With nothing owed and
/// something to spend the stop ends; campaigns wait to be resumed, or come back by themselves where the advertiser or
/// policy says so and there is enough for them not to stop again at once.
///
/// # Errors
/// Of the next group, or of the ledger.
pub fn money_came(tx: &mut Tx, ctx: &Ctx, party: PartyId) -> Result<(), Rejection> {
    balance::check(tx, ctx, party)?;
    balance::pay_arrears(tx, ctx, party)?;
    // A first top-up may come before the first campaign.
    let mut row = account_of(tx, party, ctx);
    let before = tx.get::<AdAccountRow>(&party).cloned();
    let (owed, left) = (balance::arrears_minor(tx, ctx, party), balance::spendable_minor(tx, ctx, party));
    row.arrears_since = if owed > 0 { row.arrears_since.or(Some(ctx.now)) } else { None };
    if owed > 0 && row.stopped_at.is_none() {
        // What is owed did not come from a click: nothing stopped for it yet.
        stop(tx, ctx, &mut row, StopReason::Arrears, ctx.now);
    }
    if owed == 0 && left > 0 && row.stopped_at.is_some() {
        row.stopped_at = None;
        let mut log = StopLog::decode(&row.stop_log);
        log.end(ctx.now);
        row.stop_log = log.encode();
        // Otherwise it is the first money ever, or every campaign is younger than the stop: nothing waits.
        let waits = row.resumed_stop < row.stops;
        let kind = if waits { "ads.resumable" } else { "ads.resumed" };
        let facts = Facts::new().int("epoch", row.stops).int("balance_minor", left);
        tell(tx, &mut row, kind, &party.to_string(), &facts);
    }
    resume_by_itself(tx, ctx, &mut row, left);
    watch(tx, ctx, &mut row, left);
    if before.as_ref() != Some(&row) {
        tx.put(row);
    }
    Ok(())
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
        resume_all(ctx, row);
        let facts = Facts::new().int("epoch", row.stops).text("by", "auto").int("balance_minor", left_minor);
        let party = row.party.to_string();
        notify(tx, row, "ads.resumed", &party, &facts);
    }
}

/// Every campaign is resumed from the last stop.
pub(super) fn resume_all(ctx: &Ctx, row: &mut AdAccountRow) {
    row.resumed_stop = row.stops;
    row.resumed_at = Some(ctx.now);
    let mut log = StopLog::decode(&row.stop_log);
    log.resume(ctx.now);
    row.stop_log = log.encode();
}

/// There is room in a day's budget again.
pub(super) fn go_on(ctx: &Ctx, day: &mut AdBudgetDayRow) {
    if let Some(since) = day.stopped_at.take() {
        let mut before = OffLog::decode(&day.stopped_before);
        before.add(since, ctx.now);
        day.stopped_before = before.encode();
    }
}

/// Puts a budget day; one that is new is open from now on.
pub(super) fn put_day(tx: &mut Tx, ctx: &Ctx, day: AdBudgetDayRow) {
    if tx.get::<AdBudgetDayRow>(&(day.campaign, day.day)).is_none() {
        tx.put(AdOpenDayRow { day: day.day, campaign: day.campaign, at: ctx.now });
    }
    tx.put(day);
}

/// The days whose budget a change of today may be about: yesterday while it is still open, today, and tomorrow where a
/// click ahead of this clock was charged.
fn days(ctx: &Ctx) -> [Date; 3] {
    let today = ctx.today;
    [today.yesterday().unwrap_or(today), today, today.tomorrow().unwrap_or(today)]
}

/// Declares what [`budget_changed`] reads.
pub(super) fn want_budget_change(needs: &mut Needs<'_>, campaign: CampaignId, ctx: &Ctx) {
    for day in days(ctx) {
        needs.row::<AdBudgetDayRow>((campaign, day));
    }
}

/// A campaign's budget changes: the day's highest budget rises with it, and a day that was stopped goes on when there is
/// room again, or stops when there is none left. `campaign` is the row before the change. The caller puts both rows.
///
/// A day without a row had one budget from its beginning to its end: that of the campaign, as long as every change
/// writes down the budget of the days that are open.
pub(super) fn budget_changed(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &mut AdAccountRow,
    campaign: &AdCampaignRow,
    budget_minor: i64,
) {
    let [yesterday, today, tomorrow] = days(ctx);
    let open = campaign.created_at < ctx.day_start && ctx.now < closes_at(ctx, yesterday);
    if open && tx.get::<AdBudgetDayRow>(&(campaign.id, yesterday)).is_none() {
        put_day(tx, ctx, AdBudgetDayRow::new(campaign.id, yesterday, campaign.budget));
    }
    if let Some(ahead) = tx.get::<AdBudgetDayRow>(&(campaign.id, tomorrow)).cloned() {
        tx.put(AdBudgetDayRow { highest: budget_minor, ..ahead });
    }
    let known = tx.get::<AdBudgetDayRow>(&(campaign.id, today)).cloned();
    let mut day = known.unwrap_or_else(|| AdBudgetDayRow::new(campaign.id, today, campaign.budget));
    day.highest = budget::highest(day.highest, budget_minor);
    let used_up = budget::used_up(day.spent, budget_minor);
    let facts = Facts::new().int("budget_minor", budget_minor).int("spent_minor", day.spent);
    let subject = campaign.id.to_string();
    if used_up && day.stopped_at.is_none() {
        day.stopped_at = Some(ctx.now);
        tell(tx, account, "ads.budget_stopped", &subject, &facts.at("stopped_at", ctx.now));
    } else if !used_up && day.stopped_at.is_some() {
        go_on(ctx, &mut day);
        tell(tx, account, "ads.budget_resumed", &subject, &facts);
    }
    put_day(tx, ctx, day);
}
