//! The sandbox rail: an outside world with faults on a dial and payees whose number names their fate (P10, P21).
//!
//! What it "paid" is kept in a table of its own and committed apart from Purser's books, as a real rail would: a
//! crash between the two is exactly the lost reply that the product must survive. `sandbox_payouts` is the rail's
//! own ledger, which acceptance tests hold against Purser's.

mod cashier;
pub mod messages;

pub use cashier::{
    NoticeFate, PAYMENT_NOTICE, RefundFate, SandboxPay, SandboxPaymentRow, SandboxRefund, cashier_totals,
    collected, run_payment_notice,
};

use purser_domain::{
    ids::Uid,
    money::Rate,
    policy::keys,
    time::{SECOND, Timestamp},
    withdrawals::{FailureClass, RailOutcome, read_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Table};

use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs,
    ports::{Payee, PayoutOrder},
    record,
    rows::Meta,
    rules::{MODE, is_sandbox},
    tx::{Needs, Tx},
    withdrawals::{RailRow, SANDBOX_KIND},
};

record! {
    /// What the sandbox knows about one reference.
    pub struct SandboxRow in SANDBOX_PAYOUTS = 60, "sandbox_payouts", lock Update, key(reference: String) {
        /// Minor units.
        amount: i64,
        /// Payee's number; of kinds that are not the sandbox's own only what tells them apart.
        account: String,
        /// `received`, `paid`, `failed`, `bounced`.
        state: String,
        /// The fate that was chosen at the first call.
        plan: String,
        /// Calls so far, sends and queries.
        calls: i64,
        /// How often money left: more than once would be a double payment.
        paid: i64,
        /// How often it came back.
        returned: i64,
        /// First call.
        at: Timestamp,
    }
}

/// Pause between a payment and the callback about it; business time.
const CALLBACK_AFTER: i64 = 3 * SECOND;

const FAULTS: &str = "sandbox_faults_ppm";

static TOTALS: Statement = Statement {
    name: "sandbox.payouts",
    sql: "SELECT reference, amount, account, state, plan, calls, paid, returned, at FROM sandbox_payouts ORDER BY reference",
};
/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [&[&TOTALS], cashier::STATEMENTS].concat()
}

/// Tables of this module.
pub const TABLES: &[&Table] = &[&SANDBOX_PAYOUTS, &cashier::SANDBOX_PAYMENTS];

/// Kind of the job that tells Purser what the sandbox did, as a rail's callback would.
pub const CALLBACK: &str = "sandbox.callback";

/// What an order meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Paid at once.
    Pay,
    /// The request never arrives; the caller sees a time-out.
    LostRequest,
    /// Paid, but the answer is lost.
    LostReply,
    /// A time-out first, success after some queries.
    LateSuccess,
    /// Unclear first, then definitely failed.
    LateFailure,
    /// "Too many requests" once.
    Throttled,
    /// The payer's balance is short once, before an order is made.
    FundsShort,
    /// The payer's balance is short once, and the order is recorded as failed: under its number it stays that.
    FundsFailed,
    /// The payee's details are wrong.
    PayeeFixable,
    /// The payee may not receive.
    PayeeBlocked,
    /// Paid, and returned later.
    Bounce,
    /// Paid, and told three times.
    DuplicateCallback,
    /// Paid, but the answer is lost, and the first query does not know of it yet.
    StaleQuery,
}

const PLANS: [(Plan, &str); 13] = [
    (Plan::Pay, "ok"),
    (Plan::LostRequest, "lost_request"),
    (Plan::LostReply, "lost_reply"),
    (Plan::LateSuccess, "late_success"),
    (Plan::LateFailure, "late_failure"),
    (Plan::Throttled, "throttled"),
    (Plan::FundsShort, "funds_short"),
    (Plan::FundsFailed, "funds_failed"),
    (Plan::PayeeFixable, "fail"),
    (Plan::PayeeBlocked, "blocked"),
    (Plan::Bounce, "bounce"),
    (Plan::DuplicateCallback, "duplicate_callback"),
    (Plan::StaleQuery, "stale_query"),
];

impl Plan {
    fn name(self) -> &'static str {
        PLANS.iter().find(|(plan, _)| *plan == self).map_or("ok", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        PLANS.iter().find(|(_, n)| *n == name).map(|(plan, _)| *plan)
    }

