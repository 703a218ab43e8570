//! Payment orders: money in (P11), with the advertiser's steps (A2, A3, A6).

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
    time::{DAY, Timestamp},
};
use serde_json::{Value, json};

use super::desk::{event_kinds, signed_in};
use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

/// A server on sandbox books with an advertiser.
pub(super) struct Till {
    pub(super) server: Server,
    pub(super) client: Client,
    pub(super) party: String,
    pub(super) next: std::cell::Cell<u32>,
}

impl Till {
    pub(super) fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let server = Server::start(place);
        let client = server.client(&key);
        let party = json!({ "external_id": "adv-1", "display_name": "Advertiser", "roles": ["advertiser"],
            "legal_form": "enterprise" });
        let party = client.post("/v1/parties", "party", &party).ended(200).text("id").to_owned();
        Self { server, client, party, next: std::cell::Cell::new(0) }
    }

    /// A key that was not used before.
    pub(super) fn key(&self) -> String {
        self.next.set(self.next.get() + 1);
        format!("k{}", self.next.get())
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, &self.key(), body)
    }

    /// Somebody of finance, signed in.
    pub(super) fn staff(&self, login: &str) -> Client {
        signed_in(&self.server, &self.client, login, "finance").0
    }

    pub(super) fn order(&self, amount: i64) -> Answer {
        self.post("/v1/payment-orders", &self.new_order(amount))
    }

    pub(super) fn new_order(&self, amount: i64) -> Value {
        json!({ "party_id": self.party, "purpose": "ad_top_up", "method": "sandbox", "amount_minor": amount })
    }

    pub(super) fn made(&self, amount: i64) -> Value {
        self.order(amount).ended(201).body
    }

    pub(super) fn read(&self, order: &Value) -> Value {
        self.client.get(&format!("/v1/payment-orders/{}", id(order))).ended(200).body
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.post("/v1/sandbox/clock", &json!({ "advance_seconds": seconds })).ended(200);
    }

    /// Clicks a button of the cashier page.
    pub(super) fn click(&self, order: &Value, form: &str) -> Page {
        let page = page(self.server.address, "POST", order["cashier_url"].as_str().unwrap(), form);
        assert_eq!(page.status, 303, "{}", page.text);
        page
    }

    pub(super) fn until(&self, order: &Value, state: &str) -> Value {
        let mut last = Value::Null;
        wait_until(&format!("{} is {state}", id(order)), 20, || {
            last = self.read(order);
            last["state"] == state
        });
        last
    }

    pub(super) fn until_payments(&self, order: &Value, count: usize) -> Value {
        let mut last = Value::Null;
        wait_until("the payments are taken in", 20, || {
            last = self.read(order);
            last["payments"].as_array().unwrap().len() == count
        });
        last
    }

    /// Balance of an account of the advertiser.
    pub(super) fn balance(&self, kind: AccountKind) -> i64 {
        let account = AccountRef::party(self.party.parse().unwrap(), kind, Currency::CNY).id();
        let answer = self.client.get(&format!("/v1/accounts/{account}"));
        if answer.status == 404 { 0 } else { answer.ended(200).int("posted_minor") }
    }

    pub(super) fn cash(&self) -> i64 {
        self.balance(AccountKind::AdCash)
    }

    pub(super) fn float(&self) -> i64 {
        let rails = self.client.get("/v1/rails").ended(200).body;
        let rails = rails["data"].as_array().unwrap().clone();
        rails.iter().find(|rail| rail["rail"] == "sandbox").unwrap()["float_minor"].as_i64().unwrap()
    }

    pub(super) fn events(&self) -> Vec<String> {
        event_kinds(&self.client)
    }

    /// A click that costs more than there is: the rest is owed.
    pub(super) fn owe(&self, minor: i64) {
        let now: Timestamp = self.client.get("/v1/clock").ended(200).text("business_at").parse().unwrap();
        let grant = json!({ "external_id": "g", "amount_minor": 100, "expires_at": now.plus(DAY).to_string(),
            "reason": "welcome" });
        self.post(&format!("/v1/parties/{}/ad-grants", self.party), &grant).ended(201);
        let campaign = json!({ "party_id": self.party, "external_id": "c", "name": "Spring" });
        let campaign = self.post("/v1/ad-campaigns", &campaign).ended(201).body;
        let now = self.client.get("/v1/clock").ended(200).text("business_at").to_owned();
        let click = json!({ "click_id": "c", "campaign_id": id(&campaign), "click_at": now,
            "price_minor": 100 + minor });
        self.post("/v1/ad-clicks", &click).ended(200);
    }

    pub(super) fn refund(&self, order: &Value, body: &Value) -> Answer {
        self.post(&format!("/v1/payment-orders/{}/refund", id(order)), body)
    }

    pub(super) fn end(self, place: &Place) {
        self.server.stop();
        place.verify(true);
    }
}

