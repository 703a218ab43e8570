//! Applications of merchants about the limit (C25): who may apply for what, and what an approval changes. An approval
//! gives the formula another input and never another result.

use super::limit::{LimitTerms, evaluate};
use super::sale::Sale;
use super::shop::{Component, Promotion, Shop, Source};
use crate::money::{Rate, Rounding};
use crate::time::Date;

/// Largest amount that may be applied for, minor units: what a component may be.
pub const APPLICATION_MAX: i64 = 10_000_000_000_000;
/// Longest reason and name of a partner, in characters.
const TEXT_MAX: usize = 1_000;

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$each:meta])* $name:ident = $id:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type { $($(#[$each])* $name,)* }

        impl $type {
            /// All of them in their order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// Stable name, as the API and storage write it.
            pub const fn name(self) -> &'static str { match self { $(Self::$name => $id,)* } }
            /// What it is, in Chinese.
            pub const fn zh(self) -> &'static str { match self { $(Self::$name => $zh,)* } }
            /// What it is, in English.
            pub const fn en(self) -> &'static str { match self { $(Self::$name => $en,)* } }
            /// Reads a stable name.
            pub fn named(name: &str) -> Option<Self> { Self::ALL.iter().copied().find(|one| one.name() == name) }
        }
    };
}

names! {
    /// What is applied for.
    ApplicationKind {
        /// The service, for a shop that has none.
        Open = "open", "开通先用后付", "Open the service";
        /// A higher limit, with the shop's figures.
        Raise = "raise", "提升额度", "Raise the limit";
        /// A boost for a sale (C5).
        Promotion = "promotion", "大促临时提额", "Boost for a sale";
        /// A financing partner's part (C2).
        Partner = "partner", "合作金融机构额度", "A financing partner's part";
        /// The end of the service.
        Close = "close", "关闭先用后付", "Close the service";
    }
}

names! {
    /// Where an application stands.
    ApplicationState {
        /// Staff have to look at it.
        Submitted = "submitted", "已提交，等待审核", "Submitted; our staff look at it";
        /// The merchant has to add something.
        MoreInformation = "more_information", "需补充资料", "More information is needed";
        /// Granted; the limit has changed, or will on the day.
        Approved = "approved", "已通过", "Approved";
        /// Not granted, with a reason.
        Refused = "refused", "未通过", "Refused";
        /// Taken back by the merchant.
        Withdrawn = "withdrawn", "已撤回", "Withdrawn";
    }
}

names! {
    /// Where a shop's service stands.
    Service {
        /// Nothing is known of the shop.
        Unknown = "unknown", "尚未开通", "Not opened yet";
        /// It takes orders.
        Open = "open", "服务中", "Open";
        /// No new orders; the open ones end.
        Closing = "closing", "关闭中：不再接受新订单", "Closing: no new orders";
        /// Closed.
        Closed = "closed", "已关闭", "Closed";
    }
}

/// Figures of the shop as the merchant states them. They are shown to staff and never become facts by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ShopClaim {
    /// Civil date on which the shop opened.
    pub opened_on: Option<Date>,
    /// Shop level.
    pub level: Option<u32>,
    /// Orders a month.
    pub orders: Option<u32>,
    /// Turnover of the last month, minor units.
    pub turnover_minor: Option<i64>,
    /// Return rate.
    pub return_rate: Option<Rate>,
}

/// What is known of whoever applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applicant<'a> {
    /// An active party.
    pub active: bool,
    /// An application of the kind is open.
    pub pending: bool,
    /// Where the service stands.
    pub service: Service,
    /// A rule or a flag holds the limit at zero.
    pub zeroed: bool,
    /// Boosts that were granted.
    pub promotions: &'a [Promotion],
}

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// What.
    pub kind: ApplicationKind,
    /// By how much the limit shall rise, or the partner's part; minor units.
    pub amount_minor: Option<i64>,
    /// The sale, for a boost.
    pub sale: Option<Sale>,
    /// Name of the partner.
    pub partner: String,
    /// Figures of the shop.
    pub claim: ShopClaim,
    /// Why.
    pub reason: String,
}

