//! The programme and its month close (X15).

use serde_json::{Value, json};

use super::desk::{Desk, code, refused};
use crate::support::{
    http::Client,
    world::{Place, Server, wait_until},
};

const BEGIN: &str = "2190-03-02T09:00:00+08:00";

impl Desk {
    fn join(&self, creator: &str, from_on: &str) {
        self.post("/v1/programme/members", &json!({ "creator_id": creator, "from_on": from_on })).ended(200);
    }

    fn terms(&self, items: &Value) -> Value {
        self.post("/v1/programme/terms/bulk", &json!({ "items": items })).ended(200).body
    }

    fn month(&self, month: &str) -> Value {
        self.client.get(&format!("/v1/programme/months/{month}")).ended(200).body
    }

    fn wait_for(&self, month: &str, state: &str) {
        wait_until(&format!("{month} is {state}"), 30, || self.month(month)["close"]["state"] == state);
    }

    fn statements(&self, payee: &str) -> Vec<Value> {
        let path = format!("/v1/parties/{payee}/programme-statements");
        self.client.get(&path).ended(200).body["data"].as_array().unwrap().clone()
    }

    fn statement(&self, payee: &str) -> (String, Value) {
        let first = self.statements(payee).remove(0);
        (first["id"].as_str().unwrap().to_owned(), first)
    }
}

/// A desk on 2 March, so far ahead that no month of the machine's own time plays a part.
fn in_march(place: &Place) -> Desk {
    let desk = Desk::on(place);
    desk.move_to(BEGIN);
    desk
}

/// X15 to the fen: 10,000.00 → 9,500.00 frozen; 10 % fee and 200.00 incentive → 8,750.00 withdrawable.
#[test]
fn a_month_is_frozen_closed_and_published_x15() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creator = desk.party("lin", "creator", "individual");
        let outsider = desk.party("zhou", "creator", "individual");
        desk.join(&creator, "2190-03-01");
        desk.report("a", &creator, &desk.now(), "completed");
        desk.report("b", &outsider, &desk.now(), "completed");
        let mine = desk.overview(&creator);
        assert_eq!((&mine["frozen_minor"], &mine["withdrawable_minor"]), (&json!(950_000), &json!(0)));
        assert_eq!(desk.overview(&outsider)["withdrawable_minor"], 950_000);
        let (id, open) = desk.statement(&creator);
        assert_eq!(
            (&open["state"], &open["income_minor"], &open["month"]),
            (&json!("open"), &json!(950_000), &json!("2190-03"))
        );
        let publish = format!("/v1/programme/statements/{id}/publish");
        assert_eq!(code(desk.post(&publish, &Value::Null), 422), "statement_open");
        let close = "/v1/programme/months/2190-03/close";
        assert_eq!(code(desk.post(close, &Value::Null), 422), "month_not_over");
        assert_eq!(code(desk.post("/v1/programme/months/2190-03/publish", &Value::Null), 422), "month_open");

        let item = json!({ "creator_external_id": "lin", "month": "2190-03", "fee_ppm": 100_000, "incentive_minor": 20_000 });
        let done = desk.terms(&json!([item, { "creator_external_id": "nobody", "month": "2190-03" },
            { "creator_external_id": "lin", "month": "2190-13" }, { "creator_external_id": "lin", "month": "2190-03", "fee_ppm": 1, "fee_minor": 1 }]));
        let codes: Vec<&Value> =
            done["items"].as_array().unwrap().iter().map(|i| &i["error"]["code"]).collect();
        assert_eq!(
            codes,
            [&Value::Null, &json!("party_unknown"), &json!("invalid_input"), &json!("fee_invalid")]
        );
        assert_eq!(
            desk.terms(&json!([item]))["items"][0]["changed"],
            false,
            "the same again changes nothing"
        );

        // On the 1st by itself; what settles from then on belongs to the open month.
        desk.move_to("2190-04-01T00:30:00+08:00");
        desk.wait_for("2190-03", "drafted");
        assert_eq!(code(desk.post(close, &Value::Null), 422), "month_closed");
        desk.report("c", &creator, "2190-03-31T10:00:00+08:00", "completed");
        let statements = desk.statements(&creator);
        let shown: Vec<(&Value, &Value)> = statements.iter().map(|s| (&s["month"], &s["state"])).collect();
        assert_eq!(shown, [(&json!("2190-04"), &json!("open")), (&json!("2190-03"), &json!("draft"))]);
        let draft = &statements[1];
        assert_eq!(
            (&draft["operating_fee_minor"], &draft["result_minor"]),
            (&json!(95_000), &json!(875_000))
        );
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 0);

        // A dry run keeps nothing; publishing is one group, once.
        desk.client.post(&format!("{publish}?dry_run=true"), "dry", &Value::Null).ended(200);
        let published = desk.client.post(&publish, "publish", &Value::Null).ended(200);
        assert_eq!(published.text("state"), "published");
        assert!(desk.client.post(&publish, "publish", &Value::Null).ended(200).replayed);
        assert_eq!(code(desk.post(&publish, &Value::Null), 422), "statement_published");
        let mine = desk.overview(&creator);
        assert_eq!((&mine["frozen_minor"], &mine["withdrawable_minor"]), (&json!(950_000), &json!(875_000)));
        let orders = desk.client.get(&format!("/v1/programme/statements/{id}/orders")).ended(200).body;
        assert_eq!(orders["data"][0]["net_minor"], 950_000);
        let late = desk.terms(&json!([{ "creator_external_id": "lin", "month": "2190-03" }]));
        assert_eq!(late["items"][0]["error"]["code"], "terms_published");
        // The statement is sent as a notice.
        let messages = desk.client.get(&format!("/v1/parties/{creator}/messages")).ended(200).body;
        let notice =
            messages["data"].as_array().unwrap().iter().find(|m| m["kind"] == "programme.published").unwrap();
        assert_eq!(notice["data"]["result_minor"], 875_000);
        // Withdrawable at any time.
        desk.post("/v1/sandbox/onboardings", &json!({ "party_id": creator })).ended(200);
        desk.post(
            &format!("/v1/parties/{creator}/payout-accounts"),
            &json!({ "kind": "sandbox", "number": "l.ok" }),
        )
        .ended(201);
        assert_eq!(
            code(desk.withdraw(&creator, 875_001), 422),
            "insufficient_available",
            "frozen money stays"
        );
        desk.withdraw(&creator, 875_000).ended(201);
        desk.server.stop();
        place.verify(true);
    }
}

