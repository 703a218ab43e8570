//! What must hold between clicks, their lines and the ledger, and among the rows of the advertising account (P3).

use std::{collections::BTreeMap, sync::Arc};

use purser_domain::{
    ads::{
        budget::Segments,
        sources::{Source, Split},
    },
    ids::{AccountId, CampaignId, PartyId, PaymentId, TransferId, TypedId as _},
    ledger::{AccountKind, AccountRef, Transfer, TransferKind},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{
    lines::{ClickLine, decode},
    rows::{AdClickRow, AdLinesRow, CREDITED},
    top_ups::{EARNINGS, EXCEEDED},
};
use crate::{
    rows::AccountInfo,
    verify::{Finding, Invariant},
};

static ACCOUNTS: Statement = Statement {
    name: "ads.invariant_accounts",
    sql: "SELECT party, stops, stopped_at, resumed_stop, arrears_since, grants FROM ad_accounts ORDER BY party",
};
static GRANTS: Statement = Statement {
    name: "ads.invariant_grants",
    sql: "SELECT party, COUNT(*) FROM ad_grants WHERE ended_at IS NULL GROUP BY party",
};
static TOP_UPS: Statement = Statement {
    name: "ads.invariant_top_ups",
    sql: "SELECT t.party, t.id, t.source, t.amount, t.cash, t.rest, p.amount, p.cash, p.refunding, p.refunded \
          FROM ad_top_ups t LEFT JOIN payments p ON p.id = t.id AND p.party = t.party AND p.place = 'credited' \
          ORDER BY t.party, t.n",
};
static UNKNOWN_TOP_UPS: Statement = Statement {
    name: "ads.invariant_payments",
    sql: "SELECT p.id FROM payments p WHERE p.place = 'credited' AND NOT EXISTS \
          (SELECT 1 FROM ad_top_ups t WHERE t.party = p.party AND t.id = p.id) ORDER BY p.id LIMIT 100",
};
static BALANCES: Statement = Statement {
    name: "ads.invariant_balances",
    sql: "SELECT i.owner, a.posted, a.held_out FROM account_info i JOIN accounts a ON a.id = i.id WHERE i.kind = ?1 AND a.posted <> 0",
};
static BUDGETS: Statement = Statement {
    name: "ads.invariant_budgets",
    sql: "SELECT campaign, day, spent, sources, credited FROM ad_budget_days ORDER BY campaign, day",
};
static OPEN_DAYS: Statement = Statement {
    name: "ads.invariant_open_days",
    sql: "SELECT b.campaign, b.day, 1 FROM ad_budget_days b LEFT JOIN ad_open_days o ON o.day = b.day AND o.campaign = b.campaign \
          WHERE b.closed = 0 AND o.day IS NULL \
          UNION ALL SELECT o.campaign, o.day, 0 FROM ad_open_days o LEFT JOIN ad_budget_days b \
          ON b.campaign = o.campaign AND b.day = o.day AND b.closed = 0 WHERE b.day IS NULL LIMIT 100",
};
static HOURS: Statement = Statement {
    name: "ads.invariant_hours",
    sql: "SELECT campaign, clicks, spend, invalid, refunded FROM ad_hours ORDER BY campaign",
};
static DAYS: Statement = Statement {
    name: "ads.invariant_days",
    sql: "SELECT campaign, clicks, spend, invalid, refunded FROM ad_days WHERE keyword = ?1 ORDER BY campaign",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&ACCOUNTS, &BALANCES, &GRANTS, &TOP_UPS, &UNKNOWN_TOP_UPS, &BUDGETS, &OPEN_DAYS, &HOURS, &DAYS];

/// Most findings.
const MOST: usize = 100;
/// Clicks compared at a time.
const BATCH: usize = 16_384;

/// Every transfer of clicks has its lines, which add up to it, and every click that is still known says the same of the
/// money that it cost.
pub(crate) struct ClickLines;

impl Invariant for ClickLines {
    fn name(&self) -> &'static str {
        "clicks = lines = transfer"
    }

    fn check(&self, _session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        // Everything is about single transfers.
        Ok(Vec::new())
    }

    fn wants(&self, kind: i64) -> bool {
        kind == TransferKind::AdClicks.code() || kind == TransferKind::AdInvalid.code()
    }

    fn lines(&self, session: &mut dyn Session, transfers: &[Transfer]) -> Result<Vec<Finding>, Fault> {
        let mut check = Check { name: self.name(), findings: Vec::new(), pending: Vec::new() };
        let mut ids: Vec<TransferId> = transfers.iter().map(|transfer| transfer.id).collect();
        ids.sort_unstable();
        let mut stored: BTreeMap<TransferId, AdLinesRow> = BTreeMap::new();
        session.load(AdLinesRow::TABLE, &Keys::<AdLinesRow>(&ids), Lock::None, &mut |row| {
            let row = AdLinesRow::read(row);
            stored.insert(row.transfer, row);
        })?;
        let sources = sources(session, transfers)?;
        for transfer in transfers {
            let lines = check.transfer(transfer, stored.remove(&transfer.id));
            let Some(lines) = lines else { continue };
            let charges = transfer.kind == TransferKind::AdClicks.code();
            let own = if charges { transfer.debit } else { transfer.credit };
            let source = sources.get(&own).copied().flatten();
            let of = Of { transfer: transfer.id, campaign: CampaignId(transfer.reference), charges, source };
            for line in lines {
                check.pending.push((of, line));
                if check.pending.len() >= BATCH {
                    check.clicks(session)?;
                }
            }
        }
        check.clicks(session)?;
        check.findings.truncate(MOST);
        Ok(check.findings)
    }
}

