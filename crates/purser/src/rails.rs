//! Which rails this server is connected to: flags and environment, read once at start (P10).

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use purser_api::{Format, StatementReaders};
use purser_domain::{
    bank_files::text::{NAME_MAX, clean, is_account},
    policy::keys,
    time::{DAY, Zone},
};
use purser_engine::{
    Rules,
    bank_files::{self, run_credit, run_drop, run_fix, run_outcome},
    clock::Clock,
    ids::IdSource,
    jobs::{Claimed, Hands, Registry},
    ports::{NoticeReader, Rail, Seal},
    vault::Vault,
    withdrawals::{rail_jobs, run_probe, run_query, run_send},
};
use purser_rails::{
    alipay::{
        self, AlipayCollector, AlipayPage, AlipayRail, Client, Credentials, Https, Notices, Wording,
        certs::{CertificateError, Certificates, of_application, of_gateway, of_roots},
        keys::{SigningKey, VerifyingKey},
        trust,
    },
    bank_file::{self, BankFileRail, Debtor, Folder, Messages, Pain001},
};

use crate::{cmd::Stop, collect::with_collector};

/// Flags that connect rails.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct RailArgs {
    #[command(flatten)]
    alipay: AlipayArgs,
    #[command(flatten)]
    bank: BankArgs,
}

/// Flags that connect Alipay.
#[derive(Args, Debug, Clone, Default)]
#[command(
    next_help_heading = "Alipay (application and key, with Alipay's public key or the three certificates; or none)"
)]
struct AlipayArgs {
    /// Id of the application at the open platform
    #[arg(long = "alipay-app-id", value_name = "DIGITS", env = "PURSER_ALIPAY_APP_ID")]
    app_id: Option<String>,
    /// The application's private key: PKCS#8 or PKCS#1, PEM or bare base64
    #[arg(long = "alipay-key-file", value_name = "FILE", env = "PURSER_ALIPAY_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Alipay's public key, as the platform's console shows it beside the application's own
    #[arg(long = "alipay-public-key-file", value_name = "FILE", env = "PURSER_ALIPAY_PUBLIC_KEY_FILE")]
    public_key_file: Option<PathBuf>,
    /// The application's certificate (appCertPublicKey), where it uses certificates; transfers ask for them
    #[arg(long = "alipay-app-cert-file", value_name = "FILE", env = "PURSER_ALIPAY_APP_CERT_FILE",
        requires_all = ["cert_file", "root_cert_file"], conflicts_with = "public_key_file")]
    app_cert_file: Option<PathBuf>,
    /// Alipay's certificate (`alipayCertPublicKey_RSA2`), in place of its public key
    #[arg(long = "alipay-cert-file", value_name = "FILE", env = "PURSER_ALIPAY_CERT_FILE",
        requires_all = ["app_cert_file", "root_cert_file"])]
    cert_file: Option<PathBuf>,
    /// Alipay's root certificates (alipayRootCert)
    #[arg(long = "alipay-root-cert-file", value_name = "FILE", env = "PURSER_ALIPAY_ROOT_CERT_FILE",
        requires_all = ["app_cert_file", "cert_file"])]
    root_cert_file: Option<PathBuf>,
    /// Address of the gateway
    #[arg(long = "alipay-gateway", value_name = "URL", env = "PURSER_ALIPAY_GATEWAY", default_value = alipay::GATEWAY)]
    gateway: String,
    /// Seconds that a call may take; then its outcome is unknown and asked for
    #[arg(long = "alipay-time-out", value_name = "SECONDS", env = "PURSER_ALIPAY_TIME_OUT", default_value_t = 15,
        value_parser = clap::value_parser!(u64).range(1..=50))]
    time_out: u64,
    /// Calls that are under way at the same time
    #[arg(long = "alipay-connections", value_name = "N", env = "PURSER_ALIPAY_CONNECTIONS", default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=32))]
    connections: u8,
    /// What payees read as the title of a transfer
    #[arg(long = "alipay-title", value_name = "TEXT", env = "PURSER_ALIPAY_TITLE", default_value = "提现")]
    title: String,
    /// The scene of the contract, where it names one, like 佣金报酬
    #[arg(long = "alipay-scene", value_name = "TEXT", env = "PURSER_ALIPAY_SCENE", default_value = "")]
    scene: String,
    /// What the scene has to report; may be given several times
    #[arg(long = "alipay-scene-report", value_name = "KIND=CONTENT", value_parser = pair)]
    scene_report: Vec<(String, String)>,
}

