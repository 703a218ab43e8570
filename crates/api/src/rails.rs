//! Rails and their float (P10, P12); in a sandbox, what can be broken (P21).

use axum::{extract::Path, response::Response};
use purser_domain::{
    money::{Currency, Rate},
    policy::keys,
};
use purser_engine::{
    ledger::TopUpFloat,
    sandbox::{FaultDial, SetRailHealth, fault_dial},
    withdrawals::{NameCustodian, RailFloat, ReopenRail, custodians, floats},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    edge::{Amount, Answer, Body, Call, Page, json, submit},
    feed::path_digest,
    problem::Problem,
};

/// A rail, with the platform's own money at it.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own that a page shows")]
pub(crate) struct RailView {
    /// Name.
    rail: String,
    /// Who keeps the platform's money there, by name; null while nobody was named.
    custodian: Option<String>,
    /// Currency of the amounts.
    currency: String,
    /// Float in the books, minor units.
    float_minor: i64,
    /// The part of it that payouts on their way reserve.
    held_minor: i64,
    /// What further payouts can take.
    available_minor: i64,
    /// The rail itself said that the float is short: payouts wait until it is topped up.
    marked_short: bool,
    /// It answers.
    healthy: bool,
    /// Some server of these books can reach it; in a sandbox its own rail always, in live books never.
    connected: bool,
    /// Policy lets payouts through.
    enabled: bool,
    /// Largest single payout by policy, minor units.
    single_limit_minor: i64,
    /// Below this, by policy, finance is told that the float is low; minor units.
    low_float_minor: i64,
    /// It is in use and below that, or the rail said that it is short.
    low: bool,
}

/// List rails with their float
#[utoipa::path(get, path = "/v1/rails", tag = "rails",
    responses((status = 200, body = Page<RailView>, description = "Every rail")))]
pub(crate) async fn list_rails(call: Call) -> Result<Response, Problem> {
    let rules = call.app.rules();
    let currency = rules.currency;
    let rows = call
        .app
        .read(move |session| {
            let rails = floats(session, keys::RAILS, currency)?;
            Ok(rails.into_iter().zip(custodians(session)?).collect::<Vec<_>>())
        })
        .await?;
    let policy = rules.policy.now(call.app.now());
    let machine = call.app.clock.machine();
    let view = |(row, custodian): (RailFloat, Option<String>)| {
        let known = keys::of_rail(&row.rail);
        let low_float_minor = known.map_or(0, |keys| policy.value(keys.low_float));
        let available_minor = row.posted_minor.saturating_sub(row.held_minor);
        let connected = row.row.as_ref().is_some_and(|known| known.is_served(machine))
            || (row.rail == "sandbox" && rules.sandbox);
        let in_use = connected || row.posted_minor != 0;
        RailView {
            custodian,
            currency: currency.to_string(),
            float_minor: row.posted_minor,
            held_minor: row.held_minor,
            available_minor,
            marked_short: row.marked_short,
            healthy: row.healthy,
            connected,
            enabled: known.is_some_and(|keys| policy.value(keys.enabled)),
            single_limit_minor: known.map_or(0, |keys| policy.value(keys.single_limit)),
            low_float_minor,
            low: row.marked_short || (in_use && available_minor < low_float_minor),
            rail: row.rail,
        }
    };
    Ok(json(&Page { data: rows.into_iter().map(view).collect(), next_cursor: None }))
}

/// Money that the platform has put into a rail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTopUp {
    /// Minor units, above zero.
    #[schema(value_type = i64, minimum = 1)]
    amount_minor: Amount,
    /// Currency; the deployment's when absent.
    currency: Option<String>,
    /// The bank's or rail's own reference of the payment: the same one again is the same top-up.
    #[schema(min_length = 1, max_length = 140)]
    reference: String,
}

/// A booked top-up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopUpView {
    /// The rail.
    rail: String,
    /// The transfer.
    transfer_id: String,
    /// False when this payment was booked before.
    new: bool,
    /// Float at the rail now, minor units.
    float_minor: i64,
}

/// Reads a currency; the books' own when absent.
pub(crate) fn currency_of(call: &Call, text: Option<&str>, pointer: &str) -> Result<Currency, Problem> {
    match text {
        None => Ok(call.app.rules().currency),
        Some(text) => text.parse().map_err(|_| Problem::invalid(pointer, "no such currency: write CNY")),
    }
}

/// Book a top-up of a rail's float
#[utoipa::path(post, path = "/v1/rails/{rail}/float-top-ups", tag = "rails", request_body = NewTopUp,
    params(("rail" = String, Path, description = "Name of the rail")),
    responses((status = 201, body = TopUpView, description = "Booked; payouts that waited for float go out")))]
