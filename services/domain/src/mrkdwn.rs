//! Standard Markdown, as models write it, into what Slack's `text` shows.
//!
//! Line by line and without a parser's opinions: what is not recognized is passed on as written, so
//! nothing is lost. Everything that Slack could take for a command is escaped, and only links that
//! we make ourselves stand in angle brackets: an answer cannot ping `<!channel>` or `<@U…>`.

mod inline;
mod table;

use inline::Style;

/// A fence of code. Slack knows no language on it and would show one as text.
const FENCE: &str = "```";

/// Converts a whole answer.
pub fn from_markdown(markdown: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(fence) = Fence::opened_by(line) {
            out.push(FENCE.to_owned());
            let code = lines.by_ref().take_while(|line| !fence.closed_by(line));
            out.extend(code.map(code_line));
            out.push(FENCE.to_owned());
        } else if lines.peek().is_some_and(|next| table::starts(line, next)) {
            let mut rows = vec![line];
            while let Some(row) = lines.next_if(|row| table::is_row(row)) {
                rows.push(row);
            }
            out.push(FENCE.to_owned());
            out.extend(table::render(&rows).iter().map(|row| code_line(row)));
            out.push(FENCE.to_owned());
        } else {
            // Only the fences made here may look like one.
            out.push(pull_apart(&text_line(line)));
        }
    }
    out.join("\n")
}

/// Makes plain text safe to stand in mrkdwn.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| escape_char(c, &mut out));
    out
}

fn escape_char(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        other => out.push(other),
    }
}

/// Code as it is; a fence inside would end the fence around it, so it is pulled apart.
fn code_line(line: &str) -> String {
    pull_apart(&escape(line))
}

fn pull_apart(line: &str) -> String {
    line.replace(FENCE, "`\u{200b}`\u{200b}`")
}

fn text_line(line: &str) -> String {
    let body = line.trim_start();
    let indent = line.get(..line.len() - body.len()).unwrap_or_default();
    if let Some(quoted) = body.strip_prefix('>') {
        return format!("> {}", quoted_line(quoted));
    }
    if let Some(title) = heading(body) {
        return format!("{indent}*{}*", inline::convert(title, Style::BOLD));
    }
    if is_rule(body) {
        return format!("{indent}———");
    }
    let item = ["- ", "* ", "+ "].iter().find_map(|bullet| body.strip_prefix(bullet));
    if let Some(item) = item {
        return format!("{indent}• {}", inline::convert(item, Style::PLAIN));
    }
    format!("{indent}{}", inline::convert(body, Style::PLAIN))
}

/// Slack knows one level of quotation: deeper ones are the same.
fn quoted_line(quoted: &str) -> String {
    text_line(quoted.trim_start_matches(['>', ' ']))
}

/// The text of `# A heading #`.
fn heading(body: &str) -> Option<&str> {
    let title = body.trim_start_matches('#');
    let level = body.len() - title.len();
    let is_heading = (1..=6).contains(&level) && title.starts_with(' ');
    let title = title.trim();
    let title = title.trim_end_matches('#').strip_suffix(' ').unwrap_or(title).trim();
    (is_heading && !title.is_empty()).then_some(title)
}

/// `---`, `***`, `___`.
fn is_rule(body: &str) -> bool {
    let body = body.trim_end();
    3 <= body.len() && ['-', '*', '_'].iter().any(|&mark| body.chars().all(|c| c == mark))
}

/// An opened fence: its character and how many of it.
struct Fence {
    mark: char,
    len: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Self> {
        let body = line.trim_start();
        let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let len = body.chars().take_while(|c| *c == mark).count();
        let info = body.get(len..).unwrap_or_default();
        (3 <= len && !info.contains('`')).then_some(Self { mark, len })
    }

    fn closed_by(&self, line: &str) -> bool {
        let body = line.trim();
        self.len <= body.len() && body.chars().all(|c| c == self.mark)
    }
}

#[cfg(test)]
mod tests;
