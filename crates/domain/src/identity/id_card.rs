//! Citizens' identity numbers (GB 11643), and the residence permits of Hong Kong, Macao and Taiwan people, which are
//! numbered alike.

use super::plain;
use crate::time::Date;

/// A number that passed every check.
#[derive(Clone, PartialEq, Eq)]
pub struct IdCard {
    /// Eighteen characters; the last may be `X`, always upper case.
    pub number: String,
    /// Date of birth.
    pub born_on: Date,
    /// A residence permit of Hong Kong, Macao or Taiwan people.
    pub residence_permit: bool,
}

/// What is wrong with an identity number, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdCardIssue {
    /// Not 17 digits and a digit or X.
    #[error("an identity number has 17 digits and then a digit or X")]
    Shape,
    /// The first two digits name no province or region.
    #[error("the first two digits of the identity number name no region")]
    Region,
    /// No such date, or one that has not come yet.
    #[error("digits 7 to 14 of the identity number must be a date of birth in the past")]
    BirthDate,
    /// The last character does not fit.
    #[error("the last character of the identity number does not fit the others: check for a typing error")]
    Check,
}

impl IdCardIssue {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "id_number_shape",
            Self::Region => "id_number_region",
            Self::BirthDate => "id_number_birth_date",
            Self::Check => "id_number_check",
        }
    }
}

/// Regions of GB/T 2260 by their first two digits; 81, 82 and 83 are the residence permits.
const REGIONS: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54,
    61, 62, 63, 64, 65, 71, 81, 82, 83, 91,
];

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// The check character of the first 17 digits; `None` when they are not digits.
pub fn check_character(first: &str) -> Option<char> {
    if first.len() != 17 {
        return None;
    }
    let mut sum = 0;
    for (c, weight) in first.chars().zip(WEIGHTS) {
        sum += c.to_digit(10)? * weight;
    }
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

/// Reads an identity number as somebody typed it; `x`, full-width digits and blanks at the ends are fine.
///
/// # Errors
/// The first [`IdCardIssue`] that applies. `today` is the civil date of the business zone: nobody is born later.
pub fn read_id_card(text: &str, today: Date) -> Result<IdCard, IdCardIssue> {
    let number = plain(text).to_ascii_uppercase();
    let (first, last) = match (number.get(..17), number.get(17..)) {
        (Some(first), Some(last)) if number.is_ascii() && last.len() == 1 => (first, last),
        _ => return Err(IdCardIssue::Shape),
    };
    let fine = first.bytes().all(|b| b.is_ascii_digit());
    if !fine || !last.bytes().all(|b| b.is_ascii_digit() || b == b'X') {
        return Err(IdCardIssue::Shape);
    }
    let part = |from: usize, to: usize| number.get(from..to).and_then(|t| t.parse::<i16>().ok());
    let region = part(0, 2).and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
    if !REGIONS.contains(&region) {
        return Err(IdCardIssue::Region);
    }
    let born_on = birth_date(part(6, 10), part(10, 12), part(12, 14)).filter(|date| *date <= today);
    let born_on = born_on.ok_or(IdCardIssue::BirthDate)?;
    if check_character(first) != last.chars().next() {
        return Err(IdCardIssue::Check);
    }
    Ok(IdCard { born_on, residence_permit: matches!(region, 81..=83), number })
}

fn birth_date(year: Option<i16>, month: Option<i16>, day: Option<i16>) -> Option<Date> {
    let (month, day) = (i8::try_from(month?).ok()?, i8::try_from(day?).ok()?);
    Date::new(year?, month, day).ok().filter(|date| date.year() >= 1800)
}
