//! How parties get in (P18): the platform mints a link for somebody who acts for a party, the browser exchanges it once
//! for a session. Both are bound to party, person and role; machine time, as the test clock prolongs no access.

use purser_domain::{
    identity::PersonRole,
    ids::{PartyId, PersonId, Uid},
    time::{HOUR, MINUTE, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    identity::PersonRow,
    parties::PartyRow,
    record,
    tx::{Needs, Tx},
};

/// How long a link may be followed, µs.
pub const PORTAL_LINK_MICROS: i64 = 5 * MINUTE;
/// How long a portal session lasts, µs.
pub const PORTAL_SESSION_MICROS: i64 = 8 * HOUR;

pub(super) static SESSIONS_OF_PARTY: Statement = Statement {
    name: "access.portal_sessions_of_party",
    sql: "SELECT id, party, person, role, hash, link, created_at, expires_at, ended_at, ended_by, seen_at \
          FROM portal_sessions WHERE party = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3",
};

record! {
    /// A link into the portal; it works once.
    pub struct PortalLinkRow in PORTAL_LINKS = 131, "portal_links", lock Update, key(id: Uid) {
        /// For which party.
        party: PartyId,
        /// Who follows it; nil where the platform does not tell its people apart.
        person: PersonId,
        /// See [`PersonRole`].
        role: String,
        /// Hash of its secret.
        hash: [u8; 32],
        /// When it was minted.
        created_at: Timestamp,
        /// By whom.
        created_by: String,
        /// No longer works from here on.
        expires_at: Timestamp,
        /// When it was followed.
        used_at: Option<Timestamp>,
    }
}

record! {
    /// Somebody who has entered the portal.
    pub struct PortalSessionRow in PORTAL_SESSIONS = 132, "portal_sessions", lock Update, key(id: Uid) {
        /// For which party.
        party: PartyId,
        /// Who; nil where the platform does not tell its people apart.
        person: PersonId,
        /// See [`PersonRole`].
        role: String,
        /// Hash of its secret.
        hash: [u8; 32],
        /// The link that opened it.
        link: Uid,
        /// When.
        created_at: Timestamp,
        /// No longer works from here on.
        expires_at: Timestamp,
        /// Left or revoked.
        ended_at: Option<Timestamp>,
        /// By whom; empty while it is open.
        ended_by: String,
        /// When somebody did something there last; never before it was opened.
        seen_at: Timestamp,
    }
}

/// For whom somebody acts in the portal, and what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortalAccess {
    /// The session.
    pub session: Uid,
    /// The party: nothing of another one can be reached.
    pub party: PartyId,
    /// Who, where the platform says so.
    pub person: Option<PersonId>,
    /// What they may do.
    pub role: PersonRole,
    /// When somebody did something there last; machine time.
    pub seen_at: Timestamp,
}

impl PortalAccess {
    /// Whether nobody did anything there for so long, µs (policy `portal.idle`).
    pub fn is_idle(&self, idle_micros: i64, now: Timestamp) -> bool {
        self.seen_at.plus(idle_micros) <= now
    }
}

/// A person as rows keep it.
fn somebody(person: PersonId) -> Option<PersonId> {
    (person.0 != Uid::NIL).then_some(person)
}

impl PortalLinkRow {
    /// Who follows it, where the platform says so.
    pub fn person(&self) -> Option<PersonId> {
        somebody(self.person)
    }
}

impl PortalSessionRow {
    /// Who, where the platform says so.
    pub fn person(&self) -> Option<PersonId> {
        somebody(self.person)
    }

    /// What the session is worth now: `None` when its person no longer acts for the party; a role that was lowered
    /// since counts at once.
    ///
    /// # Errors
    /// Storage faults.
    pub(super) fn access(&self, session: &mut dyn Session) -> Result<Option<PortalAccess>, Fault> {
        let Some(role) = PersonRole::named(&self.role) else { return Ok(None) };
        let person = self.person();
        let role = match person {
            None => Some(role),
            Some(person) => one::<PersonRow>(session, (self.party, person))?
                .and_then(|row| PersonRole::named(&row.role))
                .map(|now| now.min(role)),
        };
        Ok(role.map(|role| PortalAccess {
            session: self.id,
            party: self.party,
            person,
            role,
            seen_at: self.seen_at.max(self.created_at),
        }))
    }
}

/// A link by its id, whatever became of it.
///
/// # Errors
/// Storage faults.
pub fn portal_link(session: &mut dyn Session, id: Uid) -> Result<Option<PortalLinkRow>, Fault> {
    one(session, id)
}

/// Mints a link.
///
/// Rejections in order: `party_unknown`, `person_unknown`, `role_exceeded`.
pub struct MintPortalLink {
    /// Its id.
    pub id: Uid,
    /// Hash of its secret.
    pub hash: [u8; 32],
    /// For which party.
    pub party: PartyId,
    /// Who follows it.
    pub person: Option<PersonId>,
    /// What they may do there.
    pub role: PersonRole,
    /// Who mints it.
    pub by: String,
}

impl Command for MintPortalLink {
    type Output = PortalLinkRow;

