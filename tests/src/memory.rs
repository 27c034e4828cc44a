//! What processes hold in memory, as the kernel counts it in `/proc`.

use std::fs;

use anyhow::Context as _;

/// What a process holds in memory now, in MiB.
pub fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    Ok(f64::from(kib.context("no VmRSS")?.parse::<u32>()?) / 1024.0)
}
