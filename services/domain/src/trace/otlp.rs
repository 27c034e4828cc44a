//! The life of one message as an OpenTelemetry trace, in the JSON of OTLP: what `POST /v1/traces` of a
//! collector takes.
//!
//! Ids derive from those of message and events, so the same story is the same trace however often it is
//! sent; the trace and its first span are those that the envelopes name in `traceparent`. Calls have the
//! names of OpenTelemetry's conventions for generative AI. Nothing of what was said is in it.

use schemas::{
    AgentId, ConversationId, CorrelationId, EventId, MessageId, TenantId, Timestamp, Trace,
    usage::{Attempt, AttemptOutcome},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{ended_by, moment};

/// What stands for the kinds of spans: `SPAN_KIND_INTERNAL`, `SPAN_KIND_CLIENT`, `SPAN_KIND_CONSUMER`.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
const CONSUMER: u8 = 5;

/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// What is known of one message.
#[derive(Clone, Debug)]
pub struct Story<'a> {
    /// Whose it is.
    pub tenant: &'a TenantId,
    /// Which message.
    pub message: &'a MessageId,
    /// Its thread, where that is known.
    pub conversation: Option<&'a ConversationId>,
    /// Who answers, and with which version, where that is known.
    pub agent: Option<(&'a AgentId, Option<u32>)>,
    /// Its events, in the order of time.
    pub events: Vec<Happened<'a>>,
    /// The calls to models.
    pub calls: Vec<ModelCall<'a>>,
    /// The calls of tools.
    pub tools: Vec<ToolCall<'a>>,
}

/// One event of the story.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// Which event.
    pub id: &'a EventId,
    /// Its topic, e.g. `message.received`.
    pub topic: &'a str,
    /// The program that said it.
    pub source: &'a str,
    /// Its place on its stream.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What came of it, in a few words.
    pub outcome: &'a str,
}

/// One call to a model.
#[derive(Clone, Copy, Debug)]
pub struct ModelCall<'a> {
    /// Counts from 0 within the message.
    pub index: u32,
    /// The deployment.
    pub deployment: &'a str,
    /// When it began.
    pub at: Timestamp,
    /// What came of it; nothing while it goes on, or if we crashed meanwhile.
    pub outcome: Option<&'a Attempt>,
}

/// One call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct ToolCall<'a> {
    /// The tool, by the name that the model was offered.
    pub tool: &'a str,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds; nothing while it goes on, or if we crashed meanwhile.
    pub took_ms: Option<u64>,
    /// Why it did not work, in one word.
    pub failed: Option<&'a str>,
}

struct Span {
    id: String,
    parent: Option<String>,
    name: String,
    kind: u8,
    start: Timestamp,
    end: Timestamp,
    attributes: Vec<Value>,
    events: Vec<Value>,
    error: Option<String>,
}

/// The story as one `ExportTraceServiceRequest`; `version` is that of the program.
pub fn export(story: &Story<'_>, version: &str) -> Value {
    let traceparent = Trace::of(&CorrelationId::from(story.message));
    let mut parts = traceparent.as_str().split('-').skip(1).map(str::to_owned);
    let (trace, root) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let spans = spans(story, root);
    json!({
        "resourceSpans": [{
            "resource": {
                "attributes": [text("service.name", "konstruct"), text("service.version", version)],
            },
            "scopeSpans": [{
                "scope": { "name": "konstruct", "version": version },
                "spans": spans.iter().map(|span| span.json(&trace)).collect::<Vec<_>>(),
            }],
        }],
    })
}

fn spans(story: &Story<'_>, root: String) -> Vec<Span> {
    let begun = story.events.first().map_or_else(Timestamp::default, |event| event.at);
    let mut moments = Vec::new();
    let mut found = Vec::new();
    let (mut end, mut answer) = (begun, None);
    for event in &story.events {
        let Some(name) = ended_by(event.topic) else {
            moments.push(json!({
                "timeUnixNano": nanos(event.at),
                "name": moment(event.topic),
                "attributes": of_event(event),
            }));
            continue;
        };
        let mut span = Span::of(event, end.min(event.at), name, &root);
        if name == "answer" {
            span.invokes(story.agent);
            answer = answer.or_else(|| Some(span.id.clone()));
        }
        end = end.max(event.at);
        found.push(span);
    }
    let parent = answer.unwrap_or_else(|| root.clone());
    found.extend(story.calls.iter().map(|call| Span::of_call(story.message, call, &parent)));
    let tools = story.tools.iter().enumerate();
    found.extend(tools.map(|(nth, tool)| Span::of_tool((story.message, nth), tool, &parent)));
    found.sort_by_key(|span| span.start);
    let last = story.events.last().map_or(begun, |event| event.at);
    let end = found.iter().map(|span| span.end).fold(last, Ord::max);
    let mut attributes = vec![
        text("konstruct.tenant", story.tenant.as_str()),
        text("konstruct.message", story.message.as_str()),
    ];
    let thread = story.conversation.map(|it| text("gen_ai.conversation.id", it.as_str()));
    attributes.extend(thread);
    let whole = Span {
        id: root,
        parent: None,
        name: "message".to_owned(),
        kind: CONSUMER,
        start: begun,
        end,
        attributes,
        events: moments,
        error: None,
    };
    std::iter::once(whole).chain(found).collect()
}

