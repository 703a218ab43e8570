//! Whether certificates may be relied on: in force, and issued by Alipay's roots (P10).
//!
//! The roots are those of the file that the console gives; nobody else's count.

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaParameters,
    UnparsedPublicKey,
};
use purser_domain::time::{SECOND, Timestamp};
use x509_parser::{certificate::X509Certificate, time::ASN1Time};

use super::certs::{CertificateError, blocks, certificate};

/// Longest chain from a certificate to its root.
const DEPTH: usize = 5;

fn instant(time: ASN1Time) -> Timestamp {
    Timestamp(time.timestamp().saturating_mul(SECOND))
}

/// When it ends, if it is in force.
fn in_force(certificate: &X509Certificate<'_>, at: Timestamp) -> Result<Timestamp, CertificateError> {
    let validity = certificate.validity();
    let (from, until) = (instant(validity.not_before), instant(validity.not_after));
    if at < from {
        return Err(CertificateError::NotYet { from });
    }
    if at > until { Err(CertificateError::Expired { until }) } else { Ok(until) }
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let algorithm: &RsaParameters = match certificate.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.11" => &RSA_PKCS1_2048_8192_SHA256,
        "1.2.840.113549.1.1.12" => &RSA_PKCS1_2048_8192_SHA384,
        "1.2.840.113549.1.1.13" => &RSA_PKCS1_2048_8192_SHA512,
        _ => return false,
    };
    let key = UnparsedPublicKey::new(algorithm, issuer.public_key().raw);
    certificate.issuer().as_raw() == issuer.subject().as_raw()
        && key.verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data).is_ok()
}

fn may_issue(certificate: &X509Certificate<'_>) -> bool {
    certificate.basic_constraints().is_ok_and(|found| found.is_some_and(|basic| basic.value.ca))
}

/// Checks the first certificate of a text, which those that it was issued by may stand behind: it and they are in force
/// at an instant, and one of the roots issued the last. Returns when the first of them ends.
///
/// # Errors
/// [`CertificateError`].
pub fn trusted(text: &str, roots: &str, at: Timestamp) -> Result<Timestamp, CertificateError> {
    let (own, root_blocks) = (blocks(text)?, blocks(roots)?);
    let chain: Vec<X509Certificate<'_>> = own.iter().map(certificate).collect::<Result<_, _>>()?;
    let roots: Vec<X509Certificate<'_>> = root_blocks.iter().map(certificate).collect::<Result<_, _>>()?;
    let mut current = chain.first().ok_or(CertificateError::Unreadable)?;
    let mut ends = Timestamp(i64::MAX);
    for _ in 0..DEPTH {
        ends = ends.min(in_force(current, at)?);
        if let Some(root) = roots.iter().find(|root| is_issued_by(current, root)) {
            return Ok(ends.min(in_force(root, at)?));
        }
        let issuer = chain.iter().skip(1).find(|issuer| may_issue(issuer) && is_issued_by(current, issuer));
        current = issuer.ok_or(CertificateError::NotTrusted)?;
    }
    Err(CertificateError::NotTrusted)
}

/// Checks the application's own certificate: in force at an instant, and, where its issuer is among `known` (roots, and what
/// stands behind Alipay's certificate), really issued by it. The console gives it without its issuer, which is not always
/// there. Returns when it ends.
///
/// # Errors
/// [`CertificateError`].
pub fn usable(text: &str, known: &[&str], at: Timestamp) -> Result<Timestamp, CertificateError> {
    let own = blocks(text)?;
    let own = certificate(own.first().ok_or(CertificateError::Unreadable)?)?;
    let ends = in_force(&own, at)?;
    let mut named = false;
    for text in known {
        for block in &blocks(text)? {
            let issuer = certificate(block)?;
            if issuer.subject().as_raw() == own.issuer().as_raw() {
                if is_issued_by(&own, &issuer) {
                    return Ok(ends);
                }
                named = true;
            }
        }
    }
    if named { Err(CertificateError::NotTrusted) } else { Ok(ends) }
}
