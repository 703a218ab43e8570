//! Money in through Alipay's cashier: the page, queries, closing, refunds, notices (P11).
//!
//! A trade exists at the gateway only once its payer has scanned or signed in; before that, queries and closing say
//! that there is none. What stops late payers is the page's own `time_expire`.

use std::sync::{Mutex, PoisonError};

use form_urlencoded::Serializer;
use purser_domain::{
    money::{decimal, parse_decimal},
    payments::RefundOutcome,
    time::{Timestamp, Zone},
};
use purser_engine::ports::{
    Closing, CollectOrder, Collected, Collector, Hands, NoticeRefused, PageCashier, RailPayment, RefundOrder,
    RunError, TradeNotice,
};
use serde_json::json;

use super::{CallError, Client, Credentials, Message, Reply};

/// Methods of the gateway.
pub(super) const PAGE_PAY: &str = "alipay.trade.page.pay";
pub(super) const TRADE_QUERY: &str = "alipay.trade.query";
pub(super) const TRADE_CLOSE: &str = "alipay.trade.close";
pub(super) const TRADE_REFUND: &str = "alipay.trade.refund";
pub(super) const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";

/// What the gateway says when its payer never opened a trade, or when there is none.
pub(super) const NOT_EXIST: &str = "ACQ.TRADE_NOT_EXIST";

/// Refusals of a refund that are definite; every other code leaves the outcome unknown.
const REFUSED: &[&str] = &[
    NOT_EXIST,
    "ACQ.TRADE_STATUS_ERROR",
    "ACQ.TRADE_HAS_FINISHED",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
    "ACQ.REASON_TRADE_BEEN_FREEZEN",
    "ACQ.REFUND_ACCOUNT_NOT_EXIST",
];

/// The platform's own balance does not cover it: nothing was done, and the same request works later.
const SHORT: &str = "ACQ.SELLER_BALANCE_NOT_ENOUGH";

/// Asks and tells the gateway about trades.
#[derive(Debug)]
pub struct AlipayCollector(Client);

impl AlipayCollector {
    /// With a client of its own.
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    fn call(
        &mut self,
        method: &str,
        content: &serde_json::Value,
        hands: &Hands<'_>,
    ) -> Result<Option<Reply>, RunError> {
        match self.0.call(method, content, hands.clock.machine()) {
            Ok(reply) => Ok(Some(reply)),
            Err(CallError::NotSent(text)) => Err(RunError::Failed(text)),
            Err(CallError::Unclear(text)) => {
                tracing::warn!(method, text, "no answer that can be believed");
                Ok(None)
            }
        }
    }
}

impl Collector for AlipayCollector {
    fn method(&self) -> &'static str {
        super::NAME
    }

    fn query(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Collected, RunError> {
        let reply = self.call(TRADE_QUERY, &json!({ "out_trade_no": order.reference }), hands)?;
        Ok(reply.map_or(Collected::Unknown, |reply| collected(&reply, &order.reference)))
    }

    fn close(&mut self, order: &CollectOrder, hands: &mut Hands<'_>) -> Result<Closing, RunError> {
        let reply = self.call(TRADE_CLOSE, &json!({ "out_trade_no": order.reference }), hands)?;
        Ok(reply.map_or(Closing::Unknown, |reply| closing(&reply)))
    }

    fn refund(&mut self, refund: &RefundOrder, hands: &mut Hands<'_>) -> Result<RefundOutcome, RunError> {
        let content = json!({
            "trade_no": refund.rail_payment,
            "refund_amount": decimal(refund.amount_minor),
            "out_request_no": refund.reference,
        });
        match self.call(TRADE_REFUND, &content, hands)? {
            Some(reply) => refunded(&reply),
            None => Ok(RefundOutcome::Unknown),
        }
    }

    fn query_refund(
        &mut self,
        refund: &RefundOrder,
        hands: &mut Hands<'_>,
    ) -> Result<RefundOutcome, RunError> {
        let content = json!({ "trade_no": refund.rail_payment, "out_request_no": refund.reference });
        let reply = self.call(REFUND_QUERY, &content, hands)?;
        Ok(reply.map_or(RefundOutcome::Unknown, |reply| refund_found(&reply, refund)))
    }
}

