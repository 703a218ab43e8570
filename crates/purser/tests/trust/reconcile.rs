//! Reconciliation (P13): statements, what differs, two people, and the daily proof of float.

use std::fmt::Write as _;

use purser_domain::time::{Date, Timestamp, Zone};
use serde_json::{Value, json};

use super::{Desk, code};
use crate::support::world::{Place, onboard, wait_until};

const RAIL: &str = "/v1/reconciliation/rails/sandbox";

/// A bill of some days: reference, rail's own reference, minor units.
fn bill(from: Date, to: Date, opening: i64, lines: &[(Date, &str, &str, i64)]) -> String {
    let yuan = purser_domain::money::decimal;
    let end = to.tomorrow().unwrap();
    let mut out = format!(
        "#支付宝账务明细查询\n#账号：[20880000000000000156]\n#起始日期：[{from} 00:00:00]   终止日期：[{end} 00:00:00]\n\
         账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\n"
    );
    let mut balance = opening;
    for (n, (on, reference, own, amount)) in lines.iter().enumerate() {
        balance += amount;
        let (income, expense) =
            if *amount > 0 { (yuan(*amount), String::new()) } else { (String::new(), yuan(*amount)) };
        writeln!(
            out,
            "{n}\t,{own},{reference},x,{on} 10:00:00,y,{income},{expense},{},z,转账,",
            yuan(balance)
        )
        .unwrap();
    }
    out + "#导出时间：[whenever]\n"
}

struct World {
    desk: Desk,
    /// The day on which the money moved.
    day: Date,
    /// References of the payouts: paid, and under way.
    paid: String,
    under_way: String,
}

impl World {
    /// Three top-ups, a payout that was paid, and one of which nothing is known; a day later.
    fn on(place: &Place) -> Self {
        let desk = Desk::begun(place, "2026-03-02T10:00:00+08:00");
        let day = today(&desk);
        for (reference, amount) in [("seed", 1_000_000), ("later", 70_000), ("never", 3_000)] {
            let top_up = json!({ "amount_minor": amount, "reference": reference });
            desk.post("/v1/rails/sandbox/float-top-ups", &top_up).ended(201);
        }
        let references: Vec<String> = [("paid", "ok"), ("waits", "lost_request")]
            .into_iter()
            .map(|(name, fate)| {
                let new = json!({ "external_id": name, "display_name": name, "roles": ["creator"],
                    "legal_form": "individual" });
                let party = desk.post("/v1/parties", &new).ended(200).text("id").to_owned();
                onboard(&desk.client, &party);
                let account = json!({ "kind": "sandbox", "number": format!("{name}.{fate}") });
                desk.post(&format!("/v1/parties/{party}/payout-accounts"), &account).ended(201);
                let at = desk.client.get("/v1/clock").text("business_at").to_owned();
                let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "t",
                    "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at });
                desk.post("/v1/task-orders", &order).ended(200);
                let asked = json!({ "party_id": party, "amount_minor": 50_000 });
                desk.post("/v1/withdrawals", &asked).ended(201).text("id").to_owned()
            })
            .collect();
        wait_until("one is paid, of the other nothing is known", 30, || {
            let state =
                |id: &String| desk.client.get(&format!("/v1/withdrawals/{id}")).text("state").to_owned();
            [state(&references[0]).as_str(), &state(&references[1])] == ["paid", "unknown"]
        });
        let [paid, under_way] = [0, 1].map(|n: usize| format!("{}-01", references[n]));
        desk.advance_days(1);
        Self { desk, day, paid, under_way }
    }

    /// Time passes until the rail has answered, within the day.
    fn under_way_is_paid(&self) {
        let path = format!("/v1/withdrawals/{}", self.under_way.trim_end_matches("-01"));
        let mut steps = 0;
        wait_until("the other one is paid too", 30, || {
            steps += 1;
            if steps % 25 == 0 && steps < 250 {
                self.desk.post("/v1/sandbox/clock", &json!({ "advance_seconds": 1_800 })).ended(200);
            }
            self.desk.client.get(&path).text("state") == "paid"
        });
    }

    fn give(&self, csv: &str) -> crate::support::http::Answer {
        self.desk.client.post_csv(&format!("{RAIL}/statements"), &self.desk.fresh(), csv)
    }

    /// Gives a statement and waits until its days are compared.
    fn taken(&self, csv: &str) -> Value {
        let taken = self.give(csv).ended(201).body;
        assert_eq!(taken["new"], true, "{taken}");
        let path = format!("/v1/reconciliation/statements/{}", taken["id"].as_str().unwrap());
        wait_until("the days are compared", 30, || self.desk.client.get(&path).text("state") == "matched");
        taken
    }

    fn items(&self, state: &str) -> Vec<Value> {
        let found = self.desk.client.get(&format!("/v1/reconciliation/items?state={state}")).ended(200);
        found.body["data"].as_array().unwrap().clone()
    }

