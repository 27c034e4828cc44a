//! The life of a message. Nothing of what was said is in it.

use schemas::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trace {
    /// Which message.
    pub(crate) message: String,
    /// A word for where it stands, e.g. `delivered`; nothing while it is only received.
    #[schema(example = "delivered")]
    pub(crate) state: Option<String>,
    /// When the story begins.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) begun_at: Timestamp,
    /// From there until the person had the reply, or the last that is known, in milliseconds.
    pub(crate) total_ms: u64,
    /// What took how long, in order; what is inside another comes after it.
    pub(crate) spans: Vec<Span>,
    /// The calls to models.
    pub(crate) calls: Vec<Call>,
    /// The calls of tools.
    pub(crate) tools: Vec<ToolUse>,
    /// Every event of the story.
    pub(crate) events: Vec<Event>,
}

/// A piece of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Span {
    /// What was done.
    #[schema(example = "rate limit")]
    pub(crate) name: String,
    /// 0, or 1 for what happened inside the span before it.
    pub(crate) depth: u8,
    /// From the beginning of the story, in milliseconds.
    pub(crate) start_ms: u64,
    /// How long, in milliseconds; nothing for what happened at one moment, or never ended.
    pub(crate) took_ms: Option<u64>,
    /// What came of it, in a few words.
    pub(crate) outcome: String,
}

/// One call to a model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Call {
    /// The deployment.
    #[schema(example = "openai")]
    pub(crate) deployment: String,
    /// Its model, where the outcome is known.
    pub(crate) model: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// How long, in milliseconds.
    pub(crate) latency_ms: Option<u64>,
    /// `completed`, the class of failure, or `unknown`.
    #[schema(example = "completed")]
    pub(crate) outcome: String,
    /// What it cost, in millionths of a dollar, where known.
    pub(crate) cost_micros: Option<u64>,
}

/// One call of a tool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ToolUse {
    /// The tool, by the name that the model was offered.
    #[schema(example = "current_time")]
    pub(crate) tool: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
    /// How long, in milliseconds.
    pub(crate) took_ms: Option<u64>,
    /// `called`; why it did not work, as `unknown` for a tool that there is not; or `open` while it is
    /// called.
    #[schema(example = "called")]
    pub(crate) outcome: String,
}

/// An event of the story.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    /// Which event.
    pub(crate) id: String,
    /// Its topic.
    #[schema(example = "message.received")]
    pub(crate) kind: String,
    /// The program that said it.
    #[schema(example = "gateway")]
    pub(crate) source: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) at: Timestamp,
}

/// What a path of a message names.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfMessage {
    /// The tenant's slug.
    #[param(value_type = String, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", example = "acme")]
    pub(crate) tenant: TenantId,
    /// The message's id, or how it or that of one of its events begins.
    #[param(pattern = "^[A-Za-z0-9_-]{1,64}$")]
    pub(crate) message: String,
}

impl From<views::Trace> for Trace {
    fn from(it: views::Trace) -> Self {
        let span = |span: views::Span| Span {
            name: span.name,
            depth: span.depth,
            start_ms: span.start_ms,
            took_ms: span.took_ms,
            outcome: span.outcome,
        };
        let call = |call: views::Call| Call {
            deployment: call.deployment,
            model: call.model,
            at: call.at,
            latency_ms: call.latency_ms,
            outcome: call.outcome,
            cost_micros: call.cost_micros,
        };
        let tool = |tool: views::ToolUse| ToolUse {
            at: tool.at,
            took_ms: tool.took_ms,
            outcome: tool.word().to_owned(),
            tool: tool.tool,
        };
        let event = |event: views::EventRow| Event {
            id: event.event_id.to_string(),
            kind: event.kind,
            source: event.source,
            at: Timestamp::from_millis(event.time_ms),
        };
        Self {
            message: it.message.to_string(),
            state: it.row.map(|row| row.state),
            begun_at: it.begun_at,
            total_ms: it.total_ms,
            spans: it.spans.into_iter().map(span).collect(),
            calls: it.calls.into_iter().map(call).collect(),
            tools: it.tools.into_iter().map(tool).collect(),
            events: it.events.into_iter().map(event).collect(),
        }
    }
}
