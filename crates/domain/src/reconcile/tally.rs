//! A statement as plain data, and the sums that it must keep: counted while its lines pass, so that a file of any size
//! is read line by line.

use crate::{ids::Uid, money::decimal, time::Date};

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Civil date of the booking.
    pub on: Date,
    /// Minor units: what came into the float above zero, what went out below.
    pub amount_minor: i64,
    /// The reference that we gave; empty when there is none.
    pub reference: String,
    /// The rail's own id of what it is about; empty when there is none.
    pub rail_reference: String,
    /// The id under which the line is known as an entry of the bank; nil elsewhere.
    pub entry: Uid,
    /// What the rail calls it.
    pub kind: String,
}

/// What a statement says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The rail's id of the statement; empty where it gives none.
    pub number: String,
    /// The platform's account, masked.
    pub account: String,
    /// Currency code.
    pub currency: String,
    /// First day.
    pub from_on: Date,
    /// Last day.
    pub to_on: Date,
    /// Balance before its first line, minor units.
    pub opening_minor: i64,
    /// Balance after its last line, minor units.
    pub closing_minor: i64,
    /// Lines.
    pub lines: i64,
    /// Digest of what it says: the same statement, fetched again, has the same.
    pub digest: [u8; 32],
}

/// Why a statement cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// Nothing in it.
    #[error("the statement has no lines: there is nothing to reconcile")]
    Empty,
    /// The days are the wrong way round.
    #[error("the statement ends on {to_on}, before it begins on {from_on}")]
    Days {
        /// First day.
        from_on: Date,
        /// Last day.
        to_on: Date,
    },
    /// A line is booked outside.
    #[error("line {n} is booked on {on}, outside the days of the statement ({from_on} to {to_on})")]
    Outside {
        /// Which, from 1.
        n: i64,
        /// Its day.
        on: Date,
        /// First day.
        from_on: Date,
        /// Last day.
        to_on: Date,
    },
    /// It does not add up.
    #[error("opening balance and lines add up to {}, but the statement closes with {}", show(*sum), decimal(*closing_minor))]
    Sums {
        /// What they add up to, minor units.
        sum: i128,
        /// What it says, minor units.
        closing_minor: i64,
    },
}

fn show(minor: i128) -> String {
    i64::try_from(minor).map_or_else(|_| minor.to_string(), decimal)
}

impl Mistake {
    /// Stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "statement_empty",
            Self::Days { .. } => "statement_days",
            Self::Outside { .. } => "statement_day_outside",
            Self::Sums { .. } => "statement_sums",
        }
    }
}

/// Counts lines as they pass.
#[derive(Debug, Clone)]
pub struct Tally {
    lines: i64,
    sum: i128,
    first: Option<(i64, Date)>,
    last: Option<(i64, Date)>,
    hasher: blake3::Hasher,
}

impl Default for Tally {
    fn default() -> Self {
        let hasher = blake3::Hasher::new_derive_key("purser statement content v1");
        Self { lines: 0, sum: 0, first: None, last: None, hasher }
    }
}

impl Tally {
    /// Counts a line.
    pub fn add(&mut self, line: &Line) {
        self.lines += 1;
        self.sum += i128::from(line.amount_minor);
        let here = (self.lines, line.on);
        if self.first.is_none_or(|(_, first)| line.on < first) {
            self.first = Some(here);
        }
        if self.last.is_none_or(|(_, last)| line.on > last) {
            self.last = Some(here);
        }
        self.hasher.update(line.on.to_string().as_bytes()).update(&line.amount_minor.to_le_bytes());
        for text in [&line.reference, &line.rail_reference, &line.kind] {
            self.hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
    }

    /// Lines so far.
    pub const fn lines(&self) -> i64 {
        self.lines
    }

    /// First and last day on which a line was booked.
    pub fn days(&self) -> Option<(Date, Date)> {
        Some((self.first?.1, self.last?.1))
    }

    /// The statement that these lines make, when they keep what `head` says; its lines and digest are filled in.
    ///
    /// # Errors
    /// A [`Mistake`], the first that applies.
    pub fn close(mut self, mut head: Head) -> Result<Head, Mistake> {
        let (from_on, to_on) = (head.from_on, head.to_on);
        let (Some(first), Some(last)) = (self.first, self.last) else { return Err(Mistake::Empty) };
        if to_on < from_on {
            return Err(Mistake::Days { from_on, to_on });
        }
        let outside = [(first, first.1 < from_on), (last, last.1 > to_on)];
        if let Some(((n, on), _)) = outside.into_iter().find(|(_, is)| *is) {
            return Err(Mistake::Outside { n, on, from_on, to_on });
        }
        let sum = i128::from(head.opening_minor) + self.sum;
        if sum != i128::from(head.closing_minor) {
            return Err(Mistake::Sums { sum, closing_minor: head.closing_minor });
        }
        head.lines = self.lines;
        let days = format!("{from_on} {to_on} {} {}", head.opening_minor, head.currency);
        self.hasher.update(days.as_bytes());
        head.digest = *self.hasher.finalize().as_bytes();
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(on: &str, amount_minor: i64) -> Line {
        Line {
            on: on.parse().unwrap(),
            amount_minor,
            reference: "wd_1-01".to_owned(),
            rail_reference: String::new(),
            entry: Uid::NIL,
            kind: String::new(),
        }
    }

    fn head(opening_minor: i64, closing_minor: i64) -> Head {
        Head {
            number: String::new(),
            account: String::new(),
            currency: "CNY".to_owned(),
            from_on: "2026-03-02".parse().unwrap(),
            to_on: "2026-03-03".parse().unwrap(),
            opening_minor,
            closing_minor,
            lines: 0,
            digest: [0; 32],
        }
    }

    fn closed(lines: &[Line], head: Head) -> Result<Head, &'static str> {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(line);
        }
        tally.close(head).map_err(|no| no.code())
    }

    #[test]
    fn a_statement_adds_up_and_keeps_to_its_days_p13() {
        let lines = [line("2026-03-02", 500), line("2026-03-03", -200)];
        let first = closed(&lines, head(1_000, 1_300)).unwrap();
        assert_eq!(first.lines, 2);
        assert_eq!(closed(&lines, head(1_000, 1_300)).unwrap().digest, first.digest);
        assert_ne!(closed(&lines, head(1_001, 1_301)).unwrap().digest, first.digest);
        assert_ne!(
            closed(&[lines[0].clone(), line("2026-03-02", -200)], head(1_000, 1_300)).unwrap().digest,
            first.digest
        );
        assert_eq!(closed(&lines, head(1_000, 1_301)), Err("statement_sums"));
        assert_eq!(closed(&[], head(0, 0)), Err("statement_empty"));
        assert_eq!(closed(&[line("2026-03-01", 1)], head(0, 1)), Err("statement_day_outside"));
        assert_eq!(closed(&[line("2026-03-04", 1)], head(0, 1)), Err("statement_day_outside"));
        let wrong = Head { to_on: "2026-03-01".parse().unwrap(), ..head(0, 1) };
        assert_eq!(closed(&lines, wrong), Err("statement_days"));
    }
}
