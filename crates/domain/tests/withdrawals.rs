//! Cases and laws of the withdrawals module.
mod support;
mod withdrawals_world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use purser_domain::money::{Rate, decimal, parse_decimal};
use purser_domain::withdrawals::{
    Actor, Candidate, CheckResult, Effect, FailureClass, FailureKind, FeeTerms, GateCode, Hold, MoneyOp,
    Outcome, RailNumber, RailOutcome, Reason, Slice, SliceState, State, Usage, decide_request, dry_run,
    explain, fee, is_overdue, phone_notice, rail_outcome, route, slices,
};
use withdrawals_world::World;

#[test]
fn cases() {
    support::run("withdrawals", |line| {
        let mut world = World::new();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("gate", rest) => world.gate(rest),
            ("dry", rest) => world.dry(rest),
            ("fee", rest) => fee_case(rest),
            ("slices", rest) => slices_case(rest),
            ("route", rest) => route_case(rest),
            ("explain", rest) => world.explain(rest),
            ("money", rest) => world.money(rest),
            ("steps", rest) => world.steps(rest),
            ("phone", rest) => phone_case(rest),
            ("failed", rest) => failed_case(rest),
            _ if line == "money" => world.money(""),
            _ => world.story(line),
        }
    });
}

fn money(text: &str) -> i64 {
    parse_decimal(text).expect("an amount")
}

fn yearly() -> FeeTerms {
    FeeTerms::Yearly {
        rate: Rate::ppm(6_000),
        minimum_minor: 200,
        yearly_base_minor: 50_000_000,
        first_free: true,
    }
}

fn fee_case(rest: &str) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [amount, "standing", standing, "year", year] = words[..] else { return "unreadable case".into() };
    let standing = standing.parse().expect("a count");
    let usage = Usage { today_minor: 0, year_minor: money(year), standing };
    decimal(fee(money(amount), &usage, &yearly()))
}

fn slices_case(rest: &str) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [amount, "limit", limit] = words[..] else { return "unreadable case".into() };
    slices(money(amount), money(limit), 10).map_or_else(
        |no| no.to_string(),
        |parts| parts.iter().map(|part| decimal(*part)).collect::<Vec<_>>().join(" + "),
    )
}

fn phone_case(rest: &str) -> String {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let [state, amount, "net", net, currency] = words[..] else { return "unreadable case".into() };
    let state = State::named(state).expect("a state");
    let text = phone_notice(state, money(amount), money(net), currency.parse().expect("a currency"));
    text.map_or_else(|| "nothing".to_owned(), |(zh, en)| format!("{zh} | {en}"))
}

/// What a withdrawal is counted under that came to nothing, and what its merchant is told to do.
fn failed_case(rest: &str) -> String {
    let kind = match rest.split_once(' ') {
        Some(("gate", code)) => FailureKind::of_gate(GateCode::named(code).expect("a code of the gate")),
        Some(("rail", name)) => FailureKind::of_rail(FailureClass::named(name).expect("a class")),
        _ => return "unreadable case".into(),
    };
    format!("{} | {} | {}", kind.name(), kind.zh().0, kind.en().1)
}

fn route_case(rest: &str) -> String {
    let mut words = rest.split_whitespace();
    let amount = money(words.next().expect("an amount"));
    let rails: Vec<(&str, Candidate)> = words
        .map(|word| {
            let parts: Vec<&str> = word.split(':').collect();
            let [name, most, state] = parts[..] else { panic!("unreadable rail {word}") };
            let candidate = Candidate {
                connected: state != "absent",
                stopped: state == "stopped",
                healthy: state != "broken",
                most_minor: money(most),
            };
            (name, candidate)
        })
        .collect();
    let candidates: Vec<Candidate> = rails.iter().map(|(_, candidate)| *candidate).collect();
    route(&candidates, amount).map_or("nobody", |position| rails[position].0).to_owned()
}

#[test]
fn gate_codes_are_in_the_order_of_the_checks_and_worded() {
    let mut last = 0;
    for code in GateCode::ALL {
        assert!(code.check() >= last, "{} stands out of order", code.code());
        last = code.check();
        assert!((1..=15).contains(&code.check()));
        assert!(!code.zh().is_empty() && code.en().ends_with('.'), "{}", code.code());
        assert!(!code.zh().contains("钱包") && !code.zh().contains("存款"));
        assert_eq!(GateCode::named(code.code()), Some(*code));
    }
    let names: std::collections::BTreeSet<_> = GateCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(names.len(), GateCode::ALL.len(), "codes are unique");
}

