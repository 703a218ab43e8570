//! Balance given back (A12), earnings of automatic top-ups (A11) to the earnings, and top-ups that come late (A6): a late one
//! lifts the stop all the same (A3).

use purser_domain::ledger::AccountKind;
use serde_json::{Value, json};

use super::desk::{Desk, id, refused};
use crate::support::world::{Place, wait_until};

#[test]
fn balance_goes_back_to_the_newest_payments_first_and_grants_never_a12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let path = format!("/v1/parties/{party}/ad-account/refunds");
        assert_eq!(refused(desk.post(&path, &json!({})), 422).0, "nothing_to_refund");
        let old = desk.top_up(&party, 50_000);
        desk.advance(60);
        let young = desk.top_up(&party, 20_000);
        let now: purser_domain::time::Timestamp = desk.now().parse().unwrap();
        let expires_at = now.plus(purser_domain::time::DAY).to_string();
        let grant =
            json!({ "external_id": "g", "amount_minor": 9_000, "expires_at": expires_at, "reason": "r" });
        desk.post(&format!("/v1/parties/{party}/ad-grants"), &grant).ended(201);
        let refusal = desk.post(&path, &json!({ "amount_minor": 70_001 }));
        assert_eq!(refusal.body["facts"]["most_minor"], 70_000, "the grant is not in it");
        assert_eq!(refused(refusal, 422), ("refund_too_much".to_owned(), "/amount_minor".to_owned()));
        let trial = desk.post(&format!("{path}?dry_run=true"), &json!({ "amount_minor": 30_000 }));
        assert_eq!(trial.ended(200).int("amount_minor"), 30_000);
        let key = desk.fresh();
        let done = desk.client.post(&path, &key, &json!({ "amount_minor": 30_000 })).ended(201).body;
        let again = desk.client.post(&path, &key, &json!({ "amount_minor": 30_000 })).ended(201);
        assert!(again.replayed && again.body == done, "one request, sent twice, is one refund");
        let shares: Vec<(i64, &Value)> = done["refunds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| (r["amount_minor"].as_i64().unwrap(), &r["payment_order_id"]))
            .collect();
        assert_eq!(shares, [(20_000, &young["id"]), (10_000, &old["id"])]);
        wait_until("both are back", 20, || desk.balance(&party, AccountKind::AdCash) == 40_000);
        let read = desk.get(&format!("/v1/payment-orders/{}", id(&young)));
        assert_eq!(read["state"], "refunded");
        // The rest, all of it; the grant stays.
        assert_eq!(desk.post(&path, &json!({})).ended(201).int("amount_minor"), 40_000);
        let account = desk.account(&party);
        assert_eq!((&account["cash_minor"], &account["grants_minor"]), (&json!(0), &json!(9_000)));
        assert_eq!(account["stopped_at"], Value::Null, "there is the grant");
        assert_eq!(refused(desk.post(&path, &json!({})), 422).0, "nothing_to_refund");
        desk.post(&format!("/v1/parties/{party}/freeze"), &json!({ "reason": "test" })).ended(200);
        desk.top_up(&party, 20_000);
        assert_eq!(refused(desk.post(&path, &json!({})), 422).0, "party_frozen");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn what_was_paid_before_the_window_stays_a12() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let party = desk.advertiser("adv");
    desk.top_up(&party, 50_000);
    desk.advance(366 * 86_400);
    desk.top_up(&party, 20_000);
    let path = format!("/v1/parties/{party}/ad-account/refunds");
    assert_eq!(desk.post(&path, &json!({})).ended(201).int("amount_minor"), 20_000);
    assert_eq!(refused(desk.post(&path, &json!({ "amount_minor": 1 })), 422).0, "nothing_to_refund");
    desk.end(&place);
}

