//! Changing the rules: calendar years (P5), policy versions (P4, P16), the test clock (P21).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use purser_domain::{
    ids::ApprovalId,
    policy::{DEFAULT_PACK, keys},
    time::{DAY, HOUR, Timestamp},
};
use purser_engine::{
    Command, Ctx, Decided, Needs, Rejection, Tx, Writer,
    approvals::{Action, Decide, Propose, Verdict},
    rules::{
        AdvanceClock, EnterSandbox, ImportCalendarYear, PolicyActivation, RulesSource, SetClock,
        keep_first_pack,
    },
};
use purser_storage::sqlite;
use support::{Books, at, code, post, run, start};

/// What a decision knows.
struct Look(fn(&Ctx) -> String);

impl Command for Look {
    type Output = String;
    fn name(&self) -> &'static str {
        "test.look"
    }
    fn needs(&self, _needs: &mut Needs<'_>, _ctx: &Ctx) {}
    fn decide(&self, _tx: &mut Tx, ctx: &Ctx) -> Result<String, Rejection> {
        Ok((self.0)(ctx))
    }
    fn audited(&self) -> bool {
        false
    }
}

fn look(writer: &mut Writer, what: fn(&Ctx) -> String) -> String {
    run(writer, Look(what)).unwrap()
}

fn due(ctx: &Ctx) -> String {
    match ctx.rules.calendar.add_working_days("2026-12-31".parse().unwrap(), 1) {
        Ok(date) => date.to_string(),
        Err(missing) => missing.to_string(),
    }
}

#[test]
fn an_imported_year_answers_from_the_next_group_on_and_after_a_restart() {
    Books::each(|books| {
        let mut writer = books.writer();
        assert!(look(&mut writer, due).contains("2027 are not known"));
        let text = "year = 2027\nsource = \"a notice\"\noff = [\"2027-01-01..2027-01-03\"]\n";
        let import = ImportCalendarYear::parse("2027.toml", text, "staff:li").unwrap();
        let done = run(&mut writer, import.clone()).unwrap();
        assert_eq!((done.year, done.replaced), (2027, false));
        assert_eq!(look(&mut writer, due), "2027-01-04");
        assert!(run(&mut writer, import).unwrap().replaced, "an import replaces the year");
        let moved = text.replace("2027-01-03", "2027-01-04");
        run(&mut writer, ImportCalendarYear::parse("2027.toml", &moved, "staff:li").unwrap()).unwrap();
        drop(writer);
        assert_eq!(look(&mut books.writer(), due), "2027-01-05");
    });
}

#[test]
fn a_year_with_mistakes_is_not_imported() {
    let issues =
        ImportCalendarYear::parse("bad.toml", "year = 2027\noff = [\"2026-01-01\"]\n", "x").unwrap_err();
    assert!(issues[0].to_string().starts_with("bad.toml:"), "{issues:?}");
}

#[test]
fn the_clock_moves_forward_in_a_sandbox_only() {
    Books::each(|books| {
        let mut writer = books.writer();
        assert_eq!(code(run(&mut writer, AdvanceClock { by_micros: DAY })), "not_sandbox");
        run(&mut writer, EnterSandbox).unwrap();
        run(&mut writer, EnterSandbox).unwrap();
        assert_eq!(code(run(&mut writer, AdvanceClock { by_micros: 0 })), "clock_not_forward");
        assert_eq!(code(run(&mut writer, AdvanceClock { by_micros: -HOUR })), "clock_not_forward");
        assert_eq!(code(run(&mut writer, SetClock { to: start().plus(-1) })), "clock_not_forward");
        assert_eq!(code(run(&mut writer, AdvanceClock { by_micros: i64::MAX })), "clock_too_far");
        let moved = run(&mut writer, AdvanceClock { by_micros: 3 * DAY }).unwrap();
        assert_eq!((moved.before, moved.after), (start(), start().plus(3 * DAY)));
        assert_eq!(look(&mut writer, |ctx| ctx.now.to_string()), start().plus(3 * DAY).to_string());
        let to = at("2026-12-30T08:00:00+08:00");
        run(&mut writer, SetClock { to }).unwrap();
        assert_eq!(look(&mut writer, |ctx| ctx.now.to_string()), to.to_string());
        assert_eq!(look(&mut writer, |ctx| ctx.today.to_string()), "2026-12-30");
        drop(writer);
        books.clock.set_offset(0);
        let mut writer = books.writer();
        assert_eq!(look(&mut writer, |ctx| ctx.now.to_string()), to.to_string(), "a restart keeps the time");
    });
}

