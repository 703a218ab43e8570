//! The tables of `docs/reference`, made of the code that they describe and compared with what is committed.
//! `UPDATE_EXPECT=1` rewrites them.
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::{fmt::Write as _, fs, path::Path};

use purser_domain::{
    agencies,
    casework::{self, evidence},
    corporate,
    credit::{AppealRejection, Rule, application},
    earnings, ledger, parties, payments,
    policy::{PolicyPack, keys::REGISTRY},
    programme, studio,
    time::Timestamp,
    webhooks,
    withdrawals::{self, FailureClass, GateCode, State},
};
use purser_engine::{
    access::{Role, Scope},
    verify::FindingKind,
};
use serde_json::Value;

fn check(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let first = committed.lines().zip(text.lines()).find(|(is, shall)| is != shall);
    assert!(
        committed == text,
        "docs/reference/{name} is old (UPDATE_EXPECT=1 rewrites it), first here: {first:#?}"
    );
}

/// A table whose cells may contain anything.
fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(out, "| {} |", cells.join(" | ")).unwrap();
    }
    out + "\n"
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// Columns of [`refusal`].
const REFUSAL: [&str; 4] = ["code", "sentence", "in Chinese", "who must act"];

/// A refusal: its code, the exact sentence, what people read in Chinese, and whose turn it is (P14).
fn refusal(code_text: &str, text: String) -> Vec<String> {
    let words = purser_api::words(code_text);
    let actor = words.map_or("", |words| words.actor.name()).to_owned();
    vec![code(code_text), text, words.map_or("", |words| words.zh).to_owned(), actor]
}

const NOTE: &str = "Made of the code by `crates/purser/tests/reference.rs`; \
                    `UPDATE_EXPECT=1 cargo test -p purser --test reference` rewrites it.\n\n";

/// Every rejection of the withdrawal's state machine; a new one does not compile until it stands here.
fn withdrawal_rejections() -> Vec<withdrawals::Rejection> {
    use withdrawals::Rejection as R;
    let (finished, from, to) = ("paid", "paid", "sending");
    let all = [
        R::Finished { state: finished },
        R::StateChange { from, to },
        R::AlreadySent,
        R::SamePerson,
        R::NoteMissing,
        R::NotDueYet,
        R::SliceUnknown,
        R::OutcomeConflict,
        R::NotInDoubt,
        R::InquiryTooEarly { until: Timestamp(1_772_676_000_000_000) },
    ];
    for one in &all {
        match one {
            R::Finished { .. }
            | R::StateChange { .. }
            | R::AlreadySent
            | R::SamePerson
            | R::NoteMissing
            | R::NotDueYet
            | R::SliceUnknown
            | R::OutcomeConflict
            | R::NotInDoubt
            | R::InquiryTooEarly { .. } => {}
        }
    }
    all.to_vec()
}

/// Every rejection about task orders.
fn order_rejections() -> Vec<earnings::Rejection> {
    use earnings::Rejection as R;
    let field = "amount_minor";
    let all = [
        R::OrderConflict { field },
        R::StatusChange { from: "settled", to: "cancelled" },
        R::AmountNotPositive,
        R::AmountOutOfRange,
        R::StageOfOtherTask { task: "video", stage: "live_done" },
        R::BeforeAccepted { field: "completed_at" },
        R::InTheFuture { field: "completed_at" },
        R::NotDueYet,
        R::NotACreator,
        R::PartyClosed,
    ];
    for one in &all {
        match one {
            R::OrderConflict { .. }
            | R::StatusChange { .. }
            | R::AmountNotPositive
            | R::AmountOutOfRange
            | R::StageOfOtherTask { .. }
            | R::BeforeAccepted { .. }
            | R::InTheFuture { .. }
            | R::NotDueYet
            | R::NotACreator
            | R::PartyClosed => {}
        }
    }
    all.to_vec()
}

/// Every rejection about webhooks.
fn webhook_rejections() -> Vec<webhooks::Rejection> {
    use webhooks::Rejection as R;
    let all = [R::NameInvalid, R::UrlInvalid("an address begins with https://"), R::PatternsInvalid];
    for one in &all {
        match one {
            R::NameInvalid | R::UrlInvalid(_) | R::PatternsInvalid => {}
        }
    }
    all.to_vec()
}

