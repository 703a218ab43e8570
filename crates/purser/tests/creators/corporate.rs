//! Corporate settlement through the real binary on both databases (X16).

use purser_domain::{
    ids::{TaskOrderId, Uid},
    time::Timestamp,
};
use purser_engine::{clock::Clock, rules::found_sandbox};
use purser_storage::{Session, postgres as pg, sqlite};
use serde_json::{Value, json};

use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

const SELLER: &str = "星河文化传媒有限公司";
const CODE: &str = "91110000600037341L";

/// A server on sandbox books whose time began in the past.
struct Desk {
    server: Server,
    key: String,
}

impl Desk {
    fn begun(place: &Place, at: &str) -> Self {
        place.run(&["migrate"]).ended(0);
        let mut session: Box<dyn Session> = match place {
            Place::Folder(dir) => {
                let path = dir.path().join("purser.db");
                Box::new(sqlite::open_writer(&path, &sqlite::Options::default()).unwrap())
            }
            Place::Postgres { url, .. } => Box::new(pg::open_writer(url).unwrap()),
        };
        let at: Timestamp = at.parse().unwrap();
        assert!(found_sandbox(session.as_mut(), &Clock::system(), at).unwrap());
        drop(session);
        let key = place.key();
        Self { server: Server::start(place), key }
    }

    fn client(&self) -> Client {
        self.server.client(&self.key)
    }

    fn staff(&self, login: &str) -> Client {
        let password = "correct horse battery staple";
        let new = json!({ "login": login, "role": "finance", "password": password });
        self.client().post("/v1/staff", &format!("staff-{login}"), &new).ended(201);
        let session = json!({ "login": login, "password": password });
        let session = self.server.client("").post("/v1/staff/sessions", "unused", &session);
        self.server.client(session.ended(201).text("token"))
    }
}

fn to(client: &Client, at: &str) {
    client.post("/v1/sandbox/clock", &format!("clock-{at}"), &json!({ "to": at })).ended(200);
}

fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

/// A payee with a payout account whose number names its fate.
fn payee(client: &Client, name: &str, roles: &str, form: &str, class: &str, fate: &str) -> String {
    let party = json!({ "external_id": name, "display_name": name, "roles": [roles], "legal_form": form,
        "class": class });
    let id = client.post("/v1/parties", &format!("party-{name}"), &party).text("id").to_owned();
    bind(client, &id, &format!("{name}.{fate}"));
    id
}

fn bind(client: &Client, party: &str, number: &str) -> String {
    let account = json!({ "kind": "sandbox", "number": number });
    let path = format!("/v1/parties/{party}/payout-accounts");
    client.post(&path, &format!("account-{number}"), &account).ended(201).text("id").to_owned()
}

/// A completed order, settled at once; its id.
fn order(client: &Client, party: &str, name: &str, minor: i64) -> String {
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "=任务, 一",
        "amount_minor": minor, "accepted_at": at, "status": "completed", "completed_at": at });
    client.post("/v1/task-orders", &format!("order-{name}"), &order).ended(200).text("id").to_owned()
}

