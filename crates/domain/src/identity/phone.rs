//! Mobile numbers of the mainland, and those of virtual operators (P7, C22).

use super::digits;

/// Why a text is not a mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneIssue {
    /// Not 11 digits of a segment that people use.
    #[error("a mobile number has 11 digits, like 138 0013 8000; numbers of machines cannot be used")]
    Shape,
}

impl PhoneIssue {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "phone_invalid",
        }
    }
}

/// Third digits that are given out to people, by second digit: 13x, 145…, 150–159 without 154, 162, 165–167, …
const SEGMENTS: [(u32, &[u32]); 7] = [
    (3, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (4, &[5, 7, 9]),
    (5, &[0, 1, 2, 3, 5, 6, 7, 8, 9]),
    (6, &[2, 5, 6, 7]),
    (7, &[0, 1, 2, 3, 5, 6, 7, 8]),
    (8, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    (9, &[0, 1, 2, 3, 5, 6, 7, 8, 9]),
];

/// Reads a mobile number as somebody typed it: `+86`, blanks, hyphens and full-width digits are fine.
///
/// # Errors
/// [`PhoneIssue::Shape`].
pub fn read_phone(text: &str) -> Result<String, PhoneIssue> {
    let given = digits(text);
    let number = given.strip_prefix("+86").or_else(|| given.strip_prefix("0086")).unwrap_or(&given);
    let mut all = number.chars().map(|c| c.to_digit(10));
    let (first, second, third) = (all.next().flatten(), all.next().flatten(), all.next().flatten());
    let segment = SEGMENTS.iter().find(|(digit, _)| Some(*digit) == second);
    let known = segment.is_some_and(|(_, thirds)| third.is_some_and(|third| thirds.contains(&third)));
    // 1349 is a satellite segment.
    let people = number.is_ascii() && number.len() == 11 && all.all(|c| c.is_some()) && first == Some(1);
    if people && known && !number.starts_with("1349") {
        Ok(number.to_owned())
    } else {
        Err(PhoneIssue::Shape)
    }
}

/// Whether a number is of a virtual operator, by the prefixes of policy.
pub fn is_virtual(number: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| number.starts_with(prefix.as_str()))
}
