//! The life of one message, from its events.

pub mod asked;
pub mod otlp;

use std::fmt::Write as _;

use schemas::{
    Author, Envelope, Event, MessageId, Timestamp,
    event::{
        CompletionFinished, DuplicateReason, FailureReason, HandedBackBy, LimitScope, ToolRound,
    },
};
use serde::Serialize;

use crate::{budget, reply};

/// One event of a message's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// What happened, e.g. `message.received`.
    pub stage: &'static str,
    /// Who said so.
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// Since the first event, in milliseconds.
    pub offset_ms: u64,
    /// Since the event before it in this list, in milliseconds.
    pub took_ms: u64,
    /// What came of it, in a few words; nothing of what was said.
    pub outcome: String,
}

/// The events that share this message's correlation, in the order of time. Events said twice (a
/// stage that ran again publishes the same event) count once.
pub fn of_message<'a>(
    message: &MessageId,
    envelopes: impl IntoIterator<Item = &'a Envelope>,
) -> Vec<Stage> {
    let mut events: Vec<&Envelope> = Vec::new();
    for envelope in envelopes {
        let ours = envelope.correlation.as_str() == message.as_str();
        if ours && !events.iter().any(|known| known.id == envelope.id) {
            events.push(envelope);
        }
    }
    events.sort_by_key(|envelope| (envelope.time, envelope.event.kind()));
    let first = events.first().map_or_else(Timestamp::default, |envelope| envelope.time);
    let mut before = first;
    let stage = |envelope: &&Envelope| {
        let took = envelope.time.since(before);
        before = envelope.time;
        Stage {
            stage: envelope.event.kind().topic(),
            source: envelope.source.clone(),
            at: envelope.time,
            offset_ms: millis(envelope.time.since(first)),
            took_ms: millis(took),
            outcome: outcome(&envelope.event),
        }
    };
    events.iter().map(stage).collect()
}

