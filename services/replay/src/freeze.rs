//! From a recorded turn to what asking it again takes.

use std::fmt;

use domain::{
    config::OpenConfig,
    prompt::{self, Prompt, PromptInput, Speaker, THREAD_TOKENS_MAX, Turn as PromptTurn},
    replay::{
        Call, Called, End, Frozen, Outcome, Said, Unplayable,
        history::{Known, which},
    },
    seal::{Owner, Sealing},
};
use schemas::{
    Envelope, Event, Message, MessageId, TenantId, Text,
    event::{CompletionFinished, MessageAdmitted, MessageReopened, ToolCalled, ToolRound},
    usage::MicroDollars,
};
use store::{
    memory::{self, Role},
    replays::{self, Answered, Remembered, Span},
};

use crate::{Employee, Replay, ReplayError};

/// A recorded turn: what asking it again takes, or why that cannot be had.
#[derive(Clone)]
pub struct Turn {
    /// The message that was answered.
    pub message: MessageId,
    /// What asking it again takes.
    pub frozen: Result<Frozen, Unplayable>,
}

/// The message of a turn as it was admitted or reopened: what stands on the log at the place that its
/// record names. Nothing where something else stands there, since the log was made anew.
pub fn admitted(who: &Employee, turn: &Answered, payload: &[u8]) -> Option<Message> {
    let envelope = Envelope::decode(payload).ok().filter(|it| it.tenant == who.tenant.id)?;
    let (Event::MessageAdmitted(MessageAdmitted { message })
    | Event::MessageReopened(MessageReopened { message, .. })) = envelope.event
    else {
        return None;
    };
    Some(message).filter(|message| message.key.id == turn.message)
}

impl Replay {
    /// What an agent answered in that time, the newest first.
    pub async fn answered(&self, who: &Employee, span: Span) -> Result<Vec<Answered>, ReplayError> {
        let mut tx = self.db.tenant(&who.tenant.id).await?;
        Ok(replays::answered(&mut tx, &who.agent.id, span).await?)
    }

    /// One message that an agent answered.
    pub async fn answered_one(
        &self,
        who: &Employee,
        message: &MessageId,
    ) -> Result<Answered, ReplayError> {
        let mut tx = self.db.tenant(&who.tenant.id).await?;
        let found = replays::one(&mut tx, &who.agent.id, message).await?;
        found.ok_or_else(|| ReplayError::NotAnswered(message.clone()))
    }

    /// Makes of what was answered what asking it again takes. The message is as it was admitted; what the
    /// log has forgotten cannot be asked.
    pub async fn freeze(
        &self,
        who: &Employee,
        answered: Answered,
        admitted: Option<Message>,
    ) -> Result<Turn, ReplayError> {
        let message = answered.message.clone();
        let frozen = self.frozen(who, answered, admitted).await?;
        Ok(Turn { message, frozen })
    }

    async fn frozen(
        &self,
        who: &Employee,
        answered: Answered,
        admitted: Option<Message>,
    ) -> Result<Result<Frozen, Unplayable>, ReplayError> {
        let Some((envelope, _)) = answered.record else { return Ok(Err(Unplayable::NoRecord)) };
        let Event::CompletionFinished(finished) = envelope.event else {
            return Ok(Err(Unplayable::NoRecord));
        };
        let Some(message) = admitted else { return Ok(Err(Unplayable::NoMessage)) };
        let position = memory::position(&message.key.ts, message.sent_at);
        let mut tx = self.db.tenant(&who.tenant.id).await?;
        let remembered = replays::remembered(&mut tx, &message.key, position).await?;
        drop(tx);
        let sealing = self.sealer.of(&who.tenant.id, self.now()).await?;
        let eyes = Eyes { tenant: &who.tenant.id, sealing: &sealing };
        Ok(eyes.frozen(&who.tenant.name, &finished, &message, &remembered))
    }
}

/// What texts are opened with.
struct Eyes<'a> {
    tenant: &'a TenantId,
    sealing: &'a Sealing,
}

