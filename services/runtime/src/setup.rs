//! Applies the topology, and tells how a server differs from it.

mod fill;

use anyhow::Context as _;
use async_nats::jetstream::{
    consumer::{self, AckPolicy, DeliverPolicy, pull},
    context::{ConsumerInfoErrorKind, GetStreamErrorKind},
    kv,
    stream::{self, DiscardPolicy, RetentionPolicy, StorageType},
};
use nats::{BUCKETS, Bucket, CONSUMERS, Consumer, Discard, STREAMS, Sizes, Stream, bounds};
use serde_json::Value;

pub use self::fill::{Fill, fill};
use crate::{Bus, restoring};

/// One setting that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The stream, consumer or bucket.
    pub object: String,
    /// The setting, in JetStream's words; `existence` if all of it is missing.
    pub setting: String,
    /// As declared.
    pub want: String,
    /// As found.
    pub have: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { object, setting, want, have } = self;
        write!(f, "{object}: {setting} is {have}, declared is {want}")
    }
}

/// The server's topology is not the declared one.
#[derive(Debug, thiserror::Error)]
#[error("the topology differs: {}; `konstruct setup` applies it", list(.0))]
pub struct Differs(pub Vec<Difference>);

fn list(differences: &[Difference]) -> String {
    let lines: Vec<_> = differences.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// Creates what is missing and changes what differs. Running it again changes nothing. Returns what
/// it changed. Beside a restore that has not ended it changes nothing: the consumers that it would make
/// begin at the start of the log.
pub async fn apply(bus: &Bus, sizes: Sizes) -> anyhow::Result<Vec<Difference>> {
    restoring::check(bus).await?;
    let changed = differences(bus, sizes).await?;
    streams(bus, sizes).await?;
    for row in CONSUMERS {
        let stream = bus.jetstream.get_stream_no_info(row.stream.name).await?;
        let have = consumer_of(bus, row).await?;
        stream.create_consumer(where_it_is(consumer_config(row), have.as_ref())).await?;
    }
    Ok(changed)
}

/// The streams and buckets alone, for whoever restores.
pub async fn streams(bus: &Bus, sizes: Sizes) -> anyhow::Result<()> {
    for row in STREAMS {
        let config = stream_config(row, sizes, replicas(bus, row.replicas));
        let created = bus.jetstream.create_or_update_stream(config).await;
        let mib = sizes.of(row) / (1024 * 1024);
        created.with_context(|| format!("stream {} of {mib} MiB", row.name))?;
    }
    for row in BUCKETS {
        let config = bucket_config(row, replicas(bus, row.replicas));
        bus.jetstream.create_or_update_key_value(config).await?;
    }
    Ok(())
}

/// Makes a consumer that has nothing left to do up to `done`.
pub(crate) async fn stand(bus: &Bus, row: &Consumer, done: u64) -> anyhow::Result<()> {
    let stream = bus.jetstream.get_stream_no_info(row.stream.name).await?;
    let config = match done {
        0 => consumer_config(row),
        done => beginning_at(consumer_config(row), done.saturating_add(1)),
    };
    let made = stream.create_consumer(config).await;
    made.with_context(|| format!("consumer {}", row.name))?;
    Ok(())
}

/// A consumer that a restore made begins where it was. The server lets nobody change that, and for a
/// consumer with a place of its own it says nothing any more.
fn where_it_is(config: pull::Config, have: Option<&Value>) -> pull::Config {
    let is_restored = have.and_then(|have| have.get("deliver_policy")?.as_str());
    let begins = have.and_then(|have| have.get("opt_start_seq")?.as_u64());
    match (is_restored, begins) {
        (Some("by_start_sequence"), Some(first)) => beginning_at(config, first),
        (Some(_) | None, _) => config,
    }
}

fn beginning_at(config: pull::Config, start_sequence: u64) -> pull::Config {
    let deliver_policy = DeliverPolicy::ByStartSequence { start_sequence };
    pull::Config { deliver_policy, ..config }
}

/// Refuses to go on beside a restore that has not ended, and with a topology that is not the declared one.
pub async fn verify(bus: &Bus, sizes: Sizes) -> anyhow::Result<()> {
    restoring::check(bus).await?;
    as_declared(bus, sizes).await
}

/// Refuses a topology that is not the declared one, for whoever restores.
pub async fn as_declared(bus: &Bus, sizes: Sizes) -> anyhow::Result<()> {
    let found = differences(bus, sizes).await?;
    if found.is_empty() {
        return Ok(());
    }
    Err(Differs(found).into())
}

/// Every setting that is not as declared. Replicas are the installation's affair and not compared.
pub async fn differences(bus: &Bus, sizes: Sizes) -> anyhow::Result<Vec<Difference>> {
    let mut found = Vec::new();
    for row in STREAMS {
        let want = serde_json::to_value(stream_config(row, sizes, 1))?;
        found.extend(compare(
            format!("stream {}", row.name),
            &STREAM_SETTINGS,
            &want,
            stream_of(bus, row.name).await?,
        ));
    }
    for row in BUCKETS {
        let name = format!("KV_{}", row.name);
        let age = row.max_age.as_nanos();
        let want = serde_json::json!({ "max_age": age, "max_bytes": row.bytes_max });
        let have = stream_of(bus, &name).await?;
        let settings = ["max_age", "max_bytes"];
        found.extend(compare(format!("bucket {}", row.name), &settings, &want, have));
    }
    for row in CONSUMERS {
        let have = consumer_of(bus, row).await?;
        let config = where_it_is(consumer_config(row), have.as_ref());
        let want: consumer::Config = consumer::IntoConsumerConfig::into_consumer_config(config);
        let want = serde_json::to_value(want)?;
        found.extend(compare(format!("consumer {}", row.name), &CONSUMER_SETTINGS, &want, have));
    }
    Ok(found)
}

const STREAM_SETTINGS: [&str; 10] = [
    "subjects",
    "retention",
    "storage",
    "max_age",
    "max_bytes",
    "max_msgs_per_subject",
    "discard",
    "duplicate_window",
    "max_msg_size",
    "allow_atomic",
];

const CONSUMER_SETTINGS: [&str; 7] = [
    "filter_subjects",
    "filter_subject",
    "ack_policy",
    "deliver_policy",
    "ack_wait",
    "max_ack_pending",
    "max_deliver",
];

fn compare(
    object: String,
    settings: &[&str],
    want: &Value,
    have: Option<Value>,
) -> Vec<Difference> {
    let Some(have) = have else {
        let (want, have) = ("there".to_owned(), "missing".to_owned());
        return vec![Difference { object, setting: "existence".to_owned(), want, have }];
    };
    let differs = |setting: &&&str| plain(want.get(**setting)) != plain(have.get(**setting));
    let difference = |setting: &&str| Difference {
        object: object.clone(),
        setting: (*setting).to_owned(),
        want: plain(want.get(*setting)).to_string(),
        have: plain(have.get(*setting)).to_string(),
    };
    settings.iter().filter(differs).map(difference).collect()
}

/// The server leaves out what is empty, false or zero.
fn plain(value: Option<&Value>) -> Value {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Value::Null,
        Some(Value::Array(list)) if list.is_empty() => Value::Null,
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => Value::Null,
        Some(value) => value.clone(),
    }
}

