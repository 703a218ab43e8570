//! Verification, voiding, shared identities (P7, X6, X7), people (P6).

use serde_json::json;

use super::{Desk, code, earn, fresh, party, post, sandbox_account, two_people, verify};
use crate::support::world::Place;

const ID: &str = "11010519491231002X";

/// P7, X6, X7, P16: refused, tried again, verified, never edited, shared, and voided by two people.
#[test]
fn an_identity_is_verified_once_shared_and_voided_by_two_p7_x6_x7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let (ann, bob) = (party(&client, "ann", "individual"), party(&client, "bob", "individual"));
        let claim = |name: &str, number: &str| {
            let body = json!({ "kind": "person", "name": name, "number": number });
            post(&client, &format!("/v1/parties/{ann}/identity"), &body)
        };
        for (name, number, expected, field) in [
            ("张", ID, "name_invalid", "/name"),
            ("张三", "11010519491231002", "id_number_shape", "/number"),
            ("张三", "110101203001010019", "id_number_birth_date", "/number"),
            ("张三", "110105194912310021", "id_number_check", "/number"),
        ] {
            let refused = claim(name, number);
            assert_eq!(
                (code(&refused, 422), &refused.body["errors"][0]["pointer"]),
                (expected.to_owned(), &json!(field))
            );
        }
        let company = json!({ "kind": "enterprise", "name": "某某公司", "number": "91110000600037341L" });
        assert_eq!(
            code(&post(&client, &format!("/v1/parties/{ann}/identity"), &company), 422),
            "identity_kind"
        );
        let refused = verify(&client, &ann, "person", "张不符", ID);
        assert_eq!((refused.text("state"), refused.text("reason")), ("refused", "name_number_mismatch"));
        // A middle dot of another kind and a full-width number are the same person.
        let known =
            verify(&client, &ann, "person", "阿卜杜勒•热合曼", "１１０１０５１９４９１２３１００２ｘ");
        assert_eq!((known.text("state"), known.text("name")), ("verified", "阿****"));
        assert_eq!(code(&claim("张三", ID), 422), "identity_verified");
        verify(&client, &bob, "person", "阿卜杜勒·热合曼", ID);
        let shared = client.get(&format!("/v1/parties/{bob}/identity/shared")).ended(200).body;
        let mut parties: Vec<&str> =
            shared["data"].as_array().unwrap().iter().map(|i| i["party_id"].as_str().unwrap()).collect();
        parties.sort_unstable();
        let mut both = [ann.as_str(), bob.as_str()];
        both.sort_unstable();
        assert_eq!(parties, both);

        // The verification was wrong: payouts stop, payout accounts are gone, it begins anew.
        crate::support::world::onboard(&client, &ann);
        sandbox_account(&client, &ann, "ann.ok");
        earn(&client, &ann);
        let (one, two) = (desk.staff("li", "support"), desk.staff("wang", "admin"));
        let void = json!({ "void_identity": { "party_id": ann, "reason": "papers of somebody else" } });
        let done = two_people(&one, &two, &void);
        assert_eq!(done.body["outcome"]["payout_accounts_unbound"], 1);
        assert_eq!(client.get(&format!("/v1/parties/{ann}/identity")).text("state"), "voided");
        let refused = post(&client, "/v1/withdrawals", &json!({ "party_id": ann, "amount_minor": 100 }));
        assert_eq!(code(&refused, 422), "first_steps_missing");
        assert_eq!(refused.body["facts"]["missing"], "verify_real_name bind_payout_account");
        assert_eq!(code(&post(&one, "/v1/approvals", &void), 422), "identity_not_verified");
        verify(&client, &ann, "person", "李四", "360426199101010071");
        sandbox_account(&client, &ann, "ann-new.ok");
        desk.server.stop();
        place.verify(true);
    }
}

/// P7: an unclear answer stays pending, a failing verifier is asked again, and staff vouch for an early code.
#[test]
fn a_verifier_that_takes_long_or_fails_is_asked_again_p7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        for (name, told) in [("slow", "李待查"), ("broken", "王故障")] {
            let id = party(&client, name, "individual");
            let path = format!("/v1/parties/{id}/identity");
            let body = json!({ "kind": "person", "name": told, "number": ID });
            post(&client, &path, &body).ended(202);
            let jobs = || client.get("/v1/jobs?limit=200").ended(200).body;
            crate::support::world::wait_until("the verifier was asked", 20, || {
                let jobs = jobs();
                let job = jobs["data"].as_array().unwrap().iter().find(|job| job["subject"] == id).cloned();
                job.is_some_and(|job| !job["last_run_at"].is_null())
            });
            assert_eq!(client.get(&path).text("state"), "pending");
            assert_eq!(code(&post(&client, &path, &body), 422), "identity_pending");
        }
        let firm = party(&client, "firm", "enterprise");
        let path = format!("/v1/parties/{firm}/identity");
        let early = json!({ "kind": "enterprise", "name": "某某公司", "number": "91350211M0000XUF46", "vouch": true });
        assert_eq!(code(&post(&client, &path, &early), 403), "staff_needed");
        let plain = json!({ "kind": "enterprise", "name": "某某公司", "number": "91350211M0000XUF46" });
        assert_eq!(code(&post(&client, &path, &plain), 422), "uscc_check");
        let staff = desk.staff("li", "support");
        let vouched = post(&staff, &path, &early).ended(202);
        assert_eq!(vouched.text("number"), "9135**********UF46");
        let audit = client.get("/v1/audit?limit=200").ended(200).body.to_string();
        assert!(audit.contains("vouched_by") && !audit.contains("91350211M0000XUF46"));
        desk.server.stop();
        place.verify(true);
    }
}

