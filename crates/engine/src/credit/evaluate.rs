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

/// Steps by which the limit of a shop stands, as they are stored; those of the last evaluation where [`want_last`] declared
/// it, else the same made anew of what was known, by the rules of then.
fn prior(tx: &Tx, ctx: &Ctx, row: &CreditShopRow, known: &Shop) -> Vec<u8> {
    if let Some(last) = last(tx, row) {
        return last.steps;
    }
    if row.evaluations == 0 {
        return Vec::new();
    }
    let view = ctx.rules.policy.at(row.evaluated_at, ctx.now);
    encode(&credit::evaluate(known, ctx.zone.date(row.evaluated_at), &limit_terms(view)).steps)
}

/// Dates that have come of which one look makes up for at most so many.
const MISSED_MAX: usize = 400;

/// What the dates made of a shop that have come, up to and with `until`, since it was evaluated last (C8, C9): the shop
/// as it stands then, and the evaluations that say so, each in force from the first instant of its date. Nothing is written.
/// What is known of the shop was known on each of them, or it would have been evaluated. Each goes by the rules of its
/// first instant: rules that change later in a day are followed from then on, see [`super::new_terms`]. So whoever
/// looks, and whenever, finds the same. One that says what those before it (`prior`) said is none.
pub(super) fn walk(
    row: &CreditShopRow,
    shop: &Shop,
    rules: &Rules,
    (until, now): (Date, Timestamp),
    prior: &[u8],
) -> (CreditShopRow, Vec<EvaluationRow>) {
    let (mut row, mut new) = (row.clone(), Vec::<EvaluationRow>::new());
    for _ in 0..MISSED_MAX {
        let Some(on) = row.due_on().filter(|on| *on <= until) else { break };
        let (next, mut evaluation) = look(&row, shop, rules, on, now);
        evaluation.seq += i64::try_from(new.len()).unwrap_or(i64::MAX);
        let says_the_same = new.last().map_or(prior, |last| &last.steps) == evaluation.steps;
        if !(says_the_same && Cause::is_of_itself(&evaluation.cause)) {
            new.push(evaluation);
        }
        row = next;
    }
    (row, new)
}

/// What a shop's limit is from the first instant of a civil date on.
fn look(
    row: &CreditShopRow,
    shop: &Shop,
    rules: &Rules,
    on: Date,
    now: Timestamp,
) -> (CreditShopRow, EvaluationRow) {
    let zone = rules.policy.zone();
    let at = zone.start_of(on);
    let view = rules.policy.at(at, now);
    let terms = limit_terms(view);
    let outcome = credit::evaluate(shop, on, &terms);
    let evaluation = EvaluationRow {
        party: row.party,
        seq: row.evaluations + 1,
        at,
        cause: Cause::by_quarter(zone, on, row).to_owned(),
        before: row.total,
        total: outcome.total_minor,
        steps: encode(&outcome.steps),
        policy_version: i64::from(view.version().number),
    };
    let next_on = credit::next_change(shop, on, &terms).map(|date| date.to_string());
    (CreditShopRow { total: outcome.total_minor, next_on, evaluated_at: at, ..row.clone() }, evaluation)
}

/// Writes down and tells what the dates that have come changed while nobody looked (C9, C10).
fn catch_up(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &CreditShopRow,
    shop: &Shop,
    prior: Vec<u8>,
) -> (CreditShopRow, Vec<u8>) {
    let (mut row, new) = walk(row, shop, &ctx.rules, (ctx.today, ctx.now), &prior);
    row.evaluations += i64::try_from(new.len()).unwrap_or(i64::MAX);
    let mut prior = prior;
    for evaluation in new {
        if evaluation.before != evaluation.total {
            tell_change(tx, &evaluation, &prior, "");
            note_increase(tx, ctx, &evaluation);
        }
        prior.clone_from(&evaluation.steps);
        tx.put(evaluation);
    }
    // A day begins with the limit that its date gives.
    let begins_with = row.total;
    raise_high(&mut row, begins_with, ctx.today);
    (row, prior)
}

