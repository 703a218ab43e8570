//! Personal bank cards (P9): length, check digit, and who issued it by its first digits.

use super::bins::BANKS;
use super::digits;

/// What a card takes money from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardType {
    /// An account: can be paid to.
    Debit,
    /// A credit line: never a payout account.
    Credit,
}

/// Who issued a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issuer {
    /// Stable short name, as storage keeps it.
    pub bank: &'static str,
    /// Name in Chinese.
    pub zh: &'static str,
    /// Name in English.
    pub en: &'static str,
    /// What the card takes money from.
    pub card: CardType,
}

/// A card number that can be used.
#[derive(Clone, PartialEq, Eq)]
pub struct Card {
    /// 15 to 19 digits.
    pub number: String,
    /// Who issued it; `None` when the table does not say: it is incomplete by design.
    pub issuer: Option<Issuer>,
    /// The check digit fits.
    pub check_holds: bool,
}

/// What is wrong with a card number, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardIssue {
    /// Not 15 to 19 digits.
    #[error("a card number has 15 to 19 digits")]
    Shape,
    /// A credit card.
    #[error("this is a credit card: money can be paid to debit cards only")]
    CreditCard,
}

impl CardIssue {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "card_number_shape",
            Self::CreditCard => "credit_card",
        }
    }
}

/// Whether the last digit fits the others (Luhn).
pub fn luhn_holds(number: &str) -> bool {
    let mut sum = 0;
    for (index, c) in number.chars().rev().enumerate() {
        let Some(digit) = c.to_digit(10) else { return false };
        let doubled = digit * 2;
        sum += if index % 2 == 0 {
            digit
        } else if doubled > 9 {
            doubled - 9
        } else {
            doubled
        };
    }
    sum % 10 == 0
}

/// Who issued a card, by the longest prefix that is known.
pub fn issuer_of(number: &str) -> Option<Issuer> {
    let mut best: Option<(usize, Issuer)> = None;
    for (bank, zh, en, debit, credit) in BANKS {
        for (prefixes, card) in [(debit, CardType::Debit), (credit, CardType::Credit)] {
            for prefix in
                prefixes.split(' ').filter(|prefix| !prefix.is_empty() && number.starts_with(prefix))
            {
                if best.is_none_or(|(length, _)| prefix.len() > length) {
                    best = Some((prefix.len(), Issuer { bank, zh, en, card }));
                }
            }
        }
    }
    best.map(|(_, issuer)| issuer)
}

/// Reads a card number as somebody typed it; blanks, hyphens and full-width digits are fine. Whether an unusual check
/// digit or an unknown issuer is accepted is the caller's to ask.
///
/// # Errors
/// The first [`CardIssue`] that applies.
pub fn read_card(text: &str) -> Result<Card, CardIssue> {
    let number = digits(text);
    if !(15..=19).contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CardIssue::Shape);
    }
    let issuer = issuer_of(&number);
    if issuer.is_some_and(|issuer| issuer.card == CardType::Credit) {
        return Err(CardIssue::CreditCard);
    }
    Ok(Card { check_holds: luhn_holds(&number), number, issuer })
}
