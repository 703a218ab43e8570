//! Cases, attachments and help (P26, X17).

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    desk::{Desk, code},
    support::{
        binary,
        http::{Answer, Client},
        purser,
        world::{Place, Server, wait_until},
    },
};

/// Files below a folder.
fn files(folder: &std::path::Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// A key that nobody used before.
pub(crate) fn fresh() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("fresh-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

fn kinds(client: &Client, party: &str) -> Vec<String> {
    let messages = client.get(&format!("/v1/parties/{party}/messages?limit=200")).ended(200).body;
    let data = messages["data"].as_array().unwrap();
    data.iter().rev().map(|message| message["kind"].as_str().unwrap().to_owned()).collect()
}

fn texts(detail: &Answer) -> Vec<String> {
    let messages = detail.body["messages"].as_array().unwrap();
    messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

pub(crate) const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

/// P26: the desk asks, the party answers, notes of the desk stay at the desk, and every change is told.
#[test]
fn a_case_goes_back_and_forth_until_it_is_settled_p26() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (client, (li, li_id), (sun, _)) =
            (desk.client(), desk.person("li", "support"), desk.person("sun", "risk"));
        let party = desk.creator("ann");
        let new = json!({ "party_id": party, "kind": "help", "summary": "Where is my money?", "text": "Please look." });
        let case = client.post("/v1/cases", "c1", &new).ended(201);
        assert!(client.post("/v1/cases", "c1", &new).ended(201).replayed);
        let id = case.text("id").to_owned();
        assert_eq!((case.text("state"), case.text("opened_by")), ("open", "party"));
        assert!(case.body["due_at"].is_string() && case.body["subject"].is_null());
        let (own, all) = (format!("/v1/parties/{party}/cases/{id}"), format!("/v1/cases/{id}"));
        let post = |who: &Client, path: String, body: Value| who.post(&path, &fresh(), &body);

        // Taken, then asked: while the party has to answer the desk owes nothing.
        let taken = post(&li, format!("{all}/assignment"), json!({ "owner": "me" })).ended(200);
        assert_eq!((taken.text("state"), taken.text("owner")), ("waiting_for_staff", li_id.as_str()));
        let note = json!({ "text": "He called twice.", "internal": true });
        post(&li, format!("{all}/messages"), note).ended(200);
        let asked = post(&li, format!("{all}/messages"), json!({ "text": "Which order?", "asks": true }));
        let asked = asked.ended(200);
        assert_eq!((asked.text("state"), &asked.body["due_at"]), ("waiting_for_party", &Value::Null));
        let promise = json!({ "due_at": "2030-01-01T00:00:00Z" });
        assert_eq!(code(post(&li, format!("{all}/assignment"), promise), 422), "case_nothing_owed");
        let answer = post(&client, format!("{own}/messages"), json!({ "text": "The last one." })).ended(200);
        assert_eq!((answer.text("state"), answer.body["due_at"].is_string()), ("waiting_for_staff", true));
        assert!(answer.body["owner"].is_null(), "the party is not told names");

        // What each of them reads.
        let party_reads = client.get(&own).ended(200);
        assert_eq!(texts(&party_reads), ["Please look.", "Which order?", "The last one."]);
        assert!(party_reads.body["messages"][1]["author"].is_null());
        assert_eq!(texts(&client.get(&all).ended(200)).len(), 3, "a key does not see notes of the desk");
        let desk_reads = sun.get(&all).ended(200);
        assert_eq!(texts(&desk_reads)[1], "He called twice.");
        assert_eq!(desk_reads.body["messages"][1]["author"], li_id);

        // Settled, opened again, settled otherwise.
        let no_reason = json!({ "decision": "resolve", "reason": " " });
        assert_eq!(code(post(&li, format!("{all}/decision"), no_reason), 422), "case_reason_invalid");
        let resolve = json!({ "decision": "resolve", "reason": "It was paid on Monday." });
        assert_eq!(code(post(&client, format!("{all}/decision"), resolve.clone()), 403), "staff_needed");
        let done = post(&li, format!("{all}/decision"), resolve).ended(200);
        assert_eq!((done.text("state"), done.text("closed_by")), ("resolved", li_id.as_str()));
        let seen = client.get(&own).ended(200).body["case"].clone();
        assert_eq!([&seen["outcome_reason"], &seen["closed_by"]], ["It was paid on Monday.", "staff"]);
        assert_eq!(
            code(post(&client, format!("{own}/messages"), json!({ "text": "x" })), 422),
            "case_closed"
        );
        let again = post(&client, format!("{own}/reopen"), json!({ "text": "No, it was not." })).ended(200);
        assert_eq!((again.text("state"), &again.body["outcome_reason"]), ("waiting_for_staff", &Value::Null));
        let refuse = json!({ "decision": "refuse", "reason": "Your bank has it." });
        post(&sun, format!("{all}/decision"), refuse).ended(200);
        assert_eq!(
            kinds(&client, &party),
            ["case.opened", "case.party_asked", "case.resolved", "case.reopened", "case.refused"]
        );

        // The party may open it again for 14 days, the desk at any time.
        desk.advance(15 * 86_400);
        let late = post(&client, format!("{own}/reopen"), json!({ "text": "Still not." }));
        assert_eq!(code(late, 422), "case_reopen_too_late");
        post(&li, format!("{all}/reopen"), json!({ "text": "We looked again." })).ended(200);
        let withdrawn = client.post(&format!("{own}/withdraw"), &fresh(), &Value::Null).ended(200);
        assert_eq!((withdrawn.text("state"), withdrawn.text("closed_by")), ("withdrawn", "party"));
        desk.server.stop();
        place.verify(true);
    }
}

/// P26: a case is reached by its party and the desk; the lists find it by what it is, whose it is and how late it is.
#[test]
fn cases_are_listed_by_the_desk_and_reached_by_their_party_alone_p26() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (client, (li, li_id)) = (desk.client(), desk.person("li", "support"));
        let (ann, bob) = (desk.creator("ann"), desk.creator("bob"));
        let open = |party: &str, kind: &str| {
            let new = json!({ "party_id": party, "kind": kind, "summary": kind });
            client.post("/v1/cases", &fresh(), &new).ended(201).text("id").to_owned()
        };
        let ids: Vec<String> = [(&ann, "help"), (&ann, "appeal"), (&bob, "help"), (&bob, "limit_query")]
            .map(|(p, k)| open(p, k))
            .into();
        let list = |path: &str| -> Vec<String> {
            let data = li.get(path).ended(200).body["data"].clone();
            data.as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect()
        };
        let newest: Vec<String> = ids.iter().rev().cloned().collect();
        assert_eq!(list("/v1/cases"), newest);
        assert_eq!(list("/v1/cases?kind=help"), [ids[2].clone(), ids[0].clone()]);
        assert_eq!(list(&format!("/v1/cases?party={ann}")), [ids[1].clone(), ids[0].clone()]);
        assert_eq!(list(&format!("/v1/parties/{bob}/cases?kind=limit_query")), [ids[3].clone()]);
        li.post(&format!("/v1/cases/{}/assignment", ids[1]), &fresh(), &json!({ "owner": li_id })).ended(200);
        assert_eq!(list("/v1/cases?owner=me"), [ids[1].clone()]);
        assert_eq!(list(&format!("/v1/cases?owner={li_id}&state=waiting_for_staff")), [ids[1].clone()]);
        assert_eq!(list("/v1/cases?state=open").len(), 3);
        // Page by page, without gaps and doubles.
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = li.get(&format!("/v1/cases?limit=3{cursor}")).ended(200).body;
            let data = page["data"].as_array().unwrap();
            paged.extend(data.iter().map(|case| case["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, newest);

        // Questions are answered on the next working day, the others within three: ten days later all are late.
        assert_eq!(list("/v1/cases?overdue=true"), [""; 0]);
        desk.advance(14 * 86_400);
        wait_until("the desk is told of what is late", 30, || {
            let events = client.get("/v1/events?limit=200").ended(200).body;
            let late = |event: &&Value| event["kind"] == "case.overdue";
            events["data"].as_array().unwrap().iter().filter(late).count() == 4
        });
        assert_eq!(list("/v1/cases?overdue=true"), newest);
        assert!(
            client.get(&format!("/v1/parties/{ann}/cases/{}", ids[0])).ended(200).body["case"]["overdue"]
                == true
        );

        // Another party's case is not there, whatever one does with it.
        let other = format!("/v1/parties/{bob}/cases/{}", ids[0]);
        assert_eq!(code(client.get(&other), 404), "case_unknown");
        assert_eq!(code(client.get(&format!("{other}/attachments/1")), 404), "attachment_unknown");
        for (path, body) in [("messages", json!({ "text": "x" })), ("reopen", json!({ "text": "x" }))] {
            assert_eq!(code(client.post(&format!("{other}/{path}"), &fresh(), &body), 404), "case_unknown");
        }
        assert_eq!(
            code(client.post(&format!("{other}/withdraw"), &fresh(), &Value::Null), 404),
            "case_unknown"
        );
        assert_eq!(code(client.upload(&format!("{other}/attachments?name=a.pdf"), PDF), 404), "case_unknown");
        let nobody = "case_01h455vb4pex5vsknk084sn02q";
        assert_eq!(code(li.get(&format!("/v1/cases/{nobody}")), 404), "case_unknown");
        let note = json!({ "text": "x", "internal": true });
        assert_eq!(
            code(li.post(&format!("/v1/cases/{nobody}/messages"), &fresh(), &note), 404),
            "case_unknown"
        );
        let stranger = json!({ "owner": "stf_01h455vb4pex5vsknk084sn02q" });
        let refused = li.post(&format!("/v1/cases/{}/assignment", ids[0]), &fresh(), &stranger);
        assert_eq!(code(refused, 422), "staff_unknown");
        assert_eq!(code(li.get("/v1/cases?state=odd"), 400), "invalid_input");
        desk.server.stop();
        place.verify(true);
    }
}

/// X17: a case is opened from any record of the party with its reference attached, and never from another's.
#[test]
fn a_case_carries_the_record_it_was_opened_from_x17() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let (ann, bob) = (desk.creator("ann"), desk.creator("bob"));
        let account = json!({ "kind": "sandbox", "number": "ann.ok" });
        let account =
            client.post(&format!("/v1/parties/{ann}/payout-accounts"), &fresh(), &account).ended(201);
        let at = client.get("/v1/clock").text("business_at").to_owned();
        let order = json!({ "order_id": "o1", "creator_id": ann, "task_type": "video", "title": "t",
            "amount_minor": 100_000, "accepted_at": at, "status": "accepted" });
        let order = client.post("/v1/task-orders", &fresh(), &order).ended(200);
        desk.post("/v1/sandbox/onboardings", &json!({ "party_id": ann })).ended(200);
        desk.earn(&ann, 100_000);
        let withdrawal = desk.withdraw(&ann, 1_000).ended(201);
        let about =
            json!({ "party_id": ann, "kind": "help", "summary": "When?", "subject": withdrawal.text("id") });
        let case = client.post("/v1/cases", &fresh(), &about).ended(201);
        assert_eq!(case.text("subject"), withdrawal.text("id"));
        let done = format!("/v1/parties/{ann}/cases/{}/withdraw", case.text("id"));
        client.post(&done, &fresh(), &json!({})).ended(200);
        for subject in [account.text("id"), order.text("id")] {
            let new = |party: &str| json!({ "party_id": party, "kind": "help", "summary": "About this", "subject": subject });
            let case = client.post("/v1/cases", &fresh(), &new(&ann)).ended(201);
            assert_eq!(case.text("subject"), subject);
            assert_eq!(code(client.post("/v1/cases", &fresh(), &new(&bob)), 422), "case_subject_unknown");
        }
        let try_one = |change: &dyn Fn(&mut Value)| {
            let mut new = json!({ "party_id": ann, "kind": "help", "summary": "x" });
            change(&mut new);
            let answer = client.post("/v1/cases", &fresh(), &new);
            (answer.status, answer.text("code").to_owned(), answer.body["errors"][0]["pointer"].clone())
        };
        let expect = |status: u16, code: &str, pointer: Value| (status, code.to_owned(), pointer);
        let text = |text: &str| json!(text);
        assert_eq!(
            try_one(&|new| new["subject"] = text("wd_nonsense")),
            expect(400, "invalid_input", text("/subject"))
        );
        assert_eq!(
            try_one(&|new| new["kind"] = text("complaint")),
            expect(400, "invalid_input", text("/kind"))
        );
        let by_record = expect(422, "case_kind_not_by_hand", text("/kind"));
        assert_eq!(try_one(&|new| new["kind"] = text("payee_blocked")), by_record);
        let unknown = text("pty_01h455vb4pex5vsknk084sn02q");
        assert_eq!(
            try_one(&|new| new["party_id"] = unknown.clone()),
            expect(404, "party_unknown", Value::Null)
        );
        let summary = expect(422, "case_summary_invalid", text("/summary"));
        assert_eq!(try_one(&|new| new["summary"] = text("two\nlines")), summary);
        assert_eq!(try_one(&|new| new["summary"] = text(&"字".repeat(201))), summary);
        let long = text(&"字".repeat(4_001));
        assert_eq!(
            try_one(&|new| new["text"] = long.clone()),
            expect(422, "case_text_invalid", text("/text"))
        );
        // Two are open; by policy 20 may be.
        for _ in 2..20 {
            let new =
                json!({ "party_id": ann, "kind": "help", "summary": "More", "text": "字".repeat(4_000) });
            client.post("/v1/cases", &fresh(), &new).ended(201);
        }
        assert_eq!(try_one(&|_| {}), expect(422, "cases_too_many", Value::Null));
        desk.server.stop();
        place.verify(true);
    }
}

