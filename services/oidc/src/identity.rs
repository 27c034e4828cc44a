//! Claims of the provider, read into who somebody is.

use domain::identity::Identity;
use openidconnect::{
    EndUserEmail, EndUserName, LocalizedClaim,
    core::{CoreIdTokenClaims, CoreUserInfoClaims},
};
use schemas::Timestamp;

/// The longest name of somebody, in bytes (`OpenID` Connect Core 1.0 §2).
pub(crate) const SUBJECT_BYTES_MAX: usize = 255;

/// What an ID token says.
pub(crate) fn read(claims: &CoreIdTokenClaims) -> Identity {
    Identity {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        email: checked(claims.email(), claims.email_verified()),
        name: plain(claims.name()),
        proved_at: claims.auth_time().map(|at| Timestamp::from_millis(at.timestamp_millis())),
    }
}

/// With what the ID token left out: providers may say it elsewhere only (Core 1.0 §5.4).
pub(crate) fn complete(of: Identity, claims: &CoreUserInfoClaims) -> Identity {
    let email = checked(claims.email(), claims.email_verified());
    Identity { email: of.email.or(email), name: of.name.or(plain(claims.name())), ..of }
}

fn checked(email: Option<&EndUserEmail>, is_checked: Option<bool>) -> Option<String> {
    email.filter(|_| is_checked == Some(true)).map(|email| email.to_string())
}

fn plain(name: Option<&LocalizedClaim<EndUserName>>) -> Option<String> {
    name.and_then(|name| name.get(None)).map(|name| name.to_string())
}
