//! Names of people and organisations: what may be typed, and when two are the same.

use super::plain;

/// Fewest characters of a name.
pub const NAME_MIN: usize = 2;
/// Most characters of a person's name.
pub const NAME_MAX: usize = 50;
/// Most characters of an organisation's name.
pub const ORGANISATION_MAX: usize = 100;

/// The separators of names that people write for the middle dot, which is how they are kept.
const DOTS: [char; 7] = ['·', '•', '‧', '∙', '・', '．', '･'];

fn is_dot(c: char) -> bool {
    DOTS.contains(&c)
}

/// Reads a person's name: letters of any script (rare characters of the extensions too), with `·`, `-`, `'` and single
/// blanks between them. Full-width forms become plain ones.
///
/// `None`: not 2 to 50 such characters.
pub fn read_name(text: &str) -> Option<String> {
    // Before NFKC, which would turn the full-width stop into a plain one.
    let dotted: String = text.chars().map(|c| if is_dot(c) { '·' } else { c }).collect();
    let name = plain(&dotted);
    let between = |c: char| matches!(c, '·' | '-' | '\'' | '’' | ' ');
    let fine = |c: char| c.is_alphabetic() || is_private(c) || is_combining(c) || between(c);
    let ends =
        name.chars().next().is_some_and(|c| !between(c)) && name.chars().last().is_some_and(|c| !between(c));
    let doubled = name.contains("··") || name.contains("  ");
    let length = name.chars().count();
    let good = (NAME_MIN..=NAME_MAX).contains(&length) && ends && !doubled && name.chars().all(fine);
    good.then_some(name)
}

/// Reads an organisation's name: 2 to 100 printable characters. `None` otherwise.
pub fn read_organisation(text: &str) -> Option<String> {
    let name = plain(text);
    let length = name.chars().count();
    let good = (NAME_MIN..=ORGANISATION_MAX).contains(&length) && !name.chars().any(char::is_control);
    good.then_some(name)
}

/// Characters that banks still carry for names that had no code of their own.
fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}')
}

fn is_combining(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// The form in which two names are compared: NFKC, without blanks and dots, lower case, brackets of one kind.
pub fn comparable(name: &str) -> String {
    let dotted: String = name.chars().filter(|c| !is_dot(*c)).collect();
    plain(&dotted).chars().filter(|c| !c.is_whitespace() && *c != '.').flat_map(char::to_lowercase).collect()
}
