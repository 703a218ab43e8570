//! The client of `purser bench charges`: bulk calls of clicks, a thread and a connection for each call under way.
//!
//! It is cheap on purpose, because it shares the machine with the server it measures.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::ScopedJoinHandle,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use purser_domain::time::{HOUR, Timestamp, Zone};
use purser_engine::clock::Stopwatch;

use super::{
    charges::{LAST_MONEY, campaign},
    disk,
    report::percentile,
    stops::{Stops, listen, machine_us, told},
};

/// Flags; filled in by the bench.
#[derive(Args)]
pub(crate) struct ChargesClient {
    #[arg(long)]
    address: SocketAddr,
    #[arg(long)]
    connections: u64,
    #[arg(long)]
    clicks: u64,
    #[arg(long)]
    batch: u64,
    #[arg(long)]
    advertisers: u64,
    #[arg(long)]
    random_ids: bool,
    /// When the first click happens, µs.
    #[arg(long)]
    since: i64,
    /// Further advertisers, behind the others, each of whom runs out of money by one click.
    #[arg(long, default_value_t = 0)]
    stops: u64,
    /// Clicks are spread over so many hours that are over.
    #[arg(long, default_value_t = 0)]
    hours: u32,
    /// Instead of charging: reads the hourly report of the first campaign so often.
    #[arg(long, default_value_t = 0)]
    reports: u64,
    #[arg(long, env = "PURSER_BENCH_TOKEN", hide_env_values = true)]
    token: String,
}

/// What all threads share.
#[derive(Default)]
struct Progress {
    next: u64,
    times: Vec<u64>,
    /// Clicks answered so far, and when.
    marks: Vec<(u64, u64)>,
    answered: u64,
    charged: u64,
    replayed: u64,
    refused: u64,
    failed: u64,
}

/// Bits in another order, each number once: ids that nobody can tell the order of.
fn scatter(mut number: u64) -> u64 {
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9_u64), (27, 0x94d0_49bb_1331_11eb)] {
        number = (number ^ (number >> shift)).wrapping_mul(factor);
    }
    number ^ (number >> 31)
}

