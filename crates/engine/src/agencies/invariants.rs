//! What verification proves of agencies (P3).

use std::collections::BTreeMap;

use purser_domain::ids::PartyId;
use purser_storage::{Fault, Record as _, Session, Statement};

use super::rows::{CreatorAgencies, MembershipRow};
use crate::verify::{Finding, Invariant};

static MEMBERSHIPS: Statement = Statement {
    name: "agencies.all_memberships",
    sql: "SELECT creator, id, agency, from_at, to_at, contact, created_at, version FROM memberships \
          ORDER BY creator, id",
};
static SPANS: Statement = Statement {
    name: "agencies.all_spans",
    sql: "SELECT creator, spans, version FROM creator_agencies ORDER BY creator",
};
static WRONG_PAYEE: Statement = Statement {
    name: "agencies.wrong_payee",
    sql: "SELECT external_id, kind FROM task_orders WHERE (kind = 'agency_signed' AND payee = creator) \
          OR (kind <> 'agency_signed' AND payee <> creator) LIMIT 100",
};

pub(super) const STATEMENTS: &[&Statement] = &[&MEMBERSHIPS, &SPANS, &WRONG_PAYEE];

pub(crate) const INVARIANTS: &[&dyn Invariant] = &[&Memberships, &Payees];

/// Most findings of one invariant.
const MOST: usize = 100;

/// The row that orders are judged by says what the memberships say, and they do not overlap (P6).
struct Memberships;

impl Invariant for Memberships {
    fn name(&self) -> &'static str {
        "memberships do not overlap"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut rows: BTreeMap<PartyId, Vec<_>> = BTreeMap::new();
        session.query(&MEMBERSHIPS, &[], &mut |row| {
            let row = MembershipRow::read(row);
            rows.entry(row.creator).or_default().push(row.span());
            true
        })?;
        let mut findings = Vec::new();
        let mut find = |party: PartyId, expected: String, found: String, text: &str| {
            if findings.len() < MOST {
                findings.push(Finding::of_invariant(self.name(), party.to_string(), expected, found, text));
            }
        };
        for (creator, spans) in &mut rows {
            spans.retain(|span| span.to != Some(span.from));
            spans.sort_by_key(|span| span.from);
            let meets = spans.windows(2).find(|pair| pair[0].to.is_none_or(|to| pair[1].from < to));
            if let Some(pair) = meets {
                let text = "two memberships of the creator cover the same time";
                find(*creator, format!("{} ends first", pair[0].id), pair[1].id.to_string(), text);
            }
        }
        session.query(&SPANS, &[], &mut |row| {
            let row = CreatorAgencies::read(row);
            let mut spans = row.spans();
            spans.retain(|span| span.to != Some(span.from));
            let expected = rows.remove(&row.creator).unwrap_or_default();
            if spans != expected {
                let text = "what orders are judged by is not what the memberships say";
                find(row.creator, CreatorAgencies::text(&expected), row.spans, text);
            }
            true
        })?;
        for (creator, spans) in rows.iter().filter(|(_, spans)| !spans.is_empty()) {
            let text = "memberships that no order is judged by";
            find(*creator, CreatorAgencies::text(spans), "none".to_owned(), text);
        }
        Ok(findings)
    }
}

/// An order settles to its creator, or to the agency that had signed it; there is no third (X14).
struct Payees;

impl Invariant for Payees {
    fn name(&self) -> &'static str {
        "orders settle to whom their kind says"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        session.query(&WRONG_PAYEE, &[], &mut |row| {
            let text = "the payee of the order does not fit its kind";
            let place = format!("order {}", row.text(0));
            findings.push(Finding::of_invariant(self.name(), place, "another payee", row.text(1), text));
            true
        })?;
        Ok(findings)
    }
}
