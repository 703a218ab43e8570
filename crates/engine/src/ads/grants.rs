//! Grants (A1): advertising money that the platform gives, with an end; used before cash, the soonest to expire first.

use purser_domain::{
    ids::{AdGrantId, PartyId, Uid},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    parties::{PartyStatus, Role},
    policy::keys,
    time::{DAY, Timestamp},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    balance::{OPEN_GRANTS_MAX, grant_account, open_grants, ran_out_at, want_grant},
    campaigns::account_of,
    events::{notify, tell},
    leads::forget_grants,
    rows::{AdAccountRow, AdGrantRow},
    stop::{money_came, want},
    watch::went,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    ids::derived_transfer,
    jobs::Progress,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Longest external id and reason, characters.
const EXTERNAL_ID_MAX: usize = 64;
const REASON_MAX: usize = 200;
/// Grants ended in one commit.
const ROUND: usize = 200;

static EXPIRED: Statement = Statement {
    name: "ads.expired_grants",
    sql: "SELECT party, id FROM ad_grants WHERE ended_at IS NULL AND expires_at <= ?1 \
          ORDER BY expires_at, party, id LIMIT ?2",
};

static NEXT_EXPIRY: Statement = Statement {
    name: "ads.next_grant_expiry",
    sql: "SELECT expires_at FROM ad_grants WHERE ended_at IS NULL AND expires_at > ?1 \
          ORDER BY expires_at, party, id LIMIT 1",
};

pub(super) const STATEMENTS: &[&Statement] = &[&EXPIRED, &NEXT_EXPIRY];

/// The id of the grant that the platform calls `external_id` among those of an advertiser.
pub fn grant_id(party: PartyId, external_id: &str) -> AdGrantId {
    AdGrantId(Uid::derive("purser ad grant v1", &[&party.0.0, external_id.as_bytes()]))
}

fn expense(ctx: &Ctx) -> AccountRef {
    AccountRef::platform(AccountKind::ExpenseGrants, ctx.rules.currency)
}

fn line(grant: AdGrantId, what: &str) -> purser_domain::ids::TransferId {
    derived_transfer("purser ad grant line v1", &[&grant.0.0, what.as_bytes()])
}

/// A grant to give. Given by a program, or by two people through [`crate::approvals::Propose`].
///
/// Rejections in order: `party_unknown`, `party_closed`, `not_an_advertiser`, `external_id_invalid`, `reason_missing`,
/// `amount_not_positive`, `amount_out_of_range`, `grant_expiry_invalid`, `grant_conflict`, `grants_too_many`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveGrant {
    /// The advertiser.
    pub party: PartyId,
    /// The platform's own id, unique within the advertiser: the same again gives nothing.
    pub external_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// It cannot be used from this instant on.
    pub expires_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Who asked for it; empty for a program.
    pub asked_by: String,
}

impl GiveGrant {
    /// Name of the action that two people decide.
    pub const ACTION: &'static str = "ads.grant";

    fn id(&self) -> AdGrantId {
        grant_id(self.party, &self.external_id)
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts::new()
            .text("party", self.party.to_string())
            .text("external_id", &self.external_id)
            .int("amount_minor", self.amount_minor)
            .at("expires_at", self.expires_at)
            .text("reason", &self.reason)
    }

    pub(crate) fn from_facts(facts: &Facts) -> Option<Self> {
        Some(Self {
            party: facts.get_text("party")?.parse().ok()?,
            external_id: facts.get_text("external_id")?,
            amount_minor: facts.get_int("amount_minor")?,
            expires_at: facts.get_text("expires_at")?.parse().ok()?,
            reason: facts.get_text("reason")?,
            asked_by: String::new(),
        })
    }

    pub(crate) fn want(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        want(needs, self.party, ctx);
        want_grant(needs, self.party, self.id(), ctx);
        needs.account(&expense(ctx));
        needs.transfer(line(self.id(), "given"));
    }

