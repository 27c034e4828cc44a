//! Signing in and out, and who a session is.

use domain::{
    access::{PlatformRole, Principal},
    secret::Secret,
};
use schemas::Timestamp;
use serde_json::json;
use store::accounts::{
    operators::{self, Credentials},
    sessions::{self, Bounds, OpenedBy},
};

use crate::{
    Accounts, AccountsError, PendingToken, Session, SessionToken, Visit,
    journal::{Deed, note},
    opening::{self, by_password},
    password, session,
};

/// What came of a try.
#[derive(Debug)]
pub enum SignIn {
    /// Here is the session.
    Done(SessionToken),
    /// The password was right; now the second factor.
    SecondFactor(PendingToken),
    /// Wrong, unknown or disabled: nobody learns which.
    Refused,
    /// Too many tries; the next one is looked at then.
    Throttled {
        /// When.
        until: Timestamp,
    },
}

/// How somebody can prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// A password is chosen.
    pub has_password: bool,
    /// The provider of identities knows them.
    pub is_linked: bool,
}

/// Someone who is signed in.
#[derive(Clone, Debug)]
pub struct Signed {
    /// What they may do.
    pub principal: Principal,
    /// As they call themselves.
    pub name: String,
    /// In lower case.
    pub email: String,
    /// The session's name in lists; opens nothing.
    pub session: String,
    /// By what it was opened.
    pub opened_by: OpenedBy,
    /// How many factors were shown.
    pub aal: u8,
    /// Whether they proved a moment ago who they are.
    pub is_fresh: bool,
    /// Whether a second factor is set up.
    pub has_second_factor: bool,
    /// How they can prove who they are.
    pub ways: Ways,
    /// When the session ends, however much it is used.
    pub expires_at: Timestamp,
}

impl Signed {
    /// Whether they run the installation.
    pub fn is_administrator(&self) -> bool {
        self.principal.platform == Some(PlatformRole::Administrator)
    }
}