/// P5, P26: a promise that needs an unknown year is kept as none and set once the year is imported.
#[test]
fn a_case_is_dated_once_the_calendar_knows_p26() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let client = desk.client();
        let ann = desk.creator("ann");
        let new = json!({ "party_id": ann, "kind": "help", "summary": "Before the year" });
        client.post("/v1/sandbox/clock", &fresh(), &json!({ "to": "2026-12-31T02:00:00Z" })).ended(200);
        let case = client.post("/v1/cases", &fresh(), &new).ended(201);
        assert_eq!([&case.body["calendar_missing"], &case.body["due_at"]], [&json!(true), &Value::Null]);
        let year = json!({ "source": "notice", "off": ["2027-01-01..2027-01-03"] });
        client.post("/v1/calendar/2027", &fresh(), &year).ended(200);
        let path = format!("/v1/parties/{ann}/cases/{}", case.text("id"));
        wait_until("it is dated", 30, || {
            desk.advance(60);
            client.get(&path).ended(200).body["case"]["due_at"].is_string()
        });
        let dated = client.get(&path).ended(200).body["case"].clone();
        // The next working day is Monday the 4th; its end is the 5th, 00:00 in the business zone.
        assert_eq!(
            [&dated["due_at"], &dated["calendar_missing"]],
            [&json!("2027-01-04T16:00:00Z"), &json!(false)]
        );
        assert_eq!(kinds(&client, &ann), ["case.opened", "case.due_changed"]);
        desk.server.stop();
        place.verify(true);
    }
}

