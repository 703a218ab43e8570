//! What comparing a day came to is written down, so much at a time.

use purser_domain::{
    casework::{Kind as CaseKind, Outcome},
    ids::{CaseId, TypedId as _, Uid},
    money::decimal,
    policy::keys,
    reconcile::{Closing, Kind, State},
    time::Date,
};

use super::{DayOfRailRow, ITEM_PREFIX, ItemRow, ReconRailRow, StatementRow};
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Lease,
    tx::{Needs, Tx},
};

/// Items of one commit.
pub(super) const STEP: usize = 500;
/// Breaks of one day that get a case each. Where there are more, the statement is rather the wrong one: one case says so.
pub(super) const CASES_MAX: usize = 1_000;

/// Writes down a part of a day. What is written already stays as it is.
///
/// Rejections: `lease_lost`.
#[derive(Debug, Clone)]
pub struct RecordDay {
    pub(super) lease: Lease,
    pub(super) rail: String,
    pub(super) statement: Uid,
    pub(super) day: Date,
    /// New items.
    pub(super) items: Vec<ItemRow>,
    /// Items whose other side came.
    pub(super) came: Vec<Uid>,
    /// Items that may be breaks by now.
    pub(super) waiting: Vec<Uid>,
    /// These get no case of their own.
    pub(super) quiet: bool,
    /// The day's own row, and whether it is the last day of its statement.
    pub(super) done: Option<(DayOfRailRow, bool)>,
}

impl RecordDay {
    /// Nothing of a day yet.
    pub(super) fn part(lease: Lease, statement: &StatementRow, day: Date) -> Self {
        Self {
            lease,
            rail: statement.rail.clone(),
            statement: statement.id,
            day,
            items: Vec::new(),
            came: Vec::new(),
            waiting: Vec::new(),
            quiet: false,
            done: None,
        }
    }

    fn known(&self) -> impl Iterator<Item = Uid> + '_ {
        self.came.iter().chain(&self.waiting).copied()
    }
}

impl Command for RecordDay {
    type Output = ();

