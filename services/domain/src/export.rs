//! A tenant's export: lines of JSON in one file.
//!
//! The first line says what it is, the last one how many lines there are and the SHA-256 of all before it,
//! so that a file that was cut off or changed is never taken for a whole one. `docs/export-format.md` says
//! the same to people, [`restore`] makes of it what another installation writes.
//!
//! **Invariant:** no error here repeats what stands in a line.

pub mod restore;

use std::collections::BTreeMap;

use schemas::{TenantId, Text, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    seal::{Owner, Sealing},
    veil,
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

/// What was written or read so far.
#[derive(Clone, Default)]
struct Tally {
    hash: Sha256,
    lines: u64,
    counts: Counts,
}

/// Writes the lines of an export.
#[derive(Default)]
pub struct Composer {
    tally: Tally,
    unopened: u64,
    unreadable: u64,
}

/// Reads the lines of an export, and believes none before it has seen the last one.
#[derive(Default)]
pub struct Reading {
    tally: Tally,
    manifest: Option<Manifest>,
    end: Option<End>,
}

impl Tally {
    fn take(&mut self, bytes: &[u8], line: &Line) {
        self.hash.update(bytes);
        self.lines += 1;
        if let Some(name) = line.name() {
            *self.counts.entry(name.to_owned()).or_default() += 1;
        }
    }

    fn sha256(&self) -> String {
        hex::encode(self.hash.clone().finalize())
    }
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

impl Composer {
    /// The bytes of the next line.
    pub fn line(&mut self, line: &Line) -> Result<Vec<u8>, Broken> {
        let bytes = written(line, self.tally.lines + 1)?;
        self.tally.take(&bytes, line);
        if let Line::Event(EventLine { unreadable: Some(_), .. }) = line {
            self.unreadable += 1;
        }
        Ok(bytes)
    }

    /// So many texts of the line before did not open.
    pub fn unopened(&mut self, texts: u64) {
        self.unopened += texts;
    }

    /// The last line, and its bytes.
    pub fn end(self) -> Result<(End, Vec<u8>), Broken> {
        let Self { tally, unopened, unreadable } = self;
        let (sha256, number) = (tally.sha256(), tally.lines + 1);
        let end = End { lines: tally.lines, counts: tally.counts, unopened, unreadable, sha256 };
        let bytes = written(&Line::End(end.clone()), number)?;
        Ok((end, bytes))
    }
}

impl Reading {
    /// The next line, its line feed included.
    pub fn line(&mut self, bytes: &[u8]) -> Result<Line, Broken> {
        let number = self.tally.lines + 1;
        if self.end.is_some() {
            return Err(Broken::After(number + 1));
        }
        let wrong = |why| Broken::Line { line: number, why };
        if LINE_BYTES_MAX < bytes.len() {
            return Err(wrong("it is longer than a line may be"));
        }
        if bytes.last() != Some(&b'\n') {
            return Err(Broken::Cut(self.tally.lines));
        }
        let is_first = self.manifest.is_none();
        if is_first {
            check_head(bytes)?;
        }
        let line: Line = serde_json::from_slice(bytes).map_err(|error| wrong(problem(&error)))?;
        match &line {
            Line::Manifest(manifest) if is_first => self.manifest = Some(manifest.clone()),
            Line::Manifest(_) => return Err(wrong("a second manifest")),
            Line::Event(_) | Line::Row(_) => {}
            Line::End(end) => {
                self.check(end)?;
                self.end = Some(end.clone());
                return Ok(line);
            }
        }
        self.tally.take(bytes, &line);
        Ok(line)
    }

    /// What it was, once there is nothing more to read.
    pub fn finish(self) -> Result<(Manifest, End), Broken> {
        match (self.manifest, self.end) {
            (Some(manifest), Some(end)) => Ok((manifest, end)),
            (None, _) => Err(Broken::NoManifest),
            (Some(_), None) => Err(Broken::Cut(self.tally.lines)),
        }
    }

    fn check(&self, end: &End) -> Result<(), Broken> {
        let found = &self.tally.counts;
        let names = found.keys().chain(end.counts.keys());
        let mut counts = names.map(|name| {
            let of = |counts: &Counts| counts.get(name).copied().unwrap_or_default();
            (name.as_str(), of(&end.counts), of(found))
        });
        let all = ("all", end.lines, self.tally.lines);
        let apart = counts.find(|(_, said, found)| said != found);
        if let Some((of, said, found)) =
            apart.or_else(|| Some(all).filter(|(_, said, found)| said != found))
        {
            return Err(Broken::Counts { of: of.to_owned(), said, found });
        }
        if end.sha256 == self.tally.sha256() { Ok(()) } else { Err(Broken::Checksum) }
    }
}

/// Opens every text in it, so that it stands there as it was written. Returns how many did not open.
pub fn open(value: &mut Value, owner: Owner<'_>, sealing: &Sealing) -> u64 {
    if let Some(text) = veil::text_of(value) {
        let Ok(plain) = sealing.open(owner, &text) else { return 1 };
        *value = json!({ "plain": plain });
        return 0;
    }
    match value {
        Value::Object(fields) => fields.values_mut().map(|field| open(field, owner, sealing)).sum(),
        Value::Array(items) => items.iter_mut().map(|item| open(item, owner, sealing)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Seals every text in it. One that is sealed stays as it is: nobody here has its key.
pub fn seal(value: &mut Value, owner: Owner<'_>, sealing: &Sealing) {
    if let Some(text) = veil::text_of(value) {
        if let Text::Plain(plain) = text {
            *value = match sealing.seal(owner, &plain) {
                Text::Sealed(sealed) => json!({ "sealed": sealed }),
                Text::Plain(plain) => json!({ "plain": plain }),
            };
        }
        return;
    }
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| seal(field, owner, sealing)),
        Value::Array(items) => items.iter_mut().for_each(|item| seal(item, owner, sealing)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The beginning of the first line, which every version has.
#[derive(Deserialize)]
struct Head {
    line: String,
    format: String,
    version: u32,
}

/// Before the rest of it is read: another version may have other fields.
fn check_head(bytes: &[u8]) -> Result<(), Broken> {
    let head: Head = serde_json::from_slice(bytes).map_err(|_| Broken::NoManifest)?;
    if head.line != "manifest" || head.format != FORMAT {
        return Err(Broken::NoManifest);
    }
    if head.version == VERSION { Ok(()) } else { Err(Broken::Version(head.version)) }
}

/// What is wrong with a line; its own words would quote it.
fn problem(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        serde_json::error::Category::Data => "it is no line of an export",
        serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => "it is not JSON, or is nested too deep",
    }
}

fn written(line: &Line, number: u64) -> Result<Vec<u8>, Broken> {
    let wrong = |why| Broken::Line { line: number, why };
    let mut bytes = serde_json::to_vec(line).map_err(|_| wrong("it cannot be written as JSON"))?;
    bytes.push(b'\n');
    if LINE_BYTES_MAX < bytes.len() {
        return Err(wrong("it is longer than a line may be"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
