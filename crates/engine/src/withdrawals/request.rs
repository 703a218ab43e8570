//! Requesting a withdrawal: fills the gate's facts, asks the gate, writes down what it decides (G, X, C).

use purser_domain::{
    identity::{CodeRejection, Purpose},
    ids::{PartyId, PayoutAccountId, PersonId, WithdrawalId},
    ledger::{AccountKind, AccountRef},
    metadata::Metadata,
    money::Currency,
    policy::keys,
    studio,
    withdrawals::{
        self, Balances, CodeCheck, Destination, DestinationKind, Door, DryRun, FirstSteps, GateCode,
        GateState, LimitUse, ProceedsFacts, RailFacts, Refused, Request, Source, StepState, StudioFacts,
        ValueDate,
    },
};

use super::{
    apply::{self, periods, want_usage},
    failures, held,
    proceeds::{self, Known},
    queries::ACCOUNTS_OF_PARTY,
    rails::{SANDBOX_RAIL, largest_for, rail_for, want_rails},
    rows::{PayoutAccountRow, UsageRow, WithdrawalRow},
    terms::{gate_ctx, kill_switches, payee_kind, rail_facts, standing, studio_facts, withdrawal_terms},
};
use crate::{
    agencies::{CreatorAgencies, signed_now, want_signed_now},
    command::{Command, Ctx, Rejection},
    credit::{draws, linked},
    earnings::want_overview,
    facts::Facts,
    identity::{ActorRow, Given, IdentityRow, PersonRow, PhoneRow, codes, people},
    metadata,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
};

/// The civil months whose withdrawals are summed now, by policy.
fn studio_window(ctx: &Ctx) -> Vec<String> {
    let months = ctx.rules.policy.now(ctx.now).value(keys::STUDIO_WINDOW_MONTHS);
    studio::window(ctx.today, months)
}

/// Which money is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The creator's earnings (X).
    Earnings,
    /// The merchant's proceeds (C14).
    Proceeds,
    /// The merchant's proceeds, asked for by another shop (C20).
    ByOtherShop(PartyId),
    /// The pay-later limit, which is not cash (C13).
    Limit(LimitUse),
}

impl Asked {
    /// Which balance stands behind it.
    pub const fn source(self) -> Source {
        match self {
            Self::Earnings => Source::Earnings,
            Self::Proceeds | Self::ByOtherShop(_) | Self::Limit(_) => Source::Proceeds,
        }
    }

    /// The door of the gate; `party` is whose money it is.
    fn door(self, tx: &Tx, ctx: &Ctx, party: PartyId) -> Door {
        match self {
            Self::Earnings => Door::Earnings,
            Self::Proceeds => Door::Proceeds,
            Self::ByOtherShop(by) if by == party => Door::Proceeds,
            Self::ByOtherShop(by) => {
                Door::OtherShop { authorised: linked::is_authorised(tx, ctx, party, by) }
            }
            Self::Limit(asked) => Door::CreditLimit(asked),
        }
    }
}

/// Asks for a withdrawal, or only looks at what the gate would say.
///
/// Rejections in order: `party_unknown`, `person_unknown`, `person_may_not_request`, `code_in_dry_run`, those of metadata, then the gate's.
pub struct RequestWithdrawal {
    /// Whose money.
    pub party: PartyId,
    /// Which money.
    pub asked: Asked,
    /// Minor units; `None` takes everything that is available.
    pub amount_minor: Option<i64>,
    /// Currency.
    pub currency: Currency,
    /// Where to; `None` takes the default payout account.
    pub destination: Option<PayoutAccountId>,
    /// The one-time code (P8).
    pub code: Given,
    /// Which of the party's people asks, where the caller says so (P6).
    pub person: Option<PersonId>,
    /// Free values of the platform (P19).
    pub metadata: Metadata,
    /// Look only.
    pub dry_run: bool,
}

/// The answer to a request.
#[derive(Debug, Clone)]
pub enum Requested {
    /// The withdrawal, its money reserved.
    Accepted(Box<WithdrawalRow>),
    /// What the gate would say: every check's result.
    Looked(Box<DryRun>),
}

impl RequestWithdrawal {
    const fn account_kind(&self) -> AccountKind {
        match self.asked.source() {
            Source::Proceeds => AccountKind::Proceeds,
            Source::Earnings | Source::Statement => AccountKind::Earnings,
        }
    }

