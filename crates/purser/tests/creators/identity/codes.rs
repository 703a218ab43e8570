//! One-time codes and first steps (P8, X4), and changing a phone (X5).

use serde_json::json;

use super::{
    Desk, advance, bind_phone, code, earn, fresh, get_code, party, post, read_code, sandbox_account,
    two_people, verify, wrong,
};
use crate::{
    desk::{policy_text, put_in_force},
    support::world::{Place, wait_until},
};

const ID: &str = "11010519491231002x";

/// X4, P8: three first steps, each named while it is missing; then every withdrawal takes a code.
#[test]
fn a_first_withdrawal_takes_three_steps_and_a_code_x4_p8() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        let ask = |amount: i64, code: Option<&str>| {
            post(&client, "/v1/withdrawals", &json!({ "party_id": id, "amount_minor": amount, "code": code }))
        };
        let missing = |expected: &str| {
            let refused = ask(100, None);
            assert_eq!(code(&refused, 422), "first_steps_missing");
            assert_eq!(refused.body["facts"]["missing"], expected);
        };
        missing("bind_phone verify_real_name bind_payout_account");
        let to = json!({ "party_id": id, "amount_minor": 100 });
        assert_eq!(code(&post(&client, "/v1/withdrawals/codes", &to), 422), "phone_missing");
        bind_phone(&client, &id, "+86 138-0013-8000");
        missing("verify_real_name bind_payout_account");
        assert_eq!(client.get(&format!("/v1/parties/{id}/phone")).text("phone"), "138****8000");
        let known = verify(&client, &id, "person", "张三", ID).ended(200);
        assert_eq!(
            [known.text("state"), known.text("name"), known.text("number")],
            ["verified", "张*", "1****************X"]
        );
        missing("bind_payout_account");
        let account = sandbox_account(&client, &id, "c1.ok");

        // A refusal for another reason does not use the code up: there is no money yet.
        let codes = "/v1/withdrawals/codes";
        let digits = get_code(&client, codes, &json!({ "party_id": id, "amount_minor": 10_000 }));
        assert_eq!(code(&ask(10_000, Some(&digits)), 422), "insufficient_available");
        earn(&client, &id);
        assert_eq!(code(&ask(10_000, None), 422), "code_missing");
        assert_eq!(code(&ask(10_000, Some(&wrong(&digits))), 422), "code_wrong");
        assert_eq!(code(&ask(10_000, Some("a word")), 422), "code_wrong");
        // For another amount, and for another destination.
        assert_eq!(code(&ask(10_001, Some(&digits)), 422), "code_for_another");
        let other = sandbox_account(&client, &id, "c1-b.ok");
        advance(&client, 24 * 3_600);
        assert_eq!(code(&ask(10_000, Some(&digits)), 422), "code_expired");
        let digits = get_code(
            &client,
            codes,
            &json!({ "party_id": id, "amount_minor": 10_000, "destination": account }),
        );
        let body = json!({ "party_id": id, "amount_minor": 10_000, "destination": other, "code": digits });
        assert_eq!(code(&post(&client, "/v1/withdrawals", &body), 422), "code_for_another");
        let looked =
            client.post("/v1/withdrawals?dry_run=true", &fresh(), &json!({ "party_id": id, "code": digits }));
        assert_eq!(code(&looked, 422), "code_in_dry_run");

        // A lost answer is asked for again under its key; a second request with the same code is another one.
        let body = json!({ "party_id": id, "amount_minor": 10_000, "code": digits });
        let key = fresh();
        let made = client.post("/v1/withdrawals", &key, &body).ended(201);
        assert!(client.post("/v1/withdrawals", &key, &body).ended(201).replayed);
        assert_eq!(code(&post(&client, "/v1/withdrawals", &body), 422), "code_used");
        let audit = client.get("/v1/audit?limit=200").ended(200).body.to_string();
        assert!(audit.contains(made.text("id")) && !audit.contains(&digits), "what is audited names no code");
        desk.server.stop();
        place.verify(true);
    }
}

