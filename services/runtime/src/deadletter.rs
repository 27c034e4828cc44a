//! Where events go that could not be handled: kept with their reason until somebody decides.

mod read;

use async_nats::jetstream::message::PublishMessage;
use metrics::counter;
use nats::bounds::REASON_BYTES_MAX;
use schemas::{
    Envelope, Event, Kind, TenantId, Timestamp,
    event::{
        CompletionFailed, ConversationHandedBack, FailureReason, HandedBackBy, ReplyFailed,
        ReplyKind,
    },
    subject,
};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, Clock};

pub use self::read::letters;

/// The code of what was set aside.
const SET_ASIDE: &str = "set_aside";

/// An event that was set aside. Its bytes stay where they are, on its stream at `sequence`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The consumer that could not handle it.
    pub consumer: String,
    /// The stream it stands on.
    pub stream: String,
    /// Its sequence there.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Whose it is, where that could be read.
    pub tenant: Option<TenantId>,
    /// Its id, where that could be read.
    pub event: Option<String>,
    /// Deliveries made.
    pub attempts: i64,
    /// Why it was set aside.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl DeadLetter {
    /// Names it, and it alone.
    pub fn id(&self) -> String {
        format!("{}-{}-{}", self.consumer, self.stream, self.sequence)
    }

    /// Whose it is: also of one that cannot be read the subject says so.
    pub fn whose(&self) -> Option<TenantId> {
        self.tenant.clone().or_else(|| subject::tenant_of_event(&self.subject))
    }

    /// The topic of its event.
    pub fn topic(&self) -> &str {
        subject::topic_of_event(&self.subject).unwrap_or(&self.subject)
    }

    /// Keeps it. Setting the same event aside twice keeps it once.
    pub async fn keep(&self, bus: &Bus) -> Result<(), BusError> {
        let payload =
            serde_json::to_vec(self).map_err(|error| BusError::Unpublishable(error.to_string()))?;
        let message = PublishMessage::build().message_id(self.id()).payload(payload.into());
        let subject = subject::dead_letter(&self.consumer, self.whose().as_ref());
        bus.send(&subject, message).await?.stored().await?;
        counter!("konstruct_dead_letters_total", "consumer" => self.consumer.clone()).increment(1);
        Ok(())
    }
}

/// Cuts a reason at the bound, on a character.
pub(crate) fn bounded(reason: &str) -> String {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX.min(reason.len()));
    reason.get(..end).unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
struct MaxDeliveries {
    stream: String,
    consumer: String,
    stream_seq: u64,
    deliveries: i64,
}

/// Turns the server's advisories into dead letters until `stop`: the path of an event that kills
/// whoever handles it, so that nobody was left to set it aside.
pub async fn watch_advisories(
    bus: &Bus,
    clock: &Clock,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let consumer = crate::consume::open(bus, &nats::SET_ASIDE).await?;
    let mut advisories = consumer.messages().await?;
    while let Some(Some(advisory)) =
        stop.run_until_cancelled(futures::StreamExt::next(&mut advisories)).await
    {
        let advisory = advisory?;
        if let Ok(given_up) = serde_json::from_slice::<MaxDeliveries>(&advisory.payload)
            && let Err(error) = set_aside(bus, clock, given_up).await
        {
            tracing::warn!(%error, "an advisory could not be kept; it comes again");
            continue;
        }
        if let Err(error) = advisory.ack().await {
            tracing::warn!(%error, "an advisory was not acknowledged; it comes again");
        }
    }
    Ok(())
}

