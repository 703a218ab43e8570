//! Making a statement: the chosen items go into it, their sum is reserved (X16, M).

use purser_domain::{
    corporate::{self, ITEMS_MAX, Payee, Picked, Seller, State},
    ids::{CaseId, PartyId, PayoutAccountId, StatementId, Uid, WithdrawalId},
    ledger::{AccountKind, AccountRef},
    parties::PartyStatus,
    policy::keys,
    time::DAY,
    withdrawals::{DestinationKind, StatementPayout},
};
use purser_storage::Value;

use super::{ItemRow, StatementRow, is_corporate, queries::OPEN_ITEMS, rejected};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
    withdrawals::{ACCOUNTS_OF_PARTY, PayoutAccountRow, statement as money},
};

/// Which items go into a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// These, by id.
    Items(Vec<Uid>),
    /// Everything that is listed and in no statement, up to a civil month when one is named; the oldest 10,000.
    Everything(Option<String>),
}

/// Makes a statement.
///
/// Rejections in order: `party_unknown`, then those of [`corporate::generate`].
pub struct GenerateStatement {
    /// Who is paid.
    pub party: PartyId,
    /// What for.
    pub choice: Choice,
    /// Where to; `None` takes the default payout account.
    pub destination: Option<PayoutAccountId>,
    /// Who issues the invoice.
    pub seller_name: String,
    /// Its unified social credit code.
    pub seller_code: String,
}

/// The payout account that is named, else the default one.
pub(super) fn account(tx: &Tx, party: PartyId, named: Option<PayoutAccountId>) -> Option<&PayoutAccountRow> {
    let mut own = tx.rows::<PayoutAccountRow>().filter(|a| a.party == party && a.unbound_at.is_none());
    match named {
        Some(id) => own.find(|a| a.id == id),
        None => own.find(|a| a.is_default),
    }
}

/// A statement is paid to a company's account; the sandbox stands for one.
pub(super) fn takes_statements(account: &PayoutAccountRow) -> bool {
    let kind = account.destination().map(|destination| destination.kind);
    matches!(kind, Some(DestinationKind::CorporateAccount | DestinationKind::Sandbox))
}

impl GenerateStatement {
    fn chosen(&self, tx: &Tx) -> Vec<Uid> {
        match &self.choice {
            Choice::Items(items) => items.clone(),
            Choice::Everything(until) => {
                let open = |row: &&ItemRow| {
                    let item = row.item();
                    item.payee == self.party
                        && item.listed
                        && item.statement.is_none()
                        && until.as_ref().is_none_or(|until| row.month <= *until)
                };
                let mut rows: Vec<_> =
                    tx.rows::<ItemRow>().filter(open).map(|row| (row.booked_at, row.item)).collect();
                rows.sort_unstable();
                rows.truncate(ITEMS_MAX);
                rows.into_iter().map(|(_, item)| item).collect()
            }
        }
    }

    fn payee(&self, tx: &Tx, ctx: &Ctx, party: &PartyRow) -> Payee {
        let own = |kind| AccountRef::party(self.party, kind, ctx.rules.currency);
        let status = party.party().status;
        Payee {
            id: self.party,
            closed: status == PartyStatus::Closed,
            frozen: matches!(status, PartyStatus::Frozen { .. }),
            corporate: is_corporate(party),
            owed_minor: tx.account(own(AccountKind::Owed).id()).map_or(0, |account| account.posted),
            destination: account(tx, self.party, self.destination).map(takes_statements),
            available_minor: tx.available(&own(AccountKind::Earnings)),
        }
    }

