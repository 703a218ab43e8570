//! Cases and laws of casework (spec P26, X17).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::{
    casework::{
        Case, Clock, Command, Decision, Heard, Kind, Limits, Opening, Outcome, Rejection, Side, State,
        decide,
        evidence::{self, FileType, NAME_MAX, examine},
        open,
    },
    ids::{PartyId, StaffId, Uid},
    time::{DAY, Timestamp},
};

const LIMITS: Limits = Limits { open_per_party: 2, messages: 3, attachments: 1, reopen_us: 14 * DAY };
const CLOSED_AT: Timestamp = Timestamp(1_767_225_600_000_000);

fn filled(word: &str) -> String {
    match word {
        "BLANK" => " ".into(),
        "LONG201" => "字".repeat(201),
        "LONG200" => "字".repeat(200),
        "LONG1001" => "a".repeat(1_001),
        "LONG4000" => "汉".repeat(4_000),
        "LONG4001" => "汉".repeat(4_001),
        "CONTROL" => "a\u{7}b".into(),
        "LINES" => "a\n\tb".into(),
        "TURNED" => "gnp.\u{202e}exe".into(),
        other => other.replace('_', " "),
    }
}

fn case(kind: Kind, state: State) -> Case {
    let party = (kind != Kind::ReconciliationBreak).then_some(PartyId(Uid([1; 16])));
    let closed_at = state.is_closed().then_some(CLOSED_AT);
    Case { kind, party, state, owner: None, closed_at, messages: 1, attachments: 0 }
}

fn show(answer: Result<Decision, Rejection>) -> String {
    let decision = match answer {
        Ok(decision) => decision,
        Err(no) => return format!("{}: {no}", no.code()),
    };
    let clock = match decision.clock {
        Clock::Keep => "keep",
        Clock::Restart => "restart",
        Clock::Stop => "stop",
    };
    let heard = match decision.heard {
        Heard::Party => "party",
        Heard::Desk => "desk",
        Heard::Nobody => "nobody",
    };
    format!("{} {clock} {} {heard}", decision.case.state.name(), decision.event)
}

/// `KIND STATE SIDE COMMAND [TEXT] [messages=N] [files=N] [days=N]`
fn step(words: &[&str]) -> String {
    let [kind, state, side, command, rest @ ..] = words else { return "unreadable case".into() };
    let number = |name: &str, usual: i64| {
        let found = rest.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        found.map_or(usual, |text| text.parse().unwrap())
    };
    let case = Case {
        messages: number("messages", 1),
        attachments: number("files", 0),
        ..case(Kind::named(kind).unwrap(), State::named(state).unwrap())
    };
    let text = filled(rest.iter().find(|word| !word.contains('=')).unwrap_or(&"words"));
    let side = Side::named(side).unwrap();
    let now = CLOSED_AT.plus(number("days", 0) * DAY);
    let say = |internal, asks| Command::Say { text: &text, internal, asks };
    let command = match *command {
        "assign" => Command::Assign(StaffId(Uid([2; 16]))),
        "promise" => Command::Promise,
        "say" => say(false, false),
        "note" => say(true, false),
        "ask" => say(false, true),
        "ask_inside" => say(true, true),
        "attach" => Command::Attach { internal: false },
        "attach_inside" => Command::Attach { internal: true },
        "resolve" => Command::Conclude(Outcome::Resolved, &text),
        "refuse" => Command::Conclude(Outcome::Refused, &text),
        "settle" => Command::Settle(Outcome::Resolved, &text),
        "withdraw" => Command::Withdraw,
        _ => Command::Reopen(&text),
    };
    show(decide(&case, &command, side, now, &LIMITS))
}

/// Bytes by name.
fn bytes(word: &str) -> Vec<u8> {
    match word {
        "EMPTY" => Vec::new(),
        "PDF" => b"%PDF-1.7\n...".to_vec(),
        "PNG" => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR....".to_vec(),
        "JPEG" => b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(),
        "WEBP" => b"RIFF\0\0\0\0WEBPVP8 ".to_vec(),
        "HEIC" => b"\0\0\0\x18ftypheic\0\0".to_vec(),
        "XLSX" => archive(&["[Content_Types].xml", "xl/workbook.xml"]),
        "XLSM" => archive(&["[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"]),
        "DOCX" => archive(&["[Content_Types].xml", "word/document.xml"]),
        "OFD" => archive(&["OFD.xml", "Doc_0/Document.xml"]),
        "ZIP" => archive(&["setup.exe"]),
        "TORN_ZIP" => b"PK\x03\x04torn".to_vec(),
        "ELF" => b"\x7fELF\x02\x01\x01".to_vec(),
        "PE" => b"MZ\x90\0".to_vec(),
        "MACHO" => b"\xcf\xfa\xed\xfe".to_vec(),
        "WASM" => b"\0asm\x01\0\0\0".to_vec(),
        "SCRIPT" => b"#!/bin/sh\nrm -rf /".to_vec(),
        "HTML" => b"\xef\xbb\xbf \n<!DOCTYPE html>".to_vec(),
        "SVG" => b"<svg xmlns=".to_vec(),
        "XML" => b"<?xml version=".to_vec(),
        "TEXT" => b"just words".to_vec(),
        "PDF_11" => b"%PDF-1.7...".to_vec(),
        other => panic!("no bytes {other}"),
    }
}

