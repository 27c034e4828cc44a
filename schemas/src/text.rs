//! What people wrote, as it stands on the log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
