//! What is personal is given out whole, to people alone, and written down first (P25).

use serde_json::json;

use super::{Desk, bind_phone, get_code, party, post, verify};
use crate::support::{http::Answer, world::Place};

const PHONE: &str = "13987654329";
const ID: &str = "11010519491231002X";
const NAME: &str = "司马长风万里";
const CARD: &str = "6222020200112230004";
const PERSON: &str = "诸葛青云渡";

fn refused(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.body);
    answer.text("code")
}

#[test]
fn everything_personal_is_given_to_staff_with_a_reason_and_noted_p25() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let party = party(&client, "ann", "individual");
        bind_phone(&client, &party, PHONE);
        assert_eq!(verify(&client, &party, "person", NAME, ID).text("state"), "verified");
        let accounts = format!("/v1/parties/{party}/payout-accounts");
        let code = get_code(
            &client,
            &format!("{accounts}/codes"),
            &json!({ "kind": "personal_card", "number": CARD }),
        );
        let card = json!({ "kind": "personal_card", "number": CARD, "holder": NAME, "code": code });
        post(&client, &accounts, &card).ended(201);
        let person = json!({ "name": PERSON, "role": "view", "phone": "15876543218" });
        post(&client, &format!("/v1/parties/{party}/people"), &person).ended(201);
        let case =
            json!({ "party_id": party, "kind": "help", "summary": "Where is it?", "text": "My words." });
        post(&client, "/v1/cases", &case).ended(201);
        let path = format!("/v1/parties/{party}/personal-data");
        let asked = format!("{path}?reason=request");
        assert_eq!(refused(&client.get(&asked), 403), "staff_needed", "a key is nobody");
        for role in ["finance", "risk", "support", "read-only"] {
            assert_eq!(refused(&desk.staff(role, role).get(&asked), 403), "scope_missing", "{role}");
        }
        let admin = desk.staff("chief", "admin");
        admin.get(&path).ended(400);
        assert_eq!(refused(&admin.get(&format!("{path}?reason=%20")), 422), "reason_invalid");
        let nobody = "/v1/parties/pty_01h455vb4pex5vsknk084sn02q/personal-data?reason=request";
        assert_eq!(refused(&admin.get(nobody), 404), "party_unknown");
        let noted = || {
            let log = client.get("/v1/audit?action=personal_data.take&limit=50").ended(200).body;
            log["data"].as_array().unwrap().len()
        };
        assert_eq!(noted(), 0, "what was refused was not taken");
        let data = admin.get(&asked).ended(200).body;
        assert_eq!(noted(), 1);
        assert_eq!((&data["external_id"], &data["phone"]["number"]), (&json!("ann"), &json!(PHONE)));
        assert_eq!((&data["identity"]["name"], &data["identity"]["number"]), (&json!(NAME), &json!(ID)));
        let account = &data["payout_accounts"][0];
        assert_eq!((&account["number"], &account["holder"]), (&json!(CARD), &json!(NAME)));
        assert_eq!(data["people"][0]["name"], PERSON);
        assert_eq!(data["cases"][0]["messages"][0]["text"], "My words.");
        assert!(data["trade_data"].to_string().contains(&party), "{data}");
        let log = client.get("/v1/audit?action=personal_data.take&limit=50").ended(200).body.to_string();
        assert!(!log.contains(NAME) && !log.contains(PHONE) && log.contains("request"), "{log}");
        desk.server.stop();
        place.verify(true);
    }
}
