//! What came of a message, as it is said.

use domain::reply::reference_of;
use providers::total_cost;
use schemas::{
    AgentId, Event, EventId, MessageRef,
    event::{BudgetNear, CompletionFailed, FailureReason},
    usage::{Attempt, AttemptOutcome, Usage},
};

/// What came of a message, to be put on record.
pub(crate) struct Outcome {
    pub(crate) event: Event,
    /// Calls whose outcome is not recorded yet.
    pub(crate) attempts: Vec<Attempt>,
    /// Whether calls of the message may have room in budgets.
    pub(crate) settles: bool,
}

impl Outcome {
    /// No model is asked.
    pub(crate) fn unasked(failed: CompletionFailed, settles: bool) -> Self {
        Self { event: Event::CompletionFailed(failed), attempts: Vec::new(), settles }
    }
}

/// What there is to say of an outcome: itself, and a word for each budget that it brought near its end.
pub(crate) fn said(completion: store::completions::Completion) -> Vec<Event> {
    let (mut event, near) = (completion.envelope.event, completion.near);
    let message = event.message().cloned();
    if let Event::CompletionFinished(finished) = &mut event {
        finished.near.clone_from(&near);
    }
    let word = |budget| Some(Event::BudgetNear(BudgetNear { message: message.clone()?, budget }));
    let words: Vec<_> = near.into_iter().filter_map(word).collect();
    std::iter::once(event).chain(words).collect()
}

/// Calls of one message are numbered through, however many deliveries it took.
pub(crate) fn renumbered(attempts: &[Attempt], before: u32) -> Vec<Attempt> {
    let number = |attempt: &Attempt| Attempt {
        index: before.saturating_add(attempt.index),
        ..attempt.clone()
    };
    attempts.iter().map(number).collect()
}

/// The outcome of a message that was set aside.
pub(crate) fn set_aside(cause: &EventId, message: &MessageRef) -> CompletionFailed {
    failed(cause, message, None, FailureReason::SetAside, Vec::new())
}

pub(crate) fn failed(
    cause: &EventId,
    message: &MessageRef,
    agent: Option<AgentId>,
    reason: FailureReason,
    attempts: Vec<Attempt>,
) -> CompletionFailed {
    let cost = (!attempts.is_empty()).then(|| total_cost(&attempts));
    CompletionFailed {
        reference: reference_of(cause),
        message: message.clone(),
        agent,
        reason,
        attempts,
        cost,
        tools: Vec::new(),
        over: None,
    }
}

/// How many calls there are with those.
pub(crate) fn more(made: u32, attempts: &[Attempt]) -> u32 {
    made.saturating_add(u32::try_from(attempts.len()).unwrap_or(u32::MAX))
}

/// The tokens of all answers on the way to the last one.
pub(crate) fn used(attempts: &[Attempt]) -> Usage {
    let whole = attempts.iter().filter(|it| it.outcome == AttemptOutcome::Completed);
    let usages: Vec<&Usage> = whole.filter_map(|it| it.usage.as_ref()).collect();
    let sum = |of: fn(&Usage) -> Option<u64>| {
        usages.iter().filter_map(|it| of(it)).reduce(u64::saturating_add)
    };
    Usage {
        input_tokens: sum(|it| it.input_tokens),
        output_tokens: sum(|it| it.output_tokens),
        cache_read_tokens: sum(|it| it.cache_read_tokens),
        cache_write_tokens: sum(|it| it.cache_write_tokens),
        reasoning_tokens: sum(|it| it.reasoning_tokens),
        raw: serde_json::Value::Null,
    }
}
