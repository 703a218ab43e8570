//! How far a verification came.

use std::{fmt, str::FromStr};

use purser_domain::ids::{TransferId, Uid};

use super::finding::hex;

/// Name of the `meta` row under which the command line keeps a state.
pub const VERIFIED: &str = "verified";

/// A place in a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Number of the last group or checkpoint that was verified; 0 for none.
    pub seq: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What a verification without findings leaves for the next one: the heads of every chain, and digests of the
/// mutable rows beside the journal. A few hundred bytes; as text, one fact per line. Kept outside the database it
/// also shows a database that was cut or replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerifiedState {
    /// Head per lane.
    pub lanes: Vec<(i64, Head)>,
    /// Last checkpoint.
    pub checkpoint: Head,
    /// Digest of all accounts with lines.
    pub accounts: [u8; 32],
    /// Digest of all holds.
    pub holds: [u8; 32],
    /// The largest transfer id.
    pub newest: TransferId,
}

impl VerifiedState {
    /// Head of a lane; the beginning for one that is new since.
    pub fn head(&self, lane: i64) -> Head {
        self.lanes.iter().find(|(l, _)| *l == lane).map_or_else(Head::default, |(_, head)| *head)
    }
}

const TITLE: &str = "purser verified v1";

impl fmt::Display for VerifiedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{TITLE}")?;
        for (lane, head) in &self.lanes {
            writeln!(f, "lane {lane} {} {}", head.seq, hex(&head.hash))?;
        }
        writeln!(f, "checkpoint {} {}", self.checkpoint.seq, hex(&self.checkpoint.hash))?;
        writeln!(f, "accounts {}", hex(&self.accounts))?;
        writeln!(f, "holds {}", hex(&self.holds))?;
        writeln!(f, "newest {}", hex(&self.newest.0.0))
    }
}

/// A text that is not a state of a verification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the verified state cannot be read: verify in full")]
pub struct StateError {
    /// Which line, from 1.
    pub line: usize,
}

impl FromStr for VerifiedState {
    type Err = StateError;

    fn from_str(text: &str) -> Result<Self, StateError> {
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, title)| title != TITLE) {
            return Err(StateError { line: 1 });
        }
        let mut state = Self::default();
        let mut seen = 0;
        for (index, line) in lines {
            read_line(&mut state, line).ok_or(StateError { line: index + 1 })?;
            seen += usize::from(!line.starts_with("lane "));
        }
        if seen == 4 { Ok(state) } else { Err(StateError { line: text.lines().count() + 1 }) }
    }
}

fn read_line(state: &mut VerifiedState, text: &str) -> Option<()> {
    let words: Vec<&str> = text.split(' ').collect();
    match words.as_slice() {
        ["lane", lane, seq, hash] => {
            let head = Head { seq: seq.parse().ok()?, hash: unhex(hash)? };
            state.lanes.push((lane.parse().ok()?, head));
        }
        ["checkpoint", seq, hash] => {
            state.checkpoint = Head { seq: seq.parse().ok()?, hash: unhex(hash)? };
        }
        ["accounts", hash] => state.accounts = unhex(hash)?,
        ["holds", hash] => state.holds = unhex(hash)?,
        ["newest", id] => state.newest = TransferId(Uid(unhex(id)?)),
        _ => return None,
    }
    Some(())
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (index, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_round_trips_as_text_and_damage_is_named() {
        let state = VerifiedState {
            lanes: vec![(1, Head { seq: 7, hash: [3; 32] }), (2, Head { seq: 9, hash: [0xab; 32] })],
            checkpoint: Head { seq: 2, hash: [1; 32] },
            accounts: [4; 32],
            holds: [5; 32],
            newest: TransferId(Uid([6; 16])),
        };
        let text = state.to_string();
        assert_eq!(text.parse::<VerifiedState>(), Ok(state));
        assert_eq!(text.replace("lane 2", "lane x").parse::<VerifiedState>(), Err(StateError { line: 3 }));
        let cut: String = text.lines().take(4).fold(String::new(), |all, line| all + line + "\n");
        assert_eq!(cut.parse::<VerifiedState>(), Err(StateError { line: 5 }));
        assert!("".parse::<VerifiedState>().is_err());
    }
}
