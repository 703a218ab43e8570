//! Corporate settlement through the real binary on both databases (X16): the steps that its tests share.

mod dates;
mod payments;
mod rails;
mod whole;

use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    world::wait_until,
};

pub(super) const SELLER: &str = "星河文化传媒有限公司";
pub(super) const CODE: &str = "91110000600037341L";

pub(super) fn to(client: &Client, at: &str) {
    client.post("/v1/sandbox/clock", &format!("clock-{at}"), &json!({ "to": at })).ended(200);
}

/// A payee with a payout account whose number names its fate.
pub(super) fn payee(client: &Client, name: &str, roles: &str, form: &str, class: &str, fate: &str) -> String {
    let party = json!({ "external_id": name, "display_name": name, "roles": [roles], "legal_form": form,
        "class": class });
    let id = client.post("/v1/parties", &format!("party-{name}"), &party).text("id").to_owned();
    bind(client, &id, &format!("{name}.{fate}"));
    id
}

pub(super) fn bind(client: &Client, party: &str, number: &str) -> String {
    let account = json!({ "kind": "sandbox", "number": number });
    let path = format!("/v1/parties/{party}/payout-accounts");
    client.post(&path, &format!("account-{number}"), &account).ended(201).text("id").to_owned()
}

/// A completed order, settled at once; its id.
pub(super) fn order(client: &Client, party: &str, name: &str, minor: i64) -> String {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "=任务, 一",
        "amount_minor": minor, "accepted_at": at, "status": "completed", "completed_at": at });
    client.post("/v1/task-orders", &format!("order-{name}"), &order).ended(200).text("id").to_owned()
}

pub(super) fn listed(client: &Client, party: &str, month: &str) -> Value {
    let path = format!("/v1/parties/{party}/settlement-months");
    let mut found = Value::Null;
    wait_until(&format!("{month} is listed"), 20, || {
        let months = client.get(&path).ended(200).body;
        let months = months["data"].as_array().unwrap();
        let row = months.iter().find(|row| row["month"] == month && !row["listed_at"].is_null());
        found = row.cloned().unwrap_or_default();
        !found.is_null()
    });
    found
}

pub(super) fn wish(party: &str, orders: &[&str]) -> Value {
    json!({ "party_id": party, "orders": orders, "seller_name": SELLER, "seller_code": CODE })
}

pub(super) fn everything(party: &str) -> Value {
    json!({ "party_id": party, "seller_name": SELLER, "seller_code": CODE })
}

pub(super) fn invoice(minor: i64) -> Value {
    json!({ "number": "26312000000123456789", "kind": "special", "item": "video_production", "tax_percent": 6,
        "amount_minor": minor, "seller_name": SELLER, "seller_code": CODE })
}

pub(super) fn path(statement: &str, step: &str) -> String {
    format!("/v1/settlements/{statement}/{step}")
}

pub(super) fn read(client: &Client, statement: &str) -> Answer {
    client.get(&format!("/v1/settlements/{statement}")).ended(200)
}

pub(super) fn reaches(client: &Client, statement: &str, state: &str) -> Answer {
    wait_until(&format!("{statement} is {state}"), 30, || read(client, statement).text("state") == state);
    read(client, statement)
}

pub(super) fn overview(client: &Client, party: &str) -> [i64; 3] {
    let view = client.get(&format!("/v1/parties/{party}/overview")).ended(200);
    let withdrawn = view.body["totals"]["withdrawn_minor"].as_i64().unwrap();
    [view.int("withdrawable_minor"), view.int("in_transit_minor"), withdrawn]
}

pub(super) fn funded(client: &Client, minor: i64) {
    let top_up = json!({ "amount_minor": minor, "reference": format!("bank {minor}") });
    client.post("/v1/rails/sandbox/float-top-ups", &format!("float-{minor}"), &top_up).ended(201);
}

/// Made of everything that is listed, signed, invoiced.
pub(super) fn submitted(client: &Client, party: &str, key: &str) -> String {
    let made = client.post("/v1/settlements", &format!("{key}-make"), &everything(party)).ended(201);
    let (id, payable) = (made.text("id").to_owned(), made.body["amounts"]["payable_minor"].as_i64().unwrap());
    let signature = json!({ "signatory": "王小明" });
    client.post(&path(&id, "sign"), &format!("{key}-sign"), &signature).ended(200);
    client.post(&path(&id, "invoice"), &format!("{key}-invoice"), &invoice(payable)).ended(200);
    id
}
