//! One-time codes of staff (P18): six digits that a device makes of a secret and the time (RFC 6238), each good once, and
//! recovery codes for who has lost the device.

use purser_domain::{
    ids::{StaffId, Uid},
    time::Timestamp,
};
use purser_storage::{Fault, Session, Statement};
use totp_rs::{Builder, Secret, Totp};

use super::{
    SessionRow, StaffRow,
    staff::{count_wrong_try, unlocked},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    identity::Sealed,
    record,
    tx::{Needs, Tx},
};

/// Recovery codes that a person gets.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a secret.
const SECRET_BYTES: usize = 20;

record! {
    /// A member of staff's device.
    pub struct TotpRow in STAFF_TOTP = 165, "staff_totp", lock Update, key(staff: StaffId) {
        /// What the codes are made of, base32, sealed.
        secret: String,
        /// When its first code was entered; before, it is not asked for.
        confirmed_at: Option<Timestamp>,
        /// The newest code that was used, in periods since 1970.
        last_step: i64,
        /// Hashes of the recovery codes that are left, hexadecimal, with blanks between them.
        recovery: String,
        /// When; machine time.
        made_at: Timestamp,
        /// Another one for every secret.
        version: i64,
    }
}

static OLD: Statement = Statement {
    name: "reseal.staff_totp",
    sql: "SELECT staff, secret, confirmed_at, last_step, recovery, made_at, version FROM staff_totp \
          WHERE secret <> '' AND secret NOT LIKE ?1 LIMIT ?2",
};

/// Statements of this file.
pub(super) const ALL: &[&Statement] = &[&OLD];

impl Sealed for TotpRow {
    const OLD: &'static Statement = &OLD;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(totp_place(self.staff), &mut self.secret)]
    }
}

impl TotpRow {
    /// It is asked for at every sign-in.
    pub const fn is_on(&self) -> bool {
        self.confirmed_at.is_some()
    }

    /// Recovery codes that are left.
    pub fn recovery_left(&self) -> usize {
        self.recovery.split_whitespace().count()
    }
}

/// What a sealed secret is bound to.
pub fn totp_place(staff: StaffId) -> String {
    format!("staff_totp/{staff}/secret")
}

/// A fresh secret, base32, of random bytes.
pub fn totp_secret(random: &[u8; 32]) -> String {
    Secret::from(random.iter().copied().take(SECRET_BYTES).collect::<Vec<u8>>()).to_base32()
}

fn totp(secret: &str) -> Option<Totp> {
    Builder::new().with_secret(Secret::try_from_base32(secret).ok()?).build().ok()
}

/// Which code of a secret this is, in periods since 1970, around `now`; `None` when it is none.
pub fn totp_step(secret: &str, code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.0.div_euclid(1_000_000)).ok()?;
    let is_code = code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit());
    let step = if is_code { totp(secret)?.check(code, seconds) } else { None };
    step.and_then(|step| i64::try_from(step).ok())
}

/// A recovery code of random bytes, as it is shown once.
pub fn recovery_code(random: &[u8; 32]) -> String {
    let text = Secret::from(random.iter().copied().take(10).collect::<Vec<u8>>()).to_base32().to_lowercase();
    let parts: Vec<String> =
        text.as_bytes().chunks(4).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
    parts.join("-")
}

