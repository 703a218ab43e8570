//! Verifying who somebody is (P7, X6, X7): handing a claim in, what the verifier says, voiding.

use std::sync::Arc;

use purser_domain::{
    identity::{self, ClaimKind, ClaimRejection, ClaimState, ReadClaim, Standing, Verdict, mask},
    ids::{PartyId, StaffId, Uid},
    parties::{LegalForm, PartyStatus},
    time::MINUTE,
};
use purser_storage::{Keys, Lock, Record as _, Value};

use super::rows::{IdentityRow, place};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError},
    parties::{PartyRow, unknown_party},
    ports::{IdentityClaim, Verifier},
    tx::{Needs, Tx},
    vault::Vault,
    withdrawals::{ACCOUNTS_OF_PARTY, PayoutAccountRow},
};

/// Kind of the job that asks the verifier.
pub const VERIFY: &str = "identity.verify";

/// Pause before a verifier that needs longer is asked again; business time.
const ASK_AGAIN: i64 = MINUTE;

fn rejected(rejection: ClaimRejection) -> Rejection {
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection.field() {
        Some(field) => plain.at(field),
        None => plain,
    }
}

fn standing(tx: &Tx, party: &PartyRow) -> Standing {
    let known = party.party();
    Standing {
        closed: known.status == PartyStatus::Closed,
        enterprise: known.profile.legal_form == LegalForm::Enterprise,
        state: tx.get::<IdentityRow>(&party.id).map(IdentityRow::claim_state),
    }
}

fn facts(row: &IdentityRow) -> Facts {
    Facts::new()
        .text("kind", &row.kind)
        .text("state", &row.state)
        .text("name", &row.name_masked)
        .text("reason", &row.reason)
}

/// Hands a name and a number in; a verifier is asked by a job.
///
/// Rejections in order: `party_unknown`, `party_closed`, `identity_verified`, `identity_pending`, `identity_kind`,
/// `name_invalid`, `id_number_…` or `uscc_…`, `verifier_missing`.
pub struct SubmitIdentity {
    /// Key of what is stored.
    pub vault: Arc<Vault>,
    /// Whose.
    pub party: PartyId,
    /// Person or enterprise.
    pub kind: ClaimKind,
    /// Real or registered name.
    pub name: String,
    /// Identity number, or unified social credit code.
    pub number: String,
    /// Who at the desk has seen the licence, and vouches for a code whose check fails.
    pub vouched_by: Option<StaffId>,
}

impl Command for SubmitIdentity {
    type Output = IdentityRow;

    fn name(&self) -> &'static str {
        "identity.submit"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        needs.row::<IdentityRow>(self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<IdentityRow, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        identity::submit(&standing(tx, &party), self.kind).map_err(rejected)?;
        let claim =
            identity::read_claim(self.kind, &self.name, &self.number, self.vouched_by.is_some(), ctx.today);
        let claim = claim.map_err(rejected)?;
        if !ctx.rules.verifies_identities() {
            let text = "no service that verifies identities is connected to these books: start a server with --verifier-url";
            return Err(Rejection::new("verifier_missing", text));
        }
        let vouched = self.vouched_by.map_or_else(String::new, |staff| staff.to_string());
        let row = record(tx, ctx, &self.vault, self.party, &claim, vouched);
        let id = tx.new_id();
        let payload = Facts::new().int("version", row.version);
        tx.job(jobs::ready(id, VERIFY, &self.party.to_string(), ctx.now, payload));
        tx.event("identity.submitted", Some(self.party), &self.party.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &IdentityRow) -> (String, Facts) {
        (self.party.to_string(), facts(output).text("vouched_by", &output.vouched_by))
    }
}

/// Writes a claim down, sealed and pending.
pub(super) fn record(
    tx: &mut Tx,
    ctx: &Ctx,
    vault: &Vault,
    party: PartyId,
    claim: &ReadClaim,
    vouched_by: String,
) -> IdentityRow {
    let person = claim.kind == ClaimKind::Person;
    let (name_secret, number_secret) = (tx.new_secret(), tx.new_secret());
    let row = IdentityRow {
        party,
        kind: claim.kind.name().to_owned(),
        state: ClaimState::Pending.name().to_owned(),
        name: vault.seal(&place("identities", party, "name"), &claim.name, name_secret),
        number: vault.seal(&place("identities", party, "number"), &claim.number, number_secret),
        name_masked: if person { mask::name(&claim.name) } else { mask::organisation(&claim.name) },
        number_masked: if person { mask::id_number(&claim.number) } else { mask::uscc(&claim.number) },
        identity_index: vault.index(claim.kind.name(), &claim.number),
        vouched_by,
        reason: String::new(),
        submitted_at: ctx.now,
        decided_at: None,
        version: tx.get::<IdentityRow>(&party).map_or(1, |old| old.version + 1),
    };
    tx.put(row.clone());
    row
}

/// Writes down what became of a claim, and tells the party.
pub(super) fn decide(
    tx: &mut Tx,
    ctx: &Ctx,
    mut row: IdentityRow,
    state: ClaimState,
    reason: &str,
) -> IdentityRow {
    state.name().clone_into(&mut row.state);
    reason.clone_into(&mut row.reason);
    row.decided_at = Some(ctx.now);
    row.version += 1;
    tx.put(row.clone());
    tx.notify(&format!("identity.{}", state.name()), row.party, &row.party.to_string(), facts(&row));
    row
}

/// Takes in what the verifier said; the effect of [`VERIFY`].
pub struct RecordVerdict {
    party: PartyId,
    /// The version of the claim that was asked about: an answer about an older one changes nothing.
    version: i64,
    verdict: Verdict,
    lease: Lease,
}

impl Command for RecordVerdict {
    type Output = ();

