//! `purser verify` on damaged books: it ends with 1 and names the place, whatever was changed, on both databases (P3).
//! Damage to what other capabilities keep is planted where their tests end.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use purser_domain::{
    ids::{TransferId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    money::Currency,
    time::Zone,
};
use purser_engine::{
    Meta, Writer, call, chain::TakeCheckpoint, clock::Clock, ids::IdSource, ledger::PostTransfers,
    rules::RulesSource,
};
use purser_storage::{Session, migrate, postgres, sqlite};
use serde_json::json;
use support::world::{Place, Server, onboard, wait_until};

fn writer(place: &Place) -> Writer {
    let mut session: Box<dyn Session> = match place {
        Place::Folder(dir) => {
            let file = dir.path().join("purser.db");
            Box::new(sqlite::open_writer(&file, &sqlite::Options::default()).unwrap())
        }
        Place::Postgres { url, .. } => Box::new(postgres::open_writer(url).unwrap()),
    };
    migrate::migrate(session.as_mut()).unwrap();
    let (ids, source) = (IdSource::system(), RulesSource::builtin());
    Writer::open(session, Clock::system(), Zone::shanghai(), ids, source, "test").unwrap()
}

fn accounts() -> [AccountRef; 2] {
    [AccountKind::ClientsClearing, AccountKind::RevenueServiceFee]
        .map(|kind| AccountRef::platform(kind, Currency::CNY))
}

/// Sixty groups of two transfers, a checkpoint after every tenth; the ids of the transfers in order.
fn written(place: &Place) -> Vec<TransferId> {
    let (mut writer, mut ids, clock) = (writer(place), IdSource::system(), Clock::system());
    let mut all = Vec::new();
    for group in 1..=60 {
        let [debit, credit] = accounts();
        let transfers: Vec<_> = (1..=2)
            .map(|amount_minor| TransferRequest {
                id: ids.next(clock.machine()),
                step: Step::Post,
                debit: debit.id(),
                credit: credit.id(),
                amount_minor,
                currency: Currency::CNY,
                kind: TransferKind::Manual.code(),
                reference: Uid::NIL,
            })
            .collect();
        all.extend(transfers.iter().map(|transfer| transfer.id));
        let command = PostTransfers { transfers, atomic: true, accounts: vec![debit, credit] };
        call(&mut writer, command, Meta::system()).unwrap().unwrap();
        if group % 10 == 0 {
            call(&mut writer, TakeCheckpoint, Meta::system()).unwrap().unwrap();
        }
    }
    all
}

/// The id of a row as the database writes it.
fn bytes(place: &Place, id: Uid) -> String {
    let hex = id.0.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    if place.engine() == "sqlite" { format!("x'{hex}'") } else { format!("'\\x{hex}'::bytea") }
}

/// P3: the six kinds of damage to the ledger, each on a copy.
#[test]
fn damage_to_the_ledger_ends_with_one_and_names_the_place_p3() {
    for place in Place::all() {
        let ids = written(&place);
        place.verify(true);
        let (middle, account) = (ids[40], accounts()[0].id());
        let (row, owner) = (bytes(&place, middle.0), bytes(&place, account.0));
        let fresh = Uid([0x5a; 16]);
        let copied = format!(
            "INSERT INTO transfers SELECT {}, at, grp, kind, step, debit, credit, amount, debit_after, credit_after, \
             debit_prev, credit_prev, of_id, reference FROM transfers WHERE id = {row}",
            bytes(&place, fresh)
        );
        let cut = "DELETE FROM transfers WHERE (grp & 1099511627775) > 30; \
                   DELETE FROM audit WHERE (grp & 1099511627775) > 30; DELETE FROM groups WHERE seq > 30; \
                   UPDATE lanes SET seq = 30, hash = (SELECT hash FROM groups WHERE seq = 30)";
        let swapped = "UPDATE groups SET seq = -1 WHERE seq = 20; UPDATE groups SET seq = 20 WHERE seq = 21; \
                       UPDATE groups SET seq = 21 WHERE seq = -1";
        for (what, sql, found) in [
            (
                "an amount",
                format!("UPDATE transfers SET amount = amount + 1 WHERE id = {row}"),
                middle.to_string(),
            ),
            ("a deleted row", format!("DELETE FROM transfers WHERE id = {row}"), middle.to_string()),
            ("an inserted row", copied, TransferId(fresh).to_string()),
            (
                "a balance",
                format!("UPDATE accounts SET posted = posted + 100 WHERE id = {owner}"),
                account.to_string(),
            ),
            ("two groups swapped", swapped.to_owned(), "group 20".to_owned()),
            ("a cut tail", cut.to_owned(), "checkpoint 3".to_owned()),
        ] {
            let ran = place.verified_with(&sql).ended(1);
            let engine = place.engine();
            assert!(ran.err.contains(&found), "{engine}, {what}: {found} is not in {}", ran.err);
            let report = ran.json();
            assert_eq!(report["sound"], false, "{engine}, {what}");
            assert!(report["findings"].to_string().contains(&found), "{engine}, {what}: {report}");
        }
        place.verify(true);
    }
}