/// `purser bench charges-client`.
pub(crate) fn run(args: &ChargesClient) -> Result<()> {
    if args.reports > 0 {
        return read_reports(args);
    }
    let all = args.advertisers + args.stops;
    let campaigns: Vec<String> = (0..all).map(|index| campaign(index).to_string()).collect();
    let progress = Mutex::new(Progress::default());
    let (stops, over, listening) =
        (Stops::default(), AtomicBool::new(false), AtomicBool::new(args.stops == 0));
    let mut watch = Stopwatch::start();
    let mut micros = 0;
    std::thread::scope(|scope| {
        let listener = (args.stops > 0).then(|| {
            let (server, parties) = ((args.address, args.token.as_str()), args.advertisers..all);
            let (stops, over, listening) = (&stops, &over, &listening);
            scope.spawn(move || listen(server, parties, stops, over, listening))
        });
        // Nothing is charged before somebody listens.
        while !listening.load(Ordering::SeqCst)
            && !listener.as_ref().is_some_and(ScopedJoinHandle::is_finished)
        {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        watch = Stopwatch::start();
        let (campaigns, progress, stops, watch) = (&campaigns, &progress, &stops, &watch);
        let threads: Vec<_> = (0..args.connections)
            .map(|_| scope.spawn(move || connection(args, campaigns, progress, watch, stops)))
            .collect();
        let outcome = threads.into_iter().try_for_each(joined);
        micros = watch.micros();
        over.store(true, Ordering::SeqCst);
        let heard = listener.map_or(Ok(()), joined);
        outcome.and(heard)
    })?;
    let mut progress = progress.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.times.sort_unstable();
    let (first, last) = first_and_last(&progress.marks);
    println!(
        "{}",
        serde_json::json!({
            "micros": micros, "charged": progress.charged, "replayed": progress.replayed,
            "refused": progress.refused, "failed": progress.failed, "cpu_us": disk::cpu_micros(),
            "p50_us": percentile(&progress.times, 50), "p99_us": percentile(&progress.times, 99),
            "first_per_s": first, "last_per_s": last, "stops": told(stops),
        })
    );
    Ok(())
}

fn joined(thread: ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().map_err(|_| anyhow::anyhow!("a thread of the client panicked"))?
}

/// Rates of the first and the last million clicks, or of all when there are fewer.
fn first_and_last(marks: &[(u64, u64)]) -> (u64, u64) {
    let rate = |from: (u64, u64), to: (u64, u64)| (to.0 - from.0) * 1_000_000 / (to.1 - from.1).max(1);
    let Some(&end) = marks.last() else { return (0, 0) };
    let million = 1_000_000.min(end.0);
    let first = marks.iter().find(|mark| mark.0 >= million).map_or(0, |mark| rate((0, 0), *mark));
    let last = marks.iter().rev().find(|mark| mark.0 + million <= end.0);
    (first, last.map_or(first, |mark| rate(*mark, end)))
}

fn connection(
    args: &ChargesClient,
    campaigns: &[String],
    progress: &Mutex<Progress>,
    watch: &Stopwatch,
    stops: &Stops,
) -> Result<()> {
    let mut stream = TcpStream::connect(args.address).context("connecting")?;
    stream.set_nodelay(true)?;
    let (mut body, mut head, mut answer) = (String::new(), String::new(), vec![0; 2 << 20]);
    loop {
        let (from, size) = {
            let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
            let (from, size) = (progress.next, args.batch.min(args.clicks - progress.next));
            progress.next += size;
            (from, size)
        };
        if size == 0 {
            return Ok(());
        }
        let at = instant(args, from, watch);
        clicks(args, campaigns, from..from + size, at, &mut body);
        head.clear();
        let _ = write!(
            head,
            "POST /v1/ad-clicks/bulk HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            args.token,
            body.len()
        );
        let sent = Stopwatch::start();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let written = machine_us();
        let length = read_answer(&mut stream, &mut answer)?;
        let micros = sent.micros();
        let last = (from..from + size).filter_map(|number| last_click(args, number));
        let last: Vec<u64> = last.map(|place| place + args.advertisers).collect();
        if !last.is_empty() {
            let (now, mut stops) = (machine_us(), stops.lock().unwrap_or_else(PoisonError::into_inner));
            for place in last {
                let seen = stops.entry(place).or_default();
                (seen.sent, seen.answered) = (written, now);
            }
        }
        let answer = answer.get(..length).unwrap_or_default();
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.times.push(micros);
        match counts(answer) {
            Some([charged, replayed, refused]) => {
                progress.charged += charged;
                progress.replayed += replayed;
                progress.refused += refused;
                progress.answered += charged + replayed + refused;
                let mark = (progress.answered, watch.micros());
                progress.marks.push(mark);
            }
            None => progress.failed += 1,
        }
    }
}

/// When the clicks of a call happen: now, or somewhere in the hours that they are spread over.
fn instant(args: &ChargesClient, from: u64, watch: &Stopwatch) -> Timestamp {
    let now = args.since.saturating_add(i64::try_from(watch.micros()).unwrap_or(0));
    let span = i64::from(args.hours).saturating_mul(HOUR);
    let past = i128::from(span) * i128::from(args.clicks - from) / i128::from(args.clicks.max(1));
    Timestamp(if span == 0 { now } else { args.since }.saturating_sub(i64::try_from(past).unwrap_or(0)))
}

/// The place of the advertiser whose last money a click is, among those who run out.
fn last_click(args: &ChargesClient, number: u64) -> Option<u64> {
    let every = (args.clicks / args.stops.max(1) / 100).max(1) * 100;
    let place = number / every;
    (place < args.stops && number % every == 50).then_some(place)
}

/// The clicks of a call: every hundredth is the one before once more, another hundredth costs nothing, which is refused.
fn clicks(
    args: &ChargesClient,
    campaigns: &[String],
    numbers: std::ops::Range<u64>,
    at: Timestamp,
    body: &mut String,
) {
    let at = at.to_string();
    body.clear();
    body.push_str("{\"items\":[");
    for number in numbers.clone() {
        let own = if number % 100 == 7 && number > numbers.start { number - 1 } else { number };
        let price = if own % 100 == 9 { 0 } else { 5 + own % 96 };
        let (price, place) = match last_click(args, own) {
            Some(place) => (LAST_MONEY.unsigned_abs(), args.advertisers + place),
            None => (price, scatter(own) % args.advertisers.max(1)),
        };
        let place = usize::try_from(place).unwrap_or(0);
        let Some(campaign) = campaigns.get(place) else { return };
        if number > numbers.start {
            body.push(',');
        }
        let _ = if args.random_ids {
            write!(body, "{{\"click_id\":\"{:016x}{own:08x}\"", scatter(own))
        } else {
            write!(body, "{{\"click_id\":\"{:013x}-{own:010}\"", args.since)
        };
        let _ =
            write!(body, ",\"campaign_id\":\"{campaign}\",\"click_at\":\"{at}\",\"price_minor\":{price}}}");
    }
    body.push_str("]}");
}

/// Reads one answer; its length.
fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize> {
    let (mut filled, mut wanted) = (0, None);
    loop {
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let got = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        ensure!(got > 0, "the server closed the connection");
        filled += got;
        if wanted.is_none() {
            wanted = length(buffer.get(..filled).unwrap_or_default());
        }
        if wanted.is_some_and(|wanted| filled >= wanted) {
            return Ok(filled);
        }
    }
}

/// How long the whole answer is, once its head is there.
fn length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    })?;
    Some(head + 4 + length)
}

