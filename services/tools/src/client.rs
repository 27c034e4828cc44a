//! The HTTP clients, each with one judgement of addresses.
//!
//! A client keeps connections, and one that was made with leave to go to a private network must not
//! serve a tool without it: so there is a client for each [`Leave`], and they share nothing.

use std::{
    error::Error as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ipnet::IpNet;
use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use crate::{
    address::{self, Leave, Refused},
    settings::{Lookup, Settings},
};

/// Name look-up, TCP and TLS together.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Below the time after which common servers close a connection.
const IDLE_MAX: Duration = Duration::from_secs(20);

/// The most idle connections that are kept of a host.
const IDLE_PER_HOST_MAX: usize = 4;

/// Speaks to hosts that were judged.
#[derive(Clone)]
pub(crate) struct Caller {
    client: Client,
    judge: Judge,
}

#[derive(Clone)]
struct Judge {
    leave: Leave,
    open: Arc<[IpNet]>,
    lookup: Lookup,
}

impl Caller {
    /// One that goes where that leave is good for. The process must have installed a TLS provider.
    pub(crate) fn new(settings: &Settings, leave: Leave) -> Result<Self, reqwest::Error> {
        let open = settings.open.clone().into();
        let judge = Judge { leave, open, lookup: Arc::clone(&settings.lookup) };
        let client = Client::builder()
            // Elsewhere is another host: it was not judged, and headers of this one are not its own.
            .redirect(Policy::none())
            .connect_timeout(CONNECT_MAX)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .user_agent("konstruct")
            .referer(false)
            // A proxy of the environment would look names up anew.
            .no_proxy()
            .dns_resolver(Arc::new(judge.clone()))
            .build()?;
        Ok(Self { client, judge })
    }

    /// The client, for a place that is judged as far as that needs no look-up: an address stands for
    /// itself, and nobody asks a resolver about it.
    pub(crate) fn client(&self, url: &Url) -> Result<&Client, Refused> {
        let host = url.host_str().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        if let Ok(address) = literal {
            self.judge.pass(address)?;
        }
        Ok(&self.client)
    }
}

impl Judge {
    fn pass(&self, address: IpAddr) -> Result<(), Refused> {
        address::judge(address, self.leave, &self.open)
    }
}

/// What it answers is what is connected to: between the judgement and the connection nobody looks
/// again. One bad address among good ones is enough: a name that has both means no good.
impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let judge = self.clone();
        Box::pin(async move {
            let found = (judge.lookup)(name.as_str().to_owned()).await?;
            for address in &found {
                judge.pass(*address)?;
            }
            // The port is the address's own.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

/// Whether a call failed because of where it would have gone.
pub(crate) fn refused(error: &reqwest::Error) -> Option<Refused> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(*refused);
        }
        source = error.source();
    }
    None
}
