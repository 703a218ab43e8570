//! What can be approved.

use super::ApprovalState;
use crate::{
    access::Scope,
    ads::GiveGrant,
    command::{Ctx, Rejection},
    credit::{APPROVED_ACTIONS, ApplicationDecision, CreditProposal},
    facts::Facts,
    identity::{ReleasePhone, VoidIdentity},
    ledger::{AdjustFloat, ManualTransfer},
    programme,
    reconcile::ResolveBreak,
    rows::ApprovalRow,
    rules::PolicyActivation,
    tx::{Needs, Tx},
    withdrawals::PayoutInquiry,
};

/// Something that two people decide. All but the last two run in the commit of the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A transfer by staff.
    ManualTransfer(ManualTransfer),
    /// A correction of the float at a rail.
    AdjustFloat(AdjustFloat),
    /// A new version of the policy.
    ActivatePolicy(PolicyActivation),
    /// Taking back a wrong verification of somebody's identity.
    VoidIdentity(VoidIdentity),
    /// Unbinding a lost phone.
    ReleasePhone(ReleasePhone),
    /// Granting an application about a pay-later limit with much at stake.
    CreditApplication(ApplicationDecision),
    /// A grant of advertising money.
    AdGrant(GiveGrant),
    /// What was found out about a payout that its rail leaves open.
    PayoutInquiry(PayoutInquiry),
    /// Settling a break of reconciliation.
    ResolveBreak(ResolveBreak),
    /// A limit or the end of an advance, which its own command carries out.
    Credit(CreditProposal),
    /// A command of another module, which uses the approval up when it runs ([`super::require_approval`]).
    Other {
        /// Its name.
        action: String,
        /// What it is about.
        subject: String,
        /// Every detail that is approved.
        facts: Facts,
    },
}

const MANUAL_TRANSFER: &str = "ledger.manual_transfer";
const ADJUST_FLOAT: &str = "float.adjust";
const ACTIVATE_POLICY: &str = "policy.activate";

impl Action {
    /// What somebody must be allowed to do by themselves before they may propose or decide an action of this name.
    /// Actions of other modules are settled where they are used.
    pub fn scope(name: &str) -> Option<Scope> {
        match name {
            MANUAL_TRANSFER => Some(Scope::LedgerPost),
            ADJUST_FLOAT | ResolveBreak::ACTION => Some(Scope::FloatWrite),
            ACTIVATE_POLICY => Some(Scope::PolicyWrite),
            VoidIdentity::ACTION | ReleasePhone::ACTION => Some(Scope::IdentityWrite),
            ApplicationDecision::ACTION => Some(Scope::CreditDecide),
            GiveGrant::ACTION => Some(Scope::AdsGrant),
            PayoutInquiry::ACTION => Some(Scope::WithdrawalsDecide),
            programme::ADJUSTMENT => Some(Scope::ProgrammesWrite),
            name if APPROVED_ACTIONS.contains(&name) => Some(Scope::CreditDecide),
            _ => None,
        }
    }

    /// Name, stored with the approval.
    pub fn name(&self) -> &str {
        match self {
            Self::ManualTransfer(_) => MANUAL_TRANSFER,
            Self::AdjustFloat(_) => ADJUST_FLOAT,
            Self::ActivatePolicy(_) => ACTIVATE_POLICY,
            Self::VoidIdentity(_) => VoidIdentity::ACTION,
            Self::ReleasePhone(_) => ReleasePhone::ACTION,
            Self::CreditApplication(_) => ApplicationDecision::ACTION,
            Self::AdGrant(_) => GiveGrant::ACTION,
            Self::PayoutInquiry(_) => PayoutInquiry::ACTION,
            Self::ResolveBreak(_) => ResolveBreak::ACTION,
            Self::Credit(proposal) => proposal.name(),
            Self::Other { action, .. } => action,
        }
    }

    /// What it is about.
    pub fn subject(&self) -> String {
        match self {
            Self::ManualTransfer(transfer) => transfer.debit.id().to_string(),
            Self::AdjustFloat(adjustment) => adjustment.rail.clone(),
            Self::ActivatePolicy(activation) => activation.digest.clone(),
            Self::VoidIdentity(void) => void.party.to_string(),
            Self::ReleasePhone(release) => release.party.to_string(),
            Self::CreditApplication(decision) => decision.application.to_string(),
            Self::AdGrant(grant) => grant.party.to_string(),
            Self::PayoutInquiry(inquiry) => inquiry.subject(),
            Self::ResolveBreak(resolve) => resolve.subject(),
            Self::Credit(proposal) => proposal.subject(),
            Self::Other { subject, .. } => subject.clone(),
        }
    }

    /// Every detail.
    pub fn facts(&self) -> Facts {
        match self {
            Self::ManualTransfer(transfer) => transfer.facts(),
            Self::AdjustFloat(adjustment) => adjustment.facts(),
            Self::ActivatePolicy(activation) => activation.facts(),
            Self::VoidIdentity(void) => void.facts(),
            Self::ReleasePhone(release) => release.facts(),
            Self::CreditApplication(decision) => decision.facts(),
            Self::AdGrant(grant) => grant.facts(),
            Self::PayoutInquiry(inquiry) => inquiry.facts(),
            Self::ResolveBreak(resolve) => resolve.facts(),
            Self::Credit(proposal) => proposal.facts(),
            Self::Other { facts, .. } => facts.clone(),
        }
    }

