//! Withdrawals as they are shown: where one stands, what the gate says, how a fee came about.

use purser_domain::{
    metadata::Metadata,
    policy::keys,
    time::Timestamp,
    withdrawals::{
        CheckResult, DryRun, Evidence, Explanation, FeeRule, FeeSteps, GateCode, PathStep, State, explain,
        steps,
    },
};
use purser_engine::{metadata, withdrawals::WithdrawalRow};
use serde::Serialize;
use utoipa::ToSchema;

use super::text;
use crate::App;

/// How a fee came about (C15): what a dispute of it looks at. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeeView {
    /// `first_free`, `above_yearly_base`, `minimum` or `rate`.
    rule: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// Withdrawn in the calendar year before this one.
    year_before_minor: i64,
    /// The part of the amount that is charged.
    base_minor: i64,
    /// The rate, in parts per million.
    rate_ppm: i64,
    /// The smallest fee.
    minimum_minor: i64,
}

/// One step of a withdrawal's way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PathStepView {
    /// `requested`, `debts_repaid`, `fee`, `to_arrive`, `held_for_review`, `value_date`, `under_way`, `arrived`,
    /// `returned`, `not_paid` or `released`.
    code: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
    /// What it is about, minor units.
    amount_minor: Option<i64>,
    /// When.
    at: Option<String>,
}

/// The way of a withdrawal, step by step.
pub(crate) fn path_steps(row: &WithdrawalRow) -> Vec<PathStepView> {
    let fee = FeeView::steps(row);
    let view = |step: &PathStep| PathStepView {
        code: step.code,
        zh: step.zh,
        en: step.en,
        amount_minor: step.amount_minor,
        at: text(step.at),
    };
    steps(&row.withdrawal(), fee.as_ref(), repaid_minor(row)).iter().map(view).collect()
}

fn repaid_minor(row: &WithdrawalRow) -> i64 {
    ["repaid_due_minor", "repaid_liability_minor"].iter().filter_map(|name| row.basis.get_int(name)).sum()
}

/// A paper that the review asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// `licence`, `legal_person_id` or `bank_statements`.
    kind: &'static str,
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// What a held withdrawal waits for; attached to its case.
fn evidence(row: &WithdrawalRow) -> Vec<EvidenceView> {
    if row.case_id.is_empty() || row.state != State::InReview.name() {
        return Vec::new();
    }
    let view = |one: Evidence| EvidenceView { kind: one.name(), zh: one.zh(), en: one.en() };
    Evidence::ALL.map(view).into()
}

impl FeeView {
    fn of(fee: &FeeSteps) -> Option<Self> {
        let rule = fee.rule;
        (rule != FeeRule::Free).then(|| Self {
            rule: rule.name(),
            zh: rule.zh(),
            en: rule.en(),
            year_before_minor: fee.year_before_minor,
            base_minor: fee.base_minor,
            rate_ppm: fee.rate_ppm,
            minimum_minor: fee.minimum_minor,
        })
    }

    /// As it was kept with the withdrawal; nothing for one from before that was done.
    fn steps(row: &WithdrawalRow) -> Option<FeeSteps> {
        let rule = row.basis.get_text("fee_rule").and_then(|name| FeeRule::named(&name))?;
        let number = |name| row.basis.get_int(name).unwrap_or(0);
        Some(FeeSteps {
            rule,
            year_before_minor: number("year_before_minor"),
            base_minor: number("base_minor"),
            rate_ppm: number("rate_ppm"),
            minimum_minor: number("minimum_minor"),
            fee_minor: row.fee,
        })
    }
}

/// Where a withdrawal stands, in words (P14).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Where {
    /// Stable machine code.
    code: &'static str,
    /// A sentence in Chinese.
    zh: &'static str,
    /// A sentence in English.
    en: &'static str,
    /// Who must act.
    who_must_act: &'static str,
    /// What to do.
    next_step: &'static str,
    /// Next attempt or deadline; null when it is finished.
    next_at: Option<String>,
    /// It took longer than promised (X12).
    overdue: bool,
    /// What to say besides then, in Chinese.
    overdue_zh: Option<&'static str>,
    /// What to say besides then, in English.
    overdue_en: Option<&'static str>,
    /// What staff wrote, or the rail's own code.
    detail: Option<String>,
    /// For what waits for the platform's funds: from and to how many working days that takes.
    expected_working_days: Option<[u32; 2]>,
}

