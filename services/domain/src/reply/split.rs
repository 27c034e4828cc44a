//! A long reply in parts: cut at a paragraph, else a line, a sentence, a word, a character.

use super::{CUT_NOTE, EMPTY_ANSWER, PARTS_MAX};

const FENCE: &str = "```";
const FENCE_OPEN: &str = "```\n";
const FENCE_CLOSE: &str = "\n```";

/// A cut that leaves a part this much emptier than it could be gives way to a lesser kind of cut.
const FILL_PART: usize = 3;

/// The smallest limit that leaves room for fences, the note of a cut, and some words.
const LIMIT_MIN: usize = 160;

/// Splits mrkdwn into parts of at most `limit` UTF-16 units (160 at the least), at least one and at
/// most [`PARTS_MAX`]. Code fences are closed and opened again; an entity or a link stays whole
/// unless it is longer than a part.
pub fn split(mrkdwn: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(LIMIT_MIN);
    let mut parts = Vec::new();
    let mut rest = Rest { text: mrkdwn.trim(), in_code: false };
    while !rest.text.trim().is_empty() {
        if parts.len() + 1 == PARTS_MAX && limit < rest.len() {
            let (part, _) = rest.cut(limit - len(CUT_NOTE) - 2);
            parts.push(format!("{part}\n\n{CUT_NOTE}"));
            break;
        }
        let (part, left) = rest.cut(limit);
        if has_words(&part) {
            parts.push(part);
        }
        rest = left;
    }
    if parts.is_empty() {
        parts.push(EMPTY_ANSWER.to_owned());
    }
    parts
}

/// What is still to be cut, and whether it starts within code.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a str,
    in_code: bool,
}

/// A place to cut: after that many bytes.
#[derive(Clone, Copy, Default)]
struct Cut {
    at: usize,
    /// UTF-16 units up to there.
    len: usize,
    /// Whether it is within code.
    in_code: bool,
}

/// The last place of each kind that fits.
#[derive(Default)]
struct Cuts {
    paragraph: Cut,
    line: Cut,
    sentence: Cut,
    word: Cut,
    any: Cut,
}

impl Rest<'_> {
    /// What a part takes that holds all of it.
    fn len(&self) -> usize {
        let open = if self.in_code { len(FENCE_OPEN) } else { 0 };
        let close = if self.ends_in_code() { len(FENCE_CLOSE) } else { 0 };
        open + len(self.text) + close
    }

    fn ends_in_code(&self) -> bool {
        self.in_code != (self.text.matches(FENCE).count() % 2 == 1)
    }

    /// The next part, and what is left.
    fn cut(self, limit: usize) -> (String, Self) {
        let open = if self.in_code { FENCE_OPEN } else { "" };
        let cut = if self.len() <= limit {
            Cut { at: self.text.len(), len: 0, in_code: self.ends_in_code() }
        } else {
            self.cuts(limit - len(open) - len(FENCE_CLOSE)).best()
        };
        let (taken, left) = self.text.split_at_checked(cut.at).unwrap_or((self.text, ""));
        if !cut.in_code {
            let left = Self { text: left.trim_start(), in_code: false };
            return (format!("{open}{}", taken.trim_end()), left);
        }
        // Neither part is to show an empty fence: one opened just before the cut goes with what
        // follows, one closed just after it is closed already.
        let taken = taken.strip_suffix('\n').unwrap_or(taken);
        let left = left.strip_prefix('\n').unwrap_or(left);
        let left = match left.strip_prefix(FENCE) {
            Some(after) => Self { text: after.trim_start(), in_code: false },
            None => Self { text: left, in_code: true },
        };
        let part = match taken.strip_suffix(FENCE) {
            Some(before) => format!("{open}{}", before.trim_end()),
            None => format!("{open}{taken}{FENCE_CLOSE}"),
        };
        (part, left)
    }

    /// Looks at each place to cut within `room`.
    fn cuts(&self, room: usize) -> Cuts {
        let mut cuts = Cuts::default();
        let mut here = Cut { in_code: self.in_code, ..Cut::default() };
        let mut before = None;
        while let Some(atom) = atom(self.text.get(here.at..).unwrap_or_default(), room) {
            let units = len(atom);
            if room < here.len + units {
                break;
            }
            let in_code = here.in_code != (atom == FENCE);
            here = Cut { at: here.at + atom.len(), len: here.len + units, in_code };
            cuts.note(here, before, atom);
            before = Some(atom);
        }
        cuts
    }
}

impl Cuts {
    fn note(&mut self, here: Cut, before: Option<&str>, atom: &str) {
        let ended = before.is_some_and(|it| matches!(it, "." | "!" | "?" | "…" | ":"));
        self.any = here;
        match atom {
            "\n" if before == Some("\n") && !here.in_code => self.paragraph = here,
            "\n" => self.line = here,
            " " if ended && !here.in_code => self.sentence = here,
            "。" | "！" | "？" if !here.in_code => self.sentence = here,
            " " | "\t" => self.word = here,
            _ => {}
        }
    }

    /// The best kind that does not waste the part.
    fn best(self) -> Cut {
        let enough = self.any.len / FILL_PART;
        let kinds = [self.paragraph, self.line, self.sentence, self.word];
        kinds.into_iter().find(|cut| 0 < cut.at && enough <= cut.len).unwrap_or(self.any)
    }
}

/// What is never cut apart at the start of a text: a fence, an entity, a link, or one character.
fn atom(text: &str, room: usize) -> Option<&str> {
    let c = text.chars().next()?;
    let one = text.get(..c.len_utf8());
    let whole = match c {
        '`' if text.starts_with(FENCE) => text.get(..FENCE.len()),
        '&' => ["&amp;", "&lt;", "&gt;"].into_iter().find(|it| text.starts_with(it)),
        '<' => {
            let near = text.get(..text.floor_char_boundary(room)).unwrap_or(text);
            near.find(['>', '\n']).and_then(|end| text.get(..=end))
        }
        _ => None,
    };
    whole.filter(|atom| len(atom) <= room).or(one)
}

fn has_words(part: &str) -> bool {
    part.chars().any(|c| !c.is_whitespace() && c != '`')
}

/// As Slack counts, or more: an emoji is two.
fn len(text: &str) -> usize {
    text.encode_utf16().count()
}