    fn name(&self) -> &'static str {
        "identity.record_verdict"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PartyRow>(self.party);
        needs.row::<IdentityRow>(self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.check(tx)?;
        if self.verdict == Verdict::Pending {
            return self.lease.again(tx, ctx.now.plus(ASK_AGAIN), None);
        }
        let asked =
            |row: &IdentityRow| row.version == self.version && row.claim_state() == ClaimState::Pending;
        if let Some(row) = tx.get::<IdentityRow>(&self.party).filter(|row| asked(row)).cloned() {
            match &self.verdict {
                Verdict::Mismatch(reason) => decide(tx, ctx, row, ClaimState::Refused, reason),
                _ => decide(tx, ctx, row, ClaimState::Verified, ""),
            };
        }
        self.lease.finish(tx)
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        let verdict = match &self.verdict {
            Verdict::Match => "match",
            Verdict::Mismatch(reason) => reason,
            Verdict::Pending => "pending",
        };
        (self.party.to_string(), Facts::new().text("verdict", verdict))
    }
}

/// Asks the verifier about a claim and writes down what it says.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_verify(
    verifier: &mut dyn Verifier,
    job: &Claimed,
    hands: &mut Hands<'_>,
) -> Result<Ran, RunError> {
    let bad = || RunError::Failed("the job's payload cannot be read".to_owned());
    let party: PartyId = job.subject.parse().map_err(|_| bad())?;
    let version = job.payload.get_int("version").ok_or_else(bad)?;
    let mut found = None;
    hands.reads.load(IdentityRow::TABLE, &Keys::<IdentityRow>(&[party]), Lock::None, &mut |row| {
        found = Some(IdentityRow::read(row));
    })?;
    let Some(row) = found.filter(|row| row.version == version && row.claim_state() == ClaimState::Pending)
    else {
        return Ok(Ran::Finish);
    };
    let vault = hands.vault()?;
    let open = |field: &str, sealed: &str| {
        vault.open(&place("identities", party, field), sealed).map_err(|e| RunError::Failed(e.to_string()))
    };
    let claim = IdentityClaim {
        reference: Uid::derive("purser identity claim v1", &[&party.0.0, &version.to_le_bytes()]),
        kind: ClaimKind::named(&row.kind).ok_or_else(bad)?,
        name: open("name", &row.name)?,
        number: open("number", &row.number)?,
    };
    let verdict = verifier.verify(&claim, hands)?;
    hands.call(RecordVerdict { party, version, verdict, lease: job.lease })?;
    Ok(Ran::Committed)
}

/// The verification itself was wrong: payouts stop, payout accounts unbind, the party verifies again (P7, P16).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidIdentity {
    /// Whose.
    pub party: PartyId,
    /// Why; kept, so nothing personal.
    pub reason: String,
}

impl VoidIdentity {
    pub(crate) const ACTION: &'static str = "identity.void";

    /// Every detail.
    pub(crate) fn facts(&self) -> Facts {
        Facts::new().text("party", self.party.to_string()).text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self { party: facts.get_text("party")?.parse().ok()?, reason: facts.get_text("reason")? })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>) {
        needs.row::<PartyRow>(self.party);
        needs.row::<IdentityRow>(self.party);
        needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&self.party.0.0)]);
    }

    /// Rejections in order: `reason_invalid`, `party_unknown`, `identity_not_verified`.
    pub(crate) fn check(&self, tx: &Tx) -> Result<(), Rejection> {
        super::reason(&self.reason)?;
        let party = tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?;
        identity::void(&standing(tx, party)).map_err(rejected)
    }

    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Facts, Rejection> {
        self.check(tx)?;
        let own = |row: &&PayoutAccountRow| row.party == self.party && row.unbound_at.is_none();
        let bound: Vec<PayoutAccountRow> = tx.rows::<PayoutAccountRow>().filter(own).cloned().collect();
        let count = i64::try_from(bound.len()).unwrap_or(i64::MAX);
        for mut account in bound {
            account.unbound_at = Some(ctx.now);
            account.is_default = false;
            account.version += 1;
            let subject = account.id.to_string();
            tx.event(
                "payout_account.unbound",
                Some(self.party),
                &subject,
                Facts::new().text("masked", &account.masked),
            );
            tx.put(account);
        }
        if let Some(row) = tx.get::<IdentityRow>(&self.party).cloned() {
            decide(tx, ctx, row, ClaimState::Voided, "voided");
        }
        Ok(Facts::new().int("payout_accounts_unbound", count))
    }
}
