//! What reaches a settlement from the programme, and a settlement that is paid by a bank file (X14, X15, X16, P10).

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{everything, listed, path, reaches, submitted};
use crate::{
    desk::{Desk, begin, policy_text},
    support::{
        arg, binary, purser,
        world::{Place, SECRETS_KEY, Server, wait_until},
    },
};

/// X14, X15, X16: programme income of a signed creator is the agency's. Frozen by month, published, it becomes a line of
/// the agency's next settlement and is paid company to company, beside the orders.
#[test]
fn programme_income_of_a_signed_creator_is_settled_with_the_agency_x14_x15_x16() {
    for place in Place::all() {
        let desk = Desk::begun(&place, "2025-08-20T09:00:00+08:00");
        let li = desk.staff("li", "finance");
        let mcn = desk.party("mcn", "agency", "enterprise");
        desk.payable(&mcn, "mcn.ok");
        let creator = desk.party("lin", "creator", "individual");
        desk.sign(&creator, &mcn, "2025-01-01T00:00:00+08:00");
        let member = json!({ "creator_id": creator, "from_on": "2025-08-20" });
        desk.post("/v1/programme/members", &member).ended(200);
        desk.report("frozen", &creator, &desk.now(), "completed");
        assert_eq!(desk.overview(&mcn)["frozen_minor"], 1_000_000);
        let terms = json!({ "items": [{ "creator_external_id": "lin", "month": "2025-08", "fee_ppm": 100_000,
            "incentive_minor": 20_000 }] });
        desk.post("/v1/programme/terms/bulk", &terms).ended(200);

        desk.move_to("2025-09-01T00:30:00+08:00");
        let month = || desk.client.get("/v1/programme/months/2025-08").ended(200).body;
        wait_until("August is drafted", 30, || month()["close"]["state"] == "drafted");
        desk.post("/v1/programme/months/2025-08/publish", &Value::Null).ended(200);
        wait_until("August is published", 30, || month()["close"]["state"] == "published");
        // 10,000.00 − 10 % + 200.00; the creator has nothing of it.
        assert_eq!(desk.overview(&mcn)["withdrawable_minor"], 920_000);
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 0);
        // After its membership of the programme an order goes to the agency at once.
        desk.post(&format!("/v1/programme/members/{creator}/leave"), &json!({ "on": "2025-09-01" }))
            .ended(200);
        desk.move_to("2025-09-02T09:00:00+08:00");
        desk.report("direct", &creator, &desk.now(), "completed");

        desk.move_to("2025-10-10T00:30:00+08:00");
        let list = listed(&desk.client, &mcn, "2025-09");
        assert_eq!([&list["orders"], &list["net_minor"]], [2, 1_920_000]);
        let look = desk.post("/v1/settlements?dry_run=true", &everything(&mcn)).ended(200).body;
        assert_eq!(
            [&look["amounts"]["task_minor"], &look["amounts"]["adjustment_minor"]],
            [1_000_000, 920_000]
        );
        let id = submitted(&desk.client, &mcn, "line");
        let lines = desk.client.get(&path(&id, "orders")).ended(200).body;
        assert!(lines.to_string().contains("繁星计划 2025-08"), "{lines}");
        desk.top_up(10_000_000);
        li.post(&path(&id, "decision"), "accept", &json!({ "decision": "accept" })).ended(200);
        assert_eq!(reaches(&desk.client, &id, "paid").int("paid_minor"), 1_920_000);
        assert_eq!(desk.overview(&mcn)["withdrawable_minor"], 0);
        desk.server.stop();
        place.verify(true);
    }
}

const ACCOUNT: &str = "6232810000000017";

fn start(place: &Place) -> Server {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0", "--job-lease", "5"]).args(place.flags());
    command.args(["--bank-file-account", ACCOUNT, "--bank-file-name", "平台 Platform"]);
    if let Place::Postgres { .. } = place {
        command.env("PURSER_SECRETS_KEY", SECRETS_KEY);
    }
    Server::of(command)
}

/// The bank reads a file and answers; returns what it says of its account.
fn bank(desk: &Desk, dir: &Path, file: &str, faults: &[&str]) -> String {
    let (order, out) = (dir.join(format!("{file}.xml")), dir.join(format!("{file}-answers")));
    fs::write(&order, desk.client.text(&format!("/v1/rails/bank-file/files/{file}/content"))).unwrap();
    desk.post(&format!("/v1/rails/bank-file/files/{file}/sent"), &json!({})).ended(200);
    purser(&[&["sandbox", "bank", arg(&order), "--out", arg(&out)], faults].concat()).ended(0);
    let message = if faults.contains(&"--return") { "camt054-return.xml" } else { "camt054.xml" };
    fs::read_to_string(out.join(message)).unwrap()
}

