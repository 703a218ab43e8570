//! Evaluating a shop: on every change of what is known, every quarter, and on every date on which something begins
//! or ends (C8). What changed is told to the merchant (C10); the steps are kept (C9).

use super::{
    risk,
    rows::{CreditShopRow, EvaluationRow, ShopFactsRow},
    terms::limit_terms,
};
use crate::{
    command::Ctx,
    facts::Facts,
    rules::Rules,
    tx::{Needs, Tx},
};
use purser_domain::{
    credit::{self, Rule, Shop, Step, decode, encode, risk::Increase},
    ids::PartyId,
    ledger::{AccountKind, AccountRef},
    money::Rounding,
    policy::keys,
    time::{Date, Timestamp, Zone},
};

/// Declares what evaluating a shop reads.
pub(super) fn want(needs: &mut Needs<'_>, party: PartyId, ctx: &Ctx) {
    needs.row::<CreditShopRow>(party);
    needs.row::<ShopFactsRow>(party);
    risk::want(needs, party);
    needs.account(&AccountRef::party(party, AccountKind::CreditReceivable, ctx.rules.currency));
}

/// Used = the balance of the receivable (C1), minor units.
pub(super) fn used_minor(tx: &Tx, party: PartyId, ctx: &Ctx) -> i64 {
    let reference = AccountRef::party(party, AccountKind::CreditReceivable, ctx.rules.currency);
    tx.account(reference.id()).map_or(0, |account| account.posted)
}

/// Declares the last evaluation of a shop, which one by date is compared with. In the second round: the first one must
/// have declared the shop's row.
pub(super) fn want_last(needs: &mut Needs<'_>, party: PartyId) {
    if let Some(last) = needs.get::<CreditShopRow>(&party).map(|row| row.evaluations) {
        needs.row::<EvaluationRow>((party, last));
    }
}

/// The last evaluation, where [`want_last`] declared it or this group made it.
fn last(tx: &Tx, row: &CreditShopRow) -> Option<EvaluationRow> {
    let key = (row.party, row.evaluations);
    tx.is_loaded::<EvaluationRow>(&key).then(|| tx.get::<EvaluationRow>(&key).cloned()).flatten()
}

/// Dates behind today of which one look makes up for at most so many.
const MISSED_MAX: usize = 400;

/// What a shop's limit is on a civil date by what is known of it, and the evaluation that says so, in force from the first
/// instant of the date: nothing is written. For a date that has come and that nobody looked at
/// ([`CreditShopRow::is_due`]).
pub(super) fn look(
    row: &CreditShopRow,
    shop: &Shop,
    rules: &Rules,
    on: Date,
    now: Timestamp,
) -> (CreditShopRow, EvaluationRow) {
    let zone = rules.policy.zone();
    let at = zone.start_of(on);
    // What is decided today goes by the rules of now; what a date behind it decided went by those of then.
    let view = if on == zone.date(now) { rules.policy.now(now) } else { rules.policy.at(at, now) };
    let terms = limit_terms(view);
    let outcome = credit::evaluate(shop, on, &terms);
    let evaluation = EvaluationRow {
        party: row.party,
        seq: row.evaluations + 1,
        at,
        cause: Cause::by_quarter(zone, on, row, Cause::DATE).to_owned(),
        before: row.total,
        total: outcome.total_minor,
        steps: encode(&outcome.steps),
        policy_version: i64::from(view.version().number),
    };
    let next_on = credit::next_change(shop, on, &terms).map(|date| date.to_string());
    (CreditShopRow { total: outcome.total_minor, next_on, evaluated_at: at, ..row.clone() }, evaluation)
}

/// Writes down and tells what dates behind today changed while nobody looked (C9, C10): what is known of the shop was known
/// then, or it would have been evaluated.
fn make_up(tx: &mut Tx, ctx: &Ctx, mut row: CreditShopRow, shop: &Shop) -> CreditShopRow {
    let mut last = last(tx, &row);
    for _ in 0..MISSED_MAX {
        let on = row.next_on.as_deref().and_then(|on| on.parse::<Date>().ok());
        let Some(on) = on.filter(|on| *on < ctx.today) else { break };
        let (next, new) = look(&row, shop, &ctx.rules, on, ctx.now);
        row = next;
        if last.as_ref().is_none_or(|last| last.steps != new.steps) || !Cause::is_of_itself(&new.cause) {
            row.evaluations += 1;
            if new.before != new.total {
                let steps = |row: &EvaluationRow| decode(&row.steps).unwrap_or_default();
                let prior = last.as_ref().map(steps).unwrap_or_default();
                tell_change(tx, &new, (&prior, &steps(&new)), "");
            }
            last = Some(new.clone());
            tx.put(new);
        }
    }
    row
}

