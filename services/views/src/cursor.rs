//! Where a walk through threads is, as a part of an address.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use schemas::nul::has_nul;
use serde::{Deserialize, Serialize};
use store::views::conversations::Mark;

use crate::ViewError;

/// A place in a list; opaque to whoever carries it. It says where, not what, so a forged one shows
/// nothing that the list does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub String);

/// What it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The newest thread when the walk began.
    pub(crate) top: Mark,
    /// The last one that was shown or looked at.
    pub(crate) at: Mark,
}

type Flat = (i64, String, String, i64, String, String);

impl Cursor {
    pub(crate) fn of(place: &Place) -> Self {
        let Place { top, at } = place;
        let flat: (i64, &str, &str, i64, &str, &str) = (
            top.last_at_ms,
            &top.connection,
            &top.conversation,
            at.last_at_ms,
            &at.connection,
            &at.conversation,
        );
        Self(BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&flat).unwrap_or_default()))
    }

    pub(crate) fn place(&self) -> Result<Place, ViewError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| ViewError::Cursor)?;
        // No text of the database has that, and it says so by an error.
        if has_nul(&bytes) {
            return Err(ViewError::Cursor);
        }
        let flat: Flat = serde_json::from_slice(&bytes).map_err(|_| ViewError::Cursor)?;
        let (top_ms, top_connection, top_thread, at_ms, at_connection, at_thread) = flat;
        let mark =
            |last_at_ms, connection, conversation| Mark { last_at_ms, connection, conversation };
        Ok(Place {
            top: mark(top_ms, top_connection, top_thread),
            at: mark(at_ms, at_connection, at_thread),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_cursor_is_told_so() {
        let at = Mark { last_at_ms: 7, connection: "c".to_owned(), conversation: "t".to_owned() };
        let place = Place { top: Mark::start(), at };
        assert_eq!(Cursor::of(&place).place().unwrap(), place);
        let at = Mark { conversation: "t\0".to_owned(), ..place.at };
        let forged = Cursor::of(&Place { top: Mark::start(), at }).place();
        assert!(matches!(forged, Err(ViewError::Cursor)), "{forged:?}");
        for text in ["", "?", "W10", "bnVsbA"] {
            let read = Cursor(text.to_owned()).place();
            assert!(matches!(read, Err(ViewError::Cursor)), "{text}");
        }
    }
}
