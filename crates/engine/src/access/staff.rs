//! Commands on staff accounts and their sessions.

use purser_domain::{
    ids::{StaffId, Uid},
    time::{HOUR, MINUTE, Timestamp},
};

use super::{
    Role, SecondFactor, SessionRow, StaffRow, TotpRow,
    totp::{admit, take_away},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::Meta,
    rules::{MODE, is_sandbox},
    tx::{Needs, Tx},
};

/// Wrong passwords before an account is locked.
pub const TRIES: i64 = 5;
/// How long it stays locked, µs.
pub const LOCK_MICROS: i64 = 15 * MINUTE;
/// How long a session lasts, µs.
pub const SESSION_MICROS: i64 = 12 * HOUR;

/// Id of the account with this login.
pub fn staff_id(login: &str) -> StaffId {
    StaffId(Uid::derive("purser staff login v1", &[login.trim().to_lowercase().as_bytes()]))
}

/// Programs do not make people: a key that could would be two of them whenever it likes (P16). In a sandbox, where no
/// money is, it may.
fn by_people(tx: &Tx, by_person: bool) -> Result<(), Rejection> {
    if by_person || is_sandbox(tx) {
        return Ok(());
    }
    let message = "people make and change staff accounts: sign in as an admin, an API key cannot do this; \
                   the first account is made with `purser staff create`";
    Err(Rejection::new("staff_needed", message))
}

fn facts(row: &StaffRow) -> Facts {
    let facts = Facts::new().text("role", row.role.name());
    if row.must_change_password() { facts.text("password_by", &row.password_by) } else { facts }
}

/// Who set a password, as the row keeps it: nobody when the owner did. In a sandbox, where keys make people, what a key
/// sets is the owner's own.
fn password_by(owner: StaffId, by: &str, by_person: bool) -> String {
    if by_person && by != format!("staff:{owner}") { by.to_owned() } else { String::new() }
}

/// Makes a staff account. Its owner changes the password at the first sign-in, before anything else.
///
/// Rejections in order: `staff_needed`, `login_taken`.
pub struct CreateStaff {
    /// Name to sign in with.
    pub login: String,
    /// What they are.
    pub role: Role,
    /// From [`super::hash_password`].
    pub password: Vec<u8>,
    /// Who makes it.
    pub by: String,
    /// Whether that is a person, not a program.
    pub by_person: bool,
}

impl Command for CreateStaff {
    type Output = StaffRow;

    fn name(&self) -> &'static str {
        "access.create_staff"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(staff_id(&self.login));
        needs.row::<Meta>(MODE.to_owned());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<StaffRow, Rejection> {
        by_people(tx, self.by_person)?;
        let id = staff_id(&self.login);
        if tx.get::<StaffRow>(&id).is_some() {
            return Err(Rejection::new("login_taken", "there is an account with this login").at("/login"));
        }
        let row = StaffRow {
            id,
            login: self.login.trim().to_lowercase(),
            role: self.role,
            password: self.password.clone(),
            failed: 0,
            locked_until: None,
            disabled_at: None,
            created_at: ctx.machine,
            created_by: self.by.clone(),
            version: 1,
            password_by: password_by(id, &self.by, self.by_person),
        };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &StaffRow) -> (String, Facts) {
        (output.id.to_string(), facts(output))
    }
}

/// What happens to a staff account.
#[derive(Debug, Clone)]
pub enum StaffChange {
    /// A new password; the lock is lifted, open sessions end, and its owner changes it before anything else.
    Password(Vec<u8>),
    /// Another role.
    Role(Role),
    /// May not sign in any more; open sessions end.
    Disable,
    /// The lock after wrong tries is lifted.
    Unlock,
    /// The device is taken away: who lost it signs in with the password, and enrols another one.
    ResetTotp,
}

/// Changes a staff account.
///
/// Rejections in order: `staff_needed`, `staff_unknown`, `version_conflict`, `totp_own_reset`.
pub struct ChangeStaff {
    /// Which.
    pub id: StaffId,
    /// How.
    pub change: StaffChange,
    /// Version that the caller saw, when it insists (If-Match).
    pub expected: Option<i64>,
    /// Who does it, as in the audit log.
    pub by: String,
    /// Whether a person does it, not a program.
    pub by_person: bool,
}

impl Command for ChangeStaff {
    type Output = StaffRow;

