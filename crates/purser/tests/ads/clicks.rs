//! Clicks through HTTP (A4, A7, A8, A10): charged once, singly and in bulk, item by item; whatever is wrong with one is
//! said of it, with a code and where; delivery stops in the commit of the click that used the money up.

use purser_domain::{
    ledger::AccountKind,
    time::{DAY, HOUR, MINUTE, SECOND, Timestamp, Zone},
};
use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::{
    http::Answer,
    world::{Place, Server, wait_until},
};

/// An advertiser with 500.00 and a campaign without a budget.
fn running(desk: &Desk, name: &str) -> (String, String) {
    let party = desk.advertiser(name);
    let campaign = id(&desk.campaign(&party, "c")).to_owned();
    let path = format!("/v1/ad-campaigns/{campaign}");
    desk.client.patch(&path, &json!({ "daily_budget_minor": null })).ended(200);
    desk.top_up(&party, 50_000);
    (party, campaign)
}

fn click(click_id: &str, campaign: &str, at: &str, price: i64) -> Value {
    json!({ "click_id": click_id, "campaign_id": campaign, "click_at": at, "price_minor": price })
}

fn bulk(desk: &Desk, items: &[Value]) -> Answer {
    desk.post("/v1/ad-clicks/bulk", &json!({ "items": items }))
}

/// So many seconds later: moves the clock there, and says when that is.
fn after(desk: &Desk, seconds: i64) -> String {
    let then = desk.now().parse::<Timestamp>().unwrap().plus(seconds * SECOND);
    desk.advance(seconds);
    then.to_string()
}

/// What became of every click: what it cost, or the code and where.
fn outcomes(answer: &Answer) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap().iter().enumerate();
    let text = |(index, item): (usize, &Value)| {
        assert_eq!(item["index"], index, "{item}");
        match (&item["error"], item["replayed"].as_bool().unwrap()) {
            (Value::Null, true) => format!("{} again", item["amount_minor"]),
            (Value::Null, false) => item["amount_minor"].to_string(),
            (error, _) => {
                assert!(error["detail"].as_str().is_some_and(|text| !text.is_empty()), "{item}");
                format!("{} {}", error["code"].as_str().unwrap(), error["pointer"].as_str().unwrap())
            }
        }
    };
    items.map(text).collect()
}

/// A7: one bad click among 8,000 good ones leaves them alone; the whole call again, also to a server that was started
/// anew, costs nothing.
#[test]
fn a_bulk_of_thousands_is_charged_once_a7() {
    for place in Place::all() {
        let mut desk = Desk::on(&place);
        desk.noon();
        let (party, campaign) = running(&desk, "adv");
        let now = desk.now();
        let price = |n: u32| if n == 4_000 { 0 } else { 5 };
        let items: Vec<Value> =
            (0..8_000).map(|n| click(&format!("k-{n:05}"), &campaign, &now, price(n))).collect();
        let first = bulk(&desk, &items).ended(200);
        let counts = |answer: &Answer| {
            ["charged", "replayed", "refused", "amount_minor"]
                .map(|field| answer.body[field].as_i64().unwrap())
        };
        assert_eq!(counts(&first), [7_999, 0, 1, 39_995]);
        assert_eq!(first.body["items"][4_000]["error"]["code"], "price_not_positive");
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 10_005);
        assert_eq!(counts(&bulk(&desk, &items)), [0, 7_999, 1, 0], "again");
        desk.server.stop();
        let key = place.key();
        desk.server = Server::start(&place);
        desk.client = desk.server.client(&key);
        assert_eq!(counts(&bulk(&desk, &items)), [0, 7_999, 1, 0], "after a restart");
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 10_005);
        // One transfer for all of them.
        let lines = desk.get(&format!("/v1/parties/{party}/ad-account"));
        assert_eq!(lines["spent_today_minor"], 39_995, "{lines}");
        desk.end(&place);
    }
}