/// Flags that connect a bank.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Bank files (account and name, or none)")]
struct BankArgs {
    /// Number of the platform's account at the bank
    #[arg(long = "bank-file-account", value_name = "NUMBER", env = "PURSER_BANK_FILE_ACCOUNT")]
    account: Option<String>,
    /// Name of its holder, as the bank knows it
    #[arg(long = "bank-file-name", value_name = "TEXT", env = "PURSER_BANK_FILE_NAME")]
    name: Option<String>,
    /// Clearing code of the bank (CNAPS, 12 digits), where its interface asks for it
    #[arg(long = "bank-file-code", value_name = "DIGITS", env = "PURSER_BANK_FILE_CODE", default_value = "")]
    code: String,
    /// What payees read
    #[arg(
        long = "bank-file-words",
        value_name = "TEXT",
        env = "PURSER_BANK_FILE_WORDS",
        default_value = "提现"
    )]
    words: String,
    /// Folder that the bank's client reads: files go there by themselves; without it staff downloads them
    #[arg(long = "bank-file-dir", value_name = "DIR", env = "PURSER_BANK_FILE_DIR")]
    dir: Option<PathBuf>,
}

/// What it takes to write files for a bank.
#[derive(Debug, Clone)]
pub(crate) struct BankFiles {
    debtor: Debtor,
    dir: Option<PathBuf>,
}

/// The vault as bank files use it.
struct VaultSeal {
    vault: Arc<Vault>,
    ids: Mutex<IdSource>,
}

impl Seal for VaultSeal {
    fn seal(&self, purpose: &str, clear: &str) -> Result<String, String> {
        let secret = self.ids.lock().unwrap_or_else(PoisonError::into_inner).secret();
        Ok(self.vault.seal(purpose, clear, secret))
    }

    fn open(&self, purpose: &str, sealed: &str) -> Result<String, String> {
        self.vault.open(purpose, sealed).map_err(|error| error.to_string())
    }

    fn index(&self, purpose: &str, clear: &str) -> String {
        self.vault.index(purpose, clear)
    }
}

/// How files and their payees are sealed.
pub(crate) fn sealing(vault: &Arc<Vault>) -> Arc<dyn Seal> {
    Arc::new(VaultSeal { vault: Arc::clone(vault), ids: Mutex::new(IdSource::system()) })
}

impl BankArgs {
    fn read(&self) -> Result<Option<BankFiles>> {
        let (Some(account), Some(name)) = (&self.account, &self.name) else {
            return match (&self.account, &self.name, &self.dir) {
                (None, None, None) => Ok(None),
                (None, _, _) => Err(usage("the bank-file rail needs --bank-file-account too".to_owned())),
                _ => Err(usage("the bank-file rail needs --bank-file-name too".to_owned())),
            };
        };
        if !is_account(account) {
            return Err(usage("--bank-file-account has 1 to 34 letters, digits, `-`, `_` or `.`".to_owned()));
        }
        if clean(name, NAME_MAX).is_empty() {
            return Err(usage("--bank-file-name holds nothing that a bank can read".to_owned()));
        }
        let digits = self.code.len() == 12 && self.code.bytes().all(|b| b.is_ascii_digit());
        if !self.code.is_empty() && !digits {
            return Err(usage("--bank-file-code has 12 digits".to_owned()));
        }
        if let Some(dir) = self.dir.as_ref().filter(|dir| !dir.is_dir()) {
            return Err(usage(format!("--bank-file-dir: there is no folder {}", dir.display())));
        }
        let debtor = Debtor {
            name: name.clone(),
            account: account.clone(),
            bank_code: self.code.clone(),
            words: self.words.clone(),
        };
        Ok(Some(BankFiles { debtor, dir: self.dir.clone() }))
    }
}