/// Brings a shop whose date has come to the limit of today. Where neither limit nor steps changed no row is left, but once
/// a quarter: what is stored explains the limit as it stands (C9).
pub(super) fn bring_to(tx: &mut Tx, ctx: &Ctx, row: &CreditShopRow, shop: &Shop) -> CreditShopRow {
    let prior = prior(tx, ctx, row, shop);
    let (row, _) = catch_up(tx, ctx, row, shop, prior);
    settle(tx, ctx, row, shop)
}

/// Evaluates a shop for another reason than a date and writes down what came of it; `known` is what was known of it before,
/// `reason` what staff say. What was in force from the beginning of the day on is kept too, so that any instant of it
/// can be replayed.
pub(super) fn evaluate_after(
    tx: &mut Tx,
    ctx: &Ctx,
    mut row: CreditShopRow,
    (known, shop): (&Shop, &Shop),
    (cause, reason): (&str, &str),
) -> CreditShopRow {
    let mut prior = prior(tx, ctx, &row, known);
    if row.is_due(ctx.today) {
        (row, prior) = catch_up(tx, ctx, &row, known, prior);
    }
    let view = ctx.rules.policy.now(ctx.now);
    let terms = limit_terms(view);
    let outcome = credit::evaluate(shop, ctx.today, &terms);
    let (before, first) = (row.total, row.evaluations == 0);
    let new = EvaluationRow {
        party: row.party,
        seq: row.evaluations + 1,
        at: ctx.now,
        cause: cause.to_owned(),
        before,
        total: outcome.total_minor,
        steps: encode(&outcome.steps),
        policy_version: i64::from(view.version().number),
    };
    if first || before != new.total {
        tell_change(tx, &new, &prior, reason);
    }
    if !first {
        note_increase(tx, ctx, &new);
    }
    let says_the_same = prior == new.steps;
    if first || !(says_the_same && Cause::is_of_itself(cause)) {
        row.evaluations += 1;
        tx.put(new);
    }
    row.total = outcome.total_minor;
    row.evaluated_at = ctx.now;
    row.next_on = credit::next_change(shop, ctx.today, &terms).map(|date| date.to_string());
    raise_high(&mut row, before, ctx.today);
    settle(tx, ctx, row, shop)
}

/// What follows from every evaluation: when to remind of what ends (C24), whether most of the limit is in use (C10).
fn settle(tx: &mut Tx, ctx: &Ctx, mut row: CreditShopRow, shop: &Shop) -> CreditShopRow {
    let view = ctx.rules.policy.now(ctx.now);
    let ahead = view.value(keys::BOOST_REMINDER);
    row.remind_on =
        credit::remind_on(shop, ctx.today, &limit_terms(view), ahead).map(|date| date.to_string());
    row.version += 1;
    let used = used_minor(tx, row.party, ctx);
    warn_when_used(tx, ctx, &mut row, used);
    tx.put(row.clone());
    row
}

fn note_increase(tx: &mut Tx, ctx: &Ctx, new: &EvaluationRow) {
    if new.total > new.before {
        let rise = Increase { before_minor: new.before, total_minor: new.total };
        risk::note_increase(tx, ctx, new.party, rise, new.at);
    }
}

/// Tells the merchant what the limit was, what it is and why (C10): the rules in force by name, what differs in words,
/// and what staff say where they decided it.
fn tell_change(tx: &mut Tx, new: &EvaluationRow, prior: &[u8], reason: &str) {
    let [prior, steps] = [prior, &new.steps].map(|stored| decode(stored).unwrap_or_default());
    let rules: Vec<&str> = steps.iter().filter(|s| s.rule != Rule::Rounding).map(|s| s.rule.name()).collect();
    let words = reason_words(&prior, &steps);
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

    /// Why a limit is looked at on a civil date: the quarter, where the last look was in another one. The first day itself
    /// may have been missed.
    fn by_quarter(zone: &Zone, on: Date, row: &CreditShopRow) -> &'static str {
        let quarter = |day: Date| (day.year(), (day.month() - 1) / 3);
        if quarter(zone.date(row.evaluated_at)) == quarter(on) { Self::DATE } else { Self::QUARTER }
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