fn collected(reply: &Reply, reference: &str) -> Collected {
    if reply.code() == "40004" && reply.sub_code() == NOT_EXIST {
        return Collected::Nothing;
    }
    if reply.code() != "10000" || reply.text("out_trade_no") != reference {
        return Collected::Unknown;
    }
    match reply.text("trade_status") {
        "WAIT_BUYER_PAY" => Collected::Open,
        // One that was paid and given back at the platform's console is a matter for staff, not an unpaid one.
        "TRADE_CLOSED" if reply.text("send_pay_date").is_empty() => Collected::Nothing,
        "TRADE_SUCCESS" | "TRADE_FINISHED" => {
            let amount = parse_decimal(reply.text("total_amount"));
            match (reply.text("trade_no"), amount) {
                ("", _) | (_, Err(_)) => Collected::Unknown,
                (trade, Ok(amount_minor)) => Collected::Payments(vec![RailPayment {
                    rail_payment: trade.to_owned(),
                    amount_minor,
                    paid_at: gateway_time(reply.text("send_pay_date")),
                }]),
            }
        }
        _ => Collected::Unknown,
    }
}

fn closing(reply: &Reply) -> Closing {
    match (reply.code(), reply.sub_code()) {
        ("10000", _) | ("40004", NOT_EXIST) => Closing::Closed,
        ("40004", "ACQ.TRADE_STATUS_ERROR") => Closing::Paid,
        _ => Closing::Unknown,
    }
}

fn refunded(reply: &Reply) -> Result<RefundOutcome, RunError> {
    match (reply.code(), reply.sub_code()) {
        // Without a change of funds it may have been done before, or be under way: asking tells.
        ("10000", _) if reply.text("fund_change") == "Y" => Ok(RefundOutcome::Paid),
        ("40004", SHORT) => Err(RunError::Failed("the platform's balance at Alipay is short".to_owned())),
        ("40004", code) if REFUSED.contains(&code) => Ok(RefundOutcome::Failed { code: code.to_owned() }),
        _ => Ok(RefundOutcome::Unknown),
    }
}

fn refund_found(reply: &Reply, refund: &RefundOrder) -> RefundOutcome {
    if reply.code() != "10000" {
        return RefundOutcome::Unknown;
    }
    let same = reply.text("out_request_no") == refund.reference;
    match reply.text("refund_status") {
        "REFUND_SUCCESS" if same => RefundOutcome::Paid,
        // A good answer that names no refund: the request never arrived, and the identical one goes again.
        "" => RefundOutcome::NotFound,
        _ => RefundOutcome::Unknown,
    }
}

/// The gateway's times are in UTC+8.
fn gateway_time(text: &str) -> Option<Timestamp> {
    format!("{}+08:00", text.replace(' ', "T")).parse().ok()
}

/// Alipay's own cashier page, and its notices.
#[derive(Debug)]
pub struct AlipayPage {
    client: Mutex<Client>,
    credentials: Credentials,
    seller_id: String,
    notify_url: String,
    zone: Zone,
}

impl AlipayPage {
    /// `seller_id`: the account that must receive the money; empty when it is not checked. `notify_url`: where the
    /// gateway tells what was paid.
    pub fn new(client: Client, credentials: Credentials, seller_id: &str, notify_url: &str) -> Self {
        Self {
            client: Mutex::new(client),
            credentials,
            seller_id: seller_id.to_owned(),
            notify_url: notify_url.to_owned(),
            zone: Zone::shanghai(),
        }
    }
}

