//! What somebody looked at before they changed it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Refused;

/// How many hexadecimal digits a fingerprint has.
const FINGERPRINT_LEN: usize = 16;

/// What a change was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// It does not matter: whatever is there, this takes its place.
    Whatever,
    /// There was no such thing.
    Nothing,
    /// What has that [`fingerprint`].
    As(&'a str),
}

impl Seen<'_> {
    /// Passes if what is there now is what was seen.
    pub(super) fn check(self, now: Option<&impl Serialize>) -> Result<(), Refused> {
        let is_so = match (self, now) {
            (Seen::Whatever, _) | (Seen::Nothing, None) => true,
            (Seen::As(seen), Some(now)) => seen == fingerprint(now),
            (Seen::Nothing, Some(_)) | (Seen::As(_), None) => false,
        };
        let changed = "somebody else changed this meanwhile: look at it again, then decide";
        is_so.then_some(()).ok_or_else(|| Refused::conflict(changed))
    }
}

/// What tells a thing from what it was before.
pub fn fingerprint(thing: &impl Serialize) -> String {
    let text = serde_json::to_vec(thing).unwrap_or_default();
    hex::encode(Sha256::digest(text)).chars().take(FINGERPRINT_LEN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_changed() {
        let seen = fingerprint(&"a");
        let cases = [
            (Seen::Whatever, None, true),
            (Seen::Whatever, Some("a"), true),
            (Seen::Nothing, None, true),
            (Seen::Nothing, Some("a"), false),
            (Seen::As(&seen), Some("a"), true),
            (Seen::As(&seen), Some("b"), false),
            (Seen::As(&seen), None, false),
            (Seen::As(""), Some("a"), false),
        ];
        for (seen, now, want) in cases {
            assert_eq!(seen.check(now.as_ref()).is_ok(), want, "{seen:?} {now:?}");
        }
    }
}
