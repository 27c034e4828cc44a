//! What streams take in memory while they are open.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::{fake_llm::Behaviour, memory::resident_mib};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{House, question};

/// Streams that are open at once: as many as the service takes.
const STREAMS: usize = 1_000;

/// What each of them may take, in KiB: the request as it came, as it was read and as it is sent, of 4
/// KiB each; two connections, whose buffers hyper begins with 8 KiB each way; the chunk that is being
/// read; what waits for the reader; and the tasks, which are larger in a debug build. There it was 64 KiB
/// when this was written.
const STREAM_KIB_MAX: f64 = 160.0;

const PATIENCE: Duration = Duration::from_mins(2);

/// A question of 4 KiB whose answer is streamed.
fn long_question() -> Value {
    let mut body = question();
    body["stream"] = json!(true);
    body["messages"][0]["content"] = json!("how are you? ".repeat(320));
    body
}

#[tokio::test]
async fn a_thousand_open_streams_take_bounded_memory_and_one_more_is_refused() -> anyhow::Result<()>
{
    // Here are the vendor and those who ask.
    runtime::files::allow_many()?;
    let house = House::new().await?;
    let pid = house.it.pid("llm").context("`konstruct llm` has ended")?;
    house.ask(&long_question()).await?.error_for_status()?.bytes().await?;
    let before = resident_mib(pid)?;
    house.it.llm.always(Behaviour { held: true, ..Behaviour::text("one two three") });
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let request = house.post(&long_question());
        streams.spawn(async move { request.send().await?.error_for_status()?.text().await });
    }
    house.it.llm.held(STREAMS, PATIENCE).await?;
    let taken = (resident_mib(pid)? - before) * 1024.0 / 1_000.0;
    assert!(taken <= STREAM_KIB_MAX, "{taken} KiB each");

    let refused = house.ask(&question()).await?;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json::<Value>().await?["error"]["code"], "too_many");

    house.it.llm.release();
    while let Some(text) = streams.join_next().await {
        assert!(text??.ends_with("data: [DONE]\n\n"), "a stream is not whole");
    }
    Ok(())
}
