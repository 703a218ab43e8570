//! Staff passwords: argon2id with the parameters of OWASP's recommendation (19 MiB, 2 passes).
//!
//! Slow on purpose, so it never runs inside a decision: the edge hashes, commands compare what it found.

use argon2::{Algorithm, Argon2, Params, Version};

/// Length of a salt, bytes.
const SALT: usize = 16;

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has 12 to 256 characters")]
    Length,
    /// The hash could not be computed.
    #[error("the password could not be hashed")]
    Failed,
}

/// Salt and hash of a password, to be stored.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &str, random: &[u8; 32]) -> Result<Vec<u8>, PasswordError> {
    if !(12..=256).contains(&password.chars().count()) {
        return Err(PasswordError::Length);
    }
    let salt = random.get(..SALT).ok_or(PasswordError::Failed)?;
    let mut out = salt.to_vec();
    out.extend_from_slice(&derive(password, salt)?);
    Ok(out)
}

/// Whether the password is the one behind a stored hash.
pub fn verify_password(password: &str, stored: &[u8]) -> bool {
    let Some((salt, expected)) = stored.split_at_checked(SALT) else { return false };
    let Ok(expected) = <[u8; 32]>::try_from(expected) else { return false };
    // blake3's hash type compares in constant time.
    derive(password, salt).is_ok_and(|found| blake3::Hash::from(found) == blake3::Hash::from(expected))
}

fn derive(password: &str, salt: &[u8]) -> Result<[u8; 32], PasswordError> {
    let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|_| PasswordError::Failed)?;
    let mut out = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .map_err(|_| PasswordError::Failed)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_verifies_and_others_do_not() {
        let stored = hash_password("correct horse battery", &[1; 32]).unwrap();
        assert!(verify_password("correct horse battery", &stored));
        assert!(!verify_password("correct horse batterz", &stored));
        assert!(!verify_password("correct horse battery", &stored[1..]));
        assert_eq!(hash_password("short", &[1; 32]), Err(PasswordError::Length));
    }
}
