//! Texts in bank files: what banks can read going out, and no more about people than needed coming in.

/// Longest name of a party in a file, characters (`Max140Text`).
pub const NAME_MAX: usize = 140;
/// Longest account number in a file, characters (`Max34Text`).
pub const ACCOUNT_MAX: usize = 34;
/// From this many digits on, a run in a free text could be a phone, card or identity number.
const TELLING_DIGITS: usize = 9;

/// A name as banks take it: letters of every script, digits and `/ - ? : ( ) . , ' + ·`, single blanks; full-width
/// forms become the plain ones; everything else becomes a blank. At most `most` characters.
pub fn clean(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut chars = 0;
    let mut blank = false;
    for c in text.chars().map(plain) {
        if !(c.is_alphanumeric() || "/-?:().,'+·".contains(c)) {
            blank = !out.is_empty();
            continue;
        }
        let room = most.saturating_sub(chars);
        if room == 0 || (blank && room < 2) {
            break;
        }
        if blank {
            out.push(' ');
            chars += 1;
            blank = false;
        }
        out.push(c);
        chars += 1;
    }
    out
}

/// The plain form of a full-width character; the different dots inside names become one.
fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2022}' | '\u{2027}' | '\u{30fb}' | '\u{ff65}' => '·',
        other => other,
    }
}

/// Whether an account number can stand in a file as it is. It is never changed: a changed number is another payee.
pub fn is_account(number: &str) -> bool {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=ACCOUNT_MAX).contains(&number.len()) && number.bytes().all(fine)
}

/// First character of a name.
pub fn mask_name(name: &str) -> String {
    name.trim().chars().next().map_or_else(String::new, |first| format!("{first}*"))
}

/// Last four characters of an account number.
pub fn mask_account(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_alphanumeric).collect();
    match digits.len() {
        0 => String::new(),
        length @ 1..=7 => "*".repeat(length),
        length => format!("****{}", digits.iter().skip(length - 4).collect::<String>()),
    }
}

/// A payer's words, at most 140 characters, with every long run of digits masked, also where blanks or dashes stand
/// between its groups: the reference code that is looked for is short, a phone or card number is not.
pub fn mask_text(text: &str) -> String {
    let chars: Vec<char> = clean(text, NAME_MAX).chars().collect();
    let mut out = String::new();
    let mut rest = chars.as_slice();
    while let Some(first) = rest.first() {
        let run = number_at(rest);
        let (now, later) = rest.split_at(run.max(1).min(rest.len()));
        match now {
            _ if run == 0 => out.push(*first),
            [a, .., z] if now.iter().filter(|c| c.is_ascii_digit()).count() >= TELLING_DIGITS => {
                out.extend([*a, '*', '*', '*', *z]);
            }
            run => out.extend(run),
        }
        rest = later;
    }
    out
}

/// How many characters the number at the beginning has: digits, with at most one mark between two of them.
fn number_at(chars: &[char]) -> usize {
    let (mut end, mut at) = (0, 0);
    while let Some(c) = chars.get(at) {
        if c.is_ascii_digit() {
            end = at + 1;
        } else if end != at || at == 0 || !matches!(c, ' ' | '-' | '.' | '/') {
            break;
        }
        at += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_script_and_lose_what_banks_cannot_read() {
        for (name, cleaned) in [
            ("张三", "张三"),
            ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
            ("ＡＢＣ（北京）有限公司", "ABC(北京)有限公司"),
            ("𠮷田 \u{3000}\t太郎", "𠮷田 太郎"),
            ("a\u{202e}b<&>\"c\u{0}", "a b c"),
            ("🙂", ""),
            ("  x  ", "x"),
        ] {
            assert_eq!(clean(name, NAME_MAX), cleaned, "{name}");
        }
        assert_eq!(clean("ab cd", 3), "ab");
        assert_eq!(clean(&"字".repeat(200), NAME_MAX).chars().count(), 140);
    }

    #[test]
    fn what_comes_in_is_masked() {
        assert_eq!(mask_name("张三丰"), "张*");
        assert_eq!(mask_account("6222 0212 3456 7890 123"), "****0123");
        assert_eq!([mask_account("1234"), mask_account("")], ["****".to_owned(), String::new()]);
        assert_eq!(mask_text("PO-7K2M 充值 13812345678"), "PO-7K2M 充值 1***8");
        assert_eq!(mask_text("12345678"), "12345678");
        assert_eq!(mask_text("卡 6222 0212 3456 7890,谢谢"), "卡 6***0,谢谢");
        assert_eq!(mask_text("tel 138-1234-5678 / 2026"), "tel 1***8 / 2026");
        assert_eq!(mask_text("12 34 - 56"), "12 34 - 56");
    }
}
