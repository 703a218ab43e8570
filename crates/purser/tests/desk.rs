//! What staff does with rails, float, calendar and two-person decisions, over HTTP (P4, P5, P12, P16, P21).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use purser_domain::policy::DEFAULT_PACK;
use serde_json::{Value, json};
use support::{
    http::{Answer, Client},
    world::{Place, Server, onboard, wait_until},
};

/// A server on sandbox books, with a key that may do everything.
struct Desk {
    server: Server,
    key: String,
}

impl Desk {
    fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        Self { server: Server::start(place), key }
    }

    fn client(&self) -> Client {
        self.server.client(&self.key)
    }

    /// A member of staff, signed in.
    fn staff(&self, login: &str, role: &str) -> Client {
        let password = "correct horse battery staple";
        let new = json!({ "login": login, "role": role, "password": password });
        self.client().post("/v1/staff", &format!("staff-{login}"), &new).ended(201);
        let session = json!({ "login": login, "password": password });
        let session = self.server.client("").post("/v1/staff/sessions", "unused", &session);
        self.server.client(session.ended(201).text("token"))
    }
}

fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

fn rail(client: &Client, name: &str) -> Value {
    let rails = client.get("/v1/rails").ended(200).body;
    rails["data"].as_array().unwrap().iter().find(|rail| rail["rail"] == name).unwrap().clone()
}

