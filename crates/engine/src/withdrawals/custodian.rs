//! Who keeps the platform's money at a rail (P12): a bank or payment service, by the name that staff give it.

use purser_domain::policy::keys;
use purser_storage::{Fault, Keys, Lock, Record as _, Session};

use super::rails::known;
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::Meta,
    tx::{Needs, Tx},
};

/// Longest name, characters.
const NAME_CHARS: usize = 100;

fn place(rail: &str) -> String {
    format!("custodian:{rail}")
}

/// Declares what [`custodian`] reads.
pub(crate) fn want_custodian(needs: &mut Needs<'_>, rail: &str) {
    needs.row::<Meta>(place(rail));
}

/// Who keeps the money at a rail; `None` while nobody was named.
pub(crate) fn custodian(tx: &Tx, rail: &str) -> Option<String> {
    tx.get::<Meta>(&place(rail)).map(|row| row.value.clone())
}

/// Who keeps the money at every rail, in the order of [`keys::RAILS`].
///
/// # Errors
/// Storage faults.
pub fn custodians(session: &mut dyn Session) -> Result<Vec<Option<String>>, Fault> {
    let mut out = Vec::new();
    for rail in keys::RAILS {
        let mut found = None;
        session.load(Meta::TABLE, &Keys::<Meta>(&[place(rail)]), Lock::None, &mut |row| {
            found = Some(Meta::read(row).value);
        })?;
        out.push(found);
    }
    Ok(out)
}

/// Names who keeps the platform's money at a rail. The same name again changes nothing.
///
/// Rejections in order: `rail_unknown`, `custodian_invalid`.
pub struct NameCustodian {
    /// Which rail.
    pub rail: String,
    /// 1–100 characters, none of them invisible.
    pub custodian: String,
}

impl Command for NameCustodian {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.custodian"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_custodian(needs, &self.rail);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        known(&self.rail)?;
        let name = self.custodian.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
            let text = format!("the name of a custodian has 1 to {NAME_CHARS} printable characters");
            return Err(Rejection::new("custodian_invalid", text).at("/custodian"));
        }
        if custodian(tx, &self.rail).as_deref() != Some(name) {
            tx.put(Meta { name: place(&self.rail), value: name.to_owned() });
            tx.event("rail.custodian_named", None, &self.rail, Facts::new().text("custodian", name));
        }
        Ok(())
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.rail.clone(), Facts::new().text("custodian", self.custodian.trim()))
    }
}