    /// A number that names a fate, after its last dot or before its `@`, meets it; any other meets what the dial and
    /// its reference give.
    fn choose(account: &str, reference: &str, dial: &Dial) -> Self {
        let local = account.split('@').next().unwrap_or_default();
        if let Some(plan) = local.split('.').next_back().and_then(Self::named) {
            return plan;
        }
        let dice = Uid::derive("purser sandbox fate v1", &[reference.as_bytes()]).0;
        let [a, b, c, d, kind, ..] = dice;
        let roll = i64::from(u32::from_be_bytes([a, b, c, d])) * 1_000_000 / (i64::from(u32::MAX) + 1);
        if roll >= dial.rate.as_ppm() {
            return Self::Pay;
        }
        dial.kinds.get(usize::from(kind) % dial.kinds.len().max(1)).copied().unwrap_or(Self::Pay)
    }
}

/// What the dial gives when nobody says what: faults that end by themselves and leave no money to come back later.
const USUAL: [Plan; 8] = [
    Plan::LostRequest,
    Plan::LostReply,
    Plan::LateSuccess,
    Plan::LateFailure,
    Plan::Throttled,
    Plan::PayeeFixable,
    Plan::DuplicateCallback,
    Plan::StaleQuery,
];

/// Names of all faults that the dial can give.
pub fn fault_kinds() -> impl Iterator<Item = &'static str> {
    PLANS.iter().filter(|(plan, _)| *plan != Plan::Pay).map(|(_, name)| *name)
}

/// Where the dial stands: stored as the rate and, when somebody chose them, the names of the faults.
struct Dial {
    rate: FaultRate,
    kinds: Vec<Plan>,
}

impl Dial {
    fn read(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let rate = Rate::ppm(words.next().and_then(|word| word.parse().ok()).unwrap_or(0));
        let kinds: Vec<Plan> = words.filter_map(Plan::named).collect();
        Self { rate, kinds: if kinds.is_empty() { USUAL.to_vec() } else { kinds } }
    }
}

/// Where the dial stands: its rate, and the names of the faults when somebody chose them.
///
/// # Errors
/// Storage faults.
pub fn fault_dial(session: &mut dyn Session) -> Result<(FaultRate, Vec<String>), Fault> {
    let row = crate::feed::one::<Meta>(session, FAULTS.to_owned())?;
    let text = row.map_or_else(String::new, |row| row.value);
    let chosen = text.split_whitespace().skip(1).map(str::to_owned).collect();
    Ok((Dial::read(&text).rate, chosen))
}

/// One call that reaches the sandbox: a send or a query.
pub struct SandboxCall {
    /// The order; for a query only its reference counts.
    pub order: PayoutOrder,
    /// Send or query.
    pub send: bool,
}

impl Command for SandboxCall {
    type Output = RailOutcome;

    fn name(&self) -> &'static str {
        "sandbox.call"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SandboxRow>(self.order.reference.clone());
        needs.row::<Meta>(FAULTS.to_owned());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<RailOutcome, Rejection> {
        let known = tx.get::<SandboxRow>(&self.order.reference).cloned();
        let dial = Dial::read(tx.get::<Meta>(&FAULTS.to_owned()).map_or("", |row| &row.value));
        let Some(mut row) = known.or_else(|| self.send.then(|| self.fresh(&dial, ctx.now))) else {
            return Ok(RailOutcome::NotFound);
        };
        if self.send && (row.amount != self.order.amount_minor || row.account != payee_key(&self.order.payee))
        {
            let text = "the reference was used with another amount or payee";
            return Err(Rejection::new("payment_info_inconsistent", text));
        }
        row.calls += 1;
        let before = row.paid;
        let outcome = answer(&mut row, self.send);
        let callbacks = match Plan::named(&row.plan) {
            Some(Plan::Bounce | Plan::LostReply) => 1,
            Some(Plan::DuplicateCallback) => 3,
            _ => 0,
        };
        for _ in 0..if row.paid > before { callbacks } else { 0 } {
            // At least once, like a rail's own notices: written with the payment, retried until it was heard.
            let payload = Facts::new()
                .text("reference", &row.reference)
                .flag("return", row.plan == Plan::Bounce.name());
            let id = tx.new_id();
            tx.job(jobs::ready(id, CALLBACK, &row.reference, ctx.now.plus(CALLBACK_AFTER), payload));
        }
        tx.put(row);
        Ok(outcome)
    }

    fn audited(&self) -> bool {
        false
    }
}

impl SandboxCall {
    fn fresh(&self, dial: &Dial, at: Timestamp) -> SandboxRow {
        let plan = Plan::choose(&self.order.payee.number, &self.order.reference, dial);
        // By the time that an order gets its next number the platform has topped up.
        let later = read_reference(&self.order.reference).is_some_and(|(_, number)| number.round > 1);
        let plan = if plan == Plan::FundsFailed && later { Plan::Pay } else { plan };
        SandboxRow {
            reference: self.order.reference.clone(),
            amount: self.order.amount_minor,
            account: payee_key(&self.order.payee),
            state: "received".to_owned(),
            plan: plan.name().to_owned(),
            calls: 0,
            paid: 0,
            returned: 0,
            at,
        }
    }
}

