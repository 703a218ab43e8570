//! Shops of the demo: they sell on pay-later terms, draw their proceeds now and then, and meet what withdrawals come to
//! nothing for (C16). They have dice of their own, so that the creators' year stays what it was.

use std::sync::Arc;

use anyhow::{Result, bail};
use purser_domain::{
    casework::Kind,
    credit::{Component, Source},
    ids::{PartyId, WithdrawalId},
    metadata::Metadata,
    money::Currency,
    time::{DAY, HOUR, MINUTE, Timestamp, Zone},
};
use purser_engine::{
    Executor, Meta, call,
    cases::{Author, OpenCase, Subject},
    credit::{self, AsOf, OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport, risk::Told},
    identity::{Given, OnboardSandboxParty},
    parties::{ChangeParty, PartyChange, party_id},
    rules::{RulesSource, SetClock},
    vault::Vault,
    withdrawals::{Asked, BindPayoutAccount, RequestWithdrawal, Requested},
};
use purser_storage::Session;

use super::cast::{self, Dice};

/// A limit that leaves room for what they sell: 50,000.00.
const LIMIT: i64 = 5_000_000;
/// Of the year, the first day on which a withdrawal comes to nothing, and how many days lie between two of them.
const FIRST_FAILURE: i64 = 40;
const BETWEEN: i64 = 3;
/// Least that is drawn: 200.00.
const LEAST_DRAWN: i64 = 20_000;
/// Of the year, the day on which some goods come back whose proceeds were drawn: after the last draw of all.
const RETURNS: i64 = 358;
/// Shops to which that happens.
const RETURNED_TO: usize = 3;

/// What a withdrawal comes to nothing for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// More is asked for than there is.
    TooMuch,
    /// Another shop's money is asked for.
    Stranger,
    /// It is asked for at night.
    Night,
    /// The account is frozen.
    Frozen,
    /// A fee is disputed.
    Fee,
}

/// Of a hundred, how many for what (C16).
const DISTRIBUTION: [(Failure, usize); 5] = [
    (Failure::TooMuch, 62),
    (Failure::Stranger, 18),
    (Failure::Night, 9),
    (Failure::Frozen, 6),
    (Failure::Fee, 5),
];

/// A sale under way.
struct Sale {
    number: u32,
    shop: PartyId,
    amount_minor: i64,
    made_on: i64,
    ships_on: i64,
    paid_on: i64,
    refunded: bool,
}

pub(super) struct Shops {
    dice: Dice,
    parties: Vec<PartyId>,
    sales: Vec<Sale>,
    failures: Vec<Failure>,
    number: u32,
    paid: Option<(PartyId, WithdrawalId)>,
}

fn request(party: PartyId, asked: Asked, amount_minor: i64) -> RequestWithdrawal {
    RequestWithdrawal {
        party,
        asked,
        amount_minor: Some(amount_minor),
        currency: Currency::CNY,
        destination: None,
        code: Given::Waived,
        person: None,
        metadata: Metadata::new(),
        dry_run: false,
    }
}

impl Shops {
    /// The shops bind a payout account, take their first steps, and get a limit.
    pub(super) fn open(desk: &mut Executor, vault: &Arc<Vault>, today: Timestamp) -> Result<Self> {
        let mut dice = Dice::new(20_250_702);
        let zone = Zone::shanghai();
        let since = zone.date(today.plus(-400 * DAY));
        let parties: Vec<PartyId> = cast::shops().iter().map(|name| party_id(name)).collect();
        let mut items = Vec::new();
        for (party, name) in parties.iter().zip(cast::shops()) {
            call(desk, BindPayoutAccount::sandbox(*party, &format!("{name}.ok")), Meta::system())??;
            let vault = Arc::clone(vault);
            let steps = OnboardSandboxParty { vault, party: *party, phone: None, name: None, number: None };
            call(desk, steps, Meta::system())??;
            let source = Source::CreditEvaluation;
            let component = Component { source, amount_minor: LIMIT, since, until: None };
            let report = ShopReport {
                opened_on: Some(since),
                level: Some(3),
                components: vec![component],
                ..ShopReport::default()
            };
            items.push((*party, report));
        }
        let outcomes = call(desk, ReportShops { items, single: false }, Meta::system())??;
        if let Some(no) = outcomes.into_iter().find_map(Result::err) {
            bail!("a shop of the demo was refused: {}", no.message);
        }
        let failures = shuffled(&mut dice);
        Ok(Self { dice, parties, sales: Vec::new(), failures, number: 0, paid: None })
    }

