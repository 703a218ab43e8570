//! One booking told in two forms, orders that were settled otherwise while they stood in a file, and money that the bank keeps
//! refusing (P9, P10, P11, P13, P16).

use std::{fs, path::Path};

use serde_json::json;

use super::bank_file::{Desk, refused};
use crate::support::{
    http::Answer,
    world::{Place, wait_until},
};

/// Takes a message in under a key.
fn say(desk: &Desk, text: &str, key: &str) -> Answer {
    desk.client.post_xml("/v1/rails/bank-file/messages", key, text).ended(201)
}

/// A message of the bank, without the blanks between its tags.
fn message(bank: &Path, name: &str) -> String {
    fs::read_to_string(bank.join(name)).unwrap().lines().map(str::trim).collect()
}

/// Every part between two marks taken out.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |sum, part| sum + part.split_once(to).unwrap().1)
}

fn credits(desk: &Desk) -> Vec<(i64, String)> {
    let lines = desk.client.get("/v1/rails/bank-file/entries?kind=credit").ended(200).body;
    let lines = lines["data"].as_array().unwrap();
    let line = |line: &serde_json::Value| {
        (line["amount_minor"].as_i64().unwrap(), line["state"].as_str().unwrap().to_owned())
    };
    let mut all: Vec<_> = lines.iter().map(line).collect();
    all.sort();
    all
}

/// P11, P13: a notification tells a booking part by part, the statement as a whole, or the other way round: it is one payment.
/// When the two do not come to the same, nothing more is booked and staff have a case.
#[test]
fn a_booking_told_in_two_forms_is_booked_once_p11_p13() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.paid"]);
        desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bank = desk.bank(&file, &["--credit", "88.00=hello", "--credit", "77.00=hello"]);
        // In the notification the payers have end-to-end ids of their own; the statement has no details at all.
        let details = "<NtryDtls><TxDtls><RmtInf>";
        let named = "<NtryDtls><TxDtls><Refs><EndToEndId>INV1</EndToEndId></Refs><RmtInf>";
        let notice = message(&bank, "camt054.xml").replace(details, named);
        assert!(notice.contains("INV1"), "{notice}");
        let statement = without(&message(&bank, "camt053.xml"), "<NtryDtls>", "</NtryDtls>");
        let told = say(&desk, &notice, "m1");
        assert_eq!((told.int("matched"), told.int("unmatched")), (1, 2));
        let whole = say(&desk, &statement, "m2");
        assert_eq!((whole.int("known"), whole.int("unmatched"), whole.int("conflicts")), (3, 0, 0));
        let of = |amount: i64| ["handed_over", "retold"].map(|state| (amount, state.to_owned()));
        assert_eq!(credits(&desk), [of(7_700), of(8_800)].concat());
        // The next day's number is another booking, whatever it was called before.
        let day = "<BookgDt><Dt>2026-";
        assert!(notice.contains(day), "{notice}");
        let next =
            notice.replace(day, "<BookgDt><Dt>2027-").replace("INV1", "INV3").replace("<MsgId>", "<MsgId>Y");
        assert_eq!(say(&desk, &next, "m4").int("unmatched"), 2);

        // A number that the bank gives to another day's line as well is no repetition: nothing is booked, and staff hear of it.
        let reused = notice.replace(day, "<BookgDt><Dt>2027-").replace("<MsgId>", "<MsgId>Z");
        let odd = say(&desk, &reused, "m5");
        assert_eq!((odd.int("conflicts"), odd.int("unmatched")), (2, 0), "{}", odd.body);

        // Told once more in a third form, which comes to more: a case, and nothing is booked.
        let more = notice.replace("88.00", "89.00").replace("INV1", "INV2").replace("<MsgId>", "<MsgId>X");
        let odd = say(&desk, &more, "m3");
        assert_eq!((odd.int("conflicts"), odd.int("unmatched")), (1, 0), "{}", odd.body);
        let handed = credits(&desk).into_iter().filter(|(_, state)| state == "handed_over").count();
        assert_eq!(handed, 4);
        let cases = desk.client.get("/v1/cases?kind=reconciliation_break").ended(200).body;
        assert!(cases.to_string().contains("booking_differs"), "{cases}");
        desk.stop();
    }
}