/// What the sandbox remembers of a payee: numbers of its own kind as they are, of others only whether they are the
/// same, because a sandbox may be fed real ones (P9).
fn payee_key(payee: &Payee) -> String {
    if payee.kind == SANDBOX_KIND {
        return payee.number.clone();
    }
    let parts = [&payee.kind, &payee.number, &payee.holder].map(String::as_bytes);
    Uid::derive("purser sandbox payee v1", &parts).with_prefix("payee")
}

fn pay(row: &mut SandboxRow) -> RailOutcome {
    if row.state == "received" {
        "paid".clone_into(&mut row.state);
        row.paid += 1;
    }
    RailOutcome::Paid { rail_fee_minor: 0 }
}

fn fail(row: &mut SandboxRow, class: FailureClass, code: &str) -> RailOutcome {
    "failed".clone_into(&mut row.state);
    RailOutcome::DefiniteFailure { class, code: code.to_owned() }
}

/// What a call is told, and what it does to the rail's own books.
fn answer(row: &mut SandboxRow, send: bool) -> RailOutcome {
    let plan = Plan::named(&row.plan).unwrap_or(Plan::Pay);
    if plan == Plan::StaleQuery && !send && row.calls == 2 {
        return RailOutcome::NotFound;
    }
    match row.state.as_str() {
        "paid" => return RailOutcome::Paid { rail_fee_minor: 0 },
        "bounced" => {
            return RailOutcome::Bounced { class: FailureClass::PayeeFixable, code: "RETURNED".to_owned() };
        }
        "failed" if plan == Plan::FundsFailed => return funds_failed(row),
        "failed" => {
            let (class, code) = failure(row);
            return RailOutcome::DefiniteFailure { class, code: code.to_owned() };
        }
        _ => {}
    }
    match (plan, row.calls) {
        (Plan::LostRequest, 1) | (Plan::LateSuccess | Plan::LateFailure, 1 | 2) => RailOutcome::Unknown,
        // It never arrived: the rail has not heard of it until it is sent again.
        (Plan::LostRequest, _) if !send => RailOutcome::NotFound,
        (Plan::LostReply | Plan::StaleQuery, 1) => {
            pay(row);
            RailOutcome::Unknown
        }
        (Plan::Throttled, 1) => RailOutcome::Throttled,
        (Plan::FundsShort, 1) => RailOutcome::PayerFundsShort,
        (Plan::FundsFailed, _) => funds_failed(row),
        (Plan::LateFailure | Plan::PayeeFixable | Plan::PayeeBlocked, _) => {
            let (class, code) = failure(row);
            fail(row, class, code)
        }
        _ => pay(row),
    }
}

fn funds_failed(row: &mut SandboxRow) -> RailOutcome {
    "failed".clone_into(&mut row.state);
    RailOutcome::FailedForFunds { code: "PAYER_BALANCE_NOT_ENOUGH".to_owned() }
}

fn failure(row: &SandboxRow) -> (FailureClass, &'static str) {
    match Plan::named(&row.plan) {
        Some(Plan::PayeeBlocked) => (FailureClass::PayeeBlocked, "PAYEE_BLOCKED"),
        _ => (FailureClass::PayeeFixable, "PAYEE_NOT_EXIST"),
    }
}

/// How often the sandbox misbehaves, parts per million of orders.
pub type FaultRate = Rate;

/// Turns the fault dial (P21).
///
/// Rejections in order: `not_sandbox`, `fault_rate_invalid`, `fault_kind_unknown`.
pub struct FaultDial {
    /// Orders that meet a fault.
    pub rate: FaultRate,
    /// Names of the faults, evenly mixed; empty for those that end by themselves. After `funds_short` and `funds_failed`
    /// the rail stays marked until its float is topped up; after `bounce` money comes back after it arrived.
    pub kinds: Vec<String>,
}

impl Command for FaultDial {
    type Output = ();

