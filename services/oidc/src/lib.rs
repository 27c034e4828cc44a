//! Who somebody is, by the word of a provider of identities that speaks `OpenID` Connect: the
//! authorization code flow with PKCE.
//!
//! [`Provider::begin`] says where to send a browser, [`Provider::finish`] reads what comes back. The
//! provider's description and its keys are fetched when they are first needed, and again when they are
//! old, so that a provider that is away stops nobody who does not need it.
//!
//! **Invariant:** an [`Identity`] comes out of an ID token whose signature, issuer, audience, expiry and
//! nonce were checked, and out of nothing else.
//! **Invariant:** this crate knows no accounts: who may enter is decided in `accounts`.

mod error;
mod http;
mod identity;
mod known;
mod provider;
mod settings;

pub use domain::identity::Identity;

pub use self::{
    error::{OidcError, SettingsError},
    provider::{Begun, Prompt, Provider},
    settings::Settings,
};
