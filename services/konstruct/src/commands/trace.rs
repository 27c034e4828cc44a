//! `konstruct trace`: the life of one message.

mod export;
pub(crate) mod find;

use domain::trace::{Stage, render};
use schemas::{CorrelationId, Kind, MessageId, TenantId, Timestamp};
use serde_json::{Value, json};
use store::{
    Database, StoreError,
    projections::{self, EventRow},
};
use tokio_util::sync::CancellationToken;

use crate::{cli::Trace, output::Output, settings::Asked, wiring::Base};

/// Shows every event of a message's story.
pub(crate) async fn run(asked: &Asked<'_>, args: &Trace, output: Output) -> anyhow::Result<()> {
    let base = Base::connect(asked, "konstruct-trace", CancellationToken::new()).await?;
    let of = (args.message.as_str(), args.tenant.as_ref());
    let (tenant, message) = find::find(asked, &base, of).await?;
    if args.otlp {
        let exported = export::export(&base.db, &tenant, &message).await?;
        return Output { json: true }.print("", &exported);
    }
    let story = story(&base.db, &tenant, &message).await?;
    output.print(&text(&message, &story), &shown(&tenant, &message, &story))
}

/// Every event of the message, in order.
pub(crate) async fn story(
    db: &Database,
    tenant: &TenantId,
    message: &MessageId,
) -> Result<Vec<EventRow>, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    projections::story(&mut tx, &CorrelationId::from(message)).await
}

/// The story as columns.
pub(crate) fn text(message: &MessageId, story: &[EventRow]) -> String {
    format!("message {message}\n{}", render(&stages(story)))
}

/// The story as JSON.
pub(crate) fn shown(tenant: &TenantId, message: &MessageId, story: &[EventRow]) -> Value {
    let stages: Vec<_> = stages(story)
        .iter()
        .zip(story)
        .map(|(stage, row)| {
            json!({
                "stage": stage.stage,
                "source": stage.source,
                "at": stage.at,
                "offset_ms": stage.offset_ms,
                "took_ms": stage.took_ms,
                "outcome": stage.outcome,
                "event": row.event_id,
                "sequence": row.seq,
            })
        })
        .collect();
    json!({ "tenant": tenant, "message": message, "stages": stages })
}

fn stages(story: &[EventRow]) -> Vec<Stage> {
    let at = |row: &EventRow| Timestamp::from_millis(row.time_ms);
    let first = story.first().map(at).unwrap_or_default();
    let mut before = first;
    let millis = |wait: std::time::Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let stage = |row: &EventRow| {
        let took = at(row).since(before);
        before = at(row);
        let topic = |kind: &&Kind| kind.topic() == row.kind;
        Stage {
            stage: Kind::ALL.iter().find(topic).map_or("unknown", |kind| kind.topic()),
            source: row.source.clone(),
            at: at(row),
            offset_ms: millis(at(row).since(first)),
            took_ms: millis(took),
            outcome: row.note.clone().unwrap_or_default(),
        }
    };
    story.iter().map(stage).collect()
}
