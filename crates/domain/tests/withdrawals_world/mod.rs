//! The world in which the cases of withdrawals are told: a creator with 100,000.00, everything in order.

mod read;
mod show;

use std::fmt::Write as _;

use purser_domain::ids::{PartyId, PayoutAccountId, StaffId, Uid, WithdrawalId};
use purser_domain::money::{Currency, Rate, decimal};
use purser_domain::policy::value::DayWindow;
use purser_domain::time::{DAY, Date, HOUR, Timestamp, Zone};
use purser_domain::withdrawals::{
    Balances, CheckResult, CodeCheck, Ctx, Decision, Destination, DestinationKind, DispatchFacts, Door,
    FeeTerms, FirstSteps, Found, GateState, HolderMatch, Inquiry, KillSwitches, LimitUse, Outcome,
    PartyMoney, PathStep, PayeeKind, ProceedsFacts, RailFacts, RailNumber, Reason, Rejection, Request,
    Standing, StepState, StudioFacts, Usage, ValueDate, Velocity, VelocityTerms, Withdrawal, WithdrawalTerms,
    approve, cancel, decide_request, dispatch, dry_run, establish, explain, fee_steps, rail_outcome, reject,
    steps, whereabouts,
};

use self::read::{code, hours, money, read_answer, step};
use self::show::{show_decision, show_marks, show_ops, show_refused};

/// Options that make a request fail or wait; the law of the dry run mixes them.
pub(crate) const OPTIONS: [&str; 24] = [
    "currency=USD",
    "party=closed",
    "party=frozen",
    "kill=all",
    "door=proceeds",
    "door=limit",
    "door=agency",
    "hour=23",
    "phone=missing",
    "rolling=5000000.00",
    "studio=upgraded",
    "dest=none",
    "dest=credit",
    "holder=different",
    "bound=1",
    "locked=yes",
    "owed=1.00",
    "due=1.00",
    "posted=1.00",
    "code=wrong",
    "code=expired",
    "value=48",
    "float=0.00",
    "rail=sick",
];

pub(crate) struct World {
    pub(crate) id: WithdrawalId,
    pub(crate) party: PartyId,
    pub(crate) state: GateState,
    pub(crate) request: Request,
    pub(crate) terms: WithdrawalTerms,
    pub(crate) last: Option<Decision>,
    zone: Zone,
    now: Timestamp,
    funds_known: bool,
}

fn staff(digit: &str) -> StaffId {
    StaffId(Uid([digit.parse().expect("a digit"); 16]))
}

