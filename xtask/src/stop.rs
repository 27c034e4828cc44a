//! Ctrl-C and SIGTERM as a flag that every wait looks at, so that children are always stopped in order.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use signal_hook::consts::{SIGINT, SIGTERM};

/// How often a wait looks at its condition.
pub(crate) const TICK: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(crate) fn listen() -> Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGINT, Arc::clone(&asked))?;
        signal_hook::flag::register(SIGTERM, Arc::clone(&asked))?;
        Ok(Self(asked))
    }

    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sleeps one tick; fails when asked to stop.
    pub(crate) fn tick(&self) -> Result<()> {
        if self.asked() {
            bail!("interrupted");
        }
        std::thread::sleep(TICK);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }
}
