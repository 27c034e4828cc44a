//! What nobody can fill, what nobody sees from outside, and what is gone when a tenant is.

use async_nats::jetstream;
use konstruct_tests::{
    fake_slack::{Gateway, Team, World},
    installation::{Installation, SIGNING_SECRET, acme},
    postgres::raw,
};

use crate::{BOT, Log, PATIENCE, ask, heard, mention, reply_to, running_acme, seen, until};

/// `acme` with a log of 64 MiB, of which a tenant has 10 %: 216 kB a day, and a person 54 kB of that.
async fn narrow() -> Installation {
    let mut it = Installation::prepare().await.unwrap();
    for (name, value) in [("KONSTRUCT_EVENTS_MIB", "64"), ("KONSTRUCT_TENANT_SHARE_PERCENT", "10")]
    {
        it.settings.insert(name.to_owned(), value.to_owned());
    }
    it.ok(&["setup"]).await.unwrap();
    it.apply(&acme()).await.unwrap();
    it.run("all").await.unwrap();
    it.slack.install("xoxb-T0ACME", Team::new("T0ACME", BOT));
    it.slack.link(Gateway::new(&it.gateway(), SIGNING_SECRET), true);
    it
}

async fn admin(it: &Installation, path: &str) -> (u16, String) {
    let answer = reqwest::get(format!("{}{path}", it.admin())).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_person_who_edits_without_end_does_not_fill_the_log() {
    let it = narrow().await;
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    let root = mention(&it, "T0ACME", "hello").unwrap();
    heard(&it, &root).await.unwrap();
    for n in 10..110 {
        let edit = root.edited(&format!("<@{BOT}> version {n}"), &format!("{}{n}", root.ts));
        let delivery = it.slack.deliver_times(&edit, 1).await.unwrap();
        assert_eq!(
            delivery.statuses(),
            [Some(200)],
            "or Slack would deliver again, and give us up"
        );
    }
    let stored = log.stored().await.unwrap();
    log.read(stored).await.unwrap();
    let edits = log.count("message.edited");
    assert!(0 < edits && edits < 60, "{edits} of 100 edits are stored");
    let (_, metrics) = admin(&it, "/metrics").await;
    assert!(metrics.contains("konstruct_gateway_over_share_total{share=\"person\"}"), "{metrics}");
    assert_eq!(
        it.said("all").matches("the share of the log is used up").count(),
        1,
        "once a minute"
    );
}

#[tokio::test]
async fn whoever_writes_more_than_their_part_is_told_and_colleagues_are_answered() {
    let it = narrow().await;
    let root = mention(&it, "T0ACME", "one").unwrap();
    ask(&it, &root).await.unwrap();
    for n in 0..10 {
        heard(&it, &reply_to(&it, &root, &format!("and {n}")).unwrap()).await.unwrap();
    }
    seen(&it, "word of it", |world| world.messages().any(|it| it.only_for.is_some()))
        .await
        .unwrap();
    let told: Vec<_> = it.slack.see(|world| {
        let told = world.messages().filter(|it| it.only_for.is_some());
        told.map(|it| (it.only_for.clone().unwrap(), it.text.clone())).collect()
    });
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "U0ANN");
    assert!(told[0].1.starts_with("I didn't take your message: so much was written"), "{told:?}");

    let colleague = it.slack.spoken("T0ACME", "D7", "U0BEN", "and I?").unwrap();
    heard(&it, &colleague).await.unwrap();
    seen(&it, "the colleague's answer", |world| {
        !world.replies("T0ACME", "D7", &colleague.ts).is_empty()
    })
    .await
    .unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("message.throttled", 1).await.unwrap();
    let stored = log.stored().await.unwrap();
    log.read(stored - u64::try_from(log.events.len()).unwrap()).await.unwrap();
    assert_eq!(log.count("message.throttled"), 1, "told once: {:?}", log.kinds());
}

#[tokio::test]
async fn a_mention_that_is_the_last_to_fit_is_answered_and_not_refused() {
    let it = narrow().await;
    // The message event takes 48 of the person's 54 kB, its `app_mention` 14 kB more.
    let root = mention(&it, "T0ACME", &"words ".repeat(1_500)).unwrap();
    ask(&it, &root).await.unwrap();
    let refused = mention(&it, "T0ACME", "and one more").unwrap();
    heard(&it, &refused).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("message.throttled", 1).await.unwrap();
    let stored = log.stored().await.unwrap();
    log.read(stored - u64::try_from(log.events.len()).unwrap()).await.unwrap();
    let of = |kind: &str| log.events.iter().filter(|it| it["type"] == kind).collect::<Vec<_>>();
    let received = of("konstruct.message.received.v1");
    assert_eq!(received.len(), 2, "both deliveries: {:?}", log.kinds());
    let throttled = of("konstruct.message.throttled.v1");
    assert_eq!(throttled.len(), 1, "{throttled:?}");
    assert_ne!(throttled[0]["correlationid"], received[0]["correlationid"]);
}

#[tokio::test]
async fn whoever_edits_without_end_is_told_of_the_message_that_is_not_taken() {
    let it = narrow().await;
    let root = mention(&it, "T0ACME", "hello").unwrap();
    ask(&it, &root).await.unwrap();
    for n in 10..110 {
        let edit = root.edited(&format!("<@{BOT}> version {n}"), &format!("{}{n}", root.ts));
        it.slack.deliver_times(&edit, 1).await.unwrap();
    }
    let told = |world: &World| world.messages().filter(|it| it.only_for.is_some()).count();
    assert_eq!(it.slack.see(told), 0, "nobody is told of an edit");
    heard(&it, &mention(&it, "T0ACME", "and now a question").unwrap()).await.unwrap();
    seen(&it, "word of it", |world| told(world) == 1).await.unwrap();
}

