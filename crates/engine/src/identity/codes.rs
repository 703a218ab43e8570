//! One-time codes (P8): issuing one, and checking what a command carries.

use std::sync::Arc;

use purser_domain::{
    identity::{
        CodeOutcome, CodeRejection, CodeTerms, Entered, Purpose, Quota, check_code, is_virtual, issue, mask,
        read_phone,
    },
    ids::{CodeId, PartyId, PayoutAccountId},
    money::{Currency, decimal},
    parties::PartyStatus,
    policy::{PolicyView, keys, kinds::VirtualOperatorIdentity},
    time::Timestamp,
};
use purser_storage::Value;

use super::rows::{CodeRow, PhoneRow, QuotaRow, place};
use crate::{
    command::{Command, Ctx, Rejection},
    facts::Facts,
    jobs,
    parties::{PartyRow, unknown_party},
    tx::{Needs, Tx},
    vault::Vault,
    withdrawals::{ACCOUNTS_OF_PARTY, PayoutAccountChange, PayoutAccountRow, account_changes::bound},
};

/// Kind of the job that sends a code.
pub const SEND_CODE: &str = "code.send";

/// A code as a command carries it.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Given {
    /// None.
    #[default]
    Nothing,
    /// The caller may do without one, and that is written down (P18).
    Waived,
    /// Its keyed digest, see [`Vault::code`].
    Digest([u8; 32]),
}

impl Given {
    /// What a caller sent. `waive`: it may do without a code; one that it sends is checked all the same.
    pub fn of(
        vault: Option<&Vault>,
        party: PartyId,
        purpose: Purpose,
        digits: Option<&str>,
        waive: bool,
    ) -> Self {
        match (digits, vault) {
            (None, _) if waive => Self::Waived,
            (None, _) => Self::Nothing,
            // No code can have been issued without a key, so this one is wrong.
            (Some(_), None) => Self::Digest([0; 32]),
            (Some(digits), Some(vault)) => Self::Digest(vault.code(party, purpose, digits.trim())),
        }
    }
}

/// What a withdrawal's code is for: amount and destination.
pub(crate) fn withdrawal_subject(
    amount_minor: i64,
    currency: Currency,
    to: Option<PayoutAccountId>,
) -> String {
    let to = to.map_or_else(String::new, |id| id.to_string());
    format!("{amount_minor} {currency} {to}")
}

/// Policy of codes in force now.
fn terms(view: PolicyView<'_>) -> CodeTerms {
    CodeTerms {
        digits: view.value(keys::CODE_DIGITS),
        lifetime_us: view.value(keys::CODE_LIFETIME),
        tries: view.value(keys::CODE_TRIES),
        resend_after_us: view.value(keys::CODE_RESEND_AFTER),
        per_day: view.value(keys::CODE_PER_DAY),
    }
}

/// Declares the code that [`check`] looks at.
pub(crate) fn need(needs: &mut Needs<'_>, party: PartyId, purpose: Purpose) {
    needs.row::<CodeRow>((party, purpose.name().to_owned()));
}

/// Checks a code against what was sent; changes nothing.
pub(crate) fn check(
    tx: &Tx,
    ctx: &Ctx,
    party: PartyId,
    purpose: Purpose,
    digest: Option<[u8; 32]>,
    subject: &str,
) -> CodeOutcome {
    let row = tx.get::<CodeRow>(&(party, purpose.name().to_owned()));
    let entered = digest.map(|digest| Entered {
        right: row.is_some_and(|row| constant_time_eq(&row.digest, &digest)),
        same_subject: row.is_some_and(|row| row.subject == subject),
    });
    check_code(row.map(CodeRow::issued).as_ref(), entered, ctx.now)
}

fn constant_time_eq(a: &[u8; 32], b: &[u8; 32]) -> bool {
    blake3::Hash::from_bytes(*a) == blake3::Hash::from_bytes(*b)
}

