//! One run: random groups of commands against books of their own, with faults, lost answers, restarts and a clock that is moved,
//! every answer and every figure held against the auditor. A run follows from its seed.

use std::collections::BTreeMap;

use purser_domain::time::{DAY, HOUR, MINUTE, SECOND, Zone};
use purser_engine::{
    AnyJob, Failure, ads::ExpireGrants, clock::Clock, invariants, rules::RulesSource, verify::verify_full,
};
use purser_storage::{FaultKind, sqlite};

use super::{
    acts::{Act, World},
    auditor::Auditor,
    check,
    making::Maker,
};
use crate::{
    delivery::Market,
    desk::{Answer, Batch, Desk, Place, START},
    faults::{FaultDial, Moment, Planned},
    rng::Rng,
};

/// Advertisers of a run.
const ADVERTISERS: usize = 3;
/// Searches of a civil day: enough for a few clicks every minute.
const SEARCHES: u64 = 60_000;
/// Groups between two looks at all figures.
const LOOK: usize = 12;
/// Callers try again so often.
const PATIENCE: usize = 40;

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Commands.
    pub ops: usize,
    /// Groups.
    pub groups: usize,
    /// Clicks charged.
    pub charged: u64,
    /// What they cost, less what came back, minor units.
    pub revenue_minor: i64,
    /// Answers by their code, or `charged`, `again`, `accepted`.
    pub answers: BTreeMap<String, u64>,
    /// Stops for money.
    pub stops: u64,
    /// Largest arrears that an advertiser ever had, minor units.
    pub most_arrears_minor: i64,
    /// Faults that struck.
    pub faults: u64,
    /// Times that the writer died and another one began.
    pub restarts: u64,
    /// Groups of which nobody knew whether they were committed.
    pub unknown: u64,
}

impl Outcome {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.ops += other.ops;
        self.groups += other.groups;
        self.charged += other.charged;
        self.revenue_minor += other.revenue_minor;
        self.stops += other.stops;
        self.most_arrears_minor = self.most_arrears_minor.max(other.most_arrears_minor);
        self.faults += other.faults;
        self.restarts += other.restarts;
        self.unknown += other.unknown;
        for (answer, count) in &other.answers {
            *self.answers.entry(answer.clone()).or_default() += count;
        }
    }
}

/// Jobs that a run begins with.
type Step = fn(&World, &mut Batch) -> Vec<Box<dyn AnyJob>>;

struct Driver<'a> {
    place: &'a Place,
    desk: Option<Desk>,
    clock: Clock,
    dial: FaultDial,
    world: World,
    auditor: Auditor,
    maker: Maker,
    outcome: Outcome,
    /// Business time of the last group that certainly was written.
    written_at: purser_domain::time::Timestamp,
    /// Calls of the last group.
    calls: u64,
    keys: usize,
}

/// Runs a seed with so many commands.
///
/// # Errors
/// The first answer, balance, status, event or figure that is not what the auditor says, in words with the seed.
pub fn run(place: &Place, seed: u64, ops: usize) -> Result<Outcome, String> {
    let told = |done: usize, text: String| format!("seed {seed}, after {done} commands: {text}");
    let mut driver = Driver::open(place, seed).map_err(|text| told(0, text))?;
    while driver.outcome.ops < ops {
        let outcome = driver.round();
        outcome.map_err(|text| told(driver.outcome.ops, text))?;
    }
    driver.end().map_err(|text| told(driver.outcome.ops, text))?;
    driver.outcome.charged = driver.auditor.charged();
    driver.outcome.revenue_minor = driver.auditor.revenue;
    driver.outcome.stops = driver.auditor.stops();
    Ok(driver.outcome)
}

fn text(answer: &Answer) -> Result<String, String> {
    match answer {
        Ok(reply) => {
            let said = String::from_utf8_lossy(&reply.body).into_owned();
            Ok(if reply.replayed { format!("{said} (remembered)") } else { said })
        }
        Err(failure) => Err(failure.to_string()),
    }
}

impl<'a> Driver<'a> {
    fn open(place: &'a Place, seed: u64) -> Result<Self, String> {
        let (clock, dial) = (Clock::frozen_at(START), FaultDial::new());
        let mut rng = Rng::new(seed);
        let world = World::new(Market::new(rng.next_u64(), ADVERTISERS, SEARCHES));
        let mut driver = Self {
            place,
            desk: None,
            clock,
            dial,
            auditor: Auditor::new(&world, START),
            world,
            maker: Maker::new(rng),
            outcome: Outcome::default(),
            written_at: START,
            calls: 0,
            keys: 0,
        };
        driver.start()?;
        driver.prologue()?;
        Ok(driver)
    }

