//! What can be typed to see what happened.

use clap::{Args, Subcommand};
use nats::look::{kind_named, stream_named};
use schemas::{ConversationId, CorrelationId, Kind, TenantId};

/// `konstruct stream …`.
#[derive(Debug, Args)]
pub(crate) struct Streams {
    /// What to do.
    #[command(subcommand)]
    pub verb: StreamVerb,
}

/// What can be done with streams. None of it changes anything, and none leaves a consumer behind.
#[derive(Debug, Subcommand)]
pub(crate) enum StreamVerb {
    /// List the streams: what is on them, who reads them, and how far they are.
    #[command(visible_alias = "list")]
    Ls,
    /// Show one event whole: subject, sequence, when it was stored, headers, envelope. Of what people
    /// wrote it says how much it is.
    Get(Get),
    /// Show events in the order of their stream, a line each; with `--json`, each as `get` does.
    ///
    /// Without a start it begins with the oldest event that is kept, or with `--follow` from now on.
    /// Ctrl-C ends it.
    Tail(Tail),
}

/// `konstruct stream get`.
#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The stream.
    #[arg(long, default_value = "EVENTS", value_parser = stream_named)]
    pub stream: &'static nats::Stream,
    /// Open what people wrote with the tenant's key; that it was opened is written into the log of
    /// operators first.
    #[arg(long)]
    pub open: bool,
    /// Its sequence.
    #[arg(value_name = "SEQ")]
    pub sequence: u64,
}

/// `konstruct stream tail`.
#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// The stream.
    #[arg(long, default_value = "EVENTS", value_parser = stream_named)]
    pub stream: &'static nats::Stream,
    /// Of this tenant, by its slug.
    #[arg(long)]
    pub tenant: Option<TenantId>,
    /// Of this thread, by the conversation's id, e.g. `C1-1700000000_123456`.
    #[arg(long)]
    pub thread: Option<ConversationId>,
    /// Of this kind, e.g. `message.received`; say it again for more of them.
    #[arg(long = "kind", value_name = "KIND", value_parser = kind_named)]
    pub kinds: Vec<Kind>,
    /// Of this message's story, by its id.
    #[arg(long, value_name = "MESSAGE")]
    pub correlation: Option<CorrelationId>,
    /// Stored then or later: RFC 3339, or how long ago, e.g. `90s`, `15m`, `2h`, `3d`.
    #[arg(long, value_name = "TIME")]
    pub from_time: Option<String>,
    /// Stored then or earlier.
    #[arg(long, value_name = "TIME")]
    pub until_time: Option<String>,
    /// At this sequence or later.
    #[arg(long, value_name = "SEQ")]
    pub from_seq: Option<u64>,
    /// At this sequence or earlier.
    #[arg(long, value_name = "SEQ")]
    pub until_seq: Option<u64>,
    /// End after so many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Wait for more.
    #[arg(long, conflicts_with_all = ["until_time", "until_seq"])]
    pub follow: bool,
}

/// `konstruct at`.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// When: RFC 3339, or how long ago, e.g. `90s`, `15m`, `2h`, `3d`.
    pub time: String,
    /// The tenant's slug; all tenants without.
    #[arg(long)]
    pub tenant: Option<TenantId>,
}
