//! Cases and laws of agencies (P6, X14).
mod support;

use proptest::prelude::*;
use purser_domain::agencies::{Both, Change, Rejection, Span, change, covering, sign};
use purser_domain::ids::{MembershipId, PartyId, Uid};
use purser_domain::time::{DAY, Timestamp, Zone};

fn day(text: &str) -> Timestamp {
    Zone::shanghai().start_of(text.parse().expect("a date"))
}

fn end(text: &str) -> Option<Timestamp> {
    (text != "-").then(|| day(text))
}

fn id(name: &str) -> Uid {
    Uid::derive("test", &[name.as_bytes()])
}

#[derive(Default)]
struct World {
    spans: Vec<Span>,
    names: Vec<String>,
}

impl World {
    fn membership(&mut self, agency: &str, from: &str) -> MembershipId {
        let name = format!("{agency}@{from}");
        let found = MembershipId(id(&name));
        self.names.push(name);
        found
    }

    fn name(&self, found: MembershipId) -> &str {
        self.names.iter().find(|name| id(name) == found.0).map_or("?", String::as_str)
    }

    fn step(&mut self, text: &str) -> Result<bool, Rejection> {
        let (options, words): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|w| w.contains('='));
        let mut both =
            Both { is_creator: true, is_agency: true, creator: PartyId(id("creator")), closed: false };
        let mut contact = String::new();
        for option in options {
            match option.split_once('=').expect("an option") {
                ("creator", "no") => both.is_creator = false,
                ("agency", "no") => both.is_agency = false,
                ("same", "yes") => both.creator = PartyId(id("a")),
                ("closed", "yes") => both.closed = true,
                ("contact", "long") => contact = "x".repeat(201),
                ("contact", "odd") => "a\u{7}b".clone_into(&mut contact),
                (key, value) => panic!("unknown option {key}={value}"),
            }
        }
        let spans = match words[..] {
            ["sign", agency, from, to] => {
                let new = Span {
                    id: self.membership(agency, from),
                    agency: PartyId(id(agency)),
                    from: day(from),
                    to: end(to),
                };
                match sign(&self.spans, new, &contact, both)? {
                    Some(spans) => spans,
                    None => return Ok(false),
                }
            }
            ["end", agency, from, to] => {
                let found = self.membership(agency, from);
                let contact = (!contact.is_empty()).then_some(contact);
                change(&self.spans, found, &Change { to: end(to), contact })?
            }
            _ => panic!("unreadable step {text}"),
        };
        self.spans = spans;
        Ok(true)
    }

    fn show(&self, outcome: Result<bool, Rejection>) -> String {
        match outcome {
            Err(Rejection::Overlap { other }) => format!("membership_overlap with {}", self.name(other)),
            Err(no) => format!("{}: {no}", no.code()),
            Ok(false) => "unchanged".to_owned(),
            Ok(true) => {
                let shown = self.spans.iter().map(|span| {
                    let zone = Zone::shanghai();
                    let to = span.to.map_or_else(|| "-".to_owned(), |to| zone.date(to).to_string());
                    format!("{} to {to}", self.name(span.id))
                });
                shown.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[test]
fn cases() {
    support::run("agencies", |line| {
        let mut world = World::default();
        if let Some((setup, at)) = line.split_once(" ? ") {
            for step in setup.split(';') {
                world.step(step).expect("a step that is taken");
            }
            let at: Timestamp = at.trim().parse().expect("an instant");
            return covering(&world.spans, at).map_or("nobody", |span| world.name(span.id)).to_owned();
        }
        let steps: Vec<&str> = line.split(';').collect();
        let (last, before) = steps.split_last().expect("a step");
        for step in before {
            if let Err(no) = world.step(step) {
                return format!("unexpected {}", no.code());
            }
        }
        let outcome = world.step(last);
        world.show(outcome)
    });
}

proptest! {
    /// Whatever is entered, ended and corrected in whatever order, no instant belongs to two agencies.
    #[test]
    fn nobody_is_signed_twice_p6(steps in proptest::collection::vec((0u8..3, 0i64..40, 0i64..40, any::<bool>()), 1..30)) {
        let mut spans: Vec<Span> = Vec::new();
        let both = Both { is_creator: true, is_agency: true, creator: PartyId(Uid([9; 16])), closed: false };
        for (agency, from, length, ends) in steps {
            let from = Timestamp(from * DAY);
            let to = (length % 7 != 0).then(|| from.plus(length * DAY));
            let found = MembershipId(Uid::derive("test", &[&[agency], &from.0.to_le_bytes()]));
            let next = if ends {
                change(&spans, found, &Change { to, contact: None })
            } else {
                let new = Span { id: found, agency: PartyId(Uid([agency; 16])), from, to };
                sign(&spans, new, "", both).map(|done| done.unwrap_or_else(|| spans.clone()))
            };
            if let Ok(next) = next {
                spans = next;
            }
            for day in 0..90 {
                let at = Timestamp(day * DAY);
                prop_assert!(spans.iter().filter(|span| span.covers(at)).count() <= 1);
            }
        }
    }
}