    fn name(&self) -> &'static str {
        "reconciliation.record_day"
    }

    fn weight(&self) -> usize {
        (self.items.len() + self.came.len() + self.waiting.len()).max(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for id in self.known() {
            needs.row::<ItemRow>(id);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        self.lease.need(needs);
        needs.row::<ReconRailRow>(self.rail.clone());
        needs.row::<StatementRow>(self.statement);
        for item in &self.items {
            needs.row::<ItemRow>(item.id);
        }
        let cases: Vec<CaseId> =
            self.known().filter_map(|id| needs.get::<ItemRow>(&id).and_then(ItemRow::case)).collect();
        for case in cases {
            needs.row::<CaseRow>(case);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(), Rejection> {
        self.lease.check(tx)?;
        for item in &self.items {
            if tx.get::<ItemRow>(&item.id).is_none() {
                let mut item = ItemRow { opened_at: ctx.now, version: 1, ..item.clone() };
                self.stand(tx, ctx, &mut item);
                tx.put(item);
            }
        }
        for id in &self.waiting {
            let waits = |item: &ItemRow| item.state() == State::InTransit;
            if let Some(mut item) = tx.get::<ItemRow>(id).cloned().filter(waits) {
                self.stand(tx, ctx, &mut item);
                if item.state() != State::InTransit {
                    item.version += 1;
                    tx.put(item);
                }
            }
        }
        for id in &self.came {
            let Some(mut item) = tx.get::<ItemRow>(id).cloned() else { continue };
            if item.state() != State::Closed {
                item.close(Closing::Matched, self.day, "", Uid::NIL);
                end_case(tx, ctx, &item, "对方账目已到 / The other side came", Author::SYSTEM)?;
                tx.put(item);
            } else if item.closed_how != Closing::Matched.name() {
                // People settled it while the day was being compared: its other side is an item of its own then.
                let text = "an item was settled otherwise meanwhile: the day is compared again";
                return Err(Rejection::new("version_conflict", text));
            }
        }
        if let Some((row, is_last)) = &self.done {
            self.end(tx, ctx, row, *is_last)?;
        }
        Ok(())
    }

    fn audited(&self) -> bool {
        false
    }
}

impl RecordDay {
    /// Where an item stands at the end of the day; a break gets its case.
    fn stand(&self, tx: &mut Tx, ctx: &Ctx, item: &mut ItemRow) {
        let days = ctx.rules.policy.now(ctx.now).value(keys::RECONCILIATION_IN_TRANSIT);
        let state = item.kind().state(item.since_on, self.day, days);
        state.name().clone_into(&mut item.state);
        if state != State::Break {
            return;
        }
        item.broke_on = self.day.to_string();
        let id = item.id.with_prefix(ITEM_PREFIX);
        if !self.quiet {
            let (booked, told) = (decimal(item.booked), decimal(item.told));
            let summary = format!(
                "{} {}：账上 {booked}，对账单 {told} / {}: booked {booked}, on the statement {told}",
                item.rail,
                zh(item.kind()),
                en(item.kind()),
            );
            item.case_id = open_case(tx, ctx, id.clone(), summary);
        }
        tx.event("reconciliation.break", None, &id, item.facts());
    }

    fn end(&self, tx: &mut Tx, ctx: &Ctx, row: &DayOfRailRow, is_last: bool) -> Result<(), Rejection> {
        tx.put(DayOfRailRow { done_at: ctx.now, ..row.clone() });
        if let Some(mut rail) = tx.get::<ReconRailRow>(&self.rail).cloned() {
            rail.matched_on = self.day.to_string();
            rail.version += 1;
            tx.put(rail);
        }
        let facts = Facts::new()
            .text("rail", &self.rail)
            .text("day", self.day.to_string())
            .int("lines", row.lines)
            .int("matched", row.matched)
            .int("items", row.items)
            .int("booked_closing_minor", row.booked_closing)
            .int("statement_closing_minor", row.closing);
        tx.event("reconciliation.day_compared", None, &self.rail, facts);
        if usize::try_from(row.items).is_ok_and(|items| items > CASES_MAX) {
            let (rail, day, items) = (&self.rail, self.day, row.items);
            let summary = format!(
                "{rail} {day} 对账差异 {items} 笔，请确认对账单无误 / {items} differences on one day: is it the right statement?"
            );
            open_case(tx, ctx, rail.clone(), summary);
        }
        if !is_last {
            return self.lease.again(tx, ctx.now, None);
        }
        if let Some(mut statement) = tx.get::<StatementRow>(&self.statement).cloned() {
            "matched".clone_into(&mut statement.state);
            statement.version += 1;
            tx.put(statement);
        }
        self.lease.finish(tx)
    }
}

fn open_case(tx: &mut Tx, ctx: &Ctx, subject: String, summary: String) -> Uid {
    let kind = CaseKind::ReconciliationBreak;
    cases::open(tx, ctx, NewCase { kind, party: None, subject, summary, due_at: None }).uid()
}

/// Ends the case of an item that is closed, where people have not done so.
pub(super) fn end_case(
    tx: &mut Tx,
    ctx: &Ctx,
    item: &ItemRow,
    reason: &str,
    by: Author,
) -> Result<(), Rejection> {
    let Some(case) = item.case() else { return Ok(()) };
    // Led to by the item, which an earlier command of the group may have changed.
    let Some(row) = tx.led_to::<CaseRow>(&case)?.cloned() else { return Ok(()) };
    if row.state().is_closed() {
        return Ok(());
    }
    cases::settle(tx, ctx, case, Outcome::Resolved, reason, by).map(|_| ())
}

const fn zh(kind: Kind) -> &'static str {
    match kind {
        Kind::NotOnStatement => "已入账，对账单未见",
        Kind::NotBooked => "对账单有，未入账",
        Kind::Unknown => "对账单有，来源不明",
        Kind::Twice => "对账单重复",
        Kind::AmountDiffers => "金额不一致",
        Kind::OpeningDiffers => "期初余额不一致",
    }
}

const fn en(kind: Kind) -> &'static str {
    match kind {
        Kind::NotOnStatement => "booked, not on the statement",
        Kind::NotBooked => "on the statement, not booked",
        Kind::Unknown => "on the statement, nothing known of it",
        Kind::Twice => "twice on the statement",
        Kind::AmountDiffers => "amounts differ",
        Kind::OpeningDiffers => "opening balances differ",
    }
}
