//! `konstruct stream …`: what is on the log, and who reads it.

mod event;
mod get;
mod ls;
mod tail;

use std::time::Duration;

use anyhow::Context as _;
use runtime::{
    Bus,
    look::{Kept, Scan},
};

use crate::{cli::StreamVerb, output::Output, settings::Asked};

/// How long the server may be silent while messages wait.
const SILENCE_MAX: Duration = Duration::from_secs(30);

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

/// The next message, which is there.
pub(super) async fn next(scan: &mut Scan) -> anyhow::Result<Kept> {
    let next = tokio::time::timeout(SILENCE_MAX, scan.next()).await;
    next.with_context(|| {
        let silent_s = SILENCE_MAX.as_secs();
        format!("messages wait, and none came for {silent_s} s: NATS may be away")
    })
}
