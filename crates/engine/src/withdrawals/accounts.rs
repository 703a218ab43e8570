//! Binding payout accounts (P9, X8). Numbers are sealed; the holder must be who is verified.

use std::sync::Arc;

use purser_domain::{
    identity::{
        self, AccountKind, AccountRejection, Bound, ClaimKind, Confirm, NewAccount, Purpose, ReadAccount,
        Warning, holder_of, read_account,
    },
    ids::{PartyId, PayoutAccountId},
};
use purser_storage::Value;

use super::{
    queries::ACCOUNTS_OF_PARTY,
    rows::{PayoutAccountRow, UsageRow},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    identity::{Given, IdentityRow, codes, codes::open_party, rows::place},
    parties::PartyRow,
    ports::Payee,
    studio::StudioRow,
    tx::{Needs, Tx},
    vault::{Vault, VaultError, key_missing},
};

/// The kind of payout account that the sandbox rail pays to.
pub const SANDBOX_KIND: &str = "sandbox";

/// Payout accounts of one party that are bound, or that staff locked and that were taken away since.
const MAX_ACCOUNTS: i64 = 50;

const COUNTER: &str = "accounts";

pub(super) fn want(needs: &mut Needs<'_>, party: PartyId) {
    needs.row::<PartyRow>(party);
    needs.row::<UsageRow>((party, COUNTER.to_owned()));
    needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&party.0.0)]);
}

fn rejected(rejection: AccountRejection) -> Rejection {
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection.field() {
        Some(field) => plain.at(field),
        None => plain,
    }
}

/// What a rail needs to know of an account that is not the sandbox's.
pub(crate) fn payee(vault: &Vault, account: &PayoutAccountRow) -> Result<Payee, VaultError> {
    let plain = vault.open(&place("payout_accounts", account.id, "number"), &account.number)?;
    let mut parts = plain.split('\n').map(str::to_owned);
    let mut next = || parts.next().unwrap_or_default();
    Ok(Payee { kind: account.kind.clone(), number: next(), holder: next(), bank: next(), cnaps: next() })
}

/// Binds a payout account. A change of where money goes is confirmed by a code, and followed by a cooling-off at the
/// gate (P9).
///
/// Rejections in order: `party_unknown`, `party_closed`, `payout_account_kind`, `secrets_key_missing`; those of
/// [`read_account`] and [`holder_of`]; `payout_account_exists`, `payout_accounts_too_many`; those of the code.
pub struct BindPayoutAccount {
    /// Whose.
    pub party: PartyId,
    /// Key of what is stored; the sandbox's kind needs none.
    pub vault: Option<Arc<Vault>>,
    /// Kind.
    pub kind: String,
    /// Number or login id; for the sandbox the outcome it stands for.
    pub number: String,
    /// Name of the holder.
    pub holder: Option<String>,
    /// Name of the bank.
    pub bank: Option<String>,
    /// Clearing code of the branch.
    pub cnaps: Option<String>,
    /// The number was looked at once more.
    pub confirm_number: bool,
    /// The code that the bound phone got; not for the sandbox's kind.
    pub code: Given,
}

/// An account that was bound, and what to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundAccount {
    /// The account.
    pub row: PayoutAccountRow,
    /// What does not stand in the way.
    pub warnings: Vec<Warning>,
}

impl BindPayoutAccount {
    /// An account of the sandbox.
    pub fn sandbox(party: PartyId, number: &str) -> Self {
        Self {
            party,
            vault: None,
            kind: SANDBOX_KIND.to_owned(),
            number: number.to_owned(),
            holder: None,
            bank: None,
            cnaps: None,
            confirm_number: false,
            code: Given::Nothing,
        }
    }

    fn kind(&self, ctx: &Ctx) -> Result<AccountKind, Rejection> {
        // Money of the sandbox is nothing: live books must not take it for a payout (as for a payment, P11).
        let known = AccountKind::named(&self.kind);
        known.filter(|kind| *kind != AccountKind::Sandbox || ctx.rules.sandbox).ok_or_else(|| {
            let text =
                "a payout account is `alipay`, `personal_card` or `corporate`, in a sandbox also `sandbox`";
            Rejection::new("payout_account_kind", text).at("/kind")
        })
    }

