//! Days of promise, long lists and two hands at once (X16, P5).

use serde_json::{Value, json};

use super::{
    everything, funded, invoice, listed, order, overview, path, payee, reaches, read, submitted, to,
};
use crate::{
    desk::Desk,
    support::{
        http::Answer,
        world::{Place, wait_until},
    },
};

#[test]
fn dates_around_spring_festival_and_beyond_the_known_calendar_x16_p5() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-01-05T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "finance"));
        let party = payee(&client, "studio", "creator", "enterprise", "ordinary", "ok");
        order(&client, &party, "s-1", 500_000);
        to(&client, "2026-02-10T09:00:00+08:00");
        listed(&client, &party, "2026-01");
        to(&client, "2026-02-13T18:00:00+08:00");
        let id = submitted(&client, &party, "spring");
        assert_eq!(read(&client, &id).text("due_on"), "2026-03-05", "春节 2026");
        let reject = json!({ "decision": "reject", "reason": "发票章不全" });
        li.post(&path(&id, "decision"), "d1", &reject).ended(200);

        to(&client, "2026-12-18T10:00:00+08:00");
        client.post(&path(&id, "invoice"), "d2", &invoice(500_000)).ended(200);
        let waiting = read(&client, &id);
        assert_eq!(
            [&waiting.body["due_on"], &waiting.body["calendar_missing"]],
            [&Value::Null, &json!(true)]
        );
        assert!(waiting.body["explanation"]["zh"].as_str().unwrap().contains("日历"));
        let year = json!({ "source": "notice", "off": ["2027-01-01..2027-01-03"], "make_up": [] });
        client.post("/v1/calendar/2027", "d3", &year).ended(200);
        to(&client, "2026-12-18T10:05:00+08:00");
        wait_until("it is dated", 20, || read(&client, &id).body["due_on"] == "2027-01-04");
        assert_eq!(read(&client, &id).body["calendar_missing"], false);

        to(&client, "2027-01-05T00:01:00+08:00");
        let overdue =
            || client.get("/v1/events?limit=200").ended(200).body.to_string().contains("settlement.overdue");
        wait_until("the desk is told", 20, overdue);
        let late = read(&client, &id);
        assert_eq!(
            [&late.body["explanation"]["overdue"], &late.body["explanation"]["who_must_act"]],
            [&json!(true), &json!("staff")]
        );
        funded(&client, 500_000);
        li.post(&path(&id, "decision"), "d4", &json!({ "decision": "accept" })).ended(200);
        reaches(&client, &id, "paid");
        desk.server.stop();
        place.verify(true);
    }
}

#[test]
fn many_orders_lines_and_two_hands_at_once_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-03-02T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li", "finance"));
        let party = payee(&client, "busy", "creator", "enterprise", "ordinary", "ok");
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let orders: Vec<Value> = (0..1_200)
            .map(|n| {
                json!({ "order_id": format!("busy {n}"), "creator_id": party, "task_type": "video", "title": "t",
                    "amount_minor": 100 + n, "accepted_at": at, "status": "completed", "completed_at": at })
            })
            .collect();
        client.post("/v1/task-orders/bulk", "many", &json!({ "items": orders })).ended(200);
        let line = json!({ "amount_minor": -5_000, "note": "三月违约扣款" });
        let lines = format!("/v1/parties/{party}/settlement-lines");
        let line = li.post(&lines, "line", &line).ended(201).text("id").to_owned();
        assert!(line.starts_with("sl_"));
        to(&client, "2026-04-10T09:00:00+08:00");
        let month = listed(&client, &party, "2026-03");
        let sum: i64 = (0..1_200).map(|n| 100 + n).sum::<i64>() - 5_000;
        assert_eq!([&month["orders"], &month["net_minor"]], [&json!(1_201), &json!(sum)]);

        let address = &desk.server;
        let outcomes: Vec<Answer> = std::thread::scope(|scope| {
            let hands = ["one", "two"].map(|hand| {
                let (client, wish) = (address.client(&desk.key), everything(&party));
                scope.spawn(move || client.post("/v1/settlements", hand, &wish))
            });
            hands.map(|hand| hand.join().unwrap()).into()
        });
        let mut statuses: Vec<u16> = outcomes.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 422], "each order once");
        let made = outcomes.iter().find(|answer| answer.status == 201).unwrap();
        assert_eq!(
            [&made.body["orders"], &made.body["amounts"]["adjustment_minor"]],
            [&json!(1_201), &json!(-5_000)]
        );
        assert_eq!(overview(&client, &party), [5_000, sum, 0]);
        desk.server.stop();
        place.verify(true);
    }
}
