//! Portable SQL text into `PostgreSQL`'s.
//!
//! Both rewrites leave string literals, quoted names and comments alone.

/// A stretch of SQL text.
#[derive(Clone, Copy)]
enum Piece<'a> {
    /// Code: everything that may be rewritten.
    Code(&'a str),
    /// A literal, a quoted name or a comment, with its delimiters.
    Opaque(&'a str),
}

/// Cuts text into code and what must not be touched.
fn pieces(sql: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = sql;
    while !rest.is_empty() {
        let starts =
            ["'", "\"", "--", "/*"].into_iter().filter_map(|mark| rest.find(mark).map(|at| (at, mark)));
        let Some((at, mark)) = starts.min_by_key(|(at, _)| *at) else {
            out.push(Piece::Code(rest));
            break;
        };
        let (code, tail) = rest.split_at(at);
        let end = match mark {
            "--" => "\n",
            "/*" => "*/",
            quote => quote,
        };
        // A doubled quote inside a literal reads as two literals side by side, which comes to the same.
        let inside = tail.get(mark.len()..).unwrap_or_default();
        let length = inside.find(end).map_or(tail.len(), |at| mark.len() + at + end.len());
        let (opaque, after) = tail.split_at(length);
        out.push(Piece::Code(code));
        out.push(Piece::Opaque(opaque));
        rest = after;
    }
    out
}

/// `?1…?n` into `$1…$n`; a placeholder may occur several times.
pub(super) fn placeholders(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    for piece in pieces(sql) {
        match piece {
            Piece::Opaque(text) => out.push_str(text),
            Piece::Code(text) => {
                let mut chars = text.chars().peekable();
                while let Some(c) = chars.next() {
                    let numbered = c == '?' && chars.peek().is_some_and(char::is_ascii_digit);
                    out.push(if numbered { '$' } else { c });
                }
            }
        }
    }
    out
}

/// Portable DDL: the three column types and the end of a table.
///
/// Text is given the C collation, so that it sorts by bytes as in `SQLite` and in Rust: the lock order and the
/// pages of a list must not depend on the locale of the server.
pub(super) fn ddl(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() * 2);
    for piece in pieces(sql) {
        match piece {
            Piece::Opaque(text) => out.push_str(text),
            Piece::Code(text) => words(&text.replace(")@;", ");"), &mut out),
        }
    }
    out
}

fn words(code: &str, out: &mut String) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = code;
    while let Some(start) = rest.find(is_word) {
        let (gap, tail) = rest.split_at(start);
        let (word, after) = tail.split_at(tail.find(|c| !is_word(c)).unwrap_or(tail.len()));
        out.push_str(gap);
        out.push_str(match word {
            "INT" => "BIGINT",
            "BYTES" => "BYTEA",
            "TEXT" => "TEXT COLLATE \"C\"",
            other => other,
        });
        rest = after;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_as_written() {
        assert_eq!(placeholders("a = ?2 OR b = ?1 OR ?2 = c"), "a = $2 OR b = $1 OR $2 = c");
        assert_eq!(placeholders("?12,?1"), "$12,$1");
    }

    #[test]
    fn literals_names_and_comments_are_left_alone() {
        for opaque in ["'?1'", "'it''s ?1'", "\"?1\"", "-- ?1\n", "/* ?1 */", "'open ?1", "'中?1'"] {
            assert_eq!(placeholders(&format!("{opaque} ?1")), format!("{opaque} {}", tail(opaque)));
        }
        assert_eq!(placeholders("x ? y"), "x ? y");
    }

    fn tail(opaque: &str) -> &'static str {
        if opaque == "'open ?1" { "?1" } else { "$1" }
    }

    #[test]
    fn types_are_translated_word_by_word() {
        assert_eq!(
            ddl("CREATE TABLE t (point INT, text TEXT, b BYTES,\n PRIMARY KEY (point))@; -- INT's\n"),
            "CREATE TABLE t (point BIGINT, text TEXT COLLATE \"C\", b BYTEA,\n PRIMARY KEY (point)); -- INT's\n"
        );
    }
}