/// A7: everything that can be wrong with a click, in one call that charges the good ones.
#[test]
fn what_is_wrong_with_a_click_is_said_of_that_click_a7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let ((party, campaign), (other, foreign)) = (running(&desk, "one"), running(&desk, "two"));
        let keywords = desk.get(&format!("/v1/ad-campaigns/{campaign}/keywords"));
        let keyword = id(&keywords["data"][0]).to_owned();
        let (paused, ended) = (desk.campaign(&party, "paused"), desk.campaign(&party, "ended"));
        // Its last day is over by the next noon.
        let path = format!("/v1/ad-campaigns/{}", id(&ended));
        let last = Zone::shanghai().date(desk.now().parse().unwrap()).to_string();
        desk.client.patch(&path, &json!({ "ends_on": last })).ended(200);
        desk.noon();
        let path = format!("/v1/ad-campaigns/{}", id(&paused));
        desk.client.patch(&path, &json!({ "on": false })).ended(200);
        let now: Timestamp = desk.now().parse().unwrap();
        let at = |micros: i64| now.plus(micros).to_string();
        desk.advance(300);
        let now_text = at(0);
        let good = |click_id: &str| click(click_id, &campaign, &now_text, 60);
        let with = |mut click: Value, field: &str, value: Value| {
            click[field] = value;
            click
        };
        let auction = |quality: i64| {
            let mut click = good("auction");
            click.as_object_mut().unwrap().remove("price_minor");
            click["auction"] = json!({ "quality": quality, "next": { "bid_minor": 200, "quality": 300 } });
            with(click, "keyword_id", json!(keyword))
        };
        let items = vec![
            (good("a"), "60"),
            (good("a"), "60 again"),
            (with(good("a"), "price_minor", json!(61)), "click_conflict /click_id"),
            (
                with(good("b"), "campaign_id", json!("cmp_00000000000000000000000000")),
                "campaign_unknown /campaign_id",
            ),
            (with(good("b"), "advertiser_id", json!(other)), "campaign_foreign /advertiser_id"),
            (with(good("b"), "campaign_id", json!(id(&paused))), "60"),
            (click("late", id(&paused), &at(4 * MINUTE), 60), "campaign_paused /campaign_id"),
            (with(good("c"), "price_minor", json!(0)), "price_not_positive /price_minor"),
            (with(good("c"), "price_minor", json!(-60)), "price_not_positive /price_minor"),
            (with(good("c"), "price_minor", json!(4)), "price_below_minimum /price_minor"),
            (
                with(with(good("c"), "keyword_id", json!(keyword)), "price_minor", json!(121)),
                "price_above_bid /price_minor",
            ),
            (
                with(good("c"), "keyword_id", json!("kw_00000000000000000000000000")),
                "keyword_unknown /keyword_id",
            ),
            (auction(0), "quality_not_positive /auction/quality"),
            (auction(1_000), "61"),
            (click("c", &campaign, &at(HOUR), 60), "click_in_the_future /click_at"),
            (click("c", &campaign, &at(-8 * DAY), 60), "click_too_late /click_at"),
            (click("d", &campaign, &at(-6 * DAY), 60), "60"),
            (with(good("e"), "click_id", json!("")), "click_id_invalid /click_id"),
            (with(good("e"), "campaign_id", json!("nonsense")), "invalid_input /campaign_id"),
            (with(good("e"), "campaign_id", json!(party)), "invalid_input /campaign_id"),
            (with(good("e"), "click_at", json!("yesterday")), "invalid_input /click_at"),
            (with(good("e"), "auction", json!({ "quality": 1 })), "invalid_input /price_minor"),
            (click("f", id(&ended), &now_text, 60), "campaign_ended /campaign_id"),
            (click("z", &foreign, &now_text, 70), "70"),
        ];
        let (clicks, expected): (Vec<Value>, Vec<&str>) = items.into_iter().unzip();
        assert_eq!(outcomes(&bulk(&desk, &clicks).ended(200)), expected);
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 50_000 - 60 - 60 - 61 - 60);
        assert_eq!(desk.balance(&other, AccountKind::AdCash), 50_000 - 70);

        // Singly the refusal is the answer.
        let single = |body: &Value| desk.post("/v1/ad-clicks", body);
        let answer = single(&good("single")).ended(200);
        assert_eq!((answer.int("amount_minor"), &answer.body["replayed"]), (60, &json!(false)));
        assert_eq!(single(&good("single")).ended(200).body["replayed"], true);
        let conflict = single(&with(good("single"), "price_minor", json!(59)));
        assert_eq!(refused(conflict, 422), ("click_conflict".to_owned(), "/click_id".to_owned()));
        let shapeless = single(&with(good("s"), "campaign_id", json!("nonsense")));
        assert_eq!(refused(shapeless, 400), ("invalid_input".to_owned(), "/campaign_id".to_owned()));

        // What is no list of clicks at all: refused as a whole, and nothing of it is charged.
        let many: Vec<Value> = (0..10_001).map(|n| good(&format!("m{n}"))).collect();
        assert_eq!(refused(bulk(&desk, &many), 400), ("bulk_size".to_owned(), "/items".to_owned()));
        assert_eq!(refused(bulk(&desk, &[]), 400).0, "bulk_size");
        for (field, value) in
            [("price_minor", json!(1.5)), ("price_minor", json!("60")), ("colour", json!(1))]
        {
            let answer = bulk(&desk, &[good("n1"), with(good("n2"), field, value)]);
            let (code, pointer) = refused(answer, 400);
            assert_eq!(
                (code.as_str(), pointer.starts_with("/items/1")),
                ("invalid_input", true),
                "{pointer}"
            );
        }
        // Tried dry it costs nothing and is not remembered.
        let dry = desk.client.post("/v1/ad-clicks?dry_run=true", "unused", &good("dry")).ended(200);
        assert_eq!((dry.int("amount_minor"), &dry.body["replayed"]), (60, &json!(false)));
        assert_eq!(single(&good("dry")).ended(200).body["replayed"], false);
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 50_000 - 60 - 60 - 61 - 60 - 120);
        desk.end(&place);
    }
}

