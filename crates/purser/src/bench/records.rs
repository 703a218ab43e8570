//! `purser bench records`: what a creator with a long history waits for: overview, lists with filters, explanation,
//! export. One client, one request after the other.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use purser_domain::{
    earnings::{Stage, TaskType},
    ids::PartyId,
    money::Currency,
    parties::{AccountClass, LegalForm, Profile, Role, Roles},
    time::{MINUTE, Timestamp},
};
use purser_engine::{
    Meta,
    access::{Scope, Scopes},
    call,
    clock::Stopwatch,
    earnings::{OrderReport, ReportTaskOrders, Reported},
    parties::{RegisterParty, party_id},
};

use super::{
    disk,
    report::{Report, percentile},
    served::server,
};
use crate::{
    keys,
    serve::{self, Running},
    store::StoreArgs,
};

/// Flags of `purser bench records`.
#[derive(Args)]
pub(crate) struct RecordsBench {
    /// Orders of the creator
    #[arg(long, default_value_t = 100_000)]
    orders: u64,
    /// Times that each question is asked
    #[arg(long, default_value_t = 300)]
    times: usize,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const CREATOR: &str = "bench-records";

/// Orders reported in one command.
const CHUNK: u64 = 2_000;

/// `purser bench records`.
pub(crate) fn run(args: &RecordsBench) -> Result<()> {
    ensure!(args.orders >= 1_000 && args.times >= 10, "at least 1,000 orders and 10 times");
    let scratch = disk::scratch(&args.store, "records")?;
    let place = args.store.place_or(&scratch.join("data"));
    let running = serve::start(&server(1, 1), &place)?;
    let party = prepare(&running, args.orders)?;
    let scopes = Scopes::of(&[Scope::OrdersRead, Scope::WithdrawalsRead]);
    let (_, token) = keys::make(&running.app.executor, "bench", scopes, running.app.clock.machine(), None)?;
    let mut client = Client::connect(running.address, &token)?;
    let list = format!("/v1/parties/{party}/task-orders");
    let middle = {
        let page = client.get(&format!("{list}?limit=200&from=2020-01-01"))?;
        let page: serde_json::Value = serde_json::from_slice(&page)?;
        page["next_cursor"].as_str().context("a second page")?.to_owned()
    };
    let questions = [
        ("overview", format!("/v1/parties/{party}/overview")),
        ("first_page", list.clone()),
        ("next_page", format!("{list}?cursor={middle}")),
        ("rare_status", format!("{list}?status=cancelled")),
        ("one_day", format!("{list}?from=2026-01-10&until=2026-01-10")),
        ("order_id", format!("{list}?order_id=BENCH-500")),
        ("keyword_not_there", format!("{list}?keyword=zzz")),
        ("explain", format!("/v1/parties/{party}/explain")),
    ];
    let mut report = Report::default();
    report.text("bench", "records");
    report.text("engine", place.engine());
    report.int("orders", args.orders);
    for (name, path) in &questions {
        let mut times = Vec::with_capacity(args.times);
        for _ in 0..args.times {
            let watch = Stopwatch::start();
            client.get(path)?;
            times.push(watch.micros());
        }
        times.sort_unstable();
        report.milli(&format!("{name}_p50_ms"), percentile(&times, 50));
        report.milli(&format!("{name}_p99_ms"), percentile(&times, 99));
    }
    let watch = Stopwatch::start();
    let file = client.get(&format!("{list}/export"))?;
    let micros = watch.micros().max(1);
    let rows = file.split(|byte| *byte == b'\n').count().saturating_sub(2) as u64;
    ensure!(rows == args.orders, "the export has {rows} rows");
    report.int("export_rows_per_s", rows * 1_000_000 / micros);
    drop(client);
    running.stop()?;
    report.print(args.json);
    std::fs::remove_dir_all(&scratch).context("removing the scratch folder")?;
    Ok(())
}

/// A creator with orders, one a minute, most of them settled and one in a thousand cancelled.
fn prepare(running: &Running, orders: u64) -> Result<PartyId> {
    let mut executor = running.app.executor.clone();
    let profile = Profile {
        external_id: CREATOR.to_owned(),
        display_name: CREATOR.to_owned(),
        roles: Roles::NONE.with(Role::Creator),
        legal_form: LegalForm::Individual,
        class: AccountClass::default(),
        metadata: std::collections::BTreeMap::new(),
    };
    if let Err(rejection) = call(&mut executor, RegisterParty(profile), Meta::system())? {
        bail!("{}: {}", rejection.code, rejection.message);
    }
    let creator = party_id(CREATOR);
    let first: Timestamp = "2026-01-01T00:00:00+08:00".parse()?;
    for from in (0..orders).step_by(usize::try_from(CHUNK)?) {
        let items = (from..orders.min(from + CHUNK)).map(|n| order(creator, n, first)).collect();
        let outcomes = call(&mut executor, ReportTaskOrders { items, single: false }, Meta::system())?;
        match outcomes {
            Ok(outcomes) => {
                if let Some(Err(rejection)) = outcomes.iter().find(|outcome| outcome.is_err()) {
                    bail!("{}: {}", rejection.code, rejection.message);
                }
            }
            Err(rejection) => bail!("{}: {}", rejection.code, rejection.message),
        }
    }
    Ok(creator)
}

fn order(creator: PartyId, n: u64, first: Timestamp) -> OrderReport {
    let accepted_at = first.plus(i64::try_from(n).unwrap_or(0) * MINUTE);
    let status = match n % 1_000 {
        0 => Reported::Cancelled(Stage::NotStarted, accepted_at),
        n if n % 5 == 4 => Reported::InProgress(Stage::ScriptUploaded),
        _ => Reported::Completed(accepted_at),
    };
    OrderReport {
        external_id: format!("BENCH-{n}"),
        creator,
        task_type: TaskType::Video,
        title: format!("Task {n}"),
        metadata: None,
        amount_minor: 10_000,
        currency: Currency::CNY,
        accepted_at,
        status,
    }
}

/// A connection that asks one thing after the other.
struct Client {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Client {
    fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let head = format!("HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n");
        Ok(Self { stream: BufReader::new(stream), head })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the server closed the connection");
        Ok(line.trim_end().to_owned())
    }

    /// The body of a successful answer.
    fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        let request = format!("GET {path} {}", self.head);
        self.stream.get_mut().write_all(request.as_bytes())?;
        let first = self.line()?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse()?,
                Some(("transfer-encoding", value)) => chunked = value.trim() == "chunked",
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        while chunked {
            let size = usize::from_str_radix(&self.line()?, 16)?;
            let before = body.len();
            body.resize(before + size, 0);
            self.stream.read_exact(body.get_mut(before..).unwrap_or_default())?;
            self.line()?;
            chunked = size > 0;
        }
        ensure!(first.contains(" 200 "), "{first}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}