    fn name(&self) -> &'static str {
        "portal.mint_link"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        if let Some(person) = self.person {
            needs.row::<PersonRow>((self.party, person));
        }
        needs.row::<PortalLinkRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PortalLinkRow, Rejection> {
        if tx.get::<PartyRow>(&self.party).is_none() {
            return Err(Rejection::new("party_unknown", "there is no such party").at("/party_id"));
        }
        if let Some(person) = self.person {
            let row = tx.get::<PersonRow>(&(self.party, person));
            let row = row.ok_or_else(|| {
                Rejection::new("person_unknown", "the party has no such person").at("/person_id")
            })?;
            if PersonRole::named(&row.role).is_none_or(|role| role < self.role) {
                let text = format!("this person has the role `{}`: a link gives no more than that", row.role);
                return Err(Rejection::new("role_exceeded", text).at("/role"));
            }
        }
        let row = PortalLinkRow {
            id: self.id,
            party: self.party,
            person: self.person.unwrap_or(PersonId(Uid::NIL)),
            role: self.role.name().to_owned(),
            hash: self.hash,
            created_at: ctx.machine,
            created_by: self.by.clone(),
            expires_at: ctx.machine.plus(PORTAL_LINK_MICROS),
            used_at: None,
        };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &PortalLinkRow) -> (String, Facts) {
        (output.party.to_string(), facts(output.person(), &output.role))
    }
}

fn facts(person: Option<PersonId>, role: &str) -> Facts {
    let facts = Facts::new().text("role", role);
    match person {
        Some(person) => facts.text("person", person.to_string()),
        None => facts,
    }
}

/// Follows a link: it is used up, and a session is open.
///
/// Rejection: `portal_link_refused`, whichever reason: a link that is unknown, used or expired is asked for anew.
pub struct EnterPortal {
    /// The link.
    pub link: Uid,
    /// Hash of the secret that came with it.
    pub hash: [u8; 32],
    /// Id of the session to open.
    pub session: Uid,
    /// Hash of its secret.
    pub session_hash: [u8; 32],
}

impl Command for EnterPortal {
    type Output = PortalSessionRow;

    fn name(&self) -> &'static str {
        "portal.enter"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PortalLinkRow>(self.link);
        needs.row::<PortalSessionRow>(self.session);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PortalSessionRow, Rejection> {
        let right = |row: &PortalLinkRow| {
            // blake3's hash type compares in constant time.
            blake3::Hash::from(row.hash) == blake3::Hash::from(self.hash)
                && row.used_at.is_none()
                && row.expires_at > ctx.machine
        };
        let Some(link) = tx.get::<PortalLinkRow>(&self.link).filter(|row| right(row)).cloned() else {
            let text =
                "this link was used before, has expired or is not whole: ask the platform for a new one";
            return Err(Rejection::new("portal_link_refused", text));
        };
        let session = PortalSessionRow {
            id: self.session,
            party: link.party,
            person: link.person,
            role: link.role.clone(),
            hash: self.session_hash,
            link: link.id,
            created_at: ctx.machine,
            expires_at: ctx.machine.plus(PORTAL_SESSION_MICROS),
            ended_at: None,
            ended_by: String::new(),
            seen_at: ctx.machine,
        };
        tx.put(PortalLinkRow { used_at: Some(ctx.machine), ..link });
        tx.put(session.clone());
        Ok(session)
    }

    fn audit(&self, output: &PortalSessionRow) -> (String, Facts) {
        (output.party.to_string(), facts(output.person(), &output.role))
    }
}

/// Ends a session: its owner leaves, or the platform revokes it.
///
/// Rejection: `session_unknown`.
pub struct EndPortalSession {
    /// Which.
    pub id: Uid,
    /// Who ends it.
    pub by: String,
}

impl Command for EndPortalSession {
    type Output = PortalSessionRow;

    fn name(&self) -> &'static str {
        "portal.end_session"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PortalSessionRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PortalSessionRow, Rejection> {
        let Some(row) = tx.get::<PortalSessionRow>(&self.id).cloned() else {
            return Err(Rejection::new("session_unknown", "there is no such session"));
        };
        if row.ended_at.is_some() {
            return Ok(row);
        }
        let row = PortalSessionRow { ended_at: Some(ctx.machine), ended_by: self.by.clone(), ..row };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &PortalSessionRow) -> (String, Facts) {
        (output.party.to_string(), facts(output.person(), &output.role))
    }
}

/// Somebody is there: the session does not end for idleness yet. Pages say so when a person does something, never by
/// themselves.
///
/// Rejection: `session_unknown`, also of one that has ended.
pub struct SeePortalSession {
    /// Which.
    pub id: Uid,
}

impl Command for SeePortalSession {
    type Output = PortalSessionRow;

    fn name(&self) -> &'static str {
        "portal.seen"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PortalSessionRow>(self.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PortalSessionRow, Rejection> {
        let row = tx.get::<PortalSessionRow>(&self.id).filter(|row| row.ended_at.is_none()).cloned();
        let row = row.ok_or_else(|| Rejection::new("session_unknown", "there is no such session"))?;
        let row = PortalSessionRow { seen_at: row.seen_at.max(ctx.machine), ..row };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &PortalSessionRow) -> (String, Facts) {
        (output.party.to_string(), Facts::new())
    }
}

/// Sessions of a party, newest first, before `before`.
///
/// # Errors
/// Storage faults.
pub fn portal_sessions(
    session: &mut dyn Session,
    party: PartyId,
    before: Uid,
    limit: i64,
) -> Result<Vec<PortalSessionRow>, Fault> {
    let mut rows = Vec::new();
    let params = [Value::Bytes(&party.0.0), Value::Bytes(&before.0), Value::Int(limit)];
    session.query(&SESSIONS_OF_PARTY, &params, &mut |row| {
        rows.push(PortalSessionRow::read(row));
        true
    })?;
    Ok(rows)
}
