//! Who signs in to the portal, and how: passwords, the word of a
//! provider of identities, second factors, sessions, links that work once, roles,
//! keys of the API.
//!
//! [`Accounts`] is the door; what it decides by stands in modules without I/O (`password::policy`,
//! `throttle`, `session`, `totp`, `local_path`). Every operation is told the time. Whoever reads a
//! cookie asks [`Accounts::principal`], once for each request.
//!
//! **Invariant:** a token, a code or a key is kept as its SHA-256 only, and a password as argon2id.
//! **Invariant:** nobody learns from an answer, or from how long it took, whether an e-mail has an
//! account.
//! **Invariant:** a key, an invitation or a link for somebody else lives no longer than whoever made it
//! may make it (`standing`).
//! **Invariant:** no password, token or code is in an error, a log line, the log of operators or a
//! `Debug`.

mod again;
mod api_keys;
mod email;
mod errand;
mod error;
mod forgotten;
mod identities;
mod invites;
mod journal;
mod local_path;
pub mod mail;
mod members;
mod open_invitations;
mod opening;
mod operators;
pub mod password;
mod passwords;
mod second_factor;
pub mod session;
mod set_up;
mod sign_in;
mod standing;
pub mod throttle;
mod token;
pub mod totp;
mod tries;
mod visit;

use std::sync::Arc;

pub use domain::access::{Denied, Permission, PlatformRole, Principal, TenantRole};
pub use domain::identity::Identity;
pub use store::accounts::{
    Grant,
    api_keys::ApiKey,
    log::{Entry, Filter},
    members::Member,
    operators::Operator,
    sessions::{Listed as Session, OpenedBy},
    tokens::OpenInvitation,
};
use store::{Platform, keys::Masters};

pub use self::{
    api_keys::NewApiKey,
    email::{Email, InvalidEmail},
    errand::{ERRAND_MAX, Errand, Reason},
    error::AccountsError,
    identities::{SecondFactor, Welcome},
    invites::Invitation,
    journal::{ACTIONS, PAGE_MAX as LOG_PAGE_MAX, Replaying},
    local_path::LocalPath,
    mail::{Delivery, Mailer},
    second_factor::{Enrolment, RecoveryCodes},
    set_up::NewAdministrator,
    sign_in::{SignIn, Signed, Ways},
    token::{ApiToken, LinkToken, PendingToken, SessionToken},
    visit::Visit,
};
use self::{forgotten::Asks, mail::Link, password::Hasher};

/// Everything about accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    platform: Platform,
    masters: Arc<Masters>,
    hasher: Hasher,
    mailer: Option<Mailer>,
    public_url: Arc<str>,
    asks: Asks,
    beside_provider: bool,
}

impl Accounts {
    /// Accounts in that database. Second factors are sealed with `masters`; links begin with
    /// `public_url`; without a mailer they are shown to administrators.
    pub fn new(
        platform: Platform,
        masters: Masters,
        mailer: Option<Mailer>,
        public_url: &str,
    ) -> Self {
        let public_url = public_url.trim_end_matches('/').into();
        let (hasher, asks) = (Hasher::new(), Asks::new());
        let (masters, beside_provider) = (Arc::new(masters), false);
        Self { platform, masters, hasher, mailer, public_url, asks, beside_provider }
    }

    /// Where people sign in through a provider of identities too: whoever has no other way in gets no
    /// link to a password by asking for one.
    #[must_use]
    pub fn beside_provider(self, is_set_up: bool) -> Self {
        Self { beside_provider: is_set_up, ..self }
    }

    /// Whether links go out by mail.
    pub fn sends_mail(&self) -> bool {
        self.mailer.is_some()
    }

    fn link(&self, page: &str, token: &LinkToken) -> Link {
        Link::new(&self.public_url, page, token)
    }
}
