//! Commands that run again change nothing, and two that want the same do not both get it.

use konstruct_tests::{
    fake_slack::{Gateway, Team},
    installation::{Installation, SIGNING_SECRET, acme, tenant},
};

use crate::{BOT, Log, ask, mention};

#[tokio::test]
async fn a_second_run_changes_nothing() {
    let it = Installation::prepare().await.unwrap();
    let mut directory = Log::open(&it, "DIRECTORY").await.unwrap();
    assert!(it.apply(&acme()).await.unwrap().contains("changes made"));
    let stored = directory.stored().await.unwrap();
    assert!(0 < stored);
    assert_eq!(it.apply(&acme()).await.unwrap(), "nothing to change\n");
    assert_eq!(directory.stored().await.unwrap(), stored);
    assert_eq!(it.ok(&["setup"]).await.unwrap(), "nothing to change\n");
    assert_eq!(it.ok(&["migrate"]).await.unwrap(), "nothing to migrate\n");
}

#[tokio::test]
async fn of_two_that_claim_a_workspace_at_once_one_wins_and_one_is_told_why() {
    let mut it = Installation::prepare().await.unwrap();
    let file = |slug| format!("tenants:\n{}", tenant(slug, "T0PRIZE", "mara", "warm"));
    let (left, right) = (file("left"), file("right"));
    let (one, other) = tokio::join!(it.apply(&left), it.apply(&right));
    let (winner, refused) = match (one, other) {
        (Ok(_), Err(error)) => ("left", error),
        (Err(error), Ok(_)) => ("right", error),
        (one, other) => panic!("{one:?} and {other:?}"),
    };
    let refused = format!("{refused:#}");
    assert!(refused.contains("T0PRIZE"), "{refused}");

    it.run("all").await.unwrap();
    it.slack.install("xoxb-T0PRIZE", Team::new("T0PRIZE", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    ask(&it, &mention(&it, "T0PRIZE", "whose are you?").unwrap()).await.unwrap();
    let asked = it.llm.requests();
    assert!(asked[0].system().contains(&format!("Support lead of {winner}")));
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    assert_eq!(log.all("tenantid"), [winner]);
}

#[tokio::test]
async fn two_thousand_tenants_come_from_one_file_and_the_gateway_knows_them_all() {
    let mut it = Installation::prepare().await.unwrap();
    it.run("all").await.unwrap();
    let slug = |number| format!("tenant-{number}");
    let workspace = |number| format!("T0MANY{number}");
    let entries: String =
        (0..2_000).map(|it| tenant(&slug(it), &workspace(it), "mara", "warm")).collect();
    let said = it.apply(&format!("tenants:\n{entries}")).await.unwrap();
    // Tenant, agent, its first version, token and connection of each.
    assert!(said.ends_with("10000 changes made\n"), "{}", said.lines().last().unwrap());
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    for number in [0, 999, 1_999] {
        let workspace = workspace(number);
        it.slack.install(&format!("xoxb-{workspace}"), Team::new(&workspace, BOT));
        ask(&it, &mention(&it, &workspace, "hello").unwrap()).await.unwrap();
    }
    let directory = it.ok(&["tenant", "list", "--json"]).await.unwrap();
    let listed: Vec<serde_json::Value> = serde_json::from_str(&directory).unwrap();
    assert_eq!(listed.len(), 2_000);
}
