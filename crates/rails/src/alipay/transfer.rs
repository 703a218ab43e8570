//! Transfers: what is asked of the gateway, and what its replies mean (P10).

use purser_domain::{
    money::{decimal, parse_decimal},
    withdrawals::{FailureClass, RailOutcome},
};
use purser_engine::ports::{Payee, PayoutOrder};
use serde::Serialize;

use super::{
    client::Reply,
    codes::{Class, class_of, gateway},
};

/// Method of a transfer.
pub(super) const TRANSFER: &str = "alipay.fund.trans.uni.transfer";
/// Method of a query.
pub(super) const QUERY: &str = "alipay.fund.trans.common.query";

/// The only scene: to one payee, at once.
const SCENE: &str = "DIRECT_TRANSFER";

/// State of an order that was made and not paid.
const FAIL: &str = "FAIL";

/// What payees read about a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wording {
    /// Title of the order, at most 128 characters.
    pub title: String,
    /// Name of the scene that the contract was signed for; empty where it asks for none.
    pub scene: String,
    /// What the scene has to report: kind and content.
    pub scene_reports: Vec<(String, String)>,
}

impl Default for Wording {
    fn default() -> Self {
        Self { title: "提现".to_owned(), scene: String::new(), scene_reports: Vec::new() }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Transfer<'a> {
    out_biz_no: &'a str,
    trans_amount: String,
    product_code: &'static str,
    biz_scene: &'static str,
    order_title: &'a str,
    payee_info: PayeeInfo<'a>,
    remark: String,
    #[serde(rename = "transfer_scene_name", skip_serializing_if = "str::is_empty")]
    scene_name: &'a str,
    #[serde(rename = "transfer_scene_report_infos", skip_serializing_if = "Vec::is_empty")]
    scene_reports: Vec<SceneReport<'a>>,
}

#[derive(Debug, Serialize)]
struct SceneReport<'a> {
    info_type: &'a str,
    info_content: &'a str,
}

#[derive(Debug, Serialize)]
struct PayeeInfo<'a> {
    identity: &'a str,
    identity_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bankcard_ext_info: Option<CardInfo<'a>>,
}

#[derive(Debug, Serialize)]
struct CardInfo<'a> {
    account_type: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    inst_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    bank_code: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Query<'a> {
    product_code: &'static str,
    biz_scene: &'static str,
    out_biz_no: &'a str,
}

/// A question about an order that nobody made.
pub(super) const NO_ORDER: Query<'static> =
    Query { product_code: "TRANS_ACCOUNT_NO_PWD", biz_scene: SCENE, out_biz_no: "is-anybody-there" };

/// The product that pays to a kind of payout account; `None` for a kind that this rail cannot pay to.
fn product(kind: &str) -> Option<&'static str> {
    match kind {
        "alipay" => Some("TRANS_ACCOUNT_NO_PWD"),
        "personal_card" | "corporate" => Some("TRANS_BANKCARD_NO_PWD"),
        _ => None,
    }
}

/// A user id, which names one account for good, or what people sign in with, which needs the name beside it.
fn identity_type(number: &str) -> &'static str {
    let user_id =
        number.len() == 16 && number.starts_with("2088") && number.bytes().all(|b| b.is_ascii_digit());
    if user_id { "ALIPAY_USER_ID" } else { "ALIPAY_LOGON_ID" }
}

fn payee_info(payee: &Payee) -> PayeeInfo<'_> {
    let (identity, name) = (payee.number.as_str(), payee.holder.as_str());
    let card = |account_type| CardInfo { account_type, inst_name: &payee.bank, bank_code: &payee.cnaps };
    let (identity_type, bankcard_ext_info) = match payee.kind.as_str() {
        "corporate" => ("BANKCARD_ACCOUNT", Some(card("1"))),
        "personal_card" => ("BANKCARD_ACCOUNT", Some(card("2"))),
        _ => (identity_type(identity), None),
    };
    PayeeInfo { identity, identity_type, name, bankcard_ext_info }
}

/// An order as a transfer; always the same for the same order.
///
/// # Errors
/// Why this rail cannot carry it.
pub(super) fn transfer<'a>(
    order: &'a PayoutOrder,
    wording: &'a Wording,
) -> Result<Transfer<'a>, &'static str> {
    let product_code =
        product(&order.payee.kind).ok_or("Alipay does not pay to this kind of payout account")?;
    if order.amount_minor <= 0 {
        return Err("the amount is not above zero");
    }
    let reports = wording.scene_reports.iter();
    Ok(Transfer {
        out_biz_no: &order.reference,
        trans_amount: decimal(order.amount_minor),
        product_code,
        biz_scene: SCENE,
        order_title: &wording.title,
        payee_info: payee_info(&order.payee),
        // Required from 50,000.00 on, useful below: payee and support find the withdrawal by it.
        remark: format!("{} {}", wording.title, order.reference).chars().take(200).collect(),
        scene_name: &wording.scene,
        scene_reports: reports
            .map(|(info_type, info_content)| SceneReport { info_type, info_content })
            .collect(),
    })
}

