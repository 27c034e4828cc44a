//! Reads mrkdwn. What is not recognized is a text, as it is written.

#[cfg(test)]
mod tests;

/// How far the end of a span is looked for, in bytes: keeps hostile text cheap.
const SPAN_BYTES_MAX: usize = 1_000;

/// How deep one emphasis may stand in another.
const DEPTH_MAX: u8 = 4;

const FENCE: &str = "```";

#[derive(Debug, PartialEq)]
pub(super) enum Block {
    Text(Vec<Span>),
    Quote(Vec<Span>),
    Code(String),
}

#[derive(Debug, PartialEq)]
pub(super) enum Span {
    Text(String),
    Code(String),
    Bold(Vec<Span>),
    Italic(Vec<Span>),
    Struck(Vec<Span>),
    Link { href: String, words: String },
    Mention(String),
}

/// The blocks of a message: fenced code, quotes, and lines of text. Linear in the text's length.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(FENCE) {
        let Some((code, after)) = after.split_once(FENCE) else { break };
        lines(before, &mut out);
        out.push(Block::Code(decode(code.trim_matches('\n'))));
        rest = after;
    }
    lines(rest, &mut out);
    out
}

/// Lines of one kind that follow each other are one block; the page keeps their ends.
fn lines(text: &str, out: &mut Vec<Block>) {
    let text = text.trim_matches('\n');
    let mut lines = text.lines().peekable();
    while let Some(first) = lines.peek() {
        let is_quote = quoted(first).is_some();
        let mut spans = Vec::new();
        while let Some(line) = lines.next_if(|line| quoted(line).is_some() == is_quote) {
            if !spans.is_empty() {
                push_text(&mut spans, "\n");
            }
            spans_of(quoted(line).unwrap_or(line), DEPTH_MAX, &mut spans);
        }
        out.push(if is_quote { Block::Quote(spans) } else { Block::Text(spans) });
    }
}

fn quoted(line: &str) -> Option<&str> {
    let line = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'))?;
    Some(line.strip_prefix(' ').unwrap_or(line))
}

/// Appends what stands in one line.
fn spans_of(line: &str, depth: u8, out: &mut Vec<Span>) {
    let (mut rest, mut before) = (line, None);
    while let Some(c) = rest.chars().next() {
        let found = span(rest, before, depth);
        let len = match found {
            Some((span, len)) => {
                out.push(span);
                len
            }
            None => {
                let (text, len) = one(rest, c);
                push_text(out, text);
                len
            }
        };
        let (done, left) = rest.split_at_checked(len).unwrap_or((rest, ""));
        before = done.chars().next_back();
        rest = left;
    }
}

/// The next character, its escape undone, and the bytes it took.
fn one(rest: &str, c: char) -> (&str, usize) {
    let escapes = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];
    let escape = escapes.into_iter().find(|(written, _)| rest.starts_with(written));
    let plain = || (rest.get(..c.len_utf8()).unwrap_or_default(), c.len_utf8());
    escape.map_or_else(plain, |(written, shown)| (shown, written.len()))
}

fn push_text(out: &mut Vec<Span>, text: &str) {
    match out.last_mut() {
        Some(Span::Text(last)) => last.push_str(text),
        Some(_) | None => out.push(Span::Text(text.to_owned())),
    }
}

/// The span that begins here, and its length in bytes.
fn span(rest: &str, before: Option<char>, depth: u8) -> Option<(Span, usize)> {
    let mark = rest.chars().next()?;
    match mark {
        '<' => entity(rest),
        '`' => {
            let (inner, len) = marked(rest, mark, before)?;
            Some((Span::Code(decode(inner)), len))
        }
        '*' | '_' | '~' => {
            let (inner, len) = marked(rest, mark, before)?;
            let mut spans = Vec::new();
            spans_of(inner, depth.checked_sub(1)?, &mut spans);
            let span = match mark {
                '*' => Span::Bold(spans),
                '_' => Span::Italic(spans),
                _ => Span::Struck(spans),
            };
            Some((span, len))
        }
        _ => None,
    }
}

/// What stands between two marks: they hug it, and no letter hugs them from outside.
fn marked(rest: &str, mark: char, before: Option<char>) -> Option<(&str, usize)> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let inner = rest.strip_prefix(mark)?;
    let inner = inner.get(..inner.floor_char_boundary(SPAN_BYTES_MAX))?;
    if inner.starts_with([' ', mark]) {
        return None;
    }
    let end = inner.match_indices(mark).map(|(at, _)| at).find(|at| {
        let (text, after) = inner.split_at_checked(*at).unwrap_or_default();
        let next = after.chars().nth(1);
        !text.ends_with(' ') && !next.is_some_and(char::is_alphanumeric)
    })?;
    Some((inner.get(..end)?, end.checked_add(2)?))
}

/// `<https://…|words>`, `<@U…>`, `<#C…|name>` or `<!here>`.
fn entity(rest: &str) -> Option<(Span, usize)> {
    let inner = rest.strip_prefix('<')?;
    let inner = inner.get(..inner.floor_char_boundary(SPAN_BYTES_MAX * 4))?;
    let inner = inner.get(..inner.find(['<', '>'])?)?;
    let len = inner.len().checked_add(2)?;
    if !rest.get(..len)?.ends_with('>') {
        return None;
    }
    let (what, words) = inner.split_once('|').map_or((inner, None), |(a, b)| (a, Some(b)));
    let span = if let Some(user) = what.strip_prefix('@') {
        Span::Mention(decode(user))
    } else if let Some(channel) = what.strip_prefix('#') {
        Span::Text(format!("#{}", decode(words.unwrap_or(channel))))
    } else if let Some(everybody) = what.strip_prefix('!') {
        Span::Text(format!("@{}", decode(words.unwrap_or(everybody))))
    } else if ["https://", "http://", "mailto:"].iter().any(|it| what.starts_with(it)) {
        Span::Link { href: decode(what), words: decode(words.unwrap_or(what)) }
    } else {
        return None;
    };
    Some((span, len))
}

fn decode(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