/// The stages as columns of text.
pub fn render(stages: &[Stage]) -> String {
    let width = stages.iter().map(|it| it.stage.len()).max().unwrap_or_default().max(5);
    let mut out = format!("{:<width$}  {:>8}  {:>8}  {}\n", "stage", "at", "took", "outcome");
    for Stage { stage, offset_ms, took_ms, outcome, .. } in stages {
        let line = format!("{stage:<width$}  {offset_ms:>5} ms  {took_ms:>5} ms  {outcome}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One word for where the message stands: how its story ends, or the last thing known of it.
pub fn standing(stages: &[Stage]) -> &'static str {
    let ends = ["reply.delivered", "reply.failed", "reply.uncertain"];
    let last = stages.iter().rev().map(|it| it.stage);
    let end = last.clone().find(|stage| ends.contains(stage));
    end.or_else(|| last.clone().next()).unwrap_or("unknown")
}

/// The piece of work that ends with an event of that topic; nothing where it only tells of a moment.
pub fn ended_by(topic: &str) -> Option<&'static str> {
    Some(match topic {
        "message.accepted" => "dedup",
        "message.admitted" | "message.throttled" => "rate limit",
        "completion.finished" | "completion.failed" | "completion.handed_off" | "message.held" => {
            "answer"
        }
        "reply.delivered" | "reply.uncertain" | "reply.failed" => "delivery",
        _ => return None,
    })
}

/// What happened at the moment that an event of that topic tells of.
pub fn moment(topic: &str) -> &str {
    match topic {
        "message.received" => "received",
        "message.duplicate" => "received again",
        "effect.observed" => "seen",
        "message.edited" => "edited",
        "message.deleted" => "taken back",
        "conversation.handed_back" => "given back",
        "message.reopened" => "reopened",
        "reply.decided" => "decided",
        "budget.near" => "budget nearly used",
        other => other,
    }
}

/// What an event says, in a few words; nothing of what was said.
pub fn outcome(event: &Event) -> String {
    let mut out = String::new();
    match event {
        Event::MessageReceived(data) => write!(out, "by {}", data.message.key.connection),
        Event::MessageDuplicate(data) => write!(out, "{}", duplicate(data.reason)),
        Event::MessageThrottled(data) => {
            let (limit, again, told) = (limit(data.limit), data.retry_at, told(data.tell));
            write!(out, "over {} a minute ({limit}), again at {again}{told}", data.per_minute)
        }
        Event::CompletionFinished(data) => write!(out, "{}", finished(data)),
        Event::CompletionFailed(data) => {
            let over = data.over.as_ref().map(|met| format!(" ({})", budget::in_words(met)));
            let (why, over) = (failure(data.reason), over.unwrap_or_default());
            write!(out, "{why}{over}, reference {}", data.reference)
        }
        Event::CompletionHandedOff(data) => {
            let (agent, version, why) = (&data.agent, data.version, reply::why(data.why));
            let called = called(&data.tools);
            write!(out, "{agent} version {version} to {}: {why}{called}", data.to_channel)
        }
        Event::MessageHeld(data) => {
            let told = told(data.tell);
            write!(out, "a person has the conversation, {} is quiet{told}", data.agent)
        }
        Event::ConversationHandedBack(data) => write!(out, "{}", handed_back(&data.by)),
        Event::MessageReopened(data) => {
            write!(out, "by {}{}", author(&data.by), if data.anew { ", anew" } else { "" })
        }
        Event::ReplyDecided(data) => {
            write!(out, "{}, by {}", data.decision.as_str(), author(&data.by))
        }
        Event::BudgetNear(data) => {
            write!(out, "{} is nearly used", budget::in_words(&data.budget))
        }
        Event::ReplyDelivered(data) => {
            write!(out, "{} in {} part(s)", data.reply.as_str(), data.parts.len())
        }
        Event::ReplyUncertain(data) => write!(out, "{}: {}", data.reply.as_str(), data.detail),
        Event::ReplyFailed(data) => write!(out, "{}: {}", data.reply.as_str(), data.code),
        Event::EffectObserved(data) => write!(out, "{} seen at {}", data.effect, data.ts),
        Event::ConnectionRevoked(data) => write!(out, "{}", data.reason),
        Event::MessageAccepted(_)
        | Event::MessageAdmitted(_)
        | Event::MessageEdited(_)
        | Event::MessageDeleted(_)
        | Event::TenantCreated(_)
        | Event::TenantRenamed(_)
        | Event::TenantLimitsChanged(_)
        | Event::TenantBudgetChanged(_)
        | Event::TenantSuspended(_)
        | Event::TenantResumed(_)
        | Event::TenantDeleted(_)
        | Event::AgentCreated(_)
        | Event::AgentDraftSaved(_)
        | Event::AgentPublished(_)
        | Event::AgentBudgetChanged(_)
        | Event::AgentRetired(_)
        | Event::ConnectionMade(_)
        | Event::ConnectionRemoved(_)
        | Event::ToolSaved(_)
        | Event::ToolRemoved(_)
        | Event::ModelGroupSaved(_)
        | Event::ModelGroupRemoved(_)
        | Event::WorkspaceClaimed(_) => Ok(()),
    }
    .unwrap_or_default();
    out
}

fn finished(data: &CompletionFinished) -> String {
    let CompletionFinished { agent, version, deployment, latency_ms, attempts, tools, .. } = data;
    let (attempts, called) = (attempts.len(), called(tools));
    format!(
        "{agent} version {version} by {deployment} in {latency_ms} ms, {attempts} attempt(s){called}"
    )
}

fn told(tell: bool) -> &'static str {
    if tell { ", person told" } else { "" }
}

/// How many tools were called, where any was.
fn called(rounds: &[ToolRound]) -> String {
    match rounds.iter().map(|round| round.calls.len()).sum::<usize>() {
        0 => String::new(),
        calls => format!(", {calls} call(s) of tools"),
    }
}

fn handed_back(by: &HandedBackBy) -> String {
    match by {
        HandedBackBy::Person(user) => format!("by {user}"),
        HandedBackBy::Operator(by) => format!("by {}", author(by)),
        HandedBackBy::Unreached(code) => format!("nobody could be told: {code}"),
    }
}

fn author(by: &Author) -> &str {
    by.operator.as_deref().unwrap_or(&by.via)
}

fn duplicate(reason: DuplicateReason) -> &'static str {
    match reason {
        DuplicateReason::Delivery => "the same delivery again",
        DuplicateReason::Message => "the same message by another delivery",
    }
}

fn limit(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Tenant => "tenant",
        LimitScope::Channel => "channel",
        LimitScope::Log => "log",
    }
}

fn failure(reason: FailureReason) -> &'static str {
    match reason {
        FailureReason::ModelsFailed => "every model failed",
        FailureReason::TenantSuspended => "the tenant is not served",
        FailureReason::NoAgent => "no agent is published",
        FailureReason::ConnectionRemoved => "the connection was removed",
        FailureReason::SetAside => "set aside after too many attempts",
        FailureReason::OverBudget => "over a budget",
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
