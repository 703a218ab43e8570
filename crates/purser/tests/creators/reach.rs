//! Rails that nobody reaches: what waits for them goes another way or says why it waits (P10, P14, G).

use serde_json::{Value, json};

use crate::{
    alipay::{World, activate, each, put_in_force},
    support::world::{Place, Server, wait_until},
};

fn alipay(world: &World<'_>) -> Value {
    let rails = world.client().get("/v1/rails").ended(200).body["data"].clone();
    rails.as_array().unwrap().iter().find(|rail| rail["rail"] == "alipay").unwrap().clone()
}

fn fund_the_other_way(world: &World<'_>) {
    let top_up = json!({ "amount_minor": 45_000_000, "reference": "bank" });
    world.client().post("/v1/rails/sandbox/float-top-ups", "other", &top_up).ended(201);
}

#[test]
fn a_rail_out_of_reach_is_left_alone_until_it_answers_p10_p14_g15() {
    each(|world| {
        world.restart(false);
        let waits = world.withdrawal(10_000);
        wait_until("the rail is out of reach", 90, || alipay(world)["healthy"] == false);
        wait_until("it says why it waits", 90, || {
            world.read(&waits).body["explanation"]["code"] == "rail_unhealthy"
        });
        // What is asked for now takes another way.
        fund_the_other_way(world);
        let other = world.asks(20_000);
        assert_eq!(other.text("rail"), "sandbox");
        world.ends(other.text("id"), "paid");
        let later = json!({ "advance_seconds": 61 });
        world.client().post("/v1/sandbox/clock", "l1", &later).ended(200);
        assert!(world.gateway.orders(&waits).is_empty(), "nothing was sent");
        world.restart(true);
        wait_until("it answers", 90, || alipay(world)["healthy"] == true);
        world.client().post("/v1/sandbox/clock", "l2", &later).ended(200);
        world.ends(&waits, "paid");
        assert_eq!(world.gateway.orders(&waits)[0]["sends"], 1);
        let events = world.client().get("/v1/events?limit=200").ended(200).body["data"].to_string();
        assert!(events.contains("rail.unreachable") && events.contains("rail.reachable"), "{events}");
    });
}

#[test]
fn what_waits_for_a_rail_that_no_server_reaches_goes_another_way_p10() {
    each(|world| {
        // More than float covers: the third is not sent.
        let sent = [world.withdrawal(30_000_000), world.withdrawal(40_000_000)];
        let third = world.withdrawal(45_000_000);
        world.ends(&third, "waiting_for_funds");
        for id in &sent {
            world.ends(id, "paid");
        }
        world.server.take().unwrap().stop();
        // The only server of a folder knows that nobody else reaches the rail; elsewhere it is switched off.
        if !matches!(world.place, Place::Folder(_)) {
            activate(world.place, false);
        }
        world.server = Some(Server::start(world.place));
        fund_the_other_way(world);
        world.ends(&third, "paid");
        assert_eq!(world.read(&third).text("rail"), "sandbox");
    });
}

/// G, check 10: an amount that every rail refuses only for its size is told the largest one, with what to do.
#[test]
fn an_amount_above_every_rail_is_told_the_largest_one_p10_g10() {
    each(|world| {
        let (party, account) = world.rich(2_000_000);
        world.server.take().unwrap().stop();
        let routing = "[{ account = \"alipay\", rail = \"alipay\", most = 500_000 }]";
        let on = ("rail.alipay.enabled", "P4", "true");
        put_in_force(world.place, &[on, ("payout.routing", "P10", routing)]);
        // Live books: outside a sandbox nobody carries what policy gives to no rail.
        world.place.tamper("DELETE FROM meta WHERE name = 'mode'");
        world.restart(true);
        let ask = |amount: i64, query: &str, key: &str| {
            let body = json!({ "party_id": party, "destination": account, "amount_minor": amount });
            world.client().post(&format!("/v1/withdrawals{query}"), key, &body)
        };
        let no = ask(500_001, "", "above").ended(422).body;
        assert_eq!(
            (&no["code"], &no["facts"]["bound_minor"]),
            (&json!("rail_amount_cap"), &json!(500_000)),
            "{no}"
        );
        assert!(no["facts"]["message_zh"].as_str().unwrap().contains("最大金额"), "{no}");
        assert_eq!((&no["facts"]["who_must_act"], &no["facts"]["check"]), (&json!("party"), &json!(10)));
        let looked = ask(500_001, "?dry_run=true", "look").ended(200).body;
        assert!(looked["reasons"].to_string().contains("rail_amount_cap"), "{looked}");
        let paid = ask(500_000, "", "just").ended(201);
        world.ends(paid.text("id"), "paid");
    });
}
