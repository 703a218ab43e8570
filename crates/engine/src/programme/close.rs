//! Closing a month for all of its creators, and publishing it: two jobs of bounded commands.
//!
//! Each step takes the next creators whose month is open, or the next drafts, and commits what it did together with how
//! far it is, fenced by the job's lease. What a step has done is no longer among what the next one finds, so a server
//! that dies in between, or one that lost its lease, leaves nothing half done and nothing twice.

use purser_domain::{
    ids::{PartyId, StatementId},
    policy::{keys, kinds::ProgrammePublish},
    programme::{CreatorState, Rejection as R, StatementState},
    time::{Date, Month},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    publish::publish,
    rejected,
    rows::{CreatorMonth, ProgrammeMonth, StatementRow},
    statement_id,
    terms::{draft, statements_of},
    want_accounts,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::{Claimed, Hands, Lease, Progress, Ran, RunError, Runner, derived_id, ready},
    rows::{JobRow, JobState},
    tax,
    tx::{Needs, Tx},
};

/// Kind of the job that makes a month's drafts.
pub const CLOSE: &str = "programme.close";
/// Kind of the job that publishes a month's drafts.
pub const PUBLISH: &str = "programme.publish";
/// Creators, or statements, of one command.
pub const CLOSE_STEP: usize = 2_000;
/// Months that are looked at in one round.
const MONTHS: usize = 24;

static OPEN_CREATORS: Statement = Statement {
    name: "programme.open_creators",
    sql: "SELECT creator FROM programme_creators WHERE state = 'open' AND payees <> '' AND month = ?1 \
          ORDER BY month, creator LIMIT ?2",
};
static COUNT_OPEN: Statement = Statement {
    name: "programme.count_open",
    sql: "SELECT COUNT(*) FROM programme_creators WHERE state = 'open' AND payees <> '' AND month = ?1",
};
static NEXT_OPEN_MONTH: Statement = Statement {
    name: "programme.next_open_month",
    sql: "SELECT month FROM programme_creators WHERE state = 'open' AND payees <> '' AND month > ?1 \
          ORDER BY month LIMIT 1",
};
static DRAFTS: Statement = Statement {
    name: "programme.drafts",
    sql: "SELECT id FROM programme_statements WHERE month = ?1 AND state = 'draft' ORDER BY month, state, id LIMIT ?2",
};
static COUNT_DRAFTS: Statement = Statement {
    name: "programme.count_drafts",
    sql: "SELECT COUNT(*) FROM programme_statements WHERE month = ?1 AND state = 'draft'",
};
static DRAFTED_MONTHS: Statement = Statement {
    name: "programme.drafted_months",
    sql: "SELECT month FROM programme_months WHERE state = 'drafted' ORDER BY month LIMIT ?1",
};

pub(super) const STATEMENTS: &[&Statement] =
    &[&OPEN_CREATORS, &COUNT_OPEN, &NEXT_OPEN_MONTH, &DRAFTS, &COUNT_DRAFTS, &DRAFTED_MONTHS];

fn month_of(text: &str) -> Result<Month, RunError> {
    text.parse().map_err(|_| RunError::Failed(format!("{text} is no month")))
}

/// Queues a job of a month unless it is queued already; its row must be declared.
fn queue(tx: &mut Tx, ctx: &Ctx, kind: &'static str, month: &str) {
    let id = derived_id(kind, month);
    let known = tx.get::<JobRow>(&id).cloned();
    if known.as_ref().is_some_and(|row| row.state == JobState::Ready) {
        return;
    }
    let fresh = ready(id, kind, month, ctx.now, Facts::new());
    // The token goes on rising: a runner of long ago must not take the new job for its own.
    let token = known.map_or(0, |row| row.token + 1);
    tx.job(JobRow { token, ..fresh });
}

fn want_month(needs: &mut Needs<'_>, month: &str) {
    needs.row::<ProgrammeMonth>(month.to_owned());
    needs.row::<JobRow>(derived_id(CLOSE, month));
    needs.row::<JobRow>(derived_id(PUBLISH, month));
}