pub(super) fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

pub(super) fn code(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

/// A page as a browser gets it.
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl Page {
    pub(super) fn location(&self) -> &str {
        let line = self.head.lines().find_map(|line| line.strip_prefix("location: "));
        line.unwrap_or_else(|| panic!("no location in {}", self.head))
    }
}

pub(super) fn page(address: SocketAddr, method: &str, path: &str, form: &str) -> Page {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = form.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: purser\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
    )
    .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = String::from_utf8(bytes).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Page { status, head: head.replace("\r\n", "\n"), text: text.to_owned() }
}

pub(super) fn get(till: &Till, path: &str) -> Page {
    page(till.server.address, "GET", path, "")
}

#[test]
fn a_top_up_pays_arrears_first_and_the_rest_is_balance_p11_a2_a3() {
    for place in Place::all() {
        let till = Till::on(&place);
        let below = till.order(49_999).ended(422);
        assert_eq!(below.text("code"), "payment_below_minimum");
        assert_eq!(below.body["facts"]["minimum_minor"], 50_000);
        assert_eq!(below.body["errors"][0]["pointer"], "/amount_minor");
        till.owe(3_000);
        let order = till.made(50_000);
        assert_eq!(order["state"], "created");
        assert_eq!(get(&till, order["cashier_url"].as_str().unwrap()).status, 200);
        assert_eq!(till.read(&order)["state"], "pending", "the payer has seen the cashier");
        till.click(&order, "action=fail");
        assert_eq!(till.read(&order)["state"], "pending", "a failed attempt changes nothing");
        till.click(&order, "action=pay");
        let paid = till.until(&order, "paid");
        let payment = &paid["payments"][0];
        assert_eq!((&payment["timing"], &payment["place"]), (&json!("on_time"), &json!("credited")));
        assert_eq!((&payment["arrears_minor"], &payment["cash_minor"]), (&json!(3_000), &json!(47_000)));
        assert_eq!((&payment["other_amount"], &payment["refund_offered"]), (&json!(false), &json!(false)));
        assert_eq!((till.balance(AccountKind::AdArrears), till.cash(), till.float()), (0, 47_000, 50_000));
        // From now on 200 yuan will do.
        assert_eq!(till.order(19_999).ended(422).body["facts"]["minimum_minor"], 20_000);
        let second = till.made(20_000);
        till.click(&second, "action=pay");
        till.until(&second, "paid");
        assert_eq!((till.balance(AccountKind::AdArrears), till.cash()), (0, 67_000));
        // What stands for clicks and top-ups is moved by nothing else.
        for kind in ["ad.cash", "ad.arrears"] {
            let by_hand = json!({ "debit": { "owner": till.party, "kind": kind },
                "credit": { "owner": "platform", "kind": "revenue.ads" }, "amount_minor": 1 });
            assert_eq!(code(till.post("/v1/transfers", &by_hand), 422), "account_not_manual");
        }
        let events = till.events();
        for kind in [
            "payment_order.created",
            "payment_order.attempt_failed",
            "payment_order.paid",
            "payment.credited",
        ] {
            assert!(events.iter().any(|event| event == kind), "{kind} in {events:?}");
        }
        till.end(&place);
    }
}

