//! What an installation is told of its provider.

use domain::secret::Secret;

/// One provider, and this installation as its client.
#[derive(Clone, Debug)]
pub struct Settings {
    /// As the provider names itself, letter by letter: what its tokens say in `iss`.
    pub issuer: String,
    /// As the provider calls this installation.
    pub client_id: String,
    /// What this installation proves itself with.
    pub client_secret: Secret,
    /// Where the provider sends browsers back to. It is registered there, letter by letter.
    pub redirect_uri: String,
}
