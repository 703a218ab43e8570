//! What withdrawals add to verification (P3): money under way is reserved at the rail that carries it, to the fen.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{AccountId, TransferId, TypedId as _, WithdrawalId},
    ledger::{AccountRef, HoldState},
    money::Currency,
    withdrawals::{Hold, SliceState, rail_reference},
};
use purser_storage::{Fault, Keys, Lock, Record as _, Session, Statement};

use super::{apply::hold_id, rows::decode_slice};
use crate::{
    rows::HoldRow,
    verify::{Finding, Invariant},
};

pub(super) static UNDER_WAY: Statement = Statement {
    name: "withdrawals.under_way",
    sql: "SELECT id, rail, currency, slices FROM withdrawals WHERE finished_at IS NULL AND slices <> '' ORDER BY id",
};

/// Most findings.
const MOST: usize = 100;
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
        let mut reserves: BTreeMap<TransferId, Reserve> = BTreeMap::new();
        session.query(&UNDER_WAY, &[], &mut |row| {
            let id = WithdrawalId::from_uid(row.uid(0));
            let currency = row.text(2).parse().unwrap_or(Currency::CNY);
            let float = AccountRef::float(row.text(1), currency).id();
            let open =
                |state| matches!(state, SliceState::Sending | SliceState::Unknown | SliceState::FundsShort);
            for slice in row.text(3).lines().filter_map(decode_slice).filter(|slice| open(slice.state)) {
                let (reference, amount_minor) = (rail_reference(id, slice.number), slice.amount_minor);
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
        let wrong = reserves.into_values().take(MOST).map(|reserve| {
            let Reserve { reference, amount_minor, .. } = reserve;
            let sentence =
                format!("{reference} is under way, but its amount is not reserved of its rail's float");
            Finding::of_invariant(self.name(), reference, amount_minor, "another hold, or none", &sentence)
        });
        Ok(wrong.collect())
    }
}
