//! Agencies and their creators (P6, X14).

use serde_json::{Value, json};

use super::desk::{Desk, code};
use crate::support::world::Place;

impl Desk {
    fn end(&self, creator: &str, membership: &Value, to: &str) -> Value {
        let id = membership["id"].as_str().unwrap();
        let path = format!("/v1/parties/{creator}/memberships/{id}");
        self.client.patch(&path, &json!({ "to": to })).ended(200).body
    }
}

/// X14: whom an order settles to is fixed at its acceptance, as known when it is reported.
#[test]
fn an_order_settles_to_whom_its_acceptance_says_x14() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let creator = desk.party("lin", "creator", "individual");
        let agency = desk.party("mcn", "agency", "enterprise");
        let t0 = desk.now();
        desk.advance(60);
        // Accepted while unsigned; signed later, even back-dated before the acceptance: stays the creator's.
        let own_at = desk.now();
        let own = desk.report("own", &creator, &own_at, "accepted");
        assert_eq!((&own["payee_id"], &own["payee_kind"]), (&json!(creator), &json!("independent")));
        let membership = desk.sign(&creator, &agency, &t0);
        assert_eq!(desk.sign(&creator, &agency, &t0), membership, "entering it twice is entering it once");
        let own = desk.report("own", &creator, &own_at, "completed");
        assert_eq!((&own["payee_id"], &own["net_minor"]), (&json!(creator), &json!(950_000)));
        // Accepted while signed, reported by then: settles to the agency whatever happens later, without a fee.
        desk.advance(60);
        let routed_at = desk.now();
        let routed = desk.report("routed", &creator, &routed_at, "accepted");
        assert_eq!((&routed["payee_id"], &routed["fee_ppm"]), (&json!(agency), &json!(0)));
        desk.end(&creator, &membership, &t0);
        let routed = desk.report("routed", &creator, &routed_at, "completed");
        assert_eq!((&routed["payee_id"], &routed["net_minor"]), (&json!(agency), &json!(1_000_000)));
        // Voided: what is reported from now on is the creator's again, whenever it was accepted.
        let late = desk.report("late", &creator, &routed_at, "completed");
        assert_eq!(late["payee_id"], json!(creator));
        // A membership that is entered later counts for what is reported later.
        desk.sign(&creator, &agency, &routed_at);
        let back = desk.report("back", &creator, &routed_at, "completed");
        assert_eq!(back["payee_id"], json!(agency));
        let before = desk.report("before", &creator, &own_at, "completed");
        assert_eq!(before["payee_id"], json!(creator), "accepted before it began");

        let mine = desk.overview(&creator);
        assert_eq!(mine["totals"]["task_minor"], 5_000_000);
        assert_eq!(mine["totals"]["routed_minor"], 2_000_000, "agency-routed ones are marked");
        assert_eq!(mine["withdrawable_minor"], 3 * 950_000);
        assert_eq!(desk.overview(&agency)["totals"]["settled_net_minor"], 2_000_000);

        // The creator sees the orders and whom to ask; the agency sees its own.
        let orders = desk.client.get(&format!("/v1/parties/{creator}/task-orders")).ended(200).body;
        assert_eq!(orders["data"].as_array().unwrap().len(), 5);
        let whom = desk.client.get(&format!("/v1/parties/{creator}/memberships")).ended(200).body;
        assert_eq!(
            whom["now"],
            json!({ "agency_id": agency, "name": "mcn 名", "contact": "business desk 8888" })
        );
        let path = format!("/v1/agencies/{agency}/task-orders");
        let routed = desk.client.get(&path).ended(200).body;
        let ids: Vec<&str> =
            routed["data"].as_array().unwrap().iter().map(|o| o["order_id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 2);
        assert!(ids.contains(&"routed") && ids.contains(&"back"), "{ids:?}");
        let page = desk.client.get(&format!("{path}?limit=1")).ended(200).body;
        let next = page["next_cursor"].as_str().unwrap();
        let rest = desk.client.get(&format!("{path}?limit=1&cursor={next}")).ended(200).body;
        assert_ne!(page["data"][0]["order_id"], rest["data"][0]["order_id"]);
        let past = desk.client.get(&format!("{path}?month=2019-09")).ended(200).body;
        assert_eq!(past["data"], json!([]));
        desk.server.stop();
        place.verify(true);
    }
}

