//! The Alipay rail against a gateway that misbehaves (P10, P12, X8, X11).

use std::{path::PathBuf, process::Command};

use purser_domain::{
    ledger::{AccountKind, AccountRef},
    money::Currency,
    policy::DEFAULT_PACK,
};
use purser_engine::ledger;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    alipay_account::creators,
    certificates::{CERTIFICATES, make_certificates},
    support::{
        arg, binary,
        http::{Answer, Client},
        purser,
        world::{Place, Server, wait_until},
    },
};

/// Creators of a test.
const CREATORS: usize = 20;

pub(crate) const APP: &str = "2021000000000001";

/// A gateway process with its keys.
pub(crate) struct Gateway {
    pub(crate) server: Server,
    keys: TempDir,
    certificates: bool,
}

impl Gateway {
    pub(crate) fn start() -> Self {
        let keys = TempDir::new().unwrap();
        Self { server: Server::of(Self::command(&keys)), keys, certificates: false }
    }

    fn command(keys: &TempDir) -> Command {
        let mut command = Command::new(binary());
        command.args(["sandbox", "alipay", "--listen", "127.0.0.1:0", "--keys", arg(keys.path())]);
        command
    }

    /// The same gateway anew, which asks for certificates.
    pub(crate) fn certify(&mut self) {
        make_certificates(self.keys.path());
        let mut command = Self::command(&self.keys);
        for (flag, name) in CERTIFICATES {
            command.arg(flag).arg(self.keys.path().join(name));
        }
        (self.server, self.certificates) = (Server::of(command), true);
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.keys.path().join(name)
    }

    fn get(&self) -> Value {
        self.server.client("").get("/control/orders").ended(200).body
    }

    pub(crate) fn post(&self, what: &str, body: &Value) -> Value {
        self.server.client("").post(&format!("/control/{what}"), "unused", body).ended(200).body
    }

    /// The orders of a withdrawal, by slice.
    pub(crate) fn orders(&self, withdrawal: &str) -> Vec<Value> {
        let all = self.get()["orders"].as_array().unwrap().clone();
        let own = |order: &Value| order["reference"].as_str().unwrap().starts_with(withdrawal);
        all.into_iter().filter(own).collect()
    }
}

/// Books with a server that is connected to a gateway, and float there.
pub(crate) struct World<'a> {
    pub(crate) place: &'a Place,
    pub(crate) gateway: Gateway,
    /// None only between a kill and the next start.
    pub(crate) server: Option<Server>,
    key: String,
    /// Creators with an Alipay account that did not ask yet.
    creators: Vec<String>,
    asked: usize,
    top_ups: i64,
}

fn server(place: &Place, gateway: &Gateway) -> Server {
    server_to(place, gateway, &format!("http://{}/gateway.do", gateway.server.address))
}

/// With another way to the gateway.
fn server_to(place: &Place, gateway: &Gateway, url: &str) -> Server {
    let (key, public) = (gateway.key("app-private.pem"), gateway.key("alipay-public.pem"));
    let mut command = Server::command(place);
    command.args(["--alipay-app-id", APP, "--alipay-gateway", url, "--alipay-time-out", "1"]);
    command.args(["--alipay-key-file", arg(&key)]);
    if gateway.certificates {
        for (flag, name) in CERTIFICATES {
            command.arg(flag.replace("--", "--alipay-")).arg(gateway.key(name));
        }
    } else {
        command.args(["--alipay-public-key-file", arg(&public)]);
    }
    let server = Server::of(command);
    let notify = format!("http://{}/v1/rails/alipay/notify", server.address);
    gateway.post("notify-url", &json!({ "url": notify }));
    server
}

/// Switches the rail on, or off.
pub(crate) fn activate(place: &Place, enabled: bool) {
    put_in_force(place, &[("rail.alipay.enabled", "P4", if enabled { "true" } else { "false" })]);
}

