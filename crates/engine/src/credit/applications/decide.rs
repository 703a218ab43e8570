//! Deciding an application: by one person, or by two where much is at stake (C25, P16).

use purser_domain::{
    casework::Outcome,
    credit::{
        self, RestrictionKind,
        application::{self, ApplicationRejection as R, Granted, Terms},
    },
    ids::{CaseId, CreditApplicationId, PartyId, StaffId},
    money::{Rate, decimal},
    policy::keys,
};

use super::{CreditApplicationRow, rejected, unknown};
use crate::{
    cases::{self, Author, CaseRow},
    command::{Command, Ctx, Rejection},
    credit::{
        changes::{ShopChange, change, want_liability},
        evaluate::want,
        facts,
        rows::ShopFactsRow,
        shops::{ShopReport, report},
        terms::{limit_terms, sale_terms},
    },
    facts::Facts,
    identity::PhoneRow,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// What staff decide about an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDecision {
    /// Which.
    pub application: CreditApplicationId,
    /// Whose it is, as it was read.
    pub party: PartyId,
    /// Its case, as it was read.
    pub case: CaseId,
    /// What is granted; `None` refuses.
    pub grant: Option<Terms>,
    /// For the merchant.
    pub reason: String,
    /// Who decides; of two people the first.
    pub by: StaffId,
}

impl ApplicationDecision {
    /// Name of the action that two people decide.
    pub const ACTION: &'static str = "credit.application";

