//! What withdrawals add to verification (P3): money under way is reserved at the rail that carries it, to the fen.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, PartyId, TransferId, TypedId as _, Uid, WithdrawalId},
    ledger::{AccountKind, AccountRef, HoldState},
    money::Currency,
    withdrawals::{Hold, Slice, SliceState, Source, State, rail_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement, Value};

use super::{
    apply::hold_id,
    rows::decode_slice,
    under_way::{self, Looked, is_open},
};
use crate::{
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
static UNDER_WAY: Statement = Statement {
    name: "withdrawals.under_way",
    sql: "SELECT id, rail, currency, slices FROM withdrawals WHERE finished_at IS NULL AND slices <> '' AND id > ?1 \
          ORDER BY id LIMIT ?2",
};

/// Statements of this module.
pub(super) const STATEMENTS: &[&Statement] = &[&UNDER_WAY, &BY_OTHERS, &DRAWN];

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
        let mut sums: BTreeMap<PartyId, [i128; 2]> = BTreeMap::new();
        let mut findings = Vec::new();
        under_way::each(session, |looked| {
            if looked.source == Source::Proceeds {
                sums.entry(looked.party).or_default()[0] += i128::from(looked.held_minor);
                findings.extend(torn(self, &looked));
            }
        })?;
        // Also who holds something without a withdrawal: else a deleted one would leave its money held for good.
        for (party, held) in under_way::held(session, AccountKind::Proceeds)? {
            sums.entry(party).or_default()[1] = held;
        }
        for (party, [sum, held]) in sums.into_iter().filter(|(_, [sum, held])| sum != held) {
            let sentence =
                format!("the withdrawals of proceeds under way reserve {sum}, the account holds {held}");
            findings.push(Finding::of_invariant(self.name(), party.to_string(), sum, held, &sentence));
        }
        findings.truncate(MOST);
        Ok(findings)
    }
}

/// A finding about a withdrawal that is finished in one place and open in another.
pub(crate) fn torn(invariant: &dyn Invariant, looked: &Looked) -> Option<Finding> {
    let text = "the withdrawal is finished in one place and open in another";
    let (expected, found) = ("a state, and an end when it is one", "another");
    looked.torn.then(|| Finding::of_invariant(invariant.name(), looked.id.to_string(), expected, found, text))
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
