//! The tour of the README, run as a reader would: the real demo (P21), the commands as they stand there, and their
//! output compared with what stands below them. `UPDATE_EXPECT=1` rewrites it.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use support::binary;
use tempfile::TempDir;

/// What follows it is run, until [`END`].
const BEGIN: &str = "<!-- tour: checked by crates/purser/tests/tour.rs -->";
const END: &str = "<!-- end of the tour -->";
/// Before a block: run it until its output contains this.
const WAIT: &str = "<!-- wait for ";
/// Before a block: leave the value of this field out.
const SHORTEN: &str = "<!-- shorten ";

/// Longest line of an answer that is shown as it is.
const WIDTH: usize = 118;

/// Ends the output of one block.
const DONE: &str = "\u{1}";

/// Purser's demo in a folder of its own, stopped at the end.
struct Demo {
    server: Child,
    folder: TempDir,
    url: String,
    key: String,
    /// The commands that the demo says to try.
    commands: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut server = Command::new(binary())
            .args(["demo", "--port", "0"])
            .current_dir(&folder)
            .env_remove("PURSER_DATA")
            .env_remove("PURSER_DATABASE")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(server.stdout.take().unwrap());
        let (mut url, mut key) = (String::new(), String::new());
        let mut commands = Vec::new();
        for line in said.lines() {
            let line = line.unwrap();
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("URL"), Some(word)) => word.clone_into(&mut url),
                (Some("key"), Some(word)) => word.clone_into(&mut key),
                (Some("curl"), _) => commands.push(line.trim().to_owned()),
                (Some("-H"), _) => {
                    let command: &mut String = commands.last_mut().unwrap();
                    command.push('\n');
                    command.push_str(&line);
                }
                _ => {}
            }
            // Nothing needs reading after it.
            if line.contains("Ctrl-C stops") {
                break;
            }
        }
        assert!(!url.is_empty() && !key.is_empty(), "the demo says its URL and key");
        Self { server, folder, url, key, commands }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A shell that keeps its variables from block to block.
struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shell {
    fn start(demo: &Demo) -> Self {
        let program = demo.folder.path().join("target/release");
        fs::create_dir_all(&program).unwrap();
        symlink(binary(), program.join("purser")).unwrap();
        let mut child = Command::new("bash")
            .current_dir(&demo.folder)
            .env("URL", &demo.url)
            .env("KEY", &demo.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash");
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn run(&mut self, code: &str) -> String {
        // URL and key are those of this demo, not those of the text.
        let code: Vec<&str> = code.lines().filter(|line| !line.starts_with("export URL=")).collect();
        let group = format!("{{ :\n{}\n}} 2>&1 </dev/null; printf '\\n\\001\\n'\n", code.join("\n"));
        self.input.write_all(group.as_bytes()).unwrap();
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the shell ended: {text}");
            if line.trim_end() == DONE {
                return text.trim().to_owned();
            }
            text.push_str(&line);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The members of a JSON object or array as they are written.
fn members(json: &str) -> Vec<&str> {
    let inner = &json[1..json.len() - 1];
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut found = Vec::new();
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                found.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !inner.is_empty() {
        found.push(&inner[start..]);
    }
    found
}

/// Name, if it has one, and value.
fn parts(member: &str) -> (Option<&str>, &str) {
    match member.split_once("\":") {
        Some((name, value)) if member.starts_with('"') => (Some(name.trim_start_matches('"')), value),
        _ => (None, member),
    }
}

/// An answer in lines for reading: what is short on one line, what is long on one line per member.
fn layout(json: &str, indent: usize, shorten: &[&str]) -> String {
    let container = json.starts_with(['{', '[']) && json.len() > 2;
    let show = |member: &str, deep: usize| {
        let (name, value) = parts(member);
        let left_out = name.is_some_and(|name| shorten.contains(&name));
        let value = if left_out { "\"…\"".to_owned() } else { layout(value, deep, shorten) };
        name.map_or(value.clone(), |name| format!("\"{name}\": {value}"))
    };
    if !container {
        return json.to_owned();
    }
    let (open, close) = (&json[..1], &json[json.len() - 1..]);
    let line: Vec<String> = members(json).into_iter().map(|member| show(member, indent)).collect();
    let line = format!("{open}{}{close}", line.join(", "));
    // Room for the name in front of it.
    if !line.contains('\n') && line.chars().count() + indent + 16 <= WIDTH {
        return line;
    }
    let deep = indent + 2;
    // Several short members share a line.
    let mut lines: Vec<String> = Vec::new();
    for member in members(json) {
        let member = show(member, deep);
        let room = |line: &&mut String| {
            let long = line.chars().count() + 2 + member.chars().count() + deep + 1 > WIDTH;
            !long && !line.contains('\n') && !member.contains('\n') && !json.starts_with("[{")
        };
        match lines.last_mut().filter(room) {
            Some(line) => *line = format!("{line}, {member}"),
            None => lines.push(member),
        }
    }
    let inner = lines.join(&format!(",\n{:deep$}", ""));
    format!("{open}\n{:deep$}{inner}\n{:indent$}{close}", "", "")
}

/// What differs from run to run becomes a placeholder: ids, instants of this run, cursors, counts of groups.
fn settled(text: &str) -> String {
    let counts = text.contains(" groups, ");
    let (mut out, mut word) = (String::new(), String::new());
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.') {
            word.push(c);
            continue;
        }
        let (head, tail) =
            word.split_at(word.rfind(['.', ':']).filter(|at| at + 1 == word.len()).unwrap_or(word.len()));
        out.push_str(&placeholder(head, counts));
        out.push_str(tail);
        out.push(c);
        word.clear();
    }
    out.trim_end().to_owned()
}

fn placeholder(word: &str, counts: bool) -> String {
    let id = word.split_once('_').filter(|(prefix, rest)| {
        rest.len() == 26 && prefix.len() <= 4 && rest.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if let Some((prefix, _)) = id {
        return format!("{prefix}_…");
    }
    // Instants that the commands give are whole seconds, those of the clock are not.
    if word.len() > 20 && word.as_bytes()[10] == b'T' && word.ends_with('Z') && word.contains('.') {
        return "<instant>".to_owned();
    }
    if word.len() >= 32 && word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return "<cursor>".to_owned();
    }
    if counts && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        return "N".to_owned();
    }
    word.to_owned()
}

fn shown(output: &str, shorten: &[&str]) -> String {
    settled(output)
        .lines()
        .map(|line| if line.starts_with('{') { layout(line, 0, shorten) } else { line.to_owned() })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Runs every `sh` block of the tour, and returns the text with the output that came instead of what stood there.
fn walk(tour: &str, shell: &mut Shell) -> String {
    let mut out = Vec::new();
    let mut lines = tour.lines();
    let (mut wait, mut shorten, mut output) = (None, Vec::new(), String::new());
    while let Some(line) = lines.next() {
        let comment = |start| line.strip_prefix(start).and_then(|rest: &str| rest.strip_suffix(" -->"));
        wait = comment(WAIT).or(wait);
        shorten.extend(comment(SHORTEN));
        if !line.starts_with("```") {
            out.push(line.to_owned());
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        out.push(line.to_owned());
        if line == "```sh" {
            let code = block.join("\n");
            output = shell.run(&code);
            for _ in 0..200 {
                if wait.is_none_or(|wanted| output.contains(wanted)) {
                    break;
                }
                thread::sleep(Duration::from_millis(50));
                output = shell.run(&code);
            }
            wait = None;
            out.push(code);
        } else {
            out.push(shown(&output, &shorten));
            shorten.clear();
        }
        out.push("```".to_owned());
    }
    out.join("\n")
}

/// What the demo says it is: 200 parties, twelve months, and three commands that work as they are printed.
fn it_is_lively(demo: &Demo) {
    let said = |command: &str| {
        let ran = Command::new("sh").args(["-c", command]).env("KEY", &demo.key).output().unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{command}: {e}: {text}"))
    };
    let [overview, dry_run, events] = demo.commands.as_slice() else { panic!("{:?}", demo.commands) };
    let overview = said(overview);
    assert!(overview["totals"]["withdrawn_minor"].is_i64(), "{overview}");
    let months = overview["trend"].as_array().unwrap();
    assert!(
        months.len() >= 12 && months.iter().filter(|m| m["settled_minor"] != 0).count() >= 6,
        "{overview}"
    );
    assert!(said(dry_run)["checks"].is_array());
    assert_eq!(said(events)["data"].as_array().unwrap().len(), 5);
    let (mut parties, mut cursor) = (0, String::new());
    loop {
        let list =
            format!("curl -s '{}/v1/parties?limit=200{cursor}' -H \"Authorization: Bearer $KEY\"", demo.url);
        let page = said(&list);
        parties += page["data"].as_array().unwrap().len();
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!((190..=230).contains(&parties), "{parties} parties");
}

#[test]
fn the_tour_of_the_readme_is_what_happens() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("a tour");
    let (tour, after) = rest.split_once(END).expect("its end");
    let demo = Demo::start();
    it_is_lively(&demo);
    let happened = walk(tour, &mut Shell::start(&demo)) + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&readme, [before, BEGIN, &happened, END, after].concat()).unwrap();
    } else if tour != happened {
        let differ = |(said, came): &(&str, &str)| said != came;
        let first = tour.lines().zip(happened.lines()).find(differ);
        panic!("the README says otherwise (UPDATE_EXPECT=1 rewrites it), first here: {first:#?}");
    }
}

#[test]
fn answers_are_laid_out_without_being_changed() {
    let json = r#"{"a":1,"b":{"c":"x,\"y\"}","d":[]},"long":["#.to_owned()
        + &[r#"{"check":1,"result":"passed"}"#; 5].join(",")
        + "]}";
    let laid_out = layout(&json, 0, &[]);
    assert!(laid_out.lines().count() > 5 && laid_out.lines().all(|line| line.len() < WIDTH), "{laid_out}");
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&laid_out), value(&json));
    assert_eq!(value(&layout(&json, 0, &["long", "b"])), value(r#"{"a":1,"b":"…","long":"…"}"#));
}

#[test]
fn only_what_differs_from_run_to_run_becomes_a_placeholder() {
    for (given, expected) in [
        (r#""id":"wd_01m818gwg7e008007hemt49y3v","n":12"#, r#""id":"wd_…","n":12"#),
        ("2026-06-30T02:00:24.538496Z 2026-06-30T02:00:24Z", "<instant> 2026-06-30T02:00:24Z"),
        ("demo-order-00001: task_order.settled.", "demo-order-00001: task_order.settled."),
        ("12 groups, 3 lines", "N groups, N lines"),
        ("12 lines", "12 lines"),
    ] {
        assert_eq!(settled(given), expected);
    }
}