fn terms() -> WithdrawalTerms {
    WithdrawalTerms {
        minimum_minor: 10,
        code_required: true,
        studio_daily_cap_minor: Some(49_999_900),
        studio_threshold_minor: Some(500_000_000),
        review_from_minor: None,
        two_person_from_minor: 50_000_000,
        new_destination_review_us: 3 * DAY,
        first_cooling_off_us: 0,
        cooling_off_us: 24 * HOUR,
        payout_clock_us: 72 * HOUR,
        closed_window: DayWindow::parse("23:00..03:00"),
        earnings_fee: FeeTerms::None,
        proceeds_fee: FeeTerms::Yearly {
            rate: Rate::ppm(6_000),
            minimum_minor: 200,
            yearly_base_minor: 50_000_000,
            first_free: true,
        },
        velocity: VelocityTerms {
            held_request: 6,
            large_share: Rate::ppm(300_000),
            after_large_us: 72 * HOUR,
            day_minor: 2_000_000,
            days: 3,
            lock_us: Some(15 * DAY),
            advice_share: Rate::ppm(200_000),
        },
        unpaid_share: Some(Rate::ppm(500_000)),
        unpaid_share_zeroes: false,
        risk_review_from: 80,
        fee_on_payee_fault: true,
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().expect("an instant");
        let done = StepState::Done;
        let state = GateState {
            currency: Currency::CNY,
            standing: Standing::Active,
            kind: PayeeKind::Independent,
            kill: KillSwitches::default(),
            first_steps: FirstSteps { phone: done, real_name: done, payout_account: done },
            studio: StudioFacts::Person { rolling_minor: 0 },
            destination: Some(Destination {
                id: PayoutAccountId(Uid([9; 16])),
                kind: DestinationKind::Alipay,
                holder: HolderMatch::Same,
                bound_at: now.plus(-90 * DAY),
                first: false,
                locked: false,
            }),
            balances: Balances { posted_minor: 10_000_000, ..Balances::default() },
            usage: Usage::default(),
            proceeds: ProceedsFacts::NotApplicable,
            code: CodeCheck::Correct,
            value_date: ValueDate::Immediate,
            rail: RailFacts {
                float_minor: 1_000_000_000,
                marked_short: false,
                stopped: false,
                healthy: true,
                single_limit_minor: None,
                most_minor: None,
            },
        };
        Self {
            id: WithdrawalId(Uid([7; 16])),
            party: PartyId(Uid([1; 16])),
            state,
            request: Request { door: Door::Earnings, amount_minor: 0, currency: Currency::CNY },
            terms: terms(),
            last: None,
            zone: Zone::shanghai(),
            now,
            funds_known: true,
        }
    }

    fn today(&self) -> Date {
        self.zone.date(self.now)
    }

    pub(crate) fn ctx(&self) -> Ctx<'_> {
        let terms = &self.terms;
        // Three working days after the civil date, at its end: the calendar is the engine's, so a fixed stand-in here.
        let funds_expected_at = self.funds_known.then(|| self.now.plus(4 * DAY));
        Ctx { now: self.now, today: self.today(), zone: &self.zone, terms, funds_expected_at }
    }

    pub(crate) fn withdrawal(&self) -> &Withdrawal {
        &self.last.as_ref().expect("a withdrawal").withdrawal
    }

    pub(crate) fn keep(&mut self, decision: &Decision) {
        self.last = Some(decision.clone());
    }

    /// Sets one `key=value`.
    pub(crate) fn set(&mut self, option: &str) {
        let (key, value) = option.split_once('=').expect("key=value");
        if self.set_party(key, value) || self.set_money(key, value) || self.set_destination(key, value) {
            return;
        }
        let terms = &mut self.terms;
        match (key, value) {
            ("code", _) => self.state.code = code(value),
            ("codes", _) => terms.code_required = value == "on",
            ("review_from", _) => terms.review_from_minor = Some(money(value)),
            ("keep_fee", _) => terms.fee_on_payee_fault = value == "on",
            ("share", _) => terms.unpaid_share_zeroes = value == "zeroes",
            ("streak", _) => terms.velocity.lock_us = terms.velocity.lock_us.filter(|_| value == "locks"),
            ("at", _) => self.now = value.parse().expect("an instant"),
            ("value", "unknown") => self.state.value_date = ValueDate::CalendarMissing,
            ("value", _) => self.state.value_date = ValueDate::At(self.now.plus(hours(value))),
            ("float", _) => self.state.rail.float_minor = money(value),
            ("funds", "unknown") => self.funds_known = false,
            ("most", _) => self.state.rail.most_minor = Some(money(value)),
            ("limit", _) => self.state.rail.single_limit_minor = Some(money(value)),
            ("rail", "short") => self.state.rail.marked_short = true,
            ("rail", "stopped") => self.state.rail.stopped = true,
            ("rail", "sick") => self.state.rail.healthy = false,
            ("rail", _) => {
                self.state.rail.marked_short = false;
                self.state.rail.stopped = false;
                self.state.rail.healthy = true;
            }
            ("hour", _) => self.now = self.zone.at(self.today(), value.parse().expect("an hour"), 30),
            ("later", _) => self.now = self.now.plus(hours(value)),
            _ => panic!("unknown option {option}"),
        }
    }

    fn set_party(&mut self, key: &str, value: &str) -> bool {
        let state = &mut self.state;
        match (key, value) {
            ("party", "closed") => state.standing = Standing::Closed,
            ("party", "frozen") => state.standing = Standing::Frozen,
            ("party", _) => state.standing = Standing::Active,
            ("kill", "all") => state.kill.all_payouts = true,
            ("kill", "kind") => state.kill.party_kind = true,
            ("kill", _) => state.kill = KillSwitches::default(),
            ("kind", "agency") => state.kind = PayeeKind::AgencySigned,
            ("kind", "corporate") => state.kind = PayeeKind::Corporate,
            ("phone", _) => state.first_steps.phone = step(value),
            ("name", _) => state.first_steps.real_name = step(value),
            ("account", _) => state.first_steps.payout_account = step(value),
            ("rolling", _) => state.studio = StudioFacts::Person { rolling_minor: money(value) },
            ("studio", _) => state.studio = StudioFacts::Upgraded,
            _ => return false,
        }
        true
    }

    fn set_money(&mut self, key: &str, value: &str) -> bool {
        let state = &mut self.state;
        match key {
            "currency" => self.request.currency = value.parse().expect("a currency"),
            "door" => {
                self.request.door = match value {
                    "limit" => Door::CreditLimit(LimitUse::Withdrawal),
                    "transfer" => Door::CreditLimit(LimitUse::Transfer),
                    "red_packet" => Door::CreditLimit(LimitUse::RedPacket),
                    "balance" => Door::CreditLimit(LimitUse::Balance),
                    "agency" => Door::AgencyEarnings,
                    "other" => Door::OtherShop { authorised: false },
                    "authorised" => Door::OtherShop { authorised: true },
                    _ => Door::Proceeds,
                };
                if self.request.door.source() == Door::Proceeds.source() {
                    state.studio = StudioFacts::NotApplicable;
                    let velocity = Velocity { paid_available_minor: 100_000_000, ..Velocity::default() };
                    state.proceeds = ProceedsFacts::Applies(velocity);
                }
            }
            "posted" => state.balances.posted_minor = money(value),
            "held" => state.balances.held_minor = money(value),
            "owed" => state.balances.owed_minor = money(value),
            "due" => state.balances.due_minor = money(value),
            "liability" => state.balances.liability_minor = money(value),
            "joint" => state.balances.joint_minor = money(value),
            "today" => state.usage.today_minor = money(value),
            "year" => state.usage.year_minor = money(value),
            "standing" => state.usage.standing = value.parse().expect("a count"),
            _ => return self.set_velocity(key, value),
        }
        true
    }

    fn set_velocity(&mut self, key: &str, value: &str) -> bool {
        let ProceedsFacts::Applies(velocity) = &mut self.state.proceeds else { return false };
        match key {
            "paid" => velocity.paid_available_minor = money(value),
            "unpaid_today" => velocity.unpaid_today_minor = money(value),
            "highest" => velocity.highest_limit_minor = money(value),
            "total" => velocity.limit_minor = money(value),
            "new" => velocity.new_shop = value == "yes",
            "requests" => velocity.requests_today = value.parse().expect("a count"),
            "large" => velocity.large_at = Some(self.now.plus(-hours(value))),
            "days" => velocity.days_before = value.parse().expect("a count"),
            "score" => velocity.risk_score = value.parse().expect("a score"),
            _ => return false,
        }
        true
    }

    fn set_destination(&mut self, key: &str, value: &str) -> bool {
        let now = self.now;
        if (key, value) == ("dest", "none") {
            self.state.destination = None;
            return true;
        }
        let known = ["dest", "holder", "bound", "first", "locked"].contains(&key);
        let Some(destination) = &mut self.state.destination else { return known };
        match (key, value) {
            ("dest", "credit") => destination.kind = DestinationKind::CreditCard,
            ("dest", "card") => destination.kind = DestinationKind::PersonalCard,
            ("dest", "company") => destination.kind = DestinationKind::CorporateAccount,
            ("dest", "sandbox") => destination.kind = DestinationKind::Sandbox,
            ("holder", "none") => destination.holder = HolderMatch::NotApplicable,
            ("holder", _) => destination.holder = HolderMatch::Different,
            ("bound", _) => destination.bound_at = now.plus(-hours(value)),
            ("first", _) => destination.first = true,
            ("locked", _) => destination.locked = value == "yes",
            _ => return false,
        }
        true
    }

    fn read_request(&mut self, rest: &str) {
        for word in rest.split_whitespace() {
            if word.contains('=') {
                self.set(word);
            } else {
                self.request.amount_minor = money(word);
            }
        }
    }

    pub(crate) fn request(&mut self, options: &str, amount_minor: i64) {
        self.read_request(options);
        self.request.amount_minor = amount_minor;
        let accepted = decide_request(self.id, self.party, &self.state, &self.request, &self.ctx());
        self.last = Some(accepted.expect("an accepted request").decision);
    }

    /// `gate OPTIONS… AMOUNT`: the decision in one line.
    pub(crate) fn gate(&mut self, rest: &str) -> String {
        self.read_request(rest);
        match decide_request(self.id, self.party, &self.state, &self.request, &self.ctx()) {
            Err(refused) => show_refused(&refused),
            Ok(accepted) => {
                let mut out = accepted.first_state.name().to_owned();
                let _ =
                    write!(out, " fee {} net {}", decimal(accepted.fee_minor), decimal(accepted.net_minor));
                let _ = match accepted.expected_at {
                    Some(at) => write!(out, " expected {at}"),
                    None => write!(out, " expected unknown"),
                };
                let people = accepted.decision.withdrawal.people_needed;
                if people > 0 {
                    let _ = write!(out, " people {people}");
                }
                let hints: Vec<_> = accepted.hints.iter().map(|code| code.code()).collect();
                if !hints.is_empty() {
                    let _ = write!(out, " hints {}", hints.join(","));
                }
                let unpaid = accepted.decision.withdrawal.unpaid_minor;
                if unpaid > 0 {
                    let _ = write!(out, " unpaid {}", decimal(unpaid));
                }
                show_marks(&mut out, accepted.marks);
                show_ops(&mut out, &accepted.decision.ops);
                out
            }
        }
    }

    /// `dry OPTIONS… AMOUNT`: every check in one line.
    pub(crate) fn dry(&mut self, rest: &str) -> String {
        self.read_request(rest);
        let dry = dry_run(&self.state, &self.request, &self.ctx());
        let checks: Vec<String> = dry
            .checks
            .iter()
            .zip(1..)
            .map(|(check, number)| match check {
                CheckResult::NotApplicable => format!("{number}:-"),
                CheckResult::Passed => format!("{number}:ok"),
                CheckResult::Failed(refused) => format!("{number}:{}", refused.code.code()),
                CheckResult::Waits(codes) => {
                    let codes: Vec<_> = codes.iter().map(|code| code.code()).collect();
                    format!("{number}:waits,{}", codes.join(","))
                }
            })
            .collect();
        let advice =
            dry.advice_minor.map_or_else(String::new, |advice| format!(" advice {}", decimal(advice)));
        format!("{} fee {} net {}{advice}", checks.join(" "), decimal(dry.fee_minor), decimal(dry.net_minor))
    }

    pub(crate) fn dispatch(&mut self) -> Result<Outcome, Rejection> {
        let facts = DispatchFacts {
            standing: self.state.standing,
            kill: self.state.kill,
            kind: self.state.kind,
            studio: self.state.studio,
            destination: self.state.destination,
            rail: self.state.rail,
        };
        let outcome = dispatch(self.withdrawal(), &facts, &self.ctx());
        if let Ok(Outcome::Changed(decision)) = &outcome {
            self.keep(decision);
        }
        outcome
    }

    /// A slice is about to be given to the rail.
    fn hand_over(&mut self, number: u16) -> Outcome {
        let mut decision = self.last.clone().expect("a decision");
        let slice = decision.withdrawal.slices.iter_mut().find(|slice| slice.number == number);
        slice.expect("a slice").hand_over();
        self.keep(&decision);
        Outcome::Changed(Box::new(decision))
    }

    fn step(&mut self, step: &str) -> Result<Outcome, Rejection> {
        let (options, words): (Vec<&str>, Vec<&str>) = step.split_whitespace().partition(|w| w.contains('='));
        for option in options {
            self.set(option);
        }
        let outcome = match words[..] {
            ["request", amount] => {
                self.request("", money(amount));
                return Ok(Outcome::Changed(Box::new(self.last.clone().expect("a decision"))));
            }
            ["dispatch"] => return self.dispatch(),
            ["handed", number] => return Ok(self.hand_over(number.parse().expect("the number of a slice"))),
            ["approve", digit] => approve(self.withdrawal(), staff(digit), &self.ctx()),
            ["reject"] => reject(self.withdrawal(), ""),
            ["reject", note] => reject(self.withdrawal(), note),
            ["cancel"] => cancel(self.withdrawal(), Reason::Party),
            ["cancel", note] => cancel(self.withdrawal(), Reason::Staff { note: note_of(note) }),
            // `inquiry 1 arrived`: what people found out.
            ["inquiry", slice, found, ref rest @ ..] => {
                let inquiry = Inquiry {
                    slice: slice.parse().expect("the number of a slice"),
                    found: Found::named(found).expect("what was found"),
                    evidence: if rest.contains(&"unsaid") { "" } else { "answer of the rail, 4711" },
                };
                establish(self.withdrawal(), &inquiry, &self.ctx())
            }
            [number, ref answer @ ..] => {
                // `1`, or `1r2` for its second number at the rail.
                let (slice, round) = number.split_once('r').unwrap_or((number, "1"));
                let number = RailNumber {
                    slice: slice.parse().expect("the number of a slice"),
                    round: round.parse().expect("which of its numbers"),
                };
                rail_outcome(self.withdrawal(), number, &read_answer(answer), &self.ctx())
            }
            [] => panic!("an empty step"),
        };
        if let Ok(Outcome::Changed(decision)) = &outcome {
            self.keep(decision);
        }
        outcome
    }

    fn run(&mut self, steps: &str) -> Result<Outcome, Rejection> {
        steps.split(';').map(|step| self.step(step)).last().expect("a step")
    }

    /// `STEP ; STEP ; …`: what the last step did.
    pub(crate) fn story(&mut self, line: &str) -> String {
        match self.run(line) {
            Ok(Outcome::Unchanged) => "unchanged".into(),
            Err(no) => format!("{}: {no}", no.code()),
            Ok(Outcome::Changed(decision)) => show_decision(&decision),
        }
    }

    /// `money OPTIONS…`: where everything is, piece by piece.
    pub(crate) fn money(&mut self, rest: &str) -> String {
        let (mut frozen, mut pending, mut routed, mut withheld, mut open) = (0, 0, 0, 0, Vec::new());
        for word in rest.split_whitespace() {
            match word.split_once('=').expect("key=value") {
                ("frozen", amount) => frozen = money(amount),
                ("pending", amount) => pending = money(amount),
                ("routed", amount) => routed = money(amount),
                ("tax", amount) => withheld = money(amount),
                ("open", amount) => {
                    self.request("", money(amount));
                    open.push(self.withdrawal().clone());
                }
                _ => self.set(word),
            }
        }
        self.request.amount_minor = self.state.balances.available_minor();
        let gate = dry_run(&self.state, &self.request, &self.ctx());
        let facts = PartyMoney {
            available_minor: self.state.balances.available_minor(),
            frozen_minor: frozen,
            pending_minor: pending,
            routed_minor: routed,
            owed_minor: self.state.balances.owed_minor,
            withheld_minor: withheld,
            gate: &gate,
            open: &open,
        };
        let parts = whereabouts(&facts, |_| None, self.now);
        let show = |part: &purser_domain::withdrawals::Whereabout| {
            assert!(!part.zh.is_empty() && part.en.ends_with('.'));
            let mut out = format!("{} {} {}", part.place.name(), decimal(part.amount_minor), part.code);
            let _ = write!(out, " {} {}", part.actor.name(), part.next_step.name());
            if let Some(at) = part.next_at {
                let _ = write!(out, " at {at}");
            }
            for step in &part.missing {
                let _ = write!(out, " {}", step.name());
            }
            out + if part.overdue { " overdue" } else { "" }
        };
        parts.iter().map(show).collect::<Vec<_>>().join(" | ")
    }

    /// `explain STEP ; STEP ; …`: what is told after the last step.
    pub(crate) fn explain(&mut self, line: &str) -> String {
        let _ = self.run(line);
        let said = explain(self.withdrawal(), None, self.now);
        let mut out = format!("{} | {} | {}", said.code, said.zh, said.en);
        let _ = write!(out, " | {} {}", said.actor.name(), said.next_step.name());
        if let Some(at) = said.next_at {
            let _ = write!(out, " at {at}");
        }
        if said.overdue {
            out += " overdue";
        }
        if let Some(detail) = said.detail {
            let _ = write!(out, " ({detail})");
        }
        out
    }
}

impl World {
    /// `steps STEP ; STEP ; …`: the way so far after the last step.
    pub(crate) fn steps(&mut self, line: &str) -> String {
        let _ = self.run(line);
        let withdrawal = self.withdrawal();
        let fee = fee_steps(withdrawal.amount_minor, &self.state.usage, &self.terms.proceeds_fee);
        let show = |step: &PathStep| {
            assert!(!step.zh.is_empty() && !step.en.is_empty());
            let amount = step.amount_minor.map_or_else(String::new, |amount| format!(" {}", decimal(amount)));
            let at = step.at.map_or_else(String::new, |at| format!(" at {at}"));
            format!("{}{amount}{at}", step.code)
        };
        let repaid = self.state.balances.debts_minor();
        steps(withdrawal, Some(&fee), repaid).iter().map(show).collect::<Vec<_>>().join(" | ")
    }
}

/// A note that cases cannot write out, by its name; any other word is the note.
fn note_of(word: &str) -> String {
    match word {
        "LONG" => "x".repeat(501),
        "BELL" => "a\u{7}".to_owned(),
        word => word.to_owned(),
    }
}