fn listed(client: &Client, party: &str, month: &str) -> Value {
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

fn wish(party: &str, orders: &[&str]) -> Value {
    json!({ "party_id": party, "orders": orders, "seller_name": SELLER, "seller_code": CODE })
}

fn everything(party: &str) -> Value {
    json!({ "party_id": party, "seller_name": SELLER, "seller_code": CODE })
}

fn invoice(minor: i64) -> Value {
    json!({ "number": "26312000000123456789", "kind": "special", "item": "video_production", "tax_percent": 6,
        "amount_minor": minor, "seller_name": SELLER, "seller_code": CODE })
}

fn path(statement: &str, step: &str) -> String {
    format!("/v1/settlements/{statement}/{step}")
}

fn read(client: &Client, statement: &str) -> Answer {
    client.get(&format!("/v1/settlements/{statement}")).ended(200)
}

fn reaches(client: &Client, statement: &str, state: &str) -> Answer {
    wait_until(&format!("{statement} is {state}"), 30, || read(client, statement).text("state") == state);
    read(client, statement)
}

fn overview(client: &Client, party: &str) -> [i64; 3] {
    let view = client.get(&format!("/v1/parties/{party}/overview")).ended(200);
    let withdrawn = view.body["totals"]["withdrawn_minor"].as_i64().unwrap();
    [view.int("withdrawable_minor"), view.int("in_transit_minor"), withdrawn]
}

fn funded(client: &Client, minor: i64) {
    let top_up = json!({ "amount_minor": minor, "reference": format!("bank {minor}") });
    client.post("/v1/rails/sandbox/float-top-ups", &format!("float-{minor}"), &top_up).ended(201);
}

/// Made of everything that is listed, signed, invoiced.
fn submitted(client: &Client, party: &str, key: &str) -> String {
    let made = client.post("/v1/settlements", &format!("{key}-make"), &everything(party)).ended(201);
    let (id, payable) = (made.text("id").to_owned(), made.body["amounts"]["payable_minor"].as_i64().unwrap());
    let signature = json!({ "signatory": "王小明" });
    client.post(&path(&id, "sign"), &format!("{key}-sign"), &signature).ended(200);
    client.post(&path(&id, "invoice"), &format!("{key}-invoice"), &invoice(payable)).ended(200);
    id
}

#[test]
fn companies_are_paid_by_statement_and_never_through_the_gate_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-08-20T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li"));
        let kinds = [
            ("mcn", "agency", "enterprise", "ordinary"),
            ("company", "creator", "enterprise", "ordinary"),
            ("star", "creator", "individual", "celebrity"),
            ("paper", "creator", "individual", "media"),
        ];
        let parties = kinds.map(|(name, roles, form, class)| payee(&client, name, roles, form, class, "ok"));
        for (party, (name, ..)) in parties.iter().zip(kinds) {
            order(&client, party, &format!("{name}-1"), 1_000_000);
            let request = json!({ "party_id": party, "amount_minor": 10_000 });
            let refused = client.post("/v1/withdrawals", &format!("gate-{name}"), &request);
            assert_eq!(code(refused, 422), "corporate_settlement", "{name} (gate check 4)");
        }
        let [mcn, company, ..] = &parties;
        signed_creator(&client, mcn);
        let second = order(&client, mcn, "mcn-2", 250_050);
        let foreign = order(&client, company, "company-2", 100);
        let first = client.get(&format!("/v1/parties/{mcn}/settlement-orders")).body["data"][0]["id"].clone();
        let first = first.as_str().unwrap();
        let send = |key: &str, body: &Value| client.post("/v1/settlements", key, body);
        assert_eq!(code(send("m0", &wish(mcn, &[first])), 422), "settlement_order_not_listed");

        // By the 10th of the next month, and not a month late.
        to(&client, "2025-09-09T23:50:00+08:00");
        assert_eq!(code(send("m1", &wish(mcn, &[first])), 422), "settlement_order_not_listed");
        to(&client, "2025-09-10T00:11:00+08:00");
        let month = listed(&client, mcn, "2025-08");
        assert_eq!([&month["orders"], &month["net_minor"]], [3, 1_250_950]);
        let messages = client.get(&format!("/v1/parties/{mcn}/messages")).ended(200).body.to_string();
        assert!(messages.contains("settlement.listed"), "{messages}");

        bad_choices(&client, &desk.staff("wang"), mcn, company, [first, &second, &foreign]);

        // Only looked at: nothing is kept.
        let look =
            client.post("/v1/settlements?dry_run=true", "look", &wish(mcn, &[first, &second])).ended(200);
        assert_eq!(look.body["amounts"]["payable_minor"], 1_250_050);
        assert_eq!(overview(&client, mcn), [1_250_950, 0, 0]);

        let made = send("m2", &wish(mcn, &[first])).ended(201);
        assert!(send("m2", &wish(mcn, &[first])).ended(201).replayed, "a lost answer is asked for again");
        assert_eq!(overview(&client, mcn), [250_950, 1_000_000, 0], "its money is reserved");
        assert_eq!(code(send("m3", &wish(mcn, &[first, &second])), 422), "settlement_order_taken");
        let cancelled = client.post(&path(made.text("id"), "cancel"), "m4", &Value::Null).ended(200);
        assert_eq!(cancelled.text("status"), "cancelled");
        assert_eq!(
            client.post(&path(made.text("id"), "cancel"), "m5", &Value::Null).ended(200).int("version"),
            2
        );
        assert_eq!(overview(&client, mcn), [1_250_950, 0, 0], "and free again");

        let made = send("m6", &wish(mcn, &[first, &second])).ended(201);
        let id = made.text("id").to_owned();
        assert_eq!(made.body["amounts"]["payable_minor"], 1_250_050);
        assert_eq!(
            [&made.body["orders"], &made.body["period_from"], &made.body["period_to"]],
            [&json!(2), &json!("2025-08"), &json!("2025-08")]
        );
        assert_eq!([made.text("state"), made.text("status")], ["generated", "settling"]);
        assert_eq!(made.body["explanation"]["who_must_act"], "party");
        let explained = client.get(&format!("/v1/parties/{mcn}/explain")).ended(200).body;
        let items = explained["items"].as_array().unwrap();
        let reserved = items.iter().find(|item| item["settlement_id"] == id).expect("where it is (P14)");
        assert_eq!([&reserved["amount_minor"], &reserved["next_step"]], [&json!(1_250_050), &json!("sign")]);
        papers(&client, &li, &id);
        paid(&client, &li, mcn, &id);
        // What a signed creator earned is the agency's to settle, also in a later month.
        let rest = send("m7", &everything(mcn)).ended(201);
        assert_eq!(rest.body["amounts"]["payable_minor"], 900);
        desk.server.stop();
        place.verify(true);
    }
}

