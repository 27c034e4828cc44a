//! Taking single messages of a tenant: what one person wrote, and what followed from it.

use anyhow::Context as _;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use nats::{DEADLETTERS, ENGAGEMENTS};
use schemas::{ConnectionId, ConversationId, subject};

use super::{ANSWER_WAIT_MAX, TenantLog, subjects};
use crate::{
    DeadLetter,
    look::{Scan, Start},
};

/// A dead letter at its place.
pub struct Letter {
    /// Its sequence on `DEADLETTERS`.
    pub sequence: u64,
    /// What it says.
    pub letter: DeadLetter,
    /// Whether it stands where those of nobody do.
    pub is_apart: bool,
}

/// Dead letters of a tenant.
pub struct Letters {
    /// Those that are.
    pub of_tenant: Vec<Letter>,
    /// How many may be: they cannot be read, or name no tenant.
    pub unclear: u64,
}

impl TenantLog {
    /// Takes one message for good: the server writes over its bytes. What is gone already is gone.
    pub async fn take(&self, stream: &nats::Stream, sequence: u64) -> anyhow::Result<()> {
        let handle = self.stream(stream.name).await?;
        let Err(error) = handle.delete_message(sequence).await else { return Ok(()) };
        let found = handle.get_raw_message(sequence).await;
        if found.is_err_and(|it| it.kind() == RawMessageErrorKind::NoMessageFound) {
            return Ok(());
        }
        Err(error).with_context(|| format!("message {sequence} of {}", stream.name))
    }

    /// The tenant's dead letters, of all consumers. Of events that could not be read they may stand under
    /// nobody's subject: the subject of the event says whose they are. One that is taken meanwhile is not
    /// waited for.
    pub async fn letters(&self) -> anyhow::Result<Letters> {
        let apart = subject::DEAD_LETTERS_OF_NOBODY;
        let subjects = vec![subject::dead_letters_of_tenant(&self.tenant), apart.to_owned()];
        let mut scan = Scan::open(&self.bus, &DEADLETTERS, subjects, Start::First).await?;
        let mut letters = Letters { of_tenant: Vec::new(), unclear: 0 };
        while !scan.is_level() {
            let Some(kept) = scan.next_waiting(ANSWER_WAIT_MAX).await? else { break };
            let is_apart = subject::is_of_nobody(&kept.subject);
            let Ok(letter) = serde_json::from_slice::<DeadLetter>(&kept.payload) else {
                letters.unclear += 1;
                continue;
            };
            match letter.whose() {
                None => letters.unclear += 1,
                Some(tenant) if is_apart && tenant != self.tenant => {}
                Some(_) => {
                    let sequence = kept.sequence;
                    letters.of_tenant.push(Letter { sequence, letter, is_apart });
                }
            }
        }
        Ok(letters)
    }

    /// Which of these threads an agent follows, by their keys.
    pub async fn followed(
        &self,
        threads: &[(ConnectionId, ConversationId)],
    ) -> anyhow::Result<Vec<String>> {
        let (stream, prefix) = self.engagements().await?;
        let all = format!("{prefix}{}", subject::engagements_of_tenant(&self.tenant));
        let there = subjects(&stream, &all).await?;
        let key = |(connection, conversation): &(ConnectionId, ConversationId)| {
            subject::engagement(&self.tenant, connection, conversation)
        };
        let keys = threads.iter().map(key);
        Ok(keys.filter(|key| there.contains_key(&format!("{prefix}{key}"))).collect())
    }

    /// Follows a thread no more, by its key, and keeps nothing of it.
    pub async fn leave(&self, key: &str) -> anyhow::Result<()> {
        let (stream, prefix) = self.engagements().await?;
        let purged = stream.purge().filter(format!("{prefix}{key}")).await;
        purged.with_context(|| format!("purge of {}", ENGAGEMENTS.name))?;
        Ok(())
    }

    /// The stream below the bucket, and what stands before its keys.
    async fn engagements(&self) -> anyhow::Result<(Stream<()>, String)> {
        let bucket = self.jetstream.get_key_value(ENGAGEMENTS.name).await;
        let bucket = bucket.with_context(|| format!("bucket {}", ENGAGEMENTS.name))?;
        Ok((self.stream(&bucket.stream_name).await?, bucket.prefix))
    }
}
