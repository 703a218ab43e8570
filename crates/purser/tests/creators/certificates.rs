//! Alipay with certificates in place of bare keys (P10).

use std::path::Path;

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256};

use crate::{
    alipay::{APP, Gateway, each},
    support::{arg, purser},
};

/// Flags of the gateway's certificates, and their files.
pub(crate) const CERTIFICATES: [(&str, &str); 3] =
    [("--app-cert-file", "app.crt"), ("--cert-file", "gateway.crt"), ("--root-cert-file", "root.crt")];

/// Certificates for the keys in a folder, by an authority of its own.
pub(crate) fn make_certificates(folder: &Path) {
    let key = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        KeyPair::from_pkcs8_pem_and_sign_algo(&text, &PKCS_RSA_SHA256).unwrap()
    };
    let params = |name: &str, serial: u64| {
        let mut params = CertificateParams::default();
        params.serial_number = Some(serial.into());
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    // The gateway's own key stands in for an authority's.
    let authority = key("gateway-private.pem");
    let root = params("Root", 1).self_signed(&authority).unwrap();
    std::fs::write(folder.join("root.crt"), root.pem()).unwrap();
    for (file, of, serial) in [("app.crt", "app-private.pem", 2), ("gateway.crt", "gateway-private.pem", 3)] {
        let certificate = params(of, serial).signed_by(&key(of), &root, &authority).unwrap();
        std::fs::write(folder.join(file), certificate.pem()).unwrap();
    }
}

#[test]
fn an_application_with_certificates_pays_and_a_wrong_one_stops_the_server_p10() {
    each(|world| {
        world.certify();
        let id = world.withdrawal(20_000);
        world.ends(&id, "paid");
    });
    let mut gateway = Gateway::start();
    gateway.certify();
    let (key, wrong) = (gateway.key("app-private.pem"), gateway.key("gateway.crt"));
    let mut args = vec!["serve", "--alipay-app-id", APP, "--alipay-key-file", arg(&key)];
    let said = purser(&args);
    assert!(said.code != 0 && said.err.contains("--alipay-public-key-file"), "{}", said.err);
    args.extend(["--alipay-app-cert-file", arg(&wrong), "--alipay-cert-file", arg(&wrong)]);
    args.extend(["--alipay-root-cert-file", arg(&wrong)]);
    let said = purser(&args);
    assert!(said.code != 0 && said.err.contains("not that of the application's private key"), "{}", said.err);

    // P10: one that has ended, and one that others than Alipay issued, stop the server before it takes a payout in.
    let file = |name: &str| gateway.key(name);
    let (app, own, root) = (file("app.crt"), file("gateway.crt"), file("root.crt"));
    let serve = |gateway: &Path, root: &Path| {
        let mut args = vec!["serve", "--alipay-app-id", APP, "--alipay-key-file", arg(&key)];
        args.extend(["--alipay-app-cert-file", arg(&app), "--alipay-cert-file", arg(gateway)]);
        args.extend(["--alipay-root-cert-file", arg(root)]);
        purser(&args)
    };
    let (ended, foreign) = (file("ended.crt"), file("foreign.crt"));
    make_wrong_ones(&gateway.key("gateway-private.pem"), &ended, &foreign);
    for (gateway, root, flag, why) in [
        (&ended, &root, "--alipay-cert-file", "ended at 2020-01-01"),
        (&own, &foreign, "--alipay-cert-file", "not issued by Alipay's root certificates"),
    ] {
        let said = serve(gateway, root);
        assert!(said.code != 0 && said.err.contains(flag) && said.err.contains(why), "{}", said.err);
    }
}

/// A gateway's certificate that has ended, and a root that issued none of the others.
fn make_wrong_ones(key: &Path, ended: &Path, foreign: &Path) {
    let key = KeyPair::from_pkcs8_pem_and_sign_algo(&std::fs::read_to_string(key).unwrap(), &PKCS_RSA_SHA256);
    let key = key.unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Root");
    let root = params.self_signed(&key).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "gateway");
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    std::fs::write(ended, params.signed_by(&key, &root, &key).unwrap().pem()).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Somebody else's root");
    std::fs::write(foreign, params.self_signed(&key).unwrap().pem()).unwrap();
}
