//! What people and machines get wrong, end to end: files that are not what they should be (X2), books that cannot
//! be used, and a disk that is full (P24).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::Path,
};

use purser_storage::{Session as _, Statement, sqlite};
use support::{
    arg, purser,
    world::{Place, Server},
};
use tempfile::TempDir;

const HEAD: &str = "order_id,creator_id,amount_minor,accepted_at,completed_at,status";
const GOOD: &str = "good,c1,100,2026-01-01T00:00:00+08:00,,accepted";

/// Orders that the books know.
fn rows(data: &Path) -> i64 {
    let report = purser(&["report", "earnings", "--json", "--data", arg(data)]).ended(0).json();
    report["rows"].as_i64().unwrap()
}

/// A file, what its import says, and the row it names.
fn wrong_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let with = |row: &str| format!("{HEAD}\n{GOOD}\n{row}\n").into_bytes();
    let amount = |text: &str| with(&format!("b,c1,{text},2026-01-01T00:00:00Z,,accepted"));
    vec![
        ("empty", Vec::new(), ":1: column `order_id` is missing"),
        ("header only", format!("{HEAD}\n").into_bytes(), ":1: the file has no rows"),
        ("missing column", b"order_id,creator_id,amount_minor\na,c,1\n".to_vec(), ":1: column `status`"),
        ("unknown column", format!("{HEAD},colour\n{GOOD},red\n").into_bytes(), "unknown column `colour`"),
        ("column twice", format!("{HEAD},status\n{GOOD},accepted\n").into_bytes(), "`status` is there twice"),
        ("zero", amount("0"), ":3: amount_minor: must be above zero"),
        ("negative", amount("-5"), ":3: amount_minor: must be above zero"),
        ("fraction", amount("1.5"), ":3: amount_minor: `1.5`"),
        ("float", amount("1e3"), ":3: amount_minor: `1e3`"),
        ("too large", amount("9223372036854775808"), ":3: amount_minor: `9223372036854775808`"),
        ("words", amount("ten"), ":3: amount_minor: `ten`"),
        ("unquoted comma", amount("1,000"), ":3: 7 fields, but 6 columns"),
        ("bad date", with("b,c1,1,2026-02-30T00:00:00Z,,accepted"), ":3: accepted_at:"),
        ("date without offset", with("b,c1,1,2026-02-03T00:00:00,,accepted"), ":3: accepted_at:"),
        ("no completion", with("b,c1,1,2026-02-03T00:00:00Z,,completed"), ":3: completed_at:"),
        ("unknown status", with("b,c1,1,2026-02-03T00:00:00Z,,done"), ":3: status: `done`"),
        ("duplicate", with(GOOD), ":3: order_id: also in row 2"),
        ("not UTF-8", [with("b,c1,1,2026-02-03T00:00:00Z,,").as_slice(), b"\xff\xfe\n"].concat(), ":"),
    ]
}

#[test]
fn a_wrong_file_is_named_row_by_row_and_nothing_of_it_is_imported() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("books"), folder.path().join("orders.csv"));
    purser(&["migrate", "--data", arg(&data)]).ended(0);
    for (name, content, says) in wrong_files() {
        fs::write(&file, content).unwrap();
        let ran = purser(&["import", "task-orders", arg(&file), "--data", arg(&data)]).ended(1);
        assert!(ran.err.contains(says) && ran.err.contains("nothing was imported"), "{name}: {}", ran.err);
        assert_eq!(rows(&data), 0, "{name}");
    }
    purser(&["import", "task-orders", arg(&folder.path().join("absent.csv")), "--data", arg(&data)]).ended(1);
}

