//! The studio upgrade and what follows from it (X9, X10), to the fen.

use purser_domain::{
    policy::DEFAULT_PACK,
    time::{Date, SECOND, Timestamp, Zone},
};
use serde_json::{Value, json};

use super::{
    cases::{PDF, fresh},
    desk::{Desk, code},
    support::{
        http::{Answer, Client},
        world::{Place, wait_until},
    },
};

/// A unified social credit code with its right check character.
const CODE: &str = "91350100M000100Y43";
const DAY: i64 = 86_400;
/// 5,000,000.00: where a studio is needed.
const THRESHOLD: i64 = 500_000_000;
/// 499,999.00: the most of a day after the upgrade.
const CAP: i64 = 49_999_900;

/// A creator with so much earned, and a way to be paid.
fn earner(desk: &Desk, name: &str, amount_minor: i64) -> String {
    let client = desk.client();
    let party = desk.creator(name);
    // The licences of these tests name 安安 as their operator.
    let steps = json!({ "party_id": party, "name": "安安" });
    client.post("/v1/sandbox/onboardings", &fresh(), &steps).ended(200);
    let account = json!({ "kind": "sandbox", "number": format!("{name}.ok") });
    client.post(&format!("/v1/parties/{party}/payout-accounts"), &fresh(), &account).ended(201);
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": format!("order-{name}"), "creator_id": party, "task_type": "video",
        "title": "t", "amount_minor": amount_minor, "accepted_at": at, "status": "completed", "completed_at": at });
    client.post("/v1/task-orders", &fresh(), &order).ended(200);
    party
}

fn request(client: &Client, party: &str, amount_minor: i64) -> Answer {
    let body = json!({ "party_id": party, "amount_minor": amount_minor });
    client.post("/v1/withdrawals", &fresh(), &body)
}

fn cancel(client: &Client, id: &str) {
    client.post(&format!("/v1/withdrawals/{id}/cancel"), &fresh(), &Value::Null).ended(200);
}

fn studio(client: &Client, party: &str) -> Value {
    client.get(&format!("/v1/parties/{party}/studio")).ended(200).body
}

/// Nothing is sent while the rail is broken, so what was requested stays in flight.
fn hold_the_rail(client: &Client) {
    client.post("/v1/sandbox/rails/sandbox", &fresh(), &json!({ "healthy": false })).ended(200);
}

/// X9: the request that crosses 5,000,000.00 passes, the next is refused; cancelled money does not count; a civil
/// month ends counting after twelve.
#[test]
fn the_request_that_crosses_the_threshold_passes_and_the_next_is_refused_x9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        hold_the_rail(&client);
        let party = earner(&desk, "ann", 2_000_000_000);
        assert_eq!(studio(&client, &party)["rolling_minor"], 0);
        // One fen below: it is held for review, and in flight.
        let first = request(&client, &party, THRESHOLD - 1).ended(201);
        assert_eq!(first.text("state"), "in_review");
        let now = studio(&client, &party);
        assert_eq!([&now["rolling_minor"], &now["required"]], [&json!(THRESHOLD - 1), &json!(false)]);
        let crossing = request(&client, &party, 1_000).ended(201);
        let now = studio(&client, &party);
        assert_eq!([&now["rolling_minor"], &now["required"]], [&json!(THRESHOLD + 999), &json!(true)]);
        let refused = request(&client, &party, 1_000).ended(422);
        assert_eq!(
            (refused.text("code"), refused.body["facts"]["bound_minor"].as_i64()),
            ("studio_required", Some(THRESHOLD))
        );
        assert_eq!(refused.body["facts"]["next_step"], "upgrade_to_studio");
        let look = json!({ "party_id": party, "amount_minor": 1_000 });
        let look = client.post("/v1/withdrawals?dry_run=true", &fresh(), &look).ended(200).body;
        let failed: Vec<&Value> =
            look["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "failed").collect();
        assert_eq!(
            (failed.len(), &failed[0]["check"], &failed[0]["codes"]),
            (1, &json!(6), &json!(["studio_required"]))
        );

        // What is called off does not count, in whatever order.
        cancel(&client, crossing.text("id"));
        assert_eq!(studio(&client, &party)["rolling_minor"], THRESHOLD - 1);
        let crossing = request(&client, &party, 1).ended(422);
        assert_eq!(crossing.text("code"), "below_minimum");
        request(&client, &party, 10).ended(201);
        assert_eq!(code(request(&client, &party, 10), 422), "studio_required");

        // Eleven civil months later this month still counts; in the twelfth it does not. What is cancelled then is
        // given back to its own month.
        let zone = Zone::shanghai();
        let first_day = |months: usize| {
            let today = zone.date(client.get("/v1/clock").text("business_at").parse().unwrap());
            let next = |day: Date| day.last_of_month().tomorrow().unwrap();
            zone.start_of((0..months).fold(today, |day, _| next(day))).to_string()
        };
        let (eleven, twelve) = (first_day(11), first_day(12));
        let set = |to: &str| {
            client.post("/v1/sandbox/clock", &fresh(), &json!({ "to": to })).ended(200);
        };
        set(&eleven);
        assert_eq!(code(request(&client, &party, 10), 422), "studio_required");
        assert_eq!(studio(&client, &party)["rolling_minor"], THRESHOLD + 9);
        set(&twelve);
        request(&client, &party, 10).ended(201);
        assert_eq!(studio(&client, &party)["rolling_minor"], 10);
        cancel(&client, first.text("id"));
        let now = studio(&client, &party);
        assert_eq!([&now["rolling_minor"], &now["required"]], [&json!(10), &json!(false)]);
        desk.server.stop();
        place.verify(true);
    }
}

