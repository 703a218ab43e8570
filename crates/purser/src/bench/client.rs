//! The load client of `purser bench http`, `… withdrawals` and `… credit`: raw keep-alive HTTP/1.1, one request under
//! way per connection.
//!
//! It is cheap on purpose, because it shares the machine with the server it measures.

use std::{cell::RefCell, fmt::Write as _, net::SocketAddr, path::PathBuf, rc::Rc};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use purser_domain::{
    ids::{TransferId, Uid},
    time::Timestamp,
};
use purser_engine::clock::Stopwatch;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
};

use super::{
    charges::campaign,
    credit::{limit_shop, merchant},
    http::{hot_account, reference},
    report::percentile,
    withdrawals::{amount, creator},
};

/// What is asked for, unless there are codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Transfers between accounts.
    Transfers,
    /// Authorisations of pay-later orders.
    Authorisations,
    /// The limit of a shop at a past instant.
    Limits,
    /// Clicks of campaigns.
    Clicks,
}

impl Work {
    /// Whoever has a number, as requests name them.
    fn account(self, index: u64) -> String {
        match self {
            Self::Transfers => reference(index).id().to_string(),
            Self::Authorisations => merchant(index).to_string(),
            Self::Limits => limit_shop(index).to_string(),
            Self::Clicks => campaign(index).to_string(),
        }
    }
}

/// Of so many reads of past limits one is of the first shop, which has the most evaluations.
const DEEP: u64 = 8;

/// Flags; filled in by the benches.
#[derive(Args)]
pub(crate) struct ClientArgs {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    requests: u64,
    /// Accounts, merchants or shops that requests are spread over.
    #[arg(long, default_value_t = 0, required_unless_present = "codes")]
    accounts: u64,
    /// Every transfer credits the one account without a floor.
    #[arg(long)]
    hot: bool,
    /// Transfers have random ids of the client's.
    #[arg(long)]
    random_ids: bool,
    /// Request withdrawals instead of transfers: a file with the code of each creator, one a line.
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
    /// What is asked for.
    #[arg(long, value_enum, default_value_t = Work::Transfers)]
    work: Work,
    /// When orders are authorised; for limits the first instant that is asked about, µs.
    #[arg(long, default_value_t = 0)]
    since: i64,
    /// For limits the last instant that is asked about, µs.
    #[arg(long, default_value_t = 0)]
    until: i64,
    #[arg(long, env = "PURSER_BENCH_TOKEN", hide_env_values = true)]
    token: String,
}

/// What all connections share; one thread runs them.
struct Load {
    work: Work,
    /// The account that every transfer credits.
    hot: Option<String>,
    random_ids: bool,
    since: i64,
    until: i64,
    /// Accounts, or creators when there are codes.
    accounts: Vec<String>,
    /// The code of each creator; empty for transfers.
    codes: Vec<String>,
    left: u64,
    next: u64,
    dice: u64,
    times: Vec<u64>,
    made: u64,
    replayed: u64,
    refused: u64,
    failed: u64,
}

impl Load {
    fn roll(&mut self, below: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        ((u128::from(self.dice) * u128::from(below)) >> 64) as u64
    }

    fn account(&self, index: u64) -> Option<&String> {
        self.accounts.get(usize::try_from(index).ok()?)
    }