#[test]
fn float_is_topped_up_by_one_and_corrected_by_two_p12_p16() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        // P12: whoever keeps the money has a name.
        assert_eq!(rail(&wang, "sandbox")["custodian"], Value::Null);
        let named = json!({ "custodian": "某某银行 First Bank" });
        let name = |path: &str, key: &str, body: &Value| li.post(path, key, body);
        let custodian = "/v1/rails/sandbox/custodian";
        assert_eq!(code(name(custodian, "n1", &json!({ "custodian": " " })), 422), "custodian_invalid");
        assert_eq!(code(name("/v1/rails/no/custodian", "n2", &named), 404), "rail_unknown");
        name(custodian, "n3", &named).ended(200);
        assert_eq!(rail(&wang, "sandbox")["custodian"], "某某银行 First Bank");
        let path = "/v1/rails/sandbox/float-top-ups";
        let top_up = json!({ "amount_minor": 50_000, "reference": "bank 1" });
        let done = li.post(path, "t1", &top_up).ended(201);
        assert_eq!((done.int("float_minor"), &done.body["new"]), (50_000, &json!(true)));
        assert!(li.post(path, "t1", &top_up).ended(201).replayed);
        assert_eq!(li.post(path, "t2", &top_up).ended(201).body["new"], json!(false), "one payment");
        assert_eq!(code(li.post("/v1/rails/no/float-top-ups", "t3", &top_up), 422), "rail_unknown");
        let events = desk.client().get("/v1/events?limit=200").ended(200).body;
        let topped_up =
            events["data"].as_array().unwrap().iter().find(|one| one["kind"] == "float.topped_up");
        assert!(topped_up.unwrap().to_string().contains("First Bank"));
        let sandbox = rail(&wang, "sandbox");
        assert_eq!(sandbox["float_minor"], 50_000);
        assert_eq!(sandbox["available_minor"], 50_000);
        assert_eq!([&sandbox["healthy"], &sandbox["enabled"], &sandbox["marked_short"]], [true, true, false]);

        let correction = json!({ "rail": "sandbox", "amount_minor": -700, "reason": "bank charge" });
        let adjust = json!({ "float_adjustment": correction });
        let proposed = li.post("/v1/approvals", "a1", &adjust).ended(201);
        let decision = format!("/v1/approvals/{}/decision", proposed.text("id"));
        assert_eq!(rail(&li, "sandbox")["float_minor"], 50_000, "nothing yet");
        let yes = json!({ "approve": true });
        assert_eq!(code(li.post(&decision, "d1", &yes), 422), "approval_same_person");
        let risk = desk.staff("sun", "risk");
        assert_eq!(code(risk.post(&decision, "d2", &yes), 403), "scope_missing");
        assert_eq!(code(risk.post("/v1/approvals", "a2", &adjust), 403), "scope_missing");
        assert_eq!(code(desk.client().post("/v1/approvals", "a3", &adjust), 403), "staff_needed");
        assert_eq!(wang.post(&decision, "d3", &yes).ended(200).text("state"), "carried_out");
        assert_eq!(rail(&li, "sandbox")["float_minor"], 49_300);
        let both = json!({ "float_adjustment": correction, "policy": { "text": "" } });
        assert_eq!(code(li.post("/v1/approvals", "a4", &both), 400), "invalid_input");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn manual_transfers_and_policies_take_two_people_p4_p16() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let account = |kind: &str| json!({ "owner": "platform", "kind": kind });
        let transfer = json!({ "manual_transfer": {
            "debit": account("clients.clearing"), "credit": account("suspense"),
            "amount_minor": 1_234, "reason": "see case 7"
        }});
        let id = li.post("/v1/approvals", "m1", &transfer).ended(201).text("id").to_owned();
        let open = wang.get("/v1/approvals").ended(200).body;
        assert_eq!(open["data"][0]["data"]["reason"], "see case 7");
        assert!(open["data"][0]["proposed_by"].as_str().unwrap().starts_with("staff:stf_"));
        let decided = wang.post(&format!("/v1/approvals/{id}/decision"), "m2", &json!({ "approve": true }));
        assert!(decided.ended(200).body["outcome"]["transfer"].as_str().unwrap().starts_with("tr_"));
        let bound = json!({ "manual_transfer": {
            "debit": account("clients.clearing"), "credit": account("payouts.clearing"),
            "amount_minor": 1, "reason": "no"
        }});
        assert_eq!(code(li.post("/v1/approvals", "m3", &bound), 422), "account_not_manual");

        let unreadable = json!({ "policy": { "text": "[[entry]]\nkey = 1\n" } });
        assert_eq!(code(li.post("/v1/approvals", "p1", &unreadable), 422), "policy_unreadable");
        let unchanged = json!({ "policy": { "text": DEFAULT_PACK } });
        assert_eq!(code(li.post("/v1/approvals", "p2", &unchanged), 422), "policy_unchanged");
        let entry =
            "key = \"rail.sandbox.enabled\"\nrow = \"P4\"\neffective_from = \"2026-01-01\"\nvalue = false";
        let text = format!("{DEFAULT_PACK}\n[[entry]]\n{entry}\nsource = \"test\"\n");
        let stop = json!({ "policy": { "text": text } });
        let id = li.post("/v1/approvals", "p3", &stop).ended(201).text("id").to_owned();
        assert_eq!(rail(&li, "sandbox")["enabled"], true);
        let decided = wang.post(&format!("/v1/approvals/{id}/decision"), "p4", &json!({ "approve": true }));
        assert_eq!(decided.ended(200).body["outcome"]["version"], 2);
        // The next group of a writer reads the rules again.
        let noop = json!({ "amount_minor": 1, "reference": "a write" });
        li.post("/v1/rails/sandbox/float-top-ups", "p5", &noop).ended(201);
        assert_eq!(rail(&li, "sandbox")["enabled"], false, "the kill switch takes effect on commit");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn payouts_wait_while_their_rail_is_broken_p21() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let party = json!({ "external_id": "c1", "display_name": "C", "roles": ["creator"],
            "legal_form": "individual" });
        let party = client.post("/v1/parties", "w1", &party);
        let party = party.text("id").to_owned();
        onboard(&client, &party);
        let account = json!({ "kind": "sandbox", "number": "c1.ok" });
        client.post(&format!("/v1/parties/{party}/payout-accounts"), "w2", &account).ended(201);
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let order = json!({ "order_id": "o1", "creator_id": party, "task_type": "video", "title": "t",
            "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at });
        client.post("/v1/task-orders", "w3", &order);
        let top_up = json!({ "amount_minor": 1_000_000, "reference": "bank 1" });
        client.post("/v1/rails/sandbox/float-top-ups", "w4", &top_up).ended(201);
        assert_eq!(
            client.post("/v1/sandbox/faults", "f1", &json!({ "ppm": 0 })).ended(200).body,
            json!({ "ppm": 0 })
        );
        assert_eq!(
            code(client.post("/v1/sandbox/faults", "f2", &json!({ "ppm": 1_000_001 })), 422),
            "fault_rate_invalid"
        );
        let broken = json!({ "healthy": false });
        let path = "/v1/sandbox/rails/sandbox";
        assert_eq!(client.post(path, "b1", &broken).ended(200).body["healthy"], false);
        assert_eq!(rail(&client, "sandbox")["healthy"], false);
        assert_eq!(code(client.post("/v1/sandbox/rails/swift", "b2", &broken), 404), "rail_unknown");
        let request = json!({ "party_id": party, "amount_minor": 10_000 });
        let id = client.post("/v1/withdrawals", "w5", &request).text("id").to_owned();
        let state = |client: &Client| client.get(&format!("/v1/withdrawals/{id}")).text("state").to_owned();
        let advance = |key: &str| {
            client.post("/v1/sandbox/clock", key, &json!({ "advance_seconds": 3_600 })).ended(200);
        };
        advance("c1");
        // Long enough for the worker to have looked at it several times.
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(!["sending", "sent", "paid"].contains(&state(&client).as_str()), "{}", state(&client));
        client.post(path, "b3", &json!({ "healthy": true })).ended(200);
        advance("c2");
        wait_until("the payout goes out", 20, || {
            advance(&format!("c{}", std::process::id()));
            state(&client) == "paid"
        });
        desk.server.stop();
        place.run(&["sandbox", "rail", "sandbox", "--broken"]).ended(0);
        place.run(&["sandbox", "rail", "sandbox"]).ended(2);
        place.run(&["sandbox", "rail", "swift", "--healthy"]).ended(1);
        place.run(&["sandbox", "rail", "sandbox", "--healthy"]).ended(0);
        place.run(&["sandbox", "faults", "300000"]).ended(0);
        place.verify(true);
    }
}

