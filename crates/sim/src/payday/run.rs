//! One run: a market of creators who are paid over a rail that fails. It follows from its seed.

use std::collections::BTreeMap;

use purser_domain::{
    ids::{ApprovalId, JobId, PayoutAccountId},
    time::{DAY, HOUR, MINUTE, SECOND, Zone},
    withdrawals::{Found, RailOutcome, SliceState, rail_reference},
};
use purser_engine::{
    Failure,
    clock::Clock,
    invariants,
    jobs::{self, Claimed, Hands, Registry},
    ports::RailNotice,
    rows::{JobRow, JobState},
    verify::verify_full,
    withdrawals::{
        BOOK_CHARGE, Located, PayoutInquiry, WithdrawalRow, by_reference, dispatch_due, rail_jobs,
        run_book_charge, run_probe, run_query, run_send,
    },
};
use purser_storage::{FaultKind, Session, sqlite};

use super::{
    acts::{Act, CREATORS, accepted, rules},
    laws::{self, Notebook},
    mix::{Mix, happens},
    rail::{SimRail, Status},
};
use crate::{
    desk::{Answer, Desk, Place, START},
    faults::{FaultDial, Moment, Planned},
    rng::Rng,
};

/// Callers try again so often.
const PATIENCE: usize = 40;
/// Rounds that the end may take.
const LAST_ROUNDS: usize = 60;
/// What the platform takes of an order, in a hundred.
const SHARE: i64 = 5;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Commands of people and systems.
    pub ops: usize,
    /// Answers by their code, or `accepted`.
    pub answers: BTreeMap<String, u64>,
    /// Calls of the rail.
    pub calls: u64,
    /// Withdrawals by how they ended.
    pub ended: BTreeMap<String, u64>,
    /// Faults of the database that struck.
    pub faults: u64,
    /// Times that the server died and another one began.
    pub restarts: u64,
}

impl Outcome {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.ops += other.ops;
        self.calls += other.calls;
        self.faults += other.faults;
        self.restarts += other.restarts;
        for (sum, more) in [(&mut self.answers, &other.answers), (&mut self.ended, &other.ended)] {
            for (name, count) in more {
                *sum.entry(name.clone()).or_default() += count;
            }
        }
    }
}

struct Driver<'a> {
    place: &'a Place,
    desk: Option<Desk>,
    reads: Option<Box<dyn Session>>,
    clock: Clock,
    dial: FaultDial,
    rail: SimRail,
    mix: Mix,
    rng: Rng,
    notebook: Notebook,
    /// What the rail has said or will say by itself: told late, twice, in any order.
    notices: Vec<RailNotice>,
    outcome: Outcome,
    keys: usize,
    serial: u32,
}

/// Runs a seed with so many commands.
///
/// # Errors
/// The first law that does not hold, in words with the seed.
pub fn run(place: &Place, seed: u64, ops: usize) -> Result<Outcome, String> {
    let told = |done: usize, text: String| format!("seed {seed}, after {done} commands: {text}");
    let mut driver = Driver::open(place, seed).map_err(|text| told(0, text))?;
    while driver.outcome.ops < ops {
        let round = driver.round();
        round.map_err(|text| told(driver.outcome.ops, text))?;
    }
    driver.end().map_err(|text| told(driver.outcome.ops, text))?;
    driver.outcome.calls = driver.rail.books().calls;
    Ok(driver.outcome)
}

fn words(fault: impl std::fmt::Display) -> String {
    fault.to_string()
}

impl<'a> Driver<'a> {
    fn open(place: &'a Place, seed: u64) -> Result<Self, String> {
        let mut rng = Rng::new(seed);
        let mix = Mix::of(&mut rng);
        let rail = SimRail::new(Rng::new(rng.next_u64()), mix.clone());
        let mut driver = Self {
            place,
            desk: None,
            reads: None,
            clock: Clock::frozen_at(START),
            dial: FaultDial::new(),
            rail,
            mix,
            rng,
            notebook: Notebook::default(),
            notices: Vec::new(),
            outcome: Outcome::default(),
            keys: 0,
            serial: 0,
        };
        driver.start()?;
        driver.accept(&Act::Found)?;
        for number in 0..CREATORS {
            driver.accept(&Act::Register(number))?;
            driver.bind(number)?;
        }
        driver.top_up(60_000)?;
        Ok(driver)
    }

