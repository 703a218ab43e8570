//! Making transfers.

use std::collections::BTreeMap;

use axum::{http::StatusCode, response::Response};
use purser_engine::ledger::{self, PostTransfers};

use super::{
    bound::resolve,
    dto::{
        Draft, ItemError, NewTransfer, NewTransfers, TransferItem, TransferMade, TransfersMade, Wrong,
        field_of, read,
    },
};
use crate::{
    edge::{Answer, Body, Call, bulk_size, submit},
    problem::Problem,
};

fn drafts(call: &Call, items: &[NewTransfer]) -> Vec<Result<Draft, Wrong>> {
    let currency = call.app.rules().currency;
    items.iter().map(|item| read(item, currency, || call.app.new_id())).collect()
}

/// People move money in twos (P16); the platform's own system posts by itself.
fn program(call: &Call) -> Result<(), Problem> {
    if call.identity.session.is_none() {
        return Ok(());
    }
    let text = "a transfer by hand takes two people: propose it with POST /v1/approvals, as manual_transfer";
    Err(Problem::new(StatusCode::FORBIDDEN, "approval_required", text))
}

/// Make one transfer
///
/// Moves money now, places a hold, settles or releases one, or reverses an earlier transfer (P1). For the platform's
/// own system; what staff move by hand takes two people. What other records have to equal is not moved like this:
/// float, frozen income, advances, payouts in transit, and whatever belongs to a withdrawal, a refund, an order or a
/// statement.
#[utoipa::path(post, path = "/v1/transfers", tag = "ledger", request_body = NewTransfer,
    responses((status = 201, body = TransferMade, description = "Made, and durable")))]
pub(crate) async fn post_transfer(call: Call, body: Body<NewTransfer>) -> Result<Response, Problem> {
    program(&call)?;
    let currency = call.app.rules().currency;
    let draft = read(&body.value, currency, || call.app.new_id())
        .map_err(|(field, text)| Problem::invalid(field, text))?;
    let mut drafts = [draft];
    if let Some(refused) = resolve(&call, &mut drafts).await?.into_iter().flatten().next() {
        return Err(refused.problem(""));
    }
    let [draft] = drafts;
    let (request, dry_run) = (draft.request.clone(), call.dry_run);
    let command =
        SinglePost(PostTransfers { transfers: vec![draft.request], atomic: true, accounts: draft.names });
    submit(&call, body.digest, command, move |outcomes| {
        let posted = outcomes.first().and_then(|o| o.ok()).unwrap_or(purser_domain::ledger::Posted::New);
        Answer::created(&TransferMade::of(&request, posted, dry_run))
    })
    .await
}

/// One transfer: its refusal points at a field of the body instead of an item of a list.
struct SinglePost(PostTransfers);

impl purser_engine::Command for SinglePost {
    type Output = Vec<ledger::TransferOutcome>;

    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn needs(&self, needs: &mut purser_engine::Needs<'_>, ctx: &purser_engine::Ctx) {
        self.0.needs(needs, ctx);
    }
    fn decide(
        &self,
        tx: &mut purser_engine::Tx,
        ctx: &purser_engine::Ctx,
    ) -> Result<Self::Output, purser_engine::Rejection> {
        self.0.decide(tx, ctx).map_err(|mut rejection| {
            rejection.field = field_of(rejection.code).map(str::to_owned);
            rejection
        })
    }
    fn audit(&self, output: &Self::Output) -> (String, purser_engine::facts::Facts) {
        self.0.audit(output)
    }
}

/// Make many transfers
///
/// Item by item, each with its own outcome; or all or none with `atomic`.
#[utoipa::path(post, path = "/v1/transfers/bulk", tag = "ledger", request_body = NewTransfers,
    responses((status = 200, body = TransfersMade, description = "Decided, and durable")))]
pub(crate) async fn post_transfers(call: Call, body: Body<NewTransfers>) -> Result<Response, Problem> {
    program(&call)?;
    let Body { value, digest } = body;
    bulk_size("/transfers", value.transfers.len(), call.app.bulk_items())?;
    let (mut drafted, mut indices, mut wrong) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (index, draft) in drafts(&call, &value.transfers).into_iter().enumerate() {
        match draft {
            Ok(draft) => {
                indices.push(index);
                drafted.push(draft);
            }
            Err((field, text)) if value.atomic => {
                return Err(Problem::invalid(format!("/transfers/{index}{field}"), text));
            }
            Err(invalid) => {
                wrong.insert(index, ItemError::invalid(&invalid));
            }
        }
    }
    let refused = resolve(&call, &mut drafted).await?;
    let (mut accounts, mut transfers) = (Vec::new(), Vec::new());
    for ((draft, index), refused) in drafted.into_iter().zip(indices).zip(refused) {
        match refused {
            Some(refused) if value.atomic => return Err(refused.problem(&format!("/transfers/{index}"))),
            Some(refused) => {
                wrong.insert(index, refused.item());
            }
            None => {
                accounts.extend(draft.names);
                transfers.push(draft.request);
            }
        }
    }
    accounts.sort_unstable();
    accounts.dedup();
    let (requests, count, dry_run) = (transfers.clone(), value.transfers.len(), call.dry_run);
    let command = PostTransfers { transfers, atomic: value.atomic, accounts };
    submit(&call, digest, command, move |outcomes| {
        let mut decided = requests.iter().zip(outcomes);
        let item = |index| match wrong.get(&index) {
            Some(error) => Some(TransferItem::wrong(index, error.clone())),
            None => {
                decided.next().map(|(request, outcome)| TransferItem::made(index, request, *outcome, dry_run))
            }
        };
        let items: Vec<TransferItem> = (0..count).filter_map(item).collect();
        let made = outcomes.iter().filter(|o| o.is_ok()).count();
        Answer::ok(&TransfersMade { refused: items.len() - made, items, made })
    })
    .await
}
