//! Lists: `limit`, `cursor`, `next_cursor`.

use purser_domain::ids::Uid;
use purser_engine::feed::{Place, Places};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;

/// Rows on a page when nobody says.
const USUAL: usize = 50;
/// Most rows on a page.
const MOST: usize = 200;

/// Parameters of every list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Most rows to return, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<usize>,
    /// `next_cursor` of the page before; opaque.
    pub(crate) cursor: Option<String>,
}

/// A page of rows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// Rows.
    pub(crate) data: Vec<T>,
    /// Where the next page begins; null at the end.
    pub(crate) next_cursor: Option<String>,
}

impl PageParams {
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        limit(self.limit)
    }
}

pub(crate) fn limit(given: Option<usize>) -> Result<usize, Problem> {
    match given {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid("limit", format!("limit is from 1 to {MOST}"))),
    }
}

/// Cuts a list that was read with one row more than the page holds.
pub(crate) fn page_of<R, T>(
    mut rows: Vec<R>,
    limit: usize,
    cursor: impl Fn(&R) -> Cursor,
    show: impl Fn(R) -> T,
) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = if more { rows.last().map(|row| cursor(row).encode()) } else { None };
    Page { data: rows.into_iter().map(show).collect(), next_cursor }
}

/// A place in a list: numbers and an id. Opaque to clients, checked on the way in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cursor {
    pub(crate) numbers: Vec<i64>,
    pub(crate) id: Uid,
}

impl Cursor {
    pub(crate) fn id(id: Uid) -> Self {
        Self { numbers: Vec::new(), id }
    }

    pub(crate) fn encode(&self) -> String {
        let mut bytes = self.id.0.to_vec();
        for number in &self.numbers {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(check(&bytes));
        bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            for nibble in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(nibble), 16));
            }
            out
        })
    }

    pub(crate) fn decode(text: &str) -> Result<Self, Problem> {
        let bad = || Problem::invalid("cursor", "not a cursor of this list: use next_cursor as it was given");
        let digits: Option<Vec<u8>> =
            text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let digits = digits.ok_or_else(bad)?;
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
        let (last, bytes) = bytes.split_last().ok_or_else(bad)?;
        let (id, numbers) = bytes.split_at_checked(16).ok_or_else(bad)?;
        let (numbers, odd) = numbers.as_chunks::<8>();
        if !rest.is_empty() || !odd.is_empty() || *last != check(bytes) || numbers.len() > 3 * 1024 {
            return Err(bad());
        }
        let id = Uid(id.try_into().map_err(|_| bad())?);
        Ok(Self { numbers: numbers.iter().map(|n| i64::from_be_bytes(*n)).collect(), id })
    }

    /// The instant and id of a list in order of time.
    pub(crate) fn place(&self) -> Result<(i64, Uid), Problem> {
        match self.numbers.as_slice() {
            [at] => Ok((*at, self.id)),
            _ => {
                Err(Problem::invalid("cursor", "not a cursor of this list: use next_cursor as it was given"))
            }
        }
    }

    /// With a short text behind the numbers.
    pub(crate) fn with_text(mut self, text: &str) -> Self {
        self.numbers.push(i64::try_from(text.len()).unwrap_or(i64::MAX));
        for part in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            self.numbers.push(i64::from_be_bytes(bytes));
        }
        self
    }

    /// The first `count` numbers and the text of [`Cursor::with_text`]; `None` where it has neither so many nor a text.
    pub(crate) fn text(&self, count: usize) -> Option<(&[i64], String)> {
        let (numbers, rest) = self.numbers.split_at_checked(count)?;
        let (length, parts) = rest.split_first()?;
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_be_bytes()).collect();
        let length = usize::try_from(*length).ok().filter(|length| length.div_ceil(8) == parts.len())?;
        bytes.truncate(length);
        Some((numbers, String::from_utf8(bytes).ok()?))
    }

    pub(crate) fn of_places(places: &Places) -> Self {
        let numbers = places.0.iter().flat_map(|place| [place.lane, place.seq, place.n]).collect();
        Self { numbers, id: Uid::NIL }
    }

    pub(crate) fn places(&self) -> Places {
        let (triples, _) = self.numbers.as_chunks::<3>();
        Places(triples.iter().map(|[lane, seq, n]| Place { lane: *lane, seq: *seq, n: *n }).collect())
    }
}

fn check(bytes: &[u8]) -> u8 {
    blake3::hash(bytes).as_bytes().first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_round_trip() {
        for text in ["", "a", "12345678", "退款 1", &"x".repeat(64)] {
            let cursor = Cursor { numbers: vec![7, 9], id: Uid([9; 16]) }.with_text(text);
            let read = Cursor::decode(&cursor.encode()).unwrap();
            assert_eq!(read.text(2), Some(([7, 9].as_slice(), text.to_owned())));
            assert_eq!(read.text(99), None);
        }
        assert_eq!(Cursor::id(Uid([9; 16])).text(0), None);
    }

    #[test]
    fn cursors_round_trip_and_others_are_refused() {
        let cursor = Cursor { numbers: vec![1, -5, i64::MAX], id: Uid([9; 16]) };
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        for bad in ["", "zz", "00", "0123456789abcdef", &cursor.encode()[2..]] {
            assert!(Cursor::decode(bad).is_err(), "{bad}");
        }
    }
}
