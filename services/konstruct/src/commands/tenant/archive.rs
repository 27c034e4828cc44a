//! Files of exports: read a line at a time, never believed before they are read to their end.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
};

use anyhow::Context as _;
use domain::export::{Counts, End, LINE_BYTES_MAX, Line, Manifest, Reading};
use serde_json::json;

use crate::{
    output::{Output, table},
    progress::Progress,
};

/// A file while it is read.
pub(super) struct Lines {
    file: BufReader<File>,
    reading: Reading,
    bytes: Vec<u8>,
    what: String,
}

impl Lines {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let what = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot open {what}"))?;
        let (file, reading) = (BufReader::new(file), Reading::default());
        Ok(Self { file, reading, bytes: Vec::new(), what })
    }

    /// The next line; nothing at its end.
    pub(super) fn read(&mut self) -> anyhow::Result<Option<Line>> {
        self.bytes.clear();
        let most = u64::try_from(LINE_BYTES_MAX)?.saturating_add(1);
        let read = self.file.by_ref().take(most).read_until(b'\n', &mut self.bytes);
        if read.with_context(|| format!("cannot read {}", self.what))? == 0 {
            return Ok(None);
        }
        let line = self.reading.line(&self.bytes);
        line.map(Some).with_context(|| format!("{} cannot be used", self.what))
    }

    /// How many bytes the line had that was read last.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What it was, once there is nothing more to read.
    pub(super) fn finish(self) -> anyhow::Result<(Manifest, End)> {
        let Self { reading, what, .. } = self;
        reading.finish().with_context(|| format!("{what} cannot be used"))
    }
}

/// `konstruct tenant export verify`.
pub(super) fn verify(path: &Path, output: Output) -> anyhow::Result<()> {
    let mut lines = Lines::open(path)?;
    let all = std::fs::metadata(path).map_or(0, |it| it.len());
    let (mut progress, mut done) = (Progress::new("bytes", all), 0);
    while lines.read()?.is_some() {
        done += u64::try_from(lines.bytes())?;
        progress.at(done);
    }
    progress.clear();
    let (manifest, end) = lines.finish()?;
    let Manifest { tenant, made_at, .. } = &manifest;
    let text = format!(
        "{}\nthe export of `{tenant}`, {made_at}, is whole{}",
        counted(&end.counts),
        doubts(&end)
    );
    output.print(&text, &json!({ "valid": true, "manifest": manifest, "end": end }))
}

/// Lines by where they are from.
pub(super) fn counted(counts: &Counts) -> String {
    let some = counts.iter().filter(|(_, count)| 0 < **count);
    let rows: Vec<_> = some.map(|(name, count)| vec![name.clone(), count.to_string()]).collect();
    table(&["FROM", "LINES"], &rows)
}

/// What of it could not be read where it was exported.
pub(super) fn doubts(end: &End) -> String {
    let mut text = String::new();
    if 0 < end.unopened {
        _ = write!(text, "; {} texts did not open and stand there sealed", end.unopened);
    }
    if 0 < end.unreadable {
        _ = write!(text, "; {} events could not be read and are missing", end.unreadable);
    }
    text
}
