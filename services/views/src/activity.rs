//! What happens to a tenant's messages: the newest of it, and each as it happens.

use domain::{
    access::{Permission, Principal},
    seal::Sealing,
    trace::outcome,
};
use schemas::{Envelope, Event, MessageId, TenantId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use store::views::activity::{self, ActivityRow};

use crate::{ViewError, Views, conversations::open};

/// The most characters of what somebody wrote: enough to know it again.
const WORDS_CHARS_MAX: usize = 80;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityLine {
    /// Its sequence on the stream.
    pub seq: u64,
    /// Its topic, e.g. `message.received`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The message, where it is about one that can be traced.
    pub message: Option<MessageId>,
    /// Who wrote, where the event is that somebody did.
    pub who: Option<String>,
    /// The first of what they wrote.
    pub words: Option<String>,
    /// What came of it, in a few words; nothing of what was said.
    pub note: Option<String>,
}

impl Views {
    /// The newest events of these kinds; of all where none is named; at most so many.
    pub async fn activity(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        (kinds, limit): (&[&str], u32),
        now: Timestamp,
    ) -> Result<Vec<ActivityLine>, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        let sealing = self.sealing(tenant, now).await?;
        let rows = activity::newest(&mut self.tx(tenant).await?, kinds, limit).await?;
        Ok(rows.into_iter().map(|row| of_row(row, tenant, &sealing)).collect())
    }

    /// The same of an event that was just read from the stream.
    pub async fn happened(
        &self,
        principal: &Principal,
        tenant: &TenantId,
        (seq, envelope): (u64, &Envelope),
        now: Timestamp,
    ) -> Result<ActivityLine, ViewError> {
        principal.require(Permission::ConversationsRead, tenant)?;
        if envelope.tenant != *tenant {
            return Err(ViewError::not_found());
        }
        let note = outcome(&envelope.event);
        let key = envelope.event.message();
        let (mut who, mut words) = (None, None);
        if let Event::MessageAccepted(data) = &envelope.event {
            let sealing = self.sealing(tenant, now).await?;
            who.clone_from(&data.message.author.name);
            words = first_words(&sealing, tenant, &data.message.key.id, &data.message.text);
        }
        Ok(ActivityLine {
            seq,
            kind: envelope.event.kind().topic().to_owned(),
            at: envelope.time,
            message: key.map(|key| key.id.clone()),
            who,
            words,
            note: (!note.is_empty()).then_some(note),
        })
    }
}

fn of_row(row: ActivityRow, tenant: &TenantId, sealing: &Sealing) -> ActivityLine {
    let at = row.at();
    let words = row.message.as_ref().zip(row.text.as_ref());
    let words = words.and_then(|(message, text)| first_words(sealing, tenant, message, text));
    ActivityLine {
        seq: row.event.seq,
        kind: row.event.kind,
        at,
        message: row.message,
        who: row.sender,
        words,
        note: row.event.note,
    }
}

fn first_words(
    sealing: &Sealing,
    tenant: &TenantId,
    message: &MessageId,
    text: &Text,
) -> Option<String> {
    let words = open(sealing, tenant, message, text)?;
    let cut: String = words.chars().take(WORDS_CHARS_MAX).collect();
    Some(if cut.len() < words.len() { format!("{cut}…") } else { cut })
}
