//! Counters come back to the civil date of the request (M): after a bounce, a rejection and a failure, daily (X10) and
//! over twelve months (X9); and where money may go after a studio upgrade (X10).

use purser_domain::time::{Date, Timestamp, Zone};
use serde_json::{Value, json};

use super::{
    cases::PDF,
    desk::{Desk, refused},
};
use crate::support::{
    http::Client,
    world::{Place, wait_until},
};

/// 499,999.00: the most of a day after the upgrade.
const CAP: i64 = 49_999_900;

/// Moves the clock to nine in the morning of tomorrow, so that what follows is on one civil date.
fn tomorrow_morning(desk: &Desk) -> Date {
    let zone = Zone::shanghai();
    let now: Timestamp = desk.now().parse().unwrap();
    let day = zone.date(now).tomorrow().unwrap();
    let morning = zone.at(day, 9, 0);
    desk.move_to(&morning.to_string());
    wait_until("the clock shows it", 20, || desk.now().parse::<Timestamp>().unwrap() >= morning);
    day
}

/// Waits until a withdrawal came back, in small steps of time, so that the civil date stays.
fn bounces(desk: &Desk, id: &str) {
    wait_until(&format!("{id} bounces"), 30, || {
        desk.advance(5);
        desk.withdrawal(id)["state"] == "bounced"
    });
}

/// A creator who is a studio, with money and an account whose number names its fate.
fn studio(desk: &Desk, name: &str, fate: &str) -> String {
    let id = desk.studio(name);
    let account = json!({ "kind": "sandbox", "number": format!("{name}.{fate}") });
    desk.post(&format!("/v1/parties/{id}/payout-accounts"), &account).ended(201);
    desk.earn(&id, 300_000_000);
    id
}

/// X10, M: what bounces the same day can be asked for again that day, and a bounce of tomorrow is given back to the day
/// of its request.
#[test]
fn a_bounce_gives_the_day_back_x10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let day = tomorrow_morning(&desk);
        let id = studio(&desk, "s1", "bounce");
        desk.top_up(200_000_000);
        let first = desk.withdraw(&id, CAP).ended(201).text("id").to_owned();
        assert_eq!(refused(&desk.withdraw(&id, 10), "daily_cap", 10)["bound_minor"], 0);
        bounces(&desk, &first);
        let second = desk.withdraw(&id, CAP).ended(201);
        assert_eq!(second.text("requested_on"), day.to_string(), "still the same day");
        refused(&desk.withdraw(&id, 10), "daily_cap", 10);
        bounces(&desk, second.text("id"));
        assert_eq!(desk.overview(&id)["totals"]["withdrawn_minor"], 0);
        assert_eq!(desk.overview(&id)["withdrawable_minor"], 285_000_000);
        // Sent and returned a day later: it counted on the day of its request, so today has its own whole cap, and not
        // more.
        desk.rail_healthy(false);
        let late = desk.withdraw(&id, CAP).ended(201).text("id").to_owned();
        let next = tomorrow_morning(&desk);
        desk.rail_healthy(true);
        bounces(&desk, &late);
        desk.rail_healthy(false);
        let today = desk.withdraw(&id, CAP).ended(201);
        assert_eq!(today.text("requested_on"), next.to_string());
        assert_eq!(refused(&desk.withdraw(&id, 10), "daily_cap", 10)["bound_minor"], 0);
        desk.server.stop();
        place.verify(true);
    }
}

