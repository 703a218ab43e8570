//! What withdrawals add to verification (P3): money under way is reserved at the rail that carries it, to the fen.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, PartyId, TransferId, TypedId as _, Uid, WithdrawalId},
    ledger::{AccountKind, AccountRef, HoldState},
    money::Currency,
    withdrawals::{Hold, Slice, SliceState, State, rail_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{apply::hold_id, rows::decode_slice};
use crate::{
    earnings::account,
    rows::HoldRow,
    verify::{Finding, Invariant},
};

static BY_OTHERS: Statement = Statement {
    name: "withdrawals.by_other_shops",
    sql: "SELECT party, asked_by, state, amount, slices FROM withdrawals WHERE asked_by <> '' ORDER BY id",
};
static DRAWN: Statement = Statement {
    name: "withdrawals.drawn_by_other_shops",
    sql: "SELECT shop, by_shop, drawn FROM credit_linked_shops ORDER BY shop, by_shop",
};
static PROCEEDS: Statement = Statement {
    name: "withdrawals.proceeds_under_way",
    sql: "SELECT party, amount, fee, currency, slices FROM withdrawals WHERE finished_at IS NULL AND source = 'proceeds' \
          ORDER BY party",
};
static UNDER_WAY: Statement = Statement {
    name: "withdrawals.under_way",
    sql: "SELECT id, rail, currency, slices FROM withdrawals WHERE finished_at IS NULL AND slices <> '' AND id > ?1 \
          ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&UNDER_WAY, &PROCEEDS, &BY_OTHERS, &DRAWN];

/// Most findings.
const MOST: usize = 100;
/// Withdrawals looked at at a time.
const WITHDRAWALS: usize = 200;
/// Holds read at a time.
const PAGE: usize = 1_000;

/// Every slice that is given to a rail, or about to be, reserves exactly its amount of that rail's float.
pub(crate) struct SlicesReserveFloat;

/// What a slice must reserve.
struct Reserve {
    reference: String,
    amount_minor: i64,
    float: AccountId,
}

impl Invariant for SlicesReserveFloat {
    fn name(&self) -> &'static str {
        "slices under way = float reserved"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let (mut findings, mut last) = (Vec::new(), Some(Uid::NIL));
        while let Some(after) = last.filter(|_| findings.len() < MOST) {
            let (reserves, next) = unreserved(session, after)?;
            findings.extend(reserves.into_iter().map(|reserve| self.finding(reserve)));
            last = next;
        }
        findings.truncate(MOST);
        Ok(findings)
    }
}

impl SlicesReserveFloat {
    fn finding(&self, reserve: Reserve) -> Finding {
        let Reserve { reference, amount_minor, .. } = reserve;
        let sentence =
            format!("{reference} is under way, but its amount is not reserved of its rail's float");
        Finding::of_invariant(self.name(), reference, amount_minor, "another hold, or none", &sentence)
    }
}

/// What the next withdrawals behind `after` must reserve and do not, and behind which to go on; `None` at the end. No
/// more of them is held in memory than this.
fn unreserved(session: &mut dyn Session, after: Uid) -> Result<(Vec<Reserve>, Option<Uid>), Fault> {
    let mut reserves: BTreeMap<TransferId, Reserve> = BTreeMap::new();
    let (mut last, mut count) = (after, 0);
    let limit = i64::try_from(WITHDRAWALS).unwrap_or(i64::MAX);
    session.query(&UNDER_WAY, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
        (last, count) = (row.uid(0), count + 1);
        let id = WithdrawalId::from_uid(row.uid(0));
        let currency = row.text(2).parse().unwrap_or(Currency::CNY);
        let float = AccountRef::float(row.text(1), currency).id();
        for slice in row.text(3).lines().filter_map(decode_slice).filter(|slice| is_open(slice.state)) {
            let (reference, amount_minor) = (rail_reference(id, slice.rail_number()), slice.amount_minor);
            let reserve = Reserve { reference, amount_minor, float };
            reserves.insert(hold_id(id, Hold::FloatSlice(slice.number)), reserve);
        }
        true
    })?;
    let keys: Vec<TransferId> = reserves.keys().copied().collect();
    for page in keys.chunks(PAGE) {
        session.load(HoldRow::TABLE, &Keys::<HoldRow>(page), Lock::None, &mut |source| {
            let hold = HoldRow::read(source).0;
            let right = reserves.get(&hold.id).is_some_and(|reserve| {
                hold.state == HoldState::Open
                    && (hold.credit, hold.remaining_minor) == (reserve.float, reserve.amount_minor)
            });
            if right {
                reserves.remove(&hold.id);
            }
        })?;
    }
    Ok((reserves.into_values().collect(), (count == WITHDRAWALS).then_some(last)))
}

