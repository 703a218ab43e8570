//! Metadata of objects (P19): how it is stored, and how its rejection reads.

use purser_domain::metadata::{self, Metadata};

use crate::{
    command::Rejection,
    facts::{Fact, Facts},
};

/// In its stored form.
pub fn stored(metadata: &Metadata) -> Facts {
    metadata.iter().fold(Facts::new(), |facts, (key, value)| facts.text(&escaped(key), value))
}

/// From its stored form.
pub fn values(facts: &Facts) -> Metadata {
    let text = |(key, fact): (&str, Fact)| match fact {
        Fact::Text(value) => Some((unescaped(key), value)),
        _ => None,
    };
    facts.iter().filter_map(text).collect()
}

/// Checks it, and brings it into its stored form.
///
/// # Errors
/// `metadata_too_many`, `metadata_key_invalid`, `metadata_value_too_long`, at `/metadata`.
pub(crate) fn checked(metadata: &Metadata) -> Result<Facts, Rejection> {
    match metadata::validate(metadata) {
        Ok(()) => Ok(stored(metadata)),
        Err(no) => Err(Rejection::new(no.code(), no.to_string()).at("/metadata")),
    }
}

/// A name of facts ends at its first `=`; a key may have one.
fn escaped(key: &str) -> String {
    key.replace('%', "%25").replace('=', "%3D")
}

fn unescaped(key: &str) -> String {
    key.replace("%3D", "=").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_and_value_comes_back_p19() {
        let given = [("a=b", "c=d"), ("100%3D", "\\ and\na line"), ("%25", ""), ("=", "=s"), ("plain", "值")];
        let given: Metadata = given.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        assert_eq!(values(&stored(&given)), given);
    }
}
