//! Reading advertising accounts: what there is, where campaigns stand, what a top-up should be (A1, A2, A5, A9).

use purser_domain::{
    ads::{
        account::{AccountState, Spend, run_out},
        schedule::Schedule,
        status::{Status, StatusFacts, status},
        topup::{Suggestion, TopUpFacts, suggest},
    },
    ids::{AdGrantId, CampaignId, KeywordId, PartyId, Uid},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    policy::PolicyView,
    time::{Date, Timestamp, Zone},
};
use purser_storage::{Fault, Keys, Lock, Record, Session, Statement, Value};

use super::{
    balance::{OPEN_GRANTS, OPEN_GRANTS_MAX, grant_account},
    rows::{AdAccountRow, AdBudgetDayRow, AdCampaignRow, AdDayRow, AdGrantRow, AdKeywordRow, whole_account},
    terms::{account_state, top_up_terms},
};
use crate::{
    earnings::account,
    feed::one,
    paging::{Page, Pass, page},
    payments::has_paid,
};

/// Most rows on a page.
pub const AD_PAGE_MAX: i64 = 200;
/// Days before today that a mean is taken of.
const MEAN_DAYS: u32 = 7;

static CAMPAIGNS: Statement = Statement {
    name: "ads.campaigns",
    sql: "SELECT id, party, external_id, name, budget, schedule, active, switched_at, starts_on, ends_on, keywords, \
          resumed_stop, resumed_at, created_at, version, resumed_before FROM ad_campaigns WHERE party = ?1 AND id > ?2 \
          ORDER BY id LIMIT ?3",
};
/// Campaigns by what an overview tells apart, counted along an index that has it all.
static COUNTS: Statement = Statement {
    name: "ads.campaign_counts",
    sql: "SELECT active, budget, resumed_stop, ends_on, COUNT(*) FROM ad_campaigns WHERE party = ?1 \
          GROUP BY active, budget, resumed_stop, ends_on",
};
static KEYWORDS: Statement = Statement {
    name: "ads.keywords",
    sql: "SELECT campaign, id, word, bid, active, switched_at, version FROM ad_keywords \
          WHERE campaign = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
};
static GRANTS: Statement = Statement {
    name: "ads.grants",
    sql: "SELECT party, id, amount, given_at, expires_at, reason, asked_by, approved_by, ended_at, lost FROM ad_grants \
          WHERE party = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
};
static DAYS: Statement = Statement {
    name: "ads.days_of_account",
    sql: "SELECT campaign, keyword, day, clicks, spend, invalid, refunded, impressions, conversions FROM ad_days \
          WHERE campaign = ?1 AND keyword = ?2 AND day >= ?3 AND day <= ?4 ORDER BY day LIMIT 400",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&CAMPAIGNS, &COUNTS, &KEYWORDS, &GRANTS, &DAYS];

/// When and by which rules accounts are read.
#[derive(Clone, Copy)]
pub struct AdMoment<'a> {
    /// Business time.
    pub now: Timestamp,
    /// Business zone.
    pub zone: &'a Zone,
    /// Currency of the books.
    pub currency: Currency,
    /// Policy in force.
    pub view: PolicyView<'a>,
}

impl AdMoment<'_> {
    /// Civil date.
    pub fn today(&self) -> Date {
        self.zone.date(self.now)
    }
}

/// A grant, and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    /// The grant.
    pub row: AdGrantRow,
    /// What is left, minor units; 0 once it has ended or expired.
    pub left_minor: i64,
}

/// How many campaigns stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CampaignCounts {
    /// All.
    pub total: u32,
    /// Switched on by the advertiser.
    pub on: u32,
    /// Stopped for money, and waiting for the advertiser to resume them.
    pub to_be_resumed: u32,
    /// Daily budgets of those that are switched on and not over, minor units.
    pub budgets_minor: i64,
}

/// An account as it stands (A1). Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdAccountView {
    /// What is kept of it; a new one for an advertiser without any.
    pub row: AdAccountRow,
    /// State (A4).
    pub state: AccountState,
    /// Prepaid money that is not on its way back.
    pub cash_minor: i64,
    /// Of the cash, what goes back.
    pub refunding_minor: i64,
    /// What is left of grants that can be used now.
    pub grants_minor: i64,
    /// Those grants, the soonest to expire first.
    pub grants: Vec<GrantView>,
    /// What is owed.
    pub arrears_minor: i64,
    /// What was spent lately.
    pub spend: Spend,
    /// When the balance will be used up.
    pub run_out_at: Option<Timestamp>,
    /// Campaigns.
    pub campaigns: CampaignCounts,
    /// What to top up (A2).
    pub top_up: Suggestion,
}

