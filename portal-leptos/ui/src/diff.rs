//! Two texts side by side. What differs is found elsewhere; this shows it.

use leptos::prelude::*;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffKind {
    /// It is the same.
    Same,
    /// It reads otherwise.
    Changed,
    /// It is only in the newer text.
    Added,
    /// It is only in the older text.
    Removed,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The words.
    pub text: String,
    /// Whether they differ from the other side's.
    pub changed: bool,
}

impl Span {
    /// Words that are on both sides.
    pub fn same(text: impl Into<String>) -> Self {
        Self { text: text.into(), changed: false }
    }

    /// Words that are on one side only.
    pub fn changed(text: impl Into<String>) -> Self {
        Self { text: text.into(), changed: true }
    }
}

/// A line of the older text and the line of the newer one that answers to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffRow {
    /// What became of it.
    pub kind: DiffKind,
    /// The older line.
    pub left: Vec<Span>,
    /// The newer line.
    pub right: Vec<Span>,
}

/// Two texts side by side: `<del>` and `<ins>`, a minus and a plus, and then colour.
#[component]
pub fn DiffView(
    /// What is compared.
    #[prop(into)]
    caption: String,
    /// The name of the older text.
    #[prop(into)]
    left: String,
    /// The name of the newer text.
    #[prop(into)]
    right: String,
    /// The lines.
    rows: Vec<DiffRow>,
) -> impl IntoView {
    let rows = rows.into_iter().map(row).collect_view();
    view! {
        <div class="table-frame">
            <table class="diff">
                <caption class="visually-hidden">{caption}</caption>
                <thead><tr><th scope="col">{left}</th><th scope="col">{right}</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn row(DiffRow { kind, left, right }: DiffRow) -> impl IntoView {
    let (word, gone, new) = match kind {
        DiffKind::Same => ("same", false, false),
        DiffKind::Changed => ("changed", true, true),
        DiffKind::Added => ("added", false, true),
        DiffKind::Removed => ("removed", true, false),
    };
    let left = left.into_iter().map(|span| {
        if span.changed {
            view! { <del>{span.text}</del> }.into_any()
        } else {
            span.text.into_any()
        }
    });
    let right = right.into_iter().map(|span| {
        if span.changed {
            view! { <ins>{span.text}</ins> }.into_any()
        } else {
            span.text.into_any()
        }
    });
    view! {
        <tr data-kind=word>
            <td class="diff-left" data-sign=gone.then_some("−")>{left.collect_view()}</td>
            <td class="diff-right" data-sign=new.then_some("+")>{right.collect_view()}</td>
        </tr>
    }
}
