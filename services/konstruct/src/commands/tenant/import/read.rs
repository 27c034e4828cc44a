//! A file that is to be imported, read to its end before anything is done.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use domain::{
    export::{
        Counts, End, EventLine, Line, Manifest, Row, RowLine,
        restore::{self, Target},
    },
    seal::Sealing,
};
use schemas::{Envelope, TenantId, event::Entry};
use store::portable::{self, Table};

use crate::commands::tenant::archive::Lines;

/// The most entries of a directory that are taken, and their bytes: all of them are held in memory.
const ENTRIES_MAX: usize = 100_000;
const ENTRIES_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A file that was read to its end and can be imported.
pub(super) struct Archive {
    pub(super) manifest: Manifest,
    pub(super) end: End,
    /// The entries of the directory, in their order.
    pub(super) recorded: Vec<Envelope>,
    /// Rows to write, by table.
    pub(super) rows: Counts,
}

impl Archive {
    /// Every line of it: what cannot be imported is found before anything is.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let (mut lines, what) = (Lines::open(path)?, path.display());
        let (mut recorded, mut rows, mut tenant) = (Vec::new(), Counts::new(), None);
        let (mut number, mut bytes) = (0_u64, 0);
        while let Some(line) = lines.read()? {
            number += 1;
            let wrong = |why: &str| anyhow!("{what} cannot be used: line {number}: {why}");
            match line {
                Line::Manifest(manifest) => tenant = Some(manifest.tenant),
                Line::Event(event) => {
                    let tenant = tenant.as_ref().context("no manifest")?;
                    if let Some(envelope) = entry(&event, tenant).map_err(wrong)? {
                        recorded.push(envelope);
                        bytes += lines.bytes();
                    }
                    if ENTRIES_MAX < recorded.len() || ENTRIES_BYTES_MAX < bytes {
                        return Err(wrong("more entries than are taken at once"));
                    }
                }
                Line::Row(row) => {
                    let tenant = tenant.as_ref().context("no manifest")?;
                    let name = row.table.clone();
                    check_row(row, tenant).map_err(wrong)?;
                    *rows.entry(name).or_default() += 1;
                }
                Line::End(_) => {}
            }
        }
        let (manifest, end) = lines.finish()?;
        if !recorded.iter().any(is_of_tenant) {
            bail!("{what} cannot be used: it says nothing of the tenant itself");
        }
        Ok(Self { manifest, end, recorded, rows })
    }
}

fn is_of_tenant(envelope: &Envelope) -> bool {
    matches!(envelope.event.entry(), Some(Entry::Tenant(_)))
}

/// The entry of a line of `DIRECTORY`. What is of another stream is for people to read.
fn entry(event: &EventLine, tenant: &TenantId) -> Result<Option<Envelope>, &'static str> {
    if event.stream == nats::DIRECTORY.name {
        return restore::entry(event, tenant).map(Some);
    }
    if event.stream == nats::EVENTS.name { Ok(None) } else { Err("a stream that is not exported") }
}

fn check_row(line: RowLine, tenant: &TenantId) -> Result<(), &'static str> {
    let target = Target { from: tenant, to: tenant, sealing: &Sealing::Off };
    row(&target, line).map(drop)
}

/// The table of a line, and its row as it is written here.
pub(super) fn row(
    target: &Target<'_>,
    line: RowLine,
) -> Result<(&'static Table, Row), &'static str> {
    let table = portable::table(&line.table).ok_or("a table that is not exported")?;
    Ok((table, restore::row(target, (table.owner, table.texts), line.row)?))
}
