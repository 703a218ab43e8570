//! Reconciliation as rules (P13): what meets what, and that nothing is lost or made up on the way.

use proptest::prelude::*;
use purser_domain::{
    ids::Uid,
    reconcile::{ABOUT, Booked, Found, Matching, Open, OpenSide, Told, match_day},
};

fn uid(n: u8) -> Uid {
    if n == 0 { Uid::NIL } else { Uid([n; 16]) }
}

fn booked(about: u8, amount_minor: i64) -> Booked {
    Booked { transfer: uid(about), about: uid(about), amount_minor }
}

fn about(list: &[u8]) -> [Uid; ABOUT] {
    let mut out = [Uid::NIL; ABOUT];
    for (to, from) in out.iter_mut().zip(list) {
        *to = uid(*from);
    }
    out
}

fn told(list: &[u8], amount_minor: i64) -> Told {
    Told { n: 1, about: about(list), ours: list.len() == 1, amount_minor }
}

fn found(booked: &[Booked], told: &[Told], open: &[Open]) -> (i64, Vec<Found>) {
    let Matching { matched, found } = match_day(booked, told, open);
    (matched, found)
}

#[test]
fn reference_comes_before_amount_p13() {
    // Two payouts of one amount: each line meets its own, in any order.
    let books = [booked(1, -500), booked(2, -500)];
    assert_eq!(found(&books, &[told(&[2], -500), told(&[1], -500)], &[]), (2, vec![]));
    // A line may mean several things; the first that is booked counts.
    assert_eq!(found(&[booked(3, 700)], &[told(&[9, 3], 700)], &[]), (1, vec![]));
}

#[test]
fn what_has_no_reference_is_known_by_amount_and_day_when_it_is_alone_p13() {
    assert_eq!(found(&[booked(1, 700)], &[told(&[], 700)], &[]), (0, vec![Found::ByAmount(0, 0)]));
    let twice = [told(&[], 700), told(&[], 700)];
    let all = vec![Found::ToldOnly(0, false), Found::ToldOnly(1, false), Found::BookedOnly(0)];
    assert_eq!(found(&[booked(1, 700)], &twice, &[]), (0, all));
    // A reference of ours says what it is about: it is not taken for something else.
    let other = found(&[booked(1, 700)], &[told(&[2], 700)], &[]);
    assert_eq!(other, (0, vec![Found::ToldOnly(0, false), Found::BookedOnly(0)]));
}

#[test]
fn amounts_that_differ_and_lines_that_come_twice_are_named_p13() {
    assert_eq!(found(&[booked(1, -500)], &[told(&[1], -450)], &[]), (0, vec![Found::Differs(0, 0)]));
    // The other way round it is not the same movement: a bounce is not a payout.
    let bounce = found(&[booked(1, -500)], &[told(&[1], 500)], &[]);
    assert_eq!(bounce, (0, vec![Found::ToldOnly(0, false), Found::BookedOnly(0)]));
    let paid_twice = [told(&[1], -500), told(&[1], -500)];
    assert_eq!(found(&[booked(1, -500)], &paid_twice, &[]), (1, vec![Found::ToldOnly(1, true)]));
}

#[test]
fn items_of_days_before_meet_what_came_late_p13() {
    let open = [
        Open { id: uid(50), side: OpenSide::Books(uid(1)), amount_minor: -500 },
        Open { id: uid(51), side: OpenSide::Statement(about(&[2])), amount_minor: 700 },
    ];
    let day = found(&[booked(2, 700), booked(3, 5)], &[told(&[1], -500), told(&[3], 5)], &open);
    assert_eq!(day, (1, vec![Found::Came(1), Found::Came(0)]));
    // Of two payouts about one thing, the older one is paid first.
    let same = found(&[booked(1, -500)], &[told(&[1], -500)], &open);
    assert_eq!(same, (0, vec![Found::Came(0), Found::BookedOnly(0)]));
}

proptest! {
    /// What the books are ahead of the statement after a day is what they were before, less what came, and the new items.
    #[test]
    fn the_difference_is_the_sum_of_the_items_p13(
        books in prop::collection::vec((1u8..6, prop::sample::select(vec![-2i64, -1, 1, 2])), 0..12),
        lines in prop::collection::vec((prop::collection::vec(1u8..6, 0..3), prop::sample::select(vec![-2i64, -1, 1, 2])), 0..12),
        before in prop::collection::vec((any::<bool>(), 1u8..6, prop::sample::select(vec![-2i64, -1, 1, 2])), 0..8),
    ) {
        let books: Vec<Booked> = books.into_iter().map(|(about, amount)| booked(about, amount)).collect();
        let lines: Vec<Told> = lines.iter().map(|(list, amount)| told(list, *amount)).collect();
        let open: Vec<Open> = before.iter().map(|(in_books, thing, amount)| Open {
            id: uid(100),
            side: if *in_books { OpenSide::Books(uid(*thing)) } else { OpenSide::Statement(about(&[*thing])) },
            amount_minor: *amount,
        }).collect();
        let contribution = |item: &Open| match item.side {
            OpenSide::Books(_) => item.amount_minor,
            OpenSide::Statement(_) => -item.amount_minor,
        };
        let day = match_day(&books, &lines, &open);
        let moved: i64 = books.iter().map(|b| b.amount_minor).sum::<i64>() - lines.iter().map(|l| l.amount_minor).sum::<i64>();
        let mut items = 0;
        let (mut told_seen, mut booked_seen) = (0, 0);
        for one in &day.found {
            match *one {
                Found::Came(at) => {
                    items -= contribution(&open[at]);
                    match open[at].side { OpenSide::Books(_) => told_seen += 1, OpenSide::Statement(_) => booked_seen += 1 }
                }
                Found::ByAmount(line, booking) => {
                    prop_assert_eq!(lines[line].amount_minor, books[booking].amount_minor);
                    told_seen += 1;
                    booked_seen += 1;
                }
                Found::BookedOnly(at) => { items += books[at].amount_minor; booked_seen += 1; }
                Found::ToldOnly(at, _) => { items -= lines[at].amount_minor; told_seen += 1; }
                Found::Differs(line, booking) => {
                    items += books[booking].amount_minor - lines[line].amount_minor;
                    told_seen += 1;
                    booked_seen += 1;
                }
            }
        }
        prop_assert_eq!(moved, items);
        prop_assert_eq!(i64::try_from(lines.len()).unwrap(), day.matched + told_seen);
        prop_assert_eq!(i64::try_from(books.len()).unwrap(), day.matched + booked_seen);
    }
}
