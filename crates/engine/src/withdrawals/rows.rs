//! Rows of payout accounts, withdrawals, usage and rails.

use purser_domain::{
    ids::{PartyId, PayoutAccountId, StaffId, WithdrawalId},
    money::Currency,
    time::{Date, MINUTE, Timestamp},
    withdrawals::{
        AtRail, Destination, DestinationKind, FailureClass, GateCode, HolderMatch, Reason, Slice, SliceState,
        Source, State, Usage, Withdrawal,
    },
};

use crate::{facts::Facts, record};

record! {
    /// A stored withdrawal.
    pub struct WithdrawalRow in WITHDRAWALS = 40, "withdrawals", lock Update, key(id: WithdrawalId) {
        /// Whose money.
        party: PartyId,
        /// Where it goes.
        destination: PayoutAccountId,
        /// The rail that carries it.
        rail: String,
        /// Which balance is drawn.
        source: String,
        /// Requested, minor units.
        amount: i64,
        /// Fee.
        fee: i64,
        /// What is to arrive.
        net: i64,
        /// Currency.
        currency: Currency,
        /// State.
        state: String,
        /// Why.
        reason: Facts,
        /// When it was requested.
        requested_at: Timestamp,
        /// The civil date whose counters it used.
        requested_on: Date,
        /// Not sent before.
        dispatch_at: Timestamp,
        /// Expected arrival.
        expected_at: Option<Timestamp>,
        /// End of the payout clock.
        deadline_at: Timestamp,
        /// People that must approve.
        people_needed: i64,
        /// Who approved.
        approvals: String,
        /// Why it is reviewed.
        review: String,
        /// Payment orders.
        slices: String,
        /// True while the dispatcher has to look at it.
        queued: bool,
        /// When the dispatcher looks next.
        next_at: Timestamp,
        /// When it came to its end.
        finished_at: Option<Timestamp>,
        /// Policy version that decided at the gate.
        policy_version: i64,
        /// Counts changes.
        version: i64,
        /// Of the amount, what buyers had not paid (C7, C19).
        unpaid: i64,
        /// The other shop that asked for it (C20): `pty_…`, or empty.
        asked_by: String,
        /// The case that asks for evidence (C17): `case_…`, or empty.
        case_id: String,
        /// How fee and value date came about, and what was repaid with it (C12, C14, C15).
        basis: Facts,
        /// Free values of the platform (P19).
        metadata: Facts,
    }
}

record! {
    /// Something that says how a rail is.
    pub struct RailRow in RAILS = 41, "rails", lock Update, key(name: String) {
        /// The rail said that the payer's balance is short (P12).
        marked_short: bool,
        /// It answers.
        healthy: bool,
        /// Counts changes.
        version: i64,
        /// Some server of these books was started with what it takes to reach it.
        connected: bool,
        /// How often in a row nothing could be sent to it.
        unreached: i64,
        /// When a server last said that it can reach it; machine time.
        seen_at: Timestamp,
    }
}

/// So often in a row nothing can be sent to a rail until nothing more is given to it.
pub(super) const UNREACHED: i64 = 3;
/// A server that says for so long no more that it can reach a rail is gone; machine time.
const SEEN_FOR: i64 = 5 * MINUTE;

impl RailRow {
    /// Nothing is known to be wrong with it: neither did it refuse everything of the platform's, nor was it out of
    /// reach the last few times.
    pub fn answers(&self) -> bool {
        self.healthy && self.unreached < UNREACHED
    }

    /// Some server can reach it at machine time `machine`, as far as servers say.
    pub fn is_served(&self, machine: Timestamp) -> bool {
        self.connected && machine < self.seen_at.plus(SEEN_FOR)
    }
    /// A rail that nothing is known to be wrong with.
    pub(crate) fn whole(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            marked_short: false,
            healthy: true,
            version: 0,
            connected: false,
            unreached: 0,
            seen_at: Timestamp(0),
        }
    }
}