#[test]
fn files_of_spreadsheets_are_read_and_changed_rows_refused() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("books"), folder.path().join("orders.csv"));
    let import = || purser(&["import", "task-orders", arg(&file), "--json", "--data", arg(&data)]);
    let row =
        "\"a,1\",c1,\"250\",2026-01-01T00:00:00+08:00,2026-01-02T00:00:00+08:00,completed,\"say \"\"hi\"\"\"";
    fs::write(&file, format!("\u{feff}{HEAD},title\r\n{row}\r\n")).unwrap();
    assert_eq!(import().ended(0).json()["changed"], 1);
    assert_eq!(import().ended(0).json()["changed"], 0, "once more changes nothing");
    // The amount of an order is fixed: the row is refused by its number, the new one beside it is taken.
    fs::write(&file, format!("{HEAD}\n\"a,1\",c1,999,2026-01-01T00:00:00+08:00,,accepted\n{GOOD}\n"))
        .unwrap();
    let ran = import().ended(1);
    assert!(ran.err.contains(":2: ") && ran.err.contains("1 rows were refused"), "{}", ran.err);
    assert_eq!(rows(&data), 2);
    purser(&["verify", "--data", arg(&data)]).ended(0);
}

#[test]
fn a_million_rows_are_checked_before_the_first_is_imported() {
    let folder = TempDir::new().unwrap();
    let (data, file) = (folder.path().join("books"), folder.path().join("orders.csv"));
    let mut out = BufWriter::new(File::create(&file).unwrap());
    writeln!(out, "{HEAD}").unwrap();
    for n in 1..1_000_000 {
        writeln!(out, "o{n},c{},{n},2026-01-01T00:00:00+08:00,,accepted", n % 1_000).unwrap();
    }
    writeln!(out, "o1,c1,1,2026-01-01T00:00:00+08:00,,accepted").unwrap();
    drop(out);
    purser(&["migrate", "--data", arg(&data)]).ended(0);
    let ran = purser(&["import", "task-orders", arg(&file), "--data", arg(&data)]).ended(1);
    assert!(ran.err.contains(":1000001: order_id: also in row 2"), "{}", ran.err);
    assert_eq!(rows(&data), 0);
}

/// Starts a server that must refuse, and returns what it says.
fn refused(data: &Path) -> String {
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", arg(data)];
    purser(&args).ended(3).err
}

#[test]
fn a_server_refuses_books_it_cannot_use_and_leaves_them_as_they_are() {
    static FUTURE: Statement =
        Statement { name: "test.future", sql: "INSERT INTO schema_migrations VALUES (9999, 'hover')" };
    let folder = TempDir::new().unwrap();
    let books = folder.path().join("books");
    purser(&["migrate", "--data", arg(&books)]).ended(0);
    let copy = |name: &str| {
        let data = folder.path().join(name);
        fs::create_dir(&data).unwrap();
        fs::copy(books.join("purser.db"), data.join("purser.db")).unwrap();
        data
    };
    let newer = copy("newer");
    let mut session = sqlite::open_writer(&newer.join("purser.db"), &sqlite::Options::default()).unwrap();
    session.begin().unwrap();
    session.execute(&FUTURE, &[]).unwrap();
    session.commit().unwrap();
    drop(session);
    let text = refused(&newer);
    assert!(text.contains("schema version 9999") && text.contains("use a newer purser"), "{text}");
    let cut = copy("cut");
    let whole = fs::read(cut.join("purser.db")).unwrap();
    fs::write(cut.join("purser.db"), &whole[..whole.len() / 2 + 77]).unwrap();
    let text = refused(&cut);
    assert!(text.contains("it was cut"), "{text}");
    assert_eq!(fs::metadata(cut.join("purser.db")).unwrap().len(), whole.len() as u64 / 2 + 77);
}

#[test]
fn a_folder_is_served_by_one_server_at_a_time() {
    let place = Place::folder();
    let server = Server::start(&place);
    let text = refused(Path::new(place.flags()[1]));
    assert!(text.contains("in use by another purser"), "{text}");
    server.kill();
    // A dead server keeps nobody out.
    Server::start(&place).stop();
}
