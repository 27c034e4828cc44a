//! What can go wrong with a provider, in words for logs: never what a token or a secret says.

use std::error::Error;

use openidconnect::{
    ClaimsVerificationError, DiscoveryError, ErrorResponse, RequestTokenError, UserInfoError,
};

use crate::http::CallError;

/// The longest word of a provider that is written into a log, in characters.
const WORD_CHARS_MAX: usize = 200;

/// Why nobody is known by the word of the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcError {
    /// Too many sign-ins wait for it.
    #[error("too many sign-ins wait for the provider")]
    Busy,
    /// It does not answer, or not in time.
    #[error("the provider cannot be reached: {0}")]
    Away(String),
    /// It answers what no provider answers.
    #[error("the provider does not answer as it should: {0}")]
    Broken(String),
    /// Its ID token proves nothing.
    #[error("the provider's word cannot be trusted: {0}")]
    Untrusted(String),
}

/// Why settings will not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Secrets and identities are not sent in the clear.
    #[error("the issuer is not like https://id.example.com")]
    Issuer,
    /// The portal's own address is none.
    #[error("the address to come back to is not a URL")]
    Redirect,
    /// No client can be made on this machine.
    #[error("no HTTP client: {0}")]
    Client(String),
}

impl OidcError {
    pub(crate) fn broken(text: &str) -> Self {
        Self::Broken(word(text))
    }
}

impl From<CallError> for OidcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Away(_) | CallError::Failing(_) => Self::Away(chain(&error)),
            CallError::TooLong | CallError::Clear => Self::broken(&error.to_string()),
        }
    }
}

impl From<DiscoveryError<CallError>> for OidcError {
    fn from(error: DiscoveryError<CallError>) -> Self {
        match error {
            DiscoveryError::Request(error) => error.into(),
            // The answer itself is left out.
            DiscoveryError::Response(_, _, text) => Self::broken(&text),
            other => Self::Broken(chain(&other)),
        }
    }
}

impl<T: ErrorResponse + 'static> From<RequestTokenError<CallError, T>> for OidcError {
    fn from(error: RequestTokenError<CallError, T>) -> Self {
        match error {
            RequestTokenError::Request(error) => error.into(),
            RequestTokenError::ServerResponse(said) => Self::broken(&format!("it said {said}")),
            RequestTokenError::Parse(error, _) => Self::Broken(chain(&error)),
            RequestTokenError::Other(text) => Self::broken(&text),
        }
    }
}

impl From<UserInfoError<CallError>> for OidcError {
    fn from(error: UserInfoError<CallError>) -> Self {
        match error {
            UserInfoError::Request(error) => error.into(),
            UserInfoError::ClaimsVerification(error) => error.into(),
            UserInfoError::Response(_, _, text) => Self::broken(&text),
            other => Self::Broken(chain(&other)),
        }
    }
}

impl From<ClaimsVerificationError> for OidcError {
    fn from(error: ClaimsVerificationError) -> Self {
        Self::Untrusted(chain(&error))
    }
}

/// What is wrong, and what made it so.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    word(&text)
}

/// As it fits a line of a log.
fn word(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(WORD_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_cannot_fill_a_log_or_break_its_lines() {
        let text = word(&format!("no\r\n{}", "x".repeat(WORD_CHARS_MAX)));
        assert!(text.starts_with("nox"), "{text}");
        assert_eq!(text.len(), WORD_CHARS_MAX);
    }
}
