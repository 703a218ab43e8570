//! Who takes part, by civil dates: an order that settles on a date is programme income when its creator takes part
//! on that date.

use super::Rejection;
use crate::time::Date;

/// Most intervals of one creator.
pub const MEMBER_SPANS_MAX: usize = 100;

/// An interval `[from, to)` of civil dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberSpan {
    /// First day.
    pub from_on: Date,
    /// First day after it; `None` while it has no end.
    pub to_on: Option<Date>,
}

impl MemberSpan {
    fn covers(&self, on: Date) -> bool {
        self.from_on <= on && self.to_on.is_none_or(|to| on < to)
    }
}

/// Whether the creator takes part on a date.
pub fn covers(spans: &[MemberSpan], on: Date) -> bool {
    spans.iter().any(|span| span.covers(on))
}

/// Takes a creator in. `Ok(None)`: known already, nothing is written; else all intervals, oldest first.
///
/// # Errors
/// A [`Rejection`], the first that applies.
pub fn enrol(
    spans: &[MemberSpan],
    new: MemberSpan,
    is_creator: bool,
    closed: bool,
) -> Result<Option<Vec<MemberSpan>>, Rejection> {
    if spans.contains(&new) {
        return Ok(None);
    }
    if !is_creator {
        return Err(Rejection::NotACreator);
    }
    if closed {
        return Err(Rejection::PartyClosed);
    }
    if new.to_on.is_some_and(|to| to <= new.from_on) {
        return Err(Rejection::IntervalEmpty);
    }
    if spans.len() >= MEMBER_SPANS_MAX {
        return Err(Rejection::TooManyIntervals);
    }
    let before = |a: &MemberSpan, b: &MemberSpan| b.to_on.is_none_or(|to| a.from_on < to);
    if spans.iter().any(|span| before(span, &new) && before(&new, span)) {
        return Err(Rejection::MemberOverlap);
    }
    let mut all = spans.to_vec();
    all.push(new);
    all.sort_by_key(|span| span.from_on);
    Ok(Some(all))
}

/// Ends taking part: `on` is the first day without. What settled before stays as it was booked. `Ok(None)`: it ends
/// on that day already.
///
/// # Errors
/// `not_in_programme` when the creator takes no part on that day.
pub fn leave(spans: &[MemberSpan], on: Date) -> Result<Option<Vec<MemberSpan>>, Rejection> {
    if !covers(spans, on) {
        let ended = spans.iter().any(|span| span.to_on == Some(on));
        return if ended { Ok(None) } else { Err(Rejection::NotAMember) };
    }
    let ended = spans.iter().map(|span| {
        let to_on = if span.covers(on) { Some(on) } else { span.to_on };
        MemberSpan { to_on, ..*span }
    });
    Ok(Some(ended.filter(|span| span.to_on != Some(span.from_on)).collect()))
}

/// Intervals as storage keeps them: `2026-01-01..2026-04-01 2026-06-01..`.
pub fn write_spans(spans: &[MemberSpan]) -> String {
    let text = |span: &MemberSpan| match span.to_on {
        Some(to) => format!("{}..{to}", span.from_on),
        None => format!("{}..", span.from_on),
    };
    spans.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// Reads what [`write_spans`] wrote; what is not an interval is left out.
pub fn read_spans(text: &str) -> Vec<MemberSpan> {
    let one = |part: &str| {
        let (from, to) = part.split_once("..")?;
        let to_on = if to.is_empty() { None } else { Some(to.parse().ok()?) };
        Some(MemberSpan { from_on: from.parse().ok()?, to_on })
    };
    text.split_whitespace().filter_map(one).collect()
}
