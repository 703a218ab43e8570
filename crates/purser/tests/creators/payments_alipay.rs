//! Money in through Alipay's cashier page, against a gateway of our own (P11).

use std::{cell::Cell, net::TcpListener, path::PathBuf, process::Command};

use purser_domain::policy::DEFAULT_PACK;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::payments::{Till, get, id, page};
use crate::support::{
    arg, binary,
    world::{Place, Server, wait_until},
};

/// A gateway process, and a desk that takes money through it.
struct Shop {
    gateway: Server,
    _keys: TempDir,
    till: Till,
}

/// An address that nobody listens at now.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Switches the rail on: money that came through it can go back through it.
fn activate(place: &Place) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("policy.toml");
    let entry = "[[entry]]\nkey = \"rail.alipay.enabled\"\nrow = \"P4\"\neffective_from = \"2026-01-01\"\n\
                 value = true\nsource = \"test\"\n";
    std::fs::write(&file, format!("{DEFAULT_PACK}\n{entry}")).unwrap();
    place.run(&["policy", "activate", arg(&file), "--by", "li", "--approved-by", "wang"]).ended(0);
}

impl Shop {
    fn on(place: &Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        activate(place);
        let keys = TempDir::new().unwrap();
        let mut command = Command::new(binary());
        command.args(["sandbox", "alipay", "--listen", "127.0.0.1:0", "--keys", arg(keys.path())]);
        let gateway = Server::of(command);
        let url = format!("http://{}/gateway.do", gateway.address);
        let file = |name: &str| -> PathBuf { keys.path().join(name) };
        let (private, public) = (file("app-private.pem"), file("alipay-public.pem"));
        let listen = free_address();
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", &listen, "--job-lease", "5"]).args(place.flags());
        command.args([
            "--alipay-app-id",
            "2021000000000001",
            "--alipay-gateway",
            &url,
            "--alipay-time-out",
            "1",
        ]);
        command.args(["--alipay-key-file", arg(&private), "--alipay-public-key-file", arg(&public)]);
        command.args(["--collect-alipay", "--public-url", &format!("http://{listen}")]);
        command.args(["--alipay-seller-id", "2088000000000001"]);
        let key = place.key();
        let server = Server::of(command);
        let client = server.client(&key);
        let party = json!({ "external_id": "adv-1", "display_name": "Advertiser", "roles": ["advertiser"],
            "legal_form": "enterprise" });
        let party = client.post("/v1/parties", "party", &party).ended(200).text("id").to_owned();
        let till = Till { server, client, party, next: Cell::new(0) };
        Self { gateway, _keys: keys, till }
    }

    fn made(&self) -> Value {
        let mut new = self.till.new_order(50_000);
        new["method"] = json!("alipay");
        self.till.post("/v1/payment-orders", &new).ended(201).body
    }

    /// The payer goes from the cashier page to the gateway's page.
    fn opened(&self) -> Value {
        let order = self.made();
        let url = order["cashier_url"].as_str().unwrap();
        let path = url.split_once("/cashier/").map(|(_, rest)| format!("/cashier/{rest}")).unwrap();
        let shown = get(&self.till, &path).text;
        let link = shown.split("href=\"").find(|part| part.contains("/gateway.do?")).unwrap();
        let link = link.split('"').next().unwrap().replace("&amp;", "&");
        let (_, path) = link.split_once("/gateway.do").unwrap();
        let opened = page(self.gateway.address, "GET", &format!("/gateway.do{path}"), "");
        assert_eq!(opened.status, 200, "the page's address is signed: {}", opened.text);
        order
    }

    fn control(&self, what: &str, body: &Value) -> Value {
        self.gateway.client("").post(&format!("/control/{what}"), "unused", body).ended(200).body
    }

    /// Sends a notice and says what the desk answered.
    fn notice(&self, body: &Value) -> String {
        self.control("trade-notice", body)["answer"].as_str().unwrap_or_default().to_owned()
    }

    fn trade(&self, order: &Value) -> Value {
        let trades = self.gateway.client("").get("/control/trades").ended(200).body;
        let trades = trades["trades"].as_array().unwrap().clone();
        trades.into_iter().find(|trade| trade["reference"] == order["id"]).unwrap_or(Value::Null)
    }

    fn end(self, place: &Place) {
        self.till.end(place);
    }
}