/// P11: payers choose their references: two of one batch that chose the same are two payments.
#[test]
fn two_payers_of_a_batch_with_the_same_reference_are_two_payments_p11() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.paid"]);
        desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bank = desk.bank(&file, &["--credit", "90.00=hello"]);
        let notice = message(&bank, "camt054.xml");
        let part = |amount: &str| {
            format!(
                "<TxDtls><Refs><EndToEndId>1</EndToEndId></Refs><Amt Ccy=\"CNY\">{amount}</Amt><RmtInf><Ustrd>hello"
            )
        };
        let one = "<TxDtls><RmtInf><Ustrd>hello";
        let rest = "</Ustrd></RmtInf></TxDtls>";
        assert!(notice.contains(one), "{notice}");
        let two = notice.replace(one, &format!("{}{rest}{}", part("40.00"), part("50.00")));
        let told = say(&desk, &two, "m1");
        assert_eq!(told.int("unmatched"), 2, "{}", told.body);
        let both = [(4_000, "handed_over".to_owned()), (5_000, "handed_over".to_owned())];
        assert_eq!(credits(&desk), both);
        assert_eq!(say(&desk, &two.replace("<MsgId>", "<MsgId>X"), "m2").int("known"), told.int("lines"));
        desk.stop();
    }
}

/// P10: an order that the account paid while it stood in another file's bytes does not go out once more.
#[test]
fn a_file_with_an_order_that_was_settled_since_does_not_go_out_p10() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [late, other] = desk.bind(["c1.late", "c1.other"]);
        let late = desk.withdraw(&late, 5_000);
        let first = desk.close();
        // The bank says that it could not carry it out now, so that it goes again; and then does.
        let reject = format!("{late}-01=TM01");
        let bank = desk.bank(&first, &["--reject", &reject]);
        desk.take_in(&bank, "pain002.xml", "m1");
        wait_until("it is in a file again", 30, || {
            desk.pass();
            desk.files().iter().any(|file| file["state"] == "open" && file["orders"] == 1)
        });
        let other = desk.withdraw(&other, 4_000);
        let second = desk.close();
        let paid = desk.bank(&first, &["--credit", "1.00=x"]);
        desk.take_in(&paid, "camt054.xml", "m2");
        desk.until(&late, "paid");
        let content = format!("/v1/rails/bank-file/files/{second}/content");
        assert_eq!(refused(desk.client.get(&content), 422), "bank_file_outdated");
        let dissolve = format!("/v1/rails/bank-file/files/{second}/dissolve");
        desk.client.post(&dissolve, "d1", &json!({})).ended(200);
        wait_until("the other one is in a third file", 30, || {
            desk.pass();
            desk.files().iter().any(|file| file["state"] == "open" && file["orders"] == 1)
        });
        let third = desk.close();
        assert_eq!(desk.references(&third), [format!("{other}-01")]);
        desk.stop();
    }
}

/// P9, P10, P12: an order that the bank refused for want of money, and whose account is gone since, is given back; it does not
/// mark the rail short again and again.
#[test]
fn what_the_bank_put_back_is_given_back_when_its_account_is_gone_p9_p10_p12() {
    for place in Place::all() {
        let desk = Desk::on(place, false);
        let [account] = desk.bind(["c1.short"]);
        let id = desk.withdraw(&account, 5_000);
        let file = desk.close();
        let bank = desk.bank(&file, &["--reject", &format!("{id}-01=AM04")]);
        desk.take_in(&bank, "pain002.xml", "m1");
        desk.until(&id, "waiting_for_funds");
        let unbind = format!("/v1/parties/{}/payout-accounts/{account}/unbind", desk.party);
        desk.client.post(&unbind, "unbind", &json!({})).ended(200);
        let top_up = json!({ "amount_minor": 1_000, "reference": "bank 2" });
        desk.client.post("/v1/rails/bank-file/float-top-ups", "top-up", &top_up).ended(201);
        desk.until(&id, "failed");
        let overview = desk.client.get(&format!("/v1/parties/{}/overview", desk.party)).ended(200);
        assert_eq!(overview.int("withdrawable_minor"), 950_000);
        let rails = desk.client.get("/v1/rails").ended(200).body;
        let rail = rails["data"].as_array().unwrap().iter().find(|rail| rail["rail"] == "bank-file").unwrap();
        assert_eq!(rail["marked_short"], false, "{rail}");
        // The bank carries it out after all: that contradicts what is booked.
        let paid = desk.bank(&file, &["--credit", "1.00=x"]);
        assert_eq!(desk.take_in(&paid, "camt054.xml", "m2").int("conflicts"), 1);
        desk.stop();
    }
}
