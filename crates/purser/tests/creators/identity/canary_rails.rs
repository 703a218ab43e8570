//! The same where money goes out and comes in: over a gateway of our own and in a bank's files, with everything logged (P9, P10,
//! P11). The file for the bank itself names payees; nothing else does.

use std::{fs, fs::File, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    advance,
    canary::{MAIL, NAME, PHONE, Planted, Watched, database},
    earn, party,
};
use crate::{
    alipay::{APP, Gateway, put_in_force},
    support::{
        arg, binary, purser,
        world::{Place, SECRETS_KEY, Server, wait_until},
    },
};

const CARD: &str = "6222020200112230004";
const OWN: &str = "6232810000000017";

fn start(place: &Place, gateway: &Gateway, log: &File) -> Server {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(place.flags()).env("PURSER_LOG", "trace");
    if let Place::Postgres { .. } = place {
        command.env("PURSER_SECRETS_KEY", SECRETS_KEY);
    }
    let url = format!("http://{}/gateway.do", gateway.server.address);
    command.args(["--alipay-app-id", APP, "--alipay-gateway", &url, "--alipay-time-out", "1"]);
    command.args(["--alipay-key-file", arg(&gateway.key("app-private.pem"))]);
    command.args(["--alipay-public-key-file", arg(&gateway.key("alipay-public.pem"))]);
    command.args(["--bank-file-account", OWN, "--bank-file-name", "Platform"]);
    command.args(["--collect-name", "Platform", "--collect-number", OWN, "--collect-bank", "ICBC"]);
    command.stderr(log.try_clone().unwrap());
    let server = Server::of(command);
    let notify = format!("http://{}/v1/rails/alipay/notify", server.address);
    gateway.post("notify-url", &json!({ "url": notify }));
    server
}

/// Binds an account and asks for money to it, a day later.
fn withdraw(watched: &Watched<'_>, party: &str, kind: &str, number: &str, fate: &str) -> String {
    let accounts = format!("/v1/parties/{party}/payout-accounts");
    let account = json!({ "kind": kind, "number": number, "holder": NAME });
    let account = watched.post(&accounts, &account).ended(201).text("id").to_owned();
    advance(&watched.client, 25 * 3_600);
    let wanted = json!({ "party_id": party, "amount_minor": 1_000, "destination": account });
    let id = watched.post("/v1/withdrawals", &wanted).ended(201).text("id").to_owned();
    wait_until(&format!("{kind} is {fate}"), 60, || {
        watched.get(&format!("/v1/withdrawals/{id}")).text("state") == fate
    });
    id
}

/// The file for the bank, and what the bank says: it names payers and their accounts, and so does what cannot be read.
fn bank(watched: &Watched<'_>, folder: &Path) {
    let open = watched.get("/v1/rails/bank-file/files").body["data"][0]["id"].as_str().unwrap().to_owned();
    let file = format!("/v1/rails/bank-file/files/{open}");
    watched.post(&format!("{file}/close"), &json!({})).ended(200);
    wait_until("the file is ready", 30, || watched.get(&file).text("state") == "ready");
    let content = watched.client.text(&format!("{file}/content"));
    assert!(content.contains(NAME) && content.contains(CARD), "the bank has to know who is paid");
    let (path, out) = (folder.join("file.xml"), folder.join("from-bank"));
    fs::write(&path, content).unwrap();
    let credit = format!("88.00=hello {PHONE} {CARD}");
    purser(&["sandbox", "bank", arg(&path), "--out", arg(&out), "--credit", &credit]).ended(0);
    let broken = format!("<Document><{NAME}>{CARD}</Document>");
    let odd = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><Odd>{NAME}</Odd></Document>"
    );
    let payer = format!(
        "<TxDtls><RltdPties><Dbtr><Nm>{NAME}</Nm></Dbtr><DbtrAcct><Id><Othr><Id>{CARD}</Id></Othr></Id></DbtrAcct></RltdPties>"
    );
    let told = ["camt054.xml", "camt053.xml"]
        .map(|name| fs::read_to_string(out.join(name)).unwrap().replace("<TxDtls>", &payer));
    for (key, text) in [&told[0], &told[1], &broken, &odd].into_iter().enumerate() {
        let answer = watched.client.post_xml("/v1/rails/bank-file/messages", &format!("m{key}"), text);
        watched.look("a message of the bank", answer);
    }
}

#[test]
fn nothing_personal_is_in_the_clear_where_money_goes_and_comes_p9_p10_p11() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let on = |key: &'static str| (key, "P4", "true");
        put_in_force(&place, &[on("rail.alipay.enabled"), on("rail.bank_file.enabled")]);
        let key = place.key();
        let (folder, gateway) = (TempDir::new().unwrap(), Gateway::start());
        let log = folder.path().join("log");
        let server = start(&place, &gateway, &File::create(&log).unwrap());
        let planted = Planted::new();
        let watched = Watched { client: server.client(&key), planted: &planted };
        let creator = party(&watched.client, "c1", "individual");
        watched.post("/v1/sandbox/onboardings", &json!({ "party_id": creator, "name": NAME })).ended(200);
        earn(&watched.client, &creator);
        for rail in ["alipay", "bank-file"] {
            let top_up = json!({ "amount_minor": 100_000, "reference": rail });
            watched.post(&format!("/v1/rails/{rail}/float-top-ups"), &top_up).ended(201);
        }
        let paid = withdraw(&watched, &creator, "alipay", MAIL, "paid");
        withdraw(&watched, &creator, "personal_card", CARD, "unknown");
        // A message that nobody signed, about an order that there is.
        let forged = json!({ "reference": format!("{paid}-01"), "status": NAME, "amount_minor": 1_000,
            "signed_well": false });
        gateway.post("notice", &forged);
        bank(&watched, folder.path());
        let lists = ["entries", "messages", "files"].map(|list| format!("/v1/rails/bank-file/{list}"));
        let lists = lists.into_iter().chain(
            ["events", "audit", "jobs", "cases", "withdrawals", "payments"]
                .map(|list| format!("/v1/{list}?limit=200")),
        );
        for path in lists {
            let answer: Value = watched.get(&path).body;
            assert!(answer["data"].is_array() || answer["code"].is_string(), "{path}: {answer}");
        }
        watched.get(&format!("/v1/withdrawals/{paid}/explain")).ended(200);
        planted.nowhere_in("exports", watched.client.text("/v1/withdrawals/export").as_bytes());
        planted.nowhere_in("metrics", watched.client.text("/metrics").as_bytes());
        server.stop();
        let text = fs::read(&log).unwrap();
        assert!(text.len() > 10_000, "it was told to log everything");
        planted.nowhere_in("the log", &text);
        database(&place, &planted);
        place.verify(true);
    }
}
