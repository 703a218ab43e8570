//! Real orders of a real marketplace, settled and paid out by the real binary on an unreliable rail, while it is
//! killed again and again; and its pay-later orders replayed day by day. Shows M, P1, P3, P10, P12, X1, X2, X11, X13, gate G,
//! and C1, C4, C8, C9, C11, C12 on the sample in
//! `../shared/data/marketplace`, which must not be part of the project (its licence).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "acceptance/merchants.rs"]
mod merchants;
mod support;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use purser_domain::{
    ledger::{AccountRef, TransferKind},
    money::Currency,
    withdrawals::State,
};
use purser_engine::{clock::Stopwatch, ledger, sandbox::sandbox_totals};
use purser_storage::Statement;
use serde_json::{Value, json};
use support::{
    arg,
    http::Client,
    load::{Dice, Front},
    skipped,
    world::{Place, Server, ints, wait_until},
};

/// What a creator must have to take part, minor units.
const LEAST: i64 = 10_000;
/// Clients that talk to the server at the same time.
const CLIENTS: usize = 4;
/// Payouts of a million that meet a fault.
const FAULTS: &str = "300000";

static STATES: Statement =
    Statement { name: "test.states", sql: "SELECT state, amount FROM withdrawals ORDER BY id" };
static WAITING: Statement = Statement {
    name: "test.waiting",
    sql: "SELECT amount FROM withdrawals WHERE state = 'waiting_for_funds' ORDER BY id",
};

/// The sample, when it is there.
fn marketplace() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/marketplace");
    if folder.join("task-orders.csv").exists() {
        return Some(folder);
    }
    skipped(&format!("the real orders: {} is not there", folder.display()));
    None
}

fn expected(folder: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap()
}

/// X1, X2, X13: every total and the ten top creators, to the fen.
fn totals_are_exact(place: &Place, folder: &std::path::Path) {
    let report = place.run(&["report", "earnings", "--json"]).ended(0).json();
    let expected = expected(folder);
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&report[key], value, "{key}");
    }
    assert_eq!(report["top_creators"].as_array().unwrap().len(), 10);
}

#[test]
fn real_orders_through_the_bulk_api_add_up_to_the_fen_on_sqlite() {
    through_the_bulk_api(Some(Place::folder()));
}

#[test]
fn real_orders_through_the_bulk_api_add_up_to_the_fen_on_postgres() {
    through_the_bulk_api(Place::postgres());
}

fn through_the_bulk_api(place: Option<Place>) {
    let (Some(place), Some(folder)) = (place, marketplace()) else { return };
    let watch = Stopwatch::start();
    let token = place.key();
    let server = Server::start(&place);
    let client = server.client(&token);
    let mut reader = csv::Reader::from_path(folder.join("task-orders.csv")).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    register(&client, &rows);
    let items: Vec<Value> = rows.iter().map(order).collect();
    // Half of it twice: what was reported before changes nothing.
    for (call, part) in [&items[..3_000], &items[..3_000], &items[3_000..]].into_iter().enumerate() {
        let answer = client.post("/v1/task-orders/bulk", &format!("bulk-{call}"), &json!({ "items": part }));
        assert_eq!(answer.ended(200).int("refused"), 0);
    }
    let too_many = vec![items[0].clone(); 10_001];
    let refused = client.post("/v1/task-orders/bulk", "too-many", &json!({ "items": too_many }));
    assert_eq!(refused.ended(400).text("code"), "bulk_size");
    server.stop();
    totals_are_exact(&place, &folder);
    place.verify(true);
    println!("{}: bulk API {} ms", place.engine(), watch.micros() / 1_000);
}

fn register(client: &Client, rows: &[BTreeMap<String, String>]) {
    let mut creators: Vec<&str> = rows.iter().map(|row| row["creator_id"].as_str()).collect();
    creators.sort_unstable();
    creators.dedup();
    for id in creators {
        let profile = json!({
            "external_id": id, "display_name": id, "roles": ["creator"], "legal_form": "individual",
        });
        client.post("/v1/parties", &format!("party-{id}"), &profile).ended(200);
    }
}

