//! Dead letters, as whoever keeps the installation running decides of them.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::{installation::acme, wait::until};

use crate::running;

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn whoever_keeps_the_installation_running_decides_of_dead_letters() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let nats = async_nats::jetstream::new(async_nats::connect(it.nats.url()).await?);
    for id in ["x", "y"] {
        let event = format!(r#"{{"specversion":"1.0","id":"{id}"}}"#);
        let subject = "events.00.acme.message.received";
        nats.publish(subject, event.into_bytes().into()).await?.await?;
    }
    let kim = staff.engineer().await?;
    let both = || async { Ok(kim.read("/dead-letters").await?.contains("dedup-EVENTS-2")) };
    until(PATIENCE, "two dead letters", both).await?;
    let page = kim.read("/dead-letters").await?;
    assert!(page.contains("dedup-EVENTS-1"), "{page}");
    assert!(page.contains("message.received by dedup"), "{page}");
    assert!(page.contains("Changed last before the first of them:"), "{page}");
    let one = "/dead-letters/dedup-EVENTS-1";
    assert!(kim.read(one).await?.contains("not an envelope: missing field"));

    let discard = [("do", "discard"), ("reason", "a test <b>")];
    kim.post(one, &discard).await?;
    let page = kim.read("/dead-letters").await?;
    assert!(!page.contains("dedup-EVENTS-1") && page.contains("dedup-EVENTS-2"), "{page}");
    assert!(kim.read("/dead-letters?decided=yes").await?.contains("dedup-EVENTS-1"));
    let shown = kim.read(one).await?;
    assert!(shown.contains("It was discarded by") && shown.contains("a test &lt;b"), "{shown}");
    assert!(!shown.contains(">Retry<"), "what is decided is decided");

    let (_, key) = page.split_once("/dead-letters/groups/").context("no group")?;
    let key: String = key.chars().take_while(char::is_ascii_alphanumeric).collect();
    let group = format!("/dead-letters/groups/{key}");
    assert!(kim.read(&group).await?.contains("1 letter: message.received by dedup"));
    kim.post(&group, &[("do", "discard"), ("reason", "")]).await?;
    assert!(kim.read("/dead-letters").await?.contains("dedup-EVENTS-2"), "without a reason");
    kim.post(&group, &[("do", "discard"), ("reason", "the rest")]).await?;
    assert!(kim.read("/dead-letters").await?.contains("No dead letters"));

    assert_eq!(staff.operator("acme").await?.get("/dead-letters").await?.status(), 404);
    Ok(())
}