/// The side of transfers that is the advertiser's, as a source of clicks.
fn sources(
    session: &mut dyn Session,
    transfers: &[Transfer],
) -> Result<BTreeMap<AccountId, Option<Source>>, Fault> {
    let mut ids: Vec<AccountId> =
        transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = BTreeMap::new();
    session.load(AccountInfo::TABLE, &Keys::<AccountInfo>(&ids), Lock::None, &mut |row| {
        let AccountInfo { id, reference, .. } = AccountInfo::read(row);
        found.insert(id, source(&reference));
    })?;
    Ok(found)
}

fn source(reference: &AccountRef) -> Option<Source> {
    match reference.kind {
        AccountKind::AdCash => Some(Source::Cash),
        AccountKind::AdArrears => Some(Source::Arrears),
        AccountKind::AdGrant => reference.qualifier.parse().ok().map(Source::Grant),
        _ => None,
    }
}

/// The transfer that a line is of.
#[derive(Clone, Copy)]
struct Of {
    transfer: TransferId,
    campaign: CampaignId,
    charges: bool,
    source: Option<Source>,
}

struct Check {
    name: &'static str,
    findings: Vec<Finding>,
    pending: Vec<(Of, ClickLine)>,
}

impl Check {
    fn found(&mut self, place: String, expected: String, found: String, sentence: &str) {
        self.findings.push(Finding::of_invariant(self.name, place, expected, found, sentence));
    }

    /// The lines of a transfer, when they are there and add up.
    fn transfer(&mut self, transfer: &Transfer, row: Option<AdLinesRow>) -> Option<Vec<ClickLine>> {
        let place = transfer.id.to_string();
        let Some(row) = row else {
            self.found(
                place,
                "lines".to_owned(),
                "none".to_owned(),
                "a transfer of clicks without its clicks",
            );
            return None;
        };
        let Some(lines) = decode(&row.lines) else {
            let text = "the clicks of the transfer cannot be read";
            self.found(place, format!("{} clicks", row.clicks), "damaged bytes".to_owned(), text);
            return None;
        };
        let sum: i128 = lines.iter().map(|line| i128::from(line.amount_minor)).sum();
        let count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let amount = i128::from(transfer.amount_minor);
        let says = (row.clicks, i128::from(row.sum), row.campaign.0);
        if sum != amount || says != (count, sum, transfer.reference) {
            self.found(
                place,
                format!("{} in {}", transfer.amount_minor, transfer.reference.with_prefix("cmp")),
                format!("{count} clicks of {sum} in {}; stated {} of {}", row.campaign, row.clicks, row.sum),
                "the clicks do not add up to their transfer",
            );
            return None;
        }
        Some(lines)
    }