/// X9, X10, M: refused in review, a request never counted: neither in its day nor in the months that are summed.
#[test]
fn a_rejection_gives_day_and_months_back_x9_x10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (li, wang) = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        tomorrow_morning(&desk);
        let reject = |client: &Client, id: &str| {
            let body = json!({ "decision": "reject", "note": "papers are missing" });
            let answer = client.post(&format!("/v1/withdrawals/{id}/decision"), &desk.fresh(), &body);
            assert_eq!(answer.ended(200).text("state"), "rejected");
        };
        // A person: 500,000.00 is reviewed, and counts in the months while it is.
        let person = desk.party("p1", "creator", "individual");
        desk.payable(&person, "p1.ok");
        desk.earn(&person, 100_000_000);
        let rolling = || {
            let page = desk.client.get(&format!("/v1/parties/{person}/studio")).ended(200).body;
            page["rolling_minor"].as_i64().unwrap()
        };
        let asked = desk.withdraw(&person, 50_000_000).ended(201);
        assert_eq!((asked.text("state"), rolling()), ("in_review", 50_000_000));
        reject(&li, asked.text("id"));
        assert_eq!(rolling(), 0);
        // A studio stays below that; policy lets people look at less.
        let people = (li, wang);
        desk.policy(&people, &[("approval.payout_threshold", "P16", "10_000")]);
        let id = studio(&desk, "s1", "ok");
        let asked = desk.withdraw(&id, CAP).ended(201);
        assert_eq!(asked.text("state"), "in_review");
        refused(&desk.withdraw(&id, 10), "daily_cap", 10);
        reject(&people.0, asked.text("id"));
        assert_eq!(desk.withdraw(&id, CAP).ended(201).text("state"), "in_review");
        desk.server.stop();
        place.verify(true);
    }
}

const CREDIT_CODE: &str = "91350100M000100Y43";

/// X10: before the upgrade money goes to Alipay; after it, to a bank card only, of the person or the studio. What was
/// asked for before and not sent yet fails with that reason, and the money is back.
#[test]
fn alipay_ends_with_the_studio_upgrade_x10() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let li = desk.staff("li", "support");
        let party = desk.party("ann", "creator", "individual");
        desk.post("/v1/sandbox/onboardings", &json!({ "party_id": party, "name": "安安" })).ended(200);
        let bind = |body: Value| {
            let path = format!("/v1/parties/{party}/payout-accounts");
            desk.post(&path, &body).ended(201).text("id").to_owned()
        };
        let alipay = bind(json!({ "kind": "alipay", "number": "ann@example.com", "holder": "安安" }));
        let card =
            bind(json!({ "kind": "personal_card", "number": "6222020200112230004", "holder": "安安" }));
        desk.earn(&party, 1_000_000);
        // The card cools off.
        tomorrow_morning(&desk);
        tomorrow_morning(&desk);
        let to = |account: &str| {
            let body = json!({ "party_id": party, "amount_minor": 10_000, "destination": account });
            desk.post("/v1/withdrawals", &body)
        };
        desk.rail_healthy(false);
        let before = to(&alipay).ended(201).text("id").to_owned();

        let details = json!({ "name": "杭州安安文化工作室", "credit_code": CREDIT_CODE, "operator_name": "安安",
            "valid_until": "2035-12-31" });
        let path = format!("/v1/parties/{party}/studio");
        let case = desk.post(&path, &details).ended(201).body["case"]["id"].as_str().unwrap().to_owned();
        let files = format!("/v1/parties/{party}/cases/{case}/attachments?name=licence.pdf");
        desk.client.upload(&files, PDF).ended(201);
        let grant = json!({ "grant": true, "reason": "Welcome." });
        li.post(&format!("{path}/decision"), &desk.fresh(), &grant).ended(200);

        let facts = refused(&to(&alipay), "destination_kind", 7);
        assert_eq!(facts["next_step"], "fix_destination");
        let look = json!({ "party_id": party, "amount_minor": 10_000, "destination": alipay });
        let look = desk.post("/v1/withdrawals?dry_run=true", &look).ended(200).body;
        assert_eq!(look["checks"][6]["codes"], json!(["destination_kind"]));
        let after = to(&card).ended(201).text("id").to_owned();
        desk.top_up(1_000_000);
        desk.rail_healthy(true);
        let failed = desk.until(&before, "failed");
        assert_eq!(failed["explanation"]["who_must_act"], "party", "{failed}");
        desk.until(&after, "paid");
        wait_until("only the card was paid", 20, || {
            desk.overview(&party)["totals"]["withdrawn_minor"] == 10_000
        });
        assert_eq!(desk.overview(&party)["withdrawable_minor"], 950_000 - 10_000);
        desk.server.stop();
        place.verify(true);
    }
}