/// Evaluates a shop whose facts are loaded and writes down what came of it. One that nobody asked for and that changed
/// neither limit nor steps leaves no row: what is stored explains the limit as it stands (C9).
pub(super) fn evaluate(
    tx: &mut Tx,
    ctx: &Ctx,
    row: CreditShopRow,
    shop: &Shop,
    cause: &str,
) -> CreditShopRow {
    evaluate_after(tx, ctx, row, (shop, shop), (cause, ""))
}

/// Like [`evaluate`], of a shop of which something else was known before; `reason` is what staff say.
pub(super) fn evaluate_after(
    tx: &mut Tx,
    ctx: &Ctx,
    mut row: CreditShopRow,
    (known, shop): (&Shop, &Shop),
    (cause, reason): (&str, &str),
) -> CreditShopRow {
    let by_date = row.is_due(ctx.today);
    if by_date && known != shop {
        // What was in force from the beginning of the day on is kept too, so that any instant of it can be replayed.
        let date = Cause::by_quarter(&ctx.zone, ctx.today, &row, Cause::DATE);
        row = evaluate_after(tx, ctx, row, (known, known), (date, ""));
        return evaluate_after(tx, ctx, row, (known, shop), (cause, reason));
    }
    if by_date {
        row = make_up(tx, ctx, row, shop);
    }
    // A date is in force from its first instant on, whenever somebody looks.
    let (cause, at) = if by_date && Cause::is_of_date(cause) {
        (Cause::by_quarter(&ctx.zone, ctx.today, &row, Cause::DATE), ctx.day_start)
    } else {
        (cause, ctx.now)
    };
    let view = ctx.rules.policy.now(ctx.now);
    let terms = limit_terms(view);
    let outcome = credit::evaluate(shop, ctx.today, &terms);
    let (before, last, first) = (row.total, last(tx, &row), row.evaluations == 0);
    let new = EvaluationRow {
        party: row.party,
        seq: row.evaluations + 1,
        at,
        cause: cause.to_owned(),
        before,
        total: outcome.total_minor,
        steps: encode(&outcome.steps),
        policy_version: i64::from(view.version().number),
    };
    if first || before != new.total {
        let prior = match &last {
            Some(last) => decode(&last.steps).unwrap_or_default(),
            None if first => Vec::new(),
            None => credit::evaluate(known, ctx.zone.date(row.evaluated_at), &terms).steps,
        };
        tell_change(tx, &new, (&prior, &outcome.steps), reason);
    }
    let says_the_same = last.is_some_and(|last| last.steps == new.steps);
    if first || !(says_the_same && Cause::is_of_itself(cause)) {
        row.evaluations += 1;
        tx.put(new);
    }
    row.total = outcome.total_minor;
    row.evaluated_at = ctx.now;
    row.next_on = credit::next_change(shop, ctx.today, &terms).map(|date| date.to_string());
    let ahead = view.value(keys::BOOST_REMINDER);
    row.remind_on = credit::remind_on(shop, ctx.today, &terms, ahead).map(|date| date.to_string());
    raise_high(&mut row, if by_date { outcome.total_minor } else { before }, ctx.today);
    row.version += 1;
    if !first && row.total > before {
        let (before_minor, total_minor) = (before, row.total);
        risk::note_increase(tx, ctx, row.party, Increase { before_minor, total_minor });
    }
    let used = used_minor(tx, row.party, ctx);
    warn_when_used(tx, ctx, &mut row, used);
    tx.put(row.clone());
    row
}

/// Tells the merchant what the limit was, what it is and why (C10): the rules in force by name, what differs in words,
/// and what staff say where they decided it.
fn tell_change(tx: &mut Tx, new: &EvaluationRow, (prior, steps): (&[Step], &[Step]), reason: &str) {
    let rules: Vec<&str> = steps.iter().filter(|s| s.rule != Rule::Rounding).map(|s| s.rule.name()).collect();
    let words = reason_words(prior, steps);
    let facts = Facts::new()
        .int("before_minor", new.before)
        .int("total_minor", new.total)
        .text("cause", &new.cause)
        .text("rules", rules.join(" "))
        .text("reason", reason)
        .text("reason_zh", words.0)
        .text("reason_en", words.1);
    tx.notify("credit.limit_changed", new.party, &new.party.to_string(), facts);
}

