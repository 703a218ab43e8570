//! The report of a limit to keep (C23): how it stands, how it came about, what is known of the shop, and every change.
//! As CSV and as JSON, streamed.

use axum::{extract::Path, response::Response};
use purser_domain::{
    credit::{Boost, Rule, Shop, Step, boosts, decode},
    ids::PartyId,
    money::Rate,
    time::Date,
};
use purser_engine::credit::{self, AsOf, ChangeFilter, LimitView, limit_terms};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ChangeView, read_limit};
use crate::{
    edge::{Call, Params, parse_id},
    problem::Problem,
    records::csv::{self, Lines, Look},
};

/// Parameters of a report.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// `csv` or `json`; `csv` when absent.
    format: Option<String>,
    /// `en` or `zh`: headings and words of the CSV; `en` when absent.
    lang: Option<String>,
    /// The CSV begins with a byte order mark, for Excel.
    bom: Option<bool>,
}

/// One row of a report: a figure, a step, an input.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ReportItem {
    /// `limit`, `step`, `input`, `boost` or `month`.
    section: &'static str,
    /// Stable name within the section.
    item: String,
    /// What it is, in Chinese.
    zh: String,
    /// What it is, in English.
    en: String,
    /// First civil date.
    since: Option<String>,
    /// First civil date after it.
    until: Option<String>,
    /// Minor units, where it is an amount.
    amount_minor: Option<i64>,
    /// The value, where it is none.
    value: Option<String>,
}

/// A report of a limit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitReport {
    /// The shop.
    merchant_id: String,
    /// When it was made.
    at: String,
    /// How the limit stands, how it came about, what is known of the shop.
    items: Vec<ReportItem>,
    /// Every change of the limit, newest first.
    changes: Vec<ChangeView>,
}

fn item(section: &'static str, name: impl Into<String>, zh: &str, en: &str) -> ReportItem {
    ReportItem {
        section,
        item: name.into(),
        zh: zh.to_owned(),
        en: en.to_owned(),
        since: None,
        until: None,
        amount_minor: None,
        value: None,
    }
}

fn figures(view: &LimitView) -> Vec<ReportItem> {
    let shop = &view.shop;
    let amounts = [
        ("total", "总额度", "Limit", shop.total),
        ("used", "已用额度", "Used", view.used_minor),
        ("reserved", "预占额度", "Reserved", shop.reserved),
        ("frozen", "冻结额度", "Frozen", view.frozen_minor),
        ("available", "可使用额度", "Available", view.available_minor()),
        ("due", "待归还", "Due", shop.due),
        ("liability", "超额垫付", "Beyond the limit", view.liability_minor),
        ("proceeds", "货款余额", "Proceeds", view.proceeds_minor),
    ];
    let mut items: Vec<ReportItem> = amounts
        .into_iter()
        .map(|(name, zh, en, minor)| ReportItem { amount_minor: Some(minor), ..item("limit", name, zh, en) })
        .collect();
    let service = shop.service();
    items.push(ReportItem {
        value: Some(service.name().to_owned()),
        ..item("limit", "service", service.zh(), service.en())
    });
    let until = shop.next_on.clone();
    items.push(ReportItem { until, ..item("limit", "validity", "下次评估日", "Looked at again on") });
    items
}

fn step(step: &Step) -> ReportItem {
    let rule: Rule = step.rule;
    let value = Some(step.input.to_string());
    ReportItem {
        amount_minor: Some(step.delta_minor),
        value,
        ..item("step", rule.name(), rule.zh(), rule.en())
    }
}

fn boost(boost: &Boost) -> ReportItem {
    let rule = Rule::ALL.iter().find(|rule| rule.name() == format!("{}_boost", boost.kind.name()));
    let (zh, en) = rule.map_or(("", ""), |rule| (rule.zh(), rule.en()));
    let (since, until) = (Some(boost.since.to_string()), Some(boost.until.to_string()));
    ReportItem { since, until, ..item("boost", boost.kind.name(), zh, en) }
}

/// Every input of the limit.
fn inputs(shop: &Shop) -> Vec<ReportItem> {
    let text = |date: Option<Date>| date.map(|date| date.to_string());
    let span = |from: Date, until: Option<Date>| (Some(from.to_string()), text(until));
    let mut items = vec![
        ReportItem {
            value: Some(shop.opened_on.to_string()),
            ..item("input", "opened_on", "开店日期", "Opened on")
        },
        ReportItem {
            value: Some(shop.level.to_string()),
            ..item("input", "level", "店铺等级", "Shop level")
        },
    ];
    if let Some(rate) = shop.return_rate {
        let value = Some(ppm(rate));
        items.push(ReportItem {
            value,
            ..item(
                "input",
                "return_rate",
                "近 30 日退货率（百万分比）",
                "Return rate of 30 days, parts per million",
            )
        });
    }
    for c in &shop.components {
        let (since, until) = span(c.since, c.until);
        let rule = Rule::ALL.iter().find(|rule| rule.name() == c.source.name());
        let (zh, en) = rule.map_or(("", ""), |rule| (rule.zh(), rule.en()));
        items.push(ReportItem {
            since,
            until,
            amount_minor: Some(c.amount_minor),
            ..item("input", c.source.name(), zh, en)
        });
    }
    for day in &shop.trainings {
        items.push(ReportItem {
            since: Some(day.to_string()),
            ..item("input", "training", "完成培训", "Training completed")
        });
    }
    for p in &shop.promotions {
        let (since, until) = span(p.from, Some(p.until));
        let value = Some(ppm(p.rate));
        items.push(ReportItem {
            since,
            until,
            value,
            ..item("input", "promotion", "大促临时提额（百万分比）", "Sale boost, parts per million")
        });
    }
    for e in &shop.emergencies {
        let (since, until) = span(e.from, Some(e.until));
        items.push(ReportItem {
            since,
            until,
            amount_minor: Some(e.amount_minor),
            ..item("input", "emergency", "临时额度", "Temporary limit")
        });
    }
    for (kind, reason) in &shop.reasons {
        items.push(ReportItem {
            value: Some(reason.clone()),
            ..item("input", kind.name(), "限制原因", "Reason of a restriction")
        });
    }
    for (month, facts) in &shop.months {
        let value = Some(format!("orders {} return_rate_ppm {}", facts.orders, facts.return_rate.as_ppm()));
        let amount_minor = Some(facts.turnover_minor);
        items.push(ReportItem {
            amount_minor,
            value,
            ..item("month", month.to_string(), "月成交额", "Turnover of the month")
        });
    }
    items
}

