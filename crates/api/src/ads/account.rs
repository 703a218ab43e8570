//! The account as it stands, and what its advertiser sets (A1, A2, A5, A10, A11).
#![expect(clippy::option_option, reason = "absent, null and a value are three things in an edit")]

use axum::{extract::Path, response::Response};
use purser_domain::{ads::auto::Wish, ids::PartyId, money::decimal, payments::Method};
use purser_engine::ads::{
    self, AccountChange, AdAccountRow, AdAccountView, AutoSource, ChangeAdAccount, GrantView,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Reading, dto::given, of_advertiser};
use crate::{
    edge::{Answer, Body, Call, json_versioned, parse_id, submit},
    problem::Problem,
};

/// A grant. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdGrant {
    /// Id, `gr_…`.
    pub(super) id: String,
    /// What was given.
    pub(super) amount_minor: i64,
    /// What is left; 0 once it has expired.
    pub(super) left_minor: i64,
    /// When it was given.
    pub(super) given_at: String,
    /// It cannot be used from this instant on.
    pub(super) expires_at: Option<String>,
    /// Why it was given.
    pub(super) reason: String,
    /// When what was left of it went back; null before.
    pub(super) ended_at: Option<String>,
    /// What was left then.
    pub(super) lost_minor: i64,
}

impl From<&GrantView> for AdGrant {
    fn from(view: &GrantView) -> Self {
        let row = &view.row;
        Self {
            id: row.id.to_string(),
            amount_minor: row.amount,
            left_minor: view.left_minor,
            given_at: row.given_at.to_string(),
            expires_at: row.expires_at.map(|at| at.to_string()),
            reason: row.reason.clone(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            lost_minor: row.lost,
        }
    }
}

/// Automatic top-ups. Amounts are minor units.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoTopUp {
    /// `earnings`: out of the party's own. Or a method of payment (`alipay`, `bank-transfer`; `sandbox` in a sandbox): no rail
    /// can draw money from a payer by itself, so a payment order of the right size is made, and the advertiser is told.
    source: String,
    /// With `earnings`: a method of payment by which such an order is made when they do not cover it; null for none.
    #[serde(default)]
    otherwise: Option<String>,
    /// Topped up when the balance is below this.
    threshold_minor: i64,
    /// By how much, or a multiple of it where one is not enough.
    amount_minor: i64,
    /// Most of a civil day; null for no cap besides the number of top-ups that policy allows.
    daily_cap_minor: Option<i64>,
}

/// What an advertiser set.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdSettings {
    /// How campaigns stopped for money come back: `manual` or `auto`; null as policy says.
    resume: Option<String>,
    /// Told below this balance, minor units; null: never.
    alert_below_minor: Option<i64>,
    /// Automatic top-ups; null for none.
    auto_top_up: Option<AutoTopUp>,
    /// Automatic top-ups, and orders that were offered, of the last civil day that had any.
    auto_count: i64,
    /// After a refusal, not tried again before.
    auto_retry_at: Option<String>,
    /// Counts changes: the `ETag`.
    version: i64,
}

impl From<&AdAccountRow> for AdSettings {
    fn from(row: &AdAccountRow) -> Self {
        let some = |minor: i64| (minor > 0).then_some(minor);
        let source = AutoSource::decode(&row.auto_source);
        let method = source.and_then(|source| source.method).map(|method| method.name().to_owned());
        let earnings = source.is_some_and(|source| source.earnings);
        let own = || ads::FROM_EARNINGS.to_owned();
        let auto = |wish: Wish| AutoTopUp {
            source: method.clone().filter(|_| !earnings).unwrap_or_else(own),
            otherwise: method.clone().filter(|_| earnings),
            threshold_minor: wish.threshold_minor,
            amount_minor: wish.amount_minor,
            daily_cap_minor: some(wish.daily_cap_minor),
        };
        Self {
            resume: Some(row.resume.clone()).filter(|text| !text.is_empty()),
            alert_below_minor: some(row.low_minor),
            auto_top_up: row.auto_wish().map(auto),
            auto_count: row.auto_count,
            auto_retry_at: row.auto_retry_at.map(|at| at.to_string()),
            version: row.version,
        }
    }
}

/// Campaigns of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdCampaignCounts {
    /// All.
    total: u32,
    /// Switched on by the advertiser.
    on: u32,
    /// Stopped for money, and waiting to be resumed.
    to_be_resumed: u32,
    /// Daily budgets of those that are on, minor units.
    budgets_minor: i64,
}

