//! How a creator is paid.

use super::{AccountClass, LegalForm, Role, Roles};

/// How a creator's orders are paid; fixed per order at its acceptance (X2, X13, X14, X16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CreatorKind {
    /// Paid in person through the withdrawal gate; pays the service fee.
    Independent,
    /// Under an agency at acceptance: the agency is paid.
    AgencySigned,
    /// Paid company to company.
    Corporate,
}

impl CreatorKind {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Independent => "independent",
            Self::AgencySigned => "agency_signed",
            Self::Corporate => "corporate",
        }
    }
}

/// The kind of a creator for an order accepted now.
///
/// `signed` says whether an agency membership covers the acceptance, as known when the order is reported (X14). A
/// membership comes first: an enterprise under an agency is paid through the agency. A studio stays independent (X9
/// changes the destination and the cap, not the fee).
pub const fn creator_kind(roles: Roles, form: LegalForm, class: AccountClass, signed: bool) -> CreatorKind {
    if signed {
        return CreatorKind::AgencySigned;
    }
    let company = matches!(form, LegalForm::Enterprise);
    let known = matches!(class, AccountClass::Celebrity | AccountClass::Media);
    if company || known || roles.has(Role::Agency) {
        CreatorKind::Corporate
    } else {
        CreatorKind::Independent
    }
}
