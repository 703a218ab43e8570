//! The suite: one withdrawal after another through the real state machine and the real rail, each meeting a fault.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use purser_domain::{
    ids::{PartyId, PayoutAccountId, Uid, WithdrawalId},
    money::{Currency, Rate},
    time::{HOUR, SECOND, Timestamp, Zone},
    withdrawals::{
        AccountRole, Ctx, Decision, Destination, DestinationKind, DispatchFacts, Effect, FeeTerms, Hold,
        HolderMatch, KillSwitches, MoneyOp, Outcome, PayeeKind, RailFacts, RailNumber, RailOutcome,
        SliceState, Source, Standing, State, StudioFacts, VelocityTerms, Withdrawal, WithdrawalTerms,
        dispatch, rail_outcome, read_reference,
    },
};
use purser_engine::ports::{Payee, PayoutOrder, Rail, RunError};

use crate::bench::Bench;

/// What an order meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    LostRequest,
    LostReply,
    LateSuccess,
    DuplicateCallback,
    Bounce,
    FundsShort,
    FundsFailed,
    Throttled,
    StaleQuery,
    DefiniteFailure,
    SentTwice,
}

impl Fault {
    pub(crate) const ALL: [Self; 12] = [
        Self::Nothing,
        Self::LostRequest,
        Self::LostReply,
        Self::LateSuccess,
        Self::DuplicateCallback,
        Self::Bounce,
        Self::FundsShort,
        Self::FundsFailed,
        Self::Throttled,
        Self::StaleQuery,
        Self::DefiniteFailure,
        Self::SentTwice,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::LostRequest => "lost request",
            Self::LostReply => "lost reply",
            Self::LateSuccess => "time-out, then late success",
            Self::DuplicateCallback => "duplicate callback",
            Self::Bounce => "success turned into a bounce (退票)",
            Self::FundsShort => "refused for platform funds",
            Self::FundsFailed => "failed for platform funds",
            Self::Throttled => "throttled",
            Self::StaleQuery => "stale query",
            Self::DefiniteFailure => "definite failure",
            Self::SentTwice => "the same reference twice",
        }
    }

    /// What the rail must do about it.
    pub(crate) fn story(self) -> &'static str {
        match self {
            Self::Nothing => "sent and paid",
            Self::LostRequest => "unknown; the query does not find it; the identical order goes again",
            Self::LostReply => "unknown; the query finds it paid",
            Self::LateSuccess => "unknown for several queries, then paid",
            Self::DuplicateCallback => "the second and third notice change nothing",
            Self::Bounce => "booked back by new transfers",
            Self::FundsShort => "waits; after a top-up the identical order goes again",
            Self::FundsFailed => {
                "waits; the old number is told its failure for ever, so after a top-up the order goes under the next one, \
                 where the rail keeps failures"
            }
            Self::Throttled => "the identical order goes again, later",
            Self::StaleQuery => {
                "the query does not find a paid order; the identical order pays nothing twice"
            }
            Self::DefiniteFailure => "released, with the class of the rail's code",
            Self::SentTwice => "as after a crash between sending and writing it down",
        }
    }

    fn ends(self) -> State {
        match self {
            Self::Bounce => State::Bounced,
            Self::DefiniteFailure => State::Failed,
            _ => State::Paid,
        }
    }
}

/// What the outside's own books say about a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Books {
    /// How often money left.
    pub(crate) paid: u32,
    /// How often it came back.
    pub(crate) returned: u32,
}

/// A rail and the outside it talks to.
pub(crate) trait World {
    /// Name of the rail.
    fn name(&self) -> &'static str;
    /// The rail.
    fn rail(&mut self) -> &mut dyn Rail;
    /// A payee whose orders meet a fault.
    fn payee(&mut self, fault: Fault) -> Payee;
    /// Lets the outside's time pass; returns what it tells by itself.
    fn pass(&mut self, bench: &mut Bench) -> Vec<(String, RailOutcome)>;
    /// The platform tops up its money there.
    fn fund(&mut self, bench: &mut Bench);
    /// What its books say.
    fn books(&mut self, bench: &mut Bench, reference: &str) -> Books;
}

/// Most rounds of a story; every fault is over long before.
const ROUNDS: usize = 60;
/// Rounds in which nothing happens any more.
const QUIET: usize = 6;