    /// The next request into `out`; false when there is none. One in a hundred repeats the one before on the same
    /// connection, one in a hundred asks for more than any account has.
    fn request(&mut self, head: &str, out: &mut String) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let roll = self.roll(100);
        if roll == 0 && !out.is_empty() {
            return true;
        }
        out.clear();
        if !self.codes.is_empty() {
            return self.withdrawal(head, out, roll);
        }
        match self.work {
            Work::Transfers => self.transfer(head, out, roll),
            Work::Authorisations => self.authorisation(head, out, roll),
            Work::Limits => self.limit(head, out),
            Work::Clicks => self.click(head, out, roll),
        }
    }

    fn transfer(&mut self, head: &str, out: &mut String, roll: u64) -> bool {
        let count = self.accounts.len() as u64;
        let debit = self.roll(count);
        let credit = (debit + 1 + self.roll(count - 1)) % count;
        let amount = if roll == 1 { 9_000_000_000_000_000 } else { 1 + self.roll(100) };
        let id = if self.random_ids { self.random_id() } else { String::new() };
        let credit = self.hot.as_ref().or_else(|| self.account(credit));
        let (Some(debit), Some(credit)) = (self.account(debit), credit) else { return false };
        let body = format!("{{{id}\"debit\":\"{debit}\",\"credit\":\"{credit}\",\"amount_minor\":{amount}}}");
        let (key, length) = (self.next, body.len());
        let _ =
            write!(out, "{head}Idempotency-Key: bench-{key:012}\r\nContent-Length: {length}\r\n\r\n{body}");
        self.next += 1;
        true
    }

    /// The field of an id that falls anywhere among the others.
    fn random_id(&mut self) -> String {
        let mut bytes = [0; 16];
        for half in bytes.chunks_exact_mut(8) {
            let _ = self.roll(1);
            half.copy_from_slice(&self.dice.to_be_bytes());
        }
        format!("\"id\":\"{}\",", TransferId(Uid(bytes)))
    }

    /// The next order, of merchants who take turns; one in a hundred is paid that was never authorised.
    fn authorisation(&mut self, head: &str, out: &mut String, roll: u64) -> bool {
        let (key, merchants) = (self.next, self.accounts.len() as u64);
        let event = if roll == 1 { "paid" } else { "authorised" };
        let (at, amount) = (Timestamp(self.since), 1 + key % 50_000);
        let Some(merchant) = self.account(key % merchants) else { return false };
        let body = format!(
            "{{\"order_id\":\"http-{key}\",\"merchant_id\":\"{merchant}\",\"event\":\"{event}\",\
             \"amount_minor\":{amount},\"at\":\"{at}\"}}"
        );
        let length = body.len();
        let _ =
            write!(out, "{head}Idempotency-Key: bench-{key:012}\r\nContent-Length: {length}\r\n\r\n{body}");
        self.next += 1;
        true
    }

    /// The next click, of campaigns that take turns; one in a hundred costs nothing, which is refused.
    fn click(&mut self, head: &str, out: &mut String, roll: u64) -> bool {
        let (key, campaigns) = (self.next, self.accounts.len() as u64);
        let price = if roll == 1 { 0 } else { 5 + key % 96 };
        let at = Timestamp(self.since);
        let Some(campaign) = self.account(key % campaigns) else { return false };
        let body = format!(
            "{{\"click_id\":\"s{:013x}-{key:010}\",\"campaign_id\":\"{campaign}\",\"click_at\":\"{at}\",\
             \"price_minor\":{price}}}",
            self.since
        );
        let length = body.len();
        let _ = write!(out, "{head}Content-Length: {length}\r\n\r\n{body}");
        self.next += 1;
        true
    }

    /// A read of a past limit: any shop, any instant.
    fn limit(&mut self, head: &str, out: &mut String) -> bool {
        let count = self.accounts.len() as u64;
        let shop = if self.roll(DEEP) == 0 { 0 } else { self.roll(count) };
        let after = self.roll(u64::try_from(self.until - self.since).unwrap_or(1).max(1));
        let at = Timestamp(self.since).plus(i64::try_from(after).unwrap_or(0));
        let Some(shop) = self.account(shop) else { return false };
        let _ = write!(out, "GET /v1/parties/{shop}/limit?at={at} HTTP/1.1\r\n{head}\r\n");
        true
    }

    /// The next withdrawal, of a creator who has not asked before; false when everybody has. One in a hundred asks for
    /// more than there is, one in a hundred enters another code.
    fn withdrawal(&mut self, head: &str, out: &mut String, roll: u64) -> bool {
        let index = self.next;
        let (Some(party), Some(code)) = (self.account(index), self.code(index)) else { return false };
        let amount = if roll == 1 { 9_000_000_000_000_000 } else { amount(index) };
        let other = if code.starts_with('0') { "1" } else { "0" };
        let (first, rest) = code.split_at(1);
        let first = if roll == 2 { other } else { first };
        let body =
            format!("{{\"party_id\":\"{party}\",\"amount_minor\":{amount},\"code\":\"{first}{rest}\"}}");
        let length = body.len();
        let _ =
            write!(out, "{head}Idempotency-Key: bench-{index:012}\r\nContent-Length: {length}\r\n\r\n{body}");
        self.next += 1;
        true
    }

    fn code(&self, index: u64) -> Option<&String> {
        self.codes.get(usize::try_from(index).ok()?)
    }

    fn answer(&mut self, micros: u64, head: &[u8]) {
        self.times.push(micros);
        let status = head.get(9..12).unwrap_or_default();
        let replayed = head.windows(22).any(|w| w.eq_ignore_ascii_case(b"idempotency-replayed: "));
        match (status, replayed) {
            (b"200" | b"201" | b"422", true) => self.replayed += 1,
            (b"200" | b"201", false) => self.made += 1,
            (b"422", false) => self.refused += 1,
            _ => self.failed += 1,
        }
    }
}

