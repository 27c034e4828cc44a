//! Dead letters, as whoever keeps the installation running decides of them.

use std::time::Duration;

use anyhow::Context as _;
use konstruct_tests::{
    installation::{Installation, acme, tenant},
    postgres::raw,
    wait::until,
};
use portal::server::flash::{Flash, Tone};
use serde_json::json;

use crate::{
    running,
    visitor::{flash_of, hidden, text_of},
};

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
    let asked = kim.read(&group).await?;
    assert!(asked.contains("1 letter: message.received by dedup"), "{asked}");
    assert!(asked.contains("Of acme (1)."), "{asked}");
    let until = hidden(&asked, "until")?;
    let long = "é".repeat(501);
    for (reason, why) in
        [(" ", "Reason is empty"), (&*long, "Reason is longer than 500 characters")]
    {
        for (page, until) in [(&*group, &*until), ("/dead-letters/dedup-EVENTS-2", "")] {
            let mut form = vec![("do", "discard"), ("reason", reason)];
            form.extend((!until.is_empty()).then_some(("until", until)));
            let refused = kim.post(page, &form).await?;
            assert_eq!(refused.status(), 422, "{page}");
            let told = text_of(refused).await?;
            assert!(told.contains(why), "{told}");
            assert_eq!(hidden(&told, "reason")?, reason, "what was typed is kept");
        }
    }
    let unseen = kim.post(&group, &[("do", "discard"), ("reason", "all")]).await?;
    assert_eq!(unseen.status(), 400, "without what was seen");
    assert!(kim.read("/dead-letters").await?.contains("dedup-EVENTS-2"), "without a reason");
    kim.post(&group, &[("do", "discard"), ("reason", "the rest"), ("until", &*until)]).await?;
    assert!(kim.read("/dead-letters").await?.contains("No dead letters"));

    assert_eq!(staff.operator("acme").await?.get("/dead-letters").await?.status(), 404);
    Ok(())
}

/// Puts a letter on the stream, as a consumer keeps it: of the event at that place, set aside then.
async fn letter(
    it: &Installation,
    (tenant, sequence): (&str, u64),
    at: &str,
) -> anyhow::Result<String> {
    let nats = async_nats::jetstream::new(async_nats::connect(it.nats.url()).await?);
    let letter = json!({
        "consumer": "dedup",
        "stream": "EVENTS",
        "sequence": sequence,
        "subject": format!("events.00.{tenant}.message.received"),
        "tenant": tenant,
        "event": null,
        "attempts": 3,
        "reason": "the database was away",
        "at": at,
    });
    let subject = format!("deadletters.dedup.{tenant}");
    nats.publish(subject, letter.to_string().into()).await?.await?;
    Ok(format!("dedup-EVENTS-{sequence}"))
}

