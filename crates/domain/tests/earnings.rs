//! Cases and laws of the earnings module.
mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use purser_domain::earnings::{
    AcceptOrder, AccountRole, CompensationLine, CompleteOrder, CreatorFacts, Ctx, EarningsTerms, FeeTerms,
    Month, OrderStatus, Outcome, OverviewChange, OverviewCounters, PayeeFacts, PayeeKind, Rejection,
    SettleAt, Settlement, Stage, TaskOrder, TaskType, accept, cancel, complete, date, progress, settle,
    trend,
};
use purser_domain::ids::{PartyId, TaskOrderId, Uid};
use purser_domain::money::{Currency, Rate, decimal, parse_decimal};
use purser_domain::policy::{PolicyPack, PolicySet, PolicyVersion, keys};
use purser_domain::time::{HOUR, MINUTE, Timestamp, Zone};

/// The terms of the default pack for an order accepted at an instant.
fn terms(policies: &PolicySet, accepted_at: Timestamp, now: Timestamp) -> EarningsTerms {
    let view = policies.at(accepted_at, now);
    let compensation = [TaskType::Video, TaskType::Live]
        .into_iter()
        .flat_map(|task_type| Stage::ALL.map(|stage| (task_type, stage)))
        .filter_map(|(task_type, stage)| {
            let ratio = view.value(keys::COMPENSATION).value(&[task_type.name(), stage.name()])?;
            Some(CompensationLine { task_type, stage, rate: Rate::ppm(ratio) })
        })
        .collect();
    EarningsTerms {
        fee: FeeTerms {
            independent: view.value(keys::SERVICE_FEE_INDEPENDENT),
            agency_signed: view.value(keys::SERVICE_FEE_AGENCY),
            corporate: view.value(keys::SERVICE_FEE_CORPORATE),
        },
        compensation,
        clock_tolerance_us: 5 * MINUTE,
    }
}

fn policies() -> PolicySet {
    let pack = PolicyPack::builtin().expect("the default pack");
    let version = PolicyVersion { number: 1, activated_at: at("2019-01-01T00:00:00+08:00"), pack };
    PolicySet::new(Zone::shanghai(), version)
}

struct World {
    policies: PolicySet,
    rate: Option<Rate>,
    delay_us: i64,
    calendar_missing: bool,
    now: Timestamp,
    creator: CreatorFacts,
    payee: PayeeFacts,
    order: Option<TaskOrder>,
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

impl World {
    fn new() -> Self {
        let creator = CreatorFacts {
            is_creator: true,
            closed: false,
            kind: PayeeKind::Independent,
            payee: PartyId(Uid([1; 16])),
        };
        let now = at("2026-03-01T12:00:00+08:00");
        let policies = policies();
        Self {
            policies,
            rate: None,
            delay_us: 0,
            calendar_missing: false,
            now,
            creator,
            payee: PayeeFacts::default(),
            order: None,
        }
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "kind" => {
                self.creator.kind = match value {
                    "agency" => PayeeKind::AgencySigned,
                    "corporate" => PayeeKind::Corporate,
                    _ => PayeeKind::Independent,
                }
            }
            "delay" => self.delay_us = value.parse::<i64>().expect("hours") * HOUR,
            "calendar" => self.calendar_missing = value == "missing",
            "programme" => self.payee.programme = value == "yes",
            "owed" => self.payee.owed_minor = money(value),
            "now" => self.now = at(value),
            "creator" => self.creator.is_creator = false,
            "closed" => self.creator.closed = true,
            "payee" => self.payee.closed = true,
            "rate" => self.rate = Some(Rate::ppm(value.parse().expect("a rate"))),
            _ => panic!("unknown option {key}"),
        }
    }