/// What differs between two evaluations, in both languages; a change of the rules themselves where nothing else does.
pub fn reason_words(before: &[Step], after: &[Step]) -> (String, String) {
    let found = credit::reasons(before, after);
    if found.is_empty() {
        return ("额度规则调整".to_owned(), "The rules changed".to_owned());
    }
    let zh: Vec<String> = found.iter().map(credit::Reason::zh).collect();
    let en: Vec<String> = found.iter().map(credit::Reason::en).collect();
    (zh.join("；"), en.join("; "))
}

/// What makes an evaluation necessary, as it is stored.
pub struct Cause;

impl Cause {
    /// Something was reported.
    pub const REPORT: &'static str = "report";
    /// Staff decided something.
    pub const STAFF: &'static str = "staff";
    /// A date on which something begins or ends.
    pub const DATE: &'static str = "date";
    /// The first look in a quarter.
    pub const QUARTER: &'static str = "quarter";
    /// A day's draws passed their share of the limit (C7).
    pub const DRAW: &'static str = "draw";
    /// Another phone was bound (C22).
    pub const PHONE: &'static str = "phone";
    /// The terms of the limit changed (P4).
    pub const POLICY: &'static str = "policy";

    /// In words, in Chinese and in English; empty for a name that is none of these.
    pub fn words(cause: &str) -> (&'static str, &'static str) {
        match cause {
            Self::REPORT => ("店铺数据更新", "Shop data were reported"),
            Self::STAFF => ("工作人员决定", "Staff decided"),
            Self::DATE => ("到期或生效日", "A date on which something begins or ends"),
            Self::QUARTER => ("季度评估", "The quarter"),
            Self::DRAW => ("单日提取比例过高", "A day's draws"),
            Self::PHONE => ("更换绑定手机", "Another phone was bound"),
            Self::POLICY => ("额度规则调整", "The rules changed"),
            _ => ("", ""),
        }
    }

    /// Whether nothing happened to the shop: such an evaluation is worth a row only when it says something else.
    fn is_of_itself(cause: &str) -> bool {
        [Self::DATE, Self::POLICY].contains(&cause)
    }

    /// Why a limit is looked at on a civil date: the quarter, where the last look was in another one, else `plain`. The
    /// first day itself may have been missed.
    pub(super) fn by_quarter(
        zone: &Zone,
        today: Date,
        row: &CreditShopRow,
        plain: &'static str,
    ) -> &'static str {
        let quarter = |day: Date| (day.year(), (day.month() - 1) / 3);
        let last = zone.date(row.evaluated_at);
        if quarter(last) == quarter(today) { plain } else { Self::QUARTER }
    }

    /// Whether only the date made it necessary: what is known of the shop was the same since the one before.
    pub(super) fn is_of_date(cause: &str) -> bool {
        [Self::DATE, Self::QUARTER].contains(&cause)
    }
}

/// Keeps the day's highest limit (C7): a day begins with the limit that its date gives. What ended with the day before is
/// no limit of this one.
fn raise_high(row: &mut CreditShopRow, begins_with: i64, today: Date) {
    let today = today.to_string();
    if row.high_on != today {
        row.high_on = today;
        row.high_total = begins_with;
    }
    row.high_total = row.high_total.max(row.total);
}

/// Warns once when most of the limit is in use, and again after it was less (C10).
pub(super) fn warn_when_used(tx: &mut Tx, ctx: &Ctx, row: &mut CreditShopRow, used_minor: i64) {
    let share = ctx.rules.policy.now(ctx.now).value(keys::LIMIT_USED_WARNING);
    let taken = used_minor.saturating_add(row.reserved);
    let line = share.of(row.total, Rounding::Up).unwrap_or(i64::MAX);
    let over = taken > 0 && taken >= line;
    if over && !row.warned {
        let facts = Facts::new().int("used_minor", taken).int("total_minor", row.total);
        tx.notify("credit.mostly_used", row.party, &row.party.to_string(), facts);
    }
    row.warned = over;
}