/// Charged, replayed and refused of an answer, which begins with them; `None` for anything but success.
fn counts(answer: &[u8]) -> Option<[u64; 3]> {
    if answer.get(9..12) != Some(b"200") {
        return None;
    }
    let head = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(answer.get(head..(head + 200).min(answer.len()))?).ok()?;
    let number = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    Some([number("\"charged\":")?, number("\"replayed\":")?, number("\"refused\":")?])
}

/// Reads the hourly report of the first campaign again and again.
fn read_reports(args: &ChargesClient) -> Result<()> {
    let zone = Zone::shanghai();
    let last = zone.date(Timestamp(args.since));
    let first = zone.date(Timestamp(args.since.saturating_sub(i64::from(args.hours).saturating_mul(HOUR))));
    let head = format!(
        "GET /v1/ad-campaigns/{}/report?by=hour&from={first}&until={last} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n\r\n",
        campaign(0),
        args.token
    );
    let mut stream = TcpStream::connect(args.address).context("connecting")?;
    stream.set_nodelay(true)?;
    let (mut times, mut answer, mut length) = (Vec::new(), vec![0; 64 << 10], 0);
    for _ in 0..args.reports {
        let sent = Stopwatch::start();
        stream.write_all(head.as_bytes())?;
        length = read_answer(&mut stream, &mut answer)?;
        times.push(sent.micros());
    }
    let answer = answer.get(..length).unwrap_or_default();
    ensure!(answer.get(9..12) == Some(b"200"), "{}", String::from_utf8_lossy(answer));
    let body = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |end| end + 4);
    let report: serde_json::Value = serde_json::from_slice(answer.get(body..).unwrap_or_default())?;
    let lines = report["data"].as_array().map_or(&[][..], Vec::as_slice);
    let clicks: u64 = lines.iter().filter_map(|line| line["clicks"].as_u64()).sum();
    times.sort_unstable();
    println!(
        "{}",
        serde_json::json!({ "p50_us": percentile(&times, 50), "p99_us": percentile(&times, 99),
            "lines": lines.len(), "clicks": clicks })
    );
    Ok(())
}
