//! What withdrawals say of themselves when they are looked at all together (P3): what they reserve, what of them stands.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{PartyId, TypedId as _, WithdrawalId},
    ledger::AccountKind,
    withdrawals::{Slice, SliceState, Source, State},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::rows::decode_slice;

static ALL: Statement = Statement {
    name: "withdrawals.looked_at",
    sql: "SELECT id, party, source, state, amount, fee, finished_at, slices FROM withdrawals ORDER BY id",
};
static HELD: Statement = Statement {
    name: "withdrawals.accounts_held",
    sql: "SELECT i.owner, a.held_out FROM account_info i JOIN accounts a ON a.id = i.id \
          WHERE i.kind = ?1 AND a.held_out <> 0",
};

/// Statements of this file.
pub(super) const STATEMENTS: &[&Statement] = &[&ALL, &HELD];

/// One withdrawal; amounts are minor units.
pub(crate) struct Looked {
    pub(crate) id: WithdrawalId,
    pub(crate) party: PartyId,
    pub(crate) source: Source,
    /// What its holds reserve of the payee's account.
    pub(crate) held_minor: i64,
    /// What of it the overview counts as under way: a slice that arrived is none of it any more, while its part of the
    /// fee is held until the last slice came to its end.
    pub(crate) in_transit_minor: i64,
    /// What of it counts as used: all of it while it is under way, then what arrived.
    pub(crate) stands_minor: i64,
    /// It says at one place that it has come to its end, and at another that it has not.
    pub(crate) torn: bool,
}

/// Looks at every withdrawal.
///
/// # Errors
/// Storage faults.
pub(crate) fn each(session: &mut dyn Session, mut look: impl FnMut(Looked)) -> Result<(), Fault> {
    session.query(&ALL, &[], &mut |row| {
        let state = State::named(row.text(3));
        let over = state.is_some_and(State::is_final);
        let slices: Vec<Slice> = row.text(7).lines().filter_map(decode_slice).collect();
        let (amount, fee) = (row.int(4), row.int(5));
        let sum = |of: fn(&Slice) -> i64, which: fn(SliceState) -> bool| {
            slices.iter().filter(|slice| which(slice.state)).map(of).sum::<i64>()
        };
        let stands = |state| is_open(state) || state == SliceState::Paid;
        let (held_minor, in_transit_minor, stands_minor) = match (slices.is_empty(), over) {
            (true, true) => (0, 0, 0),
            (true, false) => (amount, amount, amount),
            (false, true) => (0, 0, sum(Slice::gross_minor, stands)),
            (false, false) => (
                fee + sum(|slice| slice.amount_minor, is_open),
                sum(Slice::gross_minor, is_open),
                sum(Slice::gross_minor, stands),
            ),
        };
        look(Looked {
            id: WithdrawalId::from_uid(row.uid(0)),
            party: PartyId::from_uid(row.uid(1)),
            source: Source::named(row.text(2)),
            held_minor,
            in_transit_minor,
            stands_minor,
            torn: state.is_none() || over == row.is_null(6),
        });
        true
    })
}

/// What accounts of a kind hold, by owner; those that hold nothing are left out.
///
/// # Errors
/// Storage faults.
pub(crate) fn held(session: &mut dyn Session, kind: AccountKind) -> Result<BTreeMap<PartyId, i128>, Fault> {
    let mut sums = BTreeMap::new();
    session.query(&HELD, &[Value::Int(kind.code())], &mut |row| {
        *sums.entry(PartyId::from_uid(row.uid(0))).or_default() += i128::from(row.int(1));
        true
    })?;
    Ok(sums)
}

/// Whether a slice is given to a rail, or about to be.
pub(super) const fn is_open(state: SliceState) -> bool {
    matches!(state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort)
}
