//! Children: each in a process group of its own, logging to a file, and never outliving the value that stands for it.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::orphans;
use crate::stop::{Stop, TICK};

/// How long a child may take to stop by itself.
const GRACE: Duration = Duration::from_secs(10);
const TAIL_LINES: usize = 30;

/// Where children log and leave their process ids.
pub(crate) struct Dirs {
    pub(crate) logs: PathBuf,
    pub(crate) run: PathBuf,
}

pub(crate) struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
    pid_file: PathBuf,
    stopped: bool,
}

impl Service {
    pub(crate) fn start(name: &'static str, mut command: Command, dirs: &Dirs) -> Result<Self> {
        fs::create_dir_all(&dirs.logs)?;
        fs::create_dir_all(&dirs.run)?;
        let log = dirs.logs.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let pid_file = dirs.run.join(format!("{name}.pid"));
        let service = Self { name, child, log, pid_file, stopped: false };
        orphans::note(&service.pid_file, service.child.id())?;
        Ok(service)
    }

    /// Waits until `ready` gives something; fails when the child ends first, or `within` passes.
    pub(crate) fn wait<T>(
        &mut self,
        stop: &Stop,
        within: Duration,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let until = Instant::now() + within;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            self.check()?;
            if Instant::now() >= until {
                bail!("{} is not ready after {} s{}", self.name, within.as_secs(), self.blame());
            }
            stop.tick()?;
        }
    }

    /// Waits for a line on the child's output, and gives what follows `prefix`.
    pub(crate) fn wait_line(
        &mut self,
        stop: &Stop,
        within: Duration,
        prefix: &str,
    ) -> Result<String> {
        let log = self.log.clone();
        self.wait(stop, within, || after(&fs::read_to_string(&log).ok()?, prefix))
    }

    /// Fails when the child has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended ({status}){}", self.name, self.blame()),
        }
    }

    /// The last lines of its log, for an error message.
    pub(crate) fn blame(&self) -> String {
        format!("; the end of {}:\n{}", self.log.display(), tail(&self.log, TAIL_LINES))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGINT (for PostgreSQL: fast shutdown), and after the grace period SIGKILL to the whole group.
    pub(crate) fn stop(&mut self) {
        if self.stopped {
            return;
        }
        self.stopped = true;
        end(&mut self.child, GRACE);
        fs::remove_file(&self.pid_file).ok();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs a command on this terminal to its end; an interrupt reaches it first, and is then reported.
pub(crate) fn run(mut command: Command, stop: &Stop) -> Result<ExitStatus> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).process_group(0);
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if let Err(interrupted) = stop.tick() {
            end(&mut child, GRACE);
            return Err(interrupted);
        }
    }
}

/// As [`run`], but anything except success is an error.
pub(crate) fn run_ok(command: Command, stop: &Stop) -> Result<()> {
    let shown = show(&command);
    let status = run(command, stop)?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// The command line as one would type it, without its environment.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn end(child: &mut Child, grace: Duration) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // A child that is gone already is what we want: errors of kill and wait change nothing.
    kill_process(pid, Signal::INT).ok();
    let until = Instant::now() + grace;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
        std::thread::sleep(TICK);
    }
    kill_process_group(pid, Signal::KILL).ok();
    child.wait().ok();
}

fn after(text: &str, prefix: &str) -> Option<String> {
    let whole = &text.get(..=text.rfind('\n')?)?;
    whole.lines().find_map(|line| line.strip_prefix(prefix)).map(|rest| rest.trim().to_owned())
}

fn tail(path: &Path, lines: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let all: Vec<_> = text.lines().collect();
    let from = all.len().saturating_sub(lines);
    let last = all.get(from..).unwrap_or_default();
    last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_not_read() {
        let prefix = "listening on ";
        assert_eq!(
            after("hi\nlistening on http://127.0.0.1:1\n", prefix),
            Some("http://127.0.0.1:1".into())
        );
        assert_eq!(after("listening on http://127.0.0.1:1", prefix), None);
    }

    #[test]
    fn a_child_dies_with_its_value_and_tells_why_it_ended() {
        let dir = std::env::temp_dir().join(format!("xtask-child-{}", std::process::id()));
        let dirs = Dirs { logs: dir.clone(), run: dir.clone() };
        let mut sleep = Command::new("sleep");
        sleep.arg("100");
        let service = Service::start("sleep", sleep, &dirs).unwrap();
        let pid = Pid::from_raw(i32::try_from(service.pid()).unwrap()).unwrap();
        drop(service);
        assert!(rustix::process::test_kill_process(pid).is_err());

        let mut fails = Command::new("sh");
        fails.args(["-c", "echo no such thing; exit 3"]);
        let mut service = Service::start("fails", fails, &dirs).unwrap();
        let why = service.wait(&Stop::never(), GRACE, || None::<()>).unwrap_err().to_string();
        assert!(why.contains("no such thing") && why.contains("exit status: 3"), "{why}");
        fs::remove_dir_all(dir).unwrap();
    }
}
