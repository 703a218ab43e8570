//! Pages of lists with filters. A filter is checked row by row while one index is read; how many rows one page may
//! read is bounded, so that a filter that matches little costs a little more pages and never a whole history.

use purser_storage::Fault;

/// Rows that one page reads at most before it says where to go on.
const EXAMINED: usize = 5_000;
/// Rows read at a time once the first did not fill the page.
const CHUNK: usize = 1_000;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<R, P> {
    /// Rows that the filter shows, in order.
    pub rows: Vec<R>,
    /// Where the next page begins; `None` at the end of the list.
    pub next: Option<P>,
}

/// A row on its way through a filter.
pub(crate) struct Pass<R, P> {
    pub(crate) row: R,
    pub(crate) place: P,
    pub(crate) shown: bool,
}

/// Takes a row; false when no more is wanted.
pub(crate) type Take<'a, R, P> = &'a mut dyn FnMut(Pass<R, P>) -> bool;

/// Reads a page of at most `most` rows from behind `begin` on. `read` reads at most so many rows behind a place, in
/// order.
pub(crate) fn page<R, P: Copy>(
    begin: P,
    most: usize,
    mut read: impl FnMut(P, i64, Take<'_, R, P>) -> Result<(), Fault>,
) -> Result<Page<R, P>, Fault> {
    let (mut rows, mut at, mut kept, mut examined) = (Vec::new(), begin, begin, 0);
    let mut chunk = most.saturating_add(1).min(EXAMINED);
    loop {
        let (mut got, mut full) = (0, false);
        read(at, i64::try_from(chunk).unwrap_or(i64::MAX), &mut |pass| {
            got += 1;
            at = pass.place;
            if pass.shown && rows.len() == most {
                full = true;
            } else if pass.shown {
                rows.push(pass.row);
                kept = pass.place;
            }
            !full
        })?;
        examined += got;
        if full {
            return Ok(Page { rows, next: Some(kept) });
        }
        if got < chunk {
            return Ok(Page { rows, next: None });
        }
        if examined >= EXAMINED {
            return Ok(Page { rows, next: Some(at) });
        }
        chunk = CHUNK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers below `begin`, downwards to 0, of which those divisible by `every` are shown.
    fn read_all(end: i64, every: i64, most: usize) -> (Vec<i64>, usize) {
        let (mut all, mut at, mut pages) = (Vec::new(), end, 0);
        loop {
            let read = |begin: i64, limit: i64, take: Take<'_, i64, i64>| {
                let rows = (0..begin).rev().take(usize::try_from(limit).unwrap());
                rows.into_iter().all(|n| take(Pass { row: n, place: n, shown: n % every == 0 }));
                Ok(())
            };
            let found = page(at, most, read).unwrap();
            assert!(found.rows.len() <= most);
            all.extend(found.rows);
            pages += 1;
            match found.next {
                Some(next) => at = next,
                None => return (all, pages),
            }
        }
    }

    #[test]
    fn pages_add_up_to_the_whole_list_and_read_a_bounded_part_each() {
        for (end, every, most) in
            [(0, 1, 3), (3, 1, 3), (4, 1, 3), (10, 3, 2), (12_000, 4_001, 50), (20_001, 7, 200)]
        {
            let (all, pages) = read_all(end, every, most);
            let expected: Vec<i64> = (0..end).rev().filter(|n| n % every == 0).collect();
            assert_eq!(all, expected, "{end} {every} {most}");
            assert!(pages <= 1 + expected.len() / most + usize::try_from(end).unwrap() / 4_000, "{pages}");
        }
    }
}
