//! Which of the platform's services this server calls: whoever sends messages to phones (P8, P15), and whoever verifies
//! identities (P7). Flags and environment, read once at start.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use clap::Args;
use purser_api::webhook_body;
use purser_engine::{
    identity::{SEND_CODE, VERIFY, run_send_code, run_verify},
    jobs::{Claimed, Hands, Registry},
    ports::{Courier, Sender, Verifier},
    rules,
    webhooks::{DELIVER, run_delivery},
    withdrawals::{NOTICE_TRIES, SEND_NOTICE, run_send_notice},
};
use purser_rails::{
    SandboxSender, SandboxVerifier,
    services::{Endpoint, HttpCourier, HttpSender, HttpVerifier, Secret},
};

use crate::{cmd::Stop, rails::is_safe};

/// Flags that connect services.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    sms: SmsArgs,
    #[command(flatten)]
    verifier: VerifierArgs,
    #[command(flatten)]
    webhooks: WebhookArgs,
}

/// Flags of the service that sends messages.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Messages to phones (address and secret, or none)")]
#[expect(clippy::struct_field_names, reason = "the names of a command's arguments are unique")]
struct SmsArgs {
    /// Address that is called for each message
    #[arg(long = "sms-url", value_name = "URL", env = "PURSER_SMS_URL")]
    sms_url: Option<String>,
    /// File with the secret that calls are signed with, `whsec_…`; instead, `PURSER_SMS_SECRET` may hold its text
    #[arg(long = "sms-secret-file", value_name = "FILE", env = "PURSER_SMS_SECRET_FILE")]
    sms_secret_file: Option<PathBuf>,
    /// Seconds that a call may take; then it is made again later, under the same id
    #[arg(long = "sms-time-out", value_name = "SECONDS", env = "PURSER_SMS_TIME_OUT", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=50))]
    sms_time_out: u32,
    /// Calls that are under way at the same time, for codes and for notices each
    #[arg(long = "sms-connections", value_name = "N", env = "PURSER_SMS_CONNECTIONS", default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=32))]
    sms_connections: u8,
}

/// Flags of the service that verifies identities.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Verification of identities (address and secret, or none)")]
#[expect(clippy::struct_field_names, reason = "the names of a command's arguments are unique")]
struct VerifierArgs {
    /// Address that is called for each identity
    #[arg(long = "verifier-url", value_name = "URL", env = "PURSER_VERIFIER_URL")]
    verifier_url: Option<String>,
    /// File with the secret that calls are signed with, `whsec_…`; instead, `PURSER_VERIFIER_SECRET` may hold its text
    #[arg(long = "verifier-secret-file", value_name = "FILE", env = "PURSER_VERIFIER_SECRET_FILE")]
    verifier_secret_file: Option<PathBuf>,
    /// Seconds that a call may take; then it is made again later, under the same id
    #[arg(long = "verifier-time-out", value_name = "SECONDS", env = "PURSER_VERIFIER_TIME_OUT",
        default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=50))]
    verifier_time_out: u32,
    /// Calls that are under way at the same time
    #[arg(long = "verifier-connections", value_name = "N", env = "PURSER_VERIFIER_CONNECTIONS",
        default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    verifier_connections: u8,
}

/// Flags of webhooks.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Webhooks (made with `POST /v1/webhooks`)")]
#[expect(clippy::struct_field_names, reason = "the names of a command's arguments are unique")]
struct WebhookArgs {
    /// Seconds that a message may take; then it is sent again later, under the same id
    #[arg(long = "webhook-time-out", value_name = "SECONDS", env = "PURSER_WEBHOOK_TIME_OUT", default_value_t = 15,
        value_parser = clap::value_parser!(u32).range(1..=50))]
    webhook_time_out: u32,
    /// Messages that are under way at the same time
    #[arg(long = "webhook-connections", value_name = "N", env = "PURSER_WEBHOOK_CONNECTIONS", default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=32))]
    webhook_connections: u8,
    /// Allow addresses of this server's own network, and plain http://: whoever may make webhooks can then reach what
    /// this server can
    #[arg(long = "webhook-private-addresses", env = "PURSER_WEBHOOK_PRIVATE_ADDRESSES")]
    webhook_private_addresses: bool,
}