#[test]
fn only_a_good_notice_moves_money_and_only_once_p11() {
    for place in Place::all() {
        let shop = Shop::on(&place);
        let (till, order) = (&shop.till, shop.opened());
        let reference = id(&order);
        assert_eq!(shop.trade(&order), Value::Null, "no trade before the payer pays");
        for (what, answer) in [
            (json!({ "reference": reference, "amount_minor": 50_000, "signed_well": false }), "fail"),
            (json!({ "reference": reference, "amount_minor": 50_000, "app_id": "2021000000000009" }), "fail"),
            (json!({ "reference": reference, "amount_minor": 0 }), "fail"),
            (json!({ "reference": "W1", "amount_minor": 50_000 }), "fail"),
            // Out of order, and good: nothing to do yet.
            (
                json!({ "reference": reference, "amount_minor": 50_000, "status": "WAIT_BUYER_PAY" }),
                "success",
            ),
        ] {
            assert_eq!(shop.notice(&what), answer, "{what}");
        }
        assert_eq!(till.read(&order)["payments"], json!([]), "none of it moved money");
        let paid = page(shop.gateway.address, "POST", &format!("/pay/{reference}"), "");
        assert!(paid.text.contains("success"), "{}", paid.text);
        let read = till.until(&order, "paid");
        assert_eq!(read["payments"][0]["rail_payment"], shop.trade(&order)["trade_no"]);
        for what in
            [json!({ "reference": reference }), json!({ "reference": reference, "status": "TRADE_FINISHED" })]
        {
            assert_eq!(shop.notice(&what), "success", "told again is not paid again");
        }
        let other = json!({ "reference": reference, "amount_minor": 49_999 });
        let breaks = || {
            let cases = till.client.get("/v1/cases?kind=reconciliation_break").ended(200).body;
            cases["data"].as_array().unwrap().clone()
        };
        assert!(breaks().is_empty());
        for _ in 0..2 {
            assert_eq!(shop.notice(&other), "fail", "the same trade with another amount");
        }
        assert_eq!((breaks().len(), &breaks()[0]["subject"]), (1, &read["payments"][0]["id"]), "told twice");
        assert_eq!((till.read(&order)["received_minor"].clone(), till.cash()), (json!(50_000), 50_000));
        // Signed well, for an order that these books do not have: money all the same.
        let stray = json!({ "reference": "po_01h455vb4pex5vsknk084sn02q", "amount_minor": 700 });
        assert_eq!(shop.notice(&stray), "success");
        let waiting = till.client.get("/v1/payments?place=unassigned").ended(200).body;
        assert_eq!(waiting["data"][0]["amount_minor"], 700);
        let payment = waiting["data"][0]["id"].as_str().unwrap().to_owned();
        let assign = json!({ "party_id": till.party });
        till.staff("li").post(&format!("/v1/payments/{payment}/assign"), "assign", &assign).ended(200);
        assert_eq!(till.cash(), 50_700);
        shop.end(&place);
    }
}

#[test]
fn the_gateway_is_asked_before_an_order_is_closed_p11() {
    for place in Place::all() {
        let shop = Shop::on(&place);
        let (lost, unpaid, late) = (shop.opened(), shop.made(), shop.opened());
        assert_eq!(shop.control("pay", &json!({ "reference": lost["id"] })), json!({ "paid": true }));
        shop.till.advance(16 * 60);
        let found = shop.till.until(&lost, "paid");
        assert_eq!(found["payments"][0]["timing"], "on_time", "its notice was lost, asking found it");
        shop.till.until(&unpaid, "closed");
        shop.till.until(&late, "closed");
        assert_eq!(shop.control("pay", &json!({ "reference": late["id"] })), json!({ "paid": true }));
        assert_eq!(shop.notice(&json!({ "reference": late["id"] })), "success");
        let paid = shop.till.until(&late, "paid_late");
        assert_eq!(paid["payments"][0]["refund_offered"], json!(true));
        assert_eq!(shop.till.cash(), 100_000);
        shop.end(&place);
    }
}

#[test]
fn a_refund_is_asked_for_until_the_gateway_has_made_it_once_p11() {
    for place in Place::all() {
        let shop = Shop::on(&place);
        // Refused after a call that failed: what became of that one is asked first.
        for (fates, end) in [
            ("", "paid"),
            ("lost_reply", "paid"),
            ("lost_request", "paid"),
            ("refused", "failed"),
            ("short refused", "paid"),
        ] {
            let order = shop.opened();
            shop.control("pay", &json!({ "reference": order["id"] }));
            assert_eq!(shop.notice(&json!({ "reference": order["id"] })), "success");
            shop.till.until(&order, "paid");
            let before = shop.till.cash();
            for fate in fates.split_whitespace() {
                shop.control("next-refund", &json!({ "fate": fate }));
            }
            shop.till.refund(&order, &json!({})).ended(201);
            wait_until(&format!("the refund ({fates}) is {end}"), 30, || {
                shop.till.advance(5);
                shop.till.read(&order)["payments"][0]["refunds"][0]["state"] == end
            });
            let (back, count) = if end == "paid" { (50_000, 1) } else { (0, 0) };
            assert_eq!(shop.till.cash(), before - back);
            let trade = shop.trade(&order);
            assert_eq!(
                (&trade["refunded_minor"], &trade["refunds"]),
                (&json!(back), &json!(count)),
                "{fates}"
            );
        }
        shop.end(&place);
    }
}