/// P8: ten a day and phone, a minute apart; whatever the number of guesses at once, five count.
#[test]
fn a_hundred_guesses_at_once_get_five_tries_p8() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        bind_phone(&client, &id, "13800138000");
        verify(&client, &id, "person", "张三", ID);
        sandbox_account(&client, &id, "c1.ok");
        earn(&client, &id);
        let wanted = json!({ "party_id": id, "amount_minor": 10_000 });
        let digits = get_code(&client, "/v1/withdrawals/codes", &wanted);
        let too_soon = post(&client, "/v1/withdrawals/codes", &wanted);
        assert_eq!(code(&too_soon, 422), "code_too_soon");
        assert!(too_soon.body["facts"]["until"].is_string());
        let guesses: Vec<String> =
            (1..=100).map(|n| format!("{:06}", (digits.parse::<u32>().unwrap() + n) % 1_000_000)).collect();
        let answers: Vec<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = guesses
                .chunks(10)
                .map(|part| {
                    let (desk, id) = (&desk, &id);
                    scope.spawn(move || {
                        let client = desk.client();
                        let ask = |guess: &String| {
                            let body = json!({ "party_id": id, "amount_minor": 10_000, "code": guess });
                            code(&post(&client, "/v1/withdrawals", &body), 422)
                        };
                        part.iter().map(ask).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let count = |code: &str| answers.iter().filter(|answer| *answer == code).count();
        assert_eq!((count("code_wrong"), count("code_tries_exhausted")), (5, 95), "{answers:?}");
        let right = json!({ "party_id": id, "amount_minor": 10_000, "code": digits });
        assert_eq!(code(&post(&client, "/v1/withdrawals", &right), 422), "code_tries_exhausted");
        // Two so far; the eleventh of the day is refused, and tomorrow counts anew.
        for _ in 2..10 {
            advance(&client, 60);
            post(&client, "/v1/withdrawals/codes", &wanted).ended(201);
        }
        advance(&client, 60);
        assert_eq!(code(&post(&client, "/v1/withdrawals/codes", &wanted), 422), "code_daily_limit");
        advance(&client, 24 * 3_600);
        let digits = get_code(&client, "/v1/withdrawals/codes", &wanted);
        // The same code from two devices at the same instant: one of them.
        let body = json!({ "party_id": id, "amount_minor": 10_000, "code": digits });
        let both: Vec<u16> = std::thread::scope(|scope| {
            let ask = || scope.spawn(|| post(&desk.client(), "/v1/withdrawals", &body).status);
            let threads = [ask(), ask()];
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(both.iter().filter(|status| **status == 201).count(), 1, "{both:?}");
        desk.server.stop();
        place.verify(true);
    }
}

/// X5, P7, P16: a phone is changed and unbound with its own code; a lost one by two people.
#[test]
fn a_phone_changes_with_its_own_code_or_by_two_people_x5_p7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        let path = format!("/v1/parties/{id}/phone");
        let codes = format!("{path}/codes");
        assert_eq!(
            code(&post(&client, &codes, &json!({ "purpose": "bind", "phone": "1380013800" })), 422),
            "phone_invalid"
        );
        assert_eq!(code(&post(&client, &codes, &json!({ "purpose": "unbind" })), 422), "phone_missing");
        bind_phone(&client, &id, "13800138000");
        // The new number's code is not enough.
        let new = get_code(&client, &codes, &json!({ "purpose": "bind", "phone": "17012345678" }));
        let body = json!({ "phone": "17012345678", "code": new });
        let refused = post(&client, &path, &body);
        assert_eq!(
            (code(&refused, 422), &refused.body["errors"][0]["pointer"]),
            ("code_missing".to_owned(), &json!("/old_code"))
        );
        let old = get_code(&client, &codes, &json!({ "purpose": "unbind" }));
        let other = json!({ "phone": "13900139000", "code": new, "old_code": old });
        assert_eq!(code(&post(&client, &path, &other), 422), "code_for_another");
        let bound =
            post(&client, &path, &json!({ "phone": "17012345678", "code": new, "old_code": old })).ended(200);
        assert_eq!((bound.text("phone"), &bound.body["virtual_operator"]), ("170****5678", &json!(true)));
        // Unbound, it is missing again, and the next withdrawal asks for it.
        let missing = || {
            let body = json!({ "party_id": id, "amount_minor": 100 });
            let refused = post(&client, "/v1/withdrawals", &body);
            assert_eq!(code(&refused, 422), "first_steps_missing");
            refused.body["facts"]["missing"].as_str().unwrap().to_owned()
        };
        assert!(!missing().contains("bind_phone"));
        let gone = get_code(&client, &codes, &json!({ "purpose": "unbind" }));
        assert_eq!(
            code(&post(&client, &format!("{path}/unbind"), &json!({ "code": wrong(&gone) })), 422),
            "code_wrong"
        );
        post(&client, &format!("{path}/unbind"), &json!({ "code": gone })).ended(200);
        assert_eq!(code(&client.get(&path), 404), "phone_missing");
        assert!(missing().contains("bind_phone"));

        // Lost: support proposes, another person decides.
        bind_phone(&client, &id, "13800138000");
        let (one, two) = (desk.staff("li", "support"), desk.staff("wang", "support"));
        let release = json!({ "release_phone": { "party_id": id, "reason": "seen with identity card" } });
        two_people(&one, &two, &release);
        assert_eq!(code(&client.get(&path), 404), "phone_missing");
        let told = client.get(&format!("/v1/parties/{id}/messages")).ended(200).body.to_string();
        assert!(told.contains("phone.unbound"), "{told}");
        desk.server.stop();
        place.verify(true);
    }
}

/// P7: where policy refuses the numbers of virtual operators, none of them is bound.
#[test]
fn numbers_of_virtual_operators_are_refused_where_policy_says_so_p7() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let people = (desk.staff("li", "finance"), desk.staff("wang", "finance"));
        put_in_force(&people, "refuse", &policy_text(&[("phone.virtual_operator", "P7", "\"refuse\"")]));
        let id = party(&client, "c1", "individual");
        let path = format!("/v1/parties/{id}/phone/codes");
        let bind = |phone: &str| post(&client, &path, &json!({ "purpose": "bind", "phone": phone }));
        assert_eq!(code(&bind("17012345678"), 422), "phone_virtual_operator");
        bind("13800138000").ended(201);
        desk.server.stop();
        place.verify(true);
    }
}

