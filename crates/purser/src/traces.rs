//! OpenTelemetry traces (P23): off unless a collector is named, and then every span goes to it in batches, over HTTP in
//! JSON. A span knows routes, names of commands, kinds of jobs, hosts and statuses: nothing of a party.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::http::HeaderMap;
use clap::Args;
use opentelemetry::{
    KeyValue,
    propagation::{Extractor, TextMapPropagator as _},
    trace::TracerProvider as _,
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use purser_rails::collector_agent;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::cmd::Stop;

/// What spans are marked with: nothing else of the program's own notes becomes one.
const TARGET: &str = "trace.purser";
/// Longest wait for the collector.
const TIME_OUT: Duration = Duration::from_secs(5);

/// Flags of traces.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct TraceArgs {
    /// Where an OpenTelemetry collector takes traces over HTTP, like <http://127.0.0.1:4318/v1/traces>; without it nothing is
    /// traced
    #[arg(long = "traces-url", value_name = "URL", env = "PURSER_TRACES_URL")]
    url: Option<String>,
    /// Of how many requests and jobs one is traced; 1 for all
    #[arg(long = "traces-one-of", value_name = "N", env = "PURSER_TRACES_ONE_OF", requires = "url",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    one_of: Option<u32>,
}

/// Traces that are under way.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends what is left.
    pub(crate) fn finish(self) {
        if let Err(error) = self.0.shutdown_with_timeout(TIME_OUT) {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

impl TraceArgs {
    /// Whether a collector was named.
    pub(crate) fn is_on(&self) -> bool {
        self.url.is_some()
    }

    /// The layer that makes spans of a subscriber traces; `None` without a collector.
    pub(crate) fn start<S>(&self) -> Result<Option<(Traces, impl Layer<S> + use<S>)>>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let Some(url) = &self.url else { return Ok(None) };
        if !url.starts_with("http://") && !url.starts_with("https://") {
            let text = "--traces-url is a URL like http://127.0.0.1:4318/v1/traces";
            return Err(Stop::Usage(text.to_owned()).into());
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_protocol(Protocol::HttpJson)
            .with_endpoint(url)
            .with_timeout(TIME_OUT)
            .build()
            .context("traces")?;
        let resource = Resource::builder_empty()
            .with_service_name("purser")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::TraceIdRatioBased(self.share()))
            .with_resource(resource.build())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("purser"))
            // Places in the code, threads and idle times are for those who change it.
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET));
        Ok(Some((Traces(provider), layer)))
    }

    #[expect(
        clippy::float_arithmetic,
        reason = "the share of traces is no money, and their library takes a fraction"
    )]
    fn share(&self) -> f64 {
        1.0 / f64::from(self.one_of.unwrap_or(1))
    }
}

/// Lets a request's span continue the trace that its header `traceparent` names. Whether it is kept is decided here and
/// not by whoever calls.
pub(crate) fn continue_trace(span: &tracing::Span, headers: &HeaderMap) {
    let context = TraceContextPropagator::new().extract(&Headers(headers));
    // Refused only when the span has begun to be sent, which this one has not.
    let _ = span.set_parent(context);
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// Carries traces by the HTTP client that everything else goes by. It is called from the thread of the batches.
struct Collector {
    agent: ureq::Agent,
    /// Its silence was told.
    told: AtomicBool,
}

impl Collector {
    fn new() -> Self {
        Self { agent: collector_agent(TIME_OUT), told: AtomicBool::new(false) }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut response = self.agent.run(request.map(|body| body.to_vec()))?;
        let body = response.body_mut().read_to_vec()?;
        Ok(response.map(|_| Bytes::from(body)))
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let outcome = self.send(request);
        let well = outcome.as_ref().is_ok_and(|response| response.status().is_success());
        if !self.told.swap(!well, Ordering::Relaxed) && !well {
            tracing::warn!("the collector of traces does not take them; they are dropped");
        }
        Box::pin(std::future::ready(outcome))
    }
}
