//! A workspace takes the employee's rights back.

use async_nats::jetstream;
use konstruct_tests::{
    fake_slack::{Act, Fault, Gateway, Team, World, events},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::raw,
};
use serde_json::Value;

use crate::{BOT, Log, PATIENCE, answers, ask, heard, mention, running_acme, until};

fn team() -> Team {
    Team::new("T0ACME", BOT)
}

/// The state of the only connection there is, as an operator sees it.
async fn connection(it: &Installation) -> anyhow::Result<String> {
    let listed = it.ok(&["connection", "list", "--tenant", "acme", "--json"]).await?;
    let listed: Vec<Value> = serde_json::from_str(&listed)?;
    Ok(listed.first().map(|it| it["status"].to_string()).unwrap_or_default())
}

/// The workspace says so, its token is dead, and whoever has to has heard of it.
async fn withdrawn(it: &Installation, event: &Value) -> anyhow::Result<()> {
    it.slack.uninstall("xoxb-T0ACME");
    anyhow::ensure!(it.slack.deliver(event).await?.is_taken());
    let stream = jetstream::new(async_nats::connect(it.nats.url()).await?);
    let stream = stream.get_stream("EVENTS").await?;
    let honoured =
        || async { Ok(0 < stream.consumer_info("revocation").await?.ack_floor.consumer_sequence) };
    until(PATIENCE, "the revocation is handled", honoured).await
}

#[tokio::test]
async fn after_its_tokens_are_revoked_a_workspace_is_nobodys() {
    let it = running_acme().await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "hello").unwrap()).await.unwrap();
    let later = mention(&it, "T0ACME", "still there?").unwrap();
    withdrawn(&it, &events::tokens_revoked(&team())).await.unwrap();
    let state = connection(&it).await.unwrap();
    assert!(state.contains("tokens_revoked"), "{state}");

    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let stored = log.stored().await.unwrap();
    let calls = |world: &World| world.calls().count();
    let made = it.slack.see(calls);
    heard(&it, &later).await.unwrap();
    assert_eq!(log.stored().await.unwrap(), stored, "something of it was stored");
    assert_eq!(it.slack.see(calls), made);
    assert_eq!(it.llm.requests().len(), 1);

    // It may come back, to the same tenant or to another.
    it.apply(&acme()).await.unwrap();
    it.slack.install("xoxb-T0ACME", team());
    ask(&it, &mention(&it, "T0ACME", "here again").unwrap()).await.unwrap();
}

#[tokio::test]
async fn what_was_admitted_before_the_app_was_uninstalled_shows_nothing_and_fails_visibly() {
    let mut it = Installation::prepare().await.unwrap();
    it.apply(&acme()).await.unwrap();
    it.slack.install("xoxb-T0ACME", team());
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    for service in ["gateway", "guards"] {
        it.run(service).await.unwrap();
    }
    heard(&it, &mention(&it, "T0ACME", "too late").unwrap()).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("message.admitted", 1).await.unwrap();
    withdrawn(&it, &events::app_uninstalled(&team())).await.unwrap();
    let state = connection(&it).await.unwrap();
    assert!(state.contains("app_uninstalled"), "{state}");

    for service in ["completion", "delivery"] {
        it.run(service).await.unwrap();
    }
    log.until("reply.failed", 1).await.unwrap();
    let failed = log.events.last().unwrap();
    assert_eq!(failed["data"]["code"], "connection_removed");
    assert_eq!(log.message_of("reply.failed"), log.message_of("message.admitted"));
    assert_eq!(it.slack.see(|world| world.calls().count()), 0, "there is no way to them any more");
    assert_eq!(it.llm.requests().len(), 0, "nobody is paid for what nobody reads");
}

/// The connection names the new one; the one in memory is of no use.
#[tokio::test]
async fn after_its_token_is_replaced_a_workspace_is_answered_at_once() {
    let it = running_acme().await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "hello").unwrap()).await.unwrap();
    it.slack.install("xoxb-T0ACME-2", team());
    it.apply(&acme().replace("xoxb-T0ACME", "xoxb-T0ACME-2")).await.unwrap();
    it.slack.uninstall("xoxb-T0ACME");
    ask(&it, &mention(&it, "T0ACME", "and with another token?").unwrap()).await.unwrap();
}

/// Between the removal of the old one and the word of the new one: it is waited for.
#[tokio::test]
async fn while_its_token_is_being_replaced_a_workspaces_answers_wait() {
    let it = running_acme().await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "hello").unwrap()).await.unwrap();
    let client = raw(&it.database.superuser_url()).await.unwrap();
    client.execute("update secret set name = name || '/away'", &[]).await.unwrap();
    let revoked = Act::Code("token_revoked".to_owned());
    it.slack.fail(Fault::new(revoked).method("chat.update").times(1));
    let root = mention(&it, "T0ACME", "and meanwhile?").unwrap();
    heard(&it, &root).await.unwrap();
    let missed = async {
        while !it.said("all").contains("the token of connection `slack-T0ACME` is not there") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, missed).await.expect("nobody misses it");
    let back = "update secret set name = left(name, -length('/away'))";
    assert_eq!(client.execute(back, &[]).await.unwrap(), 1);
    answers(&it, &root, 1).await.unwrap();
}
