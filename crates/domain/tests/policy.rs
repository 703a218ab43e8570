//! Cases and laws of policy (spec P4, and "Policy version" in M).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod support;

use proptest::prelude::*;
use purser_domain::{
    policy::{
        DEFAULT_PACK, PolicyPack, PolicySet, PolicyVersion, Verdict, diff, keys, keys::REGISTRY, short_notice,
    },
    time::{Date, Timestamp, Zone},
};

/// One `[[entry]]`; `value` is written as in the pack.
fn entry(key: &str, row: &str, from: &str, value: &str) -> String {
    format!(
        "[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\nsource = \"test\"\n"
    )
}

/// The default pack without the entries of a key.
fn without(key: &str) -> String {
    let mark = format!("key = \"{key}\"");
    let blocks = DEFAULT_PACK.split("[[entry]]\n");
    blocks.filter(|block| !block.starts_with(&mark)).collect::<Vec<_>>().join("[[entry]]\n")
}

/// The default pack with other entries for one key.
fn with(key: &str, row: &str, entries: &[(&str, &str)]) -> PolicyPack {
    let mut text = without(key);
    for (from, value) in entries {
        text.push('\n');
        text.push_str(&entry(key, row, from, value));
    }
    PolicyPack::parse("test.toml", &text).unwrap()
}

const FEE: &str = "settlement.service_fee.independent";

/// Three versions, as the head of `cases/policy/selection.txt` tells.
fn three_versions() -> PolicySet {
    let version = |number, at: &str, pack| PolicyVersion { number, activated_at: at.parse().unwrap(), pack };
    let second =
        [("2000-01-01", "0"), ("2019-09-08", "50000"), ("2026-03-15", "40000"), ("2026-05-01", "30000")];
    let third = [("2000-01-01", "0"), ("2019-09-08", "45000")];
    PolicySet::new(Zone::shanghai(), version(1, "2026-01-10T00:00:00+08:00", PolicyPack::builtin().unwrap()))
        .activate(version(2, "2026-03-01T09:00:00+08:00", with(FEE, "X13", &second)))
        .unwrap()
        .activate(version(3, "2026-04-01T09:00:00+08:00", with(FEE, "X13", &third)))
        .unwrap()
}

#[test]
fn cases() {
    let policies = three_versions();
    support::run("policy", |line| {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "at" => at(&policies, rest),
            "explain" => explain(&policies, rest),
            "default" => default_value(rest),
            "set" => set(rest),
            "first" => issues(&format!("{}\n{DEFAULT_PACK}", rest.replace('|', "\n"))),
            "without" => issues(&without(rest)),
            "whole" => issues(&rest.replace('|', "\n")),
            _ => "unreadable case".into(),
        }
    });
}

/// `accepted_at processed_at`
fn at(policies: &PolicySet, rest: &str) -> String {
    let (business, processed) = rest.split_once(' ').unwrap();
    let view = policies.at(business.parse().unwrap(), processed.parse().unwrap());
    let fee = view.get(keys::SERVICE_FEE_INDEPENDENT);
    format!("{} by version {} from {}", fee.value.as_ppm(), fee.version, fee.effective_from)
}

/// `key accepted_at processed_at`
fn explain(policies: &PolicySet, rest: &str) -> String {
    let words: Vec<&str> = rest.split(' ').collect();
    let [key, business, processed] = words[..] else { return "unreadable case".into() };
    match policies.explain(key, business.parse().unwrap(), processed.parse().unwrap()) {
        Err(unknown) => unknown.to_string(),
        Ok(explanation) => {
            let digests: Vec<&str> = policies.versions().map(|v| v.pack.digest()).collect();
            let all = explanation.entries.iter().map(purser_domain::policy::ExplainedEntry::sentence);
            let text: Vec<String> = std::iter::once(explanation.sentence()).chain(all).collect();
            digests.iter().fold(text.join(" | "), |text, digest| text.replace(digest, "#"))
        }
    }
}

/// The value of a key in the default pack, on a date.
fn default_value(rest: &str) -> String {
    let (key, date) = rest.split_once(' ').unwrap_or((rest, "2026-11-01"));
    let pack = PolicyPack::builtin().unwrap();
    let spec = REGISTRY.iter().find(|spec| spec.name == key).unwrap();
    let on: Date = date.parse().unwrap();
    let entry = pack.entries(spec).iter().rfind(|entry| entry.effective_from <= on).unwrap();
    format!("{} ({})", entry.show(), spec.row)
}

/// `key row date value`: the default pack with one entry instead of its own, written at its top.
fn set(rest: &str) -> String {
    let words: Vec<&str> = rest.splitn(4, ' ').collect();
    let [key, row, from, value] = words[..] else { return "unreadable case".into() };
    issues(&format!("{}{}", entry(key, row, from, value), without(key)))
}

fn issues(text: &str) -> String {
    match PolicyPack::parse("p.toml", text) {
        Ok(_) => "good".into(),
        Err(issues) => issues.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ; "),
    }
}

