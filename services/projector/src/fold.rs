//! What one event changes in the read models. Pure: nothing but the event decides.

mod usage;

use domain::trace::outcome;
use schemas::{
    Envelope, Event, EventId, LimitScope, Message, MessageRef,
    event::{
        self, CompletionFailed, CompletionFinished, CompletionHandedOff, MessageHeld,
        MessageThrottled, ReplyDelivered, ReplyKind,
    },
};
use store::{
    changes::ChangeRow,
    projections::{Changes, Entry, EventRow, HandedOff, MessageRow},
};

/// Adds what the event at `seq` changes.
pub(crate) fn fold(changes: &mut Changes, stream: &str, seq: u64, envelope: &Envelope) {
    let note = outcome(&envelope.event);
    let note = (!note.is_empty()).then_some(note);
    changes.events.push(EventRow::new(stream, seq, envelope, note));
    if let Some(message) = message(seq, envelope) {
        changes.messages.push(message);
    }
    changes.handed_off.extend(handed_off(seq, envelope));
    changes.usage.extend(usage::used(seq, envelope));
    if let Some(entry) = entry(&envelope.event) {
        changes.entries.push((entry, seq));
    }
    changes.changes.extend(ChangeRow::of(seq, envelope));
}

/// A change of a message's state with the event that makes it.
struct At<'a> {
    id: &'a EventId,
    seq: u64,
}

impl At<'_> {
    fn row(&self, message: &MessageRef, state: &str) -> MessageRow {
        MessageRow::new(message, state, self.id, self.seq)
    }
}

/// What becomes of a message. Its row begins when it is accepted: a second delivery that comes
/// later must not set it back.
fn message(seq: u64, envelope: &Envelope) -> Option<MessageRow> {
    let at = At { id: &envelope.id, seq };
    let time_ms = Some(envelope.time.as_millis());
    Some(match &envelope.event {
        Event::MessageAccepted(data) => {
            MessageRow { received_at_ms: time_ms, ..at.row(key(&data.message), "accepted") }
        }
        Event::MessageAdmitted(data) => {
            MessageRow { decided_at_ms: time_ms, ..at.row(key(&data.message), "admitted") }
        }
        Event::MessageThrottled(data) => throttled(&at, data, time_ms),
        Event::CompletionFinished(data) => finished(&at, data, time_ms),
        Event::CompletionFailed(data) => failed(&at, data, time_ms),
        Event::CompletionHandedOff(data) => handing_over(&at, data, time_ms),
        Event::MessageHeld(data) => held(&at, data, time_ms),
        Event::ReplyDelivered(data) => delivered(&at, data, time_ms),
        Event::ReplyUncertain(data) => {
            let doubt = Some(data.detail.clone());
            MessageRow { doubt, ..at.row(&data.message, "uncertain") }
        }
        Event::ReplyFailed(data) => {
            MessageRow { detail: Some(data.code.clone()), ..at.row(&data.message, "failed") }
        }
        Event::MessageReceived(_)
        | Event::MessageDuplicate(_)
        | Event::MessageReopened(_)
        | Event::ReplyDecided(_)
        | Event::BudgetNear(_)
        | Event::ConversationHandedBack(_)
        | Event::EffectObserved(_)
        | Event::MessageEdited(_)
        | Event::MessageDeleted(_)
        | Event::ConnectionRevoked(_)
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
        | Event::WorkspaceClaimed(_) => return None,
    })
}

fn key(message: &Message) -> &MessageRef {
    &message.key
}

const fn limit(scope: LimitScope) -> &'static str {
    match scope {
        LimitScope::Tenant => "limit of the tenant",
        LimitScope::Channel => "limit of the channel",
        LimitScope::Log => "share of the log",
    }
}

fn throttled(at: &At<'_>, data: &MessageThrottled, time_ms: Option<i64>) -> MessageRow {
    let detail = Some(limit(data.limit).to_owned());
    let row = at.row(&data.message, "throttled");
    MessageRow { decided_at_ms: time_ms, detail, ..row }
}