/// Hash of a recovery code, as it is stored; blanks, dashes and capitals do not matter.
pub fn recovery_hash(staff: StaffId, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let mut hasher = blake3::Hasher::new_derive_key("purser staff recovery code v1");
    hasher.update(&staff.0.0).update(plain.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// What was given besides the password. The secret is opened at the edge, where the comparison is made against version
/// `seen` of the device; here it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondFactor {
    /// Nothing.
    None,
    /// A code of the device.
    Code {
        /// Which, in periods since 1970.
        step: i64,
        /// Version of the device.
        seen: i64,
    },
    /// Hash of what may be a recovery code.
    Recovery(String),
}

/// A device of a person.
///
/// # Errors
/// Storage faults.
pub fn staff_totp(session: &mut dyn Session, staff: StaffId) -> Result<Option<TotpRow>, Fault> {
    one(session, staff)
}

fn wrong() -> Rejection {
    Rejection::new("totp_wrong", "the one-time code is wrong, or was used before").at("/totp")
}

/// Looks at what was given; uses it up when it is right. `None` when there is no device to ask.
///
/// # Errors
/// `totp_required`; `totp_wrong`, which counts as a wrong password does.
pub(super) fn admit(tx: &mut Tx, ctx: &Ctx, staff: StaffId, given: &SecondFactor) -> Result<(), Rejection> {
    let Some(mut row) = tx.get::<TotpRow>(&staff).filter(|row| row.is_on()).cloned() else { return Ok(()) };
    match given {
        SecondFactor::None => {
            let text = "this account has a device: send its one-time code, or a recovery code, as `totp`";
            return Err(Rejection::new("totp_required", text).at("/totp"));
        }
        SecondFactor::Code { step, seen } if *seen == row.version && *step > row.last_step => {
            row.last_step = *step;
        }
        SecondFactor::Recovery(hash) if row.recovery.split_whitespace().any(|known| known == hash) => {
            let left: Vec<&str> = row.recovery.split_whitespace().filter(|known| known != hash).collect();
            row.recovery = left.join(" ");
            let facts = Facts::new().int("left", i64::try_from(row.recovery_left()).unwrap_or(0));
            tx.event("staff.recovery_code_used", None, &staff.to_string(), facts);
        }
        SecondFactor::Code { .. } | SecondFactor::Recovery(_) => {
            tx.keep_when_rejected(count_wrong_try(staff, ctx.machine));
            return Err(wrong());
        }
    }
    tx.put(row);
    Ok(())
}

/// Begins with a device: its secret is shown once, and asked for after its first code was entered. Begun again before
/// that, the new secret counts.
///
/// Rejections in order: `staff_unknown`, `totp_enrolled`.
pub struct EnrolTotp {
    /// Who.
    pub staff: StaffId,
    /// The secret, sealed.
    pub secret: String,
}

fn known(tx: &Tx, staff: StaffId) -> Result<StaffRow, Rejection> {
    let row = tx.get::<StaffRow>(&staff).filter(|row| row.disabled_at.is_none()).cloned();
    row.ok_or_else(|| Rejection::new("staff_unknown", "there is no such account"))
}

fn enrolled() -> Rejection {
    Rejection::new("totp_enrolled", "this account has a device already: remove it first")
}

impl Command for EnrolTotp {
    type Output = TotpRow;

    fn name(&self) -> &'static str {
        "access.enrol_totp"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.staff);
        needs.row::<TotpRow>(self.staff);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<TotpRow, Rejection> {
        known(tx, self.staff)?;
        let old = tx.get::<TotpRow>(&self.staff);
        if old.is_some_and(TotpRow::is_on) {
            return Err(enrolled());
        }
        let row = TotpRow {
            staff: self.staff,
            secret: self.secret.clone(),
            confirmed_at: None,
            last_step: 0,
            recovery: String::new(),
            made_at: ctx.machine,
            version: old.map_or(1, |old| old.version + 1),
        };
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, _output: &TotpRow) -> (String, Facts) {
        (self.staff.to_string(), Facts::new())
    }
}

/// The first code of a device: from here on it is asked for.
///
/// Rejections in order: `staff_unknown`, `account_locked`, `totp_not_begun`, `totp_enrolled`, `totp_wrong` (counts).
pub struct ConfirmTotp {
    /// Who.
    pub staff: StaffId,
    /// The code; `None` when it is wrong.
    pub code: Option<(i64, i64)>,
    /// Hashes of the recovery codes that are shown.
    pub recovery: Vec<String>,
    /// The session that gave it, which goes on; the account's others end.
    pub session: Uid,
}

impl Command for ConfirmTotp {
    type Output = TotpRow;

