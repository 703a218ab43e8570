//! The advertising account under random commands, faults, restarts and a moving clock: every answer, balance, status, budget,
//! figure and numbered event is what an auditor of its own says (A1, A3, A4, A5, A7, A8, A9, A10), nobody ever owes more than may
//! be owed (A4), and the books are proved at the end (P3).

use purser_sim::{charges::run::run, desk::Place};

/// Commands of a seed.
const OPS: usize = 120;

#[test]
fn every_answer_and_balance_is_what_the_auditor_says_a1_a3_a4_a5_a7_a8_a9_a10() {
    let seeds = if std::env::var_os("PURSER_LONG").is_some() { 400 } else { 24 };
    let (mut most, mut stops, mut restarts, mut again) = (0, 0, 0, 0);
    let mut said = std::collections::BTreeSet::new();
    for seed in 1..=seeds {
        // Places of their own: on a server, one seed in twelve has to do.
        let places = if seed % 12 == 1 { Place::all() } else { vec![Place::new()] };
        for place in places {
            let outcome = run(&place, seed, OPS).unwrap_or_else(|text| panic!("{text}"));
            most = most.max(outcome.most_arrears_minor);
            stops += outcome.stops;
            restarts += outcome.restarts;
            again += outcome.answers.get("again").copied().unwrap_or(0);
            said.extend(outcome.answers.into_keys());
        }
    }
    assert!(stops > 0 && restarts > 0 && again > 0 && most > 0, "{stops} {restarts} {again} {most}");
    for code in [
        "arrears_limit",
        "campaign_stopped",
        "campaign_paused",
        "click_conflict",
        "click_in_the_future",
        "click_too_late",
        "click_credited_before",
        "off_schedule",
        "price_above_bid",
        "ad_balance_too_low",
        "budget_too_small",
    ] {
        assert!(said.contains(code), "{code} never came: {said:?}");
    }
}