/// A creator who is under the agency: the agency is paid, company to company (X14).
fn signed_creator(client: &Client, mcn: &str) {
    let creator = payee(client, "lin", "creator", "individual", "ordinary", "ok");
    let membership = json!({ "agency_id": mcn, "from": "2025-01-01T00:00:00+08:00", "contact": "desk" });
    client.post(&format!("/v1/parties/{creator}/memberships"), "sign-lin", &membership).ended(200);
    order(client, &creator, "lin-1", 900);
}

/// Every choice that cannot be a statement.
fn bad_choices(client: &Client, staff: &Client, mcn: &str, company: &str, orders: [&str; 3]) {
    let [first, second, foreign] = orders;
    let make = |key: &str, body: &Value| client.post("/v1/settlements", key, body);
    assert_eq!(code(make("b1", &wish(mcn, &[])), 422), "settlement_orders_empty");
    let refused = make("b2", &wish(mcn, &[first, foreign])).ended(422);
    assert_eq!(refused.text("code"), "settlement_order_not_settled", "another's");
    assert_eq!(refused.body["errors"][0]["pointer"], "/orders/1");
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let running = json!({ "order_id": "running", "creator_id": mcn, "task_type": "video", "title": "t",
        "amount_minor": 100, "accepted_at": at, "status": "in_progress" });
    let running = client.post("/v1/task-orders", "b3", &running).ended(200).text("id").to_owned();
    assert_eq!(code(make("b4", &wish(mcn, &[&running])), 422), "settlement_order_not_settled", "unsettled");
    assert_eq!(code(make("b5", &wish(mcn, &[second, second])), 422), "settlement_order_repeated");
    let many: Vec<String> = (0..10_001u32)
        .map(|n| {
            let mut id = [7; 16];
            id[12..].copy_from_slice(&n.to_be_bytes());
            TaskOrderId(Uid(id)).to_string()
        })
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(code(make("b6", &wish(mcn, &many)), 422), "settlement_orders_too_many");
    assert_eq!(code(make("b7", &wish(mcn, &["wd_01h455vb4pex5vsknk084sn02q"])), 400), "invalid_input");
    let mut wrong = wish(mcn, &[first]);
    wrong["seller_code"] = json!("91110000600037341X");
    assert_eq!(code(make("b8", &wrong), 422), "settlement_seller_code");
    let person = payee(client, "person", "creator", "individual", "ordinary", "ok");
    order(client, &person, "person-1", 100);
    assert_eq!(code(make("b9", &everything(&person)), 422), "settlement_not_corporate");
    assert_eq!(code(make("b10", &everything("pty_01h455vb4pex5vsknk084sn02q")), 404), "party_unknown");
    client.post(&format!("/v1/parties/{company}/freeze"), "b11", &json!({ "reason": "check" })).ended(200);
    assert_eq!(code(make("b12", &everything(company)), 422), "party_frozen");
    client.post(&format!("/v1/parties/{company}/unfreeze"), "b13", &Value::Null).ended(200);
    let nobody = path("st_01h455vb4pex5vsknk084sn02q", "sign");
    assert_eq!(
        code(client.post(&nobody, "b14", &json!({ "signatory": "王小明" })), 404),
        "statement_unknown"
    );
    let line = json!({ "amount_minor": 0, "note": "x" });
    let lines = format!("/v1/parties/{mcn}/settlement-lines");
    assert_eq!(code(staff.post(&lines, "b15", &line), 422), "settlement_line_zero");
    assert_eq!(code(client.post(&lines, "b16", &line), 403), "staff_needed");
}