#[test]
fn books_in_use_never_become_a_sandbox() {
    Books::each(|books| {
        let mut writer = books.writer();
        let step = purser_domain::ledger::Step::Post;
        post(&mut writer, step, &support::clearing(), &support::earnings(1), 100);
        assert_eq!(code(run(&mut writer, EnterSandbox)), "not_empty");
        assert_eq!(code(run(&mut writer, AdvanceClock { by_micros: DAY })), "not_sandbox");
    });
}

/// The built-in pack with a further entry.
fn pack(key: &str, row: &str, from: &str, value: i64) -> String {
    format!(
        "{DEFAULT_PACK}\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\n\
         source = \"test\"\n"
    )
}

fn propose(writer: &mut Writer, text: &str, base: u32) -> Decided<ApprovalId> {
    let activation = PolicyActivation::parse("new.toml", text, base).unwrap();
    run(writer, Propose { action: Action::ActivatePolicy(activation), by: "staff:li".to_owned() })
}

fn decide(writer: &mut Writer, id: ApprovalId, approve: bool, by: &str) -> Decided<Verdict> {
    run(writer, Decide { id, approve, by: by.to_owned() })
}

fn bulk(ctx: &Ctx) -> String {
    let decided = ctx.rules.policy.now(ctx.now).get(keys::BULK_ITEMS);
    format!("{} v{}", decided.value, decided.version)
}

#[test]
fn a_policy_takes_two_people_and_decides_from_then_on() {
    Books::each(|books| {
        let mut writer = books.writer();
        assert_eq!(look(&mut writer, bulk), "10000 v1");
        let id = propose(&mut writer, &pack("bulk.items", "P19", "2026-03-01", 500), 1).unwrap();
        assert_eq!(
            propose(&mut writer, &pack("bulk.items", "P19", "2026-03-01", 500), 1),
            Ok(id),
            "the same proposal"
        );
        assert_eq!(code(decide(&mut writer, id, true, " STAFF:LI ")), "approval_same_person");
        assert_eq!(look(&mut writer, bulk), "10000 v1", "nothing before the second person");
        decide(&mut writer, id, true, "staff:wang").unwrap();
        books.advance(HOUR);
        assert_eq!(look(&mut writer, bulk), "500 v2");
        assert_eq!(code(decide(&mut writer, id, true, "staff:wang")), "approval_decided");
        let before = look(&mut writer, |ctx| {
            ctx.rules.policy.at(Timestamp(start().0), ctx.now).value(keys::BULK_ITEMS).to_string()
        });
        assert_eq!(before, "10000", "facts before the activation keep the version that decided them");
        drop(writer);
        assert_eq!(look(&mut books.writer(), bulk), "500 v2");
    });
}

#[test]
fn fees_and_limits_need_notice() {
    Books::each(|books| {
        let mut writer = books.writer();
        let soon = pack("withdrawal.minimum", "G", "2026-03-08", 100);
        assert_eq!(code(propose(&mut writer, &soon, 1)), "policy_short_notice");
        let in_time = pack("withdrawal.minimum", "G", "2026-03-09", 100);
        let id = propose(&mut writer, &in_time, 1).unwrap();
        books.advance(2 * DAY);
        assert_eq!(
            code(decide(&mut writer, id, true, "staff:wang")),
            "policy_short_notice",
            "decided too late"
        );
    });
}

#[test]
fn a_proposal_that_was_overtaken_or_changes_nothing_is_refused() {
    Books::each(|books| {
        let mut writer = books.writer();
        assert_eq!(code(propose(&mut writer, &format!("{DEFAULT_PACK}# remark\n"), 1)), "policy_unchanged");
        let first = propose(&mut writer, &pack("bulk.items", "P19", "2026-03-01", 500), 1).unwrap();
        let second = propose(&mut writer, &pack("bulk.items", "P19", "2026-03-01", 600), 1).unwrap();
        decide(&mut writer, first, true, "staff:wang").unwrap();
        assert_eq!(code(decide(&mut writer, second, true, "staff:wang")), "policy_base_changed");
        decide(&mut writer, second, false, "staff:wang").unwrap();
        books.advance(HOUR);
        assert_eq!(look(&mut writer, bulk), "500 v2");
    });
}

#[test]
fn books_keep_the_pack_they_began_with() {
    let books = Books::file();
    drop(books.writer());
    let file = books.dir.path().join("purser.db");
    let mut session = sqlite::open_writer(&file, &sqlite::Options::default()).unwrap();
    keep_first_pack(&mut session, &RulesSource::builtin()).unwrap();
    let other = RulesSource {
        first_pack: ("other.toml".to_owned(), pack("bulk.items", "P19", "2001-01-01", 7)),
        ..RulesSource::builtin()
    };
    keep_first_pack(&mut session, &other).unwrap();
    let rules = other.load(&mut session).unwrap();
    assert_eq!(rules.policy.now(start()).value(keys::BULK_ITEMS), 10_000, "a release with other defaults");
}
