//! What an agent does besides talking: tools, called.
//!
//! Start at [`Tools::toolbox`]: what one agent may use while it answers one message; then
//! [`Toolbox::call`].
//!
//! **Invariant:** a replay cannot reach this crate: calling a tool is an effect, so nothing that reads
//! the log again depends on it, and `deny.toml` says who may.
//! **Invariant:** a host is called only after every address that its name stands for was judged
//! ([`address`]), and the connection goes to one of those: nobody looks the name up again.
//! **Invariant:** no argument of a model decides where a call goes, and no secret goes anywhere but to
//! the host that it was declared for.
//! **Invariant:** a tool's failure is an answer that the model reads. What comes from outside, a server's
//! list of its tools too, is text, is bounded, and has no secret of the tool in it; none of it is in a
//! log or a `Debug`.
//! **Invariant:** so many calls are under way at once, and fewer of one tenant ([`AtOnce`]).

mod address;
mod built_in;
mod client;
mod fill;
mod hand_off;
mod http;
mod mask;
mod mcp;
mod outcome;
mod places;
pub mod schema;
mod settings;
mod toolbox;
mod way;

use std::sync::Arc;

use self::{address::Leave, client::Caller, mcp::Listings, places::Places};
pub use self::{
    built_in::built_in,
    hand_off::HandOff,
    http::BODY_BYTES_MAX,
    mcp::{SERVER_TOOLS_MAX, SESSION_BYTES_MAX},
    outcome::{Failed, Outcome, TEXT_BYTES_MAX},
    places::{AtOnce, CALLS_AT_ONCE_MAX, CALLS_OF_TENANT_AT_ONCE_MAX},
    settings::{Looking, Lookup, Settings},
    toolbox::{Missing, Toolbox, Wanted},
};

/// Everybody's tools: one for a process. Cheap to clone.
#[derive(Clone)]
pub struct Tools(Arc<Inner>);

struct Inner {
    settings: Settings,
    public: Caller,
    private: Caller,
    clear: Caller,
    listings: Listings,
    places: Places,
}

impl Tools {
    /// With what the installation allows. The process must have installed a TLS provider before.
    pub fn new(settings: Settings) -> Result<Self, reqwest::Error> {
        let inner = Inner {
            public: Caller::new(&settings, Leave::Public)?,
            private: Caller::new(&settings, Leave::Private)?,
            clear: Caller::new(&settings, Leave::Clear)?,
            listings: Listings::default(),
            places: Places::new(settings.at_once),
            settings,
        };
        Ok(Self(Arc::new(inner)))
    }
}
