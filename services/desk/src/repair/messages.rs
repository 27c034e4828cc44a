//! Deciding of a message: it is answered again, its reply is sent again, or has arrived.

use domain::repair::{self, Known};
use schemas::{
    Author, CorrelationId, Envelope, Event, EventId, Message, MessageId, MessageRef, TenantId,
    event::{MessageReopened, ReplyDecided, ReplyDecision},
};
use store::{
    completions,
    projections::{self, EventRow},
    replies,
};

use super::{Command, Repair, RepairError};

/// What is wanted of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The outcome on record is sent, as far as the person has not got it; all of it, if `anew`.
    Redeliver {
        /// Whatever the person has.
        anew: bool,
    },
    /// It is answered again; also where it has an answer, if `anew`.
    Reprocess {
        /// Whatever the person has.
        anew: bool,
    },
    /// What is in doubt of its reply has arrived.
    Sent,
    /// What is in doubt of its reply, or was refused, is sent.
    Again,
}

/// What was asked for, ready to be said.
#[derive(Clone, Debug)]
pub struct Asked {
    tenant: TenantId,
    event: Event,
    by: Author,
}

impl Asked {
    /// What it does, in a few words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is said here")]
    pub fn what(&self) -> &'static str {
        match &self.event {
            Event::MessageReopened(data) if data.anew => {
                "is answered again, though it may have an answer"
            }
            Event::MessageReopened(_) => "is answered again",
            Event::ReplyDecided(data) => match data.decision {
                ReplyDecision::Sent => "has arrived: what is in doubt is settled",
                ReplyDecision::Again => "gets what has not arrived",
                ReplyDecision::Anew => "gets the whole reply once more",
            },
            _ => "",
        }
    }

    /// Whether the person may read the same twice.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is said here")]
    pub fn may_double(&self) -> bool {
        match &self.event {
            Event::MessageReopened(data) => data.anew,
            Event::ReplyDecided(data) => data.decision == ReplyDecision::Anew,
            _ => false,
        }
    }
}

impl Repair {
    /// What would be said, from what is known now; refused where it is of no use or would double what has
    /// arrived. The ledger asks once more when it is carried out.
    pub async fn ask(
        &self,
        (tenant, message): (&TenantId, &MessageId),
        wish: Wish,
        by: &Author,
    ) -> Result<Asked, RepairError> {
        let mut tx = self.db.tenant(tenant).await?;
        let row = projections::message(&mut tx, message).await?;
        let story = projections::story(&mut tx, &CorrelationId::from(message)).await?;
        let unknown = || RepairError::NoSuch(format!("`{message}` was never let through"));
        let row = row.ok_or_else(unknown)?;
        let key = row.reference.clone();
        let reply = replies::look(&mut tx, &key).await?;
        tx.commit().await?;
        let done = completions::find(&self.db, tenant, message).await?;
        let state = reply.as_ref().map(replies::Locked::state);
        let known = Known {
            state: Some(row.state.as_str()),
            outcome: done.as_ref().map(|done| done.envelope.event.kind()),
            reply: state.as_ref(),
        };
        self.reachable(tenant, &key)?;
        let decided = |decision| decided(&key, decision, by);
        let event = match wish {
            Wish::Sent => decided(repair::sent(&known)?),
            Wish::Again => decided(repair::again(&known)?),
            Wish::Redeliver { anew } => decided(repair::redeliver(&known, anew)?),
            Wish::Reprocess { anew } => {
                let anew = repair::reprocess(&known, anew)?;
                let message = self.told(&story).await?;
                let message = self.with_changes(message, &story).await?;
                Event::MessageReopened(MessageReopened { message, anew, by: by.clone() })
            }
        };
        Ok(Asked { tenant: tenant.clone(), event, by: by.clone() })
    }

    /// Says it, and where it stands on the log. Each time is a command of its own.
    pub async fn say(&self, asked: &Asked) -> Result<(EventId, u64), RepairError> {
        let drawn = format!("{:032x}", rand::random::<u128>());
        let id = EventId::derive(&drawn, asked.event.kind().topic(), 0);
        let Asked { tenant, event, by } = asked;
        let command = Command { id: id.clone(), tenant, by, about: None };
        let stored = self.bus.publish(&self.said(command, event.clone())).await?;
        Ok((id, stored.sequence))
    }

    /// A message as its person left it: edited since, or taken back.
    pub(super) async fn as_left(
        &self,
        tenant: &TenantId,
        message: &Message,
    ) -> Result<Message, RepairError> {
        let mut tx = self.db.tenant(tenant).await?;
        let of = CorrelationId::from(&message.key.id);
        let story = projections::story(&mut tx, &of).await?;
        tx.commit().await?;
        self.with_changes(message.clone(), &story).await
    }

    async fn with_changes(
        &self,
        message: Message,
        story: &[EventRow],
    ) -> Result<Message, RepairError> {
        if story.iter().any(|row| row.kind == "message.deleted") {
            return Err(RepairError::refused("its person took it back"));
        }
        let edited = story.iter().rev().find(|row| row.kind == "message.edited");
        let Some(edited) = edited else { return Ok(message) };
        match self.on_log(edited).await?.map(|envelope| envelope.event) {
            Some(Event::MessageEdited(data)) => Ok(Message { text: data.text, ..message }),
            Some(_) | None => Ok(message),
        }
    }

    /// What the person wrote, from the log.
    async fn told(&self, story: &[EventRow]) -> Result<Message, RepairError> {
        let has_it = |row: &&EventRow| {
            let kinds = ["message.received", "message.accepted", "message.admitted"];
            kinds.contains(&row.kind.as_str())
        };
        for row in story.iter().filter(has_it) {
            let found = self.on_log(row).await?.and_then(|it| message_of(it.event));
            if let Some(message) = found {
                return Ok(message);
            }
        }
        Err(RepairError::refused("what its person wrote is no longer on the log"))
    }

    async fn on_log(&self, row: &EventRow) -> Result<Option<Envelope>, RepairError> {
        if row.stream != nats::EVENTS.name {
            return Ok(None);
        }
        let found = self.bus.at(&nats::EVENTS, row.seq).await?;
        Ok(found.and_then(|it| Envelope::decode(&it.payload).ok()))
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else has the message")]
fn message_of(event: Event) -> Option<Message> {
    match event {
        Event::MessageReceived(data) => Some(data.message),
        Event::MessageAccepted(data) => Some(data.message),
        Event::MessageAdmitted(data) => Some(data.message),
        _ => None,
    }
}

/// The command that says so of a reply.
pub(super) fn decided(message: &MessageRef, decision: ReplyDecision, by: &Author) -> Event {
    Event::ReplyDecided(ReplyDecided { message: message.clone(), decision, by: by.clone() })
}
