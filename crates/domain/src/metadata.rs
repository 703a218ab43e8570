//! Free values that the platform keeps on an object (P19): names and texts that mean nothing to Purser.

use std::collections::BTreeMap;

use thiserror::Error;

/// Values by name.
pub type Metadata = BTreeMap<String, String>;

/// Most entries of one object.
pub const METADATA_KEYS_MAX: usize = 20;
/// Longest key, in characters.
pub const METADATA_KEY_MAX: usize = 40;
/// Longest value, in characters.
pub const METADATA_VALUE_MAX: usize = 500;

/// Why metadata is not taken, in order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MetadataRejection {
    /// More than 20 entries.
    #[error("metadata may have at most 20 entries")]
    TooMany,
    /// A key empty, longer than 40 characters, or not printable.
    #[error("metadata keys must be 1 to 40 printable characters")]
    KeyInvalid,
    /// A value longer than 500 characters.
    #[error("metadata values may have at most 500 characters")]
    ValueTooLong,
}

impl MetadataRejection {
    /// All, in order of precedence.
    pub const ALL: [Self; 3] = [Self::TooMany, Self::KeyInvalid, Self::ValueTooLong];

    /// Stable code for the API (P19).
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooMany => "metadata_too_many",
            Self::KeyInvalid => "metadata_key_invalid",
            Self::ValueTooLong => "metadata_value_too_long",
        }
    }
}

/// Checks the metadata of any object (P19): at most 20 entries, keys ≤ 40 printable, values ≤ 500 characters.
///
/// # Errors
/// The first [`MetadataRejection`] that applies.
pub fn validate(metadata: &Metadata) -> Result<(), MetadataRejection> {
    if metadata.len() > METADATA_KEYS_MAX {
        return Err(MetadataRejection::TooMany);
    }
    if metadata.keys().any(|key| !is_printable(key, METADATA_KEY_MAX)) {
        return Err(MetadataRejection::KeyInvalid);
    }
    if metadata.values().any(|value| value.chars().count() > METADATA_VALUE_MAX) {
        return Err(MetadataRejection::ValueTooLong);
    }
    Ok(())
}

/// 1 to `max` characters, no control or invisible direction marks, no white space at the ends.
pub(crate) fn is_printable(text: &str, max: usize) -> bool {
    let count = text.chars().count();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    (1..=max).contains(&count) && text.trim() == text && !text.chars().any(hidden)
}