/// An expected no, in order of precedence: the first that applies is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationRejection {
    /// Frozen or closed.
    #[error("the party is not active: nothing can be applied for")]
    NotActive,
    /// One of a kind at a time.
    #[error("an application of this kind is open: add to it, or withdraw it first")]
    Pending,
    /// Only the service can be applied for.
    #[error("nothing is known of this shop: apply to open the service first")]
    ShopUnknown,
    /// It is open.
    #[error("the service is open already")]
    OpenAlready,
    /// It is closing or closed.
    #[error("the service is closing or closed: apply to open it again first")]
    ServiceClosed,
    /// A rule holds the limit at zero.
    #[error("a rule holds the limit at zero: appeal against it, a raise would change nothing")]
    Zeroed,
    /// No usable reason.
    #[error("say why, in 1 to 1,000 characters")]
    ReasonInvalid,
    /// A figure is missing.
    #[error("`{field}` of the shop is needed for this application")]
    FigureMissing {
        /// Which.
        field: &'static str,
    },
    /// A figure cannot be.
    #[error("`{field}` of the shop cannot be: {right}")]
    FigureInvalid {
        /// Which.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// No usable amount.
    #[error("the amount must be above zero and no larger than a limit may be")]
    AmountInvalid,
    /// Which partner?
    #[error("name the partner, in 1 to 100 characters")]
    PartnerInvalid,
    /// No sale of that name is to come.
    #[error("there is no such sale to come")]
    SaleUnknown,
    /// Another boost lies in its dates.
    #[error("another sale boost of this shop lies in the dates of this sale")]
    SaleOverlaps,
    /// No application to decide.
    #[error("the application is decided already, or was withdrawn")]
    NotPending,
    /// More than was applied for.
    #[error("no more can be granted than was applied for")]
    GrantTooLarge,
    /// The part that grows.
    #[error("a raise grows `credit_evaluation`, `level_and_volume` or `service_quality`")]
    SourceInvalid,
    /// Staff may not grant so much.
    #[error("the rate is above what policy lets staff grant, or not above zero")]
    RateInvalid,
    /// The end of a part.
    #[error("a part ends after today; only a partner's part has an end")]
    UntilInvalid,
}

impl ApplicationRejection {
    /// Every rejection in order of precedence; those of figures with one of them.
    pub const ALL: [Self; 18] = [
        Self::NotActive,
        Self::Pending,
        Self::ShopUnknown,
        Self::OpenAlready,
        Self::ServiceClosed,
        Self::Zeroed,
        Self::ReasonInvalid,
        Self::FigureMissing { field: "orders" },
        Self::FigureInvalid { field: "level", right: "1 to 100" },
        Self::AmountInvalid,
        Self::PartnerInvalid,
        Self::SaleUnknown,
        Self::SaleOverlaps,
        Self::NotPending,
        Self::GrantTooLarge,
        Self::SourceInvalid,
        Self::RateInvalid,
        Self::UntilInvalid,
    ];

    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotActive => "party_not_active",
            Self::Pending => "application_pending",
            Self::ShopUnknown => "credit_shop_unknown",
            Self::OpenAlready => "credit_open_already",
            Self::ServiceClosed => "credit_closed",
            Self::Zeroed => "limit_zeroed",
            Self::ReasonInvalid => "reason_missing",
            Self::FigureMissing { .. } => "shop_figure_missing",
            Self::FigureInvalid { .. } => "shop_figure_invalid",
            Self::AmountInvalid => "amount_out_of_range",
            Self::PartnerInvalid => "partner_invalid",
            Self::SaleUnknown => "promotion_unknown",
            Self::SaleOverlaps => "promotion_overlaps",
            Self::NotPending => "application_not_pending",
            Self::GrantTooLarge => "grant_too_large",
            Self::SourceInvalid => "grant_source_invalid",
            Self::RateInvalid => "promotion_too_large",
            Self::UntilInvalid => "dates_invalid",
        }
    }

    /// JSON pointer of what is wrong, where it is one field of the application or the decision.
    pub fn field(self) -> Option<String> {
        let name = match self {
            Self::ReasonInvalid => "/reason",
            Self::FigureMissing { field } | Self::FigureInvalid { field, .. } => {
                return Some(format!("/shop/{field}"));
            }
            Self::AmountInvalid | Self::GrantTooLarge => "/amount_minor",
            Self::PartnerInvalid => "/partner",
            Self::SaleUnknown | Self::SaleOverlaps => "/sale",
            Self::SourceInvalid => "/source",
            Self::RateInvalid => "/rate_ppm",
            Self::UntilInvalid => "/until",
            _ => return None,
        };
        Some(name.to_owned())
    }
}

