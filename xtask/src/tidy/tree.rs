//! The texts of the repository, in memory.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};

/// Endings of the files that are read.
const TEXTS: &[&str] =
    &["rs", "toml", "md", "txt", "sql", "sh", "yml", "yaml", "json", "mjs", "ts", "tsx", "css", "html"];
/// Files without such an ending that are read too.
const NAMED: &[&str] = &["LICENSE", "Dockerfile", "run"];
/// Folders that hold nothing written by hand, wherever they are.
const SKIPPED: &[&str] = &["target", "node_modules", "dist", "generated", ".git"];
/// Folders of the root that are kept out of version control.
const SKIPPED_AT_ROOT: &[&str] = &["data"];

/// Paths, with `/` and relative to the root, and their texts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the repository. Works without git, so that a source archive can be checked as well.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, "")?;
        Ok(tree)
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self { files: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect() }
    }

    /// The text of a file.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// All files in order of their paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files below a folder (written with its closing slash), with their paths below it.
    pub(crate) fn rust_below<'a>(
        &'a self,
        folder: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.iter().filter_map(move |(path, text)| {
            let below = path.strip_prefix(folder)?;
            has_ending(path, &["rs"]).then_some((path, below, text))
        })
    }

    /// Names of the crates' folders, with the texts of their manifests.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(path, _)| {
            let parts: Vec<_> = path.split('/').collect();
            matches!(parts[..], ["crates", _, "Cargo.toml"] | ["xtask", "Cargo.toml"])
        })
    }

    fn walk(&mut self, dir: &Path, prefix: &str) -> Result<()> {
        for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let skipped =
                    SKIPPED.contains(&&*name) || prefix.is_empty() && SKIPPED_AT_ROOT.contains(&&*name);
                if !skipped {
                    self.walk(&entry.path(), &format!("{prefix}{name}/"))?;
                }
            } else if kind.is_file() && (has_ending(&name, TEXTS) || NAMED.contains(&&*name)) {
                let text = fs::read_to_string(entry.path())
                    .with_context(|| format!("{prefix}{name} is not readable as UTF-8 text"))?;
                self.files.insert(format!("{prefix}{name}"), text);
            }
        }
        Ok(())
    }
}

/// Whether a path ends in a dot and one of `endings`.
pub(crate) fn has_ending(path: &str, endings: &[&str]) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending))
}