#[test]
fn an_order_not_paid_in_time_is_closed_and_recovered_with_one_click_p11_a6() {
    for place in Place::all() {
        let till = Till::on(&place);
        let order = till.made(50_000);
        let repay = format!("/v1/payment-orders/{}/repay", id(&order));
        assert_eq!(code(till.post(&repay, &json!({})), 422), "payment_order_open");
        till.advance(14 * 60);
        assert_eq!(till.read(&order)["state"], "created", "not a minute too early");
        till.advance(60);
        let closed = till.until(&order, "closed");
        assert_eq!((&closed["can_repay"], &closed["received_minor"]), (&json!(true), &json!(0)));
        // One click on the page, and a second one by mistake: one new order.
        let first = till.click(&order, "action=repay&lang=en").location().to_owned();
        let again = till.click(&order, "action=repay&lang=en").location().to_owned();
        assert_eq!(first, again);
        let old = till.read(&order);
        let new = json!({ "id": old["next_id"], "cashier_url": first });
        assert_eq!(till.read(&new)["previous_id"], order["id"]);
        let replaced = till.post(&repay, &json!({})).ended(422);
        assert_eq!(
            (replaced.text("code"), &replaced.body["facts"]["next_id"]),
            ("payment_order_replaced", &new["id"])
        );
        till.click(&new, "action=pay");
        till.until(&new, "paid");
        assert_eq!(till.cash(), 50_000);
        // A question about it is a case with its reference.
        let question = json!({ "kind": "help", "party_id": till.party, "subject": order["id"],
            "summary": "Was I charged?", "text": "I see no payment." });
        assert_eq!(till.post("/v1/cases", &question).ended(201).body["subject"], order["id"]);
        // Called off by the platform: it runs out at once.
        let third = till.made(20_000);
        till.post(&format!("/v1/payment-orders/{}/close", id(&third)), &json!({})).ended(200);
        till.until(&third, "closed");
        let paid = format!("/v1/payment-orders/{}/close", id(&new));
        assert_eq!(code(till.post(&paid, &json!({})), 422), "payment_order_paid");
        till.end(&place);
    }
}

#[test]
fn late_double_and_odd_payments_are_credited_and_offered_back_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let late = till.made(50_000);
        till.click(&late, "action=late");
        till.advance(15 * 60);
        till.until(&late, "closed");
        till.advance(60);
        let paid = till.until(&late, "paid_late");
        assert_eq!(
            (&paid["payments"][0]["timing"], &paid["payments"][0]["refund_offered"]),
            (&json!("late"), &json!(true))
        );
        assert_eq!(till.cash(), 50_000, "never lost");
        let back = till.refund(&late, &json!({})).ended(201);
        assert_eq!((back.int("amount_minor"), back.text("state")), (50_000, "sending"));
        till.until(&late, "refunded");
        assert_eq!((till.cash(), till.float()), (0, 0));
        assert_eq!(code(till.refund(&late, &json!({})), 422), "nothing_to_refund");

        let double = till.made(50_000);
        till.click(&double, "action=twice&notice=twice");
        let paid = till.until_payments(&double, 2);
        assert_eq!((&paid["state"], &paid["received_minor"]), (&json!("paid"), &json!(100_000)));
        let timing: Vec<&Value> = paid["payments"].as_array().unwrap().iter().map(|p| &p["timing"]).collect();
        assert_eq!(timing, ["on_time", "double"]);
        assert_eq!(till.cash(), 100_000, "every notice came twice and counted once");
        till.refund(&double, &json!({})).ended(201);
        wait_until("the second one is back", 20, || till.cash() == 50_000);
        let after = till.read(&double);
        assert_eq!(
            (&after["state"], &after["payments"][1]["refunded_minor"]),
            (&json!("paid"), &json!(50_000))
        );

        let odd = till.made(50_000);
        till.click(&odd, "action=other&amount=499.99");
        let paid = till.until(&odd, "paid");
        assert_eq!((&paid["received_minor"], &paid["other_amount"]), (&json!(49_999), &json!(true)));
        assert_eq!(
            (&paid["payments"][0]["amount_minor"], &paid["payments"][0]["expected_minor"]),
            (&json!(49_999), &json!(50_000))
        );
        assert_eq!(till.cash(), 99_999);
        till.end(&place);
    }
}

#[test]
fn a_lost_notice_is_found_by_asking_and_an_unknown_outcome_closes_nothing_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let lost = till.made(50_000);
        till.click(&lost, "action=pay&notice=lost");
        let rail = "/v1/sandbox/rails/sandbox";
        till.post(rail, &json!({ "healthy": false })).ended(200);
        till.advance(16 * 60);
        // Long enough for the worker to have asked more than once.
        std::thread::sleep(std::time::Duration::from_millis(600));
        assert_eq!(till.read(&lost)["state"], "created", "the rail does not say: it stays open");
        till.post(rail, &json!({ "healthy": true })).ended(200);
        let paid = till.until(&lost, "paid");
        assert_eq!(paid["payments"][0]["timing"], "on_time");
        assert_eq!(till.cash(), 50_000);
        till.end(&place);
    }
}