/// X16, P10: a company's settlement goes to its own account in a bank file, with its name and clearing code; it is paid
/// when the bank says so, and paid anew when the money came back.
#[test]
fn a_settlement_is_paid_by_bank_file_x16_p10() {
    for place in Place::all() {
        begin(&place, "2025-08-20T09:00:00+08:00");
        let dir = TempDir::new().unwrap();
        let pack = dir.path().join("pack.toml");
        fs::write(&pack, policy_text(&[("rail.bank_file.enabled", "P4", "true")])).unwrap();
        place.run(&["policy", "activate", arg(&pack), "--by", "li", "--approved-by", "wang"]).ended(0);
        let key = place.key();
        let desk = Desk::of(start(&place), &key);
        let li = desk.staff("li", "finance");
        let firm = desk.party("firm", "creator", "enterprise");
        let name = "星河文化传媒有限公司";
        desk.post("/v1/sandbox/onboardings", &json!({ "party_id": firm, "name": name })).ended(200);
        let account = json!({ "kind": "corporate", "number": "1234567890123", "holder": name,
            "bank": "中国工商银行", "cnaps": "102100099996" });
        desk.post(&format!("/v1/parties/{firm}/payout-accounts"), &account).ended(201);
        desk.report("order", &firm, &desk.now(), "completed");
        let top_up = json!({ "amount_minor": 5_000_000, "reference": "bank" });
        desk.post("/v1/rails/bank-file/float-top-ups", &top_up).ended(201);
        desk.move_to("2025-09-10T00:30:00+08:00");
        listed(&desk.client, &firm, "2025-08");
        let id = submitted(&desk.client, &firm, "bank");
        li.post(&path(&id, "decision"), "accept", &json!({ "decision": "accept" })).ended(200);

        let (first, file) = in_a_file(&desk, &id);
        let content = desk.client.text(&format!("/v1/rails/bank-file/files/{file}/content"));
        for part in [name, "1234567890123", "102100099996", "<CtrlSum>10000.00</CtrlSum>"] {
            assert!(content.contains(part), "{part} in {content}");
        }
        assert_eq!(desk.withdrawal(&first)["rail"], "bank-file");
        take_in(&desk, &bank(&desk, dir.path(), &file, &[]));
        assert_eq!(reaches(&desk.client, &id, "paid").int("paid_minor"), 1_000_000);
        // 退票: the company's bank sends it back; the same statement is paid again under a new key.
        let fault = format!("{first}-01=AC04");
        take_in(&desk, &bank(&desk, dir.path(), &file, &["--return", &fault]));
        assert_eq!(reaches(&desk.client, &id, "payment_failed").int("paid_minor"), 0);
        assert_eq!(desk.overview(&firm)["withdrawable_minor"], 1_000_000);
        li.post(&path(&id, "pay-again"), "again", &json!({})).ended(200);
        let (second, file) = in_a_file(&desk, &id);
        assert_ne!(first, second);
        take_in(&desk, &bank(&desk, dir.path(), &file, &[]));
        assert_eq!(reaches(&desk.client, &id, "paid").int("paid_minor"), 1_000_000);
        assert_eq!(desk.overview(&firm)["withdrawable_minor"], 0);
        desk.server.stop();
        place.verify(true);
    }
}

/// The statement's payment under way, and the bank file that it is in, closed and written.
fn in_a_file(desk: &Desk, statement: &str) -> (String, String) {
    let view = desk.client.get(&format!("/v1/settlements/{statement}")).ended(200);
    let payments = view.body["payments"].as_array().unwrap().clone();
    let payment = payments.last().unwrap()["payment"].as_str().unwrap().to_owned();
    desk.until(&payment, "unknown");
    let files = || desk.client.get("/v1/rails/bank-file/files").ended(200).body["data"].clone();
    let open = files().as_array().unwrap().iter().find(|file| file["state"] == "open").unwrap().clone();
    let id = open["id"].as_str().unwrap().to_owned();
    desk.post(&format!("/v1/rails/bank-file/files/{id}/close"), &json!({})).ended(200);
    wait_until("the file is there", 30, || {
        desk.client.get(&format!("/v1/rails/bank-file/files/{id}")).ended(200).body["state"] == "ready"
    });
    (payment, id)
}

fn take_in(desk: &Desk, message: &str) {
    let key = desk.fresh();
    let taken = desk.client.post_xml("/v1/rails/bank-file/messages", &key, message).ended(201);
    assert_eq!(taken.int("matched"), 1, "{}", taken.body);
}
