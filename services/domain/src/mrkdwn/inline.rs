//! Emphasis, code, links and escapes within one line.

use super::{escape, escape_char};

/// How far the end of an emphasis or a link is looked for, in bytes: keeps hostile text cheap.
const SPAN_BYTES_MAX: usize = 1_000;

/// How much is looked through for one line, in bytes, and for each of its bytes; then the rest of
/// it is passed on as it is.
const FUEL: usize = 200_000;
const FUEL_PER_BYTE: usize = 64;

/// The longest link, in bytes: it must fit in a part of a reply. A longer one stays text.
const LINK_BYTES_MAX: usize = 2_500;

/// How deep emphasis may stand in emphasis.
const DEPTH_MAX: u8 = 6;

/// What the text already stands in: bold in bold would end it.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    bold: bool,
    italic: bool,
    strike: bool,
    depth: u8,
}

impl Style {
    pub(super) const PLAIN: Self = Self { bold: false, italic: false, strike: false, depth: 0 };
    pub(super) const BOLD: Self = Self { bold: true, ..Self::PLAIN };
}

/// What was recognized at the start of a text: what it becomes, and how many bytes it took.
struct Found {
    out: String,
    len: usize,
}

/// What is left of the looking.
struct Fuel(usize);

impl Fuel {
    /// The text as far as it is looked through for an end.
    fn window<'a>(&mut self, text: &'a str) -> Option<&'a str> {
        let window = text.get(..text.floor_char_boundary(SPAN_BYTES_MAX))?;
        self.0 = self.0.checked_sub(window.len())?;
        Some(window)
    }
}

/// Converts one line.
pub(super) fn convert(text: &str, style: Style) -> String {
    let mut fuel = Fuel(FUEL.saturating_add(text.len().saturating_mul(FUEL_PER_BYTE)));
    convert_with(&mut fuel, text, style)
}

fn convert_with(fuel: &mut Fuel, text: &str, style: Style) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let found = recognize(fuel, rest, before, style);
        let taken = match found {
            Some(found) => {
                out.push_str(&found.out);
                found.len
            }
            None => {
                escape_char(c, &mut out);
                c.len_utf8()
            }
        };
        let (done, left) = rest.split_at_checked(taken.max(c.len_utf8())).unwrap_or((rest, ""));
        before = done.chars().next_back();
        rest = left;
    }
    out
}

fn recognize(fuel: &mut Fuel, rest: &str, before: Option<char>, style: Style) -> Option<Found> {
    match rest.chars().next()? {
        '`' => code(fuel, rest),
        '\\' => backslash(rest),
        '&' => entity(rest),
        '<' => autolink(fuel, rest),
        '[' => link(fuel, rest),
        '!' => rest.strip_prefix('!').and_then(|rest| link(fuel, rest)).map(longer_by_one),
        'h' if before.is_none_or(|c| !c.is_alphanumeric()) => bare_url(rest),
        '*' | '_' | '~' => emphasis(fuel, rest, before, style),
        _ => None,
    }
}

fn longer_by_one(found: Found) -> Found {
    Found { len: found.len + 1, ..found }
}

/// Code ends at a run of as many backticks as it began with. Slack knows one backtick only, so code
/// with a backtick inside is passed on as it is.
fn code(fuel: &mut Fuel, rest: &str) -> Option<Found> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    let mark = rest.get(..ticks)?;
    let inner = fuel.window(rest.get(ticks..)?)?;
    let mut from = 0;
    loop {
        let at = from + inner.get(from..)?.find(mark)?;
        let run = inner.get(at..)?;
        let run = run.len() - run.trim_start_matches('`').len();
        if run == ticks {
            let code = inner.get(..at)?;
            let whole = rest.get(..ticks + at + ticks)?;
            let shown = if code.contains('`') || code.trim().is_empty() {
                escape(whole)
            } else {
                format!("`{}`", escape(code.trim()))
            };
            return Some(Found { out: shown, len: whole.len() });
        }
        from = at + run;
    }
}

/// `\*` is a star that means nothing.
fn backslash(rest: &str) -> Option<Found> {
    let c = rest.chars().nth(1).filter(char::is_ascii_punctuation)?;
    Some(Found { out: escape(c.encode_utf8(&mut [0; 4])), len: 2 })
}

/// The three entities are the same in Markdown and in Slack.
fn entity(rest: &str) -> Option<Found> {
    let entity = ["&amp;", "&lt;", "&gt;"].into_iter().find(|it| rest.starts_with(it))?;
    Some(Found { out: entity.to_owned(), len: entity.len() })
}

/// `<https://example.com>`.
fn autolink(fuel: &mut Fuel, rest: &str) -> Option<Found> {
    let inner = rest.strip_prefix('<')?;
    let end = fuel.window(inner)?.find('>')?;
    let url = url(inner.get(..end)?)?;
    Some(Found { out: format!("<{url}>"), len: end + 2 })
}

/// An address in plain sight: Slack makes a link of it; its underscores are no emphasis.
fn bare_url(rest: &str) -> Option<Found> {
    let known = rest.starts_with("https://") || rest.starts_with("http://");
    let end = rest.find(|c: char| c.is_whitespace() || "<>)*`|\"".contains(c));
    let url = rest.get(..end.unwrap_or(rest.len()))?;
    known.then(|| Found { out: escape(url), len: url.len() })
}

