//! `konstruct backup`: all that is kept, at one cut, while services run.
//!
//! How far consumers have come is asked first, then how far the directory goes, then the database is
//! looked at, then how far all streams go. So what a consumer has done is in the database and on the log,
//! and the log has all that a row speaks of. Where the directory went on meanwhile, all is looked at anew, so
//! it names no token that the database has not (ADR 30).

pub(super) mod files;
pub(super) mod manifest;
mod take;

use std::path::Path;

use anyhow::{Context as _, bail};
use domain::seal::MasterKey;
use serde_json::json;

use self::manifest::Manifest;
use crate::{
    cli::{BackupVerb, Backups},
    output::{Output, bytes},
    settings::Asked,
};

/// Does it.
pub(crate) async fn run(asked: &Asked<'_>, args: Backups, output: Output) -> anyhow::Result<()> {
    match (args.verb, args.to) {
        (Some(BackupVerb::Verify { dir }), _) => verify(asked, &dir, output),
        (None, Some(to)) => {
            let by = args.by.unwrap_or_else(crate::wiring::owner);
            take::run(asked, &to, &by, output).await
        }
        (None, None) => bail!("say where it goes: `konstruct backup --to DIR`"),
    }
}

/// `konstruct backup verify`.
fn verify(asked: &Asked<'_>, dir: &Path, output: Output) -> anyhow::Result<()> {
    let manifest = sound(&masters(asked)?, dir)?;
    let (files, size) = (manifest.sums().count(), bytes(manifest.bytes()));
    let (at, by) = (manifest.cut.database.at, &manifest.program);
    let text = format!("{files} files, {size}, are as {by} wrote them: all that was kept at {at}");
    output.print(&text, &json!({ "valid": true, "manifest": manifest }))
}

/// The manifest of a backup of which nothing is changed and nothing is missing.
pub(super) fn sound(masters: &[MasterKey], dir: &Path) -> anyhow::Result<Manifest> {
    let manifest = Manifest::open(masters, dir)?;
    let problems = files::check(dir, &manifest);
    if problems.is_empty() {
        return Ok(manifest);
    }
    bail!("the backup {} is not as it was written: {}", dir.display(), problems.join("; "))
}

/// The master keys that we have, the current one first.
pub(super) fn masters(asked: &Asked<'_>) -> anyhow::Result<Vec<MasterKey>> {
    let keys = asked.master_keys().context("backups are signed with the master key")?;
    Ok(std::iter::once(keys.current).chain(keys.previous).collect())
}
