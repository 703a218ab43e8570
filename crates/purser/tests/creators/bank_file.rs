//! Bank files out and bank messages in (P10), with the bank of `purser sandbox bank`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use purser_domain::{
    policy::DEFAULT_PACK,
    time::{SECOND, Timestamp, Zone},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::desk::{event_kinds, put_in_force, signed_in};
use crate::support::{
    binary,
    http::{Answer, Client},
    purser,
    world::{Place, SECRETS_KEY, Server, wait_until},
};

const ACCOUNT: &str = "6232810000000017";
const CARD: &str = "6222021234567890128";

/// A desk whose payouts go out in bank files, one creator with money, and a bank.
pub(super) struct Desk {
    pub(super) place: Place,
    pub(super) server: Option<Server>,
    pub(super) client: Client,
    key: String,
    pub(super) party: String,
    pack: String,
    dir: TempDir,
    folder: bool,
    moves: std::cell::Cell<u32>,
}

fn start(place: &Place, outbox: Option<&Path>) -> Server {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--job-lease", "5"]).args(place.flags());
    command.args(["--bank-file-account", ACCOUNT, "--bank-file-name", "平台 Platform"]);
    command.args(["--collect-name", "Platform", "--collect-number", ACCOUNT, "--collect-bank", "ICBC"]);
    if let Place::Postgres { .. } = place {
        command.env("PURSER_SECRETS_KEY", SECRETS_KEY);
    }
    if let Some(dir) = outbox {
        command.arg("--bank-file-dir").arg(dir);
    }
    Server::of(command)
}

