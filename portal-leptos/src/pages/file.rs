//! Files to take along.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// To read.
    Markdown,
}

/// A file to keep, under that name.
pub(crate) fn file(name: &str, kind: Kind, body: String) -> Response {
    let (end, of) = match kind {
        Kind::Csv => ("csv", "text/csv; charset=utf-8"),
        Kind::Json => ("json", "application/json"),
        Kind::Markdown => ("md", "text/markdown; charset=utf-8"),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(of));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{end}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// A line of CSV.
pub(crate) fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<_> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

/// In quotes. What a spreadsheet would take for a formula gets an apostrophe, and stays a text.
pub(crate) fn cell(text: &str) -> String {
    let first = text.trim_start_matches([' ', '\u{a0}']).chars().next();
    let is_formula = first.is_some_and(|it| "=+-@\t\r\n＝＋－＠".contains(it));
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_no_text_ends_its_cell() {
        let cases = [
            (vec!["Acme", ""], "\"Acme\",\"\"\r\n"),
            (vec!["=1+1"], "\"'=1+1\"\r\n"),
            (vec!["  @SUM(A1)"], "\"'  @SUM(A1)\"\r\n"),
            (vec!["＝1", "a \"b\", c"], "\"'＝1\",\"a \"\"b\"\", c\"\r\n"),
        ];
        for (cells, want) in cases {
            assert_eq!(line(cells), want);
        }
    }
}
