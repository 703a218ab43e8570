//! What takes two people (P16), and the float (P12).
#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use purser_domain::{
    ids::{ApprovalId, Uid},
    ledger::{AccountKind, AccountRef, Step},
    money::Currency,
};
use purser_engine::{
    Command, Ctx, Needs, Rejection, Tx, Writer,
    approvals::{self, Action, ApprovalState, Decide, Propose},
    facts::Facts,
    ledger::{AdjustFloat, ManualTransfer, TopUpFloat},
    rules::EnterSandbox,
};
use support::{Books, balance, clearing, code, earnings, float, post, run};

fn propose(writer: &mut Writer, action: Action) -> ApprovalId {
    run(writer, Propose { action, by: "staff:li".to_owned() }).unwrap()
}

fn yes(id: ApprovalId, by: &str) -> Decide {
    Decide { id, approve: true, by: by.to_owned() }
}

fn manual(amount_minor: i64) -> ManualTransfer {
    ManualTransfer {
        debit: earnings(1),
        credit: earnings(2),
        amount_minor,
        currency: Currency::CNY,
        reason: "paid to the wrong creator\nsee case 7".to_owned(),
    }
}

#[test]
fn a_manual_transfer_posts_in_the_commit_of_the_second_person() {
    Books::each(|books| {
        let mut writer = books.writer();
        post(&mut writer, Step::Post, &clearing(), &earnings(1), 1_000);
        let id = propose(&mut writer, Action::ManualTransfer(manual(400)));
        assert_eq!(balance(&mut writer, &earnings(2)), (0, 0));
        assert_eq!(code(run(&mut writer, yes(id, "staff:li"))), "approval_same_person");
        assert_eq!(code(run(&mut writer, yes(id, ""))), "actor_missing");
        let verdict = run(&mut writer, yes(id, "staff:wang")).unwrap();
        assert_eq!(verdict.state, ApprovalState::CarriedOut);
        assert!(verdict.outcome.get_text("transfer").is_some());
        assert_eq!((balance(&mut writer, &earnings(1)).0, balance(&mut writer, &earnings(2)).0), (600, 400));
        assert_eq!(code(run(&mut writer, yes(id, "staff:wang"))), "approval_decided");
        let again = propose(&mut writer, Action::ManualTransfer(manual(400)));
        assert_eq!(again, id, "the same once more is a new round of the same approval");
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        assert_eq!(balance(&mut writer, &earnings(2)).0, 800);
    });
}

/// P16: what an older version took without a detail that is asked now can be refused and proposed anew, not approved.
#[test]
fn a_proposal_of_an_older_version_can_only_be_refused_p16() {
    Books::each(|books| {
        let mut writer = books.writer();
        for name in ["credit.emergency", "credit.override", "credit.write_off", "credit.application"] {
            // They had no reason then.
            let facts = Facts::new().text("from", "2026-03-01").int("amount_minor", 1);
            let id = propose(
                &mut writer,
                Action::Other { action: name.to_owned(), subject: "pty_7".to_owned(), facts },
            );
            assert_eq!(code(run(&mut writer, yes(id, "staff:li"))), "approval_same_person");
            assert_eq!(code(run(&mut writer, yes(id, "staff:wang"))), "approval_outdated", "{name}");
            let no = Decide { approve: false, ..yes(id, "staff:wang") };
            assert_eq!(run(&mut writer, no).unwrap().state, ApprovalState::Refused);
            assert_eq!(code(run(&mut writer, yes(id, "staff:wang"))), "approval_decided");
        }
    });
}

#[test]
fn a_transfer_that_the_ledger_refuses_leaves_the_proposal_open() {
    Books::each(|books| {
        let mut writer = books.writer();
        post(&mut writer, Step::Post, &clearing(), &earnings(1), 100);
        let id = propose(&mut writer, Action::ManualTransfer(manual(400)));
        assert_eq!(code(run(&mut writer, yes(id, "staff:wang"))), "debit_insufficient_funds");
        post(&mut writer, Step::Post, &clearing(), &earnings(1), 300);
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        let open = approvals::by_state(books.reader().as_mut(), ApprovalState::Open, None, 10).unwrap();
        assert!(open.is_empty());
    });
}

