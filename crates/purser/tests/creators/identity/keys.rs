//! The key of personal values (P9): made once, needed for ever, changed in three steps.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::json;

use super::{Desk, bind_phone, code, party, post};
use crate::support::{
    arg, binary,
    http::Client,
    purser,
    world::{Place, SECRETS_KEY, Server},
};

fn serve(place: &Place, key: Option<&Path>) -> Command {
    let mut command = Command::new(binary());
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(place.flags()).env_remove("PURSER_SECRETS_KEY");
    if let Some(file) = key {
        command.args(["--secrets-key-file", arg(file)]);
    }
    command
}

/// What a server that does not start says.
fn refused(place: &Place, key: Option<&Path>) -> String {
    let mut command = serve(place, key);
    let output = command.stdout(Stdio::null()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    text
}

/// The sealed number still opens: a code reaches the phone.
fn still_opens(client: &Client, id: &str) {
    super::get_code(client, &format!("/v1/parties/{id}/phone/codes"), &json!({ "purpose": "unbind" }));
}

#[test]
fn a_folder_makes_its_key_once_and_starts_with_no_other_p9() {
    let place = Place::folder();
    let Place::Folder(dir) = &place else { unreachable!("a folder") };
    let desk = Desk::on(&place);
    let file = dir.path().join("secrets.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let client = desk.client();
    let id = party(&client, "c1", "individual");
    bind_phone(&client, &id, "13800138000");
    let key = desk.key.clone();
    desk.server.stop();

    let kept = dir.path().join("kept");
    fs::rename(&file, &kept).unwrap();
    let text = refused(&place, None);
    assert!(text.contains("secrets_key_missing") && text.contains("secrets.key"), "{text}");
    let text = refused(&place, Some(&dir.path().join("absent")));
    assert!(text.contains("purser secrets new"), "{text}");
    let other = dir.path().join("other.key");
    purser(&["secrets", "new", arg(&other)]).ended(0);
    let text = refused(&place, Some(&other));
    assert!(text.contains("secrets_key_wrong"), "{text}");
    let own = fs::read_to_string(&kept).unwrap();
    assert!(!text.contains(own.lines().last().unwrap().split(" = ").last().unwrap()), "a key in a message");
    fs::write(&other, "nonsense").unwrap();
    assert!(refused(&place, Some(&other)).contains("64 hexadecimal digits"));
    purser(&["secrets", "new", arg(&kept)]).ended(1);

    // Rotation: a new version, everything sealed again, the old version taken out.
    fs::rename(&kept, &file).unwrap();
    purser(&["secrets", "rotate", arg(&file)]).ended(0);
    let server = Server::of(serve(&place, None));
    still_opens(&server.client(&key), &id);
    server.stop();
    let text = fs::read_to_string(&file).unwrap();
    let without: String = text.split_inclusive('\n').filter(|line| !line.starts_with("1 = ")).collect();
    fs::write(&file, &without).unwrap();
    assert!(refused(&place, None).contains("secrets_key_version_missing"));
    fs::write(&file, &text).unwrap();
    let done = place.run(&["secrets", "reseal"]).ended(0).out;
    assert!(done.contains("version 2"), "{done}");
    assert!(place.run(&["secrets", "reseal"]).ended(0).out.starts_with("0 rows"));
    fs::write(&file, &without).unwrap();
    let server = Server::of(serve(&place, None));
    still_opens(&server.client(&key), &id);
    server.stop();
    place.verify(true);
}

#[test]
fn a_database_takes_personal_values_only_with_a_key_p9() {
    let Some(place) = Place::postgres() else { return };
    place.run(&["migrate", "--sandbox"]).ended(0);
    let key = place.key();
    let server = Server::of(serve(&place, None));
    let client = server.client(&key);
    let id = party(&client, "c1", "individual");
    let wanted = json!({ "purpose": "bind", "phone": "13800138000" });
    let refused_code = post(&client, &format!("/v1/parties/{id}/phone/codes"), &wanted);
    assert_eq!(code(&refused_code, 422), "secrets_key_missing");
    server.stop();
    let server = Server::start(&place);
    bind_phone(&server.client(&key), &id, "13800138000");
    server.stop();
    assert!(refused(&place, None).contains("secrets_key_missing"));
    let folder = tempfile::TempDir::new().unwrap();
    let file: PathBuf = folder.path().join("key");
    fs::write(&file, SECRETS_KEY.replace("02", "03")).unwrap();
    assert!(refused(&place, Some(&file)).contains("secrets_key_wrong"));
    fs::write(&file, SECRETS_KEY).unwrap();
    let server = Server::of(serve(&place, Some(&file)));
    still_opens(&server.client(&key), &id);
    server.stop();
    place.verify(true);
}
