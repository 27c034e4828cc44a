//! A log that programs of every version wrote to.

use std::fs;

use async_nats::jetstream;
use konstruct_tests::{installation::Installation, postgres::raw, wait::until};
use schemas::Envelope;
use serde_json::Value;

use crate::{Log, PATIENCE};

/// Every sample, each as an event of its own.
fn samples() -> Vec<Value> {
    let folder = format!("{}/../schemas/samples", env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let sample = |(number, path): (usize, &std::path::PathBuf)| {
        let mut event: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        event["id"] = format!("e{number}").into();
        event
    };
    files.iter().enumerate().map(sample).collect()
}

#[tokio::test]
async fn the_read_models_have_all_of_an_old_log_and_a_newer_event_stops_nobody() {
    let mut it = Installation::prepare().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(it.nats.url()).await.unwrap());
    let samples = samples();
    let mut newer = samples[0].clone();
    newer["type"] = "konstruct.connection.revoked.v9".into();
    let subject = "events.00.acme.connection.revoked";
    let payload = newer.to_string().into();
    jetstream.publish(subject, payload).await.unwrap().await.unwrap();
    for sample in &samples {
        let payload = sample.to_string();
        let subject = Envelope::decode(payload.as_bytes()).unwrap().subject().to_string();
        jetstream.publish(subject, payload.into()).await.unwrap().await.unwrap();
    }
    it.run("projector").await.unwrap();

    let client = raw(&it.database.superuser_url()).await.unwrap();
    let sql = "select count(*) from p_event where tenant_id = 'acme'";
    let want = i64::try_from(samples.len()).unwrap();
    let all = || async { Ok(client.query_one(sql, &[]).await?.get::<_, i64>(0) == want) };
    until(PATIENCE, "all of it is read", all).await.unwrap();
    let why = "`konstruct.connection.revoked.v9` is of a newer program: the newest version this one reads is v1";
    let said = it.said("projector");
    assert!(said.contains(why), "{said}");
    assert_eq!(said.matches("an event we do not read").count(), 1, "{said}");
    let mut log = Log::open(&it, "EVENTS").await.unwrap();
    log.read(1).await.unwrap();
    assert_eq!(log.events, [newer], "what is not read stays on the log");
}
