//! A shortcut for test books (P21): a party that has taken its first steps (X4), without codes and waiting.

use std::sync::Arc;

use purser_domain::{
    identity::{ClaimKind, ClaimState, id_check_character, read_claim, uscc_check_character},
    ids::{PartyId, Uid},
    parties::LegalForm,
};

use super::{
    claims,
    codes::open_party,
    phones,
    rows::{IdentityRow, PhoneRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    credit,
    facts::Facts,
    parties::PartyRow,
    rows::Meta,
    rules::{MODE, is_sandbox},
    tx::{Needs, Tx},
    vault::Vault,
};

/// Binds a made-up phone and verifies a made-up identity, as far as the party has none.
///
/// Rejections in order: `not_sandbox`, `party_unknown`, `party_closed`, then those of a phone, a name and a number.
pub struct OnboardSandboxParty {
    /// Key of what is stored.
    pub vault: Arc<Vault>,
    /// Whom.
    pub party: PartyId,
    /// Phone; made up when absent.
    pub phone: Option<String>,
    /// Name; made up when absent.
    pub name: Option<String>,
    /// Identity number or code; made up when absent.
    pub number: Option<String>,
}

impl OnboardSandboxParty {
    fn dice(&self) -> u64 {
        let bytes = Uid::derive("purser sandbox person v1", &[&self.party.0.0]).0;
        u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], 0])
    }

    fn made_up_number(&self, kind: ClaimKind) -> String {
        let (dice, check): (u64, fn(&str) -> Option<char>) = match kind {
            ClaimKind::Person => (self.dice(), id_check_character),
            ClaimKind::Enterprise => (self.dice(), uscc_check_character),
        };
        let first = match kind {
            ClaimKind::Person => {
                let (year, month, day) = (1_960 + dice % 40, 1 + dice / 40 % 12, 1 + dice / 480 % 28);
                format!("110101{year}{month:02}{day:02}{:03}", dice / 13_440 % 1_000)
            }
            ClaimKind::Enterprise => format!("91110000{:09}", dice % 1_000_000_000),
        };
        let last = check(&first).map_or_else(String::new, String::from);
        first + &last
    }
}

impl Command for OnboardSandboxParty {
    type Output = (PhoneRow, IdentityRow);

    fn name(&self) -> &'static str {
        "sandbox.onboard"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<Meta>(MODE.to_owned());
        credit::want_phone(needs, self.party, ctx);
        needs.row::<PartyRow>(self.party);
        needs.row::<PhoneRow>(self.party);
        needs.row::<IdentityRow>(self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(PhoneRow, IdentityRow), Rejection> {
        if !is_sandbox(tx) {
            let text = "these books are no sandbox: first steps are taken for real";
            return Err(Rejection::new("not_sandbox", text));
        }
        let party = open_party(tx, self.party)?;
        let phone = if let Some(row) = tx.get::<PhoneRow>(&self.party).cloned() {
            row
        } else {
            let made_up = format!("139{:08}", self.dice() % 100_000_000);
            phones::bind(tx, ctx, &self.vault, self.party, self.phone.as_deref().unwrap_or(&made_up))?
        };
        if let Some(row) = tx.get::<IdentityRow>(&self.party).filter(|row| row.is_verified()).cloned() {
            return Ok((phone, row));
        }
        let enterprise = party.party().profile.legal_form == LegalForm::Enterprise;
        let (kind, name) = if enterprise {
            (ClaimKind::Enterprise, "沙箱企业")
        } else {
            (ClaimKind::Person, "沙箱人")
        };
        let number = self.number.clone().unwrap_or_else(|| self.made_up_number(kind));
        let name = self.name.as_deref().unwrap_or(name);
        let claim = read_claim(kind, name, &number, false, ctx.today).map_err(|issue| {
            Rejection::new(issue.code(), issue.to_string()).at(issue.field().unwrap_or_default())
        })?;
        let row = claims::record(tx, ctx, &self.vault, self.party, &claim, String::new());
        let row = claims::decide(tx, ctx, row, ClaimState::Verified, "");
        Ok((phone, row))
    }

    fn audit(&self, (phone, identity): &(PhoneRow, IdentityRow)) -> (String, Facts) {
        let facts = Facts::new().text("phone", &phone.masked).text("name", &identity.name_masked);
        (self.party.to_string(), facts)
    }
}