/// What a shop's proceeds account holds is what its withdrawals under way reserve: the fee, and every slice that has
/// neither arrived nor come back (C14).
pub(crate) struct ProceedsInTransit;

impl Invariant for ProceedsInTransit {
    fn name(&self) -> &'static str {
        "withdrawals of proceeds in transit = holds"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut reserved: BTreeMap<PartyId, (i128, Currency)> = BTreeMap::new();
        session.query(&PROCEEDS, &[], &mut |row| {
            let currency = row.text(3).parse().unwrap_or(Currency::CNY);
            let slices: Vec<Slice> = row.text(4).lines().filter_map(decode_slice).collect();
            let open = slices.iter().filter(|slice| is_open(slice.state)).map(|slice| slice.amount_minor);
            let sum = if slices.is_empty() { row.int(1) } else { row.int(2) + open.sum::<i64>() };
            reserved.entry(PartyId::from_uid(row.uid(0))).or_insert((0, currency)).0 += i128::from(sum);
            true
        })?;
        let mut findings = Vec::new();
        for (party, (sum, currency)) in reserved {
            let reference = AccountRef::party(party, AccountKind::Proceeds, currency);
            let held = account(session, &reference)?.map_or(0, |row| i128::from(row.0.held_out));
            if held != sum {
                let sentence =
                    format!("the withdrawals of proceeds under way reserve {sum}, the account holds {held}");
                let subject = party.to_string();
                findings.push(Finding::of_invariant(self.name(), subject, sum, held, &sentence));
            }
            if findings.len() >= MOST {
                break;
            }
        }
        Ok(findings)
    }
}

/// What is drawn under an authorisation is what its withdrawals have taken and not given back (C20).
pub(crate) struct DrawnByOthers;

impl Invariant for DrawnByOthers {
    fn name(&self) -> &'static str {
        "drawn by another shop = its withdrawals that stand"
    }

    fn check(&self, session: &mut dyn Session) -> Result<Vec<Finding>, Fault> {
        let mut stands: BTreeMap<(PartyId, PartyId), i128> = BTreeMap::new();
        session.query(&BY_OTHERS, &[], &mut |row| {
            let Ok(by) = row.text(1).parse::<PartyId>() else { return true };
            let slices: Vec<Slice> = row.text(4).lines().filter_map(decode_slice).collect();
            let kept = slices.iter().filter(|slice| is_open(slice.state) || slice.state == SliceState::Paid);
            let called_off = matches!(State::named(row.text(2)), Some(s) if s.is_final());
            let sum = match slices.is_empty() {
                true if called_off => 0,
                true => row.int(3),
                false => kept.map(Slice::gross_minor).sum(),
            };
            *stands.entry((PartyId::from_uid(row.uid(0)), by)).or_default() += i128::from(sum);
            true
        })?;
        let mut findings = Vec::new();
        session.query(&DRAWN, &[], &mut |row| {
            let (shop, by) = (PartyId::from_uid(row.uid(0)), PartyId::from_uid(row.uid(1)));
            let (sum, drawn) = (stands.remove(&(shop, by)).unwrap_or(0), i128::from(row.int(2)));
            if sum != drawn {
                let sentence = format!("{by} has {sum} of its proceeds, the authorisation says {drawn}");
                findings.push(Finding::of_invariant(self.name(), shop.to_string(), sum, drawn, &sentence));
            }
            findings.len() < MOST
        })?;
        for ((shop, by), sum) in stands.into_iter().filter(|(_, sum)| *sum > 0).take(MOST) {
            let sentence = format!("{by} has {sum} of its proceeds without an authorisation on record");
            findings.push(Finding::of_invariant(self.name(), shop.to_string(), sum, "none", &sentence));
        }
        Ok(findings)
    }
}

const fn is_open(state: SliceState) -> bool {
    matches!(state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort)
}
