//! The cashier page, and what nobody should send about money in (P11).

use serde_json::{Value, json};

use super::payments::{Till, code, get, id, page};
use crate::support::world::{Place, wait_until};

#[test]
fn the_cashier_page_is_safe_and_speaks_both_languages_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let mut new = till.new_order(123_456);
        new["return_url"] = json!("https://shop.example/paid?a=1&b='2'");
        let order = till.post("/v1/payment-orders", &new).ended(201).body;
        let url = order["cashier_url"].as_str().unwrap().to_owned();
        let zh = get(&till, &url);
        assert!(
            zh.text.contains("lang=\"zh-CN\"") && zh.text.contains("¥1,234.56") && zh.text.contains("待支付")
        );
        assert!(zh.text.contains("a=1&amp;b=&#39;2&#39;"), "what others wrote is escaped");
        let en = get(&till, &format!("{url}?lang=en"));
        assert!(en.text.contains("lang=\"en\"") && en.text.contains("Waiting for payment"));
        for (name, part) in [
            ("content-security-policy", "default-src 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert!(
                zh.head.lines().any(|line| line.starts_with(name) && line.contains(part)),
                "{name}: {}",
                zh.head
            );
        }
        assert!(
            !zh.text.contains("<script>") && !zh.text.contains(" style=") && !zh.text.contains("onclick")
        );
        let back = get(&till, &format!("{url}?lang=en&charset=utf-8&trade_no=1&sign=x%2By"));
        assert_eq!(back.status, 200, "what a rail adds on the way back is not read");
        for file in ["cashier.css", "cashier.js"] {
            assert_eq!(get(&till, &format!("/cashier/assets/{file}")).status, 200);
        }
        // Nobody guesses a link, and a changed one is none.
        let forged = format!("{}0", &url[..url.len() - 1]);
        let forged = if forged == url { format!("{}1", &url[..url.len() - 1]) } else { forged };
        for link in [forged.as_str(), "/cashier/x", "/cashier/01h455vb4pex5vsknk084sn02q-00"] {
            assert_eq!(get(&till, link).status, 404, "{link}");
            assert_eq!(page(till.server.address, "POST", link, "action=pay").status, 404, "{link}");
        }
        for form in [
            "action=steal",
            "action=other&amount=1.234",
            "action=other&amount=-5",
            "action=pay&notice=x",
            "action=pay&amount_minor=1",
            "",
            "%%%",
            "action=other&amount=99999999999999999999",
        ] {
            let status = page(till.server.address, "POST", &url, form).status;
            assert!(matches!(status, 400 | 422), "{form}: {status}");
        }
        let long = format!("action=pay&amount={}", "1".repeat(10_000));
        assert_eq!(page(till.server.address, "POST", &url, &long).status, 400);
        assert_eq!(till.read(&order)["payments"], json!([]), "nothing was paid by any of it");
        till.end(&place);
    }
}

#[test]
fn bad_input_is_named_and_moves_nothing_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        for (field, value, pointer) in [
            ("purpose", json!("salary"), "/purpose"),
            ("method", json!("cash"), "/method"),
            ("amount_minor", json!(0), "/amount_minor"),
            ("amount_minor", json!(500.5), "/amount_minor"),
            ("currency", json!("yuan"), "/currency"),
            ("return_url", json!("javascript:alert(1)"), "/return_url"),
            ("party_id", json!("po_01h455vb4pex5vsknk084sn02q"), "/party_id"),
        ] {
            let mut new = till.new_order(50_000);
            new[field] = value;
            let answer = till.post("/v1/payment-orders", &new).ended(400);
            assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.body);
        }
        let mut new = till.new_order(50_000);
        new["method"] = json!("bank-transfer");
        assert_eq!(code(till.post("/v1/payment-orders", &new), 422), "payment_method_unavailable");
        new = till.new_order(10_000_000_001);
        assert_eq!(code(till.post("/v1/payment-orders", &new), 422), "payment_above_maximum");
        let creator = json!({ "external_id": "c", "display_name": "C", "roles": ["creator"], "legal_form": "individual" });
        let creator = till.post("/v1/parties", &creator).ended(200);
        new = till.new_order(50_000);
        new["party_id"] = json!(creator.text("id"));
        assert_eq!(code(till.post("/v1/payment-orders", &new), 422), "not_an_advertiser");
        new["party_id"] = json!("pty_01h455vb4pex5vsknk084sn02q");
        assert_eq!(code(till.post("/v1/payment-orders", &new), 404), "party_unknown");
        let order = till.made(50_000);
        assert_eq!(code(till.refund(&order, &json!({})), 422), "nothing_to_refund");
        till.click(&order, "action=pay");
        till.until(&order, "paid");
        assert_eq!(code(till.refund(&order, &json!({ "amount_minor": 50_001 })), 422), "refund_too_much");
        let key = till.key();
        let path = format!("/v1/payment-orders/{}/refund", id(&order));
        let body = json!({ "amount_minor": 10_000 });
        let first = till.client.post(&path, &key, &body).ended(201);
        let again = till.client.post(&path, &key, &body).ended(201);
        assert!(again.replayed && first.body == again.body, "one click, sent twice, is one refund");
        wait_until("it is back", 20, || till.cash() == 40_000);
        till.post(&format!("/v1/parties/{}/freeze", till.party), &json!({ "reason": "test" })).ended(200);
        assert_eq!(code(till.refund(&order, &json!({})), 422), "party_frozen");
        let list =
            till.client.get(&format!("/v1/payment-orders?party_id={}&limit=1", till.party)).ended(200).body;
        assert_eq!((list["data"].as_array().unwrap().len(), &list["next_cursor"]), (1, &Value::Null));
        assert_eq!(till.client.get("/v1/payment-orders?state=gone").status, 400);
        till.end(&place);
    }
}
