//! Certificates in place of bare public keys, as the open platform asks for transfers: each side says beside its
//! signature which certificate it belongs to (P10).

use md5::{Digest as _, Md5};
use purser_domain::time::Timestamp;
use x509_parser::{certificate::X509Certificate, pem::Pem};

use super::keys::{SigningKey, VerifyingKey};

/// A certificate that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate.
    #[error("this holds no X.509 certificate in PEM")]
    Unreadable,
    /// A certificate for a key that is not RSA.
    #[error("the certificate is not for an RSA key of 2048 to 8192 bits")]
    NotRsa,
    /// The application's certificate belongs to another private key.
    #[error("the application's certificate is not that of the application's private key")]
    OtherKey,
    /// Among the roots there is none that signs with RSA.
    #[error("this holds no root certificate that signs with RSA")]
    NoRoot,
    /// Its time has not begun.
    #[error("the certificate is not in force before {from}: is this machine's clock right?")]
    NotYet {
        /// When it begins.
        from: Timestamp,
    },
    /// Its time is over.
    #[error(
        "the certificate, or one that it was issued by, ended at {until}: fetch the new one from the console"
    )]
    Expired {
        /// When it ended.
        until: Timestamp,
    },
    /// It was not issued by any of the roots.
    #[error(
        "the certificate was not issued by Alipay's root certificates: take all three from the same application"
    )]
    NotTrusted,
}

/// What names the certificates that are in use: of the application, of Alipay's roots, of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// The application's.
    pub app_sn: String,
    /// The roots', joined by `_`.
    pub root_sn: String,
    /// The gateway's.
    pub gateway_sn: String,
}

/// The PEM blocks of a text that are certificates, in order.
pub(super) fn blocks(text: &str) -> Result<Vec<Pem>, CertificateError> {
    let blocks: Result<Vec<Pem>, _> = Pem::iter_from_buffer(text.as_bytes()).collect();
    let mut blocks = blocks.map_err(|_| CertificateError::Unreadable)?;
    blocks.retain(|block| block.label == "CERTIFICATE");
    if blocks.is_empty() { Err(CertificateError::Unreadable) } else { Ok(blocks) }
}

pub(super) fn certificate(block: &Pem) -> Result<X509Certificate<'_>, CertificateError> {
    block.parse_x509().map_err(|_| CertificateError::Unreadable)
}

/// Short names of what an issuer's name is made of; anything else is named by its number.
const PARTS: [(&str, &str); 6] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
];

/// How the platform names a certificate: MD5, in hex, of its issuer's name, the last part first as RFC 4514 has it, and
/// its number in decimal.
fn serial(certificate: &X509Certificate<'_>) -> Result<String, CertificateError> {
    let mut issuer = Vec::new();
    for part in certificate.issuer().iter_attributes() {
        let number = part.attr_type().to_id_string();
        let name = PARTS.iter().find(|(known, _)| *known == number).map_or(number.as_str(), |(_, name)| name);
        issuer.push(format!("{name}={}", part.as_str().map_err(|_| CertificateError::Unreadable)?));
    }
    issuer.reverse();
    let text = format!("{}{}", issuer.join(","), certificate.serial.to_str_radix(10));
    let digest = Md5::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect())
}

/// RSA signatures of all hashes begin so; the roots for other kinds of signatures are not named.
const RSA: &str = "1.2.840.113549.1.1.";

/// The name of the first certificate of a text, which the others stand behind, and its key.
fn first(text: &str) -> Result<(String, VerifyingKey), CertificateError> {
    let blocks = blocks(text)?;
    let certificate = certificate(blocks.first().ok_or(CertificateError::Unreadable)?)?;
    let key = VerifyingKey::of_der(certificate.public_key().raw).map_err(|_| CertificateError::NotRsa)?;
    Ok((serial(&certificate)?, key))
}

/// Reads the application's certificate, which must be that of `key`.
///
/// # Errors
/// [`CertificateError`].
pub fn of_application(text: &str, key: &SigningKey) -> Result<String, CertificateError> {
    let (sn, public) = first(text)?;
    let probe = b"purser";
    let own = key.sign(probe).is_ok_and(|signature| public.verifies(probe, &signature));
    if own { Ok(sn) } else { Err(CertificateError::OtherKey) }
}

/// Reads the gateway's certificate: its name, and the key that its signatures are verified with.
///
/// # Errors
/// [`CertificateError`].
pub fn of_gateway(text: &str) -> Result<(String, VerifyingKey), CertificateError> {
    first(text)
}

/// Reads the root certificates; their names joined by `_`.
///
/// # Errors
/// [`CertificateError`].
pub fn of_roots(text: &str) -> Result<String, CertificateError> {
    let mut names = Vec::new();
    for block in &blocks(text)? {
        let certificate = certificate(block)?;
        if certificate.signature_algorithm.algorithm.to_id_string().starts_with(RSA) {
            names.push(serial(&certificate)?);
        }
    }
    if names.is_empty() { Err(CertificateError::NoRoot) } else { Ok(names.join("_")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said() {
        let unreadable = Err(CertificateError::Unreadable);
        for text in [
            "",
            "x",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(of_roots(text), unreadable, "{text}");
        }
    }
}