/// The directory of an archive without contents: all that is looked at.
fn archive(names: &[&str]) -> Vec<u8> {
    let mut out = b"PK\x03\x04".to_vec();
    let start = u32::try_from(out.len()).unwrap();
    for name in names {
        out.extend_from_slice(b"PK\x01\x02");
        out.extend_from_slice(&[0; 24]);
        out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&[0; 16]);
        out.extend_from_slice(name.as_bytes());
    }
    let size = u32::try_from(out.len()).unwrap() - start;
    let count = u16::try_from(names.len()).unwrap().to_le_bytes();
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count);
    out.extend_from_slice(&count);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

const ACCEPTED: [(FileType, i64); 7] = [
    (FileType::Pdf, 11),
    (FileType::Png, 100),
    (FileType::Jpeg, 100),
    (FileType::Webp, 100),
    (FileType::Heic, 100),
    (FileType::Xlsx, 1_000),
    (FileType::Ofd, 1_000),
];

/// `BYTES NAME`; `~` stands for a blank in the name.
fn file(words: &[&str]) -> String {
    let name =
        words.get(1).map_or(String::new(), |name| name.replace('~', " ").replace("\\u202e", "\u{202e}"));
    match examine(&bytes(words[0]), &name, &ACCEPTED) {
        Ok(found) => format!("{} {}", found.kind.name(), found.name),
        Err(no) => format!("{}: {no}", no.code()),
    }
}

#[test]
fn cases() {
    support::run("casework", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "open" => {
                let (summary, text) = (filled(words[2]), words.get(4).map(|text| filled(text)));
                let opening = Opening {
                    kind: Kind::named(words[1]).unwrap(),
                    summary: &summary,
                    text: text.as_deref(),
                    open_now: words[3].parse().unwrap(),
                };
                match open(&opening, &LIMITS) {
                    Ok(()) => "opened".into(),
                    Err(no) => format!("{}: {no}", no.code()),
                }
            }
            "file" => file(&words[1..]),
            _ => step(&words),
        }
    });
}

#[test]
fn names_are_stable_and_read_back() {
    for kind in Kind::ALL {
        assert_eq!(Kind::named(kind.name()), Some(kind));
        assert!(
            !(kind.by_hand() && kind.is_internal()),
            "{}: nobody opens by hand what nobody sees",
            kind.name()
        );
    }
    for state in State::ALL {
        assert_eq!(State::named(state.name()), Some(state));
    }
    for kind in FileType::ALL {
        assert_eq!(FileType::named(kind.name()), Some(kind));
    }
    assert_eq!(evidence::Rejection::Empty.code(), "attachment_empty");
}

fn commands() -> impl Strategy<Value = (u8, bool, bool)> {
    (0u8..9, any::<bool>(), any::<bool>())
}

proptest! {
    /// P26: whatever people do, the desk owes an answer exactly while a case waits for it, a closed case changes only
    /// by being opened again, and counts never pass their limits.
    #[test]
    fn a_case_waits_for_one_side_at_a_time(steps in proptest::collection::vec((commands(), any::<bool>()), 1..40)) {
        let mut case = case(Kind::Help, State::Open);
        let mut owes = true;
        for ((which, first, second), party) in steps {
            let by = if party { Side::Party } else { Side::Staff };
            let command = match which {
                0 => Command::Assign(StaffId(Uid([3; 16]))),
                1 => Command::Promise,
                2 | 3 => Command::Say { text: "words", internal: first, asks: second },
                4 => Command::Attach { internal: first },
                5 => Command::Conclude(Outcome::Resolved, "done"),
                6 => Command::Conclude(Outcome::Refused, "no"),
                7 => Command::Withdraw,
                _ => Command::Reopen("again"),
            };
            let answer = decide(&case, &command, by, CLOSED_AT, &LIMITS);
            let reopens = matches!(command, Command::Reopen(_));
            if let Ok(decision) = answer {
                prop_assert_eq!(case.state.is_closed(), reopens);
                case = decision.case;
                owes = match decision.clock {
                    Clock::Keep => owes,
                    Clock::Restart => true,
                    Clock::Stop => false,
                };
            }
            prop_assert_eq!(owes, matches!(case.state, State::Open | State::WaitingForStaff));
            prop_assert_eq!(case.closed_at.is_some(), case.state.is_closed());
            prop_assert!(case.messages <= LIMITS.messages && case.attachments <= LIMITS.attachments);
        }
    }

    /// Nobody's bytes and nobody's name bring a surprise: no panic, and a name that stays in its folder.
    #[test]
    fn any_file_is_answered(head in 0usize..12, tail in proptest::collection::vec(any::<u8>(), 0..300), name in ".{0,300}") {
        let heads = ["PDF", "PNG", "JPEG", "XLSX", "OFD", "ZIP", "TORN_ZIP", "ELF", "HTML", "WEBP", "HEIC", "EMPTY"];
        let mut all = bytes(heads[head]);
        all.extend_from_slice(&tail);
        let wide: Vec<(FileType, i64)> = FileType::ALL.iter().map(|kind| (*kind, 10_000)).collect();
        if let Ok(found) = examine(&all, &name, &wide) {
            prop_assert!(found.name.chars().count() <= NAME_MAX, "{}", found.name);
            let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '"' | '\u{202e}');
            prop_assert!(!found.name.chars().any(odd), "{}", found.name);
            prop_assert!(!found.name.starts_with('.') && !found.name.starts_with('-'), "{}", found.name);
        }
    }
}
