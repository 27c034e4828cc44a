//! Where each bar stands, in percent of the width.

#![expect(clippy::cast_precision_loss, reason = "a pixel is coarser than any rounding here")]

/// A wait longer than this part of all the time something ran is cut short.
const WAIT_MAX: f64 = 0.5;
/// What a cut wait keeps, as a part of the time something ran.
const CUT: f64 = 0.08;
/// The narrowest bar, in percent.
const WIDTH_MIN: f64 = 0.75;

/// A bar, in percent of the width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) x: f64,
    pub(super) width: f64,
}

/// The bars in the order given, and the middles of the waits that were cut.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) bars: Vec<Bar>,
    pub(super) cuts: Vec<f64>,
}

/// A wait: where it begins and ends, and what it keeps.
struct Wait {
    from: u64,
    to: u64,
    keeps: f64,
}

/// Lays out spans of `(start, took)`.
pub(super) fn lay_out(spans: &[(u64, u64)]) -> Layout {
    let first = spans.iter().map(|(start, _)| *start).min().unwrap_or(0);
    let waits = waits(spans, first);
    let place = |at: u64| {
        let spared: f64 = waits
            .iter()
            .map(|wait| {
                let inside = at.clamp(wait.from, wait.to) - wait.from;
                let all = (wait.to - wait.from) as f64;
                inside as f64 * (1.0 - wait.keeps / all)
            })
            .sum();
        at.saturating_sub(first) as f64 - spared
    };
    let end = |(start, took): &(u64, u64)| start.saturating_add(*took);
    let total = place(spans.iter().map(end).max().unwrap_or(0)).max(1.0);
    let percent = |at: u64| place(at) / total * 100.0;
    let bars = spans.iter().map(|span| {
        let width = (percent(end(span)) - percent(span.0)).max(WIDTH_MIN);
        Bar { x: percent(span.0).min(100.0 - width), width }
    });
    let cuts = waits.iter().map(|wait| f64::midpoint(percent(wait.from), percent(wait.to)));
    Layout { bars: bars.collect(), cuts: cuts.collect() }
}

/// The waits that are too long to draw.
fn waits(spans: &[(u64, u64)], first: u64) -> Vec<Wait> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let mut gaps = Vec::new();
    let (mut busy_to, mut ran) = (first, 0);
    for (start, took) in sorted {
        if busy_to < start {
            gaps.push((busy_to, start));
        }
        let end = start.saturating_add(took);
        ran += end.saturating_sub(start.max(busy_to));
        busy_to = busy_to.max(end);
    }
    let ran = (ran as f64).max(1.0);
    let long = |(from, to): &(u64, u64)| (to - from) as f64 > ran * WAIT_MAX;
    let cut = |(from, to)| Wait { from, to, keeps: ran * CUT };
    gaps.into_iter().filter(long).map(cut).collect()
}

#[cfg(test)]
mod tests;
