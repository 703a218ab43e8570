//! What a limit is made of (C2), and what reduces it or holds it at zero (C6, C7).

use purser_domain::{
    credit::{Ground, RestrictionKind, Shop, Step},
    time::Date,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A part of a limit with its source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartView {
    /// `credit_evaluation`, `level_and_volume`, `service_quality` or `partner`.
    source: &'static str,
    /// What it is, in Chinese.
    zh: &'static str,
    /// What it is, in English.
    en: &'static str,
    /// Which shops have it, in Chinese.
    eligible_zh: &'static str,
    /// Which shops have it, in English.
    eligible_en: &'static str,
    /// Minor units.
    amount_minor: i64,
    /// First civil date it counts on.
    since: String,
    /// First civil date it no longer counts on; null: until further notice.
    until: Option<String>,
    /// What it rests on, as you reported it; the application where one was granted.
    evidence: Option<String>,
}

/// The parts that have not ended, in the order of the formula and of their first days.
pub(super) fn parts(shop: &Shop, today: Date) -> Vec<PartView> {
    let mut open: Vec<_> =
        shop.components.iter().filter(|part| part.until.is_none_or(|until| until > today)).collect();
    open.sort_by_key(|part| (part.source, part.since));
    let views = open.into_iter().map(|part| {
        let (rule, (eligible_zh, eligible_en)) = (part.source.rule(), part.source.eligible());
        PartView {
            source: part.source.name(),
            zh: rule.zh(),
            en: rule.en(),
            eligible_zh,
            eligible_en,
            amount_minor: part.amount_minor,
            since: part.since.to_string(),
            until: part.until.map(|until| until.to_string()),
            evidence: shop.evidence.get(&(part.source, part.since)).cloned(),
        }
    });
    views.collect()
}

/// What reduces a limit or holds it at zero (C6, C7).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldBy {
    /// Stable name of the rule; what an appeal is against.
    rule: &'static str,
    /// What it is, in Chinese.
    zh: &'static str,
    /// What it is, in English.
    en: &'static str,
    /// What staff say, where they set it.
    reason: Option<String>,
    /// What it took, minor units.
    taken_minor: i64,
    /// The way back, in Chinese.
    way_back_zh: &'static str,
    /// The way back, in English.
    way_back_en: &'static str,
    /// Whether it can be appealed against.
    can_appeal: bool,
}

pub(super) fn held_by(steps: &[Step], shop: &Shop) -> Vec<HeldBy> {
    let held = steps.iter().filter_map(|step| {
        let (way_back_zh, way_back_en) = step.rule.way_back()?;
        let kind = RestrictionKind::named(step.rule.name());
        Some(HeldBy {
            rule: step.rule.name(),
            zh: step.rule.zh(),
            en: step.rule.en(),
            reason: kind.and_then(|kind| shop.reasons.get(&kind)).cloned(),
            taken_minor: -step.delta_minor,
            way_back_zh,
            way_back_en,
            can_appeal: Ground::of(step.rule).is_some(),
        })
    });
    held.collect()
}
