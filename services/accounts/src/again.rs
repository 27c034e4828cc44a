//! Proving again who is signed in, before something that whoever finds an open browser should not do.

use domain::secret::Secret;
use store::accounts::operators;

use crate::{Accounts, AccountsError, SessionToken, SignIn, Signed, Visit, opening};

impl Accounts {
    /// Asks for the password again, and gives a new session for the old one, which ends.
    pub async fn freshen(
        &self,
        token: &SessionToken,
        password: &Secret,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let signed = self.signed(token, visit.now).await?;
        if let Some(refusal) = self.typed_again(&signed, password, visit).await? {
            return Ok(refusal);
        }
        let mut tx = self.platform.accounts().await?;
        let renewed = opening::renew(&mut tx, token, &signed, visit).await?;
        tx.commit().await?;
        Ok(SignIn::Done(renewed))
    }

    /// Checks the password of someone who is signed in; nothing, if it is right.
    pub(crate) async fn typed_again(
        &self,
        signed: &Signed,
        password: &Secret,
        visit: &Visit,
    ) -> Result<Option<SignIn>, AccountsError> {
        let tries = self.tries_again(signed);
        if let Err(until) = self.admit(&tries, visit.now).await? {
            return Ok(Some(SignIn::Throttled { until }));
        }
        let found = operators::by_id(&self.platform, &signed.principal.operator).await?;
        let phc = found.and_then(|it| it.password);
        let place = self.hasher.place_of_known()?;
        if !self.hasher.verify(place, password, phc.as_deref()).await? {
            return Ok(Some(SignIn::Refused));
        }
        self.forget(&tries).await?;
        Ok(None)
    }
}