#[tokio::test]
async fn a_group_is_decided_as_it_was_looked_at() -> anyhow::Result<()> {
    let yaml = format!("{}{}", acme(), tenant("beta", "T0BETA", "bo", "dry"));
    let (it, staff) = running(&yaml).await?;
    let kim = staff.engineer().await?;
    letter(&it, ("acme", 900_001), "2026-11-01T10:00:00.000Z").await?;
    letter(&it, ("beta", 900_002), "2026-11-01T11:00:00.000Z").await?;
    letter(&it, ("acme", 900_003), "2026-11-01T12:00:00.000Z").await?;
    let all = kim.read("/dead-letters").await?;
    assert!(all.contains("dedup-EVENTS-900002"), "{all}");
    let list = "/dead-letters?tenant=acme";
    let own = kim.read(list).await?;
    assert!(own.contains("dedup-EVENTS-900001") && !own.contains("dedup-EVENTS-900002"), "{own}");
    assert_eq!(hidden(&own, "tenant")?, "acme");
    let (_, group) = own.split_once("href=\"/dead-letters/groups/").context("no group")?;
    let group = format!("/dead-letters/groups/{}", group.split('"').next().unwrap_or_default());
    assert!(group.ends_with("?tenant=acme"), "{group}");
    let asked = kim.read(&group).await?;
    assert!(asked.contains("2 letters: message.received by dedup"), "{asked}");
    assert!(asked.contains("Of acme (2)."), "{asked}");
    let everybody = kim.read(group.trim_end_matches("?tenant=acme")).await?;
    assert!(everybody.contains("Of acme (2), beta (1)."), "{everybody}");

    // It comes while whoever decides reads.
    letter(&it, ("acme", 900_004), "2026-11-01T13:00:00.000Z").await?;
    let (of, until) = (hidden(&asked, "tenant")?, hidden(&asked, "until")?);
    let form = [("do", "discard"), ("reason", "seen"), ("tenant", &*of), ("until", &*until)];
    let action = group.trim_end_matches("?tenant=acme");
    let done = kim.post(action, &form).await?;
    assert_eq!(flash_of(&done)?, Flash::good("2 letters decided."));
    let left = kim.read("/dead-letters").await?;
    for (id, waits) in [(900_001, false), (900_002, true), (900_003, false), (900_004, true)] {
        assert_eq!(left.contains(&format!("dedup-EVENTS-{id}")), waits, "{id}: {left}");
    }
    assert_eq!(kim.post(action, &form).await?.status(), 404, "nothing of what was seen waits");
    let typed = kim.get("/dead-letters?tenant=No+Slug").await?;
    assert_eq!(typed.status(), 422);
    assert!(text_of(typed).await?.contains("value=\"No Slug\""));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_keeps_nothing_else_from_being_done() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let kim = staff.engineer().await?;
    // Their events are gone; that of the last one is there.
    for sequence in 0..201 {
        letter(&it, ("acme", 900_000 + sequence), "2026-11-01T10:00:00.000Z").await?;
    }
    let sound = said(&it, 1).await?;
    let id = letter(&it, ("acme", sound), "2026-11-01T11:00:00.000Z").await?;
    let page = kim.read("/dead-letters").await?;
    assert!(page.contains("The newest 20 of them:"), "{page}");
    let (_, key) = page.split_once("/dead-letters/groups/").context("no group")?;
    let group = format!("/dead-letters/groups/{}", key.split('"').next().unwrap_or_default());
    let until = hidden(&kim.read(&group).await?, "until")?;
    let done = kim.post(&group, &[("do", "retry"), ("until", &*until)]).await?;
    let want = "1 letter decided. 201 letters left as they are: its event is no longer on the log.";
    assert_eq!(flash_of(&done)?, Flash::note(want));
    let shown = kim.read(&format!("/dead-letters/{id}")).await?;
    assert!(shown.contains("It was retried by ed@example.com, "), "{shown}");
    Ok(())
}

/// The place of the first event there is, once so many messages are answered, this one with them.
async fn said(it: &Installation, answers: i64) -> anyhow::Result<u64> {
    let asked = it.slack.spoken("T0ACME", "C1", "U0ANN", "<@U0BOT> where is my parcel?")?;
    it.slack.say(asked).await?;
    let client = raw(&it.database.superuser_url()).await?;
    let sql = "select count(*) from p_event where kind = 'reply.delivered'";
    let there = || async {
        let found: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
        Ok(answers <= found)
    };
    until(PATIENCE, "an answer", there).await?;
    let sql = "select min(seq) from p_event where kind = 'message.received'";
    let place: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
    Ok(u64::try_from(place)?)
}

#[tokio::test]
async fn a_letter_is_retried_once_and_nobody_is_answered_twice() -> anyhow::Result<()> {
    let (it, staff) = running(&acme()).await?;
    let kim = staff.engineer().await?;
    let sequence = said(&it, 1).await?;
    let id = letter(&it, ("acme", sequence), "2026-11-01T10:00:00.000Z").await?;
    let page = format!("/dead-letters/{id}");
    assert!(kim.read(&page).await?.contains(">Retry<"));
    let done = kim.post(&page, &[("do", "retry")]).await?;
    assert_eq!(done.status(), 303);
    assert_eq!(flash_of(&done)?, Flash::good("1 letter decided."));
    // What comes after it on the log is answered, and it is not.
    said(&it, 2).await?;
    assert_eq!(it.slack.see(|world| world.count("chat.postMessage")), 2, "answered twice");

    let again = flash_of(&kim.post(&page, &[("do", "retry")]).await?)?;
    let want = "0 letters decided. 1 letter left as they are: it was retried by ed@example.com at ";
    assert_eq!(again.tone, Tone::Bad);
    assert!(again.text.starts_with(want), "{}", again.text);
    let shown = kim.read(&page).await?;
    assert!(shown.contains("It was retried by ed@example.com, "), "{shown}");
    assert!(!shown.contains(">Retry<"), "it is decided: {shown}");
    Ok(())
}
