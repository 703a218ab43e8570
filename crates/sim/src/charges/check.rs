//! Holds the books against the auditor, and both against what must hold whatever happened.

use std::collections::BTreeMap;

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
    time::{Timestamp, Zone},
};
use purser_engine::{
    Fault, Session,
    ads::{
        AdBudgetDayRow, AdHourRow, AdMoment, ReportFigures, ad_account, campaigns, grant_account, grant_id,
        report_hours, report_keywords, whole_account,
    },
    rows::{AccountRow, EventRow},
};
use purser_storage::{Keys, Lock, Record as _};

use super::{
    acts::World,
    auditor::{Auditor, Money},
    state::{ARREARS_LIMIT, DAY, day_of, day_start},
};
use crate::{delivery::WORDS, desk::Desk, tables};

type Checked<T> = Result<T, String>;

fn no(fault: &Fault) -> String {
    fault.to_string()
}

fn posted(session: &mut dyn Session, account: &AccountRef) -> Checked<i64> {
    let mut found = 0;
    let keys = [account.id()];
    let load = session.load(AccountRow::TABLE, &Keys::<AccountRow>(&keys), Lock::None, &mut |row| {
        found = AccountRow::read(row).0.posted;
    });
    load.map(|()| found).map_err(|fault| no(&fault))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, believed: &T) -> Checked<()> {
    if found == believed {
        return Ok(());
    }
    Err(format!("{what}\n  is           {found:?}\n  and not      {believed:?}"))
}

/// Balances, states, statuses, budgets. Returns the largest arrears.
pub(super) fn books(desk: &mut Desk, world: &World, auditor: &Auditor) -> Checked<i64> {
    let mut most = 0;
    for advertiser in 0..world.market.advertisers.len() {
        let money = money(desk, world, auditor, advertiser)?;
        same(&format!("the money of advertiser {advertiser}"), &money, &auditor.money(advertiser))?;
        if money.arrears > ARREARS_LIMIT {
            return Err(format!("advertiser {advertiser} owes {}, more than may be owed", money.arrears));
        }
        if money.arrears > 0 && money.cash > 0 {
            return Err(format!("advertiser {advertiser} owes and has a balance: {money:?}"));
        }
        most = most.max(money.arrears);
        account(desk, world, auditor, advertiser)?;
        statuses(desk, world, auditor, advertiser, &money)?;
    }
    let revenue = AccountRef::platform(AccountKind::RevenueAds, Currency::CNY);
    let found = posted(desk.writer.session(), &revenue)?;
    same("the revenue", &found, &auditor.revenue)?;
    budgets(desk, world, auditor)?;
    Ok(most)
}

fn money(desk: &mut Desk, world: &World, auditor: &Auditor, advertiser: usize) -> Checked<Money> {
    let party = world.party(advertiser);
    let of = |kind| AccountRef::party(party, kind, Currency::CNY);
    let session = desk.writer.session();
    let cash = posted(session, &of(AccountKind::AdCash))?;
    let arrears = posted(session, &of(AccountKind::AdArrears))?;
    let mut grants = Vec::new();
    for (number, _) in auditor.money(advertiser).grants {
        let id = grant_id(party, &format!("grant-{number}"));
        grants.push((number, posted(session, &grant_account(party, id, Currency::CNY))?));
    }
    Ok(Money { cash, arrears, grants })
}

/// What the account says of itself.
fn account(desk: &mut Desk, world: &World, auditor: &Auditor, advertiser: usize) -> Checked<()> {
    with_moment(desk, auditor.now, |session, moment| {
        let view = ad_account(session, world.party(advertiser), moment).map_err(|fault| no(&fault))?;
        let believed = auditor.account(advertiser);
        let found = super::auditor::Account {
            spendable_minor: view.spendable_minor(),
            stops: view.row.stops,
            stopped_at: view.row.stopped_at,
            arrears_since: view.row.arrears_since,
            numbered: view.row.seq,
            today_minor: view.spend.today_minor,
            state: view.state.name(),
        };
        same(&format!("the account of advertiser {advertiser}"), &found, &believed)
    })
}

