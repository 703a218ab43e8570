//! Appeals against a limit that is zero or reduced (C7): a case with a plan; deciding it lifts the flag, or sets the rule
//! aside until a date, or does not.

use purser_domain::{
    casework::{Kind, Outcome},
    credit::{self, Appeal, AppealRejection, Ground, Lifted, Rule},
    ids::{CaseId, PartyId, StaffId},
    time::{Date, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use super::{
    changes::{ShopChange, change, want_liability},
    evaluate::want,
    facts,
    rows::ShopFactsRow,
    shops::merchant,
    terms::limit_terms,
};
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    feed::one,
    parties::PartyRow,
    record,
    tx::{Needs, Tx},
};

/// Most appeals of a party: one for each thing that can be appealed against.
pub const APPEALS_MAX: i64 = 20;

record! {
    /// A merchant's last appeal against one thing. Where it stands is what its case says.
    pub struct CreditAppealRow in CREDIT_APPEALS = 113, "credit_appeals", lock Update, key(party: PartyId, ground: String) {
        /// The case with the plan.
        case_id: CaseId,
        /// When.
        filed_at: Timestamp,
        /// The limit at that time, minor units.
        total: i64,
        /// When it was decided.
        decided_at: Option<Timestamp>,
        /// Whether it was granted.
        granted: bool,
        /// First civil date on which a rule that was set aside counts again.
        until: Option<String>,
        /// Counts changes.
        version: i64,
    }
}

static OF_PARTY: Statement = Statement {
    name: "credit.appeals_of_party",
    sql: "SELECT party, ground, case_id, filed_at, total, decided_at, granted, until, version FROM credit_appeals \
          WHERE party = ?1 ORDER BY ground LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&OF_PARTY];

/// A party's appeals with their cases, by what they are against.
///
/// # Errors
/// Storage faults.
pub fn appeals(session: &mut dyn Session, party: PartyId) -> Result<Vec<(CreditAppealRow, CaseRow)>, Fault> {
    let mut rows = Vec::new();
    session.query(&OF_PARTY, &[Value::Bytes(&party.0.0), Value::Int(APPEALS_MAX)], &mut |source| {
        rows.push(CreditAppealRow::read(source));
        true
    })?;
    let mut found = Vec::new();
    for row in rows {
        if let Some(case) = one::<CaseRow>(session, row.case_id)? {
            found.push((row, case));
        }
    }
    Ok(found)
}

fn rejected(rejection: AppealRejection) -> Rejection {
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        AppealRejection::Unfounded => plain.at("/against"),
        AppealRejection::PlanInvalid => plain.at("/plan"),
        AppealRejection::UntilInvalid | AppealRejection::UntilForFlag => plain.at("/until"),
        AppealRejection::Pending | AppealRejection::NotPending => plain,
    }
}

fn key(party: PartyId, ground: Ground) -> (PartyId, String) {
    (party, ground.name().to_owned())
}

fn need(needs: &mut Needs<'_>, party: PartyId, ground: Ground, ctx: &Ctx) {
    needs.row::<PartyRow>(party);
    want(needs, party, ctx);
    want_liability(needs, party, ctx);
    if let Some(case) = needs.get::<CreditAppealRow>(&key(party, ground)).map(|row| row.case_id) {
        needs.row::<CaseRow>(case);
    }
}

/// The last appeal, if its case is open.
fn open_appeal(tx: &Tx, party: PartyId, ground: Ground) -> Option<CreditAppealRow> {
    let row = tx.get::<CreditAppealRow>(&key(party, ground)).cloned()?;
    tx.get::<CaseRow>(&row.case_id).is_some_and(|case| !case.state().is_closed()).then_some(row)
}

/// In the words of its rule.
fn words(ground: Ground) -> (&'static str, &'static str) {
    let rule = Rule::ALL.iter().find(|rule| Ground::of(**rule) == Some(ground));
    rule.map_or(("", ""), |rule| (rule.zh(), rule.en()))
}

/// Files an appeal with a plan (C7).
///
/// Rejections in order: `party_unknown`, `not_a_merchant`, `credit_shop_unknown`, then those of [`credit::appeal`].
pub struct FileAppeal {
    /// Whose limit.
    pub party: PartyId,
    /// Against what.
    pub ground: Ground,
    /// What the merchant will do.
    pub plan: String,
}

impl Command for FileAppeal {
    type Output = (CreditAppealRow, CaseRow);

    fn name(&self) -> &'static str {
        "credit.appeal"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<CreditAppealRow>(key(self.party, self.ground));
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        need(needs, self.party, self.ground, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        merchant(tx, self.party)?;
        let known = tx.get::<ShopFactsRow>(&self.party).map(|row| facts::decode(&row.facts));
        let Some(shop) = known else {
            return Err(Rejection::new("credit_shop_unknown", "nothing is known of this shop"));
        };
        let terms = limit_terms(ctx.rules.policy.now(ctx.now));
        let now = credit::evaluate(&shop, ctx.today, &terms);
        let in_force = credit::grounds(&now.steps);
        let pending = open_appeal(tx, self.party, self.ground).is_some();
        let filed = Appeal { ground: self.ground, plan: &self.plan, in_force: &in_force, pending };
        credit::appeal(&filed).map_err(rejected)?;
        let (zh, en) = words(self.ground);
        let new = NewCase {
            kind: Kind::LimitAppeal,
            party: Some(self.party),
            subject: self.party.to_string(),
            summary: format!("额度申诉：{zh} / Limit appeal: {en}"),
            due_at: None,
        };
        let case_id = cases::open_with(tx, ctx, new, &self.plan);
        let version =
            tx.get::<CreditAppealRow>(&key(self.party, self.ground)).map_or(1, |row| row.version + 1);
        let appeal = CreditAppealRow {
            party: self.party,
            ground: self.ground.name().to_owned(),
            case_id,
            filed_at: ctx.now,
            total: now.total_minor,
            decided_at: None,
            granted: false,
            until: None,
            version,
        };
        tx.put(appeal.clone());
        let Some(case) = tx.get::<CaseRow>(&case_id).cloned() else {
            unreachable!("a case that was just opened")
        };
        Ok((appeal, case))
    }

    fn audit(&self, (row, case): &Self::Output) -> (String, Facts) {
        (row.party.to_string(), Facts::new().text("against", &row.ground).text("case", case.id.to_string()))
    }
}

/// Decides an appeal: lifts what it is against, or does not; the case ends with it.
///
/// Rejections in order: `appeal_not_pending`, then those of [`credit::lift`], `case_reason_invalid`.
pub struct DecideAppeal {
    /// Whose limit.
    pub party: PartyId,
    /// Against what.
    pub ground: Ground,
    /// Yes or no.
    pub grant: bool,
    /// For a rule that follows from figures: first civil date on which it counts again.
    pub until: Option<Date>,
    /// For the merchant.
    pub reason: String,
    /// Who decides.
    pub by: StaffId,
}

impl Command for DecideAppeal {
    type Output = (CreditAppealRow, CaseRow);

    fn name(&self) -> &'static str {
        if self.grant { "credit.grant_appeal" } else { "credit.refuse_appeal" }
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<CreditAppealRow>(key(self.party, self.ground));
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        need(needs, self.party, self.ground, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let open = open_appeal(tx, self.party, self.ground);
        let mut row = open.ok_or_else(|| rejected(AppealRejection::NotPending))?;
        let outcome = if self.grant { Outcome::Resolved } else { Outcome::Refused };
        if self.grant {
            let lifted = credit::lift(self.ground, self.until, ctx.today).map_err(rejected)?;
            let by_staff = match lifted {
                Lifted::Flag(kind) => ShopChange::Lift(kind),
                Lifted::Rule(waiver) => ShopChange::Waive(waiver),
            };
            change(tx, ctx, self.party, &by_staff, &self.reason)?;
        }
        let case = cases::settle(tx, ctx, row.case_id, outcome, &self.reason, Author::staff(self.by))?;
        row.decided_at = Some(ctx.now);
        row.granted = self.grant;
        row.until = self.until.filter(|_| self.grant).map(|date| date.to_string());
        row.version += 1;
        tx.put(row.clone());
        Ok((row, case))
    }

    fn audit(&self, (row, case): &Self::Output) -> (String, Facts) {
        let facts = Facts::new()
            .text("against", &row.ground)
            .text("case", case.id.to_string())
            .flag("granted", row.granted)
            .text("until", row.until.as_deref().unwrap_or_default());
        (row.party.to_string(), facts)
    }
}
