//! 额度不足，请提升信用 (C10): what is missing, and which honest trade raises the limit, with what it takes, when it
//! has effect and how long it lasts. Nothing here says where the controls against abuse begin (C19–C21), and nothing
//! turns a limit into money: every way is goods sold, shipped, paid and not sent back.

use super::appeal::{Ground, grounds};
use super::boosts::{BoostKind, boosts, later};
use super::limit::{LimitTerms, evaluate, is_new};
use super::sale::{Sale, SaleTerms};
use super::shop::{Dsr, MonthFacts, RestrictionKind, Shop, Waiver};
use super::steps::{Rule, Step};
use crate::money::{Rate, Rounding, decimal, floor_to_yuan};
use crate::time::{Date, Month};

/// How a limit stands. Amounts are minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The limit.
    pub total_minor: i64,
    /// Advanced and open.
    pub used_minor: i64,
    /// Kept for orders that are not shipped.
    pub reserved_minor: i64,
    /// Frozen with the shop's funds.
    pub frozen_minor: i64,
    /// Refunded before the buyer paid and not given back; part of what is used.
    pub due_minor: i64,
    /// There is no new use: locked, closing, or its party is frozen or closed.
    pub closed: bool,
}

impl Standing {
    /// `max(0, total − used − reserved − frozen)`, and 0 while there is no new use (C1).
    pub fn available_minor(&self) -> i64 {
        if self.closed {
            return 0;
        }
        let taken = self.used_minor.saturating_add(self.reserved_minor).saturating_add(self.frozen_minor);
        self.total_minor.saturating_sub(taken).max(0)
    }
}

/// One honest way to a higher or freer limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Stable name.
    pub code: &'static str,
    /// What it would add to what is available, minor units, by today's figures; `None` where that is for staff to say.
    pub gain_minor: Option<i64>,
    /// What it takes: `none`, `low`, `medium` or `high`.
    pub effort: &'static str,
    /// First civil date on which it can have effect; `None` where it depends on others.
    pub effect_on: Option<Date>,
    /// First civil date on which it no longer has; `None`: for as long as it holds.
    pub until: Option<Date>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What is missing, and the ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What is available, minor units.
    pub available_minor: i64,
    /// What is missing for the amount that was asked about, minor units; 0 when it fits.
    pub short_minor: i64,
    /// What a new shop is advised to stay below in a day, minor units (C19); `None` after its first months.
    pub daily_minor: Option<i64>,
    /// Ways: what frees the limit first, then what raises it.
    pub ways: Vec<Way>,
}

/// What a new shop is advised to stay below in a day (C19): a share of its limit, down to the yuan.
pub fn first_month_daily_minor(
    shop: &Shop,
    total_minor: i64,
    on: Date,
    terms: &LimitTerms,
    share: Rate,
) -> Option<i64> {
    is_new(shop, on, terms.new_shop_months)
        .then(|| floor_to_yuan(share.of(total_minor, Rounding::Down).unwrap_or(total_minor)))
}

/// What is missing for `needed_minor`, and which honest trade raises the limit (C10).
pub fn advise(
    shop: &Shop,
    standing: &Standing,
    needed_minor: i64,
    on: Date,
    (terms, sales, share): (&LimitTerms, &SaleTerms, Rate),
) -> Advice {
    let available_minor = standing.available_minor();
    let now = evaluate(shop, on, terms);
    let mut ways = freeing(standing);
    // A service that was closed on request has nothing to raise.
    if !shop.restrictions.has(RestrictionKind::Closed) {
        let view = View { shop, on, terms, total_minor: now.total_minor };
        ways.extend(view.ways_back(&now.steps));
        ways.extend(view.training());
        ways.extend(view.ratings());
        ways.extend(view.volume(&now.steps));
        ways.extend(view.turnover(&now.steps));
        ways.extend(sales.ahead(on).first().and_then(|sale| view.sale(sale, sales.boost)));
        if !now.steps.iter().any(is_zeroed) {
            ways.push(raise());
        }
    }
    Advice {
        available_minor,
        short_minor: needed_minor.saturating_sub(available_minor).max(0),
        daily_minor: first_month_daily_minor(shop, now.total_minor, on, terms, share),
        ways,
    }
}

fn way(code: &'static str, effort: &'static str, gain_minor: Option<i64>, (zh, en): (String, String)) -> Way {
    Way { code, gain_minor, effort, effect_on: None, until: None, zh, en }
}

