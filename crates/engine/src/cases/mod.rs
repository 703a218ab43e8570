//! Cases (P26): one queue for everything that people settle. Any command opens one with [`open`]; people work on
//! them with [`OpenCase`] and [`ActOnCase`]; a record that is decided together with its case ends it with [`settle`].

mod act;
mod invariants;
mod open;
mod queries;
mod receive;
mod rows;
mod subject;
mod tend;

pub(crate) use act::ask;
pub use act::{Act, ActOnCase, Acted, NewAttachment, settle};
pub use invariants::CasesWhole;
pub use open::{NewCase, OpenCase, due, open};
pub(crate) use open::{open_once, open_with};
pub use queries::{CASE_PAGE_MAX, CaseFilter, attachment, attachments, case, case_page, messages};
pub(crate) use queries::{has_open_case, has_papers, want_open_case, want_papers};
pub use receive::{accepted_types, may_attach, receive};
pub use rows::{AttachmentRow, CaseMessageRow, CaseRow};
pub use subject::Subject;
pub use tend::TendCases;

use purser_domain::{
    casework::{self, Heard, Limits, Side},
    ids::{CaseId, StaffId},
    policy::keys,
    time::DAY,
};
use purser_storage::{Statement, Table};

use crate::{
    command::{Ctx, Rejection},
    tx::Tx,
};

/// Tables of this module.
pub const TABLES: &[&Table] = &[&rows::CASES, &rows::CASE_MESSAGES, &rows::CASE_ATTACHMENTS];

/// Statements of this module.
pub fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, tend::STATEMENTS, invariants::STATEMENTS].concat()
}

/// Who acts: a side, and the person where it is one of the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Author {
    /// Which side.
    pub side: Side,
    /// The person at the desk.
    pub staff: Option<StaffId>,
}

impl Author {
    /// For the party.
    pub const PARTY: Self = Self { side: Side::Party, staff: None };
    /// Purser itself.
    pub const SYSTEM: Self = Self { side: Side::System, staff: None };

    /// A person at the desk.
    pub const fn staff(id: StaffId) -> Self {
        Self { side: Side::Staff, staff: Some(id) }
    }

    /// As rows name the person: `stf_…`, or empty.
    fn name(self) -> String {
        self.staff.map_or_else(String::new, |id| id.to_string())
    }

    /// As rows name who closed a case.
    fn closer(self) -> String {
        self.staff.map_or_else(|| self.side.name().to_owned(), |id| id.to_string())
    }
}

/// There is no such case, or the party may not see it.
pub fn unknown_case(id: CaseId) -> Rejection {
    Rejection::new("case_unknown", format!("there is no case {id}"))
}

fn rejected(rejection: casework::Rejection) -> Rejection {
    use casework::Rejection as R;
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        R::NotByHand => plain.at("/kind"),
        R::SummaryInvalid => plain.at("/summary"),
        R::TextInvalid => plain.at("/text"),
        R::ReasonInvalid => plain.at("/reason"),
        R::InternalAsks | R::NobodyToAsk => plain.at("/asks"),
        _ => plain,
    }
}

/// Limits in force (P4).
fn limits(ctx: &Ctx) -> Limits {
    let view = ctx.rules.policy.now(ctx.now);
    Limits {
        open_per_party: i64::from(view.value(keys::CASE_OPEN_PER_PARTY)),
        messages: i64::from(view.value(keys::CASE_MESSAGES)),
        attachments: i64::from(view.value(keys::CASE_ATTACHMENTS)),
        reopen_us: i64::from(view.value(keys::CASE_REOPEN)).saturating_mul(DAY),
    }
}

/// Tells whoever has to know. What is hidden from the party is an event of the platform's.
fn tell(tx: &mut Tx, row: &CaseRow, event: &str, heard: Heard) {
    let id = row.id.to_string();
    match (heard, row.party().filter(|_| !row.hidden)) {
        (Heard::Nobody, _) => {}
        (Heard::Party, Some(party)) => tx.notify(event, party, &id, row.facts()),
        (Heard::Desk, Some(party)) => tx.event(event, Some(party), &id, row.facts()),
        (_, None) => tx.event(event, None, &id, row.facts()),
    }
}
