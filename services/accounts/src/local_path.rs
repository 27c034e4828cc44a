//! Where to go on after signing in: a page of the portal and nothing else.

use std::fmt;

/// A path of our own, with its query. There is no way to make one that leaves the site or breaks a
/// header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(String);

/// Longer ones are no page of ours.
const LEN_MAX: usize = 2048;

impl LocalPath {
    /// Reads what a request asks for; anything else than a page of ours is the first page.
    pub fn parse(text: &str) -> Self {
        let is_text = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let is_ours = text.starts_with('/') && !text.starts_with("//");
        if is_text && is_ours && text.len() <= LEN_MAX {
            Self(text.to_owned())
        } else {
            Self::default()
        }
    }

    /// As it stands in a `Location`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LocalPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_pages_of_ours_are_gone_to() {
        for text in ["/", "/agents/ada?tab=design&x=%20", "/a#b"] {
            assert_eq!(LocalPath::parse(text).as_str(), text);
        }
        let long = format!("/{}", "a".repeat(LEN_MAX));
        for text in [
            "",
            "agents",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nX: y",
            "/ä",
            "/a b",
            "javascript:alert(1)",
            &long,
        ] {
            assert_eq!(LocalPath::parse(text).as_str(), "/", "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_stays_here(text in "\\PC{0,40}") {
            let path = LocalPath::parse(&text);
            prop_assert!(path.as_str().starts_with('/') && !path.as_str().starts_with("//"));
            prop_assert!(path.as_str().is_ascii());
        }
    }
}
