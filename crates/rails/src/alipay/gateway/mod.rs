//! A gateway of our own: verifies what it is sent, signs what it says, keeps books, and misbehaves when told to.
//! It knows the transfer methods as Alipay documents them; no socket is here (`purser sandbox alipay` has them).

mod orders;
mod trades;

pub use orders::{Fate, Order, Orders, Status};
pub use trades::{Page, RefundFate, Trade, Trades};

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use purser_domain::{
    money::{decimal, parse_decimal},
    time::{Timestamp, Zone},
};
use serde::Deserialize;
use serde_json::{Value, json};

use self::orders::Said;
use super::{
    certs::Certificates,
    client::response_name,
    keys::{KeyError, SigningKey, VerifyingKey, canonical},
    notify::CHANGED,
    trade::{PAGE_PAY, REFUND_QUERY, TRADE_CLOSE, TRADE_QUERY, TRADE_REFUND},
    transfer::{QUERY, TRANSFER},
};

/// What a caller gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// These bytes.
    Reply(Vec<u8>),
    /// The connection ends without an answer.
    Drop,
    /// No answer for longer than anybody waits.
    Hang,
}

/// What a notice says; for telling a lie, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The order.
    pub reference: String,
    /// State, as the gateway writes it.
    pub status: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Code of a failure.
    pub error_code: String,
    /// The application it is for.
    pub app_id: String,
    /// Signed with the gateway's key.
    pub signed_well: bool,
}

/// The gateway.
pub struct Gateway {
    app_id: String,
    app_key: VerifyingKey,
    key: SigningKey,
    wrong_key: SigningKey,
    zone: Zone,
    /// Its books.
    pub orders: Orders,
    /// Its books of money in.
    pub trades: Trades,
    /// What it charges for a transfer, minor units: queries and notices say so, the reply to a transfer does not.
    pub charge_minor: i64,
    /// Where the application uses certificates: requests must name them, and replies do.
    pub certificates: Option<Certificates>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

/// What the payer has when nobody said otherwise, minor units.
const BALANCE: i64 = 100_000_000_000;
/// Smallest and largest transfer, minor units.
const LEAST: i64 = 10;
const MOST: i64 = 10_000_000_000;
/// From here on a transfer needs a remark, minor units.
const REMARK_FROM: i64 = 5_000_000;

#[derive(Deserialize)]
struct TransferContent {
    out_biz_no: String,
    trans_amount: String,
    product_code: String,
    biz_scene: String,
    payee_info: PayeeContent,
    #[serde(default)]
    remark: String,
}

#[derive(Deserialize)]
struct PayeeContent {
    identity: String,
    identity_type: String,
    #[serde(default)]
    name: String,
    bankcard_ext_info: Option<CardContent>,
}

#[derive(Deserialize)]
struct CardContent {
    account_type: String,
    #[serde(default)]
    inst_name: String,
}

impl TransferContent {
    /// The amount, or the code that the documented rules give.
    fn checked(&self) -> Result<i64, &'static str> {
        let reference = !self.out_biz_no.is_empty()
            && self.out_biz_no.len() <= 64
            && self.out_biz_no.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let amount =
            parse_decimal(&self.trans_amount).ok().filter(|minor| decimal(*minor) == self.trans_amount);
        let (Some(amount), true) = (amount, reference && self.biz_scene == "DIRECT_TRANSFER") else {
            return Err("INVALID_PARAMETER");
        };
        let payee = &self.payee_info;
        let fits = match (self.product_code.as_str(), payee.identity_type.as_str()) {
            ("TRANS_ACCOUNT_NO_PWD", "ALIPAY_USER_ID") => true,
            ("TRANS_ACCOUNT_NO_PWD", "ALIPAY_LOGON_ID") => !payee.name.is_empty(),
            ("TRANS_BANKCARD_NO_PWD", "BANKCARD_ACCOUNT") => {
                let card = payee.bankcard_ext_info.as_ref();
                let known = card.is_some_and(|card| match card.account_type.as_str() {
                    "1" => !card.inst_name.is_empty(),
                    other => other == "2",
                });
                known && !payee.name.is_empty()
            }
            _ => false,
        };
        if !fits || payee.identity.is_empty() || self.remark.chars().count() > 200 {
            Err("INVALID_PARAMETER")
        } else if amount < LEAST {
            Err("EXCEED_LIMIT_SM_MIN_AMOUNT")
        } else if amount > MOST {
            Err("EXCEED_LIMIT_SM_AMOUNT")
        } else if amount >= REMARK_FROM && self.remark.is_empty() {
            Err("MEMO_REQUIRED_IN_TRANSFER_ERROR")
        } else {
            Ok(amount)
        }
    }
}