/// Counts a wrong entry, although its command is refused.
pub(crate) fn count_try(tx: &mut Tx, party: PartyId, purpose: Purpose) {
    tx.keep_when_rejected(move |tx| {
        if let Some(mut row) = tx.get::<CodeRow>(&(party, purpose.name().to_owned())).cloned() {
            row.tries_left = (row.tries_left - 1).max(0);
            row.version += 1;
            tx.put(row);
        }
    });
}

/// Uses a code up, in the commit of what it confirmed.
pub(crate) fn use_up(tx: &mut Tx, party: PartyId, purpose: Purpose) {
    if let Some(mut row) = tx.get::<CodeRow>(&(party, purpose.name().to_owned())).cloned() {
        row.used = true;
        row.version += 1;
        tx.put(row);
    }
}

/// Checks a code and counts the entry when it was a guess. The caller uses it up once nothing else stands in the way.
///
/// # Errors
/// The [`CodeRejection`], about `field`.
pub(crate) fn require(
    tx: &mut Tx,
    ctx: &Ctx,
    party: PartyId,
    purpose: Purpose,
    given: &Given,
    subject: &str,
    field: &str,
) -> Result<(), Rejection> {
    let digest = match given {
        Given::Waived => return Ok(()),
        Given::Nothing => None,
        Given::Digest(digest) => Some(*digest),
    };
    let outcome = check(tx, ctx, party, purpose, digest, subject);
    if outcome.counts {
        count_try(tx, party, purpose);
    }
    outcome
        .result
        .map_err(|rejection: CodeRejection| Rejection::new(rejection.code(), rejection.to_string()).at(field))
}

/// Reads a phone number by the policy of the day: numbers of virtual operators may be refused (P7).
///
/// # Errors
/// `phone_invalid`, `phone_virtual_operator`.
pub(crate) fn read_by_policy(number: &str, ctx: &Ctx) -> Result<(String, bool), Rejection> {
    let number =
        read_phone(number).map_err(|issue| Rejection::new(issue.code(), issue.to_string()).at("/phone"))?;
    let view = ctx.rules.policy.now(ctx.now);
    let virtual_operator = is_virtual(&number, view.value(keys::VIRTUAL_OPERATOR_PREFIXES));
    if virtual_operator && view.value(keys::VIRTUAL_OPERATOR_IDENTITY) == VirtualOperatorIdentity::Refuse {
        let text = "numbers of virtual operators cannot be bound here: use one of a network operator";
        return Err(Rejection::new("phone_virtual_operator", text).at("/phone"));
    }
    Ok((number, virtual_operator))
}

/// What a code is wanted for.
#[derive(Clone)]
pub enum Wanted {
    /// Binding this number; it gets the code.
    BindPhone(String),
    /// Changing or unbinding the phone that is bound; it gets the code.
    UnbindPhone,
    /// Binding the payout account with this blind index; the bound phone gets the code.
    PayoutAccount {
        /// See [`super::account_index`].
        number_index: String,
        /// What people see of the number.
        masked: String,
    },
    /// Changing a payout account that is bound; the bound phone gets the code.
    PayoutAccountChange {
        /// Which one.
        id: PayoutAccountId,
        /// How.
        change: PayoutAccountChange,
    },
    /// A withdrawal; the bound phone gets the code.
    Withdrawal {
        /// Minor units, above zero.
        amount_minor: i64,
        /// Currency.
        currency: Currency,
        /// Where to; the default account when absent.
        destination: Option<PayoutAccountId>,
    },
}

impl Wanted {
    fn purpose(&self) -> Purpose {
        match self {
            Self::BindPhone(_) => Purpose::BindPhone,
            Self::UnbindPhone => Purpose::UnbindPhone,
            Self::PayoutAccount { .. } | Self::PayoutAccountChange { .. } => Purpose::PayoutAccount,
            Self::Withdrawal { .. } => Purpose::Withdrawal,
        }
    }
}

