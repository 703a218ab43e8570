//! Who may do what (P18): devices for one-time codes, the lock and its exit, sessions, keys, rate limits.

use purser_domain::{policy::DEFAULT_PACK, time::SECOND};
use purser_engine::clock::Clock;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use super::{Desk, PASSWORD, code};
use crate::support::{
    http::{Answer, Client},
    world::{Place, Server, wait_until},
};

/// A device: it shows codes, each period once.
struct Device {
    secret: String,
    last: u64,
}

impl Device {
    fn of(begun: &Answer) -> Self {
        let url = begun.text("otpauth_url");
        let secret = begun.text("secret").to_owned();
        assert!(url.starts_with("otpauth://totp/Purser:") && url.contains(&secret), "{url}");
        Self { secret, last: 0 }
    }

    /// The code of the next period that the server takes: from the one before now to the one after.
    fn code(&mut self) -> String {
        let now = || u64::try_from(Clock::system().machine().0 / SECOND / 30).unwrap();
        self.last = (self.last + 1).max(now());
        wait_until("the server takes the code", 90, || self.last <= now() + 1);
        let totp =
            Builder::new().with_secret(Secret::try_from_base32(&self.secret).unwrap()).build().unwrap();
        totp.generate(self.last * 30).to_string()
    }
}

fn sign_in(desk: &Desk, login: &str, totp: Option<&str>) -> Answer {
    let mut body = json!({ "login": login, "password": PASSWORD });
    if let Some(totp) = totp {
        body["totp"] = json!(totp);
    }
    desk.server.client("").post("/v1/staff/sessions", "unused", &body)
}

/// Begins with a device and confirms it; returns it and the recovery codes.
fn enrol(client: &Client) -> (Device, Vec<String>) {
    let mut device = Device::of(&client.post("/v1/me/totp", "x", &json!({})).ended(201));
    let wrong = client.post("/v1/me/totp/confirm", "x", &json!({ "code": "12345" }));
    assert_eq!(code(wrong, 422), "totp_wrong");
    let confirmed = client.post("/v1/me/totp/confirm", "x", &json!({ "code": device.code() })).ended(201);
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    (device, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

/// P18: a device is asked for from its first code on; a code and a recovery code work once; a wrong one counts; an admin, or
/// the command line, is the way out; nothing of the secret is stored in the clear.
#[test]
fn a_device_is_asked_for_and_its_codes_work_once_p18() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let fei = desk.staff("fei", "finance");
        assert_eq!(fei.get("/v1/me").ended(200).body["has_totp"], false);
        // Somebody else has the password, and signed in before there was a device.
        let thief = sign_in(&desk, "fei", None).ended(201).text("token").to_owned();
        let thief = desk.server.client(&thief);
        thief.get("/v1/me").ended(200);
        let (mut device, recovery) = enrol(&fei);
        assert_eq!(recovery.len(), 10);
        thief.get("/v1/me").ended(401);
        fei.get("/v1/me").ended(200);
        assert_eq!(code(fei.post("/v1/me/totp", "x", &json!({})), 422), "totp_enrolled");
        assert_eq!(code(sign_in(&desk, "fei", None), 401), "totp_required");
        let one = device.code();
        sign_in(&desk, "fei", Some(&one)).ended(201);
        assert_eq!(code(sign_in(&desk, "fei", Some(&one)), 422), "totp_wrong", "a code works once");
        sign_in(&desk, "fei", Some(&recovery[0].to_uppercase())).ended(201);
        assert_eq!(
            code(sign_in(&desk, "fei", Some(&recovery[0])), 422),
            "totp_wrong",
            "so does a recovery code"
        );
        // With another password nobody learns whether there is a device.
        let body = json!({ "login": "fei", "password": "another horse battery", "totp": "000000" });
        let no = desk.server.client("").post("/v1/staff/sessions", "unused", &body);
        assert_eq!(code(no, 401), "sign_in_refused");
        // Wrong codes lock as wrong passwords do; what was right in between began anew.
        sign_in(&desk, "fei", Some(&recovery[1])).ended(201);
        for _ in 0..5 {
            assert_eq!(code(sign_in(&desk, "fei", Some("000000")), 422), "totp_wrong");
        }
        assert_eq!(code(sign_in(&desk, "fei", Some(&recovery[2])), 403), "account_locked");
        // The exits: an admin lifts the lock, and takes the device away from who lost it.
        let admin = desk.staff("ada", "admin");
        let path = format!("/v1/staff/{}", fei.get("/v1/me").text("actor").trim_start_matches("staff:"));
        admin.patch(&path, &json!({ "unlock": true })).ended(200);
        sign_in(&desk, "fei", Some(&recovery[2])).ended(201);
        let own = format!("/v1/staff/{}", admin.get("/v1/me").text("actor").trim_start_matches("staff:"));
        assert_eq!(code(admin.patch(&own, &json!({ "reset_totp": true })), 422), "totp_own_reset");
        admin.patch(&path, &json!({ "reset_totp": true })).ended(200);
        let again = sign_in(&desk, "fei", None).ended(201).text("token").to_owned();
        // And one's own, with a code of it.
        let fei = desk.server.client(&again);
        let (_, recovery) = enrol(&fei);
        let remove = |totp: &str| fei.post("/v1/me/totp/remove", "x", &json!({ "totp": totp }));
        assert_eq!(code(remove("000000"), 422), "totp_wrong");
        remove(&recovery[0]).ended(204);
        sign_in(&desk, "fei", None).ended(201);
        let keyed = desk.post("/v1/me/totp", &json!({}));
        assert_eq!(code(keyed, 403), "staff_needed", "keys have no devices");
        enrol(&fei);
        desk.server.stop();
        place.run(&["staff", "reset-totp", "--login", "fei"]).ended(0);
        place.run(&["staff", "unlock", "--login", "fei"]).ended(0);
        place.verify(true);
    }
}

