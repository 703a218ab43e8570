//! Money in: what a server is told about it, and who talks to the rails that collect (P11).

use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Args;
use purser_api::{BankAccount, Collect};
use purser_domain::payments::Method;
use purser_engine::{
    Executor, Meta, call,
    jobs::{Claimed, Hands, Registry},
    payments::{FoundCashier, collect_jobs, run_close, run_refund, run_refund_query},
    ports::{Collector, PageCashier},
};

use crate::rails::Rails;

/// Flags of `purser serve` about money in.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct CollectArgs {
    /// Where payers reach this server, for the links of cashier pages, like <https://pay.example.com>
    #[arg(long, value_name = "URL", env = "PURSER_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// Take money through Alipay's cashier too; the application needs the product for websites
    #[arg(long, env = "PURSER_COLLECT_ALIPAY", requires = "public_url")]
    pub(crate) collect_alipay: bool,
    /// Id of the Alipay account that receives the money; notices about another one are refused
    #[arg(long, value_name = "DIGITS", env = "PURSER_ALIPAY_SELLER_ID")]
    pub(crate) alipay_seller_id: Option<String>,
    /// Holder of the bank account that payers transfer to
    #[arg(long, value_name = "NAME", env = "PURSER_COLLECT_NAME", requires = "collect_number")]
    pub(crate) collect_name: Option<String>,
    /// Number of the bank account that payers transfer to; with it bank transfers are taken
    #[arg(long, value_name = "NUMBER", env = "PURSER_COLLECT_NUMBER", requires = "collect_name")]
    pub(crate) collect_number: Option<String>,
    /// Bank and branch of that account
    #[arg(long, value_name = "BANK", env = "PURSER_COLLECT_BANK", requires = "collect_number")]
    pub(crate) collect_bank: Option<String>,
}

impl CollectArgs {
    /// Browsers come by https alone.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    fn alipay(&self, rails: &Rails, public_url: &str) -> Result<Option<Arc<dyn PageCashier>>> {
        if !self.collect_alipay {
            return Ok(None);
        }
        let Some(alipay) = &rails.alipay else {
            bail!("--collect-alipay needs --alipay-app-id, --alipay-key-file and --alipay-public-key-file");
        };
        if public_url.is_empty() {
            bail!("--collect-alipay needs --public-url: Alipay tells there what was paid");
        }
        let notify = format!("{public_url}/v1/payment-notices/alipay");
        let seller = self.alipay_seller_id.as_deref().unwrap_or_default();
        Ok(Some(Arc::new(alipay.page(seller, &notify))))
    }

    /// What the routes need to know.
    pub(crate) fn collect(&self, executor: &Executor, rails: &Rails) -> Result<Collect> {
        let public_url = self.public_url.clone().unwrap_or_default().trim_end_matches('/').to_owned();
        let web = public_url.starts_with("https://") || public_url.starts_with("http://");
        if !(public_url.is_empty() || web) || public_url.contains(|c: char| !c.is_ascii_graphic()) {
            bail!("--public-url is an address like https://pay.example.com, not `{public_url}`");
        }
        let key = call(&mut executor.clone(), FoundCashier, Meta::system())??;
        let bank = match (&self.collect_name, &self.collect_number) {
            (Some(name), Some(number)) => Some(BankAccount {
                name: name.clone(),
                number: number.clone(),
                bank: self.collect_bank.clone().unwrap_or_default(),
            }),
            _ => None,
        };
        let alipay = self.alipay(rails, &public_url)?;
        Ok(Collect { key, public_url, alipay, bank })
    }
}

/// With the runners of a method's jobs; each gets a collector of its own. None of them ever gives up: money is at
/// stake.
pub(crate) fn with_collector<C: Collector + 'static>(registry: Registry, make: impl Fn() -> C) -> Registry {
    let (mut close, mut refund, mut query) = (make(), make(), make());
    let Some(jobs) = Method::named(close.method()).map(collect_jobs) else { return registry };
    registry
        .with_tireless(jobs.close, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_close(&mut close, job, hands)
        })
        .with_tireless(jobs.refund, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_refund(&mut refund, job, hands)
        })
        .with_tireless(jobs.query, move |job: &Claimed, hands: &mut Hands<'_>| {
            run_refund_query(&mut query, job, hands)
        })
}
