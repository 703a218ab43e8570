//! Payout accounts (P9, X8): whose they are, their codes, their cooling-off.

use serde_json::{Value, json};

use super::{Desk, advance, bind_phone, code, earn, get_code, party, post, verify};
use crate::support::world::Place;

const ID: &str = "11010519491231002X";
const CARD: &str = "6222020200112230004";

/// P9, X8: only accounts of the verified person, confirmed by a code for exactly this number; credit cards never.
#[test]
fn a_payout_account_is_the_verified_persons_own_p9_x8() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        let path = format!("/v1/parties/{id}/payout-accounts");
        let bind = |change: &dyn Fn(&mut Value)| {
            let mut body = json!({ "kind": "personal_card", "number": CARD, "holder": "张三" });
            change(&mut body);
            post(&client, &path, &body)
        };
        bind_phone(&client, &id, "13800138000");
        assert_eq!(code(&bind(&|_| ()), 422), "identity_missing");
        verify(&client, &id, "person", "张三", ID);
        assert_eq!(code(&bind(&|b| b["kind"] = json!("wallet")), 422), "payout_account_kind");
        assert_eq!(code(&bind(&|b| b["number"] = json!("12")), 422), "payout_account_number");
        assert_eq!(code(&bind(&|b| b["number"] = json!("6225758888888888")), 422), "credit_card");
        assert_eq!(
            code(&bind(&|b| b["number"] = json!("6222020200112230000")), 422),
            "card_check_unconfirmed"
        );
        assert_eq!(code(&bind(&|b| b["holder"] = json!("张")), 422), "holder_invalid");
        assert_eq!(code(&bind(&|b| b["holder"] = json!("李四")), 422), "holder_mismatch");
        assert_eq!(code(&bind(&|_| ()), 422), "code_missing");
        // A code for another number does not do.
        let codes = format!("{path}/codes");
        let other = get_code(&client, &codes, &json!({ "kind": "alipay", "number": "13800138000" }));
        assert_eq!(code(&bind(&|b| b["code"] = json!(other)), 422), "code_for_another");
        let digits = get_code(
            &client,
            &codes,
            &json!({ "kind": "personal_card", "number": "6222 0202 0011 2230 004" }),
        );
        let bound = bind(&|b| b["code"] = json!(digits)).ended(201);
        assert_eq!((bound.text("masked"), bound.text("bank")), ("6222 **** **** 0004", "中国工商银行"));
        assert_eq!((&bound.body["is_default"], &bound.body["warnings"]), (&json!(true), &json!([])));
        assert_eq!(code(&bind(&|b| b["code"] = json!(digits)), 422), "payout_account_exists");
        assert_eq!(
            code(
                &bind(&|b| {
                    b["code"] = json!(digits);
                    b["number"] = json!("6212345678901232");
                }),
                422
            ),
            "code_used"
        );

        // A second one: its issuer is not known, so one looks again; money waits a day before it goes there.
        let digits =
            get_code(&client, &codes, &json!({ "kind": "personal_card", "number": "6212345678901230" }));
        let second = bind(&|b| {
            b["number"] = json!("6212345678901230");
            b["confirm_number"] = json!(true);
            b["code"] = json!(digits);
        });
        let second = second.ended(201);
        assert_eq!(second.body["warnings"], json!(["issuer_unknown", "check_confirmed"]));
        // Where money goes by itself is changed with a code of its own: for this account, and for this change.
        let change = |what: &str, code: &Value| {
            post(&client, &format!("{path}/{}/{what}", second.text("id")), &json!({ "code": code }))
        };
        let wanted = |what: &str| json!({ "payout_account": second.text("id"), "change": what });
        assert_eq!(code(&change("default", &Value::Null), 422), "code_missing");
        let digits = json!(get_code(&client, &codes, &wanted("unbind")));
        assert_eq!(code(&change("default", &digits), 422), "code_for_another");
        let digits = json!(get_code(&client, &codes, &wanted("default")));
        change("default", &digits).ended(200);
        assert_eq!(code(&change("unbind", &digits), 422), "code_used");
        for odd in
            [json!({}), json!({ "change": "default" }), json!({ "kind": "alipay", "change": "default" })]
        {
            assert_eq!(code(&post(&client, &codes, &odd), 400), "invalid_input");
        }
        let other = json!({ "payout_account": "pa_01h455vb4pex5vsknk084sn02q", "change": "unbind" });
        advance(&client, 60);
        assert_eq!(code(&post(&client, &codes, &other), 404), "payout_account_unknown");
        let listed = client.get(&path).ended(200).body;
        let defaults: Vec<&Value> =
            listed["data"].as_array().unwrap().iter().filter(|a| a["is_default"] == true).collect();
        assert_eq!((defaults.len(), &defaults[0]["id"]), (1, &second.body["id"]));
        let digits = json!(get_code(&client, &codes, &wanted("unbind")));
        assert!(change("unbind", &digits).ended(200).body["unbound_at"].is_string());
        assert_eq!(code(&change("unbind", &digits), 404), "payout_account_unknown");
        assert_eq!(client.get(&path).ended(200).body["data"].as_array().unwrap().len(), 1);
        assert!(
            client.get("/v1/payout-account-kinds").ended(200).body["data"][1]["zh"]
                .as_str()
                .unwrap()
                .contains("支付宝")
        );
        desk.server.stop();
        place.verify(true);
        let holders = "payout accounts = verified holders";
        place.planted(&[
            (holders, "UPDATE payout_accounts SET is_default = 0"),
            (holders, "UPDATE payout_accounts SET number = '6222020200112230004'"),
            (holders, "DELETE FROM identities"),
        ]);
    }
}

