//! The HTTP client of everything outside.

use std::{sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// TLS, a limit for a whole exchange, every status as an answer.
pub(crate) fn agent(time_out: Duration) -> Agent {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(time_out))
        .timeout_connect(Some(time_out.min(Duration::from_secs(5))))
        // Nobody who is called here redirects; following one would send what is meant for them somewhere else.
        .max_redirects(0)
        .http_status_as_error(false)
        .build();
    config.into()
}
