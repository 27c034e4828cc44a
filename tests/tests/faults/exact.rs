//! Each service dies at its nastiest point, each time under a load of several tenants.

use std::collections::BTreeMap;

use anyhow::Context as _;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault, Spoken, World},
    installation::Installation,
    nats_proxy::{NatsProxy, Point},
};

use crate::{Load, SERVICES, SETTLED_WAIT, TEAMS, Tally, log::once_each, prepared_for_three};

/// People in six threads, who say three things each.
const THREADS: usize = 6;
const EACH: usize = 3;

/// An installation whose services are all on lines, and what was said to it.
struct Campaign {
    it: Installation,
    lines: BTreeMap<&'static str, NatsProxy>,
    said: Vec<Spoken>,
    kills: usize,
}

impl Campaign {
    async fn begin() -> anyhow::Result<Self> {
        let mut it = prepared_for_three().await?;
        let mut lines = BTreeMap::new();
        for service in SERVICES {
            let line = NatsProxy::start(&it.nats.url()).await?;
            it.run_with(service, &[("KONSTRUCT_NATS_URL", &line.url())]).await?;
            lines.insert(service, line);
        }
        Ok(Self { it, lines, said: Vec::new(), kills: 0 })
    }

    fn speak(&self) -> Load {
        Load::start(&self.it.slack.voice(), &TEAMS, THREADS, EACH)
    }

    fn line(&self, service: &str) -> anyhow::Result<&NatsProxy> {
        self.lines.get(service).context("it has no line")
    }

    async fn die(&mut self, service: &'static str, load: Load) -> anyhow::Result<()> {
        self.it.kill(service).await?;
        let line = self.line(service)?;
        line.cut();
        let url = line.url();
        self.it.run_with(service, &[("KONSTRUCT_NATS_URL", &url)]).await?;
        self.kills += 1;
        self.said.extend(load.all().await?);
        Ok(())
    }

    /// It dies with its line held at that point.
    async fn at(&mut self, service: &'static str, point: Point) -> anyhow::Result<()> {
        self.line(service)?.hold(point);
        let load = self.speak();
        self.line(service)?.met(1, SETTLED_WAIT).await?;
        self.die(service, load).await
    }

    /// Delivery dies while Slack has carried out a call and has not answered.
    async fn at_slack(&mut self, method: &str) -> anyhow::Result<()> {
        let held = |world: &World| {
            world.calls().any(|call| call.method == method && call.outcome.contains("Hold"))
        };
        self.it.slack.fail(Fault::new(Act::AcceptThenHold).method(method).nth(3));
        let load = self.speak();
        self.it.slack.wait_for(SETTLED_WAIT, "a call is held", held).await?;
        self.die("delivery", load).await
    }

    /// Completion dies while models speak to several people.
    async fn at_the_model(&mut self) -> anyhow::Result<()> {
        let held = || Behaviour { held: true, ..Behaviour::text("never said to its end") };
        self.it.llm.script([held(), held(), held()]);
        let load = self.speak();
        self.it.llm.held(3, SETTLED_WAIT).await?;
        self.die("completion", load).await
    }
}

#[tokio::test]
async fn killed_at_their_exact_points_under_load_services_lose_and_double_nothing() {
    let mut run = Campaign::begin().await.unwrap();
    let ack = |consumer, topic| Point::Ack { consumer, topic };
    run.at("gateway", Point::Stored { stream: "EVENTS" }).await.unwrap();
    run.at("guards", ack("dedup", "message.received")).await.unwrap();
    run.at("guards", ack("rate-limit", "message.accepted")).await.unwrap();
    run.at_the_model().await.unwrap();
    run.at("completion", ack("completion", "message.admitted")).await.unwrap();
    run.at_slack("chat.postMessage").await.unwrap();
    run.at_slack("chat.update").await.unwrap();
    run.at("delivery", ack("delivery", "completion.finished")).await.unwrap();

    assert_eq!(run.said.len(), run.kills * THREADS * EACH);
    let tally = Tally::of(&run.it, &run.said).await.unwrap();
    tally.hold("each service at its exact points", run.kills).unwrap();
    assert_eq!(tally.apologies, 0);
    once_each(&run.it).await.unwrap();
}