fn ppm(rate: Rate) -> String {
    rate.as_ppm().to_string()
}

const HEADINGS: [(&str, &str); 9] = [
    ("section", "部分"),
    ("item", "项目"),
    ("text", "说明"),
    ("since", "开始日期"),
    ("until", "结束日期"),
    ("amount", "金额"),
    ("amount_minor", "金额（分）"),
    ("value", "数值"),
    ("at", "时间"),
];

/// Download a report of a limit
///
/// How it stands, how it came about step by step, what is known of the shop, and every change, newest first. Streamed.
#[utoipa::path(get, path = "/v1/parties/{id}/limit/report", tag = "pay-later",
    params(("id" = String, Path, description = "Party, `pty_…`"), ReportParams),
    responses((status = 200, content((LimitReport = "application/json"), (String = "text/csv")),
        description = "The report, to be saved")))]
pub(crate) async fn report_limit(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<ReportParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    let as_json = match params.format.as_deref() {
        None | Some("csv") => false,
        Some("json") => true,
        Some(_) => return Err(Problem::invalid("format", "csv or json")),
    };
    let view = read_limit(&call, party).await?;
    let items = items(&call, &view);
    if as_json { json(call, party, &items).await } else { table(call, party, look, &items).await }
}

fn items(call: &Call, view: &LimitView) -> Vec<ReportItem> {
    let now = call.app.clock.business();
    let rules = call.app.rules();
    let terms = limit_terms(rules.policy.now(now));
    let steps = view.evaluation.as_ref().map(|row| decode(&row.steps).unwrap_or_default());
    let mut items = figures(view);
    items.extend(steps.unwrap_or_default().iter().map(step));
    items.extend(boosts(&view.known, call.app.zone.date(now), &terms).iter().map(boost));
    items.extend(inputs(&view.known));
    items
}

async fn table(call: Call, party: PartyId, look: Look, items: &[ReportItem]) -> Result<Response, Problem> {
    let mut head = Lines::headed(look, &HEADINGS);
    for item in items {
        head.text(item.section);
        head.text(&item.item);
        head.text(look.pick(&item.en, &item.zh));
        head.text(item.since.as_deref().unwrap_or_default());
        head.text(item.until.as_deref().unwrap_or_default());
        head.money(item.amount_minor);
        head.text(item.value.as_deref().unwrap_or_default());
        head.text("");
        head.end();
    }
    csv::download("limit-report", head, move |mut lines, place| {
        let call = call.clone();
        async move {
            let (rows, next) = changes(&call, party, place).await?;
            for change in &rows {
                lines.text("change");
                let number = Some(change.row.seq).filter(|number| *number > 0);
                lines.text(&number.map_or_else(String::new, |number| number.to_string()));
                lines.text(look.pick(&change.reason_en, &change.reason_zh));
                lines.text("");
                lines.text("");
                lines.money(Some(change.row.total));
                lines.text(&change.row.cause);
                lines.text(&call.app.zone.rfc3339(change.row.at));
                lines.end();
            }
            Ok((lines, next))
        }
    })
    .await
}

async fn changes(
    call: &Call,
    party: PartyId,
    place: Option<i64>,
) -> Result<(Vec<credit::LimitChange>, Option<i64>), Problem> {
    let (rules, now) = (call.app.rules(), call.app.now());
    let read = move |session: &mut dyn purser_engine::Session| {
        let as_of = AsOf { rules: &rules, now };
        credit::limit_log(session, party, as_of, &ChangeFilter::default(), place, csv::ROWS)
    };
    let page = call.app.read(read).await?;
    Ok((page.rows, page.next))
}

async fn json(call: Call, party: PartyId, items: &[ReportItem]) -> Result<Response, Problem> {
    let whole = LimitReport {
        merchant_id: party.to_string(),
        at: call.app.now().to_string(),
        items: items.to_vec(),
        changes: Vec::new(),
    };
    let mut text = serde_json::to_vec(&whole).unwrap_or_default();
    // The changes come last and are streamed: what is written so far ends with their empty list.
    text.truncate(text.len().saturating_sub("]}".len()));
    let mut head = Lines::default();
    head.raw(&text);
    csv::stream("limit-report.json", "application/json", head, move |mut lines, place| {
        let call = call.clone();
        async move {
            // The newest change is the first one of the list, wherever the page began that it is on.
            let (begun, below) = place.unwrap_or((false, None));
            let (rows, next) = changes(&call, party, below).await?;
            for (index, change) in rows.iter().enumerate() {
                if index > 0 || begun {
                    lines.raw(b",");
                }
                lines.raw(&serde_json::to_vec(&ChangeView::from(change)).unwrap_or_default());
            }
            if next.is_none() {
                lines.raw(b"]}");
            }
            Ok((lines, next.map(|below| (begun || !rows.is_empty(), Some(below)))))
        }
    })
    .await
}