impl Desk {
    pub(super) fn on(place: Place, folder: bool) -> Self {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("outbox")).unwrap();
        // Sandbox accounts are carried by the bank here, so that their numbers name what becomes of them.
        let pack = DEFAULT_PACK.replace(
            "{ account = \"sandbox\", rail = \"sandbox\"",
            "{ account = \"sandbox\", rail = \"bank-file\"",
        );
        let from = "2026-01-01";
        let pack = pack
            + &entry("rail.bank_file.enabled", "P4", from, "true")
            + &entry("rail.bank_file.single_limit", "P10", from, "6000")
            + &entry("bank_file.orders", "P10", from, "5");
        let pack_file = dir.path().join("pack.toml");
        fs::write(&pack_file, &pack).unwrap();
        place
            .run(&["policy", "activate", pack_file.to_str().unwrap(), "--by", "li", "--approved-by", "wang"])
            .ended(0);
        let key = place.key();
        let outbox = dir.path().join("outbox");
        let server = start(&place, folder.then_some(outbox.as_path()));
        let client = server.client(&key);
        let party = creator(&client, "c1", "张三");
        let top_up = json!({ "amount_minor": 1_000_000, "reference": "bank 1" });
        client.post("/v1/rails/bank-file/float-top-ups", "p3", &top_up).ended(201);
        let moves = std::cell::Cell::new(0);
        Self { place, server: Some(server), client, key, party, pack, dir, folder, moves }
    }

    fn outbox(&self) -> PathBuf {
        self.dir.path().join("outbox")
    }

    /// Business time goes on, so that due work is done.
    pub(super) fn pass(&self) {
        self.moves.set(self.moves.get() + 1);
        let step = json!({ "advance_seconds": 60 });
        self.client.post("/v1/sandbox/clock", &format!("t{}", self.moves.get()), &step).ended(200);
    }

    /// Binds payout accounts whose numbers name what becomes of them; comes back the day after tomorrow at 17:00, when
    /// none of them cools off any more and the next cut-off is almost a day away.
    pub(super) fn bind<const N: usize>(&self, numbers: [&str; N]) -> [String; N] {
        let path = format!("/v1/parties/{}/payout-accounts", self.party);
        let ids = numbers.map(|number| {
            let account = json!({ "kind": "sandbox", "number": number });
            self.client.post(&path, &format!("a-{number}"), &account).ended(201).text("id").to_owned()
        });
        let now: Timestamp = self.client.get("/v1/clock").text("business_at").parse().unwrap();
        let zone = Zone::shanghai();
        let day = zone.date(now).tomorrow().unwrap().tomorrow().unwrap();
        let seconds = (zone.at(day, 17, 0).0 - now.0) / SECOND;
        let step = json!({ "advance_seconds": seconds });
        self.client.post("/v1/sandbox/clock", "t0", &step).ended(200);
        ids
    }

    /// Asks for a withdrawal, and waits until its orders are in a file.
    pub(super) fn withdraw(&self, account: &str, amount_minor: i64) -> String {
        self.withdraw_of(&self.party, account, amount_minor)
    }

    pub(super) fn withdraw_of(&self, party: &str, account: &str, amount_minor: i64) -> String {
        let request = json!({ "party_id": party, "amount_minor": amount_minor, "destination": account });
        let asked = self.client.post("/v1/withdrawals", &format!("w-{account}"), &request);
        let id = asked.ended(201).text("id").to_owned();
        self.until(&id, "unknown");
        id
    }

    pub(super) fn state(&self, id: &str) -> Value {
        self.client.get(&format!("/v1/withdrawals/{id}")).ended(200).body
    }

    pub(super) fn until(&self, id: &str, state: &str) {
        wait_until(&format!("{id} is {state}"), 30, || {
            self.pass();
            self.state(id)["state"] == state
        });
    }

    pub(super) fn files(&self) -> Vec<Value> {
        let files = self.client.get("/v1/rails/bank-file/files").ended(200).body;
        files["data"].as_array().unwrap().clone()
    }

    pub(super) fn file(&self, id: &str) -> Value {
        self.client.get(&format!("/v1/rails/bank-file/files/{id}")).ended(200).body
    }

    /// Closes the open file and returns its id once its bytes are there.
    pub(super) fn close(&self) -> String {
        self.ready(&self.shut())
    }

    /// Closes the open file.
    fn shut(&self) -> String {
        let open = self.files().into_iter().find(|file| file["state"] == "open").unwrap();
        let id = open["id"].as_str().unwrap().to_owned();
        let closed = self.client.post(&format!("/v1/rails/bank-file/files/{id}/close"), &id, &json!({}));
        assert_eq!(closed.ended(200).text("closed_by"), "staff");
        id
    }

    /// Two people throw a switch (P4); `from` is a date after that of the entry before.
    pub(super) fn switch(&mut self, people: &(Client, Client), key: &str, from: &str, on: bool) {
        self.pack += &entry(key, "P4", from, if on { "true" } else { "false" });
        put_in_force(people, from, &self.pack);
    }

    fn ready(&self, id: &str) -> String {
        let done = if self.folder { "sent" } else { "ready" };
        wait_until("the file is there", 30, || self.file(id)["state"] == done);
        id.to_owned()
    }

    pub(super) fn content(&self, id: &str) -> String {
        self.client.text(&format!("/v1/rails/bank-file/files/{id}/content"))
    }

    /// The bank reads a file and answers as told; returns the folder of its messages.
    pub(super) fn bank(&self, id: &str, faults: &[&str]) -> PathBuf {
        let file = self.dir.path().join(format!("{id}.xml"));
        fs::write(&file, self.content(id)).unwrap();
        let out = self.dir.path().join(format!("from-bank-{}", faults.join("").replace(['/', '='], "_")));
        let args = ["sandbox", "bank", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
        purser(&[&args, faults].concat()).ended(0);
        out
    }

    fn message(&self, text: &str, key: &str) -> Answer {
        self.client.post_xml("/v1/rails/bank-file/messages", key, text)
    }

    pub(super) fn take_in(&self, folder: &Path, name: &str, key: &str) -> Answer {
        self.message(&fs::read_to_string(folder.join(name)).unwrap(), key).ended(201)
    }

    fn float(&self) -> i64 {
        let rails = self.client.get("/v1/rails").ended(200).body;
        let rails = rails["data"].as_array().unwrap();
        rails.iter().find(|rail| rail["rail"] == "bank-file").unwrap()["float_minor"].as_i64().unwrap()
    }

    pub(super) fn references(&self, file: &str) -> Vec<String> {
        let content = self.content(file);
        let mut found: Vec<String> =
            content.split("<EndToEndId>").skip(1).map(|part| part[..32].to_owned()).collect();
        found.sort();
        found
    }

    pub(super) fn stop(mut self) -> Place {
        self.server.take().unwrap().stop();
        self.place.verify(true);
        self.place
    }
}