    /// Balances, and what is known of the shop where its proceeds are asked for.
    fn balances(&self, tx: &Tx, ctx: &Ctx) -> (Balances, Option<Known>) {
        let account = |kind| tx.account(AccountRef::party(self.party, kind, ctx.rules.currency).id());
        let own = account(self.account_kind());
        let balances = Balances {
            posted_minor: own.map_or(0, |a| a.posted),
            held_minor: own.map_or(0, |a| a.held_out),
            owed_minor: account(AccountKind::Owed).map_or(0, |a| a.posted),
            ..Balances::default()
        };
        if self.asked.source() != Source::Proceeds {
            return (balances, None);
        }
        let known = proceeds::known(tx, ctx, self.party, balances);
        let (due_minor, liability_minor) = known.debts();
        let joint_minor = linked::joint_minor(tx, ctx, self.party);
        (Balances { due_minor, liability_minor, joint_minor, ..balances }, Some(known))
    }

    /// Withdrawals of the current and the civil months before it, paid and in flight (X9).
    fn rolling(&self, tx: &Tx, ctx: &Ctx) -> i64 {
        let months = studio_window(ctx).into_iter();
        let amounts =
            months.map(|month| tx.get::<UsageRow>(&(self.party, month)).map_or(0, |row| row.amount));
        amounts.fold(0, i64::saturating_add)
    }

    fn chosen<'t>(&self, tx: &'t Tx) -> Option<&'t PayoutAccountRow> {
        let mut own =
            tx.rows::<PayoutAccountRow>().filter(|a| a.party == self.party && a.unbound_at.is_none());
        match self.destination {
            Some(id) => own.find(|a| a.id == id),
            None => own.find(|a| a.is_default),
        }
    }

    /// What the code is worth for this amount and destination. A dry run has none: it would be a guess that nobody
    /// counts.
    fn code_check(&self, tx: &Tx, ctx: &Ctx, amount_minor: i64, to: Option<PayoutAccountId>) -> CodeCheck {
        if !ctx.rules.policy.now(ctx.now).value(keys::WITHDRAWAL_CODE_REQUIRED) {
            return CodeCheck::Waived;
        }
        let digest = match &self.code {
            Given::Waived => return CodeCheck::Waived,
            Given::Nothing => None,
            Given::Digest(digest) => Some(*digest),
        };
        let subject = codes::withdrawal_subject(amount_minor, self.currency, to);
        match codes::check(tx, ctx, self.party, Purpose::Withdrawal, digest, &subject).result {
            Ok(()) => CodeCheck::Correct,
            Err(CodeRejection::Missing) => CodeCheck::Missing,
            Err(CodeRejection::TriesExhausted) => CodeCheck::TriesExhausted,
            Err(CodeRejection::Expired) => CodeCheck::Expired,
            Err(CodeRejection::Used) => CodeCheck::Used,
            Err(CodeRejection::ForAnother) => CodeCheck::ForAnother,
            Err(CodeRejection::Wrong) => CodeCheck::Wrong,
        }
    }

    /// The first steps (X4): phone and real name, unless policy leaves them to the platform, and a payout account.
    fn first_steps(&self, tx: &Tx, ctx: &Ctx) -> FirstSteps {
        let done = |done| if done { StepState::Done } else { StepState::Missing };
        let any = tx.rows::<PayoutAccountRow>().any(|a| a.party == self.party && a.unbound_at.is_none());
        let asked = ctx.rules.policy.now(ctx.now).value(keys::WITHDRAWAL_FIRST_STEPS_REQUIRED);
        let step = |is_done| if asked { done(is_done) } else { StepState::NotApplicable };
        FirstSteps {
            phone: step(tx.get::<PhoneRow>(&self.party).is_some()),
            real_name: step(tx.get::<IdentityRow>(&self.party).is_some_and(IdentityRow::is_verified)),
            payout_account: done(any),
        }
    }

    fn state(&self, tx: &Tx, ctx: &Ctx, party: &PartyRow) -> (GateState, &'static str, Option<Known>) {
        let account = self.chosen(tx);
        let (balances, known) = self.balances(tx, ctx);
        let amount_minor = self.amount_minor.unwrap_or_else(|| balances.available_minor());
        // An amount that none carries may still be one that is only too large.
        let most_minor = account.and_then(|a| largest_for(tx, ctx, &a.kind));
        let at_most = amount_minor.min(most_minor.unwrap_or(amount_minor));
        let carries = account.and_then(|a| rail_for(tx, ctx, &a.kind, at_most));
        let rail = carries.unwrap_or(SANDBOX_RAIL);
        let [today, _, year, all] = periods(self.asked.source(), ctx.today).map(|period| {
            let key = (self.party, period);
            tx.get::<UsageRow>(&key).cloned().unwrap_or_else(|| UsageRow::zero(key.0, &key.1))
        });
        let state = GateState {
            currency: ctx.rules.currency,
            standing: standing(party),
            kind: payee_kind(party, known.is_none() && signed_now(tx, self.party, ctx.now).is_some()),
            kill: kill_switches(ctx, party, self.asked.source()),
            first_steps: self.first_steps(tx, ctx),
            studio: match known {
                Some(_) => StudioFacts::NotApplicable,
                None => studio_facts(party, || self.rolling(tx, ctx)),
            },
            destination: account.and_then(PayoutAccountRow::destination).map(|destination| match carries {
                Some(_) => destination,
                None => Destination { kind: DestinationKind::NoRail, ..destination },
            }),
            balances,
            usage: UsageRow::usage(&today, &year, &all),
            proceeds: known.as_ref().map_or(ProceedsFacts::NotApplicable, |known| known.facts),
            code: self.code_check(tx, ctx, amount_minor, account.map(|a| a.id)),
            value_date: known.as_ref().map_or(ValueDate::Immediate, |known| proceeds::value_date(ctx, known)),
            rail: RailFacts { most_minor, ..rail_facts(tx, ctx, rail) },
        };
        (state, rail, known)
    }
}

