//! U+0000 in JSON. PostgreSQL keeps it neither in `text` nor in `jsonb`, and no person means it.

use std::borrow::Cow;

/// JSON with U+FFFD in the place of each U+0000.
///
/// In valid JSON it can only stand escaped, as `\\u0000`; an escaped backslash before `u0000` is
/// another text and stays.
pub fn without_nul(json: &[u8]) -> Cow<'_, [u8]> {
    const NUL: &[u8] = b"\\u0000";
    if !json.windows(NUL.len()).any(|bytes| bytes == NUL) {
        return Cow::Borrowed(json);
    }
    let mut json = json.to_vec();
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| rest.iter().position(|b| *b == b'\\')) {
        at += found;
        if let Some(escape) = json.get_mut(at..at + NUL.len())
            && escape == NUL
        {
            escape.copy_from_slice(b"\\ufffd");
        }
        // The backslash and what it escapes.
        at += 2;
    }
    Cow::Owned(json)
}

/// Whether JSON holds U+0000.
pub fn has_nul(json: &[u8]) -> bool {
    matches!(without_nul(json), Cow::Owned(clean) if clean != json)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> String {
        let json = serde_json::to_vec(text).unwrap();
        serde_json::from_slice(&without_nul(&json)).unwrap()
    }

    #[test]
    fn only_the_character_goes() {
        let cases = [
            ("a\0b", "a\u{fffd}b"),
            ("\0\0", "\u{fffd}\u{fffd}"),
            ("\\u0000", "\\u0000"),
            ("\\\0", "\\\u{fffd}"),
            ("plain", "plain"),
            ("", ""),
        ];
        for (text, want) in cases {
            assert_eq!(cleaned(text), want, "{text:?}");
            let json = serde_json::to_vec(text).unwrap();
            assert_eq!(has_nul(&json), text.contains('\0'), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_other_text_stays_as_it_is(text in "(?:\\\\|\0|u0000|\\PC){0,12}") {
            prop_assert_eq!(cleaned(&text), text.replace('\0', "\u{fffd}"));
            let json = serde_json::to_vec(&text).unwrap();
            prop_assert_eq!(has_nul(&json), text.contains('\0'));
        }

        #[test]
        fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(without_nul(&bytes).len(), bytes.len());
        }
    }
}
