//! What somebody in the portal reaches (P18): the party's own, route by route. What does not stand here is refused, so a
//! new route is closed to them until somebody opens it.

use purser_domain::{identity::PersonRole, ids::PartyId};
use purser_engine::{Fault, Session, ads, corporate, credit, earnings, payments, programme, withdrawals};

/// How a request names the party that must be the session's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It names none: the same for everybody, or about the session itself.
    Open,
    /// The first id of the path is the party.
    Party,
    /// `party_id` of the body is the party.
    Body,
    /// The parameter `party_id`, which has to be there, is the party.
    Query,
    /// The first id of the path is a record of the party.
    Record(Record),
}

/// Records that belong to a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    TaskOrder,
    Withdrawal,
    PaymentOrder,
    Campaign,
    ProgrammeStatement,
    /// A statement as whoever is paid for it may answer it (X14, X15).
    StatementOfPayee,
    /// What a company is paid by (X16).
    Settlement,
    CreditOrder,
    CreditApplication,
}

impl Record {
    /// The parties whose record it is; none when there is no such record.
    pub(crate) fn owners(self, session: &mut dyn Session, id: &str) -> Result<Vec<PartyId>, Fault> {
        fn read<T: std::str::FromStr>(id: &str) -> Option<T> {
            id.parse().ok()
        }
        Ok(match self {
            Self::TaskOrder => match read(id) {
                Some(id) => earnings::order(session, id)?.map(|row| vec![row.creator, row.payee]),
                None => None,
            },
            Self::Withdrawal => match read(id) {
                Some(id) => withdrawals::withdrawal(session, id)?.map(|row| vec![row.party]),
                None => None,
            },
            Self::PaymentOrder => match read(id) {
                Some(id) => payments::payment_order(session, id)?.map(|row| vec![row.party]),
                None => None,
            },
            Self::Campaign => match read(id) {
                Some(id) => ads::campaign(session, id)?.map(|row| vec![row.party]),
                None => None,
            },
            Self::ProgrammeStatement => match read(id) {
                Some(id) => programme::statement(session, id)?.map(|row| vec![row.creator, row.payee]),
                None => None,
            },
            Self::StatementOfPayee => match read(id) {
                Some(id) => programme::statement(session, id)?.map(|row| vec![row.payee]),
                None => None,
            },
            Self::Settlement => match read(id) {
                Some(id) => corporate::statement(session, id)?.map(|row| vec![row.party]),
                None => None,
            },
            // By its id alone: the platform's own id of an order is for the platform.
            Self::CreditOrder => match read(id) {
                Some(id) => credit::order(session, id)?.map(|row| vec![row.merchant]),
                None => None,
            },
            Self::CreditApplication => match read(id) {
                Some(id) => credit::application(session, id)?.map(|(row, _)| vec![row.party]),
                None => None,
            },
        }
        .unwrap_or_default())
    }
}

/// A route that is open to the portal, and the role that it takes there.
#[derive(Clone, Copy)]
pub(crate) struct Opened {
    method: &'static str,
    path: &'static str,
    pub(crate) reach: Reach,
    pub(crate) role: PersonRole,
}

/// Looking.
const fn get(path: &'static str, reach: Reach) -> Opened {
    Opened { method: "GET", path, reach, role: PersonRole::View }
}

/// Doing.
const fn post(path: &'static str, reach: Reach) -> Opened {
    Opened { method: "POST", path, reach, role: PersonRole::Request }
}

const fn patch(path: &'static str, reach: Reach) -> Opened {
    Opened { method: "PATCH", path, reach, role: PersonRole::Request }
}

/// What changes nothing but what the session itself sees.
const fn any_role(opened: Opened) -> Opened {
    Opened { role: PersonRole::View, ..opened }
}

use Reach::{Body, Open, Party, Query};
const WITHDRAWAL: Reach = Reach::Record(Record::Withdrawal);
const PAYMENT_ORDER: Reach = Reach::Record(Record::PaymentOrder);
const CAMPAIGN: Reach = Reach::Record(Record::Campaign);
const STATEMENT: Reach = Reach::Record(Record::ProgrammeStatement);
const SETTLEMENT: Reach = Reach::Record(Record::Settlement);

