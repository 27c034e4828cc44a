//! What a browser is sent to the provider of identities for. It carries that itself, sealed, so that
//! whoever only looks at the sign-in page leaves nothing behind; that it came back is kept.

use std::time::Duration;

use domain::secret::Secret;
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use store::accounts::identities;

use crate::{Accounts, AccountsError, LinkToken, LocalPath, token};

/// So long somebody may be at the provider.
pub const ERRAND_MAX: Duration = Duration::from_mins(10);

/// A longer way back does not fit a cookie beside the rest.
const NEXT_BYTES_MAX: usize = 1_000;

/// What an errand is sealed as: it opens for nothing else.
const NAME: &str = "errand to the provider of identities";

/// Why they go there.
#[derive(Clone, Debug)]
pub enum Reason {
    /// To sign in.
    SignIn,
    /// To prove again who they are.
    Confirm,
    /// To make the account that a link invites to.
    Invite(LinkToken),
}

/// One way there and back.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Why.
    pub reason: Reason,
    /// Where to go on afterwards.
    pub next: LocalPath,
    /// Comes back with the browser.
    pub state: Secret,
    /// Comes back in the provider's word.
    pub nonce: Secret,
    /// Proves that the code is ours.
    pub verifier: Secret,
    /// When it began.
    pub began_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
enum Written {
    SignIn,
    Confirm,
    Invite(String),
}

/// As it is sealed.
#[derive(Serialize, Deserialize)]
struct Carried {
    reason: Written,
    next: String,
    state: String,
    nonce: String,
    verifier: String,
    began_at: i64,
}

impl Accounts {
    /// An errand as a browser carries it. It can neither read nor change it.
    pub fn seal_errand(&self, errand: &Errand) -> Result<Secret, AccountsError> {
        let next = Some(errand.next.as_str()).filter(|next| next.len() <= NEXT_BYTES_MAX);
        let carried = Carried {
            reason: match &errand.reason {
                Reason::SignIn => Written::SignIn,
                Reason::Confirm => Written::Confirm,
                Reason::Invite(link) => Written::Invite(link.expose().to_owned()),
            },
            next: next.unwrap_or("/").to_owned(),
            state: errand.state.expose().to_owned(),
            nonce: errand.nonce.expose().to_owned(),
            verifier: errand.verifier.expose().to_owned(),
            began_at: errand.began_at.as_millis(),
        };
        let text = serde_json::to_string(&carried).map_err(|_| AccountsError::Link)?;
        Ok(Secret::from(self.masters.seal_own(NAME, &Secret::from(text))))
    }

    /// The errand that a browser comes back from, once, with the `state` it went with.
    pub async fn take_errand(
        &self,
        sealed: &str,
        state: &str,
        now: Timestamp,
    ) -> Result<Errand, AccountsError> {
        let text = self.masters.open_own(NAME, sealed).map_err(|_| AccountsError::Link)?;
        let carried = serde_json::from_str(text.expose()).map_err(|_| AccountsError::Link)?;
        let errand = Errand::of(carried);
        let ends_at = errand.began_at.plus(ERRAND_MAX);
        if ends_at <= now || errand.state != Secret::from(state.to_owned()) {
            return Err(AccountsError::Link);
        }
        let hash = token::hash(errand.state.expose());
        if !identities::returned(&self.platform, &hash, ends_at).await? {
            return Err(AccountsError::Link);
        }
        Ok(errand)
    }
}

impl Errand {
    fn of(carried: Carried) -> Self {
        Self {
            reason: match carried.reason {
                Written::SignIn => Reason::SignIn,
                Written::Confirm => Reason::Confirm,
                Written::Invite(link) => Reason::Invite(LinkToken::from(link)),
            },
            next: LocalPath::parse(&carried.next),
            state: Secret::from(carried.state),
            nonce: Secret::from(carried.nonce),
            verifier: Secret::from(carried.verifier),
            began_at: Timestamp::from_millis(carried.began_at),
        }
    }
}
