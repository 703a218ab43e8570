//! Predicts every answer and balance, from the rules and not from the code: it keeps the list of what was
//! accepted and adds it up anew for each question. It shares no posting code with `domain::ledger`, only names.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    ids::TransferId,
    ledger::{Posted, Refusal, Side, Step, TransferRequest},
    time::Timestamp,
};

use crate::workload::{ACCOUNTS, Body, Spec, account, account_index, say_items};

/// A line that was accepted, with the accounts and amount that it took effect on.
#[derive(Debug, Clone)]
struct Fact {
    request: TransferRequest,
    debit: usize,
    credit: usize,
    amount: i64,
}

/// What the auditor believes the books to hold.
#[derive(Debug, Clone, Default)]
pub struct Auditor {
    facts: Vec<Fact>,
    exists: BTreeSet<usize>,
    closed: BTreeSet<usize>,
    counters: BTreeMap<(bool, u8), i64>,
    remembered: BTreeMap<u8, (u8, &'static str, Predicted)>,
    /// Business time.
    pub now: Timestamp,
}

/// A predicted answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Predicted {
    /// Status and body, and whether it is a remembered one.
    Reply(i64, String, bool),
    /// The key was used for another body.
    KeyReused,
}

impl Auditor {
    /// Predicts the answer to a command and believes it from then on.
    pub fn command(&mut self, spec: &Spec) -> Predicted {
        let name = command_name(&spec.body);
        if let Some((variant, old_name, old)) = spec.key.and_then(|key| self.remembered.get(&key)) {
            return match old {
                Predicted::Reply(status, body, _) if *variant == spec.variant && *old_name == name => {
                    Predicted::Reply(*status, body.clone(), true)
                }
                _ => Predicted::KeyReused,
            };
        }
        let before = self.clone();
        let predicted = self.body(&spec.body);
        if spec.dry_run {
            *self = before;
        } else if let Some(key) = spec.key {
            self.remembered.insert(key, (spec.variant, name, predicted.clone()));
        }
        predicted
    }

    fn body(&mut self, body: &Body) -> Predicted {
        match body {
            Body::Post { items, atomic, declared } => self.list(items, *atomic, *declared),
            Body::Open(index) => {
                self.exists.insert(*index);
                Predicted::Reply(200, "opened".into(), false)
            }
            Body::Close(index, _) if !self.exists.contains(index) => {
                Predicted::Reply(422, "account_unknown".into(), false)
            }
            Body::Close(index, closed) => {
                if *closed {
                    self.closed.insert(*index)
                } else {
                    self.closed.remove(index)
                };
                Predicted::Reply(200, "set".into(), false)
            }
            Body::Tally { name, reject } => {
                let count = self.counters.entry((*reject, *name)).or_default();
                *count += 1;
                if *reject {
                    Predicted::Reply(422, "tally_refused".into(), false)
                } else {
                    Predicted::Reply(200, format!("tally {count}"), false)
                }
            }
        }
    }

