//! Two configurations side by side, and whatever else has fields.

use domain::{
    config::OpenConfig,
    difference::{Effort, FieldChange, Line, LineKind, lines, lines_apart, of_config},
};
use leptos::prelude::*;
use portal_ui::{DiffKind, DiffRow, DiffView, Span};

use super::parts::label;

/// Every field that differs, the older text on the left. Nothing where nothing does.
pub(super) fn side_by_side(
    (left, before): (&str, Option<&OpenConfig>),
    (right, after): (&str, &OpenConfig),
) -> Option<AnyView> {
    sections((left, right), of_config(before, after), label)
}

/// The same of whatever differs, by the name that `label` gives a field.
pub(crate) fn sections(
    (left, right): (&str, &str),
    changes: Vec<FieldChange>,
    label: fn(&str) -> &'static str,
) -> Option<AnyView> {
    if changes.is_empty() {
        return None;
    }
    let mut effort = Effort::of_page();
    let parts = changes.into_iter().map(|change| {
        let label = label(change.field);
        let (left, right) = (left.to_owned(), right.to_owned());
        let rows = rows(&change, &mut effort);
        view! {
            <section class="stack" data-gap="small">
                <h3>{label}</h3>
                <DiffView caption=format!("{label}, {left} and {right}") left right rows />
            </section>
        }
    });
    Some(view! { <div class="stack">{parts.collect_view()}</div> }.into_any())
}

/// The lines of a field that differs; beyond what a page may take, side by side without a comparison.
pub(crate) fn rows(change: &FieldChange, effort: &mut Effort) -> Vec<DiffRow> {
    let before = change.before.as_deref().unwrap_or_default();
    if change.long {
        let lines = lines(before, &change.after, effort);
        return paired(lines.unwrap_or_else(|| lines_apart(before, &change.after)));
    }
    let kind = match (before.is_empty(), change.after.is_empty()) {
        (true, false) => DiffKind::Added,
        (false, true) => DiffKind::Removed,
        (true, true) | (false, false) => DiffKind::Changed,
    };
    let side = |text: &str| match text {
        "" => Vec::new(),
        text => vec![Span::changed(text)],
    };
    vec![DiffRow { kind, left: side(before), right: side(&change.after) }]
}

/// What was removed stands beside what was added in its place.
fn paired(lines: Vec<Line>) -> Vec<DiffRow> {
    let mut rows = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for line in lines {
        let spans: Vec<_> = line
            .words
            .into_iter()
            .map(|word| Span { text: word.text, changed: word.changed })
            .collect();
        match line.kind {
            LineKind::Removed if !added.is_empty() => {
                flush(&mut removed, &mut added, &mut rows);
                removed.push(spans);
            }
            LineKind::Removed => removed.push(spans),
            LineKind::Added => added.push(spans),
            LineKind::Same => {
                flush(&mut removed, &mut added, &mut rows);
                rows.push(DiffRow { kind: DiffKind::Same, left: spans.clone(), right: spans });
            }
        }
    }
    flush(&mut removed, &mut added, &mut rows);
    rows
}

fn flush(removed: &mut Vec<Vec<Span>>, added: &mut Vec<Vec<Span>>, rows: &mut Vec<DiffRow>) {
    let mut added = std::mem::take(added).into_iter();
    for left in std::mem::take(removed) {
        let row = match added.next() {
            Some(right) => DiffRow { kind: DiffKind::Changed, left, right },
            None => DiffRow { kind: DiffKind::Removed, left, right: Vec::new() },
        };
        rows.push(row);
    }
    rows.extend(added.map(|right| DiffRow { kind: DiffKind::Added, left: Vec::new(), right }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(spans: &[Span]) -> String {
        spans.iter().map(|span| span.text.as_str()).collect()
    }

    #[test]
    fn what_was_removed_stands_beside_what_came_in_its_place() {
        let change = FieldChange {
            field: "persona",
            before: Some("Hello.\nBe warm.\nBye.".to_owned()),
            after: "Hello.\nBe brief.\nAsk first.\nBye.".to_owned(),
            long: true,
        };
        let rows = rows(&change, &mut Effort::of_page());
        let shown: Vec<_> =
            rows.iter().map(|row| (row.kind, text(&row.left), text(&row.right))).collect();
        let want = [
            (DiffKind::Same, "Hello.", "Hello."),
            (DiffKind::Changed, "Be warm.", "Be brief."),
            (DiffKind::Added, "", "Ask first."),
            (DiffKind::Same, "Bye.", "Bye."),
        ];
        let want = want.map(|(kind, left, right)| (kind, left.to_owned(), right.to_owned()));
        assert_eq!(shown, want);
    }

    #[test]
    fn a_short_field_that_came_is_on_the_right_alone() {
        let change = FieldChange {
            field: "role",
            before: Some(String::new()),
            after: "Support lead".to_owned(),
            long: false,
        };
        let [row] = &rows(&change, &mut Effort::of_page())[..] else { panic!("one line") };
        assert_eq!((row.kind, row.left.len()), (DiffKind::Added, 0));
        assert_eq!(text(&row.right), "Support lead");
    }
}
