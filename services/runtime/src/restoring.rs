//! The mark of a restore: a stream that is there from before the first stream is put back until all is
//! whole. Nothing starts and nothing writes beside it.
//!
//! It is in NATS, which is filled first. What it says stands in the settings of the stream, so it is there
//! with all its words or not at all.

use std::collections::HashMap;

use anyhow::{Context as _, anyhow};
use nats::{RESTORING, Sizes};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Bus, setup};

/// The setting of the stream in which the mark says what it is of.
const SAYS: &str = "konstruct.restore";

/// What to do about a restore that has not ended.
pub const WAY_OUT: &str =
    "if it does not go on any more, begin it again with a new NATS and a new database";

/// A restore that has begun and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("a restore of {dir} was begun at {began_at} by {by} and has not ended")]
pub struct UnderWay {
    /// The backup's directory, as whoever restores said it.
    pub dir: String,
    /// Who restores.
    pub by: String,
    /// When they began.
    pub began_at: Timestamp,
}

/// What is here is not whole, and may hold what was erased and what was answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; {way_out}", way_out = WAY_OUT)]
pub struct Unfinished(pub UnderWay);

/// Puts the mark there, unless another restore did.
pub async fn begin(bus: &Bus, mark: &UnderWay) -> anyhow::Result<()> {
    check(bus).await?;
    let replicas = setup::replicas(bus, RESTORING.replicas);
    let mut config = setup::stream_config(&RESTORING, Sizes::default(), replicas);
    config.metadata.insert(SAYS.to_owned(), serde_json::to_string(mark)?);
    // Of two at the same moment the server refuses one: their words differ.
    let made = bus.jetstream.create_stream(config).await;
    made.with_context(|| format!("stream {}, the mark of a restore", RESTORING.name))?;
    Ok(())
}

/// Takes the mark away: all is whole.
pub async fn end(bus: &Bus) -> anyhow::Result<()> {
    let gone = bus.jetstream.delete_stream(RESTORING.name).await;
    // The answer alone may have been lost.
    if let Err(error) = gone
        && found(bus).await?.is_some()
    {
        return Err(anyhow!(error).context(format!("stream {} stays", RESTORING.name)));
    }
    Ok(())
}

/// Refuses to go on beside a restore that has not ended.
pub async fn check(bus: &Bus) -> anyhow::Result<()> {
    match found(bus).await? {
        None => Ok(()),
        Some(mark) => Err(Unfinished(mark).into()),
    }
}

/// The restore that has not ended, if there is one.
pub async fn found(bus: &Bus) -> anyhow::Result<Option<UnderWay>> {
    let found = match bus.jetstream.get_stream(RESTORING.name).await {
        Ok(found) => found,
        Err(error) if setup::is_missing(&error.kind()) => return Ok(None),
        Err(error) => return Err(error).context("whether a restore is under way is not known"),
    };
    let info = found.cached_info();
    let millis = info.created.unix_timestamp_nanos().div_euclid(1_000_000);
    let created = Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    Ok(Some(said(&info.config.metadata, created)))
}

/// What the mark says. One that cannot be read, perhaps of another version, is a mark all the same.
fn said(settings: &HashMap<String, String>, created: Timestamp) -> UnderWay {
    let mark = settings.get(SAYS).and_then(|text| serde_json::from_str(text).ok());
    mark.unwrap_or_else(|| UnderWay {
        dir: "a backup that is not named".to_owned(),
        by: "somebody".to_owned(),
        began_at: created,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> UnderWay {
        let (dir, by) = ("/backups/monday".to_owned(), "ann".to_owned());
        UnderWay { dir, by, began_at: Timestamp::from_millis(86_400_000) }
    }

    #[test]
    fn it_says_of_what_it_is_since_when_and_what_to_do() {
        assert_eq!(
            Unfinished(mark()).to_string(),
            "a restore of /backups/monday was begun at 1970-01-02T00:00:00.000Z by ann and has not \
             ended; if it does not go on any more, begin it again with a new NATS and a new database",
        );
    }

    #[test]
    fn whatever_it_says_it_is_a_mark() {
        let created = Timestamp::from_millis(7);
        let text = serde_json::to_string(&mark()).unwrap();
        assert_eq!(said(&HashMap::from([(SAYS.to_owned(), text)]), created), mark());
        let torn = HashMap::from([(SAYS.to_owned(), "{".to_owned())]);
        for settings in [HashMap::new(), torn] {
            assert_eq!(
                said(&settings, created).to_string(),
                "a restore of a backup that is not named was begun at 1970-01-01T00:00:00.007Z by \
                 somebody and has not ended",
            );
        }
    }
}