/// P18: policy says which roles need a device; without one nothing else can be done than to enrol it.
#[test]
fn policy_wants_devices_of_roles_p18() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (anna, bela) = (desk.staff("anna", "finance"), desk.staff("bela", "finance"));
        let risk = desk.staff("rui", "risk");
        let entry = "\n[[entry]]\nkey = \"staff.totp.risk\"\nrow = \"P18\"\neffective_from = \"2025-01-01\"\nvalue = true\nsource = \"test\"\n";
        let proposal = json!({ "policy": { "text": format!("{DEFAULT_PACK}{entry}") } });
        let proposed = anna.post("/v1/approvals", &desk.fresh(), &proposal).ended(201);
        let path = format!("/v1/approvals/{}/decision", proposed.text("id"));
        bela.post(&path, &desk.fresh(), &json!({ "approve": true })).ended(200);
        wait_until("the server has the new policy", 20, || {
            desk.post(
                "/v1/rails/alipay/float-top-ups",
                &json!({ "amount_minor": 1, "reference": desk.fresh() }),
            );
            risk.get("/v1/me").body["must_enrol_totp"] == true
        });
        assert_eq!(code(risk.get("/v1/cases"), 403), "totp_enrolment_needed");
        anna.get("/v1/cases").ended(200);
        enrol(&risk);
        risk.get("/v1/cases").ended(200);
        assert_eq!(risk.get("/v1/me").body["must_enrol_totp"], false);
    }
}

/// P18: who is signed in where is listed, and ended from elsewhere; nobody ends somebody else's.
#[test]
fn sessions_are_listed_and_revoked_p18() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (first, other) = (desk.staff("fei", "support"), desk.staff("gao", "support"));
        let second = desk.server.client(sign_in(&desk, "fei", None).ended(201).text("token"));
        let sessions = |client: &Client| -> Vec<Value> {
            client.get("/v1/me/sessions").ended(200).body["data"].as_array().unwrap().clone()
        };
        let own = sessions(&second);
        assert_eq!(own.len(), 2);
        let lost = own.iter().find(|session| session["current"] == false).unwrap();
        assert_eq!(lost["address"], "127.0.0.1");
        let path = format!("/v1/me/sessions/{}/revoke", lost["id"].as_str().unwrap());
        assert_eq!(code(other.post(&path, "x", &json!({})), 404), "session_unknown");
        second.post(&path, "x", &json!({})).ended(204);
        assert_eq!(code(first.get("/v1/me"), 401), "token_invalid");
        second.get("/v1/me").ended(200);
        assert_eq!(sessions(&second).len(), 1);
        let staff = second.get("/v1/me").text("actor").trim_start_matches("staff:").to_owned();
        let listed = desk.client.get(&format!("/v1/staff/{staff}/sessions")).ended(200);
        let id = listed.body["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(code(other.get(&format!("/v1/staff/{staff}/sessions")), 403), "scope_missing");
        desk.post(&format!("/v1/staff/{staff}/sessions/{id}/revoke"), &json!({})).ended(204);
        assert_eq!(code(second.get("/v1/me"), 401), "token_invalid");
        // Another password ends the rest, and the list says so.
        sign_in(&desk, "gao", None).ended(201);
        assert_eq!(sessions(&other).len(), 2);
        let new = json!({ "current": PASSWORD, "new": "a wholly other passphrase" });
        let token = other.post("/v1/me/password", "x", &new).ended(201).text("token").to_owned();
        assert_eq!(sessions(&desk.server.client(&token)).len(), 1);
        idle_sessions_end(&place, desk, &token);
    }
}