fn is_text(text: &str, most: usize) -> bool {
    let plain = !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'));
    !text.trim().is_empty() && text.chars().count() <= most && plain
}

/// Whether somebody may apply for this (C25).
///
/// # Errors
/// An [`ApplicationRejection`], the first that applies.
pub fn apply(who: &Applicant<'_>, wish: &Wish, today: Date) -> Result<(), ApplicationRejection> {
    use ApplicationKind as K;
    use ApplicationRejection as R;
    if !who.active {
        return Err(R::NotActive);
    }
    if who.pending {
        return Err(R::Pending);
    }
    match (wish.kind, who.service) {
        (K::Open, Service::Open) => return Err(R::OpenAlready),
        (K::Open, _) | (_, Service::Open) => {}
        (_, Service::Unknown) => return Err(R::ShopUnknown),
        (_, Service::Closing | Service::Closed) => return Err(R::ServiceClosed),
    }
    if who.zeroed && matches!(wish.kind, K::Raise | K::Promotion | K::Partner) {
        return Err(R::Zeroed);
    }
    if !is_text(&wish.reason, TEXT_MAX) {
        return Err(R::ReasonInvalid);
    }
    figures(who, wish, today)?;
    let amount = wish.amount_minor;
    if matches!(wish.kind, K::Raise | K::Partner)
        && !amount.is_some_and(|a| (1..=APPLICATION_MAX).contains(&a))
    {
        return Err(R::AmountInvalid);
    }
    if wish.kind == K::Partner && !is_text(&wish.partner, 100) {
        return Err(R::PartnerInvalid);
    }
    match (&wish.sale, wish.kind) {
        (None, K::Promotion) => Err(R::SaleUnknown),
        (Some(sale), K::Promotion) if sale.overlaps(who.promotions) => Err(R::SaleOverlaps),
        _ => Ok(()),
    }
}

/// A raise comes with the shop's figures, a first opening with what makes a new limit.
fn figures(who: &Applicant<'_>, wish: &Wish, today: Date) -> Result<(), ApplicationRejection> {
    use ApplicationRejection as R;
    let claim = &wish.claim;
    let (opens, raises) = (
        wish.kind == ApplicationKind::Open && who.service == Service::Unknown,
        wish.kind == ApplicationKind::Raise,
    );
    let needed = [
        ("opened_on", opens && claim.opened_on.is_none()),
        ("level", opens && claim.level.is_none()),
        ("orders", raises && claim.orders.is_none()),
        ("turnover_minor", raises && claim.turnover_minor.is_none()),
    ];
    if let Some((field, _)) = needed.into_iter().find(|(_, missing)| *missing) {
        return Err(R::FigureMissing { field });
    }
    let wrong = [
        ("opened_on", claim.opened_on.is_some_and(|on| on > today), "not after today"),
        ("level", claim.level.is_some_and(|level| !(1..=100).contains(&level)), "1 to 100"),
        (
            "turnover_minor",
            claim.turnover_minor.is_some_and(|turnover| !(0..=APPLICATION_MAX).contains(&turnover)),
            "0 or more",
        ),
        (
            "return_rate_ppm",
            claim.return_rate.is_some_and(|rate| !(Rate::ZERO..=Rate::ONE).contains(&rate)),
            "0 to 1,000,000 parts per million",
        ),
    ];
    match wrong.into_iter().find(|(_, wrong, _)| *wrong) {
        Some((field, _, right)) => Err(R::FigureInvalid { field, right }),
        None => Ok(()),
    }
}

/// What staff grant; what is absent is as it was applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Minor units; at most what was applied for.
    pub amount_minor: Option<i64>,
    /// Rate of a boost; by policy when absent.
    pub rate: Option<Rate>,
    /// Which part a raise grows: the credit evaluation when absent.
    pub source: Option<Source>,
    /// First civil date on which a partner's part no longer counts.
    pub until: Option<Date>,
}

