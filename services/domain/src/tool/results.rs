//! What a model reads of tools for one answer, within bounds. Whoever calls them and whoever plays them
//! back from the record cut alike.

/// The most that a model reads of the tools for one answer, in bytes: the event that tells of it has a
/// bound, and so has a prompt.
pub const RESULTS_BYTES_MAX: usize = 192 * 1024;

/// Why a call was not made that is beyond [`super::CALLS_MAX`], in one word.
pub const TOO_MANY: &str = "limit";

/// What the model reads of such a call.
pub const TOO_MANY_TEXT: &str = "Not called: that was one call too many for one answer.";

/// Stands where a result goes on.
pub const CUT: &str = "\n[the rest is left out: there is no room for more]";

/// How much of the results of an answer there is still room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Results {
    room_bytes: usize,
}

impl Default for Results {
    fn default() -> Self {
        Self { room_bytes: RESULTS_BYTES_MAX }
    }
}

impl Results {
    /// As much of the next one as there is room for, and whether that is less than all. One that was cut
    /// before at the same place is as it was.
    pub fn cut(&mut self, mut text: String) -> (String, bool) {
        let room = self.room_bytes;
        self.room_bytes = room.saturating_sub(text.len());
        if text.len() <= room {
            return (text, false);
        }
        let end = text.strip_suffix(CUT).map_or(text.len(), str::len);
        text.truncate(text.floor_char_boundary(room.min(end)));
        text.push_str(CUT);
        (text, true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(room_bytes: usize, texts: &[String]) -> Vec<String> {
        let mut results = Results { room_bytes };
        texts.iter().map(|text| results.cut(text.clone()).0).collect()
    }

    #[test]
    fn what_has_no_room_is_left_out_and_said_to_be() {
        let texts = ["four", "fünf!", "six", ""].map(str::to_owned);
        assert_eq!(cut(15, &texts), texts);
        let rest = |text: &str| format!("{text}{CUT}");
        // An `ü` has two bytes.
        let want = ["four".to_owned(), rest("f"), rest(""), String::new()];
        assert_eq!(cut(6, &texts), want);
        let whole = Results::default().cut("x".repeat(RESULTS_BYTES_MAX));
        assert!(!whole.1);
        let (cut, is_cut) = Results::default().cut("x".repeat(RESULTS_BYTES_MAX + 1));
        assert_eq!((cut.len(), is_cut), (RESULTS_BYTES_MAX + CUT.len(), true));
    }

    proptest! {
        #[test]
        fn to_cut_twice_is_to_cut_once(
            texts in proptest::collection::vec("\\PC{0,12}", 0..6),
            room in 0_usize..40,
        ) {
            let once = cut(room, &texts);
            prop_assert_eq!(cut(room, &once), once);
        }
    }
}
