//! The sandbox's phones: what was sent to them, for the eyes of whoever plays them (P8, P15, P21). Sealed at rest like
//! everything personal; only `GET /v1/sandbox/outbox` shows it.

use std::sync::Arc;

use purser_domain::{
    ids::{CodeId, PartyId},
    time::Timestamp,
};
use purser_storage::{Fault, Record as _, Session, Statement, Table, Value};

use crate::{
    command::{Command, Ctx, Rejection},
    identity::rows::place,
    jobs::{Hands, RunError},
    ports::TextMessage,
    record,
    tx::{Needs, Tx},
    vault::Vault,
};

record! {
    /// A message that a phone of the sandbox got.
    pub struct SandboxMessageRow in SANDBOX_MESSAGES = 61, "sandbox_messages", lock Update, key(code: CodeId) {
        /// For whom.
        party: PartyId,
        /// What the code is for, or the event that is told.
        purpose: String,
        /// What people see of the phone.
        masked: String,
        /// Digits (none in a notice) and text, sealed.
        message: String,
        /// When.
        at: Timestamp,
    }
}

/// Most messages that are listed.
pub const OUTBOX_MAX: i64 = 200;

static NEWEST: Statement = Statement {
    name: "sandbox.messages",
    sql: "SELECT code, party, purpose, masked, message, at FROM sandbox_messages ORDER BY code DESC LIMIT ?1",
};
static OF_PARTY: Statement = Statement {
    name: "sandbox.messages_of_party",
    sql: "SELECT code, party, purpose, masked, message, at FROM sandbox_messages WHERE party = ?1 \
          ORDER BY code DESC LIMIT ?2",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&NEWEST, &OF_PARTY];

/// Tables of this module.
pub const TABLES: &[&Table] = &[&SANDBOX_MESSAGES];

/// Puts a message into the phone it is for; the same again changes nothing.
///
/// # Errors
/// [`RunError`]: try again later.
pub fn deliver(message: &TextMessage, hands: &mut Hands<'_>) -> Result<(), RunError> {
    let vault = hands.vault()?;
    hands.call(Deliver { vault, message: message.clone() })
}

struct Deliver {
    vault: Arc<Vault>,
    message: TextMessage,
}

impl Command for Deliver {
    type Output = ();

    fn name(&self) -> &'static str {
        "sandbox.deliver"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SandboxMessageRow>(CodeId(self.message.reference));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let code = CodeId(self.message.reference);
        if tx.get::<SandboxMessageRow>(&code).is_some() {
            return Ok(());
        }
        let secret = tx.new_secret();
        let TextMessage { code: digits, text_zh, text_en, .. } = &self.message;
        let plain = format!("{}\n{text_zh}\n{text_en}", digits.as_deref().unwrap_or_default());
        tx.put(SandboxMessageRow {
            code,
            party: self.message.party,
            purpose: self.message.purpose.clone(),
            masked: self.message.masked.clone(),
            message: self.vault.seal(&place("sandbox_messages", code, "message"), &plain, secret),
            at: ctx.now,
        });
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// The newest messages, of one party or of all.
///
/// # Errors
/// Storage faults.
pub fn outbox(
    session: &mut dyn Session,
    party: Option<PartyId>,
    limit: i64,
) -> Result<Vec<SandboxMessageRow>, Fault> {
    let limit = limit.clamp(1, OUTBOX_MAX);
    let mut rows = Vec::new();
    let mut take = |row: &dyn purser_storage::Source| {
        rows.push(SandboxMessageRow::read(row));
        true
    };
    match party {
        Some(party) => {
            session.query(&OF_PARTY, &[Value::Bytes(&party.0.0), Value::Int(limit)], &mut take)?;
        }
        None => {
            session.query(&NEWEST, &[Value::Int(limit)], &mut take)?;
        }
    }
    Ok(rows)
}

/// Digits (empty in a notice) and text of a message; `None` when it does not open.
pub fn reveal(vault: &Vault, row: &SandboxMessageRow) -> Option<(String, String)> {
    let plain = vault.open(&place("sandbox_messages", row.code, "message"), &row.message).ok()?;
    plain.split_once('\n').map(|(code, text)| (code.to_owned(), text.to_owned()))
}