    pub(crate) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        let party = tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?.party();
        let most = ctx.rules.policy.now(ctx.now).value(keys::AD_GRANT_MAXIMUM);
        let longest = i64::from(ctx.rules.policy.now(ctx.now).value(keys::AD_GRANT_LONGEST)) * DAY;
        let id = self.external_id.chars().count();
        let reason = self.reason.trim().chars().count();
        let no = [
            (party.status == PartyStatus::Closed, "party_closed", "the party is closed", ""),
            (
                !party.profile.roles.has(Role::Advertiser),
                "not_an_advertiser",
                "only an advertiser is given a grant",
                "/party_id",
            ),
            (
                !(1..=EXTERNAL_ID_MAX).contains(&id),
                "external_id_invalid",
                "an external id has 1 to 64 characters",
                "/external_id",
            ),
            (
                !(1..=REASON_MAX).contains(&reason),
                "reason_missing",
                "say why, in 1 to 200 characters",
                "/reason",
            ),
            (self.amount_minor <= 0, "amount_not_positive", "the amount must be above zero", "/amount_minor"),
            (
                self.amount_minor > most,
                "amount_out_of_range",
                "a grant is at most what policy `ads.grant.maximum` says",
                "/amount_minor",
            ),
            (
                self.expires_at <= ctx.now || self.expires_at > ctx.now.plus(longest),
                "grant_expiry_invalid",
                "a grant ends in the future, and not later than policy `ads.grant.longest` says",
                "/expires_at",
            ),
        ];
        match no.into_iter().find(|(applies, ..)| *applies) {
            None => Ok(()),
            Some((_, code, text, "")) => Err(Rejection::new(code, text)),
            Some((_, code, text, field)) => Err(Rejection::new(code, text).at(field)),
        }
    }

    /// Gives it; the same again is the one that was given.
    pub(crate) fn run(&self, tx: &mut Tx, ctx: &Ctx, approved_by: &str) -> Result<AdGrantRow, Rejection> {
        if let Some(known) = tx.get::<AdGrantRow>(&(self.party, self.id())).cloned() {
            let same = known.amount == self.amount_minor
                && known.expires_at == Some(self.expires_at)
                && known.reason == self.reason.trim();
            let text = "a grant with this id was given with other content";
            return if same {
                Ok(known)
            } else {
                Err(Rejection::new("grant_conflict", text).at("/external_id"))
            };
        }
        self.check(tx, ctx)?;
        let mut account = account_of(tx, self.party, ctx);
        if account.grants >= OPEN_GRANTS_MAX {
            let text =
                format!("the advertiser has {OPEN_GRANTS_MAX} grants that can be used: no further ones");
            return Err(Rejection::new("grants_too_many", text));
        }
        tx.post(&TransferRequest {
            id: line(self.id(), "given"),
            step: Step::Post,
            debit: expense(ctx).id(),
            credit: grant_account(self.party, self.id(), ctx.rules.currency).id(),
            amount_minor: self.amount_minor,
            currency: ctx.rules.currency,
            kind: TransferKind::AdGrant.code(),
            reference: self.id().0,
        })?;
        let row = AdGrantRow {
            party: self.party,
            id: self.id(),
            amount: self.amount_minor,
            given_at: ctx.now,
            expires_at: Some(self.expires_at),
            reason: self.reason.trim().to_owned(),
            asked_by: self.asked_by.clone(),
            approved_by: approved_by.to_owned(),
            ended_at: None,
            lost: 0,
        };
        tx.put(row.clone());
        account.grants += 1;
        forget_grants(tx, self.party);
        let told = Facts::new().int("amount_minor", row.amount).at("expires_at", self.expires_at);
        notify(tx, &mut account, "ads.grant_given", &row.id.to_string(), &told);
        tx.put(account);
        money_came(tx, ctx, self.party)?;
        Ok(row)
    }
}

impl Command for GiveGrant {
    type Output = AdGrantRow;

    fn name(&self) -> &'static str {
        Self::ACTION
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.want(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<AdGrantRow, Rejection> {
        tx.get::<PartyRow>(&self.party).ok_or_else(|| unknown_party(self.party))?;
        self.run(tx, ctx, "")
    }

    fn audit(&self, output: &AdGrantRow) -> (String, Facts) {
        (output.id.to_string(), self.facts())
    }
}

/// Ends grants whose instant has passed: what is left goes back to the platform (M). From its instant on a grant pays
/// for nothing, also before this.
#[derive(Debug, Clone)]
pub struct ExpireGrants {
    grants: Vec<(PartyId, AdGrantId)>,
}

impl ExpireGrants {
    /// Those that have expired at `now`, the oldest first, at most 200.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session, now: Timestamp) -> Result<Self, Fault> {
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        let mut grants = Vec::new();
        reads.query(&EXPIRED, &[Value::Int(now.0), Value::Int(limit)], &mut |row| {
            grants.push((PartyId(row.uid(0)), AdGrantId(row.uid(1))));
            true
        })?;
        Ok(Self { grants })
    }

    /// When the next one expires after `now`.
    ///
    /// # Errors
    /// Storage faults.
    pub fn next(reads: &mut dyn Session, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
        let mut next = None;
        reads.query(&NEXT_EXPIRY, &[Value::Int(now.0)], &mut |row| {
            next = Some(row.at(0));
            false
        })?;
        Ok(next)
    }
}

impl Command for ExpireGrants {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "ads.expire_grants"
    }

    fn weight(&self) -> usize {
        self.grants.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&expense(ctx));
        for (party, grant) in &self.grants {
            want(needs, *party, ctx);
            want_grant(needs, *party, *grant, ctx);
            needs.transfer(line(*grant, "expired"));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for (party, grant) in &self.grants {
            let found = tx.get::<AdGrantRow>(&(*party, *grant)).cloned();
            let due = |row: &AdGrantRow| row.expires_at.is_some_and(|at| at <= ctx.now);
            if let Some(row) = found.filter(|row| row.ended_at.is_none() && due(row)) {
                expire(tx, ctx, row)?;
            }
        }
        Ok(Progress { more: self.grants.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

fn expire(tx: &mut Tx, ctx: &Ctx, mut row: AdGrantRow) -> Result<(), Rejection> {
    // Before it is booked, while it can still be seen which of several was the last that paid.
    let open = open_grants(tx).remove(&row.party).unwrap_or_default();
    let since = ran_out_at(tx, ctx, row.party, &open).unwrap_or(ctx.now);
    let from = grant_account(row.party, row.id, ctx.rules.currency);
    let left = tx.available(&from);
    if left > 0 {
        tx.post(&TransferRequest {
            id: line(row.id, "expired"),
            step: Step::Post,
            debit: from.id(),
            credit: expense(ctx).id(),
            amount_minor: left,
            currency: ctx.rules.currency,
            kind: TransferKind::AdGrantExpired.code(),
            reference: row.id.0,
        })?;
    }
    row.ended_at = Some(ctx.now);
    row.lost = left;
    let mut account: AdAccountRow = account_of(tx, row.party, ctx);
    account.grants = (account.grants - 1).max(0);
    forget_grants(tx, row.party);
    let told = Facts::new().int("amount_minor", row.amount).int("lost_minor", left);
    let subject = row.id.to_string();
    if left > 0 {
        notify(tx, &mut account, "ads.grant_expired", &subject, &told);
    } else {
        // Used up before: nobody loses anything.
        tell(tx, &mut account, "ads.grant_ended", &subject, &told);
    }
    tx.put(account);
    let party = row.party;
    tx.put(row);
    went(tx, ctx, party, since)
}