/// Two people put a policy with further entries in force; key, row and value each.
pub(crate) fn put_in_force(place: &Place, entries: &[(&str, &str, &str)]) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("policy.toml");
    let entry = |key: &str, row: &str, value: &str| {
        format!(
            "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"2026-01-01\"\nvalue = {value}\nsource = \"test\"\n"
        )
    };
    let more: String = entries.iter().map(|(key, row, value)| entry(key, row, value)).collect();
    let text = format!("{DEFAULT_PACK}{more}");
    std::fs::write(&file, text).unwrap();
    place.run(&["policy", "activate", arg(&file), "--by", "li", "--approved-by", "wang"]).ended(0);
}

impl<'a> World<'a> {
    fn on(place: &'a Place) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        activate(place, true);
        let key = place.key();
        let creators = creators(place, &key, CREATORS);
        let gateway = Gateway::start();
        let server = Some(server(place, &gateway));
        let mut world = Self { place, gateway, server, key, creators, asked: 0, top_ups: 0 };
        world.top_up(100_000_000);
        world
    }

    pub(crate) fn client(&self) -> Client {
        self.server.as_ref().unwrap().client(&self.key)
    }

    fn top_up(&mut self, amount: i64) {
        self.top_ups += amount;
        let reference = format!("bank-{}", self.top_ups);
        let body = json!({ "amount_minor": amount, "reference": reference });
        self.client().post("/v1/rails/alipay/float-top-ups", &reference, &body).ended(201);
    }

    /// The same server once more, with a way to the gateway that leads there or nowhere.
    pub(crate) fn restart(&mut self, leads: bool) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
        // Nobody listens on port 1.
        let nowhere = "http://127.0.0.1:1/gateway.do";
        let start = if leads {
            server(self.place, &self.gateway)
        } else {
            server_to(self.place, &self.gateway, nowhere)
        };
        self.server = Some(start);
    }

    /// The same, where gateway and server use certificates.
    pub(crate) fn certify(&mut self) {
        self.gateway.certify();
        self.restart(true);
    }

    /// A creator with earnings and an Alipay account; asks for an amount.
    pub(crate) fn withdrawal(&mut self, amount: i64) -> String {
        let asked = self.asks(amount);
        assert_eq!(asked.text("rail"), "alipay");
        asked.text("id").to_owned()
    }

    pub(crate) fn asks(&mut self, amount: i64) -> Answer {
        self.asked += 1;
        let (client, n) = (self.client(), self.asked);
        let party = self.creators.pop().unwrap();
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let order = json!({ "order_id": format!("o{n}"), "creator_id": party, "task_type": "video", "title": "t",
            "amount_minor": amount * 2, "accepted_at": at, "status": "completed", "completed_at": at });
        client.post("/v1/task-orders", &format!("o{n}"), &order);
        let request = json!({ "party_id": party, "amount_minor": amount });
        client.post("/v1/withdrawals", &format!("w{n}"), &request).ended(201)
    }

    /// A creator who has earned so much, and their Alipay account.
    pub(crate) fn rich(&mut self, net: i64) -> (String, String) {
        let client = self.client();
        let party = self.creators.pop().unwrap();
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let order = json!({ "order_id": "rich", "creator_id": party, "task_type": "video", "title": "t",
            "amount_minor": net * 2, "accepted_at": at, "status": "completed", "completed_at": at });
        client.post("/v1/task-orders", "rich", &order).ended(200);
        let accounts = client.get(&format!("/v1/parties/{party}/payout-accounts")).ended(200).body;
        (party, accounts["data"][0]["id"].as_str().unwrap().to_owned())
    }

    pub(crate) fn read(&self, withdrawal: &str) -> Answer {
        self.client().get(&format!("/v1/withdrawals/{withdrawal}")).ended(200)
    }

    fn state(&self, withdrawal: &str) -> String {
        self.read(withdrawal).text("state").to_owned()
    }

    pub(crate) fn ends(&self, withdrawal: &str, state: &str) {
        wait_until(&format!("{withdrawal} is {state}"), 60, || self.state(withdrawal) == state);
    }

    /// A withdrawal whose order meets a fate at the gateway; returns once the gateway has it.
    pub(crate) fn meets(&mut self, fate: &str, amount: i64) -> String {
        self.gateway.post("next", &json!({ "fate": fate }));
        let id = self.withdrawal(amount);
        wait_until(&format!("the gateway gets {fate}"), 20, || !self.gateway.orders(&id).is_empty());
        id
    }

    /// What the gateway charged, by our books.
    fn charges(&self) -> i64 {
        let expense = AccountRef::platform(AccountKind::ExpenseRailFee, Currency::CNY).id();
        let known = ledger::account(self.place.reader().as_mut(), expense).unwrap();
        known.map_or(0, |(account, _)| account.posted)
    }

    /// What left by the gateway's books left by ours, and nothing left twice.
    fn books_agree(self) {
        let orders = self.gateway.get()["orders"].as_array().unwrap().clone();
        let mut net = 0;
        for order in &orders {
            let int = |name: &str| order[name].as_i64().unwrap();
            assert!(int("paid") <= 1 && int("returned") <= int("paid"), "{order}");
            net += int("amount_minor") * (int("paid") - int("returned"));
        }
        let float = AccountRef::float("alipay", Currency::CNY).id();
        let (float, _) = ledger::account(self.place.reader().as_mut(), float).unwrap().unwrap();
        let out = self.top_ups - float.posted - self.charges();
        assert_eq!((out, float.held_out), (net, 0), "{} orders", orders.len());
        self.server.unwrap().stop();
        self.place.verify(true);
    }
}

