//! The provider of identities, where the installation has one.

use accounts::SecondFactor;
use oidc::Provider;

/// Where the provider sends browsers back to. It is registered there, after the portal's address.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

/// People sign in by its word, too.
pub struct SignOn {
    /// As people call it: "Acme SSO".
    pub name: String,
    /// Whom to ask.
    pub provider: Provider,
    /// Who asks for the second factor of those who come from it.
    pub factor: SecondFactor,
}