fn terms() -> WithdrawalTerms {
    WithdrawalTerms {
        minimum_minor: 10,
        code_required: false,
        studio_daily_cap_minor: None,
        studio_threshold_minor: None,
        review_from_minor: None,
        two_person_from_minor: i64::MAX,
        new_destination_review_us: 0,
        cooling_off_us: 0,
        first_cooling_off_us: 0,
        payout_clock_us: 72 * HOUR,
        closed_window: None,
        earnings_fee: FeeTerms::None,
        proceeds_fee: FeeTerms::None,
        velocity: VelocityTerms {
            held_request: u32::MAX,
            large_share: Rate::ONE,
            after_large_us: 0,
            day_minor: i64::MAX,
            days: u32::MAX,
            lock_us: None,
            advice_share: Rate::ONE,
        },
        unpaid_share: None,
        unpaid_share_zeroes: false,
        risk_review_from: u32::MAX,
        fee_on_payee_fault: false,
    }
}

/// A withdrawal on its way, with what it did to the books.
struct Teller {
    withdrawal: Withdrawal,
    payee: Payee,
    effects: VecDeque<Effect>,
    sent: BTreeMap<String, (i64, u32)>,
    open: BTreeSet<Hold>,
    closed: BTreeSet<Hold>,
    settled: i64,
    returned: i64,
    waited: bool,
    unknown: bool,
}

impl Teller {
    fn new(payee: Payee, amount_minor: i64, id: u8, now: Timestamp) -> Self {
        let withdrawal = Withdrawal {
            id: WithdrawalId(Uid([id; 16])),
            party: PartyId(Uid([1; 16])),
            source: Source::Earnings,
            amount_minor,
            fee_minor: 0,
            net_minor: amount_minor,
            currency: Currency::CNY,
            unpaid_minor: 0,
            destination: PayoutAccountId(Uid([9; 16])),
            state: State::Requested,
            reason: None,
            requested_at: now,
            requested_on: Zone::shanghai().date(now),
            dispatch_at: now,
            expected_at: None,
            deadline_at: now.plus(72 * HOUR),
            people_needed: 0,
            approvals: Vec::new(),
            review: Vec::new(),
            slices: Vec::new(),
        };
        let (sent, open, closed) = (BTreeMap::new(), BTreeSet::from([Hold::Payout]), BTreeSet::new());
        let (effects, settled, returned, waited, unknown) = (VecDeque::new(), 0, 0, false, false);
        Self { withdrawal, payee, effects, sent, open, closed, settled, returned, waited, unknown }
    }

    fn dispatch(&mut self, single_limit_minor: Option<i64>, now: Timestamp) {
        let facts = DispatchFacts {
            standing: Standing::Active,
            kill: KillSwitches::default(),
            kind: PayeeKind::Independent,
            studio: StudioFacts::NotApplicable,
            destination: Some(Destination {
                id: self.withdrawal.destination,
                kind: DestinationKind::Sandbox,
                holder: HolderMatch::NotApplicable,
                bound_at: now.plus(-HOUR),
                first: true,
                locked: false,
            }),
            rail: RailFacts {
                float_minor: i64::MAX,
                marked_short: false,
                stopped: false,
                healthy: true,
                single_limit_minor,
                most_minor: None,
            },
        };
        let (zone, terms) = (Zone::shanghai(), terms());
        let ctx = Ctx { now, today: zone.date(now), zone: &zone, terms: &terms, funds_expected_at: None };
        let outcome = dispatch(&self.withdrawal, &facts, &ctx).unwrap();
        self.apply(outcome);
    }

    fn hear(&mut self, number: RailNumber, outcome: &RailOutcome, now: Timestamp) {
        let (zone, terms) = (Zone::shanghai(), terms());
        let ctx = Ctx { now, today: zone.date(now), zone: &zone, terms: &terms, funds_expected_at: None };
        let before = (self.settled, self.closed.len());
        let decided = rail_outcome(&self.withdrawal, number, outcome, &ctx);
        let decided = decided.unwrap_or_else(|no| panic!("{outcome:?} is refused: {no}"));
        self.apply(decided);
        if *outcome == RailOutcome::Unknown {
            assert_eq!((self.settled, self.closed.len()), before, "an unknown outcome moves nothing");
        }
        self.unknown |= self.withdrawal.slices.iter().any(|slice| slice.state == SliceState::Unknown);
    }

