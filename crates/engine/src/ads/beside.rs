//! Nothing is owed beside a balance (A3). Every command that brings money sees to it; books that are older than that may hold
//! a balance that was posted by hand beside arrears, which it pays when a server starts.

use purser_domain::{
    ids::{PartyId, TypedId as _},
    ledger::AccountKind,
};
use purser_storage::{Fault, Session, Statement, Value};

use super::stop::{money_came, want};
use crate::{
    command::{Command, Ctx, Rejection},
    jobs::Progress,
    tx::{Needs, Tx},
};

/// Advertisers of one commit.
const ROUND: usize = 200;

static BESIDE: Statement = Statement {
    name: "ads.owed_beside_balance",
    sql: "SELECT o.party FROM ad_accounts o JOIN account_info i ON i.owner = o.party AND i.kind = ?1 \
          JOIN accounts c ON c.id = i.id WHERE o.arrears_since IS NOT NULL AND c.posted > c.held_out \
          ORDER BY o.party LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&BESIDE];

/// Pays arrears out of the balance beside them.
#[derive(Debug, Clone)]
pub struct PayArrears {
    parties: Vec<PartyId>,
}

impl PayArrears {
    /// Those who owe something and have cash, at most 200.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session) -> Result<Self, Fault> {
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        let mut parties = Vec::new();
        reads.query(&BESIDE, &[Value::Int(AccountKind::AdCash.code()), Value::Int(limit)], &mut |row| {
            parties.push(PartyId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { parties })
    }
}

impl Command for PayArrears {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "ads.pay_arrears"
    }

    fn weight(&self) -> usize {
        self.parties.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.parties.iter().for_each(|party| want(needs, *party, ctx));
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        self.parties.iter().try_for_each(|party| money_came(tx, ctx, *party))?;
        Ok(Progress { more: self.parties.len() >= ROUND, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}
