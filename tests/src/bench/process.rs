//! What processes use, as the kernel counts it in `/proc`.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::Context as _;
pub(crate) use konstruct_tests::memory::resident_mib;

use super::report::{Group, float, ratio};

/// The kernel tells programs times in hundredths of a second, whatever it counts in itself.
const TICK_US: u64 = 10_000;

/// A row of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    own_ticks: u64,
    /// Of children that have ended.
    children_ticks: u64,
}

/// Who is looked at, by name.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    /// Processes alone.
    pub(crate) alone: Vec<(String, u32)>,
    /// A process with all its children.
    pub(crate) families: Vec<(String, u32)>,
    /// What all commands are called that this process starts and waits for meanwhile.
    pub(crate) commands: Option<String>,
}

/// Processor time used so far.
struct Used {
    by: BTreeMap<String, u64>,
    machine: Machine,
}

/// A row of `/proc/stat`, in ticks.
#[derive(Clone, Copy)]
struct Machine {
    worked: u64,
    idle: u64,
    /// What it wanted to work, and its host gave to others.
    stolen: u64,
}

/// Processor time between two moments.
pub(crate) struct Window {
    watched: Watched,
    from: Used,
}

/// Who used the processor, and how much.
pub(crate) struct Usage {
    by: BTreeMap<String, Duration>,
    others: Duration,
    idle: Duration,
    stolen: Duration,
}

impl Window {
    pub(crate) fn open(watched: Watched) -> anyhow::Result<Self> {
        let from = Used::now(&watched)?;
        Ok(Self { watched, from })
    }

    pub(crate) fn close(self) -> anyhow::Result<Usage> {
        let to = Used::now(&self.watched)?;
        let since = |name: &String, ticks: u64| {
            ticks.saturating_sub(self.from.by.get(name).copied().unwrap_or_default())
        };
        let by: BTreeMap<String, u64> =
            to.by.into_iter().map(|(name, ticks)| (name.clone(), since(&name, ticks))).collect();
        let ours: u64 = by.values().sum();
        let (was, is) = (self.from.machine, to.machine);
        let worked = is.worked.saturating_sub(was.worked);
        Ok(Usage {
            by: by.into_iter().map(|(name, ticks)| (name, time(ticks))).collect(),
            others: time(worked.saturating_sub(ours)),
            idle: time(is.idle.saturating_sub(was.idle)),
            stolen: time(is.stolen.saturating_sub(was.stolen)),
        })
    }
}

impl Usage {
    /// What all of ours used, for one of `count`, in microseconds.
    pub(crate) fn each_us(&self, count: usize) -> f64 {
        let ours: Duration = self.by.values().sum();
        ratio(ours.as_secs_f64() * 1e6, float(count))
    }

    /// A line for each process: time for one of `count`, and its part of all of ours.
    pub(crate) fn per(&self, count: usize, what: &str, group: &mut Group) {
        let ours: Duration = self.by.values().sum();
        let per = |time: Duration| ratio(time.as_secs_f64() * 1e6, float(count));
        for (name, time) in &self.by {
            let all = (per(ours), "all of these");
            group.compare(format!("CPU of {name} for each {what}"), (per(*time), "us"), all);
        }
        group.add(format!("CPU of all of these for each {what}"), per(ours), "us");
        self.rest(group);
    }

    /// What became of the rest of the machine.
    pub(crate) fn rest(&self, group: &mut Group) {
        let Self { by, others, idle, stolen } = self;
        let ours: Duration = by.values().sum();
        let whole = ours + *others + *idle + *stolen;
        for (who, time) in [
            ("CPU of strangers meanwhile", others),
            ("CPU that the machine's host kept meanwhile", stolen),
            ("CPU left idle meanwhile", idle),
        ] {
            let whole = (whole.as_secs_f64(), "the machine");
            group.compare(who, (time.as_secs_f64(), "s"), whole);
        }
    }
}

impl Used {
    fn now(watched: &Watched) -> anyhow::Result<Self> {
        let mut by = BTreeMap::new();
        for (name, pid) in &watched.alone {
            by.insert(name.clone(), stat(*pid)?.own_ticks);
        }
        for (name, pid) in &watched.families {
            by.insert(name.clone(), family_ticks(*pid)?);
        }
        if let Some(name) = &watched.commands {
            by.insert(name.clone(), stat(std::process::id())?.children_ticks);
        }
        Ok(Self { by, machine: machine()? })
    }
}

/// The process that started this one.
pub(crate) fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(stat(pid)?.parent)
}

fn time(ticks: u64) -> Duration {
    Duration::from_micros(ticks * TICK_US)
}

fn stat(pid: u32) -> anyhow::Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"));
    let text = text.with_context(|| format!("process {pid} is gone"))?;
    // The name before may have spaces and brackets in it. The third field comes after it.
    let (_, rest) = text.rsplit_once(')').context("no name")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |nth: usize| -> anyhow::Result<u64> {
        Ok(fields.get(nth - 3).with_context(|| format!("no field {nth}"))?.parse()?)
    };
    Ok(Stat {
        parent: field(4)?.try_into()?,
        own_ticks: field(14)? + field(15)?,
        children_ticks: field(16)? + field(17)?,
    })
}

/// A process, its children, and those of its children that have ended.
fn family_ticks(head: u32) -> anyhow::Result<u64> {
    let known = stat(head)?;
    let mut ticks = known.own_ticks + known.children_ticks;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // It may end while we look.
        let Ok(stat) = stat(pid) else { continue };
        if stat.parent == head {
            ticks += stat.own_ticks;
        }
    }
    Ok(ticks)
}

/// What the whole machine worked, and what it did not.
fn machine() -> anyhow::Result<Machine> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().and_then(|line| line.strip_prefix("cpu "));
    let numbers = line.context("no cpu line")?.split_whitespace().map(str::parse);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>()?;
    // user nice system idle iowait irq softirq steal
    let at = |nth: usize| numbers.get(nth).copied().unwrap_or_default();
    Ok(Machine {
        worked: at(0) + at(1) + at(2) + at(5) + at(6),
        idle: at(3) + at(4),
        stolen: at(7),
    })
}