#[tokio::test]
async fn streams_have_their_bytes_and_a_service_refuses_others() {
    let mut it = Installation::prepare().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let bytes =
        async |name: &str| jetstream.get_stream(name).await.unwrap().cached_info().config.max_bytes;
    assert_eq!(bytes("EVENTS").await, 4096 << 20);
    for row in [&nats::DIRECTORY, &nats::DEADLETTERS, &nats::ADVISORIES] {
        assert_eq!(bytes(row.name).await, row.bytes_max);
    }
    assert_eq!(bytes("KV_engagements").await, nats::ENGAGEMENTS.bytes_max);
    for n in 0..1_010 {
        let subject = "deadletters.completion.acme";
        let letter = jetstream.publish(subject, format!("{n}").into()).await.unwrap();
        assert_eq!(letter.await.unwrap().sequence, n + 1);
    }
    let letters = jetstream.get_stream("DEADLETTERS").await.unwrap().cached_info().state.clone();
    assert_eq!((letters.messages, letters.first_sequence), (1_000, 11), "a tenant's newest");

    it.settings.insert("KONSTRUCT_EVENTS_MIB".to_owned(), "1024".to_owned());
    let refused = it.output(&["all"]).await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("stream EVENTS: max_bytes is 4294967296, declared is 1073741824"),
        "{said}"
    );
    it.ok(&["setup"]).await.unwrap();
    assert_eq!(bytes("EVENTS").await, 1024 << 20);
}

#[tokio::test]
async fn the_doctor_sees_a_stream_that_fills_up() {
    let it = Installation::prepare().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let room = async || {
        let output = it.output(&["doctor", "--json"]).await.unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let all = said.as_array().unwrap();
        all.iter().find(|finding| finding["what"] == "room").unwrap().clone()
    };
    assert!(room().await["fix"].is_null(), "{}", room().await);
    for n in 0..56 {
        let subject = format!("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.X.{n}");
        jetstream.publish(subject, vec![0; 1_000_000].into()).await.unwrap().await.unwrap();
    }
    let found = room().await;
    assert!(found["found"].as_str().unwrap().starts_with("stream ADVISORIES is 8"), "{found}");
    assert!(found["fix"].as_str().unwrap().contains("KONSTRUCT_EVENTS_MIB"), "{found}");
}

#[tokio::test]
async fn health_and_metrics_are_not_where_slack_comes_in() {
    let it = running_acme().await.unwrap();
    for path in ["/health", "/health/ready", "/metrics"] {
        assert_eq!(admin(&it, path).await.0, 200, "{path}");
        let outside = reqwest::get(format!("{}{path}", it.gateway())).await.unwrap();
        assert_eq!(outside.status(), 404, "{path}");
    }
    ask(&it, &mention(&it, "T0ACME", "count me").unwrap()).await.unwrap();
    let (_, metrics) = admin(&it, "/metrics").await;
    let names = metrics.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_ours =
        |line: &&str| line.starts_with("konstruct_") || line.starts_with("gen_ai_client_");
    let others: Vec<_> = names.filter(|line| !is_ours(line)).collect();
    assert!(others.is_empty(), "{others:?}");
    it.ok(&["doctor", "--health"]).await.unwrap();
}

#[tokio::test]
async fn a_deleted_tenants_key_is_gone_from_the_database_and_from_memory() {
    let it = running_acme().await.unwrap();
    ask(&it, &mention(&it, "T0ACME", "remember me").unwrap()).await.unwrap();
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.until("reply.delivered", 1).await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let deleted = include_str!("../../../schemas/samples/tenant.deleted.v1.json");
    let tenants = Log::open(&it, "DIRECTORY").await.unwrap();
    let subject = subject_of_tenant(tenants).await;
    jetstream.publish(subject, deleted.into()).await.unwrap().await.unwrap();

    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select count(*) from tenant_key where wrapped is null and 0 < forgotten_at_ms";
    let gone = || async { Ok(client.query_one(sql, &[]).await?.get::<_, i64>(0) == 1) };
    until(PATIENCE, "the key is gone", gone).await.unwrap();
    let evicted = || async { Ok(it.said("all").contains("its key is gone")) };
    until(PATIENCE, "memory forgets it", evicted).await.unwrap();

    // The tenant's last echoes may still come in: only words need the key.
    let body = mention(&it, "T0ACME", "are you there?").unwrap().app_mention();
    let delivery = it.slack.deliver_times(&body, 1).await.unwrap();
    assert_eq!(delivery.statuses(), [Some(200)]);
    let stored = log.stored().await.unwrap();
    log.read(stored - u64::try_from(log.events.len()).unwrap()).await.unwrap();
    let received = log.events.iter().filter(|event| event.to_string().contains("are you there"));
    assert_eq!(received.count(), 0);
    let mentions = log.count("message.received");
    assert_eq!(mentions, 2, "the two deliveries of the first mention, and no more");
}

/// Where the directory keeps the tenant's own state.
async fn subject_of_tenant(mut directory: Log) -> String {
    directory.until("tenant.created", 1).await.unwrap();
    let tenant = "acme".parse().unwrap();
    let created = schemas::Envelope::decode(
        &serde_json::to_vec(
            directory.events.iter().find(|it| it["type"] == "konstruct.tenant.created.v1").unwrap(),
        )
        .unwrap(),
    );
    schemas::subject::of_event(&tenant, &created.unwrap().event).to_string()
}
