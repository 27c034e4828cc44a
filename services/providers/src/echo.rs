//! Whether a vendor, or what stands between us, sends our key back: in a page for debugging, in an error
//! that quotes the request. What holds it is not read, so that a key is in no answer, no error and no
//! name of a model.

use crate::Secret;

/// A shorter key is no secret: servers without keys are given any word, and answers may hold it.
const KEY_BYTES_MIN: usize = 16;

/// Listens for a key in the pieces of a body.
pub(crate) struct Echo<'k> {
    key: &'k [u8],
    /// The end of what was heard, where the key may have begun.
    tail: Vec<u8>,
}

impl<'k> Echo<'k> {
    /// Nothing heard yet.
    pub(crate) fn of(key: Option<&'k Secret>) -> Self {
        let key = key.map(Secret::expose).filter(|key| KEY_BYTES_MIN <= key.len());
        Self { key: key.map(str::as_bytes).unwrap_or_default(), tail: Vec::new() }
    }

    /// Whether the key stands in what was heard, this piece included.
    pub(crate) fn hears(&mut self, piece: &[u8]) -> bool {
        let Some((first, rest)) = self.key.split_first() else { return false };
        self.tail.extend_from_slice(piece);
        let mut places = self.tail.windows(self.key.len());
        let heard = places.any(|it| it.first() == Some(first) && it == self.key);
        self.tail.drain(..self.tail.len().saturating_sub(rest.len()));
        heard
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "sk-0123456789abcdef";

    fn hears<'a>(key: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> bool {
        let key = Secret::from(key.to_owned());
        let mut echo = Echo::of(Some(&key));
        pieces.into_iter().any(|piece| echo.hears(piece))
    }

    #[test]
    fn only_a_whole_key_that_is_long_enough_is_heard() {
        let quoted = format!("Incorrect API key provided: {KEY}.");
        assert!(hears(KEY, [quoted.as_bytes()]));
        assert!(!hears(KEY, [b"Incorrect API key provided: sk-0123***cdef".as_slice()]));
        assert!(!hears("ollama", [b"I am ollama".as_slice()]));
        assert!(!hears("", [b"".as_slice(), b"anything".as_slice()]));
        assert!(!Echo::of(None).hears(b"anything"));
    }

    proptest! {
        #[test]
        fn it_is_heard_in_whatever_pieces_it_comes(
            before in ".{0,40}", after in ".{0,40}", size in 1_usize..30,
        ) {
            let body = format!("{before}{KEY}{after}");
            prop_assert!(hears(KEY, body.as_bytes().chunks(size)));
            let other = format!("{before}{after}");
            prop_assert_eq!(hears(KEY, other.as_bytes().chunks(size)), other.contains(KEY));
        }
    }
}
