//! Creators paid over a rail that fails, beside a database that fails, servers that die and people who change their minds: what
//! the rail really paid is what the books say, nothing leaves twice and nothing is given back that may still arrive (M, X2, X11,
//! X12, P9, P10, P12, P16).

use purser_sim::{desk::Place, payday::run::run};

/// Commands of a seed.
const OPS: usize = 80;

#[test]
fn what_the_rail_paid_is_what_the_books_say_m_x2_x11_x12_p9_p10_p12_p16() {
    let seeds = if std::env::var_os("PURSER_LONG").is_some() { 1_000 } else { 40 };
    let mut all = purser_sim::payday::run::Outcome::default();
    for seed in 1..=seeds {
        // Places of their own: on a server, one seed in ten has to do.
        let places = if seed % 10 == 1 { Place::all() } else { vec![Place::new()] };
        for place in places {
            all.add(&run(&place, seed, OPS).unwrap_or_else(|text| panic!("{text}")));
        }
    }
    assert!(all.faults > 0 && all.restarts > 0, "{all:?}");
    for ending in ["paid", "partly_paid", "failed", "bounced", "cancelled"] {
        assert!(all.ended.contains_key(ending), "nothing was {ending}: {all:?}");
    }
    for code in [
        "accepted",
        "party_frozen",
        "insufficient_available",
        "first_steps_missing",
        "inquiry_too_early",
        "already_sent",
    ] {
        assert!(all.answers.contains_key(code), "{code} never came: {all:?}");
    }
}
