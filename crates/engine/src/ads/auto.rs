//! Automatic top-ups from a party's own earnings (A11): a job of each advertiser that wants them, which looks once a
//! minute and, after a refusal, not before its pause is over.

use purser_domain::{
    ads::auto::{AutoFacts, Verdict, decide},
    ids::{JobId, PartyId, TransferId},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    parties::PartyStatus,
    policy::keys,
    time::{MINUTE, Timestamp},
};

use super::{
    balance::{self, arrears_minor, spendable_minor},
    campaigns::account_of,
    events::notify,
    rows::AdAccountRow,
    settings::earns,
    stop::want,
    top_ups::{Origin, topped_up},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    ids::derived_transfer,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError, derived_id},
    parties::PartyRow,
    rows::{JobRow, JobState},
    tx::{Needs, Tx},
};

/// Kind of the job.
pub const AUTO_TOP_UP: &str = "ads.auto_top_up";
/// Pause between two looks; business time.
const LOOK: i64 = MINUTE;

fn job_id(party: PartyId) -> JobId {
    derived_id(AUTO_TOP_UP, &party.to_string())
}

/// Declares what [`arm`] reads.
pub(super) fn want_arming(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<JobRow>(job_id(party));
}

/// Makes the job of an advertiser due now.
pub(super) fn arm(tx: &mut Tx, ctx: &Ctx, party: PartyId) {
    let id = job_id(party);
    match tx.get::<JobRow>(&id).cloned() {
        None => tx.job(jobs::ready(id, AUTO_TOP_UP, &party.to_string(), ctx.now, Facts::new())),
        // Whoever has it claimed looks at the new wish, or finds its token gone.
        Some(row) => tx.job(JobRow { state: JobState::Ready, attempts: 0, due_at: ctx.now, ..row }),
    }
}

fn accounts(party: PartyId, ctx: &Ctx) -> [AccountRef; 4] {
    [AccountKind::Earnings, AccountKind::Owed, AccountKind::AdArrears, AccountKind::AdCash]
        .map(|kind| AccountRef::party(party, kind, ctx.rules.currency))
}

/// One look of an advertiser's job.
///
/// Rejections: `lease_lost`.
struct TopUpAutomatically {
    party: PartyId,
    lease: Lease,
}

impl TopUpAutomatically {
    fn facts(&self, tx: &Tx, ctx: &Ctx, account: &AdAccountRow) -> AutoFacts {
        let [earnings, owed, ..] = accounts(self.party, ctx);
        let view = ctx.rules.policy.now(ctx.now);
        let payouts = view.value(keys::PAYOUTS_ENABLED) && view.value(keys::PAYOUTS_CREATOR_ENABLED);
        let party = tx.get::<PartyRow>(&self.party);
        let open = party.is_some_and(|row| row.party().status == PartyStatus::Active && earns(row));
        let today = account.auto_day == ctx.today.to_string();
        let count = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
        AutoFacts {
            balance_minor: spendable_minor(tx, ctx, self.party),
            arrears_minor: arrears_minor(tx, ctx, self.party),
            source_minor: tx.available(&earnings),
            source_closed: !open || !payouts || tx.available(&owed) > 0,
            today_count: if today { count(account.auto_count) } else { 0 },
            today_minor: if today { account.auto_sum } else { 0 },
            retry_at: account.auto_retry_at,
            failures: count(account.auto_failures),
        }
    }

    /// Moves the money: arrears first, the rest is balance (A3), whose amount this answers. The ids follow from the job's
    /// token, so that the same look moves money once.
    fn pay(&self, tx: &mut Tx, ctx: &Ctx, arrears_minor: i64, amount_minor: i64) -> Result<i64, Rejection> {
        let [earnings, _, arrears, cash] = accounts(self.party, ctx);
        let to_arrears = arrears_minor.clamp(0, amount_minor);
        for (to, part) in [(&arrears, to_arrears), (&cash, amount_minor - to_arrears)] {
            if part > 0 {
                tx.post(&TransferRequest {
                    id: self.line(to),
                    step: Step::Post,
                    debit: earnings.id(),
                    credit: to.id(),
                    amount_minor: part,
                    currency: ctx.rules.currency,
                    kind: TransferKind::AdAutoTopUp.code(),
                    reference: self.party.0,
                })?;
            }
        }
        Ok(amount_minor - to_arrears)
    }

    fn line(&self, to: &AccountRef) -> TransferId {
        let parts: [&[u8]; 3] =
            [&self.party.0.0, &self.lease.token.to_le_bytes(), &to.kind.code().to_le_bytes()];
        derived_transfer("purser automatic top-up v1", &parts)
    }

    fn next(ctx: &Ctx, verdict: Verdict) -> Timestamp {
        match verdict {
            Verdict::Nothing | Verdict::TopUp(_) => ctx.now.plus(LOOK),
            Verdict::Tomorrow => ctx.zone.start_of(ctx.today.tomorrow().unwrap_or(ctx.today)),
            Verdict::Refused { retry_at, .. } => retry_at,
        }
    }
}

impl Command for TopUpAutomatically {
    type Output = ();

    fn name(&self) -> &'static str {
        "ad_account.auto_top_up"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<PartyRow>(self.party);
        want(needs, self.party, ctx);
        for account in accounts(self.party, ctx) {
            needs.account(&account);
        }
        for to in &accounts(self.party, ctx)[2..] {
            needs.transfer(self.line(to));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.check(tx)?;
        let mut account = account_of(tx, self.party, ctx);
        let Some(wish) = account.auto_wish() else { return self.lease.finish(tx) };
        balance::check(tx, ctx, self.party)?;
        let facts = self.facts(tx, ctx, &account);
        let per_day = ctx.rules.policy.now(ctx.now).value(keys::AUTO_TOP_UP_PER_DAY);
        let verdict = decide(&wish, &facts, per_day, ctx.now);
        match verdict {
            Verdict::Nothing | Verdict::Tomorrow => {}
            Verdict::Refused { code, retry_at } => {
                account.auto_failures += 1;
                account.auto_retry_at = Some(retry_at);
                let told = Facts::new().text("code", code).at("retry_at", retry_at);
                notify(tx, &mut account, "ads.auto_top_up_refused", &self.party.to_string(), &told);
                tx.put(account);
            }
            Verdict::TopUp(amount_minor) => {
                let cash_minor = self.pay(tx, ctx, facts.arrears_minor, amount_minor)?;
                account.auto_failures = 0;
                account.auto_retry_at = None;
                account.auto_day = ctx.today.to_string();
                account.auto_count = i64::from(facts.today_count) + 1;
                account.auto_sum = facts.today_minor.saturating_add(amount_minor);
                let told = Facts::new().int("amount_minor", amount_minor).int("count", account.auto_count);
                notify(tx, &mut account, "ads.auto_top_up", &self.party.to_string(), &told);
                tx.put(account);
                let [.., cash] = accounts(self.party, ctx);
                let origin = Origin::Earnings(self.line(&cash).0);
                topped_up(tx, ctx, self.party, origin, (amount_minor, cash_minor))?;
            }
        }
        self.lease.again(tx, Self::next(ctx, verdict), None)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Looks whether an advertiser is to be topped up.
///
/// # Errors
/// [`RunError`]: the job is tried again.
pub fn run_auto_top_up(job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
    let party = job.subject.parse();
    let party: PartyId = party.map_err(|_| RunError::Failed("the job names no party".to_owned()))?;
    hands.call(TopUpAutomatically { party, lease: job.lease })?;
    Ok(Ran::Committed)
}
