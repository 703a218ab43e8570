//! Income tax withheld from individuals (X18): a party's year, and the report of a quarter.

use axum::{extract::Path, http::StatusCode, response::Response};
use purser_domain::{
    ids::PartyId,
    tax::{Quarter, TaxMonth, WITHHELD, Withholding},
};
use purser_engine::{
    Session,
    tax::{Payee, TakeTaxReport, reckoned, report_page, tax_months, tax_terms},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    edge::{Call, Params, json, note, parse_id},
    identity::vault,
    problem::Problem,
    records::csv::{self, Lines, Look},
};

/// Which year.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaxYearParams {
    /// Calendar year, 2000 to 2199; this one when absent.
    year: Option<i16>,
}

/// A month of a party's year.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxMonthView {
    /// `2026-03`.
    month: String,
    /// Income that was settled in it, before fees, minor units.
    income_minor: i64,
    /// Withheld of it, minor units.
    withheld_minor: i64,
}

/// How the tax of a year so far comes about, by the policy of today; minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxReckoning {
    /// Income of the year so far.
    income_minor: i64,
    /// Counts as expenses.
    expenses_minor: i64,
    /// Months with income.
    months: i64,
    /// Allowance of those months.
    allowance_minor: i64,
    /// What is taxed.
    taxable_minor: i64,
    /// Rate of the band that it reaches, parts per million.
    rate_ppm: i64,
    /// Tax of the year so far.
    due_minor: i64,
    /// Withheld so far.
    withheld_minor: i64,
    /// Still to be withheld, of the next income.
    outstanding_minor: i64,
}

impl From<&Withholding> for TaxReckoning {
    fn from(reckoned: &Withholding) -> Self {
        Self {
            income_minor: reckoned.income_minor,
            expenses_minor: reckoned.expenses_minor,
            months: reckoned.months,
            allowance_minor: reckoned.allowance_minor,
            taxable_minor: reckoned.taxable_minor,
            rate_ppm: reckoned.rate.as_ppm(),
            due_minor: reckoned.due_minor,
            withheld_minor: reckoned.withheld_minor,
            outstanding_minor: reckoned.tax_minor,
        }
    }
}

/// What was withheld of a party's income in a calendar year.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaxYearView {
    /// Whose.
    party_id: String,
    /// Calendar year.
    year: i16,
    /// Currency of every amount.
    currency: String,
    /// Policy withholds now.
    withholding: bool,
    /// Months with income while policy withheld, the first one first.
    months: Vec<TaxMonthView>,
    /// How it comes about; null without months, or while policy withholds none.
    reckoning: Option<TaxReckoning>,
    /// A sentence in Chinese.
    zh: &'static str,
    /// A sentence in English.
    en: &'static str,
}

/// Read what was withheld of a party's income in a year
#[utoipa::path(get, path = "/v1/parties/{id}/tax", tag = "task orders",
    params(("id" = String, Path, description = "Party, `pty_…`"), TaxYearParams),
    responses((status = 200, body = TaxYearView, description = "Months, and how it comes about")))]
pub(crate) async fn get_tax_year(
    call: Call,
    Path(id): Path<String>,
    Params(params): Params<TaxYearParams>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let today = call.app.zone.date(call.app.now());
    let year = params.year.unwrap_or(today.year());
    if !(2000..=2199).contains(&year) {
        return Err(Problem::invalid("year", "a calendar year from 2000 to 2199"));
    }
    let read = move |session: &mut dyn Session| match purser_engine::parties::party(session, party)? {
        None => Ok(None),
        Some(_) => tax_months(session, party, year).map(Some),
    };
    let Some(months) = call.app.read(read).await? else {
        return Err(Problem::not_found("party_unknown", format!("there is no party {party}")));
    };
    let rules = call.app.rules();
    let terms = tax_terms(rules.policy.now(call.app.now()));
    let view = |month: &TaxMonth| TaxMonthView {
        month: month.month.to_string(),
        income_minor: month.income_minor,
        withheld_minor: month.withheld_minor,
    };
    let (zh, en) = WITHHELD;
    Ok(json(&TaxYearView {
        party_id: party.to_string(),
        year,
        currency: rules.currency.to_string(),
        withholding: terms.is_some(),
        reckoning: terms.and_then(|terms| reckoned(&months, &terms)).as_ref().map(TaxReckoning::from),
        months: months.iter().map(view).collect(),
        zh,
        en,
    }))
}