/// X9: the creator uploads the licence and follows it, staff decide, reasons are shown, nothing is charged; X10 is
/// told beforehand.
#[test]
fn staff_decide_an_application_with_its_licence_x9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (client, li) = (desk.client(), desk.staff("li", "support"));
        let party = earner(&desk, "ann", 1_000_000);
        let path = format!("/v1/parties/{party}/studio");
        let page = studio(&client, &party);
        assert_eq!([&page["upgraded"], &page["application"]], [&json!(false), &Value::Null]);
        assert_eq!([&page["daily_cap_minor"], &page["decision_days"], &page["fee_minor"]], [CAP, 3, 0]);
        assert!(page["changes"].to_string().contains("499999.00"), "{page}");

        let details = || {
            json!({ "name": "杭州安安文化工作室", "credit_code": CODE, "operator_name": "安安",
            "valid_until": "2035-12-31" })
        };
        let apply = |change: &dyn Fn(&mut Value)| {
            let mut body = details();
            change(&mut body);
            client.post(&path, &fresh(), &body)
        };
        assert_eq!(code(apply(&|body| body["name"] = json!("x")), 422), "studio_name_invalid");
        assert_eq!(
            code(apply(&|body| body["operator_name"] = json!("李四")), 422),
            "studio_operator_different"
        );
        assert_eq!(code(apply(&|body| body["credit_code"] = json!("911")), 422), "studio_code_invalid");
        assert_eq!(
            code(apply(&|body| body["valid_until"] = json!("2026-01-31")), 422),
            "studio_licence_expired"
        );
        assert_eq!(code(apply(&|body| body["valid_until"] = json!("soon")), 400), "invalid_input");
        assert_eq!(code(apply(&|body| body["code_vouched"] = json!(true)), 403), "staff_needed");
        let applied = apply(&|_| {}).ended(201);
        let case = applied.body["case"]["id"].as_str().unwrap().to_owned();
        assert_eq!(
            [&applied.body["case"]["state"], &applied.body["case"]["kind"]],
            ["waiting_for_party", "studio_upgrade"]
        );
        assert_eq!(code(apply(&|_| {}), 422), "studio_pending");
        let decide = |who: &Client, grant: bool, reason: &str| {
            who.post(&format!("{path}/decision"), &fresh(), &json!({ "grant": grant, "reason": reason }))
        };
        assert_eq!(code(decide(&client, true, "x"), 403), "staff_needed");
        assert_eq!(code(decide(&li, true, "Complete."), 422), "studio_licence_missing");
        let by_hand = json!({ "decision": "resolve", "reason": "x" });
        let by_hand = li.post(&format!("/v1/cases/{case}/decision"), &fresh(), &by_hand);
        assert_eq!(code(by_hand, 422), "case_decided_with_record");

        // With the licence the time of staff begins: three working days.
        let files = format!("/v1/parties/{party}/cases/{case}/attachments?name=licence.pdf");
        client.upload(&files, PDF).ended(201);
        let follow = studio(&client, &party)["application"]["case"].clone();
        assert_eq!(
            [&follow["state"], &follow["calendar_missing"]],
            [&json!("waiting_for_staff"), &json!(false)]
        );
        assert!(follow["due_at"].is_string());
        assert_eq!(code(decide(&li, false, ""), 422), "case_reason_invalid");
        decide(&li, false, "The name is cut off in the photograph.").ended(200);
        let follow = studio(&client, &party)["application"]["case"].clone();
        let shown = [&follow["state"], &follow["outcome_reason"]];
        assert_eq!(shown, ["refused", "The name is cut off in the photograph."]);
        assert_eq!(code(decide(&li, true, "x"), 422), "studio_not_pending");

        // Again, and granted.
        let again = apply(&|_| {}).ended(201).body["case"]["id"].as_str().unwrap().to_owned();
        let files = format!("/v1/parties/{party}/cases/{again}/attachments?name=licence.pdf");
        client.upload(&files, PDF).ended(201);
        let granted = decide(&li, true, "Welcome.").ended(200);
        assert!(granted.body["granted_at"].is_string() && granted.body["case"]["state"] == "resolved");
        let known = client.get(&format!("/v1/parties/{party}")).ended(200);
        assert_eq!(known.text("legal_form"), "studio");
        assert_eq!(studio(&client, &party)["upgraded"], true);
        assert_eq!(code(apply(&|_| {}), 422), "studio_already");
        let messages = client.get(&format!("/v1/parties/{party}/messages")).ended(200).body;
        assert!(
            messages["data"].as_array().unwrap().iter().any(|message| message["kind"] == "studio.granted")
        );
        let overview = client.get(&format!("/v1/parties/{party}/overview")).ended(200).body;
        assert_eq!(overview["withdrawable_minor"], 950_000, "the upgrade is free of charge");

        // Nobody else becomes one, and not by another door.
        let company = json!({ "external_id": "corp", "display_name": "Corp", "roles": ["creator"],
            "legal_form": "enterprise" });
        let corp = client.post("/v1/parties", &fresh(), &company).ended(200).text("id").to_owned();
        let refused = client.post(&format!("/v1/parties/{corp}/studio"), &fresh(), &details());
        assert_eq!(code(refused, 422), "studio_not_applicable");
        let bob = desk.creator("bob");
        let refused = client.post(&format!("/v1/parties/{bob}/studio"), &fresh(), &details());
        assert_eq!(code(refused, 422), "studio_unverified");
        let profile = |name: &str, form: &str| json!({ "external_id": name, "display_name": name, "roles": ["creator"], "legal_form": form });
        for (id, name, form) in [(&bob, "bob", "studio"), (&party, "ann", "individual")] {
            let change = client.patch(&format!("/v1/parties/{id}"), &profile(name, form));
            assert_eq!(code(change, 422), "legal_form_fixed");
        }
        let nobody = "/v1/parties/pty_01h455vb4pex5vsknk084sn02q/studio";
        assert_eq!(code(client.get(nobody), 404), "party_unknown");
        assert_eq!(code(client.post(nobody, &fresh(), &details()), 404), "party_unknown");
        desk.server.stop();
        place.verify(true);
    }
}