/// X15: a result below zero is listed with why, cannot be published, and can be corrected.
#[test]
fn below_zero_is_not_published_x15() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creators = ["good", "bad"].map(|name| desk.party(name, "creator", "individual"));
        for (index, creator) in creators.iter().enumerate() {
            desk.join(creator, "2190-03-01");
            desk.report(&format!("o{index}"), creator, &desk.now(), "completed");
        }
        desk.terms(&json!([{ "creator_external_id": "bad", "month": "2190-03", "fee_minor": 950_001 }]));
        desk.move_to("2190-04-02T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        let blocked =
            desk.client.get("/v1/programme/months/2190-03/statements?state=blocked").ended(200).body;
        let (one, id) = (&blocked["data"][0], blocked["data"][0]["id"].as_str().unwrap());
        assert_eq!((&one["blocked_by"], &one["result_minor"]), (&json!("result_below_zero"), &json!(-1)));
        let publish = format!("/v1/programme/statements/{id}/publish");
        assert_eq!(code(desk.post(&publish, &Value::Null), 422), "result_below_zero");
        let all = "/v1/programme/months/2190-03/publish";
        desk.post(all, &Value::Null).ended(200);
        desk.wait_for("2190-03", "published");
        let states: Vec<(String, i64)> = desk.month("2190-03")["totals"]
            .as_array()
            .unwrap()
            .iter()
            .map(|t| (t["state"].as_str().unwrap().to_owned(), t["statements"].as_i64().unwrap()))
            .collect();
        assert_eq!(states, [("blocked".to_owned(), 1), ("published".to_owned(), 1)]);
        desk.terms(&json!([{ "creator_external_id": "bad", "month": "2190-03", "fee_minor": 950_000 }]));
        desk.post(all, &Value::Null).ended(200);
        wait_until("the corrected one is published", 30, || {
            desk.statement(&creators[1]).1["state"] == "published"
        });
        assert_eq!(desk.overview(&creators[1])["withdrawable_minor"], 0);
        assert_eq!(desk.overview(&creators[0])["withdrawable_minor"], 950_000);
        desk.server.stop();
        place.verify(true);
    }
}

