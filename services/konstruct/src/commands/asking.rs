//! What replays and tests have in common where they are asked for: what it can cost, how far it is, and how
//! it ends.

use std::{
    io::{IsTerminal as _, Write as _},
    sync::atomic::{AtomicU64, Ordering},
};

use futures::FutureExt as _;
use replay::{Estimate, Going};
use runtime::shutdown;

use super::confirm::confirm;
use crate::output::Output;

/// So many turns are asked without asking back.
const TURNS_UNASKED_MAX: u32 = 50;

/// How a run goes on until somebody ends this process: calls under way are settled then.
pub(crate) fn going(run: &str, budget_micros: Option<u64>) -> Going<'_> {
    let stop = shutdown::on_signal().cancelled_owned().boxed();
    Going { run, budget_micros, stop }
}

/// Tells a terminal how many are through.
pub(crate) struct Through {
    what: &'static str,
    of: u64,
    many: AtomicU64,
    shown: bool,
}

impl Through {
    pub(crate) fn new(what: &'static str, of: u64, output: Output) -> Self {
        let shown = std::io::stderr().is_terminal() && !output.json;
        Self { what, of, many: AtomicU64::new(0), shown }
    }

    /// One more is.
    pub(crate) fn one(&self) {
        let through = self.many.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown {
            // A terminal that is gone ends nothing.
            _ = write!(std::io::stderr(), "\r{through} of {} {}", self.of, self.what);
        }
    }

    /// What follows begins a line.
    pub(crate) fn end(&self) {
        if self.shown {
            _ = writeln!(std::io::stderr());
        }
    }
}

/// Says what it can cost, and asks back where that is much.
pub(crate) fn ask_back(
    (estimate, what): (&Estimate, &str),
    text: &str,
    yes: bool,
    output: Output,
) -> anyhow::Result<()> {
    if !output.json {
        say(text)?;
    }
    if estimate.turns <= TURNS_UNASKED_MAX {
        return Ok(());
    }
    let most = match estimate.micros_max {
        Some(micros) => format!("at the most {}", dollars(micros)),
        None => "an amount nobody knows".to_owned(),
    };
    confirm(&format!("this asks {} {what}, for {most}", estimate.turns), yes)
}

/// What it takes, in a sentence.
pub(crate) fn estimated(estimate: &Estimate, what: &str) -> String {
    let Estimate { turns, calls_max, micros_max, .. } = estimate;
    let cost = micros_max
        .map_or_else(|| "an amount nobody knows: a model has no price".to_owned(), dollars);
    format!(
        "{turns} {what}, {calls_max} calls to models at the most; they cost at the most {cost}, \
         if none must be made again\n"
    )
}

fn dollars(micros: u64) -> String {
    format!("${}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// For whoever waits; the report alone is on standard output.
pub(crate) fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "{}", text.trim_end())?)
}
