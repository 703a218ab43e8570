//! Applying.

use purser_domain::{
    casework::Kind,
    credit::{
        self, Ground,
        application::{self, Applicant, ApplicationKind, Service, ShopClaim, Wish},
    },
    ids::{CreditApplicationId, PartyId},
    parties::PartyStatus,
};

use super::{CreditApplicantRow, CreditApplicationRow, claim_facts, rejected};
use crate::{
    cases::{self, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    credit::{
        evaluate::want,
        facts,
        rows::{CreditShopRow, ShopFactsRow},
        shops::merchant,
        terms::{limit_terms, sale_terms},
    },
    facts::Facts,
    parties::PartyRow,
    tx::{Needs, Tx},
};

/// Applies for the service, a raise, a boost, a partner's part, or the end of the service (C25). Opens a case that waits
/// for staff.
///
/// Rejections in order: `party_unknown`, `not_a_merchant`, then those of [`application::apply`].
pub struct ApplyForCredit {
    /// Who.
    pub party: PartyId,
    /// For what.
    pub kind: ApplicationKind,
    /// How much, minor units.
    pub amount_minor: Option<i64>,
    /// Name of the sale.
    pub sale: Option<String>,
    /// Name of the partner.
    pub partner: String,
    /// Figures of the shop.
    pub claim: ShopClaim,
    /// Why.
    pub reason: String,
}

impl Command for ApplyForCredit {
    type Output = (CreditApplicationRow, CaseRow);

    fn name(&self) -> &'static str {
        "credit.apply"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<CreditApplicantRow>((self.party, self.kind.name().to_owned()));
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        want(needs, self.party, ctx);
        let last = (self.party, self.kind.name().to_owned());
        if let Some(case) = needs.get::<CreditApplicantRow>(&last).map(|row| row.case_id) {
            needs.row::<CaseRow>(case);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        merchant(tx, self.party)?;
        let active =
            tx.get::<PartyRow>(&self.party).is_some_and(|party| party.party().status == PartyStatus::Active);
        let key = (self.party, self.kind.name().to_owned());
        let last = tx.get::<CreditApplicantRow>(&key).cloned();
        let is_open = |case| tx.get::<CaseRow>(&case).is_some_and(|case| !case.state().is_closed());
        let pending = last.as_ref().is_some_and(|row| is_open(row.case_id));
        let shop = tx.get::<ShopFactsRow>(&self.party).map(|row| facts::decode(&row.facts));
        let service = tx.get::<CreditShopRow>(&self.party).map_or(Service::Unknown, CreditShopRow::service);
        let view = ctx.rules.policy.now(ctx.now);
        let zeroed = shop.as_ref().is_some_and(|shop| {
            let steps = credit::evaluate(shop, ctx.today, &limit_terms(view)).steps;
            let is_zero =
                |ground: &Ground| !matches!(ground, Ground::Figures(credit::WaivedRule::ReturnRate));
            credit::grounds(&steps).iter().any(is_zero)
        });
        let sales = sale_terms(view);
        let wish = Wish {
            kind: self.kind,
            amount_minor: self.amount_minor,
            sale: self.sale.as_deref().and_then(|name| sales.next(name, ctx.today)),
            partner: self.partner.trim().to_owned(),
            claim: self.claim,
            reason: self.reason.clone(),
        };
        let promotions = shop.map(|shop| shop.promotions).unwrap_or_default();
        let who = Applicant { active, pending, service, zeroed, promotions: &promotions };
        application::apply(&who, &wish, ctx.today).map_err(rejected)?;
        Ok(self.open(tx, ctx, &wish, last.map_or(1, |row| row.version + 1)))
    }

    fn audit(&self, (row, _): &Self::Output) -> (String, Facts) {
        (row.id.to_string(), row.facts().text("party", row.party.to_string()))
    }
}

impl ApplyForCredit {
    fn open(&self, tx: &mut Tx, ctx: &Ctx, wish: &Wish, version: i64) -> (CreditApplicationRow, CaseRow) {
        let id: CreditApplicationId = tx.new_id();
        let new = NewCase {
            kind: Kind::CreditApplication,
            party: Some(self.party),
            subject: id.to_string(),
            summary: format!("{} / {}", self.kind.zh(), self.kind.en()),
            due_at: None,
        };
        let case_id = cases::open_with(tx, ctx, new, &self.reason);
        // What only applies to another kind is not kept: nobody reads it as if it had been asked for.
        let (amounts, sales) = (
            matches!(self.kind, ApplicationKind::Raise | ApplicationKind::Partner),
            self.kind == ApplicationKind::Promotion,
        );
        let sale = wish.sale.as_ref().filter(|_| sales);
        let row = CreditApplicationRow {
            id,
            party: self.party,
            kind: self.kind.name().to_owned(),
            case_id,
            amount: wish.amount_minor.filter(|_| amounts),
            sale: sale.map_or_else(String::new, |sale| sale.name.clone()),
            sale_from: sale.map(|sale| sale.from.to_string()),
            sale_until: sale.map(|sale| sale.until.to_string()),
            partner: if self.kind == ApplicationKind::Partner { wish.partner.clone() } else { String::new() },
            claim: claim_facts(&self.claim),
            reason: self.reason.clone(),
            applied_at: ctx.now,
            granted: Facts::new(),
            decided_at: None,
            decided_by: String::new(),
            policy_version: i64::from(ctx.rules.policy.now(ctx.now).version().number),
            version: 1,
        };
        tx.put(row.clone());
        tx.put(CreditApplicantRow {
            party: self.party,
            kind: row.kind.clone(),
            application: id,
            case_id,
            version,
        });
        tx.notify("credit.application_submitted", self.party, &id.to_string(), row.facts());
        let case = tx.get::<CaseRow>(&case_id).cloned();
        // It was opened a line above.
        let Some(case) = case else { unreachable!("a case that was just opened") };
        (row, case)
    }
}
