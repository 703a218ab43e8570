//! Commands on parties.

use purser_domain::{
    ids::{Derivation, PartyId},
    ledger::{AccountKind, AccountRef},
    parties::{self, Command as Change, Outcome, Party, Profile, Role, Ties},
};

use super::PartyRow;
use crate::{
    cases,
    command::{Command, Ctx, Rejection},
    credit::{self, CreditShopRow},
    earnings,
    facts::Facts,
    tx::{Needs, Tx},
};

/// The id of the party that the platform calls `external_id`.
pub fn party_id(external_id: &str) -> PartyId {
    static IDS: Derivation = Derivation::new("purser party v1");
    PartyId(IDS.uid(&[external_id.as_bytes()]))
}

fn rejected(rejection: &parties::Rejection) -> Rejection {
    let field = match rejection {
        parties::Rejection::PartyConflict { field } => Some(format!("/{field}")),
        parties::Rejection::ExternalIdInvalid => Some("/external_id".to_owned()),
        parties::Rejection::DisplayNameInvalid => Some("/display_name".to_owned()),
        parties::Rejection::RolesMissing | parties::Rejection::RoleRemoved => Some("/roles".to_owned()),
        parties::Rejection::LegalFormFixed | parties::Rejection::StudioUnreviewed => {
            Some("/legal_form".to_owned())
        }
        parties::Rejection::Metadata(_) => Some("/metadata".to_owned()),
        parties::Rejection::ReasonInvalid => Some("/reason".to_owned()),
        _ => None,
    };
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match field {
        Some(field) => plain.at(field),
        None => plain,
    }
}

/// Creates a party; the same profile again is the same party.
pub struct RegisterParty(pub Profile);

impl Command for RegisterParty {
    type Output = PartyRow;

    fn name(&self) -> &'static str {
        "party.register"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(party_id(&self.0.external_id));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PartyRow, Rejection> {
        let id = party_id(&self.0.external_id);
        let existing = tx.get::<PartyRow>(&id).cloned();
        let known: Option<Party> = existing.as_ref().map(PartyRow::party);
        match parties::register(known.as_ref(), id, &self.0).map_err(|r| rejected(&r))? {
            Outcome::Changed { party, event } => {
                let row = PartyRow::of(&party, ctx.now, 1);
                tx.put(row.clone());
                tx.event(
                    event,
                    Some(id),
                    &id.to_string(),
                    Facts::new().text("external_id", &row.external_id),
                );
                Ok(row)
            }
            Outcome::Unchanged => existing.ok_or_else(|| unknown_party(id)),
        }
    }

    fn audit(&self, output: &PartyRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("external_id", &output.external_id))
    }
}

/// There is no such party.
pub fn unknown_party(id: PartyId) -> Rejection {
    Rejection::new("party_unknown", format!("there is no party {id}"))
}

/// What may change about a party.
#[derive(Debug, Clone)]
pub enum PartyChange {
    /// New profile; the external id must stay.
    Update(Profile),
    /// No money out, no new credit; income still posts.
    Freeze(String),
    /// Back to active.
    Unfreeze,
    /// The end; refused while there is money.
    Close,
}

/// Changes a party.
pub struct ChangeParty {
    /// Which.
    pub id: PartyId,
    /// How.
    pub change: PartyChange,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
}

impl ChangeParty {
    fn accounts(&self, ctx: &Ctx) -> Vec<AccountRef> {
        [
            AccountKind::Earnings,
            AccountKind::Frozen,
            AccountKind::Proceeds,
            AccountKind::AdCash,
            AccountKind::AdArrears,
            AccountKind::CreditReceivable,
            AccountKind::CreditLiability,
            AccountKind::Owed,
        ]
        .into_iter()
        .map(|kind| AccountRef::party(self.id, kind, ctx.rules.currency))
        .collect()
    }

    fn ties(&self, tx: &Tx, ctx: &Ctx) -> Ties {
        let mut ties = Ties::default();
        for reference in self.accounts(ctx) {
            if let Some(account) = tx.account(reference.id()) {
                ties.balances_minor = ties.balances_minor.saturating_add(account.posted.abs());
                ties.open_records += u32::from(account.held_out != 0 || account.held_in != 0);
            }
        }
        // What is authorised and not shipped yet would be advanced to a party that is closed.
        let shop = tx.get::<CreditShopRow>(&self.id);
        ties.open_records += u32::from(shop.is_some_and(|shop| shop.reserved != 0 || shop.due != 0));
        // A closed party's order could never be completed, and its case never answered.
        ties.open_records += u32::from(earnings::has_open_orders(tx, self.id));
        ties.open_records += u32::from(cases::has_open_case(tx, self.id));
        ties
    }
}

impl Command for ChangeParty {
    type Output = PartyRow;

    fn name(&self) -> &'static str {
        match self.change {
            PartyChange::Update(_) => "party.update",
            PartyChange::Freeze(_) => "party.freeze",
            PartyChange::Unfreeze => "party.unfreeze",
            PartyChange::Close => "party.close",
        }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        // Whoever waits for the party sees the orders and cases that came meanwhile.
        needs.row::<PartyRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        if matches!(self.change, PartyChange::Close) {
            earnings::want_open_orders(needs, self.id);
            cases::want_open_case(needs, self.id);
        }
        credit::want_status(needs, self.id);
        needs.row::<CreditShopRow>(self.id);
        for reference in self.accounts(ctx) {
            needs.account(&reference);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PartyRow, Rejection> {
        let row = tx.get::<PartyRow>(&self.id).cloned().ok_or_else(|| unknown_party(self.id))?;
        if self.if_version.is_some_and(|version| version != row.version) {
            return Err(Rejection::new(
                "version_conflict",
                format!("the party was changed meanwhile: it is at version {}, read it again", row.version),
            ));
        }
        let change = match &self.change {
            PartyChange::Update(profile) => Change::Update(profile.clone()),
            PartyChange::Freeze(reason) => Change::Freeze(reason.clone()),
            PartyChange::Unfreeze => Change::Unfreeze,
            PartyChange::Close => Change::Close(self.ties(tx, ctx)),
        };
        match parties::decide(&row.party(), &change).map_err(|r| rejected(&r))? {
            Outcome::Changed { party, event } => {
                let changed = PartyRow::of(&party, row.created_at, row.version + 1);
                tx.put(changed.clone());
                audit_change(tx, &row, &changed);
                tx.notify(event, self.id, &self.id.to_string(), Facts::new().text("status", &changed.status));
                credit::status_changed(tx, ctx, self.id, &row.party().status, &party.status);
                Ok(changed)
            }
            Outcome::Unchanged => Ok(row),
        }
    }

    fn audit(&self, output: &PartyRow) -> (String, Facts) {
        (output.id.to_string(), Facts::new().text("status", &output.status).int("version", output.version))
    }
}

/// Before and after, for the audit entry (P17). Names and metadata may be personal: that they changed is said, not to
/// what.
fn audit_change(tx: &mut Tx, before: &PartyRow, after: &PartyRow) {
    for (field, [old, new]) in [
        ("status", [&before.status, &after.status]),
        ("legal_form", [&before.legal_form, &after.legal_form]),
        ("class", [&before.class, &after.class]),
    ] {
        tx.changed(field, old, new);
    }
    let roles = |row: &PartyRow| row.roles().iter().map(Role::name).collect::<Vec<_>>().join(",");
    tx.changed("roles", &roles(before), &roles(after));
    tx.changed_unseen("display_name", before.display_name != after.display_name);
    tx.changed_unseen("metadata", before.metadata != after.metadata);
}
