//! A long text before and after, side by side.

use domain::difference::{Effort, Line, LineKind, lines};
use portal_ui::{DiffKind, DiffRow, Span};

/// The rows of both texts. What was removed stands beside what was added in its place. Nothing where that
/// is more than the page has left to spend.
pub(super) fn rows(before: &str, after: &str, effort: &mut Effort) -> Option<Vec<DiffRow>> {
    let mut rows = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for line in lines(before, after, effort)? {
        match line.kind {
            // A removal after an addition begins another passage.
            LineKind::Removed if !added.is_empty() => {
                pair(&mut removed, &mut added, &mut rows);
                removed.push(line);
            }
            LineKind::Removed => removed.push(line),
            LineKind::Added => added.push(line),
            LineKind::Same => {
                pair(&mut removed, &mut added, &mut rows);
                let spans = spans(line);
                rows.push(DiffRow { kind: DiffKind::Same, left: spans.clone(), right: spans });
            }
        }
    }
    pair(&mut removed, &mut added, &mut rows);
    Some(rows)
}

fn pair(removed: &mut Vec<Line>, added: &mut Vec<Line>, rows: &mut Vec<DiffRow>) {
    let (mut removed, mut added) =
        (std::mem::take(removed).into_iter(), std::mem::take(added).into_iter());
    loop {
        let row = match (removed.next(), added.next()) {
            (None, None) => return,
            (Some(old), Some(new)) => {
                DiffRow { kind: DiffKind::Changed, left: spans(old), right: spans(new) }
            }
            (Some(old), None) => {
                DiffRow { kind: DiffKind::Removed, left: spans(old), right: Vec::new() }
            }
            (None, Some(new)) => {
                DiffRow { kind: DiffKind::Added, left: Vec::new(), right: spans(new) }
            }
        };
        rows.push(row);
    }
}

fn spans(line: Line) -> Vec<Span> {
    let span = |word: domain::difference::Word| {
        if word.changed { Span::changed(word.text) } else { Span::same(word.text) }
    };
    line.words.into_iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_stands_beside_what_came_in_its_place() {
        let kinds = |before: &str, after: &str| {
            let rows = rows(before, after, &mut Effort::of_page()).unwrap();
            rows.into_iter().map(|row| row.kind).collect::<Vec<_>>()
        };
        let want = [DiffKind::Same, DiffKind::Changed, DiffKind::Added, DiffKind::Same];
        assert_eq!(kinds("a\nb\nz", "a\nc\nd\nz"), want);
        assert_eq!(kinds("a\nb", "a"), [DiffKind::Same, DiffKind::Removed]);
        assert_eq!(kinds("", "a"), [DiffKind::Added]);
    }
}
