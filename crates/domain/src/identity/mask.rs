//! What people see of personal values. Masking happens here, on the server, and nowhere else.

/// `138****1234`.
pub fn phone(number: &str) -> String {
    ends(number, 3, 4, "****")
}

/// `1****************X`: the first and the last character.
pub fn id_number(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(2);
    ends(number, 1, 1, &"*".repeat(hidden.max(1)))
}

/// `9111**********341L`: a registered organisation's code is public, but is shown like any number.
pub fn uscc(code: &str) -> String {
    ends(code, 4, 4, "**********")
}

/// `6222 **** **** 1234`.
pub fn card(number: &str) -> String {
    ends(number, 4, 4, " **** **** ")
}

/// `**** 1234`: an organisation's account, whose length says nothing.
pub fn account(number: &str) -> String {
    let tail = if number.chars().count() > 8 { 4 } else { 2 };
    format!("**** {}", last(number, tail))
}

/// `张*`, `欧***`, `阿****`: the first character, and one star for each further one, at most four.
pub fn name(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map_or_else(String::new, String::from);
    first + &"*".repeat(chars.count().clamp(1, 4))
}

/// `上海****公司`: an organisation.
pub fn organisation(name: &str) -> String {
    if name.chars().count() <= 4 { self::name(name) } else { ends(name, 2, 2, "****") }
}

/// A login id at a payment service: a phone number, or an address whose first characters stay.
pub fn login(id: &str) -> String {
    match id.split_once('@') {
        Some((user, host)) => {
            let shown: String = user.chars().take(if user.chars().count() > 3 { 3 } else { 1 }).collect();
            format!("{shown}***@{host}")
        }
        None => phone(id),
    }
}

fn last(text: &str, count: usize) -> String {
    let length = text.chars().count();
    text.chars().skip(length.saturating_sub(count)).collect()
}

/// The first and last characters with `between` instead of the others; what is too short is hidden wholly.
fn ends(text: &str, head: usize, tail: usize, between: &str) -> String {
    if text.chars().count() <= head + tail {
        return between.to_owned();
    }
    let first: String = text.chars().take(head).collect();
    format!("{first}{between}{}", last(text, tail))
}
