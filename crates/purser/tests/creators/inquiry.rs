//! What a rail leaves open for longer than promised, two people find out (P10, P16, X12).

use std::cell::Cell;

use serde_json::{Value, json};

use super::{
    alipay::{World, each},
    bank_file::{Desk, refused},
    desk::signed_in,
};
use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

const EVIDENCE: &str = "the rail's help desk, answer 4711";

/// Two people of finance, signed in.
struct People {
    li: Client,
    wang: Client,
    proposed: Cell<u32>,
}

impl People {
    fn of(server: &Server, admin: &Client) -> Self {
        let staff = |login: &str| signed_in(server, admin, login, "finance").0;
        Self { li: staff("li"), wang: staff("wang"), proposed: Cell::new(0) }
    }

    fn propose(&self, withdrawal: &str, found: &str) -> Answer {
        self.proposed.set(self.proposed.get() + 1);
        let inquiry = json!({ "withdrawal_id": withdrawal, "found": found, "evidence": EVIDENCE });
        let key = format!("inquiry-{}", self.proposed.get());
        self.li.post("/v1/approvals", &key, &json!({ "payout_inquiry": inquiry }))
    }

    /// One proposes, the other says yes.
    fn settle(&self, withdrawal: &str, found: &str) -> Answer {
        let id = self.propose(withdrawal, found).ended(201).text("id").to_owned();
        let path = format!("/v1/approvals/{id}/decision");
        let yes = json!({ "approve": true });
        assert_eq!(refused(self.li.post(&path, "own", &yes), 422), "approval_same_person");
        self.wang.post(&path, &format!("yes-{id}"), &yes)
    }
}

fn people(world: &World<'_>) -> People {
    People::of(world.server.as_ref().unwrap(), &world.client())
}

fn later(client: &Client, hours: i64) {
    let step = json!({ "advance_seconds": hours * 3_600 });
    client.post("/v1/sandbox/clock", &format!("later-{hours}"), &step).ended(200);
}

fn withdrawable(client: &Client, withdrawal: &Value) -> i64 {
    let party = withdrawal["party_id"].as_str().unwrap();
    client.get(&format!("/v1/parties/{party}/overview")).ended(200).int("withdrawable_minor")
}

/// P10, P16, X12: an order that the gateway is "dealing with" for ever is unknown, not failed; once the promised time is over
/// two people settle it, and what the gateway would say after that is held against it.
#[test]
fn an_order_that_is_never_decided_is_settled_by_inquiry_p10_p16_x12() {
    each(|world| {
        let ids = [world.meets("silent", 100_000), world.meets("silent", 200_000)];
        for id in &ids {
            world.ends(id, "unknown");
        }
        let (client, people) = (world.client(), people(world));
        assert_eq!(refused(people.propose(&ids[0], "not_arrived"), 422), "inquiry_too_early");
        later(&client, 72);
        wait_until("staff have a case", 30, || {
            let cases = client.get("/v1/cases?kind=payout_overdue").ended(200).body.to_string();
            ids.iter().all(|id| cases.contains(id.as_str()))
        });
        assert_eq!(world.read(&ids[0]).text("state"), "unknown", "asked about, never given up");
        people.settle(&ids[0], "not_arrived").ended(200);
        let failed = world.read(&ids[0]).body;
        assert_eq!(
            (&failed["state"], &failed["explanation"]["code"]),
            (&json!("failed"), &json!("failed_not_arrived")),
            "{failed}"
        );
        assert_eq!(withdrawable(&client, &failed), 190_000);
        // Nothing is in doubt any more.
        assert_eq!(refused(people.propose(&ids[0], "arrived"), 422), "not_in_doubt");
        let odd = json!({ "withdrawal_id": ids[1], "found": "perhaps", "evidence": EVIDENCE });
        let odd = people.li.post("/v1/approvals", "odd", &json!({ "payout_inquiry": odd })).ended(400).body;
        assert!(odd.to_string().contains("/payout_inquiry/found"), "{odd}");
        // The other one arrives while a proposal that says the opposite is open: it is not carried out.
        let open = people.propose(&ids[1], "not_arrived").ended(201).text("id").to_owned();
        world.gateway.post("decide", &json!({ "reference": format!("{}-01", ids[1]) }));
        world.ends(&ids[1], "paid");
        let yes = json!({ "approve": true });
        let decided = people.wang.post(&format!("/v1/approvals/{open}/decision"), "yes-late", &yes);
        assert_eq!(refused(decided, 422), "not_in_doubt");
    });
}

