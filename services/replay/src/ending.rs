//! How runs are told to end before they are through: no call to a model begins after the first word, and
//! those under way are cut off at the second.

use std::sync::{Mutex, PoisonError};

use futures::{
    FutureExt as _,
    channel::oneshot,
    future::{BoxFuture, Shared},
};

/// Comes once, and has come for whoever asks later.
type Sign = Shared<BoxFuture<'static, ()>>;

/// What a run hears of its end. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StopSign {
    enough: Sign,
    cut: Sign,
}

impl StopSign {
    /// When it comes, nothing more is asked, and calls under way are cut off.
    pub fn at_once(stop: BoxFuture<'static, ()>) -> Self {
        let stop = stop.shared();
        Self { enough: stop.clone(), cut: stop }
    }

    /// Whether no other call may begin.
    pub(crate) fn is_enough(&self) -> bool {
        self.enough.clone().now_or_never().is_some()
    }

    /// Comes when calls under way are to be cut off.
    pub(crate) async fn cut(&self) {
        self.cut.clone().await;
    }
}

/// Where all runs of a process are told.
#[derive(Debug)]
pub(crate) struct Ending {
    enough: Bell,
    cut: Bell,
}

impl Default for Ending {
    fn default() -> Self {
        Self { enough: Bell::new(), cut: Bell::new() }
    }
}

impl Ending {
    /// What a run hears of it.
    pub(crate) fn sign(&self) -> StopSign {
        StopSign { enough: self.enough.sign.clone(), cut: self.cut.sign.clone() }
    }

    /// No other call begins.
    pub(crate) fn enough(&self) {
        self.enough.ring();
    }

    /// Calls under way are cut off.
    pub(crate) fn cut(&self) {
        self.cut.ring();
    }
}

/// Rings once.
#[derive(Debug)]
struct Bell {
    rope: Mutex<Option<oneshot::Sender<()>>>,
    sign: Sign,
}

impl Bell {
    fn new() -> Self {
        let (rope, rung) = oneshot::channel::<()>();
        Self { rope: Mutex::new(Some(rope)), sign: rung.map(drop).boxed().shared() }
    }

    /// A sender that is gone is heard.
    fn ring(&self) {
        drop(self.rope.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Heard here first, so that nobody who asks from now on meets another who is just hearing it.
        _ = self.sign.clone().now_or_never();
    }
}

#[cfg(test)]
mod tests {
    use futures::future::pending;

    use super::*;

    fn is_cut(sign: &StopSign) -> bool {
        sign.cut().now_or_never().is_some()
    }

    #[test]
    fn no_call_begins_after_the_first_word_and_those_under_way_have_until_the_second() {
        let ending = Ending::default();
        let sign = ending.sign();
        assert!(!sign.is_enough() && !is_cut(&sign));
        ending.enough();
        assert!(sign.is_enough() && !is_cut(&sign));
        // Whoever comes later hears the same, and who says it again changes nothing.
        ending.enough();
        assert!(ending.sign().is_enough() && !is_cut(&ending.sign()));
        ending.cut();
        assert!(sign.is_enough() && is_cut(&sign) && is_cut(&ending.sign()));
    }

    #[test]
    fn who_stops_at_once_waits_for_no_call() {
        let never = StopSign::at_once(pending().boxed());
        assert!(!never.is_enough() && !is_cut(&never));
        let (stop, stopped) = oneshot::channel::<()>();
        let sign = StopSign::at_once(stopped.map(drop).boxed());
        assert!(!sign.is_enough());
        drop(stop);
        assert!(sign.is_enough() && is_cut(&sign));
    }
}
