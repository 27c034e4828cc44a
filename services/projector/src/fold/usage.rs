//! What one event adds to what was used. A message counts once, when it is decided what comes of it.

use domain::day::Day;
use schemas::{
    Envelope, Event, MessageRef,
    event::{CompletionFailed, CompletionFinished, CompletionHandedOff, ReplyKind},
    usage::{Cost, Usage},
};
use store::projections::{Counts, Under, UsageRow};

/// What the event at `seq` adds, if anything.
pub(super) fn used(seq: u64, envelope: &Envelope) -> Option<UsageRow> {
    let day = Day::of(envelope.time);
    let (under, counts, latency_ms) = match &envelope.event {
        Event::MessageThrottled(_) => {
            (Under::default(), Counts { messages: 1, throttled: 1, ..Counts::default() }, None)
        }
        Event::CompletionFinished(data) => {
            let under = Under {
                agent: Some(data.agent.clone()),
                version: Some(data.version),
                by_model: Some(data.model.clone()),
                ..Under::default()
            };
            (under, answered(data), Some(data.latency_ms))
        }
        Event::CompletionFailed(data) => {
            (Under { agent: data.agent.clone(), ..Under::default() }, failed(data), None)
        }
        Event::ReplyUncertain(data) => {
            (of(&data.message), Counts { uncertain: 1, ..Counts::default() }, None)
        }
        // Without an answer, it has failed before.
        Event::ReplyFailed(data) if data.reply == ReplyKind::Answer => {
            (of(&data.message), Counts { failed: 1, ..Counts::default() }, None)
        }
        Event::CompletionHandedOff(data) => {
            let version = Some(data.version);
            let under = Under { agent: Some(data.agent.clone()), version, ..Under::default() };
            (under, handed_off(data), None)
        }
        Event::MessageHeld(data) => {
            let under = Under { agent: Some(data.agent.clone()), ..Under::default() };
            (under, Counts { messages: 1, ..Counts::default() }, None)
        }
        Event::MessageReceived(_)
        | Event::MessageAccepted(_)
        | Event::MessageDuplicate(_)
        | Event::MessageAdmitted(_)
        | Event::ReplyDelivered(_)
        | Event::ReplyFailed(_)
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
    };
    Some(UsageRow { seq, under: Under { day, ..under }, counts, latency_ms })
}

/// Who answered stands with the message.
fn of(message: &MessageRef) -> Under {
    Under { message: Some(message.id.clone()), ..Under::default() }
}

fn answered(data: &CompletionFinished) -> Counts {
    Counts {
        messages: 1,
        answered: 1,
        unpriced: u64::from(data.cost.amount.is_none()),
        input_tokens: data.usage.input_tokens.unwrap_or(0),
        output_tokens: data.usage.output_tokens.unwrap_or(0),
        cost_micros: data.cost.amount.map_or(0, |amount| amount.0),
        ..Counts::default()
    }
}

/// Neither answered nor failed: a person has it.
fn handed_off(data: &CompletionHandedOff) -> Counts {
    let amount = data.cost.as_ref().and_then(|cost| cost.amount);
    let tokens = |of: fn(&Usage) -> Option<u64>| -> u64 {
        data.attempts.iter().filter_map(|it| it.usage.as_ref()).filter_map(of).sum()
    };
    Counts {
        messages: 1,
        unpriced: unpriced(data.cost.as_ref()),
        input_tokens: tokens(|usage| usage.input_tokens),
        output_tokens: tokens(|usage| usage.output_tokens),
        cost_micros: amount.map_or(0, |amount| amount.0),
        ..Counts::default()
    }
}

/// Without a cost no model was asked.
fn unpriced(cost: Option<&Cost>) -> u64 {
    u64::from(cost.is_some_and(|cost| cost.amount.is_none()))
}

fn failed(data: &CompletionFailed) -> Counts {
    let amount = data.cost.as_ref().and_then(|cost| cost.amount);
    Counts {
        messages: 1,
        failed: 1,
        unpriced: unpriced(data.cost.as_ref()),
        cost_micros: amount.map_or(0, |amount| amount.0),
        ..Counts::default()
    }
}
