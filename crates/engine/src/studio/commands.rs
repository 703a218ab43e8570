//! Applying for the upgrade, and deciding.

use std::sync::Arc;

use purser_domain::{
    casework::{Kind, Outcome},
    identity::{ClaimKind, comparable, read_organisation, read_uscc},
    ids::{PartyId, StaffId},
    parties::{CreatorKind, LegalForm, PartyStatus, Role, creator_kind},
    studio::{self, Applicant, Licence, Operator},
    time::Date,
};

use super::StudioRow;
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::IdentityRow,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
    vault::{Vault, VaultError, key_missing},
};

/// What the creator reads first; the catalogue's text in both languages, because a message is kept as it was said.
const UPLOAD: &str =
    "请上传营业执照（原件照片或扫描件）。\nPlease upload the business licence, as a photograph or scan.";

fn rejected(rejection: studio::Rejection) -> Rejection {
    use studio::Rejection as R;
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        R::NameInvalid => plain.at("/name"),
        R::CodeInvalid => plain.at("/credit_code"),
        R::OperatorDifferent => plain.at("/operator_name"),
        R::LicenceExpired => plain.at("/valid_until"),
        _ => plain,
    }
}

/// Declares the last application and, in the second round, its case.
fn want(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<PartyRow>(party);
    needs.row::<IdentityRow>(party);
    if let Some(case) = needs.get::<StudioRow>(&party).map(|row| row.case_id) {
        needs.row::<CaseRow>(case);
    }
}

fn applicant(tx: &Tx, party: &PartyRow) -> Applicant {
    let known = party.party();
    let profile = &known.profile;
    let kind = creator_kind(profile.roles, profile.legal_form, profile.class, false);
    let open = |row: &StudioRow| {
        row.granted_at.is_none()
            && tx.get::<CaseRow>(&row.case_id).is_some_and(|case| !case.state().is_closed())
    };
    let person = profile.roles.has(Role::Creator) && kind == CreatorKind::Independent;
    match () {
        () if known.status == PartyStatus::Closed => Applicant::Closed,
        () if profile.legal_form == LegalForm::Studio => Applicant::Studio,
        () if !person => Applicant::PaidAnotherWay,
        () if tx.get::<StudioRow>(&party.id).is_some_and(open) => Applicant::Pending,
        () => Applicant::Person,
    }
}

/// Applies for the upgrade: opens a case that waits for the licence (X9).
///
/// Rejections in order: `party_unknown`, then those of [`studio::apply`].
pub struct ApplyForStudio {
    /// Who.
    pub party: PartyId,
    /// Name on the licence.
    pub name: String,
    /// Unified social credit code on the licence.
    pub code: String,
    /// Who at the desk vouches for a code whose check fails.
    pub vouched_by: Option<StaffId>,
    /// Name of the licence's operator; compared with the verified person and not kept.
    pub operator: String,
    /// Opens the verified name.
    pub vault: Option<Arc<Vault>>,
    /// Last civil date on which the licence is valid.
    pub valid_until: Option<Date>,
}

impl ApplyForStudio {
    /// Whether the operator is the verified person; the same rule as for the holder of a payout account.
    fn operator(&self, tx: &Tx) -> Result<Operator, Rejection> {
        let verified = tx.get::<IdentityRow>(&self.party).filter(|row| is_verified_person(row));
        let Some(identity) = verified else { return Ok(Operator::Unverified) };
        let broken = |error: VaultError| Rejection::new("sealed_value_broken", error.to_string());
        let vault = self.vault.as_deref().ok_or_else(key_missing)?;
        let name = identity.open_name(vault).map_err(broken)?;
        let same = comparable(&name) == comparable(&self.operator);
        Ok(if same { Operator::Same } else { Operator::Different })
    }
}

fn is_verified_person(row: &IdentityRow) -> bool {
    row.is_verified() && row.kind == ClaimKind::Person.name()
}

impl Command for ApplyForStudio {
    type Output = (StudioRow, CaseRow);

