//! The rows, drawn: for people as a graph, for the `nats` tool as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    Consumer, Discard, Stream, consumer::CONSUMERS, consumer::GATEWAY_WRITES, consumer::READERS,
    stream::BUCKETS, stream::STREAMS,
};

/// The pipeline as a Mermaid graph.
pub fn flow() -> String {
    let mut graph = String::from("```mermaid\nflowchart LR\n  slack([Slack]) --> gateway\n");
    for kind in GATEWAY_WRITES {
        _ = writeln!(graph, "  gateway --> {}", kind.topic());
    }
    for consumer in CONSUMERS {
        if consumer.reads.is_empty() {
            let stream = consumer.stream.name;
            _ = writeln!(graph, "  {stream}[({stream})] --> {}", consumer.name);
        }
        for kind in consumer.reads {
            _ = writeln!(graph, "  {} --> {}", kind.topic(), consumer.name);
        }
        for kind in consumer.writes {
            _ = writeln!(graph, "  {} --> {}", consumer.name, kind.topic());
        }
    }
    graph.push_str("  delivery --> slack\n```\n\n");
    for reader in READERS {
        _ = writeln!(graph, "`{}` reads all of `{}` in order.", reader.name, reader.stream.name);
    }
    graph
}

/// Streams, buckets and consumers as JSON, in the words of the JetStream API.
pub fn json() -> Value {
    let buckets: Vec<Value> = BUCKETS
        .iter()
        .map(|bucket| {
            json!({
                "bucket": bucket.name,
                "description": bucket.about,
                "max_age_s": bucket.max_age.as_secs(),
                "max_bytes": bucket.bytes_max,
                "num_replicas": bucket.replicas,
            })
        })
        .collect();
    json!({
        "streams": STREAMS.iter().copied().map(stream).collect::<Vec<_>>(),
        "consumers": CONSUMERS.iter().copied().map(consumer).collect::<Vec<_>>(),
        "buckets": buckets,
    })
}

fn stream(row: &Stream) -> Value {
    json!({
        "name": row.name,
        "description": row.about,
        "subjects": row.subjects,
        "retention": "limits",
        "storage": "file",
        "max_age_s": row.max_age.map_or(0, |age| age.as_secs()),
        "max_bytes": row.bytes_max,
        "max_msgs_per_subject": row.per_subject_max.unwrap_or(-1),
        "discard": match row.discard {
            Discard::New => "new",
            Discard::Old => "old",
        },
        "duplicate_window_s": row.duplicate_window.as_secs(),
        "allow_atomic": row.atomic,
        "num_replicas": row.replicas,
    })
}

fn consumer(row: &Consumer) -> Value {
    json!({
        "stream_name": row.stream.name,
        "durable_name": row.name,
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "filter_subjects": row.filters(),
        "ack_wait_s": row.ack_wait.as_secs(),
        "max_ack_pending": row.in_flight_max,
        "max_deliver": row.deliveries_max,
        "publishes": row.writes.iter().map(|kind| kind.topic()).collect::<Vec<_>>(),
    })
}
