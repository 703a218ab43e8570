//! A day's lines against each other: by what they are about and the amount, then by amount and day.

#![expect(clippy::indexing_slicing, reason = "places are those of the lists that they were counted over")]

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::Uid;

/// Most things that a line of a statement may be about: what its references can mean.
pub const ABOUT: usize = 4;

/// A movement in the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booked {
    /// Its line of the ledger.
    pub transfer: Uid,
    /// What it is about.
    pub about: Uid,
    /// Minor units, into the float above zero.
    pub amount_minor: i64,
}

/// A movement on the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Its line of the statement, from 1.
    pub n: i64,
    /// What it may be about; nil where there is no more.
    pub about: [Uid; ABOUT],
    /// Its reference is one that only we give.
    pub ours: bool,
    /// Minor units, into the float above zero.
    pub amount_minor: i64,
}

/// The side on which an item of a day before stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenSide {
    /// In the books, about this.
    Books(Uid),
    /// On the statement, about one of these.
    Statement([Uid; ABOUT]),
}

/// An item of a day before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: Uid,
    /// Where it stands.
    pub side: OpenSide,
    /// Minor units, into the float above zero.
    pub amount_minor: i64,
}

/// What is not simply on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// An item of a day before met its other side: the place of the item among those given.
    Came(usize),
    /// Both sides of a day are one movement by amount and day alone: places of the line and of the booking.
    ByAmount(usize, usize),
    /// Booked only: the place of the booking.
    BookedOnly(usize),
    /// On the statement only: the place of the line, and whether another line like it has its booking.
    ToldOnly(usize, bool),
    /// About the same, of different amounts: places of the line and of the booking.
    Differs(usize, usize),
}

/// What comparing a day came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// Lines of the statement that met a booking of the same day by reference.
    pub matched: i64,
    /// Everything else, in order.
    pub found: Vec<Found>,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    Today(usize),
    Before(usize),
}

type Index = BTreeMap<(Uid, i64), Vec<Source>>;

fn real(about: &[Uid; ABOUT]) -> impl Iterator<Item = Uid> + '_ {
    about.iter().copied().filter(|uid| !uid.is_nil())
}

fn take(index: &mut Index, about: &[Uid; ABOUT], amount: i64) -> Option<Source> {
    real(about).find_map(|uid| index.get_mut(&(uid, amount)).and_then(Vec::pop))
}

/// Compares a day. Items of days before come first: what came late is not mistaken for something new.
pub fn match_day(booked: &[Booked], told: &[Told], open: &[Open]) -> Matching {
    let mut out = Matching::default();
    let mut index = Index::new();
    // What is taken first stands last.
    for (place, one) in booked.iter().enumerate().rev() {
        index.entry((one.about, one.amount_minor)).or_default().push(Source::Today(place));
    }
    for (place, item) in open.iter().enumerate().rev() {
        if let OpenSide::Books(about) = item.side {
            index.entry((about, item.amount_minor)).or_default().push(Source::Before(place));
        }
    }
    let mut used = vec![false; booked.len()];
    for (place, item) in open.iter().enumerate() {
        let OpenSide::Statement(about) = &item.side else { continue };
        // Two items of days before are no news to each other.
        let today = real(about).find_map(|uid| {
            let found = index.get_mut(&(uid, item.amount_minor))?;
            let at = found.iter().position(|source| matches!(source, Source::Today(_)))?;
            Some(found.remove(at))
        });
        if let Some(Source::Today(at)) = today {
            used[at] = true;
            out.found.push(Found::Came(place));
        }
    }
    let mut left = Vec::new();
    for (place, line) in told.iter().enumerate() {
        match take(&mut index, &line.about, line.amount_minor) {
            Some(Source::Today(at)) => {
                used[at] = true;
                out.matched += 1;
            }
            Some(Source::Before(at)) => out.found.push(Found::Came(at)),
            None => left.push(place),
        }
    }
    let left = differing(booked, told, left, &mut used, &index, &mut out);
    let left = by_amount(booked, told, left, &mut used, &mut out);
    out.found.extend(left.into_iter().map(|place| {
        let line = &told[place];
        // The place in the index stays when what stood there was taken.
        let twice = real(&line.about).any(|uid| index.contains_key(&(uid, line.amount_minor)));
        Found::ToldOnly(place, twice)
    }));
    let rest = used.iter().enumerate().filter(|(_, used)| !**used);
    out.found.extend(rest.map(|(place, _)| Found::BookedOnly(place)));
    out
}

/// What is about the same and goes the same way, of another amount. Returns the lines that are left.
fn differing(
    booked: &[Booked],
    told: &[Told],
    left: Vec<usize>,
    used: &mut [bool],
    index: &Index,
    out: &mut Matching,
) -> Vec<usize> {
    let mut by_about: BTreeMap<Uid, Vec<usize>> = BTreeMap::new();
    for (place, one) in booked.iter().enumerate().rev().filter(|(place, _)| !used[*place]) {
        by_about.entry(one.about).or_default().push(place);
    }
    let mut rest = Vec::new();
    for place in left {
        let line = &told[place];
        let again = real(&line.about).any(|uid| index.contains_key(&(uid, line.amount_minor)));
        let found = if line.ours && !again {
            real(&line.about).find_map(|uid| {
                let places = by_about.get_mut(&uid)?;
                let same_way = |at: &usize| booked[*at].amount_minor.signum() == line.amount_minor.signum();
                let at = places.iter().rposition(same_way)?;
                Some(places.remove(at))
            })
        } else {
            None
        };
        match found {
            Some(at) => {
                used[at] = true;
                out.found.push(Found::Differs(place, at));
            }
            None => rest.push(place),
        }
    }
    rest
}

/// One line and one booking of an amount on this day, and neither says that it is about something else.
fn by_amount(
    booked: &[Booked],
    told: &[Told],
    left: Vec<usize>,
    used: &mut [bool],
    out: &mut Matching,
) -> Vec<usize> {
    let mut sides: BTreeMap<i64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for place in left.iter().copied().filter(|place| !told[*place].ours) {
        sides.entry(told[place].amount_minor).or_default().0.push(place);
    }
    for (place, one) in booked.iter().enumerate().filter(|(place, _)| !used[*place]) {
        if let Some(side) = sides.get_mut(&one.amount_minor) {
            side.1.push(place);
        }
    }
    let mut met = BTreeSet::new();
    for (lines, bookings) in sides.into_values() {
        if let ([line], [booking]) = (lines.as_slice(), bookings.as_slice()) {
            used[*booking] = true;
            out.found.push(Found::ByAmount(*line, *booking));
            met.insert(*line);
        }
    }
    left.into_iter().filter(|place| !met.contains(place)).collect()
}
