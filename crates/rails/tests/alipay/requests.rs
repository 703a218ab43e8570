//! What goes out, and what a later attempt may conclude.

use purser_domain::withdrawals::{FailureClass, RailOutcome};
use purser_engine::ports::{PayoutOrder, Rail as _, RunError};
use purser_rails::alipay::{Wording, keys::canonical};
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    stand_in::{APP, Next, StandIn, order},
};

fn paid(order: &PayoutOrder) -> Value {
    json!({ "code": "10000", "out_biz_no": order.reference, "status": "SUCCESS" })
}

/// What one order looks like to the gateway.
fn sent(order: &PayoutOrder, wording: Wording) -> Value {
    let (mut bench, stand_in) = (Bench::new(), StandIn::default());
    let (mut rail, public) = stand_in.rail(wording);
    stand_in.say(paid(order));
    rail.send(order, &mut bench.hands()).unwrap();
    let asked = stand_in.asked().remove(0);
    let pairs = asked.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    assert!(public.verifies(canonical(pairs, &["sign"]).as_bytes(), &asked["sign"]));
    for (name, value) in [("app_id", APP), ("charset", "utf-8"), ("format", "JSON"), ("sign_type", "RSA2")] {
        assert_eq!(asked[name], value);
    }
    assert!(
        asked["timestamp"].len() == 19 && asked["timestamp"].as_bytes()[10] == b' ',
        "{}",
        asked["timestamp"]
    );
    serde_json::from_str(&asked["biz_content"]).unwrap()
}

#[test]
fn an_account_is_paid_by_user_id_or_by_login_with_its_name_p10() {
    let content = sent(&order("alipay", "li@example.com"), Wording::default());
    assert_eq!(
        content,
        json!({
            "out_biz_no": "wd_01h455vb4pex5vsknk084sn02q-01", "trans_amount": "9500.00",
            "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER", "order_title": "提现",
            "payee_info": { "identity": "li@example.com", "identity_type": "ALIPAY_LOGON_ID", "name": "张三" },
            "remark": "提现 wd_01h455vb4pex5vsknk084sn02q-01",
        })
    );
    let types = ["2088000000000001", "20880000000000011", "2188000000000001", "13800138000"].map(|number| {
        sent(&order("alipay", number), Wording::default())["payee_info"]["identity_type"].clone()
    });
    assert_eq!(types, ["ALIPAY_USER_ID", "ALIPAY_LOGON_ID", "ALIPAY_LOGON_ID", "ALIPAY_LOGON_ID"]);
}

#[test]
fn cards_and_companies_name_their_bank_p10() {
    let mut card = order("personal_card", "6222021234567890123");
    card.payee.bank = "中国工商银行".to_owned();
    let content = sent(&card, Wording::default());
    assert_eq!(content["product_code"], "TRANS_BANKCARD_NO_PWD");
    let info = &content["payee_info"];
    assert_eq!(info["identity_type"], "BANKCARD_ACCOUNT");
    assert_eq!(info["bankcard_ext_info"], json!({ "account_type": "2", "inst_name": "中国工商银行" }));
    let mut company = card.clone();
    company.payee.kind = "corporate".to_owned();
    company.payee.cnaps = "102100099996".to_owned();
    let info = sent(&company, Wording::default())["payee_info"]["bankcard_ext_info"].clone();
    assert_eq!(
        info,
        json!({ "account_type": "1", "inst_name": "中国工商银行", "bank_code": "102100099996" })
    );
}

#[test]
fn amounts_are_written_to_the_fen_and_large_ones_have_a_remark_p10() {
    for (minor, text) in
        [(10, "0.10"), (1, "0.01"), (100, "1.00"), (5_000_000, "50000.00"), (10_000_000_000, "100000000.00")]
    {
        let content = sent(
            &PayoutOrder { amount_minor: minor, ..order("alipay", "li@example.com") },
            Wording::default(),
        );
        assert_eq!(content["trans_amount"], text);
        let remark = content["remark"].as_str().unwrap();
        assert!(!remark.is_empty() && remark.chars().count() <= 200);
    }
    let wording = Wording {
        title: "题".repeat(128),
        scene: "佣金报酬".to_owned(),
        scene_reports: vec![("岗位类型".to_owned(), "内容创作".to_owned())],
    };
    let content = sent(&order("alipay", "li@example.com"), wording);
    assert_eq!(content["remark"].as_str().unwrap().chars().count(), 161);
    assert_eq!(content["transfer_scene_name"], "佣金报酬");
    let report = json!([{ "info_type": "岗位类型", "info_content": "内容创作" }]);
    assert_eq!(content["transfer_scene_report_infos"], report);
}

