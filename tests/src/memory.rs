//! What processes hold in memory, as the kernel counts it in `/proc`.

use std::{
    fs,
    pin::pin,
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::process::Command;

/// How often a command is asked for the most that it held. The kernel keeps it, so what is missed is only
/// what a command took in its very last moment.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a process holds in memory now, in MiB.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmRSS:")
}

/// The most that a process has held in memory so far, in MiB.
pub fn highest_mib(pid: u32) -> anyhow::Result<f64> {
    status_mib(pid, "VmHWM:")
}

/// Runs a command to its end: what it printed, and the most that it held in memory, in MiB. Its errors go
/// where the command says.
pub async fn run_measured(mut command: Command) -> anyhow::Result<(Output, f64)> {
    let child = command.stdout(Stdio::piped()).spawn()?;
    let pid = child.id().context("it ended at once")?;
    let mut ended = pin!(child.wait_with_output());
    let mut highest = 0.0;
    loop {
        tokio::select! {
            output = &mut ended => {
                ensure!(0.0 < highest, "it ended before anybody looked at it");
                return Ok((output?, highest));
            }
            () = tokio::time::sleep(LOOK_EVERY) => {
                // It may have ended since.
                highest = highest_mib(pid).map_or(highest, |now| f64::max(highest, now));
            }
        }
    }
}

fn status_mib(pid: u32, line: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib = status.lines().find_map(|it| it.strip_prefix(line)?.split_whitespace().next());
    Ok(f64::from(kib.with_context(|| format!("no {line}"))?.parse::<u32>()?) / 1024.0)
}