/// An entry of a policy pack.
fn entry(key: &str, row: &str, from: &str, value: &str) -> String {
    format!(
        "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\nsource = \"test\"\n"
    )
}

/// A creator with money.
pub(super) fn creator(client: &Client, name: &str, real_name: &str) -> String {
    let key = |what: &str| format!("{name}-{what}");
    let new =
        json!({ "external_id": name, "display_name": "C", "roles": ["creator"], "legal_form": "individual" });
    let party = client.post("/v1/parties", &key("party"), &new).ended(200).text("id").to_owned();
    let steps = json!({ "party_id": party, "name": real_name });
    client.post("/v1/sandbox/onboardings", &key("steps"), &steps).ended(200);
    let at = client.get("/v1/clock").text("business_at").to_owned();
    let order = json!({ "order_id": key("order"), "creator_id": party, "task_type": "video", "title": "t",
        "amount_minor": 1_000_000, "accepted_at": at, "status": "completed", "completed_at": at });
    client.post("/v1/task-orders", &key("earned"), &order).ended(200);
    party
}

pub(super) fn refused(answer: Answer, status: u16) -> String {
    answer.ended(status).text("code").to_owned()
}

#[test]
fn withdrawals_go_out_in_a_file_and_come_back_as_paid_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [first, second] = desk.bind(["c1.paid", "c1.lost"]);
        let paid = desk.withdraw(&first, 10_000);
        let lost = desk.withdraw(&second, 5_000);
        let file = desk.close();
        let seen = desk.file(&file);
        // 100.00 is above this rail's 60.00 and goes in two slices.
        assert_eq!((&seen["orders"], &seen["amount_minor"]), (&json!(3), &json!(15_000)));
        let content = desk.content(&file);
        assert!(content.contains("<CtrlSum>150.00</CtrlSum>") && content.contains("平台 Platform"));
        assert_eq!(desk.content(&file), content, "the same bytes every time");
        desk.client.post(&format!("/v1/rails/bank-file/files/{file}/sent"), "s1", &json!({})).ended(200);
        let refusal = format!("{lost}-01=AC01");
        let bank = desk.bank(&file, &["--reject", &refusal]);
        let report = desk.take_in(&bank, "pain002.xml", "m1");
        assert_eq!((report.int("matched"), report.text("about")), (3, file.as_str()));
        desk.until(&lost, "failed");
        assert_eq!(desk.state(&paid)["state"], "unknown", "accepted is not paid");
        let notice = desk.take_in(&bank, "camt054.xml", "m2");
        assert_eq!((notice.int("matched"), notice.int("unmatched")), (2, 0));
        desk.until(&paid, "paid");
        assert_eq!(desk.float(), 990_000);
        let available = |desk: &Desk| {
            desk.client
                .get(&format!("/v1/parties/{}/overview", desk.party))
                .ended(200)
                .int("withdrawable_minor")
        };
        let before = available(&desk);

        // The same file again, under the same key and another one; then the statement, which says the same.
        assert!(desk.take_in(&bank, "camt054.xml", "m2").replayed);
        assert_eq!(desk.take_in(&bank, "camt054.xml", "m3").body["new"], false);
        let statement = desk.take_in(&bank, "camt053.xml", "m4");
        assert_eq!((statement.int("matched"), statement.int("known")), (0, 2));
        assert_eq!((desk.float(), available(&desk)), (990_000, before));

        // Later the payee's bank sends one slice back (退票).
        let returned = desk.bank(&file, &["--reject", &refusal, "--return", &format!("{paid}-02=AC04")]);
        desk.take_in(&returned, "camt054-return.xml", "m5");
        desk.until(&paid, "partly_paid");
        assert_eq!(desk.float(), 994_000, "60.00 left, 40.00 is back");
        assert_eq!(available(&desk), before + 4_000);
        desk.take_in(&returned, "camt054-return.xml", "m6");
        let lines = desk.client.get("/v1/rails/bank-file/entries?kind=return").ended(200).body;
        assert_eq!(lines["data"].as_array().unwrap().len(), 1);
        desk.stop().planted(&[("bank orders = slices", "UPDATE bank_orders SET amount = amount + 1")]);
    }
}

