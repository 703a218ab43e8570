//! What people do with a case.

use purser_domain::{
    casework::{self, Clock, Heard, Outcome, Side},
    ids::{CaseId, PartyId, StaffId},
    time::Timestamp,
};
use purser_storage::Value;

use super::{
    AttachmentRow, Author, CaseMessageRow, CaseRow, due, limits, queries::ATTACHMENTS, rejected, tell,
    unknown_case,
};
use crate::{
    access::StaffRow,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    files::{self, StoredFile},
    tx::{Needs, Tx},
};

/// A file to attach, stored already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// The file.
    pub file: StoredFile,
    /// Name to show and to save under.
    pub name: String,
    /// For the desk only.
    pub internal: bool,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Give it to a person at the desk.
    Assign(StaffId),
    /// Promise another time.
    Promise(Timestamp),
    /// Write a message.
    Say {
        /// The words.
        text: String,
        /// For the desk only.
        internal: bool,
        /// The party has to answer.
        asks: bool,
    },
    /// Add a file; the same content again is the file that is there.
    Attach(NewAttachment),
    /// Decide it.
    Conclude(Outcome, String),
    /// Take it back.
    Withdraw,
    /// Open it again, with a message.
    Reopen(String),
}

/// Does something with a case.
///
/// Rejections in order: `case_unknown` (also another party's), `version_conflict`, `staff_unknown`,
/// `case_due_in_past`, then those of [`casework::decide`].
pub struct ActOnCase {
    /// Which.
    pub case: CaseId,
    /// The party that asks; it reaches only what is its own and shown to it. `None` for the desk.
    pub party: Option<PartyId>,
    /// Who acts.
    pub by: Author,
    /// What is done.
    pub act: Act,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

/// The case as it is now, and what was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// The case.
    pub case: CaseRow,
    /// A message that was added.
    pub message: Option<CaseMessageRow>,
    /// A file that was added, or was there.
    pub attachment: Option<AttachmentRow>,
}

impl ActOnCase {
    fn found(&self, tx: &Tx) -> Result<CaseRow, Rejection> {
        let row = tx.get::<CaseRow>(&self.case).cloned().ok_or_else(|| unknown_case(self.case))?;
        if self.party.is_some_and(|party| !row.is_shown_to(party)) {
            return Err(unknown_case(self.case));
        }
        match self.if_version {
            Some(version) if version != row.version => Err(Rejection::new(
                "version_conflict",
                format!("the case was changed meanwhile: it is at version {}, read it again", row.version),
            )),
            _ => Ok(row),
        }
    }

    fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        match &self.act {
            Act::Assign(staff)
                if tx.get::<StaffRow>(staff).is_none_or(|staff| staff.disabled_at.is_some()) =>
            {
                Err(Rejection::new("staff_unknown", "nobody at the desk has this id").at("/owner"))
            }
            Act::Promise(at) if *at <= ctx.now => {
                Err(Rejection::new("case_due_in_past", "a promise is later than now").at("/due_at"))
            }
            _ => Ok(()),
        }
    }

    fn command(&self) -> casework::Command<'_> {
        use casework::Command as C;
        match &self.act {
            Act::Assign(staff) => C::Assign(*staff),
            Act::Promise(_) => C::Promise,
            Act::Say { text, internal, asks } => C::Say { text, internal: *internal, asks: *asks },
            Act::Attach(new) => C::Attach { internal: new.internal },
            Act::Conclude(outcome, reason) => C::Conclude(*outcome, reason),
            Act::Withdraw => C::Withdraw,
            Act::Reopen(text) => C::Reopen(text),
        }
    }

    /// The same content in the same case is one file.
    fn same_file(&self, tx: &Tx) -> Option<AttachmentRow> {
        let Act::Attach(new) = &self.act else { return None };
        let same = |row: &&AttachmentRow| {
            row.case_id == self.case && row.hash == new.file.hash && row.internal == new.internal
        };
        tx.rows::<AttachmentRow>().find(same).cloned()
    }
}

impl Command for ActOnCase {
    type Output = Acted;