/// Why the report is taken, and how it looks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaxReportParams {
    /// What it is for, 1 to 500 characters; stands in the audit log.
    reason: String,
    /// `en` or `zh`: headings; `en` when absent.
    lang: Option<String>,
    /// Begin with a byte order mark, for Excel.
    bom: Option<bool>,
}

const HEADINGS: [(&str, &str); 17] = [
    ("quarter", "季度"),
    ("party_id", "编号"),
    ("external_id", "平台编号"),
    ("legal_form", "主体类型"),
    ("identity_kind", "证件类型"),
    ("verified", "已实名"),
    ("name", "姓名或名称"),
    ("number", "证件号码或统一社会信用代码"),
    ("currency", "币种"),
    ("income", "收入总额"),
    ("income_minor", "收入总额（分）"),
    ("compensation", "其中补偿"),
    ("compensation_minor", "其中补偿（分）"),
    ("service_fee", "平台服务费"),
    ("service_fee_minor", "平台服务费（分）"),
    ("tax", "预扣个税"),
    ("tax_minor", "预扣个税（分）"),
];

/// Take the report of a quarter: payees with their identity in the clear, and their income
///
/// Takes a member of staff. Who took it and why stands in the audit log before the first line is given out.
#[utoipa::path(get, path = "/v1/tax/reports/{quarter}", tag = "task orders",
    params(("quarter" = String, Path, description = "`2026-Q1`"), TaxReportParams),
    responses((status = 200, body = String, content_type = "text/csv", description = "CSV, UTF-8")))]
pub(crate) async fn take_tax_report(
    call: Call,
    Path(quarter): Path<String>,
    Params(params): Params<TaxReportParams>,
) -> Result<Response, Problem> {
    let wrong = || Problem::invalid("quarter", "a quarter is the year and its number, like 2026-Q1");
    let quarter = Quarter::named(&quarter).ok_or_else(wrong)?;
    let look = Look::of(params.lang.as_deref(), params.bom)?;
    call.person("people take reports with names in the clear: sign in as staff, an API key cannot do this")?;
    let vault = vault(&call)?;
    note(&call, TakeTaxReport { quarter, reason: params.reason }).await?;
    let currency = call.app.rules().currency;
    let name = format!("tax-{quarter}");
    csv::download(&name, Lines::headed(look, &HEADINGS), move |mut lines, place| {
        let (call, vault) = (call.clone(), vault.clone());
        async move {
            let read =
                move |session: &mut dyn Session| report_page(session, &vault, quarter, place, csv::ROWS);
            let page = call.app.read(read).await?;
            let page = page.map_err(|broken| {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "sealed_value_broken", broken.to_string())
            })?;
            for payee in &page.payees {
                line(&mut lines, quarter, payee, currency.code());
            }
            Ok((lines, page.next))
        }
    })
    .await
}

fn line(lines: &mut Lines, quarter: Quarter, payee: &Payee, currency: &str) {
    lines.text(&quarter.to_string());
    lines.text(&payee.party.to_string());
    lines.text(&payee.external_id);
    lines.text(&payee.legal_form);
    lines.text(&payee.identity_kind);
    lines.text(if payee.verified { "true" } else { "false" });
    lines.text(&payee.name);
    lines.text(&payee.number);
    lines.text(currency);
    let income = payee.gross_minor.saturating_add(payee.compensation_minor);
    for amount in [income, payee.compensation_minor, payee.service_fee_minor, payee.withheld_minor] {
        lines.money(i64::try_from(amount).ok());
    }
    lines.end();
}
