//! Bank files that people bring to the bank: what is given out, and what is taken apart before (P4, P6, P9, P10).

use serde_json::json;

use super::{
    bank_file::{Desk, creator, refused},
    desk::signed_in,
};
use crate::support::{
    http::Client,
    world::{Place, wait_until},
};

fn people(desk: &Desk) -> (Client, Client) {
    let server = desk.server.as_ref().unwrap();
    let staff = |login: &str| signed_in(server, &desk.client, login, "finance").0;
    (staff("li"), staff("wang"))
}

fn content(file: &str) -> String {
    format!("/v1/rails/bank-file/files/{file}/content")
}

/// P4, P10: staff who bring files to the bank by hand get none while payouts are switched off or the rail is out of order.
#[test]
fn a_file_is_not_given_out_while_payouts_or_the_rail_are_stopped_p4_p10_g15() {
    for place in Place::all() {
        let mut desk = Desk::on(place, false);
        let people = people(&desk);
        let [account] = desk.bind(["c1.hand"]);
        desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bytes = desk.content(&file);
        desk.switch(&people, "payouts.enabled", "2026-01-02", false);
        assert_eq!(refused(desk.client.get(&content(&file)), 422), "payouts_stopped");
        desk.switch(&people, "payouts.enabled", "2026-01-03", true);
        let rail = |healthy: bool| {
            let key = format!("rail-{healthy}");
            desk.client.post("/v1/sandbox/rails/bank-file", &key, &json!({ "healthy": healthy })).ended(200);
        };
        rail(false);
        assert_eq!(refused(desk.client.get(&content(&file)), 422), "rail_unhealthy");
        rail(true);
        assert_eq!(desk.content(&file), bytes, "the same bytes as before");
        desk.stop();
    }
}

/// P6, P9: a file with somebody in it who may not be paid now does not leave; who it is, is named. Nobody has had it, so that
/// it is taken apart, and the others go under another message id.
#[test]
fn a_file_with_a_frozen_payee_is_not_given_out_and_is_dissolved_p6_p9_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let second = creator(&desk.client, "c2", "李四");
        let path = format!("/v1/parties/{second}/payout-accounts");
        let account = json!({ "kind": "sandbox", "number": "c2.frozen" });
        let account = desk.client.post(&path, "c2-account", &account).ended(201).text("id").to_owned();
        let [good] = desk.bind(["c1.good"]);
        let good = desk.withdraw(&good, 5_000);
        let frozen = desk.withdraw_of(&second, &account, 5_000);
        let first = desk.close();
        assert_eq!(desk.file(&first)["given_at"], json!(null));
        let freeze = |party: &str, key: &str, on: bool| {
            let (what, body) =
                if on { ("freeze", json!({ "reason": "checking" })) } else { ("unfreeze", json!({})) };
            desk.client.post(&format!("/v1/parties/{party}/{what}"), key, &body).ended(200);
        };
        freeze(&second, "f1", true);
        let no = desk.client.get(&content(&first)).ended(422);
        assert_eq!(no.text("code"), "bank_file_held_back");
        let facts = &no.body["facts"];
        assert_eq!(facts["withdrawals"], json!(format!("{frozen}-01 (party_frozen)")));
        assert!(facts["message_zh"].as_str().unwrap().contains("收款人"), "{facts}");

        let dissolve = |file: &str, key: &str| {
            desk.client.post(&format!("/v1/rails/bank-file/files/{file}/dissolve"), key, &json!({}))
        };
        let gone = dissolve(&first, "d1").ended(200);
        assert_eq!((gone.text("state"), gone.int("orders")), ("void", 0));
        assert_eq!(refused(desk.client.get(&content(&first)), 422), "bank_file_not_ready");
        wait_until("the good one is in another file", 30, || {
            desk.pass();
            desk.files().iter().any(|file| file["state"] == "open" && file["orders"] == 1)
        });
        let next = desk.close();
        assert_ne!(first, next);
        assert_eq!(desk.references(&next), [format!("{good}-01")]);
        let bytes = desk.content(&next);
        assert_ne!(desk.file(&next)["given_at"], json!(null));

        // What somebody has had is fixed for good: it is never taken apart, and not given out again meanwhile either.
        assert_eq!(refused(dissolve(&next, "d2"), 422), "bank_file_given_out");
        freeze(&desk.party, "f2", true);
        let no = desk.client.get(&content(&next)).ended(422);
        assert_eq!((no.text("code"), &no.body["facts"]["given_out"]), ("bank_file_held_back", &json!(true)));
        freeze(&desk.party, "f3", false);
        assert_eq!(desk.content(&next), bytes);

        // The one that waits says why, and ends when its account is taken away: it never went anywhere.
        wait_until("it says why", 30, || {
            desk.pass();
            desk.state(&frozen)["explanation"]["code"] == "party_frozen"
        });
        freeze(&second, "f4", false);
        let unbind = format!("/v1/parties/{second}/payout-accounts/{account}/unbind");
        desk.client.post(&unbind, "unbind", &json!({})).ended(200);
        desk.until(&frozen, "failed");
        let overview = desk.client.get(&format!("/v1/parties/{second}/overview")).ended(200);
        assert_eq!(overview.int("withdrawable_minor"), 950_000);
        let bank = desk.bank(&next, &[]);
        desk.take_in(&bank, "camt054.xml", "m1");
        desk.until(&good, "paid");
        desk.stop();
    }
}

/// What was put back, and whose account is gone before it is in a file again, is given back (P9, P10).
#[test]
fn a_dissolved_order_whose_account_is_gone_is_given_back_p9_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.gone"]);
        let id = desk.withdraw(&account, 5_000);
        let file = desk.close();
        let unbind = format!("/v1/parties/{}/payout-accounts/{account}/unbind", desk.party);
        desk.client.post(&unbind, "unbind", &json!({})).ended(200);
        assert_eq!(refused(desk.client.get(&content(&file)), 422), "bank_file_held_back");
        let path = format!("/v1/rails/bank-file/files/{file}/dissolve");
        desk.client.post(&path, "d1", &json!({})).ended(200);
        desk.until(&id, "failed");
        assert_eq!(desk.state(&id)["explanation"]["next_step"], "fix_destination");
        desk.stop();
    }
}
