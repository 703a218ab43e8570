//! The clicks of a transfer, in one value: the id without what it shares with the one before, the amount, and the time
//! since the one before. Ids that are made in order share most of their text.

use std::sync::Arc;

use purser_domain::{
    ads::varint::{put, take},
    time::Timestamp,
};

/// A click of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClickLine {
    /// The click.
    pub(super) click: Arc<str>,
    /// Its part of the transfer, minor units.
    pub(super) amount_minor: i64,
    /// When it was clicked.
    pub(super) at: Timestamp,
}

/// Clicks on their way into a transfer.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    /// Encoded clicks.
    pub(super) bytes: Vec<u8>,
    /// How many.
    pub(super) clicks: i64,
    /// Their sum, minor units.
    pub(super) sum_minor: i64,
    /// The first and the last instant.
    pub(super) span: Option<(Timestamp, Timestamp)>,
    last: Option<(Arc<str>, Timestamp)>,
}

impl Lines {
    /// Appends a click.
    pub(super) fn add(&mut self, click: &Arc<str>, amount_minor: i64, at: Timestamp) {
        let (shared, before) = match &self.last {
            Some((last, before)) => (shared_prefix(last.as_bytes(), click.as_bytes()), before.0),
            None => (0, 0),
        };
        let rest = click.as_bytes().get(shared..).unwrap_or_default();
        put(&mut self.bytes, shared as u64);
        put(&mut self.bytes, rest.len() as u64);
        self.bytes.extend_from_slice(rest);
        put(&mut self.bytes, amount_minor.max(0).unsigned_abs());
        let since = at.0.wrapping_sub(before);
        put(&mut self.bytes, ((since << 1) ^ (since >> 63)).cast_unsigned());
        self.clicks += 1;
        self.sum_minor = self.sum_minor.saturating_add(amount_minor);
        self.span = Some(self.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        self.last = Some((Arc::clone(click), at));
    }
}

/// Reads stored clicks; `None` when the bytes are not such.
pub(super) fn decode(mut bytes: &[u8]) -> Option<Vec<ClickLine>> {
    let mut lines: Vec<ClickLine> = Vec::new();
    while !bytes.is_empty() {
        let shared = usize::try_from(take(&mut bytes)?).ok()?;
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let (rest, after) = bytes.split_at_checked(length)?;
        bytes = after;
        let before = lines.last();
        let mut id = before.map_or(&[][..], |line| line.click.as_bytes()).get(..shared)?.to_vec();
        id.extend_from_slice(rest);
        let amount_minor = i64::try_from(take(&mut bytes)?).ok()?;
        let since = take(&mut bytes)?;
        let since = (since >> 1).cast_signed() ^ -(since & 1).cast_signed();
        let at = Timestamp(before.map_or(0, |line| line.at.0).wrapping_add(since));
        lines.push(ClickLine { click: String::from_utf8(id).ok()?.into(), amount_minor, at });
    }
    Some(lines)
}

fn shared_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn clicks_round_trip(clicks in prop::collection::vec(("[ -~é点]{1,12}", 1i64..1_000_000, any::<i32>()), 0..50)) {
            let mut lines = Lines::default();
            let clicks: Vec<ClickLine> = clicks
                .into_iter()
                .map(|(id, amount_minor, at)| ClickLine { click: id.into(), amount_minor, at: Timestamp(i64::from(at)) })
                .collect();
            for line in &clicks {
                lines.add(&line.click, line.amount_minor, line.at);
            }
            prop_assert_eq!(lines.clicks, i64::try_from(clicks.len()).unwrap());
            prop_assert_eq!(decode(&lines.bytes), Some(clicks.clone()));
            if let Some(cut) = lines.bytes.split_last() {
                prop_assert_ne!(decode(cut.1), Some(clicks));
            }
        }
    }
}
