//! Operating fee and incentive of creators' months, imported in bulk.

use purser_domain::{
    ids::PartyId,
    parties::Role,
    programme::{CreatorState, Rejection as R, Terms, may_import},
    time::Month,
};

use super::{
    rejected,
    rows::{CreatorMonth, ProgrammeMonth, StatementRow},
    statement_id,
};
use crate::{
    agencies::{CreatorAgencies, agency_at},
    bulk::item_by_item,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// The terms of one creator's month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TermsItem {
    /// Whose month.
    pub creator: PartyId,
    /// Which.
    pub month: Month,
    /// Operating fee as a rate, parts per million; or as an amount; or neither.
    pub fee_ppm: Option<i64>,
    /// Operating fee as an amount, minor units.
    pub fee_minor: Option<i64>,
    /// Incentive, minor units.
    pub incentive_minor: i64,
}

/// What became of one item: the creator's month, and whether the item changed it.
pub type TermsOutcome = Result<(CreatorMonth, bool), Rejection>;

/// Imports terms, item by item: a refused item leaves the others alone, the same item again changes nothing. Drafts
/// that are there are computed anew. An incentive of a month without income makes a statement of its own, for whom the
/// month's orders would be paid to: the agency that has signed the creator, else the creator.
///
/// Rejections of an item in order: `party_unknown`, `fee_invalid`, `incentive_invalid`, `not_a_creator`,
/// `terms_published`, `amount_out_of_range`.
pub struct ImportTerms {
    /// In order.
    pub items: Vec<TermsItem>,
}

impl ImportTerms {
    fn key(item: &TermsItem) -> (PartyId, String) {
        (item.creator, item.month.to_string())
    }
}

impl Command for ImportTerms {
    type Output = Vec<TermsOutcome>;

    fn name(&self) -> &'static str {
        "programme.import_terms"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for item in &self.items {
            needs.row::<CreatorMonth>(Self::key(item));
            needs.row::<CreatorAgencies>(item.creator);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for item in &self.items {
            needs.row::<PartyRow>(item.creator);
            needs.row::<ProgrammeMonth>(item.month.to_string());
            let payees = needs.get::<CreatorMonth>(&Self::key(item)).map(CreatorMonth::payees);
            let own = payee(needs.get::<CreatorAgencies>(&item.creator), item, ctx);
            for payee in payees.unwrap_or_default().into_iter().chain([own]) {
                needs.row::<StatementRow>(statement_id(item.creator, payee, item.month));
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let moved = |item: &TermsItem| {
            tx.is_changed::<CreatorMonth>(&Self::key(item)) || tx.is_changed::<CreatorAgencies>(&item.creator)
        };
        if self.items.iter().any(moved) {
            return Err(tx.begin_next_group());
        }
        item_by_item(tx, &self.items, false, |tx, item| import(tx, ctx, item))
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        (String::new(), super::counted(output.len(), output.iter().filter(|o| o.is_err()).count()))
    }
}

/// Whom an order of the month would be paid to that is accepted at its end, or now where it has not ended.
fn payee(agencies: Option<&CreatorAgencies>, item: &TermsItem, ctx: &Ctx) -> PartyId {
    let end = ctx.zone.start_of(item.month.after().first_day()).plus(-1);
    agency_at(agencies, end.min(ctx.now)).map_or(item.creator, |(agency, _)| agency)
}

fn import(tx: &mut Tx, ctx: &Ctx, item: &TermsItem) -> TermsOutcome {
    let Some(party) = tx.get::<PartyRow>(&item.creator) else {
        return Err(unknown_party(item.creator).at("/creator_id"));
    };
    let is_creator = party.party().profile.roles.has(Role::Creator);
    Terms::of(item.fee_ppm, item.fee_minor, item.incentive_minor).map_err(rejected)?;
    let key = ImportTerms::key(item);
    let known = tx.get::<CreatorMonth>(&key).cloned();
    let before = known.unwrap_or_else(|| CreatorMonth::new(key.0, key.1));
    let mut row = before.clone();
    (row.fee_ppm, row.fee_minor, row.incentive) = (item.fee_ppm, item.fee_minor, item.incentive_minor);
    if row == before && before.version > 0 {
        return Ok((before, false));
    }
    row.version += 1;
    if row.incentive > 0 && row.payees().is_empty() {
        // The close finds months by who is paid: without anybody the incentive would be nobody's.
        if !is_creator {
            return Err(rejected(R::NotACreator));
        }
        let payee = payee(tx.get::<CreatorAgencies>(&item.creator), item, ctx);
        row.add_payee(payee);
        // After the close it is drawn up with this import.
        if tx.get::<ProgrammeMonth>(&row.month).is_some_and(|month| month.state != "drafting") {
            CreatorState::Drafted.name().clone_into(&mut row.state);
        }
        let fresh = StatementRow::new(item.creator, payee, item.month, ctx.rules.currency);
        tx.put(StatementRow { version: 1, ..fresh });
    }
    let statements = statements_of(tx, &row, item.month);
    let states: Vec<_> = statements.iter().map(StatementRow::state).collect();
    may_import(&states).map_err(rejected)?;
    if !row.is_open() {
        draft(tx, &row, statements)?;
    }
    tx.put(row.clone());
    Ok((row, true))
}

/// The statements of a creator's month, in the order of its payees.
pub(super) fn statements_of(tx: &Tx, row: &CreatorMonth, month: Month) -> Vec<StatementRow> {
    let ids = row.payees().into_iter().map(|payee| statement_id(row.creator, payee, month));
    ids.filter_map(|id| tx.get::<StatementRow>(&id).cloned()).collect()
}

/// Computes the statements of a creator's month and keeps them.
pub(super) fn draft(tx: &mut Tx, row: &CreatorMonth, statements: Vec<StatementRow>) -> Result<(), Rejection> {
    let incomes: Vec<i64> = statements.iter().map(|statement| statement.income).collect();
    if incomes.is_empty() {
        return Ok(());
    }
    let drafts = purser_domain::programme::draft(&row.terms(), &incomes).map_err(rejected)?;
    for (mut statement, draft) in statements.into_iter().zip(drafts) {
        statement.set_draft(draft);
        tx.put(statement);
    }
    Ok(())
}
