//! Which rails there are, which one carries a payout, and opening one again (P10).

use purser_domain::{
    ledger::AccountRef,
    policy::keys,
    time::Timestamp,
    withdrawals::{Candidate, route},
};

use super::{rows::RailRow, terms::rail_facts};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    tx::{Needs, Tx},
};

/// The rail without an outside: in a sandbox it pays to every kind of account, in live books to none.
pub(crate) const SANDBOX_RAIL: &str = "sandbox";

fn candidate(tx: &Tx, ctx: &Ctx, rail: &str, most_minor: i64) -> Candidate {
    let facts = rail_facts(tx, ctx, rail);
    let connected = if rail == SANDBOX_RAIL {
        ctx.rules.sandbox
    } else {
        tx.get::<RailRow>(&rail.to_owned()).is_some_and(|row| row.connected)
    };
    Candidate { connected, stopped: facts.stopped, healthy: facts.healthy, most_minor }
}

/// Declares what [`rail_for`] looks at.
pub(super) fn want_rails(needs: &mut Needs<'_>, ctx: &Ctx) {
    for rail in keys::RAILS {
        needs.row::<RailRow>((*rail).to_owned());
        needs.account(&AccountRef::float(rail, ctx.rules.currency));
    }
}

/// The rail that carries an amount to a kind of payout account; `None` when none of this deployment does. [`want_rails`]
/// must have been called.
pub(super) fn rail_for(tx: &Tx, ctx: &Ctx, account_kind: &str, amount_minor: i64) -> Option<&'static str> {
    let rails = rails_of(tx, ctx, account_kind);
    let candidates: Vec<Candidate> = rails.iter().map(|(_, candidate)| *candidate).collect();
    route(&candidates, amount_minor).and_then(|position| rails.get(position)).map(|(rail, _)| *rail)
}

/// The largest amount that some rail of this deployment carries to a kind of payout account; `None` when none pays to it.
/// [`want_rails`] must have been called.
pub(super) fn largest_for(tx: &Tx, ctx: &Ctx, account_kind: &str) -> Option<i64> {
    let rails = rails_of(tx, ctx, account_kind).into_iter();
    rails.filter(|(_, candidate)| candidate.connected).map(|(_, candidate)| candidate.most_minor).max()
}

/// The rails that policy names for a kind of payout account, the preferred one first.
fn rails_of(tx: &Tx, ctx: &Ctx, account_kind: &str) -> Vec<(&'static str, Candidate)> {
    let table = ctx.rules.policy.now(ctx.now).value(keys::PAYOUT_ROUTING);
    let mut rails = Vec::new();
    for (names, most_minor) in table.rows() {
        let [account, rail] = names else { continue };
        let rail = keys::RAILS.iter().find(|known| *known == rail);
        if let (Some(rail), true) = (rail, account == account_kind) {
            rails.push((*rail, candidate(tx, ctx, rail, most_minor)));
        }
    }
    if ctx.rules.sandbox {
        // So that a sandbox pays to every kind before anybody has a contract.
        rails.push((SANDBOX_RAIL, candidate(tx, ctx, SANDBOX_RAIL, i64::MAX)));
    }
    rails
}

/// A server that starts says which rails it can reach. When it stops, another one may still reach them: a rail is out of
/// reach once no server has said for a while that it can reach it ([`SeeRails`]), or at once for the only server.
///
/// Rejections: `rail_unknown`.
pub struct ConnectRails {
    /// Names.
    pub rails: Vec<&'static str>,
    /// It is the only server of these books: nobody reaches the other rails.
    pub alone: bool,
}

impl Command for ConnectRails {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.connect"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for rail in keys::RAILS.iter().chain(&self.rails) {
            needs.row::<RailRow>((*rail).to_owned());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        for rail in &self.rails {
            known(rail)?;
            let row = tx.get::<RailRow>(&(*rail).to_owned()).cloned();
            let row = row.unwrap_or_else(|| RailRow::whole(rail));
            if !row.connected {
                tx.event("rail.connected", None, rail, Facts::new());
            }
            tx.put(RailRow { connected: true, seen_at: ctx.machine, version: row.version + 1, ..row });
        }
        let others = keys::RAILS.iter().filter(|rail| self.alone && !self.rails.contains(rail));
        for rail in others {
            let row = tx.get::<RailRow>(&(*rail).to_owned()).cloned();
            if let Some(row) = row.filter(|row| row.is_served(ctx.machine)) {
                tx.put(RailRow { seen_at: Timestamp(0), version: row.version + 1, ..row });
            }
        }
        Ok(())
    }

    /// A server that reaches no rail says nothing that anybody would look for.
    fn audited(&self) -> bool {
        !self.rails.is_empty()
    }

    fn audit(&self, _output: &()) -> (String, Facts) {
        (self.rails.join(" "), Facts::new())
    }
}

/// A server says that it is still there and can reach its rails. To be said each minute.
pub struct SeeRails(pub Vec<&'static str>);

impl Command for SeeRails {
    type Output = ();

    fn name(&self) -> &'static str {
        "rail.see"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for rail in &self.0 {
            needs.row::<RailRow>((*rail).to_owned());
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        for rail in &self.0 {
            if let Some(row) = tx.get::<RailRow>(&(*rail).to_owned()).cloned() {
                tx.put(RailRow { seen_at: ctx.machine, version: row.version + 1, ..row });
            }
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

pub(super) fn known(rail: &str) -> Result<(), Rejection> {
    if keys::of_rail(rail).is_some() {
        return Ok(());
    }
    let text = format!("there is no rail `{rail}`: it is one of {}", keys::RAILS.join(", "));
    Err(Rejection::new("rail_unknown", text))
}

/// Staff opens a rail that was stopped because it refused everything of the platform's, or tries one again that is out
/// of reach; what waited goes out by itself. Opening an open one changes nothing.
///
/// Rejections: `rail_unknown`.
pub struct ReopenRail {
    /// Which.
    pub rail: String,
}

impl Command for ReopenRail {
    type Output = RailRow;

    fn name(&self) -> &'static str {
        "rail.reopen"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<RailRow>(self.rail.clone());
    }

    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<RailRow, Rejection> {
        known(&self.rail)?;
        let row = tx.get::<RailRow>(&self.rail).cloned().unwrap_or_else(|| RailRow::whole(&self.rail));
        if row.answers() {
            return Ok(row);
        }
        let row = RailRow { healthy: true, unreached: 0, version: row.version + 1, ..row };
        tx.put(row.clone());
        tx.event("rail.healthy", None, &row.name, Facts::new());
        Ok(row)
    }

    fn audit(&self, output: &RailRow) -> (String, Facts) {
        (output.name.clone(), Facts::new().flag("healthy", output.answers()))
    }
}