/// Issues a code and has it sent. It takes the place of the party's earlier one for the same purpose.
///
/// Rejections in order: `party_unknown`, `party_closed`, `code_sender_missing`, `phone_invalid`,
/// `phone_virtual_operator`, `phone_missing`, `payout_account_unknown`, `destination_missing`, `code_daily_limit`,
/// `code_too_soon`.
pub struct IssueCode {
    /// Key of what is stored.
    pub vault: Arc<Vault>,
    /// For whom.
    pub party: PartyId,
    /// What for.
    pub wanted: Wanted,
}

/// A code that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeOnItsWay {
    /// Which one.
    pub code: CodeId,
    /// For whom.
    pub party: PartyId,
    /// What for.
    pub purpose: &'static str,
    /// What people see of the phone.
    pub masked: String,
    /// After this it is void.
    pub expires_at: Timestamp,
    /// Wrong entries that it survives.
    pub tries: i64,
}

impl IssueCode {
    /// Blind index of the phone that gets it; `None` when there is none yet.
    fn phone_index(&self, bound: Option<&PhoneRow>) -> Option<String> {
        match &self.wanted {
            Wanted::BindPhone(number) => {
                read_phone(number).ok().map(|number| self.vault.index("phone", &number))
            }
            _ => bound.map(|row| row.number_index.clone()),
        }
    }

    /// Number, its mask, and what the code is for.
    fn target(&self, tx: &Tx, ctx: &Ctx) -> Result<(String, String, String, String), Rejection> {
        if let Wanted::BindPhone(number) = &self.wanted {
            let (number, _) = read_by_policy(number, ctx)?;
            let (masked, index) = (mask::phone(&number), self.vault.index("phone", &number));
            return Ok((number, masked, index, String::new()));
        }
        let missing = || Rejection::new("phone_missing", "no phone is bound: bind one first");
        let row = tx.get::<PhoneRow>(&self.party).ok_or_else(missing)?;
        let number = self.vault.open(&place("phones", self.party, "number"), &row.number);
        let number = number.map_err(|error| Rejection::new("sealed_value_broken", error.to_string()))?;
        let (subject, about) = match &self.wanted {
            Wanted::PayoutAccount { number_index, masked } => (number_index.clone(), format!(" {masked}")),
            Wanted::PayoutAccountChange { id, change } => {
                let account = bound(tx, self.party, *id)?;
                (change.subject(*id), format!(" {} {}", account.masked, change.words()))
            }
            Wanted::Withdrawal { amount_minor, currency, destination } => {
                let own = |a: &&PayoutAccountRow| a.party == self.party && a.unbound_at.is_none();
                let wanted = |a: &&PayoutAccountRow| destination.map_or(a.is_default, |id| a.id == id);
                let none = || Rejection::new("destination_missing", "the party has no such payout account");
                let account = tx.rows::<PayoutAccountRow>().filter(own).find(wanted).ok_or_else(none)?;
                let about = format!(" {} {currency} → {}", decimal(*amount_minor), account.masked);
                (withdrawal_subject(*amount_minor, *currency, Some(account.id)), about)
            }
            Wanted::BindPhone(_) | Wanted::UnbindPhone => (row.number_index.clone(), String::new()),
        };
        Ok((number, row.masked.clone(), subject, about))
    }
}

impl Command for IssueCode {
    type Output = CodeOnItsWay;

