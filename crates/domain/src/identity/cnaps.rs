//! Clearing codes of bank branches (CNAPS): 12 digits with an ISO 7064 MOD 11,10 check.

/// The check digit of the first eleven digits; `None` when they are not eleven digits.
pub fn check_digit(first: &str) -> Option<u32> {
    if first.len() != 11 {
        return None;
    }
    let mut product = 10;
    for c in first.chars() {
        let sum = (c.to_digit(10)? + product) % 10;
        product = (if sum == 0 { 10 } else { sum }) * 2 % 11;
    }
    Some((11 - product) % 10)
}

/// Whether twelve digits are a clearing code.
pub fn is_cnaps(text: &str) -> bool {
    text.len() == 12
        && text
            .get(..11)
            .and_then(check_digit)
            .is_some_and(|digit| text.get(11..) == Some(&digit.to_string()))
}
