//! Grants (A1): given by a program or by two people, used before cash, ended at their instant.

use purser_domain::ledger::AccountKind;
use purser_domain::time::{DAY, Timestamp};
use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::world::{Place, wait_until};

fn later(desk: &Desk, days: i64) -> String {
    let now: Timestamp = desk.now().parse().unwrap();
    now.plus(days * DAY).to_string()
}

fn grant(desk: &Desk, name: &str, amount: i64, days: i64) -> Value {
    json!({ "external_id": name, "amount_minor": amount, "expires_at": later(desk, days), "reason": "spring" })
}

#[test]
fn a_grant_starts_delivery_and_stops_it_when_it_ends_a1() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-grants");
        let campaign = desk.campaign(&party, "c1");
        let (late, soon) = (grant(&desk, "late", 700, 30), grant(&desk, "soon", 300, 15));
        let first = desk.post(&path, &late).ended(201).body;
        let second = desk.post(&path, &soon).ended(201).body;
        assert_eq!(desk.post(&path, &late).ended(201).body, first, "the same again gives nothing");
        let other = refused(desk.post(&path, &grant(&desk, "late", 701, 30)), 422);
        assert_eq!(other.0, "grant_conflict");
        let account = desk.account(&party);
        assert_eq!((&account["grants_minor"], &account["balance_minor"]), (&json!(1_000), &json!(1_000)));
        let order: Vec<&Value> = account["grants"].as_array().unwrap().iter().map(|g| &g["id"]).collect();
        assert_eq!(order, [&second["id"], &first["id"]], "the soonest to expire is used first");
        assert_eq!(desk.status(&campaign), "running");
        let lines = desk.get(&format!("/v1/parties/{party}/ad-account/lines?of={}", id(&first)));
        assert_eq!(
            (&lines["data"][0]["zh"], &lines["data"][0]["change_minor"]),
            (&json!("赠款"), &json!(700))
        );
        // Its instant decides, also before the job has booked it.
        desk.advance(15 * 86_400);
        wait_until("it pays for nothing", 20, || desk.account(&party)["grants_minor"] == 700);
        wait_until("the grant is ended", 20, || desk.told(&party, "ads.grant_expired") == 1);
        desk.advance(15 * 86_400);
        wait_until("the other one too", 20, || desk.told(&party, "ads.grant_expired") == 2);
        assert_eq!(desk.status(&campaign), "no_balance", "with the last of it delivery stops");
        let list = desk.get(&path)["data"].as_array().unwrap().clone();
        assert!(list.iter().all(|g| g["ended_at"].is_string() && g["left_minor"] == 0));
        assert_eq!(list.iter().map(|g| g["lost_minor"].as_i64().unwrap()).sum::<i64>(), 1_000);
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 0, "no grant becomes cash");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn staff_give_grants_in_twos_a1_p16() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-grants");
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        let alone = li.post(&path, "x1", &grant(&desk, "g", 5_000, 10));
        assert_eq!(refused(alone, 403).0, "approval_required");
        let mut proposal = grant(&desk, "g", 5_000, 10);
        proposal["party_id"] = json!(party);
        let proposed = li.post("/v1/approvals", "x2", &json!({ "ad_grant": proposal })).ended(201);
        let decision = format!("/v1/approvals/{}/decision", proposed.text("id"));
        let yes = json!({ "approve": true });
        assert_eq!(refused(li.post(&decision, "x3", &yes), 422).0, "approval_same_person");
        let support = desk.staff("zhao", "support");
        assert_eq!(refused(support.post(&decision, "x4", &yes), 403).0, "scope_missing");
        let done = wang.post(&decision, "x5", &yes).ended(200).body;
        assert_eq!(done["state"], "carried_out");
        assert_eq!(desk.account(&party)["grants"][0]["id"], done["outcome"]["grant"]);
        let mut bad = proposal;
        bad["amount_minor"] = json!(100_000_001);
        let refusal = li.post("/v1/approvals", "x6", &json!({ "ad_grant": bad }));
        assert_eq!(refused(refusal, 422).0, "amount_out_of_range");
        desk.end(&place);
    }
}

#[test]
fn bad_grants_are_named_and_give_nothing_a1() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let party = desk.advertiser("adv");
    let path = format!("/v1/parties/{party}/ad-grants");
    for (field, value, code, status) in [
        ("amount_minor", json!(0), "invalid_input", 400),
        ("amount_minor", json!(100_000_001), "amount_out_of_range", 422),
        ("expires_at", json!(desk.now()), "grant_expiry_invalid", 422),
        ("expires_at", json!(later(&desk, 367)), "grant_expiry_invalid", 422),
        ("expires_at", json!("tomorrow"), "invalid_input", 400),
        ("reason", json!(" "), "reason_missing", 422),
        ("external_id", json!(""), "external_id_invalid", 422),
    ] {
        let mut bad = grant(&desk, "g", 5_000, 10);
        bad[field] = value;
        let found = refused(desk.post(&path, &bad), status);
        assert_eq!(found, (code.to_owned(), format!("/{field}")));
    }
    let creator = desk.party("cr", &["creator"], "individual");
    let other = desk.post(&format!("/v1/parties/{creator}/ad-grants"), &grant(&desk, "g", 5_000, 10));
    assert_eq!(refused(other, 422).0, "not_an_advertiser");
    for n in 0..20 {
        desk.post(&path, &grant(&desk, &format!("g{n}"), 100, 10)).ended(201);
    }
    assert_eq!(refused(desk.post(&path, &grant(&desk, "g20", 100, 10)), 422).0, "grants_too_many");
    assert_eq!(desk.account(&party)["grants_minor"], 2_000);
    let page = desk.get(&format!("{path}?limit=15"));
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(desk.get(&format!("{path}?limit=15&cursor={next}"))["data"].as_array().unwrap().len(), 5);
    desk.end(&place);
}
