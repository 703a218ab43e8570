//! The account as it stands, what to top up, alerts and automatic top-ups (A1, A2, A3, A10, A11).

use purser_domain::{
    ledger::AccountKind,
    time::{HOUR, Timestamp},
};
use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::world::{Place, wait_until};

#[test]
fn the_account_says_what_there_is_and_what_to_top_up_a1_a2_a3() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.allow_arrears(100_000);
        let party = desk.advertiser("adv");
        let fresh = desk.account(&party);
        assert_eq!((&fresh["state"], &fresh["balance_minor"]), (&json!("normal"), &json!(0)));
        assert_eq!(fresh["top_up"]["minimum_minor"], 50_000, "500 yuan at first");
        assert_eq!(fresh["top_up"]["suggested_minor"], 50_000);
        assert_eq!(fresh["run_out_at"], fresh["run_out_at"]);
        let campaign = desk.campaign(&party, "c1");
        desk.campaign(&party, "c2");
        assert_eq!(desk.account(&party)["top_up"]["suggested_minor"], 7 * 20_000, "a week of both budgets");
        desk.top_up(&party, 50_000);
        // Arrears are paid first, the rest is balance; below the arrears is allowed.
        desk.owe(&party, &campaign, 60_000);
        let owing = desk.account(&party);
        assert_eq!(owing["top_up"]["suggested_minor"], 60_000 + 7 * 20_000);
        desk.top_up(&party, 50_000);
        let part = desk.account(&party);
        assert_eq!((&part["arrears_minor"], &part["cash_minor"]), (&json!(10_000), &json!(0)));
        assert_ne!(part["stopped_at"], Value::Null, "while arrears remain delivery stays off");
        assert_eq!(part["top_up"]["minimum_minor"], 20_000, "200 yuan from then on");
        desk.top_up(&party, 20_000);
        let paid = desk.account(&party);
        assert_eq!((&paid["arrears_minor"], &paid["cash_minor"]), (&json!(0), &json!(10_000)));
        assert_eq!((&paid["stopped_at"], &paid["campaigns"]["total"]), (&Value::Null, &json!(2)));
        // Every step is a line of the log.
        let lines = format!("/v1/parties/{party}/ad-account/lines");
        let cash = desk.get(&lines)["data"].as_array().unwrap().clone();
        assert_eq!((&cash[0]["change_minor"], &cash[0]["balance_minor"]), (&json!(10_000), &json!(10_000)));
        assert_eq!((&cash[0]["kind"], &cash[0]["zh"]), (&json!("payment.credited"), &json!("充值到账")));
        let owed = desk.get(&format!("{lines}?of=arrears&limit=1"));
        assert_eq!(
            (&owed["data"][0]["kind"], &owed["data"][0]["balance_minor"]),
            (&json!("payment.arrears"), &json!(0))
        );
        let next = owed["next_cursor"].as_str().unwrap();
        let older = desk.get(&format!("{lines}?of=arrears&limit=1&cursor={next}"));
        assert_eq!(older["data"][0]["balance_minor"], 10_000);
        assert_eq!(refused(desk.client.get(&format!("{lines}?of=gold")), 400).0, "invalid_input");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn an_alert_is_told_once_each_time_the_balance_falls_a10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-account");
        desk.top_up(&party, 50_000);
        let version = desk.account(&party)["settings"]["version"].as_i64().unwrap();
        let set =
            desk.client.patch_at(&path, version, &json!({ "alert_below_minor": 30_000 })).ended(200).body;
        assert_eq!(set["alert_below_minor"], 30_000);
        let stale = desk.client.patch_at(&path, version, &json!({ "alert_below_minor": null }));
        assert_eq!(refused(stale, 412).0, "version_conflict");
        let back = |minor: i64| {
            let body = json!({ "amount_minor": minor });
            desk.post(&format!("{path}/refunds"), &body).ended(201);
        };
        back(20_000);
        assert_eq!(desk.told(&party, "ads.balance_low"), 0);
        back(1);
        back(1);
        assert_eq!(desk.told(&party, "ads.balance_low"), 1, "once");
        desk.top_up(&party, 20_000);
        back(15_000);
        back(10_000);
        assert_eq!(desk.told(&party, "ads.balance_low"), 2, "again after it had risen");
        let messages = desk.get(&format!("/v1/parties/{party}/messages"));
        let kinds = messages["data"].as_array().unwrap().iter().filter(|m| m["kind"] == "ads.balance_low");
        assert_eq!(kinds.count(), 2, "as messages of the party");
        for (body, code) in [
            (json!({ "alert_below_minor": 99 }), "ad_alert_out_of_range"),
            (json!({ "alert_below_minor": 100_000_001 }), "ad_alert_out_of_range"),
        ] {
            assert_eq!(refused(desk.client.patch(&path, &body), 422).0, code);
        }
        for body in [json!({ "alert_below_minor": 0 }), json!({ "resume": "often" }), json!({ "colour": 1 })]
        {
            assert_eq!(refused(desk.client.patch(&path, &body), 400).0, "invalid_input");
        }
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn earnings_top_the_account_up_by_themselves_a11() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let party = desk.party("both", &["creator", "advertiser"], "individual");
        let path = format!("/v1/parties/{party}/ad-account");
        desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 100_000);
        let campaign = desk.unbounded(&party, "c1");
        desk.top_up(&party, 50_000);
        desk.owe(&party, &campaign, 1_000);
        let resume = || desk.post(&format!("{path}/resume"), &json!({})).ended(200);
        let wish = json!({ "source": "earnings", "otherwise": null, "threshold_minor": 10_000,
            "amount_minor": 20_000, "daily_cap_minor": 50_000 });
        let set = desk.client.patch(&path, &json!({ "auto_top_up": wish })).ended(200).body;
        assert_eq!(set["auto_top_up"], wish);
        wait_until("the account is topped up", 20, || desk.account(&party)["cash_minor"] == 19_000);
        assert_eq!(desk.balance(&party, AccountKind::Earnings), 80_000, "arrears first, from the earnings");
        assert_eq!(desk.account(&party)["arrears_minor"], 0);
        assert_eq!(desk.status(&campaign), "to_be_resumed");
        // Used up: the next look, a minute later, brings one more; the cap of the day leaves no third.
        resume();
        desk.spend(&campaign, 19_000);
        desk.advance(60);
        wait_until("topped up again", 20, || desk.account(&party)["cash_minor"] == 20_000);
        resume();
        desk.spend(&campaign, 20_000);
        desk.advance(60);
        wait_until("the job looked again, and waits for tomorrow", 20, || tomorrow(&desk));
        assert_eq!(desk.account(&party)["cash_minor"], 0);
        assert_eq!(desk.told(&party, "ads.auto_top_up"), 2);
        let lines = desk.get(&format!("{path}/lines"))["data"].as_array().unwrap().clone();
        assert_eq!(lines[1]["zh"], "自动充值");
        // Off: nothing more, whatever day it is.
        let off = desk.client.patch(&path, &json!({ "auto_top_up": null })).ended(200).body;
        assert_eq!(off["auto_top_up"], Value::Null);
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

