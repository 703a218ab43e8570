//! What merchants are reminded of (C24): boosts that end, sales that come, the monthly look at the limit, changes of the
//! policy. Each message is told once: what was told is written down in the commit that tells it.

use purser_domain::{
    credit::{self, Boost, BoostKind, Sale, application::Service},
    ids::{PartyId, TypedId as _, Uid},
    policy::{diff, keys},
    time::{Date, Month},
};
use purser_storage::{Fault, Session, Statement, Value};

use super::{
    due::{bring_to_today, want_if_due},
    evaluate::want,
    facts,
    follow::{standing, want_funds},
    rows::{CreditShopRow, ShopFactsRow},
    terms::{limit_terms, sale_terms},
};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs::Progress,
    parties::PartyRow,
    record,
    tx::{Needs, Tx},
};

/// Shops of one commit.
const ROUND: usize = 500;
/// Ends of boosts that a shop's row remembers.
const TOLD_KEPT: usize = 40;
/// Sales that are remembered as announced.
const SALES_KEPT: usize = 12;

record! {
    /// Which ends of boosts a merchant was told of.
    pub struct CreditReminderRow in CREDIT_REMINDERS = 112, "credit_reminders", lock Update, key(party: PartyId) {
        /// One a line: kind and first civil date after the boost.
        told: String,
        /// Counts changes.
        version: i64,
    }
}

static DUE: Statement = Statement {
    name: "credit.reminders_due",
    sql: "SELECT party, total, frozen, reserved, due, epoch, evaluations, evaluated_at, next_on, unpaid, large_at, \
          locked_until, warned, high_on, high_total, opened_at, version, closing_since, closed_at, remind_on, to_ship, \
          owed \
          FROM credit_shops WHERE remind_on <= ?1 ORDER BY remind_on, party LIMIT ?2",
};
static SHOPS: Statement = Statement {
    name: "credit.shops_after",
    sql: "SELECT party FROM credit_shops WHERE party > ?1 ORDER BY party LIMIT ?2",
};

pub(super) const STATEMENTS: &[&Statement] = &[&DUE, &SHOPS];

/// Tells merchants of boosts that end soon: 500 shops at a time, the longest due first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RemindOfBoosts;

fn is_due(row: &CreditShopRow, today: Date) -> bool {
    row.remind_on.as_ref().is_some_and(|on| *on <= today.to_string())
}

impl Command for RemindOfBoosts {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.remind_boosts"
    }

    fn weight(&self) -> usize {
        ROUND
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        let today = needs.today().to_string();
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        needs.list::<CreditShopRow>(&DUE, &[Value::Text(&today), Value::Int(limit)]);
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        let due = needs.loaded::<CreditShopRow>().filter(|row| is_due(row, ctx.today));
        let due: Vec<PartyId> = due.map(|row| row.party).collect();
        for party in due {
            needs.row::<ShopFactsRow>(party);
            needs.row::<CreditReminderRow>(party);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let view = ctx.rules.policy.now(ctx.now);
        let (terms, ahead) = (limit_terms(view), view.value(keys::BOOST_REMINDER));
        let due = |row: &&CreditShopRow| {
            let key = &row.party;
            is_due(row, ctx.today)
                && tx.is_loaded::<ShopFactsRow>(key)
                && tx.is_loaded::<CreditReminderRow>(key)
        };
        let rows: Vec<CreditShopRow> = tx.rows::<CreditShopRow>().filter(due).cloned().collect();
        let more = rows.len() >= ROUND;
        for mut row in rows {
            let party = row.party;
            let Some(shop) = tx.get::<ShopFactsRow>(&party).map(|row| facts::decode(&row.facts)) else {
                continue;
            };
            let known = tx.get::<CreditReminderRow>(&party).cloned();
            let mut told: Vec<String> =
                known.as_ref().map_or_else(Vec::new, |row| row.told.lines().map(str::to_owned).collect());
            let before = told.len();
            for boost in credit::ending(&shop, ctx.today, &terms, ahead) {
                let topic = format!("{} {}", boost.kind.name(), boost.until);
                if row.service() == Service::Open && !told.contains(&topic) {
                    tx.notify("credit.boost_ending", party, &party.to_string(), ending(&boost));
                    told.push(topic);
                }
            }
            if told.len() > before {
                told.drain(..told.len().saturating_sub(TOLD_KEPT));
                let version = known.map_or(1, |row| row.version + 1);
                tx.put(CreditReminderRow { party, told: told.join("\n"), version });
            }
            row.remind_on = credit::next_ending(&shop, ctx.today, &terms, ahead).map(|date| date.to_string());
            row.version += 1;
            tx.put(row);
        }
        Ok(Progress { more, payload: None })
    }

    fn audited(&self) -> bool {
        false
    }
}