#[test]
fn what_the_bank_cannot_mean_is_refused_and_changes_nothing_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.odd"]);
        let id = desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bank = desk.bank(&file, &["--amount", "all=49.99", "--credit", "88.00=PO-7K2M 13812345678"]);
        let read = |name: &str| fs::read_to_string(bank.join(name)).unwrap();
        let refuse = |text: &str, key: &str, status: u16| refused(desk.message(text, key), status);

        let report = read("pain002.xml");
        let other = report.replace(&file, "bf_01h455vb4pex5vsknk084sn02q");
        assert_eq!(refuse(&other, "x1", 422), "bank_file_unknown");
        assert_eq!(refuse(&report.replace(&file, "SOMEBODY-ELSES"), "x2", 422), "bank_file_unknown");
        let statement = read("camt053.xml");
        let opening = statement.find("<Amt Ccy=\"CNY\">").unwrap();
        let (head, tail) = statement.split_at(opening + 15);
        assert_eq!(refuse(&format!("{head}9{tail}"), "x3", 422), "bank_statement_sums");
        assert_eq!(refuse(&statement.replace("OPBD", "XXXX"), "x4", 422), "bank_statement_balances");
        let account = statement.replace(ACCOUNT, "6232810000000099");
        assert_eq!(refuse(&account, "x5", 422), "bank_account_unknown");
        let bomb = "<!DOCTYPE a [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;\">]><a>&b;</a>";
        assert_eq!(refuse(bomb, "x6", 400), "bank_message_doctype");
        let outside = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        assert_eq!(refuse(outside, "x7", 400), "bank_message_doctype");
        let deep = format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000));
        assert_eq!(refuse(&deep, "x8", 413), "bank_message_too_large");
        assert_eq!(refuse("<a>", "x9", 400), "bank_message_xml");
        assert_eq!(refuse("<?xml version='1.0' encoding='GBK'?><a/>", "x10", 400), "bank_message_encoding");
        assert_eq!(refuse("<a/>", "x11", 422), "bank_message_kind");
        assert_eq!(
            refuse(&report.replace("<TxSts>", "<Txx>").replace("</TxSts>", "</Txx>"), "x12", 422),
            "bank_message_content"
        );
        let json = desk.client.post("/v1/rails/bank-file/messages", "x13", &json!({}));
        assert_eq!(refused(json, 415), "content_type_unsupported");
        assert_eq!(desk.state(&id)["state"], "unknown");
        let none = desk.client.get("/v1/rails/bank-file/messages").ended(200).body;
        assert_eq!(none["data"].as_array().unwrap().len(), 0);

        // Another amount than ordered moves nothing and opens a case; money from somebody else is kept, masked.
        let notice = desk.take_in(&bank, "camt054.xml", "n1");
        assert_eq!((notice.int("conflicts"), notice.int("unmatched"), notice.int("matched")), (1, 1, 0));
        let text = read("camt054.xml").replace("49.99", "50.00");
        assert_eq!(refuse(&text, "n2", 422), "bank_message_changed");
        let lines = desk.client.get("/v1/rails/bank-file/entries?state=conflict").ended(200).body;
        assert_eq!(lines["data"][0]["problem"], "amount_differs");
        let credits =
            desk.client.get("/v1/rails/bank-file/entries?state=handed_over&kind=credit").ended(200).body;
        assert_eq!(credits["data"][0]["amount_minor"], 8_800);
        assert_eq!(credits["data"][0]["text"], "PO-7K2M 1***8");
        let cases = desk.client.get("/v1/cases?kind=reconciliation_break").ended(200).body;
        assert_eq!(cases["data"][0]["subject"], format!("{id}-01"));
        assert_eq!(desk.state(&id)["state"], "unknown");
        desk.stop();
    }
}

