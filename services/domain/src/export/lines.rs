//! The lines of an export, written and read.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Broken, Counts, End, EventLine, FORMAT, LINE_BYTES_MAX, Line, Manifest, VERSION};

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