/// The job of the automatic top-up is due at the next midnight.
fn tomorrow(desk: &Desk) -> bool {
    let jobs = desk.get("/v1/jobs?limit=200")["data"].as_array().unwrap().clone();
    let job = jobs.iter().find(|job| job["kind"] == "ads.auto_top_up");
    job.is_some_and(|job| job["due_at"].as_str().unwrap().ends_with("T16:00:00Z"))
}

#[test]
fn an_automatic_top_up_that_is_refused_backs_off_a11() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let party = desk.party("both", &["creator", "advertiser"], "individual");
    let path = format!("/v1/parties/{party}/ad-account");
    let wish = |threshold: i64, amount: i64, cap: Value| {
        json!({ "auto_top_up": { "source": "earnings", "threshold_minor": threshold, "amount_minor": amount,
            "daily_cap_minor": cap } })
    };
    for (body, code, pointer) in [
        (wish(0, 20_000, Value::Null), "auto_threshold_invalid", "/auto_top_up/threshold_minor"),
        (wish(100, 19_999, Value::Null), "auto_amount_out_of_range", "/auto_top_up/amount_minor"),
        (wish(100, 20_000, json!(19_999)), "auto_cap_too_small", "/auto_top_up/daily_cap_minor"),
    ] {
        let found = refused(desk.client.patch(&path, &body), 422);
        assert_eq!(found, (code.to_owned(), pointer.to_owned()));
    }
    let mut card = wish(100, 20_000, Value::Null);
    card["auto_top_up"]["source"] = json!("card");
    assert_eq!(refused(desk.client.patch(&path, &card), 400).1, "/auto_top_up/source");
    // Nobody takes money that way here.
    card["auto_top_up"]["source"] = json!("alipay");
    let no = refused(desk.client.patch(&path, &card), 422);
    assert_eq!(no, ("auto_source_unavailable".to_owned(), "/auto_top_up".to_owned()));
    card["auto_top_up"]["otherwise"] = json!("sandbox");
    assert_eq!(refused(desk.client.patch(&path, &card), 400).1, "/auto_top_up/otherwise");
    card["auto_top_up"]["source"] = json!("earnings");
    card["auto_top_up"]["otherwise"] = json!("earnings");
    assert_eq!(refused(desk.client.patch(&path, &card), 400).1, "/auto_top_up/otherwise");
    let company = desk.advertiser("company");
    let body = wish(100, 20_000, Value::Null);
    let no = desk.client.patch(&format!("/v1/parties/{company}/ad-account"), &body);
    assert_eq!(refused(no, 422).0, "auto_source_unavailable");
    desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 19_999);
    desk.client.patch(&path, &body).ended(200);
    let retry = || desk.account(&party)["settings"]["auto_retry_at"].as_str().map(str::to_owned);
    wait_until("it was refused", 20, || retry().is_some());
    let first = retry();
    assert_eq!(desk.told(&party, "ads.auto_top_up_refused"), 1);
    desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 1);
    desk.advance(3_600);
    wait_until("an hour later it is paid", 20, || desk.account(&party)["cash_minor"] == 20_000);
    assert!(first.is_some() && retry().is_none());
    assert_eq!(desk.told(&party, "ads.auto_top_up_refused"), 1, "not tried in between");
    assert!(!id(&desk.campaign(&party, "c1")).is_empty());
    desk.end(&place);
}

