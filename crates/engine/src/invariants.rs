//! What capabilities add to verification (P3): the business rows against the ledger.

use std::collections::BTreeMap;

use purser_domain::{
    corporate,
    ids::{PartyId, TypedId as _},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    withdrawals::State,
};
use purser_storage::{Fault, Session, Statement};

use crate::{
    ads, agencies,
    bank_files::BankFilesAgree,
    cases::CasesWhole,
    corporate::StatementsWhole,
    earnings::account,
    identity::PayoutAccountsWhole,
    payments, programme,
    verify::{Finding, Invariant},
    withdrawals::{DrawnByOthers, ProceedsInTransit, SlicesReserveFloat},
};

static IN_TRANSIT: Statement = Statement {
    name: "invariants.in_transit",
    sql: "SELECT party, source, state, amount, currency FROM withdrawals ORDER BY party",
};
static RESERVED: Statement = Statement {
    name: "invariants.reserved",
    sql: "SELECT party, state, payable, currency FROM settlement_statements ORDER BY party",
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
pub(crate) const STATEMENTS: &[&Statement] = &[&IN_TRANSIT, &RESERVED, &SETTLED, &TOTALS, &USAGE];

/// Most findings of one invariant.
const MOST: usize = 100;

/// All invariants that exist.
pub fn all() -> Vec<&'static dyn Invariant> {
    let own: [&'static dyn Invariant; 19] = [
        &WithdrawalsInTransit,
        &ProceedsInTransit,
        &DrawnByOthers,
        &SlicesReserveFloat,
        &SettlementTotals,
        &UsageAddsUp,
        &CasesWhole,
        &BankFilesAgree,
        &PayoutAccountsWhole,
        &StatementsWhole,
        &crate::credit::LimitUse,
        &crate::tax::TaxAddsUp,
        &crate::credit::ReviewsWhole,
        &crate::credit::LimitsExplained,
        &crate::credit::ApplicationsWhole,
        &ads::ClickLines,
        &ads::AdAccountsAgree,
        &ads::AdBudgetsAddUp,
        &ads::AdRollupsAddUp,
    ];
    let others = [agencies::INVARIANTS, payments::INVARIANTS, programme::INVARIANTS];
    own.into_iter().chain(others.into_iter().flatten().copied()).collect()
}

/// A party's withdrawals that are not finished, and its statements that reserve their money, add up to what its
/// earnings account holds, and to its overview.
struct WithdrawalsInTransit;

impl Invariant for WithdrawalsInTransit {
    fn name(&self) -> &'static str {
        "withdrawals in transit = holds"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut open: BTreeMap<PartyId, (i128, Currency)> = BTreeMap::new();
        session.query(&IN_TRANSIT, &[], &mut |row| {
            let currency = row.text(4).parse().unwrap_or(Currency::CNY);
            let entry = open.entry(PartyId::from_uid(row.uid(0))).or_insert((0, currency));
            if row.text(1) != "proceeds" && State::named(row.text(2)).is_some_and(|s| !s.is_final()) {
                entry.0 += i128::from(row.int(3));
            }
            true
        })?;
        session.query(&RESERVED, &[], &mut |row| {
            if corporate::State::named(row.text(1)).is_some_and(corporate::State::reserves) {
                let currency = row.text(3).parse().unwrap_or(Currency::CNY);
                let entry = open.entry(PartyId::from_uid(row.uid(0))).or_insert((0, currency));
                entry.0 += i128::from(row.int(2));
            }
            true
        })?;
        let mut counted: BTreeMap<PartyId, i64> = BTreeMap::new();
        session.query(&TOTALS, &[], &mut |row| {
            counted.insert(PartyId::from_uid(row.uid(0)), row.int(5));
            true
        })?;
        let mut findings = Vec::new();
        for (party, (sum, currency)) in open {
            let reference = AccountRef::party(party, AccountKind::Earnings, currency);
            let held = account(session, &reference)?.map_or(0, |row| row.0.held_out);
            let overview = counted.get(&party).copied().unwrap_or(0);
            // Slices that were paid are settled before their withdrawal is finished: held may only be less then.
            if i128::from(held) > sum || i128::from(overview) > sum || held != overview {
                let expected = format!("{sum} at most, holds and overview equal");
                let found = format!("held {held}, overview {overview}");
                let sentence = format!("the open withdrawals add up to {sum}, but {found}");
                findings.push(Finding::of_invariant(
                    self.name(),
                    party.to_string(),
                    expected,
                    found,
                    &sentence,
                ));
            }
            if findings.len() >= MOST {
                break;
            }
        }
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

/// What a party used by day, by month, by year and in all is the same: a request counts in all of them, and is given
/// back in all of them (X9, X10).
struct UsageAddsUp;

impl Invariant for UsageAddsUp {
    fn name(&self) -> &'static str {
        "counters of withdrawals by day = by month = by year = in all"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let mut current: Option<(PartyId, BTreeMap<String, [i128; 2]>)> = None;
        session.query(&USAGE, &[], &mut |row| {
            let party = PartyId::from_uid(row.uid(0));
            if current.as_ref().is_none_or(|(known, _)| *known != party)
                && let Some((before, sums)) = current.replace((party, BTreeMap::new()))
            {
                self.compare(before, sums, &mut findings);
            }
            if let Some((_, sums)) = &mut current {
                add_usage(sums, row.text(1), i128::from(row.int(2)));
            }
            findings.len() < MOST
        })?;
        if let Some((party, sums)) = current {
            self.compare(party, sums, &mut findings);
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
    fn compare(&self, party: PartyId, sums: BTreeMap<String, [i128; 2]>, findings: &mut Vec<Finding>) {
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
