//! Unified social credit codes (GB 32100).

use super::plain;

/// Characters in the order of their values; I, O, S, V and Z are left out.
const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";

/// What is wrong with a code, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsccIssue {
    /// Not 18 characters of the alphabet.
    #[error("a unified social credit code has 18 characters: digits, and letters without I, O, S, V and Z")]
    Shape,
    /// The last character does not fit.
    #[error(
        "the last character of the code does not fit the others: check for a typing error. Some real codes of the \
         first years do not fit either; a member of staff can vouch for one"
    )]
    Check,
}

impl UsccIssue {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "uscc_shape",
            Self::Check => "uscc_check",
        }
    }
}

/// The check character of the first 17; `None` when one of them is not of the alphabet.
pub fn check_character(first: &str) -> Option<char> {
    if first.chars().count() != 17 {
        return None;
    }
    let (mut weight, mut sum) = (1, 0);
    for c in first.chars() {
        sum += ALPHABET.find(c)? * weight;
        weight = weight * 3 % 31;
    }
    // A remainder of zero gives zero, not a thirty-second character.
    ALPHABET.chars().nth((31 - sum % 31) % 31)
}

/// Reads a code as somebody typed it; lower case, full-width forms and blanks at the ends are fine. `vouched`: a
/// member of staff has seen the licence, so a wrong check character is accepted (codes of the first years).
///
/// # Errors
/// The first [`UsccIssue`] that applies.
pub fn read_uscc(text: &str, vouched: bool) -> Result<String, UsccIssue> {
    let code = plain(text).to_ascii_uppercase();
    let fine = code.len() == 18 && code.chars().all(|c| ALPHABET.contains(c));
    let (Some(first), true) = (code.get(..17), fine) else { return Err(UsccIssue::Shape) };
    if !vouched && check_character(first) != code.chars().last() {
        return Err(UsccIssue::Check);
    }
    Ok(code)
}
