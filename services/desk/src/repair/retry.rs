//! Deciding of a dead letter: it is handled once more, as it is or edited, or nothing is done about it.

use domain::letter::{Way, edit, way};
use runtime::Recorded;
use schemas::{Author, Envelope, Event, EventId, TenantId, event::ReplyDecision};
use store::{
    completions,
    letters::{self, Decision, Verb},
};

use super::{Command, Kept, Repair, RepairError, messages, reopen::Reopened};

/// What was done about a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which letter.
    pub letter: String,
    /// The event that is on the log for it.
    pub event: Option<EventId>,
    /// What that does, in a few words.
    pub what: &'static str,
}

pub(super) const ANOTHER: &str =
    "another outcome stands since: see `konstruct trace`, then discard it";

/// What is published for a letter.
enum Planned {
    /// Its event, as it is.
    Again(Recorded),
    /// Another one.
    Say(Box<Envelope>),
}

impl Planned {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what else is said was edited")]
    fn what(&self) -> &'static str {
        match self {
            Planned::Again(_) => "published again",
            Planned::Say(envelope) => match &envelope.event {
                Event::MessageReopened(_) => "answered again",
                Event::ReplyDecided(_) => "sent again",
                Event::CompletionFinished(_) | Event::CompletionHandedOff(_) => {
                    "answered as it is on record"
                }
                _ => "published as it was edited",
            },
        }
    }
}

impl Repair {
    /// What a retry of the letter would do.
    pub async fn would_retry(&self, kept: &Kept, by: &Author) -> Result<Done, RepairError> {
        let (_, planned) = self.planned(kept, by, None).await?;
        Ok(Done { letter: kept.id.clone(), event: None, what: planned.what() })
    }

    /// Has its event handled once more. A letter is retried once, however often that is asked for.
    pub async fn retry(&self, kept: &Kept, by: &Author) -> Result<Done, RepairError> {
        let planned = self.planned(kept, by, None).await?;
        self.carry_out(kept, (Verb::Retried, by), planned).await
    }

    /// The same with the event as somebody wrote it, after everything about it was checked.
    pub async fn edit(&self, kept: &Kept, edited: &[u8], by: &Author) -> Result<Done, RepairError> {
        let original = self.original(&kept.letter).await?;
        let edited = edit::check(&original.payload, &kept.letter.subject, edited);
        let edited = edited.map_err(RepairError::Invalid)?;
        let planned = self.planned(kept, by, Some(edited)).await?;
        self.carry_out(kept, (Verb::Edited, by), planned).await
    }

    /// Nothing is done about it; it stays visible with the reason.
    pub async fn discard(
        &self,
        kept: &Kept,
        reason: &str,
        by: &Author,
    ) -> Result<Done, RepairError> {
        let tenant = whose(kept)?;
        let standing = self.decide(kept, tenant, (Verb::Discarded, by), Some(reason)).await?;
        if standing.verb != Verb::Discarded {
            return Err(decided(&standing));
        }
        Ok(Done { letter: kept.id.clone(), event: None, what: "discarded" })
    }

    async fn decide(
        &self,
        kept: &Kept,
        tenant: &TenantId,
        (verb, by): (Verb, &Author),
        reason: Option<&str>,
    ) -> Result<Decision, RepairError> {
        let decision = Decision {
            letter: kept.id.clone(),
            verb,
            reason: reason.map(str::to_owned),
            by: by.clone(),
            at: self.clock.now(),
            published: None,
        };
        Ok(letters::decide(&self.db, tenant, &decision).await?)
    }

    /// The decision first: whoever comes again finds it, and where nobody knows whether its event is on the
    /// log, publishes the same event under the same id.
    async fn carry_out(
        &self,
        kept: &Kept,
        (verb, by): (Verb, &Author),
        (id, planned): (EventId, Planned),
    ) -> Result<Done, RepairError> {
        let tenant = whose(kept)?;
        let standing = self.decide(kept, tenant, (verb, by), None).await?;
        if standing.verb != verb || standing.published.is_some() {
            return Err(decided(&standing));
        }
        let what = planned.what();
        let stored = match &planned {
            Planned::Again(recorded) => self.bus.publish_again(recorded, id.as_str()).await?,
            Planned::Say(envelope) => self.bus.publish(envelope).await?,
        };
        letters::published(&self.db, tenant, (&kept.id, stored.sequence)).await?;
        Ok(Done { letter: kept.id.clone(), event: Some(id), what })
    }

