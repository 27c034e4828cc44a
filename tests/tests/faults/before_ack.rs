//! `kill -9` after what follows is stored, and before the ack has left.

use konstruct_tests::{fake_slack::World, nats_proxy::Point};

use crate::{
    ANSWER_WAIT, CHANNEL, TEAM, answered, ask, gateway,
    log::{self, CONSUMERS, given_again, handled, once_each},
    on_a_line, prepared, settled, until,
};

/// `service` dies when `consumer` is about to acknowledge an event of `topic`, from which
/// `follows` has followed.
async fn killed(
    service: &'static str,
    consumer: &'static str,
    topic: &'static str,
    follows: &str,
) -> anyhow::Result<()> {
    let mut it = prepared().await?;
    let line = on_a_line(&mut it, service).await?;
    line.hold(Point::Ack { consumer, topic });
    let spoken = ask(&it, "only once").await?;
    line.met(1, ANSWER_WAIT).await?;
    assert_eq!(log::count(&it, follows).await?, 1, "{follows} is stored");
    let (_, events) = log::stream(&it, "EVENTS").await?;
    let unsettled = events.consumer_info(consumer).await?.num_ack_pending;
    assert_ne!(unsettled, 0, "the ack has left");

    it.kill(service).await?;
    it.run(service).await?;
    answered(&it, &spoken, "only once").await?;
    handled(&it, &CONSUMERS).await?;
    assert_ne!(given_again(&it, consumer).await?, 0, "nothing came a second time");
    let states = settled(&it, 1).await?;
    assert!(states.iter().all(|(_, state)| state == "delivered"), "{states:?}");
    once_each(&it).await?;
    assert_eq!(it.llm.requests().len(), 1, "somebody was paid again");
    let calls = it.slack.see(|world| (world.count("chat.postMessage"), world.count("chat.update")));
    assert_eq!(calls, (1, 1));
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn dedup_repeats_its_verdict() {
    killed("guards", "dedup", "message.received", "message.accepted").await.unwrap();
}

#[tokio::test]
async fn the_rate_limit_repeats_its_verdict() {
    killed("guards", "rate-limit", "message.accepted", "message.admitted").await.unwrap();
}

#[tokio::test]
async fn completion_repeats_its_answer() {
    let (reads, follows) = ("message.admitted", "completion.finished");
    killed("completion", "completion", reads, follows).await.unwrap();
}

#[tokio::test]
async fn delivery_does_not_say_again_that_it_is_delivered() {
    let (reads, follows) = ("completion.finished", "reply.delivered");
    killed("delivery", "delivery", reads, follows).await.unwrap();
}

#[tokio::test]
async fn the_gateway_dies_between_the_log_and_its_200() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "gateway").await.unwrap();
    line.hold(Point::Stored { stream: "EVENTS" });
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> only once").unwrap();
    let event = spoken.app_mention();
    let slack = gateway(&it.gateway());
    let http = reqwest::Client::new();
    let heard = tokio::spawn(async move { slack.attempt(&http, &event, None).await });
    line.met(1, ANSWER_WAIT).await.unwrap();
    assert_eq!(log::count(&it, "message.received").await.unwrap(), 1, "it is stored");
    it.kill("gateway").await.unwrap();
    assert_eq!(heard.await.unwrap().status(), None, "Slack heard nothing");

    it.run("gateway").await.unwrap();
    let said = it.slack.say(spoken.clone()).await.unwrap();
    assert!(said.deliveries.iter().all(konstruct_tests::fake_slack::Delivery::is_taken));
    answered(&it, &spoken, "only once").await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    once_each(&it).await.unwrap();
    assert_eq!(settled(&it, 1).await.unwrap()[0].1, "delivered");
    assert_eq!(it.llm.requests().len(), 1);
}

/// Twice the same word of a workspace that leaves, the second to a worker that did not see the first.
#[tokio::test]
async fn a_withdrawal_is_honoured_once() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "guards").await.unwrap();
    line.hold(Point::Ack { consumer: "revocation", topic: "connection.revoked" });
    let team = it.slack.see(|world| world.team(TEAM)).unwrap();
    let event = konstruct_tests::fake_slack::events::app_uninstalled(&team);
    assert!(it.slack.deliver(&event).await.unwrap().is_taken());
    line.met(1, ANSWER_WAIT).await.unwrap();
    let directory = log::all(&it, "DIRECTORY").await.unwrap();

    it.kill("guards").await.unwrap();
    it.run("guards").await.unwrap();
    handled(&it, &["revocation"]).await.unwrap();
    assert_ne!(given_again(&it, "revocation").await.unwrap(), 0);
    assert_eq!(log::all(&it, "DIRECTORY").await.unwrap(), directory);
    let removed = || async {
        let listed = it.ok(&["connection", "list", "--tenant", "acme"]).await?;
        Ok(listed.contains("removed: app_uninstalled"))
    };
    until(ANSWER_WAIT, "the connection is removed", removed).await.unwrap();
}