    fn name(&self) -> &'static str {
        match self.act {
            Act::Assign(_) => "case.assign",
            Act::Promise(_) => "case.promise",
            Act::Say { .. } => "case.say",
            Act::Attach(_) => "case.attach",
            Act::Conclude(Outcome::Resolved, _) => "case.resolve",
            Act::Conclude(Outcome::Refused, _) => "case.refuse",
            Act::Withdraw => "case.withdraw",
            Act::Reopen(_) => "case.reopen",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<CaseRow>(self.case);
        match &self.act {
            Act::Assign(staff) => needs.row::<StaffRow>(*staff),
            Act::Attach(new) => {
                files::need(needs, &new.file);
                needs.list::<AttachmentRow>(&ATTACHMENTS, &[Value::Bytes(&self.case.0.0)]);
            }
            _ => {}
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Acted, Rejection> {
        let row = self.found(tx)?;
        self.check(tx, ctx)?;
        if let Some(attachment) = self.same_file(tx).filter(|_| !row.state().is_closed()) {
            return Ok(Acted { case: row, message: None, attachment: Some(attachment) });
        }
        let decision = casework::decide(&row.case(), &self.command(), self.by.side, ctx.now, &limits(ctx))
            .map_err(rejected)?;
        let (mut message, mut attachment) = (None, None);
        match &self.act {
            Act::Say { text, internal, asks } => {
                message = Some(said(tx, ctx, &row, self.by, (text, *internal, *asks)));
            }
            Act::Reopen(text) => message = Some(said(tx, ctx, &row, self.by, (text, false, false))),
            Act::Attach(new) => attachment = Some(attached(tx, ctx, &row, self.by, new)),
            _ => {}
        }
        let mut case = apply(ctx, row, &decision, self.by);
        match &self.act {
            Act::Promise(at) => {
                case.due_at = Some(*at);
                case.calendar_missing = false;
                case.overdue_told = false;
            }
            Act::Conclude(_, reason) => case.outcome.clone_from(reason),
            Act::Reopen(_) => case.outcome.clear(),
            _ => {}
        }
        tx.put(case.clone());
        tell(tx, &case, decision.event, decision.heard);
        Ok(Acted { case, message, attachment })
    }

    fn audit(&self, output: &Acted) -> (String, Facts) {
        let case = &output.case;
        let mut facts = Facts::new().text("state", &case.state).text("owner", &case.owner);
        if let Some(file) = &output.attachment {
            facts = facts.text("file", purser_storage::files::hex(&file.hash)).int("size", file.size);
        }
        (case.id.to_string(), facts)
    }
}

/// Ends a case together with the record it is about. The case's row must have been declared.
///
/// # Errors
/// `case_unknown`, `case_closed`, `case_reason_invalid`.
pub fn settle(
    tx: &mut Tx,
    ctx: &Ctx,
    case: CaseId,
    outcome: Outcome,
    reason: &str,
    by: Author,
) -> Result<CaseRow, Rejection> {
    let row = tx.get::<CaseRow>(&case).cloned().ok_or_else(|| unknown_case(case))?;
    let command = casework::Command::Settle(outcome, reason);
    let decision =
        casework::decide(&row.case(), &command, by.side, ctx.now, &limits(ctx)).map_err(rejected)?;
    let mut row = apply(ctx, row, &decision, by);
    reason.clone_into(&mut row.outcome);
    tx.put(row.clone());
    tell(tx, &row, decision.event, decision.heard);
    Ok(row)
}

/// Asks the party for something, in the name of the program. The case must have been opened or declared.
///
/// # Errors
/// Those of [`casework::decide`] about a message.
pub(crate) fn ask(tx: &mut Tx, ctx: &Ctx, case: CaseId, text: &str) -> Result<CaseRow, Rejection> {
    let row = tx.get::<CaseRow>(&case).cloned().ok_or_else(|| unknown_case(case))?;
    let command = casework::Command::Say { text, internal: false, asks: true };
    let decision = casework::decide(&row.case(), &command, Side::System, ctx.now, &limits(ctx));
    let decision = decision.map_err(rejected)?;
    said(tx, ctx, &row, Author::SYSTEM, (text, false, true));
    let row = apply(ctx, row, &decision, Author::SYSTEM);
    tx.put(row.clone());
    tell(tx, &row, decision.event, Heard::Party);
    Ok(row)
}

/// The row after a decision.
fn apply(ctx: &Ctx, mut row: CaseRow, decision: &casework::Decision, by: Author) -> CaseRow {
    row.update(&decision.case);
    match decision.clock {
        Clock::Keep => {}
        Clock::Restart => {
            row.owed_since = Some(ctx.now);
            (row.due_at, row.calendar_missing) = due(ctx, row.kind(), ctx.now);
            row.overdue_told = false;
        }
        Clock::Stop => {
            row.owed_since = None;
            row.due_at = None;
            row.calendar_missing = false;
            row.overdue_told = false;
        }
    }
    row.closed_by = if row.closed_at.is_some() { by.closer() } else { String::new() };
    row.changed_at = ctx.now;
    row.version += 1;
    row
}

fn said(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &CaseRow,
    by: Author,
    (text, internal, asks): (&str, bool, bool),
) -> CaseMessageRow {
    let message = CaseMessageRow {
        case_id: row.id,
        n: row.messages + 1,
        at: ctx.now,
        side: by.side.name().to_owned(),
        author: by.name(),
        internal,
        asks,
        body: text.to_owned(),
    };
    tx.put(message.clone());
    message
}

fn attached(tx: &mut Tx, ctx: &Ctx, row: &CaseRow, by: Author, new: &NewAttachment) -> AttachmentRow {
    files::name(tx, ctx, &new.file);
    let attachment = AttachmentRow {
        case_id: row.id,
        n: row.attachments + 1,
        at: ctx.now,
        side: by.side.name().to_owned(),
        author: by.name(),
        internal: new.internal,
        hash: new.file.hash,
        kind: new.file.kind.clone(),
        size: new.file.size,
        name: new.name.clone(),
    };
    tx.put(attachment.clone());
    attachment
}
