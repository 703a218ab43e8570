//! Cases of applications, appeals, advice and reminders about the pay-later limit (C5, C7, C10, C19, C24, C25).
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails the test")]
mod credit_world;
mod support;

use std::fmt::Write as _;

use purser_domain::credit::{
    Appeal, Ground, Lifted, Reason, SaleTerms, Source, Standing, Way, advise, appeal,
    application::{
        Applicant, ApplicationKind, ApplicationRejection, Granted, Service, ShopClaim, Terms, Wish, apply,
        at_stake_minor, grant,
    },
    ending, evaluate, grounds, lift, next_ending, reasons, remind_on,
};
use purser_domain::money::{Rate, decimal};
use purser_domain::policy::keys;
use purser_domain::time::Date;

use credit_world::{World, day, money, percent, span, view};

fn sales() -> SaleTerms {
    view(|view| SaleTerms {
        windows: view
            .value(keys::PROMOTION_WINDOWS)
            .rows()
            .map(|(names, days)| (names[0].clone(), names[1].parse().unwrap(), u32::try_from(days).unwrap()))
            .collect(),
        boost: view.value(keys::PROMOTION_BOOST),
        most: view.value(keys::PROMOTION_BOOST_MOST),
        remind_days: view.value(keys::PROMOTION_REMINDER),
    })
}

/// Words of a line: flags, and values by name.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        Self(line.split_whitespace().collect())
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(&word)
    }

    fn value(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn amount(&self, name: &str) -> Option<i64> {
        self.value(name).map(money)
    }

    fn date(&self, name: &str) -> Option<Date> {
        self.value(name).map(day)
    }
}

fn text(word: Option<&str>, usual: &str) -> String {
    match word {
        Some("BLANK") => " \n".to_owned(),
        Some("CONTROL") => "a\u{7}b".to_owned(),
        Some(long) if long.starts_with("LONG") => "字".repeat(long[4..].parse().unwrap()),
        Some(text) => text.to_owned(),
        None => usual.to_owned(),
    }
}

fn wish(kind: &str, words: &Words<'_>, on: Date) -> Wish {
    Wish {
        kind: ApplicationKind::named(kind).unwrap(),
        amount_minor: words.amount("amount"),
        sale: words.value("sale").and_then(|name| sales().next(name, on)),
        partner: words.value("partner").unwrap_or_default().to_owned(),
        claim: ShopClaim {
            opened_on: words.date("opened_on"),
            level: words.value("level").map(|level| level.parse().unwrap()),
            orders: words.value("orders").map(|orders| orders.parse().unwrap()),
            turnover_minor: words.amount("turnover"),
            return_rate: words.value("returns").map(percent),
        },
        reason: text(words.value("reason"), "生意增长"),
    }
}

fn no(rejection: ApplicationRejection) -> String {
    let field = rejection.field().map_or_else(String::new, |field| format!(" at {field}"));
    format!("{}{field}: {rejection}", rejection.code())
}

fn applied(kind: &str, rest: &str) -> String {
    let (words, on) = (Words::of(rest), day("2025-06-15"));
    let promotions: Vec<_> = words
        .value("promoted")
        .map(|value| {
            let (from, until, rate) = span(value);
            purser_domain::credit::Promotion { from, until, rate: percent(rate) }
        })
        .into_iter()
        .collect();
    let who = Applicant {
        active: !words.has("inactive"),
        pending: words.has("pending"),
        service: words.value("service").map_or(Service::Open, |name| Service::named(name).unwrap()),
        zeroed: words.has("zeroed"),
        promotions: &promotions,
    };
    apply(&who, &wish(kind, &words, on), on).map_or_else(no, |()| "yes".to_owned())
}

fn granted(kind: &str, rest: &str) -> String {
    let (words, shop) = rest.split_once('|').map_or((rest, None), |(words, shop)| (words, Some(shop)));
    let (words, world) = (Words::of(words), World::of(shop.unwrap_or_default()));
    let shop = shop.is_some().then_some(&world.shop);
    let terms = Terms {
        amount_minor: words.amount("give"),
        rate: words.value("rate").map(percent),
        source: words.value("source").map(|name| Source::named(name).unwrap()),
        until: words.date("until"),
    };
    let sales = sales();
    let wish = wish(kind, &words, world.on);
    let found = match grant(&wish, &terms, shop, world.on, (sales.boost, sales.most)) {
        Ok(found) => found,
        Err(rejection) => return no(rejection),
    };
    let stake = decimal(at_stake_minor(&found, shop, world.on, &world.terms));
    let what = match found {
        Granted::New { opened_on, level } => format!("new level {level} since {opened_on}"),
        Granted::Reopen => "reopen".to_owned(),
        Granted::Part(part) => {
            let until = part.until.map_or_else(String::new, |until| until.to_string());
            format!("{} {} {}..{until}", part.source.name(), decimal(part.amount_minor), part.since)
        }
        Granted::Boost(p) => format!("boost {} ppm {}..{}", p.rate.as_ppm(), p.from, p.until),
        Granted::Close => "close".to_owned(),
    };
    format!("{what} | at stake {stake}")
}

fn appealed(name: &str, rest: &str) -> String {
    let (words, shop) = rest.split_once('|').unwrap();
    let (words, world) = (Words::of(words), World::of(shop));
    let in_force = grounds(&evaluate(&world.shop, world.on, &world.terms).steps);
    let filed = Appeal {
        ground: Ground::named(name).unwrap(),
        plan: &text(words.value("plan"), "整改"),
        in_force: &in_force,
        pending: words.has("pending"),
    };
    appeal(&filed).map_or_else(|no| format!("{}: {no}", no.code()), |()| "filed".to_owned())
}