impl Span {
    /// The piece of work that ends with an event.
    fn of(event: &Happened<'_>, start: Timestamp, name: &str, parent: &str) -> Self {
        let failed = matches!(event.topic, "completion.failed" | "reply.failed");
        Self {
            id: id(&[event.id.as_str()]),
            parent: Some(parent.to_owned()),
            name: name.to_owned(),
            kind: INTERNAL,
            start,
            end: event.at,
            attributes: of_event(event),
            events: Vec::new(),
            error: failed.then(|| event.outcome.to_owned()),
        }
    }

    /// It is an agent that answers.
    fn invokes(&mut self, agent: Option<(&AgentId, Option<u32>)>) {
        self.attributes.push(text("gen_ai.operation.name", "invoke_agent"));
        let Some((agent, version)) = agent else { return };
        self.name = format!("invoke_agent {agent}");
        self.attributes.push(text("gen_ai.agent.id", agent.as_str()));
        let version = version.map(|it| number("konstruct.agent_version", it.into()));
        self.attributes.extend(version);
    }

    fn of_call(message: &MessageId, call: &ModelCall<'_>, parent: &str) -> Self {
        let mut attributes = vec![
            text("gen_ai.operation.name", "chat"),
            text("konstruct.deployment", call.deployment),
        ];
        let took_ms = call.outcome.map_or(0, |it| it.latency_ms);
        let model = call.outcome.map_or(call.deployment, |it| it.model.as_str());
        let mut error = None;
        match call.outcome {
            Some(attempt) => {
                attributes.extend(of_attempt(attempt));
                if let AttemptOutcome::Failed { class } = &attempt.outcome {
                    attributes.push(text("error.type", class));
                    error = Some(class.clone());
                }
            }
            None => attributes.push(text("konstruct.outcome", "unknown")),
        }
        Self {
            id: id(&[message.as_str(), "call", &call.index.to_string()]),
            parent: Some(parent.to_owned()),
            name: format!("chat {model}"),
            kind: CLIENT,
            start: call.at,
            end: after(call.at, took_ms),
            attributes,
            events: Vec::new(),
            error,
        }
    }

    fn of_tool((message, nth): (&MessageId, usize), call: &ToolCall<'_>, parent: &str) -> Self {
        let mut attributes = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", call.tool),
        ];
        attributes.extend(call.failed.map(|why| text("error.type", why)));
        if call.took_ms.is_none() {
            attributes.push(text("konstruct.outcome", "unknown"));
        }
        Self {
            id: id(&[message.as_str(), "tool", &nth.to_string()]),
            parent: Some(parent.to_owned()),
            name: format!("execute_tool {}", call.tool),
            kind: INTERNAL,
            start: call.at,
            end: after(call.at, call.took_ms.unwrap_or(0)),
            attributes,
            events: Vec::new(),
            error: call.failed.map(str::to_owned),
        }
    }

    fn json(&self, trace: &str) -> Value {
        let mut json = json!({ "traceId": trace, "spanId": self.id });
        if let Some(parent) = &self.parent {
            set(&mut json, "parentSpanId", json!(parent));
        }
        set(&mut json, "name", json!(self.name));
        set(&mut json, "kind", json!(self.kind));
        set(&mut json, "startTimeUnixNano", json!(nanos(self.start)));
        set(&mut json, "endTimeUnixNano", json!(nanos(self.end)));
        set(&mut json, "attributes", json!(self.attributes));
        if !self.events.is_empty() {
            set(&mut json, "events", json!(self.events));
        }
        if let Some(error) = &self.error {
            set(&mut json, "status", json!({ "code": ERROR, "message": error }));
        }
        json
    }
}

fn of_event(event: &Happened<'_>) -> Vec<Value> {
    let mut attributes = vec![
        text("konstruct.event", event.id.as_str()),
        text("konstruct.kind", event.topic),
        text("konstruct.source", event.source),
        number("konstruct.sequence", event.sequence),
    ];
    if !event.outcome.is_empty() {
        attributes.push(text("konstruct.outcome", event.outcome));
    }
    attributes
}

fn of_attempt(attempt: &Attempt) -> impl Iterator<Item = Value> {
    let usage = attempt.usage.as_ref();
    let known = [
        Some(text("gen_ai.provider.name", &attempt.vendor)),
        Some(text("gen_ai.request.model", &attempt.model)),
        usage.and_then(|it| it.input_tokens).map(|it| number("gen_ai.usage.input_tokens", it)),
        usage.and_then(|it| it.output_tokens).map(|it| number("gen_ai.usage.output_tokens", it)),
        attempt.first_token_ms.map(|it| number("konstruct.first_token_ms", it)),
        attempt.cost.amount.map(|it| number("konstruct.cost_micros", it.0)),
    ];
    known.into_iter().flatten()
}

fn set(json: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = json {
        fields.insert(name.to_owned(), value);
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Numbers of 64 bits are strings in the JSON of protocol buffers.
fn number(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

fn nanos(at: Timestamp) -> String {
    format!("{}000000", at.as_millis())
}

fn after(at: Timestamp, took_ms: u64) -> Timestamp {
    at.plus(std::time::Duration::from_millis(took_ms))
}

/// Eight bytes of a hash.
fn id(of: &[&str]) -> String {
    let digest = Sha256::digest(of.join("/").as_bytes());
    hex::encode(digest.first_chunk::<8>().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests;