impl Eyes<'_> {
    fn frozen(
        &self,
        tenant_name: &str,
        finished: &CompletionFinished,
        message: &Message,
        remembered: &[Remembered],
    ) -> Result<Frozen, Unplayable> {
        let used = &finished.prompt.turns;
        let before = used.split_last().map(|(_, before)| before).unwrap_or_default();
        let is_own = |turn: &&Remembered| turn.message == message.key.id;
        let own = remembered.iter().filter(is_own).find(|turn| turn.role == Role::Person);
        if own.ok_or(Unplayable::NoTurn)?.text.is_none() {
            // The log still has the words, but whoever wrote them took them back.
            return Err(Unplayable::Erased);
        }
        let earlier: Vec<_> = remembered.iter().filter(|turn| !is_own(turn)).collect();
        let known: Vec<_> = earlier.iter().map(|turn| known(turn)).collect();
        let places = which(before, &known)?;
        let shown = places.into_iter().filter_map(|place| earlier.get(place));
        let history: Vec<_> = shown.map(|turn| self.turn(turn)).collect::<Result<_, _>>()?;
        let newest = self.newest(message)?;
        let older_exist = finished.prompt.truncated;
        if rebuilt(&history, &newest, older_exist).record != *used {
            return Err(Unplayable::Changed);
        }
        let calls = self.calls(&message.key.id, &finished.tools)?;
        let called = calls.iter().map(|call| Called::new(&call.tool, &call.arguments));
        let recorded = Outcome {
            end: End::Answered(self.open(&message.key.id, &finished.answer)?),
            calls: called.collect(),
            version: Some(finished.version),
            model: finished.model.clone(),
            cost_micros: finished.cost.amount.map(|MicroDollars(amount)| amount),
            latency_ms: finished.latency_ms,
        };
        Ok(Frozen {
            tenant_name: tenant_name.to_owned(),
            history: history.iter().map(Said::of).collect(),
            newest: Said::of(&newest),
            older_exist,
            max_output_tokens: finished.prompt.max_output_tokens,
            offered: finished.prompt.tools.clone(),
            calls,
            version: finished.version,
            builder: finished.prompt.builder,
            recorded,
        })
    }

    fn turn(&self, turn: &Remembered) -> Result<PromptTurn, Unplayable> {
        let text = turn.text.as_ref().ok_or(Unplayable::Erased)?;
        let speaker = match turn.role {
            Role::Person => {
                Speaker::Person { id: turn.sender.clone(), name: turn.sender_name.clone() }
            }
            Role::Agent => Speaker::Agent,
        };
        let (message, revision) = (turn.message.clone(), turn.revision);
        let text = self.open(&turn.message, text)?;
        Ok(PromptTurn { message, revision, speaker, text, deleted: false })
    }

    /// The message to answer, as it was when it was answered: with the names of what is attached.
    fn newest(&self, message: &Message) -> Result<PromptTurn, Unplayable> {
        let of = &message.key.id;
        let mut text = self.open(of, &message.text)?;
        for attachment in &message.attachments {
            text.push_str("\n[attached: ");
            text.push_str(&self.open(of, &attachment.name)?);
            text.push(']');
        }
        let id = message.key.sender.clone();
        let speaker = Speaker::Person { id, name: message.author.name.clone() };
        Ok(PromptTurn { message: of.clone(), revision: 0, speaker, text, deleted: false })
    }

    fn calls(&self, of: &MessageId, rounds: &[ToolRound]) -> Result<Vec<Call>, Unplayable> {
        let calls = rounds.iter().flat_map(|round| &round.calls);
        let call = |call: &ToolCalled| {
            let arguments = self.open(of, &call.arguments)?;
            let text = self.open(of, &call.outcome.text)?;
            let (tool, failed) = (call.tool.clone(), call.outcome.failed.clone());
            Ok::<_, Unplayable>(Call { tool, arguments, text, failed })
        };
        calls.map(call).collect()
    }

    fn open(&self, of: &MessageId, text: &Text) -> Result<String, Unplayable> {
        let owner = Owner { tenant: self.tenant, of: of.as_str() };
        self.sealing.open(owner, text).map_err(|_| Unplayable::Unreadable)
    }
}

fn known(turn: &Remembered) -> Known {
    Known {
        message: turn.message.clone(),
        is_agent: turn.role == Role::Agent,
        revision: turn.revision,
        is_deleted: turn.text.is_none(),
    }
}

/// The prompt of these turns; who answers changes nothing of which they are.
fn rebuilt(history: &[PromptTurn], newest: &PromptTurn, older_exist: bool) -> Prompt {
    prompt::build(PromptInput {
        agent: &OpenConfig::named(""),
        tenant_name: "",
        history,
        newest,
        older_exist,
        budget_tokens: THREAD_TOKENS_MAX,
        may_hand_over: true,
    })
}

/// What people wrote does not belong into logs.
impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").field("message", &self.message).finish_non_exhaustive()
    }
}
