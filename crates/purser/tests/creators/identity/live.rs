//! Live books with the platform's own services for messages and identities (P7, P8, P15, X4): from the phone's first code
//! to the money, through services that misbehave on the way.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use super::{code, fresh, party, post, wrong};
use crate::{
    alipay::{APP, Gateway},
    desk::policy_text,
    support::{
        arg,
        http::Client,
        world::{Place, Server, wait_until},
    },
};

#[path = "../../../../rails/tests/stand_in/mod.rs"]
mod stand_in;

use stand_in::{Reply, SECRET, StandIn};

const PHONE: &str = "13987654329";
const NAME: &str = "司马长风";
const NUMBER: &str = "11010519491231002X";

/// A server on live books with both services; `secret` holds the file of their secret.
fn server(place: &Place, secret: &Path, sms: &StandIn, verifier: &StandIn) -> Command {
    let mut command = Server::command(place);
    for (name, service) in [("sms", sms), ("verifier", verifier)] {
        command.args([format!("--{name}-url"), service.url()]);
        command.args([format!("--{name}-secret-file").as_str(), arg(secret)]);
        command.args([format!("--{name}-time-out").as_str(), "2"]);
    }
    command
}

/// The flags that connect a server to a gateway.
fn connect(command: &mut Command, gateway: &Gateway) {
    let url = format!("http://{}/gateway.do", gateway.server.address);
    let (key, public) = (gateway.key("app-private.pem"), gateway.key("alipay-public.pem"));
    command.args(["--alipay-app-id", APP, "--alipay-gateway", &url, "--alipay-time-out", "1"]);
    command.args(["--alipay-key-file", arg(&key), "--alipay-public-key-file", arg(&public)]);
}

/// Alipay is switched on, and codes go out one right after another: two people put that in force before the start.
fn activate(place: &Place, folder: &Path) {
    let file = folder.join("policy.toml");
    let entries = [("rail.alipay.enabled", "P4", "true"), ("code.resend_after", "P8", "0")];
    fs::write(&file, policy_text(&entries)).unwrap();
    place.run(&["policy", "activate", arg(&file), "--by", "li", "--approved-by", "wang"]).ended(0);
}

fn top_up(client: &Client, amount_minor: i64) {
    let body = json!({ "amount_minor": amount_minor, "reference": fresh() });
    post(client, "/v1/rails/alipay/float-top-ups", &body).ended(201);
}

/// Waits until the service has a message and returns its body.
fn got(service: &StandIn, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut found = None;
    wait_until(what, 40, || {
        found = service.taken().into_iter().find(|body| is(body));
        found.is_some()
    });
    found.unwrap()
}

/// Has a code sent and reads it off the service.
fn code_for(client: &Client, sms: &StandIn, path: &str, body: &Value) -> String {
    let id = post(client, path, body).ended(201).text("id").to_owned();
    let message = got(sms, "the code arrives", |message| message["id"] == id);
    assert_eq!((&message["kind"], &message["phone"]), (&json!("code"), &json!(PHONE)));
    let digits = message["values"]["code"].as_str().unwrap().to_owned();
    assert!(message["text_zh"].as_str().unwrap().contains(&digits));
    assert!(message["text_en"].as_str().unwrap().contains(&digits));
    digits
}

