//! What `verify` proves of identity (P3): who is paid is who was verified, and nothing personal is in the clear.

use purser_domain::ids::{PartyId, TypedId as _};
use purser_storage::{Fault, Session, Statement};

use crate::verify::{Finding, Invariant};

static BOUND: Statement = Statement {
    name: "identity.bound_accounts",
    sql: "SELECT a.party, a.kind, a.holder, a.number, a.is_default, i.kind, i.state FROM payout_accounts a \
          LEFT JOIN identities i ON i.party = a.party WHERE a.unbound_at IS NULL ORDER BY a.party",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&BOUND];

/// Most findings.
const MOST: usize = 100;

/// Bound payout accounts belong to a verified identity or a granted studio, their numbers are sealed, and a party has
/// one default.
pub struct PayoutAccountsWhole;

impl Invariant for PayoutAccountsWhole {
    fn name(&self) -> &'static str {
        "payout accounts = verified holders"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut findings = Vec::new();
        let (mut party, mut accounts, mut defaults) = (PartyId::default(), 0_u32, 0_u32);
        let mut say = |party: PartyId, expected: &str, found: String, sentence: &str| {
            findings.push(Finding::of_invariant(self.name(), party.to_string(), expected, found, sentence));
            findings.len() < MOST
        };
        let one_default = |accounts: u32, defaults: u32| accounts == 0 || defaults == 1;
        let sentence = "a party with payout accounts has exactly one default";
        session.query(&BOUND, &[], &mut |row| {
            let owner = PartyId::from_uid(row.uid(0));
            let mut more = true;
            if owner != party {
                if !one_default(accounts, defaults) {
                    more = say(party, "one default", defaults.to_string(), sentence);
                }
                (party, accounts, defaults) = (owner, 0, 0);
            }
            accounts += 1;
            defaults += u32::from(row.int(4) != 0);
            let (kind, holder) = (row.text(1), row.text(2));
            if kind == "sandbox" {
                return more;
            }
            let verified = !row.is_null(6) && row.text(6) == "verified" && row.text(5) == holder;
            if holder != "studio" && !verified {
                let text = "a payout account is bound to a party whose identity is not verified";
                more = say(owner, "a verified holder", format!("holder {holder}"), text);
            }
            let sealed = row.text(3).split_once('.').is_some_and(|(v, _)| v.parse::<u32>().is_ok());
            if !sealed {
                more = say(owner, "a sealed number", "another form".to_owned(), "a number is not sealed");
            }
            more
        })?;
        if !one_default(accounts, defaults) {
            say(party, "one default", defaults.to_string(), sentence);
        }
        Ok(findings)
    }
}
