//! The year's walk of docs/guides/a-shops-year.md (C3, C4, C5, C6, C7, C8, C9, C18): every row of its table is played again, and every
//! number in it must be the one that the stored steps give. `UPDATE_EXPECT=1` rewrites what is computed.
mod credit_world;

use std::{fmt::Write as _, fs, path::Path};

use credit_world::{World, day};
use purser_domain::credit::{Rule, decode, encode, evaluate};
use purser_domain::money::decimal;

/// An amount as a reader expects it: 12,000.00.
fn money(minor: i64) -> String {
    let plain = decimal(minor.abs());
    let (whole, rest) = plain.split_once('.').expect("two decimals");
    let mut shown = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    format!("{shown}.{rest}")
}

/// What the stored steps say, in words.
fn explained(bytes: &[u8]) -> (String, Vec<Rule>) {
    let mut text = String::new();
    let mut rules = Vec::new();
    for step in decode(bytes).expect("stored steps") {
        let sign = if step.delta_minor < 0 { '−' } else { '+' };
        let gap = if text.is_empty() { "" } else { "; " };
        write!(text, "{gap}{} {sign}{}", step.rule.en(), money(step.delta_minor))
            .expect("writing to a string");
        rules.push(step.rule);
    }
    (text, rules)
}

#[test]
fn every_number_of_the_year_is_what_the_stored_steps_say_c8_c9() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/a-shops-year.md");
    let doc = fs::read_to_string(&file).expect("the guide");
    let mut world = World::of("");
    let (mut rewritten, mut rows, mut seen) = (String::new(), 0, Vec::new());
    for line in doc.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let date = cells.get(1).filter(|cell| cells.len() == 7 && cell.starts_with("202"));
        let Some(date) = date else {
            writeln!(rewritten, "{line}").expect("writing to a string");
            continue;
        };
        world.on = day(date);
        world.hear(cells[3].trim_matches('`'));
        let evaluation = evaluate(&world.shop, world.on, &world.terms);
        let (text, rules) = explained(&encode(&evaluation.steps));
        seen.extend(rules);
        let limit = money(evaluation.total_minor);
        writeln!(rewritten, "| {date} | {} | {} | {limit} | {text} |", cells[2], cells[3])
            .expect("writing to a string");
        rows += 1;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&file, &rewritten).expect("a writable guide");
        return;
    }
    for (number, (said, true_line)) in doc.lines().zip(rewritten.lines()).enumerate() {
        assert_eq!(said, true_line, "{}:{}", file.display(), number + 1);
    }
    assert!(rows >= 18, "the year has {rows} rows");
    let told = [
        Rule::NewShop,
        Rule::CreditEvaluation,
        Rule::Dsr,
        Rule::Volume,
        Rule::Training,
        Rule::ReturnRate,
        Rule::TurnoverCap,
        Rule::Promotion,
        Rule::Emergency,
        Rule::ReturnsZero,
        Rule::PoorOperation,
    ];
    for rule in told {
        assert!(seen.contains(&rule), "the year does not show {}", rule.name());
    }
}
