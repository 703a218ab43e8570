//! `purser sandbox alipay`: a gateway of our own on a socket, with a control panel (P10, P21).

use std::{
    fs::{self, OpenOptions},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::Args;
use purser_engine::clock::Clock;
use purser_rails::alipay::{
    Https, Wire as _,
    certs::{Certificates, of_application, of_roots},
    gateway::{Answer, Fate, Gateway, Notice, RefundFate, TradeSaid},
    keys::SigningKey,
};
use serde_json::{Value, json};

/// Flags of `purser sandbox alipay`.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Keys are made in the folder that --keys names and used again the next time: app-private.pem is for the server's
--alipay-key-file, alipay-public.pem for its --alipay-public-key-file. The address is http://LISTEN/gateway.do.

A payee's login id names what its orders meet, by the last part before the @: li.lost_reply@example.com. Known are
ok, lost_request, lost_reply, late_success, late_failure, duplicate_callback, bounce, funds_short, funds_failed,
throttled, stale_query, bad_signature, system_error, hang, silent, lost_for_good, and every listed error code: li.payee_not_exist@example.com.

The control panel, all JSON:
  GET  /control/orders                                          its books
  POST /control/next     {\"fate\": \"hang\", \"times\": 2}         what the next new orders meet
  POST /control/balance  {\"minor\": 0}                           what the payer has
  POST /control/charge   {\"minor\": 10}                          what it charges for a transfer from now on
  POST /control/refund   {\"reference\": \"wd_…-01\"}               a paid order comes back
  POST /control/decide   {\"reference\": \"wd_…-01\"}               an order that met \"silent\" is paid
  POST /control/notify-url {\"url\": \"http://…\"}               where notices go from now on
  POST /control/notice   {\"reference\": …, \"status\": …, \"amount_minor\": …, \"app_id\": …, \"signed_well\": false}
                                                                a notice, as true or false as told; answers what it got
  GET  /control/trades                                          its books of money in
  POST /control/pay      {\"reference\": \"po_…\"}                  the payer of an opened page pays; nobody is told
  POST /control/trade-notice {\"reference\": …, \"status\": …, \"amount_minor\": …, \"app_id\": …, \"signed_well\": false}
  POST /control/next-refund  {\"fate\": \"lost_reply\"}             or lost_request, refused, short

Example:
  purser sandbox alipay --keys ./alipay-keys --notify-url http://127.0.0.1:8080/v1/rails/alipay/notify")]
pub(crate) struct GatewayArgs {
    /// Address and port
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Folder for the keys; made when absent
    #[arg(long, value_name = "DIR", default_value = "alipay-keys")]
    keys: PathBuf,
    /// Id of the application that may call
    #[arg(long, value_name = "DIGITS", default_value = "2021000000000001")]
    app_id: String,
    /// With certificates: the application's, which must be that of app-private.pem
    #[arg(long, value_name = "FILE", requires_all = ["cert_file", "root_cert_file"])]
    app_cert_file: Option<PathBuf>,
    /// The gateway's own, which must be that of gateway-private.pem
    #[arg(long, value_name = "FILE", requires = "app_cert_file")]
    cert_file: Option<PathBuf>,
    /// The roots
    #[arg(long, value_name = "FILE", requires = "app_cert_file")]
    root_cert_file: Option<PathBuf>,
    /// Where notices go; none are sent without it
    #[arg(long, value_name = "URL")]
    notify_url: Option<String>,
}

/// Longest head and body of a request, bytes.
const HEAD_MAX: u64 = 16 * 1024;
const BODY_MAX: usize = 1024 * 1024;
/// Connections at a time.
const CONNECTIONS: usize = 64;
/// Pause between two rounds of the world outside.
const PACE: Duration = Duration::from_millis(500);
/// How long a caller is left hanging.
const HANG: Duration = Duration::from_secs(120);
/// How often a notice is sent until it is taken.
const NOTICE_TRIES: u32 = 60;

#[derive(Clone)]
struct Service {
    gateway: Arc<Mutex<Gateway>>,
    clock: Clock,
    notify_url: Arc<Mutex<Option<String>>>,
}

/// A private key kept in a file that only its owner reads; made when absent.
fn kept_key(file: &Path) -> Result<SigningKey> {
    if file.exists() {
        let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        return SigningKey::read(&text).with_context(|| format!("reading {}", file.display()));
    }
    let key = SigningKey::generate()?;
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(key.to_pem()?.as_bytes()).with_context(|| format!("writing {}", file.display()))?;
    Ok(key)
}

impl GatewayArgs {
    fn certificates(&self, app: &SigningKey, own: &SigningKey) -> Result<Option<Certificates>> {
        let (Some(app_file), Some(own_file), Some(roots)) =
            (&self.app_cert_file, &self.cert_file, &self.root_cert_file)
        else {
            return Ok(None);
        };
        let text =
            |file: &Path| fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
        Ok(Some(Certificates {
            app_sn: of_application(&text(app_file)?, app).context("--app-cert-file")?,
            root_sn: of_roots(&text(roots)?).context("--root-cert-file")?,
            gateway_sn: of_application(&text(own_file)?, own).context("--cert-file")?,
        }))
    }
}

pub(crate) fn run_gateway(args: &GatewayArgs) -> Result<()> {
    fs::create_dir_all(&args.keys).with_context(|| format!("creating {}", args.keys.display()))?;
    let app = kept_key(&args.keys.join("app-private.pem"))?;
    let own = kept_key(&args.keys.join("gateway-private.pem"))?;
    let certificates = args.certificates(&app, &own)?;
    let mut gateway = Gateway::new(&args.app_id, app.public()?, own)?;
    gateway.certificates = certificates;
    fs::write(args.keys.join("alipay-public.pem"), gateway.public_key()?.to_pem())?;
    let listener = TcpListener::bind(args.listen).with_context(|| format!("listening on {}", args.listen))?;
    println!("listening on http://{}", listener.local_addr()?);
    println!("keys of application {} in {}", args.app_id, args.keys.display());
    let service = Service {
        gateway: Arc::new(Mutex::new(gateway)),
        clock: Clock::system(),
        notify_url: Arc::new(Mutex::new(args.notify_url.clone())),
    };
    let outside = service.clone();
    std::thread::spawn(move || outside.world());
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming().flatten() {
        if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS {
            open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let (service, open) = (service.clone(), Arc::clone(&open));
        std::thread::spawn(move || {
            if let Err(error) = service.connection(&stream) {
                tracing::debug!(%error, "a connection ended early");
            }
            open.fetch_sub(1, Ordering::Relaxed);
        });
    }
    Ok(())
}

struct Request {
    method: String,
    path: String,
    body: Vec<u8>,
}

fn read_request(stream: &TcpStream) -> Result<Request> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut reader = BufReader::new(stream);
    let mut head = reader.by_ref().take(HEAD_MAX);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, path) =
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut length = 0usize;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            anyhow::bail!("the head is cut off or too long");
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    anyhow::ensure!(length <= BODY_MAX, "the body is too long");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Request { method, path, body })
}

fn write_answer(mut stream: &TcpStream, status: &str, body: &[u8]) -> Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    Ok(())
}

impl Service {
    fn gateway(&self) -> std::sync::MutexGuard<'_, Gateway> {
        self.gateway.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self, stream: &TcpStream) -> Result<()> {
        let request = read_request(stream)?;
        if request.path.starts_with("/gateway.do") && request.method == "POST" {
            let answer = self.gateway().handle(&request.body, self.clock.machine());
            match answer {
                Answer::Reply(bytes) => write_answer(stream, "200 OK", &bytes)?,
                Answer::Drop => {}
                Answer::Hang => std::thread::sleep(HANG),
            }
            return Ok(());
        }
        if let Some(answer) = self.page(&request) {
            return write_answer(stream, answer.0, answer.1.as_bytes());
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer = match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/control/orders") => Some(self.orders()),
            ("POST", "/control/next") => self.next(&body),
            ("POST", "/control/balance") => self.balance(&body),
            ("POST", "/control/charge") => body["minor"].as_i64().filter(|minor| *minor >= 0).map(|minor| {
                self.gateway().charge_minor = minor;
                json!({ "minor": minor })
            }),
            ("POST", "/control/refund") => body["reference"]
                .as_str()
                .map(|reference| json!({ "returned": self.gateway().orders.take_back(reference) })),
            ("POST", "/control/decide") => body["reference"]
                .as_str()
                .map(|reference| json!({ "paid": self.gateway().orders.decide(reference) })),
            ("POST", "/control/notify-url") => body["url"].as_str().map(|url| {
                *self.notify_url.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
                json!({ "url": url })
            }),
            ("POST", "/control/notice") => self.notice(&body),
            ("GET", "/control/trades") => Some(self.trades()),
            ("POST", "/control/pay") => body["reference"]
                .as_str()
                .map(|reference| json!({ "paid": self.gateway().pay(reference, self.clock.machine()) })),
            ("POST", "/control/trade-notice") => self.trade_notice(&body),
            ("POST", "/control/next-refund") => {
                body["fate"].as_str().and_then(RefundFate::named).map(|fate| {
                    self.gateway().trades.meet_next(fate);
                    json!({})
                })
            }
            _ => {
                return write_answer(
                    stream,
                    "404 Not Found",
                    b"{\"error\":\"see purser sandbox alipay --help\"}",
                );
            }
        };
        match answer {
            Some(answer) => write_answer(stream, "200 OK", answer.to_string().as_bytes()),
            None => {
                write_answer(stream, "400 Bad Request", b"{\"error\":\"see purser sandbox alipay --help\"}")
            }
        }
    }

    fn notify_url(&self) -> Option<String> {
        self.notify_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn orders(&self) -> Value {
        let gateway = self.gateway();
        let orders: Vec<Value> = gateway
            .orders
            .by_reference
            .iter()
            .map(|(reference, order)| {
                json!({ "reference": reference, "amount_minor": order.amount_minor, "known": order.known,
                    "status": order.status.name(), "sends": order.sends, "queries": order.queries,
                    "paid": order.paid, "returned": order.returned })
            })
            .collect();
        json!({ "balance_minor": gateway.orders.balance_minor, "orders": orders })
    }

    fn next(&self, body: &Value) -> Option<Value> {
        let fate = Fate::named(body["fate"].as_str()?)?;
        let times = body.get("times").map_or(Some(1), Value::as_u64)?.min(10_000);
        self.gateway().orders.meet_next(&fate, usize::try_from(times).ok()?);
        Some(json!({ "times": times }))
    }

    fn balance(&self, body: &Value) -> Option<Value> {
        let minor = body["minor"].as_i64()?;
        self.gateway().orders.balance_minor = minor;
        Some(json!({ "minor": minor }))
    }

    fn notice(&self, body: &Value) -> Option<Value> {
        let reference = body["reference"].as_str()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let gateway = self.gateway();
        let known = gateway.notice(reference);
        let true_one = known.unwrap_or_else(|| Notice {
            reference: reference.to_owned(),
            status: "SUCCESS".to_owned(),
            amount_minor: 0,
            error_code: String::new(),
            app_id: gateway.app_id().to_owned(),
            signed_well: true,
        });
        let notice = Notice {
            reference: true_one.reference,
            status: text("status").unwrap_or(true_one.status),
            amount_minor: body.get("amount_minor").map_or(Some(true_one.amount_minor), Value::as_i64)?,
            error_code: text("error_code").unwrap_or(true_one.error_code),
            app_id: text("app_id").unwrap_or(true_one.app_id),
            signed_well: body.get("signed_well").map_or(Some(true), Value::as_bool)?,
        };
        let form = gateway.notice_form(&notice, self.clock.machine()).ok()?;
        drop(gateway);
        Some(json!({ "answer": self.post(&form) }))
    }

    /// The page on which payers pay, and what they send from it.
    fn page(&self, request: &Request) -> Option<(&'static str, String)> {
        if request.method == "GET" {
            let query = request.path.strip_prefix("/gateway.do?")?;
            let Some(reference) = self.gateway().open_page(query.as_bytes()) else {
                return Some(("400 Bad Request", "<p>The page's address is not signed well.</p>".to_owned()));
            };
            let form = format!(
                "<form method=post action=\"/pay/{reference}\"><button>Pay {reference}</button></form>"
            );
            return Some(("200 OK", form));
        }
        let reference = request.path.strip_prefix("/pay/").filter(|_| request.method == "POST")?;
        if !self.gateway().pay(reference, self.clock.machine()) {
            return Some(("409 Conflict", "<p>There is nothing to pay.</p>".to_owned()));
        }
        let answer = self.trade_notice(&json!({ "reference": reference })).unwrap_or_default();
        let back = self.gateway().trades.pages.get(reference).map(|page| page.return_url.clone());
        Some((
            "200 OK",
            format!(
                "<p>Paid; told: {}</p><a href=\"{}\">Back</a>",
                answer["answer"],
                back.unwrap_or_default()
            ),
        ))
    }

    fn trades(&self) -> Value {
        let gateway = self.gateway();
        let trades = gateway.trades.trades.iter().map(|(reference, trade)| {
            json!({ "reference": reference, "trade_no": trade.trade_no, "amount_minor": trade.amount_minor,
                "status": trade.status, "refunded_minor": trade.refunds.values().sum::<i64>(),
                "refunds": trade.refunds.len() })
        });
        json!({ "trades": trades.collect::<Vec<Value>>() })
    }

    fn trade_notice(&self, body: &Value) -> Option<Value> {
        let reference = body["reference"].as_str()?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let gateway = self.gateway();
        let true_one = gateway.trade_said(reference).unwrap_or_else(|| TradeSaid {
            reference: reference.to_owned(),
            status: "TRADE_SUCCESS".to_owned(),
            amount_minor: 0,
            app_id: gateway.app_id().to_owned(),
            signed_well: true,
        });
        let said = TradeSaid {
            reference: true_one.reference,
            status: text("status").unwrap_or(true_one.status),
            amount_minor: body.get("amount_minor").map_or(Some(true_one.amount_minor), Value::as_i64)?,
            app_id: text("app_id").unwrap_or(true_one.app_id),
            signed_well: body.get("signed_well").map_or(Some(true), Value::as_bool)?,
        };
        let url = gateway.trades.pages.values().next_back().map(|page| page.notify_url.clone())?;
        let form = gateway.trade_form(&said, self.clock.machine()).ok()?;
        drop(gateway);
        Some(json!({ "answer": Self::post_to(&url, &form) }))
    }

    /// Posts a notice; what the receiver answers, when it does.
    fn post(&self, form: &str) -> Option<String> {
        Self::post_to(&self.notify_url()?, form)
    }

    fn post_to(url: &str, form: &str) -> Option<String> {
        let answer = Https::new(Duration::from_secs(10)).post(url, form).ok()?;
        String::from_utf8(answer).ok()
    }

    /// What goes on by itself: money comes back, notices are sent until they are taken.
    fn world(&self) {
        let mut unheard: Vec<(String, u32)> = Vec::new();
        loop {
            std::thread::sleep(PACE);
            let changed = {
                let mut gateway = self.gateway();
                gateway.orders.pass();
                gateway.orders.take_changed()
            };
            unheard.extend(changed.into_iter().map(|reference| (reference, NOTICE_TRIES)));
            unheard.retain_mut(|(reference, tries)| {
                // It says how the order stands when it is sent, as the real one does.
                let form = {
                    let gateway = self.gateway();
                    gateway
                        .notice(reference)
                        .and_then(|notice| gateway.notice_form(&notice, self.clock.machine()).ok())
                };
                let taken = form.and_then(|form| self.post(&form)).is_some_and(|answer| answer == "success");
                *tries -= 1;
                !taken && *tries > 0 && self.notify_url().is_some()
            });
        }
    }
}
