//! Cases of the money module.
mod support;

use purser_domain::money::{Rate, Rounding, decimal, parse_decimal};

#[test]
fn rates() {
    support::run("money", |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [amount, "at", ppm, rounding] = words[..] else { return "unreadable case".into() };
        let rounding = match rounding {
            "half-up" => Rounding::HalfUp,
            "down" => Rounding::Down,
            _ => Rounding::Up,
        };
        let rate = Rate::ppm(ppm.parse().unwrap());
        parse_decimal(amount).and_then(|a| rate.of(a, rounding)).map_or_else(|e| e.to_string(), decimal)
    });
}
