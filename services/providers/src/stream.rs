//! Text as it comes, for callers who show an answer before it is whole.

use std::fmt;

/// What a caller of [`crate::Router::stream`] is shown of an answer in the making.
#[derive(Clone, PartialEq, Eq)]
pub enum Delta {
    /// More text, right behind what was shown.
    Text(String),
    /// What was shown is void: its attempt broke, and another one starts anew.
    Restart,
}

/// Who watches answers being made.
pub(crate) trait Watch: Send {
    /// The text of this attempt so far. It only grows.
    fn so_far(&mut self, text: &str);
    /// This attempt is void, and another one follows. Whether anything was shown of it.
    fn anew(&mut self) -> bool;
}

/// For callers who want whole answers only.
pub(crate) struct Nobody;

impl Watch for Nobody {
    fn so_far(&mut self, _text: &str) {}

    fn anew(&mut self) -> bool {
        false
    }
}

/// Hands on what is new.
pub(crate) struct Watcher<F> {
    on: F,
    /// How much of this attempt's text was shown, in bytes.
    shown: usize,
}

impl<F> Watcher<F> {
    pub(crate) fn new(on: F) -> Self {
        Self { on, shown: 0 }
    }
}

impl<F: FnMut(Delta) + Send> Watch for Watcher<F> {
    fn so_far(&mut self, text: &str) {
        if let Some(new) = text.get(self.shown..).filter(|new| !new.is_empty()) {
            self.shown = text.len();
            (self.on)(Delta::Text(new.to_owned()));
        }
    }

    fn anew(&mut self) -> bool {
        let is_void = 0 < std::mem::take(&mut self.shown);
        if is_void {
            (self.on)(Delta::Restart);
        }
        is_void
    }
}

/// Nobody's words reach a log through `{:?}`.
impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Delta::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Delta::Restart => f.write_str("Restart"),
        }
    }
}