fn order(row: &BTreeMap<String, String>) -> Value {
    let mut item = json!({
        "order_id": row["order_id"], "creator_external_id": row["creator_id"], "task_type": "video",
        "amount_minor": row["amount_minor"].parse::<i64>().unwrap(), "accepted_at": row["accepted_at"],
        "status": row["status"],
    });
    match row["status"].as_str() {
        "completed" => item["completed_at"] = json!(row["completed_at"]),
        // The file does not say when.
        "cancelled" => item["cancelled_at"] = json!(row["accepted_at"]),
        _ => {}
    }
    item
}

#[test]
fn imported_orders_are_paid_out_under_kills_on_sqlite() {
    paid_out_under_kills(Some(Place::folder()));
}

#[test]
fn imported_orders_are_paid_out_under_kills_on_postgres() {
    paid_out_under_kills(Place::postgres());
}

fn paid_out_under_kills(place: Option<Place>) {
    let (Some(place), Some(folder)) = (place, marketplace()) else { return };
    let watch = Stopwatch::start();
    let file = folder.join("task-orders.csv");
    place.run(&["migrate", "--sandbox"]).ended(0);
    let import = || place.run(&["import", "task-orders", arg(&file), "--json"]).ended(0).json();
    assert_eq!(import(), json!({ "rows": 5_947, "changed": 5_947, "refused": 0 }));
    assert_eq!(import(), json!({ "rows": 5_947, "changed": 0, "refused": 0 }));
    totals_are_exact(&place, &folder);
    println!("{}: imported twice after {} ms", place.engine(), watch.micros() / 1_000);
    Payday::of(&place, &folder).run();
    println!("{}: done after {} ms", place.engine(), watch.micros() / 1_000);
}

/// Everybody takes everything.
struct Payday<'a> {
    place: &'a Place,
    token: String,
    expected: Value,
    dice: Dice,
    topped_up: i64,
    kills: usize,
}

impl<'a> Payday<'a> {
    fn of(place: &'a Place, folder: &std::path::Path) -> Self {
        place.run(&["sandbox", "faults", FAULTS]).ended(0);
        let token = place.key();
        let dice = Dice::new(Dice::seed());
        Self { place, token, expected: expected(folder), dice, topped_up: 0, kills: 0 }
    }

    fn net(&self) -> i64 {
        self.expected["settled_net_minor"].as_i64().unwrap()
    }

    fn run(mut self) {
        self.top_up(self.net() / 5);
        let server = Server::start(self.place);
        let front = Front::new(server.address, &self.token);
        let creators = creators(&front.client());
        let paid = creators.iter().filter(|(_, overview)| withdrawable(overview) >= LEAST).count();
        println!("{}: {} of {} creators withdraw", self.place.engine(), paid, creators.len());
        assert!(paid > 500, "{paid}");
        let server = self.first_round(server, &front, &creators);
        let mut rounds = 1;
        // A payout that definitely failed is back in the account: its creator asks again, as a new request.
        while ask_all(&front, &overviews(&front.client(), &creators), rounds) > 0 {
            rounds += 1;
            assert!(rounds < 20, "failures do not end");
            self.settle();
        }
        println!(
            "{}: {rounds} rounds, {} kills, {} requests sent again",
            self.place.engine(),
            self.kills,
            front.again()
        );
        assert!(rounds > 1 && self.kills == 5, "the dial was on and the server was killed");
        self.nothing_lost(&front, &creators);
        server.stop();
        self.books_agree();
    }

    fn top_up(&mut self, amount: i64) {
        self.topped_up += amount;
        let (amount, reference) = (amount.to_string(), format!("top-up-{amount}"));
        let args = ["--rail", "sandbox", "--amount-minor", &amount, "--reference", &reference];
        self.place.run(&[&["float", "top-up"], args.as_slice()].concat()).ended(0);
    }