#[test]
fn a_proposal_is_checked_before_anybody_looks_at_it() {
    Books::each(|books| {
        let mut writer = books.writer();
        let mut refused = |transfer: ManualTransfer| {
            code(run(
                &mut writer,
                Propose { action: Action::ManualTransfer(transfer), by: "staff:li".to_owned() },
            ))
        };
        assert_eq!(refused(ManualTransfer { reason: " ".to_owned(), ..manual(0) }), "reason_missing");
        assert_eq!(refused(manual(0)), "amount_not_positive");
        assert_eq!(refused(manual(i64::MIN)), "amount_not_positive");
        assert_eq!(refused(ManualTransfer { credit: float(), ..manual(1) }), "account_not_manual");
        let clearing = AccountRef::platform(AccountKind::PayoutsClearing, Currency::CNY);
        assert_eq!(refused(ManualTransfer { debit: clearing, ..manual(1) }), "account_not_manual");
    });
}

#[test]
fn the_same_proposal_by_another_person_is_to_be_decided_instead() {
    Books::each(|books| {
        let mut writer = books.writer();
        let id = propose(&mut writer, Action::ManualTransfer(manual(400)));
        let other = Propose { action: Action::ManualTransfer(manual(400)), by: "staff:wang".to_owned() };
        assert_eq!(code(run(&mut writer, other)), "approval_open");
        let no = Decide { id, approve: false, by: "staff:wang".to_owned() };
        assert_eq!(run(&mut writer, no).unwrap().state, ApprovalState::Refused);
        assert_eq!(balance(&mut writer, &earnings(2)), (0, 0));
        let unknown = ApprovalId(Uid([9; 16]));
        assert_eq!(code(run(&mut writer, yes(unknown, "staff:wang"))), "approval_unknown");
    });
}

/// A command of another module that needs two people.
struct Guarded(i64);

impl Guarded {
    fn facts(&self) -> Facts {
        Facts::new().int("amount_minor", self.0)
    }
}

impl Command for Guarded {
    type Output = ();
    fn name(&self) -> &'static str {
        "test.guarded"
    }
    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        approvals::need_approval(needs, "test.guarded", "it", &self.facts());
    }
    fn decide(&self, tx: &mut Tx, _ctx: &Ctx) -> Result<(), Rejection> {
        approvals::require_approval(tx, "test.guarded", "it", &self.facts())
    }
}

#[test]
fn a_command_uses_its_approval_up() {
    Books::each(|books| {
        let mut writer = books.writer();
        assert_eq!(code(run(&mut writer, Guarded(5))), "approval_required");
        let action = Action::Other {
            action: "test.guarded".to_owned(),
            subject: "it".to_owned(),
            facts: Guarded(5).facts(),
        };
        let id = propose(&mut writer, action);
        assert_eq!(code(run(&mut writer, Guarded(5))), "approval_required", "proposed is not approved");
        assert_eq!(run(&mut writer, yes(id, "staff:wang")).unwrap().state, ApprovalState::Approved);
        assert_eq!(
            code(run(&mut writer, Guarded(6))),
            "approval_required",
            "another amount was not approved"
        );
        run(&mut writer, Guarded(5)).unwrap();
        assert_eq!(code(run(&mut writer, Guarded(5))), "approval_required", "once");
    });
}

/// P16: what was approved a week ago and not done is approved anew before it is done.
#[test]
fn an_approval_is_good_for_seven_days_p16() {
    Books::each(|books| {
        let mut writer = books.writer();
        let action = || Action::Other {
            action: "test.guarded".to_owned(),
            subject: "it".to_owned(),
            facts: Guarded(5).facts(),
        };
        let id = propose(&mut writer, action());
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        books.advance(approvals::APPROVAL_MICROS);
        assert_eq!(code(run(&mut writer, Guarded(5))), "approval_required", "too late");
        assert_eq!(propose(&mut writer, action()), id);
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        books.advance(approvals::APPROVAL_MICROS - 1);
        run(&mut writer, Guarded(5)).unwrap();
    });
}