/// What brings back what is in use.
fn freeing(standing: &Standing) -> Vec<Way> {
    let owed = standing.used_minor.saturating_sub(standing.due_minor);
    let rows = [
        (
            "give_back_due",
            "low",
            standing.due_minor,
            "退款订单的垫付款尚未归还，归还后额度恢复",
            "Advances of refunded orders are still open: the limit comes back when they are given back",
        ),
        (
            "buyers_pay",
            "none",
            owed,
            "买家付款后已用额度自动恢复；请及时发货并提醒买家确认收货",
            "What is in use comes back when buyers pay: ship on time and let buyers confirm",
        ),
        (
            "ship_or_cancel",
            "low",
            standing.reserved_minor,
            "已授权未发货的订单占用额度；不再发货的订单请及时取消",
            "Orders that are not shipped keep part of the limit: cancel those that will not be shipped",
        ),
        (
            "release_frozen_funds",
            "medium",
            standing.frozen_minor,
            "店铺资金被冻结，额度同步冻结；处理冻结原因后恢复",
            "The limit is frozen with the shop's funds: it comes back when the freeze is settled",
        ),
    ];
    let held = rows.into_iter().filter(|(_, _, amount, ..)| *amount > 0);
    held.map(|(code, effort, amount, zh, en)| way(code, effort, Some(amount), (zh.to_owned(), en.to_owned())))
        .collect()
}

/// Whether a step brings the limit to zero: then only its way back helps.
fn is_zeroed(step: &Step) -> bool {
    Ground::of(step.rule).is_some() && step.result_minor == 0
}

fn raise() -> Way {
    let words = (
        "提交提额申请，并附店铺经营数据，由工作人员审核".to_owned(),
        "Apply for a higher limit with the shop's figures; our staff decide".to_owned(),
    );
    way("apply_for_raise", "medium", None, words)
}

/// A shop on a date, and what its limit is.
struct View<'a> {
    shop: &'a Shop,
    on: Date,
    terms: &'a LimitTerms,
    total_minor: i64,
}

