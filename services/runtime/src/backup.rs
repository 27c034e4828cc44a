//! The streams as they are, copied as the server keeps them and put back as they were: every message at
//! its sequence, with its gaps. Consumers begin anew, each at a place that was noted before the copy.
//!
//! A copy may hold what was stored while it was made. [`cut`] takes that away again.

use std::{io, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use async_nats::{
    Request,
    jetstream::{self, context::ContextBuilder},
};
use bytes::Bytes;
use futures::StreamExt as _;
use nats::{BUCKETS, CONSUMERS, STREAMS};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{Bus, setup};

/// How long the server may take to begin, and to make a stream of what it was sent.
const ANSWER_WAIT_MAX: Duration = Duration::from_mins(10);

/// How long the next piece of a stream may take to come, or to be taken.
const PIECE_WAIT_MAX: Duration = Duration::from_mins(1);

/// For how long a stream that comes back remembers what was published.
const REMEMBERED: Duration = Duration::from_secs(1);

/// Bytes of a piece.
pub const PIECE_BYTES: usize = 128 * 1024;

/// How far a consumer has come: all before it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The consumer.
    pub consumer: String,
    /// The last sequence of which, and of all before it, nothing is left to do.
    pub done: u64,
}

/// How far a stream goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The stream; that of a bucket has its own name.
    pub stream: String,
    /// The last sequence.
    pub last: u64,
    /// When that was stored; for people who look at a backup.
    pub last_at: Timestamp,
    /// How many messages there are.
    pub messages: u64,
    /// And bytes.
    pub bytes: u64,
}

/// What the server says of a stream that it hands out, for whoever puts it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Its settings.
    pub config: Value,
    /// What it had.
    pub state: Value,
}

/// How far every consumer has come.
pub async fn places(bus: &Bus) -> anyhow::Result<Vec<Place>> {
    let mut places = Vec::new();
    for row in CONSUMERS {
        let stream = bus.stream(row.stream).await?;
        let info = stream.consumer_info(row.name).await;
        let info = info.with_context(|| format!("consumer {}", row.name))?;
        let done = info.ack_floor.stream_sequence;
        places.push(Place { consumer: row.name.to_owned(), done });
    }
    Ok(places)
}

/// How far every stream goes that is there, those of buckets included.
pub async fn heads(bus: &Bus) -> anyhow::Result<Vec<Head>> {
    let mut heads = Vec::new();
    for name in names() {
        let found = match bus.jetstream.get_stream(&name).await {
            Ok(found) => found,
            Err(error) if setup::is_missing(&error.kind()) => continue,
            Err(error) => return Err(error.into()),
        };
        let state = &found.cached_info().state;
        let millis = state.last_timestamp.unix_timestamp_nanos().div_euclid(1_000_000);
        heads.push(Head {
            stream: name,
            last: state.last_sequence,
            last_at: Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX)),
            messages: state.messages,
            bytes: state.bytes,
        });
    }
    Ok(heads)
}

fn names() -> impl Iterator<Item = String> {
    let buckets = BUCKETS.iter().map(|row| format!("KV_{}", row.name));
    STREAMS.iter().map(|row| row.name.to_owned()).chain(buckets)
}

