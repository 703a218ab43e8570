//! The contract of the platform's own services (P7, P8, P15): whom a signed call reaches, what each answer means, and
//! that a call that is made again is the same call.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "support/bench.rs"]
mod bench;
mod stand_in;

use std::time::Duration;

use bench::Bench;
use purser_domain::{
    identity::{ClaimKind, Verdict},
    ids::{PartyId, Uid},
};
use purser_engine::ports::{IdentityClaim, RunError, Sender, Sent, TextMessage, Verifier};
use purser_rails::services::{Endpoint, HttpSender, HttpVerifier, Secret};
use serde_json::{Value, json};
use stand_in::{Reply, SECRET, StandIn};

const PHONE: &str = "13987654329";
const DIGITS: &str = "204518";
const NAME: &str = "司马长风";
const NUMBER: &str = "11010519491231002X";

fn endpoint(url: &str) -> Endpoint {
    Endpoint::new(url, Secret::read(SECRET).unwrap(), Duration::from_secs(5))
}

fn code() -> TextMessage {
    TextMessage {
        reference: Uid([7; 16]),
        party: PartyId(Uid([1; 16])),
        purpose: "withdrawal".to_owned(),
        to: PHONE.to_owned(),
        code: Some(DIGITS.to_owned()),
        text_zh: format!("验证码 {DIGITS}"),
        text_en: format!("{DIGITS} is your code"),
        about: Vec::new(),
        masked: "139****4329".to_owned(),
    }
}

fn claim() -> IdentityClaim {
    IdentityClaim {
        reference: Uid([9; 16]),
        kind: ClaimKind::Person,
        name: NAME.to_owned(),
        number: NUMBER.to_owned(),
    }
}

fn send(url: &str, message: &TextMessage) -> Result<Sent, RunError> {
    HttpSender::new(endpoint(url)).send(message, &mut Bench::new().hands())
}

fn verify(url: &str) -> Result<Verdict, RunError> {
    HttpVerifier::new(endpoint(url)).verify(&claim(), &mut Bench::new().hands())
}