    fn name(&self) -> &'static str {
        match self.change {
            StaffChange::Password(_) => "access.set_password",
            StaffChange::Role(_) => "access.set_role",
            StaffChange::Disable => "access.disable_staff",
            StaffChange::Unlock => "access.unlock_staff",
            StaffChange::ResetTotp => "access.reset_totp",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.id);
        needs.row::<TotpRow>(self.id);
        needs.row::<Meta>(MODE.to_owned());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<StaffRow, Rejection> {
        by_people(tx, self.by_person)?;
        let Some(old) = tx.get::<StaffRow>(&self.id).cloned() else {
            return Err(Rejection::new("staff_unknown", "there is no such account"));
        };
        if self.expected.is_some_and(|version| version != old.version) {
            return Err(Rejection::new(
                "version_conflict",
                "the account was changed meanwhile: read it again",
            ));
        }
        let mut row = StaffRow { version: old.version + 1, ..old };
        match &self.change {
            StaffChange::Password(password) => {
                tx.changed_unseen("password", true);
                row.password.clone_from(password);
                row.password_by = password_by(self.id, &self.by, self.by_person);
                row.failed = 0;
                row.locked_until = None;
            }
            StaffChange::Role(role) => {
                tx.changed("role", row.role.name(), role.name());
                row.role = *role;
            }
            StaffChange::Unlock => {
                let was = if row.locked_until.is_some() { "locked" } else { "active" };
                tx.changed("state", was, "active");
                row.failed = 0;
                row.locked_until = None;
            }
            // Whoever has one's session would else have the second factor too.
            StaffChange::ResetTotp if self.by == format!("staff:{}", self.id) => {
                let text = "your own device goes with a code of it (POST /v1/me/totp/remove); lost, another admin takes it away";
                return Err(Rejection::new("totp_own_reset", text));
            }
            StaffChange::ResetTotp => {
                tx.changed_unseen("totp", true);
                take_away(tx, self.id);
            }
            StaffChange::Disable => {
                tx.changed(
                    "state",
                    if row.disabled_at.is_some() { "disabled" } else { "active" },
                    "disabled",
                );
                row.disabled_at = Some(ctx.machine);
            }
        }
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &StaffRow) -> (String, Facts) {
        (output.id.to_string(), facts(output))
    }
}

/// What a session is made of.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Id.
    pub id: Uid,
    /// Hash of the secret.
    pub hash: [u8; 32],
    /// The address that it is opened from.
    pub address: String,
}

impl NewSession {
    /// The session of an account as it stands.
    fn open(&self, row: &StaffRow, ctx: &Ctx) -> SessionRow {
        SessionRow {
            id: self.id,
            staff: row.id,
            hash: SessionRow::bind(self.hash, &row.password),
            created_at: ctx.machine,
            expires_at: ctx.machine.plus(SESSION_MICROS),
            ended_at: None,
            seen_at: ctx.machine,
            address: self.address.clone(),
            password_tag: SessionRow::tag(&row.password),
        }
    }
}

/// Signs in. The slow comparison was made at the edge against version `seen`; here it counts.
///
/// Rejections in order: `sign_in_refused`, `account_locked`, `sign_in_refused` (a wrong password), `totp_required`,
/// `totp_wrong`.
pub struct SignIn {
    /// Who.
    pub staff: StaffId,
    /// Version of the account whose password was compared.
    pub seen: i64,
    /// Whether it was right.
    pub right: bool,
    /// What was given besides.
    pub second: SecondFactor,
    /// The session to open.
    pub session: NewSession,
}

fn wrong() -> Rejection {
    // One sentence for an unknown login and a wrong password: which of them it was is nobody's business.
    Rejection::new("sign_in_refused", "login or password is wrong")
}

pub(super) fn unlocked(row: &StaffRow, ctx: &Ctx) -> Result<(), Rejection> {
    let Some(until) = row.locked_until.filter(|until| *until > ctx.machine) else { return Ok(()) };
    let text = "too many wrong passwords: wait, or ask an admin";
    Err(Rejection::new("account_locked", text).with(Facts::new().at("locked_until", until)))
}

impl Command for SignIn {
    type Output = SessionRow;

    fn name(&self) -> &'static str {
        "access.sign_in"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.staff);
        needs.row::<TotpRow>(self.staff);
        needs.row::<SessionRow>(self.session.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<SessionRow, Rejection> {
        let Some(row) = tx.get::<StaffRow>(&self.staff).cloned() else { return Err(wrong()) };
        if row.disabled_at.is_some() {
            return Err(wrong());
        }
        unlocked(&row, ctx)?;
        if row.version != self.seen || !self.right {
            tx.keep_when_rejected(count_wrong_try(self.staff, ctx.machine));
            return Err(wrong());
        }
        admit(tx, ctx, self.staff, &self.second)?;
        let session = self.session.open(&row, ctx);
        if row.failed > 0 || row.locked_until.is_some() {
            tx.put(StaffRow { failed: 0, locked_until: None, ..row });
        }
        tx.put(session.clone());
        Ok(session)
    }

    fn audit(&self, output: &SessionRow) -> (String, Facts) {
        (output.staff.to_string(), Facts::new())
    }
}