    /// Compares the clicks that wait with what is remembered of them. Forgotten ones are trade data only.
    fn clicks(&mut self, session: &mut dyn Session) -> Result<(), Fault> {
        let pending = std::mem::take(&mut self.pending);
        let mut ids: Vec<Arc<str>> = pending.iter().map(|(_, line)| Arc::clone(&line.click)).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut known: BTreeMap<Arc<str>, AdClickRow> = BTreeMap::new();
        session.load(AdClickRow::TABLE, &Keys::<AdClickRow>(&ids), Lock::None, &mut |row| {
            let row = AdClickRow::read(row);
            known.insert(Arc::clone(&row.id), row);
        })?;
        for (of, line) in pending {
            let Some(click) = known.get(&line.click) else { continue };
            let place = || format!("{}, click {}", of.transfer, line.click);
            if !of.charges {
                if click.flags & CREDITED == 0 {
                    let text = "a click that was credited counts as valid";
                    self.found(place(), "credited".to_owned(), "not credited".to_owned(), text);
                }
                continue;
            }
            let parts = Split::decode(&click.split, click.amount);
            let part = parts.as_ref().and_then(|parts| {
                parts.iter().find(|part| Some(part.source) == of.source).map(|part| part.amount_minor)
            });
            let same = (part, click.campaign, click.click_at);
            if same != (Some(line.amount_minor), of.campaign, line.at) {
                self.found(
                    place(),
                    format!("{} of {} at {} from {:?}", line.amount_minor, of.campaign, line.at, of.source),
                    format!("{part:?} of {} at {}, split {parts:?}", click.campaign, click.click_at),
                    "the click does not say what its transfer says",
                );
            }
        }
        Ok(())
    }
}

/// An advertiser with arrears is stopped and knows since when; nobody else has arrears; nothing is owed beside a balance;
/// its open grants are counted; no campaign was resumed from a stop that never was.
pub(crate) struct AdAccountsAgree;

/// What an advertiser's ledger accounts and grants say.
#[derive(Default)]
struct Stands {
    owed: i64,
    cash: i64,
    grants: i64,
}

fn stands(session: &mut dyn Session) -> Result<BTreeMap<PartyId, Stands>, Fault> {
    let mut found: BTreeMap<PartyId, Stands> = BTreeMap::new();
    for kind in [AccountKind::AdArrears, AccountKind::AdCash] {
        session.query(&BALANCES, &[Value::Int(kind.code())], &mut |row| {
            let stands = found.entry(PartyId::from_uid(row.uid(0))).or_default();
            match kind {
                AccountKind::AdArrears => stands.owed = row.int(1),
                // What is on its way back pays nothing.
                _ => stands.cash = row.int(1) - row.int(2),
            }
            true
        })?;
    }
    session.query(&GRANTS, &[], &mut |row| {
        found.entry(PartyId::from_uid(row.uid(0))).or_default().grants = row.int(1);
        true
    })?;
    Ok(found)
}

impl Invariant for AdAccountsAgree {
    fn name(&self) -> &'static str {
        "advertisers with arrears are stopped"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut stands = stands(session)?;
        let mut findings = Vec::new();
        let mut wrong = |party: PartyId, expected: String, found: String, sentence: &str| {
            if findings.len() < MOST {
                let place = party.to_string();
                findings.push(Finding::of_invariant(self.name(), place, expected, found, sentence));
            }
        };
        session.query(&ACCOUNTS, &[], &mut |row| {
            let party = PartyId::from_uid(row.uid(0));
            let Stands { owed, cash, grants } = stands.remove(&party).unwrap_or_default();
            let arrears = owed > 0;
            let (stopped, since) = (!row.is_null(2), !row.is_null(4));
            if arrears != since || (arrears && !stopped) || row.int(3) > row.int(1) {
                wrong(
                    party,
                    format!("arrears: {arrears}, and stopped with them"),
                    format!(
                        "stopped: {stopped}, since when: {since}, resumed {} of {}",
                        row.int(3),
                        row.int(1)
                    ),
                    "the advertiser's row does not say what its accounts say",
                );
            }
            if arrears && cash > 0 {
                let sentence = "the balance pays what is owed, and nothing is owed beside it";
                wrong(party, "one of them".to_owned(), format!("{cash} of cash, {owed} owed"), sentence);
            }
            if grants != row.int(5) {
                let sentence = "the advertiser's row does not count its open grants";
                wrong(party, grants.to_string(), row.int(5).to_string(), sentence);
            }
            true
        })?;
        for (party, Stands { owed, grants, .. }) in stands {
            if owed > 0 || grants > 0 {
                let sentence = "an advertiser with arrears or grants has no row that stops its delivery";
                wrong(
                    party,
                    "a row".to_owned(),
                    format!("{owed} owed, {grants} grants, and no row"),
                    sentence,
                );
            }
        }
        Ok(findings)
    }
}