#[test]
fn what_cannot_be_an_order_is_never_sent() {
    let (mut bench, stand_in) = (Bench::new(), StandIn::default());
    let (mut rail, _) = stand_in.rail(Wording::default());
    for wrong in
        [order("sandbox", "c1.ok"), PayoutOrder { amount_minor: 0, ..order("alipay", "li@example.com") }]
    {
        assert!(matches!(rail.send(&wrong, &mut bench.hands()), Err(RunError::Failed(_))));
    }
    stand_in.then(Next::Refuse);
    let order = order("alipay", "li@example.com");
    assert!(matches!(rail.send(&order, &mut bench.hands()), Err(RunError::Unreached(_))), "nothing was sent");
    stand_in.then(Next::Refuse);
    assert!(matches!(rail.query(&order, &mut bench.hands()), Err(RunError::Unreached(_))), "nor asked");
    stand_in.then(Next::Refuse);
    assert!(matches!(rail.probe(&mut bench.hands()), Err(RunError::Unreached(_))), "nobody is there");
    stand_in.say(json!({ "code": "40004", "sub_code": "ORDER_NOT_EXIST" }));
    assert_eq!(rail.probe(&mut bench.hands()), Ok(()), "somebody is");
    stand_in.then(Next::Silence);
    let said = rail.send(&order, &mut bench.hands());
    assert!(matches!(said, Err(RunError::Unanswered(_))), "perhaps sent: {said:?}");
    assert_eq!(stand_in.asked().len(), 5);
}

#[test]
fn a_later_attempt_is_failed_only_when_no_earlier_one_went_through_p10() {
    let refused = |code: &str, sub_code: &str| json!({ "code": code, "sub_code": sub_code });
    let failed = |class, code: &str| RailOutcome::DefiniteFailure { class, code: code.to_owned() };
    let state = |order: &PayoutOrder, code: &str| json!({ "code": "10000", "out_biz_no": order.reference, "status": "FAIL", "error_code": code });
    let short = |order: &PayoutOrder| state(order, "PAYER_BALANCE_NOT_ENOUGH");
    let unexplained = |order: &PayoutOrder| state(order, "");
    let first = order("alipay", "li@example.com");
    let again = PayoutOrder { again: true, ..first.clone() };
    let blocked = failed(FailureClass::PayeeBlocked, "USER_RISK_FREEZE");
    let bad_key = failed(FailureClass::PlatformConfig, "isv.invalid-signature");
    let cases: Vec<(&str, &PayoutOrder, Vec<Value>, RailOutcome)> = vec![
        ("a first one is", &first, vec![refused("40004", "USER_RISK_FREEZE")], blocked.clone()),
        ("a first one at the door is", &first, vec![refused("40002", "isv.invalid-signature")], bad_key),
        (
            "at the door nobody looks at the order",
            &again,
            vec![refused("40002", "isv.invalid-signature")],
            RailOutcome::Unknown,
        ),
        (
            "there is no earlier one",
            &again,
            vec![refused("40004", "USER_RISK_FREEZE"), refused("40004", "ORDER_NOT_EXIST")],
            blocked,
        ),
        (
            "the earlier one went through",
            &again,
            vec![refused("40004", "USER_RISK_FREEZE"), paid(&again)],
            RailOutcome::Paid { rail_fee_minor: 0 },
        ),
        (
            "nobody can say",
            &again,
            vec![refused("40004", "USER_RISK_FREEZE"), refused("20000", "isp.unknow-error")],
            RailOutcome::Unknown,
        ),
        (
            "nobody has time",
            &again,
            vec![refused("40004", "USER_RISK_FREEZE"), refused("40005", "")],
            RailOutcome::Unknown,
        ),
        (
            "funds are short",
            &first,
            vec![refused("40004", "PAYER_BALANCE_NOT_ENOUGH")],
            RailOutcome::PayerFundsShort,
        ),
        (
            "funds are short once more, and no order was made",
            &again,
            vec![refused("40004", "PAYER_BALANCE_NOT_ENOUGH"), refused("40004", "ORDER_NOT_EXIST")],
            RailOutcome::PayerFundsShort,
        ),
        (
            "funds were short when the order was made: this number says so for ever",
            &again,
            vec![refused("40004", "PAYER_BALANCE_NOT_ENOUGH"), short(&again)],
            RailOutcome::FailedForFunds { code: "PAYER_BALANCE_NOT_ENOUGH".to_owned() },
        ),
        (
            "the reply gives no reason: the query will",
            &first,
            vec![unexplained(&first)],
            RailOutcome::Unknown,
        ),
    ];
    let (mut bench, stand_in) = (Bench::new(), StandIn::default());
    let (mut rail, _) = stand_in.rail(Wording::default());
    for (name, order, answers, expected) in cases {
        let count = answers.len();
        for answer in answers {
            stand_in.say(answer);
        }
        assert_eq!(rail.send(order, &mut bench.hands()), Ok(expected), "{name}");
        assert_eq!(stand_in.asked().len(), count, "{name}");
    }
}

#[test]
fn the_rails_charge_is_read_from_the_query_p10() {
    let (mut bench, stand_in) = (Bench::new(), StandIn::default());
    let (mut rail, _) = stand_in.rail(Wording::default());
    let order = order("personal_card", "6222021234567890123");
    for (fee, minor) in [("0.50", 50), ("0.00", 0), ("-1.00", 0), ("one", 0)] {
        stand_in.say(json!({ "code": "10000", "out_biz_no": order.reference, "status": "SUCCESS",
            "trans_amount": "9500.00", "order_fee": fee }));
        assert_eq!(rail.query(&order, &mut bench.hands()), Ok(RailOutcome::Paid { rail_fee_minor: minor }));
    }
    let asked = stand_in.asked().remove(0);
    assert_eq!(asked["method"], "alipay.fund.trans.common.query");
    let content: Value = serde_json::from_str(&asked["biz_content"]).unwrap();
    assert_eq!(
        content,
        json!({ "product_code": "TRANS_BANKCARD_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
        "out_biz_no": order.reference })
    );
}
