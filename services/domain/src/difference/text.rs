//! A long text before and after.

use std::fmt;

use similar::{Algorithm, ChangeTag, TextDiff};

/// The most lines that are compared; beyond them, the whole of both is shown.
const LINES_MAX: usize = 5_000;

/// The most words of a changed passage that are compared one by one.
const WORDS_MAX: usize = 4_000;

/// A line of both texts.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it is.
    pub kind: LineKind,
    /// What it says, in pieces; without the line's end.
    pub words: Vec<Word>,
}

/// Where a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Before and after.
    Same,
    /// Before only.
    Removed,
    /// After only.
    Added,
}

/// A piece of a line.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    /// What it says, its spaces included.
    pub text: String,
    /// Whether it is what makes the line another.
    pub changed: bool,
}

/// Every line of both texts, in order: what was removed stands before what was added in its place.
/// The lines that are there before are `before` again, and those after are `after`.
pub fn lines(before: &str, after: &str) -> Vec<Line> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    if LINES_MAX < old.len() + new.len() {
        let removed = old.iter().map(|line| whole(LineKind::Removed, line));
        return removed.chain(new.iter().map(|line| whole(LineKind::Added, line))).collect();
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let mut out = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Delete => removed.push(change.value()),
            ChangeTag::Insert => added.push(change.value()),
            ChangeTag::Equal => {
                passage(&mut removed, &mut added, &mut out);
                out.push(whole(LineKind::Same, change.value()));
            }
        }
    }
    passage(&mut removed, &mut added, &mut out);
    out
}

/// A passage that was replaced, with the words that differ.
fn passage(removed: &mut Vec<&str>, added: &mut Vec<&str>, out: &mut Vec<Line>) {
    let (removed, added) = (std::mem::take(removed), std::mem::take(added));
    let (before, after) = (removed.join("\n"), added.join("\n"));
    let count = before.split_whitespace().count() + after.split_whitespace().count();
    if removed.is_empty() || added.is_empty() || WORDS_MAX < count {
        out.extend(removed.into_iter().map(|line| whole(LineKind::Removed, line)));
        out.extend(added.into_iter().map(|line| whole(LineKind::Added, line)));
        return;
    }
    let (old, new) = (words(&before), words(&after));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let pieces = |not: ChangeTag| {
        let kept = diff.iter_all_changes().filter(move |change| change.tag() != not);
        kept.map(|change| (change.value(), change.tag() != ChangeTag::Equal))
    };
    out.extend(gather(LineKind::Removed, removed.len(), pieces(ChangeTag::Insert)));
    out.extend(gather(LineKind::Added, added.len(), pieces(ChangeTag::Delete)));
}

/// Puts pieces together to lines, and neighbours of one kind to one piece.
fn gather<'a>(
    kind: LineKind,
    count: usize,
    pieces: impl Iterator<Item = (&'a str, bool)>,
) -> Vec<Line> {
    let mut lines = vec![Line { kind, words: Vec::new() }];
    for (text, changed) in pieces {
        if text == "\n" {
            lines.push(Line { kind, words: Vec::new() });
            continue;
        }
        let Some(line) = lines.last_mut() else { continue };
        match line.words.last_mut().filter(|last| last.changed == changed) {
            Some(last) => last.text.push_str(text),
            None => line.words.push(Word { text: text.to_owned(), changed }),
        }
    }
    debug_assert_eq!(lines.len(), count);
    lines
}

/// Words, runs of spaces, and ends of lines, each a piece; together they are the text.
fn words(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        '\n' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first == '\n' {
            1
        } else {
            rest.find(|c| kind(c) != kind(first)).unwrap_or(rest.len())
        };
        let (piece, left) = rest.split_at(end);
        pieces.push(piece);
        rest = left;
    }
    pieces
}

fn whole(kind: LineKind, line: &str) -> Line {
    let changed = kind != LineKind::Same;
    Line { kind, words: vec![Word { text: line.to_owned(), changed }] }
}

/// As a diff is written: `-`, `+` or nothing before the line, and what differs in brackets.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            LineKind::Same => "  ",
            LineKind::Removed => "- ",
            LineKind::Added => "+ ",
        })?;
        for Word { text, changed } in &self.words {
            if *changed { write!(f, "[{text}]")? } else { f.write_str(text)? }
        }
        Ok(())
    }
}

/// What a tenant told its agent does not belong into logs.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({:?}, …)", self.kind)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Word(…, changed: {})", self.changed)
    }
}
