//! Reports about pay-later orders (C11): authorised, shipped, paid, cancelled, refunded; singly and in bulk, item by
//! item. An event is known by its id within the order: the same again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use purser_domain::{
    credit::order::{
        self, Authorisation, CreditOrder, Decision, OrderTerms, Rejection as Refused, ShopFacts,
    },
    ids::{CreditOrderId, Derivation, PartyId},
    ledger::{AccountKind, AccountRef},
    money::Currency,
    parties::Role,
    time::{Date, Timestamp},
};

use super::{
    booking::{ShopAccounts, count, post, shop_facts},
    due::{bring_to_today, want_if_due},
    follow::Closed,
    risk::{self, Look, TermsRead, Told},
    rows::{CreditOrderRow, CreditShopRow, OrderEventRow},
    terms::order_terms,
};
use crate::{
    bulk::item_by_item,
    command::{Command, Ctx, Rejection},
    facts::Facts,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// Longest id of an order or event, in characters.
const ID_MAX: usize = 64;

/// The id of the order that the platform calls `external_id`.
pub fn credit_order_id(external_id: &str) -> CreditOrderId {
    static IDS: Derivation = Derivation::new("purser credit order v1");
    CreditOrderId(IDS.uid(&[external_id.as_bytes()]))
}

/// What happened to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// Authorised at a price, due on a date if one was agreed.
    Authorised(i64, Option<Date>),
    /// Shipped, a part or (`None`) the rest.
    Shipped(Option<i64>),
    /// Paid by the buyer.
    Paid(i64),
    /// What is not shipped is called off.
    Cancelled,
    /// Shipped goods were refunded.
    Refunded(i64),
    /// Somebody saw the parcel on its way (C21).
    Scanned,
}

impl OrderEvent {
    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorised(..) => "authorised",
            Self::Shipped(_) => "shipped",
            Self::Paid(_) => "paid",
            Self::Cancelled => "cancelled",
            Self::Refunded(_) => "refunded",
            Self::Scanned => "scanned",
        }
    }

    /// Its amount; 0 where it has none or means the rest.
    const fn amount_minor(self) -> i64 {
        match self {
            Self::Authorised(amount, _)
            | Self::Paid(amount)
            | Self::Refunded(amount)
            | Self::Shipped(Some(amount)) => amount,
            Self::Shipped(None) | Self::Cancelled | Self::Scanned => 0,
        }
    }
}

/// One report.
#[derive(Debug, Clone)]
pub struct OrderReport {
    /// The platform's own id of the order.
    pub order_id: String,
    /// The platform's id of the event, unique within the order.
    pub event_id: String,
    /// The shop.
    pub merchant: PartyId,
    /// What happened.
    pub event: OrderEvent,
    /// Currency.
    pub currency: Currency,
    /// When.
    pub at: Timestamp,
    /// What else the platform says of it (C21).
    pub told: Told,
}

/// What became of one report: the order, and whether the report changed it.
pub type OrderOutcome = Result<(CreditOrderRow, bool), Rejection>;

/// Reports events of orders, item by item: a refused item leaves the others alone.
///
/// Rejections of an item in order: `currency_mismatch`, `order_id_invalid`, `event_id_invalid`, `party_unknown`,
/// `not_a_merchant`, `credit_shop_unknown`, `event_conflict`, `order_unknown`, `order_conflict`; then those of
/// [`purser_domain::credit::order::Rejection`].
pub struct ReportCreditOrders {
    /// In order.
    pub items: Vec<OrderReport>,
    /// One item: its refusal is the command's.
    pub single: bool,
}

impl Command for ReportCreditOrders {
    type Output = Vec<OrderOutcome>;