impl AdAccountView {
    /// Cash and grants, minor units.
    pub const fn spendable_minor(&self) -> i64 {
        self.cash_minor.saturating_add(self.grants_minor)
    }
}

/// A grant, and what its ledger account has: more than can be used once it has expired and that is not booked yet.
fn with_left(
    session: &mut dyn Session,
    row: AdGrantRow,
    moment: &AdMoment<'_>,
) -> Result<(GrantView, i64), Fault> {
    let over = row.ended_at.is_some() || row.expires_at.is_some_and(|at| at <= moment.now);
    let reference = grant_account(row.party, row.id, moment.currency);
    let there = account(session, &reference)?.map_or(0, |row| row.0.available());
    Ok((GrantView { row, left_minor: if over { 0 } else { there } }, there))
}

/// Grants that have not been ended, the soonest to expire first, and when the last one of those that something was left of
/// has expired.
fn open_grants(
    session: &mut dyn Session,
    party: PartyId,
    moment: &AdMoment<'_>,
) -> Result<(Vec<GrantView>, Option<Timestamp>), Fault> {
    let mut rows = Vec::new();
    session.query(&OPEN_GRANTS, &[Value::Bytes(&party.0.0), Value::Int(OPEN_GRANTS_MAX)], &mut |source| {
        rows.push(AdGrantRow::read(source));
        true
    })?;
    let (mut grants, mut expired_at) = (Vec::new(), None);
    for row in rows {
        let (view, there) = with_left(session, row, moment)?;
        if there > 0 && view.left_minor == 0 {
            expired_at = expired_at.max(view.row.expires_at);
        }
        grants.push(view);
    }
    grants.retain(|grant| grant.left_minor > 0);
    Ok((grants, expired_at))
}

/// Where delivery stands now: a balance that consisted of grants is used up when the last of them expires, whether that is
/// booked already or not (A4).
fn stop_by_expiry(row: &mut AdAccountRow, spendable_minor: i64, expired_at: Option<Timestamp>) {
    if spendable_minor <= 0 && row.stopped_at.is_none() {
        row.stopped_at = expired_at;
    }
}

/// The account of an advertiser.
///
/// # Errors
/// Storage faults.
pub fn ad_account(
    session: &mut dyn Session,
    party: PartyId,
    moment: &AdMoment<'_>,
) -> Result<AdAccountView, Fault> {
    let kept = one::<AdAccountRow>(session, party)?;
    let mut row = kept.unwrap_or_else(|| AdAccountRow::new(party, moment.now));
    let mut balance = |kind| account(session, &AccountRef::party(party, kind, moment.currency));
    let cash = balance(AccountKind::AdCash)?.map(|row| row.0);
    let arrears_minor = balance(AccountKind::AdArrears)?.map_or(0, |row| row.0.posted);
    let (grants, expired_at) = open_grants(session, party, moment)?;
    let grants_minor = grants.iter().fold(0_i64, |sum, grant| sum.saturating_add(grant.left_minor));
    let cash_minor = cash.as_ref().map_or(0, |cash| cash.available().max(0));
    stop_by_expiry(&mut row, cash_minor.saturating_add(grants_minor), expired_at);
    let spend = spend(session, &row, moment)?;
    let campaigns = count(session, &row, moment)?;
    let facts = TopUpFacts {
        arrears_minor,
        budgets_minor: campaigns.budgets_minor,
        daily_minor: spend.daily_minor(),
        paid_before: has_paid(session, party)?,
    };
    Ok(AdAccountView {
        state: account_state(&row, moment.view, moment.now),
        cash_minor,
        refunding_minor: cash.map_or(0, |cash| cash.held_out),
        grants_minor,
        grants,
        arrears_minor,
        spend,
        run_out_at: run_out(cash_minor.saturating_add(grants_minor), &spend, moment.now),
        campaigns,
        top_up: suggest(&facts, &top_up_terms(moment.view)),
        row,
    })
}

fn spend(session: &mut dyn Session, row: &AdAccountRow, moment: &AdMoment<'_>) -> Result<Spend, Fault> {
    let today = moment.today();
    let from = today.saturating_sub(jiff::Span::new().days(i64::from(MEAN_DAYS)));
    let until = today.yesterday().unwrap_or(today);
    let days = days(session, whole_account(row.party), (from, until))?;
    let past_minor = days.iter().fold(0_i64, |sum, day| sum.saturating_add(day.spend - day.refunded));
    let spent_today = row.day == today.to_string();
    Ok(Spend {
        past_minor,
        past_days: MEAN_DAYS,
        today_minor: if spent_today { row.spent_today } else { 0 },
        today_us: moment.now.0 - moment.zone.start_of(today).0,
    })
}

