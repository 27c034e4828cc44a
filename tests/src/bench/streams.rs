//! What `konstruct llm` holds in memory while many streams stand open.

use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use konstruct_tests::{fake_llm::Behaviour, installation::Installation};
use tokio::task::JoinSet;

use super::{
    llm::{ANSWER, Way, ask, body},
    process::resident_mib,
    report::{Group, float, ratio},
};

/// Streams that are open at once.
const STREAMS: usize = 1_000;

/// Opens them, looks, and reads them to their ends.
pub(crate) async fn memory(it: &Installation, way: &Way) -> anyhow::Result<Group> {
    let work =
        format!("{STREAMS} streams through `konstruct llm`, each held after its first token");
    let mut group = Group::new("Memory", work);
    let Way::Server { client, url, key } = way else { anyhow::bail!("not the server") };
    let pid = it.pid("llm").context("`konstruct llm` has ended")?;
    it.llm.always(Behaviour::text(ANSWER));
    ask(way, true).await?;
    let idle = resident_mib(pid)?;
    group.add("before", idle, "MiB");
    it.llm.always(Behaviour { held: true, ..Behaviour::text(ANSWER) });
    let mut open = JoinSet::new();
    for _ in 0..STREAMS {
        let request =
            client.post(format!("{url}/v1/chat/completions")).json(&body("quality", true));
        let request = request.bearer_auth(key);
        open.spawn(async move {
            let mut pieces = request.send().await?.error_for_status()?.bytes_stream();
            while let Some(piece) = pieces.next().await {
                piece?;
            }
            anyhow::Ok(())
        });
    }
    it.llm.held(STREAMS, Duration::from_mins(1)).await?;
    let held = resident_mib(pid)?;
    group.compare(format!("with {STREAMS} streams"), (held, "MiB"), (idle, "before"));
    group.add("each stream", ratio((held - idle) * 1024.0, float(STREAMS)), "KiB");
    it.llm.release();
    while let Some(ended) = open.join_next().await {
        ended??;
    }
    Ok(group)
}
