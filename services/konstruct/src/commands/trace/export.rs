//! The life of one message as a collector of OpenTelemetry takes it.

use domain::trace::otlp::{self, Happened, ModelCall, Story, ToolCall};
use schemas::{MessageId, TenantId, Timestamp};
use serde_json::Value;
use store::{
    Database, StoreError,
    completions::Tried,
    projections::{self, EventRow},
    tool_calls,
    views::thread,
};

/// Everything that is on record of the message.
pub(super) async fn export(
    db: &Database,
    tenant: &TenantId,
    message: &MessageId,
) -> Result<Value, StoreError> {
    let mut tx = db.tenant(tenant).await?;
    let events = projections::story(&mut tx, &message.into()).await?;
    let row = projections::message(&mut tx, message).await?;
    let calls = thread::attempts(&mut tx, message).await?;
    let rounds = tool_calls::of_message(&mut tx, message).await?;
    let row = row.as_ref();
    let agent = row.and_then(|it| Some((it.agent_id.as_ref()?, it.agent_version)));
    let tools = rounds.iter().flat_map(|round| round.calls.iter().map(|call| (round.at, call)));
    let story = Story {
        tenant,
        message,
        conversation: row.map(|it| &it.conversation_id),
        agent,
        events: events.iter().map(happened).collect(),
        calls: calls.iter().map(model).collect(),
        tools: tools.map(|(at, call)| tool(at, call)).collect(),
    };
    Ok(otlp::export(&story, env!("CARGO_PKG_VERSION")))
}

fn happened(row: &EventRow) -> Happened<'_> {
    Happened {
        id: &row.event_id,
        topic: &row.kind,
        source: &row.source,
        sequence: row.seq,
        at: Timestamp::from_millis(row.time_ms),
        outcome: row.note.as_deref().unwrap_or_default(),
    }
}

fn model(tried: &Tried) -> ModelCall<'_> {
    ModelCall {
        index: tried.index,
        deployment: &tried.deployment,
        at: tried.started_at,
        outcome: tried.outcome.as_ref(),
    }
}

fn tool(at: Timestamp, call: &tool_calls::Call) -> ToolCall<'_> {
    let outcome = call.outcome.as_ref();
    ToolCall {
        tool: &call.tool,
        at,
        took_ms: outcome.map(|it| it.took_ms),
        failed: outcome.and_then(|it| it.failed.as_deref()),
    }
}