fn ending(boost: &Boost) -> Facts {
    let (zh, en, way_zh, way_en) = match boost.kind {
        BoostKind::Dsr => {
            ("店铺评分提额", "rating boost", "保持评分达标即可延续", "another good month prolongs it")
        }
        BoostKind::Volume => {
            ("订单量提额", "volume boost", "保持月均订单达标即可延续", "enough orders prolong it")
        }
        BoostKind::Training => {
            ("培训提额", "training boost", "再次完成培训即可延续", "another training prolongs it")
        }
    };
    let (kind, until) = (boost.kind.name(), boost.until);
    Facts::new()
        .text("boost", kind)
        .text("until", until.to_string())
        .text("message_zh", format!("您的{zh}将于 {until} 到期；{way_zh}。"))
        .text("message_en", format!("Your {en} ends on {until}; {way_en}."))
}

/// What all merchants are told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Topic {
    /// To look at their limit, this month.
    Check(Month),
    /// A sale that comes.
    Sale(Sale),
    /// A version of the policy.
    Policy(u32),
}

impl Topic {
    fn key(&self) -> String {
        match self {
            Self::Check(month) => format!("check {month}"),
            Self::Sale(sale) => format!("sale {}", sale.key()),
            Self::Policy(number) => format!("policy {number}"),
        }
    }
}

/// How far telling all merchants has come; what the job carries from round to round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Told {
    /// Month of the last look at the limit.
    check: Option<String>,
    /// Sales that were announced.
    sales: Vec<String>,
    /// Version of the policy that was told of last.
    policy: Option<u32>,
    /// What is being told, and the last shop that was told.
    under_way: Option<(String, PartyId)>,
}

impl Told {
    fn read(payload: &Facts) -> Self {
        let sales = payload.get_text("sales").unwrap_or_default();
        let under_way = payload.get_text("topic").zip(payload.get_text("after"));
        Self {
            check: payload.get_text("check"),
            sales: sales.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            policy: payload.get_int("policy").and_then(|number| u32::try_from(number).ok()),
            under_way: under_way.and_then(|(topic, after)| Some((topic, after.parse().ok()?))),
        }
    }

    fn write(&self) -> Facts {
        let mut facts = Facts::new().text("sales", self.sales.join(","));
        if let Some(check) = &self.check {
            facts = facts.text("check", check);
        }
        if let Some(policy) = self.policy {
            facts = facts.int("policy", i64::from(policy));
        }
        if let Some((topic, after)) = &self.under_way {
            facts = facts.text("topic", topic).text("after", after.to_string());
        }
        facts
    }

    /// What was so before this job existed is not told.
    fn begin(&mut self, ctx: &Ctx) {
        let (month, day) = (Month::of(ctx.today), check_day(ctx));
        let last = if ctx.today.day() <= day { month.before() } else { month };
        self.check.get_or_insert_with(|| last.to_string());
        self.policy.get_or_insert(ctx.rules.policy.latest().number);
    }

