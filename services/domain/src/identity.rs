//! Somebody, by the word of a provider of identities.

use schemas::Timestamp;

/// Somebody, by the word of a provider. Issuer and subject together are who they are; all else may
/// change, or be somebody else's tomorrow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// What it calls them, for good.
    pub subject: String,
    /// An e-mail that the provider says it has checked.
    pub email: Option<String>,
    /// As they call themselves.
    pub name: Option<String>,
    /// When they last proved to the provider who they are, where it says so.
    pub proved_at: Option<Timestamp>,
}