impl PageCashier for AlipayPage {
    fn page_url(
        &self,
        order: &CollectOrder,
        title: &str,
        return_url: &str,
        now: Timestamp,
    ) -> Option<String> {
        let content = json!({
            "out_trade_no": order.reference,
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "total_amount": decimal(order.amount_minor),
            "subject": title,
            "time_expire": self.zone.datetime(order.expires_at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        });
        let extra = [("notify_url", self.notify_url.as_str()), ("return_url", return_url)];
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        let params = client.signed(PAGE_PAY, &content, &extra, now).ok()?;
        let query = Serializer::new(String::new()).extend_pairs(&params).finish();
        Some(format!("{}?{query}", client.gateway()))
    }

    fn notice(&self, body: &[u8]) -> Result<Option<TradeNotice>, NoticeRefused> {
        let message = Message::read(body, &self.credentials.app_id, &self.credentials.gateway_key)?;
        if !self.seller_id.is_empty() && message.text("seller_id") != self.seller_id {
            let text = "the message is about another account's money";
            return Err(NoticeRefused { code: "notice_other_seller", text });
        }
        let reference = message.text("out_trade_no").to_owned();
        let paid = match message.text("trade_status") {
            "TRADE_SUCCESS" | "TRADE_FINISHED" => true,
            "WAIT_BUYER_PAY" | "TRADE_CLOSED" => false,
            _ => return Ok(None),
        };
        let text = "the message names no order, trade or amount";
        let unreadable = NoticeRefused { code: "notice_unreadable", text };
        let trade = message.text("trade_no");
        let amount = parse_decimal(message.text("total_amount")).ok().filter(|amount| *amount > 0);
        let (Some(amount_minor), false) = (amount, reference.is_empty() || trade.is_empty()) else {
            return Err(unreadable);
        };
        let payment = paid.then(|| RailPayment {
            rail_payment: trade.to_owned(),
            amount_minor,
            paid_at: gateway_time(message.text("gmt_payment")),
        });
        Ok(Some(TradeNotice { reference, payment }))
    }

    fn answer(&self, taken: bool) -> &'static str {
        if taken { "success" } else { "fail" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(content: serde_json::Value) -> Reply {
        Reply::of(content)
    }

    #[test]
    fn only_what_the_gateway_says_plainly_counts_p11() {
        let say = |status: &str, date: &str| {
            collected(
                &reply(
                    json!({ "code": "10000", "out_trade_no": "po_1", "trade_no": "T1", "trade_status": status,
                    "total_amount": "500.00", "send_pay_date": date }),
                ),
                "po_1",
            )
        };
        assert_eq!(say("WAIT_BUYER_PAY", ""), Collected::Open);
        assert_eq!(say("TRADE_CLOSED", ""), Collected::Nothing);
        assert_eq!(say("TRADE_CLOSED", "2026-03-01 10:00:00"), Collected::Unknown);
        for status in ["TRADE_SUCCESS", "TRADE_FINISHED"] {
            let Collected::Payments(paid) = say(status, "2026-03-01 10:00:00") else { panic!("{status}") };
            assert_eq!((paid[0].rail_payment.as_str(), paid[0].amount_minor), ("T1", 50_000));
            assert_eq!(paid[0].paid_at, "2026-03-01T10:00:00+08:00".parse().ok());
        }
        assert_eq!(say("SOMETHING_NEW", ""), Collected::Unknown);
        let code = |code: &str, sub: &str| reply(json!({ "code": code, "sub_code": sub }));
        assert_eq!(collected(&code("40004", NOT_EXIST), "po_1"), Collected::Nothing);
        assert_eq!(collected(&code("40004", "ACQ.SYSTEM_ERROR"), "po_1"), Collected::Unknown);
        assert_eq!(collected(&code("20000", ""), "po_1"), Collected::Unknown);
        assert_eq!(closing(&code("40004", NOT_EXIST)), Closing::Closed);
        assert_eq!(closing(&code("10000", "")), Closing::Closed);
        assert_eq!(closing(&code("40004", "ACQ.TRADE_STATUS_ERROR")), Closing::Paid);
        assert_eq!(closing(&code("20000", "")), Closing::Unknown);
    }

    #[test]
    fn a_refund_fails_only_by_a_listed_code_p11() {
        let code = |sub: &str| reply(json!({ "code": "40004", "sub_code": sub }));
        for sub in REFUSED {
            assert_eq!(refunded(&code(sub)), Ok(RefundOutcome::Failed { code: (*sub).to_owned() }));
        }
        assert!(refunded(&code(SHORT)).is_err(), "the same request again, later");
        for sub in ["ACQ.SYSTEM_ERROR", "ACQ.NEVER_HEARD_OF", ""] {
            assert_eq!(refunded(&code(sub)), Ok(RefundOutcome::Unknown));
        }
        assert_eq!(refunded(&reply(json!({ "code": "10000", "fund_change": "Y" }))), Ok(RefundOutcome::Paid));
        assert_eq!(
            refunded(&reply(json!({ "code": "10000", "fund_change": "N" }))),
            Ok(RefundOutcome::Unknown)
        );
        let order = RefundOrder {
            reference: "rfd_1".to_owned(),
            order_reference: "po_1".to_owned(),
            rail_payment: "T1".to_owned(),
            amount_minor: 1,
        };
        let found = |status: &str, id: &str| {
            refund_found(
                &reply(json!({ "code": "10000", "refund_status": status, "out_request_no": id })),
                &order,
            )
        };
        assert_eq!(found("REFUND_SUCCESS", "rfd_1"), RefundOutcome::Paid);
        assert_eq!(found("REFUND_SUCCESS", "rfd_2"), RefundOutcome::Unknown);
        assert_eq!(found("", ""), RefundOutcome::NotFound);
        assert_eq!(found("REFUND_PROCESSING", "rfd_1"), RefundOutcome::Unknown);
    }
}
