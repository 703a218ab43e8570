//! Rails that nobody reaches: what waits for them goes another way or says why it waits (P10, P14, G).

use serde_json::{Value, json};

use crate::{
    alipay::{World, activate, each},
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
