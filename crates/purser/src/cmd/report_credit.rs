//! `purser report credit`: pay-later orders added up, and which merchants their limit helped, held back or stopped.

use anyhow::Result;
use clap::Args;
use purser_domain::{
    money::decimal,
    time::{Timestamp, Zone},
};
use purser_engine::credit::{AsOf, CreditReport, Effect, OrderTotals, Reason, ShopSummary, credit_report};
use serde_json::{Value, json};

use super::{report::number, rules};
use crate::store::StoreArgs;

/// Flags of `purser report credit`.
#[derive(Args, Debug)]
pub(crate) struct CreditArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// How many merchants to list of each kind
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run_credit(args: &CreditArgs) -> Result<()> {
    let mut session = args.store.place()?.open_reader()?;
    let known = rules::known(&args.store)?;
    let (now, zone) = (known.clock.business(), known.zone.clone());
    session.begin()?;
    let report = credit_report(session.as_mut(), AsOf { rules: &known.rules, now });
    session.rollback();
    let view = View { report: &report?, now, zone: &zone, top: args.top };
    if args.json {
        println!("{:#}", view.json());
    } else {
        view.print();
    }
    Ok(())
}

/// The four lists of merchants.
#[derive(Clone, Copy)]
enum List {
    Limited,
    Boosted,
    Held,
    Overdue,
}

impl List {
    const ALL: [Self; 4] = [Self::Limited, Self::Boosted, Self::Held, Self::Overdue];

    const fn name(self) -> &'static str {
        match self {
            Self::Limited => "limited",
            Self::Boosted => "boosted",
            Self::Held => "held",
            Self::Overdue => "overdue",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Limited => "Limited by a rule 额度受限",
            Self::Boosted => "Boosted 已提额",
            Self::Held => "Held: limit at zero, locked, frozen or in review 已暂停",
            Self::Overdue => "Overdue: buyers have not paid in time 已逾期",
        }
    }

    const fn effect(self) -> Option<Effect> {
        match self {
            Self::Limited => Some(Effect::Limited),
            Self::Boosted => Some(Effect::Boosted),
            Self::Held => Some(Effect::Held),
            Self::Overdue => None,
        }
    }
}

struct View<'a> {
    report: &'a CreditReport,
    now: Timestamp,
    zone: &'a Zone,
    top: usize,
}

