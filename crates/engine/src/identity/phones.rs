//! Binding, changing and unbinding a phone (P7, X5).

use std::sync::Arc;

use purser_domain::{
    identity::{Purpose, mask},
    ids::PartyId,
};

use super::{
    codes::{self, Given, open_party, read_by_policy},
    rows::{PhoneRow, place},
};
use crate::{
    command::{Command, Ctx, Rejection},
    credit,
    facts::Facts,
    tx::{Needs, Tx},
    vault::Vault,
};

fn want(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<crate::parties::PartyRow>(party);
    needs.row::<PhoneRow>(party);
}

fn facts(row: &PhoneRow) -> Facts {
    Facts::new().text("phone", &row.masked).flag("virtual_operator", row.virtual_operator)
}

/// Binds a phone with the code that it got. Where another one is bound, its code is needed too (X5).
///
/// Rejections in order: `party_unknown`, `party_closed`, `phone_invalid`, `phone_virtual_operator`; those of the old
/// phone's code, about `/old_code`; those of the new phone's, about `/code`.
pub struct BindPhone {
    /// Key of what is stored.
    pub vault: Arc<Vault>,
    /// Whose.
    pub party: PartyId,
    /// The number.
    pub phone: String,
    /// The code that it got.
    pub code: Given,
    /// The code that the phone bound until now got.
    pub old_code: Given,
}

impl Command for BindPhone {
    type Output = PhoneRow;

    fn name(&self) -> &'static str {
        "phone.bind"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        want(needs, self.party);
        credit::want_phone(needs, self.party, ctx);
        codes::need(needs, self.party, Purpose::BindPhone);
        need_sent_codes(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PhoneRow, Rejection> {
        open_party(tx, self.party)?;
        let (number, _) = read_by_policy(&self.phone, ctx)?;
        let old = tx.get::<PhoneRow>(&self.party).cloned();
        if let Some(old) = &old {
            let subject = old.number_index.clone();
            codes::require(tx, ctx, self.party, Purpose::UnbindPhone, &self.old_code, &subject, "/old_code")?;
        }
        let index = self.vault.index("phone", &number);
        codes::require(tx, ctx, self.party, Purpose::BindPhone, &self.code, &index, "/code")?;
        codes::use_up(tx, self.party, Purpose::BindPhone);
        if old.is_some() {
            void_codes(tx, self.party);
        }
        bind(tx, ctx, &self.vault, self.party, &number)
    }

    fn audit(&self, output: &PhoneRow) -> (String, Facts) {
        (self.party.to_string(), facts(output))
    }
}

/// Writes a number down that was confirmed; a shop's limit follows it (C22).
pub(super) fn bind(
    tx: &mut Tx,
    ctx: &Ctx,
    vault: &Vault,
    party: PartyId,
    number: &str,
) -> Result<PhoneRow, Rejection> {
    let (number, virtual_operator) = read_by_policy(number, ctx)?;
    let version = tx.get::<PhoneRow>(&party).map_or(1, |old| old.version + 1);
    let secret = tx.new_secret();
    let row = PhoneRow {
        party,
        number_index: vault.index("phone", &number),
        masked: mask::phone(&number),
        number: vault.seal(&place("phones", party, "number"), &number, secret),
        virtual_operator,
        bound_at: ctx.now,
        version,
    };
    tx.put(row.clone());
    credit::phone_bound(tx, ctx, party, virtual_operator);
    tx.notify("phone.bound", party, &party.to_string(), facts(&row));
    Ok(row)
}

/// Unbinds the phone with a code that it got; the next withdrawal asks for one again (X5).
///
/// Rejections in order: `party_unknown`, `party_closed`, `phone_missing`, then those of the code.
pub struct UnbindPhone {
    /// Whose.
    pub party: PartyId,
    /// The code that it got.
    pub code: Given,
}

impl Command for UnbindPhone {
    type Output = PhoneRow;

    fn name(&self) -> &'static str {
        "phone.unbind"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
        need_sent_codes(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PhoneRow, Rejection> {
        open_party(tx, self.party)?;
        let row = bound(tx, self.party)?;
        let subject = row.number_index.clone();
        codes::require(tx, ctx, self.party, Purpose::UnbindPhone, &self.code, &subject, "/code")?;
        void_codes(tx, self.party);
        unbind(tx, &row);
        Ok(row)
    }

    fn audit(&self, output: &PhoneRow) -> (String, Facts) {
        (self.party.to_string(), facts(output))
    }
}

fn bound(tx: &Tx, party: PartyId) -> Result<PhoneRow, Rejection> {
    let missing = || Rejection::new("phone_missing", "no phone is bound");
    tx.get::<PhoneRow>(&party).cloned().ok_or_else(missing)
}

/// What is sent to a bound phone.
const SENT: [Purpose; 3] = [Purpose::Withdrawal, Purpose::PayoutAccount, Purpose::UnbindPhone];

fn need_sent_codes(needs: &mut Needs<'_>, party: PartyId) {
    for purpose in SENT {
        codes::need(needs, party, purpose);
    }
}

/// Whoever holds a phone that is no longer bound must not be able to use what it got.
fn void_codes(tx: &mut Tx, party: PartyId) {
    for purpose in SENT {
        codes::use_up(tx, party, purpose);
    }
}

/// Nothing that was sent to the phone is of use any more.
fn unbind(tx: &mut Tx, row: &PhoneRow) {
    tx.delete::<PhoneRow>(row.party);
    tx.notify("phone.unbound", row.party, &row.party.to_string(), facts(row));
}

/// A lost number: staff has checked who asks, and two people unbind it (X5, P16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePhone {
    /// Whose.
    pub party: PartyId,
    /// How the identity was checked; kept, so nothing personal.
    pub reason: String,
}

impl ReleasePhone {
    pub(crate) const ACTION: &'static str = "phone.release";

    /// Every detail.
    pub(crate) fn facts(&self) -> Facts {
        Facts::new().text("party", self.party.to_string()).text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self { party: facts.get_text("party")?.parse().ok()?, reason: facts.get_text("reason")? })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        want(needs, self.party);
        need_sent_codes(needs, self.party);
    }

    /// Rejections in order: `reason_invalid`, `party_unknown`, `party_closed`, `phone_missing`.
    pub(crate) fn check(&self, tx: &Tx) -> Result<(), Rejection> {
        super::reason(&self.reason)?;
        open_party(tx, self.party)?;
        bound(tx, self.party).map(|_| ())
    }

    pub(crate) fn run(&self, tx: &mut Tx) -> Result<Facts, Rejection> {
        self.check(tx)?;
        let row = bound(tx, self.party)?;
        void_codes(tx, self.party);
        unbind(tx, &row);
        Ok(facts(&row))
    }
}
