//! Certificates: how they are named, and that both sides name them (P10).

use std::sync::{Arc, Mutex};

use md5::{Digest as _, Md5};
use purser_domain::{time::Timestamp, withdrawals::RailOutcome};
use purser_engine::ports::{Rail as _, RunError};
use purser_rails::alipay::{
    AlipayRail, Client, Credentials, Wire, WireError, Wording,
    certs::{CertificateError, Certificates, of_application, of_gateway, of_roots},
    gateway::{Answer, Gateway},
    keys::SigningKey,
    trust::{trusted, usable},
};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_RSA_SHA256, SerialNumber,
};

use crate::{
    bench::Bench,
    stand_in::{APP, order},
};

/// A certificate authority with its certificate.
struct Authority {
    key: KeyPair,
    certificate: rcgen::Certificate,
}

fn key_pair(key: &SigningKey) -> KeyPair {
    KeyPair::from_pkcs8_pem_and_sign_algo(&key.to_pem().unwrap(), &PKCS_RSA_SHA256).unwrap()
}

fn params(unit: &str, name: &str, serial: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "CN"),
        (DnType::OrganizationName, "Test Financial"),
        (DnType::OrganizationalUnitName, unit),
        (DnType::CommonName, name),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params
}

impl Authority {
    fn new(key: KeyPair, name: &str, serial: &[u8]) -> Self {
        let certificate = params("Certification Authority", name, serial).self_signed(&key).unwrap();
        Self { key, certificate }
    }

    fn issue(&self, key: &SigningKey, serial: &[u8]) -> String {
        let params = params("Members", "member", serial);
        params.signed_by(&key_pair(key), &self.certificate, &self.key).unwrap().pem()
    }
}

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap()
}

fn issuer(name: &str) -> String {
    format!("CN={name},OU=Certification Authority,O=Test Financial,C=CN")
}

