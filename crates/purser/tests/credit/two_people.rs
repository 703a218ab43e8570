//! What takes two people, from proposal to effect through the API (C8, C11, C18, P16).

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    shop::{Desk, limit, open_case, papers, sell, shop},
    world::Place,
};

/// Proposed by one, approved by the other.
fn approved(people: &(Client, Client), key: &str, proposal: &Value) {
    let id = people.0.post("/v1/approvals", &format!("{key}-p"), proposal).ended(201);
    let path = format!("/v1/approvals/{}/decision", id.text("id"));
    let yes = json!({ "approve": true });
    let same = people.0.post(&path, &format!("{key}-s"), &yes).ended(422);
    assert_eq!(same.text("code"), "approval_same_person");
    assert_eq!(people.1.post(&path, &format!("{key}-d"), &yes).ended(200).text("state"), "approved");
}

fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

/// C18: a case without papers, another shop's, and none at all are no evidence, neither when it is proposed nor when it is
/// carried out.
fn bad_papers(client: &Client, li: &Client, id: &str, (emergency, decision): (&Value, &Value)) {
    let (other, bare) = (shop(client, "s2", 1_000_000), open_case(client, id));
    // What the desk keeps for itself is no paper of the merchant's.
    let noted = open_case(client, id);
    let path = format!("/v1/cases/{noted}/attachments?name=note.pdf&internal=true");
    li.upload(&path, b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n").ended(201);
    let cases = [
        (json!(null), 400, "invalid_input"),
        (json!("the letter"), 400, "invalid_input"),
        (json!("case_01arz3ndektsv4rrffq69g5fav"), 422, "evidence_missing"),
        (json!(bare), 422, "evidence_missing"),
        (json!(noted), 422, "evidence_missing"),
        (json!(papers(client, &other)), 422, "evidence_missing"),
    ];
    for (n, (evidence, status, expected)) in cases.into_iter().enumerate() {
        let mut body = emergency.clone();
        body["evidence"] = evidence.clone();
        let body = json!({ "credit_emergency": body });
        let no = li.post("/v1/approvals", &format!("papers-p{n}"), &body).ended(status);
        assert_eq!(no.text("code"), expected, "{evidence}: {}", no.body);
        assert!(no.body["errors"][0]["pointer"].as_str().unwrap().ends_with("/evidence"), "{}", no.body);
        let mut body = decision.clone();
        body["evidence"] = evidence;
        let path = format!("/v1/parties/{id}/limit/decisions");
        let no = li.post(&path, &format!("papers-d{n}"), &body).ended(status);
        assert_eq!((no.text("code"), &no.body["errors"][0]["pointer"]), (expected, &json!("/evidence")));
    }
}

/// C18, C8: a temporary limit and a set one need a second person; the approval is of exactly what it says, once.
#[test]
fn limits_by_two_people_c8_c18() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let people = (desk.staff("li", "risk"), desk.staff("wang", "finance"));
        let (client, support) = (desk.client(), desk.staff("zhao", "support"));
        let id = shop(&client, "s1", 1_000_000);
        let path = format!("/v1/parties/{id}/limit/decisions");
        // The merchant asks with papers; a case without any, or another shop's, is no evidence.
        let case = papers(&client, &id);
        let emergency = |amount: i64| {
            json!({ "party_id": id, "from": "2026-03-02", "until": "2026-03-12", "amount_minor": amount,
            "evidence": case, "reason": "spring sale, papers in the case" })
        };
        let decision = |amount: i64| {
            json!({ "decision": "emergency", "from": "2026-03-02", "until": "2026-03-12",
            "amount_minor": amount, "evidence": case, "reason": "spring sale, papers in the case" })
        };
        bad_papers(&client, &people.0, &id, (&emergency(200_000), &decision(200_000)));
        assert_eq!(code(people.0.post(&path, "alone", &decision(200_000)), 422), "approval_required");
        let proposal = json!({ "credit_emergency": emergency(200_000) });
        assert_eq!(code(support.post("/v1/approvals", "zhao", &proposal), 403), "scope_missing");
        assert_eq!(code(client.post("/v1/approvals", "key", &proposal), 403), "staff_needed");
        approved(&people, "em", &proposal);
        assert_eq!(
            code(people.0.post(&path, "more", &decision(200_001)), 422),
            "approval_required",
            "of another amount"
        );
        let mut other = decision(200_000);
        other["reason"] = json!("a friend of the house");
        assert_eq!(code(people.0.post(&path, "why", &other), 422), "approval_required", "for another reason");
        let mut other = decision(200_000);
        other["evidence"] = json!(papers(&client, &id));
        let no = people.0.post(&path, "papers", &other);
        assert_eq!(code(no, 422), "approval_required", "on other papers");
        let done = people.0.post(&path, "done", &decision(200_000)).ended(200);
        assert_eq!(done.int("total_minor"), 1_200_000);
        let told = client.get(&format!("/v1/parties/{id}/messages?limit=50")).ended(200).body;
        let told = told["data"].as_array().unwrap().iter().find(|row| row["kind"] == "credit.emergency");
        assert_eq!(told.unwrap()["data"]["evidence"], case, "the merchant reads what it rests on");
        assert_eq!(
            code(people.0.post(&path, "twice", &decision(200_000)), 422),
            "approval_required",
            "used up"
        );
        // It ends by itself.
        desk.to("2026-03-12T00:10:00+08:00");
        crate::support::world::wait_until("the temporary limit ends", 30, || {
            limit(&client, &id)["total_minor"] == 1_000_000
        });

        let set = json!({ "credit_override": { "party_id": id, "from": "2026-03-12", "amount_minor": 777_700, "reason": "audit" } });
        approved(&people, "set", &set);
        let decision = json!({ "decision": "override", "from": "2026-03-12", "amount_minor": 777_700, "reason": "audit" });
        assert_eq!(people.1.post(&path, "set", &decision).ended(200).int("total_minor"), 777_700);
        let back = json!({ "decision": "override_end", "reason": "audit is over" });
        assert_eq!(people.1.post(&path, "back", &back).ended(200).int("total_minor"), 1_000_000);

        // What cannot be is said before anybody is asked to approve it.
        let nobody = desk
            .client()
            .post(
                "/v1/parties",
                "p2",
                &json!({ "external_id": "s9", "display_name": "s9",
            "roles": ["merchant"], "legal_form": "enterprise" }),
            )
            .ended(200)
            .text("id")
            .to_owned();
        for (n, (body, status, expected)) in [
            (json!({}), 400, "invalid_input"),
            (json!({ "credit_emergency": emergency(1), "credit_override": emergency(1) }), 400, "invalid_input"),
            (json!({ "credit_emergency": { "party_id": id, "from": "2026-03-12", "until": "2026-03-13", "amount_minor": 0, "evidence": case, "reason": "x" } }), 422, "amount_out_of_range"),
            (json!({ "credit_emergency": { "party_id": id, "from": "2026-03-02", "amount_minor": 1, "reason": "x" } }), 400, "invalid_input"),
            (json!({ "credit_override": { "party_id": id, "from": "2026-03-02", "until": "2026-03-03", "amount_minor": 1, "reason": "x" } }), 422, "dates_invalid"),
            (json!({ "credit_override": { "party_id": nobody, "from": "2026-03-12", "amount_minor": 1, "reason": "x" } }), 404, "credit_shop_unknown"),
            (json!({ "credit_override": { "party_id": "s1", "from": "2026-03-12", "amount_minor": 1, "reason": "x" } }), 400, "invalid_input"),
            (json!({ "credit_override": { "party_id": id, "from": "2026-03-12", "amount_minor": 1, "reason": " " } }), 422, "reason_missing"),
            (json!({ "credit_override": { "party_id": id, "from": "2026-03-12", "amount_minor": 1 } }), 400, "invalid_input"),
        ].into_iter().enumerate() {
            let answer = people.0.post("/v1/approvals", &format!("bad-{n}"), &body);
            assert_eq!((answer.status, answer.text("code")), (status, expected), "{body}: {}", answer.body);
        }
        desk.server.stop();
        place.verify(true);
    }
}