#[test]
fn the_default_pack_is_complete_and_sourced() {
    let pack = PolicyPack::builtin().unwrap();
    assert_eq!(pack.name(), "default");
    assert_eq!(pack.digest().len(), 16);
    for spec in REGISTRY {
        assert!(!pack.entries(spec).is_empty(), "{}", spec.name);
    }
    let line = DEFAULT_PACK.lines().position(|line| line == "key = \"payouts.enabled\"").unwrap();
    let first = pack.entries(keys::PAYOUTS_ENABLED.spec().unwrap());
    assert_eq!(first.iter().map(|entry| entry.line).collect::<Vec<_>>(), [line], "the line of its [[entry]]");
}

#[test]
fn typed_values_come_in_code_units() {
    let pack = PolicyPack::builtin().unwrap();
    let activated_at: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
    let policies = PolicySet::new(Zone::shanghai(), PolicyVersion { number: 7, activated_at, pack });
    let view = policies.now(activated_at);
    assert_eq!(view.value(keys::PAYOUT_CLOCK), 72 * purser_domain::time::HOUR);
    assert_eq!(view.value(keys::WITHDRAWAL_MINIMUM), 10);
    assert!(view.value(keys::WITHDRAWAL_CODE_REQUIRED));
    assert_eq!(view.value(keys::VALUE_DATE_CUT_OFF), None);
    assert_eq!(view.value(keys::DISPATCH_TIME).pair(), (9, 0));
    assert_eq!(view.value(keys::OVER_LIMIT), purser_domain::policy::kinds::OverLimit::Liability);
    let compensation = view.get(keys::COMPENSATION);
    assert_eq!(compensation.value.value(&["video", "script_uploaded"]), Some(100_000));
    assert_eq!(compensation.value.value(&["video", "same_day"]), None);
    assert_eq!(compensation.version, 7);
    assert_eq!(view.value(keys::WEBHOOK_RETRY).iter().sum::<i64>() / 86_400, 3, "about three days");
}

#[test]
fn every_key_is_readable_in_its_kind() {
    let policies = three_versions();
    let view = policies.now("2026-11-01T00:00:00Z".parse().unwrap());
    macro_rules! read_all { ($($key:ident)*) => { $(let _ = view.get(keys::$key);)* } }
    read_all! {
        PAYOUTS_ENABLED RAIL_SANDBOX_SINGLE_LIMIT POLICY_NOTICE VALUE_DATE_CUT_OFF CODE_DIGITS CODE_LIFETIME
        CODE_RESEND_AFTER VIRTUAL_OPERATOR_IDENTITY VIRTUAL_OPERATOR_PREFIXES PAYOUT_ACCOUNT_COOLING_OFF
        WEBHOOK_RETRY SERVICE_FEE_AGENCY COMPENSATION NEW_SHOP_OVERRIDES PROGRAMME_PUBLISH DAILY_DRAW_ACTION
        VIRTUAL_OPERATOR_LIMIT CLOSED_WINDOW VALUE_DATE DISPATCH_TIME REVIEW_RESTORE VELOCITY_STREAK_ACTION AD_RESUME
    }
}

#[test]
fn versions_must_rise() {
    let policies = three_versions();
    let add = |number, at: &str| {
        let version =
            PolicyVersion { number, activated_at: at.parse().unwrap(), pack: PolicyPack::builtin().unwrap() };
        policies.clone().activate(version).map(|set| set.latest().number).map_err(|e| e.to_string())
    };
    assert_eq!(add(4, "2026-04-01T09:00:00.000001+08:00"), Ok(4));
    assert_eq!(add(3, "2026-05-01T09:00:00+08:00"), Err("version 3 does not follow version 3".into()));
    let same = "version 4 would be activated at 2026-04-01T01:00:00Z, not after the version before it (2026-04-01T01:00:00Z)";
    assert_eq!(add(4, "2026-04-01T09:00:00+08:00"), Err(same.into()));
}

#[test]
fn an_older_text_is_completed_from_the_pack_of_this_release() {
    let base = PolicyPack::builtin().unwrap();
    let text = format!("{}\n{}", without("bulk.items"), entry("retired.key", "P4", "2000-01-01", "1"));
    assert_eq!(PolicyPack::parse("old.toml", &text).unwrap_err().len(), 2, "missing and unknown");
    let restored = PolicyPack::restore("old.toml", &text, &base).unwrap();
    let spec = keys::BULK_ITEMS.spec().unwrap();
    assert_eq!(restored.entries(spec), base.entries(spec));
    assert_ne!(restored.digest(), base.digest());
    assert_eq!(diff(&restored, &base), []);
    assert!(PolicyPack::restore("old.toml", &text.replace("value = 72", "value = 0"), &base).is_err());
}

#[test]
fn differences_are_named_entry_by_entry() {
    let before = PolicyPack::builtin().unwrap();
    let after = with(FEE, "X13", &[("2000-01-01", "0"), ("2026-12-01", "40000")]);
    let lines: Vec<String> = diff(&before, &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [format!("{FEE} from 2019-09-08: 5 % -> nothing"), format!("{FEE} from 2026-12-01: nothing -> 4 %")]
    );
}