/// What staff reads of a call that taught nothing: never anything of its content.
fn again<T: std::fmt::Debug>(outcome: Result<T, RunError>) -> String {
    let text = outcome.expect_err("it has to be tried again").to_string();
    for secret in [PHONE, DIGITS, NAME, NUMBER, SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
    text
}

#[test]
fn a_message_is_signed_and_says_what_it_is_p8_p15() {
    let service = StandIn::start(json!({}));
    assert_eq!(send(&service.url(), &code()), Ok(Sent::Taken));
    let notice = TextMessage {
        reference: Uid([8; 16]),
        purpose: "withdrawal.paid".to_owned(),
        code: None,
        text_zh: "已打款".to_owned(),
        text_en: "paid".to_owned(),
        about: vec![("amount_minor", "10000".to_owned()), ("currency", "CNY".to_owned())],
        ..code()
    };
    assert_eq!(send(&service.url(), &notice), Ok(Sent::Taken));
    let calls = service.calls();
    assert_eq!(
        calls[0].body,
        json!({ "id": code().id(), "kind": "code", "purpose": "withdrawal", "phone": PHONE,
            "text_zh": format!("验证码 {DIGITS}"), "text_en": format!("{DIGITS} is your code"),
            "values": { "code": DIGITS } })
    );
    assert_eq!(
        calls[1].body,
        json!({ "id": notice.id(), "kind": "notice", "purpose": "withdrawal.paid", "phone": PHONE,
            "text_zh": "已打款", "text_en": "paid",
            "values": { "amount_minor": "10000", "currency": "CNY" } })
    );
    assert_eq!(calls[0].id, calls[0].body["id"].as_str().unwrap());
}

#[test]
fn a_message_is_made_again_as_the_same_one_p8() {
    let service = StandIn::start(json!({}));
    let trouble = |status: u16| Reply::Says(status, json!({ "code": "whatever" }));
    let statuses = [500, 502, 503, 429, 408, 425, 401, 403, 404, 405, 302];
    service.plan([Reply::Lost].into_iter().chain(statuses.map(trouble)));
    assert!(again(send(&service.url(), &code())).contains("does not answer"));
    for status in statuses {
        let text = again(send(&service.url(), &code()));
        assert!(text.contains(&status.to_string()), "{text}");
    }
    assert_eq!(send(&service.url(), &code()), Ok(Sent::Taken));
    let calls = service.calls();
    assert_eq!(calls.len(), statuses.len() + 2);
    assert!(calls.iter().all(|call| (&call.id, &call.body) == (&calls[0].id, &calls[0].body)));
    assert_eq!(service.taken().len(), 1, "the service can tell that it has it");
}

#[test]
fn a_slow_service_and_one_that_is_not_there_are_tried_again_p8() {
    let service = StandIn::start(json!({}));
    service.plan([Reply::Slow]);
    let quick = Endpoint::new(&service.url(), Secret::read(SECRET).unwrap(), Duration::from_millis(200));
    let outcome = HttpSender::new(quick).send(&code(), &mut Bench::new().hands());
    assert!(again(outcome).contains("too long"));
    // A port on which nobody listens, and which no other test is given.
    again(send("http://127.0.0.1:1/purser", &code()));
}

#[test]
fn a_message_that_is_refused_is_refused_for_good_p8() {
    let service = StandIn::start(json!({}));
    for (status, body, expected) in [
        (422, json!({ "code": "number_unreachable" }), "number_unreachable"),
        (400, json!({ "code": "isv.MOBILE_NUMBER_ILLEGAL" }), "isv.MOBILE_NUMBER_ILLEGAL"),
        (410, json!({}), "http_410"),
        // What could hold something of a person is not taken over.
        (422, json!({ "code": PHONE }), "http_422"),
        (422, json!({ "code": format!("bad_{PHONE}") }), "http_422"),
        (422, Value::Null, "http_422"),
    ] {
        service.plan([Reply::Says(status, body)]);
        assert_eq!(send(&service.url(), &code()), Ok(Sent::Refused(expected.to_owned())));
    }
    service.plan([Reply::Garbage]);
    assert_eq!(send(&service.url(), &code()), Ok(Sent::Taken), "a 2xx is enough for a message");
}

#[test]
fn a_call_with_another_secret_throws_nothing_away_p8() {
    let service = StandIn::start(json!({}));
    let other = Secret::read("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let endpoint = Endpoint::new(&service.url(), other, Duration::from_secs(5));
    let outcome = HttpSender::new(endpoint).send(&code(), &mut Bench::new().hands());
    assert!(again(outcome).contains("401"));
    assert!(service.calls().is_empty());
}

#[test]
fn an_identity_is_verified_only_by_an_answer_that_says_so_p7() {
    let service = StandIn::start(json!({ "outcome": "verified" }));
    assert_eq!(verify(&service.url()), Ok(Verdict::Match));
    let refused = |code: &str| Ok(Verdict::Mismatch(code.to_owned()));
    for (reply, expected) in [
        (Reply::Says(200, json!({ "outcome": "later" })), Ok(Verdict::Pending)),
        (
            Reply::Says(200, json!({ "outcome": "refused", "code": "name_number_mismatch" })),
            refused("name_number_mismatch"),
        ),
        (Reply::Says(200, json!({ "outcome": "refused" })), refused("refused")),
        (Reply::Says(200, json!({ "outcome": "refused", "code": NUMBER })), refused("refused")),
        (Reply::Says(422, json!({ "code": "number_unknown" })), refused("number_unknown")),
    ] {
        service.plan([reply]);
        assert_eq!(verify(&service.url()), expected);
    }
    for reply in [
        Reply::Garbage,
        Reply::Lost,
        Reply::Says(200, Value::Null),
        Reply::Says(204, Value::Null),
        Reply::Says(200, json!({ "outcome": "VERIFIED" })),
        Reply::Says(200, json!({ "outcome": true })),
        Reply::Says(200, json!({ "verified": true })),
        Reply::Says(500, json!({ "outcome": "verified" })),
        Reply::Says(403, json!({ "outcome": "refused", "code": "quota" })),
        Reply::Says(429, json!({ "outcome": "refused" })),
    ] {
        service.plan([reply]);
        again(verify(&service.url()));
    }
    let calls = service.calls();
    assert!(calls.iter().all(|call| (&call.id, &call.body) == (&calls[0].id, &calls[0].body)));
    let body = json!({ "id": calls[0].id, "kind": "person", "name": NAME, "number": NUMBER });
    assert_eq!(calls[0].body, body);
    assert!(calls[0].id.starts_with("idv_"));
}