/// P7, P10: a payout whose account is gone while its order may be at the rail is asked about and never sent again; people end
/// it.
#[test]
fn an_order_that_nobody_finds_and_whose_account_is_gone_is_settled_by_inquiry_p7_p10_p16() {
    each(|world| {
        let id = world.meets("lost_for_good", 100_000);
        let (client, people) = (world.client(), people(world));
        let party = world.read(&id).text("party_id").to_owned();
        let accounts = client.get(&format!("/v1/parties/{party}/payout-accounts")).ended(200).body;
        let account = accounts["data"][0]["id"].as_str().unwrap().to_owned();
        let unbind = format!("/v1/parties/{party}/payout-accounts/{account}/unbind");
        client.post(&unbind, "unbind", &json!({})).ended(200);
        later(&client, 72);
        let sends = || world.gateway.orders(&id)[0]["sends"].as_i64().unwrap();
        let asked = |world: &World<'_>| world.read(&id).text("state") == "unknown";
        wait_until("it is only asked about", 60, || {
            asked(world) && people.propose(&id, "not_arrived").status == 201
        });
        let before = sends();
        people.settle(&id, "not_arrived").ended(200);
        world.ends(&id, "failed");
        assert_eq!(sends(), before);
        assert_eq!(withdrawable(&client, &world.read(&id).body), 190_000);
    });
}

/// P10, P16: what the rail's people said is about what it had then: once the order was given to it again, they are asked again.
#[test]
fn an_inquiry_says_nothing_about_a_later_attempt_p10_p16() {
    each(|world| {
        let id = world.meets("lost_for_good", 100_000);
        let (client, people) = (world.client(), people(world));
        later(&client, 72);
        let mut open = String::new();
        wait_until("it is asked about", 60, || {
            let proposed = people.propose(&id, "not_arrived");
            let is = proposed.status == 201;
            if is {
                open = proposed.text("id").to_owned();
            }
            is
        });
        let sends = |world: &World<'_>| world.gateway.orders(&id)[0]["sends"].as_i64().unwrap();
        let before = sends(world);
        wait_until("it is sent again and asked about", 60, || {
            let step = json!({ "advance_seconds": 600 });
            people.proposed.set(people.proposed.get() + 1);
            let key = format!("on-{}", people.proposed.get());
            client.post("/v1/sandbox/clock", &key, &step).ended(200);
            sends(world) > before && world.read(&id).text("state") == "unknown"
        });
        let yes = json!({ "approve": true });
        let decided = people.wang.post(&format!("/v1/approvals/{open}/decision"), "yes-late", &yes);
        assert_eq!(refused(decided, 422), "inquiry_outdated");
        // Asked again, they say the same of all of it.
        wait_until("it is settled", 60, || {
            let proposed = people.propose(&id, "not_arrived");
            proposed.status == 201 && {
                let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
                let key = format!("yes-{}", people.proposed.get());
                people.wang.post(&path, &key, &yes).status == 200
            }
        });
        world.ends(&id, "failed");
    });
}

/// P10, P13, P16: the same for an order in a file that the bank never answered. A file that nobody has had is taken apart
/// instead; what the bank does after all is held against what was found.
#[test]
fn an_order_that_the_bank_never_answers_is_settled_by_inquiry_p10_p13_p16() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let people = People::of(desk.server.as_ref().unwrap(), &desk.client);
        let [account] = desk.bind(["c1.never"]);
        let id = desk.withdraw(&account, 5_000);
        let file = desk.close();
        later(&desk.client, 96);
        let early = people.propose(&id, "not_arrived");
        assert_eq!(refused(early, 422), "bank_file_not_given_out");
        let bank = desk.bank(&file, &[]);
        people.settle(&id, "not_arrived").ended(200);
        desk.until(&id, "failed");
        let after = withdrawable(&desk.client, &desk.state(&id));
        assert_eq!(after, 950_000);
        // The bytes that still say it go nowhere any more.
        let content = format!("/v1/rails/bank-file/files/{file}/content");
        assert_eq!(refused(desk.client.get(&content), 422), "bank_file_outdated");
        desk.client.post(&format!("/v1/rails/bank-file/files/{file}/sent"), "s1", &json!({})).ended(200);
        assert_eq!(refused(desk.client.get(&content), 422), "bank_file_outdated");
        let notice = desk.take_in(&bank, "camt054.xml", "m1");
        assert_eq!((notice.int("matched"), notice.int("conflicts")), (0, 1));
        assert_eq!(desk.state(&id)["state"], "failed");
        let cases = desk.client.get("/v1/cases?kind=reconciliation_break").ended(200).body;
        assert_eq!(cases["data"].as_array().unwrap().len(), 1, "{cases}");
        desk.stop();
    }
}