impl RequestWithdrawal {
    /// The refusal, with whom to ask where an agency is paid (X14).
    fn refused(&self, tx: &Tx, ctx: &Ctx, no: &Refused) -> Rejection {
        let plain = refused(no);
        if no.code != GateCode::AgencyMoney {
            return plain;
        }
        match signed_now(tx, self.party, ctx.now) {
            Some(ask) => {
                let facts = plain.facts.clone().text("agency_id", ask.agency.to_string());
                let facts = facts.text("agency_name", &ask.name).text("agency_contact", &ask.contact);
                plain.with(facts)
            }
            None => plain,
        }
    }
}

/// A refusal of the gate as a rejection: its code, what to do next, and what bounds it.
pub(super) fn refused(refused: &Refused) -> Rejection {
    let mut facts = Facts::new()
        .int("check", i64::from(refused.code.check()))
        .text("message_zh", refused.code.zh())
        .text("message_en", refused.code.en())
        .text("who_must_act", refused.code.actor().name())
        .text("next_step", refused.code.next_step().name())
        .opt_at("until", refused.until);
    if let Some(bound) = refused.bound_minor {
        facts = facts.int("bound_minor", bound);
    }
    if !refused.missing.is_empty() {
        let names: Vec<&str> = refused.missing.iter().map(|step| step.name()).collect();
        facts = facts.text("missing", names.join(" "));
    }
    Rejection::new(refused.code.code(), refused.code.en()).with(facts)
}

impl Command for RequestWithdrawal {
    type Output = Requested;