    /// A server over what there is.
    fn start(&mut self) -> Result<(), String> {
        (self.desk, self.reads) = (None, None);
        self.dial.clear();
        let session = self.place.session(&sqlite::Options::default()).map_err(words)?;
        let desk = Desk::ruled(session, self.clock.clone(), self.dial.clone(), rules()).map_err(words)?;
        self.desk = Some(desk);
        self.reads = Some(self.place.reader().map_err(words)?);
        Ok(())
    }

    /// Does one thing, again and again until there is an answer; what was answered.
    fn act(&mut self, act: &Act) -> Result<Result<String, String>, String> {
        self.keys += 1;
        let key = format!("act-{}", self.keys);
        for _ in 0..PATIENCE {
            let desk = self.desk.as_mut().ok_or("there is no server")?;
            let answers = desk.run(|batch| vec![act.job(&key, batch)]);
            let Some(answer) = answers.into_iter().next() else { break };
            match read(answer) {
                Ok(said) => {
                    let code = said.as_ref().map_or_else(Clone::clone, |_| "accepted".to_owned());
                    *self.outcome.answers.entry(code).or_default() += 1;
                    return Ok(said);
                }
                Err(Failure::Fault(_)) => self.struck()?,
                Err(other) => return Err(format!("{act:?}: {other}")),
            }
        }
        Err(format!("{act:?}: the caller gave up"))
    }

    /// Does what can only be accepted.
    fn accept(&mut self, act: &Act) -> Result<String, String> {
        self.act(act)?.map_err(|code| format!("{act:?} was refused: {code}"))
    }

    /// A fault came through to a caller: sometimes the server has died of it.
    fn struck(&mut self) -> Result<(), String> {
        let chance = self.mix.restart;
        if happens(&mut self.rng, chance) {
            self.outcome.restarts += 1;
            return self.start();
        }
        Ok(())
    }

    fn bind(&mut self, number: usize) -> Result<(), String> {
        self.serial += 1;
        let said = self.act(&Act::Bind(number, self.serial))?;
        let id: Option<PayoutAccountId> = said.ok().and_then(|id| id.parse().ok());
        self.notebook.creators[number].accounts.extend(id);
        Ok(())
    }

    fn top_up(&mut self, amount_minor: i64) -> Result<(), String> {
        self.serial += 1;
        if self.act(&Act::TopUp(amount_minor, self.serial))?.is_ok() {
            self.notebook.topped_up_minor += amount_minor;
            self.rail.books().balance_minor += amount_minor;
        }
        Ok(())
    }

    fn round(&mut self) -> Result<(), String> {
        self.pass();
        self.plan_fault(40);
        for _ in 0..=self.rng.below(2) {
            self.somebody()?;
            self.outcome.ops += 1;
        }
        self.plan_fault(160);
        self.work()?;
        self.tell()?;
        self.dial.clear();
        self.look()
    }

    /// Time goes on: by a little, by hours, now and then by days.
    fn pass(&mut self) {
        let rng = &mut self.rng;
        let some = |rng: &mut Rng, most: u64| rng.below(most).cast_signed();
        let by = match rng.below(10) {
            _ if happens(rng, self.mix.long_jump) => (1 + some(rng, 4)) * DAY,
            0..=5 => some(rng, 300) * SECOND,
            6 | 7 => some(rng, 90) * MINUTE,
            _ => some(rng, 10) * HOUR,
        };
        self.clock.set_offset(self.clock.offset() + by);
        let mut books = self.rail.books();
        books.pass();
        // Somebody moves money at the rail that these books do not know of, and puts it back.
        if happens(&mut self.rng, self.mix.drained) {
            let missing = self.notebook.missing_minor;
            let change = if missing == 0 { books.balance_minor.min(30_000) } else { -missing };
            books.balance_minor -= change;
            self.notebook.missing_minor += change;
        }
        let news = std::mem::take(&mut books.news);
        let say = |reference: String| {
            let (outcome, amount) = (books.outcome(&reference), books.orders.get(&reference)?.amount_minor);
            Some(RailNotice { reference, amount_minor: amount, outcome })
        };
        self.notices.extend(news.into_iter().filter_map(say));
    }

