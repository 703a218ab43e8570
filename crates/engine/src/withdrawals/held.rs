//! A withdrawal that risk rules hold for a person (C17): its case asks the merchant for evidence, is due within the
//! working days of policy, and ends with the decision; a good one gives the limit back.

use purser_domain::{
    casework::{Kind, Outcome},
    credit::risk::{Score, State as Label},
    policy::keys,
    withdrawals::{Evidence, GateCode, Source, State},
};

use super::{queries::Located, rows::WithdrawalRow};
use crate::{
    cases::{self, Author, CaseRow, NewCase},
    command::{Ctx, Rejection},
    credit::{draws, risk},
    tx::{Needs, Tx},
};

/// Declares the case of a withdrawal that has one, and the label of one that its score may have held (C21).
pub(super) fn want(needs: &mut Needs<'_>, located: &Located) {
    if let Some(case) = located.case {
        needs.row::<CaseRow>(case);
    }
    if located.source == Source::Proceeds {
        risk::want_label(needs, located.party, located.id);
    }
}

/// What the case asks for, in both languages; `days` are the working days of policy from the papers to the decision.
fn request(days: u32) -> String {
    let zh = Evidence::ALL.map(Evidence::zh).join("、");
    let en = Evidence::ALL.map(Evidence::en).join(", ");
    format!(
        "该笔提现需要人工审核。请在本工单上传：{zh}。收到后 {days} 个工作日内完成审核。\n\
         A person has to look at this withdrawal. Please attach: {en}. It is decided within {days} working days of that."
    )
}

/// Opens the case of a withdrawal that velocity or risk holds, and keeps the score that holds it (C21); nothing for
/// any other.
pub(super) fn open(tx: &mut Tx, ctx: &Ctx, row: &mut WithdrawalRow, score: &Score) -> Result<(), Rejection> {
    let withdrawal = row.withdrawal();
    let asks = withdrawal.review.iter().any(|code| code.asks_evidence());
    if withdrawal.state != State::InReview || !asks {
        return Ok(());
    }
    let new = NewCase {
        kind: Kind::Review,
        party: Some(row.party),
        subject: row.id.to_string(),
        summary: "提现审核，需补充资料 / A withdrawal under review: papers are needed".to_owned(),
        due_at: None,
    };
    let case = cases::open(tx, ctx, new);
    let days = ctx.rules.policy.now(ctx.now).value(keys::REVIEW_DECISION);
    cases::ask(tx, ctx, case, &request(days))?;
    row.case_id = case.to_string();
    tx.put(row.clone());
    if withdrawal.review.contains(&GateCode::ReviewRisk) {
        risk::keep_withdrawal(tx, ctx, row.party, row.id, row.amount, score, &row.case_id);
    }
    Ok(())
}

/// Ends what a review brought with it, once it is decided: the case, and the lock of the limit if it was found good.
pub(super) fn decided(
    tx: &mut Tx,
    ctx: &Ctx,
    located: &Located,
    row: &WithdrawalRow,
    (reason, by): (&str, Author),
) -> Result<(), Rejection> {
    let state = State::named(&row.state);
    let (outcome, good) = match state {
        Some(State::Scheduled) => (Outcome::Resolved, true),
        Some(State::Rejected) => (Outcome::Refused, false),
        Some(State::Cancelled) => (Outcome::Resolved, false),
        _ => return Ok(()),
    };
    if good && row.withdrawal().review.contains(&GateCode::ReviewConsecutiveDays) {
        draws::unlock(tx, ctx, row.party);
    }
    if located.source == Source::Proceeds {
        let label = match state {
            Some(State::Scheduled) => Label::Released,
            // A label is a person's judgement: a program that rejects says nothing about cash-out.
            Some(State::Rejected) if by.staff.is_some() => Label::Confirmed,
            _ => Label::Withdrawn,
        };
        risk::label_withdrawal(tx, ctx, row.id, label, by.staff, reason)?;
    }
    let Some(case) = located.case else { return Ok(()) };
    // A case that was closed otherwise stays as it is.
    if tx.get::<CaseRow>(&case).is_none_or(|case| case.state().is_closed()) {
        return Ok(());
    }
    cases::settle(tx, ctx, case, outcome, reason, by).map(|_| ())
}