/// P18: a session that is not used for long ends.
fn idle_sessions_end(place: &Place, desk: Desk, token: &str) {
    desk.server.client(token).get("/v1/me").ended(200);
    desk.server.stop();
    place.tamper(
        "UPDATE staff_sessions SET seen_at = seen_at - 3600000000, created_at = created_at - 3600000000",
    );
    let server = Server::start(place);
    assert_eq!(code(server.client(token).get("/v1/me"), 401), "token_invalid");
}

/// P18: a key ends by itself, and after a rotation both secrets work for a while.
#[test]
fn keys_expire_and_rotate_with_an_overlap_p18() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let made = desk.post("/v1/api-keys", &json!({ "name": "ads", "scopes": ["ledger:read"] })).ended(201);
        let (old, path) = (
            made.text("token").to_owned(),
            format!("/v1/api-keys/{}", made.body["key"]["id"].as_str().unwrap()),
        );
        let rotated = desk.post(&format!("{path}/rotate"), &json!({ "grace_seconds": 600 })).ended(200);
        let new = rotated.text("token").to_owned();
        for token in [&old, &new] {
            desk.server.client(token).get("/v1/rails").ended(200);
        }
        desk.post(&format!("{path}/rotate"), &json!({ "grace_seconds": 0 })).ended(200);
        for token in [&old, &new] {
            assert_eq!(code(desk.server.client(token).get("/v1/rails"), 401), "token_invalid");
        }
        let past = json!({ "name": "late", "scopes": ["ledger:read"], "expires_at": "2020-01-01T00:00:00Z" });
        assert_eq!(code(desk.post("/v1/api-keys", &past), 422), "expiry_in_past");
        let soon = Clock::system().machine().plus(2 * SECOND).to_string();
        let brief = json!({ "name": "brief", "scopes": ["ledger:read"], "expires_at": soon });
        let token = desk.post("/v1/api-keys", &brief).ended(201).text("token").to_owned();
        let brief = desk.server.client(&token);
        brief.get("/v1/rails").ended(200);
        wait_until("the key has ended", 10, || brief.get("/v1/rails").status == 401);
    }
}

/// P18: who calls too often is told when to come back, and holds up nobody else.
#[test]
fn rates_are_limited_by_caller_p18() {
    let place = Place::folder();
    place.run(&["migrate", "--sandbox"]).ended(0);
    let (key, other) = (place.key(), place.key_with("ledger:read"));
    let mut command = Server::command(&place);
    command.args(["--rate-key", "5"]);
    let server = Server::of(command);
    let client = server.client(&key);
    let refused = (0..50).map(|_| client.get("/v1/rails")).find(|answer| answer.status == 429).unwrap();
    assert_eq!((refused.text("code"), &refused.body["retryable"]), ("rate_limited", &json!(true)));
    assert!(
        refused.body["facts"]["message_en"].as_str().is_some_and(|text| !text.is_empty()),
        "{}",
        refused.body
    );
    let (status, headers, _) =
        (0..50).map(|_| client.download("/v1/rails")).find(|(status, ..)| *status == 429).unwrap();
    assert_eq!((status, headers["retry-after"].as_str()), (429, "1"));
    server.client(&other).get("/v1/rails").ended(200);
    wait_until("the caller comes back", 10, || client.get("/v1/rails").status == 200);
}