#[test]
fn a_refund_of_unknown_outcome_is_queried_and_never_made_twice_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        for (fate, code) in [("lost_reply", ""), ("lost_request", ""), ("refused", "REFUND_REFUSED")] {
            let order = till.made(50_000);
            till.click(&order, &format!("action=pay&refund={fate}"));
            till.until(&order, "paid");
            let before = (till.cash(), till.float());
            till.refund(&order, &json!({})).ended(201);
            let refund = || till.read(&order)["payments"][0]["refunds"][0].clone();
            if code.is_empty() {
                wait_until("the answer is unknown", 20, || refund()["state"] == "unknown");
                assert_eq!((till.cash(), till.float()), before, "reserved, not gone");
                till.advance(5);
                wait_until("it went back", 20, || {
                    till.advance(5);
                    refund()["state"] == "paid"
                });
                assert_eq!((till.cash(), till.float()), (before.0 - 50_000, before.1 - 50_000));
            } else {
                wait_until("it is refused", 20, || refund()["state"] == "failed");
                assert_eq!(refund()["code"], code);
                assert_eq!((till.cash(), till.float()), before, "its money is where it was");
            }
        }
        till.end(&place);
        let (lines, orders) = ("payments = ledger lines", "payment orders = payments, refunds = holds");
        place.planted(&[
            (lines, "UPDATE payments SET amount = amount + 1, cash = cash + 1"),
            (orders, "UPDATE payment_orders SET received = received + 1"),
            (orders, "UPDATE payment_refunds SET state = 'sending' WHERE state = 'paid'"),
            (orders, "DELETE FROM payment_refunds"),
            (orders, "DELETE FROM payments"),
        ]);
    }
}

#[test]
fn a_server_killed_between_notice_and_commit_credits_once_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let mut orders = Vec::new();
        for _ in 0..5 {
            let order = till.made(50_000);
            till.click(&order, "action=twice&notice=twice");
            orders.push(order);
        }
        let Till { server, client: _, party, next } = till;
        server.kill();
        let key = place.key();
        let server = Server::start(&place);
        let till = Till { client: server.client(&key), server, party, next };
        till.next.set(100);
        for order in &orders {
            let paid = till.until_payments(order, 2);
            assert_eq!(paid["received_minor"], 100_000);
        }
        assert_eq!((till.cash(), till.float()), (500_000, 500_000));
        till.end(&place);
    }
}

#[test]
fn money_for_a_party_that_closed_is_held_with_a_case_and_goes_back_p11() {
    for place in Place::all() {
        let till = Till::on(&place);
        let order = till.made(50_000);
        till.post(&format!("/v1/parties/{}/close", till.party), &json!({})).ended(200);
        till.click(&order, "action=pay");
        let paid = till.until(&order, "paid");
        let payment = &paid["payments"][0];
        assert_eq!((&payment["place"], &payment["refund_offered"]), (&json!("held"), &json!(true)));
        assert_eq!((till.cash(), till.float()), (0, 50_000));
        let waiting = till.client.get("/v1/payments?place=held").ended(200).body;
        assert_eq!(waiting["data"][0]["id"], payment["id"]);
        let cases = till.client.get("/v1/cases?kind=unclaimed_payment").ended(200).body;
        assert_eq!(cases["data"][0]["subject"], payment["id"]);
        assert_eq!(code(till.order(50_000), 422), "party_closed");
        let assign = format!("/v1/payments/{}/assign", id(payment));
        let party = json!({ "party_id": till.party });
        assert_eq!(code(till.post(&assign, &party), 403), "staff_needed");
        assert_eq!(code(till.staff("li").post(&assign, "again", &party), 422), "payment_assigned");
        till.post(&format!("/v1/payments/{}/refund", id(payment)), &json!({})).ended(201);
        till.until(&order, "refunded");
        assert_eq!(till.float(), 0);
        till.end(&place);
    }
}

#[test]
fn live_books_take_no_play_money_p11() {
    for place in Place::all() {
        let key = place.key();
        let server = Server::start(&place);
        let client = server.client(&key);
        let party = json!({ "external_id": "a", "display_name": "A", "roles": ["advertiser"], "legal_form": "enterprise" });
        let party = client.post("/v1/parties", "p", &party).ended(200).text("id").to_owned();
        let order =
            json!({ "party_id": party, "purpose": "ad_top_up", "method": "sandbox", "amount_minor": 50_000 });
        assert_eq!(code(client.post("/v1/payment-orders", "o", &order), 422), "payment_method_unavailable");
        server.stop();
    }
}