/// A4, A5: the click that uses the money up stops every campaign in its own commit; those on their way become arrears,
/// later ones are refused, and the money that comes pays the arrears first.
#[test]
fn the_money_stops_delivery_a4_a5() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let (party, campaign) = running(&desk, "adv");
        let second = desk.campaign(&party, "second");
        let now = desk.now();
        assert_eq!(outcomes(&bulk(&desk, &[click("a", &campaign, &now, 49_990)])), ["49990"]);
        assert_eq!(desk.status(&second), "running");
        let last = bulk(&desk, &[click("b", &campaign, &now, 30), click("c", id(&second), &now, 9_980)]);
        assert_eq!(outcomes(&last), ["30", "9980"]);
        assert_eq!(desk.balance(&party, AccountKind::AdArrears), 10_000);
        assert_eq!(desk.status(&second), "arrears");
        let more = bulk(&desk, &[click("d", &campaign, &now, 5)]);
        assert_eq!(outcomes(&more), ["arrears_limit /campaign_id"]);
        let later = bulk(&desk, &[click("d", &campaign, &after(&desk, 120), 5)]);
        assert_eq!(outcomes(&later), ["campaign_stopped /campaign_id"]);
        assert_eq!(later.body["items"][0]["error"]["facts"]["reason"], "no_money");
        assert_eq!(desk.told(&party, "ads.stopped"), 1);
        let stopped = desk.events(&party).into_iter().find(|(kind, _)| kind == "ads.stopped").unwrap().1;
        assert_eq!((&stopped["epoch"], &stopped["reason"]), (&json!(1), &json!("arrears")));
        desk.top_up(&party, 20_000);
        assert_eq!(desk.balance(&party, AccountKind::AdArrears), 0);
        assert_eq!(desk.status(&second), "to_be_resumed");
        desk.post(&format!("/v1/parties/{party}/ad-account/resume"), &json!({})).ended(200);
        assert_eq!(outcomes(&bulk(&desk, &[click("d", &campaign, &after(&desk, 120), 5)])), ["5"]);
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

/// A7, A5: a budget is used up by one click and the next day has a new one; what was above it comes back by itself.
#[test]
fn a_budget_stops_its_campaign_until_midnight_a5_a7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let (party, campaign) = running(&desk, "adv");
        let path = format!("/v1/ad-campaigns/{campaign}");
        desk.client.patch(&path, &json!({ "daily_budget_minor": 3_000 })).ended(200);
        // The highest budget of a day counts, and this day had none at first.
        desk.noon();
        // A write shows the new time to those who read it.
        desk.client.patch(&path, &json!({ "name": "Summer" })).ended(200);
        let now = desk.now();
        let clicks = [
            click("a", &campaign, &now, 2_990),
            click("b", &campaign, &now, 60),
            click("c", &campaign, &now, 50),
        ];
        assert_eq!(outcomes(&bulk(&desk, &clicks)), ["2990", "60", "50"]);
        let later = bulk(&desk, &[click("d", &campaign, &after(&desk, 120), 60)]);
        assert_eq!(outcomes(&later), ["campaign_stopped /campaign_id"]);
        assert_eq!(later.body["items"][0]["error"]["facts"]["reason"], "daily_budget");
        let read = desk.get(&path);
        assert_eq!(read["status"]["state"], "daily_budget");
        // At once when the budget is raised, until that is used up; lowered again the highest one of the day counts.
        let change =
            |budget: i64| desk.client.patch(&path, &json!({ "daily_budget_minor": budget })).ended(200);
        change(3_050);
        assert_eq!(desk.status(&read), "daily_budget");
        change(3_110);
        assert_eq!(desk.status(&read), "running");
        let more = bulk(&desk, &[click("e", &campaign, &after(&desk, 120), 60)]);
        assert_eq!(outcomes(&more), ["60"]);
        change(3_000);
        assert_eq!(desk.status(&read), "daily_budget");
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 50_000 - 3_160);
        desk.noon();
        wait_until("the day is closed", 20, || desk.told(&party, "ads.day_credited") == 1);
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 50_000 - 3_110);
        assert_eq!(desk.status(&read), "running");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

