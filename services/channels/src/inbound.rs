//! Hearing: from the bytes of a webhook call to something said, in two proofs.
//!
//! [`Inbound::verify`] proves who sent the bytes; [`Inbound::read`] finds out for whom they are;
//! and once the connection is known, [`Arrived::interpret`] reads them with its eyes: which user
//! the employee is there decides what is an echo, and what is a mention.

use std::fmt;

use bytes::Bytes;
use domain::incoming::Incoming;
use schemas::{ChannelKind, EffectId, Timestamp};

/// A chat system, heard.
pub trait Inbound: Send + Sync {
    /// Which one.
    fn kind(&self) -> ChannelKind;
    /// Believes the call, or says why not.
    fn verify(&self, call: Unverified, now: Timestamp) -> Result<Verified, Refused>;
    /// Finds out what kind of call it is and for whom.
    fn read(&self, call: &Verified) -> Result<Reading, Unreadable>;
}

/// A webhook call as it came, not yet believed.
pub struct Unverified {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The raw body: signatures are over bytes, not over what they parse to.
    pub body: Bytes,
}

impl Unverified {
    /// The one value of a header. A header sent twice is not believed either way.
    pub(crate) fn header(&self, name: &'static str) -> Result<&str, Refused> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next().ok_or(Refused::MissingHeader(name))?;
        if found.next().is_some() { Err(Refused::BadSignature) } else { Ok(value) }
    }
}

/// A webhook body whose sender is proven. Only a channel's `verify` makes one.
pub struct Verified(Bytes);

impl Verified {
    pub(crate) fn new(call: Unverified) -> Self {
        Self(call.body)
    }

    pub(crate) fn body(&self) -> &[u8] {
        &self.0
    }
}

/// What people wrote does not belong into logs, nor does a signature.
impl fmt::Debug for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unverified({} bytes)", self.body.len())
    }
}

/// What people wrote does not belong into logs.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verified({} bytes)", self.0.len())
    }
}

/// Why a webhook call was not believed. What it becomes on the wire is the gateway's affair.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// A header the scheme needs is not there.
    #[error("header `{0}` is missing")]
    MissingHeader(&'static str),
    /// It may be a replay.
    #[error("signed {age_s} s from now, {limit_s} s at most")]
    Stale {
        /// How far from now, either way.
        age_s: u64,
        /// The most we accept.
        limit_s: u64,
    },
    /// Not signed with our secret.
    #[error("the signature does not match")]
    BadSignature,
}

impl Refused {
    /// The token that stands for it in counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Refused::MissingHeader(_) => "missing_header",
            Refused::Stale { .. } => "stale",
            Refused::BadSignature => "bad_signature",
        }
    }
}

/// The body is neither JSON nor a form. Says where, not what: it may be someone's words.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("unreadable body at line {line}, column {column}")]
pub struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1; 0 before the first.
    pub column: usize,
}

/// What kind of call it is.
#[derive(Debug)]
pub enum Reading {
    /// The chat system checks that the address is ours: answer with this text.
    Challenge(String),
    /// The chat system checks our certificate: answer 200.
    SslCheck,
    /// A workspace sent more events than the chat system delivers; some are lost.
    RateLimited {
        /// Which workspace.
        workspace: String,
        /// When it began, in seconds since the epoch.
        minute: i64,
    },
    /// Something happened in a workspace.
    Event(Arrived),
    /// Nothing to us.
    Ignored(Ignored),
}

/// Why a call is nothing to us, whoever the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// A kind of call that we do not know.
    UnknownCall,
    /// A kind of event that we do not use.
    UnknownEvent,
    /// It lacks what its kind always has.
    Malformed,
    /// It does not say for which installation it is.
    NoAuthorization,
    /// A slash command.
    Command,
    /// A button or a form.
    Interactive,
}

impl Ignored {
    /// The token that stands for it in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ignored::UnknownCall => "unknown_call",
            Ignored::UnknownEvent => "unknown_event",
            Ignored::Malformed => "malformed",
            Ignored::NoAuthorization => "no_authorization",
            Ignored::Command => "command",
            Ignored::Interactive => "interactive",
        }
    }
}

/// An event that knows for whom it is, but not yet what it means to them.
pub struct Arrived {
    /// The app it was sent to, where the chat system says.
    pub app: Option<String>,
    /// The workspace whose installation it is for: not the one it comes from.
    pub workspace: String,
    /// The delivery: a redelivery has the same.
    pub delivery: String,
    event: Box<dyn Interpret>,
}

impl Arrived {
    pub(crate) fn new(
        app: Option<String>,
        workspace: String,
        delivery: String,
        event: Box<dyn Interpret>,
    ) -> Self {
        Self { app, workspace, delivery, event }
    }

    /// Reads it with the eyes of the connection it is for.
    pub fn interpret(&self, me: &Me<'_>) -> Read {
        self.event.interpret(self, me)
    }
}

/// What people wrote does not belong into logs.
impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived")
            .field("app", &self.app)
            .field("workspace", &self.workspace)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

/// A chat system's event, which only its folder can read.
pub(crate) trait Interpret: Send + Sync {
    fn interpret(&self, arrived: &Arrived, me: &Me<'_>) -> Read;
}

/// The connection's eyes.
pub struct Me<'a> {
    /// The user the employee appears as.
    pub bot_user: &'a str,
    /// What a user of this workspace is called, where that is known.
    pub name_of: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Me<'a> {
    /// That user, who knows nobody by name.
    pub fn new(bot_user: &'a str) -> Self {
        Self { bot_user, name_of: &|_| None }
    }
}

/// What an event means to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// Something was said, changed or taken back; `domain::addressed::judge` knows what to do.
    Said(Box<Incoming>),
    /// The employee's own words came back, and name the effect that they are.
    Echo {
        /// Where they stand.
        incoming: Box<Incoming>,
        /// Which effect.
        effect: EffectId,
    },
    /// The workspace took its permission back; the chat system's word for it.
    Revoked(&'static str),
    /// Nothing to us.
    Ignored(Ignored),
}