/// P11: money that somebody enters by hand and a message brings is one payment, whichever came first.
#[test]
fn a_transfer_entered_by_hand_and_told_by_the_bank_is_one_payment_p11() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.ok"]);
        desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bank = desk.bank(&file, &["--credit", "88.00=hello", "--credit", "77.00=hello"]);
        let notice = fs::read_to_string(bank.join("camt054.xml")).unwrap();
        let credits = notice.split("<AcctSvcrRef>").filter(|part| part.starts_with('C'));
        let numbers: Vec<&str> = credits.map(|part| part.split('<').next().unwrap()).collect();
        assert_eq!(numbers.len(), 2);
        let by_hand = |key: &str, number: &str, amount: i64| {
            let line = json!({ "bank_reference": number, "amount_minor": amount, "words": "hello" });
            desk.client.post("/v1/payments", key, &line)
        };
        let amounts = || {
            let all = desk.client.get("/v1/payments").ended(200).body["data"].as_array().unwrap().clone();
            let mut amounts: Vec<i64> = all.iter().map(|one| one["amount_minor"].as_i64().unwrap()).collect();
            amounts.sort_unstable();
            amounts
        };
        by_hand("h1", numbers[0], 8_800).ended(201);
        desk.take_in(&bank, "camt054.xml", "n1");
        wait_until("both lines are handed over", 30, || {
            let ready = desk.client.get("/v1/jobs?state=ready&limit=200").ended(200).body;
            !ready["data"].as_array().unwrap().iter().any(|job| job["kind"] == "bank_file.credit")
        });
        assert_eq!(amounts(), [7_700, 8_800], "the one by hand once");
        let again = by_hand("h2", numbers[1], 7_700).ended(201).text("id").to_owned();
        assert_eq!(amounts(), [7_700, 8_800], "what the message brought once");
        let told = desk.client.get(&format!("/v1/payments/{again}")).ended(200);
        assert!(told.text("rail_payment").starts_with("be_"));
        assert_eq!(refused(by_hand("h3", numbers[1], 7_701), 422), "payment_conflict");
        desk.stop();
    }
}

#[test]
fn a_killed_server_writes_the_file_once_and_whole_p10() {
    for place in Place::all() {
        let mut desk = Desk::on(place, true);
        let card = json!({ "kind": "personal_card", "number": CARD, "holder": "张三" });
        let path = format!("/v1/parties/{}/payout-accounts", desk.party);
        let account = desk.client.post(&path, "card", &card).ended(201).text("id").to_owned();
        desk.bind([]);
        let id = desk.withdraw(&account, 5_000);
        let open = desk.files()[0]["id"].as_str().unwrap().to_owned();
        // Without a connected server a file closes and waits for its bytes.
        desk.server.take().unwrap().kill();
        let plain = Server::start(&desk.place);
        let client = plain.client(&desk.key);
        client.post(&format!("/v1/rails/bank-file/files/{open}/close"), "k1", &json!({})).ended(200);
        plain.kill();
        assert_eq!(fs::read_dir(desk.outbox()).unwrap().count(), 0);
        let server = start(&desk.place, Some(&desk.outbox()));
        desk.client = server.client(&desk.key);
        desk.server = Some(server);
        desk.ready(&open);
        let name = desk.file(&open)["name"].as_str().unwrap().to_owned();
        let written = fs::read_to_string(desk.outbox().join(&name)).unwrap();
        assert_eq!(written, desk.content(&open));
        assert!(written.contains(CARD) && written.contains("<Nm>张三</Nm>"), "the bank knows whom to pay");
        assert_eq!(fs::read_dir(desk.outbox()).unwrap().count(), 1);
        assert_eq!(desk.file(&open)["sent_by"], "folder");

        // The command line takes messages in too, once.
        let bank = desk.bank(&open, &[]);
        desk.server.take().unwrap().stop();
        let notice = bank.join("camt054.xml");
        let import = ["import", "bank-message", notice.to_str().unwrap()];
        assert!(desk.place.run(&import).ended(0).out.contains("1 new"));
        assert!(desk.place.run(&import).ended(0).out.contains("nothing changed"));
        let server = start(&desk.place, Some(&desk.outbox()));
        desk.client = server.client(&desk.key);
        desk.server = Some(server);
        desk.until(&id, "paid");
        desk.server.take().unwrap().stop();
        if let Place::Folder(dir) = &desk.place {
            // What waits for the bank, waits sealed.
            let books = fs::read(dir.path().join("purser.db")).unwrap();
            assert!(!books.windows(CARD.len()).any(|bytes| bytes == CARD.as_bytes()));
        }
        desk.place.verify(true);
    }
}