/// A member of staff changes their own password; every session ends, and the caller gets a new one. The slow comparison
/// was made at the edge against version `seen`; here it counts.
///
/// Rejections in order: `staff_unknown`, `account_locked`, `password_wrong`.
pub struct ChangeOwnPassword {
    /// Who.
    pub staff: StaffId,
    /// Version of the account whose password was compared.
    pub seen: i64,
    /// Whether the password until now was right.
    pub right: bool,
    /// From [`super::hash_password`].
    pub password: Vec<u8>,
    /// The session to open.
    pub session: NewSession,
}

impl Command for ChangeOwnPassword {
    type Output = SessionRow;

    fn name(&self) -> &'static str {
        "access.change_own_password"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.staff);
        needs.row::<SessionRow>(self.session.id);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<SessionRow, Rejection> {
        let known = tx.get::<StaffRow>(&self.staff).filter(|row| row.disabled_at.is_none()).cloned();
        let row = known.ok_or_else(|| Rejection::new("staff_unknown", "there is no such account"))?;
        unlocked(&row, ctx)?;
        if row.version != self.seen || !self.right {
            tx.keep_when_rejected(count_wrong_try(self.staff, ctx.machine));
            return Err(Rejection::new("password_wrong", "the password until now is wrong").at("/current"));
        }
        let row = StaffRow {
            password: self.password.clone(),
            password_by: String::new(),
            failed: 0,
            locked_until: None,
            version: row.version + 1,
            ..row
        };
        let session = self.session.open(&row, ctx);
        tx.put(row);
        tx.put(session.clone());
        Ok(session)
    }

    fn audit(&self, _output: &SessionRow) -> (String, Facts) {
        (self.staff.to_string(), Facts::new())
    }
}

/// Counters only: the version stays, so that tries that run side by side all compare the same password.
pub(super) fn count_wrong_try(staff: StaffId, now: Timestamp) -> impl FnOnce(&mut Tx) + Send + 'static {
    move |tx| {
        if let Some(row) = tx.get::<StaffRow>(&staff).cloned() {
            let failed = row.failed + 1;
            let full = failed >= TRIES;
            tx.put(StaffRow {
                failed: if full { 0 } else { failed },
                locked_until: if full { Some(now.plus(LOCK_MICROS)) } else { row.locked_until },
                ..row
            });
        }
    }
}

/// How often a session is written down as used, µs.
pub const SEEN_EVERY: i64 = MINUTE;

/// A session is used.
pub struct TouchSession(pub Uid);

impl Command for TouchSession {
    type Output = ();

    fn name(&self) -> &'static str {
        "access.touch_session"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SessionRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        if let Some(row) = tx.get::<SessionRow>(&self.0).cloned()
            && row.seen_at.plus(SEEN_EVERY) <= ctx.machine
        {
            tx.put(SessionRow { seen_at: ctx.machine, ..row });
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Ends a session of an account from elsewhere.
///
/// Rejections: `session_unknown`. One that has ended stays as it is.
pub struct RevokeSession {
    /// Which.
    pub session: Uid,
    /// Whose.
    pub staff: StaffId,
}

impl Command for RevokeSession {
    type Output = SessionRow;

    fn name(&self) -> &'static str {
        "access.revoke_session"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SessionRow>(self.session);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<SessionRow, Rejection> {
        let row = tx.get::<SessionRow>(&self.session).filter(|row| row.staff == self.staff).cloned();
        let row = row.ok_or_else(|| Rejection::new("session_unknown", "there is no such session"))?;
        let row = SessionRow { ended_at: row.ended_at.or(Some(ctx.machine)), ..row };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &SessionRow) -> (String, Facts) {
        (output.staff.to_string(), Facts::new().text("session", output.id.with_prefix("ses")))
    }
}

/// Signs out.
pub struct EndSession(pub Uid);

impl Command for EndSession {
    type Output = ();

    fn name(&self) -> &'static str {
        "access.sign_out"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SessionRow>(self.0);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let Some(row) = tx.get::<SessionRow>(&self.0).cloned() else {
            return Err(Rejection::new("session_unknown", "there is no such session"));
        };
        if row.ended_at.is_none() {
            tx.put(SessionRow { ended_at: Some(ctx.machine), ..row });
        }
        Ok(())
    }
}
