//! Corporate settlement (X16): what a corporate payee earned becomes items as it is booked, is listed once a month,
//! chosen into statements whose money is reserved, and paid like every payout once the papers are right.

mod act;
mod follow;
mod generate;
mod invariants;
mod items;
mod list;
mod queries;
mod rows;
mod tend;

pub use act::{Act, ActOnStatement, InvoiceInput};
pub use follow::run_follow;
pub use generate::{Choice, GenerateStatement};
pub use invariants::StatementsWhole;
pub(crate) use items::booked;
pub use items::{AddLine, NewLine, add_line};
pub use list::ListMonth;
pub use queries::{
    ITEM_PAGE_MAX, ListedItem, STATEMENT_PAGE_MAX, StatementFilter, circumstances, export, item_page,
    listings, statement, statement_page, statement_payouts,
};
pub use rows::{ItemRow, ListingRow, PayoutRow, StatementRow};
pub use tend::TendStatements;

pub(crate) use crate::withdrawals::statement::FOLLOW;

use purser_domain::{
    corporate, identity,
    ids::{StatementId, Uid},
    parties::{CreatorKind, creator_kind},
    policy::{keys, value::TimeOfDay},
    time::{Date, Timestamp},
};
use purser_storage::{Statement, Table};

use crate::{
    command::{Ctx, Rejection},
    facts::Facts,
    parties::PartyRow,
};

/// Tables of this module.
pub const TABLES: &[&Table] =
    &[&rows::STATEMENTS, &rows::STATEMENT_ITEMS, &rows::SETTLEMENT_LISTINGS, &rows::STATEMENT_PAYOUTS];

/// Statements of this module.
pub fn statements() -> Vec<&'static Statement> {
    [queries::STATEMENTS, list::STATEMENTS, tend::STATEMENTS, invariants::STATEMENTS].concat()
}

/// Paid company to company, by what the party is now.
pub fn is_corporate(party: &PartyRow) -> bool {
    let profile = party.party().profile;
    creator_kind(profile.roles, profile.legal_form, profile.class, false) == CreatorKind::Corporate
}

/// There is no such statement, or not of this party.
pub fn unknown_statement(id: StatementId) -> Rejection {
    Rejection::new("statement_unknown", format!("there is no statement {id}"))
}

/// By when papers that are complete since `from` are paid; `None` while the calendar does not know (P5).
fn due_on(ctx: &Ctx, from: Timestamp) -> Option<Date> {
    let view = ctx.rules.policy.at(from, ctx.now);
    let cut_off = view.value(keys::VALUE_DATE_CUT_OFF).map(TimeOfDay::pair);
    ctx.rules.calendar.due(from, &ctx.zone, view.value(keys::CORPORATE_PAYMENT), cut_off).ok()
}

/// The end of a civil day.
fn end_of(ctx: &Ctx, day: Date) -> Timestamp {
    ctx.zone.start_of(day.tomorrow().unwrap_or(day))
}

/// What a refusal of choosing is about, by the id that was chosen.
fn rejected(rejection: corporate::Rejection, chosen: &[Uid]) -> Rejection {
    use corporate::Rejection as R;
    let plain = Rejection::new(rejection.code(), rejection.to_string());
    match rejection {
        R::OrderRepeated { index }
        | R::OrderUnknown { index }
        | R::OrderNotListed { index }
        | R::OrderTaken { index } => match chosen.get(index) {
            Some(_) => plain.at(format!("/orders/{index}")),
            None => plain,
        },
        R::OrdersEmpty | R::OrdersTooMany { .. } => plain.at("/orders"),
        R::DestinationMissing | R::DestinationKind => plain.at("/payout_account"),
        R::SellerName => plain.at("/seller_name"),
        R::SellerCode | R::InvoiceSeller => plain.at("/seller_code"),
        R::SignatoryInvalid => plain.at("/signatory"),
        R::InvoiceNumber | R::InvoiceUsed => plain.at("/number"),
        R::InvoiceKind => plain.at("/kind"),
        R::InvoiceItem => plain.at("/item"),
        R::InvoiceRate => plain.at("/tax_percent"),
        R::InvoiceAmount { minor } => {
            plain.at("/amount_minor").with(Facts::new().int("expected_minor", minor))
        }
        R::ReasonMissing => plain.at("/reason"),
        R::BalanceShort { minor } => plain.with(Facts::new().int("available_minor", minor)),
        _ => plain,
    }
}

/// A unified social credit code as it is written, with the right check character (GB 32100).
fn seller_code_valid(code: &str) -> bool {
    identity::read_uscc(code, false).is_ok_and(|read| read == code)
}
