//! Payout accounts (P9, X8): what can be bound, and whose it must be.

use super::bank_card::{CardIssue, read_card};
use super::cnaps::is_cnaps;
use super::mask;
use super::name::{comparable, read_name, read_organisation};
use super::phone::read_phone;
use super::{digits, plain};

/// What kind of place money can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    /// The sandbox's: its number names an outcome and nobody.
    Sandbox,
    /// A login id of Alipay: a mobile number or an e-mail address.
    Alipay,
    /// A person's debit card.
    PersonalCard,
    /// A bank account of an organisation.
    Corporate,
}

impl AccountKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Sandbox, Self::Alipay, Self::PersonalCard, Self::Corporate];

    /// Stable name, as the API and storage write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Alipay => "alipay",
            Self::PersonalCard => "personal_card",
            Self::Corporate => "corporate",
        }
    }

    /// Reads a stable name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Where people find the right value (X8): Chinese and English.
    pub const fn help(self) -> (&'static str, &'static str) {
        match self {
            Self::Sandbox => ("沙箱账户，号码决定结果", "A sandbox account; its number names the outcome"),
            Self::Alipay => (
                "支付宝 App：我的 → 头像 → 个人信息中的“支付宝账号”（手机号或邮箱）",
                "In the Alipay app under Me, your picture, Personal information: the Alipay account, a mobile number or an e-mail address",
            ),
            Self::PersonalCard => (
                "银行卡正面的 16–19 位卡号，须为本人借记卡",
                "The 16 to 19 digits on the front of a debit card of your own",
            ),
            Self::Corporate => (
                "开户许可证或网银中的户名、账号、开户行及 12 位联行号",
                "Name, number, branch and the 12 digits of the clearing code, as in the bank's confirmation or online banking",
            ),
        }
    }
}

/// Something that the person who types it may confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    /// The number was looked at once more: it is right although its check digit is unusual.
    pub number: bool,
}

/// A payout account as somebody typed it.
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    /// Kind.
    pub kind: AccountKind,
    /// Number or login id.
    pub number: &'a str,
    /// Name of the holder; not for the sandbox.
    pub holder: Option<&'a str>,
    /// Name of the bank; for organisations.
    pub bank: Option<&'a str>,
    /// Clearing code of the branch; for organisations, and where a card's bank is not known.
    pub cnaps: Option<&'a str>,
    /// What was confirmed.
    pub confirm: Confirm,
}

/// Something to look at that does not stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// The issuer is not in the table: it may be a credit card or a typing error.
    IssuerUnknown,
    /// The check digit is unusual, and was confirmed.
    CheckConfirmed,
}

impl Warning {
    /// Stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IssuerUnknown => "issuer_unknown",
            Self::CheckConfirmed => "check_confirmed",
        }
    }
}

/// An account that can be bound.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadAccount {
    /// Number, normalised.
    pub number: String,
    /// Holder, normalised; empty for the sandbox.
    pub holder: String,
    /// Name of the bank, empty where it is not known.
    pub bank: String,
    /// Clearing code, or empty.
    pub cnaps: String,
    /// What people see of the number.
    pub masked: String,
    /// What to look at.
    pub warnings: Vec<Warning>,
}

/// Who is verified, for comparing with the holder; forms of [`comparable`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Bound<'a> {
    /// Verified person.
    pub person: Option<&'a str>,
    /// Verified enterprise.
    pub enterprise: Option<&'a str>,
    /// Studio that was granted.
    pub studio: Option<&'a str>,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The verified person.
    Person,
    /// The verified enterprise.
    Enterprise,
    /// The studio.
    Studio,
}

impl Holder {
    /// Stable name, as storage writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Enterprise => "enterprise",
            Self::Studio => "studio",
        }
    }
}

/// An expected no, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountRejection {
    /// Not a number of this kind.
    #[error("the number does not look like one of this kind of account: {0}")]
    Number(&'static str),
    /// A credit card.
    #[error("this is a credit card: money can be paid to debit cards only")]
    CreditCard,
    /// The check digit is unusual and nobody confirmed it.
    #[error("the last digit of the card number does not fit: look again, and confirm it if it is right")]
    CheckUnconfirmed,
    /// No usable holder.
    #[error("say who holds the account: the name as the bank knows it")]
    HolderInvalid,
    /// An organisation's account needs its bank.
    #[error("say at which bank the account is")]
    BankMissing,
    /// Not a clearing code.
    #[error("a clearing code has 12 digits, the last of which fits the others")]
    CnapsInvalid,
    /// Nobody is verified yet.
    #[error("verify the real name first: the account must belong to the same person or company")]
    IdentityMissing,
    /// Somebody else's.
    #[error(
        "the account belongs to somebody else: it must be the verified person's, enterprise's or studio's own"
    )]
    HolderMismatch,
}

impl AccountRejection {
    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::Number(_) => "payout_account_number",
            Self::CreditCard => "credit_card",
            Self::CheckUnconfirmed => "card_check_unconfirmed",
            Self::HolderInvalid => "holder_invalid",
            Self::BankMissing => "bank_missing",
            Self::CnapsInvalid => "cnaps_invalid",
            Self::IdentityMissing => "identity_missing",
            Self::HolderMismatch => "holder_mismatch",
        }
    }

    /// JSON pointer of the input it is about.
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::Number(_) | Self::CreditCard => Some("/number"),
            Self::CheckUnconfirmed => Some("/confirm_number"),
            Self::HolderInvalid | Self::HolderMismatch => Some("/holder"),
            Self::BankMissing => Some("/bank"),
            Self::CnapsInvalid => Some("/cnaps"),
            Self::IdentityMissing => None,
        }
    }
}

