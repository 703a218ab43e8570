//! Withdrawals that come to nothing (C16): each with code and remedy, their distribution for staff, and what the fee does.

use std::process::{Command, Stdio};

use purser_storage::Statement;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    binary,
    shop::{Desk, draw, fund, limit, merchant, refused, sell, shop, state, withdrawal},
    world::{Place, Server, ints, wait_until},
};

fn kind<'v>(view: &'v Value, name: &str) -> &'v Value {
    view["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == name).unwrap()
}

/// C16: refusals, a returned payment, a refusal in review and a disputed fee are counted by what they came to nothing for.
#[test]
fn failures_are_told_with_a_remedy_and_counted_over_time_c16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let id = shop(&client, "s1", 1_000_000);
        sell(&client, &id, "a", 300_000, true);
        for n in 0..3 {
            refused(&draw(&client, &id, Some(300_001), &format!("much-{n}")), "insufficient_available", 9);
        }
        // A dry run and a replay fail nothing.
        let look = json!({ "party_id": id, "source": "proceeds", "amount_minor": 300_001 });
        client.post("/v1/withdrawals?dry_run=true", "look", &look).ended(200);
        assert!(draw(&client, &id, Some(300_001), "much-0").replayed);
        client.post(&format!("/v1/parties/{id}/freeze"), "fr", &json!({ "reason": "checking" })).ended(200);
        refused(&draw(&client, &id, Some(1_000), "frozen"), "party_frozen", 2);
        client.post(&format!("/v1/parties/{id}/unfreeze"), "un", &json!({})).ended(200);
        let free = draw(&client, &id, Some(10_000), "free").ended(201).text("id").to_owned();
        let paid = draw(&client, &id, Some(100_000), "w").ended(201);
        assert_eq!(paid.int("fee_minor"), 600);
        // The stored breakdown of the fee is disputed: a case from the withdrawal.
        let dispute = json!({ "party_id": id, "kind": "fee_dispute", "subject": paid.text("id"),
            "summary": "The fee should be lower" });
        client.post("/v1/cases", "dispute", &dispute).ended(201);
        assert_eq!(withdrawal(&client, paid.text("id"))["fee"]["base_minor"], 100_000);
        desk.to("2026-03-02T23:30:00+08:00");
        refused(&draw(&client, &id, Some(1_000), "late"), "closed_window", 3);

        desk.to("2026-03-03T09:00:00+08:00");
        wait_until("paid", 30, || [&free, paid.text("id")].iter().all(|wd| state(&client, wd) == "paid"));
        let view = client.get("/v1/withdrawal-failures").ended(200).body;
        assert_eq!((&view["count"], &view["until"]), (&json!(6), &json!("2026-03-03")), "{view}");
        assert_eq!(
            view["days"],
            json!([{ "on": "2026-03-02", "count": 6,
            "kinds": { "fee_dispute": 1, "frozen_account": 1, "insufficient": 3, "maintenance": 1 } }])
        );
        let insufficient = kind(&view, "insufficient");
        assert_eq!((&insufficient["count"], &insufficient["share_ppm"]), (&json!(3), &json!(500_000)));
        assert_eq!(insufficient["codes"], json!([{ "code": "insufficient_available", "count": 3 }]));
        assert!(insufficient["remedy_zh"].is_string() && insufficient["remedy_en"].is_string());
        assert_eq!(kind(&view, "abnormal_account")["zh"], "账户存在风险");
        let none = client.get("/v1/withdrawal-failures?source=earnings").ended(200).body;
        assert_eq!(none["count"], 0);
        client.get("/v1/withdrawal-failures?from=2026-01-01&until=2026-12-31").ended(400);
        let own = client.get(&format!("/v1/parties/{id}/withdrawal-failures?limit=2")).ended(200).body;
        assert_eq!(own["data"][0]["code"], "closed_window");
        assert!(own["data"][0]["remedy_en"].is_string() && own["next_cursor"].is_string());
        desk.server.stop();
        place.verify(true);
    }
}