#[test]
fn bank_transfers_are_matched_by_code_and_the_rest_waits_for_staff_p11() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let mut command = std::process::Command::new(crate::support::binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--job-lease", "5"]).args(place.flags());
        command.args([
            "--collect-name",
            "Platform <Ltd>",
            "--collect-number",
            "1100 2233",
            "--collect-bank",
            "ICBC",
        ]);
        let server = Server::of(command);
        let client = server.client(&key);
        let party = json!({ "external_id": "adv-1", "display_name": "Advertiser", "roles": ["advertiser"],
            "legal_form": "enterprise" });
        let party = client.post("/v1/parties", "party", &party).ended(200).text("id").to_owned();
        let till = Till { server, client, party, next: std::cell::Cell::new(0) };
        let mut new = till.new_order(50_000);
        new["method"] = json!("bank-transfer");
        let order = till.post("/v1/payment-orders", &new).ended(201).body;
        let transfer_code = order["transfer_code"].as_str().unwrap();
        let shown = get(&till, order["cashier_url"].as_str().unwrap());
        assert!(shown.text.contains("Platform &lt;Ltd&gt;") && shown.text.contains(&transfer_code[..7]));
        // Written as people write it; the same line of the statement again is the same transfer.
        let words = format!("top up {} {}", transfer_code[..7].to_lowercase(), &transfer_code[7..]);
        let line = json!({ "bank_reference": "B1", "amount_minor": 50_000, "words": words });
        let taken = till.post("/v1/payments", &line).ended(201);
        assert_eq!(till.post("/v1/payments", &line).ended(201).body["id"], taken.body["id"]);
        assert_eq!(till.read(&order)["state"], "paid");
        assert_eq!(till.cash(), 50_000);
        let other = json!({ "bank_reference": "B1", "amount_minor": 50_001, "words": words });
        assert_eq!(code(till.post("/v1/payments", &other), 422), "payment_conflict");
        // Without a code it waits; staff assign it to the order that they find.
        let second = till.post("/v1/payment-orders", &new).ended(201).body;
        let line = json!({ "bank_reference": "B2", "amount_minor": 50_000, "words": "thanks" });
        let stray = till.post("/v1/payments", &line).ended(201).body;
        assert_eq!((&stray["place"], till.cash()), (&json!("unassigned"), 50_000));
        let (li, assign) = (till.staff("li"), format!("/v1/payments/{}/assign", id(&stray)));
        let to = json!({ "payment_order_id": second["id"] });
        assert_eq!(code(till.post(&assign, &to), 403), "staff_needed", "a key is nobody who could know");
        let creator = json!({ "external_id": "c", "display_name": "C", "roles": ["creator"], "legal_form": "individual" });
        let creator = till.post("/v1/parties", &creator).ended(200).text("id").to_owned();
        let wrong = li.post(&assign, "assign-to-c", &json!({ "party_id": creator }));
        assert_eq!(code(wrong, 422), "not_an_advertiser");
        let assigned = li.post(&assign, "assign", &to).ended(200);
        assert_eq!((assigned.text("place"), till.cash()), ("credited", 100_000));
        assert_eq!(till.read(&second)["state"], "paid");
        // It goes back by hand: staff say so.
        let refund = till.refund(&second, &json!({})).ended(201);
        assert_eq!(refund.text("state"), "by_hand");
        let report = format!("/v1/payment-refunds/{}/outcome", refund.text("id"));
        let done = json!({ "outcome": "paid", "note": "bank 77" });
        assert_eq!(code(till.post(&report, &done), 403), "staff_needed");
        assert_eq!(li.post(&report, "done", &done).ended(200).text("state"), "paid");
        assert_eq!((till.read(&second)["state"].clone(), till.cash()), (json!("refunded"), 50_000));
        let failed = json!({ "outcome": "failed", "note": "no" });
        assert_eq!(code(li.post(&report, "failed", &failed), 422), "outcome_conflict");
        // A key that makes orders makes no money.
        let scopes = json!({ "name": "orders", "scopes": ["payments:write", "payments:read"] });
        let orders = till.post("/v1/api-keys", &scopes).ended(201);
        let orders = till.server.client(orders.text("token"));
        assert_eq!(code(orders.post("/v1/payments", "mine", &line), 403), "scope_missing");
        orders.post("/v1/payment-orders", "o", &till.new_order(50_000)).ended(201);
        till.end(&place);
    }
}
