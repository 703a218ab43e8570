//! Opening a case: by any command, or by hand.

use purser_domain::{
    casework::{self, Heard, Kind, Opening, Side, State},
    ids::{CaseId, PartyId, Uid},
    policy::{keys, value::TimeOfDay},
    time::Timestamp,
};
use purser_storage::Value;

use super::{Author, CaseMessageRow, CaseRow, Subject, limits, queries::LIVE_OF_PARTY, rejected, tell};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
    withdrawals::{WithdrawalRow, fee_disputed},
};

/// A case that a command opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    /// What it is about.
    pub kind: Kind,
    /// Whom it concerns; `None` for a matter of the platform alone.
    pub party: Option<PartyId>,
    /// Id of the record it is about, in its text form; empty when there is none.
    pub subject: String,
    /// In one line, for staff and for the party where it may see the case: no personal data.
    pub summary: String,
    /// By when the desk owes an answer; `None` takes the policy of the kind (`case.due`).
    pub due_at: Option<Timestamp>,
}

/// Opens a case in the commit of the command that calls it. Nothing has to be declared before.
pub fn open(tx: &mut Tx, ctx: &Ctx, new: NewCase) -> CaseId {
    open_by(tx, ctx, new, Author::SYSTEM).id
}

/// The case of something that may be seen again and again: opened once under an id that follows from it. The row of that
/// id must be declared.
pub(crate) fn open_once(tx: &mut Tx, ctx: &Ctx, new: NewCase, id: CaseId) {
    if tx.get::<CaseRow>(&id).is_none() {
        open_as(tx, ctx, new, Author::SYSTEM, id);
    }
}

/// Opens a case with what the party says.
pub(crate) fn open_with(tx: &mut Tx, ctx: &Ctx, new: NewCase, text: &str) -> CaseId {
    let mut row = open_by(tx, ctx, new, Author::PARTY);
    first_words(tx, ctx, &mut row, text, Author::PARTY);
    row.id
}

fn first_words(tx: &mut Tx, ctx: &Ctx, row: &mut CaseRow, text: &str, by: Author) {
    row.messages = 1;
    tx.put(row.clone());
    tx.put(CaseMessageRow {
        case_id: row.id,
        n: 1,
        at: ctx.now,
        side: if by.side == Side::Staff { Side::Staff } else { Side::Party }.name().to_owned(),
        author: by.name(),
        internal: false,
        asks: false,
        body: text.to_owned(),
    });
}

pub(super) fn open_by(tx: &mut Tx, ctx: &Ctx, new: NewCase, by: Author) -> CaseRow {
    let id = tx.new_id();
    open_as(tx, ctx, new, by, id)
}

fn open_as(tx: &mut Tx, ctx: &Ctx, new: NewCase, by: Author, id: CaseId) -> CaseRow {
    let (due_at, calendar_missing) = match new.due_at {
        Some(at) => (Some(at), false),
        None => due(ctx, new.kind, ctx.now),
    };
    let row = CaseRow {
        id,
        party: new.party.unwrap_or(PartyId(Uid::NIL)),
        kind: new.kind.name().to_owned(),
        hidden: new.kind.is_internal() || new.party.is_none(),
        subject: new.subject,
        summary: new.summary,
        state: State::Open.name().to_owned(),
        owner: String::new(),
        opened_by: by.side.name().to_owned(),
        opened_at: ctx.now,
        owed_since: Some(ctx.now),
        due_at,
        calendar_missing,
        overdue_told: false,
        outcome: String::new(),
        closed_by: String::new(),
        closed_at: None,
        messages: 0,
        attachments: 0,
        changed_at: ctx.now,
        version: 1,
    };
    tx.put(row.clone());
    tell(tx, &row, "case.opened", Heard::Party);
    row
}

/// By when the desk owes an answer about something of this kind that came at `from`: the end of the last working
/// day of policy. `None` with `true` while the calendar does not know (P5); `None` with `false` where policy
/// promises nothing.
pub fn due(ctx: &Ctx, kind: Kind, from: Timestamp) -> (Option<Timestamp>, bool) {
    let view = ctx.rules.policy.at(from, ctx.now);
    let days = match kind {
        Kind::StudioUpgrade => Some(view.value(keys::STUDIO_DECISION)),
        Kind::Review => Some(view.value(keys::REVIEW_DECISION)),
        _ => view.value(keys::CASE_DUE).value(&[kind.name()]).and_then(|days| u32::try_from(days).ok()),
    };
    let Some(days) = days else { return (None, false) };
    let cut_off = view.value(keys::VALUE_DATE_CUT_OFF).map(TimeOfDay::pair);
    match ctx.rules.calendar.due(from, &ctx.zone, days, cut_off) {
        Ok(day) => (Some(ctx.zone.start_of(day.tomorrow().unwrap_or(day))), false),
        Err(_) => (None, true),
    }
}

/// Opens a case by hand (X17), from any record with its reference attached.
///
/// Rejections in order: `party_unknown`, `case_subject_unknown` (no such record of this party), then those of
/// [`casework::open`].
pub struct OpenCase {
    /// Whom it concerns.
    pub party: PartyId,
    /// What it is about.
    pub kind: Kind,
    /// The record it is about.
    pub subject: Option<Subject>,
    /// In one line.
    pub summary: String,
    /// At length.
    pub text: Option<String>,
    /// Who opens it.
    pub by: Author,
}

impl Command for OpenCase {
    type Output = CaseRow;

    fn name(&self) -> &'static str {
        "case.open"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        if let Some(subject) = self.subject {
            subject.need(needs, self.party);
        }
        let most = limits(ctx).open_per_party;
        needs.list::<CaseRow>(&LIVE_OF_PARTY, &[Value::Bytes(&self.party.0.0), Value::Int(most)]);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<CaseRow, Rejection> {
        tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?;
        if let Some(subject) = self.subject
            && !subject.is_of(tx, self.party)
        {
            let text = "the party has no such record";
            return Err(Rejection::new("case_subject_unknown", text).at("/subject"));
        }
        let live = |row: &&CaseRow| row.is_shown_to(self.party) && !row.state().is_closed();
        let open_now = i64::try_from(tx.rows::<CaseRow>().filter(live).count()).unwrap_or(i64::MAX);
        let text = self.text.as_deref();
        let opening = Opening { kind: self.kind, summary: &self.summary, text, open_now };
        casework::open(&opening, &limits(ctx)).map_err(rejected)?;
        let new = NewCase {
            kind: self.kind,
            party: Some(self.party),
            subject: self.subject.map_or_else(String::new, |subject| subject.to_string()),
            summary: self.summary.clone(),
            due_at: None,
        };
        let mut row = open_by(tx, ctx, new, self.by);
        if self.kind == Kind::FeeDispute {
            let about = match self.subject {
                Some(Subject::Withdrawal(id)) => tx.get::<WithdrawalRow>(&id).cloned(),
                _ => None,
            };
            fee_disputed(tx, ctx, self.party, about.as_ref());
        }
        if let Some(text) = text {
            first_words(tx, ctx, &mut row, text, self.by);
        }
        Ok(row)
    }

    fn audit(&self, output: &CaseRow) -> (String, Facts) {
        (output.id.to_string(), output.facts().text("party", output.party.to_string()))
    }
}
