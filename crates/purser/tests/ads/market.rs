//! A market of advertisers against a running server (A7, A10): `purser sandbox clicks` charges what the server then reports.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::support::{purser, world::Place};

/// What the command's key must be allowed to do, as an ad server with its advertisers.
const SCOPES: [&str; 7] =
    ["parties:write", "ads:read", "ads:write", "ads:charge", "payments:read", "payments:write", "sandbox"];

fn sum(report: &Value, field: &str) -> i64 {
    report["data"].as_array().unwrap().iter().map(|line| line[field].as_i64().unwrap()).sum()
}

#[test]
fn a_market_is_charged_and_reported_by_hour_and_keyword_a7_a10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let key = json!({ "name": "market", "scopes": SCOPES });
        let token = desk.post("/v1/api-keys", &key).ended(201).text("token").to_owned();
        let url = format!("http://{}", desk.server.address);
        let clicks = |minutes: &str| {
            let rest = ["--advertisers", "3", "--searches", "30000", "--step", "30", "--minutes", minutes];
            let args = [&["sandbox", "clicks", "--url", &url, "--key", &token, "--json"][..], &rest].concat();
            purser(&args).ended(0).json()
        };
        // The second run goes on with the same advertisers.
        let (first, second) = (clicks("60"), clicks("30"));
        let int = |run: &Value, field: &str| run[field].as_i64().unwrap();
        let charged = int(&first, "charged") + int(&second, "charged");
        let amount = int(&first, "amount_minor") + int(&second, "amount_minor");
        assert!(int(&first, "charged") > 50 && int(&second, "charged") > 20, "{first}\n{second}");
        let (mut clicks, mut spend, mut shown) = (0, 0, 0);
        for advertiser in second["advertisers"].as_array().unwrap() {
            let party = advertiser["party_id"].as_str().unwrap();
            let hours = desk.get(&format!("/v1/parties/{party}/ad-report?by=hour"));
            clicks += sum(&hours, "clicks");
            spend += sum(&hours, "spend_minor");
            shown += sum(&hours, "impressions");
            for campaign in advertiser["campaigns"].as_array().unwrap() {
                let path = format!("/v1/ad-campaigns/{}/report", campaign["id"].as_str().unwrap());
                let [hours, words] = ["hour", "keyword"].map(|by| desk.get(&format!("{path}?by={by}")));
                for field in ["clicks", "spend_minor", "impressions", "conversions"] {
                    assert_eq!(sum(&hours, field), sum(&words, field), "{field}: {hours}\n{words}");
                }
            }
        }
        assert_eq!((clicks, spend), (charged, amount));
        assert!(shown > clicks, "{shown}");
        desk.end(&place);
    }
}
