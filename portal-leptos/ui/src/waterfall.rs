//! Where the time of a message went.

mod layout;

use std::time::Duration;

use leptos::prelude::*;

use crate::{Tone, format};

/// One thing that took time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it was.
    pub label: String,
    /// When it began, in milliseconds after the first.
    pub start_ms: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// How it went.
    pub tone: Tone,
}

/// The stages of a message on one line of time. Long waits in which nothing ran are cut short, and
/// the cut is drawn; the shortest stage can still be seen.
#[component]
pub fn Waterfall(
    /// What is shown.
    #[prop(into)]
    caption: String,
    /// In the order they began.
    stages: Vec<Stage>,
) -> impl IntoView {
    let spans: Vec<_> = stages.iter().map(|it| (it.start_ms, it.took_ms)).collect();
    let layout = layout::lay_out(&spans);
    let cuts = layout.cuts.iter().map(|at| format!("{at:.2}%")).collect::<Vec<_>>();
    let rows = stages.into_iter().zip(layout.bars).map(|(stage, bar)| {
        let cuts = cuts.clone().into_iter().map(|at| {
            view! { <line class="waterfall-cut" x1=at.clone() x2=at y1="0" y2="100%"></line> }
        });
        let took = format::duration(Duration::from_millis(stage.took_ms));
        let began = format::duration(Duration::from_millis(stage.start_ms));
        view! {
            <tr>
                <th scope="row">{stage.label}</th>
                <td class="waterfall-bar">
                    <svg aria-hidden="true" data-tone=stage.tone.word()>
                        {cuts.collect_view()}
                        <rect
                            x=format!("{:.2}%", bar.x)
                            width=format!("{:.2}%", bar.width)
                            y="25%"
                            height="50%"
                            rx="3"
                        ></rect>
                    </svg>
                </td>
                <td data-align="end">{took}</td>
                <td class="meta" data-align="end">{format!("+{began}")}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let note = (!cuts.is_empty()).then(|| {
        view! { <p class="meta waterfall-note">"Dashed lines: a wait in which nothing ran, cut short."</p> }
    });
    view! {
        <div class="waterfall">
            <table>
                <caption class="visually-hidden">{caption}</caption>
                <thead class="visually-hidden">
                    <tr>
                        <th scope="col">"Stage"</th>
                        <th scope="col">"On the line of time"</th>
                        <th scope="col">"Took"</th>
                        <th scope="col">"Began"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {note}
        </div>
    }
}
