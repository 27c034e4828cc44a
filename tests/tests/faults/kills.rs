//! `kill -9` under load, of one process that is everything, and of each service at any moment.

use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault, Spoken, World},
    installation::Installation,
};

use crate::{ANSWER_WAIT, Load, SERVICES, TEAM, Tally, prepared, started};

/// So that there is something to interrupt.
fn slow() -> Behaviour {
    Behaviour { first_token_ms: 400, ..Behaviour::default() }
}

async fn again(it: &mut Installation, load: Load) -> anyhow::Result<Vec<Spoken>> {
    it.kill("all").await?;
    it.run("all").await?;
    load.all().await
}

#[tokio::test]
async fn killed_at_its_nastiest_points_every_message_ends_with_one_reply() {
    let mut it = started().await.unwrap();
    it.llm.always(slow());
    let voice = it.slack.voice();
    let speak = || Load::start(&voice, &[TEAM], 5, 2);

    // A gateway has just said 200.
    let mut load = speak();
    load.taken(1).await.unwrap();
    let mut said = again(&mut it, load).await.unwrap();

    // Slack has a placeholder, then an answer, and has not said so.
    for method in ["chat.postMessage", "chat.update"] {
        it.slack.fail(Fault::new(Act::AcceptThenHold).method(method).nth(2));
        let load = speak();
        let held = |world: &World| {
            world.calls().any(|call| call.method == method && call.outcome.contains("Hold"))
        };
        it.slack.wait_for(ANSWER_WAIT, "a call is held", held).await.unwrap();
        said.extend(again(&mut it, load).await.unwrap());
    }

    // Models are speaking.
    it.llm.script([(); 3].map(|()| Behaviour { held: true, ..slow() }));
    let load = speak();
    it.llm.held(3, ANSWER_WAIT).await.unwrap();
    said.extend(again(&mut it, load).await.unwrap());

    assert_eq!(said.len(), 40);
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("konstruct all", 4).unwrap();
}

#[tokio::test]
async fn each_service_killed_once_loses_and_doubles_nothing() {
    let mut it = prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    it.llm.always(slow());
    let mut load = Load::start(&it.slack.voice(), &[TEAM], 6, 4);
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
