//! Who works at the demo's back office: two people, so that what takes two can be seen.

use anyhow::{Result, bail};
use purser_domain::{money::Currency, policy::keys};
use purser_engine::{
    Command, Executor, Meta, Rejection,
    access::{CreateStaff, Role, hash_password, staff_id},
    approvals::{Action, Propose},
    call,
    ids::IdSource,
    ledger::AdjustFloat,
};

/// Whom the visitor may be.
pub(crate) const VISITOR: &str = "lin";
/// Who has proposed something that waits for them.
const COLLEAGUE: &str = "chen";

/// Nobody signs in with a password here that nobody knows: the demo's first page opens the visitor's session.
fn make(executor: &Executor, login: &str, role: Role) -> Result<bool> {
    let mut ids = IdSource::system();
    let word: String = ids.secret().iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    let password = hash_password(&word, &ids.secret())?;
    let command =
        CreateStaff { login: login.to_owned(), role, password, by: "demo".to_owned(), by_person: false };
    Ok(run(executor, command)?.is_ok())
}

fn run<C: Command>(executor: &Executor, command: C) -> Result<Result<C::Output, Rejection>>
where
    C::Output: Clone + Send + 'static,
{
    Ok(call(&mut executor.clone(), command, Meta::system())?)
}

/// Makes their accounts, and what waits for the visitor, when the demo is served for the first time.
pub(crate) fn people(executor: &Executor) -> Result<()> {
    make(executor, VISITOR, Role::Admin)?;
    if make(executor, COLLEAGUE, Role::Finance)? {
        let Some(rail) = keys::RAILS.first() else { bail!("there is no rail") };
        let action = Action::AdjustFloat(AdjustFloat {
            rail: (*rail).to_owned(),
            amount_minor: 120_000,
            currency: Currency::CNY,
            reason: "对账差异：渠道账单多出一笔 / the rail's bill shows one payment more".to_owned(),
        });
        if let Err(rejection) =
            run(executor, Propose { action, by: format!("staff:{}", staff_id(COLLEAGUE)) })?
        {
            bail!(rejection.message);
        }
    }
    Ok(())
}