/// X9: neither as a new party, nor as a merchant's studio that becomes a creator's.
#[test]
fn nobody_comes_as_a_creators_studio_x9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let profile = |name: &str, roles: &[&str], form: &str| json!({ "external_id": name, "display_name": name, "roles": roles, "legal_form": form });
        let refused = client.post("/v1/parties", &fresh(), &profile("eve", &["creator"], "studio"));
        assert_eq!(code(refused, 422), "studio_unreviewed");
        let shop = profile("shop", &["merchant"], "studio");
        let shop = client.post("/v1/parties", &fresh(), &shop).ended(200).text("id").to_owned();
        let both = |form: &str| profile("shop", &["merchant", "creator"], form);
        assert_eq!(
            code(client.patch(&format!("/v1/parties/{shop}"), &both("studio")), 422),
            "studio_unreviewed"
        );
        client.patch(&format!("/v1/parties/{shop}"), &both("individual")).ended(200);
        desk.server.stop();
        place.verify(true);
    }
}

/// X10: 499,999.00 gross a civil day after the upgrade, given back to its own date; without it no daily limit.
#[test]
fn an_upgraded_creator_withdraws_499999_a_day_x10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        hold_the_rail(&client);
        let person = earner(&desk, "person", 200_000_000);
        request(&client, &person, CAP).ended(201);
        request(&client, &person, CAP).ended(201);

        let party = desk.studio("s1");
        let account = json!({ "kind": "sandbox", "number": "s1.ok" });
        client.post(&format!("/v1/parties/{party}/payout-accounts"), &fresh(), &account).ended(201);
        desk.earn(&party, 300_000_000);
        let refused = request(&client, &party, CAP + 1).ended(422);
        assert_eq!(
            (refused.text("code"), refused.body["facts"]["bound_minor"].as_i64()),
            ("daily_cap", Some(CAP))
        );
        let whole = request(&client, &party, CAP).ended(201);
        let refused = request(&client, &party, 10).ended(422);
        assert_eq!(
            (refused.text("code"), refused.body["facts"]["bound_minor"].as_i64()),
            ("daily_cap", Some(0))
        );
        assert!(refused.body["facts"]["until"].is_string(), "when it may be tried again");
        cancel(&client, whole.text("id"));
        let most = request(&client, &party, CAP - 10).ended(201);
        request(&client, &party, 10).ended(201);
        assert_eq!(code(request(&client, &party, 10), 422), "daily_cap");

        // Tomorrow counts anew, and what is cancelled then is given back to yesterday.
        desk.advance(DAY);
        request(&client, &party, CAP).ended(201);
        cancel(&client, most.text("id"));
        assert_eq!(code(request(&client, &party, 10), 422), "daily_cap");

        // What a rail sends back is given back to its date too.
        desk.advance(DAY);
        let account = json!({ "kind": "sandbox", "number": "s1.fail" });
        let account =
            client.post(&format!("/v1/parties/{party}/payout-accounts"), &fresh(), &account).ended(201);
        desk.advance(DAY);
        let body = json!({ "party_id": party, "amount_minor": CAP, "destination": account.text("id") });
        let failing = client.post("/v1/withdrawals", &fresh(), &body).ended(201);
        let top_up = json!({ "amount_minor": 500_000_000, "reference": "bank 1" });
        client.post("/v1/rails/sandbox/float-top-ups", &fresh(), &top_up).ended(201);
        assert_eq!(code(request(&client, &party, 10), 422), "daily_cap");
        client.post("/v1/sandbox/rails/sandbox", &fresh(), &json!({ "healthy": true })).ended(200);
        wait_until("the payout fails", 30, || {
            desk.advance(60);
            client.get(&format!("/v1/withdrawals/{}", failing.text("id"))).text("state") == "failed"
        });
        request(&client, &party, CAP).ended(201);
        desk.server.stop();
        place.verify(true);
    }
}

/// X9, P4: the threshold is policy, not code; a new one holds from its date on.
#[test]
fn the_threshold_is_policy_x9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let now: Timestamp = client.get("/v1/clock").text("business_at").parse().unwrap();
        let from = Zone::shanghai().date(now.plus(8 * DAY * SECOND));
        let entry = format!(
            "[[entry]]\nkey = \"studio.threshold\"\nrow = \"X9\"\neffective_from = \"{from}\"\nvalue = 100_000\n\
             source = \"test\"\n"
        );
        let text = format!("{DEFAULT_PACK}\n{entry}");
        let proposed = li.post("/v1/approvals", &fresh(), &json!({ "policy": { "text": text } })).ended(201);
        let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
        wang.post(&path, &fresh(), &json!({ "approve": true })).ended(200);
        let party = earner(&desk, "ann", 10_000_000);
        request(&client, &party, 99_999).ended(201);
        request(&client, &party, 10).ended(201);
        request(&client, &party, 10).ended(201);
        desk.advance(9 * DAY);
        assert_eq!(code(request(&client, &party, 10), 422), "studio_required");
        desk.server.stop();
        place.verify(true);
    }
}
