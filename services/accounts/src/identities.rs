//! Signing in by the word of a provider of identities.
//!
//! Whoever has an account is known by issuer and subject once the two are linked. The first time, an
//! e-mail that the provider has checked links them; never again afterwards, so that an address that is
//! given to somebody else opens nothing. Nobody gets an account here but by an invitation.

use std::time::Duration;

use domain::{
    access::{Denied, Permission, Principal},
    identity::Identity,
};
use schemas::{OperatorId, Timestamp};
use serde_json::json;
use store::{
    Purpose,
    accounts::{
        identities::{self, Named},
        operators::{self, Credentials, NewOperator},
        sessions::{self, OpenedBy},
    },
};

use crate::{
    Accounts, AccountsError, Email, LinkToken, PendingToken, SessionToken, Visit, invites,
    journal::{Deed, note},
    opening::{self, Opening},
    set_up, token,
};

/// So far the provider's clock may be behind ours.
const SKEW_MAX: Duration = Duration::from_mins(1);

/// Who asks for the second factor of those who come from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// We do, as after a password.
    Own,
    /// The provider did: whoever runs the installation says so.
    Provider,
}

/// What came of it.
#[derive(Debug)]
pub enum Welcome {
    /// Here is the session.
    Done(SessionToken),
    /// Now the second factor.
    SecondFactor(PendingToken),
    /// They are new here, and the provider has not checked their e-mail.
    Unchecked,
    /// They have no account, or none that this opens; nobody learns which.
    Stranger,
}

impl Accounts {
    /// Lets somebody in by the word of the provider.
    pub async fn sign_in_as(
        &self,
        who: &Identity,
        factor: SecondFactor,
        visit: &Visit,
    ) -> Result<Welcome, AccountsError> {
        let found = match identities::find(&self.platform, named(who)).await? {
            Some(id) => operators::by_id(&self.platform, &id).await?,
            None => match self.introduce(who, visit).await? {
                Ok(found) => Some(found),
                Err(refused) => return Ok(refused),
            },
        };
        let Some(found) = found else { return Ok(Welcome::Stranger) };
        let mut tx = self.platform.accounts().await?;
        let locked = operators::lock(&mut tx, &found.id).await?.filter(|it| !it.is_disabled);
        let Some(found) = locked else {
            drop(tx);
            self.refuse(who, ("disabled", Some(&found.id)), visit).await?;
            return Ok(Welcome::Stranger);
        };
        let done = if factor == SecondFactor::Own && found.totp.is_some() {
            let half = opening::pending(&mut tx, &found.id, OpenedBy::Provider, visit).await?;
            Welcome::SecondFactor(half)
        } else {
            let (action, detail) = ("sign-in.done", json!({ "how": "provider" }));
            let deed = Deed { who: Some(&found.id), tenant: None, action, detail };
            note(&mut tx, visit, deed).await?;
            Welcome::Done(opening::open(&mut tx, by(&found.id, who, factor, visit), visit).await?)
        };
        tx.commit().await?;
        Ok(done)
    }

    /// Links whoever comes the first time to the account that has their e-mail.
    async fn introduce(
        &self,
        who: &Identity,
        visit: &Visit,
    ) -> Result<Result<Credentials, Welcome>, AccountsError> {
        let Some(email) = who.email.as_deref().and_then(|it| Email::parse(it).ok()) else {
            self.refuse(who, ("e-mail not checked", None), visit).await?;
            return Ok(Err(Welcome::Unchecked));
        };
        let found = operators::by_email(&self.platform, email.as_str()).await?;
        let Some(found) = found else {
            self.refuse(who, ("no account", None), visit).await?;
            return Ok(Err(Welcome::Stranger));
        };
        if found.is_disabled {
            self.refuse(who, ("disabled", Some(&found.id)), visit).await?;
            return Ok(Err(Welcome::Stranger));
        }
        let mut tx = self.platform.accounts().await?;
        if !identities::link(&mut tx, named(who), &found.id, visit.now).await? {
            drop(tx);
            self.refuse(who, ("linked to somebody else", Some(&found.id)), visit).await?;
            return Ok(Err(Welcome::Stranger));
        }
        let (action, detail) = ("identity.linked", json!({ "issuer": who.issuer }));
        note(&mut tx, visit, Deed { who: Some(&found.id), tenant: None, action, detail }).await?;
        tx.commit().await?;
        Ok(Ok(found))
    }