    fn kinds(&self, state: &str) -> Vec<String> {
        let mut kinds: Vec<String> =
            self.items(state).iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect();
        kinds.sort();
        kinds
    }

    /// The proof of a day: in transit, breaks, and that nothing is unexplained.
    fn proved(&self, day: Date) -> (i64, i64) {
        let proof = self.desk.client.get(&format!("{RAIL}/proofs/{day}")).ended(200);
        assert_eq!(
            (proof.int("unexplained_minor"), &proof.body["proved"]),
            (0, &json!(true)),
            "{}",
            proof.body
        );
        let part = |name: &str| proof.body[name]["difference_minor"].as_i64().unwrap();
        assert_eq!(
            proof.int("float_minor"),
            proof.int("closing_minor") + part("in_transit") + part("breaks"),
            "{}",
            proof.body
        );
        (part("in_transit"), part("breaks"))
    }

    fn first(&self) -> String {
        let day = self.day;
        bill(
            day,
            day,
            0,
            &[
                (day, "", "seed", 1_000_000),
                (day, &self.paid, "r1", -50_000),
                (day, &self.under_way, "r2", -50_000),
                (day, "", "nobody knows", 1_234),
            ],
        )
    }
}

fn today(desk: &Desk) -> Date {
    let at: Timestamp = desk.client.get("/v1/clock").text("business_at").parse().unwrap();
    Zone::shanghai().date(at)
}

/// P13, M: lines meet bookings by reference; what is on one side is in transit or a break with a case; the proof holds on
/// every day; the same statement again changes nothing; two people settle a break, and the books verify throughout.
#[test]
fn a_rail_is_reconciled_day_by_day_p13() {
    for place in Place::all() {
        let world = World::on(&place);
        let (desk, day) = (&world.desk, world.day);
        world.taken(&world.first());
        let days = desk.client.get(&format!("{RAIL}/days")).ended(200).body["data"].clone();
        assert_eq!(
            (&days[0]["matched"], &days[0]["items"], &days[0]["lines"]),
            (&json!(2), &json!(4), &json!(4)),
            "{days}"
        );
        assert_eq!(world.kinds("in_transit"), ["not_booked", "not_on_statement", "not_on_statement"]);
        assert_eq!(world.kinds("break"), ["unknown"]);
        assert_eq!(world.proved(day), (70_000 + 50_000 + 3_000, -1_234));
        // The same statement, fetched once more.
        let again = world.give(&world.first().replace("whenever", "later")).ended(201);
        assert_eq!(again.body["new"], false);
        assert_eq!(world.items("break").len(), 1);
        // A break is in the one queue, and has age and owner there.
        let item = world.items("break").remove(0);
        let case = desk
            .client
            .get(&format!("/v1/cases/{}", item["case_id"].as_str().unwrap()))
            .ended(200)
            .body["case"]
            .clone();
        assert_eq!((&case["kind"], &case["subject"]), (&json!("reconciliation_break"), &item["id"]));
        assert_eq!(item["age_days"], 1);

        // The day after: the top-up arrives on the statement, and two people book what nobody knows.
        let (second, third) = (day.tomorrow().unwrap(), day.tomorrow().unwrap().tomorrow().unwrap());
        settled_by_two(&world, &item);
        world.under_way_is_paid();
        let closed =
            desk.client.get(&format!("/v1/reconciliation/items/{}", item["id"].as_str().unwrap())).ended(200);
        assert_eq!((closed.text("state"), closed.text("closed_how")), ("closed", "adjusted"));
        let case = desk.client.get(&format!("/v1/cases/{}", case["id"].as_str().unwrap())).ended(200).body;
        assert_eq!(case["case"]["state"], "resolved", "{case}");
        desk.advance_days(1);
        world.taken(&bill(second, second, 901_234, &[(second, "", "later", 70_000)]));
        assert_eq!(world.proved(second), (3_000, 0));
        assert_eq!(world.proved(day), (123_000, -1_234));
        assert_eq!(world.kinds("closed"), ["not_booked", "not_on_statement", "unknown"]);

        // What stays away for longer than policy waits is a break.
        desk.advance_days(4);
        let last = third.tomorrow().unwrap().tomorrow().unwrap();
        world.taken(&bill(third, last, 971_234, &[(last, "", "a fee", -100)]));
        assert_eq!(world.kinds("break"), ["not_on_statement", "unknown"]);
        assert_eq!(world.proved(last), (0, 3_000 + 100));
        for (day, proof) in [(third, (3_000, 0)), (second, (3_000, 0))] {
            assert_eq!(world.proved(day), proof, "{day}");
        }
        let report = place.run(&["report", "float", "--json"]).ended(0).json();
        assert_eq!((&report[0]["day"], &report[0]["proved"]), (&json!(last.to_string()), &json!(true)));
        world.desk.server.stop();
        place.verify(true);
        let float = "float = statement + items";
        place.planted(&[
            (float, "UPDATE recon_lines SET amount = amount + 1 WHERE n = 1"),
            (float, "DELETE FROM recon_lines WHERE n = 2"),
            (float, "UPDATE recon_items SET told = told + 1 WHERE state = 'break'"),
            (float, "DELETE FROM recon_items WHERE state = 'closed'"),
            (float, "UPDATE recon_items SET closed_on = since_on WHERE closed_how = 'adjusted'"),
            (float, "UPDATE recon_days SET booked_closing = booked_closing + 1"),
            (float, "UPDATE recon_statements SET closing = closing + 1"),
        ]);
    }
}

