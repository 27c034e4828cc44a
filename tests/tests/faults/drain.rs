//! A service that is asked to stop finishes what it has begun.

use konstruct_tests::{fake_llm::Behaviour, installation::Installation, nats_proxy::Point};

use crate::{
    ANSWER_WAIT, CHANNEL, SERVICES, TEAM, answered, ask, gateway, log, on_a_line, prepared, signal,
    until,
};

/// Waits until the service has heard that it should stop.
async fn heard(it: &Installation, service: &str) -> anyhow::Result<()> {
    let so = || async { Ok(it.said(service).contains("finishing what has begun")) };
    until(ANSWER_WAIT, "it heard the signal", so).await
}

#[tokio::test]
async fn the_gateway_answers_the_call_in_hand_and_takes_no_other() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "gateway").await.unwrap();
    line.hold(Point::Stored { stream: "EVENTS" });
    let spoken = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> in hand").unwrap();
    let (slack, event) = (gateway(&it.gateway()), spoken.app_mention());
    let other = slack.clone();
    let in_hand =
        tokio::spawn(async move { slack.attempt(&reqwest::Client::new(), &event, None).await });
    line.met(1, ANSWER_WAIT).await.unwrap();
    signal("-TERM", it.pid("gateway").unwrap()).await.unwrap();
    heard(&it, "gateway").await.unwrap();
    let late = it.slack.spoken(TEAM, CHANNEL, "U0PAT", "<@U0BOT> too late").unwrap();
    let refused = || async {
        let attempt = other.attempt(&reqwest::Client::new(), &late.app_mention(), None).await;
        Ok(attempt.status().is_none())
    };
    until(ANSWER_WAIT, "no other call is taken", refused).await.unwrap();
    line.release();
    assert_eq!(in_hand.await.unwrap().status(), Some(200));
    assert!(it.ended("gateway").await.unwrap().success());
    answered(&it, &spoken, "in hand").await.unwrap();
    assert_eq!(log::count(&it, "message.received").await.unwrap(), 1);
}

#[tokio::test]
async fn completion_finishes_the_answer_it_is_paying_for() {
    let mut it = prepared().await.unwrap();
    for service in SERVICES {
        it.run(service).await.unwrap();
    }
    it.llm.script([Behaviour { held: true, ..Behaviour::text("said to its end") }]);
    let spoken = ask(&it, "how does it end?").await.unwrap();
    it.llm.held(1, ANSWER_WAIT).await.unwrap();
    signal("-TERM", it.pid("completion").unwrap()).await.unwrap();
    heard(&it, "completion").await.unwrap();
    it.llm.release();
    assert!(it.ended("completion").await.unwrap().success());
    answered(&it, &spoken, "said to its end").await.unwrap();
    assert_eq!(it.llm.requests().len(), 1);
}
