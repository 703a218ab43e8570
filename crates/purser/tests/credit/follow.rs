//! What the limit follows by itself: the bound phone (C22), frozen funds (C6), a high-risk flag (C7).

use serde_json::{Value, json};

use crate::support::{
    http::Client,
    shop::{Desk, limit, sell, shop, tell},
    world::{Place, wait_until},
};

/// The digits of the code that a request sends.
fn digits(client: &Client, party: &str, key: &str, wanted: &Value) -> String {
    let sent = client.post(&format!("/v1/parties/{party}/phone/codes"), key, wanted).ended(201);
    let code = sent.text("id").to_owned();
    let mut found = String::new();
    wait_until("the code is sent", 30, || {
        let outbox = client.get(&format!("/v1/sandbox/outbox?party_id={party}")).ended(200).body;
        let mail = outbox["data"].as_array().unwrap().iter().find(|mail| mail["id"] == code.as_str());
        mail.and_then(|mail| mail["code"].as_str()).unwrap_or_default().clone_into(&mut found);
        !found.is_empty()
    });
    found
}

/// Binds another phone, with the code of the old one.
fn bind(client: &Client, party: &str, phone: &str) {
    let new = digits(client, party, &format!("new-{phone}"), &json!({ "purpose": "bind", "phone": phone }));
    let old = digits(client, party, &format!("old-{phone}"), &json!({ "purpose": "unbind" }));
    let body = json!({ "phone": phone, "code": new, "old_code": old });
    client.post(&format!("/v1/parties/{party}/phone"), &format!("bind-{phone}"), &body).ended(200);
}

/// C22: a virtual operator's number caps the limit at that of level 1 as soon as it is bound, and no longer when
/// another one is; the steps say so.
#[test]
fn the_limit_follows_the_bound_phone_c22() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        bind(&client, &id, "17000000001");
        let view = limit(&client, &id);
        assert_eq!(view["total_minor"], 100_000, "the limit of level 1");
        let evaluation = &view["evaluation"];
        assert_eq!((&evaluation["cause"], &evaluation["before_minor"]), (&json!("phone"), &json!(1_000_000)));
        let steps = evaluation["steps"].as_array().unwrap();
        assert_eq!(steps.last().unwrap()["rule"], "virtual_operator");
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body.to_string();
        assert!(told.contains("credit.limit_changed"));
        desk.to("2026-03-02T12:00:00+08:00");
        bind(&client, &id, "13900000002");
        assert_eq!(limit(&client, &id)["total_minor"], 1_000_000);
        // A shop that becomes known after its phone.
        let party = json!({ "external_id": "s2", "display_name": "s2", "roles": ["merchant"], "legal_form": "enterprise" });
        let other = client.post("/v1/parties", "party-s2", &party).ended(200).text("id").to_owned();
        let steps = json!({ "party_id": other, "phone": "16500000003" });
        client.post("/v1/sandbox/onboardings", "onboard-s2", &steps).ended(200);
        let component =
            json!({ "source": "credit_evaluation", "amount_minor": 900_000, "since": "2023-01-01" });
        let report =
            json!({ "merchant_id": other, "opened_on": "2023-01-01", "level": 3, "components": [component] });
        assert_eq!(client.post("/v1/credit-shops", "s2", &report).ended(200).int("total_minor"), 100_000);
        // Unbinding does not lift the cap.
        let code = digits(&client, &other, "unbind", &json!({ "purpose": "unbind" }));
        client
            .post(&format!("/v1/parties/{other}/phone/unbind"), "unbound", &json!({ "code": code }))
            .ended(200);
        let again = json!({ "merchant_id": other, "level": 4 });
        assert_eq!(client.post("/v1/credit-shops", "s2-4", &again).ended(200).int("total_minor"), 100_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// C6: a frozen party's funds freeze the limit by as much, whatever the platform reports, until it is active again.
/// C7: a shop that is flagged has no limit until the flag is taken away.
#[test]
fn the_limit_follows_frozen_funds_and_flags_c6_c7() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 300_012, false);
        tell(&client, &id, "b", "authorised", Some(100_012)).ended(200);
        let frozen = json!({ "merchant_id": id, "frozen_minor": 50_000 });
        client.post("/v1/credit-shops", "frozen", &frozen).ended(200);
        let seen = |fields: [&str; 3]| {
            let view = limit(&client, &id);
            fields.map(|field| view[field].clone())
        };
        let fields = ["frozen_minor", "available_minor", "closed"];
        assert_eq!(seen(fields), [json!(50_000), json!(549_976), Value::Null], "reported");
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body;
        let told = told["data"].as_array().unwrap().iter().find(|told| told["kind"] == "credit.limit_frozen");
        let told = &told.unwrap()["data"];
        assert_eq!((&told["before_minor"], &told["frozen_minor"]), (&json!(0), &json!(50_000)));
        client
            .post(&format!("/v1/parties/{id}/freeze"), "freeze", &json!({ "reason": "court order" }))
            .ended(200);
        assert_eq!(seen(fields), [json!(350_012), json!(0), json!("party_frozen")], "and all proceeds");
        assert_eq!(tell(&client, &id, "c", "authorised", Some(1)).ended(422).text("code"), "credit_closed");
        // What was reserved before is advanced, and frozen with the rest (P6: income still posts).
        tell(&client, &id, "b", "shipped", None).ended(200);
        assert_eq!(seen(fields)[0], json!(450_024));
        client.post(&format!("/v1/parties/{id}/unfreeze"), "unfreeze", &json!({})).ended(200);
        assert_eq!(seen(fields), [json!(50_000), json!(549_976), Value::Null]);
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body.to_string();
        assert!(told.contains("credit.limit_frozen") && told.contains("credit.limit_unfrozen"));
        client.post("/v1/credit-shops", "free", &json!({ "merchant_id": id, "frozen_minor": 0 })).ended(200);
        assert_eq!(seen(fields)[0], json!(0));
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=200")).ended(200).body.to_string();
        assert_eq!(told.matches("\"credit.limit_unfrozen\"").count(), 2, "the party, then the funds");

        // Flagged: zero at once, and back as soon as the flag is gone.
        let flag = |key: &str, on: bool| {
            let told = json!({ "merchant_id": id, "high_risk": on });
            client.post("/v1/credit-shops", key, &told).ended(200).int("total_minor")
        };
        assert_eq!(flag("flag", true), 0);
        let steps = limit(&client, &id)["evaluation"]["steps"].clone();
        assert_eq!(steps.as_array().unwrap().last().unwrap()["rule"], "high_risk");
        assert_eq!(flag("unflag", false), 1_000_000);
        desk.server.stop();
        place.verify(true);
    }
}