/// The input of the formula that an approval changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// A shop that was unknown: level and opening.
    New {
        /// When it opened.
        opened_on: Date,
        /// Its level.
        level: u32,
    },
    /// The service is open again.
    Reopen,
    /// A part of the limit, in the place of the one of its source.
    Part(Component),
    /// A boost for a sale.
    Boost(Promotion),
    /// The service closes.
    Close,
}

/// What an approval changes (C25).
///
/// # Errors
/// An [`ApplicationRejection`], the first that applies.
pub fn grant(
    wish: &Wish,
    terms: &Terms,
    shop: Option<&Shop>,
    today: Date,
    (boost, most): (Rate, Rate),
) -> Result<Granted, ApplicationRejection> {
    use ApplicationRejection as R;
    let asked = wish.amount_minor.unwrap_or(0);
    let amount = terms.amount_minor.unwrap_or(asked);
    match wish.kind {
        ApplicationKind::Open => match (shop, wish.claim.opened_on, wish.claim.level) {
            (Some(_), ..) => Ok(Granted::Reopen),
            (None, Some(opened_on), Some(level)) => Ok(Granted::New { opened_on, level }),
            (None, None, _) => Err(R::FigureMissing { field: "opened_on" }),
            (None, _, None) => Err(R::FigureMissing { field: "level" }),
        },
        ApplicationKind::Raise | ApplicationKind::Partner => {
            let shop = shop.ok_or(R::ShopUnknown)?;
            let partner = wish.kind == ApplicationKind::Partner;
            if amount <= 0 {
                return Err(R::AmountInvalid);
            }
            if amount > asked {
                return Err(R::GrantTooLarge);
            }
            let given = terms.source.unwrap_or(Source::CreditEvaluation);
            let source = if partner { Source::Partner } else { given };
            if !partner && source == Source::Partner {
                return Err(R::SourceInvalid);
            }
            if terms.until.is_some_and(|until| until <= today || !partner) {
                return Err(R::UntilInvalid);
            }
            // A raise adds to what the source gives today; a partner's part is what the partner commits.
            let now = if partner { 0 } else { shop.component_minor(source, today) };
            let amount_minor = now.checked_add(amount).filter(|sum| *sum <= APPLICATION_MAX);
            let amount_minor = amount_minor.ok_or(R::AmountInvalid)?;
            Ok(Granted::Part(Component { source, amount_minor, since: today, until: terms.until }))
        }
        ApplicationKind::Promotion => {
            let (shop, sale) = (shop.ok_or(R::ShopUnknown)?, wish.sale.as_ref().ok_or(R::SaleUnknown)?);
            if sale.until <= today {
                return Err(R::SaleUnknown);
            }
            if sale.overlaps(&shop.promotions) {
                return Err(R::SaleOverlaps);
            }
            let rate = terms.rate.unwrap_or(boost);
            if rate > most || rate <= Rate::ZERO {
                return Err(R::RateInvalid);
            }
            Ok(Granted::Boost(sale.promotion(rate)))
        }
        ApplicationKind::Close => shop.map(|_| Granted::Close).ok_or(R::ShopUnknown),
    }
}

/// The money at stake, minor units: above a bound of policy two people decide (C25). The whole limit that opens, what
/// a part adds or a partner commits, what a boost adds to the limit of today.
pub fn at_stake_minor(granted: &Granted, shop: Option<&Shop>, today: Date, terms: &LimitTerms) -> i64 {
    let total = |shop: &Shop| evaluate(shop, today, terms).total_minor;
    match granted {
        Granted::New { opened_on, level } => total(&Shop::opened(*opened_on, *level)),
        Granted::Reopen => shop.map_or(0, |shop| {
            let mut open = shop.clone();
            open.restrictions = open.restrictions.without(super::RestrictionKind::Closed);
            total(&open)
        }),
        Granted::Part(part) if part.source == Source::Partner => part.amount_minor,
        Granted::Part(part) => {
            part.amount_minor - shop.map_or(0, |shop| shop.component_minor(part.source, today))
        }
        Granted::Boost(promotion) => {
            shop.map_or(0, |shop| promotion.rate.of(total(shop), Rounding::Up).unwrap_or(i64::MAX))
        }
        Granted::Close => 0,
    }
}