#[test]
fn certificates_are_named_as_the_platform_names_them_p10() {
    let authority = Authority::new(key_pair(&key()), "Class 1 R1", &[7]);
    let second = Authority::new(key_pair(&key()), "Class 2 R1", &[0x01, 0x00]);
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let other_kind = Authority::new(curve, "Curve R1", &[9]);
    let (own, gateway) = (key(), key());
    // 18 bytes: more than any integer of the machine holds.
    let serial = [0x20, 0x26, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let decimal = "2800525219433078752461922063744759608774416";
    let app = authority.issue(&own, &serial);
    assert_eq!(of_application(&app, &own), Ok(md5(&format!("{}{decimal}", issuer("Class 1 R1")))));
    assert_eq!(of_application(&app, &gateway), Err(CertificateError::OtherKey));
    // Behind the gateway's own certificate stands the one that it was issued by.
    let chain = format!("{}\n{}", second.issue(&gateway, &[5]), second.certificate.pem());
    let (sn, public) = of_gateway(&chain).unwrap();
    assert_eq!(sn, md5(&format!("{}5", issuer("Class 2 R1"))));
    assert!(public.verifies(b"text", &gateway.sign(b"text").unwrap()));
    // Of the roots only those that sign with RSA are named.
    let roots = [&authority, &other_kind, &second].map(|one| one.certificate.pem()).join("\n");
    let expected = format!(
        "{}_{}",
        md5(&format!("{}7", issuer("Class 1 R1"))),
        md5(&format!("{}256", issuer("Class 2 R1")))
    );
    assert_eq!(of_roots(&roots), Ok(expected));
    assert_eq!(of_roots(&other_kind.certificate.pem()), Err(CertificateError::NoRoot));
    assert_eq!(of_gateway(&other_kind.certificate.pem()).unwrap_err(), CertificateError::NotRsa);
}

struct Direct(Arc<Mutex<Gateway>>);

impl Wire for Direct {
    fn post(&mut self, _url: &str, form: &str) -> Result<Vec<u8>, WireError> {
        match self.0.lock().unwrap().handle(form.as_bytes(), Timestamp(1_772_413_200_000_000)) {
            Answer::Reply(bytes) => Ok(bytes),
            Answer::Drop | Answer::Hang => Err(WireError::NoReply("the connection ended".to_owned())),
        }
    }
}

#[test]
fn both_sides_name_their_certificates_and_a_new_one_is_noticed_p10() {
    let certificates = |gateway: &str| Certificates {
        app_sn: "app".to_owned(),
        root_sn: "root_root".to_owned(),
        gateway_sn: gateway.to_owned(),
    };
    let (own, mut bench) = (Arc::new(key()), Bench::new());
    let mut gateway = Gateway::new(APP, own.public().unwrap(), key()).unwrap();
    let gateway_key = gateway.public_key().unwrap();
    gateway.certificates = Some(certificates("new"));
    let gateway = Arc::new(Mutex::new(gateway));
    let mut sends = |known: Option<Certificates>| {
        let credentials = Credentials {
            app_id: APP.to_owned(),
            key: Arc::clone(&own),
            gateway_key: gateway_key.clone(),
            certificates: known,
        };
        let client = Client::new(credentials, "http://gateway", Box::new(Direct(Arc::clone(&gateway))));
        AlipayRail::new(client, Wording::default())
            .send(&order("alipay", "li@example.com"), &mut bench.hands())
    };
    let refused = sends(None).unwrap();
    assert!(matches!(refused, RailOutcome::DefiniteFailure { .. } | RailOutcome::Unknown), "{refused:?}");
    assert_eq!(gateway.lock().unwrap().orders.by_reference.len(), 0, "a request that names none is refused");
    assert_eq!(sends(Some(certificates("new"))), Ok(RailOutcome::Paid { rail_fee_minor: 0 }));
    let said = sends(Some(certificates("old")));
    assert!(matches!(said, Err(RunError::Unanswered(_))), "signed by another certificate: {said:?}");
}

/// A certificate by an authority for a key, valid in these years, that may issue others or not.
fn issued(by: &Authority, key: &SigningKey, name: &str, years: (i32, i32), ca: bool) -> rcgen::Certificate {
    let mut params = params("Members", name, &[3]);
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    if ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    params.signed_by(&key_pair(key), &by.certificate, &by.key).unwrap()
}

#[test]
fn only_certificates_in_force_and_of_the_roots_are_relied_on_p10() {
    let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    let at = |year: i32| format!("{year}-01-01T00:00:00Z").parse::<Timestamp>().unwrap();
    let root = Authority::new(key_pair(&key()), "Class 1 R1", &[7]);
    let other = Authority::new(key_pair(&key()), "Class 2 R1", &[8]);
    // The same name, another key: a forged root.
    let forged = Authority::new(key_pair(&key()), "Class 1 R1", &[7]);
    let roots = format!("{}\n{}", other.certificate.pem(), root.certificate.pem());
    let leaf = key();
    let of = |by: &Authority, years| issued(by, &leaf, "member", years, false).pem();
    assert_eq!(trusted(&of(&root, (2025, 2030)), &roots, now), Ok(at(2030)));
    for (text, no) in [
        (of(&root, (2020, 2026)), CertificateError::Expired { until: at(2026) }),
        (of(&root, (2027, 2030)), CertificateError::NotYet { from: at(2027) }),
        (of(&forged, (2025, 2030)), CertificateError::NotTrusted),
        (root.certificate.pem().replace("CERTIFICATE", "NOTHING"), CertificateError::Unreadable),
    ] {
        assert_eq!(trusted(&text, &roots, now), Err(no));
    }
    assert_eq!(
        trusted(&of(&root, (2025, 2030)), &other.certificate.pem(), now),
        Err(CertificateError::NotTrusted)
    );

    // Through one that may issue, whose time counts too; not through one that may not.
    let middle = |years, ca| {
        let own = key();
        let certificate = issued(&root, &own, "middle", years, ca);
        let below = Authority { key: key_pair(&own), certificate };
        format!("{}\n{}", of(&below, (2025, 2040)), below.certificate.pem())
    };
    assert_eq!(trusted(&middle((2025, 2035), true), &roots, now), Ok(at(2035)));
    let ended = CertificateError::Expired { until: at(2026) };
    assert_eq!(trusted(&middle((2020, 2026), true), &roots, now), Err(ended));
    assert_eq!(trusted(&middle((2025, 2035), false), &roots, now), Err(CertificateError::NotTrusted));

    // The application's own comes without its issuer: where that is known, it must have issued it.
    let (good, bad) = (of(&root, (2025, 2030)), of(&forged, (2025, 2030)));
    assert_eq!(usable(&good, &[&roots], now), Ok(at(2030)));
    assert_eq!(usable(&bad, &[&roots], now), Err(CertificateError::NotTrusted));
    assert_eq!(usable(&good, &[&other.certificate.pem()], now), Ok(at(2030)));
    assert_eq!(usable(&of(&root, (2020, 2026)), &[], now), Err(ended));
}