    /// Every detail, as two people approve it.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts::new()
            .text("party", self.party.to_string())
            .text("case", self.case.to_string())
            .text("by", self.by.to_string())
            .text("reason", self.reason.trim());
        let Some(terms) = self.grant else { return facts };
        if let Some(amount) = terms.amount_minor {
            facts = facts.int("amount_minor", amount);
        }
        if let Some(rate) = terms.rate {
            facts = facts.int("rate_ppm", rate.as_ppm());
        }
        if let Some(source) = terms.source {
            facts = facts.text("source", source.name());
        }
        if let Some(until) = terms.until {
            facts = facts.text("until", until.to_string());
        }
        facts
    }

    /// From a stored approval of an application.
    pub fn from_facts(subject: &str, facts: &Facts) -> Option<Self> {
        let text = |name: &str| facts.get_text(name);
        let terms = Terms {
            amount_minor: facts.get_int("amount_minor"),
            rate: facts.get_int("rate_ppm").map(Rate::ppm),
            source: text("source").and_then(|name| credit::Source::named(&name)),
            until: text("until").and_then(|date| date.parse().ok()),
        };
        Some(Self {
            application: subject.parse().ok()?,
            party: text("party")?.parse().ok()?,
            case: text("case")?.parse().ok()?,
            grant: Some(terms),
            reason: text("reason")?,
            by: text("by")?.parse().ok()?,
        })
    }

    pub(crate) fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<CreditApplicationRow>(self.application);
        needs.row::<CaseRow>(self.case);
        needs.row::<PartyRow>(self.party);
        needs.row::<PhoneRow>(self.party);
        want(needs, self.party, ctx);
        want_liability(needs, self.party, ctx);
    }

    fn open(&self, tx: &Tx) -> Result<CreditApplicationRow, Rejection> {
        let row = tx.get::<CreditApplicationRow>(&self.application).cloned();
        let is_it = |row: &CreditApplicationRow| row.party == self.party && row.case_id == self.case;
        let row = row.filter(is_it).ok_or_else(unknown)?;
        match tx.get::<CaseRow>(&self.case) {
            Some(case) if !case.state().is_closed() => Ok(row),
            _ => Err(rejected(R::NotPending)),
        }
    }

    /// What would be granted, and the money at stake.
    fn weigh(
        &self,
        tx: &Tx,
        ctx: &Ctx,
        terms: &Terms,
    ) -> Result<(CreditApplicationRow, Granted, i64), Rejection> {
        let row = self.open(tx)?;
        let view = ctx.rules.policy.now(ctx.now);
        let sales = sale_terms(view);
        let shop = tx.get::<ShopFactsRow>(&self.party).map(|row| facts::decode(&row.facts));
        let rates = (sales.boost, sales.most);
        let granted =
            application::grant(&row.wish(), terms, shop.as_ref(), ctx.today, rates).map_err(rejected)?;
        let at_stake = application::at_stake_minor(&granted, shop.as_ref(), ctx.today, &limit_terms(view));
        Ok((row, granted, at_stake))
    }

    /// What can be said against it before the second person looks at it.
    pub(crate) fn check(&self, tx: &Tx, ctx: &Ctx) -> Result<(), Rejection> {
        match &self.grant {
            Some(terms) => self.weigh(tx, ctx, terms).map(|_| ()),
            None => self.open(tx).map(|_| ()),
        }
    }

    /// Carries it out; `two` once two people decided it.
    pub(crate) fn run(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        two: bool,
    ) -> Result<(CreditApplicationRow, CaseRow), Rejection> {
        let by = Author::staff(self.by);
        let Some(terms) = &self.grant else {
            let row = self.open(tx)?;
            let case = cases::settle(tx, ctx, self.case, Outcome::Refused, &self.reason, by)?;
            return Ok((self.decided(tx, ctx, row, Facts::new(), "credit.application_refused"), case));
        };
        let (row, granted, at_stake) = self.weigh(tx, ctx, terms)?;
        let bound = ctx.rules.policy.now(ctx.now).value(keys::APPLICATION_TWO_PEOPLE_ABOVE);
        if at_stake > bound && !two {
            let text = format!(
                "{} yuan are at stake, above {}: propose it as `credit_application`, and have a second person approve it",
                decimal(at_stake),
                decimal(bound)
            );
            let about = Facts::new()
                .text("action", Self::ACTION)
                .int("at_stake_minor", at_stake)
                .int("bound_minor", bound);
            return Err(Rejection::new("approval_required", text).with(about));
        }
        let facts = self.apply(tx, ctx, &granted)?.int("at_stake_minor", at_stake);
        let case = cases::settle(tx, ctx, self.case, Outcome::Resolved, &self.reason, by)?;
        Ok((self.decided(tx, ctx, row, facts, "credit.application_approved"), case))
    }

    /// Changes the input of the formula: as a report where the shop was unknown, else as what staff decide.
    fn apply(&self, tx: &mut Tx, ctx: &Ctx, granted: &Granted) -> Result<Facts, Rejection> {
        let by_staff = match *granted {
            Granted::New { opened_on, level } => {
                let item =
                    ShopReport { opened_on: Some(opened_on), level: Some(level), ..ShopReport::default() };
                report(tx, ctx, self.party, &item)?;
                let facts = Facts::new().text("opened_on", opened_on.to_string());
                return Ok(facts.int("level", i64::from(level)));
            }
            Granted::Reopen => ShopChange::Lift(RestrictionKind::Closed),
            Granted::Part(component) => ShopChange::Grant(component, self.application),
            Granted::Boost(promotion) => ShopChange::Promote(promotion),
            Granted::Close => ShopChange::Close,
        };
        change(tx, ctx, self.party, &by_staff, &self.reason)?;
        Ok(by_staff.facts())
    }

    fn decided(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        mut row: CreditApplicationRow,
        granted: Facts,
        event: &str,
    ) -> CreditApplicationRow {
        row.granted = granted;
        row.decided_at = Some(ctx.now);
        row.decided_by = self.by.to_string();
        row.version += 1;
        tx.put(row.clone());
        let told = row.facts().text("reason", self.reason.trim());
        tx.notify(event, self.party, &row.id.to_string(), told);
        row
    }
}

/// Decides an application alone.
///
/// Rejections in order: `application_unknown`, `application_not_pending`, those of [`application::grant`],
/// `approval_required` (two people decide it), those of [`super::super::ChangeShop`], `case_reason_invalid`.
pub struct DecideApplication(pub ApplicationDecision);

impl Command for DecideApplication {
    type Output = (CreditApplicationRow, CaseRow);

    fn name(&self) -> &'static str {
        if self.0.grant.is_some() { "credit.approve_application" } else { "credit.refuse_application" }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.0.needs(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        self.0.run(tx, ctx, false)
    }

    fn audit(&self, (row, _): &Self::Output) -> (String, Facts) {
        (row.id.to_string(), self.0.facts())
    }
}
