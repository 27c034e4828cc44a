//! Other passwords: chosen by whoever knows the present one, or through a link by mail.

use std::time::Duration;

use domain::secret::Secret;
use schemas::{OperatorId, Timestamp};
use serde_json::json;
use store::{
    PlatformTx,
    accounts::{
        operators, sessions,
        tokens::{self, NewToken, Use},
    },
};

use crate::{
    Accounts, AccountsError, Email, LinkToken, SessionToken, SignIn, Signed, Visit,
    journal::{Deed, note},
    mail::{Letter, Link},
    opening, password,
};

/// How long a link to choose another password works.
const LINK_KEPT: Duration = Duration::from_mins(30);

impl Accounts {
    /// Another password for whoever this is, who types the present one. The session is a new one, and
    /// all others end.
    pub async fn change_password(
        &self,
        session: &SessionToken,
        present: &Secret,
        other: &Secret,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let signed = self.signed(session, visit.now).await?;
        let own = [signed.email.as_str(), &signed.name];
        password::check(other, signed.has_second_factor, &own)?;
        if let Some(refusal) = self.typed_again(&signed, present, visit).await? {
            return Ok(refusal);
        }
        let phc = self.hasher.hash(self.hasher.place_of_known()?, other).await?;
        let who = &signed.principal.operator;
        let mut tx = self.platform.accounts().await?;
        let renewed = opening::renew(&mut tx, session, &signed, visit).await?;
        replace(&mut tx, who, &phc, visit.now).await?;
        let but = sessions::id_of(&mut tx, &renewed.hash()).await?;
        sessions::close_all(&mut tx, who, but.as_deref(), visit.now).await?;
        let (action, detail) = ("password.changed", json!({}));
        note(&mut tx, visit, Deed { who: Some(who), tenant: None, action, detail }).await?;
        tx.commit().await?;
        self.tell_of_change(&signed.email);
        Ok(SignIn::Done(renewed))
    }

    /// Whether the link works. A page that shows its form uses nothing up.
    pub async fn is_reset_link(
        &self,
        link: &LinkToken,
        now: Timestamp,
    ) -> Result<bool, AccountsError> {
        Ok(tokens::peek(&self.platform, Use::Reset, &link.hash(), now).await?.is_some())
    }

    /// Chooses another password through a link. It signs nobody in and asks for the second factor at
    /// the next sign-in; all sessions end.
    pub async fn reset_password(
        &self,
        link: &LinkToken,
        other: &Secret,
        visit: &Visit,
    ) -> Result<(), AccountsError> {
        let found = tokens::peek(&self.platform, Use::Reset, &link.hash(), visit.now).await?;
        let who = found.and_then(|it| it.operator).ok_or(AccountsError::Link)?;
        let found = operators::by_id(&self.platform, &who).await?;
        let found = found.filter(|it| !it.is_disabled).ok_or(AccountsError::Link)?;
        password::check(other, found.totp.is_some(), &[&found.email, &found.name])?;
        let phc = self.hasher.hash(self.hasher.place_of(visit)?, other).await?;
        let mut tx = self.platform.accounts().await?;
        let taken = tokens::take(&mut tx, Use::Reset, &link.hash(), visit.now).await?;
        taken.ok_or(AccountsError::Link)?;
        replace(&mut tx, &who, &phc, visit.now).await?;
        sessions::close_all(&mut tx, &who, None, visit.now).await?;
        let (action, detail) = ("password.reset", json!({}));
        note(&mut tx, visit, Deed { who: Some(&who), tenant: None, action, detail }).await?;
        tx.commit().await?;
        self.forget(&self.tries_of(&found.email, visit)).await?;
        self.tell_of_change(&found.email);
        Ok(())
    }

    pub(crate) async fn make_reset(
        &self,
        tx: &mut PlatformTx,
        who: &OperatorId,
        by: Option<&OperatorId>,
        now: Timestamp,
    ) -> Result<Link, AccountsError> {
        let made = LinkToken::draw();
        let new = NewToken {
            hash: &made.hash(),
            purpose: Use::Reset,
            operator: Some(who),
            email: None,
            grant: None,
            by,
            opened_by: None,
            now,
            expires_at: now.plus(LINK_KEPT),
        };
        tokens::put(tx, &new).await?;
        Ok(self.link("reset", &made))
    }

    /// Whoever did not do it themselves should know.
    fn tell_of_change(&self, email: &str) {
        let (Some(mailer), Ok(email)) = (self.mailer.clone(), Email::parse(email)) else { return };
        tokio::spawn(async move {
            let text = "The password of your Konstruct account was changed.\n\nIf that was not \
                        you, tell an administrator at once.\n"
                .to_owned();
            let subject = "Your password was changed";
            if let Err(error) = mailer.send(Letter { to: &email, subject, text }).await {
                tracing::warn!(%error, "word of a changed password was not sent");
            }
        });
    }

    /// Judges a password for whoever this is, for a meter: from 0 to 4.
    pub fn password_score(&self, signed: &Signed, text: &Secret) -> u8 {
        password::score(text, &[&signed.email, &signed.name])
    }
}

/// Sets it, and voids every link and half sign-in that came before.
async fn replace(
    tx: &mut PlatformTx,
    who: &OperatorId,
    phc: &str,
    now: Timestamp,
) -> Result<(), AccountsError> {
    operators::set_password(tx, who, Some(phc)).await?;
    Ok(tokens::void_all(tx, who, None, now).await?)
}

pub(crate) fn letter<'a>(to: &'a Email, link: &Link) -> Letter<'a> {
    let text = format!(
        "Choose another password for your Konstruct account here, within 30 minutes:\n\n{}\n\nIf \
         you did not ask for this, do nothing.\n",
        link.expose()
    );
    Letter { to, subject: "Choose another password", text }
}