record! {
    /// A payout account (P9). Changes go through the party's row, which is locked.
    pub struct PayoutAccountRow in PAYOUT_ACCOUNTS = 51, "payout_accounts", lock Update, key(id: PayoutAccountId) {
        /// Whose.
        party: PartyId,
        /// Kind.
        kind: String,
        /// What the rail needs, sealed: number, holder, bank and clearing code. Only the sandbox kind, which names
        /// nobody, is stored in the clear.
        number: String,
        /// What people see.
        masked: String,
        /// The first one of the party: no cooling-off.
        first: bool,
        /// Used when none is named.
        is_default: bool,
        /// Locked by staff or risk.
        locked: bool,
        /// When it was bound or last changed.
        bound_at: Timestamp,
        /// When it was taken away.
        unbound_at: Option<Timestamp>,
        /// Counts changes.
        version: i64,
        /// Blind index of the number; empty for the sandbox.
        number_index: String,
        /// Whose it is: `person`, `enterprise` or `studio`; empty for the sandbox.
        holder: String,
        /// Name of the bank, where it is known.
        bank: String,
    }
}

record! {
    /// What a party used of its limits: `period` is a civil date, a month, a year, `all`, or `accounts`. Withdrawals of
    /// proceeds count apart, under `p:` and such a period; of them what buyers had not paid besides, under `u:` and the
    /// civil date (C7, C19).
    pub struct UsageRow in USAGE = 53, "withdrawal_usage", lock Update, key(party: PartyId, period: String) {
        /// Gross amount, minor units.
        amount: i64,
        /// Requests.
        requests: i64,
        /// Withdrawals that stand; for `accounts`: payout accounts ever bound.
        standing: i64,
    }
}

impl UsageRow {
    /// Nothing used.
    pub fn zero(party: PartyId, period: &str) -> Self {
        Self { party, period: period.to_owned(), amount: 0, requests: 0, standing: 0 }
    }

    /// What the gate looks at.
    pub fn usage(today: &Self, year: &Self, all: &Self) -> Usage {
        Usage {
            today_minor: today.amount,
            year_minor: year.amount,
            standing: u32::try_from(all.standing.max(0)).unwrap_or(u32::MAX),
        }
    }
}

impl PayoutAccountRow {
    /// What the gate looks at; `None` once it is unbound.
    pub fn destination(&self) -> Option<Destination> {
        if self.unbound_at.is_some() {
            return None;
        }
        let kind = match self.kind.as_str() {
            "alipay" => DestinationKind::Alipay,
            "personal_card" => DestinationKind::PersonalCard,
            "credit_card" => DestinationKind::CreditCard,
            "corporate" => DestinationKind::CorporateAccount,
            _ => DestinationKind::Sandbox,
        };
        Some(Destination {
            id: self.id,
            kind,
            // Compared when it was bound; voiding the identity takes the account away (P7).
            holder: match (kind, self.holder.is_empty()) {
                (DestinationKind::Sandbox, _) => HolderMatch::NotApplicable,
                (_, false) => HolderMatch::Same,
                (_, true) => HolderMatch::Different,
            },
            bound_at: self.bound_at,
            first: self.first,
            locked: self.locked,
        })
    }
}

impl WithdrawalRow {
    /// To the domain's form.
    pub fn withdrawal(&self) -> Withdrawal {
        Withdrawal {
            id: self.id,
            party: self.party,
            source: Source::named(&self.source),
            amount_minor: self.amount,
            fee_minor: self.fee,
            net_minor: self.net,
            currency: self.currency,
            unpaid_minor: self.unpaid,
            destination: self.destination,
            state: State::named(&self.state).unwrap_or(State::Unknown),
            reason: decode_reason(&self.reason),
            requested_at: self.requested_at,
            requested_on: self.requested_on,
            dispatch_at: self.dispatch_at,
            expected_at: self.expected_at,
            deadline_at: self.deadline_at,
            people_needed: u8::try_from(self.people_needed).unwrap_or(2),
            approvals: self
                .approvals
                .split_whitespace()
                .filter_map(|id| id.parse::<StaffId>().ok())
                .collect(),
            review: self.review.split_whitespace().filter_map(GateCode::named).collect(),
            slices: self.slices.lines().filter_map(decode_slice).collect(),
        }
    }