    /// A writer over what there is.
    fn start(&mut self) -> Result<(), String> {
        self.desk = None;
        self.dial.clear();
        let session = self.place.session(&sqlite::Options::default()).map_err(|fault| fault.to_string())?;
        let (clock, dial) = (self.clock.clone(), self.dial.clone());
        let desk = Desk::ruled(session, clock, dial, RulesSource::builtin());
        self.desk = Some(desk.map_err(|fault| fault.to_string())?);
        Ok(())
    }

    fn desk(&mut self) -> Result<&mut Desk, String> {
        self.desk.as_mut().ok_or_else(|| "there is no writer".to_owned())
    }

    fn prologue(&mut self) -> Result<(), String> {
        let steps: [Step; 4] = [
            |_, batch| vec![World::found(batch)],
            World::registrations,
            World::payment_orders,
            World::campaigns,
        ];
        for (number, step) in steps.into_iter().enumerate() {
            let world = self.world.clone();
            let answers = self.desk()?.run(|batch| step(&world, batch));
            let said = answers.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            if number == 2 {
                self.world.know_orders(&said);
            }
        }
        Ok(())
    }

    /// A group of commands, answered, and what is believed afterwards.
    fn round(&mut self) -> Result<(), String> {
        self.move_clock();
        self.auditor.now = self.clock.business().max(self.written_at);
        let now = self.auditor.now;
        self.maker.edges = self.auditor.edges();
        let size = 1 + self.maker.rng.index(5);
        let mut acts = Vec::new();
        for _ in 0..size {
            let act = self.maker.act(&mut self.world, now);
            self.keys += 1;
            acts.push((format!("act-{}", self.keys), act));
        }
        // A command may be sent once more under its key.
        if self.maker.rng.one_in(6) {
            let again = acts[self.maker.rng.index(acts.len())].clone();
            acts.push(again);
        }
        let die = self.plan();
        self.group(&acts, die)?;
        self.outcome.ops += acts.len();
        self.outcome.groups += 1;
        let whole = self.outcome.groups.is_multiple_of(LOOK);
        self.check(whole)
    }

    /// Plans a fault in one of three groups; true when the writer dies of it.
    fn plan(&mut self) -> bool {
        let rng = &mut self.maker.rng;
        if !rng.one_in(3) {
            let nothing =
                Planned { call: u64::MAX, moment: Moment::Before, kind: FaultKind::Other, times: 0 };
            self.dial.plan(nothing);
            return false;
        }
        let moment = if rng.one_in(2) { Moment::Before } else { Moment::After };
        let kind = if rng.one_in(2) { FaultKind::Retry } else { FaultKind::Other };
        // Around the commit, which is a group's last call, or anywhere.
        let near = (self.calls + rng.below(4)).saturating_sub(1);
        let call = if rng.one_in(2) { near.max(1) } else { 1 + rng.below(60) };
        let times = if kind == FaultKind::Other && rng.one_in(2) { 2 } else { 1 };
        self.dial.plan(Planned { call, moment, kind, times });
        rng.one_in(2)
    }

    /// Mostly on by a little; now and then to the other side of midnight, by days, or back.
    fn move_clock(&mut self) {
        let rng = &mut self.maker.rng;
        let second = |rng: &mut Rng, most: i64| rng.below(most.unsigned_abs()).cast_signed();
        let offset = self.clock.offset();
        let now = START.plus(offset);
        let by = match rng.below(40) {
            0..=13 => 0,
            14..=29 => second(rng, 240) * SECOND,
            30..=33 => second(rng, 40) * MINUTE,
            34 | 35 => second(rng, 5) * HOUR,
            36 | 37 => {
                let midnight = Zone::shanghai().start_of(Zone::shanghai().date(now.plus(DAY)));
                midnight.0 - now.0 + (second(rng, 20) - 4) * MINUTE
            }
            38 if rng.one_in(3) => (1 + second(rng, 8)) * DAY,
            // A clock that is set back: business time stands still until it is over.
            _ if self.outcome.groups > 0 && self.written_at == now => -second(rng, 90) * MINUTE,
            _ => 0,
        };
        self.clock.set_offset(offset + by);
    }