impl Where {
    pub(crate) fn of(row: &WithdrawalRow, now: Timestamp, funds_days: [u32; 2]) -> Self {
        let words = explain(&row.withdrawal(), row.queued.then_some(row.next_at), now);
        Self {
            code: words.code,
            zh: words.zh,
            en: words.en,
            who_must_act: words.actor.name(),
            next_step: words.next_step.name(),
            next_at: text(words.next_at),
            overdue: words.overdue,
            overdue_zh: words.overdue.then_some(Explanation::OVERDUE_ZH),
            overdue_en: words.overdue.then_some(Explanation::OVERDUE_EN),
            detail: words.detail,
            expected_working_days: (words.code == GateCode::FloatShort.code()).then_some(funds_days),
        }
    }
}

/// From and to how many working days waiting for the platform's funds takes, by policy (X11).
pub(crate) fn funds_days(app: &App) -> [u32; 2] {
    let rules = app.rules();
    let policy = rules.policy.now(app.now());
    [policy.value(keys::FLOAT_SHORT_EARLIEST), policy.value(keys::FLOAT_SHORT_LATEST)]
}

/// A withdrawal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalView {
    /// Id.
    id: String,
    /// Whose money.
    party_id: String,
    /// `earnings`, `proceeds` or `statement`.
    source: String,
    /// The other shop that asked for it; null when it was the party itself.
    asked_by_party_id: Option<String>,
    /// Payout account.
    destination: String,
    /// What people see of its number; null in the answer to a write.
    destination_masked: Option<String>,
    /// The rail that carries it.
    rail: String,
    /// Requested, minor units.
    amount_minor: i64,
    /// Fee, minor units.
    fee_minor: i64,
    /// How the fee came about; null for what is free by its kind.
    fee: Option<FeeView>,
    /// What is to arrive, minor units.
    net_minor: i64,
    /// Due and liability of the shop that were repaid with it, minor units.
    repaid_minor: i64,
    /// Currency.
    currency: String,
    /// State.
    state: String,
    /// When it was requested.
    requested_at: String,
    /// The civil date whose counters it used.
    requested_on: String,
    /// Not sent before: its value date.
    dispatch_at: String,
    /// Expected arrival; null when the calendar does not know.
    expected_at: Option<String>,
    /// End of the payout clock.
    deadline_at: String,
    /// When it came to its end.
    finished_at: Option<String>,
    /// The case that asks for evidence, while it is or was held for a person; null when there is none.
    review_case_id: Option<String>,
    /// The papers that the review asks for; empty when it asks for none.
    evidence: Vec<EvidenceView>,
    /// Where it stands, in words.
    explanation: Where,
    /// Policy version that decided at the gate.
    policy_version: i64,
    /// Free values of yours.
    metadata: Metadata,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl WithdrawalView {
    /// With what people see of its payout account.
    pub(crate) fn with_destination(self, destination_masked: Option<String>) -> Self {
        Self { destination_masked, ..self }
    }

    pub(crate) fn of(row: &WithdrawalRow, now: Timestamp, funds_days: [u32; 2]) -> Self {
        Self {
            id: row.id.to_string(),
            party_id: row.party.to_string(),
            source: row.source.clone(),
            asked_by_party_id: Some(row.asked_by.clone()).filter(|text| !text.is_empty()),
            destination: row.destination.to_string(),
            destination_masked: None,
            rail: row.rail.clone(),
            amount_minor: row.amount,
            fee_minor: row.fee,
            fee: FeeView::steps(row).and_then(|fee| FeeView::of(&fee)),
            net_minor: row.net,
            repaid_minor: repaid_minor(row),
            currency: row.currency.to_string(),
            state: row.state.clone(),
            requested_at: row.requested_at.to_string(),
            requested_on: row.requested_on.to_string(),
            dispatch_at: row.dispatch_at.to_string(),
            expected_at: text(row.expected_at),
            deadline_at: row.deadline_at.to_string(),
            finished_at: text(row.finished_at),
            review_case_id: Some(row.case_id.clone()).filter(|text| !text.is_empty()),
            evidence: evidence(row),
            explanation: Where::of(row, now, funds_days),
            policy_version: row.policy_version,
            metadata: metadata::values(&row.metadata),
            version: row.version,
        }
    }
}