    fn shop(&self, n: i64) -> Option<PartyId> {
        let index = usize::try_from(n).ok()? % self.parties.len().max(1);
        self.parties.get(index).copied()
    }

    /// A day's sales, a draw now and then, and what comes to nothing by day.
    pub(super) fn day(
        &mut self,
        desk: &mut Executor,
        reads: &mut dyn Session,
        day: i64,
        at: Timestamp,
    ) -> Result<()> {
        let items = self.sell(day, at);
        let outcomes = call(desk, ReportCreditOrders { items, single: false }, Meta::system())??;
        if let Some(no) = outcomes.into_iter().find_map(Result::err) {
            bail!("an order of the demo was refused: {}", no.message);
        }
        if day % 10 == 5 {
            self.draw(desk, reads, day / 10, at)?;
        }
        if day == RETURNS {
            self.send_back(desk, reads, day, at)?;
        }
        match self.failure_on(day) {
            Some(Failure::Night) | None => Ok(()),
            Some(failure) => self.fail(desk, failure, day),
        }
    }

    /// What comes to nothing at night: between 23:00 and 3:00 no withdrawal of proceeds is taken (C14).
    pub(super) fn night(&mut self, desk: &mut Executor, day: i64, at: Timestamp) -> Result<()> {
        if self.failure_on(day) != Some(Failure::Night) {
            return Ok(());
        }
        // The demo's days begin at nine.
        call(desk, SetClock { to: at.plus(14 * HOUR + 30 * MINUTE) }, Meta::system())??;
        self.fail(desk, Failure::Night, day)
    }

    fn failure_on(&self, day: i64) -> Option<Failure> {
        let since = day - FIRST_FAILURE;
        let n = (since >= 0 && since % BETWEEN == 0).then_some(since / BETWEEN)?;
        self.failures.get(usize::try_from(n).ok()?).copied()
    }

    /// Events of today: new orders, parcels on their way, buyers who pay or send goods back.
    fn sell(&mut self, day: i64, at: Timestamp) -> Vec<OrderReport> {
        for _ in 0..2 + self.dice.below(4) {
            let Some(shop) = self.dice.pick(&self.parties).copied() else { continue };
            self.number += 1;
            let ships_on = day + 1 + self.dice.below(3);
            let paid_on = ships_on + 4 + self.dice.below(12);
            let (amount_minor, refunded) = (3_001 + self.dice.below(90_000), self.dice.chance(6));
            let number = self.number;
            self.sales.push(Sale { number, shop, amount_minor, made_on: day, ships_on, paid_on, refunded });
        }
        let at = at.plus(-10 * MINUTE);
        let items = self.sales.iter().filter_map(|sale| Some(sale.report(sale.event_on(day)?, at))).collect();
        self.sales.retain(|sale| sale.paid_on > day);
        items
    }

    /// A shop draws a part of its proceeds that is there for certain.
    fn draw(&mut self, desk: &mut Executor, reads: &mut dyn Session, n: i64, at: Timestamp) -> Result<()> {
        let Some(shop) = self.shop(n) else { return Ok(()) };
        let rules = RulesSource::builtin().load(reads)?;
        let Some(limit) = credit::limit(reads, shop, AsOf { rules: &rules, now: at })? else { return Ok(()) };
        let amount_minor = limit.withdrawable_minor() / 5;
        if amount_minor < LEAST_DRAWN {
            return Ok(());
        }
        match call(desk, request(shop, Asked::Proceeds, amount_minor), Meta::system())? {
            Ok(Requested::Accepted(row)) => {
                if row.fee > 0 {
                    self.paid = Some((shop, row.id));
                }
                Ok(())
            }
            Ok(Requested::Looked(_)) => Ok(()),
            Err(no) => bail!("a withdrawal of the demo was refused: {}", no.message),
        }
    }