/// Rollups of all of a campaign, day by day, both dates included.
pub(super) fn days(
    session: &mut dyn Session,
    campaign: CampaignId,
    (from, until): (Date, Date),
) -> Result<Vec<AdDayRow>, Fault> {
    let (from, until) = (from.to_string(), until.to_string());
    let nil = Uid::NIL;
    let params = [Value::Bytes(&campaign.0.0), Value::Bytes(&nil.0), Value::Text(&from), Value::Text(&until)];
    let mut rows = Vec::new();
    session.query(&DAYS, &params, &mut |source| {
        rows.push(AdDayRow::read(source));
        true
    })?;
    Ok(rows)
}

fn count(
    session: &mut dyn Session,
    account: &AdAccountRow,
    moment: &AdMoment<'_>,
) -> Result<CampaignCounts, Fault> {
    let today = moment.today().to_string();
    // What waits since the last stop, unless all were resumed from it together.
    let waits = account.stopped_at.is_none() && account.resumed_stop < account.stops;
    let mut counts = CampaignCounts::default();
    session.query(&COUNTS, &[Value::Bytes(&account.party.0.0)], &mut |row| {
        let (on, budget, behind) = (row.int(0) != 0, row.int(1), row.int(2) < account.stops);
        let over = !row.is_null(3) && row.text(3) < today.as_str();
        let many = u32::try_from(row.int(4)).unwrap_or(u32::MAX);
        counts.total = counts.total.saturating_add(many);
        if on {
            counts.on = counts.on.saturating_add(many);
        }
        if on && !over {
            let budgets = budget.saturating_mul(i64::from(many));
            counts.budgets_minor = counts.budgets_minor.saturating_add(budgets);
            if waits && behind {
                counts.to_be_resumed = counts.to_be_resumed.saturating_add(many);
            }
        }
        true
    })?;
    Ok(counts)
}

/// A campaign with its true status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignView {
    /// The campaign.
    pub row: AdCampaignRow,
    /// Whether it is delivered, and if not, why.
    pub status: Status,
    /// What it spent today, minor units.
    pub spent_today_minor: i64,
    /// When its schedule opens next; `None` while it is open.
    pub opens: Option<(Date, u16)>,
}

/// What the status of a campaign looks at besides its own row.
struct Around<'a> {
    account: &'a AdAccountRow,
    arrears_minor: i64,
    moment: &'a AdMoment<'a>,
}

fn view(row: AdCampaignRow, day: Option<&AdBudgetDayRow>, around: &Around<'_>) -> CampaignView {
    let (account, moment) = (around.account, around.moment);
    let today = moment.today().to_string();
    let local = moment.zone.datetime(moment.now);
    let schedule = Schedule::decode(&row.schedule);
    let state = account_state(account, moment.view, moment.now);
    let facts = StatusFacts {
        active: row.active,
        started: row.starts_on.as_ref().is_none_or(|first| *first <= today),
        ended: row.ends_on.as_ref().is_some_and(|last| *last < today),
        on_schedule: schedule.factor_at(local).is_some(),
        has_keywords: row.keywords > 0,
        stopped: account.stopped_at.is_some(),
        arrears: around.arrears_minor > 0,
        suspended: matches!(state, AccountState::Suspended { .. }),
        waits: row.resumed_stop.max(account.resumed_stop) < account.stops,
        budget_used_up: day.is_some_and(|day| day.stopped_at.is_some()),
    };
    CampaignView {
        status: status(&facts),
        spent_today_minor: day.map_or(0, |day| day.spent),
        opens: schedule.opens(local),
        row,
    }
}

fn around(
    session: &mut dyn Session,
    party: PartyId,
    moment: &AdMoment<'_>,
) -> Result<(AdAccountRow, i64), Fault> {
    let account_row = one::<AdAccountRow>(session, party)?;
    let mut row = account_row.unwrap_or_else(|| AdAccountRow::new(party, moment.now));
    if row.grants > 0 && row.stopped_at.is_none() {
        let (grants, expired_at) = open_grants(session, party, moment)?;
        let cash = AccountRef::party(party, AccountKind::AdCash, moment.currency);
        let cash_minor = account(session, &cash)?.map_or(0, |row| row.0.available().max(0));
        let left = grants.iter().fold(cash_minor, |sum, grant| sum.saturating_add(grant.left_minor));
        stop_by_expiry(&mut row, left, expired_at);
    }
    let arrears = AccountRef::party(party, AccountKind::AdArrears, moment.currency);
    Ok((row, account(session, &arrears)?.map_or(0, |row| row.0.posted)))
}

