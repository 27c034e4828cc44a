//! Having a message answered whose event was set aside: by the answer that is on record for it, or anew.

use domain::repair::{self, Known};
use schemas::{
    Author, CorrelationId, Envelope, Event, EventId, Kind, Message, TenantId,
    event::{MessageReopened, ReplyDecision},
};
use store::{completions, projections, replies};

use super::{Kept, Repair, RepairError, messages, retry::ANOTHER};

/// How a message is answered again.
pub(super) enum Reopened {
    /// Its answer is on record, and no word of it is on the log.
    Unsaid(Box<Envelope>),
    /// That is to be done.
    Say(Box<Event>),
}

impl Repair {
    /// Has a message answered: by the answer on record for its event, if there is one, or by another.
    pub(super) async fn reopened(
        &self,
        (tenant, kept): (&TenantId, &Kept),
        cause: &Envelope,
        (is_edited, by): (bool, &Author),
    ) -> Result<Reopened, RepairError> {
        let (message, anew) = asked(&cause.event)?;
        self.reachable(tenant, &message.key)?;
        let message =
            if is_edited { message.clone() } else { self.as_left(tenant, message).await? };
        let found = completions::find(&self.db, tenant, &message.key.id).await?;
        match found.filter(|done| is_answer(done.envelope.event.kind())) {
            Some(done) if done.cause == cause.id && !is_edited => {
                let decision = self.unsaid(tenant, kept, &done).await?;
                Ok(decision.map_or_else(
                    || Reopened::Unsaid(Box::new(done.envelope)),
                    |decision| {
                        Reopened::Say(Box::new(messages::decided(&message.key, decision, by)))
                    },
                ))
            }
            Some(done) if !anew && done.cause == cause.id => {
                Err(RepairError::refused("its answer is on record: a retry sends it"))
            }
            Some(_) if !anew => Err(RepairError::refused(ANOTHER)),
            Some(_) | None => {
                let reopened = MessageReopened { message, anew, by: by.clone() };
                Ok(Reopened::Say(Box::new(Event::MessageReopened(reopened))))
            }
        }
    }

    /// What becomes of the reply where word of a failure is out under the id of that answer; nothing where
    /// no word is, so that the answer itself can be.
    async fn unsaid(
        &self,
        tenant: &TenantId,
        kept: &Kept,
        done: &completions::Completion,
    ) -> Result<Option<ReplyDecision>, RepairError> {
        let message = done.envelope.event.message();
        let message = message.ok_or_else(|| RepairError::refused("no message"))?;
        let mut tx = self.db.tenant(tenant).await?;
        let story = projections::story(&mut tx, &CorrelationId::from(&message.id)).await?;
        let reply = replies::look(&mut tx, message).await?;
        tx.commit().await?;
        let is_known = |event: &EventId| story.iter().any(|row| row.event_id == *event);
        if !is_known(&done.cause) {
            return Err(RepairError::refused("what became of it is not known, or no more"));
        }
        if !is_known(&done.envelope.id) {
            return Ok(None);
        }
        let state = reply.as_ref().map(replies::Locked::state);
        let outcome = Some(done.envelope.event.kind());
        match repair::unsaid(&Known { state: None, outcome, reply: state.as_ref() }) {
            Ok(decision) => Ok(Some(decision)),
            // It was decided before, and nobody knows whether that is on the log: the ledger knows what
            // has arrived.
            Err(_) if kept.decision.is_some() => Ok(Some(ReplyDecision::Again)),
            Err(why) => Err(why.into()),
        }
    }
}

fn is_answer(kind: Kind) -> bool {
    matches!(kind, Kind::CompletionFinished | Kind::CompletionHandedOff)
}

/// The message that an event has answered, and whether also where it has an answer.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is answered")]
fn asked(event: &Event) -> Result<(&Message, bool), RepairError> {
    match event {
        Event::MessageAdmitted(data) => Ok((&data.message, false)),
        Event::MessageReopened(data) => Ok((&data.message, data.anew)),
        _ => Err(RepairError::refused("its event has no message to answer")),
    }
}
