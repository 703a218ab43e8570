//! Where ids and secrets come from. The only reader of randomness.

use purser_domain::{
    ids::{TransferId, TypedId, Uid},
    time::Timestamp,
};

/// The id of a transfer that follows from what it is about, so that asking twice moves money once. It sorts before
/// every time-ordered id: the ledger looks up ids that are not newer than all it has, and one derived id that
/// sorted last would make it look up every later one.
pub fn derived_transfer(context: &'static str, parts: &[&[u8]]) -> TransferId {
    let mut id = Uid::derive(context, parts);
    id.0[..6].fill(0);
    TransferId(id)
}

/// When a time-ordered id was made, to the millisecond of machine time; nonsense for derived ids.
pub fn made_at(id: Uid) -> Timestamp {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&id.0[..6]);
    Timestamp(i64::from_be_bytes(millis).saturating_mul(1_000))
}

/// Makes time-ordered ids (UUIDv7): strictly increasing within one source.
#[derive(Debug)]
pub struct IdSource {
    millis: u64,
    counter: u32,
    node: u64,
    random: Option<u64>,
}

impl IdSource {
    /// A source with fresh randomness from the system.
    pub fn system() -> Self {
        let mut seed = [0; 8];
        fill(&mut seed);
        Self { millis: 0, counter: 0, node: u64::from_le_bytes(seed), random: None }
    }

    /// A source whose ids follow from a seed: simulation.
    pub fn seeded(seed: u64) -> Self {
        Self { millis: 0, counter: 0, node: seed, random: Some(seed | 1) }
    }

    /// The next id; `now` is machine time.
    pub fn next<T: TypedId>(&mut self, now: Timestamp) -> T {
        T::from_uid(self.next_uid(now))
    }

    /// The next raw id. 48 bits of milliseconds, 26 bits of counter, 48 bits that differ between sources.
    pub fn next_uid(&mut self, now: Timestamp) -> Uid {
        let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
        if millis > self.millis {
            self.millis = millis;
            self.counter = 0;
        } else {
            self.counter += 1;
            if self.counter >= 1 << 26 {
                self.millis += 1;
                self.counter = 0;
            }
        }
        let (high, low) = (u64::from(self.counter >> 14), u64::from(self.counter & 0x3fff));
        let first = (self.millis << 16) | 0x7000 | high;
        let second = (1 << 63) | (low << 48) | (self.node & 0xffff_ffff_ffff);
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&first.to_be_bytes());
        bytes[8..].copy_from_slice(&second.to_be_bytes());
        Uid(bytes)
    }

    /// An unguessable secret of 32 bytes (seeded sources give predictable ones).
    pub fn secret(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        match &mut self.random {
            None => fill(&mut out),
            Some(state) => {
                for chunk in out.chunks_mut(8) {
                    *state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
                }
            }
        }
        out
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's randomness")]
fn fill(out: &mut [u8]) {
    // A system without randomness cannot make secrets: stopping is the only safe answer.
    assert!(getrandom::fill(out).is_ok(), "the system gives no randomness");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_when_it_was_made() {
        let id = IdSource::seeded(1).next_uid(Timestamp(1_764_316_800_123_456));
        assert_eq!(made_at(id), Timestamp(1_764_316_800_123_000));
    }

    #[test]
    fn ids_increase_even_when_the_clock_stands_or_steps_back() {
        let mut source = IdSource::seeded(1);
        let mut last = source.next_uid(Timestamp(5_000_000));
        for step in [0i64, 0, -3_000, 0, 1_000, 0] {
            let next = source.next_uid(Timestamp(5_000_000 + step));
            assert!(next > last, "{next:?} after {last:?}");
            last = next;
        }
    }
}