    fn apply(&mut self, outcome: Outcome) {
        let Outcome::Changed(decision) = outcome else { return };
        let Decision { withdrawal, ops, effects, .. } = *decision;
        self.withdrawal = withdrawal;
        self.effects.extend(effects);
        for op in ops {
            match op {
                MoneyOp::Hold { hold, .. } => assert!(self.open.insert(hold), "{hold:?} is placed twice"),
                MoneyOp::Settle { hold, amount_minor } => {
                    self.close(hold);
                    if matches!(hold, Hold::FloatSlice(_)) {
                        self.settled += amount_minor;
                    }
                }
                MoneyOp::Release { hold } => self.close(hold),
                MoneyOp::Transfer { from: AccountRole::RailFloat, amount_minor, .. } => {
                    self.returned += amount_minor;
                }
                MoneyOp::Transfer { .. } => {}
            }
        }
    }

    fn close(&mut self, hold: Hold) {
        assert!(
            self.open.remove(&hold) && self.closed.insert(hold),
            "{hold:?} is closed once, after it was placed"
        );
    }

    fn order(&self, reference: &str) -> PayoutOrder {
        let (_, number) = read_reference(reference).unwrap();
        let slice = self.withdrawal.slices.iter().find(|slice| slice.number == number.slice).unwrap();
        PayoutOrder {
            reference: reference.to_owned(),
            amount_minor: slice.amount_minor,
            payee: self.payee.clone(),
            again: slice.attempts > 1,
        }
    }

    /// Carries out what the state machine asked for; what taught nothing is tried again in the next round.
    fn work(&mut self, world: &mut dyn World, bench: &mut Bench, fault: Fault) {
        for effect in std::mem::take(&mut self.effects) {
            let now = bench.clock.business();
            let said = match &effect {
                Effect::Send { reference, .. } | Effect::Resend { reference, .. } => {
                    let order = self.order(reference);
                    let (amount, times) =
                        self.sent.entry(reference.clone()).or_insert((order.amount_minor, 0));
                    assert_eq!(*amount, order.amount_minor, "{reference} carries one amount");
                    *times += 1;
                    if fault == Fault::SentTwice {
                        // The first run ended before it could write down what it was told.
                        let _ = world.rail().send(&order, &mut bench.hands());
                    }
                    let again = order.again || fault == Fault::SentTwice;
                    (reference, world.rail().send(&PayoutOrder { again, ..order }, &mut bench.hands()))
                }
                Effect::Query { reference, .. } => {
                    let order = self.order(reference);
                    (reference, world.rail().query(&order, &mut bench.hands()))
                }
                _ => continue,
            };
            let queried = matches!(effect, Effect::Query { .. });
            match said {
                (_, Ok(RailOutcome::Unknown | RailOutcome::Throttled)) if queried => {
                    self.effects.push_back(effect);
                }
                (reference, Ok(outcome)) => {
                    let (_, number) = read_reference(reference).unwrap();
                    self.hear(number, &outcome, now);
                }
                (reference, Err(RunError::Unanswered(_))) if !queried => {
                    let (_, number) = read_reference(reference).unwrap();
                    self.hear(number, &RailOutcome::Unknown, now);
                }
                (_, Err(RunError::Failed(why) | RunError::Unreached(why) | RunError::Unanswered(why))) => {
                    println!("{effect:?} is tried again: {why}");
                    self.effects.push_back(effect);
                }
                (_, Err(error)) => panic!("{error}"),
            }
        }
    }

    fn run(&mut self, world: &mut dyn World, bench: &mut Bench, fault: Fault) {
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            bench.clock.set_offset(bench.clock.offset() + 5 * SECOND);
            let before = self.withdrawal.clone();
            self.work(world, bench, fault);
            let now = bench.clock.business();
            for (reference, outcome) in world.pass(bench) {
                let (id, number) = read_reference(&reference).unwrap();
                if id == self.withdrawal.id {
                    self.hear(number, &outcome, now);
                }
            }
            if self.withdrawal.state == State::WaitingForFunds && self.effects.is_empty() {
                self.waited = true;
                world.fund(bench);
                self.dispatch(None, now);
            }
            let over =
                self.withdrawal.state.is_final() && self.effects.is_empty() && before == self.withdrawal;
            quiet = if over { quiet + 1 } else { 0 };
            if quiet == QUIET {
                return;
            }
        }
        panic!(
            "{} on {} does not come to an end: {:?}, {:?}",
            fault.name(),
            world.name(),
            self.withdrawal,
            self.effects
        );
    }
}