#[test]
fn want_of_money_and_the_cut_off_send_the_identical_order_again_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.late"]);
        let late = desk.withdraw(&account, 5_000);
        let first = desk.close();
        let bank = desk.bank(&first, &["--reject", "all=TM01"]);
        desk.take_in(&bank, "pain002.xml", "m1");
        wait_until("the order is in another file", 30, || {
            desk.pass();
            desk.files().iter().any(|file| file["state"] == "open" && file["orders"] == 1)
        });
        let second = desk.close();
        assert_ne!(first, second);
        let order = |file: &str| desk.content(file).split("<EndToEndId>").nth(1).unwrap()[..32].to_owned();
        assert_eq!([order(&first), order(&second)], [format!("{late}-01"), format!("{late}-01")]);
        let bank = desk.bank(&second, &["--reject", "all=AM04"]);
        desk.take_in(&bank, "pain002.xml", "m2");
        desk.until(&late, "waiting_for_funds");
        let top_up = json!({ "amount_minor": 1_000, "reference": "bank 2" });
        desk.client.post("/v1/rails/bank-file/float-top-ups", "f2", &top_up).ended(201);
        desk.until(&late, "unknown");
        let third = desk.close();
        let bank = desk.bank(&third, &[]);
        desk.take_in(&bank, "camt053.xml", "m3");
        desk.until(&late, "paid");
        assert_eq!(desk.float(), 996_000);
        desk.stop();
    }
}

/// P11: a transfer whose words name several orders pays the open one of its amount; one that fits none waits for staff.
#[test]
fn money_in_is_matched_by_code_and_amount_p11() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.in"]);
        desk.withdraw(&account, 5_000);
        let file = desk.close();
        let party = json!({ "external_id": "adv-1", "display_name": "A", "roles": ["advertiser"],
            "legal_form": "enterprise" });
        let party = desk.client.post("/v1/parties", "adv", &party).ended(200).text("id").to_owned();
        let order = |amount: i64| {
            let order = json!({ "party_id": party, "purpose": "ad_top_up", "method": "bank-transfer",
                "amount_minor": amount });
            desk.client.post("/v1/payment-orders", &format!("po-{amount}"), &order).ended(201).body
        };
        let (small, large) = (order(50_000), order(60_000));
        let code = |order: &Value| order["transfer_code"].as_str().unwrap().to_owned();
        let credit = |amount: &str| format!("{amount}=both {} and {}", code(&small), code(&large));
        let bank = desk.bank(&file, &["--credit", &credit("600.00"), "--credit", &credit("555.00")]);
        desk.take_in(&bank, "camt054.xml", "m1");
        let read = |order: &Value| {
            let path = format!("/v1/payment-orders/{}", order["id"].as_str().unwrap());
            desk.client.get(&path).ended(200).body
        };
        wait_until("the order of this amount is paid", 30, || read(&large)["state"] == "paid");
        wait_until("the other transfer waits for staff", 30, || {
            let waiting = desk.client.get("/v1/payments?place=unassigned").ended(200).body;
            waiting["data"].as_array().unwrap().iter().any(|payment| payment["amount_minor"] == 55_500)
        });
        assert_eq!(read(&small)["payments"], json!([]));
        desk.stop();
    }
}