/// What to top up. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TopUpSuggestion {
    /// The least that can be paid now. Less than the arrears may be paid.
    minimum_minor: i64,
    /// Arrears and some days of budgets, without budgets of mean spend.
    suggested_minor: i64,
    /// Ways to pay that this server takes, for `POST /v1/payment-orders`.
    methods: Vec<&'static str>,
}

/// An advertising account as it stands. Amounts are minor units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdAccount {
    /// The advertiser.
    party_id: String,
    /// `normal`, `in_arrears` or `suspended` (no new campaigns, nothing resumes).
    state: &'static str,
    /// What that means, in Chinese.
    message_zh: String,
    /// In English.
    message_en: String,
    /// What is owed: pay at least this.
    arrears_minor: i64,
    /// Since when.
    arrears_since: Option<String>,
    /// Prepaid money.
    cash_minor: i64,
    /// Cash that is on its way back.
    refunding_minor: i64,
    /// Grants that can be used, together.
    grants_minor: i64,
    /// Cash and grants.
    balance_minor: i64,
    /// Currency.
    currency: String,
    /// Those grants, in the order in which they are used.
    grants: Vec<AdGrant>,
    /// What today cost so far.
    spent_today_minor: i64,
    /// Mean of the seven days before today.
    daily_spend_minor: i64,
    /// When the balance will be used up at the present pace; null when nothing is spent, or not within a year.
    run_out_at: Option<String>,
    /// Since when delivery is stopped for money; null while it is not.
    stopped_at: Option<String>,
    /// Stops for money so far.
    epoch: i64,
    /// Number of the last event about this advertiser: a gap shows.
    seq: i64,
    /// Campaigns.
    campaigns: AdCampaignCounts,
    /// What to top up.
    top_up: TopUpSuggestion,
    /// What the advertiser set.
    settings: AdSettings,
}

/// What the state means, in Chinese and in English.
fn words(view: &AdAccountView) -> (String, String) {
    let owed = decimal(view.arrears_minor);
    let balance = decimal(view.spendable_minor());
    let waiting = view.campaigns.to_be_resumed;
    match view.state.name() {
        "suspended" => (
            format!("账户已暂停：请先还清欠费 {owed} 元。在此之前不能新建或恢复推广计划。"),
            format!(
                "The account is suspended: pay the arrears of ¥{owed} first. Until then no campaign can be set up or resumed."
            ),
        ),
        "in_arrears" => (
            format!("账户欠费 {owed} 元，推广已全部下线。充值先还欠费，余下的成为余额。"),
            format!(
                "There are arrears of ¥{owed}, and all campaigns are offline. A top-up pays them first; the rest is balance."
            ),
        ),
        _ if view.row.stopped_at.is_some() => (
            "余额不足，推广已全部下线，请充值。".to_owned(),
            "The balance is used up, and all campaigns are offline. Top up.".to_owned(),
        ),
        _ if waiting > 0 => (
            format!("余额 {balance} 元。有 {waiting} 个计划待恢复推广。"),
            format!("The balance is ¥{balance}. Campaigns that wait to be resumed: {waiting}."),
        ),
        _ => (format!("余额 {balance} 元。"), format!("The balance is ¥{balance}.")),
    }
}

fn show(call: &Call, party: PartyId, view: &AdAccountView) -> AdAccount {
    let (message_zh, message_en) = words(view);
    let takes = |method: &&Method| {
        call.app.collect.has(**method) && (**method != Method::Sandbox || call.app.rules().sandbox)
    };
    AdAccount {
        party_id: party.to_string(),
        state: view.state.name(),
        message_zh,
        message_en,
        arrears_minor: view.arrears_minor,
        arrears_since: view.state.since().map(|at| at.to_string()),
        cash_minor: view.cash_minor,
        refunding_minor: view.refunding_minor,
        grants_minor: view.grants_minor,
        balance_minor: view.spendable_minor(),
        currency: call.app.rules().currency.to_string(),
        grants: view.grants.iter().map(AdGrant::from).collect(),
        spent_today_minor: view.spend.today_minor,
        daily_spend_minor: view.spend.daily_minor(),
        run_out_at: view.run_out_at.map(|at| at.to_string()),
        stopped_at: view.row.stopped_at.map(|at| at.to_string()),
        epoch: view.row.stops,
        seq: view.row.seq,
        campaigns: AdCampaignCounts {
            total: view.campaigns.total,
            on: view.campaigns.on,
            to_be_resumed: view.campaigns.to_be_resumed,
            budgets_minor: view.campaigns.budgets_minor,
        },
        top_up: TopUpSuggestion {
            minimum_minor: view.top_up.minimum_minor,
            suggested_minor: view.top_up.suggested_minor,
            methods: Method::ALL.iter().filter(takes).map(|method| method.name()).collect(),
        },
        settings: AdSettings::from(&view.row),
    }
}

