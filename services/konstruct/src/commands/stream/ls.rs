//! `konstruct stream ls`: what is on each stream, who reads it, and how far they are.

use anyhow::bail;
use nats::{CONSUMERS, READERS, STREAMS};
use runtime::look::{self, Durable, Standing};
use serde_json::{Value, json};
use store::{Database, checkpoint};

use super::connect;
use crate::{
    output::{Output, bytes, table},
    settings::Asked,
};

/// A stream that is there, or is not.
struct Line {
    row: &'static nats::Stream,
    standing: Option<Standing>,
    readers: Vec<Place>,
}

/// How far a reader is that keeps its own place.
struct Place {
    name: &'static str,
    at: Option<u64>,
    lag: Option<u64>,
}

/// Lists them. What is missing is an error, once the rest was shown.
pub(super) async fn run(asked: &Asked<'_>, output: Output) -> anyhow::Result<()> {
    let bus = connect(asked).await?;
    let mut problems = Vec::new();
    let db = match database(asked).await {
        Ok(db) => Some(db),
        Err(error) => {
            problems.push(format!("the places of readers are not known: {error:#}"));
            None
        }
    };
    let mut lines = Vec::new();
    for row in STREAMS {
        let standing = look::standing(&bus, row).await?;
        problems.extend(missing(row, standing.as_ref()));
        let last = standing.as_ref().map(|it| it.last);
        let readers = places(db.as_ref(), row, last).await?;
        lines.push(Line { row, standing, readers });
    }
    output
        .print(&text(&lines), &json!({ "streams": lines.iter().map(shown).collect::<Vec<_>>() }))?;
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

async fn database(asked: &Asked<'_>) -> anyhow::Result<Database> {
    Ok(Database::connect(&asked.database("KONSTRUCT_DATABASE_URL")?).await?)
}

/// What should be there of a stream and is not.
fn missing(row: &'static nats::Stream, standing: Option<&Standing>) -> Vec<String> {
    let Some(standing) = standing else {
        return vec![format!("there is no stream {}: `konstruct setup` makes it", row.name)];
    };
    let is_there = |name: &str| standing.consumers.iter().any(|it| it.name == name);
    let of_stream = CONSUMERS.iter().filter(|it| it.stream.name == row.name);
    let missing = of_stream.filter(|it| !is_there(it.name));
    missing
        .map(|it| format!("there is no consumer {}: `konstruct setup` makes it", it.name))
        .collect()
}

async fn places(
    db: Option<&Database>,
    row: &nats::Stream,
    last: Option<u64>,
) -> anyhow::Result<Vec<Place>> {
    let mut places = Vec::new();
    for reader in READERS.iter().filter(|it| it.stream.name == row.name) {
        let at = match db {
            Some(db) => Some(checkpoint::seq(db, reader.name).await?),
            None => None,
        };
        let lag = last.zip(at).map(|(last, at)| last.saturating_sub(at));
        places.push(Place { name: reader.name, at, lag });
    }
    Ok(places)
}

fn is_declared(consumer: &Durable) -> bool {
    CONSUMERS.iter().any(|it| it.name == consumer.name)
}

fn text(lines: &[Line]) -> String {
    let or_dash = |it: Option<String>| it.unwrap_or_else(|| "-".to_owned());
    let number = |it: Option<u64>| or_dash(it.map(|it| it.to_string()));
    let stream = |line: &Line| {
        let it = line.standing.as_ref();
        let of = it.map(|it| format!("{} of {}", bytes(it.bytes), bytes(it.bytes_max)));
        vec![
            line.row.name.to_owned(),
            it.map_or_else(|| "missing".to_owned(), |it| it.messages.to_string()),
            or_dash(of),
            number(it.map(|it| it.first)),
            or_dash(it.and_then(|it| it.first_at).map(|it| it.to_string())),
            number(it.map(|it| it.last)),
            or_dash(it.and_then(|it| it.last_at).map(|it| it.to_string())),
        ]
    };
    let mut consumers = Vec::new();
    let mut readers = Vec::new();
    for line in lines {
        for it in line.standing.iter().flat_map(|it| &it.consumers) {
            let note = if is_declared(it) { "" } else { " (not declared)" };
            consumers.push(vec![
                format!("{}{note}", it.name),
                line.row.name.to_owned(),
                it.pending.to_string(),
                it.unacknowledged.to_string(),
                it.redelivered.to_string(),
            ]);
        }
        for it in &line.readers {
            let (at, lag) = (number(it.at), number(it.lag));
            readers.push(vec![it.name.to_owned(), line.row.name.to_owned(), at, lag]);
        }
    }
    let streams: Vec<_> = lines.iter().map(stream).collect();
    [
        table(&["STREAM", "MESSAGES", "BYTES", "FIRST", "STORED", "LAST", "STORED"], &streams),
        table(&["CONSUMER", "STREAM", "PENDING", "UNACKNOWLEDGED", "REDELIVERED"], &consumers),
        table(&["READER", "STREAM", "AT", "LAG"], &readers),
    ]
    .join("\n\n")
}

fn shown(line: &Line) -> Value {
    let consumer = |it: &Durable| {
        json!({
            "name": it.name,
            "is_declared": is_declared(it),
            "pending": it.pending,
            "unacknowledged": it.unacknowledged,
            "redelivered": it.redelivered,
            "acknowledged_to": it.acknowledged_to,
        })
    };
    let it = line.standing.as_ref();
    let consumers = it.map(|it| it.consumers.iter().map(consumer).collect::<Vec<_>>());
    let reader = |it: &Place| json!({ "name": it.name, "at": it.at, "lag": it.lag });
    json!({
        "name": line.row.name,
        "about": line.row.about,
        "is_there": it.is_some(),
        "messages": it.map(|it| it.messages),
        "bytes": it.map(|it| it.bytes),
        "bytes_max": it.map(|it| it.bytes_max),
        "first": it.map(|it| json!({ "sequence": it.first, "stored": it.first_at })),
        "last": it.map(|it| json!({ "sequence": it.last, "stored": it.last_at })),
        "consumers": consumers.unwrap_or_default(),
        "readers": line.readers.iter().map(reader).collect::<Vec<_>>(),
    })
}