    /// What the audit log and events say of it: no texts of whole files.
    pub(super) fn summary(&self) -> Facts {
        let details = match self {
            Self::ActivatePolicy(activation) => Facts::new().text("digest", &activation.digest),
            other => other.facts(),
        };
        let head = Facts::new().text("action", self.name()).text("subject", self.subject());
        Facts::decode(&format!("{}{}", head.encoded(), details.encoded()))
    }

    /// From a stored approval.
    pub(super) fn of(row: &ApprovalRow) -> Option<Self> {
        match row.action.as_str() {
            MANUAL_TRANSFER => ManualTransfer::from_facts(&row.facts).map(Self::ManualTransfer),
            ADJUST_FLOAT => AdjustFloat::from_facts(&row.facts).map(Self::AdjustFloat),
            ACTIVATE_POLICY => PolicyActivation::from_facts(&row.facts).map(Self::ActivatePolicy),
            VoidIdentity::ACTION => VoidIdentity::from_facts(&row.facts).map(Self::VoidIdentity),
            ReleasePhone::ACTION => ReleasePhone::from_facts(&row.facts).map(Self::ReleasePhone),
            ApplicationDecision::ACTION => {
                ApplicationDecision::from_facts(&row.subject, &row.facts).map(Self::CreditApplication)
            }
            GiveGrant::ACTION => GiveGrant::from_facts(&row.facts).map(Self::AdGrant),
            PayoutInquiry::ACTION => PayoutInquiry::from_facts(&row.facts).map(Self::PayoutInquiry),
            ResolveBreak::ACTION => ResolveBreak::from_facts(&row.facts).map(Self::ResolveBreak),
            action if APPROVED_ACTIONS.contains(&action) => {
                CreditProposal::of(action, &row.subject, &row.facts).map(Self::Credit)
            }
            action => Some(Self::Other {
                action: action.to_owned(),
                subject: row.subject.clone(),
                facts: row.facts.clone(),
            }),
        }
    }

    pub(super) fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        match self {
            Self::ManualTransfer(transfer) => transfer.needs(needs),
            Self::AdjustFloat(adjustment) => adjustment.needs(needs),
            Self::ActivatePolicy(activation) => activation.needs(needs),
            Self::VoidIdentity(void) => void.needs(needs),
            Self::ReleasePhone(release) => release.needs(needs),
            Self::CreditApplication(decision) => decision.needs(needs, ctx),
            Self::AdGrant(grant) => grant.want(needs, ctx),
            Self::PayoutInquiry(inquiry) => inquiry.needs(needs, ctx),
            Self::ResolveBreak(resolve) => resolve.needs(needs),
            Self::Credit(proposal) => proposal.needs(needs),
            Self::Other { .. } => {}
        }
    }

    /// What can be said against it before the second person looks at it.
    pub(super) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        match self {
            Self::ManualTransfer(transfer) => transfer.check(ctx),
            Self::AdjustFloat(adjustment) => adjustment.check(ctx),
            Self::ActivatePolicy(activation) => activation.check(tx, ctx).map(|_| ()),
            Self::VoidIdentity(void) => void.check(tx),
            Self::ReleasePhone(release) => release.check(tx),
            Self::CreditApplication(decision) => decision.check(tx, ctx),
            Self::AdGrant(grant) => grant.check(tx, ctx),
            Self::PayoutInquiry(inquiry) => inquiry.check(tx, ctx),
            Self::ResolveBreak(resolve) => resolve.check(tx),
            Self::Credit(proposal) => proposal.check(tx, ctx),
            Self::Other { .. } => Ok(()),
        }
    }

    /// Does it, or leaves it approved for the command that needs it.
    pub(super) fn run(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        approval: &ApprovalRow,
        second: &str,
    ) -> Result<(ApprovalState, Facts), Rejection> {
        let outcome = match self {
            Self::ManualTransfer(transfer) => transfer.run(tx, ctx, approval)?,
            Self::AdjustFloat(adjustment) => adjustment.run(tx, ctx, approval)?,
            Self::ActivatePolicy(activation) => activation.run(tx, ctx, approval, second)?,
            Self::VoidIdentity(void) => void.run(tx, ctx)?,
            Self::ReleasePhone(release) => release.run(tx)?,
            Self::CreditApplication(decision) => decision.run(tx, ctx, true).map(|(row, _)| row.granted)?,
            Self::AdGrant(grant) => {
                let asked = GiveGrant { asked_by: approval.proposed_by.clone(), ..grant.clone() };
                asked.run(tx, ctx, second).map(|row| Facts::new().text("grant", row.id.to_string()))?
            }
            Self::PayoutInquiry(inquiry) => inquiry.run(tx, ctx)?,
            Self::ResolveBreak(resolve) => resolve.run(tx, ctx, second)?,
            Self::Credit(proposal) => {
                proposal.check(tx, ctx)?;
                return Ok((ApprovalState::Approved, Facts::new()));
            }
            Self::Other { .. } => return Ok((ApprovalState::Approved, Facts::new())),
        };
        Ok((ApprovalState::CarriedOut, outcome))
    }
}
