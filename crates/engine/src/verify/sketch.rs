//! Which rows are in one set but not in the other, in constant memory: both sets are folded into a few cells,
//! equal rows cancel, and what is left is unfolded again (an invertible Bloom table). A verification compares
//! tables of any size with what the journal says they must hold, and still names the rows that differ.

use purser_storage::{Record, Sink};

/// Cells per hash function. Three times this many unfold about 1,200 differences; more are only counted.
const CELLS: usize = 512;

#[derive(Clone)]
struct Cell<const N: usize> {
    count: i64,
    check: u64,
    folded: [u8; N],
}

/// Two sets of rows of `N` bytes.
pub(super) struct Sketch<const N: usize> {
    cells: Vec<Cell<N>>,
    balance: i64,
}

/// What one set has and the other has not.
#[derive(Debug)]
pub(super) struct Difference<const N: usize> {
    pub(super) missing: Vec<[u8; N]>,
    pub(super) extra: Vec<[u8; N]>,
    /// There were more differences than could be unfolded; this many at least.
    pub(super) unnamed: u64,
}

fn mix(item: &[u8]) -> u64 {
    let mut hash = 0x51_7c_c1_b7_27_22_0a_95_u64;
    for chunk in item.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = scramble(hash ^ u64::from_le_bytes(word));
    }
    hash
}

fn scramble(mut word: u64) -> u64 {
    word ^= word >> 33;
    word = word.wrapping_mul(0xff51_afd7_ed55_8ccd);
    word ^= word >> 33;
    word = word.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ (word >> 33)
}

/// The three cells of an item: one in each third, from three parts of its hash.
fn places(hash: u64) -> [usize; 3] {
    let part = |shift: u32| usize::from(u16::try_from((hash >> shift) & 0xffff).unwrap_or(0)) % CELLS;
    [part(0), CELLS + part(16), 2 * CELLS + part(32)]
}

impl<const N: usize> Sketch<N> {
    pub(super) fn new() -> Self {
        Self { cells: vec![Cell { count: 0, check: 0, folded: [0; N] }; 3 * CELLS], balance: 0 }
    }

    /// Adds a row that must be there.
    pub(super) fn expect(&mut self, item: &[u8; N]) {
        self.fold(item, mix(item), 1);
    }

    /// Adds a row that is there.
    pub(super) fn see(&mut self, item: &[u8; N]) {
        self.fold(item, mix(item), -1);
    }

    fn fold(&mut self, item: &[u8; N], hash: u64, count: i64) {
        self.balance += count;
        for place in places(hash) {
            if let Some(cell) = self.cells.get_mut(place) {
                cell.count += count;
                cell.check ^= scramble(hash);
                for (to, from) in cell.folded.iter_mut().zip(item) {
                    *to ^= from;
                }
            }
        }
    }

    pub(super) fn difference(mut self) -> Difference<N> {
        let (mut missing, mut extra) = (Vec::new(), Vec::new());
        let mut pending: Vec<usize> = (0..self.cells.len()).collect();
        while let Some(place) = pending.pop() {
            let Some(cell) = self.cells.get(place) else { continue };
            let (item, count) = (cell.folded, cell.count);
            let hash = mix(&item);
            if count.abs() != 1 || cell.check != scramble(hash) {
                continue;
            }
            let side = if count > 0 { &mut missing } else { &mut extra };
            side.push(item);
            self.fold(&item, hash, -count);
            pending.extend(places(hash));
        }
        let left = self.cells.iter().any(|c| c.count != 0 || c.check != 0);
        let unnamed = if left { self.balance.unsigned_abs().max(1) } else { 0 };
        missing.sort_unstable();
        extra.sort_unstable();
        Difference { missing, extra, unnamed }
    }
}

/// Width of a packed row: the widest is a daily row.
pub(super) const WIDTH: usize = 80;

/// Columns of a row one after another; absent ones take no room. Rows of one table have one layout.
pub(super) fn pack<T: Record>(row: &T) -> [u8; WIDTH] {
    let mut packer = Packer { out: [0; WIDTH], at: 0 };
    row.write(&mut packer);
    packer.out
}

struct Packer {
    out: [u8; WIDTH],
    at: usize,
}

impl Sink for Packer {
    fn int(&mut self, value: i64) {
        self.bytes(&value.to_le_bytes());
    }
    fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
    fn bytes(&mut self, value: &[u8]) {
        let end = self.at + value.len();
        if let Some(room) = self.out.get_mut(self.at..end) {
            room.copy_from_slice(value);
        }
        self.at = end;
    }
    fn null(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: u64) -> [u8; 16] {
        let mut out = [7; 16];
        out[..8].copy_from_slice(&n.to_le_bytes());
        out
    }

    #[test]
    fn names_what_differs_between_large_sets() {
        let mut sketch = Sketch::new();
        for n in 0..100_000 {
            if n % 1_000 != 3 {
                sketch.expect(&item(n));
            }
        }
        for n in (0..100_000).rev() {
            if n % 2_000 != 5 {
                sketch.see(&item(n));
            }
        }
        let difference = sketch.difference();
        assert_eq!(difference.unnamed, 0);
        assert_eq!(difference.extra.len(), 100);
        assert_eq!(difference.missing.len(), 50);
        assert!(difference.missing.contains(&item(2_005)) && difference.extra.contains(&item(1_003)));
    }

    #[test]
    fn too_many_differences_are_counted() {
        let mut sketch = Sketch::new();
        (0..50_000).for_each(|n| sketch.see(&item(n)));
        let difference = sketch.difference();
        assert!(difference.unnamed > 40_000, "{}", difference.unnamed);
    }
}
