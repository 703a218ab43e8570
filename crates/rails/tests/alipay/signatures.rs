//! P10: signatures against other people's implementations: openssl, and the two SDKs that are around (D.3 of the facts).
//! What is not installed is skipped, and says so; the vectors always run.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use purser_rails::alipay::keys::{SigningKey, VerifyingKey, canonical};
use tempfile::TempDir;

use crate::skip::skipped;

/// A key that is used for nothing else, and what openssl made of it.
const KEY: &str = include_str!("vectors/key.pem");
const PUBLIC: &str = include_str!("vectors/public.pem");
const TEXT: &str = include_str!("vectors/request.txt");
const SIGNATURE: &str = include_str!("vectors/request.sig");

/// The parameters behind [`TEXT`], in no order.
fn params() -> Vec<(&'static str, &'static str)> {
    vec![
        ("version", "1.0"),
        ("method", "alipay.fund.trans.uni.transfer"),
        ("notify_url", "https://x.example/n?a=1&b=2"),
        ("app_id", "2021000000000001"),
        ("biz_content", r#"{"out_biz_no":"wd_1-01","order_title":"提现 100%","trans_amount":"9500.00"}"#),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("return_url", ""),
        ("timestamp", "2026-03-02 09:00:00"),
    ]
}

#[test]
fn the_vectors_of_openssl_are_ours_p10() {
    let text = TEXT.trim_end_matches('\n');
    assert_eq!(canonical(params(), &["sign"]), text);
    let (key, public) = (SigningKey::read(KEY).unwrap(), VerifyingKey::read(PUBLIC).unwrap());
    assert_eq!(
        key.sign(text.as_bytes()).unwrap(),
        SIGNATURE.trim(),
        "PKCS#1 v1.5 has one signature for a text"
    );
    assert!(public.verifies(text.as_bytes(), SIGNATURE));
    assert_eq!(key.public().unwrap(), public);
}

fn ran(program: &str, args: &[&str], dir: &Path) -> Option<Output> {
    match Command::new(program).args(args).current_dir(dir).output() {
        Ok(output) => Some(output),
        Err(error) => {
            skipped(&format!("signatures by {program}: it cannot be run: {error}"));
            None
        }
    }
}

fn ok(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn openssl_signs_and_verifies_the_same_p10() {
    let dir = TempDir::new().unwrap();
    let key = SigningKey::generate().unwrap();
    let text = canonical(params(), &["sign"]);
    fs::write(dir.path().join("key.pem"), key.to_pem().unwrap()).unwrap();
    fs::write(dir.path().join("public.pem"), key.public().unwrap().to_pem()).unwrap();
    fs::write(dir.path().join("text"), &text).unwrap();
    let sign = ["dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "text"];
    let Some(signed) = ran("openssl", &sign, dir.path()) else { return };
    ok(&signed);
    let base64 = ["base64", "-A", "-in", "signature"];
    assert_eq!(key.sign(text.as_bytes()).unwrap(), ok(&ran("openssl", &base64, dir.path()).unwrap()).trim());
    // PKCS#1, as the platform's own tool writes keys for other languages than Java.
    ok(&ran("openssl", &["rsa", "-in", "key.pem", "-traditional", "-out", "old.pem"], dir.path()).unwrap());
    let old = SigningKey::read(&fs::read_to_string(dir.path().join("old.pem")).unwrap()).unwrap();
    assert_eq!(old.public().unwrap(), key.public().unwrap());
    let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "text"];
    assert!(ok(&ran("openssl", &verify, dir.path()).unwrap()).contains("Verified OK"));
}

/// Signs the parameters that `params.json` holds with `key.pem`, verifies a notice, and prints the signature.
const NODE: &str = r"
const fs = require('fs');
const { AlipaySdk } = require('alipay-sdk');
const params = JSON.parse(fs.readFileSync('params.json', 'utf8'));
const read = (name) => fs.readFileSync(name, 'utf8');
const sdk = new AlipaySdk({ appId: params.app_id, privateKey: read('key.pem'), alipayPublicKey: read('public.pem'), keyType: 'PKCS8' });
const notice = JSON.parse(read('notice.json'));
if (!sdk.checkNotifySignV2(notice)) throw new Error('the notice is not believed');
notice.biz_content = notice.biz_content.replace('9500', '9501');
if (sdk.checkNotifySignV2(notice)) throw new Error('a changed notice is believed');
const { bizContent, method, notify_url } = params;
const url = new URL(sdk.pageExecute(method, 'GET', { notifyUrl: notify_url, bizContent: JSON.parse(bizContent) }));
console.log(JSON.stringify(Object.fromEntries(url.searchParams)));
";

const PYTHON: &str = r"
import json
from alipay import AliPay
params = json.load(open('params.json'))
read = lambda name: open(name).read()
sdk = AliPay(appid=params['app_id'], app_notify_url=None, app_private_key_string=read('key.pem'),
             alipay_public_key_string=read('public.pem'), sign_type='RSA2')
notice = json.load(open('notice.json'))
sign = notice.pop('sign')
assert sdk.verify(dict(notice), sign), 'the notice is not believed'
changed = dict(notice, biz_content=notice['biz_content'].replace('9500', '9501'))
assert not sdk.verify(changed, sign), 'a changed notice is believed'
names = dict(params, biz_content=params['bizContent'])
del names['bizContent']
print(sdk._sign('&'.join(f'{k}={names[k]}' for k in sorted(names) if names[k])))
";

/// A folder with keys, parameters and a notice of ours for an SDK to look at.
fn folder() -> (TempDir, SigningKey) {
    let dir = TempDir::new().unwrap();
    let key = SigningKey::generate().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("key.pem", &key.to_pem().unwrap());
    write("public.pem", &key.public().unwrap().to_pem());
    let mut params: serde_json::Map<String, serde_json::Value> =
        params().into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.to_owned(), v.into())).collect();
    let content = params.remove("biz_content").unwrap();
    params.insert("bizContent".to_owned(), content);
    write("params.json", &serde_json::Value::Object(params).to_string());
    let notice = [
        ("app_id", "2021000000000001"),
        ("biz_content", r#"{"out_biz_no":"wd_1-01","status":"SUCCESS","trans_amount":"9500.00"}"#),
        ("charset", "UTF-8"),
        ("msg_method", "alipay.fund.trans.order.changed"),
        ("notify_id", "n1"),
        ("utc_timestamp", "1772413200000"),
        ("version", "1.1"),
    ];
    let sign = key.sign(canonical(notice, &[]).as_bytes()).unwrap();
    let mut object: serde_json::Map<String, serde_json::Value> =
        notice.iter().map(|(k, v)| ((*k).to_owned(), (*v).into())).collect();
    object.insert("sign_type".to_owned(), "RSA2".into());
    object.insert("sign".to_owned(), sign.into());
    write("notice.json", &serde_json::Value::Object(object).to_string());
    (dir, key)
}

/// Whether a package could be installed into the folder; offline it cannot, which is no failure.
fn installed(program: &str, args: &[&str], dir: &Path) -> bool {
    let Some(output) = ran(program, args, dir) else { return false };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        skipped(&format!(
            "signatures by {program}: it could not install: {}",
            said.lines().next().unwrap_or_default()
        ));
    }
    output.status.success()
}