/// X15: disputes open a case and block nothing; a shortage of an adjustment is owed and collected from later income.
#[test]
fn disputes_are_answered_with_transfers_x15() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creator = desk.party("lin", "creator", "individual");
        desk.join(&creator, "2190-03-01");
        desk.report("a", &creator, &desk.now(), "completed");
        desk.move_to("2190-04-02T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        let (id, _) = desk.statement(&creator);
        let li = desk.staff("li", "finance");
        let answer =
            |key: &str, body: &Value| li.post(&format!("/v1/programme/statements/{id}/answer"), key, body);
        let path = |what: &str| format!("/v1/programme/statements/{id}/{what}");
        let say = json!({ "text": "the incentive is missing" });
        assert_eq!(code(desk.post(&path("disputes"), &say), 422), "statement_not_published");
        desk.post(&path("publish"), &Value::Null).ended(200);
        assert_eq!(code(answer("a1", &json!({ "reason": "x" })), 422), "no_dispute");
        assert_eq!(code(desk.post(&path("disputes"), &json!({ "text": " " })), 422), "text_invalid");
        let first = desk.post(&path("disputes"), &say).ended(200);
        assert_eq!(code(desk.post(&path("disputes"), &say), 422), "dispute_open");
        assert!(first.text("case_id").starts_with("case_"));
        let waiting = desk.client.get("/v1/programme/disputes").ended(200).body;
        assert_eq!(waiting["data"][0]["id"], json!(id));
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 950_000, "nothing is blocked");
        let by_key = json!({ "reason": "a program says so" });
        assert_eq!(code(desk.post(&path("answer"), &by_key), 403), "staff_needed");
        // No fee was taken, so none comes back; and nobody gives back more than came.
        let fee =
            |minor: i64| json!({ "adjustment_minor": minor, "component": "operating_fee", "reason": "r" });
        assert_eq!(code(answer("fee", &fee(1)), 422), "adjustment_too_large");
        assert_eq!(code(answer("back", &fee(-950_001)), 422), "adjustment_too_large");
        let more =
            json!({ "adjustment_minor": 20_000, "component": "incentive", "reason": "it was missing" });
        let answered = answer("a2", &more).ended(200);
        assert_eq!((answered.text("state"), answered.int("adjustment_minor")), ("adjusted", 20_000));
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 970_000);
        // Again, and the desk says no.
        desk.post(&path("disputes"), &say).ended(200);
        answer("a3", &json!({ "reason": "it is all there" })).ended(200);
        // Too much was paid, and most of it is gone.
        desk.post("/v1/sandbox/onboardings", &json!({ "party_id": creator })).ended(200);
        desk.post(
            &format!("/v1/parties/{creator}/payout-accounts"),
            &json!({ "kind": "sandbox", "number": "l.ok" }),
        )
        .ended(201);
        desk.withdraw(&creator, 960_000).ended(201);
        desk.post(&path("disputes"), &json!({ "text": "is the fee right?" })).ended(200);
        let zero = json!({ "adjustment_minor": 0, "component": "operating_fee", "reason": "nothing" });
        assert_eq!(code(answer("a4", &zero), 422), "adjustment_zero");
        let back = json!({ "adjustment_minor": -50_000, "component": "operating_fee", "reason": "no fee was taken" });
        let answered = answer("a5", &back).ended(200);
        assert_eq!(answered.int("owed_minor"), 40_000);
        let mine = desk.overview(&creator);
        assert_eq!((&mine["withdrawable_minor"], &mine["owed_minor"]), (&json!(0), &json!(40_000)));
        // G8: nothing leaves while something is owed, and it is said how much.
        let facts = refused(&desk.withdraw(&creator, 10), "owed_outstanding", 8);
        assert_eq!(facts["bound_minor"], 40_000);
        let all = desk.client.get(&path("disputes")).ended(200).body;
        let states: Vec<&str> =
            all["data"].as_array().unwrap().iter().map(|d| d["state"].as_str().unwrap()).collect();
        assert_eq!(states, ["adjusted", "declined", "adjusted"]);
        // Collected first from later income: not while it is frozen, but when it is published.
        desk.report("b", &creator, &desk.now(), "completed");
        assert_eq!(desk.overview(&creator)["owed_minor"], 40_000);
        // The seven days end with the ninth of the month.
        desk.move_to("2190-04-09T23:59:59+08:00");
        desk.post(&path("disputes"), &say).ended(200);
        answer("a6", &json!({ "reason": "no" })).ended(200);
        desk.move_to("2190-04-10T00:00:00+08:00");
        assert_eq!(code(desk.post(&path("disputes"), &say), 422), "dispute_late");
        desk.move_to("2190-05-01T09:00:00+08:00");
        desk.wait_for("2190-04", "drafted");
        desk.post("/v1/programme/months/2190-04/publish", &Value::Null).ended(200);
        desk.wait_for("2190-04", "published");
        let mine = desk.overview(&creator);
        assert_eq!((&mine["withdrawable_minor"], &mine["owed_minor"]), (&json!(910_000), &json!(0)));
        desk.server.stop();
        place.verify(true);
    }
}

