//! Making transfers.

use axum::{http::StatusCode, response::Response};
use purser_domain::{
    ids::{AccountId, TransferId},
    ledger::Step,
};
use purser_engine::{
    Fault, Session,
    ledger::{self, PostTransfers},
};

use super::dto::{
    Draft, NewTransfer, NewTransfers, TransferItem, TransferMade, TransfersMade, Wrong, field_of, read,
};
use crate::{
    edge::{Answer, Body, Call, submit},
    problem::Problem,
};

fn drafts(call: &Call, items: &[NewTransfer]) -> Vec<Result<Draft, Wrong>> {
    let currency = call.app.rules().currency;
    items.iter().map(|item| read(item, currency, || call.app.new_id())).collect()
}

/// Accounts of the hold or transfer that a request names. They never change, so they may be read ahead of the
/// group; one that does not exist yet is left nil and refused by the ledger.
fn look_up(session: &mut dyn Session, step: Step) -> Result<Option<(AccountId, AccountId)>, Fault> {
    match step {
        Step::Settle { hold } | Step::Release { hold } => {
            Ok(ledger::hold(session, hold)?.map(|hold| (hold.debit, hold.credit)))
        }
        Step::Reverse { transfer } => Ok(ledger::transfer(session, transfer)?.map(|t| (t.credit, t.debit))),
        Step::Post | Step::Hold { .. } => Ok(None),
    }
}

async fn fill_accounts(call: &Call, drafts: &mut [Draft]) -> Result<(), Problem> {
    let steps: Vec<(usize, Step)> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.request.debit.0.is_nil())
        .map(|(index, draft)| (index, draft.request.step))
        .collect();
    if steps.is_empty() {
        return Ok(());
    }
    let made_here: std::collections::BTreeMap<TransferId, (AccountId, AccountId)> =
        drafts.iter().map(|d| (d.request.id, (d.request.debit, d.request.credit))).collect();
    let wanted = steps.clone();
    let found = call
        .app
        .read(move |session| {
            wanted.iter().map(|(_, step)| look_up(session, *step)).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for ((index, step), found) in steps.into_iter().zip(found) {
        let earlier = match step {
            Step::Settle { hold } | Step::Release { hold } => made_here.get(&hold).copied(),
            Step::Reverse { transfer } => made_here.get(&transfer).map(|(debit, credit)| (*credit, *debit)),
            Step::Post | Step::Hold { .. } => None,
        };
        if let (Some(draft), Some((debit, credit))) = (drafts.get_mut(index), found.or(earlier)) {
            draft.request.debit = debit;
            draft.request.credit = credit;
        }
    }
    Ok(())
}

/// Make one transfer
///
/// Moves money now, places a hold, settles or releases one, or reverses an earlier transfer (P1).
#[utoipa::path(post, path = "/v1/transfers", tag = "ledger", request_body = NewTransfer,
    responses((status = 201, body = TransferMade, description = "Made, and durable")))]
pub(crate) async fn post_transfer(call: Call, body: Body<NewTransfer>) -> Result<Response, Problem> {
    let currency = call.app.rules().currency;
    let draft = read(&body.value, currency, || call.app.new_id())
        .map_err(|(field, text)| Problem::invalid(field, text))?;
    let mut drafts = [draft];
    fill_accounts(&call, &mut drafts).await?;
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
    let Body { value, digest } = body;
    let most = call.app.bulk_items();
    if value.transfers.is_empty() || value.transfers.len() > most {
        let text = format!("a bulk request has 1 to {most} items, this one has {}", value.transfers.len());
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bulk_size", text.clone()).at("/transfers", text));
    }
    let mut good = Vec::new();
    let mut places = Vec::new();
    for (index, draft) in drafts(&call, &value.transfers).into_iter().enumerate() {
        match draft {
            Ok(draft) => {
                places.push(Ok(good.len()));
                good.push(draft);
            }
            Err((field, text)) if value.atomic => {
                return Err(Problem::invalid(format!("/transfers/{index}{field}"), text));
            }
            Err(wrong) => places.push(Err(wrong)),
        }
    }
    fill_accounts(&call, &mut good).await?;
    let mut accounts: Vec<_> = good.iter_mut().flat_map(|draft| std::mem::take(&mut draft.names)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    let transfers: Vec<_> = good.into_iter().map(|draft| draft.request).collect();
    let (requests, dry_run) = (transfers.clone(), call.dry_run);
    let command = PostTransfers { transfers, atomic: value.atomic, accounts };
    submit(&call, digest, command, move |outcomes| {
        let item = |(index, place): (usize, &Result<usize, Wrong>)| match place {
            Ok(at) => match (requests.get(*at), outcomes.get(*at)) {
                (Some(request), Some(outcome)) => TransferItem::made(index, request, *outcome, dry_run),
                _ => TransferItem::wrong(index, &("", "no outcome".to_owned())),
            },
            Err(wrong) => TransferItem::wrong(index, wrong),
        };
        let items: Vec<TransferItem> = places.iter().enumerate().map(item).collect();
        let made = outcomes.iter().filter(|o| o.is_ok()).count();
        Answer::ok(&TransfersMade { refused: items.len() - made, items, made })
    })
    .await
}
