//! Who signs in to the portal: operators, their sessions and links, their roles, keys of the API and
//! what was answered to them, names at the provider of identities.
//! Statements only; the rules are in `accounts`.
//!
//! These tables belong to no tenant. A token, a code or a key is only ever here as its SHA-256.

pub mod answers;
pub mod api_keys;
mod grant;
pub mod identities;
pub mod log;
pub mod members;
pub mod operators;
pub mod prune;
pub mod sessions;
pub mod throttle;
pub mod tokens;

pub use grant::{Grant, platform_role, platform_word, tenant_role, tenant_word};

/// What is kept of a token.
pub type Hash = [u8; 32];