impl BankFiles {
    /// Who runs the jobs of the rail and of its files.
    fn registry(&self, seal: &Arc<dyn Seal>) -> Registry {
        let registry = with_rail(Registry::new(), || BankFileRail::new(Arc::clone(seal)));
        let format = Pain001 { debtor: self.debtor.clone(), zone: Zone::shanghai() };
        let (fixing, to_folder) = (Arc::clone(seal), self.dir.is_some());
        let registry = registry
            .with_tireless(bank_files::FIX, move |job: &Claimed, hands: &mut Hands<'_>| {
                run_fix(fixing.as_ref(), &format, to_folder, job, hands)
            })
            .with_tireless(bank_files::CREDIT, |job: &Claimed, hands: &mut Hands<'_>| run_credit(job, hands))
            .with_tireless(bank_files::OUTCOME, |job: &Claimed, hands: &mut Hands<'_>| {
                run_outcome(job, hands)
            });
        let Some(path) = self.dir.clone() else { return registry };
        let (seal, folder) = (Arc::clone(seal), Folder { path });
        registry.with_tireless(bank_files::DROP, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_drop(seal.as_ref(), &folder, job, hands)
        })
    }

    /// Who reads the bank's messages.
    pub(crate) fn reader(&self) -> Messages {
        Messages { account: Some(self.debtor.account.clone()) }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(kind, content)| !kind.is_empty() && !content.is_empty());
    pair.map(|(kind, content)| (kind.to_owned(), content.to_owned()))
        .ok_or_else(|| "write KIND=CONTENT".to_owned())
}

/// What it takes to reach Alipay.
#[derive(Debug, Clone)]
pub(crate) struct Alipay {
    credentials: Credentials,
    gateway: String,
    time_out: Duration,
    connections: u8,
    wording: Wording,
}

/// The rails that this server is connected to, besides the sandbox's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rails {
    pub(crate) alipay: Option<Alipay>,
    pub(crate) bank: Option<BankFiles>,
}

fn usage(text: String) -> anyhow::Error {
    Stop::Usage(text).into()
}

fn key_text(flag: &str, file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{flag}: reading {}", file.display()))
}

/// TLS, or a gateway on this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    if url.starts_with("https://") {
        return true;
    }
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    // What stands before an @ is a name, not the host.
    !authority.contains('@')
        && (host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
}

impl RailArgs {
    /// Reads what the flags name.
    pub(crate) fn read(&self) -> Result<Rails> {
        Ok(Rails { alipay: self.alipay.read()?, bank: self.bank.read()? })
    }
}

impl AlipayArgs {
    fn read(&self) -> Result<Option<Alipay>> {
        let given = [
            ("--alipay-app-id", self.app_id.is_some()),
            ("--alipay-key-file", self.key_file.is_some()),
            ("--alipay-public-key-file", self.public_key_file.is_some() || self.cert_file.is_some()),
        ];
        let (Some(app_id), Some(key), [(_, true), (_, true), (_, true)]) =
            (&self.app_id, &self.key_file, given)
        else {
            let missing: Vec<&str> = given.iter().filter(|(_, is)| !is).map(|(flag, _)| *flag).collect();
            if missing.len() == given.len() {
                return Ok(None);
            }
            return Err(usage(format!("the Alipay rail needs {} too", missing.join(" and "))));
        };
        if app_id.is_empty() || app_id.len() > 32 || !app_id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(usage("--alipay-app-id is the number that the platform's console shows".to_owned()));
        }
        if !is_safe(&self.gateway) {
            let text = "--alipay-gateway must begin with https://; plain http:// only leads to this machine";
            return Err(usage(text.to_owned()));
        }
        if self.title.is_empty() || self.title.chars().count() > 128 {
            return Err(usage("--alipay-title has 1 to 128 characters".to_owned()));
        }
        let text = key_text("--alipay-key-file", key)?;
        let signing = SigningKey::read(&text)
            .map_err(|e| usage(format!("--alipay-key-file {}: {e}", key.display())))?;
        let (gateway_key, certificates) = self.other_side(&signing)?;
        if signing.public().is_ok_and(|own| own == gateway_key) {
            let flag = if certificates.is_some() { "--alipay-cert-file" } else { "--alipay-public-key-file" };
            let text = format!(
                "{flag} holds the application's own public key; it must be Alipay's, which the console shows beside it"
            );
            return Err(usage(text));
        }
        Ok(Some(Alipay {
            credentials: Credentials {
                app_id: app_id.clone(),
                key: Arc::new(signing),
                gateway_key,
                certificates,
            },
            gateway: self.gateway.clone(),
            time_out: Duration::from_secs(self.time_out),
            connections: self.connections,
            wording: Wording {
                title: self.title.clone(),
                scene: self.scene.clone(),
                scene_reports: self.scene_report.clone(),
            },
        }))
    }
}

