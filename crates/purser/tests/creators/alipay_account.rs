//! Creators with an Alipay account.

use serde_json::json;

use crate::support::world::{Place, Server};

/// Registers creators whose accounts are paid by user id and, every other one, by login id and name.
pub(crate) fn creators(place: &Place, key: &str, count: usize) -> Vec<String> {
    let server = Server::start(place);
    let client = server.client(key);
    let parties = (0..count).map(|n| {
        let creator = json!({ "external_id": format!("c{n}"), "display_name": "C", "roles": ["creator"],
            "legal_form": "individual" });
        let party = client.post("/v1/parties", &format!("p{n}"), &creator).text("id").to_owned();
        let steps = json!({ "party_id": party, "name": "张三" });
        client.post("/v1/sandbox/onboardings", &format!("s{n}"), &steps).ended(200);
        let number = if n % 2 == 0 { format!("2088{n:012}") } else { format!("c{n}@example.com") };
        let account = json!({ "kind": "alipay", "number": number, "holder": "张三" });
        client.post(&format!("/v1/parties/{party}/payout-accounts"), &format!("a{n}"), &account).ended(201);
        party
    });
    let parties = parties.collect();
    server.stop();
    parties
}
