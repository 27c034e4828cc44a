//! How far a long look is, for whoever waits at a terminal.

use std::{
    io::{IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// What takes less says nothing.
const SILENT: Duration = Duration::from_secs(1);

/// How often the line is drawn.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// A line on standard error that says how far it is. Nothing where that is no terminal.
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    begun: Instant,
    drawn: Option<Instant>,
    is_watched: bool,
}

impl Progress {
    /// Of `total` things, which are called `what`.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let is_watched = std::io::stderr().is_terminal();
        Self { what, total, begun: Instant::now(), drawn: None, is_watched }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64) {
        let elapsed = self.begun.elapsed();
        let is_fresh = self.drawn.is_some_and(|drawn| drawn.elapsed() < DRAW_EVERY);
        if !self.is_watched || elapsed < SILENT || is_fresh {
            return;
        }
        draw(&line(self.what, (done, self.total), elapsed));
        self.drawn = Some(Instant::now());
    }

    /// So many are left of it.
    pub(crate) fn left(&mut self, left: u64) {
        self.total = self.total.max(left);
        self.at(self.total - left);
    }

    /// Makes room for something else.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            draw("");
        }
    }
}

fn draw(line: &str) {
    // Whoever closed the terminal does not look.
    _ = write!(std::io::stderr().lock(), "\r\u{1b}[K{line}");
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn line(what: &str, (done, total): (u64, u64), elapsed: Duration) -> String {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = done.saturating_mul(1_000) / millis;
    let left = total.saturating_sub(done).checked_div(rate);
    let left = left.map_or_else(|| "no end in sight".to_owned(), |left| format!("{left} s left"));
    format!("{done} of {total} {what}, {rate} a second, {left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let cases = [
            (0, 100, 2_000, "0 of 100 events, 0 a second, no end in sight"),
            (50, 100, 2_000, "50 of 100 events, 25 a second, 2 s left"),
            (100, 100, 1_500, "100 of 100 events, 66 a second, 0 s left"),
            (120, 100, 0, "120 of 100 events, 120000 a second, 0 s left"),
        ];
        for (done, total, millis, want) in cases {
            let elapsed = Duration::from_millis(millis);
            assert_eq!(line("events", (done, total), elapsed), want);
        }
    }
}