/// `[text](url)` and `[text](url "title")`; a picture's description stands for it.
fn link(fuel: &mut Fuel, rest: &str) -> Option<Found> {
    let inner = rest.strip_prefix('[')?;
    let close = closing(fuel.window(inner)?, '[', ']')?;
    let text = inner.get(..close)?;
    let target = inner.get(close + 1..)?.strip_prefix('(')?;
    let end = closing(fuel.window(target)?, '(', ')')?;
    let target = target.get(..end)?;
    let address = target.split_whitespace().next().unwrap_or_default();
    let title = target.trim().get(address.len()..).unwrap_or_default().trim();
    if !title.is_empty() && !title.starts_with(['"', '\'', '(']) {
        return None;
    }
    let url = url(address.trim_start_matches('<').trim_end_matches('>'))?;
    // A title has no place in Slack; it is kept behind the link, as nothing is to be lost.
    let title = if title.is_empty() { String::new() } else { format!(" {}", escape(title)) };
    // No style can stand in a link, and a bar would end it.
    let label = escape(&text.trim().trim_matches('*').replace('|', "¦"));
    if LINK_BYTES_MAX < url.len() + label.len() {
        return None;
    }
    let out = if label.is_empty() {
        format!("<{url}>{title}")
    } else {
        format!("<{url}|{label}>{title}")
    };
    Some(Found { out, len: close + end + 4 })
}

/// An address that may stand in angle brackets: of a scheme that a person can follow, so that
/// `[x](!channel)` is no link, and without what would end or split the brackets.
fn url(address: &str) -> Option<String> {
    let schemes = ["https://", "http://", "mailto:", "tel:"];
    let lower = address.get(..address.floor_char_boundary(8))?.to_ascii_lowercase();
    let known =
        schemes.iter().any(|scheme| lower.starts_with(scheme) && scheme.len() < address.len());
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>' | '|');
    let url = escape(address);
    (known && url.len() <= LINK_BYTES_MAX && address.chars().all(clean)).then_some(url)
}

/// `**bold**`, `__bold__`, `*italic*`, `_italic_`, `~~struck~~`.
fn emphasis(fuel: &mut Fuel, rest: &str, before: Option<char>, style: Style) -> Option<Found> {
    if DEPTH_MAX <= style.depth {
        return None;
    }
    let deeper = Style { depth: style.depth + 1, ..style };
    let kinds = [
        ("***", "*_", "_*", Style { bold: true, italic: true, ..deeper }),
        ("**", "*", "*", Style { bold: true, ..deeper }),
        ("__", "*", "*", Style { bold: true, ..deeper }),
        ("~~", "~", "~", Style { strike: true, ..deeper }),
        ("*", "_", "_", Style { italic: true, ..deeper }),
        ("_", "_", "_", Style { italic: true, ..deeper }),
    ];
    let (mark, open, close, inner_style) =
        kinds.into_iter().find(|(mark, ..)| rest.starts_with(mark))?;
    let inner = span(fuel, rest, mark, before)?;
    let shown = convert_with(fuel, inner, inner_style);
    let news = (style.bold, style.italic, style.strike)
        != (inner_style.bold, inner_style.italic, inner_style.strike);
    let whole = (mark != "***") || !(style.bold || style.italic);
    let out = if news && whole { format!("{open}{shown}{close}") } else { shown };
    Some(Found { out, len: inner.len() + 2 * mark.len() })
}

/// The text between two marks, if the first can open and the second close: words touch both, and an
/// underscore within a word is just that.
fn span<'a>(fuel: &mut Fuel, rest: &'a str, mark: &str, before: Option<char>) -> Option<&'a str> {
    let inner = rest.strip_prefix(mark)?;
    let sign = mark.chars().next()?;
    let within_words = sign == '_';
    let in_word = within_words && before.is_some_and(char::is_alphanumeric);
    if in_word || inner.starts_with(char::is_whitespace) {
        return None;
    }
    let (mut from, mut in_code, mut nested) = (0, false, false);
    let near = fuel.window(inner)?;
    while let Some(found) = near.get(from..)?.find(sign) {
        let at = from + found;
        let passed = near.get(from..at)?;
        in_code ^= passed.bytes().filter(|byte| *byte == b'`').count() % 2 == 1;
        let left = inner.get(at..)?;
        let after = left.trim_start_matches(sign);
        let run = left.len() - after.len();

        let before = near.get(..at)?.chars().next_back();
        let touches = before.is_some_and(|c| !c.is_whitespace() && c != '\\');
        let in_word = within_words && after.starts_with(char::is_alphanumeric);
        // An outer span may end in the same run as an inner one: `**a *b***`.
        let fits = run == mark.len() || (run == 3 && mark.len() < 3 && nested);
        if touches && fits && !in_word && !in_code {
            return inner.get(..at + (run - mark.len()));
        }
        nested = true;
        from = at + run;
    }
    None
}

/// Where the bracket opened just before the text is closed.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            }
        }
    }
    None
}