fn finished(at: &At<'_>, data: &CompletionFinished, time_ms: Option<i64>) -> MessageRow {
    MessageRow {
        agent_id: Some(data.agent.clone()),
        agent_version: Some(data.version),
        model: Some(data.model.clone()),
        input_tokens: data.usage.input_tokens,
        output_tokens: data.usage.output_tokens,
        cost_micros: data.cost.amount.map(|amount| amount.0),
        price_version: Some(data.cost.price_version.clone()),
        completed_at_ms: time_ms,
        ..at.row(&data.message, "completed")
    }
}

fn failed(at: &At<'_>, data: &CompletionFailed, time_ms: Option<i64>) -> MessageRow {
    let cost = data.cost.as_ref();
    MessageRow {
        agent_id: data.agent.clone(),
        cost_micros: cost.and_then(|cost| cost.amount).map(|amount| amount.0),
        price_version: cost.map(|cost| cost.price_version.clone()),
        detail: Some(data.reason.as_str().to_owned()),
        completed_at_ms: time_ms,
        ..at.row(&data.message, "no answer")
    }
}

fn handing_over(at: &At<'_>, data: &CompletionHandedOff, time_ms: Option<i64>) -> MessageRow {
    let cost = data.cost.as_ref();
    MessageRow {
        agent_id: Some(data.agent.clone()),
        agent_version: Some(data.version),
        cost_micros: cost.and_then(|cost| cost.amount).map(|amount| amount.0),
        price_version: cost.map(|cost| cost.price_version.clone()),
        detail: Some(data.why.as_str().to_owned()),
        completed_at_ms: time_ms,
        ..at.row(&data.message, "handing over")
    }
}

fn held(at: &At<'_>, data: &MessageHeld, time_ms: Option<i64>) -> MessageRow {
    MessageRow {
        agent_id: Some(data.agent.clone()),
        completed_at_ms: time_ms,
        ..at.row(&data.message, "held")
    }
}

fn delivered(at: &At<'_>, data: &ReplyDelivered, time_ms: Option<i64>) -> MessageRow {
    let state = match data.reply {
        ReplyKind::Answer => "delivered",
        ReplyKind::Apology => "failed",
        ReplyKind::Notice => "told",
        ReplyKind::HandOff => "handed over",
        ReplyKind::Held => "held",
    };
    MessageRow { answered_at_ms: time_ms, ..at.row(&data.message, state) }
}

/// The hand-off that begins or ends with the event, if one does.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else changes who has a thread")]
fn handed_off(seq: u64, envelope: &Envelope) -> Option<HandedOff> {
    let at = envelope.time.as_millis();
    let (connection, conversation, message, since_ms) = match &envelope.event {
        Event::CompletionHandedOff(data) => {
            let message = &data.message;
            (&message.connection, &message.conversation, &message.id, Some(at))
        }
        Event::ConversationHandedBack(data) => {
            (&data.connection, &data.conversation, &data.handed_off, None)
        }
        _ => return None,
    };
    Some(HandedOff {
        connection_id: connection.clone(),
        conversation_id: conversation.clone(),
        message_id: message.clone(),
        since_ms,
        last_seq: seq,
    })
}

fn entry(event: &Event) -> Option<Entry> {
    match event.entry()? {
        event::Entry::Tenant(tenant) => Some(Entry::Tenant(tenant.clone())),
        event::Entry::Agent(agent) => Some(Entry::Agent(Box::new(agent.clone()))),
        event::Entry::Connection(connection) => Some(Entry::Connection(connection.clone())),
        // What shows of these is who changed them; what they are, every process has in memory.
        event::Entry::Tool(_) | event::Entry::ModelGroup(_) | event::Entry::Claim(_) => None,
    }
}

#[cfg(test)]
mod tests;