    /// Writes down who was not let in, so that an administrator can see whom to invite.
    async fn refuse(
        &self,
        who: &Identity,
        (why, account): (&str, Option<&OperatorId>),
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let email = who.email.as_deref().and_then(|it| Email::parse(it).ok());
        let email = email.as_ref().map(Email::as_str);
        let detail = json!({ "how": "provider", "why": why, "email": email });
        let action = "sign-in.refused";
        let mut tx = self.platform.accounts().await?;
        note(&mut tx, visit, Deed { who: account, tenant: None, action, detail }).await?;
        Ok(tx.commit().await?)
    }

    /// Proves again who is signed in, by the word of the provider, which asked them after `asked_at`; a
    /// second factor of our own is still to come, as after signing in. Gives a new session for the old
    /// one, which ends.
    pub async fn freshen_as(
        &self,
        session: &SessionToken,
        (who, factor): (&Identity, SecondFactor),
        asked_at: Timestamp,
        visit: &Visit,
    ) -> Result<Welcome, AccountsError> {
        let signed = self.signed(session, visit.now).await?;
        let found = identities::find(&self.platform, named(who)).await?;
        if found.as_ref() != Some(&signed.principal.operator) {
            return Err(AccountsError::Wrong);
        }
        // A provider that let them pass without asking proves nothing of this moment.
        if who.proved_at.is_none_or(|at| at < asked_at.minus(SKEW_MAX)) {
            return Err(AccountsError::Stale);
        }
        let mut tx = self.platform.accounts().await?;
        let done = if factor == SecondFactor::Own && signed.has_second_factor {
            let who = &signed.principal.operator;
            operators::lock(&mut tx, who).await?;
            let half = opening::pending(&mut tx, who, OpenedBy::Provider, visit).await?;
            Welcome::SecondFactor(half)
        } else {
            Welcome::Done(opening::renew(&mut tx, session, &signed, visit).await?)
        };
        tx.commit().await?;
        Ok(done)
    }

    /// Makes the account that the link invites to for whoever the provider says has its e-mail. It has
    /// no password.
    pub async fn accept_invite_as(
        &self,
        link: &LinkToken,
        who: &Identity,
        factor: SecondFactor,
        visit: &Visit,
    ) -> Result<SessionToken, AccountsError> {
        let found = self.invitation(link, visit.now).await?.ok_or(AccountsError::Link)?;
        if found.has_account {
            return Err(AccountsError::EmailTaken);
        }
        let email = who.email.as_deref().and_then(|it| Email::parse(it).ok());
        if email.is_none_or(|it| it.as_str() != found.email) {
            return Err(AccountsError::Wrong);
        }
        let id = token::draw_operator('o')?;
        let name = set_up::name(who.name.as_deref().unwrap_or_default());
        let mut tx = self.platform.begin(Purpose::Members, id.as_str()).await?;
        let new = NewOperator {
            id: &id,
            email: &found.email,
            name: if name.is_empty() { &found.email } else { &name },
            password: None,
            platform: None,
        };
        let is_new = operators::insert(&mut tx, &new, visit.now).await?;
        if !is_new || !identities::link(&mut tx, named(who), &id, visit.now).await? {
            return Err(AccountsError::EmailTaken);
        }
        invites::take(&mut tx, link, &found, &id, visit).await?;
        let session = opening::open(&mut tx, by(&id, who, factor, visit), visit).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Forgets who an operator is at the provider. Their sessions end; the next time, their e-mail
    /// links them anew.
    pub async fn unlink(
        &self,
        by: &Principal,
        who: &OperatorId,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        by.require_platform(Permission::OperatorsManage)?;
        let mut tx = self.platform.accounts().await?;
        if !identities::unlink(&mut tx, who).await? {
            return Err(Denied::NotFound.into());
        }
        sessions::close_all(&mut tx, who, None, visit.now).await?;
        let (action, detail) = ("identity.unlinked", json!({ "operator": who }));
        note(&mut tx, visit, Deed { who: Some(&by.operator), tenant: None, action, detail })
            .await?;
        Ok(tx.commit().await?)
    }
}

fn named(who: &Identity) -> Named<'_> {
    Named { issuer: &who.issuer, subject: &who.subject }
}

/// A session by the provider's word is as fresh as their proof is. Where it does not say when that
/// was, they prove it again before anything that matters.
fn by<'a>(
    operator: &'a OperatorId,
    who: &Identity,
    factor: SecondFactor,
    visit: &Visit,
) -> Opening<'a> {
    let aal = match factor {
        SecondFactor::Own => 1,
        SecondFactor::Provider => 2,
    };
    let proved_at = who.proved_at.map_or(Timestamp::from_millis(0), |at| at.min(visit.now));
    Opening { operator, by: OpenedBy::Provider, aal, proved_at }
}