fn with_moment<T>(
    desk: &mut Desk,
    now: Timestamp,
    read: impl FnOnce(&mut dyn Session, &AdMoment<'_>) -> Checked<T>,
) -> Checked<T> {
    let rules = desk.writer.rules();
    let rules = rules.read().map_err(|_| "the rules are poisoned".to_owned())?.clone();
    let zone = Zone::shanghai();
    let moment = AdMoment { now, zone: &zone, currency: Currency::CNY, view: rules.policy.now(now) };
    read(desk.writer.session(), &moment)
}

/// Every campaign says truly whether it is shown, and why not; none is shown without money.
fn statuses(
    desk: &mut Desk,
    world: &World,
    auditor: &Auditor,
    advertiser: usize,
    money: &Money,
) -> Checked<()> {
    let page = with_moment(desk, auditor.now, |session, moment| {
        campaigns(session, world.party(advertiser), None, None, 50, moment).map_err(|fault| no(&fault))
    })?;
    let places: BTreeMap<_, _> =
        (0..world.market.campaigns.len()).map(|place| (world.campaign(place), place)).collect();
    let has_money = money.arrears == 0 && auditor.left(advertiser) > 0;
    for view in page.rows {
        let Some(place) = places.get(&view.row.id) else { continue };
        let found: Vec<&str> = view.status.reasons.iter().map(|reason| reason.name()).collect();
        same(&format!("the status of campaign {place}"), &found, &auditor.status(*place))?;
        if view.status.is_running() && !has_money {
            return Err(format!("campaign {place} runs without money: {money:?}"));
        }
    }
    Ok(())
}

/// Budget days: spent, highest, stopped, credited, closed.
type BudgetDay = (i64, i64, Option<Timestamp>, i64, bool);

fn budgets(desk: &mut Desk, world: &World, auditor: &Auditor) -> Checked<()> {
    let rows = tables::all::<AdBudgetDayRow>(desk.writer.session()).map_err(|fault| no(&fault))?;
    let zone = Zone::shanghai();
    let mut found: BTreeMap<_, BudgetDay> = BTreeMap::new();
    for row in rows {
        let day = day_of(zone.start_of(row.day));
        found.insert((row.campaign, day), (row.spent, row.highest, row.stopped_at, row.credited, row.closed));
    }
    let believed = auditor.budgets().map(|((campaign, day), known)| {
        let numbers = (known.spent(), known.highest, known.stopped, known.credited, known.closed);
        ((world.campaign(*campaign), *day), numbers)
    });
    same("the budget days", &found, &believed.collect())
}

/// Numbered events without a gap, hours and keywords that are the sums of their clicks, days that are the sums of their hours.
pub(super) fn figures(desk: &mut Desk, world: &World, auditor: &Auditor) -> Checked<()> {
    events(desk, world, auditor)?;
    let (first, last) = (Timestamp(0), Timestamp(i64::MAX));
    let all = tables::all::<AdHourRow>(desk.writer.session()).map_err(|fault| no(&fault))?;
    for advertiser in 0..world.market.advertisers.len() {
        let own = (0..world.market.campaigns.len()).filter(|place| world.owner(*place) == advertiser);
        for campaign in [None].into_iter().chain(own.map(Some)) {
            let id = campaign.map_or(whole_account(world.party(advertiser)), |place| world.campaign(place));
            let hours: Vec<_> = all.iter().filter(|row| row.campaign == id).collect();
            let what = format!("the hours of advertiser {advertiser}, campaign {campaign:?}");
            for row in &hours {
                let found = [row.clicks, row.spend, row.invalid, row.refunded];
                same(&what, &found, &auditor.hour(advertiser, campaign, row.hour))?;
            }
            let mut sum = [0; 4];
            for row in &hours {
                add(&mut sum, [row.clicks, row.spend, row.invalid, row.refunded]);
            }
            same(&what, &sum, &auditor.whole(advertiser, campaign))?;
            let read = report_hours(desk.writer.session(), id, (first, last)).map_err(|fault| no(&fault))?;
            same(&format!("{what} in the report"), &read.len(), &hours.len())?;
        }
    }
    keywords(desk, world, auditor)
}

fn add(sum: &mut [i64; 4], one: [i64; 4]) {
    sum.iter_mut().zip(one).for_each(|(sum, one)| *sum += one);
}

fn four(figures: &ReportFigures) -> [i64; 4] {
    [figures.clicks, figures.spend_minor, figures.invalid, figures.refunded_minor]
}

fn keywords(desk: &mut Desk, world: &World, auditor: &Auditor) -> Checked<()> {
    let zone = Zone::shanghai();
    let last = day_of(auditor.now);
    let date = |day: i64| zone.date(day_start(day).plus(DAY / 2));
    let span = (date(last - 300), date(last + 1));
    for place in 0..world.market.campaigns.len() {
        let campaign = world.campaign(place);
        let read = report_keywords(desk.writer.session(), campaign, span, None, 100);
        let read = read.map_err(|fault| no(&fault))?;
        for word in WORDS {
            let id = world.keyword(place, word);
            let found = read.iter().find(|row| row.0 == id).map_or([0; 4], |row| four(&row.2));
            same(&format!("keyword {word} of campaign {place}"), &found, &auditor.word(place, word))?;
        }
    }
    Ok(())
}

/// The numbers of an advertiser's events are 1, 2, 3 … without a gap, and the events are those that the auditor expects.
fn events(desk: &mut Desk, world: &World, auditor: &Auditor) -> Checked<()> {
    let rows = tables::all::<EventRow>(desk.writer.session()).map_err(|fault| no(&fault))?;
    for advertiser in 0..world.market.advertisers.len() {
        let party = world.party(advertiser);
        let own = rows.iter().filter(|row| row.party == party);
        let numbered: Vec<(i64, &str)> =
            own.filter_map(|row| Some((row.facts.get_int("seq")?, row.kind.as_str()))).collect();
        let believed: Vec<(i64, &str)> = (1..).zip(auditor.events(advertiser).iter().copied()).collect();
        same(&format!("the numbered events of advertiser {advertiser}"), &numbered, &believed)?;
    }
    Ok(())
}
