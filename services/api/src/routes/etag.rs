//! Entity tags: what somebody looked at before they changed it.

use axum::http::{HeaderMap, HeaderValue, header};
use desk::{DeskError, fingerprint};
use serde::Serialize;

use crate::problem::ApiError;

/// The tag of a thing that is told from what it was by all that it is.
pub(crate) fn tag(thing: &impl Serialize) -> HeaderValue {
    let text = format!("\"{}\"", fingerprint(thing));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What `If-Match` says was seen of such a thing, by its fingerprint; nothing where it says nothing. A tag
/// that is none of ours matches nothing, which is said once all else is in order (RFC 9110, 13.2.1).
pub(crate) fn asked(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::IF_MATCH)?.to_str().unwrap_or_default().trim();
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    Some(inner.unwrap_or_default().to_owned())
}

/// The same, as the desk wants to know it: where nothing is said, whatever is there is replaced.
pub(crate) fn seen(asked: Option<&str>) -> desk::Seen<'_> {
    asked.map_or(desk::Seen::Whatever, desk::Seen::As)
}

/// Why nothing was changed: where it was said what was seen, because that is not so any more.
pub(crate) fn refused(error: DeskError, asked: Option<&str>) -> ApiError {
    if asked.is_some() { ApiError::of_match(error) } else { error.into() }
}

/// An agent as it was read: the version that answered, 0 for none, and the draft's revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) version: u32,
    pub(crate) revision: u32,
}

impl Seen {
    /// As a header says it.
    pub(crate) fn header(self) -> HeaderValue {
        let text = format!("\"v{}.r{}\"", self.version, self.revision);
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
    }

    /// What `If-Match` says was seen; a tag that is none of ours matches nothing.
    pub(crate) fn asked(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
        let changed = || ApiError::Changed("`If-Match` is no ETag of this agent".to_owned());
        value.to_str().ok().and_then(Self::read).map(Some).ok_or_else(changed)
    }

    fn read(text: &str) -> Option<Self> {
        let inner = text.trim().strip_prefix("\"v")?.strip_suffix('"')?;
        let (version, revision) = inner.split_once(".r")?;
        Some(Self { version: version.parse().ok()?, revision: revision.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_thing_is_read_back() {
        let sent = |text: HeaderValue| [(header::IF_MATCH, text)].into_iter().collect();
        assert_eq!(asked(&sent(tag(&"a"))), Some(fingerprint(&"a")));
        assert_eq!(asked(&HeaderMap::new()), None);
        for text in ["*", "a", "\"a", "W/\"a\""] {
            let found = asked(&sent(HeaderValue::from_static(text)));
            assert_eq!(found.as_deref(), Some(""), "{text}: no thing has that");
        }
    }

    #[test]
    fn what_was_seen_is_read_back() {
        let seen = Seen { version: 3, revision: 7 };
        let sent = |text: &str| {
            [(header::IF_MATCH, HeaderValue::from_str(text).unwrap())].into_iter().collect()
        };
        assert_eq!(Seen::asked(&sent(seen.header().to_str().unwrap())), Ok(Some(seen)));
        assert_eq!(Seen::asked(&HeaderMap::new()), Ok(None));
        for text in ["*", "\"\"", "\"v3\"", "\"v.r\"", "v3.r7", "W/\"v3.r7\""] {
            assert!(matches!(Seen::asked(&sent(text)), Err(ApiError::Changed(_))), "{text}");
        }
    }
}
