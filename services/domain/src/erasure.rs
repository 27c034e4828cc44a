//! What is one person's: the stories of the messages that they wrote.
//!
//! A story is all that was said of a message, from its delivery to the echo of the answer to it. Answers
//! are the person's too, since they tell what was asked. What others wrote in the same thread is theirs.
//!
//! Names of messages and effects are derived and cannot be turned back, so they may be kept to know late
//! word of a story by; who the person is, is not.

use std::collections::BTreeSet;

use schemas::{
    EffectId, Envelope, Event, Glimpse, MessageId,
    event::{HandedBackBy, SentPart},
};

use crate::replay::{Frozen, Said};

/// The longest id of a person in a chat system, in bytes.
pub const PERSON_BYTES_MAX: usize = 64;

/// The stories of one person, by the names of messages and of what was sent for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stories {
    messages: BTreeSet<MessageId>,
    effects: BTreeSet<EffectId>,
}

/// What is wrong with the id of a person, if anything.
pub fn person_problem(person: &str) -> Option<&'static str> {
    if person.is_empty() {
        return Some("it is empty");
    }
    if PERSON_BYTES_MAX < person.len() {
        return Some("it is longer than 64 bytes");
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let is_plain = person.bytes().all(plain);
    (!is_plain).then_some("only letters, digits, `-` and `_` may stand in it, e.g. `U123ABC`")
}

impl Stories {
    /// Those of these messages, with what was sent for them.
    pub fn new(
        messages: impl IntoIterator<Item = MessageId>,
        effects: impl IntoIterator<Item = EffectId>,
    ) -> Self {
        Self { messages: messages.into_iter().collect(), effects: effects.into_iter().collect() }
    }

    /// Those of names as they are kept, see [`Self::names`]. What is neither is passed over.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut stories = Self::default();
        for name in names {
            match name.split_at_checked(1) {
                Some(("m", _)) => stories.messages.extend(name.parse::<MessageId>().ok()),
                Some(("x", _)) => stories.effects.extend(name.parse::<EffectId>().ok()),
                Some(_) | None => {}
            }
        }
        stories
    }

    /// How many messages they are of.
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.effects.is_empty()
    }

    /// The names of all messages and effects.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let messages = self.messages.iter().map(MessageId::as_str);
        messages.chain(self.effects.iter().map(EffectId::as_str))
    }

    /// Takes the event's story in, if it is this person's: they wrote the message, or gave a thread back.
    pub fn begin(&mut self, person: &str, envelope: &Envelope) {
        if let Some(message) = envelope.event.message() {
            if message.sender == person {
                self.messages.insert(message.id.clone());
            }
        } else if let Event::ConversationHandedBack(data) = &envelope.event
            && data.by == HandedBackBy::Person(person.to_owned())
        {
            // It belongs to the story of the message that gave it back.
            self.messages.extend(envelope.correlation.as_str().parse::<MessageId>().ok());
        }
    }

    /// The same of an event that cannot be read, by what it still says.
    pub fn begin_by(&mut self, person: &str, glimpse: &Glimpse) {
        let story = || glimpse.correlation().and_then(|it| it.parse::<MessageId>().ok());
        if glimpse.sender() == Some(person) {
            self.messages.extend(glimpse.message().or_else(story));
        } else if glimpse.handed_back_by() == Some(person) {
            self.messages.extend(story());
        }
    }

    /// Takes in what was sent for the messages, by what the ledger says.
    pub fn send(&mut self, effects: impl IntoIterator<Item = EffectId>) {
        self.effects.extend(effects);
    }

    /// Whether the event belongs to one of the stories. What it says was sent belongs to it too from now
    /// on, so that the echo of that is known.
    pub fn follow(&mut self, envelope: &Envelope) -> bool {
        let holds = self.hold(envelope);
        if holds {
            self.effects.extend(sent(&envelope.event).cloned());
        }
        holds
    }

    /// The same of an event that cannot be read, by what it still says.
    pub fn follow_by(&mut self, glimpse: &Glimpse) -> bool {
        let holds = self.hold_by(glimpse);
        if holds {
            self.effects.extend(glimpse.effects());
        }
        holds
    }

    /// Whether an event that cannot be read belongs to one of the stories, by what it still says.
    pub fn hold_by(&self, glimpse: &Glimpse) -> bool {
        let named = [glimpse.message(), glimpse.handed_off()];
        glimpse.correlation().is_some_and(|story| self.has(story))
            || named.into_iter().flatten().any(|it| self.messages.contains(&it))
            || glimpse.effects().iter().any(|it| self.effects.contains(it))
    }

    /// Whether an event that cannot be read may be this person's all the same: it says of nothing that it
    /// belongs to it, or names them somewhere.
    pub fn may_hold(&self, person: &str, glimpse: &Glimpse) -> bool {
        !self.hold_by(glimpse) && (glimpse.is_about_nothing() || glimpse.says(person))
    }

    /// Whether the event belongs to one of the stories.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others name their message or none")]
    pub fn hold(&self, envelope: &Envelope) -> bool {
        if self.has(envelope.correlation.as_str()) {
            return true;
        }
        if let Some(message) = envelope.event.message() {
            return self.messages.contains(&message.id);
        }
        match &envelope.event {
            Event::EffectObserved(data) => self.effects.contains(&data.effect),
            Event::ConversationHandedBack(data) => self.messages.contains(&data.handed_off),
            _ => false,
        }
    }

    /// Whether a turn that is kept to be asked again has words of the person, or of an answer to them.
    pub fn are_in(&self, person: &str, frozen: &Frozen) -> bool {
        let is_theirs = |said: &Said| {
            self.messages.contains(&said.message)
                || said.person.as_ref().is_some_and(|it| it.id == person)
        };
        is_theirs(&frozen.newest) || frozen.history.iter().any(is_theirs)
    }

    fn has(&self, story: &str) -> bool {
        story.parse::<MessageId>().is_ok_and(|message| self.messages.contains(&message))
    }
}

/// The effects that an event names as sent, or as perhaps sent.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others tell of nothing that was sent")]
fn sent(event: &Event) -> impl Iterator<Item = &EffectId> {
    let (parts, doubtful): (&[SentPart], _) = match event {
        Event::ReplyDelivered(data) => (data.parts.as_slice(), None),
        Event::ReplyUncertain(data) => (&[], Some(&data.effect)),
        _ => (&[], None),
    };
    parts.iter().map(|part| &part.effect).chain(doubtful)
}

#[cfg(test)]
mod tests;