    fn plan_fault(&mut self, calls: u64) {
        self.outcome.faults += u64::from(self.dial.struck().is_some());
        let chance = self.mix.database;
        if !happens(&mut self.rng, chance) {
            let nothing =
                Planned { call: u64::MAX, moment: Moment::Before, kind: FaultKind::Other, times: 0 };
            self.dial.plan(nothing);
            return;
        }
        let rng = &mut self.rng;
        let moment = if rng.one_in(2) { Moment::Before } else { Moment::After };
        let kind = if rng.one_in(2) { FaultKind::Retry } else { FaultKind::Other };
        self.dial.plan(Planned { call: 1 + rng.below(calls), moment, kind, times: 1 + rng.below(2) });
    }

    /// One of the people or systems does something.
    fn somebody(&mut self) -> Result<(), String> {
        let number = self.rng.index(CREATORS);
        match self.rng.below(20) {
            _ if happens(&mut self.rng, self.mix.unbind) => self.change_account(number),
            _ if happens(&mut self.rng, self.mix.freeze) => self.freeze(number),
            0..=4 => self.earn(number),
            5..=12 => self.withdraw(number),
            13 | 14 => self.cancel(number),
            15 | 16 => {
                let amount_minor = 1_000 * (1 + self.rng.below(60).cast_signed());
                self.top_up(amount_minor)
            }
            17 => self.act(&Act::Reopen).map(|_| ()),
            _ => self.inquire(number),
        }
    }

    fn earn(&mut self, number: usize) -> Result<(), String> {
        self.serial += 1;
        let amount_minor = 100 * (1 + self.rng.below(1_500).cast_signed());
        self.accept(&Act::Earn(number, self.serial, amount_minor, self.clock.business()))?;
        self.notebook.creators[number].earned_minor += amount_minor - amount_minor * SHARE / 100;
        Ok(())
    }

    fn withdraw(&mut self, number: usize) -> Result<(), String> {
        let most = 60_000;
        let asked = (!self.rng.one_in(3)).then(|| 1_000 + self.rng.below(most).cast_signed());
        let available = self.available(number)?;
        let known = self.notebook.creators[number].clone();
        let said = self.act(&Act::Withdraw(number, asked))?;
        match said {
            Ok(said) => {
                let (id, amount) = accepted(&said).ok_or_else(|| format!("unreadable: {said}"))?;
                let wrong = known.frozen
                    || known.accounts.is_empty()
                    || amount > available
                    || asked.is_some_and(|asked| asked != amount);
                if wrong {
                    return Err(format!(
                        "creator {number} with {available} ({known:?}) asked for {asked:?} and got {amount}"
                    ));
                }
                self.notebook.creators[number].asked.insert(id, amount);
                Ok(())
            }
            Err(code)
                if code == "insufficient_available" && asked.is_some_and(|asked| asked <= available) =>
            {
                Err(format!("creator {number} has {available} and was refused {asked:?}"))
            }
            Err(_) => Ok(()),
        }
    }

    /// What a creator can draw, by their own arithmetic.
    fn available(&mut self, number: usize) -> Result<i64, String> {
        let known = self.notebook.creators[number].clone();
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        let rows = laws::withdrawals(reads, &known)?;
        let gone: i64 = rows.iter().map(laws::not_back).sum();
        Ok(known.earned_minor - gone)
    }