fn lifted(name: &str, rest: &str) -> String {
    match lift(Ground::named(name).unwrap(), Words::of(rest).date("until"), day("2025-06-15")) {
        Ok(Lifted::Flag(kind)) => format!("flag {}", kind.name()),
        Ok(Lifted::Rule(waiver)) => format!("{} {}..{}", waiver.rule.name(), waiver.from, waiver.until),
        Err(no) => format!("{}: {no}", no.code()),
    }
}

fn advised(rest: &str) -> String {
    let (words, shop) = rest.split_once('|').unwrap();
    let (words, world) = (Words::of(words), World::of(shop));
    let standing = Standing {
        total_minor: evaluate(&world.shop, world.on, &world.terms).total_minor,
        used_minor: words.amount("used").unwrap_or(0),
        reserved_minor: words.amount("reserved").unwrap_or(0),
        frozen_minor: words.amount("frozen").unwrap_or(0),
        due_minor: words.amount("due").unwrap_or(0),
        closed: false,
    };
    let share: Rate = view(|view| view.value(keys::VELOCITY_ADVICE_SHARE));
    let sales = sales();
    let need = words.amount("need").unwrap_or(0);
    let advice = advise(&world.shop, &standing, need, world.on, (&world.terms, &sales, share));
    let mut out = format!("short {}", decimal(advice.short_minor));
    if let Some(daily) = advice.daily_minor {
        write!(out, " | a day {}", decimal(daily)).unwrap();
    }
    for Way { code, gain_minor, effort, effect_on, until, zh, en } in advice.ways {
        assert!(!zh.is_empty() && !en.is_empty(), "{code} in both languages");
        let gain = gain_minor.map_or_else(|| "?".to_owned(), decimal);
        let on = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        write!(out, " | {code} {gain} {effort} {}..{}", on(effect_on), on(until)).unwrap();
    }
    out
}

fn changed(rest: &str) -> String {
    let (before, after) = rest.split_once('|').unwrap();
    let (before, after) = (World::of(before), World::of(after));
    let steps = |world: &World| evaluate(&world.shop, world.on, &world.terms).steps;
    let found = reasons(&steps(&before), &steps(&after));
    let words = found.iter().map(|reason: &Reason| format!("{} / {}", reason.zh(), reason.en()));
    words.collect::<Vec<_>>().join(" | ")
}

/// A list, or a dash: blanks at the ends of a line do not count.
fn listed(items: &[String]) -> String {
    if items.is_empty() { "-".to_owned() } else { items.join(", ") }
}

fn announced(date: &str) -> String {
    let (terms, on) = (sales(), day(date));
    let name = |sale: &purser_domain::credit::Sale| format!("{} {}..{}", sale.key(), sale.from, sale.until);
    let ahead: Vec<String> = terms.ahead(on).iter().map(name).collect();
    let tell: Vec<String> = terms.to_announce(on).iter().map(purser_domain::credit::Sale::key).collect();
    format!("{} | announced: {}", listed(&ahead), listed(&tell))
}

fn ends(rest: &str) -> String {
    let (date, shop) = rest.split_once('|').unwrap();
    let (on, world) = (day(date.trim()), World::of(shop));
    let found = ending(&world.shop, on, &world.terms, 14);
    let found: Vec<String> =
        found.iter().map(|boost| format!("{} {}", boost.kind.name(), boost.until)).collect();
    let next = next_ending(&world.shop, on, &world.terms, 14);
    let due = if found.is_empty() { next } else { Some(on) };
    assert_eq!(remind_on(&world.shop, on, &world.terms, 14), due);
    format!("{} | next {}", listed(&found), next.map_or_else(|| "-".to_owned(), |date| date.to_string()))
}

#[test]
fn cases() {
    support::run("credit_applications", |line| {
        let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (name, options) = rest.split_once(' ').unwrap_or((rest, ""));
        match what {
            "apply" => applied(name, options),
            "grant" => granted(name, options),
            "appeal" => appealed(name, options),
            "ground" => Ground::named(name).map_or("none", Ground::name).to_owned(),
            "lift" => lifted(name, options),
            "advise" => advised(rest),
            "reasons" => changed(rest),
            "sales" => announced(name),
            "ending" => ends(rest),
            _ => panic!("unknown case {what}"),
        }
    });
}

/// C10, C19–C21: no way that is advised says where the controls against abuse begin, or how to come round them.
#[test]
fn advice_is_about_honest_trade_c10() {
    let shops = [
        "credit=1000.00 level=2",
        "credit=1000.00 level=2 flag=high_risk flag=daily_draw flag=violation flag=poor_operation",
        "credit=1000.00 returns30=12 returns=2025-03..2025-05:16",
    ];
    for shop in shops {
        let world = World::of(shop);
        let standing =
            Standing { used_minor: 10_000, due_minor: 500, reserved_minor: 10, ..Standing::default() };
        let share: Rate = view(|view| view.value(keys::VELOCITY_ADVICE_SHARE));
        let advice = advise(&world.shop, &standing, 1, world.on, (&world.terms, &sales(), share));
        assert!(!advice.ways.is_empty());
        for way in advice.ways {
            for word in ["提现", "套", "cash", "withdraw", "score", "threshold", "分数", "次数"] {
                let said = format!("{} {}", way.zh, way.en);
                assert!(!said.contains(word), "{}: {said} contains {word}", way.code);
            }
        }
    }
}
