//! What capabilities add to verification (P3): the business rows against the ledger.

use std::collections::BTreeMap;

use purser_domain::{
    corporate,
    ids::{PartyId, TypedId as _},
    ledger::AccountKind,
    withdrawals::Source,
};
use purser_storage::{Fault, Session, Statement};

use crate::{
    ads, agencies,
    bank_files::BankFilesAgree,
    cases::CasesWhole,
    corporate::StatementsWhole,
    identity::PayoutAccountsWhole,
    payments, programme,
    verify::{Finding, Invariant},
    withdrawals::{DrawnByOthers, ProceedsInTransit, SlicesReserveFloat, torn, under_way},
};

static RESERVED: Statement = Statement {
    name: "invariants.reserved",
    sql: "SELECT party, state, payable FROM settlement_statements ORDER BY party",
};
static SETTLED: Statement = Statement {
    name: "invariants.settled",
    sql: "SELECT payee, amount, service_fee, net, status FROM task_orders WHERE net IS NOT NULL ORDER BY payee",
};
static TOTALS: Statement = Statement {
    name: "invariants.totals",
    sql: "SELECT party, settled_gross, service_fee, compensation, settled_net, in_transit FROM earnings_totals \
          WHERE month = '' ORDER BY party",
};

static USAGE: Statement = Statement {
    name: "invariants.usage",
    sql: "SELECT party, period, amount FROM withdrawal_usage ORDER BY party, period",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&RESERVED, &SETTLED, &TOTALS, &USAGE];

/// Most findings of one invariant.
const MOST: usize = 100;

/// All invariants that exist.
pub fn all() -> Vec<&'static dyn Invariant> {
    let own: [&'static dyn Invariant; 21] = [
        &WithdrawalsInTransit,
        &ProceedsInTransit,
        &DrawnByOthers,
        &SlicesReserveFloat,
        &SettlementTotals,
        &UsageAddsUp,
        &CasesWhole,
        &BankFilesAgree,
        &crate::reconcile::StatementsProve,
        &PayoutAccountsWhole,
        &StatementsWhole,
        &crate::credit::LimitUse,
        &crate::tax::TaxAddsUp,
        &crate::credit::ReviewsWhole,
        &crate::credit::LimitsExplained,
        &crate::credit::ApplicationsWhole,
        &ads::ClickLines,
        &ads::AdAccountsAgree,
        &ads::AdTopUpsAgree,
        &ads::AdBudgetsAddUp,
        &ads::AdRollupsAddUp,
    ];
    let others = [agencies::INVARIANTS, payments::INVARIANTS, programme::INVARIANTS];
    own.into_iter().chain(others.into_iter().flatten().copied()).collect()
}

/// A party's withdrawals that are not finished, and its statements that reserve their money, add up to what its
/// earnings account holds, and to its overview: whoever has any of the three.
struct WithdrawalsInTransit;

/// What withdrawals and statements reserve, what the account holds, what they count as under way, what the overview
/// says.
#[derive(Default)]
struct InTransit {
    reserved: i128,
    held: i128,
    under_way: i128,
    counted: i128,
}

impl Invariant for WithdrawalsInTransit {
    fn name(&self) -> &'static str {
        "withdrawals in transit = holds"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut sums: BTreeMap<PartyId, InTransit> = BTreeMap::new();
        let mut findings = Vec::new();
        under_way::each(session, |looked| {
            if looked.source != Source::Proceeds {
                let sum = sums.entry(looked.party).or_default();
                sum.reserved += i128::from(looked.held_minor);
                sum.under_way += i128::from(looked.in_transit_minor);
                findings.extend(torn(self, &looked));
            }
        })?;
        session.query(&RESERVED, &[], &mut |row| {
            if corporate::State::named(row.text(1)).is_some_and(corporate::State::reserves) {
                let sum = sums.entry(PartyId::from_uid(row.uid(0))).or_default();
                sum.reserved += i128::from(row.int(2));
                sum.under_way += i128::from(row.int(2));
            }
            true
        })?;
        session.query(&TOTALS, &[], &mut |row| {
            sums.entry(PartyId::from_uid(row.uid(0))).or_default().counted = i128::from(row.int(5));
            true
        })?;
        for (party, held) in under_way::held(session, AccountKind::Earnings)? {
            sums.entry(party).or_default().held = held;
        }
        for (party, sum) in sums {
            let (expected, found) = ([sum.reserved, sum.under_way], [sum.held, sum.counted]);
            if expected != found {
                let found = format!("held {}, overview {}", sum.held, sum.counted);
                let expected = format!("held {}, overview {}", sum.reserved, sum.under_way);
                let sentence = format!("the open withdrawals need {expected}, but it is {found}");
                let place = party.to_string();
                findings.push(Finding::of_invariant(self.name(), place, expected, found, &sentence));
            }
        }
        findings.truncate(MOST);
        Ok(findings)
    }
}

/// The overview's counters equal the settled orders.
struct SettlementTotals;