/// What of a payment has not gone back is what its top-up says; nothing went back of what never was balance.
pub(crate) struct AdTopUpsAgree;

impl Invariant for AdTopUpsAgree {
    fn name(&self) -> &'static str {
        "top-ups = payments, less what went back"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        session.query(&TOP_UPS, &[], &mut |row| {
            let (paid, amount, cash, rest) = (row.text(2) != EARNINGS, row.int(3), row.int(4), row.int(5));
            let exceeded = row.text(2) == EXCEEDED;
            let expected = if paid && row.is_null(6) {
                None
            } else if paid {
                Some((row.int(6), row.int(7), row.int(6) - row.int(8) - row.int(9)))
            } else {
                Some((amount, cash, rest))
            };
            let found = Some((amount, cash, rest));
            if found != expected || rest > amount || (rest < amount - cash) != exceeded {
                findings.push(Finding::of_invariant(
                    self.name(),
                    format!("{} of {}", row.uid(1).with_prefix("pay"), PartyId::from_uid(row.uid(0))),
                    format!("{expected:?}"),
                    format!("{found:?}"),
                    "what came, what became balance, and what has not gone back are not those of the payment",
                ));
            }
            findings.len() < MOST
        })?;
        session.query(&UNKNOWN_TOP_UPS, &[], &mut |row| {
            findings.push(Finding::of_invariant(
                self.name(),
                PaymentId::from_uid(row.uid(0)).to_string(),
                "a top-up".to_owned(),
                "none".to_owned(),
                "a payment became balance, and nothing says in which place",
            ));
            findings.len() < MOST
        })?;
        Ok(findings)
    }
}

/// What a campaign spent on a day is what its sources add up to; the days that are not closed are listed.
pub(crate) struct AdBudgetsAddUp;

impl Invariant for AdBudgetsAddUp {
    fn name(&self) -> &'static str {
        "spend of a day = its sources"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        session.query(&BUDGETS, &[], &mut |row| {
            let sum = Segments::decode(row.bytes(3)).sum_minor();
            if sum != i128::from(row.int(2)) || row.int(4) < 0 {
                findings.push(Finding::of_invariant(
                    self.name(),
                    format!("{} on {}", CampaignId::from_uid(row.uid(0)), row.text(1)),
                    sum.to_string(),
                    row.int(2).to_string(),
                    "the day's spend is not what it came from",
                ));
            }
            findings.len() < MOST
        })?;
        session.query(&OPEN_DAYS, &[], &mut |row| {
            let (open, listed) = if row.int(2) == 1 { ("open", "not listed") } else { ("closed", "listed") };
            findings.push(Finding::of_invariant(
                self.name(),
                format!("{} on {}", CampaignId::from_uid(row.uid(0)), row.text(1)),
                open.to_owned(),
                listed.to_owned(),
                "the list of open days does not have the days that are open",
            ));
            findings.len() < MOST
        })?;
        Ok(findings)
    }
}

/// Hours and days of a campaign, or of an advertiser as a whole, count the same clicks and the same money.
pub(crate) struct AdRollupsAddUp;

impl Invariant for AdRollupsAddUp {
    fn name(&self) -> &'static str {
        "figures by hour = figures by day"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut sums: BTreeMap<CampaignId, [[i128; 4]; 2]> = BTreeMap::new();
        let mut add = |place: usize, row: &dyn purser_storage::Source| {
            let sum = sums.entry(CampaignId::from_uid(row.uid(0))).or_default();
            for (column, figure) in (1..).zip(sum.get_mut(place).into_iter().flatten()) {
                *figure += i128::from(row.int(column));
            }
            true
        };
        session.query(&HOURS, &[], &mut |row| add(0, row))?;
        session.query(&DAYS, &[Value::Bytes(&[0; 16])], &mut |row| add(1, row))?;
        let differ = sums.into_iter().filter(|(_, [hours, days])| hours != days).take(MOST);
        let findings = differ.map(|(campaign, [hours, days])| {
            Finding::of_invariant(
                self.name(),
                campaign.to_string(),
                format!("clicks, spend, invalid, refunded {days:?}"),
                format!("{hours:?}"),
                "the figures by hour do not add up to those by day",
            )
        });
        Ok(findings.collect())
    }
}
