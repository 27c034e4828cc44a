//! What is in a backup, signed with the master key, which is not in it.

use std::path::Path;

use anyhow::{Context as _, bail};
use domain::seal::MasterKey;
use nats::DIRECTORY;
use runtime::backup::{Head, Place, Shape};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use store::backup::{Table, Taken};

use super::files;
use crate::commands::erasure::receipt;

/// The file.
pub(in crate::commands) const FILE: &str = "manifest.json";

const WHAT: &str = "konstruct.backup";

/// The one format there is.
const FORMAT: u32 = 1;

/// All of a backup.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::commands) struct Manifest {
    what: String,
    format: u32,
    /// The program that made it, with its version.
    pub program: String,
    /// The version of the server that handed the streams out.
    pub nats: String,
    /// Which topology that program declares: the SHA-256 of it. For people who look at an old backup; a
    /// restore takes streams as they were, and brings them to what is declared now.
    pub topology: String,
    /// Which master key wraps the keys of tenants; the key itself is elsewhere.
    pub master_key: String,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    /// Who asked for it.
    pub by: String,
    pub cut: Cut,
    pub streams: Vec<Stream>,
    pub tables: Vec<Rows>,
}

/// The moment that it holds.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::commands) struct Cut {
    pub database: Taken,
    /// How far each stream goes; what the copy has after that is taken away again.
    pub streams: Vec<Head>,
    /// How far each consumer had come before.
    pub consumers: Vec<Place>,
}

/// A stream, as the server hands it out.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::commands) struct Stream {
    pub name: String,
    pub shape: Shape,
    pub sum: Sum,
}

/// A table, as the server writes its rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::commands) struct Rows {
    pub table: Table,
    #[serde(rename = "rows")]
    pub many: u64,
    pub sum: Sum,
}

/// A file and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::commands) struct Sum {
    /// Its path in the backup.
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Cut {
    /// What was asked in this order: how far consumers had come, how far streams went, the database, and
    /// how far streams go now.
    ///
    /// Whatever a row speaks of is on the log. The directory names keys and tokens, so it must not have gone
    /// on meanwhile, but for what a row speaks of itself: a token may be stored and another one removed.
    /// None where it has.
    pub(in crate::commands) fn of(
        consumers: Vec<Place>,
        before: &[Head],
        database: Taken,
        after: Vec<Head>,
    ) -> Option<Self> {
        let directory = before.iter().find(|head| head.stream == DIRECTORY.name);
        let known = directory.map(|head| head.last.max(database.directory_seq));
        let now = after.iter().find(|head| head.stream == DIRECTORY.name).map(|head| head.last);
        (now <= known).then_some(Self { database, streams: after, consumers })
    }

    /// How far a stream goes.
    pub(in crate::commands) fn last(&self, stream: &str) -> Option<u64> {
        self.streams.iter().find(|head| head.stream == stream).map(|head| head.last)
    }
}

impl Manifest {
    /// Of a backup that was begun then; what is in it comes later.
    pub(in crate::commands) fn begin(
        cut: Cut,
        (server, master_key): (&str, &str),
        began_at: Timestamp,
        by: &str,
    ) -> Self {
        Self {
            what: WHAT.to_owned(),
            format: FORMAT,
            program: format!("konstruct {}", env!("CARGO_PKG_VERSION")),
            nats: server.to_owned(),
            topology: files::sha256(nats::json().to_string().as_bytes()),
            master_key: master_key.to_owned(),
            began_at,
            ended_at: began_at,
            by: by.to_owned(),
            cut,
            streams: Vec::new(),
            tables: Vec::new(),
        }
    }

