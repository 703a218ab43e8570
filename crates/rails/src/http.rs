//! The HTTP client of everything outside.

use std::{sync::Arc, time::Duration};

use tracing::field::Empty;
use ureq::{
    Agent, Body, SendBody,
    config::ConfigBuilder,
    http,
    middleware::MiddlewareNext,
    tls::{RootCerts, TlsConfig},
    typestate::AgentScope,
    unversioned::{resolver::Resolver, transport::DefaultConnector},
};

/// TLS, a limit for a whole exchange, every status as an answer.
pub(crate) fn agent(time_out: Duration) -> Agent {
    settings(time_out).build().into()
}

/// The same, with names resolved by another. It goes through no proxy, which would resolve them itself.
pub(crate) fn agent_with(time_out: Duration, resolver: impl Resolver) -> Agent {
    Agent::with_parts(settings(time_out).proxy(None).build(), DefaultConnector::default(), resolver)
}

/// For the collector of traces, whose own calls are not traced.
pub fn collector_agent(time_out: Duration) -> Agent {
    bare(time_out).build().into()
}

fn settings(time_out: Duration) -> ConfigBuilder<AgentScope> {
    bare(time_out).middleware(traced)
}

/// A span for each call: whom, and what came back. Never a path, which may name somebody.
fn traced(
    request: http::Request<SendBody>,
    next: MiddlewareNext,
) -> Result<http::Response<Body>, ureq::Error> {
    let span = tracing::info_span!(
        target: "trace.purser", "call", otel.kind = "client", http.request.method = %request.method(),
        server.address = request.uri().host().unwrap_or_default(), http.response.status_code = Empty,
        otel.status_code = Empty
    );
    let outcome = span.in_scope(|| next.handle(request));
    match &outcome {
        Ok(response) => span.record("http.response.status_code", response.status().as_u16()),
        Err(_) => span.record("otel.status_code", "ERROR"),
    };
    outcome
}

fn bare(time_out: Duration) -> ConfigBuilder<AgentScope> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(time_out))
        .timeout_connect(Some(time_out.min(Duration::from_secs(5))))
        // Nobody who is called here redirects; following one would send what is meant for them somewhere else.
        .max_redirects(0)
        .http_status_as_error(false)
}
