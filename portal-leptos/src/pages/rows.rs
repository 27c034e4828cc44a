//! Rows of a form: `header-name-2` is a field of row 2. A row comes and goes by a button of the form, which
//! is then shown again.

use leptos::prelude::*;
use portal_ui::{Icon, SubmitButton, Variant};

/// The most rows that a form may send.
const ROWS_MAX: usize = 64;

/// What a form has any number of.
pub(crate) trait Row: Default {
    /// What its controls begin with, and what it is called, e.g. `header`.
    const NAMED: &'static str;

    /// A field as it was sent, e.g. `name`.
    fn read(&mut self, field: &str, value: String);
}

/// The control of a field of row `row`.
pub(crate) fn control<R: Row>(field: &str, row: usize) -> String {
    format!("{}-{field}-{row}", R::NAMED)
}

/// Reads a control of a row; any other is passed over.
pub(crate) fn read<R: Row>(rows: &mut Vec<R>, control: &str, value: String) {
    let Some((name, row)) = control.rsplit_once('-') else { return };
    let field = name.strip_prefix(R::NAMED).and_then(|rest| rest.strip_prefix('-'));
    let row = row.parse().ok().filter(|row| *row < ROWS_MAX);
    let (Some(field), Some(row)) = (field, row) else { return };
    if rows.len() <= row {
        rows.resize_with(row + 1, R::default);
    }
    if let Some(it) = rows.get_mut(row) {
        it.read(field, value);
    }
}

/// The row that the pressed button takes away; nothing for another button.
pub(crate) fn removed<R: Row>(pressed: &str) -> Option<usize> {
    pressed.strip_prefix("remove-")?.strip_prefix(R::NAMED)?.strip_prefix('-')?.parse().ok()
}

/// Takes a row away, if it is there.
pub(crate) fn remove<R: Row>(rows: &mut Vec<R>, row: usize) {
    if row < rows.len() {
        rows.remove(row);
    }
}

/// The button that adds a row.
pub(crate) fn adds(value: &'static str, words: &'static str) -> AnyView {
    view! {
        <SubmitButton variant=Variant::Plain dense=true icon=Icon::Plus name="do" value=value>
            {words}
        </SubmitButton>
    }
    .into_any()
}

/// The button that takes row `row` away.
pub(crate) fn removes<R: Row>(row: usize) -> AnyView {
    let value = format!("remove-{}-{row}", R::NAMED);
    let words = format!("Remove {} {}", R::NAMED, row + 1);
    view! {
        <SubmitButton variant=Variant::Quiet dense=true icon=Icon::Trash name="do" value=value>
            {words}
        </SubmitButton>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Line(String);

    impl Row for Line {
        const NAMED: &'static str = "line";

        fn read(&mut self, field: &str, value: String) {
            if field == "text" {
                self.0 = value;
            }
        }
    }

    #[test]
    fn a_row_has_its_own_fields_and_no_others() {
        let mut rows: Vec<Line> = Vec::new();
        for (control, value) in [
            ("line-text-1", "one"),
            ("line-text-x", "no number"),
            ("line-text-64", "too many"),
            ("linetext-3", "no field"),
            ("other-text-9", "another's"),
            ("text", "no row"),
        ] {
            read(&mut rows, control, value.to_owned());
        }
        let texts: Vec<_> = rows.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(texts, ["", "one"]);
        assert_eq!(control::<Line>("text", 1), "line-text-1");
    }

    #[test]
    fn a_row_is_taken_away_by_its_own_button() {
        assert_eq!(removed::<Line>("remove-line-1"), Some(1));
        for pressed in ["remove-line-", "remove-line-x", "remove-other-1", "line-1", "save"] {
            assert_eq!(removed::<Line>(pressed), None, "{pressed}");
        }
        let mut rows = vec![Line("a".to_owned()), Line("b".to_owned())];
        remove(&mut rows, 0);
        remove(&mut rows, 9);
        let texts: Vec<_> = rows.iter().map(|row| row.0.as_str()).collect();
        assert_eq!(texts, ["b"]);
    }
}