    fn name(&self) -> &'static str {
        "access.confirm_totp"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.staff);
        needs.row::<TotpRow>(self.staff);
        needs.row::<SessionRow>(self.session);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<TotpRow, Rejection> {
        unlocked(&known(tx, self.staff)?, ctx)?;
        let Some(mut row) = tx.get::<TotpRow>(&self.staff).filter(|row| !row.secret.is_empty()).cloned()
        else {
            return Err(Rejection::new("totp_not_begun", "begin with a device first: POST /v1/me/totp"));
        };
        if row.is_on() {
            return Err(enrolled());
        }
        let Some((step, _)) = self.code.filter(|(_, seen)| *seen == row.version) else {
            tx.keep_when_rejected(count_wrong_try(self.staff, ctx.machine));
            return Err(wrong().at("/code"));
        };
        row.confirmed_at = Some(ctx.machine);
        // As if it were opened with the code just now.
        if let Some(own) = tx.get::<SessionRow>(&self.session).filter(|own| own.staff == self.staff).cloned()
        {
            tx.put(SessionRow { created_at: ctx.machine, ..own });
        }
        row.last_step = step;
        row.recovery = self.recovery.join(" ");
        tx.put(row.clone());
        tx.event("staff.totp_enrolled", None, &self.staff.to_string(), Facts::new());
        Ok(row)
    }

    fn audit(&self, _output: &TotpRow) -> (String, Facts) {
        (self.staff.to_string(), Facts::new())
    }
}

/// Takes one's own device away, with a code of it or a recovery code.
///
/// Rejections in order: `staff_unknown`, `account_locked`, `totp_not_begun`, then those of a sign-in's code.
pub struct RemoveTotp {
    /// Who.
    pub staff: StaffId,
    /// The code.
    pub given: SecondFactor,
}

impl Command for RemoveTotp {
    type Output = ();

    fn name(&self) -> &'static str {
        "access.remove_totp"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<StaffRow>(self.staff);
        needs.row::<TotpRow>(self.staff);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        unlocked(&known(tx, self.staff)?, ctx)?;
        if tx.get::<TotpRow>(&self.staff).is_none_or(|row| !row.is_on()) {
            return Err(Rejection::new("totp_not_begun", "this account has no device"));
        }
        admit(tx, ctx, self.staff, &self.given)?;
        take_away(tx, self.staff);
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.staff.to_string(), Facts::new())
    }
}

/// The device is gone; its row stays, so that a version never comes again.
pub(super) fn take_away(tx: &mut Tx, staff: StaffId) {
    if let Some(row) = tx.get::<TotpRow>(&staff).cloned() {
        let gone = TotpRow {
            secret: String::new(),
            confirmed_at: None,
            recovery: String::new(),
            version: row.version + 1,
            ..row
        };
        tx.put(gone);
        tx.event("staff.totp_removed", None, &staff.to_string(), Facts::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard_p18() {
        // RFC 6238, appendix B, SHA-1, last six digits.
        let secret = Secret::from(b"12345678901234567890".to_vec()).to_base32();
        for (seconds, code, step) in [
            (59, "287082", 1),
            (1_111_111_109, "081804", 37_037_036),
            (20_000_000_000, "353130", 666_666_666),
        ] {
            let at = |seconds: i64| Timestamp(seconds * 1_000_000);
            assert_eq!(totp_step(&secret, code, at(seconds)), Some(step), "{seconds}");
            // One period off is a clock that goes wrong a little; two are none.
            assert_eq!(totp_step(&secret, code, at(seconds + 30)), Some(step));
            assert_eq!(totp_step(&secret, code, at(seconds + 90)), None);
        }
        for bad in ["", "28708", "2870820", "28708a", "２８７０８２"] {
            assert_eq!(totp_step(&secret, bad, Timestamp(59_000_000)), None, "{bad}");
        }
    }

    #[test]
    fn recovery_codes_do_not_mind_how_they_are_typed_p18() {
        let code = recovery_code(&[7; 32]);
        assert_eq!(code.len(), 19, "{code}");
        let staff = StaffId(purser_domain::ids::Uid([1; 16]));
        let typed = code.replace('-', " ").to_uppercase();
        assert_eq!(recovery_hash(staff, &code), recovery_hash(staff, &typed));
        assert_ne!(recovery_hash(staff, &code), recovery_hash(staff, &recovery_code(&[8; 32])));
        assert_ne!(recovery_code(&[7; 32]), recovery_code(&[8; 32]));
    }
}
