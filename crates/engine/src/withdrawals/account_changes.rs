//! Changing payout accounts that are bound (P9): the default one, taking away, and the lock of staff (G7).

use purser_domain::{
    identity::Purpose,
    ids::{PartyId, PayoutAccountId},
};

use super::{
    accounts::{SANDBOX_KIND, facts, want},
    rows::PayoutAccountRow,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::{Given, codes, codes::open_party},
    tx::{Needs, Tx},
};

/// Longest reason of a lock, in characters.
const REASON_MAX: usize = 500;

/// What the party may change about a payout account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutAccountChange {
    /// Use it when none is named.
    MakeDefault,
    /// Take it away; requests under way keep their destination and are checked again at dispatch.
    Unbind,
}

impl PayoutAccountChange {
    /// Stable name, as the API writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MakeDefault => "default",
            Self::Unbind => "unbind",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::MakeDefault, Self::Unbind].into_iter().find(|change| change.name() == name)
    }

    /// What a code confirms: this change of this account.
    pub(crate) fn subject(self, id: PayoutAccountId) -> String {
        format!("{} {id}", self.name())
    }

    /// For the message with the code: Chinese and English.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::MakeDefault => "设为默认 / make the default",
            Self::Unbind => "解绑 / unbind",
        }
    }
}

fn unknown() -> Rejection {
    Rejection::new("payout_account_unknown", "the party has no such payout account")
}

/// The party's bound account of an id; [`want`] must have been called.
pub(crate) fn bound(tx: &Tx, party: PartyId, id: PayoutAccountId) -> Result<PayoutAccountRow, Rejection> {
    let own = |row: &&PayoutAccountRow| row.party == party && row.unbound_at.is_none() && row.id == id;
    tx.rows::<PayoutAccountRow>().find(own).cloned().ok_or_else(unknown)
}

/// Changes a payout account. Where money goes by itself is confirmed by a code, like binding (P9); the sandbox's kind
/// takes none.
///
/// Rejections in order: `party_unknown`, `party_closed`, `payout_account_unknown`; those of the code.
pub struct ChangePayoutAccount {
    /// Whose.
    pub party: PartyId,
    /// Which.
    pub id: PayoutAccountId,
    /// How.
    pub change: PayoutAccountChange,
    /// The code that the bound phone got for this change.
    pub code: Given,
}

impl Command for ChangePayoutAccount {
    type Output = PayoutAccountRow;

    fn name(&self) -> &'static str {
        match self.change {
            PayoutAccountChange::MakeDefault => "payout_account.make_default",
            PayoutAccountChange::Unbind => "payout_account.unbind",
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
        codes::need(needs, self.party, Purpose::PayoutAccount);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<PayoutAccountRow, Rejection> {
        open_party(tx, self.party)?;
        let mut row = bound(tx, self.party, self.id)?;
        if row.kind != SANDBOX_KIND {
            let subject = self.change.subject(self.id);
            codes::require(tx, ctx, self.party, Purpose::PayoutAccount, &self.code, &subject, "/code")?;
            codes::use_up(tx, self.party, Purpose::PayoutAccount);
        }
        let own = |row: &&PayoutAccountRow| row.party == self.party && row.unbound_at.is_none();
        let bound: Vec<PayoutAccountRow> = tx.rows::<PayoutAccountRow>().filter(own).cloned().collect();
        let heir = match self.change {
            PayoutAccountChange::MakeDefault => self.id,
            PayoutAccountChange::Unbind => {
                row.unbound_at = Some(ctx.now);
                row.version += 1;
                let others = bound.iter().filter(|other| other.id != self.id);
                let default = others.clone().find(|other| other.is_default).or_else(|| others.clone().next());
                row.is_default = false;
                tx.put(row.clone());
                default.map_or(self.id, |d| d.id)
            }
        };
        for mut other in bound {
            let should = other.id == heir;
            if other.is_default != should && !(other.id == self.id && row.unbound_at.is_some()) {
                other.is_default = should;
                other.version += 1;
                if other.id == row.id {
                    row = other.clone();
                }
                tx.put(other);
            }
        }
        let kind = if row.unbound_at.is_some() { "payout_account.unbound" } else { "payout_account.changed" };
        tx.notify(kind, self.party, &row.id.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &PayoutAccountRow) -> (String, Facts) {
        let facts = facts(output);
        let facts = if self.code == Given::Waived { facts.flag("without_code", true) } else { facts };
        (output.id.to_string(), facts)
    }
}

/// Staff lock a payout account, or open it again (G7): a withdrawal to it is refused, one under way waits. Saying it
/// again changes nothing.
///
/// Rejections in order: `party_unknown`, `party_closed`, `payout_account_unknown`, `reason_invalid`.
pub struct LockPayoutAccount {
    /// Whose.
    pub party: PartyId,
    /// Which.
    pub id: PayoutAccountId,
    /// Locked from now on, or open.
    pub locked: bool,
    /// Why, for the audit log.
    pub reason: String,
}

impl Command for LockPayoutAccount {
    type Output = PayoutAccountRow;

    fn name(&self) -> &'static str {
        "payout_account.lock"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<PayoutAccountRow, Rejection> {
        open_party(tx, self.party)?;
        let row = bound(tx, self.party, self.id)?;
        let length = self.reason.trim().chars().count();
        if length == 0 || length > REASON_MAX || self.reason.chars().any(char::is_control) {
            let text = "say why, in 1 to 500 printable characters";
            return Err(Rejection::new("reason_invalid", text).at("/reason"));
        }
        if row.locked == self.locked {
            return Ok(row);
        }
        let row = PayoutAccountRow { locked: self.locked, version: row.version + 1, ..row };
        tx.put(row.clone());
        let kind = if self.locked { "payout_account.locked" } else { "payout_account.unlocked" };
        tx.notify(kind, self.party, &row.id.to_string(), facts(&row));
        Ok(row)
    }

    fn audit(&self, output: &PayoutAccountRow) -> (String, Facts) {
        let facts = facts(output).flag("locked", output.locked).text("reason", self.reason.trim());
        (output.id.to_string(), facts)
    }
}