    fn done(&mut self, topic: &Topic) {
        match topic {
            Topic::Check(month) => self.check = Some(month.to_string()),
            Topic::Sale(sale) => {
                self.sales.push(sale.key());
                self.sales.drain(..self.sales.len().saturating_sub(SALES_KEPT));
            }
            Topic::Policy(number) => self.policy = Some(*number),
        }
        self.under_way = None;
    }

    /// What is to be told next. What is under way stays first: its month, sale or version is found again.
    fn next(&self, ctx: &Ctx) -> Option<Topic> {
        let month = Month::of(ctx.today);
        let check = (ctx.today.day() >= check_day(ctx) && self.check.as_deref() != Some(&month.to_string()))
            .then_some(Topic::Check(month));
        let sales = sale_terms(ctx.rules.policy.now(ctx.now)).to_announce(ctx.today);
        let sales = sales.into_iter().filter(|sale| !self.sales.contains(&sale.key())).map(Topic::Sale);
        let (told, latest) = (self.policy.unwrap_or(0), ctx.rules.policy.latest().number);
        let policy = (told.saturating_add(1)..=latest).next().map(Topic::Policy);
        let topics: Vec<Topic> = check.into_iter().chain(sales).chain(policy).collect();
        let first = |topic: &&Topic| self.under_way.as_ref().is_some_and(|(key, _)| *key == topic.key());
        topics.iter().find(first).or(topics.first()).cloned()
    }
}

/// Day of the month on which merchants are to look at their limit.
fn check_day(ctx: &Ctx) -> i8 {
    let day = ctx.rules.policy.now(ctx.now).value(keys::LIMIT_CHECK_DAY);
    i8::try_from(day).unwrap_or(28)
}

/// Tells all merchants what there is to tell: one page of shops of one topic.
#[derive(Debug, Clone)]
pub(crate) struct TellShops {
    told: Told,
    shops: Vec<PartyId>,
}

impl TellShops {
    /// The next shops, behind where the last round ended; at most 500.
    pub(crate) fn plan(reads: &mut dyn Session, payload: &Facts) -> Result<Self, Fault> {
        let told = Told::read(payload);
        let after = told.under_way.as_ref().map_or(Uid::NIL, |(_, party)| party.0);
        let limit = i64::try_from(ROUND).unwrap_or(i64::MAX);
        let mut shops = Vec::new();
        reads.query(&SHOPS, &[Value::Bytes(&after.0), Value::Int(limit)], &mut |row| {
            shops.push(PartyId::from_uid(row.uid(0)));
            true
        })?;
        Ok(Self { told, shops })
    }
}

impl Command for TellShops {
    type Output = Progress;

