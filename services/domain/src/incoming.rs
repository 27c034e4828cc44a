//! A message as a channel reads it, before it is sealed.

use std::fmt;

use schemas::{
    Address, Attachment, Connection, ConversationId, Message, MessageId, MessageRef, Place, Sender,
    TenantId, Timestamp,
};
use sha2::{Digest as _, Sha256};

use crate::{
    addressed::{Change, Heard, HeardAuthor},
    seal::{Owner, Sealing},
};

/// The longest text kept of one message, in bytes; chat systems allow less.
pub const TEXT_BYTES_MAX: usize = 128 * 1024;

/// The most attachments of one message that are listed.
pub const ATTACHMENTS_MAX: usize = 50;

/// The longest name of an attachment, in bytes.
pub const NAME_BYTES_MAX: usize = 512;

/// Something said in a channel, normalized: plain text, entities decoded, our own mention taken off.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Where; `thread` is the message's own `ts` where it starts one.
    pub place: Place,
    /// Its own timestamp in the chat system. For an edit or a deletion, that of the message meant.
    pub ts: String,
    /// Who: the chat system's user id.
    pub sender: String,
    /// What else is known of them.
    pub author: Sender,
    /// What kind of author that is.
    pub author_kind: HeardAuthor,
    /// What happened.
    pub change: Change,
    /// Whether the employee is mentioned.
    pub bot_mentioned: bool,
    /// Whether it is a reply in a thread.
    pub in_thread: bool,
    /// What it says.
    pub text: String,
    /// What was attached.
    pub attachments: Vec<IncomingAttachment>,
    /// The delivery that brought it.
    pub delivery: String,
    /// When it was written (or changed), by the chat system's clock.
    pub sent_at: Timestamp,
}

/// Something attached to it.
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingAttachment {
    /// The chat system's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// IANA media type, where known.
    pub media_type: Option<String>,
    /// Bytes, where known.
    pub size: Option<u64>,
}

/// What people wrote does not belong into logs.
impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("place", &self.place)
            .field("ts", &self.ts)
            .field("sender", &self.sender)
            .field("author_kind", &self.author_kind)
            .field("change", &self.change)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

impl Incoming {
    /// What [`crate::addressed::judge`] wants to know of it.
    pub fn heard(&self) -> Heard {
        Heard {
            kind: self.place.kind,
            author: self.author_kind,
            change: self.change,
            bot_mentioned: self.bot_mentioned,
            in_thread: self.in_thread,
        }
    }

    /// The thread it belongs to.
    pub fn conversation(&self) -> ConversationId {
        conversation_of(&self.place.channel, &self.place.thread)
    }

    /// Which message it is, or is about.
    pub fn key(&self, tenant: &TenantId, connection: &Connection) -> MessageRef {
        MessageRef {
            id: MessageId::derive(tenant, &connection.id, &self.place.channel, &self.ts),
            connection: connection.id.clone(),
            conversation: self.conversation(),
            place: self.place.clone(),
            ts: self.ts.clone(),
            sender: self.sender.clone(),
        }
    }

    /// The message for the log: sealed, and within bounds.
    pub fn into_message(
        self,
        tenant: &TenantId,
        connection: &Connection,
        address: Address,
        sealing: &Sealing,
    ) -> Message {
        let key = self.key(tenant, connection);
        let owner = Owner { tenant, of: key.id.as_str() };
        let seal = |text: &str, bytes_max| sealing.seal(owner, prefix(text, bytes_max));
        let text = seal(&self.text, TEXT_BYTES_MAX);
        let attachments = self.attachments.into_iter().take(ATTACHMENTS_MAX).map(|it| Attachment {
            name: seal(&it.name, NAME_BYTES_MAX),
            id: it.id,
            media_type: it.media_type,
            size: it.size,
        });
        Message {
            attachments: attachments.collect(),
            key,
            channel: connection.channel,
            author: self.author,
            address,
            text,
            delivery: self.delivery,
            sent_at: self.sent_at,
        }
    }
}

/// The id of a thread: `{channel}-{thread}` with the dot of the timestamp as `_`, which reads well
/// in a subject; a hash of both where that would not be a token, or could be mistaken for another.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "33 letters and digits are always a token"
)]
pub fn conversation_of(channel: &str, thread: &str) -> ConversationId {
    let plain = channel.bytes().all(|b| b.is_ascii_alphanumeric())
        && thread.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain && let Ok(id) = format!("{channel}-{}", thread.replace('.', "_")).parse() {
        return id;
    }
    hash(channel, thread).parse().expect("a hash in hex is a token")
}

/// The text up to that many bytes, never through the middle of a character.
pub(crate) fn prefix(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

fn hash(channel: &str, thread: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((channel.len() as u64).to_be_bytes());
    hash.update(channel.as_bytes());
    hash.update(thread.as_bytes());
    format!("h{}", hex::encode(hash.finalize().get(..16).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