fn facts(row: &ProgrammeMonth) -> Facts {
    Facts::new().text("state", &row.state).int("done", row.done).int("total", row.total)
}

/// Begins the close of a month: a job makes its drafts.
///
/// Rejections in order: `month_not_over`, `month_closed`.
pub struct BeginMonthClose {
    /// Which.
    pub month: Month,
}

impl Command for BeginMonthClose {
    type Output = ProgrammeMonth;

    fn name(&self) -> &'static str {
        "programme.close_month"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_month(needs, &self.month.to_string());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ProgrammeMonth, Rejection> {
        begin_close(tx, ctx, self.month)
    }

    fn audit(&self, output: &ProgrammeMonth) -> (String, Facts) {
        (output.month.clone(), facts(output))
    }
}

fn begin_close(tx: &mut Tx, ctx: &Ctx, month: Month) -> Result<ProgrammeMonth, Rejection> {
    if month >= Month::of(ctx.today) {
        return Err(rejected(R::MonthNotOver));
    }
    let name = month.to_string();
    if tx.get::<ProgrammeMonth>(&name).is_some() {
        return Err(rejected(R::MonthClosed));
    }
    let row = ProgrammeMonth {
        month: name.clone(),
        state: "drafting".to_owned(),
        total: 0,
        done: 0,
        begun_at: ctx.now,
        drafted_at: None,
        published_at: None,
        version: 1,
    };
    tx.put(row.clone());
    queue(tx, ctx, CLOSE, &name);
    Ok(row)
}

/// Publishes all drafts of a month, by a job. What is below zero stays; corrected, it can be published by doing this
/// again.
///
/// Rejections in order: `month_open`.
pub struct BeginPublication {
    /// Which.
    pub month: Month,
}

impl Command for BeginPublication {
    type Output = ProgrammeMonth;

    fn name(&self) -> &'static str {
        "programme.publish_month"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        want_month(needs, &self.month.to_string());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ProgrammeMonth, Rejection> {
        begin_publication(tx, ctx, &self.month.to_string())
    }

    fn audit(&self, output: &ProgrammeMonth) -> (String, Facts) {
        (output.month.clone(), facts(output))
    }
}

fn begin_publication(tx: &mut Tx, ctx: &Ctx, month: &str) -> Result<ProgrammeMonth, Rejection> {
    let row = tx.get::<ProgrammeMonth>(&month.to_owned()).filter(|row| row.state != "drafting").cloned();
    let mut row = row.ok_or_else(|| rejected(R::MonthOpen))?;
    if row.state == "publishing" {
        return Ok(row);
    }
    "publishing".clone_into(&mut row.state);
    (row.total, row.done) = (0, 0);
    row.version += 1;
    tx.put(row.clone());
    queue(tx, ctx, PUBLISH, month);
    Ok(row)
}

/// Whether policy lets a month be published by itself today.
fn publishes_itself(ctx: &Ctx, month: Month) -> bool {
    let view = ctx.rules.policy.now(ctx.now);
    let next = month.after();
    let day = i8::try_from(view.value(keys::PROGRAMME_PUBLISH_DAY)).unwrap_or(i8::MAX);
    let from = Date::new(next.year, next.month, day).unwrap_or_else(|_| next.after().first_day());
    view.value(keys::PROGRAMME_PUBLISH) == ProgrammePublish::Auto && ctx.today >= from
}

/// What is due by itself: months that ended are closed; on the day that policy says their drafts are published.
#[derive(Debug, Clone)]
pub struct TendMonths {
    /// Months with income that is not drafted.
    open: Vec<String>,
    /// Months with drafts.
    drafted: Vec<String>,
}