/// C16: a bounce for the payee's own wrong data costs that attempt's fee; a rail's failure costs nothing.
#[test]
fn the_fee_of_a_failed_attempt_depends_on_whose_doing_it_was_c16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T10:00:00+08:00");
        let client = desk.client();
        fund(&client, 100_000_000);
        let day = "2023-01-01";
        let ready = |fate: &str| {
            let id = merchant(&client, fate, fate);
            let component = json!({ "source": "credit_evaluation", "amount_minor": 1_000_000, "since": day });
            let report =
                json!({ "merchant_id": id, "opened_on": day, "level": 3, "components": [component] });
            client.post("/v1/credit-shops", &format!("shop-{fate}"), &report).ended(200);
            sell(&client, &id, &format!("o-{fate}"), 500_000, true);
            id
        };
        let bounces = ready("bounce");
        let first = draw(&client, &bounces, Some(100_000), "b1").ended(201).text("id").to_owned();
        let second = draw(&client, &bounces, Some(100_000), "b2").ended(201);
        assert_eq!(second.int("fee_minor"), 600);
        let second = second.text("id").to_owned();
        let refuses = ready("fail");
        let third = draw(&client, &refuses, Some(100_000), "r1").ended(201).text("id").to_owned();
        let fourth = draw(&client, &refuses, Some(100_000), "r2").ended(201).text("id").to_owned();
        desk.to("2026-03-03T09:00:00+08:00");
        wait_until("they come back", 60, || {
            desk.client()
                .post("/v1/sandbox/clock", &next_key(), &json!({ "advance_seconds": 10 }))
                .ended(200);
            [&first, &second].iter().all(|wd| state(&client, wd) == "bounced")
                && [&third, &fourth].iter().all(|wd| state(&client, wd) == "failed")
        });
        assert_eq!(limit(&client, &bounces)["proceeds_minor"], 499_400, "the attempt's fee is kept");
        assert_eq!(
            limit(&client, &refuses)["proceeds_minor"],
            500_000,
            "nothing was sent: nothing is charged"
        );
        // Neither stands: the next one is the first again (C15).
        let next = draw(&client, &bounces, Some(100_000), "b3").ended(201);
        assert_eq!((next.int("fee_minor"), &next.body["fee"]["rule"]), (0, &json!("first_free")));
        let view = client.get("/v1/withdrawal-failures").ended(200).body;
        assert_eq!(kind(&view, "abnormal_account")["count"], 4, "{view}");
        desk.server.stop();
        place.verify(true);
    }
}

static BY_KIND: Statement = Statement {
    name: "test.failures",
    sql: "SELECT COUNT(CASE WHEN kind = 'insufficient' THEN 1 END), COUNT(CASE WHEN kind = 'abnormal_account' THEN 1 END), \
          COUNT(CASE WHEN kind = 'maintenance' THEN 1 END), COUNT(CASE WHEN kind = 'frozen_account' THEN 1 END), \
          COUNT(CASE WHEN kind = 'fee_dispute' THEN 1 END) FROM withdrawal_failures WHERE source = 'proceeds'",
};

/// C16: the demo's merchants meet every kind of failure as often as the platform did, so that staff see something real.
/// C11: some of them owe what came back after they had drawn it.
#[test]
fn the_demo_shows_a_distribution_of_failures_and_what_is_due_c11_c16() {
    for place in Place::all() {
        // On a server the demo leaves its key of personal values where it runs.
        let home = TempDir::new().unwrap();
        let mut seed = Command::new(binary());
        seed.args(["demo", "--seed-only"]).args(place.flags()).current_dir(home.path());
        assert!(seed.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
        assert_eq!(ints(place.reader().as_mut(), &BY_KIND, 5), [[62, 18, 9, 6, 5]], "{}", place.engine());
        let due: Vec<i64> = ints(place.reader().as_mut(), &DUE, 1).into_iter().map(|row| row[0]).collect();
        assert!(due.len() >= 2, "{due:?}");
        let report = place.run(&["report", "credit", "--json"]).ended(0).json();
        assert_eq!(report["due_minor"], due.iter().sum::<i64>());
        let key = place.key();
        let mut command = Server::command(&place);
        if matches!(place, Place::Postgres { .. }) {
            let file = home.path().join("purser-demo-secrets.key");
            command.env_remove("PURSER_SECRETS_KEY").arg("--secrets-key-file").arg(file);
        }
        let server = Server::of(command);
        // The last weeks of the demo's year.
        let view = server.client(&key).get("/v1/withdrawal-failures").ended(200).body;
        assert!(kind(&view, "insufficient")["count"].as_i64().unwrap() > 0, "{view}");
        server.stop();
        place.verify(true);
    }
}

static DUE: Statement =
    Statement { name: "test.due", sql: "SELECT due FROM credit_shops WHERE due > 0 ORDER BY due" };

/// A key that was not used before.
fn next_key() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("tick-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