/// P18: the scope that goes without codes is off unless it is asked for by name, and its use is written down.
#[test]
fn going_without_a_code_is_a_scope_of_its_own_p18() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        crate::support::world::onboard(&client, &id);
        sandbox_account(&client, &id, "c1.ok");
        earn(&client, &id);
        let ask = json!({ "party_id": id, "amount_minor": 100 });
        assert_eq!(code(&post(&client, "/v1/withdrawals", &ask), 422), "code_missing");
        let scopes = json!({ "name": "more", "scopes": ["withdrawals:request_without_code"] });
        assert_eq!(
            code(&post(&client, "/v1/api-keys", &scopes), 403),
            "scope_missing",
            "nobody gives what they lack"
        );
        let trusted = desk.server.client(&desk.trusted);
        let made = post(&trusted, "/v1/withdrawals", &ask).ended(201);
        let audit = client.get("/v1/audit?limit=200").ended(200).body;
        let entry =
            audit["data"].as_array().unwrap().iter().find(|e| e["subject"] == made.body["id"]).cloned();
        assert_eq!(entry.unwrap()["data"]["without_code"], true);
        // A code that is sent all the same is looked at.
        let body = json!({ "party_id": id, "amount_minor": 100, "code": "123456" });
        assert_eq!(code(&post(&trusted, "/v1/withdrawals", &body), 422), "code_wrong");
        desk.server.stop();
    }
}

/// P7, P8, P9: live books have no sender and no verifier yet, and say so instead of waiting for ever; they pay to
/// nothing of the sandbox's.
#[test]
fn live_books_say_what_is_not_connected_p7_p8() {
    for place in Place::all() {
        let key = place.key();
        let server = crate::support::world::Server::start(&place);
        let client = server.client(&key);
        let id = party(&client, "c1", "individual");
        let wanted = json!({ "purpose": "bind", "phone": "13800138000" });
        assert_eq!(
            code(&post(&client, &format!("/v1/parties/{id}/phone/codes"), &wanted), 422),
            "code_sender_missing"
        );
        let claim = json!({ "kind": "person", "name": "张三", "number": ID });
        assert_eq!(
            code(&post(&client, &format!("/v1/parties/{id}/identity"), &claim), 422),
            "verifier_missing"
        );
        assert_eq!(
            code(&post(&client, "/v1/sandbox/onboardings", &json!({ "party_id": id })), 422),
            "not_sandbox"
        );
        let account = json!({ "kind": "sandbox", "number": "c1.ok" });
        let path = format!("/v1/parties/{id}/payout-accounts");
        assert_eq!(code(&post(&client, &path, &account), 422), "payout_account_kind");
        let top_up = json!({ "amount_minor": 100, "reference": "bank 1" });
        assert_eq!(code(&post(&client, "/v1/rails/sandbox/float-top-ups", &top_up), 422), "not_sandbox");
        let rails = client.get("/v1/rails").ended(200).body;
        let sandbox =
            rails["data"].as_array().unwrap().iter().find(|rail| rail["rail"] == "sandbox").unwrap();
        assert_eq!(sandbox["connected"], false);
        server.stop();
    }
}

/// P22: a code that was issued just before the server was killed is sent by the next one.
#[test]
fn a_code_survives_a_killed_server_p8() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let id = party(&client, "c1", "individual");
        let sent = post(
            &client,
            &format!("/v1/parties/{id}/phone/codes"),
            &json!({ "purpose": "bind", "phone": "13800138000" }),
        );
        let code_id = sent.ended(201).text("id").to_owned();
        let key = desk.key.clone();
        desk.server.kill();
        let server = crate::support::world::Server::start(&place);
        let client = server.client(&key);
        let digits = read_code(&client, &code_id);
        let body = json!({ "phone": "13800138000", "code": digits });
        post(&client, &format!("/v1/parties/{id}/phone"), &body).ended(200);
        wait_until("it was sent once", 5, || {
            let outbox = client.get(&format!("/v1/sandbox/outbox?party_id={id}")).ended(200).body;
            outbox["data"].as_array().unwrap().len() == 1
        });
        server.stop();
    }
}