async fn set_aside(bus: &Bus, clock: &Clock, given_up: MaxDeliveries) -> Result<(), BusError> {
    let row = nats::STREAMS.iter().find(|row| row.name == given_up.stream);
    let Some(row) = row else { return Ok(()) };
    let Some(found) = bus.at(row, given_up.stream_seq).await? else { return Ok(()) };
    let envelope = Envelope::decode(&found.payload).ok();
    let letter = DeadLetter {
        consumer: given_up.consumer,
        stream: given_up.stream,
        sequence: given_up.stream_seq,
        subject: found.subject,
        tenant: envelope.as_ref().map(|envelope| envelope.tenant.clone()),
        event: envelope.as_ref().map(|envelope| envelope.id.to_string()),
        attempts: given_up.deliveries,
        reason: "every delivery ended without a word: it may kill its worker".to_owned(),
        at: clock.now(),
    };
    // Before the letter: who has it handled again relies on what was said of it.
    if let Some(cause) = &envelope {
        for (index, event) in words(&letter.consumer, cause).into_iter().enumerate() {
            debug_assert!(nats::SET_ASIDE.writes.contains(&event.kind()), "{:?}", event.kind());
            let next = cause.follow(&letter.consumer, index, clock.now(), event);
            bus.publish(&next).await?;
        }
    }
    letter.keep(bus).await
}

/// What follows where a consumer could not say it.
fn words(consumer: &str, cause: &Envelope) -> Vec<Event> {
    match consumer {
        "completion" => no_answer(cause).into_iter().collect(),
        "delivery" => no_reply(cause).into_iter().chain(nobody_takes_over(cause)).collect(),
        _ => Vec::new(),
    }
}

/// The person cannot be told, and an operator must see it.
#[expect(clippy::wildcard_enum_match_arm, reason = "nothing else owes a person a word")]
fn no_reply(cause: &Envelope) -> Option<Event> {
    let reply = match cause.event.kind() {
        Kind::CompletionFinished => ReplyKind::Answer,
        Kind::CompletionFailed => ReplyKind::Apology,
        Kind::MessageThrottled => ReplyKind::Notice,
        Kind::CompletionHandedOff => ReplyKind::HandOff,
        _ => return None,
    };
    let (message, code) = (cause.event.message()?.clone(), SET_ASIDE.to_owned());
    Some(Event::ReplyFailed(ReplyFailed { message, reply, code }))
}

/// A thread that was handed over is its agent's again: whoever should take over may not know of it, and
/// the ledger, which might, is not at hand here.
fn nobody_takes_over(cause: &Envelope) -> Option<Event> {
    let Event::CompletionHandedOff(data) = &cause.event else { return None };
    Some(Event::ConversationHandedBack(ConversationHandedBack {
        connection: data.message.connection.clone(),
        conversation: data.message.conversation.clone(),
        handed_off: data.message.id.clone(),
        by: HandedBackBy::Unreached(SET_ASIDE.to_owned()),
    }))
}

/// Whoever waits for an answer is told that there will be none.
fn no_answer(cause: &Envelope) -> Option<Event> {
    let (Kind::MessageAdmitted | Kind::MessageReopened) = cause.event.kind() else { return None };
    Some(Event::CompletionFailed(CompletionFailed {
        message: cause.event.message()?.clone(),
        agent: None,
        reason: FailureReason::SetAside,
        reference: domain::reply::reference_of(&cause.id),
        attempts: Vec::new(),
        cost: None,
        tools: Vec::new(),
        over: None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_what_was_set_aside() {
        let told = |consumer: &str, topic: &str| {
            let sample =
                format!("{}/../../schemas/samples/{topic}.v1.json", env!("CARGO_MANIFEST_DIR"));
            let cause = Envelope::decode(&std::fs::read(sample).unwrap()).unwrap();
            let topics: Vec<_> =
                words(consumer, &cause).iter().map(|it| it.kind().topic()).collect();
            topics.join(" ")
        };
        assert_eq!(told("completion", "message.admitted"), "completion.failed");
        assert_eq!(told("completion", "message.reopened"), "completion.failed");
        assert_eq!(told("completion", "message.edited"), "");
        assert_eq!(told("delivery", "completion.finished"), "reply.failed");
        assert_eq!(
            told("delivery", "completion.handed_off"),
            "reply.failed conversation.handed_back"
        );
        assert_eq!(told("delivery", "message.admitted"), "");
        assert_eq!(told("delivery", "reply.decided"), "");
        assert_eq!(told("dedup", "message.received"), "");
    }
}
