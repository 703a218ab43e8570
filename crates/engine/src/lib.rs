//! Commands, group execution, idempotency, outbox, jobs and queries: where domain and storage meet.

pub mod access;
pub mod ads;
pub mod agencies;
pub mod approvals;
pub mod audit;
pub mod bank_files;
mod books;
mod bulk;
mod call;
pub mod cases;
pub mod chain;
pub mod clock;
mod command;
pub mod corporate;
pub mod credit;
pub mod earnings;
mod executor;
pub mod facts;
pub mod feed;
pub mod files;
mod group;
mod hints;
pub mod history;
pub mod identity;
pub mod ids;
pub mod invariants;
pub mod jobs;
mod kept;
pub mod ledger;
pub mod metadata;
mod neighbours;
pub mod observe;
pub mod paging;
pub mod parties;
pub mod payments;
pub mod personal;
pub mod ports;
pub mod programme;
pub mod reads;
pub mod reconcile;
pub mod rows;
pub mod rules;
pub mod sandbox;
mod skew;
pub mod statements;
mod store;
pub mod studio;
pub mod tax;
mod turn;
mod tx;
pub mod vault;
pub mod verify;
pub mod webhooks;
pub mod withdrawals;

pub use call::{Decided, Desk, call};
pub use command::{AnyJob, Command, Ctx, Failure, Job, Meta, Origin, Rejection, Reply};
pub use executor::{Executor, Limits, Writers, start};
pub use group::{INTERNAL_CLIENT, Writer, WriterStats};
pub use rules::Rules;
pub use tx::{Mark, Needs, Tx};

pub use purser_storage::{Fault, FaultKind, Session};

use purser_storage::{Statement, Table};

/// Every hand-written statement of the engine: a test prepares all of them on both databases.
pub fn statements() -> Vec<&'static Statement> {
    [
        &access::statements(),
        &ads::statements(),
        &agencies::statements(),
        approvals::STATEMENTS,
        &bank_files::statements(),
        books::STATEMENTS,
        &cases::statements(),
        &withdrawals::statements(),
        chain::STATEMENTS,
        &corporate::statements(),
        &credit::statements(),
        &earnings::statements(),
        audit::STATEMENTS,
        feed::STATEMENTS,
        files::STATEMENTS,
        purser_storage::files::STATEMENTS,
        invariants::STATEMENTS,
        &jobs::statements(),
        observe::STATEMENTS,
        history::STATEMENTS,
        statements::STATEMENTS,
        &identity::statements(),
        &parties::statements(),
        &programme::statements(),
        &payments::statements(),
        &reconcile::statements_list(),
        &rules::statements(),
        &sandbox::statements(),
        sandbox::messages::STATEMENTS,
        &tax::statements(),
        vault::STATEMENTS,
        &verify::statements(),
        &webhooks::statements(),
    ]
    .concat()
}

/// Every table that the engine reads and writes: a test compares all of them with the schema of both databases.
pub fn tables() -> Vec<&'static Table> {
    [
        credit::TABLES,
        rows::TABLES,
        access::TABLES,
        ads::TABLES,
        agencies::TABLES,
        withdrawals::TABLES,
        earnings::TABLES,
        parties::TABLES,
        programme::TABLES,
        payments::TABLES,
        reconcile::TABLES,
        sandbox::TABLES,
        cases::TABLES,
        corporate::TABLES,
        files::TABLES,
        studio::TABLES,
        bank_files::TABLES,
        identity::TABLES,
        sandbox::messages::TABLES,
        tax::TABLES,
        webhooks::TABLES,
    ]
    .concat()
}
