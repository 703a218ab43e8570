//! Every dependency says what it is for, where a crate takes it on.

use super::{Finding, Tree, edges::is_ours};

/// Finds dependencies without a reason.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.manifests().flat_map(|(path, text)| unexplained(path, text)).collect()
}

fn unexplained(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_dependencies = false;
    let mut before = "";
    let mut open_brackets = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let code = without_comment(line);
        let continues = open_brackets > 0;
        open_brackets += code.matches(['[', '{']).count();
        open_brackets = open_brackets.saturating_sub(code.matches([']', '}']).count());
        let dependency = if continues {
            None
        } else if let Some(section) =
            code.trim_end().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        {
            // `[dependencies.serde]` is a table of one dependency.
            let own_table =
                section.rsplit_once("dependencies").and_then(|(_, after)| after.strip_prefix('.'));
            in_dependencies = section.ends_with("dependencies");
            own_table
        } else if in_dependencies {
            code.split_once('=').map(|(key, _)| key.trim().split('.').next().unwrap_or_default())
        } else {
            None
        };
        if let Some(name) = dependency
            && !is_ours(name.trim_matches('"'))
            && !has_words(&line[code.len()..])
            && !(before.starts_with('#') && has_words(before))
        {
            let message = format!("{name} has no reason: say what it is for after a # on its line");
            findings.push(Finding::new(path, index + 1, message));
        }
        before = line;
    }
    findings
}

/// A reason, not just a mark: at least one word of three letters.
fn has_words(comment: &str) -> bool {
    comment.split(|c: char| !c.is_alphabetic()).any(|word| word.len() >= 3)
}

fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (index, c) in line.char_indices() {
        match (c, quote) {
            ('#', None) => return &line[..index],
            ('"' | '\'', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        unexplained("crates/engine/Cargo.toml", text).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        assert_eq!(lines("[dependencies]\nserde = \"1\"\n"), [2]);
        assert_eq!(lines("[dev-dependencies]\nserde.workspace = true #\n"), [2]);
        assert_eq!(lines("[target.'cfg(unix)'.dependencies]\nserde = { workspace = true }\n"), [2]);
        assert_eq!(lines("[dependencies.serde]\nversion = \"1\"\n"), [1]);
        assert_eq!(lines("[dependencies]\nserde = { version = \"1\", features = [\n  \"x\",\n] }\n"), [2]);
        assert_eq!(lines("[dependencies]\nodd = \"#1, not a reason\"\n"), [2]);
    }

    #[test]
    fn a_reason_on_the_line_or_above_will_do() {
        assert!(lines("[dependencies]\nserde = \"1\" # types that are read from files\n").is_empty());
        assert!(lines("[dependencies]\n# types that are read from files\nserde = \"1\"\n").is_empty());
        assert!(lines("[dependencies]\npurser-domain = { workspace = true }\n").is_empty());
        assert!(lines("[package]\nname = \"x\"\n[lints]\nworkspace = true\n[features]\nx = []\n").is_empty());
    }
}
