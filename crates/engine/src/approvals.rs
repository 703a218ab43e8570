//! What two different people decide (P16).
//!
//! Somebody proposes ([`Propose`]), somebody else decides ([`Decide`]); an approved action runs in the commit of the
//! decision. Commands of other modules that need a second person propose themselves as [`Action::Other`] and use the
//! approval up when they run ([`require_approval`]).

mod action;

pub use action::Action;

use purser_domain::{
    ids::{ApprovalId, Uid},
    time::{DAY, Timestamp},
};
use purser_storage::{Fault, Record as _, Session, Statement, Value};

use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    rows::ApprovalRow,
    tx::{Needs, Tx},
};

static BY_STATE: Statement = Statement {
    name: "approvals.by_state",
    sql: "SELECT id, action, subject, facts, state, proposed_by, proposed_at, decided_by, decided_at, version \
          FROM approvals WHERE state = ?1 AND (proposed_at < ?2 OR (proposed_at = ?2 AND id > ?3)) \
          ORDER BY proposed_at DESC, id LIMIT ?4",
};

/// Statements of this module.
pub(crate) const STATEMENTS: &[&Statement] = &[&BY_STATE];

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovalState {
    /// Waits for the second person.
    Open,
    /// Approved; the command that needs it has not run yet.
    Approved,
    /// Refused.
    Refused,
    /// Approved, and what it was for is done.
    CarriedOut,
}

impl ApprovalState {
    /// Stored code.
    pub const fn code(self) -> i64 {
        match self {
            Self::Open => 0,
            Self::Approved => 1,
            Self::Refused => 2,
            Self::CarriedOut => 3,
        }
    }

    /// By stored code.
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Open,
            1 => Self::Approved,
            3 => Self::CarriedOut,
            _ => Self::Refused,
        }
    }

    /// Name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::CarriedOut => "carried_out",
        }
    }
}

/// The id of the approval of an action on a subject with these details: proposing the same twice is one proposal.
/// Once decided it can be proposed again, under the same id and a higher version.
pub fn approval_id(action: &str, subject: &str, facts: &Facts) -> ApprovalId {
    let parts: [&[u8]; 3] = [action.as_bytes(), subject.as_bytes(), facts.encoded().as_bytes()];
    ApprovalId(Uid::derive("purser approval v1", &parts))
}

/// Approvals of a state, the newest first, from the one after `after` (instant of its proposal, id) on.
///
/// # Errors
/// Storage faults.
pub fn by_state(
    session: &mut dyn Session,
    state: ApprovalState,
    after: Option<(Timestamp, ApprovalId)>,
    limit: i64,
) -> Result<Vec<ApprovalRow>, Fault> {
    let (at, id) = after.map_or((i64::MAX, Uid::NIL), |(at, id)| (at.0, id.0));
    let values = [Value::Int(state.code()), Value::Int(at), Value::Bytes(&id.0), Value::Int(limit)];
    let mut rows = Vec::new();
    session.query(&BY_STATE, &values, &mut |row| {
        rows.push(ApprovalRow::read(row));
        true
    })?;
    Ok(rows)
}

/// An approval by id.
///
/// # Errors
/// Storage faults.
pub fn approval(session: &mut dyn Session, id: ApprovalId) -> Result<Option<ApprovalRow>, Fault> {
    crate::feed::one(session, id)
}

/// Declares what [`require_approval`] reads.
pub fn need_approval(needs: &mut Needs<'_>, action: &str, subject: &str, facts: &Facts) {
    needs.row::<ApprovalRow>(approval_id(action, subject, facts));
}

/// How long an approval that was not used is good, µs. The second person judged what was so that day; a week later it
/// may not be so any more, and who forgot it must not find it by chance.
pub const APPROVAL_MICROS: i64 = 7 * DAY;

/// Uses up the approval of exactly this: action, subject and every detail. For commands that need two people;
/// declare it with [`need_approval`].
///
/// # Errors
/// `approval_required` when nobody has approved it in the last seven days, or when it was used already.
pub fn require_approval(tx: &mut Tx, action: &str, subject: &str, facts: &Facts) -> Result<(), Rejection> {
    let id = approval_id(action, subject, facts);
    let now = tx.now();
    let good = |row: &&ApprovalRow| {
        row.state == ApprovalState::Approved.code()
            && row.decided_at.is_some_and(|at| now < at.plus(APPROVAL_MICROS))
    };
    let Some(mut row) = tx.get::<ApprovalRow>(&id).filter(good).cloned() else {
        let message = "this needs the approval of a second person: propose it, and have it approved";
        let about = Facts::new().text("approval", id.to_string()).text("action", action);
        return Err(Rejection::new("approval_required", message).with(about));
    };
    row.state = ApprovalState::CarriedOut.code();
    row.version += 1;
    tx.put(row);
    Ok(())
}

/// Two names of people are the same whatever their case and the blanks around them.
fn same_person(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b.trim())
}

fn named(by: &str) -> Result<(), Rejection> {
    if by.trim().is_empty() {
        return Err(Rejection::new("actor_missing", "say who does this").at("/by"));
    }
    Ok(())
}

