//! Many lanes, and few connections to the database.

use konstruct_tests::fake_slack::Team;
use konstruct_tests::installation::{Installation, acme, tenant};

use crate::{CHANNEL, Load, TEAM, gateway, settled};

/// Whoever waits for a second connection while holding the only one waits for itself.
#[tokio::test]
async fn one_connection_serves_every_lane_of_every_service() {
    let mut it = Installation::prepare().await.unwrap();
    let suspended = tenant("beta", "T0BETA", "mara", "warm")
        .replace("    limits:", "    suspended: true\n    limits:");
    it.apply(&format!("{}{suspended}", acme())).await.unwrap();
    for team in [TEAM, "T0BETA"] {
        it.slack.install(&format!("xoxb-{team}"), Team::new(team, "U0BOT"));
    }
    it.slack.link(gateway(&it.gateway()), true);
    it.run_with("all", &[("KONSTRUCT_DATABASE_POOL", "1")]).await.unwrap();

    let load = Load::start(&it.slack.voice(), &[TEAM, "T0BETA"], 24, 2);
    let said = load.all().await.unwrap();
    let states = settled(&it, 48).await.unwrap();
    let (ours, theirs): (Vec<_>, Vec<_>) = said.into_iter().partition(|it| it.team.id == TEAM);
    let state = |ts: &str| states.iter().find(|(it, _)| it == ts).map(|(_, state)| state.as_str());
    assert!(ours.iter().all(|it| state(&it.ts) == Some("delivered")), "{states:?}");
    assert!(theirs.iter().all(|it| state(&it.ts) == Some("failed")), "{states:?}");
    assert_eq!(it.llm.requests().len(), ours.len());
    for spoken in theirs {
        assert!(it.slack.replies("T0BETA", CHANNEL, &spoken.ts).is_empty());
    }
    let said = it.said("all");
    assert!(!said.contains("delivery failed"), "{}", crate::tail(&said));
}