/// P13, P16: who proposed cannot decide, and another amount cannot be slipped in.
fn settled_by_two(world: &World, item: &Value) {
    let desk = &world.desk;
    let (anna, bela) = (desk.staff("anna", "finance"), desk.staff("bela", "finance"));
    let in_transit = world.items("in_transit");
    let proposal = |id: &Value, pair: Option<&Value>| {
        let mut body = json!({ "item_id": id, "reason": "The bank paid interest." });
        if let Some(pair) = pair {
            body["pair_with"] = pair.clone();
        }
        json!({ "reconciliation_break": body })
    };
    let early = proposal(&in_transit[0]["id"], None);
    assert_eq!(
        code(anna.post("/v1/approvals", &desk.fresh(), &early), 422),
        "reconciliation_item_in_transit"
    );
    let same = proposal(&item["id"], Some(&item["id"]));
    assert_eq!(
        code(anna.post("/v1/approvals", &desk.fresh(), &same), 422),
        "reconciliation_items_not_opposite"
    );
    let nobody = desk.post("/v1/approvals", &proposal(&item["id"], None));
    assert_eq!(nobody.status, 403, "keys are not people: {}", nobody.body);
    let proposed = anna.post("/v1/approvals", &desk.fresh(), &proposal(&item["id"], None)).ended(201);
    let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
    let yes = json!({ "approve": true });
    assert_eq!(code(anna.post(&path, &desk.fresh(), &yes), 422), "approval_same_person");
    let done = bela.post(&path, &desk.fresh(), &yes).ended(200);
    assert!(
        done.body["outcome"]["transfer"].as_str().is_some_and(|id| id.starts_with("tr_")),
        "{}",
        done.body
    );
    assert_eq!(
        code(anna.post("/v1/approvals", &desk.fresh(), &proposal(&item["id"], None)), 422),
        "reconciliation_item_closed"
    );
}

/// P13: statements follow each other without a gap, after their days are over.
#[test]
fn statements_come_in_order_p13() {
    for place in Place::all() {
        let world = World::on(&place);
        let (day, second) = (world.day, world.day.tomorrow().unwrap());
        let open = bill(second, second, 0, &[(second, "", "x", 5)]);
        assert_eq!(code(world.give(&open), 422), "statement_day_open");
        world.taken(&world.first());
        let other = bill(day, day, 0, &[(day, "", "x", 5)]);
        assert_eq!(code(world.give(&other), 422), "statement_covered");
        world.desk.advance_days(1);
        let gap = bill(second, second, 901_233, &[(second, "", "x", 5)]);
        assert_eq!(code(world.give(&gap), 422), "statement_gap");
        // Each refusal has words, and nothing of it was kept.
        let no = world.give(&gap).ended(422).body;
        assert!(no["facts"]["message_zh"].as_str().is_some_and(|text| !text.is_empty()), "{no}");
        let all = world.desk.client.get("/v1/reconciliation/statements").ended(200).body;
        assert_eq!(all["data"].as_array().unwrap().len(), 1);
        let unread = world.give("a,b\n1,2\n");
        assert_eq!(code(unread, 422), "statement_columns");
        let rail = world.desk.client.post_csv(
            "/v1/reconciliation/rails/pigeon/statements",
            &world.desk.fresh(),
            &world.first(),
        );
        assert_eq!(code(rail, 422), "rail_unknown");
        assert_eq!(
            code(world.desk.client.get(&format!("{RAIL}/proofs/{second}")), 404),
            "reconciled_day_unknown"
        );
        // Gone on with from the command line, on the books of a server that has stopped.
        let World { desk, .. } = world;
        desk.server.stop();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bill(second, second, 901_234, &[(second, "", "later", 70_000)])).unwrap();
        let path = file.path().to_str().unwrap();
        let import = ["import", "statement", path, "--rail", "sandbox", "--form", "alipay-bill", "--json"];
        for _ in 0..2 {
            let said = place.run(&import).ended(0).json();
            assert_eq!((&said["state"], &said["lines"]), (&json!("matched"), &json!(1)), "{said}");
            assert!(said["came"].as_i64().unwrap() >= 1, "{said}");
        }
        place.verify(true);
    }
}