    fn name(&self) -> &'static str {
        "studio.apply"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StudioRow>(self.party);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(StudioRow, CaseRow), Rejection> {
        let party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        let name = read_organisation(&self.name);
        let code = read_uscc(&self.code, self.vouched_by.is_some());
        let licence = Licence {
            name: name.as_deref().unwrap_or(&self.name),
            code_valid: code.is_ok(),
            operator: self.operator(tx)?,
            valid_until: self.valid_until,
        };
        studio::apply(applicant(tx, &party), &licence, ctx.today).map_err(rejected)?;
        let new = NewCase {
            kind: Kind::StudioUpgrade,
            party: Some(self.party),
            subject: self.party.to_string(),
            summary: "工作室升级 / Studio upgrade".to_owned(),
            due_at: None,
        };
        let case_id = cases::open(tx, ctx, new);
        let case = cases::ask(tx, ctx, case_id, UPLOAD)?;
        let version = tx.get::<StudioRow>(&self.party).map_or(1, |row| row.version + 1);
        let row = StudioRow {
            party: self.party,
            case_id,
            name: name.unwrap_or_else(|| self.name.clone()),
            code: code.unwrap_or_else(|_| self.code.clone()),
            code_vouched_by: self.vouched_by.map_or_else(String::new, |staff| staff.to_string()),
            valid_until: self.valid_until.map_or_else(String::new, |date| date.to_string()),
            applied_at: ctx.now,
            granted_at: None,
            granted_by: String::new(),
            version,
        };
        tx.put(row.clone());
        Ok((row, case))
    }

    fn audit(&self, (row, case): &(StudioRow, CaseRow)) -> (String, Facts) {
        let vouched = !row.code_vouched_by.is_empty();
        (row.party.to_string(), Facts::new().text("case", case.id.to_string()).flag("code_vouched", vouched))
    }
}

/// Grants or refuses the upgrade; the case ends with it, and a granted party is a studio in law (X10).
///
/// Rejections in order: `party_unknown`, then those of [`studio::grant`] (a refusal needs only an open application),
/// `case_reason_invalid`.
pub struct DecideStudio {
    /// Whose.
    pub party: PartyId,
    /// Yes or no.
    pub grant: bool,
    /// For the creator.
    pub reason: String,
    /// Who decides.
    pub by: StaffId,
}

impl Command for DecideStudio {
    type Output = (StudioRow, CaseRow);

    fn name(&self) -> &'static str {
        if self.grant { "studio.grant" } else { "studio.refuse" }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<StudioRow>(self.party);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(StudioRow, CaseRow), Rejection> {
        let mut party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        let applicant = applicant(tx, &party);
        let not_pending = || rejected(studio::Rejection::NotPending);
        let mut row = tx.get::<StudioRow>(&self.party).cloned().ok_or_else(not_pending)?;
        let by = Author::staff(self.by);
        if !self.grant {
            if applicant != Applicant::Pending {
                return Err(not_pending());
            }
            let case = cases::settle(tx, ctx, row.case_id, Outcome::Refused, &self.reason, by)?;
            return Ok((row, case));
        }
        let files = tx.get::<CaseRow>(&row.case_id).map_or(0, |case| case.attachments);
        let verified = tx.get::<IdentityRow>(&self.party).is_some_and(is_verified_person);
        studio::grant(applicant, verified, files, row.valid_until(), ctx.today).map_err(rejected)?;
        let case = cases::settle(tx, ctx, row.case_id, Outcome::Resolved, &self.reason, by)?;
        LegalForm::Studio.name().clone_into(&mut party.legal_form);
        party.version += 1;
        tx.put(party);
        row.granted_at = Some(ctx.now);
        row.granted_by = self.by.to_string();
        row.version += 1;
        tx.put(row.clone());
        let facts =
            Facts::new().text("legal_form", LegalForm::Studio.name()).text("case", case.id.to_string());
        tx.notify("studio.granted", self.party, &self.party.to_string(), facts);
        Ok((row, case))
    }

    fn audit(&self, (row, case): &(StudioRow, CaseRow)) -> (String, Facts) {
        (row.party.to_string(), Facts::new().text("case", case.id.to_string()).text("state", &case.state))
    }
}