#[test]
fn fees_and_limits_change_with_seven_days_notice() {
    let current = PolicyPack::builtin().unwrap();
    let short = |pack: &PolicyPack| {
        let found = short_notice(&current, pack, "2026-11-01".parse().unwrap(), 7);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let fee_from = |date| with(FEE, "X13", &[("2000-01-01", "0"), ("2019-09-08", "50000"), (date, "60000")]);
    assert_eq!(short(&fee_from("2026-11-08")), Vec::<String>::new());
    let sentence = format!("{FEE} would change on 2026-11-07; with notice it may change from 2026-11-08");
    assert_eq!(short(&fee_from("2026-11-07")), [sentence]);
    assert_eq!(short(&with("payouts.enabled", "P4", &[("2000-01-01", "false")])), Vec::<String>::new());
}

/// Packs whose service fee has a few random entries.
fn packs() -> impl Strategy<Value = PolicyPack> {
    let later = proptest::collection::btree_map(0i64..900, 0i64..1_000_000, 0..4);
    (0i64..1_000_000, later).prop_map(|(first, later)| {
        let day =
            |n: i64| jiff::civil::date(2025, 1, 1).saturating_add(jiff::Span::new().days(n)).to_string();
        let later: Vec<(String, String)> = later.iter().map(|(n, ppm)| (day(*n), ppm.to_string())).collect();
        let first = first.to_string();
        let mut entries = vec![("2000-01-01", first.as_str())];
        entries.extend(later.iter().map(|(from, ppm)| (from.as_str(), ppm.as_str())));
        with(FEE, "X13", &entries)
    })
}

/// Instants in 2025–2027.
fn instants() -> impl Strategy<Value = Timestamp> {
    (1_735_660_800i64..1_830_268_800).prop_map(|seconds| Timestamp(seconds * 1_000_000))
}

fn sets() -> impl Strategy<Value = PolicySet> {
    let versions = proptest::collection::btree_map(instants(), packs(), 1..4);
    versions.prop_map(|versions| {
        let mut numbered = (1..).zip(versions).map(|(number, (activated_at, pack))| PolicyVersion {
            number,
            activated_at,
            pack,
        });
        let first = PolicySet::new(Zone::shanghai(), numbered.next().unwrap());
        numbered.fold(first, |set, version| set.activate(version).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_later_version_never_changes_what_was_processed_before_it(
        set in sets(), pack in packs(), wait in 1i64..10_000_000_000_000,
        facts in proptest::collection::vec((instants(), instants()), 1..40),
    ) {
        let activated_at = set.latest().activated_at.plus(wait);
        let number = set.latest().number + 1;
        let more = set.clone().activate(PolicyVersion { number, activated_at, pack }).unwrap();
        for (business, processed) in facts {
            let before = set.at(business, processed).get(keys::SERVICE_FEE_INDEPENDENT);
            let after = more.at(business, processed).get(keys::SERVICE_FEE_INDEPENDENT);
            if business < activated_at || processed < activated_at {
                prop_assert_eq!(before, after);
            } else {
                prop_assert_eq!(after.version, number);
            }
        }
    }

    #[test]
    fn no_version_decides_before_its_activation_and_no_entry_before_its_date(
        set in sets(), facts in proptest::collection::vec((instants(), instants()), 1..40),
    ) {
        for (business, processed) in facts {
            let fee = set.at(business, processed).get(keys::SERVICE_FEE_INDEPENDENT);
            let version = set.version(fee.version).unwrap();
            prop_assert!(version.number == 1 || version.activated_at <= business.min(processed));
            prop_assert!(fee.effective_from <= set.zone().date(business));
            let explained = set.explain(FEE, business, processed).unwrap();
            let applies: Vec<_> = explained.entries.iter().filter(|e| e.verdict == Verdict::Applies).collect();
            prop_assert_eq!(applies.len(), 1);
            prop_assert_eq!(applies[0].version.number, fee.version);
            prop_assert_eq!(applies[0].entry.effective_from, fee.effective_from);
        }
    }

    #[test]
    fn a_damaged_pack_is_refused_with_places_or_read_but_never_a_crash(
        from in 0usize..DEFAULT_PACK.len(), length in 0usize..200, insert in "[ -~\n额]{0,6}",
    ) {
        let cut = |at: usize| (at..=DEFAULT_PACK.len()).find(|at| DEFAULT_PACK.is_char_boundary(*at)).unwrap();
        let (start, end) = (cut(from), cut((from + length).min(DEFAULT_PACK.len())));
        let text = format!("{}{insert}{}", &DEFAULT_PACK[..start], &DEFAULT_PACK[end..]);
        if let Err(issues) = PolicyPack::parse("p.toml", &text) {
            prop_assert!(!issues.is_empty());
            let lines = text.lines().count() + 1;
            prop_assert!(issues.iter().all(|issue| (1..=lines).contains(&issue.line) && issue.column > 0));
        }
    }
}
