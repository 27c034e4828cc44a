//! Tables become aligned columns in a code block: Slack's text has none.

/// The widest a column is padded to, in characters.
const WIDTH_MAX: usize = 40;

/// Whether `line` heads a table whose rule is `next`.
pub(super) fn starts(line: &str, next: &str) -> bool {
    let rule = next.trim();
    is_row(line)
        && rule.contains('-')
        && rule.contains('|')
        && rule.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

pub(super) fn is_row(line: &str) -> bool {
    line.contains('|')
}

/// The rows with their columns aligned; the second is the rule.
pub(super) fn render(rows: &[&str]) -> Vec<String> {
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| cells(row)).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().enumerate().filter(|(index, _)| *index != 1);
            let widths = cells.filter_map(|(_, row)| row.get(column)).map(|it| it.chars().count());
            widths.max().unwrap_or_default().min(WIDTH_MAX)
        })
        .collect();
    rows.iter()
        .enumerate()
        .map(|(index, row)| if index == 1 { rule(&widths) } else { line(row, &widths) })
        .collect()
}

fn cells(row: &str) -> Vec<&str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').unwrap_or(row);
    row.split('|').map(str::trim).collect()
}

fn line(row: &[&str], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, &width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
}

fn rule(widths: &[usize]) -> String {
    widths.iter().map(|&width| "-".repeat(width)).collect::<Vec<_>>().join("-|-")
}