impl Invariant for SettlementTotals {
    fn name(&self) -> &'static str {
        "overview = settled orders"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut sums: BTreeMap<PartyId, [i128; 3]> = BTreeMap::new();
        session.query(&SETTLED, &[], &mut |row| {
            let sum = sums.entry(PartyId::from_uid(row.uid(0))).or_default();
            if row.text(4) == "settled" {
                sum[0] += i128::from(row.int(1));
                sum[1] += i128::from(row.int(2));
            }
            sum[2] += i128::from(row.int(3));
            true
        })?;
        let mut findings = Vec::new();
        session.query(&TOTALS, &[], &mut |row| {
            let party = PartyId::from_uid(row.uid(0));
            let counted = [row.int(1), row.int(2), row.int(4)].map(i128::from);
            let expected = sums.remove(&party).unwrap_or_default();
            if counted != expected {
                findings.push(Finding::of_invariant(
                    self.name(),
                    party.to_string(),
                    format!("gross, fee, net {expected:?}"),
                    format!("{counted:?}"),
                    "the counters of the overview do not equal the settled orders",
                ));
            }
            findings.len() < MOST
        })?;
        let missing = sums.into_iter().filter(|(_, sum)| *sum != [0; 3]).take(MOST);
        for (party, sum) in missing {
            findings.push(Finding::of_invariant(
                self.name(),
                party.to_string(),
                format!("{sum:?}"),
                "none",
                "settled orders without counters",
            ));
        }
        Ok(findings)
    }
}

/// What a party used by day, by month, by year and in all is the same, and is what its withdrawals say: a request
/// counts in all of them, and what does not arrive is given back in all of them (X9, X10).
struct UsageAddsUp;

/// Of one party: for each period what its row says and what its parts add up to.
type Periods = BTreeMap<String, [i128; 2]>;

impl Invariant for UsageAddsUp {
    fn name(&self) -> &'static str {
        "counters of withdrawals by day = by month = by year = in all"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut stands: BTreeMap<PartyId, [i128; 2]> = BTreeMap::new();
        under_way::each(session, |looked| {
            let own = match looked.source {
                Source::Earnings => 0,
                Source::Proceeds => 1,
                // Statements never counted at the gate.
                Source::Statement => return,
            };
            if looked.stands_minor != 0 {
                stands.entry(looked.party).or_default()[own] += i128::from(looked.stands_minor);
            }
        })?;
        let mut findings = Vec::new();
        let mut current: Option<(PartyId, Periods)> = None;
        let mut over = |party: PartyId, sums: Periods| {
            let stands = stands.remove(&party).unwrap_or_default();
            self.compare(party, sums, stands, &mut findings);
            findings.len() < MOST
        };
        session.query(&USAGE, &[], &mut |row| {
            let party = PartyId::from_uid(row.uid(0));
            let mut more = true;
            if current.as_ref().is_none_or(|(known, _)| *known != party)
                && let Some((before, sums)) = current.replace((party, BTreeMap::new()))
            {
                more = over(before, sums);
            }
            if let Some((_, sums)) = &mut current {
                add_usage(sums, row.text(1), i128::from(row.int(2)));
            }
            more
        })?;
        let mut more = current.is_none_or(|(party, sums)| over(party, sums));
        while more && let Some((party, sums)) = stands.pop_first() {
            self.compare(party, Periods::new(), sums, &mut findings);
            more = findings.len() < MOST;
        }
        findings.truncate(MOST);
        Ok(findings)
    }
}

/// For each month, year and all time: what its row says, and what its parts add up to.
fn add_usage(sums: &mut BTreeMap<String, [i128; 2]>, period: &str, amount: i128) {
    // Withdrawals of proceeds count apart; what of them buyers had not paid (`u:`) has days only.
    let (own, plain) = match period.split_once(':') {
        Some(("p", plain)) => ("p:", plain),
        Some(_) => return,
        None => ("", period),
    };
    let whole = match plain.len() {
        10 => plain.get(..7),
        7 => plain.get(..4),
        4 => Some("all"),
        _ => None,
    };
    if let Some(whole) = whole {
        sums.entry(format!("{own}{whole}")).or_default()[1] += amount;
    }
    if matches!(plain.len(), 4 | 7) || plain == "all" {
        sums.entry(period.to_owned()).or_default()[0] += amount;
    }
}

impl UsageAddsUp {
    fn compare(&self, party: PartyId, mut sums: Periods, stands: [i128; 2], findings: &mut Vec<Finding>) {
        for (period, sum) in ["all", "p:all"].into_iter().zip(stands) {
            let stated = sums.entry(period.to_owned()).or_default()[0];
            if stated != sum {
                let (place, expected) = (party.to_string(), format!("{period}: {sum}"));
                let text = "the counters of withdrawals are not what the withdrawals are that stand";
                findings.push(Finding::of_invariant(self.name(), place, expected, stated, text));
            }
        }
        for (period, [stated, parts]) in sums {
            if stated != parts {
                findings.push(Finding::of_invariant(
                    self.name(),
                    party.to_string(),
                    format!("{period}: {parts}"),
                    format!("{stated}"),
                    "the counters of withdrawals do not add up",
                ));
            }
        }
    }
}