impl View<'_> {
    /// Merchants of a list, those for whom it matters most first.
    fn list(&self, list: List) -> Vec<&ShopSummary> {
        let on = |shop: &&ShopSummary| match list {
            List::Limited => shop.because(Effect::Limited).next().is_some(),
            List::Boosted => shop.because(Effect::Boosted).next().is_some(),
            List::Held => shop.is_held(self.now),
            List::Overdue => shop.overdue_minor() > 0,
        };
        let weight = |shop: &ShopSummary| match list.effect() {
            Some(effect) => shop.because(effect).map(|r| r.delta_minor.unsigned_abs()).max().unwrap_or(0),
            None => shop.overdue_minor().unsigned_abs(),
        };
        let mut shops: Vec<&ShopSummary> = self.report.shops.iter().filter(on).collect();
        shops.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.external_id.cmp(&b.external_id)));
        shops
    }

    fn json(&self) -> Value {
        let mut value = totals(&self.report.totals);
        value["as_of"] = self.zone.rfc3339(self.now).into();
        value["shops"] = self.report.shops.len().into();
        for list in List::ALL {
            let shops = self.list(list);
            let shown: Vec<Value> = shops.iter().take(self.top).map(|shop| self.shop(shop, list)).collect();
            value[list.name()] = json!({ "merchants": shops.len(), "largest": shown });
        }
        value
    }

    fn shop(&self, shop: &ShopSummary, list: List) -> Value {
        let mut value = json!({
            "merchant_id": shop.external_id,
            "total_minor": shop.total_minor,
            "used_minor": shop.used_minor,
            "reserved_minor": shop.reserved_minor,
            "frozen_minor": shop.frozen_minor,
            "due_minor": shop.due_minor,
            "liability_minor": shop.liability_minor,
        });
        if let Some(effect) = list.effect() {
            value["why"] = shop.because(effect).map(|reason| self.reason(reason)).collect();
        }
        if let List::Held = list {
            value["locked_until"] = shop.locked_until.map(|at| self.zone.rfc3339(at)).into();
            value["in_review"] = shop.in_review.into();
        }
        if let List::Overdue = list {
            value["overdue"] = buckets(shop);
        }
        value
    }

    fn reason(&self, reason: &Reason) -> Value {
        json!({
            "rule": reason.rule.name(),
            "row": reason.rule.row(),
            "zh": reason.rule.zh(),
            "en": reason.rule.en(),
            "since": self.zone.date(reason.since).to_string(),
            "last": self.zone.date(reason.last).to_string(),
            "evaluations": reason.evaluations,
            "delta_minor": reason.delta_minor,
            "result_minor": reason.result_minor,
        })
    }

    fn print(&self) {
        let totals = &self.report.totals;
        println!("as of {}", self.zone.rfc3339(self.now));
        let counts = [
            ("orders", totals.orders),
            ("orders shipped", totals.shipped),
            ("orders paid", totals.paid),
            ("called off", totals.cancelled_before_shipping),
            ("refunded", totals.cancelled_after_shipping),
        ];
        println!("merchants           {:>18}", totals.merchants.len());
        for (name, count) in counts {
            println!("{name:<19} {count:>18}");
        }
        let amounts = [
            ("authorised", totals.authorised_minor),
            ("shipped", totals.shipped_minor),
            ("paid by buyers", totals.paid_minor),
            ("refunded", totals.cancelled_after_shipping_minor),
            ("never shipped", totals.authorised_never_shipped_minor),
            ("shipped, unpaid", totals.shipped_unpaid_minor),
            ("limit reserved", totals.reserved_minor),
            ("limit used", totals.receivable_minor),
            ("due from shops", totals.due_minor),
            ("beyond limits", totals.liability_minor),
        ];
        for (name, minor) in amounts {
            let text = i64::try_from(minor).map_or_else(|_| minor.to_string(), decimal);
            println!("{name:<19} {text:>18}");
        }
        for list in List::ALL {
            let shops = self.list(list);
            println!("\n{}: {} merchants", list.title(), shops.len());
            for shop in shops.into_iter().take(self.top) {
                self.print_shop(shop, list);
            }
        }
    }

    fn print_shop(&self, shop: &ShopSummary, list: List) {
        let (used, total) = (decimal(shop.used_minor), decimal(shop.total_minor));
        println!("  {:<24} limit {total}, used {used}", shop.external_id);
        for reason in list.effect().into_iter().flat_map(|effect| shop.because(effect)) {
            let (since, until) = (self.zone.date(reason.since), self.zone.date(reason.last));
            let sign = if reason.delta_minor < 0 { "" } else { "+" };
            println!(
                "      {sign}{} = {}  {} ({}) {since} to {until}",
                decimal(reason.delta_minor),
                decimal(reason.result_minor),
                reason.rule.en(),
                reason.rule.zh(),
            );
        }
        if let (List::Held, Some(until)) = (list, shop.locked_until.filter(|until| *until > self.now)) {
            println!("      locked until {}", self.zone.rfc3339(until));
        }
        if let (List::Held, true) = (list, shop.in_review > 0) {
            println!("      {} withdrawals wait for a review", shop.in_review);
        }
        if let List::Overdue = list {
            for (bucket, orders, minor) in shop.overdue.iter().filter(|(_, orders, _)| *orders > 0) {
                println!("      {:>5} days: {orders} orders, {}", bucket.name(), decimal(*minor));
            }
        }
    }
}

fn totals(totals: &OrderTotals) -> Value {
    json!({
        "rows": totals.orders,
        "merchants": totals.merchants.len(),
        "authorised_minor": number(totals.authorised_minor),
        "shipped": totals.shipped,
        "shipped_minor": number(totals.shipped_minor),
        "paid": totals.paid,
        "paid_minor": number(totals.paid_minor),
        "cancelled_before_shipping": totals.cancelled_before_shipping,
        "cancelled_after_shipping": totals.cancelled_after_shipping,
        "cancelled_after_shipping_minor": number(totals.cancelled_after_shipping_minor),
        "authorised_never_shipped_minor": number(totals.authorised_never_shipped_minor),
        "shipped_unpaid_minor": number(totals.shipped_unpaid_minor),
        "reserved_minor": number(totals.reserved_minor),
        "used_minor": number(totals.receivable_minor),
        "due_minor": number(totals.due_minor),
        "liability_minor": number(totals.liability_minor),
    })
}

fn buckets(shop: &ShopSummary) -> Value {
    let bucket = |(bucket, orders, minor): &(purser_domain::credit::order::Overdue, i64, i64)| json!({ "days": bucket.name(), "orders": orders, "amount_minor": minor });
    shop.overdue.iter().filter(|(_, orders, _)| *orders > 0).map(bucket).collect()
}
