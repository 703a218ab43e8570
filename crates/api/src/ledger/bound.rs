//! What transfers from outside may not touch: accounts that another record has to equal, and money that belongs to a
//! withdrawal, a refund, an order or a statement. Whoever could would make these say one thing and the ledger another.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::{AccountKind, Step},
};
use purser_engine::{Fault, Rejection, Session, ledger};

use super::dto::{Draft, ItemError};
use crate::{edge::Call, problem::Problem};

/// Most accounts whose kind is remembered; beyond it the memory starts anew.
const MOST: usize = 100_000;

/// What accounts are for, as far as transfers named them by id. It never changes, so that a request costs no read.
#[derive(Default)]
pub(crate) struct Kinds(Mutex<BTreeMap<AccountId, AccountKind>>);

impl Kinds {
    fn known(&self, id: AccountId) -> Option<AccountKind> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    fn learn(&self, found: &[(AccountId, AccountKind)]) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kinds.len() + found.len() > MOST {
            kinds.clear();
        }
        kinds.extend(found.iter().copied());
    }
}

/// Why a transfer is not for who asked, and the field that says so.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    field: &'static str,
    why: Rejection,
}

impl Refused {
    /// As the answer to a request; `item` is the pointer to the item of a list.
    pub(super) fn problem(self, item: &str) -> Problem {
        Problem::from(&self.why.at(format!("{item}{}", self.field)))
    }

    /// As what became of an item of a list.
    pub(super) fn item(self) -> ItemError {
        let (code, pointer) = (self.why.code.to_owned(), Some(self.field.to_owned()));
        ItemError { code, detail: self.why.message, pointer }
    }
}

/// The hold or transfer that a request names.
#[derive(Debug, Clone, Copy)]
struct Earlier {
    debit: AccountId,
    credit: AccountId,
    /// It is about nothing but itself.
    free: bool,
}

fn earlier(session: &mut dyn Session, step: Step) -> Result<Option<Earlier>, Fault> {
    let accounts = |line: &purser_domain::ledger::Transfer| (line.credit, line.debit);
    let (line, accounts) = match step {
        Step::Settle { hold } | Step::Release { hold } => {
            let found = ledger::hold(session, hold)?.map(|hold| (hold.debit, hold.credit));
            (ledger::transfer(session, hold)?, found)
        }
        Step::Reverse { transfer } => {
            let line = ledger::transfer(session, transfer)?;
            let found = line.as_ref().map(accounts);
            (line, found)
        }
        Step::Post | Step::Hold { .. } => return Ok(None),
    };
    let free = line.is_none_or(|line| line.reference.is_nil());
    Ok(accounts.map(|(debit, credit)| Earlier { debit, credit, free }))
}

/// What one read ahead of the group finds.
#[derive(Default)]
struct Found {
    earlier: Vec<Option<Earlier>>,
    kinds: Vec<(AccountId, AccountKind)>,
}

fn find(session: &mut dyn Session, steps: &[Step], mut ids: Vec<AccountId>) -> Result<Found, Fault> {
    let mut found = Found::default();
    for step in steps {
        let line = earlier(session, *step)?;
        ids.extend(line.iter().flat_map(|line| [line.debit, line.credit]));
        found.earlier.push(line);
    }
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        found.kinds.extend(ledger::kind_of(session, id)?.map(|kind| (id, kind)));
    }
    Ok(found)
}

/// Fills in the accounts of the holds and transfers that requests name, and says which requests are not for who asked.
/// What is named never changes, so it may be read ahead of the group; what does not exist yet is left nil and refused
/// by the ledger.
pub(super) async fn resolve(call: &Call, drafts: &mut [Draft]) -> Result<Vec<Option<Refused>>, Problem> {
    let kinds = &call.app.kinds;
    let (mut places, mut steps, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (index, draft) in drafts.iter().enumerate() {
        if draft.request.debit.0.is_nil() {
            places.push(index);
            steps.push(draft.request.step);
            continue;
        }
        let accounts = [draft.request.debit, draft.request.credit];
        ids.extend(
            accounts.into_iter().filter(|id| named(draft, *id).is_none() && kinds.known(*id).is_none()),
        );
    }
    let found = if steps.is_empty() && ids.is_empty() {
        Found::default()
    } else {
        call.app.read(move |session| find(session, &steps, ids)).await?
    };
    kinds.learn(&found.kinds);
    let made_here: BTreeMap<TransferId, (AccountId, AccountId)> =
        drafts.iter().map(|d| (d.request.id, (d.request.debit, d.request.credit))).collect();
    let mut refused = vec![None; drafts.len()];
    for (index, earlier) in places.into_iter().zip(found.earlier) {
        let Some(draft) = drafts.get_mut(index) else { continue };
        let here = match draft.request.step {
            Step::Settle { hold } | Step::Release { hold } => made_here.get(&hold).copied(),
            Step::Reverse { transfer } => made_here.get(&transfer).map(|(debit, credit)| (*credit, *debit)),
            Step::Post | Step::Hold { .. } => None,
        };
        if let Some((debit, credit)) = earlier.map(|line| (line.debit, line.credit)).or(here) {
            draft.request.debit = debit;
            draft.request.credit = credit;
        }
        if let (Some(line), Some(slot)) = (earlier, refused.get_mut(index)) {
            *slot = if line.free { None } else { Some(belongs(draft.request.step)) };
        }
    }
    for (draft, slot) in drafts.iter().zip(&mut refused) {
        *slot = slot.take().or_else(|| touches_bound(draft, kinds));
    }
    Ok(refused)
}

fn named(draft: &Draft, id: AccountId) -> Option<AccountKind> {
    draft.names.iter().find(|name| name.id() == id).map(|name| name.kind)
}

fn field(step: Step, moves: &'static str) -> &'static str {
    match step {
        Step::Post | Step::Hold { .. } => moves,
        Step::Settle { .. } | Step::Release { .. } => "/hold",
        Step::Reverse { .. } => "/transfer",
    }
}

fn belongs(step: Step) -> Refused {
    let text =
        "this money belongs to a withdrawal, a refund, an order, a statement or an approval: undo it there";
    Refused { field: field(step, ""), why: Rejection::new("transfer_bound", text) }
}

fn touches_bound(draft: &Draft, kinds: &Kinds) -> Option<Refused> {
    let step = draft.request.step;
    [(draft.request.debit, "/debit"), (draft.request.credit, "/credit")].into_iter().find_map(
        |(id, moves)| {
            let why = ledger::bound(named(draft, id).or_else(|| kinds.known(id))?)?;
            Some(Refused { field: field(step, moves), why })
        },
    )
}
