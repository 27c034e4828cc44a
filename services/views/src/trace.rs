//! The life of one message as spans, and which of them took the time.

use domain::access::{Denied, Permission, Principal};
use schemas::{MessageId, TenantId, Timestamp, usage::AttemptOutcome};
use serde::{Deserialize, Serialize};
use store::{
    Purpose,
    completions::Tried,
    projections::{self, EventRow, MessageRow},
    views::thread,
};

use crate::{ViewError, Views};

/// The life of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Which message.
    pub message: MessageId,
    /// Where it stands, with tokens and cost; nothing while it is only received.
    pub row: Option<MessageRow>,
    /// When the story begins.
    pub begun_at: Timestamp,
    /// From there until the person had the reply, or the last that is known, in milliseconds.
    pub total_ms: u64,
    /// What took how long, in order; what is inside another comes after it.
    pub spans: Vec<Span>,
    /// What took most of it, e.g. `model 3.1 s of 3.9 s`.
    pub slow: Option<String>,
    /// The calls to models, those included of which no outcome is known.
    pub calls: Vec<Call>,
    /// Every event of the story.
    pub events: Vec<EventRow>,
}

/// A piece of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What was done, e.g. `rate limit`.
    pub name: String,
    /// 0, or 1 for what happened inside the span before it.
    pub depth: u8,
    /// From the beginning of the story, in milliseconds.
    pub start_ms: u64,
    /// How long, in milliseconds. Nothing for what happened at one moment, or never ended.
    pub took_ms: Option<u64>,
    /// How long nothing is known to have happened before it, in milliseconds.
    pub gap_ms: u64,
    /// What came of it, in a few words; nothing of what was said.
    pub outcome: String,
}

/// One call to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Counts from 0 within the message.
    pub index: u32,
    /// The deployment.
    pub deployment: String,
    /// Its model, where the outcome is known.
    pub model: Option<String>,
    /// When it began.
    pub at: Timestamp,
    /// How long, in milliseconds.
    pub latency_ms: Option<u64>,
    /// To the first token, in milliseconds.
    pub first_token_ms: Option<u64>,
    /// `completed`, the class of failure, or `unknown` if we crashed meanwhile: then it may have been
    /// paid for.
    pub outcome: String,
    /// What it cost, in millionths of a dollar, where known.
    pub cost_micros: Option<u64>,
}

impl Views {
    /// The life of the message whose id, or one of whose events' ids, begins with `start`; an apology's
    /// reference is such a beginning.
    pub async fn trace(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        start: &str,
    ) -> Result<Trace, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let start = reference(start)?;
        let message = projections::find(&mut tx, start).await?;
        let message = message.ok_or_else(ViewError::not_found)?;
        let row = projections::message(&mut tx, &message).await?;
        let events = projections::story(&mut tx, &(&message).into()).await?;
        let calls = thread::attempts(&mut tx, &message).await?;
        let calls = calls.into_iter().map(Call::from).collect();
        Ok(Trace::of(message, row, events, calls))
    }

    /// Whose message that is, wherever the principal may read.
    pub async fn find(
        &self,
        principal: &Principal,
        start: &str,
    ) -> Result<(TenantId, MessageId), ViewError> {
        if principal.platform.is_some_and(|role| role.may(Permission::ConversationsRead)) {
            return self.locate(principal, start).await;
        }
        let start = reference(start)?;
        let reads =
            principal.tenants.iter().filter(|(_, role)| role.may(Permission::ConversationsRead));
        for (tenant, _) in reads {
            let found = projections::find(&mut self.tx(tenant).await?, start).await?;
            if let Some(message) = found {
                return Ok((tenant.clone(), message));
            }
        }
        Err(ViewError::not_found())
    }

    /// Whose message that is, for those who may read every tenant's.
    pub async fn locate(
        &self,
        principal: &Principal,
        start: &str,
    ) -> Result<(TenantId, MessageId), ViewError> {
        principal.require_platform(Permission::ConversationsRead)?;
        let start = reference(start)?;
        let mut tx = self.across(principal, Purpose::Trace).await?;
        projections::find_anywhere(&mut tx, start).await?.ok_or_else(ViewError::not_found)
    }
}

