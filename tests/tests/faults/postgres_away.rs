//! The database is away.

use std::time::Duration;

use konstruct_tests::{
    cluster::Cluster,
    fake_llm::Behaviour,
    fake_slack::{Delivery, Team, World},
    installation::{Installation, tenant},
    postgres::TestDatabase,
};

use crate::{
    ANSWER_WAIT, CHANNEL, Load, SETTLED_WAIT, TEAM, Tally, answered, ask, dead_letters, furnish,
    gateway, holds,
};

/// Longer than all pauses of a consumer but the last few.
const OUTAGE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn while_postgresql_is_away_nothing_is_lost_doubled_or_set_aside() {
    let mut cluster = Cluster::start().await.unwrap();
    let database = TestDatabase::create_on(&cluster.url()).await.unwrap();
    let mut it = Installation::prepare_on(database).await.unwrap();
    furnish(&it).await.unwrap();
    it.slack.install("xoxb-T0BETA", Team::new("T0BETA", "U0BOT"));
    let both = [("acme", TEAM), ("beta", "T0BETA")]
        .map(|(slug, team)| tenant(slug, team, "mara", "warm, brief"))
        .concat();
    it.apply(&format!("tenants:\n{both}")).await.unwrap();
    it.run("all").await.unwrap();

    // The gateway knows the key of the one tenant from now on, and not that of the other.
    let before = ask(&it, "before").await.unwrap();
    answered(&it, &before, "before").await.unwrap();
    it.llm.always(Behaviour { held: true, ..Behaviour::default() });
    let midway = ask(&it, "midway").await.unwrap();
    let mut load = Load::start(&it.slack.voice(), &[TEAM], 4, 3);
    load.taken(4).await.unwrap();
    it.llm.held(3, ANSWER_WAIT).await.unwrap();

    cluster.kill().await.unwrap();
    it.llm.release();
    let meanwhile = ask(&it, "meanwhile").await.unwrap();
    let beta = it.slack.spoken("T0BETA", CHANNEL, "U0PAT", "<@U0BOT> from beta").unwrap();
    let attempt =
        gateway(&it.gateway()).attempt(&reqwest::Client::new(), &beta.message(), None).await;
    assert_eq!(attempt.status(), Some(503), "{attempt:?}");
    tokio::time::sleep(OUTAGE).await;
    cluster.run().await.unwrap();

    let said = it.slack.say(beta.clone()).await.unwrap();
    assert!(said.deliveries.iter().all(Delivery::is_taken), "{said:?}");
    for (spoken, text) in [(&midway, "midway"), (&meanwhile, "meanwhile")] {
        answered(&it, spoken, text).await.unwrap();
    }
    let so = |world: &World| holds(&world.replies("T0BETA", CHANNEL, &beta.ts), "from beta");
    it.slack.wait_for(SETTLED_WAIT, "beta's answer", so).await.unwrap();
    let mut said = load.all().await.unwrap();
    for (mut spoken, text) in
        [(before, "before"), (midway, "midway"), (meanwhile, "meanwhile"), (beta, "from beta")]
    {
        spoken.text = text.to_owned();
        said.push(spoken);
    }
    let tally = Tally::of(&it, &said).await.unwrap();
    tally.hold("PostgreSQL", 1).unwrap();
    assert_eq!((tally.messages, tally.uncertain, tally.apologies), (16, 0, 0));
    assert_eq!(dead_letters(&it).await.unwrap(), 0);
}