/// Proposes an action. The same open proposal again, by the same person, is that proposal.
///
/// Rejections in order: `actor_missing`; those of the action's own check; `approval_open` (somebody else proposed
/// the same: decide it).
#[derive(Debug, Clone)]
pub struct Propose {
    /// What.
    pub action: Action,
    /// Who, as in the audit log.
    pub by: String,
}

impl Propose {
    fn id(&self) -> ApprovalId {
        approval_id(self.action.name(), &self.action.subject(), &self.action.facts())
    }
}

impl Command for Propose {
    type Output = ApprovalId;

    fn name(&self) -> &'static str {
        "approvals.propose"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<ApprovalRow>(self.id());
        self.action.needs(needs, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<ApprovalId, Rejection> {
        named(&self.by)?;
        self.action.check(tx, ctx)?;
        let id = self.id();
        let old = tx.get::<ApprovalRow>(&id);
        if let Some(open) = old.filter(|row| row.state == ApprovalState::Open.code()) {
            if same_person(&open.proposed_by, &self.by) {
                return Ok(id);
            }
            let about = Facts::new().text("approval", id.to_string());
            return Err(
                Rejection::new("approval_open", "the same is proposed already: decide it").with(about)
            );
        }
        let version = old.map_or(1, |row| row.version + 1);
        tx.put(ApprovalRow {
            id,
            action: self.action.name().to_owned(),
            subject: self.action.subject(),
            facts: self.action.facts(),
            state: ApprovalState::Open.code(),
            proposed_by: self.by.trim().to_owned(),
            proposed_at: ctx.now,
            decided_by: None,
            decided_at: None,
            version,
        });
        tx.event("approval.proposed", None, &id.to_string(), self.action.summary());
        Ok(id)
    }

    fn audit(&self, output: &ApprovalId) -> (String, Facts) {
        (output.to_string(), self.action.summary())
    }
}

/// What a decision came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The approval.
    pub id: ApprovalId,
    /// What was decided about.
    pub action: String,
    /// Where it stands now.
    pub state: ApprovalState,
    /// Who proposed it.
    pub proposed_by: String,
    /// What was done, by the action.
    pub outcome: Facts,
}

/// Approves or refuses a proposal. An approved action runs in this commit; when it is rejected the proposal stays
/// open.
///
/// Rejections in order: `actor_missing`, `approval_unknown`, `approval_decided`, `approval_same_person`;
/// `approval_outdated` (an older version did not ask all that is asked now: it can only be refused); then those of the
/// action.
#[derive(Debug, Clone)]
pub struct Decide {
    /// Which.
    pub id: ApprovalId,
    /// Yes or no.
    pub approve: bool,
    /// Who, as in the audit log.
    pub by: String,
}

impl Command for Decide {
    type Output = Verdict;

    fn name(&self) -> &'static str {
        "approvals.decide"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        needs.row::<ApprovalRow>(self.id);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let action = needs.get::<ApprovalRow>(&self.id).and_then(Action::of);
        if let Some(action) = action {
            action.needs(needs, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Verdict, Rejection> {
        named(&self.by)?;
        let unknown = || Rejection::new("approval_unknown", "there is no such proposal");
        let mut row = tx.get::<ApprovalRow>(&self.id).cloned().ok_or_else(unknown)?;
        let action = Action::of(&row);
        if row.state != ApprovalState::Open.code() {
            let state = ApprovalState::from_code(row.state).name();
            return Err(Rejection::new("approval_decided", format!("this proposal is {state} already")));
        }
        if same_person(&row.proposed_by, &self.by) {
            let message = "who proposed it cannot decide it: a second person has to";
            return Err(Rejection::new("approval_same_person", message));
        }
        let (state, outcome) = match &action {
            _ if !self.approve => (ApprovalState::Refused, Facts::new()),
            Some(action) => action.run(tx, ctx, &row, self.by.trim())?,
            None => {
                let message = "an older version took this proposal without all that is asked now: refuse it, and \
                               propose it anew";
                return Err(Rejection::new("approval_outdated", message));
            }
        };
        let decided_at: Timestamp = ctx.now;
        row.state = state.code();
        row.decided_by = Some(self.by.trim().to_owned());
        row.decided_at = Some(decided_at);
        row.version += 1;
        let verdict = Verdict {
            id: row.id,
            action: row.action.clone(),
            state,
            proposed_by: row.proposed_by.clone(),
            outcome,
        };
        let kind = if self.approve { "approval.approved" } else { "approval.refused" };
        let bare = || Facts::new().text("action", &row.action).text("subject", &row.subject);
        tx.event(kind, None, &row.id.to_string(), action.map_or_else(bare, |action| action.summary()));
        tx.put(row);
        Ok(verdict)
    }

    fn audit(&self, output: &Verdict) -> (String, Facts) {
        let facts = Facts::new()
            .text("action", &output.action)
            .text("state", output.state.name())
            .text("proposed_by", &output.proposed_by)
            .text("decided_by", self.by.trim());
        (output.id.to_string(), facts)
    }
}