#[test]
fn a_top_up_after_closing_lifts_the_stop_and_is_offered_back_a3_a6() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let campaign = desk.campaign(&party, "c1");
        let order =
            json!({ "party_id": party, "purpose": "ad_top_up", "method": "sandbox", "amount_minor": 50_000 });
        let order = desk.post("/v1/payment-orders", &order).ended(201).body;
        let path = format!("/v1/payment-orders/{}", id(&order));
        desk.advance(16 * 60);
        wait_until("it is closed", 20, || desk.get(&path)["state"] == "closed");
        assert_eq!(desk.status(&campaign), "no_balance");
        desk.pay(&order);
        wait_until("it is paid late", 20, || desk.get(&path)["state"] == "paid_late");
        assert_eq!(desk.get(&path)["payments"][0]["refund_offered"], true);
        assert_eq!(desk.status(&campaign), "running", "a late payment is never lost");
        // Given back with one click: with the balance gone delivery stops.
        desk.post(&format!("{path}/refund"), &json!({})).ended(201);
        assert_eq!(desk.status(&campaign), "no_balance");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn money_from_earnings_goes_back_to_the_earnings_and_never_to_a_payer_a11_a12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let party = desk.party("both", &["creator", "advertiser"], "individual");
        let account = format!("/v1/parties/{party}/ad-account");
        let (refunds, campaign) = (format!("{account}/refunds"), desk.unbounded(&party, "c1"));
        desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 100_000);
        let paid = desk.top_up(&party, 50_000);
        desk.spend(&campaign, 50_000);
        assert_eq!(desk.status(&campaign), "no_balance");
        let wish = json!({ "source": "earnings", "threshold_minor": 10_000, "amount_minor": 20_000,
            "daily_cap_minor": null });
        desk.client.patch(&account, &json!({ "auto_top_up": wish })).ended(200);
        wait_until("the account is topped up", 20, || desk.account(&party)["cash_minor"] == 20_000);
        desk.client.patch(&account, &json!({ "auto_top_up": null })).ended(200);
        // What the payer brought is spent: neither way gives the earnings to them.
        let back = format!("/v1/payment-orders/{}/refund", id(&paid));
        let no = desk.post(&back, &json!({}));
        assert_eq!(no.body["facts"]["available_minor"], 0);
        assert_eq!(refused(no, 422).0, "cash_not_enough");
        // A payment that comes later is unspent, and the money before it is used first.
        let young = desk.top_up(&party, 20_000);
        desk.post(&format!("{account}/resume"), &json!({})).ended(200);
        desk.spend(&campaign, 5_000);
        let no = desk.post(&refunds, &json!({ "amount_minor": 35_001 }));
        assert_eq!(no.body["facts"]["most_minor"], 35_000);
        let done = desk.post(&refunds, &json!({})).ended(201).body;
        assert_eq!((&done["amount_minor"], &done["to_earnings_minor"]), (&json!(35_000), &json!(15_000)));
        let shares = done["refunds"].as_array().unwrap();
        assert_eq!((shares.len(), &shares[0]["amount_minor"]), (1, &json!(20_000)));
        assert_eq!(shares[0]["payment_order_id"], young["id"]);
        wait_until("it is back", 20, || desk.balance(&party, AccountKind::AdCash) == 0);
        assert_eq!(desk.balance(&party, AccountKind::Earnings), 95_000);
        let lines = desk.get(&format!("{account}/lines"))["data"].as_array().unwrap().clone();
        assert!(lines.iter().any(|line| line["zh"] == "自动充值退回收入"), "{lines:?}");
        assert_eq!(refused(desk.post(&refunds, &json!({})), 422).0, "nothing_to_refund");
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}

#[test]
fn a_payer_gets_back_what_of_its_own_payment_is_unspent_a12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let party = desk.advertiser("adv");
        let campaign = desk.unbounded(&party, "c1");
        let old = desk.top_up(&party, 50_000);
        let young = desk.top_up(&party, 20_000);
        desk.spend(&campaign, 40_000);
        let back = |order: &Value, minor: i64| {
            desk.post(&format!("/v1/payment-orders/{}/refund", id(order)), &json!({ "amount_minor": minor }))
        };
        assert_eq!(refused(back(&old, 10_001), 422).0, "cash_not_enough");
        back(&young, 20_000).ended(201);
        wait_until("it is back", 20, || desk.balance(&party, AccountKind::AdCash) == 10_000);
        assert_eq!(refused(back(&old, 10_001), 422).0, "cash_not_enough");
        back(&old, 10_000).ended(201);
        assert_eq!(desk.status(&campaign), "no_balance");
        desk.end(&place);
    }
}

#[test]
fn earnings_that_come_back_pay_what_is_owed_from_earnings_first_a11_a12() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        desk.noon();
        let party = desk.party("both", &["creator", "advertiser"], "individual");
        let account = format!("/v1/parties/{party}/ad-account");
        desk.transfer(("platform", "clients.clearing"), (&party, "earnings"), 50_000);
        let wish = json!({ "source": "earnings", "threshold_minor": 10_000, "amount_minor": 50_000,
            "daily_cap_minor": null });
        desk.client.patch(&account, &json!({ "auto_top_up": wish })).ended(200);
        wait_until("the account is topped up", 20, || desk.account(&party)["cash_minor"] == 50_000);
        desk.client.patch(&account, &json!({ "auto_top_up": null })).ended(200);
        // Something that it had been paid is reversed: it owes that.
        desk.transfer((&party, "owed"), ("platform", "clients.clearing"), 12_000);
        assert_eq!(desk.balance(&party, AccountKind::Owed), 12_000);
        let done = desk.post(&format!("{account}/refunds"), &json!({})).ended(201).body;
        assert_eq!(done["to_earnings_minor"], 50_000);
        assert_eq!(desk.balance(&party, AccountKind::Owed), 0);
        assert_eq!(desk.balance(&party, AccountKind::Earnings), 38_000);
        let back = desk.events(&party).into_iter().find(|(kind, _)| kind == "ads.auto_top_up_back");
        assert_eq!(back.unwrap().1["owed_collected_minor"], 12_000);
        desk.numbered_without_gaps(&party);
        desk.end(&place);
    }
}
