//! Pay-later shops and orders under random events, planted faults and random groups: every answer and every number is
//! what an auditor of their own says (C1, C11, C12), and the books are proved at the end (P3).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here, and says where")]

use purser_domain::time::Zone;
use purser_engine::{
    credit::{self, AsOf},
    invariants,
    rules::RulesSource,
    verify::verify_full,
};
use purser_sim::{
    credit::{Act, CreditAuditor, SHOPS, merchants, shop},
    desk::{Desk, Place},
    faults::{Moment, Planned},
    rng::Rng,
};
use purser_storage::FaultKind;

fn numbers(desk: &mut Desk, number: u8) -> Option<[i64; 5]> {
    let now = desk.clock.business();
    let rules = RulesSource::builtin().load(desk.writer.session()).unwrap();
    let as_of = AsOf { rules: &rules, now };
    let view = credit::limit(desk.writer.session(), shop(number), as_of).unwrap()?;
    Some([view.used_minor, view.shop.reserved, view.shop.due, view.liability_minor, view.proceeds_minor])
}

fn run(place: &Place, seed: u64) {
    let mut rng = Rng::new(seed);
    let mut desk = Desk::open(place);
    let mut auditor = CreditAuditor::default();
    desk.run(merchants);
    for round in 0..60 {
        let acts: Vec<Act> = (0..=rng.below(5)).map(|_| Act::random(&mut rng)).collect();
        // A passing fault somewhere in the group: it runs again, and nobody can tell.
        let moment = if rng.one_in(2) { Moment::Before } else { Moment::After };
        let call = 1 + rng.below(40);
        desk.dial.plan(Planned { call, moment, kind: FaultKind::Retry, times: 1 });
        let answers = desk.run(|batch| acts.iter().map(|act| act.job(batch)).collect());
        desk.dial.clear();
        for (act, answer) in acts.iter().zip(answers) {
            let said = String::from_utf8(answer.unwrap().body).unwrap();
            assert_eq!(said, auditor.act(act), "seed {seed}, round {round}: {act:?}");
        }
        for number in 0..SHOPS {
            if let Some(found) = numbers(&mut desk, number) {
                assert_eq!(found, auditor.numbers(number), "seed {seed}, round {round}, shop {number}");
            }
        }
    }
    desk.check_chain();
    let report =
        verify_full(desk.writer.session(), &Zone::shanghai(), &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "seed {seed}: {:?}", report.first());
}

#[test]
fn used_reserved_due_and_liability_are_what_the_auditor_says_c1_c11_c12() {
    let rounds = if std::env::var_os("PURSER_LONG").is_some() { 400 } else { 12 };
    for seed in 1..=rounds {
        // Places of their own: on a server, one seed in six has to do.
        let places = if seed % 6 == 1 { Place::all() } else { vec![Place::new()] };
        for place in places {
            run(&place, seed);
        }
    }
}
