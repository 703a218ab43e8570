//! The merchant's pay-later limit (C1–C12, C21): shops and their evaluations, orders and their advances, and the
//! signs of cash-out.

mod appeals;
mod applications;
mod booking;
mod changes;
mod closing;
pub(crate) mod draws;
mod due;
mod evaluate;
mod expiry;
pub mod facts;
mod follow;
mod invariants;
pub(crate) mod linked;
mod losses;
mod new_terms;
mod orders;
mod proof;
mod proposals;
mod queries;
mod records;
mod remind;
mod report;
pub mod risk;
mod rows;
mod shops;
mod terms;

pub use appeals::{APPEALS_MAX, CreditAppealRow, DecideAppeal, FileAppeal, appeals};
pub use applications::{
    Application, ApplicationDecision, ApplicationFilter, ApplyForCredit, CreditApplicantRow,
    CreditApplicationRow, DecideApplication, application, applications, state as application_state,
};
pub use changes::{ChangeShop, ShopChange, tried_change};
pub(crate) use closing::CloseShops;
pub use due::{EVALUATE_MAX, EvaluateDueShops};
pub use evaluate::{Cause, reason_words};
pub(crate) use expiry::ExpireOrders;
pub use follow::Closed;
pub(crate) use follow::{phone_bound, status_changed, want_phone, want_status};
pub(crate) use invariants::{LimitUse, ReviewsWhole};
pub use linked::{AuthoriseShop, EndAuthorisation, LinkedShopRow, RiskFlagRow, linked_shops, risk_flags};
pub use losses::{EndAdvance, Loss};
pub(crate) use new_terms::FollowTerms;
pub use orders::{OrderEvent, OrderOutcome, OrderReport, ReportCreditOrders, credit_order_id, is_order_id};
pub(crate) use proof::{ApplicationsWhole, LimitsExplained};
pub use proposals::{APPROVED_ACTIONS, CreditProposal};
pub use queries::{
    AsOf, ChangeFilter, EVALUATION_PAGE_MAX, EVENT_PAGE_MAX, EventPlace, LimitChange, LimitView, OrderFilter,
    OrderPlace, PastLimit, evaluation_at, evaluations, limit, limit_at, limit_log, order, order_events,
    orders, overdue, shop_facts,
};
pub use records::{
    BillFilter, BillLine, BillPlace, LINE_PAGE_MAX, LineFilter, ProceedsLine, bill_lines, proceeds_lines,
};
pub use remind::CreditReminderRow;
pub(crate) use remind::{RemindOfBoosts, TellShops};
pub use report::{CreditReport, Effect, OrderTotals, Reason, ShopSummary, credit_report, effect};
pub use rows::{CreditOrderRow, CreditShopRow, EvaluationRow, OrderEventRow, ShopFactsRow};
pub use shops::{AMOUNT_MAX, ReportShops, ShopOutcome, ShopReport, tried};
pub use terms::{limit_terms, order_terms, sale_terms};

use purser_storage::{Statement, Table};

/// Tables of this module.
pub const TABLES: &[&Table] = &[
    &rows::CREDIT_SHOPS,
    &rows::CREDIT_SHOP_FACTS,
    &rows::CREDIT_EVALUATIONS,
    &rows::CREDIT_ORDERS,
    &rows::CREDIT_ORDER_EVENTS,
    &linked::LINKED_SHOPS,
    &linked::RISK_FLAGS,
    &applications::CREDIT_APPLICATIONS,
    &applications::CREDIT_APPLICANTS,
    &remind::CREDIT_REMINDERS,
    &appeals::CREDIT_APPEALS,
    &risk::CREDIT_RISKS,
    &risk::RISK_REVIEWS,
];

/// Statements of this module.
pub(crate) fn statements() -> Vec<&'static Statement> {
    [
        appeals::STATEMENTS,
        applications::STATEMENTS,
        closing::STATEMENTS,
        due::STATEMENTS,
        expiry::STATEMENTS,
        invariants::STATEMENTS,
        linked::STATEMENTS,
        new_terms::STATEMENTS,
        proof::STATEMENTS,
        queries::STATEMENTS,
        records::STATEMENTS,
        remind::STATEMENTS,
        report::STATEMENTS,
        risk::STATEMENTS,
    ]
    .concat()
}