    fn step(&mut self, text: &str) -> Result<Outcome, Rejection> {
        let (options, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|w| w.contains('='));
        for option in options {
            let (key, value) = option.split_once('=').expect("an option");
            self.set(key, value);
        }
        let zone = Zone::shanghai();
        let accepted_at = match words[..] {
            ["accept", _, _, when] => at(when),
            _ => self.order.as_ref().map_or(self.now, |order| order.accepted_at),
        };
        let mut terms = terms(&self.policies, accepted_at, self.now);
        terms.fee.independent = self.rate.unwrap_or(terms.fee.independent);
        let ctx = Ctx { now: self.now, zone: &zone, terms: &terms };
        let order = || self.order.as_ref().expect("an accepted order");
        let outcome = match words[..] {
            ["accept", amount, task, when] => {
                let report = AcceptOrder {
                    id: TaskOrderId(Uid([2; 16])),
                    creator: PartyId(Uid([1; 16])),
                    task_type: TaskType::named(task).expect("a task type"),
                    amount_minor: money(amount),
                    currency: Currency::CNY,
                    accepted_at: at(when),
                };
                accept(self.order.as_ref(), &report, &self.creator, &ctx)
            }
            ["progress", to, stage] => {
                let to = OrderStatus::named(to).expect("a status");
                progress(order(), to, Stage::named(stage).expect("a stage"))
            }
            ["complete", when] => {
                let completed_at = at(when);
                let settle_at = match self.delay_us {
                    0 => SettleAt::Once,
                    delay => SettleAt::Instant(completed_at.plus(delay)),
                };
                let settle_at = if self.calendar_missing { SettleAt::CalendarMissing } else { settle_at };
                complete(order(), &CompleteOrder { completed_at, settle_at }, &self.payee, &ctx)
            }
            ["date", "missing"] => Ok(date(order(), SettleAt::CalendarMissing, &ctx)),
            ["date", when] => Ok(date(order(), SettleAt::Instant(at(when)), &ctx)),
            ["settle"] => settle(order(), &self.payee, &ctx),
            ["cancel", stage, when] => {
                cancel(order(), Stage::named(stage).expect("a stage"), at(when), &self.payee, &ctx)
            }
            _ => panic!("unreadable step {text}"),
        };
        if let Ok(Outcome::Changed(decision)) = &outcome {
            self.order = Some(decision.order.clone());
        }
        outcome
    }
}

fn account(role: AccountRole) -> &'static str {
    match role {
        AccountRole::ClientsClearing => "clearing",
        AccountRole::PayeeEarnings => "payee",
        AccountRole::PayeeFrozen => "frozen",
        AccountRole::PayeeOwed => "owed",
        AccountRole::RevenueServiceFee => "fee",
        AccountRole::TaxWithheld => "tax",
    }
}

fn show(result: Result<Outcome, Rejection>) -> String {
    let decision = match result {
        Ok(Outcome::Changed(decision)) => decision,
        Ok(Outcome::Unchanged) => return "unchanged".into(),
        Err(no) => return format!("{}: {no}", no.code()),
    };
    let mut out = decision.order.status.name().to_owned();
    if let Some(s) = decision.order.settlement {
        let _ = write!(
            out,
            " gross {} fee {} compensation {} net {}",
            decimal(s.gross_minor),
            decimal(s.service_fee_minor),
            decimal(s.compensation_minor),
            decimal(s.net_minor)
        );
    }
    if let Some(due) = decision.order.settle_due_at {
        let _ = write!(out, " due {due}");
    }
    if decision.order.calendar_missing {
        out.push_str(" calendar missing");
    }
    for p in &decision.postings {
        let _ = write!(out, " | {}>{} {}", account(p.from), account(p.to), decimal(p.amount_minor));
    }
    out
}