/// A8, A10: invalid clicks go back once and to their own advertiser; figures are said of an hour once.
#[test]
fn invalid_clicks_and_figures_a8_a10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let ((party, campaign), (other, foreign)) = (running(&desk, "one"), running(&desk, "two"));
        let now = desk.now();
        let clicks = [
            click("a", &campaign, &now, 100),
            click("b", &campaign, &now, 200),
            click("z", &foreign, &now, 300),
        ];
        assert_eq!(outcomes(&bulk(&desk, &clicks)), ["100", "200", "300"]);
        let body =
            json!({ "advertiser_id": party, "click_ids": ["a", "a", "z", "never"], "reason": "robots" });
        let credit = desk.client.post("/v1/ad-clicks/invalid", "credit-1", &body).ended(200);
        let codes: Vec<&Value> =
            credit.body["items"].as_array().unwrap().iter().map(|item| &item["error"]["code"]).collect();
        assert_eq!(
            codes,
            [&Value::Null, &json!("click_credited_before"), &json!("click_foreign"), &json!("click_unknown")]
        );
        assert_eq!(credit.int("credited_minor"), 100);
        let again = desk.client.post("/v1/ad-clicks/invalid", "credit-1", &body).ended(200);
        assert!(again.replayed && again.body == credit.body);
        assert_eq!(desk.balance(&party, AccountKind::AdCash), 49_800);
        assert_eq!(desk.balance(&other, AccountKind::AdCash), 49_700);
        for (field, value, pointer) in [
            ("reason", json!(""), "/reason"),
            ("advertiser_id", json!("nonsense"), "/advertiser_id"),
            ("click_ids", json!([]), "/click_ids"),
        ] {
            let mut wrong = body.clone();
            wrong[field] = value;
            assert_eq!(refused(desk.post("/v1/ad-clicks/invalid", &wrong), 400).1, pointer);
        }
        let figures = |hour: &str, impressions: i64| json!({ "campaign_id": campaign, "hour": hour, "impressions": impressions, "conversions": 2 });
        let report = |items: Value| desk.post("/v1/ad-figures/bulk", &json!({ "items": items })).ended(200);
        assert_eq!(report(json!([figures(&now, 500), figures(&now, 700)])).int("refused"), 0);
        let next: Timestamp = now.parse().unwrap();
        let wrong = report(json!([
            figures(&next.plus(2 * HOUR).to_string(), 1),
            figures(&now, -1),
            json!({ "campaign_id": campaign, "impressions": 1, "conversions": 1 }),
        ]));
        let codes: Vec<&str> = wrong.body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["error"]["code"].as_str().unwrap())
            .collect();
        assert_eq!(codes, ["figures_in_the_future", "figures_out_of_range", "invalid_input"]);
        desk.end(&place);
    }
}

/// A7: the bench of clicks runs to its end, and its books are sound.
#[test]
fn clicks_are_measured_a7() {
    let random = [(Place::folder(), Some("--random-ids"))];
    for (place, ids) in Place::all().into_iter().map(|place| (place, None)).chain(random) {
        let flags = ["bench", "charges", "--transfers", "3000", "--batch", "500", "--advertisers", "20"];
        let more = ["--singles", "100", "--single-connections", "4", "--ledger-transfers", "0", "--json"];
        let flags: Vec<&str> = flags.into_iter().chain(more).chain(ids).collect();
        let figures = place.run(&flags).ended(0).json();
        assert_eq!((&figures["transfers"], &figures["verify"]), (&json!(3_000), &json!("ok")), "{figures}");
        assert!(figures["replayed"].as_i64() > Some(0) && figures["refused"].as_i64() > Some(0), "{figures}");
    }
}