    /// Whose it is, by who is verified and which studio was granted.
    fn holder(
        &self,
        tx: &Tx,
        vault: &Vault,
        kind: AccountKind,
        holder: &str,
    ) -> Result<&'static str, Rejection> {
        let broken = |error: VaultError| Rejection::new("sealed_value_broken", error.to_string());
        let verified = tx.get::<IdentityRow>(&self.party).filter(|row| row.is_verified());
        let name = verified.map(|row| row.open_name(vault)).transpose().map_err(broken)?;
        let of =
            |kind: ClaimKind| name.as_deref().filter(|_| verified.is_some_and(|row| row.kind == kind.name()));
        let studio = tx.get::<StudioRow>(&self.party).filter(|row| row.granted_at.is_some());
        let bound = Bound {
            person: of(ClaimKind::Person),
            enterprise: of(ClaimKind::Enterprise),
            studio: studio.map(|row| row.name.as_str()),
        };
        holder_of(kind, holder, &bound).map(identity::Holder::name).map_err(rejected)
    }

    /// The row's number, index and holder: in the clear for the sandbox, else sealed, and only with the right code.
    fn sealed(
        &self,
        tx: &mut Tx,
        kind: AccountKind,
        read: &ReadAccount,
        id: PayoutAccountId,
    ) -> Result<(String, String, &'static str), Rejection> {
        if kind == AccountKind::Sandbox {
            return Ok((read.number.clone(), String::new(), ""));
        }
        let vault = self.vault.as_deref().ok_or_else(key_missing)?;
        let holder = self.holder(tx, vault, kind, &read.holder)?;
        let index = crate::identity::account_index(vault, kind.name(), &read.number);
        let plain = [read.number.as_str(), &read.holder, &read.bank, &read.cnaps].join("\n");
        let secret = tx.new_secret();
        Ok((vault.seal(&place("payout_accounts", id, "number"), &plain, secret), index, holder))
    }
}

impl Command for BindPayoutAccount {
    type Output = BoundAccount;

    fn name(&self) -> &'static str {
        "payout_account.bind"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want(needs, self.party);
        needs.row::<IdentityRow>(self.party);
        needs.row::<StudioRow>(self.party);
        codes::need(needs, self.party, Purpose::PayoutAccount);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<BoundAccount, Rejection> {
        open_party(tx, self.party)?;
        let kind = self.kind(ctx)?;
        if kind != AccountKind::Sandbox && self.vault.is_none() {
            return Err(key_missing());
        }
        let new = NewAccount {
            kind,
            number: &self.number,
            holder: self.holder.as_deref(),
            bank: self.bank.as_deref(),
            cnaps: self.cnaps.as_deref(),
            confirm: Confirm { number: self.confirm_number },
        };
        let read = read_account(&new).map_err(rejected)?;
        let id: PayoutAccountId = tx.new_id();
        let (number, number_index, holder) = self.sealed(tx, kind, &read, id)?;
        let own = |row: &&PayoutAccountRow| row.party == self.party && row.unbound_at.is_none();
        let bound: Vec<PayoutAccountRow> = tx.rows::<PayoutAccountRow>().filter(own).cloned().collect();
        let same = |row: &PayoutAccountRow| match kind {
            AccountKind::Sandbox => row.number == number,
            _ => row.number_index == number_index,
        };
        if bound.iter().any(|row| row.kind == self.kind && same(row)) {
            let text = "this payout account is bound already";
            return Err(Rejection::new("payout_account_exists", text).at("/number"));
        }
        let counter = tx.get::<UsageRow>(&(self.party, COUNTER.to_owned())).cloned();
        let mut counter = counter.unwrap_or_else(|| UsageRow::zero(self.party, COUNTER));
        let kept = tx.rows::<PayoutAccountRow>().filter(|row| row.party == self.party).count();
        if i64::try_from(kept).is_ok_and(|kept| kept >= MAX_ACCOUNTS) {
            let text = format!("a party has at most {MAX_ACCOUNTS} payout accounts: take one away first");
            return Err(Rejection::new("payout_accounts_too_many", text));
        }
        if kind != AccountKind::Sandbox {
            codes::require(tx, ctx, self.party, Purpose::PayoutAccount, &self.code, &number_index, "/code")?;
            codes::use_up(tx, self.party, Purpose::PayoutAccount);
        }
        // Staff lock a number: taking the account away and binding it again does not lift that.
        let before =
            tx.rows::<PayoutAccountRow>().filter(|row| row.party == self.party && row.kind == self.kind);
        // The lock moves to the new row: lifted there, it is lifted.
        let held: Vec<_> = before.filter(|row| same(row) && row.locked).cloned().collect();
        let locked = !held.is_empty();
        for row in held {
            tx.put(PayoutAccountRow { locked: false, ..row });
        }
        let first = counter.standing == 0;
        counter.standing += 1;
        tx.put(counter);
        let row = PayoutAccountRow {
            id,
            party: self.party,
            kind: self.kind.clone(),
            number,
            masked: read.masked,
            first,
            is_default: bound.is_empty(),
            locked,
            bound_at: ctx.now,
            unbound_at: None,
            version: 1,
            number_index,
            holder: holder.to_owned(),
            bank: read.bank,
        };
        tx.put(row.clone());
        tx.notify("payout_account.bound", self.party, &row.id.to_string(), facts(&row));
        Ok(BoundAccount { row, warnings: read.warnings })
    }

    fn audit(&self, output: &BoundAccount) -> (String, Facts) {
        let mut facts = facts(&output.row);
        if self.code == Given::Waived {
            facts = facts.flag("without_code", true);
        }
        (output.row.id.to_string(), facts)
    }
}

pub(super) fn facts(row: &PayoutAccountRow) -> Facts {
    Facts::new().text("kind", &row.kind).text("masked", &row.masked).flag("default", row.is_default)
}
