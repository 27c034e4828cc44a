//! Tokens: 32 random bytes that only their holder has. What is kept is their hash.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine as _};
use domain::secret::Secret;
use schemas::OperatorId;
use sha2::{Digest as _, Sha256};
use store::accounts::Hash;

/// 256 bits: nobody guesses one, so a plain hash is enough.
const LEN: usize = 32;

macro_rules! tokens {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Secret);

        impl $name {
            pub(crate) fn draw() -> Self {
                let text = BASE64.encode(rand::random::<[u8; LEN]>());
                Self(Secret::from(format!("{}{text}", $prefix)))
            }

            /// The token itself, for a cookie, a link or the eyes of its owner.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }

            pub(crate) fn hash(&self) -> Hash {
                hash(self.expose())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Secret::from(text))
            }
        }
    )+ };
}

tokens! {
    /// A session: the value of its cookie.
    SessionToken "";
    /// Half a sign-in: the password was right, the second factor is to come.
    PendingToken "";
    /// In a link that works once.
    LinkToken "";
    /// A key of the API. Scanners for leaked keys know it by how it begins.
    ApiToken "konstruct_";
}

/// How many characters of a key of the API lists show: six behind the prefix.
const SHOWN_CHARS: usize = 16;

impl ApiToken {
    /// What may be remembered of it: opens nothing.
    pub fn sha256(&self) -> [u8; 32] {
        self.hash()
    }

    pub(crate) fn shown(&self) -> String {
        self.expose().chars().take(SHOWN_CHARS).collect()
    }
}

/// What is kept of a token or code.
pub(crate) fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// A name for a session, or for someone: drawn, opens nothing.
pub(crate) fn draw_id(prefix: char) -> String {
    let number = rand::random::<u128>();
    format!("{prefix}{number:032x}")
}

/// Someone new.
pub(crate) fn draw_operator(prefix: char) -> Result<OperatorId, store::StoreError> {
    draw_id(prefix).try_into().map_err(|_| store::StoreError::Row("not an id".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_the_same_and_none_can_be_printed() {
        let (one, two) = (SessionToken::draw(), SessionToken::draw());
        assert_ne!(one.expose(), two.expose());
        assert_eq!(BASE64.decode(one.expose()).unwrap().len(), LEN);
        assert_eq!(format!("{one:?}"), "SessionToken(Secret(…))");
    }

    #[test]
    fn a_token_read_back_has_its_hash_and_a_changed_one_another() {
        let token = ApiToken::draw();
        assert_eq!(ApiToken::from(token.expose().to_owned()).hash(), token.hash());
        assert_ne!(ApiToken::from(format!("{}x", token.expose())).hash(), token.hash());
        assert!(token.shown().starts_with("konstruct_") && token.shown().len() == SHOWN_CHARS);
    }
}
