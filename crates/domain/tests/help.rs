//! Cases of contacts and links (spec X17).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use purser_domain::{
    calendar::Calendar,
    help::{DEFAULT_HELP, Help},
    time::Zone,
};

const CHAT: &str = "[[contact]]|topic = \"studio\"|kind = \"chat\"|address = \"https://a.example/c\"|title_zh = \"客服\"|title_en = \"Chat\"|hours = \"09:00..21:00\"|usual_answer_minutes = 5";
const MAIL: &str = "[[contact]]|topic = \"other\"|kind = \"mail\"|address = \"a@b.example\"|title_zh = \"邮箱\"|title_en = \"Mail\"|hours = \"10:00..19:00\"|days = \"working_days\"";

fn parse(text: &str) -> String {
    let text = text.replace("CHAT", CHAT).replace("MAIL", MAIL).replace('|', "\n");
    match Help::parse("h.toml", &text) {
        Ok(help) => format!("{} contacts, {} links", help.contacts.len(), help.links.len()),
        Err(issues) => issues.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ; "),
    }
}

fn is_open(words: &[&str]) -> String {
    let text = if words[0] == "chat" { CHAT } else { MAIL };
    let help = Help::parse("h.toml", &text.replace('|', "\n")).unwrap();
    let at = words[1].parse().unwrap();
    match help.contacts[0].is_open(at, &Zone::shanghai(), &Calendar::builtin()) {
        Some(true) => "open".into(),
        Some(false) => "closed".into(),
        None => "unknown".into(),
    }
}

#[test]
fn cases() {
    support::run("help", |line| {
        let (command, rest) = line.split_once(' ').unwrap();
        if command == "open" { is_open(&rest.split(' ').collect::<Vec<_>>()) } else { parse(rest) }
    });
}

#[test]
fn the_file_of_a_release_needs_nothing_outside_the_desk() {
    let help = Help::parse("policies/help.toml", DEFAULT_HELP).unwrap();
    assert!(help.contacts.iter().all(|contact| contact.address.is_empty()), "nobody's address is made up");
    assert!(help.about(Some("studio")).contacts.len() == 1 && help.about(None) == help);
}
