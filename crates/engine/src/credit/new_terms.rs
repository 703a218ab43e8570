//! Terms of the limit that changed (C8): a version of the policy was activated, or one of its entries came into effect.
//! That is a change of what every limit follows from, so every shop is evaluated again: page by page, in the order of
//! ids, from where the last commit ended.

use purser_domain::{
    ids::{PartyId, TypedId as _, Uid},
    policy::keys,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    evaluate::{Cause, evaluate_after, want, want_last},
    facts,
    rows::{CreditShopRow, ShopFactsRow},
    terms::limit_terms,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Shops of one commit.
const ROUND: usize = 500;

static SHOPS: Statement = Statement {
    name: "credit.new_terms_shops",
    sql: "SELECT party FROM credit_shops WHERE party > ?1 ORDER BY party LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&SHOPS];

/// Names the terms of today: all that an evaluation takes from the policy.
fn name_of_terms(ctx: &Ctx) -> String {
    let view = ctx.rules.policy.now(ctx.now);
    let said = format!("{:?} {}", limit_terms(view), view.value(keys::BOOST_REMINDER));
    Uid::derive("purser limit terms v1", &[said.as_bytes()]).with_prefix("terms")
}

/// How far the job has come; what it carries from round to round.
#[derive(Debug, Clone, Default)]
struct Progressed {
    /// Terms by which every shop was evaluated.
    done: Option<String>,
    /// Terms by which shops are being evaluated, and the last one that was.
    under_way: Option<(String, PartyId)>,
}

impl Progressed {
    fn read(payload: &Facts) -> Self {
        let under_way = payload.get_text("terms").zip(payload.get_text("after"));
        Self {
            done: payload.get_text("done"),
            under_way: under_way.and_then(|(terms, after)| Some((terms, after.parse().ok()?))),
        }
    }

    fn write(&self) -> Facts {
        let mut facts = Facts::new();
        if let Some(done) = &self.done {
            facts = facts.text("done", done);
        }
        if let Some((terms, after)) = &self.under_way {
            facts = facts.text("terms", terms).text("after", after.to_string());
        }
        facts
    }

    /// Whether the page that was read is the next one by these terms.
    fn is_at(&self, terms: &str) -> bool {
        match (&self.under_way, &self.done) {
            (Some((under_way, _)), _) => under_way == terms,
            (None, done) => done.is_none(),
        }
    }
}

/// Evaluates the next shops by terms that changed; does nothing while there are none.
#[derive(Debug, Clone)]
pub(crate) struct FollowTerms {
    progressed: Progressed,
    shops: Vec<PartyId>,
}

impl FollowTerms {
    /// The next shops, behind where the last round ended; at most 500, and none while nothing is under way.
    pub(crate) fn plan(reads: &mut dyn Session, payload: &Facts) -> Result<Self, Fault> {
        let progressed = Progressed::read(payload);
        let mut shops = Vec::new();
        if progressed.done.is_none() || progressed.under_way.is_some() {
            let after = progressed.under_way.as_ref().map_or(Uid::NIL, |(_, party)| party.0);
            let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
            reads.query(&SHOPS, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
                shops.push(PartyId::from_uid(row.uid(0)));
                true
            })?;
        }
        Ok(Self { progressed, shops })
    }
}

impl Command for FollowTerms {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.follow_terms"
    }

    fn weight(&self) -> usize {
        self.shops.len().max(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for party in &self.shops {
            needs.row::<CreditShopRow>(*party);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for party in &self.shops {
            want(needs, *party, ctx);
            want_last(needs, *party);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let terms = name_of_terms(ctx);
        let mut progressed = self.progressed.clone();
        let idle = progressed.under_way.is_none() && progressed.done.as_ref() == Some(&terms);
        if idle {
            return Ok(Progress { more: false, payload: None });
        }
        if !progressed.is_at(&terms) {
            // They changed since, perhaps while others were under way: from the first shop on.
            progressed.under_way = Some((terms, PartyId(Uid::NIL)));
            return Ok(Progress { more: true, payload: Some(progressed.write()) });
        }
        for party in &self.shops {
            let row = tx.get::<CreditShopRow>(party).cloned();
            let shop = tx.get::<ShopFactsRow>(party).map(|known| facts::decode(&known.facts));
            let (Some(row), Some(shop)) = (row, shop) else { continue };
            // What a date brought stands from its first instant on, by the rules of then; these follow from now on.
            evaluate_after(tx, ctx, row, (&shop, &shop), (Cause::POLICY, ""));
        }
        let last = self.shops.last().filter(|_| self.shops.len() >= ROUND);
        match last {
            Some(last) => progressed.under_way = Some((terms, *last)),
            None => progressed = Progressed { done: Some(terms), under_way: None },
        }
        Ok(Progress { more: progressed.under_way.is_some(), payload: Some(progressed.write()) })
    }

    fn audited(&self) -> bool {
        false
    }
}
