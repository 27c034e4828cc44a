//! Somebody, by the word of the provider.

use openidconnect::{
    EndUserEmail, EndUserName, LocalizedClaim,
    core::{CoreIdTokenClaims, CoreUserInfoClaims},
};
use schemas::Timestamp;

/// The longest name of somebody, in bytes (`OpenID` Connect Core 1.0 §2).
pub(crate) const SUBJECT_BYTES_MAX: usize = 255;

/// Somebody, by the word of the provider. Issuer and subject together are who they are; all else may
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

impl Identity {
    pub(crate) fn of(claims: &CoreIdTokenClaims) -> Self {
        Self {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: checked(claims.email(), claims.email_verified()),
            name: plain(claims.name()),
            proved_at: claims.auth_time().map(|at| Timestamp::from_millis(at.timestamp_millis())),
        }
    }

    /// What the ID token left out. Providers may put it here only (Core 1.0 §5.4).
    pub(crate) fn completed(self, claims: &CoreUserInfoClaims) -> Self {
        let email = checked(claims.email(), claims.email_verified());
        Self { email: self.email.or(email), name: self.name.or(plain(claims.name())), ..self }
    }
}

fn checked(email: Option<&EndUserEmail>, is_checked: Option<bool>) -> Option<String> {
    email.filter(|_| is_checked == Some(true)).map(|email| email.to_string())
}

fn plain(name: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    name.and_then(|name| name.get(None)).map(|name| name.to_string())
}
