//! Automatic top-ups (A11): a job of each advertiser that wants them, which looks once a minute and, after a refusal, not
//! before its pause is over. What the party's own earnings do not cover, or should not, is offered as a payment order of
//! the right size: the advertiser is told, and pays it with one click. One that is not paid counts as a refusal; one that
//! waits is the only one.

use purser_domain::{
    ads::auto::{AutoFacts, Verdict, Wish, decide, pause},
    ids::{JobId, PartyId, TransferId},
    ledger::{AccountKind, AccountRef, Step, TransferKind, TransferRequest},
    parties::PartyStatus,
    payments::Method,
    policy::keys,
    time::{MINUTE, Timestamp},
};

use super::{
    balance::{self, arrears_minor, spendable_minor},
    campaigns::account_of,
    events::notify,
    rows::AdAccountRow,
    settings::{AutoSource, earns},
    stop::want,
    top_ups::{Origin, topped_up},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    ids::derived_transfer,
    jobs::{self, Claimed, Hands, Lease, Ran, RunError, derived_id},
    parties::PartyRow,
    payments::{offer, offer_bounds, want_offer},
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
    /// What is known for a top-up out of earnings.
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
            least_minor: 0,
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

    /// Decides for the sources that the advertiser named, in their order.
    fn choose(&self, tx: &Tx, ctx: &Ctx, account: &AdAccountRow, wish: &Wish, source: AutoSource) -> Choice {
        let facts = self.facts(tx, ctx, account);
        let per_day = ctx.rules.policy.now(ctx.now).value(keys::AUTO_TOP_UP_PER_DAY);
        if source.earnings {
            // An order that waits does not keep earnings from coming before it.
            let retry_at = facts.retry_at.filter(|_| source.method.is_none());
            let verdict = decide(wish, &AutoFacts { retry_at, ..facts }, per_day, ctx.now);
            if source.method.is_none() || !matches!(verdict, Verdict::Refused { .. }) {
                return Choice { verdict, facts, method: None };
            }
        }
        let Some((least_minor, most_minor)) = offer_bounds(tx, ctx, self.party) else {
            return Choice { verdict: Verdict::Nothing, facts, method: None };
        };
        let facts = AutoFacts { source_minor: most_minor, least_minor, source_closed: false, ..facts };
        Choice { verdict: decide(wish, &facts, per_day, ctx.now), facts, method: source.method }
    }

    /// Offers a payment order. Until it is paid the next one waits for its end, and for longer each time.
    fn offer(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        account: &mut AdAccountRow,
        (method, amount_minor): (Method, i64),
        facts: &AutoFacts,
    ) {
        let order = match offer(tx, ctx, self.party, method, amount_minor) {
            Ok(order) => order,
            Err(no) => {
                self.refused(tx, account, no.code, ctx.now.plus(pause(facts.failures)));
                return;
            }
        };
        account.auto_failures += 1;
        account.auto_retry_at = Some(order.expires_at.plus(pause(facts.failures)));
        count(ctx, account, facts, amount_minor);
        let told = Facts::new()
            .int("amount_minor", amount_minor)
            .text("method", method.name())
            .at("expires_at", order.expires_at);
        notify(tx, account, "ads.auto_top_up_offered", &order.id.to_string(), &told);
    }

    fn refused(&self, tx: &mut Tx, account: &mut AdAccountRow, code: &str, retry_at: Timestamp) {
        account.auto_failures += 1;
        account.auto_retry_at = Some(retry_at);
        let told = Facts::new().text("code", code).at("retry_at", retry_at);
        notify(tx, account, "ads.auto_top_up_refused", &self.party.to_string(), &told);
    }

    fn next(ctx: &Ctx, verdict: Verdict) -> Timestamp {
        match verdict {
            // An order that is paid, or a payment beside it, ends the pause after it.
            Verdict::Nothing | Verdict::TopUp(_) => ctx.now.plus(LOOK),
            Verdict::Tomorrow => ctx.zone.start_of(ctx.today.tomorrow().unwrap_or(ctx.today)),
            Verdict::Refused { retry_at, .. } => retry_at,
        }
    }
}

/// What was decided, by what, and by which method an order is to be made; none: out of earnings.
struct Choice {
    verdict: Verdict,
    facts: AutoFacts,
    method: Option<Method>,
}

fn count(ctx: &Ctx, account: &mut AdAccountRow, facts: &AutoFacts, amount_minor: i64) {
    account.auto_day = ctx.today.to_string();
    account.auto_count = i64::from(facts.today_count) + 1;
    account.auto_sum = facts.today_minor.saturating_add(amount_minor);
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
        want_offer(needs, self.party);
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
        let source = AutoSource::decode(&account.auto_source);
        let Some((wish, source)) = account.auto_wish().zip(source) else { return self.lease.finish(tx) };
        balance::check(tx, ctx, self.party)?;
        let Choice { verdict, facts, method } = self.choose(tx, ctx, &account, &wish, source);
        match (verdict, method) {
            (Verdict::Nothing | Verdict::Tomorrow, _) => {}
            (Verdict::Refused { code, retry_at }, _) => {
                self.refused(tx, &mut account, code, retry_at);
                tx.put(account);
            }
            (Verdict::TopUp(amount_minor), Some(method)) => {
                self.offer(tx, ctx, &mut account, (method, amount_minor), &facts);
                tx.put(account);
            }
            (Verdict::TopUp(amount_minor), None) => {
                let cash_minor = self.pay(tx, ctx, facts.arrears_minor, amount_minor)?;
                account.auto_failures = 0;
                account.auto_retry_at = None;
                count(ctx, &mut account, &facts, amount_minor);
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
