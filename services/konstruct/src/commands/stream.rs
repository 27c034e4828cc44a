//! `konstruct stream …`: what is on the log, and who reads it.

mod event;
mod get;
mod ls;
mod tail;

use std::time::Duration;

use runtime::{
    Bus,
    look::{Kept, Scan},
};

use crate::{cli::StreamVerb, output::Output, settings::Asked};

/// How long the server may be silent while messages wait.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Does it.
pub(crate) async fn run(asked: &Asked<'_>, verb: StreamVerb, output: Output) -> anyhow::Result<()> {
    match verb {
        StreamVerb::Ls => ls::run(asked, output).await,
        StreamVerb::Get(args) => get::run(asked, &args, output).await,
        StreamVerb::Tail(args) => tail::run(asked, &args, output).await,
    }
}

/// A connection for a look. Whether the topology is as declared is no matter: who looks may want to know
/// why it is not.
pub(super) async fn connect(asked: &Asked<'_>) -> anyhow::Result<Bus> {
    Ok(Bus::connect(&asked.nats_url()?, "konstruct-look").await?)
}

/// The next message of those that wait; nothing if they were purged meanwhile.
pub(super) async fn next(scan: &mut Scan) -> anyhow::Result<Option<Kept>> {
    Ok(scan.next_waiting(SILENCE_MAX).await?)
}
