//! Sealing values again after a rotation (P9): bounded commands, until nothing is left that an older version sealed.

use std::{marker::PhantomData, sync::Arc};

use purser_storage::{Record, Statement, Value};

use super::rows::{CodeRow, IdentityRow, PersonRow, PhoneRow, place};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    sandbox::messages::SandboxMessageRow,
    tx::{Needs, Tx},
    vault::Vault,
    withdrawals::PayoutAccountRow,
};

/// Rows of a table that one command seals again.
const PAGE: i64 = 500;

/// A row with sealed values.
pub trait Sealed: Record {
    /// Rows with a value that does not begin like `?1`, at most `?2`.
    const OLD: &'static Statement;
    /// Every sealed value with its place.
    fn values(&mut self) -> Vec<(String, &mut String)>;
}

static OLD_PHONES: Statement = Statement {
    name: "reseal.phones",
    sql: "SELECT party, number, number_index, masked, virtual_operator, bound_at, version FROM phones \
          WHERE number NOT LIKE ?1 LIMIT ?2",
};
static OLD_IDENTITIES: Statement = Statement {
    name: "reseal.identities",
    sql: "SELECT party, kind, state, name, number, name_masked, number_masked, identity_index, vouched_by, reason, \
          submitted_at, decided_at, version FROM identities WHERE name NOT LIKE ?1 LIMIT ?2",
};
static OLD_CODES: Statement = Statement {
    name: "reseal.codes",
    sql: "SELECT party, purpose, code, digest, subject, message, masked, expires_at, tries_left, used, issued_at, \
          version FROM one_time_codes WHERE message <> '' AND message NOT LIKE ?1 LIMIT ?2",
};
static OLD_PEOPLE: Statement = Statement {
    name: "reseal.people",
    sql: "SELECT party, person, name, name_masked, role, phone, phone_masked, created_at, version FROM people \
          WHERE name NOT LIKE ?1 OR (phone <> '' AND phone NOT LIKE ?1) LIMIT ?2",
};
static OLD_ACCOUNTS: Statement = Statement {
    name: "reseal.payout_accounts",
    sql: "SELECT id, party, kind, number, masked, first, is_default, locked, bound_at, unbound_at, version, \
          number_index, holder, bank FROM payout_accounts WHERE kind <> 'sandbox' AND number NOT LIKE ?1 LIMIT ?2",
};
static OLD_MESSAGES: Statement = Statement {
    name: "reseal.sandbox_messages",
    sql: "SELECT code, party, purpose, masked, message, at FROM sandbox_messages WHERE message NOT LIKE ?1 LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] =
    &[&OLD_PHONES, &OLD_IDENTITIES, &OLD_CODES, &OLD_PEOPLE, &OLD_ACCOUNTS, &OLD_MESSAGES];

impl Sealed for PhoneRow {
    const OLD: &'static Statement = &OLD_PHONES;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(place("phones", self.party, "number"), &mut self.number)]
    }
}

impl Sealed for IdentityRow {
    const OLD: &'static Statement = &OLD_IDENTITIES;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![
            (place("identities", self.party, "name"), &mut self.name),
            (place("identities", self.party, "number"), &mut self.number),
        ]
    }
}

impl Sealed for CodeRow {
    const OLD: &'static Statement = &OLD_CODES;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(place("codes", self.code, "message"), &mut self.message)]
    }
}

impl Sealed for PersonRow {
    const OLD: &'static Statement = &OLD_PEOPLE;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![
            (place("people", self.person, "name"), &mut self.name),
            (place("people", self.person, "phone"), &mut self.phone),
        ]
    }
}

impl Sealed for PayoutAccountRow {
    const OLD: &'static Statement = &OLD_ACCOUNTS;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(place("payout_accounts", self.id, "number"), &mut self.number)]
    }
}

impl Sealed for SandboxMessageRow {
    const OLD: &'static Statement = &OLD_MESSAGES;
    fn values(&mut self) -> Vec<(String, &mut String)> {
        vec![(place("sandbox_messages", self.code, "message"), &mut self.message)]
    }
}

/// Seals some rows of one table again with the current version; says how many. Run it until it says none.
///
/// Rejections: `sealed_value_broken`.
pub struct Reseal<T> {
    vault: Arc<Vault>,
    table: PhantomData<fn() -> T>,
}

impl<T: Sealed> Reseal<T> {
    /// With this vault.
    pub fn with(vault: &Arc<Vault>) -> Self {
        Self { vault: Arc::clone(vault), table: PhantomData }
    }
}

impl<T: Sealed> Command for Reseal<T> {
    type Output = usize;

    fn name(&self) -> &'static str {
        "secrets.reseal"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        let current = format!("{}.%", self.vault.current());
        needs.list::<T>(T::OLD, &[Value::Text(&current), Value::Int(PAGE)]);
    }

    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<usize, Rejection> {
        let rows: Vec<T> = tx.rows::<T>().cloned().collect();
        let mut changed = 0;
        for mut row in rows {
            let mut again = false;
            for (place, value) in row.values() {
                // Empty where there is none, plain where the kind has nothing personal.
                if value.is_empty() || !self.vault.is_old(value) || !is_sealed(value) {
                    continue;
                }
                let plain = self.vault.open(&place, value);
                let plain = plain.map_err(|e| Rejection::new("sealed_value_broken", e.to_string()))?;
                let secret = tx.new_secret();
                *value = self.vault.seal(&place, &plain, secret);
                again = true;
            }
            if again {
                changed += 1;
                tx.put(row);
            }
        }
        Ok(changed)
    }

    fn audit(&self, output: &usize) -> (String, Facts) {
        let rows = i64::try_from(*output).unwrap_or(i64::MAX);
        (T::TABLE.name.to_owned(), Facts::new().int("rows", rows))
    }
}

/// Sealed values begin with a version and a dot.
fn is_sealed(value: &str) -> bool {
    value.split_once('.').is_some_and(|(version, _)| version.parse::<u32>().is_ok())
}
