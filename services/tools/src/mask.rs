//! Takes a tenant's secrets out of what comes from outside.

use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, Engine as _};
use domain::{
    secret::Secret,
    tool::{SECRET_BYTES_MIN, template::encode},
};

use crate::outcome::visible;

/// What stands in the place of a secret.
const MASK: &str = "[secret]";

/// The shortest part of a secret that is looked for by itself, in bytes.
const PART_BYTES_MIN: usize = SECRET_BYTES_MIN;

/// Words before a secret in a header; not secret themselves.
const SCHEMES: [&str; 7] = ["bearer", "basic", "token", "apikey", "api-key", "digest", "key"];

/// What must not be seen.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    /// The longest first, so that no part of one is left over.
    needles: Vec<Secret>,
}

impl Mask {
    /// Looks for these values of headers, for the words in them, and for what a server makes of them:
    /// the name and password of a `Basic`, and how all of them stand in JSON and in addresses.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut needles: Vec<String> = Vec::new();
        for secret in secrets {
            let whole = secret.expose().trim();
            needles.push(whole.to_owned());
            for word in whole.split([' ', '\t', ',', ';']) {
                needles.push(word.to_owned());
                if let Some(decoded) = decode(word) {
                    needles
                        .extend(decoded.split_once(':').map(|(_, password)| password.to_owned()));
                    needles.push(decoded);
                }
            }
        }
        let escaped = needles.iter().flat_map(|needle| [in_json(needle), encode(needle)]);
        let escaped: Vec<_> = escaped.collect();
        needles.extend(escaped);
        let is_needle = |needle: &String| {
            let lower = needle.to_ascii_lowercase();
            PART_BYTES_MIN <= needle.len() && !SCHEMES.contains(&lower.as_str())
        };
        needles.retain(is_needle);
        needles.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles: needles.into_iter().map(Secret::from).collect() }
    }

    /// The text without them, and without what nobody sees: that could stand in the middle of one.
    /// Where it was cut, also without the beginning of one at its end.
    pub(crate) fn apply(&self, text: &str, is_cut: bool) -> String {
        let mut text = visible(text);
        for needle in &self.needles {
            if text.contains(needle.expose()) {
                text = text.replace(needle.expose(), MASK);
            }
        }
        if is_cut {
            // Half of a character that nobody could read.
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            let begun =
                self.needles.iter().filter_map(|needle| begun(&text, needle.expose())).max();
            text.truncate(text.len() - begun.unwrap_or(0));
        }
        text
    }

    /// Whether one of them is in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let text = visible(text);
        self.needles.iter().any(|needle| text.contains(needle.expose()))
    }
}

/// How many bytes at the end of a text are the beginning of a secret.
fn begun(text: &str, needle: &str) -> Option<usize> {
    let ends = needle.char_indices().map(|(end, _)| end).skip(1);
    ends.filter(|end| needle.get(..*end).is_some_and(|part| text.ends_with(part))).max()
}

fn decode(word: &str) -> Option<String> {
    let bytes =
        BASE64_STANDARD.decode(word).or_else(|_| BASE64_STANDARD_NO_PAD.decode(word)).ok()?;
    String::from_utf8(bytes).ok()
}

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

/// Its secrets show in no log.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({})", self.needles.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(secrets: &[&str]) -> Mask {
        let secrets: Vec<_> = secrets.iter().map(|&it| Secret::from(it.to_owned())).collect();
        Mask::of(&secrets)
    }

    #[test]
    fn a_secret_is_masked_however_it_is_said_again() {
        let mask = mask(&["Bearer s3cret/k\"ey", "Basic b2xnYTpodW50ZXIyIQ==", "plain-key-1"]);
        let cases = [
            ("nothing here, Bearer of news", "nothing here, Bearer of news"),
            ("got Bearer s3cret/k\"ey.", "got [secret]."),
            ("token=s3cret/k\"ey", "token=[secret]"),
            (r#"{"t":"s3cret/k\"ey"}"#, r#"{"t":"[secret]"}"#),
            ("?t=s3cret%2Fk%22ey", "?t=[secret]"),
            ("olga:hunter2!", "[secret]"),
            ("her password is hunter2!", "her password is [secret]"),
            ("b2xnYTpodW50ZXIyIQ==", "[secret]"),
            ("plain-key-1plain-key-1", "[secret][secret]"),
            ("plain-\u{202e}key\u{0}-1", "[secret]"),
        ];
        for (text, want) in cases {
            assert_eq!(mask.apply(text, false), want, "{text}");
            assert_eq!(mask.is_in(text), want.contains(MASK), "{text}");
        }
        assert!(!format!("{mask:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_cut_does_not_end_with_half_a_secret() {
        let mask = mask(&["plain-key-1"]);
        assert_eq!(mask.apply("it is plain-ke", true), "it is ");
        assert_eq!(mask.apply("it is plain-ke\u{202e}\u{fffd}", true), "it is ");
        assert_eq!(mask.apply("it is plain-ke", false), "it is plain-ke");
        assert_eq!(mask.apply("it is plain-key-1", true), "it is [secret]");
    }

    proptest! {
        #[test]
        fn wherever_a_text_is_cut_no_secret_is_in_it(
            words in prop::collection::vec("(plain-key-1|[a-z ]{0,4}|p)", 0..12), cut in 0_usize..80,
        ) {
            let text = words.concat();
            let end = cut.min(text.len());
            let got = mask(&["plain-key-1"]).apply(&text[..end], end < text.len());
            prop_assert!(!got.contains("plain-key-1"));
            prop_assert!(end == text.len() || !got.ends_with("plain-key-"), "{}", got);
        }
    }
}
