//! The life of one message as spans, and which of them took the time.

mod spans;

use domain::access::{Denied, Permission, Principal};
use schemas::{MessageId, TenantId, Text, Timestamp, usage::AttemptOutcome};
use serde::{Deserialize, Serialize};
use store::{
    Purpose, TenantTx,
    completions::Tried,
    projections::{self, EventRow, MessageRow},
    tool_calls,
    views::thread,
};

use crate::{ViewError, Views, conversation::Words, conversations::open};

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
    /// The calls of tools, those included of which no outcome is known.
    pub tools: Vec<ToolUse>,
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

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The tool, by the name that the model was offered.
    pub tool: String,
    /// When.
    pub at: Timestamp,
    /// What it was called with.
    pub arguments: Words,
    /// What the model read of it; nothing while it is called, or if we crashed meanwhile.
    pub answer: Option<Words>,
    /// Why it did not work, in one word.
    pub failed: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<u64>,
}

impl Views {
    /// The life of the message whose id, or one of whose events' ids, begins with `start`; an apology's
    /// reference is such a beginning.
    pub async fn trace(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        start: &str,
        now: Timestamp,
    ) -> Result<Trace, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let mut tx = self.tx(tenant).await?;
        let start = reference(start)?;
        let message = match projections::find(&mut tx, start).await? {
            Some(message) => message,
            None => without_events(&mut tx, start).await?,
        };
        let row = projections::message(&mut tx, &message).await?;
        let events = projections::story(&mut tx, &(&message).into()).await?;
        let calls = thread::attempts(&mut tx, &message).await?;
        let calls = calls.into_iter().map(Call::from).collect();
        let rounds = tool_calls::of_message(&mut tx, &message).await?;
        let tools = if rounds.is_empty() {
            Vec::new()
        } else {
            let sealing = self.sealing(tenant, now).await?;
            let opened = |text: &Text| open(&sealing, tenant, &message, text);
            let calls = rounds.into_iter().flat_map(|round| {
                let at = round.at;
                round.calls.into_iter().map(move |call| (at, call))
            });
            calls.map(|(at, call)| ToolUse::of(call, at, opened)).collect()
        };
        Ok(Trace::of(message, row, events, (calls, tools)))
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

/// The message of exactly that id, where its events are on another log: an import brings what they came to.
async fn without_events(tx: &mut TenantTx, id: &str) -> Result<MessageId, ViewError> {
    let id: MessageId = id.parse().map_err(|_| ViewError::not_found())?;
    let row = projections::message(tx, &id).await?;
    row.map(|row| row.message_id).ok_or_else(ViewError::not_found)
}

/// The start of an id, or nothing is found: `""` would find anything.
fn reference(start: &str) -> Result<&str, Denied> {
    let start = start.trim();
    start.parse::<MessageId>().map(|_| start).map_err(|_| Denied::NotFound)
}

impl ToolUse {
    /// What came of it, in one word: `called`, why it did not work (`unknown` is a tool that there is not),
    /// or `open`, where there is no word of it yet.
    pub fn word(&self) -> &str {
        match (&self.failed, &self.answer) {
            (Some(why), _) => why,
            (None, Some(_)) => "called",
            (None, None) => "open",
        }
    }

    fn of(call: tool_calls::Call, at: Timestamp, opened: impl Fn(&Text) -> Option<String>) -> Self {
        let words = |text: &Text| opened(text).map_or(Words::Sealed, Words::Text);
        let outcome = call.outcome.as_ref();
        Self {
            at,
            arguments: words(&call.arguments),
            answer: outcome.map(|it| words(&it.text)),
            failed: outcome.and_then(|it| it.failed.clone()),
            took_ms: outcome.map(|it| it.took_ms),
            tool: call.tool,
        }
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