/// A question about an order.
///
/// # Errors
/// Why this rail cannot have carried it.
pub(super) fn query(order: &PayoutOrder) -> Result<Query<'_>, &'static str> {
    let product_code =
        product(&order.payee.kind).ok_or("Alipay does not pay to this kind of payout account")?;
    Ok(Query { product_code, biz_scene: SCENE, out_biz_no: &order.reference })
}

/// What a reply to a transfer says, and whether it comes from behind the gateway, where the order was looked at.
pub(super) fn transfer_outcome(reply: &Reply, order: &PayoutOrder) -> (RailOutcome, bool) {
    match reply.code() {
        // The reply to a transfer names no reason; the query does.
        gateway::OK if reply.text("status") == FAIL && reply.text("error_code").is_empty() => {
            (RailOutcome::Unknown, true)
        }
        gateway::OK => (status_outcome(reply, order), true),
        gateway::IN_PROCESS | gateway::UNAVAILABLE => (RailOutcome::Unknown, false),
        gateway::TOO_FREQUENT => (RailOutcome::Throttled, false),
        code => {
            let sub_code = reply.sub_code();
            let class = class_of(sub_code).unwrap_or_else(|| {
                tracing::warn!(
                    code,
                    sub_code,
                    "Alipay gave a code that is not listed: the outcome is unknown"
                );
                Class::Unknown
            });
            // To a transfer "no such order" says nothing: it was to be made.
            let class = if class == Class::NotFound { Class::Unknown } else { class };
            (class.outcome(sub_code), code == gateway::BUSINESS)
        }
    }
}

/// What a reply to a query says. A refused question says nothing about the order.
pub(super) fn query_outcome(reply: &Reply, order: &PayoutOrder) -> RailOutcome {
    match (reply.code(), class_of(reply.sub_code())) {
        (gateway::OK, _) => status_outcome(reply, order),
        (gateway::BUSINESS, Some(Class::NotFound)) => RailOutcome::NotFound,
        (gateway::TOO_FREQUENT, _) | (_, Some(Class::Throttle)) => RailOutcome::Throttled,
        (code, _) => {
            tracing::warn!(code, sub_code = reply.sub_code(), "Alipay did not answer a query");
            RailOutcome::Unknown
        }
    }
}

fn status_outcome(reply: &Reply, order: &PayoutOrder) -> RailOutcome {
    let amount = reply.text("trans_amount");
    if reply.text("out_biz_no") != order.reference
        || !(amount.is_empty() || parse_decimal(amount) == Ok(order.amount_minor))
    {
        tracing::warn!(reference = order.reference, "Alipay answered about another order or amount");
        return RailOutcome::Unknown;
    }
    let fee = parse_decimal(reply.text("order_fee")).unwrap_or(0);
    of_status(reply.text("status"), reply.text("error_code"), fee)
}

/// What a state of the gateway's means, with the code it gives for a failure and its charge in minor units.
pub(super) fn of_status(status: &str, error_code: &str, fee_minor: i64) -> RailOutcome {
    match status {
        "SUCCESS" => RailOutcome::Paid { rail_fee_minor: fee_minor.max(0) },
        "REFUND" => {
            let code = if error_code.is_empty() { "REFUND" } else { error_code };
            let class = match class_of(code) {
                Some(Class::PayeeBlocked) => FailureClass::PayeeBlocked,
                // Money comes back because the account at the payee's bank did not take it.
                _ => FailureClass::PayeeFixable,
            };
            RailOutcome::Bounced { class, code: code.to_owned() }
        }
        FAIL => match class_of(error_code) {
            // The state is definite; a code that says otherwise is not to be trusted with somebody's money.
            Some(class @ (Class::Unknown | Class::NumberUsed | Class::NotFound | Class::Throttle)) => {
                tracing::warn!(
                    error_code,
                    class = class.name(),
                    "Alipay failed an order with a code that is no failure"
                );
                RailOutcome::Unknown
            }
            // Refused, the order may go again. Failed, it is told the same failure for ever.
            Some(Class::PayerFunds) => RailOutcome::FailedForFunds { code: error_code.to_owned() },
            // Likewise: that the limit begins anew helps a new order only.
            Some(Class::LimitDay | Class::LimitMonth) => Class::Limit.outcome(error_code),
            Some(class) => class.outcome(error_code),
            None if error_code.is_empty() => Class::RequestBug.outcome("FAIL"),
            // Nobody here knows what it says about the order, so that it says nothing.
            None => {
                tracing::warn!(error_code, "Alipay failed an order with a code that is not listed");
                RailOutcome::Unknown
            }
        },
        // DEALING, INIT, WAIT_PAY, and whatever else there may be one day.
        _ => RailOutcome::Unknown,
    }
}