/// P16: however many wait, each can be reached.
#[test]
fn open_proposals_are_listed_page_by_page_p16() {
    Books::each(|books| {
        let mut writer = books.writer();
        let mut proposed: Vec<ApprovalId> =
            (1..=5).map(|amount| propose(&mut writer, Action::ManualTransfer(manual(amount)))).collect();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = approvals::by_state(books.reader().as_mut(), ApprovalState::Open, after, 2).unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.proposed_at, last.id));
            found.extend(page.iter().map(|row| row.id));
        }
        proposed.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, proposed, "each once");
    });
}

fn top_up(amount_minor: i64, reference: &str) -> TopUpFloat {
    TopUpFloat {
        rail: "sandbox".to_owned(),
        amount_minor,
        currency: Currency::CNY,
        reference: reference.to_owned(),
    }
}

#[test]
fn a_float_top_up_is_booked_once_by_its_reference() {
    Books::each(|books| {
        let mut writer = books.writer();
        // What lies at the sandbox is nothing: live books have no float there.
        assert_eq!(code(run(&mut writer, top_up(5_000, "2026030200001"))), "not_sandbox");
        run(&mut writer, EnterSandbox).unwrap();
        let done = run(&mut writer, top_up(5_000, "2026030200001")).unwrap();
        assert_eq!((done.new, done.float_minor), (true, 5_000));
        let again = run(&mut writer, top_up(5_000, " 2026030200001 ")).unwrap();
        assert_eq!((again.new, again.float_minor, again.transfer), (false, 5_000, done.transfer));
        assert_eq!(code(run(&mut writer, top_up(6_000, "2026030200001"))), "id_reused");
        assert_eq!(code(run(&mut writer, top_up(6_000, " "))), "reference_missing");
        assert_eq!(code(run(&mut writer, top_up(0, "x"))), "amount_not_positive");
        let unknown = TopUpFloat { rail: "pigeon".to_owned(), ..top_up(1, "x") };
        assert_eq!(code(run(&mut writer, unknown)), "rail_unknown");
        drop(writer);
        let mut writer = books.writer();
        assert!(!run(&mut writer, top_up(5_000, "2026030200001")).unwrap().new, "after a restart too");
        assert_eq!(balance(&mut writer, &float()).0, 5_000);
        let funds = AccountRef::platform(AccountKind::PlatformFunds, Currency::CNY);
        assert_eq!(balance(&mut writer, &funds).0, 5_000);
    });
}

#[test]
fn a_float_is_corrected_by_two_people_and_never_below_zero() {
    Books::each(|books| {
        let mut writer = books.writer();
        run(&mut writer, EnterSandbox).unwrap();
        run(&mut writer, top_up(5_000, "a")).unwrap();
        let adjust = |amount_minor| {
            Action::AdjustFloat(AdjustFloat {
                rail: "sandbox".to_owned(),
                amount_minor,
                currency: Currency::CNY,
                reason: "the rail says so".to_owned(),
            })
        };
        let id = propose(&mut writer, adjust(-2_000));
        assert_eq!(code(run(&mut writer, yes(id, "staff:li"))), "approval_same_person");
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        assert_eq!(balance(&mut writer, &float()).0, 3_000);
        let id = propose(&mut writer, adjust(-3_001));
        assert_eq!(code(run(&mut writer, yes(id, "staff:wang"))), "credit_insufficient_funds");
        let id = propose(&mut writer, adjust(1));
        run(&mut writer, yes(id, "staff:wang")).unwrap();
        assert_eq!(balance(&mut writer, &float()).0, 3_001);
        let nothing = Propose { action: adjust(0), by: "staff:li".to_owned() };
        assert_eq!(code(run(&mut writer, nothing)), "amount_zero");
    });
}