    fn list(&mut self, items: &[TransferRequest], atomic: bool, declared: bool) -> Predicted {
        let before = self.clone();
        let mut outcomes = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let outcome = self.transfer(item, declared);
            if let (true, Err(refusal)) = (atomic, outcome) {
                *self = before;
                return Predicted::Reply(422, format!("{}/transfers/{place}", refusal.code()), false);
            }
            outcomes.push(outcome);
        }
        Predicted::Reply(200, say_items(&outcomes), false)
    }

    fn transfer(&mut self, request: &TransferRequest, declared: bool) -> Result<Posted, Refusal> {
        let known = |index: Option<usize>| index.filter(|i| declared || self.exists.contains(i));
        let reversal = matches!(request.step, Step::Reverse { .. });
        if request.amount_minor < 1 && !reversal {
            return Err(Refusal::AmountNotPositive);
        }
        if let Some(fact) = self.fact(request.id) {
            let mut again = fact.request.clone();
            if reversal {
                again.amount_minor = request.amount_minor;
            }
            return if again == *request { Ok(Posted::Replayed) } else { Err(Refusal::IdReused) };
        }
        let (debit, credit, amount) = match request.step {
            Step::Post | Step::Hold { .. } => {
                if request.debit == request.credit {
                    return Err(Refusal::SameAccount);
                }
                let debit = known(account_index(request.debit)).ok_or(Refusal::DebitUnknown)?;
                let credit = known(account_index(request.credit)).ok_or(Refusal::CreditUnknown)?;
                (debit, credit, request.amount_minor)
            }
            Step::Settle { hold } | Step::Release { hold } => self.part_of_hold(hold, request)?,
            Step::Reverse { transfer } => {
                let old = self.fact(transfer).ok_or(Refusal::TransferUnknown)?;
                if !matches!(old.request.step, Step::Post | Step::Settle { .. }) {
                    return Err(Refusal::NotReversible);
                }
                (old.credit, old.debit, old.amount)
            }
        };
        let fact = Fact { request: request.clone(), debit, credit, amount };
        self.check_accounts(&fact)?;
        self.check_balances(&fact)?;
        self.exists.extend([debit, credit]);
        self.facts.push(fact);
        Ok(Posted::New)
    }

    fn fact(&self, id: TransferId) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.request.id == id)
    }

    /// What is left of a hold, from what was settled and released of it.
    fn left(&self, hold: &Fact) -> (i64, Option<Refusal>) {
        let mut left = hold.amount;
        let mut ended = None;
        for fact in &self.facts {
            let end = match fact.request.step {
                Step::Settle { hold: of } if of == hold.request.id => Refusal::HoldSettled,
                Step::Release { hold: of } if of == hold.request.id => Refusal::HoldReleased,
                _ => continue,
            };
            left -= fact.amount;
            ended = (left == 0).then_some(end);
        }
        (left, ended)
    }

    fn part_of_hold(
        &self,
        id: TransferId,
        request: &TransferRequest,
    ) -> Result<(usize, usize, i64), Refusal> {
        let hold = self.fact(id).ok_or(Refusal::HoldUnknown)?;
        let Step::Hold { expires_at } = hold.request.step else { return Err(Refusal::HoldUnknown) };
        let (left, ended) = self.left(hold);
        if let Some(refusal) = ended {
            return Err(refusal);
        }
        let settles = matches!(request.step, Step::Settle { .. });
        if settles && expires_at.is_some_and(|at| self.now >= at) {
            return Err(Refusal::HoldExpired);
        }
        if request.amount_minor > left {
            return Err(Refusal::HoldExceeded);
        }
        Ok((hold.debit, hold.credit, request.amount_minor))
    }

    fn check_accounts(&self, fact: &Fact) -> Result<(), Refusal> {
        let released = matches!(fact.request.step, Step::Release { .. });
        if !released && self.closed.contains(&fact.debit) {
            return Err(Refusal::DebitClosed);
        }
        if !released && self.closed.contains(&fact.credit) {
            return Err(Refusal::CreditClosed);
        }
        let currencies = [account(fact.debit).currency, account(fact.credit).currency];
        if currencies.iter().any(|currency| *currency != fact.request.currency) {
            return Err(Refusal::CurrencyMismatch);
        }
        match fact.request.step {
            Step::Hold { expires_at: Some(at) } if at <= self.now => Err(Refusal::ExpiryInPast),
            _ => Ok(()),
        }
    }

    /// Whether the account at `index` pays when it stands on this side of a transfer.
    fn pays(index: usize, on_debit: bool) -> bool {
        match account(index).kind.side() {
            Side::Credit => on_debit,
            Side::Debit => !on_debit,
        }
    }

    fn check_balances(&self, fact: &Fact) -> Result<(), Refusal> {
        let sides = [(fact.debit, true, Refusal::DebitFloor), (fact.credit, false, Refusal::CreditFloor)];
        let amount = i128::from(fact.amount);
        if matches!(fact.request.step, Step::Release { .. }) {
            return Ok(());
        }
        let settles = matches!(fact.request.step, Step::Settle { .. });
        for (index, on_debit, refusal) in sides {
            let freed = if settles { amount } else { 0 };
            let (posted, held_out, _) = self.balance(index);
            let floored = account(index).kind.floored();
            if floored && Self::pays(index, on_debit) && posted - held_out + freed < amount {
                return Err(refusal);
            }
        }
        for (index, on_debit, _) in sides {
            let (posted, held_out, held_in) = self.balance(index);
            let pays = Self::pays(index, on_debit);
            let after = match fact.request.step {
                Step::Hold { .. } => amount + if pays { held_out } else { held_in },
                _ => posted + if pays { -amount } else { amount },
            };
            if i64::try_from(after).is_err() {
                return Err(Refusal::Overflow);
            }
        }
        Ok(())
    }

    /// Posted, reserved and announced amounts of an account, added up from everything that was accepted.
    pub fn balance(&self, index: usize) -> (i128, i128, i128) {
        let (mut posted, mut held_out, mut held_in) = (0, 0, 0);
        for fact in &self.facts {
            for (side, on_debit) in [(fact.debit, true), (fact.credit, false)] {
                if side != index {
                    continue;
                }
                let pays = Self::pays(index, on_debit);
                let held = if pays { &mut held_out } else { &mut held_in };
                let amount = i128::from(fact.amount);
                let moved = if pays { -amount } else { amount };
                match fact.request.step {
                    Step::Hold { .. } => *held += amount,
                    Step::Release { .. } => *held -= amount,
                    Step::Settle { .. } => {
                        *held -= amount;
                        posted += moved;
                    }
                    Step::Post | Step::Reverse { .. } => posted += moved,
                }
            }
        }
        (posted, held_out, held_in)
    }

    /// Accounts that exist, with posted, held out, held in and whether they are closed.
    pub fn accounts(&self) -> Vec<(usize, i128, i128, i128, bool)> {
        let existing = (0..ACCOUNTS).filter(|index| self.exists.contains(index));
        existing
            .map(|index| {
                let (posted, out, into) = self.balance(index);
                (index, posted, out, into, self.closed.contains(&index))
            })
            .collect()
    }
}

fn command_name(body: &Body) -> &'static str {
    match body {
        Body::Post { .. } => "ledger.post",
        Body::Open(_) => "ledger.open_accounts",
        Body::Close(..) => "sim.close_account",
        Body::Tally { .. } => "sim.tally",
    }
}
