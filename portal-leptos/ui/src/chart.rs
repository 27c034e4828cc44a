//! Charts, drawn on the server. The plot is in percent of its width, so that letters and strokes keep
//! their size; colour never stands alone: lines have marks and dashes, bars have patterns.

mod scale;

use leptos::prelude::*;

use crate::format;

/// The most series a chart can tell apart.
const SERIES_MAX: usize = 6;

/// One line or one colour of bars.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What it counts.
    pub label: String,
    /// A value for each label of the chart.
    pub values: Vec<u64>,
}

/// A small line without axes, for a cell. The number stands beside it.
#[component]
pub fn Sparkline(
    /// What it shows, in words.
    #[prop(into)]
    label: String,
    /// The values, oldest first.
    values: Vec<u64>,
) -> impl IntoView {
    let top = values.iter().copied().max().unwrap_or(0).max(1);
    let points = scale::points(&values, top);
    view! {
        <svg class="sparkline" viewBox="0 -4 100 108" preserveAspectRatio="none" role="img" aria-label=label>
            <polyline points=scale::polyline(&points)></polyline>
        </svg>
    }
}

/// How values went over time, as lines.
#[component]
pub fn Lines(
    /// What is shown, in words.
    #[prop(into)]
    title: String,
    /// Under the plot, e.g. days.
    labels: Vec<String>,
    /// At most six.
    series: Vec<Series>,
    /// How a value is written.
    #[prop(default = format::short_count)]
    write: fn(u64) -> String,
) -> impl IntoView {
    let top = scale::top(series.iter().flat_map(|it| it.values.iter().copied()));
    let drawn = series.iter().take(SERIES_MAX).enumerate().map(|(at, series)| {
        let points = scale::points(&series.values, top);
        let marks = points.iter().map(|(x, y)| {
            view! {
                <svg class="mark" x=scale::percent(*x) y=scale::percent(*y)>
                    <path d=MARKS.get(at).copied()></path>
                </svg>
            }
        });
        let marks = (points.len() <= 16).then(|| marks.collect_view());
        view! {
            <g data-series=at + 1>
                <svg viewBox="0 0 100 100" preserveAspectRatio="none" width="100%" height="100%">
                    <polyline points=scale::polyline(&points)></polyline>
                </svg>
                {marks}
            </g>
        }
    });
    let drawn = drawn.collect_view().into_any();
    frame(title, labels, series, top, write, drawn, false)
}

/// Values beside each other, as bars that are stacked.
#[component]
pub fn Bars(
    /// What is shown, in words.
    #[prop(into)]
    title: String,
    /// Under the bars, e.g. days.
    labels: Vec<String>,
    /// At most six, the first at the bottom.
    series: Vec<Series>,
    /// How a value is written.
    #[prop(default = format::short_count)]
    write: fn(u64) -> String,
) -> impl IntoView {
    let columns =
        scale::stacks(series.iter().take(SERIES_MAX).map(|it| it.values.as_slice()), labels.len());
    let top = scale::top(columns.iter().map(|column| column.iter().sum()));
    let drawn = scale::bars(&columns, top).into_iter().map(|bar| {
        view! {
            <rect
                data-series=bar.series + 1
                x=scale::percent(bar.x)
                y=scale::percent(bar.y)
                width=scale::percent(bar.width)
                height=scale::percent(bar.height)
            ></rect>
        }
    });
    let drawn = drawn.collect_view().into_any();
    frame(title, labels, series, top, write, drawn, true)
}

/// Shapes that tell lines apart, eight by eight around the point.
const MARKS: [&str; SERIES_MAX] = [
    "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0z",
    "M-3-3h6v6h-6z",
    "M0-4L4 3H-4z",
    "M0-4L4 0L0 4L-4 0z",
    "M0 4L4-3H-4z",
    "M-1-4h2v3h3v2H1v3h-2V1h-3v-2h3z",
];

/// Axes, legend and table around a plot.
#[expect(clippy::too_many_arguments, reason = "the parts of a chart")]
fn frame(
    title: String,
    labels: Vec<String>,
    series: Vec<Series>,
    top: u64,
    write: fn(u64) -> String,
    drawn: AnyView,
    columns: bool,
) -> impl IntoView {
    let ticks = (0..=4).rev().map(|step| view! { <li>{write(top / 4 * step)}</li> }).collect_view();
    let grid = (0..=4).map(|step| {
        let y = scale::percent(f64::from(step) * 25.0);
        view! { <line class="chart-grid" x1="0" x2="100%" y1=y.clone() y2=y></line> }
    });
    let shown = scale::label_places(labels.len(), columns).into_iter().filter_map(|(at, x)| {
        let label = labels.get(at)?.clone();
        let anchor = if x < 1.0 {
            "start"
        } else if x > 99.0 {
            "end"
        } else {
            "middle"
        };
        Some(view! { <text x=scale::percent(x) y="16" text-anchor=anchor>{label}</text> })
    });
    let shown = shown.collect_view();
    let legend = series.iter().take(SERIES_MAX).enumerate().map(|(at, series)| {
        view! {
            <li>
                <svg class="swatch" viewBox="-6 -6 12 12" aria-hidden="true" data-series=at + 1>
                    <path d=MARKS.get(at).copied()></path>
                </svg>
                {series.label.clone()}
            </li>
        }
    });
    let legend = legend.collect_view();
    let table = numbers(&title, &labels, &series, write);
    view! {
        <figure class="chart">
            <figcaption class="visually-hidden">{title.clone()}</figcaption>
            <ul class="legend">{legend}</ul>
            <div class="plot">
                <ol class="plot-ticks" aria-hidden="true">{ticks}</ol>
                <svg class="plot-area" role="img" aria-label=title>{grid.collect_view()}{drawn}</svg>
                <svg class="plot-labels" aria-hidden="true">{shown}</svg>
            </div>
            <details class="chart-table"><summary>"Show as a table"</summary>{table}</details>
        </figure>
    }
}

/// The same numbers, to read.
fn numbers(
    title: &str,
    labels: &[String],
    series: &[Series],
    write: fn(u64) -> String,
) -> impl IntoView + use<> {
    let heads =
        series.iter().map(|it| view! { <th scope="col" data-align="end">{it.label.clone()}</th> });
    let rows = labels.iter().enumerate().map(|(at, label)| {
        let cells = series.iter().map(|series| {
            let value = series.values.get(at).copied().map(write);
            view! { <td data-align="end" data-label=series.label.clone()>{value}</td> }
        });
        view! { <tr><th scope="row">{label.clone()}</th>{cells.collect_view()}</tr> }
    });
    view! {
        <table class="table">
            <caption class="visually-hidden">{title.to_owned()}</caption>
            <thead>
                <tr><td></td>{heads.collect_view()}</tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}