#[test]
fn the_node_sdk_agrees_p10() {
    let (dir, key) = folder();
    let install =
        ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "alipay-sdk@4.14.0"];
    if !installed("npm", &install, dir.path()) {
        return;
    }
    fs::write(dir.path().join("check.js"), NODE).unwrap();
    let said = ok(&ran("node", &["check.js"], dir.path()).unwrap());
    let signed: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
    // It adds parameters of its own: what it signed is what it says it sends.
    let pairs: Vec<(&str, &str)> = signed
        .as_object()
        .unwrap()
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str().unwrap_or_default()))
        .collect();
    let sign = signed["sign"].as_str().unwrap();
    assert!(key.public().unwrap().verifies(canonical(pairs, &["sign"]).as_bytes(), sign), "{signed}");
}

#[test]
fn the_python_sdk_agrees_p10() {
    let (dir, key) = folder();
    let venv = installed("python3", &["-m", "venv", "venv"], dir.path());
    if !venv
        || !installed(
            "venv/bin/pip",
            &["install", "--quiet", "--retries=0", "--timeout=10", "python-alipay-sdk==3.4.0"],
            dir.path(),
        )
    {
        return;
    }
    fs::write(dir.path().join("check.py"), PYTHON).unwrap();
    let said = ok(&ran("venv/bin/python", &["check.py"], dir.path()).unwrap());
    assert_eq!(said.trim(), key.sign(canonical(params(), &["sign"]).as_bytes()).unwrap());
}
