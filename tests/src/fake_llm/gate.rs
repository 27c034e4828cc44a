//! Replies that wait for the test, which knows how many do.

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

/// Where replies wait after their first token.
#[derive(Debug)]
pub(super) struct Gate {
    came: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { came: watch::Sender::new(0), open: watch::Sender::new(false) }
    }
}

impl Gate {
    /// Waits until it opens.
    pub(super) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.came.send_modify(|came| *came += 1);
        // It cannot fail: the sender lives as long as `self`.
        drop(open.wait_for(|open| *open).await);
    }

    /// Opens it for good.
    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until so many came to it, those that are gone meanwhile counted too.
    pub(super) async fn came(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        let mut came = self.came.subscribe();
        let waited = tokio::time::timeout(within, came.wait_for(|came| count <= *came)).await;
        let so_far = *self.came.borrow();
        waited.with_context(|| format!("{so_far} of {count} replies are held"))??;
        Ok(())
    }
}