/// Every rejection about parties.
fn party_rejections() -> Vec<parties::Rejection> {
    use parties::Rejection as R;
    let all = [
        R::PartyClosed,
        R::PartyConflict { field: "legal_form" },
        R::StatusChange { from: "active", to: "active" },
        R::ExternalIdInvalid,
        R::DisplayNameInvalid,
        R::RolesMissing,
        R::RoleRemoved,
        R::LegalFormFixed,
        R::StudioUnreviewed,
        R::Metadata(purser_domain::metadata::MetadataRejection::TooMany),
        R::Metadata(purser_domain::metadata::MetadataRejection::KeyInvalid),
        R::Metadata(purser_domain::metadata::MetadataRejection::ValueTooLong),
        R::ReasonInvalid,
        R::PartyNotEmpty,
    ];
    for one in &all {
        match one {
            R::PartyClosed
            | R::PartyConflict { .. }
            | R::StatusChange { .. }
            | R::ExternalIdInvalid
            | R::DisplayNameInvalid
            | R::RolesMissing
            | R::RoleRemoved
            | R::LegalFormFixed
            | R::StudioUnreviewed
            | R::Metadata(_)
            | R::ReasonInvalid
            | R::PartyNotEmpty => {}
        }
    }
    all.to_vec()
}

/// Sections about cases, their files and the studio upgrade; each list is the whole of its type.
fn case_sections() -> String {
    let files = [
        evidence::Rejection::Empty,
        evidence::Rejection::Program,
        evidence::Rejection::Type { accepted: "pdf, png".to_owned() },
        evidence::Rejection::TooLarge { kind: "pdf", most: 20_971_520 },
    ];
    for one in &files {
        match one {
            evidence::Rejection::Empty
            | evidence::Rejection::Program
            | evidence::Rejection::Type { .. }
            | evidence::Rejection::TooLarge { .. } => {}
        }
    }
    let mut out = "## Cases\n".to_owned();
    out += &table(&REFUSAL, casework::Rejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out += "States of a case:\n\n";
    out += &table(
        &["state", "sentence", "in Chinese"],
        casework::State::ALL
            .iter()
            .map(|state| vec![code(state.name()), state.en().to_owned(), state.zh().to_owned()]),
    );
    out += "## Attached files\n";
    out += &table(&REFUSAL, files.iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## The studio upgrade\n";
    out += &table(&REFUSAL, studio::Rejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out
}

/// Sections about the pay-later limit: the rules of its formula, applications, appeals.
fn credit_sections() -> String {
    let mut out = "## The pay-later limit\nRules in the order of the formula:\n\n".to_owned();
    out += &table(
        &["rule", "row", "sentence", "in Chinese"],
        Rule::ALL.iter().map(|rule| {
            vec![code(rule.name()), rule.row().to_owned(), rule.en().to_owned(), rule.zh().to_owned()]
        }),
    );
    out += "Applications:\n\n";
    out += &table(
        &REFUSAL,
        application::ApplicationRejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())),
    );
    out += "States of an application:\n\n";
    out += &table(
        &["state", "sentence", "in Chinese"],
        application::ApplicationState::ALL
            .iter()
            .map(|state| vec![code(state.name()), state.en().to_owned(), state.zh().to_owned()]),
    );
    out += "Appeals:\n\n";
    out += &table(&REFUSAL, AppealRejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out
}

/// Sections about what people meet before and after the gate.
fn people_sections() -> String {
    let mut out =
        "## Before and after the gate\nA problem with one of these codes, or of the tables below, has both \
                   sentences in `facts`, as `message_en` and `message_zh`, and `who_must_act`.\n\n"
            .to_owned();
    for section in purser_api::sections_of_words() {
        writeln!(out, "{}:\n", section.title).unwrap();
        let row = |words: &purser_api::Words| refusal(words.code, words.en.to_owned());
        out += &table(&REFUSAL, section.words.iter().map(row));
    }
    out
}

/// Every rejection about settlement statements.
fn settlement_rejections() -> Vec<corporate::Rejection> {
    use corporate::Rejection as R;
    let (index, minor, count, least) = (0, 100, 10_001, 1);
    let all = [
        R::PartyClosed,
        R::PartyFrozen,
        R::NotCorporate,
        R::OwedOutstanding { minor },
        R::DestinationMissing,
        R::DestinationKind,
        R::SellerName,
        R::SellerCode,
        R::OrdersEmpty,
        R::OrdersTooMany { count },
        R::OrderRepeated { index },
        R::OrderUnknown { index },
        R::OrderNotListed { index },
        R::OrderTaken { index },
        R::NothingToPay { minor: 0, least },
        R::AmountOutOfRange,
        R::BalanceShort { minor },
        R::StateChange { from: "paid", to: "cancelled" },
        R::Disputed,
        R::NotDisputed,
        R::DisputeOver,
        R::SignatoryInvalid,
        R::InvoiceNumber,
        R::InvoiceKind,
        R::InvoiceItem,
        R::InvoiceRate,
        R::InvoiceAmount { minor },
        R::InvoiceSeller,
        R::InvoiceUsed,
        R::ReasonMissing,
        R::PartlyPaid { minor },
    ];
    for one in &all {
        match one {
            R::PartyClosed
            | R::PartyFrozen
            | R::NotCorporate
            | R::OwedOutstanding { .. }
            | R::DestinationMissing
            | R::DestinationKind
            | R::SellerName
            | R::SellerCode
            | R::OrdersEmpty
            | R::OrdersTooMany { .. }
            | R::OrderRepeated { .. }
            | R::OrderUnknown { .. }
            | R::OrderNotListed { .. }
            | R::OrderTaken { .. }
            | R::NothingToPay { .. }
            | R::AmountOutOfRange
            | R::BalanceShort { .. }
            | R::StateChange { .. }
            | R::Disputed
            | R::NotDisputed
            | R::DisputeOver
            | R::SignatoryInvalid
            | R::InvoiceNumber
            | R::InvoiceKind
            | R::InvoiceItem
            | R::InvoiceRate
            | R::InvoiceAmount { .. }
            | R::InvoiceSeller
            | R::InvoiceUsed
            | R::ReasonMissing
            | R::PartlyPaid { .. } => {}
        }
    }
    all.to_vec()
}

/// Every rejection about memberships.
fn membership_rejections() -> Vec<agencies::Rejection> {
    use agencies::Rejection as R;
    let all = [
        R::Conflict,
        R::NotACreator,
        R::NotAnAgency,
        R::OwnAgency,
        R::PartyClosed,
        R::IntervalEmpty,
        R::ContactInvalid,
        R::TooMany,
        R::Overlap { other: purser_domain::ids::MembershipId::default() },
        R::Unknown,
    ];
    for one in &all {
        match one {
            R::Conflict
            | R::NotACreator
            | R::NotAnAgency
            | R::OwnAgency
            | R::PartyClosed
            | R::IntervalEmpty
            | R::ContactInvalid
            | R::TooMany
            | R::Overlap { .. }
            | R::Unknown => {}
        }
    }
    all.to_vec()
}

/// Codes in order of precedence, each with its sentence (P19).
#[test]
fn codes_are_documented() {
    let plain = |code_text: &str, text: String| vec![code(code_text), text];
    let mut out = format!(
        "# Codes\n{NOTE}A refused request is answered with a problem (RFC 9457) whose `code` is one of these. They are \
         stable. Where several apply, the first of a table is given. A sentence that names a value shows an example \
         of it.\n\n## The withdrawal gate\nChecks 1 to 11 refuse; 12 to 15 let a request pass into a state in which it \
         waits.\n\n"
    );
    out += &table(
        &["check", "code", "sentence", "in Chinese", "who must act", "next step"],
        GateCode::ALL.iter().map(|gate| {
            let (actor, next) = (gate.actor().name().to_owned(), code(gate.next_step().name()));
            vec![
                gate.check().to_string(),
                code(gate.code()),
                gate.en().to_owned(),
                gate.zh().to_owned(),
                actor,
                next,
            ]
        }),
    );
    out += "## A withdrawal's way\n";
    out += &table(&REFUSAL, withdrawal_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += "States, and the states that may follow:\n\n";
    out += &table(
        &["state", "event", "followed by"],
        State::ALL.iter().map(|state| {
            let next: Vec<String> = state.successors().iter().map(|next| code(next.name())).collect();
            vec![code(state.name()), code(state.event()), next.join(", ")]
        }),
    );
    let classes: Vec<String> = FailureClass::ALL.iter().map(|class| code(class.name())).collect();
    writeln!(out, "A rail's definite failure is of one of these classes: {}.\n", classes.join(", ")).unwrap();
    out += &people_sections();
    out += "## The ledger\n";
    out += &table(&REFUSAL, ledger::Refusal::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## Task orders\n";
    out += &table(&REFUSAL, order_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## Parties\n";
    out += &table(&REFUSAL, party_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## Webhooks\n";
    out += &table(&REFUSAL, webhook_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## Memberships in agencies\n";
    out += &table(&REFUSAL, membership_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## The programme\n";
    out += &table(&REFUSAL, programme::Rejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out += "## Settlement with companies\n";
    out += &table(&REFUSAL, settlement_rejections().iter().map(|no| refusal(no.code(), no.to_string())));
    out += &case_sections();
    out += &credit_sections();
    out += "## Payment orders, payments, refunds\n";
    out += &table(&REFUSAL, payments::Rejection::ALL.iter().map(|no| refusal(no.code(), no.to_string())));
    out += "States of a payment order, and the states that may follow:\n\n";
    out += &table(
        &["state", "event", "followed by"],
        payments::State::ALL.iter().map(|state| {
            let next: Vec<String> = state.successors().iter().map(|next| code(next.name())).collect();
            vec![code(state.name()), code(state.event()), next.join(", ")]
        }),
    );
    out +=
        "## Findings of `purser verify`\nA finding names a place; the sentence is what is wrong there.\n\n";
    out += &table(
        &["code", "sentence"],
        FindingKind::ALL.iter().map(|kind| plain(kind.code(), kind.meaning().to_owned())),
    );
    check("codes.md", &(out.trim_end().to_owned() + "\n"));
}

/// Every key with its entries in the built-in pack (P4).
#[test]
fn policy_keys_are_documented() {
    let pack = PolicyPack::builtin().unwrap();
    let mut out = format!(
        "# Policy keys\n{NOTE}Values are those of the built-in pack, [policies/default.toml](../../policies/default.toml). \
         An entry holds from its date, in the business zone, until the next. `notice`: a fee or limit, whose change \
         must be announced ahead (`policy.notice`). A key may belong to a capability that is not there yet: nothing \
         reads it until then.\n\n"
    );
    let rows = REGISTRY.iter().map(|spec| {
        let entries = pack.entries(spec);
        let values: Vec<String> = entries
            .iter()
            .map(|entry| {
                if entries.len() == 1 {
                    entry.show()
                } else {
                    format!("from {}: {}", entry.effective_from, entry.show())
                }
            })
            .collect();
        let notice = if spec.notice { "yes" } else { "" };
        vec![
            code(spec.name),
            spec.doc().to_owned(),
            values.join("<br>"),
            spec.shape.describe(),
            notice.to_owned(),
            spec.row.to_owned(),
        ]
    });
    out += &table(&["key", "what", "value", "write", "notice", "row"], rows);
    check("policy.md", &(out.trim_end().to_owned() + "\n"));
}

/// Every route with the scope that it needs (P18, P19).
#[test]
fn routes_are_documented() {
    let contract: Value = serde_json::from_str(&purser_api::openapi_json()).unwrap();
    let mut rows = Vec::new();
    for (path, operations) in contract["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
            let needs = |name: &str| {
                let parameters = operation["parameters"].as_array();
                parameters.is_some_and(|list| list.iter().any(|parameter| parameter["name"] == name))
            };
            let scope = Some(text("x-scope")).filter(|scope| !scope.is_empty());
            let key = if needs("Idempotency-Key") && needs("dry_run") { "yes" } else { "" };
            rows.push(vec![
                code(&format!("{} {path}", method.to_uppercase())),
                text("summary"),
                scope.map_or_else(String::new, |scope| code(&scope)),
                key.to_owned(),
            ]);
        }
    }
    let mut out = format!(
        "# Routes\n{NOTE}The whole contract is [api/openapi.json](../../api/openapi.json), which a server also gives at \
         `/openapi.json`. A route without a scope takes any good token, or none. `money`: needs an `Idempotency-Key` \
         and can be tried with `?dry_run=true`.\n\n"
    );
    out += &table(&["route", "what", "scope", "money"], rows);
    let scopes = |scopes: purser_engine::access::Scopes| {
        let names: Vec<String> = scopes.iter().map(|scope| code(scope.name())).collect();
        names.join(", ")
    };
    out += "## Roles of staff\n";
    out += &table(
        &["role", "scopes"],
        Role::ALL.iter().map(|role| {
            let all = role.scopes() == purser_engine::access::Scopes::of(Scope::ALL);
            vec![code(role.name()), if all { "all".to_owned() } else { scopes(role.scopes()) }]
        }),
    );
    check("routes.md", &(out.trim_end().to_owned() + "\n"));
}
