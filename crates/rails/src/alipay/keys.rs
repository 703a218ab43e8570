//! RSA2: SHA-256 with RSA, PKCS#1 v1.5, in base64, over `k=v` pairs sorted by name (P10).

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// A key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither PEM nor base64.
    #[error("this is neither PEM nor base64")]
    Unreadable,
    /// Not an RSA key of 2048 to 8192 bits in a form that is known here.
    #[error("this is not an RSA private key of 2048 to 8192 bits in PKCS#8 or PKCS#1")]
    NotPrivate,
    /// Not an RSA key of 2048 to 8192 bits in a form that is known here.
    #[error("this is not an RSA public key of 2048 to 8192 bits in X.509 (SPKI) or PKCS#1")]
    NotPublic,
    /// The generator failed.
    #[error("no key could be made")]
    Generator,
}

/// The bytes of a key: PEM, or the bare base64 that the platform's console shows.
fn der(text: &str) -> Result<Vec<u8>, KeyError> {
    let body: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("-----"))
        .flat_map(str::split_whitespace)
        .collect();
    let bytes = BASE64.decode(body).map_err(|_| KeyError::Unreadable)?;
    if bytes.is_empty() { Err(KeyError::Unreadable) } else { Ok(bytes) }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out + &format!("-----END {label}-----\n")
}

/// A private key: signs.
pub struct SigningKey(RsaKeyPair);

// The derived form would be the library's; this one promises to show nothing.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// Reads a private key: PKCS#8 or PKCS#1, as PEM or bare base64.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &str) -> Result<Self, KeyError> {
        let der = der(text)?;
        let key = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        key.map(Self).map_err(|_| KeyError::NotPrivate)
    }

    /// A new key of 2048 bits.
    ///
    /// # Errors
    /// [`KeyError::Generator`].
    pub fn generate() -> Result<Self, KeyError> {
        RsaKeyPair::generate(KeySize::Rsa2048).map(Self).map_err(|_| KeyError::Generator)
    }

    /// As PKCS#8 PEM.
    ///
    /// # Errors
    /// [`KeyError::Generator`] when the library cannot write it.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der: Pkcs8V1Der<'static> = self.0.as_der().map_err(|_| KeyError::Generator)?;
        Ok(pem("PRIVATE KEY", der.as_ref()))
    }

    /// Its public half.
    ///
    /// # Errors
    /// [`KeyError::Generator`] when the library cannot write it.
    pub fn public(&self) -> Result<VerifyingKey, KeyError> {
        let der: PublicKeyX509Der<'static> = self.0.public_key().as_der().map_err(|_| KeyError::Generator)?;
        Ok(VerifyingKey(der.as_ref().to_vec()))
    }

    /// Signs a text; base64.
    ///
    /// # Errors
    /// [`KeyError::Generator`] when the library fails.
    pub fn sign(&self, text: &[u8]) -> Result<String, KeyError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
            .map_err(|_| KeyError::Generator)?;
        Ok(BASE64.encode(signature))
    }
}

/// A public key: verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(Vec<u8>);

impl VerifyingKey {
    /// Reads a public key: X.509 (SPKI) or PKCS#1, as PEM or bare base64.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(text: &str) -> Result<Self, KeyError> {
        Self::of_der(&der(text)?)
    }

    /// Reads a public key's bytes: X.509 (SPKI) or PKCS#1.
    ///
    /// # Errors
    /// [`KeyError::NotPublic`].
    pub(super) fn of_der(der: &[u8]) -> Result<Self, KeyError> {
        let parsed = aws_lc_rs::signature::ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
        parsed.map(|_| Self(der.to_owned())).map_err(|_| KeyError::NotPublic)
    }

    /// As PEM.
    pub fn to_pem(&self) -> String {
        pem("PUBLIC KEY", &self.0)
    }

    /// Whether a signature in base64 is this key's over a text.
    pub fn verifies(&self, text: &[u8], signature: &str) -> bool {
        let Ok(signature) = BASE64.decode(signature.trim()) else { return false };
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.0).verify(text, &signature).is_ok()
    }
}

/// The text that is signed: names in the order of their bytes, raw values (not URL-encoded), joined by `&`; empty
/// values and the names in `without` are left out.
pub fn canonical<'p>(params: impl IntoIterator<Item = (&'p str, &'p str)>, without: &[&str]) -> String {
    let mut pairs: Vec<(&str, &str)> =
        params.into_iter().filter(|(name, value)| !value.is_empty() && !without.contains(name)).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_form_that_people_have() {
        let key = SigningKey::generate().unwrap();
        let (private, public) = (key.to_pem().unwrap(), key.public().unwrap().to_pem());
        let bare = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let signature = key.sign("a=提现&b=1".as_bytes()).unwrap();
        for private in [private.clone(), bare(&private), private.replace('\n', "\r\n")] {
            assert_eq!(SigningKey::read(&private).unwrap().sign("a=提现&b=1".as_bytes()).unwrap(), signature);
        }
        for public in [public.clone(), bare(&public), format!("\n  {}  ", bare(&public))] {
            let read = VerifyingKey::read(&public).unwrap();
            assert!(read.verifies("a=提现&b=1".as_bytes(), &signature));
            assert!(!read.verifies("a=提现&b=2".as_bytes(), &signature));
            assert!(!read.verifies("a=提现&b=1".as_bytes(), "no base64!"));
        }
        assert_eq!(SigningKey::read("?").unwrap_err(), KeyError::Unreadable);
        assert_eq!(SigningKey::read(&public).unwrap_err(), KeyError::NotPrivate);
        assert_eq!(VerifyingKey::read(&private).unwrap_err(), KeyError::NotPublic);
        assert_eq!(VerifyingKey::read("").unwrap_err(), KeyError::Unreadable);
    }

    #[test]
    fn the_signed_text_is_sorted_raw_and_without_what_is_empty() {
        let params = [("b", "https://x/n?a=1&b=2"), ("a", "中文"), ("sign", "s"), ("empty", ""), ("Z", "1")];
        assert_eq!(canonical(params, &["sign"]), "Z=1&a=中文&b=https://x/n?a=1&b=2");
    }
}