/// Hands a stream out, piece by piece, and says what it was.
pub async fn copy(
    bus: &Bus,
    stream: &str,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> anyhow::Result<Shape> {
    let inbox = bus.client.new_inbox();
    let mut pieces = bus.client.subscribe(inbox.clone()).await?;
    let wanted =
        json!({ "deliver_subject": inbox, "no_consumers": true, "chunk_size": PIECE_BYTES });
    let answer = ask(bus, &format!("STREAM.SNAPSHOT.{stream}"), &wanted).await;
    let answer = answer.with_context(|| format!("a copy of {stream}"))?;
    let mut came = 0_u64;
    loop {
        let next = tokio::time::timeout(PIECE_WAIT_MAX, pieces.next()).await;
        let next = next.with_context(|| format!("no more came of {stream}"))?;
        let piece = next.with_context(|| format!("the copy of {stream} broke off"))?;
        if let Some(status) = piece.status.filter(|status| 400 <= status.as_u16()) {
            let why = piece.description.unwrap_or_default();
            bail!("the server gave up the copy of {stream}: {status} {why}");
        }
        if piece.payload.is_empty() {
            break;
        }
        take(&piece.payload)?;
        // The server sends no more than it knows to have come.
        if let Some(reply) = piece.reply {
            came += 1;
            if number(&reply).is_some_and(|number| number != came) {
                bail!("a piece of {stream} was lost on its way: make the backup again");
            }
            bus.client.publish(reply, Bytes::new()).await?;
        }
    }
    let part = |name: &str| answer.get(name).cloned().unwrap_or(Value::Null);
    Ok(Shape { config: part("config"), state: part("state") })
}

/// Which piece it is, from 1: the server wants to hear that it came at `….{bytes}.{number}`. The last one is
/// not asked about, and has none.
fn number(reply: &str) -> Option<u64> {
    reply.rsplit('.').next()?.parse().ok()
}

/// Puts a stream back, in the place of an empty one. On a single server it has one copy.
pub async fn put_back(
    bus: &Bus,
    stream: &str,
    shape: &Shape,
    pieces: impl Iterator<Item = io::Result<Vec<u8>>>,
) -> anyhow::Result<()> {
    take_empty_away(bus, stream).await?;
    let config = settled(&shape.config, bus.is_clustered());
    let wanted = json!({ "config": config, "state": shape.state });
    let answer = ask(bus, &format!("STREAM.RESTORE.{stream}"), &wanted).await;
    let answer = answer.with_context(|| format!("stream {stream}"))?;
    let to = answer.get("deliver_subject").and_then(Value::as_str);
    let to = to.with_context(|| format!("nobody takes the pieces of {stream}"))?;
    for piece in pieces {
        let request = Request::new().payload(Bytes::from(piece?)).timeout(Some(PIECE_WAIT_MAX));
        let taken = bus.client.send_request(to.to_owned(), request).await;
        let taken = taken.with_context(|| format!("a piece of {stream}"))?;
        if !taken.payload.is_empty() {
            bail!("a piece of {stream}: {}", String::from_utf8_lossy(&taken.payload));
        }
    }
    let end = Request::new().payload(Bytes::new()).timeout(Some(ANSWER_WAIT_MAX));
    let made = bus.client.send_request(to.to_owned(), end).await;
    let made = made.with_context(|| format!("stream {stream} of its pieces"))?;
    said(serde_json::from_slice(&made.payload)?).with_context(|| format!("stream {stream}"))?;
    Ok(())
}

/// The settings with which a stream comes back. What is cut off it must not be remembered as having been
/// there, or it would be taken for a duplicate when it is said again; `konstruct setup` remembers as long
/// as declared.
fn settled(config: &Value, is_clustered: bool) -> Value {
    let mut config = config.clone();
    let window = u64::try_from(REMEMBERED.as_nanos()).unwrap_or(u64::MAX);
    let replicas = (!is_clustered).then(|| json!(1));
    for (name, value) in [("duplicate_window", Some(json!(window))), ("num_replicas", replicas)] {
        if let (Some(setting), Some(value)) = (config.get_mut(name), value) {
            *setting = value;
        }
    }
    config
}

/// One that `konstruct setup` made may stand in the way; one with messages is somebody's.
async fn take_empty_away(bus: &Bus, stream: &str) -> anyhow::Result<()> {
    let found = match bus.jetstream.get_stream(stream).await {
        Ok(found) => found,
        Err(error) if setup::is_missing(&error.kind()) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let messages = found.cached_info().state.messages;
    if 0 < messages {
        bail!("stream {stream} has {messages} messages");
    }
    bus.jetstream.delete_stream(stream).await?;
    Ok(())
}

/// Takes away what stands after `last`; the next message has a sequence after those. `done` hears of each
/// sequence that was looked at. Says how many messages that were.
pub async fn cut(
    bus: &Bus,
    row: &nats::Stream,
    last: u64,
    mut done: impl FnMut(u64),
) -> anyhow::Result<u64> {
    let (stream, end) = (bus.stream(row).await?, bus.last_sequence(row).await?);
    let mut gone = 0;
    for sequence in last.saturating_add(1)..=end {
        if bus.at(row, sequence).await?.is_some() {
            let deleted = stream.delete_message(sequence).await;
            deleted.with_context(|| format!("{} {sequence}", row.name))?;
            gone += 1;
        }
        done(sequence - last);
    }
    Ok(gone)
}

/// Makes the consumers, each where it was. Whoever reads by one would answer, so this comes last.
pub async fn stand(bus: &Bus, places: &[Place]) -> anyhow::Result<()> {
    for row in CONSUMERS {
        let place = places.iter().find(|place| place.consumer == row.name);
        setup::stand(bus, row, place.map_or(0, |place| place.done)).await?;
    }
    Ok(())
}

async fn ask(bus: &Bus, what: &str, wanted: &Value) -> anyhow::Result<Value> {
    let jetstream: jetstream::Context =
        ContextBuilder::new().timeout(ANSWER_WAIT_MAX).build(bus.client.clone());
    said(jetstream.request(what.to_owned(), wanted).await?)
}

/// What the server answered, unless it refused.
fn said(answer: Value) -> anyhow::Result<Value> {
    let Some(error) = answer.get("error").filter(|error| !error.is_null()) else {
        return Ok(answer);
    };
    let why = error.get("description").and_then(Value::as_str);
    Err(anyhow!("{}", why.unwrap_or("refused")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_error_in_the_servers_words() {
        let refused = said(json!({ "error": { "code": 400, "description": "name in use" } }));
        assert_eq!(refused.unwrap_err().to_string(), "name in use");
        assert_eq!(said(json!({ "error": { "code": 500 } })).unwrap_err().to_string(), "refused");
        let answer = json!({ "deliver_subject": "x" });
        assert_eq!(said(answer.clone()).unwrap(), answer);
    }

    #[test]
    fn a_stream_comes_back_as_the_server_can_hold_it_and_remembers_nothing() {
        let config = json!({ "name": "X", "num_replicas": 3, "duplicate_window": 600 });
        let second = 1_000_000_000;
        let alone = json!({ "name": "X", "num_replicas": 1, "duplicate_window": second });
        let clustered = json!({ "name": "X", "num_replicas": 3, "duplicate_window": second });
        assert_eq!(settled(&config, false), alone);
        assert_eq!(settled(&config, true), clustered);
    }

    #[test]
    fn the_server_counts_the_pieces_that_it_sends() {
        assert_eq!(number("$JS.SNAPSHOT.ACK.EVENTS.Xk3.131072.7"), Some(7));
        assert_eq!(number("_INBOX.abc"), None);
    }

    #[test]
    fn every_stream_is_named_and_every_bucket() {
        let names: Vec<_> = names().collect();
        let want = ["EVENTS", "DIRECTORY", "DEADLETTERS", "ADVISORIES", "KV_engagements"];
        assert_eq!(names, want);
    }
}
