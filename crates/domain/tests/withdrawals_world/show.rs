//! What happened, in one line.

use std::fmt::Write as _;

use purser_domain::money::decimal;
use purser_domain::withdrawals::{Decision, Effect, Marks, MoneyOp, Reason, Refused, State};

pub(super) fn show_marks(out: &mut String, marks: Marks) {
    if marks.large {
        out.push_str(" large");
    }
    if let Some(until) = marks.lock_until {
        let _ = write!(out, " limit locked until {until}");
    }
    if marks.zero_limit {
        out.push_str(" limit zero");
    }
}

pub(super) fn show_refused(refused: &Refused) -> String {
    let mut out = refused.code.code().to_owned();
    if !refused.missing.is_empty() {
        let steps: Vec<_> = refused.missing.iter().map(|step| step.name()).collect();
        let _ = write!(out, " {}", steps.join(","));
    }
    if let Some(bound) = refused.bound_minor {
        let _ = write!(out, " bound {}", decimal(bound));
    }
    if let Some(until) = refused.until {
        let _ = write!(out, " until {until}");
    }
    out
}

pub(super) fn show_decision(decision: &Decision) -> String {
    let mut out = decision.withdrawal.state.name().to_owned();
    match &decision.withdrawal.reason {
        Some(Reason::Gate(code)) if decision.withdrawal.state != State::InReview => {
            let _ = write!(out, " because {}", code.code());
        }
        Some(Reason::Rail { class, .. }) => {
            let _ = write!(out, " because {}", class.name());
        }
        _ => {}
    }
    show_ops(&mut out, &decision.ops);
    for effect in &decision.effects {
        let tail = |reference: &String| reference.chars().rev().take(3).collect::<Vec<_>>();
        let _ = match effect {
            Effect::Send { reference, .. } => write!(out, " ! send {}", rev(&tail(reference))),
            Effect::Resend { reference, not_before, .. } => {
                let after = not_before.map_or(String::new(), |at| format!(" after {at}"));
                write!(out, " ! resend {}{after}", rev(&tail(reference)))
            }
            Effect::Query { reference, .. } => write!(out, " ! query {}", rev(&tail(reference))),
            Effect::BookCharge { slice, amount_minor, .. } => {
                write!(out, " ! book_charge {slice} {}", decimal(*amount_minor))
            }
            Effect::MarkRailShort => write!(out, " ! mark_rail_short"),
            Effect::AlertFloat => write!(out, " ! alert_float"),
            Effect::OpenRiskCase => write!(out, " ! open_risk_case"),
            Effect::AlertConfiguration => write!(out, " ! alert_configuration"),
            Effect::StopRail => write!(out, " ! stop_rail"),
        };
    }
    for change in &decision.counters {
        let _ = write!(
            out,
            " # {} {} requests {} standing {}",
            change.on,
            decimal(change.amount_minor),
            change.requests,
            change.standing
        );
        if (change.unpaid_minor, change.unpaid_requests) != (0, 0) {
            let _ =
                write!(out, " unpaid {} requests {}", decimal(change.unpaid_minor), change.unpaid_requests);
        }
    }
    out
}

fn rev(tail: &[char]) -> String {
    tail.iter().rev().collect()
}

pub(super) fn show_ops(out: &mut String, ops: &[MoneyOp]) {
    for op in ops {
        let _ = match op {
            MoneyOp::Hold { hold, amount_minor, .. } => {
                write!(out, " | hold {hold:?} {}", decimal(*amount_minor))
            }
            MoneyOp::Settle { hold, amount_minor } => {
                write!(out, " | settle {hold:?} {}", decimal(*amount_minor))
            }
            MoneyOp::Release { hold } => write!(out, " | release {hold:?}"),
            MoneyOp::Transfer { from, to, amount_minor } => {
                write!(out, " | {from:?}>{to:?} {}", decimal(*amount_minor))
            }
        };
    }
}