/// One check of the gate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateCheck {
    /// Number, 1 to 15.
    check: usize,
    /// `passed`, `not_applicable`, `failed` or `waits`.
    result: &'static str,
    /// Codes of the refusal, or of what it would wait for.
    codes: Vec<&'static str>,
}

/// Something that stands in the way, or that it would wait for, in words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateReason {
    /// Number of the check, 1 to 15.
    check: u8,
    /// Stable code.
    code: &'static str,
    /// Sentence in Chinese.
    message_zh: &'static str,
    /// Sentence in English.
    message_en: &'static str,
    /// Who must act: `party`, `platform`, `staff`, `rail` or `nobody`.
    who_must_act: &'static str,
    /// What to do, a stable code.
    next_step: &'static str,
    /// When it may be tried again, where time alone changes the answer.
    until: Option<String>,
    /// The bound that was passed, minor units: the minimum, what is available, what the cap leaves.
    bound_minor: Option<i64>,
    /// First steps that are missing: `bind_phone`, `verify_real_name`, `bind_payout_account`.
    missing: Vec<&'static str>,
}

impl GateReason {
    pub(super) fn of(code: GateCode) -> Self {
        Self {
            check: code.check(),
            code: code.code(),
            message_zh: code.zh(),
            message_en: code.en(),
            who_must_act: code.actor().name(),
            next_step: code.next_step().name(),
            until: None,
            bound_minor: None,
            missing: Vec::new(),
        }
    }

    fn all(result: &CheckResult) -> Vec<Self> {
        match result {
            CheckResult::NotApplicable | CheckResult::Passed => Vec::new(),
            CheckResult::Failed(refused) => vec![Self {
                until: text(refused.until),
                bound_minor: refused.bound_minor,
                missing: refused.missing.iter().map(|step| step.name()).collect(),
                ..Self::of(refused.code)
            }],
            CheckResult::Waits(codes) => codes.iter().copied().map(Self::of).collect(),
        }
    }
}

/// What the gate would say; nothing was kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WithdrawalLook {
    /// Always true.
    dry_run: bool,
    /// Whether it would be taken.
    accepted: bool,
    /// Code of the refusal.
    refused: Option<&'static str>,
    /// Every check, in order.
    checks: Vec<GateCheck>,
    /// What failed or would wait, in the order of the checks, in words and with who must act: all of it, the refusal is
    /// the first that failed. Absent when there is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<GateReason>,
    /// Fee, minor units.
    fee_minor: i64,
    /// How the fee would come about; null for what is free by its kind.
    fee: Option<FeeView>,
    /// What would arrive, minor units.
    net_minor: i64,
    /// Due and liability of the shop that would be repaid with it, minor units.
    repaid_minor: i64,
    /// What a new shop is advised to draw at most a day of proceeds that buyers have not paid, minor units; there when
    /// this request passes it.
    advice_minor: Option<i64>,
    /// Expected arrival.
    expected_at: Option<String>,
    /// Everything it would wait for.
    hints: Vec<&'static str>,
}

impl From<&DryRun> for WithdrawalLook {
    fn from(look: &DryRun) -> Self {
        let codes = |list: &[GateCode]| list.iter().map(|code| code.code()).collect::<Vec<_>>();
        let check = |(index, result): (usize, &CheckResult)| {
            let (result, codes) = match result {
                CheckResult::NotApplicable => ("not_applicable", Vec::new()),
                CheckResult::Passed => ("passed", Vec::new()),
                CheckResult::Failed(refused) => ("failed", vec![refused.code.code()]),
                CheckResult::Waits(list) => ("waits", codes(list)),
            };
            GateCheck { check: index + 1, result, codes }
        };
        Self {
            dry_run: true,
            accepted: look.refused.is_none(),
            refused: look.refused.as_ref().map(|refused| refused.code.code()),
            checks: look.checks.iter().enumerate().map(check).collect(),
            reasons: look.checks.iter().flat_map(GateReason::all).collect(),
            fee_minor: look.fee_minor,
            fee: FeeView::of(&look.fee),
            net_minor: look.net_minor,
            repaid_minor: look.repaid_minor,
            advice_minor: look.advice_minor,
            expected_at: text(look.expected_at),
            hints: codes(&look.hints),
        }
    }
}
