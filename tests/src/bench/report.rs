//! What was measured, as JSON and as a table.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

/// How wide sentences are.
const WIDTH: usize = 96;

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Where.
    pub(crate) machine: Machine,
    /// What.
    pub(crate) groups: Vec<Group>,
    /// Bounds that were not kept, a sentence each. A run that has any fails.
    pub(crate) broken: Vec<String>,
}

/// Where it was measured, and with what.
#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) at: String,
    pub(crate) commit: String,
    pub(crate) profile: &'static str,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) load_before: String,
    pub(crate) nats: String,
    pub(crate) postgres: String,
    pub(crate) fsync: String,
    pub(crate) synchronous_commit: String,
}

/// Figures of the same work.
#[derive(Serialize)]
pub(crate) struct Group {
    pub(crate) title: String,
    /// What was done, in a sentence.
    pub(crate) work: String,
    pub(crate) figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) ratio: Option<Ratio>,
}

/// A figure in relation to another of the same run.
#[derive(Clone, Serialize)]
pub(crate) struct Ratio {
    pub(crate) value: f64,
    /// The other.
    pub(crate) to: String,
}

impl Group {
    pub(crate) fn new(title: impl Into<String>, work: impl Into<String>) -> Self {
        Self { title: title.into(), work: work.into(), figures: Vec::new() }
    }

    pub(crate) fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit, ratio: None });
    }

    /// Adds a figure and what it is as a part, or a multiple, of `other`.
    pub(crate) fn compare(
        &mut self,
        name: impl Into<String>,
        (value, unit): (f64, &'static str),
        (other, to): (f64, &str),
    ) {
        let ratio = Some(Ratio { value: ratio(value, other), to: to.to_owned() });
        self.figures.push(Figure { name: name.into(), value, unit, ratio });
    }
}

impl Report {
    /// For people.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        self.write(&mut text).ok();
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let it = &self.machine;
        writeln!(text, "{}, commit {}, {} build", it.at, it.commit, it.profile)?;
        writeln!(text, "{} cores of {}", it.cores, it.processor)?;
        writeln!(text, "load average before: {}", it.load_before)?;
        let postgres = (&it.postgres, &it.fsync, &it.synchronous_commit);
        writeln!(
            text,
            "NATS {}, its own sync_interval; PostgreSQL {}, fsync {}, synchronous_commit {}",
            it.nats, postgres.0, postgres.1, postgres.2
        )?;
        for group in &self.groups {
            write!(text, "\n{}", group.title)?;
            wrapped(text, &group.work)?;
            for figure in &group.figures {
                let Figure { name, value, unit, .. } = figure;
                write!(text, "  {name:<50} {value:>8.*} {unit:<4}", digits(*value))?;
                if let Some(Ratio { value, to }) = &figure.ratio {
                    write!(text, " {value:>8.3} x {to}")?;
                }
                writeln!(text)?;
            }
        }
        for broken in &self.broken {
            write!(text, "\nNOT KEPT")?;
            wrapped(text, broken)?;
        }
        Ok(())
    }
}

/// Words in lines of a width that fits, after a line that has begun.
fn wrapped(text: &mut String, words: &str) -> std::fmt::Result {
    let mut room = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count() + 1;
        if room < width {
            write!(text, "\n ")?;
            room = WIDTH;
        }
        write!(text, " {word}")?;
        room = room.saturating_sub(width);
    }
    writeln!(text)
}

fn digits(value: f64) -> usize {
    if value < 100.0 && value.fract() != 0.0 { 2 } else { 0 }
}

/// A part of nothing is nothing.
pub(crate) fn ratio(value: f64, of: f64) -> f64 {
    if of == 0.0 { 0.0 } else { value / of }
}

/// Adds what these took, sorted here, each percentile as a multiple of `base`.
pub(crate) fn percentiles(
    group: &mut Group,
    name: &str,
    mut took: Vec<Duration>,
    base: (f64, &str),
    percents: &[usize],
) {
    took.sort_unstable();
    for percent in percents {
        let at = millis(percentile(&took, *percent));
        group.compare(format!("{name}, p{percent}"), (at, "ms"), base);
    }
}

/// So many in that time, a second.
pub(crate) fn rate(count: usize, took: Duration) -> f64 {
    ratio(float(count), took.as_secs_f64())
}

/// Counts here are far below where an `f64` is not exact.
pub(crate) fn float(count: usize) -> f64 {
    let (high, low) = (count >> 32, count & 0xffff_ffff);
    let exact = |part: usize| u32::try_from(part).map_or(f64::INFINITY, f64::from);
    exact(high) * 4_294_967_296.0 + exact(low)
}

pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// The smallest that at least so many percent are not above, of a sorted list.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}