/// Adds what is known around campaigns that were read or changed.
///
/// # Errors
/// Storage faults.
pub fn campaign_views(
    session: &mut dyn Session,
    party: PartyId,
    rows: Vec<AdCampaignRow>,
    moment: &AdMoment<'_>,
) -> Result<Vec<CampaignView>, Fault> {
    let (account, arrears_minor) = around(session, party, moment)?;
    let today = moment.today();
    let keys: Vec<(CampaignId, Date)> = rows.iter().map(|row| (row.id, today)).collect();
    let days = many::<AdBudgetDayRow>(session, &keys)?;
    let around = Around { account: &account, arrears_minor, moment };
    let day_of = |id: CampaignId| days.iter().find(|day| day.campaign == id);
    Ok(rows
        .into_iter()
        .map(|row| {
            let day = day_of(row.id);
            view(row, day, &around)
        })
        .collect())
}

fn many<T: Record>(session: &mut dyn Session, keys: &[T::Key]) -> Result<Vec<T>, Fault> {
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut rows = Vec::new();
    if !sorted.is_empty() {
        session.load(T::TABLE, &Keys::<T>(&sorted), Lock::None, &mut |source| rows.push(T::read(source)))?;
    }
    Ok(rows)
}

/// A campaign by id, as it is kept.
///
/// # Errors
/// Storage faults.
pub fn campaign(session: &mut dyn Session, id: CampaignId) -> Result<Option<AdCampaignRow>, Fault> {
    one(session, id)
}

/// Campaigns of an advertiser in order of their ids, behind `after`; only those whose status has this name, where one is
/// named. A page that read its bounded part may be shorter and still say where to go on.
///
/// # Errors
/// Storage faults.
pub fn campaigns(
    session: &mut dyn Session,
    party: PartyId,
    status: Option<&str>,
    after: Option<CampaignId>,
    most: usize,
    moment: &AdMoment<'_>,
) -> Result<Page<CampaignView, CampaignId>, Fault> {
    let begin = after.unwrap_or_default();
    page(begin, most, |behind, limit, take| {
        let params = [Value::Bytes(&party.0.0), Value::Bytes(&behind.0.0), Value::Int(limit)];
        let mut rows = Vec::new();
        session.query(&CAMPAIGNS, &params, &mut |source| {
            rows.push(AdCampaignRow::read(source));
            true
        })?;
        for view in campaign_views(session, party, rows, moment)? {
            let shown = status.is_none_or(|name| view.status.name() == name);
            let place = view.row.id;
            if !take(Pass { row: view, place, shown }) {
                break;
            }
        }
        Ok(())
    })
}

/// Keywords of a campaign in order of their ids, behind `after`.
///
/// # Errors
/// Storage faults.
pub fn keywords(
    session: &mut dyn Session,
    campaign: CampaignId,
    after: Option<KeywordId>,
    limit: i64,
) -> Result<Vec<AdKeywordRow>, Fault> {
    let after = after.unwrap_or_default();
    let limit = limit.clamp(1, AD_PAGE_MAX + 1);
    let params = [Value::Bytes(&campaign.0.0), Value::Bytes(&after.0.0), Value::Int(limit)];
    let mut rows = Vec::new();
    session.query(&KEYWORDS, &params, &mut |source| {
        rows.push(AdKeywordRow::read(source));
        true
    })?;
    Ok(rows)
}

/// Grants of an advertiser, those that ended included, in order of their ids, behind `after`.
///
/// # Errors
/// Storage faults.
pub fn grants(
    session: &mut dyn Session,
    party: PartyId,
    after: Option<AdGrantId>,
    limit: i64,
    moment: &AdMoment<'_>,
) -> Result<Vec<GrantView>, Fault> {
    let after = after.unwrap_or_default();
    let limit = limit.clamp(1, AD_PAGE_MAX + 1);
    let params = [Value::Bytes(&party.0.0), Value::Bytes(&after.0.0), Value::Int(limit)];
    let mut rows = Vec::new();
    session.query(&GRANTS, &params, &mut |source| {
        rows.push(AdGrantRow::read(source));
        true
    })?;
    let mut views = Vec::new();
    for row in rows {
        views.push(with_left(session, row, moment)?.0);
    }
    Ok(views)
}