    /// Takes over what a decision changed.
    pub fn update(&mut self, withdrawal: &Withdrawal) {
        withdrawal.state.name().clone_into(&mut self.state);
        self.reason = encode_reason(withdrawal.reason.as_ref());
        self.dispatch_at = withdrawal.dispatch_at;
        // What a review held up joins its rail's queue when it may be sent, not when it was asked for.
        self.next_at = self.next_at.max(withdrawal.dispatch_at);
        self.expected_at = withdrawal.expected_at;
        let approvals: Vec<String> = withdrawal.approvals.iter().map(ToString::to_string).collect();
        self.approvals = approvals.join(" ");
        self.slices = withdrawal.slices.iter().map(encode_slice).collect::<Vec<_>>().join("\n");
        self.queued =
            matches!(withdrawal.state, State::Requested | State::Scheduled | State::WaitingForFunds);
        self.version += 1;
    }

    /// A new row of an accepted request.
    pub fn of(withdrawal: &Withdrawal, rail: &str, policy_version: i64) -> Self {
        let review: Vec<&str> = withdrawal.review.iter().map(|code| code.code()).collect();
        let mut row = Self {
            id: withdrawal.id,
            party: withdrawal.party,
            destination: withdrawal.destination,
            rail: rail.to_owned(),
            source: withdrawal.source.name().to_owned(),
            amount: withdrawal.amount_minor,
            fee: withdrawal.fee_minor,
            net: withdrawal.net_minor,
            currency: withdrawal.currency,
            state: String::new(),
            reason: Facts::new(),
            requested_at: withdrawal.requested_at,
            requested_on: withdrawal.requested_on,
            dispatch_at: withdrawal.dispatch_at,
            expected_at: withdrawal.expected_at,
            deadline_at: withdrawal.deadline_at,
            people_needed: i64::from(withdrawal.people_needed),
            approvals: String::new(),
            review: review.join(" "),
            slices: String::new(),
            queued: false,
            next_at: withdrawal.dispatch_at,
            finished_at: None,
            policy_version,
            version: 0,
            unpaid: withdrawal.unpaid_minor,
            asked_by: String::new(),
            case_id: String::new(),
            basis: Facts::new(),
            metadata: Facts::new(),
        };
        row.update(withdrawal);
        row
    }
}

fn encode_reason(reason: Option<&Reason>) -> Facts {
    match reason {
        None => Facts::new(),
        Some(Reason::Gate(code)) => Facts::new().text("gate", code.code()),
        Some(Reason::Rail { class, code }) => Facts::new().text("class", class.name()).text("rail", code),
        Some(Reason::Staff { note }) => Facts::new().text("staff", note),
        Some(Reason::Party) => Facts::new().flag("party", true),
    }
}

fn decode_reason(facts: &Facts) -> Option<Reason> {
    if let Some(code) = facts.get_text("gate") {
        return GateCode::named(&code).map(Reason::Gate);
    }
    if let Some(code) = facts.get_text("rail") {
        let class = facts.get_text("class").and_then(|name| FailureClass::named(&name));
        return Some(Reason::Rail { class: class.unwrap_or(FailureClass::RequestDefect), code });
    }
    if let Some(note) = facts.get_text("staff") {
        return Some(Reason::Staff { note });
    }
    facts.get("party").map(|_| Reason::Party)
}

const SLICE_STATES: [(SliceState, &str); 6] = [
    (SliceState::Sending, "sending"),
    (SliceState::Unknown, "unknown"),
    (SliceState::FundsShort, "funds_short"),
    (SliceState::Paid, "paid"),
    (SliceState::Failed, "failed"),
    (SliceState::Bounced, "bounced"),
];