/// Reads what somebody typed.
///
/// # Errors
/// The first [`AccountRejection`] that applies, down to `CnapsInvalid`.
pub fn read_account(new: &NewAccount<'_>) -> Result<ReadAccount, AccountRejection> {
    let (number, masked, warnings, issuer) = read_number(new)?;
    if new.kind == AccountKind::Sandbox {
        let none = String::new();
        return Ok(ReadAccount {
            number,
            masked,
            warnings,
            holder: none.clone(),
            bank: none.clone(),
            cnaps: none,
        });
    }
    let holder = new.holder.and_then(|text| match new.kind {
        AccountKind::Corporate => read_organisation(text),
        _ => read_name(text).or_else(|| read_organisation(text).filter(|_| new.kind == AccountKind::Alipay)),
    });
    let holder = holder.ok_or(AccountRejection::HolderInvalid)?;
    let bank = new.bank.and_then(read_organisation).or(issuer).unwrap_or_default();
    if new.kind == AccountKind::Corporate && bank.is_empty() {
        return Err(AccountRejection::BankMissing);
    }
    let cnaps = new.cnaps.map(digits).unwrap_or_default();
    let needed = new.kind == AccountKind::Corporate;
    if (needed || !cnaps.is_empty()) && !is_cnaps(&cnaps) {
        return Err(AccountRejection::CnapsInvalid);
    }
    Ok(ReadAccount { number, holder, bank, cnaps, masked, warnings })
}

/// A number of a kind, normalised, and what people see of it; an unusual check digit is for binding to ask about.
///
/// # Errors
/// `Number` or `CreditCard`.
pub fn account_number(kind: AccountKind, number: &str) -> Result<(String, String), AccountRejection> {
    let confirm = Confirm { number: true };
    let new = NewAccount { kind, number, holder: None, bank: None, cnaps: None, confirm };
    read_number(&new).map(|(number, masked, _, _)| (number, masked))
}

type Number = (String, String, Vec<Warning>, Option<String>);

fn read_number(new: &NewAccount<'_>) -> Result<Number, AccountRejection> {
    use AccountRejection as R;
    match new.kind {
        AccountKind::Sandbox => {
            let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let number = new.number;
            if number.is_empty() || number.len() > 64 || !number.chars().all(fine) {
                return Err(R::Number("a sandbox number is 1 to 64 letters, digits, `-`, `_` or `.`"));
            }
            Ok((number.to_owned(), format!("sandbox:{number}"), Vec::new(), None))
        }
        AccountKind::Alipay => {
            let number =
                read_phone(new.number).ok().or_else(|| email(new.number)).or_else(|| user_id(new.number));
            let text = "an Alipay account is a mobile number, an e-mail address, or a user id of 16 digits";
            let number = number.ok_or(R::Number(text))?;
            Ok((number.clone(), mask::login(&number), Vec::new(), None))
        }
        AccountKind::PersonalCard => {
            let card = read_card(new.number).map_err(|issue| match issue {
                CardIssue::Shape => R::Number("a card number has 15 to 19 digits"),
                CardIssue::CreditCard => R::CreditCard,
            })?;
            if !card.check_holds && !new.confirm.number {
                return Err(R::CheckUnconfirmed);
            }
            let mut warnings = Vec::new();
            if card.issuer.is_none() {
                warnings.push(Warning::IssuerUnknown);
            }
            if !card.check_holds {
                warnings.push(Warning::CheckConfirmed);
            }
            let bank = card.issuer.map(|issuer| issuer.zh.to_owned());
            Ok((card.number.clone(), mask::card(&card.number), warnings, bank))
        }
        AccountKind::Corporate => {
            let number = digits(new.number);
            if !(8..=32).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(R::Number("a bank account has 8 to 32 digits"));
            }
            Ok((number.clone(), mask::account(&number), Vec::new(), None))
        }
    }
}

fn user_id(text: &str) -> Option<String> {
    let number = digits(text);
    let fine = number.len() == 16 && number.starts_with("2088") && number.bytes().all(|b| b.is_ascii_digit());
    fine.then_some(number)
}

fn email(text: &str) -> Option<String> {
    let text = plain(text).to_ascii_lowercase();
    let (user, host) = text.split_once('@')?;
    let fine = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    let good = text.len() <= 100 && fine(user, "._-+") && fine(host, ".-") && host.contains('.');
    (good && !host.starts_with('.') && !host.ends_with('.')).then_some(text)
}

/// Whose an account is, by comparing its holder with who is verified. A person's card or Alipay account must be the
/// verified person's or, after the upgrade, may be the studio's; an organisation's account must be the enterprise's or
/// the studio's.
///
/// # Errors
/// `IdentityMissing` when there is nobody to compare with, else `HolderMismatch`.
pub fn holder_of(kind: AccountKind, holder: &str, bound: &Bound<'_>) -> Result<Holder, AccountRejection> {
    let holder = comparable(holder);
    let same = |name: Option<&str>| name.is_some_and(|name| comparable(name) == holder);
    if bound.person.is_none() && bound.enterprise.is_none() && bound.studio.is_none() {
        return Err(AccountRejection::IdentityMissing);
    }
    if kind != AccountKind::Corporate && same(bound.person) {
        return Ok(Holder::Person);
    }
    if same(bound.studio) {
        return Ok(Holder::Studio);
    }
    if kind != AccountKind::PersonalCard && same(bound.enterprise) {
        return Ok(Holder::Enterprise);
    }
    Err(AccountRejection::HolderMismatch)
}