impl Default for WebhookArgs {
    fn default() -> Self {
        Self { webhook_time_out: 15, webhook_connections: 4, webhook_private_addresses: false }
    }
}

/// Who carries webhooks, and how many at the same time.
#[derive(Debug, Clone)]
struct Webhooks {
    courier: HttpCourier,
    connections: u8,
    time_out: u32,
}

/// A service and how often it may be called at the same time.
#[derive(Debug, Clone)]
struct Service {
    endpoint: Endpoint,
    connections: u8,
    time_out: u32,
}

/// Who sends and who verifies for these books.
#[derive(Debug, Clone, Default)]
pub(crate) struct Services {
    sms: Option<Service>,
    verifier: Option<Service>,
    webhooks: Option<Webhooks>,
    /// Webhooks may name addresses of this server's own network.
    pub(crate) private_webhooks: bool,
    /// These books have phones and a verifier of their own, for whatever no service is given.
    pub(crate) sandbox: bool,
}

/// Work that has threads of its own, so that it holds up nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Codes: somebody waits for each.
    Codes,
    /// Notices: nobody does.
    Notices,
    /// Identities.
    Identities,
    /// Messages to addresses of the platform.
    Webhooks,
}

fn usage(text: String) -> anyhow::Error {
    Stop::Usage(text).into()
}

/// What the flags of one service hold.
struct Given<'a> {
    flag: &'static str,
    variable: &'static str,
    url: Option<&'a String>,
    secret_file: Option<&'a PathBuf>,
    time_out: u32,
    connections: u8,
}

impl Given<'_> {
    fn read(&self) -> Result<Option<Service>> {
        let flag = self.flag;
        let text = std::env::var(self.variable).ok().filter(|text| !text.trim().is_empty());
        let Some(url) = self.url else {
            if self.secret_file.is_some() {
                return Err(usage(format!("--{flag}-secret-file needs --{flag}-url too")));
            }
            return Ok(None);
        };
        if !is_safe(url) {
            let text = "must begin with https://; plain http:// only leads to this machine";
            return Err(usage(format!("--{flag}-url {text}")));
        }
        let (from, text) = match (self.secret_file, text) {
            (Some(file), _) => {
                let text = fs::read_to_string(file);
                let from = format!("--{flag}-secret-file {}", file.display());
                (from.clone(), text.with_context(|| from)?)
            }
            (None, Some(text)) => (self.variable.to_owned(), text),
            (None, None) => {
                return Err(usage(format!(
                    "--{flag}-url needs --{flag}-secret-file too, or the variable {}",
                    self.variable
                )));
            }
        };
        let secret = Secret::read(&text).map_err(|error| usage(format!("{from}: {error}")))?;
        let endpoint = Endpoint::new(url, secret, Duration::from_secs(self.time_out.into()));
        Ok(Some(Service { endpoint, connections: self.connections, time_out: self.time_out }))
    }
}

impl ServiceArgs {
    /// Those of a sandbox that somebody tries on their own machine.
    pub(crate) fn on_this_machine() -> Self {
        let webhooks = WebhookArgs { webhook_private_addresses: true, ..WebhookArgs::default() };
        Self { webhooks, ..Self::default() }
    }

    /// Reads what the flags name.
    pub(crate) fn read(&self) -> Result<Services> {
        let (sms, verifier) = (&self.sms, &self.verifier);
        let sms = Given {
            flag: "sms",
            variable: "PURSER_SMS_SECRET",
            url: sms.sms_url.as_ref(),
            secret_file: sms.sms_secret_file.as_ref(),
            time_out: sms.sms_time_out,
            connections: sms.sms_connections,
        };
        let verifier = Given {
            flag: "verifier",
            variable: "PURSER_VERIFIER_SECRET",
            url: verifier.verifier_url.as_ref(),
            secret_file: verifier.verifier_secret_file.as_ref(),
            time_out: verifier.verifier_time_out,
            connections: verifier.verifier_connections,
        };
        let given = &self.webhooks;
        let private_webhooks = given.webhook_private_addresses;
        let webhooks = Some(Webhooks {
            courier: HttpCourier::new(Duration::from_secs(given.webhook_time_out.into()), private_webhooks),
            connections: given.webhook_connections,
            time_out: given.webhook_time_out,
        });
        let (sms, verifier) = (sms.read()?, verifier.read()?);
        Ok(Services { sms, verifier, webhooks, private_webhooks, sandbox: false })
    }
}