/// X14, G (check 4): agency money is not the creator's to withdraw; own money that was earned before is.
#[test]
fn agency_money_is_asked_for_at_the_agency_x14_g4() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let agency = desk.party("mcn", "agency", "enterprise");
        let creators = ["rich", "poor"].map(|name| desk.party(name, "creator", "individual"));
        let company = desk.party("firm", "creator", "enterprise");
        let at = desk.now();
        for creator in creators.iter().chain([&company]) {
            desk.post("/v1/sandbox/onboardings", &json!({ "party_id": creator })).ended(200);
            let path = format!("/v1/parties/{creator}/payout-accounts");
            desk.post(&path, &json!({ "kind": "sandbox", "number": "x.ok" })).ended(201);
        }
        let [rich, poor] = creators;
        desk.report("first", &rich, &at, "completed");
        desk.report("firm", &company, &at, "completed");
        desk.advance(1);
        for creator in [&rich, &poor, &company] {
            desk.sign(creator, &agency, &desk.now());
        }
        desk.advance(1);
        desk.report("second", &rich, &desk.now(), "completed");
        desk.report("third", &poor, &desk.now(), "completed");
        // Nothing own: the agency's contact. Own money from before: as much as there is.
        let refused = desk.withdraw(&poor, 10_000).ended(422);
        assert_eq!(refused.text("code"), "agency_money");
        assert_eq!(refused.body["facts"]["agency_id"], json!(agency));
        assert_eq!(refused.body["facts"]["agency_name"], "mcn 名");
        assert_eq!(refused.body["facts"]["agency_contact"], "business desk 8888");
        assert_eq!(refused.body["facts"]["next_step"], "contact_agency");
        assert_eq!(refused.body["facts"]["message_zh"], "该收入由所属机构结算，请联系您的机构。");
        let more = desk.withdraw(&rich, 950_001).ended(422);
        assert_eq!(
            (more.text("code"), &more.body["facts"]["bound_minor"]),
            ("insufficient_available", &json!(950_000))
        );
        desk.withdraw(&rich, 950_000).ended(201);
        // Company to company stays so, signed or not; the agency itself has no gate either.
        assert_eq!(desk.withdraw(&company, 10_000).ended(422).text("code"), "corporate_settlement");
        assert_eq!(desk.withdraw(&agency, 10_000).ended(422).text("code"), "corporate_settlement");
        desk.server.stop();
        place.verify(true);
    }
}

/// P6: memberships are [from, to) without overlap.
#[test]
fn memberships_do_not_overlap_p6() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let creator = desk.party("lin", "creator", "individual");
        let (one, two) =
            (desk.party("one", "agency", "enterprise"), desk.party("two", "agency", "enterprise"));
        let path = format!("/v1/parties/{creator}/memberships");
        let try_sign = |agency: &str, from: &str, to: Option<&str>| {
            let body = json!({ "agency_id": agency, "from": from, "to": to });
            desk.post(&path, &body)
        };
        let (january, march) = ("2026-01-01T00:00:00+08:00", "2026-03-01T00:00:00+08:00");
        let first = try_sign(&one, january, Some(march)).ended(200).body;
        try_sign(&two, march, None).ended(200);
        let refused = try_sign(&two, "2026-02-28T23:59:59.999999+08:00", Some(march)).ended(422);
        assert_eq!(refused.text("code"), "membership_overlap");
        assert_eq!(refused.body["facts"]["membership_id"], first["id"]);
        assert_eq!(refused.body["errors"][0]["pointer"], "/from");
        assert_eq!(code(try_sign(&one, january, None), 422), "membership_conflict");
        assert_eq!(code(try_sign(&creator, january, None), 422), "not_an_agency");
        assert_eq!(code(try_sign(&one, march, Some(january)), 422), "interval_empty");
        let nobody = "pty_00000000000000000000000009";
        assert_eq!(code(try_sign(nobody, january, None), 422), "party_unknown");
        assert_eq!(code(try_sign("lin", january, None), 400), "invalid_input");
        let change = |id: &str, body: Value| desk.client.patch(&format!("{path}/{id}"), &body);
        let id = first["id"].as_str().unwrap();
        let beyond = json!({ "to": "2026-03-01T00:00:01+08:00" });
        assert_eq!(code(change(id, beyond), 422), "membership_overlap");
        let changed = change(id, json!({ "contact": "somebody else" })).ended(200);
        assert_eq!((changed.text("contact"), changed.int("version")), ("somebody else", 2));
        let other = format!("/v1/parties/{one}/memberships/{id}");
        assert_eq!(code(desk.client.patch(&other, &json!({})), 404), "membership_unknown", "another party's");
        let members = desk.client.get(&format!("/v1/agencies/{one}/members")).ended(200).body;
        assert_eq!(members["data"].as_array().unwrap().len(), 1);
        let at = "2026-03-01T00%3A00%3A00%2B08%3A00";
        let none = desk.client.get(&format!("/v1/agencies/{one}/members?at={at}")).ended(200).body;
        assert_eq!(none["data"], json!([]), "the end is not part of it");
        desk.server.stop();
        place.verify(true);
    }
}
