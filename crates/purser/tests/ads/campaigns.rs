//! Campaigns, schedules, keywords and bids, one by one and many at once (A9).

use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::world::Place;

fn new(party: &str) -> Value {
    json!({ "party_id": party, "external_id": "c1", "name": " Spring sale ", "daily_budget_minor": 5_000,
        "schedule": [{ "days": [1, 2, 3, 4, 5], "from": "08:00", "until": "22:00", "factor_ppm": 1_200_000 },
            { "days": [6, 7], "from": "00:00", "until": "24:00" }],
        "starts_on": "2020-01-01", "keywords": [{ "keyword": "Red  Shoes", "bid_minor": 120 },
            { "keyword": "boots", "bid_minor": 5, "on": false }] })
}

#[test]
fn a_campaign_is_set_up_changed_and_shown_a9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let made = desk.post("/v1/ad-campaigns", &new(&party)).ended(201).body;
        assert_eq!((&made["name"], &made["keywords_on"]), (&json!("Spring sale"), &json!(1)));
        let again = desk.post("/v1/ad-campaigns", &new(&party)).ended(201).body;
        assert_eq!(made, again, "the same again is the same campaign");
        let mut other = new(&party);
        other["daily_budget_minor"] = json!(6_000);
        let refusal = desk.post("/v1/ad-campaigns", &other);
        assert_eq!(refusal.body["facts"]["campaign_id"], made["id"]);
        assert_eq!(refused(refusal, 422).0, "campaign_exists");
        let path = format!("/v1/ad-campaigns/{}", id(&made));
        let read = desk.get(&path);
        assert_eq!(read["schedule"].as_array().unwrap().len(), 2, "windows of the same hours are one");
        assert_eq!(read["schedule"][0]["until"], "22:00");
        assert_eq!(read["status"]["state"], "no_balance", "{}", read["status"]);
        assert!(read["status"]["zh"].as_str().unwrap().contains("余额不足"));
        // Changed in part, at the version that was read.
        let version = read["version"].as_i64().unwrap();
        let change = json!({ "daily_budget_minor": null, "on": false, "schedule": [] });
        let changed = desk.client.patch_at(&path, version, &change).ended(200).body;
        assert_eq!((&changed["daily_budget_minor"], &changed["on"]), (&Value::Null, &json!(false)));
        assert_eq!((&changed["schedule"], &changed["name"]), (&json!([]), &json!("Spring sale")));
        let late = desk.client.patch_at(&path, version, &json!({ "name": "Late" }));
        assert_eq!(refused(late, 412).0, "version_conflict");
        let codes: Vec<Value> = desk.get(&path)["status"]["reasons"].as_array().unwrap().clone();
        let codes: Vec<&str> = codes.iter().map(|reason| reason["code"].as_str().unwrap()).collect();
        assert_eq!(codes, ["no_balance", "paused"]);
        let nothing = desk.client.patch(&path, &json!({ "on": false })).ended(200).body;
        assert_eq!(nothing["version"], changed["version"], "nothing changed");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn many_campaigns_are_changed_at_once_item_by_item_a9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (party, stranger) = (desk.advertiser("adv"), desk.advertiser("other"));
        let mine: Vec<Value> = (0..3).map(|n| desk.campaign(&party, &format!("c{n}"))).collect();
        let foreign = desk.campaign(&stranger, "c0");
        let item =
            |campaign: &Value, change: Value| json!({ "campaign_id": campaign["id"], "change": change });
        let stale = json!({ "campaign_id": mine[0]["id"], "if_version": 7, "change": { "on": false } });
        let overlap = json!([{ "days": [1, 2], "from": "08:00", "until": "12:00" },
            { "days": [3, 2], "from": "11:00", "until": "13:00" }]);
        let body = json!({ "items": [
            item(&mine[0], json!({ "on": false })),
            item(&mine[1], json!({ "daily_budget_minor": 2_999 })),
            item(&foreign, json!({ "on": false })),
            stale,
            item(&mine[2], json!({ "schedule": overlap })),
            item(&json!({ "id": "cmp_01h455vb4pex5vsknk084sn02q" }), json!({ "on": false })),
            item(&json!({ "id": party }), json!({ "on": false })),
            item(&mine[2], json!({ "schedule": [{ "days": [], "from": "08:00", "until": "12:00" }] })),
            item(&mine[1], json!({ "name": "Summer", "daily_budget_minor": 3_000 })),
            item(&mine[0], json!({ "on": false })),
        ] });
        let path = format!("/v1/parties/{party}/ad-campaigns/bulk");
        let done = desk.post(&path, &body).ended(200).body;
        let codes: Vec<&str> = done["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["error"]["code"].as_str().unwrap_or(""))
            .collect();
        let expected = [
            "",
            "budget_too_small",
            "campaign_foreign",
            "version_conflict",
            "schedule_overlaps",
            "campaign_unknown",
            "invalid_input",
            "invalid_input",
            "",
            "",
        ];
        assert_eq!(codes, expected);
        let pointer = |n: usize| done["items"][n]["error"]["pointer"].as_str().unwrap().to_owned();
        assert_eq!(pointer(1), "/change/daily_budget_minor");
        assert_eq!(pointer(4), "/change/schedule/1", "the window as it was given");
        assert_eq!(pointer(7), "/change/schedule/0/days");
        assert_eq!((&done["taken"], &done["refused"]), (&json!(3), &json!(7)));
        assert_eq!(
            (&done["items"][0]["changed"], &done["items"][9]["changed"]),
            (&json!(true), &json!(false))
        );
        // Lists page, and filter by the true status.
        let list = format!("/v1/parties/{party}/ad-campaigns");
        let paused = desk.get(&format!("{list}?status=no_balance&limit=2"));
        assert_eq!(paused["data"].as_array().unwrap().len(), 2);
        let next = paused["next_cursor"].as_str().unwrap();
        let rest = desk.get(&format!("{list}?status=no_balance&limit=2&cursor={next}"));
        assert_eq!((rest["data"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
        assert_eq!(desk.get(&format!("{list}?status=running"))["data"], json!([]));
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn keywords_are_added_changed_switched_and_taken_away_a9() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let campaign = desk.campaign(&party, "c1");
        let path = format!("/v1/ad-campaigns/{}/keywords", id(&campaign));
        let body = json!({ "items": [
            { "keyword": "boots", "bid_minor": 80 },
            { "keyword": " RED   shoes", "bid_minor": 90 },
            { "keyword": "socks", "bid_minor": 4 },
            { "keyword": "socks" },
            { "keyword": "", "bid_minor": 50 },
            { "keyword": "gloves", "removed": true },
            { "keyword": "boots", "on": false },
        ] });
        let done = desk.post(&path, &body).ended(200).body;
        let codes: Vec<&str> = done["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["error"]["code"].as_str().unwrap_or(""))
            .collect();
        let expected = ["", "", "bid_too_small", "bid_missing", "keyword_invalid", "keyword_unknown", ""];
        assert_eq!(codes, expected);
        assert_eq!((&done["keywords_on"], &done["version"]), (&json!(1), &json!(2)));
        let list = desk.get(&path)["data"].as_array().unwrap().clone();
        let bids: Vec<(&str, i64, bool)> = list
            .iter()
            .map(|k| {
                (k["keyword"].as_str().unwrap(), k["bid_minor"].as_i64().unwrap(), k["on"].as_bool().unwrap())
            })
            .collect();
        assert!(bids.contains(&("red shoes", 90, true)) && bids.contains(&("boots", 80, false)), "{bids:?}");
        // Without a keyword that is on nothing is shown, and the status says so.
        desk.post(&path, &json!({ "items": [{ "keyword": "red shoes", "removed": true }] })).ended(200);
        desk.top_up(&party, 50_000);
        assert_eq!(desk.status(&campaign), "no_keywords");
        desk.post(&path, &json!({ "items": [{ "keyword": "boots", "on": true }] })).ended(200);
        assert_eq!(desk.status(&campaign), "running");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn bad_input_is_named_and_changes_nothing_a9() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let party = desk.advertiser("adv");
    let window = |from: &str, until: &str| json!([{ "days": [1], "from": from, "until": until }]);
    let overlap = json!([{ "days": [1], "from": "08:00", "until": "12:00" },
        { "days": [1], "from": "11:59", "until": "13:00" }]);
    for (field, value, code, pointer, status) in [
        ("daily_budget_minor", json!(2_999), "budget_too_small", "/daily_budget_minor", 422),
        ("daily_budget_minor", json!(0), "budget_too_small", "/daily_budget_minor", 422),
        ("daily_budget_minor", json!(-1), "budget_too_small", "/daily_budget_minor", 422),
        ("daily_budget_minor", json!(30.5), "invalid_input", "/daily_budget_minor", 400),
        ("schedule", overlap, "schedule_overlaps", "/schedule/1", 422),
        ("schedule", window("08:00", "08:00"), "schedule_invalid", "/schedule/0", 422),
        ("schedule", window("22:00", "06:00"), "schedule_invalid", "/schedule/0", 422),
        ("schedule", window("8:00", "09:00"), "invalid_input", "/schedule/0/from", 400),
        ("schedule", window("08:00", "24:01"), "invalid_input", "/schedule/0/until", 400),
        ("name", json!(" "), "campaign_name_invalid", "/name", 422),
        ("external_id", json!(""), "external_id_invalid", "/external_id", 422),
        ("ends_on", json!("2020-02-30"), "invalid_input", "/ends_on", 400),
        ("ends_on", json!("2019-12-31"), "dates_invalid", "/ends_on", 422),
        (
            "keywords",
            json!([{ "keyword": "a", "bid_minor": 4 }]),
            "bid_too_small",
            "/keywords/0/bid_minor",
            422,
        ),
        ("party_id", json!("pty_01h455vb4pex5vsknk084sn02q"), "party_unknown", "", 404),
        ("party_id", json!("cmp_01h455vb4pex5vsknk084sn02q"), "invalid_input", "/party_id", 400),
        ("colour", json!("red"), "invalid_input", "/colour", 400),
    ] {
        let mut bad = new(&party);
        bad[field] = value;
        let found = refused(desk.post("/v1/ad-campaigns", &bad), status);
        assert_eq!(found, (code.to_owned(), pointer.to_owned()), "{field}");
    }
    let creator = desk.party("cr", &["creator"], "individual");
    assert_eq!(refused(desk.post("/v1/ad-campaigns", &new(&creator)), 422).0, "not_an_advertiser");
    let list = format!("/v1/parties/{party}/ad-campaigns");
    assert_eq!(desk.get(&list)["data"], json!([]), "nothing was set up");
    assert_eq!(refused(desk.client.get(&format!("{list}?status=lost")), 400).0, "invalid_input");
    let unknown = "/v1/ad-campaigns/cmp_01h455vb4pex5vsknk084sn02q";
    assert_eq!(refused(desk.client.get(unknown), 404).0, "campaign_unknown");
    assert_eq!(refused(desk.client.patch(unknown, &json!({ "on": true })), 404).0, "campaign_unknown");
    assert_eq!(refused(desk.post(&format!("{unknown}/resume"), &json!({})), 404).0, "campaign_unknown");
    assert_eq!(refused(desk.post(&format!("{list}/bulk"), &json!({ "items": [] })), 400).0, "bulk_size");
    assert_eq!(
        refused(desk.client.get(&format!("/v1/parties/{creator}/ad-account")), 422).0,
        "not_an_advertiser"
    );
    desk.end(&place);
}