/// P9, G7: a further account is cooled off for a day, the first is not; both are policy.
#[test]
fn a_changed_account_is_cooled_off_for_a_day_p9_g7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        bind_phone(&client, &id, "13800138000");
        verify(&client, &id, "person", "张三", ID);
        super::sandbox_account(&client, &id, "c1.ok");
        let second = super::sandbox_account(&client, &id, "c1-b.ok");
        earn(&client, &id);
        let ask = |to: &str| {
            let wanted = json!({ "party_id": id, "amount_minor": 100, "destination": to });
            let digits = get_code(&client, "/v1/withdrawals/codes", &wanted);
            let body = json!({ "party_id": id, "amount_minor": 100, "destination": to, "code": digits });
            post(&client, "/v1/withdrawals", &body)
        };
        let cooling = ask(&second);
        assert_eq!(code(&cooling, 422), "destination_cooling_off");
        assert!(cooling.body["facts"]["until"].is_string());
        advance(&client, 24 * 3_600);
        ask(&second).ended(201);
        desk.server.stop();
        place.verify(true);
    }
}

/// P9: an enterprise's own bank account, with its bank and a clearing code that holds.
#[test]
fn an_enterprise_binds_its_own_bank_account_p9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "firm", "enterprise");
        let path = format!("/v1/parties/{id}/payout-accounts");
        bind_phone(&client, &id, "13800138000");
        verify(&client, &id, "enterprise", "杭州某某（北京）公司", "91110000600037341L");
        let codes = format!("{path}/codes");
        let digits = get_code(&client, &codes, &json!({ "kind": "corporate", "number": "1234567890123" }));
        let bind = |change: &dyn Fn(&mut Value)| {
            let mut body = json!({ "kind": "corporate", "number": "1234567890123", "holder": "杭州某某(北京)公司",
                "bank": "中国工商银行", "cnaps": "102100099996", "code": digits });
            change(&mut body);
            post(&client, &path, &body)
        };
        assert_eq!(code(&bind(&|b| b["cnaps"] = json!("102100099997")), 422), "cnaps_invalid");
        assert_eq!(code(&bind(&|b| b["bank"] = Value::Null), 422), "bank_missing");
        assert_eq!(code(&bind(&|b| b["holder"] = json!("别的公司")), 422), "holder_mismatch");
        assert_eq!(bind(&|_| ()).ended(201).text("masked"), "**** 0123");
        desk.server.stop();
        place.verify(true);
    }
}
