//! A text without its middle.

use std::ops::Range;

use super::estimate_tokens;

/// Cuts the middle out of a text that takes more than `tokens`: what matters stands mostly at one of
/// its ends. In its place stands `note`, which is told how many characters are left out.
pub(super) fn without_middle(text: &str, tokens: u32, note: impl Fn(usize) -> String) -> String {
    if estimate_tokens(text) <= tokens {
        return text.to_owned();
    }
    let longest_note = note(text.chars().count());
    let half = tokens.saturating_sub(estimate_tokens(&longest_note)) / 2;
    let head = reach(text.char_indices().map(|(at, c)| (at + c.len_utf8(), c)), half).unwrap_or(0);
    let tail = reach(text.char_indices().rev(), half).unwrap_or(text.len());
    let part = |range: Range<usize>| text.get(range).unwrap_or_default();
    let note = note(part(head..tail).chars().count());
    format!("{}{note}{}", part(0..head), part(tail..text.len()))
}

/// The last of the ends that the characters up to it take no more than `tokens` to reach.
fn reach(ends: impl Iterator<Item = (usize, char)>, tokens: u32) -> Option<usize> {
    let mut quarters = u64::from(tokens) * 4;
    let mut reached = None;
    for (end, c) in ends {
        let quarter = if c.is_ascii() { 1 } else { 2 * c.len_utf8() as u64 };
        match quarters.checked_sub(quarter) {
            Some(rest) => quarters = rest,
            None => break,
        }
        reached = Some(end);
    }
    reached
}
