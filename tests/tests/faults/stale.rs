//! A gateway whose memory of the directory is behind the log.

use konstruct_tests::{
    fake_slack::{Delivery, Team, World},
    installation::tenant,
    nats_proxy::Point,
};

use crate::{ANSWER_WAIT, CHANNEL, gateway, holds, log, on_a_line, prepared};

fn of(slug: &str, team: &str) -> String {
    format!("tenants:\n{}", tenant(slug, team, "mara", "warm, brief"))
}

#[tokio::test]
async fn a_workspace_that_only_the_log_knows_is_not_yet_and_never_nobodys() {
    let mut it = prepared().await.unwrap();
    let line = on_a_line(&mut it, "gateway").await.unwrap();
    it.slack.install("xoxb-T0OTHER", Team::new("T0OTHER", "U0BOT"));
    let spoken = it.slack.spoken("T0OTHER", CHANNEL, "U0PAT", "<@U0BOT> new here").unwrap();
    let slack = gateway(&it.gateway());
    let http = reqwest::Client::new();
    let unknown = slack.attempt(&http, &spoken.message(), None).await;
    assert_eq!(unknown.status(), Some(200), "nobody's, and the log says so");

    line.leave_out(Point::Brought { stream: "DIRECTORY" });
    it.apply(&of("other", "T0OTHER")).await.unwrap();
    line.met(1, ANSWER_WAIT).await.unwrap();
    for event in spoken.events() {
        let attempt = slack.attempt(&http, &event, None).await;
        assert_eq!(attempt.status(), Some(503), "{attempt:?}");
    }
    assert_eq!(log::count(&it, "message.received").await.unwrap(), 0);

    // What comes next shows that something is missing.
    line.release();
    it.apply(&of("next", "T0NEXT")).await.unwrap();
    let said = it.slack.say(spoken.clone()).await.unwrap();
    assert!(said.deliveries.iter().all(Delivery::is_taken), "{said:?}");
    let so = |world: &World| holds(&world.replies("T0OTHER", CHANNEL, &spoken.ts), "new here");
    it.slack.wait_for(ANSWER_WAIT, "an answer", so).await.unwrap();
}