/// C16: every refusal and every failure has a kind, in words, with what to do about it.
#[test]
fn every_failure_has_a_kind_with_a_remedy() {
    for kind in FailureKind::ALL {
        assert_eq!(FailureKind::named(kind.name()), Some(kind));
        for (what, remedy) in [kind.zh(), kind.en()] {
            assert!(!what.is_empty() && !remedy.is_empty(), "{}", kind.name());
        }
    }
    for code in GateCode::ALL {
        let kind = FailureKind::of_gate(*code);
        let expected = match code.check() {
            3 => FailureKind::Maintenance,
            // There is enough; the amount only has to be smaller.
            10 if *code == GateCode::RailAmountCap => FailureKind::Incomplete,
            8..=10 => FailureKind::Insufficient,
            12 => FailureKind::Review,
            13..=15 => FailureKind::Channel,
            _ => kind,
        };
        assert_eq!(kind, expected, "{}", code.code());
    }
    assert_eq!(FailureKind::of_gate(GateCode::PartyFrozen), FailureKind::FrozenAccount);
    assert_eq!(FailureKind::of_gate(GateCode::HolderMismatch), FailureKind::AbnormalAccount);
    assert_eq!(FailureKind::of_rail(FailureClass::PayeeBlocked), FailureKind::AbnormalAccount);
    assert_eq!(FailureKind::of_rail(FailureClass::RailLimit), FailureKind::Channel);
}

#[test]
fn every_gate_code_is_shown_by_a_case() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/withdrawals");
    let text: String = std::fs::read_dir(dir)
        .expect("cases")
        .map(|entry| std::fs::read_to_string(entry.expect("a file").path()).expect("text"))
        .collect();
    let shown: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(" => ")).map(|(_, got)| got).collect();
    for code in GateCode::ALL {
        let found = shown.iter().any(|got| got.split([' ', ',', ':']).any(|word| word == code.code()));
        assert!(found, "no case shows {}", code.code());
    }
}

#[test]
fn every_state_and_reason_is_explained() {
    let mut world = World::new();
    world.request("", 10_000);
    let base = world.withdrawal().clone();
    let mut reasons: Vec<Option<Reason>> =
        GateCode::ALL.iter().map(|code| Some(Reason::Gate(*code))).collect();
    reasons.extend(FailureClass::ALL.map(|class| Some(Reason::Rail { class, code: "X".into() })));
    reasons.extend([None, Some(Reason::Party), Some(Reason::Staff { note: "n".into() })]);
    for state in State::ALL {
        for reason in &reasons {
            let mut withdrawal = base.clone();
            withdrawal.state = state;
            withdrawal.reason.clone_from(reason);
            let now = withdrawal.deadline_at.plus(-1);
            let said = explain(&withdrawal, None, now);
            assert!(!said.zh.is_empty() && !said.en.is_empty() && !said.code.is_empty());
            assert_eq!(said.next_at.is_none(), state.is_final(), "{state:?} {reason:?}");
            assert!(!said.overdue);
            let late = explain(&withdrawal, None, withdrawal.deadline_at);
            assert_eq!(late.overdue, !state.is_final());
            assert_eq!(is_overdue(&withdrawal, withdrawal.deadline_at), late.overdue);
            assert!(!late.overdue || late.actor != Actor::Nobody, "somebody must act on an overdue one");
        }
    }
}

/// A ledger of one withdrawal's holds that knows only the rule "placed once, then settled once or released once".
#[derive(Default)]
struct Holds {
    open: BTreeMap<Hold, i64>,
    ended: BTreeMap<Hold, &'static str>,
    arrived_minor: i64,
    rails_minor: i64,
}

impl Holds {
    fn apply(&mut self, ops: &[MoneyOp]) {
        for op in ops {
            match *op {
                MoneyOp::Hold { hold, amount_minor, .. } => {
                    assert!(amount_minor > 0);
                    assert!(!self.ended.contains_key(&hold), "{hold:?} placed again");
                    assert!(self.open.insert(hold, amount_minor).is_none(), "{hold:?} placed twice");
                }
                MoneyOp::Settle { hold, amount_minor } => {
                    let held = self.open.remove(&hold).expect("an open hold");
                    assert!(amount_minor > 0 && amount_minor <= held);
                    self.ended.insert(hold, "settled");
                    match hold {
                        Hold::FloatSlice(_) => self.rails_minor += amount_minor,
                        Hold::Payout | Hold::PayoutSlice(_) => self.arrived_minor += amount_minor,
                        Hold::Fee => {}
                    }
                }
                MoneyOp::Release { hold } => {
                    self.open.remove(&hold).expect("an open hold");
                    self.ended.insert(hold, "released");
                }
                MoneyOp::Transfer { amount_minor, .. } => assert!(amount_minor > 0),
            }
        }
    }
}

