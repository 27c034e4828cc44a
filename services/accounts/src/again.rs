//! Proving again who is signed in, before something that whoever finds an open browser should not do:
//! with every factor that they have, or a password alone would replace the second one.

use domain::secret::Secret;
use store::accounts::operators;

use crate::{
    Accounts, AccountsError, SessionToken, SignIn, Signed, Visit, opening, second_factor::Proof,
};

impl Accounts {
    /// Asks for the password again, and of whoever has a second factor for a code of the app or on paper.
    /// Gives a new session for the old one, which ends.
    pub async fn freshen(
        &self,
        token: &SessionToken,
        password: &Secret,
        code: &str,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let signed = self.signed(token, visit.now).await?;
        if let Some(refusal) = self.typed_again(&signed, password, visit).await? {
            return Ok(refusal);
        }
        if signed.has_second_factor {
            return self.code_again(token, signed, code, visit).await;
        }
        let mut tx = self.platform.accounts().await?;
        let renewed = opening::renew(&mut tx, token, &signed, visit).await?;
        tx.commit().await?;
        Ok(SignIn::Done(renewed))
    }

    /// The second half of it.
    async fn code_again(
        &self,
        token: &SessionToken,
        signed: Signed,
        code: &str,
        visit: &Visit,
    ) -> Result<SignIn, AccountsError> {
        let who = signed.principal.operator.clone();
        let tries = self.tries_of_factor(&who);
        if let Err(until) = self.admit(&tries, visit.now).await? {
            return Ok(SignIn::Throttled { until });
        }
        let mut tx = self.platform.accounts().await?;
        if self.shown(&mut tx, &who, Proof::typed(code), visit.now).await?.is_none() {
            return Ok(SignIn::Refused);
        }
        let signed = Signed { aal: 2, ..signed };
        let renewed = opening::renew(&mut tx, token, &signed, visit).await?;
        tx.commit().await?;
        self.forget(&tries).await?;
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