/// Read an advertising account
///
/// Balance, arrears, state, spend, when the balance runs out, what to top up.
#[utoipa::path(get, path = "/v1/parties/{id}/ad-account", tag = "advertising",
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = AdAccount, description = "The account")))]
pub(crate) async fn get_ad_account(call: Call, Path(id): Path<String>) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let reading = Reading::of(&call.app);
    let read = move |session: &mut dyn purser_engine::Session| {
        of_advertiser(session, party, |session, _| ads::ad_account(session, party, &reading.moment()))
    };
    let view = call.app.read(read).await?.or_problem(party)?;
    Ok(json_versioned(&show(&call, party, &view), view.row.version))
}

/// What shall be set. What is absent stays as it is; null takes it away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdAccountChange {
    /// `manual`, `auto`, or null for what policy says.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    resume: Option<Option<String>>,
    /// Told below this balance, minor units, 100 to 100,000,000; null: never.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>)]
    alert_below_minor: Option<Option<i64>>,
    /// Automatic top-ups; null for none.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<AutoTopUp>)]
    auto_top_up: Option<Option<AutoTopUp>>,
}

impl AdAccountChange {
    fn read(self) -> Result<AccountChange, Problem> {
        let resume = match self.resume {
            None => None,
            Some(None) => Some(String::new()),
            Some(Some(text)) if matches!(text.as_str(), "manual" | "auto") => Some(text),
            Some(Some(_)) => return Err(Problem::invalid("/resume", "manual, auto, or null")),
        };
        let low_minor = match self.alert_below_minor {
            None => None,
            Some(None) => Some(0),
            Some(Some(minor)) if minor > 0 => Some(minor),
            Some(Some(_)) => {
                let text = "100 to 100,000,000 minor units, or null for no alert";
                return Err(Problem::invalid("/alert_below_minor", text));
            }
        };
        let auto = match self.auto_top_up {
            None => None,
            Some(None) => Some(None),
            Some(Some(wish)) => Some(Some(automatic(&wish)?)),
        };
        Ok(AccountChange { resume, low_minor, auto, configured: false })
    }
}

fn automatic(wish: &AutoTopUp) -> Result<(Wish, AutoSource), Problem> {
    let earnings = wish.source == ads::FROM_EARNINGS;
    let (field, named) = match &wish.otherwise {
        Some(_) if !earnings => {
            let text = "only beside `earnings`: null for a method of payment";
            return Err(Problem::invalid("/auto_top_up/otherwise", text));
        }
        Some(method) => ("/auto_top_up/otherwise", Some(method)),
        None => ("/auto_top_up/source", Some(&wish.source).filter(|_| !earnings)),
    };
    let method = named.map(|name| {
        Method::named(name).ok_or_else(|| {
            let known: Vec<&str> = Method::ALL.iter().map(|method| method.name()).collect();
            let text = format!("one of the methods of payment: {}", known.join(", "));
            Problem::invalid(field, if earnings { text } else { format!("`earnings`, or {text}") })
        })
    });
    let source = AutoSource { earnings, method: method.transpose()? };
    if wish.daily_cap_minor.is_some_and(|cap| cap <= 0) {
        return Err(Problem::invalid("/auto_top_up/daily_cap_minor", "above zero, or null for none"));
    }
    let wish = Wish {
        threshold_minor: wish.threshold_minor,
        amount_minor: wish.amount_minor,
        daily_cap_minor: wish.daily_cap_minor.unwrap_or(0),
    };
    Ok((wish, source))
}

/// Change what an advertiser set for its account
#[utoipa::path(patch, path = "/v1/parties/{id}/ad-account", tag = "advertising", request_body = AdAccountChange,
    params(("id" = String, Path, description = "Party, `pty_…`")),
    responses((status = 200, body = AdSettings, description = "As it is set now")))]
pub(crate) async fn change_ad_account(
    call: Call,
    Path(id): Path<String>,
    body: Body<AdAccountChange>,
) -> Result<Response, Problem> {
    let party: PartyId = parse_id(&id, "id")?;
    let mut change = body.value.read()?;
    let method = change.auto.flatten().and_then(|(_, source)| source.method);
    change.configured = method.is_some_and(|method| call.app.collect.has(method));
    let command = ChangeAdAccount { party, if_version: call.if_match, change };
    submit(&call, body.digest, command, |row| Answer::ok(&AdSettings::from(row))).await
}