/// P4, P6, P9: what was stopped, frozen, locked or taken away since an order came into a file does not go to the bank.
#[test]
fn an_open_file_is_looked_at_once_more_before_it_goes_out_p4_p6_p9_p10() {
    for place in Place::all() {
        let mut desk = Desk::on(place, true);
        let server = desk.server.as_ref().unwrap();
        let staff = |login: &str| signed_in(server, &desk.client, login, "finance").0;
        let people = (staff("li"), staff("wang"));
        let second = creator(&desk.client, "c2", "李四");
        let account = json!({ "kind": "sandbox", "number": "c2.frozen" });
        let path = format!("/v1/parties/{second}/payout-accounts");
        let account = desk.client.post(&path, "c2-account", &account).ended(201).text("id").to_owned();
        let accounts = desk.bind(["c1.good", "c1.locked", "c1.gone"]);
        let [good, locked, gone] = accounts.each_ref().map(|account| desk.withdraw(account, 5_000));
        let frozen = desk.withdraw_of(&second, &account, 5_000);

        let own = |account: &str| format!("/v1/parties/{}/payout-accounts/{account}", desk.party);
        let lock = |on: bool| json!({ "locked": on, "reason": "looks odd" });
        let lock_path = format!("{}/lock", own(&accounts[1]));
        people.0.post(&lock_path, "lock", &lock(true)).ended(200);
        desk.client.post(&format!("{}/unbind", own(&accounts[2])), "unbind", &json!({})).ended(200);
        let freeze = format!("/v1/parties/{second}/freeze");
        desk.client.post(&freeze, "freeze", &json!({ "reason": "checking" })).ended(200);

        // The rail's kill switch: the file closes and stays here.
        desk.switch(&people, "rail.bank_file.enabled", "2026-01-02", false);
        let file = desk.shut();
        wait_until("it waits", 30, || event_kinds(&desk.client).contains(&"bank_file.held_back".to_owned()));
        assert_eq!(desk.file(&file)["state"], "closing");
        assert_eq!(fs::read_dir(desk.outbox()).unwrap().count(), 0);
        desk.switch(&people, "rail.bank_file.enabled", "2026-01-03", true);
        wait_until("it goes on", 30, || {
            desk.pass();
            desk.file(&file)["state"] == "sent"
        });
        let seen = desk.file(&file);
        assert_eq!((&seen["orders"], &seen["amount_minor"]), (&json!(1), &json!(5_000)));
        assert_eq!(desk.references(&file), [format!("{good}-01")]);
        desk.until(&gone, "failed");
        for (id, code) in [(&locked, "destination_locked"), (&frozen, "party_frozen")] {
            wait_until(code, 30, || {
                desk.pass();
                desk.state(id)["explanation"]["code"] == code
            });
        }

        // What only waits goes into another file by itself.
        people.0.post(&lock_path, "unlock", &lock(false)).ended(200);
        desk.client.post(&format!("/v1/parties/{second}/unfreeze"), "unfreeze", &json!({})).ended(200);
        wait_until("both are in another file", 30, || {
            desk.pass();
            desk.files().iter().any(|file| file["state"] == "open" && file["orders"] == 2)
        });
        let next = desk.close();
        let mut rest = [format!("{locked}-01"), format!("{frozen}-01")];
        rest.sort();
        assert_eq!(desk.references(&next), rest);
        for file in [&file, &next] {
            let bank = desk.dir.path().join(format!("bank-of-{file}"));
            fs::rename(desk.bank(file, &[]), &bank).unwrap();
            desk.take_in(&bank, "camt054.xml", &format!("m-{file}"));
        }
        for id in [&good, &locked, &frozen] {
            desk.until(id, "paid");
        }
        assert_eq!(desk.float(), 985_000);
        desk.stop();
    }
}
