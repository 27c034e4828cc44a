//! Where values stand in a plot, in percent.

#![expect(clippy::cast_precision_loss, reason = "a pixel is coarser than any rounding here")]

/// A bar, or a part of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) series: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// As an attribute.
pub(super) fn percent(at: f64) -> String {
    format!("{at:.2}%")
}

/// The top of the axis: four steps of 1, 2, 3 or 5 with zeros, the least that hold every value.
pub(super) fn top(values: impl Iterator<Item = u64>) -> u64 {
    let most = values.max().unwrap_or(0).max(4);
    let mut unit = 1_u64;
    loop {
        for step in [1, 2, 3, 5] {
            let top = unit.saturating_mul(step * 4);
            if most <= top {
                return top;
            }
        }
        let Some(next) = unit.checked_mul(10) else { return u64::MAX };
        unit = next;
    }
}

/// The points of a line.
pub(super) fn points(values: &[u64], top: u64) -> Vec<(f64, f64)> {
    let last = values.len().saturating_sub(1).max(1) as f64;
    let point = |(at, value): (usize, &u64)| {
        (at as f64 / last * 100.0, 100.0 - *value as f64 / top.max(1) as f64 * 100.0)
    };
    values.iter().enumerate().map(point).collect()
}

/// As an attribute.
pub(super) fn polyline(points: &[(f64, f64)]) -> String {
    let words: Vec<_> = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
    words.join(" ")
}

/// The values of each column, in the order of the series; what is missing is nothing.
pub(super) fn stacks<'a>(series: impl Iterator<Item = &'a [u64]>, columns: usize) -> Vec<Vec<u64>> {
    let series: Vec<_> = series.collect();
    let column = |at: usize| series.iter().map(|it| it.get(at).copied().unwrap_or(0)).collect();
    (0..columns).map(column).collect()
}

/// Bars with a gap of a third of a column between them.
pub(super) fn bars(columns: &[Vec<u64>], top: u64) -> Vec<Bar> {
    let slot = 100.0 / columns.len().max(1) as f64;
    let (width, top) = (slot * 0.66, top.max(1) as f64);
    let mut bars = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let mut y = 100.0;
        for (series, value) in column.iter().enumerate().filter(|(_, value)| **value > 0) {
            let height = *value as f64 / top * 100.0;
            y -= height;
            bars.push(Bar { series, x: slot * at as f64 + slot * 0.17, y, width, height });
        }
    }
    bars
}

/// Which labels to write and where: at most four, so that they fit on a narrow screen.
pub(super) fn label_places(count: usize, columns: bool) -> Vec<(usize, f64)> {
    let every = count.div_ceil(4).max(1);
    let place = |at: usize| {
        if columns {
            (at as f64 + 0.5) / count as f64 * 100.0
        } else {
            at as f64 / count.saturating_sub(1).max(1) as f64 * 100.0
        }
    };
    (0..count).step_by(every).map(|at| (at, place(at))).collect()
}

#[cfg(test)]
mod tests;