    fn name(&self) -> &'static str {
        "credit_orders.report"
    }

    fn weight(&self) -> usize {
        self.items.len()
    }

    /// The shops come first: only of one whose date has come more is read. Parties come with them, because rows are
    /// locked in the order of their tables.
    fn lookups(&self, needs: &mut Needs<'_>) {
        for item in &self.items {
            needs.row::<PartyRow>(item.merchant);
            needs.row::<CreditShopRow>(item.merchant);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.account(&AccountRef::platform(AccountKind::ClientsClearing, ctx.rules.currency));
        // Only a payment or a refund makes good what was written off.
        let makes_good =
            |item: &OrderReport| matches!(item.event, OrderEvent::Paid(_) | OrderEvent::Refunded(_));
        if self.items.iter().any(makes_good) {
            needs.account(&AccountRef::platform(AccountKind::ExpenseBadDebt, ctx.rules.currency));
        }
        let mut shops = BTreeSet::new();
        for item in &self.items {
            let id = credit_order_id(&item.order_id);
            needs.row::<CreditOrderRow>(id);
            needs.row::<OrderEventRow>((id, item.event_id.clone()));
            if !shops.insert(item.merchant) {
                continue;
            }
            want_if_due(needs, item.merchant, ctx);
            risk::want(needs, item.merchant);
            for kind in [AccountKind::CreditReceivable, AccountKind::CreditLiability, AccountKind::Proceeds] {
                needs.account(&AccountRef::party(item.merchant, kind, ctx.rules.currency));
            }
        }
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Self::Output, Rejection> {
        let mut shared = Shared::default();
        item_by_item(tx, &self.items, self.single, |tx, item| report(tx, ctx, item, &mut shared))
    }

    fn audit(&self, output: &Self::Output) -> (String, Facts) {
        let count = |wanted: fn(&OrderOutcome) -> bool| {
            i64::try_from(output.iter().filter(|o| wanted(o)).count()).unwrap_or(i64::MAX)
        };
        let subject = match self.items.as_slice() {
            [one] => credit_order_id(&one.order_id).to_string(),
            _ => String::new(),
        };
        let facts = Facts::new()
            .int("items", count(|_| true))
            .int("changed", count(|o| matches!(o, Ok((_, true)))))
            .int("refused", count(Result::is_err));
        (subject, facts)
    }
}

/// Whether a text can be the platform's id of an order or event: 1 to 64 printable characters.
pub fn is_order_id(text: &str) -> bool {
    (1..=ID_MAX).contains(&text.chars().count()) && !text.contains(char::is_control)
}

fn checked_id(text: &str, code: &'static str, field: &str) -> Result<(), Rejection> {
    if !is_order_id(text) {
        let message = format!("{field} must be 1 to {ID_MAX} printable characters");
        return Err(Rejection::new(code, message).at(format!("/{field}")));
    }
    Ok(())
}

/// What the items of one command have in common, made once.
#[derive(Default)]
struct Shared {
    terms: TermsRead,
    accounts: BTreeMap<PartyId, ShopAccounts>,
}

impl Shared {
    fn accounts(&mut self, party: PartyId, currency: Currency) -> ShopAccounts {
        let first = self.accounts.values().next().copied();
        let make = || match first {
            Some(other) => other.for_shop(party, currency),
            None => ShopAccounts::of(party, currency),
        };
        *self.accounts.entry(party).or_insert_with(make)
    }
}

fn report(tx: &mut Tx, ctx: &Ctx, item: &OrderReport, shared: &mut Shared) -> OrderOutcome {
    if item.currency != ctx.rules.currency {
        let text = format!("this deployment keeps its books in {}", ctx.rules.currency);
        return Err(Rejection::new("currency_mismatch", text).at("/currency"));
    }
    checked_id(&item.order_id, "order_id_invalid", "order_id")?;
    checked_id(&item.event_id, "event_id_invalid", "event_id")?;
    if item.event_id.starts_with(OrderEventRow::OWN) {
        let text = "an id that begins with `credit.` is an event of ours: choose another";
        return Err(Rejection::new("event_id_invalid", text).at("/event_id"));
    }
    bring_to_today(tx, ctx, item.merchant);
    let unknown = || unknown_party(item.merchant).at("/merchant_id");
    let party = tx.get::<PartyRow>(&item.merchant).ok_or_else(unknown)?;
    if !party.roles().has(Role::Merchant) {
        return Err(Rejection::new("not_a_merchant", "the party is not a merchant").at("/merchant_id"));
    }
    let Some(shop) = tx.get::<CreditShopRow>(&item.merchant) else {
        let text = "nothing is known of this shop: report its level and opening first";
        return Err(Rejection::new("credit_shop_unknown", text).at("/merchant_id"));
    };
    let id = credit_order_id(&item.order_id);
    let known = tx.get::<CreditOrderRow>(&id);
    if let Some(event) = tx.get::<OrderEventRow>(&(id, item.event_id.clone())) {
        return told_before(event, known, item);
    }
    if known.is_some_and(|row| row.merchant != item.merchant) {
        let text = "the order belongs to another merchant";
        return Err(Rejection::new("order_conflict", text).at("/merchant_id"));
    }
    let open = Closed::of(&party.status(), shop, ctx.now).is_none();
    let view = ctx.rules.policy.at(item.at, ctx.now);
    let accounts = shared.accounts(item.merchant, item.currency);
    let look = risk::look(tx, ctx, item, known, (shop, shared.terms.of(view)));
    let facts = ShopFacts { held: look.holds(), ..shop_facts(tx, &accounts, shop, open) };
    let Some(decision) = decide(ctx, (item, id), known, &facts, &order_terms(view))? else {
        let row = known.cloned().ok_or_else(|| Rejection::new("order_unknown", "there is no such order"))?;
        return Ok((row, false));
    };
    let (shop, before) = (shop.clone(), known.map(Before::of));
    let policy_version = i64::from(view.version().number);
    let change = Change { shop, accounts, look, before, policy_version };
    apply(tx, ctx, item, change, &decision).map(|row| (row, true))
}

/// The same event again changes nothing; another one under its id is refused.
fn told_before(event: &OrderEventRow, known: Option<&CreditOrderRow>, item: &OrderReport) -> OrderOutcome {
    let (kind, amount) = (item.event.name(), item.event.amount_minor());
    let same = |row: &&CreditOrderRow| {
        let due = match item.event {
            OrderEvent::Authorised(_, due_on) => due_on,
            _ => None,
        };
        event.kind == kind
            && event.amount == amount
            && event.at == item.at
            && due.is_none_or(|day| row.order().due_on == Some(day))
    };
    if let Some(row) = known.filter(same) {
        return Ok((row.clone(), false));
    }
    let text = "this event was reported before with another kind, amount, time or due date";
    Err(Rejection::new("event_conflict", text).at("/event_id"))
}

fn decide(
    ctx: &Ctx,
    (item, id): (&OrderReport, CreditOrderId),
    known: Option<&CreditOrderRow>,
    shop: &ShopFacts,
    terms: &OrderTerms,
) -> Result<Option<Decision>, Rejection> {
    let (at, now) = (item.at, ctx.now);
    if let OrderEvent::Authorised(amount_minor, due_on) = item.event {
        let merchant = item.merchant;
        let new = Authorisation { id, merchant, amount_minor, currency: item.currency, at, due_on };
        let known = known.map(CreditOrderRow::order);
        return order::authorise(known.as_ref(), &new, shop, now, terms).map_err(|r| rejected(&r));
    }
    let unknown = || Rejection::new("order_unknown", "the order was never authorised").at("/order_id");
    let order: CreditOrder = known.ok_or_else(unknown)?.order();
    let decision = match item.event {
        OrderEvent::Shipped(amount) => order::ship(&order, amount, at, shop, &ctx.zone, now, terms),
        OrderEvent::Paid(amount) => order::pay(&order, amount, at, shop, now, terms),
        OrderEvent::Refunded(amount) => order::refund(&order, amount, at, shop, now, terms),
        OrderEvent::Scanned => order::scan(&order, at, shop, now, terms),
        OrderEvent::Cancelled | OrderEvent::Authorised(..) => order::cancel(&order, at, shop, now, terms),
    };
    decision.map(Some).map_err(|r| rejected(&r))
}

pub(super) fn rejected(refused: &Refused) -> Rejection {
    let plain = Rejection::new(refused.code(), refused.to_string());
    match refused {
        Refused::OrderConflict { field } => plain.at(format!("/{field}")),
        Refused::InTheFuture | Refused::BeforeAuthorised => plain.at("/at"),
        Refused::AmountNotPositive => plain.at("/amount_minor"),
        Refused::LimitInsufficient { available_minor } => {
            let facts = Facts::new()
                .int("available_minor", *available_minor)
                .text("message_zh", "额度不足，请提升信用。")
                .text("message_en", "The limit does not cover it; honest trade raises it.");
            plain.at("/amount_minor").with(facts)
        }
        Refused::MoreThanAuthorised { left_minor }
        | Refused::AuthorisationExpired { left_minor }
        | Refused::MoreThanPayable { left_minor }
        | Refused::MoreThanShipped { left_minor }
        | Refused::MoreThanOpen { left_minor } => {
            plain.at("/amount_minor").with(Facts::new().int("left_minor", *left_minor))
        }
        Refused::ShopNotOpen | Refused::NothingToCancel | Refused::NothingHeld => plain,
    }
}

/// What a change keeps of the order's row.
struct Before {
    policy_version: i64,
    version: i64,
    reviews: i64,
    held: i64,
}

impl Before {
    const fn of(row: &CreditOrderRow) -> Self {
        Self {
            policy_version: row.policy_version,
            version: row.version,
            reviews: row.reviews,
            held: row.held,
        }
    }
}

/// What a decision is applied to.
struct Change {
    shop: CreditShopRow,
    accounts: ShopAccounts,
    look: Look,
    before: Option<Before>,
    policy_version: i64,
}

fn apply(
    tx: &mut Tx,
    ctx: &Ctx,
    item: &OrderReport,
    change: Change,
    decision: &Decision,
) -> Result<CreditOrderRow, Rejection> {
    let Change { shop, accounts, look, before, policy_version } = change;
    post(tx, &accounts, decision)?;
    let new = Before { policy_version, version: 0, reviews: 0, held: i64::MAX };
    let (fresh, before) = (before.is_none(), before.unwrap_or(new));
    let (policy, version) = (before.policy_version, before.version + 1);
    let mut row = CreditOrderRow::of(&decision.order, &item.order_id, policy, version);
    row.reviews = before.reviews;
    let held = row.held > before.held;
    risk::book(tx, ctx, look, &mut row, fresh, held);
    tx.put(row.clone());
    tx.put(OrderEventRow {
        order_id: row.id,
        event_id: item.event_id.clone(),
        kind: item.event.name().to_owned(),
        amount: item.event.amount_minor(),
        at: item.at,
        grp: ctx.group,
    });
    count(tx, ctx, &accounts, shop, decision);
    let facts = Facts::new()
        .text("external_id", &item.order_id)
        .text("event_id", &item.event_id)
        .int("amount_minor", item.event.amount_minor())
        .int("receivable_minor", row.receivable)
        .int("reserved_minor", row.reserved);
    tx.event(decision.event, Some(row.merchant), &row.id.to_string(), facts);
    Ok(row)
}
