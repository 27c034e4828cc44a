//! Slack takes a call and does not say so.

use domain::reply::PLACEHOLDER;
use konstruct_tests::{
    fake_llm::Behaviour,
    fake_slack::{Act, Fault, World},
    installation::Installation,
};

use crate::{ANSWER_WAIT, CHANNEL, TEAM, answered, ask, gateway, settled, started, tail, until};

/// What the employee said in that thread, oldest first.
fn replies(it: &Installation, thread: &str) -> Vec<String> {
    it.slack
        .replies(TEAM, CHANNEL, thread)
        .into_iter()
        .map(|reply| reply.said().to_owned())
        .collect()
}

async fn ends(it: &Installation, state: &str) -> anyhow::Result<()> {
    let states = settled(it, 1).await?;
    assert_eq!(states.first().map(|(_, state)| state.as_str()), Some(state));
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    Ok(())
}

/// An answer of two messages.
fn long() -> (Behaviour, String) {
    let text = (0..700).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    (Behaviour::text(&text), text)
}

#[tokio::test]
async fn a_placeholder_whose_answer_is_lost_still_becomes_the_answer() {
    let it = started().await.unwrap();
    it.slack.fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").nth(1));
    let spoken = ask(&it, "where is it?").await.unwrap();
    answered(&it, &spoken, "where is it?").await.unwrap();
    ends(&it, "delivered").await.unwrap();
    let all = it.slack.replies(TEAM, CHANNEL, &spoken.ts);
    assert_eq!(all[0].history, [PLACEHOLDER]);
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 1);
}

#[tokio::test]
async fn a_part_whose_answer_is_lost_is_found_and_not_sent_again() {
    let it = started().await.unwrap();
    let (answer, text) = long();
    it.llm.always(answer);
    // The placeholder is the first.
    it.slack.fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").nth(2));
    let spoken = ask(&it, "at length, please").await.unwrap();
    ends(&it, "delivered").await.unwrap();
    assert_eq!(replies(&it, &spoken.ts).join(" "), text);
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 2);
}

#[tokio::test]
async fn a_part_that_cannot_be_looked_for_is_uncertain_and_not_sent_again() {
    let it = started().await.unwrap();
    let (answer, text) = long();
    it.llm.always(answer);
    it.slack.fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").nth(2));
    it.slack
        .fail(Fault::new(Act::Code("internal_error".to_owned())).method("conversations.replies"));
    let spoken = ask(&it, "at length, please").await.unwrap();
    ends(&it, "uncertain").await.unwrap();
    assert_eq!(replies(&it, &spoken.ts).join(" "), text);
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 2);
}

#[tokio::test]
async fn an_echo_settles_a_part_that_cannot_be_looked_for() {
    let it = started().await.unwrap();
    it.slack.link(gateway(&it.gateway()), true);
    let (answer, text) = long();
    it.llm.always(answer);
    it.slack.fail(Fault::new(Act::AcceptThenDrop).method("chat.postMessage").nth(2));
    it.slack
        .fail(Fault::new(Act::Code("internal_error".to_owned())).method("conversations.replies"));
    let spoken = ask(&it, "at length, please").await.unwrap();
    let delivered = || async {
        let states = crate::states(&it).await?;
        Ok(states.first().is_some_and(|(_, state)| state == "delivered"))
    };
    let waited = until(ANSWER_WAIT, "the echo settles it", delivered).await;
    let states = crate::states(&it).await.unwrap();
    assert!(waited.is_ok(), "{states:?}\n{}", tail(&it.said("all")));
    it.slack.echoes_delivered().await;
    ends(&it, "delivered").await.unwrap();
    assert_eq!(replies(&it, &spoken.ts).join(" "), text);
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 2);
}

#[tokio::test]
async fn an_update_that_slack_took_and_denied_is_made_again_and_seen_once() {
    let it = started().await.unwrap();
    it.slack.fail(Fault::new(Act::AcceptThenStatus(500)).method("chat.update").times(2));
    let spoken = ask(&it, "once only").await.unwrap();
    ends(&it, "delivered").await.unwrap();
    answered(&it, &spoken, "once only").await.unwrap();
    assert_eq!(it.slack.see(|world| world.count("chat.update")), 3);
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 1);
}