/// Plays a fault on a rail, as one order and in three slices, and returns the table's cell.
pub(crate) fn keeps(world: &mut dyn World, fault: Fault) -> String {
    let mut bench = Bench::new();
    let mut cell = String::new();
    for (slices, limit) in [(1, None), (3, Some(10_000))] {
        let payee = world.payee(fault);
        let place = Fault::ALL.iter().position(|known| *known == fault).unwrap();
        let id = u8::try_from(place * 4 + slices).unwrap() + 16;
        let amount = 29_000 + i64::from(id);
        let mut teller = Teller::new(payee, amount, id, bench.clock.business());
        teller.dispatch(limit, bench.clock.business());
        teller.run(world, &mut bench, fault);
        let told = judge(world, &mut bench, &teller, fault, slices);
        assert!(cell.is_empty() || cell == told, "{}: {cell} in one piece, {told} in slices", fault.name());
        cell = told;
    }
    cell
}

fn judge(world: &mut dyn World, bench: &mut Bench, teller: &Teller, fault: Fault, slices: usize) -> String {
    let what = format!("{} on {}", fault.name(), world.name());
    let withdrawal = &teller.withdrawal;
    assert_eq!(withdrawal.state, fault.ends(), "{what}");
    let numbers = |number: u16| {
        let of = |reference: &&String| read_reference(reference).unwrap().1.slice == number;
        teller.sent.keys().filter(of).count()
    };
    let counts: BTreeSet<usize> = withdrawal.slices.iter().map(|slice| numbers(slice.number)).collect();
    assert_eq!((withdrawal.slices.len(), counts.len()), (slices, 1), "{what}: {:?}", teller.sent);
    let several = counts.contains(&2);
    assert!(
        counts.contains(&1) || several && fault == Fault::FundsFailed,
        "{what}: {counts:?} numbers a slice"
    );
    assert!(teller.open.is_empty(), "{what}: still held {:?}", teller.open);
    assert_eq!(teller.waited, [Fault::FundsShort, Fault::FundsFailed].contains(&fault), "{what}");
    let unclear =
        [Fault::LostRequest, Fault::LostReply, Fault::LateSuccess, Fault::StaleQuery].contains(&fault);
    assert!(teller.unknown || !unclear, "{what}: was unknown for a while");
    let (mut left, mut back) = (BTreeMap::<u16, u32>::new(), BTreeMap::<u16, u32>::new());
    let mut outside = 0;
    for (reference, (amount, _)) in &teller.sent {
        let (_, number) = read_reference(reference).unwrap();
        let books = world.books(bench, reference);
        if withdrawal.state != State::Failed {
            let order = PayoutOrder { again: true, ..teller.order(reference) };
            let _ = world.rail().send(&order, &mut bench.hands());
            world.pass(bench);
            assert_eq!(world.books(bench, reference), books, "{what}: sent once more it moves nothing");
        }
        assert!(books.paid <= 1, "{what}: {reference} is paid {} times", books.paid);
        outside += i64::from(books.paid) * amount - i64::from(books.returned) * amount;
        *left.entry(number.slice).or_default() += books.paid;
        *back.entry(number.slice).or_default() += books.returned;
    }
    let (left, back): (BTreeSet<u32>, BTreeSet<u32>) =
        (left.into_values().collect(), back.into_values().collect());
    assert_eq!(teller.settled - teller.returned, outside, "{what}: what left by both books");
    assert_eq!((left.len(), back.len()), (1, 1), "{what}: every slice meets the same");
    let (left, back) = (left.first().unwrap(), back.first().unwrap());
    let returned = if *back > 0 { format!(", {back} back") } else { String::new() };
    assert!(*left <= 1, "{what}: paid once, under whatever number");
    let renumbered = if several { ", under a new number" } else { "" };
    format!("{} ({left} out{returned}{renumbered})", withdrawal.state.name())
}