/// Signature, invoices that are wrong, papers that are sent back: the clock starts anew (T+10 around 国庆 2025).
fn papers(client: &Client, li: &Client, id: &str) {
    let act = |step: &str, key: &str, body: &Value| client.post(&path(id, step), key, body);
    assert_eq!(code(act("invoice", "p1", &invoice(1_250_050)), 422), "settlement_state_change");
    assert_eq!(code(act("sign", "p2", &json!({ "signatory": "x" })), 422), "settlement_signatory_invalid");
    let signed = act("sign", "p3", &json!({ "signatory": "王小明" })).ended(200);
    assert_eq!([signed.text("status"), signed.text("signed_by")], ["settled", "王小明"]);
    assert_eq!(code(act("cancel", "p4", &Value::Null), 422), "settlement_state_change");
    for (key, off) in [("p5", 1_250_049), ("p6", 1_250_051)] {
        let refused = act("invoice", key, &invoice(off)).ended(422);
        assert_eq!(refused.text("code"), "invoice_amount", "off by one fen");
        assert_eq!(refused.body["facts"]["expected_minor"], 1_250_050);
        assert_eq!(refused.body["errors"][0]["pointer"], "/amount_minor");
    }
    for (key, field, wrong, expected) in [
        ("p7", "number", json!(""), "invoice_number"),
        ("p8", "kind", json!("receipt"), "invoice_kind"),
        ("p9", "item", json!("餐饮服务"), "invoice_item"),
        ("p10", "tax_percent", json!(13), "invoice_tax_rate"),
        ("p11", "seller_name", json!("别家公司"), "invoice_seller"),
        ("p12", "seller_code", json!("911101066976941872"), "invoice_seller"),
    ] {
        let mut body = invoice(1_250_050);
        body[field] = wrong;
        assert_eq!(code(act("invoice", key, &body), 422), expected);
    }
    to(client, "2025-09-22T10:00:00+08:00");
    let submitted = act("invoice", "p13", &invoice(1_250_050)).ended(200);
    assert_eq!([submitted.text("state"), submitted.text("due_on")], ["submitted", "2025-10-11"]);
    assert_eq!(submitted.body["invoice"]["tax_minor"], 70_758);
    assert_eq!(submitted.body["explanation"]["next_step"], "check_papers");
    let reject = json!({ "decision": "reject", "reason": "印章不清" });
    assert_eq!(code(client.post(&path(id, "decision"), "p14", &reject), 403), "staff_needed");
    let rejected = li.post(&path(id, "decision"), "p15", &reject).ended(200);
    assert_eq!(
        [rejected.text("status"), rejected.body["explanation"]["detail"].as_str().unwrap()],
        ["papers_rejected", "印章不清"]
    );
    assert!(rejected.body["due_on"].is_null());
    to(client, "2025-09-23T17:00:00+08:00");
    let again = act("invoice", "p16", &invoice(1_250_050)).ended(200);
    assert_eq!([again.text("due_on"), &again.int("submissions").to_string()], ["2025-10-13", "2"]);
}