/// C11: a buyer's default is the platform's loss, written off by two people, which restores the limit; the shop owes
/// it only after a fraud decision.
#[test]
fn defaults_are_written_off_and_recourse_needs_a_fraud_decision_c11() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let people = (desk.staff("li", "risk"), desk.staff("wang", "finance"));
        let client = desk.client();
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 400_012, false);
        sell(&client, &id, "b", 300_012, false);
        let order = |name: &str| {
            client.get(&format!("/v1/credit-orders/external:{name}")).ended(200).body["order"]["id"].clone()
        };
        let loss = |name: &str, amount: i64| json!({ "order_id": order(name), "amount_minor": amount, "reason": "insolvent buyer" });
        let end = |key: &str, name: &str, kind: &str, amount: i64| {
            let body = json!({ "kind": kind, "amount_minor": amount, "reason": "insolvent buyer" });
            people.0.post(&format!("/v1/credit-orders/external:{name}/losses"), key, &body)
        };
        assert_eq!(code(end("alone", "a", "write_off", 400_012), 422), "approval_required");
        approved(&people, "off", &json!({ "credit_write_off": loss("a", 400_012) }));
        assert_eq!(end("off", "a", "write_off", 400_012).ended(200).int("lost_minor"), 400_012);
        let view = limit(&client, &id);
        assert_eq!(
            [&view["used_minor"], &view["available_minor"], &view["proceeds_minor"]],
            [300_012, 699_988, 700_024]
        );

        // Recourse: first the fraud decision.
        let proposal = json!({ "credit_recourse": loss("b", 300_012) });
        assert_eq!(code(people.0.post("/v1/approvals", "early", &proposal), 422), "fraud_undecided");
        assert_eq!(code(end("too-early", "b", "recourse", 300_012), 422), "fraud_undecided");
        let path = "/v1/credit-orders/external:b/risk-reviews";
        assert_eq!(code(client.post(path, "key", &json!({ "reason": "x" })), 403), "staff_needed");
        assert_eq!(code(people.0.post(path, "mute", &json!({ "reason": " " })), 422), "reason_missing");
        let review = people
            .0
            .post(path, "open", &json!({ "reason": "the buyer is the merchant's brother" }))
            .ended(201);
        assert_eq!(code(people.0.post(path, "again", &json!({ "reason": "x" })), 422), "review_open");
        let decide = format!("/v1/risk-reviews/{}/decision", review.text("id"));
        let body = json!({ "decision": "confirm", "note": "no goods ever left" });
        people.0.post(&decide, "confirm", &body).ended(200);
        approved(&people, "re", &proposal);
        assert_eq!(code(end("more", "b", "recourse", 300_011), 422), "approval_required");
        end("re", "b", "recourse", 300_012).ended(200);
        let view = limit(&client, &id);
        assert_eq!(
            [&view["used_minor"], &view["liability_minor"], &view["proceeds_minor"]],
            [0, 300_012, 700_024]
        );

        // More than is open, no reason, no such order.
        for (n, (body, status, expected)) in [
            (json!({ "credit_write_off": loss("b", 1) }), 422, "more_than_open"),
            (json!({ "credit_write_off": { "order_id": order("b"), "amount_minor": 1, "reason": "" } }), 422, "reason_missing"),
            (json!({ "credit_write_off": { "order_id": "external:ghost", "amount_minor": 1, "reason": "x" } }), 404, "order_unknown"),
            (json!({ "credit_write_off": { "order_id": "ghost", "amount_minor": 1, "reason": "x" } }), 400, "invalid_input"),
        ].into_iter().enumerate() {
            let answer = people.0.post("/v1/approvals", &format!("bad-{n}"), &body);
            assert_eq!((answer.status, answer.text("code")), (status, expected), "{body}: {}", answer.body);
        }
        desk.server.stop();
        place.verify(true);
    }
}