#[test]
fn live_books_have_neither_dial_nor_broken_rails_p21() {
    let place = Place::folder();
    let key = place.key();
    let server = Server::start(&place);
    let client = server.client(&key);
    assert_eq!(code(client.post("/v1/sandbox/faults", "f", &json!({ "ppm": 1 })), 422), "not_sandbox");
    let broken = json!({ "healthy": false });
    assert_eq!(code(client.post("/v1/sandbox/rails/sandbox", "b", &broken), 422), "not_sandbox");
    server.stop();
}

#[test]
fn a_year_is_imported_over_http_p5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        assert_eq!(code(client.get("/v1/calendar/2027"), 404), "calendar_missing");
        let year = json!({ "source": "a \"notice\"", "off": ["2027-01-01..2027-01-03"], "make_up": [] });
        let done = client.post("/v1/calendar/2027", "y1", &year).ended(200).body;
        assert_eq!(done, json!({ "year": 2027, "replaced": false }));
        // The next group of a writer reads the rules again.
        client.post("/v1/sandbox/faults", "y2", &json!({ "ppm": 0 })).ended(200);
        assert_eq!(client.get("/v1/calendar/2027").ended(200).body["working_days"][0], 20);
        for (name, wrong, field) in [
            ("y3", json!({ "source": "n", "off": ["2028-01-01"] }), "/off"),
            ("y4", json!({ "source": "n", "off": [], "make_up": ["tomorrow"] }), "/make_up"),
        ] {
            let refused = client.post("/v1/calendar/2027", name, &wrong).ended(422);
            assert_eq!(refused.text("code"), "calendar_unreadable");
            assert_eq!(refused.body["errors"][0]["pointer"], field, "{}", refused.body);
        }
        desk.server.stop();
    }
}