    fn name(&self) -> &'static str {
        "withdrawal.request"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        if self.asked.source() == Source::Earnings {
            needs.row::<CreatorAgencies>(self.party);
        } else {
            linked::lookup(needs, self.party);
        }
    }

    fn needs(&self, needs: &mut Needs<'_>, ctx: &Ctx) {
        needs.row::<PartyRow>(self.party);
        needs.row::<PhoneRow>(self.party);
        needs.row::<IdentityRow>(self.party);
        codes::need(needs, self.party, Purpose::Withdrawal);
        if let Some(person) = self.person {
            needs.row::<PersonRow>((self.party, person));
        }
        needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[purser_storage::Value::Bytes(&self.party.0.0)]);
        want_rails(needs, ctx);
        for kind in [self.account_kind(), AccountKind::Owed] {
            needs.account(&AccountRef::party(self.party, kind, ctx.rules.currency));
        }
        for kind in [AccountKind::PayoutsClearing, AccountKind::RevenueWithdrawalFee] {
            needs.account(&AccountRef::platform(kind, ctx.rules.currency));
        }
        want_usage(needs, self.party, self.asked.source(), ctx.today);
        if self.asked.source() == Source::Proceeds {
            linked::want_joint(needs, self.party, ctx);
            if let Asked::ByOtherShop(by) = self.asked {
                linked::want_other(needs, self.party, by, ctx);
            }
            return proceeds::want(needs, self.party, ctx);
        }
        want_signed_now(needs, self.party, ctx.now);
        for month in studio_window(ctx) {
            needs.row::<UsageRow>((self.party, month));
        }
        want_overview(needs, self.party, ctx.now, ctx);
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<Requested, Rejection> {
        let party = tx.get::<PartyRow>(&self.party).cloned().ok_or_else(|| unknown_party(self.party))?;
        let view = ctx.rules.policy.now(ctx.now);
        let terms = withdrawal_terms(view);
        let person = self.person.map(|id| people::may_request(tx, self.party, id)).transpose()?;
        if self.dry_run && matches!(self.code, Given::Digest(_)) {
            let text = "a dry run takes no code: leave it out, and send it with the request itself";
            return Err(Rejection::new("code_in_dry_run", text).at("/code"));
        }
        let metadata = metadata::checked(&self.metadata)?;
        if self.asked.source() == Source::Proceeds {
            draws::bring_to_today(tx, ctx, self.party);
        }
        let (state, rail, known) = self.state(tx, ctx, &party);
        let amount_minor = self.amount_minor.unwrap_or_else(|| state.balances.available_minor());
        let door = self.asked.door(tx, ctx, self.party);
        let request = Request { door, amount_minor, currency: self.currency };
        let gate = gate_ctx(ctx, &terms);
        if self.dry_run {
            return Ok(Requested::Looked(Box::new(withdrawals::dry_run(&state, &request, &gate))));
        }
        let id: WithdrawalId = tx.new_id();
        let decided = withdrawals::decide_request(id, self.party, &state, &request, &gate);
        let accepted = match decided {
            Ok(accepted) => accepted,
            Err(no) => {
                // Only a guess counts: a refusal for another reason leaves the code as it is (P8).
                if matches!(no.code, GateCode::CodeWrong | GateCode::CodeForAnother) {
                    codes::count_try(tx, self.party, Purpose::Withdrawal);
                }
                failures::refused(tx, ctx, self.party, self.asked.source(), amount_minor, &no);
                if let (GateCode::OtherShop, Asked::ByOtherShop(by)) = (no.code, self.asked) {
                    linked::flag_both(tx, ctx, self.party, by);
                }
                return Err(self.refused(tx, ctx, &no));
            }
        };
        if accepted.uses_code {
            codes::use_up(tx, self.party, Purpose::Withdrawal);
        }
        if let Some(person) = person {
            tx.put(ActorRow { withdrawal: id, person: person.person, role: person.role });
        }
        let version = i64::from(view.version().number);
        let row = WithdrawalRow::of(&accepted.decision.withdrawal, rail, version);
        let mut row = WithdrawalRow { metadata, ..row };
        if let Some(known) = &known {
            row.basis = proceeds::basis(&accepted, known, &state.usage);
        }
        if let Door::OtherShop { .. } = door
            && let Asked::ByOtherShop(by) = self.asked
        {
            row.asked_by = by.to_string();
        }
        let mut row = apply::apply(tx, ctx, &accepted.decision, row)?;
        if let Some(known) = &known {
            proceeds::drawn(tx, ctx, self.party, &state.balances, known, &accepted);
            held::open(tx, ctx, &mut row, &known.score)?;
        }
        Ok(Requested::Accepted(Box::new(row)))
    }

    fn audit(&self, output: &Requested) -> (String, Facts) {
        match output {
            Requested::Accepted(row) => {
                let mut facts = Facts::new().int("amount_minor", row.amount).text("state", &row.state);
                if self.code == Given::Waived {
                    facts = facts.flag("without_code", true);
                }
                if let Some(person) = self.person {
                    facts = facts.text("person", person.to_string());
                }
                (row.id.to_string(), facts)
            }
            Requested::Looked(_) => (String::new(), Facts::new()),
        }
    }

    fn audited(&self) -> bool {
        !self.dry_run
    }
}