fn blocks(place: &Place, hash: &str) -> PathBuf {
    let Place::Folder(dir) = place else { panic!("files are in a table there") };
    dir.path().join("files").join(&hash[..2]).join(hash)
}

/// P26: type and size are checked by the bytes, a file is given out to be saved by those who may see the case, and
/// the same content is kept once.
#[test]
fn files_are_checked_by_their_bytes_p26() {
    for place in Place::all() {
        let desk = Desk::on(&place);
        let (client, (li, _)) = (desk.client(), desk.person("li", "support"));
        let party = desk.creator("ann");
        let new = json!({ "party_id": party, "kind": "appeal", "summary": "Look again" });
        let id = client.post("/v1/cases", &fresh(), &new).ended(201).text("id").to_owned();
        let (own, all) =
            (format!("/v1/parties/{party}/cases/{id}/attachments"), format!("/v1/cases/{id}/attachments"));
        let name = "%E6%89%A7%E7%85%A7.exe";
        let file = client.upload(&format!("{own}?name=..%2F..%2F{name}"), PDF).ended(201);
        assert_eq!(
            (file.int("n"), file.text("name"), file.text("media_type")),
            (1, "执照.exe.pdf", "application/pdf")
        );
        assert_eq!(
            client.upload(&format!("{own}?name=again.pdf"), PDF).ended(201).int("n"),
            1,
            "the same file"
        );
        let (status, headers, bytes) = client.download(&format!("{own}/1"));
        assert_eq!((status, bytes.as_slice()), (200, PDF));
        assert_eq!(headers["content-type"], "application/pdf");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let disposition = "attachment; filename=\"__.exe.pdf\"; filename*=UTF-8''%E6%89%A7%E7%85%A7.exe.pdf";
        assert_eq!(headers["content-disposition"], disposition);
        assert!(headers["content-security-policy"].contains("sandbox"));

        // Bad evidence.
        let upload = |bytes: &[u8]| client.upload(&format!("{own}?name=licence.pdf"), bytes);
        assert_eq!(code(upload(b""), 422), "attachment_empty");
        assert_eq!(code(upload(b"\x7fELF\x02\x01\x01\0"), 422), "attachment_program");
        assert_eq!(code(upload(b"MZ\x90\0\x03"), 422), "attachment_program");
        assert_eq!(code(upload(b"<html><script>alert(1)</script>"), 422), "attachment_program");
        assert_eq!(code(upload(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), 422), "attachment_program");
        assert_eq!(code(upload(b"#!/bin/sh\n"), 422), "attachment_program");
        assert_eq!(code(upload(b"just words"), 422), "attachment_type");
        let mut photo = b"\xff\xd8\xff\xe0".to_vec();
        photo.resize(10 * 1024 * 1024 + 1, 0);
        assert_eq!(code(upload(&photo), 422), "attachment_too_large");
        photo.resize(20 * 1024 * 1024 + 1, 0);
        let huge = client.try_upload(&format!("{own}?name=a.jpg"), &photo);
        assert!(huge.is_none_or(|answer| answer.status == 413), "refused before it was read");
        assert_eq!(code(client.upload(&own, PDF), 400), "invalid_input");
        assert_eq!(
            code(client.upload(&format!("{own}?name=a.pdf&internal=true"), PDF), 400),
            "invalid_input"
        );

        // What the desk adds for itself stays at the desk.
        let inside = li
            .upload(&format!("{all}?name=scan.png&internal=true"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
            .ended(201);
        assert_eq!(inside.int("n"), 2);
        assert_eq!(client.get(&format!("/v1/cases/{id}")).body["attachments"].as_array().unwrap().len(), 1);
        assert_eq!(li.get(&format!("/v1/cases/{id}")).body["attachments"].as_array().unwrap().len(), 2);
        for path in [format!("{own}/2"), format!("{all}/2"), format!("{own}/3"), format!("{own}/0")] {
            assert_eq!(client.download(&path).0, 404, "{path}");
        }
        assert_eq!(li.download(&format!("{all}/2")).0, 200);
        let close = json!({ "decision": "resolve", "reason": "Seen." });
        li.post(&format!("/v1/cases/{id}/decision"), &fresh(), &close).ended(200);
        // Nobody fills the disk with files of a case that is closed: they are not even stored.
        let kept =
            |place: &Place| if let Place::Folder(dir) = place { files(&dir.path().join("files")) } else { 0 };
        let before = kept(&place);
        assert_eq!(code(upload(PDF), 422), "case_closed");
        assert_eq!(code(upload(&[PDF, b"% another"].concat()), 422), "case_closed");
        assert_eq!(kept(&place), before);
        assert_eq!(client.download(&format!("{own}/1")).0, 200);
        desk.server.stop();
        place.verify(true);
    }
}

/// P26: attachments are in backup, restore and verify, which names the one that is missing or altered.
#[test]
fn attached_files_are_backed_up_and_verified_p26() {
    let place = Place::folder();
    let desk = Desk::on(&place);
    let client = desk.client();
    let party = desk.creator("ann");
    let new = json!({ "party_id": party, "kind": "help", "summary": "Papers" });
    let id = client.post("/v1/cases", &fresh(), &new).ended(201).text("id").to_owned();
    let own = format!("/v1/parties/{party}/cases/{id}/attachments");
    let hash = client.upload(&format!("{own}?name=a.pdf"), PDF).ended(201).text("blake3").to_owned();
    let folder = TempDir::new().unwrap();
    let backup = folder.path().join("books.db");
    // While the server goes on.
    let report = place.run(&["backup", "--json", backup.to_str().unwrap()]).ended(0);
    assert_eq!(report.json()["files"], 1);
    let restored = folder.path().join("restored");
    let restore =
        |to: &PathBuf| purser(&["restore", backup.to_str().unwrap(), "--data", to.to_str().unwrap()]);
    assert!(restore(&restored).ended(0).out.contains("1 attached files"));
    let copy = restored.join("files").join(&hash[..2]).join(&hash);
    assert_eq!(fs::read(&copy).unwrap(), PDF);

    fs::write(&copy, b"%PDF-1.7\n1 0 obj\n<<!>\nendobj\n%%EOF\n").unwrap();
    let data = ["verify", "--full", "--data", restored.to_str().unwrap()];
    let altered = purser(&data).ended(1);
    assert!(altered.out.contains(&hash) && altered.out.contains("another content"), "{}", altered.out);
    fs::remove_file(&copy).unwrap();
    let missing = purser(&data).ended(1);
    assert!(missing.out.contains(&hash) && missing.out.contains("missing"), "{}", missing.out);
    // A backup without its files is named as one.
    fs::remove_dir_all(folder.path().join("books.db.files")).unwrap();
    assert!(restore(&folder.path().join("second")).ended(1).err.contains("missing"));

    fs::remove_file(blocks(&place, &hash)).unwrap();
    assert_eq!(client.download(&format!("{own}/1")).0, 503, "said, not guessed");
    let torn = folder.path().join("torn.db");
    assert!(place.run(&["backup", torn.to_str().unwrap()]).ended(1).err.contains("1 attached files"));
    assert!(torn.exists(), "the books themselves are backed up all the same");
    desk.server.stop();
}

/// X17: contacts are configuration; a file with a mistake in it is named with its line.
#[test]
fn contacts_are_configuration_x17() {
    for place in Place::all() {
        let key = place.key();
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("help.toml");
        let chat = "[[contact]]\ntopic = \"withdrawals\"\nkind = \"chat\"\naddress = \"https://help.example.com\"\n\
        title_zh = \"在线客服\"\ntitle_en = \"Chat\"\nhours = \"09:00..21:00\"\nusual_answer_minutes = 5\n\n\
        [[link]]\ntopic = \"studio\"\ntitle_zh = \"说明\"\ntitle_en = \"Guide\"\nurl = \"https://help.example.com/s\"\n";
        let serve = || {
            let mut command = Command::new(binary());
            command
                .args(["serve", "--listen", "127.0.0.1:0"])
                .args(place.flags())
                .arg("--help-file")
                .arg(&file);
            command
        };
        fs::write(&file, chat.replace("chat", "fax")).unwrap();
        let refused = serve().output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        let words = String::from_utf8(refused.stderr).unwrap();
        assert!(words.contains("help.toml:3:8: unknown kind \"fax\""), "{words}");
        fs::write(&file, chat).unwrap();
        let server = Server::of(serve());
        let client = server.client(&key);
        let help = client.get("/v1/help/contacts?topic=withdrawals").ended(200).body;
        let contact = &help["contacts"][0];
        assert_eq!(
            [&contact["kind"], &contact["hours"], &contact["title_zh"]],
            ["chat", "09:00..21:00", "在线客服"]
        );
        assert_eq!((&contact["usual_answer_minutes"], contact["open_now"].is_boolean()), (&json!(5), true));
        assert_eq!(help["links"], json!([]));
        assert_eq!(client.get("/v1/help/contacts").ended(200).body["links"][0]["topic"], "studio");
        server.stop();
        let server = Server::start(&place);
        let usual = server.client(&key).get("/v1/help/contacts").ended(200).body;
        assert!(usual["contacts"].as_array().unwrap().iter().all(|contact| contact["kind"] == "case"));
        server.stop();
    }
}
