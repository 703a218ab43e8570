//! What people read of a refusal, in Chinese and English: one closed table by code (P7–P9, P14, P16, P18, P19). The
//! gate's refusals have their sentences with their checks; what is here is what people meet before and after it.
//!
//! `detail` of a problem stays the exact sentence for whoever writes a client; these are for whoever uses one.

use purser_domain::withdrawals::{Actor, GateCode};

/// A refusal's code and what people read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Stable code.
    pub code: &'static str,
    /// Who must act (P14).
    pub actor: Actor,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// Codes that belong together.
#[derive(Debug, Clone, Copy)]
pub struct WordsSection {
    /// Heading of the reference.
    pub title: &'static str,
    /// Its codes.
    pub words: &'static [Words],
}

/// `"Title" WhoMustAct { "code": "zh", "en"; "code" SomebodyElse: "zh", "en"; }`
macro_rules! sections {
    ($($title:literal $actor:ident { $($code:literal $($other:ident)?: $zh:literal, $en:literal;)* })*) => {
        pub(super) const SECTIONS: &[super::WordsSection] = &[$(super::WordsSection {
            title: $title,
            words: &[$(super::Words {
                code: $code,
                actor: sections!(@ $actor $($other)?),
                zh: $zh,
                en: $en,
            }),*],
        }),*];
    };
    (@ $actor:ident) => { purser_domain::withdrawals::Actor::$actor };
    (@ $actor:ident $other:ident) => { purser_domain::withdrawals::Actor::$other };
}

mod creators;
mod money;
mod people;

/// Every code of the table, each once, in sections.
pub fn sections_of_words() -> impl Iterator<Item = &'static WordsSection> {
    [people::SECTIONS, creators::SECTIONS, money::SECTIONS].into_iter().flatten()
}

/// What people read of a code, and who must act; `None` for codes that only programs meet.
pub fn words(code: &str) -> Option<Words> {
    let own = sections_of_words().flat_map(|section| section.words).find(|words| words.code == code);
    let gate =
        |gate: GateCode| Words { code: gate.code(), actor: gate.actor(), zh: gate.zh(), en: gate.en() };
    own.copied().or_else(|| GateCode::named(code).map(gate))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// Where refusals of the people's side are made: their files, and folders of them.
    const SOURCES: &[&str] = &[
        "domain/src/agencies.rs",
        "domain/src/casework",
        "domain/src/corporate",
        "domain/src/earnings",
        "domain/src/identity",
        "domain/src/ledger",
        "domain/src/parties.rs",
        "domain/src/parties",
        "domain/src/metadata.rs",
        "domain/src/webhooks.rs",
        "engine/src/webhooks",
        "domain/src/payments",
        "domain/src/programme",
        "domain/src/studio.rs",
        "domain/src/withdrawals/decision.rs",
        "engine/src/agencies",
        "engine/src/cases",
        "engine/src/corporate",
        "engine/src/earnings",
        "engine/src/identity",
        "engine/src/ledger",
        "engine/src/parties",
        "engine/src/payments",
        "engine/src/programme",
        "engine/src/reconcile",
        "domain/src/reconcile",
        "engine/src/studio",
        "engine/src/tax",
        "engine/src/withdrawals/statement.rs",
        "engine/src/withdrawals/accounts.rs",
        "engine/src/withdrawals/account_changes.rs",
        "engine/src/withdrawals/outcome.rs",
        "engine/src/withdrawals/rails.rs",
        "engine/src/withdrawals/request.rs",
        "engine/src/approvals.rs",
        "engine/src/access/staff.rs",
        "engine/src/access/totp.rs",
        "engine/src/access/portal.rs",
        "api/src/portal.rs",
        "api/src/edge/own.rs",
        "api/src/edge/browser.rs",
        "api/src/cases",
        "api/src/identity.rs",
        "api/src/payments",
        "api/src/programme",
        "api/src/settlements",
        "api/src/studio.rs",
        "api/src/payout_accounts.rs",
        "api/src/people.rs",
        "api/src/withdrawals.rs",
        "api/src/approvals.rs",
        "api/src/staff.rs",
        "api/src/bank_files.rs",
        "engine/src/bank_files/collect.rs",
        "engine/src/bank_files/fix.rs",
        "engine/src/bank_files/give_out.rs",
    ];

    fn texts() -> Vec<String> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = SOURCES.iter().flat_map(|source| {
            let path = crates.join(source);
            if path.is_file() {
                return vec![path];
            }
            fs::read_dir(&path)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_file())
                .collect()
        });
        let read = |path| fs::read_to_string(path).unwrap();
        files.map(read).map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned()).collect()
    }

    /// The text literal that follows, after blanks.
    fn literal(text: &str) -> Option<&str> {
        text.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
    }

    /// Codes that are given to a rejection or problem as it is made, and those of `fn code`.
    fn codes_of(text: &str) -> BTreeSet<&str> {
        let after = |marker: &'static str| text.split(marker).skip(1);
        let made = after("Rejection::new(").chain(after("not_found(")).filter_map(literal);
        let problems = after("Problem::new(").filter_map(|rest| literal(rest.split_once(',')?.1));
        let arms = after("fn code(").flat_map(|rest| {
            let body = rest.split("\n    }\n").next().unwrap_or_default();
            body.split("=> ").skip(1).filter_map(literal)
        });
        made.chain(problems).chain(arms).collect()
    }

    #[test]
    fn every_refusal_of_the_people_s_side_has_words_in_both_languages() {
        let texts = texts();
        let codes: BTreeSet<&str> = texts.iter().flat_map(|text| codes_of(text)).collect();
        assert!(codes.len() > 50 && codes.contains("phone_invalid"), "the sources were read: {codes:?}");
        // What only a program that calls the API wrongly meets.
        let programs = ["body_too_large", "bulk_size", "internal_error"];
        let missing: Vec<&&str> =
            codes.iter().filter(|code| words(code).is_none() && !programs.contains(code)).collect();
        assert!(missing.is_empty(), "no words for {missing:?}");
    }

    /// P14: whoever is refused reads why in both languages, and who must act.
    #[test]
    fn every_code_of_the_reference_has_words_in_both_languages_p14() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/codes.md");
        let text = fs::read_to_string(file).unwrap();
        let (mut head, mut heading, mut seen) = ("", "", 0);
        let mut before = "";
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                heading = title;
            }
            if line.starts_with("|---") {
                head = before;
            }
            before = line;
            let Some(code) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) else {
                continue;
            };
            // Findings are for whoever keeps the books; states and rules are no refusals.
            if heading.starts_with("Findings") || !head.contains("| code | sentence |") {
                continue;
            }
            seen += 1;
            assert!(words(code).is_some(), "{heading}: no words for {code}");
        }
        assert!(seen > 200, "the reference was read: {seen}");
    }

    #[test]
    fn every_code_stands_once_and_in_its_language() {
        let all: Vec<Words> = sections_of_words().flat_map(|section| section.words).copied().collect();
        let codes: BTreeSet<&str> = all.iter().map(|words| words.code).collect();
        let twice: Vec<&str> = all
            .iter()
            .filter(|one| all.iter().filter(|other| other.code == one.code).count() > 1)
            .map(|one| one.code)
            .collect();
        assert_eq!(codes.len(), all.len(), "{twice:?}");
        for Words { code, zh, en, .. } in all {
            assert!(zh.ends_with('。') && !zh.is_ascii(), "{code}");
            assert!(en.ends_with('.') && en.is_ascii(), "{code}");
        }
    }
}