impl View<'_> {
    /// What the limit of a date would be with another shop instead of this one, minor units more.
    fn gain(&self, other: &Shop, on: Date) -> i64 {
        let total = |shop| evaluate(shop, on, self.terms).total_minor;
        total(other).saturating_sub(total(self.shop))
    }

    /// Rules that take from the limit, each with its way back.
    fn ways_back(&self, steps: &[Step]) -> Vec<Way> {
        let rules = grounds(steps).into_iter().filter_map(|ground| {
            let step = steps.iter().find(|step| Ground::of(step.rule) == Some(ground))?;
            let (zh, en) = step.rule.way_back()?;
            let mut without = self.shop.clone();
            match ground {
                Ground::Flag(kind) => without.restrictions = without.restrictions.without(kind),
                Ground::Figures(rule) => {
                    let until = self.on.tomorrow().unwrap_or(self.on);
                    without.waivers.push(Waiver { rule, from: self.on, until });
                }
            }
            let gain = self.gain(&without, self.on);
            let code = if matches!(ground, Ground::Flag(_)) { "appeal" } else { "lower_returns" };
            let words = (format!("{}：{zh}", step.rule.zh()), format!("{}: {en}", step.rule.en()));
            Some(way(code, "high", Some(gain), words))
        });
        rules.collect()
    }

    fn training(&self) -> Option<Way> {
        if boosts(self.shop, self.on, self.terms).iter().any(|boost| boost.kind == BoostKind::Training) {
            return None;
        }
        let mut trained = self.shop.clone();
        trained.trainings.push(self.on);
        let gain = Some(self.gain(&trained, self.on)).filter(|gain| *gain > 0)?;
        let months = self.terms.training_months;
        let words = (
            format!("完成平台培训：立即提额 {} 元，有效 {months} 个月", decimal(gain)),
            format!("Complete a training: {} yuan more at once, for {months} months", decimal(gain)),
        );
        let until = Some(later(self.on, months));
        Some(Way { effect_on: Some(self.on), until, ..way("complete_training", "low", Some(gain), words) })
    }

    /// The month as it would be reported with other figures.
    fn with_month(&self, month: Month, change: impl Fn(&mut MonthFacts)) -> Shop {
        let blank = MonthFacts { orders: 0, turnover_minor: 0, return_rate: Rate::ZERO, dsr: None };
        let last = self.shop.months.values().next_back().copied().unwrap_or(blank);
        let mut other = self.shop.clone();
        let facts = other.months.entry(month).or_insert(MonthFacts { dsr: None, ..last });
        change(facts);
        other
    }

    fn ratings(&self) -> Option<Way> {
        if boosts(self.shop, self.on, self.terms).iter().any(|boost| boost.kind == BoostKind::Dsr) {
            return None;
        }
        let month = Month::of(self.on).max(self.shop.first_full_month());
        let start = month.plus(1).first_day();
        let best = Dsr { description: 500, service: 500, logistics: 500 };
        let other = self.with_month(month, |facts| facts.dsr = Some(best));
        let plain = self.with_month(month, |_| {});
        let on_start = |shop: &Shop| evaluate(shop, start, self.terms).total_minor;
        let gain = Some(on_start(&other) - on_start(&plain)).filter(|gain| *gain > 0)?;
        let months = self.terms.dsr_months;
        let threshold = decimal(i64::from(self.terms.dsr_threshold_hundredths));
        let words = (
            format!(
                "一个自然月内店铺三项评分均值达到 {threshold}：次月起提额约 {} 元，有效 {months} 个月",
                decimal(gain)
            ),
            format!(
                "A mean rating of {threshold} over one calendar month: about {} yuan more from the 1st after it, \
                 for {months} months",
                decimal(gain)
            ),
        );
        let until = Some(later(start, months));
        Some(Way { effect_on: Some(start), until, ..way("raise_ratings", "medium", Some(gain), words) })
    }

    /// How many orders are missing, and for when: the first window of full months of which nothing is unreported.
    /// Nothing while a rule below it in the formula would take what it gives.
    fn volume(&self, steps: &[Step]) -> Option<Way> {
        let takes = |step: &Step| matches!(step.rule, Rule::TurnoverCap | Rule::Fixed) || is_zeroed(step);
        if steps.iter().any(takes) {
            return None;
        }
        if boosts(self.shop, self.on, self.terms).iter().any(|boost| boost.kind == BoostKind::Volume) {
            return None;
        }
        let window = i64::from(self.terms.volume_window_months.max(1));
        let now = Month::of(self.on);
        let known = |month: Month| self.shop.full_month(month).map(|facts| i64::from(facts.orders));
        // The last month of the window is `ahead` months from now; those before now must have been reported.
        let full = |ahead: &i64| now.plus(ahead - window + 1) >= self.shop.first_full_month();
        let soonest = (self.shop.first_full_month().number() - now.number()).max(0) + window;
        let (ahead, sum) = (0..soonest).filter(full).find_map(|ahead| {
            let past = (ahead - window + 1..0).map(|back| known(now.plus(back)));
            past.sum::<Option<i64>>().map(|sum| (ahead, sum))
        })?;
        let missing = i64::from(self.terms.volume_orders) * window + 1 - sum;
        let level = self.shop.level;
        let row = |level| self.terms.level_row_minor(level);
        let gain = Some(row(level.saturating_add(1)).saturating_sub(row(level))).filter(|gain| *gain > 0)?;
        let start = now.plus(ahead + 1).first_day();
        let (months, left) = (self.terms.volume_months, missing.max(1));
        let words = (
            format!(
                "截至 {} 累计再成交 {left} 单（{window} 个自然月月均超过 {} 单）：次月起按上一等级计额，提额约 {} 元，有效 {months} 个月",
                now.plus(ahead),
                self.terms.volume_orders,
                decimal(gain)
            ),
            format!(
                "{left} more orders until the end of {} (more than {} a month over {window} months): one shop level \
                 up, about {} yuan, for {months} months",
                now.plus(ahead),
                self.terms.volume_orders,
                decimal(gain)
            ),
        );
        let until = Some(later(start, months));
        Some(Way { effect_on: Some(start), until, ..way("sell_more", "high", Some(gain), words) })
    }

    fn turnover(&self, steps: &[Step]) -> Option<Way> {
        let capped = steps.iter().find(|step| step.rule == Rule::TurnoverCap)?;
        let words = (
            format!("额度受近 {} 个月成交额上限限制，成交额增长后逐月提高", self.terms.cap_months),
            format!(
                "The turnover of the last {} months is the ceiling: it rises month by month with what you sell",
                self.terms.cap_months
            ),
        );
        let start = Month::of(self.on).plus(1).first_day();
        let gain = Some(-capped.delta_minor);
        Some(Way { effect_on: Some(start), ..way("grow_turnover", "high", gain, words) })
    }

    fn sale(&self, sale: &Sale, boost: Rate) -> Option<Way> {
        if sale.overlaps(&self.shop.promotions) {
            return None;
        }
        let gain = boost.of(self.total_minor, Rounding::Down).ok().filter(|gain| *gain > 0)?;
        let words = (
            format!(
                "申请大促临时提额（{} 至 {}）：约 {} 元",
                sale.from,
                sale.until.yesterday().unwrap_or(sale.until),
                decimal(gain)
            ),
            format!(
                "Apply for the boost of the sale from {} to {}: about {} yuan",
                sale.from,
                sale.until.yesterday().unwrap_or(sale.until),
                decimal(gain)
            ),
        );
        let effect_on = Some(sale.from.max(self.on));
        Some(Way { effect_on, until: Some(sale.until), ..way("apply_for_sale", "low", Some(gain), words) })
    }
}
