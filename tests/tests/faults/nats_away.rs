//! The log is away, or does not answer.

use std::time::{Duration, Instant};

use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Attempt, Delivery, Spoken, Team, World},
    installation::{Installation, tenant},
    nats_proxy::Point,
};

use crate::{
    ANSWER_WAIT, CHANNEL, Load, TEAM, Tally, answered, gateway, holds,
    log::{self, CONSUMERS, handled, once_each},
    on_a_line, prepared, signal, started,
};

/// What Slack hears, and how long it waits for that.
async fn attempt(it: &Installation, spoken: &Spoken) -> Attempt {
    let started = Instant::now();
    let http = reqwest::Client::new();
    let attempt = gateway(&it.gateway()).attempt(&http, &spoken.message(), None).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{attempt:?} {:?}", started.elapsed());
    attempt
}

fn come_again() -> Attempt {
    Attempt::Answered { status: 503, no_retry: false, body: String::new() }
}

#[tokio::test]
async fn while_nats_is_away_slack_hears_503_and_afterwards_nothing_is_lost() {
    let mut it = started().await.unwrap();
    it.llm.always(Behaviour { held: true, ..Behaviour::default() });
    let mut load = Load::start(&it.slack.voice(), &[TEAM], 5, 4);
    load.taken(5).await.unwrap();
    // Nothing is answered yet, and models are speaking.
    it.llm.held(3, ANSWER_WAIT).await.unwrap();

    it.nats.kill().await.unwrap();
    it.llm.release();
    for _ in 0..3 {
        let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> lost?").unwrap();
        assert_eq!(attempt(&it, &spoken).await, come_again());
    }
    it.nats.run().await.unwrap();

    let said = load.all().await.unwrap();
    assert_eq!(said.len(), 20);
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("nats-server", 1).unwrap();
    assert_eq!((tally.uncertain, tally.apologies), (0, 0));
}

/// The event is stored, and nobody will ever say so.
#[tokio::test]
async fn killed_between_a_publish_and_its_ack_slack_hears_503_and_a_retry_doubles_nothing() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "gateway").await.unwrap();
    line.hold(Point::Stored { stream: "EVENTS" });
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> stored?").unwrap();
    let (slack, event) = (gateway(&it.gateway()), spoken.message());
    let heard =
        tokio::spawn(async move { slack.attempt(&reqwest::Client::new(), &event, None).await });
    line.met(1, ANSWER_WAIT).await.unwrap();
    assert_eq!(log::count(&it, "message.received").await.unwrap(), 1);
    it.nats.kill().await.unwrap();
    assert_eq!(heard.await.unwrap(), come_again());
    line.cut();
    it.nats.run().await.unwrap();

    let said = it.slack.say(spoken.clone()).await.unwrap();
    assert!(said.deliveries.iter().all(Delivery::is_taken), "{said:?}");
    answered(&it, &spoken, "stored?").await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    once_each(&it).await.unwrap();
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    assert_eq!(it.llm.requests().len(), 1);
}

#[tokio::test]
async fn an_unknown_workspace_is_unknown_only_if_the_log_says_so() {
    let it = started().await.unwrap();
    let other = Team::new("T0OTHER", "U0BOT");
    it.slack.install("xoxb-T0OTHER", other);
    let spoken = it.slack.spoken("T0OTHER", CHANNEL, "U0PAT", "<@U0BOT> anybody there?").unwrap();
    let pid = it.nats.pid().unwrap();

    signal("-STOP", pid).await.unwrap();
    assert_eq!(attempt(&it, &spoken).await, come_again());
    signal("-CONT", pid).await.unwrap();
    assert_eq!(attempt(&it, &spoken).await.status(), Some(200));

    // Known from now on: the very same call is answered.
    let both = [("acme", TEAM), ("other", "T0OTHER")]
        .map(|(slug, team)| tenant(slug, team, "mara", "warm, brief"))
        .concat();
    it.apply(&format!("tenants:\n{both}")).await.unwrap();
    let said = it.slack.say(spoken.clone()).await.unwrap();
    assert!(said.deliveries.iter().all(Delivery::is_taken), "{said:?}");
    let answered =
        |world: &World| holds(&world.replies("T0OTHER", CHANNEL, &spoken.ts), "anybody there?");
    it.slack.wait_for(ANSWER_WAIT, "an answer", answered).await.unwrap();
}