fn paid(client: &Client, li: &Client, party: &str, id: &str) {
    funded(client, 100_000_000);
    let accepted = li.post(&path(id, "decision"), "a1", &json!({ "decision": "accept" })).ended(200);
    assert_eq!([accepted.text("state"), accepted.text("status")], ["paying", "paying"]);
    let done = reaches(client, id, "paid");
    assert_eq!(
        [done.int("paid_minor"), done.body["payments"][0]["paid_minor"].as_i64().unwrap()],
        [1_250_050; 2]
    );
    assert_eq!(overview(client, party), [900, 0, 1_250_050]);
    assert_eq!(code(li.post(&path(id, "pay-again"), "a2", &json!({})), 422), "settlement_state_change");
    let list = client.get(&format!("/v1/settlements?party_id={party}&state=paid")).ended(200).body;
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    assert_eq!(list["data"][0]["payout_account_masked"], done.body["payout_account_masked"]);
    let orders = client.get(&format!("{}?limit=1", path(id, "orders"))).ended(200).body;
    let rest =
        client.get(&format!("{}?cursor={}", path(id, "orders"), orders["next_cursor"].as_str().unwrap()));
    assert_eq!(rest.ended(200).body["data"][0]["amounts"]["payable_minor"], 250_050);
}

#[test]
fn large_ones_take_two_people_and_a_failed_payment_is_paid_again_x16_p16_p10() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-09-02T09:00:00+08:00");
        let (client, li, wang) = (desk.client(), desk.staff("li"), desk.staff("wang"));
        funded(&client, 500_000_000);
        let big = payee(&client, "big", "creator", "enterprise", "ordinary", "fail");
        let back = payee(&client, "back", "creator", "enterprise", "ordinary", "bounce");
        order(&client, &big, "big-1", 60_000_000);
        order(&client, &back, "back-1", 123_456);
        to(&client, "2025-10-10T09:00:00+08:00");
        listed(&client, &big, "2025-09");
        listed(&client, &back, "2025-09");

        let id = submitted(&client, &big, "big");
        let accept = json!({ "decision": "accept" });
        let accepted = li.post(&path(&id, "decision"), "l1", &accept).ended(200);
        let first = accepted.text("payment").to_owned();
        two_people(&client, &li, &wang, &first);
        let failed = reaches(&client, &id, "payment_failed");
        assert!(failed.body["explanation"]["detail"].as_str().unwrap().starts_with("payee_fixable"));
        assert_eq!(overview(&client, &big), [60_000_000, 0, 0], "reopened");
        let taken = client.post("/v1/settlements", "l2", &everything(&big));
        assert_eq!(code(taken, 422), "settlement_orders_empty", "its orders stay with it");
        let account = bind(&client, &big, "big2.ok");
        to(&client, "2025-10-11T10:00:00+08:00");
        let again = li.post(&path(&id, "pay-again"), "l3", &json!({ "payout_account": account })).ended(200);
        let second = again.text("payment").to_owned();
        assert_ne!(first, second, "a new key after a recorded definite failure");
        two_people(&client, &li, &wang, &second);
        desk.server.kill();
        let desk = Desk { server: Server::start(&place), key: desk.key.clone() };
        let (client, li) = (desk.client(), desk.staff("zhao"));
        let done = reaches(&client, &id, "paid");
        assert_eq!(done.body["payments"].as_array().unwrap().len(), 2);
        assert_eq!(overview(&client, &big), [0, 0, 60_000_000]);

        bounced(&client, &li, &back);
        desk.server.stop();
        place.verify(true);
    }
}

