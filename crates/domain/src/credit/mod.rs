//! The merchant's pay-later credit limit (C1–C26): what builds it, what uses it, what brings it back.
//!
//! The limit is not cash. It lets the platform advance a merchant the price of goods shipped on pay-later terms
//! before the buyer pays; every advance rests on a shipped order ([`order`]). How high it is follows from dated
//! facts that the platform reports ([`Shop`]) by one pipeline in a fixed order ([`evaluate`], C8) that keeps its
//! steps, so that each number can be explained and replayed (C9).

mod advice;
mod appeal;
pub mod application;
mod boosts;
mod limit;
pub mod order;
mod reasons;
pub mod risk;
mod sale;
mod shop;
mod steps;

pub use advice::{Advice, Standing, Way, advise, first_month_daily_minor};
pub use appeal::{Appeal, AppealRejection, Ground, Lifted, appeal, grounds, lift};
pub use boosts::{Boost, BoostKind, boosts, ending, next_ending, remind_on};
pub use limit::{Evaluation, LimitTerms, evaluate, is_new, next_change};
pub use reasons::{Reason, reasons};
pub use sale::{Sale, SaleTerms};
pub use shop::{
    Component, Dsr, Emergency, MonthFacts, Override, Promotion, Replaced, RestrictionKind, Restrictions,
    Shop, Source, WaivedRule, Waiver,
};
pub use steps::{RULES_MAX, Rule, STEPS_BYTES_MAX, Step, StepsError, decode, encode};