    /// Binds accounts and requests everything, killed three times meanwhile and twice while money goes out.
    fn first_round(
        &mut self,
        mut server: Server,
        front: &Front,
        creators: &BTreeMap<String, Value>,
    ) -> Server {
        let server = std::thread::scope(|scope| {
            let requests = scope.spawn(|| ask_all(front, creators, 0));
            for _ in 0..3 {
                let until = front.answered() + 60 + self.below(300);
                wait_until("answers", 60, || front.answered() >= until);
                server = self.kill(server, front);
            }
            assert!(requests.join().unwrap() > 500);
            server
        });
        // X11: float covers a fifth; the rest waits, and goes out by itself once there is money.
        wait_until("float used up", 60, || !ints(self.place.reader().as_mut(), &WAITING, 1).is_empty());
        server.kill();
        self.kills += 1;
        let rest = self.net();
        self.top_up(rest);
        let mut server = Server::start(self.place);
        front.moved(server.address);
        let until = sandbox_totals(self.place.reader().as_mut()).unwrap().orders + 50;
        wait_until("payouts", 60, || sandbox_totals(self.place.reader().as_mut()).unwrap().orders > until);
        server = self.kill(server, front);
        self.settle();
        server
    }

    fn below(&mut self, end: u64) -> usize {
        usize::try_from(self.dice.below(end)).unwrap()
    }

    fn kill(&mut self, server: Server, front: &Front) -> Server {
        server.kill();
        self.kills += 1;
        let server = Server::start(self.place);
        front.moved(server.address);
        server
    }

    /// Waits until nothing is in flight: X12 would call anything else stuck.
    fn settle(&self) {
        let mut session = self.place.reader();
        let mut open = BTreeMap::new();
        let watch = Stopwatch::start();
        wait_until("withdrawals in flight", 150, || {
            open.clear();
            let count = |state: &str| {
                if !State::named(state).unwrap().is_final() {
                    *open.entry(state.to_owned()).or_insert(0) += 1;
                }
            };
            states(session.as_mut(), count);
            open.is_empty() || { watch.micros() > 140_000_000 && panic!("in flight: {open:?}") }
        });
        println!("{}: settled after {} ms", self.place.engine(), watch.micros() / 1_000);
    }

    /// Withdrawable and paid add up to what was settled, for everybody and in all.
    fn nothing_lost(&self, front: &Front, creators: &BTreeMap<String, Value>) {
        let client = front.client();
        let (mut withdrawn, mut left) = (0, 0);
        for id in creators.keys() {
            let overview = client.get(&format!("/v1/parties/{id}/overview")).ended(200).body;
            let total = |name: &str| overview["totals"][name].as_i64().unwrap();
            assert_eq!(overview["in_transit_minor"], 0, "{overview}");
            assert_eq!(withdrawable(&overview) + total("withdrawn_minor"), total("settled_net_minor"));
            assert!(withdrawable(&overview) < LEAST, "{overview}");
            withdrawn += total("withdrawn_minor");
            left += withdrawable(&overview);
        }
        assert_eq!(withdrawn + left, self.net());
        println!("{}: {withdrawn} fen paid, {left} fen left below the least", self.place.engine());
    }

    /// P12, P13: the sandbox keeps books of its own; they say what ours say.
    fn books_agree(&self) {
        let mut session = self.place.reader();
        let world = sandbox_totals(session.as_mut()).unwrap();
        assert_eq!(world.paid_twice, 0);
        let float = AccountRef::float("sandbox", Currency::CNY).id();
        let (float, _) = ledger::account(session.as_mut(), float).unwrap().unwrap();
        assert_eq!(self.topped_up - float.posted, world.paid_minor - world.returned_minor);
        let mut paid = 0;
        states_and_amounts(session.as_mut(), |state, amount| {
            paid += if state == "paid" { amount } else { 0 }
        });
        assert_eq!(paid, world.paid_minor - world.returned_minor);
        self.place.verify(true);
        println!("{}: {} payouts at the rail, none twice", self.place.engine(), world.orders);
    }
}

