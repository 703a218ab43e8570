//! What is personal about a party, in the clear, for whoever has to give it out (P25): taken by a member of staff, with a
//! reason that stands in the audit log before anything is given.

use purser_domain::ids::{CaseId, PartyId, Uid};
use purser_storage::{Fault, Keys, Lock, Record, Session, Value};

use crate::{
    access::{PortalSessionRow, portal_sessions},
    cases::{
        AttachmentRow, CASE_PAGE_MAX, CaseFilter, CaseMessageRow, CaseRow, attachments, case_page, messages,
    },
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::{IdentityRow, PersonRow, PhoneRow, Sealed, identity, people, phone},
    parties::{PartyRow, unknown_party},
    ports::Payee,
    studio::StudioRow,
    tx::{Needs, Tx},
    vault::{Vault, VaultError},
    withdrawals::{ACCOUNTS_OF_PARTY, PayoutAccountRow, SANDBOX_KIND, payee},
};

/// Longest reason, in characters.
const REASON_MAX: usize = 500;
/// Sessions of the portal that are listed: the newest.
const SESSIONS: i64 = 1_000;

/// Writes down that somebody takes what is personal about a party.
///
/// Rejections in order: `party_unknown`, `reason_invalid`.
pub struct TakePersonalData {
    /// Whose.
    pub party: PartyId,
    /// Why.
    pub reason: String,
}

impl Command for TakePersonalData {
    type Output = ();

    fn name(&self) -> &'static str {
        "personal_data.take"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        if tx.get::<PartyRow>(&self.party).is_none() {
            return Err(unknown_party(self.party));
        }
        let length = self.reason.trim().chars().count();
        if length == 0 || length > REASON_MAX || self.reason.chars().any(char::is_control) {
            let text = "say what it is for, in 1 to 500 printable characters";
            return Err(Rejection::new("reason_invalid", text).at("/reason"));
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.party.to_string(), Facts::new().text("reason", self.reason.trim()))
    }
}

/// A payout account, in the clear: so it has no form for logs.
pub struct PersonalAccount {
    /// As it is stored.
    pub row: PayoutAccountRow,
    /// What the rail needs; the sandbox's kind names nobody.
    pub payee: Option<Payee>,
}

/// A case with what the party and the desk wrote to each other; notes of the desk are the desk's.
pub struct PersonalCase {
    /// The case.
    pub row: CaseRow,
    /// Messages that the party sees.
    pub messages: Vec<CaseMessageRow>,
    /// Files that the party sees.
    pub files: Vec<AttachmentRow>,
}

/// Everything; sealed values are opened, so it has no form for logs.
pub struct PersonalData {
    /// The party.
    pub party: PartyRow,
    /// Its phone.
    pub phone: Option<PhoneRow>,
    /// Its identity.
    pub identity: Option<IdentityRow>,
    /// People that act for it.
    pub people: Vec<PersonRow>,
    /// Payout accounts, those that were taken away included.
    pub accounts: Vec<PersonalAccount>,
    /// Its studio.
    pub studio: Option<StudioRow>,
    /// Its cases, newest first.
    pub cases: Vec<PersonalCase>,
    /// Its newest sessions of the portal.
    pub sessions: Vec<PortalSessionRow>,
}

/// Opens every sealed value of a row.
fn opened<T: Sealed>(vault: &Vault, mut row: T) -> Result<T, VaultError> {
    for (place, value) in row.values() {
        if !value.is_empty() {
            *value = vault.open(&place, value)?;
        }
    }
    Ok(row)
}

fn row<T: Record>(session: &mut dyn Session, key: T::Key) -> Result<Option<T>, Fault> {
    let mut found = None;
    session.load(T::TABLE, &Keys::<T>(&[key]), Lock::None, &mut |row| found = Some(T::read(row)))?;
    Ok(found)
}

/// Reads everything personal about a party; `None` when there is no such party.
///
/// # Errors
/// Storage faults; [`VaultError`] where a value does not open with this key.
pub fn personal_data(
    session: &mut dyn Session,
    vault: &Vault,
    party: PartyId,
) -> Result<Result<Option<PersonalData>, VaultError>, Fault> {
    let Some(own) = row::<PartyRow>(session, party)? else { return Ok(Ok(None)) };
    let (phone, identity, people) =
        (phone(session, party)?, identity(session, party)?, people(session, party)?);
    let mut accounts = Vec::new();
    session.query(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&party.0.0)], &mut |row| {
        accounts.push(PayoutAccountRow::read(row));
        true
    })?;
    let (cases, studio) = (cases(session, party)?, row::<StudioRow>(session, party)?);
    let sessions = portal_sessions(session, party, Uid([0xff; 16]), SESSIONS)?;
    let open = || {
        let account = |row: PayoutAccountRow| {
            let payee = (row.kind != SANDBOX_KIND).then(|| payee(vault, &row)).transpose()?;
            Ok(PersonalAccount { row, payee })
        };
        Ok(Some(PersonalData {
            party: own,
            phone: phone.map(|row| opened(vault, row)).transpose()?,
            identity: identity.map(|row| opened(vault, row)).transpose()?,
            people: people.into_iter().map(|row| opened(vault, row)).collect::<Result<_, _>>()?,
            accounts: accounts.into_iter().map(account).collect::<Result<_, VaultError>>()?,
            studio,
            cases,
            sessions,
        }))
    };
    Ok(open())
}

fn cases(session: &mut dyn Session, party: PartyId) -> Result<Vec<PersonalCase>, Fault> {
    let filter = CaseFilter { party: Some(party), ..CaseFilter::default() };
    let (mut found, mut before): (Vec<PersonalCase>, Option<CaseId>) = (Vec::new(), None);
    loop {
        let page = case_page(session, &filter, before, CASE_PAGE_MAX)?;
        let is_last = i64::try_from(page.len()).is_ok_and(|rows| rows < CASE_PAGE_MAX);
        before = page.last().map(|row| row.id);
        for row in page {
            let (messages, files) = (messages(session, row.id, false)?, attachments(session, row.id, false)?);
            found.push(PersonalCase { row, messages, files });
        }
        if is_last {
            return Ok(found);
        }
    }
}