/// Name of a slice's state.
pub fn slice_state_name(state: SliceState) -> &'static str {
    SLICE_STATES.iter().find(|(s, _)| *s == state).map_or("unknown", |(_, name)| name)
}

/// What follows the attempts of a slice: nothing where the rail perhaps has an order, as it was before this was noted.
const AT_RAIL: [(AtRail, &str); 3] = [(AtRail::Nothing, "n"), (AtRail::OneCall, "c"), (AtRail::Perhaps, "")];

fn encode_slice(slice: &Slice) -> String {
    let failure =
        slice.failure.as_ref().map_or(String::new(), |(class, code)| format!("{} {code}", class.name()));
    let number = match slice.round {
        0 | 1 => slice.number.to_string(),
        round => format!("{}r{round}", slice.number),
    };
    let at_rail = AT_RAIL.iter().find(|(known, _)| *known == slice.at_rail).map_or("", |(_, mark)| mark);
    format!(
        "{number} {} {} {} {}{at_rail} {} {failure}",
        slice.amount_minor,
        slice.fee_minor,
        slice_state_name(slice.state).to_owned()
            + &slice.deferred_until.map_or(String::new(), |at| format!("@{}", at.0)),
        slice.attempts,
        slice.rail_fee_minor
    )
}

pub(super) fn decode_slice(line: &str) -> Option<Slice> {
    let mut words = line.splitn(8, ' ');
    let mut next = || words.next();
    // A slice that has another number at the rail than its first says which, behind its own.
    let number = next()?;
    let (number, round) = number.split_once('r').unwrap_or((number, "1"));
    let (amount_minor, fee_minor) = (next()?.parse().ok()?, next()?.parse().ok()?);
    // A slice that was put off says until when, behind its state.
    let state = next()?;
    let (name, deferred) = state.split_once('@').map_or((state, None), |(name, at)| (name, Some(at)));
    let attempts = next()?;
    let (attempts, mark) = attempts.split_at(attempts.trim_end_matches(['n', 'c']).len());
    Some(Slice {
        number: number.parse().ok()?,
        round: round.parse().ok()?,
        amount_minor,
        fee_minor,
        state: SLICE_STATES.iter().find(|(_, n)| *n == name)?.0,
        deferred_until: deferred.and_then(|at| at.parse().ok()).map(Timestamp),
        attempts: attempts.parse().ok()?,
        at_rail: AT_RAIL.iter().find(|(_, known)| *known == mark)?.0,
        rail_fee_minor: next()?.parse().ok()?,
        failure: match (next().and_then(FailureClass::named), next()) {
            (Some(class), Some(code)) => Some((class, code.to_owned())),
            _ => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_and_reasons_round_trip() {
        let slice = Slice {
            number: 2,
            amount_minor: 5,
            fee_minor: 0,
            state: SliceState::Failed,
            round: 1,
            attempts: 3,
            at_rail: AtRail::Perhaps,
            rail_fee_minor: 0,
            failure: Some((FailureClass::PayeeFixable, "NO SUCH PAYEE".to_owned())),
            deferred_until: None,
        };
        let deferred = Slice { deferred_until: Some(Timestamp(7)), failure: None, ..slice.clone() };
        let second = Slice { round: 2, attempts: 0, at_rail: AtRail::Nothing, ..deferred.clone() };
        let called = Slice { at_rail: AtRail::OneCall, ..deferred.clone() };
        // Written before it was noted what the rail has: perhaps something.
        let before = decode_slice("2 5 0 failed 3 0 payee_fixable NO SUCH PAYEE");
        assert_eq!(before.as_ref(), Some(&slice));
        for slice in [slice, deferred, second, called] {
            assert_eq!(decode_slice(&encode_slice(&slice)), Some(slice));
        }
        let reason = Reason::Staff { note: "two\nlines".to_owned() };
        assert_eq!(decode_reason(&encode_reason(Some(&reason))), Some(reason));
    }
}