    fn name(&self) -> &'static str {
        "code.issue"
    }

    fn lookups(&self, needs: &mut Needs<'_>) {
        // The party comes first, so that its phone cannot change between the rounds.
        needs.row::<PartyRow>(self.party);
        needs.row::<PhoneRow>(self.party);
    }

    fn needs(&self, needs: &mut Needs<'_>, _ctx: &Ctx) {
        need(needs, self.party, self.wanted.purpose());
        if matches!(self.wanted, Wanted::Withdrawal { .. } | Wanted::PayoutAccountChange { .. }) {
            needs.list::<PayoutAccountRow>(&ACCOUNTS_OF_PARTY, &[Value::Bytes(&self.party.0.0)]);
        }
        let phone = self.phone_index(needs.get::<PhoneRow>(&self.party));
        needs.row::<QuotaRow>(phone.unwrap_or_default());
    }

    fn decide(&self, tx: &mut Tx, ctx: &Ctx) -> Result<CodeOnItsWay, Rejection> {
        open_party(tx, self.party)?;
        if !ctx.rules.sends_messages() {
            let text =
                "no service that sends codes is connected to these books: start a server with --sms-url";
            return Err(Rejection::new("code_sender_missing", text));
        }
        let (number, masked, subject, about) = self.target(tx, ctx)?;
        let index = self.vault.index("phone", &number);
        let quota = tx.get::<QuotaRow>(&index).map(|row| Quota {
            on: row.day,
            count: u32::try_from(row.count).unwrap_or(u32::MAX),
            last_at: row.last_at,
        });
        let terms = terms(ctx.rules.policy.now(ctx.now));
        let tomorrow = ctx.zone.start_of(ctx.today.tomorrow().unwrap_or(ctx.today));
        let (quota, issued) = issue(quota, ctx.now, ctx.today, tomorrow, &terms).map_err(|refusal| {
            let about = Facts::new().at("until", refusal.until());
            Rejection::new(refusal.code(), refusal.to_string()).with(about)
        })?;
        let (purpose, secret) = (self.wanted.purpose(), tx.new_secret());
        let digits = digits(&secret, terms.digits);
        let code: CodeId = tx.new_id();
        let minutes = terms.lifetime_us / purser_domain::time::MINUTE;
        let (zh, en) = purpose.words();
        let text = format!(
            "验证码 {digits}，用于{zh}{about}，{minutes} 分钟内有效，请勿告知他人。\n\
             {digits} is your code {en}{about}. It is good for {minutes} minutes. Tell nobody."
        );
        let secret = tx.new_secret();
        let message =
            self.vault.seal(&place("codes", code, "message"), &format!("{number}\n{digits}\n{text}"), secret);
        let row = CodeRow {
            party: self.party,
            purpose: purpose.name().to_owned(),
            code,
            digest: self.vault.code(self.party, purpose, &digits),
            subject,
            message,
            masked: masked.clone(),
            expires_at: issued.expires_at,
            tries_left: i64::from(issued.tries_left),
            used: false,
            issued_at: ctx.now,
            version: tx
                .get::<CodeRow>(&(self.party, purpose.name().to_owned()))
                .map_or(1, |old| old.version + 1),
        };
        tx.put(QuotaRow {
            phone: index,
            day: quota.on,
            count: i64::from(quota.count),
            last_at: quota.last_at,
        });
        let payload = Facts::new().text("purpose", purpose.name()).text("code", code.to_string());
        let id = tx.new_id();
        tx.job(jobs::ready(id, SEND_CODE, &self.party.to_string(), ctx.now, payload));
        let (expires_at, tries) = (row.expires_at, row.tries_left);
        tx.put(row);
        Ok(CodeOnItsWay { code, party: self.party, purpose: purpose.name(), masked, expires_at, tries })
    }

    fn audit(&self, output: &CodeOnItsWay) -> (String, Facts) {
        let facts = Facts::new().text("purpose", output.purpose).text("phone", &output.masked);
        (output.party.to_string(), facts)
    }
}

/// A code of so many digits out of unguessable bytes; the remainder's bias is below one in 10^28.
fn digits(secret: &[u8; 32], count: u32) -> String {
    let count = count.clamp(4, 10);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&secret[..16]);
    let number = u128::from_le_bytes(bytes) % 10_u128.pow(count);
    format!("{number:0width$}", width = usize::try_from(count).unwrap_or(6))
}

/// The party, unless it is closed.
pub(crate) fn open_party(tx: &Tx, party: PartyId) -> Result<PartyRow, Rejection> {
    let row = tx.get::<PartyRow>(&party).cloned().ok_or_else(|| unknown_party(party))?;
    if row.party().status == PartyStatus::Closed {
        return Err(Rejection::new("party_closed", "the party is closed"));
    }
    Ok(row)
}
