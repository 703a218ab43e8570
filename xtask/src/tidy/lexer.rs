//! Just enough of Rust's lexical structure to tell code from comments and literals.

/// A name, a `::`, or one other character of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// As written; raw names without their `r#`.
    pub(crate) text: &'a str,
    /// From 1.
    pub(crate) line: usize,
}

/// The code of a file: without comments, blanks, and the contents of literals.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { text, at: 0, line: 1, found: Vec::new() };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.found
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    found: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        self.line += self.text[self.at..end].matches('\n').count();
        self.at = end;
    }

    fn push(&mut self, bytes: usize) {
        self.found.push(Token { text: &self.rest()[..bytes], line: self.line });
        self.skip(bytes);
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(block_comment(rest));
        } else if let Some(length) = raw_string(rest) {
            self.skip(length);
        } else if first == '"' {
            self.skip(quoted(rest, '"'));
        } else if first == '\'' {
            self.skip(character_or_lifetime(rest));
        } else if rest.starts_with("r#") && rest[2..].starts_with(is_name_start) {
            self.skip(2);
        } else if is_name_start(first) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            // The prefix of a byte or C string is not a name.
            if matches!(&rest[..length], "b" | "c") && rest[length..].starts_with(['"', '\'']) {
                self.skip(length);
            } else {
                self.push(length);
            }
        } else if first.is_whitespace() {
            self.skip(first.len_utf8());
        } else if rest.starts_with("::") {
            self.push(2);
        } else {
            self.push(first.len_utf8());
        }
    }
}

fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = rest[at..].find(['/', '*']).map(|offset| at + offset) {
        if rest[found..].starts_with("/*") {
            (depth, at) = (depth + 1, found + 2);
        } else if rest[found..].starts_with("*/") {
            (depth, at) = (depth - 1, found + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at = found + 1;
        }
    }
    rest.len()
}

/// Length of a raw string at the start of `rest`, with its prefix and hashes.
fn raw_string(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|after| after.trim_start_matches('#').starts_with('"'))
    })?;
    let after = &rest[prefix.len()..];
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[body..].find(&end).map_or(rest.len(), |found| body + found + end.len()))
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are skipped whole; of a lifetime the quote and the name.
fn character_or_lifetime(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => quoted(rest, '\''),
        (Some(_), Some((index, '\''))) => index + 1,
        _ => 1 + rest[1..].find(|c| !is_name(c)).unwrap_or(rest.len() - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(words(r#"a("b \" c", 'd', '\'', b"e", c"f")"#), ["a", "(", ",", ",", ",", ",", ")"]);
        assert_eq!(words("x(r#\"y \" z\"#, br\"w\") v"), ["x", "(", ",", ")", "v"]);
    }

    #[test]
    fn lifetimes_raw_names_and_paths() {
        assert_eq!(
            words("fn f<'a>(x: &'a r#type) -> crate::m::T"),
            ["fn", "f", "<", ">", "(", "x", ":", "&", "type", ")", "-", ">", "crate", "::", "m", "::", "T"]
        );
    }

    #[test]
    fn lines_are_counted_through_literals() {
        let found = tokens("\"a\nb\"\n/* c\n */ d");
        assert_eq!(found, [Token { text: "d", line: 4 }]);
    }
}
