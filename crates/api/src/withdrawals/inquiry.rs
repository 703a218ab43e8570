//! Settling by inquiry what a rail leaves open, as it is proposed (P10, P16).

use axum::http::StatusCode;
use purser_domain::{ids::WithdrawalId, withdrawals::Found};
use purser_engine::{approvals::Action, withdrawals::PayoutInquiry};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    edge::{Call, parse_id},
    problem::Problem,
};

/// What was found out at a rail about a payout that it leaves open, once the promised time is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InquiryProposal {
    /// Withdrawal, `wd_…`.
    withdrawal_id: String,
    /// Which part of it, as its `slices` number them; 1 when absent.
    slice: Option<u16>,
    /// `arrived`, or `not_arrived`: it never did and never will.
    found: String,
    /// Who at the rail said so, when, and under which reference of theirs; shown to whoever decides, and kept: nothing
    /// personal.
    evidence: String,
}

impl InquiryProposal {
    /// As it is proposed.
    pub(crate) async fn action(self, call: &Call) -> Result<Action, Problem> {
        let id: WithdrawalId = parse_id(&self.withdrawal_id, "/payout_inquiry/withdrawal_id")?;
        let text = "what was found is `arrived` or `not_arrived`";
        let found = Found::named(&self.found);
        let found = found.ok_or_else(|| Problem::invalid("/payout_inquiry/found", text))?;
        let (slice, evidence) = (self.slice.unwrap_or(1), self.evidence);
        let about =
            call.app.read(move |session| PayoutInquiry::about(session, id, slice, found, &evidence)).await?;
        let unknown = || {
            let text = format!("there is no withdrawal {id} with a part {slice} that was sent");
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "slice_unknown", text)
        };
        about.map(Action::PayoutInquiry).ok_or_else(unknown)
    }
}
