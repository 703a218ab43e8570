//! Stopped for money, and resumed: one campaign, all at once, or by itself (A3, A5).

use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::world::Place;

fn all_back(desk: &Desk, party: &str) {
    desk.post(&format!("/v1/parties/{party}/ad-account/refunds"), &json!({})).ended(201);
}

#[test]
fn campaigns_wait_to_be_resumed_and_are_resumed_one_or_all_a5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let campaigns: Vec<Value> = (0..3).map(|n| desk.campaign(&party, &format!("c{n}"))).collect();
        let statuses = |desk: &Desk| campaigns.iter().map(|c| desk.status(c)).collect::<Vec<_>>();
        let resume =
            |campaign: &Value| desk.post(&format!("/v1/ad-campaigns/{}/resume", id(campaign)), &json!({}));
        let resume_all = || desk.post(&format!("/v1/parties/{party}/ad-account/resume"), &json!({}));
        assert_eq!(refused(resume(&campaigns[0]), 422).0, "ad_balance_too_low");
        desk.top_up(&party, 50_000);
        assert_eq!(statuses(&desk), ["running"; 3], "the first money starts what is new");
        // Everything goes back: delivery stops in the same commit.
        all_back(&desk, &party);
        assert_eq!(statuses(&desk), ["no_balance"; 3]);
        let stopped = desk.account(&party);
        assert_eq!((&stopped["epoch"], &stopped["balance_minor"]), (&json!(1), &json!(0)));
        assert!(stopped["message_zh"].as_str().unwrap().contains("余额不足"));
        let young = desk.campaign(&party, "c9");
        desk.top_up(&party, 20_000);
        assert_eq!(statuses(&desk), ["to_be_resumed"; 3]);
        assert_eq!(desk.status(&young), "running", "it was set up after the stop");
        assert_eq!(desk.account(&party)["campaigns"]["to_be_resumed"], 3);
        let one = resume(&campaigns[0]).ended(200).body;
        assert_eq!((&one["resumed"], &one["epoch"]), (&json!(true), &json!(1)));
        let next: Vec<&str> =
            one["next"].as_array().unwrap().iter().map(|n| n["rel"].as_str().unwrap()).collect();
        assert_eq!(next, ["bids", "alerts"]);
        assert_eq!(desk.client.get(one["next"][0]["href"].as_str().unwrap()).status, 200);
        assert_eq!(statuses(&desk), ["running", "to_be_resumed", "to_be_resumed"]);
        assert_eq!(resume(&campaigns[0]).ended(200).body["resumed"], false, "again changes nothing");
        // The advertiser's own switch is another thing: what it switched off stays off.
        let path = format!("/v1/ad-campaigns/{}", id(&campaigns[1]));
        desk.client.patch(&path, &json!({ "on": false })).ended(200);
        assert_eq!(resume_all().ended(200).body["resumed"], true);
        assert_eq!(statuses(&desk), ["running", "paused", "running"]);
        assert_eq!(resume_all().ended(200).body["resumed"], false);
        let kinds: Vec<String> = desk.events(&party).into_iter().map(|(kind, _)| kind).collect();
        for kind in ["ads.stopped", "ads.resumable", "ads.campaign_resumed", "ads.resumed"] {
            assert!(kinds.iter().any(|known| known == kind), "{kind} in {kinds:?}");
        }
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn with_auto_campaigns_come_back_by_themselves_when_there_is_enough_a5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.allow_arrears(20_000);
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-account");
        let campaign = desk.unbounded(&party, "c1");
        desk.client.patch(&path, &json!({ "resume": "auto" })).ended(200);
        desk.top_up(&party, 50_000);
        desk.owe(&party, &campaign, 19_500);
        assert_eq!(desk.status(&campaign), "arrears");
        // A trickle does not start what would stop again at once.
        desk.top_up(&party, 20_000);
        assert_eq!(desk.account(&party)["cash_minor"], 500);
        assert_eq!(desk.status(&campaign), "to_be_resumed");
        desk.top_up(&party, 20_000);
        assert_eq!(desk.status(&campaign), "running");
        assert_eq!(desk.account(&party)["settings"]["resume"], "auto");
        let set = desk.client.patch(&path, &json!({ "resume": null })).ended(200).body;
        assert_eq!(set["resume"], Value::Null, "as policy says");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn while_arrears_remain_nothing_resumes_a3_a5() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let party = desk.advertiser("adv");
    let campaign = desk.unbounded(&party, "c1");
    desk.top_up(&party, 50_000);
    desk.owe(&party, &campaign, 10_000);
    let answer = desk.post(&format!("/v1/ad-campaigns/{}/resume", id(&campaign)), &json!({}));
    assert_eq!(answer.body["facts"]["arrears_minor"], 10_000);
    assert_eq!(refused(answer, 422).0, "arrears_outstanding");
    assert_eq!(desk.status(&campaign), "arrears");
    desk.top_up(&party, 50_000);
    assert_eq!(desk.status(&campaign), "to_be_resumed", "nothing is owed any more");
    desk.post(&format!("/v1/ad-campaigns/{}/resume", id(&campaign)), &json!({})).ended(200);
    assert_eq!(desk.status(&campaign), "running");
    desk.end(&place);
}
