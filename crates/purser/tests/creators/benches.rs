//! The benches of withdrawals and of the month close run to their end on both databases, with codes and sound books (P8,
//! X15); their figures need a release build and a quiet machine.

use crate::support::world::Place;

#[test]
fn withdrawals_are_measured_with_their_codes_p8() {
    for place in Place::all() {
        let run =
            place.run(&["bench", "withdrawals", "--withdrawals", "300", "--connections", "8", "--json"]);
        let figures = run.ended(0).json();
        let int = |name: &str| figures[name].as_i64().unwrap_or_else(|| panic!("no {name} in {figures}"));
        assert_eq!((int("creators"), &figures["verify"]), (300, &serde_json::json!("ok")));
        assert_eq!(int("made") + int("refused") + int("replayed"), int("answered"));
        assert!(int("refused") > 0 && int("replayed") > 0 && int("withdrawals_per_s") > 0, "{figures}");
    }
}

#[test]
fn a_month_is_closed_for_all_of_its_creators_x15() {
    for place in Place::all() {
        let run = place.run(&["bench", "month-close", "--creators", "300", "--json"]);
        let figures = run.ended(0).json();
        assert_eq!((&figures["creators"], &figures["verify"]), (&300.into(), &"ok".into()), "{figures}");
    }
}