    /// Some shops draw all they have, and then the newest of what they shipped comes back before its buyer paid: what is
    /// missing stays due (C11).
    fn send_back(
        &mut self,
        desk: &mut Executor,
        reads: &mut dyn Session,
        day: i64,
        at: Timestamp,
    ) -> Result<()> {
        let rules = RulesSource::builtin().load(reads)?;
        let as_of = AsOf { rules: &rules, now: at };
        let mut returned = Vec::new();
        for shop in self.parties.clone() {
            let shipped = |sale: &Sale| sale.shop == shop && sale.ships_on < day && day < sale.paid_on;
            let Some(place) = self.sales.iter().rposition(shipped) else { continue };
            let Some(limit) = credit::limit(reads, shop, as_of)? else { continue };
            if returned.len() == RETURNED_TO || limit.withdrawable_minor() < LEAST_DRAWN {
                continue;
            }
            let all = request(shop, Asked::Proceeds, limit.withdrawable_minor());
            if let Err(no) = call(desk, all, Meta::system())? {
                bail!("a withdrawal of the demo was refused: {}", no.message);
            }
            let sale = self.sales.swap_remove(place);
            returned.push(sale.report(OrderEvent::Refunded(sale.amount_minor), at.plus(-5 * MINUTE)));
        }
        let outcomes = call(desk, ReportCreditOrders { items: returned, single: false }, Meta::system())??;
        match outcomes.into_iter().find_map(Result::err) {
            Some(no) => bail!("a refund of the demo was refused: {}", no.message),
            None => Ok(()),
        }
    }

    /// Lets a withdrawal come to nothing.
    fn fail(&mut self, desk: &mut Executor, failure: Failure, day: i64) -> Result<()> {
        let (Some(shop), Some(other)) = (self.shop(day), self.shop(day + 1)) else { return Ok(()) };
        let refused = match failure {
            Failure::TooMuch => request(shop, Asked::Proceeds, 4 * LIMIT),
            Failure::Stranger => request(shop, Asked::ByOtherShop(other), 10_000),
            Failure::Night | Failure::Frozen => request(shop, Asked::Proceeds, 10_000),
            Failure::Fee => return self.dispute(desk),
        };
        let change = |desk: &mut Executor, change| {
            call(desk, ChangeParty { id: shop, change, if_version: None }, Meta::system())
        };
        if failure == Failure::Frozen {
            change(desk, PartyChange::Freeze("资料核对中 / papers are being checked".to_owned()))??;
        }
        let outcome = call(desk, refused, Meta::system())?;
        if failure == Failure::Frozen {
            change(desk, PartyChange::Unfreeze)??;
        }
        if outcome.is_ok() {
            bail!("on day {day} a withdrawal of the demo was to be refused");
        }
        Ok(())
    }

    /// The fee of the last withdrawal that had one is disputed.
    fn dispute(&self, desk: &mut Executor) -> Result<()> {
        let Some((party, withdrawal)) = self.paid else { bail!("no withdrawal of the demo had a fee yet") };
        let dispute = OpenCase {
            party,
            kind: Kind::FeeDispute,
            subject: Some(Subject::Withdrawal(withdrawal)),
            summary: "手续费与说明不符 / The fee is not what was announced".to_owned(),
            text: None,
            by: Author::PARTY,
        };
        call(desk, dispute, Meta::system())??;
        Ok(())
    }
}

impl Sale {
    fn event_on(&self, day: i64) -> Option<OrderEvent> {
        let paid_or_sent_back = if self.refunded {
            OrderEvent::Refunded(self.amount_minor)
        } else {
            OrderEvent::Paid(self.amount_minor)
        };
        [
            (self.made_on, OrderEvent::Authorised(self.amount_minor, None)),
            (self.ships_on, OrderEvent::Shipped(None)),
            (self.paid_on, paid_or_sent_back),
        ]
        .into_iter()
        .find_map(|(on, event)| (on == day).then_some(event))
    }

    fn report(&self, event: OrderEvent, at: Timestamp) -> OrderReport {
        OrderReport {
            order_id: format!("demo-sale-{:05}", self.number),
            event_id: event.name().to_owned(),
            merchant: self.shop,
            event,
            currency: Currency::CNY,
            at,
            told: Told::default(),
        }
    }
}

/// The year's failures in the order in which they come. Fees are disputed in its second half: by then there were some.
fn shuffled(dice: &mut Dice) -> Vec<Failure> {
    let all = DISTRIBUTION.iter().flat_map(|(failure, count)| std::iter::repeat_n(*failure, *count));
    let (mut late, mut order): (Vec<Failure>, Vec<Failure>) =
        all.partition(|failure| *failure == Failure::Fee);
    for at in (1..order.len()).rev() {
        let other = dice.below(i64::try_from(at + 1).unwrap_or(1));
        order.swap(at, usize::try_from(other).unwrap_or(0));
    }
    let (half, step) = (order.len() / 2, order.len() / 2 / late.len().max(1));
    let mut at = half;
    while let Some(fee) = late.pop() {
        order.insert(at.min(order.len()), fee);
        at += step;
    }
    order
}