fn two_people(client: &Client, li: &Client, wang: &Client, payment: &str) {
    let (withdrawal, approve) = (format!("/v1/withdrawals/{payment}"), json!({ "decision": "approve" }));
    let decision = format!("{withdrawal}/decision");
    assert_eq!(client.get(&withdrawal).ended(200).text("state"), "in_review");
    li.post(&decision, &format!("{payment}-1"), &approve).ended(200);
    assert_eq!(code(li.post(&decision, &format!("{payment}-2"), &approve), 422), "same_person");
    wang.post(&decision, &format!("{payment}-3"), &approve).ended(200);
}

/// Paid, returned later: the money is back, and once it is called off the orders can be settled again.
fn bounced(client: &Client, li: &Client, party: &str) {
    let id = submitted(client, party, "back");
    li.post(&path(&id, "decision"), "r1", &json!({ "decision": "accept" })).ended(200);
    let mut hour = 12;
    wait_until("the payment comes back", 30, || {
        hour += 1;
        to(client, &format!("2025-10-{:02}T{:02}:00:00+08:00", 11 + hour / 24, hour % 24));
        read(client, &id).text("state") == "payment_failed"
    });
    assert_eq!(read(client, &id).int("paid_minor"), 0);
    assert_eq!(overview(client, party), [123_456, 0, 0]);
    assert_eq!(code(client.post(&path(&id, "void"), "r2", &json!({ "reason": "r" })), 403), "staff_needed");
    assert_eq!(
        code(li.post(&path(&id, "void"), "r3", &json!({ "reason": " " })), 422),
        "settlement_reason_missing"
    );
    li.post(&path(&id, "void"), "r4", &json!({ "reason": "账户已注销" })).ended(200);
    let remade = client.post("/v1/settlements", "r5", &everything(party)).ended(201);
    let dispute = json!({ "reason": "金额不对" });
    let disputed = client.post(&path(remade.text("id"), "dispute"), "r6", &dispute).ended(200);
    assert_eq!(
        [&disputed.body["disputed"], &disputed.body["explanation"]["code"]],
        [&json!(true), &json!("disputed")]
    );
    let signature = json!({ "signatory": "王小明" });
    assert_eq!(
        code(client.post(&path(remade.text("id"), "sign"), "r7", &signature), 422),
        "settlement_disputed"
    );
    assert_eq!(
        code(client.post(&path(remade.text("id"), "dispute"), "r8", &dispute), 422),
        "settlement_disputed"
    );
    let answer = json!({ "reason": "金额与任务一致" });
    assert_eq!(code(client.post(&path(remade.text("id"), "answer"), "r8a", &answer), 403), "staff_needed");
    let answered = li.post(&path(remade.text("id"), "answer"), "r9", &answer).ended(200);
    assert_eq!(answered.body["disputed"], false);
    client.post(&path(remade.text("id"), "sign"), "r10", &signature).ended(200);
}

#[test]
fn dates_around_spring_festival_and_beyond_the_known_calendar_x16_p5() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2026-01-05T09:00:00+08:00");
        let (client, li) = (desk.client(), desk.staff("li"));
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
        let (client, li) = (desk.client(), desk.staff("li"));
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