    fn row(&self, ctx: &Ctx, id: StatementId, payout: &StatementPayout, account: &str) -> StatementRow {
        let view = ctx.rules.policy.now(ctx.now);
        let dispute = i64::from(view.value(keys::CORPORATE_DISPUTE)).saturating_mul(DAY);
        StatementRow {
            id,
            party: self.party,
            state: State::Generated.name().to_owned(),
            currency: ctx.rules.currency,
            period_from: String::new(),
            period_to: String::new(),
            items: 0,
            gross: 0,
            service_fee: 0,
            compensation: 0,
            adjustment: 0,
            payable: payout.amount_minor,
            paid: 0,
            destination: payout.destination,
            account: account.to_owned(),
            seller_name: self.seller_name.clone(),
            seller_code: self.seller_code.clone(),
            signed_by: String::new(),
            signed_at: None,
            invoice: Facts::new(),
            submitted_at: None,
            submissions: 0,
            due_on: String::new(),
            calendar_missing: false,
            overdue_at: None,
            reason: String::new(),
            papers_case: CaseId(Uid::NIL),
            dispute_case: CaseId(Uid::NIL),
            dispute_until: ctx.now.plus(dispute),
            payout: payout.id,
            payouts: 0,
            generated_at: ctx.now,
            finished_at: None,
            policy_version: i64::from(view.version().number),
            version: 1,
        }
    }
}

impl Command for GenerateStatement {
    type Output = StatementRow;

    fn name(&self) -> &'static str {
        "settlement.generate"
    }

    fn weight(&self) -> usize {
        match &self.choice {
            Choice::Items(items) => items.len().max(1),
            Choice::Everything(_) => ITEMS_MAX,
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        let party = Value::Bytes(&self.party.0.0);
        needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[party]);
        let none = Value::Bytes(&Uid::NIL.0);
        match &self.choice {
            // More than a statement takes are refused without being read.
            Choice::Items(items) => {
                items.iter().take(ITEMS_MAX).for_each(|item| needs.row::<ItemRow>(*item));
            }
            Choice::Everything(until) => {
                let until = until.as_deref().unwrap_or("9999-12");
                let limit = Value::Int(i64::try_from(ITEMS_MAX).unwrap_or(i64::MAX));
                needs.list::<ItemRow>(&OPEN_ITEMS, &[party, Value::Text(until), limit, none]);
            }
        }
        money::want(needs, self.party, None, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<StatementRow, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        let chosen = self.chosen(tx);
        // Those beyond the limit were not read, and are refused before anybody looks at them.
        let item = |id: &Uid| tx.is_loaded::<ItemRow>(id).then(|| tx.get::<ItemRow>(id)).flatten();
        let picked: Vec<Picked> =
            chosen.iter().map(|id| Picked { id: *id, item: item(id).map(ItemRow::item) }).collect();
        let payee = self.payee(tx, ctx, &party);
        let seller =
            Seller { name: &self.seller_name, code_valid: super::seller_code_valid(&self.seller_code) };
        let least = ctx.rules.policy.now(ctx.now).value(keys::WITHDRAWAL_MINIMUM);
        let total = corporate::generate(&payee, seller, &picked, least)
            .map_err(|rejection| rejected(rejection, &chosen))?;
        let id: StatementId = tx.new_id();
        let payout: WithdrawalId = tx.new_id();
        let to = account(tx, self.party, self.destination);
        let (destination, masked) = to.map_or_else(Default::default, |to| (to.id, to.masked.clone()));
        let payout = StatementPayout {
            id: payout,
            party: self.party,
            amount_minor: total.net_minor().unwrap_or(0),
            currency: ctx.rules.currency,
            destination,
            promised_at: None,
        };
        money::reserve(tx, ctx, &payout)?;
        let mut row = self.row(ctx, id, &payout, &masked);
        row.items = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
        row.gross = total.gross_minor;
        row.service_fee = total.service_fee_minor;
        row.compensation = total.compensation_minor;
        row.adjustment = total.adjustment_minor;
        for item in &chosen {
            let Some(mut item) = tx.get::<ItemRow>(item).cloned() else { continue };
            if row.period_from.is_empty() || item.month < row.period_from {
                row.period_from.clone_from(&item.month);
            }
            row.period_to = row.period_to.max(item.month.clone());
            item.statement = id;
            tx.put(item);
        }
        tx.put(row.clone());
        tx.notify(State::Generated.event(), self.party, &id.to_string(), row.facts());
        Ok(row)
    }

    fn audit(&self, output: &StatementRow) -> (String, Facts) {
        (output.id.to_string(), output.facts().text("party", self.party.to_string()))
    }
}
