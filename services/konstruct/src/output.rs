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
            writeln!(stdout, "{}", harmless(text.trim_end_matches('\n')))
        };
        match written {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => Ok(written?),
        }
    }

    /// Prints one of many: a line of text, or of JSON. Whether anybody still reads.
    pub(crate) fn line(self, text: &str, value: &impl Serialize) -> anyhow::Result<bool> {
        let line = if self.json { serde_json::to_string(value)? } else { one_line(text) };
        match writeln!(std::io::stdout().lock(), "{line}") {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            written => Ok(written.map(|()| true)?),
        }
    }
}

/// How many bytes that is, for people: `3.4 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = units.into_iter().find(|(_, one)| *one <= bytes);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, one)| {
            let tenths = bytes.saturating_mul(10) / one;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        },
    )
}

/// One line of text: what would break it, tell a terminal something or turn words around is left out.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(is_hidden, " ")
}

/// Lines of text: what would tell a terminal something or turn words around is left out.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(|c: char| is_hidden(c) && !matches!(c, '\n' | '\t'), " ")
}

/// Whether a terminal obeys it and shows nothing; bidirectional controls make words read as others.
fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Columns under each other, two spaces between them.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let clean = |row: &Vec<String>| row.iter().map(|cell| one_line(cell)).collect::<Vec<_>>();
    let rows: Vec<_> = rows.iter().map(clean).collect();
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
    fn bytes_are_said_in_the_largest_unit_of_which_there_is_one() {
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (3_565_158, "3.3 MiB"),
            (8 << 30, "8.0 GiB"),
            (u64::MAX, "1717986918.3 GiB"),
        ];
        for (count, want) in cases {
            assert_eq!(bytes(count), want);
        }
    }

    #[test]
    fn a_line_tells_the_terminal_nothing() {
        assert_eq!(one_line("a\u{1b}[2Jb\nc"), "a [2Jb c");
    }

    #[test]
    fn lines_tell_the_terminal_nothing_and_stay_lines() {
        let hostile = "a\u{1b}]52;c;x\u{7}\n\tb\u{9b}31m\r";
        assert_eq!(harmless(hostile), "a ]52;c;x \n\tb 31m ");
        let rows = [vec!["a\nb".to_owned(), "\u{1b}[2J".to_owned()]];
        assert_eq!(table(&["X", "Y"], &rows), "X    Y\na b   [2J");
    }

    #[test]
    fn nothing_turns_words_around() {
        let hostile = "pay\u{202e}drol\u{202c} \u{2066}x\u{2069}";
        assert_eq!(one_line(hostile), "pay drol   x ");
        assert_eq!(harmless(hostile), "pay drol   x ");
        for turns in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            assert_eq!(one_line(&format!("a{turns}b")), "a b", "{turns:?}");
        }
        // Letters that are written from right to left are letters.
        assert_eq!(one_line("שלום"), "שלום");
    }

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