impl Gateway {
    /// A gateway for one application, with its own key.
    ///
    /// # Errors
    /// No key could be made.
    pub fn new(app_id: &str, app_key: VerifyingKey, key: SigningKey) -> Result<Self, KeyError> {
        let orders = Orders::of(BALANCE);
        let wrong_key = SigningKey::generate()?;
        Ok(Self {
            app_id: app_id.to_owned(),
            app_key,
            key,
            wrong_key,
            zone: Zone::shanghai(),
            orders,
            trades: Trades::default(),
            charge_minor: 0,
            certificates: None,
        })
    }

    /// The application that may call.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The key that its replies and notices are verified with.
    ///
    /// # Errors
    /// The library cannot write it.
    pub fn public_key(&self) -> Result<VerifyingKey, KeyError> {
        self.key.public()
    }

    /// Takes a request, a form.
    pub fn handle(&mut self, form: &[u8], at: Timestamp) -> Answer {
        let params: BTreeMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
        let text = |name: &str| params.get(name).map_or("", String::as_str);
        let method = text("method").to_owned();
        let pairs = params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signed = canonical(pairs, &["sign"]);
        if text("app_id") != self.app_id {
            return self.refuse(&method, "40002", "isv.invalid-app-id");
        }
        if text("sign_type") != "RSA2" || !self.app_key.verifies(signed.as_bytes(), text("sign")) {
            return self.refuse(&method, "40002", "isv.invalid-signature");
        }
        if let Some(known) = &self.certificates
            && (text("app_cert_sn"), text("alipay_root_cert_sn")) != (&known.app_sn, &known.root_sn)
        {
            return self.refuse(&method, "40002", "isv.invalid-app-cert-sn");
        }
        let content = text("biz_content");
        match method.as_str() {
            TRANSFER => self.transfer(content, at),
            QUERY => self.query(content, at),
            TRADE_QUERY | TRADE_CLOSE | TRADE_REFUND | REFUND_QUERY => {
                match self.trades.handle(&method, content) {
                    Some(said) => self.reply(&self.key, &method, &said),
                    None => Answer::Drop,
                }
            }
            _ => self.refuse(&method, "40002", "isv.invalid-method"),
        }
    }

    fn transfer(&mut self, content: &str, at: Timestamp) -> Answer {
        let Ok(transfer) = serde_json::from_str::<TransferContent>(content) else {
            return self.refuse(TRANSFER, "40004", "INVALID_PARAMETER");
        };
        let said = match transfer.checked() {
            Ok(amount) => {
                self.orders.send(&transfer.out_biz_no, amount, content, &transfer.payee_info.identity)
            }
            Err(code) => Said::Refused("40004", code.to_owned()),
        };
        self.say(TRANSFER, &said, &transfer.out_biz_no, at)
    }

    fn query(&mut self, content: &str, at: Timestamp) -> Answer {
        let content: Value = serde_json::from_str(content).unwrap_or_default();
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        if text("product_code").is_empty() || text("biz_scene").is_empty() {
            return self.refuse(QUERY, "40004", "INVALID_PARAMETER");
        }
        let reference = text("out_biz_no");
        let said = self.orders.query(&reference);
        self.say(QUERY, &said, &reference, at)
    }