    fn rows(&mut self, number: usize) -> Result<Vec<WithdrawalRow>, String> {
        let known = self.notebook.creators[number].clone();
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        laws::withdrawals(reads, &known)
    }

    fn cancel(&mut self, number: usize) -> Result<(), String> {
        let rows = self.rows(number)?;
        let Some(row) = rows.last() else { return Ok(()) };
        self.act(&Act::Cancel(Located::from(row))).map(|_| ())
    }

    fn freeze(&mut self, number: usize) -> Result<(), String> {
        let frozen = !self.notebook.creators[number].frozen;
        if self.act(&Act::Freeze(number, frozen))?.is_ok() {
            self.notebook.creators[number].frozen = frozen;
        }
        Ok(())
    }

    fn change_account(&mut self, number: usize) -> Result<(), String> {
        let Some(id) = self.notebook.creators[number].accounts.first().copied() else {
            return self.bind(number);
        };
        if self.act(&Act::Unbind(number, id))?.is_ok() {
            self.notebook.creators[number].accounts.remove(0);
        }
        Ok(())
    }

    /// Two people ask the rail about what it left open for too long, and it tells them what it is sure of.
    fn inquire(&mut self, number: usize) -> Result<(), String> {
        for row in self.rows(number)? {
            for slice in row.withdrawal().slices {
                let reference = rail_reference(row.id, slice.rail_number());
                let status = self.rail.books().orders.get(&reference).map(|order| order.status);
                let found = match status {
                    _ if slice.state != SliceState::Unknown => continue,
                    Some(Status::Paid) => Found::Arrived,
                    Some(Status::Dealing | Status::Returned) => continue,
                    _ if self.rail.books().may_pay(&reference) => continue,
                    _ => Found::NotArrived,
                };
                let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
                let about = PayoutInquiry::about(reads, row.id, slice.number, found, "asked");
                let Some(inquiry) = about.map_err(words)? else { continue };
                let Ok(proposed) = self.act(&Act::Propose(Box::new(inquiry)))? else { continue };
                let id: ApprovalId = proposed.parse().map_err(|_| format!("unreadable: {proposed}"))?;
                if self.act(&Act::Approve(id))?.is_ok() {
                    self.notebook.found.insert(reference, found == Found::Arrived);
                }
            }
        }
        Ok(())
    }

    /// What the server does by itself: looks at the queue, runs what is due.
    fn work(&mut self) -> Result<(), String> {
        for _ in 0..2 {
            let due = self.due()?;
            if !due.is_empty() {
                self.accept(&Act::Free(due))?;
            }
            let mut registry = registry(&self.rail);
            let clock = self.clock.clone();
            let desk = self.desk.as_mut().ok_or("there is no server")?;
            let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
            // What fails here is tried again in another round; a server may have died of it.
            let sent = dispatch_due(&mut desk.writer, reads, &clock, "sandbox").map(|_| ());
            let ran = jobs::run_due(&mut desk.writer, reads, &clock, &mut registry).map(|_| ());
            if sent.and(ran).is_err() {
                self.struck()?;
            }
        }
        Ok(())
    }

    /// Jobs that are not finished.
    fn due(&mut self) -> Result<Vec<JobId>, String> {
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        let jobs = jobs::by_state(reads, JobState::Ready, 200).map_err(words)?;
        let ours = |row: &JobRow| row.kind.starts_with("rail.") || row.kind == BOOK_CHARGE;
        Ok(jobs.iter().filter(|row| ours(row)).map(|row| row.id).collect())
    }

    /// The rail's own messages arrive.
    fn tell(&mut self) -> Result<(), String> {
        let mut later = Vec::new();
        for notice in std::mem::take(&mut self.notices) {
            if !happens(&mut self.rng, self.mix.notice) {
                later.push(notice);
                continue;
            }
            self.deliver(&notice)?;
            if happens(&mut self.rng, self.mix.notice_again) {
                later.push(notice);
            }
        }
        // Told much later, or not at all: what is asked about is learned anyway.
        if later.len() > 40 {
            later.drain(..20);
        }
        self.notices = later;
        Ok(())
    }