/// The payment orders of a party, the newest first.
fn orders(desk: &Desk, party: &str) -> Vec<Value> {
    desk.get(&format!("/v1/payment-orders?party_id={party}"))["data"].as_array().unwrap().clone()
}

#[test]
fn an_order_of_the_right_size_waits_for_its_payer_a11() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-account");
        let campaign = desk.unbounded(&party, "c1");
        let wish = json!({ "source": "sandbox", "otherwise": null, "threshold_minor": 10_000,
            "amount_minor": 20_000, "daily_cap_minor": null });
        let set = desk.client.patch(&path, &json!({ "auto_top_up": wish })).ended(200).body;
        assert_eq!(set["auto_top_up"], wish);
        wait_until("an order is offered", 20, || !orders(&desk, &party).is_empty());
        let first = orders(&desk, &party).remove(0);
        // The first payment is 500.00 at least: thrice the amount.
        assert_eq!((&first["amount_minor"], &first["state"]), (&json!(60_000), &json!("created")));
        let offered = desk.events(&party).into_iter().find(|(kind, _)| kind == "ads.auto_top_up_offered");
        assert_eq!(offered.unwrap().1["method"], "sandbox");
        // While it waits there is no other one, however often the job looks.
        desk.advance(120);
        wait_until("the job looked again", 20, || looked(&desk));
        assert_eq!(orders(&desk, &party).len(), 1);
        desk.pay(&first);
        wait_until("it is paid", 20, || desk.account(&party)["cash_minor"] == 60_000);
        assert_eq!(desk.account(&party)["settings"]["auto_retry_at"], Value::Null);
        // Used up: the next look offers the next one, of one amount and what is owed.
        desk.owe(&party, &campaign, 1_000);
        desk.advance(60);
        wait_until("the next one is offered", 20, || orders(&desk, &party).len() == 2);
        assert_eq!(orders(&desk, &party)[0]["amount_minor"], 20_000);
        // Not paid in time: that is a refusal, and the next one waits for longer than its end.
        let retry: Timestamp =
            desk.account(&party)["settings"]["auto_retry_at"].as_str().unwrap().parse().unwrap();
        let ends: Timestamp = orders(&desk, &party)[0]["expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(retry, ends.plus(HOUR));
        desk.advance(16 * 60);
        wait_until("it is closed", 20, || orders(&desk, &party)[0]["state"] == "closed");
        desk.advance(60);
        wait_until("the job looked again", 20, || looked(&desk));
        assert_eq!(orders(&desk, &party).len(), 2);
        desk.advance(3_600);
        wait_until("an hour later there is another", 20, || orders(&desk, &party).len() == 3);
        assert_eq!(desk.told(&party, "ads.auto_top_up_offered"), 3);
        assert_eq!(desk.account(&party)["settings"]["auto_count"], 3);
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

/// The job of the automatic top-up is done with what was due.
fn looked(desk: &Desk) -> bool {
    let now: Timestamp = desk.now().parse().unwrap();
    let jobs = desk.get("/v1/jobs?limit=200")["data"].as_array().unwrap().clone();
    let job = jobs.iter().find(|job| job["kind"] == "ads.auto_top_up");
    job.is_some_and(|job| job["due_at"].as_str().unwrap().parse::<Timestamp>().unwrap() > now)
}

#[test]
fn what_earnings_do_not_cover_is_offered_as_an_order_a11() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let party = desk.party("both", &["creator", "advertiser"], "individual");
        let path = format!("/v1/parties/{party}/ad-account");
        let wish = json!({ "source": "earnings", "otherwise": "sandbox", "threshold_minor": 10_000,
            "amount_minor": 50_000, "daily_cap_minor": null });
        let set = desk.client.patch(&path, &json!({ "auto_top_up": wish })).ended(200).body;
        assert_eq!(set["auto_top_up"], wish);
        wait_until("an order is offered", 20, || orders(&desk, &party).len() == 1);
        assert_eq!(desk.told(&party, "ads.auto_top_up_refused"), 0);
        // Earnings come before it is paid: they are taken at the next look.
        desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 70_000);
        desk.advance(60);
        wait_until("the earnings top it up", 20, || desk.account(&party)["cash_minor"] == 50_000);
        assert_eq!(desk.balance(&party, AccountKind::Earnings), 20_000);
        assert_eq!(orders(&desk, &party).len(), 1);
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}
