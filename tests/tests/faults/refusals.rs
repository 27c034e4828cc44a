//! What services refuse to start with.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use konstruct_tests::installation::Installation;

use crate::{answered, ask, prepared};

/// What `konstruct all` says when it refuses, at once.
async fn refusal(it: &Installation) -> anyhow::Result<String> {
    let output = tokio::time::timeout(Duration::from_secs(30), it.output(&["all"])).await;
    let output = output.context("it does not refuse")??;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    Ok(said)
}

#[tokio::test]
async fn a_consumer_that_differs_is_named_and_setup_repairs_it() {
    let mut it = prepared().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let stream = jetstream.get_stream("EVENTS").await.unwrap();
    let mut config = stream.consumer_info("delivery").await.unwrap().config;
    let declared = config.ack_wait;
    config.ack_wait = declared + Duration::from_secs(1);
    stream.create_consumer(config).await.unwrap();

    let said = refusal(&it).await.unwrap();
    assert!(said.contains("consumer delivery: ack_wait is "), "{said}");
    assert!(said.contains("`konstruct setup` applies it"), "{said}");

    it.ok(&["setup"]).await.unwrap();
    let repaired = stream.consumer_info("delivery").await.unwrap().config.ack_wait;
    assert_eq!(repaired, declared);
    it.run("all").await.unwrap();
    let spoken = ask(&it, "repaired?").await.unwrap();
    answered(&it, &spoken, "repaired?").await.unwrap();
}

#[tokio::test]
async fn a_database_role_that_no_wall_binds_is_refused() {
    let mut it = prepared().await.unwrap();
    let strong = [
        (it.database.superuser_url(), "is a superuser, whom row-level security does not bind"),
        (it.database.owner_url(), "so it could turn row-level security off"),
    ];
    for (url, why) in strong {
        it.settings.insert("KONSTRUCT_DATABASE_URL".to_owned(), url);
        let said = refusal(&it).await.unwrap();
        assert!(said.contains(why), "{said}");
        assert!(
            said.contains("Point KONSTRUCT_DATABASE_URL at the role `konstruct_app`"),
            "{said}"
        );
    }
    it.settings.clear();
    it.run("all").await.unwrap();
}
