//! Whether books hold the demo: written down when its year is complete.

use anyhow::Result;
use purser_engine::{Command, Ctx, Needs, Rejection, Tx, rows::Meta};
use purser_storage::{Keys, Lock, Record as _, Session, Statement};

use crate::store::Place;

/// Name of the row that says that the year is complete.
const DEMO: &str = "demo";

static ANY_GROUP: Statement = Statement { name: "demo.any_group", sql: "SELECT seq FROM groups LIMIT 1" };

/// What a place holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing yet.
    Empty,
    /// The whole demo.
    Complete,
    /// Something else, or part of a demo.
    Foreign,
}

/// Looks at a place; brings its schema up to date.
pub(crate) fn state(place: &Place) -> Result<State> {
    let mut session = place.open_writer()?;
    let mut complete = false;
    session.load(Meta::TABLE, &Keys::<Meta>(&[DEMO.to_owned()]), Lock::None, &mut |_| complete = true)?;
    if complete {
        return Ok(State::Complete);
    }
    Ok(if begun(session.as_mut())? { State::Foreign } else { State::Empty })
}

fn begun(session: &mut dyn Session) -> Result<bool> {
    let mut any = false;
    session.query(&ANY_GROUP, &[], &mut |_| {
        any = true;
        false
    })?;
    Ok(any)
}

/// Writes down that the year is complete.
pub(super) struct Complete;

impl Command for Complete {
    type Output = ();

    fn name(&self) -> &'static str {
        "demo.complete"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<Meta>(DEMO.to_owned());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        tx.put(Meta { name: DEMO.to_owned(), value: "complete".to_owned() });
        Ok(())
    }
}
