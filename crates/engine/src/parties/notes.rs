//! Notes and flags of risk on a party (P6): written by people, shown to people, never removed.

use purser_domain::{
    ids::{PartyId, PartyNoteId, StaffId, Uid},
    parties::{NOTES_OPEN_MAX, NoteKind, NoteRejection, clear_note, write_note},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{PartyRow, unknown_party};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    record,
    tx::{Needs, Tx},
};

record! {
    /// A note or flag.
    pub struct PartyNoteRow in PARTY_NOTES = 62, "party_notes", lock Update, key(party: PartyId, id: PartyNoteId) {
        /// `note` or `flag`.
        kind: String,
        /// What it says.
        text: String,
        /// Who wrote it.
        written_by: String,
        /// When.
        written_at: Timestamp,
        /// Who cleared it; empty while it stands.
        cleared_by: String,
        /// When it was cleared.
        cleared_at: Option<Timestamp>,
        /// Why it was cleared; empty while it stands.
        reason: String,
        /// Counts changes.
        version: i64,
    }
}

static OPEN: Statement = Statement {
    name: "party_notes.open",
    sql: "SELECT party, id, kind, text, written_by, written_at, cleared_by, cleared_at, reason, version \
          FROM party_notes WHERE party = ?1 AND cleared_at IS NULL ORDER BY id LIMIT 201",
};
static PAGE: Statement = Statement {
    name: "party_notes.page",
    sql: "SELECT party, id, kind, text, written_by, written_at, cleared_by, cleared_at, reason, version \
          FROM party_notes WHERE party = ?1 AND id < ?2 AND (?3 = '' OR kind = ?3) ORDER BY id DESC LIMIT ?4",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&OPEN, &PAGE];

fn rejected(no: &NoteRejection, field: &str) -> Rejection {
    let plain = Rejection::new(no.code(), no.to_string());
    if *no == NoteRejection::TextInvalid { plain.at(field) } else { plain }
}

/// What is done to the notes of a party.
#[derive(Debug, Clone)]
pub enum NoteChange {
    /// Something is written down.
    Write {
        /// What it is.
        kind: NoteKind,
        /// 1–500 printable characters.
        text: String,
    },
    /// It stands no longer; the words stay.
    Clear {
        /// Which.
        note: PartyNoteId,
        /// Why, 1–500 printable characters.
        reason: String,
    },
}

/// Writes a note or flag, or clears one. Also about a party that is closed.
///
/// Rejections in order: `party_unknown`, `party_note_unknown`, then those of [`write_note`] and [`clear_note`].
pub struct ChangeNotes {
    /// About whom.
    pub party: PartyId,
    /// What.
    pub change: NoteChange,
    /// Which member of staff.
    pub by: StaffId,
}

impl Command for ChangeNotes {
    type Output = PartyNoteRow;

    fn name(&self) -> &'static str {
        match self.change {
            NoteChange::Write { .. } => "party.note",
            NoteChange::Clear { .. } => "party.clear_note",
        }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        // Whoever waits for the party sees the notes that another one has left.
        needs.row::<PartyRow>(self.party);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.list::<PartyNoteRow>(&OPEN, &[Value::Bytes(&self.party.0.0)]);
        if let NoteChange::Clear { note, .. } = &self.change {
            needs.row::<PartyNoteRow>((self.party, *note));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PartyNoteRow, Rejection> {
        if tx.get::<PartyRow>(&self.party).is_none() {
            return Err(unknown_party(self.party));
        }
        let (row, kind) = match &self.change {
            NoteChange::Write { kind, text } => {
                let stands = |row: &&PartyNoteRow| row.party == self.party && row.cleared_at.is_none();
                let open = tx.rows::<PartyNoteRow>().filter(stands).count();
                write_note(text, open).map_err(|no| rejected(&no, "/text"))?;
                let row = PartyNoteRow {
                    party: self.party,
                    id: tx.new_id(),
                    kind: kind.name().to_owned(),
                    text: text.clone(),
                    written_by: self.by.to_string(),
                    written_at: ctx.now,
                    cleared_by: String::new(),
                    cleared_at: None,
                    reason: String::new(),
                    version: 1,
                };
                (row, "party.noted")
            }
            NoteChange::Clear { note, reason } => {
                let known = tx.get::<PartyNoteRow>(&(self.party, *note)).cloned();
                let mut row = known.ok_or_else(|| {
                    Rejection::new("party_note_unknown", "the party has no such note or flag")
                })?;
                clear_note(reason, row.cleared_at.is_some()).map_err(|no| rejected(&no, "/reason"))?;
                row.cleared_by = self.by.to_string();
                row.cleared_at = Some(ctx.now);
                row.reason.clone_from(reason);
                row.version += 1;
                (row, "party.note_cleared")
            }
        };
        tx.put(row.clone());
        tx.event(kind, Some(self.party), &row.id.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &PartyNoteRow) -> (String, Facts) {
        (self.party.to_string(), facts(output).text("note", output.id.to_string()))
    }
}

/// What events and the audit log say: not the words, which may name people.
fn facts(row: &PartyNoteRow) -> Facts {
    Facts::new().text("kind", &row.kind).flag("stands", row.cleared_at.is_none())
}

fn rows(
    session: &mut dyn Session,
    statement: &'static Statement,
    params: &[Value<'_>],
) -> Result<Vec<PartyNoteRow>, Fault> {
    let mut out = Vec::new();
    session.query(statement, params, &mut |row| {
        out.push(PartyNoteRow::read(row));
        true
    })?;
    Ok(out)
}

/// Flags of a party that stand, the oldest first.
///
/// # Errors
/// Storage faults.
pub fn open_flags(session: &mut dyn Session, party: PartyId) -> Result<Vec<PartyNoteRow>, Fault> {
    let mut found = rows(session, &OPEN, &[Value::Bytes(&party.0.0)])?;
    found.retain(|row| row.kind == NoteKind::Flag.name());
    found.truncate(NOTES_OPEN_MAX);
    Ok(found)
}

/// Notes and flags of a party, newest first, before the last one of the page before; `kind` empty for both.
///
/// # Errors
/// Storage faults.
pub fn party_notes(
    session: &mut dyn Session,
    party: PartyId,
    before: Option<PartyNoteId>,
    kind: &str,
    limit: i64,
) -> Result<Vec<PartyNoteRow>, Fault> {
    let before = before.unwrap_or(PartyNoteId(Uid([0xff; 16])));
    let (party, before) = (Value::Bytes(&party.0.0), Value::Bytes(&before.0.0));
    rows(session, &PAGE, &[party, before, Value::Text(kind), Value::Int(limit)])
}
