//! Headers of a tool, and the secrets in them.

use std::collections::BTreeMap;

use schemas::{Tool, ToolId, directory::ToolHeader};

use super::{HEADER_BYTES_MAX, HEADERS_MAX, Making, SECRET_BYTES_MIN, WishedHeader, too_long};
use crate::{fields::FieldProblem, secret::Secret};

/// Headers that say how a request is carried, not what it asks; or whose they would be.
const TAKEN: [&str; 16] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "mcp-session-id",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// Whose headers they are to be.
pub(super) struct Headers<'a> {
    pub(super) id: &'a ToolId,
    /// What they are of now.
    pub(super) known: Option<&'a Tool>,
    /// Whether the tool is to stand elsewhere: nobody's secret goes along unseen.
    pub(super) is_moved: bool,
    pub(super) making: &'a Making<'a>,
}

/// The headers, the secrets that are new with their headers and names, and what is wrong.
type Made = (BTreeMap<String, ToolHeader>, Vec<(String, String, Secret)>, Vec<FieldProblem>);

impl Headers<'_> {
    /// The headers as they are wished; nothing wished, as they are.
    pub(super) fn make(&self, wished: Option<BTreeMap<String, WishedHeader>>) -> Made {
        let wished = wished.unwrap_or_else(|| self.as_they_are());
        let (mut headers, mut secrets, mut problems) = (BTreeMap::new(), Vec::new(), Vec::new());
        if HEADERS_MAX < wished.len() {
            problems.push(problem(format!("has more than {HEADERS_MAX}")));
        }
        for (name, value) in wished {
            let name = name.to_ascii_lowercase();
            if let Some(wrong) = self.wrong(&name, &value) {
                problems.push(problem(wrong));
                continue;
            }
            let (value, new) = self.header(&name, value);
            secrets.extend(new.map(|(kept_as, secret)| (name.clone(), kept_as, secret)));
            if headers.contains_key(&name) {
                problems.push(problem(format!("has `{name}` twice")));
            }
            headers.insert(name, value);
        }
        (headers, secrets, problems)
    }

    fn as_they_are(&self) -> BTreeMap<String, WishedHeader> {
        let headers = self.known.into_iter().flat_map(|tool| &tool.endpoint().headers);
        let same = |header: &ToolHeader| match header {
            ToolHeader::Text(text) => WishedHeader::Text(text.clone()),
            ToolHeader::Secret(_) => WishedHeader::Kept,
        };
        headers.map(|(name, header)| (name.clone(), same(header))).collect()
    }

    /// The name of the secret that it says now.
    fn kept(&self, header: &str) -> Option<&str> {
        match self.known?.endpoint().headers.get(header)? {
            ToolHeader::Secret(kept) => Some(kept),
            ToolHeader::Text(_) => None,
        }
    }

    fn header(&self, name: &str, wished: WishedHeader) -> (ToolHeader, Option<(String, Secret)>) {
        let secret = match wished {
            WishedHeader::Text(text) => return (ToolHeader::Text(text), None),
            WishedHeader::Kept => None,
            WishedHeader::Secret(secret) => Some(secret),
        };
        let same = |kept: &str| {
            secret.as_ref().is_none_or(|secret| (self.making.has_secret)(kept, secret))
        };
        if let Some(kept) = self.kept(name).filter(|kept| same(kept)) {
            return (ToolHeader::Secret(kept.to_owned()), None);
        }
        let kept_as = format!("tool:{}/{name}/{}", self.id, self.making.unique);
        (ToolHeader::Secret(kept_as.clone()), secret.map(|secret| (kept_as, secret)))
    }

    /// What is wrong with a header. Never its value.
    fn wrong(&self, name: &str, value: &WishedHeader) -> Option<String> {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !(1..=64).contains(&name.len()) || !name.bytes().all(is_token) {
            return Some("has one whose name is none: letters, digits and `-`".to_owned());
        }
        if TAKEN.contains(&name) || name.starts_with("proxy-") || name.starts_with("mcp-") {
            return Some(format!("has `{name}`, which is not for tools to say"));
        }
        let text = match value {
            WishedHeader::Kept => return self.lost(name),
            WishedHeader::Text(text) => text.as_str(),
            WishedHeader::Secret(secret) if secret.expose().trim().len() < SECRET_BYTES_MIN => {
                return Some(format!(
                    "has `{name}` with a secret of less than {SECRET_BYTES_MIN} bytes"
                ));
            }
            WishedHeader::Secret(secret) => secret.expose(),
        };
        if HEADER_BYTES_MAX < text.len() {
            return Some(format!("has `{name}`, which {}", too_long(HEADER_BYTES_MAX)));
        }
        let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == b'\t';
        let wrong = format!("has `{name}` with a line break or another character than ASCII");
        (!text.bytes().all(is_visible)).then_some(wrong)
    }

    /// Why a secret cannot stay as it is, if it cannot.
    fn lost(&self, name: &str) -> Option<String> {
        match self.kept(name) {
            None => Some(format!("has `{name}` without its secret")),
            Some(_) if self.is_moved => Some(format!(
                "has `{name}`: its secret must be said again, since `url` is elsewhere"
            )),
            Some(_) => None,
        }
    }
}

fn problem(problem: String) -> FieldProblem {
    FieldProblem::new("headers", problem)
}
