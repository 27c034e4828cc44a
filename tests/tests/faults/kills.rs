//! `kill -9` under load, at several moments.

use anyhow::Context as _;
use domain::reply::PLACEHOLDER;
use konstruct_tests::{fake_llm::Behaviour, fake_slack::World, installation::Installation};

use crate::{ANSWER_WAIT, Load, Tally, prepared, started, until};

/// So that there is something to interrupt.
fn slow() -> Behaviour {
    Behaviour { first_token_ms: 400, ..Behaviour::default() }
}

async fn again(it: &mut Installation) -> anyhow::Result<()> {
    it.kill("all").await?;
    it.run("all").await
}

async fn asked(it: &Installation, more: usize) -> anyhow::Result<()> {
    let before = it.llm.requests().len();
    let so = || async { Ok(before + more <= it.llm.requests().len()) };
    until(ANSWER_WAIT, "the model is asked", so).await
}

#[tokio::test]
async fn killed_at_its_nastiest_points_every_message_ends_with_one_reply() {
    let mut it = started().await.unwrap();
    it.llm.always(slow());
    let mut load = Load::start(&it.slack.voice(), 8, 5);

    load.taken(1).await.unwrap();
    again(&mut it).await.unwrap();

    let placeholder = |world: &World| world.messages().any(|posted| posted.text == PLACEHOLDER);
    it.slack.wait_for(ANSWER_WAIT, "a placeholder", placeholder).await.unwrap();
    again(&mut it).await.unwrap();

    asked(&it, 1).await.context(it.said("all")).unwrap();
    again(&mut it).await.unwrap();

    let before = it.slack.see(|world| world.count("chat.update"));
    let updated = |world: &World| before < world.count("chat.update");
    it.slack.wait_for(ANSWER_WAIT, "an update", updated).await.unwrap();
    again(&mut it).await.unwrap();

    asked(&it, 3).await.context(it.said("all")).unwrap();
    again(&mut it).await.unwrap();

    let said = load.all().await.unwrap();
    assert_eq!(said.len(), 40);
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("konstruct all", 5).unwrap();
}

#[tokio::test]
async fn each_service_killed_once_loses_and_doubles_nothing() {
    const SERVICES: [&str; 6] =
        ["gateway", "guards", "completion", "delivery", "projector", "sweeper"];
    let mut it = prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    it.llm.always(slow());
    let mut load = Load::start(&it.slack.voice(), 6, 4);
    for service in SERVICES {
        load.taken(3).await.unwrap();
        it.kill(service).await.unwrap();
        it.run(service).await.unwrap();
    }
    let said = load.all().await.unwrap();
    assert_eq!(said.len(), 24);
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("each service by itself", SERVICES.len()).unwrap();
}