fn overview(words: &[&str]) -> String {
    let month = Month { year: 2026, month: 3 };
    let mut counters = OverviewCounters::default();
    for word in words {
        let (what, amount) = word.split_once(':').expect("a change");
        let amount_minor = money(amount);
        let change = match what {
            "accepted" => OverviewChange::OrderAccepted { month, amount_minor, routed: false },
            "routed" => OverviewChange::OrderAccepted { month, amount_minor, routed: true },
            "cancelled" => OverviewChange::OrderCancelled { month, amount_minor, routed: false },
            "settled" => {
                let fee = amount_minor / 20;
                let settlement = Settlement {
                    gross_minor: amount_minor,
                    service_fee_minor: fee,
                    compensation_minor: 0,
                    tax_minor: 0,
                    net_minor: amount_minor - fee,
                };
                OverviewChange::Settled { month, settlement }
            }
            "requested" => OverviewChange::WithdrawalRequested { month, amount_minor },
            "paid" => OverviewChange::WithdrawalPaid { month, amount_minor },
            "released" => OverviewChange::WithdrawalReleased { month, amount_minor },
            _ => OverviewChange::WithdrawalBounced { month, amount_minor },
        };
        counters = counters.apply(&change).expect("small amounts");
    }
    [
        ("total", counters.total_task_minor),
        ("routed", counters.routed_task_minor),
        ("gross", counters.settled_gross_minor),
        ("fee", counters.service_fee_minor),
        ("compensation", counters.compensation_minor),
        ("net", counters.settled_net_minor),
        ("withdrawn", counters.withdrawn_minor),
        ("in_transit", counters.in_transit_minor),
    ]
    .iter()
    .filter(|(_, value)| *value != 0)
    .map(|(name, value)| format!("{name} {}", decimal(*value)))
    .collect::<Vec<_>>()
    .join(" ")
}

#[test]
fn cases() {
    support::run("earnings", |line| {
        if let Some(rest) = line.strip_prefix("overview ") {
            return overview(&rest.split_whitespace().collect::<Vec<_>>());
        }
        let mut world = World::new();
        let steps: Vec<&str> = line.split(';').collect();
        let (last, before) = steps.split_last().expect("a step");
        for step in before {
            if let Err(no) = world.step(step) {
                return format!("unexpected {}", no.code());
            }
        }
        show(world.step(last))
    });
}

#[test]
fn the_trend_covers_twelve_months_and_fills_gaps_x1() {
    let row = OverviewCounters { total_task_minor: 7, ..OverviewCounters::default() };
    let rows = BTreeMap::from([
        (Month { year: 2025, month: 3 }, row),
        (Month { year: 2025, month: 4 }, row),
        (Month { year: 2026, month: 1 }, row),
    ]);
    let lines = trend(&rows, "2026-03-31".parse().expect("a date"));
    let shown: Vec<String> = lines.iter().map(|(m, c)| format!("{m}:{}", c.total_task_minor)).collect();
    assert_eq!(
        shown.join(" "),
        "2025-04:7 2025-05:0 2025-06:0 2025-07:0 2025-08:0 2025-09:0 2025-10:0 2025-11:0 2025-12:0 2026-01:7 2026-02:0 2026-03:0"
    );
}

proptest! {
    /// The lines always add up, whatever the amount, and the postings move exactly what they say.
    #[test]
    fn settlement_adds_up(amount in 1i64..10_000_000_000, owed in 0i64..1_000_000) {
        let mut world = World::new();
        world.payee.owed_minor = owed;
        world.step(&format!("accept {} video 2026-02-01T10:00:00+08:00", decimal(amount))).unwrap();
        let outcome = world.step("complete 2026-02-02T10:00:00+08:00").unwrap();
        let Outcome::Changed(decision) = outcome else { panic!("a settlement") };
        let s = decision.order.settlement.unwrap();
        prop_assert_eq!(s.net_minor, s.gross_minor - s.service_fee_minor + s.compensation_minor);
        let balance: i64 = decision.postings.iter().map(|p| match (p.from, p.to) {
            (_, AccountRole::PayeeEarnings) => p.amount_minor,
            (AccountRole::PayeeEarnings, _) => -p.amount_minor,
            _ => 0,
        }).sum();
        prop_assert_eq!(balance, s.net_minor - owed.min(s.net_minor));
        prop_assert!(decision.postings.iter().all(|p| p.amount_minor > 0));
    }
}