/// Every route that is open to the portal.
const OPENED: &[Opened] = &[
    get("/v1/portal/session", Open),
    any_role(Opened { method: "DELETE", ..post("/v1/portal/sessions/current", Open) }),
    any_role(post("/v1/portal/sessions/current/seen", Open)),
    get("/v1/portal/stream", Open),
    get("/v1/help/contacts", Open),
    get("/v1/payout-account-kinds", Open),
    // Play money's phone: the page shows what it got. Empty in live books.
    Opened { role: PersonRole::Request, ..get("/v1/sandbox/outbox", Query) },
    get("/v1/parties/{id}/messages", Party),
    any_role(post("/v1/parties/{id}/messages/{message}/read", Party)),
    get("/v1/parties/{id}/overview", Party),
    get("/v1/parties/{id}/explain", Party),
    get("/v1/parties/{id}/task-orders", Party),
    get("/v1/parties/{id}/task-orders/export", Party),
    get("/v1/task-orders/{id}", Reach::Record(Record::TaskOrder)),
    get("/v1/parties/{id}/tax", Party),
    get("/v1/parties/{id}/memberships", Party),
    get("/v1/agencies/{id}/members", Party),
    get("/v1/agencies/{id}/task-orders", Party),
    get("/v1/parties/{id}/settlement-months", Party),
    get("/v1/parties/{id}/settlement-orders", Party),
    get("/v1/settlements", Query),
    post("/v1/settlements", Body),
    get("/v1/settlements/{id}", SETTLEMENT),
    get("/v1/settlements/{id}/orders", SETTLEMENT),
    get("/v1/settlements/{id}/orders.csv", SETTLEMENT),
    // A signature binds the company.
    Opened { role: PersonRole::Approve, ..post("/v1/settlements/{id}/sign", SETTLEMENT) },
    post("/v1/settlements/{id}/cancel", SETTLEMENT),
    post("/v1/settlements/{id}/dispute", SETTLEMENT),
    post("/v1/settlements/{id}/invoice", SETTLEMENT),
    get("/v1/parties/{id}/programme-statements", Party),
    get("/v1/programme/statements/{id}", STATEMENT),
    get("/v1/programme/statements/{id}/orders", STATEMENT),
    get("/v1/programme/statements/{id}/disputes", STATEMENT),
    post("/v1/programme/statements/{id}/disputes", Reach::Record(Record::StatementOfPayee)),
    get("/v1/parties/{id}/payout-accounts", Party),
    post("/v1/parties/{id}/payout-accounts", Party),
    post("/v1/parties/{id}/payout-accounts/codes", Party),
    post("/v1/parties/{id}/payout-accounts/{account}/unbind", Party),
    post("/v1/parties/{id}/payout-accounts/{account}/default", Party),
    get("/v1/parties/{id}/withdrawals", Party),
    get("/v1/parties/{id}/withdrawals/export", Party),
    get("/v1/parties/{id}/withdrawal-failures", Party),
    post("/v1/withdrawals", Body),
    post("/v1/withdrawals/codes", Body),
    get("/v1/withdrawals/{id}", WITHDRAWAL),
    get("/v1/withdrawals/{id}/explain", WITHDRAWAL),
    post("/v1/withdrawals/{id}/cancel", WITHDRAWAL),
    get("/v1/parties/{id}/phone", Party),
    post("/v1/parties/{id}/phone", Party),
    post("/v1/parties/{id}/phone/codes", Party),
    post("/v1/parties/{id}/phone/unbind", Party),
    get("/v1/parties/{id}/identity", Party),
    post("/v1/parties/{id}/identity", Party),
    get("/v1/parties/{id}/studio", Party),
    post("/v1/parties/{id}/studio", Party),
    post("/v1/cases", Body),
    get("/v1/parties/{id}/cases", Party),
    get("/v1/parties/{id}/cases/{case}", Party),
    post("/v1/parties/{id}/cases/{case}/messages", Party),
    post("/v1/parties/{id}/cases/{case}/attachments", Party),
    get("/v1/parties/{id}/cases/{case}/attachments/{n}", Party),
    post("/v1/parties/{id}/cases/{case}/withdraw", Party),
    post("/v1/parties/{id}/cases/{case}/reopen", Party),
    get("/v1/parties/{id}/ad-account", Party),
    patch("/v1/parties/{id}/ad-account", Party),
    get("/v1/parties/{id}/ad-account/lines", Party),
    post("/v1/parties/{id}/ad-account/resume", Party),
    get("/v1/parties/{id}/ad-grants", Party),
    get("/v1/parties/{id}/ad-report", Party),
    get("/v1/parties/{id}/ad-campaigns", Party),
    post("/v1/parties/{id}/ad-campaigns/bulk", Party),
    post("/v1/ad-campaigns", Body),
    get("/v1/ad-campaigns/{id}", CAMPAIGN),
    patch("/v1/ad-campaigns/{id}", CAMPAIGN),
    post("/v1/ad-campaigns/{id}/resume", CAMPAIGN),
    get("/v1/ad-campaigns/{id}/keywords", CAMPAIGN),
    post("/v1/ad-campaigns/{id}/keywords", CAMPAIGN),
    get("/v1/ad-campaigns/{id}/report", CAMPAIGN),
    post("/v1/payment-orders", Body),
    get("/v1/payment-orders", Query),
    get("/v1/payment-orders/{id}", PAYMENT_ORDER),
    post("/v1/payment-orders/{id}/repay", PAYMENT_ORDER),
    post("/v1/payment-orders/{id}/close", PAYMENT_ORDER),
    get("/v1/parties/{id}/limit", Party),
    get("/v1/parties/{id}/limit/log", Party),
    get("/v1/parties/{id}/limit/log/export", Party),
    get("/v1/parties/{id}/limit/advice", Party),
    get("/v1/parties/{id}/limit/report", Party),
    get("/v1/parties/{id}/limit/evaluation", Party),
    get("/v1/parties/{id}/limit/evaluations", Party),
    // Tries figures; it writes nothing.
    any_role(post("/v1/parties/{id}/limit/what-if", Party)),
    get("/v1/parties/{id}/limit/appeals", Party),
    post("/v1/parties/{id}/limit/appeals", Party),
    post("/v1/parties/{id}/limit/queries", Party),
    get("/v1/parties/{id}/credit-applications", Party),
    post("/v1/parties/{id}/credit-applications", Party),
    get("/v1/credit-applications/{id}", Reach::Record(Record::CreditApplication)),
    get("/v1/credit-sales", Open),
    get("/v1/parties/{id}/credit-orders", Party),
    get("/v1/credit-orders/{id}", Reach::Record(Record::CreditOrder)),
    get("/v1/parties/{id}/bill-lines", Party),
    get("/v1/parties/{id}/bill-lines/export", Party),
    get("/v1/parties/{id}/statements/{month}", Party),
    get("/v1/parties/{id}/statements/{month}/export", Party),
    get("/v1/parties/{id}/statements/{month}/workbook", Party),
    get("/v1/parties/{id}/proceeds/lines", Party),
    get("/v1/parties/{id}/proceeds/lines/export", Party),
];

/// What the portal may do with a route; `None`: nothing.
pub(crate) fn opened(method: &str, path: &str) -> Option<&'static Opened> {
    OPENED.iter().find(|row| row.path == path && row.method == method)
}

/// How the contract says it.
pub(crate) fn in_contract(method: &str, path: &str) -> &'static str {
    match opened(method, path) {
        None => "closed",
        Some(Opened { reach: Open, .. }) => "open",
        Some(_) => "own",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Need, find};

    #[test]
    fn what_is_open_to_the_portal_is_a_route_that_takes_a_token_p18() {
        for (index, row) in OPENED.iter().enumerate() {
            let access = find(row.method, row.path);
            assert!(access.is_some_and(|access| access.need != Need::Public), "{} {}", row.method, row.path);
            let again = OPENED.iter().skip(index + 1).any(|r| (r.method, r.path) == (row.method, row.path));
            assert!(!again, "{} {} stands twice", row.method, row.path);
            let by_party =
                ["/v1/parties/{id}", "/v1/agencies/{id}"].iter().any(|way| row.path.starts_with(way));
            assert_eq!(by_party, row.reach == Party, "{} {}", row.method, row.path);
        }
    }
}
