//! Which messages are believed.

use form_urlencoded::Serializer;
use purser_domain::withdrawals::{FailureClass, RailOutcome};
use purser_engine::ports::{NoticeReader as _, RailNotice};
use purser_rails::alipay::{
    Notices,
    keys::{SigningKey, canonical},
};
use serde_json::json;

use crate::stand_in::APP;

const REFERENCE: &str = "wd_01h455vb4pex5vsknk084sn02q-01";

struct Sender {
    key: SigningKey,
    notices: Notices,
}

impl Sender {
    fn new() -> Self {
        let key = SigningKey::generate().unwrap();
        let notices = Notices { app_id: APP.to_owned(), gateway_key: key.public().unwrap() };
        Self { key, notices }
    }

    /// A form with these parameters, signed without the names in `without`.
    fn form(&self, params: &[(&str, &str)], without: &[&str]) -> String {
        let sign = self.key.sign(canonical(params.iter().copied(), without).as_bytes()).unwrap();
        Serializer::new(String::new()).extend_pairs(params).append_pair("sign", &sign).finish()
    }

    fn read(&self, form: &str) -> Result<Option<RailNotice>, &'static str> {
        self.notices.read(form.as_bytes()).map_err(|refused| refused.code)
    }
}

fn content(status: &str, error_code: &str) -> String {
    json!({ "out_biz_no": REFERENCE, "status": status, "trans_amount": "9500.00", "error_code": error_code,
        "order_id": "2026", "pay_date": "2026-03-02 10:00:00" })
    .to_string()
}

fn params<'a>(app_id: &'a str, method: &'a str, content: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("app_id", app_id),
        ("biz_content", content),
        ("charset", "UTF-8"),
        ("msg_method", method),
        ("notify_id", "n1"),
        ("sign_type", "RSA2"),
        ("utc_timestamp", "1772413200000"),
        ("version", "1.1"),
    ]
}

const CHANGED: &str = "alipay.fund.trans.order.changed";

#[test]
fn a_signed_notice_is_read_p10() {
    let sender = Sender::new();
    for without in [&["sign", "sign_type"][..], &["sign"]] {
        let text = content("SUCCESS", "");
        let read = sender.read(&sender.form(&params(APP, CHANGED, &text), without)).unwrap().unwrap();
        let outcome = RailOutcome::Paid { rail_fee_minor: 0 };
        assert_eq!(read, RailNotice { reference: REFERENCE.to_owned(), amount_minor: 950_000, outcome });
    }
    let text = content("REFUND", "");
    let read = sender.read(&sender.form(&params(APP, CHANGED, &text), &["sign_type"])).unwrap().unwrap();
    let outcome = RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: "REFUND".to_owned() };
    assert_eq!(read.outcome, outcome);
    let text = "{}";
    let other = sender.form(&params(APP, "alipay.open.app.members.changed", text), &["sign_type"]);
    assert_eq!(sender.read(&other), Ok(None), "acknowledged, and nothing else");
}

#[test]
fn what_is_not_the_gateways_is_not_believed_p10() {
    let (sender, stranger) = (Sender::new(), Sender::new());
    let text = content("SUCCESS", "");
    let good = sender.form(&params(APP, CHANGED, &text), &["sign_type"]);
    let refused = |form: &str| sender.read(form).unwrap_err();
    assert_eq!(refused(&stranger.form(&params(APP, CHANGED, &text), &["sign_type"])), "notice_signature");
    assert_eq!(refused(&good.replace("9500.00", "9500.01")), "notice_signature");
    assert_eq!(refused(&good.replace("SUCCESS", "REFUND")), "notice_signature");
    assert_eq!(refused(good.rsplit_once("&sign=").unwrap().0), "notice_signature");
    let other_app = sender.form(&params("2021000000000002", CHANGED, &text), &["sign_type"]);
    assert_eq!(refused(&other_app), "notice_other_app");
    assert_eq!(refused(&format!("{good}&app_id={APP}")), "notice_unreadable", "which one was signed?");
    let many = (0..100).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(refused(&format!("{good}&{many}")), "notice_unreadable");
    for junk in ["", "x", "{}", "%ff%fe=%00", "sign=&app_id="] {
        assert_eq!(refused(junk), "notice_signature", "{junk}");
    }
    for content in ["", "[]", "{}", r#"{"out_biz_no":"x","status":"SUCCESS","trans_amount":"1e3"}"#] {
        let form = sender.form(&params(APP, CHANGED, content), &["sign_type"]);
        assert_eq!(refused(&form), "notice_unreadable", "{content}");
    }
}