    /// What stands in its file.
    pub(in crate::commands) fn signed(&self, master: &MasterKey) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(&receipt::sign(master, self)?)?)
    }

    /// Reads one that was signed with one of these.
    pub(in crate::commands) fn open(masters: &[MasterKey], dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path);
        let text = text.with_context(|| format!("{} is no whole backup: {FILE}", dir.display()))?;
        let signed = receipt::verify(masters, &text).with_context(|| path.display().to_string())?;
        let format = signed.get("format").and_then(serde_json::Value::as_u64);
        if signed.get("what").and_then(serde_json::Value::as_str) != Some(WHAT) {
            bail!("{} is not of a backup", path.display());
        }
        if format != Some(u64::from(FORMAT)) {
            let format = format.map_or_else(|| "none".to_owned(), |it| it.to_string());
            bail!("{}: format {format} is not known here, {FORMAT} is", path.display());
        }
        serde_json::from_value(signed).with_context(|| path.display().to_string())
    }

    /// Servers take streams of older ones, and not of newer ones.
    pub(in crate::commands) fn check_nats(&self, version: &str) -> anyhow::Result<()> {
        if series(version) < series(&self.nats) {
            let of = &self.nats;
            bail!("NATS is {version}, and the streams are of {of}: restore into one as new");
        }
        Ok(())
    }

    /// Every file beside the manifest.
    pub(in crate::commands) fn sums(&self) -> impl Iterator<Item = &Sum> {
        let streams = self.streams.iter().map(|it| &it.sum);
        streams.chain(self.tables.iter().map(|it| &it.sum))
    }

    /// How large they are together.
    pub(in crate::commands) fn bytes(&self) -> u64 {
        self.sums().map(|sum| sum.bytes).sum()
    }

    /// How many rows there are.
    pub(in crate::commands) fn rows(&self) -> u64 {
        self.tables.iter().map(|it| it.many).sum()
    }

    /// How many messages the cut had.
    pub(in crate::commands) fn messages(&self) -> u64 {
        self.cut.streams.iter().map(|head| head.messages).sum()
    }
}

/// The first two numbers of a version.
fn series(version: &str) -> (u64, u64) {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(stream: &str, last: u64) -> Head {
        let last_at = Timestamp::from_millis(0);
        Head { stream: stream.to_owned(), last, last_at, messages: last, bytes: 0 }
    }

    fn taken(directory_seq: u64) -> Taken {
        Taken {
            at: Timestamp::from_millis(0),
            lsn: "0/1".to_owned(),
            migration: 30,
            directory_seq,
            counters: Vec::new(),
        }
    }

    #[test]
    fn the_log_may_go_further_than_the_database_and_the_directory_may_not() {
        let before = [head("EVENTS", 10), head("DIRECTORY", 5)];
        let after = |now| vec![head("EVENTS", 13), head("DIRECTORY", now), head("KV_x", 2)];
        // What it had, what a row speaks of, and what it has.
        for (known, now) in [(4, 5), (5, 5), (7, 7), (9, 9)] {
            let cut = Cut::of(Vec::new(), &before, taken(known), after(now)).unwrap();
            let last = ["EVENTS", "DIRECTORY", "KV_x"].map(|name| cut.last(name).unwrap());
            assert_eq!(last, [13, now, 2]);
            assert_eq!(cut.last("DEADLETTERS"), None);
        }
        for (known, now) in [(4, 6), (5, 6), (7, 9)] {
            let cut = Cut::of(Vec::new(), &before, taken(known), after(now));
            assert!(cut.is_none(), "a token may have been replaced: {known} {now}");
        }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_signed_and_no_other_is() {
        let dir = std::env::temp_dir().join(format!("konstruct-manifest-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let master = MasterKey::parse(&"1".repeat(64)).unwrap();
        let cut = Cut::of(Vec::new(), &[], taken(0), vec![head("EVENTS", 12)]).unwrap();
        let about = ("2.15.1", "abc");
        let manifest = Manifest::begin(cut, about, Timestamp::from_millis(1), "olga");
        let text = manifest.signed(&master).unwrap();
        let open = |text: &str| {
            std::fs::write(dir.join(FILE), text).unwrap();
            Manifest::open(std::slice::from_ref(&master), &dir)
        };
        let read = open(&text).unwrap();
        assert_eq!((read.by.as_str(), read.cut.last("EVENTS")), ("olga", Some(12)));
        for (version, want) in [("2.14.9", false), ("2.15.0", true), ("3.0.0", true)] {
            assert_eq!(read.check_nats(version).is_ok(), want, "{version}");
        }
        let forged = format!("{:#}", open(&text.replace("olga", "otto")).unwrap_err());
        assert!(forged.ends_with("it was changed after it was signed"), "{forged}");
        let receipt = receipt::sign(&master, &serde_json::json!({ "what": "other" })).unwrap();
        let other = open(&serde_json::to_string(&receipt).unwrap()).unwrap_err().to_string();
        assert!(other.ends_with("is not of a backup"), "{other}");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