/// X15: an incentive for a month without income is somebody's, whether it comes before the close or after it.
#[test]
fn an_incentive_without_income_is_paid_x15() {
    for place in Place::all() {
        let desk = in_march(&place);
        let early = desk.party("early", "creator", "individual");
        let late = desk.party("late", "creator", "individual");
        let signed = desk.party("signed", "creator", "individual");
        let agency = desk.party("mcn", "agency", "enterprise");
        let shop = desk.party("shop", "merchant", "enterprise");
        for creator in [&early, &late, &signed] {
            desk.join(creator, "2190-03-01");
        }
        desk.sign(&signed, &agency, &desk.now());
        let item = |creator: &str, minor: i64| json!({ "creator_id": creator, "month": "2190-03", "incentive_minor": minor });
        let done = desk.terms(&json!([item(&early, 20_000), item(&signed, 700), item(&shop, 1)]));
        assert_eq!(
            (&done["items"][0]["changed"], &done["items"][1]["changed"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(done["items"][2]["error"]["code"], "not_a_creator");
        desk.move_to("2190-04-02T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        let shown = |payee: &str| {
            let statements = desk.statements(payee);
            statements.iter().map(|s| (s["state"].clone(), s["result_minor"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(shown(&early), [(json!("draft"), json!(20_000))]);
        assert_eq!(shown(&agency), [(json!("draft"), json!(700))], "as the month's orders would be");
        assert_eq!(shown(&late), []);
        desk.terms(&json!([item(&late, 300)]));
        assert_eq!(shown(&late), [(json!("draft"), json!(300))], "the month is closed: drawn up at once");
        desk.post("/v1/programme/months/2190-03/publish", &Value::Null).ended(200);
        wait_until("all are published", 30, || {
            [&early, &late, &agency].iter().all(|payee| shown(payee)[0].0 == "published")
        });
        assert_eq!(desk.overview(&early)["withdrawable_minor"], 20_000);
        assert_eq!(desk.overview(&late)["withdrawable_minor"], 300);
        assert_eq!(desk.overview(&agency)["withdrawable_minor"], 700);
        desk.server.stop();
        place.verify(true);
    }
}

/// X15, P16: a large adjustment takes two people, who see everything that is answered.
#[test]
fn a_large_adjustment_takes_two_people_x15_p16() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creator = desk.party("lin", "creator", "individual");
        desk.join(&creator, "2190-03-01");
        desk.report("a", &creator, &desk.now(), "completed");
        desk.move_to("2190-04-02T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        let (id, _) = desk.statement(&creator);
        let path = |what: &str| format!("/v1/programme/statements/{id}/{what}");
        desk.post(&path("publish"), &Value::Null).ended(200);
        desk.post(&path("disputes"), &json!({ "text": "the incentive is missing" })).ended(200);
        let [li, wang] = ["li", "wang"].map(|name| desk.staff(name, "finance"));
        let more =
            |minor: i64| json!({ "adjustment_minor": minor, "component": "incentive", "reason": "missing" });
        let large = 50_000_000;
        let refused = li.post(&path("answer"), "alone", &more(large)).ended(422);
        assert_eq!(refused.text("code"), "approval_required");
        let mut proposal = more(large);
        proposal["statement_id"] = json!(id);
        proposal["dispute"] = json!(1);
        let proposal = json!({ "programme_adjustment": proposal });
        let proposed = li.post("/v1/approvals", "propose", &proposal).ended(201);
        assert_eq!(proposed.body["id"], refused.body["facts"]["approval"], "what was asked for");
        let decision = format!("/v1/approvals/{}/decision", proposed.text("id"));
        let yes = json!({ "approve": true });
        assert_eq!(code(li.post(&decision, "self", &yes), 422), "approval_same_person");
        let risk = desk.staff("sun", "risk");
        assert_eq!(code(risk.post(&decision, "risk", &yes), 403), "scope_missing");
        wang.post(&decision, "yes", &yes).ended(200);
        assert_eq!(code(li.post(&path("answer"), "other", &more(large + 1)), 422), "approval_required");
        let answered = li.post(&path("answer"), "answer", &more(large)).ended(200);
        assert_eq!(answered.int("adjustment_minor"), large);
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 950_000 + large);
        desk.server.stop();
        place.verify(true);
    }
}

/// X15, X16: a creator who is a company is paid its programme result by settlement statement, like everything else.
#[test]
fn a_companys_programme_income_is_settled_by_statement_x15_x16() {
    for place in Place::all() {
        let desk = in_march(&place);
        let company = desk.party("studio", "creator", "enterprise");
        desk.join(&company, "2190-03-01");
        desk.report("a", &company, &desk.now(), "completed");
        let frozen = desk.overview(&company)["frozen_minor"].as_i64().unwrap();
        desk.move_to("2190-04-02T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        let (id, _) = desk.statement(&company);
        desk.post(&format!("/v1/programme/statements/{id}/publish"), &Value::Null).ended(200);
        let lines = || {
            let path = format!("/v1/parties/{company}/settlement-orders");
            let all = desk.client.get(&path).ended(200).body["data"].as_array().unwrap().clone();
            all.iter().map(|line| line["amounts"]["payable_minor"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(lines(), [frozen], "what was published, and nothing before");
        // An adjustment after a dispute is a line too.
        desk.post(&format!("/v1/programme/statements/{id}/disputes"), &json!({ "text": "more" })).ended(200);
        let li = desk.staff("li", "finance");
        let less = json!({ "adjustment_minor": -300, "component": "incentive", "reason": "counted twice" });
        li.post(&format!("/v1/programme/statements/{id}/answer"), "less", &less).ended(200);
        let mut found = lines();
        found.sort_unstable();
        assert_eq!(found, [-300, frozen]);
        assert_eq!(desk.overview(&company)["withdrawable_minor"], frozen - 300);
        desk.server.stop();
        place.verify(true);
    }
}

/// X14, X15: an agency creator's programme income goes to the agency; a month may have two payees.
#[test]
fn an_agency_creators_income_goes_to_the_agency_x15() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creator = desk.party("lin", "creator", "individual");
        let agency = desk.party("mcn", "agency", "enterprise");
        desk.join(&creator, "2190-03-01");
        desk.report("own", &creator, &desk.now(), "completed");
        desk.advance(60);
        desk.sign(&creator, &agency, &desk.now());
        desk.advance(60);
        desk.report("routed", &creator, &desk.now(), "completed");
        assert_eq!(desk.overview(&creator)["frozen_minor"], 950_000);
        assert_eq!(desk.overview(&agency)["frozen_minor"], 1_000_000);
        // Fee and incentive are the creator's, and split by income.
        desk.terms(&json!([{ "creator_external_id": "lin", "month": "2190-03", "fee_minor": 195, "incentive_minor": 39 }]));
        desk.move_to("2190-04-01T09:00:00+08:00");
        desk.wait_for("2190-03", "drafted");
        desk.post("/v1/programme/months/2190-03/publish", &Value::Null).ended(200);
        desk.wait_for("2190-03", "published");
        assert_eq!(desk.overview(&creator)["withdrawable_minor"], 950_000 - 95 + 19);
        assert_eq!(desk.overview(&agency)["withdrawable_minor"], 1_000_000 - 100 + 20);
        let (_, statement) = desk.statement(&agency);
        assert_eq!((&statement["creator_id"], &statement["payee_id"]), (&json!(creator), &json!(agency)));
        desk.server.stop();
        place.verify(true);
    }
}

/// Parties, members and orders of so many creators, by several clients at once.
fn crowd(desk: &Desk, key: &str, creators: usize) {
    const CLIENTS: usize = 16;
    let address = desk.server.address;
    let threads: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let key = key.to_owned();
            std::thread::spawn(move || {
                let client_of = Client::new(address, &key);
                for index in (client..creators).step_by(CLIENTS) {
                    let name = format!("c{index}");
                    let profile = json!({ "external_id": name, "display_name": name, "roles": ["creator"],
                        "legal_form": "individual" });
                    client_of.post("/v1/parties", &name, &profile).ended(200);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let names = |index: usize| format!("c{index}");
    let members: Vec<Value> =
        (0..creators).map(|i| json!({ "creator_external_id": names(i), "from_on": "2190-03-01" })).collect();
    let done = desk.post("/v1/programme/members/bulk", &json!({ "items": members })).ended(200);
    assert_eq!(done.int("refused"), 0);
    let at = desk.now();
    let order = |i: usize| {
        json!({ "order_id": format!("o{i}"), "creator_external_id": names(i), "task_type": "video", "title": "",
            "amount_minor": 10_000, "accepted_at": at, "status": "completed", "completed_at": at })
    };
    let orders: Vec<Value> = (0..creators).map(order).collect();
    assert_eq!(desk.post("/v1/task-orders/bulk", &json!({ "items": orders })).ended(200).int("refused"), 0);
    let terms = |i: usize| json!({ "creator_external_id": names(i), "month": "2190-03", "fee_ppm": 100_000, "incentive_minor": 5 });
    let terms: Vec<Value> = (0..creators).map(terms).collect();
    assert_eq!(desk.terms(&json!(terms))["refused"], 0);
}

/// X15, P22: killed in the middle of a close and of a publication, the month comes to its end, and every creator is
/// paid once.
#[test]
fn a_killed_close_goes_on_and_posts_nothing_twice_x15_p22() {
    const CREATORS: usize = 2_400;
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let mut server = Server::start(&place);
        let mut desk = Desk::of(server, &key);
        desk.move_to(BEGIN);
        crowd(&desk, &key, CREATORS);
        let half = |desk: &Desk, state: &str| {
            wait_until(&format!("{state} has begun"), 60, || {
                let close = &desk.month("2190-03")["close"];
                close["state"] != state || close["done"].as_u64().is_some_and(|done| done > 0)
            });
        };
        desk.move_to("2190-04-01T00:30:00+08:00");
        wait_until("the close begins", 30, || !desk.month("2190-03")["close"].is_null());
        half(&desk, "drafting");
        desk.server.kill();
        server = Server::start(&place);
        desk = Desk::of(server, &key);
        desk.wait_for("2190-03", "drafted");
        desk.post("/v1/programme/months/2190-03/publish", &Value::Null).ended(200);
        half(&desk, "publishing");
        desk.server.kill();
        server = Server::start(&place);
        desk = Desk::of(server, &key);
        desk.wait_for("2190-03", "published");
        let month = desk.month("2190-03");
        let count = i64::try_from(CREATORS).unwrap();
        assert_eq!(month["totals"].as_array().unwrap().len(), 1, "{month}");
        assert_eq!(month["totals"][0]["statements"], count);
        assert_eq!(month["totals"][0]["result_minor"], count * (9_500 - 950 + 5));
        desk.server.stop();
        // Every statement equals its transfers, nothing is frozen, and no account has a line too many.
        place.verify(true);
        place.run(&["month", "close", "2190-03"]).ended(1);
        place.run(&["month", "publish", "2190-03"]).ended(0);
    }
}

/// X15, P21: months are closed and terms imported from the command line too.
#[test]
fn months_are_closed_from_the_command_line_x15_p21() {
    for place in Place::all() {
        let desk = in_march(&place);
        let creator = desk.party("lin", "creator", "individual");
        desk.join(&creator, "2190-03-01");
        desk.report("a", &creator, &desk.now(), "completed");
        desk.server.stop();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("terms.csv");
        let import = |text: &str| {
            std::fs::write(&file, text).unwrap();
            place.run(&["import", "programme-terms", file.to_str().unwrap(), "--json"])
        };
        import("creator_id,month,fee_minor\nlin,2190-3,100\n").ended(1);
        let done = import("creator_id,month,fee_minor,incentive_minor\nlin,2190-03,100,7\n").ended(0).json();
        assert_eq!(done["changed"], 1);
        place.run(&["month", "close", "2190-03"]).ended(1);
        place.run(&["clock", "set", "2190-04-01T00:00:00+08:00"]).ended(0);
        let closed = place.run(&["month", "close", "2190-03", "--json"]).ended(0).json();
        assert_eq!((&closed["state"], &closed["done"]), (&json!("drafted"), &json!(1)));
        place.run(&["month", "close", "2190-03"]).ended(1);
        let published = place.run(&["month", "publish", "2190-03", "--json"]).ended(0).json();
        assert_eq!((&published["state"], &published["done"]), (&json!("published"), &json!(1)));
        place.verify(true);
    }
}