/// The start of an id, or nothing is found: `""` would find anything.
fn reference(start: &str) -> Result<&str, Denied> {
    let start = start.trim();
    start.parse::<MessageId>().map(|_| start).map_err(|_| Denied::NotFound)
}

impl Trace {
    pub(crate) fn of(
        message: MessageId,
        row: Option<MessageRow>,
        events: Vec<EventRow>,
        calls: Vec<Call>,
    ) -> Self {
        let begun = events.first().map_or(0, |event| event.time_ms);
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
            let Some(name) = stage(&event.kind) else {
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
                inside(&mut spans, begun, &calls, &since);
            }
        }
        if !is_answered {
            inside(&mut spans, end, &calls, &since);
        }
        let total_ms = told.unwrap_or(end);
        let slow = slow(&spans, total_ms);
        let begun_at = Timestamp::from_millis(begun);
        Self { message, row, begun_at, total_ms, spans, slow, calls, events }
    }
}

/// What ends with that event.
fn stage(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "message.accepted" => "dedup",
        "message.admitted" | "message.throttled" => "rate limit",
        "completion.finished" | "completion.failed" => "answer",
        "reply.delivered" | "reply.uncertain" | "reply.failed" => "delivery",
        _ => return None,
    })
}

/// What happened at that moment.
fn moment(kind: &str) -> &str {
    match kind {
        "message.received" => "received",
        "message.duplicate" => "received again",
        "effect.observed" => "seen",
        "message.edited" => "edited",
        "message.deleted" => "taken back",
        other => other,
    }
}

/// The calls to models; `free` is the time from which on there could have been one.
fn inside(spans: &mut Vec<Span>, mut free: u64, calls: &[Call], since: &impl Fn(i64) -> u64) {
    for call in calls {
        let start_ms = since(call.at.as_millis());
        let gap_ms = start_ms.saturating_sub(free);
        free = start_ms.saturating_add(call.latency_ms.unwrap_or(0));
        spans.push(Span {
            name: format!("model {}", call.deployment),
            depth: 1,
            start_ms,
            took_ms: call.latency_ms,
            gap_ms,
            outcome: call.outcome.clone(),
        });
    }
}

/// The longest of what is not made of others; all calls count as one.
fn slow(spans: &[Span], total_ms: u64) -> Option<String> {
    let took = |depth: u8| {
        let of = spans.iter().filter(move |span| span.depth == depth);
        of.map(|span| (span.name.as_str(), span.took_ms.unwrap_or(0)))
    };
    let model = took(1).map(|(_, ms)| ms).sum::<u64>();
    let whole = took(0).map(|(name, ms)| match name {
        "answer" => (name, ms.saturating_sub(model)),
        _ => (name, ms),
    });
    let (name, ms) = whole.chain([("model", model)]).max_by_key(|(_, ms)| *ms)?;
    (0 < ms).then(|| format!("{name} {} of {}", seconds(ms), seconds(total_ms)))
}

/// Milliseconds for people.
fn seconds(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        _ => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
    }
}

impl From<Tried> for Call {
    fn from(tried: Tried) -> Self {
        let Tried { index, deployment, started_at, outcome } = tried;
        let known = outcome.as_ref();
        let word = known.map_or("unknown", |it| match &it.outcome {
            AttemptOutcome::Completed => "completed",
            AttemptOutcome::Failed { class } => class,
        });
        Self {
            index,
            deployment,
            model: known.map(|it| it.model.clone()),
            at: started_at,
            latency_ms: known.map(|it| it.latency_ms),
            first_token_ms: known.and_then(|it| it.first_token_ms),
            outcome: word.to_owned(),
            cost_micros: known.and_then(|it| it.cost.amount).map(|amount| amount.0),
        }
    }
}

#[cfg(test)]
mod tests;