    fn name(&self) -> &'static str {
        "credit.tell_shops"
    }

    fn weight(&self) -> usize {
        self.shops.len().max(1)
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        for party in &self.shops {
            needs.row::<PartyRow>(*party);
            needs.row::<CreditShopRow>(*party);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        for party in &self.shops {
            want(needs, *party, ctx);
            want_funds(needs, *party, ctx);
            want_if_due(needs, *party, ctx);
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Progress, Rejection> {
        let mut told = self.told.clone();
        told.begin(ctx);
        let Some(topic) = told.next(ctx) else {
            return Ok(Progress { more: false, payload: Some(Told { under_way: None, ..told }.write()) });
        };
        // The page was read for what was under way; where that is over by now the next round begins anew.
        let belongs = told.under_way.as_ref().is_none_or(|(key, _)| *key == topic.key());
        if !belongs {
            return Ok(Progress { more: true, payload: Some(Told { under_way: None, ..told }.write()) });
        }
        if let Some(message) = message(ctx, &topic) {
            for party in &self.shops {
                tell(tx, ctx, *party, &topic, &message);
            }
        }
        match self.shops.last().filter(|_| self.shops.len() >= ROUND) {
            Some(last) => told.under_way = Some((topic.key(), *last)),
            None => told.done(&topic),
        }
        let more = told.under_way.is_some() || told.next(ctx).is_some();
        Ok(Progress { more, payload: Some(told.write()) })
    }

    fn audited(&self) -> bool {
        false
    }
}

/// Kind and values of a topic's message, the same for every shop; `None` when it says nothing to merchants.
fn message(ctx: &Ctx, topic: &Topic) -> Option<(&'static str, Facts)> {
    match topic {
        Topic::Check(month) => Some((
            "credit.check_reminder",
            Facts::new()
                .text("month", month.to_string())
                .text("message_zh", "请核对本月先用后付额度与待还款订单。")
                .text("message_en", "Please look at this month's pay-later limit and open orders."),
        )),
        Topic::Sale(sale) => {
            let boost = sale_terms(ctx.rules.policy.now(ctx.now)).boost;
            let last = sale.until.yesterday().unwrap_or(sale.until);
            let (from, percent) = (sale.from, boost.as_ppm() / 10_000);
            Some((
                "credit.sale_announced",
                Facts::new()
                    .text("sale", &sale.name)
                    .text("from", from.to_string())
                    .text("until", sale.until.to_string())
                    .int("rate_ppm", boost.as_ppm())
                    .text("message_zh", format!("大促 {from} 至 {last}：可申请临时提额 {percent}%。"))
                    .text(
                        "message_en",
                        format!("Sale from {from} to {last}: you may apply for {percent} % more limit."),
                    ),
            ))
        }
        Topic::Policy(number) => policy_message(ctx, *number),
    }
}

/// What a version changes for merchants: keys of the limit and of withdrawing proceeds, never where controls begin.
fn policy_message(ctx: &Ctx, number: u32) -> Option<(&'static str, Facts)> {
    let policy = &ctx.rules.policy;
    let (before, after) = (policy.version(number.checked_sub(1)?)?, policy.version(number)?);
    let controls = |name: &str| name.starts_with("credit.risk.") || name.ends_with("two_people_above");
    let shown =
        |name: &str| (name.starts_with("credit.") || name.starts_with("proceeds.")) && !controls(name);
    let changes = diff(&before.pack, &after.pack);
    let changes: Vec<_> = changes.iter().filter(|change| shown(change.spec.name)).collect();
    let first = changes.iter().map(|change| change.effective_from).min()?;
    let mut names: Vec<&str> = changes.iter().map(|change| change.spec.name).collect();
    names.dedup();
    let facts = Facts::new()
        .int("version", i64::from(number))
        .text("keys", names.join(" "))
        .text("effective_from", first.to_string())
        .text("message_zh", format!("先用后付规则有调整，最早自 {first} 起生效，请查看规则说明。"))
        .text(
            "message_en",
            format!("The rules of pay-later change, from {first} at the earliest: please read them."),
        );
    Some(("credit.policy_changed", facts))
}

fn tell(tx: &mut Tx, ctx: &Ctx, party: PartyId, topic: &Topic, (kind, message): &(&'static str, Facts)) {
    bring_to_today(tx, ctx, party);
    let Some(row) = tx.get::<CreditShopRow>(&party).cloned() else { return };
    if row.service() != Service::Open {
        return;
    }
    let mut facts = message.clone();
    match topic {
        Topic::Check(_) => {
            let standing = standing(tx, ctx, &row);
            facts = facts
                .int("total_minor", standing.total_minor)
                .int("used_minor", standing.used_minor)
                .int("available_minor", standing.available_minor());
        }
        Topic::Sale(sale) => {
            let shop = tx.get::<ShopFactsRow>(&party).map(|row| facts::decode(&row.facts));
            // Whoever has the boost already is not told to apply for it.
            if shop.is_some_and(|shop| sale.overlaps(&shop.promotions)) {
                return;
            }
        }
        Topic::Policy(_) => {}
    }
    tx.notify(kind, party, &party.to_string(), facts);
}