fn outcomes() -> impl Strategy<Value = RailOutcome> {
    let class = prop::sample::select(FailureClass::ALL.to_vec());
    prop_oneof![
        (0i64..5).prop_map(|rail_fee_minor| RailOutcome::Paid { rail_fee_minor }),
        class.clone().prop_map(|class| RailOutcome::DefiniteFailure { class, code: "F".into() }),
        Just(RailOutcome::Unknown),
        Just(RailOutcome::PayerFundsShort),
        Just(RailOutcome::FailedForFunds { code: "F".into() }),
        Just(RailOutcome::Throttled),
        Just(RailOutcome::NotFound),
        Just(RailOutcome::NotTaken),
        class.prop_map(|class| RailOutcome::Bounced { class, code: "B".into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// P10: whatever a rail answers, in whatever order and however often, nothing is paid twice, no hold is both
    /// settled and released, and every amount and counter comes out even.
    #[test]
    fn no_sequence_of_outcomes_pays_twice(
        amount in 300i64..200_000,
        limit in 100i64..60_000,
        proceeds in any::<bool>(),
        paid in 0i64..250_000,
        answers in prop::collection::vec((1u16..6, any::<bool>(), outcomes(), any::<bool>()), 0..60),
    ) {
        prop_assume!(amount / limit < 20);
        let mut world = World::new();
        world.state.rail.single_limit_minor = Some(limit);
        let options = format!("door=proceeds standing=1 highest=900000.00 paid={}", decimal(paid));
        world.request(if proceeds { &options } else { "" }, amount);
        let mut holds = Holds::default();
        let mut sums = Sums::default();
        let first = world.last.clone().expect("a decision");
        holds.apply(&first.ops);
        sums.add(&first);
        let sent = world.dispatch().expect("sent");
        let Outcome::Changed(sent) = sent else { panic!("sent") };
        holds.apply(&sent.ops);
        sums.add(&sent);
        for (slice, former, answer, redispatch) in answers {
            let before = world.withdrawal().clone();
            let now = before.slices.iter().find(|known| known.number == slice).map(Slice::rail_number);
            let number = now.filter(|_| !former).unwrap_or(RailNumber::first(slice));
            let result = rail_outcome(&before, number, &answer, &world.ctx());
            if let Ok(Outcome::Changed(decision)) = result {
                let after = &decision.withdrawal;
                prop_assert!(before.state == after.state || before.state.successors().contains(&after.state),
                    "{:?} → {:?} is not in the table", before.state, after.state);
                let bounce = matches!(answer, RailOutcome::Bounced { .. });
                let charged = matches!(answer, RailOutcome::Paid { .. }) && decision.ops.is_empty();
                prop_assert!(!before.state.is_final() || bounce || charged && after.state == before.state,
                    "only a bounce moves a finished one");
                if answer == RailOutcome::Unknown {
                    prop_assert!(decision.ops.is_empty() && after.state == State::Unknown);
                }
                holds.apply(&decision.ops);
                sums.add(&decision);
                world.keep(&decision);
                let again = rail_outcome(world.withdrawal(), number, &answer, &world.ctx());
                if !matches!(answer, RailOutcome::Throttled | RailOutcome::NotFound | RailOutcome::NotTaken) {
                    prop_assert_eq!(again, Ok(Outcome::Unchanged), "a repeated answer changes nothing");
                }
            }
            if redispatch && world.withdrawal().state == State::WaitingForFunds {
                let Ok(Outcome::Changed(decision)) = world.dispatch() else { panic!("sent again") };
                prop_assert!(decision.ops.is_empty());
                let slices = &decision.withdrawal.slices;
                let recorded = |number| slices.iter().any(|known| known.number == number && known.round > 1);
                let resent = decision.effects.iter().all(|effect| match effect {
                    Effect::Send { slice, .. } => recorded(*slice),
                    effect => matches!(effect, Effect::Resend { .. }),
                });
                prop_assert!(resent, "no new order without a recorded failure of the one before");
            }
        }
        let end = world.withdrawal();
        let sum = |state| end.slices.iter().filter(|s| s.state == state).map(|s| s.amount_minor).sum::<i64>();
        prop_assert!(holds.arrived_minor <= end.net_minor);
        prop_assert_eq!(holds.arrived_minor, holds.rails_minor);
        prop_assert_eq!(holds.arrived_minor, sum(SliceState::Paid) + sum(SliceState::Bounced));
        if end.state.is_final() {
            prop_assert!(holds.open.is_empty(), "open holds at the end: {:?}", holds.open);
            prop_assert_eq!(sums.in_transit_minor, 0);
        }
        let gross = |state| end.slices.iter().filter(|s| s.state == state).map(Slice::gross_minor).sum::<i64>();
        prop_assert_eq!(sums.withdrawn_minor, gross(SliceState::Paid));
        let open: i64 = gross(SliceState::Sending) + gross(SliceState::Unknown) + gross(SliceState::FundsShort);
        prop_assert_eq!(sums.in_transit_minor, open);
        prop_assert_eq!(sums.counted_minor, gross(SliceState::Paid) + open, "restored to the fen");
        // C7, C19: what buyers had not paid comes back with its parts, neither more nor less.
        prop_assert!((0..=end.unpaid_minor.min(sums.counted_minor)).contains(&sums.unpaid_minor));
        if gross(SliceState::Paid) + open == amount {
            prop_assert_eq!(sums.unpaid_minor, end.unpaid_minor);
        }
        prop_assert!(sums.counted_minor > 0 || sums.unpaid_minor == 0);
        prop_assert_eq!(sums.standing, i32::from(!matches!(end.state, State::Failed | State::Bounced)));
    }

    /// P10: slices sum to the amount, none exceeds the limit, none is below the minimum.
    #[test]
    fn slices_fit(amount in 10i64..10_000_000, limit in 20i64..1_000_000, minimum in 1i64..11) {
        prop_assume!(amount / limit < 900);
        let parts = slices(amount, limit, minimum).expect("a limit of twice the minimum always works");
        prop_assert_eq!(parts.iter().sum::<i64>(), amount);
        prop_assert!(parts.iter().all(|part| *part <= limit && *part >= minimum));
    }

    /// C15: more is never charged less, and the fee never exceeds rate or minimum.
    #[test]
    fn fees_are_monotone(a in 1i64..100_000_000, b in 1i64..100_000_000, year in 0i64..60_000_000, standing in 0u32..3) {
        let usage = Usage { today_minor: 0, year_minor: year, standing };
        let (low, high) = (fee(a.min(b), &usage, &yearly()), fee(a.max(b), &usage, &yearly()));
        prop_assert!(low <= high && low >= 0);
        prop_assert!(standing > 0 || high == 0);
    }

    /// G: a dry run and the decision agree, whatever the facts.
    #[test]
    fn the_dry_run_says_what_deciding_does(
        options in prop::sample::subsequence(withdrawals_world::OPTIONS.to_vec(), 0..6),
        amount in prop_oneof![Just(0i64), Just(9), 10i64..30_000_000, 30_000_000i64..90_000_000],
    ) {
        let mut world = World::new();
        for option in options {
            world.set(option);
        }
        world.request.amount_minor = amount;
        let dry = dry_run(&world.state, &world.request, &world.ctx());
        prop_assert_eq!(dry.checks.len(), 15);
        for (check, number) in dry.checks.iter().zip(1u8..) {
            match check {
                CheckResult::Failed(refused) => prop_assert_eq!(refused.code.check(), number),
                CheckResult::Waits(codes) => prop_assert!(codes.iter().all(|code| code.check() == number)),
                CheckResult::Passed | CheckResult::NotApplicable => {}
            }
        }
        let decided = decide_request(world.id, world.party, &world.state, &world.request, &world.ctx());
        match decided {
            Err(refused) => prop_assert_eq!(Some(refused), dry.refused),
            Ok(accepted) => {
                prop_assert_eq!(dry.refused, None);
                prop_assert_eq!(accepted.fee_minor, dry.fee_minor);
                prop_assert_eq!(accepted.net_minor + accepted.fee_minor, amount);
                prop_assert_eq!(accepted.hints, dry.hints);
                prop_assert_eq!(accepted.expected_at, dry.expected_at);
            }
        }
    }
}

/// What decisions add up to.
#[derive(Default)]
struct Sums {
    in_transit_minor: i64,
    withdrawn_minor: i64,
    counted_minor: i64,
    unpaid_minor: i64,
    standing: i32,
}

impl Sums {
    fn add(&mut self, decision: &purser_domain::withdrawals::Decision) {
        self.in_transit_minor += decision.totals.in_transit_minor;
        self.withdrawn_minor += decision.totals.withdrawn_minor;
        for change in &decision.counters {
            assert_eq!(
                change.on, decision.withdrawal.requested_on,
                "counters change under the request's date"
            );
            self.counted_minor += change.amount_minor;
            self.unpaid_minor += change.unpaid_minor;
            self.standing += change.standing;
        }
    }
}
