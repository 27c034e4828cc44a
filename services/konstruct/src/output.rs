//! What commands print: a line for people, or JSON for programs.

use std::io::Write as _;

use serde::Serialize;

/// How a command answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// JSON in place of text.
    pub json: bool,
}

impl Output {
    /// Prints `text`, or `value` where JSON was asked for. A closed pipe ends the program quietly.
    pub(crate) fn print(self, text: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let mut stdout = std::io::stdout().lock();
        let written = if self.json {
            let json = serde_json::to_string_pretty(value)?;
            writeln!(stdout, "{json}")
        } else if text.is_empty() {
            Ok(())
        } else {
            writeln!(stdout, "{}", text.trim_end_matches('\n'))
        };
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }
}

/// Columns under each other, two spaces between them.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        let own = header.get(column).map_or(0, |name| name.chars().count());
        cells.max().unwrap_or(0).max(own)
    };
    let widths: Vec<_> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> =
            cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut header.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows =
            [vec!["acme".to_owned(), "Acme Ltd".to_owned()], vec!["b".to_owned(), "Ü".to_owned()]];
        expect_test::expect![[r"
            TENANT  NAME
            acme    Acme Ltd
            b       Ü
        "]]
        .assert_eq(&format!("{}\n", table(&["TENANT", "NAME"], &rows)));
    }
}
