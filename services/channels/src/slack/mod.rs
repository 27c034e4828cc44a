//! Slack: the Events API in, the Web API out.
//!
//! What the platform does and does not promise: Slack's pages on the Events API, on verifying
//! requests, and on rate limits (docs.slack.dev/apis/events-api, /authentication, /apis/web-api).

mod answer;
mod blocks;
mod code;
mod find;
mod interpret;
mod read;
mod send;
mod text;
mod throttle;
mod verify;
mod wire;
mod wording;

use domain::secret::Secret;
use schemas::{ChannelKind, Timestamp};

pub use self::{
    code::class_of,
    send::{Settings, SetupError, SlackOut},
    throttle::Pacing,
    verify::{EmptySecret, sign},
};
use crate::{Inbound, Reading, Refused, Unreadable, Unverified, Verified};

/// Where Slack's Web API is.
pub const API_URL: &str = "https://slack.com/api";

/// The `event_type` of the metadata under which a message names the effect it is.
pub const EFFECT_EVENT: &str = "konstruct_reply";

/// A Slack app's ears.
#[derive(Clone)]
pub struct SlackIn {
    signer: verify::Signer,
}

impl SlackIn {
    /// An app that signs with this secret. An empty one would believe anybody, and is refused.
    pub fn new(signing_secret: &Secret) -> Result<Self, EmptySecret> {
        Ok(Self { signer: verify::Signer::new(signing_secret)? })
    }
}

impl Inbound for SlackIn {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Slack
    }

    fn verify(&self, call: Unverified, now: Timestamp) -> Result<Verified, Refused> {
        self.signer.verify(call, now)
    }

    fn read(&self, call: &Verified) -> Result<Reading, Unreadable> {
        read::read(call.body())
    }
}
