//! The HTTP client that all deployments share.

use std::time::Duration;

use reqwest::Client;

/// How the HTTP client is made.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// The connect clock: name look-up, TCP and TLS together.
    pub connect: Duration,
    /// An HTTP proxy for all but loopback addresses. Never taken from the environment.
    pub proxy: Option<String>,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), proxy: None }
    }
}

/// An HTTP client as the router needs it: no redirects (a key would go along), no overall timeout
/// (streams have clocks of their own). The process must have installed a TLS provider before.
///
/// Fails if the proxy's address is not one, or no TLS provider is installed.
pub fn client(settings: &ClientSettings) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(settings.connect)
        // Below the 60 s of common load balancers, so that we do not use what they just closed.
        .pool_idle_timeout(Duration::from_secs(50))
        .tcp_keepalive(Duration::from_secs(30))
        .no_proxy();
    let Some(proxy) = &settings.proxy else { return builder.build() };
    let local = reqwest::NoProxy::from_string("localhost,127.0.0.0/8,::1");
    builder.proxy(reqwest::Proxy::all(proxy)?.no_proxy(local)).build()
}
