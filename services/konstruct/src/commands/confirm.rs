//! Asking whoever typed a command before much is done, and who that is.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::bail;
use schemas::Author;

/// As many are done without asking.
pub(crate) const FEW: usize = 3;

/// Asks, unless they said yes before. Without a terminal there is nobody to ask.
pub(crate) fn confirm(what: &str, yes: bool) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("{what}: nobody is there to ask; say `--yes`, or look with `--dry-run`");
    }
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "{what}. Go on? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    bail!("nothing was done")
}

/// Whoever typed the command: as they say, or as the system knows them.
pub(crate) fn author(by: Option<&str>) -> Author {
    let of_system = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let known = || of_system.clone().find_map(|it| std::env::var(it).ok());
    let name = by.map(str::to_owned).or_else(known).filter(|name| !name.trim().is_empty());
    Author { via: "cli".to_owned(), operator: Some(name.unwrap_or_else(|| "console".to_owned())) }
}
