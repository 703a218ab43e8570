//! Rows of agencies.

use purser_domain::{
    agencies::Span,
    ids::{MembershipId, PartyId},
    time::Timestamp,
};

use crate::record;

record! {
    /// A membership of a creator in an agency: `[from_at, to_at)`.
    pub struct MembershipRow in MEMBERSHIPS = 72, "memberships", lock Update, key(creator: PartyId, id: MembershipId) {
        /// The agency.
        agency: PartyId,
        /// First instant.
        from_at: Timestamp,
        /// First instant after it.
        to_at: Option<Timestamp>,
        /// Whom the creator may ask there.
        contact: String,
        /// When it was entered.
        created_at: Timestamp,
        /// Counts changes: the `ETag`.
        version: i64,
    }
}

record! {
    /// All memberships of a creator in one row: what a report of 10,000 orders finds by key, and the root of them.
    /// Equal to the creator's [`MembershipRow`]s (verified).
    pub struct CreatorAgencies in CREATOR_AGENCIES = 73, "creator_agencies", lock Update, key(creator: PartyId) {
        /// One line per membership: id, agency, first instant, end or `-`.
        spans: String,
        /// Counts changes.
        version: i64,
    }
}

impl MembershipRow {
    /// To the domain's form.
    pub fn span(&self) -> Span {
        Span { id: self.id, agency: self.agency, from: self.from_at, to: self.to_at }
    }
}

impl CreatorAgencies {
    /// To the domain's form.
    pub fn spans(&self) -> Vec<Span> {
        self.spans.lines().filter_map(read).collect()
    }

    /// Stored form.
    pub fn text(spans: &[Span]) -> String {
        spans.iter().map(write).collect::<Vec<_>>().join("\n")
    }
}

fn write(span: &Span) -> String {
    let to = span.to.map_or_else(|| "-".to_owned(), |to| to.0.to_string());
    format!("{} {} {} {to}", span.id, span.agency, span.from.0)
}

fn read(line: &str) -> Option<Span> {
    let mut parts = line.split(' ');
    let id = parts.next()?.parse().ok()?;
    let agency = parts.next()?.parse().ok()?;
    let from = Timestamp(parts.next()?.parse().ok()?);
    let to = match parts.next()? {
        "-" => None,
        text => Some(Timestamp(text.parse().ok()?)),
    };
    Some(Span { id, agency, from, to })
}
