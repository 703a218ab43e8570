//! Shops with a limit, their orders, applications and messages, for tests of the engine.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use purser_domain::{
    casework::Kind,
    credit::{
        Component, Source,
        application::{ApplicationKind, ShopClaim, Terms},
    },
    ids::{CaseId, PartyId, StaffId, Uid},
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    policy::DEFAULT_PACK,
    time::{Date, Zone},
};
use purser_engine::{
    Decided, Rejection, Writer,
    approvals::{Action, Decide, Propose},
    cases::{Act, ActOnCase, Author, CaseRow, NewAttachment, OpenCase},
    credit::{
        self, ApplicationDecision, ApplyForCredit, AsOf, CreditApplicationRow, DecideApplication, LimitView,
        OrderEvent, OrderReport, ReportCreditOrders, ReportShops, ShopReport, risk::Told,
    },
    feed,
    files::StoredFile,
    invariants,
    jobs::{self, Registry},
    parties::RegisterParty,
    rows::MessageRow,
    rules::PolicyActivation,
    verify::verify_full,
};

use super::support::{Books, at, run};

pub(crate) fn shop(writer: &mut Writer, name: &str) -> PartyId {
    let profile = Profile {
        external_id: name.to_owned(),
        display_name: "Shop".to_owned(),
        roles: Roles::NONE.with(Role::Merchant),
        legal_form: LegalForm::Enterprise,
        class: AccountClass::Ordinary,
        metadata: BTreeMap::new(),
    };
    run(writer, RegisterParty(profile)).unwrap().id
}

pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

pub(crate) fn report(writer: &mut Writer, party: PartyId, item: ShopReport) -> i64 {
    let mut outcomes = run(writer, ReportShops { items: vec![(party, item)], single: true }).unwrap();
    outcomes.pop().unwrap().unwrap().0.total
}

pub(crate) fn credit_of(amount_minor: i64) -> Component {
    Component { source: Source::CreditEvaluation, amount_minor, since: day("2024-03-01"), until: None }
}

/// A shop of two years with a credit evaluation of 1,000.00.
pub(crate) fn known_shop(writer: &mut Writer, name: &str) -> PartyId {
    let party = shop(writer, name);
    let item = ShopReport {
        opened_on: Some(day("2024-03-01")),
        level: Some(2),
        components: vec![credit_of(100_000)],
        ..ShopReport::default()
    };
    assert_eq!(report(writer, party, item), 100_000);
    party
}

pub(crate) fn tell(
    books: &Books,
    writer: &mut Writer,
    merchant: PartyId,
    order: &str,
    event: OrderEvent,
) -> Result<(), Rejection> {
    let item = OrderReport {
        order_id: order.to_owned(),
        event_id: event.name().to_owned(),
        merchant,
        event,
        currency: Currency::CNY,
        at: books.clock.business(),
        told: Told::default(),
    };
    run(writer, ReportCreditOrders { items: vec![item], single: true }).map(|_| ())
}

pub(crate) fn limit(books: &Books, party: PartyId) -> LimitView {
    let as_of = AsOf { rules: &books.rules(), now: books.clock.business() };
    credit::limit(books.reader().as_mut(), party, as_of).unwrap().unwrap()
}

pub(crate) fn proven(books: &Books) {
    let zone = Zone::shanghai();
    let report = verify_full(books.reader().as_mut(), &zone, &invariants::all(), &mut |_| {}).unwrap();
    assert!(report.first().is_none(), "{:?}", report.first());
}

pub(crate) fn staff() -> StaffId {
    StaffId(Uid([7; 16]))
}

pub(crate) fn apply(party: PartyId, kind: ApplicationKind) -> ApplyForCredit {
    let claim = ShopClaim { orders: Some(40), turnover_minor: Some(900_000), ..ShopClaim::default() };
    ApplyForCredit {
        party,
        kind,
        amount_minor: None,
        sale: None,
        partner: String::new(),
        claim,
        reason: "生意增长".to_owned(),
    }
}

pub(crate) fn raise(party: PartyId, amount_minor: i64) -> ApplyForCredit {
    ApplyForCredit { amount_minor: Some(amount_minor), ..apply(party, ApplicationKind::Raise) }
}

pub(crate) fn decision(row: &CreditApplicationRow, grant: Option<Terms>) -> ApplicationDecision {
    let reason = "看过流水".to_owned();
    ApplicationDecision {
        application: row.id,
        party: row.party,
        case: row.case_id,
        grant,
        reason,
        by: staff(),
    }
}

pub(crate) fn decide(
    writer: &mut Writer,
    row: &CreditApplicationRow,
    grant: Option<Terms>,
) -> Decided<(CreditApplicationRow, CaseRow)> {
    run(writer, DecideApplication(decision(row, grant)))
}

pub(crate) fn messages(books: &Books, party: PartyId, kind: &str) -> Vec<MessageRow> {
    let all = feed::messages(books.reader().as_mut(), party, false, feed::NEWEST, 500).unwrap();
    all.into_iter().filter(|row| row.kind == kind).collect()
}

pub(crate) fn step(books: &Books, writer: &mut Writer, registry: &mut Registry) {
    let mut reads = books.reader();
    while jobs::run_due(writer, reads.as_mut(), &books.clock, registry).unwrap() > 0 {}
}

/// Business time goes on to an instant.
pub(crate) fn go_to(books: &Books, text: &str) {
    books.advance(at(text).0 - books.clock.business().0);
}

/// A case of the merchant with a paper: what a temporary limit rests on (C18).
pub(crate) fn papers(writer: &mut Writer, party: PartyId) -> CaseId {
    let (kind, summary) = (Kind::Help, "A large order".to_owned());
    let open = OpenCase { party, kind, subject: None, summary, text: None, by: Author::PARTY };
    let case = run(writer, open).unwrap().id;
    let file = StoredFile { hash: [9; 32], kind: "pdf".to_owned(), size: 5 };
    let act = Act::Attach(NewAttachment { file, name: "order.pdf".to_owned(), internal: false });
    run(writer, ActOnCase { case, party: Some(party), by: Author::PARTY, act, if_version: None }).unwrap();
    case
}

/// An entry of a policy.
pub(crate) fn entry(key: &str, row: &str, from: &str, value: i64) -> String {
    format!(
        "\n[[entry]]\nkey = \"{key}\"\nrow = \"{row}\"\neffective_from = \"{from}\"\nvalue = {value}\n\
         source = \"test\"\n"
    )
}

/// Two people activate the default policy with further entries, as the version after `base`.
pub(crate) fn activate(writer: &mut Writer, base: u32, entries: &[String]) {
    let text = format!("{DEFAULT_PACK}{}", entries.concat());
    let activation = PolicyActivation::parse("new.toml", &text, base).unwrap();
    let action = Action::ActivatePolicy(activation);
    let id = run(writer, Propose { action, by: "staff:li".to_owned() }).unwrap();
    run(writer, Decide { id, approve: true, by: "staff:wang".to_owned() }).unwrap();
}