    /// What is to be published, under which id. Refused where that is of no use, and where it would answer
    /// or send what the person has.
    async fn planned(
        &self,
        kept: &Kept,
        by: &Author,
        edited: Option<Envelope>,
    ) -> Result<(EventId, Planned), RepairError> {
        let tenant = whose(kept)?;
        if let Some(standing) = kept.decision.as_ref().filter(|_| !kept.is_open()) {
            return Err(decided(standing));
        }
        let is_edited = edited.is_some();
        let verb = if is_edited { Verb::Edited } else { Verb::Retried };
        let id = EventId::derive(&kept.id, verb.as_str(), 0);
        let original = self.original(&kept.letter).await?;
        let cause = match edited {
            Some(edited) => edited,
            None => match Envelope::decode(&original.payload) {
                Ok(cause) => cause,
                // Whoever could not read it may be a newer program by now.
                Err(_) => return Ok((id, Planned::Again(original))),
            },
        };
        let way = way(&kept.letter.consumer, cause.event.kind())?;
        let command = Command { id: id.clone(), tenant, by, about: Some(cause.id.clone()) };
        let event = match way {
            Way::Publish if is_edited => {
                let Command { id, by, about, .. } = command;
                let (source, time) = (by.via.clone(), self.clock.now());
                let envelope = Envelope { id: id.clone(), source, time, causation: about, ..cause };
                return Ok((id, Planned::Say(Box::new(envelope))));
            }
            Way::Publish => return Ok((id, Planned::Again(original))),
            Way::Send | Way::SendAnew if is_edited => {
                return Err(RepairError::refused(
                    "the words of a reply are on record and cannot be edited here",
                ));
            }
            Way::Send => self.sent_again(tenant, &cause, (ReplyDecision::Again, by)).await?,
            Way::SendAnew => self.sent_again(tenant, &cause, (ReplyDecision::Anew, by)).await?,
            Way::Reopen => match self.reopened((tenant, kept), &cause, (is_edited, by)).await? {
                Reopened::Say(event) => *event,
                Reopened::Unsaid(envelope) => {
                    return Ok((envelope.id.clone(), Planned::Say(envelope)));
                }
            },
        };
        Ok((id, Planned::Say(Box::new(self.said(command, event)))))
    }

    /// The reply of the outcome that stands, if it is the one that the letter is about.
    async fn sent_again(
        &self,
        tenant: &TenantId,
        cause: &Envelope,
        (decision, by): (ReplyDecision, &Author),
    ) -> Result<Event, RepairError> {
        let message = cause.event.message().ok_or_else(|| RepairError::refused("no message"))?;
        self.reachable(tenant, message)?;
        let found = completions::find(&self.db, tenant, &message.id).await?;
        let Some(done) = found else {
            let hint = "its words are not on record: `konstruct reprocess` has it answered again";
            return Err(RepairError::refused(hint));
        };
        let is_it = match decision {
            ReplyDecision::Anew => done.cause == cause.id,
            ReplyDecision::Sent | ReplyDecision::Again => done.envelope.id == cause.id,
        };
        if !is_it {
            return Err(RepairError::refused(ANOTHER));
        }
        Ok(messages::decided(message, decision, by))
    }
}

fn whose(kept: &Kept) -> Result<&TenantId, RepairError> {
    let nobody = "nobody can tell whose it is: it goes with its stream's age";
    kept.tenant.as_ref().ok_or_else(|| RepairError::refused(nobody))
}

fn decided(standing: &Decision) -> RepairError {
    RepairError::Decided(Box::new(standing.clone()))
}

/// What stands, by whoever is named on record.
pub(super) fn standing(decision: &Decision) -> String {
    let (verb, at) = (decision.verb.as_str(), decision.at);
    let by = decision.by.operator.as_deref().unwrap_or(&decision.by.via);
    format!("it was {verb} by {by} at {at}")
}
