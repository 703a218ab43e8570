//! Applications of merchants (C25): each is a row with what was asked for and a case with its papers; where it stands is
//! what its case says. An approval changes an input of the formula by the same way as every other change.

mod decide;
mod queries;
mod submit;

pub use decide::{ApplicationDecision, DecideApplication};
pub use queries::{Application, ApplicationFilter, application, applications};
pub use submit::ApplyForCredit;

use purser_domain::{
    casework::State,
    credit::{
        Sale,
        application::{ApplicationKind, ApplicationRejection, ApplicationState, ShopClaim, Wish},
    },
    ids::{CaseId, CreditApplicationId, PartyId},
    money::Rate,
    time::{Date, Timestamp},
};

use crate::{cases::CaseRow, command::Rejection, facts::Facts, record};

pub(super) const STATEMENTS: &[&purser_storage::Statement] = queries::STATEMENTS;

record! {
    /// A stored application (C25).
    pub struct CreditApplicationRow in CREDIT_APPLICATIONS = 110, "credit_applications", lock Update, key(id: CreditApplicationId) {
        /// Whose.
        party: PartyId,
        /// For what.
        kind: String,
        /// The case with its papers: where it stands.
        case_id: CaseId,
        /// What was asked for, minor units.
        amount: Option<i64>,
        /// Name of the sale, or empty.
        sale: String,
        /// Its first civil date.
        sale_from: Option<String>,
        /// First civil date after it.
        sale_until: Option<String>,
        /// Name of the partner, or empty.
        partner: String,
        /// Figures of the shop, as the merchant stated them.
        claim: Facts,
        /// Why.
        reason: String,
        /// When.
        applied_at: Timestamp,
        /// What was granted; nothing before that.
        granted: Facts,
        /// When it was decided.
        decided_at: Option<Timestamp>,
        /// Who decided: `stf_…`, or empty.
        decided_by: String,
        /// Policy version at the application.
        policy_version: i64,
        /// Counts changes.
        version: i64,
    }
}

record! {
    /// A merchant's last application of a kind: one is open at a time.
    pub struct CreditApplicantRow in CREDIT_APPLICANTS = 111, "credit_applicants", lock Update, key(party: PartyId, kind: String) {
        /// The application.
        application: CreditApplicationId,
        /// Its case.
        case_id: CaseId,
        /// Counts changes.
        version: i64,
    }
}

/// Where an application stands, by its case.
pub fn state(case: &CaseRow) -> ApplicationState {
    match case.state() {
        State::Open | State::WaitingForStaff => ApplicationState::Submitted,
        State::WaitingForParty => ApplicationState::MoreInformation,
        State::Resolved => ApplicationState::Approved,
        State::Refused => ApplicationState::Refused,
        State::Withdrawn => ApplicationState::Withdrawn,
    }
}

fn rejected(rejection: ApplicationRejection) -> Rejection {
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection.field() {
        Some(field) => plain.at(field),
        None => plain,
    }
}

fn unknown() -> Rejection {
    Rejection::new("application_unknown", "there is no such application")
}

fn claim_facts(claim: &ShopClaim) -> Facts {
    let mut facts = Facts::new();
    if let Some(on) = claim.opened_on {
        facts = facts.text("opened_on", on.to_string());
    }
    let numbers = [
        ("level", claim.level.map(i64::from)),
        ("orders", claim.orders.map(i64::from)),
        ("turnover_minor", claim.turnover_minor),
        ("return_rate_ppm", claim.return_rate.map(Rate::as_ppm)),
    ];
    for (name, value) in numbers {
        if let Some(value) = value {
            facts = facts.int(name, value);
        }
    }
    facts
}

impl CreditApplicationRow {
    /// What it is for.
    pub fn kind(&self) -> ApplicationKind {
        ApplicationKind::named(&self.kind).unwrap_or(ApplicationKind::Raise)
    }

    /// The figures of the shop, as the merchant stated them.
    pub fn claim(&self) -> ShopClaim {
        let number = |name| self.claim.get_int(name);
        let small = |name| number(name).and_then(|value| u32::try_from(value).ok());
        ShopClaim {
            opened_on: self.claim.get_text("opened_on").and_then(|on| on.parse().ok()),
            level: small("level"),
            orders: small("orders"),
            turnover_minor: number("turnover_minor"),
            return_rate: number("return_rate_ppm").map(Rate::ppm),
        }
    }

    /// The sale it is for.
    pub fn sale(&self) -> Option<Sale> {
        let date = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Date>().ok());
        let (from, until) = (date(&self.sale_from)?, date(&self.sale_until)?);
        Some(Sale { from, until, name: self.sale.clone() })
    }

    fn wish(&self) -> Wish {
        Wish {
            kind: self.kind(),
            amount_minor: self.amount,
            sale: self.sale(),
            partner: self.partner.clone(),
            claim: self.claim(),
            reason: self.reason.clone(),
        }
    }

    /// What events and the audit log say: nothing that people wrote.
    fn facts(&self) -> Facts {
        let mut facts = Facts::new().text("kind", &self.kind).text("case", self.case_id.to_string());
        if let Some(amount) = self.amount {
            facts = facts.int("amount_minor", amount);
        }
        if !self.sale.is_empty() {
            facts = facts.text("sale", &self.sale);
        }
        facts
    }
}
