//! Replies that wait for the test, which knows how many do.

use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;

/// Where replies wait after their first token.
#[derive(Debug)]
pub(super) struct Gate {
    came: watch::Sender<usize>,
    left: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Default for Gate {
    fn default() -> Self {
        let count = || watch::Sender::new(0);
        Self { came: count(), left: count(), open: watch::Sender::new(false) }
    }
}

impl Gate {
    /// Waits until it opens.
    pub(super) async fn pass(&self) {
        let mut open = self.open.subscribe();
        self.came.send_modify(|came| *came += 1);
        let _waiting = Waiting(self);
        // It cannot fail: the sender lives as long as `self`.
        drop(open.wait_for(|open| *open).await);
    }

    /// Waits for ever, as one of those who wait for it to open.
    pub(super) async fn stall(&self) {
        self.came.send_modify(|came| *came += 1);
        let _waiting = Waiting(self);
        std::future::pending::<()>().await;
    }

    /// Opens it for good.
    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until so many came to it, those that are gone meanwhile counted too.
    pub(super) async fn came(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        reach(&self.came, count, within).await.context("replies are held")
    }

    /// Waits until so many went away while they were held.
    pub(super) async fn left(&self, count: usize, within: Duration) -> anyhow::Result<()> {
        reach(&self.left, count, within).await.context("held replies were given up")
    }
}

/// A reply that is held. One that ends while the gate is shut was given up.
struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !*self.0.open.borrow() {
            self.0.left.send_modify(|left| *left += 1);
        }
    }
}

async fn reach(
    counter: &watch::Sender<usize>,
    count: usize,
    within: Duration,
) -> anyhow::Result<()> {
    let mut so_far = counter.subscribe();
    let waited = tokio::time::timeout(within, so_far.wait_for(|it| count <= *it)).await;
    let reached = *counter.borrow();
    waited.with_context(|| format!("{reached} of {count}"))??;
    Ok(())
}
