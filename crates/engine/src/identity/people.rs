//! People who act for a party (P6).

use std::sync::Arc;

use purser_domain::{
    identity::{PEOPLE_MAX, PersonRejection, PersonRole, mask, read_name, read_phone},
    ids::{PartyId, PersonId},
};
use purser_storage::Value;

use super::{
    codes::open_party,
    queries::PEOPLE_OF_PARTY,
    rows::{PersonRow, place},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::PartyRow,
    tx::{Needs, Tx},
    vault::Vault,
};

fn rejected(rejection: PersonRejection) -> Rejection {
    Rejection::new(rejection.code(), rejection.to_string())
}

fn facts(row: &PersonRow) -> Facts {
    Facts::new().text("person", row.person.to_string()).text("name", &row.name_masked).text("role", &row.role)
}

/// What changes about the people of a party.
pub enum PeopleChange {
    /// Somebody more.
    Add {
        /// Name.
        name: String,
        /// What the person may do.
        role: PersonRole,
        /// Phone, if any.
        phone: Option<String>,
    },
    /// Another role or phone; names stay, as another person is another entry.
    Change {
        /// Who.
        person: PersonId,
        /// The version that the caller saw.
        if_version: Option<i64>,
        /// What the person may do; unchanged when absent.
        role: Option<PersonRole>,
        /// Phone; unchanged when absent, taken away when empty.
        phone: Option<String>,
    },
    /// Nobody of ours any more.
    Remove {
        /// Who.
        person: PersonId,
    },
}

/// Changes the people of a party.
///
/// Rejections in order: `party_unknown`, `party_closed`, `person_unknown`, `version_conflict`, `name_invalid`,
/// `phone_invalid`, `people_too_many`.
pub struct ChangePeople {
    /// Key of what is stored.
    pub vault: Arc<Vault>,
    /// Whose.
    pub party: PartyId,
    /// What.
    pub change: PeopleChange,
}

impl ChangePeople {
    fn phone(&self, tx: &mut Tx, row: &mut PersonRow, phone: &str) -> Result<(), Rejection> {
        if phone.is_empty() {
            row.phone.clear();
            row.phone_masked.clear();
            return Ok(());
        }
        let number = read_phone(phone)
            .map_err(|issue| Rejection::new(issue.code(), issue.to_string()).at("/phone"))?;
        let secret = tx.new_secret();
        row.phone = self.vault.seal(&place("people", row.person, "phone"), &number, secret);
        row.phone_masked = mask::phone(&number);
        Ok(())
    }

    fn add(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        name: &str,
        role: PersonRole,
        phone: Option<&str>,
    ) -> Result<PersonRow, Rejection> {
        let name = read_name(name).ok_or_else(|| rejected(PersonRejection::NameInvalid).at("/name"))?;
        let (person, secret): (PersonId, _) = (tx.new_id(), tx.new_secret());
        let mut row = PersonRow {
            party: self.party,
            person,
            name: self.vault.seal(&place("people", person, "name"), &name, secret),
            name_masked: mask::name(&name),
            role: role.name().to_owned(),
            phone: String::new(),
            phone_masked: String::new(),
            created_at: ctx.now,
            version: 1,
        };
        self.phone(tx, &mut row, phone.unwrap_or_default())?;
        if tx.rows::<PersonRow>().filter(|row| row.party == self.party).count() >= PEOPLE_MAX {
            return Err(rejected(PersonRejection::TooMany));
        }
        tx.put(row.clone());
        Ok(row)
    }
}

impl Command for ChangePeople {
    type Output = PersonRow;

    fn name(&self) -> &'static str {
        match self.change {
            PeopleChange::Add { .. } => "person.add",
            PeopleChange::Change { .. } => "person.change",
            PeopleChange::Remove { .. } => "person.remove",
        }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        // Whoever waits for the party sees the people that another change has left.
        needs.row::<PartyRow>(self.party);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.list::<PersonRow>(&PEOPLE_OF_PARTY, &[Value::Bytes(&self.party.0.0)]);
        if let PeopleChange::Change { person, .. } | PeopleChange::Remove { person } = &self.change {
            needs.row::<PersonRow>((self.party, *person));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PersonRow, Rejection> {
        open_party(tx, self.party)?;
        let known = |tx: &Tx, person: PersonId| {
            let found =
                tx.rows::<PersonRow>().find(|row| row.party == self.party && row.person == person).cloned();
            found.ok_or_else(|| rejected(PersonRejection::Unknown))
        };
        let (row, kind) = match &self.change {
            PeopleChange::Add { name, role, phone } => {
                (self.add(tx, ctx, name, *role, phone.as_deref())?, "person.added")
            }
            PeopleChange::Change { person, if_version, role, phone } => {
                let mut row = known(tx, *person)?;
                if if_version.is_some_and(|version| version != row.version) {
                    let text = format!("changed meanwhile: it is at version {}, read it again", row.version);
                    return Err(Rejection::new("version_conflict", text));
                }
                if let Some(phone) = phone {
                    self.phone(tx, &mut row, phone)?;
                }
                if let Some(role) = role {
                    role.name().clone_into(&mut row.role);
                }
                row.version += 1;
                tx.put(row.clone());
                (row, "person.changed")
            }
            PeopleChange::Remove { person } => {
                let row = known(tx, *person)?;
                tx.delete::<PersonRow>((self.party, row.person));
                (row, "person.removed")
            }
        };
        tx.event(kind, Some(self.party), &row.person.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &PersonRow) -> (String, Facts) {
        (self.party.to_string(), facts(output))
    }
}

/// The person that asks for a withdrawal, when the caller names one; its row must be declared.
///
/// # Errors
/// `person_unknown`, `person_may_not_request`.
pub(crate) fn may_request(tx: &Tx, party: PartyId, person: PersonId) -> Result<PersonRow, Rejection> {
    may(tx, party, person, PersonRole::may_request, PersonRejection::MayNotRequest)
}

/// The person that signs for a party, when the caller names one; its row must be declared.
///
/// # Errors
/// `person_unknown`, `person_may_not_approve`.
pub(crate) fn may_approve(tx: &Tx, party: PartyId, person: PersonId) -> Result<PersonRow, Rejection> {
    may(tx, party, person, PersonRole::may_approve, PersonRejection::MayNotApprove)
}

fn may(
    tx: &Tx,
    party: PartyId,
    person: PersonId,
    allowed: fn(PersonRole) -> bool,
    otherwise: PersonRejection,
) -> Result<PersonRow, Rejection> {
    let at = |rejection| rejected(rejection).at("/person_id");
    let row = tx.get::<PersonRow>(&(party, person)).cloned().ok_or_else(|| at(PersonRejection::Unknown))?;
    if PersonRole::named(&row.role).is_some_and(allowed) { Ok(row) } else { Err(at(otherwise)) }
}
