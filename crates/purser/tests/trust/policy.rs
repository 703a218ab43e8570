//! How rules change (P4): tried on what was decided, proposed, with notice, by two people.

use purser_domain::policy::DEFAULT_PACK;
use serde_json::{Value, json};

use super::{Desk, code};
use crate::support::world::{Place, onboard, wait_until};

fn pack(entries: &[(&str, &str, &str, &str)]) -> String {
    let entry = |(key, row, from, value): &(&str, &str, &str, &str)| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    format!("{DEFAULT_PACK}{}", entries.iter().map(entry).collect::<String>())
}

fn tried(desk: &Desk, text: &str) -> Value {
    desk.post("/v1/policy-trials", &json!({ "text": text })).ended(200).body
}

/// P4: a trial names every change, whether the notice is kept, and how many past decisions would have been others; nothing
/// is written. What is proposed is what was tried, and takes a second person.
#[test]
fn a_pack_is_tried_on_past_decisions_before_it_is_proposed_p4() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let new = json!({ "external_id": "c", "display_name": "c", "roles": ["creator"], "legal_form": "individual" });
        let party = desk.post("/v1/parties", &new).ended(200).text("id").to_owned();
        onboard(&desk.client, &party);
        let account = json!({ "kind": "sandbox", "number": "c.ok" });
        desk.post(&format!("/v1/parties/{party}/payout-accounts"), &account).ended(201);
        for n in 0..3 {
            let at = desk.client.get("/v1/clock").text("business_at").to_owned();
            let order = json!({ "order_id": format!("o{n}"), "creator_id": party, "task_type": "video", "title": "t",
                "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at });
            desk.post("/v1/task-orders", &order).ended(200);
        }
        let withdrawals: Vec<String> = [5_000, 50_000]
            .into_iter()
            .map(|amount| {
                let asked = json!({ "party_id": party, "amount_minor": amount });
                desk.post("/v1/withdrawals", &asked).ended(201).text("id").to_owned()
            })
            .collect();

        let same = tried(&desk, DEFAULT_PACK);
        assert_eq!((&same["changes"], &same["task_orders"]["changed"]), (&json!([]), &json!(0)), "{same}");
        assert_eq!((&same["task_orders"]["looked"], &same["withdrawals"]["looked"]), (&json!(3), &json!(2)));

        // A lower fee and a higher minimum, from a day to come: 5 % to 3 % of three times 1,000.00.
        let later = pack(&[
            ("settlement.service_fee.independent", "X13", "2026-04-01", "30_000"),
            ("withdrawal.minimum", "G", "2026-04-01", "10_000"),
        ]);
        let trial = tried(&desk, &later);
        assert_eq!(
            trial["task_orders"],
            json!({ "looked": 3, "changed": 3, "fee_difference_minor": -6_000 }),
            "{trial}"
        );
        assert_eq!(
            (&trial["withdrawals"]["changed"], &trial["withdrawals_refused"]),
            (&json!(1), &json!(1)),
            "{trial}"
        );
        assert_eq!(
            (&trial["examples"], &trial["judged_on"]),
            (&json!([withdrawals[0]]), &json!("2026-04-01"))
        );
        assert_eq!(
            (&trial["short_notice"], &trial["complete"], &trial["base"]),
            (&json!([]), &json!(true), &json!(1))
        );
        let changed: Vec<&str> =
            trial["changes"].as_array().unwrap().iter().map(|c| c["key"].as_str().unwrap()).collect();
        assert!(changed.contains(&"settlement.service_fee.independent") && changed.len() == 2, "{changed:?}");
        assert_eq!(
            desk.client.get("/v1/policy-versions").ended(200).body["data"].as_array().unwrap().len(),
            1
        );

        // Too soon: the trial says from when on, and the proposal is refused.
        let soon = pack(&[("settlement.service_fee.independent", "X13", "2026-03-05", "30_000")]);
        let early = tried(&desk, &soon);
        assert_eq!(early["short_notice"][0]["earliest"], "2026-03-09", "{early}");
        let (anna, bela) = (desk.staff("anna", "finance"), desk.staff("bela", "finance"));
        let propose =
            |text: &str| anna.post("/v1/approvals", &desk.fresh(), &json!({ "policy": { "text": text } }));
        assert_eq!(code(propose(&soon), 422), "policy_short_notice");
        let proposed = propose(&later).ended(201);
        let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
        assert_eq!(
            code(anna.post(&path, &desk.fresh(), &json!({ "approve": true })), 422),
            "approval_same_person"
        );
        bela.post(&path, &desk.fresh(), &json!({ "approve": true })).ended(200);
        let version = desk.client.get("/v1/policy-versions/2").ended(200);
        assert_eq!(
            (version.text("digest"), version.text("text")),
            (trial["digest"].as_str().unwrap(), later.as_str())
        );
        assert_eq!(code(desk.client.get("/v1/policy-versions/3"), 404), "policy_version_unknown");

        // A kill switch needs no notice, and takes effect on commit (P4).
        let off = pack(&[
            ("settlement.service_fee.independent", "X13", "2026-04-01", "30_000"),
            ("withdrawal.minimum", "G", "2026-04-01", "10_000"),
            ("payouts.enabled", "P4", "2026-03-02", "false"),
        ]);
        wait_until("the server has version 2", 20, || {
            desk.post(
                "/v1/rails/alipay/float-top-ups",
                &json!({ "amount_minor": 1, "reference": desk.fresh() }),
            );
            tried(&desk, &off)["base"] == 2
        });
        let proposed = propose(&off).ended(201);
        let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
        bela.post(&path, &desk.fresh(), &json!({ "approve": true })).ended(200);
        let stopped =
            desk.post("/v1/withdrawals", &json!({ "party_id": party, "amount_minor": 50_000 })).ended(422);
        assert!(
            stopped.text("code").contains("payouts") || stopped.text("code").contains("disabled"),
            "{}",
            stopped.body
        );
        desk.server.stop();
        place.verify(true);
    }
}
