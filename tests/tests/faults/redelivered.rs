//! Events that come late, twice, or in another order.

use async_nats::HeaderMap;
use konstruct_tests::{fake_slack::World, installation::Installation};

use crate::{
    ANSWER_WAIT, CHANNEL, TEAM, answered, ask,
    log::{self, CONSUMERS, handled},
    prepared, settled, started, until,
};

/// Publishes every event of a topic once more, as the server would not know it.
async fn republish(it: &Installation, topic: &str, mark: &str) -> anyhow::Result<usize> {
    let (jetstream, stream) = log::stream(it, "EVENTS").await?;
    let mut count = 0;
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let Ok(found) = stream.get_raw_message(sequence).await else { continue };
        if !found.subject.ends_with(topic) {
            continue;
        }
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", format!("{mark}-{sequence}").as_str());
        let sent = jetstream.publish_with_headers(found.subject, headers, found.payload);
        sent.await?.await?;
        count += 1;
    }
    Ok(count)
}

/// Everything in the thread as people see it, and every call that was made.
fn seen(it: &Installation, thread: &str) -> (Vec<konstruct_tests::fake_slack::Posted>, u64, u64) {
    let (posts, updates) =
        it.slack.see(|world| (world.count("chat.postMessage"), world.count("chat.update")));
    (it.slack.messages(TEAM, CHANNEL, thread), posts, updates)
}

#[tokio::test]
async fn events_that_come_again_in_any_order_change_nothing() {
    let it = started().await.unwrap();
    let spoken = ask(&it, "only once").await.unwrap();
    answered(&it, &spoken, "only once").await.unwrap();
    settled(&it, 1).await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    let before = seen(&it, &spoken.ts);
    assert_eq!((before.1, before.2), (1, 1));

    let topics = [
        "completion.finished",
        "message.admitted",
        "completion.finished",
        "message.accepted",
        "message.received",
        "reply.delivered",
    ];
    for (index, topic) in topics.iter().enumerate() {
        let again = republish(&it, topic, &format!("again{index}")).await.unwrap();
        assert_ne!(again, 0, "{topic}");
        handled(&it, &CONSUMERS).await.unwrap();
    }
    assert_eq!(seen(&it, &spoken.ts), before);
    assert_eq!(it.llm.requests().len(), 1);
    assert_eq!(settled(&it, 1).await.unwrap()[0].1, "delivered");
}

#[tokio::test]
async fn an_admission_after_the_answer_shows_no_placeholder() {
    let mut it = prepared().await.unwrap();
    for service in ["gateway", "guards", "completion"] {
        it.run(service).await.unwrap();
    }
    let spoken = ask(&it, "in which order?").await.unwrap();
    // Delivery is not there yet: the completion comes before the admission for it.
    let (_, stream) = log::stream(&it, "EVENTS").await.unwrap();
    let finished = || async {
        let info = stream.info_with_subjects("events.*.*.completion.finished").await?;
        Ok(futures::TryStreamExt::try_collect::<Vec<_>>(info).await?.len() == 1)
    };
    until(ANSWER_WAIT, "the completion is there", finished).await.unwrap();
    handled(&it, &["dedup", "rate-limit", "completion"]).await.unwrap();
    let last = stream.get_info().await.unwrap().state.last_sequence;
    let mut admitted = None;
    for sequence in 1..=last {
        let found = stream.get_raw_message(sequence).await.unwrap();
        if found.subject.ends_with("message.admitted") {
            admitted = Some((sequence, found));
        }
    }
    let (sequence, found) = admitted.unwrap();
    assert!(stream.delete_message(sequence).await.unwrap());
    let (jetstream, _) = log::stream(&it, "EVENTS").await.unwrap();
    jetstream.publish(found.subject, found.payload).await.unwrap().await.unwrap();

    it.run("delivery").await.unwrap();
    it.run("projector").await.unwrap();
    answered(&it, &spoken, "in which order?").await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    let (thread, posts, updates) = seen(&it, &spoken.ts);
    assert_eq!((posts, updates), (1, 0));
    assert_eq!(thread.len(), 2);
    assert_eq!(thread[1].history, Vec::<String>::new());
    assert_eq!(it.slack.see(World::doubled), Vec::<String>::new());
}