/// P3: what withdrawals of earnings reserve is held, to the fen, by everybody who has either; counters are what stands.
#[test]
fn money_under_way_is_held_and_counted_p3() {
    for place in Place::all() {
        place.run(&["migrate", "--sandbox"]).ended(0);
        let key = place.key();
        let server = Server::start(&place);
        let client = server.client(&key);
        let top_up = json!({ "amount_minor": 1_000_000, "reference": "seed" });
        client.post("/v1/rails/sandbox/float-top-ups", "seed", &top_up).ended(201);
        let states: Vec<(String, &str)> = [("paid", "ok", "paid"), ("waits", "lost_request", "unknown")]
            .into_iter()
            .map(|(name, fate, state)| {
                let new = json!({ "external_id": name, "display_name": name, "roles": ["creator"],
                    "legal_form": "individual" });
                let party = client.post("/v1/parties", name, &new).ended(200).text("id").to_owned();
                onboard(&client, &party);
                let account = json!({ "kind": "sandbox", "number": format!("{name}.{fate}") });
                client
                    .post(&format!("/v1/parties/{party}/payout-accounts"), &format!("a-{name}"), &account)
                    .ended(201);
                let at = client.get("/v1/clock").text("business_at").to_owned();
                let order = json!({ "order_id": name, "creator_id": party, "task_type": "video", "title": "t",
                    "amount_minor": 100_000, "accepted_at": at, "status": "completed", "completed_at": at });
                client.post("/v1/task-orders", &format!("o-{name}"), &order).ended(200);
                let asked = json!({ "party_id": party, "amount_minor": 50_000 });
                let asked = client.post("/v1/withdrawals", &format!("w-{name}"), &asked).ended(201);
                (format!("/v1/withdrawals/{}", asked.text("id")), state)
            })
            .collect();
        wait_until("one is paid, of the other nothing is known", 30, || {
            states.iter().all(|(path, state)| client.get(path).ended(200).text("state") == *state)
        });
        server.stop();
        place.verify(true);
        let transit = "withdrawals in transit = holds";
        let used = "counters of withdrawals by day = by month = by year = in all";
        let settled = "overview = settled orders";
        let float = "slices under way = float reserved";
        place.planted(&[
            (transit, "UPDATE withdrawals SET slices = REPLACE(slices, '50000', '50001')"),
            (transit, "DELETE FROM withdrawals WHERE finished_at IS NULL"),
            (transit, "UPDATE withdrawals SET finished_at = requested_at WHERE finished_at IS NULL"),
            (transit, "UPDATE withdrawals SET state = 'paid' WHERE finished_at IS NULL"),
            (transit, "UPDATE earnings_totals SET in_transit = in_transit + 1 WHERE month = ''"),
            (used, "DELETE FROM withdrawals WHERE finished_at IS NOT NULL"),
            (used, "DELETE FROM withdrawal_usage"),
            (used, "UPDATE withdrawal_usage SET amount = amount + 1 WHERE period = 'all'"),
            (settled, "UPDATE earnings_totals SET settled_net = settled_net + 1 WHERE month = ''"),
            (settled, "DELETE FROM earnings_totals"),
            (settled, "UPDATE task_orders SET service_fee = service_fee + 1"),
            (float, "UPDATE withdrawals SET slices = REPLACE(slices, '50000', '50001')"),
            (
                float,
                "UPDATE withdrawals SET finished_at = NULL, slices = REPLACE(slices, ' paid ', ' sending ')",
            ),
        ]);
    }
}

/// Where the damage of each invariant is planted: every one of them was seen to fail.
const PLANTED: &[&str] = &[
    include_str!("cli_verify.rs"),
    include_str!("creators/bank_file.rs"),
    include_str!("creators/corporate/whole.rs"),
    include_str!("creators/identity/accounts.rs"),
    include_str!("creators/payments.rs"),
    include_str!("creators/tax.rs"),
    include_str!("credit/held.rs"),
    include_str!("credit/linked.rs"),
    include_str!("credit/risk.rs"),
    include_str!("trust/reconcile.rs"),
    include_str!("../../engine/tests/ads.rs"),
    include_str!("../../engine/tests/credit_applications.rs"),
    include_str!("../../engine/tests/files.rs"),
    include_str!("../../engine/tests/programme.rs"),
];

/// P3: an invariant that is added needs damage that it finds.
#[test]
fn every_invariant_has_its_damage_p3() {
    let place = Place::folder();
    place.run(&["migrate"]).ended(0);
    let report = place.run(&["verify", "--json"]).ended(0).json();
    let known = report["invariants"].as_array().unwrap();
    assert!(known.len() >= 22, "{known:?}");
    for name in known {
        let quoted = name.to_string();
        assert!(PLANTED.iter().any(|text| text.contains(&quoted)), "no damage is planted for {quoted}");
    }
}
