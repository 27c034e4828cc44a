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

/// How much may be compared for one page, however many texts it has: whoever wrote them chose how hard
/// they are to compare.
#[derive(Debug)]
pub struct Effort(u64);

impl Effort {
    /// What one page may take: less than a second.
    const PAGE: u64 = 300_000_000;

    /// What a byte takes, and a line, to be shown.
    const BYTE: u64 = 50;
    /// See [`Self::BYTE`].
    const LINE: u64 = 2_000;

    /// All that a page has.
    pub const fn of_page() -> Self {
        Self(Self::PAGE)
    }

    /// Takes as much, if it is there.
    fn spend(&mut self, cost: u64) -> bool {
        let left = self.0.checked_sub(cost);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

/// Every line of both texts, in order: what was removed stands before what was added in its place.
/// The lines that are there before are `before` again, and those after are `after`. Nothing where that
/// is more than is left to spend.
pub fn lines(before: &str, after: &str, effort: &mut Effort) -> Option<Vec<Line>> {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let bytes = Effort::BYTE.saturating_mul(count(before.len().saturating_add(after.len())));
    let shown = Effort::LINE.saturating_mul(count(old.len().saturating_add(new.len())));
    if !effort.spend(bytes.saturating_add(shown)) {
        return None;
    }
    if LINES_MAX < old.len() + new.len() || !effort.spend(work(&old, &new)) {
        return Some(apart(&old, &new));
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let mut out = Vec::new();
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Delete => removed.push(change.value()),
            ChangeTag::Insert => added.push(change.value()),
            ChangeTag::Equal => {
                out.extend(passage(&mut removed, &mut added, effort));
                out.push(whole(LineKind::Same, change.value()));
            }
        }
    }
    out.extend(passage(&mut removed, &mut added, effort));
    Some(out)
}

/// The same, with nothing compared.
pub fn lines_apart(before: &str, after: &str) -> Vec<Line> {
    apart(&before.lines().collect::<Vec<_>>(), &after.lines().collect::<Vec<_>>())
}

fn apart(old: &[&str], new: &[&str]) -> Vec<Line> {
    let removed = old.iter().map(|line| whole(LineKind::Removed, line));
    removed.chain(new.iter().map(|line| whole(LineKind::Added, line))).collect()
}

/// The most that a comparison may take: the square of what is between the ends that both share.
fn work(old: &[&str], new: &[&str]) -> u64 {
    let same = |(one, other): &(&&str, &&str)| one == other;
    let begins = old.iter().zip(new).take_while(same).count();
    let (old, new) = (old.get(begins..).unwrap_or_default(), new.get(begins..).unwrap_or_default());
    let ends = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let between = count((old.len() + new.len()).saturating_sub(2 * ends));
    between.saturating_mul(between)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A passage that was replaced, with the words that differ.
fn passage(removed: &mut Vec<&str>, added: &mut Vec<&str>, effort: &mut Effort) -> Vec<Line> {
    let (removed, added) = (std::mem::take(removed), std::mem::take(added));
    let (before, after) = (removed.join("\n"), added.join("\n"));
    let count = before.split_whitespace().count() + after.split_whitespace().count();
    if removed.is_empty() || added.is_empty() || WORDS_MAX < count {
        return apart(&removed, &added);
    }
    let (old, new) = (words(&before), words(&after));
    if !effort.spend(work(&old, &new)) {
        return apart(&removed, &added);
    }
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old, &new);
    let pieces = |not: ChangeTag| {
        let kept = diff.iter_all_changes().filter(move |change| change.tag() != not);
        kept.map(|change| (change.value(), change.tag() != ChangeTag::Equal))
    };
    let mut out = gather(LineKind::Removed, removed.len(), pieces(ChangeTag::Insert));
    out.extend(gather(LineKind::Added, added.len(), pieces(ChangeTag::Delete)));
    out
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
