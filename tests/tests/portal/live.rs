//! The live tail: a tenant's own events, each once, from where a browser was.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use konstruct_tests::installation::{acme, tenant};
use reqwest::{Method, Response};

use crate::{
    running,
    visitor::{Staff, Visitor},
};

/// How long anything may take here, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

const STREAM: &str = "/t/acme/activity/stream";

/// A stream that is being read.
struct Tail {
    answer: std::pin::Pin<Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    text: String,
}

impl Tail {
    fn of(answer: Response) -> anyhow::Result<Self> {
        let kind = answer.headers().get("content-type").context("no content type")?;
        anyhow::ensure!(kind == "text/event-stream", "{kind:?}");
        Ok(Self { answer: Box::pin(answer.bytes_stream()), text: String::new() })
    }

    /// The next event: its id and its data. Nothing where the stream ends.
    async fn next(&mut self) -> anyhow::Result<Option<(u64, String)>> {
        let read = async {
            loop {
                while let Some((event, rest)) = self.text.split_once("\n\n") {
                    let line = |name: &str| event.lines().find_map(|it| it.strip_prefix(name));
                    let found = line("id: ").zip(line("data: "));
                    let found = found.map(|(id, data)| (id.parse(), data.to_owned()));
                    self.text = rest.to_owned();
                    if let Some((id, data)) = found {
                        return anyhow::Ok(Some((id?, data)));
                    }
                }
                let Some(piece) = self.answer.next().await else { return Ok(None) };
                self.text.push_str(std::str::from_utf8(&piece?)?);
            }
        };
        tokio::time::timeout(PATIENCE, read).await.context("nothing comes")?
    }

    /// Events until one has that in it.
    async fn until(&mut self, part: &str) -> anyhow::Result<Vec<(u64, String)>> {
        let mut seen = Vec::new();
        loop {
            let Some(event) = self.next().await? else { bail!("it ended: {seen:?}") };
            let is_it = event.1.contains(part);
            seen.push(event);
            if is_it {
                return Ok(seen);
            }
        }
    }
}

async fn follow(who: &Visitor, after: Option<u64>) -> anyhow::Result<Tail> {
    let mut request = who.request(Method::GET, STREAM);
    if let Some(after) = after {
        request = request.header("last-event-id", after);
    }
    Tail::of(request.send().await?)
}

#[tokio::test]
async fn a_tail_has_a_tenants_own_events_from_where_a_browser_was() -> anyhow::Result<()> {
    let yaml = format!("{}{}", acme(), tenant("beta", "T0BETA", "bo", "dry"));
    let (it, staff) = running(&yaml).await?;
    let viewer = staff.viewer("acme").await?;
    let mut tail = follow(&viewer, None).await?;
    let say = async |workspace: &str, text: &str| {
        it.slack.say(it.slack.spoken(workspace, "C1", "U0ANN", &format!("<@U0BOT> {text}"))?).await
    };
    say("T0BETA", "what only beta may know").await?;
    say("T0ACME", "the first of acme").await?;
    let first = tail.until("Reply delivered").await?;
    say("T0BETA", "and this too").await?;
    say("T0ACME", "the second of acme").await?;
    let second = tail.until("Reply delivered").await?;
    let all: Vec<_> = first.iter().chain(&second).collect();
    assert!(all.iter().any(|(_, data)| data.contains("the first of acme")), "{all:?}");
    for (_, data) in &all {
        assert!(!data.contains("beta") && !data.contains("and this too"), "{data}");
    }
    assert!(all.is_sorted_by(|one, next| one.0 < next.0), "each once, in order: {all:?}");

    // Whoever was away has what they missed, and nothing twice.
    let last = first.last().context("no event")?.0;
    let mut again = follow(&viewer, Some(last)).await?;
    assert_eq!(again.until("Reply delivered").await?, second);
    Ok(())
}

#[tokio::test]
async fn a_tail_ends_with_the_session_and_is_nobodys_elses() -> anyhow::Result<()> {
    let (_it, staff) = running(&acme()).await?;
    let viewer = staff.viewer("acme").await?;
    let foreign = viewer.foreign(Method::GET, STREAM).send().await?;
    assert_eq!(foreign.status(), 403, "another site may not hold one open");
    let nobody: Visitor = Staff::nobody(&staff)?;
    assert_eq!(nobody.get(STREAM).await?.status(), 303);

    let mut tail = follow(&viewer, None).await?;
    let out = viewer.post("/sign-out", &[]).await?;
    assert_eq!(out.status(), 303);
    assert_eq!(tail.next().await?, None, "it goes on after the end of its session");
    Ok(())
}