impl Accounts {
    /// Tries a password. The answer and the work are the same whether there is such an account or not.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let place = self.hasher.place_of(visit)?;
        let email = normal(email);
        let tries = self.tries_of(&email, visit);
        if let Err(until) = self.admit(&tries, visit.now).await? {
            return Ok(SignIn::Throttled { until });
        }
        let found = operators::by_email(&self.platform, &email).await?;
        let phc = found.as_ref().and_then(|it| it.password.as_deref());
        let is_right = self.hasher.verify(place, password, phc).await?;
        let Some(found) = found.filter(|_| is_right) else {
            tracing::info!(ip = visit.ip(), "a sign-in was refused");
            return Ok(SignIn::Refused);
        };
        let done = self.enter(&found, password, visit).await?;
        if !matches!(done, SignIn::Refused) {
            self.forget(&tries).await?;
        }
        Ok(done)
    }

    /// Opens what the right password opens, if it still is the right one: a reset that came while it
    /// was verified has ended all sessions, and this would be one more.
    async fn enter(
        &self,
        verified: &Credentials,
        password: &Secret,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let old = verified.password.as_deref().filter(|it| password::is_outdated(it));
        let anew = match old {
            Some(old) => {
                let place = self.hasher.place_of_known()?;
                Some((old, self.hasher.hash(place, password).await?))
            }
            None => None,
        };
        let mut tx = self.platform.accounts().await?;
        let found = operators::lock(&mut tx, &verified.id).await?;
        let found = found.filter(|it| it.password == verified.password);
        let Some(found) = found else { return Ok(SignIn::Refused) };
        if found.is_disabled {
            note(&mut tx, visit, deed(&found, "sign-in.refused", "disabled")).await?;
            tx.commit().await?;
            return Ok(SignIn::Refused);
        }
        if let Some((old, new)) = &anew {
            operators::rehash(&mut tx, &found.id, (old, new)).await?;
        }
        let done = if found.totp.is_some() {
            let half = opening::pending(&mut tx, &found.id, OpenedBy::Password, visit).await?;
            SignIn::SecondFactor(half)
        } else {
            note(&mut tx, visit, deed(&found, "sign-in.done", "password")).await?;
            SignIn::Done(opening::open(&mut tx, by_password(&found.id, visit), visit).await?)
        };
        tx.commit().await?;
        Ok(done)
    }

    /// Who the session is, in one round trip; nobody, if it has ended. Asked once for each request.
    pub async fn principal(
        &self,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Option<Signed>, AccountsError> {
        self.find(token, session::bounds(now)).await
    }

    /// The same, without noting that they were seen: for what a page does by itself, while nobody may
    /// sit before it.
    pub async fn still_signed(
        &self,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Option<Signed>, AccountsError> {
        let bounds = session::bounds(now);
        self.find(token, Bounds { touch_before: bounds.idle_since, ..bounds }).await
    }

    async fn find(
        &self,
        token: &SessionToken,
        bounds: Bounds,
    ) -> Result<Option<Signed>, AccountsError> {
        let now = bounds.now;
        let found = sessions::find(&self.platform, &token.hash(), bounds).await?;
        Ok(found.map(|it| Signed {
            principal: Principal {
                operator: it.operator,
                via: "portal",
                platform: it.platform,
                tenants: it.tenants,
            },
            name: it.name,
            email: it.email,
            session: it.id,
            aal: u8::try_from(it.aal).unwrap_or(1),
            is_fresh: now < it.fresh_until,
            has_second_factor: it.has_totp,
            ways: Ways { has_password: it.has_password, is_linked: it.is_linked },
            opened_by: it.opened_by,
            expires_at: it.expires_at,
        }))
    }

    /// Ends the session. Ended twice, it has ended.
    pub async fn sign_out(&self, token: &SessionToken, visit: &Visit) -> Result<(), AccountsError> {
        let mut tx = self.platform.accounts().await?;
        if let Some(who) = sessions::close(&mut tx, &token.hash(), visit.now).await? {
            let (action, detail) = ("sign-out", json!({}));
            note(&mut tx, visit, Deed { who: Some(&who), tenant: None, action, detail }).await?;
        }
        Ok(tx.commit().await?)
    }

    /// The sessions of whoever this is, the last used first.
    pub async fn sessions(
        &self,
        signed: &Signed,
        now: Timestamp,
    ) -> Result<Vec<Session>, AccountsError> {
        let of = &signed.principal.operator;
        Ok(sessions::list(&self.platform, of, session::bounds(now)).await?)
    }

    /// Ends one of their own sessions, by its name in the list.
    pub async fn end_session(
        &self,
        signed: &Signed,
        id: &str,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let who = &signed.principal.operator;
        let mut tx = self.platform.accounts().await?;
        if sessions::close_one(&mut tx, who, id, visit.now).await? {
            let (action, detail) = ("session.ended", json!({ "session": id }));
            note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends all their sessions but this one, and says how many there were.
    pub async fn end_other_sessions(
        &self,
        signed: &Signed,
        visit: &Visit,
    ) -> Result<u64, AccountsError> {
        let who = &signed.principal.operator;
        let mut tx = self.platform.accounts().await?;
        let ended = sessions::close_all(&mut tx, who, Some(&signed.session), visit.now).await?;
        let (action, detail) = ("session.others-ended", json!({ "ended": ended }));
        note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// The one who is signed in, or that nobody is.
    pub(crate) async fn signed(
        &self,
        token: &SessionToken,
        now: Timestamp,
    ) -> Result<Signed, AccountsError> {
        self.principal(token, now).await?.ok_or(AccountsError::SessionEnded)
    }
}

/// As accounts are named, if it is an address; else something that is nobody's name.
fn normal(email: &str) -> String {
    match crate::Email::parse(email) {
        Ok(email) => email.to_string(),
        Err(_) => email.chars().take(254).collect::<String>().to_lowercase(),
    }
}

fn deed<'a>(who: &'a Credentials, action: &'static str, how: &str) -> Deed<'a> {
    Deed { who: Some(&who.id), tenant: None, action, detail: json!({ "how": how }) }
}
