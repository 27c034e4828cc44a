//! A verdict of the rate limit that comes again is the verdict that was given.

use konstruct_tests::{
    fake_slack::World,
    installation::{Installation, acme},
    nats_proxy::Point,
};

use crate::{
    ANSWER_WAIT, CHANNEL, TEAM,
    log::{self, CONSUMERS, given_again, handled, once_each},
    on_a_line, prepared, settled,
};

const MESSAGES: usize = 31;

/// Message and verdict, in the order of messages.
async fn verdicts(it: &Installation) -> anyhow::Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for (subject, event) in log::all(it, "EVENTS").await? {
        let topic = subject.splitn(4, '.').nth(3).unwrap_or_default();
        if matches!(topic, "message.admitted" | "message.throttled") {
            let said = |at| event.pointer(at).map(ToString::to_string).unwrap_or_default();
            let verdict = format!("{topic} {} {}", said("/data/retry_at"), said("/data/tell"));
            found.push((said("/correlationid"), verdict));
        }
    }
    found.sort();
    Ok(found)
}

#[tokio::test]
async fn of_31_at_one_instant_a_restarted_worker_admits_the_same_30_and_tells_the_one_once() {
    let mut it = prepared().await.unwrap();
    it.apply(&acme().replace("messages_per_minute: 6000", "messages_per_minute: 30"))
        .await
        .unwrap();
    let line = on_a_line(&mut it, "guards").await.unwrap();
    // Everything is decided and published, and the server never hears that it was.
    line.leave_out(Point::Ack { consumer: "rate-limit", topic: "message.accepted" });
    let base = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> at once").unwrap();
    let second = base.ts.split('.').next().unwrap_or_default().to_owned();
    let all = (0..MESSAGES).map(|nth| {
        let mut spoken = base.clone();
        spoken.ts = format!("{second}.{nth:06}");
        it.slack.say(spoken)
    });
    futures::future::try_join_all(all).await.unwrap();
    line.met(MESSAGES, ANSWER_WAIT).await.unwrap();
    let before = verdicts(&it).await.unwrap();
    let count = |what: &str| before.iter().filter(|(_, it)| it.starts_with(what)).count();
    assert_eq!((count("message.admitted"), count("message.throttled")), (30, 1), "{before:?}");

    it.kill("guards").await.unwrap();
    it.run("guards").await.unwrap();
    handled(&it, &CONSUMERS).await.unwrap();
    assert_eq!(given_again(&it, "rate-limit").await.unwrap(), u64::try_from(MESSAGES).unwrap());
    assert_eq!(verdicts(&it).await.unwrap(), before);
    once_each(&it).await.unwrap();
    let states = settled(&it, MESSAGES).await.unwrap();
    let ended = |state: &str| states.iter().filter(|(_, it)| it == state).count();
    assert_eq!((ended("delivered"), ended("told")), (30, 1), "{states:?}");
    let told: Vec<String> = it.slack.see(|world: &World| {
        let told = world.messages().filter(|posted| posted.only_for.is_some());
        told.map(|posted| posted.text.clone()).collect()
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("30 messages a minute"), "{told:?}");
}
