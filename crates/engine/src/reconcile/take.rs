//! A statement comes in: its head, then its lines, so many at a time.

use purser_domain::{
    ids::Uid,
    policy::keys,
    reconcile::{Head, Line, REFERENCE_MAX},
    time::Date,
};

use super::{LineRow, MATCH, ReconRailRow, STATEMENT_PREFIX, StatementRow};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::ready,
    tx::{Needs, Tx},
};

/// Most lines that one commit takes in.
pub const LINES_MAX: usize = 10_000;

/// The id of a statement: the same one, fetched again, has the same.
pub fn statement_id(rail: &str, head: &Head) -> Uid {
    Uid::derive("purser statement v1", &[rail.as_bytes(), &head.digest])
}

/// Takes in lines of a statement, from the one after `first` on. Lines that are in already change nothing, so a file
/// whose import broke off is simply given again; and so does a statement that is in whole.
///
/// Rejections in order: `rail_unknown`; `statement_currency`; `statement_lines_missing` (lines before these are not in);
/// of the first and the last lines `statement_day_open` (its last day is not over), `statement_covered` (another statement
/// covers its first day), `statement_gap` (it opens with another balance than the one before closed with); of the last ones
/// `statement_sums`.
#[derive(Debug, Clone)]
pub struct TakeStatement {
    /// Of which rail.
    pub rail: String,
    /// What it says of itself, and was checked against.
    pub head: Head,
    /// Lines before these.
    pub first: i64,
    /// At most [`LINES_MAX`].
    pub lines: Vec<Line>,
    /// Who gives it.
    pub by: String,
}

/// What taking it in came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenStatement {
    /// As it is written down.
    pub row: StatementRow,
    /// False when it was in whole before: nothing changed.
    pub new: bool,
}

impl TakeStatement {
    fn id(&self) -> Uid {
        statement_id(&self.rail, &self.head)
    }

    fn to(&self) -> i64 {
        self.first + i64::try_from(self.lines.len()).unwrap_or(i64::MAX)
    }

    fn is_last(&self) -> bool {
        self.to() >= self.head.lines
    }

    fn rows(&self) -> impl Iterator<Item = (i64, &Line)> {
        (self.first + 1..).zip(&self.lines)
    }

    /// Its place among the statements of the rail.
    fn place(&self, rail: &ReconRailRow, ctx: &Ctx) -> Result<(), Rejection> {
        let head = &self.head;
        if head.to_on >= ctx.today {
            let text = format!("its last day is {}: a day is compared once it is over", head.to_on);
            return Err(Rejection::new("statement_day_open", text));
        }
        let Ok(through) = rail.through_on.parse::<Date>() else { return Ok(()) };
        if head.from_on <= through {
            let text = format!(
                "other statements of this rail cover the days up to {through}: give those from {} on",
                through.tomorrow().unwrap_or(through)
            );
            return Err(Rejection::new("statement_covered", text));
        }
        if head.opening_minor != rail.closing {
            let text = format!(
                "it opens with {} and the statement before closed with {} on {through}: one between them is missing",
                purser_domain::money::decimal(head.opening_minor),
                purser_domain::money::decimal(rail.closing)
            );
            return Err(Rejection::new("statement_gap", text));
        }
        Ok(())
    }

    fn begun(&self, ctx: &Ctx) -> StatementRow {
        let head = &self.head;
        StatementRow {
            id: self.id(),
            rail: self.rail.clone(),
            number: head.number.clone(),
            account: head.account.clone(),
            currency: head.currency.clone(),
            from_on: head.from_on,
            to_on: head.to_on,
            opening: head.opening_minor,
            closing: head.closing_minor,
            total: head.lines,
            lines: 0,
            moved: 0,
            state: "importing".to_owned(),
            before: Uid::NIL,
            taken_at: ctx.now,
            taken_by: self.by.clone(),
            version: 0,
        }
    }