fn with_codes(registry: Registry, mut sender: impl Sender + 'static) -> Registry {
    registry
        .with(SEND_CODE, move |job: &Claimed, hands: &mut Hands<'_>| run_send_code(&mut sender, job, hands))
}

fn with_notices(registry: Registry, mut sender: impl Sender + 'static) -> Registry {
    let run = move |job: &Claimed, hands: &mut Hands<'_>| run_send_notice(&mut sender, job, hands);
    registry.with_tries(SEND_NOTICE, NOTICE_TRIES, run)
}

fn with_deliveries(registry: Registry, mut courier: impl Courier + 'static) -> Registry {
    let run =
        move |job: &Claimed, hands: &mut Hands<'_>| run_delivery(&mut courier, webhook_body, job, hands);
    registry.with_tireless(DELIVER, run)
}

fn with_identities(registry: Registry, mut verifier: impl Verifier + 'static) -> Registry {
    registry.with_tireless(VERIFY, move |job: &Claimed, hands: &mut Hands<'_>| {
        run_verify(&mut verifier, job, hands)
    })
}

impl Services {
    /// Those of a sandbox that nobody else serves.
    pub(crate) fn of_sandbox() -> Self {
        Self { sandbox: true, ..Self::default() }
    }

    /// What is reached outside.
    pub(crate) const fn reached(&self) -> rules::Services {
        rules::Services { sender: self.sms.is_some(), verifier: self.verifier.is_some() }
    }

    /// Who does what waits for nobody outside, in the sandbox's own world.
    pub(crate) fn inside(&self, registry: Registry) -> Registry {
        let registry = match (&self.sms, self.sandbox) {
            (None, true) => with_codes(registry, SandboxSender),
            _ => registry,
        };
        match (&self.verifier, self.sandbox) {
            (None, true) => with_identities(registry, SandboxVerifier),
            _ => registry,
        }
    }

    /// The lanes that have something to do, by how many threads each, and how many seconds a call may take.
    pub(crate) fn lanes(&self) -> Vec<(Lane, u8, u32)> {
        let mut lanes = Vec::new();
        match (&self.sms, self.sandbox) {
            (Some(sms), _) => {
                lanes.extend([Lane::Codes, Lane::Notices].map(|lane| (lane, sms.connections, sms.time_out)));
            }
            (None, true) => lanes.push((Lane::Notices, 1, 0)),
            (None, false) => {}
        }
        lanes.extend(self.webhooks.iter().map(|one| (Lane::Webhooks, one.connections, one.time_out)));
        lanes.extend(self.verifier.iter().map(|one| (Lane::Identities, one.connections, one.time_out)));
        lanes
    }

    /// Who does what a lane has to do.
    pub(crate) fn registry(&self, lane: Lane) -> Registry {
        let registry = Registry::new();
        let sender = self.sms.as_ref().map(|sms| HttpSender::new(sms.endpoint.clone()));
        match (lane, sender, &self.verifier) {
            (Lane::Codes, Some(sender), _) => with_codes(registry, sender),
            (Lane::Notices, Some(sender), _) => with_notices(registry, sender),
            (Lane::Notices, None, _) if self.sandbox => with_notices(registry, SandboxSender),
            (Lane::Webhooks, ..) => match &self.webhooks {
                Some(webhooks) => with_deliveries(registry, webhooks.courier.clone()),
                None => registry,
            },
            (Lane::Identities, _, Some(service)) => {
                with_identities(registry, HttpVerifier::new(service.endpoint.clone()))
            }
            _ => registry,
        }
    }
}
