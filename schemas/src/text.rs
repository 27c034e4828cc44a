//! What people wrote, as it stands on the log.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// Words of a person or a model. Sealed with the tenant's data key unless the installation turned
/// that off; `domain::seal` makes and opens it. Deleting the key erases every copy at once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// XChaCha20-Poly1305: nonce and ciphertext, base64 without padding.
    Sealed(String),
    /// As it was written: sealing is turned off.
    Plain(String),
}

/// What people wrote does not belong into logs, sealed or not.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Text::Sealed(_) => f.write_str("Text::Sealed(…)"),
            Text::Plain(_) => f.write_str("Text::Plain(…)"),
        }
    }
}

/// What was a bare string before it was sealed as well.
#[derive(Deserialize)]
#[serde(untagged)]
enum BareOr {
    Text(Text),
    Bare(String),
}

impl From<BareOr> for Text {
    fn from(read: BareOr) -> Text {
        match read {
            BareOr::Text(text) => text,
            BareOr::Bare(text) => Text::Plain(text),
        }
    }
}

/// Texts, some of which may be bare strings.
pub(crate) fn bare_or_not<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Text>, D::Error> {
    Ok(Vec::<BareOr>::deserialize(from)?.into_iter().map(Text::from).collect())
}

/// A text that may be a bare string; an empty one is none.
pub(crate) fn bare_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Text>, D::Error> {
    let read = Option::<BareOr>::deserialize(from)?.map(Text::from);
    Ok(read.filter(|text| *text != Text::Plain(String::new())))
}