    fn name(&self) -> &'static str {
        "sandbox.faults"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(FAULTS.to_owned());
        needs.row::<Meta>(MODE.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        if !is_sandbox(tx) {
            let text = "live books have no fault dial: this works in a sandbox only";
            return Err(Rejection::new("not_sandbox", text));
        }
        if !(0..=1_000_000).contains(&self.rate.as_ppm()) {
            return Err(
                Rejection::new("fault_rate_invalid", "a rate is 0 to 1,000,000 parts per million").at("/ppm")
            );
        }
        if let Some(wrong) = self.kinds.iter().find(|kind| fault_kinds().all(|known| known != kind.as_str()))
        {
            let all: Vec<&str> = fault_kinds().collect();
            let text = format!("there is no fault `{wrong}`: it is one of {}", all.join(", "));
            return Err(Rejection::new("fault_kind_unknown", text).at("/kinds"));
        }
        let words = std::iter::once(self.rate.as_ppm().to_string()).chain(self.kinds.iter().cloned());
        tx.put(Meta { name: FAULTS.to_owned(), value: words.collect::<Vec<_>>().join(" ") });
        Ok(())
    }
}

/// Shorthand for [`FaultDial`] with the faults that end by themselves.
pub fn set_faults(ppm: i64) -> FaultDial {
    FaultDial { rate: Rate::ppm(ppm), kinds: Vec::new() }
}

/// Breaks a rail, or makes it whole (P21): the dispatcher keeps payouts back from a rail that is not healthy, and
/// they go out by themselves once it is.
///
/// Rejections in order: `not_sandbox`, `rail_unknown`.
#[derive(Debug, Clone)]
pub struct SetRailHealth {
    /// Name of the rail.
    pub rail: String,
    /// Whether it answers.
    pub healthy: bool,
}

impl Command for SetRailHealth {
    type Output = RailRow;

    fn name(&self) -> &'static str {
        "sandbox.rail"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<RailRow>(self.rail.clone());
        needs.row::<Meta>(MODE.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<RailRow, Rejection> {
        if !is_sandbox(tx) {
            let text = "rails of live books break by themselves: this works in a sandbox only";
            return Err(Rejection::new("not_sandbox", text));
        }
        if keys::of_rail(&self.rail).is_none() {
            let text = format!("there is no rail `{}`: it is one of {}", self.rail, keys::RAILS.join(", "));
            return Err(Rejection::new("rail_unknown", text));
        }
        let known = tx.get::<RailRow>(&self.rail).cloned();
        let was = known.unwrap_or_else(|| RailRow::whole(&self.rail));
        if was.healthy == self.healthy && was.unreached == 0 {
            return Ok(was);
        }
        let row = RailRow { healthy: self.healthy, unreached: 0, version: was.version + 1, ..was };
        tx.put(row.clone());
        let event = if row.healthy { "rail.healthy" } else { "rail.broken" };
        tx.event(event, None, &row.name, Facts::new());
        Ok(row)
    }

    fn audit(&self, output: &RailRow) -> (String, Facts) {
        (output.name.clone(), Facts::new().flag("healthy", output.healthy))
    }
}

/// The sandbox's own books, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SandboxTotals {
    /// Orders it knows.
    pub orders: u64,
    /// Money that left, minor units.
    pub paid_minor: i64,
    /// Money that came back.
    pub returned_minor: i64,
    /// Orders that were paid more than once: must be zero.
    pub paid_twice: u64,
}

/// Reads the sandbox's own books.
///
/// # Errors
/// Storage faults.
pub fn sandbox_totals(session: &mut dyn Session) -> Result<SandboxTotals, Fault> {
    let mut totals = SandboxTotals::default();
    session.query(&TOTALS, &[], &mut |row| {
        let row = SandboxRow::read(row);
        totals.orders += 1;
        totals.paid_minor += row.amount * row.paid;
        totals.returned_minor += row.amount * row.returned;
        totals.paid_twice += u64::from(row.paid > 1);
        true
    })?;
    Ok(totals)
}

/// Takes money of a paid order back, once: what turns a success into a bounce (退票).
pub struct ReturnPayout(pub String);

impl Command for ReturnPayout {
    type Output = bool;

    fn name(&self) -> &'static str {
        "sandbox.return"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<SandboxRow>(self.0.clone());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<bool, Rejection> {
        let Some(mut row) = tx.get::<SandboxRow>(&self.0).cloned() else { return Ok(false) };
        if row.state != "paid" {
            return Ok(false);
        }
        "bounced".clone_into(&mut row.state);
        row.returned += 1;
        tx.put(row);
        Ok(true)
    }

    fn audited(&self) -> bool {
        false
    }
}

/// What the sandbox knows about a reference.
///
/// # Errors
/// Storage faults.
pub fn sandbox_payout(session: &mut dyn Session, reference: &str) -> Result<Option<SandboxRow>, Fault> {
    let mut found = None;
    session.load(
        SandboxRow::TABLE,
        &Keys::<SandboxRow>(&[reference.to_owned()]),
        Lock::None,
        &mut |row| {
            found = Some(SandboxRow::read(row));
        },
    )?;
    Ok(found)
}
