//! The gateway's books of money in: pages that were opened, trades, refunds (P11).

use std::collections::{BTreeMap, VecDeque};

use purser_domain::money::{decimal, parse_decimal};
use serde_json::{Value, json};

use super::super::trade::{NOT_EXIST, REFUND_QUERY, TRADE_CLOSE, TRADE_QUERY, TRADE_REFUND};

/// What the next refund meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundFate {
    /// It goes back, and the answer is lost.
    LostReply,
    /// The request never arrives.
    LostRequest,
    /// It is refused for good.
    Refused,
    /// The payer's balance is short: nothing is done.
    Short,
}

impl RefundFate {
    /// By name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lost_reply" => Some(Self::LostReply),
            "lost_request" => Some(Self::LostRequest),
            "refused" => Some(Self::Refused),
            "short" => Some(Self::Short),
            _ => None,
        }
    }
}

/// A page that a payer opened: no trade yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Minor units.
    pub amount_minor: i64,
    /// Where the gateway tells what was paid.
    pub notify_url: String,
    /// Where the payer goes afterwards.
    pub return_url: String,
}

/// A trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trade {
    /// The gateway's own number.
    pub trade_no: String,
    /// Minor units.
    pub amount_minor: i64,
    /// As the gateway writes it.
    pub status: &'static str,
    /// When it was paid, as the gateway writes it.
    pub paid_at: String,
    /// Given back: request number and minor units.
    pub refunds: BTreeMap<String, i64>,
}

/// All pages and trades.
#[derive(Debug, Default)]
pub struct Trades {
    /// By reference.
    pub pages: BTreeMap<String, Page>,
    /// By reference.
    pub trades: BTreeMap<String, Trade>,
    next: VecDeque<RefundFate>,
}

impl Trades {
    /// The next refund meets this.
    pub fn meet_next(&mut self, fate: RefundFate) {
        self.next.push_back(fate);
    }

    /// A payer opens a page; what was signed is believed by now.
    pub(super) fn open(&mut self, content: &str, notify_url: &str, return_url: &str) -> Option<String> {
        let content: Value = serde_json::from_str(content).ok()?;
        let text = |name: &str| content.get(name).and_then(Value::as_str);
        let reference = text("out_trade_no")?.to_owned();
        let amount_minor = parse_decimal(text("total_amount")?).ok().filter(|amount| *amount > 0)?;
        if text("product_code") != Some("FAST_INSTANT_TRADE_PAY") || text("subject").is_none_or(str::is_empty)
        {
            return None;
        }
        let page =
            Page { amount_minor, notify_url: notify_url.to_owned(), return_url: return_url.to_owned() };
        self.pages.insert(reference.clone(), page);
        Some(reference)
    }

    /// The payer pays on an opened page; `None` when there is no such page, or its trade is closed.
    pub fn pay(&mut self, reference: &str, trade_no: &str, paid_at: &str) -> Option<&Trade> {
        let page = self.pages.get(reference)?;
        let trade = self.trades.entry(reference.to_owned()).or_insert_with(|| Trade {
            trade_no: trade_no.to_owned(),
            amount_minor: page.amount_minor,
            status: "WAIT_BUYER_PAY",
            paid_at: String::new(),
            refunds: BTreeMap::new(),
        });
        if trade.status == "WAIT_BUYER_PAY" {
            trade.status = "TRADE_SUCCESS";
            paid_at.clone_into(&mut trade.paid_at);
        }
        (trade.status == "TRADE_SUCCESS").then_some(trade)
    }

    /// Answers a call about a trade: its content, or nothing for a lost answer.
    pub(super) fn handle(&mut self, method: &str, content: &str) -> Option<Value> {
        let content: Value = serde_json::from_str(content).unwrap_or_default();
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (reference, number) = (text("out_trade_no"), text("trade_no"));
        let found =
            self.trades.iter_mut().find(|(key, trade)| **key == reference || trade.trade_no == number);
        let Some((reference, trade)) = found else {
            return Some(refused(NOT_EXIST));
        };
        match method {
            TRADE_QUERY => Some(json!({
                "code": "10000", "msg": "Success", "out_trade_no": reference, "trade_no": trade.trade_no,
                "trade_status": trade.status, "total_amount": decimal(trade.amount_minor),
                "send_pay_date": trade.paid_at,
            })),
            TRADE_CLOSE if trade.status == "WAIT_BUYER_PAY" => {
                trade.status = "TRADE_CLOSED";
                Some(json!({ "code": "10000", "msg": "Success", "out_trade_no": reference }))
            }
            TRADE_CLOSE => Some(refused("ACQ.TRADE_STATUS_ERROR")),
            TRADE_REFUND => refund(trade, &text("out_request_no"), &text("refund_amount"), &mut self.next),
            REFUND_QUERY => {
                let request = text("out_request_no");
                let mut view = json!({ "code": "10000", "msg": "Success", "trade_no": trade.trade_no });
                if let (Some(amount), Some(view)) = (trade.refunds.get(&request), view.as_object_mut()) {
                    view.insert("out_request_no".to_owned(), json!(request));
                    view.insert("refund_status".to_owned(), json!("REFUND_SUCCESS"));
                    view.insert("refund_amount".to_owned(), json!(decimal(*amount)));
                }
                Some(view)
            }
            _ => Some(refused("INVALID_PARAMETER")),
        }
    }
}

fn refused(sub_code: &str) -> Value {
    json!({ "code": "40004", "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "业务失败" })
}

fn refund(trade: &mut Trade, request: &str, amount: &str, next: &mut VecDeque<RefundFate>) -> Option<Value> {
    let done = |change: &str| json!({ "code": "10000", "msg": "Success", "fund_change": change });
    if trade.refunds.contains_key(request) {
        return Some(done("N"));
    }
    let fate = next.pop_front();
    match fate {
        Some(RefundFate::LostRequest) => return None,
        Some(RefundFate::Refused) => return Some(refused("ACQ.REASON_TRADE_BEEN_FREEZEN")),
        Some(RefundFate::Short) => return Some(refused("ACQ.SELLER_BALANCE_NOT_ENOUGH")),
        Some(RefundFate::LostReply) | None => {}
    }
    let Ok(amount) = parse_decimal(amount) else { return Some(refused("INVALID_PARAMETER")) };
    let back: i64 = trade.refunds.values().sum();
    if amount <= 0 || back + amount > trade.amount_minor || trade.status != "TRADE_SUCCESS" {
        return Some(refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"));
    }
    trade.refunds.insert(request.to_owned(), amount);
    if back + amount == trade.amount_minor {
        trade.status = "TRADE_CLOSED";
    }
    if fate == Some(RefundFate::LostReply) { None } else { Some(done("Y")) }
}
