//! From what is known of a message to spans on a line of time.

use domain::trace::{ended_by, moment};
use schemas::{MessageId, Timestamp};
use store::projections::{EventRow, MessageRow};

use super::{Call, Span, ToolUse, Trace};

/// How the spans of calls begin.
const MODEL: &str = "model ";
const TOOL: &str = "tool ";

impl Trace {
    pub(crate) fn of(
        message: MessageId,
        row: Option<MessageRow>,
        events: Vec<EventRow>,
        (calls, tools): (Vec<Call>, Vec<ToolUse>),
    ) -> Self {
        let within = within(&calls, &tools);
        // A message that was imported has no events here.
        let received = row.as_ref().and_then(|row| row.received_at_ms);
        let begun = events.first().map(|event| event.time_ms).or(received).unwrap_or(0);
        let since = |ms: i64| u64::try_from(ms.saturating_sub(begun)).unwrap_or(0);
        let mut spans: Vec<Span> = Vec::new();
        let mut end = 0;
        let (mut told, mut is_answered) = (None, false);
        for event in &events {
            let at = since(event.time_ms);
            let outcome = event.note.clone().unwrap_or_default();
            let span = |start_ms, took_ms, name: &str| Span {
                name: name.to_owned(),
                depth: 0,
                start_ms,
                took_ms,
                gap_ms: 0,
                outcome,
            };
            let Some(name) = ended_by(&event.kind) else {
                spans.push(span(at, None, moment(&event.kind)));
                continue;
            };
            spans.push(span(end.min(at), Some(at.saturating_sub(end)), name));
            end = end.max(at);
            if event.kind.starts_with("reply.") {
                told = Some(end);
            }
            if name == "answer" {
                is_answered = true;
                let begun = spans.last().map_or(0, |answer| answer.start_ms);
                inside(&mut spans, begun, &within, &since);
            }
        }
        if !is_answered {
            inside(&mut spans, end, &within, &since);
        }
        let known = row.as_ref().filter(|_| events.is_empty());
        let ended = known.and_then(|row| row.answered_at_ms.or(row.completed_at_ms));
        let total_ms = told.or(ended.map(since)).unwrap_or(end);
        let slow = slow(&spans, total_ms);
        let begun_at = Timestamp::from_millis(begun);
        Self { message, row, begun_at, total_ms, spans, slow, calls, tools, events }
    }
}

/// Something inside the answer.
struct Within {
    name: String,
    at: Timestamp,
    took_ms: Option<u64>,
    outcome: String,
}

/// The calls to models and of tools, in the order of time.
fn within(calls: &[Call], tools: &[ToolUse]) -> Vec<Within> {
    let model = |call: &Call| Within {
        name: format!("{MODEL}{}", call.deployment),
        at: call.at,
        took_ms: call.latency_ms,
        outcome: call.outcome.clone(),
    };
    let tool = |tool: &ToolUse| Within {
        name: format!("{TOOL}{}", tool.tool),
        at: tool.at,
        took_ms: tool.took_ms,
        outcome: tool.word().to_owned(),
    };
    let mut all: Vec<_> = calls.iter().map(model).chain(tools.iter().map(tool)).collect();
    all.sort_by_key(|it| it.at);
    all
}

/// What happened inside the answer; `free` is the time from which on there could have been something.
fn inside(spans: &mut Vec<Span>, mut free: u64, all: &[Within], since: &impl Fn(i64) -> u64) {
    for Within { name, at, took_ms, outcome } in all {
        let start_ms = since(at.as_millis());
        let gap_ms = start_ms.saturating_sub(free);
        // Tools of one round are called together.
        free = free.max(start_ms.saturating_add(took_ms.unwrap_or(0)));
        spans.push(Span {
            name: name.clone(),
            depth: 1,
            start_ms,
            took_ms: *took_ms,
            gap_ms,
            outcome: outcome.clone(),
        });
    }
}

/// The longest of what is not made of others; all calls to models count as one, and all of tools.
fn slow(spans: &[Span], total_ms: u64) -> Option<String> {
    let took = |depth: u8| {
        let of = spans.iter().filter(move |span| span.depth == depth);
        of.map(|span| (span.name.as_str(), span.took_ms.unwrap_or(0)))
    };
    let of = |begin: &str| -> u64 {
        took(1).filter(|(name, _)| name.starts_with(begin)).map(|(_, ms)| ms).sum()
    };
    let (model, tools) = (of(MODEL), of(TOOL));
    let whole = took(0).map(|(name, ms)| match name {
        "answer" => (name, ms.saturating_sub(model.saturating_add(tools))),
        _ => (name, ms),
    });
    let inside = [("model", model), ("tools", tools)];
    let (name, ms) = whole.chain(inside).max_by_key(|(_, ms)| *ms)?;
    (0 < ms).then(|| format!("{name} {} of {}", seconds(ms), seconds(total_ms)))
}

/// Milliseconds for people.
fn seconds(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}