pub(crate) async fn top_up_float(
    call: Call,
    Path(rail): Path<String>,
    body: Body<NewTopUp>,
) -> Result<Response, Problem> {
    let NewTopUp { amount_minor, currency, reference } = body.value;
    let currency = currency_of(&call, currency.as_deref(), "/currency")?;
    let command = TopUpFloat { rail: rail.clone(), amount_minor: amount_minor.0, currency, reference };
    submit(&call, body.digest, command, move |done| {
        Answer::created(&TopUpView {
            rail: rail.clone(),
            transfer_id: done.transfer.to_string(),
            new: done.new,
            float_minor: done.float_minor,
        })
    })
    .await
}

/// Who keeps the platform's money at a rail.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Custodian {
    /// Name of the bank or payment service, 1 to 100 printable characters.
    #[schema(min_length = 1, max_length = 100)]
    custodian: String,
}

/// Name the custodian of a rail's float
///
/// It is shown with the rail and written down with every top-up from then on.
#[utoipa::path(post, path = "/v1/rails/{rail}/custodian", tag = "rails", request_body = Custodian,
    params(("rail" = String, Path, description = "Name of the rail")),
    responses((status = 200, body = Custodian, description = "Named")))]
pub(crate) async fn name_custodian(
    call: Call,
    Path(rail): Path<String>,
    body: Body<Custodian>,
) -> Result<Response, Problem> {
    let custodian = body.value.custodian.trim().to_owned();
    let command = NameCustodian { rail, custodian: custodian.clone() };
    submit(&call, body.digest, command, move |()| Answer::ok(&Custodian { custodian: custodian.clone() }))
        .await
}

/// Open a rail again
///
/// A rail that refuses everything of the platform's (contract, certificate, account) is stopped, so that payouts wait
/// instead of failing one after another. Once the cause is gone they go out by themselves from here on.
#[utoipa::path(post, path = "/v1/rails/{rail}/reopen", tag = "rails",
    params(("rail" = String, Path, description = "Name of the rail")),
    responses((status = 200, body = RailHealthView, description = "It is open")))]
pub(crate) async fn reopen_rail(call: Call, Path(rail): Path<String>) -> Result<Response, Problem> {
    let digest = path_digest(&["reopen rail", &rail]);
    submit(&call, digest, ReopenRail { rail }, |row| {
        Answer::ok(&RailHealthView { rail: row.name.clone(), healthy: row.answers() })
    })
    .await
}

/// Position of the fault dial.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Faults {
    /// Payouts of a million that meet a fault.
    #[schema(minimum = 0, maximum = 1_000_000)]
    ppm: i64,
    /// Names of the faults, evenly mixed; without any, those that end by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<String>,
}

/// Read where the fault dial stands
#[utoipa::path(get, path = "/v1/sandbox/faults", tag = "operations",
    responses((status = 200, body = Faults, description = "Where it stands")))]
pub(crate) async fn get_fault_dial(call: Call) -> Result<Response, Problem> {
    let (rate, kinds) = call.app.read(fault_dial).await?;
    Ok(json(&Faults { ppm: rate.as_ppm(), kinds }))
}

/// Turn the fault dial
///
/// Only books that were made a sandbox when they were new take it.
#[utoipa::path(post, path = "/v1/sandbox/faults", tag = "operations", request_body = Faults,
    responses((status = 200, body = Faults, description = "Turned")))]
pub(crate) async fn turn_fault_dial(call: Call, body: Body<Faults>) -> Result<Response, Problem> {
    let Faults { ppm, kinds } = body.value;
    let dial = FaultDial { rate: Rate::ppm(ppm), kinds: kinds.clone() };
    submit(&call, body.digest, dial, move |()| Answer::ok(&Faults { ppm, kinds: kinds.clone() })).await
}

/// How a rail shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RailHealth {
    /// Whether it answers.
    healthy: bool,
}

/// How a rail is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RailHealthView {
    /// Name.
    rail: String,
    /// Whether it answers.
    healthy: bool,
}

/// Break a rail, or make it whole
///
/// Only books that were made a sandbox when they were new take it. Payouts wait while a rail is broken.
#[utoipa::path(post, path = "/v1/sandbox/rails/{rail}", tag = "operations", request_body = RailHealth,
    params(("rail" = String, Path, description = "Name of the rail")),
    responses((status = 200, body = RailHealthView, description = "So it is now")))]
pub(crate) async fn set_rail_health(
    call: Call,
    Path(rail): Path<String>,
    body: Body<RailHealth>,
) -> Result<Response, Problem> {
    let command = SetRailHealth { rail, healthy: body.value.healthy };
    submit(&call, body.digest, command, |row| {
        Answer::ok(&RailHealthView { rail: row.name.clone(), healthy: row.healthy })
    })
    .await
}
