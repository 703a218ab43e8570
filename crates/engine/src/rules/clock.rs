//! The test clock (P21): a sandbox may move business time, forward only.

use purser_domain::time::{MAX_INSTANT, Timestamp};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement};

use super::epoch;
use crate::{
    clock::Clock,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    group::CLOCK_OFFSET,
    rows::{AccountInfo, Meta},
    tx::{Needs, Tx},
};

/// Name of the row that says what these books are for.
pub(crate) const MODE: &str = "mode";
/// Its value where the clock may be moved.
const SANDBOX: &str = "sandbox";

static ANY_ACCOUNT: Statement = Statement {
    name: "rules.any_account",
    sql: "SELECT id, owner, kind, qualifier, currency, opened_at FROM account_info ORDER BY id LIMIT 1",
};

static ANY_GROUP: Statement = Statement { name: "rules.any_group", sql: "SELECT seq FROM groups LIMIT 1" };

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&ANY_ACCOUNT, &ANY_GROUP];

/// Makes new books a sandbox, for good. Books that hold an account already stay what they are, so that nobody moves
/// the clock of a live platform.
///
/// Rejections: `not_empty`.
#[derive(Debug, Clone, Copy)]
pub struct EnterSandbox;

impl Command for EnterSandbox {
    type Output = ();

    fn name(&self) -> &'static str {
        "sandbox.enter"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(MODE.to_owned());
        epoch::need(needs);
        needs.list::<AccountInfo>(&ANY_ACCOUNT, &[]);
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        if is_sandbox(tx) {
            return Ok(());
        }
        if tx.rows::<AccountInfo>().next().is_some() {
            return Err(Rejection::new(
                "not_empty",
                "these books are in use: only new books can become a sandbox",
            ));
        }
        tx.put(Meta { name: MODE.to_owned(), value: SANDBOX.to_owned() });
        epoch::bump(tx);
        Ok(())
    }
}

/// Founds a sandbox whose business time begins at an instant, also one that has passed. Only before the first
/// group: time does not go back in a chain, so this is the one thing that is written outside of it. Returns false,
/// and writes nothing, when the books have begun.
///
/// # Errors
/// Storage faults.
pub fn found_sandbox(session: &mut dyn Session, clock: &Clock, begins_at: Timestamp) -> Result<bool, Fault> {
    let mut begun = false;
    session.begin()?;
    let outcome = session.query(&ANY_GROUP, &[], &mut |_| {
        begun = true;
        false
    });
    let outcome = outcome.and_then(|()| {
        if begun {
            return Ok(());
        }
        let offset = begins_at.0.saturating_sub(clock.machine().0);
        let rows = vec![
            Meta { name: CLOCK_OFFSET.to_owned(), value: offset.to_string() },
            Meta { name: MODE.to_owned(), value: SANDBOX.to_owned() },
        ];
        session.insert_many(Meta::TABLE, &rows).map(|_| ())
    });
    match outcome {
        Ok(()) => session.commit().map(|()| !begun),
        Err(fault) => {
            session.rollback();
            Err(fault)
        }
    }
}

/// Whether these books are a sandbox, for those who are no command.
pub(super) fn is_sandbox_book(session: &mut dyn Session) -> Result<bool, Fault> {
    let mut sandbox = false;
    session.load(Meta::TABLE, &Keys::<Meta>(&[MODE.to_owned()]), Lock::None, &mut |row| {
        sandbox = Meta::read(row).value == SANDBOX;
    })?;
    Ok(sandbox)
}

/// Whether these books are a sandbox; the row [`MODE`] must be declared.
pub(crate) fn is_sandbox(tx: &Tx) -> bool {
    tx.get::<Meta>(&MODE.to_owned()).is_some_and(|row| row.value == SANDBOX)
}

/// Moves business time on by so much.
///
/// Rejections in order: `not_sandbox`, `clock_not_forward` (zero or back), `clock_too_far` (beyond 2199).
#[derive(Debug, Clone, Copy)]
pub struct AdvanceClock {
    /// How far, µs.
    pub by_micros: i64,
}

/// Moves business time on to an instant.
///
/// Rejections: as [`AdvanceClock`].
#[derive(Debug, Clone, Copy)]
pub struct SetClock {
    /// The instant that it shall be.
    pub to: Timestamp,
}

/// What a move of the clock did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Business time before.
    pub before: Timestamp,
    /// Business time from the next group on.
    pub after: Timestamp,
}

impl Command for AdvanceClock {
    type Output = Moved;

    fn name(&self) -> &'static str {
        "clock.advance"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        need(needs);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Moved, Rejection> {
        shift(tx, ctx, self.by_micros)
    }

    fn audit(&self, output: &Moved) -> (String, Facts) {
        audit(output)
    }
}

impl Command for SetClock {
    type Output = Moved;

    fn name(&self) -> &'static str {
        "clock.set"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        need(needs);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Moved, Rejection> {
        shift(tx, ctx, self.to.0.saturating_sub(ctx.now.0))
    }

    fn audit(&self, output: &Moved) -> (String, Facts) {
        audit(output)
    }
}

fn need(needs: &mut Needs<'_>) {
    needs.row::<Meta>(MODE.to_owned());
    needs.row::<Meta>(CLOCK_OFFSET.to_owned());
}

fn shift(tx: &mut Tx, ctx: &Ctx, by: i64) -> Result<Moved, Rejection> {
    if !is_sandbox(tx) {
        let message = "the clock of live books cannot be moved: this works in a sandbox only";
        return Err(Rejection::new("not_sandbox", message));
    }
    if by <= 0 {
        let message = format!("business time never goes back: it is {} now", ctx.now);
        return Err(Rejection::new("clock_not_forward", message).with(Facts::new().at("now", ctx.now)));
    }
    let after = ctx.now.plus(by);
    if after > MAX_INSTANT {
        return Err(Rejection::new("clock_too_far", format!("the clock ends at {MAX_INSTANT}")));
    }
    let name = CLOCK_OFFSET.to_owned();
    let offset: i64 = tx.get::<Meta>(&name).and_then(|row| row.value.parse().ok()).unwrap_or(0);
    tx.put(Meta { name, value: offset.saturating_add(by).to_string() });
    tx.event("clock.moved", None, "", Facts::new().at("before", ctx.now).at("after", after));
    Ok(Moved { before: ctx.now, after })
}

fn audit(output: &Moved) -> (String, Facts) {
    (String::new(), Facts::new().at("before", output.before).at("after", output.after))
}