    fn end(tx: &mut Tx, ctx: &Ctx, row: &mut StatementRow, mut rail: ReconRailRow) -> Result<(), Rejection> {
        let sum = i128::from(row.opening) + i128::from(row.moved);
        if row.lines != row.total || sum != i128::from(row.closing) {
            let text = "the lines that came in are not those that the statement was read with";
            return Err(Rejection::new("statement_sums", text));
        }
        "taken".clone_into(&mut row.state);
        row.before = rail.last;
        row.taken_at = ctx.now;
        rail.last = row.id;
        rail.through_on = row.to_on.to_string();
        rail.closing = row.closing;
        rail.version += 1;
        tx.put(rail);
        let (id, subject) = (tx.new_id(), row.id.with_prefix(STATEMENT_PREFIX));
        tx.job(ready(id, MATCH, &subject, ctx.now, Facts::new()));
        tx.event("statement.taken_in", None, &subject, facts(row));
        Ok(())
    }
}

fn facts(row: &StatementRow) -> Facts {
    Facts::new()
        .text("rail", &row.rail)
        .text("from_on", row.from_on.to_string())
        .text("to_on", row.to_on.to_string())
        .int("lines", row.total)
        .int("opening_minor", row.opening)
        .int("closing_minor", row.closing)
}

fn fresh(rail: &str) -> ReconRailRow {
    ReconRailRow {
        rail: rail.to_owned(),
        last: Uid::NIL,
        through_on: String::new(),
        closing: 0,
        matched_on: String::new(),
        version: 0,
    }
}

impl Command for TakeStatement {
    type Output = TakenStatement;

    fn name(&self) -> &'static str {
        "reconciliation.take_statement"
    }

    fn weight(&self) -> usize {
        self.lines.len().max(1)
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        needs.row::<ReconRailRow>(self.rail.clone());
        needs.row::<StatementRow>(self.id());
        for (n, _) in self.rows() {
            needs.absent::<LineRow>((self.id(), n));
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<TakenStatement, Rejection> {
        if keys::of_rail(&self.rail).is_none() {
            let text = format!("there is no rail `{}`: sandbox, alipay or bank-file", self.rail);
            return Err(Rejection::new("rail_unknown", text).at("rail"));
        }
        if self.head.currency != ctx.rules.currency.code() {
            let text = format!(
                "the statement is in {}, these books are kept in {}",
                self.head.currency,
                ctx.rules.currency.code()
            );
            return Err(Rejection::new("statement_currency", text));
        }
        let rail = tx.get::<ReconRailRow>(&self.rail).cloned().unwrap_or_else(|| fresh(&self.rail));
        let known = tx.get::<StatementRow>(&self.id()).cloned();
        if let Some(row) = known.clone().filter(|row| row.state != "importing") {
            return Ok(TakenStatement { row, new: false });
        }
        let done = known.as_ref().map_or(0, |row| row.lines);
        if self.first > done {
            let text = format!("the lines from {} on come first: give the file again", done + 1);
            return Err(Rejection::new("statement_lines_missing", text));
        }
        // Lines that an import before got in: whole rounds of them.
        if let Some(row) = known.clone().filter(|row| self.to() <= row.lines && !self.lines.is_empty()) {
            return Ok(TakenStatement { row, new: true });
        }
        if known.is_none() || self.is_last() {
            self.place(&rail, ctx)?;
        }
        let mut row = known.unwrap_or_else(|| self.begun(ctx));
        for (n, line) in self.rows().filter(|(n, _)| *n > done) {
            tx.put(line_row(row.id, n, line));
            row.lines += 1;
            row.moved = row.moved.checked_add(line.amount_minor).ok_or_else(overflow)?;
        }
        row.version += 1;
        if self.is_last() {
            Self::end(tx, ctx, &mut row, rail)?;
        }
        tx.put(row.clone());
        Ok(TakenStatement { row, new: true })
    }

    fn audit(&self, output: &TakenStatement) -> (String, Facts) {
        (output.row.id.with_prefix(STATEMENT_PREFIX), facts(&output.row).flag("new", output.new))
    }

    fn audited(&self) -> bool {
        // Of a statement in many rounds, the last one.
        self.is_last()
    }
}

fn overflow() -> Rejection {
    Rejection::new("amount_overflow", "the sum of the statement's lines is beyond what can be counted")
}

fn line_row(statement: Uid, n: i64, line: &Line) -> LineRow {
    let short = |text: &str| text.chars().take(REFERENCE_MAX).collect();
    LineRow {
        statement,
        n,
        on_day: line.on,
        amount: line.amount_minor,
        reference: short(&line.reference),
        rail_reference: short(&line.rail_reference),
        entry: line.entry,
        kind: short(&line.kind),
    }
}