    fn say(&self, method: &str, said: &Said, reference: &str, at: Timestamp) -> Answer {
        match said {
            Said::Nothing => Answer::Drop,
            Said::Late => Answer::Hang,
            Said::Refused(code, sub_code) => self.refuse(method, code, sub_code),
            Said::Order => self.reply(&self.key, method, &self.order_view(method, reference, at)),
            Said::BadlySigned => self.reply(&self.wrong_key, method, &self.order_view(method, reference, at)),
        }
    }

    fn refuse(&self, method: &str, code: &str, sub_code: &str) -> Answer {
        let content = json!({ "code": code, "msg": "refused", "sub_code": sub_code, "sub_msg": "业务失败" });
        self.reply(&self.key, method, &content)
    }

    fn reply(&self, key: &SigningKey, method: &str, content: &Value) -> Answer {
        let content = content.to_string();
        // The library signs or the machine is broken; then there is no answer.
        let Ok(sign) = key.sign(content.as_bytes()) else { return Answer::Drop };
        let name = response_name(method);
        let certificate = self.certificates.as_ref();
        let named = certificate.map(|known| format!("\"alipay_cert_sn\":\"{}\",", known.gateway_sn));
        let named = named.unwrap_or_default();
        Answer::Reply(format!("{{\"{name}\":{content},{named}\"sign\":\"{sign}\"}}").into_bytes())
    }

    fn order_view(&self, method: &str, reference: &str, at: Timestamp) -> Value {
        let Some(order) = self.orders.by_reference.get(reference) else { return json!({ "code": "20000" }) };
        let mut view = json!({
            "code": "10000", "msg": "Success", "out_biz_no": reference, "order_id": order_id(reference),
            "pay_fund_order_id": order_id(reference), "status": order.status.name(),
        });
        if let Some(fields) = view.as_object_mut() {
            if method == QUERY {
                fields.insert("trans_amount".to_owned(), json!(decimal(order.amount_minor)));
                fields.insert("order_fee".to_owned(), json!(decimal(self.charge_minor)));
            }
            let date = if method == QUERY { "pay_date" } else { "trans_date" };
            fields.insert(date.to_owned(), json!(self.time(at)));
            if method == QUERY && !order.error_code.is_empty() {
                fields.insert("error_code".to_owned(), json!(order.error_code));
                fields.insert("fail_reason".to_owned(), json!("收款信息有误"));
            }
        }
        view
    }

    fn time(&self, at: Timestamp) -> String {
        self.zone.datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The true notice about an order.
    pub fn notice(&self, reference: &str) -> Option<Notice> {
        let order = self.orders.by_reference.get(reference)?;
        Some(Notice {
            reference: reference.to_owned(),
            status: order.status.name().to_owned(),
            amount_minor: order.amount_minor,
            error_code: order.error_code.clone(),
            app_id: self.app_id.clone(),
            signed_well: true,
        })
    }

    /// A notice as the bytes that are posted.
    ///
    /// # Errors
    /// The library cannot sign.
    pub fn notice_form(&self, notice: &Notice, at: Timestamp) -> Result<String, KeyError> {
        let mut content = json!({
            "action_type": "FINISH", "biz_scene": "DIRECT_TRANSFER", "order_id": order_id(&notice.reference),
            "origin_interface": TRANSFER, "out_biz_no": notice.reference, "pay_date": self.time(at),
            "product_code": "TRANS_ACCOUNT_NO_PWD", "status": notice.status,
            "trans_amount": decimal(notice.amount_minor), "order_fee": decimal(self.charge_minor),
        });
        if let (Some(fields), false) = (content.as_object_mut(), notice.error_code.is_empty()) {
            fields.insert("error_code".to_owned(), json!(notice.error_code));
        }
        let (content, now) = (content.to_string(), (at.0 / 1_000).to_string());
        let id = format!("{}{now}", order_id(&notice.reference));
        let mut params = vec![
            ("app_id", notice.app_id.as_str()),
            ("biz_content", &content),
            ("charset", "UTF-8"),
            ("msg_method", CHANGED),
            ("notify_id", &id),
            ("utc_timestamp", &now),
            ("version", "1.1"),
        ];
        let text = canonical(params.iter().copied(), &[]);
        let key = if notice.signed_well { &self.key } else { &self.wrong_key };
        let sign = key.sign(text.as_bytes())?;
        params.extend([("sign_type", "RSA2"), ("sign", &sign)]);
        Ok(Serializer::new(String::new()).extend_pairs(params).finish())
    }
}

/// What a notice about a trade says; for telling a lie, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeSaid {
    /// The order.
    pub reference: String,
    /// State, as the gateway writes it.
    pub status: String,
    /// Minor units.
    pub amount_minor: i64,
    /// The application it is for.
    pub app_id: String,
    /// Signed with the gateway's key.
    pub signed_well: bool,
}