impl TendMonths {
    /// The months to look at, the oldest first, at most 24 of each.
    ///
    /// # Errors
    /// Storage faults.
    pub fn plan(reads: &mut dyn Session) -> Result<Self, Fault> {
        let mut open: Vec<String> = Vec::new();
        while open.len() < MONTHS {
            let mut next = None;
            let last = open.last().cloned().unwrap_or_default();
            reads.query(&NEXT_OPEN_MONTH, &[Value::Text(&last)], &mut |row| {
                next = Some(row.text(0).to_owned());
                true
            })?;
            match next {
                Some(month) => open.push(month),
                None => break,
            }
        }
        let mut drafted = Vec::new();
        reads.query(&DRAFTED_MONTHS, &[count(MONTHS)], &mut |row| {
            drafted.push(row.text(0).to_owned());
            true
        })?;
        Ok(Self { open, drafted })
    }
}

fn count(n: usize) -> Value<'static> {
    Value::Int(i64::try_from(n).unwrap_or(i64::MAX))
}

impl Command for TendMonths {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "programme.tend"
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        for month in self.open.iter().chain(&self.drafted) {
            want_month(needs, month);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        for name in &self.open {
            let Ok(month) = name.parse::<Month>() else { continue };
            match begin_close(tx, ctx, month) {
                // Income that came while the month was being closed, on a server whose clock was behind.
                Err(no) if no.code == R::MonthClosed.code() => queue(tx, ctx, CLOSE, name),
                Ok(_) | Err(_) => {}
            }
        }
        for name in &self.drafted {
            let Ok(month) = name.parse::<Month>() else { continue };
            if publishes_itself(ctx, month) {
                begin_publication(tx, ctx, name)?;
            }
        }
        Ok(Progress::default())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Runs [`CLOSE`] and [`PUBLISH`], so many creators or statements at a time.
#[derive(Debug, Clone, Copy)]
pub struct CloseMonth {
    /// Creators, or statements, of one command.
    pub step: usize,
}

impl Runner for CloseMonth {
    fn run(&mut self, job: &Claimed, hands: &mut Hands<'_>) -> Result<Ran, RunError> {
        let month = month_of(&job.subject)?;
        let publishing = job.kind == PUBLISH;
        let [list, sum] = if publishing { [&DRAFTS, &COUNT_DRAFTS] } else { [&OPEN_CREATORS, &COUNT_OPEN] };
        let mut total = job.payload.get_int("total");
        if total.is_none() {
            hands.reads.query(sum, &[Value::Text(&job.subject)], &mut |row| {
                total = Some(row.int(0));
                true
            })?;
        }
        let mut ids = Vec::with_capacity(self.step);
        hands.reads.query(list, &[Value::Text(&job.subject), count(self.step)], &mut |row| {
            ids.push(row.uid(0));
            true
        })?;
        let step = Step {
            lease: job.lease,
            month,
            total: total.unwrap_or(0),
            done: job.payload.get_int("done").unwrap_or(0),
            last: ids.len() < self.step,
        };
        if publishing {
            hands.call(PublishDrafts { step, ids: ids.into_iter().map(StatementId).collect() })?;
        } else {
            hands.call(MakeDrafts { step, creators: ids.into_iter().map(PartyId).collect() })?;
        }
        Ok(Ran::Committed)
    }

    fn give_up_after(&self) -> Option<i64> {
        None
    }
}

/// What both jobs commit beside their work: how far they are.
#[derive(Debug, Clone)]
struct Step {
    lease: Lease,
    month: Month,
    total: i64,
    done: i64,
    last: bool,
}

impl Step {
    fn need(&self, needs: &mut Needs<'_>) {
        want_month(needs, &self.month.to_string());
        self.lease.need(needs);
    }

    fn end(&self, tx: &mut Tx, ctx: &Ctx, items: usize, end: &'static str) -> Result<(), Rejection> {
        let done = self.done.saturating_add(i64::try_from(items).unwrap_or(i64::MAX));
        let total = self.total.max(done);
        if self.last {
            self.lease.finish(tx)?;
        } else {
            let payload = Facts::new().int("done", done).int("total", total);
            self.lease.again(tx, ctx.now, Some(payload))?;
        }
        let Some(mut row) = tx.get::<ProgrammeMonth>(&self.month.to_string()).cloned() else { return Ok(()) };
        (row.done, row.total) = (done, total);
        row.version += 1;
        if self.last {
            end.clone_into(&mut row.state);
            let at = if end == "drafted" { &mut row.drafted_at } else { &mut row.published_at };
            *at = Some(ctx.now);
            tx.event(&format!("programme.month_{end}"), None, &row.month, facts(&row));
        }
        tx.put(row);
        Ok(())
    }
}

/// Makes the drafts of some creators' months.
struct MakeDrafts {
    step: Step,
    creators: Vec<PartyId>,
}

impl MakeDrafts {
    fn key(&self, creator: PartyId) -> (PartyId, String) {
        (creator, self.step.month.to_string())
    }
}

impl Command for MakeDrafts {
    type Output = ();

    fn name(&self) -> &'static str {
        CLOSE
    }

    fn weight(&self) -> usize {
        self.creators.len().max(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for creator in &self.creators {
            needs.row::<CreatorMonth>(self.key(*creator));
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.step.need(needs);
        for creator in &self.creators {
            let payees = needs.get::<CreatorMonth>(&self.key(*creator)).map(CreatorMonth::payees);
            for payee in payees.unwrap_or_default() {
                needs.row::<StatementRow>(statement_id(*creator, payee, self.step.month));
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.step.lease.check(tx)?;
        if self.creators.iter().any(|creator| tx.is_changed::<CreatorMonth>(&self.key(*creator))) {
            return Err(tx.begin_next_group());
        }
        for creator in &self.creators {
            let Some(mut row) = tx.get::<CreatorMonth>(&self.key(*creator)).cloned() else { continue };
            if !row.is_open() {
                continue;
            }
            let statements = statements_of(tx, &row, self.step.month);
            if let Err(no) = draft(tx, &row, statements.clone()) {
                for mut statement in statements {
                    StatementState::Blocked.name().clone_into(&mut statement.state);
                    no.code.clone_into(&mut statement.blocked);
                    statement.version += 1;
                    tx.put(statement);
                }
            }
            CreatorState::Drafted.name().clone_into(&mut row.state);
            row.version += 1;
            tx.put(row);
        }
        self.step.end(tx, ctx, self.creators.len(), "drafted")?;
        if self.step.last && publishes_itself(ctx, self.step.month) {
            begin_publication(tx, ctx, &self.step.month.to_string())?;
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Publishes some drafts.
struct PublishDrafts {
    step: Step,
    ids: Vec<StatementId>,
}

impl Command for PublishDrafts {
    type Output = ();

    fn name(&self) -> &'static str {
        PUBLISH
    }

    fn weight(&self) -> usize {
        self.ids.len().max(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for id in &self.ids {
            needs.row::<StatementRow>(*id);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        self.step.need(needs);
        for id in &self.ids {
            if let Some(payee) = needs.get::<StatementRow>(id).map(|row| row.payee) {
                want_accounts(needs, payee, ctx);
                tax::want(needs, payee, ctx);
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.step.lease.check(tx)?;
        for id in &self.ids {
            let row = tx.get::<StatementRow>(id).filter(|row| row.state() == StatementState::Draft).cloned();
            let Some(row) = row else { continue };
            let mark = tx.mark();
            if let Err(no) = publish(tx, ctx, row.clone()) {
                tx.rollback(mark);
                // Not a draft any more: it must not stand before the others for ever.
                let (state, blocked) = (StatementState::Blocked.name().to_owned(), no.code.to_owned());
                tx.put(StatementRow { state, blocked, version: row.version + 1, ..row });
            }
        }
        self.step.end(tx, ctx, self.ids.len(), "published")
    }

    fn audited(&self) -> bool {
        false
    }
}
