//! Words of what people write, to be compared.

use std::ops::RangeInclusive;

/// Letters of scripts that put no spaces between words: Thai, Lao, Myanmar, Khmer, Hiragana, Katakana, Han.
const WITHOUT_SPACES: [RangeInclusive<char>; 11] = [
    '\u{0e00}'..='\u{0eff}',
    '\u{1000}'..='\u{109f}',
    '\u{1780}'..='\u{17ff}',
    '\u{3005}'..='\u{3007}',
    '\u{3041}'..='\u{30ff}',
    '\u{31f0}'..='\u{31ff}',
    '\u{3400}'..='\u{4dbf}',
    '\u{4e00}'..='\u{9fff}',
    '\u{f900}'..='\u{faff}',
    '\u{ff66}'..='\u{ff9f}',
    '\u{20000}'..='\u{323af}',
];

/// From a full-width form to the letter of ASCII that it stands for.
const FULL_WIDTH: u32 = 0xfee0;

/// A text as it is searched for keywords.
pub(super) struct Said {
    words: Vec<String>,
    joined: String,
}

impl Said {
    pub(super) fn of(text: &str) -> Self {
        Self { words: words_of(text), joined: joined(text) }
    }

    /// Whether a keyword is in it: as whole words, or anywhere where its script has no spaces, but not
    /// with a part of a number.
    pub(super) fn has(&self, keyword: &str) -> bool {
        let words = words_of(keyword);
        if words.is_empty() {
            return false;
        }
        if keyword.chars().any(is_without_spaces) {
            return stands_in(&self.joined, &joined(keyword));
        }
        self.words.windows(words.len()).any(|said| said == words)
    }
}

/// The words of a text in lower case, without the marks between them and what is not seen.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let spaced = spaced(text);
    let words = spaced.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The same words in one text, with a space between two, or `,` between the parts of one number: `1,300`.
fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut between = String::new();
    for c in spaced(text).chars() {
        if !c.is_alphanumeric() {
            between.push(c);
            continue;
        }
        if !joined.is_empty() && !between.is_empty() {
            let is_of_number = matches!(between.as_str(), "," | ".")
                && joined.ends_with(char::is_numeric)
                && c.is_numeric();
            joined.push(if is_of_number { ',' } else { ' ' });
        }
        between.clear();
        joined.extend(c.to_lowercase());
    }
    joined
}

/// Whether a keyword stands somewhere in a text, both joined: where it begins or ends with a digit, not
/// with a longer number around that.
fn stands_in(text: &str, keyword: &str) -> bool {
    let is_of_number = |c: char| c.is_numeric() || c == ',';
    let mut before = None;
    text.char_indices().any(|(at, c)| {
        let before = before.replace(c);
        let Some(rest) = text.get(at..).and_then(|rest| rest.strip_prefix(keyword)) else {
            return false;
        };
        let begins = keyword.starts_with(char::is_numeric) && before.is_some_and(is_of_number);
        let ends = keyword.ends_with(char::is_numeric) && rest.starts_with(is_of_number);
        !begins && !ends
    })
}

/// A text without what is not seen, where a word ends as a script without spaces begins, and the other way
/// round: `APIが` is two.
fn spaced(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars().filter(|c| !is_unseen(*c)).map(narrow) {
        let script = is_without_spaces(c);
        if before.replace(script).is_some_and(|before| before != script) {
            seen.push(' ');
        }
        seen.push(c);
    }
    seen
}

/// Whether a letter is of a script that puts no spaces between words.
pub(crate) fn is_without_spaces(c: char) -> bool {
    WITHOUT_SPACES.iter().any(|range| range.contains(&c))
}

/// Soft hyphens, and what has no width.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn narrow(c: char) -> char {
    if !('\u{ff01}'..='\u{ff5e}').contains(&c) {
        return c;
    }
    char::from_u32(u32::from(c) - FULL_WIDTH).unwrap_or(c)
}