    fn deliver(&mut self, notice: &RailNotice) -> Result<(), String> {
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        let located = by_reference(reads, &notice.reference).map_err(words)?;
        self.accept(&Act::Notice(notice.clone(), located)).map(|_| ())
    }

    fn look(&mut self) -> Result<(), String> {
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        laws::hold(reads, &self.notebook, &self.rail.books())
    }

    /// The rail is well again, everybody is thawed, there is money: everything comes to its end.
    fn end(&mut self) -> Result<(), String> {
        self.dial.clear();
        {
            let mut books = self.rail.books();
            books.calm = true;
            books.balance_minor += self.notebook.missing_minor;
        }
        self.notebook.missing_minor = 0;
        for number in 0..CREATORS {
            if self.notebook.creators[number].frozen {
                self.freeze(number)?;
            }
        }
        self.top_up(5_000_000)?;
        self.accept(&Act::Reopen)?;
        for round in 0..LAST_ROUNDS {
            self.clock.set_offset(self.clock.offset() + 8 * HOUR);
            self.rail.books().pass();
            self.work()?;
            for number in 0..CREATORS {
                self.inquire(number)?;
            }
            self.look()?;
            if round >= 10 && self.is_over()? {
                break;
            }
        }
        self.last_news()?;
        self.work()?;
        self.look()?;
        let reads = self.reads.as_mut().ok_or("there is no server")?.as_mut();
        laws::settled(reads, &self.notebook, &self.rail.books())?;
        for number in 0..CREATORS {
            for row in self.rows(number)? {
                *self.outcome.ended.entry(row.state).or_default() += 1;
            }
        }
        self.prove()
    }

    fn is_over(&mut self) -> Result<bool, String> {
        let mut over = true;
        for number in 0..CREATORS {
            over &= self.rows(number)?.iter().all(|row| row.withdrawal().state.is_final());
        }
        Ok(over)
    }

    /// What came back after it was paid is only told.
    fn last_news(&mut self) -> Result<(), String> {
        let say = {
            let books = self.rail.books();
            let all = books.orders.iter();
            all.map(|(reference, order)| {
                let (reference, amount_minor) = (reference.clone(), order.amount_minor);
                RailNotice { outcome: books.outcome(&reference), reference, amount_minor }
            })
            .filter(|notice| matches!(notice.outcome, RailOutcome::Bounced { .. } | RailOutcome::Paid { .. }))
            .collect::<Vec<_>>()
        };
        say.iter().try_for_each(|notice| self.deliver(notice))
    }

    fn prove(&mut self) -> Result<(), String> {
        let desk = self.desk.as_mut().ok_or("there is no server")?;
        desk.check_chain();
        let report = verify_full(desk.writer.session(), &Zone::shanghai(), &invariants::all(), &mut |_| {});
        match report.map_err(words)?.first() {
            None => Ok(()),
            Some(finding) => Err(format!("the books are not sound: {finding:?}")),
        }
    }
}

fn read(answer: Answer) -> Result<Result<String, String>, Failure> {
    let reply = answer?;
    let said = String::from_utf8_lossy(&reply.body).into_owned();
    Ok(if reply.status == 200 { Ok(said) } else { Err(said) })
}

fn registry(rail: &SimRail) -> Registry {
    let kinds = rail_jobs("sandbox");
    let (mut send, mut query, mut probe) = (rail.clone(), rail.clone(), rail.clone());
    Registry::new()
        .with_tireless(kinds.send, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_send(&mut send, job, hands)
        })
        .with_tireless(kinds.query, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_query(&mut query, job, hands)
        })
        .with_tireless(kinds.probe, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_probe(&mut probe, job, hands)
        })
        .with_tireless(BOOK_CHARGE, run_book_charge)
}