fn states(session: &mut dyn purser_storage::Session, mut each: impl FnMut(&str)) {
    states_and_amounts(session, |state, _| each(state));
}

fn states_and_amounts(session: &mut dyn purser_storage::Session, mut each: impl FnMut(&str, i64)) {
    session
        .query(&STATES, &[], &mut |row| {
            each(row.text(0), row.int(1));
            true
        })
        .unwrap();
}

fn withdrawable(overview: &Value) -> i64 {
    overview["withdrawable_minor"].as_i64().unwrap()
}

/// Overviews of all parties, by id.
fn creators(client: &Client) -> BTreeMap<String, Value> {
    let (mut all, mut cursor) = (BTreeMap::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/parties?limit=200{cursor}")).ended(200).body;
        for party in page["data"].as_array().unwrap() {
            let id = party["id"].as_str().unwrap();
            let overview = client.get(&format!("/v1/parties/{id}/overview")).ended(200).body;
            all.insert(id.to_owned(), overview);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Overviews of known parties as they are now.
fn overviews(client: &Client, creators: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let now = |id: &String| client.get(&format!("/v1/parties/{id}/overview")).ended(200).body;
    creators.keys().map(|id| (id.clone(), now(id))).collect()
}

/// Everybody with enough asks for everything, from several clients at once; returns how many did. The first time
/// they bind their payout account before.
fn ask_all(front: &Front, creators: &BTreeMap<String, Value>, round: usize) -> usize {
    let rich = creators.iter().filter(|(_, overview)| withdrawable(overview) >= LEAST);
    let rich: Mutex<Vec<(&String, &Value)>> = Mutex::new(rich.collect());
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = front.client();
                loop {
                    let Some((id, overview)) = rich.lock().unwrap().pop() else { break };
                    ask(front, &mut client, id, withdrawable(overview), round);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    asked.into_inner()
}

fn ask(front: &Front, client: &mut Client, id: &str, all: i64, round: usize) {
    if round == 0 {
        let steps = json!({ "party_id": id });
        front.insist(client, "/v1/sandbox/onboardings", &format!("steps-{id}"), &steps).ended(200);
        let account = json!({ "kind": "sandbox", "number": format!("acct-{id}") });
        let path = format!("/v1/parties/{id}/payout-accounts");
        front.insist(client, &path, &format!("bind-{id}"), &account).ended(201);
    }
    let (key, body) = (format!("withdraw-{id}-{round}"), json!({ "party_id": id }));
    let answer = front.insist(client, "/v1/withdrawals", &key, &body).ended(201);
    assert_eq!((answer.int("amount_minor"), answer.int("fee_minor")), (all, 0));
    // Asked once more under the same key it is the same withdrawal.
    let again = front.insist(client, "/v1/withdrawals", &key, &body).ended(201);
    assert!(again.replayed && again.body == answer.body);
}

static MOVED: Statement =
    Statement { name: "test.moved", sql: "SELECT kind, amount FROM transfers ORDER BY id" };

#[test]
fn pay_later_orders_replayed_day_by_day_add_up_to_the_fen_on_sqlite() {
    replayed(Some(Place::folder()));
}

#[test]
fn pay_later_orders_replayed_day_by_day_add_up_to_the_fen_on_postgres() {
    replayed(Place::postgres());
}

/// C1, C4, C8, C9, C11, C12 on real orders: whatever the limits did, nothing is lost, and who was held back is told
/// by the stored steps.
fn replayed(place: Option<Place>) {
    let (Some(place), Some(folder)) = (place, marketplace()) else { return };
    let watch = Stopwatch::start();
    let import = |kind: &str, file: &str, more: &[&str]| {
        let file = folder.join(file);
        place.run(&[&["import", kind, arg(&file), "--json"], more].concat()).ended(0).json()
    };
    let shops = || import("shops", "shops.csv", &["--replay"]);
    assert_eq!(shops(), json!({ "rows": 1_204, "changed": 1_204, "refused": 0 }));
    assert_eq!(shops(), json!({ "rows": 1_204, "changed": 0, "refused": 0 }));
    let orders = || import("credit-orders", "credit-orders.csv", &["--replay"]);
    let first = orders();
    assert_eq!(
        (&first["rows"], &first["changed"], &first["refused"]),
        (&json!(5_947), &json!(5_947), &json!(0))
    );
    // From 13 September 2024 to the last event, on 5 September 2026; 24 days are the first of a month.
    assert_eq!((&first["days"], &first["verified_incrementally"]), (&json!(723), &json!(698)));
    println!("{}: replayed after {} ms: {first}", place.engine(), watch.micros() / 1_000);
    let again = orders();
    assert_eq!((&again["changed"], &again["refused"], &again["days"]), (&json!(0), &json!(0), &json!(0)));
    credit_totals_are_exact(&place, &folder);
    merchants::lists_say_who_and_why(&place, &folder);
    let text = place.run(&["report", "credit"]).ended(0).out;
    assert!(text.contains("不超过近 12 个月成交额的比例") && text.contains("90+ days"), "{text}");
    place.verify(true);
    println!("{}: done after {} ms", place.engine(), watch.micros() / 1_000);
}

/// Every total of the sample, and what the ledger says of the same.
fn credit_totals_are_exact(place: &Place, folder: &std::path::Path) {
    let expected = std::fs::read(folder.join("expected-credit.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let report = place.run(&["report", "credit", "--json"]).ended(0).json();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&report[key], value, "{key}");
    }
    let of = |kinds: &[TransferKind]| -> i64 {
        let codes: Vec<i64> = kinds.iter().map(|kind| kind.code()).collect();
        let rows = ints(place.reader().as_mut(), &MOVED, 2);
        rows.iter().filter(|row| codes.contains(&row[0])).map(|row| row[1]).sum()
    };
    let shipped = of(&[TransferKind::CreditAdvance, TransferKind::CreditBeyondLimit]);
    assert_eq!(json!(shipped), expected["shipped_minor"], "advances and liability are what was shipped");
    assert_eq!(json!(of(&[TransferKind::CreditBuyerPaid])), expected["paid_minor"]);
    let open = report["used_minor"].as_i64().unwrap() - report["due_minor"].as_i64().unwrap();
    let liable = report["liability_minor"].as_i64().unwrap();
    assert!(open + liable >= expected["shipped_unpaid_minor"].as_i64().unwrap());
}

#[test]
fn pay_later_orders_imported_at_once_add_up_as_well() {
    for place in Place::all() {
        let Some(folder) = marketplace() else { return };
        let import = |kind: &str, file: &str| {
            let file = folder.join(file);
            place.run(&["import", kind, arg(&file), "--json"]).ended(0).json()
        };
        place.run(&["migrate"]).ended(0);
        let orders = folder.join("credit-orders.csv");
        let early = place.run(&["import", "credit-orders", arg(&orders)]).ended(1);
        assert!(
            early.err.contains("import shops first") && early.err.contains("5947 bad rows"),
            "{}",
            early.err
        );
        assert_eq!(import("shops", "shops.csv")["changed"], 1_204);
        assert_eq!(import("credit-orders", "credit-orders.csv")["changed"], 5_947);
        assert_eq!(import("credit-orders", "credit-orders.csv")["changed"], 0);
        credit_totals_are_exact(&place, &folder);
        let live = place.run(&["import", "credit-orders", arg(&orders), "--replay"]).ended(1);
        assert!(live.err.contains("only that of a sandbox moves"), "{}", live.err);
        place.verify(true);
    }
}