impl Gateway {
    /// A payer opens the page of an order: the query of its address. The order's reference when it was signed well.
    pub fn open_page(&mut self, query: &[u8]) -> Option<String> {
        let params: BTreeMap<String, String> = form_urlencoded::parse(query).into_owned().collect();
        let text = |name: &str| params.get(name).map_or("", String::as_str);
        let signed = canonical(params.iter().map(|(name, value)| (name.as_str(), value.as_str())), &["sign"]);
        let good = text("app_id") == self.app_id
            && text("method") == PAGE_PAY
            && self.app_key.verifies(signed.as_bytes(), text("sign"));
        let (content, notify, back) = (text("biz_content"), text("notify_url"), text("return_url"));
        if good { self.trades.open(content, notify, back) } else { None }
    }

    /// The payer pays on an opened page; false when nothing is there to be paid.
    pub fn pay(&mut self, reference: &str, at: Timestamp) -> bool {
        let time = self.time(at);
        self.trades.pay(reference, &order_id(reference), &time).is_some()
    }

    /// The true notice about a trade.
    pub fn trade_said(&self, reference: &str) -> Option<TradeSaid> {
        let trade = self.trades.trades.get(reference)?;
        Some(TradeSaid {
            reference: reference.to_owned(),
            status: trade.status.to_owned(),
            amount_minor: trade.amount_minor,
            app_id: self.app_id.clone(),
            signed_well: true,
        })
    }

    /// A notice about a trade as the bytes that are posted.
    ///
    /// # Errors
    /// The library cannot sign.
    pub fn trade_form(&self, said: &TradeSaid, at: Timestamp) -> Result<String, KeyError> {
        let (amount, time, number) = (decimal(said.amount_minor), self.time(at), order_id(&said.reference));
        let mut params = vec![
            ("app_id", said.app_id.as_str()),
            ("charset", "utf-8"),
            ("gmt_payment", &time),
            ("notify_time", &time),
            ("notify_type", "trade_status_sync"),
            ("out_trade_no", &said.reference),
            ("seller_id", "2088000000000001"),
            ("total_amount", &amount),
            ("trade_no", &number),
            ("trade_status", &said.status),
            ("version", "1.0"),
        ];
        let text = canonical(params.iter().copied(), &[]);
        let key = if said.signed_well { &self.key } else { &self.wrong_key };
        let sign = key.sign(text.as_bytes())?;
        params.extend([("sign_type", "RSA2"), ("sign", &sign)]);
        Ok(Serializer::new(String::new()).extend_pairs(params).finish())
    }
}

/// The gateway's own number of an order, 28 digits: a hash, since references made one after the other differ in a
/// character or two and two orders must never share a number.
fn order_id(reference: &str) -> String {
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&blake3::hash(reference.as_bytes()).as_bytes()[..10]);
    let number = bytes.iter().fold(0u128, |number, byte| (number << 8) | u128::from(*byte));
    format!("2026{:024}", number % 10u128.pow(24))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::order_id;

    #[test]
    fn orders_with_like_references_have_numbers_of_their_own() {
        let references = (0..4_096).map(|n: u32| format!("po_01m1{n:04x}0g50008000000000000"));
        let numbers: BTreeSet<String> = references.map(|reference| order_id(&reference)).collect();
        assert_eq!(numbers.len(), 4_096);
        assert!(numbers.iter().all(|number| number.len() == 28), "as long as the real ones");
    }
}
