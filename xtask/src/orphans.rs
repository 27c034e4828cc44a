//! Children of a run that was killed outright (kill -9, power): found by process id and start time, then ended.
//!
//! A process id alone proves nothing, for ids are used again; with the start time it is surely our child.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::out;
use crate::stop::TICK;

const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn note(file: &Path, pid: u32) -> Result<()> {
    fs::write(file, format!("{pid} {}", started(pid).unwrap_or_default()))?;
    Ok(())
}

/// Ends what an earlier run left behind. The caller holds the lock, so no living run owns these files.
pub(crate) fn end(run: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(run) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if let Some(pid) = fs::read_to_string(&path).ok().and_then(|text| ours(&text)) {
            out::warn(format!("ending {} (process {pid}) of an earlier run", path.display()));
            end_one(pid);
        }
        fs::remove_file(&path)?;
    }
    Ok(())
}

fn ours(noted: &str) -> Option<u32> {
    let (pid, start) = noted.split_once(' ')?;
    let pid = pid.parse().ok()?;
    (!start.is_empty() && started(pid)? == start).then_some(pid)
}

fn end_one(pid: u32) {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    kill_process(pid, Signal::INT).ok();
    let until = Instant::now() + GRACE;
    while test_kill_process(pid).is_ok() && Instant::now() < until {
        std::thread::sleep(TICK);
    }
    kill_process_group(pid, Signal::KILL).ok();
}

/// When the process started, in the kernel's ticks. Only Linux tells; elsewhere nothing is ended.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces; what follows it is fields 3, 4, …, and the start is field 22.
    stat.rsplit_once(") ")?.1.split(' ').nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let me = std::process::id();
        assert_eq!(ours(&format!("{me} 1")), None);
        assert_eq!(ours(&format!("{me} ")), None);
        if let Some(start) = started(me) {
            assert_eq!(ours(&format!("{me} {start}")), Some(me));
        }
    }
}
