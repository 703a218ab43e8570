//! What an advertiser sets for its account: how it resumes, alerts, automatic top-ups (A5, A10, A11).

use purser_domain::{
    ads::{
        auto::Wish,
        settings::{Rejection as No, alert, automatic},
    },
    ids::PartyId,
    parties::{CreatorKind, Role, creator_kind},
    payments::Method,
};

use super::{
    auto::{arm, want_arming},
    balance::{self, spendable_minor},
    campaigns::account_of,
    rows::AdAccountRow,
    stop::want,
    terms::settings_terms,
    watch::watch,
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    payments::{takes, want_offer},
    tx::{Needs, Tx},
};

/// Name of the party's own earnings as a source.
pub const FROM_EARNINGS: &str = "earnings";

/// Where automatic top-ups come from. No rail can draw money from a payer by itself: a method of payment means an order of
/// the right size that waits for its payer, who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoSource {
    /// The party's own earnings, before anything else.
    pub earnings: bool,
    /// An order by this method; beside earnings, when those do not cover it.
    pub method: Option<Method>,
}

impl AutoSource {
    /// From the stored form: `earnings`, a method, or both; `None` for neither.
    pub fn decode(text: &str) -> Option<Self> {
        let earnings = text.split(' ').any(|name| name == FROM_EARNINGS);
        let method = text.split(' ').find_map(Method::named);
        (earnings || method.is_some()).then_some(Self { earnings, method })
    }

    /// The stored form.
    pub fn encode(self) -> String {
        let own = self.earnings.then_some(FROM_EARNINGS);
        own.into_iter().chain(self.method.map(Method::name)).collect::<Vec<_>>().join(" ")
    }
}

/// What shall be set; `None` leaves it as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// `manual`, `auto`, or empty for what policy says.
    pub resume: Option<String>,
    /// Told below this balance, minor units; 0: never.
    pub low_minor: Option<i64>,
    /// Automatic top-ups, or none.
    pub auto: Option<Option<(Wish, AutoSource)>>,
    /// Whether this server takes money by the method that they name.
    pub configured: bool,
}

/// Changes what an advertiser set.
///
/// Rejections in order: `party_unknown`, `not_an_advertiser`, `version_conflict`, then those of
/// [`purser_domain::ads::settings`].
pub struct ChangeAdAccount {
    /// The advertiser.
    pub party: PartyId,
    /// The version that the caller saw; another one is refused.
    pub if_version: Option<i64>,
    /// What.
    pub change: AccountChange,
}

fn rejected(no: &No) -> Rejection {
    let plain = Rejection::new(no.code(), no.to_string());
    match no {
        No::AlertOutOfRange => plain.at("/alert_below_minor"),
        No::SourceUnavailable => plain.at("/auto_top_up"),
        No::ThresholdInvalid => plain.at("/auto_top_up/threshold_minor"),
        No::AmountOutOfRange { minimum_minor, maximum_minor } => plain
            .at("/auto_top_up/amount_minor")
            .with(Facts::new().int("minimum_minor", *minimum_minor).int("maximum_minor", *maximum_minor)),
        No::CapTooSmall => plain.at("/auto_top_up/daily_cap_minor"),
    }
}

/// Only money that a party could withdraw in person pays its advertising: what is paid company to company, or through
/// an agency, goes another way (X14, X16).
pub(super) fn earns(row: &PartyRow) -> bool {
    let profile = row.party().profile;
    let kind = creator_kind(profile.roles, profile.legal_form, profile.class, false);
    profile.roles.has(Role::Creator) && kind == CreatorKind::Independent
}

impl AdAccountRow {
    /// What it wants of automatic top-ups.
    pub fn auto_wish(&self) -> Option<Wish> {
        AutoSource::decode(&self.auto_source).map(|_| Wish {
            threshold_minor: self.auto_threshold,
            amount_minor: self.auto_amount,
            daily_cap_minor: self.auto_daily_cap,
        })
    }
}

impl Command for ChangeAdAccount {
    type Output = AdAccountRow;

    fn name(&self) -> &'static str {
        "ad_account.change"
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        want(needs, self.party, ctx);
        want_arming(needs, self.party);
        want_offer(needs, self.party);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<AdAccountRow, Rejection> {
        balance::check(tx, ctx, self.party)?;
        let party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        if !party.roles().has(Role::Advertiser) {
            return Err(Rejection::new("not_an_advertiser", "only an advertiser has such an account"));
        }
        let mut row = account_of(tx, self.party, ctx);
        if self.if_version.is_some_and(|version| version != row.version) {
            let text =
                format!("the account was changed meanwhile: it is at version {}, read it again", row.version);
            return Err(Rejection::new("version_conflict", text));
        }
        let before = row.clone();
        if let Some(resume) = &self.change.resume {
            row.resume.clone_from(resume);
        }
        if let Some(low_minor) = self.change.low_minor {
            row.low_minor = alert(low_minor).map_err(|no| rejected(&no))?;
        }
        if let Some(wish) = self.change.auto {
            let usable = |source: AutoSource| {
                (!source.earnings || earns(&party))
                    && source.method.is_none_or(|method| takes(tx, method, self.change.configured))
            };
            set_auto(ctx, &mut row, wish, wish.is_none_or(|(_, source)| usable(source)))?;
        }
        if row == before {
            return Ok(row);
        }
        row.version += 1;
        let balance = spendable_minor(tx, ctx, self.party);
        watch(tx, ctx, &mut row, balance);
        if row.auto_wish().is_some() {
            arm(tx, ctx, self.party);
        }
        tx.put(row.clone());
        Ok(row)
    }

    fn audit(&self, output: &AdAccountRow) -> (String, Facts) {
        let facts = Facts::new()
            .text("resume", &output.resume)
            .int("alert_below_minor", output.low_minor)
            .text("auto_source", &output.auto_source)
            .int("auto_threshold_minor", output.auto_threshold)
            .int("auto_amount_minor", output.auto_amount)
            .int("auto_daily_cap_minor", output.auto_daily_cap);
        (self.party.to_string(), facts)
    }
}

fn set_auto(
    ctx: &Ctx,
    row: &mut AdAccountRow,
    wish: Option<(Wish, AutoSource)>,
    usable: bool,
) -> Result<(), Rejection> {
    let terms = settings_terms(ctx.rules.policy.now(ctx.now));
    if let Some((wish, _)) = &wish {
        automatic(wish, usable, &terms).map_err(|no| rejected(&no))?;
    }
    row.auto_source = wish.map(|(_, source)| source.encode()).unwrap_or_default();
    let wish = wish.map(|(wish, _)| wish);
    row.auto_threshold = wish.map_or(0, |wish| wish.threshold_minor);
    row.auto_amount = wish.map_or(0, |wish| wish.amount_minor);
    row.auto_daily_cap = wish.map_or(0, |wish| wish.daily_cap_minor);
    // A new wish is tried at once, whatever was refused before.
    row.auto_retry_at = None;
    row.auto_failures = 0;
    Ok(())
}
