//! The first administrator: made through a link that only whoever runs the server can have.

use std::time::Duration;

use domain::{access::PlatformRole, secret::Secret};
use schemas::Timestamp;
use serde_json::json;
use store::accounts::{
    operators::{self, NewOperator},
    tokens::{self, NewToken, Use},
};

use crate::{
    Accounts, AccountsError, Email, LinkToken, SessionToken, Visit,
    journal::{Deed, note},
    mail::Link,
    opening::{self, by_password},
    password, token,
};

/// How long the link works.
const LINK_KEPT: Duration = Duration::from_hours(24);
/// As much as a line of a page takes.
const NAME_CHARS_MAX: usize = 100;

/// What the first administrator says of themselves.
pub struct NewAdministrator<'a> {
    /// As they typed it.
    pub email: &'a str,
    /// As they call themselves.
    pub name: &'a str,
    /// The password.
    pub password: &'a Secret,
}

impl Accounts {
    /// Whether nobody has an account yet.
    pub async fn is_new(&self) -> Result<bool, AccountsError> {
        Ok(!operators::any(&self.platform).await?)
    }

    /// A link that makes an administrator, for 24 hours and once. Refused if there is one.
    pub async fn set_up_link(&self, now: Timestamp) -> Result<Link, AccountsError> {
        let mut tx = self.platform.accounts().await?;
        if !operators::administrators(&mut tx).await?.is_empty() {
            return Err(AccountsError::IsSetUp);
        }
        let made = LinkToken::draw();
        let new = NewToken {
            hash: &made.hash(),
            purpose: Use::SetUp,
            operator: None,
            email: None,
            grant: None,
            by: None,
            opened_by: None,
            now,
            expires_at: now.plus(LINK_KEPT),
        };
        tokens::put(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(self.link("set-up", &made))
    }

    /// Whether the link works. A page that shows its form uses nothing up.
    pub async fn is_set_up_link(
        &self,
        link: &LinkToken,
        now: Timestamp,
    ) -> Result<bool, AccountsError> {
        let found = tokens::peek(&self.platform, Use::SetUp, &link.hash(), now).await?;
        Ok(found.is_some())
    }

    /// Makes the first administrator, who is then signed in.
    pub async fn set_up(
        &self,
        link: &LinkToken,
        new: &NewAdministrator<'_>,
        visit: &Visit,
    ) -> Result<SessionToken, AccountsError> {
        let email = Email::parse(new.email)?;
        if !self.is_set_up_link(link, visit.now).await? {
            return Err(AccountsError::Link);
        }
        password::check(new.password, false, &[email.as_str(), new.name])?;
        let phc = self.hasher.hash(self.hasher.place_of(visit)?, new.password).await?;
        let mut tx = self.platform.accounts().await?;
        let taken = tokens::take(&mut tx, Use::SetUp, &link.hash(), visit.now).await?;
        taken.ok_or(AccountsError::Link)?;
        if !operators::administrators(&mut tx).await?.is_empty() {
            return Err(AccountsError::IsSetUp);
        }
        let id = token::draw_operator('o')?;
        let made = NewOperator {
            id: &id,
            email: email.as_str(),
            name: &name(new.name),
            password: Some(&phc),
            platform: Some(PlatformRole::Administrator),
        };
        if !operators::insert(&mut tx, &made, visit.now).await? {
            return Err(AccountsError::EmailTaken);
        }
        let (action, detail) = ("operator.set-up", json!({ "email": email.as_str() }));
        note(&mut tx, visit, Deed { who: Some(&id), tenant: None, action, detail }).await?;
        let session = opening::open(&mut tx, by_password(&id, visit), visit).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// Another name for whoever this is.
    pub async fn rename(
        &self,
        signed: &crate::Signed,
        to: &str,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let who = &signed.principal.operator;
        let mut tx = self.platform.accounts().await?;
        operators::rename(&mut tx, who, &name(to)).await?;
        let (action, detail) = ("operator.renamed", json!({}));
        note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        Ok(tx.commit().await?)
    }
}

/// A name as it fits a line.
pub(crate) fn name(text: &str) -> String {
    let clean = text.trim().chars().filter(|it| !it.is_control());
    clean.take(NAME_CHARS_MAX).collect()
}