impl AlipayArgs {
    /// What Alipay's signatures are verified with: its public key, or certificates.
    fn other_side(&self, own: &SigningKey) -> Result<(VerifyingKey, Option<Certificates>)> {
        if let Some(file) = &self.public_key_file {
            let flag = "--alipay-public-key-file";
            let key = VerifyingKey::read(&key_text(flag, file)?);
            return Ok((key.map_err(|e| usage(format!("{flag} {}: {e}", file.display())))?, None));
        }
        self.certificates(own).map(|(key, certificates)| (key, Some(certificates)))
    }

    /// Reads the three certificates, which must be in force and Alipay's: a server that begins with others would take
    /// every payout in and carry out none.
    fn certificates(&self, own: &SigningKey) -> Result<(VerifyingKey, Certificates)> {
        let app = CertificateFile::read("--alipay-app-cert-file", self.app_cert_file.as_ref())?;
        let gateway = CertificateFile::read("--alipay-cert-file", self.cert_file.as_ref())?;
        let roots = CertificateFile::read("--alipay-root-cert-file", self.root_cert_file.as_ref())?;
        let app_sn = app.says(of_application(&app.text, own))?;
        let (gateway_sn, key) = gateway.says(of_gateway(&gateway.text))?;
        let root_sn = roots.says(of_roots(&roots.text))?;
        let now = Clock::system().machine();
        let ends = [
            (&app, app.says(trust::usable(&app.text, &[&roots.text, &gateway.text], now))?),
            (&gateway, gateway.says(trust::trusted(&gateway.text, &roots.text, now))?),
        ];
        for (file, until) in ends {
            if until < now.plus(CERTIFICATE_WARNING) {
                tracing::warn!(file = file.flag, %until, "a certificate ends soon: fetch the new one from the console");
            }
        }
        Ok((key, Certificates { app_sn, root_sn, gateway_sn }))
    }
}

/// So long before it ends a certificate is spoken of.
const CERTIFICATE_WARNING: i64 = 30 * DAY;

/// A file with a certificate, and the flag that names it.
struct CertificateFile<'a> {
    flag: &'static str,
    path: &'a PathBuf,
    text: String,
}

impl<'a> CertificateFile<'a> {
    fn read(flag: &'static str, path: Option<&'a PathBuf>) -> Result<Self> {
        let path = path.ok_or_else(|| usage(format!("the Alipay rail needs {flag} too")))?;
        Ok(Self { flag, path, text: key_text(flag, path)? })
    }

    fn says<T>(&self, read: Result<T, CertificateError>) -> Result<T> {
        read.map_err(|e| usage(format!("{} {}: {e}", self.flag, self.path.display())))
    }
}

impl Alipay {
    /// A client with a connection of its own.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.credentials.clone(), &self.gateway, Box::new(Https::new(self.time_out)))
    }

    /// Alipay's cashier page. `notify_url`: where it tells what was paid.
    pub(crate) fn page(&self, seller_id: &str, notify_url: &str) -> AlipayPage {
        AlipayPage::new(self.client(), self.credentials.clone(), seller_id, notify_url)
    }

    fn rail(&self) -> AlipayRail {
        AlipayRail::new(self.client(), self.wording.clone())
    }
}

