//! A tenant's export: lines of JSON in one file.
//!
//! The first line says what it is, the last one how many lines there are and the SHA-256 of all before it,
//! so that a file that was cut off or changed is never taken for a whole one. `docs/export-format.md` says
//! the same to people, [`restore`] makes of it what another installation writes.
//!
//! **Invariant:** no error here repeats what stands in a line.

mod lines;
pub mod restore;
mod texts;

use std::collections::BTreeMap;

use schemas::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::{
    lines::{Composer, Reading},
    texts::{open, seal},
};

/// What the first line calls it.
pub const FORMAT: &str = "konstruct.tenant.export";

/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// The longest line, in bytes: many times an event, and a test with a long thread.
pub const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A row of a table, without its tenant.
pub type Row = Map<String, Value>;

/// How many lines there are, by stream and table.
pub type Counts = BTreeMap<String, u64>;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The first one.
    Manifest(Manifest),
    /// An event of a stream.
    Event(EventLine),
    /// A row of a table.
    Row(RowLine),
    /// The last one.
    End(End),
}

/// What the file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// Which version of it.
    pub version: u32,
    /// Whose data it is.
    pub tenant: TenantId,
    /// What the tenant is called.
    pub name: String,
    /// When it was begun.
    pub made_at: Timestamp,
    /// The program that made it.
    pub program: String,
    /// The last sequence of each stream as it was begun.
    pub last: BTreeMap<String, u64>,
    /// How many lines there were to write as it was begun; the last line says how many were written.
    pub counts: Counts,
}

/// An event as it stood on a stream, its texts opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventLine {
    /// Which stream.
    pub stream: String,
    /// Where on it.
    pub sequence: u64,
    /// When it was stored there.
    pub stored: Timestamp,
    /// The event; nothing where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Value>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
}

/// A row as it stood in a table, its texts opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowLine {
    /// Which table.
    pub table: String,
    /// Its columns.
    pub row: Row,
}

/// That the file is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// How many lines stand before it.
    pub lines: u64,
    /// How many of each stream and table.
    pub counts: Counts,
    /// Texts that did not open; they stand there sealed.
    pub unopened: u64,
    /// Events that could not be read.
    pub unreadable: u64,
    /// Of all lines before it, in hex.
    pub sha256: String,
}

/// Why a file is not a whole export.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Broken {
    /// The first line says nothing of the kind.
    #[error("it does not begin with the manifest of an export")]
    NoManifest,
    /// Another program's.
    #[error("it has format version {0}; this program reads version {known}", known = VERSION)]
    Version(u32),
    /// A line is not one.
    #[error("line {line}: {why}")]
    Line {
        /// Counts from 1.
        line: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// There is no last line.
    #[error("it ends after {0} whole lines, without the last one: it was cut off")]
    Cut(u64),
    /// Something was added.
    #[error("line {0} stands after the last one")]
    After(u64),
    /// Lines are missing, or there are more.
    #[error("it has {found} lines of `{of}`, and its last line says {said}")]
    Counts {
        /// Which stream or table; `all` for all lines.
        of: String,
        /// What the last line says.
        said: u64,
        /// How many there are.
        found: u64,
    },
    /// Something was changed.
    #[error("its SHA-256 is not the one in its last line: it was damaged or changed")]
    Checksum,
}

impl Line {
    /// The stream or the table that it is of.
    pub fn name(&self) -> Option<&str> {
        match self {
            Line::Event(event) => Some(&event.stream),
            Line::Row(row) => Some(&row.table),
            Line::Manifest(_) | Line::End(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