/// P6: several people act for a party, each with a role; a withdrawal says who asked.
#[test]
fn several_people_act_for_a_party_p6() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let (ann, bob) = (party(&client, "ann", "individual"), party(&client, "bob", "individual"));
        let path = format!("/v1/parties/{ann}/people");
        let add = |name: &str, role: &str, phone: Option<&str>| {
            post(&client, &path, &json!({ "name": name, "role": role, "phone": phone }))
        };
        assert_eq!(code(&add("张3", "view", None), 422), "name_invalid");
        assert_eq!(code(&add("张三", "boss", None), 400), "invalid_input");
        assert_eq!(code(&add("张三", "view", Some("12")), 422), "phone_invalid");
        let viewer = add("张三", "view", Some("13800138000")).ended(201);
        assert_eq!((viewer.text("name"), viewer.text("phone")), ("张*", "138****8000"));
        let asker = add("李四", "request", None).ended(201);
        crate::support::world::onboard(&client, &ann);
        sandbox_account(&client, &ann, "ann.ok");
        earn(&client, &ann);
        let trusted = desk.server.client(&desk.trusted);
        let ask = |party: &str, person: &str| {
            post(
                &trusted,
                "/v1/withdrawals",
                &json!({ "party_id": party, "amount_minor": 100, "person_id": person }),
            )
        };
        assert_eq!(code(&ask(&ann, viewer.text("id")), 422), "person_may_not_request");
        assert_eq!(code(&ask(&bob, asker.text("id")), 422), "person_unknown", "somebody else's");
        let made = ask(&ann, asker.text("id")).ended(201);
        let audit = client.get("/v1/audit?limit=200").ended(200).body;
        let entry =
            audit["data"].as_array().unwrap().iter().find(|e| e["subject"] == made.body["id"]).cloned();
        assert_eq!(entry.unwrap()["data"]["person"], asker.body["id"]);
        let one = format!("{path}/{}", viewer.text("id"));
        let changed = client
            .call("PATCH", &one, Some(&fresh()), Some(&json!({ "role": "approve", "phone": "" })))
            .unwrap();
        assert_eq!(
            (changed.ended(200).body["phone"].clone(), client.get(&path).body["data"][0]["role"].clone()),
            (json!(null), json!("approve"))
        );
        let removed = |path: &str| client.call("DELETE", path, Some(&fresh()), None).unwrap();
        removed(&one).ended(200);
        assert_eq!(code(&removed(&one), 404), "person_unknown");
        let theirs = format!("/v1/parties/{bob}/people/{}", asker.text("id"));
        assert_eq!(code(&removed(&theirs), 404), "person_unknown");
        assert_eq!(client.get(&path).body["data"].as_array().unwrap().len(), 1);
        desk.server.stop();
        place.verify(true);
    }
}

/// P6: staff write notes and flags of risk about a party; they stay until somebody clears them, and a key writes none.
#[test]
fn notes_and_flags_of_a_party_are_written_by_people_and_stay_p6() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let staff = desk.staff("li", "risk");
        let ann = party(&client, "ann", "individual");
        let path = format!("/v1/parties/{ann}/notes");
        let flag = json!({ "kind": "flag", "text": "shares a phone with c9" });
        assert_eq!(code(&post(&client, &path, &flag), 403), "staff_needed");
        for (body, status, expected) in [
            (json!({ "kind": "rumour", "text": "x" }), 400, "invalid_input"),
            (json!({ "kind": "note", "text": "" }), 422, "party_note_invalid"),
            (json!({ "kind": "note", "text": "x".repeat(501) }), 422, "party_note_invalid"),
        ] {
            assert_eq!(code(&post(&staff, &path, &body), status), expected);
        }
        let nobody = "/v1/parties/pty_01h455vb4pex5vsknk084sn02q/notes";
        assert_eq!(code(&post(&staff, nobody, &flag), 404), "party_unknown");
        let flagged = post(&staff, &path, &flag).ended(201);
        let note = json!({ "kind": "note", "text": "called back on Monday" });
        let noted = post(&staff, &path, &note).ended(201);
        assert!(noted.text("written_by").starts_with("stf_"));
        let party_path = format!("/v1/parties/{ann}");
        let flags = || client.get(&party_path).ended(200).body["risk_flags"].clone();
        assert_eq!(flags(), json!([flagged.body]), "whoever reads the party sees what stands");

        let clear = format!("{path}/{}/clear", flagged.text("id"));
        let reason = json!({ "reason": "their mother's phone" });
        let unknown = format!("{path}/{}/clear", "pn_01h455vb4pex5vsknk084sn02q");
        assert_eq!(code(&post(&staff, &unknown, &reason), 404), "party_note_unknown");
        let cleared = post(&staff, &clear, &reason).ended(200);
        assert_eq!((cleared.text("reason"), cleared.int("version")), ("their mother's phone", 2));
        assert_eq!(code(&post(&staff, &clear, &reason), 422), "party_note_cleared");
        assert_eq!(flags(), json!([]));
        let list = |query: &str| client.get(&format!("{path}{query}")).ended(200).body;
        assert_eq!(list("")["data"], json!([noted.body, cleared.body]), "newest first, nothing is lost");
        assert_eq!(list("?kind=flag")["data"], json!([cleared.body]));
        let first = list("?limit=1");
        let next = format!("?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
        assert_eq!(
            (&first["data"][0]["id"], &list(&next)["data"][0]["id"]),
            (&noted.body["id"], &cleared.body["id"])
        );
        let audit = client.get("/v1/audit?limit=200").ended(200).body.to_string();
        assert!(audit.contains("party.clear_note") && !audit.contains("mother"));
        desk.server.stop();
        place.verify(true);
    }
}
