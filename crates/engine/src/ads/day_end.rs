//! The end of a civil day (A7): what a campaign spent above the day's highest budget goes back, to the sources last
//! charged first. A day is closed from its instant on, whether this job has run or not; it only books the credit.

use purser_domain::{
    ads::{
        budget::{Segments, over_delivered},
        sources::{Part, Source, give_back},
    },
    ids::{CampaignId, PartyId, TypedId as _},
    ledger::TransferKind,
    time::Date,
};
use purser_storage::{Statement, Value};

use super::{
    balance,
    campaigns::account_of,
    credit::Booking,
    events::tell,
    leads,
    moment::closes_at,
    rows::{AdBudgetDayRow, AdCampaignRow, AdGrantRow, AdOpenDayRow},
    stop::money_came,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

static OPEN_DAYS: Statement = Statement {
    name: "ads.open_days",
    sql: "SELECT campaign, day FROM ad_open_days WHERE day < ?1 ORDER BY day, campaign LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OPEN_DAYS];

/// Most days of one commit.
pub const CLOSE_MAX: i64 = 500;

/// Closes budget days that are over, the oldest first, at most so many.
#[derive(Debug, Clone, Copy)]
pub struct CloseAdDays {
    /// 1 to [`CLOSE_MAX`].
    pub limit: i64,
}

pub(super) fn grants(segments: &Segments) -> impl Iterator<Item = purser_domain::ids::AdGrantId> {
    segments.parts().iter().filter_map(|part| match part.source {
        Source::Grant(grant) => Some(grant),
        Source::Cash | Source::Arrears => None,
    })
}

impl Command for CloseAdDays {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "ads.close_days"
    }

    fn weight(&self) -> usize {
        usize::try_from(self.limit).unwrap_or(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let (today, limit) = (ctx.today.to_string(), self.limit.clamp(1, CLOSE_MAX));
        let mut keys: Vec<(CampaignId, Date)> = Vec::new();
        needs.read(&OPEN_DAYS, &[Value::Text(&today), Value::Int(limit)], &mut |row| {
            keys.push((CampaignId::from_uid(row.uid(0)), row.date(1)));
            true
        });
        keys.retain(|(_, day)| closes_at(ctx, *day) <= ctx.now);
        if keys.is_empty() {
            return;
        }
        needs.account(&balance::revenue(ctx.rules.currency));
        let campaigns: Vec<CampaignId> = keys.iter().map(|key| key.0).collect();
        let owners = leads::owners(needs, &campaigns);
        let mut parties: Vec<PartyId> = owners.values().copied().collect();
        parties.sort_unstable();
        parties.dedup();
        balance::want(needs, parties, ctx);
        for day in needs.peek::<AdBudgetDayRow>(keys) {
            let Some(party) = owners.get(&day.campaign) else { continue };
            needs.row::<AdCampaignRow>(day.campaign);
            needs.row::<AdBudgetDayRow>((day.campaign, day.day));
            needs.row::<AdOpenDayRow>((day.day, day.campaign));
            for grant in grants(&Segments::decode(&day.sources)) {
                balance::want_grant(needs, *party, grant, ctx);
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let over = |row: &&AdBudgetDayRow| !row.closed && closes_at(ctx, row.day) <= ctx.now;
        let days: Vec<AdBudgetDayRow> = tx.rows::<AdBudgetDayRow>().filter(over).cloned().collect();
        let mut looked = 0;
        for day in days {
            // Other commands of the group declare days too, and not what closing one needs: the next round does.
            if !tx.is_loaded::<AdOpenDayRow>(&(day.day, day.campaign)) {
                continue;
            }
            let Some(campaign) = tx.get::<AdCampaignRow>(&day.campaign).cloned() else { continue };
            looked += 1;
            let open = balance::open_grants(tx).remove(&campaign.party).unwrap_or_default();
            let own = |grant| tx.is_loaded::<AdGrantRow>(&(campaign.party, grant));
            if !balance::is_whole(tx, ctx, campaign.party, &open)
                || !grants(&Segments::decode(&day.sources)).all(own)
            {
                // Another server gave a grant: the next round looks for it anew.
                leads::forget_grants(tx, campaign.party);
                continue;
            }
            close(tx, ctx, &campaign, day)?;
        }
        Ok(Progress { more: looked >= self.limit.clamp(1, CLOSE_MAX), payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

fn close(tx: &mut Tx, ctx: &Ctx, campaign: &AdCampaignRow, mut day: AdBudgetDayRow) -> Result<(), Rejection> {
    let party = campaign.party;
    let mut segments = Segments::decode(&day.sources);
    let excess = over_delivered(day.spent, day.highest);
    let mut owed = balance::arrears_minor(tx, ctx, party);
    for part in segments.take_newest(excess) {
        let usable = |grant| tx.get::<AdGrantRow>(&(party, grant)).is_some_and(|row| row.is_usable(ctx));
        let (credits, lost) = give_back(&[part], &mut owed, usable);
        for (credit, back) in credits {
            let kind = TransferKind::AdOverDelivery;
            Booking::credit(party, campaign.id, kind, back).post_amount(tx, ctx, credit.amount_minor)?;
            day.credited = day.credited.saturating_add(credit.amount_minor);
            day.spent -= credit.amount_minor;
        }
        if lost > 0 {
            // The grant has ended: its part stays spent.
            segments.add(Part { amount_minor: lost, ..part });
        }
    }
    day.closed = true;
    tx.delete::<AdOpenDayRow>((day.day, day.campaign));
    day.sources = segments.encode();
    let credited = day.credited > 0;
    if credited {
        let mut account = account_of(tx, party, ctx);
        let facts = Facts::new()
            .text("day", day.day.to_string())
            .int("budget_minor", day.highest)
            .int("credited_minor", day.credited);
        tell(tx, &mut account, "ads.day_credited", &campaign.id.to_string(), &facts);
        tx.put(account);
    }
    tx.put(day);
    if credited { money_came(tx, ctx, party) } else { Ok(()) }
}