#[test]
fn a_creator_withdraws_from_live_books_x4_p7_p8_p15() {
    for place in Place::all() {
        let folder = tempfile::TempDir::new().unwrap();
        let secret = folder.path().join("secret");
        fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let (sms, verifier) = (StandIn::start(json!({})), StandIn::start(json!({ "outcome": "verified" })));
        place.run(&["migrate"]).ended(0);
        activate(&place, folder.path());
        let key = place.key_with("all");
        let gateway = Gateway::start();
        let mut command = server(&place, &secret, &sms, &verifier);
        connect(&mut command, &gateway);
        let log = folder.path().join("log");
        command.env("PURSER_LOG", "trace").stderr(fs::File::create(&log).unwrap());
        let server = Server::of(command);
        let client = server.client(&key);
        let id = party(&client, "c1", "individual");

        // The first answer is lost: the code arrives all the same, once.
        sms.plan([Reply::Lost]);
        let phone = format!("/v1/parties/{id}/phone");
        let wanted = json!({ "purpose": "bind", "phone": PHONE });
        let digits = code_for(&client, &sms, &format!("{phone}/codes"), &wanted);
        wait_until("it was tried until it was answered", 40, || sms.calls().len() == 2);
        let bind = |digits: &str| post(&client, &phone, &json!({ "phone": PHONE, "code": digits }));
        assert_eq!(code(&bind(&wrong(&digits)), 422), "code_wrong");
        bind(&digits).ended(200);

        // Garbage teaches nothing; a no is a no, and may be asked again.
        let identity = format!("/v1/parties/{id}/identity");
        let claim = json!({ "kind": "person", "name": NAME, "number": NUMBER });
        let no = json!({ "outcome": "refused", "code": "name_number_mismatch" });
        verifier.plan([Reply::Garbage, Reply::Says(200, no)]);
        post(&client, &identity, &claim).ended(202);
        wait_until("it is refused", 40, || client.get(&identity).text("state") == "refused");
        assert_eq!(client.get(&identity).text("reason"), "name_number_mismatch");
        post(&client, &identity, &claim).ended(202);
        wait_until("it is verified", 40, || client.get(&identity).text("state") == "verified");
        let asked = verifier.calls();
        assert_eq!(asked.len(), 3);
        assert!(asked[1].id == asked[0].id && asked[2].id != asked[0].id);
        assert_eq!(asked[2].body["number"], NUMBER);

        let accounts = format!("/v1/parties/{id}/payout-accounts");
        let mut account = json!({ "kind": "alipay", "number": "2088000000000001" });
        account["code"] = code_for(&client, &sms, &format!("{accounts}/codes"), &account).into();
        account["holder"] = NAME.into();
        post(&client, &accounts, &account).ended(201);
        super::earn(&client, &id);
        let mut body = json!({ "party_id": id, "amount_minor": 10_000 });
        body["code"] = code_for(&client, &sms, "/v1/withdrawals/codes", &body).into();
        // A service that refuses a notice holds up nothing, and neither does one that is down.
        sms.plan_for("withdrawal.requested", Reply::Says(422, json!({ "code": "template_unknown" })));
        sms.plan_for("withdrawal.paid", Reply::Says(500, json!({})));
        top_up(&client, 100_000);
        let made = post(&client, "/v1/withdrawals", &body).ended(201).text("id").to_owned();
        let path = format!("/v1/withdrawals/{made}");
        wait_until("it is paid", 40, || client.get(&path).text("state") == "paid");
        let paid = got(&sms, "the phone hears", |message| message["purpose"] == "withdrawal.paid");
        assert_eq!((&paid["kind"], &paid["phone"]), (&json!("notice"), &json!(PHONE)));
        assert_eq!(paid["values"]["amount_minor"], "10000");
        assert!(paid["text_zh"].as_str().unwrap().contains("100.00元"), "{paid}");
        let mut refused = Value::Null;
        wait_until("the refusal is told", 20, || {
            let events = client.get("/v1/events?limit=200").ended(200).body;
            let found = events["data"].as_array().unwrap().iter().find(|e| e["kind"] == "notice.not_sent");
            refused = found.cloned().unwrap_or_default();
            !refused.is_null()
        });
        assert_eq!(refused["data"]["reason"], "template_unknown", "{refused}");
        server.stop();
        // The calls to both services leave nothing of what they carried.
        let text = fs::read_to_string(&log).unwrap();
        for secret in [PHONE, NAME, NUMBER, SECRET, &SECRET[6..]] {
            assert!(!text.contains(secret), "{secret} stands in the log");
        }
        for message in sms.calls() {
            let Some(digits) = message.body["values"]["code"].as_str() else { continue };
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            assert!(words.into_iter().all(|word| word != digits), "a code stands in the log");
        }
        place.verify(true);
    }
}

/// P7, P8: live books say what is not connected, queue nothing for nobody, and take both up once a server has them.
#[test]
fn live_books_follow_what_their_server_reaches_p7_p8_p15() {
    let place = Place::folder();
    let key = place.key();
    let folder = tempfile::TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let (sms, verifier) = (StandIn::start(json!({})), StandIn::start(json!({ "outcome": "verified" })));
    let wanted = json!({ "purpose": "bind", "phone": PHONE });
    let claim = json!({ "kind": "person", "name": NAME, "number": NUMBER });
    let mut id = String::new();
    for connected in [false, true, false] {
        let running = if connected {
            Server::of(server(&place, &secret, &sms, &verifier))
        } else {
            Server::start(&place)
        };
        let client = running.client(&key);
        if id.is_empty() {
            id = party(&client, "c1", "individual");
        }
        let sent = post(&client, &format!("/v1/parties/{id}/phone/codes"), &wanted);
        let submitted = post(&client, &format!("/v1/parties/{id}/identity"), &claim);
        if connected {
            let sent = sent.ended(201).text("id").to_owned();
            got(&sms, "the code arrives", |message| message["id"] == sent);
            submitted.ended(202);
            let identity = format!("/v1/parties/{id}/identity");
            wait_until("it is verified", 20, || client.get(&identity).text("state") == "verified");
        } else {
            assert_eq!(code(&sent, 422), "code_sender_missing");
            let expected = if client.get(&format!("/v1/parties/{id}/identity")).status == 404 {
                "verifier_missing"
            } else {
                "identity_verified"
            };
            assert_eq!(code(&submitted, 422), expected);
            let jobs = client.get("/v1/jobs?state=ready&limit=200").ended(200).body;
            let jobs = jobs["data"].as_array().unwrap().clone();
            let waits = |job: &Value| {
                ["code.send", "notice.send", "identity.verify"].contains(&job["kind"].as_str().unwrap())
            };
            assert!(!jobs.iter().any(waits), "{jobs:?}");
        }
        running.stop();
    }
}

#[test]
fn a_service_that_cannot_be_right_is_refused_at_the_start_p8() {
    let place = Place::folder();
    let folder = tempfile::TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "whsec_c2hvcnQ=").unwrap();
    let good = folder.path().join("good");
    fs::write(&good, SECRET).unwrap();
    let url = ["--sms-url", "https://sms.example.com/purser"];
    for (args, expected) in [
        (vec![url[0], url[1]], "--sms-secret-file"),
        (vec![url[0], url[1], "--sms-secret-file", arg(&secret)], "24 to 64 random bytes"),
        (vec!["--sms-secret-file", arg(&good)], "--sms-url"),
        (vec!["--verifier-url", "http://10.0.0.1/x", "--verifier-secret-file", arg(&good)], "https://"),
    ] {
        let output = Server::command(&place).args(args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expected) && !text.contains("c2hvcnQ"), "{text}");
    }
}