/// With the runners of a rail's jobs; each gets a rail of its own.
pub(crate) fn with_rail<R: Rail + 'static>(registry: Registry, make: impl Fn() -> R) -> Registry {
    let (mut send, mut query, mut probe) = (make(), make(), make());
    let jobs = rail_jobs(send.name());
    registry
        .with_tireless(jobs.send, move |job: &Claimed, hands: &mut Hands<'_>| run_send(&mut send, job, hands))
        .with_tireless(jobs.query, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_query(&mut query, job, hands)
        })
        .with_tireless(jobs.probe, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_probe(&mut probe, job, hands)
        })
}

impl Rails {
    /// Names.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        let alipay = self.alipay.iter().map(|_| alipay::NAME);
        alipay.chain(self.bank.iter().map(|_| bank_file::NAME)).collect()
    }

    /// How many work on a rail of [`Self::names`] side by side.
    pub(crate) fn connections(&self, rail: &str) -> u8 {
        self.alipay
            .iter()
            .filter(|_| rail == alipay::NAME)
            .map(|alipay| alipay.connections)
            .next()
            .unwrap_or(1)
    }

    /// Who runs the jobs of a rail of [`Self::names`].
    pub(crate) fn registry(&self, rail: &str, vault: Option<&Arc<Vault>>) -> Registry {
        match (&self.alipay, &self.bank) {
            (Some(alipay), _) if rail == alipay::NAME => {
                let registry = with_rail(Registry::new(), || alipay.rail());
                with_collector(registry, || AlipayCollector::new(alipay.client()))
            }
            (_, Some(bank)) if rail == bank_file::NAME => {
                vault.map_or_else(Registry::new, |vault| bank.registry(&sealing(vault)))
            }
            _ => Registry::new(),
        }
    }

    /// Who reads statements: of the bank only those of the account that is connected.
    pub(crate) fn statements(&self) -> StatementReaders {
        let own =
            bank_file::Statements { account: self.bank.as_ref().map(|bank| bank.debtor.account.clone()) };
        StatementReaders::default()
            .with(Some(bank_file::NAME), Format::Xml, Arc::new(own))
            .with(None, Format::Xml, Arc::new(bank_file::Statements::default()))
            .with(None, Format::Csv, Arc::new(alipay::Bills))
    }

    /// Who reads the notices.
    pub(crate) fn notices(&self) -> Vec<Arc<dyn NoticeReader>> {
        let alipay = self.alipay.iter().map(|alipay| -> Arc<dyn NoticeReader> {
            let Credentials { app_id, gateway_key, .. } = &alipay.credentials;
            Arc::new(Notices { app_id: app_id.clone(), gateway_key: gateway_key.clone() })
        });
        alipay.collect()
    }

    /// Says which rails policy uses and this server cannot reach: payouts on them wait for a server that can.
    pub(crate) fn warn_of_missing(&self, rules: &Rules, now: purser_domain::time::Timestamp) {
        let (names, policy) = (self.names(), rules.policy.now(now));
        for rail in keys::RAILS.iter().filter(|rail| **rail != "sandbox" && !names.contains(rail)) {
            if keys::of_rail(rail).is_some_and(|keys| policy.value(keys.enabled)) {
                tracing::warn!(rail, "policy uses this rail, but this server is not connected to it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leads_to_this_machine_only() {
        for url in [
            "https://openapi.alipay.com/gateway.do",
            "http://127.0.0.1:9/x",
            "http://localhost",
            "http://[::1]:1/",
        ] {
            assert!(is_safe(url), "{url}");
        }
        for url in [
            "http://openapi.alipay.com/",
            "http://127.0.0.1.example.com",
            "http://localhost:80@example.com/",
            "ftp://127.0.0.1",
            "http://10.0.0.1",
            "",
        ] {
            assert!(!is_safe(url), "{url}");
        }
    }
}