pub(crate) fn each(test: impl Fn(&mut World<'_>)) {
    for place in Place::all() {
        let mut world = World::on(&place);
        test(&mut world);
        world.books_agree();
    }
}

#[test]
fn every_misbehaviour_of_the_gateway_ends_well_p10_x8() {
    each(|world| {
        let fates = [
            ("ok", "paid"),
            ("lost_request", "paid"),
            ("lost_reply", "paid"),
            ("late_success", "paid"),
            ("late_failure", "failed"),
            ("duplicate_callback", "paid"),
            ("bounce", "bounced"),
            ("throttled", "paid"),
            ("stale_query", "paid"),
            ("bad_signature", "paid"),
            ("system_error", "paid"),
            ("hang", "paid"),
            ("payee_not_exist", "failed"),
            ("user_risk_freeze", "failed"),
            ("exceed_limit_sm_amount", "failed"),
        ];
        let asked: Vec<String> =
            (0i64..).zip(fates).map(|(n, (fate, _))| world.meets(fate, 100_000 + n)).collect();
        for (id, (_, state)) in asked.iter().zip(fates) {
            world.ends(id, state);
        }
        let explained = |at: usize| world.read(&asked[at]).body["explanation"].clone();
        // X8: the rail's refusal returns the money with its reason.
        assert!(explained(12).to_string().contains("PAYEE_NOT_EXIST"), "{}", explained(12));
        let party = world.read(&asked[12]).text("party_id").to_owned();
        let overview = world.client().get(&format!("/v1/parties/{party}/overview")).ended(200).body;
        assert_eq!(overview["in_transit_minor"], 0);
        assert_eq!(overview["totals"]["withdrawn_minor"], 0);
    });
}

#[test]
fn platform_funds_and_platform_faults_stop_the_queue_not_the_creators_p10_p12_x11() {
    each(|world| {
        // Whatever the ledger says, the rail is short; both wait, and go out by themselves after a top-up.
        let short = world.meets("funds_short", 100_000);
        world.ends(&short, "waiting_for_funds");
        let behind = world.withdrawal(50_000);
        world.ends(&behind, "waiting_for_funds");
        world.top_up(1_000_000);
        world.ends(&short, "paid");
        world.ends(&behind, "paid");
        assert_eq!(world.gateway.orders(&short)[0]["sends"], 2, "the identical order");
        // What the gateway made an order of, and failed, is told that failure for ever: it goes under its next number.
        let failed = world.meets("funds_failed", 60_000);
        world.ends(&failed, "waiting_for_funds");
        world.top_up(1_000_000);
        world.ends(&failed, "paid");
        let orders = world.gateway.orders(&failed);
        let said: Vec<[&Value; 3]> =
            orders.iter().map(|o| [&o["reference"], &o["sends"], &o["paid"]]).collect();
        let (first, second) = (format!("{failed}-01"), format!("{failed}-01r2"));
        assert_eq!(said, [[&json!(first), &json!(1), &json!(0)], [&json!(second), &json!(1), &json!(1)]]);
        // A refusal of everything of the platform's stops the rail: the first fails, the next wait.
        let refused = world.meets("product_not_sign", 30_000);
        world.ends(&refused, "failed");
        let waits = world.client().get("/v1/rails").ended(200).body["data"].clone();
        let alipay = waits.as_array().unwrap().iter().find(|rail| rail["rail"] == "alipay").unwrap().clone();
        assert_eq!([&alipay["healthy"], &alipay["connected"], &alipay["enabled"]], [false, true, true]);
        let events = world.client().get("/v1/events?limit=200").ended(200).body;
        let said = events["data"].to_string();
        assert!(said.contains("rail.broken") && said.contains("rail.configuration"), "{said}");
        let open = world.client().post("/v1/rails/alipay/reopen", "r1", &Value::Null).ended(200);
        assert_eq!(open.body["healthy"], true);
        let after = world.meets("ok", 20_000);
        world.ends(&after, "paid");
    });
}

#[test]
fn a_limit_of_the_day_sends_the_identical_order_the_next_day_p10_x12() {
    each(|world| {
        let id = world.meets("exceed_limit_dm_amount", 100_000);
        wait_until("it is put off", 30, || {
            world.read(&id).body["explanation"]["code"] == "rail_limit_deferred"
        });
        let seen = world.read(&id);
        assert_eq!(
            (seen.text("state"), &seen.body["explanation"]["who_must_act"]),
            ("sending", &json!("nobody"))
        );
        let events = world.client().get("/v1/events?limit=200").ended(200).body.to_string();
        assert!(events.contains("rail.configuration"), "finance hears of a limit that policy does not know");
        let day = json!({ "advance_seconds": 86_400 });
        world.client().post("/v1/sandbox/clock", "tomorrow", &day).ended(200);
        world.ends(&id, "paid");
        let orders = world.gateway.orders(&id);
        assert_eq!((orders.len(), &orders[0]["sends"], &orders[0]["paid"]), (1, &json!(2), &json!(1)));
    });
}

#[test]
fn what_waits_moves_to_another_rail_when_its_own_breaks_p10() {
    each(|world| {
        // More than float covers, so that nothing is sent yet.
        let id = world.withdrawal(30_000_000);
        let behind = world.withdrawal(40_000_000);
        let third = world.withdrawal(45_000_000);
        world.ends(&third, "waiting_for_funds");
        let broken = json!({ "healthy": false });
        world.client().post("/v1/sandbox/rails/alipay", "b1", &broken).ended(200);
        let top_up = json!({ "amount_minor": 45_000_000, "reference": "bank" });
        world.client().post("/v1/rails/sandbox/float-top-ups", "b2", &top_up).ended(201);
        world.ends(&third, "paid");
        assert_eq!(
            world.read(&third).text("rail"),
            "sandbox",
            "in a sandbox it carries what nobody else does"
        );
        // What had not left when it broke leaves when it is whole again.
        let whole = json!({ "healthy": true });
        world.client().post("/v1/sandbox/rails/alipay", "b3", &whole).ended(200);
        let later = json!({ "advance_seconds": 61 });
        world.client().post("/v1/sandbox/clock", "b4", &later).ended(200);
        for sent in [id, behind] {
            world.ends(&sent, "paid");
            assert_eq!(world.read(&sent).text("rail"), "alipay", "what was sent stays where it is");
        }
    });
}

#[test]
fn a_payout_above_the_limit_is_cut_and_may_be_paid_in_part_p10() {
    each(|world| {
        for fate in ["lost_reply", "payee_not_exist", "ok"] {
            world.gateway.post("next", &json!({ "fate": fate }));
        }
        let id = world.withdrawal(12_000_000);
        world.ends(&id, "partly_paid");
        let orders = world.gateway.orders(&id);
        let amounts: Vec<i64> = orders.iter().map(|order| order["amount_minor"].as_i64().unwrap()).collect();
        assert_eq!(amounts, [5_000_000, 5_000_000, 2_000_000]);
        assert_eq!(orders.iter().filter(|order| order["paid"] == 1).count(), 2);
    });
}

#[test]
fn notices_are_believed_or_refused_and_kept_in_the_audit_log_p10() {
    each(|world| {
        let id = world.meets("ok", 100_000);
        world.ends(&id, "paid");
        let reference = world.gateway.orders(&id)[0]["reference"].as_str().unwrap().to_owned();
        let version = world.read(&id).int("version");
        let say = |body: Value| world.gateway.post("notice", &body)["answer"].as_str().unwrap().to_owned();
        let with = |name: &str, value: Value| {
            let mut body = json!({ "reference": reference });
            body[name] = value;
            body
        };
        assert_eq!(say(json!({ "reference": reference })), "success", "replayed");
        assert_eq!(say(with("signed_well", json!(false))), "fail");
        assert_eq!(say(with("app_id", json!("2021000000000002"))), "fail");
        // What contradicts the books is taken in: a case is open about it, one however often it comes.
        assert_eq!(say(with("amount_minor", json!(100_001))), "success");
        assert_eq!(say(with("status", json!("FAIL"))), "success", "it said the opposite before");
        assert_eq!(say(with("status", json!("FAIL"))), "success");
        let cases = world.client().get("/v1/cases?kind=reconciliation_break").ended(200).body;
        let subjects: Vec<&Value> = cases["data"].as_array().unwrap().iter().map(|c| &c["subject"]).collect();
        assert_eq!(subjects, [&json!(reference)]);
        assert_eq!(say(with("status", json!("DEALING"))), "success", "out of order: known better");
        for strange in
            ["wd_01h455vb4pex5vsknk084sn02q-01", &format!("{id}-99"), &format!("{id}-1"), "x", "%00"]
        {
            assert_eq!(say(json!({ "reference": strange, "amount_minor": 100_000 })), "fail", "{strange}");
        }
        assert_eq!(world.read(&id).int("version"), version, "nothing of it changed anything");
        // The money comes back, and only then a success is told again.
        assert_eq!(world.gateway.post("refund", &json!({ "reference": reference }))["returned"], true);
        world.ends(&id, "bounced");
        assert_eq!(say(with("status", json!("SUCCESS"))), "success");
        assert_eq!(world.state(&id), "bounced");
        let nobody = world.server.as_ref().unwrap().client("");
        let junk = nobody.post("/v1/rails/alipay/notify", "unused", &json!({ "sign": "" }));
        assert_eq!((junk.status, junk.body), (200, Value::Null));
        let long = nobody.post("/v1/rails/alipay/notify", "unused", &json!("x".repeat(70_000)));
        assert_eq!(long.ended(413).text("code"), "body_too_large");
        assert_eq!(
            nobody.post("/v1/rails/swift/notify", "unused", &Value::Null).ended(404).text("code"),
            "rail_unknown"
        );
        let audit = world.client().get("/v1/audit?limit=200").ended(200).body;
        let mut outcomes: Vec<String> = audit["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["actor"] == "rail:alipay")
            .filter_map(|entry| entry["data"]["outcome"].as_str().or(entry["data"]["code"].as_str()))
            .map(str::to_owned)
            .collect();
        outcomes.sort();
        outcomes.dedup();
        assert_eq!(
            outcomes,
            ["notice_amount", "notice_signature", "notice_unknown", "outcome_conflict", "taken"]
        );
    });
}

#[test]
fn what_the_gateway_charges_is_booked_once_p10() {
    each(|world| {
        world.gateway.post("charge", &json!({ "minor": 10 }));
        let id = world.meets("ok", 100_000);
        world.ends(&id, "paid");
        wait_until("the charge is booked", 20, || world.charges() == 10);
        let reference = world.gateway.orders(&id)[0]["reference"].clone();
        let told = json!({ "reference": reference });
        assert_eq!(world.gateway.post("notice", &told)["answer"], "success");
        assert_eq!(world.charges(), 10, "told again");
        world.gateway.post("charge", &json!({ "minor": 25 }));
        assert_eq!(world.gateway.post("notice", &told)["answer"], "success");
        wait_until("the rest is booked", 20, || world.charges() == 25);
    });
}

#[test]
fn a_server_killed_in_the_middle_pays_everybody_once_p10() {
    each(|world| {
        let fates = ["ok", "lost_reply", "hang", "late_success", "stale_query", "lost_request"];
        let mut asked = Vec::new();
        for round in 0..3i64 {
            for fate in fates {
                world.gateway.post("next", &json!({ "fate": fate }));
            }
            for n in 0..6 {
                asked.push(world.withdrawal(10_000 + round * 10 + n));
            }
            let known = |world: &World<'_>| world.gateway.get()["orders"].as_array().unwrap().len();
            let until = usize::try_from(round).unwrap() * 6 + 3;
            wait_until("some orders are at the gateway", 30, || known(world) >= until);
            // A folder has one server: the old one is gone before the next one comes.
            world.server.take().unwrap().kill();
            world.server = Some(server(world.place, &world.gateway));
        }
        for id in &asked {
            world.ends(id, "paid");
        }
    });
}

#[test]
fn a_rail_that_is_half_configured_stops_the_server_with_a_sentence_p10() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let gateway = Gateway::start();
    let read = |name: &str| std::fs::read_to_string(gateway.key(name)).unwrap();
    let (own, theirs) =
        (file("own.pem", &read("app-private.pem")), file("theirs.pem", &read("alipay-public.pem")));
    let mut openssl = Command::new("openssl");
    let own_public = folder.path().join("own-public.pem");
    openssl.args(["pkey", "-in", &own, "-pubout", "-out", arg(&own_public)]);
    let junk = file("junk.pem", "not a key");
    let serve = |args: &[&str]| {
        let ran = purser(&[&["serve", "--listen", "127.0.0.1:0", "--data", arg(&data)], args].concat());
        assert!(!data.exists(), "nothing was begun");
        (ran.code, ran.err)
    };
    let (code, said) = serve(&["--alipay-app-id", APP]);
    assert!(code == 2 && said.contains("--alipay-key-file and --alipay-public-key-file"), "{said}");
    let (code, said) = serve(&["--alipay-key-file", &own, "--alipay-public-key-file", &theirs]);
    assert!(code == 2 && said.contains("--alipay-app-id"), "{said}");
    let all = |app, key, public| {
        ["--alipay-app-id", app, "--alipay-key-file", key, "--alipay-public-key-file", public]
    };
    let refused = |args: &[&str], part: &str| {
        let (code, said) = serve(args);
        assert!(code != 0 && said.contains(part), "{said}");
    };
    refused(&all("my app", &own, &theirs), "--alipay-app-id");
    refused(&all(APP, &junk, &theirs), "junk.pem");
    refused(&all(APP, &own, &junk), "junk.pem");
    refused(&all(APP, &theirs, &theirs), "private key");
    refused(&all(APP, "/nowhere/key.pem", &theirs), "/nowhere/key.pem");
    refused(
        &[&all(APP, &own, &theirs)[..], &["--alipay-gateway", "http://example.com/gateway.do"]].concat(),
        "https://",
    );
    if openssl.status().is_ok_and(|status| status.success()) {
        refused(&all(APP, &own, arg(&own_public)), "application's own public key");
    }
}