/// `purser bench http-client`.
pub(crate) fn run(args: &ClientArgs) -> Result<()> {
    let codes: Vec<String> = match &args.codes {
        None => Vec::new(),
        Some(file) => {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            text.lines().map(str::to_owned).collect()
        }
    };
    let (path, accounts) = match codes.len() as u64 {
        0 => {
            let path = match args.work {
                Work::Transfers => "/v1/transfers",
                Work::Clicks => "/v1/ad-clicks",
                Work::Authorisations | Work::Limits => "/v1/credit-orders",
            };
            (path, (0..args.accounts).map(|index| args.work.account(index)).collect())
        }
        creators => ("/v1/withdrawals", (0..creators).map(|index| creator(index).to_string()).collect()),
    };
    let load = Rc::new(RefCell::new(Load {
        work: args.work,
        hot: args.hot.then(|| hot_account().id().to_string()),
        random_ids: args.random_ids,
        since: args.since,
        until: args.until,
        accounts,
        codes,
        left: args.requests,
        next: 0,
        dice: 0x9e37_79b9_7f4a_7c15,
        times: Vec::with_capacity(usize::try_from(args.requests).unwrap_or(0)),
        made: 0,
        replayed: 0,
        refused: 0,
        failed: 0,
    }));
    // A read names its path itself.
    let line = if args.work == Work::Limits { String::new() } else { format!("POST {path} HTTP/1.1\r\n") };
    let head: Rc<str> = format!(
        "{line}Host: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n",
        args.token
    )
    .into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = LocalSet::new();
    let watch = Stopwatch::start();
    let handles: Vec<_> = (0..args.connections)
        .map(|_| tasks.spawn_local(connection(args.address, Rc::clone(&load), Rc::clone(&head))))
        .collect();
    tasks.block_on(&runtime, async {
        for handle in handles {
            handle.await??;
        }
        anyhow::Ok(())
    })?;
    let micros = watch.micros();
    let mut load = load.borrow_mut();
    load.times.sort_unstable();
    println!(
        "{}",
        serde_json::json!({
            "answered": load.times.len(), "micros": micros, "made": load.made, "replayed": load.replayed,
            "refused": load.refused, "failed": load.failed,
            "cpu_us": super::disk::cpu_micros(), "p50_us": percentile(&load.times, 50), "p99_us": percentile(&load.times, 99),
        })
    );
    Ok(())
}

async fn connection(address: SocketAddr, load: Rc<RefCell<Load>>, head: Rc<str>) -> Result<()> {
    let mut stream = TcpStream::connect(address).await.context("connecting")?;
    stream.set_nodelay(true)?;
    let mut request = String::new();
    let mut buffer = vec![0; 8_192];
    loop {
        if !load.borrow_mut().request(&head, &mut request) {
            return Ok(());
        }
        let watch = Stopwatch::start();
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        let end = loop {
            let free = buffer.get_mut(filled..).unwrap_or_default();
            let got = stream.read(free).await?;
            ensure!(got > 0, "the server closed the connection");
            filled += got;
            let so_far = buffer.get(..filled).unwrap_or_default();
            if let Some(end) = complete(so_far) {
                break end;
            }
        };
        load.borrow_mut().answer(watch.micros(), buffer.get(..end).unwrap_or_default());
    }
}

/// Length of the head once the whole answer is there.
fn complete(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    })?;
    (bytes.len() >= head + 4 + length).then_some(head)
}
