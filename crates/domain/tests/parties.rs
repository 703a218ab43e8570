//! Cases of the parties module.
mod support;

use std::collections::BTreeMap;

use purser_domain::ids::{PartyId, Uid};
use purser_domain::parties::{
    AccountClass, Command, LegalForm, Outcome, Party, PartyStatus, Profile, Rejection, Role, Roles, Ties,
    creator_kind, decide, register,
};

fn roles(text: &str) -> Roles {
    text.split(',').filter_map(Role::named).collect()
}

fn text(value: &str) -> String {
    match value {
        "LONG64" => "汉".repeat(64),
        "LONG65" => "a".repeat(65),
        "LONG101" => "a".repeat(101),
        "CONTROL" => "a\u{7}b".into(),
        "SPACES" => " a ".into(),
        other => other.into(),
    }
}

fn profile(words: &[&str]) -> Profile {
    let get = |key: &str, default: &str| -> String {
        let found = words.iter().find_map(|w| w.split_once('=').filter(|(k, _)| *k == key));
        text(found.map_or(default, |(_, v)| v))
    };
    let number = |key: &str, default: &str| -> usize { get(key, default).parse().expect("a number") };
    let metadata = (0..number("meta", "0"))
        .map(|i| (format!("{i:0>width$}", width = number("key", "2")), "v".repeat(number("value", "1"))))
        .collect::<BTreeMap<_, _>>();
    Profile {
        external_id: get("ext", "c-1"),
        display_name: get("name", "Lin"),
        roles: roles(&get("roles", "creator")),
        legal_form: LegalForm::named(&get("form", "individual")).expect("a form"),
        class: AccountClass::named(&get("class", "ordinary")).expect("a class"),
        metadata,
    }
}

fn show(result: Result<Outcome, Rejection>) -> String {
    match result {
        Ok(Outcome::Changed { party, event }) => format!("{} {event}", party.status.name()),
        Ok(Outcome::Unchanged) => "unchanged".into(),
        Err(no) => format!("{}: {no}", no.code()),
    }
}

#[test]
fn cases() {
    let id = PartyId(Uid([1; 16]));
    support::run("parties", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let status = match words[0] {
            "register" => return show(register(None, id, &profile(&words))),
            "again" => {
                let party = Party { id, profile: profile(&[]), status: PartyStatus::Active };
                return show(register(Some(&party), id, &profile(&words)));
            }
            "kind" => {
                let form = LegalForm::named(words[2]).expect("a form");
                let class = AccountClass::named(words[3]).expect("a class");
                return creator_kind(roles(words[1]), form, class, words[4] == "signed").name().into();
            }
            "active" => PartyStatus::Active,
            "frozen" => PartyStatus::Frozen { reason: "old".into() },
            _ => PartyStatus::Closed,
        };
        let old: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix("old.")).collect();
        let party = Party { id, profile: profile(&old), status };
        let rest = &words[2..];
        let command = match words[1] {
            "freeze" => Command::Freeze(rest.first().copied().unwrap_or_default().into()),
            "unfreeze" => Command::Unfreeze,
            "close" => Command::Close(Ties {
                balances_minor: rest[0].parse().expect("an amount"),
                open_records: rest[1].parse().expect("a count"),
            }),
            _ => Command::Update(profile(rest)),
        };
        show(decide(&party, &command))
    });
}

#[test]
fn roles_are_a_set_with_a_stable_number() {
    let set = roles("agency,creator");
    assert_eq!(set.bits(), 9);
    assert_eq!(Roles::from_bits(9), Some(set));
    assert_eq!(Roles::from_bits(16), None);
    assert_eq!(set.iter().map(Role::name).collect::<Vec<_>>(), ["creator", "agency"]);
}