async fn stream_of(bus: &Bus, name: &str) -> anyhow::Result<Option<Value>> {
    match bus.jetstream.get_stream(name).await {
        Ok(found) => Ok(Some(serde_json::to_value(&found.cached_info().config)?)),
        Err(error) if is_missing(&error.kind()) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(crate) fn is_missing(kind: &GetStreamErrorKind) -> bool {
    match kind {
        GetStreamErrorKind::JetStream(error) => error.code() == 404,
        GetStreamErrorKind::EmptyName
        | GetStreamErrorKind::Request
        | GetStreamErrorKind::InvalidStreamName => false,
    }
}

async fn consumer_of(bus: &Bus, row: &Consumer) -> anyhow::Result<Option<Value>> {
    let Ok(stream) = bus.jetstream.get_stream(row.stream.name).await else { return Ok(None) };
    match stream.consumer_info(row.name).await {
        Ok(found) => Ok(Some(serde_json::to_value(&found.config)?)),
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A single server holds one copy, whatever production has.
pub(crate) fn replicas(bus: &Bus, declared: u8) -> usize {
    if bus.is_clustered() { usize::from(declared) } else { 1 }
}

pub(crate) fn stream_config(row: &Stream, sizes: Sizes, replicas: usize) -> stream::Config {
    stream::Config {
        name: row.name.to_owned(),
        description: Some(row.about.to_owned()),
        subjects: row.subjects.iter().map(|subject| (*subject).to_owned()).collect(),
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        max_age: row.max_age.unwrap_or_default(),
        max_bytes: sizes.of(row),
        max_messages_per_subject: row.per_subject_max.unwrap_or(-1),
        max_message_size: bounds::MESSAGE_BYTES_MAX,
        discard: match row.discard {
            Discard::New => DiscardPolicy::New,
            Discard::Old => DiscardPolicy::Old,
        },
        duplicate_window: row.duplicate_window,
        allow_atomic_publish: row.atomic,
        allow_direct: false,
        num_replicas: replicas,
        ..stream::Config::default()
    }
}

fn bucket_config(row: &Bucket, replicas: usize) -> kv::Config {
    kv::Config {
        bucket: row.name.to_owned(),
        description: row.about.to_owned(),
        history: 1,
        max_age: row.max_age,
        max_bytes: row.bytes_max,
        num_replicas: replicas,
        ..kv::Config::default()
    }
}

fn consumer_config(row: &Consumer) -> pull::Config {
    pull::Config {
        durable_name: Some(row.name.to_owned()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: row.ack_wait,
        max_deliver: row.deliveries_max,
        max_ack_pending: i64::from(row.in_flight_max),
        filter_subjects: row.filters(),
        ..pull::Config::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_difference_names_the_setting_and_both_values() {
        let want = json!({ "max_age": 5, "discard": "new", "allow_atomic": false });
        let have = json!({ "max_age": 7, "discard": "new" });
        let settings = ["max_age", "discard", "allow_atomic"];
        let got = Differs(compare("stream EVENTS".to_owned(), &settings, &want, Some(have)));
        assert_eq!(
            got.to_string(),
            "the topology differs: stream EVENTS: max_age is 7, declared is 5; \
             `konstruct setup` applies it",
        );
    }

    #[test]
    fn a_consumer_that_was_restored_begins_where_it_was() {
        let declared = || consumer_config(&nats::DEDUP);
        let restored = json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": 8 });
        let cases = [
            (None, DeliverPolicy::All),
            (Some(json!({ "deliver_policy": "all" })), DeliverPolicy::All),
            (Some(json!({ "deliver_policy": "new" })), DeliverPolicy::All),
            (Some(restored), DeliverPolicy::ByStartSequence { start_sequence: 8 }),
        ];
        for (have, want) in cases {
            let got = where_it_is(declared(), have.as_ref());
            assert_eq!(got, pull::Config { deliver_policy: want, ..declared() }, "{have:?}");
        }
    }

    #[test]
    fn what_is_missing_is_one_difference() {
        let got = compare("consumer dedup".to_owned(), &["ack_wait"], &json!({}), None);
        let lines: Vec<_> = got.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["consumer dedup: existence is missing, declared is there"]);
    }
}