    /// Runs a group until every caller has an answer. Where nobody knows whether a group was committed, both are believed until
    /// an answer tells them apart.
    fn group(&mut self, acts: &[(String, Act)], die: bool) -> Result<(), String> {
        let mut beliefs = vec![self.auditor.clone()];
        let mut open: Vec<usize> = (0..acts.len()).collect();
        for attempt in 0.. {
            if open.is_empty() {
                break;
            }
            if attempt > PATIENCE {
                return Err("the callers gave up".to_owned());
            }
            let answers = self.attempt(acts, &open)?;
            self.calls = self.dial.calls();
            let failed = answers.iter().any(|answer| matches!(answer, Err(Failure::Fault(_))));
            beliefs = self.compare(acts, &open, &answers, beliefs)?;
            self.outcome.unknown += u64::from(failed && beliefs.len() > 1);
            let faulty = open.iter().zip(&answers).filter(|(_, answer)| answer.is_err());
            open = faulty.map(|(place, _)| *place).collect();
            if self.dial.struck().is_some() {
                self.outcome.faults += u64::from(attempt == 0);
                if die && attempt == 0 {
                    self.start()?;
                    self.outcome.restarts += 1;
                }
            }
        }
        self.dial.clear();
        let certain = acts.iter().any(|(_, act)| matches!(act, Act::Clicks(_)));
        if certain {
            self.written_at = self.auditor.now;
        }
        self.settle(beliefs)
    }

    fn attempt(&mut self, acts: &[(String, Act)], open: &[usize]) -> Result<Vec<Answer>, String> {
        let (now, world) = (self.auditor.now, self.world.clone());
        let desk = self.desk()?;
        // A planned fault may strike here too: whoever reads reads again.
        let ended = (0..PATIENCE).find_map(|_| ExpireGrants::plan(desk.writer.session(), now).ok());
        let ended = ended.ok_or("grants could not be read")?;
        Ok(desk.run(|batch| {
            let job = |place: &usize| {
                let (key, act) = &acts[*place];
                world.job(act, key, ended.clone(), batch)
            };
            open.iter().map(job).collect()
        }))
    }

    /// What can be believed after answers: for those that failed, that they happened and that they did not.
    fn compare(
        &mut self,
        acts: &[(String, Act)],
        open: &[usize],
        answers: &[Answer],
        beliefs: Vec<Auditor>,
    ) -> Result<Vec<Auditor>, String> {
        let failed = answers.iter().any(Result::is_err);
        let (mut kept, mut first) = (Vec::new(), None);
        for belief in beliefs {
            for happened in if failed { &[false, true][..] } else { &[false][..] } {
                let mut belief = belief.clone();
                let outcome = open.iter().zip(answers).try_for_each(|(place, answer)| {
                    let (key, act) = &acts[*place];
                    match answer {
                        Err(Failure::Fault(_)) if *happened => {
                            belief.act(act, key, &self.world);
                            Ok(())
                        }
                        Err(Failure::Fault(_)) => Ok(()),
                        answer => {
                            let (said, predicted) = (text(answer)?, belief.act(act, key, &self.world));
                            if said == predicted {
                                return Ok(());
                            }
                            Err(format!("{act:?}\n  was answered {said}\n  and not      {predicted}"))
                        }
                    }
                });
                match outcome {
                    Ok(()) => kept.push(belief),
                    Err(text) => drop(first.get_or_insert(text)),
                }
            }
        }
        for answer in answers {
            self.count(answer);
        }
        if kept.is_empty() { Err(first.unwrap_or_default()) } else { Ok(kept) }
    }

    fn count(&mut self, answer: &Answer) {
        let Ok(reply) = answer else { return };
        let said = String::from_utf8_lossy(&reply.body);
        let items: Vec<&str> = said.split(' ').collect();
        for (place, item) in items.iter().enumerate() {
            let number = item.parse::<i64>().is_ok();
            let kind = match items.get(place + 1) {
                Some(&"again") if number => continue,
                _ if number => "a number",
                _ => item,
            };
            *self.outcome.answers.entry(kind.to_owned()).or_default() += 1;
        }
    }

    /// Of several beliefs, the one that the books hold.
    fn settle(&mut self, beliefs: Vec<Auditor>) -> Result<(), String> {
        let mut first = None;
        for belief in beliefs {
            self.auditor = belief;
            match self.check(false) {
                Ok(()) => return Ok(()),
                Err(text) => drop(first.get_or_insert(text)),
            }
        }
        Err(first.unwrap_or_default())
    }

    fn check(&mut self, whole: bool) -> Result<(), String> {
        let (auditor, world) = (self.auditor.clone(), self.world.clone());
        let desk = self.desk()?;
        let most = check::books(desk, &world, &auditor)?;
        if whole {
            check::figures(desk, &world, &auditor)?;
        }
        self.outcome.most_arrears_minor = self.outcome.most_arrears_minor.max(most);
        Ok(())
    }

    /// At the end everything is looked at, and the books are proved.
    fn end(&mut self) -> Result<(), String> {
        self.check(true)?;
        let desk = self.desk()?;
        desk.check_chain();
        let zone = Zone::shanghai();
        let report = verify_full(desk.writer.session(), &zone, &invariants::all(), &mut |_| {});
        let report = report.map_err(|fault| fault.to_string())?;
        match report.first() {
            None => Ok(()),
            Some(finding) => Err(format!("the books are not sound: {finding:?}")),
        }
    }
}
