//! Why an attempt gave no answer, and what follows from it.

use std::{fmt, time::Duration};

use schemas::usage::Usage;

use crate::quirks::Quirks;

/// What kind of failure it was. The class, not the status code, decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// Too many requests or tokens a minute.
    RateLimited,
    /// The account has no money or quota left: the same key will fail for hours.
    QuotaExhausted,
    /// The key is wrong, revoked, or may not do this.
    CredentialDead,
    /// The vendor has no room just now.
    Overloaded,
    /// A fault on the way or at the vendor, a cut stream, an unreadable answer.
    Transient,
    /// A clock ran out.
    TimedOut,
    /// The prompt does not fit the model.
    ContextTooLong,
    /// The model or the vendor's filter declined to answer.
    Refused,
    /// An end without a text.
    Empty,
    /// The vendor does not accept the request, or does not know the model.
    BadRequest,
    /// Whoever asked left before the answer was whole.
    Cancelled,
}

/// What follows from a failure, within one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The same deployment again after a pause with full jitter; the next one when its tries are used.
    Again,
    /// The other deployments first; this one again, once it may be asked, if none of them answers.
    Later,
    /// The next deployment at once, and this one no more.
    Next,
    /// As `Next`, and no other deployment with the same credential either.
    NextCredential,
    /// As `Next`, and no other deployment whose context window is known to be no larger.
    Larger,
    /// Nothing more: another model must not be used to get around a refusal, and nobody is asked for
    /// someone who left.
    Stop,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::RateLimited,
        Self::QuotaExhausted,
        Self::CredentialDead,
        Self::Overloaded,
        Self::Transient,
        Self::TimedOut,
        Self::ContextTooLong,
        Self::Refused,
        Self::Empty,
        Self::BadRequest,
        Self::Cancelled,
    ];

    /// What follows from it: exactly one action.
    pub fn action(self) -> Action {
        match self {
            Self::RateLimited => Action::Later,
            Self::QuotaExhausted | Self::CredentialDead => Action::NextCredential,
            Self::Overloaded | Self::Transient | Self::Empty => Action::Again,
            Self::TimedOut | Self::BadRequest => Action::Next,
            Self::ContextTooLong => Action::Larger,
            Self::Refused | Self::Cancelled => Action::Stop,
        }
    }

    /// Whether the same request may succeed later with nothing changed.
    pub fn is_temporary(self) -> bool {
        match self {
            Self::RateLimited
            | Self::Overloaded
            | Self::Transient
            | Self::TimedOut
            | Self::Cancelled => true,
            Self::QuotaExhausted
            | Self::CredentialDead
            | Self::ContextTooLong
            | Self::Refused
            | Self::Empty
            | Self::BadRequest => false,
        }
    }

    /// The name in events, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::CredentialDead => "credential_dead",
            Self::Overloaded => "overloaded",
            Self::Transient => "transient",
            Self::TimedOut => "timed_out",
            Self::ContextTooLong => "context_too_long",
            Self::Refused => "refused",
            Self::Empty => "empty",
            Self::BadRequest => "bad_request",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One attempt without an answer. Fit for logs: vendors' messages, which may quote a prompt or part
/// of a key, are read to find the class and then dropped.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub struct Failure {
    /// What kind.
    pub class: FailureClass,
    /// What happened, in our words.
    pub detail: &'static str,
    /// The HTTP status, where the vendor answered with one that is not a success.
    pub status: Option<u16>,
    /// The vendor's own code, e.g. `insufficient_quota`; letters, digits and `_.-` only.
    pub code: Option<String>,
    /// How long the vendor asked to be left alone.
    pub retry_after: Option<Duration>,
    /// Whether the vendor wants the same request again, where it says so.
    pub should_retry: Option<bool>,
    /// What of the request it does not take, and would take otherwise.
    pub(crate) quirks: Option<Quirks>,
    /// What was counted before it broke, if anything. The output count may be missing.
    pub usage: Option<Box<Usage>>,
    /// The vendor cannot have billed it: it was never reached, or it rejected the request.
    pub unbilled: bool,
    /// The limit of tokens was spent on nothing that can be shown (reasoning): a higher one may help.
    pub starved: bool,
}

impl Failure {
    /// A failure of that class; `detail` is our wording, never the vendor's.
    pub(crate) fn new(class: FailureClass, detail: &'static str) -> Self {
        Self {
            class,
            detail,
            status: None,
            code: None,
            retry_after: None,
            should_retry: None,
            quirks: None,
            usage: None,
            unbilled: false,
            starved: false,
        }
    }
}

impl Failure {
    /// What follows from it: what its class says, unless the vendor says otherwise.
    pub fn action(&self) -> Action {
        match (self.class.action(), self.should_retry) {
            (Action::Again | Action::Later, Some(false)) => Action::Next,
            (Action::Next, Some(true)) => Action::Again,
            (action, _) => action,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.detail)?;
        if let Some(status) = self.status {
            write!(f, ", status {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, ", code {code}")?;
        }
        Ok(())
    }
}
