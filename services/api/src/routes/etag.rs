//! Entity tags: what somebody looked at before they changed it.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::problem::ApiError;

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
